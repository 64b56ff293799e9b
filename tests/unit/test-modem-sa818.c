/* The sa818 control: order and timing of what it asks, refusals, silence, keying, examinations. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/driver_services.h"

enum { PTT, PD, HIGH_POWER, SQUELCH };

static struct record record;
static struct driver_under_test *sa818;

static const struct driver_setting vhf[] = {{"frequency_mhz", "144.8"}, {NULL, NULL}};

/* A control with its lines wired (or not), its port just opened. */
static void start_wired(const struct driver_setting *settings, bool wired)
{
	memset(&record, 0, sizeof(record));
	record.now_us = 1000000;
	for (size_t i = 0; i < RECORD_LINES_MAX; i++)
		record.lines[i] = wired ? 0 : -ENODEV;
	driver_under_test_free(sa818);
	sa818 = modem_under_test("sa818", &record, settings);
	assert_int_equal(sa818->init_result, 0);
	sa818->modem->opened(sa818->state);
}

static void start(const struct driver_setting *settings)
{
	start_wired(settings, true);
}

static int stop(void **unused)
{
	(void)unused;
	driver_under_test_free(sa818);
	sa818 = NULL;
	return 0;
}

/* Moves the clock to the alarm that is set and rings it. */
static void ring(void)
{
	assert_true(record.alarm_us > 0);
	if (record.now_us < record.alarm_us)
		record.now_us = record.alarm_us;
	record.alarm_us = 0;
	sa818->modem->alarm(sa818->state);
}

static void answer(const char *line)
{
	char bytes[96];
	int size = snprintf(bytes, sizeof(bytes), "%s\r\n", line);
	sa818->modem->input(sa818->state, (const uint8_t *)bytes, (size_t)size);
}

/* Rings until something is written; that must be this command. */
static void assert_asks(const char *command)
{
	char expected[96];
	int size = snprintf(expected, sizeof(expected), "%s\r\n", command);
	for (int i = 0; i < 8 && record.written_size == 0; i++)
		ring();
	record.written[record.written_size] = 0;
	assert_string_equal((const char *)record.written, expected);
	assert_int_equal(record.written_size, size);
	record.written_size = 0;
}

static void converse(const char *command, const char *reply)
{
	assert_asks(command);
	answer(reply);
}

static struct modem_status status(void)
{
	struct modem_status said = {0};
	sa818->modem->status(sa818->state, &said);
	return said;
}

static void configure(void)
{
	converse("AT+DMOCONNECT", "+DMOCONNECT:0");
	converse("AT+DMOSETGROUP=0,144.8000,144.8000,0000,2,0000", "+DMOSETGROUP:0");
	converse("AT+DMOREADGROUP", "+DMOREADGROUP:0,144.8000,144.8000,0000,2,0000");
	converse("AT+DMOSETVOLUME=6", "+DMOSETVOLUME:0");
	converse("AT+SETFILTER=1,1,1", "+DMOSETFILTER:0");
	converse("AT+SETTAIL=0", "+DMOSETTAIL:0");
	assert_false(status().ready);
	converse("AT+VERSION", "+VERSION:SA818_V4.2");
	ring();
	assert_true(status().ready);
}

static void test_configures(void **unused)
{
	(void)unused;
	start(vhf);
	/* Switched off for half a second, then half a second to start, during which it is asked nothing. */
	assert_int_equal(record.lines[PD], 0);
	assert_int_equal(record.alarm_us, 1500000);
	ring();
	assert_int_equal(record.lines[PD], 1);
	assert_int_equal(record.written_size, 0);
	assert_int_equal(record.alarm_us, 2000000);
	configure();
	assert_int_equal(record.lines[HIGH_POWER], 1);
	assert_string_equal(status().model, "SA818");
	assert_string_equal(status().firmware, "SA818_V4.2");
	assert_string_equal(status().text, "");
	assert_int_equal(record.changes, 1);
	assert_int_equal(record.drop_count, 0);
	/* The same again whenever the port is opened. */
	sa818->modem->opened(sa818->state);
	assert_false(status().ready);
	assert_int_equal(record.lines[PD], 0);
	configure();
}

