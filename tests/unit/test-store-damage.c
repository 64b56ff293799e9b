/* The store with a file that is damaged, forbidden, newer or somebody else's: it says so and goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/store_rig.h"

enum { RETRY_MS = 30 };

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

static off_t size_of(const char *path)
{
	struct stat info;
	return stat(path, &info) == 0 ? info.st_size : -1;
}

static void scribble(const char *path, off_t from, off_t to)
{
	int fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	for (off_t at = from; at < to; at++)
		assert_int_equal(pwrite(fd, "?", 1, at), 1);
	close(fd);
}

static void test_garbage_is_moved_aside(void **state)
{
	struct store_rig *rig = *state;
	char moved[160];
	for (int copy = 1; copy <= 2; copy++) {
		store_rig_prepare(rig, 10, 300);
		snprintf(moved, sizeof(moved), "%s-wal", rig->path);
		unlink(moved);
		scribble(rig->path, 0, 5000);
		store_rig_open(rig, 0, 0);
		assert_int_equal(store_health(rig->store), STORE_OK);
		assert_true(store_rig_until(rig, &rig->health_calls, 1));
		snprintf(moved, sizeof(moved), "%s.damaged-%d", rig->path, copy);
		assert_non_null(strstr(rig->damage, moved));
		assert_int_equal(access(moved, F_OK), 0);
		store_rig_put_away(rig, "new");
		assert_true(store_rig_until(rig, &rig->stored_true, 1));
		store_rig_close(rig);
		unlink(rig->path);
	}
}

static void test_what_can_be_read_is_saved(void **state)
{
	struct store_rig *rig = *state;
	store_rig_prepare(rig, 1000, 300);
	store_rig_open(rig, 0, 0); /* takes the log into the file */
	uint64_t row = store_new_row(rig->store);
	store_rig_close(rig);
	off_t size = size_of(rig->path);
	scribble(rig->path, size / 2, size / 2 + 4096);
	store_rig_open(rig, 0, 0);
	print_message("4 kB of %lld overwritten: %zu of 1000 messages saved\n", (long long)size, rig->loaded_count);
	assert_in_range(rig->loaded_count, 900, 999);
	assert_int_equal(store_rig_count(rig, "rescued"), rig->loaded_count);
	assert_true(store_rig_is(rig->loaded[0], CLASS_ROUTINE, "f-0", 300));
	assert_true(store_rig_is(rig->loaded[rig->loaded_count - 1], CLASS_ROUTINE, "f-999", 300));
	assert_true(store_new_row(rig->store) > row);
}

static void test_damage_while_running(void **state)
{
	struct store_rig *rig = *state;
	store_rig_prepare(rig, 3000, 300); /* more than the cache holds */
	store_rig_open(rig, 0, RETRY_MS);
	assert_int_equal(rig->loaded_count, 3000);
	scribble(rig->path, 3 * 1024, size_of(rig->path));
	for (size_t i = 0; i < 3000; i += 10)
		store_forget(rig->store, rig->loaded[i]);
	store_rig_put_away(rig, "new");
	assert_true(store_rig_until(rig, &rig->stored_true, 1));
	assert_true(rig->damage[0] != '\0');
	store_rig_close(rig);
	store_rig_open(rig, 0, 0);
	assert_true(rig->loaded_count >= 1);
	assert_true(store_rig_is(rig->loaded[rig->loaded_count - 1], CLASS_ROUTINE, "new", 300));
}

static void test_bad_rows_are_dropped_and_counted(void **state)
{
	struct store_rig *rig = *state;
	sqlite3 *sqlite;
	store_rig_prepare(rig, 3, 300);
	assert_int_equal(sqlite3_open(rig->path, &sqlite), SQLITE_OK);
	assert_int_equal(sqlite3_exec(sqlite,
				      "PRAGMA locking_mode=EXCLUSIVE; UPDATE entry SET class = 9 WHERE id = 'f-0';"
				      "UPDATE entry SET topic = hex(zeroblob(40000)) WHERE id = 'f-1'",
				      NULL, NULL, NULL),
			 SQLITE_OK);
	sqlite3_close(sqlite);
	store_rig_open(rig, 0, 0);
	assert_int_equal(rig->loaded_count, 1);
	assert_int_equal(store_rig_count(rig, "drop.bad_row"), 2);
	store_rig_close(rig);
	store_rig_open(rig, 0, 0);
	assert_int_equal(store_rig_count(rig, "drop.bad_row"), 0);
	assert_int_equal(rig->loaded_count, 1);
}

