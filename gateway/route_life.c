/* The route's beginning and end: its parts are made, told of one another and ended here, and what the store and the clock say goes to them. */
#include "gateway/route_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/classify.h"
#include "gateway/clock.h"
#include "gateway/field_answers.h"
#include "gateway/field_memory.h"
#include "gateway/keeper.h"
#include "gateway/ledger_memory.h"
#include "gateway/log.h"
#include "gateway/pressure.h"
#include "gateway/priorities.h"
#include "gateway/remember.h"
#include "gateway/safety.h"

enum {
	TICK_US = 5000000, /* expiry of what waits, and what is held */
	CLOSE_MS = 5000,
};

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
	route_tell_incidents(route);
}

/* The broker need not bring again what commands came to. */
static void tell_commands_kept(struct route *route)
{
	if (route->uplink && receipts_are_kept(route->down.receipts, clock_steady_ms()))
		uplink_commands_kept(route->uplink);
}

static void on_kept(void *context, const char *name)
{
	struct route *route = context;
	field_memory_kept(route->field, name);
	ledger_memory_kept(route->ledgers, name);
	receipts_kept(route->down.receipts, name);
	tell_commands_kept(route);
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
		route_on_scheduled(route);
	route_down_tick(&route->down, now_ms);
	crowd_tick(&route->crowd);
	tell_commands_kept(route);
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

static struct publisher publisher_of(struct route *route)
{
	return (struct publisher){
	    .settings = route->settings,
	    .classify = route->classify,
	    .store = route->store,
	    .keeper = route->keeper,
	    .schedule = route->uplink_schedule,
	    .accepted = counters_get(route->counters, "route", "accepted"),
	    .counters = route->counters,
	    .context = route,
	    .logistics_key = remember_key(route->remember),
	    .scheduled = route_on_scheduled,
	    .passed = route_on_passed,
	    .receipt = route_on_receipt,
	};
}

static struct route_delivery delivery_of(const struct route *route)
{
	return (struct route_delivery){
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
}

static void make_way_down(struct route *route, sd_event *event)
{
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
}

static bool make_ways(struct route *route, sd_event *event)
{
	const struct settings *settings = route->settings;
	route->uplink_schedule = schedule_new(&settings->schedule, route_delivery_dropped, &route->delivery);
	route->keeper = keeper_new(route->store, settings->store.commit_interval_ms, event);
	if (!route->uplink_schedule || !route->keeper)
		return false;
	route->publisher = publisher_of(route);
	route->emergency = emergency_begin(&route->publisher, route->remember, route->counters);
	route->crowd = crowd_begin(&route->publisher, remember_incidents(route->remember), route->counters);
	route->safety = safety_new(route_on_safer, route);
	route->pressure = pressure_new(route->uplink_schedule, on_limit, route);
	make_way_down(route, event);
	route->delivery = delivery_of(route);
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
