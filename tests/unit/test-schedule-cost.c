/* Shares in a unit of the outlet's own, looking at the next one without taking it, borrowing, and coming back with more to send. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/schedule.h"

static void let_go(void *context, struct entry *entry, const char *reason)
{
	(void)context, (void)reason;
	entry_unref(entry);
}

/* Airtime that has nothing to do with bytes: SAFETY is long on the air, ROUTINE short, BULK between. */
static size_t airtime_us(void *context, const struct entry *entry)
{
	static const size_t airtime[CLASS_COUNT] = {1, 1, 900000, 200000, 450000};
	++*(size_t *)context;
	return airtime[entry->class];
}

static struct schedule *start_in_airtime(size_t *asked)
{
	struct schedule_settings settings = {
	    .weight = {0, 0, 6, 3, 1}, .cost = airtime_us, .cost_context = asked, .quantum = 2000};
	next_row = 0;
	struct schedule *schedule = schedule_new(&settings, let_go, NULL);
	assert_non_null(schedule);
	return schedule;
}

static void shares_are_in_the_unit_of_cost(void **state)
{
	(void)state;
	size_t asked = 0, used[CLASS_COUNT] = {0}, total = 0;
	struct schedule *schedule = start_in_airtime(&asked);
	for (enum message_class class = CLASS_SAFETY; class <= CLASS_BULK; class += 1)
		put_many(schedule, class, "A", 2);
	while (total < 2000000000) {
		struct entry *entry = schedule_take(schedule, CLASS_DISTRESS, CLASS_BULK, 0);
		size_t cost = airtime_us(&asked, entry);
		used[entry->class] += cost;
		total += cost;
		schedule_put(schedule, make(entry->class, "A"));
		entry_unref(entry);
	}
	assert_in_range(used[CLASS_SAFETY] * 1000 / total, 595, 605);
	assert_in_range(used[CLASS_ROUTINE] * 1000 / total, 295, 305);
	assert_in_range(used[CLASS_BULK] * 1000 / total, 95, 105);
	schedule_free(schedule);
}

/* The cost may be dear to find: it is asked for once for each class, however many rounds a long frame waits. */
static void cost_is_asked_for_sparingly(void **state)
{
	(void)state;
	size_t asked = 0;
	struct schedule *schedule = start_in_airtime(&asked);
	for (enum message_class class = CLASS_SAFETY; class <= CLASS_BULK; class += 1)
		put_many(schedule, class, "A", 10);
	entry_unref(schedule_take(schedule, CLASS_DISTRESS, CLASS_BULK, 0));
	assert_int_equal(asked, 3);
	schedule_free(schedule);
}

static void peeking_chooses_what_is_taken(void **state)
{
	(void)state;
	size_t asked = 0;
	struct schedule *one = start_in_airtime(&asked);
	unsigned short dice[3] = {1, 6, 1};
	struct schedule *other = start_in_airtime(&asked);
	for (size_t i = 0; i < 2000; i++) {
		enum message_class class = (enum message_class)(nrand48(dice) % CLASS_COUNT);
		const char *station = nrand48(dice) % 2 ? "A" : "B";
		schedule_put(one, make(class, station));
		next_row--;
		schedule_put(other, make(class, station));
		if (nrand48(dice) % 4 == 0)
			continue;
		/* Looked at three times in one of them, never in the other: both serve the same. */
		struct entry *seen = NULL;
		for (size_t look = 0; look < 3; look++)
			seen = schedule_peek(one, CLASS_DISTRESS, CLASS_BULK, 0);
		struct entry *taken = schedule_take(one, CLASS_DISTRESS, CLASS_BULK, 0);
		struct entry *expected = schedule_take(other, CLASS_DISTRESS, CLASS_BULK, 0);
		assert_ptr_equal(taken, seen);
		assert_int_equal(taken->row, expected->row);
		entry_unref(taken);
		entry_unref(expected);
	}
	schedule_free(one);
	schedule_free(other);
}

