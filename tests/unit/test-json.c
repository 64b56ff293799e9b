/* Messages as JSON: the line each kind becomes, whatever is in it stays JSON, and topics stay topics. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "gateway/json.h"

static const struct json_context base = {
    .gateway = "base1", .radio = "vhf", .organisation = "unassigned", .clock = CLOCK_SOURCE_NTP};
static const struct json_context nobody = {0};

#define SET(array, text) snprintf(array, sizeof(array), "%s", text)

static struct message example(enum message_kind kind, enum message_class class)
{
	struct message message;
	message_init(&message);
	message.kind = kind;
	message.class = class;
	message.received_at_ms = INT64_C(1790000000123);
	SET(message.id, "a-0a1b2c3d-59666666");
	SET(message.station, "N0CALL-7");
	SET(message.callsign, "N0CALL-7");
	return message;
}

static char *line_of(const struct message *message, const struct json_context *context)
{
	size_t size = 0;
	char *line = json_message(message, context, &size);
	assert_non_null(line);
	assert_int_equal(strlen(line), size);
	assert_null(strchr(line, '\n'));
	return line;
}

/* Everything that is written must be read back by another implementation. */
static json_t *parsed(const char *line)
{
	json_error_t error;
	json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, &error);
	if (!object)
		fail_msg("%s at byte %d of %s", error.text, error.position, line);
	return object;
}

static void expect_line(const struct message *message, const struct json_context *context, const char *wanted)
{
	char *line = line_of(message, context);
	assert_string_equal(line, wanted);
	json_decref(parsed(line));
	free(line);
}

#define HEAD(kind, class)                                                                                              \
	"{\"id\":\"a-0a1b2c3d-59666666\",\"kind\":\"" kind                                                             \
	"\",\"class\":\"" class "\",\"status\":\"Actual\",\"station\":\"N0CALL-7\",\"callsign\":\"N0CALL-7\","         \
				"\"gateway\":\"base1\","                                                               \
				"\"radio\":\"vhf\",\"received_at\":\"2026-09-21T14:13:20.123Z\",\"clock\":\"ntp\","    \
				"\"authenticity\":\"UNVERIFIED\""

static void test_position(void **state)
{
	(void)state;
	struct message message = example(KIND_POSITION, CLASS_BULK);
	message.position = (struct message_position){.valid = true,
						     .lat_deg = 60.475166666666702,
						     .lon_deg = -25.0946666666667,
						     .alt_m = 24.0792,
						     .speed_kmh = 96.304,
						     .course_deg = 88,
						     .accuracy_m = NAN,
						     .fix_age_s = NAN,
						     .ambiguity = 2};
	message.heard.hops = 1;
	message.heard.rssi_dbm = -97.5;
	SET(message.heard.path, "WIDE1-1,WIDE2-1");
	SET(message.text, "Mobile \"tracker\"");
	message.data_type = "position";
	SET(message.aprs.symbol, "/>");
	message.aprs.has_messaging = true;
	SET(message.aprs.timestamp, "180000z");
	expect_line(
	    &message, &base,
	    HEAD("position",
		 "BULK") ",\"heard\":{\"rssi_dbm\":-97.5,\"hops\":1,\"path\":\"WIDE1-1,WIDE2-1\"},"
			 "\"position\":{\"lat\":60.4751667,\"lon\":-25.0946667,\"alt_m\":24.079,\"speed_kmh\":"
			 "96.304,\"course_deg\":88,\"ambiguity\":2},\"text\":\"Mobile \\\"tracker\\\"\",\"body\":"
			 "{\"data_type\":\"position\",\"messaging\":false,\"symbol\":\"/>\",\"timestamp\":"
			 "\"180000z\"}}");
}

