/* The modem of a Meshtastic node: handshake, signs of life, what is torn, examination. */
#include "tests/unit/meshtastic-modem-fixture.h"

static void test_handshake(void **unused)
{
	(void)unused;
	new_modem();
	look();
	assert_int_equal(told.fill, 32);
	assert_int_equal(told.configs, 0);
	assert_int_equal(send(PEER, false, "x"), -ENOTCONN);
	configure(FR_LORA);
	assert_true(told.config_id == 0);
	assert_true(status().ready);
	assert_string_equal(status().model, "Meshtastic (43)");
	assert_string_equal(status().firmware, "2.7.18.abc");
	assert_string_equal(status().text, "");
	/* my_info, channel, settings of the radio and node went up; the rest is the modem's. */
	assert_int_equal(record.heard_count, 4);
	assert_int_equal(record.drop_count, 0);
}

static void test_wrong_config_id(void **unused)
{
	(void)unused;
	new_modem();
	ring();
	look();
	say_complete(told.config_id + 1);
	assert_false(status().ready);
	say_complete(told.config_id);
	assert_true(status().ready);
}

/* Entries of its database without an end: it is not waited for for ever, and what it hears arrives meanwhile. */
static void test_endless_config(void **unused)
{
	(void)unused;
	new_modem();
	for (int i = 0; i < 400; i++) {
		say(FR_NODEINFO);
		pass(1000000, false);
	}
	assert_false(status().ready);
	assert_int_equal(record_drops(&record, "meshtastic_unfinished"), 1);
	assert_non_null(strstr(status().text, "comes to no end"));
	look();
	assert_in_range(told.configs, 3, 5);
	size_t heard = record.heard_count;
	say(FR_ALERT_RX);
	assert_int_equal(record.heard_count, heard + 1);
}

/* A node that was left in the middle of its traffic, and did not hear the question, is asked again although it is not silent. */
static void test_deaf_and_busy(void **unused)
{
	(void)unused;
	new_modem();
	for (int i = 0; i < 8; i++) {
		pass(1000000, false);
		say(FR_TEXT);
	}
	look();
	assert_int_equal(told.configs, 2);
	say(FR_MYINFO);
	say_complete(told.config_id);
	assert_true(status().ready);
	/* Never: it is no stranger for that. */
	new_modem();
	for (int i = 0; i < 20; i++) {
		pass(1000000, false);
		say(FR_TEXT);
	}
	assert_int_equal(record_drops(&record, "meshtastic_unfinished"), 1);
	assert_int_equal(record_drops(&record, "meshtastic_wrong_device"), 0);
}

/* Nobody answers; then a device of another kind does. */
static void test_absent(void **unused)
{
	(void)unused;
	new_modem();
	pass(100000, false);
	look();
	assert_int_equal(told.fill, 32);
	/* A host before us may have left half a frame there. */
	pass(5000000, false);
	look();
	assert_int_equal(told.fill, 516);
	pass(16000000, false);
	assert_int_equal(record_drops(&record, "meshtastic_absent"), 1);
	assert_non_null(strstr(status().text, "no Meshtastic node answers"));
	look();
	assert_int_equal(told.configs, 2); /* and one before */
	pass(60000000, false);
	static const struct {
		const char *bytes;
		size_t size;
		const char *name;
	} others[] = {{"$GNRMC,1", 8, "a GPS receiver"},
		      {"\xc0\x08\x46\xc0", 4, "an RNode"},
		      {"\x3e\x52\x00\x0d\x0d", 5, "a MeshCore node"}};
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		modem->modem->opened(modem->state);
		modem->modem->input(modem->state, (const uint8_t *)others[i].bytes, others[i].size);
		pass(20000000, false);
		assert_non_null(strstr(status().text, others[i].name));
	}
	assert_int_equal(record_drops(&record, "meshtastic_wrong_device"), 3);
}

/* The other families are asked for a sign, once a round. */
static void test_asks_strangers(void **unused)
{
	(void)unused;
	static const uint8_t questions[] = {0xc0, 0x08, 0x73, 0xc0, 0x3c, 0x02, 0x00, 0x16, 0x03};
	new_modem();
	pass(16000000, false);
	assert_non_null(memmem(record.written, record.written_size, questions, sizeof(questions)));
}

static void test_region(void **unused)
{
	(void)unused;
	new_modem();
	configure(FR_LORA_UNSET);
	assert_false(status().ready);
	assert_non_null(strstr(status().text, "region"));
}

static void test_heartbeat(void **unused)
{
	(void)unused;
	up();
	pass(300000000, true);
	look();
	assert_int_equal(told.heartbeats, 5);
	assert_true(status().ready);
	/* Any frame is a sign. */
	pass(61000000, false);
	say(FR_TEXT);
	assert_true(status().ready);
	pass(75000000, false);
	assert_false(status().ready);
	assert_int_equal(record_drops(&record, "meshtastic_silent"), 1);
}

