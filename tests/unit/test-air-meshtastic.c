/* Packets of a Meshtastic mesh as messages, and messages as packets. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/air/meshtastic_nodes.h"
#include "drivers/codec/meshtastic.h"
#include "tests/support/driver_services.h"
#include "tests/support/near.h"
#include "tests/unit/meshtastic-fixture.h"

static struct record record;
static struct driver_under_test *air;

#define NOW_MS (INT64_C(1795470005) * 1000)

static int setup(void **state)
{
	(void)state;
	memset(&record, 0, sizeof(record));
	record.wall_ms = NOW_MS;
	air = air_under_test("meshtastic", &record, NULL);
	return air->init_result;
}

static int teardown(void **state)
{
	(void)state;
	driver_under_test_free(air);
	return 0;
}

static const struct message *hear(const char *hex)
{
	struct bytes bytes = {.size = 0};
	append(&bytes, hex);
	record_clear(&record);
	air->air->input(air->state, &(struct datagram){.bytes = bytes.bytes + 4, .size = bytes.size - 4});
	return record.message_count ? &record.message : NULL;
}

static double number(const struct message *message, const char *name)
{
	for (size_t i = 0; i < message->number_count; i++)
		if (strcmp(message->numbers[i].name, name) == 0)
			return message->numbers[i].value;
	return (double)NAN;
}

static void test_text(void **unused)
{
	(void)unused;
	const struct message *message = hear(FR_TEXT);
	assert_int_equal(message->kind, KIND_TEXT);
	assert_string_equal(message->station, "mt-433c1d20");
	assert_string_equal(message->id, "mt-433c1d20-1a2b3c4d");
	assert_string_equal(message->to, "");
	assert_string_equal(message->text, "Convoy 3 at gate");
	assert_string_equal(message->data_type, "text");
	assert_int_equal(message->authenticity, AUTHENTICITY_UNVERIFIED);
	assert_int_equal(message->heard.hops, 1);
	assert_near(message->heard.rssi_dbm, -97, 0);
	assert_near(message->heard.snr_db, 6.25, 0);
	assert_int_equal(message->sent_at_ms, INT64_C(1795470000) * 1000);
	message = hear(FR_TEXT_DM);
	assert_string_equal(message->to, "mt-0a0b0c0d");
	assert_false(message->for_us); /* not known yet who we are */
	assert_string_equal(message->text, "Médecin demandé ✚");
	assert_int_equal(message->heard.hops, 0);
	assert_int_equal(message->authenticity, AUTHENTICITY_UNVERIFIED);
	message = hear(FR_MQTT);
	assert_string_equal(message->heard.path, "mqtt");
	assert_true(isnan(message->heard.rssi_dbm));
}

