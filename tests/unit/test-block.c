/* Kept blocks and their checksum: what is written is read, and nothing that was cut, changed or lengthened is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "gateway/block.h"
#include "gateway/siphash.h"

/* From the reference vectors of the paper's authors: key 00..0f, input 00..(n-1). */
static void test_siphash(void **state)
{
	(void)state;
	static const struct {
		size_t size;
		uint64_t hash;
	} vectors[] = {{0, 0x726fdb47dd0e0e31},
		       {1, 0x74f839c593dc67fd},
		       {7, 0xab0200f58b01d137},
		       {8, 0x93f5f5799a932462},
		       {15, 0xa129ca6149be45e5}};
	uint8_t bytes[16];
	for (uint8_t i = 0; i < 16; i++)
		bytes[i] = i;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(*vectors); i++)
		assert_true(siphash24(bytes, bytes, vectors[i].size) == vectors[i].hash);
}

static size_t write_sample(uint8_t *bytes, size_t size)
{
	struct block_writer writer;
	block_begin(&writer, bytes, size, 0x11223344, 5);
	block_put_u8(&writer, 0xab);
	block_put_u32(&writer, 0xdeadbeef);
	block_put_u64(&writer, 0x0102030405060708);
	block_put_double(&writer, -12.5);
	block_put_double(&writer, NAN);
	block_put_text(&writer, "N0CALL-7");
	block_put_text(&writer, "");
	block_put_bytes(&writer, "\0\1", 2);
	return block_finish(&writer);
}

static bool read_sample(const uint8_t *bytes, size_t size)
{
	struct block_reader reader;
	char text[9], none[1];
	uint8_t raw[2];
	if (!block_open(&reader, bytes, size, 0x11223344, 5))
		return false;
	bool same = block_get_u8(&reader) == 0xab;
	same = block_get_u32(&reader) == 0xdeadbeef && same;
	same = block_get_u64(&reader) == 0x0102030405060708 && same;
	same = block_get_double(&reader) == -12.5 && same;
	same = isnan(block_get_double(&reader)) && same;
	block_get_text(&reader, text, sizeof(text));
	block_get_text(&reader, none, sizeof(none));
	same = same && strcmp(text, "N0CALL-7") == 0 && none[0] == '\0' && !block_ended(&reader);
	block_get_bytes(&reader, raw, sizeof(raw));
	return same && memcmp(raw, "\0\1", 2) == 0 && block_ended(&reader);
}

static void test_round_and_every_damage(void **state)
{
	(void)state;
	uint8_t bytes[100];
	size_t size = write_sample(bytes, sizeof(bytes));
	assert_true(size > 0);
	assert_int_equal(bytes[0], 0x44); /* little-endian */
	assert_true(read_sample(bytes, size));
	assert_false(read_sample(bytes, size + 1));
	for (size_t cut = 0; cut < size; cut++)
		assert_false(read_sample(bytes, cut));
	for (size_t bit = 0; bit < size * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(read_sample(bytes, size));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(read_sample(bytes, size));
}

static void test_too_little_room(void **state)
{
	(void)state;
	uint8_t bytes[100];
	size_t size = write_sample(bytes, sizeof(bytes));
	for (size_t room = 0; room < size; room++)
		assert_int_equal(write_sample(bytes, room), 0);
	assert_int_equal(write_sample(bytes, size), size);
}

static void test_reading_beyond_the_end(void **state)
{
	(void)state;
	uint8_t bytes[32];
	char text[4];
	struct block_writer writer;
	struct block_reader reader;
	block_begin(&writer, bytes, sizeof(bytes), 1, 1);
	block_put_text(&writer, "12345");
	size_t size = block_finish(&writer);
	assert_true(block_open(&reader, bytes, size, 1, 1));
	block_get_text(&reader, text, sizeof(text)); /* longer than it may be */
	assert_true(reader.failed);
	assert_string_equal(text, "");
	assert_true(block_open(&reader, bytes, size, 1, 1));
	assert_int_equal(block_get_u64(&reader), 0);
	assert_true(reader.failed);
	assert_false(block_ended(&reader));
	assert_false(block_open(&reader, bytes, size, 2, 1));
	assert_false(block_open(&reader, bytes, size, 1, 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_siphash),
	    cmocka_unit_test(test_round_and_every_damage),
	    cmocka_unit_test(test_too_little_room),
	    cmocka_unit_test(test_reading_beyond_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
