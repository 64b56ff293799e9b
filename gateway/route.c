/* The walk of a message through the gateway, up and down. */
#include "gateway/route.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#include "gateway/classify.h"
#include "gateway/clock.h"
#include "gateway/dedupe.h"
#include "gateway/json.h"
#include "gateway/log.h"
#include "gateway/priorities.h"

enum {
	DEDUPE_IDS = 16384,
	DEDUPE_SAVE_EVERY = 512, /* new ids between two saves: 20 bytes each, written lazily */
	INCIDENTS = 256,
	TICK_US = 5000000,       /* expiry of what waits, and what is held */
	PRESSURE_HIGH = 1 << 20, /* bytes waiting for the uplink at which ports are no longer read ... */
	PRESSURE_LOW = 1 << 18,  /* ... until it is this */
	PRESSURE_US = 250000,    /* ... but no longer than this: an alert may be waiting in a port */
	HOLD_URGENT_MS = 30000,  /* a refused message is tried again after this */
	HOLD_MS = 300000,
	CLOSE_MS = 5000,
};

/* One radio as a way out: what waits for it and what it has. */
struct lane {
	const struct radio_settings *settings;
	struct radio *radio;
	struct schedule *schedule;
	struct entry *in_flight;
};

struct route {
	const struct settings *settings;
	struct route_callbacks callbacks;
	sd_event *event;
	struct counters *counters;

	struct classify *classify;
	struct dedupe *dedupe;
	unsigned ids_since_save;
	struct incidents *incidents;
	struct store *store;
	char store_text[256];
	uint64_t session;

	struct uplink *uplink;
	struct schedule *uplink_schedule;
	struct lane *lanes;
	size_t lane_count;

	/* Entries of classes 2-4 in order of arrival that are not asked to be written yet. */
	struct entry *lazy_first, *lazy_last;
	sd_event_source *lazy_source, *tick_source, *turn_source, *pressure_source;
	bool pressed;      /* ports are not read */
	bool pressure_off; /* pressing did not help: let the class bounds decide until the queue is short again */

	struct counter *duplicates, *raw_off, *accepted, *delivered, *unheard, *refused;
};

/* ---- small helpers ---- */

enum message_clock route_clock(const struct route *route)
{
	const struct gateway_settings *gateway = &route->settings->gateway;
	if (!gateway->clock_auto)
		return gateway->clock;
	struct timex timex = {.modes = 0};
	return adjtimex(&timex) != TIME_ERROR && !(timex.status & STA_UNSYNC) ? CLOCK_SOURCE_NTP : CLOCK_SOURCE_UNKNOWN;
}

static struct json_context context_for(const struct route *route, const char *radio, const char *station)
{
	return (struct json_context){
	    .gateway = route->settings->gateway.name,
	    .radio = radio,
	    .organisation = settings_organisation(route->settings, station),
	    .clock = route_clock(route),
	};
}

static struct lane *lane_of_radio(struct route *route, const struct radio *radio)
{
	for (size_t i = 0; i < route->lane_count; i++)
		if (route->lanes[i].radio == radio)
			return &route->lanes[i];
	return NULL;
}

static struct lane *lane_of_name(struct route *route, const char *name)
{
	for (size_t i = 0; i < route->lane_count; i++)
		if (strcmp(route->lanes[i].settings->name, name) == 0)
			return &route->lanes[i];
	return NULL;
}