static void test_all_settings(void **unused)
{
	(void)unused;
	start((const struct driver_setting[]){{"variant", "dra818"},
					      {"frequency_mhz", "433.5"},
					      {"transmit_mhz", "433.4"},
					      {"bandwidth_khz", "25"},
					      {"transmit_tone", "88.5"},
					      {"receive_tone", "023I"},
					      {"squelch", "5"},
					      {"volume", "1"},
					      {"filter_emphasis", "true"},
					      {"power", "low"},
					      {NULL, NULL}});
	converse("AT+DMOCONNECT", "+DMOCONNECT:0");
	converse("AT+DMOSETGROUP=1,433.4000,433.5000,0008,5,023I", "+DMOSETGROUP:0");
	converse("AT+DMOSETVOLUME=1", "+DMOSETVOLUME:0");
	/* A DRA818 is asked for no tail, version or group. */
	converse("AT+SETFILTER=0,1,1", "+DMOSETFILTER:0");
	ring();
	assert_true(status().ready);
	assert_int_equal(record.lines[HIGH_POWER], 0);
	assert_string_equal(status().model, "DRA818");
	assert_string_equal(status().firmware, "");
}

static void test_refused_settings(void **unused)
{
	(void)unused;
	static const struct driver_setting cases[][3] = {
	    {{"frequency_mhz", "200"}, {NULL, NULL}},
	    {{"frequency_mhz", "475"}, {"variant", "dra818"}, {NULL, NULL}},
	    {{"frequency_mhz", "144.8"}, {"transmit_mhz", "433.5"}, {NULL, NULL}},
	    {{"frequency_mhz", "144.8"}, {"transmit_tone", "88.4"}, {NULL, NULL}},
	    {{"frequency_mhz", "144.8"}, {"receive_tone", "x"}, {NULL, NULL}},
	    {{"frequency_mhz", "144.8"}, {"scan_mhz", "144.8,300"}, {NULL, NULL}},
	    {{"frequency_mhz", "144.8"}, {"scan_mhz", "144.8;145"}, {NULL, NULL}},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct driver_under_test *bad = modem_under_test("sa818", &record, cases[i]);
		assert_int_equal(bad->init_result, -EINVAL);
		driver_under_test_free(bad);
	}
}

/* Without PD nothing can be switched off; all else is the same. */
static void test_unwired(void **unused)
{
	(void)unused;
	start_wired((const struct driver_setting[]){{"frequency_mhz", "144.8"}, {"power", "low"}, {NULL, NULL}}, false);
	configure();
	assert_non_null(strstr(status().text, "high_power"));
	assert_int_equal(sa818->modem->key(sa818->state, true), -ENODEV);
	assert_false(sa818->modem->channel_busy(sa818->state));
}

/* Three times, two seconds each; then it is switched off and on once; then it has failed, and is tried again later. */
static void test_silence(void **unused)
{
	(void)unused;
	start(vhf);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 3; i++) {
			assert_asks("AT+DMOCONNECT");
			assert_int_equal(record.alarm_us - record.now_us, 2000000);
		}
		ring();
		assert_int_equal(record.lines[PD], round);
	}
	assert_non_null(strstr(status().text, "does not answer"));
	assert_false(status().ready);
	assert_int_equal(record.alarm_us - record.now_us, 30000000);
	ring();
	assert_int_equal(record.lines[PD], 0);
	configure();
	assert_string_equal(status().text, "");
	/* without PD it fails after the first three */
	start_wired(vhf, false);
	for (int i = 0; i < 3; i++)
		assert_asks("AT+DMOCONNECT");
	ring();
	assert_non_null(strstr(status().text, "does not answer"));
}

/* The second or third handshake is enough, and a module that says no at first is asked again. */
static void test_late(void **unused)
{
	(void)unused;
	start(vhf);
	assert_asks("AT+DMOCONNECT");
	converse("AT+DMOCONNECT", "+DMOCONNECT:1");
	configure();
}

static void test_group_refused(void **unused)
{
	(void)unused;
	start(vhf);
	converse("AT+DMOCONNECT", "+DMOCONNECT:0");
	converse("AT+DMOSETGROUP=0,144.8000,144.8000,0000,2,0000", "+DMOSETGROUP:1");
	assert_false(status().ready);
	assert_non_null(strstr(status().text, "144.8000"));
	assert_non_null(strstr(status().text, "+DMOSETGROUP:1"));
	ring();
	configure();
}

/* Says that it has set its channel, but has not. */
static void test_group_not_kept(void **unused)
{
	(void)unused;
	start(vhf);
	converse("AT+DMOCONNECT", "+DMOCONNECT:0");
	for (int i = 0; i < 3; i++) {
		converse("AT+DMOSETGROUP=0,144.8000,144.8000,0000,2,0000", "+DMOSETGROUP:0");
		converse("AT+DMOREADGROUP", "+DMOREADGROUP:0,145.0000,145.0000,0000,2,0000");
	}
	assert_false(status().ready);
	assert_non_null(strstr(status().text, "keeps another"));
}

