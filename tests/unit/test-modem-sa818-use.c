/* The sa818 control once it is set up: keying, the squelch, the look at whether it lives, examinations. */
#include "tests/unit/sa818-fixture.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_keys, stop),
	    cmocka_unit_test_teardown(test_carrier, stop),
	    cmocka_unit_test_teardown(test_watch, stop),
	    cmocka_unit_test_teardown(test_examine, stop),
	    cmocka_unit_test_teardown(test_examine_fails, stop),
	    cmocka_unit_test_teardown(test_scan, stop),
	    cmocka_unit_test_teardown(test_stuck_squelch, stop),
	    cmocka_unit_test_teardown(test_scan_with_open_squelch, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