static void arm(sd_event_source *source, int64_t in_us)
{
	sd_event_source_set_time(source, (uint64_t)(clock_mono_us() + in_us));
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* ---- what is written to disk, and when ---- */

/* The entry needs no place on disk any more; takes over the caller's reference. */
static void finish(struct route *route, struct entry *entry)
{
	entry->finished = true;
	if (entry->disk != ENTRY_IN_MEMORY)
		store_forget(route->store, entry);
	entry_unref(entry);
}

static struct entry *lazy_pop(struct route *route)
{
	struct entry *entry = route->lazy_first;
	route->lazy_first = entry->disk_next;
	if (!route->lazy_first)
		route->lazy_last = NULL;
	entry->disk_next = NULL;
	return entry;
}

/* Lets go of entries at the head that were answered before they ever needed the disk. */
static void lazy_trim(struct route *route)
{
	while (route->lazy_first && route->lazy_first->finished)
		entry_unref(lazy_pop(route));
}

static int on_lazy(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)source, (void)at_us;
	struct route *route = context;
	int64_t before_ms = clock_wall_ms() - route->settings->store.commit_interval_ms;
	lazy_trim(route);
	/* A clock that was set back must not keep anything off the disk for long: an entry from the future is due as well. */
	while (route->lazy_first && (route->lazy_first->accepted_at_ms <= before_ms ||
				     route->lazy_first->accepted_at_ms > clock_wall_ms())) {
		struct entry *entry = lazy_pop(route);
		if (!entry->finished)
			store_put(route->store, entry, false);
		entry_unref(entry);
		lazy_trim(route);
	}
	if (route->lazy_first)
		arm(route->lazy_source, route->settings->store.commit_interval_ms * 1000 / 2 + 10000);
	return 0;
}

/* Classes 0-1 go to the disk at once, the rest only if the broker has not answered within the commit interval. */
static void keep(struct route *route, struct entry *entry)
{
	if (entry->class <= CLASS_URGENT) {
		store_put(route->store, entry, true);
		return;
	}
	bool idle = !route->lazy_first;
	entry_ref(entry);
	if (route->lazy_last)
		route->lazy_last->disk_next = entry;
	else
		route->lazy_first = entry;
	route->lazy_last = entry;
	if (idle)
		arm(route->lazy_source, route->settings->store.commit_interval_ms * 1000);
}

static void on_stored(void *context, struct entry *entry, bool on_disk)
{
	struct route *route = context;
	if (strcmp(entry_outlet(entry), "uplink") != 0 && route->callbacks.accepted)
		route->callbacks.accepted(route->callbacks.context, entry_id(entry), on_disk);
}

static void on_store_health(void *context, enum store_health health, const char *text)
{
	struct route *route = context;
	snprintf(route->store_text, sizeof(route->store_text), "%s", text ? text : "");
	if (health == STORE_OK)
		log_notice("store: %s", text);
	else
		log_error("store: %s", text);
}

/* ---- back-pressure: a flood is made to wait in the ports as long as the uplink keeps up ---- */

static size_t waiting_bytes(const struct route *route)
{
	size_t bytes = 0;
	for (int class = 0; class < CLASS_COUNT; class ++)
		bytes += schedule_level(route->uplink_schedule, (enum message_class) class).bytes;
	return bytes;
}

static void press(struct route *route, bool pressed)
{
	route->pressed = pressed;
	for (size_t i = 0; i < route->lane_count; i++)
		if (route->lanes[i].radio)
			radio_pause(route->lanes[i].radio, pressed);
}

static int on_pressure(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)source, (void)at_us;
	struct route *route = context;
	route->pressure_off = waiting_bytes(route) > PRESSURE_LOW;
	press(route, false);
	return 0;
}

static void pressure_check(struct route *route)
{
	size_t bytes = waiting_bytes(route);
	if (bytes <= PRESSURE_LOW) {
		route->pressure_off = false;
		if (route->pressed) {
			sd_event_source_set_enabled(route->pressure_source, SD_EVENT_OFF);
			press(route, false);
		}
	} else if (bytes > PRESSURE_HIGH && !route->pressed && !route->pressure_off) {
		press(route, true);
		arm(route->pressure_source, PRESSURE_US);
	}
}

/* ---- up ---- */

/* Schedules one rendered document for headquarters. */
static int publish(struct route *route, const struct entry_parts *parts)
{
	struct entry *entry = entry_new(parts, store_new_row(route->store));
	if (!entry)
		return -ENOMEM;
	route->accepted->value++;
	entry_ref(entry);
	schedule_put(route->uplink_schedule, entry);
	if (route->uplink)
		uplink_wake(route->uplink);
	/* The order matters: the publish is on its way before the disk is asked. */
	if (!entry->finished)
		keep(route, entry);
	if (route->callbacks.wanted && route->callbacks.wanted(route->callbacks.context))
		route->callbacks.passed(route->callbacks.context, entry);
	entry_unref(entry);
	return 0;
}

