/* A damaged store file: moved aside for inspection, and read for whatever it still gives. */
#include "gateway/store_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COPIES_MAX = 9, ENTRY_COLUMNS = 11, KEPT_COLUMNS = 2, RESERVED_COLUMNS = 2 };

static int rename_or_errno(const char *from, const char *to)
{
	return rename(from, to) == 0 ? 0 : -errno;
}

int store_move_aside(const char *path, char moved[static STORE_PATH_MAX])
{
	int copy = 1;
	do
		snprintf(moved, STORE_PATH_MAX, "%s.damaged-%d", path, copy);
	while (access(moved, F_OK) == 0 && copy++ < COPIES_MAX);
	char log[STORE_PATH_MAX + 8], moved_log[STORE_PATH_MAX + 8];
	snprintf(log, sizeof(log), "%s-wal", path);
	snprintf(moved_log, sizeof(moved_log), "%s-wal", moved);
	/* The log first: a new database must never find an old log beside it. */
	int error = rename_or_errno(log, moved_log);
	if (error == -ENOENT && unlink(moved_log) < 0)
		error = errno == ENOENT ? 0 : -errno;
	return error < 0 ? error : rename_or_errno(path, moved);
}

/* Copies rows as they are until reading or writing fails. Returns how many. */
static uint64_t copy_rows(sqlite3 *from, const char *select, sqlite3 *into, const char *insert, int columns)
{
	uint64_t copied = 0;
	sqlite3_stmt *read = NULL, *write = NULL;
	if (sqlite3_prepare_v2(from, select, -1, &read, NULL) == SQLITE_OK &&
	    sqlite3_prepare_v2(into, insert, -1, &write, NULL) == SQLITE_OK) {
		while (sqlite3_step(read) == SQLITE_ROW) {
			for (int column = 0; column < columns; column++)
				sqlite3_bind_value(write, column + 1, sqlite3_column_value(read, column));
			sqlite3_step(write);
			if (sqlite3_reset(write) != SQLITE_OK)
				continue; /* a row that breaks the rules of the table */
			copied += (uint64_t)sqlite3_changes(into);
		}
	}
	sqlite3_finalize(read);
	sqlite3_finalize(write);
	return copied;
}

uint64_t store_rescue(sqlite3 *into, const char *moved)
{
	static const char put[] = "INSERT OR IGNORE INTO entry VALUES (?,?,?,?,?,?,?,?,?,?,?)";
	sqlite3 *from = NULL;
	uint64_t copied = 0;
	if (sqlite3_open_v2(moved, &from, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) == SQLITE_OK &&
	    sqlite3_exec(from, "PRAGMA locking_mode=EXCLUSIVE; PRAGMA cache_size=-256", NULL, NULL, NULL) ==
		SQLITE_OK &&
	    sqlite3_exec(into, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK) {
		/* From both ends towards the damage in the middle. */
		copied = copy_rows(from, "SELECT * FROM entry ORDER BY row", into, put, ENTRY_COLUMNS);
		copied += copy_rows(from, "SELECT * FROM entry ORDER BY row DESC", into, put, ENTRY_COLUMNS);
		copy_rows(from, "SELECT * FROM kept", into, "INSERT OR IGNORE INTO kept VALUES (?,?)", KEPT_COLUMNS);
		copy_rows(from, "SELECT * FROM reserved", into, "INSERT OR REPLACE INTO reserved VALUES (?,?)",
			  RESERVED_COLUMNS);
		if (sqlite3_exec(into, "COMMIT", NULL, NULL, NULL) != SQLITE_OK) {
			copied = 0;
			sqlite3_exec(into, "ROLLBACK", NULL, NULL, NULL);
		}
	}
	sqlite3_close(from);
	return copied;
}
