/* By which of its outlets a station can be reached best: who heard it last, and how well. Pure: the clock is passed in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/message.h"

struct reach;

enum { REACH_WAYS_MAX = 8 };

/* One way to a station, as it was last heard there. */
struct reach_way {
	unsigned number;
	int64_t heard_ms; /* 0 = never */
	int hops;         /* -1 = not known */
	double rssi_dbm;  /* NAN = not known */
};

/* Remembers that many stations; the one heard of longest ago gives way. NULL: out of memory. */
struct reach *reach_new(size_t stations);
void reach_free(struct reach *reach);

/* The station was heard by that way itself (an outlet's number), as heard says. now_ms: any clock that does not jump back. */
void reach_heard(struct reach *reach, const char *station, unsigned way, const struct message_heard *heard,
		 int64_t now_ms);

/* The ways that heard it, the best first: one that heard it within the last ten minutes before one that did not; among those, fewer
 * hops, then the stronger signal; else the later. Returns how many of at most max. */
size_t reach_ways(const struct reach *reach, const char *station, int64_t now_ms, unsigned *ways, size_t max);
/* The same with what was heard there. */
size_t reach_look(const struct reach *reach, const char *station, int64_t now_ms, struct reach_way *ways, size_t max);

/* Whether it was heard there within the last ten minutes. */
bool reach_is_fresh(const struct reach_way *way, int64_t now_ms);
/* Above 0: heard better there than on the other way (fewer hops, then the stronger signal; what is not known counts as worst), 0: as well,
 * below 0: worse. */
int reach_compare(const struct reach_way *one, const struct reach_way *other);

/* Whether a station of that canonical name can be of the network that an air protocol of that name speaks ("f-17" of "field"). */
bool reach_speaks(const char *air, const char *station);
