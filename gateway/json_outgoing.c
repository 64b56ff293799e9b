/* Commands to a radio: hostile JSON in, one message out, and back for the store. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "gateway/json.h"
#include "gateway/json_writer.h"

enum { COMMAND_SIZE_MAX = 8192, COMMAND_DEPTH_MAX = 4, COMMAND_ID_MAX = 64, MESSAGE_NUMBER_MAX = 5 };

struct command {
	struct message *message;
	char *radio;
	char *error;
	size_t error_size;
};

/* Says what is wrong; the value is what the caller returns. */
#define refuse(command, ...) (snprintf((command)->error, (command)->error_size, __VA_ARGS__), -EINVAL)

static bool is_alphanumeric(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_token(const char *text)
{
	while (is_alphanumeric(*text) || *text == '_' || *text == '-')
		text++;
	return *text == '\0';
}

static bool is_number(const char *text)
{
	while (is_alphanumeric(*text))
		text++;
	return *text == '\0';
}

/* What would break a line, a frame or a terminal; UTF-8 was checked by the parser. */
static bool is_printable(const char *text)
{
	while ((unsigned char)*text >= 0x20 && *text != 0x7f)
		text++;
	return *text == '\0';
}

struct text_rule {
	const char *name;
	size_t max; /* bytes, without the final zero */
	bool (*check)(const char *text);
	const char *wanted; /* for people */
};

/* Copies a text member into room for max + 1 bytes. An empty text is refused like any other that is too short or too long. */
static int take_text(const struct command *command, const struct text_rule *rule, const json_t *value, char *room)
{
	const char *text = json_string_value(value);
	size_t size = json_string_length(value);
	if (!text || size == 0 || size > rule->max || !rule->check(text))
		return refuse(command, "member \"%s\" must be %s, 1 to %zu bytes", rule->name, rule->wanted, rule->max);
	memcpy(room, text, size + 1);
	return 0;
}

static int take_kind(const struct command *command, const json_t *value)
{
	const char *name = json_string_value(value);
	if (name && strcmp(name, "text") == 0)
		command->message->kind = KIND_TEXT;
	else if (name && strcmp(name, "ack") == 0)
		command->message->kind = KIND_ACK;
	else
		return refuse(command, "member \"kind\" must be \"text\" or \"ack\"");
	return 0;
}

static int take_accepted(const struct command *command, const json_t *value)
{
	if (!json_is_boolean(value))
		return refuse(command, "member \"accepted\" must be true or false");
	command->message->ack.rejected = json_is_false(value);
	return 0;
}

static const struct text_rule rules[] = {
    {"id", COMMAND_ID_MAX, is_token, "text of A-Z a-z 0-9 _ -"},
    {"to", MESSAGE_STATION_MAX - 1, is_token, "a station of A-Z a-z 0-9 _ -"},
    {"text", MESSAGE_TEXT_MAX - 1, is_printable, "text without control characters"},
    {"ref", COMMAND_ID_MAX, is_token, "an id of A-Z a-z 0-9 _ -"},
    {"message_number", MESSAGE_NUMBER_MAX, is_number, "text of A-Z a-z 0-9"},
    {"radio", MESSAGE_NAME_MAX - 1, is_token, "the name of a radio, of A-Z a-z 0-9 _ -"},
};

static int take_member(const struct command *command, const char *name, const json_t *value)
{
	struct message *message = command->message;
	char *const rooms[] = {
	    message->id, message->to, message->text, message->ack.ref, message->aprs.message_number, command->radio};
	if (strcmp(name, "kind") == 0)
		return take_kind(command, value);
	if (strcmp(name, "accepted") == 0)
		return take_accepted(command, value);
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (strcmp(name, rules[i].name) == 0)
			return take_text(command, &rules[i], value, rooms[i]);
	return refuse(command, "member \"%.32s\" is not known", is_printable(name) ? name : "?");
}

static int check_whole(const struct command *command, const json_t *object)
{
	const struct message *message = command->message;
	const char *missing = NULL;
	if (message->kind == KIND_TEXT && !message->text[0])
		missing = "text";
	else if (message->kind == KIND_ACK && !message->to[0])
		missing = "to";
	else if (message->kind == KIND_ACK && !message->ack.ref[0])
		missing = "ref";
	if (missing)
		return refuse(command, "member \"%s\" is missing", missing);
	const char *const foreign[] = {message->kind == KIND_TEXT ? "accepted" : "text",
				       message->kind == KIND_TEXT ? "ref" : "message_number"};
	for (size_t i = 0; i < 2; i++)
		if (json_object_get(object, foreign[i]))
			return refuse(command, "member \"%s\" does not go with kind \"%s\"", foreign[i],
				      message_kind_name(message->kind));
	return 0;
}

/* The parser would follow two thousand levels on our stack; a command has one. */
static bool is_shallow(const char *json, size_t size)
{
	size_t depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < size; i++) {
		if (quoted && json[i] == '\\')
			i++;
		else if (json[i] == '"')
			quoted = !quoted;
		else if (!quoted && (json[i] == '{' || json[i] == '[') && ++depth > COMMAND_DEPTH_MAX)
			return false;
		else if (!quoted && (json[i] == '}' || json[i] == ']') && depth > 0)
			depth--;
	}
	return true;
}

static int parse(const struct command *command, const char *json, size_t size, json_t **object)
{
	if (size > COMMAND_SIZE_MAX)
		return refuse(command, "the command has %zu bytes, at most %d are taken", size, COMMAND_SIZE_MAX);
	if (!is_shallow(json, size))
		return refuse(command, "the command is nested deeper than %d levels", COMMAND_DEPTH_MAX);
	json_error_t error;
	*object = json_loadb(json, size, JSON_REJECT_DUPLICATES, &error);
	if (!*object)
		return refuse(command, "not JSON at byte %d", error.position);
	if (!json_is_object(*object))
		return refuse(command, "the command must be a JSON object");
	return 0;
}

int json_parse_outgoing(const char *json, size_t size, struct message *message, char *radio, char *error,
			size_t error_size)
{
	char ignored[MESSAGE_NAME_MAX];
	struct command command = {message, radio ? radio : ignored, error, error_size};
	json_t *object = NULL, *value;
	const char *name;
	message_init(message);
	message->kind = KIND_TEXT;
	command.radio[0] = '\0';
	int result = parse(&command, json, size, &object);
	if (result == 0)
		json_object_foreach(object, name, value)
		{
			result = take_member(&command, name, value);
			if (result != 0)
				break;
		}
	if (result == 0)
		result = check_whole(&command, object);
	json_decref(object);
	return result;
}

char *json_outgoing(const struct message *message, const char *radio, size_t *size)
{
	struct writer writer = writer_new();
	WRITER_TEXT(&writer, "id", message->id);
	writer_text(&writer, "kind", message_kind_name(message->kind), SIZE_MAX);
	writer_text(&writer, "radio", radio, MESSAGE_NAME_MAX);
	WRITER_TEXT(&writer, "to", message->to);
	if (message->kind == KIND_ACK) {
		WRITER_TEXT(&writer, "ref", message->ack.ref);
		writer_flag(&writer, "accepted", !message->ack.rejected);
	} else {
		WRITER_TEXT(&writer, "text", message->text);
		WRITER_TEXT(&writer, "message_number", message->aprs.message_number);
	}
	return writer_finish(&writer, size);
}
