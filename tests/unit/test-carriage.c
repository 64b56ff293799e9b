/* Carriage of frames through a stream of bytes: what is found, what is lost, every way of cutting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/carriage.h"
#include "drivers/codec/crc.h"

enum { FOUND_MAX = 64, STREAM_MAX = 2048 };

/* Everything a decoder found, so that two runs can be compared. */
struct found {
	size_t count;
	size_t sizes[FOUND_MAX];
	int rssis[FOUND_MAX];
	uint8_t first_bytes[FOUND_MAX];
	unsigned sum; /* of all bytes of all frames */
	unsigned broken, noise;
};

struct stream {
	uint8_t bytes[STREAM_MAX];
	size_t size;
};

static void note(struct carriage_decoder *decoder, struct found *found)
{
	assert_true(found->count < FOUND_MAX);
	found->sizes[found->count] = decoder->frame_size;
	found->rssis[found->count] = decoder->rssi;
	found->first_bytes[found->count] = decoder->frame[0];
	for (size_t i = 0; i < decoder->frame_size; i++)
		found->sum = found->sum * 31 + decoder->frame[i];
	found->count++;
}

static void feed(struct carriage_decoder *decoder, const uint8_t *bytes, size_t size, struct found *found)
{
	while (carriage_decode(decoder, &bytes, &size))
		note(decoder, found);
	assert_int_equal(size, 0);
}

static void end(struct carriage_decoder *decoder, struct found *found)
{
	if (carriage_silence(decoder))
		note(decoder, found);
	assert_false(carriage_silence(decoder));
	found->broken = decoder->broken;
	found->noise = decoder->noise;
}

static struct found decode(const struct stream *stream, bool with_rssi)
{
	struct carriage_decoder decoder = {.with_rssi = with_rssi};
	struct found found = {0};
	feed(&decoder, stream->bytes, stream->size, &found);
	end(&decoder, &found);
	return found;
}

static void add(struct stream *stream, const void *bytes, size_t size)
{
	assert_true(stream->size + size <= STREAM_MAX);
	memcpy(stream->bytes + stream->size, bytes, size);
	stream->size += size;
}

#define ADD(stream, ...) add(stream, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* A frame of `size` bytes that begins with `first`, each of the others different from its neighbours. */
static void add_frame(struct stream *stream, uint8_t first, size_t size)
{
	uint8_t frame[CARRIAGE_FRAME_MAX], out[CARRIAGE_MAX];
	for (size_t i = 0; i < size; i++)
		frame[i] = (uint8_t)(first + i * 7);
	size_t written = carriage_encode(frame, size, out);
	assert_int_equal(written, size + CARRIAGE_OVERHEAD);
	add(stream, out, written);
}

/* The same as a module with packets of that size and the RSSI byte gives it out. */
static void add_packets(struct stream *stream, uint8_t first, size_t size, size_t packet_size, uint8_t rssi)
{
	struct stream plain = {.size = 0};
	add_frame(&plain, first, size);
	for (size_t at = 0; at < plain.size; at += packet_size) {
		size_t part = plain.size - at < packet_size ? plain.size - at : packet_size;
		add(stream, plain.bytes + at, part);
		ADD(stream, rssi);
	}
}

static void assert_found(const struct found *found, size_t count, unsigned broken, unsigned noise)
{
	assert_int_equal(found->count, count);
	assert_int_equal(found->broken, broken);
	assert_int_equal(found->noise, noise);
}

static void assert_frame(const struct found *found, size_t index, uint8_t first, size_t size, int rssi)
{
	assert_true(index < found->count);
	assert_int_equal(found->first_bytes[index], first);
	assert_int_equal(found->sizes[index], size);
	assert_int_equal(found->rssis[index], rssi);
}

static void test_bytes(void **unused)
{
	(void)unused;
	assert_int_equal(crc16_ccitt_false("123456789", 9), 0x29b1);
	/* The checksum over 03 61 62 63 worked out by another program. */
	static const uint8_t expected[] = {0xc5, 0x5e, 0x03, 'a', 'b', 'c', 0xca, 0x82};
	uint8_t out[CARRIAGE_MAX];
	assert_int_equal(carriage_encode((const uint8_t *)"abc", 3, out), sizeof(expected));
	assert_memory_equal(out, expected, sizeof(expected));
	assert_int_equal(carriage_encode(out, 0, out), 0);
	assert_int_equal(carriage_encode(out, CARRIAGE_FRAME_MAX + 1, out), 0);

	struct carriage_decoder decoder = {.with_rssi = false};
	const uint8_t *at = expected;
	size_t size = sizeof(expected);
	assert_true(carriage_decode(&decoder, &at, &size));
	assert_int_equal(decoder.frame_size, 3);
	assert_memory_equal(decoder.frame, "abc", 3);
}

