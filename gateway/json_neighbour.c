/* Words between gateways. */
#include "gateway/json_neighbour.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/json_command.h"
#include "gateway/json_parts.h"

enum { REPORT_SIZE_MAX = 1024, STATE_SIZE_MAX = 65536, RECEIPT_SIZE_MAX = 8192, HOPS_MAX = 255, DIGITS = 16 };

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

/* ---- whether a gateway is there ---- */

static bool read_presence(const json_t *object, struct presence *presence)
{
	const json_t *session = json_object_get(object, "session");
	presence->online = is_text(object, "state", "online");
	presence->session = (uint64_t)json_integer_value(session);
	return is_text(object, "kind", "state") && is_text(object, "gateway", presence->gateway) &&
	       (presence->online || is_text(object, "state", "offline")) && json_is_integer(session) &&
	       json_integer_value(session) >= 0;
}

int json_parse_presence(const char *topic, const void *json, size_t size, struct presence *presence)
{
	*presence = (struct presence){.session = UINT64_MAX};
	if (!take_word(&topic, "gw/") || !take_level(&topic, presence->gateway, sizeof(presence->gateway)) ||
	    strcmp(topic, "state") != 0)
		return -EINVAL;
	if (size == 0)
		return 0;
	json_t *object = load(json, size, STATE_SIZE_MAX);
	bool sound = object && read_presence(object, presence);
	json_decref(object);
	return sound ? 0 : -EINVAL;
}

/* ---- what one gateway hands to another ---- */

void json_handed_id(const char *gateway, uint64_t number, char id[static COMMAND_ID_MAX + 1])
{
	snprintf(id, COMMAND_ID_MAX + 1, "n-%.*s-%016llx", MESSAGE_NAME_MAX - 1, gateway, (unsigned long long)number);
}

bool json_handed_by(const char *id, char gateway[static MESSAGE_NAME_MAX])
{
	size_t size = strlen(id);
	if (strncmp(id, "n-", 2) != 0 || size < 2 + 1 + 1 + DIGITS || id[size - DIGITS - 1] != '-' ||
	    strspn(id + size - DIGITS, "0123456789abcdef") != DIGITS)
		return false;
	size_t name = size - 2 - 1 - DIGITS;
	if (name >= MESSAGE_NAME_MAX)
		return false;
	memcpy(gateway, id + 2, name);
	gateway[name] = '\0';
	return command_is_token(gateway);
}

bool json_is_handed(const char *id)
{
	char gateway[MESSAGE_NAME_MAX];
	return json_handed_by(id, gateway);
}

char *json_order(const struct message *message, int64_t expires_at_ms, size_t *size)
{
	char time[32], member[64];
	char *json = json_outgoing(message, NULL, size);
	if (!json || expires_at_ms <= 0)
		return json;
	int length = snprintf(member, sizeof(member), ",\"expires_at\":\"%s\"}", json_time(expires_at_ms, time));
	char *longer = realloc(json, *size + (size_t)length);
	if (!longer) {
		free(json);
		return NULL;
	}
	/* In place of the last brace. */
	memcpy(longer + *size - 1, member, (size_t)length + 1);
	*size += (size_t)length - 1;
	return longer;
}

int json_order_topic(const char *what, const char *to, const char *own, char *topic, size_t size)
{
	if (!command_is_token(to) || !command_is_token(own))
		return -EINVAL;
	int length = snprintf(topic, size, "gw/%s/down/gw/%s/%s", to, own, what);
	return length >= 0 && (size_t)length < size ? length : -EMSGSIZE;
}

char *json_recall(const char *id, const char *order, size_t *size)
{
	struct writer writer = writer_new();
	writer_text(&writer, "id", id, SIZE_MAX);
	writer_text(&writer, "ref", order, SIZE_MAX);
	return writer_finish(&writer, size);
}

bool json_is_handed_receipt(const char *topic, char gateway[static MESSAGE_NAME_MAX])
{
	return take_word(&topic, "gw/") && take_level(&topic, gateway, MESSAGE_NAME_MAX) &&
	       strcmp(topic, "receipt") == 0;
}

static bool take_stage(const json_t *value, enum receipt_stage *stage)
{
	const char *name = json_string_value(value);
	for (unsigned i = RECEIPT_QUEUED; name && i <= RECEIPT_CANCELLED; i++)
		if (strcmp(name, receipt_stage_name((enum receipt_stage)i)) == 0) {
			*stage = (enum receipt_stage)i;
			return true;
		}
	return false;
}

/* A code goes on into a receipt of this gateway. */
static bool is_code(const char *text)
{
	return text[0] &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:-") == strlen(text);
}

static bool read_receipt(const json_t *body, struct handed_receipt *receipt)
{
	const char *id = json_string_value(json_object_get(body, "command"));
	const char *code = json_string_value(json_object_get(body, "code"));
	if (!id || strlen(id) >= sizeof(receipt->id) || !json_is_handed(id) ||
	    !take_stage(json_object_get(body, "stage"), &receipt->stage))
		return false;
	if (code && (strlen(code) >= sizeof(receipt->code) || !is_code(code)))
		return false;
	memcpy(receipt->id, id, strlen(id) + 1);
	if (code)
		memcpy(receipt->code, code, strlen(code) + 1);
	receipt->assumed = json_is_true(json_object_get(body, "assumed"));
	return true;
}

int json_parse_handed_receipt(const void *json, size_t size, struct handed_receipt *receipt)
{
	*receipt = (struct handed_receipt){.stage = RECEIPT_FAILED};
	json_t *object = load(json, size, RECEIPT_SIZE_MAX);
	bool sound = object && is_text(object, "kind", "receipt") &&
		     read_receipt(json_object_get(object, "body"), receipt);
	json_decref(object);
	return sound ? 0 : -EINVAL;
}
