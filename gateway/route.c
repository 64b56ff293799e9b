/* The walk of a message from the radios to the uplink. */
#include "gateway/route.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/answer.h"
#include "gateway/classify.h"
#include "gateway/clock.h"
#include "gateway/crowd.h"
#include "gateway/emergency.h"
#include "gateway/field_answers.h"
#include "gateway/field_memory.h"
#include "gateway/keeper.h"
#include "gateway/ledger_memory.h"
#include "gateway/log.h"
#include "gateway/pressure.h"
#include "gateway/priorities.h"
#include "gateway/publisher.h"
#include "gateway/remember.h"
#include "gateway/route_delivery.h"
#include "gateway/route_down.h"
#include "gateway/route_neighbours.h"
#include "gateway/safety.h"

enum {
	TICK_US = 5000000, /* expiry of what waits, and what is held */
	CLOSE_MS = 5000,
};

struct route {
	const struct settings *settings;
	struct route_callbacks callbacks;
	struct counters *counters;

	struct classify *classify;
	struct store *store;
	char store_text[256];
	struct remember *remember;
	struct field_memory *field;
	struct ledger_memory *ledgers;

	struct keeper *keeper;
	struct pressure *pressure;
	struct publisher publisher;
	struct route_delivery delivery;
	struct crowd crowd;
	struct emergency emergency;
	struct route_down down;
	struct field_answers *answers;
	struct route_neighbours neighbours;
	struct uplink *uplink;
	struct schedule *uplink_schedule;
	struct radio **radios;
	struct safety *safety;
	struct radio *hearing; /* whose message is on its way just now, NULL = nobody's */
	sd_event_source *tick_source;
	void (*incidents_changed)(void *context);
	void *incidents_context;

	struct counter *duplicates, *stale_again, *raw_off, *piece_acks, *delivered;
};

/* ---- up ---- */

static bool is_double(struct route *route, const struct message *message)
{
	if (!message->id[0] || !remember_heard(route->remember, message->id, message->alt_id))
		return false;
	route->duplicates->value++;
	field_answers_heard_again(route->answers, message->id);
	field_answers_heard_again(route->answers, message->alt_id);
	return true;
}

/* Distress that is older than its window is raised once. Its window cannot tell, and what the driver remembers ends with the run. */
static bool is_raised_again(struct route *route, const struct message *message)
{
	bool doubtful = message->authenticity == AUTHENTICITY_STALE || message->authenticity == AUTHENTICITY_SUSPECT;
	if (message->kind != KIND_DISTRESS || !doubtful || !field_memory_raised(route->field, message))
		return false;
	route->stale_again->value++;
	field_answers_heard_again(route->answers, message->id);
	return true;
}

static size_t index_of(const struct route *route, const struct radio *radio)
{
	size_t i = 0;
	while (i < route->settings->radio_count && route->radios[i] != radio)
		i++;
	return i;
}

static void tell_incidents(struct route *route)
{
	if (route->incidents_changed)
		route->incidents_changed(route->incidents_context);
}

/* Which pieces of a long message have come is for whoever sends them, and no news for anybody else. */
static bool is_about_pieces(const struct message *message)
{
	return message->kind == KIND_ACK && !message->ack.level && message->ack.bitmap >= 0;
}

/* settings: of the radio, NULL = it is the panel. */
static void hear(struct route *route, const struct radio_settings *settings, const struct message *heard,
		 int64_t heard_us)
{
	const char *radio = settings ? settings->name : PANEL_RADIO;
	struct message message = *heard;
	if (is_about_pieces(heard)) {
		route->piece_acks->value++;
		return;
	}
	message.received_at_ms = clock_wall_ms();
	emergency_refer(&route->emergency, &message);
	classify_message(route->classify, &message, radio, heard_us / 1000);
	if (message.kind == KIND_RAW && !(settings && settings->raw)) {
		route->raw_off->value++;
		return;
	}
	if (is_double(route, &message) || is_raised_again(route, &message))
		return;
	emergency_enter(&route->emergency, &message, radio);
	crowd_settle(&route->crowd, &message);
	if (!crowd_merges(&route->crowd, &message)) {
		field_answers_heard(route->answers, &message, settings);
		publisher_message(&route->publisher, &message, radio, heard_us);
	}
	emergency_follow(&route->emergency, &message);
	if (message.class <= CLASS_URGENT)
		field_memory_urgent(route->field);
	if (message.incident[0])
		tell_incidents(route);
	pressure_check(route->pressure);
}

