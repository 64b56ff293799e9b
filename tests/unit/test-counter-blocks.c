/* The gateway's counters: blocks, disks that fail, clocks that lie, and no number twice however a run ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/counter_blocks.h"

static const int64_t BEGIN_MS = 1735689600000; /* 2025-01-01 */
enum { NO_CLOCK = 0, ROWS = 8, BYTES = 24 + 8 * 64 };

/* A run and the disk under it. */
struct rig {
	struct counter_blocks *blocks;
	uint8_t disk[BYTES], flying[BYTES]; /* flying: handed over, not written yet */
	size_t disk_size, flying_size;
};

static void begin(struct rig *rig, uint32_t random)
{
	rig->blocks = counter_blocks_new(ROWS, random);
	rig->flying_size = 0;
	if (rig->disk_size)
		assert_true(counter_blocks_recall(rig->blocks, rig->disk, rig->disk_size));
}

static void hand_over(struct rig *rig)
{
	if (counter_blocks_wanted(rig->blocks))
		rig->flying_size = counter_blocks_save(rig->blocks, rig->flying, sizeof(rig->flying));
}

static void land(struct rig *rig)
{
	if (!rig->flying_size)
		return;
	memcpy(rig->disk, rig->flying, rig->flying_size);
	rig->disk_size = rig->flying_size;
	rig->flying_size = 0;
	counter_blocks_written(rig->blocks, true);
}

static void end(struct rig *rig, bool killed)
{
	if (!killed)
		rig->disk_size = counter_blocks_close(rig->blocks, rig->disk, sizeof(rig->disk));
	counter_blocks_free(rig->blocks);
	rig->blocks = NULL;
}

/* The next number with a disk that answers. */
static uint32_t next(struct rig *rig, uint16_t addressee, int64_t wall_ms)
{
	uint32_t counter = 0;
	int result = counter_blocks_next(rig->blocks, addressee, 0, wall_ms, true, &counter);
	hand_over(rig);
	land(rig);
	if (result == -EAGAIN)
		result = counter_blocks_next(rig->blocks, addressee, 0, wall_ms, true, &counter);
	assert_int_equal(result, 0);
	return counter;
}

static void test_on_disk_before_use(void **state)
{
	(void)state;
	struct rig rig = {0};
	uint32_t counter;
	begin(&rig, 0);
	assert_false(counter_blocks_wanted(rig.blocks));
	assert_int_equal(counter_blocks_next(rig.blocks, 17, 0, NO_CLOCK, true, &counter), -EAGAIN);
	assert_true(counter_blocks_wanted(rig.blocks));
	hand_over(&rig);
	assert_false(counter_blocks_wanted(rig.blocks)); /* one at a time */
	assert_int_equal(counter_blocks_next(rig.blocks, 17, 0, NO_CLOCK, true, &counter), -EAGAIN);
	land(&rig);
	uint32_t first = next(&rig, 17, NO_CLOCK);
	for (uint32_t i = 1; i < 10 * COUNTER_BLOCK; i++)
		assert_int_equal(next(&rig, 17, NO_CLOCK), first + i);
	end(&rig, true);
}

/* Half a block is left when the next one is asked for, so that nobody waits for the disk in between. */
static void test_nobody_waits_in_between(void **state)
{
	(void)state;
	struct rig rig = {0};
	uint32_t counter;
	unsigned writes = 0;
	begin(&rig, 0);
	next(&rig, 17, NO_CLOCK);
	for (unsigned i = 0; i < 20 * COUNTER_BLOCK; i++) {
		assert_int_equal(counter_blocks_next(rig.blocks, 17, 0, NO_CLOCK, true, &counter), 0);
		if (i % (COUNTER_BLOCK / 2 - 10) == 0) {
			hand_over(&rig);
			writes += rig.flying_size > 0;
			land(&rig);
		}
	}
	assert_true(writes >= 19 && writes <= 45);
	/* A disk that takes longer than half a block lasts holds them up. */
	unsigned given = 0;
	while (counter_blocks_next(rig.blocks, 17, 0, NO_CLOCK, true, &counter) == 0)
		given++;
	assert_true(given >= COUNTER_BLOCK / 2 && given <= COUNTER_BLOCK);
	end(&rig, true);
}

