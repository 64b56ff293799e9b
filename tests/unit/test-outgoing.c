/* Commands to a radio: what is right goes in whole, and what is wrong is refused by the name of its member. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/json.h"

static int parse(const char *json, struct message *message, char *error)
{
	char radio[MESSAGE_NAME_MAX];
	return json_parse_outgoing(json, strlen(json), message, radio, error, 128);
}

static void test_text(void **state)
{
	(void)state;
	struct message message;
	char radio[MESSAGE_NAME_MAX], error[128];
	const char *json = "{\"id\":\"c-1\",\"kind\":\"text\",\"radio\":\"vhf\",\"to\":\"N0CALL-7\",\"text\":"
			   "\"route 4 \\u00e9 closed\",\"message_number\":\"A7\"}";
	assert_int_equal(json_parse_outgoing(json, strlen(json), &message, radio, error, sizeof(error)), 0);
	assert_int_equal(message.kind, KIND_TEXT);
	assert_string_equal(message.id, "c-1");
	assert_string_equal(message.to, "N0CALL-7");
	assert_string_equal(message.text, "route 4 \xc3\xa9 closed");
	assert_string_equal(message.aprs.message_number, "A7");
	assert_string_equal(radio, "vhf");
	assert_int_equal(json_parse_outgoing(json, strlen(json), &message, NULL, error, sizeof(error)), 0);
	assert_int_equal(parse("{\"text\":\"x\"}", &message, error), 0);
	assert_int_equal(message.kind, KIND_TEXT);
	assert_string_equal(message.id, "");
	assert_int_equal(message.heard.hops, -1);
}

static void test_ack(void **state)
{
	(void)state;
	struct message message;
	char error[128];
	assert_int_equal(parse("{\"id\":\"c-2\",\"kind\":\"ack\",\"to\":\"N0CALL\",\"ref\":\"42\"}", &message, error),
			 0);
	assert_int_equal(message.kind, KIND_ACK);
	assert_string_equal(message.ack.ref, "42");
	assert_false(message.ack.rejected);
	assert_int_equal(
	    parse("{\"accepted\":false,\"ref\":\"42\",\"to\":\"N0CALL\",\"kind\":\"ack\"}", &message, error), 0);
	assert_true(message.ack.rejected);
}

static void test_ack_with_level(void **state)
{
	(void)state;
	struct message message;
	char error[128];
	assert_int_equal(
	    parse("{\"body\":{\"operator\":\"desk-1\",\"eta_min\":40,\"level\":\"RESPONDING\"},\"to\":\"f-17\","
		  "\"ref\":\"f-17-4000\",\"kind\":\"ack\"}",
		  &message, error),
	    0);
	assert_int_equal(message.body_kind, KIND_ACK);
	assert_int_equal(message.ack.level, ACK_RESPONDING);
	assert_int_equal(message.ack.eta_min, 40);
	assert_string_equal(message.ack.operator_id, "desk-1");
	assert_int_equal(
	    parse("{\"kind\":\"ack\",\"to\":\"f-17\",\"ref\":\"f-17-1\",\"body\":{\"level\":\"HQ_RECEIVED\"}}",
		  &message, error),
	    0);
	assert_int_equal(message.ack.eta_min, -1);
}

static void test_alert(void **state)
{
	(void)state;
	struct message message;
	char error[128];
	assert_int_equal(
	    parse(
		"{\"kind\":\"alert\",\"status\":\"Exercise\",\"text\":\"stay "
		"in\",\"position\":{\"lat\":4.1,\"lon\":-18},"
		"\"body\":{\"msg_type\":\"Cancel\",\"ref\":\"c-1\",\"urgency\":\"Immediate\",\"severity\":\"Extreme\","
		"\"certainty\":\"Observed\",\"category\":\"CBRNE\",\"event\":\"MOVEMENT_SUSPENDED\",\"response\":"
		"\"Shelter\","
		"\"radius_m\":655340,\"expires_at\":\"2026-09-21T14:13:20Z\",\"persons\":0,\"ack_wanted\":true,"
		"\"sensitivity\":\"security desk only\"}}",
		&message, error),
	    0);
	const struct body_alert *alert = &message.body.alert;
	assert_int_equal(message.kind, KIND_ALERT);
	assert_int_equal(message.body_kind, KIND_ALERT);
	assert_int_equal(message.status, STATUS_EXERCISE);
	assert_true(message.position.valid && message.position.lat_deg == 4.1 && message.position.lon_deg == -18);
	assert_int_equal(message.urgency, URGENCY_IMMEDIATE);
	assert_int_equal(message.severity, SEVERITY_EXTREME);
	assert_int_equal(alert->type, ALERT_TYPE_CANCEL);
	assert_int_equal(alert->certainty, 1);
	assert_int_equal(alert->category, 11);
	assert_int_equal(alert->event, EVENT_MOVEMENT_SUSPENDED);
	assert_int_equal(alert->response, 1);
	assert_true(alert->radius_m == 655340);
	assert_int_equal(alert->expires_at_ms, INT64_C(1790000000000));
	assert_int_equal(alert->persons, 0);
	assert_string_equal(alert->ref, "c-1");
	assert_int_equal(message.sensitivity, 3);
	assert_true(message.ack_wanted);
	assert_int_equal(
	    parse("{\"body\":{\"urgency\":\"Past\",\"severity\":\"Minor\"},\"kind\":\"alert\"}", &message, error), 0);
	assert_int_equal(message.body.alert.persons, -1);
	assert_false(message.position.valid);
}

static void test_rollcall(void **state)
{
	(void)state;
	struct message message;
	char error[128];
	assert_int_equal(
	    parse("{\"kind\":\"rollcall\",\"body\":{\"id\":513,\"type\":\"major incident\",\"window_min\":30,"
		  "\"slot_s\":20}}",
		  &message, error),
	    0);
	assert_int_equal(message.body.rollcall.id, 513);
	assert_int_equal(message.body.rollcall.type, ROLLCALL_MAJOR_INCIDENT);
	assert_int_equal(message.body.rollcall.window_min, 30);
	assert_int_equal(message.body.rollcall.slot_s, 20);
	assert_int_equal(message.body.rollcall.group, -1);
}

static void test_there_and_back(void **state)
{
	(void)state;
	const char *const commands[] = {
	    "{\"id\":\"c-1\",\"kind\":\"text\",\"radio\":\"vhf\",\"to\":\"N0CALL-7\",\"text\":\"a \\\" \xc3\xa9\","
	    "\"message_number\":\"7\"}",
	    "{\"id\":\"c-2\",\"kind\":\"ack\",\"to\":\"N0CALL-7\",\"ref\":\"42\",\"accepted\":false}",
	    "{\"id\":\"c-3\",\"kind\":\"ack\",\"to\":\"f-17\",\"ref\":\"f-17-1\",\"body\":{\"level\":\"RESPONDING\","
	    "\"eta_min\":"
	    "40,\"operator\":\"desk-1\",\"sensitivity\":\"public\"}}",
	    "{\"id\":\"c-4\",\"kind\":\"alert\",\"status\":\"Test\",\"text\":\"x\",\"position\":{\"lat\":4.1234567,"
	    "\"lon\":-18},"
	    "\"body\":{\"msg_type\":\"Alert\",\"urgency\":\"Expected\",\"severity\":\"Severe\",\"certainty\":"
	    "\"Unknown\","
	    "\"category\":\"Other\",\"event\":\"ROAD_CLOSED\",\"response\":\"None\",\"radius_m\":1500,\"expires_at\":"
	    "\"2026-09-21T14:13:20.000Z\",\"persons\":3,\"sensitivity\":\"partners\",\"ack_wanted\":true}}",
	    "{\"id\":\"c-5\",\"kind\":\"rollcall\",\"body\":{\"id\":1,\"type\":\"routine\",\"window_min\":1,\"group\":"
	    "0,"
	    "\"sensitivity\":\"public\"}}",
	    "{\"id\":\"c-6\",\"kind\":\"text\",\"text\":\"x\",\"body\":{\"language\":\"fr\",\"sensitivity\":\"public\"}"
	    "}",
	};
	for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
		struct message message;
		char radio[MESSAGE_NAME_MAX], error[128];
		size_t size = 0;
		assert_int_equal(json_parse_outgoing(commands[i], strlen(commands[i]), &message, radio, error, 128), 0);
		char *again = json_outgoing(&message, radio, &size);
		assert_string_equal(again, commands[i]);
		assert_int_equal(strlen(again), size);
		free(again);
	}
}

#define ACK   "{\"kind\":\"ack\",\"to\":\"f-17\",\"ref\":\"f-17-1\",\"body\":"
#define ALERT "{\"kind\":\"alert\",\"body\":{\"urgency\":\"Immediate\""

static const struct {
	const char *json, *named;
} refused[] = {
    {"", "not JSON"},
    {"{", "not JSON"},
    {"{\"text\":\"x\"} {}", "not JSON"},
    {"{\"text\":\"\xff\"}", "not JSON"},
    {"{\"text\":\"a\\u0000b\"}", "not JSON"},
    {"{\"text\":\"\\ud800\"}", "not JSON"},
    {"{\"text\":\"a\",\"text\":\"b\"}", "not JSON"},
    {"[]", "must be a JSON object"},
    {"[[[[[[[[]]]]]]]]", "nested deeper"},
    {"{}", "\"text\" is missing"},
    {"{\"text\":\"\"}", "\"text\" must be"},
    {"{\"text\":7}", "\"text\" must be"},
    {"{\"text\":null}", "\"text\" must be"},
    {"{\"text\":[\"x\"]}", "\"text\" must be"},
    {"{\"text\":\"a\\nb\"}", "\"text\" must be"},
    {"{\"text\":\"a\\u007f\"}", "\"text\" must be"},
    {"{\"text\":\"x\",\"id\":\"a/b\"}", "\"id\" must be"},
    {"{\"text\":\"x\",\"id\":\"\"}", "\"id\" must be"},
    {"{\"text\":\"x\",\"id\":\"0123456789012345678901234567890123456789012345678901234567890123x\"}", "\"id\" must be"},
    {"{\"text\":\"x\",\"to\":\"N0CALL 7\"}", "\"to\" must be"},
    {"{\"text\":\"x\",\"to\":\"012345678901234567890123\"}", "\"to\" must be"},
    {"{\"text\":\"x\",\"radio\":\"+\"}", "\"radio\" must be"},
    {"{\"text\":\"x\",\"message_number\":\"123456\"}", "\"message_number\" must be"},
    {"{\"text\":\"x\",\"message_number\":\"1}2\"}", "\"message_number\" must be"},
    {"{\"text\":\"x\",\"kind\":\"distress\"}", "\"kind\" must be"},
    {"{\"text\":\"x\",\"kind\":1}", "\"kind\" must be"},
    {"{\"text\":\"x\",\"class\":\"DISTRESS\"}", "\"class\" is not known"},
    {"{\"text\":\"x\",\"a\\u001b[2J\":1}", "\"?\" is not known"},
    {"{\"text\":\"x\",\"ref\":\"42\"}", "\"ref\" does not go with kind \"text\""},
    {"{\"text\":\"x\",\"accepted\":true}", "\"accepted\" does not go"},
    {"{\"kind\":\"ack\",\"to\":\"N0CALL\"}", "\"ref\" is missing"},
    {"{\"kind\":\"ack\",\"ref\":\"1\"}", "\"to\" is missing"},
    {"{\"kind\":\"ack\",\"ref\":\"1\",\"to\":\"A\",\"text\":\"x\"}", "\"text\" does not go"},
    {"{\"kind\":\"ack\",\"ref\":\"1\",\"to\":\"A\",\"accepted\":1}", "\"accepted\" must be"},
    {"{\"text\":\"x\",\"status\":\"System\"}", "\"status\" must be"},
    {"{\"text\":\"x\",\"body\":[]}", "\"body\" must be an object"},
    {"{\"text\":\"x\",\"body\":{\"state\":\"OK\"}}", "\"body.state\" is not known for kind \"text\""},
    {"{\"text\":\"x\",\"body\":{\"a\\u001b\":1}}", "\"body.?\" is not known"},
    {"{\"text\":\"x\",\"body\":{\"language\":\"xx\"}}", "\"body.language\" must be one of unknown, en, fr"},
    {"{\"text\":\"x\",\"body\":{\"ack_wanted\":1}}", "\"body.ack_wanted\" must be true or false"},
    {"{\"text\":\"x\",\"position\":{\"lat\":1,\"lon\":2}}", "\"position\" does not go"},
    {ACK "{\"level\":\"STORED\"}}", "\"body.level\" must be one of BASE_SEEN"},
    {ACK "{\"level\":\"NOT_AUTHENTIC\"}}", "\"body.level\" must be"},
    {ACK "{\"level\":\"HQ_SEEN\"}}", "\"body.operator\" is missing"},
    {ACK "{\"level\":\"HQ_SEEN\",\"operator\":\"caf\u00e9\"}}", "\"body.operator\" must be"},
    {ACK "{\"level\":\"HQ_SEEN\",\"operator\":\"01234567890123456789012345678901\"}}", "\"body.operator\" must be"},
    {ACK "{\"level\":\"HQ_SEEN\",\"operator\":\"d\",\"eta_min\":5}}", "\"body.eta_min\" goes with"},
    {ACK "{\"level\":\"RESPONDING\",\"operator\":\"d\",\"eta_min\":255}}", "whole number from 0 to 254"},
    {ACK "{\"level\":\"HQ_RECEIVED\"},\"accepted\":true}", "\"accepted\" does not go with \"body.level\""},
    {ACK "{\"level\":\"HQ_RECEIVED\",\"bitmap\":3}}", "\"body.bitmap\" is not known"},
    {ACK "{}}", "\"body.level\" is missing"},
    {"{\"kind\":\"alert\"}", "\"body.urgency\" is missing"},
    {ALERT "}}", "\"body.severity\" is missing"},
    {ALERT ",\"severity\":\"Grave\"}}", "one of Unknown, Extreme, Severe, Moderate, Minor"},
    {ALERT ",\"severity\":1}}", "\"body.severity\" must be one of"},
    {ALERT ",\"severity\":\"Minor\",\"ref\":\"c-1\"}}", "\"body.ref\" goes with"},
    {ALERT ",\"severity\":\"Minor\",\"ref\":\"c/1\"}}", "\"body.ref\" must be"},
    {ALERT ",\"severity\":\"Minor\",\"msg_type\":\"Update\"}}", "\"body.ref\" is missing"},
    {ALERT ",\"severity\":\"Minor\",\"radius_m\":-1}}", "number from 0 to 655340"},
    {ALERT ",\"severity\":\"Minor\",\"radius_m\":\"1\"}}", "\"body.radius_m\" must be"},
    {ALERT ",\"severity\":\"Minor\",\"expires_at\":\"tomorrow\"}}", "\"body.expires_at\" must be a time"},
    {ALERT ",\"severity\":\"Minor\",\"persons\":1.5}}", "\"body.persons\" must be a whole number"},
    {ALERT "},\"position\":{\"lat\":91,\"lon\":0}}", "\"position\" must be"},
    {ALERT "},\"position\":{\"lat\":1}}", "\"position\" must be"},
    {ALERT "},\"position\":{\"lat\":1,\"lon\":2,\"alt_m\":3}}", "\"position\" must be"},
    {ALERT "},\"position\":[1,2]}", "\"position\" must be"},
    {"{\"kind\":\"rollcall\",\"body\":{\"type\":\"security\",\"window_min\":5}}", "\"body.id\" is missing"},
    {"{\"kind\":\"rollcall\",\"body\":{\"id\":65536}}", "whole number from 1 to 65534"},
    {"{\"kind\":\"rollcall\",\"body\":{\"id\":1,\"type\":\"security\"}}", "\"body.window_min\" is missing"},
    {"{\"kind\":\"rollcall\",\"text\":\"x\"}", "\"text\" does not go with kind \"rollcall\""},
};

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		struct message message;
		char error[128] = "";
		if (parse(refused[i].json, &message, error) != -EINVAL || !strstr(error, refused[i].named))
			fail_msg("%s: \"%s\", wanted \"%s\"", refused[i].json, error, refused[i].named);
	}
}

static void test_lengths(void **state)
{
	(void)state;
	static char json[20000];
	struct message message;
	char error[128];
	snprintf(json, sizeof(json), "{\"text\":\"%01023d\"}", 0);
	assert_int_equal(parse(json, &message, error), 0);
	assert_int_equal(strlen(message.text), 1023);
	snprintf(json, sizeof(json), "{\"text\":\"%01024d\"}", 0);
	assert_int_equal(parse(json, &message, error), -EINVAL);
	assert_non_null(strstr(error, "1023"));
	snprintf(json, sizeof(json), "{\"text\":\"%010000d\"}", 0);
	assert_int_equal(parse(json, &message, error), -EINVAL);
	assert_non_null(strstr(error, "8192"));
	memset(json, '[', sizeof(json) - 1);
	assert_int_equal(json_parse_outgoing(json, 8000, &message, NULL, error, sizeof(error)), -EINVAL);
	assert_non_null(strstr(error, "nested"));
	char tiny[4];
	assert_int_equal(json_parse_outgoing("{}", 2, &message, NULL, tiny, sizeof(tiny)), -EINVAL);
	assert_int_equal(strlen(tiny), 3);
}

/* What no command may say, the gateway does, and reads it again from its store. */
static void test_own_acknowledgements(void **state)
{
	(void)state;
	static const struct {
		int level, eta_min, bitmap;
		const char *own;
	} cases[] = {
	    {0, -1, 11, "{\"level\":0,\"bitmap\":11}"},
	    {0, -1, 0, "{\"level\":0,\"bitmap\":0}"},
	    {ACK_STORED, -1, -1, "{\"level\":1}"},
	    {ACK_HQ_SEEN, -1, -1, "{\"level\":4}"},
	    {ACK_RESPONDING, 20, -1, "{\"level\":5,\"eta_min\":20}"},
	    {ACK_EXPIRED, -1, -1, "{\"level\":131}"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct message message, again;
		char error[128], wanted[160];
		size_t size;
		message_init(&message);
		message.kind = KIND_ACK;
		message.ack.level = (enum ack_level)cases[i].level;
		message.ack.eta_min = cases[i].eta_min;
		message.ack.bitmap = cases[i].bitmap;
		snprintf(message.to, sizeof(message.to), "f-17");
		snprintf(message.ack.ref, sizeof(message.ack.ref), "f-17-90");
		char *json = json_outgoing(&message, NULL, &size);
		snprintf(wanted, sizeof(wanted), "{\"kind\":\"ack\",\"to\":\"f-17\",\"ref\":\"f-17-90\",\"own\":%s}",
			 cases[i].own);
		assert_string_equal(json, wanted);
		assert_int_equal(json_parse_kept(json, size, &again, NULL, error, sizeof(error)), 0);
		assert_int_equal(again.ack.level, cases[i].level);
		assert_int_equal(again.ack.eta_min, cases[i].eta_min);
		assert_int_equal(again.ack.bitmap, cases[i].bitmap);
		assert_int_equal(json_parse_outgoing(json, size, &again, NULL, error, sizeof(error)), -EINVAL);
		assert_non_null(strstr(error, "\"own\" is not known"));
		free(json);
	}
}

static void test_own_damaged(void **state)
{
	(void)state;
	static const char *const bad[] = {
	    "{\"kind\":\"text\",\"text\":\"x\",\"own\":{\"level\":1}}",
	    "{\"kind\":\"ack\",\"to\":\"f-17\",\"ref\":\"f-17-1\",\"own\":{\"level\":256}}",
	    "{\"kind\":\"ack\",\"to\":\"f-17\",\"ref\":\"f-17-1\",\"own\":{\"level\":-1}}",
	    "{\"kind\":\"ack\",\"to\":\"f-17\",\"ref\":\"f-17-1\",\"own\":{\"bitmap\":\"7\"}}",
	    "{\"kind\":\"ack\",\"to\":\"f-17\",\"ref\":\"f-17-1\",\"own\":{\"bitmap\":4294967297}}",
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct message message;
		char error[128];
		assert_int_equal(json_parse_kept(bad[i], strlen(bad[i]), &message, NULL, error, sizeof(error)),
				 -EINVAL);
		assert_non_null(strstr(error, "own"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text),
	    cmocka_unit_test(test_ack),
	    cmocka_unit_test(test_ack_with_level),
	    cmocka_unit_test(test_alert),
	    cmocka_unit_test(test_rollcall),
	    cmocka_unit_test(test_there_and_back),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_lengths),
	    cmocka_unit_test(test_own_acknowledgements),
	    cmocka_unit_test(test_own_damaged),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
