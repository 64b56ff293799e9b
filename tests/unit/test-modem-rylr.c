/* The RYLR drivers: setting a module up with as few writes as possible, and one that is not there, another, or starts anew. */
#include "tests/unit/rylr-fixture.h"

static void restart_module(const char *said)
{
	for (size_t i = 0; i < module.count; i++)
		if (module.settings[i].at_start)
			snprintf(module.settings[i].value, sizeof(module.settings[i].value), "%s",
				 module.settings[i].at_start);
	say(said);
}

static void assert_text(const char *words)
{
	if (!strstr(status().text, words))
		fail_msg("\"%s\" has no \"%s\"", status().text, words);
}

static void test_new_module(void **unused)
{
	(void)unused;
	start_new();
	assert_true(status().ready);
	assert_string_equal(status().model, "RYLR998");
	assert_string_equal(status().firmware, "REYAX_V1.2.2");
	assert_string_equal(status().text, "");
	assert_value("BAND", "868100000");
	assert_value("CRFOP", "14");
	/* Frequency and power only: the rest was right. */
	assert_int_equal(module.sets, 2);
	assert_true(record.changes > 0);
	assert_int_equal(record.drop_count, 0);
}

static void test_nothing_is_written_twice(void **unused)
{
	(void)unused;
	start_new();
	module.sets = 0;
	rylr->modem->opened(rylr->state);
	assert_false(status().ready);
	serve();
	assert_true(status().ready);
	assert_int_equal(module.sets, 0);
}

static void test_all_settings(void **unused)
{
	(void)unused;
	new_module();
	start((const struct driver_setting[]){{"frequency_mhz", "869.525"},
					      {"spreading_factor", "11"},
					      {"bandwidth_khz", "500"},
					      {"coding_rate", "4/8"},
					      {"preamble", "24"},
					      {"power_dbm", "22"},
					      {"network_id", "18"},
					      {"address", "65535"},
					      {"password", "DEADBEEF"},
					      {NULL, NULL}});
	assert_true(status().ready);
	assert_value("BAND", "869525000");
	assert_value("PARAMETER", "11,9,4,24");
	assert_value("CRFOP", "22");
	assert_value("ADDRESS", "65535");
	assert_value("CPIN", "DEADBEEF");
}

/* Odd forms of answers that mean the same. */
static void test_forms(void **unused)
{
	(void)unused;
	start_new();
	module.sets = 0;
	snprintf(setting_of("BAND")->value, 48, "868100000,M");
	snprintf(setting_of("PARAMETER")->value, 48, "9, 7, 1, 12");
	setting_of("NETWORKID")->name = "x";
	rylr->modem->opened(rylr->state);
	/* NETWORK instead of NETWORKID, as the guide has it */
	for (int i = 0; i < 20 && !status().ready; i++) {
		record.written[record.written_size] = 0;
		if (strstr((const char *)record.written, "NETWORKID?")) {
			record.written_size = 0;
			say("+NETWORK=18\r\n");
		} else {
			char text[64];
			memcpy(text, record.written, record.written_size);
			text[record.written_size - 2] = 0;
			record.written_size = 0;
			obey(text);
		}
	}
	assert_true(status().ready);
	assert_int_equal(module.sets, 0);
}

/* Firmware that knows neither UID nor IPR nor the question for a password. */
static void test_old_firmware(void **unused)
{
	(void)unused;
	new_module();
	setting_of("UID")->name = "x";
	setting_of("IPR")->name = "y";
	start(NULL);
	assert_true(status().ready);
}

