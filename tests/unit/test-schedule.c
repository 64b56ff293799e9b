/* The order of service: strict classes, shares, turns of stations, and that names make no difference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/schedule.h"

static void strict_classes_come_first(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	for (int class = CLASS_BULK; class >= CLASS_DISTRESS; class -= 1)
		put_many(schedule, (enum message_class) class, "A",
			 5); /* rows: BULK 0-4 ... URGENT 15-19, DISTRESS 20-24 */
	for (uint64_t row = 20; row < 23; row++)
		assert_taken(schedule, row);
	assert_taken(schedule, 23);
	assert_taken(schedule, 24);
	assert_taken(schedule, 15);
	schedule_put(schedule, make(CLASS_DISTRESS, "A")); /* row 25, in the middle of the URGENT ones */
	assert_taken(schedule, 25);
	for (uint64_t row = 16; row < 20; row++)
		assert_taken(schedule, row);
	struct entry *entry = schedule_take(schedule, CLASS_DISTRESS, CLASS_BULK, 0);
	assert_true(entry->class >= CLASS_SAFETY);
	entry_unref(entry);
	assert_false(schedule_ready(schedule, CLASS_DISTRESS, CLASS_URGENT));
	assert_true(schedule_ready(schedule, CLASS_DISTRESS, CLASS_SAFETY));
	schedule_free(schedule);
}

static void range_is_respected(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	put_many(schedule, CLASS_DISTRESS, "A", 1);
	put_many(schedule, CLASS_SAFETY, "A", 1);
	put_many(schedule, CLASS_BULK, "A", 1);
	assert_null(schedule_take(schedule, CLASS_URGENT, CLASS_URGENT, 0));
	assert_null(schedule_take(schedule, CLASS_ROUTINE, CLASS_ROUTINE, 0));
	struct entry *entry = schedule_take(schedule, CLASS_ROUTINE, CLASS_BULK, 0);
	assert_int_equal(entry->class, CLASS_BULK);
	entry_unref(entry);
	entry = schedule_take(schedule, CLASS_URGENT, CLASS_BULK, 0);
	assert_int_equal(entry->class, CLASS_SAFETY);
	entry_unref(entry);
	assert_taken(schedule, 0);
	assert_empty(schedule);
	schedule_free(schedule);
}

static void flooding_station_delays_others_by_one(void **state)
{
	(void)state;
	for (enum message_class class = 0; class < CLASS_COUNT; class += 1)
		for (size_t already_taken = 0; already_taken < 3; already_taken++) {
			struct schedule *schedule = start_schedule(0);
			put_many(schedule, class, "FLOOD", 100);
			for (size_t i = 0; i < already_taken; i++)
				assert_taken(schedule, i);
			schedule_put(schedule, make(class, "QUIET")); /* row 100 */
			struct entry *first = schedule_take(schedule, class, class, 0);
			struct entry *second = schedule_take(schedule, class, class, 0);
			assert_true(first->row == 100 || second->row == 100);
			entry_unref(first);
			entry_unref(second);
			schedule_free(schedule);
		}
}

/* Serves a random load of 8 stations whose names are names[permutation[i]], and writes down who was served: indexes, not names. They are of
 * one length, because a longer one takes more of the bound. */
static void serve_with_names(const size_t permutation[8], unsigned char served[2000])
{
	static const char *const names[8] = {"N0CALL-1", "N0CALL-2", "AAAAAAAA", "zzzzzzzz",
					     "12345678", "N0CALL_1", "m-000001", "--------"};
	unsigned short dice[3] = {1, 2, 3}; /* the same load every time */
	struct schedule *schedule = start_schedule(20000);
	size_t put = 0, taken = 0, station_of_row[3000];
	while (taken < 2000) {
		if (put < 3000 && nrand48(dice) % 5 < 3) {
			size_t station = (size_t)nrand48(dice) % 8;
			enum message_class class = (enum message_class)(nrand48(dice) % CLASS_COUNT);
			enum message_kind kind = nrand48(dice) % 2 ? KIND_POSITION : KIND_TELEMETRY;
			station_of_row[put++] = station;
			schedule_put(schedule, make_full(class, names[permutation[station]], kind,
							 (size_t)nrand48(dice) % 400, 0));
			continue;
		}
		struct entry *entry = schedule_take(schedule, CLASS_DISTRESS, CLASS_BULK, 0);
		served[taken++] = entry ? (unsigned char)(station_of_row[entry->row] | 8u * entry->class) : 255;
		entry_unref(entry);
	}
	assert_true(dropped.replaced > 0 && dropped.over_bound > 0);
	schedule_free(schedule);
}

