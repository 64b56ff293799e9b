/* Regions: every band of the rules by its edges, power, duty cycle and dwell time; channels across edges; and the auditor of the
 * simulated ether, whose table was written by itself, as second opinion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "gateway/region.h"
#include "tests/support/ether_bands.h"

static const struct region_band *at(const char *region, double mhz, double khz, double dbm)
{
	return region_band(region, &(struct modem_channel){mhz * 1e6, khz * 1e3, 0, dbm});
}

/* Rows of the rules, with a channel in the middle that just fits. seconds: on the air in an hour, 0 = no limit. */
static void test_bands(void **state)
{
	(void)state;
	static const struct {
		const char *region, *name;
		double low_mhz, high_mhz, khz, dbm, over_dbm, seconds;
		int dwell_ms;
	} rows[] = {
	    {"eu868", "K", 863, 865, 2000, 14, 14.1, 3.6, 0},
	    {"eu868", "L", 865, 868, 3000, 14, 14.1, 36, 0},
	    {"eu868", "M", 868, 868.6, 600, 14, 14.1, 36, 0},
	    {"eu868", "N", 868.7, 869.2, 500, 14, 14.1, 3.6, 0},
	    {"eu868", "P", 869.4, 869.65, 250, 27, 27.1, 360, 0},
	    {"eu868", "Q 5 mW", 869.7, 870, 300, 7, 0, 0, 0},
	    {"eu868", "Q 25 mW", 869.7, 870, 300, 14, 14.1, 36, 0},
	    {"eu433", "H", 433.05, 434.79, 1740, 10, 10.1, 360, 0},
	    {"us915", "902-928 narrow", 902, 928, 125, 30, 30.1, 0, 400},
	    {"us915", "902-928 250 kHz", 902, 928, 250, 24, 24.1, 0, 400},
	    {"us915", "902-928 wide", 902, 928, 500, 30, 30.1, 0, 0},
	    {"au915", "915-928", 915, 928, 500, 27.85, 28, 0, 400},
	    {"as923-1", "915-928", 915, 928, 125, 13.85, 14, 0, 400},
	    {"as923-2", "915-928", 915, 928, 125, 13.85, 14, 0, 400},
	    {"as923-3", "915-928", 915, 928, 125, 13.85, 14, 0, 400},
	    {"as923-4", "917-920", 917, 920, 125, 13.85, 14, 0, 400},
	    {"in865", "865-867", 865, 867, 125, 27.85, 28, 0, 0},
	    {"kr920", "920.9-922", 920.9, 922, 125, 7.85, 8, 0, 0},
	    {"kr920", "922-923.3", 922, 923.3, 125, 11.85, 12, 0, 0},
	};
	size_t count = 0;
	for (; region_bands[count].name; count++)
		;
	assert_int_equal(count, sizeof(rows) / sizeof(rows[0]));
	for (size_t i = 0; i < count; i++) {
		double half_mhz = rows[i].khz / 2000;
		const struct region_band *band = at(rows[i].region, rows[i].low_mhz + half_mhz, rows[i].khz,
						    rows[i].dbm);
		assert_non_null(band);
		assert_string_equal(band->name, rows[i].name);
		assert_int_equal(band->hour_us, llround(rows[i].seconds * 1e6));
		assert_int_equal(band->dwell_us, rows[i].dwell_ms * 1000);
		assert_true(rows[i].dbm <= band->power_dbm);
		assert_ptr_equal(at(rows[i].region, rows[i].high_mhz - half_mhz, rows[i].khz, rows[i].dbm), band);
		/* A kilohertz beyond either edge, and a little too strong. */
		const struct region_band *below = at(rows[i].region, rows[i].low_mhz + half_mhz - 0.001, rows[i].khz,
						     rows[i].dbm);
		const struct region_band *above = at(rows[i].region, rows[i].high_mhz - half_mhz + 0.001, rows[i].khz,
						     rows[i].dbm);
		assert_true(below != band && above != band);
		if (rows[i].over_dbm > 0)
			assert_true(
			    at(rows[i].region, rows[i].low_mhz + half_mhz, rows[i].khz, rows[i].over_dbm)->power_dbm <
			    rows[i].over_dbm);
	}
}

static void test_names(void **state)
{
	(void)state;
	assert_string_equal(region_names[0], "none");
	assert_null(at("none", 868.1, 125, 0));
	assert_null(at("atlantis", 868.1, 125, 0));
	for (const struct region_band *band = region_bands; band->name; band++) {
		size_t i = 1;
		while (region_names[i] && strcmp(region_names[i], band->region) != 0)
			i++;
		assert_non_null(region_names[i]);
		for (const struct region_band *other = region_bands; other < band; other++)
			assert_false(strcmp(other->region, band->region) == 0 && strcmp(other->name, band->name) == 0);
	}
}