static void peeking_lets_expired_ones_go(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	schedule_put(schedule, make_full(CLASS_ROUTINE, "A", KIND_TEXT, 10, 500));
	schedule_put(schedule, make_full(CLASS_ROUTINE, "A", KIND_TEXT, 10, 1500));
	assert_int_equal(schedule_peek(schedule, CLASS_DISTRESS, CLASS_BULK, 1000)->row, 1);
	assert_int_equal(dropped.expired, 1);
	assert_null(schedule_peek(schedule, CLASS_DISTRESS, CLASS_BULK, 1500));
	assert_null(schedule_front(schedule, CLASS_ROUTINE, 1500));
	assert_null(schedule_take_front(schedule, CLASS_ROUTINE, true, 1500));
	assert_int_equal(dropped.expired, 2);
	assert_empty(schedule);
	schedule_free(schedule);
}

/* What SAFETY takes ahead of its turn on credit is paid for: in the long run the shares are the same. */
static void borrowed_is_paid_back(void **state)
{
	(void)state;
	size_t asked = 0, used[CLASS_COUNT] = {0}, total = 0, borrowed = 0;
	struct schedule *schedule = start_in_airtime(&asked);
	for (enum message_class class = CLASS_SAFETY; class <= CLASS_BULK; class += 1)
		put_many(schedule, class, "A", 2);
	while (total < 2000000000) {
		bool owes = schedule_owes(schedule, CLASS_SAFETY);
		struct entry *entry = owes ? schedule_take(schedule, CLASS_DISTRESS, CLASS_BULK, 0)
					   : schedule_take_front(schedule, CLASS_SAFETY, true, 0);
		borrowed += !owes;
		used[entry->class] += airtime_us(&asked, entry);
		total += airtime_us(&asked, entry);
		schedule_put(schedule, make(entry->class, "A"));
		entry_unref(entry);
	}
	assert_true(borrowed > 500);
	assert_in_range(used[CLASS_SAFETY] * 1000 / total, 595, 605);
	schedule_free(schedule);
}

/* A class that has nothing more to send pays all the same while the others take their turns, and no more than it owes. */
static void idle_class_pays_too(void **state)
{
	(void)state;
	size_t asked = 0;
	struct schedule *schedule = start_in_airtime(&asked);
	put_many(schedule, CLASS_SAFETY, "A", 1);
	put_many(schedule, CLASS_ROUTINE, "A", 10);
	entry_unref(schedule_take_front(schedule, CLASS_SAFETY, true, 0));
	assert_true(schedule_owes(schedule, CLASS_SAFETY));
	/* 900 ms against weight 6 are 450 ms against weight 3: the third frame of 200 ms. */
	for (size_t i = 0; i < 2; i++)
		entry_unref(schedule_take(schedule, CLASS_DISTRESS, CLASS_BULK, 0));
	assert_true(schedule_owes(schedule, CLASS_SAFETY));
	entry_unref(schedule_take(schedule, CLASS_DISTRESS, CLASS_BULK, 0));
	assert_false(schedule_owes(schedule, CLASS_SAFETY));
	schedule_free(schedule);
}

static void front_counts_for_nothing(void **state)
{
	(void)state;
	size_t asked = 0;
	struct schedule *schedule = start_in_airtime(&asked);
	put_many(schedule, CLASS_SAFETY, "A", 5);
	assert_int_equal(schedule_front(schedule, CLASS_SAFETY, 0)->row, 0);
	entry_unref(schedule_take_front(schedule, CLASS_SAFETY, false, 0));
	assert_false(schedule_owes(schedule, CLASS_SAFETY));
	assert_null(schedule_front(schedule, CLASS_BULK, 0));
	schedule_free(schedule);
}

