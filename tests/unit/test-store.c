/* The store on a disk that works: what is put comes back, what is forgotten does not, and nothing is written in vain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/support/store_rig.h"

enum { NEVER_MS = 3600 * 1000 };

static int set_up(void **state)
{
	*state = store_rig_new();
	return 0;
}

static int tear_down(void **state)
{
	store_rig_free(*state);
	return 0;
}

static unsigned mode_of(const char *path)
{
	struct stat info;
	return stat(path, &info) == 0 ? info.st_mode & 0777 : 0;
}

static void put(struct store_rig *rig, enum message_class class, const char *text, size_t size, bool urgent)
{
	struct entry *entry = store_rig_entry(rig, class, text, size);
	store_put(rig->store, entry, urgent);
	assert_int_equal(entry->disk, ENTRY_WRITING);
	entry_unref(entry);
}

static void test_fresh_and_reopened(void **state)
{
	struct store_rig *rig = *state;
	snprintf(rig->path, sizeof(rig->path), "%s/a/b/store.db", rig->directory);
	store_rig_open(rig, 0, 0);
	assert_int_equal(store_health(rig->store), STORE_OK);
	assert_int_equal(mode_of(rig->path) & 0137, 0);
	put(rig, CLASS_ROUTINE, "f-1-1", 300, false);
	put(rig, CLASS_DISTRESS, "f-2-\xc3\xa9", 60000, true);
	put(rig, CLASS_BULK, "f-3-1", 0, false);
	assert_true(store_rig_until(rig, &rig->stored_true, 3));
	char directory[160];
	snprintf(directory, sizeof(directory), "%s/a/b", rig->directory);
	assert_int_equal(mode_of(directory) & 0027, 0);
	store_rig_close(rig);

	store_rig_open(rig, 0, 0);
	assert_int_equal(rig->loaded_count, 3);
	assert_true(store_rig_is(rig->loaded[0], CLASS_ROUTINE, "f-1-1", 300));
	assert_true(store_rig_is(rig->loaded[1], CLASS_DISTRESS, "f-2-\xc3\xa9", 60000));
	assert_true(store_rig_is(rig->loaded[2], CLASS_BULK, "f-3-1", 0));
	assert_int_equal(rig->loaded[2]->references, 1);
	assert_int_equal(rig->health_calls, 0);
}

/* What is said to one station in the same instant, such as the parts of a long story, must not change places on the way to the disk. */
static void test_urgent_ones_keep_their_order(void **state)
{
	struct store_rig *rig = *state;
	store_rig_open(rig, NEVER_MS, 0);
	uint64_t first = store_new_row(rig->store) + 1;
	put(rig, CLASS_ROUTINE, "f-1-1", 10, false);
	put(rig, CLASS_ROUTINE, "f-1-2", 10, true);
	put(rig, CLASS_ROUTINE, "f-1-3", 10, true);
	put(rig, CLASS_ROUTINE, "f-1-4", 10, false);
	put(rig, CLASS_ROUTINE, "f-1-5", 10, true);
	assert_true(store_rig_until(rig, &rig->stored_true, 5));
	static const uint64_t order[] = {1, 2, 4, 0, 3};
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(rig->stored_rows[i] - first, order[i]);
	store_rig_close(rig);
}

static void test_loaded_oldest_first(void **state)
{
	struct store_rig *rig = *state;
	store_rig_open(rig, NEVER_MS, 0);
	struct entry *entries[50];
	char id[16];
	for (int i = 0; i < 50; i++) {
		snprintf(id, sizeof(id), "f-%d", i);
		entries[i] = store_rig_entry(rig, CLASS_ROUTINE, id, 2000);
	}
	/* The age is the row's, whatever the order of writing. */
	for (int i = 49; i >= 0; i--) {
		store_put(rig->store, entries[i], i % 3 == 0);
		entry_unref(entries[i]);
	}
	store_rig_close(rig);
	store_rig_open(rig, 0, 0);
	assert_int_equal(rig->loaded_count, 50);
	for (int i = 0; i < 50; i++) {
		snprintf(id, sizeof(id), "f-%d", i);
		assert_true(store_rig_is(rig->loaded[i], CLASS_ROUTINE, id, 2000));
	}
}

