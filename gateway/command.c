/* Commands from headquarters: topic, table of who may what, and the members that are not a message's. */
#include "gateway/command.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/json_command.h"
#include "gateway/json_neighbour.h"
#include "gateway/json_parts.h"

static const char *const what_names[] = {
    [COMMAND_TEXT] = "text", [COMMAND_ALERT] = "alert",   [COMMAND_ROLLCALL] = "rollcall",
    [COMMAND_ACK] = "ack",   [COMMAND_CANCEL] = "cancel", [COMMAND_LIST] = "list"};

/* Who may give which command: bits by enum command_what. Nothing for whoever is not here. */
#define MAY(what) (1u << COMMAND_##what)
static const struct {
	const char *name; /* of the audience, as its topic begins */
	unsigned may;
} audiences[] = {
    [AUDIENCE_SECURITY] = {"sec", MAY(TEXT) | MAY(ALERT) | MAY(ROLLCALL) | MAY(ACK) | MAY(CANCEL) | MAY(LIST)},
    [AUDIENCE_COORDINATION] = {"coord", MAY(TEXT) | MAY(ACK)},
    [AUDIENCE_ORGANISATION] = {"org", MAY(TEXT)},
    [AUDIENCE_GATEWAY] = {"gw", MAY(TEXT) | MAY(ALERT) | MAY(ACK) | MAY(CANCEL)},
};

#define fail(fault, name, ...)                                                                                         \
	((fault)->code = (name), snprintf((fault)->text, sizeof((fault)->text), __VA_ARGS__), -EINVAL)

const char *command_what_name(enum command_what what)
{
	return (unsigned)what < COMMAND_NOTHING ? what_names[what] : "";
}

/* ---- the topic ---- */

static enum command_what what_of(const char *name)
{
	unsigned what = 0;
	while (what < COMMAND_NOTHING && strcmp(what_names[what], name) != 0)
		what++;
	return (enum command_what)what;
}

/* sender is "sec", "org/name" or "gw/name": all before the last slash. */
static enum command_audience audience_of(const char *sender, const char **organisation)
{
	*organisation = "";
	for (unsigned i = 0; i < AUDIENCE_NOBODY; i++) {
		size_t size = strlen(audiences[i].name);
		if (strncmp(sender, audiences[i].name, size) != 0)
			continue;
		bool named = sender[size] == '/' && sender[size + 1] && command_is_token(sender + size + 1);
		bool needs_name = i == AUDIENCE_ORGANISATION || i == AUDIENCE_GATEWAY;
		if (needs_name && named) {
			*organisation = sender + size + 1;
			return (enum command_audience)i;
		}
		if (!needs_name && !sender[size])
			return (enum command_audience)i;
	}
	return AUDIENCE_NOBODY;
}

static bool read_topic(const char *topic, struct given_command *command)
{
	const char *what = strrchr(topic, '/');
	size_t size = what ? (size_t)(what - topic) : 0;
	if (size == 0 || size >= sizeof(command->sender))
		return false;
	memcpy(command->sender, topic, size);
	command->sender[size] = '\0';
	command->audience = audience_of(command->sender, &command->organisation);
	command->what = what_of(what + 1);
	return true;
}

static bool may(const struct given_command *command)
{
	return command->audience != AUDIENCE_NOBODY && command->what != COMMAND_NOTHING &&
	       audiences[command->audience].may & 1u << command->what;
}

/* ---- members of commands that are no message's ---- */

static int take_id(const json_t *value, char room[static COMMAND_ID_MAX + 1])
{
	const char *text = json_string_value(value);
	size_t size = json_string_length(value);
	if (!text || size == 0 || size > COMMAND_ID_MAX || strlen(text) != size || !command_is_token(text))
		return -EINVAL;
	memcpy(room, text, size + 1);
	return 0;
}

/* What a gateway hands over has an id that says so, and nothing else has: that it is not handed on, and who is told of it, goes by that. The
 * others are the gateway's own. */
