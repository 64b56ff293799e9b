/* A small table of stations, each with the outlets that heard it. */
#include "gateway/reach.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FRESH_MS = 600000 };

struct known {
	char station[MESSAGE_STATION_MAX]; /* "" = free */
	int64_t heard_ms;
	struct reach_way ways[REACH_WAYS_MAX];
};

struct reach {
	size_t room;
	struct known known[];
};

struct reach *reach_new(size_t stations)
{
	struct reach *reach = calloc(1, sizeof(*reach) + stations * sizeof(struct known));
	if (reach)
		reach->room = stations;
	return reach;
}

void reach_free(struct reach *reach)
{
	free(reach);
}

static const struct known *find(const struct reach *reach, const char *station)
{
	for (size_t i = 0; station[0] && i < reach->room; i++)
		if (strcmp(reach->known[i].station, station) == 0)
			return &reach->known[i];
	return NULL;
}

/* That of the station, a free one, or the one heard of longest ago; free ones have never been heard of. */
static struct known *place_for(struct reach *reach, const char *station)
{
	struct known *place = (struct known *)find(reach, station);
	for (size_t i = 0; !place && i < reach->room; i++)
		if (!reach->known[i].station[0])
			place = &reach->known[i];
	if (place)
		return place;
	place = &reach->known[0];
	for (size_t i = 1; i < reach->room; i++)
		if (reach->known[i].heard_ms < place->heard_ms)
			place = &reach->known[i];
	return place;
}

static struct reach_way *way_of(struct known *known, unsigned number)
{
	struct reach_way *oldest = &known->ways[0];
	for (size_t i = 0; i < REACH_WAYS_MAX; i++) {
		struct reach_way *way = &known->ways[i];
		if (way->heard_ms && way->number == number)
			return way;
		if (way->heard_ms < oldest->heard_ms)
			oldest = way;
	}
	return oldest;
}

void reach_heard(struct reach *reach, const char *station, unsigned way, const struct message_heard *heard,
		 int64_t now_ms)
{
	if (!station[0] || strlen(station) >= MESSAGE_STATION_MAX || reach->room == 0)
		return;
	struct known *known = place_for(reach, station);
	if (strcmp(known->station, station) != 0) {
		*known = (struct known){.heard_ms = 0};
		memcpy(known->station, station, strlen(station) + 1);
	}
	known->heard_ms = now_ms;
	*way_of(known, way) = (struct reach_way){way, now_ms ? now_ms : 1, heard->hops, heard->rssi_dbm};
}

bool reach_is_fresh(const struct reach_way *way, int64_t now_ms)
{
	return way->heard_ms && now_ms - way->heard_ms <= FRESH_MS;
}

int reach_compare(const struct reach_way *one, const struct reach_way *other)
{
	unsigned one_hops = (unsigned)one->hops, other_hops = (unsigned)other->hops;
	if (one_hops != other_hops)
		return one_hops < other_hops ? 1 : -1;
	double one_dbm = isnan(one->rssi_dbm) ? -INFINITY : one->rssi_dbm;
	double other_dbm = isnan(other->rssi_dbm) ? -INFINITY : other->rssi_dbm;
	return (one_dbm > other_dbm) - (one_dbm < other_dbm);
}

static bool is_better(const struct reach_way *one, const struct reach_way *other, int64_t now_ms)
{
	bool fresh = reach_is_fresh(one, now_ms) && reach_is_fresh(other, now_ms);
	int better = fresh ? reach_compare(one, other) : 0;
	return better ? better > 0 : one->heard_ms > other->heard_ms;
}

size_t reach_look(const struct reach *reach, const char *station, int64_t now_ms, struct reach_way *ways, size_t max)
{
	const struct known *known = find(reach, station);
	const struct reach_way *sorted[REACH_WAYS_MAX];
	size_t count = 0;
	for (size_t i = 0; known && i < REACH_WAYS_MAX; i++) {
		if (!known->ways[i].heard_ms)
			continue;
		size_t at = count++;
		for (; at > 0 && is_better(&known->ways[i], sorted[at - 1], now_ms); at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = &known->ways[i];
	}
	for (size_t i = 0; i < count && i < max; i++)
		ways[i] = *sorted[i];
	return count < max ? count : max;
}

size_t reach_ways(const struct reach *reach, const char *station, int64_t now_ms, unsigned *ways, size_t max)
{
	struct reach_way found[REACH_WAYS_MAX];
	size_t count = reach_look(reach, station, now_ms, found, max < REACH_WAYS_MAX ? max : REACH_WAYS_MAX);
	for (size_t i = 0; i < count; i++)
		ways[i] = found[i].number;
	return count;
}

bool reach_speaks(const char *air, const char *station)
{
	static const struct {
		const char *prefix, *airs[2];
	} rows[] = {{"f-", {"field"}},
		    {"mt-", {"meshtastic"}},
		    {"mc-", {"meshcore"}},
		    {"channel-", {"meshtastic", "meshcore"}}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (strncmp(station, rows[i].prefix, strlen(rows[i].prefix)) == 0)
			return strcmp(air, rows[i].airs[0]) == 0 ||
			       (rows[i].airs[1] && strcmp(air, rows[i].airs[1]) == 0);
	return strcmp(air, "aprs") == 0;
}
