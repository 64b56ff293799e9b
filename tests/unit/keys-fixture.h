/* Key files from text, with a master that the vectors were made with. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "drivers/services.h"
#include "gateway/keys.h"
#include "tests/support/hex.h"

/* The master is 00 01 02 ... 1f. */
#define MASTER "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct keys *parsed(const char *text)
{
	char error[256] = "";
	struct keys *keys = keys_parse("keys.json", text, strlen(text), error, sizeof(error));
	if (!keys)
		print_message("%s\n", error);
	assert_non_null(keys);
	return keys;
}

static struct keys *with_master(const char *stations)
{
	char text[1024];
	snprintf(text, sizeof(text), "{\"format\":\"cresset keys 1\",\"master\":\"" MASTER "\",\"stations\":[%s]}",
		 stations);
	return parsed(text);
}

static void bytes_of(const char *hex, uint8_t *bytes, size_t size)
{
	assert_int_equal(strlen(hex), 2 * size);
	assert_int_equal(hex_read(hex, bytes, size), size);
}

static struct keys *with_key(const char *key)
{
	char text[256];
	snprintf(text, sizeof(text),
		 "{\"format\":\"cresset keys 1\",\"stations\":[{\"station\":17,\"epoch\":0,\"key\":\"%s\"}]}", key);
	return parsed(text);
}

static size_t hex_member(const json_t *object, const char *member, uint8_t *bytes, size_t room)
{
	const char *hex = json_string_value(json_object_get(object, member));
	assert_non_null(hex);
	assert_true(strlen(hex) / 2 <= room);
	bytes_of(hex, bytes, strlen(hex) / 2);
	return strlen(hex) / 2;
}

static json_t *load_vectors(void)
{
	json_t *vectors = json_load_file(CRESSET_SOURCE_DIR "/tests/vectors/field.json", 0, NULL);
	assert_non_null(vectors);
	assert_string_equal(json_string_value(json_object_get(vectors, "master")), MASTER);
	return vectors;
}
