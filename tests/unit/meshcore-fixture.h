/* A MeshCore node made of a table, and the driver that talks to it. */
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

#include "drivers/codec/meshcore.h"
#include "tests/support/driver_services.h"

enum { QUEUE_MAX = 64, COMMANDS_MAX = 512 };

static struct record record;
static struct driver_under_test *meshcore;

static struct node {
	bool mute, unasked, no_query, no_stats; /* unasked: DEVICE_QUERY is an error */
	uint8_t version, channels, contacts;
	uint8_t app_version; /* as it was told */
	uint32_t time_s, uptime_s, since;
	bool clock_refused;
	size_t waiting, taken; /* messages in its queue; given out */
	uint8_t ack;           /* counts up with each message it sends */
	bool flood;
	unsigned errors; /* answers to the next sends: table full */
	bool no_contact; /* answer to sends: not found */
	bool deaf_to_sends;
	bool list_stops;        /* in the middle of its contacts */
	bool no_self;           /* APP_START is an error */
	bool no_contact_by_key; /* it has no answer to GET_CONTACT */
	uint8_t deaf_to;        /* that command, so many times */
	unsigned deaf_times;
	uint8_t key; /* the first byte of its own */
	uint8_t commands[COMMANDS_MAX][MESHCORE_PAYLOAD_MAX];
	size_t sizes[COMMANDS_MAX], count;
	size_t read; /* of record.written */
} node;

static void new_node(void)
{
	node = (struct node){.version = 13,
			     .channels = 2,
			     .contacts = 1,
			     .time_s = 1795470000,
			     .uptime_s = 100,
			     .flood = true,
			     .key = 0x0b};
}

static void __attribute__((unused)) raw(const void *bytes, size_t size)
{
	meshcore->modem->input(meshcore->state, bytes, size);
}

static void say(const uint8_t *payload, size_t size)
{
	uint8_t frame[MESHCORE_FRAME_MAX];
	frame[0] = 0x3e;
	frame[1] = (uint8_t)size;
	frame[2] = 0;
	memcpy(frame + 3, payload, size);
	raw(frame, size + 3);
}

#define SAY(...) say((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void say_number(uint8_t code, uint32_t number)
{
	SAY(code, (uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16), (uint8_t)(number >> 24));
}

static void say_device(void)
{
	uint8_t payload[82] = {13, node.version, 175, node.channels};
	memcpy(payload + 20, "Board", 5);
	memcpy(payload + 60, "v1.17.1", 7);
	say(payload, sizeof(payload));
}

static void say_self(void)
{
	uint8_t payload[62] = {5, 1, 22, 22, node.key, 0x0a, 0x5e};
	static const uint8_t radio[] = {0xf2, 0x44, 0x0d, 0x00, 0x24, 0xf4, 0x00, 0x00, 8, 5};
	memcpy(payload + 48, radio, sizeof(radio));
	memcpy(payload + 58, "Base", 4);
	say(payload, sizeof(payload));
}

static void say_contact(uint8_t code, uint8_t first, uint32_t advert_s)
{
	uint8_t payload[148] = {code, first, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 7};
	payload[33] = 1;
	memcpy(payload + 100, "FT4", 3);
	for (int i = 0; i < 4; i++)
		payload[132 + i] = payload[144 + i] = (uint8_t)(advert_s >> 8 * i);
	memcpy(payload + 136, "\x0c\xfb\xed\x00\xb8\x6e\xf0\x01", 8);
	say(payload, sizeof(payload));
}

static void say_message(void)
{
	uint8_t payload[26] = {node.app_version >= 3 ? 16 : 7, 0xef};
	size_t at = node.app_version >= 3 ? 4 : 1;
	memcpy(payload + at, "\xa1\xb2\xc3\xd4\xe5\xf6\x02\x00\xb0\xb2\x04\x6bnumber", 18);
	payload[at + 8] = (uint8_t)node.taken++;
	node.waiting--;
	say(payload, at + 18);
}

static void answer_contacts(const uint8_t *payload, size_t size)
{
	uint32_t since = 0;
	meshcore_read_number(payload, size, &since);
	node.since = since;
	say_number(2, node.contacts);
	for (uint8_t i = 0; i < node.contacts && !since; i++)
		say_contact(3, (uint8_t)(0xa1 + i), 1795469000);
	if (node.list_stops)
		return;
	say_number(4, 1795469100);
}

static void answer_send(uint8_t code)
{
	if (node.deaf_to_sends)
		return;
	if (node.errors) {
		node.errors--;
		SAY(1, 3);
	} else if (node.no_contact) {
		SAY(1, 2);
	} else if (code == MESHCORE_SEND_CHANNEL_TEXT) {
		SAY(0);
	} else {
		SAY(6, node.flood, 0xac, 0xac, 0xac, ++node.ack, 0x54, 0x24, 0, 0);
	}
}

static void answer_query(const uint8_t *payload)
{
	if (node.unasked)
		SAY(1, 1);
	else {
		node.app_version = payload[1];
		say_device();
	}
}

