/* The kinds of the field network: each row of the design's table of classes, whose positions are awaited, and when a message ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/message_body.h"
#include "gateway/classify.h"
#include "gateway/classify_movements.h"

static const int64_t MINUTE_MS = 60000, HOUR_MS = 3600000, DAY_MS = 24 * 3600000;

#define SET(array, text) snprintf(array, sizeof(array), "%s", text)

static struct message native(enum message_kind kind)
{
	struct message message;
	message_init(&message);
	message.kind = message.body_kind = kind;
	message_body_init(kind, &message.body);
	message.authenticity = AUTHENTICITY_VERIFIED;
	SET(message.station, "f-17");
	return message;
}

/* Each at another time, so that no allowance plays a part. */
static void expect(struct message message, enum message_class class, enum message_kind kind)
{
	static int64_t now_ms = 0;
	struct classify *classify = classify_new(NULL);
	message.class = CLASS_DISTRESS; /* what a sender says of its class counts for nothing */
	classify_message(classify, &message, "lora", now_ms += MINUTE_MS);
	if (message.class != class || message.kind != kind)
		fail_msg("%s %s, wanted %s", message_kind_name(message.kind), message_class_name(message.class),
			 message_class_name(class));
	assert_false(message.demoted);
	classify_free(classify);
}

static void test_distress(void **state)
{
	(void)state;
	struct message message = native(KIND_DISTRESS);
	for (int nature = 0; nature < 12; nature++) {
		message.body.distress.nature = (uint8_t)nature;
		expect(message, CLASS_DISTRESS, KIND_DISTRESS);
	}
	for (enum message_authenticity how = AUTHENTICITY_UNVERIFIED; how <= AUTHENTICITY_STALE; how++) {
		message.authenticity = how;
		expect(message, CLASS_DISTRESS, KIND_DISTRESS);
	}
	message = native(KIND_CHECKIN);
	message.body.checkin.state = CHECKIN_DURESS;
	expect(message, CLASS_DISTRESS, KIND_CHECKIN);
	message = native(KIND_ACK);
	message.ack.level = ACK_BASE_SEEN;
	SET(message.incident, "f-1-1");
	expect(message, CLASS_DISTRESS, KIND_ACK);
	message = native(KIND_ALERT);
	message.body.alert.type = ALERT_TYPE_CANCEL;
	message.urgency = URGENCY_PAST;
	message.severity = SEVERITY_MINOR;
	SET(message.incident, "f-1-1");
	expect(message, CLASS_DISTRESS, KIND_ALERT);
}

static void test_urgent(void **state)
{
	(void)state;
	struct message message = native(KIND_ALERT);
	for (int urgency = 0; urgency < 6; urgency++)
		for (int severity = 0; severity < 6; severity++) {
			bool urgent = urgency == URGENCY_IMMEDIATE &&
				      (severity == SEVERITY_EXTREME || severity == SEVERITY_SEVERE);
			message.urgency = (enum alert_urgency)urgency;
			message.severity = (enum alert_severity)severity;
			expect(message, urgent ? CLASS_URGENT : CLASS_SAFETY, KIND_ALERT);
		}
	message = native(KIND_ALERT);
	message.body.alert.event = EVENT_MISSED_CHECKIN;
	expect(message, CLASS_URGENT, KIND_ALERT);
	message = native(KIND_ROLLCALL);
	message.body.rollcall.type = ROLLCALL_MAJOR_INCIDENT;
	expect(message, CLASS_URGENT, KIND_ROLLCALL);
}

static void test_safety(void **state)
{
	(void)state;
	struct message message = native(KIND_CHECKIN);
	for (int checkin = 0; checkin < 12; checkin++) {
		message.body.checkin.state = (uint8_t)checkin;
		if (checkin != CHECKIN_DURESS)
			expect(message, CLASS_SAFETY, KIND_CHECKIN);
	}
	static const uint8_t types[] = {ROLLCALL_ROUTINE, ROLLCALL_SECURITY, ROLLCALL_SERVICEABILITY, 77};
	for (size_t i = 0; i < sizeof(types); i++) {
		message = native(KIND_ROLLCALL);
		message.body.rollcall.type = types[i];
		expect(message, CLASS_SAFETY, KIND_ROLLCALL);
	}
	expect(native(KIND_MOVEMENT), CLASS_SAFETY, KIND_MOVEMENT);
	message = native(KIND_REQUEST);
	message.body.request.urgency = URGENCY_IMMEDIATE;
	expect(message, CLASS_SAFETY, KIND_REQUEST);
	message = native(KIND_ACK);
	message.ack.level = ACK_BASE_SEEN;
	expect(message, CLASS_SAFETY, KIND_ACK);
}

