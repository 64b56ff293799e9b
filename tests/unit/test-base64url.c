/* Base64url without padding: the vectors of RFC 4648, every size, and texts that nobody writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/base64url.h"

struct pair {
	const char *bytes, *text;
};

/* RFC 4648, section 10, without the padding; and the two characters that differ from plain base64. */
static const struct pair pairs[] = {
    {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},          {"foob", "Zm9vYg"},
    {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xfb\xff\xbf", "-_-_"},
};

static void test_vectors(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		char text[16];
		uint8_t bytes[16];
		size_t size = 0, expected = strlen(pairs[i].bytes);
		assert_int_equal(base64url_encode((const uint8_t *)pairs[i].bytes, expected, text, sizeof(text)),
				 strlen(pairs[i].text));
		assert_memory_equal(text, pairs[i].text, strlen(pairs[i].text));
		assert_true(base64url_decode(pairs[i].text, strlen(pairs[i].text), bytes, sizeof(bytes), &size));
		assert_int_equal(size, expected);
		assert_memory_equal(bytes, pairs[i].bytes, expected);
	}
}

static void test_bad_texts(void **unused)
{
	(void)unused;
	/* a last character that begins no byte, padding, plain base64, space, end of line, bits behind the last byte */
	static const char *const bad[] = {"A",     "Zm9vY", "Zg==", "Zm8=",     "+/+/",  "Zm 9", "Zm9v\r",
					  "Zm9\n", "Zh",    "Zm9",  "\xc3\xa9", "Zm9v.", NULL};
	for (size_t i = 0; bad[i]; i++) {
		uint8_t bytes[16];
		size_t size;
		if (base64url_decode(bad[i], strlen(bad[i]), bytes, sizeof(bytes), &size))
			fail_msg("%s was taken", bad[i]);
	}
	uint8_t bytes[16];
	size_t size;
	assert_false(base64url_decode("Zm\0v", 4, bytes, sizeof(bytes), &size));
}

static void test_every_size(void **unused)
{
	(void)unused;
	uint8_t bytes[200], back[200];
	char text[300];
	srand(1);
	for (size_t size = 0; size <= sizeof(bytes); size++) {
		for (size_t i = 0; i < size; i++)
			bytes[i] = (uint8_t)rand();
		size_t used = base64url_encode(bytes, size, text, sizeof(text)), back_size = 0;
		assert_int_equal(used, BASE64URL_SIZE(size));
		assert_int_equal(BASE64URL_BYTES(used), size);
		assert_true(base64url_decode(text, used, back, sizeof(back), &back_size));
		assert_int_equal(back_size, size);
		assert_memory_equal(back, bytes, size);
		/* In the same memory too, and not into less than it needs. */
		if (size) {
			assert_false(base64url_decode(text, used, back, size - 1, &back_size));
			assert_int_equal(base64url_encode(bytes, size, text, used - 1), 0);
			assert_int_equal(base64url_encode(bytes, size, text, used), used);
		}
		assert_true(base64url_decode(text, used, (uint8_t *)text, sizeof(text), &back_size));
		assert_memory_equal(text, bytes, size);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_bad_texts),
	    cmocka_unit_test(test_every_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
