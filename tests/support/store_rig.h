/* A store in a directory of its own, with a loop to run it and a record of what it said. For tests. */
#pragma once

#include "gateway/store.h"

enum { STORE_RIG_MAX = 20000 };

struct store_rig {
	char directory[64], path[128]; /* path "" = memory only */
	sd_event *event;
	struct counters *counters;
	struct store *store;

	size_t stored_true, stored_false;
	uint64_t last_stored;    /* row */
	uint64_t stored_rows[8]; /* the first ones */
	size_t health_calls;
	enum store_health health;
	char text[1024], damage[1024]; /* last of another health than STORE_OK; last about a damaged file */

	struct entry *loaded[STORE_RIG_MAX]; /* references of the rig */
	size_t loaded_count;

	void (*kept)(void *context, const char *name);
	void *context;
};

/* Makes the directory and nothing in it; NULL never. */
struct store_rig *store_rig_new(void);
/* Closes what is open, takes the directory away. */
void store_rig_free(struct store_rig *rig);

/* To be called first in a forked child: a loop belongs to the process that made it. */
void store_rig_forked(struct store_rig *rig);

/* Opens the store at rig->path and loads what is in it. */
void store_rig_open(struct store_rig *rig, int64_t commit_interval_ms, int64_t retry_interval_ms);
/* Opens it at path, or in memory where that is NULL, for what keeps only blocks there: kept is told of each that is on disk. */
void store_rig_open_for(struct store_rig *rig, const char *path, void (*kept)(void *context, const char *name),
			void *context);
/* Closes it, giving the disk a minute, and forgets what was recorded. */
void store_rig_close(struct store_rig *rig);

/* An entry that has `text` for id and topic, and a payload of that size that can be told from others. */
struct entry *store_rig_entry(struct store_rig *rig, enum message_class class, const char *text, size_t payload_size);
struct entry *store_rig_entry_at(uint64_t row, enum message_class class, const char *text, size_t payload_size);
/* Hands the store an entry in class ROUTINE with 300 bytes of payload; the reference is the caller's. */
struct entry *store_rig_put(struct store_rig *rig, const char *text, bool urgent);
/* The same, urgent, and keeps no reference. */
void store_rig_put_away(struct store_rig *rig, const char *text);
/* Opens the store, puts that many entries "f-0", "f-1" ... in class ROUTINE, and closes it. */
void store_rig_prepare(struct store_rig *rig, size_t count, size_t payload_size);
/* Whether entry is what store_rig_entry makes of these. */
bool store_rig_is(const struct entry *entry, enum message_class class, const char *text, size_t payload_size);

uint64_t store_rig_count(const struct store_rig *rig, const char *counter);

/* Runs the loop until *value has reached at least `reach`; false after a minute. */
bool store_rig_until(struct store_rig *rig, const size_t *value, size_t reach);
/* Runs the loop until the counter has; false after a minute. */
bool store_rig_until_count(struct store_rig *rig, const char *counter, uint64_t reach);
/* Lets the loop do what it can do without waiting. */
void store_rig_turn(struct store_rig *rig);
