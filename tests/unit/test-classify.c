/* Kind and class: the table of the design row by row, the allowance, and that the sender's name changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/classify.h"
#include "gateway/classify_allowance.h"

struct heard {
	enum message_kind kind;
	const char *data_type, *text;
	enum message_hint hint;
};

static struct message message_of(const struct heard *heard, const char *station)
{
	struct message message;
	message_init(&message);
	message.kind = heard->kind;
	message.data_type = heard->data_type;
	message.hint = heard->hint;
	snprintf(message.text, sizeof(message.text), "%s", heard->text ? heard->text : "");
	snprintf(message.station, sizeof(message.station), "%s", station);
	return message;
}

static void expect(struct classify *classify, const struct heard *heard, enum message_kind kind,
		   enum message_class class)
{
	static int64_t now_ms = 0;
	struct message message = message_of(heard, "N0CALL-7");
	classify_message(classify, &message, "vhf", now_ms += 60000);
	if (message.kind != kind || message.class != class)
		fail_msg("%s \"%s\": %s %s", heard->data_type, heard->text, message_kind_name(message.kind),
			 message_class_name(message.class));
	assert_false(message.demoted);
}

static void test_built_in(void **state)
{
	(void)state;
	static const struct {
		struct heard heard;
		enum message_kind kind;
		enum message_class class;
	} rows[] = {
	    {{KIND_POSITION, "mic-e", "x", HINT_EMERGENCY}, KIND_DISTRESS, CLASS_DISTRESS},
	    {{KIND_TEXT, "status", "!EMERGENCY! x", HINT_EMERGENCY}, KIND_DISTRESS, CLASS_DISTRESS},
	    {{KIND_DISTRESS, NULL, "", HINT_NONE}, KIND_DISTRESS, CLASS_DISTRESS},
	    {{KIND_POSITION, "mic-e", "x", HINT_PRIORITY}, KIND_ALERT, CLASS_URGENT},
	    {{KIND_TEXT, "message", "SOS two wounded", HINT_NONE}, KIND_ALERT, CLASS_URGENT},
	    {{KIND_TEXT, "bulletin", "mayday", HINT_NONE}, KIND_ALERT, CLASS_URGENT},
	    {{KIND_POSITION, "position", "!! Alerte: feu", HINT_NONE}, KIND_ALERT, CLASS_URGENT},
	    {{KIND_POSITION, "position", "au secours", HINT_NONE}, KIND_ALERT, CLASS_URGENT},
	    {{KIND_TEXT, "message", "the SOS was a test", HINT_NONE}, KIND_TEXT, CLASS_ROUTINE},
	    {{KIND_TEXT, "message", "SOSO is here", HINT_NONE}, KIND_TEXT, CLASS_ROUTINE},
	    {{KIND_TEXT, "message", "sos\xc3\xa9", HINT_NONE}, KIND_TEXT, CLASS_ROUTINE},
	    {{KIND_TEXT, "message", "SO", HINT_NONE}, KIND_TEXT, CLASS_ROUTINE},
	    {{KIND_TEXT, "message", "all well", HINT_NONE}, KIND_TEXT, CLASS_ROUTINE},
	    {{KIND_TEXT, "status", "", HINT_NONE}, KIND_TEXT, CLASS_ROUTINE},
	    {{KIND_ACK, "message-ack", "SOS", HINT_NONE}, KIND_ACK, CLASS_ROUTINE},
	    {{KIND_POSITION, "object", "camp", HINT_NONE}, KIND_POSITION, CLASS_BULK},
	    {{KIND_TELEMETRY, "weather", "", HINT_NONE}, KIND_TELEMETRY, CLASS_BULK},
	    {{KIND_RAW, "raw", "SOS", HINT_NONE}, KIND_RAW, CLASS_BULK},
	    {{KIND_NONE, "item", "", HINT_NONE}, KIND_POSITION, CLASS_BULK},
	    {{KIND_NONE, "bulletin", "x", HINT_NONE}, KIND_TEXT, CLASS_ROUTINE},
	    {{KIND_NONE, "something", "", HINT_NONE}, KIND_RAW, CLASS_BULK},
	    {{KIND_NONE, NULL, "", HINT_NONE}, KIND_RAW, CLASS_BULK},
	    {{KIND_CHECKIN, NULL, "", HINT_NONE}, KIND_CHECKIN, CLASS_SAFETY},
	    {{KIND_MOVEMENT, NULL, "", HINT_NONE}, KIND_MOVEMENT, CLASS_SAFETY},
	    {{KIND_SITREP, NULL, "", HINT_NONE}, KIND_SITREP, CLASS_ROUTINE},
	    {{KIND_ACTIVITY, NULL, "", HINT_NONE}, KIND_ACTIVITY, CLASS_ROUTINE},
	    {{KIND_INCIDENT, NULL, "", HINT_NONE}, KIND_INCIDENT, CLASS_DISTRESS},
	};
	struct classify *classify = classify_new(NULL);
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		expect(classify, &rows[i].heard, rows[i].kind, rows[i].class);
	classify_free(classify);
}

static void test_urgency_and_severity(void **state)
{
	(void)state;
	struct message message;
	message_init(&message);
	message.kind = KIND_ALERT;
	for (int urgency = URGENCY_UNKNOWN; urgency <= URGENCY_PAST; urgency++) {
		for (int severity = SEVERITY_UNKNOWN; severity <= SEVERITY_MINOR; severity++) {
			bool grave = urgency == URGENCY_IMMEDIATE &&
				     (severity == SEVERITY_EXTREME || severity == SEVERITY_SEVERE);
			message.urgency = (enum alert_urgency)urgency;
			message.severity = (enum alert_severity)severity;
			assert_int_equal(classify_class(&message), grave ? CLASS_URGENT : CLASS_SAFETY);
		}
	}
	message.kind = KIND_REQUEST;
	message.urgency = URGENCY_IMMEDIATE;
	assert_int_equal(classify_class(&message), CLASS_SAFETY);
	message.urgency = URGENCY_EXPECTED;
	assert_int_equal(classify_class(&message), CLASS_ROUTINE);
	message.kind = KIND_ACK;
	message.ack.level = ACK_HQ_SEEN;
	assert_int_equal(classify_class(&message), CLASS_SAFETY);
	snprintf(message.incident, sizeof(message.incident), "f-1-1");
	assert_int_equal(classify_class(&message), CLASS_DISTRESS);
}

static void test_rules(void **state)
{
	(void)state;
	static const struct classify_rule rules[] = {
	    {.data_type = "object",
	     .keyword = "FIRE",
	     .kind = KIND_ALERT,
	     .urgency = URGENCY_EXPECTED,
	     .severity = SEVERITY_MODERATE,
	     .class = -1},
	    {.radio = "panic", .kind = KIND_DISTRESS, .class = -1},
	    {.radio = "vhf", .keyword = "CODE RED", .kind = KIND_DISTRESS, .class = -1},
	    {.keyword = "HELP", .kind = KIND_DISTRESS, .class = -1},
	    {.keyword = "SOS", .kind = KIND_NONE, .class = -1},
	    {.data_type = "weather", .class = CLASS_ROUTINE},
	    {.data_type = "telemetry", .class = CLASS_DISTRESS},
	    {.data_type = "mic-e", .class = CLASS_BULK},
	};
	struct classify_settings settings = classify_defaults();
	settings.rules = rules;
	settings.rule_count = sizeof(rules) / sizeof(*rules);
	struct classify *classify = classify_new(&settings);
	expect(classify, &(struct heard){KIND_POSITION, "object", "Fire at mill", 0}, KIND_ALERT, CLASS_SAFETY);
	expect(classify, &(struct heard){KIND_TEXT, "message", "Fire at mill", 0}, KIND_TEXT, CLASS_ROUTINE);
	expect(classify, &(struct heard){KIND_TEXT, "message", "code red", 0}, KIND_DISTRESS, CLASS_DISTRESS);
	expect(classify, &(struct heard){KIND_TEXT, "message", "help", 0}, KIND_ALERT, CLASS_URGENT);
	expect(classify, &(struct heard){KIND_TEXT, "message", "SOS", 0}, KIND_ALERT, CLASS_URGENT);
	expect(classify, &(struct heard){KIND_TELEMETRY, "weather", "", 0}, KIND_TELEMETRY, CLASS_ROUTINE);
	expect(classify, &(struct heard){KIND_TELEMETRY, "telemetry", "", 0}, KIND_TELEMETRY, CLASS_BULK);
	expect(classify, &(struct heard){KIND_POSITION, "mic-e", "", HINT_EMERGENCY}, KIND_DISTRESS, CLASS_DISTRESS);
	expect(classify, &(struct heard){KIND_POSITION, "mic-e", "", HINT_PRIORITY}, KIND_ALERT, CLASS_URGENT);
	struct message message = message_of(&(struct heard){KIND_RAW, NULL, "", 0}, "unknown");
	classify_message(classify, &message, "panic", 0);
	assert_int_equal(message.kind, KIND_DISTRESS);
	classify_free(classify);
}

static void test_own_keywords(void **state)
{
	(void)state;
	static const char *const keywords[] = {"TASFIYA", NULL};
	struct classify_settings settings = classify_defaults();
	settings.keywords = keywords;
	struct classify *classify = classify_new(&settings);
	expect(classify, &(struct heard){KIND_TEXT, "message", "tasfiya now", 0}, KIND_ALERT, CLASS_URGENT);
	expect(classify, &(struct heard){KIND_TEXT, "message", "SOS", 0}, KIND_TEXT, CLASS_ROUTINE);
	classify_free(classify);
}

static void test_allowance_of_a_station(void **state)
{
	(void)state;
	struct classify *classify = classify_new(NULL);
	unsigned urgent = 0, demoted = 0;
	for (int i = 0; i < 50; i++) {
		struct message message = message_of(&(struct heard){KIND_TEXT, "message", "SOS", 0}, "N0CALL-7");
		classify_message(classify, &message, "vhf", 5000 + i * 1200);
		assert_int_equal(message.kind, KIND_ALERT);
		urgent += message.class == CLASS_URGENT && !message.demoted;
		demoted += message.class == CLASS_SAFETY && message.demoted;
	}
	assert_int_equal(urgent, 3);
	assert_int_equal(demoted, 47);

	struct message other = message_of(&(struct heard){KIND_TEXT, "message", "SOS", 0}, "N0CALL-8");
	classify_message(classify, &other, "vhf", 64000);
	assert_int_equal(other.class, CLASS_URGENT);
	struct message later = message_of(&(struct heard){KIND_TEXT, "message", "SOS", 0}, "N0CALL-7");
	classify_message(classify, &later, "vhf", 65000);
	assert_int_equal(later.class, CLASS_URGENT);
	for (int i = 0; i < 200; i++) {
		struct message distress = message_of(&(struct heard){KIND_POSITION, "mic-e", "", HINT_EMERGENCY},
						     "N0CALL-7");
		classify_message(classify, &distress, "vhf", 65000 + i);
		assert_int_equal(distress.class, CLASS_DISTRESS);
	}
	classify_free(classify);
}

static void test_made_up_call_signs(void **state)
{
	(void)state;
	struct allowance *allowance = allowance_new(3, 16);
	for (int i = 0; i < 3; i++)
		assert_true(allowance_take(allowance, "FLOOD-1", 1000));
	assert_false(allowance_take(allowance, "FLOOD-1", 1000));
	for (int i = 0; i < 10000; i++) {
		char station[MESSAGE_STATION_MAX];
		snprintf(station, sizeof(station), "X%d", i);
		assert_true(allowance_take(allowance, station, 1001 + i / 1000));
	}
	assert_false(allowance_take(allowance, "FLOOD-1", 1100));
	assert_false(allowance_take(allowance, "FLOOD-1", 60999));
	assert_true(allowance_take(allowance, "FLOOD-1", 61000));
	assert_true(allowance_take(allowance, "FLOOD-1", 0)); /* a clock that jumped back */
	allowance_free(allowance);
}

