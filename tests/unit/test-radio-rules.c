/* The radio rules of one radio: limits, the reserve for alerts, and each refusal with its arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/radio_rules.h"
#include "tests/support/driver_services.h"

static struct radio_allowance allowance;

static void judge(const char *region, double duty_pct, double mhz, double khz, double dbm, double alert_ms)
{
	const struct radio_rules rules = {region, duty_pct};
	const struct radio_case is = {0, {mhz * 1e6, khz * 1e3, 0, dbm}, llround(alert_ms * 1000)};
	radio_rules_judge(&rules, &is, &allowance);
}

static void assert_fault(enum radio_rules_fault fault, const char *text)
{
	assert_string_equal(allowance.text, text);
	assert_int_equal(allowance.fault, fault);
}

static void assert_limits(int64_t limit_us, int64_t reserve_us, int64_t dwell_us)
{
	assert_fault(RADIO_RULES_FINE, "");
	assert_int_equal(allowance.ledger.limit_us, limit_us);
	assert_int_equal(allowance.ledger.reserve_us, reserve_us);
	assert_int_equal(allowance.ledger.dwell_us, dwell_us);
}

static void test_limits(void **state)
{
	(void)state;
	judge("eu868", -1, 868.3, 125, 14, 1318);
	assert_limits(36000000, 13 * 1318000, 0);
	assert_string_equal(allowance.band->name, "M");
	judge("eu868", -1, 869.525, 250, 27, 724);
	assert_limits(360000000, 13 * 724000, 0);
	judge("eu868", -1, 869.85, 125, 7, 1318);
	assert_limits(0, 0, 0);
	judge("us915", -1, 915, 125, 20, 399);
	assert_limits(0, 0, 400000);
	/* Twelve alerts fit, a thirteenth does not. */
	judge("eu868", -1, 868.3, 125, 14, 3000);
	assert_limits(36000000, 36000000, 0);
	judge("eu868", -1, 868.3, 125, 14, 2800);
	assert_limits(36000000, 36000000, 0);
}

static void test_duty_cycle_of_the_settings(void **state)
{
	(void)state;
	judge("eu868", 0.5, 868.3, 125, 14, 300);
	assert_limits(18000000, 3900000, 0);
	judge("eu868", 10, 868.3, 125, 14, 300); /* of another country */
	assert_limits(360000000, 3900000, 0);
	judge("eu868", 100, 868.3, 125, 14, 300);
	assert_limits(0, 0, 0);
	judge("us915", 1, 915, 125, 14, 300);
	assert_limits(36000000, 3900000, 400000);
	judge("none", 0.01, 144.8, 12.5, 14, 30);
	assert_limits(360000, 360000, 0);
	judge("none", 0.01, 144.8, 12.5, 14, 30.1);
	assert_fault(RADIO_RULES_RESERVE,
		     "12 alerts of 48 bytes take 12 x 30 ms = 0.4 s an hour, duty_cycle_pct allows "
		     "0.4 s. Choose a faster setting.");
	judge("none", -1, 868.3, 125, 30, 5000);
	assert_limits(0, 0, 0);
}

static void test_refusals(void **state)
{
	(void)state;
	judge("eu868", -1, 863.5, 125, 14, 1318);
	assert_fault(
	    RADIO_RULES_RESERVE,
	    "12 alerts of 48 bytes take 12 x 1318 ms = 15.8 s an hour, band K allows 3.6 s. Choose a channel of "
	    "869.4-869.65 MHz (10 %), or a faster setting.");
	judge("eu868", -1, 866.125, 500, 13, 4000);
	assert_fault(
	    RADIO_RULES_RESERVE,
	    "12 alerts of 48 bytes take 12 x 4000 ms = 48.0 s an hour, band L allows 36.0 s. Choose a faster setting.");
	judge("eu868", -1, 868.125, 500, 13, 300);
	assert_fault(
	    RADIO_RULES_BAND,
	    "868.125 MHz and 500 kHz of bandwidth are not wholly inside band M of eu868, 868-868.6 MHz (1 %). Choose a "
	    "channel of 865-868 MHz (1 %).");
	judge("eu868", -1, 868.65, 25, 10, 300);
	assert_fault(RADIO_RULES_BAND,
		     "868.65 MHz is in no band of eu868. Choose a channel of 869.4-869.65 MHz (10 %).");
	judge("eu868", -1, 915, 125, 30, 300); /* more than any band allows */
	assert_fault(RADIO_RULES_BAND, "915 MHz is in no band of eu868. Set 27 dBm or less and choose a channel of "
				       "869.4-869.65 MHz (10 %).");
	/* A Waveshare HAT as it comes: no band takes so wide a signal at 22 dBm. */
	judge("eu868", -1, 868.125, 500, 22, 300);
	assert_fault(
	    RADIO_RULES_BAND,
	    "868.125 MHz and 500 kHz of bandwidth are not wholly inside band M of eu868, 868-868.6 MHz (1 %). Set 14 "
	    "dBm or less and choose a channel of 865-868 MHz (1 %).");
	judge("eu868", -1, 868.3, 125, 22, 300);
	assert_fault(RADIO_RULES_POWER,
		     "22 dBm are more than the 14 dBm e.r.p. that band M of eu868 allows. Set 14 or less, or "
		     "choose a channel of 869.4-869.65 MHz (10 %).");
	judge("as923-1", -1, 923.2, 125, 14, 300);
	assert_fault(RADIO_RULES_POWER,
		     "14 dBm are more than the 13.85 dBm e.r.p. that band 915-928 of as923-1 allows. Set 13 or less.");
	judge("au915", -1, 917, 125, 20, 400.001);
	assert_fault(
	    RADIO_RULES_RESERVE,
	    "an alert of 48 bytes takes 400 ms, band 915-928 allows 400 ms at a time. Choose a faster setting.");
	/* A fault leaves no limits behind that somebody could take for permission. */
	judge("eu868", -1, 915, 125, 30, 300);
	assert_null(allowance.band);
	assert_int_equal(allowance.ledger.limit_us, 0);
}

