/* Takes messages for the field, says what became of them, and finds the way to a station. */
#include "gateway/outgoing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "gateway/clock.h"
#include "gateway/json.h"
#include "gateway/log.h"
#include "gateway/outgoing_internal.h"
#include "gateway/priorities.h"

enum { REACH_STATIONS = 512, SAY_BACK_MS = 60000 };

double outgoing_random(void)
{
	uint32_t random = 0;
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random))
		random = (uint32_t)clock_mono_us() * 2654435761u;
	return random / 4294967296.0;
}

/* ---- receipts ---- */

/* Bytes of text that its radio would take in such a message, 0 = not known. */
static unsigned limit_of(struct outgoing *outgoing, const struct entry *entry)
{
	const struct exit_lane *lane = lane_of_name(outgoing, entry_outlet(entry));
	struct message message;
	struct air_plan plan = {0};
	char error[128];
	if (!lane || !lane->radio ||
	    json_parse_kept(entry_payload(entry), entry->payload_size, &message, NULL, error, sizeof(error)) < 0)
		return 0;
	(void)radio_plan(lane->radio, &message, &plan);
	return (unsigned)plan.text_max;
}

static void say_by(struct outgoing *outgoing, const struct entry *entry, const char *outlet, enum receipt_stage stage,
		   const char *code, bool assumed)
{
	struct receipt receipt = {
	    .command = entry_id(entry),
	    .stage = stage,
	    .code = code,
	    .assumed = assumed,
	    .class = (enum message_class)entry->class,
	    .at_ms = clock_wall_ms(),
	};
	if (!receipt.command[0])
		return; /* said back, and of interest to nobody else */
	if (code && strcmp(code, "too_long") == 0)
		receipt.limit = limit_of(outgoing, entry);
	publisher_receipt(outgoing->publisher, &receipt, outlet);
	outgoing->callbacks.receipt(outgoing->callbacks.context, &receipt);
}

void outgoing_say(struct outgoing *outgoing, const struct entry *entry, enum receipt_stage stage, const char *code,
		  bool assumed)
{
	say_by(outgoing, entry, entry_outlet(entry), stage, code, assumed);
}

void outgoing_conclude_by(struct outgoing *outgoing, struct entry *entry, const char *outlet, enum receipt_stage stage,
			  const char *code, bool assumed)
{
	say_by(outgoing, entry, outlet, stage, code, assumed);
	keeper_finish(outgoing->publisher->keeper, entry);
	/* What waited behind it may be shorter, and go now. */
	outgoing_wake(outgoing);
}

void outgoing_conclude(struct outgoing *outgoing, struct entry *entry, enum receipt_stage stage, const char *code,
		       bool assumed)
{
	outgoing_conclude_by(outgoing, entry, entry_outlet(entry), stage, code, assumed);
}

/* What was transmitted and not acknowledged in time has not simply expired. */
void outgoing_dropped(void *context, struct entry *entry, const char *reason)
{
	struct exit_lane *lane = context;
	struct outgoing *outgoing = lane->outgoing;
	struct errand *errand = errand_find(outgoing, entry);
	const struct past past = errand_past(errand);
	char name[48];
	snprintf(name, sizeof(name), "drop.outgoing.%s", reason);
	counters_get(outgoing->publisher->counters, "route", name)->value++;
	errand_free(outgoing, errand);
	if (past.sent)
		outgoing_conclude(outgoing, entry, RECEIPT_SENT, NULL, past.sent_assumed);
	else if (strcmp(reason, "expired") != 0)
		outgoing_conclude(outgoing, entry, RECEIPT_FAILED, reason, false);
	else if (entry->begun || past.announced)
		outgoing_conclude(outgoing, entry, RECEIPT_FAILED, "no_ack", false);
	else if (past.doubts > 0)
		outgoing_conclude(outgoing, entry, RECEIPT_FAILED, "no_word", false);
	else
		outgoing_conclude(outgoing, entry, RECEIPT_EXPIRED, NULL, false);
}

const char *outgoing_failure_code(int error)
{
	switch (error) {
	case -EMSGSIZE:
		return "too_long";
	case -EACCES:
		return "receive_only";
	case -ENOKEY:
		return "no_key";
	case -EOPNOTSUPP:
		return "not_supported";
	case -EINVAL:
		return "not_sendable";
	default:
		return "radio_error";
	}
}

/* ---- time ---- */

