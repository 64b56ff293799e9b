/* A radio's scheduler: strict alerts, shares in airtime, what the ledger and the listening share let go, and when to ask again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/transmit_rig.h"

enum { HOUR_MS = 3600000 };

static void put_many(struct transmit_rig *rig, enum message_class class, const char *station, size_t count)
{
	while (count--)
		transmit_rig_put(rig, class, station);
}

static void alerts_go_first_and_anew_at_each_frame(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(0, 0, 0.25);
	transmit_rig_put_frames(rig, CLASS_ROUTINE, "A", 3); /* 0 */
	put_many(rig, CLASS_SAFETY, "A", 2);                 /* 1, 2 */
	put_many(rig, CLASS_URGENT, "A", 2);                 /* 3, 4 */
	assert_true(transmit_has_urgent(rig->transmit));
	assert_int_equal(transmit_rig_send(rig), 3);
	put_many(rig, CLASS_DISTRESS, "B", 1); /* 5 */
	assert_int_equal(transmit_rig_send(rig), 5);
	assert_int_equal(transmit_rig_send(rig), 4);
	assert_false(transmit_has_urgent(rig->transmit));
	while (transmit_rig_wait(rig) != 0)
		;
	put_many(rig, CLASS_DISTRESS, "B", 1); /* 6, between two fragments, in the time for listening */
	assert_int_equal(transmit_rig_send(rig), 6);
	transmit_rig_free(rig);
}

static void nothing_waits_nothing_to_ask_for(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(36000000, 3600000, 0.25);
	assert_int_equal(transmit_rig_send(rig), -1);
	assert_int_equal(rig->again_ms, INT64_MAX);
	transmit_rig_free(rig);
}

/* Keeps three classes busy and measures their shares of the airtime, in per mille. */
static void measure_shares(struct transmit_rig *rig, size_t count, int64_t share[CLASS_COUNT])
{
	int64_t used[CLASS_COUNT] = {0}, total = 0;
	for (enum message_class class = CLASS_SAFETY; class <= CLASS_BULK; class += 1) {
		put_many(rig, class, "A", 3);
		put_many(rig, class, "B", 3);
	}
	for (size_t i = 0; i < count; i++) {
		int64_t row = transmit_rig_wait(rig);
		assert_true(row >= 0);
		used[rig->class] += rig->airtime_us[rig->class];
		total += rig->airtime_us[rig->class];
		transmit_rig_put(rig, rig->class, row % 2 ? "A" : "B");
	}
	for (size_t i = 0; i < CLASS_COUNT; i++)
		share[i] = used[i] * 1000 / total;
}

static void shares_are_6_3_1_in_airtime(void **state)
{
	(void)state;
	/* Once free, once with the ledger as the bottleneck, where SAFETY passes others on credit. */
	for (int limited = 0; limited < 2; limited++) {
		struct transmit_rig *rig = transmit_rig_new(limited ? 36000000 : 0, 0, 0);
		int64_t share[CLASS_COUNT];
		rig->airtime_us[CLASS_SAFETY] = 120000;
		rig->airtime_us[CLASS_BULK] = 900000;
		measure_shares(rig, 3000, share);
		assert_in_range(share[CLASS_SAFETY], 590, 610);
		assert_in_range(share[CLASS_ROUTINE], 290, 310);
		assert_in_range(share[CLASS_BULK], 90, 110);
		transmit_rig_free(rig);
	}
}

static void listening_share_is_kept(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(0, 0, 0.25);
	put_many(rig, CLASS_ROUTINE, "A", 3);
	put_many(rig, CLASS_BULK, "B", 3);
	int64_t start_ms = rig->now_ms;
	for (int64_t i = 0; i < 6; i++) {
		assert_true(transmit_rig_wait(rig) >= 0);
		/* Each begins four airtimes after the one before. */
		assert_int_equal(rig->now_ms - 300, start_ms + i * 1200);
		assert_int_equal(transmit_rig_send(rig), -1);
	}
	transmit_rig_free(rig);
}

