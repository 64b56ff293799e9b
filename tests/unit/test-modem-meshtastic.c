/* The modem of a Meshtastic node: handshake, signs of life, its unspoken limits, and what became of what was sent. */
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

static void look(void)
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

static void say(const char *hex)
{
	struct bytes bytes = {.size = 0};
	append(&bytes, hex);
	modem->modem->input(modem->state, bytes.bytes, bytes.size);
}

/* FromRadio{config_complete_id} and FromRadio{queueStatus} by hand. */
static size_t put_varint(uint8_t *bytes, uint64_t value)
{
	size_t used = 0;
	for (; value > 127; value >>= 7)
		bytes[used++] = (uint8_t)(value | 128);
	bytes[used++] = (uint8_t)value;
	return used;
}

static void say_payload(const uint8_t *payload, size_t size)
{
	uint8_t frame[MESHTASTIC_FRAME_MAX];
	meshtastic_stream_header(size, frame);
	memcpy(frame + 4, payload, size);
	modem->modem->input(modem->state, frame, size + 4);
}

static void say_complete(uint32_t id)
{
	uint8_t payload[16] = {0x38};
	say_payload(payload, 1 + put_varint(payload + 1, id));
}

static void say_queue(int result, unsigned free, uint32_t id)
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

static void put_fixed(uint8_t *bytes, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

/* FromRadio{packet{from, to=own, decoded{ROUTING, 18 error, request_id}}} */
static void say_routing(uint32_t from, uint8_t error, uint32_t id)
{
	uint8_t payload[] = {0x12, 0x17, 0x0d, 0,    0,    0,    0,    0x15, 0, 0, 0, 0, 0x22,
			     0x0b, 0x08, 0x05, 0x12, 0x02, 0x18, 0x00, 0x35, 0, 0, 0, 0};
	put_fixed(payload + 3, from);
	put_fixed(payload + 8, OWN);
	payload[19] = error;
	put_fixed(payload + 21, id);
	say_payload(payload, sizeof(payload));
}

static void ring(void)
{
	assert_true(record.alarm_us >= record.now_us);
	record.now_us = record.alarm_us;
	modem->modem->alarm(modem->state);
}

/* Lets time pass; a node that answers heartbeats if it is to. */
static void pass(int64_t us, bool answers)
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

static struct modem_status status(void)
{
	struct modem_status status;
	modem->modem->status(modem->state, &status);
	return status;
}

static void new_modem(void)
{
	driver_under_test_free(modem);
	memset(&record, 0, sizeof(record));
	record.now_us = 1000000;
	record.wall_ms = INT64_C(1795470005) * 1000;
	modem = modem_under_test("meshtastic", &record, NULL);
	assert_int_equal(modem->init_result, 0);
	modem->modem->opened(modem->state);
}

static void configure(const char *lora)
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

static void up(void)
{
	new_modem();
	configure(FR_LORA);
	assert_true(status().ready);
	record_clear(&record);
}

static int send(uint32_t to, bool alert, const char *text)
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

static void assert_sent(size_t count, enum send_result result, bool assumed, const char *code)
{
	assert_int_equal(record.sent_count, count);
	assert_int_equal(record.sent[count - 1].result, result);
	assert_int_equal(record.sent[count - 1].assumed, assumed);
	assert_string_equal(record.sent[count - 1].code, code);
}

static void test_handshake(void **unused)
{
	(void)unused;
	new_modem();
	look();
	assert_int_equal(told.fill, 32);
	assert_int_equal(told.configs, 0);
	assert_int_equal(send(PEER, false, "x"), -ENOTCONN);
	configure(FR_LORA);
	assert_true(told.config_id == 0);
	assert_true(status().ready);
	assert_string_equal(status().model, "Meshtastic (43)");
	assert_string_equal(status().firmware, "2.7.18.abc");
	assert_string_equal(status().text, "");
	/* my_info, channel, settings of the radio and node went up; the rest is the modem's. */
	assert_int_equal(record.heard_count, 4);
	assert_int_equal(record.drop_count, 0);
}

static void test_wrong_config_id(void **unused)
{
	(void)unused;
	new_modem();
	ring();
	look();
	say_complete(told.config_id + 1);
	assert_false(status().ready);
	say_complete(told.config_id);
	assert_true(status().ready);
}

/* Entries of its database without an end: it is not waited for for ever, and what it hears arrives meanwhile. */
static void test_endless_config(void **unused)
{
	(void)unused;
	new_modem();
	for (int i = 0; i < 400; i++) {
		say(FR_NODEINFO);
		pass(1000000, false);
	}
	assert_false(status().ready);
	assert_int_equal(record_drops(&record, "meshtastic_unfinished"), 1);
	assert_non_null(strstr(status().text, "comes to no end"));
	look();
	assert_in_range(told.configs, 3, 5);
	size_t heard = record.heard_count;
	say(FR_ALERT_RX);
	assert_int_equal(record.heard_count, heard + 1);
}

/* A node that was left in the middle of its traffic, and did not hear the question, is asked again although it is not silent. */
static void test_deaf_and_busy(void **unused)
{
	(void)unused;
	new_modem();
	for (int i = 0; i < 8; i++) {
		pass(1000000, false);
		say(FR_TEXT);
	}
	look();
	assert_int_equal(told.configs, 2);
	say(FR_MYINFO);
	say_complete(told.config_id);
	assert_true(status().ready);
	/* Never: it is no stranger for that. */
	new_modem();
	for (int i = 0; i < 20; i++) {
		pass(1000000, false);
		say(FR_TEXT);
	}
	assert_int_equal(record_drops(&record, "meshtastic_unfinished"), 1);
	assert_int_equal(record_drops(&record, "meshtastic_wrong_device"), 0);
}

/* Nobody answers; then a device of another kind does. */
static void test_absent(void **unused)
{
	(void)unused;
	new_modem();
	pass(16000000, false);
	assert_int_equal(record_drops(&record, "meshtastic_absent"), 1);
	assert_non_null(strstr(status().text, "no Meshtastic node answers"));
	look();
	assert_int_equal(told.configs, 3);
	pass(60000000, false);
	static const struct {
		const char *bytes;
		size_t size;
		const char *name;
	} others[] = {{"$GNRMC,1", 8, "a GPS receiver"},
		      {"\xc0\x08\x46\xc0", 4, "an RNode"},
		      {"\x3e\x52\x00\x0d\x0d", 5, "a MeshCore node"}};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		modem->modem->opened(modem->state);
		modem->modem->input(modem->state, (const uint8_t *)others[i].bytes, others[i].size);
		pass(20000000, false);
		assert_non_null(strstr(status().text, others[i].name));
	}
	assert_int_equal(record_drops(&record, "meshtastic_wrong_device"), 3);
}