static void test_a_clean_end_wastes_nothing(void **state)
{
	(void)state;
	struct rig rig = {0};
	begin(&rig, 0);
	uint32_t first = next(&rig, 17, NO_CLOCK);
	for (uint32_t run = 1; run < 50; run++) {
		end(&rig, false);
		begin(&rig, run * 77);
		assert_int_equal(next(&rig, 17, NO_CLOCK), first + run);
	}
	/* Those that were not used in a run are as they were. */
	uint32_t other = next(&rig, 18, NO_CLOCK);
	end(&rig, false);
	begin(&rig, 1);
	next(&rig, 17, NO_CLOCK);
	end(&rig, false);
	begin(&rig, 1);
	assert_int_equal(next(&rig, 18, NO_CLOCK), other + 1);
	end(&rig, true);
}

static void test_after_a_kill_it_jumps(void **state)
{
	(void)state;
	struct rig rig = {0};
	begin(&rig, 0);
	uint32_t last = next(&rig, 17, NO_CLOCK), other = next(&rig, 18, NO_CLOCK);
	end(&rig, true);
	begin(&rig, 0);
	uint32_t jumped = next(&rig, 17, NO_CLOCK);
	assert_int_equal(jumped, last + COUNTER_BLOCK + COUNTER_JUMP);
	end(&rig, true);
	/* The other one was not used in the killed run: it jumps once for the run before that, not twice. */
	begin(&rig, 0);
	assert_int_equal(next(&rig, 18, NO_CLOCK), other + COUNTER_BLOCK + COUNTER_JUMP);
	end(&rig, true);
}

static void test_on_in_memory(void **state)
{
	(void)state;
	struct rig rig = {0};
	uint32_t counter, last;
	begin(&rig, 0);
	last = next(&rig, 17, NO_CLOCK);
	/* The disk goes away: far beyond what is reserved. */
	for (unsigned i = 0; i < 5 * COUNTER_BLOCK; i++) {
		assert_int_equal(counter_blocks_next(rig.blocks, 17, 0, NO_CLOCK, false, &counter), 0);
		assert_int_equal(counter, ++last);
	}
	/* And comes back: first the disk, then the numbers. */
	assert_int_equal(counter_blocks_next(rig.blocks, 17, 0, NO_CLOCK, true, &counter), -EAGAIN);
	hand_over(&rig);
	land(&rig);
	assert_int_equal(counter_blocks_next(rig.blocks, 17, 0, NO_CLOCK, true, &counter), 0);
	assert_int_equal(counter, last + 1);
	/* Away once more, and the power with it: the next run is beyond all of it. */
	for (unsigned i = 0; i < 100 * COUNTER_BLOCK; i++)
		assert_int_equal(counter_blocks_next(rig.blocks, 17, 0, NO_CLOCK, false, &counter), 0);
	end(&rig, true);
	begin(&rig, 0);
	assert_true(next(&rig, 17, NO_CLOCK) > counter);
	end(&rig, true);
}

/* Nobody took the block: it is asked for again, and nothing of it is used. */
static void test_not_taken(void **state)
{
	(void)state;
	struct rig rig = {0};
	uint32_t counter;
	begin(&rig, 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(counter_blocks_next(rig.blocks, 17, 0, NO_CLOCK, true, &counter), -EAGAIN);
		hand_over(&rig);
		assert_true(rig.flying_size > 0);
		counter_blocks_written(rig.blocks, false);
		assert_true(counter_blocks_wanted(rig.blocks));
	}
	rig.flying_size = 0;
	next(&rig, 17, NO_CLOCK);
	end(&rig, true);
}

static void test_the_clock(void **state)
{
	(void)state;
	struct rig rig = {0};
	begin(&rig, 0);
	assert_int_equal(next(&rig, 17, BEGIN_MS + 1000000), 4000);
	end(&rig, true);
	/* A day later the clock is far ahead of everything given: no jump. */
	begin(&rig, 0);
	assert_int_equal(next(&rig, 17, BEGIN_MS + 87400000), 349600);
	end(&rig, true);
	/* At once after a kill it is not. */
	begin(&rig, 0);
	assert_int_equal(next(&rig, 17, BEGIN_MS + 87401000), 349600 + COUNTER_BLOCK + COUNTER_JUMP);
	end(&rig, false);
	/* And after a proper end, or a clock set back to 1970, they simply go on. */
	begin(&rig, 0);
	assert_int_equal(next(&rig, 17, NO_CLOCK), 349600 + COUNTER_BLOCK + COUNTER_JUMP + 1);
	end(&rig, false);
	/* A clock of the far future takes what is left, and then there is none. */
	uint32_t counter;
	begin(&rig, 0);
	assert_int_equal(counter_blocks_next(rig.blocks, 17, 0, INT64_MAX, true, &counter), -EOVERFLOW);
	assert_int_equal(counter_blocks_next(rig.blocks, 17, 1, BEGIN_MS + 1000, false, &counter), 0);
	end(&rig, true);
}