static void alerts_leave_listening_alone(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(0, 0, 0.25);
	put_many(rig, CLASS_URGENT, "A", 1);
	put_many(rig, CLASS_ROUTINE, "A", 1);
	assert_int_equal(transmit_rig_send(rig), 0);
	assert_int_equal(transmit_rig_send(rig), 1);
	transmit_rig_free(rig);
}

/* SAFETY does not wait for the listening share, counts for it, and cannot put the others off for ever. */
static void safety_is_not_gated_and_counts(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(0, 0, 0.25);
	put_many(rig, CLASS_SAFETY, "A", 2);
	assert_int_equal(transmit_rig_send(rig), 0);
	assert_int_equal(transmit_rig_send(rig), 1);
	int64_t last_ms = rig->now_ms - 300;
	put_many(rig, CLASS_BULK, "A", 1);
	assert_int_equal(transmit_rig_send(rig), -1);
	assert_int_equal(rig->again_ms, last_ms + 1200);
	put_many(rig, CLASS_SAFETY, "A", 100);
	int64_t before = 0;
	while (transmit_rig_send(rig) != 2)
		before++;
	assert_in_range(before, 2, 4);
	assert_true(rig->now_ms - 300 >= last_ms + 1200);
	transmit_rig_free(rig);
}

static void gone_promises_bind_nobody(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(0, 0, 0.25);
	put_many(rig, CLASS_ROUTINE, "A", 1);
	assert_int_equal(transmit_rig_send(rig), 0);
	transmit_rig_put_expiring(rig, CLASS_ROUTINE, "A", rig->now_ms + 100);
	put_many(rig, CLASS_SAFETY, "A", 5); /* from 2 */
	for (int64_t row = 2; row < 7; row++)
		assert_int_equal(transmit_rig_send(rig), row);
	assert_int_equal(rig->expired, 1);
	int64_t last_ms = rig->now_ms - 300;
	put_many(rig, CLASS_ROUTINE, "A", 1);
	assert_int_equal(transmit_rig_send(rig), -1);
	assert_int_equal(rig->again_ms, last_ms + 1200);
	transmit_rig_free(rig);
}

static void ledger_lets_no_ordinary_one_into_the_reserve(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(3000000, 1200000, 0); /* 6 ordinary frames, 4 alerts */
	int64_t start_ms = rig->now_ms;
	put_many(rig, CLASS_SAFETY, "A", 10);
	for (int64_t i = 0; i < 6; i++)
		assert_int_equal(transmit_rig_send(rig), i);
	assert_int_equal(transmit_rig_send(rig), -1);
	assert_in_range(rig->again_ms, start_ms + HOUR_MS, start_ms + HOUR_MS + 300);
	put_many(rig, CLASS_DISTRESS, "B", 1);
	put_many(rig, CLASS_URGENT, "B", 3);
	for (int64_t i = 10; i < 14; i++)
		assert_int_equal(transmit_rig_send(rig), i);
	assert_int_equal(transmit_rig_wait(rig), 6);
	assert_true(rig->now_ms - 300 >= start_ms + HOUR_MS);
	transmit_rig_free(rig);
}

/* While an alert waits for airtime, a short one that would fit must not eat it. */
static void nothing_passes_an_alert_that_waits(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(1000000, 0, 0);
	rig->airtime_us[CLASS_BULK] = 100000;
	put_many(rig, CLASS_DISTRESS, "A", 4); /* three fit, 100 ms are left */
	for (int64_t i = 0; i < 3; i++)
		assert_int_equal(transmit_rig_send(rig), i);
	put_many(rig, CLASS_BULK, "A", 1);
	transmit_rig_put_exercise(rig, CLASS_DISTRESS, "A");
	assert_int_equal(transmit_rig_send(rig), -1);
	assert_true(rig->again_ms > rig->now_ms + HOUR_MS - 1000);
	assert_int_equal(transmit_rig_wait(rig), 3);
	assert_int_equal(transmit_rig_wait(rig), 4);
	assert_int_equal(transmit_rig_wait(rig), 5);
	transmit_rig_free(rig);
}

