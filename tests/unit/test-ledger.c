/* The airtime ledger: hours reckoned by hand, the edges of an hour, the reserve, long transmissions, bounded memory, what a block keeps. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "gateway/ledger.h"

#define S  1000000 /* us */
#define MS 1000
static const int64_t hour_ms = 3600000;
static const int64_t begin_ms = 1750000000000; /* some Unix time */

static struct ledger *make(int64_t limit_us, int64_t reserve_us, int64_t dwell_us)
{
	struct ledger *ledger = ledger_new(&(struct ledger_settings){limit_us, reserve_us, dwell_us});
	assert_non_null(ledger);
	return ledger;
}

/* 1 %: 36 s an hour, 16 of them for alerts. */
static void test_an_hour_by_hand(void **state)
{
	(void)state;
	struct ledger *ledger = make(36 * S, 16 * S, 0);
	int64_t t = begin_ms;
	assert_int_equal(ledger_when_ms(ledger, false, 20 * S, t), t);
	assert_int_equal(ledger_when_ms(ledger, false, 20 * S + 1, t), LEDGER_NEVER);
	assert_int_equal(ledger_when_ms(ledger, true, 36 * S, t), t);
	assert_int_equal(ledger_when_ms(ledger, true, 36 * S + 1, t), LEDGER_NEVER);

	ledger_spend(ledger, false, 12 * S, t);        /* counts until t + 1:00:12 */
	ledger_spend(ledger, false, 6 * S, t + 60000); /* until t + 1:01:06 */
	assert_int_equal(ledger_when_ms(ledger, false, 2 * S, t + 100000), t + 100000);
	assert_int_equal(ledger_when_ms(ledger, false, 2 * S + 1, t + 100000), t + hour_ms + 12000);
	assert_int_equal(ledger_when_ms(ledger, false, 14 * S, t + 100000), t + hour_ms + 12000);
	assert_int_equal(ledger_when_ms(ledger, false, 14 * S + 1, t + 100000), t + hour_ms + 66000);
	assert_int_equal(ledger_when_ms(ledger, true, 18 * S, t + 100000), t + 100000);
	assert_int_equal(ledger_when_ms(ledger, true, 18 * S + 1, t + 100000), t + hour_ms + 12000);

	/* Alerts: the reserve first, and what goes beyond it is missing to the others. */
	ledger_spend(ledger, true, 17 * S, t + 200000); /* until t + 1:03:37 */
	struct ledger_level level = ledger_level(ledger, t + 300000);
	assert_int_equal(level.limit_us, 36 * S);
	assert_int_equal(level.reserve_us, 16 * S);
	assert_int_equal(level.spent_us, 35 * S);
	assert_int_equal(level.urgent_us, 17 * S);
	assert_int_equal(level.left_us, 1 * S);
	assert_int_equal(level.left_urgent_us, 1 * S);
	assert_int_equal(level.more_ms, t + hour_ms + 12000);
	assert_int_equal(ledger_when_ms(ledger, false, 1 * S, t + 300000), t + 300000);
	assert_int_equal(ledger_when_ms(ledger, false, 2 * S, t + 300000), t + hour_ms + 12000);
	/* All 20 seconds of the others only when the alert and the rest have left. */
	assert_int_equal(ledger_when_ms(ledger, false, 20 * S, t + 300000), t + hour_ms + 217000);
	assert_int_equal(ledger_when_ms(ledger, true, 36 * S, t + 300000), t + hour_ms + 217000);
	ledger_free(ledger);
	ledger_free(NULL);
}

