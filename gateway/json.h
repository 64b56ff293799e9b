/* Messages as JSON and their topics, as the schemas in config/schema say. Pure; uses jansson. */
#pragma once

#include "drivers/message.h"

/* What only a gateway knows about a message. */
struct json_context {
	const char *gateway; /* name, NULL: leave out everything that only a gateway knows (cresset decode) */
	const char *radio;
	const char *organisation; /* of the station, "unassigned" */
	enum message_clock clock;
};

/* One JSON object in UTF-8 without line breaks, members in a fixed order; whatever is in message comes out as valid JSON (invalid
 * UTF-8 replaced by U+FFFD). The caller frees. NULL: out of memory. */
char *json_message(const struct message *message, const struct json_context *context, size_t *size);

/* The topic of a message below `cresset/v1/<op>/`, e.g. "track/base1/N0CALL-7". Returns its length, or -EOPNOTSUPP for a kind that
 * has no topic, -EMSGSIZE. Tokens contain only A-Z a-z 0-9 _ -. */
int json_topic(const struct message *message, const struct json_context *context, char *topic, size_t size);

/* Reads what `cresset send` and the store hand over for a radio: {"kind":"text","to":"N0CALL-7","text":"..","id":".."} . 0, -EINVAL with a
 * text that names the member (error, size error_size). Every length is checked. */
int json_parse_outgoing(const char *json, size_t size, struct message *message, char *error, size_t error_size);

/* RFC 3339 UTC with milliseconds into a buffer of at least 32 bytes; returns it. */
char *json_time(int64_t unix_ms, char buffer[static 32]);