/* The other families are asked for a sign, once a round. */
static void test_asks_strangers(void **unused)
{
	(void)unused;
	static const uint8_t questions[] = {0xc0, 0x08, 0x73, 0xc0, 0x3c, 0x02, 0x00, 0x16, 0x03};
	new_modem();
	pass(16000000, false);
	assert_non_null(memmem(record.written, record.written_size, questions, sizeof(questions)));
}

static void test_region(void **unused)
{
	(void)unused;
	new_modem();
	configure(FR_LORA_UNSET);
	assert_false(status().ready);
	assert_non_null(strstr(status().text, "region"));
}

static void test_heartbeat(void **unused)
{
	(void)unused;
	up();
	pass(300000000, true);
	look();
	assert_int_equal(told.heartbeats, 5);
	assert_true(status().ready);
	/* Any frame is a sign. */
	pass(61000000, false);
	say(FR_TEXT);
	assert_true(status().ready);
	pass(75000000, false);
	assert_false(status().ready);
	assert_int_equal(record_drops(&record, "meshtastic_silent"), 1);
}

/* A node that starts anew prints text and is silent; it is set up again within seconds. */
static void test_reboot(void **unused)
{
	(void)unused;
	up();
	say("494e464f207c20626f6f740d0a");
	pass(11000000, false);
	assert_int_equal(record_drops(&record, "meshtastic_text"), 1);
	assert_int_equal(record_drops(&record, "meshtastic_silent"), 1);
	look();
	assert_int_equal(told.configs, 1);
	up();
	say(FR_REBOOTED);
	assert_int_equal(record_drops(&record, "meshtastic_reboot"), 1);
	assert_false(status().ready);
	/* Text of a node that lives changes nothing. */
	up();
	say("494e464f207c20626f6f740d0a");
	pass(30000000, true);
	assert_true(status().ready);
	look();
	assert_int_equal(told.configs, 0);
}

