/* Messages, incidents and receipts become entries of the uplink's schedule. */
#include "gateway/publisher.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#include "gateway/clock.h"
#include "gateway/json_neighbour.h"
#include "gateway/log.h"
#include "gateway/siphash.h"

enum { TOPIC_MAX = 256, CLOCK_ASK_US = 5000000 };

enum message_clock publisher_clock(const struct settings *settings)
{
	if (!settings->gateway.clock_auto)
		return settings->gateway.clock;
	/* Asking the kernel costs as much as rendering a message; the answer is good for some seconds. */
	static enum message_clock known;
	static int64_t asked_us;
	int64_t now_us = clock_mono_us();
	if (asked_us && now_us - asked_us < CLOCK_ASK_US)
		return known;
	struct timex timex = {.modes = 0};
	bool synchronised = adjtimex(&timex) != TIME_ERROR && !(timex.status & STA_UNSYNC);
	known = synchronised ? CLOCK_SOURCE_NTP : CLOCK_SOURCE_UNKNOWN;
	asked_us = now_us;
	return known;
}

static struct json_context context_for(const struct publisher *publisher, const char *radio, const char *station)
{
	return (struct json_context){
	    .gateway = publisher->settings->gateway.name,
	    .radio = radio,
	    .organisation = settings_organisation(publisher->settings, station),
	    .clock = publisher_clock(publisher->settings),
	};
}

static void count_loss(struct publisher *publisher, enum message_class class, const char *reason)
{
	counters_get(publisher->counters, "route", reason)->value++;
	if (class <= CLASS_URGENT)
		log_error("route: a message of class %s is lost: %s", message_class_name(class), reason);
}

/* A line is behind when this many wait for it: what comes now will wait too. */
enum { BACKLOG = 64 };

static bool has_backlog(const struct schedule *schedule)
{
	size_t waiting = 0;
	for (int class = CLASS_SAFETY; class < CLASS_COUNT; class ++)
		waiting += schedule_level(schedule, (enum message_class) class).entries;
	return waiting > BACKLOG;
}

/* Schedules one rendered document and frees it. topic_error: what finding its topic gave. NULL: there is no entry. */
static struct entry *schedule_document(struct publisher *publisher, struct entry_parts *parts, char *json,
				       int topic_error)
{
	parts->outlet = "uplink";
	parts->payload = json;
	parts->pack = parts->class >= CLASS_SAFETY && has_backlog(publisher->schedule);
	struct entry *entry = NULL;
	if (topic_error < 0)
		count_loss(publisher, parts->class, "drop.no_topic");
	else if (!json || !(entry = entry_new(parts, store_new_row(publisher->store))))
		count_loss(publisher, parts->class, "drop.out_of_memory");
	free(json);
	if (!entry)
		return NULL;
	publisher->accepted->value++;
	schedule_put(publisher->schedule, entry_ref(entry));
	publisher->scheduled(publisher->context);
	return entry;
}

/* Takes over the reference. */
static void follow(struct publisher *publisher, struct entry *entry)
{
	if (!entry)
		return;
	/* The order matters: the message is on its way before the disk is asked. */
	if (!entry->finished)
		keeper_keep(publisher->keeper, entry);
	if (publisher->passed)
		publisher->passed(publisher->context, entry);
	entry_unref(entry);
}

static void publish(struct publisher *publisher, struct entry_parts *parts, char *json, int topic_error)
{
	follow(publisher, schedule_document(publisher, parts, json, topic_error));
}

/* When the message is of no use any more, by the steady clock. */
static int64_t expiry_ms(const struct publisher *publisher, const struct message *message, int64_t now_ms)
{
	bool trusted = publisher_clock(publisher->settings) != CLOCK_SOURCE_UNKNOWN;
	return classify_message_expiry_ms(publisher->classify, message, now_ms, trusted ? message->received_at_ms : 0);
}

static const char *logistics_id(const struct publisher *publisher, const char *of, char id[static MESSAGE_ID_MAX])
{
	uint64_t hash = siphash24(publisher->logistics_key, of, strlen(of));
	snprintf(id, MESSAGE_ID_MAX, "l-%016llx", (unsigned long long)hash);
	return of[0] ? id : "";
}