static void test_feature(void **state)
{
	(void)state;
	struct message message = example(KIND_POSITION, CLASS_BULK);
	size_t size = 0;
	message.position.valid = true;
	message.position.lat_deg = -0.00000004; /* rounds to nothing: no "-0" */
	message.position.lon_deg = 106.7141667;
	message.position.alt_m = -24.5;
	char *plain = line_of(&message, &base), *feature = json_payload(&message, &base, &size);
	json_t *object = parsed(feature), *properties = parsed(plain), *coordinates = parsed("[106.7141667,0,-24.5]");
	assert_string_equal(json_string_value(json_object_get(object, "type")), "Feature");
	json_t *geometry = json_object_get(object, "geometry");
	assert_string_equal(json_string_value(json_object_get(geometry, "type")), "Point");
	assert_true(json_equal(json_object_get(geometry, "coordinates"), coordinates));
	assert_true(json_equal(json_object_get(object, "properties"), properties));
	json_decref(coordinates);
	json_decref(properties);
	json_decref(object);
	free(plain);
	free(feature);

	message.position.valid = false;
	feature = json_payload(&message, &base, &size);
	object = parsed(feature);
	assert_true(json_is_null(json_object_get(object, "geometry")));
	json_decref(object);
	free(feature);
}

static void test_text_and_ack(void **state)
{
	(void)state;
	struct message message = example(KIND_TEXT, CLASS_ROUTINE);
	message.data_type = "message";
	message.sent_at_ms = 1;
	SET(message.to, "N1CALL");
	SET(message.text, "water at km 40");
	SET(message.aprs.message_number, "42");
	SET(message.ack.ref, "7");
	char *line = line_of(&message, &base);
	assert_non_null(strstr(line, "\"sent_at\":\"1970-01-01T00:00:00.001Z\",\"received_at\""));
	assert_non_null(strstr(line,
			       "\"text\":\"water at km 40\",\"body\":{\"data_type\":\"message\",\"to\":\"N1CALL\","
			       "\"message_number\":\"42\",\"ack_ref\":\"7\"}}"));
	free(line);

	message = example(KIND_ACK, CLASS_ROUTINE);
	SET(message.ack.ref, "42");
	message.ack.rejected = true;
	expect_line(&message, &base, HEAD("ack", "ROUTINE") ",\"body\":{\"ref\":\"42\",\"accepted\":false}}");
	message.ack.level = ACK_BASE_SEEN;
	SET(message.ack.operator_id, "desk-1");
	expect_line(
	    &message, &base,
	    HEAD("ack", "ROUTINE") ",\"body\":{\"ref\":\"42\",\"level\":\"BASE_SEEN\",\"operator\":\"desk-1\"}}");
}

static void test_distress_and_alert(void **state)
{
	(void)state;
	struct message message = example(KIND_DISTRESS, CLASS_DISTRESS);
	SET(message.incident, "a-0a1b2c3d-59666666");
	message.incident_count = 3;
	expect_line(&message, &base,
		    HEAD("distress", "DISTRESS") ",\"body\":{\"nature\":\"UNSPECIFIED\",\"incident\":"
						 "\"a-0a1b2c3d-59666666\",\"incident_count\":3}}");
	message = example(KIND_ALERT, CLASS_SAFETY);
	message.urgency = URGENCY_IMMEDIATE;
	message.severity = SEVERITY_SEVERE;
	message.demoted = true;
	expect_line(
	    &message, &base,
	    HEAD("alert", "SAFETY") ",\"body\":{\"urgency\":\"Immediate\",\"severity\":\"Severe\",\"demoted\":true}}");
}

static void test_telemetry(void **state)
{
	(void)state;
	struct message message = example(KIND_TELEMETRY, CLASS_BULK);
	message_add_number(&message, "sequence", 324, 0);
	message_add_number(&message, "analog_1", 0, 0);
	message_add_number(&message, "analog_2", NAN, 0);
	message_add_number(&message, "analog_3", 0.125, 2);
	message_add_number(&message, "analog_4", 50.12, 2);
	message_add_number(&message, "rain_24h_mm", 5.1, 1);
	message_add_number(&message, "pressure_hpa", INFINITY, 1);
	message_add_number(&message, "energy_j", 1e300, 9);
	SET(message.aprs.bits, "01000001");
	char *line = line_of(&message, &base);
	json_t *object = parsed(line), *body = json_object_get(object, "body");
	json_t *analog = parsed("[0,null,0.13,50.12]");
	assert_true(json_equal(json_object_get(body, "analog"), analog));
	assert_null(json_object_get(body, "analog_1"));
	assert_int_equal(json_integer_value(json_object_get(body, "sequence")), 324);
	assert_true(json_is_null(json_object_get(body, "pressure_hpa")));
	assert_true(fabs(json_number_value(json_object_get(body, "energy_j")) / 1e300 - 1) < 1e-15);
	assert_non_null(strstr(line, "\"rain_24h_mm\":5.1,"));
	json_decref(analog);
	json_decref(object);
	free(line);
}

