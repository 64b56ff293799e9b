/* Which outlet reaches a station best. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "gateway/reach.h"

static void hear(struct reach *reach, const char *station, unsigned way, int hops, double rssi_dbm, int64_t now_ms)
{
	struct message_heard heard = {.hops = hops, .rssi_dbm = rssi_dbm, .snr_db = NAN};
	reach_heard(reach, station, way, &heard, now_ms);
}

static void expect(const struct reach *reach, const char *station, int64_t now_ms, const char *wanted)
{
	unsigned ways[REACH_WAYS_MAX];
	char found[64] = "";
	size_t count = reach_ways(reach, station, now_ms, ways, REACH_WAYS_MAX), used = 0;
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(found + used, sizeof(found) - used, "%u ", ways[i]);
	assert_string_equal(found, wanted);
}

static void test_best_of_the_fresh(void **state)
{
	(void)state;
	struct reach *reach = reach_new(8);
	expect(reach, "f-17", 0, "");
	hear(reach, "f-17", 0, 0, -110, 1000);
	hear(reach, "f-17", 1, 0, -80, 2000);
	hear(reach, "f-17", 2, 1, -40, 3000);  /* over a relay */
	hear(reach, "f-17", 3, -1, NAN, 4000); /* nobody knows how */
	hear(reach, "f-18", 5, 0, -50, 5000);
	expect(reach, "f-17", 5000, "1 0 2 3 ");
	expect(reach, "f-18", 5000, "5 ");
	hear(reach, "f-17", 0, 0, -70, 6000); /* it moved */
	expect(reach, "f-17", 6000, "0 1 2 3 ");
	reach_free(reach);
}

static void test_the_later_of_the_old(void **state)
{
	(void)state;
	struct reach *reach = reach_new(8);
	hear(reach, "f-17", 0, 0, -40, 0);
	hear(reach, "f-17", 1, 2, -120, 700000);
	expect(reach, "f-17", 700000, "1 0 ");
	expect(reach, "f-17", 5000000, "1 0 ");
	reach_free(reach);
}

static void test_bounds(void **state)
{
	(void)state;
	struct reach *reach = reach_new(2);
	hear(reach, "a", 0, 0, -40, 1);
	hear(reach, "b", 0, 0, -40, 2);
	hear(reach, "a", 0, 0, -40, 3);
	hear(reach, "c", 0, 0, -40, 4); /* b was heard of longest ago */
	expect(reach, "a", 5, "0 ");
	expect(reach, "b", 5, "");
	expect(reach, "c", 5, "0 ");
	hear(reach, "", 0, 0, -40, 6);
	expect(reach, "", 6, "");
	for (unsigned way = 0; way < 20; way++)
		hear(reach, "a", way, 0, -40, 10 + way);
	expect(reach, "a", 40, "19 18 17 16 15 14 13 12 ");
	unsigned ways[2];
	assert_int_equal(reach_ways(reach, "a", 40, ways, 2), 2);
	assert_int_equal(ways[0], 19);
	reach_free(reach);
}

static void test_networks(void **state)
{
	(void)state;
	assert_true(reach_speaks("field", "f-17"));
	assert_false(reach_speaks("aprs", "f-17"));
	assert_true(reach_speaks("aprs", "N0CALL-7"));
	assert_false(reach_speaks("field", "N0CALL-7"));
	assert_true(reach_speaks("meshtastic", "mt-0a1b2c3d"));
	assert_true(reach_speaks("meshcore", "mc-a1b2c3d4e5f6"));
	assert_false(reach_speaks("meshcore", "mt-0a1b2c3d"));
	assert_true(reach_speaks("meshcore", "channel-2"));
	assert_true(reach_speaks("meshtastic", "channel-ops"));
	assert_false(reach_speaks("field", "channel-ops"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_best_of_the_fresh),
	    cmocka_unit_test(test_the_later_of_the_old),
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_networks),
	};
	return cmocka_run_group_tests_name("reach", tests, NULL, NULL);
}
