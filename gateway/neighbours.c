/* A table for each neighbour, and one of whom the others were told of. */
#include "gateway/neighbours.h"

#include <stdlib.h>
#include <string.h>

enum {
	SILENT_MS = 3600000, /* a neighbour that was silent for so long gives its place away */
	UNSEEN_MS = 30000,   /* how long one is believed to be there that does not say so */
	TOLD_MAX = 512,
	TELL_BURST = 30,
	TELL_EVERY_MS = 1000,
};

struct neighbour {
	char name[MESSAGE_NAME_MAX]; /* "": a free place */
	int64_t heard_ms;            /* of it, last */
	bool seen, away;     /* its state was heard, from the broker that is there now; it says that it is gone */
	int64_t unseen_ms;   /* since when it is not */
	uint64_t session;    /* of that state */
	struct reach *reach; /* NULL: it has told of no station */
};

struct told {
	char station[MESSAGE_STATION_MAX];
	int64_t told_ms;
};

struct neighbours {
	const struct neighbours_settings *settings;
	const char *own;
	struct neighbour list[NEIGHBOURS_MAX];
	struct told told[TOLD_MAX];
	unsigned may_tell;
	int64_t reckoned_ms;
	struct counter *heard, *stranger, *too_many, *from_own, *unseen, *untold;
};

struct neighbours *neighbours_new(const struct neighbours_settings *settings, const char *own,
				  struct counters *counters)
{
	struct neighbours *neighbours = calloc(1, sizeof(*neighbours));
	if (!neighbours)
		return NULL;
	neighbours->settings = settings;
	neighbours->own = own;
	neighbours->may_tell = TELL_BURST;
	neighbours->heard = counters_get(counters, "neighbours", "heard");
	neighbours->stranger = counters_get(counters, "neighbours", "drop.stranger");
	neighbours->too_many = counters_get(counters, "neighbours", "drop.too_many");
	neighbours->from_own = counters_get(counters, "neighbours", "drop.own");
	neighbours->unseen = counters_get(counters, "neighbours", "drop.unseen");
	neighbours->untold = counters_get(counters, "neighbours", "drop.untold");
	return neighbours;
}

void neighbours_free(struct neighbours *neighbours)
{
	if (!neighbours)
		return;
	for (size_t i = 0; i < NEIGHBOURS_MAX; i++)
		reach_free(neighbours->list[i].reach);
	free(neighbours);
}

/* ---- who ---- */

bool neighbours_trusts(const struct neighbours *neighbours, const char *gateway)
{
	const char *const *names = neighbours->settings->gateways;
	if (!neighbours->settings->enabled || !gateway[0] || strcmp(gateway, neighbours->own) == 0)
		return false;
	if (!names || !names[0])
		return true;
	while (*names && strcmp(*names, gateway) != 0)
		names++;
	return *names;
}

int neighbours_number(const struct neighbours *neighbours, const char *gateway)
{
	for (int i = 0; i < NEIGHBOURS_MAX; i++)
		if (gateway[0] && strcmp(neighbours->list[i].name, gateway) == 0)
			return i;
	return -1;
}

const char *neighbours_name(const struct neighbours *neighbours, unsigned number)
{
	return number < NEIGHBOURS_MAX ? neighbours->list[number].name : "";
}

/* One that has gone and tells of no station is not missed. */
static bool is_idle(const struct neighbour *neighbour)
{
	return neighbour->away && !neighbour->reach;
}

static bool goes_first(const struct neighbour *one, const struct neighbour *other)
{
	return is_idle(one) != is_idle(other) ? is_idle(one) : one->heard_ms < other->heard_ms;
}

static struct neighbour *quietest(struct neighbours *neighbours)
{
	struct neighbour *found = &neighbours->list[0];
	for (size_t i = 0; i < NEIGHBOURS_MAX; i++) {
		struct neighbour *neighbour = &neighbours->list[i];
		if (!neighbour->name[0])
			return neighbour;
		if (goes_first(neighbour, found))
			found = neighbour;
	}
	return found;
}

/* NULL: there are too many already. */
static struct neighbour *place_for(struct neighbours *neighbours, const char *gateway, int64_t now_ms)
{
	int number = neighbours_number(neighbours, gateway);
	if (number >= 0)
		return &neighbours->list[number];
	struct neighbour *place = quietest(neighbours);
	bool kept = place->name[0] && !is_idle(place) && now_ms - place->heard_ms < SILENT_MS;
	if (strlen(gateway) >= sizeof(place->name) || kept)
		return NULL;
	reach_free(place->reach);
	*place = (struct neighbour){.heard_ms = now_ms, .unseen_ms = now_ms};
	memcpy(place->name, gateway, strlen(gateway) + 1);
	return place;
}

/* ---- whether they are there ---- */

static bool is_there(const struct neighbour *neighbour, int64_t now_ms)
{
	return !neighbour->away && (neighbour->seen || now_ms - neighbour->unseen_ms < UNSEEN_MS);
}

/* The broker may say late that a run has ended after which another one began. */
static bool is_out_of_date(const struct neighbour *neighbour, bool online, uint64_t session)
{
	return neighbour->seen && !online && session < neighbour->session;
}