static void test_unknown_channels(void **state)
{
	(void)state;
	struct radio_rules rules = {"eu868", -1};
	struct radio_case is = {.known = -EAGAIN, .alert_us = 300000};
	radio_rules_judge(&rules, &is, &allowance);
	assert_fault(RADIO_RULES_UNKNOWN, "the module has not told its channel yet; until then nothing is sent.");
	is.known = -EOPNOTSUPP;
	radio_rules_judge(&rules, &is, &allowance);
	assert_int_equal(allowance.fault, RADIO_RULES_UNJUDGED);
	rules.region = "none";
	rules.duty_cycle_pct = 1;
	radio_rules_judge(&rules, &is, &allowance);
	assert_limits(36000000, 3900000, 0);
}

/* Longer than the text could ever be is cut, and ended. */
static void test_the_longest_words(void **state)
{
	(void)state;
	struct radio_rules rules = {"us915", -1};
	struct radio_case is = {0, {902.0000001e6, 12345.678e3, 0, 30}, INT64_MAX / 64};
	radio_rules_judge(&rules, &is, &allowance);
	assert_true(strlen(allowance.text) > 0 && strlen(allowance.text) < sizeof(allowance.text));
	is.channel = (struct modem_channel){915e6, 125e3, 0, 30};
	radio_rules_judge(&rules, &is, &allowance);
	assert_int_equal(allowance.fault, RADIO_RULES_RESERVE);
}

/* ---- how large an alert is, by the real air protocols ---- */

static size_t alert_size(const char *air, const struct driver_setting *settings)
{
	static struct record record;
	struct driver_under_test *driver = air_under_test(air, &record, settings);
	assert_int_equal(driver->init_result, 0);
	size_t size = radio_rules_alert_size(driver->air->plan, driver->state);
	driver_under_test_free(driver);
	return size;
}

#define SETTINGS(...) ((const struct driver_setting[]){__VA_ARGS__, {NULL, NULL}})

/* Protocols that do not say how much text they take: they take all, or less than that. */
static int plan_any(const void *state, const struct message *message, struct air_plan *plan)
{
	size_t most = *(const size_t *)state;
	*plan = (struct air_plan){.parts = 1, .sizes = {strlen(message->text) + 5}};
	return strlen(message->text) > most ? -EMSGSIZE : 0;
}

static void test_alert_size(void **state)
{
	(void)state;
	const size_t plenty = 100, few = 20;
	assert_int_equal(radio_rules_alert_size(plan_any, &plenty), 53);
	assert_int_equal(radio_rules_alert_size(plan_any, &few), 48);
	assert_int_equal(alert_size("field", SETTINGS({"station", "7"})), 48);
	/* Two addresses, control, PID. */
	assert_int_equal(
	    alert_size("field", SETTINGS({"station", "7"}, {"carriage", "ax25"}, {"callsign", "N0CALL-10"})), 64);
	assert_int_equal(alert_size("field", SETTINGS({"station", "-1"})), 0);
	assert_int_equal(alert_size("field", SETTINGS({"station", "7"}, {"carriage", "ax25"})), 0);
	/* As a bulletin of 48 characters: ":BLN0ALERT:ALERT: " in front, three addresses. */
	assert_int_equal(alert_size("aprs", SETTINGS({"callsign", "N0CALL-10"})), 18 + 48 + 3 * 7 + 2);
	assert_int_equal(alert_size("aprs", SETTINGS({"callsign", ""})), 0);
	assert_int_equal(radio_rules_alert_size(NULL, NULL), 48);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_duty_cycle_of_the_settings),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_unknown_channels),
	    cmocka_unit_test(test_the_longest_words),
	    cmocka_unit_test(test_alert_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