static void on_scheduled(void *context)
{
	struct route *route = context;
	if (route->uplink)
		uplink_wake(route->uplink);
}

void route_radio_heard(struct route *route, struct radio *radio, const struct message *heard, int64_t heard_us)
{
	size_t index = index_of(route, radio);
	if (index == route->settings->radio_count)
		return;
	const struct radio_settings *settings = &route->settings->radios[index];
	if (!radio_hears_elsewhere(radio)) {
		outgoing_heard(route->down.outgoing, radio, heard);
		if (route_neighbours_tell(&route->neighbours, settings, heard))
			on_scheduled(route);
	}
	route->hearing = radio;
	hear(route, &route->settings->radios[index], heard, heard_us);
	route->hearing = NULL;
}

void route_radio_heard_again(struct route *route, const char *id)
{
	field_answers_heard_again(route->answers, id);
}

void route_panel_said(struct route *route, const struct message *message, int64_t at_us)
{
	hear(route, NULL, message, at_us);
}

/* What its device has forgotten by now must be on disk soon, however good the line to the broker is. */
static void make_safe(struct route *route, struct entry *entry)
{
	store_put(route->store, entry, true);
	if (entry->disk == ENTRY_WRITING)
		safety_watch(route->safety, entry, index_of(route, route->hearing));
}

static void on_safer(void *context, size_t radio)
{
	struct route *route = context;
	/* When the gateway stops, the radios go first. */
	if (route->uplink)
		radio_safer(route->radios[radio]);
}

size_t route_radio_unsafe(struct route *route, struct radio *radio)
{
	return safety_count(route->safety, index_of(route, radio));
}

static void on_passed(void *context, struct entry *entry)
{
	struct route *route = context;
	if (route->hearing && radio_is_forgetful(route->hearing) && entry->class < CLASS_BULK && !entry->finished)
		make_safe(route, entry);
	route->callbacks.passed(route->callbacks.context, entry);
}

static bool on_receipt(void *context, struct receipt *receipt)
{
	struct route *route = context;
	return field_answers_receipt(route->answers, receipt);
}

bool route_aside(struct route *route, const struct route_aside *aside)
{
	if (!route_delivery_aside(&route->delivery, aside))
		return false;
	on_scheduled(route);
	return true;
}

void route_uplink_done(struct route *route, struct entry *entry, enum uplink_result result, int code)
{
	/* Where nobody listens the broker keeps nothing. */
	if (result == UPLINK_DELIVERED)
		field_answers_stored(route->answers, entry);
	route_delivery_done(&route->delivery, entry, result, code);
}

/* ---- down ---- */

int route_send(struct route *route, const char *sender, const struct message *message, const char *radio)
{
	return route_down_send(&route->down, sender, message, radio);
}

int route_cancel(struct route *route, const char *id)
{
	return route_down_cancel(&route->down, id);
}

uint64_t route_content(const struct route *route, const char *sender, const char *text)
{
	return route_down_content(&route->down, sender, text);
}

struct receipts *route_receipts(struct route *route)
{
	return route->down.receipts;
}

void route_uplink_state(struct route *route, bool connected)
{
	outgoing_online(route->down.outgoing, connected);
}

void route_neighbour_heard(void *context, const char *topic, const void *payload, size_t size)
{
	struct route *route = context;
	route_neighbours_heard(&route->neighbours, topic, payload, size);
}

bool route_neighbour_answered(struct route *route, const char *topic, const void *payload, size_t size)
{
	return route_neighbours_answered(&route->neighbours, route->down.outgoing, topic, payload, size);
}

bool route_trusts(const struct route *route, const char *gateway)
{
	const struct neighbours *neighbours = route->neighbours.neighbours;
	return neighbours && neighbours_trusts(neighbours, gateway);
}

