/* Keeps floods of alerts within the bounds of their classes. */
#include "gateway/crowd.h"

#include "gateway/log.h"

struct crowd crowd_begin(struct publisher *publisher, const struct incidents *incidents, struct counters *counters)
{
	return (struct crowd){
	    .publisher = publisher,
	    .incidents = incidents,
	    .demoted = counters_get(counters, "route", "urgent_over_bound"),
	    .merged = counters_get(counters, "route", "drop.distress_repeat"),
	};
}

static size_t waiting_bytes(const struct crowd *crowd, enum message_class class)
{
	return schedule_level(crowd->publisher->schedule, class).bytes;
}

static size_t bound_bytes(const struct crowd *crowd, enum message_class class)
{
	return crowd->publisher->settings->schedule.class_bytes[class];
}

/* What speaks of an incident, and is none itself, over and over. */
static bool is_too_much_talk(const struct crowd *crowd, const struct message *message)
{
	return message->class == CLASS_DISTRESS && (message->kind == KIND_ACK || message->kind == KIND_ALERT) &&
	       waiting_bytes(crowd, CLASS_DISTRESS) >= bound_bytes(crowd, CLASS_DISTRESS);
}

void crowd_settle(struct crowd *crowd, struct message *message)
{
	if (is_too_much_talk(crowd, message)) {
		message->class = CLASS_SAFETY;
		message->demoted = true;
		crowd->demoted->value++;
		return;
	}
	if (message->class != CLASS_URGENT || waiting_bytes(crowd, CLASS_URGENT) < bound_bytes(crowd, CLASS_URGENT))
		return;
	message->class = CLASS_SAFETY;
	message->demoted = true;
	crowd->demoted->value++;
	if (!crowd->said_urgent)
		log_error("route: more URGENT waits than store.bounds.urgent allows; further alerts go as SAFETY");
	crowd->said_urgent = true;
}

bool crowd_merges(struct crowd *crowd, const struct message *message)
{
	size_t bytes = waiting_bytes(crowd, CLASS_DISTRESS), bound = bound_bytes(crowd, CLASS_DISTRESS);
	if (message->class != CLASS_DISTRESS || message->incident_count < 2 || bytes < bound / 2)
		return false;
	if (bytes < bound && !schedule_has(crowd->publisher->schedule, CLASS_DISTRESS, message->station))
		return false;
	crowd->merged->value++;
	if (!crowd->merging)
		log_error("route: much DISTRESS waits, close to store.bounds.distress; repeats are counted in their "
			  "incidents and not sent one by one until the queue is short");
	crowd->merging = true;
	return true;
}

void crowd_tick(struct crowd *crowd)
{
	if (waiting_bytes(crowd, CLASS_URGENT) < bound_bytes(crowd, CLASS_URGENT) / 4)
		crowd->said_urgent = false;
	if (!crowd->merging || waiting_bytes(crowd, CLASS_DISTRESS) > bound_bytes(crowd, CLASS_DISTRESS) / 4)
		return;
	crowd->merging = false;
	log_notice("route: the queue of DISTRESS is short again; the open incidents are published as they now stand");
	for (size_t i = 0; i < incidents_count(crowd->incidents); i++)
		publisher_incident(crowd->publisher, incidents_at(crowd->incidents, i));
}