static int on_turn(sd_event_source *source, void *context)
{
	(void)source;
	struct outgoing *outgoing = context;
	for (size_t i = 0; i < outgoing->count; i++)
		lane_turn(&outgoing->lanes[i]);
	outgoing_look_at_alerts(outgoing);
	return 0;
}

void outgoing_wake(struct outgoing *outgoing)
{
	sd_event_source_set_enabled(outgoing->turn_source, SD_EVENT_ONESHOT);
}

void outgoing_due(struct outgoing *outgoing, int64_t at_ms)
{
	uint64_t set_us = UINT64_MAX;
	int on = SD_EVENT_OFF;
	int64_t wait_ms = at_ms - clock_steady_ms();
	uint64_t at_us = (uint64_t)(clock_mono_us() + (wait_ms > 0 ? wait_ms * 1000 : 0));
	sd_event_source_get_enabled(outgoing->due_source, &on);
	if (on != SD_EVENT_OFF)
		sd_event_source_get_time(outgoing->due_source, &set_us);
	if (at_us >= set_us)
		return;
	sd_event_source_set_time(outgoing->due_source, at_us);
	sd_event_source_set_enabled(outgoing->due_source, SD_EVENT_ONESHOT);
}

/* Of those whose acknowledgement is awaited: the next one that is due, NULL = none now. */
static struct errand *next_due(struct outgoing *outgoing, int64_t now_ms)
{
	for (struct errand *errand = outgoing->errands; errand; errand = errand->next) {
		if (!errand->awaiting)
			continue;
		int64_t expires_at_ms = errand->entry->expires_at_ms;
		if (delivery_due_ms(errand->delivery) <= now_ms || (expires_at_ms && expires_at_ms <= now_ms))
			return errand;
		outgoing_due(outgoing, delivery_due_ms(errand->delivery));
	}
	return NULL;
}

static void follow_due(struct outgoing *outgoing, int64_t now_ms)
{
	struct errand *errand;
	while ((errand = next_due(outgoing, now_ms))) {
		struct delivery_settings settings = errand_settings(errand);
		delivery_tick(errand->delivery, &settings, now_ms);
		if (errand->entry->expires_at_ms && errand->entry->expires_at_ms <= now_ms)
			delivery_give_up(errand->delivery);
		errand_follow(errand);
	}
	handovers_due(outgoing, now_ms);
	outgoing_wake(outgoing);
}

static int on_due(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)source, (void)at_us;
	follow_due(context, clock_steady_ms());
	return 0;
}

void outgoing_tick(struct outgoing *outgoing, int64_t now_ms)
{
	for (size_t i = 0; i < outgoing->count; i++)
		transmit_tick(outgoing->lanes[i].transmit, now_ms);
	outgoing_rescue(outgoing, now_ms);
	follow_due(outgoing, now_ms);
}

/* ---- what radios tell ---- */

void outgoing_sent(struct outgoing *outgoing, struct radio *radio, enum send_result result, bool assumed,
		   const char *code)
{
	struct exit_lane *lane = lane_of_radio(outgoing, radio);
	if (lane)
		lane_sent(lane, result, assumed, code);
}

/* What is in the schedule or in the radio is followed up when it comes from there. */
static void acknowledged(struct errand *errand)
{
	if (errand->awaiting) {
		errand_follow(errand);
	} else if (errand->lane->flying != errand && delivery_is_settled(errand->delivery) &&
		   transmit_remove(errand->lane->transmit, errand->entry)) {
		entry_unref(errand->entry);
		errand_follow(errand);
	}
}

bool outgoing_heard(struct outgoing *outgoing, const struct radio *radio, const struct message *message)
{
	const struct exit_lane *lane = lane_of_radio(outgoing, radio);
	if (!lane)
		return false;
	if (!message->aprs.third_party[0])
		reach_heard(outgoing->reach, message->station, (unsigned)lane->index, &message->heard,
			    clock_steady_ms());
	if (!message->ack.ref[0])
		return false;
	struct errand *errand = outgoing->errands;
	while (errand && !delivery_heard(errand->delivery, message))
		errand = errand->next;
	if (errand)
		acknowledged(errand);
	return errand;
}

/* ---- taking messages ---- */