/* The same traffic under other names gets the same classes, frame by frame. */
static void test_impartial(void **state)
{
	(void)state;
	static const char *const names[] = {"N0CALL-1", "UN-HQ", "f-1", "mt-00c0ffee", "ZZ9ZZZ-15", "A"};
	enum { STATIONS = sizeof(names) / sizeof(*names), FRAMES = 3000 };
	static const struct heard kinds[] = {
	    {KIND_TEXT, "message", "SOS", 0},
	    {KIND_TEXT, "message", "ok", 0},
	    {KIND_POSITION, "mic-e", "", HINT_PRIORITY},
	    {KIND_POSITION, "mic-e", "", HINT_EMERGENCY},
	    {KIND_POSITION, "position", "", 0},
	    {KIND_RAW, NULL, "", 0},
	};
	static enum message_class first[FRAMES];
	for (int shift = 0; shift < STATIONS; shift++) {
		struct classify *classify = classify_new(NULL);
		unsigned random = 12345;
		for (int i = 0; i < FRAMES; i++) {
			random = random * 1664525u + 1013904223u;
			size_t station = (random >> 8) % STATIONS,
			       kind = (random >> 16) % (sizeof(kinds) / sizeof(*kinds));
			struct message message = message_of(&kinds[kind], names[(station + (size_t)shift) % STATIONS]);
			classify_message(classify, &message, "vhf", i * 1500);
			if (shift == 0)
				first[i] = message.class;
			assert_int_equal(message.class, first[i]);
		}
		classify_free(classify);
	}
}

