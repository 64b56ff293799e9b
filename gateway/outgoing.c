/* One schedule a radio; at most one message is in a radio, and which is next is decided when it is free. */
#include "gateway/outgoing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/json.h"
#include "gateway/log.h"
#include "gateway/priorities.h"

struct exit_lane {
	struct outgoing *outgoing;
	const struct radio_settings *settings;
	struct radio *radio; /* NULL: disabled or not started */
	struct schedule *schedule;
	struct entry *in_radio;
};

struct outgoing {
	struct publisher *publisher;
	struct outgoing_callbacks callbacks;
	struct exit_lane *lanes;
	size_t count;
	sd_event_source *turn_source;
};

static struct exit_lane *lane_of_radio(struct outgoing *outgoing, const struct radio *radio)
{
	for (size_t i = 0; i < outgoing->count; i++)
		if (outgoing->lanes[i].radio == radio)
			return &outgoing->lanes[i];
	return NULL;
}

static struct exit_lane *lane_of_name(struct outgoing *outgoing, const char *name)
{
	for (size_t i = 0; i < outgoing->count; i++)
		if (strcmp(outgoing->lanes[i].settings->name, name) == 0)
			return &outgoing->lanes[i];
	return NULL;
}

/* ---- receipts ---- */

static void say(struct outgoing *outgoing, const struct entry *entry, enum receipt_stage stage, const char *code,
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
	publisher_receipt(outgoing->publisher, &receipt, entry_outlet(entry));
	outgoing->callbacks.receipt(outgoing->callbacks.context, &receipt);
}

/* The last word on a message. Takes over the reference. */
static void conclude(struct outgoing *outgoing, struct entry *entry, enum receipt_stage stage, const char *code,
		     bool assumed)
{
	say(outgoing, entry, stage, code, assumed);
	keeper_finish(outgoing->publisher->keeper, entry);
}

static void on_drop(void *context, struct entry *entry, const char *reason)
{
	struct exit_lane *lane = context;
	struct outgoing *outgoing = lane->outgoing;
	char name[48];
	snprintf(name, sizeof(name), "drop.outgoing.%s", reason);
	counters_get(outgoing->publisher->counters, "route", name)->value++;
	bool expired = strcmp(reason, "expired") == 0;
	conclude(outgoing, entry, expired ? RECEIPT_EXPIRED : RECEIPT_FAILED, expired ? NULL : reason, false);
}

static const char *failure_code(int error)
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

/* ---- turns ---- */

static int say_on_radio(struct radio *radio, const struct message *message)
{
	uint8_t bytes[MESSAGE_RAW_MAX];
	/* In one datagram or not at all. */
	ssize_t size = radio_render(radio, message, NULL, bytes, sizeof(bytes));
	return size < 0 ? (int)size : radio_send(radio, bytes, (size_t)size);
}

/* Hands one entry to the radio. False: the radio takes nothing now. */
static bool lane_send(struct exit_lane *lane, struct entry *entry)
{
	struct message message;
	char error[128];
	int result = json_parse_outgoing(entry_payload(entry), entry->payload_size, &message, NULL, error,
					 sizeof(error));
	/* A driver may tell of progress before radio_send returns. */
	lane->in_radio = entry;
	if (result == 0)
		result = say_on_radio(lane->radio, &message);
	if (result == 0)
		return true;
	lane->in_radio = NULL;
	if (result == -EAGAIN || result == -ENOTCONN) {
		schedule_give_back(lane->schedule, entry);
		return false;
	}
	conclude(lane->outgoing, entry, RECEIPT_FAILED, failure_code(result), false);
	return true;
}

static void lane_turn(struct exit_lane *lane)
{
	while (lane->radio && !lane->in_radio && radio_ready(lane->radio)) {
		struct entry *entry = schedule_take(lane->schedule, CLASS_DISTRESS, CLASS_BULK, clock_steady_ms());
		if (!entry || !lane_send(lane, entry))
			return;
	}
}

static int on_turn(sd_event_source *source, void *context)
{
	(void)source;
	struct outgoing *outgoing = context;
	for (size_t i = 0; i < outgoing->count; i++)
		lane_turn(&outgoing->lanes[i]);
	return 0;
}

void outgoing_wake(struct outgoing *outgoing)
{
	sd_event_source_set_enabled(outgoing->turn_source, SD_EVENT_ONESHOT);
}

void outgoing_tick(struct outgoing *outgoing, int64_t now_ms)
{
	for (size_t i = 0; i < outgoing->count; i++)
		schedule_tick(outgoing->lanes[i].schedule, now_ms);
	outgoing_wake(outgoing);
}

void outgoing_sent(struct outgoing *outgoing, struct radio *radio, enum send_result result, bool assumed,
		   const char *code)
{
	static const enum receipt_stage stages[] = {[SEND_ON_AIR] = RECEIPT_ON_AIR,
						    [SEND_DONE] = RECEIPT_SENT,
						    [SEND_CONFIRMED] = RECEIPT_CONFIRMED,
						    [SEND_FAILED] = RECEIPT_FAILED};
	struct exit_lane *lane = lane_of_radio(outgoing, radio);
	if (!lane || !lane->in_radio)
		return;
	if (result == SEND_ON_AIR) {
		say(outgoing, lane->in_radio, RECEIPT_ON_AIR, NULL, assumed);
		return;
	}
	struct entry *entry = lane->in_radio;
	lane->in_radio = NULL;
	outgoing_wake(outgoing);
	if (result == SEND_GIVEN_BACK) {
		schedule_give_back(lane->schedule, entry);
		return;
	}
	conclude(outgoing, entry, stages[result], result == SEND_FAILED ? code : NULL, assumed);
}

