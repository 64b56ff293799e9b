/* A ledger across restarts: what a block says after a kill, a stop, a start of the machine, with clocks set anywhere; and what
 * counts where nothing is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "gateway/ledger_account.h"

#define S  1000000
#define MS 1000
static const int64_t hour_ms = 3600000;
static const struct ledger_settings one_per_cent = {36 * S, 16 * S, 0}; /* a share of 20 s, 2 s ahead */

/* ---- the disk, and the clocks ---- */

static struct disk {
	uint8_t block[LEDGER_BLOCK_MAX], next[LEDGER_BLOCK_MAX];
	size_t size, next_size; /* on it; handed over and not yet on it */
	bool refuses;
	size_t writes;
} disk;

static bool keep(void *context, const uint8_t *bytes, size_t size)
{
	(void)context;
	if (disk.refuses)
		return false;
	assert_in_range(size, 1, LEDGER_BLOCK_MAX);
	memcpy(disk.next, bytes, size);
	disk.next_size = size;
	disk.writes++;
	return true;
}

static const struct ledger_disk a_disk = {NULL, keep};

static void land(void)
{
	memcpy(disk.block, disk.next, disk.next_size);
	disk.size = disk.next_size;
	disk.next_size = 0;
}

/* What the disk took is on it. */
static void answer(struct ledger_account *account, const struct ledger_now *now)
{
	while (disk.next_size) {
		land();
		ledger_account_kept(account, now);
	}
}

static struct ledger_now at(int64_t steady_ms, int64_t boot_ms, uint64_t boot_id)
{
	return (struct ledger_now){steady_ms, boot_ms, boot_id};
}

static struct ledger_account *start(enum ledger_past past, const struct ledger_now *now, bool known)
{
	struct ledger_account *account = ledger_account_new(&one_per_cent, 1 * S, &a_disk);
	assert_int_equal(ledger_account_begin(account, past, disk.block, disk.size, now), known);
	return account;
}

static struct ledger_account *start_new(const struct ledger_now *now)
{
	disk = (struct disk){0};
	struct ledger_account *account = start(LEDGER_PAST_NONE, now, true);
	answer(account, now);
	return account;
}

static void spend(struct ledger_account *account, bool urgent, int64_t us, const struct ledger_now *now)
{
	ledger_spend(ledger_account_ledger(account), urgent, us, now->steady_ms);
	ledger_account_spent(account, urgent, now);
}

static int64_t when(const struct ledger_account *account, bool urgent, int64_t us, const struct ledger_now *now)
{
	return ledger_when_ms(ledger_account_ledger(account), urgent, us, now->steady_ms);
}

static int64_t left_us(const struct ledger_account *account, bool urgent, const struct ledger_now *now)
{
	struct ledger_level level = ledger_level(ledger_account_ledger(account), now->steady_ms);
	return urgent ? level.left_urgent_us : level.left_us;
}

/* A run that sent so much and was killed, with all of it on disk. */
static void run_before(int64_t us, const struct ledger_now *now)
{
	struct ledger_account *account = start_new(now);
	spend(account, false, us, now);
	answer(account, now);
	ledger_account_free(account);
}

/* ---- by hand ---- */

static void test_the_disk_is_told_beforehand(void **state)
{
	(void)state;
	struct ledger_now now = at(1000000, 500000, 7);
	disk = (struct disk){0};
	struct ledger_account *account = start(LEDGER_PAST_NONE, &now, true);
	assert_int_equal(disk.writes, 1);
	/* Ordinary traffic waits for the disk, alerts do not. */
	assert_int_equal(when(account, false, 1 * S, &now), now.steady_ms + 1000);
	assert_int_equal(when(account, true, 1 * S, &now), now.steady_ms);
	answer(account, &now);
	assert_int_equal(when(account, false, 2 * S, &now), now.steady_ms);
	/* Half of what is booked: nothing is written. More: the next booking. */
	spend(account, false, 1 * S, &now);
	assert_int_equal(disk.writes, 1);
	spend(account, false, 1 * MS, &now);
	assert_int_equal(disk.writes, 2);
	/* What is sent while it is written is in the one after that. */
	spend(account, false, 900 * MS, &now);
	spend(account, true, 1 * S, &now);
	assert_int_equal(disk.writes, 2);
	answer(account, &now);
	assert_int_equal(disk.writes, 3);
	assert_int_equal(disk.next_size, 0);
	assert_int_equal(ledger_unkept_us(ledger_account_ledger(account), now.steady_ms), 0);
	/* Every alert by itself. */
	spend(account, true, 1 * S, &now);
	assert_int_equal(disk.writes, 4);
	ledger_account_free(account);
	ledger_account_free(NULL);
}

