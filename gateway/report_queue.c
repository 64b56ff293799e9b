/* What waits where and until when, for `cresset queue`. */
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/report.h"

enum {
	ROWS_MAX = 300,     /* in all: an answer stays far below what is kept for a client that reads slowly */
	RADIO_ROWS_MIN = 20 /* of each radio, however many there are */
};

/* ---- for headquarters ---- */

static bool show(void *context, const struct entry *entry)
{
	struct schedule_level *levels = context;
	enum message_class class = (enum message_class)entry->class, shown = entry_shown_class(entry);
	if (shown == class)
		return true;
	size_t bytes = entry_footprint(entry);
	levels[class].entries--;
	levels[class].bytes -= bytes;
	levels[shown].entries++;
	levels[shown].bytes += bytes;
	if (!levels[class].entries)
		levels[class].oldest_ms = 0;
	if (!levels[shown].oldest_ms || entry->accepted_at_ms < levels[shown].oldest_ms)
		levels[shown].oldest_ms = entry->accepted_at_ms;
	return true;
}

void report_shown_levels(const struct schedule *schedule, struct schedule_level levels[static CLASS_COUNT])
{
	for (int class = 0; class < CLASS_COUNT; class ++)
		levels[class] = schedule_level(schedule, (enum message_class) class);
	if (levels[CLASS_DISTRESS].entries)
		schedule_each(schedule, show, levels);
	if (levels[CLASS_DISTRESS].held > levels[CLASS_DISTRESS].entries)
		levels[CLASS_DISTRESS].held = levels[CLASS_DISTRESS].entries;
}

static json_t *since_s(int64_t since_ms, int64_t now_ms)
{
	return since_ms ? json_integer(now_ms > since_ms ? (now_ms - since_ms) / 1000 : 0) : json_null();
}

static json_t *uplink_array(const struct schedule *schedule, int64_t now_ms)
{
	struct schedule_level levels[CLASS_COUNT];
	json_t *array = json_array();
	report_shown_levels(schedule, levels);
	for (int class = 0; class < CLASS_COUNT; class ++)
		json_array_append_new(array,
				      json_pack("{s:s, s:I, s:I, s:I, s:o}", "class",
						message_class_name((enum message_class) class), "queued",
						(json_int_t)levels[class].entries, "queued_bytes",
						(json_int_t)levels[class].bytes, "held", (json_int_t)levels[class].held,
						"oldest_s", since_s(levels[class].oldest_ms, now_ms)));
	return array;
}

/* ---- for the field ---- */

/* Rounded up: who looks again then finds it done. */
static json_t *in_s(int64_t at_ms, int64_t now_ms)
{
	if (at_ms <= 0 || at_ms == INT64_MAX)
		return json_null();
	return json_integer(at_ms > now_ms ? (at_ms - now_ms + 999) / 1000 : 0);
}

/* No content, and of a check-in no more than any other tells. */
json_t *report_queue_row(const struct outgoing_item *item, int64_t now_ms)
{
	const struct entry *entry = item->entry;
	json_t *row = json_pack(
	    "{s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:I, s:I, s:I, s:o, s:s, s:o}", "radio", item->radio, "class",
	    message_class_name(entry_shown_class(entry)), "kind", message_kind_name((enum message_kind)entry->kind),
	    "id", entry_id(entry), "to", item->to, "since_s", since_s(entry->accepted_at_ms, now_ms), "stage",
	    outgoing_stage_name(item->stage), "parts", (json_int_t)item->parts, "parts_done",
	    (json_int_t)item->parts_done, "repeats", (json_int_t)item->repeats, "go_in_s", in_s(item->go_at_ms, now_ms),
	    "why", item->why ? item->why : "", "expires_in_s", in_s(entry->expires_at_ms, now_ms));
	if (row && entry->exercise)
		json_object_set_new(row, "exercise", json_true());
	return row;
}

struct rows {
	json_t *array;
	const char *wanted; /* radio, NULL = all */
	const char *radio;  /* of the last item */
	size_t of_radio, radio_max, left_out;
	int64_t now_ms;
};

/* Each radio has its part of the rows: what one has too many of must not hide the others. */
static bool add_row(void *context, const struct outgoing_item *item)
{
	struct rows *rows = context;
	if (rows->wanted && strcmp(rows->wanted, item->radio) != 0)
		return true;
	if (!rows->radio || strcmp(rows->radio, item->radio) != 0)
		rows->of_radio = 0;
	rows->radio = item->radio;
	if (rows->of_radio++ < rows->radio_max)
		json_array_append_new(rows->array, report_queue_row(item, rows->now_ms));
	else
		rows->left_out++;
	return true;
}

json_t *report_queue(const struct report *report, const char *radio)
{
	size_t share = report->settings->radio_count > 0 ? ROWS_MAX / report->settings->radio_count : ROWS_MAX;
	struct rows rows = {.array = json_array(),
			    .wanted = radio,
			    .radio_max = radio                    ? ROWS_MAX
					 : share < RADIO_ROWS_MIN ? RADIO_ROWS_MIN
								  : share,
			    .now_ms = clock_steady_ms()};
	outgoing_each(route_outgoing(report->route), add_row, &rows);
	return json_pack("{s:o, s:I, s:o}", "messages", rows.array, "more", (json_int_t)rows.left_out, "uplink",
			 uplink_array(route_uplink_schedule(report->route), rows.now_ms));
}