static void long_one_is_not_overtaken_for_ever(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(1000000, 0, 0);
	rig->airtime_us[CLASS_ROUTINE] = 900000;
	rig->airtime_us[CLASS_BULK] = 100000;
	put_many(rig, CLASS_BULK, "A", 5);
	for (int64_t i = 0; i < 5; i++)
		assert_int_equal(transmit_rig_send(rig), i);
	put_many(rig, CLASS_ROUTINE, "A", 1);
	put_many(rig, CLASS_BULK, "A", 200);
	size_t before = 0;
	while (transmit_rig_wait(rig) != 5)
		before++;
	assert_true(before <= 10);
	transmit_rig_free(rig);
}

static void safety_passes_what_waits_for_airtime(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(1000000, 0, 0);
	rig->airtime_us[CLASS_SAFETY] = 100000;
	rig->airtime_us[CLASS_BULK] = 400000;
	put_many(rig, CLASS_BULK, "A", 4);
	assert_int_equal(transmit_rig_send(rig), 0);
	assert_int_equal(transmit_rig_send(rig), 1);
	assert_int_equal(transmit_rig_send(rig), -1);
	put_many(rig, CLASS_SAFETY, "A", 3); /* 4 on credit, which the next BULK frame must help to pay */
	assert_int_equal(transmit_rig_send(rig), 4);
	assert_int_equal(transmit_rig_send(rig), -1);
	transmit_rig_free(rig);
}

static void exercises_have_no_reserve(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(1000000, 600000, 0);
	transmit_rig_put_exercise(rig, CLASS_DISTRESS, "A");
	transmit_rig_put_exercise(rig, CLASS_DISTRESS, "A");
	assert_false(transmit_has_urgent(rig->transmit));
	assert_int_equal(transmit_rig_send(rig), 0);
	assert_int_equal(transmit_rig_send(rig), -1);
	/* Actual ones of any class go before it; and the reserve is whole. */
	put_many(rig, CLASS_BULK, "A", 1);
	put_many(rig, CLASS_DISTRESS, "A", 2);
	assert_int_equal(transmit_rig_send(rig), 3);
	assert_int_equal(transmit_rig_send(rig), 4);
	assert_int_equal(transmit_rig_wait(rig), 2);
	assert_int_equal(transmit_rig_wait(rig), 1);
	transmit_rig_free(rig);
}

static void impossible_ones_are_dropped(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(1000000, 800000, 0);
	put_many(rig, CLASS_BULK, "A", 1); /* 300 ms, but 200 ms an hour */
	put_many(rig, CLASS_URGENT, "A", 1);
	assert_int_equal(transmit_rig_send(rig), 1);
	assert_int_equal(transmit_rig_send(rig), -1);
	assert_int_equal(rig->no_airtime, 1);
	assert_int_equal(rig->last_dropped, 0);
	rig->airtime_us[CLASS_DISTRESS] = 1000001;
	put_many(rig, CLASS_DISTRESS, "A", 1);
	assert_int_equal(transmit_rig_send(rig), -1);
	assert_int_equal(rig->no_airtime, 2);
	assert_int_equal(rig->again_ms, INT64_MAX);
	transmit_rig_free(rig);
}

/* What was chosen and waits is still in the queue: it is counted and listed, expires, and can be taken out. */
static bool count_each(void *context, const struct entry *entry)
{
	(void)entry;
	++*(size_t *)context;
	return true;
}