static void count_loss(struct route *route, const struct message *message, const char *reason)
{
	counters_get(route->counters, "route", reason)->value++;
	if (message->class <= CLASS_URGENT)
		log_error("route: a message of class %s is lost: %s", message_class_name(message->class), reason);
}

static void publish_message(struct route *route, const struct message *message, const char *radio, int64_t heard_us)
{
	struct json_context context = context_for(route, radio, message->station);
	char topic[256];
	int length = json_topic(message, &context, topic, sizeof(topic));
	if (length < 0) {
		count_loss(route, message, "drop.no_topic");
		return;
	}
	size_t size;
	char *json = json_payload(message, &context, &size);
	struct entry_parts parts = {
	    .class = message->class,
	    .kind = message->kind,
	    .outlet = "uplink",
	    .id = message->id,
	    .station = message->station,
	    .topic = topic,
	    .payload = json,
	    .payload_size = size,
	    .heard_us = heard_us,
	    .accepted_at_ms = message->received_at_ms,
	    .expires_at_ms = classify_expiry_ms(route->classify, message->class, message->received_at_ms),
	};
	if (!json || publish(route, &parts) < 0)
		count_loss(route, message, "drop.out_of_memory");
	free(json);
}

static void keep_incidents(struct route *route)
{
	size_t size;
	uint8_t *bytes = incidents_save(route->incidents, &size);
	if (bytes)
		store_keep(route->store, "incidents", bytes, size);
	free(bytes);
}

static void publish_incident(struct route *route, const struct incident *incident)
{
	struct json_context context = context_for(route, incident->radio, incident->station);
	char topic[256], id[JSON_RECORD_ID_MAX];
	size_t size;
	char *json = json_incident(incident, &context, &size);
	struct entry_parts parts = {
		.class = CLASS_DISTRESS,
		.kind = KIND_INCIDENT,
		.outlet = "uplink",
		.id = json_incident_id(incident, &context, id),
		.station = incident->station,
		.topic = topic,
		.payload = json,
		.payload_size = size,
		.accepted_at_ms = clock_wall_ms(),
	};
	if (!json || json_incident_topic(incident, &context, topic, sizeof(topic)) < 0 || publish(route, &parts) < 0)
		log_error("route: an incident could not be published: out of memory");
	free(json);
}

static void save_dedupe(struct route *route)
{
	route->ids_since_save = 0;
	size_t size = dedupe_save_size(route->dedupe);
	uint8_t *bytes = malloc(size ? size : 1);
	if (!bytes)
		return;
	size = dedupe_save(route->dedupe, clock_wall_ms(), bytes, size);
	store_keep(route->store, "dedupe", bytes, size);
	free(bytes);
}

static bool is_double(struct route *route, const struct message *message)
{
	if (!message->id[0])
		return false;
	if (dedupe_seen(route->dedupe, message->id, message->alt_id, message->received_at_ms)) {
		route->duplicates->value++;
		return true;
	}
	if (++route->ids_since_save >= DEDUPE_SAVE_EVERY)
		save_dedupe(route);
	return false;
}

void route_radio_heard(struct route *route, struct radio *radio, const struct message *heard, int64_t heard_us)
{
	struct lane *lane = lane_of_radio(route, radio);
	struct message message = *heard;
	message.received_at_ms = clock_wall_ms();
	const char *name = lane->settings->name;
	classify_message(route->classify, &message, name, heard_us / 1000);
	if (message.kind == KIND_RAW && !lane->settings->raw) {
		route->raw_off->value++;
		return;
	}
	if (is_double(route, &message))
		return;
	if (message.kind == KIND_DISTRESS) {
		const struct incident *incident = incidents_enter(route->incidents, &message, name,
								  message.received_at_ms);
		publish_message(route, &message, name, heard_us);
		if (incident && incident->count == 1)
			log_notice("radio %s: distress heard (%s), incident %s", name,
				   message_authenticity_name(message.authenticity), incident->id);
		keep_incidents(route);
	} else {
		publish_message(route, &message, name, heard_us);
	}
	pressure_check(route);
}

