/* Airtime as it is told to the base and to headquarters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/report.h"

enum { NOW_MS = 10000000 };
static const int64_t wall_ms = 1767322800000; /* 2026-01-02T03:00:00Z */

static const struct region_band band = {.region = "eu868", .name = "P"};

static struct outgoing_airtime some(void)
{
	return (struct outgoing_airtime){.level = {.limit_us = 360000000,
						   .reserve_us = 36500000,
						   .spent_us = 12345678,
						   .urgent_us = 2300000,
						   .left_us = 311154322,
						   .left_urgent_us = 347654322,
						   .more_ms = NOW_MS + 61500}};
}

static void expect(json_t *object, const char *expected)
{
	json_t *wanted = json_loads(expected, 0, NULL);
	char *text = json_dumps(object, JSON_COMPACT);
	assert_non_null(wanted);
	if (!json_equal(object, wanted))
		fail_msg("%s is not %s", text, expected);
	free(text);
	json_decref(wanted);
	json_decref(object);
}

static void test_headquarters(void **state)
{
	(void)state;
	struct outgoing_airtime airtime = some();
	expect(report_airtime(&airtime, &band),
	       "{\"band\":\"eu868 P\",\"limit_s\":360.0,\"reserve_s\":36.5,\"spent_s\":12.3,\"left_s\":311.2,"
	       "\"left_for_alerts_s\":347.7}");
}

/* What is left where nothing is limited cannot be told, what was used can. */
static void test_without_limit(void **state)
{
	(void)state;
	struct outgoing_airtime airtime = {.level = {.spent_us = 4000000}};
	expect(
	    report_airtime(&airtime, NULL),
	    "{\"band\":null,\"limit_s\":null,\"reserve_s\":null,\"spent_s\":4.0,\"left_s\":null,\"left_for_alerts_s\":"
	    "null}");
	assert_int_equal(report_airtime_step(&airtime), 0);
}

static void test_base(void **state)
{
	(void)state;
	static const char head[] =
	    "{\"band\":\"eu868 P\",\"limit_s\":360.0,\"reserve_s\":36.5,\"spent_s\":12.3,\"left_s\":"
	    "311.2,\"left_for_alerts_s\":347.7,\"spent_for_alerts_s\":2.3,\"more_in_s\":62,"
	    "\"listening_share_pct\":25,";
	static const struct {
		int64_t until_ms;
		const char *tail;
	} table[] = {
	    {0, "\"alert_waits\":false,\"alert_waits_until\":null}"},
	    {NOW_MS + 300000, "\"alert_waits\":true,\"alert_waits_until\":\"2026-01-02T03:05:00.000Z\"}"},
	    {INT64_MAX, "\"alert_waits\":true,\"alert_waits_until\":null}"},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct outgoing_airtime airtime = some();
		char expected[512];
		airtime.alert_until_ms = table[i].until_ms;
		snprintf(expected, sizeof(expected), "%s%s", head, table[i].tail);
		expect(report_airtime_status(&airtime, &band, 25, NOW_MS, wall_ms), expected);
	}
}

/* Each tenth of either share is one step, whatever happens in between. */
static void test_steps(void **state)
{
	(void)state;
	struct outgoing_airtime airtime = {.level = {.limit_us = 1000, .reserve_us = 200}};
	unsigned steps = 0, before = 0;
	for (int64_t spent_us = 0; spent_us <= 800; spent_us++) {
		airtime.level.left_us = 800 - spent_us;
		airtime.level.left_urgent_us = 1000;
		unsigned step = report_airtime_step(&airtime);
		steps += step != before;
		before = step;
	}
	assert_int_equal(steps, 11);
	for (int64_t left_us = 1000; left_us >= 0; left_us--) {
		airtime.level.left_urgent_us = left_us;
		unsigned step = report_airtime_step(&airtime);
		steps += step != before;
		before = step;
	}
	assert_int_equal(steps, 21);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_headquarters),
	    cmocka_unit_test(test_without_limit),
	    cmocka_unit_test(test_base),
	    cmocka_unit_test(test_steps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
