/* MeshCore as messages: every frame with what must come of it, who is taken for whom, clocks that are wrong, and what is said. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/meshcore.h"
#include "tests/support/driver_services.h"

#define WALL_MS (INT64_C(1795470030) * 1000)

static struct record record;
static struct driver_under_test *air;

static int setup(void **unused)
{
	(void)unused;
	memset(&record, 0, sizeof(record));
	record.wall_ms = WALL_MS;
	air = air_under_test("meshcore", &record, NULL);
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	driver_under_test_free(air);
	return 0;
}

static void hear(const void *payload, size_t size)
{
	const double unknown = NAN;
	struct datagram datagram = {.bytes = payload, .size = size, .rssi_dbm = unknown, .snr_db = unknown};
	air->air->input(air->state, &datagram);
}

#define HEAR(text) hear(text, sizeof(text) - 1)

static void hear_key(uint8_t code, uint8_t first, uint8_t last, const char *name, uint32_t advert_s, uint32_t changed_s)
{
	uint8_t payload[148] = {code, first, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 7, [32] = last};
	payload[33] = 1;
	memcpy(payload + 100, name, strlen(name));
	for (int i = 0; i < 4; i++) {
		payload[132 + i] = (uint8_t)(advert_s >> 8 * i);
		payload[144 + i] = (uint8_t)(changed_s >> 8 * i);
	}
	memcpy(payload + 136, "\x0c\xfb\xed\x00\xb8\x6e\xf0\x01", 8);
	hear(payload, sizeof(payload));
}

static void hear_contact(uint8_t code, uint8_t first, const char *name, uint32_t advert_s, uint32_t changed_s)
{
	hear_key(code, first, 0, name, advert_s, changed_s);
}

/* Another one, whose key differs in its last byte. */
static void hear_twin(uint8_t first, const char *name)
{
	hear_key(3, first, 1, name, 1, 1);
}

static void hear_self(const char *name)
{
	uint8_t payload[MESHCORE_PAYLOAD_MAX] = {5, 1, 22, 22, 0x0b, 0x0a, 0x5e};
	memcpy(payload + 58, name, strlen(name));
	hear(payload, 58 + strlen(name));
}

static double number(const char *name)
{
	for (size_t i = 0; i < record.message.number_count; i++)
		if (strcmp(record.message.numbers[i].name, name) == 0)
			return record.message.numbers[i].value;
	return (double)NAN;
}

/* ---- hearing ---- */

static void test_direct(void **unused)
{
	(void)unused;
	HEAR("\x10\xef\0\0\xa1\xb2\xc3\xd4\xe5\xf6\x02\0\xb0\xb2\x04\x6bNeed medic");
	const struct message *message = &record.message;
	assert_int_equal(record.message_count, 1);
	assert_int_equal(message->kind, KIND_TEXT);
	assert_string_equal(message->data_type, "text");
	assert_string_equal(message->station, "mc-a1b2c3d4e5f6");
	assert_string_equal(message->text, "Need medic");
	assert_true(message->for_us);
	assert_int_equal(message->authenticity, AUTHENTICITY_VERIFIED);
	assert_int_equal(message->sent_at_ms, INT64_C(1795470000) * 1000);
	assert_true(message->heard.snr_db == -4.25);
	assert_int_equal(message->heard.hops, 2);
	assert_string_equal(message->callsign, "");
	assert_int_equal(message->number_count, 0);
	assert_memory_equal(message->id, "mc-", 3);
	assert_int_equal(strlen(message->id), 19);
}