/* What is booked as it is handed over began later, or never. */
static void test_amended(void **state)
{
	(void)state;
	struct ledger *ledger = make(36 * S, 16 * S, 0);
	int64_t t = begin_ms;
	ledger_spend(ledger, false, 20 * S, t);
	ledger_spend(ledger, true, 16 * S, t + 30000);
	ledger_amend(ledger, false, 20 * S, t, t + 2000);
	assert_int_equal(ledger_level(ledger, t + 60000).spent_us, 36 * S);
	assert_int_equal(ledger_when_ms(ledger, false, 20 * S, t + 60000), t + hour_ms + 22000);
	ledger_amend(ledger, true, 16 * S, t + 30000, INT64_MIN);
	assert_int_equal(ledger_level(ledger, t + 60000).urgent_us, 0);
	assert_int_equal(ledger_level(ledger, t + 60000).spent_us, 20 * S);
	/* Of another length, or at another time: there is none such. */
	ledger_amend(ledger, false, 20 * S - 1, t + 2000, INT64_MIN);
	ledger_amend(ledger, false, 20 * S, t + 2001, INT64_MIN);
	ledger_amend(ledger, true, 20 * S, t + 2000, INT64_MIN);
	assert_int_equal(ledger_level(ledger, t + 60000).spent_us, 20 * S);
	/* Never less than was used: what cannot be found stays, too. */
	ledger_amend(ledger, false, 1 * S, t, t + 5000);
	assert_int_equal(ledger_level(ledger, t + 60000).spent_us, 21 * S);
	ledger_free(ledger);
}

static void test_level_of_an_unused_one(void **state)
{
	(void)state;
	struct ledger *ledger = make(36 * S, 16 * S, 0);
	struct ledger_level level = ledger_level(ledger, begin_ms);
	assert_int_equal(level.spent_us, 0);
	assert_int_equal(level.left_us, 20 * S);
	assert_int_equal(level.left_urgent_us, 36 * S);
	assert_int_equal(level.more_ms, 0);
	ledger_free(ledger);
}

/* All at the end of one hour and all at the beginning of the next would be twice the limit within one. */
static void test_burst_at_the_edge_of_an_hour(void **state)
{
	(void)state;
	struct ledger *ledger = make(36 * S, 0, 0);
	int64_t t = begin_ms + hour_ms - 36000;
	ledger_spend(ledger, false, 36 * S, t); /* ends with the hour */
	assert_int_equal(ledger_when_ms(ledger, false, 1, begin_ms + hour_ms), begin_ms + 2 * hour_ms);
	assert_int_equal(ledger_when_ms(ledger, false, 1, begin_ms + 2 * hour_ms - 1), begin_ms + 2 * hour_ms);
	assert_int_equal(ledger_when_ms(ledger, false, 36 * S, begin_ms + 2 * hour_ms), begin_ms + 2 * hour_ms);
	ledger_free(ledger);
}

/* A part of a millisecond counts as a whole one, so that nothing leaves before it has ended for an hour. */
static void test_parts_of_a_millisecond(void **state)
{
	(void)state;
	struct ledger *ledger = make(1 * S, 0, 0);
	ledger_spend(ledger, false, 999 * MS + 1, begin_ms);
	assert_int_equal(ledger_when_ms(ledger, false, 999, begin_ms + 1000), begin_ms + 1000);
	assert_int_equal(ledger_when_ms(ledger, false, 1000, begin_ms + 1000), begin_ms + hour_ms + 1000);
	ledger_free(ledger);
}

static void test_dwell_time(void **state)
{
	(void)state;
	struct ledger *ledger = make(0, 0, 400 * MS);
	assert_int_equal(ledger_when_ms(ledger, false, 400 * MS, begin_ms), begin_ms);
	assert_int_equal(ledger_when_ms(ledger, false, 400 * MS + 1, begin_ms), LEDGER_NEVER);
	assert_int_equal(ledger_when_ms(ledger, true, 400 * MS + 1, begin_ms), LEDGER_NEVER);
	ledger_set(ledger, &(struct ledger_settings){36 * S, 0, 0});
	assert_int_equal(ledger_when_ms(ledger, false, 400 * MS + 1, begin_ms), begin_ms);
	ledger_free(ledger);
}

