/* Answers the tool. */
#include "gateway/desk.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "gateway/clock.h"
#include "gateway/desk_radio.h"
#include "gateway/desk_reply.h"
#include "gateway/desk_send.h"
#include "gateway/json.h"

/* Streams. Those of single radios have the radio's name, which never has a space. */
static const char all_radios[] = "all radios", all_messages[] = "all messages";

struct desk {
	const struct report *report;
	struct control *control;
	struct desk_sends *sends;
	struct desk_radios *radios;
};

struct desk *desk_new(const struct report *report)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	if (!desk)
		return NULL;
	desk->report = report;
	desk->sends = desk_sends_new(report);
	desk->radios = desk_radios_new(report);
	if (desk->sends && desk->radios)
		return desk;
	desk_free(desk);
	return NULL;
}

void desk_free(struct desk *desk)
{
	if (!desk)
		return;
	desk_sends_free(desk->sends);
	desk_radios_free(desk->radios);
	free(desk);
}

void desk_set_control(struct desk *desk, struct control *control)
{
	desk->control = control;
}

void desk_gone(void *context, struct control_client *client)
{
	struct desk *desk = context;
	desk_radios_gone(desk->radios, client);
	desk_sends_gone(desk->sends, client);
}

void desk_accepted(void *context, const char *id, bool on_disk)
{
	struct desk *desk = context;
	desk_sends_accepted(desk->sends, id, on_disk);
}

void desk_receipt(void *context, const struct receipt *receipt)
{
	struct desk *desk = context;
	desk_sends_receipt(desk->sends, receipt);
}

/* ---- requests ---- */

static const char no_such_radio[] = "no radio has this name. `cresset status` lists them.";

static void request_status(struct desk *desk, struct control_client *client, json_t *request)
{
	(void)request;
	char *text = report_status(desk->report);
	control_reply(client, text ? text : "{\"error\":\"out of memory\"}");
	free(text);
}

/* The settings' own copy of the name, which stays; NULL = no radio has it. */
static const char *configured_name(const struct settings *settings, const char *radio)
{
	for (size_t i = 0; i < settings->radio_count; i++)
		if (strcmp(settings->radios[i].name, radio) == 0)
			return settings->radios[i].name;
	return NULL;
}

static void request_queue(struct desk *desk, struct control_client *client, json_t *request)
{
	const char *radio = json_string_value(json_object_get(request, "radio"));
	if (radio && !configured_name(desk->report->settings, radio))
		desk_reply_error(client, no_such_radio);
	else
		desk_reply(client, report_queue(desk->report, radio));
}

static void request_monitor(struct desk *desk, struct control_client *client, json_t *request)
{
	const char *radio = json_string_value(json_object_get(request, "radio"));
	const char *stream = radio ? configured_name(desk->report->settings, radio) : all_radios;
	if (!stream) {
		desk_reply_error(client, no_such_radio);
		return;
	}
	control_subscribe(client, stream);
	control_reply(client, "{\"ok\":true}");
}

static void request_tail(struct desk *desk, struct control_client *client, json_t *request)
{
	(void)desk, (void)request;
	control_subscribe(client, all_messages);
	control_reply(client, "{\"ok\":true}");
}

static int level_from_name(const char *name)
{
	static const enum ack_level human[] = {ACK_BASE_SEEN, ACK_RESPONDING, ACK_CLOSED};
	for (size_t i = 0; i < sizeof(human) / sizeof(*human); i++)
		if (strcmp(message_ack_level_name(human[i]), name) == 0)
			return (int)human[i];
	return -1;
}

static bool operator_is_fine(const char *name)
{
	return name && name[0] && strlen(name) < MESSAGE_NAME_MAX &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.") == strlen(name);
}

/* -1 = not given. */
static bool eta_is_fine(const json_t *request, int level, int *eta_min)
{
	const json_t *value = json_object_get(request, "eta_min");
	json_int_t given = value ? json_integer_value(value) : -1;
	*eta_min = (int)given;
	return !value || (level == ACK_RESPONDING && json_is_integer(value) && given >= 0 && given < UINT8_MAX);
}

static void request_ack(struct desk *desk, struct control_client *client, json_t *request)
{
	const char *id = json_string_value(json_object_get(request, "id"));
	const char *operator_id = json_string_value(json_object_get(request, "operator"));
	const char *name = json_string_value(json_object_get(request, "level"));
	int level = level_from_name(name ? name : "BASE_SEEN"), eta_min;
	if (!id || level < 0) {
		desk_reply_error(
		    client,
		    "ack needs the id of an open incident or a message, and a level: BASE_SEEN, RESPONDING or CLOSED");
		return;
	}
	if (!operator_is_fine(operator_id)) {
		desk_reply_error(
		    client, "ack needs --operator: a duty name of letters, digits, _ - . (at most 31), e.g. desk-1");
		return;
	}
	if (!eta_is_fine(request, level, &eta_min)) {
		desk_reply_error(client, "eta_min goes with level RESPONDING and is 0 to 254 minutes");
		return;
	}
	int result = route_base_answer(desk->report->route, id, (enum ack_level)level, operator_id, eta_min);
	if (result == -ENOENT)
		desk_reply_error(client, "no open incident has this id, nor a message whose station could be answered. "
					 "`cresset status` lists those that are open.");
	else if (result == -EOPNOTSUPP)
		desk_reply_error(client,
				 "a check-in is acknowledged by headquarters; its station is told that it is stored");
	else if (result == -EALREADY)
		desk_reply_error(client, "this was already acknowledged at that level or above");
	else if (result < 0)
		desk_reply_error(client, strerror(-result));
	else
		desk_reply(client,
			   json_pack("{s:s, s:s}", "id", id, "level", message_ack_level_name((enum ack_level)level)));
}

