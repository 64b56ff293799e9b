/* Whom other gateways heard: the best one first, and each with room of its own. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/neighbours.h"

enum { MINUTE = 60000 };

struct rig {
	struct neighbours_settings settings;
	struct counters *counters;
	struct neighbours *neighbours;
};

static void set_up(struct rig *rig, const char *const *gateways)
{
	rig->settings = (struct neighbours_settings){true, 2 * MINUTE, 5 * MINUTE, gateways};
	rig->counters = counters_new();
	rig->neighbours = neighbours_new(&rig->settings, "base1", rig->counters);
	assert_non_null(rig->neighbours);
}

static void tear_down(struct rig *rig)
{
	neighbours_free(rig->neighbours);
	counters_free(rig->counters);
}

static unsigned count(const struct rig *rig, const char *name)
{
	return (unsigned)counters_get(rig->counters, "neighbours", name)->value;
}

static void hear(struct rig *rig, const char *gateway, const char *station, int hops, double rssi_dbm, int64_t now_ms)
{
	struct message_heard heard = {.hops = hops, .rssi_dbm = rssi_dbm, .snr_db = NAN};
	neighbours_heard(rig->neighbours, gateway, station, &heard, now_ms);
}

static void see(struct rig *rig, const char *gateway, int64_t now_ms)
{
	neighbours_state(rig->neighbours, gateway, true, 1, now_ms);
}

static void expect(const struct rig *rig, const char *station, int64_t now_ms, const char *wanted)
{
	struct reach_way ways[NEIGHBOURS_MAX];
	char found[256] = "";
	size_t used = 0, ways_count = neighbours_ways(rig->neighbours, station, false, now_ms, ways, NEIGHBOURS_MAX);
	for (size_t i = 0; i < ways_count; i++)
		used += (size_t)snprintf(found + used, sizeof(found) - used, "%s ",
					 neighbours_name(rig->neighbours, ways[i].number));
	assert_string_equal(found, wanted);
}

static void test_best_first(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, NULL);
	expect(&rig, "f-17", 1000, "");
	hear(&rig, "base2", "f-17", 0, -110, 1000);
	hear(&rig, "base3", "f-17", 0, -80, 2000);
	hear(&rig, "base4", "f-17", 1, -40, 3000);
	hear(&rig, "base5", "f-17", -1, NAN, 4000);
	hear(&rig, "base5", "f-18", 0, -70, 4000);
	expect(&rig, "f-17", 5000, "base3 base2 base4 base5 ");
	expect(&rig, "f-18", 5000, "base5 ");
	hear(&rig, "base2", "f-17", 0, -70, 6000);
	expect(&rig, "f-17", 6000, "base2 base3 base4 base5 ");
	see(&rig, "base2", 6000), see(&rig, "base3", 6000), see(&rig, "base4", 6000), see(&rig, "base5", 6000);
	/* What is older than ten minutes is no way. */
	expect(&rig, "f-17", 2000 + 10 * MINUTE, "base2 base3 base4 base5 ");
	expect(&rig, "f-17", 2001 + 10 * MINUTE, "base2 base4 base5 ");
	expect(&rig, "f-17", 60 * MINUTE, "");
	struct reach_way one;
	assert_int_equal(neighbours_ways(rig.neighbours, "f-17", false, 6000, &one, 1), 1);
	assert_true(one.rssi_dbm == -70 && one.hops == 0 && one.heard_ms == 6000);
	assert_int_equal(neighbours_number(rig.neighbours, "base2"), one.number);
	assert_int_equal(neighbours_number(rig.neighbours, "base9"), -1);
	assert_string_equal(neighbours_name(rig.neighbours, 99), "");
	tear_down(&rig);
}

static void test_only_those_of_the_settings(void **state)
{
	(void)state;
	static const char *const names[] = {"base2", "base4", NULL};
	struct rig rig;
	set_up(&rig, names);
	hear(&rig, "base2", "f-17", 0, -70, 1);
	hear(&rig, "base3", "f-17", 0, -60, 1);
	hear(&rig, "base1", "f-17", 0, -50, 1); /* itself, come back */
	expect(&rig, "f-17", 2, "base2 ");
	assert_int_equal(count(&rig, "heard"), 1);
	assert_int_equal(count(&rig, "drop.stranger"), 1);
	assert_int_equal(count(&rig, "drop.own"), 1);
	assert_true(neighbours_trusts(rig.neighbours, "base4"));
	assert_false(neighbours_trusts(rig.neighbours, "base3"));
	assert_false(neighbours_trusts(rig.neighbours, "base1"));
	assert_false(neighbours_trusts(rig.neighbours, ""));
	rig.settings.enabled = false;
	assert_false(neighbours_trusts(rig.neighbours, "base2"));
	assert_false(neighbours_tells(rig.neighbours, "f-17", 1));
	tear_down(&rig);
}

