/* What leaves the schedule unserved, or later: bounds, expiry, held entries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/support/schedule.h"

static void safety_and_routine_drop_oldest(void **state)
{
	(void)state;
	for (enum message_class class = CLASS_SAFETY; class <= CLASS_ROUTINE; class += 1) {
		struct schedule *schedule = start_schedule(4 * footprint());
		put_many(schedule, class, "B", 1); /* row 0 */
		put_many(schedule, class, "A", 2);
		put_many(schedule, class, "B", 1);
		assert_int_equal(dropped.over_bound, 0);
		put_many(schedule, class, "C", 2);
		assert_int_equal(dropped.over_bound, 2);
		assert_true(dropped.saw[0] && dropped.saw[1]);
		assert_int_equal(schedule_level(schedule, class).entries, 4);
		assert_int_equal(schedule_level(schedule, class).oldest_ms, 1002);
		schedule_free(schedule);
	}
}

static void distress_and_urgent_are_never_dropped(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(1);
	put_many(schedule, CLASS_DISTRESS, "A", 200);
	put_many(schedule, CLASS_URGENT, "A", 200);
	assert_int_equal(dropped.over_bound + dropped.replaced, 0);
	assert_int_equal(schedule_level(schedule, CLASS_DISTRESS).entries, 200);
	assert_int_equal(schedule_level(schedule, CLASS_URGENT).entries, 200);
	schedule_free(schedule);
}

static void bulk_keeps_newest_of_station_and_kind(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(5 * footprint());
	schedule_put(schedule, make_full(CLASS_BULK, "A", KIND_TELEMETRY, 100, 0)); /* 0: its only telemetry */
	schedule_put(schedule, make_full(CLASS_BULK, "A", KIND_POSITION, 100, 0));  /* 1 */
	schedule_put(schedule, make_full(CLASS_BULK, "B", KIND_POSITION, 100, 0));  /* 2 */
	schedule_put(schedule, make_full(CLASS_BULK, "A", KIND_POSITION, 100, 0));  /* 3 replaces 1 */
	schedule_put(schedule, make_full(CLASS_BULK, "B", KIND_POSITION, 100, 0));  /* 4 replaces 2 */
	schedule_put(schedule, make_full(CLASS_BULK, "C", KIND_POSITION, 100, 0));  /* 5 */
	assert_true(dropped.replaced == 1 && dropped.last_row == 1);
	schedule_put(schedule, make_full(CLASS_BULK, "D", KIND_POSITION, 100, 0)); /* 6 */
	assert_true(dropped.replaced == 2 && dropped.last_row == 2);
	schedule_put(schedule, make_full(CLASS_BULK, "E", KIND_POSITION, 100, 0)); /* 7: all are the newest now */
	assert_true(dropped.over_bound == 1 && dropped.last_row == 0);
	schedule_free(schedule);
}

static void oversized_entry_goes_itself(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(3 * footprint());
	put_many(schedule, CLASS_ROUTINE, "A", 3);
	schedule_put(schedule, make_full(CLASS_ROUTINE, "A", KIND_TEXT, 4096, 0));
	assert_int_equal(dropped.over_bound, 1);
	assert_int_equal(schedule_level(schedule, CLASS_ROUTINE).entries, 3);
	schedule_free(schedule);
}

static void held_ones_count_for_the_bound(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(3 * footprint());
	next_row = 0;
	schedule_hold(schedule, make(CLASS_ROUTINE, "A"), 1000);
	put_many(schedule, CLASS_ROUTINE, "B", 2);
	assert_int_equal(dropped.over_bound, 0);
	put_many(schedule, CLASS_ROUTINE, "B", 1);
	assert_true(dropped.over_bound == 1 && dropped.last_row == 0);
	assert_int_equal(schedule_level(schedule, CLASS_ROUTINE).held, 0);
	schedule_free(schedule);
}

