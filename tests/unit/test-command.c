/* Commands as they come from the broker: topic and JSON, who may what, and what is said of those that are wrong. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/command.h"

static struct given_command given;
static struct command_fault fault;

static int read_it(const char *topic, const char *json)
{
	return command_read(topic, json, strlen(json), &given, &fault);
}

static void test_a_text(void **state)
{
	(void)state;
	assert_int_equal(read_it("sec/text", "{\"id\":\"c-1\",\"to\":\"N0CALL-7\",\"text\":\"x\",\"radio\":\"vhf\","
					     "\"status\":\"Test\",\"expires_at\":\"2026-09-21T14:13:20Z\"}"),
			 0);
	assert_int_equal(given.audience, AUDIENCE_SECURITY);
	assert_int_equal(given.what, COMMAND_TEXT);
	assert_string_equal(given.sender, "sec");
	assert_string_equal(given.organisation, "");
	assert_string_equal(given.id, "c-1");
	assert_string_equal(given.message.id, "c-1");
	assert_string_equal(given.message.to, "N0CALL-7");
	assert_string_equal(given.radio, "vhf");
	assert_int_equal(given.status, STATUS_TEST);
	assert_int_equal(given.message.status, STATUS_TEST);
	assert_int_equal(given.expires_at_ms, INT64_C(1790000000000));
	assert_int_equal(read_it("org/example-org/text", "{\"id\":\"c-1\",\"to\":\"f-17\",\"text\":\"x\"}"), 0);
	assert_int_equal(given.audience, AUDIENCE_ORGANISATION);
	assert_string_equal(given.sender, "org/example-org");
	assert_string_equal(given.organisation, "example-org");
	assert_int_equal(given.expires_at_ms, 0);
}

/* What is for one station wants to be acknowledged; and the store gives it back as it was. */
static void test_acknowledgement_wanted(void **state)
{
	(void)state;
	static const struct {
		const char *topic, *json;
		bool wanted;
	} cases[] = {
	    {"sec/text", "{\"id\":\"c\",\"to\":\"f-17\",\"text\":\"x\"}", true},
	    {"sec/text", "{\"id\":\"c\",\"to\":\"f-17\",\"text\":\"x\",\"body\":{\"language\":\"fr\"}}", true},
	    {"sec/text", "{\"id\":\"c\",\"to\":\"f-17\",\"text\":\"x\",\"body\":{\"ack_wanted\":false}}", false},
	    {"sec/text", "{\"id\":\"c\",\"text\":\"x\"}", false},
	    {"sec/text", "{\"id\":\"c\",\"text\":\"x\",\"body\":{\"ack_wanted\":true}}", true},
	    {"sec/alert", "{\"id\":\"c\",\"to\":\"f-17\",\"body\":{\"urgency\":\"Past\",\"severity\":\"Minor\"}}",
	     true},
	    {"sec/rollcall", "{\"id\":\"c\",\"to\":\"f-17\",\"body\":{\"id\":1,\"type\":\"routine\",\"window_min\":1}}",
	     true},
	    {"sec/rollcall", "{\"id\":\"c\",\"body\":{\"id\":1,\"type\":\"routine\",\"window_min\":1}}", false},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct message again;
		char error[128];
		size_t size;
		assert_int_equal(read_it(cases[i].topic, cases[i].json), 0);
		assert_int_equal(given.message.ack_wanted, cases[i].wanted);
		char *stored = json_outgoing(&given.message, NULL, &size);
		assert_int_equal(json_parse_outgoing(stored, size, &again, NULL, error, sizeof(error)), 0);
		assert_int_equal(again.ack_wanted, cases[i].wanted);
		free(stored);
	}
}

static void test_the_others(void **state)
{
	(void)state;
	assert_int_equal(read_it("sec/cancel", "{\"id\":\"c-2\",\"ref\":\"c-1\",\"kind\":\"cancel\"}"), 0);
	assert_int_equal(given.what, COMMAND_CANCEL);
	assert_string_equal(given.ref, "c-1");
	assert_int_equal(read_it("sec/list", "{\"id\":\"c-3\"}"), 0);
	assert_int_equal(given.what, COMMAND_LIST);
	assert_int_equal(read_it("coord/ack", "{\"id\":\"c-4\",\"ref\":\"f-17-1\",\"body\":{\"level\":\"RESPONDING\","
					      "\"operator\":\"desk-1\",\"eta_min\":20}}"),
			 0);
	assert_int_equal(given.what, COMMAND_ACK);
	assert_string_equal(given.ref, "f-17-1");
	assert_int_equal(given.message.ack.level, ACK_RESPONDING);
	assert_int_equal(given.message.ack.eta_min, 20);
	assert_string_equal(given.message.ack.operator_id, "desk-1");
	assert_int_equal(read_it("sec/ack", "{\"id\":\"c-4\",\"ref\":\"f-17-1\",\"body\":{\"level\":\"CLOSED\","
					    "\"operator\":\"desk-1\"}}"),
			 0);
}