/* By another way, in another form and at another gateway it is the same; with another time, text or sender it is not. */
static void test_ids(void **unused)
{
	(void)unused;
	static const struct {
		const char *payload;
		size_t size;
		bool same;
	} others[] = {
#define OTHER(text, same) {text, sizeof(text) - 1, same}
	    OTHER("\x10\x04\0\0\xa1\xb2\xc3\xd4\xe5\xf6\xff\0\xb0\xb2\x04\x6bSOS", true),
	    OTHER("\x07\xa1\xb2\xc3\xd4\xe5\xf6\x05\0\xb0\xb2\x04\x6bSOS", true),
	    OTHER("\x07\xa1\xb2\xc3\xd4\xe5\xf6\x05\0\xb1\xb2\x04\x6bSOS", false),
	    OTHER("\x07\xa1\xb2\xc3\xd4\xe5\xf6\x05\0\xb0\xb2\x04\x6bSOS!", false),
	    OTHER("\x07\xa1\xb2\xc3\xd4\xe5\xf7\x05\0\xb0\xb2\x04\x6bSOS", false),
	};
	char id[MESSAGE_ID_MAX];
	HEAR("\x10\xef\0\0\xa1\xb2\xc3\xd4\xe5\xf6\x02\0\xb0\xb2\x04\x6bSOS");
	memcpy(id, record.message.id, sizeof(id));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		hear(others[i].payload, others[i].size);
		assert_int_equal(strcmp(id, record.message.id) == 0, others[i].same);
	}
	/* on a channel it does not depend on the channel's place, nor on who is known */
	HEAR("\x08\x00\x01\0\xb0\xb2\x04\x6b"
	     "FT4: road blocked");
	memcpy(id, record.message.id, sizeof(id));
	hear_contact(3, 0xa1, "FT4", 1, 1);
	HEAR("\x11\xef\0\0\x05\x03\0\xb0\xb2\x04\x6b"
	     "FT4: road blocked");
	assert_string_equal(record.message.id, id);
}

static void test_channel(void **unused)
{
	(void)unused;
	const struct message *message = &record.message;
	HEAR("\x08\x01\x01\0\xb0\xb2\x04\x6b"
	     "FT4: SOS: at the bridge");
	assert_string_equal(message->callsign, "FT4");
	assert_memory_equal(message->station, "mc-name-", 8);
	assert_string_equal(message->text, "SOS: at the bridge");
	assert_int_equal(message->authenticity, AUTHENTICITY_UNVERIFIED);
	assert_true(number("channel") == 1);
	assert_true(isnan(message->heard.snr_db));
	/* a contact of that name */
	hear_contact(3, 0xa1, "FT4", 1795469000, 0);
	HEAR("\x08\x01\x01\0\xb0\xb2\x04\x6b"
	     "FT4: hello");
	assert_string_equal(message->station, "mc-a1b2c3d4e5f6");
	assert_int_equal(message->authenticity, AUTHENTICITY_UNVERIFIED);
	/* two of that name: nobody can say which */
	hear_contact(3, 0xa2, "FT4", 1795469000, 0);
	HEAR("\x08\x01\x01\0\xb0\xb2\x04\x6b"
	     "FT4: hello");
	assert_memory_equal(message->station, "mc-name-", 8);
	/* no name at all */
	HEAR("\x08\x01\x01\0\xb0\xb2\x04\x6b"
	     "SOS");
	assert_string_equal(message->text, "SOS");
	assert_string_equal(message->callsign, "");
	/* which is not that of a contact without a name */
	hear_contact(3, 0xa3, "", 1795469000, 0);
	HEAR("\x08\x01\x01\0\xb0\xb2\x04\x6b"
	     "SOS");
	assert_memory_equal(message->station, "mc-name-", 8);
}

static void test_bad_utf8(void **unused)
{
	(void)unused;
	HEAR("\x07\xa1\xb2\xc3\xd4\xe5\xf6\x05\0\xb0\xb2\x04\x6bM\xc3\xa9"
	     "d\0\xc3");
	assert_string_equal(record.message.text, "M\xc3\xa9"
						 "d??");
}

static void test_posts_and_others(void **unused)
{
	(void)unused;
	const struct message *message = &record.message;
	HEAR("\x07\xa1\xb2\xc3\xd4\xe5\xf6\xff\x02\xb0\xb2\x04\x6b\x0a\x0b\x0c\x0dhi");
	assert_string_equal(message->station, "mc-0a0b0c0d");
	assert_string_equal(message->text, "hi");
	assert_string_equal(message->data_type, "post");
	assert_false(message->for_us);
	assert_int_equal(message->authenticity, AUTHENTICITY_UNVERIFIED);
	assert_int_equal(message->heard.hops, -1);
	/* four bytes of a key that two contacts have are neither's */
	hear_contact(3, 0xa1, "FT4", 1, 1);
	HEAR("\x07\x01\x02\x03\x04\x05\x06\xff\x02\xb0\xb2\x04\x6b\xa1\xb2\xc3\xd4hi");
	assert_string_equal(message->station, "mc-a1b2c3d4e5f6");
	hear_twin(0xa1, "FT5");
	HEAR("\x07\x01\x02\x03\x04\x05\x06\xff\x02\xb0\xb2\x04\x6b\xa1\xb2\xc3\xd4hi");
	assert_string_equal(message->station, "mc-a1b2c3d4");
	assert_string_equal(message->callsign, "");
	HEAR("\x07\xa1\xb2\xc3\xd4\xe5\xf6\xff\x01\xb0\xb2\x04\x6bver");
	assert_int_equal(message->kind, KIND_RAW);
	assert_string_equal(message->data_type, "cli");
	HEAR("\x1b\x18\0\0\x03\x01\xff\xff\x04\x01\x02\x03\x04");
	assert_int_equal(message->kind, KIND_RAW);
	assert_int_equal(message->raw_size, 4);
	assert_true(message->heard.snr_db == 6);
	assert_true(number("channel") == 3);
	assert_true(number("type") == 65535);
	assert_int_equal(record.drop_count, 0);
}

