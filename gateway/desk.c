/* Answers the tool. */
#include "gateway/desk.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "gateway/clock.h"
#include "gateway/json_neighbour.h"
#include "gateway/desk_radio.h"
#include "gateway/json.h"

/* A client that waits to hear what becomes of what it sent. */
struct waiter {
	struct waiter *next;
	struct control_client *client;
	char id[MESSAGE_ID_MAX];
	bool answered; /* STORED was said */
	bool wait;     /* wants the receipts too */
};

struct desk {
	const struct report *report;
	struct control *control;
	struct waiter *waiters;
	struct desk_radios *radios;
	uint32_t sent; /* for ids made here */
};

struct desk *desk_new(const struct report *report)
{
	struct desk *desk = calloc(1, sizeof(*desk));
	if (!desk)
		return NULL;
	desk->report = report;
	desk->radios = desk_radios_new(report);
	if (desk->radios)
		return desk;
	desk_free(desk);
	return NULL;
}

void desk_free(struct desk *desk)
{
	if (!desk)
		return;
	while (desk->waiters) {
		struct waiter *waiter = desk->waiters;
		desk->waiters = waiter->next;
		free(waiter);
	}
	desk_radios_free(desk->radios);
	free(desk);
}

void desk_set_control(struct desk *desk, struct control *control)
{
	desk->control = control;
}

static void reply(struct control_client *client, json_t *object)
{
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	json_decref(object);
	control_reply(client, text ? text : "{\"error\":\"out of memory\"}");
	free(text);
}

static void reply_error(struct control_client *client, const char *text)
{
	reply(client, json_pack("{s:s}", "error", text));
}

/* ---- send ---- */

static void forget_waiter(struct desk *desk, struct waiter *gone)
{
	for (struct waiter **at = &desk->waiters; *at; at = &(*at)->next)
		if (*at == gone) {
			*at = gone->next;
			free(gone);
			return;
		}
}

void desk_gone(void *context, struct control_client *client)
{
	struct desk *desk = context;
	desk_radios_gone(desk->radios, client);
	for (struct waiter *waiter = desk->waiters, *next; waiter; waiter = next) {
		next = waiter->next;
		if (waiter->client == client)
			forget_waiter(desk, waiter);
	}
}

/* whom: to a station, by whatever radio reaches it. */
static const char *send_error(int error, bool whom)
{
	switch (error) {
	case -ENODEV:
		return !whom ? "no such radio is running. `cresset status` lists them."
			     : "no radio that is running speaks the language of such a station (N0CALL-7, f-17, "
			       "mt-433c1d20, mc-a1b2c3d4e5f6). `cresset status` lists the radios.";
	case -ENOSPC:
		return "too many messages are under way. Try again later.";
	case -EINVAL:
		return "there is more than one radio. Say which with --radio NAME.";
	case -EPERM:
		return "ids that begin with k- are the gateway's own. Choose another, or leave --id out.";
	case -EEXIST:
	case -EADDRINUSE:
		return "this id was taken before; the message is not sent twice. Leave --id out for a new one.";
	default:
		return "out of memory";
	}
}

/* Builds the message out of the request through the same strict reader that the store's content goes through. */
static int read_message(struct desk *desk, json_t *request, struct message *message, char *error, size_t error_size)
{
	static const char *const members[] = {"to", "text", "id", "kind", "status", "body"};
	json_t *outgoing = json_object();
	for (size_t i = 0; outgoing && i < sizeof(members) / sizeof(*members); i++)
		if (json_object_get(request, members[i]))
			json_object_set(outgoing, members[i], json_object_get(request, members[i]));
	if (outgoing && !json_object_get(outgoing, "id")) {
		char id[MESSAGE_ID_MAX];
		snprintf(id, sizeof(id), "c-%llx-%x", (unsigned long long)clock_wall_ms(), ++desk->sent);
		json_object_set_new(outgoing, "id", json_string(id));
	}
	char *text = outgoing ? json_dumps(outgoing, JSON_COMPACT) : NULL;
	json_decref(outgoing);
	snprintf(error, error_size, "out of memory");
	int result = text ? json_parse_outgoing(text, strlen(text), message, NULL, error, error_size) : -ENOMEM;
	free(text);
	if (result == 0)
		json_want_ack(message, json_object_get(json_object_get(request, "body"), "ack_wanted"));
	if (result == 0 && json_is_handed(message->id)) {
		snprintf(error, error_size, "member \"id\" is one of those that gateways give to one another");
		return -EINVAL;
	}
	if (result == 0 && message->kind == KIND_ACK) {
		snprintf(error, error_size,
			 "member \"kind\" must be text, alert or rollcall; the command ack "
			 "acknowledges incidents");
		return -EINVAL;
	}
	return result;
}