static void chosen_one_waits_in_its_queue(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(300000, 0, 0);
	put_many(rig, CLASS_ROUTINE, "A", 1);
	assert_int_equal(transmit_rig_send(rig), 0);
	struct entry *cancelled = transmit_rig_put(rig, CLASS_ROUTINE, "A");
	transmit_rig_put_expiring(rig, CLASS_ROUTINE, "A", rig->now_ms + 5000);
	put_many(rig, CLASS_ROUTINE, "A", 1);
	assert_int_equal(transmit_rig_send(rig), -1);
	size_t seen = 0;
	transmit_each(rig->transmit, count_each, &seen);
	assert_int_equal(seen, 3);
	assert_int_equal(transmit_level(rig->transmit, CLASS_ROUTINE).entries, 3);
	assert_true(transmit_remove(rig->transmit, cancelled));
	assert_false(transmit_remove(rig->transmit, cancelled));
	entry_unref(cancelled);
	rig->now_ms += 5000;
	transmit_tick(rig->transmit, rig->now_ms);
	assert_int_equal(rig->expired, 1);
	assert_int_equal(rig->last_dropped, 2);
	assert_int_equal(transmit_rig_wait(rig), 3);
	transmit_rig_free(rig);
}

static void given_back_one_is_first_again(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(0, 0, 0);
	put_many(rig, CLASS_ROUTINE, "A", 2);
	put_many(rig, CLASS_ROUTINE, "B", 2);
	struct entry *entry = transmit_take(rig->transmit, rig->now_ms, &rig->again_ms);
	assert_int_equal(entry->row, 0);
	transmit_give_back(rig->transmit, entry);
	assert_int_equal(transmit_rig_send(rig), 0);
	assert_int_equal(transmit_rig_send(rig), 2);
	transmit_rig_free(rig);
}

static void fragments_alternate_with_another_station(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(0, 0, 0);
	transmit_rig_put_frames(rig, CLASS_ROUTINE, "A", 8);
	transmit_rig_put_frames(rig, CLASS_ROUTINE, "B", 8);
	put_many(rig, CLASS_ROUTINE, "A", 1);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(transmit_rig_send(rig), 0);
		assert_int_equal(transmit_rig_send(rig), 1);
	}
	assert_int_equal(transmit_rig_send(rig), 2);
	transmit_rig_free(rig);
}

static void held_one_comes_back_to_the_millisecond(void **state)
{
	(void)state;
	struct transmit_rig *rig = transmit_rig_new(0, 0, 0);
	put_many(rig, CLASS_URGENT, "A", 1);
	struct entry *entry = transmit_take(rig->transmit, rig->now_ms, &rig->again_ms);
	transmit_hold(rig->transmit, entry, rig->now_ms + 1234);
	assert_false(transmit_has_urgent(rig->transmit));
	assert_int_equal(transmit_rig_send(rig), -1);
	assert_int_equal(rig->again_ms, rig->now_ms + 1234);
	int64_t start_ms = rig->now_ms;
	assert_int_equal(transmit_rig_wait(rig), 0);
	assert_int_equal(rig->now_ms - 300, start_ms + 1234);
	transmit_rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(alerts_go_first_and_anew_at_each_frame),
	    cmocka_unit_test(nothing_waits_nothing_to_ask_for),
	    cmocka_unit_test(shares_are_6_3_1_in_airtime),
	    cmocka_unit_test(listening_share_is_kept),
	    cmocka_unit_test(alerts_leave_listening_alone),
	    cmocka_unit_test(safety_is_not_gated_and_counts),
	    cmocka_unit_test(gone_promises_bind_nobody),
	    cmocka_unit_test(ledger_lets_no_ordinary_one_into_the_reserve),
	    cmocka_unit_test(nothing_passes_an_alert_that_waits),
	    cmocka_unit_test(long_one_is_not_overtaken_for_ever),
	    cmocka_unit_test(safety_passes_what_waits_for_airtime),
	    cmocka_unit_test(exercises_have_no_reserve),
	    cmocka_unit_test(impossible_ones_are_dropped),
	    cmocka_unit_test(chosen_one_waits_in_its_queue),
	    cmocka_unit_test(given_back_one_is_first_again),
	    cmocka_unit_test(fragments_alternate_with_another_station),
	    cmocka_unit_test(held_one_comes_back_to_the_millisecond),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