/* Behind the alert itself, and never in the way of another. */
static void publish_for_logistics(struct publisher *publisher, const struct message *message,
				  const struct json_context *context)
{
	char topic[TOPIC_MAX], id[MESSAGE_ID_MAX], ref[MESSAGE_ID_MAX];
	logistics_id(publisher, message->id, id);
	int topic_size = json_logistics_topic(message, id, context, topic, sizeof(topic));
	if (topic_size == -EOPNOTSUPP)
		return;
	int64_t now_ms = clock_steady_ms();
	struct entry_parts parts = {
	    .class = CLASS_SAFETY,
	    .kind = KIND_ALERT,
	    .id = id,
	    .station = "",
	    .topic = topic,
	    .accepted_at_ms = now_ms,
	    .expires_at_ms = expiry_ms(publisher, message, now_ms),
	};
	char *json = json_logistics(message, CLASS_SAFETY, id, logistics_id(publisher, message->body.alert.ref, ref),
				    context, &parts.payload_size);
	publish(publisher, &parts, json, topic_size);
}

void publisher_message(struct publisher *publisher, const struct message *message, const char *radio, int64_t heard_us)
{
	struct json_context context = context_for(publisher, radio, message->station);
	char topic[TOPIC_MAX];
	int64_t now_ms = clock_steady_ms();
	struct entry_parts parts = {
	    .class = message->class,
	    .kind = message->kind,
	    .id = message->id,
	    .station = message->station,
	    .topic = topic,
	    .heard_us = heard_us,
	    .accepted_at_ms = now_ms,
	    .expires_at_ms = expiry_ms(publisher, message, now_ms),
	};
	char *json = json_payload(message, &context, &parts.payload_size);
	publish(publisher, &parts, json, json_topic(message, &context, topic, sizeof(topic)));
	if (message->kind == KIND_ALERT)
		publish_for_logistics(publisher, message, &context);
}

void publisher_incident(struct publisher *publisher, const struct incident *incident)
{
	struct json_context context = context_for(publisher, incident->radio, incident->station);
	char topic[TOPIC_MAX], id[JSON_RECORD_ID_MAX];
	struct entry_parts parts = {
	    .class = CLASS_DISTRESS,
	    .kind = incident->covert ? KIND_CHECKIN : KIND_INCIDENT, /* at the base it counts as its check-in */
	    .id = json_incident_id(incident, &context, id),
	    .station = incident->station,
	    .topic = topic,
	    .accepted_at_ms = clock_steady_ms(),
	};
	char *json = json_incident(incident, &context, &parts.payload_size);
	publish(publisher, &parts, json, json_incident_topic(incident, &context, topic, sizeof(topic)));
}

/* As long as it is remembered, so that whoever was away for a day finds it. */
static struct entry_parts parts_of_receipt(const struct publisher *publisher, const struct receipt *receipt)
{
	int64_t now_ms = clock_steady_ms();
	/* Another gateway waits for it, and would take another way. */
	bool awaited = receipt->class > CLASS_SAFETY && json_is_handed(receipt->command);
	return (struct entry_parts){
	    .class = awaited ? CLASS_SAFETY : receipt->class,
	    .kind = KIND_RECEIPT,
	    .station = "",
	    .accepted_at_ms = now_ms,
	    .expires_at_ms = classify_expiry_ms(publisher->classify, CLASS_ROUTINE, now_ms),
	};
}

static struct entry *schedule_receipt(struct publisher *publisher, const struct receipt *receipt, const char *radio)
{
	struct json_context context = context_for(publisher, radio, "");
	char topic[TOPIC_MAX], id[JSON_RECORD_ID_MAX];
	struct entry_parts parts = parts_of_receipt(publisher, receipt);
	parts.id = json_receipt_id(receipt, &context, id);
	parts.topic = topic;
	char *json = json_receipt(receipt, &context, &parts.payload_size);
	return schedule_document(publisher, &parts, json, json_receipt_topic(receipt, &context, topic, sizeof(topic)));
}

void publisher_kept_receipt(struct publisher *publisher, const struct receipt *receipt, const char *radio)
{
	struct entry *entry = schedule_receipt(publisher, receipt, radio);
	if (entry && publisher->passed)
		publisher->passed(publisher->context, entry);
	entry_unref(entry);
}

void publisher_receipt(struct publisher *publisher, const struct receipt *given, const char *radio)
{
	struct receipt receipt = *given;
	if (publisher->receipt && !publisher->receipt(publisher->context, &receipt))
		return;
	if (publisher->receipts && receipts_say(publisher->receipts, &receipt, radio, clock_steady_ms()))
		return;
	follow(publisher, schedule_receipt(publisher, &receipt, radio));
}