static void test_without_a_limit(void **state)
{
	(void)state;
	struct ledger *ledger = make(0, 0, 0);
	for (int i = 0; i < 100000; i++)
		ledger_spend(ledger, i % 2, 30 * MS, begin_ms + i * 36);
	assert_int_equal(ledger_when_ms(ledger, false, INT64_MAX, begin_ms + hour_ms), begin_ms + hour_ms);
	struct ledger_level level = ledger_level(ledger, begin_ms + hour_ms);
	assert_int_equal(level.limit_us, 0);
	assert_int_equal(level.left_us, 0);
	/* 3000 s, all of them counted. */
	assert_int_equal(level.spent_us, 3000 * (int64_t)S);
	assert_int_equal(level.urgent_us, 1500 * (int64_t)S);
	assert_int_equal(ledger_level(ledger, begin_ms + 2 * hour_ms + 60000).spent_us, 0);
	ledger_free(ledger);
}

/* A clock that is behind, a length that makes no sense, more than the limit: booked all the same, and never too little. */
static void test_odd_bookings(void **state)
{
	(void)state;
	struct ledger *ledger = make(36 * S, 0, 0);
	ledger_spend(ledger, false, 5 * S, begin_ms);
	ledger_spend(ledger, false, 5 * S, begin_ms - 60000);
	ledger_spend(ledger, false, -5 * S, begin_ms);
	assert_int_equal(ledger_level(ledger, begin_ms).spent_us, 10 * S);
	assert_int_equal(ledger_when_ms(ledger, false, 31 * S, begin_ms), begin_ms + hour_ms - 55000);
	ledger_spend(ledger, true, INT64_MAX, begin_ms);
	ledger_spend(ledger, true, INT64_MAX, begin_ms);
	struct ledger_level level = ledger_level(ledger, begin_ms);
	assert_int_equal(level.left_us, 0);
	assert_int_equal(level.left_urgent_us, 0);
	assert_true(ledger_when_ms(ledger, true, 1, begin_ms) > begin_ms + hour_ms);
	assert_true(ledger_when_ms(ledger, true, 1, begin_ms) < LEDGER_NEVER);
	ledger_free(ledger);
}

/* A reserve that is all there is, or more: nothing is left for ordinary traffic. */
static void test_reserve_without_a_rest(void **state)
{
	(void)state;
	for (int64_t reserve = 36 * S; reserve <= 40 * S; reserve += 4 * S) {
		struct ledger *ledger = make(36 * S, reserve, 0);
		assert_int_equal(ledger_when_ms(ledger, false, 1, begin_ms), LEDGER_NEVER);
		assert_int_equal(ledger_when_ms(ledger, true, 36 * S, begin_ms), begin_ms);
		assert_int_equal(ledger_level(ledger, begin_ms).left_us, 0);
		ledger_free(ledger);
	}
}

/* The 10 % band with frames of 20 ms would be 18000 of them; what is taken together is counted longer and never less. */
static void test_memory_is_bounded(void **state)
{
	(void)state;
	struct ledger *ledger = make(360 * (int64_t)S, 0, 0);
	int64_t now_ms = begin_ms, sent = 0;
	for (; now_ms < begin_ms + hour_ms; now_ms += 150, sent++) {
		assert_int_equal(ledger_when_ms(ledger, false, 15 * MS, now_ms), now_ms);
		ledger_spend(ledger, false, 15 * MS, now_ms);
	}
	assert_int_equal(sent, 24000);
	assert_int_equal(ledger_level(ledger, now_ms).spent_us, 360 * (int64_t)S);
	/* The first would leave 15 ms from now. Together with others it leaves later, but within moments. */
	int64_t when_ms = ledger_when_ms(ledger, false, 15 * MS, now_ms);
	assert_in_range(when_ms - now_ms, 15, 10000);
	assert_int_equal(ledger_level(ledger, begin_ms + 2 * hour_ms).spent_us, 0);
	ledger_free(ledger);
}

/* ---- across restarts ---- */

