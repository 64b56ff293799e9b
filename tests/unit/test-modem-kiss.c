/* The kiss modem: what it hands up, what it writes, and how it learns that a frame was transmitted. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/driver_services.h"

static struct record record;
static struct driver_under_test *kiss;

/* A new modem with these settings, its port just opened. */
static void start(const struct driver_setting *settings)
{
	memset(&record, 0, sizeof(record));
	record.now_us = 1000000;
	driver_under_test_free(kiss);
	kiss = modem_under_test("kiss", &record, settings);
	assert_int_equal(kiss->init_result, 0);
	kiss->modem->opened(kiss->state);
}

static int stop(void **unused)
{
	(void)unused;
	driver_under_test_free(kiss);
	kiss = NULL;
	return 0;
}

static void input(const void *bytes, size_t size)
{
	kiss->modem->input(kiss->state, bytes, size);
}

#define INPUT(...) input((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static int send_bytes(const void *bytes, size_t size)
{
	const struct datagram datagram = {.bytes = bytes, .size = size};
	return kiss->modem->send(kiss->state, &datagram);
}

static void assert_written(const void *bytes, size_t size)
{
	assert_int_equal(record.written_size, size);
	assert_memory_equal(record.written, bytes, size);
	record.written_size = 0;
}

static void assert_sent(size_t index, enum send_result result, bool assumed, const char *code)
{
	assert_true(record.sent_count > index);
	assert_int_equal(record.sent[index].result, result);
	assert_int_equal(record.sent[index].assumed, assumed);
	assert_string_equal(record.sent[index].code, code);
}

/* Moves the clock to the alarm that is set and rings it. */
static void ring(void)
{
	assert_true(record.alarm_us > 0);
	if (record.now_us < record.alarm_us)
		record.now_us = record.alarm_us;
	record.alarm_us = 0;
	kiss->modem->alarm(kiss->state);
}

static void test_receive(void **unused)
{
	(void)unused;
	start(NULL);
	INPUT(0xc0, 0x00, 0x82, 0xdb, 0xdc, 0xc0, 0x00, 1, 2, 3, 0xc0);
	assert_int_equal(record.heard_count, 2);
	assert_int_equal(record.heard_sizes[0], 2);
	assert_memory_equal(record.heard, "\x82\xc0\x01\x02\x03", 5);
	assert_int_equal(record.drop_count, 0);
}

struct dropped {
	const char *reason;
	uint8_t bytes[16];
	size_t size;
};

static void test_drops(void **unused)
{
	(void)unused;
	static const struct dropped drops[] = {
	    {"kiss_noise", {'x', 0xc0}, 2},
	    {"kiss_bad_escape", {0xc0, 0x00, 0xdb, 1, 2, 0xc0}, 6},
	    {"kiss_too_short", {0xc0, 0x00, 1, 0xc0}, 4},
	    {"kiss_other_port", {0xc0, 0x10, 1, 2, 0xc0}, 5},
	    {"kiss_other_port", {0xc0, 0x80, 1, 2, 0xc0}, 5}, /* SMACK is off: port 8 */
	    {"kiss_log_frame", {0xc0, 0x07, 'l', 'o', 'g', 0xc0}, 6},
	    {"kiss_hardware_frame", {0xc0, 0x06, 'T', 'X', 'B', 'U', 'F', ':', '0', 0xc0}, 10},
	    {"kiss_unknown_command", {0xc0, 0x0c, 0, 1, 0xc0}, 5}, /* ACKMODE is off */
	    {"kiss_unknown_command", {0xc0, 0x01, 1, 2, 0xc0}, 5},
	    {"kiss_unknown_command", {0xc0, 0xff, 1, 2, 0xc0}, 5},
	};
	for (size_t i = 0; i < sizeof(drops) / sizeof(*drops); i++) {
		start(NULL);
		input(drops[i].bytes, drops[i].size);
		if (record.drop_count != 1 || record_drops(&record, drops[i].reason) != 1)
			fail_msg("%zu: %s", i, record.drop_count ? record.drops[0] : "none");
		assert_int_equal(record.heard_count, 0);
	}
}

static void test_too_long(void **unused)
{
	(void)unused;
	static uint8_t bytes[3000];
	start(NULL);
	memset(bytes, 'x', sizeof(bytes));
	bytes[0] = bytes[sizeof(bytes) - 1] = 0xc0;
	input(bytes, sizeof(bytes));
	assert_int_equal(record_drops(&record, "kiss_too_long"), 1);
	assert_int_equal(record.heard_count, 0);
}