static void test_channels_of_the_field(void **state)
{
	(void)state;
	assert_string_equal(at("eu868", 869.525, 250, 22)->name, "P");
	assert_null(at("eu868", 869.525, 500, 14)); /* wider than the band */
	assert_null(at("eu868", 868.0, 125, 14));   /* half in L, half in M */
	assert_null(at("eu868", 868.65, 125, 10));  /* alarms only */
	assert_null(at("eu868", 869.3, 125, 10));
	assert_null(at("eu868", 915, 125, 14));
	assert_string_equal(at("eu868", 866.125, 500, 13)->name, "L"); /* a channel of an Ebyte E22 */
	assert_null(at("eu868", 868.125, 500, 13));
	/* 5 mW have no duty cycle, more have one; and who does not say counts as more. */
	assert_string_equal(at("eu868", 869.85, 125, 7)->name, "Q 5 mW");
	assert_string_equal(at("eu868", 869.85, 125, 7.5)->name, "Q 25 mW");
	assert_string_equal(at("eu868", 869.85, 125, 20)->name, "Q 25 mW");
	assert_string_equal(at("eu868", 869.85, 125, (double)NAN)->name, "Q 25 mW");
	assert_null(at("eu868", (double)NAN, 125, 14));
	assert_null(at("eu868", 868.3, (double)NAN, 14));
	/* 500 kHz, or perhaps only 125: the time of a single transmission counts. */
	struct modem_channel unsure = {915e6, 500e3, 125e3, 20};
	assert_string_equal(region_band("us915", &unsure)->name, "902-928 narrow");
	assert_string_equal(region_band_at("eu868", 868e6)->name, "L");
	assert_null(region_band_at("eu868", 868.65e6));
}

static void test_advice(void **state)
{
	(void)state;
	struct modem_channel channel = {863.5e6, 125e3, 0, 14};
	assert_string_equal(region_roomiest("eu868", &channel, 15816000)->name, "P");
	assert_string_equal(region_roomiest("eu868", &channel, 360000000)->name, "P");
	assert_null(region_roomiest("eu868", &channel, 360000001));
	channel.bandwidth_hz = 500e3;
	assert_string_equal(region_roomiest("eu868", &channel, 15816000)->name, "L");
	channel.power_dbm = 22;
	assert_null(region_roomiest("eu868", &channel, 1));
	channel.bandwidth_hz = 125e3;
	assert_string_equal(region_roomiest("eu868", &channel, 1)->name, "P");
	channel.power_dbm = 5;
	assert_string_equal(region_roomiest("eu868", &channel, 1)->name, "Q 5 mW");
}

/* Never more than the auditor lets pass; less only where it is said here. Returns how many channels are allowed. */
static size_t compare(const char *region, const char *auditors, double from_mhz, double to_mhz)
{
	static const double widths_khz[] = {15.6, 62.5, 125, 250, 500};
	static const double powers_dbm[] = {0, 7, 7.5, 10, 11, 13, 14, 16, 20, 24, 27, 30};
	size_t allowed = 0;
	for (int step = 0; step < (to_mhz - from_mhz) * 80; step++)
		for (size_t i = 0; i < 60; i++) {
			double mhz = from_mhz + 0.000137 + 0.0125 * step, khz = widths_khz[i % 5],
			       dbm = powers_dbm[i / 5];
			const struct region_band *band = at(region, mhz, khz, dbm);
			const struct ether_band *judge = ether_band_of(auditors, mhz * 1e6, khz * 1e3, dbm);
			if (judge && !judge->region)
				judge = NULL;
			assert_int_equal(!band, !judge);
			if (!band || !judge)
				continue;
			/* 250 mW from 250 to 500 kHz, of which the auditor knows nothing. */
			bool stricter = strcmp(band->name, "902-928 250 kHz") == 0;
			assert_true(band->power_dbm == judge->power_dbm || (stricter && judge->power_dbm == 30));
			assert_int_equal(band->hour_us, judge->hour_us);
			assert_int_equal(band->dwell_us, judge->dwell_us);
			allowed += dbm <= band->power_dbm;
		}
	return allowed;
}

static void test_against_the_auditor(void **state)
{
	(void)state;
	assert_true(compare("eu868", "eu868", 860, 873) > 10000);
	assert_true(compare("eu433", "eu433", 431, 437) > 1000);
	assert_true(compare("us915", "us915", 899, 931) > 10000);
	assert_true(compare("au915", "au915", 899, 931) > 10000);
	assert_true(compare("as923-1", "as923", 899, 931) > 10000);
	assert_true(compare("as923-2", "as923", 899, 931) > 10000);
	assert_true(compare("as923-3", "as923", 899, 931) > 10000);
	assert_true(compare("in865", "in865", 860, 873) > 1000);
	assert_true(compare("kr920", "kr920", 918, 926) > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bands),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_channels_of_the_field),
	    cmocka_unit_test(test_advice),
	    cmocka_unit_test(test_against_the_auditor),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