static void test_what_nobody_knows(void **state)
{
	(void)state;
	struct ledger *ledger = make(36 * S, 16 * S, 0);
	ledger_spend(ledger, false, 5 * S, begin_ms - 1000);
	ledger_assume_used(ledger, begin_ms);
	assert_int_equal(ledger_when_ms(ledger, false, 1, begin_ms), begin_ms + hour_ms);
	assert_int_equal(ledger_when_ms(ledger, false, 16 * S, begin_ms), begin_ms + hour_ms + 4000);
	assert_int_equal(ledger_when_ms(ledger, true, 16 * S, begin_ms), begin_ms);
	assert_int_equal(ledger_when_ms(ledger, true, 16 * S + 1, begin_ms), begin_ms + hour_ms);
	struct ledger_level level = ledger_level(ledger, begin_ms);
	assert_int_equal(level.spent_us, 5 * S);
	assert_int_equal(level.left_us, 0);
	assert_int_equal(level.left_urgent_us, 16 * S);
	/* An earlier time takes nothing back. */
	ledger_assume_used(ledger, begin_ms - hour_ms);
	assert_int_equal(ledger_when_ms(ledger, false, 1, begin_ms), begin_ms + hour_ms);
	ledger_assume_known(ledger);
	assert_int_equal(ledger_when_ms(ledger, false, 15 * S, begin_ms), begin_ms);
	/* Part of it: 3 s more, and then more than the 12 that are left of the share. */
	ledger_assume_more(ledger, 3 * S, begin_ms);
	assert_int_equal(ledger_level(ledger, begin_ms).left_us, 12 * S);
	ledger_assume_more(ledger, 13 * S, begin_ms);
	level = ledger_level(ledger, begin_ms);
	assert_int_equal(level.spent_us, 21 * S);
	assert_int_equal(level.left_us, 0);
	assert_int_equal(level.left_urgent_us, 16 * S);
	assert_int_equal(ledger_when_ms(ledger, false, 1, begin_ms), begin_ms + hour_ms);
	assert_int_equal(ledger_when_ms(ledger, true, 16 * S, begin_ms), begin_ms);
	assert_int_equal(ledger_when_ms(ledger, true, 16 * S + 1, begin_ms), begin_ms + hour_ms);
	ledger_free(ledger);
}

static size_t put(struct ledger *ledger, int64_t now_ms, uint8_t *bytes, size_t size)
{
	struct block_writer writer;
	block_begin(&writer, bytes, size, 1, 1);
	ledger_put(ledger, &writer, now_ms);
	return block_finish(&writer);
}

static bool get(struct ledger *ledger, const uint8_t *bytes, size_t size, int64_t shift_ms, int64_t now_ms)
{
	struct block_reader reader;
	return block_open(&reader, bytes, size, 1, 1) && ledger_get(ledger, &reader, shift_ms, now_ms) &&
	       block_ended(&reader);
}

static void test_a_block_keeps_it(void **state)
{
	(void)state;
	uint8_t bytes[BLOCK_HEAD + LEDGER_PUT_MAX + BLOCK_TAIL];
	struct ledger *ledger = make(36 * S, 16 * S, 0), *next = make(36 * S, 16 * S, 0);
	ledger_spend(ledger, false, 2 * S, begin_ms);          /* ends at 2 s, */
	ledger_spend(ledger, false, 3 * S, begin_ms + 50000);  /* at 53 s: the same minute, */
	ledger_spend(ledger, false, 4 * S, begin_ms + 100000); /* at 104 s */
	ledger_spend(ledger, true, 5 * S, begin_ms + 110000);  /* at 115 s */
	int64_t now_ms = begin_ms + 200000;
	size_t size = put(ledger, now_ms, bytes, sizeof(bytes));
	assert_true(size > 0);
	assert_true(get(next, bytes, size, 1000, now_ms + 1000));
	struct ledger_level level = ledger_level(next, now_ms + 1000);
	assert_int_equal(level.spent_us, 14 * S);
	assert_int_equal(level.urgent_us, 5 * S);
	assert_int_equal(level.more_ms, begin_ms + 54000 + hour_ms);
	assert_int_equal(ledger_when_ms(next, false, 17 * S, now_ms + 1000), begin_ms + 105000 + hour_ms);
	ledger_free(next);

	/* What lies in the future counts as of now; what is older than an hour not at all. */
	next = make(36 * S, 16 * S, 0);
	assert_true(get(next, bytes, size, INT64_MAX, now_ms));
	assert_int_equal(ledger_level(next, now_ms).more_ms, now_ms + hour_ms);
	assert_int_equal(ledger_level(next, now_ms).spent_us, 14 * S);
	ledger_free(next);
	next = make(36 * S, 16 * S, 0);
	assert_true(get(next, bytes, size, -hour_ms - 110000, now_ms - 110000));
	assert_int_equal(ledger_level(next, now_ms - 110000).spent_us, 0);

	/* Late, in between what was booked meanwhile. */
	ledger_spend(next, false, 1 * S, begin_ms + 10000);
	ledger_spend(next, false, 1 * S, begin_ms + 150000);
	assert_true(get(next, bytes, size, 0, now_ms));
	assert_int_equal(ledger_level(next, now_ms).spent_us, 16 * S);
	assert_int_equal(ledger_level(next, now_ms).more_ms, begin_ms + 11000 + hour_ms);
	ledger_free(next);
	ledger_free(ledger);
}

