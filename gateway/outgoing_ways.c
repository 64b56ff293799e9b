/* Which way a message takes: the radios of this gateway and its neighbours, best first; and from one to the next. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/outgoing_internal.h"

struct exit_lane *lane_of_radio(struct outgoing *outgoing, const struct radio *radio)
{
	for (size_t i = 0; i < outgoing->count; i++)
		if (outgoing->lanes[i].radio == radio)
			return &outgoing->lanes[i];
	return NULL;
}

struct exit_lane *lane_of_name(struct outgoing *outgoing, const char *name)
{
	for (size_t i = 0; i < outgoing->count; i++)
		if (strcmp(outgoing->lanes[i].settings->name, name) == 0)
			return &outgoing->lanes[i];
	return NULL;
}

/* ---- radios of this gateway ---- */

static bool offers(const struct exit_lane *lane, const char *to, uint32_t without)
{
	return lane->radio && !(without & 1u << lane->index) && (!to[0] || reach_speaks(lane->settings->air->name, to));
}

/* Fills in the lanes by which a station can be reached, the best first, without those whose bits are in `without`. Returns their number. */
static size_t best_lanes(const struct outgoing *outgoing, const char *to, uint32_t without, struct exit_lane **lanes,
			 size_t max)
{
	unsigned heard[REACH_WAYS_MAX];
	size_t count = 0, known = reach_ways(outgoing->reach, to, clock_steady_ms(), heard, REACH_WAYS_MAX);
	for (size_t i = 0; i < known && count < max; i++) {
		struct exit_lane *lane = &outgoing->lanes[heard[i]];
		if (!offers(lane, to, without))
			continue;
		lanes[count++] = lane;
		without |= 1u << lane->index;
	}
	for (size_t i = 0; i < outgoing->count && count < max; i++)
		if (offers(&outgoing->lanes[i], to, without))
			lanes[count++] = &outgoing->lanes[i];
	return count;
}

/* The same; last those whose radios are down for long: what goes there would only wait to be put on another one. */
static size_t lanes_to(const struct outgoing *outgoing, const char *to, uint32_t without, struct exit_lane **lanes,
		       size_t max)
{
	uint32_t last = 0;
	for (size_t i = 0; i < outgoing->count; i++)
		last |= lane_is_given_up(&outgoing->lanes[i], clock_steady_ms()) ? 1u << i : 0;
	size_t count = best_lanes(outgoing, to, without | last, lanes, max);
	return last ? count + best_lanes(outgoing, to, without | ~last, lanes + count, max - count) : count;
}

/* ---- neighbours ---- */

/* What was handed over to this gateway is not handed on, so that nothing goes in a circle. */
static bool may_hand_over(const struct outgoing *outgoing, enum message_kind kind, const char *id, const char *to)
{
	bool sort = kind == KIND_TEXT || kind == KIND_ALERT || kind == KIND_ACK;
	return outgoing->neighbours && outgoing->online && sort && to[0] && id[0] && !json_is_handed(id);
}

static bool best_neighbour(const struct outgoing *outgoing, const char *to, uint32_t without, bool away_too,
			   struct reach_way *best)
{
	struct reach_way ways[NEIGHBOURS_MAX];
	size_t count = neighbours_ways(outgoing->neighbours, to, away_too, clock_steady_ms(), ways, NEIGHBOURS_MAX);
	for (size_t i = 0; i < count; i++)
		if (!(without & 1u << ways[i].number)) {
			*best = ways[i];
			return true;
		}
	return false;
}

/* A radio of one's own is nearer: it goes first if it heard the station as well. */
static bool is_better(const struct outgoing *outgoing, const struct reach_way *neighbour, const struct exit_lane *lane,
		      const char *to)
{
	struct reach_way heard[REACH_WAYS_MAX];
	int64_t now_ms = clock_steady_ms();
	if (!lane || radio_status(lane->radio).state != RADIO_UP)
		return true;
	size_t known = reach_look(outgoing->reach, to, now_ms, heard, REACH_WAYS_MAX);
	for (size_t i = 0; i < known; i++)
		if (heard[i].number == lane->index)
			return !reach_is_fresh(&heard[i], now_ms) || reach_compare(neighbour, &heard[i]) > 0;
	return true;
}

/* ---- the choice ---- */

bool outgoing_way(const struct outgoing *outgoing, enum message_kind kind, const char *id, const char *to,
		  const struct past *past, struct way *way)
{
	struct reach_way neighbour;
	*way = (struct way){.lane = NULL};
	lanes_to(outgoing, to, past->lanes, &way->lane, 1);
	if (!may_hand_over(outgoing, kind, id, to) ||
	    !best_neighbour(outgoing, to, past->neighbours, false, &neighbour))
		return way->lane;
	if (is_better(outgoing, &neighbour, way->lane, to))
		*way = (struct way){NULL, neighbour.number};
	return true;
}

