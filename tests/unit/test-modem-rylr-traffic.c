/* The RYLR drivers: sending, receiving and examining. */
#include "tests/unit/rylr-fixture.h"

/* The airtime of the fact sheet: 40 characters and 8 bytes of the module at SF9, 125 kHz, 4/5, preamble 12. */
static void test_send(void **unused)
{
	(void)unused;
	start_new();
	assert_int_equal(rylr->modem->mtu, 180);
	assert_int_equal(rylr->modem->airtime_us(rylr->state, 30), 324608);
	assert_int_equal(rylr->modem->airtime_us(rylr->state, 180), 1246208);
	assert_int_equal(send_size(30), 0);
	assert_int_equal(send_size(30), -EAGAIN);
	int64_t written_us = record.now_us;
	serve();
	assert_string_equal(module.sent, "AT+SEND=0,40,AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
	assert_sent(0, SEND_ON_AIR, true, "");
	assert_int_equal(send_size(30), -EAGAIN);
	/* 57 bytes at 115200 baud, then the airtime */
	ring();
	assert_int_equal(record.sent_count, 2);
	assert_sent(1, SEND_DONE, true, "");
	assert_true(record.now_us - written_us >= 324608 && record.now_us - written_us < 324608 + 6000);
	assert_int_equal(send_size(30), 0);
}

static void test_sizes(void **unused)
{
	(void)unused;
	start_new();
	assert_int_equal(send_size(0), -EMSGSIZE);
	assert_int_equal(send_size(181), -EMSGSIZE);
	assert_int_equal(send_size(180), 0);
	serve();
	assert_int_equal(strlen(module.sent), strlen("AT+SEND=0,240,") + 240);
}

/* Where +OK comes only at the end of the transmission, the module is free at once. */
static void test_late_ok(void **unused)
{
	(void)unused;
	start_new();
	module.answers_send = false;
	send_size(30);
	serve();
	record.now_us += 340000;
	say("+OK\r\n");
	ring();
	assert_sent(1, SEND_DONE, true, "");
	assert_int_equal(record.now_us, 1000000 + 340000);
}

static void test_receive_errors_are_nobodys(void **unused)
{
	(void)unused;
	start_new();
	module.answers_send = false;
	send_size(30);
	serve();
	say("+ERR=12\r\n+RCV=7,4,AQID,-60,9\r\n+ERR=19\r\n");
	assert_int_equal(record.sent_count, 0);
	assert_int_equal(record_drops(&record, "rylr_rx_crc"), 1);
	assert_int_equal(record_drops(&record, "rylr_rx_header"), 1);
	assert_int_equal(record.heard_count, 1);
	say("+OK\r\n");
	assert_sent(0, SEND_ON_AIR, true, "");
	/* With no command outstanding too, and between two questions. */
	ring();
	say("+ERR=12\r\n");
	rylr->modem->opened(rylr->state);
	say("+ERR=19\r\n");
	serve();
	assert_true(status().ready);
	assert_int_equal(record_drops(&record, "rylr_rx_crc"), 2);
	assert_int_equal(record_drops(&record, "rylr_rx_header"), 2);
	assert_int_equal(record_drops(&record, "rylr_stray_error"), 0);
}

static void test_busy(void **unused)
{
	(void)unused;
	start_new();
	module.answers_send = false;
	module.sends = 0;
	send_size(30);
	serve();
	say("+ERR=17\r\n");
	assert_int_equal(record.sent_count, 0);
	ring();
	assert_int_equal(module.sends, 2);
	say("+OK\r\n");
	ring();
	assert_sent(1, SEND_DONE, true, "");
	/* For ever busy: longer than its longest packet lasts. */
	record_clear(&record);
	send_size(30);
	serve();
	int64_t begin_us = record.now_us;
	for (int i = 0; i < 100 && !record.sent_count; i++) {
		say("+ERR=17\r\n");
		if (!record.sent_count)
			ring();
	}
	assert_sent(0, SEND_FAILED, false, "module_busy");
	assert_true(record.now_us - begin_us > 3000000 && record.now_us - begin_us < 4000000);
	assert_true(status().ready);
}

static void test_refusals(void **unused)
{
	(void)unused;
	static const struct {
		const char *said, *code;
		int tries;
	} cases[] = {
	    {"+ERR=5\r\n", "send_refused", 3},  {"+ERR=4\r\n", "send_refused", 3}, {"+ERR=2\r\n", "send_refused", 3},
	    {"+ERR=13\r\n", "send_refused", 1}, {"+ERR=10\r\n", "tx_timeout", 1},  {"+ERR=15\r\n", "module_error", 1},
	    {"+ERR=99\r\n", "module_error", 1},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start_new();
		module.answers_send = false;
		send_size(30);
		serve();
		int tries = 0;
		while (!record.sent_count && tries < 10) {
			say(cases[i].said);
			tries++;
			if (!record.sent_count)
				ring();
		}
		assert_sent(0, SEND_FAILED, false, cases[i].code);
		assert_int_equal(tries, cases[i].tries);
		assert_true(status().ready);
		assert_int_equal(send_size(30), 0);
	}
	/* The transmitter gave up although the packet was accepted. */
	start_new();
	send_size(30);
	serve();
	say("+ERR=10\r\n");
	assert_sent(1, SEND_FAILED, false, "tx_timeout");
}

static void test_no_answer(void **unused)
{
	(void)unused;
	start_new();
	module.answers_send = false;
	send_size(30);
	serve();
	int64_t begin_us = record.now_us;
	ring();
	assert_sent(0, SEND_FAILED, false, "no_answer");
	assert_true(record.now_us - begin_us > 2000000 + 324608);
	assert_true(status().ready); /* it was found again at once */
}

/* While the module is asked something, a datagram waits for the answer and no longer. */
static void test_send_while_asking(void **unused)
{
	(void)unused;
	start_new();
	record.now_us = record.alarm_us;
	rylr->modem->alarm(rylr->state);
	assert_true(record.written_size > 0);
	assert_int_equal(send_size(30), 0);
	module.sends = 0;
	serve();
	assert_int_equal(module.sends, 1);
	ring();
	assert_sent(1, SEND_DONE, true, "");
}

static void test_no_room(void **unused)
{
	(void)unused;
	start_new();
	record.write_result = -EAGAIN;
	assert_int_equal(send_size(30), 0);
	for (int i = 0; i < 20; i++)
		ring();
	assert_int_equal(record.sent_count, 0);
	record.write_result = 0;
	ring();
	assert_sent(0, SEND_ON_AIR, true, "");
	/* While it is set up too. */
	record.write_result = -EAGAIN;
	rylr->modem->opened(rylr->state);
	for (int i = 0; i < 20; i++)
		ring();
	record.write_result = 0;
	ring();
	assert_true(status().ready);
	assert_int_equal(record.baud, 0);
}

static void test_reopened(void **unused)
{
	(void)unused;
	start_new();
	send_size(30);
	rylr->modem->opened(rylr->state);
	assert_sent(0, SEND_FAILED, false, "port_reopened");
	serve();
	assert_true(status().ready);
}

/* ---- receiving ---- */

static void test_receive(void **unused)
{
	(void)unused;
	start_new();
	say("+RCV=7,4,AQID,-99,-12\r\n");
	assert_int_equal(record.heard_count, 1);
	assert_int_equal(record.heard_sizes[0], 3);
	assert_memory_equal(record.heard, "\x01\x02\x03", 3);
	/* Not base64url: somebody else's. Not whole. */
	say("+RCV=7,5,HELLO,-99,-12\r\n+RCV=7,0,,-99,-12\r\n+RCV=7,4,A=ID,-99,-12\r\n");
	assert_int_equal(record_drops(&record, "rylr_bad_text"), 3);
	say("+RCV=7,5,HELO,-99,-12\r\n");
	assert_int_equal(record_drops(&record, "rylr_bad_packet"), 1);
	assert_int_equal(record.heard_count, 1);
	/* Also before it is set up. */
	rylr->modem->opened(rylr->state);
	say("+RCV=7,4,AQID,-99,-12\r\n");
	assert_int_equal(record.heard_count, 2);
}

/* Half a packet that nothing follows does not keep the next one waiting for ever. */
static void test_half(void **unused)
{
	(void)unused;
	start_new();
	say("+RCV=7,200,AQID,-99,-12\r\n+RCV=8,4,AQID,-99,-12\r\n");
	assert_int_equal(record.heard_count, 0);
	pass(1100000);
	assert_int_equal(record.heard_count, 1);
	assert_int_equal(record_drops(&record, "rylr_bad_packet"), 1);
	/* And is not there any more when the port is opened anew. */
	say("+RCV=7,200,AQ");
	rylr->modem->opened(rylr->state);
	say("+RCV=8,4,AQID,-99,-12\r\n");
	assert_int_equal(record.heard_count, 2);
}

static void test_every_cutting(void **unused)
{
	(void)unused;
	static const char stream[] =
	    "\xff+READY\r\n+RCV=7,4,AQID,-99,-12\r\n+OK\r\n+ERR=12\r\n+RCV=7,5,HELO,-9,1\r\n"
	    "+VER=RYLR998_V1\r\n+ERR=4\r\n+UID=1\r\n+RESET\r\n+READY\r\n+RCV=7,4,AQID,-9,2\r\n";
	static struct record whole;
	for (size_t cut = 0; cut < sizeof(stream); cut++) {
		make("rylr998", usual);
		rylr->modem->opened(rylr->state);
		rylr->modem->input(rylr->state, (const uint8_t *)stream, cut);
		rylr->modem->input(rylr->state, (const uint8_t *)stream + cut, sizeof(stream) - 1 - cut);
		if (cut == 0)
			whole = record;
		assert_int_equal(record.written_size, whole.written_size);
		assert_memory_equal(record.written, whole.written, whole.written_size);
		assert_int_equal(record.heard_count, 2);
		assert_int_equal(record.drop_count, whole.drop_count);
		assert_int_equal(record.alarm_us, whole.alarm_us);
	}
}

/* ---- examination ---- */

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
	start_new();
	assert_int_equal(rylr->modem->examine(rylr->state, MODEM_SCAN), -EOPNOTSUPP);
	assert_int_equal(rylr->modem->examine(rylr->state, MODEM_TEST), 0);
	assert_int_equal(rylr->modem->examine(rylr->state, MODEM_TEST), -EBUSY);
	serve();
	assert_true(record.examined);
	assert_string_equal(record.examined_error, "");
	assert_string_equal(finding("parameter"), "9,7,1,12, as configured");
	assert_string_equal(finding("frequency_hz"), "868100000, as configured");
	assert_string_equal(finding("uid"), "0123456789ABCDEF01234567");
	assert_true(status().ready);
	/* What differs is said, and set right behind it. */
	record_clear(&record);
	snprintf(setting_of("ADDRESS")->value, 48, "5");
	rylr->modem->examine(rylr->state, MODEM_TEST);
	serve();
	assert_string_equal(finding("address"), "5 instead of 0");
	assert_value("ADDRESS", "0");
	assert_true(status().ready);
	/* A module that falls silent ends it with the reason. */
	record_clear(&record);
	module.mute = true;
	rylr->modem->examine(rylr->state, MODEM_TEST);
	serve();
	while (!record.examined)
		ring();
	assert_non_null(strstr(record.examined_error, "does not answer"));
	assert_int_equal(rylr->modem->examine(rylr->state, MODEM_TEST), -ENOTCONN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_send),          cmocka_unit_test(test_sizes),
	    cmocka_unit_test(test_late_ok),       cmocka_unit_test(test_receive_errors_are_nobodys),
	    cmocka_unit_test(test_busy),          cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_no_answer),     cmocka_unit_test(test_send_while_asking),
	    cmocka_unit_test(test_no_room),       cmocka_unit_test(test_reopened),
	    cmocka_unit_test(test_receive),       cmocka_unit_test(test_half),
	    cmocka_unit_test(test_every_cutting), cmocka_unit_test(test_examine),
	};
	return cmocka_run_group_tests(tests, NULL, stop);
}
