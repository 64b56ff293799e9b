/* Regions and duty cycles in the settings, with the real drivers: what is refused, where, and in which words. */
#define SETTINGS_WITH_REAL_DRIVERS
#include "tests/unit/settings-fixture.h"

#define RADIO(keys)  GATEWAY "radios:\n  a: {device: /dev/null, air: field, field: {station: 7}, " keys "}\n"
#define RNODE(keys)  RADIO("modem: rnode, " keys)
#define QUIET(modem) GATEWAY "radios:\n  a: {device: /dev/null, air: field, " modem "}\n"

static const struct radio_settings *fine(const char *text)
{
	static struct settings *settings;
	settings_free(settings);
	settings = text ? load(text) : NULL;
	if (!text)
		return NULL;
	for (size_t i = 0; i < settings_error_count(settings); i++)
		print_error("%s\n", settings_error(settings, i));
	assert_int_equal(settings_error_count(settings), 0);
	return &settings->radios[0];
}

static void test_defaults(void **state)
{
	(void)state;
	const struct radio_settings *radio = fine(QUIET("modem: kiss"));
	assert_string_equal(radio->rules.region, "none");
	assert_true(radio->rules.duty_cycle_pct == -1);
	assert_int_equal(radio->listening_share_pct, 25);
	radio = fine(
	    RNODE("region: EU868, duty_cycle_pct: 0.5, listening_share_pct: 100, rnode: {frequency_mhz: 868.3}"));
	assert_string_equal(radio->rules.region, "eu868");
	assert_true(radio->rules.duty_cycle_pct == 0.5);
	assert_int_equal(radio->listening_share_pct, 100);
	fine(NULL);
}

static void test_refusals(void **state)
{
	(void)state;
	/* SF 12: 49 bytes, and 18 symbols of preamble, take 22.25 + 58 symbols of 32.768 ms. */
	assert_only_error(
	    RNODE("region: eu868, rnode: {frequency_mhz: 863.5, spreading_factor: 12}"),
	    "3:81: radios.a.region: 12 alerts of 48 bytes take 12 x 2630 ms = 31.6 s an hour, band K allows 3.6 s. "
	    "Choose a channel of 869.4-869.65 MHz (10 %), or a faster setting.");
	assert_only_error(RNODE("region: eu868, rnode: {frequency_mhz: 868.65}"),
			  "3:111: radios.a.rnode.frequency_mhz: 868.65 MHz is in no band of eu868. Choose a channel of "
			  "869.4-869.65 MHz (10 %).");
	assert_only_error(
	    RNODE("region: eu868, rnode: {frequency_mhz: 868.3, power_dbm: 17}"),
	    "3:129: radios.a.rnode.power_dbm: 17 dBm are more than the 14 dBm e.r.p. that band M of eu868 "
	    "allows. Set 14 or less, or choose a channel of 869.4-869.65 MHz (10 %).");
	assert_only_error(RADIO("modem: ebyte-e22, lines: {m0: GPIO5, m1: GPIO6}, region: eu868,\n"
				"      ebyte-e22: {frequency_mhz: 866.125}"),
			  "3:116: radios.a.region: 22 dBm are more than the 14 dBm e.r.p. that band L of eu868 allows. "
			  "Set 14 or less.");
	assert_only_error(RNODE("duty_cycle_pct: 0.05, rnode: {frequency_mhz: 868.3}"),
			  "3:89: radios.a.duty_cycle_pct: 12 alerts of 48 bytes take 12 x 370 ms = 4.4 s an hour, "
			  "duty_cycle_pct allows 1.8 s. Choose a faster setting.");
	assert_only_error(RNODE("duty_cycle_pct: 0, rnode: {frequency_mhz: 868.3}"),
			  "3:89: radios.a.duty_cycle_pct: must be -1, or from 0.01 to 100.");
	assert_only_error(RNODE("region: eu686, rnode: {frequency_mhz: 868.3}"),
			  "3:81: radios.a.region: 'eu686' is not one of: none, eu868, eu433, us915, au915, as923-1, "
			  "as923-2, as923-3, as923-4, in865, kr920. Did you mean 'eu868'?");
}

static void test_channels_that_nobody_knows(void **state)
{
	(void)state;
	assert_only_error(RADIO("modem: kiss, region: eu868"),
			  "3:80: radios.a.region: cannot be kept with modem kiss, which does not know where its radio "
			  "transmits. Set it to none, and duty_cycle_pct to what the country allows.");
	assert_only_error(RADIO("modem: ebyte-e22, lines: {m0: GPIO5, m1: GPIO6}, region: eu868,\n"
				"      ebyte-e22: {channel: 18, power_dbm: 13}"),
			  "3:116: radios.a.region: cannot be kept, because nothing tells where the module transmits. "
			  "Give ebyte-e22.frequency_mhz.");
	fine(RADIO("modem: kiss, duty_cycle_pct: 10"));
	fine(RADIO("modem: ebyte-e22, lines: {m0: GPIO5, m1: GPIO6}, duty_cycle_pct: 10"));
	fine(NULL);
}

static void test_warnings(void **state)
{
	(void)state;
	assert_only_warning(
	    RNODE("rnode: {frequency_mhz: 868.3}"), 2,
	    "3:3: radios.a.region: is none: at 868.3 MHz the radio transmits without any limit. Set it to the "
	    "country's.");
	assert_only_warning(RNODE("region: eu868, duty_cycle_pct: 10, rnode: {frequency_mhz: 868.3}"), 2,
			    "3:104: radios.a.duty_cycle_pct: is more than the 1 % of band M of eu868.");
	assert_only_warning(
	    RADIO("modem: kiss"), 1,
	    "1:1: field.keys: is not given: of what radio a hears only distress is taken, as UNVERIFIED, and "
	    "it can send to no station. `cresset key make` makes the file.");
	/* Who only listens needs no rules, nor who has said what the limit is. */
	struct settings *settings = load(
	    GATEWAY "radios:\n  a: {device: /dev/null, air: field, modem: rnode, region: eu868, "
		    "rnode: {frequency_mhz: 144.8}}\n"
		    "  b: {device: /dev/zero, air: field, field: {station: 7}, modem: rnode, duty_cycle_pct: 100, "
		    "rnode: {frequency_mhz: 868.3}}\n");
	assert_int_equal(settings_error_count(settings), 0);
	for (size_t i = 0; i < settings_warning_count(settings); i++)
		assert_null(strstr(settings_warning(settings, i), "radios."));
	settings_free(settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_channels_that_nobody_knows),
	    cmocka_unit_test(test_warnings),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