static void test_foreign_files_are_left_alone(void **state)
{
	struct store_rig *rig = *state;
	const char *const sql[] = {"PRAGMA user_version=2", "PRAGMA application_id=7; CREATE TABLE theirs(x)"};
	const char *const say[] = {"newer version", "another program"};
	for (int i = 0; i < 2; i++) {
		sqlite3 *sqlite;
		store_rig_prepare(rig, i == 0, 300);
		assert_int_equal(sqlite3_open(rig->path, &sqlite), SQLITE_OK);
		sqlite3_exec(sqlite, "PRAGMA locking_mode=EXCLUSIVE", NULL, NULL, NULL);
		assert_int_equal(sqlite3_exec(sqlite, sql[i], NULL, NULL, NULL), SQLITE_OK);
		sqlite3_close(sqlite);
		store_rig_open(rig, 0, RETRY_MS);
		assert_int_equal(store_health(rig->store), STORE_FAILED);
		store_rig_put_away(rig, "f-1");
		assert_true(store_rig_until(rig, &rig->stored_false, 1));
		assert_non_null(strstr(rig->text, say[i]));
		assert_int_equal(rig->loaded_count, 0);
		/* Moved away while running: a new one is begun, and takes what waited. */
		assert_int_equal(unlink(rig->path), 0);
		assert_true(store_rig_until(rig, &rig->stored_true, 1));
		store_rig_close(rig);
		unlink(rig->path);
	}
}

static void test_directory_not_writable(void **state)
{
	struct store_rig *rig = *state;
	assert_int_equal(chmod(rig->directory, 0555), 0);
	pid_t child = fork();
	if (child == 0) {
		store_rig_forked(rig);
		if (geteuid() == 0 && setresuid(65534, 65534, 65534) < 0)
			_exit(2);
		store_rig_open(rig, 0, RETRY_MS);
		store_rig_put_away(rig, "f-1");
		bool told = store_rig_until(rig, &rig->stored_false, 1);
		_exit(told && rig->health == STORE_FAILED && strstr(rig->text, "can be written by this service") ? 0
														 : 1);
	}
	int status = -1;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	assert_int_equal(chmod(rig->directory, 0755), 0);
}

/* A child has the file open, with one entry in it, until the pipe is closed. */
static pid_t hold_file(struct store_rig *rig, int *let_go)
{
	int ready[2], end[2];
	char byte;
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(end), 0);
	pid_t child = fork();
	if (child == 0) {
		store_rig_forked(rig);
		close(end[1]);
		store_rig_open(rig, 0, 0);
		store_rig_put_away(rig, "theirs");
		bool stored = store_rig_until(rig, &rig->stored_true, 1);
		bool done = stored && write(ready[1], "x", 1) == 1 && read(end[0], &byte, 1) == 0;
		_exit(done ? 0 : 1); /* as a kill: the lock goes, the file stays */
	}
	close(ready[1]);
	close(end[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	*let_go = end[1];
	return child;
}

static void test_second_instance(void **state)
{
	struct store_rig *rig = *state;
	int let_go, status = -1;
	pid_t child = hold_file(rig, &let_go);
	store_rig_open(rig, 0, RETRY_MS);
	assert_int_equal(store_health(rig->store), STORE_FAILED);
	struct entry *ours = store_rig_put(rig, "ours", true);
	assert_true(store_rig_until(rig, &rig->stored_false, 1));
	assert_non_null(strstr(rig->text, "another process"));
	close(let_go);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	/* The file is free: its entry arrives late, as the older one, and ours is written beside it. */
	assert_true(store_rig_until(rig, &rig->loaded_count, 1));
	assert_true(store_rig_is(rig->loaded[0], CLASS_ROUTINE, "theirs", 300));
	assert_true(rig->loaded[0]->row < ours->row);
	assert_true(store_rig_until(rig, &rig->stored_true, 1));
	store_rig_put_away(rig, "ours too");
	assert_true(store_rig_until(rig, &rig->stored_true, 2));
	store_forget(rig->store, ours);
	entry_unref(ours);
	store_rig_close(rig);
	store_rig_open(rig, 0, 0);
	assert_int_equal(rig->loaded_count, 2);
	assert_true(store_rig_is(rig->loaded[0], CLASS_ROUTINE, "theirs", 300));
	assert_true(store_rig_is(rig->loaded[1], CLASS_ROUTINE, "ours too", 300));
}

#define DAMAGE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    DAMAGE(test_garbage_is_moved_aside),
	    DAMAGE(test_what_can_be_read_is_saved),
	    DAMAGE(test_damage_while_running),
	    DAMAGE(test_bad_rows_are_dropped_and_counted),
	    DAMAGE(test_foreign_files_are_left_alone),
	    DAMAGE(test_directory_not_writable),
	    DAMAGE(test_second_instance),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
