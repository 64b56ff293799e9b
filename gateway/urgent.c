/* The two urgent connections: whose turn it is, and what has to be repeated. */
#include "gateway/urgent.h"

#include <errno.h>
#include <math.h>

#define ALLOWANCE_MAX   20.0 /* repeats at once */
#define ALLOWANCE_PER_S 2.0  /* and then: so that a link that became slow does not get everything twice */
#define US_PER_S        1e6

static bool overdue(const struct lane *lane, int64_t now_us)
{
	const struct flight *oldest = lane_oldest(lane);
	return oldest && oldest->due_us <= now_us;
}

/* Where acknowledgements of commands are held back they would go too early with an alert: that is the smaller evil. */
static int burden(const struct lane *lane, int64_t now_us)
{
	return 2 * overdue(lane, now_us) + lane_holds(lane);
}

struct lane *urgent_lane(struct urgent *urgent, int64_t now_us)
{
	bool second_first = urgent->last == urgent->lanes[0];
	struct lane *best = NULL;
	for (int i = 0; i < 2; i++) {
		struct lane *lane = urgent->lanes[i ^ second_first];
		if (lane_up(lane) && lane_room(lane) && (!best || burden(lane, now_us) < burden(best, now_us)))
			best = lane;
	}
	if (best)
		urgent->last = best;
	return best;
}

static void refill(struct urgent *urgent, int64_t now_us)
{
	double more = (double)(now_us - urgent->refilled_us) / US_PER_S * ALLOWANCE_PER_S;
	urgent->allowance = fmin(urgent->allowance + more, ALLOWANCE_MAX);
	urgent->refilled_us = now_us;
}

/* Everything on the lane behind an overdue answer waits for the same lost packet. */
static int repeat_all(struct urgent *urgent, struct lane *from, struct lane *to, int64_t now_us, int64_t now_ms,
		      bool full)
{
	int count = 0;
	for (struct flight *flight = lane_oldest(from); flight; flight = flight->next) {
		if (flight->repeated)
			continue;
		flight->repeated = true;
		if (urgent->allowance < 1 || !lane_room(to))
			continue;
		int error = lane_repeat(to, flight, now_us, now_ms, full);
		if (error == -ENOTCONN)
			return error;
		urgent->allowance -= 1;
		count += error == 0;
	}
	return count;
}

int urgent_repeat(struct urgent *urgent, int64_t now_us, int64_t now_ms, bool full, struct lane **used)
{
	refill(urgent, now_us);
	for (int i = 0; i < 2; i++) {
		struct lane *from = urgent->lanes[i], *to = urgent->lanes[!i];
		if (!lane_up(from) || !lane_up(to) || !overdue(from, now_us) || overdue(to, now_us))
			continue;
		*used = to;
		return repeat_all(urgent, from, to, now_us, now_ms, full);
	}
	return 0;
}

int64_t urgent_due_us(const struct urgent *urgent)
{
	int64_t due_us = INT64_MAX;
	if (!lane_up(urgent->lanes[0]) || !lane_up(urgent->lanes[1]))
		return due_us;
	for (int i = 0; i < 2; i++)
		for (const struct flight *flight = lane_oldest(urgent->lanes[i]); flight; flight = flight->next)
			if (!flight->repeated && flight->due_us < due_us)
				due_us = flight->due_us;
	return due_us;
}
