/* The rnode driver: what it hands up, one datagram at a time, the signs of its transmission, and examinations. */
#include "tests/unit/rnode-fixture.h"

static void start_new(const struct driver_setting *settings)
{
	new_board();
	start(settings);
	assert_true(status().ready);
	record_clear(&record);
}

static int send_size(size_t size)
{
	static uint8_t bytes[600];
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(7 * i + 3);
	return rnode->modem->send(rnode->state, &(struct datagram){.bytes = bytes, .size = size});
}

static void assert_sent(size_t index, enum send_result result, bool assumed, const char *code)
{
	assert_true(record.sent_count > index);
	assert_int_equal(record.sent[index].result, result);
	assert_int_equal(record.sent[index].assumed, assumed);
	assert_string_equal(record.sent[index].code, code);
}

/* Levels are not kept in the record: a services->heard_datagram of our own notes them. */
static struct level {
	double rssi_dbm, snr_db;
} levels[8];
static size_t level_count;

static void note_level(void *owner, const struct datagram *datagram)
{
	(void)owner;
	assert_true(level_count < 8);
	levels[level_count++] = (struct level){datagram->rssi_dbm, datagram->snr_db};
}

static void test_receive(void **unused)
{
	(void)unused;
	start_new(usual);
	SAY(0x23, 60);
	SAY(0x24, 25);
	SAY(0x00, 0x01, 0xc0, 0xdb, 0x02);
	assert_int_equal(record.heard_count, 1);
	assert_memory_equal(record.heard, "\x01\xc0\xdb\x02", 4);
	assert_int_equal(record.drop_count, 0);
}

/* Levels belong to the datagram behind them and to no other; -16 and -9.25 dB are escaped on the line. */
static void test_levels(void **unused)
{
	(void)unused;
	start_new(usual);
	rnode->services.heard_datagram = note_level;
	level_count = 0;
	SAY(0x23, 60);
	SAY(0x24, 0xc0);
	SAY(0x00, 1);
	SAY(0x24, 0xdb);
	SAY(0x00, 2);
	SAY(0x00, 3);
	SAY(0x23, 10);
	rnode->modem->opened(rnode->state);
	SAY(0x00, 4);
	assert_true(levels[0].rssi_dbm == -97 && levels[0].snr_db == -16);
	assert_true(isnan(levels[1].rssi_dbm) && levels[1].snr_db == -9.25);
	assert_true(isnan(levels[2].rssi_dbm) && isnan(levels[2].snr_db));
	assert_true(isnan(levels[3].rssi_dbm));
}

/* Two LoRa packets that the board has joined: up to 508 bytes; more, or nothing, is no packet. */
static void test_sizes_received(void **unused)
{
	(void)unused;
	uint8_t bytes[520] = {0};
	start_new(usual);
	say(0x00, bytes, 508);
	assert_int_equal(record.heard_sizes[0], 508);
	say(0x00, bytes, 509);
	say(0x00, bytes, 0);
	assert_int_equal(record.heard_count, 1);
	assert_int_equal(record_drops(&record, "rnode_bad_frame"), 2);
}

static void test_chatter(void **unused)
{
	(void)unused;
	start_new(usual);
	SAY(0x26, 0x08, 0x00, 0x01, 0xe8, 0x00, 0x12, 0x00, 0x2d, 0x00, 0x18, 0x00, 0x30);
	SAY(0x28, 1, 0, 15);
	SAY(0x27, 2, 87);
	SAY(0x29, 145);
	SAY(0x21, 0, 0, 0, 1);
	SAY(0x07, 0);
	SAY(0x0f, 1);
	assert_int_equal(record.drop_count, 0);
	SAY(0x77, 1);
	SAY(0x25, 1, 2, 3);
	SAY(0x23, 1, 2);
	assert_int_equal(record_drops(&record, "rnode_unknown_frame"), 2);
	assert_int_equal(record_drops(&record, "rnode_bad_frame"), 1);
	assert_true(status().ready);
}

