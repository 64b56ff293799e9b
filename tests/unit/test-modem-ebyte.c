/* The drivers of Ebyte modules against a simulated module: settings, verification, every fault by its name. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/ebyte_rig.h"

enum { M0, M1, AUX, SECOND_US = 1000000 };

static struct ebyte_rig rig;

#define SETTINGS(...) ((const struct driver_setting[]){__VA_ARGS__, {NULL, NULL}})

static const struct ebyte_sim_options e22_v1 = {.family = EBYTE_E22, .band = "900", .hardware = 0x10};
static const struct ebyte_sim_options e22_v2 = {.family = EBYTE_E22, .band = "900", .hardware = 0x40};
static const struct ebyte_sim_options e32 = {.family = EBYTE_E32, .band = "868"};

static struct ebyte_station *start(const char *modem, const struct ebyte_sim_options *options,
				   const struct driver_setting *settings)
{
	ebyte_rig_stop(&rig);
	ebyte_rig_start(&rig);
	return ebyte_rig_add(&rig, modem, options, settings);
}

static struct ebyte_station *start_e22(const struct ebyte_sim_options *options)
{
	return start("ebyte-e22", options, SETTINGS({"frequency_mhz", "868.125"}));
}

static int stop(void **unused)
{
	(void)unused;
	ebyte_rig_stop(&rig);
	return 0;
}

static void assert_ready(struct ebyte_station *station)
{
	if (!ebyte_rig_until_ready(station, 10 * SECOND_US))
		fail_msg("not ready: %s", ebyte_rig_status(station).text);
}

/* Not ready within ten seconds, and says why; counted. */
static void assert_fault(struct ebyte_station *station, const char *reason, const char *words)
{
	ebyte_rig_run(&rig, 12 * SECOND_US);
	struct modem_status status = ebyte_rig_status(station);
	assert_false(status.ready);
	if (!strstr(status.text, words))
		fail_msg("says: %s", status.text);
	if (!record_drops(&station->record, reason))
		fail_msg("%s is not counted", reason);
}

static size_t drops(const struct ebyte_station *station, const char *reason)
{
	return record_drops(&station->record, reason);
}

static void test_e22_is_configured(void **unused)
{
	(void)unused;
	struct ebyte_station *station = start(
	    "ebyte-e22", &e22_v1,
	    SETTINGS({"frequency_mhz", "868.125"}, {"air_rate", "9.6k"}, {"power_dbm", "10"}, {"address", "258"},
		     {"netid", "7"}, {"packet_size", "64"}, {"key", "bEEf"}, {"lbt", "true"}, {"uart_baud", "115200"}));
	static const uint8_t expected[E22_REGISTERS] = {0x01, 0x02, 0x07, 0xe4, 0xa3, 18, 0x93, 0xbe, 0xef};
	assert_false(ebyte_rig_status(station).ready);
	assert_ready(station);
	assert_memory_equal(ebyte_sim_registers(station->sim, true), expected, sizeof(expected));
	assert_memory_equal(ebyte_sim_registers(station->sim, false), expected, sizeof(expected));
	assert_int_equal(ebyte_sim_flash_writes(station->sim), 1);
	assert_int_equal(ebyte_sim_mode(station->sim), 0);
	assert_int_equal(station->record.baud, 115200);
	assert_string_equal(ebyte_rig_status(station).model, "E22 v1");
	assert_string_equal(ebyte_rig_status(station).firmware, "PID 002210160B0000");
	assert_string_equal(ebyte_rig_status(station).text, "");
	assert_int_equal(station->record.drop_count, 0);
}

static void test_e32_is_configured(void **unused)
{
	(void)unused;
	struct ebyte_station *station = start("ebyte-e32", &e32,
					      SETTINGS({"channel", "6"}, {"air_rate", "19.2k"}, {"power_dbm", "14"},
						       {"address", "4660"}, {"fec", "false"}, {"uart_baud", "19200"}));
	static const uint8_t expected[E32_BLOCK] = {0x12, 0x34, 0x25, 0x06, 0x42};
	assert_ready(station);
	assert_memory_equal(ebyte_sim_registers(station->sim, true), expected, sizeof(expected));
	assert_int_equal(ebyte_sim_flash_writes(station->sim), 1);
	assert_int_equal(ebyte_sim_mode(station->sim), 0);
	assert_int_equal(station->record.baud, 19200);
	assert_string_equal(ebyte_rig_status(station).model, "E32 32");
	assert_int_equal(station->record.drop_count, 0);
}

