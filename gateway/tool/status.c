/* cresset status: what the gateway is doing, once. */
#include "gateway/tool/status.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "gateway/tool/client.h"
#include "gateway/tool/table.h"
#include "gateway/tool/text.h"
#include "gateway/tool/tool.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static const struct table_column radio_columns[] = {
    {"RADIO", "name", TABLE_TEXT},
    {"STATE", "state", TABLE_TEXT},
    {"MODEM", "modem", TABLE_TEXT},
    {"MODEL", "model", TABLE_TEXT, true},
    {"AIR", "air", TABLE_TEXT},
    {"DEVICE", "device", TABLE_TEXT, true},
    {"IN", "bytes_in", TABLE_BYTES},
    {"OUT", "bytes_out", TABLE_BYTES},
    {"DATAGRAMS", "datagrams", TABLE_COUNT},
    {"HEARD", "heard", TABLE_COUNT},
    {"SENT", "sent", TABLE_COUNT},
    {"QUEUED", "queued", TABLE_COUNT},
    {"LAST HEARD", "last_heard_s", TABLE_SECONDS},
};

static const struct table_column brief_radio_columns[] = {
    {"RADIO", "name", TABLE_TEXT, true}, {"STATE", "state", TABLE_TEXT},    {"FAULT", "fault", TABLE_TEXT},
    {"IN", "bytes_in", TABLE_BYTES},     {"OUT", "bytes_out", TABLE_BYTES}, {"HEARD", "heard", TABLE_COUNT},
    {"SENT", "sent", TABLE_COUNT},       {"QUEUED", "queued", TABLE_COUNT}, {"LAST", "last_heard_s", TABLE_SECONDS},
};

static const struct table_column class_columns[] = {
    {"CLASS", "class", TABLE_TEXT},
    {"QUEUED", "queued", TABLE_COUNT},
    {"BYTES", "queued_bytes", TABLE_BYTES},
    {"HELD", "held", TABLE_COUNT},
    {"OLDEST", "oldest_s", TABLE_SECONDS},
    {"DELIVERED", "delivered", TABLE_COUNT},
    {"P50", "latency_p50_ms", TABLE_MILLISECONDS},
    {"P95", "latency_p95_ms", TABLE_MILLISECONDS},
};

static const struct table_column incident_columns[] = {
    {"INCIDENT", "id", TABLE_TEXT},
    {"STATION", "station", TABLE_TEXT},
    {"RADIO", "radio", TABLE_TEXT, true},
    {"STATUS", "status", TABLE_TEXT},
    {"AUTHENTICITY", "authenticity", TABLE_TEXT},
    {"LEVEL", "level", TABLE_TEXT},
    {"OPERATOR", "operator", TABLE_TEXT, true},
    {"COUNT", "count", TABLE_COUNT},
    {"FIRST", "first_at", TABLE_TEXT, true},
    {"LAST", "last_at", TABLE_TEXT, true},
    {"LAT", "lat", TABLE_DEGREES},
    {"LON", "lon", TABLE_DEGREES},
};

static const struct table_column airtime_columns[] = {
    {"AIRTIME", "radio", TABLE_TEXT, true},  {"BAND", "band", TABLE_TEXT},
    {"LIMIT", "limit_s", TABLE_AIRTIME},     {"SPENT", "spent_s", TABLE_AIRTIME},
    {"LEFT", "left_s", TABLE_AIRTIME},       {"FOR ALERTS", "left_for_alerts_s", TABLE_AIRTIME},
    {"RESERVE", "reserve_s", TABLE_AIRTIME}, {"MORE IN", "more_in_s", TABLE_SECONDS},
    {"LISTENING", "listening", TABLE_TEXT},
};

static const struct table_column panel_columns[] = {
    {"PANEL", "name", TABLE_TEXT},  {"", "direction", TABLE_TEXT},      {"STATE", "state", TABLE_TEXT},
    {"FAULT", "fault", TABLE_TEXT}, {"LINE", "line", TABLE_TEXT, true},
};

static const struct table_column drop_columns[] = {
    {"DROPPED BY", "group", TABLE_TEXT}, {"REASON", "reason", TABLE_TEXT}, {"COUNT", "count", TABLE_COUNT}};

static const struct table_column counter_columns[] = {
    {"GROUP", "group", TABLE_TEXT}, {"COUNTER", "name", TABLE_TEXT}, {"VALUE", "value", TABLE_COUNT}};