static void test_raw(void **state)
{
	(void)state;
	struct message message = example(KIND_RAW, CLASS_BULK);
	memcpy(message.raw, "\x00\xc0\xff", 3);
	message.raw_size = 3;
	SET(message.parse_error, "bad_position");
	expect_line(&message, &base,
		    HEAD("raw", "BULK") ",\"body\":{\"raw_hex\":\"00c0ff\",\"error\":\"bad_position\"}}");
	message.raw_size = SIZE_MAX; /* a broken driver must not make us read beyond */
	char *line = line_of(&message, &base);
	json_decref(parsed(line));
	free(line);
}

static void test_without_gateway(void **state)
{
	(void)state;
	struct message message = example(KIND_TEXT, CLASS_ROUTINE);
	SET(message.alt_id, "a-0a1b2c3d-59666665");
	SET(message.text, "x");
	expect_line(&message, &nobody,
		    "{\"kind\":\"text\",\"class\":\"ROUTINE\",\"status\":\"Actual\",\"station\":\"N0CALL-7\","
		    "\"callsign\":\"N0CALL-7\",\"authenticity\":\"UNVERIFIED\",\"text\":\"x\"}");
	message.alt_id[0] = '\0';
	SET(message.id, "f-17-4000");
	char *line = line_of(&message, &nobody);
	assert_non_null(strstr(line, "{\"id\":\"f-17-4000\",\"kind\""));
	free(line);
}

static void expect_text(const char *given, const char *wanted)
{
	struct message message = example(KIND_TEXT, CLASS_ROUTINE);
	SET(message.text, given);
	char *line = line_of(&message, &nobody);
	json_t *object = parsed(line);
	assert_string_equal(json_string_value(json_object_get(object, "text")), wanted);
	json_decref(object);
	free(line);
}

#define R "\xef\xbf\xbd"

static void test_not_utf8(void **state)
{
	(void)state;
	expect_text("caf\xe9", "caf" R);
	expect_text("\xff\xfe", R R);
	expect_text("\xc0\xaf", R R);
	expect_text("\xe0\x80\xaf", R R R);
	expect_text("\xed\xa0\x80", R R R);
	expect_text("\xf4\x90\x80\x80", R R R R);
	expect_text("\xf0\x9f\x86", R R R);
	expect_text("\xe2\x82\xac \xf0\x9f\x86\x98 \xd9\x85", "\xe2\x82\xac \xf0\x9f\x86\x98 \xd9\x85");
	expect_text("a\x01\x1b[2J\t\r\nb\x7f\\\"/", "a\x01\x1b[2J\t\r\nb\x7f\\\"/");
}

static void test_every_byte_everywhere(void **state)
{
	(void)state;
	for (unsigned byte = 1; byte < 256; byte++) {
		struct message message = example(KIND_TEXT, CLASS_ROUTINE);
		memset(message.text, (int)byte, sizeof(message.text)); /* no final zero at all */
		memset(message.aprs.name, (int)byte, sizeof(message.aprs.name));
		memset(message.heard.path, (int)byte, sizeof(message.heard.path));
		char *line = line_of(&message, &base);
		for (const char *c = line; *c; c++)
			assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
		json_t *object = parsed(line);
		size_t size = json_string_length(json_object_get(object, "text"));
		assert_int_equal(size, byte < 0x80 ? MESSAGE_TEXT_MAX : 3 * MESSAGE_TEXT_MAX);
		json_decref(object);
		free(line);
	}
}