/* Two restarts within the hour in which nothing is known. */
static void test_a_block_keeps_what_is_assumed(void **state)
{
	(void)state;
	uint8_t bytes[BLOCK_HEAD + LEDGER_PUT_MAX + BLOCK_TAIL];
	struct ledger *ledger = make(36 * S, 16 * S, 0), *next = make(36 * S, 16 * S, 0);
	ledger_assume_used(ledger, begin_ms);
	size_t size = put(ledger, begin_ms + 60000, bytes, sizeof(bytes));
	assert_true(get(next, bytes, size, 5000, begin_ms + 70000));
	assert_int_equal(ledger_when_ms(next, false, 1, begin_ms + 70000), begin_ms + 5000 + hour_ms);
	assert_int_equal(ledger_when_ms(next, true, 16 * S, begin_ms + 70000), begin_ms + 70000);
	ledger_free(next);
	next = make(36 * S, 16 * S, 0);
	assert_true(get(next, bytes, size, INT64_MAX, begin_ms + 70000));
	assert_int_equal(ledger_when_ms(next, false, 1, begin_ms + 70000), begin_ms + 70000 + hour_ms);
	ledger_free(next);
	/* Over by now: nothing is kept of it. */
	next = make(36 * S, 16 * S, 0);
	size = put(ledger, begin_ms + hour_ms, bytes, sizeof(bytes));
	assert_true(get(next, bytes, size, 0, begin_ms + hour_ms));
	assert_int_equal(ledger_when_ms(next, false, 1, begin_ms), begin_ms);
	ledger_free(next);
	ledger_free(ledger);
}

static void test_a_long_hour_fits_the_block(void **state)
{
	(void)state;
	uint8_t bytes[BLOCK_HEAD + LEDGER_PUT_MAX + BLOCK_TAIL];
	struct ledger *ledger = make(360 * (int64_t)S, 0, 0);
	int64_t now_ms = begin_ms;
	for (int i = 0; i < 4000; i++, now_ms += 977)
		ledger_spend(ledger, i % 3 == 0, 70 * MS, now_ms);
	size_t size = put(ledger, now_ms, bytes, sizeof(bytes));
	assert_true(size > 0);
	struct ledger *next = make(360 * (int64_t)S, 0, 0);
	assert_true(get(next, bytes, size, 0, now_ms));
	for (int64_t at_ms = now_ms; at_ms < now_ms + hour_ms + 120000; at_ms += 5003) {
		struct ledger_level was = ledger_level(ledger, at_ms), is = ledger_level(next, at_ms);
		assert_true(is.spent_us >= was.spent_us);
		assert_true(is.urgent_us >= was.urgent_us);
		assert_true(is.spent_us <= was.spent_us + 2 * 62 * 70 * MS);
	}
	ledger_free(next);
	ledger_free(ledger);
}

