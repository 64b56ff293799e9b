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

/* "gw/<gateway>/state", retained: whether that gateway is there, as it says itself or its broker for it. */
struct presence {
	char gateway[MESSAGE_NAME_MAX];
	bool online;
	uint64_t session; /* number of its run */
};

/* topic: below the prefix. Nothing at all (the broker keeps it no more) says that it is not there, and ends every run. 0, or -EINVAL. */
int json_parse_presence(const char *topic, const void *json, size_t size, struct presence *presence);

/* ---- what one gateway hands to another ---- */

/* The id of a message that was handed over: "n-<who hands it over>-<16 digits>", 16 of 0-9 a-f. No other command may have such an id. */
void json_handed_id(const char *gateway, uint64_t number, char id[static COMMAND_ID_MAX + 1]);
/* Whether an id is one, and of which gateway. */
bool json_handed_by(const char *id, char gateway[static MESSAGE_NAME_MAX]);
bool json_is_handed(const char *id);

/* The command by which it is handed over, on "gw/<to>/down/gw/<own>/<what>": message as json_outgoing writes it, with expires_at (Unix, 0 =
 * left out). Ownership and errors as json_outgoing. */
char *json_order(const struct message *message, int64_t expires_at_ms, size_t *size);
int json_order_topic(const char *what, const char *to, const char *own, char *topic, size_t size);
/* The command by which an order is taken back, on "gw/<to>/down/gw/<own>/cancel"; id: its own. */
char *json_recall(const char *id, const char *order, size_t *size);

/* What the other gateway says became of it. */
struct handed_receipt {
	char id[COMMAND_ID_MAX + 1]; /* as it was handed over */
	enum receipt_stage stage;
	char code[MESSAGE_NAME_MAX]; /* "" = none */
	bool assumed;
};
/* Whether a topic below gw/<own>/down/ is that of such a receipt, "gw/<gateway>/receipt", and whose. */
bool json_is_handed_receipt(const char *topic, char gateway[static MESSAGE_NAME_MAX]);
/* 0, or -EINVAL: it is none. */
int json_parse_handed_receipt(const void *json, size_t size, struct handed_receipt *receipt);
