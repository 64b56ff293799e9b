/* KISS framing: every rule of the receiver, every way of cutting a stream, and the way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/crc.h"
#include "drivers/codec/kiss.h"

enum { EVENTS_MAX = 64, LOG_MAX = 8192 };

/* Everything a decoder said, so that two runs can be compared byte by byte. */
struct log {
	enum kiss_event events[EVENTS_MAX];
	size_t event_count;
	uint8_t frames[LOG_MAX]; /* one after the other */
	size_t sizes[EVENTS_MAX];
	size_t size;
};

static void feed(struct kiss_decoder *decoder, const uint8_t *bytes, size_t size, struct log *log)
{
	enum kiss_event event;
	while ((event = kiss_decode(decoder, &bytes, &size)) != KISS_NEED_MORE) {
		assert_true(log->event_count < EVENTS_MAX);
		log->sizes[log->event_count] = decoder->frame_size;
		log->events[log->event_count++] = event;
		assert_true(log->size + decoder->frame_size <= LOG_MAX);
		memcpy(log->frames + log->size, decoder->frame, decoder->frame_size);
		log->size += decoder->frame_size;
	}
	assert_int_equal(size, 0);
}

static void assert_same(const struct log *a, const struct log *b)
{
	assert_int_equal(a->event_count, b->event_count);
	assert_memory_equal(a->events, b->events, a->event_count * sizeof(*a->events));
	assert_memory_equal(a->sizes, b->sizes, a->event_count * sizeof(*a->sizes));
	assert_int_equal(a->size, b->size);
	assert_memory_equal(a->frames, b->frames, a->size);
}

struct stream {
	const char *name;
	uint8_t bytes[24];
	size_t size;
	enum kiss_event events[4]; /* up to the first KISS_NEED_MORE */
	uint8_t frame[12];         /* of the first KISS_FRAME */
	size_t frame_size;
};

static const struct stream streams[] = {
    {"one frame", {0xc0, 0x00, 0x82, 0xa0, 0xc0}, 5, {KISS_FRAME}, {0x00, 0x82, 0xa0}, 3},
    {"many FENDs mean nothing", {0xc0, 0xc0, 0xc0, 0x00, 1, 2, 0xc0, 0xc0, 0xc0}, 9, {KISS_FRAME}, {0x00, 1, 2}, 3},
    {"one FEND between two frames",
     {0xc0, 0x00, 1, 2, 0xc0, 0x00, 3, 4, 0xc0},
     9,
     {KISS_FRAME, KISS_FRAME},
     {0x00, 1, 2},
     3},
    {"noise first", {'c', 'm', 'd', ':', 0xdb, 0xc0, 0x00, 1, 2, 0xc0}, 10, {KISS_NOISE, KISS_FRAME}, {0x00, 1, 2}, 3},
    {"both escapes", {0xc0, 0x00, 0xdb, 0xdc, 0xdb, 0xdd, 0xc0}, 7, {KISS_FRAME}, {0x00, 0xc0, 0xdb}, 3},
    {"TFEND and TFESC without FESC are data", {0xc0, 0x00, 0xdc, 0xdd, 0xc0}, 5, {KISS_FRAME}, {0x00, 0xdc, 0xdd}, 3},
    {"escaped type byte", {0xc0, 0xdb, 0xdc, 1, 2, 0xc0}, 6, {KISS_FRAME}, {0xc0, 1, 2}, 3},
    {"bad escape", {0xc0, 0x00, 1, 0xdb, 2, 3, 0xc0}, 7, {KISS_BAD_ESCAPE}, {0}, 0},
    {"FESC twice", {0xc0, 0x00, 1, 0xdb, 0xdb, 3, 0xc0}, 7, {KISS_BAD_ESCAPE}, {0}, 0},
    {"FESC at the end, then a good frame",
     {0xc0, 0x00, 1, 2, 0xdb, 0xc0, 0x00, 3, 4, 0xc0},
     10,
     {KISS_BAD_ESCAPE, KISS_FRAME},
     {0x00, 3, 4},
     3},
    {"only a type byte", {0xc0, 0x00, 0xc0}, 3, {KISS_TOO_SHORT}, {0}, 0},
    {"two bytes", {0xc0, 0x01, 0x32, 0xc0}, 4, {KISS_TOO_SHORT}, {0}, 0},
    {"half a frame", {0xc0, 0x00, 1, 2, 3}, 5, {KISS_NEED_MORE}, {0}, 0},
    {"only noise", {1, 2, 3}, 3, {KISS_NEED_MORE}, {0}, 0},
};

