/* Answers to the tool, a JSON object a line. */
#pragma once

#include <jansson.h>

#include "gateway/control.h"

/* Takes the reference over; NULL: out of memory, which the client is told. */
void desk_reply(struct control_client *client, json_t *object);
/* {"error":text} */
void desk_reply_error(struct control_client *client, const char *text);