static void request_cancel(struct desk *desk, struct control_client *client, json_t *request)
{
	const char *id = json_string_value(json_object_get(request, "id"));
	int result = id ? route_cancel(desk->report->route, id) : -EINVAL;
	if (result == -EINVAL)
		desk_reply_error(client, "cancel needs the id of a message");
	else if (result == -EBUSY)
		desk_reply_error(client, "too late: it is on the air, or was sent");
	else if (result < 0)
		desk_reply_error(client, "no message of this id waits here");
	else
		desk_reply(client, json_pack("{s:s, s:s}", "id", id, "stage", receipt_stage_name(RECEIPT_CANCELLED)));
}

static void request_send(struct desk *desk, struct control_client *client, json_t *request)
{
	desk_sends_request(desk->sends, client, request);
}

static void request_radio(struct desk *desk, struct control_client *client, json_t *request)
{
	desk_radios_request(desk->radios, client, request);
}

static const struct {
	const char *command;
	void (*handle)(struct desk *desk, struct control_client *client, json_t *request);
} requests[] = {
    {"status", request_status}, {"monitor", request_monitor}, {"tail", request_tail},   {"send", request_send},
    {"ack", request_ack},       {"radio", request_radio},     {"queue", request_queue}, {"cancel", request_cancel},
};

void desk_request(void *context, struct control_client *client, const char *json, size_t size)
{
	struct desk *desk = context;
	json_t *request = json_loadb(json, size, JSON_REJECT_DUPLICATES, NULL);
	const char *command = json_string_value(json_object_get(request, "command"));
	size_t i = 0;
	for (; command && i < sizeof(requests) / sizeof(*requests); i++)
		if (strcmp(requests[i].command, command) == 0)
			break;
	if (!json_is_object(request))
		desk_reply_error(client, "the request is not a JSON object on one line");
	else if (!command || i == sizeof(requests) / sizeof(*requests))
		desk_reply_error(
		    client, "unknown command: there are status, queue, monitor, tail, send, cancel, ack and radio");
	else
		requests[i].handle(desk, client, request);
	json_decref(request);
}

/* ---- what passes ---- */

bool desk_may_show(json_t *message)
{
	json_t *body = json_object_get(message, "body");
	const char *kind = json_string_value(json_object_get(message, "kind"));
	if (kind && strcmp(kind, message_kind_name(KIND_INCIDENT)) == 0)
		return !json_is_true(json_object_get(body, "duress"));
	if (!kind || strcmp(kind, message_kind_name(KIND_CHECKIN)) != 0 || !json_object_get(body, "incident"))
		return true;
	json_object_set_new(message, "class", json_string(message_class_name(CLASS_SAFETY)));
	json_object_set_new(body, "state", json_string("OK"));
	json_object_del(body, "incident");
	json_object_del(body, "incident_count");
	return true;
}

void desk_passed(void *context, const struct entry *entry)
{
	struct desk *desk = context;
	if (!desk->control || !control_wanted(desk->control, all_messages))
		return;
	json_t *message = json_loadb(entry_payload(entry), entry->payload_size, 0, NULL);
	if (!desk_may_show(message)) {
		json_decref(message);
		return;
	}
	json_t *line = json_pack("{s:s, s:s, s:s, s:o*}", "topic", entry_topic(entry), "class",
				 message_class_name(entry_shown_class(entry)), "kind",
				 message_kind_name((enum message_kind)entry->kind), "message", message);
	char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	if (text)
		control_publish(desk->control, all_messages, text);
	free(text);
	json_decref(line);
}

static void hex_of(const struct datagram *datagram, char *hex, size_t size)
{
	hex[0] = 0;
	for (size_t i = 0; i < datagram->size && 2 * i + 3 <= size; i++)
		snprintf(hex + 2 * i, 3, "%02x", datagram->bytes[i]);
}

void desk_datagram(struct desk *desk, const char *radio, enum radio_direction direction,
		   const struct datagram *datagram)
{
	if (!desk->control || !(control_wanted(desk->control, all_radios) || control_wanted(desk->control, radio)))
		return;
	char hex[2 * MESSAGE_RAW_MAX + 1], time[32];
	hex_of(datagram, hex, sizeof(hex));
	json_t *line = json_pack("{s:s, s:s, s:s, s:I, s:s}", "at", json_time(clock_wall_ms(), time), "radio", radio,
				 "direction", direction == RADIO_TX ? "tx" : "rx", "size", (json_int_t)datagram->size,
				 "hex", hex);
	if (line && isfinite(datagram->rssi_dbm))
		json_object_set_new(line, "rssi_dbm", json_real(datagram->rssi_dbm));
	if (line && isfinite(datagram->snr_db))
		json_object_set_new(line, "snr_db", json_real(datagram->snr_db));
	char *text = line ? json_dumps(line, JSON_COMPACT) : NULL;
	if (text) {
		control_publish(desk->control, all_radios, text);
		control_publish(desk->control, radio, text);
	}
	free(text);
	json_decref(line);
}

void desk_finding(struct desk *desk, const struct radio *radio, const char *name, const char *value)
{
	desk_radios_finding(desk->radios, radio, name, value);
}
