/* What the two sides of the store share: the loop side (store.c) collects changes, the thread's side (store_db.c) writes them in
 * groups. A group belongs to one side at a time; only its pointer is ever passed under the lock. */
#pragma once

#include <sqlite3.h>
#include <sys/queue.h>

#include "gateway/store.h"
#include "gateway/store_index.h"

enum {
	STORE_GROUP_CHANGES = 256, /* a group is closed at this many changes */
	STORE_GROUP_BYTES = 1024 *
			    1024, /* or this many bytes of payload, which bounds a transaction's share of the log */
	STORE_TEXT_MAX = 640,
	STORE_PATH_MAX = 512,
};

/* Rows are reserved on disk this many at a time, a fresh block at every start: a row of a killed run is never given again. */
#define STORE_ROW_BLOCK ((uint64_t)1 << 20)
/* First row of a run that could not read its file. When the file can be read after all, rows are shifted in the file so that
 * they come after those already there (store_db.shift). */
#define STORE_ROW_UNREAD ((uint64_t)1 << 62)

/* Rows of what was delivered may stay this long: they cost only a doubled message after a kill, and together they cost less. */
#define STORE_DELETE_DELAY_US (5 * 1000000LL)
#define STORE_NEVER           INT64_MAX

enum store_change_type { STORE_PUT, STORE_DELETE, STORE_KEEP };

struct store_change {
	struct store_key key; /* put and delete; first, so that the index gives the change */
	TAILQ_ENTRY(store_change) link;
	struct store_changes *list; /* loop side: the list it waits in, NULL = with the thread */
	enum store_change_type type;
	bool told;           /* loop side: its owner knows that it is not on disk */
	bool tried;          /* loop side: was in a group that failed, of which a part may have reached the disk */
	bool forgotten;      /* loop side: no longer wanted, found out while the thread had it */
	struct entry *entry; /* put: one reference, given and taken on the loop only */
	size_t size;         /* keep: bytes after the name */
	char data[];         /* keep: zero-terminated name, then the bytes */
};
TAILQ_HEAD(store_changes, store_change);

struct store_block {
	struct store_block *next;
	size_t size;
	char data[]; /* zero-terminated name, then the bytes */
};

struct store_group {
	struct store_changes changes;
	size_t count, bytes;
	uint64_t row_limit; /* rows below it may be in use; 0 at start, when the file has yet to say where to begin */
	bool probe;         /* write something even if there is nothing, to see whether the disk is back */

	/* answers */
	struct store_block *kept; /* of a file that was read in this run, the loop's from then on */
	enum store_health health;
	char text[STORE_TEXT_MAX];   /* why the health is not STORE_OK, and what to do */
	char damage[STORE_TEXT_MAX]; /* what was done about a damaged file, "" = there was none */
	uint64_t first_row;          /* answer to row_limit 0 */
	uint64_t bytes_written;      /* since the start of the program */
	struct entry *found;         /* by the first opening that succeeded, oldest first, linked by next */
	uint64_t bad_rows, rescued;
};

struct store {
	struct store_callbacks callbacks;
	int64_t commit_interval_us, retry_interval_us;
	sd_event_source *completion, *timer;
	struct store_thread *thread; /* NULL = memory only */

	struct store_changes pending;     /* for the next group; urgent ones in front */
	struct store_change *last_urgent; /* of these, NULL = there is none */
	size_t pending_count;
	struct store_changes keeps;   /* blocks for the next group */
	struct store_changes waiting; /* could not be written: again when the disk is back */
	void *puts;                   /* tree of all changes that are puts, by row */
	int64_t due_us;               /* when the group is to be closed, STORE_NEVER = nothing pending */

	struct store_group group;
	bool busy; /* the thread has the group */
	enum store_health health;
	int64_t retry_us;
	bool announce;             /* what opening found out has yet to be said, by the loop */
	char said[STORE_TEXT_MAX]; /* the last text about a health that is not STORE_OK */

	uint64_t next_row, row_limit; /* row_limit: reserved, or about to be with the next group */
	uint64_t bytes_written;
	struct entry *found;
	void (*loaded)(void *context, struct entry *entry);
	void *loaded_context;
	struct store_block *kept;
	unsigned replaced;
	bool kept_late; /* they came after the start and nobody was told yet */

	struct counter *written, *deleted, *spared, *groups, *failed_groups, *refused, *bad_rows, *rescued, *no_memory;
};

