/* Which entry goes next through an outlet. Pure: no clock, no sockets. Strict for DISTRESS and URGENT, shares 6:3:1 in bytes
 * (deficit round robin) for SAFETY, ROUTINE and BULK; inside a class stations take turns, and a station's own stay in order. */
#pragma once

#include "gateway/entry.h"

struct schedule;

struct schedule_settings {
	size_t class_bytes[CLASS_COUNT]; /* bound of each class */
	unsigned weight[CLASS_COUNT];    /* of SAFETY, ROUTINE, BULK; the first two are strict */
};

/* Called for every entry that leaves unserved. reason: "expired", "over_bound", "replaced_by_newer". The callback takes over
 * the schedule's reference. It must not call the schedule. */
typedef void schedule_drop_fn(void *context, struct entry *entry, const char *reason);

struct schedule *schedule_new(const struct schedule_settings *settings, schedule_drop_fn *drop, void *context);
/* Gives back the references of what is still in it, without calling drop. */
void schedule_free(struct schedule *schedule);

/* Takes over one reference. Over the bound of its class: BULK keeps the newest of each station, then, as ROUTINE and SAFETY,
 * drops the oldest first; DISTRESS and URGENT are kept whatever the bound says. What has to go leaves through drop. */
void schedule_put(struct schedule *schedule, struct entry *entry);

/* Back to the front of its station's queue and its class, because the outlet could not deliver it. Takes over the reference. */
void schedule_give_back(struct schedule *schedule, struct entry *entry);

/* Set aside until that wall time, then back in its place; expiry goes on. Takes over the reference. */
void schedule_hold(struct schedule *schedule, struct entry *entry, int64_t until_ms);

/* The next entry of a class between first and last (both included), its reference now the caller's; NULL = nothing there.
 * Expired ones leave through drop on the way. */
struct entry *schedule_take(struct schedule *schedule, enum message_class first, enum message_class last,
			    int64_t now_ms);

/* Whether schedule_take would find something (held entries not counted). */
bool schedule_ready(const struct schedule *schedule, enum message_class first, enum message_class last);

/* Lets go of what has expired and puts held entries back that are due. Call every few seconds. Returns how many moved or left. */
size_t schedule_tick(struct schedule *schedule, int64_t now_ms);

struct schedule_level {
	size_t entries, bytes, held;
	int64_t oldest_ms; /* accepted_at_ms of the oldest, 0 = empty */
};
struct schedule_level schedule_level(const struct schedule *schedule, enum message_class class);

/* Every entry waiting or held, in the order of each station's queue; for lists and for cancelling. Return false to stop. */
typedef bool schedule_each_fn(void *context, const struct entry *entry);
void schedule_each(const struct schedule *schedule, schedule_each_fn *each, void *context);
