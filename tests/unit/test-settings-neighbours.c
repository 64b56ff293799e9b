/* Neighbour gateways in the settings: off by default, and only names that a gateway can have. */
#define SETTINGS_WITH_REAL_DRIVERS
#include "tests/unit/settings-fixture.h"

#define BROKER "uplink: {brokers: [{host: hq}]}\n"
#define RADIO  "radios: {vhf: {device: /dev/ttyUSB0, modem: kiss, air: aprs, aprs: {callsign: N0CALL-10}}}\n"

static void test_off_by_default(void **state)
{
	(void)state;
	struct settings *settings = load(GATEWAY RADIO);
	assert_int_equal(settings_error_count(settings), 0);
	assert_false(settings->neighbours.enabled);
	assert_int_equal(settings->neighbours.hold_ms, 120000);
	assert_int_equal(settings->neighbours.report_every_ms, 300000);
	assert_null(settings->neighbours.gateways[0]);
	settings_free(settings);
}

static void test_complete(void **state)
{
	(void)state;
	struct settings *settings = load(GATEWAY BROKER RADIO "neighbours: {enabled: true, hold: 30 s, report_every: "
							      "9 min, gateways: [base2, base3]}\n");
	assert_int_equal(settings_error_count(settings), 0);
	assert_true(settings->neighbours.enabled);
	assert_int_equal(settings->neighbours.hold_ms, 30000);
	assert_int_equal(settings->neighbours.report_every_ms, 540000);
	assert_string_equal(settings->neighbours.gateways[1], "base3");
	assert_null(settings->neighbours.gateways[2]);
	settings_free(settings);
}

static void test_what_cannot_be(void **state)
{
	(void)state;
	assert_only_error(GATEWAY RADIO "neighbours: {enabled: true}\n",
			  "3:23: neighbours.enabled: needs a broker (uplink.brokers).");
	assert_only_error(GATEWAY BROKER RADIO "neighbours:\n  gateways: [base2, base1]\n",
			  "5:3: neighbours.gateways: 'base1' is this gateway itself. Take it out.");
	assert_only_error(GATEWAY BROKER RADIO "neighbours:\n  gateways: [base2, base/3]\n",
			  "5:3: neighbours.gateways: 'base/3' cannot be the name of a gateway: A-Z a-z 0-9 _ - only.");
	/* What was said longer ago than ten minutes counts no more. */
	struct settings *settings = load(GATEWAY BROKER RADIO "neighbours: {report_every: 10 min}\n");
	assert_int_equal(settings_error_count(settings), 1);
	settings_free(settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_off_by_default),
	    cmocka_unit_test(test_complete),
	    cmocka_unit_test(test_what_cannot_be),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
