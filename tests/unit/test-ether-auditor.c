/* The inspector of the simulated ether: limits exactly met and just missed, windows that slide, bands, powers, dwell times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/ether_auditor.h"
#include "tests/support/ether_bands.h"
#include "tests/support/near.h"

static const int64_t second_us = 1000000, hour_us = 3600000000;
static struct ether_auditor *auditor;

static void start(const char *region)
{
	ether_auditor_free(auditor);
	auditor = ether_auditor_new(region);
}

static int stop(void **unused)
{
	(void)unused;
	ether_auditor_free(auditor);
	auditor = NULL;
	return 0;
}

static unsigned take(const char *station, double mhz, int64_t start_us, int64_t airtime_us)
{
	return ether_auditor_take(auditor, &(struct ether_emission){.station = station,
								    .frequency_hz = mhz * 1e6,
								    .bandwidth_hz = 125000,
								    .power_dbm = 14,
								    .start_us = start_us,
								    .airtime_us = airtime_us});
}

/* 868.0-868.6 MHz: 1 %, 36 s in any hour. */
static void test_exactly(void **unused)
{
	(void)unused;
	start("eu868");
	for (int i = 0; i < 36; i++)
		assert_int_equal(take("a", 868.1, i * 100 * second_us, second_us), 0);
	assert_int_equal(ether_auditor_worst_hour_us(auditor, "a", "868.0-868.6"), 36 * second_us);
	assert_int_equal(ether_auditor_overruns(auditor), 0);
	/* one millisecond more in the same hour */
	assert_int_equal(take("a", 868.3, 3510 * second_us, 1000), 1);
	assert_int_equal(ether_auditor_overruns(auditor), 1);
	const struct ether_overrun *overrun = ether_auditor_overrun(auditor, 0);
	assert_int_equal(overrun->kind, ETHER_OVERRUN_HOUR);
	assert_string_equal(overrun->station, "a");
	assert_string_equal(overrun->band, "868.0-868.6");
	assert_int_equal((int64_t)overrun->used, 36001000);
	assert_int_equal((int64_t)overrun->limit, 36000000);
	assert_null(ether_auditor_overrun(auditor, 1));
	/* another station and another sub-band have accounts of their own */
	assert_int_equal(take("b", 868.1, 3520 * second_us, 36 * second_us), 0);
	assert_int_equal(take("a", 866.0, 3520 * second_us, 36 * second_us), 0);
}

/* 30 s before the full hour and 30 s behind it: fine by the clock on the wall, not by any hour. */
static void test_slides(void **unused)
{
	(void)unused;
	start("eu868");
	assert_int_equal(take("a", 868.1, hour_us - 30 * second_us, 30 * second_us), 0);
	assert_int_equal(take("a", 868.1, hour_us, 30 * second_us), 1);
	assert_int_equal(ether_auditor_worst_hour_us(auditor, "a", "868.0-868.6"), 60 * second_us);
}

/* What is an hour old counts no more, and of a transmission across the edge of the window only the rest. */
static void test_edge_of_the_window(void **unused)
{
	(void)unused;
	for (int early_us = 0; early_us <= 1; early_us++) {
		start("eu868");
		assert_int_equal(take("a", 868.1, 0, 36 * second_us), 0);
		/* ends an hour after 10 s of the first were over: 26 s of it are in the window */
		assert_int_equal(take("a", 868.1, hour_us - early_us, 10 * second_us), (unsigned)early_us);
		assert_int_equal(take("a", 868.1, 2 * hour_us + 10 * second_us, 36 * second_us), 0);
	}
}

struct band_case {
	const char *region;
	double mhz, bandwidth_hz, power_dbm;
	const char *band; /* NULL = not allowed */
};