static void test_smack(void **unused)
{
	(void)unused;
	static const uint8_t frame[] = {0xc0, 0x80, 0x82, 0xa0, 0xa4, 0xa6, 0x40, 0x40, 0xe0, 0x9c,
					0x60, 0x86, 0x82, 0x98, 0x98, 0x6f, 0x03, 0xf0, 0x3e, 0x73,
					0x74, 0x61, 0x74, 0x75, 0x73, 0x6f, 0x45, 0xc0};
	start((const struct driver_setting[]){{"smack", "true"}, {NULL, NULL}});
	input(frame, sizeof(frame));
	assert_int_equal(record.heard_count, 1);
	assert_int_equal(record.heard_sizes[0], 23);
	assert_memory_equal(record.heard, frame + 2, 23);
	/* Every single wrong bit is found; plain frames still pass. */
	for (size_t bit = 8; bit < 8 * 23; bit++) {
		uint8_t bad[sizeof(frame)];
		memcpy(bad, frame, sizeof(frame));
		bad[2 + bit / 8] ^= (uint8_t)(1 << bit % 8);
		record_clear(&record);
		input(bad, sizeof(bad));
		assert_int_equal(record.heard_count, 0);
		assert_int_equal(record.drop_count > 0, 1);
	}
	record_clear(&record);
	INPUT(0xc0, 0x00, 1, 2, 3, 0xc0);
	assert_int_equal(record.heard_count, 1);
	/* Port 8 cannot be told from the flag. */
	struct driver_under_test *bad = modem_under_test(
	    "kiss", &record, (const struct driver_setting[]){{"smack", "true"}, {"port", "8"}, {NULL, NULL}});
	assert_int_equal(bad->init_result, -EINVAL);
	driver_under_test_free(bad);
}

static void test_parameters(void **unused)
{
	(void)unused;
	start(NULL);
	assert_int_equal(record.written_size, 0);
	assert_int_equal(record.alarm_us, 0);
	start((const struct driver_setting[]){{"port", "1"},
					      {"txdelay_ms", "305"},
					      {"persistence", "192"},
					      {"slottime_ms", "0"},
					      {"txtail_ms", "2550"},
					      {"full_duplex", "off"},
					      {NULL, NULL}});
	static const uint8_t expected[] = {0xc0, 0x11, 31,   0xc0, 0xc0, 0x12, 0xdb, 0xdc, 0xc0, 0xc0, 0x13,
					   0,    0xc0, 0xc0, 0x14, 0xff, 0xc0, 0xc0, 0x15, 0,    0xc0};
	assert_written(expected, sizeof(expected));
	kiss->modem->opened(kiss->state);
	assert_written(expected, sizeof(expected));
}

/* A port without room is asked again; nothing is sent with the wrong parameters meanwhile. */
static void test_parameters_again(void **unused)
{
	(void)unused;
	start((const struct driver_setting[]){{"txdelay_ms", "300"}, {NULL, NULL}});
	record.written_size = 0;
	record.write_result = -EAGAIN;
	kiss->modem->opened(kiss->state);
	assert_int_equal(send_bytes("abc", 3), -EAGAIN);
	ring();
	assert_int_equal(record.written_size, 0);
	record.write_result = 0;
	ring();
	assert_written("\xc0\x01\x1e\xc0", 4);
	assert_int_equal(send_bytes("abc", 3), 0);
	assert_written("\xc0\x00"
		       "abc\xc0",
		       6);
}

/* 1200 bit/s: 300 ms + (16 + 8 (100 + 2) + 14 stuffed) bits + 50 ms */
static void test_airtime(void **unused)
{
	(void)unused;
	start((const struct driver_setting[]){{"txdelay_ms", "300"}, {"txtail_ms", "50"}, {NULL, NULL}});
	assert_int_equal(kiss->modem->airtime_us(kiss->state, 100), 350000 + (16 + 816 + 14) * 1000000LL / 1200);
	start((const struct driver_setting[]){
	    {"txdelay_ms", "0"}, {"txtail_ms", "0"}, {"baud_on_air", "9600"}, {NULL, NULL}});
	assert_int_equal(kiss->modem->airtime_us(kiss->state, 100), (16 + 816 + 14) * 1000000LL / 9600);
	start(NULL);
	assert_int_equal(kiss->modem->airtime_us(kiss->state, 100), 600000 + (16 + 816 + 14) * 1000000LL / 1200);
}