/* The table of the design: each audience and each command. */
static void test_who_may_what(void **state)
{
	(void)state;
	static const char *const audiences[] = {"sec",     "coord", "org/x", "org", "log",  "pub",
						"liaison", "audit", "base",  "",    "sec/x"};
	static const char *const whats[] = {"text", "alert", "rollcall", "ack", "cancel", "list", "send", ""};
	static const char *const json[] = {
	    "{\"id\":\"c\",\"to\":\"f-17\",\"text\":\"x\"}",
	    "{\"id\":\"c\",\"body\":{\"urgency\":\"Past\",\"severity\":\"Minor\"},\"to\":\"f-17\"}",
	    "{\"id\":\"c\",\"body\":{\"id\":1,\"type\":\"routine\",\"window_min\":1}}",
	    "{\"id\":\"c\",\"ref\":\"r\",\"body\":{\"level\":\"HQ_RECEIVED\"}}",
	    "{\"id\":\"c\",\"ref\":\"r\"}",
	    "{\"id\":\"c\"}",
	    "{\"id\":\"c\"}",
	    "{\"id\":\"c\"}",
	};
	static const char *const allowed[] = {"sec/text", "sec/alert",  "sec/rollcall", "sec/ack",    "sec/cancel",
					      "sec/list", "coord/text", "coord/ack",    "org/x/text", NULL};
	for (size_t i = 0; i < sizeof(audiences) / sizeof(*audiences); i++)
		for (size_t j = 0; j < sizeof(whats) / sizeof(*whats); j++) {
			char topic[64];
			bool may = false;
			snprintf(topic, sizeof(topic), "%s/%s", audiences[i], whats[j]);
			for (const char *const *at = allowed; *at; at++)
				may |= strcmp(*at, topic) == 0;
			assert_int_equal(read_it(topic, json[j]), may ? 0 : -EINVAL);
			if (!may)
				assert_string_equal(fault.code, audiences[i][0] ? "not_allowed" : "bad_topic");
		}
}