static void test_bands(void **unused)
{
	(void)unused;
	static const struct band_case cases[] = {
	    {"eu868", 863.1, 125000, 14, "863.0-865.0"},
	    {"eu868", 865.0, 125000, 14, NULL}, /* across two */
	    {"eu868", 868.0625, 125000, 14, "868.0-868.6"},
	    {"eu868", 868.0624, 125000, 14, NULL},
	    {"eu868", 868.5375, 125000, 14, "868.0-868.6"},
	    {"eu868", 868.65, 25000, 10, NULL}, /* alarms only */
	    {"eu868", 869.0, 125000, 14, "868.7-869.2"},
	    {"eu868", 869.3, 25000, 14, NULL},
	    {"eu868", 869.525, 250000, 27, "869.4-869.65"},
	    {"eu868", 869.525, 251000, 27, NULL},
	    {"eu868", 869.85, 125000, 7, "869.7-870.0 5 mW"},
	    {"eu868", 869.85, 125000, 8, "869.7-870.0 25 mW"},
	    {"eu868", 869.85, 125000, 20, "869.7-870.0 25 mW"}, /* too strong for either */
	    {"eu868", 433.5, 125000, 10, NULL},
	    {"eu433", 433.5, 125000, 10, "433.05-434.79"},
	    {"us915", 915, 125000, 20, "902-928 narrow"},
	    {"us915", 915, 250000, 20, "902-928 250 kHz"},
	    {"us915", 915, 500000, 20, "902-928 wide"},
	    {"eu868", 144.8, 12500, 30, "amateur 2 m"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct band_case *c = &cases[i];
		const struct ether_band *band = ether_band_of(c->region, c->mhz * 1e6, c->bandwidth_hz, c->power_dbm);
		if (!band != !c->band || (band && strcmp(band->name, c->band) != 0))
			fail_msg("%zu: %g MHz: %s", i, c->mhz, band ? band->name : "none");
	}
}

/* Every sub-band of the rules with the seconds it allows in an hour. */
static void test_duty_cycles(void **unused)
{
	(void)unused;
	static const struct {
		double mhz;
		int seconds;
	} cases[] = {{864, 4}, {866, 36}, {868.3, 36}, {869, 4}, {869.525, 360}, {869.85, 36}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t allowed_us = cases[i].seconds == 4 ? 3600000 : cases[i].seconds * second_us;
		start("eu868");
		assert_int_equal(take("a", cases[i].mhz, 0, allowed_us), 0);
		start("eu868");
		assert_int_equal(take("a", cases[i].mhz, 0, allowed_us + 1), 1);
	}
}

static void test_power_and_place(void **unused)
{
	(void)unused;
	struct ether_emission emission = {"a", 868.1e6, 125000, 14, 0, 1000};
	start("eu868");
	assert_int_equal(ether_auditor_take(auditor, &emission), 0);
	emission.power_dbm = 15;
	emission.start_us = 1000;
	assert_int_equal(ether_auditor_take(auditor, &emission), 1);
	assert_int_equal(ether_auditor_overrun(auditor, 0)->kind, ETHER_OVERRUN_POWER);
	emission.frequency_hz = 869.3e6;
	emission.start_us = 2000;
	assert_int_equal(ether_auditor_take(auditor, &emission), 1);
	assert_int_equal(ether_auditor_overrun(auditor, 1)->kind, ETHER_OVERRUN_BAND);
	/* Without a region nothing is forbidden. */
	start("");
	assert_int_equal(ether_auditor_take(auditor, &emission), 0);
}

/* 5 mW has no duty cycle at 869.7-870 MHz. */
static void test_low_power(void **unused)
{
	(void)unused;
	struct ether_emission emission = {"a", 869.85e6, 125000, 7, 0, hour_us};
	start("eu868");
	assert_int_equal(ether_auditor_take(auditor, &emission), 0);
	emission.power_dbm = 8;
	emission.start_us = hour_us;
	assert_int_equal(ether_auditor_take(auditor, &emission), 1);
}

static void test_dwell(void **unused)
{
	(void)unused;
	/* a single transmission */
	start("au915");
	assert_int_equal(take("a", 916, 0, 400000), 0);
	assert_int_equal(take("a", 916, second_us, 400001), 1);
	assert_int_equal(ether_auditor_overrun(auditor, 0)->kind, ETHER_OVERRUN_DWELL);
	/* the sum on one channel in 20 s; other channels have their own */
	start("us915");
	assert_int_equal(take("a", 903, 0, 300000), 0);
	assert_int_equal(take("a", 904, second_us, 300000), 0);
	assert_int_equal(take("a", 903, 2 * second_us, 100000), 0);
	assert_int_equal(take("a", 903, 3 * second_us, 1), 1);
	assert_int_equal(take("a", 903, 23 * second_us, 400000), 0);
}

static void test_report(void **unused)
{
	(void)unused;
	start("eu868");
	take("a", 868.1, 0, 37 * second_us);
	json_t *report = ether_auditor_report(auditor);
	json_t *station = json_object_get(json_object_get(report, "stations"), "a");
	json_t *band = json_object_get(json_object_get(station, "bands"), "868.0-868.6");
	assert_int_equal(json_integer_value(json_object_get(station, "transmissions")), 1);
	assert_int_equal(json_integer_value(json_object_get(band, "worst_hour_us")), 37 * second_us);
	assert_int_equal(json_integer_value(json_object_get(report, "overrun_count")), 1);
	json_t *overrun = json_array_get(json_object_get(report, "overruns"), 0);
	assert_string_equal(json_string_value(json_object_get(overrun, "rule")), "hour_us");
	assert_near(json_number_value(json_object_get(overrun, "used")), 37e6, 0);
	json_decref(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_exactly, stop),
	    cmocka_unit_test_teardown(test_slides, stop),
	    cmocka_unit_test_teardown(test_edge_of_the_window, stop),
	    cmocka_unit_test(test_bands),
	    cmocka_unit_test_teardown(test_duty_cycles, stop),
	    cmocka_unit_test_teardown(test_power_and_place, stop),
	    cmocka_unit_test_teardown(test_low_power, stop),
	    cmocka_unit_test_teardown(test_dwell, stop),
	    cmocka_unit_test_teardown(test_report, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