static void test_forgotten_before_written_is_never_written(void **state)
{
	struct store_rig *rig = *state;
	store_rig_open(rig, NEVER_MS, 0);
	uint64_t before = store_bytes_written(rig->store);
	for (int i = 0; i < 100; i++) {
		struct entry *entry = store_rig_entry(rig, CLASS_ROUTINE, "f-1", 300);
		store_put(rig->store, entry, false);
		store_forget(rig->store, entry);
		assert_int_equal(entry->references, 1);
		assert_int_equal(entry->disk, ENTRY_IN_MEMORY);
		entry_unref(entry);
	}
	store_rig_turn(rig);
	assert_int_equal(store_rig_count(rig, "delivered_before_written"), 100);
	assert_int_equal(store_bytes_written(rig->store), before);
	assert_int_equal(store_rig_count(rig, "groups"), 1); /* the opening */
	store_rig_close(rig);
	store_rig_open(rig, 0, 0);
	assert_int_equal(rig->loaded_count, 0);
}

static void test_forgotten_on_disk_is_taken_off(void **state)
{
	struct store_rig *rig = *state;
	store_rig_open(rig, 0, 0);
	struct entry *gone = store_rig_entry(rig, CLASS_SAFETY, "gone", 300);
	store_put(rig->store, gone, true);
	put(rig, CLASS_SAFETY, "stays", 300, true);
	assert_true(store_rig_until(rig, &rig->stored_true, 2));
	store_forget(rig->store, gone);
	store_forget(rig->store, gone); /* twice is once */
	entry_unref(gone);
	/* It goes with the next group that has something urgent, not before. */
	store_rig_turn(rig);
	assert_int_equal(store_rig_count(rig, "deleted"), 0);
	put(rig, CLASS_SAFETY, "later", 300, true);
	assert_true(store_rig_until_count(rig, "deleted", 1));
	store_rig_close(rig);
	store_rig_open(rig, 0, 0);
	assert_int_equal(rig->loaded_count, 2);
	assert_true(store_rig_is(rig->loaded[0], CLASS_SAFETY, "stays", 300));
	assert_true(store_rig_is(rig->loaded[1], CLASS_SAFETY, "later", 300));
	store_forget(rig->store, rig->loaded[0]);
	store_rig_close(rig);
	store_rig_open(rig, 0, 0);
	assert_int_equal(rig->loaded_count, 1);
}

static void test_one_group_for_many(void **state)
{
	struct store_rig *rig = *state;
	store_rig_open(rig, 20, 0);
	for (int i = 0; i < 200; i++)
		put(rig, CLASS_ROUTINE, "f-1", 300, false);
	assert_int_equal(rig->stored_true, 0);
	assert_true(store_rig_until(rig, &rig->stored_true, 200));
	assert_int_equal(store_rig_count(rig, "groups"), 2); /* the opening and this one */
	/* A full group does not wait for its time. */
	store_rig_close(rig);
	store_rig_open(rig, NEVER_MS, 0);
	for (int i = 0; i < 256; i++)
		put(rig, CLASS_ROUTINE, "f-1", 300, false);
	assert_true(store_rig_until(rig, &rig->stored_true, 256));
	assert_int_equal(store_rig_count(rig, "groups"), 2);
	put(rig, CLASS_ROUTINE, "not yet", 300, false);
	store_rig_turn(rig);
	assert_int_equal(rig->stored_true, 256);
}

static void test_put_twice_is_once(void **state)
{
	struct store_rig *rig = *state;
	store_rig_open(rig, 0, 0);
	struct entry *entry = store_rig_entry(rig, CLASS_ROUTINE, "f-1", 10);
	store_put(rig->store, entry, false);
	store_put(rig->store, entry, true);
	assert_int_equal(entry->references, 2);
	assert_true(store_rig_until(rig, &rig->stored_true, 1));
	store_put(rig->store, entry, true);
	assert_int_equal(entry->references, 1);
	assert_int_equal(entry->disk, ENTRY_ON_DISK);
	entry_unref(entry);
}

