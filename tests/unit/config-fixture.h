/* What the tests of the configuration reader share: files in memory and a table with a key of each type. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"

/* A file in memory; its name is "/proc/self/fd/N", which the tests cut off the messages. */
static inline struct config *load(const char *text, size_t size)
{
	char path[64];
	int fd = memfd_create("config", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct config *config = config_load(path);
	assert_non_null(config);
	close(fd);
	return config;
}

static inline const char *without_path(const char *text)
{
	const char *colon = text ? strchr(text, ':') : NULL;
	return colon ? colon + 1 : "(none)";
}

#define assert_error(config, index, expected)                                                                          \
	assert_string_equal(without_path(config_error_text(config, index)), expected)

static const char *const colours[] = {"red", "green", "blue", NULL};
static const char *const never[] = {"never", NULL};

enum { TEXT, TOKEN, INTEGER, NUMBER, FLAG, DURATION, SIZE, RATE, CHOICE, TEXTS, KEY_COUNT };
static const struct config_key keys[] = {
    [TEXT] = {"text", CONFIG_TEXT, 0, 10, "fallback", NULL, "A text."},
    [TOKEN] = {"token", CONFIG_TOKEN, 0, 0, "base1", NULL, "A token."},
    [INTEGER] = {"integer", CONFIG_INTEGER, 1, 65535, "9600", NULL, "A number."},
    [NUMBER] = {"number", CONFIG_NUMBER, -2.5, 2.5, "0.5", NULL, "A number."},
    [FLAG] = {"flag", CONFIG_FLAG, 0, 0, "true", NULL, "A flag."},
    [DURATION] = {"duration", CONFIG_DURATION, 1000, 86400000, "30 s", never, "A time."},
    [SIZE] = {"size", CONFIG_SIZE, 0, 1e9, "8 MB", NULL, "A size."},
    [RATE] = {"rate", CONFIG_RATE, 0, 0, "256 kbit/s", NULL, "A rate."},
    [CHOICE] = {"choice", CONFIG_CHOICE, 0, 0, "green", colours, "A colour."},
    [TEXTS] = {"texts", CONFIG_TEXTS, 1, 8, "SOS, AU SEC", NULL, "Words."},
};

static const struct config_key required = {"callsign", CONFIG_TEXT, 1, 9, NULL, NULL, "the call sign, e.g. N0CALL-10."};

/* Reads the table out of `all:` and looks for unknown keys. */
static inline struct config *read_all(const char *text, union config_value *values)
{
	struct config *config = load(text, strlen(text));
	config_read(config, config_section(config, config_root(config), "all"), keys, KEY_COUNT, values);
	config_finish(config);
	return config;
}

static inline void assert_fallbacks(const union config_value *values)
{
	assert_string_equal(values[TEXT].text, "fallback");
	assert_string_equal(values[TOKEN].text, "base1");
	assert_int_equal(values[INTEGER].integer, 9600);
	assert_true(values[NUMBER].number == 0.5);
	assert_true(values[FLAG].flag);
	assert_int_equal(values[DURATION].integer, 30000);
	assert_int_equal(values[SIZE].integer, 8000000);
	assert_int_equal(values[RATE].integer, 256000);
	assert_int_equal(values[CHOICE].integer, 1);
	assert_string_equal(values[TEXTS].texts[0], "SOS");
	assert_string_equal(values[TEXTS].texts[1], "AU SEC");
	assert_null(values[TEXTS].texts[2]);
}

static inline char *repeat(const char *piece, size_t count, size_t *size)
{
	size_t length = strlen(piece);
	char *text = malloc(length * count + 1);
	assert_non_null(text);
	for (size_t i = 0; i < count; i++)
		memcpy(text + i * length, piece, length);
	*size = length * count;
	text[*size] = '\0';
	return text;
}
