/* When what waits for a radio will go, and why it waits: the estimate beside what then happens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/transmit_rig.h"

enum { HOUR_MS = 3600000 };

struct told {
	size_t count, stop_after;
	uint64_t row[64];
	int64_t at_ms[64];
	enum transmit_why why[64];
};

static bool note(void *context, const struct entry *entry, int64_t at_ms, enum transmit_why why)
{
	struct told *told = context;
	assert_true(told->count < 64);
	told->row[told->count] = entry->row;
	told->at_ms[told->count] = at_ms;
	told->why[told->count++] = why;
	return told->count != told->stop_after;
}

static struct told ask(const struct transmit_rig *rig)
{
	struct told told = {0};
	transmit_outlook(rig->transmit, rig->now_ms, note, &told);
	return told;
}

static void assert_told(const struct told *told, size_t index, uint64_t row, int64_t at_ms, enum transmit_why why)
{
	assert_true(index < told->count);
	assert_int_equal(told->row[index], row);
	assert_int_equal(told->at_ms[index], at_ms);
	assert_int_equal(told->why[index], why);
}

static void turns_are_told_frame_by_frame(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(0, 0, 0);
	transmit_rig_put_frames(rig, CLASS_ROUTINE, "A", 3); /* 0 */
	transmit_rig_put(rig, CLASS_ROUTINE, "A");           /* 1 */
	transmit_rig_put(rig, CLASS_ROUTINE, "B");           /* 2 */
	transmit_rig_put(rig, CLASS_ROUTINE, "B");           /* 3 */
	transmit_rig_put(rig, CLASS_URGENT, "B");            /* 4 */
	struct told told = ask(rig);
	int64_t now_ms = rig->now_ms;
	assert_int_equal(told.count, 5);
	assert_told(&told, 0, 4, now_ms, TRANSMIT_TURN);
	assert_told(&told, 1, 0, now_ms + 300, TRANSMIT_TURN);
	assert_told(&told, 2, 2, now_ms + 600, TRANSMIT_TURN);
	assert_told(&told, 3, 3, now_ms + 1200, TRANSMIT_TURN);
	assert_told(&told, 4, 1, now_ms + 1800, TRANSMIT_TURN);
	/* and so it comes: 4 0 2 0 3 0 1 */
	static const int64_t order[] = {4, 0, 2, 0, 3, 0, 1};
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(transmit_rig_send(rig), order[i]);
	transmit_rig_free(rig);
}

static void classes_share_and_exercises_are_behind(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(0, 0, 0);
	for (size_t i = 0; i < 10; i++)
		transmit_rig_put(rig, CLASS_SAFETY, "A");
	transmit_rig_put(rig, CLASS_BULK, "A");
	transmit_rig_put_exercise(rig, CLASS_DISTRESS, "A");
	struct told told = ask(rig);
	assert_int_equal(told.count, 12);
	/* One BULK frame is paid for by six of SAFETY. */
	assert_told(&told, 10, 10, rig->now_ms + 6 * 300, TRANSMIT_TURN);
	assert_told(&told, 11, 11, rig->now_ms + 11 * 300, TRANSMIT_TURN);
	transmit_rig_free(rig);
}

static void listening_is_told(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(0, 0, 0.25);
	for (size_t i = 0; i < 3; i++)
		transmit_rig_put(rig, CLASS_BULK, "A");
	assert_int_equal(transmit_rig_send(rig), 0);
	struct told told = ask(rig);
	assert_told(&told, 0, 1, rig->now_ms + 900, TRANSMIT_LISTENING);
	assert_told(&told, 1, 2, rig->now_ms + 900 + 1200, TRANSMIT_LISTENING);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(transmit_rig_wait(rig), told.row[i]);
		assert_int_equal(rig->now_ms - 300, told.at_ms[i]);
	}
	transmit_rig_free(rig);
}

/* Ten ordinary frames in any hour: the estimate for the next 25 is right to a few seconds. */
static void airtime_is_told_for_hours(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(4000000, 1000000, 0);
	for (size_t i = 0; i < 35; i++)
		transmit_rig_put(rig, CLASS_ROUTINE, "A");
	for (int64_t i = 0; i < 10; i++)
		assert_int_equal(transmit_rig_send(rig), i);
	struct told told = ask(rig);
	assert_int_equal(told.count, 25);
	for (size_t i = 0; i < 25; i++) {
		assert_int_equal(told.why[i], TRANSMIT_AIRTIME);
		assert_int_equal(transmit_rig_wait(rig), told.row[i]);
		int64_t off_ms = rig->now_ms - 300 - told.at_ms[i];
		assert_in_range(off_ms + 5000, 0, 10000);
	}
	transmit_rig_free(rig);
}

static void everything_waits_for_an_alert_that_does(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(1000000, 300000, 0);
	for (size_t i = 0; i < 4; i++)
		transmit_rig_put(rig, CLASS_DISTRESS, "A");
	for (int64_t i = 0; i < 3; i++)
		assert_int_equal(transmit_rig_send(rig), i);
	rig->airtime_us[CLASS_BULK] = 1000;
	transmit_rig_put(rig, CLASS_BULK, "A");
	struct told told = ask(rig);
	assert_int_equal(told.why[0], TRANSMIT_AIRTIME);
	assert_int_equal(told.why[1], TRANSMIT_AIRTIME);
	assert_true(told.at_ms[0] > rig->now_ms + HOUR_MS - 2000 && told.at_ms[1] >= told.at_ms[0]);
	transmit_rig_free(rig);
}

static void impossible_and_held_ones_are_told(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(1000000, 800000, 0);
	transmit_rig_put(rig, CLASS_URGENT, "A");
	transmit_rig_put(rig, CLASS_ROUTINE, "A");
	struct entry *entry = transmit_take(rig->transmit, rig->now_ms, &rig->again_ms);
	transmit_hold(rig->transmit, entry, rig->now_ms + 700);
	struct told told = ask(rig);
	assert_int_equal(told.count, 2);
	assert_told(&told, 0, 1, INT64_MAX, TRANSMIT_AIRTIME);
	assert_told(&told, 1, 0, rig->now_ms + 700, TRANSMIT_HELD);
	transmit_rig_free(rig);
}

static void telling_stops_when_asked(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(0, 0, 0);
	struct told told = {.stop_after = 2};
	transmit_outlook(rig->transmit, rig->now_ms, note, &told);
	assert_int_equal(told.count, 0);
	for (size_t i = 0; i < 5; i++)
		transmit_rig_put(rig, CLASS_BULK, "A");
	transmit_outlook(rig->transmit, rig->now_ms, note, &told);
	assert_int_equal(told.count, 2);
	transmit_rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(turns_are_told_frame_by_frame),
	    cmocka_unit_test(classes_share_and_exercises_are_behind),
	    cmocka_unit_test(listening_is_told),
	    cmocka_unit_test(airtime_is_told_for_hours),
	    cmocka_unit_test(everything_waits_for_an_alert_that_does),
	    cmocka_unit_test(impossible_and_held_ones_are_told),
	    cmocka_unit_test(telling_stops_when_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
