/* What the tests of the settings share: a directory of their own, and drivers of their own, so that no real one decides (unless
 * SETTINGS_WITH_REAL_DRIVERS is defined). Included by one file of a program. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/settings.h"

#ifndef SETTINGS_WITH_REAL_DRIVERS
static const char *const tones[] = {"low", "high", NULL};
static const struct driver_key kiss_keys[] = {
    {"txdelay_ms", KEY_INTEGER, 0, 2550, "300", NULL, "Delay."},
    {"gain_db", KEY_NUMBER, -10, 10, "0.5", NULL, "Gain."},
    {"smack", KEY_FLAG, 0, 0, "false", NULL, "Checksum."},
    {"tone", KEY_CHOICE, 0, 0, "high", tones, "Tone."},
    {"channel", KEY_TEXT, 0, 8, "main", NULL, "Name of a channel."},
};
static const struct driver_key aprs_keys[] = {
    {"callsign", KEY_TEXT, 1, 9, NULL, NULL, "the call sign, e.g. N0CALL-10."},
};
static const struct driver_key fused_modem_keys[] = {{"speed", KEY_INTEGER, 1, 9, "3", NULL, "Speed."}};
static const struct driver_key fused_air_keys[] = {{"hops", KEY_INTEGER, 0, 7, "5", NULL, "Hops."}};

static const struct driver_key voice_keys[] = {{"frequency_mhz", KEY_NUMBER, 134, 174, NULL, NULL, "the frequency."}};
static const struct modem_line pins_lines[] = {
    {.name = "m0", .output = true, .safe = true, .required = true, .how = "", .help = "pin M0 of the module."},
    {.name = "aux", .how = "pull_up", .help = "pin AUX of the module."},
};
static const struct modem_line voice_lines[] = {
    {.name = "ptt", .output = true, .how = "active_low", .help = "keys the transmitter.", .max_on_ms = 60000},
};

static inline int no_send(void *state, const struct datagram *datagram)
{
	(void)state, (void)datagram;
	return -EOPNOTSUPP;
}

static inline int any_init(void *state, const struct services *services, const union driver_value *values)
{
	(void)state, (void)services, (void)values;
	return 0;
}

static const struct modem_ops kiss = {
    .name = "kiss", .keys = kiss_keys, .key_count = 5, .init = any_init, .send = no_send};
static const struct modem_ops fused_modem = {
    .name = "fused", .keys = fused_modem_keys, .key_count = 1, .init = any_init, .send = no_send};
static const struct modem_ops pins = {
    .name = "pins", .baud = 57600, .lines = pins_lines, .line_count = 2, .init = any_init, .send = no_send};
static const struct modem_ops voice = {.name = "voice",
				       .init = any_init,
				       .keys = voice_keys,
				       .key_count = 1,
				       .baud = 1200,
				       .lines = voice_lines,
				       .line_count = 1};
static const struct air_ops aprs = {.name = "aprs", .init = any_init, .keys = aprs_keys, .key_count = 1};
static const struct air_ops fused_air = {.name = "fused", .init = any_init, .keys = fused_air_keys, .key_count = 1};

const struct modem_ops *const *modem_all(void)
{
	static const struct modem_ops *const all[] = {&kiss, &fused_modem, &pins, &voice, NULL};
	return all;
}

const struct air_ops *const *air_all(void)
{
	static const struct air_ops *const all[] = {&aprs, &fused_air, NULL};
	return all;
}

const struct modem_ops *modem_find(const char *name)
{
	for (const struct modem_ops *const *modem = modem_all(); *modem; modem++)
		if (strcmp((*modem)->name, name) == 0)
			return *modem;
	return NULL;
}

const struct air_ops *air_find(const char *name)
{
	return strcmp(name, "aprs") == 0 ? &aprs : strcmp(name, "fused") == 0 ? &fused_air : NULL;
}

const char *port_check_device(const char *device)
{
	return device[0] == '/' || strncmp(device, "tcp://", 6) == 0 ? NULL : "is no device; write /dev/ttyUSB0";
}

#endif

static char directory[] = "/tmp/test-settings-XXXXXX";
static char settings_path[64];

static inline int set_up(void **state)
{
	(void)state;
	if (!mkdtemp(directory))
		return -1;
	snprintf(settings_path, sizeof(settings_path), "%s/s.yaml", directory);
	return 0;
}

static inline void remove_file(const char *name)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	unlink(path);
}

static inline int tear_down(void **state)
{
	(void)state;
	remove_file("s.yaml");
	remove_file("password");
	return rmdir(directory);
}

static inline const char *write_file(const char *name, const void *bytes, size_t size, mode_t mode)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	unlink(path);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, size), (ssize_t)size);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static inline struct settings *load(const char *text)
{
	write_file("s.yaml", text, strlen(text), 0600);
	struct settings *settings = settings_load(settings_path);
	assert_non_null(settings);
	return settings;
}

#define GATEWAY "gateway: {name: base1, operation: demo}\n"

/* The only error, behind the file's name. */
static inline void assert_only_error(const char *text, const char *expected)
{
	struct settings *settings = load(text);
	if (settings_error_count(settings) != 1)
		for (size_t i = 0; i < settings_error_count(settings); i++)
			print_error("%s\n", settings_error(settings, i));
	assert_int_equal(settings_error_count(settings), 1);
	assert_memory_equal(settings_error(settings, 0), settings_path, strlen(settings_path));
	assert_string_equal(settings_error(settings, 0) + strlen(settings_path) + 1, expected);
	settings_free(settings);
}

static inline void assert_only_warning(const char *text, size_t index, const char *expected)
{
	struct settings *settings = load(text);
	assert_int_equal(settings_error_count(settings), 0);
	assert_non_null(settings_warning(settings, index));
	assert_string_equal(settings_warning(settings, index) + strlen(settings_path) + 1, expected);
	settings_free(settings);
}
