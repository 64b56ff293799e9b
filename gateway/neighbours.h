/* The other gateways of the operation: which of them are there, and which stations each of them heard by radio itself, as they say. Pure: the
 * clock is passed in.
 * The time of arrival counts, not what they say of time; each has room of its own, so that none can push out what another has said.
 *
 * Counters `neighbours`: `heard`, and what is not taken: `drop.stranger` (not one of the settings), `drop.too_many` (gateways),
 * `drop.own`, `drop.unseen` (reports of one whose state does not come: it is given nothing); of what this gateway does not tell the others: `drop.untold` (more than 30 stations at once or one a second). */
#pragma once

#include "gateway/counters.h"
#include "gateway/reach.h"

struct neighbours;

enum {
	NEIGHBOURS_MAX = 16,
	NEIGHBOUR_STATIONS = 256, /* of each; the one heard of longest ago gives way */
};

struct neighbours_settings {
	bool enabled;
	int64_t hold_ms;             /* how long a neighbour may try */
	int64_t report_every_ms;     /* how often the others are told of a station */
	const char *const *gateways; /* the only ones that are listened to, ended by NULL; NULL or none = all */
};

/* own: the name of this gateway. settings is borrowed. NULL: out of memory. */
struct neighbours *neighbours_new(const struct neighbours_settings *settings, const char *own,
				  struct counters *counters);
void neighbours_free(struct neighbours *neighbours);

/* Whether a gateway of that name is listened to at all. */
bool neighbours_trusts(const struct neighbours *neighbours, const char *gateway);

/* What that gateway's state says, or what its broker says for it once it is gone. session: the number of its run. Returns whether it
 * was away and is back, or was not known to be away. Those that are not trusted are passed over. */
enum neighbour_news { NEIGHBOUR_NO_NEWS, NEIGHBOUR_BACK, NEIGHBOUR_LEFT };
enum neighbour_news neighbours_state(struct neighbours *neighbours, const char *gateway, bool online, uint64_t session,
				     int64_t now_ms);
/* The broker is gone: what was known of them is believed for half a minute more, and then must be heard anew. */
void neighbours_lost_sight(struct neighbours *neighbours, int64_t now_ms);
/* Whether it is there: it says so, or has not been heard to say so for half a minute at most. One that is not known is not. */
bool neighbours_is_there(const struct neighbours *neighbours, const char *gateway, int64_t now_ms);
/* Whether it is known to have gone. */
bool neighbours_is_away(const struct neighbours *neighbours, const char *gateway);

/* That gateway says that it has heard the station now. */
void neighbours_heard(struct neighbours *neighbours, const char *gateway, const char *station,
		      const struct message_heard *heard, int64_t now_ms);

/* Those that heard the station within the last ten minutes and are there (away_too: or not), the best first; number is for neighbours_name.
 * Returns how many of at most max. */
size_t neighbours_ways(const struct neighbours *neighbours, const char *station, bool away_too, int64_t now_ms,
		       struct reach_way *ways, size_t max);
/* Its name, valid until the next neighbours_heard; and its number, -1 = not known. */
const char *neighbours_name(const struct neighbours *neighbours, unsigned number);
int neighbours_number(const struct neighbours *neighbours, const char *gateway);

/* This gateway heard the station: whether the others are to be told. If so, they count as told. */
bool neighbours_tells(struct neighbours *neighbours, const char *station, int64_t now_ms);
