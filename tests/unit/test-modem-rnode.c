/* The rnode driver: bringing a board up, one that is not there, another or too old, and one that starts anew. */
#include "tests/unit/rnode-fixture.h"

static void test_bring_up(void **unused)
{
	(void)unused;
	new_board();
	make(NULL);
	/* Nothing is said before the board has started. */
	pass(1900000);
	assert_int_equal(record.written_size, 0);
	start(NULL);
	assert_true(status().ready);
	assert_string_equal(status().model, "RNode (ESP32)");
	assert_string_equal(status().firmware, "1.86");
	assert_string_equal(status().text, "");
	assert_int_equal(number(board.frequency), 868200000);
	assert_int_equal(number(board.bandwidth), 125000);
	assert_int_equal(board.power, 14);
	assert_int_equal(board.spreading, 9);
	assert_int_equal(board.coding, 5);
	assert_int_equal(board.state, 1);
	assert_int_equal(board.states, 2); /* off, then on */
	assert_int_equal(record.drop_count, 0);
}

/* The vectors of the bring-up, byte by byte. */
static void test_bytes(void **unused)
{
	(void)unused;
	static const uint8_t detect[] = {0xc0, 0x08, 0x73, 0xc0, 0x50, 0x00, 0xc0, 0x48, 0x00, 0xc0, 0x49, 0x00, 0xc0};
	static const uint8_t settings[] = {
	    0xc0, 0x01, 0x33, 0xdb, 0xdc, 0xb8, 0x00, 0xc0, /* 868268032 Hz contains a C0 */
	    0xc0, 0x02, 0x00, 0x01, 0xe8, 0x48, 0xc0,       /* 125 kHz */
	    0xc0, 0x03, 0x11, 0xc0, 0xc0, 0x04, 0x08, 0xc0, 0xc0,
	    0x05, 0x05, 0xc0, 0xc0, 0x0b, 0x0c, 0xe4, 0xc0, /* 33 % */
	    0xc0, 0x0c, 0x00, 0xdb, 0xdc, 0xc0,             /* 1.92 % */
	    0xc0, 0x06, 0x00, 0xc0, 0xc0, 0x06, 0x01, 0xc0};
	new_board();
	make((const struct driver_setting[]){{"frequency_mhz", "868.268032"},
					     {"power_dbm", "17"},
					     {"spreading_factor", "8"},
					     {"airtime_limit_short_percent", "33"},
					     {"airtime_limit_long_percent", "1.92"},
					     {NULL, NULL}});
	record.now_us = record.alarm_us;
	rnode->modem->alarm(rnode->state);
	assert_int_equal(record.written_size, sizeof(detect));
	assert_memory_equal(record.written, detect, sizeof(detect));
	record.written_size = 0;
	SAY(0x08, 0x46);
	SAY(0x50, 0x01, 0x56);
	SAY(0x48, 0x80);
	SAY(0x49, 0x81);
	assert_int_equal(record.written_size, sizeof(settings));
	assert_memory_equal(record.written, settings, sizeof(settings));
	serve();
	assert_true(status().ready);
}

static void test_bandwidths(void **unused)
{
	(void)unused;
	static const struct {
		const char *khz;
		uint32_t hz;
	} cases[] = {{"7.8", 7800}, {"31.25", 31250}, {"41.7", 41700}, {"62.5", 62500}, {"500", 500000}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		new_board();
		start((const struct driver_setting[]){{"frequency_mhz", "433.175"},
						      {"bandwidth_khz", cases[i].khz},
						      {"coding_rate", "4/8"},
						      {NULL, NULL}});
		assert_int_equal(number(board.bandwidth), cases[i].hz);
		assert_int_equal(number(board.frequency), 433175000);
		assert_int_equal(board.coding, 8);
		assert_true(status().ready);
	}
}

/* What the hardware cannot do is named, and nothing is sent with it. */
static void test_mismatch(void **unused)
{
	(void)unused;
	new_board();
	start((const struct driver_setting[]){{"frequency_mhz", "868.2"}, {"power_dbm", "22"}, {NULL, NULL}});
	assert_false(status().ready);
	assert_text("power_dbm: 22 was asked for, but the RNode has 17");
	assert_true(record_drops(&record, "rnode_mismatch") > 0);
	assert_int_equal(rnode->modem->send(rnode->state, &(struct datagram){.bytes = board.data, .size = 3}),
			 -ENOTCONN);
	/* The frequency steps of the chip are no mismatch, more is. */
	new_board();
	board.frequency_offset_hz = 61;
	start(NULL);
	assert_true(status().ready);
	board.frequency_offset_hz = -101;
	start(NULL);
	assert_false(status().ready);
	assert_text("frequency_mhz");
	board.frequency_offset_hz = 100;
	pass(60000000);
	assert_true(status().ready);
	assert_string_equal(status().text, "");
}