bool outgoing_way_later(const struct outgoing *outgoing, enum message_kind kind, const char *id, const char *to,
			struct way *way)
{
	struct reach_way neighbour;
	if (!may_hand_over(outgoing, kind, id, to) || !best_neighbour(outgoing, to, 0, true, &neighbour))
		return false;
	*way = (struct way){NULL, neighbour.number};
	return true;
}

bool way_is_open(const struct way *way)
{
	return !way->lane || radio_status(way->lane->radio).state == RADIO_UP;
}

int outgoing_choose_lane(struct outgoing *outgoing, const char *to, const char *radio, struct exit_lane **lane)
{
	struct exit_lane *lanes[2] = {NULL};
	if (radio) {
		*lane = lane_of_name(outgoing, radio);
		return *lane && (*lane)->radio ? 0 : -ENODEV;
	}
	size_t count = lanes_to(outgoing, to, 0, lanes, 2);
	*lane = lanes[0];
	return count == 0 ? -ENODEV : count > 1 && !to[0] ? -EINVAL : 0;
}

int outgoing_choose(struct outgoing *outgoing, const struct message *message, const char *radio, struct way *way)
{
	static const struct past none;
	if (!radio && message->to[0]) {
		bool found = outgoing_way(outgoing, message->kind, message->id, message->to, &none, way) ||
			     outgoing_way_later(outgoing, message->kind, message->id, message->to, way);
		return found ? 0 : -ENODEV;
	}
	*way = (struct way){.lane = NULL};
	return outgoing_choose_lane(outgoing, message->to, radio, &way->lane);
}

const char *way_outlet(const struct outgoing *outgoing, const struct way *way,
		       char outlet[static MESSAGE_NAME_MAX + sizeof(GATEWAY_OUTLET)])
{
	if (way->lane)
		return way->lane->settings->name;
	snprintf(outlet, MESSAGE_NAME_MAX + sizeof(GATEWAY_OUTLET), GATEWAY_OUTLET "%s",
		 neighbours_name(outgoing->neighbours, way->neighbour));
	return outlet;
}

/* ---- from one to the next ---- */

/* What was once transmitted was not acknowledged, whatever the last way says. */
void past_failed(struct past *past, const char *code)
{
	if (strcmp(past->code, "no_ack") != 0)
		snprintf(past->code, sizeof(past->code), "%s", code);
}

static struct entry *moved(struct outgoing *outgoing, const struct entry *entry, const char *outlet)
{
	struct entry_parts parts = {
	    .class = (enum message_class)entry->class,
	    .kind = (enum message_kind)entry->kind,
	    .outlet = outlet,
	    .id = entry_id(entry),
	    .station = entry_station(entry),
	    .topic = entry_topic(entry),
	    .payload = entry_payload(entry),
	    .payload_size = entry->payload_size,
	    .accepted_at_ms = entry->accepted_at_ms,
	    .expires_at_ms = entry->expires_at_ms,
	};
	struct entry *fresh = parts.payload ? entry_new(&parts, store_new_row(outgoing->publisher->store)) : NULL;
	if (!fresh)
		return NULL;
	/* An alert may have gone on before the disk answered for it: then its sender is told when the disk has this one. */
	fresh->told = entry->told;
	fresh->delay_told = entry->delay_told;
	fresh->begun = entry->begun;
	return fresh;
}

static void put_on_lane(struct exit_lane *lane, struct entry *entry, const struct past *past)
{
	int error;
	struct errand *errand = errand_of(lane, entry, &error);
	if (errand)
		errand->past = *past;
	lane_put(lane, entry);
}

bool outgoing_move(struct outgoing *outgoing, const struct entry *entry, const struct way *way, const struct past *past)
{
	char outlet[MESSAGE_NAME_MAX + sizeof(GATEWAY_OUTLET)];
	struct entry *fresh = moved(outgoing, entry, way_outlet(outgoing, way, outlet));
	if (!fresh)
		return false;
	/* It is with the store before the old one is given up. */
	if (entry_id(fresh)[0])
		store_put(outgoing->publisher->store, fresh, fresh->class <= CLASS_URGENT);
	if (way->lane)
		put_on_lane(way->lane, fresh, past);
	else
		handover_start(outgoing, fresh, past);
	return true;
}

bool outgoing_put_elsewhere(struct outgoing *outgoing, const struct entry *entry)
{
	static const struct past none;
	struct message message;
	bool pinned;
	if (!entry_id(entry)[0] || errand_read(entry, &message, &pinned) < 0 || pinned || !message.to[0])
		return false;
	for (size_t i = 0; i < outgoing->count; i++) {
		const struct way way = {.lane = &outgoing->lanes[i]};
		if (way.lane->settings->enabled && reach_speaks(way.lane->settings->air->name, message.to))
			return outgoing_move(outgoing, entry, &way, &none);
	}
	return false;
}
