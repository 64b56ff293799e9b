/* The sa818 control on lines and a clock of the test's own. */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/driver_services.h"

enum { PTT, PD, HIGH_POWER, SQUELCH };

static struct record record;
static struct driver_under_test *sa818;

static const struct driver_setting vhf[] = {{"frequency_mhz", "144.8"}, {NULL, NULL}};

/* A control with its lines wired (or not), its port just opened. */
static void start_wired(const struct driver_setting *settings, bool wired)
{
	memset(&record, 0, sizeof(record));
	record.now_us = 1000000;
	for (size_t i = 0; i < RECORD_LINES_MAX; i++)
		record.lines[i] = wired ? 0 : -ENODEV;
	driver_under_test_free(sa818);
	sa818 = modem_under_test("sa818", &record, settings);
	assert_int_equal(sa818->init_result, 0);
	sa818->modem->opened(sa818->state);
}

static void start(const struct driver_setting *settings)
{
	start_wired(settings, true);
}

static int stop(void **unused)
{
	(void)unused;
	driver_under_test_free(sa818);
	sa818 = NULL;
	return 0;
}

/* Moves the clock to the alarm that is set and rings it. */
static void ring(void)
{
	assert_true(record.alarm_us > 0);
	if (record.now_us < record.alarm_us)
		record.now_us = record.alarm_us;
	record.alarm_us = 0;
	sa818->modem->alarm(sa818->state);
}

static void answer(const char *line)
{
	char bytes[96];
	int size = snprintf(bytes, sizeof(bytes), "%s\r\n", line);
	sa818->modem->input(sa818->state, (const uint8_t *)bytes, (size_t)size);
}

/* Rings until something is written; that must be this command. */
static void assert_asks(const char *command)
{
	char expected[96];
	int size = snprintf(expected, sizeof(expected), "%s\r\n", command);
	for (int i = 0; i < 8 && record.written_size == 0; i++)
		ring();
	record.written[record.written_size] = 0;
	assert_string_equal((const char *)record.written, expected);
	assert_int_equal(record.written_size, size);
	record.written_size = 0;
}

static void converse(const char *command, const char *reply)
{
	assert_asks(command);
	answer(reply);
}

static struct modem_status status(void)
{
	struct modem_status said = {0};
	sa818->modem->status(sa818->state, &said);
	return said;
}

static void configure(void)
{
	converse("AT+DMOCONNECT", "+DMOCONNECT:0");
	converse("AT+DMOSETGROUP=0,144.8000,144.8000,0000,2,0000", "+DMOSETGROUP:0");
	converse("AT+DMOREADGROUP", "+DMOREADGROUP:0,144.8000,144.8000,0000,2,0000");
	converse("AT+DMOSETVOLUME=6", "+DMOSETVOLUME:0");
	converse("AT+SETFILTER=1,1,1", "+DMOSETFILTER:0");
	converse("AT+SETTAIL=0", "+DMOSETTAIL:0");
	assert_false(status().ready);
	converse("AT+VERSION", "+VERSION:SA818_V4.2");
	ring();
	assert_true(status().ready);
}