static void test_limits_of_values(void **unused)
{
	(void)unused;
	static const struct {
		const char *modem;
		struct driver_setting settings[4];
		int result;
	} cases[] = {
	    {"rylr998", {{"spreading_factor", "10"}}, -EINVAL},
	    {"rylr998", {{"spreading_factor", "10"}, {"bandwidth_khz", "250"}}, 0},
	    {"rylr998", {{"spreading_factor", "11"}, {"bandwidth_khz", "250"}}, -EINVAL},
	    {"rylr998", {{"spreading_factor", "11"}, {"bandwidth_khz", "500"}}, 0},
	    {"rylr998", {{"network_id", "16"}}, -EINVAL},
	    {"rylr998", {{"network_id", "15"}}, 0},
	    {"rylr998", {{"network_id", "15"}, {"preamble", "8"}}, -EINVAL},
	    {"rylr998", {{"preamble", "8"}}, 0},
	    {"rylr998", {{"password", "1234567"}}, -EINVAL},
	    {"rylr998", {{"password", "1234567X"}}, -EINVAL},
	    {"rylr998", {{"password", "12ab67FF"}}, 0},
	    {"rylr896", {{"spreading_factor", "12"}, {"bandwidth_khz", "31.25"}}, 0},
	    {"rylr896", {{"password", "12ab67FF"}}, -EINVAL},
	    {"rylr896", {{"password", "0123456789abcdef0123456789abcdef"}}, 0},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		make(cases[i].modem, cases[i].settings);
		if (rylr->init_result != cases[i].result)
			fail_msg("%zu: %d", i, rylr->init_result);
	}
}

static void test_896(void **unused)
{
	(void)unused;
	new_module();
	snprintf(setting_of("VER")->value, 48, "RYLR89C_V1.2.7");
	make("rylr896", (const struct driver_setting[]){{"frequency_mhz", "868.1"},
							{"spreading_factor", "12"},
							{"bandwidth_khz", "62.5"},
							{"password", "0123456789abcdef0123456789abcdef"},
							{NULL, NULL}});
	rylr->modem->opened(rylr->state);
	serve();
	assert_true(status().ready);
	assert_value("PARAMETER", "12,6,1,7");
	assert_value("NETWORKID", "1");
	assert_value("CPIN", "0123456789abcdef0123456789abcdef");
	assert_string_equal(status().model, "RYLR89C");
}

static void test_wrong_family(void **unused)
{
	(void)unused;
	new_module();
	snprintf(setting_of("VER")->value, 48, "RYLR89C_V1.2.7");
	start(NULL);
	assert_false(status().ready);
	assert_text("RYLR896");
	assert_text("`modem: rylr896`");
	assert_true(record_drops(&record, "rylr_wrong_family") > 0);
	assert_int_equal(module.sets, 0);
	/* The right module is plugged in. */
	snprintf(setting_of("VER")->value, 48, "RYLR998_REYAX_V1.2.2");
	pass(40000000);
	assert_true(status().ready);
	assert_string_equal(status().text, "");
}

static void test_setting_that_is_not_stored(void **unused)
{
	(void)unused;
	new_module();
	module.deaf_to_sets = true;
	start(NULL);
	assert_false(status().ready);
	assert_text("BAND was set but is 915000000");
	assert_true(record_drops(&record, "rylr_not_stored") > 0);
	assert_text("frequency_mhz");
	assert_int_equal(send_size(5), -ENOTCONN);
	module.deaf_to_sets = false;
	pass(40000000);
	assert_true(status().ready);
	assert_string_equal(status().text, "");
}

static void test_setting_that_is_refused(void **unused)
{
	(void)unused;
	new_module();
	module.refused = "PARAMETER";
	start(NULL);
	assert_false(status().ready);
	assert_text("refuses AT+PARAMETER: command not known. Check spreading_factor");
	assert_true(record_drops(&record, "rylr_refused") > 0);
}

static void test_password_is_told_to_nobody(void **unused)
{
	(void)unused;
	new_module();
	module.deaf_to_sets = true;
	snprintf(setting_of("BAND")->value, 48, "868100000");
	snprintf(setting_of("CRFOP")->value, 48, "14");
	snprintf(setting_of("CPIN")->value, 48, "CAFED00D");
	start((const struct driver_setting[]){{"frequency_mhz", "868.1"}, {"password", "DEADBEEF"}, {NULL, NULL}});
	assert_false(status().ready);
	assert_text("Check password.");
	assert_null(strstr(status().text, "DEADBEEF"));
	assert_null(strstr(status().text, "CAFED00D"));
	/* Firmware that sets it but cannot be asked. */
	module.deaf_to_sets = false;
	new_module();
	start(NULL);
	setting_of("CPIN")->name = "x";
	start((const struct driver_setting[]){{"frequency_mhz", "868.1"}, {"password", "DEADBEEF"}, {NULL, NULL}});
	assert_false(status().ready);
	assert_text("refuses AT+CPIN");
}

/* ---- a module that cannot be reached ---- */