static void test_e32_without_echo(void **unused)
{
	(void)unused;
	struct ebyte_sim_options options = e32;
	options.no_echo = true;
	struct ebyte_station *station = start("ebyte-e32", &options, SETTINGS({"frequency_mhz", "868"}));
	assert_ready(station);
	assert_int_equal(ebyte_sim_registers(station->sim, true)[3], 6);
}

/* Flash is written only where something differs; RAM never touches it. */
static void test_flash_is_spared(void **unused)
{
	(void)unused;
	struct ebyte_station *station = start_e22(&e22_v1);
	assert_ready(station);
	for (int i = 0; i < 5; i++) {
		ebyte_rig_reopen(station);
		assert_false(ebyte_rig_status(station).ready);
		assert_ready(station);
	}
	ebyte_rig_run(&rig, 3600ll * SECOND_US);
	assert_int_equal(ebyte_sim_flash_writes(station->sim), 1);

	station = start("ebyte-e22", &e22_v1, SETTINGS({"frequency_mhz", "868.125"}, {"store", "ram"}));
	assert_ready(station);
	assert_int_equal(ebyte_sim_flash_writes(station->sim), 0);
	assert_int_equal(ebyte_sim_registers(station->sim, false)[5], 18);
	assert_int_equal(ebyte_sim_registers(station->sim, true)[5], 0x17);
}

/* A module that turns to its new mode later than was configured: its AUX falls when the driver thinks that it is through. */
static void test_late_change_of_mode(void **unused)
{
	(void)unused;
	struct ebyte_sim_options options = e32;
	options.switch_us = 15000;
	struct ebyte_station *station = start("ebyte-e32", &options,
					      SETTINGS({"frequency_mhz", "868"}, {"settle_ms", "10"}));
	assert_ready(station);
	assert_true(ebyte_sim_is_ready(station->sim));
	ebyte_rig_run(&rig, SECOND_US);
	assert_true(ebyte_rig_status(station).ready);
	assert_int_equal(station->record.drop_count, 0);
}

/* A busy machine tells of the edge behind a change of mode when the driver has asked for the level and gone on. */
static void test_late_edge_is_no_restart(void **unused)
{
	(void)unused;
	struct ebyte_station *station = start("ebyte-e32", &e32, SETTINGS({"frequency_mhz", "868"}));
	assert_ready(station);
	ebyte_rig_run(&rig, SECOND_US / 20);
	station->driver->modem->line(station->driver->state, AUX, true);
	ebyte_rig_run(&rig, SECOND_US);
	assert_int_equal(drops(station, "ebyte_reset"), 0);
	/* Later it is one. */
	station->driver->modem->line(station->driver->state, AUX, true);
	ebyte_rig_run(&rig, SECOND_US);
	assert_int_equal(drops(station, "ebyte_reset"), 1);
}

/* The watchdog of the module forgets what was in RAM; AUX shows it, and without AUX the next look does. */
static void test_restart_is_noticed(void **unused)
{
	(void)unused;
	const struct driver_setting *settings = SETTINGS({"frequency_mhz", "868.125"}, {"store", "ram"},
							 {"key", "1234"});
	struct ebyte_station *station = start("ebyte-e22", &e22_v1, settings);
	assert_ready(station);
	ebyte_rig_run(&rig, 60ll * SECOND_US);
	ebyte_sim_restart(station->sim, rig.now_us);
	assert_int_equal(ebyte_sim_registers(station->sim, false)[5], 0x17);
	ebyte_rig_run(&rig, 2 * SECOND_US);
	assert_int_equal(ebyte_sim_registers(station->sim, false)[5], 18);
	assert_memory_equal(ebyte_sim_registers(station->sim, false) + 7, "\x12\x34", 2);
	assert_int_equal(drops(station, "ebyte_reset"), 1);
	assert_true(ebyte_rig_status(station).ready);

	station = start("ebyte-e22", &e22_v1, settings);
	station->record.lines[AUX] = -ENODEV;
	ebyte_rig_reopen(station);
	assert_ready(station);
	ebyte_sim_restart(station->sim, rig.now_us);
	ebyte_rig_run(&rig, 500ll * SECOND_US);
	assert_int_equal(ebyte_sim_registers(station->sim, false)[5], 0x17);
	ebyte_rig_run(&rig, 110ll * SECOND_US);
	assert_int_equal(ebyte_sim_registers(station->sim, false)[5], 18);
}

