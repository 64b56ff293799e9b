/* Channel keys and their cipher, with answers made by python3-cryptography. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/mesh_cipher.h"

#define KEY_16 "EBESExQVFhcYGRobHB0eHw=="                     /* 10 11 12 ... 1f */
#define KEY_32 "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=" /* 20 21 22 ... 3f */
#define TEXT   "08011210436f6e766f79203320617420676174654801"

static size_t bytes_of(const char *hex, uint8_t *bytes)
{
	size_t size = strlen(hex) / 2;
	for (size_t i = 0; i < size; i++)
		assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &bytes[i]), 1);
	return size;
}

static struct mesh_key key_of(const char *text)
{
	struct mesh_key key;
	assert_int_equal(mesh_key_parse(text, &key), MESH_KEY_FINE);
	return key;
}

static void assert_encrypts(const char *key_text, uint32_t from, uint32_t id, const char *plain, const char *encrypted)
{
	uint8_t bytes[256], expected[256];
	struct mesh_key key = key_of(key_text);
	size_t size = bytes_of(plain, bytes);
	assert_int_equal(bytes_of(encrypted, expected), size);
	assert_true(mesh_crypt(&key, from, id, bytes, size));
	assert_memory_equal(bytes, expected, size);
	assert_true(mesh_crypt(&key, from, id, bytes, size));
	bytes_of(plain, expected);
	assert_memory_equal(bytes, expected, size);
}

static void test_known_answers(void **state)
{
	(void)state;
	assert_encrypts(KEY_16, 0x433c1d20, 0x1a2b3c4d, TEXT, "3e66c3ef3a0b6ae05b23326ef60723d9305bd18b1d49");
	assert_encrypts(KEY_32, 0x433c1d20, 0x1a2b3c4d, TEXT, "e5d475e7746f48e4121d2a7cceec677a3a4948d5f20a");
}

/* Fifteen blocks: the counter goes on from one to the next. */
static void test_a_packet_as_long_as_they_come(void **state)
{
	(void)state;
	static const char encrypted[] = "ed45fe36aaad6d5dde1d0839ae12fc497876c8d53935098f7f2e1cfcc0189d0670db4da7822893"
					"44600c9cfeb034a5c813bb2c5d3bbe27"
					"328c623d669c2d2565b391a7924b11a64e2f95a3479d3b866e2803a6e2dbf87aeaebd6cf8a8250"
					"b0465977e2b53add8732d0c3652d74e5"
					"1b02c08bfb0020bddc3a0a6cf48d509a9bb5387b3f4025890b03916db3441651164e39b32748d8"
					"f8e66cd2be613c2e17ffb4dff91e242c"
					"cf4020952e1faaa0e45a3c29c29b16dbed428e9a26edf205f0f10a4a07f3603cb1a122d381a00e"
					"57c1e2d74b6a2f89d32dc2114223958e"
					"c2bd7a2b04f9732fefc0c855a1303002c6";
	char plain[2 * 237 + 1];
	for (unsigned i = 0; i < 237; i++)
		snprintf(plain + 2 * i, 3, "%02x", i);
	assert_encrypts(KEY_32, 0xfffffffe, 0xffffffff, plain, encrypted);
}

static void test_hash(void **state)
{
	(void)state;
	struct mesh_key key = key_of(KEY_16);
	assert_int_equal(mesh_channel_hash("ops", &key), 0x6c);
	key = key_of(KEY_32);
	assert_int_equal(mesh_channel_hash("ops", &key), 'o' ^ 'p' ^ 's');
	/* As every device is delivered: number 8. */
	key = (struct mesh_key){
	    {0xd4, 0xf1, 0xbb, 0x3a, 0x20, 0x29, 0x07, 0x59, 0xf0, 0xbc, 0xff, 0xab, 0xcf, 0x4e, 0x69, 0x01}, 16};
	assert_int_equal(mesh_channel_hash("LongFast", &key), 8);
}

static void assert_refused(const char *text, enum mesh_key_error error)
{
	struct mesh_key key;
	assert_int_equal(mesh_key_parse(text, &key), error);
	assert_int_equal(key.size, 0);
}

static void test_keys(void **state)
{
	(void)state;
	struct mesh_key key = key_of(KEY_32);
	assert_int_equal(key.size, 32);
	assert_int_equal(key.bytes[0], 0x20);
	assert_int_equal(key.bytes[31], 0x3f);
	assert_refused("", MESH_KEY_NONE);
	assert_refused("AA==", MESH_KEY_NONE);
	assert_refused("AAAAAAAAAAAAAAAAAAAAAA==", MESH_KEY_NONE);
	assert_refused("AQ==", MESH_KEY_DEFAULT);
	assert_refused("Ag==", MESH_KEY_DEFAULT);
	assert_refused("/w==", MESH_KEY_DEFAULT);
	assert_refused("1PG7OiApB1nwvP+rz05pAQ==", MESH_KEY_DEFAULT);
	assert_refused("1PG7OiApB1nwvP+rz05pCg==", MESH_KEY_DEFAULT);
	assert_refused("EBES", MESH_KEY_BAD_SIZE);
	assert_refused("EBESExQVFhcYGRobHB0eHyA=", MESH_KEY_BAD_SIZE);
	assert_refused("ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9A", MESH_KEY_BAD_SIZE);
	assert_refused("ops", MESH_KEY_NOT_BASE64);
	assert_refused("EBESExQVFhcYGRobHB0eHw", MESH_KEY_NOT_BASE64);
	assert_refused("EBESExQVFhcYGRobHB0e-_==", MESH_KEY_NOT_BASE64);
	assert_refused("EBES=xQVFhcYGRobHB0eHw==", MESH_KEY_NOT_BASE64);
	assert_refused("====", MESH_KEY_NOT_BASE64);
	char large[1024];
	memset(large, 'A', sizeof(large) - 1);
	large[sizeof(large) - 1] = '\0';
	assert_refused(large, MESH_KEY_NOT_BASE64);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_known_answers),
	    cmocka_unit_test(test_a_packet_as_long_as_they_come),
	    cmocka_unit_test(test_hash),
	    cmocka_unit_test(test_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
