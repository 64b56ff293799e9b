/* Lists of what is to be published and subscribed to at every connect. */
#include "gateway/uplink_topics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <mosquitto.h>

struct retained {
	struct retained *next;
	char *topic, *json;
};

struct subscription {
	struct subscription *next;
	char *filter;
	bool watched;
	uplink_received_fn *received;
	void *context;
};

struct uplink_topics {
	struct sender *sender;
	struct retained *retained;
	struct subscription *subscriptions;
};

/* ---- retained documents ---- */

static void free_retained(struct retained *document)
{
	free(document->topic);
	free(document->json);
	free(document);
}

static void remove_retained(struct uplink_topics *topics, const char *topic)
{
	struct retained **link = &topics->retained;
	while (*link && strcmp((*link)->topic, topic) != 0)
		link = &(*link)->next;
	struct retained *old = *link;
	if (!old)
		return;
	*link = old->next;
	free_retained(old);
}

void uplink_topics_retain(struct uplink_topics *topics, const char *topic, const char *json)
{
	struct retained *document = calloc(1, sizeof(*document));
	if (!document)
		return;
	document->topic = strdup(topic);
	document->json = strdup(json);
	if (!document->topic || !document->json) {
		free_retained(document);
		return;
	}
	remove_retained(topics, topic);
	document->next = topics->retained;
	topics->retained = document;
	sender_retain(topics->sender, topic, json);
}

static void subscribe(const struct uplink_topics *topics, const struct subscription *subscription)
{
	if (subscription->watched)
		sender_subscribe(topics->sender, SENDER_URGENT, subscription->filter, MQTT_WHAT_IS);
	else
		sender_subscribe(topics->sender, SENDER_BULK, subscription->filter, MQTT_WHAT_COMES);
}

/* A connection that is lost here is noticed at its next message, or by its silence. */
static void ask(const struct uplink_topics *topics, bool watched)
{
	const struct subscription *subscription = topics->subscriptions;
	for (; subscription; subscription = subscription->next)
		if (subscription->watched == watched)
			subscribe(topics, subscription);
}

void uplink_topics_say_again(const struct uplink_topics *topics)
{
	for (const struct retained *document = topics->retained; document; document = document->next)
		sender_retain(topics->sender, document->topic, document->json);
	ask(topics, true);
}

/* ---- subscriptions ---- */

int uplink_topics_subscribe(struct uplink_topics *topics, const char *filter, bool watched,
			    uplink_received_fn *received, void *context)
{
	struct subscription *subscription = calloc(1, sizeof(*subscription));
	char *copy = strdup(filter);
	if (!subscription || !copy) {
		free(subscription);
		free(copy);
		return -ENOMEM;
	}
	*subscription = (struct subscription){.next = topics->subscriptions,
					      .filter = copy,
					      .watched = watched,
					      .received = received,
					      .context = context};
	topics->subscriptions = subscription;
	subscribe(topics, subscription);
	return 0;
}

void uplink_topics_ask_again(const struct uplink_topics *topics)
{
	ask(topics, false);
}

void uplink_topics_received(const struct uplink_topics *topics, bool watched, const char *topic, const void *payload,
			    size_t size)
{
	const struct subscription *subscription = topics->subscriptions;
	bool matches = false;
	for (; subscription; subscription = subscription->next)
		if (subscription->watched == watched &&
		    mosquitto_topic_matches_sub(subscription->filter, topic, &matches) == MOSQ_ERR_SUCCESS && matches) {
			subscription->received(subscription->context, topic, payload, size);
			return;
		}
}

/* ---- the object ---- */

struct uplink_topics *uplink_topics_new(struct sender *sender)
{
	struct uplink_topics *topics = calloc(1, sizeof(*topics));
	if (topics)
		topics->sender = sender;
	return topics;
}

void uplink_topics_free(struct uplink_topics *topics)
{
	if (!topics)
		return;
	while (topics->retained) {
		struct retained *document = topics->retained;
		topics->retained = document->next;
		free_retained(document);
	}
	while (topics->subscriptions) {
		struct subscription *subscription = topics->subscriptions;
		topics->subscriptions = subscription->next;
		free(subscription->filter);
		free(subscription);
	}
	free(topics);
}