/* Old firmware: neither reads its channel back nor knows its version, one command answered with an error, one with a refusal. */
static void test_old_firmware(void **unused)
{
	(void)unused;
	start(vhf);
	converse("AT+DMOCONNECT", "+DMOCONNECT:0");
	converse("AT+DMOSETGROUP=0,144.8000,144.8000,0000,2,0000", "+DMOSETGROUP:0");
	assert_asks("AT+DMOREADGROUP");
	assert_int_equal(record.alarm_us - record.now_us, 1000000);
	converse("AT+DMOSETVOLUME=6", "+DMOSETVOLUME:0");
	converse("AT+SETFILTER=1,1,1", "+DMOSETFILTER:1");
	converse("AT+SETTAIL=0", "+DMOERROR");
	assert_asks("AT+VERSION");
	ring();
	ring();
	assert_true(status().ready);
	assert_non_null(strstr(status().text, "tail_tone"));
}

/* Between an answer and the next command: half a second where something was set. */
static void test_pauses(void **unused)
{
	(void)unused;
	start(vhf);
	converse("AT+DMOCONNECT", "+DMOCONNECT:0");
	assert_int_equal(record.alarm_us - record.now_us, 50000);
	converse("AT+DMOSETGROUP=0,144.8000,144.8000,0000,2,0000", "+DMOSETGROUP:0");
	assert_int_equal(record.alarm_us - record.now_us, 500000);
	/* an alarm that comes early is set again */
	record.now_us += 100000;
	sa818->modem->alarm(sa818->state);
	assert_int_equal(record.written_size, 0);
	assert_int_equal(record.alarm_us - record.now_us, 400000);
}

static void test_port_without_room(void **unused)
{
	(void)unused;
	start(vhf);
	record.write_result = -EAGAIN;
	ring();
	ring();
	assert_int_equal(record.alarm_us - record.now_us, 50000);
	record.write_result = 0;
	configure();
}

static void test_keys(void **unused)
{
	(void)unused;
	start(vhf);
	assert_int_equal(sa818->modem->key(sa818->state, true), -EAGAIN);
	assert_int_equal(record.lines[PTT], 0);
	configure();
	assert_int_equal(sa818->modem->key(sa818->state, true), 0);
	assert_int_equal(record.lines[PTT], 1);
	assert_int_equal(sa818->modem->examine(sa818->state, MODEM_TEST), -EBUSY);
	/* Whether it lives is not asked meanwhile. */
	ring();
	assert_int_equal(record.written_size, 0);
	assert_int_equal(sa818->modem->key(sa818->state, false), 0);
	assert_int_equal(record.lines[PTT], 0);
	converse("AT+DMOCONNECT", "+DMOCONNECT:0");
	/* An opened port begins unkeyed. */
	ring();
	assert_int_equal(sa818->modem->key(sa818->state, true), 0);
	sa818->modem->opened(sa818->state);
	assert_int_equal(record.lines[PTT], 0);
}

static void test_carrier(void **unused)
{
	(void)unused;
	start(vhf);
	configure();
	size_t changes = record.changes;
	sa818->modem->line(sa818->state, SQUELCH, true);
	assert_true(sa818->modem->channel_busy(sa818->state));
	sa818->modem->line(sa818->state, SQUELCH, true);
	sa818->modem->line(sa818->state, SQUELCH, false);
	assert_false(sa818->modem->channel_busy(sa818->state));
	assert_int_equal(record.changes - changes, 2);
	/* One's own transmission is nobody else's. */
	sa818->modem->key(sa818->state, true);
	sa818->modem->line(sa818->state, SQUELCH, true);
	assert_false(sa818->modem->channel_busy(sa818->state));
	/* The level that is there when the port opens counts. */
	record.lines[SQUELCH] = 1;
	sa818->modem->opened(sa818->state);
	assert_true(sa818->modem->channel_busy(sa818->state));
	/* With squelch 0 it is always open and says nothing. */
	start((const struct driver_setting[]){{"frequency_mhz", "144.8"}, {"squelch", "0"}, {NULL, NULL}});
	sa818->modem->line(sa818->state, SQUELCH, true);
	assert_false(sa818->modem->channel_busy(sa818->state));
}

