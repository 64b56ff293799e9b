/* What the gateway remembers beyond the messages that wait, also across restarts, in blocks of the store: ids of what was heard,
 * open incidents, the lag of the steady clock, the number of the run. */
#pragma once

#include "gateway/counters.h"
#include "gateway/incident.h"
#include "gateway/store.h"

struct remember;

/* Takes up what a former run kept; store and counters are borrowed. window_ms: for remember_heard. NULL: out of memory. */
struct remember *remember_new(struct store *store, int64_t window_ms, struct counters *counters);
/* Keeps what changed. Before store_close. */
void remember_free(struct remember *remember);

/* Whether an id (or its other form, "" = none) was heard within the window; if not, it counts as heard from now on. */
bool remember_heard(struct remember *remember, const char *id, const char *alt_id);

struct incidents *remember_incidents(struct remember *remember);
/* The incidents changed: to be kept now, or within a few seconds. */
void remember_incidents_changed(struct remember *remember, bool now);

/* The store could be read only now: takes up the incidents in it. */
void remember_recall_late(struct remember *remember);

enum { REMEMBER_KEY_SIZE = 16 };
/* A random key that only this gateway has, the same after a restart: for ids that must not lead back to what they were made of. */
const uint8_t *remember_key(const struct remember *remember);

/* One more than the last run's. */
uint64_t remember_session(const struct remember *remember);
/* Looks whether somebody set the clock, and keeps what changed. Call every few seconds. */
void remember_tick(struct remember *remember);