static void names_make_no_difference(void **state)
{
	(void)state;
	static unsigned char expected[2000], served[2000];
	size_t permutation[8] = {0, 1, 2, 3, 4, 5, 6, 7};
	unsigned short dice[3] = {7, 7, 7};
	serve_with_names(permutation, expected);
	for (size_t round = 0; round < 50; round++) {
		for (size_t i = 7; i > 0; i--) {
			size_t other = (size_t)nrand48(dice) % (i + 1), kept = permutation[i];
			permutation[i] = permutation[other];
			permutation[other] = kept;
		}
		serve_with_names(permutation, served);
		assert_memory_equal(served, expected, sizeof(expected));
	}
}

static size_t cost(const struct entry *entry)
{
	return strlen(entry_topic(entry)) + 1 + entry->payload_size;
}

/* Keeps the classes from first to last busy with entries of random size and measures what each gets of about 400 kB. */
static void measure_shares(enum message_class first, enum message_class last, double share[CLASS_COUNT])
{
	struct schedule *schedule = start_schedule(0);
	unsigned short dice[3] = {3, 1, 4};
	size_t bytes[CLASS_COUNT] = {0}, total = 0;
	for (enum message_class class = first; class <= last; class += 1)
		put_many(schedule, class, "A", 3);
	while (total < 400000) {
		struct entry *entry = schedule_take(schedule, CLASS_SAFETY, CLASS_BULK, 0);
		bytes[entry->class] += cost(entry);
		total += cost(entry);
		/* SAFETY is short and BULK long, so that counting entries instead of bytes would be noticed. */
		size_t size = 20 + (size_t)nrand48(dice) % (entry->class == CLASS_BULK ? 900 : 100);
		schedule_put(schedule, make_full(entry->class, nrand48(dice) % 2 ? "A" : "B", KIND_TEXT, size, 0));
		entry_unref(entry);
	}
	for (size_t i = 0; i < CLASS_COUNT; i++)
		share[i] = (double)bytes[i] / (double)total;
	schedule_free(schedule);
}

static void assert_about(double value, double expected)
{
	if (value < expected - 0.01 || value > expected + 0.01)
		fail_msg("share %.4f instead of %.4f", value, expected);
}

static void shares_are_6_3_1_in_bytes(void **state)
{
	(void)state;
	double share[CLASS_COUNT];
	measure_shares(CLASS_SAFETY, CLASS_BULK, share);
	assert_about(share[CLASS_SAFETY], 0.6);
	assert_about(share[CLASS_ROUTINE], 0.3);
	assert_about(share[CLASS_BULK], 0.1);
	measure_shares(CLASS_ROUTINE, CLASS_BULK, share);
	assert_about(share[CLASS_ROUTINE], 0.75);
	assert_about(share[CLASS_BULK], 0.25);
	measure_shares(CLASS_BULK, CLASS_BULK, share);
	assert_about(share[CLASS_BULK], 1.0);
}

static void bulk_never_starves(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	put_many(schedule, CLASS_SAFETY, "A", 2000);
	put_many(schedule, CLASS_ROUTINE, "A", 2000);
	put_many(schedule, CLASS_BULK, "A", 100);
	size_t since_bulk = 0, bulk = 0;
	while (bulk < 100) {
		struct entry *entry = schedule_take(schedule, CLASS_DISTRESS, CLASS_BULK, 0);
		since_bulk += cost(entry);
		if (entry->class == CLASS_BULK) {
			/* nine times as many bytes of the others, and what a turn overlaps */
			assert_true(since_bulk <= 10 * cost(entry) + 10 * 64 + 2 * cost(entry));
			since_bulk = 0;
			bulk++;
		}
		entry_unref(entry);
	}
	schedule_free(schedule);
}