static void test_drops(void **unused)
{
	(void)unused;
	static uint8_t bytes[1400];
	start_new(usual);
	rnode->modem->input(rnode->state, (const uint8_t *)"\xc0\x00\xdb\x41\xc0", 5);
	rnode->modem->input(rnode->state, (const uint8_t *)"xyz\xc0\xc0", 5);
	memset(bytes, 'x', sizeof(bytes));
	rnode->modem->input(rnode->state, bytes, sizeof(bytes));
	rnode->modem->input(rnode->state, (const uint8_t *)"\xc0", 1);
	assert_int_equal(record_drops(&record, "rnode_bad_escape"), 1);
	assert_int_equal(record_drops(&record, "rnode_noise"), 1);
	assert_int_equal(record_drops(&record, "rnode_too_long"), 1);
}

static void test_every_cutting(void **unused)
{
	(void)unused;
	static const uint8_t stream[] = {'b',  'o',  'o',  't',  0xc0, 0x55, 0xf8, 0xc0, 0xc0, 0x23, 60,
					 0xc0, 0xc0, 0x24, 0xdb, 0xdc, 0xc0, 0xc0, 0x00, 1,    2,    0xdb,
					 0xdd, 0xc0, 0xc0, 0x90, 2,    0xc0, 0xc0, 0x00, 0xdb, 0x00, 0xc0,
					 0xc0, 0x00, 3,    0xc0, 0xc0, 0x90, 6,    0xc0};
	static struct record whole;
	for (size_t cut = 0; cut < sizeof(stream); cut++) {
		start_new(usual);
		rnode->modem->input(rnode->state, stream, cut);
		rnode->modem->input(rnode->state, stream + cut, sizeof(stream) - cut);
		if (cut == 0)
			whole = record;
		assert_int_equal(record.heard_count, 2);
		assert_memory_equal(record.heard, "\x01\x02\xdb\x03", 4);
		assert_int_equal(record.drop_count, whole.drop_count);
		assert_int_equal(record.alarm_us, whole.alarm_us);
		assert_string_equal(status().text,
				    "the RNode reports: the radio chip does not answer. It is set up again.");
	}
}

/* ---- sending ---- */

static void test_sizes_sent(void **unused)
{
	(void)unused;
	start_new(usual);
	assert_int_equal(rnode->modem->mtu, 254);
	assert_int_equal(send_size(0), -EMSGSIZE);
	assert_int_equal(send_size(255), -EMSGSIZE);
	assert_int_equal(send_size(254), 0);
	assert_int_equal(send_size(254), -EAGAIN);
	serve();
	assert_int_equal(board.data_size, 254);
	for (size_t i = 0; i < 254; i++)
		assert_int_equal(board.data[i], (uint8_t)(7 * i + 3));
}

/* SF9, 125 kHz, 4/5, 18 symbols of preamble, a header byte: 51 bytes on the air with 50. */
static void test_airtime(void **unused)
{
	(void)unused;
	start_new(usual);
	assert_int_equal(rnode->modem->airtime_us(rnode->state, 50), 369664);
	/* The board says what its preamble is; nonsense is not believed. */
	SAY(0x26, 0x10, 0x00, 0x00, 0xf4, 0x00, 0x08, 0x00, 0x2d, 0x00, 0x18, 0x00, 0x30);
	assert_int_equal(rnode->modem->airtime_us(rnode->state, 50), 369664 - 10 * 4096);
	SAY(0x26, 0x10, 0x00, 0x00, 0xf4, 0xff, 0xff, 0x00, 0x2d, 0x00, 0x18, 0x00, 0x30);
	assert_int_equal(rnode->modem->airtime_us(rnode->state, 50), 369664);
}

