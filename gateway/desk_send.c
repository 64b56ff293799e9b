/* Answers about what the tool sends; receipts go to whoever waits for them. */
#include "gateway/desk_send.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/desk_reply.h"
#include "gateway/json.h"
#include "gateway/json_neighbour.h"

/* A client that waits to hear what becomes of what it sent. */
struct waiter {
	struct waiter *next;
	struct control_client *client;
	char id[MESSAGE_ID_MAX];
	bool answered; /* STORED was said */
	bool wait;     /* wants the receipts too */
};

struct desk_sends {
	const struct report *report;
	struct waiter *waiters;
	uint32_t sent; /* for ids made here */
};

struct desk_sends *desk_sends_new(const struct report *report)
{
	struct desk_sends *sends = calloc(1, sizeof(*sends));
	if (sends)
		sends->report = report;
	return sends;
}

void desk_sends_free(struct desk_sends *sends)
{
	if (!sends)
		return;
	while (sends->waiters) {
		struct waiter *waiter = sends->waiters;
		sends->waiters = waiter->next;
		free(waiter);
	}
	free(sends);
}

static void forget_waiter(struct desk_sends *sends, struct waiter *gone)
{
	for (struct waiter **at = &sends->waiters; *at; at = &(*at)->next)
		if (*at == gone) {
			*at = gone->next;
			free(gone);
			return;
		}
}

void desk_sends_gone(struct desk_sends *sends, const struct control_client *client)
{
	for (struct waiter *waiter = sends->waiters, *next; waiter; waiter = next) {
		next = waiter->next;
		if (waiter->client == client)
			forget_waiter(sends, waiter);
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
static int read_message(struct desk_sends *sends, json_t *request, struct message *message, char *error,
			size_t error_size)
{
	static const char *const members[] = {"to", "text", "id", "kind", "status", "body"};
	json_t *outgoing = json_object();
	for (size_t i = 0; outgoing && i < sizeof(members) / sizeof(*members); i++)
		if (json_object_get(request, members[i]))
			json_object_set(outgoing, members[i], json_object_get(request, members[i]));
	if (outgoing && !json_object_get(outgoing, "id")) {
		char id[MESSAGE_ID_MAX];
		snprintf(id, sizeof(id), "c-%llx-%x", (unsigned long long)clock_wall_ms(), ++sends->sent);
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

/* So begins what the reader says of such a member. */
static const char body_member[] = "member \"body.";

void desk_sends_request(struct desk_sends *sends, struct control_client *client, json_t *request)
{
	struct message message;
	char error[160], hint[240];
	if (read_message(sends, request, &message, error, sizeof(error)) < 0) {
		bool in_body = strncmp(error, body_member, sizeof(body_member) - 1) == 0;
		snprintf(hint, sizeof(hint), "%s. Members of the body are given by --body NAME=VALUE.", error);
		desk_reply_error(client, in_body ? hint : error);
		return;
	}
	struct waiter *waiter = calloc(1, sizeof(*waiter));
	if (!waiter) {
		desk_reply_error(client, "out of memory");
		return;
	}
	waiter->client = client;
	waiter->wait = json_is_true(json_object_get(request, "wait"));
	snprintf(waiter->id, sizeof(waiter->id), "%s", message.id);
	waiter->next = sends->waiters;
	sends->waiters = waiter;
	const char *radio = json_string_value(json_object_get(request, "radio"));
	int result = route_send(sends->report->route, "base", &message, radio);
	if (result < 0) {
		forget_waiter(sends, waiter);
		desk_reply_error(client, send_error(result, !radio && message.to[0]));
	}
}

void desk_sends_accepted(struct desk_sends *sends, const char *id, bool on_disk)
{
	for (struct waiter *waiter = sends->waiters, *next; waiter; waiter = next) {
		next = waiter->next;
		if (strcmp(waiter->id, id) != 0 || waiter->answered)
			continue;
		waiter->answered = true;
		desk_reply(waiter->client,
			   json_pack("{s:s, s:s}", "id", id, "status", on_disk ? "STORED" : "ACCEPTED"));
		if (!waiter->wait)
			forget_waiter(sends, waiter);
	}
}

/* It came to its end before it was accepted: it can never be sent, or it was urgent and did not wait for the disk. Returns whether it went
 * out. */
static bool answer_late(const struct waiter *waiter, const struct receipt *receipt)
{
	bool went = receipt->stage == RECEIPT_SENT || receipt->stage == RECEIPT_CONFIRMED;
	char error[MESSAGE_ID_MAX + 160], limit[48] = "";
	if (receipt->limit)
		snprintf(limit, sizeof(limit), ". At most %u bytes of text go.", receipt->limit);
	snprintf(error, sizeof(error), "%s was not sent: %s%s%s%s", waiter->id, receipt_stage_name(receipt->stage),
		 receipt->code ? ": " : "", receipt->code ? receipt->code : "", limit);
	if (went)
		desk_reply(waiter->client, json_pack("{s:s, s:s}", "id", waiter->id, "status", "ACCEPTED"));
	else
		desk_reply_error(waiter->client, error);
	return went;
}

static void say_stage(const struct waiter *waiter, const struct receipt *receipt)
{
	char time[32];
	const char *go_at = receipt->go_at_ms ? json_time(receipt->go_at_ms, time) : NULL;
	json_t *limit = receipt->limit ? json_integer(receipt->limit) : NULL;
	desk_reply(waiter->client, json_pack("{s:s, s:s, s:s*, s:b, s:s*, s:o*}", "id", waiter->id, "stage",
					     receipt_stage_name(receipt->stage), "code", receipt->code, "assumed",
					     receipt->assumed, "go_at", go_at, "limit", limit));
}

void desk_sends_receipt(struct desk_sends *sends, const struct receipt *receipt)
{
	bool final = receipt->stage != RECEIPT_QUEUED && receipt->stage != RECEIPT_ON_AIR;
	for (struct waiter *waiter = sends->waiters, *next; waiter; waiter = next) {
		next = waiter->next;
		if (strcmp(waiter->id, receipt->command) != 0)
			continue;
		if (final && !waiter->answered)
			waiter->answered = answer_late(waiter, receipt);
		if (waiter->wait && waiter->answered)
			say_stage(waiter, receipt);
		if (final)
			forget_waiter(sends, waiter);
	}
}