/* A band so narrow that hardly more than the longest frame is booked ahead: the disk is asked again before a long frame does not fit, and again
 * when a frame began later than it was booked. */
static void test_a_narrow_band(void **state)
{
	(void)state;
	disk = (struct disk){0};
	struct ledger_now now = at(hour_ms, 5000, 1);
	static const struct ledger_settings narrow = {36 * S / 10, 16 * S / 10, 0};
	struct ledger_account *account = ledger_account_new(&narrow, S, &a_disk);
	assert_true(ledger_account_begin(account, LEDGER_PAST_NONE, NULL, 0, &now));
	answer(account, &now);
	for (int i = 0; i < 3; i++) {
		int64_t us = i == 0 ? 4 * S / 10 : 7 * S / 10;
		assert_int_equal(when(account, false, us, &now), now.steady_ms);
		spend(account, false, us, &now);
		answer(account, &now);
		ledger_amend(ledger_account_ledger(account), false, us, now.steady_ms, now.steady_ms + 50);
		ledger_account_spent(account, false, &now);
		answer(account, &now);
		now.steady_ms += 2000;
	}
	ledger_account_free(account);
}

static void test_killed_and_stopped(void **state)
{
	(void)state;
	struct ledger_now now = at(1000000, 500000, 7);
	struct ledger_account *account = start_new(&now);
	spend(account, false, 1500 * MS, &now);
	spend(account, true, 3 * S, &now);
	answer(account, &now);
	spend(account, false, 700 * MS, &now); /* known to nobody but this run */
	ledger_account_free(account);

	/* Ten minutes later, and the clock was set to another year. What was sent left 10 minutes of its hour there; the 2 s that were
	 * booked ahead may have been sent until just now. */
	now = at(-77777777, 1100000, 7);
	account = start(LEDGER_PAST_BLOCK, &now, true);
	answer(account, &now);
	assert_int_equal(left_us(account, false, &now), 16500 * MS);
	assert_int_equal(left_us(account, true, &now), (36 - 3) * S - 3500 * MS);
	struct ledger_now later = at(now.steady_ms + 3003000 - 1, 1100000 + 3003000 - 1, 7);
	assert_int_equal(left_us(account, false, &later), 18 * S);
	assert_int_equal(left_us(account, true, &later), (36 - 3 - 2) * S);
	later.steady_ms++;
	assert_int_equal(left_us(account, true, &later), (36 - 2) * S);
	later.steady_ms = now.steady_ms + hour_ms;
	assert_int_equal(left_us(account, false, &later), 20 * S);

	/* Stopped properly nothing stays booked ahead. */
	ledger_account_close(account, &now);
	land();
	ledger_account_free(account);
	account = start(LEDGER_PAST_BLOCK, &now, true);
	assert_int_equal(left_us(account, false, &now), 16500 * MS);
	ledger_account_free(account);
}