/* A node that starts anew prints text and is silent; it is set up again within seconds. */
static void test_reboot(void **unused)
{
	(void)unused;
	up();
	say("494e464f207c20626f6f740d0a");
	pass(11000000, false);
	assert_int_equal(record_drops(&record, "meshtastic_text"), 1);
	assert_int_equal(record_drops(&record, "meshtastic_silent"), 1);
	look();
	assert_int_equal(told.configs, 1);
	up();
	say(FR_REBOOTED);
	assert_int_equal(record_drops(&record, "meshtastic_reboot"), 1);
	assert_false(status().ready);
	/* Text of a node that lives changes nothing. */
	up();
	say("494e464f207c20626f6f740d0a");
	pass(30000000, true);
	assert_true(status().ready);
	look();
	assert_int_equal(told.configs, 0);
}

/* It forgot that it was full, or had no airtime left. */
static void test_reboot_of_a_refusing_node(void **unused)
{
	(void)unused;
	static const int refusals[] = {32, 9};
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		up();
		assert_int_equal(send(MESHTASTIC_BROADCAST, true, "x"), 0);
		look();
		say_queue(refusals[i], 0, told.packet.id);
		assert_false(status().ready);
		say(FR_REBOOTED);
		ring();
		look();
		assert_int_equal(told.configs, 1);
		say_complete(told.config_id);
		assert_true(status().ready);
		assert_string_equal(status().text, "");
		assert_int_equal(send(MESHTASTIC_BROADCAST, false, "x"), 0);
	}
}

/* What people write may look like a frame, and is not held back for that until more comes. */
static void test_a_head_in_a_text(void **unused)
{
	(void)unused;
	up();
	say(FR_ENC);
	assert_int_equal(record.heard_count, 1);
}

/* What a node said while it lived is no sign that it talks. */
static void test_dies(void **unused)
{
	(void)unused;
	up();
	pass(180000000, false);
	assert_false(status().ready);
	assert_int_equal(record_drops(&record, "meshtastic_unfinished"), 0);
	assert_true(record_drops(&record, "meshtastic_absent") >= 1);
	assert_non_null(strstr(status().text, "no Meshtastic node answers"));
}

/* A frame whose end never comes. */
static void test_torn(void **unused)
{
	(void)unused;
	up();
	say("94c30044080712400d201d3c4315ffffffff2216");
	pass(1500000, true);
	assert_int_equal(record_drops(&record, "meshtastic_torn"), 1);
	say(FR_POS);
	assert_int_equal(record.heard_count, 1);
	/* Torn around a whole one. */
	up();
	say("94c30200" FR_TEXT "00");
	pass(1500000, true);
	assert_int_equal(record.heard_count, 1);
	up();
	say("94c3");
	modem->modem->opened(modem->state);
	assert_int_equal(record_drops(&record, "meshtastic_torn"), 1);
}

/* The key of somebody's node in the database is a frame: it stays a key, and the entry is taken as soon as it is seen that it is whole. */
static void test_hostile_key(void **unused)
{
	(void)unused;
	up();
	say(FR_NODE_HOSTILE);
	assert_int_equal(record.heard_count, 0);
	say(FR_TEXT);
	assert_int_equal(record.heard_count, 2);
	say(FR_NODE_HOSTILE);
	pass(1100000, true);
	assert_int_equal(record.heard_count, 3);
	say(FR_NODE_HOSTILE);
	modem->modem->opened(modem->state);
	assert_int_equal(record.heard_count, 4);
	assert_int_equal(record.drop_count, 0);
}

static void test_examine(void **unused)
{
	(void)unused;
	new_modem();
	assert_int_equal(modem->modem->examine(modem->state, MODEM_TEST), -ENOTCONN);
	up();
	assert_int_equal(modem->modem->examine(modem->state, MODEM_SCAN), -EOPNOTSUPP);
	assert_int_equal(modem->modem->examine(modem->state, MODEM_TEST), 0);
	assert_int_equal(modem->modem->examine(modem->state, MODEM_TEST), -EBUSY);
	say_queue(0, 12, 0);
	assert_true(record.examined);
	assert_string_equal(record.examined_error, "");
	assert_string_equal(record.findings[0].value, "mt-0a0b0c0d");
	assert_string_equal(record.findings[record.finding_count - 1].value, "12 of 16");
}

static void test_goodbye(void **unused)
{
	(void)unused;
	uint8_t bytes[16];
	up();
	assert_int_equal(modem->modem->goodbye(modem->state, bytes, sizeof(bytes)), 6);
	assert_memory_equal(bytes, "\x94\xc3\x00\x02\x20\x01", 6);
	/* SF11 at 250 kHz */
	assert_in_range(modem->modem->airtime_us(modem->state, 50), 500000, 900000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_handshake),
	    cmocka_unit_test(test_wrong_config_id),
	    cmocka_unit_test(test_endless_config),
	    cmocka_unit_test(test_deaf_and_busy),
	    cmocka_unit_test(test_absent),
	    cmocka_unit_test(test_asks_strangers),
	    cmocka_unit_test(test_region),
	    cmocka_unit_test(test_heartbeat),
	    cmocka_unit_test(test_reboot),
	    cmocka_unit_test(test_torn),
	    cmocka_unit_test(test_hostile_key),
	    cmocka_unit_test(test_examine),
	    cmocka_unit_test(test_reboot_of_a_refusing_node),
	    cmocka_unit_test(test_a_head_in_a_text),
	    cmocka_unit_test(test_goodbye),
	    cmocka_unit_test(test_dies),
	};
	return cmocka_run_group_tests(tests, NULL, free_modem);
}