void route_receipt(struct route *route, const struct receipt *receipt)
{
	publisher_receipt(&route->publisher, receipt, "");
}

void route_radio_say_back(struct route *route, struct radio *radio, const struct message *message)
{
	outgoing_say_back(route->down.outgoing, radio, message);
}

void route_radio_sent(struct route *route, struct radio *radio, enum send_result result, bool assumed, const char *code)
{
	outgoing_sent(route->down.outgoing, radio, result, assumed, code);
}

void route_radio_state(struct route *route, struct radio *radio)
{
	(void)radio;
	outgoing_wake(route->down.outgoing);
}

static int acknowledge(struct route *route, const char *id, enum ack_level level, const char *operator_id, int eta_min)
{
	struct incident after;
	int result = incidents_acknowledge(remember_incidents(route->remember), id, level, operator_id, clock_wall_ms(),
					   &after);
	if (result < 0)
		return result;
	publisher_incident(&route->publisher, &after);
	remember_incidents_changed(route->remember, true);
	field_answers_incident_level(route->answers, after.id, level, eta_min);
	tell_incidents(route);
	return 0;
}

enum message_kind route_kind(const struct route *route, const char *ref)
{
	const struct incidents *incidents = remember_incidents(route->remember);
	for (size_t i = 0; i < incidents_count(incidents); i++)
		if (strcmp(incidents_at(incidents, i)->id, ref) == 0)
			return KIND_INCIDENT;
	return field_answers_kind(route->answers, ref);
}

int route_answer(struct route *route, const char *ref, enum ack_level level, const char *operator_id, int eta_min)
{
	int result = acknowledge(route, ref, level, operator_id, eta_min);
	if (result != -ENOENT)
		return result;
	const char *incident = field_answers_incident(route->answers, ref);
	if (incident)
		return acknowledge(route, incident, level, operator_id, eta_min);
	bool human = level != ACK_HQ_RECEIVED;
	if (level < ACK_BASE_SEEN || level > ACK_CLOSED || (human && (!operator_id || !operator_id[0])))
		return -EINVAL;
	return field_answers_level(route->answers, ref, level, eta_min);
}

static bool is_covert(const struct route *route, const char *id)
{
	const struct incidents *incidents = remember_incidents(route->remember);
	for (size_t i = 0; i < incidents_count(incidents); i++)
		if (strcmp(incidents_at(incidents, i)->id, id) == 0)
			return incidents_at(incidents, i)->covert;
	return false;
}

int route_base_answer(struct route *route, const char *ref, enum ack_level level, const char *operator_id, int eta_min)
{
	if (field_answers_kind(route->answers, ref) == KIND_CHECKIN)
		return -EOPNOTSUPP;
	/* As any check-in that is known no more. */
	return is_covert(route, ref) ? -ENOENT : route_answer(route, ref, level, operator_id, eta_min);
}

size_t route_acknowledge_all(struct route *route, const char *operator_id)
{
	const struct incidents *incidents = remember_incidents(route->remember);
	size_t count = 0;
	for (size_t i = 0; i < incidents_count(incidents); i++) {
		const struct incident *incident = incidents_at(incidents, i);
		if (!incident->covert && acknowledge(route, incident->id, ACK_BASE_SEEN, operator_id, -1) == 0)
			count++;
	}
	return count;
}

void route_watch_incidents(struct route *route, void (*changed)(void *context), void *context)
{
	route->incidents_changed = changed;
	route->incidents_context = context;
}

/* ---- what the store tells ---- */

static void on_stored(void *context, struct entry *entry, bool on_disk)
{
	struct route *route = context;
	safety_settle(route->safety, entry);
	if (strcmp(entry_outlet(entry), "uplink") != 0)
		route_down_stored(&route->down, entry, on_disk);
	else if (on_disk)
		field_answers_stored(route->answers, entry);
}

static void on_store_health(void *context, enum store_health health, const char *text)
{
	struct route *route = context;
	snprintf(route->store_text, sizeof(route->store_text), "%s", text ? text : "");
	if (health == STORE_OK)
		log_notice("store: %s", route->store_text);
	else
		log_error("store: %s", route->store_text);
}

