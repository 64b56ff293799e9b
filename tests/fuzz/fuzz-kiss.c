/* Any bytes through the kiss modem and on into APRS: in one piece and byte by byte they must come to the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/codec/kiss.h"
#include "tests/support/driver_services.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct run {
	struct record record;
	struct driver_under_test *kiss;
};

static void run_new(struct run *run, const struct driver_setting *settings)
{
	memset(&run->record, 0, sizeof(run->record));
	run->kiss = modem_under_test("kiss", &run->record, settings);
	run->kiss->modem->opened(run->kiss->state);
	/* Something is under way, so that answers are looked at. */
	run->kiss->modem->send(run->kiss->state, &(struct datagram){.bytes = (const uint8_t *)"x", .size = 1});
}

static void compare(const struct record *a, const struct record *b)
{
	if (a->heard_count != b->heard_count || a->heard_size != b->heard_size || a->drop_count != b->drop_count ||
	    a->sent_count != b->sent_count || memcmp(a->heard, b->heard, a->heard_size) != 0)
		abort();
}

static void try_settings(const struct driver_setting *settings, const uint8_t *bytes, size_t size)
{
	static struct run whole, single;
	run_new(&whole, settings);
	run_new(&single, settings);
	whole.kiss->modem->input(whole.kiss->state, bytes, size);
	for (size_t i = 0; i < size; i++)
		single.kiss->modem->input(single.kiss->state, bytes + i, 1);
	compare(&whole.record, &single.record);
	driver_under_test_free(whole.kiss);
	driver_under_test_free(single.kiss);
}

/* What is written is read again as it was. */
static void try_encoding(const uint8_t *bytes, size_t size)
{
	static struct kiss_decoder decoder;
	uint8_t out[2 * KISS_FRAME_MAX + 2];
	if (size < KISS_FRAME_MIN || size > KISS_FRAME_MAX)
		return;
	size_t written = kiss_encode(bytes[0], NULL, 0, bytes + 1, size - 1, out, sizeof(out));
	const uint8_t *at = out;
	kiss_decoder_reset(&decoder);
	if (!written || kiss_decode(&decoder, &at, &written) != KISS_FRAME || decoder.frame_size != size ||
	    memcmp(decoder.frame, bytes, size) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	try_settings((const struct driver_setting[]){{"ackmode", "true"}, {"smack", "true"}, {NULL, NULL}}, bytes,
		     size);
	try_settings((const struct driver_setting[]){{"direwolf_txbuf", "true"}, {NULL, NULL}}, bytes, size);
	try_encoding(bytes, size);
	return 0;
}
