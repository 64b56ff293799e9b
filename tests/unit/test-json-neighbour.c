/* What gateways say to one another: there and back, and read with suspicion. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/command.h"
#include "gateway/json_neighbour.h"

/* ---- reports ---- */

static void test_a_report_there_and_back(void **state)
{
	(void)state;
	struct reach_report report = {.gateway = "base2",
				      .station = "f-17",
				      .radio = "lora",
				      .heard = {.rssi_dbm = -97.5, .snr_db = 6.25, .hops = 1, .path = "N0CALL-3*"},
				      .at_ms = INT64_C(1790000000123)};
	struct reach_report read;
	char topic[128];
	size_t size;
	char *json = json_reach(&report, &size);
	assert_string_equal(json, "{\"kind\":\"reach\",\"gateway\":\"base2\",\"station\":\"f-17\",\"radio\":\"lora\","
				  "\"at\":\"2026-09-21T14:13:20.123Z\",\"heard\":{\"rssi_dbm\":-97.5,\"snr_db\":6.25,"
				  "\"hops\":1}}");
	assert_int_equal(json_reach_topic(&report, topic, sizeof(topic)), strlen("gw/base2/reach/f-17"));
	assert_string_equal(topic, "gw/base2/reach/f-17");
	assert_int_equal(json_parse_reach(topic, json, size, &read), 0);
	assert_string_equal(read.gateway, "base2");
	assert_string_equal(read.station, "f-17");
	assert_string_equal(read.radio, "lora");
	assert_int_equal(read.at_ms, report.at_ms);
	assert_true(read.heard.rssi_dbm == -97.5 && read.heard.snr_db == 6.25 && read.heard.hops == 1);
	free(json);
	assert_true(json_reach_topic(&report, topic, 10) < 0);
	snprintf(report.station, sizeof(report.station), "a/b");
	assert_true(json_reach_topic(&report, topic, sizeof(topic)) < 0);
}

#define TOPIC "gw/base2/reach/f-17"
#define BASE  "\"kind\":\"reach\",\"gateway\":\"base2\",\"station\":\"f-17\""