/* The key reads as 0: it is written with each verification, and not to the flash. */
static void test_key_is_renewed(void **unused)
{
	(void)unused;
	struct ebyte_station *station = start("ebyte-e22", &e22_v1,
					      SETTINGS({"frequency_mhz", "868.125"}, {"key", "1"}));
	assert_ready(station);
	assert_memory_equal(ebyte_sim_registers(station->sim, true) + 7, "\x00\x01", 2);
	ebyte_rig_run(&rig, 1300ll * SECOND_US);
	assert_int_equal(ebyte_sim_flash_writes(station->sim), 1);
	assert_null(strstr(ebyte_rig_status(station).text, "key"));
}

static void test_absent(void **unused)
{
	(void)unused;
	struct ebyte_sim_options options = e22_v1;
	options.absent = true;
	struct ebyte_station *station = start_e22(&options);
	assert_fault(station, "ebyte_absent", "does not answer");
	/* It is found when it is there. */
	ebyte_sim_set_absent(station->sim, false, rig.now_us);
	assert_true(ebyte_rig_until_ready(station, 60ll * SECOND_US));
	assert_string_equal(ebyte_rig_status(station).text, "");
	options.family = EBYTE_E32;
	station = start("ebyte-e32", &options, SETTINGS({"frequency_mhz", "868"}));
	assert_fault(station, "ebyte_absent", "does not answer");
}

static void test_wrong_family(void **unused)
{
	(void)unused;
	struct ebyte_station *station = start_e22(&e32);
	assert_fault(station, "ebyte_wrong_family", "modem: ebyte-e32");
	station = start("ebyte-e32", &e22_v2, SETTINGS({"frequency_mhz", "868"}));
	assert_fault(station, "ebyte_wrong_family", "modem: ebyte-e22");
	assert_int_equal(ebyte_sim_flash_writes(station->sim), 0);
}

static void test_wrong_baud(void **unused)
{
	(void)unused;
	static const unsigned bauds[] = {1200, 19200, 115200};
	for (size_t i = 0; i < 3; i++) {
		struct ebyte_sim_options options = e22_v1;
		options.setup_baud = bauds[i];
		struct ebyte_station *station = start_e22(&options);
		assert_fault(station, "ebyte_wrong_baud", "9600 baud");
		options = e32;
		options.setup_baud = bauds[i];
		station = start("ebyte-e32", &options, SETTINGS({"frequency_mhz", "868"}));
		assert_fault(station, "ebyte_wrong_baud", "9600 baud");
	}
}

static void test_rate_not_stored(void **unused)
{
	(void)unused;
	static const char *const rates[] = {"0.3k", "1.2k"};
	for (size_t i = 0; i < 2; i++) {
		struct ebyte_sim_options options = e22_v2;
		options.forget_rate = true;
		const struct driver_setting *settings = SETTINGS({"frequency_mhz", "868.125"}, {"air_rate", rates[i]});
		struct ebyte_station *station = start("ebyte-e22", &options, settings);
		assert_fault(station, "ebyte_not_stored", "did not store: air_rate. Newer boards");
		/* Tried again by reading alone: the flash is written once. */
		ebyte_rig_run(&rig, 3600ll * SECOND_US);
		assert_int_equal(ebyte_sim_flash_writes(station->sim), 1);
		assert_true(drops(station, "ebyte_not_stored") > 5);

		options = e32;
		options.forget_rate = true;
		station = start("ebyte-e32", &options, SETTINGS({"frequency_mhz", "868"}, {"air_rate", rates[i]}));
		assert_fault(station, "ebyte_not_stored", "did not store: air_rate. Newer boards");
	}
}