static void say_unheard(struct route *route, const struct entry *entry, const char *what)
{
	if (entry->class != CLASS_DISTRESS)
		return;
	counters_get(route->counters, "uplink", "distress_unheard")->value++;
	log_error("uplink: DISTRESS %s %s", entry_id(entry), what);
}

void route_uplink_done(struct route *route, struct entry *entry, enum uplink_result result, int code)
{
	if (result == UPLINK_REFUSED) {
		char what[96];
		snprintf(what, sizeof(what),
			 "was refused by the broker (reason 0x%02x); check its access list. Trying again.", code);
		route->refused->value++;
		say_unheard(route, entry, what);
		int64_t wait_ms = entry->class <= CLASS_URGENT ? HOLD_URGENT_MS : HOLD_MS;
		schedule_hold(route->uplink_schedule, entry, clock_wall_ms() + wait_ms);
		return;
	}
	if (result == UPLINK_NO_SUBSCRIBER) {
		route->unheard->value++;
		say_unheard(route, entry,
			    "reached the broker, but nobody listens there. Tell headquarters by other means.");
	}
	route->delivered->value++;
	finish(route, entry);
	lazy_trim(route);
	if (route->pressed)
		pressure_check(route);
}

static void on_uplink_drop(void *context, struct entry *entry, const char *reason)
{
	struct route *route = context;
	char name[48];
	snprintf(name, sizeof(name), "drop.%s.%s", message_class_name(entry->class), reason);
	counters_get(route->counters, "uplink", name)->value++;
	finish(route, entry);
}

/* ---- down ---- */

static void receipt(struct route *route, const struct entry *entry, enum receipt_stage stage, const char *code,
		    bool assumed)
{
	struct receipt receipt = {
		.command = entry_id(entry),
		.stage = stage,
		.code = code,
		.assumed = assumed,
		.class = (enum message_class)entry->class,
		.at_ms = clock_wall_ms(),
	};
	struct json_context context = context_for(route, entry_outlet(entry), "");
	char topic[256], id[JSON_RECORD_ID_MAX];
	size_t size;
	char *json = json_receipt(&receipt, &context, &size);
	struct entry_parts parts = {
		.class = receipt.class,
		.kind = KIND_RECEIPT,
		.outlet = "uplink",
		.id = json_receipt_id(&receipt, &context, id),
		.station = "",
		.topic = topic,
		.payload = json,
		.payload_size = size,
		.accepted_at_ms = receipt.at_ms,
	};
	parts.expires_at_ms = classify_expiry_ms(route->classify, CLASS_ROUTINE, parts.accepted_at_ms);
	if (!json || json_receipt_topic(&receipt, &context, topic, sizeof(topic)) < 0 || publish(route, &parts) < 0)
		log_error("route: a receipt could not be published: out of memory");
	free(json);
	if (route->callbacks.receipt)
		route->callbacks.receipt(route->callbacks.context, receipt.command, receipt_stage_name(stage), code, assumed);
}

static void wake_lanes(struct route *route)
{
	sd_event_source_set_enabled(route->turn_source, SD_EVENT_ONESHOT);
}

static const char *failure_code(int error)
{
	switch (error) {
	case -EMSGSIZE:
		return "too_long";
	case -EACCES:
		return "receive_only";
	case -EOPNOTSUPP:
		return "not_supported";
	case -EINVAL:
		return "not_sendable";
	default:
		return "radio_error";
	}
}

/* Hands one entry to the radio. False: the radio cannot take anything now. */
static bool lane_send(struct route *route, struct lane *lane, struct entry *entry)
{
	struct message message;
	char error[128];
	int result = json_parse_outgoing(entry_payload(entry), entry->payload_size, &message, NULL, error, sizeof(error));
	if (result == 0)
		result = radio_send(lane->radio, &message);
	if (result == 0) {
		lane->in_flight = entry;
		return true;
	}
	if (result == -EAGAIN || result == -ENOTCONN) {
		schedule_give_back(lane->schedule, entry);
		return false;
	}
	receipt(route, entry, RECEIPT_FAILED, failure_code(result), false);
	finish(route, entry);
	return true;
}

