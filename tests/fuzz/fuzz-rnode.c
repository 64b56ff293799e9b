/* Any bytes through the rnode driver: in one piece and byte by byte they must come to the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/codec/kiss.h"
#include "drivers/codec/rnode.h"
#include "drivers/codec/stranger.h"
#include "tests/support/driver_services.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

struct run {
	struct record record;
	struct driver_under_test *rnode;
};

static void input(struct run *run, const char *bytes, size_t size)
{
	run->rnode->modem->input(run->rnode->state, (const uint8_t *)bytes, size);
}

static void ring(struct run *run)
{
	if (!run->record.alarm_us)
		return;
	run->record.now_us = run->record.alarm_us;
	run->rnode->modem->alarm(run->rnode->state);
}

/* A board that has been brought up, with a datagram in it. */
static void bring_up(struct run *run)
{
	static const char identity[] = "\xc0\x08\x46\xc0\xc0\x50\x01\x56\xc0\xc0\x48\x80\xc0\xc0\x49\x81\xc0";
	static const char echoes[] =
	    "\xc0\x01\x33\xbf\xae\x40\xc0\xc0\x02\x00\x01\xe8\x48\xc0\xc0\x03\x0e\xc0\xc0\x04\x09\xc0"
	    "\xc0\x05\x05\xc0\xc0\x0b\x00\x00\xc0\xc0\x0c\x00\x00\xc0\xc0\x06\x00\xc0\xc0\x06\x01\xc0";
	static const char channel[] = "\xc0\x25\x00\x7b\x00\x2d\x04\xd2\x02\x37\x35\x2f\xff\xc0";
	ring(run);
	input(run, identity, sizeof(identity) - 1);
	input(run, echoes, sizeof(echoes) - 1);
	input(run, channel, sizeof(channel) - 1);
	if (run->rnode->modem->send(run->rnode->state, &(struct datagram){.bytes = (const uint8_t *)"x", .size = 1}) !=
	    0)
		abort();
	input(run, "\xc0\x0f\x01\xc0", 4);
}

static void run_new(struct run *run, bool up)
{
	static const struct driver_setting settings[] = {{"frequency_mhz", "868.2"}, {NULL, NULL}};
	memset(&run->record, 0, sizeof(run->record));
	run->rnode = modem_under_test("rnode", &run->record, settings);
	run->rnode->modem->opened(run->rnode->state);
	if (up)
		bring_up(run);
}

static void finish(struct run *run)
{
	for (int i = 0; i < 20; i++)
		ring(run);
	driver_under_test_free(run->rnode);
}

static void try_stream(bool up, const uint8_t *bytes, size_t size)
{
	static struct run whole, single;
	run_new(&whole, up);
	run_new(&single, up);
	whole.rnode->modem->input(whole.rnode->state, bytes, size);
	for (size_t i = 0; i < size; i++)
		single.rnode->modem->input(single.rnode->state, bytes + i, 1);
	if (!record_agrees(&whole.record, &single.record))
		abort();
	finish(&whole);
	finish(&single);
}

/* What is written is read again as it was. */
static void try_encoding(const uint8_t *bytes, size_t size)
{
	static struct rnode_decoder decoder;
	uint8_t out[2 * RNODE_BODY_MAX + 4];
	if (size < 1 || size > RNODE_BODY_MAX)
		return;
	size_t written = kiss_encode(bytes[0], NULL, 0, bytes + 1, size - 1, out, sizeof(out));
	const uint8_t *at = out;
	rnode_decoder_reset(&decoder);
	if (!written || rnode_decode(&decoder, &at, &written) != RNODE_FRAME || decoder.command != bytes[0] ||
	    decoder.body_size != size - 1 || memcmp(decoder.body, bytes + 1, size - 1) != 0)
		abort();
}

static void try_stranger(const uint8_t *bytes, size_t size)
{
	struct stranger whole = {0}, single = {0};
	stranger_look(&whole, bytes, size);
	for (size_t i = 0; i < size; i++)
		stranger_look(&single, bytes + i, 1);
	if (whole.name != single.name)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	try_stream(false, bytes, size);
	try_stream(true, bytes, size);
	try_encoding(bytes, size);
	try_stranger(bytes, size);
	return 0;
}