static void test_time(void **state)
{
	(void)state;
	char text[32];
	assert_string_equal(json_time(0, text), "1970-01-01T00:00:00.000Z");
	assert_string_equal(json_time(INT64_C(1709164799999), text), "2024-02-28T23:59:59.999Z");
	assert_string_equal(json_time(INT64_C(1709164800000), text), "2024-02-29T00:00:00.000Z");
	assert_string_equal(json_time(INT64_C(4294967296000), text), "2106-02-07T06:28:16.000Z");
	for (int64_t day = 0; day < 60000; day += 13) { /* against the C library, up to 2134 */
		time_t seconds = (time_t)(day * 86400 + day);
		char wanted[32];
		struct tm utc;
		if (seconds != day * 86400 + day)
			break;
		gmtime_r(&seconds, &utc);
		strftime(wanted, sizeof(wanted), "%Y-%m-%dT%H:%M:%S.000Z", &utc);
		assert_string_equal(json_time(seconds * INT64_C(1000), text), wanted);
	}
	assert_string_equal(json_time(-5, text), "1970-01-01T00:00:00.000Z");
	assert_string_equal(json_time(INT64_MAX, text), "9999-12-31T23:59:59.999Z");
}

static void expect_topic(enum message_kind kind, enum message_status status, const char *wanted)
{
	struct message message = example(kind, CLASS_BULK);
	char topic[128];
	message.status = status;
	assert_int_equal(json_topic(&message, &base, topic, sizeof(topic)), strlen(wanted));
	assert_string_equal(topic, wanted);
}

static void test_topics(void **state)
{
	(void)state;
	expect_topic(KIND_DISTRESS, STATUS_ACTUAL, "sec/base1/distress/N0CALL-7");
	expect_topic(KIND_ALERT, STATUS_ACTUAL, "sec/base1/alert/N0CALL-7");
	expect_topic(KIND_POSITION, STATUS_ACTUAL, "track/base1/N0CALL-7");
	expect_topic(KIND_TEXT, STATUS_ACTUAL, "org/unassigned/base1/text/N0CALL-7");
	expect_topic(KIND_ACK, STATUS_ACTUAL, "org/unassigned/base1/text/N0CALL-7");
	expect_topic(KIND_TELEMETRY, STATUS_SYSTEM, "gw/base1/telemetry/N0CALL-7");
	expect_topic(KIND_RAW, STATUS_ACTUAL, "gw/base1/raw/vhf");
	expect_topic(KIND_INCIDENT, STATUS_ACTUAL, "sec/base1/incident/a-0a1b2c3d-59666666");
	expect_topic(KIND_RECEIPT, STATUS_ACTUAL, "gw/base1/receipt/a-0a1b2c3d-59666666");
	expect_topic(KIND_DISTRESS, STATUS_EXERCISE, "exercise/sec/base1/distress/N0CALL-7");
	expect_topic(KIND_POSITION, STATUS_TEST, "exercise/track/base1/N0CALL-7");
}

static void test_topic_tokens(void **state)
{
	(void)state;
	struct message message = example(KIND_TEXT, CLASS_ROUTINE);
	char topic[128];
	SET(message.station, "A/B+#$ \xc3\xa9");
	assert_true(json_topic(&message, &base, topic, sizeof(topic)) > 0);
	assert_string_equal(topic, "org/unassigned/base1/text/A_B______");
	message.station[0] = '\0';
	struct json_context bare = {.gateway = "base1"};
	assert_true(json_topic(&message, &bare, topic, sizeof(topic)) > 0);
	assert_string_equal(topic, "org/unassigned/base1/text/unknown");
	int size = json_topic(&message, &bare, topic, sizeof(topic));
	assert_int_equal(json_topic(&message, &bare, topic, (size_t)size + 1), size);
	assert_int_equal(json_topic(&message, &bare, topic, (size_t)size), -EMSGSIZE);
	message.kind = KIND_NONE;
	assert_int_equal(json_topic(&message, &bare, topic, sizeof(topic)), -EOPNOTSUPP);
	message.kind = KIND_STATE;
	assert_int_equal(json_topic(&message, &bare, topic, sizeof(topic)), -EOPNOTSUPP);
}