static void test_blocks(void **state)
{
	struct store_rig *rig = *state;
	size_t size;
	store_rig_open(rig, NEVER_MS, 0);
	assert_null(store_recall(rig->store, "session", &size));
	store_keep(rig->store, "session", "\0\1\2", 3);
	store_keep(rig->store, "session", "\3\0\1\2", 4);
	store_keep(rig->store, "dedupe", "", 0);
	/* As it was at open. */
	assert_null(store_recall(rig->store, "session", &size));
	store_rig_close(rig);
	store_rig_open(rig, 0, 0);
	const void *bytes = store_recall(rig->store, "session", &size);
	assert_int_equal(size, 4);
	assert_memory_equal(bytes, "\3\0\1\2", 4);
	assert_non_null(store_recall(rig->store, "dedupe", &size));
	assert_int_equal(size, 0);
	assert_null(store_recall(rig->store, "other", &size));
}

static void test_rows_grow_across_starts(void **state)
{
	struct store_rig *rig = *state;
	uint64_t last = 0;
	for (int start = 0; start < 5; start++) {
		store_rig_open(rig, 0, 0);
		for (int i = 0; i < 1000; i++) {
			uint64_t row = store_new_row(rig->store);
			assert_true(row > last);
			last = row;
		}
		store_rig_close(rig);
	}
}

/* More rows in one run than a block holds: the reservation on disk stays ahead of what is handed out. */
static void test_rows_beyond_a_block(void **state)
{
	struct store_rig *rig = *state;
	store_rig_open(rig, 0, 0);
	uint64_t first = store_new_row(rig->store), row = first;
	while (row - first < 600000)
		row = store_new_row(rig->store);
	assert_true(store_rig_until_count(rig, "groups", 2));
	while (row - first < 1500000)
		row = store_new_row(rig->store);
	store_rig_close(rig);
	store_rig_open(rig, 0, 0);
	assert_true(store_new_row(rig->store) > row);
}

static void test_memory_only(void **state)
{
	struct store_rig *rig = *state;
	size_t size;
	rig->path[0] = '\0';
	store_rig_open(rig, 0, 0);
	assert_int_equal(store_health(rig->store), STORE_OFF);
	struct entry *entry = store_rig_entry(rig, CLASS_DISTRESS, "f-1", 300);
	store_put(rig->store, entry, true);
	assert_int_equal(rig->stored_false, 0); /* by the loop, not out of store_put */
	assert_true(store_rig_until(rig, &rig->stored_false, 1));
	assert_int_equal(entry->references, 1);
	store_forget(rig->store, entry);
	entry_unref(entry);
	assert_true(store_new_row(rig->store) < store_new_row(rig->store));
	store_keep(rig->store, "session", "x", 1);
	assert_null(store_recall(rig->store, "session", &size));
	assert_int_equal(store_bytes_written(rig->store), 0);
	assert_int_equal(rig->health_calls, 0);
	store_close(NULL, 0);
}

/* What the process itself handed to write calls, by the kernel's account. */
static uint64_t kernel_count(void)
{
	unsigned long long bytes = 0;
	char line[128];
	FILE *io = fopen("/proc/self/io", "r");
	if (!io)
		skip(); /* a kernel without accounting */
	while (fgets(line, sizeof(line), io))
		if (sscanf(line, "wchar: %llu", &bytes) == 1)
			break;
	fclose(io);
	return bytes;
}

static void test_counts_what_it_writes(void **state)
{
	struct store_rig *rig = *state;
	uint64_t kernel_before = kernel_count();
	store_rig_open(rig, 0, 0);
	for (int i = 0; i < 2000; i++)
		put(rig, CLASS_ROUTINE, "f-1", 300, false);
	assert_true(store_rig_until(rig, &rig->stored_true, 2000));
	uint64_t written = store_bytes_written(rig->store), kernel = kernel_count() - kernel_before;
	print_message("2000 messages of 300 bytes: %llu bytes written, by the kernel's account %llu\n",
		      (unsigned long long)written, (unsigned long long)kernel);
	assert_true(written > 2000 * 300);
	assert_in_range(kernel, written, written + written / 100 + 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_fresh_and_reopened, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_urgent_ones_keep_their_order, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_loaded_oldest_first, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_forgotten_before_written_is_never_written, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_forgotten_on_disk_is_taken_off, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_one_group_for_many, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_put_twice_is_once, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_blocks, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_rows_grow_across_starts, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_rows_beyond_a_block, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_memory_only, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_counts_what_it_writes, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