static void test_direct(void **unused)
{
	(void)unused;
	up();
	assert_int_equal(send(PEER, false, "hello"), 0);
	look();
	assert_int_equal(told.packets, 1);
	assert_int_not_equal(told.packet.id, 0);
	assert_int_equal(send(PEER, false, "more"), -EAGAIN);
	say_queue(0, 15, told.packet.id);
	assert_sent(1, SEND_ON_AIR, true, "");
	/* Somebody repeated it; that is no delivery. */
	say_routing(OWN, 0, told.packet.id);
	assert_int_equal(record.sent_count, 1);
	say_routing(PEER + 1, 0, told.packet.id);
	say_routing(PEER, 0, told.packet.id + 1);
	assert_int_equal(record.sent_count, 1);
	say_routing(PEER, 0, told.packet.id);
	assert_sent(2, SEND_CONFIRMED, false, "");
}

static void test_failures(void **unused)
{
	(void)unused;
	static const struct {
		uint8_t error;
		const char *code;
	} cases[] = {{5, "no_ack"},   {1, "no_route"}, {6, "no_channel"},
		     {7, "too_long"}, {35, "no_key"},  {99, "refused"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		up();
		assert_int_equal(send(PEER, false, "hello"), 0);
		look();
		say_queue(0, 15, told.packet.id);
		say_routing(OWN, cases[i].error, told.packet.id);
		assert_sent(2, SEND_FAILED, false, cases[i].code);
	}
	static const struct {
		int result;
		const char *code;
	} refused[] = {{33, "no_radio"}, {34, "tx_disabled"}, {7, "too_long"}};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		up();
		assert_int_equal(send(PEER, false, "hello"), 0);
		look();
		say_queue(refused[i].result, 15, told.packet.id);
		assert_sent(1, SEND_FAILED, false, refused[i].code);
	}
	up();
	assert_int_equal(send(PEER, false, "hello"), 0);
	look();
	say_queue(0, 15, told.packet.id);
	pass(61000000, true);
	assert_sent(2, SEND_FAILED, false, "no_ack");
	/* No word at all. */
	up();
	assert_int_equal(send(PEER, false, "hello"), 0);
	pass(30000000, true);
	assert_sent(1, SEND_FAILED, false, "no_answer");
}

static void test_broadcast(void **unused)
{
	(void)unused;
	static const uint8_t known[] = {0, 5}; /* repeated by a neighbour; given up because none did */
	for (size_t i = 0; i < sizeof(known); i++) {
		up();
		assert_int_equal(send(MESHTASTIC_BROADCAST, false, "hello"), 0);
		look();
		say_queue(0, 15, told.packet.id);
		say_routing(OWN, known[i], told.packet.id);
		assert_sent(2, SEND_DONE, false, "");
	}
	up();
	assert_int_equal(send(MESHTASTIC_BROADCAST, false, "hello"), 0);
	look();
	say_queue(0, 15, told.packet.id);
	pass(61000000, true);
	assert_sent(2, SEND_DONE, true, "");
}