static void idle_class_saves_nothing_up(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	put_many(schedule, CLASS_BULK, "A", 500);
	for (size_t i = 0; i < 400; i++)
		assert_taken(schedule, i);
	put_many(schedule, CLASS_SAFETY, "B", 20);
	size_t before = 0;
	for (struct entry *entry;; before++) {
		entry = schedule_take(schedule, CLASS_DISTRESS, CLASS_BULK, 0);
		bool safety = entry->class == CLASS_SAFETY;
		entry_unref(entry);
		if (safety)
			break;
	}
	assert_true(before <= 2);
	schedule_free(schedule);
}

static void huge_entry_is_served(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	schedule_put(schedule, make_full(CLASS_BULK, "A", KIND_TEXT, 4096, 0));
	assert_taken(schedule, 0);
	assert_empty(schedule);
	schedule_free(schedule);
}

static void given_back_come_first_and_in_order(void **state)
{
	(void)state;
	for (int reverse = 0; reverse < 2; reverse++) {
		struct schedule *schedule = start_schedule(0);
		put_many(schedule, CLASS_ROUTINE, "A", 4);
		put_many(schedule, CLASS_ROUTINE, "B", 4);
		struct entry *taken[3];
		for (size_t i = 0; i < 3; i++) /* 0 of A, 4 of B, 1 of A: B has the next turn */
			taken[i] = schedule_take(schedule, CLASS_DISTRESS, CLASS_BULK, 0);
		schedule_give_back(schedule, taken[reverse ? 2 : 0]);
		schedule_give_back(schedule, taken[reverse ? 0 : 2]);
		assert_taken(schedule, 0);
		entry_unref(taken[1]);
		assert_taken(schedule, 5);
		assert_taken(schedule, 1);
		assert_taken(schedule, 6);
		assert_taken(schedule, 2);
		schedule_free(schedule);
	}
}

static void removed_ones_are_gone(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	struct entry *waiting = make(CLASS_BULK, "A"), *held = make(CLASS_BULK, "A"), *other = make(CLASS_BULK, "A");
	put_many(schedule, CLASS_BULK, "A", 1); /* 3 */
	schedule_put(schedule, waiting);
	schedule_hold(schedule, held, 10);
	assert_false(schedule_remove(schedule, other));
	assert_true(schedule_remove(schedule, waiting));
	assert_false(schedule_remove(schedule, waiting));
	assert_true(schedule_remove(schedule, held));
	assert_int_equal(schedule_tick(schedule, 1000), 0);
	assert_taken(schedule, 3);
	assert_empty(schedule);
	entry_unref(waiting);
	entry_unref(held);
	entry_unref(other);
	schedule_free(schedule);
}

static bool count_to_seven(void *context, const struct entry *entry)
{
	(void)entry;
	return ++*(size_t *)context < 7;
}

static void each_visits_all_and_stops(void **state)
{
	(void)state;
	struct schedule *schedule = start_schedule(0);
	size_t seen = 0;
	put_many(schedule, CLASS_DISTRESS, "A", 2);
	put_many(schedule, CLASS_BULK, "A", 3);
	schedule_hold(schedule, make(CLASS_SAFETY, "B"), 10);
	schedule_each(schedule, count_to_seven, &seen);
	assert_int_equal(seen, 6);
	put_many(schedule, CLASS_URGENT, "B", 20);
	seen = 0;
	schedule_each(schedule, count_to_seven, &seen);
	assert_int_equal(seen, 7);
	schedule_free(schedule);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(strict_classes_come_first),
	    cmocka_unit_test(range_is_respected),
	    cmocka_unit_test(flooding_station_delays_others_by_one),
	    cmocka_unit_test(names_make_no_difference),
	    cmocka_unit_test(shares_are_6_3_1_in_bytes),
	    cmocka_unit_test(bulk_never_starves),
	    cmocka_unit_test(idle_class_saves_nothing_up),
	    cmocka_unit_test(huge_entry_is_served),
	    cmocka_unit_test(given_back_come_first_and_in_order),
	    cmocka_unit_test(removed_ones_are_gone),
	    cmocka_unit_test(each_visits_all_and_stops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