/* Without disk and clock two runs begin at different places. */
static void test_neither_disk_nor_clock(void **state)
{
	(void)state;
	uint32_t first = 0, second = 0;
	for (uint32_t random = 0; random < 1000; random++) {
		struct counter_blocks *blocks = counter_blocks_new(ROWS, random);
		assert_int_equal(counter_blocks_next(blocks, 17, 0, NO_CLOCK, false, &second), 0);
		assert_true(random == 0 || second >= first + COUNTER_JUMP);
		first = second;
		counter_blocks_free(blocks);
	}
}

static void test_the_end_of_all_numbers(void **state)
{
	(void)state;
	struct rig rig = {0};
	uint32_t counter;
	int result = 0;
	begin(&rig, 0);
	uint32_t last = next(&rig, 17, BEGIN_MS + (int64_t)(UINT32_MAX - 2500) * 250);
	assert_int_equal(last, UINT32_MAX - 2500);
	end(&rig, true);
	begin(&rig, 0); /* there is no room for a jump, but for a block */
	assert_int_equal(next(&rig, 17, NO_CLOCK), UINT32_MAX - 1500);
	for (last = UINT32_MAX - 1500; result == 0; last = counter) {
		result = counter_blocks_next(rig.blocks, 17, 0, NO_CLOCK, true, &counter);
		hand_over(&rig);
		land(&rig);
		if (result == 0)
			assert_int_equal(counter, last + 1);
	}
	assert_int_equal(result, -EOVERFLOW);
	assert_int_equal(last, UINT32_MAX - 1);
	assert_int_equal(counter_blocks_next(rig.blocks, 17, 0, NO_CLOCK, false, &counter), -EOVERFLOW);
	assert_true(next(&rig, 18, NO_CLOCK) < UINT32_MAX);
	end(&rig, true);
}

/* More addressees than there is room for: each that comes back begins above what it had. */
static void test_full_table(void **state)
{
	(void)state;
	struct rig rig = {0};
	static uint32_t last[100];
	begin(&rig, 5);
	for (unsigned i = 0; i < 5000; i++) {
		unsigned addressee = i * 31 % 100;
		uint32_t counter = next(&rig, (uint16_t)addressee, NO_CLOCK);
		assert_true(counter > last[addressee]);
		last[addressee] = counter;
		if (i % 700 == 699) {
			end(&rig, i % 1400 == 699);
			begin(&rig, i);
		}
	}
	end(&rig, true);
}

static void test_recalled_late(void **state)
{
	(void)state;
	struct rig rig = {0};
	uint32_t counter, later;
	begin(&rig, 0);
	for (int i = 0; i < 5 * COUNTER_BLOCK; i++)
		counter = next(&rig, 17, BEGIN_MS + 4000000000);
	end(&rig, true);
	struct counter_blocks *blocks = counter_blocks_new(ROWS, 0);
	assert_int_equal(counter_blocks_next(blocks, 17, 0, BEGIN_MS + 1000, false, &later), 0);
	assert_true(later < counter);
	assert_true(counter_blocks_recall(blocks, rig.disk, rig.disk_size));
	assert_int_equal(counter_blocks_next(blocks, 17, 0, BEGIN_MS + 1000, false, &later), 0);
	assert_true(later > counter);
	counter_blocks_free(blocks);
}