static bool fits(const struct given_command *command)
{
	char giver[MESSAGE_NAME_MAX];
	bool handed = json_handed_by(command->id, giver);
	if (command->audience == AUDIENCE_GATEWAY)
		return handed && strcmp(giver, command->organisation) == 0;
	return !handed && strcmp(command->id, RECEIPT_UNREADABLE) != 0 &&
	       strncmp(command->id, ANSWER_ID, strlen(ANSWER_ID)) != 0;
}

static int read_id(const json_t *object, struct given_command *command, struct command_fault *fault)
{
	if (take_id(json_object_get(object, "id"), command->id) == 0 && fits(command))
		return 0;
	command->id[0] = '\0';
	return fail(fault, "bad_id",
		    "member \"id\" must be text of A-Z a-z 0-9 _ -, 1 to %d bytes, not \"%s\", \"%s...\" nor one of "
		    "those that gateways give to one another",
		    COMMAND_ID_MAX, RECEIPT_UNREADABLE, ANSWER_ID);
}

static int read_expiry(json_t *object, struct given_command *command, struct command_fault *fault)
{
	const json_t *value = json_object_get(object, "expires_at");
	const char *text = json_string_value(value);
	command->expires_at_ms = text ? json_parse_time(text) : 0;
	if (value && command->expires_at_ms <= 0)
		return fail(fault, "bad_command",
			    "member \"expires_at\" must be a time such as \"2026-09-21T14:13:20Z\"");
	json_object_del(object, "expires_at");
	return 0;
}

/* It follows from the topic, and where it is given it says the same. */
static int read_kind(json_t *object, const struct given_command *command, struct command_fault *fault)
{
	const json_t *value = json_object_get(object, "kind");
	const char *kind = json_string_value(value), *name = what_names[command->what];
	if (value && (!kind || strcmp(kind, name) != 0))
		return fail(fault, "bad_command", "member \"kind\" must be \"%s\" on this topic, or left out", name);
	return json_object_set_new(object, "kind", json_string(name)) == 0
		   ? 0
		   : fail(fault, "no_memory", "the gateway is out of memory");
}

/* Its name may be anything, so it is called by its number. */
static int check_names(json_t *object, const char *const *known, struct command_fault *fault)
{
	const char *name;
	json_t *value;
	unsigned number = 0;
	json_object_foreach(object, name, value)
	{
		const char *const *at = known;
		number++;
		while (*at && strcmp(*at, name) != 0)
			at++;
		if (!*at)
			return fail(fault, "bad_command", "member %u of the command is not known", number);
	}
	return 0;
}

static int read_ref(const json_t *object, struct given_command *command, struct command_fault *fault)
{
	const json_t *ref = json_object_get(object, "ref");
	if (ref && take_id(ref, command->ref) == 0)
		return 0;
	return fail(fault, "bad_command",
		    ref ? "member \"ref\" must be an id of A-Z a-z 0-9 _ -, 1 to %d bytes"
			: "member \"ref\" is missing (an id of at most %d bytes)",
		    COMMAND_ID_MAX);
}

static int read_plain(json_t *object, struct given_command *command, struct command_fault *fault)
{
	static const char *const of_list[] = {"id", "kind", NULL}, *const of_cancel[] = {"id", "kind", "ref", NULL};
	bool cancel = command->what == COMMAND_CANCEL;
	int result = check_names(object, cancel ? of_cancel : of_list, fault);
	return result == 0 && cancel ? read_ref(object, command, fault) : result;
}

/* ---- messages ---- */

/* A member of the body may have any name, too. */
static void hide_name(struct command_fault *fault)
{
	if (strstr(fault->text, "\" is not known"))
		snprintf(fault->text, sizeof(fault->text), "a member of \"body\" is not known for this kind");
}