static void request_send(struct desk *desk, struct control_client *client, json_t *request)
{
	struct message message;
	char error[160];
	if (read_message(desk, request, &message, error, sizeof(error)) < 0) {
		reply_error(client, error);
		return;
	}
	struct waiter *waiter = calloc(1, sizeof(*waiter));
	if (!waiter) {
		reply_error(client, "out of memory");
		return;
	}
	waiter->client = client;
	waiter->wait = json_is_true(json_object_get(request, "wait"));
	snprintf(waiter->id, sizeof(waiter->id), "%s", message.id);
	waiter->next = desk->waiters;
	desk->waiters = waiter;
	const char *radio = json_string_value(json_object_get(request, "radio"));
	int result = route_send(desk->report->route, "base", &message, radio);
	if (result < 0) {
		forget_waiter(desk, waiter);
		reply_error(client, send_error(result, !radio && message.to[0]));
	}
}

void desk_accepted(void *context, const char *id, bool on_disk)
{
	struct desk *desk = context;
	for (struct waiter *waiter = desk->waiters, *next; waiter; waiter = next) {
		next = waiter->next;
		if (strcmp(waiter->id, id) != 0 || waiter->answered)
			continue;
		waiter->answered = true;
		reply(waiter->client, json_pack("{s:s, s:s}", "id", id, "status", on_disk ? "STORED" : "ACCEPTED"));
		if (!waiter->wait)
			forget_waiter(desk, waiter);
	}
}

/* It came to its end before the disk had it: urgent messages do not wait for the disk. Returns whether it went out. */
static bool answer_late(const struct waiter *waiter, const struct receipt *receipt)
{
	bool went = receipt->stage == RECEIPT_SENT || receipt->stage == RECEIPT_CONFIRMED;
	char error[MESSAGE_ID_MAX + 96];
	snprintf(error, sizeof(error), "%s was not sent: %s%s%s", waiter->id, receipt_stage_name(receipt->stage),
		 receipt->code ? ": " : "", receipt->code ? receipt->code : "");
	if (went)
		reply(waiter->client, json_pack("{s:s, s:s}", "id", waiter->id, "status", "ACCEPTED"));
	else
		reply_error(waiter->client, error);
	return went;
}

static void say_stage(const struct waiter *waiter, const struct receipt *receipt)
{
	char time[32];
	const char *go_at = receipt->go_at_ms ? json_time(receipt->go_at_ms, time) : NULL;
	json_t *limit = receipt->limit ? json_integer(receipt->limit) : NULL;
	reply(waiter->client, json_pack("{s:s, s:s, s:s*, s:b, s:s*, s:o*}", "id", waiter->id, "stage",
					receipt_stage_name(receipt->stage), "code", receipt->code, "assumed",
					receipt->assumed, "go_at", go_at, "limit", limit));
}

void desk_receipt(void *context, const struct receipt *receipt)
{
	struct desk *desk = context;
	bool final = receipt->stage != RECEIPT_QUEUED && receipt->stage != RECEIPT_ON_AIR;
	for (struct waiter *waiter = desk->waiters, *next; waiter; waiter = next) {
		next = waiter->next;
		if (strcmp(waiter->id, receipt->command) != 0)
			continue;
		if (final && !waiter->answered)
			waiter->answered = answer_late(waiter, receipt);
		if (waiter->wait && waiter->answered)
			say_stage(waiter, receipt);
		if (final)
			forget_waiter(desk, waiter);
	}
}

