/* The kinds of the field frame as JSON: their bodies, where they go, and what logistics learns of them. */
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/message_body.h"
#include "gateway/json.h"
#include "gateway/json_parts.h"

static const struct json_context context = {
    .gateway = "base1", .radio = "lora", .organisation = "example-org", .clock = CLOCK_SOURCE_NTP};

#define SET(array, text) snprintf(array, sizeof(array), "%s", text)

static struct message native(enum message_kind kind)
{
	struct message message;
	message_init(&message);
	message.kind = message.body_kind = kind;
	message_body_init(kind, &message.body);
	SET(message.id, "f-17-4000");
	SET(message.station, "f-17");
	return message;
}

/* The body alone must be this, member by member in this order. */
static void expect_body(const struct message *message, const char *wanted)
{
	size_t size = 0;
	char *line = json_message(message, &context, &size);
	assert_non_null(line);
	json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(object);
	const char *body = strstr(line, ",\"body\":");
	assert_non_null(body);
	body += strlen(",\"body\":");
	if (strncmp(body, wanted, strlen(wanted)) != 0 || strcmp(body + strlen(wanted), "}") != 0)
		fail_msg("%s\nwanted %s", body, wanted);
	json_decref(object);
	free(line);
}

static void test_nothing_given(void **state)
{
	(void)state;
	static const struct {
		enum message_kind kind;
		const char *body;
	} rows[] = {
	    {KIND_DISTRESS, "{\"nature\":\"UNSPECIFIED\",\"sensitivity\":\"public\"}"},
	    {KIND_ALERT,
	     "{\"msg_type\":\"Alert\",\"urgency\":\"Unknown\",\"severity\":\"Unknown\",\"certainty\":\"Unknown\","
	     "\"category\":\"Other\",\"event\":\"UNSPECIFIED\",\"response\":\"None\",\"sensitivity\":\"public\"}"},
	    {KIND_CHECKIN, "{\"state\":\"UNSPECIFIED\",\"sensitivity\":\"public\"}"},
	    {KIND_ROLLCALL, "{\"type\":\"routine\",\"sensitivity\":\"public\"}"},
	    {KIND_POSITION, "{\"source\":\"unknown\",\"sensitivity\":\"public\"}"},
	    {KIND_TEXT, "{\"language\":\"unknown\",\"sensitivity\":\"public\"}"},
	    {KIND_SITREP, "{\"type\":\"FieldObservation\",\"access\":\"UNKNOWN\",\"severity\":\"Unknown\",\"sector\":"
			  "\"unspecified\",\"sensitivity\":\"public\"}"},
	    {KIND_REQUEST,
	     "{\"type\":\"UNSPECIFIED\",\"urgency\":\"Unknown\",\"cargo\":\"unspecified\",\"justification\":"
	     "\"NOT_GIVEN\",\"sensitivity\":\"public\"}"},
	    {KIND_ACTIVITY, "{\"op\":\"ADD\",\"sector\":\"unspecified\",\"status\":\"PLANNED\",\"unit\":\"people\","
			    "\"sensitivity\":\"public\"}"},
	    {KIND_TELEMETRY, "{\"reboot_cause\":\"unknown\",\"sensitivity\":\"public\"}"},
	    {KIND_MOVEMENT, "{\"op\":\"OPEN\",\"sensitivity\":\"public\"}"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct message message = native(rows[i].kind);
		expect_body(&message, rows[i].body);
	}
}

static void test_distress(void **state)
{
	(void)state;
	struct message message = native(KIND_DISTRESS);
	message.body.distress = (struct body_distress){.nature = 4, .persons = 3, .battery_pct = 87};
	message.ack_wanted = true;
	SET(message.incident, "f-17-4000");
	message.incident_count = 1;
	expect_body(&message, "{\"nature\":\"MEDICAL\",\"persons\":3,\"battery_pct\":87,\"sensitivity\":\"public\","
			      "\"ack_wanted\":true,\"incident\":\"f-17-4000\",\"incident_count\":1}");
	message = native(KIND_DISTRESS);
	message.body.distress.nature = 77; /* of a later version */
	expect_body(&message, "{\"nature\":\"UNSPECIFIED\",\"sensitivity\":\"public\"}");
}

static void test_alert(void **state)
{
	(void)state;
	struct message message = native(KIND_ALERT);
	message.urgency = URGENCY_IMMEDIATE;
	message.severity = SEVERITY_SEVERE;
	message.sensitivity = 2;
	message.body.alert = (struct body_alert){.type = ALERT_TYPE_UPDATE,
						 .certainty = 1,
						 .category = 4,
						 .event = 31,
						 .response = 5,
						 .radius_m = 1500,
						 .expires_at_ms = INT64_C(1790000000000),
						 .persons = 0,
						 .ref = "f-17-3999"};
	expect_body(
	    &message,
	    "{\"msg_type\":\"Update\",\"urgency\":\"Immediate\",\"severity\":\"Severe\",\"certainty\":\"Observed\","
	    "\"category\":\"Security\",\"event\":\"CARJACKING\",\"response\":\"Avoid\",\"radius_m\":1500,"
	    "\"expires_at\":\"2026-09-21T14:13:20.000Z\",\"persons\":0,\"ref\":\"f-17-3999\","
	    "\"sensitivity\":\"organisation\"}");
}

static void test_ack(void **state)
{
	(void)state;
	struct message message = native(KIND_ACK);
	SET(message.ack.ref, "f-17-4000");
	message.ack.level = ACK_RESPONDING;
	message.ack.eta_min = 40;
	SET(message.ack.operator_id, "desk-1");
	expect_body(&message, "{\"ref\":\"f-17-4000\",\"level\":\"RESPONDING\",\"eta_min\":40,\"operator\":\"desk-1\","
			      "\"sensitivity\":\"public\"}");
	message.ack.level = (enum ack_level)0;
	message.ack.eta_min = -1;
	message.ack.bitmap = 11;
	message.ack.operator_id[0] = '\0';
	expect_body(&message, "{\"ref\":\"f-17-4000\",\"bitmap\":11,\"accepted\":true,\"sensitivity\":\"public\"}");
}

static void test_checkin_rollcall_movement(void **state)
{
	(void)state;
	struct message message = native(KIND_CHECKIN);
	message.body.checkin = (struct body_checkin){.state = 4, .rollcall = 12, .headcount = 5, .battery_pct = 9};
	expect_body(&message, "{\"state\":\"DELAYED\",\"rollcall\":12,\"headcount\":5,\"battery_pct\":9,"
			      "\"sensitivity\":\"public\"}");
	message = native(KIND_ROLLCALL);
	message.body.rollcall = (struct body_rollcall){
	    .id = 513, .type = ROLLCALL_MAJOR_INCIDENT, .window_min = 30, .slot_s = 20, .group = 4};
	expect_body(&message, "{\"id\":513,\"type\":\"major incident\",\"window_min\":30,\"slot_s\":20,\"group\":4,"
			      "\"sensitivity\":\"public\"}");
	message = native(KIND_MOVEMENT);
	message.body.movement = (struct body_movement){.op = MOVEMENT_HANDOVER,
						       .id = 4099,
						       .vehicles = 3,
						       .persons = 9,
						       .next_report_min = 60,
						       .from_place = 1040,
						       .to_place = 1044,
						       .eta_ms = INT64_C(1790000000000)};
	expect_body(&message,
		    "{\"op\":\"HANDOVER\",\"id\":4099,\"vehicles\":3,\"persons\":9,\"next_report_min\":60,"
		    "\"from\":1040,\"to\":1044,\"eta\":\"2026-09-21T14:13:20.000Z\",\"sensitivity\":\"public\"}");
}

static void test_request(void **state)
{
	(void)state;
	struct message message = native(KIND_REQUEST);
	message.body.request = (struct body_request){.type = REQUEST_MILITARY_ASSET,
						     .urgency = URGENCY_IMMEDIATE,
						     .cargo = 3,
						     .alternatives = 1 << 0 | 1 << 2 | 1 << 9,
						     .needed_by_ms = INT64_C(1790000000000),
						     .window_h = 6,
						     .place = 31,
						     .vehicles = 4,
						     .persons = 11};
	message.body.request.missing = message_request_missing(&message.body.request);
	expect_body(
	    &message,
	    "{\"type\":\"MILITARY_ASSET\",\"urgency\":\"Immediate\",\"needed_by\":\"2026-09-21T14:13:20.000Z\","
	    "\"window_h\":6,\"place\":31,\"vehicles\":4,\"persons\":11,\"cargo\":\"medical\",\"justification\":"
	    "\"NOT_GIVEN\",\"alternatives\":[\"negotiated access\",\"other organisation's assets\",\"none possible\"],"
	    "\"incomplete\":true,\"missing\":[\"justification\",\"cluster pool asked\"],\"sensitivity\":\"public\"}");
	message.body.request.alternatives = UINT16_MAX; /* bits of a later version have no name */
	message.body.request.missing = 0;
	size_t size;
	char *line = json_message(&message, &context, &size);
	assert_non_null(strstr(line, "\"wait\",\"none possible\"],\"sensitivity\""));
	free(line);
}

static void test_sitrep_activity_telemetry(void **state)
{
	(void)state;
	struct message message = native(KIND_SITREP);
	message.body.sitrep = (struct body_sitrep){
	    .type = 3, .access = 2, .severity = 3, .sector = 6, .place = 1040, .affected = UINT32_MAX};
	expect_body(&message, "{\"type\":\"CasualtyAndIllnessSummary\",\"place\":1040,\"access\":\"RESTRICTED\","
			      "\"severity\":\"Moderate\",\"affected\":4294967295,\"sector\":\"health\","
			      "\"sensitivity\":\"public\"}");
	message = native(KIND_ACTIVITY);
	message.body.activity = (struct body_activity){.id = 3735928559,
						       .number = 1250,
						       .op = 1,
						       .sector = 11,
						       .status = 1,
						       .unit = 1,
						       .revision = 4,
						       .organisation = 300,
						       .implementer = -1,
						       .activity = 77,
						       .place = 1041,
						       .start_day = 0,
						       .end_day = UINT16_MAX};
	expect_body(
	    &message,
	    "{\"id\":3735928559,\"revision\":4,\"op\":\"UPDATE\",\"org\":300,\"sector\":\"WASH\",\"activity\":77,"
	    "\"place\":1041,\"status\":\"ONGOING\",\"start_date\":\"2020-01-01\",\"end_date\":\"2199-06-06\","
	    "\"number\":1250,\"unit\":\"households\",\"sensitivity\":\"public\"}");
	message = native(KIND_TELEMETRY);
	message.body.telemetry = (struct body_telemetry){.battery_mv = 3712,
							 .solar_mv = 0,
							 .temperature_c = -1,
							 .rssi_dbm = -113,
							 .snr_db = -10.25,
							 .airtime_pct = 3,
							 .uptime_h = 700,
							 .queue = 0,
							 .software = 258,
							 .reboot_cause = 3};
	expect_body(&message,
		    "{\"battery_mv\":3712,\"solar_mv\":0,\"temperature_c\":-1,\"rssi_dbm\":-113,\"snr_db\":-10.25,"
		    "\"airtime_pct\":3,\"uptime_h\":700,\"queue\":0,\"reboot_cause\":\"brown-out\",\"software\":258,"
		    "\"sensitivity\":\"public\"}");
}

/* A text that a keyword made an alert keeps what it was, and says what it became. */
static void test_raised(void **state)
{
	(void)state;
	struct message message = native(KIND_TEXT);
	message.kind = KIND_ALERT;
	message.urgency = URGENCY_IMMEDIATE;
	message.severity = SEVERITY_SEVERE;
	message.body.text.language = 2;
	expect_body(&message, "{\"urgency\":\"Immediate\",\"severity\":\"Severe\",\"language\":\"fr\","
			      "\"sensitivity\":\"public\"}");
}

/* Whatever a kind was made of, no member stands there twice. */
static void test_no_member_twice(void **state)
{
	(void)state;
	for (enum message_kind body_kind = KIND_NONE; body_kind < KIND_COUNT; body_kind++)
		for (enum message_kind kind = KIND_NONE; kind < KIND_COUNT; kind++) {
			struct message message = native(body_kind);
			message.kind = kind;
			SET(message.ack.ref, "f-17-1");
			SET(message.to, "f-18");
			SET(message.aprs.software, "x");
			if (body_kind == KIND_MOVEMENT)
				message.body.movement.to_place = 7;
			else if (body_kind == KIND_TELEMETRY)
				message.body.telemetry.software = 7;
			size_t size;
			char *line = json_message(&message, &context, &size);
			json_t *object = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
			if (!object)
				fail_msg("%s out of %s: %s", message_kind_name(kind), message_kind_name(body_kind),
					 line);
			json_decref(object);
			free(line);
		}
}

static void expect_topic(const struct message *message, const char *wanted)
{
	char topic[128];
	int size = json_topic(message, &context, topic, sizeof(topic));
	assert_int_equal(size, strlen(wanted));
	assert_string_equal(topic, wanted);
}

static void test_topics(void **state)
{
	(void)state;
	static const struct {
		enum message_kind kind;
		const char *topic;
	} rows[] = {
	    {KIND_DISTRESS, "sec/base1/distress/f-17"},
	    {KIND_ALERT, "sec/base1/alert/f-17"},
	    {KIND_CHECKIN, "sec/base1/checkin/f-17"},
	    {KIND_ROLLCALL, "sec/base1/rollcall/513"},
	    {KIND_POSITION, "track/base1/f-17"},
	    {KIND_TEXT, "org/example-org/base1/text/f-17"},
	    {KIND_SITREP, "sit/base1/f-17-4000"},
	    {KIND_REQUEST, "coord/base1/request/f-17-4000"},
	    {KIND_ACTIVITY, "act/base1/3735928559"},
	    {KIND_TELEMETRY, "gw/base1/telemetry/f-17"},
	    {KIND_MOVEMENT, "move/base1/0"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct message message = native(rows[i].kind);
		if (message.kind == KIND_ROLLCALL)
			message.body.rollcall.id = 513;
		else if (message.kind == KIND_ACTIVITY)
			message.body.activity.id = 3735928559;
		else if (message.kind == KIND_MOVEMENT)
			message.body.movement.id = 0;
		expect_topic(&message, rows[i].topic);
		char drill[64];
		snprintf(drill, sizeof(drill), "exercise/%s", rows[i].topic);
		message.status = STATUS_EXERCISE;
		expect_topic(&message, drill);
		message.status = (enum message_status)9; /* nobody can name it: taken for real */
		expect_topic(&message, rows[i].topic);
	}
	struct message message = native(KIND_ACTIVITY); /* without a number the message's id must do */
	expect_topic(&message, "act/base1/f-17-4000");
}

static void test_narrower_audience(void **state)
{
	(void)state;
	static const struct {
		enum message_kind kind;
		uint8_t sensitivity;
		const char *topic;
	} rows[] = {
	    {KIND_TEXT, 2, "org/example-org/base1/text/f-17"},
	    {KIND_TEXT, 3, "sec/base1/text/f-17"},
	    {KIND_TEXT, 200, "sec/base1/text/f-17"},
	    {KIND_SITREP, 1, "sit/base1/f-17-4000"},
	    {KIND_SITREP, 2, "org/example-org/base1/sitrep/f-17"},
	    {KIND_SITREP, 3, "sec/base1/sitrep/f-17"},
	    {KIND_ACTIVITY, 1, "act/base1/f-17-4000"},
	    {KIND_ACTIVITY, 2, "org/example-org/base1/activity/f-17"},
	    {KIND_ACTIVITY, 3, "sec/base1/activity/f-17"},
	    {KIND_REQUEST, 3, "coord/base1/request/f-17-4000"},
	    {KIND_ALERT, 3, "sec/base1/alert/f-17"},
	    {KIND_POSITION, 3, "track/base1/f-17"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct message message = native(rows[i].kind);
		message.sensitivity = rows[i].sensitivity;
		expect_topic(&message, rows[i].topic);
	}
	struct message message = native(KIND_ACK);
	message.ack.level = ACK_BASE_SEEN;
	expect_topic(&message, "sec/base1/ack/f-17");
}

static void test_logistics_topics(void **state)
{
	(void)state;
	static const struct {
		uint8_t event, sensitivity;
		const char *topic;
	} rows[] = {
	    {EVENT_ROAD_CLOSED, 0, "log/base1/road/l-1"},
	    {EVENT_AIRFIELD_UNUSABLE, 1, "log/base1/airfield/l-1"},
	    {EVENT_MOVEMENT_SUSPENDED, 0, "log/base1/movement/l-1"},
	    {EVENT_ROAD_CLOSED, 2, NULL},
	    {EVENT_ROAD_CLOSED, 3, NULL},
	    {31, 0, NULL},
	    {0, 0, NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct message message = native(KIND_ALERT);
		char topic[64];
		message.body.alert.event = rows[i].event;
		message.sensitivity = rows[i].sensitivity;
		int size = json_logistics_topic(&message, "l-1", &context, topic, sizeof(topic));
		assert_int_equal(size, rows[i].topic ? (int)strlen(rows[i].topic) : -EOPNOTSUPP);
		if (rows[i].topic)
			assert_string_equal(topic, rows[i].topic);
	}
	struct message message = native(KIND_CHECKIN);
	char topic[64];
	assert_int_equal(json_logistics_topic(&message, "l-1", &context, topic, sizeof(topic)), -EOPNOTSUPP);
	message = native(KIND_ALERT);
	message.body.alert.event = EVENT_ROAD_CLOSED;
	message.body_kind = KIND_NONE;
	assert_int_equal(json_logistics_topic(&message, "l-1", &context, topic, sizeof(topic)), -EOPNOTSUPP);
}

static void test_logistics_does_not_learn_who(void **state)
{
	(void)state;
	struct message message = native(KIND_ALERT);
	message.body.alert.event = EVENT_ROAD_CLOSED;
	message.body.alert.persons = 7;
	SET(message.body.alert.ref, "f-17-3999");
	SET(message.callsign, "N0CALL");
	SET(message.text, "canary");
	SET(message.heard.path, "f-3");
	SET(message.incident, "f-17-1");
	message.received_at_ms = INT64_C(1790000000123);
	message.position = (struct message_position){.valid = true,
						     .lat_deg = 4.3619876,
						     .lon_deg = 18.5551234,
						     .alt_m = 300,
						     .speed_kmh = NAN,
						     .course_deg = NAN,
						     .accuracy_m = 5,
						     .fix_age_s = 1};
	size_t size;
	char *line = json_logistics(&message, CLASS_SAFETY, "l-1", "l-2", &context, &size);
	assert_string_equal(
	    line, "{\"id\":\"l-1\",\"kind\":\"alert\",\"class\":\"SAFETY\",\"status\":\"Actual\",\"gateway\":\"base1\","
		  "\"received_at\":\"2026-09-21T14:13:20.123Z\",\"clock\":\"ntp\",\"authenticity\":\"UNVERIFIED\","
		  "\"position\":{\"lat\":4.36,\"lon\":18.56},\"body\":{\"msg_type\":\"Alert\",\"urgency\":\"Unknown\","
		  "\"severity\":\"Unknown\",\"certainty\":\"Unknown\",\"category\":\"Other\",\"event\":\"ROAD_CLOSED\","
		  "\"response\":\"None\",\"ref\":\"l-2\"}}");
	free(line);
}

static void test_covert_incident(void **state)
{
	(void)state;
	struct incident incident = {.id = "f-17-4000", .level = ACK_STORED, .count = 1, .covert = true};
	size_t size;
	char *line = json_incident(&incident, &context, &size);
	assert_non_null(strstr(line, "\"cancel_requested\":false,\"duress\":true}}"));
	free(line);
}

static void test_times_are_read(void **state)
{
	(void)state;
	assert_int_equal(json_parse_time("1970-01-01T00:00:00Z"), 0);
	assert_int_equal(json_parse_time("2026-09-21T14:13:20.123Z"), INT64_C(1790000000123));
	assert_int_equal(json_parse_time("2024-02-29T23:59:59Z"), INT64_C(1709251199000));
	assert_int_equal(json_parse_time("9999-12-31T23:59:59.999Z"), INT64_C(253402300799999));
	static const char *const wrong[] = {"",
					    "2026-09-21",
					    "2026-09-21T14:13:20",
					    "2026-09-21 14:13:20Z",
					    "2026-09-21T14:13:20z",
					    "2026-09-21T14:13:20+00:00",
					    "2026-13-21T14:13:20Z",
					    "2026-02-29T14:13:20Z",
					    "2026-00-21T14:13:20Z",
					    "2026-09-00T14:13:20Z",
					    "2026-09-31T14:13:20Z",
					    "2026-09-21T24:00:00Z",
					    "2026-09-21T14:60:20Z",
					    "2026-09-21T14:13:60Z",
					    "1969-12-31T23:59:59Z",
					    "2026-09-21T14:13:20.12Z",
					    "2026-09-21T14:13:20.1x3Z",
					    "2026-09-21T14:13:20.1234Z",
					    "-026-09-21T14:13:20Z",
					    "2026-09-21T1\xff:13:20Z"};
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		if (json_parse_time(wrong[i]) != -1)
			fail_msg("%s was read as a time", wrong[i]);
	assert_int_equal(json_parse_day("2020-01-01"), BODY_FIRST_DAY);
	assert_int_equal(json_parse_day("2020-01-01T"), -1);
	for (unsigned day = 0; day < 100000; day += 7) {
		char text[32];
		assert_int_equal(json_parse_day(json_day(day, text)), day);
	}
	char text[32];
	assert_string_equal(json_day(UINT32_MAX, text), "9999-12-31");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing_given),
	    cmocka_unit_test(test_distress),
	    cmocka_unit_test(test_alert),
	    cmocka_unit_test(test_ack),
	    cmocka_unit_test(test_checkin_rollcall_movement),
	    cmocka_unit_test(test_request),
	    cmocka_unit_test(test_sitrep_activity_telemetry),
	    cmocka_unit_test(test_raised),
	    cmocka_unit_test(test_no_member_twice),
	    cmocka_unit_test(test_topics),
	    cmocka_unit_test(test_narrower_audience),
	    cmocka_unit_test(test_logistics_topics),
	    cmocka_unit_test(test_logistics_does_not_learn_who),
	    cmocka_unit_test(test_covert_incident),
	    cmocka_unit_test(test_times_are_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