/* An alert does not wait for ever for a squelch that is stuck, and the module is still looked at. */
static void test_stuck_squelch(void **unused)
{
	(void)unused;
	start(vhf);
	configure();
	sa818->modem->line(sa818->state, SQUELCH, true);
	int64_t open_us = record.now_us;
	size_t changes = record.changes;
	while (sa818->modem->channel_busy(sa818->state) && record.now_us < open_us + 300000000)
		ring();
	assert_in_range(record.now_us - open_us, 120000000, 126000000);
	assert_int_equal(record.changes - changes, 1);
	assert_int_equal(record_drops(&record, "sa818_squelch_stuck"), 1);
	assert_non_null(strstr(status().text, "open for two minutes"));
	converse("AT+DMOCONNECT", "+DMOCONNECT:0");
	assert_true(status().ready);
	assert_int_equal(record_drops(&record, "sa818_squelch_stuck"), 1);
	/* It closes after all. */
	sa818->modem->line(sa818->state, SQUELCH, false);
	assert_string_equal(status().text, "");
	sa818->modem->line(sa818->state, SQUELCH, true);
	assert_true(sa818->modem->channel_busy(sa818->state));
	/* With squelch 0 the module is looked at all the same. */
	start((const struct driver_setting[]){
	    {"frequency_mhz", "144.8"}, {"squelch", "0"}, {"variant", "dra818"}, {NULL, NULL}});
	sa818->modem->line(sa818->state, SQUELCH, true);
	converse("AT+DMOCONNECT", "+DMOCONNECT:0");
	converse("AT+DMOSETGROUP=0,144.8000,144.8000,0000,0,0000", "+DMOSETGROUP:0");
	converse("AT+DMOSETVOLUME=6", "+DMOSETVOLUME:0");
	converse("AT+SETFILTER=1,1,1", "+DMOSETFILTER:0");
	converse("AT+DMOCONNECT", "+DMOCONNECT:0");
	assert_int_equal(record_drops(&record, "sa818_squelch_stuck"), 0);
}

/* It is asked once a minute whether it is there; when it is not, it is set up anew. */
static void test_watch(void **unused)
{
	(void)unused;
	start(vhf);
	configure();
	assert_int_equal(record.alarm_us - record.now_us, 60000000);
	converse("AT+DMOCONNECT", "+DMOCONNECT:0");
	assert_true(status().ready);
	ring();
	for (int i = 0; i < 3; i++) {
		assert_asks("AT+DMOCONNECT");
		assert_true(status().ready);
	}
	ring();
	assert_false(status().ready);
	assert_int_equal(record.lines[PD], 0);
	configure();
	/* A transmission does not wait for the answer. */
	assert_asks("AT+DMOCONNECT");
	assert_int_equal(sa818->modem->key(sa818->state, true), 0);
	answer("+DMOCONNECT:0");
	assert_true(status().ready);
}

static const char *found(const char *name)
{
	for (size_t i = 0; i < record.finding_count && i < RECORD_FINDINGS_MAX; i++)
		if (strcmp(record.findings[i].name, name) == 0)
			return record.findings[i].value;
	return "";
}

static void test_examine(void **unused)
{
	(void)unused;
	start(vhf);
	assert_int_equal(sa818->modem->examine(sa818->state, MODEM_TEST), -ENOTCONN);
	configure();
	assert_int_equal(sa818->modem->examine(sa818->state, MODEM_TEST), 0);
	assert_int_equal(sa818->modem->examine(sa818->state, MODEM_TEST), -EBUSY);
	assert_false(status().ready);
	assert_int_equal(sa818->modem->key(sa818->state, true), -EAGAIN);
	converse("AT+DMOCONNECT", "+DMOCONNECT:0");
	converse("AT+VERSION", "+VERSION:SA818_V4.2");
	converse("AT+DMOREADGROUP", "+DMOREADGROUP:0,145.0000,145.0000,0000,2,0000");
	converse("RSSI?", "RSSI=123");
	converse("AT+DMOSETGROUP=0,144.8000,144.8000,0000,2,0000", "+DMOSETGROUP:0");
	converse("AT+DMOSETVOLUME=6", "+DMOSETVOLUME:1");
	converse("AT+SETFILTER=1,1,1", "+DMOSETFILTER:0");
	converse("AT+SETTAIL=0", "+DMOSETTAIL:0");
	assert_false(record.examined);
	ring();
	assert_true(record.examined);
	assert_string_equal(record.examined_error, "");
	assert_string_equal(found("version"), "SA818_V4.2");
	assert_string_equal(found("group"), "not as configured; written anew");
	assert_string_equal(found("rssi_uncalibrated_db"), "123");
	assert_string_equal(found("channel"), "set");
	assert_string_equal(found("volume"), "refused");
	assert_true(status().ready);
}

