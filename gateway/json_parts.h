/* Groups of common members that messages, incidents and receipts share. Used by json*.c only. */
#pragma once

#include "drivers/message_body.h"
#include "gateway/json.h"
#include "gateway/json_writer.h"

/* "position", unless it is not valid. */
void json_put_position(struct writer *writer, const struct message_position *position);
/* "heard", unless nothing is known of it. */
void json_put_heard(struct writer *writer, const struct message_heard *heard);
/* "gateway" and "radio", unless the context has no gateway. */
void json_put_gateway(struct writer *writer, const struct json_context *context, const char *radio);
/* "sent_at", and what only a gateway knows: "received_at" and "clock". */
void json_put_times(struct writer *writer, const struct json_context *context, int64_t sent_at_ms,
		    int64_t received_at_ms);

/* "body", unless there is nothing to say. */
void json_put_body(struct writer *writer, const struct message *message);
/* One member of a body, unless it is not given. */
void json_put_member(struct writer *writer, const struct message *message, const struct body_member *member);

/* "2026-09-21" of days since 1970-01-01, up to the year 9999, into a buffer of at least 32 bytes; returns it. */
char *json_day(unsigned days, char buffer[static 32]);
/* Days since 1970-01-01 of such a text, or -1: not a day. */
int64_t json_parse_day(const char *text);
/* Unix milliseconds of RFC 3339 in UTC, whole seconds or milliseconds, 1970 to 9999, or -1: not such a time. */
int64_t json_parse_time(const char *text);
