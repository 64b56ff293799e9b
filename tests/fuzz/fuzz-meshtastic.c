/* Any bytes through the Meshtastic modem and air: in one piece and byte by byte they must come to the same, and nothing reads too far. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/codec/meshtastic.h"
#include "drivers/codec/meshtastic_stream.h"
#include "tests/support/driver_services.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct run {
	struct record record, heard;
	struct driver_under_test *modem, *air;
};

/* What the modem heard goes to the air, as in the gateway. */
static void pass_on(void *owner, const struct datagram *datagram)
{
	struct run *run = owner;
	run->air->air->input(run->air->state, datagram);
	run->record.heard_count++;
}

static void ring(struct run *run)
{
	if (!run->record.alarm_us)
		return;
	run->record.now_us = run->record.alarm_us;
	run->modem->modem->alarm(run->modem->state);
}

/* The record is the first member, so that the services find it by the same pointer. */
static void run_new(struct run *run, bool sending)
{
	static const uint8_t text[] = {0x0a, 0x0e, 0x15, 0x20, 0x1d, 0x3c, 0x43, 0x22,
				       0x05, 0x08, 0x01, 0x12, 0x01, 'x',  0x50, 0x01};
	memset(run, 0, sizeof(*run));
	run->record.wall_ms = run->heard.wall_ms = INT64_C(1795470005) * 1000;
	run->modem = modem_under_test("meshtastic", &run->record, NULL);
	run->air = air_under_test("meshtastic", &run->heard, NULL);
	run->modem->services.heard_datagram = pass_on;
	run->modem->modem->opened(run->modem->state);
	ring(run);
	if (!sending)
		return;
	/* Up: the answer to the number that it asked with. */
	uint8_t complete[16] = {0x94, 0xc3, 0x00, 0x00, 0x38};
	const uint8_t *number = run->record.written + 32 + 5;
	size_t digits = run->record.written_size - 32 - 5;
	complete[3] = (uint8_t)(1 + digits);
	memcpy(complete + 5, number, digits);
	run->modem->modem->input(run->modem->state, complete, 5 + digits);
	if (run->modem->modem->send(run->modem->state, &(struct datagram){.bytes = text, .size = sizeof(text)}) != 0)
		abort();
}

static void finish(struct run *run)
{
	for (int i = 0; i < 20; i++)
		ring(run);
	run->modem->modem->opened(run->modem->state);
	driver_under_test_free(run->modem);
	driver_under_test_free(run->air);
}

static void compare(const struct run *a, const struct run *b)
{
	if (a->record.heard_count != b->record.heard_count || a->heard.message_count != b->heard.message_count ||
	    a->record.drop_count != b->record.drop_count || a->heard.drop_count != b->heard.drop_count ||
	    a->record.sent_count != b->record.sent_count || a->record.written_size != b->record.written_size ||
	    memcmp(a->record.written, b->record.written, a->record.written_size) != 0)
		abort();
}

static void try_stream(bool sending, const uint8_t *bytes, size_t size)
{
	static struct run whole, single;
	run_new(&whole, sending);
	run_new(&single, sending);
	whole.modem->modem->input(whole.modem->state, bytes, size);
	for (size_t i = 0; i < size; i++)
		single.modem->modem->input(single.modem->state, bytes + i, 1);
	compare(&whole, &single);
	finish(&whole);
	finish(&single);
	compare(&whole, &single);
}

/* The messages inside alone, past the stream. */
static void try_message(const uint8_t *bytes, size_t size)
{
	static struct run run;
	memset(&run, 0, sizeof(run));
	run.air = air_under_test("meshtastic", &run.heard, NULL);
	run.air->air->input(run.air->state, &(struct datagram){.bytes = bytes, .size = size});
	driver_under_test_free(run.air);
}

/* What is read as a message to the node is written as it was understood. */
static void try_writing(const uint8_t *bytes, size_t size)
{
	mt_ToRadio to, again;
	uint8_t packed[MESHTASTIC_PAYLOAD_MAX];
	if (!meshtastic_unpack(bytes, size, &to))
		return;
	size_t used = meshtastic_pack(&to, packed, sizeof(packed));
	uint8_t second[MESHTASTIC_PAYLOAD_MAX];
	if (!meshtastic_unpack(packed, used, &again) || meshtastic_pack(&again, second, sizeof(second)) != used ||
	    memcmp(packed, second, used) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	try_stream(false, bytes, size);
	try_stream(true, bytes, size);
	try_message(bytes, size);
	try_writing(bytes, size);
	return 0;
}
