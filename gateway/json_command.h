/* Reading of a command, shared by json_outgoing.c, json_command_body.c and command.c. */
#pragma once

#include <errno.h>
#include <jansson.h>
#include <stdio.h>

#include "gateway/json.h"

struct command {
	struct message *message;
	char *radio;
	char *error;
	size_t error_size;
	bool kept; /* the gateway wrote it itself */
};

/* Says what is wrong; the value is what the caller returns. */
#define refuse(command, ...) (snprintf((command)->error, (command)->error_size, __VA_ARGS__), -EINVAL)

/* Text as one JSON object, bounded in size and depth; the caller's to give back, NULL after an error. 0 or -EINVAL. */
int command_load(const struct command *command, const char *json, size_t size, json_t **object);

bool command_is_token(const char *text);
/* Nothing that would break a line, a frame or a terminal; that it is UTF-8 was checked by the parser. */
bool command_is_printable(const char *text);

/* The member "body" of a command, by the table of its kind. message->kind is set. 0 or -EINVAL. */
int command_take_body(const struct command *command, const json_t *body);
/* Whether what a kind needs is there, and what belongs together: once all members are taken. body: NULL = there was none. */
int command_check_body(const struct command *command, const json_t *body);