static void test_locked(void **unused)
{
	(void)unused;
	new_board();
	board.locked = true;
	start(NULL);
	assert_false(status().ready);
	assert_text("stays off");
}

static void test_old_firmware(void **unused)
{
	(void)unused;
	static const struct {
		uint8_t major, minor;
		bool ready;
	} cases[] = {{1, 51, false}, {1, 52, true}, {0, 99, false}, {2, 0, true}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		new_board();
		board.major = cases[i].major;
		board.minor = cases[i].minor;
		start(NULL);
		assert_int_equal(status().ready, cases[i].ready);
		if (!cases[i].ready)
			assert_text("is too old");
		assert_int_equal(record_drops(&record, "rnode_old_firmware"), !cases[i].ready);
		assert_int_equal(board.sets > 0, cases[i].ready);
	}
}

static void test_unconfirmed(void **unused)
{
	(void)unused;
	new_board();
	board.skipped = 0x05;
	start(NULL);
	assert_false(status().ready);
	pass(4000000);
	assert_text("does not confirm coding_rate");
	assert_true(record_drops(&record, "rnode_unconfirmed") > 0);
	board.skipped = 0;
	pass(20000000);
	assert_true(status().ready);
	/* An identity that comes in part is enough. */
	new_board();
	board.skipped = 0x49;
	start(NULL);
	pass(1000000);
	assert_true(status().ready);
}

static void test_mute(void **unused)
{
	(void)unused;
	new_board();
	board.mute = true;
	start(NULL);
	pass(10000000);
	assert_false(status().ready);
	assert_text("no RNode answers");
	assert_text("115200");
	assert_true(record_drops(&record, "rnode_absent") > 0);
	size_t changes = record.changes;
	pass(60000000);
	assert_int_equal(record.changes, changes);
	board.mute = false;
	pass(60000000);
	assert_true(status().ready);
}

