/* The waiting entries of one class: every station has a queue of its own, and the stations take turns. Pure. */
#pragma once

#include "gateway/entry.h"

struct turns;

/* counts_kinds: keeps count of each station's kinds, which turns_take_superseded needs. Out of memory ends the program, here and below:
 * what is on disk comes again after the restart, and losing a distress quietly would be worse. */
struct turns *turns_new(bool counts_kinds);
/* Gives back the references of what is still in it. */
void turns_free(struct turns *turns);

/* Behind the others of its station; a station that had nothing waiting joins behind the other stations. */
void turns_append(struct turns *turns, struct entry *entry);
/* Among those of its station by row number, so in the order they came. turn_now: the station is the next to take its turn. */
void turns_insert(struct turns *turns, struct entry *entry, bool turn_now);

/* The entry whose turn it is, NULL = none; it stays. */
struct entry *turns_peek(const struct turns *turns);
/* Takes that entry out. next_station: its station has had its turn and goes behind the others. */
struct entry *turns_take(struct turns *turns, bool next_station);

/* The entry with the lowest row number among the first ones of all stations, which in effect is the oldest; NULL = none. */
struct entry *turns_oldest(const struct turns *turns);
/* Takes that entry out. */
struct entry *turns_take_oldest(struct turns *turns);
/* Takes out the oldest entry of a station that has a newer one of the same kind; the stations lose in turn. NULL = there is none. */
struct entry *turns_take_superseded(struct turns *turns);
/* Takes this entry out wherever it stands. false = it is not here. */
bool turns_remove(struct turns *turns, const struct entry *entry);
/* Takes out all that have expired, as a list by ->next; *earliest_ms becomes the first expiry of those that stay. One pass over all. */
struct entry *turns_take_expired(struct turns *turns, int64_t now_ms, int64_t *earliest_ms);

/* Calls each for every entry, station by station in the order of their turns; returns false as soon as each does. */
typedef bool turns_each_fn(void *context, const struct entry *entry);
bool turns_each(const struct turns *turns, turns_each_fn *each, void *context);

size_t turns_count(const struct turns *turns);
/* Whether anything of that station is here. */
bool turns_has(struct turns *turns, const char *station);

/* When an entry expires; INT64_MAX = never. */
static inline int64_t turns_expiry_ms(const struct entry *entry)
{
	return entry->expires_at_ms ? entry->expires_at_ms : INT64_MAX;
}
