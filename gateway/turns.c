/* Stations taking turns: a hash table finds a station, a ring says who is next, a heap knows who has the oldest entry. */
#include "gateway/turns.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

/* Exists only while it has entries; its name is that of its first entry. */
struct station {
	TAILQ_ENTRY(station) in_ring, in_crowd;
	struct station *hash_next;
	struct entry *first, *last;
	uint32_t hash;
	uint32_t heap_at;
	uint32_t superseded; /* entries that have a newer one of their kind */
	uint32_t of_kind[];  /* KIND_COUNT numbers, or none where kinds are not counted */
};

TAILQ_HEAD(station_list, station);

struct turns {
	struct station_list ring;  /* all stations; the first takes the next turn */
	struct station_list crowd; /* those with superseded entries */
	struct station **buckets;  /* room of them */
	struct station **heap;     /* room of them; the parent's first entry is older than its children's */
	size_t room;               /* a power of two */
	size_t stations, entries;
	uint32_t seed; /* names come from the air: nobody shall be able to make them collide on purpose */
	bool counts_kinds;
};

enum { ROOM_AT_START = 16 };

static void *array_of_stations(void *old, size_t count)
{
	void *array = reallocarray(old, count, sizeof(struct station *));
	if (!array)
		abort();
	return array;
}

static void clear_buckets(struct turns *turns)
{
	for (size_t i = 0; i < turns->room; i++)
		turns->buckets[i] = NULL;
}

struct turns *turns_new(bool counts_kinds)
{
	struct turns *turns = calloc(1, sizeof(*turns));
	if (!turns)
		abort();
	TAILQ_INIT(&turns->ring);
	TAILQ_INIT(&turns->crowd);
	turns->counts_kinds = counts_kinds;
	turns->room = ROOM_AT_START;
	turns->heap = array_of_stations(NULL, turns->room);
	turns->buckets = array_of_stations(NULL, turns->room);
	clear_buckets(turns);
	/* Without randomness only that protection is missing. */
	if (getrandom(&turns->seed, sizeof(turns->seed), GRND_NONBLOCK) < 0)
		turns->seed = 0;
	return turns;
}

/* FNV-1a (Fowler, Noll, Vo), from a start that is secret. */
static uint32_t hash_name(const struct turns *turns, const char *name)
{
	uint32_t hash = 2166136261u ^ turns->seed;
	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619u;
	return hash ^ hash >> 15;
}

static struct station **bucket(struct turns *turns, uint32_t hash)
{
	return &turns->buckets[hash & (turns->room - 1)];
}

static struct station *find(struct turns *turns, const char *name, uint32_t hash)
{
	struct station *station = *bucket(turns, hash);
	while (station && (station->hash != hash || strcmp(entry_station(station->first), name) != 0))
		station = station->hash_next;
	return station;
}

static void hash_in(struct turns *turns, struct station *station)
{
	struct station **at = bucket(turns, station->hash);
	station->hash_next = *at;
	*at = station;
}

static void hash_out(struct turns *turns, const struct station *station)
{
	struct station **at = bucket(turns, station->hash);
	while (*at != station)
		at = &(*at)->hash_next;
	*at = station->hash_next;
}

static void grow(struct turns *turns)
{
	turns->room *= 2;
	turns->heap = array_of_stations(turns->heap, turns->room);
	turns->buckets = array_of_stations(turns->buckets, turns->room);
	clear_buckets(turns);
	for (size_t i = 0; i < turns->stations; i++)
		hash_in(turns, turns->heap[i]);
}

static bool older(const struct station *a, const struct station *b)
{
	return a->first->row < b->first->row;
}

static void heap_set(struct turns *turns, size_t at, struct station *station)
{
	turns->heap[at] = station;
	station->heap_at = (uint32_t)at;
}