/* ---- taking messages ---- */

/* An alert does not wait for the acknowledgement of something else. */
static void put(struct exit_lane *lane, struct entry *entry)
{
	bool urgent = entry->class <= CLASS_URGENT && lane->in_radio && lane->in_radio->class > entry->class;
	schedule_put(lane->schedule, entry);
	if (urgent && lane->radio)
		radio_hurry(lane->radio);
	outgoing_wake(lane->outgoing);
}

static struct exit_lane *choose(struct outgoing *outgoing, const char *radio, int *error)
{
	struct exit_lane *only = radio ? lane_of_name(outgoing, radio) : NULL;
	*error = -ENODEV;
	if (radio)
		return only && only->radio ? only : NULL;
	for (size_t i = 0; i < outgoing->count; i++) {
		if (!outgoing->lanes[i].radio)
			continue;
		if (only) {
			*error = -EINVAL;
			return NULL;
		}
		only = &outgoing->lanes[i];
	}
	return only;
}

static struct entry *entry_for(struct outgoing *outgoing, const struct message *message, const char *radio)
{
	struct publisher *publisher = outgoing->publisher;
	bool trusted = publisher_clock(publisher->settings) != CLOCK_SOURCE_UNKNOWN;
	int64_t now_ms = clock_steady_ms(), wall_ms = trusted ? clock_wall_ms() : 0;
	size_t size;
	char *json = json_outgoing(message, radio, &size);
	struct entry_parts parts = {
	    .class = message->class,
	    .kind = message->kind,
	    .outlet = radio,
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

int outgoing_find(struct outgoing *outgoing, const char *radio)
{
	int error;
	return choose(outgoing, radio, &error) ? 0 : error;
}

int outgoing_take(struct outgoing *outgoing, const struct message *asked, const char *radio)
{
	int error;
	struct exit_lane *lane = choose(outgoing, radio, &error);
	if (!lane)
		return error;
	struct message message = *asked;
	/* What a person sends takes its class from its kind; its wording decides nothing on the way out. */
	message.class = classify_class(&message);
	struct entry *entry = entry_for(outgoing, &message, lane->settings->name);
	if (!entry)
		return -ENOMEM;
	store_put(outgoing->publisher->store, entry, true);
	if (entry->class <= CLASS_URGENT)
		put(lane, entry_ref(entry));
	entry_unref(entry);
	return 0;
}

void outgoing_stored(struct outgoing *outgoing, struct entry *entry, bool on_disk)
{
	struct exit_lane *lane = lane_of_name(outgoing, entry_outlet(entry));
	/* What could not be written at first may come a second time, when the disk is back. */
	if (!lane || entry->told)
		return;
	entry->told = true;
	outgoing->callbacks.accepted(outgoing->callbacks.context, entry_id(entry), on_disk);
	/* What is urgent did not wait for the disk and may have left by now. */
	if (entry->finished || entry == lane->in_radio)
		return;
	say(outgoing, entry, RECEIPT_QUEUED, NULL, false);
	if (entry->class > CLASS_URGENT)
		schedule_put(lane->schedule, entry_ref(entry));
	outgoing_wake(outgoing);
}

void outgoing_loaded(struct outgoing *outgoing, struct entry *entry)
{
	struct exit_lane *lane = lane_of_name(outgoing, entry_outlet(entry));
	if (lane && lane->settings->enabled) {
		schedule_put(lane->schedule, entry);
		return;
	}
	counters_get(outgoing->publisher->counters, "route", "drop.outgoing.radio_gone")->value++;
	log_warning("route: a message for radio %s cannot be sent: the radio is no longer configured",
		    entry_outlet(entry));
	conclude(outgoing, entry, RECEIPT_FAILED, "radio_gone", false);
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
		lane->settings = &settings->radios[i];
		lane->schedule = schedule_new(&settings->schedule, on_drop, lane);
		if (!lane->schedule)
			return false;
	}
	return true;
}

struct outgoing *outgoing_new(struct publisher *publisher, const struct outgoing_callbacks *callbacks, sd_event *event)
{
	struct outgoing *outgoing = calloc(1, sizeof(*outgoing));
	if (!outgoing)
		return NULL;
	outgoing->publisher = publisher;
	outgoing->callbacks = *callbacks;
	if (!add_lanes(outgoing, publisher->settings) ||
	    sd_event_add_defer(event, &outgoing->turn_source, on_turn, outgoing) < 0) {
		outgoing_free(outgoing);
		return NULL;
	}
	sd_event_source_set_priority(outgoing->turn_source, PRIORITY_SCHEDULE);
	return outgoing;
}

void outgoing_free(struct outgoing *outgoing)
{
	if (!outgoing)
		return;
	sd_event_source_disable_unref(outgoing->turn_source);
	for (size_t i = 0; i < outgoing->count; i++) {
		/* What is in the radio now stays in the store: better twice on the air than lost. */
		entry_unref(outgoing->lanes[i].in_radio);
		schedule_free(outgoing->lanes[i].schedule);
	}
	free(outgoing->lanes);
	free(outgoing);
}

void outgoing_add_radio(struct outgoing *outgoing, size_t index, struct radio *radio)
{
	outgoing->lanes[index].radio = radio;
}

const struct schedule *outgoing_schedule(const struct outgoing *outgoing, size_t index)
{
	return outgoing->lanes[index].schedule;
}
