/* What gateways say to one another over the broker: whom they heard, what one hands to another, what became of it. Hostile JSON in. */
#pragma once

#include "gateway/json.h"

/* "gw/<gateway>/reach/<station>": that gateway has just heard the station by radio itself. */
struct reach_report {
	char gateway[MESSAGE_NAME_MAX], station[MESSAGE_STATION_MAX], radio[MESSAGE_NAME_MAX];
	struct message_heard heard; /* without its path */
	int64_t at_ms;              /* Unix; for people: whoever reads it goes by when it came */
};

/* Document and topic, as json_message and json_topic. */
char *json_reach(const struct reach_report *report, size_t *size);
int json_reach_topic(const struct reach_report *report, char *topic, size_t size);
/* topic: below the prefix. 0, or -EINVAL: it is none, or says another station than its topic. Members that are not known are passed over. */
int json_parse_reach(const char *topic, const void *json, size_t size, struct reach_report *report);