/* The machine was off for nobody knows how long: only the time since its start is certain. */
static void test_another_start_of_the_machine(void **state)
{
	(void)state;
	struct ledger_now now = at(1000000, 500000, 7);
	run_before(5 * S, &now);
	static const int64_t clocks_ms[] = {0, 1000000, 1000000 + 5000000, INT64_MAX / 4, INT64_MIN / 4};
	for (size_t i = 0; i < 5; i++)
		for (uint64_t id = 0; id <= 8; id += 8) {
			/* With no id not even that is. */
			int64_t since_ms = id ? 60000 : 0;
			now = at(clocks_ms[i], 60000, id);
			struct ledger_account *account = ledger_account_new(&one_per_cent, 1 * S, &a_disk);
			assert_true(ledger_account_begin(account, LEDGER_PAST_BLOCK, disk.block, disk.size, &now));
			assert_int_equal(left_us(account, false, &now), 13 * S);
			struct ledger_now later = at(now.steady_ms + hour_ms - since_ms - 1, 0, id);
			assert_int_equal(left_us(account, false, &later), 13 * S);
			later.steady_ms += 1;
			/* What was booked ahead leaves, and the 5 s that were still on the air as the block was written. */
			assert_int_equal(left_us(account, false, &later), id ? 15 * S : 20 * S);
			later.steady_ms += id ? 5000 : 0;
			assert_int_equal(left_us(account, false, &later), 20 * S);
			ledger_account_free(account);
		}
}

static void test_nothing_is_known(void **state)
{
	(void)state;
	struct ledger_now now = at(1000000, 500000, 7), later = at(1000000 + hour_ms, 500000 + hour_ms, 7);
	disk = (struct disk){0};
	struct ledger_account *account = start(LEDGER_PAST_UNKNOWN, &now, false);
	answer(account, &now);
	assert_int_equal(when(account, false, 1, &now), now.steady_ms + hour_ms);
	assert_int_equal(when(account, true, 16 * S, &now), now.steady_ms);
	assert_int_equal(when(account, false, 2 * S, &later), later.steady_ms);
	ledger_account_free(account);
	/* Killed within that hour: it goes on. */
	now = at(555, 500000 + hour_ms / 2, 7);
	account = start(LEDGER_PAST_BLOCK, &now, true);
	answer(account, &now);
	assert_int_equal(when(account, false, 1, &now), now.steady_ms + hour_ms / 2);
	ledger_account_free(account);
	/* Every byte of a block that is damaged. */
	for (size_t i = 0; i < disk.size; i++) {
		disk.block[i] ^= 0x10;
		account = ledger_account_new(&one_per_cent, 1 * S, NULL);
		assert_false(ledger_account_begin(account, LEDGER_PAST_BLOCK, disk.block, disk.size, &now));
		assert_int_equal(when(account, false, 1, &now), now.steady_ms + hour_ms);
		assert_int_equal(when(account, true, 16 * S, &now), now.steady_ms);
		ledger_account_free(account);
		disk.block[i] ^= 0x10;
	}
	for (size_t size = 0; size < disk.size; size++) {
		account = ledger_account_new(&one_per_cent, 1 * S, NULL);
		assert_false(ledger_account_begin(account, LEDGER_PAST_BLOCK, disk.block, size, &now));
		ledger_account_free(account);
	}
}

static void test_without_a_disk(void **state)
{
	(void)state;
	struct ledger_now now = at(1000000, 500000, 7), later = at(1000000 + hour_ms, 500000 + hour_ms, 7);
	struct ledger_account *account = ledger_account_new(&one_per_cent, 1 * S, NULL);
	assert_false(ledger_account_begin(account, LEDGER_PAST_UNKNOWN, NULL, 0, &now));
	assert_true(ledger_account_tick(account, &later));
	/* Nobody could tell the next run anything: after the hour there is nothing to hold back. */
	assert_int_equal(when(account, false, 20 * S, &later), later.steady_ms);
	spend(account, false, 15 * S, &later);
	assert_int_equal(when(account, false, 5 * S, &later), later.steady_ms);
	ledger_account_close(account, &later);
	ledger_account_free(account);
}