static void test_send_timed(void **unused)
{
	(void)unused;
	start((const struct driver_setting[]){
	    {"txdelay_ms", "300"}, {"txtail_ms", "50"}, {"persistence", "63"}, {"slottime_ms", "100"}, {NULL, NULL}});
	record.written_size = 0;
	assert_int_equal(send_bytes("\x01\xc0\x02", 3), 0);
	assert_written("\xc0\x00\x01\xdb\xdc\x02\xc0", 7);
	assert_int_equal(record.sent_count, 1);
	assert_sent(0, SEND_ON_AIR, true, "");
	assert_int_equal(send_bytes("next", 4), -EAGAIN);
	/* three slots of 100 ms on average until one in four is drawn */
	assert_int_equal(record.alarm_us - record.now_us, kiss->modem->airtime_us(kiss->state, 3) + 300000);
	record.now_us = record.alarm_us - 1;
	kiss->modem->alarm(kiss->state);
	assert_int_equal(record.sent_count, 1);
	ring();
	assert_int_equal(record.sent_count, 2);
	assert_sent(1, SEND_DONE, true, "");
	assert_int_equal(record.alarm_us, 0);
	assert_int_equal(send_bytes("next", 4), 0);
}

static void test_send_errors(void **unused)
{
	(void)unused;
	static const uint8_t big[400];
	start(NULL);
	assert_int_equal(send_bytes(big, kiss->modem->mtu + 1), -EMSGSIZE);
	record.write_result = -ENOTCONN;
	assert_int_equal(send_bytes("abc", 3), -ENOTCONN);
	record.write_result = -EAGAIN;
	assert_int_equal(send_bytes("abc", 3), -EAGAIN);
	assert_int_equal(record.sent_count, 0);
	record.write_result = 0;
	assert_int_equal(send_bytes(big, kiss->modem->mtu), 0);
	/* The port goes and comes while the frame may or may not have left: not claimed as sent. */
	kiss->modem->opened(kiss->state);
	assert_sent(1, SEND_FAILED, false, "port_reopened");
	assert_int_equal(record.alarm_us, 0);
}

static const struct driver_setting with_ackmode[] = {{"ackmode", "true"}, {NULL, NULL}};

static void test_ackmode(void **unused)
{
	(void)unused;
	for (uint8_t command = 0x0c; command <= 0x0e; command += 2) {
		start(with_ackmode);
		assert_int_equal(send_bytes("abc", 3), 0);
		assert_written("\xc0\x0c\x00\x01"
			       "abc\xc0",
			       8);
		assert_sent(0, SEND_ON_AIR, true, "");
		INPUT(0xc0, command, 0x00, 0x02, 0xc0); /* of another frame */
		assert_int_equal(record_drops(&record, "kiss_stray_answer"), 1);
		assert_int_equal(record.sent_count, 1);
		INPUT(0xc0, command, 0x00, 0x01, 0xc0);
		assert_sent(1, SEND_DONE, false, "");
		assert_int_equal(record.alarm_us, 0);
		INPUT(0xc0, command, 0x00, 0x01, 0xc0); /* twice */
		assert_int_equal(record_drops(&record, "kiss_stray_answer"), 2);
		assert_int_equal(record.sent_count, 2);
	}
}

/* An id is escaped like everything else: after 192 frames it is C0. */
static void test_ackmode_escaped_id(void **unused)
{
	(void)unused;
	start(with_ackmode);
	for (int i = 1; i <= 0xc0; i++) {
		record_clear(&record);
		assert_int_equal(send_bytes("abc", 3), 0);
		if (i < 0xc0)
			INPUT(0xc0, 0x0c, 0x00, (uint8_t)i, 0xc0);
	}
	assert_written("\xc0\x0c\x00\xdb\xdc"
		       "abc\xc0",
		       9);
	INPUT(0xc0, 0x0c, 0x00, 0xdb, 0xdc, 0xc0);
	assert_sent(1, SEND_DONE, false, "");
}

/* A TNC without ACKMODE throws the frame away: then it must not be called sent. */
static void test_ackmode_silence(void **unused)
{
	(void)unused;
	start(with_ackmode);
	assert_int_equal(send_bytes("abc", 3), 0);
	ring();
	assert_sent(1, SEND_FAILED, false, "no_tnc_answer");
}

