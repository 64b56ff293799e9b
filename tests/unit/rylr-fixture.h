/* A RYLR module made of a table, and the driver that talks to it. */
#pragma once

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/driver_services.h"

static struct record record;
static struct driver_under_test *rylr;

/* ---- the module ---- */

struct setting {
	const char *name;
	char value[48];
	const char *at_start; /* NULL: stored */
};

static struct module {
	struct setting settings[10];
	size_t count;
	unsigned baud; /* it speaks, the line begins at 115200 */
	bool mute, asleep, deaf_to_sets;
	bool answers_send; /* false: the test does */
	unsigned sets;
	char sent[512]; /* the last AT+SEND */
	unsigned sends;
	const char *refused; /* name of a setting it answers +ERR=4 to */
} module;

static void set_module(const char *name, const char *value, const char *at_start)
{
	struct setting *setting = &module.settings[module.count++];
	setting->name = name;
	snprintf(setting->value, sizeof(setting->value), "%s", value);
	setting->at_start = at_start;
}

/* As it comes from the factory. */
static void new_module(void)
{
	module = (struct module){.baud = 115200, .answers_send = true};
	set_module("VER", "RYLR998_REYAX_V1.2.2", NULL);
	set_module("UID", "0123456789ABCDEF01234567", NULL);
	set_module("IPR", "115200", NULL);
	set_module("MODE", "0", "0");
	set_module("NETWORKID", "18", NULL);
	set_module("PARAMETER", "9,7,1,12", NULL);
	set_module("BAND", "915000000", "915000000");
	set_module("ADDRESS", "0", NULL);
	set_module("CRFOP", "22", NULL);
	set_module("CPIN", "No Password!", "No Password!");
}

static struct setting *setting_of(const char *name)
{
	for (size_t i = 0; i < module.count; i++)
		if (strcmp(module.settings[i].name, name) == 0)
			return &module.settings[i];
	return NULL;
}

static void say(const char *text)
{
	rylr->modem->input(rylr->state, (const uint8_t *)text, strlen(text));
}

static void say_setting(const char *name)
{
	char answer[96];
	struct setting *setting = setting_of(name);
	if (!setting || (module.refused && strcmp(module.refused, name) == 0)) {
		say("+ERR=4\r\n");
		return;
	}
	snprintf(answer, sizeof(answer), "+%s=%s\r\n", name, setting->value);
	say(answer);
}

static void set_setting(const char *name, const char *value)
{
	struct setting *setting = setting_of(name);
	module.sets++;
	if (!setting || (module.refused && strcmp(module.refused, name) == 0)) {
		say("+ERR=4\r\n");
		return;
	}
	if (!module.deaf_to_sets)
		snprintf(setting->value, sizeof(setting->value), "%.47s", value);
	if (strcmp(name, "MODE") == 0)
		module.asleep = false;
	say("+OK\r\n");
}

static void obey(char *line)
{
	if (module.asleep && strcmp(line, "AT+MODE=0") != 0)
		return;
	char *equals = strchr(line, '=');
	if (strcmp(line, "AT") == 0) {
		say("+OK\r\n");
	} else if (strncmp(line, "AT+SEND=", 8) == 0) {
		snprintf(module.sent, sizeof(module.sent), "%s", line);
		module.sends++;
		if (module.answers_send)
			say("+OK\r\n");
	} else if (line[strlen(line) - 1] == '?') {
		line[strlen(line) - 1] = 0;
		say_setting(line + 3);
	} else if (equals) {
		*equals = 0;
		set_setting(line + 3, equals + 1);
	}
}

/* The module takes everything that was written, and what that brings forth. */
static void serve(void)
{
	while (record.written_size) {
		char text[RECORD_BYTES_MAX + 1];
		size_t size = record.written_size;
		memcpy(text, record.written, size);
		text[size] = 0;
		record.written_size = 0;
		if (module.mute || (record.baud ? record.baud : 115200) != module.baud)
			continue;
		char *rest = text, *line;
		while ((line = strsep(&rest, "\n")) && rest) {
			assert_true(line[0] && line[strlen(line) - 1] == '\r');
			line[strlen(line) - 1] = 0;
			obey(line);
		}
	}
}

/* ---- the test's hands ---- */

static void ring(void)
{
	assert_true(record.alarm_us > 0);
	if (record.now_us < record.alarm_us)
		record.now_us = record.alarm_us;
	record.alarm_us = 0;
	rylr->modem->alarm(rylr->state);
	serve();
}

static void ring_until(int64_t at_us)
{
	while (record.alarm_us && record.alarm_us <= at_us)
		ring();
	record.now_us = at_us;
}

static void pass(int64_t us)
{
	ring_until(record.now_us + us);
}

static void make(const char *name, const struct driver_setting *settings)
{
	memset(&record, 0, sizeof(record));
	record.now_us = 1000000;
	record.lines[0] = -ENODEV;
	driver_under_test_free(rylr);
	rylr = modem_under_test(name, &record, settings);
}

static const struct driver_setting usual[] = {{"frequency_mhz", "868.1"}, {NULL, NULL}};

static void start(const struct driver_setting *settings)
{
	make("rylr998", settings ? settings : usual);
	assert_int_equal(rylr->init_result, 0);
	rylr->modem->opened(rylr->state);
	serve();
}

static void start_new(void)
{
	new_module();
	start(NULL);
}

static int stop(void **unused)
{
	(void)unused;
	driver_under_test_free(rylr);
	rylr = NULL;
	return 0;
}

static struct modem_status status(void)
{
	struct modem_status now;
	rylr->modem->status(rylr->state, &now);
	return now;
}

static void assert_value(const char *name, const char *value)
{
	assert_string_equal(setting_of(name)->value, value);
}

static int send_size(size_t size)
{
	static uint8_t bytes[300];
	return rylr->modem->send(rylr->state, &(struct datagram){.bytes = bytes, .size = size});
}

static void assert_sent(size_t index, enum send_result result, bool assumed, const char *code)
{
	assert_true(record.sent_count > index);
	assert_int_equal(record.sent[index].result, result);
	assert_int_equal(record.sent[index].assumed, assumed);
	assert_string_equal(record.sent[index].code, code);
}