static int check_ack(struct given_command *command, struct command_fault *fault)
{
	const struct message *message = &command->message;
	if (message->ack.level < ACK_HQ_RECEIVED)
		return fail(fault, "bad_command", "level %s is the base's to give, not headquarters'",
			    message_ack_level_name(message->ack.level));
	if (message->ack.level == ACK_CLOSED && command->audience != AUDIENCE_SECURITY)
		return fail(fault, "not_allowed", "only the security desk closes");
	memcpy(command->ref, message->ack.ref, sizeof(command->ref));
	return 0;
}

static int check_message(struct given_command *command, struct command_fault *fault)
{
	if (command->what == COMMAND_ACK && command->audience != AUDIENCE_GATEWAY)
		return check_ack(command, fault);
	if (!command->message.to[0] && command->audience != AUDIENCE_SECURITY)
		return fail(fault, "bad_command", "member \"to\" is missing: only the security desk speaks to all");
	return 0;
}

/* What another gateway hands over was read by it once, and is as it keeps it: all is said there, and it may be an answer of its own. */
static int parse(const char *text, struct given_command *command, struct command_fault *fault)
{
	bool kept = command->audience == AUDIENCE_GATEWAY;
	return (kept ? json_parse_kept : json_parse_outgoing)(text, strlen(text), &command->message, command->radio,
							      fault->text, sizeof(fault->text));
}

static int check_members(json_t *object, const struct given_command *command, struct command_fault *fault)
{
	static const char *const members[] = {"id",  "kind", "status",   "radio", "to", "text", "message_number",
					      "ref", "body", "position", NULL},
				 *const handed[] = {"id",  "kind",     "status", "to",  "text",     "message_number",
						    "ref", "accepted", "body",   "own", "position", NULL};
	bool kept = command->audience == AUDIENCE_GATEWAY;
	int result = check_names(object, kept ? handed : members, fault);
	if (result < 0 || kept)
		return result;
	if (command->what == COMMAND_ACK && !json_object_get(json_object_get(object, "body"), "level"))
		return fail(fault, "bad_command", "member \"body.level\" is missing");
	return 0;
}

static int read_message(json_t *object, struct given_command *command, struct command_fault *fault)
{
	int result = check_members(object, command, fault);
	if (result < 0)
		return result;
	bool said = json_object_get(json_object_get(object, "body"), "ack_wanted");
	char *text = json_dumps(object, JSON_COMPACT);
	fault->code = "bad_command";
	snprintf(fault->text, sizeof(fault->text), "the gateway is out of memory");
	result = text ? parse(text, command, fault) : -EINVAL;
	free(text);
	if (result < 0) {
		hide_name(fault);
		return result;
	}
	json_want_ack(&command->message, said || command->audience == AUDIENCE_GATEWAY);
	command->status = command->message.status;
	return check_message(command, fault);
}

/* ---- the whole ---- */

static int read_object(json_t *object, struct given_command *command, struct command_fault *fault)
{
	int result = read_id(object, command, fault);
	if (result == 0 && !may(command))
		result = fail(fault, "not_allowed", "this audience may not give this command");
	if (result == 0)
		result = read_expiry(object, command, fault);
	if (result == 0)
		result = read_kind(object, command, fault);
	if (result < 0)
		return result;
	bool plain = command->what == COMMAND_CANCEL || command->what == COMMAND_LIST;
	return plain ? read_plain(object, command, fault) : read_message(object, command, fault);
}

int command_read(const char *topic, const void *json, size_t size, struct given_command *command,
		 struct command_fault *fault)
{
	struct command reader = {&command->message, command->radio, fault->text, sizeof(fault->text)};
	json_t *object = NULL;
	*command = (struct given_command){.organisation = ""};
	*fault = (struct command_fault){.code = "bad_json"};
	message_init(&command->message);
	if (!read_topic(topic, command))
		return fail(fault, "bad_topic", "commands come on down/<audience>/<what> and down/org/<org>/<what>");
	int result = command_load(&reader, json, size, &object);
	if (result == 0)
		result = read_object(object, command, fault);
	json_decref(object);
	return result;
}