static void test_streams(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++) {
		struct kiss_decoder decoder = {0};
		struct log log = {0};
		size_t expected = 0;
		feed(&decoder, streams[i].bytes, streams[i].size, &log);
		for (; streams[i].events[expected] != KISS_NEED_MORE; expected++)
			if (log.events[expected] != streams[i].events[expected])
				fail_msg("%s: event %zu is %d", streams[i].name, expected, log.events[expected]);
		if (log.event_count != expected || log.size < streams[i].frame_size)
			fail_msg("%s: %zu events", streams[i].name, log.event_count);
		assert_memory_equal(log.frames, streams[i].frame, streams[i].frame_size);
	}
}

/* All streams in a row, cut in two at every place, and into single bytes. */
static void test_every_cutting(void **unused)
{
	(void)unused;
	uint8_t all[512];
	size_t size = 0;
	for (size_t i = 0; i < sizeof(streams) / sizeof(*streams); i++) {
		memcpy(all + size, streams[i].bytes, streams[i].size);
		size += streams[i].size;
	}
	struct kiss_decoder decoder = {0};
	struct log whole = {0};
	feed(&decoder, all, size, &whole);
	assert_true(whole.event_count > 10);
	for (size_t first = 0; first <= size; first++)
		for (size_t second = first; second <= size; second++) {
			struct log cut = {0};
			memset(&decoder, 0, sizeof(decoder));
			feed(&decoder, all, first, &cut);
			feed(&decoder, all + first, second - first, &cut);
			feed(&decoder, all + second, size - second, &cut);
			assert_same(&whole, &cut);
		}
	struct log bytes = {0};
	memset(&decoder, 0, sizeof(decoder));
	for (size_t i = 0; i < size; i++)
		feed(&decoder, all + i, 1, &bytes);
	assert_same(&whole, &bytes);
}

static void test_limit(void **unused)
{
	(void)unused;
	static uint8_t stream[KISS_FRAME_MAX + 3];
	struct kiss_decoder decoder = {0};
	struct log log = {0};
	memset(stream, 'x', sizeof(stream));
	stream[0] = stream[KISS_FRAME_MAX + 1] = KISS_FEND;
	feed(&decoder, stream, KISS_FRAME_MAX + 2, &log);
	assert_int_equal(log.event_count, 1);
	assert_int_equal(log.events[0], KISS_FRAME);
	assert_int_equal(log.sizes[0], KISS_FRAME_MAX);
	/* One byte more, and then a good one: skipped once, and nothing of it is left. */
	stream[KISS_FRAME_MAX + 1] = 'x';
	stream[KISS_FRAME_MAX + 2] = KISS_FEND;
	feed(&decoder, stream + 1, sizeof(stream) - 1, &log);
	feed(&decoder, (const uint8_t[]){0x00, 1, 2, 0xc0}, 4, &log);
	assert_int_equal(log.event_count, 3);
	assert_int_equal(log.events[1], KISS_TOO_LONG);
	assert_int_equal(log.events[2], KISS_FRAME);
	assert_int_equal(log.sizes[2], 3);
}

