/* AX.25 UI frames: recorded ones both ways, and each reason to refuse one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/ax25.h"
#include "drivers/codec/hash.h"

struct vector {
	uint8_t bytes[80];
	size_t size;
	const char *source, *destination, *path;
	int used;
	const char *information;
	size_t information_size;
};

static const struct vector vectors[] = {
    {.bytes = {0x82, 0xa0, 0xa4, 0xa6, 0x40, 0x40, 0xe0, 0x9c, 0x60, 0x86, 0x82, 0x98,
	       0x98, 0x6f, 0x03, 0xf0, 0x3e, 0x73, 0x74, 0x61, 0x74, 0x75, 0x73},
     .size = 23,
     .source = "N0CALL-7",
     .destination = "APRS",
     .path = "",
     .used = 0,
     .information = ">status",
     .information_size = 7},
    {.bytes = {0x82, 0xa0, 0xb4, 0x60, 0x60, 0x62, 0xe0, 0x9c, 0x60, 0x86, 0x82, 0x98, 0x98, 0x6e, 0xae, 0x92,
	       0x88, 0x8a, 0x62, 0x40, 0x62, 0xae, 0x92, 0x88, 0x8a, 0x64, 0x40, 0x63, 0x03, 0xf0, 0x3d, 0x34,
	       0x39, 0x30, 0x33, 0x2e, 0x35, 0x30, 0x4e, 0x2f, 0x30, 0x37, 0x32, 0x30, 0x31, 0x2e, 0x37, 0x35,
	       0x57, 0x5b, 0x21, 0x45, 0x4d, 0x45, 0x52, 0x47, 0x45, 0x4e, 0x43, 0x59, 0x21, 0x20, 0x78},
     .size = 63,
     .source = "N0CALL-7",
     .destination = "APZ001",
     .path = "WIDE1-1,WIDE2-1",
     .used = 0,
     .information = "=4903.50N/07201.75W[!EMERGENCY! x",
     .information_size = 33},
    {.bytes = {0x82, 0xa0, 0xb4, 0x60, 0x60, 0x62, 0xe0, 0x9c, 0x60, 0x86, 0x82, 0x98, 0x98, 0x7e, 0x88, 0x92, 0x8e,
	       0x92, 0x62, 0x40, 0xe0, 0xae, 0x92, 0x88, 0x8a, 0x64, 0x40, 0x63, 0x03, 0xf0, 0x3a, 0x4f, 0x48, 0x37,
	       0x4c, 0x5a, 0x42, 0x20, 0x20, 0x20, 0x3a, 0x54, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67, 0x7b, 0x34, 0x32},
     .size = 51,
     .source = "N0CALL-15",
     .destination = "APZ001",
     .path = "DIGI1*,WIDE2-1",
     .used = 1,
     .information = ":OH7LZB   :Testing{42",
     .information_size = 21},
    {.bytes = {0x82, 0xa0, 0xb4, 0x60, 0x60, 0x62, 0xe0, 0x9c, 0x60, 0x86, 0x82, 0x98, 0x98, 0x60,
	       0xae, 0x92, 0x88, 0x8a, 0x62, 0x40, 0xe1, 0x03, 0xf0, 0x3e, 0xc0, 0xdb, 0xdc, 0xdd},
     .size = 28,
     .source = "N0CALL",
     .destination = "APZ001",
     .path = "WIDE1*",
     .used = 1,
     .information = "\x3e\xc0\xdb\xdc\xdd",
     .information_size = 5},
};

enum { VECTOR_COUNT = sizeof(vectors) / sizeof(*vectors) };

static void test_decode(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < VECTOR_COUNT; i++) {
		const struct vector *vector = &vectors[i];
		struct ax25_frame frame;
		char text[AX25_PATH_TEXT_MAX];
		assert_int_equal(ax25_decode(vector->bytes, vector->size, &frame), AX25_OK);
		ax25_address_format(&frame.source, text);
		assert_string_equal(text, vector->source);
		assert_string_equal(frame.destination.call, vector->destination);
		assert_int_equal(ax25_path_format(&frame, text), vector->used);
		assert_string_equal(text, vector->path);
		assert_int_equal(frame.information_size, vector->information_size);
		assert_memory_equal(frame.information, vector->information, vector->information_size);
	}
}

static void test_encode(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < VECTOR_COUNT; i++) {
		const struct vector *vector = &vectors[i];
		struct ax25_frame frame;
		uint8_t bytes[sizeof(vector->bytes)];
		assert_int_equal(ax25_decode(vector->bytes, vector->size, &frame), AX25_OK);
		assert_int_equal(ax25_encode(&frame, bytes, sizeof(bytes)), vector->size);
		assert_memory_equal(bytes, vector->bytes, vector->size);
		assert_int_equal(ax25_encode(&frame, bytes, vector->size - 1), 0);
	}
}

/* The third vector with one byte changed, and why it is refused then. */
static const struct {
	const char *what;
	size_t at;
	uint8_t byte;
	enum ax25_result result;
} spoiled[] = {
    {"lower case in the destination", 0, 'a' << 1, AX25_BAD_ADDRESS},
    {"low bit set in a character", 8, 0x61, AX25_BAD_ADDRESS},
    {"space inside a call sign", 9, ' ' << 1, AX25_BAD_ADDRESS},
    {"blank first character", 7, ' ' << 1, AX25_BAD_ADDRESS},
    {"hyphen as a character", 16, '-' << 1, AX25_BAD_ADDRESS},
    {"character after the padding", 26, 'A' << 1, AX25_OK},
    {"only one address", 6, 0xe1, AX25_BAD_PATH},
    {"no last address, so control and PID are read as one", 27, 0x62, AX25_BAD_ADDRESS},
    {"control: poll bit", 28, 0x13, AX25_OK},
    {"control: SABM", 28, 0x2f, AX25_NOT_UI},
    {"control: information frame", 28, 0x00, AX25_NOT_UI},
    {"PID: IP", 29, 0xcc, AX25_NOT_APRS},
    {"command bits both clear", 6, 0x60, AX25_OK},
    {"reserved bits clear", 13, 0x1e, AX25_OK},
};