static void answer_set_time(const uint8_t *payload, size_t size)
{
	uint32_t time_s = 0;
	meshcore_read_number(payload, size, &time_s);
	node.clock_refused = time_s < node.time_s;
	if (node.clock_refused) {
		SAY(1, 6);
		return;
	}
	node.time_s = time_s;
	SAY(0);
}

static void answer_stats(uint8_t type)
{
	if (node.no_stats)
		SAY(1, 1);
	else if (type == 0)
		SAY(24, 0, 0xd2, 0x0f, (uint8_t)node.uptime_s, (uint8_t)(node.uptime_s >> 8), 0, 0, 0, 0, 2);
	else if (type == 1)
		SAY(24, 1, 0x98, 0xff, 0xa0, 0xef, 10, 0, 0, 0, 20, 0, 0, 0);
	else
		SAY(24, 2, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

static void answer(const uint8_t *payload, size_t size)
{
	if (node.deaf_times && payload[0] == node.deaf_to) {
		node.deaf_times--;
		return;
	}
	switch (payload[0]) {
	case MESHCORE_DEVICE_QUERY:
		answer_query(payload);
		break;
	case MESHCORE_APP_START:
		if (node.no_self)
			SAY(1, 4);
		else
			say_self();
		break;
	case MESHCORE_GET_TIME:
		say_number(9, node.time_s);
		break;
	case MESHCORE_SET_TIME:
		answer_set_time(payload, size);
		break;
	case MESHCORE_GET_CHANNEL: {
		uint8_t channel[50] = {18, payload[1], 'P'};
		memset(channel + 34, 0x5e, 16);
		if (payload[1] < node.channels)
			say(channel, sizeof(channel));
		else
			SAY(1, 2);
		break;
	}
	case MESHCORE_GET_CONTACTS:
		answer_contacts(payload, size);
		break;
	case MESHCORE_GET_CONTACT:
		if (!node.no_contact_by_key)
			say_contact(3, payload[1], 1795470500);
		break;
	case MESHCORE_SYNC_NEXT:
		if (node.waiting)
			say_message();
		else
			SAY(10);
		break;
	case MESHCORE_GET_STATS:
		answer_stats(payload[1]);
		break;
	case MESHCORE_RESET_PATH:
		node.flood = true;
		SAY(0);
		break;
	default:
		answer_send(payload[0]);
	}
}

/* Reads what the driver has written, and answers until it writes no more. */
static void serve(void)
{
	while (node.read < record.written_size) {
		const uint8_t *at = record.written + node.read;
		if (at[0] != 0x3c) {
			node.read++;
			continue;
		}
		size_t size = at[1];
		assert_true(node.count < COMMANDS_MAX && node.read + 3 + size <= record.written_size);
		memcpy(node.commands[node.count], at + 3, size);
		node.sizes[node.count++] = size;
		node.read += 3 + size;
		if (!node.mute)
			answer(at + 3, size);
		if (node.read == record.written_size)
			node.read = record.written_size = 0;
	}
}

/* Lets time pass, alarm by alarm. */
static void pass(int64_t time_us)
{
	int64_t until_us = record.now_us + time_us;
	serve();
	for (int i = 0, idle = 0; record.alarm_us && record.alarm_us <= until_us; i++) {
		/* An alarm that is due again at once, and again, would keep the processor busy. */
		idle = record.alarm_us > record.now_us ? 0 : idle + 1;
		assert_true(idle < 100 && i < 10000);
		if (record.alarm_us > record.now_us)
			record.now_us = record.alarm_us;
		record.alarm_us = 0;
		meshcore->modem->alarm(meshcore->state);
		serve();
	}
	record.now_us = until_us;
}

static void make(const struct driver_setting *settings)
{
	memset(&record, 0, sizeof(record));
	record.now_us = 1000000;
	record.wall_ms = INT64_C(1795470000) * 1000;
	meshcore = modem_under_test("meshcore", &record, settings);
	assert_int_equal(meshcore->init_result, 0);
	meshcore->modem->opened(meshcore->state);
}

static struct modem_status status(void)
{
	struct modem_status found;
	meshcore->modem->status(meshcore->state, &found);
	return found;
}

static void __attribute__((unused)) start(const struct driver_setting *settings)
{
	make(settings);
	pass(1000000);
}

static size_t __attribute__((unused)) commands(uint8_t code)
{
	size_t count = 0;
	for (size_t i = 0; i < node.count; i++)
		count += node.commands[i][0] == code;
	return count;
}

/* How many frames with that code were handed up. */
static size_t __attribute__((unused)) heard(uint8_t code)
{
	size_t count = 0, at = 0;
	for (size_t i = 0; i < record.heard_count && i < RECORD_DATAGRAMS_MAX; i++) {
		count += record.heard[at] == code;
		at += record.heard_sizes[i];
	}
	return count;
}

static int teardown(void **unused)
{
	(void)unused;
	driver_under_test_free(meshcore);
	meshcore = NULL;
	return 0;
}