static void expiry_deep_in_the_queue(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	schedule_put(schedule, make_full(CLASS_ROUTINE, "A", KIND_TEXT, 10, 0));
	schedule_put(schedule, make_full(CLASS_ROUTINE, "A", KIND_TEXT, 10, 500));
	schedule_put(schedule, make_full(CLASS_ROUTINE, "A", KIND_TEXT, 10, 900));
	schedule_put(schedule, make_full(CLASS_BULK, "B", KIND_TEXT, 10, 500));
	assert_int_equal(schedule_tick(schedule, 499), 0);
	assert_int_equal(schedule_tick(schedule, 500), 2);
	assert_int_equal(dropped.expired, 2);
	assert_true(dropped.saw[1] && dropped.saw[3]);
	assert_int_equal(schedule_tick(schedule, 899), 0);
	assert_int_equal(schedule_tick(schedule, 900), 1);
	assert_taken(schedule, 0);
	assert_empty(schedule);
	schedule_free(schedule);
}

static void expired_ones_leave_at_take(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	schedule_put(schedule, make_full(CLASS_DISTRESS, "A", KIND_TEXT, 10, 100));
	schedule_put(schedule, make_full(CLASS_BULK, "A", KIND_TEXT, 10, 100));
	schedule_put(schedule, make_full(CLASS_BULK, "A", KIND_TEXT, 10, 200));
	struct entry *entry = schedule_take(schedule, CLASS_DISTRESS, CLASS_BULK, 150);
	assert_int_equal(entry->row, 2);
	entry_unref(entry);
	assert_int_equal(dropped.expired, 2);
	assert_empty(schedule);
	schedule_free(schedule);
}

static void held_come_back_in_their_place(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	struct entry *first = make(CLASS_ROUTINE, "A");
	struct entry *second = make(CLASS_ROUTINE, "A");
	schedule_put(schedule, make(CLASS_ROUTINE, "A")); /* 2 */
	schedule_hold(schedule, second, 2000);
	schedule_hold(schedule, first, 2000);
	struct schedule_level level = schedule_level(schedule, CLASS_ROUTINE);
	assert_true(level.entries == 3 && level.held == 2 && level.oldest_ms == 1000);
	assert_int_equal(schedule_tick(schedule, 1999), 0);
	assert_int_equal(schedule_tick(schedule, 2000), 2);
	for (uint64_t row = 0; row < 3; row++)
		assert_taken(schedule, row);
	assert_empty(schedule);
	schedule_free(schedule);
}

static void held_expire(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	schedule_hold(schedule, make_full(CLASS_ROUTINE, "A", KIND_TEXT, 10, 300), 1000);
	assert_false(schedule_ready(schedule, CLASS_DISTRESS, CLASS_BULK));
	assert_int_equal(schedule_tick(schedule, 299), 0);
	assert_int_equal(schedule_tick(schedule, 300), 1);
	assert_int_equal(dropped.expired, 1);
	assert_empty(schedule);
	schedule_free(schedule);
}

static void ten_thousand_stations(void **state)
{
	(void)state;
	char station[16];
	struct schedule *schedule = start_schedule(5000 * (footprint() + 4));
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(station, sizeof(station), "S%04u", i);
		put_many(schedule, CLASS_BULK, station, 1);
	}
	size_t left = schedule_level(schedule, CLASS_BULK).entries;
	assert_int_equal(left + dropped.over_bound, 10000);
	assert_int_equal(left, 5000);
	assert_int_equal(dropped.last_row, next_row - 5001);
	for (uint64_t row = next_row - 5000; row < next_row; row++)
		assert_taken(schedule, row);
	assert_empty(schedule);
	schedule_free(schedule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(safety_and_routine_drop_oldest),
	    cmocka_unit_test(distress_and_urgent_are_never_dropped),
	    cmocka_unit_test(bulk_keeps_newest_of_station_and_kind),
	    cmocka_unit_test(oversized_entry_goes_itself),
	    cmocka_unit_test(held_ones_count_for_the_bound),
	    cmocka_unit_test(expiry_deep_in_the_queue),
	    cmocka_unit_test(expired_ones_leave_at_take),
	    cmocka_unit_test(held_come_back_in_their_place),
	    cmocka_unit_test(held_expire),
	    cmocka_unit_test(ten_thousand_stations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
