/* The blocks of the store that are not messages: who writes them when. */
#include "gateway/remember.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "gateway/clock.h"
#include "gateway/dedupe.h"
#include "gateway/log.h"

enum {
	HEARD_IDS = 16384,
	HEARD_SAVE_EVERY =
	    512, /* new ids between two saves, and at least a window: a message costs the disk few bytes */
	INCIDENTS = 256,
	JUMP_MS = 1000, /* the wall clock moved more than that against the steady one: somebody set it */
};

struct remember {
	struct store *store;
	struct dedupe *heard;
	int64_t window_ms, saved_ms;
	unsigned heard_since_save;
	bool incidents_changed; /* since they were kept */
	struct incidents *incidents;
	int64_t lag_ms, kept_lag_ms; /* of the steady clock: at the last look, on disk */
	uint64_t session;
	uint8_t key[REMEMBER_KEY_SIZE];
	struct counter *clock_jumps;
};

/* ---- keeping ---- */

static void keep_incidents(struct remember *remember)
{
	size_t size;
	uint8_t *bytes = incidents_save(remember->incidents, &size);
	if (bytes)
		store_keep(remember->store, "incidents", bytes, size);
	remember->incidents_changed = false;
	free(bytes);
}

static void keep_ids(struct remember *remember, const char *name, const struct dedupe *ids)
{
	size_t size = dedupe_save_size(ids);
	uint8_t *bytes = malloc(size ? size : 1);
	if (!bytes)
		return;
	size = dedupe_save(ids, clock_steady_ms(), bytes, size);
	store_keep(remember->store, name, bytes, size);
	free(bytes);
}

static void keep_heard(struct remember *remember)
{
	remember->heard_since_save = 0;
	remember->saved_ms = clock_steady_ms();
	keep_ids(remember, "dedupe", remember->heard);
}

static void keep_lag(struct remember *remember)
{
	remember->kept_lag_ms = remember->lag_ms;
	store_keep(remember->store, "clock", &remember->lag_ms, sizeof(remember->lag_ms));
}

/* ---- recalling ---- */

static void recall_lag(struct remember *remember)
{
	size_t size;
	const void *bytes = store_recall(remember->store, "clock", &size);
	if (bytes && size == sizeof(remember->lag_ms))
		memcpy(&remember->lag_ms, bytes, sizeof(remember->lag_ms));
	remember->kept_lag_ms = remember->lag_ms;
	clock_steady_resume(remember->lag_ms);
}

static void recall_session(struct remember *remember)
{
	size_t size;
	uint64_t session = 0;
	const void *bytes = store_recall(remember->store, "session", &size);
	if (bytes && size == sizeof(session))
		memcpy(&session, bytes, sizeof(session));
	/* Without a disk the clock gives a number that grows from run to run. */
	remember->session = session ? session + 1 : (uint64_t)clock_wall_ms();
	store_keep(remember->store, "session", &remember->session, sizeof(remember->session));
}

static bool recall_key(struct remember *remember)
{
	size_t size;
	const void *bytes = store_recall(remember->store, "key", &size);
	if (bytes && size == sizeof(remember->key)) {
		memcpy(remember->key, bytes, sizeof(remember->key));
		return true;
	}
	if (getrandom(remember->key, sizeof(remember->key), 0) != sizeof(remember->key))
		return false;
	store_keep(remember->store, "key", remember->key, sizeof(remember->key));
	return true;
}

static void recall_ids(struct remember *remember, const char *name, struct dedupe *ids)
{
	size_t size;
	const void *bytes = store_recall(remember->store, name, &size);
	if (bytes && !dedupe_recall(ids, bytes, size, clock_steady_ms()))
		log_warning("store: the memory of doubles (%s) is damaged and starts empty", name);
}

static void recall_incidents(struct remember *remember)
{
	size_t size;
	const void *bytes = store_recall(remember->store, "incidents", &size);
	if (bytes && !incidents_recall(remember->incidents, bytes, size))
		log_error(
		    "store: the list of open incidents is damaged and starts empty; ask headquarters which are open");
}

void remember_recall_late(struct remember *remember)
{
	size_t size;
	const void *bytes = store_recall(remember->store, "incidents", &size);
	if (bytes && !incidents_merge(remember->incidents, bytes, size))
		log_error(
		    "store: the list of open incidents that came late is damaged; ask headquarters which are open");
	keep_incidents(remember);
}

struct remember *remember_new(struct store *store, int64_t window_ms, struct counters *counters)
{
	struct remember *remember = calloc(1, sizeof(*remember));
	if (!remember)
		return NULL;
	remember->store = store;
	remember->window_ms = window_ms;
	remember->clock_jumps = counters_get(counters, "route", "clock_jumps");
	remember->heard = dedupe_new(HEARD_IDS, window_ms);
	remember->incidents = incidents_new(INCIDENTS);
	if (!remember->heard || !remember->incidents || !recall_key(remember)) {
		remember->store = NULL;
		remember_free(remember);
		return NULL;
	}
	recall_lag(remember); /* first: the other times are to be understood by it */
	recall_ids(remember, "dedupe", remember->heard);
	recall_incidents(remember);
	recall_session(remember);
	return remember;
}

void remember_free(struct remember *remember)
{
	if (!remember)
		return;
	if (remember->store)
		keep_heard(remember);
	if (remember->incidents_changed)
		keep_incidents(remember);
	dedupe_free(remember->heard);
	incidents_free(remember->incidents);
	free(remember);
}

/* ---- in between ---- */

bool remember_heard(struct remember *remember, const char *id, const char *alt_id)
{
	int64_t now_ms = clock_steady_ms();
	if (dedupe_seen(remember->heard, id, alt_id, now_ms))
		return true;
	bool window_over = now_ms - remember->saved_ms >= remember->window_ms;
	if (++remember->heard_since_save >= HEARD_SAVE_EVERY && window_over)
		keep_heard(remember);
	return false;
}

struct incidents *remember_incidents(struct remember *remember)
{
	return remember->incidents;
}

void remember_incidents_changed(struct remember *remember, bool now)
{
	remember->incidents_changed = true;
	if (now)
		keep_incidents(remember);
}

const uint8_t *remember_key(const struct remember *remember)
{
	return remember->key;
}

uint64_t remember_session(const struct remember *remember)
{
	return remember->session;
}

/* Nothing is done to what waits: only said, and kept for the next run. */
static void watch_clock(struct remember *remember)
{
	int64_t lag_ms = clock_steady_lag_ms();
	if (llabs(lag_ms - remember->lag_ms) >= JUMP_MS) {
		log_notice("clock: set %s by %.1f s; nothing that waits expires for that",
			   lag_ms > remember->lag_ms ? "forward" : "back",
			   (double)llabs(lag_ms - remember->lag_ms) / 1000);
		remember->clock_jumps->value++;
	}
	remember->lag_ms = lag_ms;
	if (llabs(lag_ms - remember->kept_lag_ms) >= JUMP_MS)
		keep_lag(remember);
}

void remember_tick(struct remember *remember)
{
	watch_clock(remember);
	if (remember->incidents_changed)
		keep_incidents(remember);
}
