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
	const char *path;           /* of the SQLite file, shorter than 480 bytes; NULL = memory only */
	int64_t commit_interval_ms; /* groups are closed after this time or 256 changes, 0 = at once */
	int64_t retry_interval_ms;  /* how often a disk that is away is tried again, 0 = 30 s */
};

struct store_callbacks {
	void *context;
	/* On the loop: the entry given to store_put is on disk, or could not be written and is in memory only; entry->disk says the
	 * same. An entry that could not be written and is not forgotten stays with the store, which writes it as soon as the disk is
	 * back: then the callback comes a second time, with on_disk true. Never after store_forget of that entry. */
	void (*stored)(void *context, struct entry *entry, bool on_disk);
	/* On the loop: the health changed, or (with STORE_OK) a damaged file was moved aside and replaced. text says what happened and
	 * what to do; the callee logs and shows it, the store does not. A failure at opening is said here too, by the loop. */
	void (*health)(void *context, enum store_health health, const char *text);
	/* On the loop: the file could not be read at the start and was read now; store_recall gives its blocks as they were before
	 * anything of this run was written over them. NULL is allowed. */
	void (*recalled)(void *context);
	/* On the loop: the last block given to store_keep under that name is on disk. Where several were given while the disk was busy,
	 * an answer may be that of an older one. NULL is allowed. */
	void (*kept)(void *context, const char *name);
};

/* Opens or makes the file (directory 0750, file 0640) and starts the thread. Blocks for the disk, as nothing else here does. A
 * damaged file is renamed to <path>.damaged-<n>, what can still be read is taken over into a new one; a file of a newer version, of
 * another program, or in use by another process is left alone: going on in memory, tried again every half minute. NULL only
 * when memory or threads have run out. The settings are copied; event and counters must outlive the store. */
struct store *store_open(const struct store_settings *settings, const struct store_callbacks *callbacks,
			 sd_event *event, struct counters *counters);

/* Writes what was handed over, waits at most timeout_ms for the disk, closes. No callbacks any more. A disk that hangs longer
 * keeps its thread and what that thread holds; the process can exit. NULL is allowed. */
void store_close(struct store *store, int64_t timeout_ms);

/* Every entry found at open, oldest first, one reference each for the callee, with disk = ENTRY_ON_DISK. Call once, right after
 * store_open. Where the file can be read only later (a card mounted late, another process that had it), its entries come
 * through the same function then, on the loop, so context must live as long as the store. */
void store_load(struct store *store, void (*loaded)(void *context, struct entry *entry), void *context);

/* A key for a new entry: unique for ever, growing, also across a kill and whatever the clock does. */
uint64_t store_new_row(struct store *store);

/* Hands over an entry to be written (takes a reference of its own, sets ENTRY_WRITING). urgent closes the group at once. An
 * entry that the store already has is left as it is. Out of memory: counted, disk stays ENTRY_IN_MEMORY, no callback. */
void store_put(struct store *store, struct entry *entry, bool urgent);

/* The entry is delivered or dropped: takes its row off the disk within a few seconds (sets ENTRY_IN_MEMORY). An entry still waiting
 * to be written is not written at all. After a kill an entry forgotten just before may be loaded again. */
void store_forget(struct store *store, struct entry *entry);

/* A small named block that survives restarts (session number, dedupe, incidents). Written with the next group, at the latest
 * after the commit interval; a copy is taken; a later block of that name replaces one that still waits. false: there is no disk to
 * keep it on, or no memory. A disk that is away gets it when it is back. */
bool store_keep(struct store *store, const char *name, const void *bytes, size_t size);
/* What waits is handed to the disk at once. */
void store_hurry(struct store *store);
/* The block kept under that name as it was when the file was read, or NULL (also where it could not be). Valid until store_close. */
const void *store_recall(const struct store *store, const char *name, size_t *size);

/* How often a damaged file was moved aside and replaced: blocks that it held may be missing from the new one. */
unsigned store_replaced(const struct store *store);

enum store_health store_health(const struct store *store);
/* Bytes handed to the disk since the start, by the thread's own account of writes (database, log and journal), up to the last group
 * that ended. */
uint64_t store_bytes_written(const struct store *store);
