/* Words to and from other gateways. */
#include "gateway/route_neighbours.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/json_neighbour.h"
#include "gateway/log.h"

enum { TOPIC_MAX = 256 };

bool route_neighbours_begin(struct route_neighbours *neighbours)
{
	const struct settings *settings = neighbours->settings;
	if (!settings->neighbours.enabled)
		return true;
	neighbours->neighbours = neighbours_new(&settings->neighbours, settings->gateway.name, neighbours->counters);
	return neighbours->neighbours;
}

void route_neighbours_end(struct route_neighbours *neighbours)
{
	neighbours_free(neighbours->neighbours);
	neighbours->neighbours = NULL;
}

/* ---- whom this gateway hears ---- */

/* Who only claims to be a station of the field must not draw what is for that station to the wrong gateway. */
static bool is_worth_telling(const struct radio_settings *radio, const struct message *message)
{
	bool proves = strcmp(radio->air->name, "field") == 0;
	return !message->aprs.third_party[0] && (!proves || message->authenticity == AUTHENTICITY_VERIFIED);
}

static bool publish(const struct route_neighbours *neighbours, const struct reach_report *report)
{
	char below[TOPIC_MAX], topic[TOPIC_MAX + MESSAGE_NAME_MAX + 16];
	struct route_aside aside = {.topic = topic, .id = "", .station = ""};
	if (json_reach_topic(report, below, sizeof(below)) < 0)
		return false;
	snprintf(topic, sizeof(topic), "%s%s", neighbours->settings->uplink.topic_prefix, below);
	char *json = json_reach(report, &aside.size);
	aside.payload = json;
	bool published = json && route_delivery_aside(neighbours->delivery, &aside);
	free(json);
	return published;
}

bool route_neighbours_tell(struct route_neighbours *neighbours, const struct radio_settings *radio,
			   const struct message *message)
{
	if (!neighbours->neighbours || !is_worth_telling(radio, message) ||
	    !neighbours_tells(neighbours->neighbours, message->station, clock_steady_ms()))
		return false;
	struct reach_report report = {.heard = message->heard, .at_ms = clock_wall_ms()};
	snprintf(report.gateway, sizeof(report.gateway), "%s", neighbours->settings->gateway.name);
	snprintf(report.station, sizeof(report.station), "%s", message->station);
	snprintf(report.radio, sizeof(report.radio), "%s", radio->name);
	return publish(neighbours, &report);
}

/* ---- what they say ---- */

/* What somebody says who means ill, or whose version is another. Said once in the log. */
static void count_bad(const struct route_neighbours *neighbours, const char *name, const char *what)
{
	if (counters_get(neighbours->counters, "neighbours", name)->value++ == 0)
		log_warning("neighbours: a gateway sent %s that cannot be understood", what);
}

/* Whoever set it up forgot a line of the access list, or that one has a state that cannot be read. */
static void count_unseen(const struct route_neighbours *neighbours, const char *gateway, uint64_t before)
{
	uint64_t unseen = counters_get(neighbours->counters, "neighbours", "drop.unseen")->value;
	if (before == 0 && unseen > 0)
		log_warning("neighbours: %s says whom it hears, but its state does not come, so that it is given "
			    "nothing; check \"read gw/+/state\" in the broker's access list",
			    gateway);
}

void route_neighbours_heard(struct route_neighbours *neighbours, const char *topic, const void *payload, size_t size)
{
	const char *prefix = neighbours->settings->uplink.topic_prefix;
	size_t length = strlen(prefix);
	struct reach_report report;
	if (!neighbours->neighbours)
		return;
	if (strncmp(topic, prefix, length) != 0 || json_parse_reach(topic + length, payload, size, &report) < 0) {
		count_bad(neighbours, "drop.bad_report", "a report");
		return;
	}
	uint64_t unseen = counters_get(neighbours->counters, "neighbours", "drop.unseen")->value;
	neighbours_heard(neighbours->neighbours, report.gateway, report.station, &report.heard, clock_steady_ms());
	count_unseen(neighbours, report.gateway, unseen);
}

void route_neighbours_state(struct route_neighbours *neighbours, struct outgoing *outgoing, const char *topic,
			    const void *payload, size_t size)
{
	const char *prefix = neighbours->settings->uplink.topic_prefix;
	size_t length = strlen(prefix);
	struct presence presence;
	if (!neighbours->neighbours)
		return;
	if (strncmp(topic, prefix, length) != 0 || json_parse_presence(topic + length, payload, size, &presence) < 0) {
		count_bad(neighbours, "drop.bad_state", "a state");
		return;
	}
	int64_t now_ms = clock_steady_ms();
	bool was_there = neighbours_is_there(neighbours->neighbours, presence.gateway, now_ms);
	enum neighbour_news news = neighbours_state(neighbours->neighbours, presence.gateway, presence.online,
						    presence.session, now_ms);
	if (news == NEIGHBOUR_BACK || (news == NEIGHBOUR_LEFT && was_there))
		log_notice("neighbours: %s is %s", presence.gateway, presence.online ? "back" : "gone");
	if (news == NEIGHBOUR_LEFT)
		outgoing_neighbour_left(outgoing, presence.gateway);
	else if (news == NEIGHBOUR_BACK)
		outgoing_neighbour_back(outgoing, presence.gateway);
}

bool route_neighbours_answered(struct route_neighbours *neighbours, struct outgoing *outgoing, const char *topic,
			       const void *payload, size_t size)
{
	char gateway[MESSAGE_NAME_MAX];
	struct handed_receipt receipt;
	if (!json_is_handed_receipt(topic, gateway))
		return false;
	if (!neighbours->neighbours || !neighbours_trusts(neighbours->neighbours, gateway))
		counters_get(neighbours->counters, "neighbours", "drop.stranger")->value++;
	else if (json_parse_handed_receipt(payload, size, &receipt) < 0)
		count_bad(neighbours, "drop.bad_receipt", "a receipt");
	else
		outgoing_answered(outgoing, gateway, &receipt);
	return true;
}
