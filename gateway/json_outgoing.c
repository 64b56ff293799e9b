/* Commands to a radio: hostile JSON in, one message out, and back for the store. */
#include <string.h>

#include "drivers/message_body.h"
#include "gateway/json_command.h"
#include "gateway/json_parts.h"

enum { COMMAND_SIZE_MAX = 8192, COMMAND_DEPTH_MAX = 4, MESSAGE_NUMBER_MAX = 5 };

static bool is_number(const char *text)
{
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") == strlen(text);
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
	static const enum message_kind kinds[] = {KIND_TEXT, KIND_ACK, KIND_ALERT, KIND_ROLLCALL};
	const char *name = json_string_value(value);
	for (size_t i = 0; name && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(name, message_kind_name(kinds[i])) == 0) {
			command->message->kind = kinds[i];
			return 0;
		}
	return refuse(command, "member \"kind\" must be \"text\", \"ack\", \"alert\" or \"rollcall\"");
}

static int take_status(const struct command *command, const json_t *value)
{
	const char *name = json_string_value(value);
	for (enum message_status status = STATUS_ACTUAL; name && status <= STATUS_TEST; status++)
		if (strcmp(name, message_status_name(status)) == 0) {
			command->message->status = status;
			return 0;
		}
	return refuse(command, "member \"status\" must be \"Actual\", \"Exercise\" or \"Test\"");
}

static int take_position(const struct command *command, const json_t *value)
{
	const json_t *lat = json_object_get(value, "lat"), *lon = json_object_get(value, "lon");
	struct message_position *position = &command->message->position;
	position->lat_deg = json_number_value(lat);
	position->lon_deg = json_number_value(lon);
	position->valid = true;
	bool on_earth = position->lat_deg >= -90 && position->lat_deg <= 90 && position->lon_deg >= -180 &&
			position->lon_deg <= 180;
	if (!json_is_number(lat) || !json_is_number(lon) || !on_earth || json_object_size(value) != 2)
		return refuse(command, "member \"position\" must be {\"lat\": -90 to 90, \"lon\": -180 to 180}");
	return 0;
}

static int take_accepted(const struct command *command, const json_t *value)
{
	if (!json_is_boolean(value))
		return refuse(command, "member \"accepted\" must be true or false");
	command->message->ack.rejected = json_is_false(value);
	return 0;
}

/* A number of an acknowledgement, -1 = not given. */
static bool take_number(const json_t *own, const char *name, int most, int *number)
{
	const json_t *value = json_object_get(own, name);
	json_int_t given = value ? json_integer_value(value) : -1;
	if (value && (!json_is_integer(value) || given < 0 || given > most))
		return false;
	*number = (int)given;
	return true;
}

/* Of an acknowledgement that the gateway gives by itself. */
static int take_own(const struct command *command, const json_t *own)
{
	struct message *message = command->message;
	int level;
	if (!command->kept)
		return refuse(command, "member \"own\" is not known");
	if (message->kind != KIND_ACK || !take_number(own, "level", UINT8_MAX, &level) ||
	    !take_number(own, "eta_min", UINT8_MAX, &message->ack.eta_min) ||
	    !take_number(own, "bitmap", UINT8_MAX, &message->ack.bitmap))
		return refuse(command, "member \"own\" is none of an acknowledgement");
	message->ack.level = level < 0 ? 0 : (enum ack_level)level;
	return 0;
}

static const struct text_rule rules[] = {
    {"id", COMMAND_ID_MAX, command_is_token, "text of A-Z a-z 0-9 _ -"},
    {"to", MESSAGE_STATION_MAX - 1, command_is_token, "a station of A-Z a-z 0-9 _ -"},
    {"text", MESSAGE_TEXT_MAX - 1, command_is_printable, "text without control characters"},
    {"ref", COMMAND_ID_MAX, command_is_token, "an id of A-Z a-z 0-9 _ -"},
    {"message_number", MESSAGE_NUMBER_MAX, is_number, "text of A-Z a-z 0-9"},
    {"radio", MESSAGE_NAME_MAX - 1, command_is_token, "the name of a radio, of A-Z a-z 0-9 _ -"},
};

static int take_member(const struct command *command, const char *name, const json_t *value)
{
	static const struct {
		const char *name;
		int (*take)(const struct command *command, const json_t *value);
	} others[] = {{"kind", take_kind},         {"status", take_status}, {"accepted", take_accepted},
		      {"position", take_position}, {"own", take_own},       {"body", command_take_body}};
	struct message *message = command->message;
	char *const rooms[] = {
	    message->id, message->to, message->text, message->ack.ref, message->aprs.message_number, command->radio};
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strcmp(name, others[i].name) == 0)
			return others[i].take(command, value);
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++)
		if (strcmp(name, rules[i].name) == 0)
			return take_text(command, &rules[i], value, rooms[i]);
	return refuse(command, "member \"%.32s\" is not known", command_is_printable(name) ? name : "?");
}