/* The register keeps it, and the board transmits at 2.4k: only its hardware number tells. */
static void test_rate_not_done(void **unused)
{
	(void)unused;
	const struct driver_setting *settings = SETTINGS({"frequency_mhz", "868.125"}, {"air_rate", "0.3k"});
	struct ebyte_station *station = start("ebyte-e22", &e22_v2, settings);
	assert_ready(station);
	assert_non_null(strstr(ebyte_rig_status(station).text, "transmits at 2.4k"));
	assert_int_equal(drops(station, "ebyte_slow_rate"), 1);
	station = start("ebyte-e22", &e22_v1, settings);
	assert_ready(station);
	assert_string_equal(ebyte_rig_status(station).text, "");
}

static void test_aux_stays_low(void **unused)
{
	(void)unused;
	struct ebyte_sim_options options = e22_v1;
	options.aux_low = true;
	struct ebyte_station *station = start_e22(&options);
	assert_true(ebyte_rig_until_ready(station, 30ll * SECOND_US));
	assert_non_null(strstr(ebyte_rig_status(station).text, "aux stays low"));
	assert_int_equal(drops(station, "ebyte_aux_stuck"), 1);
	/* It goes on without AUX. */
	assert_int_equal(ebyte_rig_send(station, "hello", 5), 0);
	assert_true(ebyte_rig_until_sent(station, 5ll * SECOND_US));
	assert_int_equal(station->record.sent[1].result, SEND_DONE);
	assert_int_equal(station->packets, 1);
	/* And with it as soon as it is right. */
	options.aux_low = false;
	options.own_airtime = true;
	ebyte_sim_set_options(station->sim, &options);
	assert_string_equal(ebyte_rig_status(station).text, "");
}

/* With the pull-up a wire that is missing reads "ready" for ever. */
static void test_aux_never_moves(void **unused)
{
	(void)unused;
	struct ebyte_sim_options options = e22_v1;
	options.no_aux = true;
	struct ebyte_station *station = start_e22(&options);
	assert_ready(station);
	assert_string_equal(ebyte_rig_status(station).text, "");
	for (int i = 0; i < 4; i++) {
		assert_int_equal(ebyte_rig_send(station, "hello", 5), 0);
		assert_true(ebyte_rig_until_sent(station, 5ll * SECOND_US));
	}
	assert_int_equal(station->packets, 4);
	assert_non_null(strstr(ebyte_rig_status(station).text, "aux never moves"));
	assert_int_equal(drops(station, "ebyte_aux_silent"), 1);
	assert_true(ebyte_rig_status(station).ready);
}

static void test_lines_fail(void **unused)
{
	(void)unused;
	struct ebyte_station *station = start_e22(&e22_v1);
	assert_ready(station);
	station->record.lines[M1] = -ENODEV;
	ebyte_rig_reopen(station);
	assert_fault(station, "ebyte_line", "lines.m0 and lines.m1");
	assert_int_equal(ebyte_rig_send(station, "x", 1), -ENOTCONN);
	station->record.lines[M1] = 1;
	ebyte_rig_reopen(station);
	assert_ready(station);
	assert_string_equal(ebyte_rig_status(station).text, "");
}

/* Neither frequency nor channel: a board preset alone must do. */
static void test_keeps_the_channel_of_the_module(void **unused)
{
	(void)unused;
	struct ebyte_station *station = start("ebyte-e22", &e22_v1, NULL);
	uint8_t channel = ebyte_sim_registers(station->sim, true)[5];
	assert_int_not_equal(channel, 0);
	assert_ready(station);
	assert_int_equal(ebyte_sim_registers(station->sim, true)[5], channel);
	assert_int_equal(ebyte_rig_examine(station, MODEM_TEST), 0);
	ebyte_rig_run(&rig, 5 * SECOND_US);
	char expected[8];
	snprintf(expected, sizeof(expected), "%u", channel);
	assert_string_equal(ebyte_rig_finding(station, "channel"), expected);
}