static void test_routine_and_bulk(void **state)
{
	(void)state;
	expect(native(KIND_TEXT), CLASS_ROUTINE, KIND_TEXT);
	expect(native(KIND_REQUEST), CLASS_ROUTINE, KIND_REQUEST);
	expect(native(KIND_SITREP), CLASS_ROUTINE, KIND_SITREP);
	expect(native(KIND_ACTIVITY), CLASS_ROUTINE, KIND_ACTIVITY);
	expect(native(KIND_TELEMETRY), CLASS_BULK, KIND_TELEMETRY);
	expect(native(KIND_POSITION), CLASS_BULK, KIND_POSITION);
	struct message message = native(KIND_TEXT);
	SET(message.text, "SOS two wounded");
	expect(message, CLASS_URGENT, KIND_ALERT);
	message = native(KIND_SITREP); /* but not where the kind says itself how urgent it is */
	SET(message.text, "SOS two wounded");
	expect(message, CLASS_ROUTINE, KIND_SITREP);
}

static void test_unknown_status_is_actual(void **state)
{
	(void)state;
	struct classify *classify = classify_new(NULL);
	struct message message = native(KIND_DISTRESS);
	message.status = (enum message_status)9;
	classify_message(classify, &message, "lora", 0);
	assert_int_equal(message.status, STATUS_ACTUAL);
	message.status = STATUS_TEST;
	classify_message(classify, &message, "lora", 0);
	assert_int_equal(message.status, STATUS_TEST);
	classify_free(classify);
}

/* A rule for a whole radio must not make less of a distress, nor something else of a request. */
static void test_rules_leave_native_kinds(void **state)
{
	(void)state;
	static const struct classify_rule rules[] = {{.radio = "lora",
						      .kind = KIND_ALERT,
						      .urgency = URGENCY_FUTURE,
						      .severity = SEVERITY_MINOR,
						      .class = CLASS_BULK}};
	struct classify_settings settings = classify_defaults();
	settings.rules = rules;
	settings.rule_count = 1;
	struct classify *classify = classify_new(&settings);
	struct message message = native(KIND_CHECKIN);
	message.body.checkin.state = CHECKIN_DURESS;
	classify_message(classify, &message, "lora", 0);
	assert_int_equal(message.kind, KIND_CHECKIN);
	assert_int_equal(message.class, CLASS_DISTRESS);
	message = native(KIND_REQUEST);
	classify_message(classify, &message, "lora", 0);
	assert_int_equal(message.kind, KIND_REQUEST);
	message = native(KIND_TEXT);
	classify_message(classify, &message, "lora", 0);
	assert_int_equal(message.kind, KIND_ALERT);
	assert_int_equal(message.class, CLASS_SAFETY);
	classify_free(classify);
}

static void test_allowance(void **state)
{
	(void)state;
	struct classify *classify = classify_new(NULL);
	for (int i = 0; i < 5; i++) {
		struct message message = native(KIND_ROLLCALL);
		message.body.rollcall.type = ROLLCALL_MAJOR_INCIDENT;
		classify_message(classify, &message, "lora", i);
		assert_int_equal(message.class, i < 3 ? CLASS_URGENT : CLASS_SAFETY);
		assert_int_equal(message.demoted, i >= 3);
	}
	for (int i = 0; i < 20; i++) {
		struct message message = native(KIND_CHECKIN);
		message.body.checkin.state = CHECKIN_DURESS;
		classify_message(classify, &message, "lora", i);
		assert_int_equal(message.class, CLASS_DISTRESS);
	}
	classify_free(classify);
}

