/* The MeshCore driver: the handshake, messages that are taken no faster than they can be kept, signs of life, nodes that are not. */
#include "tests/unit/meshcore-fixture.h"

static void test_handshake(void **unused)
{
	(void)unused;
	static const uint8_t order[] = {MESHCORE_DEVICE_QUERY, MESHCORE_APP_START,   MESHCORE_GET_TIME,
					MESHCORE_GET_CHANNEL,  MESHCORE_GET_CHANNEL, MESHCORE_SYNC_NEXT,
					MESHCORE_GET_CONTACTS};
	new_node();
	start(NULL);
	assert_true(status().ready);
	assert_string_equal(status().model, "Board");
	assert_string_equal(status().firmware, "v1.17.1");
	assert_string_equal(status().text, "");
	assert_int_equal(node.count, sizeof(order));
	for (size_t i = 0; i < sizeof(order); i++)
		assert_int_equal(node.commands[i][0], order[i]);
	assert_int_equal(node.app_version, 3);
	assert_int_equal(record.drop_count, 0);
	assert_int_equal(heard(MESHCORE_SELF_INFO), 1);
	assert_int_equal(heard(MESHCORE_CONTACT), 1);
	assert_int_equal(heard(MESHCORE_CHANNEL_INFO), 2);
}

static void test_wakes_first(void **unused)
{
	(void)unused;
	static const uint8_t zeros[MESHCORE_PAYLOAD_MAX] = {0};
	new_node();
	make(NULL);
	assert_int_equal(record.written_size, sizeof(zeros));
	assert_memory_equal(record.written, zeros, sizeof(zeros));
}

/* The secret of a channel stays here. */
static void test_secrets(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	for (size_t i = 0; i + 16 <= record.heard_size; i++)
		assert_memory_not_equal(record.heard + i, "\x5e\x5e\x5e\x5e\x5e\x5e\x5e\x5e", 8);
}

static void test_old_node(void **unused)
{
	(void)unused;
	new_node();
	node.unasked = node.no_stats = true;
	node.waiting = 2;
	start(NULL);
	assert_true(status().ready);
	assert_int_equal(heard(MESHCORE_CONTACT_TEXT), 2);
	assert_int_equal(record.drop_count, 0);
	/* channels until it says that there are no more */
	assert_int_equal(commands(MESHCORE_GET_CHANNEL), 3);
	/* its time is its sign of life */
	pass(125000000);
	assert_true(commands(MESHCORE_GET_TIME) >= 3);
	assert_true(status().ready);
}

static void test_clock_is_set_forward(void **unused)
{
	(void)unused;
	new_node();
	node.time_s = 1715770351;
	start(NULL);
	assert_int_equal(node.time_s, 1795470000);
	assert_int_equal(commands(MESHCORE_SET_TIME), 1);
	assert_true(status().ready);
}

static void test_clock_ahead(void **unused)
{
	(void)unused;
	new_node();
	node.time_s = 1795470000 + 86400;
	start(NULL);
	assert_int_equal(commands(MESHCORE_SET_TIME), 0);
	assert_true(status().ready);
	assert_non_null(strstr(status().text, "clock is 86400 s ahead"));
	assert_int_equal(record_drops(&record, "meshcore_clock_ahead"), 1);
}

static void test_clock_is_left_alone(void **unused)
{
	(void)unused;
	new_node();
	node.time_s = 1715770351;
	start((const struct driver_setting[]){{"set_clock", "false"}, {NULL, NULL}});
	assert_int_equal(commands(MESHCORE_SET_TIME), 0);
	/* it does not know the time itself */
	static const int64_t walls_ms[] = {0, 3600000};
	for (size_t i = 0; i < sizeof(walls_ms) / sizeof(walls_ms[0]); i++) {
		driver_under_test_free(meshcore);
		new_node();
		make(NULL);
		record.wall_ms = walls_ms[i];
		pass(1000000);
		assert_int_equal(commands(MESHCORE_GET_TIME), 0);
		assert_true(status().ready);
	}
}

/* ---- messages ---- */

