/* Topics of messages, incidents and receipts: a table of patterns, filled with tokens that every broker takes. */
#include <errno.h>
#include <string.h>

#include "gateway/json.h"

/* In a pattern: G gateway, S station, R radio, O organisation, I id; the rest stands for itself. */
static const char *const patterns[KIND_COUNT] = {
    [KIND_DISTRESS] = "sec/G/distress/S", [KIND_ALERT] = "sec/G/alert/S",       [KIND_ACK] = "org/O/G/text/S",
    [KIND_POSITION] = "track/G/S",        [KIND_TEXT] = "org/O/G/text/S",       [KIND_TELEMETRY] = "gw/G/telemetry/S",
    [KIND_RECEIPT] = "gw/G/receipt/I",    [KIND_INCIDENT] = "sec/G/incident/I", [KIND_RAW] = "gw/G/raw/R",
};

struct topic_tokens {
	const char *gateway, *station, *radio, *organisation, *id;
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
		default:
			put(buffer, *pattern);
		}
	}
}

static int write_topic(enum message_kind kind, enum message_status status, const struct topic_tokens *tokens,
		       char *topic, size_t size)
{
	if ((unsigned)kind >= KIND_COUNT || !patterns[kind])
		return -EOPNOTSUPP;
	struct topic_buffer buffer = {.text = topic, .size = size};
	if (status == STATUS_EXERCISE || status == STATUS_TEST)
		put_text(&buffer, "exercise/");
	put_pattern(&buffer, patterns[kind], tokens);
	put(&buffer, '\0');
	return buffer.used <= size ? (int)buffer.used - 1 : -EMSGSIZE;
}

int json_topic(const struct message *message, const struct json_context *context, char *topic, size_t size)
{
	const char *organisation = context->organisation;
	struct topic_tokens tokens = {
	    .gateway = context->gateway,
	    .station = message->station,
	    .radio = context->radio,
	    .organisation = organisation && *organisation ? organisation : "unassigned",
	    .id = message->id,
	};
	return write_topic(message->kind, message->status, &tokens, topic, size);
}

int json_incident_topic(const struct incident *incident, const struct json_context *context, char *topic, size_t size)
{
	struct topic_tokens tokens = {.gateway = context->gateway, .id = incident->id};
	return write_topic(KIND_INCIDENT, incident->status, &tokens, topic, size);
}

int json_receipt_topic(const struct receipt *receipt, const struct json_context *context, char *topic, size_t size)
{
	struct topic_tokens tokens = {.gateway = context->gateway, .id = receipt->command};
	return write_topic(KIND_RECEIPT, receipt->status, &tokens, topic, size);
}