static void lane_turn(struct route *route, struct lane *lane)
{
	while (lane->radio && !lane->in_flight && radio_ready(lane->radio)) {
		struct entry *entry = schedule_take(lane->schedule, CLASS_DISTRESS, CLASS_BULK, clock_wall_ms());
		if (!entry || !lane_send(route, lane, entry))
			return;
	}
}

static int on_turn(sd_event_source *source, void *context)
{
	(void)source;
	struct route *route = context;
	for (size_t i = 0; i < route->lane_count; i++)
		lane_turn(route, &route->lanes[i]);
	return 0;
}

void route_radio_sent(struct route *route, struct radio *radio, enum send_result result, bool assumed, const char *code)
{
	struct lane *lane = lane_of_radio(route, radio);
	if (!lane || !lane->in_flight)
		return;
	static const enum receipt_stage stages[] = {[SEND_ON_AIR] = RECEIPT_ON_AIR,
						    [SEND_DONE] = RECEIPT_SENT,
						    [SEND_CONFIRMED] = RECEIPT_CONFIRMED,
						    [SEND_FAILED] = RECEIPT_FAILED};
	receipt(route, lane->in_flight, stages[result], result == SEND_FAILED ? code : NULL, assumed);
	if (result == SEND_ON_AIR)
		return;
	finish(route, lane->in_flight);
	lane->in_flight = NULL;
	wake_lanes(route);
}

static void on_lane_drop(void *context, struct entry *entry, const char *reason)
{
	struct route *route = context;
	char name[48];
	snprintf(name, sizeof(name), "drop.outgoing.%s", reason);
	counters_get(route->counters, "route", name)->value++;
	bool expired = strcmp(reason, "expired") == 0;
	receipt(route, entry, expired ? RECEIPT_EXPIRED : RECEIPT_FAILED, expired ? NULL : reason, false);
	finish(route, entry);
}

static struct lane *lane_for_sending(struct route *route, const char *radio, int *error)
{
	if (radio) {
		struct lane *lane = lane_of_name(route, radio);
		*error = -ENODEV;
		return lane && lane->radio ? lane : NULL;
	}
	struct lane *only = NULL;
	*error = -ENODEV;
	for (size_t i = 0; i < route->lane_count; i++) {
		if (!route->lanes[i].radio)
			continue;
		if (only) {
			*error = -EINVAL;
			return NULL;
		}
		only = &route->lanes[i];
	}
	return only;
}

int route_send(struct route *route, const struct message *asked, const char *radio)
{
	int error;
	struct lane *lane = lane_for_sending(route, radio, &error);
	if (!lane)
		return error;
	struct message message = *asked;
	message.received_at_ms = clock_wall_ms();
	/* What a person sends takes its class from its kind, as everything else; its wording decides nothing on the way out. */
	message.class = message.kind == KIND_ALERT ? CLASS_URGENT : CLASS_ROUTINE;
	char known[MESSAGE_ID_MAX + 8];
	snprintf(known, sizeof(known), "down-%s", message.id);
	if (dedupe_seen(route->dedupe, known, "", message.received_at_ms))
		return -EEXIST;
	size_t size;
	char *json = json_outgoing(&message, lane->settings->name, &size);
	struct entry_parts parts = {
	    .class = message.class,
	    .kind = message.kind,
	    .outlet = lane->settings->name,
	    .id = message.id,
	    .station = message.to,
	    .topic = "",
	    .payload = json,
	    .payload_size = size,
	    .accepted_at_ms = message.received_at_ms,
	    .expires_at_ms = classify_expiry_ms(route->classify, message.class, message.received_at_ms),
	};
	struct entry *entry = json ? entry_new(&parts, store_new_row(route->store)) : NULL;
	free(json);
	if (!entry)
		return -ENOMEM;
	store_put(route->store, entry, true);
	receipt(route, entry, RECEIPT_QUEUED, NULL, false);
	schedule_put(lane->schedule, entry);
	wake_lanes(route);
	return 0;
}