static void test_takes_all_that_wait(void **unused)
{
	(void)unused;
	new_node();
	node.waiting = 40;
	start(NULL);
	assert_int_equal(heard(MESHCORE_CONTACT_TEXT_V3), 40);
	assert_int_equal(node.waiting, 0);
	record_clear(&record);
	node.waiting = 1;
	SAY(MESHCORE_MESSAGE_WAITING);
	pass(100000);
	assert_int_equal(heard(MESHCORE_CONTACT_TEXT_V3), 1);
}

/* While nothing is written, the next is asked for after a moment, and never more than 16 are in danger. */
static void test_no_more_than_can_be_kept(void **unused)
{
	(void)unused;
	new_node();
	make(NULL);
	node.waiting = 40;
	record.unsafe = 1;
	pass(1000000);
	/* one each 20 ms */
	assert_in_range(node.taken, 30, 40);
	driver_under_test_free(meshcore);

	new_node();
	make(NULL);
	node.waiting = 40;
	pass(100000);
	assert_int_equal(node.taken, 40);
	node.waiting = 40;
	record.unsafe = 16;
	SAY(MESHCORE_MESSAGE_WAITING);
	pass(1000000);
	assert_int_equal(node.taken, 40);
	/* one is on disk, so one is taken */
	record.unsafe = 15;
	meshcore->modem->safer(meshcore->state);
	serve();
	assert_int_equal(node.taken, 41);
	record.unsafe = 16;
	pass(1000000);
	assert_int_equal(node.taken, 41);
	record.unsafe = 0;
	meshcore->modem->safer(meshcore->state);
	serve();
	assert_int_equal(node.taken, 80);
}

/* A disk that hangs must not let the node's own memory run over. */
static void test_disk_that_hangs(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	node.waiting = 3;
	SAY(MESHCORE_MESSAGE_WAITING);
	pass(1000);
	node.waiting = 40;
	record.unsafe = 16;
	SAY(MESHCORE_MESSAGE_WAITING);
	pass(4900000);
	size_t taken = node.taken;
	pass(4000000);
	assert_int_equal(node.taken, taken + 1);
}

/* A word that was lost on the line. */
static void test_asks_unasked(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	node.waiting = 1;
	pass(61000000);
	assert_int_equal(node.taken, 1);
}

/* What comes unasked comes between a question and its answer, too. */
static void test_pushes_between(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	node.mute = true;
	SAY(MESHCORE_MESSAGE_WAITING);
	serve();
	static const uint8_t advert[33] = {MESHCORE_ADVERT, 0xa1};
	say(advert, sizeof(advert));
	SAY(MESHCORE_LOG_RX, 0x10, 0xa0, 1, 2, 3);
	node.mute = false;
	node.waiting = 1;
	say_message();
	pass(100000);
	assert_int_equal(heard(MESHCORE_CONTACT_TEXT_V3), 1);
	assert_int_equal(commands(MESHCORE_GET_CONTACT), 1);
	assert_int_equal(record.drop_count, 0);
}

static void test_many_adverts(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	node.mute = true;
	SAY(MESHCORE_MESSAGE_WAITING);
	for (uint8_t i = 0; i < 20; i++) {
		uint8_t advert[33] = {MESHCORE_ADVERT, i};
		say(advert, sizeof(advert));
		say(advert, sizeof(advert));
	}
	node.mute = false;
	SAY(MESHCORE_NO_MORE);
	pass(100000);
	assert_int_equal(commands(MESHCORE_GET_CONTACT), 16);
	/* the rest with all that have changed since */
	assert_int_equal(commands(MESHCORE_GET_CONTACTS), 2);
	assert_int_equal(node.since, 1795469100);
}

