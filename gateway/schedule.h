/* Which entry goes next through an outlet. Pure: no clock, no sockets. Strict for DISTRESS and URGENT, shares 6:3:1 (deficit round
 * robin, in bytes or whatever the outlet's link is measured in) for SAFETY, ROUTINE and BULK; inside a class stations take turns, and a station's own stay in order.
 * Exercises and tests have the same order of their own behind everything Actual: they go only while nothing Actual waits, and what
 * they take of the bounds is theirs. */
#pragma once

#include "gateway/entry.h"

struct schedule;

/* What an entry takes of the link, at least while it is the next of its class; in any unit. */
typedef size_t schedule_cost_fn(void *context, const struct entry *entry);

struct schedule_settings {
	size_t class_bytes[CLASS_COUNT]; /* bound of each class in entry_footprint(), 0 = none */
	unsigned weight[CLASS_COUNT];    /* of SAFETY, ROUTINE, BULK, 0 counts as 1; the first two are strict */
	schedule_cost_fn *cost;          /* NULL = bytes of topic and payload */
	void *cost_context;
	unsigned quantum; /* what each weight may send more in a round, in the unit of cost; 0 = 64 */
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

/* Some of it went and there is more to send: in its place (by row) in its station's queue, and its station behind the others. Takes over
 * the reference. */
void schedule_return(struct schedule *schedule, struct entry *entry);

/* Set aside until that time (of the steady clock, as all here), then back in its place (by row) in its station's queue; expiry goes on. Takes over the reference. */
void schedule_hold(struct schedule *schedule, struct entry *entry, int64_t until_ms);

/* The next entry of a class between first and last (both included), its reference now the caller's; NULL = nothing there.
 * Expired ones leave through drop on the way. */
struct entry *schedule_take(struct schedule *schedule, enum message_class first, enum message_class last,
			    int64_t now_ms);

/* What schedule_take would give, left where it is; NULL = nothing. As long as nothing is put, given back or removed before it, the answer
 * stays the same and nobody's share is used up. Borrowed until the next call. */
struct entry *schedule_peek(struct schedule *schedule, enum message_class first, enum message_class last,
			    int64_t now_ms);

/* Whose turn it is inside one class, without asking for the shares of the classes; NULL = nothing there. Borrowed until the next call. */
struct entry *schedule_front(struct schedule *schedule, enum message_class class, int64_t now_ms);
/* Takes that one ahead of the classes' turns. borrow: it counts, and the class owes it until its turns have paid for it; otherwise
 * it counts for nothing. The reference is the caller's. */
struct entry *schedule_take_front(struct schedule *schedule, enum message_class class, bool borrow, int64_t now_ms);
/* Whether a class has not yet paid for what it borrowed. */
bool schedule_owes(const struct schedule *schedule, enum message_class class);

/* Whether schedule_take would find something (held entries not counted). */
bool schedule_ready(const struct schedule *schedule, enum message_class first, enum message_class last);
/* The same of Actual ones alone. */
bool schedule_ready_actual(const struct schedule *schedule, enum message_class first, enum message_class last);

/* Whether an entry of that class and station waits (held ones not counted). */
bool schedule_has(const struct schedule *schedule, enum message_class class, const char *station);

/* Takes this entry out, waiting or held; its reference is the caller's again. false = it is not here. */
bool schedule_remove(struct schedule *schedule, struct entry *entry);

/* Lets go of what has expired and puts held entries back that are due. Call every few seconds. Returns how many moved or left. */
size_t schedule_tick(struct schedule *schedule, int64_t now_ms);

/* When the first held entry is due, or expires; INT64_MAX = none is held. */
int64_t schedule_due_ms(const struct schedule *schedule);

struct schedule_level {
	size_t entries, bytes; /* waiting and held */
	size_t held;
	int64_t oldest_ms; /* accepted_at_ms of the oldest, 0 = empty */
};
struct schedule_level schedule_level(const struct schedule *schedule, enum message_class class);

/* Every entry waiting or held, in the order of each station's queue; for lists and for cancelling. Return false to stop. */
typedef bool schedule_each_fn(void *context, const struct entry *entry);
void schedule_each(const struct schedule *schedule, schedule_each_fn *each, void *context);
/* The two halves of it. until_ms is the time that schedule_hold was given. */
void schedule_each_waiting(const struct schedule *schedule, schedule_each_fn *each, void *context);
typedef bool schedule_each_held_fn(void *context, const struct entry *entry, int64_t until_ms);
void schedule_each_held(const struct schedule *schedule, schedule_each_held_fn *each, void *context);