/* radio: the one its sender has named, "" = none. */
static struct entry *entry_for(struct outgoing *outgoing, const struct message *message, const char *radio,
			       const char *outlet)
{
	struct publisher *publisher = outgoing->publisher;
	bool trusted = publisher_clock(publisher->settings) != CLOCK_SOURCE_UNKNOWN;
	int64_t now_ms = clock_steady_ms(), wall_ms = trusted ? clock_wall_ms() : 0;
	size_t size;
	char *json = json_outgoing(message, radio, &size);
	struct entry_parts parts = {
	    .class = message->class,
	    .kind = message->kind,
	    .outlet = outlet,
	    .id = message->id,
	    .station = message->to,
	    .topic = message->status == STATUS_EXERCISE || message->status == STATUS_TEST ? "exercise/" : "",
	    .payload = json,
	    .payload_size = size,
	    .accepted_at_ms = now_ms,
	    .expires_at_ms = classify_message_expiry_ms(publisher->classify, message, now_ms, wall_ms),
	};
	struct entry *entry = json ? entry_new(&parts, store_new_row(publisher->store)) : NULL;
	free(json);
	return entry;
}

int outgoing_find(struct outgoing *outgoing, const struct message *message, const char *radio)
{
	struct way way;
	return outgoing_choose(outgoing, message, radio, &way);
}

/* Takes over the reference. */
static void put(struct outgoing *outgoing, struct entry *entry)
{
	struct exit_lane *lane = lane_of_name(outgoing, entry_outlet(entry));
	if (lane)
		lane_put(lane, entry);
	else
		handover_start(outgoing, entry, NULL);
}

int outgoing_take(struct outgoing *outgoing, const struct message *asked, const char *radio)
{
	struct way way;
	int error = outgoing_choose(outgoing, asked, radio, &way);
	if (error < 0)
		return error;
	char outlet[MESSAGE_NAME_MAX + sizeof(GATEWAY_OUTLET)];
	struct message message = *asked;
	/* What a person sends takes its class from its kind; its wording decides nothing on the way out. */
	message.class = classify_class(&message);
	struct entry *entry = entry_for(outgoing, &message, radio, way_outlet(outgoing, &way, outlet));
	if (!entry)
		return -ENOMEM;
	store_put(outgoing->publisher->store, entry, true);
	if (entry->class <= CLASS_URGENT)
		put(outgoing, entry_ref(entry));
	entry_unref(entry);
	return 0;
}

int outgoing_answer(struct outgoing *outgoing, const struct message *message, const char *radio, bool kept)
{
	struct exit_lane *lane;
	struct air_plan plan;
	int error = outgoing_choose_lane(outgoing, message->to, radio, &lane);
	if (error == 0)
		error = radio_plan(lane->radio, message, &plan);
	if (error < 0)
		return error;
	struct entry *entry = entry_for(outgoing, message, NULL, lane->settings->name);
	if (!entry)
		return -ENOMEM;
	entry->told = true;
	if (kept)
		store_put(outgoing->publisher->store, entry, entry->class <= CLASS_URGENT);
	lane_put(lane, entry);
	return 0;
}

void outgoing_say_back(struct outgoing *outgoing, struct radio *radio, const struct message *asked)
{
	struct exit_lane *lane = lane_of_radio(outgoing, radio);
	struct message message = *asked;
	message.class = CLASS_SAFETY;
	message.id[0] = '\0';
	struct entry *entry = lane ? entry_for(outgoing, &message, lane->settings->name, lane->settings->name) : NULL;
	if (!entry)
		return;
	entry->expires_at_ms = entry->accepted_at_ms + SAY_BACK_MS;
	entry->told = true;
	lane_put(lane, entry);
}

/* Who asked is not to learn only when the radio is free that this is too long for it. */
static void refuse_at_once(struct exit_lane *lane, struct entry *entry, int error)
{
	if (error < 0 && transmit_remove(lane->transmit, entry)) {
		errand_free(lane->outgoing, errand_find(lane->outgoing, entry));
		outgoing_conclude(lane->outgoing, entry, RECEIPT_FAILED, outgoing_failure_code(error), false);
	}
}

static bool is_for_neighbour(const struct entry *entry)
{
	return strncmp(entry_outlet(entry), GATEWAY_OUTLET, sizeof(GATEWAY_OUTLET) - 1) == 0;
}