/* The node would throw away a second text within 2 s, and a second alert within 10 s while it says that it took it. */
static void test_pace(void **unused)
{
	(void)unused;
	up();
	assert_int_equal(send(MESHTASTIC_BROADCAST, false, "one"), 0);
	look();
	say_queue(0, 15, told.packet.id);
	say_routing(OWN, 0, told.packet.id);
	assert_int_equal(send(MESHTASTIC_BROADCAST, false, "two"), 0);
	look();
	assert_int_equal(told.packets, 0);
	pass(2000000, true);
	look();
	assert_int_equal(told.packets, 0);
	pass(200000, true);
	look();
	assert_int_equal(told.packets, 1);
	up();
	int64_t last_us = 0;
	for (int i = 0; i < 12; i++) {
		assert_int_equal(send(MESHTASTIC_BROADCAST, true, "leave"), 0);
		while (look(), told.packets == 0)
			pass(100000, true);
		assert_int_equal(told.packet.priority, 110);
		if (told.packet.content.decoded.port == 11) {
			assert_true(last_us == 0 || record.now_us - last_us > 10000000);
			last_us = record.now_us;
		} else {
			assert_int_equal(told.packet.content.decoded.port, 1);
		}
		say_queue(0, 15, told.packet.id);
		say_routing(OWN, 0, told.packet.id);
		pass(500000, true);
	}
}

/* An alert of which nothing is heard goes again as a text, with another number. */
static void test_alert_is_repeated(void **unused)
{
	(void)unused;
	up();
	assert_int_equal(send(MESHTASTIC_BROADCAST, true, "leave"), 0);
	look();
	uint32_t id = told.packet.id;
	assert_int_equal(told.packet.content.decoded.port, 11);
	say_queue(0, 15, id);
	pass(21000000, true);
	look();
	assert_int_equal(told.packets, 1);
	assert_int_equal(told.packet.content.decoded.port, 1);
	assert_int_equal(told.packet.priority, 110);
	assert_int_not_equal(told.packet.id, id);
	assert_int_equal(record_drops(&record, "meshtastic_alert_repeated"), 1);
	say_queue(0, 15, told.packet.id);
	say_routing(OWN, 0, told.packet.id);
	assert_sent(2, SEND_DONE, false, "");
}

/* Refused for its duty cycle, by either word: given back, and nothing is taken until the time is over. */
static void test_duty_cycle(void **unused)
{
	(void)unused;
	for (int way = 0; way < 2; way++) {
		up();
		assert_int_equal(send(MESHTASTIC_BROADCAST, true, "leave"), 0);
		look();
		if (way == 0)
			say_queue(9, 15, told.packet.id);
		else
			say_routing(OWN, 9, told.packet.id);
		assert_sent(1, SEND_GIVEN_BACK, false, "");
		assert_false(status().ready);
		assert_non_null(strstr(status().text, "duty cycle"));
		assert_int_equal(send(MESHTASTIC_BROADCAST, true, "leave"), -EAGAIN);
		pass(59000000, true);
		assert_false(status().ready);
		size_t changes = record.changes;
		pass(2000000, true);
		assert_true(status().ready);
		assert_true(record.changes > changes);
		assert_string_equal(status().text, "");
		assert_int_equal(send(MESHTASTIC_BROADCAST, true, "leave"), 0);
	}
}

/* A text that came too soon for the node, because another host had just sent one: it goes again, and no alert waits for that. */
static void test_rate_limit(void **unused)
{
	(void)unused;
	up();
	assert_int_equal(send(MESHTASTIC_BROADCAST, false, "x"), 0);
	look();
	say_queue(0, 15, told.packet.id);
	say_routing(OWN, 38, told.packet.id);
	assert_sent(2, SEND_GIVEN_BACK, false, "");
	assert_true(status().ready);
	assert_int_equal(record_drops(&record, "meshtastic_rate_limit"), 1);
	assert_int_equal(send(MESHTASTIC_BROADCAST, true, "leave"), 0);
	look();
	assert_int_equal(told.packets, 1);
	assert_int_equal(told.packet.content.decoded.port, 11);
	/* An alert goes at once as a text. */
	say_routing(OWN, 38, told.packet.id);
	assert_int_equal(send(MESHTASTIC_BROADCAST, true, "leave"), 0);
	pass(2200000, true);
	look();
	assert_int_equal(told.packets, 1);
	assert_int_equal(told.packet.content.decoded.port, 1);
	assert_int_equal(told.packet.priority, 110);
}

