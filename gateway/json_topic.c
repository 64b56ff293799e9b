/* Topics of messages, incidents and receipts: a table of patterns, filled with tokens that every broker takes. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gateway/json.h"
#include "gateway/json_neighbour.h"

/* In a pattern: G gateway, S station, R radio, O organisation, I id, N the number that a roll call, activity or movement has of its own,
 * K kind; the rest stands for itself. */
static const char *const patterns[KIND_COUNT] = {
    [KIND_DISTRESS] = "sec/G/distress/S",
    [KIND_ALERT] = "sec/G/alert/S",
    [KIND_ACK] = "org/O/G/text/S",
    [KIND_CHECKIN] = "sec/G/checkin/S",
    [KIND_ROLLCALL] = "sec/G/rollcall/N",
    [KIND_POSITION] = "track/G/S",
    [KIND_TEXT] = "org/O/G/text/S",
    [KIND_SITREP] = "sit/G/I",
    [KIND_REQUEST] = "coord/G/request/I",
    [KIND_ACTIVITY] = "act/G/N",
    [KIND_MOVEMENT] = "move/G/N",
    [KIND_TELEMETRY] = "gw/G/telemetry/S",
    [KIND_RECEIPT] = "gw/G/receipt/I",
    [KIND_INCIDENT] = "sec/G/incident/I",
    [KIND_RAW] = "gw/G/raw/R",
};

/* For a narrower audience than the kind has by itself. */
static const char for_security_desk[] = "sec/G/K/S", for_organisation[] = "org/O/G/K/S";

enum { SENSITIVITY_PARTNERS = 1, SENSITIVITY_ORGANISATION = 2, SENSITIVITY_SECURITY_DESK = 3 };

struct topic_tokens {
	const char *gateway, *station, *radio, *organisation, *id, *kind;
	char number[24];
};

struct topic_buffer {
	char *text;
	size_t used, size;
};

static void put(struct topic_buffer *buffer, char c)
{
	if (buffer->used < buffer->size)
		buffer->text[buffer->used] = c;
	buffer->used++;
}

