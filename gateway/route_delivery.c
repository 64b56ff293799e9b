/* The end of the walk up: what the broker answered, and what never got there. */
#include "gateway/route_delivery.h"

#include <stdio.h>

#include "gateway/clock.h"
#include "gateway/log.h"

enum {
	HOLD_URGENT_MS = 30000, /* a message that the broker refused is tried again after this */
	HOLD_MS = 300000,
	ASIDE_MAX = 256,   /* entries of bulk behind which nothing is put aside any more */
	ASIDE_MS = 600000, /* what other people's maps still want to see */
};

static void say_unheard(struct route_delivery *delivery, const struct entry *entry, const char *what)
{
	if (entry->class != CLASS_DISTRESS)
		return;
	counters_get(delivery->counters, "uplink", "distress_unheard")->value++;
	/* A check-in under duress must not be known by its words here. */
	bool covert = entry->kind == KIND_CHECKIN;
	log_error("uplink: %s %s %s", covert ? "message" : "DISTRESS", entry_id(entry), what);
}

static void hold_refused(struct route_delivery *delivery, struct entry *entry, int code)
{
	char what[96];
	snprintf(what, sizeof(what), "was refused by the broker (reason 0x%02x); check its access list. Trying again.",
		 code);
	say_unheard(delivery, entry, what);
	int64_t wait_ms = entry->class <= CLASS_URGENT ? HOLD_URGENT_MS : HOLD_MS;
	schedule_hold(delivery->schedule, entry, clock_steady_ms() + wait_ms);
}

static bool is_aside(const struct entry *entry)
{
	return entry_topic(entry)[0] == ENTRY_WHOLE_TOPIC;
}

bool route_delivery_aside(struct route_delivery *delivery, const struct route_aside *aside)
{
	char topic[256];
	if (schedule_level(delivery->schedule, CLASS_BULK).entries >= ASIDE_MAX)
		return false;
	snprintf(topic, sizeof(topic), "%c%s", ENTRY_WHOLE_TOPIC, aside->topic);
	int64_t now_ms = clock_steady_ms();
	struct entry_parts parts = {.class = CLASS_BULK,
				    .kind = KIND_RAW,
				    .outlet = "uplink",
				    .id = aside->id,
				    .station = aside->station,
				    .topic = topic,
				    .payload = aside->payload,
				    .payload_size = aside->size,
				    .accepted_at_ms = now_ms,
				    .expires_at_ms = now_ms + ASIDE_MS};
	struct entry *entry = entry_new(&parts, store_new_row(delivery->store));
	if (!entry)
		return false;
	schedule_put(delivery->schedule, entry);
	return true;
}

/* Said once: it is refused as a whole, or not at all. */
static void aside_done(struct route_delivery *delivery, struct entry *entry, enum uplink_result result, int code)
{
	if (result == UPLINK_REFUSED && counters_get(delivery->counters, "uplink", "aside_refused")->value++ == 0)
		log_error("uplink: the broker refuses %s (reason 0x%02x); check its access list",
			  entry_topic(entry) + 1, code);
	keeper_finish(delivery->keeper, entry);
}

void route_delivery_done(struct route_delivery *delivery, struct entry *entry, enum uplink_result result, int code)
{
	if (is_aside(entry)) {
		aside_done(delivery, entry, result, code);
		return;
	}
	if (result == UPLINK_REFUSED) {
		hold_refused(delivery, entry, code);
		return;
	}
	if (result == UPLINK_NO_SUBSCRIBER)
		say_unheard(delivery, entry,
			    "reached the broker, but nobody listens there. Tell headquarters by other means.");
	delivery->delivered->value++;
	if (entry->kind == KIND_RECEIPT)
		receipts_delivered(delivery->receipts, entry_id(entry));
	safety_settle(delivery->safety, entry);
	keeper_finish(delivery->keeper, entry);
	pressure_check(delivery->pressure);
}

void route_delivery_dropped(void *context, struct entry *entry, const char *reason)
{
	struct route_delivery *delivery = context;
	char name[48];
	snprintf(name, sizeof(name), "drop.%s.%s", message_class_name((enum message_class)entry->class), reason);
	counters_get(delivery->counters, "uplink", name)->value++;
	safety_settle(delivery->safety, entry);
	field_answers_lost(delivery->answers, entry, reason);
	if (entry->kind == KIND_RECEIPT)
		receipts_dropped(delivery->receipts, entry_id(entry));
	keeper_finish(delivery->keeper, entry);
}