/* A message does not wait for the end of a long list of contacts; of a list that does not end another is asked for. */
static void test_long_list(void **unused)
{
	(void)unused;
	new_node();
	node.list_stops = true;
	node.contacts = 3;
	start(NULL);
	assert_int_equal(heard(MESHCORE_CONTACT), 3);
	node.waiting = 1;
	SAY(MESHCORE_MESSAGE_WAITING);
	static const uint8_t advert[33] = {MESHCORE_ADVERT, 0xb1};
	say(advert, sizeof(advert));
	pass(100000);
	assert_int_equal(node.taken, 1);
	/* what could be taken for one of the list waits */
	assert_int_equal(commands(MESHCORE_GET_CONTACT), 0);
	say_contact(3, 0xa8, 1795469000);
	assert_int_equal(heard(MESHCORE_CONTACT), 4);
	pass(6000000);
	assert_int_equal(record_drops(&record, "meshcore_no_answer"), 1);
	assert_int_equal(commands(MESHCORE_GET_CONTACT), 1);
	node.list_stops = false;
	pass(61000000);
	assert_int_equal(commands(MESHCORE_GET_CONTACTS), 2);
	pass(61000000);
	assert_int_equal(commands(MESHCORE_GET_CONTACTS), 2);
	assert_true(status().ready);
	assert_int_equal(record.drop_count, 1);
}

/* ---- signs of life ---- */

static void test_reboot(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	node.uptime_s = 160;
	pass(60000000);
	node.uptime_s = 3;
	node.app_version = 0;
	pass(61000000);
	assert_int_equal(record_drops(&record, "meshcore_reboot"), 1);
	assert_true(status().ready);
	assert_int_equal(node.app_version, 3);
}

/* The text of a node that starts makes the driver look at once. */
static void test_boot_text(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	node.uptime_s = 160;
	pass(60000000);
	node.uptime_s = 1;
	node.app_version = 0;
	raw("ESP-ROM:esp32s3\r\nboot: ok\r\n", 27);
	pass(2000000);
	assert_int_equal(record_drops(&record, "meshcore_noise"), 1);
	assert_int_equal(record_drops(&record, "meshcore_reboot"), 1);
	assert_int_equal(node.app_version, 3);
}

/* What it had lived before says nothing once it is known that it started anew. */
static void test_one_reboot_is_one(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	node.uptime_s = 5000;
	pass(60000000);
	node.uptime_s = 1;
	node.app_version = 0;
	node.waiting = 1;
	SAY(MESHCORE_MESSAGE_WAITING);
	pass(1000000);
	assert_int_equal(record_drops(&record, "meshcore_reboot"), 1);
	pass(130000000);
	assert_int_equal(record_drops(&record, "meshcore_reboot"), 1);
	assert_true(status().ready);
}

/* Messages in the old form: it has forgotten the handshake. Once; a node may have no other. */
static void test_old_form(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	node.app_version = 0;
	node.waiting = 2;
	SAY(MESHCORE_MESSAGE_WAITING);
	pass(1000000);
	assert_int_equal(heard(MESHCORE_CONTACT_TEXT), 1);
	assert_int_equal(heard(MESHCORE_CONTACT_TEXT_V3), 1);
	assert_int_equal(record_drops(&record, "meshcore_reboot"), 1);
	for (int i = 0; i < 2; i++) {
		node.app_version = 0;
		node.waiting = 1;
		SAY(MESHCORE_MESSAGE_WAITING);
		serve();
		node.app_version = 0;
		pass(1000000);
	}
	assert_in_range(record_drops(&record, "meshcore_reboot"), 1, 3);
}

static void test_silence(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	node.mute = true;
	pass(75000000);
	assert_false(status().ready);
	assert_int_equal(record_drops(&record, "meshcore_silent"), 1);
	assert_in_range(record_drops(&record, "meshcore_no_answer"), 2, 3);
	node.mute = false;
	pass(30000000);
	assert_true(status().ready);
	assert_string_equal(status().text, "");
}

static void test_torn_frames(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	raw("\x3e\x21\x00\x80\xa1\xb2\xc3", 7);
	node.waiting = 1;
	SAY(MESHCORE_MESSAGE_WAITING);
	pass(600000);
	assert_int_equal(record_drops(&record, "meshcore_torn"), 1);
	assert_int_equal(node.taken, 1);
	raw("\x3e\xff\xff", 3);
	node.waiting = 1;
	SAY(MESHCORE_MESSAGE_WAITING);
	serve();
	assert_int_equal(node.taken, 2);
	assert_int_equal(record_drops(&record, "meshcore_noise"), 1);
}

