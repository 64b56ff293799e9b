/* Words between gateways. */
#include "gateway/json_neighbour.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "gateway/json_command.h"
#include "gateway/json_parts.h"

enum { REPORT_SIZE_MAX = 1024, REPORT_DEPTH_MAX = 2, HOPS_MAX = 255 };

/* ---- whom a gateway heard ---- */

char *json_reach(const struct reach_report *report, size_t *size)
{
	struct message_heard heard = report->heard;
	struct writer writer = writer_new();
	heard.path[0] = '\0';
	writer_text(&writer, "kind", "reach", SIZE_MAX);
	WRITER_TEXT(&writer, "gateway", report->gateway);
	WRITER_TEXT(&writer, "station", report->station);
	WRITER_TEXT(&writer, "radio", report->radio);
	writer_time(&writer, "at", report->at_ms);
	json_put_heard(&writer, &heard);
	return writer_finish(&writer, size);
}

int json_reach_topic(const struct reach_report *report, char *topic, size_t size)
{
	if (!command_is_token(report->gateway) || !command_is_token(report->station))
		return -EINVAL;
	int length = snprintf(topic, size, "gw/%s/reach/%s", report->gateway, report->station);
	return length >= 0 && (size_t)length < size ? length : -EMSGSIZE;
}

/* Copies the level of a topic that begins at *at into room, up to the next slash or the end, and goes behind it. */
static bool take_level(const char **at, char *room, size_t size)
{
	size_t length = strcspn(*at, "/");
	if (length == 0 || length >= size)
		return false;
	memcpy(room, *at, length);
	room[length] = '\0';
	*at += length + ((*at)[length] == '/');
	return command_is_token(room);
}

static bool take_word(const char **at, const char *word)
{
	size_t length = strlen(word);
	if (strncmp(*at, word, length) != 0)
		return false;
	*at += length;
	return true;
}

static bool read_topic(const char *topic, struct reach_report *report)
{
	return take_word(&topic, "gw/") && take_level(&topic, report->gateway, sizeof(report->gateway)) &&
	       take_word(&topic, "reach/") && !strchr(topic, '/') &&
	       take_level(&topic, report->station, sizeof(report->station));
}

/* A number within bounds; not given leaves what stands there. */
static bool take_measure(const json_t *object, const char *name, double low, double high, double *value)
{
	const json_t *given = json_object_get(object, name);
	if (!given)
		return true;
	*value = json_number_value(given);
	return json_is_number(given) && *value >= low && *value <= high;
}

static bool read_heard(const json_t *object, struct message_heard *heard)
{
	double hops = -1;
	if (object && !json_is_object(object))
		return false;
	if (!take_measure(object, "rssi_dbm", -200, 50, &heard->rssi_dbm) ||
	    !take_measure(object, "snr_db", -100, 100, &heard->snr_db) ||
	    !take_measure(object, "hops", 0, HOPS_MAX, &hops) || hops != floor(hops))
		return false;
	heard->hops = (int)hops;
	return true;
}

static bool is_text(const json_t *object, const char *name, const char *wanted)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text && strcmp(text, wanted) == 0;
}

static bool read_report(const json_t *object, struct reach_report *report)
{
	const char *radio = json_string_value(json_object_get(object, "radio"));
	const char *at = json_string_value(json_object_get(object, "at"));
	if (!is_text(object, "kind", "reach") || !is_text(object, "station", report->station) ||
	    !is_text(object, "gateway", report->gateway))
		return false;
	if (radio && strlen(radio) < sizeof(report->radio) && command_is_token(radio))
		memcpy(report->radio, radio, strlen(radio) + 1);
	report->at_ms = at ? json_parse_time(at) : 0;
	return read_heard(json_object_get(object, "heard"), &report->heard);
}

/* NULL: no object, too large or too deep. */
static json_t *load(const void *json, size_t size, size_t most)
{
	if (size == 0 || size > most)
		return NULL;
	json_t *object = json_loadb(json, size, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

int json_parse_reach(const char *topic, const void *json, size_t size, struct reach_report *report)
{
	*report = (struct reach_report){.heard = {.rssi_dbm = NAN, .snr_db = NAN, .hops = -1}};
	json_t *object = read_topic(topic, report) ? load(json, size, REPORT_SIZE_MAX) : NULL;
	bool sound = object && read_report(object, report);
	json_decref(object);
	return sound ? 0 : -EINVAL;
}