static void test_settings_that_cannot_be(void **unused)
{
	(void)unused;
	static const struct {
		struct driver_setting setting;
		const char *words;
	} cases[] = {
	    {{"frequency_mhz", "868"}, "no channel of this module"},
	    {{"channel", "3"}, "contradict"},
	    {{"key", "12345"}, "key is not understood"},
	    {{"key", "xy"}, "key is not understood"},
	    {{"airtime_ms", "32"}, "airtime_ms"},
	    {{"airtime_ms", "32:5 20:7"}, "airtime_ms"},
	    {{"airtime_ms", "32:0"}, "airtime_ms"},
	    {{"airtime_ms", "1:1 2:2 3:3 4:4 5:5 6:6 7:7 8:8 9:9"}, "airtime_ms"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ebyte_station *station = start("ebyte-e22", &e22_v1,
						      SETTINGS({"frequency_mhz", "868.125"}, cases[i].setting));
		assert_int_equal(station->driver->init_result, 0);
		assert_fault(station, "ebyte_settings", cases[i].words);
		assert_int_equal(ebyte_sim_flash_writes(station->sim), 0);
		assert_int_equal(ebyte_rig_send(station, "x", 1), -ENOTCONN);
		assert_int_equal(ebyte_rig_examine(station, MODEM_TEST), -ENOTCONN);
	}
}

static void test_examine_test(void **unused)
{
	(void)unused;
	struct ebyte_station *station = start_e22(&e22_v2);
	assert_int_equal(ebyte_rig_examine(station, MODEM_TEST), -EBUSY);
	assert_ready(station);
	ebyte_rig_run(&rig, SECOND_US);
	assert_int_equal(ebyte_rig_examine(station, MODEM_TEST), 0);
	assert_int_equal(ebyte_rig_examine(station, MODEM_TEST), -EBUSY);
	ebyte_rig_run(&rig, 3 * SECOND_US);
	assert_true(station->record.examined);
	assert_string_equal(station->record.examined_error, "");
	assert_string_equal(ebyte_rig_finding(station, "model"), "E22 v2");
	assert_string_equal(ebyte_rig_finding(station, "aux"), "ready");
	assert_string_equal(ebyte_rig_finding(station, "settings"), "as configured");
	assert_string_equal(ebyte_rig_finding(station, "noise_dbm"), "-104.0");
	assert_string_equal(ebyte_rig_finding(station, "frequency_mhz"), "868.125");
	assert_int_equal(station->packets, 0);

	ebyte_sim_set_absent(station->sim, true, rig.now_us);
	assert_int_equal(ebyte_rig_examine(station, MODEM_TEST), 0);
	ebyte_rig_run(&rig, 10ll * SECOND_US);
	assert_true(station->record.examined);
	assert_non_null(strstr(station->record.examined_error, "does not answer"));

	station = start("ebyte-e32", &e32, SETTINGS({"frequency_mhz", "868"}));
	assert_ready(station);
	ebyte_rig_run(&rig, SECOND_US);
	assert_int_equal(ebyte_rig_examine(station, MODEM_SCAN), -EOPNOTSUPP);
	assert_int_equal(ebyte_rig_examine(station, MODEM_TEST), 0);
	ebyte_rig_run(&rig, 10ll * SECOND_US);
	assert_true(station->record.examined);
	assert_string_equal(station->record.examined_error, "");
	assert_null(ebyte_rig_finding(station, "noise_dbm"));
}

static void test_examine_scan(void **unused)
{
	(void)unused;
	struct ebyte_station *station = start_e22(&e22_v1);
	assert_ready(station);
	ebyte_rig_run(&rig, SECOND_US);
	assert_int_equal(ebyte_rig_examine(station, MODEM_SCAN), 0);
	assert_false(ebyte_rig_status(station).ready);
	ebyte_rig_run(&rig, SECOND_US);
	assert_int_equal(ebyte_rig_send(station, "x", 1), -EAGAIN);
	assert_int_equal(ebyte_sim_registers(station->sim, true)[5], 18);
	ebyte_rig_run(&rig, 120ll * SECOND_US);
	assert_true(station->record.examined);
	assert_string_equal(station->record.examined_error, "");
	assert_int_equal(station->record.finding_count, 81);
	assert_string_equal(ebyte_rig_finding(station, "noise_dbm_850.125_mhz"), "-104.0");
	/* The module is as it was, and its flash was not touched. */
	assert_true(ebyte_rig_status(station).ready);
	assert_int_equal(ebyte_sim_registers(station->sim, false)[5], 18);
	assert_int_equal(ebyte_sim_flash_writes(station->sim), 1);
	assert_int_equal(ebyte_rig_send(station, "x", 1), 0);
	assert_true(ebyte_rig_until_sent(station, 5ll * SECOND_US));
}

/* What the radio rules look at. The width of the signal is not published: the widest and the narrowest it can be. */
static void test_channel(void **unused)
{
	(void)unused;
	struct modem_channel channel;
	struct ebyte_station *station = start(
	    "ebyte-e22", &e22_v1, SETTINGS({"frequency_mhz", "868.125"}, {"air_rate", "0.3k"}, {"power_dbm", "13"}));
	const struct modem_ops *e22 = station->driver->modem;
	assert_int_equal(e22->channel(station->driver->state, &channel), 0);
	assert_true(channel.frequency_hz == 868125000);
	assert_true(channel.bandwidth_hz == 500000);
	assert_true(channel.narrowest_hz == 125000);
	assert_true(channel.power_dbm == 13);
	assert_ready(station);
	assert_int_equal(e22->channel(station->driver->state, &channel), 0);
	assert_true(channel.frequency_hz == 868125000);

	/* Channel 18 is 428.125 MHz on another board, and nothing tells which this is. */
	station = start("ebyte-e22", &e22_v1, SETTINGS({"channel", "18"}));
	assert_int_equal(e22->channel(station->driver->state, &channel), -EOPNOTSUPP);
	assert_ready(station);
	assert_int_equal(e22->channel(station->driver->state, &channel), -EOPNOTSUPP);
	station = start("ebyte-e22", &e22_v1, SETTINGS({"power_dbm", "13"}));
	assert_ready(station);
	assert_int_equal(e22->channel(station->driver->state, &channel), -EOPNOTSUPP);

	station = start("ebyte-e32", &e32,
			SETTINGS({"frequency_mhz", "868"}, {"air_rate", "2.4k"}, {"power_dbm", "14"}));
	assert_int_equal(station->driver->modem->channel(station->driver->state, &channel), 0);
	assert_true(channel.frequency_hz == 868000000);
	assert_true(channel.bandwidth_hz == 500000 && channel.narrowest_hz == 500000);
	assert_true(channel.power_dbm == 14);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_channel, stop),
	    cmocka_unit_test_teardown(test_e22_is_configured, stop),
	    cmocka_unit_test_teardown(test_e32_is_configured, stop),
	    cmocka_unit_test_teardown(test_e32_without_echo, stop),
	    cmocka_unit_test_teardown(test_flash_is_spared, stop),
	    cmocka_unit_test_teardown(test_late_change_of_mode, stop),
	    cmocka_unit_test_teardown(test_late_edge_is_no_restart, stop),
	    cmocka_unit_test_teardown(test_restart_is_noticed, stop),
	    cmocka_unit_test_teardown(test_key_is_renewed, stop),
	    cmocka_unit_test_teardown(test_absent, stop),
	    cmocka_unit_test_teardown(test_wrong_family, stop),
	    cmocka_unit_test_teardown(test_wrong_baud, stop),
	    cmocka_unit_test_teardown(test_rate_not_stored, stop),
	    cmocka_unit_test_teardown(test_rate_not_done, stop),
	    cmocka_unit_test_teardown(test_aux_stays_low, stop),
	    cmocka_unit_test_teardown(test_aux_never_moves, stop),
	    cmocka_unit_test_teardown(test_lines_fail, stop),
	    cmocka_unit_test_teardown(test_keeps_the_channel_of_the_module, stop),
	    cmocka_unit_test_teardown(test_settings_that_cannot_be, stop),
	    cmocka_unit_test_teardown(test_examine_test, stop),
	    cmocka_unit_test_teardown(test_examine_scan, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
