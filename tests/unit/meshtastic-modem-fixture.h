/* What the tests of a Meshtastic node's modem share: what the node says, what the driver wrote, and the clock. Included by one file of a
 * program. */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/meshtastic.h"
#include "drivers/codec/meshtastic_stream.h"
#include "tests/support/driver_services.h"
#include "tests/unit/meshtastic-fixture.h"

enum { OWN = 0x0a0b0c0d, PEER = 0x433c1d20 };

static struct record record;
static struct driver_under_test *modem;

/* What the driver wrote since it was asked last. */
static struct told {
	mt_ToRadio last;
	size_t packets, heartbeats, configs, fill;
	uint32_t config_id;
	mt_MeshPacket packet;
} told;

static inline void look(void)
{
	struct meshtastic_stream stream = {0};
	const uint8_t *bytes = record.written;
	size_t size = record.written_size;
	enum meshtastic_stream_event event;
	memset(&told, 0, sizeof(told));
	for (size_t i = 0; i < size; i++)
		told.fill += bytes[i] == 0xc3 && (i == 0 || bytes[i - 1] != 0x94);
	while ((event = meshtastic_stream_read(&stream, &bytes, &size)) != MESHTASTIC_NEED_MORE) {
		if (event != MESHTASTIC_FRAME)
			continue;
		assert_true(meshtastic_unpack(stream.payload, stream.payload_size, &told.last));
		if (told.last.which_content == mt_ToRadio_heartbeat_tag)
			told.heartbeats++;
		if (told.last.which_content == mt_ToRadio_want_config_id_tag) {
			told.configs++;
			told.config_id = told.last.content.want_config_id;
		}
		if (told.last.which_content == mt_ToRadio_packet_tag) {
			told.packets++;
			told.packet = told.last.content.packet;
		}
	}
	record.written_size = 0;
}

static inline void say(const char *hex)
{
	struct bytes bytes = {.size = 0};
	append(&bytes, hex);
	modem->modem->input(modem->state, bytes.bytes, bytes.size);
}

/* FromRadio{config_complete_id} and FromRadio{queueStatus} by hand. */
static inline size_t put_varint(uint8_t *bytes, uint64_t value)
{
	size_t used = 0;
	for (; value > 127; value >>= 7)
		bytes[used++] = (uint8_t)(value | 128);
	bytes[used++] = (uint8_t)value;
	return used;
}

static inline void say_payload(const uint8_t *payload, size_t size)
{
	uint8_t frame[MESHTASTIC_FRAME_MAX];
	meshtastic_stream_header(size, frame);
	memcpy(frame + 4, payload, size);
	modem->modem->input(modem->state, frame, size + 4);
}

static inline void say_complete(uint32_t id)
{
	uint8_t payload[16] = {0x38};
	say_payload(payload, 1 + put_varint(payload + 1, id));
}

static inline void say_queue(int result, unsigned free, uint32_t id)
{
	uint8_t inner[32], payload[40] = {0x5a};
	size_t used = 0;
	inner[used++] = 0x08;
	used += put_varint(inner + used, (uint64_t)result);
	inner[used++] = 0x10;
	used += put_varint(inner + used, free);
	inner[used++] = 0x18;
	inner[used++] = 16;
	inner[used++] = 0x20;
	used += put_varint(inner + used, id);
	payload[1] = (uint8_t)used;
	memcpy(payload + 2, inner, used);
	say_payload(payload, used + 2);
}

static inline void put_fixed(uint8_t *bytes, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

/* FromRadio{packet{from, to=own, decoded{port, 18 error, request_id}}} */
static inline void say_answer(uint8_t port, uint32_t from, uint8_t error, uint32_t id)
{
	uint8_t payload[] = {0x12, 0x17, 0x0d, 0,    0,    0,    0,    0x15, 0, 0, 0, 0, 0x22,
			     0x0b, 0x08, 0x05, 0x12, 0x02, 0x18, 0x00, 0x35, 0, 0, 0, 0};
	put_fixed(payload + 3, from);
	put_fixed(payload + 8, OWN);
	payload[15] = port;
	payload[19] = error;
	put_fixed(payload + 21, id);
	say_payload(payload, sizeof(payload));
}

static inline void say_routing(uint32_t from, uint8_t error, uint32_t id)
{
	say_answer(5, from, error, id);
}

static inline void ring(void)
{
	assert_true(record.alarm_us >= record.now_us);
	record.now_us = record.alarm_us;
	modem->modem->alarm(modem->state);
}

/* Lets time pass; a node that answers heartbeats if it is to. */
static inline void pass(int64_t us, bool answers)
{
	int64_t end_us = record.now_us + us;
	while (record.alarm_us && record.alarm_us <= end_us) {
		size_t before = record.written_size;
		ring();
		if (answers && record.written_size - before == 6 &&
		    memcmp(record.written + before, "\x94\xc3\0\2\x3a\0", 6) == 0)
			say_queue(0, 16, 0);
	}
	record.now_us = end_us;
}

static inline struct modem_status status(void)
{
	struct modem_status status;
	modem->modem->status(modem->state, &status);
	return status;
}

static inline void new_modem(void)
{
	driver_under_test_free(modem);
	memset(&record, 0, sizeof(record));
	record.now_us = 1000000;
	record.wall_ms = INT64_C(1795470005) * 1000;
	modem = modem_under_test("meshtastic", &record, NULL);
	assert_int_equal(modem->init_result, 0);
	modem->modem->opened(modem->state);
}

static inline void configure(const char *lora)
{
	ring();
	look();
	assert_int_equal(told.configs, 1);
	say(FR_MYINFO);
	say(FR_METADATA);
	say(FR_CHANNEL);
	say(lora);
	say(FR_NODEINFO);
	assert_false(status().ready);
	say_complete(told.config_id);
	ring(); /* the first heartbeat */
	say_queue(0, 16, 0);
	look();
	assert_int_equal(told.heartbeats, 1);
}

static inline void up(void)
{
	new_modem();
	configure(FR_LORA);
	assert_true(status().ready);
	record_clear(&record);
}

static inline int send(uint32_t to, bool alert, const char *text)
{
	uint8_t bytes[400];
	mt_ToRadio message = mt_ToRadio_init_zero;
	mt_MeshPacket *packet = &message.content.packet;
	message.which_content = mt_ToRadio_packet_tag;
	packet->which_content = mt_MeshPacket_decoded_tag;
	packet->to = to;
	packet->want_ack = true;
	packet->priority = alert ? 110 : 0;
	packet->content.decoded.port = alert ? 11 : 1;
	packet->content.decoded.payload.size = (pb_size_t)strlen(text);
	memcpy(packet->content.decoded.payload.bytes, text, strlen(text));
	size_t size = meshtastic_pack(&message, bytes, sizeof(bytes));
	return modem->modem->send(modem->state, &(struct datagram){.bytes = bytes, .size = size});
}

static inline void assert_sent(size_t count, enum send_result result, bool assumed, const char *code)
{
	assert_int_equal(record.sent_count, count);
	assert_int_equal(record.sent[count - 1].result, result);
	assert_int_equal(record.sent[count - 1].assumed, assumed);
	assert_string_equal(record.sent[count - 1].code, code);
}

static inline int free_modem(void **state)
{
	(void)state;
	driver_under_test_free(modem);
	modem = NULL;
	return 0;
}
