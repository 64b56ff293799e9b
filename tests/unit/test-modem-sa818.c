/* The sa818 control: order and timing of what it asks, refusals, silence. */
#include "tests/unit/sa818-fixture.h"

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
	    cmocka_unit_test_teardown(test_drops, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