/* A clock that cannot be right is told, and the message is not lost. */
static void test_wrong_clocks(void **unused)
{
	(void)unused;
	HEAR("\x07\xa1\xb2\xc3\xd4\xe5\xf6\x05\0\x10\0\0\0SOS");
	assert_int_equal(record.message.sent_at_ms, 0);
	assert_true(number("sender_clock_s") == 16);
	HEAR("\x07\xa1\xb2\xc3\xd4\xe5\xf6\x05\0\xff\xff\xff\xffSOS");
	assert_int_equal(record.message.sent_at_ms, 0);
	assert_true(number("sender_clock_s") == 4294967295.0);
	hear_contact(0x8a, 0xa1, "FT4", 7, 0);
	assert_int_equal(record.message.kind, KIND_POSITION);
	assert_int_equal(record.message.sent_at_ms, 0);
	assert_true(number("sender_clock_s") == 7);
	/* a gateway without a clock, or in 1970, takes what may be */
	static const int64_t walls_ms[] = {0, 3600000};
	for (size_t i = 0; i < sizeof(walls_ms) / sizeof(walls_ms[0]); i++) {
		record.wall_ms = walls_ms[i];
		HEAR("\x07\xa1\xb2\xc3\xd4\xe5\xf6\x05\0\xb0\xb2\x04\x6bSOS");
		assert_int_equal(record.message.sent_at_ms, INT64_C(1795470000) * 1000);
	}
}

static void test_adverts(void **unused)
{
	(void)unused;
	const struct message *message = &record.message;
	hear_contact(0x8a, 0xa1, "FT4", 1795469000, 1795469100);
	assert_int_equal(record.message_count, 1);
	assert_int_equal(message->kind, KIND_POSITION);
	assert_string_equal(message->station, "mc-a1b2c3d4e5f6");
	assert_string_equal(message->callsign, "FT4");
	assert_true(message->position.valid);
	assert_true(fabs(message->position.lat_deg - 15.5963) < 1e-9);
	assert_int_equal(message->authenticity, AUTHENTICITY_VERIFIED);
	assert_int_equal(message->sent_at_ms, INT64_C(1795469000) * 1000);
	/* nothing new */
	hear_contact(3, 0xa1, "FT4", 1795469000, 1795469100);
	assert_int_equal(record.message_count, 1);
	hear_contact(3, 0xa1, "FT4", 1795469500, 1795469500);
	assert_int_equal(record.message_count, 2);
	/* of the whole list only what is new */
	HEAR("\x02\x02\0\0\0");
	hear_contact(3, 0xa3, "FT6", 1795400000, 1795400000);
	assert_int_equal(record.message_count, 2);
	hear_contact(3, 0xa4, "FT7", 1795469900, 1795469900);
	assert_int_equal(record.message_count, 3);
	/* what comes between was heard now, whatever the clock of the own node says */
	hear_contact(0x8a, 0xa6, "FT9", 1795469900, 1000);
	assert_int_equal(record.message_count, 4);
	HEAR("\x04\0\0\0\0");
	hear_contact(3, 0xa5, "FT8", 1795400000, 1795400000);
	assert_int_equal(record.message_count, 5);
}

