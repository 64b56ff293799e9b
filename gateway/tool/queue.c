/* cresset queue: what waits where, and until when. */
#include <stdlib.h>
#include <string.h>

#include "gateway/tool/client.h"
#include "gateway/tool/status.h"
#include "gateway/tool/table.h"
#include "gateway/tool/text.h"
#include "gateway/tool/tool.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static const struct table_column uplink_columns[] = {
    {"FOR HEADQUARTERS", "class", TABLE_TEXT},
    {"MESSAGES", "queued", TABLE_COUNT},
    {"BYTES", "queued_bytes", TABLE_BYTES},
    {"OLDEST SINCE", "oldest_s", TABLE_SECONDS},
};

/* Members of the rows made here, but for the names. */
static const struct table_column message_columns[] = {
    {"RADIO", "radio", TABLE_TEXT, true}, {"CLASS", "class", TABLE_TEXT}, {"KIND", "kind", TABLE_TEXT},
    {"TO", "to", TABLE_TEXT, true},       {"ID", "id", TABLE_TEXT, true}, {"SINCE", "since_s", TABLE_SECONDS},
    {"STAGE", "stage", TABLE_TEXT},       {"GOES", "goes", TABLE_TEXT},   {"WAITS FOR", "waits_for", TABLE_TEXT},
    {"EXPIRES", "expires", TABLE_TEXT},
};

static double number(const json_t *object, const char *member)
{
	return json_number_value(json_object_get(object, member));
}

static const char *word(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));
	return text ? text : "";
}

/* "in 4 min"; otherwise where the member is null. */
static const char *until(const json_t *row, const char *member, const char *otherwise,
			 char text[static 2 * TEXT_NUMBER_MAX])
{
	char buffer[TEXT_NUMBER_MAX];
	if (!json_is_number(json_object_get(row, member)))
		return otherwise;
	snprintf(text, 2 * (size_t)TEXT_NUMBER_MAX, "in %s", text_duration(number(row, member), buffer));
	return text;
}

/* "waiting", "on air 2/3", "awaiting, sent 2 times" */
static json_t *stage_of(const json_t *row)
{
	const char *stage = word(row, "stage");
	double parts = number(row, "parts"), repeats = number(row, "repeats");
	char text[160], part[64] = "", repeat[64] = "";
	if (parts > 1)
		snprintf(part, sizeof(part), " %.0f/%.0f", number(row, "parts_done"), parts);
	if (repeats > 0)
		snprintf(repeat, sizeof(repeat), ", %.0f %s", repeats, repeats > 1 ? "repeats" : "repeat");
	snprintf(text, sizeof(text), "%.31s%s%s", strcmp(stage, "on_air") == 0 ? "on air" : stage, part, repeat);
	return json_string(text);
}

static const char *goes(const json_t *row, char text[static 2 * TEXT_NUMBER_MAX])
{
	if (strcmp(word(row, "stage"), "on_air") == 0)
		return "now";
	if (json_is_number(json_object_get(row, "go_in_s")) && number(row, "go_in_s") <= 0)
		return "next";
	return until(row, "go_in_s", strcmp(word(row, "why"), "turn") == 0 ? "in its turn" : NULL, text);
}

/* What is on the air waits for nothing, and its turn is no news. */
static const char *waits_for(const json_t *row)
{
	const char *why = word(row, "why");
	if (strcmp(word(row, "stage"), "on_air") == 0 || strcmp(why, "turn") == 0)
		return NULL;
	return strcmp(why, "radio") == 0       ? "the radio"
	       : strcmp(why, "listening") == 0 ? "listening time"
	       : strcmp(why, "neighbour") == 0 ? "a neighbour"
					       : why;
}

/* A row for people, of a row of cressetd's. */
static json_t *shown_row(const json_t *row)
{
	char goes_text[2 * TEXT_NUMBER_MAX], expires_text[2 * TEXT_NUMBER_MAX], class[64];
	const char *expires = until(row, "expires_in_s", NULL, expires_text);
	json_t *shown = json_object();
	json_object_update(shown, (json_t *)row);
	snprintf(class, sizeof(class), "%.31s%s", word(row, "class"),
		 json_is_true(json_object_get(row, "exercise")) ? " (exercise)" : "");
	json_object_set_new(shown, "class", json_string(class));
	if (!*word(row, "to"))
		json_object_set_new(shown, "to", json_string("all"));
	json_object_set_new(shown, "stage", stage_of(row));
	const char *go = goes(row, goes_text), *why = waits_for(row);
	json_object_set_new(shown, "goes", go ? json_string(go) : json_null());
	json_object_set_new(shown, "waits_for", why ? json_string(why) : json_null());
	json_object_set_new(shown, "expires", expires ? json_string(expires) : json_string("never"));
	return shown;
}

static void print_messages(const json_t *messages, double more)
{
	json_t *rows = json_array();
	size_t index;
	json_t *row;
	json_array_foreach(messages, index, row)
	{
		if (json_is_object(row))
			json_array_append_new(rows, shown_row(row));
	}
	if (json_array_size(rows) == 0)
		puts("Nothing waits for the field.");
	table_print(stdout, rows, message_columns, COUNT_OF(message_columns), status_width());
	if (more > 0)
		printf("%.0f more are not shown: on each radio those that go first.\n", more);
	json_decref(rows);
}

/* Only the classes of which something waits. */
static void print_uplink(const json_t *classes)
{
	json_t *rows = json_array();
	size_t index;
	json_t *class;
	json_array_foreach(classes, index, class)
	{
		if (number(class, "queued") > 0)
			json_array_append(rows, class);
	}
	if (json_array_size(rows) == 0)
		puts("Nothing waits for headquarters.");
	table_print(stdout, rows, uplink_columns, COUNT_OF(uplink_columns), status_width());
	json_decref(rows);
	putchar('\n');
}

static void print_queue(const json_t *queue)
{
	print_uplink(json_object_get(queue, "uplink"));
	print_messages(json_object_get(queue, "messages"), number(queue, "more"));
}

static error_t parse_queue(int key, char *argument, struct argp_state *state)
{
	if (key != 'r')
		return ARGP_ERR_UNKNOWN;
	*(const char **)state->input = argument;
	return 0;
}

int tool_queue(int argc, char **argv)
{
	static const struct argp_option options[] = {{"radio", 'r', "NAME", 0, "only what waits for this radio", 0},
						     {0}};
	static const struct argp argp = {
	    options, parse_queue, NULL,
	    "What is on its way to the field, radio by radio, with when it goes, what it waits for "
	    "and when it expires; and how much waits for headquarters.",
	    tool_common_options};
	const char *radio = NULL;
	tool_parse(&argp, argc, argv, &radio);
	return client_show(json_pack("{s:s, s:s*}", "command", "queue", "radio", radio), print_queue);
}