static void test_a_disk_that_does_not_answer(void **state)
{
	(void)state;
	struct ledger_now now = at(1000000, 500000, 7);
	for (int refuses = 0; refuses < 2; refuses++) {
		disk = (struct disk){.refuses = refuses};
		struct ledger_account *account = start(LEDGER_PAST_NONE, &now, true);
		struct ledger_now later = at(now.steady_ms + 4999, now.boot_ms + 4999, 7);
		assert_true(ledger_account_tick(account, &later));
		later.steady_ms++;
		assert_false(ledger_account_tick(account, &later));
		assert_true(ledger_account_tick(account, &later));
		assert_int_equal(when(account, false, 1, &later), now.steady_ms + hour_ms);
		assert_int_equal(when(account, true, 16 * S, &later), later.steady_ms);
		/* After that hour a tenth in each. */
		later = at(now.steady_ms + hour_ms, now.boot_ms + hour_ms, 7);
		assert_int_equal(when(account, false, 2 * S, &later), later.steady_ms);
		spend(account, false, 1 * S, &later);
		spend(account, false, 1 * S, &later);
		assert_int_equal(when(account, false, 1 * S, &later), later.steady_ms + 1000 + hour_ms);
		/* It is back. */
		disk.refuses = false;
		assert_true(ledger_account_tick(account, &later));
		answer(account, &later);
		assert_int_equal(when(account, false, 2 * S, &later), later.steady_ms);
		ledger_account_free(account);
	}
}

/* A card that is mounted after the start: what was assumed makes way for what is known. */
static void test_a_block_that_comes_late(void **state)
{
	(void)state;
	struct ledger_now now = at(1000000, 500000, 7);
	run_before(5 * S, &now);
	struct disk card = disk;
	disk = (struct disk){.refuses = true};
	now = at(2000000, 560000, 7);
	struct ledger_account *account = start(LEDGER_PAST_UNKNOWN, &now, false);
	spend(account, true, 1 * S, &now);
	now = at(2008000, 568000, 7);
	assert_true(ledger_account_tick(account, &now)); /* no news: it is known that nothing is known */
	disk = card;
	assert_true(ledger_account_begin(account, LEDGER_PAST_BLOCK, card.block, card.size, &now));
	answer(account, &now);
	assert_int_equal(left_us(account, false, &now), 13 * S);
	assert_int_equal(left_us(account, true, &now), 28 * S);
	ledger_account_free(account);
	/* And what is on disk now has all of it. */
	account = start(LEDGER_PAST_BLOCK, &now, true);
	assert_int_equal(left_us(account, true, &now), 26 * S);
	ledger_account_free(account);
}

static void test_other_limits(void **state)
{
	(void)state;
	struct ledger_now now = at(1000000, 500000, 7);
	struct ledger_account *account = start_new(&now);
	spend(account, false, 500 * MS, &now);
	/* A slower setting: longer frames are booked before they are sent. */
	ledger_account_set(account, &(struct ledger_settings){36 * S, 26 * S, 0}, 4 * S, &now);
	assert_int_equal(when(account, false, 4 * S, &now), now.steady_ms + 1000);
	answer(account, &now);
	assert_int_equal(when(account, false, 4 * S, &now), now.steady_ms);
	assert_int_equal(left_us(account, false, &now), 9500 * MS);
	ledger_account_free(account);
	/* Without a limit nothing is written, whatever happens. */
	disk = (struct disk){0};
	account = ledger_account_new(&(struct ledger_settings){0}, 1 * S, &a_disk);
	assert_true(ledger_account_begin(account, LEDGER_PAST_UNKNOWN, NULL, 0, &now));
	spend(account, true, 1 * S, &now);
	spend(account, false, 1000 * (int64_t)S, &now);
	assert_true(ledger_account_tick(account, &now));
	assert_int_equal(when(account, false, 1000 * (int64_t)S, &now), now.steady_ms);
	ledger_account_close(account, &now);
	assert_int_equal(disk.writes, 0);
	ledger_account_free(account);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_disk_is_told_beforehand),
	    cmocka_unit_test(test_a_narrow_band),
	    cmocka_unit_test(test_killed_and_stopped),
	    cmocka_unit_test(test_another_start_of_the_machine),
	    cmocka_unit_test(test_nothing_is_known),
	    cmocka_unit_test(test_without_a_disk),
	    cmocka_unit_test(test_a_disk_that_does_not_answer),
	    cmocka_unit_test(test_a_block_that_comes_late),
	    cmocka_unit_test(test_other_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