static void test_incomplete_request_is_as_fast(void **state)
{
	(void)state;
	struct classify *classify = classify_new(NULL);
	struct message lacking = native(KIND_REQUEST), complete;
	lacking.body.request.type = REQUEST_ARMED_ESCORT;
	lacking.body.request.urgency = URGENCY_IMMEDIATE;
	complete = lacking;
	complete.body.request.justification = 1;
	complete.body.request.alternatives = 1;
	complete.body.request.missing = 3; /* what came with it counts for nothing */
	classify_message(classify, &lacking, "lora", 0);
	classify_message(classify, &complete, "lora", 0);
	assert_int_equal(lacking.body.request.missing, MISSING_JUSTIFICATION | MISSING_ALTERNATIVES);
	assert_int_equal(complete.body.request.missing, 0);
	assert_int_equal(lacking.class, complete.class);
	assert_int_equal(lacking.kind, KIND_REQUEST);
	classify_free(classify);
}

static enum message_class class_of_position(struct classify *classify, const char *station, enum message_status status)
{
	struct message message = native(KIND_POSITION);
	SET(message.station, station);
	message.status = status;
	classify_message(classify, &message, "lora", 0);
	return message.class;
}

static void report_movement(struct classify *classify, int id, enum movement_op op, enum message_authenticity how)
{
	struct message message = native(KIND_MOVEMENT);
	message.body.movement.id = id;
	message.body.movement.op = (uint8_t)op;
	message.authenticity = how;
	classify_message(classify, &message, "lora", 0);
}

static void test_positions_of_a_movement(void **state)
{
	(void)state;
	struct classify *classify = classify_new(NULL);
	report_movement(classify, 7, MOVEMENT_OPEN, AUTHENTICITY_UNVERIFIED);
	assert_int_equal(class_of_position(classify, "f-17", STATUS_ACTUAL), CLASS_BULK);
	report_movement(classify, 7, MOVEMENT_OPEN, AUTHENTICITY_VERIFIED);
	assert_int_equal(class_of_position(classify, "f-17", STATUS_ACTUAL), CLASS_ROUTINE);
	assert_int_equal(class_of_position(classify, "f-17", STATUS_EXERCISE), CLASS_BULK);
	assert_int_equal(class_of_position(classify, "f-18", STATUS_ACTUAL), CLASS_BULK);
	assert_int_equal(class_of_position(classify, "f-1", STATUS_ACTUAL), CLASS_BULK);
	report_movement(classify, 8, MOVEMENT_CLOSED, AUTHENTICITY_VERIFIED);
	report_movement(classify, 7, MOVEMENT_CLOSED, AUTHENTICITY_UNVERIFIED);
	report_movement(classify, 7, MOVEMENT_HANDOVER, AUTHENTICITY_VERIFIED);
	assert_int_equal(class_of_position(classify, "f-17", STATUS_ACTUAL), CLASS_ROUTINE);
	report_movement(classify, 7, MOVEMENT_CLOSED, AUTHENTICITY_VERIFIED);
	assert_int_equal(class_of_position(classify, "f-17", STATUS_ACTUAL), CLASS_BULK);
	report_movement(classify, 9, MOVEMENT_WAYPOINT, AUTHENTICITY_VERIFIED); /* as after a restart */
	assert_int_equal(class_of_position(classify, "f-17", STATUS_ACTUAL), CLASS_ROUTINE);
	classify_free(classify);
}

