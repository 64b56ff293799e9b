/* The durable store: what must survive a power cut, written by a thread of its own in groups. Nobody ever waits for the disk. */
#pragma once

#include <systemd/sd-event.h>

#include "gateway/counters.h"
#include "gateway/entry.h"

struct store;

enum store_health {
	STORE_OK,
	STORE_FULL,   /* no space: going on in memory, tried again every half minute */
	STORE_FAILED, /* cannot be opened or written for another reason: the same */
	STORE_OFF,    /* store: memory in the configuration */
};

struct store_settings {
	const char *path;           /* of the SQLite file; NULL = memory only */
	int64_t commit_interval_ms; /* groups are closed after this time or 256 changes, 0 = at once */
};

struct store_callbacks {
	void *context;
	/* On the loop: the entry given to store_put is on disk, or could not be written (then it stays in memory only). */
	void (*stored)(void *context, struct entry *entry, bool on_disk);
	/* On the loop: the health changed; text says what happened and what to do. */
	void (*health)(void *context, enum store_health health, const char *text);
};

/* Opens or makes the file (directory included) and starts the thread. A damaged file is moved aside and said, never a reason not to
 * start. NULL only when out of memory. */
struct store *store_open(const struct store_settings *settings, const struct store_callbacks *callbacks,
			 sd_event *event, struct counters *counters);

/* Writes what was handed over, waits at most timeout_ms for the disk, closes. */
void store_close(struct store *store, int64_t timeout_ms);

/* Every entry found at open, oldest first, one reference each for the callee. Call once, right after store_open. */
void store_load(struct store *store, void (*loaded)(void *context, struct entry *entry), void *context);

/* A key for a new entry: unique for ever, growing, also across a kill. */
uint64_t store_new_row(struct store *store);

/* Hands over an entry to be written (takes a reference of its own, sets ENTRY_WRITING). urgent closes the group at once. */
void store_put(struct store *store, struct entry *entry, bool urgent);

/* The entry is delivered or dropped: takes its row off the disk with the next group. An entry still waiting to be written is not
 * written at all. */
void store_forget(struct store *store, struct entry *entry);

/* A small named block that survives restarts (session number, dedupe, incidents). Written with the next group; a copy is taken. */
void store_keep(struct store *store, const char *name, const void *bytes, size_t size);
/* The block kept under that name as it was at open, or NULL. Valid until store_close. */
const void *store_recall(const struct store *store, const char *name, size_t *size);

enum store_health store_health(const struct store *store);
/* Bytes handed to the disk since the start, by the thread's own account of writes (database, log and journal). */
uint64_t store_bytes_written(const struct store *store);