static void test_none_pushes_out_what_another_said(void **state)
{
	(void)state;
	struct rig rig;
	char name[32];
	set_up(&rig, NULL);
	hear(&rig, "base2", "f-17", 0, -70, 1);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "f-%d", 1000 + i);
		hear(&rig, "base3", name, 0, 0, 2 + i);
	}
	expect(&rig, "f-17", 6000, "base2 ");
	expect(&rig, "f-1000", 6000, "");
	expect(&rig, "f-5999", 6000, "base3 ");
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "fake%d", i);
		hear(&rig, name, "f-17", 0, 0, 7000 + i);
	}
	assert_int_equal(count(&rig, "drop.too_many"), 40 - (NEIGHBOURS_MAX - 2));
	assert_true(neighbours_number(rig.neighbours, "base2") >= 0);
	/* Whoever was silent for an hour gives way. */
	hear(&rig, "base9", "f-18", 0, -70, 61 * MINUTE);
	see(&rig, "base9", 61 * MINUTE);
	expect(&rig, "f-18", 61 * MINUTE, "base9 ");
	assert_int_equal(neighbours_number(rig.neighbours, "base2"), -1);
	hear(&rig, "a-name-that-is-longer-than-any-gateway-has", "f-18", 0, -70, 62 * MINUTE);
	expect(&rig, "f-18", 62 * MINUTE, "base9 ");
	tear_down(&rig);
}

static void test_who_has_gone_is_no_way(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, NULL);
	hear(&rig, "base2", "f-17", 0, -70, 1000);
	hear(&rig, "base3", "f-17", 0, -80, 1000);
	assert_int_equal(neighbours_state(rig.neighbours, "base2", true, 5, 1100), NEIGHBOUR_NO_NEWS);
	assert_int_equal(neighbours_state(rig.neighbours, "base3", true, 9, 1100), NEIGHBOUR_NO_NEWS);
	expect(&rig, "f-17", 2000, "base2 base3 ");
	assert_int_equal(neighbours_state(rig.neighbours, "base2", false, 5, 2000), NEIGHBOUR_LEFT);
	assert_int_equal(neighbours_state(rig.neighbours, "base2", false, 5, 2001), NEIGHBOUR_NO_NEWS);
	expect(&rig, "f-17", 2002, "base3 ");
	assert_false(neighbours_is_there(rig.neighbours, "base2", 2002));
	assert_true(neighbours_is_away(rig.neighbours, "base2"));
	/* What it reported before it went does not bring it back. */
	hear(&rig, "base2", "f-17", 0, -60, 2003);
	expect(&rig, "f-17", 2004, "base3 ");
	struct reach_way ways[NEIGHBOURS_MAX];
	assert_int_equal(neighbours_ways(rig.neighbours, "f-17", true, 2004, ways, NEIGHBOURS_MAX), 2);
	assert_int_equal(neighbours_state(rig.neighbours, "base2", true, 6, 3000), NEIGHBOUR_BACK);
	expect(&rig, "f-17", 3001, "base2 base3 ");
	/* The broker says late that its last run has ended; then that this one has; a lost disk begins to count anew. */
	assert_int_equal(neighbours_state(rig.neighbours, "base2", false, 5, 3002), NEIGHBOUR_NO_NEWS);
	assert_true(neighbours_is_there(rig.neighbours, "base2", 3003));
	assert_int_equal(neighbours_state(rig.neighbours, "base2", false, 6, 3004), NEIGHBOUR_LEFT);
	assert_int_equal(neighbours_state(rig.neighbours, "base2", true, 1, 3005), NEIGHBOUR_BACK);
	assert_int_equal(neighbours_state(rig.neighbours, "base2", false, 1, 3006), NEIGHBOUR_LEFT);
	tear_down(&rig);
}

