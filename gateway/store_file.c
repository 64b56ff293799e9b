/* The store's file: whose it is, whether it is whole, how it is opened, and what its errors mean. */
#include "gateway/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	SCHEMA_VERSION = 1,
	APPLICATION_ID = 1131565940, /* "CrSt", as in the schema below */
	BUSY_MS = 1000,
};

/* Small pages, because an SD card is worn by whole pages: a message of 300 bytes in a commit of its own, put and taken off again,
 * writes 1.3 kB with pages of 1 kB and 5.2 kB with the usual 4 kB. A short log and a small cache, because memory and card are
 * small. FULL, because NORMAL loses commits at a power cut. */
static const char settings_sql[] = "PRAGMA locking_mode=EXCLUSIVE; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
				   "PRAGMA cache_size=-256; PRAGMA page_size=1024; PRAGMA trusted_schema=OFF;";
static const char log_sql[] = "PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=512;"
			      "PRAGMA journal_size_limit=1048576;";
static const char schema_sql[] =
    "BEGIN IMMEDIATE;"
    "CREATE TABLE entry(row INTEGER PRIMARY KEY, class INTEGER NOT NULL, kind INTEGER NOT NULL, outlet TEXT NOT NULL,"
    " id TEXT NOT NULL, station TEXT NOT NULL, topic TEXT NOT NULL, payload BLOB NOT NULL,"
    " accepted_at_ms INTEGER NOT NULL, expires_at_ms INTEGER NOT NULL, payload_size INTEGER NOT NULL);"
    "CREATE TABLE kept(name TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE reserved(one INTEGER PRIMARY KEY CHECK (one = 1), next_row INTEGER NOT NULL);"
    "INSERT INTO reserved VALUES (1, 1);"
    "PRAGMA application_id=1131565940; PRAGMA user_version=1; COMMIT;";

void store_file_close(struct store_db *db)
{
	sqlite3_finalize(db->put);
	sqlite3_finalize(db->forget);
	sqlite3_finalize(db->keep);
	sqlite3_finalize(db->reserve);
	db->put = db->forget = db->keep = db->reserve = NULL;
	sqlite3_close(db->sqlite);
	db->sqlite = NULL;
}

void store_explain(struct store_group *group, enum store_health health, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	sqlite3_vsnprintf(sizeof(group->text), group->text, format, arguments);
	va_end(arguments);
	group->health = health;
}

/* Turns SQLite's last error into a verdict and a text. doing: "open", "read", "write". */
enum store_verdict store_judge(struct store_db *db, struct store_group *group, const char *doing)
{
	int rc = sqlite3_extended_errcode(db->sqlite);
	bool system = (rc & 0xff) == SQLITE_IOERR || (rc & 0xff) == SQLITE_CANTOPEN;
	int number = system ? sqlite3_system_errno(db->sqlite) : 0;
	const char *why = number ? strerror(number) : sqlite3_errmsg(db->sqlite);
	const char *meanwhile = "messages are kept in memory only and lost at a power cut; tried again every 30 s";
	if ((rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB || rc == SQLITE_IOERR_READ ||
	    rc == SQLITE_IOERR_SHORT_READ || rc == SQLITE_IOERR_CORRUPTFS) {
		store_explain(group, STORE_FAILED, "%s", sqlite3_errmsg(db->sqlite));
		return STORE_VERDICT_DAMAGED;
	}
	if ((rc & 0xff) == SQLITE_FULL || number == ENOSPC || number == EDQUOT) {
		store_explain(group, STORE_FULL,
			      "no space left for the message store %s: free space on its file system; %s", db->path,
			      meanwhile);
		return STORE_VERDICT_NO_SPACE;
	}
	if ((rc & 0xff) == SQLITE_BUSY || (rc & 0xff) == SQLITE_LOCKED)
		store_explain(
		    group, STORE_FAILED,
		    "the message store %s is in use by another process: stop the other cressetd, or give each "
		    "a file of its own; %s",
		    db->path, meanwhile);
	else
		store_explain(
		    group, STORE_FAILED,
		    "cannot %s the message store %s: %s: check that its directory is on a working disk and can be "
		    "written by this service; %s",
		    doing, db->path, why, meanwhile);
	return STORE_VERDICT_FAILED;
}

static enum store_verdict refuse(struct store_group *group, const char *path, const char *why)
{
	store_explain(
	    group, STORE_FAILED,
	    "the message store %s %s; it is left as it is, and messages are kept in memory only until it is moved "
	    "away or another path is configured",
	    path, why);
	return STORE_VERDICT_FAILED;
}

static int query(sqlite3 *sqlite, const char *sql, int64_t *value)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
		*value = sqlite3_column_int64(statement, 0);
		rc = SQLITE_OK;
	}
	int end = sqlite3_finalize(statement);
	return end != SQLITE_OK ? end : rc;
}