/* By the port, whatever the priority says. */
static void test_urgency(void **unused)
{
	(void)unused;
	static const struct {
		const char *hex;
		enum message_kind kind;
		enum alert_urgency urgency;
		enum alert_severity severity;
		const char *text, *data_type;
	} cases[] = {
	    {FR_ALERT_RX, KIND_ALERT, URGENCY_IMMEDIATE, SEVERITY_SEVERE, "MED EVAC GRID 36P", "alert"},
	    {FR_ALERT_LOW, KIND_ALERT, URGENCY_IMMEDIATE, SEVERITY_SEVERE, "fire", "alert"},
	    {FR_DETECTION, KIND_ALERT, URGENCY_EXPECTED, SEVERITY_MODERATE, "Gate detected", "detection-sensor"},
	    {FR_TEXT_HIGH, KIND_TEXT, URGENCY_UNKNOWN, SEVERITY_UNKNOWN, "lunch", "text-bell"},
	    {FR_BELL, KIND_TEXT, URGENCY_UNKNOWN, SEVERITY_UNKNOWN, "", "text-bell"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct message *message = hear(cases[i].hex);
		assert_int_equal(message->kind, cases[i].kind);
		assert_int_equal(message->urgency, cases[i].urgency);
		assert_int_equal(message->severity, cases[i].severity);
		assert_int_equal(message->hint, HINT_NONE);
		assert_string_equal(message->text, cases[i].text);
		assert_string_equal(message->data_type, cases[i].data_type);
	}
	assert_null(hear(FR_EMPTY));
	assert_int_equal(record_drops(&record, "meshtastic_empty"), 1);
}

static void test_authenticity(void **unused)
{
	(void)unused;
	const struct message *message = hear(FR_PKI);
	assert_int_equal(message->authenticity, AUTHENTICITY_VERIFIED);
	assert_string_equal(message->text, "for you alone");
	assert_true(isnan(number(message, "channel")));
	/* With fields at two levels that this schema does not have. */
	message = hear(FR_SIGNED);
	assert_int_equal(message->authenticity, AUTHENTICITY_VERIFIED);
	assert_string_equal(message->text, "signed");
}

static void test_position(void **unused)
{
	(void)unused;
	const struct message *message = hear(FR_POS);
	assert_int_equal(message->kind, KIND_POSITION);
	assert_true(message->position.valid);
	assert_near(message->position.lat_deg, 15.5963, 1e-9);
	assert_near(message->position.lon_deg, 32.5342, 1e-9);
	assert_near(message->position.alt_m, 380, 0);
	assert_near(message->position.speed_kmh, 3, 0);
	assert_near(message->position.course_deg, 90, 0);
	assert_true(isnan(message->position.accuracy_m));
	assert_int_equal(message->sent_at_ms, INT64_C(1795469990) * 1000);
	message = hear(FR_POS_COARSE);
	assert_near(message->position.alt_m, -12, 0);
	assert_near(message->position.course_deg, 45, 0);
	assert_near(message->position.accuracy_m, 364.8, 0.1); /* half of 65536e-7 degrees */
	assert_null(hear(FR_POS_NONE));
	assert_int_equal(record_drops(&record, "meshtastic_no_position"), 1);
	message = hear(FR_POS_OFF);
	assert_int_equal(message->kind, KIND_RAW);
	assert_string_equal(message->parse_error, "impossible position");
}

/* Marked, not dropped; what our own node heard it at is better than nothing. */
static void test_wrong_clocks(void **unused)
{
	(void)unused;
	const struct message *message = hear(FR_POS_1970);
	assert_true(message->position.valid);
	assert_int_equal(message->sent_at_ms, 0);
	assert_near(number(message, "sender_clock_s"), 3600, 0);
	message = hear(FR_POS_FUTURE);
	assert_true(message->position.valid);
	assert_int_equal(message->sent_at_ms, INT64_C(1795470000) * 1000);
	assert_near(number(message, "sender_clock_s"), 2e9, 0);
	/* Without a clock of our own nothing is too late. */
	record.wall_ms = 0;
	message = hear(FR_POS_FUTURE);
	assert_int_equal(message->sent_at_ms, INT64_C(2000000000) * 1000);
	record.wall_ms = 3600000; /* in 1970 by its own clock */
	message = hear(FR_POS_FUTURE);
	assert_int_equal(message->sent_at_ms, INT64_C(2000000000) * 1000);
	assert_true(isnan(number(message, "sender_clock_s")));
	record.wall_ms = INT64_C(1700000000) * 1000;
	message = hear(FR_TEXT);
	assert_int_equal(message->sent_at_ms, 0);
	assert_near(number(message, "node_clock_s"), 1795470000, 0);
}

static void test_telemetry(void **unused)
{
	(void)unused;
	const struct message *message = hear(FR_TEL);
	assert_int_equal(message->kind, KIND_TELEMETRY);
	assert_near(number(message, "battery_percent"), 87, 0);
	assert_near(number(message, "external_power"), 0, 0);
	assert_near(number(message, "voltage_v"), 4.05, 1e-6);
	assert_near(number(message, "channel_utilization_percent"), 12.5, 0);
	assert_near(number(message, "airtime_percent"), 1.25, 0);
	assert_near(number(message, "uptime_s"), 86400, 0);
	message = hear(FR_ENV);
	assert_near(number(message, "temperature_c"), 41.5, 0);
	assert_near(number(message, "humidity_percent"), 18, 0);
	assert_near(number(message, "pressure_hpa"), 1008.25, 0);
	assert_true(isnan(number(message, "battery_percent")));
	message = hear(FR_BAD);
	assert_int_equal(message->kind, KIND_RAW);
	assert_string_equal(message->parse_error, "damaged telemetry");
}

static void test_waypoint_and_node(void **unused)
{
	(void)unused;
	const struct message *message = hear(FR_WPT);
	assert_int_equal(message->kind, KIND_POSITION);
	assert_string_equal(message->aprs.name, "Checkpoint B");
	assert_string_equal(message->text, "closed");
	assert_near(number(message, "waypoint"), 4242, 0);
	assert_true(message->aprs.has_alive && message->aprs.alive);
	message = hear(FR_USER);
	assert_int_equal(message->kind, KIND_TELEMETRY);
	assert_string_equal(message->data_type, "node-info");
	assert_string_equal(message->callsign, "FT4");
	/* From then on it is known. */
	assert_string_equal(hear(FR_TEXT)->callsign, "FT4");
}

static void test_node_database(void **unused)
{
	(void)unused;
	assert_null(hear(FR_NODEINFO));
	assert_int_equal(record.drop_count, 0);
	assert_string_equal(hear(FR_TEXT)->callsign, "FT4");
	assert_null(hear(FR_CHANNEL));
	assert_null(hear(FR_LOG));
	assert_null(hear(FR_QS));
	assert_null(hear(FR_REGIONS));
	assert_int_equal(record.drop_count, 0);
}

/* More nodes than there is room for: the one heard of longest ago is forgotten. */
static void test_bounded(void **unused)
{
	(void)unused;
	static struct meshtastic_nodes nodes;
	mt_User user = mt_User_init_zero;
	user.short_name.size = 4;
	for (uint32_t i = 1; i <= MESHTASTIC_NODES_MAX; i++) {
		snprintf((char *)user.short_name.bytes, 5, "%04x", i & 0xffff);
		meshtastic_nodes_note(&nodes, i, &user);
	}
	assert_string_equal(meshtastic_nodes_name(&nodes, 1), "0001");
	meshtastic_nodes_note(&nodes, 1, &user);
	for (uint32_t i = 0; i < 100; i++)
		meshtastic_nodes_note(&nodes, 100000 + i, &user);
	assert_int_equal(nodes.count, MESHTASTIC_NODES_MAX);
	assert_string_equal(meshtastic_nodes_name(&nodes, 1), "0400");
	assert_string_equal(meshtastic_nodes_name(&nodes, 2), "");
	assert_string_equal(meshtastic_nodes_name(&nodes, 101), "");
	assert_string_equal(meshtastic_nodes_name(&nodes, 102), "0066");
	assert_string_equal(meshtastic_nodes_name(&nodes, 100099), "0400");
	meshtastic_nodes_note(&nodes, 0, &user);
	assert_string_equal(meshtastic_nodes_name(&nodes, 0), "");
	assert_true(sizeof(nodes) < 64 * 1024);
}

static void test_acks(void **unused)
{
	(void)unused;
	const struct message *message = hear(FR_ACK);
	assert_int_equal(message->kind, KIND_ACK);
	assert_string_equal(message->ack.ref, "mt-0a0b0c0d-55667788");
	assert_false(message->ack.rejected);
	message = hear(FR_NAK);
	assert_true(message->ack.rejected);
	assert_string_equal(message->aprs.condition, "no_ack");
	assert_string_equal(message->ack.ref, "mt-0a0b0c0d-2b3c4d5e");
	/* Once it is known that this is the own node, its reports are the modem's. */
	assert_null(hear(FR_MYINFO));
	assert_null(hear(FR_NAK));
	assert_true(hear(FR_TEXT_DM)->for_us);
	assert_false(hear(FR_TEXT)->for_us);
	assert_int_equal(record.drop_count, 0);
	assert_non_null(hear(FR_ACK));
	/* Nor is what another host of it says heard from anybody. */
	assert_null(hear(FR_OWN));
	assert_int_equal(record_drops(&record, "own_frame"), 1);
}

static void test_raw(void **unused)
{
	(void)unused;
	const struct message *message = hear(FR_ENC);
	assert_int_equal(message->kind, KIND_RAW);
	assert_string_equal(message->data_type, "encrypted");
	assert_string_equal(message->parse_error, "");
	assert_int_equal(message->raw_size, 9);
	message = hear(FR_PORT);
	assert_int_equal(message->kind, KIND_RAW);
	assert_string_equal(message->data_type, "private");
	assert_near(number(message, "port"), 256, 0);
	assert_memory_equal(message->raw, "\1\2\3", 3);
	assert_null(hear("94c30003ffffff"));
	assert_int_equal(record_drops(&record, "meshtastic_damaged"), 1);
}

/* ---- saying ---- */

static mt_ToRadio said;

static enum message_status status;

static ssize_t say(enum message_kind kind, const char *to, const char *text)
{
	struct message message;
	uint8_t bytes[512];
	message_init(&message);
	message.kind = kind;
	message.status = status;
	snprintf(message.to, sizeof(message.to), "%s", to);
	snprintf(message.text, sizeof(message.text), "%s", text);
	ssize_t size = air->air->output(air->state, &message, NULL, bytes, sizeof(bytes));
	if (size > 0)
		assert_true(meshtastic_unpack(bytes, (size_t)size, &said));
	return size;
}

static void test_saying(void **unused)
{
	(void)unused;
	const mt_MeshPacket *packet = &said.content.packet;
	assert_true(say(KIND_TEXT, "", "hello") > 0);
	assert_int_equal(packet->to, MESHTASTIC_BROADCAST);
	assert_int_equal(packet->content.decoded.port, 1);
	assert_int_equal(packet->priority, 0);
	assert_true(packet->want_ack);
	assert_true(say(KIND_ALERT, "", "leave now") > 0);
	assert_int_equal(packet->content.decoded.port, 11);
	assert_int_equal(packet->priority, 110);
	assert_memory_equal(packet->content.decoded.payload.bytes, "leave now", 9);
	assert_true(say(KIND_ALERT, "mt-433c1d20", "leave now") > 0);
	assert_int_equal(packet->to, 0x433c1d20);
	assert_int_equal(packet->priority, 110);
	assert_true(say(KIND_TEXT, "channel-3", "x") > 0);
	assert_int_equal(packet->channel, 3);
	hear(FR_CHANNEL);
	assert_int_equal(say(KIND_TEXT, "channel-3", "x"), -EINVAL);
	assert_true(say(KIND_TEXT, "channel-base", "x") > 0);
	assert_int_equal(packet->channel, 0);
	assert_int_equal(packet->to, MESHTASTIC_BROADCAST);
}

/* It must not ring like the real thing, and everybody must see what it is. */
static void test_exercises(void **unused)
{
	(void)unused;
	const mt_MeshPacket *packet = &said.content.packet;
	char text[300];
	memset(text, 'x', sizeof(text));
	text[232 - 9] = 0;
	status = STATUS_EXERCISE;
	assert_true(say(KIND_ALERT, "", "leave now") > 0);
	assert_int_equal(packet->content.decoded.port, 1);
	assert_int_equal(packet->priority, 0);
	assert_int_equal(packet->content.decoded.payload.size, 18);
	assert_memory_equal(packet->content.decoded.payload.bytes, "EXERCISE leave now", 18);
	assert_true(say(KIND_TEXT, "", text) > 0);
	text[232 - 9] = 'x';
	text[232 - 8] = 0;
	assert_int_equal(say(KIND_TEXT, "", text), -EMSGSIZE);
	status = STATUS_TEST;
	assert_true(say(KIND_ALERT, "", "leave now") > 0);
	assert_memory_equal(packet->content.decoded.payload.bytes, "TEST leave now", 14);
	status = STATUS_ACTUAL;
}

static void test_saying_what_cannot(void **unused)
{
	(void)unused;
	char text[300];
	memset(text, 'x', sizeof(text));
	text[232] = 0;
	assert_true(say(KIND_TEXT, "", text) > 0);
	assert_int_equal(said.content.packet.content.decoded.payload.size, 232);
	assert_int_equal(say(KIND_TEXT, "mt-433c1d20", text), -EMSGSIZE);
	text[232] = 'x';
	text[233] = 0;
	assert_int_equal(say(KIND_TEXT, "", text), -EMSGSIZE);
	text[220] = 0;
	assert_true(say(KIND_ALERT, "mt-433c1d20", text) > 0);
	assert_int_equal(say(KIND_TEXT, "", ""), -EINVAL);
	assert_int_equal(say(KIND_ACK, "mt-433c1d20", "x"), -EOPNOTSUPP);
	static const char *const wrong[] = {"N0CALL",      "mt-",      "mt-433c1d2", "mt-433C1D20",   "mt-ffffffff",
					    "mt-00000000", "channel-", "channel-8",  "channel-nosuch"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(say(KIND_TEXT, wrong[i], "x"), -EINVAL);
	hear(FR_MYINFO);
	assert_int_equal(say(KIND_TEXT, "mt-0a0b0c0d", "x"), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_text),
	    TEST(test_urgency),
	    TEST(test_authenticity),
	    TEST(test_position),
	    TEST(test_wrong_clocks),
	    TEST(test_telemetry),
	    TEST(test_waypoint_and_node),
	    TEST(test_node_database),
	    TEST(test_bounded),
	    TEST(test_acks),
	    TEST(test_raw),
	    TEST(test_saying),
	    TEST(test_exercises),
	    TEST(test_saying_what_cannot),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