/* store_group.c: the loop's side. */
struct store_change *store_find_put(const struct store *store, uint64_t row);
struct store_change *store_find_keep(const struct store *store, const char *name);
void store_list_add(struct store_changes *list, struct store_change *change);
void store_list_remove(struct store *store, struct store_change *change);
/* Adds a change to the next group, behind the others; urgent: behind the other urgent ones. */
void store_queue(struct store *store, struct store_change *change, bool urgent);
/* Frees a change that is in no list, with its reference and its place in the tree. */
void store_change_free(struct store *store, struct store_change *change);
/* A put that may have reached the disk and is no longer wanted. */
void store_turn_to_delete(struct store *store, struct store_change *change);
/* The group is to be closed no later than in delay_us. */
void store_due_within(struct store *store, int64_t delay_us);
/* Sets the timer to the next thing to do, if there is one that the thread's answer would not bring anyway. */
void store_arm(struct store *store);
bool store_nothing_waits(const struct store *store);
void store_hand_over(struct store *store);
/* Takes in a group that ended. quiet: without callbacks, because the store is closing. */
void store_absorb(struct store *store, bool quiet);
/* The part of it that is about the file and not the changes. */
void store_take_answers(struct store *store);
void store_give_found(struct store *store);
int store_on_timer(sd_event_source *source, uint64_t time_us, void *context);
int store_on_completion(sd_event_source *source, int fd, uint32_t events, void *context);

/* store_vfs.c: SQLite's default way to the disk, with the bytes counted. */
struct store_vfs;
struct store_vfs *store_vfs_new(void);
/* Only after every file opened through it is closed. */
void store_vfs_free(struct store_vfs *vfs);
const char *store_vfs_name(const struct store_vfs *vfs);
uint64_t store_vfs_written(const struct store_vfs *vfs);

struct store_db {
	char *path;
	struct store_vfs *vfs;
	sqlite3 *sqlite; /* NULL = not open */
	sqlite3_stmt *put, *forget, *keep, *reserve;
	struct store_block *kept;
	bool was_read;     /* entries and blocks were read: what is in the file is known to the loop */
	uint64_t shift;    /* row in memory - row in the file */
	uint64_t reserved; /* rows of the file below this are taken */
};

/* What to do after an error. */
enum store_verdict {
	STORE_VERDICT_FINE,
	STORE_VERDICT_NO_SPACE, /* keep the file open, write again later */
	STORE_VERDICT_DAMAGED,  /* the file has to be replaced */
	STORE_VERDICT_FAILED,   /* close, open again later */
};

/* store_thread.c: the thread that runs groups, one at a time. */
struct store_thread;
/* Takes over db (also when it fails). NULL: out of memory or threads. */
struct store_thread *store_thread_new(struct store_db *db);
/* Readable when a group has ended. */
int store_thread_fd(const struct store_thread *thread);
/* Hands over the group; it is the thread's until store_thread_take returns true. One at a time. Never blocks. */
void store_thread_give(struct store_thread *thread, struct store_group *group);
/* True if the group given has ended; it is the caller's again. Never blocks. */
bool store_thread_take(struct store_thread *thread);
/* The same, waiting until that monotonic time. */
bool store_thread_wait(struct store_thread *thread, int64_t until_us);
/* Ends the thread and closes the file, if it can be done by that time: true. Otherwise the thread is left alone with what it holds,
 * group included: false. */
bool store_thread_free(struct store_thread *thread, int64_t until_us);

/* store_db.c: used by one thread at a time. */
struct store_db *store_db_new(const char *path);
void store_db_free(struct store_db *db);
/* Opens the file if it is not open, writes the group as one transaction and fills its answers. Blocks as long as the disk does. */
void store_db_run(struct store_db *db, struct store_group *group);

/* store_file.c */
/* Opens or makes the file, checks it, prepares the statements and reads what is reserved. On any error it is closed again. */
enum store_verdict store_file_open(struct store_db *db, struct store_group *group);
void store_file_close(struct store_db *db);
/* Reads db->reserved. */
int store_file_read_reserved(struct store_db *db);
/* Turns SQLite's last error into a verdict and into the health and text of the group. doing: "open", "read", "write". */
enum store_verdict store_judge(struct store_db *db, struct store_group *group, const char *doing);
void store_explain(struct store_group *group, enum store_health health, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* store_rescue.c */
/* Renames path and its log to <path>.damaged-<n>, n = 1-9 (the ninth is replaced); fills moved. 0 or negative errno. */
int store_move_aside(const char *path, char moved[static STORE_PATH_MAX]);
/* Copies the rows and blocks that can still be read out of a file that was moved aside. Returns how many entries. */
uint64_t store_rescue(sqlite3 *into, const char *moved);