/* True if the first row of the answer is that text. */
static bool answers(sqlite3 *sqlite, const char *sql, const char *expected)
{
	sqlite3_stmt *statement = NULL;
	bool same = sqlite3_prepare_v2(sqlite, sql, -1, &statement, NULL) == SQLITE_OK &&
		    sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0) &&
		    strcmp((const char *)sqlite3_column_text(statement, 0), expected) == 0;
	sqlite3_finalize(statement);
	return same;
}

/* Makes the directories above the file and the file itself, before SQLite would with wider permissions. Errors are left for
 * SQLite to find and name. */
static void make_file(const char *path)
{
	char directory[STORE_PATH_MAX];
	sqlite3_snprintf(sizeof(directory), directory, "%s", path);
	for (char *slash = strchr(directory + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(directory, 0750);
		*slash = '/';
	}
	/* O_EXCL: closing a descriptor of an existing file would drop the locks that this process may hold on it. */
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	if (fd >= 0)
		close(fd);
}

/* Whose file is it? An empty one becomes ours. */
static enum store_verdict check_owner(struct store_db *db, struct store_group *group)
{
	int64_t application = 0, version = 0, tables = 0;
	if (query(db->sqlite, "PRAGMA application_id", &application) != SQLITE_OK ||
	    query(db->sqlite, "PRAGMA user_version", &version) != SQLITE_OK ||
	    query(db->sqlite, "SELECT count(*) FROM sqlite_schema", &tables) != SQLITE_OK)
		return store_judge(db, group, "read");
	if (application == APPLICATION_ID && version == SCHEMA_VERSION)
		return STORE_VERDICT_FINE;
	if (application == APPLICATION_ID)
		return refuse(group, db->path, "was written by a newer version of this program");
	if (application || version || tables)
		return refuse(group, db->path, "is the database of another program");
	return STORE_VERDICT_FINE;
}

static enum store_verdict configure(struct store_db *db, struct store_group *group)
{
	sqlite3_busy_timeout(db->sqlite, BUSY_MS);
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_LOOKASIDE, NULL, 256, 64);
	/* The log is read at the next start just as well; a stop should not wait for copying it. */
	sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (sqlite3_exec(db->sqlite, settings_sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_judge(db, group, "open");
	if (sqlite3_db_readonly(db->sqlite, "main") == 1) {
		store_explain(
		    group, STORE_FAILED,
		    "the message store %s can be read but not written: give this service the right to write it; "
		    "messages are kept in memory only and lost at a power cut; tried again every 30 s",
		    db->path);
		return STORE_VERDICT_FAILED;
	}
	enum store_verdict verdict = check_owner(db, group);
	if (verdict != STORE_VERDICT_FINE)
		return verdict;
	if (!answers(db->sqlite, "PRAGMA journal_mode=WAL", "wal") ||
	    sqlite3_exec(db->sqlite, log_sql, NULL, NULL, NULL) != SQLITE_OK)
		return store_judge(db, group, "open");
	return STORE_VERDICT_FINE;
}

static enum store_verdict check_contents(struct store_db *db, struct store_group *group)
{
	int64_t tables = 0;
	if (query(db->sqlite, "SELECT count(*) FROM sqlite_schema", &tables) != SQLITE_OK)
		return store_judge(db, group, "read");
	if (tables == 0 && sqlite3_exec(db->sqlite, schema_sql, NULL, NULL, NULL) != SQLITE_OK) {
		enum store_verdict verdict = store_judge(db, group, "write");
		sqlite3_exec(db->sqlite, "ROLLBACK", NULL, NULL, NULL);
		return verdict == STORE_VERDICT_NO_SPACE ? STORE_VERDICT_FAILED
							 : verdict; /* without tables it is of no use */
	}
	/* After a failed sync nobody knows which pages of the log are on the disk: copy them all, and begin a new one. */
	if (sqlite3_wal_checkpoint_v2(db->sqlite, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL) != SQLITE_OK) {
		enum store_verdict verdict = store_judge(db, group, "write");
		if (verdict != STORE_VERDICT_NO_SPACE) /* on a full disk there is still much to read */
			return verdict;
	}
	if (answers(db->sqlite, "PRAGMA quick_check(1)", "ok"))
		return STORE_VERDICT_FINE;
	int rc = sqlite3_errcode(db->sqlite);
	if (rc != SQLITE_OK && rc != SQLITE_ROW && rc != SQLITE_DONE)
		return store_judge(db, group, "read");
	store_explain(group, STORE_FAILED, "its pages contradict one another");
	return STORE_VERDICT_DAMAGED;
}

static int prepare(sqlite3 *sqlite, const char *sql, sqlite3_stmt **statement)
{
	return sqlite3_prepare_v3(sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL);
}

int store_file_read_reserved(struct store_db *db)
{
	int64_t reserved = 1, highest = 0;
	int rc = query(db->sqlite, "SELECT next_row FROM reserved", &reserved);
	if (rc == SQLITE_OK)
		rc = query(db->sqlite, "SELECT max(row) FROM entry", &highest);
	db->reserved = (uint64_t)(reserved > highest ? reserved : highest + 1);
	return rc;
}

static enum store_verdict prepare_all(struct store_db *db, struct store_group *group)
{
	/* REPLACE: a group of which the disk said that it failed may have reached it, and comes again. */
	if (prepare(db->sqlite, "INSERT OR REPLACE INTO entry VALUES (?,?,?,?,?,?,?,?,?,?,?)", &db->put) == SQLITE_OK &&
	    prepare(db->sqlite, "DELETE FROM entry WHERE row = ?", &db->forget) == SQLITE_OK &&
	    prepare(db->sqlite, "INSERT OR REPLACE INTO kept VALUES (?,?)", &db->keep) == SQLITE_OK &&
	    prepare(db->sqlite, "INSERT OR REPLACE INTO reserved VALUES (1,?)", &db->reserve) == SQLITE_OK &&
	    store_file_read_reserved(db) == SQLITE_OK)
		return STORE_VERDICT_FINE;
	if (sqlite3_errcode(db->sqlite) != SQLITE_ERROR)
		return store_judge(db, group, "read");
	/* No such table or column: the file says that it is ours and is not. */
	store_explain(group, STORE_FAILED, "%s", sqlite3_errmsg(db->sqlite));
	return STORE_VERDICT_DAMAGED;
}

enum store_verdict store_file_open(struct store_db *db, struct store_group *group)
{
	make_file(db->path);
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	enum store_verdict verdict = STORE_VERDICT_FINE;
	if (sqlite3_open_v2(db->path, &db->sqlite, flags, store_vfs_name(db->vfs)) != SQLITE_OK)
		verdict = store_judge(db, group, "open");
	if (verdict == STORE_VERDICT_FINE)
		verdict = configure(db, group);
	if (verdict == STORE_VERDICT_FINE)
		verdict = check_contents(db, group);
	if (verdict == STORE_VERDICT_FINE)
		verdict = prepare_all(db, group);
	if (verdict != STORE_VERDICT_FINE)
		store_file_close(db);
	return verdict;
}
