/* cresset send and cresset ack: the two commands that change something. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "drivers/message.h"
#include "gateway/tool/client.h"
#include "gateway/tool/text.h"
#include "gateway/tool/tool.h"

enum {
	COMMAND_ID_MAX = 64,
	DISK_TIMEOUT_MS = 30000, /* a worn SD card takes seconds for a durable write */
};

struct send_arguments {
	const char *radio, *to, *id, *text, *kind, *status;
	json_t *body; /* NULL = none */
	bool wait;
};

static bool is_id(const char *id)
{
	size_t size = strlen(id);
	return size >= 1 && size <= COMMAND_ID_MAX &&
	       strspn(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") == size;
}

static void check_text(struct argp_state *state, const char *text)
{
	json_t *utf8 = json_string(text);
	bool valid = utf8 != NULL;
	json_decref(utf8);
	if (!valid)
		argp_error(state, "the text is not UTF-8");
	if (!*text || strlen(text) >= MESSAGE_TEXT_MAX)
		argp_error(state, "the text must have 1 to %d bytes, this one has %zu", MESSAGE_TEXT_MAX - 1,
			   strlen(text));
}

static error_t parse_send_argument(struct send_arguments *arguments, char *argument, struct argp_state *state)
{
	if (arguments->text)
		argp_error(state, "one TEXT only; put it in quotes");
	check_text(state, argument);
	arguments->text = argument;
	return 0;
}

static bool is_one_of(const char *name, const char *const *names)
{
	while (*names && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

/* "radius_m=500" is a number, "event=FIRE" a text. What the kind can say is the gateway's to judge. */
static void parse_member(struct send_arguments *arguments, char *argument, struct argp_state *state)
{
	char *value = strchr(argument, '=');
	if (!value || value == argument || !value[1]) {
		argp_error(state, "--body takes NAME=VALUE, such as severity=Severe");
		return;
	}
	*value++ = '\0';
	json_t *member = json_loads(value, JSON_DECODE_ANY, NULL);
	if (!json_is_number(member) && !json_is_boolean(member)) {
		json_decref(member);
		member = json_string(value);
	}
	if (!arguments->body)
		arguments->body = json_object();
	if (json_object_set_new(arguments->body, argument, member) != 0)
		argp_error(state, "--body %s: not UTF-8", argument);
}

static void check_send(const struct send_arguments *arguments, struct argp_state *state)
{
	static const char *const kinds[] = {"text", "alert", "rollcall", NULL}, *const statuses[] = {
										    "Actual", "Exercise", "Test", NULL};
	if (arguments->kind && !is_one_of(arguments->kind, kinds))
		argp_error(state, "--kind is one of text, alert, rollcall");
	if (arguments->status && !is_one_of(arguments->status, statuses))
		argp_error(state, "--status is one of Actual, Exercise, Test");
	if (!arguments->text && (!arguments->kind || strcmp(arguments->kind, "text") == 0))
		argp_error(state, "what is the TEXT to send?");
}

static error_t parse_send(int key, char *argument, struct argp_state *state)
{
	struct send_arguments *arguments = state->input;
	switch (key) {
	case 'r':
		arguments->radio = argument;
		return 0;
	case 't':
		arguments->to = argument;
		return 0;
	case 'i':
		if (!is_id(argument))
			argp_error(state, "--id takes 1 to %d of A-Z a-z 0-9 _ -", COMMAND_ID_MAX);
		arguments->id = argument;
		return 0;
	case 'w':
		arguments->wait = true;
		return 0;
	case 'k':
		arguments->kind = argument;
		return 0;
	case 'S':
		arguments->status = argument;
		return 0;
	case 'b':
		parse_member(arguments, argument, state);
		return 0;
	case ARGP_KEY_ARG:
		return parse_send_argument(arguments, argument, state);
	case ARGP_KEY_END:
		check_send(arguments, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* "STORED" is said only of what a power cut cannot take. */
static void print_accepted(const json_t *answer)
{
	const char *status = json_string_value(json_object_get(answer, "status"));
	char *id = text_member(answer, "id", "?");
	if (status && strcmp(status, "STORED") == 0)
		printf("%s: stored\n", id ? id : "?");
	else
		printf("%s: accepted, but kept in memory only: a power cut would lose it\n", id ? id : "?");
	free(id);
}

struct stage {
	const char *name, *words;
	int exit_code; /* -1: not the last word */
};

static const struct stage stages[] = {
    {"queued", "waits for its turn", -1},
    {"on_air", "on the air", -1},
    {"confirmed", "confirmed: the addressee acknowledged it", TOOL_OK},
    {"sent", "sent; this network cannot confirm that it arrived", TOOL_OK},
    {"failed", "FAILED", TOOL_REFUSED},
    {"expired", "EXPIRED before it could be sent", TOOL_REFUSED},
    {"cancelled", "cancelled", TOOL_REFUSED},
};

static const struct stage *find_stage(const json_t *line)
{
	const char *name = json_string_value(json_object_get(line, "stage"));
	for (size_t i = 0; name && i < sizeof(stages) / sizeof(*stages); i++)
		if (strcmp(stages[i].name, name) == 0)
			return &stages[i];
	return NULL;
}

/* What a code means, and what to do. The others are explained in cressetd(8). */
static const struct {
	const char *code, *words;
} codes[] = {
    {"too_long", "it is too long for this network. Say it shorter, or in several messages."},
    {"not_sendable", "this network cannot say it. APRS takes no | ~ { and no empty text."},
    {"not_supported", "this network has no such message. Send it as a text."},
    {"no_key", "there is no key for this station. `cresset key list` shows which there are."},
    {"receive_only", "this radio only listens: it has no call sign, or no station number."},
    {"no_ack", "it was transmitted, and nobody acknowledged it."},
    {"no_word", "a neighbour gateway had it and has not said whether it was transmitted."},
    {"rejected", "the addressee received it, and does not take it."},
    {"no_airtime", "it is longer than the radio rules of the place ever allow."},
};

static void print_code(const json_t *line, const char *code)
{
	double limit = json_number_value(json_object_get(line, "limit"));
	printf(": %s", code);
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (strcmp(codes[i].code, code) == 0)
			printf(": %s", codes[i].words);
	if (limit > 0)
		printf(" At most %.0f bytes of text go.", limit);
}

static void print_stage(const json_t *line, const struct stage *stage)
{
	char *id = text_member(line, "id", "?"), *code = text_member(line, "code", "");
	char *go_at = text_member(line, "go_at", "");
	printf("%s: %s", id ? id : "?", stage->words);
	if (go_at && strlen(go_at) > 16)
		printf(": for airtime, until %.5sZ", go_at + 11);
	if (code && *code)
		print_code(line, code);
	if (json_is_true(json_object_get(line, "assumed")))
		fputs(" (assumed: this modem cannot tell)", stdout);
	putchar('\n');
	free(id);
	free(code);
	free(go_at);
}

static void print_line(const json_t *line, const struct stage *stage)
{
	if (tool_options.json)
		text_print_json(stdout, line);
	else if (stage)
		print_stage(line, stage);
	fflush(stdout);
}

static int wait_for_end(struct client *client)
{
	json_t *line;
	for (;;) {
		int result = client_expect(client, -1, &line);
		if (result != TOOL_OK)
			return result;
		const struct stage *stage = find_stage(line);
		print_line(line, stage);
		json_decref(line);
		if (stage && stage->exit_code >= 0)
			return stage->exit_code;
	}
}

static int send_text(const struct send_arguments *arguments)
{
	json_t *answer;
	struct client *client;
	json_t *request = json_pack("{s:s, s:s*, s:s*, s:s*, s:s*, s:b, s:s*, s:s*, s:o*}", "command", "send", "radio",
				    arguments->radio, "to", arguments->to, "text", arguments->text, "id", arguments->id,
				    "wait", arguments->wait, "kind", arguments->kind, "status", arguments->status,
				    "body", arguments->body);
	int result = client_start(&client, request);
	if (result == TOOL_OK)
		result = client_expect(client, DISK_TIMEOUT_MS, &answer);
	if (result == TOOL_OK) {
		if (tool_options.json)
			text_print_json(stdout, answer);
		else
			print_accepted(answer);
		fflush(stdout);
		json_decref(answer);
		if (arguments->wait)
			result = wait_for_end(client);
	}
	client_close(client);
	return result;
}

int tool_send(int argc, char **argv)
{
	static const struct argp_option options[] = {
	    {"radio", 'r', "NAME", 0,
	     "through this radio (default: what reaches the addressee best; needed for everybody where there are "
	     "several)",
	     0},
	    {"to", 't', "STATION", 0, "addressee (default: everybody)", 0},
	    {"id", 'i', "ID", 0, "id of the command; the same id is not sent twice (default: one is made)", 0},
	    {"wait", 'w', NULL, 0, "wait for what becomes of it", 0},
	    {"kind", 'k', "KIND", 0, "text (default), alert or rollcall", 0},
	    {"body", 'b', "NAME=VALUE", 0,
	     "what the kind says besides, as in 'cresset schema command-send', e.g. severity=Severe; as often as "
	     "needed",
	     0},
	    {"status", 'S', "STATUS", 0, "Actual (default), Exercise or Test", 0},
	    {0}};
	static const struct argp argp = {options, parse_send, "[TEXT]",
					 "Send a text, an alert or a roll call. It is stored when cresset says so; "
					 "--wait tells the rest.",
					 tool_common_options};
	struct send_arguments arguments = {0};
	tool_parse(&argp, argc, argv, &arguments);
	return send_text(&arguments);
}

struct ack_arguments {
	const char *id, *operator_id, *level;
	int eta_min; /* -1 = not given */
};

enum { ETA_MAX_MIN = 254 };

/* Only what a person at the base can truly say. */
static const char *human_level(const char *name)
{
	static const enum ack_level levels[] = {ACK_BASE_SEEN, ACK_RESPONDING, ACK_CLOSED};
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		if (strcasecmp(message_ack_level_name(levels[i]), name) == 0)
			return message_ack_level_name(levels[i]);
	return NULL;
}

static error_t check_ack(const struct ack_arguments *arguments, struct argp_state *state)
{
	if (arguments->eta_min >= 0 && strcmp(arguments->level, message_ack_level_name(ACK_RESPONDING)) != 0)
		argp_error(state, "--eta goes with --level RESPONDING only");
	if (!arguments->id)
		argp_error(state, "the ID of which incident? 'cresset status' lists them");
	if (!arguments->operator_id || !*arguments->operator_id)
		argp_error(state, "--operator NAME is needed: an acknowledgement says who gave it");
	else if (strlen(arguments->operator_id) >= MESSAGE_NAME_MAX)
		argp_error(state, "--operator takes at most %d bytes", MESSAGE_NAME_MAX - 1);
	return 0;
}

static int minutes(const char *text)
{
	char *end;
	long number = strtol(text, &end, 10);
	return end != text && !*end && number >= 0 && number <= ETA_MAX_MIN ? (int)number : -1;
}

static error_t parse_ack(int key, char *argument, struct argp_state *state)
{
	struct ack_arguments *arguments = state->input;
	switch (key) {
	case 'o':
		arguments->operator_id = argument;
		return 0;
	case 'l':
		arguments->level = human_level(argument);
		if (!arguments->level)
			argp_error(state, "--level is one of BASE_SEEN, RESPONDING, CLOSED");
		return 0;
	case 'e':
		arguments->eta_min = minutes(argument);
		if (arguments->eta_min < 0)
			argp_error(state, "--eta takes whole minutes, 0 to %d", ETA_MAX_MIN);
		return 0;
	case ARGP_KEY_ARG:
		if (arguments->id)
			argp_error(state, "one ID at a time");
		arguments->id = argument;
		return 0;
	case ARGP_KEY_END:
		return check_ack(arguments, state);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void print_level(const json_t *answer)
{
	text_print_of_id(answer, "level");
}

static int acknowledge(const struct ack_arguments *arguments)
{
	json_t *request = json_pack("{s:s, s:s, s:s, s:s}", "command", "ack", "id", arguments->id, "operator",
				    arguments->operator_id, "level", arguments->level);
	if (request && arguments->eta_min >= 0)
		json_object_set_new(request, "eta_min", json_integer(arguments->eta_min));
	if (!request) {
		tool_complain("the id or the operator's name is not UTF-8");
		return TOOL_USAGE;
	}
	return client_show(request, print_level);
}

int tool_ack(int argc, char **argv)
{
	static const struct argp_option options[] = {
	    {"operator", 'o', "NAME", 0, "duty name of who acknowledges, e.g. desk-1 (needed)", 0},
	    {"level", 'l', "LEVEL", 0, "BASE_SEEN (default), RESPONDING or CLOSED", 0},
	    {"eta", 'e', "MINUTES", 0, "with RESPONDING: the time that the station is told as an estimate", 0},
	    {0}};
	static const struct argp argp = {
	    options, parse_ack, "ID",
	    "Say that a person has seen an incident or a message, responds to it, or closes "
	    "it. Its station is told.",
	    tool_common_options};
	struct ack_arguments arguments = {.level = message_ack_level_name(ACK_BASE_SEEN), .eta_min = -1};
	tool_parse(&argp, argc, argv, &arguments);
	return acknowledge(&arguments);
}