/* A board without STAT_CHTM: the time it needs is all there is to go by. */
static void test_reckoned(void **unused)
{
	(void)unused;
	start_new(usual);
	assert_int_equal(send_size(50), 0);
	assert_int_equal(board.datagrams, 0);
	serve();
	assert_int_equal(board.datagrams, 1);
	assert_sent(0, SEND_ON_AIR, true, "");
	int64_t begin_us = record.now_us;
	ring();
	assert_sent(1, SEND_DONE, true, "");
	assert_int_equal(record.now_us - begin_us, 369664 + 240000);
	assert_int_equal(send_size(50), 0);
}

/* Own airtime rises: transmitted, and known to be. */
static void test_seen(void **unused)
{
	(void)unused;
	start_new(usual);
	say_channel(100, 10, 0);
	assert_int_equal(send_size(50), 0);
	serve();
	assert_int_equal(record.sent_count, 0);
	say_channel(100, 10, 0);
	say_channel(0, 10, 0); /* an old bin falls out of the window */
	assert_int_equal(record.sent_count, 0);
	say_channel(246, 10, 0);
	assert_int_equal(record.sent_count, 2);
	assert_sent(0, SEND_ON_AIR, false, "");
	assert_sent(1, SEND_DONE, false, "");
	/* The long window alone shows it where both happen at once. */
	send_size(50);
	serve();
	say_channel(100, 11, 0);
	assert_sent(3, SEND_DONE, false, "");
}

/* It is not seen although the channel is free: the window may have hidden it. */
static void test_not_seen(void **unused)
{
	(void)unused;
	start_new(usual);
	say_channel(100, 10, 0);
	send_size(50);
	serve();
	int64_t begin_us = record.now_us;
	for (int i = 0; i < 2; i++) {
		record.now_us += 1000000;
		say_channel(100, 10, 0);
	}
	ring();
	assert_sent(0, SEND_ON_AIR, true, "");
	assert_sent(1, SEND_DONE, true, "");
	assert_int_equal(record.now_us - begin_us, 369664 + 240000 + 2000000);
}

/* Somebody else is on the channel: it is waited for, and if that takes too long the board's queue is emptied. */
static void test_channel_busy(void **unused)
{
	(void)unused;
	start_new(usual);
	say_channel(100, 10, 0);
	send_size(50);
	serve();
	int64_t begin_us = record.now_us;
	for (int i = 0; i < 70 && !record.sent_count; i++) {
		say_channel(100, 10, 30);
		pass(1000000);
	}
	assert_sent(0, SEND_FAILED, false, "channel_busy");
	assert_true(record.now_us - begin_us >= 60000000);
	assert_int_equal(board.resets, 1);
	assert_false(status().ready);
	pass(2200000);
	assert_true(status().ready);
	/* It gets free in time. */
	record_clear(&record);
	say_channel(0, 0, 0);
	send_size(50);
	serve();
	for (int i = 0; i < 20; i++) {
		say_channel(0, 0, 30);
		pass(1000000);
	}
	say_channel(200, 1, 0);
	assert_sent(1, SEND_DONE, false, "");
}

/* At its own airtime limit a board takes datagrams and keeps them. */
static void test_airtime_limit(void **unused)
{
	(void)unused;
	start_new((const struct driver_setting[]){{"frequency_mhz", "868.2"},
						  {"airtime_limit_short_percent", "10"},
						  {"airtime_limit_long_percent", "1"},
						  {NULL, NULL}});
	assert_memory_equal(board.limits[0], "\x03\xe8", 2);
	assert_memory_equal(board.limits[1], "\x00\x64", 2);
	say_channel(999, 99, 0);
	assert_true(status().ready);
	say_channel(1000, 99, 0);
	assert_false(status().ready);
	assert_text("airtime limit");
	assert_int_equal(send_size(50), -EAGAIN);
	say_channel(500, 99, 0);
	assert_true(status().ready);
	assert_string_equal(status().text, "");
	assert_true(record.changes >= 2);
	say_channel(500, 100, 0);
	assert_false(status().ready);
	/* Reached behind the datagram: the board still has it. */
	say_channel(500, 99, 0);
	send_size(50);
	serve();
	say_channel(500, 99, 0);
	say_channel(400, 99, 0);
	assert_int_equal(record.sent_count, 0);
}

