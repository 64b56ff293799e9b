/* Decides what is written to disk and when, so that a healthy uplink wears no card and an outage loses nothing. */
#pragma once

#include <systemd/sd-event.h>

#include "gateway/entry.h"
#include "gateway/store.h"

struct keeper;

/* store and event must outlive it. NULL: out of memory. */
struct keeper *keeper_new(struct store *store, int64_t commit_interval_ms, sd_event *event);
/* Hands everything that is not answered yet to the store: stopping is no reason to lose it. */
void keeper_free(struct keeper *keeper);

/* A new entry: DISTRESS and URGENT go to the disk at once, the rest only if it is not finished within the commit interval. Takes
 * references of its own. */
void keeper_keep(struct keeper *keeper, struct entry *entry);

/* The entry was delivered or dropped and needs no place on disk any more. Takes over the caller's reference. */
void keeper_finish(struct keeper *keeper, struct entry *entry);