/* ---- the other requests ---- */

static void request_status(struct desk *desk, struct control_client *client, json_t *request)
{
	(void)request;
	char *text = report_status(desk->report);
	control_reply(client, text ? text : "{\"error\":\"out of memory\"}");
	free(text);
}

static bool is_configured(const struct settings *settings, const char *radio)
{
	for (size_t i = 0; i < settings->radio_count; i++)
		if (strcmp(settings->radios[i].name, radio) == 0)
			return true;
	return false;
}

static void request_queue(struct desk *desk, struct control_client *client, json_t *request)
{
	const char *radio = json_string_value(json_object_get(request, "radio"));
	if (radio && !is_configured(desk->report->settings, radio))
		reply_error(client, "no radio has this name. `cresset status` lists them.");
	else
		reply(client, report_queue(desk->report, radio));
}

static void request_monitor(struct desk *desk, struct control_client *client, json_t *request)
{
	(void)desk, (void)request;
	control_subscribe(client, "traffic");
	control_reply(client, "{\"ok\":true}");
}

static void request_tail(struct desk *desk, struct control_client *client, json_t *request)
{
	(void)desk, (void)request;
	control_subscribe(client, "messages");
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
		reply_error(
		    client,
		    "ack needs the id of an open incident or a message, and a level: BASE_SEEN, RESPONDING or CLOSED");
		return;
	}
	if (!operator_is_fine(operator_id)) {
		reply_error(client,
			    "ack needs --operator: a duty name of letters, digits, _ - . (at most 31), e.g. desk-1");
		return;
	}
	if (!eta_is_fine(request, level, &eta_min)) {
		reply_error(client, "eta_min goes with level RESPONDING and is 0 to 254 minutes");
		return;
	}
	int result = route_base_answer(desk->report->route, id, (enum ack_level)level, operator_id, eta_min);
	if (result == -ENOENT)
		reply_error(client, "no open incident has this id, nor a message whose station could be answered. "
				    "`cresset status` lists those that are open.");
	else if (result == -EOPNOTSUPP)
		reply_error(client,
			    "a check-in is acknowledged by headquarters; its station is told that it is stored");
	else if (result == -EALREADY)
		reply_error(client, "this was already acknowledged at that level or above");
	else if (result < 0)
		reply_error(client, strerror(-result));
	else
		reply(client,
		      json_pack("{s:s, s:s}", "id", id, "level", message_ack_level_name((enum ack_level)level)));
}

static void request_cancel(struct desk *desk, struct control_client *client, json_t *request)
{
	const char *id = json_string_value(json_object_get(request, "id"));
	int result = id ? route_cancel(desk->report->route, id) : -EINVAL;
	if (result == -EINVAL)
		reply_error(client, "cancel needs the id of a message");
	else if (result == -EBUSY)
		reply_error(client, "too late: it is on the air, or was sent");
	else if (result < 0)
		reply_error(client, "no message of this id waits here");
	else
		reply(client, json_pack("{s:s, s:s}", "id", id, "stage", receipt_stage_name(RECEIPT_CANCELLED)));
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
		reply_error(client, "the request is not a JSON object on one line");
	else if (!command || i == sizeof(requests) / sizeof(*requests))
		reply_error(client,
			    "unknown command: there are status, queue, monitor, tail, send, cancel, ack and radio");
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
	if (!desk->control || !control_wanted(desk->control, "messages"))
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
		control_publish(desk->control, "messages", text);
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
	if (!desk->control || !control_wanted(desk->control, "traffic"))
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
	if (text)
		control_publish(desk->control, "traffic", text);
	free(text);
	json_decref(line);
}

void desk_finding(struct desk *desk, const struct radio *radio, const char *name, const char *value)
{
	desk_radios_finding(desk->radios, radio, name, value);
}