/* ---- nodes that are not ---- */

static void test_absent(void **unused)
{
	(void)unused;
	new_node();
	node.mute = true;
	start(NULL);
	pass(10000000);
	assert_false(status().ready);
	assert_int_equal(record_drops(&record, "meshcore_absent"), 1);
	assert_non_null(strstr(status().text, "no MeshCore node answers"));
	node.mute = false;
	pass(15000000);
	assert_true(status().ready);
	assert_string_equal(status().text, "");
}

static void test_other_family(void **unused)
{
	(void)unused;
	new_node();
	node.mute = true;
	make(NULL);
	pass(6200000);
	/* it is asked in the other family's words */
	static const uint8_t question[] = {0x94, 0xc3, 0x00, 0x02, 0x18, 0x01};
	assert_true(record.written_size >= sizeof(question) || node.read > 0);
	raw("\x94\xc3\x00\x02\x40\x01", 6);
	pass(2000000);
	assert_int_equal(record_drops(&record, "meshcore_wrong_device"), 1);
	assert_non_null(strstr(status().text, "a Meshtastic"));
	assert_non_null(strstr(status().text, "Set modem and air to meshtastic"));
}

/* ---- examination ---- */

static const char *found(const char *name)
{
	for (size_t i = 0; i < record.finding_count; i++)
		if (strcmp(record.findings[i].name, name) == 0)
			return record.findings[i].value;
	return "";
}

static void test_examine(void **unused)
{
	(void)unused;
	new_node();
	make(NULL);
	assert_int_equal(meshcore->modem->examine(meshcore->state, MODEM_TEST), -ENOTCONN);
	pass(1000000);
	assert_int_equal(meshcore->modem->examine(meshcore->state, MODEM_SCAN), -EOPNOTSUPP);
	assert_int_equal(meshcore->modem->examine(meshcore->state, MODEM_TEST), 0);
	assert_int_equal(meshcore->modem->examine(meshcore->state, MODEM_TEST), -EBUSY);
	pass(100000);
	assert_true(record.examined);
	assert_string_equal(record.examined_error, "");
	assert_string_equal(found("node"), "mc-0b0a5e000000");
	assert_string_equal(found("frequency_mhz"), "869.618");
	assert_string_equal(found("spreading_factor"), "8");
	assert_string_equal(found("contacts"), "1 of 350");
	assert_string_equal(found("battery_mv"), "4050");
	assert_string_equal(found("noise_dbm"), "-104");
	assert_string_equal(found("protocol"), "3");
}

static void test_figures(void **unused)
{
	(void)unused;
	new_node();
	start((const struct driver_setting[]){{"stats_s", "120"}, {NULL, NULL}});
	pass(5000000);
	assert_int_equal(heard(MESHCORE_STATS), 3);
	pass(70000000); /* a sign of life is not handed up */
	assert_int_equal(heard(MESHCORE_STATS), 3);
	pass(60000000);
	assert_int_equal(heard(MESHCORE_STATS), 6);
	driver_under_test_free(meshcore);
	new_node();
	start((const struct driver_setting[]){{"stats_s", "0"}, {NULL, NULL}});
	pass(20000000);
	assert_int_equal(heard(MESHCORE_STATS), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_handshake),
	    TEST(test_wakes_first),
	    TEST(test_secrets),
	    TEST(test_old_node),
	    TEST(test_clock_is_set_forward),
	    TEST(test_clock_ahead),
	    TEST(test_clock_is_left_alone),
	    TEST(test_takes_all_that_wait),
	    TEST(test_no_more_than_can_be_kept),
	    TEST(test_disk_that_hangs),
	    TEST(test_asks_unasked),
	    TEST(test_pushes_between),
	    TEST(test_many_adverts),
	    TEST(test_long_list),
	    TEST(test_reboot),
	    TEST(test_boot_text),
	    TEST(test_one_reboot_is_one),
	    TEST(test_old_form),
	    TEST(test_silence),
	    TEST(test_torn_frames),
	    TEST(test_absent),
	    TEST(test_other_family),
	    TEST(test_examine),
	    TEST(test_figures),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