static void test_other_device(void **unused)
{
	(void)unused;
	static const struct {
		const char *said, *words;
	} cases[] = {
	    {"$GPGGA,123519,4807.038,N\r\n", "GPS"}, {"+ERR=2\r\n", "RYLR"},
	    {"-sh: not found\r\n", "console"},       {"cmd:", "not in KISS mode"},
	    {"\x94\xc3\x01\x02", "Meshtastic"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		new_board();
		board.mute = true;
		start(NULL);
		for (int second = 0; second < 20; second++) {
			rnode->modem->input(rnode->state, (const uint8_t *)cases[i].said, strlen(cases[i].said));
			pass(1000000);
		}
		assert_text(cases[i].words);
		assert_text("Correct `device` or `modem`");
		assert_true(record_drops(&record, "rnode_wrong_device") > 0);
	}
}

/* A board with boot text, and one whose boot frame comes while it is asked. */
static void test_boot(void **unused)
{
	(void)unused;
	new_board();
	make(NULL);
	rnode->modem->input(rnode->state, (const uint8_t *)"ets Jul 29 2019\r\nrst:0x1\r\n", 26);
	SAY(0x55, 0xf8);
	pass(2100000);
	assert_true(status().ready);
	assert_int_equal(record_drops(&record, "rnode_noise"), 1);
	assert_int_equal(record_drops(&record, "rnode_reboot"), 0);
}

static void test_reboot(void **unused)
{
	(void)unused;
	new_board();
	start(NULL);
	memset(board.frequency, 0, 4);
	SAY(0x55, 0xf8);
	assert_false(status().ready);
	assert_int_equal(record_drops(&record, "rnode_reboot"), 1);
	pass(2100000);
	assert_true(status().ready);
	assert_int_equal(number(board.frequency), 868200000);
}

/* 06, 02, then the boot frame: the board resets itself when its chip hangs. */
static void test_errors(void **unused)
{
	(void)unused;
	static const struct {
		uint8_t error;
		const char *words, *drop;
	} cases[] = {
	    {0x01, "could not be started", "rnode_error"},
	    {0x02, "transmission failed", "rnode_error"},
	    {0x03, "EEPROM locked", "rnode_error"},
	    {0x06, "does not answer", "rnode_error"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		new_board();
		start(NULL);
		SAY(0x90, cases[i].error);
		assert_false(status().ready);
		assert_text(cases[i].words);
		assert_int_equal(record_drops(&record, cases[i].drop), 1);
		pass(40000000);
		assert_true(status().ready);
		assert_string_equal(status().text, "");
	}
	SAY(0x90, 0x05);
	SAY(0x90, 0x77);
	assert_true(status().ready);
	assert_int_equal(record_drops(&record, "rnode_memory_low"), 1);
	assert_int_equal(record_drops(&record, "rnode_unknown_error"), 1);
}

/* A board that says nothing more, and one that only stops telling of its channel. */
static void test_gone(void **unused)
{
	(void)unused;
	new_board();
	start(NULL);
	pass(30000000);
	assert_true(status().ready); /* READY is answered: enough for a board without STAT_CHTM */
	board.mute = true;
	pass(13000000);
	assert_false(status().ready);
	assert_text("does not answer any more");
	board.mute = false;
	pass(10000000);
	assert_true(status().ready);
	say_channel(0, 0, 0);
	pass(30000000);
	assert_int_equal(board.states, 6); /* set up three times */
	assert_true(status().ready);
}

/* Another host, or a knob on the board, changed something. */
static void test_changed_setting(void **unused)
{
	(void)unused;
	new_board();
	start(NULL);
	SAY(0x04, 12);
	assert_false(status().ready);
	serve();
	assert_true(status().ready);
	pass(61000000);
	SAY(0x06, 0);
	serve();
	assert_true(status().ready);
	assert_int_equal(board.states, 6);
	/* One that says it over and over keeps nobody busy, is named, and is set up again all the same. */
	size_t states = board.states;
	SAY(0x04, 12);
	assert_text("spreading_factor of the RNode is changed again and again");
	for (int i = 0; i < 1000; i++) {
		SAY(0x04, 12);
		serve();
	}
	assert_int_equal(board.states, states);
	assert_false(status().ready);
	assert_int_equal(record_drops(&record, "rnode_changed"), 3);
	pass(6000000);
	assert_true(status().ready);
	assert_string_equal(status().text, "");
}

static void test_no_room_in_the_port(void **unused)
{
	(void)unused;
	new_board();
	make(usual);
	record.write_result = -EAGAIN;
	pass(2050000);
	record.write_result = 0;
	pass(200000);
	assert_true(status().ready);
}

static void test_goodbye(void **unused)
{
	(void)unused;
	uint8_t bytes[16];
	new_board();
	start(NULL);
	assert_int_equal(rnode->modem->goodbye(rnode->state, bytes, sizeof(bytes)), 4);
	assert_memory_equal(bytes, "\xc0\x0a\xff\xc0", 4);
	assert_int_equal(rnode->modem->goodbye(rnode->state, bytes, 3), 0);
}

/* What the radio rules look at, from the settings and before the port is open. */
static void test_channel(void **unused)
{
	(void)unused;
	struct modem_channel channel;
	new_board();
	make((const struct driver_setting[]){
	    {"frequency_mhz", "869.525"}, {"bandwidth_khz", "41.7"}, {"power_dbm", "17"}, {NULL, NULL}});
	assert_int_equal(rnode->modem->channel(rnode->state, &channel), 0);
	assert_true(channel.frequency_hz == 869525000);
	assert_true(channel.bandwidth_hz == 41700 && channel.narrowest_hz == 0);
	assert_true(channel.power_dbm == 17);
	/* A board whose chip cannot do that frequency to the hertz. */
	board.frequency_offset_hz = 60;
	pass(2100000);
	assert_true(status().ready);
	assert_int_equal(rnode->modem->channel(rnode->state, &channel), 0);
	assert_true(channel.frequency_hz == 869525000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_channel),
	    cmocka_unit_test(test_bring_up),
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_bandwidths),
	    cmocka_unit_test(test_mismatch),
	    cmocka_unit_test(test_locked),
	    cmocka_unit_test(test_old_firmware),
	    cmocka_unit_test(test_unconfirmed),
	    cmocka_unit_test(test_mute),
	    cmocka_unit_test(test_other_device),
	    cmocka_unit_test(test_boot),
	    cmocka_unit_test(test_reboot),
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_gone),
	    cmocka_unit_test(test_changed_setting),
	    cmocka_unit_test(test_no_room_in_the_port),
	    cmocka_unit_test(test_goodbye),
	};
	return cmocka_run_group_tests(tests, NULL, stop);
}