static void exercises_are_no_front_while_anything_waits(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	struct entry *exercise = make(CLASS_SAFETY, "A");
	exercise->exercise = true;
	schedule_put(schedule, exercise);
	put_many(schedule, CLASS_BULK, "B", 1);
	assert_null(schedule_front(schedule, CLASS_SAFETY, 0));
	assert_null(schedule_take_front(schedule, CLASS_SAFETY, false, 0));
	assert_taken(schedule, 1);
	assert_int_equal(schedule_front(schedule, CLASS_SAFETY, 0)->row, 0);
	schedule_free(schedule);
}

/* Eight fragments of one station alternate with what another has to send. */
static void returned_ones_take_turns(void **state)
{
	(void)state;
	static const uint64_t expected[] = {0, 2, 0, 3, 0, 4, 0, 5, 0, 0, 0, 0, 1};
	struct schedule *schedule = start_schedule(0);
	put_many(schedule, CLASS_ROUTINE, "A", 2);
	put_many(schedule, CLASS_ROUTINE, "B", 4);
	size_t left = 8;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		struct entry *entry = schedule_take(schedule, CLASS_DISTRESS, CLASS_BULK, 0);
		assert_int_equal(entry->row, expected[i]);
		if (entry->row == 0 && --left > 0)
			schedule_return(schedule, entry);
		else
			entry_unref(entry);
	}
	assert_empty(schedule);
	schedule_free(schedule);
}

/* A station whose only message comes back is behind one that joined meanwhile. */
static void returned_alone_is_behind_newcomers(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	put_many(schedule, CLASS_ROUTINE, "A", 1);
	struct entry *entry = schedule_take(schedule, CLASS_DISTRESS, CLASS_BULK, 0);
	put_many(schedule, CLASS_ROUTINE, "B", 2);
	schedule_return(schedule, entry);
	assert_taken(schedule, 1);
	assert_taken(schedule, 0);
	assert_taken(schedule, 2);
	schedule_free(schedule);
}

struct seen {
	size_t waiting, held;
	int64_t until_ms;
};

static bool see_waiting(void *context, const struct entry *entry)
{
	(void)entry;
	((struct seen *)context)->waiting++;
	return true;
}

static bool see_held(void *context, const struct entry *entry, int64_t until_ms)
{
	struct seen *seen = context;
	assert_int_equal(entry->row, 2);
	seen->held++;
	seen->until_ms = until_ms;
	return true;
}

static void held_ones_are_told_apart(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	struct seen seen = {0};
	assert_int_equal(schedule_due_ms(schedule), INT64_MAX);
	put_many(schedule, CLASS_BULK, "A", 2);
	schedule_hold(schedule, make(CLASS_SAFETY, "A"), 700);
	schedule_each_waiting(schedule, see_waiting, &seen);
	schedule_each_held(schedule, see_held, &seen);
	assert_int_equal(seen.waiting, 2);
	assert_int_equal(seen.held, 1);
	assert_int_equal(seen.until_ms, 700);
	assert_int_equal(schedule_due_ms(schedule), 700);
	assert_int_equal(schedule_tick(schedule, 700), 1);
	assert_int_equal(schedule_due_ms(schedule), INT64_MAX);
	schedule_free(schedule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(shares_are_in_the_unit_of_cost),
	    cmocka_unit_test(cost_is_asked_for_sparingly),
	    cmocka_unit_test(peeking_chooses_what_is_taken),
	    cmocka_unit_test(peeking_lets_expired_ones_go),
	    cmocka_unit_test(borrowed_is_paid_back),
	    cmocka_unit_test(idle_class_pays_too),
	    cmocka_unit_test(front_counts_for_nothing),
	    cmocka_unit_test(exercises_are_no_front_while_anything_waits),
	    cmocka_unit_test(returned_ones_take_turns),
	    cmocka_unit_test(returned_alone_is_behind_newcomers),
	    cmocka_unit_test(held_ones_are_told_apart),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