static void test_other_rate(void **unused)
{
	(void)unused;
	new_module();
	module.baud = 9600;
	snprintf(setting_of("IPR")->value, 48, "9600");
	start(NULL);
	assert_false(status().ready);
	pass(10000000);
	assert_true(status().ready);
	assert_int_equal(record.baud, 9600);
	assert_text("speaks at 9600 baud");
	assert_true(record_drops(&record, "rylr_wrong_baud") > 0);
	/* A port opened anew is at the configured rate again. */
	record.baud = 0;
	rylr->modem->opened(rylr->state);
	serve();
	assert_false(status().ready);
	pass(10000000);
	assert_true(status().ready);
}

static void test_mute(void **unused)
{
	(void)unused;
	new_module();
	module.mute = true;
	start(NULL);
	pass(30000000);
	assert_false(status().ready);
	assert_text("no RYLR998 answers at any rate");
	assert_text("TXD goes to RXD");
	assert_true(record_drops(&record, "rylr_absent") > 0);
	size_t changes = record.changes;
	pass(60000000);
	assert_int_equal(record.changes, changes);
	module.mute = false;
	record.baud = 0;
	pass(60000000);
	assert_true(status().ready);
}

struct stranger_case {
	const char *said, *words;
};

static void test_other_device(void **unused)
{
	(void)unused;
	static const struct stranger_case cases[] = {
	    {"$GPGGA,123519,4807.038,N\r\n", "GPS"},
	    {"debian login: ", "console"},
	    {"\xc0\x25\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\xc0", "RNode"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		new_module();
		module.mute = true;
		start(NULL);
		for (int second = 0; second < 40; second++) {
			say(cases[i].said);
			pass(1000000);
		}
		assert_text(cases[i].words);
		assert_text("Correct `device` or `modem`");
		assert_true(record_drops(&record, "rylr_wrong_device") > 0);
		assert_true(record_drops(&record, "rylr_noise") > 0);
	}
}

static void test_reset_line(void **unused)
{
	(void)unused;
	new_module();
	module.mute = true;
	make("rylr998", usual);
	record.lines[0] = 0;
	rylr->modem->opened(rylr->state);
	serve();
	assert_int_equal(record.line_sets, 0);
	pass(1450000);
	assert_int_equal(record.lines[0], 1);
	int64_t pressed_us = record.now_us;
	while (record.lines[0])
		ring();
	assert_true(record.now_us - pressed_us >= 0 && record.now_us - pressed_us <= 150000);
	assert_int_equal(record.line_sets, 2);
	module.mute = false;
	/* Some firmware says only the second of the two lines. */
	restart_module("+READY\r\n");
	serve();
	assert_true(status().ready);
	assert_int_equal(record_drops(&record, "rylr_module_reset"), 0);
}

/* What the module said just before its reset took hold does not leave it there. */
static void test_reset_line_is_let_go(void **unused)
{
	(void)unused;
	static const char *const late[] = {"+RESET\r\n", "+READY\r\n"};
	for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++) {
		new_module();
		module.mute = true;
		make("rylr998", usual);
		record.lines[0] = 0;
		rylr->modem->opened(rylr->state);
		while (!record.lines[0])
			ring();
		rylr->modem->input(rylr->state, (const uint8_t *)late[i], strlen(late[i]));
		pass(200000);
		assert_int_equal(record.lines[0], 0);
		assert_int_equal(record.line_sets, 2);
	}
}

static void test_sleeping(void **unused)
{
	(void)unused;
	new_module();
	module.asleep = true;
	start(NULL);
	assert_false(status().ready);
	pass(2000000);
	assert_true(status().ready);
	assert_int_equal(record.baud, 0);
}

static void test_garbage_at_first(void **unused)
{
	(void)unused;
	new_module();
	make("rylr998", usual);
	rylr->modem->opened(rylr->state);
	record.written_size = 0; /* swallowed, and answered with an error */
	rylr->modem->input(rylr->state, (const uint8_t *)"\xff\xfe\x00+ERR=2\r\n", 11);
	serve();
	assert_true(status().ready);
	assert_int_equal(record_drops(&record, "rylr_noise"), 1);
}

