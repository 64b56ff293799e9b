/* What is said to a neighbour that is given something: the order, and that it is taken back. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/outgoing_internal.h"
#include "gateway/siphash.h"

enum { TOPIC_MAX = 256, TEXT_MAX = MESSAGE_ID_MAX + MESSAGE_NAME_MAX + 16 };

const char *handover_gateway(const struct handover *handover)
{
	return entry_outlet(handover->entry) + sizeof(GATEWAY_OUTLET) - 1;
}

int handover_number(const struct handover *handover)
{
	const struct neighbours *neighbours = handover->outgoing->neighbours;
	return neighbours ? neighbours_number(neighbours, handover_gateway(handover)) : -1;
}

/* Nobody else can make one. */
static void make_id(const struct handover *handover, const char *text, char id[static COMMAND_ID_MAX + 1])
{
	const struct publisher *publisher = handover->outgoing->publisher;
	json_handed_id(publisher->settings->gateway.name, siphash24(publisher->logistics_key, text, strlen(text)), id);
}

/* Each time that the neighbour is given it has an id of its own, the first, the second: after a restart they come in the same order, so that
 * the neighbour knows them again. */
void order_name(struct handover *handover)
{
	int number = handover_number(handover);
	unsigned attempt = number >= 0 ? handover->past.attempts[number]++ : 0;
	char text[TEXT_MAX];
	snprintf(text, sizeof(text), "%s %s %u", entry_id(handover->entry), handover_gateway(handover), attempt);
	make_id(handover, text, handover->id);
}

/* Its topic is whole, so that a broker that refuses it is heard of once and not asked again. Not kept on disk: what it was made of is. */
static void publish(const struct handover *handover, const char *what, const char *id, const char *json, size_t size)
{
	struct publisher *publisher = handover->outgoing->publisher;
	const struct settings *settings = publisher->settings;
	const struct entry *of = handover->entry;
	char topic[TOPIC_MAX], whole[2 * TOPIC_MAX];
	if (json_order_topic(what, handover_gateway(handover), settings->gateway.name, topic, sizeof(topic)) < 0)
		return;
	snprintf(whole, sizeof(whole), "%c%s%s", ENTRY_WHOLE_TOPIC, settings->uplink.topic_prefix, topic);
	enum message_class class = (enum message_class)of->class;
	/* Its time runs: it does not wait behind ordinary traffic. */
	struct entry_parts parts = {.class = class > CLASS_SAFETY ? CLASS_SAFETY : class,
				    .kind = (enum message_kind)of->kind,
				    .outlet = "uplink",
				    .id = id,
				    .station = entry_station(of),
				    .topic = whole,
				    .payload = json,
				    .payload_size = size,
				    .accepted_at_ms = handover->past.handed_ms,
				    .expires_at_ms = handover->until_ms};
	struct entry *order = entry_new(&parts, store_new_row(publisher->store));
	if (!order)
		return;
	order->exercise = of->exercise;
	schedule_put(publisher->schedule, order);
	publisher->scheduled(publisher->context);
}

void order_publish(const struct handover *handover)
{
	const struct publisher *publisher = handover->outgoing->publisher;
	const struct entry *entry = handover->entry;
	bool trusted = publisher_clock(publisher->settings) != CLOCK_SOURCE_UNKNOWN;
	struct message message;
	char error[128];
	size_t size;
	/* As it was given: the other gateway gives it a number of its own. */
	if (json_parse_kept(entry_payload(entry), entry->payload_size, &message, NULL, error, sizeof(error)) < 0)
		return;
	snprintf(message.id, sizeof(message.id), "%s", handover->id);
	char *json = json_order(&message, trusted ? handover->until_ms + clock_steady_lag_ms() : 0, &size);
	if (json)
		publish(handover, message_kind_name(message.kind), message.id, json, size);
	free(json);
}

void order_recall(const struct handover *handover)
{
	char text[TEXT_MAX], id[COMMAND_ID_MAX + 1];
	size_t size;
	if (clock_steady_ms() >= handover->until_ms)
		return;
	snprintf(text, sizeof(text), "%s recall", handover->id);
	make_id(handover, text, id);
	char *json = json_recall(id, handover->id, &size);
	if (json)
		publish(handover, "cancel", id, json, size);
	free(json);
}