static void test_damaged_blocks(void **state)
{
	(void)state;
	struct rig rig = {0};
	begin(&rig, 0);
	next(&rig, 17, NO_CLOCK);
	next(&rig, 18, NO_CLOCK);
	end(&rig, true);
	assert_int_equal(rig.disk_size, 24 + 2 * 8);
	struct counter_blocks *blocks = counter_blocks_new(ROWS, 0);
	for (size_t size = 0; size < rig.disk_size; size++)
		assert_false(counter_blocks_recall(blocks, rig.disk, size));
	for (size_t bit = 0; bit < 8 * rig.disk_size; bit++) {
		rig.disk[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(counter_blocks_recall(blocks, rig.disk, rig.disk_size));
		rig.disk[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(counter_blocks_recall(blocks, rig.disk, rig.disk_size));
	counter_blocks_free(blocks);
}

/* ---- the property ---- */

enum { RUNS = 2000, STEPS = 400, ADDRESSEES = 6 };

static unsigned draw(unsigned *random, unsigned below)
{
	*random = *random * 1664525 + 1013904223;
	return (*random >> 8) % below;
}

/* One run with a disk that comes, goes and is slow; numbers of an addressee only ever grow, over all runs. */
static void live(struct rig *rig, unsigned *random, uint32_t *last, int64_t wall_ms, uint64_t *given)
{
	bool disk = wall_ms == NO_CLOCK || draw(random, 8) != 0;
	/* Without a clock the disk must have been there once in the run. */
	for (unsigned addressee = 0; addressee < ADDRESSEES && wall_ms == NO_CLOCK; addressee++) {
		uint32_t counter;
		counter_blocks_next(rig->blocks, (uint16_t)(addressee / 2), addressee % 2, wall_ms, true, &counter);
	}
	if (wall_ms == NO_CLOCK) {
		hand_over(rig);
		land(rig);
	}
	for (unsigned step = draw(random, STEPS); step > 0; step--) {
		unsigned addressee = draw(random, ADDRESSEES), burst = draw(random, 100) ? 1 : 1200;
		uint32_t counter;
		if (draw(random, 60) == 0)
			disk = !disk;
		for (; burst > 0; burst--) {
			if (counter_blocks_next(rig->blocks, (uint16_t)(addressee / 2), addressee % 2, wall_ms, disk,
						&counter) < 0)
				break;
			assert_true(counter > last[addressee]);
			last[addressee] = counter;
			++*given;
		}
		if (!rig->flying_size)
			hand_over(rig);
		if (disk && draw(random, 3) == 0)
			land(rig);
	}
}

/* 2000 cut-offs at any moment, most of them without any warning. The clock runs, or there is none at first and for good. */
static void no_number_twice(int64_t wall_ms, int64_t run_ms)
{
	struct rig rig = {0};
	static uint32_t last[ADDRESSEES];
	uint64_t given = 0;
	unsigned random = 1, cuts = 0;
	memset(last, 0, sizeof(last));
	for (unsigned run = 0; run < RUNS; run++, wall_ms += run_ms) {
		bool cut = draw(&random, 5) != 0;
		begin(&rig, random);
		live(&rig, &random, last, wall_ms, &given);
		if (cut && draw(&random, 2))
			land(&rig); /* the disk had it, and nobody was left to be told */
		end(&rig, cut);
		cuts += cut;
	}
	print_message("%llu numbers over %u runs, %u of them cut off; highest %u\n", (unsigned long long)given, RUNS,
		      cuts, last[0]);
	assert_true(given > 100000 && cuts > 1500);
}

static void test_no_number_twice_with_a_clock(void **state)
{
	(void)state;
	no_number_twice(BEGIN_MS + 1000000, 7200000);
}

static void test_no_number_twice_without_a_clock(void **state)
{
	(void)state;
	no_number_twice(NO_CLOCK, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_on_disk_before_use),
	    cmocka_unit_test(test_nobody_waits_in_between),
	    cmocka_unit_test(test_a_clean_end_wastes_nothing),
	    cmocka_unit_test(test_after_a_kill_it_jumps),
	    cmocka_unit_test(test_on_in_memory),
	    cmocka_unit_test(test_not_taken),
	    cmocka_unit_test(test_the_clock),
	    cmocka_unit_test(test_neither_disk_nor_clock),
	    cmocka_unit_test(test_the_end_of_all_numbers),
	    cmocka_unit_test(test_full_table),
	    cmocka_unit_test(test_recalled_late),
	    cmocka_unit_test(test_damaged_blocks),
	    cmocka_unit_test(test_no_number_twice_with_a_clock),
	    cmocka_unit_test(test_no_number_twice_without_a_clock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