static void test_limit_reached_while_it_waits(void **unused)
{
	(void)unused;
	start_new((const struct driver_setting[]){
	    {"frequency_mhz", "868.2"}, {"airtime_limit_long_percent", "1"}, {NULL, NULL}});
	say_channel(100, 100, 0);
	say_channel(100, 99, 0);
	send_size(50);
	/* Limited again before the datagram left: what rose is not the datagram's. */
	record.now_us += 1000;
	serve();
	say_channel(90, 99, 0);
	for (int i = 0; i < 70 && !record.sent_count; i++) {
		say_channel(90, 99, 30);
		pass(1000000);
	}
	assert_sent(0, SEND_FAILED, false, "channel_busy");
	assert_int_equal(board.resets, 1);
}

static void test_full(void **unused)
{
	(void)unused;
	start_new(usual);
	board.full = true;
	send_size(50);
	serve();
	assert_sent(0, SEND_FAILED, false, "modem_full");
	assert_int_equal(board.datagrams, 0);
	assert_int_equal(board.resets, 1);
	pass(2200000);
	assert_true(status().ready);
	/* Found by the regular question. */
	board.full = true;
	pass(10500000);
	assert_int_equal(board.resets, 2);
}

static void test_no_answer(void **unused)
{
	(void)unused;
	start_new(usual);
	board.no_ready = true;
	send_size(50);
	serve();
	pass(3000000);
	assert_sent(0, SEND_FAILED, false, "no_answer");
	assert_int_equal(board.datagrams, 0);
	board.no_ready = false;
	pass(3000000);
	assert_true(status().ready);
}

