/* Which entry goes next through an outlet. Pure: no clock, no sockets. Strict for DISTRESS and URGENT, shares 6:3:1 in bytes
 * (deficit round robin) for SAFETY, ROUTINE and BULK; inside a class stations take turns, and a station's own stay in order.
 * Exercises and tests have the same order of their own behind everything Actual: they go only while nothing Actual waits, and what
 * they take of the bounds is theirs. */
#pragma once

#include "gateway/entry.h"

struct schedule;

struct schedule_settings {
	size_t class_bytes[CLASS_COUNT]; /* bound of each class in entry_footprint(), 0 = none */
	unsigned weight[CLASS_COUNT];    /* of SAFETY, ROUTINE, BULK, 0 counts as 1; the first two are strict */
};

/* Called for every entry that leaves unserved. reason: "expired", "over_bound", "replaced_by_newer". The callback takes over
 * the schedule's reference. It must not call the schedule. */
typedef void schedule_drop_fn(void *context, struct entry *entry, const char *reason);

struct schedule *schedule_new(const struct schedule_settings *settings, schedule_drop_fn *drop, void *context);
/* Gives back the references of what is still in it, without calling drop. */
void schedule_free(struct schedule *schedule);

/* Takes over one reference. Over the bound of its class: BULK lets go of entries that have a newer one of the same station and kind,
 * the stations in turn; when there are none left, as ROUTINE and SAFETY at once, of the oldest (lowest row). DISTRESS and URGENT are
 * kept whatever the bound says. Only as much goes as must, through drop; an entry that alone exceeds the bound goes itself. */
void schedule_put(struct schedule *schedule, struct entry *entry);

/* Back to the front of its station's queue, which has the next turn, because the outlet could not deliver it. Takes over the reference.
 * Several of one station come out in the order of their rows, whatever the order they are given back in. The share of the class that
 * was used up is not refunded: the link was used, and an entry that always fails must not hold up the other classes. */
void schedule_give_back(struct schedule *schedule, struct entry *entry);

/* Set aside until that time (of the steady clock, as all here), then back in its place (by row) in its station's queue; expiry goes on. Takes over the reference. */
void schedule_hold(struct schedule *schedule, struct entry *entry, int64_t until_ms);

/* The next entry of a class between first and last (both included), its reference now the caller's; NULL = nothing there.
 * Expired ones leave through drop on the way. */
struct entry *schedule_take(struct schedule *schedule, enum message_class first, enum message_class last,
			    int64_t now_ms);

/* Whether schedule_take would find something (held entries not counted). */
bool schedule_ready(const struct schedule *schedule, enum message_class first, enum message_class last);

/* Whether an entry of that class and station waits (held ones not counted). */
bool schedule_has(const struct schedule *schedule, enum message_class class, const char *station);

/* Takes this entry out, waiting or held; its reference is the caller's again. false = it is not here. */
bool schedule_remove(struct schedule *schedule, struct entry *entry);

/* Lets go of what has expired and puts held entries back that are due. Call every few seconds. Returns how many moved or left. */
size_t schedule_tick(struct schedule *schedule, int64_t now_ms);

struct schedule_level {
	size_t entries, bytes; /* waiting and held */
	size_t held;
	int64_t oldest_ms; /* accepted_at_ms of the oldest, 0 = empty */
};
struct schedule_level schedule_level(const struct schedule *schedule, enum message_class class);

/* Every entry waiting or held, in the order of each station's queue; for lists and for cancelling. Return false to stop. */
typedef bool schedule_each_fn(void *context, const struct entry *entry);
void schedule_each(const struct schedule *schedule, schedule_each_fn *each, void *context);