static void test_reports_are_read_with_suspicion(void **state)
{
	(void)state;
	static const struct {
		const char *topic, *json;
		bool sound;
	} rows[] = {
	    {TOPIC, "{" BASE "}", true},
	    {TOPIC, "{" BASE ",\"heard\":{},\"more\":[1]}", true},
	    {TOPIC, "{" BASE ",\"heard\":{\"hops\":0,\"rssi_dbm\":-20,\"snr_db\":-3.5}}", true},
	    {TOPIC, "{" BASE ",\"at\":\"yesterday\"}", true}, /* nobody goes by it */
	    {TOPIC, "", false},
	    {TOPIC, "[]", false},
	    {TOPIC, "{" BASE, false},
	    {TOPIC, "{" BASE "," BASE "}", false},
	    {TOPIC, "{\"kind\":\"reach\",\"gateway\":\"base2\",\"station\":\"f-18\"}", false}, /* not its topic's */
	    {TOPIC, "{\"kind\":\"reach\",\"gateway\":\"base3\",\"station\":\"f-17\"}", false},
	    {TOPIC, "{\"kind\":\"text\",\"gateway\":\"base2\",\"station\":\"f-17\"}", false},
	    {TOPIC, "{\"gateway\":\"base2\",\"station\":\"f-17\"}", false},
	    {TOPIC, "{" BASE ",\"heard\":[]}", false},
	    {TOPIC, "{" BASE ",\"heard\":{\"hops\":-1}}", false},
	    {TOPIC, "{" BASE ",\"heard\":{\"hops\":256}}", false},
	    {TOPIC, "{" BASE ",\"heard\":{\"hops\":0.5}}", false},
	    {TOPIC, "{" BASE ",\"heard\":{\"hops\":\"0\"}}", false},
	    {TOPIC, "{" BASE ",\"heard\":{\"rssi_dbm\":51}}", false},
	    {TOPIC, "{" BASE ",\"heard\":{\"rssi_dbm\":1e400}}", false},
	    {TOPIC, "{" BASE ",\"heard\":{\"snr_db\":null}}", false},
	    {"gw/base2/reach/f-17/x", "{" BASE "}", false},
	    {"gw/base2/reach/", "{" BASE "}", false},
	    {"gw//reach/f-17", "{" BASE "}", false},
	    {"gw/base2/reach", "{" BASE "}", false},
	    {"gw/base2/state/f-17", "{" BASE "}", false},
	    {"gw/base2/reach/f 17", "{\"kind\":\"reach\",\"gateway\":\"base2\",\"station\":\"f 17\"}", false},
	    {"gw/a-gateway-with-a-name-of-32-letters/reach/f-17", "{" BASE "}", false},
	    {"gw/base2/reach/a-station-with-24-letters", "{" BASE "}", false},
	    {"", "{" BASE "}", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct reach_report report;
		bool sound = json_parse_reach(rows[i].topic, rows[i].json, strlen(rows[i].json), &report) == 0;
		if (sound != rows[i].sound)
			fail_msg("%s %s", rows[i].topic, rows[i].json);
	}
	char large[2048];
	int used = snprintf(large, sizeof(large), "{" BASE ",\"more\":\"%01500d\"}", 0);
	struct reach_report report;
	assert_int_not_equal(json_parse_reach(TOPIC, large, (size_t)used, &report), 0);
	memset(large, '[', sizeof(large));
	assert_int_not_equal(json_parse_reach(TOPIC, large, 1000, &report), 0);
	assert_int_equal(json_parse_reach(TOPIC, "{" BASE "}", sizeof("{" BASE "}") - 1, &report), 0);
	assert_true(isnan(report.heard.rssi_dbm) && report.heard.hops == -1 && report.at_ms == 0);
}

/* ---- handing over ---- */

static void test_ids(void **state)
{
	(void)state;
	static const struct {
		const char *id, *giver;
	} rows[] = {
	    {"n-base2-0123456789abcdef", "base2"},
	    {"n-base-2_x-0123456789abcdef", "base-2_x"},
	    {"n-0123456789abcdef-0123456789abcdef", "0123456789abcdef"},
	    {"n-base2-0123456789abcdeF", NULL},
	    {"n-base2-0123456789abcde", NULL},
	    {"n-base2-0123456789abcdef0", NULL},
	    {"n--0123456789abcdef", NULL},
	    {"n-0123456789abcdef", NULL},
	    {"n-base/2-0123456789abcdef", NULL},
	    {"n-a-gateway-with-a-name-of-32-letters-0123456789abcdef", NULL},
	    {"c-base2-0123456789abcdef", NULL},
	    {"n-1", NULL},
	    {"", NULL},
	};
	char giver[MESSAGE_NAME_MAX], id[COMMAND_ID_MAX + 1];
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		assert_int_equal(json_handed_by(rows[i].id, giver), rows[i].giver != NULL);
		assert_int_equal(json_is_handed(rows[i].id), rows[i].giver != NULL);
		if (rows[i].giver)
			assert_string_equal(giver, rows[i].giver);
	}
	json_handed_id("a-gateway-with-a-name-of-31-letter", UINT64_C(0xfedcba9876543210), id);
	assert_string_equal(id, "n-a-gateway-with-a-name-of-31-let-fedcba9876543210");
	assert_true(json_is_handed(id));
}