static void test_examine_fails(void **unused)
{
	(void)unused;
	start(vhf);
	configure();
	assert_int_equal(sa818->modem->examine(sa818->state, MODEM_TEST), 0);
	for (int i = 0; i < 3; i++)
		assert_asks("AT+DMOCONNECT");
	ring();
	assert_true(record.examined);
	assert_non_null(strstr(record.examined_error, "does not answer"));
	configure();
	/* or the port goes */
	record.examined = false;
	assert_int_equal(sa818->modem->examine(sa818->state, MODEM_TEST), 0);
	sa818->modem->opened(sa818->state);
	assert_true(record.examined);
	assert_non_null(strstr(record.examined_error, "opened"));
}

static void test_scan(void **unused)
{
	(void)unused;
	start((const struct driver_setting[]){{"frequency_mhz", "144.8"}, {"scan_mhz", "144.8, 145.5"}, {NULL, NULL}});
	configure();
	assert_int_equal(sa818->modem->examine(sa818->state, MODEM_SCAN), 0);
	converse("S+144.8000", "S=1");
	converse("S+145.5000", "S=0");
	/* back to its channel */
	converse("AT+DMOSETGROUP=0,144.8000,144.8000,0000,2,0000", "+DMOSETGROUP:0");
	ring();
	assert_true(record.examined);
	assert_string_equal(found("144.8000_mhz"), "quiet");
	assert_string_equal(found("145.5000_mhz"), "signal");
	assert_true(status().ready);
	/* a second time the list begins anew */
	record.examined = false;
	assert_int_equal(sa818->modem->examine(sa818->state, MODEM_SCAN), 0);
	assert_asks("S+144.8000");
}

/* Through an open squelch every channel would have a signal; and without a list it looks at its own. */
static void test_scan_with_open_squelch(void **unused)
{
	(void)unused;
	start((const struct driver_setting[]){
	    {"frequency_mhz", "144.8"}, {"squelch", "0"}, {"variant", "dra818"}, {NULL, NULL}});
	converse("AT+DMOCONNECT", "+DMOCONNECT:0");
	converse("AT+DMOSETGROUP=0,144.8000,144.8000,0000,0,0000", "+DMOSETGROUP:0");
	converse("AT+DMOSETVOLUME=6", "+DMOSETVOLUME:0");
	converse("AT+SETFILTER=1,1,1", "+DMOSETFILTER:0");
	ring();
	assert_int_equal(sa818->modem->examine(sa818->state, MODEM_SCAN), 0);
	converse("AT+DMOSETGROUP=0,144.8000,144.8000,0000,1,0000", "+DMOSETGROUP:0");
	converse("S+144.8000", "S=0");
	converse("AT+DMOSETGROUP=0,144.8000,144.8000,0000,0,0000", "+DMOSETGROUP:0");
	ring();
	assert_true(record.examined);
}

static void test_drops(void **unused)
{
	(void)unused;
	start(vhf);
	configure();
	answer("+DMOSETVOLUME:0");
	answer("+DMOERROR");
	answer("hello");
	answer("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	assert_int_equal(record_drops(&record, "sa818_stray_answer"), 2);
	assert_int_equal(record_drops(&record, "sa818_noise"), 1);
	assert_int_equal(record_drops(&record, "sa818_too_long"), 1);
	/* The answer of another command is not that of this one. */
	sa818->modem->opened(sa818->state);
	assert_asks("AT+DMOCONNECT");
	answer("+DMOSETGROUP:0");
	assert_int_equal(record_drops(&record, "sa818_stray_answer"), 3);
	configure();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_configures, stop),
	    cmocka_unit_test_teardown(test_all_settings, stop),
	    cmocka_unit_test_teardown(test_refused_settings, stop),
	    cmocka_unit_test_teardown(test_unwired, stop),
	    cmocka_unit_test_teardown(test_silence, stop),
	    cmocka_unit_test_teardown(test_late, stop),
	    cmocka_unit_test_teardown(test_group_refused, stop),
	    cmocka_unit_test_teardown(test_group_not_kept, stop),
	    cmocka_unit_test_teardown(test_old_firmware, stop),
	    cmocka_unit_test_teardown(test_pauses, stop),
	    cmocka_unit_test_teardown(test_port_without_room, stop),
	    cmocka_unit_test_teardown(test_keys, stop),
	    cmocka_unit_test_teardown(test_carrier, stop),
	    cmocka_unit_test_teardown(test_watch, stop),
	    cmocka_unit_test_teardown(test_examine, stop),
	    cmocka_unit_test_teardown(test_examine_fails, stop),
	    cmocka_unit_test_teardown(test_scan, stop),
	    cmocka_unit_test_teardown(test_stuck_squelch, stop),
	    cmocka_unit_test_teardown(test_scan_with_open_squelch, stop),
	    cmocka_unit_test_teardown(test_drops, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
