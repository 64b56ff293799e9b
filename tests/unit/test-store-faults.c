/* The store on a disk that is slow, full or failing: nobody waits, it says so, and nothing wanted is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "tests/support/slow_vfs.h"
#include "tests/support/store_rig.h"

enum { RETRY_MS = 30 };

static int set_up(void **state)
{
	slow_vfs_install();
	*state = store_rig_new();
	return 0;
}

static int tear_down(void **state)
{
	slow_vfs_set_sync_ms(0);
	slow_vfs_set_full(false);
	slow_vfs_set_sync_fails(false);
	store_rig_free(*state);
	return 0;
}

/* ---- slow ---- */

enum { TURNS_MAX = 200000, SLOW_US = 5 * 1000000, PUTS_MIN = 500 };

struct turns {
	int64_t us[TURNS_MAX];
	size_t count;
};

/* How long it took until the loop can serve others again. */
static void note(struct turns *turns, int64_t start_us)
{
	if (turns->count < TURNS_MAX)
		turns->us[turns->count++] = clock_mono_us() - start_us;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* An alert to store every five milliseconds while a sync takes two seconds; half of them are delivered at once. What is measured is
 * every single call and every turn of the loop, so that other programs on the machine hardly show in it. */
static void test_slow_sync_does_not_hold_up_the_loop(void **state)
{
	struct store_rig *rig = *state;
	static struct turns turns;
	size_t puts = 0;
	store_rig_open(rig, 100, 0);
	slow_vfs_set_sync_ms(2000);
	int64_t start_us = clock_mono_us(), now_us;
	while ((now_us = clock_mono_us()) < start_us + SLOW_US || puts <= PUTS_MIN) {
		if (now_us - start_us > (int64_t)puts * 5000) {
			struct entry *entry = store_rig_put(rig, "f-1", true);
			if (puts++ % 2)
				store_forget(rig->store, entry);
			entry_unref(entry);
			note(&turns, now_us);
		}
		if (sd_event_prepare(rig->event) > 0 || sd_event_wait(rig->event, 5000) > 0) {
			now_us = clock_mono_us();
			sd_event_dispatch(rig->event);
			note(&turns, now_us);
		}
	}
	slow_vfs_set_sync_ms(0);
	qsort(turns.us, turns.count, sizeof(*turns.us), by_size);
	int64_t p99_us = turns.us[turns.count * 99 / 100], max_us = turns.us[turns.count - 1];
	print_message(
	    "syncs of 2 s: %zu puts, %zu stored; the loop was held up by p50 %lld us, p99 %lld us, max %lld us\n", puts,
	    rig->stored_true, (long long)turns.us[turns.count / 2], (long long)p99_us, (long long)max_us);
	assert_true(rig->stored_true > 0);
	assert_true(p99_us < 5000);
	assert_true(max_us < 1000000); /* whoever waits for the disk even once waits for two seconds */
}

static void test_forgotten_while_being_written(void **state)
{
	struct store_rig *rig = *state;
	store_rig_open(rig, 0, 0);
	slow_vfs_set_sync_ms(100);
	struct entry *entry = store_rig_put(rig, "gone", true);
	store_rig_turn(rig); /* now the thread has it */
	store_forget(rig->store, entry);
	assert_int_equal(store_rig_count(rig, "delivered_before_written"), 0);
	assert_int_equal(entry->disk, ENTRY_IN_MEMORY);
	store_rig_put_away(rig, "stays");
	assert_true(store_rig_until(rig, &rig->stored_true, 1));
	assert_int_not_equal(rig->last_stored, entry->row); /* not a word about what was forgotten */
	assert_int_equal(entry->references, 1);
	entry_unref(entry);
	store_rig_close(rig);
	store_rig_open(rig, 0, 0);
	assert_int_equal(rig->loaded_count, 1);
	assert_true(store_rig_is(rig->loaded[0], CLASS_ROUTINE, "stays", 300));
}

/* In a process of its own, because what a hanging thread holds is left to the end of the process. */
static void test_close_gives_up_on_a_hanging_disk(void **state)
{
	struct store_rig *rig = *state;
	pid_t child = fork();
	if (child == 0) {
		store_rig_forked(rig);
		store_rig_open(rig, 0, 0);
		store_rig_put_away(rig, "f-1");
		slow_vfs_set_sync_ms(60000);
		store_rig_turn(rig);
		int64_t start_us = clock_mono_us();
		store_close(rig->store, 50);
		_exit(clock_mono_us() - start_us < 30000000 ? 0 : 1);
	}
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- full and failing ---- */

static void test_full_disk_and_back(void **state)
{
	struct store_rig *rig = *state;
	store_rig_open(rig, 0, RETRY_MS);
	store_rig_put_away(rig, "before");
	assert_true(store_rig_until(rig, &rig->stored_true, 1));
	slow_vfs_set_full(true);
	struct entry *gone = store_rig_put(rig, "gone", true), *stays = store_rig_put(rig, "stays", true);
	assert_true(store_rig_until(rig, &rig->stored_false, 2));
	assert_int_equal(store_health(rig->store), STORE_FULL);
	assert_int_equal(rig->health, STORE_FULL);
	assert_non_null(strstr(rig->text, rig->path));
	assert_non_null(strstr(rig->text, "free space"));
	/* While it is away each is told at once, and told once; tries go on. */
	struct entry *more = store_rig_put(rig, "more", false);
	assert_true(store_rig_until(rig, &rig->stored_false, 3));
	assert_true(store_rig_until_count(rig, "groups_failed", 4));
	assert_int_equal(rig->stored_false, 3);
	assert_int_equal(rig->health_calls, 1);
	store_forget(rig->store, gone);
	slow_vfs_set_full(false);
	assert_true(store_rig_until(rig, &rig->stored_true, 3));
	assert_int_equal(stays->disk, ENTRY_ON_DISK);
	assert_int_equal(more->disk, ENTRY_ON_DISK);
	assert_int_equal(gone->references, 1);
	assert_int_equal(rig->health, STORE_OK);
	entry_unref(gone);
	entry_unref(stays);
	entry_unref(more);
	store_rig_close(rig);
	store_rig_open(rig, 0, 0);
	assert_int_equal(rig->loaded_count, 3);
	assert_true(store_rig_is(rig->loaded[0], CLASS_ROUTINE, "before", 300));
	assert_true(store_rig_is(rig->loaded[1], CLASS_ROUTINE, "stays", 300));
	assert_true(store_rig_is(rig->loaded[2], CLASS_ROUTINE, "more", 300));
}

static void test_full_disk_without_traffic_comes_back_too(void **state)
{
	struct store_rig *rig = *state;
	store_rig_open(rig, 0, RETRY_MS);
	slow_vfs_set_full(true);
	store_keep(rig->store, "session", "1", 1);
	assert_true(store_rig_until_count(rig, "groups_failed", 1));
	store_keep(rig->store, "session", "22", 2);
	assert_true(store_rig_until_count(rig, "groups_failed", 3));
	slow_vfs_set_full(false);
	assert_true(store_rig_until_count(rig, "groups", 2));
	assert_int_equal(store_health(rig->store), STORE_OK);
	store_rig_close(rig);
	store_rig_open(rig, 0, 0);
	size_t size;
	assert_memory_equal(store_recall(rig->store, "session", &size), "22", 2);
}

static void test_full_at_start_still_reads(void **state)
{
	struct store_rig *rig = *state;
	store_rig_prepare(rig, 3, 300);
	slow_vfs_set_full(true);
	store_rig_open(rig, 0, RETRY_MS);
	assert_int_equal(rig->loaded_count, 3);
	assert_int_equal(store_health(rig->store), STORE_FULL);
	uint64_t row = store_new_row(rig->store);
	assert_true(row > rig->loaded[2]->row);
	store_rig_put_away(rig, "new");
	slow_vfs_set_full(false);
	assert_true(store_rig_until(rig, &rig->stored_true, 1));
	store_rig_close(rig);
	store_rig_open(rig, 0, 0);
	assert_int_equal(rig->loaded_count, 4);
	assert_true(store_rig_is(rig->loaded[3], CLASS_ROUTINE, "new", 300));
	assert_true(store_new_row(rig->store) > rig->loaded[3]->row);
}

static void test_failing_sync(void **state)
{
	struct store_rig *rig = *state;
	store_rig_open(rig, 0, RETRY_MS);
	slow_vfs_set_sync_fails(true);
	store_rig_put_away(rig, "f-1");
	assert_true(store_rig_until(rig, &rig->stored_false, 1));
	assert_int_equal(store_health(rig->store), STORE_FAILED);
	assert_int_equal(rig->stored_true, 0);
	slow_vfs_set_sync_fails(false);
	assert_true(store_rig_until(rig, &rig->stored_true, 1));
	assert_int_equal(rig->health, STORE_OK);
	store_rig_close(rig);
	store_rig_open(rig, 0, 0);
	assert_int_equal(rig->loaded_count, 1);
}

enum { STEPS = 4000 };

/* Faults come and go while entries are put and forgotten in every state; in the end the disk holds exactly what is wanted. */
static void test_any_order_of_faults(void **state)
{
	struct store_rig *rig = *state;
	static struct entry *entries[STEPS];
	static char ids[STEPS][16];
	unsigned random = 7;
	size_t wanted = 0, found = 0;
	store_rig_open(rig, 1, 1);
	for (unsigned i = 0; i < STEPS; i++) {
		random = random * 1664525 + 1013904223;
		snprintf(ids[i], sizeof(ids[i]), "f-%u", i);
		entries[i] = store_rig_put(rig, ids[i], random >> 30 == 0);
		unsigned old = (random >> 8) % (i + 1);
		if (entries[old] && random >> 28 & 1) {
			store_forget(rig->store, entries[old]);
			entry_unref(entries[old]);
			entries[old] = NULL;
		}
		if ((random >> 4) % 64 == 0)
			slow_vfs_set_full(random >> 16 & 1);
		if ((random >> 4) % 64 == 1)
			slow_vfs_set_sync_fails(random >> 16 & 1);
		sd_event_run(rig->event, i % 8 == 0 ? 1000 : 0);
	}
	slow_vfs_set_full(false);
	slow_vfs_set_sync_fails(false);
	assert_true(store_rig_count(rig, "groups_failed") > 10 && store_rig_count(rig, "groups") > 10);
	store_rig_close(rig);
	store_rig_open(rig, 0, 0);
	for (unsigned i = 0; i < STEPS; i++) {
		if (!entries[i])
			continue;
		wanted++;
		assert_int_equal(entries[i]->references, 1);
		if (found < rig->loaded_count && store_rig_is(rig->loaded[found], CLASS_ROUTINE, ids[i], 300))
			found++;
		entry_unref(entries[i]);
	}
	print_message("%d put, %zu wanted in the end, %zu found\n", STEPS, wanted, rig->loaded_count);
	assert_int_equal(found, wanted);
	assert_int_equal(rig->loaded_count, wanted);
}

#define FAULT(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    FAULT(test_slow_sync_does_not_hold_up_the_loop),
	    FAULT(test_forgotten_while_being_written),
	    FAULT(test_close_gives_up_on_a_hanging_disk),
	    FAULT(test_full_disk_and_back),
	    FAULT(test_full_disk_without_traffic_comes_back_too),
	    FAULT(test_full_at_start_still_reads),
	    FAULT(test_failing_sync),
	    FAULT(test_any_order_of_faults),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