/* After the line was opened anew the end of an old frame is noise. */
static void test_reset(void **unused)
{
	(void)unused;
	struct kiss_decoder decoder = {0};
	struct log log = {0};
	feed(&decoder, (const uint8_t[]){0xc0, 0x00, 1, 2, 0xdb}, 5, &log);
	kiss_decoder_reset(&decoder);
	feed(&decoder, (const uint8_t[]){0xdc, 3, 0xc0, 0x00, 5, 6, 0xc0}, 7, &log);
	assert_int_equal(log.event_count, 2);
	assert_int_equal(log.events[0], KISS_NOISE);
	assert_int_equal(log.events[1], KISS_FRAME);
	assert_memory_equal(log.frames, "\x00\x05\x06", 3);
}

/* The escape vector: information 3e c0 db dc dd. */
static void test_encode(void **unused)
{
	(void)unused;
	static const uint8_t expected[] = {0xc0, 0x00, 0x3e, 0xdb, 0xdc, 0xdb, 0xdd, 0xdc, 0xdd, 0xc0};
	static const uint8_t body[] = {0x3e, 0xc0, 0xdb, 0xdc, 0xdd};
	uint8_t out[sizeof(expected)];
	assert_int_equal(kiss_encode(0x00, NULL, 0, body, sizeof(body), out, sizeof(out)), sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
	for (size_t room = 0; room < sizeof(expected); room++)
		assert_int_equal(kiss_encode(0x00, NULL, 0, body, sizeof(body), out, room), 0);
	/* A type byte of C0 (data on port 12) and an id of C0 DB are escaped too. */
	static const uint8_t head[] = {0xc0, 0xdb}, escaped[] = {0xc0, 0xdb, 0xdc, 0xdb, 0xdc, 0xdb, 0xdd, 0x01, 0xc0};
	assert_int_equal(kiss_encode(0xc0, head, 2, (const uint8_t[]){1}, 1, out, sizeof(out)), sizeof(escaped));
	assert_memory_equal(out, escaped, sizeof(escaped));
}

static void test_round_trip(void **unused)
{
	(void)unused;
	uint8_t body[300], out[700];
	struct kiss_decoder decoder = {0};
	srand(1);
	for (int round = 0; round < 2000; round++) {
		size_t size = 2 + (size_t)rand() % (sizeof(body) - 2);
		for (size_t i = 0; i < size; i++)
			body[i] = rand() % 3 ? (uint8_t)rand() : (uint8_t)(0xda + rand() % 4);
		uint8_t type = (uint8_t)rand();
		struct log log = {0};
		size_t written = kiss_encode(type, body, 2, body + 2, size - 2, out, sizeof(out));
		assert_true(written > 0);
		feed(&decoder, out, written, &log);
		assert_int_equal(log.event_count, 1);
		assert_int_equal(log.sizes[0], size + 1);
		assert_int_equal(log.frames[0], type);
		assert_memory_equal(log.frames + 1, body, size);
	}
}

static void test_checksums(void **unused)
{
	(void)unused;
	/* N0CALL-7>APRS:>status, its frame check sequence, and its SMACK checksum behind type 80 */
	static const uint8_t frame[] = {0x80, 0x82, 0xa0, 0xa4, 0xa6, 0x40, 0x40, 0xe0, 0x9c, 0x60, 0x86, 0x82, 0x98,
					0x98, 0x6f, 0x03, 0xf0, 0x3e, 0x73, 0x74, 0x61, 0x74, 0x75, 0x73, 0x6f, 0x45};
	assert_int_equal(crc16_x25("123456789", 9), 0x906e);
	assert_int_equal(crc16_smack("123456789", 9), 0xbb3d);
	assert_int_equal(crc16_x25(frame + 1, sizeof(frame) - 3), 0x8795);
	assert_int_equal(crc16_smack(frame, sizeof(frame) - 2), 0x456f);
	assert_int_equal(crc16_smack(frame, sizeof(frame)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_streams),   cmocka_unit_test(test_every_cutting), cmocka_unit_test(test_limit),
	    cmocka_unit_test(test_reset),     cmocka_unit_test(test_encode),        cmocka_unit_test(test_round_trip),
	    cmocka_unit_test(test_checksums),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
