/* The MeshCore driver and nodes that do otherwise than the firmware: it keeps its wits, its pace and its word. */
#include "tests/unit/meshcore-fixture.h"

/* A board without figures is not asked for them again and again, nor is the processor kept busy by the thought of it. */
static void test_old_node_for_a_day(void **unused)
{
	(void)unused;
	new_node();
	node.unasked = node.no_stats = true;
	start(NULL);
	pass(10000000);
	for (int i = 0; i < 24; i++) {
		node.count = 0;
		pass(INT64_C(3600) * 1000000);
		assert_in_range(commands(MESHCORE_GET_TIME), 55, 70);
		assert_int_equal(commands(MESHCORE_GET_STATS), 0);
	}
	assert_true(status().ready);
}

/* It answers the first question but does not begin: it is asked a few times and then after a rest, and somebody is told. */
static void test_never_begins(void **unused)
{
	(void)unused;
	new_node();
	node.no_self = true;
	start(NULL);
	pass(30000000);
	assert_false(status().ready);
	assert_in_range(commands(MESHCORE_APP_START), 3, 12);
	assert_non_null(strstr(status().text, "does not say who it is"));
	assert_true(record_drops(&record, "meshcore_refused") >= 1);
	assert_int_equal(record_drops(&record, "meshcore_absent"), 0);
	node.no_self = false;
	pass(15000000);
	assert_true(status().ready);
	assert_string_equal(status().text, "");
}

/* The last second that its clock can hold is not behind. */
static void test_clock_at_its_end(void **unused)
{
	(void)unused;
	new_node();
	node.time_s = UINT32_MAX;
	start(NULL);
	assert_int_equal(commands(MESHCORE_SET_TIME), 0);
	assert_int_equal(record_drops(&record, "meshcore_clock_ahead"), 1);
	assert_true(status().ready);
}

/* The gateway itself started with an old time, and is set right later: then nobody is to take a battery out any more. */
static void test_clock_was_not_ahead(void **unused)
{
	(void)unused;
	new_node();
	make(NULL);
	record.wall_ms -= INT64_C(86400) * 1000;
	pass(1000000);
	assert_non_null(strstr(status().text, "clock is 86400 s ahead"));
	record.wall_ms += INT64_C(86400) * 1000;
	pass(660000000);
	assert_string_equal(status().text, "");
	/* what is said of something else stays */
	SAY(MESHCORE_CONTACTS_FULL);
	pass(660000000);
	assert_non_null(strstr(status().text, "list of contacts is full"));
}

/* Another node has other contacts, whatever the first one's list said of the time. */
static void test_another_node(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	meshcore->modem->opened(meshcore->state);
	pass(1000000);
	assert_int_equal(node.since, 1795469100);
	node.key = 0x0c;
	meshcore->modem->opened(meshcore->state);
	pass(1000000);
	assert_int_equal(node.since, 0);
	assert_true(status().ready);
}

/* One question that a node has no answer to is no sign that it is dead. */
static void test_question_without_answer(void **unused)
{
	(void)unused;
	static const uint8_t advert[33] = {MESHCORE_ADVERT, 0xb1};
	new_node();
	node.no_contact_by_key = true;
	start(NULL);
	say(advert, sizeof(advert));
	pass(50000000);
	assert_int_equal(record_drops(&record, "meshcore_silent"), 0);
	assert_int_equal(record_drops(&record, "meshcore_no_answer"), 1);
	/* it is in the list, too */
	assert_int_equal(commands(MESHCORE_GET_CONTACTS), 2);
	assert_int_equal(commands(MESHCORE_DEVICE_QUERY), 1);
}

/* A node that has died is not taken for what it said while it lived, nor for something else. */
static void test_dies(void **unused)
{
	(void)unused;
	new_node();
	make(NULL);
	raw("ESP-ROM:esp32s3\r\n", 17);
	pass(1000000);
	assert_true(status().ready);
	node.mute = true;
	pass(90000000);
	assert_non_null(strstr(status().text, "no MeshCore node answers. Check power"));
	assert_int_equal(record_drops(&record, "meshcore_wrong_device"), 0);
	assert_true(record_drops(&record, "meshcore_absent") >= 1);
	/* it answers once and dies anew */
	node.mute = false;
	node.no_self = true;
	pass(11000000);
	node.mute = true;
	pass(90000000);
	assert_int_equal(record_drops(&record, "meshcore_wrong_device"), 0);
}

/* In the middle of the handshake it started anew, and knows nothing of the beginning; or it has no answer, and is used without. */
static void test_silent_in_the_handshake(void **unused)
{
	(void)unused;
	static const uint8_t steps[] = {MESHCORE_GET_TIME, MESHCORE_SET_TIME, MESHCORE_GET_CHANNEL};
	for (size_t i = 0; i < sizeof(steps); i++) {
		new_node();
		node.time_s -= 1000;
		node.deaf_to = steps[i];
		node.deaf_times = 1;
		make(NULL);
		pass(1000000);
		node.app_version = 0;
		pass(3000000);
		assert_true(status().ready);
		assert_int_equal(node.app_version, 3);
		assert_int_equal(commands(MESHCORE_DEVICE_QUERY), 2);
		assert_int_equal(heard(MESHCORE_CHANNEL_INFO), 2);
		driver_under_test_free(meshcore);
		new_node();
		node.time_s -= 1000;
		node.deaf_to = steps[i];
		node.deaf_times = 1000;
		make(NULL);
		pass(6000000);
		assert_true(status().ready);
		assert_int_equal(commands(MESHCORE_DEVICE_QUERY), 2);
		driver_under_test_free(meshcore);
		meshcore = NULL;
	}
}

/* As many waited as a node keeps: others may be lost. It says so for a minute, and only of what waited while nobody took anything. */
static void test_its_queue_was_full(void **unused)
{
	(void)unused;
	static const struct {
		size_t waiting, drops;
	} cases[] = {{15, 0}, {16, 1}, {17, 0}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		new_node();
		node.waiting = cases[i].waiting;
		start(NULL);
		pass(1000000);
		assert_int_equal(node.taken, cases[i].waiting);
		assert_int_equal(record_drops(&record, "meshcore_queue_full"), cases[i].drops);
		assert_int_equal(strstr(status().text, "16 messages waited") != NULL, cases[i].drops);
		assert_true(status().ready);
		pass(61000000);
		assert_string_equal(status().text, "");
		node.waiting = 16;
		SAY(MESHCORE_MESSAGE_WAITING);
		pass(1000000);
		assert_int_equal(record_drops(&record, "meshcore_queue_full"), cases[i].drops);
		driver_under_test_free(meshcore);
		meshcore = NULL;
	}
	/* Worse things stay. */
	new_node();
	node.waiting = 16;
	node.time_s += 86400;
	start(NULL);
	pass(61000000);
	assert_int_equal(record_drops(&record, "meshcore_queue_full"), 1);
	assert_non_null(strstr(status().text, "ahead"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_old_node_for_a_day),      TEST(test_never_begins),
	    TEST(test_clock_at_its_end),        TEST(test_another_node),
	    TEST(test_question_without_answer), TEST(test_dies),
	    TEST(test_clock_was_not_ahead),     TEST(test_silent_in_the_handshake),
	    TEST(test_its_queue_was_full),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