int route_acknowledge(struct route *route, const char *id, enum ack_level level, const char *operator_id)
{
	struct incident after;
	int result = incidents_acknowledge(route->incidents, id, level, operator_id, clock_wall_ms(), &after);
	if (result < 0)
		return result;
	publish_incident(route, &after);
	keep_incidents(route);
	return 0;
}

/* ---- life ---- */

static int on_tick(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)source, (void)at_us;
	struct route *route = context;
	int64_t now_ms = clock_wall_ms();
	bool moved = schedule_tick(route->uplink_schedule, now_ms) > 0;
	for (size_t i = 0; i < route->lane_count; i++)
		schedule_tick(route->lanes[i].schedule, now_ms);
	if (moved && route->uplink)
		uplink_wake(route->uplink);
	wake_lanes(route);
	arm(route->tick_source, TICK_US);
	return 0;
}

static int add_sources(struct route *route)
{
	uint64_t slack_us = 50000;
	if (sd_event_add_time(route->event, &route->lazy_source, CLOCK_MONOTONIC, 0, slack_us, on_lazy, route) < 0 ||
	    sd_event_add_time(route->event, &route->tick_source, CLOCK_MONOTONIC, 0, 500000, on_tick, route) < 0 ||
	    sd_event_add_time(route->event, &route->pressure_source, CLOCK_MONOTONIC, 0, 1000, on_pressure, route) <
		0 ||
	    sd_event_add_defer(route->event, &route->turn_source, on_turn, route) < 0)
		return -ENOMEM;
	sd_event_source_set_enabled(route->lazy_source, SD_EVENT_OFF);
	sd_event_source_set_enabled(route->pressure_source, SD_EVENT_OFF);
	sd_event_source_set_priority(route->lazy_source, PRIORITY_WORKER);
	sd_event_source_set_priority(route->tick_source, PRIORITY_HOUSEKEEPING);
	sd_event_source_set_priority(route->turn_source, PRIORITY_SCHEDULE);
	arm(route->tick_source, TICK_US);
	return 0;
}

static void on_loaded(void *context, struct entry *entry)
{
	struct route *route = context;
	if (strcmp(entry_outlet(entry), "uplink") == 0) {
		schedule_put(route->uplink_schedule, entry);
		return;
	}
	struct lane *lane = lane_of_name(route, entry_outlet(entry));
	if (lane && lane->settings->enabled) {
		schedule_put(lane->schedule, entry);
		return;
	}
	counters_get(route->counters, "route", "drop.outgoing.radio_gone")->value++;
	log_warning("route: a message for radio %s cannot be sent: the radio is no longer configured",
		    entry_outlet(entry));
	receipt(route, entry, RECEIPT_FAILED, "radio_gone", false);
	finish(route, entry);
}

static void recall(struct route *route)
{
	size_t size;
	const void *bytes = store_recall(route->store, "dedupe", &size);
	if (bytes && !dedupe_recall(route->dedupe, bytes, size, clock_wall_ms()))
		log_warning("store: the memory of doubles is damaged and starts empty");
	bytes = store_recall(route->store, "incidents", &size);
	if (bytes && !incidents_recall(route->incidents, bytes, size))
		log_error(
		    "store: the list of open incidents is damaged and starts empty; ask headquarters which are open");
	uint64_t session = 0;
	bytes = store_recall(route->store, "session", &size);
	if (bytes && size == sizeof(session))
		memcpy(&session, bytes, sizeof(session));
	/* Without a disk the clock gives a number that grows from run to run. */
	route->session = session ? session + 1 : (uint64_t)(clock_wall_ms() / 1000);
	store_keep(route->store, "session", &route->session, sizeof(route->session));
}