static void test_reasons(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(spoiled) / sizeof(*spoiled); i++) {
		uint8_t bytes[80];
		struct ax25_frame frame;
		memcpy(bytes, vectors[2].bytes, sizeof(bytes));
		bytes[spoiled[i].at] = spoiled[i].byte;
		enum ax25_result result = ax25_decode(bytes, vectors[2].size, &frame);
		if (result != spoiled[i].result)
			fail_msg("%s: %s", spoiled[i].what, ax25_result_name(result));
	}
}

/* Cut short anywhere, a frame is refused until the first byte of its information is there. */
static void test_cut_short(void **unused)
{
	(void)unused;
	const size_t head = 30;
	struct ax25_frame frame;
	for (size_t size = 0; size < head; size++) {
		enum ax25_result result = ax25_decode(vectors[2].bytes, size, &frame);
		assert_true(result == AX25_TOO_SHORT || result == AX25_BAD_PATH);
	}
	assert_int_equal(ax25_decode(vectors[2].bytes, head, &frame), AX25_NO_INFORMATION);
	assert_int_equal(ax25_decode(vectors[2].bytes, head + 1, &frame), AX25_OK);
}

static void test_eight_digipeaters(void **unused)
{
	(void)unused;
	uint8_t bytes[700];
	char path[AX25_PATH_TEXT_MAX];
	struct ax25_frame frame, again;
	static const uint8_t information[AX25_INFORMATION_MAX + 1] = {'>'};
	memset(&frame, 0, sizeof(frame));
	assert_true(ax25_address_parse("APZCRS", 6, &frame.destination));
	assert_true(ax25_address_parse("N0CALL-15", 9, &frame.source));
	for (size_t i = 0; i < AX25_DIGIPEATERS_MAX; i++)
		assert_true(
		    ax25_address_parse(i < 5 ? "N0CALL-12*" : "N0CALL-12", i < 5 ? 10 : 9, &frame.digipeaters[i]));
	frame.digipeater_count = AX25_DIGIPEATERS_MAX;
	frame.information = information;
	frame.information_size = AX25_INFORMATION_SEND_MAX;
	size_t size = ax25_encode(&frame, bytes, sizeof(bytes));
	assert_int_equal(size, AX25_FRAME_SEND_MAX);
	assert_int_equal(ax25_decode(bytes, size, &again), AX25_OK);
	assert_int_equal(again.digipeater_count, AX25_DIGIPEATERS_MAX);
	assert_int_equal(ax25_path_format(&again, path), 5);
	assert_string_equal(path, "N0CALL-12,N0CALL-12,N0CALL-12,N0CALL-12,N0CALL-12*,N0CALL-12,N0CALL-12,N0CALL-12");
	/* A ninth, and information beyond what is sent or heard */
	frame.digipeater_count++;
	assert_int_equal(ax25_encode(&frame, bytes, sizeof(bytes)), 0);
	frame.digipeater_count--;
	frame.information_size++;
	assert_int_equal(ax25_encode(&frame, bytes, sizeof(bytes)), 0);
	memset(bytes + size, 'x', sizeof(bytes) - size);
	assert_int_equal(ax25_decode(bytes, 72 + AX25_INFORMATION_MAX, &again), AX25_OK);
	assert_int_equal(ax25_decode(bytes, 72 + AX25_INFORMATION_MAX + 1, &again), AX25_TOO_LONG);
	bytes[69] &= 0xfe; /* the eighth is no longer the last: a ninth digipeater follows */
	memset(bytes + 70, 'A' << 1, 6);
	bytes[76] = 0x61;
	assert_int_equal(ax25_decode(bytes, size, &again), AX25_BAD_PATH);
}

