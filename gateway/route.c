/* The walk of a message from the radios to the uplink. */
#include "gateway/route_internal.h"

#include <errno.h>
#include <string.h>

#include "gateway/classify.h"
#include "gateway/clock.h"
#include "gateway/field_answers.h"
#include "gateway/field_memory.h"
#include "gateway/pressure.h"
#include "gateway/remember.h"
#include "gateway/safety.h"

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

void route_tell_incidents(struct route *route)
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
		route_tell_incidents(route);
	pressure_check(route->pressure);
}

void route_on_scheduled(void *context)
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
			route_on_scheduled(route);
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

void route_on_safer(void *context, size_t radio)
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

void route_on_passed(void *context, struct entry *entry)
{
	struct route *route = context;
	if (route->hearing && radio_is_forgetful(route->hearing) && entry->class < CLASS_BULK && !entry->finished)
		make_safe(route, entry);
	route->callbacks.passed(route->callbacks.context, entry);
}

bool route_on_receipt(void *context, struct receipt *receipt)
{
	struct route *route = context;
	return field_answers_receipt(route->answers, receipt);
}

bool route_aside(struct route *route, const struct route_aside *aside)
{
	if (!route_delivery_aside(&route->delivery, aside))
		return false;
	route_on_scheduled(route);
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
	if (!connected && route->neighbours.neighbours)
		neighbours_lost_sight(route->neighbours.neighbours, clock_steady_ms());
	outgoing_online(route->down.outgoing, connected);
}

void route_neighbour_heard(void *context, const char *topic, const void *payload, size_t size)
{
	struct route *route = context;
	route_neighbours_heard(&route->neighbours, topic, payload, size);
}

void route_neighbour_state(void *context, const char *topic, const void *payload, size_t size)
{
	struct route *route = context;
	route_neighbours_state(&route->neighbours, route->down.outgoing, topic, payload, size);
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
	route_tell_incidents(route);
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

/* ---- for reports, and for the wiring ---- */

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