/* Moves a station to where it belongs after its first entry changed. */
static void heap_settle(struct turns *turns, struct station *station)
{
	size_t at = station->heap_at;
	while (at > 0 && older(station, turns->heap[(at - 1) / 2])) {
		heap_set(turns, at, turns->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (;;) {
		size_t child = 2 * at + 1;
		if (child + 1 < turns->stations && older(turns->heap[child + 1], turns->heap[child]))
			child++;
		if (child >= turns->stations || !older(turns->heap[child], station))
			break;
		heap_set(turns, at, turns->heap[child]);
		at = child;
	}
	heap_set(turns, at, station);
}

static struct station *station_new(struct turns *turns, struct entry *entry, uint32_t hash)
{
	struct station *station = calloc(1, sizeof(*station) +
						(turns->counts_kinds ? KIND_COUNT * sizeof(station->of_kind[0]) : 0));
	if (!station)
		abort();
	if (turns->stations == turns->room)
		grow(turns);
	station->first = station->last = entry;
	station->hash = hash;
	hash_in(turns, station);
	heap_set(turns, turns->stations++, station);
	heap_settle(turns, station);
	TAILQ_INSERT_TAIL(&turns->ring, station, in_ring);
	return station;
}

/* The station has lost its last entry. */
static void station_free(struct turns *turns, struct station *station)
{
	struct station *moved = turns->heap[--turns->stations];
	if (moved != station) {
		heap_set(turns, station->heap_at, moved);
		heap_settle(turns, moved);
	}
	hash_out(turns, station);
	TAILQ_REMOVE(&turns->ring, station, in_ring);
	free(station);
}

void turns_free(struct turns *turns)
{
	if (!turns)
		return;
	for (size_t i = 0; i < turns->stations; i++) {
		for (struct entry *entry = turns->heap[i]->first, *next; entry; entry = next) {
			next = entry->next;
			entry_unref(entry);
		}
		free(turns->heap[i]);
	}
	free(turns->heap);
	free(turns->buckets);
	free(turns);
}

/* A kind that came out of a damaged store must not lead outside the table. */
static uint32_t *kind_counter(struct station *station, const struct entry *entry)
{
	return &station->of_kind[entry->kind < KIND_COUNT ? entry->kind : KIND_NONE];
}

static void count_in(struct turns *turns, struct station *station, const struct entry *entry)
{
	turns->entries++;
	if (!turns->counts_kinds)
		return;
	if (++*kind_counter(station, entry) > 1 && station->superseded++ == 0)
		TAILQ_INSERT_TAIL(&turns->crowd, station, in_crowd);
}

static void count_out(struct turns *turns, struct station *station, const struct entry *entry)
{
	turns->entries--;
	if (!turns->counts_kinds)
		return;
	if (--*kind_counter(station, entry) > 0 && --station->superseded == 0)
		TAILQ_REMOVE(&turns->crowd, station, in_crowd);
}

/* Takes out the entry behind previous; NULL = the first. station_update must follow. */
static struct entry *unlink_behind(struct turns *turns, struct station *station, struct entry *previous)
{
	struct entry *entry = previous ? previous->next : station->first;
	count_out(turns, station, entry);
	if (station->last == entry)
		station->last = previous;
	*(previous ? &previous->next : &station->first) = entry->next;
	entry->next = NULL;
	return entry;
}

/* After entries were taken out of a station; it is gone if that was all. */
static void station_update(struct turns *turns, struct station *station)
{
	if (station->first)
		heap_settle(turns, station);
	else
		station_free(turns, station);
}

static struct entry *take_behind(struct turns *turns, struct station *station, struct entry *previous)
{
	struct entry *entry = unlink_behind(turns, station, previous);
	station_update(turns, station);
	return entry;
}

bool turns_has(struct turns *turns, const char *station)
{
	return find(turns, station, hash_name(turns, station)) != NULL;
}

void turns_append(struct turns *turns, struct entry *entry)
{
	uint32_t hash = hash_name(turns, entry_station(entry));
	struct station *station = find(turns, entry_station(entry), hash);
	entry->next = NULL;
	if (station)
		station->last = station->last->next = entry;
	else
		station = station_new(turns, entry, hash);
	count_in(turns, station, entry);
}

static void link_by_row(struct turns *turns, struct station *station, struct entry *entry)
{
	struct entry **at = &station->first;
	while (*at && (*at)->row < entry->row)
		at = &(*at)->next;
	entry->next = *at;
	*at = entry;
	if (!entry->next)
		station->last = entry;
	if (station->first == entry)
		heap_settle(turns, station);
}

void turns_insert(struct turns *turns, struct entry *entry, bool turn_now)
{
	uint32_t hash = hash_name(turns, entry_station(entry));
	struct station *station = find(turns, entry_station(entry), hash);
	entry->next = NULL;
	if (station)
		link_by_row(turns, station, entry);
	else
		station = station_new(turns, entry, hash);
	count_in(turns, station, entry);
	if (turn_now) {
		TAILQ_REMOVE(&turns->ring, station, in_ring);
		TAILQ_INSERT_HEAD(&turns->ring, station, in_ring);
	}
}

struct entry *turns_peek(const struct turns *turns)
{
	struct station *station = TAILQ_FIRST(&turns->ring);
	return station ? station->first : NULL;
}

struct entry *turns_take(struct turns *turns, bool next_station)
{
	struct station *station = TAILQ_FIRST(&turns->ring);
	if (!station)
		return NULL;
	if (next_station) {
		TAILQ_REMOVE(&turns->ring, station, in_ring);
		TAILQ_INSERT_TAIL(&turns->ring, station, in_ring);
	}
	return take_behind(turns, station, NULL);
}

struct entry *turns_oldest(const struct turns *turns)
{
	return turns->stations ? turns->heap[0]->first : NULL;
}

struct entry *turns_take_oldest(struct turns *turns)
{
	return turns->stations ? take_behind(turns, turns->heap[0], NULL) : NULL;
}

struct entry *turns_take_superseded(struct turns *turns)
{
	struct station *station = TAILQ_FIRST(&turns->crowd);
	if (!station)
		return NULL;
	TAILQ_REMOVE(&turns->crowd, station, in_crowd);
	TAILQ_INSERT_TAIL(&turns->crowd, station, in_crowd);
	/* Ends after KIND_COUNT steps at most: before that some kind has come twice. */
	struct entry *previous = NULL, *entry = station->first;
	while (*kind_counter(station, entry) < 2) {
		previous = entry;
		entry = entry->next;
	}
	return take_behind(turns, station, previous);
}

bool turns_remove(struct turns *turns, const struct entry *entry)
{
	struct station *station = find(turns, entry_station(entry), hash_name(turns, entry_station(entry)));
	struct entry *previous = NULL, *at = station ? station->first : NULL;
	while (at && at != entry) {
		previous = at;
		at = at->next;
	}
	if (!at)
		return false;
	take_behind(turns, station, previous);
	return true;
}

/* Moves the expired ones of a station to the end of a list; returns its new end. */
static struct entry **station_expire(struct turns *turns, struct station *station, int64_t now_ms, int64_t *earliest_ms,
				     struct entry **end)
{
	struct entry *previous = NULL, *next;
	for (struct entry *at = station->first; at; at = next) {
		next = at->next;
		int64_t expiry_ms = turns_expiry_ms(at);
		if (expiry_ms <= now_ms) {
			*end = unlink_behind(turns, station, previous);
			end = &(*end)->next;
			continue;
		}
		previous = at;
		if (expiry_ms < *earliest_ms)
			*earliest_ms = expiry_ms;
	}
	station_update(turns, station);
	return end;
}

struct entry *turns_take_expired(struct turns *turns, int64_t now_ms, int64_t *earliest_ms)
{
	struct entry *expired = NULL, **end = &expired;
	*earliest_ms = INT64_MAX;
	for (struct station *station = TAILQ_FIRST(&turns->ring), *next; station; station = next) {
		next = TAILQ_NEXT(station, in_ring);
		end = station_expire(turns, station, now_ms, earliest_ms, end);
	}
	return expired;
}

bool turns_each(const struct turns *turns, turns_each_fn *each, void *context)
{
	struct station *station;
	TAILQ_FOREACH(station, &turns->ring, in_ring)
	for (const struct entry *entry = station->first; entry; entry = entry->next)
		if (!each(context, entry))
			return false;
	return true;
}

size_t turns_count(const struct turns *turns)
{
	return turns->entries;
}