static void on_recalled(void *context)
{
	struct route *route = context;
	remember_recall_late(route->remember);
	route_down_recall_late(&route->down);
	field_memory_recall_late(route->field);
	ledger_memory_recall_late(route->ledgers);
	field_answers_recall_late(route->answers);
	tell_incidents(route);
}

static void on_kept(void *context, const char *name)
{
	struct route *route = context;
	field_memory_kept(route->field, name);
	ledger_memory_kept(route->ledgers, name);
	receipts_kept(route->down.receipts, name);
	/* The first word to a station waits for a block of counters. */
	outgoing_wake(route->down.outgoing);
}

static void on_loaded(void *context, struct entry *entry)
{
	struct route *route = context;
	if (!entry_payload(entry)) {
		counters_get(route->counters, "route", "drop.damaged_on_disk")->value++;
		log_error("store: a message that waited on disk is damaged and cannot be sent");
		keeper_finish(route->keeper, entry);
	} else if (strcmp(entry_outlet(entry), "uplink") == 0) {
		field_answers_found(route->answers, entry);
		schedule_put(route->uplink_schedule, entry);
	} else {
		route_down_loaded(&route->down, entry);
	}
}

/* ---- life ---- */

static void on_limit(void *context, bool limited)
{
	struct route *route = context;
	for (size_t i = 0; i < route->settings->radio_count; i++)
		if (route->radios[i])
			radio_limit(route->radios[i], limited);
}

static int on_tick(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)at_us;
	struct route *route = context;
	int64_t now_ms = clock_steady_ms();
	remember_tick(route->remember);
	field_memory_tick(route->field);
	ledger_memory_tick(route->ledgers);
	field_answers_tick(route->answers);
	if (schedule_tick(route->uplink_schedule, now_ms) > 0)
		on_scheduled(route);
	route_down_tick(&route->down, now_ms);
	crowd_tick(&route->crowd);
	sd_event_source_set_time(source, (uint64_t)(clock_mono_us() + TICK_US));
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	return 0;
}

static int start_tick(struct route *route, sd_event *event)
{
	int error = sd_event_add_time(event, &route->tick_source, CLOCK_MONOTONIC,
				      (uint64_t)(clock_mono_us() + TICK_US), 500000, on_tick, route);
	if (error >= 0)
		sd_event_source_set_priority(route->tick_source, PRIORITY_HOUSEKEEPING);
	return error;
}

static void find_counters(struct route *route)
{
	route->duplicates = counters_get(route->counters, "route", "duplicates");
	route->stale_again = counters_get(route->counters, "route", "drop.stale_again");
	route->raw_off = counters_get(route->counters, "route", "drop.raw_off");
	route->piece_acks = counters_get(route->counters, "route", "piece_acks");
	route->delivered = counters_get(route->counters, "route", "delivered");
}

static bool make_memory(struct route *route, sd_event *event)
{
	struct store_callbacks callbacks = {
	    .context = route, .stored = on_stored, .health = on_store_health, .recalled = on_recalled, .kept = on_kept};
	const struct settings *settings = route->settings;
	route->radios = calloc(settings->radio_count + 1, sizeof(struct radio *));
	route->classify = classify_new(&settings->classify);
	route->store = store_open(&settings->store, &callbacks, event, route->counters);
	if (route->store)
		route->remember = remember_new(route->store, settings->dedupe_window_ms, route->counters);
	/* After it, because it sets the steady clock. */
	if (route->remember)
		route->field = field_memory_new(route->store, route->counters);
	if (route->field)
		route->ledgers = ledger_memory_new(route->store, route->counters);
	return route->radios && route->classify && route->ledgers;
}