static void test_who_does_not_say_that_it_is_there(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, NULL);
	hear(&rig, "base2", "f-17", 0, -70, 1000);
	expect(&rig, "f-17", 30999, "base2 ");
	expect(&rig, "f-17", 31000, "");
	assert_int_equal(count(&rig, "drop.unseen"), 0);
	hear(&rig, "base2", "f-17", 0, -70, 40000);
	expect(&rig, "f-17", 40001, "");
	assert_int_equal(count(&rig, "drop.unseen"), 1);
	assert_false(neighbours_is_away(rig.neighbours, "base2"));
	assert_int_equal(neighbours_state(rig.neighbours, "base2", true, 5, 40002), NEIGHBOUR_NO_NEWS);
	expect(&rig, "f-17", 100000, "base2 ");
	/* Without a broker, half a minute more; and then as the next one says. */
	neighbours_lost_sight(rig.neighbours, 100000);
	neighbours_lost_sight(rig.neighbours, 110000);
	expect(&rig, "f-17", 129999, "base2 ");
	expect(&rig, "f-17", 130000, "");
	assert_int_equal(neighbours_state(rig.neighbours, "base2", true, 5, 140000), NEIGHBOUR_NO_NEWS);
	expect(&rig, "f-17", 140001, "base2 ");
	neighbours_lost_sight(rig.neighbours, 150000);
	assert_int_equal(neighbours_state(rig.neighbours, "base2", false, 5, 150001), NEIGHBOUR_LEFT);
	/* It stays gone while there is no broker to say so. */
	neighbours_lost_sight(rig.neighbours, 150002);
	expect(&rig, "f-17", 150003, "");
	assert_int_equal(neighbours_state(rig.neighbours, "base2", false, 5, 160000), NEIGHBOUR_LEFT);
	assert_false(neighbours_is_there(rig.neighbours, "nobody", 1));
	assert_false(neighbours_is_there(rig.neighbours, "", 1));
	tear_down(&rig);
}

static void test_states_take_no_place_from_those_who_report(void **state)
{
	(void)state;
	static const char *const names[] = {"base2", "base3", NULL};
	struct rig rig;
	char name[32];
	set_up(&rig, names);
	assert_int_equal(neighbours_state(rig.neighbours, "base9", false, 1, 1), NEIGHBOUR_NO_NEWS);
	assert_int_equal(neighbours_state(rig.neighbours, "base1", false, 1, 1), NEIGHBOUR_NO_NEWS);
	tear_down(&rig);
	set_up(&rig, NULL);
	/* What a broker still keeps of gateways that are no more. */
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "old%d", i);
		assert_int_equal(neighbours_state(rig.neighbours, name, false, 1, i), NEIGHBOUR_LEFT);
	}
	assert_int_equal(neighbours_state(rig.neighbours, "base2", true, 1, 50), NEIGHBOUR_NO_NEWS);
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "old%d", i);
		neighbours_state(rig.neighbours, name, false, 1, 60 + i);
	}
	hear(&rig, "base2", "f-17", 0, -70, 100);
	expect(&rig, "f-17", 60000, "base2 ");
	assert_int_equal(count(&rig, "drop.too_many"), 0);
	tear_down(&rig);
}

static void test_the_others_are_told_now_and_then(void **state)
{
	(void)state;
	struct rig rig;
	char name[32];
	set_up(&rig, NULL);
	assert_true(neighbours_tells(rig.neighbours, "f-17", 1000));
	assert_false(neighbours_tells(rig.neighbours, "f-17", 1001));
	assert_true(neighbours_tells(rig.neighbours, "f-18", 1001));
	assert_false(neighbours_tells(rig.neighbours, "f-17", 1000 + 5 * MINUTE - 1));
	assert_true(neighbours_tells(rig.neighbours, "f-17", 1000 + 5 * MINUTE));
	assert_false(neighbours_tells(rig.neighbours, "", 1));
	assert_false(neighbours_tells(rig.neighbours, "a-name-longer-than-a-station-has", 1));
	/* A radio that is flooded with names costs the line one report a second. */
	unsigned told = 0;
	for (int i = 0; i < 6000; i++) {
		snprintf(name, sizeof(name), "x-%d", i);
		told += neighbours_tells(rig.neighbours, name, 20 * MINUTE + i * 10);
	}
	assert_in_range(told, 88, 91); /* 30 at once, and one in each of 60 s */
	assert_int_equal(count(&rig, "drop.untold"), 6000 - told);
	tear_down(&rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_best_first),
	    cmocka_unit_test(test_only_those_of_the_settings),
	    cmocka_unit_test(test_none_pushes_out_what_another_said),
	    cmocka_unit_test(test_who_has_gone_is_no_way),
	    cmocka_unit_test(test_who_does_not_say_that_it_is_there),
	    cmocka_unit_test(test_states_take_no_place_from_those_who_report),
	    cmocka_unit_test(test_the_others_are_told_now_and_then),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