static void test_room(void **unused)
{
	(void)unused;
	up();
	assert_int_equal(send(MESHTASTIC_BROADCAST, false, "x"), 0);
	look();
	say_queue(32, 0, told.packet.id);
	assert_sent(1, SEND_GIVEN_BACK, false, "");
	assert_non_null(strstr(status().text, "Texts wait"));
	assert_int_equal(send(MESHTASTIC_BROADCAST, false, "x"), -EAGAIN);
	/* It is asked for room. */
	pass(5100000, false);
	look();
	assert_int_equal(told.heartbeats, 1);
	/* For an alert the node throws out another packet, if one is less urgent. */
	assert_true(status().ready);
	assert_int_equal(send(MESHTASTIC_BROADCAST, true, "x"), 0);
	look();
	assert_int_equal(told.packet.priority, 110);
	say_queue(32, 0, told.packet.id);
	assert_sent(2, SEND_GIVEN_BACK, false, "");
	assert_false(status().ready);
	assert_non_null(strstr(status().text, "Even alerts wait"));
	pass(5100000, false);
	say_queue(0, 0, 0);
	assert_false(status().ready);
	say_queue(0, 2, 0);
	assert_true(status().ready);
	assert_string_equal(status().text, "");
	/* The last places are for alerts. */
	assert_int_equal(send(MESHTASTIC_BROADCAST, false, "x"), -EAGAIN);
	assert_int_equal(send(MESHTASTIC_BROADCAST, true, "x"), 0);
}

static void test_hurry(void **unused)
{
	(void)unused;
	up();
	modem->modem->hurry(modem->state);
	assert_int_equal(record.sent_count, 0);
	assert_int_equal(send(PEER, false, "x"), 0);
	look();
	/* The node has not said yet whether it takes it. */
	modem->modem->hurry(modem->state);
	assert_int_equal(record.sent_count, 0);
	say_queue(0, 15, told.packet.id);
	modem->modem->hurry(modem->state);
	assert_sent(2, SEND_DONE, true, "");
	assert_int_equal(send(PEER, false, "y"), 0);
	modem->modem->hurry(modem->state);
	assert_sent(3, SEND_GIVEN_BACK, false, "");
	assert_int_equal(send(PEER, true, "z"), 0);
	look();
	assert_int_equal(told.packets, 1);
}

/* Hurried while the node has not said whether it takes it: nothing is waited for once it says so, or says nothing. */
static void test_hurry_before_the_word(void **unused)
{
	(void)unused;
	up();
	assert_int_equal(send(PEER, false, "x"), 0);
	look();
	modem->modem->hurry(modem->state);
	assert_int_equal(record.sent_count, 0);
	say_queue(0, 15, told.packet.id);
	assert_sent(2, SEND_DONE, true, "");
	assert_int_equal(record.sent[0].result, SEND_ON_AIR);
	up();
	assert_int_equal(send(PEER, false, "x"), 0);
	modem->modem->hurry(modem->state);
	pass(2000000, true);
	assert_sent(1, SEND_FAILED, false, "no_answer");
	/* Its word is overdue already. */
	up();
	assert_int_equal(send(PEER, false, "x"), 0);
	pass(3000000, true);
	assert_int_equal(record.sent_count, 0);
	modem->modem->hurry(modem->state);
	assert_sent(1, SEND_FAILED, false, "no_answer");
	up();
	assert_int_equal(send(PEER, true, "x"), 0);
	pass(3000000, true);
	modem->modem->hurry(modem->state);
	assert_sent(1, SEND_GIVEN_BACK, false, "");
}

static void test_lost(void **unused)
{
	(void)unused;
	up();
	assert_int_equal(send(PEER, false, "x"), 0);
	modem->modem->opened(modem->state);
	assert_sent(1, SEND_FAILED, false, "port_reopened");
	up();
	assert_int_equal(send(PEER, true, "x"), 0);
	say(FR_REBOOTED);
	assert_sent(1, SEND_GIVEN_BACK, false, "");
}

