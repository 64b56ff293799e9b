/* Any bytes through the MeshCore framing, driver and air protocol: in one piece and byte by byte they must come to the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/codec/meshcore.h"
#include "tests/support/driver_services.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct run {
	struct record record;
	struct driver_under_test *meshcore;
};

static void input(struct run *run, const char *bytes, size_t size)
{
	run->meshcore->modem->input(run->meshcore->state, (const uint8_t *)bytes, size);
}

static void ring(struct run *run)
{
	if (!run->record.alarm_us)
		return;
	run->record.now_us = run->record.alarm_us;
	run->record.alarm_us = 0;
	run->meshcore->modem->alarm(run->meshcore->state);
}

/* A node that has been set up, with a message in it. */
static void bring_up(struct run *run)
{
	static const uint8_t direct[MESHCORE_DIRECT_MAX] = {2};
	static uint8_t self[3 + 58] = {0x3e, 58, 0, 5};
	ring(run);
	input(run, "\x3e\x04\x00\x0d\x0d\xaf\x01", 7);
	input(run, (const char *)self, sizeof(self));
	input(run, "\x3e\x02\x00\x01\x02", 5);
	if (run->meshcore->modem->send(run->meshcore->state, &(struct datagram){.bytes = direct, .size = 60}) != 0)
		abort();
}

static void run_new(struct run *run, bool up)
{
	memset(&run->record, 0, sizeof(run->record));
	run->meshcore = modem_under_test("meshcore", &run->record, NULL);
	run->meshcore->modem->opened(run->meshcore->state);
	if (up)
		bring_up(run);
}

static void finish(struct run *run)
{
	for (int i = 0; i < 20; i++)
		ring(run);
	driver_under_test_free(run->meshcore);
}

static void try_stream(bool up, const uint8_t *bytes, size_t size)
{
	static struct run whole, single;
	run_new(&whole, up);
	run_new(&single, up);
	whole.meshcore->modem->input(whole.meshcore->state, bytes, size);
	for (size_t i = 0; i < size; i++)
		single.meshcore->modem->input(single.meshcore->state, bytes + i, 1);
	if (!record_agrees(&whole.record, &single.record))
		abort();
	finish(&whole);
	finish(&single);
}

/* The same bytes as the payload of a frame. */
static void try_payload(const uint8_t *bytes, size_t size)
{
	static struct record record;
	const struct datagram datagram = {.bytes = bytes, .size = size};
	memset(&record, 0, sizeof(record));
	struct driver_under_test *air = air_under_test("meshcore", &record, NULL);
	air->air->input(air->state, &datagram);
	if (record.message_count + record.drop_count > 1)
		abort();
	driver_under_test_free(air);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	try_stream(false, bytes, size);
	try_stream(true, bytes, size);
	if (size <= MESHCORE_PAYLOAD_MAX)
		try_payload(bytes, size);
	return 0;
}