static void test_lost_answers(void **unused)
{
	(void)unused;
	new_module();
	make("rylr998", usual);
	rylr->modem->opened(rylr->state);
	for (int i = 0; i < 100 && !status().ready; i++) {
		/* Every second command gets lost. */
		if (i % 2)
			serve();
		else
			record.written_size = 0;
		if (!record.written_size && !status().ready) {
			record.now_us = record.alarm_us;
			rylr->modem->alarm(rylr->state);
		}
	}
	assert_true(status().ready);
}

/* ---- a module that starts anew ---- */

static void test_reset(void **unused)
{
	(void)unused;
	static const char *const forms[] = {"+RESET\r\n+READY\r\n", "+READY\r\n", "+RESET\r\n"};
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		start_new();
		module.sets = 0;
		module.answers_send = false;
		assert_int_equal(send_size(20), 0);
		record.written_size = 0;
		restart_module(forms[i]);
		assert_sent(0, SEND_FAILED, false, "module_reset");
		assert_false(status().ready);
		assert_int_equal(send_size(20), -ENOTCONN);
		serve();
		pass(4000000);
		assert_true(status().ready);
		assert_value("BAND", "868100000");
		assert_int_equal(module.sets, 1);
		assert_int_equal(record_drops(&record, "rylr_module_reset"), 1);
	}
}

/* It lost its supply for a moment and nobody heard it start: the question of the minute finds out. */
static void test_silent_reset(void **unused)
{
	(void)unused;
	start_new();
	restart_module("");
	pass(59000000);
	assert_value("BAND", "915000000");
	pass(2000000);
	assert_value("BAND", "868100000");
	assert_true(status().ready);
	assert_int_equal(record_drops(&record, "rylr_module_reset"), 1);
}

static void test_gone(void **unused)
{
	(void)unused;
	start_new();
	module.mute = true;
	pass(80000000);
	assert_false(status().ready);
	assert_text("does not answer");
	module.mute = false;
	pass(120000000);
	assert_true(status().ready);
}

/* What the radio rules look at, from the settings and before the port is open. */
static void test_channel(void **unused)
{
	(void)unused;
	struct modem_channel channel;
	make("rylr998", (const struct driver_setting[]){
			    {"frequency_mhz", "869.525"}, {"bandwidth_khz", "250"}, {"power_dbm", "22"}, {NULL, NULL}});
	assert_int_equal(rylr->modem->channel(rylr->state, &channel), 0);
	assert_true(fabs(channel.frequency_hz - 869525000) < 1);
	assert_true(channel.bandwidth_hz == 250000 && channel.narrowest_hz == 0);
	assert_true(channel.power_dbm == 22);
	make("rylr896", (const struct driver_setting[]){
			    {"frequency_mhz", "868.1"}, {"bandwidth_khz", "31.25"}, {"power_dbm", "0"}, {NULL, NULL}});
	assert_int_equal(rylr->modem->channel(rylr->state, &channel), 0);
	assert_true(fabs(channel.frequency_hz - 868100000) < 1);
	assert_true(channel.bandwidth_hz == 31250);
	assert_true(channel.power_dbm == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_channel),
	    cmocka_unit_test(test_new_module),
	    cmocka_unit_test(test_nothing_is_written_twice),
	    cmocka_unit_test(test_all_settings),
	    cmocka_unit_test(test_forms),
	    cmocka_unit_test(test_old_firmware),
	    cmocka_unit_test(test_limits_of_values),
	    cmocka_unit_test(test_896),
	    cmocka_unit_test(test_wrong_family),
	    cmocka_unit_test(test_setting_that_is_not_stored),
	    cmocka_unit_test(test_setting_that_is_refused),
	    cmocka_unit_test(test_password_is_told_to_nobody),
	    cmocka_unit_test(test_other_rate),
	    cmocka_unit_test(test_mute),
	    cmocka_unit_test(test_other_device),
	    cmocka_unit_test(test_reset_line),
	    cmocka_unit_test(test_reset_line_is_let_go),
	    cmocka_unit_test(test_sleeping),
	    cmocka_unit_test(test_garbage_at_first),
	    cmocka_unit_test(test_lost_answers),
	    cmocka_unit_test(test_reset),
	    cmocka_unit_test(test_silent_reset),
	    cmocka_unit_test(test_gone),
	};
	return cmocka_run_group_tests(tests, NULL, stop);
}
