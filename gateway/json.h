/* Messages as JSON and their topics, as the schemas in config/schema say. Pure; uses jansson. */
#pragma once

#include "drivers/message.h"
#include "gateway/incident.h"

enum {
	JSON_RECORD_ID_MAX = 160, /* room for the id of an incident document or receipt, final zero included */
	COMMAND_ID_MAX = 64,      /* bytes of the id of a command and of what it refers to */
};

/* An outlet that is no radio but another gateway, which delivers for this one: "gw/" and its name. */
#define GATEWAY_OUTLET "gw/"

/* What only a gateway knows about a message. */
struct json_context {
	const char *gateway;      /* name, NULL: leave out everything that only a gateway knows (cresset decode) */
	const char *radio;        /* or GATEWAY_OUTLET and a gateway, in receipts: by which it went */
	const char *organisation; /* of the station, "unassigned" */
	enum message_clock clock;
};

/* One JSON object in UTF-8 without line breaks, members in a fixed order, absent ones left out; whatever is in message comes out as
 * valid JSON (invalid UTF-8 replaced by U+FFFD). The caller frees. NULL: out of memory. */
char *json_message(const struct message *message, const struct json_context *context, size_t *size);

/* What is published for a message: a position is a GeoJSON Feature (RFC 7946) with the object of json_message as its properties,
 * everything else that object itself. Ownership and errors as there. */
char *json_payload(const struct message *message, const struct json_context *context, size_t *size);

/* The topic of a message below `cresset/v1/<op>/`, e.g. "track/base1/N0CALL-7". Returns its length, or -EOPNOTSUPP for a kind that
 * has no topic, -EMSGSIZE. Tokens contain only A-Z a-z 0-9 _ -. A message of KIND_INCIDENT or KIND_RECEIPT is named by its id. */
int json_topic(const struct message *message, const struct json_context *context, char *topic, size_t size);

/* What logistics is told of a closed road, an unusable airfield or suspended movements, beside the alert itself and without who told:
 * no station, no text, no persons, the place to about a kilometre. The id must not lead back to the message, nor ref, which stands for what
 * an update or cancel refers to ("" = nothing). The topic is -EOPNOTSUPP for a message that is no such alert, or that was marked for fewer
 * eyes. Ownership and errors as above. */
char *json_logistics(const struct message *message, enum message_class class, const char *id, const char *ref,
		     const struct json_context *context, size_t *size);
int json_logistics_topic(const struct message *message, const char *id, const struct json_context *context, char *topic,
			 size_t size);

/* An incident as it now stands: json_incident is the document, json_incident_id its id (another at each change, so that headquarters
 * can drop doubles), json_incident_topic where it goes. Ownership and errors as above. */
char *json_incident(const struct incident *incident, const struct json_context *context, size_t *size);
char *json_incident_id(const struct incident *incident, const struct json_context *context,
		       char id[static JSON_RECORD_ID_MAX]);
int json_incident_topic(const struct incident *incident, const struct json_context *context, char *topic, size_t size);

/* What became of a command. The last five are final: exactly one of them a command. */
enum receipt_stage {
	RECEIPT_QUEUED,
	RECEIPT_ON_AIR,
	RECEIPT_CONFIRMED, /* an acknowledgement of the addressee came */
	RECEIPT_SENT,      /* transmitted; this network cannot confirm */
	RECEIPT_FAILED,    /* with a code */
	RECEIPT_EXPIRED,
	RECEIPT_CANCELLED,
};

/* Stands for the id of a command that has none that can be read: each such receipt is for itself. No command has this id. */
#define RECEIPT_UNREADABLE "unreadable"

struct receipt {
	const char *command; /* id of the command */
	enum receipt_stage stage;
	const char *code;         /* why it failed, "" or NULL = none */
	bool assumed;             /* the modem cannot tell that it really transmitted */
	enum message_class class; /* of the command */
	enum message_status status;
	int64_t at_ms;    /* Unix */
	int64_t go_at_ms; /* Unix; QUEUED once more, because it waits for airtime until then; 0 = not that */
	const char *ref;  /* of an answer of the gateway itself: what it answers; "" or NULL = none */

	const char *text; /* what is wrong with a command, for people, without any of its content; "" or NULL = none */
	unsigned limit;   /* bytes of text that can go, where it was too long; 0 = not known */
	bool in_memory;   /* QUEUED, but on no disk */
	const char *waiting; /* of the command list: a JSON array, written as it is; NULL = none */
	bool more;           /* more waits than is in it */
};

const char *receipt_stage_name(enum receipt_stage stage);

/* The document of a receipt, its id (the same for a repetition) and its topic, as for incidents. */
char *json_receipt(const struct receipt *receipt, const struct json_context *context, size_t *size);
char *json_receipt_id(const struct receipt *receipt, const struct json_context *context,
		      char id[static JSON_RECORD_ID_MAX]);
int json_receipt_topic(const struct receipt *receipt, const struct json_context *context, char *topic, size_t size);

/* Ids of the gateway's own answers to the field begin with it: no command may have such an id. */
#define ANSWER_ID "k-"

/* Reads a command to a radio, as MQTT, `cresset send` and the store hand it over: {"id":"c-1","kind":"text","to":"N0CALL-7","text":".."}
 * (command-send.json, without expires_at, which is gateway/command.h's). kind "text" may be left out; where id is left out it is for the
 * caller to give one or to refuse.
 * Fills message, and radio ("" = not said; size MESSAGE_NAME_MAX; NULL = not wanted). Every type and length is
 * checked, unknown members are refused. 0, or -EINVAL with a text for people in error that names the member. */
int json_parse_outgoing(const char *json, size_t size, struct message *message, char *radio, char *error,
			size_t error_size);

/* The same of what json_outgoing wrote, which has more in the gateway's own acknowledgements: levels that no person gives, and which
 * pieces have come. */
int json_parse_kept(const char *json, size_t size, struct message *message, char *radio, char *error,
		    size_t error_size);

/* What is for one station wants to be acknowledged by it, unless its sender says otherwise (said: "ack_wanted" stood there). */
void json_want_ack(struct message *message, bool said);

/* Writes such a command, for the store. Ownership and errors as json_message. */
char *json_outgoing(const struct message *message, const char *radio, size_t *size);

/* RFC 3339 UTC with milliseconds, years 1970 to 9999, into a buffer of at least 32 bytes; returns it. */
char *json_time(int64_t unix_ms, char buffer[static 32]);