static void test_address_text(void **unused)
{
	(void)unused;
	static const struct {
		const char *text;
		bool valid;
		const char *formatted;
	} addresses[] = {
	    {"N0CALL", true, "N0CALL"},
	    {"N0CALL-0", true, "N0CALL"},
	    {"N0CALL-15", true, "N0CALL-15"},
	    {"WIDE1-1*", true, "WIDE1-1"},
	    {"A", true, "A"},
	    {"N0CALL-10", true, "N0CALL-10"},
	    {"N0CALL-16", false, ""},
	    {"N0CALL-", false, ""},
	    {"N0CALLS", false, ""},
	    {"n0call", false, ""},
	    {"", false, ""},
	    {"-1", false, ""},
	    {"N0CALL-01", false, ""},
	    {"N0 CALL", false, ""},
	    {"N0CALL-1-1", false, ""},
	};
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		struct ax25_address address;
		char text[AX25_ADDRESS_TEXT_MAX];
		bool valid = ax25_address_parse(addresses[i].text, strlen(addresses[i].text), &address);
		if (valid != addresses[i].valid)
			fail_msg("%s", addresses[i].text);
		if (!valid)
			continue;
		assert_int_equal(ax25_address_format(&address, text), strlen(addresses[i].formatted));
		assert_string_equal(text, addresses[i].formatted);
	}
}

/* Published values of 64-bit FNV-1a. */
static void test_hash(void **unused)
{
	(void)unused;
	assert_true(fnv1a64(FNV1A64_START, "", 0) == UINT64_C(0xcbf29ce484222325));
	assert_true(fnv1a64(FNV1A64_START, "a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(fnv1a64(FNV1A64_START, "foobar", 6) == UINT64_C(0x85944171f73967e8));
	assert_true(fnv1a64(fnv1a64(FNV1A64_START, "foo", 3), "bar", 3) == UINT64_C(0x85944171f73967e8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_decode),
	    cmocka_unit_test(test_encode),
	    cmocka_unit_test(test_reasons),
	    cmocka_unit_test(test_cut_short),
	    cmocka_unit_test(test_eight_digipeaters),
	    cmocka_unit_test(test_address_text),
	    cmocka_unit_test(test_hash),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
