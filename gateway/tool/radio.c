/* cresset radio: what one radio is, and examinations of its modules. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/tool/client.h"
#include "gateway/tool/table.h"
#include "gateway/tool/text.h"
#include "gateway/tool/tool.h"

enum { FINDING_TIMEOUT_MS = 90000 }; /* cressetd gives up an examination that finds nothing for a minute */

static const char *const actions[] = {"info", "test", "scan"};

struct radio_arguments {
	const char *name, *action;
};

static const char *find_action(const char *name)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(*actions); i++)
		if (strcmp(actions[i], name) == 0)
			return actions[i];
	return NULL;
}

static error_t parse_radio(int key, char *argument, struct argp_state *state)
{
	struct radio_arguments *arguments = state->input;
	if (key == ARGP_KEY_END && !arguments->action)
		argp_error(state, "which radio, and what: info, test or scan?");
	if (key != ARGP_KEY_ARG)
		return key == ARGP_KEY_END ? 0 : ARGP_ERR_UNKNOWN;
	if (arguments->action)
		argp_error(state, "one radio and one of info, test, scan");
	if (!arguments->name) {
		arguments->name = argument;
		return 0;
	}
	arguments->action = find_action(argument);
	if (!arguments->action)
		argp_error(state, "what is to be done is one of info, test, scan");
	return 0;
}

/* ---- info ---- */

static void print_given(const char *head, const json_t *object, const char *member)
{
	char *text = text_member(object, member, "");
	if (text && *text)
		printf("%-9s %s\n", head, text);
	free(text);
}

static void print_pair(const char *head, const json_t *object, const char *member, const char *second)
{
	char *text = text_member(object, member, ""), *more = text_member(object, second, "");
	if (text && *text && more && *more && strcmp(text, more) != 0)
		printf("%-9s %s (%s)\n", head, text, more);
	else if (text && *text)
		printf("%-9s %s\n", head, text);
	free(text);
	free(more);
}

static void print_lines(const json_t *lines)
{
	size_t index;
	json_t *line;
	json_array_foreach(lines, index, line)
	{
		char *name = text_member(line, "name", "?"), *wired = text_member(line, "wired", "");
		const json_t *level = json_object_get(line, "level");
		printf("%-9s %-6s %-7s", index ? "" : "lines", name ? name : "?",
		       json_is_true(json_object_get(line, "output")) ? "output" : "input");
		if (!wired || !*wired)
			fputs("not wired\n", stdout);
		else
			printf("%s  %s\n", json_is_integer(level) ? (json_integer_value(level) ? "on " : "off") : "?  ",
			       wired);
		free(name);
		free(wired);
	}
}

static void print_counters(const json_t *counters)
{
	static const struct table_column columns[] = {{"COUNTER", "name", TABLE_TEXT}, {"VALUE", "value", TABLE_COUNT}};
	putchar('\n');
	table_print(stdout, counters, columns, sizeof(columns) / sizeof(*columns), 0);
}

static void print_info(const json_t *info)
{
	print_given("radio", info, "name");
	print_given("state", info, "state");
	print_given("fault", info, "fault");
	print_given("wrong", info, "text");
	print_given("modem", info, "modem");
	print_given("air", info, "air");
	print_pair("device", info, "device", "resolved");
	print_given("control", info, "control");
	print_pair("its device", info, "control_device", "control_resolved");
	print_given("model", info, "model");
	print_given("firmware", info, "firmware");
	print_lines(json_object_get(info, "lines"));
	print_counters(json_object_get(info, "counters"));
}

static int show_info(struct client *client)
{
	json_t *info;
	int result = client_expect(client, CLIENT_TIMEOUT_MS, &info);
	if (result != TOOL_OK)
		return result;
	if (tool_options.json)
		text_print_json(stdout, info);
	else
		print_info(info);
	json_decref(info);
	return TOOL_OK;
}

/* ---- examinations ---- */

static void print_finding(const json_t *line)
{
	char *name = text_member(line, "name", "?"), *value = text_member(line, "value", "?");
	printf("%-24s %s\n", name ? name : "?", value ? value : "?");
	free(name);
	free(value);
}

/* The last line; says why it failed. */
static int conclude(const json_t *line)
{
	char *why = text_member(line, "failed", "");
	bool failed = !why || *why;
	if (failed)
		tool_complain("the examination failed: %s", why ? why : "out of memory");
	free(why);
	return failed ? TOOL_REFUSED : TOOL_OK;
}

static int follow(struct client *client)
{
	json_t *line;
	for (;;) {
		int result = client_expect(client, FINDING_TIMEOUT_MS, &line);
		if (result != TOOL_OK)
			return result;
		bool end = json_is_true(json_object_get(line, "end"));
		if (tool_options.json)
			text_print_json(stdout, line);
		else if (!end)
			print_finding(line);
		fflush(stdout);
		result = end ? conclude(line) : TOOL_OK;
		json_decref(line);
		if (end)
			return result;
	}
}

int tool_radio(int argc, char **argv)
{
	static const struct argp argp = {
	    NULL, parse_radio, "NAME info|test|scan",
	    "Show everything about one radio (info); ask its modules anew, compare their "
	    "settings and measure what they can, "
	    "without transmitting (test); look for signals on the channels they can hear "
	    "(scan). Not every modem can do "
	    "the last two. While a radio scans it may be deaf on its own channel for half a "
	    "minute, also to a distress.",
	    tool_common_options};
	struct radio_arguments arguments = {0};
	struct client *client;
	tool_parse(&argp, argc, argv, &arguments);
	json_t *request = json_pack("{s:s, s:s, s:s}", "command", "radio", "radio", arguments.name, "do",
				    arguments.action);
	if (!request) {
		tool_complain("the radio's name is not UTF-8");
		return TOOL_USAGE;
	}
	int result = client_start(&client, request);
	if (result == TOOL_OK)
		result = strcmp(arguments.action, "info") == 0 ? show_info(client) : follow(client);
	client_close(client);
	return result;
}