static bool make_ways(struct route *route, sd_event *event)
{
	const struct settings *settings = route->settings;
	route->uplink_schedule = schedule_new(&settings->schedule, route_delivery_dropped, &route->delivery);
	route->keeper = keeper_new(route->store, settings->store.commit_interval_ms, event);
	if (!route->uplink_schedule || !route->keeper)
		return false;
	route->publisher = (struct publisher){
	    .settings = settings,
	    .classify = route->classify,
	    .store = route->store,
	    .keeper = route->keeper,
	    .schedule = route->uplink_schedule,
	    .accepted = counters_get(route->counters, "route", "accepted"),
	    .counters = route->counters,
	    .context = route,
	    .logistics_key = remember_key(route->remember),
	    .scheduled = on_scheduled,
	    .passed = on_passed,
	    .receipt = on_receipt,
	};
	route->emergency = emergency_begin(&route->publisher, route->remember, route->counters);
	route->crowd = crowd_begin(&route->publisher, remember_incidents(route->remember), route->counters);
	route->safety = safety_new(on_safer, route);
	route->pressure = pressure_new(route->uplink_schedule, on_limit, route);
	route->down = (struct route_down){
	    .store = route->store,
	    .keeper = route->keeper,
	    .publisher = &route->publisher,
	    .emergency = &route->emergency,
	    .key = remember_key(route->remember),
	    .callbacks = route->callbacks,
	    .ledgers = route->ledgers,
	};
	if (route_down_begin(&route->down, event, route->counters))
		route->answers = field_answers_new(&route->publisher, route->down.outgoing,
						   remember_incidents(route->remember), event);
	route->delivery = (struct route_delivery){
	    .schedule = route->uplink_schedule,
	    .store = route->store,
	    .keeper = route->keeper,
	    .safety = route->safety,
	    .answers = route->answers,
	    .receipts = route->down.receipts,
	    .pressure = route->pressure,
	    .counters = route->counters,
	    .delivered = route->delivered,
	};
	route->neighbours = (struct route_neighbours){
	    .settings = settings, .delivery = &route->delivery, .counters = route->counters};
	if (!route->safety || !route->pressure || !route->answers || !route_neighbours_begin(&route->neighbours))
		return false;
	outgoing_use_neighbours(route->down.outgoing, route->neighbours.neighbours);
	return true;
}

struct route *route_new(const struct settings *settings, const struct route_callbacks *callbacks, sd_event *event,
			struct counters *counters)
{
	struct route *route = calloc(1, sizeof(*route));
	if (!route)
		return NULL;
	route->settings = settings;
	route->callbacks = *callbacks;
	route->counters = counters;
	find_counters(route);
	if (!make_memory(route, event) || !make_ways(route, event) || start_tick(route, event) < 0) {
		route_free(route);
		return NULL;
	}
	store_load(route->store, on_loaded, route);
	route_down_settle(&route->down);
	return route;
}

void route_free(struct route *route)
{
	if (!route)
		return;
	sd_event_source_disable_unref(route->tick_source);
	keeper_free(route->keeper);
	field_answers_free(route->answers);
	field_memory_free(route->field);
	ledger_memory_free(route->ledgers);
	route_down_keep(&route->down);
	remember_free(route->remember);
	store_close(route->store, CLOSE_MS);
	pressure_free(route->pressure);
	route_down_end(&route->down);
	route_neighbours_end(&route->neighbours);
	schedule_free(route->uplink_schedule);
	safety_free(route->safety);
	classify_free(route->classify);
	free(route->radios);
	free(route);
}

uint64_t route_session(const struct route *route)
{
	return remember_session(route->remember);
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
	route->radios[index] = radio;
	outgoing_add_radio(route->down.outgoing, index, radio);
}

const struct incidents *route_incidents(const struct route *route)
{
	return remember_incidents(route->remember);
}

void route_watch_alerts(struct route *route, void (*changed)(void *context), void *context)
{
	outgoing_watch_alerts(route->down.outgoing, changed, context);
}

const struct outgoing *route_outgoing(const struct route *route)
{
	return route->down.outgoing;
}

struct schedule_level route_radio_level(const struct route *route, size_t index, enum message_class class)
{
	return outgoing_level(route->down.outgoing, index, class);
}

struct store *route_store(struct route *route)
{
	return route->store;
}

struct field_memory *route_field_memory(struct route *route)
{
	return route->field;
}

const char *route_store_text(const struct route *route)
{
	return route->store_text;
}
