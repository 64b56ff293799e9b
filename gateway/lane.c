/* A lane: a connection, its aliases, and the list of entries published and not yet answered, oldest first. */
#include "gateway/lane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/alias.h"

#define TOPIC_MAX   512
#define FLIGHTS_MAX 4096 /* message ids are 16 bits wide */
#define PUBLISH_HEADER                                                                                                 \
	13 /* fixed header, length, empty topic, message id, properties: alias; expiry is counted apart */
#define EXPIRY_BYTES 5
#define FULL_BYTES   65
#define MS_PER_S     1000

struct lane {
	struct mqtt *mqtt;
	struct aliases *aliases;
	struct flight *oldest, **last;
	unsigned flights, flights_max;
	size_t flight_bytes;
	struct flight **unmarked; /* where those begin that have no mark yet */
	uint64_t wire_bytes, reckoned, credit;
	uint32_t losses;
	size_t prefix_size;
	char topic[TOPIC_MAX]; /* begins with the prefix */
};

static const char *const class_names[CLASS_COUNT] = {"DISTRESS", "URGENT", "SAFETY", "ROUTINE", "BULK"};

struct lane *lane_new(const char *topic_prefix)
{
	struct lane *lane = calloc(1, sizeof(*lane));
	if (!lane)
		return NULL;
	lane->last = lane->unmarked = &lane->oldest;
	lane->prefix_size = strlen(topic_prefix);
	if (lane->prefix_size >= TOPIC_MAX / 2) {
		free(lane);
		return NULL;
	}
	memcpy(lane->topic, topic_prefix, lane->prefix_size);
	return lane;
}

void lane_free(struct lane *lane)
{
	if (!lane)
		return;
	mqtt_close(lane->mqtt);
	aliases_free(lane->aliases);
	free(lane);
}

int lane_attach(struct lane *lane, struct mqtt *mqtt)
{
	const struct mqtt_limits *limits = mqtt_limits(mqtt);
	lane->mqtt = mqtt;
	lane->flights_max = limits->receive_maximum < FLIGHTS_MAX ? limits->receive_maximum : FLIGHTS_MAX;
	lane->aliases = aliases_new(limits->topic_alias_maximum);
	lane->wire_bytes = lane->reckoned = lane->credit = 0;
	lane->losses = 0;
	struct mqtt_tcp tcp;
	if (mqtt_tcp(mqtt, &tcp)) {
		lane->wire_bytes = tcp.wire_bytes;
		lane->losses = tcp.lost;
	}
	return limits->topic_alias_maximum && !lane->aliases ? -ENOMEM : 0;
}

/* Parts a flight from its twin. answered: the twin has nothing to deliver any more. */
static void part(struct flight *flight, bool answered)
{
	if (!flight->twin)
		return;
	flight->twin->twin = NULL;
	flight->twin->answered = answered;
	flight->twin->repeated = flight->twin->repeated && answered;
	flight->twin = NULL;
}

/* schedule_give_back puts at the front, so the youngest goes first. What is still on its way elsewhere, or was answered there, is not
 * given back. */
static void give_back(struct flight *flight, struct schedule *schedule)
{
	struct flight *reversed = NULL;
	for (struct flight *next; flight; flight = next) {
		next = flight->next;
		flight->next = reversed;
		reversed = flight;
	}
	for (struct flight *next; reversed; reversed = next) {
		next = reversed->next;
		if (reversed->twin || reversed->answered)
			entry_unref(reversed->entry);
		else
			schedule_give_back(schedule, reversed->entry);
		part(reversed, false);
		free(reversed);
	}
}

size_t lane_detach(struct lane *lane, struct schedule *schedule)
{
	size_t count = lane->flights;
	mqtt_close(lane->mqtt);
	lane->mqtt = NULL;
	aliases_free(lane->aliases);
	lane->aliases = NULL;
	give_back(lane->oldest, schedule);
	lane->oldest = NULL;
	lane->last = lane->unmarked = &lane->oldest;
	lane->flights = 0;
	lane->flight_bytes = 0;
	return count;
}

bool lane_up(const struct lane *lane)
{
	return lane->mqtt != NULL;
}

bool lane_at_receive_maximum(const struct lane *lane)
{
	return lane->flights >= lane->flights_max && lane->flights_max < FLIGHTS_MAX;
}

bool lane_room(const struct lane *lane)
{
	return lane->mqtt && lane->flights < lane->flights_max && !mqtt_blocked(lane->mqtt);
}

unsigned lane_flights(const struct lane *lane)
{
	return lane->flights;
}

size_t lane_flight_bytes(const struct lane *lane)
{
	return lane->flight_bytes;
}

struct flight *lane_oldest(const struct lane *lane)
{
	return lane->oldest;
}

/* The topic with the prefix, or as it stands behind its slash. NULL: too long. */
static const char *full_topic(struct lane *lane, const char *topic)
{
	size_t size = strlen(topic) + 1;
	if (size > TOPIC_MAX - lane->prefix_size)
		return NULL;
	if (topic[0] == ENTRY_WHOLE_TOPIC)
		return topic + 1;
	memcpy(lane->topic + lane->prefix_size, topic, size);
	return lane->topic;
}

static uint32_t seconds_left(const struct entry *entry, int64_t now_ms)
{
	if (!entry->expires_at_ms)
		return 0;
	int64_t left_ms = entry->expires_at_ms - now_ms;
	if (left_ms < MS_PER_S)
		return 1;
	return left_ms / MS_PER_S > UINT32_MAX ? UINT32_MAX : (uint32_t)(left_ms / MS_PER_S);
}