enum neighbour_news neighbours_state(struct neighbours *neighbours, const char *gateway, bool online, uint64_t session,
				     int64_t now_ms)
{
	if (!neighbours_trusts(neighbours, gateway))
		return NEIGHBOUR_NO_NEWS;
	struct neighbour *neighbour = place_for(neighbours, gateway, now_ms);
	if (!neighbour)
		return online ? NEIGHBOUR_NO_NEWS : NEIGHBOUR_LEFT;
	if (is_out_of_date(neighbour, online, session))
		return NEIGHBOUR_NO_NEWS;
	bool news = online ? neighbour->away : !neighbour->seen || !neighbour->away;
	neighbour->seen = true;
	neighbour->away = !online;
	neighbour->session = session;
	if (online)
		neighbour->heard_ms = now_ms;
	return !news ? NEIGHBOUR_NO_NEWS : online ? NEIGHBOUR_BACK : NEIGHBOUR_LEFT;
}

void neighbours_lost_sight(struct neighbours *neighbours, int64_t now_ms)
{
	for (size_t i = 0; i < NEIGHBOURS_MAX; i++) {
		struct neighbour *neighbour = &neighbours->list[i];
		if (neighbour->seen)
			neighbour->unseen_ms = now_ms;
		neighbour->seen = false;
	}
}

bool neighbours_is_there(const struct neighbours *neighbours, const char *gateway, int64_t now_ms)
{
	int number = neighbours_number(neighbours, gateway);
	return number >= 0 && is_there(&neighbours->list[number], now_ms);
}

bool neighbours_is_away(const struct neighbours *neighbours, const char *gateway)
{
	int number = neighbours_number(neighbours, gateway);
	return number >= 0 && neighbours->list[number].away;
}

/* ---- whom they heard ---- */

void neighbours_heard(struct neighbours *neighbours, const char *gateway, const char *station,
		      const struct message_heard *heard, int64_t now_ms)
{
	if (strcmp(gateway, neighbours->own) == 0) {
		neighbours->from_own->value++;
		return;
	}
	if (!neighbours_trusts(neighbours, gateway)) {
		neighbours->stranger->value++;
		return;
	}
	struct neighbour *neighbour = place_for(neighbours, gateway, now_ms);
	if (!neighbour) {
		neighbours->too_many->value++;
		return;
	}
	neighbours->heard->value++;
	neighbour->heard_ms = now_ms;
	neighbours->unseen->value += !neighbour->seen && !is_there(neighbour, now_ms);
	if (!neighbour->reach)
		neighbour->reach = reach_new(NEIGHBOUR_STATIONS);
	if (neighbour->reach)
		reach_heard(neighbour->reach, station, 0, heard, now_ms);
}

static bool goes_before(const struct reach_way *one, const struct reach_way *other)
{
	int better = reach_compare(one, other);
	return better ? better > 0 : one->heard_ms > other->heard_ms;
}

size_t neighbours_ways(const struct neighbours *neighbours, const char *station, bool away_too, int64_t now_ms,
		       struct reach_way *ways, size_t max)
{
	struct reach_way sorted[NEIGHBOURS_MAX], way;
	size_t count = 0;
	for (unsigned i = 0; i < NEIGHBOURS_MAX; i++) {
		const struct reach *reach = neighbours->list[i].reach;
		if (!away_too && !is_there(&neighbours->list[i], now_ms))
			continue;
		if (!reach || reach_look(reach, station, now_ms, &way, 1) == 0 || !reach_is_fresh(&way, now_ms))
			continue;
		way.number = i;
		size_t at = count++;
		for (; at > 0 && goes_before(&way, &sorted[at - 1]); at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = way;
	}
	for (size_t i = 0; i < count && i < max; i++)
		ways[i] = sorted[i];
	return count < max ? count : max;
}

/* ---- telling the others ---- */

static struct told *told_of(struct neighbours *neighbours, const char *station)
{
	struct told *oldest = &neighbours->told[0];
	for (size_t i = 0; i < TOLD_MAX; i++) {
		struct told *told = &neighbours->told[i];
		if (!told->station[0] || strcmp(told->station, station) == 0)
			return told;
		if (told->told_ms < oldest->told_ms)
			oldest = told;
	}
	return oldest;
}

static bool has_turn(struct neighbours *neighbours, int64_t now_ms)
{
	int64_t more = (now_ms - neighbours->reckoned_ms) / TELL_EVERY_MS;
	if (more > 0) {
		unsigned room = TELL_BURST - neighbours->may_tell;
		neighbours->may_tell += more < room ? (unsigned)more : room;
		neighbours->reckoned_ms = now_ms;
	}
	if (neighbours->may_tell == 0) {
		neighbours->untold->value++;
		return false;
	}
	neighbours->may_tell--;
	return true;
}

bool neighbours_tells(struct neighbours *neighbours, const char *station, int64_t now_ms)
{
	if (!neighbours->settings->enabled || !station[0] || strlen(station) >= MESSAGE_STATION_MAX)
		return false;
	struct told *told = told_of(neighbours, station);
	bool same = strcmp(told->station, station) == 0;
	if (same && now_ms - told->told_ms < neighbours->settings->report_every_ms)
		return false;
	if (!has_turn(neighbours, now_ms))
		return false;
	memcpy(told->station, station, strlen(station) + 1);
	told->told_ms = now_ms;
	return true;
}