/* A frame whose end never comes. */
static void test_torn(void **unused)
{
	(void)unused;
	up();
	say("94c30044080712400d201d3c4315ffffffff2216");
	pass(1500000, true);
	assert_int_equal(record_drops(&record, "meshtastic_torn"), 1);
	say(FR_POS);
	assert_int_equal(record.heard_count, 1);
	/* Torn around a whole one. */
	up();
	say("94c30200" FR_TEXT "00");
	pass(1500000, true);
	assert_int_equal(record.heard_count, 1);
	up();
	say("94c3");
	modem->modem->opened(modem->state);
	assert_int_equal(record_drops(&record, "meshtastic_torn"), 1);
}

/* The key of somebody's node in the database is a frame: it stays a key, and the entry is taken as soon as it is seen that it is whole. */
static void test_hostile_key(void **unused)
{
	(void)unused;
	up();
	say(FR_NODE_HOSTILE);
	assert_int_equal(record.heard_count, 0);
	say(FR_TEXT);
	assert_int_equal(record.heard_count, 2);
	say(FR_NODE_HOSTILE);
	pass(1100000, true);
	assert_int_equal(record.heard_count, 3);
	say(FR_NODE_HOSTILE);
	modem->modem->opened(modem->state);
	assert_int_equal(record.heard_count, 4);
	assert_int_equal(record.drop_count, 0);
}

static void test_examine(void **unused)
{
	(void)unused;
	new_modem();
	assert_int_equal(modem->modem->examine(modem->state, MODEM_TEST), -ENOTCONN);
	up();
	assert_int_equal(modem->modem->examine(modem->state, MODEM_SCAN), -EOPNOTSUPP);
	assert_int_equal(modem->modem->examine(modem->state, MODEM_TEST), 0);
	assert_int_equal(modem->modem->examine(modem->state, MODEM_TEST), -EBUSY);
	say_queue(0, 12, 0);
	assert_true(record.examined);
	assert_string_equal(record.examined_error, "");
	assert_string_equal(record.findings[0].value, "mt-0a0b0c0d");
	assert_string_equal(record.findings[record.finding_count - 1].value, "12 of 16");
}

static void test_goodbye(void **unused)
{
	(void)unused;
	uint8_t bytes[16];
	up();
	assert_int_equal(modem->modem->goodbye(modem->state, bytes, sizeof(bytes)), 6);
	assert_memory_equal(bytes, "\x94\xc3\x00\x02\x20\x01", 6);
	/* SF11 at 250 kHz */
	assert_in_range(modem->modem->airtime_us(modem->state, 50), 500000, 900000);
}

static int free_modem(void **state)
{
	(void)state;
	driver_under_test_free(modem);
	modem = NULL;
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_handshake),
	    cmocka_unit_test(test_wrong_config_id),
	    cmocka_unit_test(test_endless_config),
	    cmocka_unit_test(test_deaf_and_busy),
	    cmocka_unit_test(test_absent),
	    cmocka_unit_test(test_asks_strangers),
	    cmocka_unit_test(test_region),
	    cmocka_unit_test(test_heartbeat),
	    cmocka_unit_test(test_reboot),
	    cmocka_unit_test(test_direct),
	    cmocka_unit_test(test_failures),
	    cmocka_unit_test(test_broadcast),
	    cmocka_unit_test(test_pace),
	    cmocka_unit_test(test_alert_is_repeated),
	    cmocka_unit_test(test_duty_cycle),
	    cmocka_unit_test(test_rate_limit),
	    cmocka_unit_test(test_room),
	    cmocka_unit_test(test_hurry),
	    cmocka_unit_test(test_hurry_before_the_word),
	    cmocka_unit_test(test_lost),
	    cmocka_unit_test(test_torn),
	    cmocka_unit_test(test_hostile_key),
	    cmocka_unit_test(test_examine),
	    cmocka_unit_test(test_goodbye),
	};
	return cmocka_run_group_tests(tests, NULL, free_modem);
}