static void append(struct lane *lane, struct flight *flight)
{
	*lane->last = flight;
	lane->last = &flight->next;
	lane->flights++;
	lane->flight_bytes += flight->entry->payload_size;
}

static size_t publication_bytes(const struct mqtt_publication *publication)
{
	return PUBLISH_HEADER + publication->payload_size + (publication->topic ? strlen(publication->topic) : 0) +
	       (publication->expiry_s ? EXPIRY_BYTES : 0) + (publication->id ? FULL_BYTES : 0);
}

/* What the broker is to keep must not expire there: its end is in its text. */
static int start_flight(struct lane *lane, struct entry *entry, int64_t now_us, int64_t now_ms, bool full,
			struct flight **started)
{
	bool known;
	const char *payload = entry_payload(entry);
	if (!payload)
		return -EBADMSG;
	const char *topic = full_topic(lane, entry_topic(entry));
	if (!topic)
		return -ENAMETOOLONG;
	struct flight *flight = calloc(1, sizeof(*flight));
	if (!flight)
		return -ENOMEM;
	struct mqtt_publication publication = {.topic = topic,
					       .payload = payload,
					       .payload_size = entry->payload_size,
					       .retain = entry->retain,
					       .expiry_s = entry->retain ? 0 : seconds_left(entry, now_ms),
					       .alias = alias_of(lane->aliases, topic, &known)};
	if (known)
		publication.topic = NULL;
	if (full) {
		publication.content_type = "application/json";
		publication.id = entry_id(entry);
		publication.class_id = class_names[entry->class];
	}
	int error = mqtt_publish(lane->mqtt, &publication, &flight->mid);
	if (error && error != -ENOTCONN) {
		if (!known)
			alias_forget(lane->aliases, publication.alias);
		free(flight);
		return error;
	}
	flight->entry = entry;
	flight->sent_us = now_us;
	flight->due_us = INT64_MAX;
	append(lane, flight);
	lane->reckoned += publication_bytes(&publication);
	*started = flight;
	return error;
}

int lane_publish(struct lane *lane, struct entry *entry, int64_t now_us, int64_t now_ms, bool full)
{
	struct flight *started;
	return start_flight(lane, entry, now_us, now_ms, full, &started);
}

int lane_repeat(struct lane *lane, struct flight *flight, int64_t now_us, int64_t now_ms, bool full)
{
	struct flight *twin;
	int error = start_flight(lane, entry_ref(flight->entry), now_us, now_ms, full, &twin);
	if (error && error != -ENOTCONN) {
		entry_unref(flight->entry);
		return error;
	}
	twin->repeated = true;
	twin->twin = flight;
	flight->twin = twin;
	return error;
}

int lane_publish_retained(struct lane *lane, const char *topic, const char *json)
{
	uint16_t mid;
	if (!lane->mqtt)
		return -ENOTCONN;
	const char *whole = full_topic(lane, topic);
	if (!whole)
		return -ENAMETOOLONG;
	struct mqtt_publication publication = {
	    .topic = whole, .payload = json, .payload_size = strlen(json), .retain = true};
	return mqtt_publish(lane->mqtt, &publication, &mid);
}

int lane_subscribe(struct lane *lane, const char *filter, enum mqtt_interest interest)
{
	return lane->mqtt ? mqtt_subscribe(lane->mqtt, filter, interest) : -ENOTCONN;
}

bool lane_holds(const struct lane *lane)
{
	return lane->mqtt && mqtt_holds(lane->mqtt);
}

void lane_release(struct lane *lane)
{
	if (lane->mqtt)
		mqtt_release(lane->mqtt);
}

void lane_cork(struct lane *lane, bool on)
{
	if (lane->mqtt)
		mqtt_cork(lane->mqtt, on);
}

void lane_mark(struct lane *lane, const struct pace_mark *mark, int64_t due_us)
{
	for (struct flight *flight = *lane->unmarked; flight; flight = flight->next) {
		flight->mark = *mark;
		flight->due_us = due_us;
	}
	lane->unmarked = lane->last;
}

struct flight *lane_answered(struct lane *lane, uint16_t mid)
{
	struct flight **link = &lane->oldest;
	while (*link && (*link)->mid != mid)
		link = &(*link)->next;
	struct flight *flight = *link;
	if (!flight)
		return NULL;
	*link = flight->next;
	if (lane->last == &flight->next)
		lane->last = link;
	if (lane->unmarked == &flight->next)
		lane->unmarked = link;
	lane->flights--;
	lane->flight_bytes -= flight->entry->payload_size;
	part(flight, true);
	return flight;
}

struct lane_news lane_news(struct lane *lane)
{
	struct mqtt_tcp tcp;
	struct lane_news news = {0};
	if (!lane->mqtt || !mqtt_tcp(lane->mqtt, &tcp))
		return news;
	uint64_t sent = tcp.wire_bytes - lane->wire_bytes;
	news.wire_bytes = sent > lane->credit ? sent - lane->credit : 0;
	news.unsent = tcp.unsent_bytes > 0;
	news.lost = tcp.lost != lane->losses;
	news.rtt_us = tcp.rtt_us;
	lane->wire_bytes = tcp.wire_bytes;
	lane->losses = tcp.lost;
	lane->credit = lane->reckoned = 0;
	return news;
}

uint64_t lane_reckoned_bytes(const struct lane *lane)
{
	return lane->reckoned;
}

uint64_t lane_take_reckoned(struct lane *lane)
{
	uint64_t bytes = lane->reckoned;
	lane->credit += bytes;
	lane->reckoned = 0;
	return bytes;
}