static bool is_token_character(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* Clustered brokers break on other characters, and "/", "+" or "#" would change what a subscription means. */
static void put_token(struct topic_buffer *buffer, const char *token)
{
	if (!token || !*token)
		token = "unknown";
	for (; *token; token++)
		put(buffer, is_token_character(*token) ? *token : '_');
}

static void put_text(struct topic_buffer *buffer, const char *text)
{
	while (*text)
		put(buffer, *text++);
}

static void put_pattern(struct topic_buffer *buffer, const char *pattern, const struct topic_tokens *tokens)
{
	for (; *pattern; pattern++) {
		switch (*pattern) {
		case 'G':
			put_token(buffer, tokens->gateway);
			break;
		case 'S':
			put_token(buffer, tokens->station);
			break;
		case 'R':
			put_token(buffer, tokens->radio);
			break;
		case 'O':
			put_token(buffer, tokens->organisation);
			break;
		case 'I':
			put_token(buffer, tokens->id);
			break;
		case 'N':
			put_token(buffer, tokens->number);
			break;
		case 'K':
			put_token(buffer, tokens->kind);
			break;
		default:
			put(buffer, *pattern);
		}
	}
}

static int write_topic(const char *pattern, enum message_status status, const struct topic_tokens *tokens, char *topic,
		       size_t size)
{
	struct topic_buffer buffer = {.text = topic, .size = size};
	if (status == STATUS_EXERCISE || status == STATUS_TEST)
		put_text(&buffer, "exercise/");
	put_pattern(&buffer, pattern, tokens);
	put(&buffer, '\0');
	return buffer.used <= size ? (int)buffer.used - 1 : -EMSGSIZE;
}

/* An acknowledgement with a level speaks of what the security desk has to do with; those of other networks go with their texts. What
 * a sender marked for fewer eyes than its kind has goes to those alone; a request is for the coordination officer in any case. */
static const char *pattern_of(const struct message *message)
{
	enum message_kind kind = message->kind;
	if ((unsigned)kind >= KIND_COUNT)
		return NULL;
	if (kind == KIND_ACK && message->ack.level)
		return for_security_desk;
	bool many_eyes = kind == KIND_ACTIVITY || kind == KIND_SITREP;
	if (message->sensitivity >= SENSITIVITY_SECURITY_DESK && (many_eyes || kind == KIND_TEXT))
		return for_security_desk;
	if (message->sensitivity == SENSITIVITY_ORGANISATION && many_eyes)
		return for_organisation;
	return patterns[kind];
}

/* The number of its own; "" = it has none, and the message's id stands for it. */
static void write_number(const struct message *message, char number[static 24])
{
	const union message_body *body = &message->body;
	int64_t value = message->kind == KIND_ROLLCALL   ? body->rollcall.id
			: message->kind == KIND_ACTIVITY ? body->activity.id
			: message->kind == KIND_MOVEMENT ? body->movement.id
							 : -1;
	number[0] = '\0';
	if (message->body_kind == message->kind && value >= 0)
		snprintf(number, 24, "%lld", (long long)value);
}

static struct topic_tokens tokens_of(const struct message *message, const struct json_context *context)
{
	const char *organisation = context->organisation;
	struct topic_tokens tokens = {
	    .gateway = context->gateway,
	    .station = message->station,
	    .radio = context->radio,
	    .organisation = organisation && *organisation ? organisation : "unassigned",
	    .id = message->id,
	    .kind = message_kind_name(message->kind),
	};
	write_number(message, tokens.number);
	if (!tokens.number[0])
		snprintf(tokens.number, sizeof(tokens.number), "%.23s", message->id);
	return tokens;
}

int json_topic(const struct message *message, const struct json_context *context, char *topic, size_t size)
{
	const char *pattern = pattern_of(message);
	struct topic_tokens tokens = tokens_of(message, context);
	return pattern ? write_topic(pattern, message->status, &tokens, topic, size) : -EOPNOTSUPP;
}

/* What logistics has to know of an alert, by its event; NULL = nothing. */
static const char *logistics_word(const struct message *message)
{
	bool partners = message->sensitivity <= SENSITIVITY_PARTNERS;
	if (message->kind != KIND_ALERT || message->body_kind != KIND_ALERT || !partners)
		return NULL;
	switch (message->body.alert.event) {
	case EVENT_ROAD_CLOSED:
		return "log/G/road/I";
	case EVENT_AIRFIELD_UNUSABLE:
		return "log/G/airfield/I";
	case EVENT_MOVEMENT_SUSPENDED:
		return "log/G/movement/I";
	default:
		return NULL;
	}
}

int json_logistics_topic(const struct message *message, const char *id, const struct json_context *context, char *topic,
			 size_t size)
{
	const char *pattern = logistics_word(message);
	struct topic_tokens tokens = {.gateway = context->gateway, .id = id};
	return pattern ? write_topic(pattern, message->status, &tokens, topic, size) : -EOPNOTSUPP;
}

int json_incident_topic(const struct incident *incident, const struct json_context *context, char *topic, size_t size)
{
	struct topic_tokens tokens = {.gateway = context->gateway, .id = incident->id};
	return write_topic(patterns[KIND_INCIDENT], incident->status, &tokens, topic, size);
}

/* What was handed over by another gateway is that one's to answer to its caller, and nobody else's to read. */
int json_receipt_topic(const struct receipt *receipt, const struct json_context *context, char *topic, size_t size)
{
	char giver[MESSAGE_NAME_MAX];
	if (json_handed_by(receipt->command, giver)) {
		struct topic_tokens handed = {.gateway = context->gateway, .station = giver};
		return write_topic("gw/S/down/gw/G/receipt", STATUS_ACTUAL, &handed, topic, size);
	}
	struct topic_tokens tokens = {.gateway = context->gateway, .id = receipt->command};
	return write_topic(patterns[KIND_RECEIPT], receipt->status, &tokens, topic, size);
}
