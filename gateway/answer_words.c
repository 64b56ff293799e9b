/* Answers become messages: an ack frame, an acknowledged number, a text. */
#include "gateway/answer_words.h"

#include <stdio.h>
#include <string.h>

#include "drivers/message_body.h"

/* As the codecs have it: APRS messages, direct texts of Meshtastic and of MeshCore. A field station gets a frame. */
static const struct words_room rooms[] = {
    [ORIGIN_FIELD] = {128, false},
    [ORIGIN_APRS] = {67, true},
    [ORIGIN_MESHTASTIC] = {220, false},
    [ORIGIN_MESHCORE] = {160, false},
};

static void begin(const struct origin *origin, enum message_kind kind, struct message *message)
{
	message_init(message);
	message->kind = kind;
	message->class = origin->class;
	message->status = origin->status;
	snprintf(message->to, sizeof(message->to), "%s", origin->station);
}

static void compose_frame(const struct answer_ask *ask, struct message *message)
{
	begin(ask->origin, KIND_ACK, message);
	memcpy(message->ack.ref, ask->origin->id, sizeof(message->ack.ref));
	message->ack.level = ask->level;
	message->ack.eta_min = ask->eta_min;
}

static void compose_number(const struct origin *origin, struct message *message)
{
	begin(origin, KIND_ACK, message);
	snprintf(message->ack.ref, sizeof(message->ack.ref), "%s", origin->number);
}

void answer_compose_text(const struct origin *origin, const char *text, struct message *message)
{
	begin(origin, KIND_TEXT, message);
	snprintf(message->text, sizeof(message->text), "%s", text);
	message->body_kind = KIND_TEXT;
	message_body_init(KIND_TEXT, &message->body);
	/* So that it gets a number and is repeated. A node of a mesh does that by itself. */
	message->ack_wanted = origin->network == ORIGIN_APRS || origin->network == ORIGIN_FIELD;
}

static size_t compose_words(const struct answer_ask *ask, struct message *messages)
{
	const struct origin *origin = ask->origin;
	const struct words_ask words = {.level = ask->level,
					.distress = origin->kind == KIND_DISTRESS,
					.status = origin->status,
					.eta_min = ask->eta_min};
	char texts[WORDS_TEXTS][WORDS_MAX];
	size_t count = words_make(&words, ask->language, &rooms[origin->network], texts);
	for (size_t i = 0; i < count; i++)
		answer_compose_text(origin, texts[i], &messages[i]);
	return count;
}

size_t answer_compose(const struct answer_ask *ask, struct message messages[ANSWER_MESSAGES])
{
	size_t count = 0;
	if (ask->origin->network == ORIGIN_FIELD) {
		compose_frame(ask, &messages[0]);
		return 1;
	}
	if (ask->number && ask->origin->number[0])
		compose_number(ask->origin, &messages[count++]);
	if (ask->text)
		count += compose_words(ask, &messages[count]);
	return count;
}