/* A position that cannot be is counted, and once; of the contact the name is known all the same. */
static void test_bad_position(void **unused)
{
	(void)unused;
	uint8_t payload[148] = {0x8a, 0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 7};
	memcpy(payload + 100, "FT4", 3);
	hear(payload, sizeof(payload));
	assert_int_equal(record.drop_count, 0); /* it has none */
	payload[132] = 1;
	memset(payload + 136, 0x7f, 8);
	hear(payload, sizeof(payload));
	hear(payload, sizeof(payload));
	assert_int_equal(record_drops(&record, "meshcore_bad_position"), 1);
	assert_int_equal(record.message_count, 0);
	HEAR("\x08\x01\x01\0\xb0\xb2\x04\x6b"
	     "FT4: hello");
	assert_string_equal(record.message.station, "mc-a1b2c3d4e5f6");
}

static void test_full_table(void **unused)
{
	(void)unused;
	for (unsigned i = 0; i < 600; i++) {
		uint8_t payload[148] = {3, (uint8_t)i, (uint8_t)(i >> 8)};
		snprintf((char *)payload + 100, 32, "n%u", i);
		hear(payload, sizeof(payload));
	}
	HEAR("\x08\x01\x01\0\xb0\xb2\x04\x6b"
	     "n599: hello");
	assert_string_equal(record.message.station, "mc-570200000000");
	HEAR("\x08\x01\x01\0\xb0\xb2\x04\x6b"
	     "n1: hello");
	assert_memory_equal(record.message.station, "mc-name-", 8);
}