static void test_all_sizes(void **unused)
{
	(void)unused;
	for (size_t size = 1; size <= CARRIAGE_FRAME_MAX; size++) {
		struct stream stream = {.size = 0};
		add_frame(&stream, 1, size);
		add_frame(&stream, 2, size);
		struct found found = decode(&stream, false);
		assert_found(&found, 2, 0, 0);
		assert_frame(&found, 0, 1, size, -1);
		assert_frame(&found, 1, 2, size, -1);
	}
}

static void test_lengths_that_cannot_be(void **unused)
{
	(void)unused;
	struct stream stream = {.size = 0};
	ADD(&stream, 0xc5, 0x5e, 0, 0xff, 0xff);
	add_frame(&stream, 1, 20);
	ADD(&stream, 0xc5, 0x5e, CARRIAGE_FRAME_MAX + 1);
	add_frame(&stream, 2, 20);
	struct found found = decode(&stream, false);
	assert_found(&found, 2, 0, 2);
}

static void test_noise_around(void **unused)
{
	(void)unused;
	struct stream stream = {.size = 0};
	ADD(&stream, 1, 2, 3, 0xc5, 4, 0xc5);
	add_frame(&stream, 1, 30);
	ADD(&stream, 0x5e, 0xc5);
	add_frame(&stream, 2, 30);
	struct found found = decode(&stream, false);
	assert_found(&found, 2, 0, 2);
}

/* A wrong bit anywhere loses this frame and no other. */
static void test_every_wrong_bit(void **unused)
{
	(void)unused;
	struct stream good = {.size = 0};
	add_frame(&good, 1, 24);
	size_t first_size = good.size;
	for (int i = 0; i < 8; i++)
		add_frame(&good, 2, 24);
	for (size_t bit = 0; bit < first_size * 8; bit++) {
		struct stream bad = good;
		bad.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		struct found found = decode(&bad, false);
		assert_int_equal(found.count, 8);
		assert_int_equal(found.first_bytes[0], 2);
		assert_true(found.broken + found.noise >= 1);
	}
}

/* Any run of bytes lost from the first frame, and the second one is there as soon as its last byte is. */
static void test_every_loss(void **unused)
{
	(void)unused;
	struct stream good = {.size = 0};
	add_frame(&good, 1, 100);
	size_t first_size = good.size;
	add_frame(&good, 2, 30);
	for (size_t from = 0; from < first_size; from++)
		for (size_t to = from + 1; to <= first_size; to++) {
			struct stream bad = {.size = 0};
			add(&bad, good.bytes, from);
			add(&bad, good.bytes + to, good.size - to);
			struct found found = decode(&bad, false);
			assert_int_equal(found.count, 1);
			assert_frame(&found, 0, 2, 30, -1);
			assert_int_equal(found.broken + found.noise > 0, from > 0 || to < first_size);
		}
}

static void test_frame_in_frame(void **unused)
{
	(void)unused;
	uint8_t inner[CARRIAGE_MAX], outer[CARRIAGE_MAX];
	struct stream stream = {.size = 0};
	size_t size = carriage_encode((const uint8_t *)"inner", 5, inner);
	memset(inner + size, 'x', 10);
	add(&stream, outer, carriage_encode(inner, size + 10, outer));
	add_frame(&stream, 2, 30);
	struct found found = decode(&stream, false);
	assert_found(&found, 2, 1, 1);
	assert_frame(&found, 0, 'i', 5, -1);
	assert_frame(&found, 1, 2, 30, -1);
}

static void test_rssi_byte(void **unused)
{
	(void)unused;
	struct stream stream = {.size = 0};
	for (unsigned rssi = 0; rssi < 256; rssi++) {
		stream.size = 0;
		add_packets(&stream, 1, 40, 240, (uint8_t)rssi);
		add_packets(&stream, 2, 160, 240, 0x90);
		struct found found = decode(&stream, true);
		assert_found(&found, 2, 0, 0);
		assert_frame(&found, 0, 1, 40, (int)rssi);
		assert_frame(&found, 1, 2, 160, 0x90);
	}
}

/* The module was to append its RSSI and does not. */
static void test_rssi_byte_missing(void **unused)
{
	(void)unused;
	struct stream stream = {.size = 0};
	add_frame(&stream, 1, 40);
	add_frame(&stream, 2, 50);
	struct found found = decode(&stream, true);
	assert_found(&found, 2, 0, 0);
	assert_frame(&found, 0, 1, 40, -1);
	assert_frame(&found, 1, 2, 50, -1);
}