/* Only what the disk has been told beforehand may be used beyond what it knows. */
static void test_booked_ahead(void **state)
{
	(void)state;
	uint8_t bytes[BLOCK_HEAD + LEDGER_PUT_MAX + BLOCK_TAIL];
	struct ledger *ledger = make(36 * S, 16 * S, 0);
	int64_t t = begin_ms;
	ledger_book(ledger, 0);
	assert_int_equal(ledger_when_ms(ledger, false, 1, t), t + 1000); /* the disk is being asked */
	assert_int_equal(ledger_when_ms(ledger, true, 30 * S, t), t);
	ledger_book(ledger, 2 * S);
	assert_int_equal(ledger_when_ms(ledger, false, 2 * S, t), t);
	assert_int_equal(ledger_when_ms(ledger, false, 2 * S + 1, t), t + 1000);
	ledger_spend(ledger, false, 1500 * MS, t);
	assert_int_equal(ledger_unkept_us(ledger, t), 1500 * MS);
	assert_int_equal(ledger_when_ms(ledger, false, 500 * MS, t + 2000), t + 2000);
	/* With no disk from here on it would be that much an hour. */
	assert_int_equal(ledger_when_ms(ledger, false, 501 * MS, t + 2000), t + 1500 + hour_ms);
	assert_true(put(ledger, t + 2000, bytes, sizeof(bytes)) > 0);
	assert_int_equal(ledger_unkept_us(ledger, t + 2000), 1500 * MS); /* not yet on disk */
	ledger_spend(ledger, false, 400 * MS, t + 3000);                 /* while it is written */
	ledger_kept(ledger);
	assert_int_equal(ledger_unkept_us(ledger, t + 4000), 400 * MS);
	assert_int_equal(ledger_when_ms(ledger, false, 1600 * MS, t + 4000), t + 4000);
	ledger_spend(ledger, true, 5 * S, t + 4000); /* alerts do not use it */
	assert_int_equal(ledger_when_ms(ledger, false, 1600 * MS, t + 9000), t + 9000);
	assert_int_equal(ledger_when_ms(ledger, false, 1601 * MS, t + 9000), t + 3400 + hour_ms);
	ledger_free(ledger);
}

static void test_damaged_blocks(void **state)
{
	(void)state;
	uint8_t bytes[256];
	struct block_writer writer;
	block_begin(&writer, bytes, sizeof(bytes), 1, 1);
	block_put_u64(&writer, 0);
	block_put_u32(&writer, 65); /* more rows than there can be */
	size_t size = block_finish(&writer);
	struct ledger *ledger = make(36 * S, 0, 0);
	assert_false(get(ledger, bytes, size, 0, begin_ms));
	block_begin(&writer, bytes, sizeof(bytes), 1, 1);
	block_put_u64(&writer, 0);
	block_put_u32(&writer, 2); /* and only one is there */
	block_put_u64(&writer, (uint64_t)begin_ms);
	block_put_u32(&writer, 1 * S);
	size = block_finish(&writer);
	assert_false(get(ledger, bytes, size, 0, begin_ms));
	ledger_free(ledger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_hour_by_hand),
	    cmocka_unit_test(test_amended),
	    cmocka_unit_test(test_level_of_an_unused_one),
	    cmocka_unit_test(test_burst_at_the_edge_of_an_hour),
	    cmocka_unit_test(test_parts_of_a_millisecond),
	    cmocka_unit_test(test_dwell_time),
	    cmocka_unit_test(test_without_a_limit),
	    cmocka_unit_test(test_odd_bookings),
	    cmocka_unit_test(test_reserve_without_a_rest),
	    cmocka_unit_test(test_memory_is_bounded),
	    cmocka_unit_test(test_what_nobody_knows),
	    cmocka_unit_test(test_a_block_keeps_it),
	    cmocka_unit_test(test_a_block_keeps_what_is_assumed),
	    cmocka_unit_test(test_a_long_hour_fits_the_block),
	    cmocka_unit_test(test_booked_ahead),
	    cmocka_unit_test(test_damaged_blocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
