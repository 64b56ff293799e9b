/* An RNode made of a table, with a KISS reader of its own that follows the firmware's rules, and the driver that talks to it. */
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
static struct driver_under_test *rnode;

static struct board {
	uint8_t frequency[4], bandwidth[4], limits[2][2]; /* big-endian, as on the line */
	uint8_t power, spreading, coding, state;
	uint8_t power_max, platform, major, minor;
	bool mute, locked, full, no_ready;
	int frequency_offset_hz;
	uint8_t skipped;               /* a command it does not answer, 0 = none */
	unsigned sets, states, resets, /* settings, radio states, reboots it was told */
	    leaves;
	uint8_t data[600]; /* the last datagram */
	size_t data_size;
	unsigned datagrams;
} board;

static void new_board(void)
{
	board = (struct board){.power_max = 17, .platform = 0x80, .major = 1, .minor = 86};
}

/* What it says: a command and a body, escaped as the firmware does. */
static void say(uint8_t command, const uint8_t *body, size_t size)
{
	uint8_t bytes[2400];
	size_t used = 0;
	bytes[used++] = 0xc0;
	bytes[used++] = command;
	for (size_t i = 0; i < size; i++) {
		if (body[i] == 0xc0 || body[i] == 0xdb) {
			bytes[used++] = 0xdb;
			bytes[used++] = body[i] == 0xc0 ? 0xdc : 0xdd;
		} else {
			bytes[used++] = body[i];
		}
	}
	bytes[used++] = 0xc0;
	rnode->modem->input(rnode->state, bytes, used);
}

#define SAY(command, ...) say(command, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static uint32_t number(const uint8_t bytes[4])
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void take_number(uint8_t command, uint8_t stored[4], const uint8_t *body, size_t size)
{
	assert_int_equal(size, 4);
	if (number(body)) {
		memcpy(stored, body, 4);
		board.sets++;
	}
	uint32_t value = number(stored) + (command == 0x01 ? (uint32_t)board.frequency_offset_hz : 0);
	SAY(command, (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value);
}

static void take_byte(uint8_t command, uint8_t *stored, uint8_t value, uint8_t max)
{
	if (value != 0xff) {
		*stored = value > max ? max : value;
		board.sets++;
	}
	SAY(command, *stored);
}

static void take_state(uint8_t value)
{
	if (value != 0xff) {
		board.state = board.locked ? 0 : value;
		board.states++;
	}
	SAY(0x06, board.state);
}

static void answer_identity(uint8_t command)
{
	if (command == 0x48)
		SAY(0x48, board.platform);
	else if (command == 0x49)
		SAY(0x49, 0x81);
	else if (command == 0x50)
		SAY(0x50, board.major, board.minor);
	else
		fail_msg("command %02x, which a gateway must not send", command);
}

static void obey(uint8_t command, const uint8_t *body, size_t size)
{
	if (command == board.skipped && command)
		return;
	switch (command) {
	case 0x00:
		memcpy(board.data, body, size);
		board.data_size = size;
		board.datagrams++;
		break;
	case 0x01:
		take_number(command, board.frequency, body, size);
		break;
	case 0x02:
		take_number(command, board.bandwidth, body, size);
		break;
	case 0x03:
		take_byte(command, &board.power, body[0], board.power_max);
		break;
	case 0x04:
		take_byte(command, &board.spreading, body[0], 12);
		break;
	case 0x05:
		take_byte(command, &board.coding, body[0], 8);
		break;
	case 0x06:
		take_state(body[0]);
		break;
	case 0x08:
		assert_int_equal(body[0], 0x73);
		SAY(0x08, 0x46);
		break;
	case 0x0a:
		board.leaves++;
		break;
	case 0x0b:
	case 0x0c:
		assert_int_equal(size, 2);
		memcpy(board.limits[command - 0x0b], body, 2);
		SAY(command, body[0], body[1]);
		break;
	case 0x0f:
		if (!board.no_ready)
			SAY(0x0f, board.full ? 0 : 1);
		break;
	case 0x55:
		assert_int_equal(body[0], 0xf8);
		board.resets++;
		board.full = false;
		break;
	default:
		answer_identity(command);
	}
}

/* The board takes everything that was written: the C0 that closes a frame opens the next one, except behind data. */
static void serve(void)
{
	while (record.written_size) {
		uint8_t bytes[RECORD_BYTES_MAX], frame[600] = {0};
		size_t size = record.written_size, used = 0;
		bool in_frame = false, escaped = false;
		memcpy(bytes, record.written, size);
		record.written_size = 0;
		for (size_t i = 0; i < size && !board.mute; i++) {
			if (bytes[i] == 0xc0) {
				bool data = in_frame && used && frame[0] == 0x00;
				if (in_frame && used)
					obey(frame[0], frame + 1, used - 1);
				in_frame = !data;
				used = 0;
			} else if (in_frame && bytes[i] == 0xdb) {
				escaped = true;
			} else if (in_frame) {
				uint8_t plain = bytes[i] == 0xdc ? 0xc0 : 0xdb;
				assert_true(used < sizeof(frame));
				frame[used++] = escaped ? plain : bytes[i];
				escaped = false;
			}
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
	rnode->modem->alarm(rnode->state);
	serve();
}

static void pass(int64_t us)
{
	int64_t at_us = record.now_us + us;
	while (record.alarm_us && record.alarm_us <= at_us)
		ring();
	record.now_us = at_us;
}

static void make(const struct driver_setting *settings)
{
	memset(&record, 0, sizeof(record));
	record.now_us = 1000000;
	driver_under_test_free(rnode);
	rnode = modem_under_test("rnode", &record, settings);
	assert_int_equal(rnode->init_result, 0);
	rnode->modem->opened(rnode->state);
}

static const struct driver_setting usual[] = {{"frequency_mhz", "868.2"}, {NULL, NULL}};

static void start(const struct driver_setting *settings)
{
	make(settings ? settings : usual);
	pass(2100000);
}

static int stop(void **unused)
{
	(void)unused;
	driver_under_test_free(rnode);
	rnode = NULL;
	return 0;
}

static struct modem_status status(void)
{
	struct modem_status now;
	rnode->modem->status(rnode->state, &now);
	return now;
}

static void assert_text(const char *words)
{
	if (!strstr(status().text, words))
		fail_msg("\"%s\" has no \"%s\"", status().text, words);
}

/* STAT_CHTM: own airtime in the short and the long window, in per cent times 100; RSSI above the noise floor. */
static void say_channel(uint16_t airtime_short, uint16_t airtime_long, uint8_t above_noise)
{
	SAY(0x25, (uint8_t)(airtime_short >> 8), (uint8_t)airtime_short, (uint8_t)(airtime_long >> 8),
	    (uint8_t)airtime_long, 0, 100, 0, 10, (uint8_t)(47 + above_noise), 47, 0xff);
}