/* The module was not to append it and does: a byte of noise each time. */
static void test_rssi_byte_unexpected(void **unused)
{
	(void)unused;
	struct stream stream = {.size = 0};
	add_packets(&stream, 1, 40, 240, 0x90);
	add_packets(&stream, 2, 40, 240, 0xc5);
	add_packets(&stream, 3, 40, 240, 0x90);
	struct found found = decode(&stream, false);
	assert_found(&found, 3, 0, 3);
}

/* A sender with small packets: the receiver puts its byte behind each, in the middle of the frame. */
static void test_rssi_byte_inside(void **unused)
{
	(void)unused;
	static const size_t packet_sizes[] = {32, 64, 128};
	for (size_t i = 0; i < 3; i++)
		for (size_t size = 1; size <= CARRIAGE_FRAME_MAX; size++) {
			struct stream stream = {.size = 0};
			add_packets(&stream, 1, size, packet_sizes[i], 0xa0);
			add_packets(&stream, 2, size, packet_sizes[i], 0xa1);
			struct found found = decode(&stream, true);
			assert_found(&found, 2, 0, 0);
			assert_frame(&found, 0, 1, size, 0xa0);
			assert_frame(&found, 1, 2, size, 0xa1);
		}
}

static void test_holding(void **unused)
{
	(void)unused;
	struct carriage_decoder decoder = {.with_rssi = true};
	struct stream stream = {.size = 0};
	struct found found = {0};
	add_frame(&stream, 1, 40);
	feed(&decoder, stream.bytes, stream.size, &found);
	assert_int_equal(found.count, 0);
	assert_true(carriage_is_holding(&decoder));
	feed(&decoder, (const uint8_t *)"\xc5", 1, &found);
	assert_int_equal(found.count, 0);
	assert_true(carriage_silence(&decoder));
	assert_int_equal(decoder.rssi, 0xc5);
	assert_false(carriage_is_holding(&decoder));

	feed(&decoder, stream.bytes, stream.size, &found);
	assert_true(carriage_is_holding(&decoder));
	carriage_reset(&decoder);
	assert_false(carriage_silence(&decoder));
}

/* Good frames, lost bytes, RSSI bytes, noise: in two and three pieces at every place, and byte by byte. */
static void test_every_cutting(void **unused)
{
	(void)unused;
	struct stream stream = {.size = 0};
	add_packets(&stream, 1, 30, 240, 0xc5);
	add_frame(&stream, 2, 10);
	ADD(&stream, 0xc5, 0x5e, 40, 1, 2, 3);
	add_packets(&stream, 3, 60, 32, 0x90);
	ADD(&stream, 0xc5, 0x5e, 5, 0xc5, 0x5e, 5, 0xc5, 0x5e, 0xc5);
	add_frame(&stream, 4, 12);
	add_packets(&stream, 5, 24, 240, 0xc5);
	for (int with_rssi = 0; with_rssi < 2; with_rssi++) {
		struct found whole = decode(&stream, with_rssi);
		assert_true(whole.count >= 4);
		for (size_t first = 0; first <= stream.size; first++)
			for (size_t second = first; second <= stream.size; second++) {
				struct carriage_decoder decoder = {.with_rssi = with_rssi};
				struct found cut = {0};
				feed(&decoder, stream.bytes, first, &cut);
				feed(&decoder, stream.bytes + first, second - first, &cut);
				feed(&decoder, stream.bytes + second, stream.size - second, &cut);
				end(&decoder, &cut);
				assert_memory_equal(&cut, &whole, sizeof(cut));
			}
		struct carriage_decoder decoder = {.with_rssi = with_rssi};
		struct found single = {0};
		for (size_t i = 0; i < stream.size; i++)
			feed(&decoder, stream.bytes + i, 1, &single);
		end(&decoder, &single);
		assert_memory_equal(&single, &whole, sizeof(single));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_all_sizes),
	    cmocka_unit_test(test_lengths_that_cannot_be),
	    cmocka_unit_test(test_noise_around),
	    cmocka_unit_test(test_every_wrong_bit),
	    cmocka_unit_test(test_every_loss),
	    cmocka_unit_test(test_frame_in_frame),
	    cmocka_unit_test(test_rssi_byte),
	    cmocka_unit_test(test_rssi_byte_missing),
	    cmocka_unit_test(test_rssi_byte_unexpected),
	    cmocka_unit_test(test_rssi_byte_inside),
	    cmocka_unit_test(test_holding),
	    cmocka_unit_test(test_every_cutting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