static void test_an_order_there_and_back(void **state)
{
	(void)state;
	const char *const given[] = {
	    "{\"id\":\"n-base1-0123456789abcdef\",\"kind\":\"text\",\"to\":\"f-17\",\"text\":\"come home\",\"status\":"
	    "\"Exercise\",\"body\":{\"ack_wanted\":true}}",
	    "{\"id\":\"n-base1-0123456789abcdef\",\"kind\":\"alert\",\"to\":\"f-17\",\"text\":\"stay in\",\"body\":{"
	    "\"urgency\":\"Immediate\",\"severity\":\"Severe\"}}",
	    "{\"id\":\"n-base1-0123456789abcdef\",\"kind\":\"ack\",\"to\":\"f-17\",\"ref\":\"f-17-4\",\"body\":{"
	    "\"level\":\"RESPONDING\",\"operator\":\"desk-1\"}}",
	    "{\"id\":\"n-base1-0123456789abcdef\",\"kind\":\"ack\",\"to\":\"f-17\",\"ref\":\"f-17-4\",\"own\":{"
	    "\"level\":1}}",
	};
	static const enum message_kind kinds[] = {KIND_TEXT, KIND_ALERT, KIND_ACK, KIND_ACK};
	for (size_t i = 0; i < sizeof(given) / sizeof(*given); i++) {
		struct message message;
		struct given_command read;
		struct command_fault fault;
		char error[128], topic[128];
		size_t size;
		assert_int_equal(json_parse_kept(given[i], strlen(given[i]), &message, NULL, error, sizeof(error)), 0);
		char *json = json_order(&message, INT64_C(1790000000000), &size);
		assert_int_equal(strlen(json), size);
		assert_non_null(strstr(json, ",\"expires_at\":\"2026-09-21T14:13:20.000Z\"}"));
		assert_true(json_order_topic(message_kind_name(message.kind), "base2", "base1", topic, sizeof(topic)) >
			    0);
		assert_memory_equal(topic, "gw/base2/down/gw/base1/", 23);
		if (command_read(topic + 14, json, size, &read, &fault) != 0)
			fail_msg("%s: %s %s", json, fault.code, fault.text);
		free(json);
		assert_int_equal(read.audience, AUDIENCE_GATEWAY);
		assert_string_equal(read.organisation, "base1");
		assert_int_equal(read.message.kind, kinds[i]);
		assert_int_equal(read.expires_at_ms, INT64_C(1790000000000));
		assert_string_equal(read.message.to, "f-17");
		assert_int_equal(read.message.ack_wanted, message.ack_wanted);
		assert_int_equal(read.message.ack.level, message.ack.level);
		assert_int_equal(read.status, message.status);
		/* Without knowledge of the time there is none. */
		json = json_order(&message, 0, &size);
		assert_null(strstr(json, "expires_at"));
		free(json);
	}
	char topic[16];
	assert_true(json_order_topic("text", "base2", "base1", topic, sizeof(topic)) < 0);
	assert_true(json_order_topic("text", "a/b", "base1", topic, sizeof(topic)) < 0);
}

#define TO "\"to\":\"f-17\",\"text\":\"x\""