static void test_movements_are_bounded(void **state)
{
	(void)state;
	struct movements *movements = movements_new(4);
	char station[24];
	for (int i = 0; i < 4; i++) {
		snprintf(station, sizeof(station), "f-%d", i);
		movements_open(movements, station, 1, false, i);
	}
	movements_open(movements, "f-0", 1, false, 10); /* heard of again: f-1 is the oldest now */
	movements_open(movements, "f-9", 1, false, 11);
	assert_true(movements_has(movements, "f-0", false));
	assert_false(movements_has(movements, "f-1", false));
	assert_true(movements_has(movements, "f-9", false));
	movements_close(movements, "f-1", 1, false);
	movements_close(movements, "f-9", 2, false);
	assert_true(movements_has(movements, "f-9", false));
	movements_open(movements, "f-9", 2, false, 12); /* f-2 gives way */
	movements_close(movements, "f-9", 1, false);
	assert_true(movements_has(movements, "f-9", false));
	movements_open(movements, "", 3, false, 13);
	assert_false(movements_has(movements, "", false));
	static const char *const gone[] = {"f-0", "f-3", "f-9"};
	for (size_t i = 0; i < 3; i++)
		movements_close(movements, gone[i], i < 2 ? 1 : 2, false);
	for (size_t i = 0; i < 3; i++)
		assert_false(movements_has(movements, gone[i], false));
	movements_free(movements);
	movements_free(NULL);
}

static void test_ends_of_their_own(void **state)
{
	(void)state;
	const int64_t wall_ms = INT64_C(1790000000000), now_ms = 5000;
	static const struct {
		enum message_kind kind;
		enum message_class class;
		int64_t end_ms; /* after the wall clock, 0 = none */
		int64_t wanted_ms;
	} rows[] = {
	    {KIND_ALERT, CLASS_URGENT, 0, 24 * 3600000},
	    {KIND_ALERT, CLASS_URGENT, 3 * 3600000, 3 * 3600000},
	    {KIND_ALERT, CLASS_URGENT, 48 * 3600000, 48 * 3600000},
	    {KIND_ALERT, CLASS_SAFETY, 3600000, 3600000},
	    {KIND_ALERT, CLASS_SAFETY, -3600000, 15 * 60000}, /* over already: whose clock is wrong? */
	    {KIND_ALERT, CLASS_DISTRESS, 3600000, -1},
	    {KIND_REQUEST, CLASS_ROUTINE, 0, 24 * 3600000},
	    {KIND_REQUEST, CLASS_ROUTINE, INT64_C(72) * 3600000, INT64_C(72) * 3600000},
	    {KIND_REQUEST, CLASS_SAFETY, INT64_C(9000) * 3600000, INT64_C(30) * 24 * 3600000},
	};
	struct classify *classify = classify_new(NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct message message = native(rows[i].kind);
		int64_t end_ms = rows[i].end_ms ? wall_ms + rows[i].end_ms : 0;
		message.class = rows[i].class;
		if (message.kind == KIND_ALERT)
			message.body.alert.expires_at_ms = end_ms;
		else
			message.body.request.needed_by_ms = end_ms;
		int64_t wanted_ms = rows[i].wanted_ms < 0 ? 0 : now_ms + rows[i].wanted_ms;
		assert_int_equal(classify_message_expiry_ms(classify, &message, now_ms, wall_ms), wanted_ms);
		/* With no clock of our own to be trusted, the sender's is. */
		message.sent_at_ms = wall_ms;
		assert_int_equal(classify_message_expiry_ms(classify, &message, now_ms, 0), wanted_ms);
	}
	struct message message = native(KIND_ALERT);
	message.class = CLASS_SAFETY;
	message.body.alert.expires_at_ms = wall_ms + DAY_MS;
	assert_int_equal(classify_message_expiry_ms(classify, &message, now_ms, 0), now_ms + 6 * HOUR_MS);
	message = native(KIND_CHECKIN);
	message.class = CLASS_SAFETY;
	assert_int_equal(classify_message_expiry_ms(classify, &message, now_ms, wall_ms), now_ms + 6 * HOUR_MS);
	classify_free(classify);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_distress),
	    cmocka_unit_test(test_urgent),
	    cmocka_unit_test(test_safety),
	    cmocka_unit_test(test_routine_and_bulk),
	    cmocka_unit_test(test_unknown_status_is_actual),
	    cmocka_unit_test(test_rules_leave_native_kinds),
	    cmocka_unit_test(test_allowance),
	    cmocka_unit_test(test_incomplete_request_is_as_fast),
	    cmocka_unit_test(test_positions_of_a_movement),
	    cmocka_unit_test(test_movements_are_bounded),
	    cmocka_unit_test(test_ends_of_their_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
