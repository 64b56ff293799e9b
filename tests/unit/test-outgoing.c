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

static void test_there_and_back(void **state)
{
	(void)state;
	const char *const commands[] = {
	    "{\"id\":\"c-1\",\"kind\":\"text\",\"radio\":\"vhf\",\"to\":\"N0CALL-7\",\"text\":\"a \\\" \xc3\xa9\","
	    "\"message_number\":\"7\"}",
	    "{\"id\":\"c-2\",\"kind\":\"ack\",\"to\":\"N0CALL-7\",\"ref\":\"42\",\"accepted\":false}",
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

static void test_refused(void **state)
{
	(void)state;
	static const struct {
		const char *json, *named;
	} cases[] = {
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
	    {"{\"text\":\"x\",\"id\":\"0123456789012345678901234567890123456789012345678901234567890123x\"}",
	     "\"id\" must be"},
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
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct message message;
		char error[128] = "";
		if (parse(cases[i].json, &message, error) != -EINVAL || !strstr(error, cases[i].named))
			fail_msg("%s: \"%s\", wanted \"%s\"", cases[i].json, error, cases[i].named);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_text),    cmocka_unit_test(test_ack),     cmocka_unit_test(test_there_and_back),
	    cmocka_unit_test(test_refused), cmocka_unit_test(test_lengths),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