static void test_exercise_keeps_its_class(void **state)
{
	(void)state;
	struct classify *classify = classify_new(NULL);
	struct message message = message_of(&(struct heard){KIND_DISTRESS, NULL, "", 0}, "f-1");
	message.status = STATUS_EXERCISE;
	classify_message(classify, &message, "vhf", 0);
	assert_int_equal(message.class, CLASS_DISTRESS);
	assert_int_equal(message.status, STATUS_EXERCISE);
	classify_free(classify);
}

static void test_expiry(void **state)
{
	(void)state;
	struct classify *classify = classify_new(NULL);
	assert_int_equal(classify_expiry_ms(classify, CLASS_DISTRESS, 1000), 0);
	assert_int_equal(classify_expiry_ms(classify, CLASS_URGENT, 1000), 1000 + 24 * 3600000);
	assert_int_equal(classify_expiry_ms(classify, CLASS_SAFETY, 1000), 1000 + 6 * 3600000);
	assert_int_equal(classify_expiry_ms(classify, CLASS_ROUTINE, 1000), 1000 + 24 * 3600000);
	assert_int_equal(classify_expiry_ms(classify, CLASS_BULK, 1000), 1000 + 3600000);
	classify_free(classify);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_built_in),
	    cmocka_unit_test(test_urgency_and_severity),
	    cmocka_unit_test(test_rules),
	    cmocka_unit_test(test_own_keywords),
	    cmocka_unit_test(test_allowance_of_a_station),
	    cmocka_unit_test(test_made_up_call_signs),
	    cmocka_unit_test(test_impartial),
	    cmocka_unit_test(test_exercise_keeps_its_class),
	    cmocka_unit_test(test_expiry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