size_t status_width(void)
{
	struct winsize size;
	if (!isatty(STDOUT_FILENO))
		return 0;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

static double number(const json_t *object, const char *member)
{
	return json_number_value(json_object_get(object, member));
}

static bool is_given(const json_t *object, const char *member)
{
	return json_is_number(json_object_get(object, member));
}

static void print_member(FILE *stream, const char *head, const json_t *object, const char *member)
{
	char *text = text_member(object, member, "?");
	fprintf(stream, "%s%s", head, text ? text : "?");
	free(text);
}

/* A text of the gateway's own, where it has something to say. */
static void print_remark(FILE *stream, const char *head, const json_t *object)
{
	char *text = text_member(object, "text", "");
	if (text && *text)
		fprintf(stream, "%s%s", head, text);
	free(text);
}

static void print_gateway(FILE *stream, const json_t *status)
{
	char buffer[TEXT_NUMBER_MAX];
	print_member(stream, "gateway  ", status, "gateway");
	print_member(stream, ", operation ", status, "operation");
	print_member(stream, ", version ", status, "version");
	fprintf(stream, ", up %s", text_duration(number(status, "uptime_s"), buffer));
	print_member(stream, ", clock ", status, "clock");
	fputc('\n', stream);
}

static void print_link(FILE *stream, const json_t *uplink)
{
	char buffer[TEXT_NUMBER_MAX];
	if (number(uplink, "protocol") > 0)
		fprintf(stream, ", MQTT %s", number(uplink, "protocol") == 5 ? "5" : "3.1.1");
	if (json_is_false(json_object_get(uplink, "reason_codes")))
		fputs(" (this broker cannot say that nobody listens)", stream);
	fprintf(stream, "\nlink     rate %s", text_rate(number(uplink, "rate_bps"), buffer));
	if (is_given(uplink, "rtt_ms"))
		fprintf(stream, ", RTT %s", text_milliseconds(number(uplink, "rtt_ms"), buffer));
	if (is_given(uplink, "min_rtt_ms"))
		fprintf(stream, " (best %s)", text_milliseconds(number(uplink, "min_rtt_ms"), buffer));
	fprintf(stream, ", window %s unacknowledged", text_bytes(number(uplink, "unacknowledged_bytes"), buffer));
	fprintf(stream, ", %.0f urgent waiting\n", number(uplink, "urgent_waiting"));
}

static void print_uplink(FILE *stream, const json_t *uplink)
{
	bool connected = json_is_true(json_object_get(uplink, "connected"));
	print_member(stream, connected ? "uplink   connected to " : "uplink   NOT connected to ", uplink, "broker");
	if (!connected)
		print_remark(stream, ": ", uplink);
	print_link(stream, uplink);
}

static void print_store(FILE *stream, const json_t *store)
{
	char buffer[TEXT_NUMBER_MAX];
	print_member(stream, "store    ", store, "health");
	fprintf(stream, ", %s written", text_bytes(number(store, "bytes_written"), buffer));
	print_remark(stream, ": ", store);
	fputc('\n', stream);
}

/* Only what is wrong: that keys are in use is no news. */
static void print_keys(FILE *stream, const json_t *keys)
{
	const char *text = json_string_value(json_object_get(keys, "text"));
	if (!text || !*text)
		return;
	fputs(json_is_true(json_object_get(keys, "usable")) ? "keys     those read before stay in use"
							    : "keys     none: no station is verified",
	      stream);
	print_remark(stream, ": ", keys);
	fputc('\n', stream);
}

/* What is wrong with a radio or a line does not fit into a table. */
static void print_panel_faults(FILE *stream, const json_t *lines)
{
	size_t index;
	json_t *line;
	json_array_foreach(lines, index, line)
	{
		const char *fault = json_string_value(json_object_get(line, "fault"));
		if (!fault || !fault[0])
			continue;
		print_member(stream, "panel: ", line, "name");
		print_remark(stream, ": ", line);
		fputc('\n', stream);
	}
}

static void print_faults(FILE *stream, const json_t *radios)
{
	size_t index;
	json_t *radio;
	json_array_foreach(radios, index, radio)
	{
		const char *state = json_string_value(json_object_get(radio, "state"));
		const char *text = json_string_value(json_object_get(radio, "text"));
		if (state && strcmp(state, "up") == 0 && (!text || !*text))
			continue;
		print_member(stream, "", radio, "state");
		print_member(stream, ": radio ", radio, "name");
		print_remark(stream, ": ", radio);
		fputc('\n', stream);
	}
}

/* Of the radio, or NULL if nothing is known of its airtime. */
static json_t *airtime_row(const json_t *radio)
{
	const json_t *airtime = json_object_get(radio, "airtime");
	if (!json_is_object(airtime))
		return NULL;
	char listening[32];
	double share = number(airtime, "listening_share_pct");
	json_t *row = json_copy((json_t *)airtime);
	json_object_set(row, "radio", json_object_get(radio, "name"));
	if (share > 0 && share < 100) {
		snprintf(listening, sizeof(listening), "%.0f %%", 100 - share);
		json_object_set_new(row, "listening", json_string(listening));
	}
	return row;
}

/* In red on a terminal: somebody has to send it another way. */
static void print_waiting_alert(FILE *stream, const json_t *radio, size_t width)
{
	const json_t *airtime = json_object_get(radio, "airtime");
	char *until = text_member(airtime, "alert_waits_until", "");
	if (json_is_true(json_object_get(airtime, "alert_waits"))) {
		fputs(width ? "\033[1;31m" : "", stream);
		print_member(stream, "radio ", radio, "name");
		fputs(": alerts wait for airtime", stream);
		if (until && strlen(until) > 16)
			fprintf(stream, " until %.5sZ", until + 11);
		fputs(width ? "\033[0m\n" : "\n", stream);
	}
	free(until);
}

static void print_waiting_alerts(FILE *stream, const json_t *radios, size_t width)
{
	size_t index;
	json_t *radio;
	json_array_foreach(radios, index, radio)
	{
		print_waiting_alert(stream, radio, width);
	}
}

static void print_airtime(FILE *stream, const json_t *radios, size_t width)
{
	json_t *rows = json_array();
	size_t index;
	json_t *radio;
	json_array_foreach(radios, index, radio)
	{
		json_t *row = airtime_row(radio);
		if (row)
			json_array_append_new(rows, row);
	}
	if (json_array_size(rows) > 0)
		fputc('\n', stream);
	table_print(stream, rows, airtime_columns, COUNT_OF(airtime_columns), width);
	json_decref(rows);
}

static void print_table(FILE *stream, const json_t *status, const char *member, const struct table_column *columns,
			size_t count, size_t width)
{
	const json_t *rows = json_object_get(status, member);
	if (json_array_size(rows) == 0)
		return;
	fputc('\n', stream);
	table_print(stream, rows, columns, count, width);
}

void status_print(FILE *stream, const json_t *status, bool brief, size_t width)
{
	print_gateway(stream, status);
	print_uplink(stream, json_object_get(status, "uplink"));
	print_store(stream, json_object_get(status, "store"));
	print_keys(stream, json_object_get(status, "keys"));
	print_waiting_alerts(stream, json_object_get(status, "radios"), width);
	print_table(stream, status, "incidents", incident_columns, COUNT_OF(incident_columns), width);
	print_table(stream, status, "classes", class_columns, COUNT_OF(class_columns), width);
	if (brief)
		print_table(stream, status, "radios", brief_radio_columns, COUNT_OF(brief_radio_columns), width);
	else
		print_table(stream, status, "radios", radio_columns, COUNT_OF(radio_columns), width);
	print_faults(stream, json_object_get(status, "radios"));
	print_airtime(stream, json_object_get(status, "radios"), width);
	if (!brief)
		print_table(stream, status, "panel", panel_columns, COUNT_OF(panel_columns), width);
	print_panel_faults(stream, json_object_get(status, "panel"));
	print_table(stream, status, "drops", drop_columns, COUNT_OF(drop_columns), width);
}

static void print_status(const json_t *status)
{
	status_print(stdout, status, false, status_width());
}

static void print_all(const json_t *status)
{
	print_status(status);
	print_table(stdout, status, "counters", counter_columns, COUNT_OF(counter_columns), status_width());
}

static error_t parse_status(int key, char *argument, struct argp_state *state)
{
	(void)argument;
	if (key != 'c')
		return ARGP_ERR_UNKNOWN;
	*(bool *)state->input = true;
	return 0;
}

int tool_status(int argc, char **argv)
{
	static const struct argp_option options[] = {{"counters", 'c', NULL, 0, "all counters too", 0}, {0}};
	static const struct argp argp = {
	    options, parse_status, NULL,
	    "What the gateway is doing: uplink, store, open incidents, queues, radios, panel, drops.",
	    tool_common_options};
	bool counters = false;
	tool_parse(&argp, argc, argv, &counters);
	return client_show(json_pack("{s:s}", "command", "status"), counters ? print_all : print_status);
}