static const struct driver_setting with_txbuf[] = {
    {"direwolf_txbuf", "true"}, {"txdelay_ms", "300"}, {"txtail_ms", "100"}, {NULL, NULL}};

static void answer_txbuf(const char *digits)
{
	uint8_t bytes[32] = {0xc0, 0x06, 'T', 'X', 'B', 'U', 'F', ':'};
	size_t size = strlen(digits);
	memcpy(bytes + 8, digits, size);
	bytes[8 + size] = 0xc0;
	input(bytes, 9 + size);
}

static void test_txbuf(void **unused)
{
	(void)unused;
	static const char frame[] = "\xc0\x00"
				    "abc\xc0\xc0\x06TXBUF:\xc0";
	start(with_txbuf);
	record.written_size = 0;
	assert_int_equal(send_bytes("abc", 3), 0);
	assert_written(frame, sizeof(frame) - 1);
	assert_int_equal(record.sent_count, 0);
	answer_txbuf("10"); /* ten bytes, not a nought at the end */
	ring();
	assert_written(frame + 6, sizeof(frame) - 7);
	answer_txbuf("3");
	ring();
	assert_int_equal(record.sent_count, 0);
	answer_txbuf("0");
	assert_sent(0, SEND_ON_AIR, false, "");
	assert_int_equal(record.alarm_us - record.now_us, kiss->modem->airtime_us(kiss->state, 3));
	answer_txbuf("0"); /* of the question before */
	assert_int_equal(record_drops(&record, "kiss_hardware_frame"), 1);
	ring();
	assert_int_equal(record.sent_count, 2);
	assert_sent(1, SEND_DONE, false, "");
	assert_int_equal(record.alarm_us, 0);
}

static void test_txbuf_trouble(void **unused)
{
	(void)unused;
	/* No answer at all: no Direwolf. It was handed over, nothing more is known. */
	start(with_txbuf);
	assert_int_equal(send_bytes("abc", 3), 0);
	for (int i = 0; i < 100 && record.sent_count == 0; i++)
		ring();
	assert_sent(0, SEND_ON_AIR, true, "");
	assert_sent(1, SEND_DONE, true, "");
	/* Never empty: the channel is busy for ever. */
	start(with_txbuf);
	assert_int_equal(send_bytes("abc", 3), 0);
	for (int i = 0; i < 2000 && record.sent_count == 0; i++) {
		answer_txbuf("5");
		ring();
	}
	assert_sent(0, SEND_FAILED, false, "channel_busy");
	/* Empty only after a minute: perhaps thrown away. */
	start(with_txbuf);
	assert_int_equal(send_bytes("abc", 3), 0);
	answer_txbuf("5");
	record.now_us += 61000000;
	answer_txbuf("0");
	assert_sent(0, SEND_ON_AIR, true, "");
	ring();
	assert_sent(1, SEND_DONE, true, "");
}

static void test_goodbye(void **unused)
{
	(void)unused;
	uint8_t bytes[8];
	start(NULL);
	assert_int_equal(kiss->modem->goodbye(kiss->state, bytes, sizeof(bytes)), 0);
	start((const struct driver_setting[]){{"leave_kiss_on_exit", "true"}, {NULL, NULL}});
	assert_int_equal(kiss->modem->goodbye(kiss->state, bytes, sizeof(bytes)), 3);
	assert_memory_equal(bytes, "\xc0\xff\xc0", 3);
	assert_int_equal(kiss->modem->goodbye(kiss->state, bytes, 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_receive, stop),
	    cmocka_unit_test_teardown(test_drops, stop),
	    cmocka_unit_test_teardown(test_too_long, stop),
	    cmocka_unit_test_teardown(test_smack, stop),
	    cmocka_unit_test_teardown(test_parameters, stop),
	    cmocka_unit_test_teardown(test_parameters_again, stop),
	    cmocka_unit_test_teardown(test_airtime, stop),
	    cmocka_unit_test_teardown(test_send_timed, stop),
	    cmocka_unit_test_teardown(test_send_errors, stop),
	    cmocka_unit_test_teardown(test_ackmode, stop),
	    cmocka_unit_test_teardown(test_ackmode_escaped_id, stop),
	    cmocka_unit_test_teardown(test_ackmode_silence, stop),
	    cmocka_unit_test_teardown(test_txbuf, stop),
	    cmocka_unit_test_teardown(test_txbuf_trouble, stop),
	    cmocka_unit_test_teardown(test_goodbye, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
