/* Groups of common members that messages, incidents and receipts share. Used by json*.c only. */
#pragma once

#include "gateway/json.h"
#include "gateway/json_writer.h"

/* "position", unless it is not valid. */
void json_put_position(struct writer *writer, const struct message_position *position);
/* "gateway" and "radio", unless the context has no gateway. */
void json_put_gateway(struct writer *writer, const struct json_context *context, const char *radio);
/* "sent_at", and what only a gateway knows: "received_at" and "clock". */
void json_put_times(struct writer *writer, const struct json_context *context, int64_t sent_at_ms,
		    int64_t received_at_ms);