static void test_what_is_wrong(void **state)
{
	(void)state;
	static const struct {
		const char *topic, *json, *code, *text;
	} cases[] = {
	    {"text", "{\"id\":\"c\"}", "bad_topic", "down/"},
	    {"", "{\"id\":\"c\"}", "bad_topic", "down/"},
	    {"sec/text", "", "bad_json", "byte 0"},
	    {"sec/text", "{\"id\":\"c\"", "bad_json", "byte"},
	    {"sec/text", "[1]", "bad_json", "object"},
	    {"sec/text", "{\"id\":\"c\",\"id\":\"c\"}", "bad_json", "byte"},
	    {"sec/text", "{\"a\":[[[[[1]]]]]}", "bad_json", "nested"},
	    {"sec/text", "{}", "bad_id", "\"id\""},
	    {"sec/text", "{\"id\":\"\"}", "bad_id", "\"id\""},
	    {"sec/text", "{\"id\":7}", "bad_id", "\"id\""},
	    {"sec/text", "{\"id\":\"a/b\"}", "bad_id", "\"id\""},
	    {"sec/text", "{\"id\":\"unreadable\"}", "bad_id", "\"id\""},
	    {"sec/text", "{\"id\":\"k-1\"}", "bad_id", "\"id\""},
	    {"sec/text", "{\"id\":\"c\",\"text\":\"x\",\"kind\":\"alert\"}", "bad_command", "\"kind\""},
	    {"sec/text", "{\"id\":\"c\",\"text\":\"x\",\"kind\":null}", "bad_command", "\"kind\""},
	    {"sec/text", "{\"id\":\"c\",\"text\":\"x\",\"expires_at\":1}", "bad_command", "\"expires_at\""},
	    {"sec/text", "{\"id\":\"c\",\"text\":\"x\",\"expires_at\":\"2026-13-01T00:00:00Z\"}", "bad_command",
	     "\"expires_at\""},
	    {"sec/text", "{\"id\":\"c\",\"text\":\"x\",\"secret\":1}", "bad_command", "member 3 "},
	    {"sec/text", "{\"id\":\"c\",\"text\":\"x\",\"body\":{\"secret\":1}}", "bad_command",
	     "a member of \"body\""},
	    {"sec/text", "{\"id\":\"c\"}", "bad_command", "\"text\""},
	    {"coord/text", "{\"id\":\"c\",\"text\":\"x\"}", "bad_command", "\"to\""},
	    {"org/x/text", "{\"id\":\"c\",\"text\":\"x\"}", "bad_command", "\"to\""},
	    {"sec/cancel", "{\"id\":\"c\"}", "bad_command", "\"ref\""},
	    {"sec/cancel", "{\"id\":\"c\",\"ref\":1}", "bad_command", "\"ref\""},
	    {"sec/cancel", "{\"id\":\"c\",\"ref\":\"c\",\"to\":\"f-17\"}", "bad_command", "member 3 "},
	    {"sec/list", "{\"id\":\"c\",\"ref\":\"c\"}", "bad_command", "member 2 "},
	    {"sec/ack", "{\"id\":\"c\",\"ref\":\"r\"}", "bad_command", "\"body.level\""},
	    {"sec/ack", "{\"id\":\"c\",\"ref\":\"r\",\"to\":\"f-17\",\"accepted\":true}", "bad_command", "member 4 "},
	    {"sec/ack", "{\"id\":\"c\",\"body\":{\"level\":\"HQ_RECEIVED\"}}", "bad_command", "\"ref\""},
	    {"sec/ack", "{\"id\":\"c\",\"ref\":\"r\",\"body\":{\"level\":\"HQ_SEEN\"}}", "bad_command",
	     "\"body.operator\""},
	    {"sec/ack", "{\"id\":\"c\",\"ref\":\"r\",\"body\":{\"level\":\"BASE_SEEN\",\"operator\":\"x\"}}",
	     "bad_command", "BASE_SEEN"},
	    {"coord/ack", "{\"id\":\"c\",\"ref\":\"r\",\"body\":{\"level\":\"CLOSED\",\"operator\":\"x\"}}",
	     "not_allowed", "closes"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(read_it(cases[i].topic, cases[i].json), -EINVAL);
		assert_string_equal(fault.code, cases[i].code);
		if (!strstr(fault.text, cases[i].text))
			fail_msg("%s: %s", cases[i].json, fault.text);
		assert_null(strstr(fault.text, "secret"));
		bool nameless = strcmp(fault.code, "bad_topic") == 0 || strcmp(fault.code, "bad_json") == 0 ||
				strcmp(fault.code, "bad_id") == 0;
		assert_int_equal(given.id[0] == '\0', nameless);
	}
}

static void test_long_ones(void **state)
{
	(void)state;
	char topic[200], json[200], id[80];
	memset(topic, 'x', sizeof(topic));
	memcpy(topic, "org/", 4);
	memcpy(topic + sizeof(topic) - 6, "/text", 6);
	assert_int_equal(read_it(topic, "{\"id\":\"c\",\"to\":\"f-17\",\"text\":\"x\"}"), -EINVAL);
	assert_string_equal(fault.code, "bad_topic");
	memset(id, 'i', sizeof(id));
	id[COMMAND_ID_MAX] = '\0';
	snprintf(json, sizeof(json), "{\"id\":\"%s\",\"to\":\"f-17\",\"text\":\"x\"}", id);
	assert_int_equal(read_it("sec/text", json), 0);
	assert_string_equal(given.id, id);
	snprintf(json, sizeof(json), "{\"id\":\"%si\",\"to\":\"f-17\",\"text\":\"x\"}", id);
	assert_int_equal(read_it("sec/text", json), -EINVAL);
	assert_string_equal(fault.code, "bad_id");
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(command_what_name(COMMAND_ROLLCALL), "rollcall");
	assert_string_equal(command_what_name(COMMAND_NOTHING), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_text),        cmocka_unit_test(test_acknowledgement_wanted),
	    cmocka_unit_test(test_the_others),    cmocka_unit_test(test_who_may_what),
	    cmocka_unit_test(test_what_is_wrong), cmocka_unit_test(test_long_ones),
	    cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