static void test_failures(void **unused)
{
	(void)unused;
	static const struct {
		uint8_t command, value;
		const char *code;
	} cases[] = {
	    {0x90, 0x02, "tx_failed"},  {0x90, 0x06, "modem_timeout"},  {0x90, 0x01, "modem_error"},
	    {0x90, 0x04, "modem_full"}, {0x55, 0xf8, "modem_rebooted"}, {0x06, 0x00, "modem_lost"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start_new(usual);
		say_channel(0, 0, 0);
		send_size(50);
		serve();
		SAY(cases[i].command, cases[i].value);
		assert_int_equal(record.sent_count, 1);
		assert_sent(0, SEND_FAILED, false, cases[i].code);
		assert_false(status().ready);
		serve();
		pass(8000000);
		assert_true(status().ready);
		assert_int_equal(send_size(50), 0);
	}
	start_new(usual);
	send_size(50);
	rnode->modem->opened(rnode->state);
	assert_sent(0, SEND_FAILED, false, "port_reopened");
}

/* A datagram that comes while the board is asked whether it is alive is handed over with the answer. */
static void test_send_while_polled(void **unused)
{
	(void)unused;
	start_new(usual);
	record.now_us = record.alarm_us;
	rnode->modem->alarm(rnode->state);
	assert_true(record.written_size > 0);
	assert_int_equal(send_size(50), 0);
	serve();
	assert_int_equal(board.datagrams, 1);
}

static void test_no_room_in_the_port(void **unused)
{
	(void)unused;
	start_new(usual);
	record.write_result = -EAGAIN;
	assert_int_equal(send_size(50), 0);
	record.write_result = 0;
	ring();
	assert_int_equal(board.datagrams, 1);
}

/* ---- examinations ---- */

static const char *finding(const char *name)
{
	for (size_t i = 0; i < record.finding_count && i < RECORD_FINDINGS_MAX; i++)
		if (strcmp(record.findings[i].name, name) == 0)
			return record.findings[i].value;
	fail_msg("no finding %s", name);
	return "";
}

static void test_examine(void **unused)
{
	(void)unused;
	start_new(usual);
	assert_int_equal(rnode->modem->examine(rnode->state, MODEM_SCAN), -EOPNOTSUPP);
	assert_int_equal(rnode->modem->examine(rnode->state, MODEM_TEST), 0);
	assert_int_equal(rnode->modem->examine(rnode->state, MODEM_TEST), -EBUSY);
	serve();
	say_channel(123, 45, 6);
	pass(2600000);
	assert_true(record.examined);
	assert_string_equal(record.examined_error, "");
	assert_string_equal(finding("frequency_mhz"), "868200000, as configured");
	assert_string_equal(finding("power_dbm"), "14, as configured");
	assert_string_equal(finding("radio"), "1, as configured");
	assert_string_equal(finding("noise_dbm"), "-110");
	assert_string_equal(finding("rssi_dbm"), "-104 to -104");
	assert_string_equal(finding("interference_dbm"), "none");
	assert_string_equal(finding("airtime_percent"), "1.23 in 15 s, 0.45 in an hour");
	assert_true(status().ready);
	assert_int_equal(board.states, 2);
}

/* What differs is said, and set again behind it. */
static void test_examine_differs(void **unused)
{
	(void)unused;
	start_new(usual);
	board.spreading = 12;
	rnode->modem->examine(rnode->state, MODEM_TEST);
	serve();
	pass(2600000);
	assert_string_equal(finding("spreading_factor"), "12 instead of 9");
	assert_string_equal(finding("channel"), "this board does not measure it");
	pass(2200000);
	assert_true(status().ready);
	assert_int_equal(board.spreading, 9);
}

static void test_scan(void **unused)
{
	(void)unused;
	start_new(usual);
	say_channel(0, 0, 0);
	assert_int_equal(rnode->modem->examine(rnode->state, MODEM_SCAN), 0);
	for (int i = 0; i < 9; i++) {
		say_channel(0, 0, i == 4 ? 60 : 2);
		pass(1000000);
	}
	SAY(0x25, 0, 0, 0, 0, 0, 100, 0, 10, 49, 47, 77);
	assert_false(record.examined);
	pass(1100000);
	assert_true(record.examined);
	assert_string_equal(finding("rssi_dbm"), "-108 to -50");
	assert_string_equal(finding("interference_dbm"), "-80");
	assert_string_equal(finding("channel_load_percent"), "1.00");
	/* A board that is lost meanwhile ends it. */
	record_clear(&record);
	assert_int_equal(rnode->modem->examine(rnode->state, MODEM_SCAN), 0);
	SAY(0x55, 0xf8);
	assert_true(record.examined);
	assert_string_equal(record.examined_error, "the RNode was lost meanwhile");
	assert_int_equal(rnode->modem->examine(rnode->state, MODEM_SCAN), -ENOTCONN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_receive),
	    cmocka_unit_test(test_levels),
	    cmocka_unit_test(test_sizes_received),
	    cmocka_unit_test(test_chatter),
	    cmocka_unit_test(test_drops),
	    cmocka_unit_test(test_every_cutting),
	    cmocka_unit_test(test_sizes_sent),
	    cmocka_unit_test(test_airtime),
	    cmocka_unit_test(test_reckoned),
	    cmocka_unit_test(test_seen),
	    cmocka_unit_test(test_not_seen),
	    cmocka_unit_test(test_channel_busy),
	    cmocka_unit_test(test_airtime_limit),
	    cmocka_unit_test(test_limit_reached_while_it_waits),
	    cmocka_unit_test(test_full),
	    cmocka_unit_test(test_no_answer),
	    cmocka_unit_test(test_failures),
	    cmocka_unit_test(test_send_while_polled),
	    cmocka_unit_test(test_no_room_in_the_port),
	    cmocka_unit_test(test_examine),
	    cmocka_unit_test(test_examine_differs),
	    cmocka_unit_test(test_scan),
	};
	return cmocka_run_group_tests(tests, NULL, stop);
}
