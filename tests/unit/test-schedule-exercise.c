/* Exercises and tests never delay anything Actual, whatever their class, and keep the order of service among themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/schedule.h"

static struct entry *make_exercise(enum message_class class)
{
	struct entry_parts parts = {.class = class,
				    .kind = KIND_TEXT,
				    .outlet = "uplink",
				    .id = "id",
				    .station = "E",
				    .topic = "exercise/t",
				    .payload = "{}",
				    .payload_size = 2,
				    .accepted_at_ms = (int64_t)next_row + 1000};
	struct entry *entry = entry_new(&parts, next_row++);
	assert_non_null(entry);
	assert_true(entry->exercise);
	return entry;
}

static void even_distress_waits_for_actual_bulk(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	schedule_put(schedule, make_exercise(CLASS_DISTRESS)); /* row 0 */
	put_many(schedule, CLASS_BULK, "A", 2);                /* rows 1 and 2 */
	assert_false(schedule_ready(schedule, CLASS_DISTRESS, CLASS_URGENT));
	assert_null(schedule_take(schedule, CLASS_DISTRESS, CLASS_URGENT, 0));
	assert_taken(schedule, 1);
	assert_taken(schedule, 2);
	assert_true(schedule_ready(schedule, CLASS_DISTRESS, CLASS_URGENT));
	schedule_put(schedule, make(CLASS_BULK, "A")); /* row 3 came before it was taken */
	assert_taken(schedule, 3);
	assert_taken(schedule, 0);
	assert_empty(schedule);
	schedule_free(schedule);
}

static void their_own_order_is_the_same(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	schedule_put(schedule, make_exercise(CLASS_ROUTINE));
	schedule_put(schedule, make_exercise(CLASS_URGENT));
	schedule_put(schedule, make_exercise(CLASS_DISTRESS));
	assert_taken(schedule, 2);
	assert_taken(schedule, 1);
	assert_taken(schedule, 0);
	schedule_free(schedule);
}

/* A flood of an exercise must not push Actual ones over the bound of their class. */
static void bounds_are_their_own(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(3 * footprint());
	put_many(schedule, CLASS_ROUTINE, "A", 3);
	for (int i = 0; i < 20; i++)
		schedule_put(schedule, make_exercise(CLASS_ROUTINE));
	assert_true(dropped.over_bound > 0);
	for (uint64_t row = 0; row < 3; row++) {
		assert_false(dropped.saw[row]);
		assert_taken(schedule, row);
	}
	schedule_free(schedule);
}

static void held_and_removed_like_others(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	struct entry *entry = make_exercise(CLASS_URGENT);
	schedule_hold(schedule, entry, 5000);
	assert_int_equal(schedule_level(schedule, CLASS_URGENT).held, 1);
	assert_null(schedule_take(schedule, CLASS_DISTRESS, CLASS_BULK, 0));
	assert_int_equal(schedule_tick(schedule, 5000), 1);
	assert_int_equal(schedule_level(schedule, CLASS_URGENT).entries, 1);
	assert_true(schedule_remove(schedule, entry));
	entry_unref(entry);
	assert_empty(schedule);
	schedule_free(schedule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(even_distress_waits_for_actual_bulk),
	    cmocka_unit_test(their_own_order_is_the_same),
	    cmocka_unit_test(bounds_are_their_own),
	    cmocka_unit_test(held_and_removed_like_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