/* Which kinds a member goes with. */
static int check_foreign(const struct command *command, const json_t *object)
{
	static const struct {
		const char *name;
		enum message_kind kinds[2];
	} members[] = {{"text", {KIND_TEXT, KIND_ALERT}},
		       {"message_number", {KIND_TEXT}},
		       {"ref", {KIND_ACK}},
		       {"accepted", {KIND_ACK}},
		       {"position", {KIND_ALERT}}};
	enum message_kind kind = command->message->kind;
	for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++)
		if (json_object_get(object, members[i].name) && kind != members[i].kinds[0] &&
		    kind != members[i].kinds[1])
			return refuse(command, "member \"%s\" does not go with kind \"%s\"", members[i].name,
				      message_kind_name(kind));
	if (command->message->ack.level && json_object_get(object, "accepted"))
		return refuse(command, "member \"accepted\" does not go with \"body.level\"");
	return 0;
}

static int check_whole(const struct command *command, const json_t *object)
{
	const struct message *message = command->message;
	const char *missing = NULL;
	if (message->kind == KIND_TEXT && !message->text[0])
		missing = "text";
	else if (message->kind == KIND_ACK && !message->ack.level && !message->to[0])
		missing = "to";
	else if (message->kind == KIND_ACK && !message->ack.ref[0])
		missing = "ref";
	if (missing)
		return refuse(command, "member \"%s\" is missing", missing);
	int result = check_foreign(command, object);
	return result == 0 ? command_check_body(command, json_object_get(object, "body")) : result;
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

int command_load(const struct command *command, const char *json, size_t size, json_t **object)
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

static int parse_message(const struct command *given, const char *json, size_t size)
{
	char ignored[MESSAGE_NAME_MAX];
	struct command command = *given;
	struct message *message = command.message;
	json_t *object = NULL, *value;
	const char *name;
	message_init(message);
	message->kind = KIND_TEXT;
	if (!command.radio)
		command.radio = ignored;
	command.radio[0] = '\0';
	int result = command_load(&command, json, size, &object);
	/* First: what the body may say depends on it. */
	value = json_object_get(object, "kind");
	if (result == 0 && value)
		result = take_kind(&command, value);
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

int json_parse_outgoing(const char *json, size_t size, struct message *message, char *radio, char *error,
			size_t error_size)
{
	const struct command command = {message, radio, error, error_size, false};
	return parse_message(&command, json, size);
}

int json_parse_kept(const char *json, size_t size, struct message *message, char *radio, char *error, size_t error_size)
{
	const struct command command = {message, radio, error, error_size, true};
	return parse_message(&command, json, size);
}

/* Whether no command says this: a level that is not a person's, or which pieces have come. */
static bool is_own(const struct message *message)
{
	const enum ack_level level = message->ack.level;
	if (!level)
		return message->ack.bitmap >= 0;
	bool human = level >= ACK_BASE_SEEN && level <= ACK_CLOSED && message->ack.operator_id[0];
	return message->body_kind != KIND_ACK || (!human && level != ACK_HQ_RECEIVED);
}

static void put_own(struct writer *writer, const struct message *message)
{
	size_t mark = writer_open(writer, "own");
	writer_integer(writer, "level", message->ack.level);
	if (message->ack.eta_min >= 0)
		writer_integer(writer, "eta_min", message->ack.eta_min);
	if (message->ack.bitmap >= 0)
		writer_integer(writer, "bitmap", message->ack.bitmap);
	writer_close(writer, mark);
}

static void put_acknowledgement(struct writer *writer, const struct message *message)
{
	WRITER_TEXT(writer, "ref", message->ack.ref);
	if (is_own(message))
		put_own(writer, message);
	else if (!message->ack.level)
		writer_flag(writer, "accepted", !message->ack.rejected);
}

void json_want_ack(struct message *message, bool said)
{
	if (said || !message->to[0] || message->kind == KIND_ACK)
		return;
	if (message->body_kind != message->kind)
		message_body_init(message->kind, &message->body);
	message->body_kind = message->kind;
	message->ack_wanted = true;
}

static void put_body(struct writer *writer, const struct message *message)
{
	const struct body_table tables[] = {message_body_table(message->body_kind), message_body_common()};
	if (message->body_kind != message->kind)
		return;
	size_t mark = writer_open(writer, "body");
	for (size_t i = 0; i < 2; i++)
		for (size_t j = 0; j < tables[i].count; j++)
			if (tables[i].members[j].down)
				json_put_member(writer, message, &tables[i].members[j]);
	writer_close(writer, mark);
}

char *json_outgoing(const struct message *message, const char *radio, size_t *size)
{
	struct writer writer = writer_new();
	WRITER_TEXT(&writer, "id", message->id);
	writer_text(&writer, "kind", message_kind_name(message->kind), SIZE_MAX);
	if (message->status != STATUS_ACTUAL)
		writer_text(&writer, "status", message_status_name(message->status), SIZE_MAX);
	writer_text(&writer, "radio", radio, MESSAGE_NAME_MAX);
	WRITER_TEXT(&writer, "to", message->to);
	if (message->kind == KIND_ACK) {
		put_acknowledgement(&writer, message);
	} else {
		WRITER_TEXT(&writer, "text", message->text);
		WRITER_TEXT(&writer, "message_number", message->aprs.message_number);
	}
	json_put_position(&writer, &message->position);
	if (message->kind != KIND_ACK || !is_own(message))
		put_body(&writer, message);
	return writer_finish(&writer, size);
}