static void test_orders_that_are_none(void **state)
{
	(void)state;
	static const struct {
		const char *topic, *json, *code;
	} rows[] = {
	    {"gw/base2/text", "{\"id\":\"n-base3-0123456789abcdef\"," TO "}", "bad_id"},
	    {"gw/base2/text", "{\"id\":\"c-1\"," TO "}", "bad_id"},
	    {"gw/base2/text", "{\"id\":\"n-base2-0123456789abcdef\",\"text\":\"to all\"}", "bad_command"},
	    {"gw/base2/text", "{\"id\":\"n-base2-0123456789abcdef\",\"radio\":\"vhf\"," TO "}", "bad_command"},
	    {"gw/base2/ack", "{\"id\":\"n-base2-0123456789abcdef\",\"ref\":\"f-17-4\"}", "bad_command"},
	    {"gw/base2/rollcall", "{\"id\":\"n-base2-0123456789abcdef\"," TO "}", "not_allowed"},
	    {"gw/base2/cancel", "{\"id\":\"n-base2-0123456789abcdef\"}", "bad_command"},
	    {"gw/base2/cancel", "{\"id\":\"c-1\",\"ref\":\"n-base2-0123456789abcdef\"}", "bad_id"},
	    {"gw/base2/list", "{\"id\":\"n-base2-0123456789abcdef\"}", "not_allowed"},
	    {"sec/text", "{\"id\":\"n-base2-0123456789abcdef\"," TO "}", "bad_id"},
	    {"sec/text", "{\"id\":\"unreadable\"," TO "}", "bad_id"},
	    {"coord/text", "{\"id\":\"n-base2-0123456789abcdef\"," TO "}", "bad_id"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct given_command read;
		struct command_fault fault;
		assert_int_not_equal(command_read(rows[i].topic, rows[i].json, strlen(rows[i].json), &read, &fault), 0);
		if (strcmp(fault.code, rows[i].code) != 0)
			fail_msg("%s %s: %s", rows[i].topic, rows[i].json, fault.code);
	}
	/* Without a name it is nobody's. */
	struct given_command read;
	struct command_fault fault;
	const char *json = "{\"id\":\"n-base2-0123456789abcdef\"," TO "}";
	assert_int_not_equal(command_read("gw/text", json, strlen(json), &read, &fault), 0);
	assert_int_equal(read.audience, AUDIENCE_NOBODY);
}

static void test_an_order_is_taken_back(void **state)
{
	(void)state;
	struct given_command read;
	struct command_fault fault;
	char topic[128];
	size_t size;
	char *json = json_recall("n-base1-0123456789abcdef", "n-base1-fedcba9876543210", &size);
	assert_string_equal(json, "{\"id\":\"n-base1-0123456789abcdef\",\"ref\":\"n-base1-fedcba9876543210\"}");
	assert_true(json_order_topic("cancel", "base2", "base1", topic, sizeof(topic)) > 0);
	assert_string_equal(topic, "gw/base2/down/gw/base1/cancel");
	assert_int_equal(command_read(topic + 14, json, size, &read, &fault), 0);
	assert_int_equal(read.audience, AUDIENCE_GATEWAY);
	assert_int_equal(read.what, COMMAND_CANCEL);
	assert_string_equal(read.ref, "n-base1-fedcba9876543210");
	free(json);
}

/* ---- presence ---- */

#define STATE "\"kind\":\"state\",\"gateway\":\"base2\""

static void test_states_are_read_with_suspicion(void **state)
{
	(void)state;
	static const struct {
		const char *topic, *json;
		int online; /* -1: it says nothing that can be believed */
		uint64_t session;
	} rows[] = {
	    {"gw/base2/state", "{" STATE ",\"state\":\"online\",\"session\":7,\"more\":[1]}", 1, 7},
	    {"gw/base2/state", "{" STATE ",\"state\":\"offline\",\"session\":0}", 0, 0},
	    {"gw/base2/state", "", 0, UINT64_MAX},
	    {"gw/base3/state", "{" STATE ",\"state\":\"online\",\"session\":7}", -1, 0},
	    {"gw/base2/state", "{" STATE ",\"state\":\"online\"}", -1, 0},
	    {"gw/base2/state", "{" STATE ",\"state\":\"online\",\"session\":-1}", -1, 0},
	    {"gw/base2/state", "{" STATE ",\"state\":\"online\",\"session\":7.5}", -1, 0},
	    {"gw/base2/state", "{" STATE ",\"state\":\"up\",\"session\":7}", -1, 0},
	    {"gw/base2/state", "{" STATE ",\"session\":7}", -1, 0},
	    {"gw/base2/state", "{\"gateway\":\"base2\",\"state\":\"online\",\"session\":7}", -1, 0},
	    {"gw/base2/state", "[]", -1, 0},
	    {"gw/base2/state", "offline", -1, 0},
	    {"gw/base2/state/x", "{" STATE ",\"state\":\"online\",\"session\":7}", -1, 0},
	    {"gw/base2/radio/vhf/state", "{" STATE ",\"state\":\"online\",\"session\":7}", -1, 0},
	    {"gw//state", "", -1, 0},
	    {"gw/state", "", -1, 0},
	    {"gw/a+b/state", "", -1, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct presence presence;
		int result = json_parse_presence(rows[i].topic, rows[i].json, strlen(rows[i].json), &presence);
		if ((result == 0) != (rows[i].online >= 0))
			fail_msg("%s %s", rows[i].topic, rows[i].json);
		if (result < 0)
			continue;
		assert_string_equal(presence.gateway, "base2");
		assert_int_equal(presence.online, rows[i].online);
		assert_true(presence.session == rows[i].session);
	}
}

/* ---- receipts ---- */

static void test_receipts_go_to_who_gave_it(void **state)
{
	(void)state;
	struct json_context context = {.gateway = "base2", .radio = "vhf"};
	struct receipt receipt = {.command = "n-base1-0123456789abcdef",
				  .stage = RECEIPT_SENT,
				  .assumed = true,
				  .status = STATUS_EXERCISE,
				  .at_ms = 1};
	struct handed_receipt read;
	char topic[128], gateway[MESSAGE_NAME_MAX];
	size_t size;
	assert_true(json_receipt_topic(&receipt, &context, topic, sizeof(topic)) > 0);
	assert_string_equal(topic, "gw/base1/down/gw/base2/receipt");
	assert_true(json_is_handed_receipt(topic + 14, gateway));
	assert_string_equal(gateway, "base2");
	char *json = json_receipt(&receipt, &context, &size);
	assert_int_equal(json_parse_handed_receipt(json, size, &read), 0);
	free(json);
	assert_string_equal(read.id, receipt.command);
	assert_int_equal(read.stage, RECEIPT_SENT);
	assert_true(read.assumed);
	assert_string_equal(read.code, "");
	/* What it was given for, the caller is told by the first gateway. */
	context.radio = GATEWAY_OUTLET "base3";
	receipt.command = "c-1";
	assert_true(json_receipt_topic(&receipt, &context, topic, sizeof(topic)) > 0);
	assert_string_equal(topic, "exercise/gw/base2/receipt/c-1");
	json = json_receipt(&receipt, &context, &size);
	assert_non_null(strstr(json, "\"via\":\"base3\""));
	assert_null(strstr(json, "\"radio\""));
	free(json);
}

#define BODY "\"command\":\"n-base1-0123456789abcdef\",\"final\":true"

static void test_receipts_are_read_with_suspicion(void **state)
{
	(void)state;
	static const struct {
		const char *json;
		bool sound;
	} rows[] = {
	    {"{\"kind\":\"receipt\",\"body\":{" BODY ",\"stage\":\"confirmed\"}}", true},
	    {"{\"kind\":\"receipt\",\"body\":{" BODY ",\"stage\":\"failed\",\"code\":\"no_ack\",\"more\":1}}", true},
	    {"{\"kind\":\"receipt\",\"body\":{" BODY ",\"stage\":\"failed\",\"code\":\"no ack\"}}", false},
	    {"{\"kind\":\"receipt\",\"body\":{" BODY ",\"stage\":\"failed\",\"code\":\"\"}}", false},
	    {"{\"kind\":\"receipt\",\"body\":{" BODY
	     ",\"stage\":\"failed\",\"code\":\"a-code-that-is-longer-than-any-one\"}}",
	     false},
	    {"{\"kind\":\"receipt\",\"body\":{" BODY ",\"stage\":\"lost\"}}", false},
	    {"{\"kind\":\"receipt\",\"body\":{" BODY ",\"stage\":7}}", false},
	    {"{\"kind\":\"receipt\",\"body\":{\"command\":\"c-1\",\"stage\":\"sent\"}}", false},
	    {"{\"kind\":\"receipt\",\"body\":{\"stage\":\"sent\"}}", false},
	    {"{\"kind\":\"text\",\"body\":{" BODY ",\"stage\":\"sent\"}}", false},
	    {"{\"kind\":\"receipt\",\"body\":[]}", false},
	    {"{\"kind\":\"receipt\"}", false},
	    {"[]", false},
	    {"{", false},
	    {"", false},
	};
	struct handed_receipt receipt;
	char gateway[MESSAGE_NAME_MAX];
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if ((json_parse_handed_receipt(rows[i].json, strlen(rows[i].json), &receipt) == 0) != rows[i].sound)
			fail_msg("%s", rows[i].json);
	assert_false(json_is_handed_receipt("gw/base2/receipts", gateway));
	assert_false(json_is_handed_receipt("gw/base2/receipt/", gateway));
	assert_false(json_is_handed_receipt("gw//receipt", gateway));
	assert_false(json_is_handed_receipt("gw/receipt", gateway));
	assert_false(json_is_handed_receipt("sec/receipt", gateway));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_report_there_and_back),
	    cmocka_unit_test(test_reports_are_read_with_suspicion),
	    cmocka_unit_test(test_ids),
	    cmocka_unit_test(test_an_order_there_and_back),
	    cmocka_unit_test(test_orders_that_are_none),
	    cmocka_unit_test(test_an_order_is_taken_back),
	    cmocka_unit_test(test_states_are_read_with_suspicion),
	    cmocka_unit_test(test_receipts_go_to_who_gave_it),
	    cmocka_unit_test(test_receipts_are_read_with_suspicion),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