static void test_incident(void **state)
{
	(void)state;
	struct incident incident = {.id = "a-0a1b2c3d-59666666",
				    .station = "N0CALL-7",
				    .radio = "vhf",
				    .level = ACK_STORED,
				    .count = 2,
				    .first_ms = INT64_C(1790000000123),
				    .last_ms = INT64_C(1790000060123)};
	char id[JSON_RECORD_ID_MAX], topic[128];
	size_t size = 0;
	char *line = json_incident(&incident, &base, &size);
	assert_string_equal(
	    line,
	    "{\"id\":\"i-base1-a-0a1b2c3d-59666666-2-1\",\"kind\":\"incident\",\"class\":\"DISTRESS\",\"status\":"
	    "\"Actual\",\"station\":\"N0CALL-7\",\"gateway\":\"base1\",\"radio\":\"vhf\",\"received_at\":"
	    "\"2026-09-21T14:14:20.123Z\",\"clock\":\"ntp\",\"authenticity\":\"UNVERIFIED\",\"body\":{\"incident\":"
	    "\"a-0a1b2c3d-59666666\",\"incident_count\":2,\"first_at\":\"2026-09-21T14:13:20.123Z\",\"last_at\":"
	    "\"2026-09-21T14:14:20.123Z\",\"level\":\"STORED\",\"cancel_requested\":false}}");
	free(line);
	incident.cancel_requested = true;
	assert_string_equal(json_incident_id(&incident, &base, id), "i-base1-a-0a1b2c3d-59666666-2-1-c");
	incident.status = STATUS_EXERCISE;
	assert_true(json_incident_topic(&incident, &base, topic, sizeof(topic)) > 0);
	assert_string_equal(topic, "exercise/sec/base1/incident/a-0a1b2c3d-59666666");
}

static void test_receipt(void **state)
{
	(void)state;
	struct receipt receipt = {.command = "c-17",
				  .stage = RECEIPT_ON_AIR,
				  .assumed = true,
				  .class = CLASS_ROUTINE,
				  .at_ms = INT64_C(1790000000123)};
	char topic[128];
	size_t size = 0;
	char *line = json_receipt(&receipt, &base, &size);
	assert_string_equal(line,
			    "{\"id\":\"r-base1-c-17-on_air\",\"kind\":\"receipt\",\"class\":\"ROUTINE\",\"status\":"
			    "\"Actual\",\"gateway\":\"base1\",\"radio\":\"vhf\",\"received_at\":"
			    "\"2026-09-21T14:13:20.123Z\",\"clock\":\"ntp\",\"body\":{\"command\":\"c-17\",\"stage\":"
			    "\"on_air\",\"assumed\":true,\"final\":false}}");
	free(line);
	receipt.stage = RECEIPT_FAILED;
	receipt.code = "radio_down";
	receipt.assumed = false;
	line = json_receipt(&receipt, &base, &size);
	assert_non_null(strstr(line, "\"stage\":\"failed\",\"code\":\"radio_down\",\"final\":true}}"));
	free(line);
	assert_true(json_receipt_topic(&receipt, &base, topic, sizeof(topic)) > 0);
	assert_string_equal(topic, "gw/base1/receipt/c-17");
}

/* The second word that it is queued has an id of its own: doubles are told by it. */
static void test_receipt_of_what_waits_for_airtime(void **state)
{
	(void)state;
	struct receipt receipt = {.command = "c-17",
				  .stage = RECEIPT_QUEUED,
				  .class = CLASS_URGENT,
				  .at_ms = INT64_C(1790000000123),
				  .go_at_ms = INT64_C(1790000123456)};
	size_t size = 0;
	char *line = json_receipt(&receipt, &base, &size);
	assert_non_null(strstr(line, "{\"id\":\"r-base1-c-17-queued-delayed\","));
	assert_non_null(strstr(line, "\"stage\":\"queued\",\"go_at\":\"2026-09-21T14:15:23.456Z\",\"final\":false}}"));
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_position),
	    cmocka_unit_test(test_feature),
	    cmocka_unit_test(test_text_and_ack),
	    cmocka_unit_test(test_distress_and_alert),
	    cmocka_unit_test(test_telemetry),
	    cmocka_unit_test(test_raw),
	    cmocka_unit_test(test_without_gateway),
	    cmocka_unit_test(test_not_utf8),
	    cmocka_unit_test(test_every_byte_everywhere),
	    cmocka_unit_test(test_time),
	    cmocka_unit_test(test_topics),
	    cmocka_unit_test(test_topic_tokens),
	    cmocka_unit_test(test_incident),
	    cmocka_unit_test(test_receipt),
	    cmocka_unit_test(test_receipt_of_what_waits_for_airtime),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