static void test_figures(void **unused)
{
	(void)unused;
	static const uint8_t core[] = {24, 0, 0xd2, 0x0f, 0x10, 0x27, 0, 0, 0, 0, 5};
	static const uint8_t radio[] = {24, 1, 0x98, 0xff, 0xa0, 0xef, 10, 0, 0, 0, 20, 0, 0, 0};
	static const uint8_t packets[] = {24, 2, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0,
					  0,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
	hear(core, sizeof(core));
	hear(radio, sizeof(radio));
	hear(packets, sizeof(packets));
	assert_int_equal(record.message_count, 0); /* whose they are is not known */
	hear_self("Base");
	hear(core, sizeof(core));
	hear(radio, sizeof(radio));
	hear(packets, sizeof(packets));
	assert_int_equal(record.message_count, 1);
	assert_int_equal(record.message.kind, KIND_TELEMETRY);
	assert_string_equal(record.message.station, "mc-0b0a5e000000");
	assert_true(number("battery_mv") == 4050);
	assert_true(number("noise_dbm") == -104);
	assert_true(number("packets_sent") == 2);
	assert_true(isnan(number("packets_bad")));
}

static void test_damaged(void **unused)
{
	(void)unused;
	HEAR("\x10\xef\0\0\xa1");
	HEAR("\x08");
	HEAR("\x1b\0");
	HEAR("\x03\0\0");
	HEAR("\x05\0");
	HEAR("\x12\0");
	HEAR("\x18\x07");
	assert_int_equal(record_drops(&record, "meshcore_damaged"), 7);
	HEAR("\x84\x01\x02");
	HEAR("");
	assert_int_equal(record_drops(&record, "meshcore_unknown_frame"), 2);
	assert_int_equal(record.message_count, 0);
}

/* ---- saying ---- */

static uint8_t said[512];

static ssize_t say(enum message_kind kind, const char *to, const char *text)
{
	struct message message;
	message_init(&message);
	message.kind = kind;
	snprintf(message.to, sizeof(message.to), "%s", to);
	snprintf(message.text, sizeof(message.text), "%s", text);
	return air->air->output(air->state, &message, NULL, said, sizeof(said));
}

static void test_to_a_contact(void **unused)
{
	(void)unused;
	uint8_t payload[MESHCORE_PAYLOAD_MAX];
	ssize_t size = say(KIND_TEXT, "mc-a1b2c3d4e5f6", "Convoy ok");
	assert_int_equal(size, 39 + 9);
	assert_null(meshcore_direct_key(said));
	hear_contact(3, 0xa1, "FT4", 1, 1);
	size = say(KIND_TEXT, "mc-a1b2c3d4e5f6", "Convoy ok");
	assert_non_null(meshcore_direct_key(said));
	assert_int_equal(meshcore_write_attempt(said, (size_t)size, 1, payload), 22);
	/* a second later, because the addressee refuses what is not later */
	assert_memory_equal(payload,
			    "\x02\0\x01\xcf\xb2\x04\x6b\xa1\xb2\xc3\xd4\xe5\xf6"
			    "Convoy ok",
			    22);
}

static void test_on_a_channel(void **unused)
{
	(void)unused;
	hear_self("Base");
	HEAR("\x12\x05"
	     "convoy\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
	assert_int_equal(say(KIND_TEXT, "", "hi"), 9);
	assert_memory_equal(said, "\x03\0\0\xce\xb2\x04\x6bhi", 9);
	assert_int_equal(say(KIND_TEXT, "channel-3", "hi"), 9);
	assert_int_equal(said[2], 3);
	assert_int_equal(say(KIND_TEXT, "channel-convoy", "hi"), 9);
	assert_int_equal(said[2], 5);
	assert_int_equal(say(KIND_TEXT, "channel-nowhere", "hi"), -EINVAL);
	assert_int_equal(say(KIND_TEXT, "channel-", "hi"), -EINVAL);
	assert_int_equal(say(KIND_TEXT, "channel-40", "hi"), -EINVAL);
	assert_int_equal(say(KIND_TEXT, "channel-5x", "hi"), -EINVAL);
}

static void test_limits(void **unused)
{
	(void)unused;
	char text[200];
	hear_self("Base");
	memset(text, 'x', sizeof(text));
	text[160] = 0;
	assert_true(say(KIND_TEXT, "mc-a1b2c3d4e5f6", text) > 0);
	/* the node puts "Base: " in front */
	assert_int_equal(say(KIND_TEXT, "", text), -EMSGSIZE);
	text[154] = 0;
	assert_true(say(KIND_TEXT, "", text) > 0);
	text[154] = 'x', text[155] = 0;
	assert_int_equal(say(KIND_TEXT, "", text), -EMSGSIZE);
	text[160] = 'x', text[161] = 0, text[155] = 'x';
	assert_int_equal(say(KIND_TEXT, "mc-a1b2c3d4e5f6", text), -EMSGSIZE);
	assert_int_equal(say(KIND_TEXT, "mc-a1b2c3d4e5f6", ""), -EINVAL);
	assert_int_equal(say(KIND_TEXT, "mc-a1b2c3d4e5f6", "\xff"), -EINVAL);
	assert_int_equal(say(KIND_TEXT, "mc-A1b2c3d4e5f6", "hi"), -EINVAL);
	assert_int_equal(say(KIND_TEXT, "mc-a1b2c3d4e5", "hi"), -EINVAL);
	assert_int_equal(say(KIND_TEXT, "N0CALL", "hi"), -EINVAL);
	assert_int_equal(say(KIND_ACK, "mc-a1b2c3d4e5f6", "hi"), -EOPNOTSUPP);
}

/* The network knows neither alerts nor exercises, so the words say it. */
static void test_alerts_and_drills(void **unused)
{
	(void)unused;
	struct message message;
	assert_true(say(KIND_ALERT, "", "leave now") > 0);
	assert_memory_equal(said + 7, "ALERT: leave now", 16);
	message_init(&message);
	message.kind = KIND_ALERT;
	message.status = STATUS_EXERCISE;
	message.body_kind = KIND_ALERT;
	message.body.alert.type = ALERT_TYPE_CANCEL;
	snprintf(message.text, sizeof(message.text), "leave now");
	assert_int_equal(air->air->output(air->state, &message, NULL, said, sizeof(said)), 7 + 35);
	assert_memory_equal(said + 7, "EXERCISE ALERT CANCELLED: leave now", 35);
	/* What says so already, in whatever language, does not say it twice. */
	message.kind = KIND_TEXT;
	snprintf(message.text, sizeof(message.text), "EXERCICE partez");
	assert_int_equal(air->air->output(air->state, &message, NULL, said, sizeof(said)), 7 + 15);
	snprintf(message.text, sizeof(message.text), "EXERCISES are over");
	assert_int_equal(air->air->output(air->state, &message, NULL, said, sizeof(said)), 7 + 27);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_direct),           TEST(test_ids),          TEST(test_channel),           TEST(test_bad_utf8),
	    TEST(test_posts_and_others), TEST(test_wrong_clocks), TEST(test_adverts),           TEST(test_full_table),
	    TEST(test_bad_position),     TEST(test_figures),      TEST(test_damaged),           TEST(test_to_a_contact),
	    TEST(test_on_a_channel),     TEST(test_limits),       TEST(test_alerts_and_drills),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
