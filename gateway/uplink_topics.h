/* What the uplink says again, and asks for again, whenever a connection opens: retained documents and subscriptions. */
#pragma once

#include "gateway/sender.h"
#include "gateway/uplink.h"

struct uplink_topics;

/* sender is used by the calls below and not by uplink_topics_free. NULL: out of memory. */
struct uplink_topics *uplink_topics_new(struct sender *sender);
void uplink_topics_free(struct uplink_topics *topics);

/* The urgent connection opened: publishes the documents, and asks for the filters that are watched. */
void uplink_topics_say_again(const struct uplink_topics *topics);
/* The bulk connection opened: asks for the other filters. */
void uplink_topics_ask_again(const struct uplink_topics *topics);

/* As uplink_retain, uplink_subscribe and (watched) uplink_watch. */
void uplink_topics_retain(struct uplink_topics *topics, const char *topic, const char *json);
int uplink_topics_subscribe(struct uplink_topics *topics, const char *filter, bool watched,
			    uplink_received_fn *received, void *context);

/* Hands what came on a topic (watched: over the urgent connection) to one whose filter it fits. Filters do not overlap much, and who gets what is not his looks at the topic. */
void uplink_topics_received(const struct uplink_topics *topics, bool watched, const char *topic, const void *payload,
			    size_t size);