static int add_lanes(struct route *route)
{
	const struct settings *settings = route->settings;
	route->lane_count = settings->radio_count;
	route->lanes = calloc(route->lane_count ? route->lane_count : 1, sizeof(*route->lanes));
	if (!route->lanes)
		return -ENOMEM;
	for (size_t i = 0; i < route->lane_count; i++) {
		route->lanes[i].settings = &settings->radios[i];
		route->lanes[i].schedule = schedule_new(&settings->schedule, on_lane_drop, route);
		if (!route->lanes[i].schedule)
			return -ENOMEM;
	}
	return 0;
}

static void find_counters(struct route *route)
{
	route->duplicates = counters_get(route->counters, "route", "duplicates");
	route->raw_off = counters_get(route->counters, "route", "drop.raw_off");
	route->accepted = counters_get(route->counters, "route", "accepted");
	route->delivered = counters_get(route->counters, "route", "delivered");
	route->unheard = counters_get(route->counters, "uplink", "no_subscriber");
	route->refused = counters_get(route->counters, "uplink", "refused");
}

struct route *route_new(const struct settings *settings, const struct route_callbacks *callbacks, sd_event *event,
			struct counters *counters)
{
	struct route *route = calloc(1, sizeof(*route));
	if (!route)
		return NULL;
	route->settings = settings;
	route->callbacks = *callbacks;
	route->event = event;
	route->counters = counters;
	find_counters(route);
	struct store_callbacks store_callbacks = {.context = route, .stored = on_stored, .health = on_store_health};
	route->classify = classify_new(&settings->classify);
	route->dedupe = dedupe_new(DEDUPE_IDS, settings->dedupe_window_ms);
	route->incidents = incidents_new(INCIDENTS);
	route->uplink_schedule = schedule_new(&settings->schedule, on_uplink_drop, route);
	route->store = store_open(&settings->store, &store_callbacks, event, counters);
	if (!route->classify || !route->dedupe || !route->incidents || !route->uplink_schedule || !route->store ||
	    add_lanes(route) < 0 || add_sources(route) < 0) {
		route_free(route);
		return NULL;
	}
	recall(route);
	store_load(route->store, on_loaded, route);
	return route;
}

static void free_lanes(struct route *route)
{
	for (size_t i = 0; i < route->lane_count; i++) {
		entry_unref(route->lanes[i].in_flight);
		schedule_free(route->lanes[i].schedule);
	}
	free(route->lanes);
}

void route_free(struct route *route)
{
	if (!route)
		return;
	/* Stopping is no reason to lose what the broker has not answered yet: all of it goes to the disk now. */
	while (route->lazy_first) {
		struct entry *entry = lazy_pop(route);
		if (!entry->finished)
			store_put(route->store, entry, false);
		entry_unref(entry);
	}
	if (route->store && route->dedupe)
		save_dedupe(route);
	store_close(route->store, CLOSE_MS);
	sd_event_source_disable_unref(route->lazy_source);
	sd_event_source_disable_unref(route->tick_source);
	sd_event_source_disable_unref(route->turn_source);
	sd_event_source_disable_unref(route->pressure_source);
	schedule_free(route->uplink_schedule);
	if (route->lanes)
		free_lanes(route);
	incidents_free(route->incidents);
	dedupe_free(route->dedupe);
	classify_free(route->classify);
	free(route);
}

uint64_t route_session(const struct route *route)
{
	return route->session;
}

struct schedule *route_uplink_schedule(struct route *route)
{
	return route->uplink_schedule;
}

void route_set_uplink(struct route *route, struct uplink *uplink)
{
	route->uplink = uplink;
}

void route_add_radio(struct route *route, size_t index, struct radio *radio)
{
	route->lanes[index].radio = radio;
}

void route_radio_state(struct route *route, struct radio *radio)
{
	(void)radio;
	wake_lanes(route);
}

const struct incidents *route_incidents(const struct route *route)
{
	return route->incidents;
}

const struct schedule *route_radio_schedule(const struct route *route, size_t index)
{
	return route->lanes[index].schedule;
}

struct store *route_store(struct route *route)
{
	return route->store;
}

const char *route_store_text(const struct route *route)
{
	return route->store_text;
}
