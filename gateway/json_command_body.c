/* The body of a command: each member is checked by its row of the kind's table. */
#include "gateway/json_command.h"

#include <math.h>
#include <string.h>

#include "drivers/message_body.h"
#include "gateway/json_parts.h"

enum { WANTED_MAX = 160 };

bool command_is_token(const char *text)
{
	return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == strlen(text);
}

bool command_is_printable(const char *text)
{
	while ((unsigned char)*text >= 0x20 && *text != 0x7f)
		text++;
	return *text == '\0';
}

/* "Unknown, Immediate, ...", as many as there is room for. */
static void list_names(const struct body_member *member, char *list, size_t size)
{
	size_t used = 0;
	list[0] = '\0';
	for (int64_t i = member->least; i <= member->most && used < size; i++)
		if (member->names->names[i])
			used += (size_t)snprintf(list + used, size - used, "%s%s", used ? ", " : "",
						 member->names->names[i]);
}

static int take_name(const struct command *command, const struct body_member *member, const json_t *value)
{
	const char *name = json_string_value(value);
	int number = name ? body_number(member->names, name) : -1;
	if (number < member->least || number > member->most) {
		char list[WANTED_MAX];
		list_names(member, list, sizeof(list));
		return refuse(command, "member \"body.%s\" must be one of %s", member->name, list);
	}
	message_body_set(command->message, member, number);
	return 0;
}

static int take_integer(const struct command *command, const struct body_member *member, const json_t *value)
{
	json_int_t number = json_integer_value(value);
	if (!json_is_integer(value) || number < member->least || number > member->most)
		return refuse(command, "member \"body.%s\" must be a whole number from %lld to %lld", member->name,
			      (long long)member->least, (long long)member->most);
	message_body_set(command->message, member, number);
	return 0;
}

static int take_number(const struct command *command, const struct body_member *member, const json_t *value)
{
	double number = json_number_value(value);
	if (!json_is_number(value) || !(number >= (double)member->least && number <= (double)member->most))
		return refuse(command, "member \"body.%s\" must be a number from %lld to %lld", member->name,
			      (long long)member->least, (long long)member->most);
	message_body_set_number(command->message, member, number);
	return 0;
}

static int take_time(const struct command *command, const struct body_member *member, const json_t *value)
{
	const char *text = json_string_value(value);
	int64_t unix_ms = text ? json_parse_time(text) : -1;
	if (unix_ms <= 0)
		return refuse(command, "member \"body.%s\" must be a time such as \"2026-09-21T14:13:20Z\"",
			      member->name);
	message_body_set(command->message, member, unix_ms);
	return 0;
}

static int take_flag(const struct command *command, const struct body_member *member, const json_t *value)
{
	if (!json_is_boolean(value))
		return refuse(command, "member \"body.%s\" must be true or false", member->name);
	message_body_set(command->message, member, json_is_true(value));
	return 0;
}

static bool is_ascii(const char *text)
{
	while (*text >= 0x20 && *text < 0x7f)
		text++;
	return *text == '\0';
}

static int take_text(const struct command *command, const struct body_member *member, const json_t *value)
{
	bool id = member->type == BODY_ID;
	const char *text = json_string_value(value);
	size_t max = id ? COMMAND_ID_MAX : (size_t)member->size - 1, size = json_string_length(value);
	if (!text || size == 0 || size > max || !(id ? command_is_token(text) : is_ascii(text)))
		return refuse(command, "member \"body.%s\" must be %s, 1 to %zu bytes", member->name,
			      id ? "an id of A-Z a-z 0-9 _ -" : "text of ASCII characters", max);
	memcpy(message_body_text(command->message, member), text, size + 1);
	return 0;
}

static int take_member(const struct command *command, const struct body_member *member, const json_t *value)
{
	switch (member->type) {
	case BODY_NAME:
		return take_name(command, member, value);
	case BODY_INTEGER:
		return take_integer(command, member, value);
	case BODY_NUMBER:
		return take_number(command, member, value);
	case BODY_TIME:
		return take_time(command, member, value);
	case BODY_FLAG:
		return take_flag(command, member, value);
	default:
		return take_text(command, member, value);
	}
}

static const struct body_member *find_in(struct body_table table, const char *name)
{
	for (size_t i = 0; i < table.count; i++)
		if (table.members[i].down && strcmp(table.members[i].name, name) == 0)
			return &table.members[i];
	return NULL;
}

int command_take_body(const struct command *command, const json_t *body)
{
	struct message *message = command->message;
	const char *name;
	json_t *value;
	if (!json_is_object(body))
		return refuse(command, "member \"body\" must be an object");
	message->body_kind = message->kind;
	message_body_init(message->kind, &message->body);
	json_object_foreach((json_t *)body, name, value)
	{
		const struct body_member *member = find_in(message_body_table(message->kind), name);
		if (!member)
			member = find_in(message_body_common(), name);
		if (!member)
			return refuse(command, "member \"body.%.32s\" is not known for kind \"%s\"",
				      command_is_printable(name) ? name : "?", message_kind_name(message->kind));
		int result = take_member(command, member, value);
		if (result < 0)
			return result;
	}
	return 0;
}

static int check_alert(const struct command *command)
{
	const struct body_alert *alert = &command->message->body.alert;
	if (alert->type != ALERT_TYPE_ALERT && !alert->ref[0])
		return refuse(command, "member \"body.ref\" is missing: what is updated or cancelled?");
	if (alert->type == ALERT_TYPE_ALERT && alert->ref[0])
		return refuse(command, "member \"body.ref\" goes with body.msg_type Update or Cancel only");
	return 0;
}

/* Who says that a person has seen it or comes says who; nobody else promises a time. */
static int check_ack(const struct command *command)
{
	const struct message *message = command->message;
	bool human = message->ack.level && message->ack.level != ACK_HQ_RECEIVED;
	if (human && !command->kept && !message->ack.operator_id[0])
		return refuse(command, "member \"body.operator\" is missing: level %s is given by a person",
			      message_ack_level_name(message->ack.level));
	if (message->ack.eta_min >= 0 && message->ack.level != ACK_RESPONDING)
		return refuse(command, "member \"body.eta_min\" goes with level RESPONDING only");
	return 0;
}

static int check_needed(const struct command *command, const json_t *body)
{
	static const struct {
		enum message_kind kind;
		const char *name;
	} needed[] = {{KIND_ALERT, "urgency"}, {KIND_ALERT, "severity"},      {KIND_ROLLCALL, "id"},
		      {KIND_ROLLCALL, "type"}, {KIND_ROLLCALL, "window_min"}, {KIND_ACK, "level"}};
	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		bool optional = needed[i].kind == KIND_ACK && !body;
		if (needed[i].kind == command->message->kind && !optional && !json_object_get(body, needed[i].name))
			return refuse(command, "member \"body.%s\" is missing", needed[i].name);
	}
	return 0;
}

int command_check_body(const struct command *command, const json_t *body)
{
	int result = check_needed(command, body);
	if (result == 0 && command->message->kind == KIND_ALERT)
		result = check_alert(command);
	if (result == 0 && command->message->kind == KIND_ACK)
		result = check_ack(command);
	return result;
}