void outgoing_stored(struct outgoing *outgoing, struct entry *entry, bool on_disk)
{
	struct exit_lane *lane = lane_of_name(outgoing, entry_outlet(entry));
	/* What could not be written at first may come a second time, when the disk is back. */
	if ((!lane && !is_for_neighbour(entry)) || entry->told)
		return;
	entry->told = true;
	/* Whoever asked must not go away reassured when it can never be sent. */
	int refusal = lane && !entry->finished && !entry->begun ? errand_refusal(lane, entry) : 0;
	if (!refusal)
		outgoing->callbacks.accepted(outgoing->callbacks.context, entry_id(entry), on_disk);
	/* What is urgent did not wait for the disk and may have left by now. What its radio only has may come back from there. */
	if (entry->finished || entry->begun)
		return;
	outgoing_say(outgoing, entry, RECEIPT_QUEUED, NULL, false);
	if (entry->class > CLASS_URGENT)
		put(outgoing, entry_ref(entry));
	else
		outgoing_wake(outgoing); /* it may wait for airtime, which can be told now */
	if (lane)
		refuse_at_once(lane, entry, refusal);
}

void outgoing_loaded(struct outgoing *outgoing, struct entry *entry)
{
	struct exit_lane *lane = lane_of_name(outgoing, entry_outlet(entry));
	entry->told = true;
	if ((lane && lane->settings->enabled) || is_for_neighbour(entry)) {
		put(outgoing, entry);
		return;
	}
	if (outgoing_put_elsewhere(outgoing, entry)) {
		keeper_finish(outgoing->publisher->keeper, entry);
		return;
	}
	counters_get(outgoing->publisher->counters, "route", "drop.outgoing.radio_gone")->value++;
	log_warning("route: a message for radio %s cannot be sent: the radio is no longer configured",
		    entry_outlet(entry));
	outgoing_conclude(outgoing, entry, RECEIPT_FAILED, "radio_gone", false);
}

/* ---- life ---- */

static bool add_lanes(struct outgoing *outgoing, const struct settings *settings)
{
	outgoing->lanes = calloc(settings->radio_count + 1, sizeof(*outgoing->lanes));
	if (!outgoing->lanes)
		return false;
	outgoing->count = settings->radio_count;
	for (size_t i = 0; i < outgoing->count; i++) {
		struct exit_lane *lane = &outgoing->lanes[i];
		lane->outgoing = outgoing;
		lane->index = i;
		lane->settings = &settings->radios[i];
		if (!lane_open(lane))
			return false;
	}
	return true;
}

static int add_sources(struct outgoing *outgoing, sd_event *event)
{
	int error = sd_event_add_defer(event, &outgoing->turn_source, on_turn, outgoing);
	if (error >= 0)
		error = sd_event_add_time(event, &outgoing->due_source, CLOCK_MONOTONIC, 0, 20000, on_due, outgoing);
	if (error < 0)
		return error;
	sd_event_source_set_priority(outgoing->turn_source, PRIORITY_SCHEDULE);
	sd_event_source_set_priority(outgoing->due_source, PRIORITY_SCHEDULE);
	return sd_event_source_set_enabled(outgoing->due_source, SD_EVENT_OFF);
}

struct outgoing *outgoing_new(struct publisher *publisher, struct ledger_memory *ledgers,
			      const struct outgoing_callbacks *callbacks, sd_event *event)
{
	struct outgoing *outgoing = calloc(1, sizeof(*outgoing));
	if (!outgoing)
		return NULL;
	outgoing->publisher = publisher;
	outgoing->ledgers = ledgers;
	outgoing->callbacks = *callbacks;
	outgoing->reach = reach_new(REACH_STATIONS);
	if (!outgoing->reach || !add_lanes(outgoing, publisher->settings) || add_sources(outgoing, event) < 0) {
		outgoing_free(outgoing);
		return NULL;
	}
	return outgoing;
}

void outgoing_free(struct outgoing *outgoing)
{
	if (!outgoing)
		return;
	sd_event_source_disable_unref(outgoing->turn_source);
	sd_event_source_disable_unref(outgoing->due_source);
	/* What is in the radio now stays in the store: better twice on the air than lost. */
	while (outgoing->errands)
		errand_free(outgoing, outgoing->errands);
	while (outgoing->handovers)
		handover_free(outgoing->handovers);
	for (size_t i = 0; i < outgoing->count; i++)
		lane_close(&outgoing->lanes[i]);
	reach_free(outgoing->reach);
	free(outgoing->lanes);
	free(outgoing);
}

void outgoing_add_radio(struct outgoing *outgoing, size_t index, struct radio *radio)
{
	outgoing->lanes[index].radio = radio;
}

struct schedule_level outgoing_level(const struct outgoing *outgoing, size_t index, enum message_class class)
{
	return transmit_level(outgoing->lanes[index].transmit, class);
}
