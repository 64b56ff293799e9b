/* Pieces of long messages as they are heard: put together, and told to their station, so that it repeats only what is missing.
 *
 * A station sends its pieces in order and then listens. So it is told which have come when none behind the last one heard is missing;
 * and if they break off before, after a silence. A station that hears nothing repeats the last piece that is missing as far as it
 * knows, which is answered, too, also for a message that was whole long ago. */
#include <stdio.h>

#include "drivers/air/field_heard.h"

enum {
	/* A relayed frame comes again within moments, and is no question. */
	TELL_GAP_US = 3000000,
	/* For one message. Whoever plays back what was recorded must not make the gateway talk for ever. */
	TELL_MAX = 16,
};

static int64_t now_us(const struct field *field)
{
	return field->services->now_us(field->services->owner);
}

static void arm(const struct field *field)
{
	int64_t oldest_us = field_wholes_oldest_us(&field->wholes), quiet_us = field_wholes_quiet_us(&field->wholes);
	int64_t at_us = oldest_us == INT64_MAX ? 0 : oldest_us + field->fragment_timeout_us;
	field->services->alarm(field->services->owner, quiet_us < at_us ? quiet_us : at_us);
}

/* Nobody but a station with its key of today: the others could not read it, or are many. */
static bool may_tell(const struct field *field, uint16_t station, unsigned epochs_back,
		     const struct field_telling *told)
{
	return field->sends && station != FIELD_ALL && epochs_back == 0 && told->times < TELL_MAX;
}

/* have: bit 0 = the first piece; counter: of the first of those that have come. */
static void tell(const struct field *field, const struct field_header *header, uint32_t counter, uint8_t have,
		 struct field_telling *told)
{
	struct message message;
	message_init(&message);
	message.kind = KIND_ACK;
	message.status = (enum message_status)header->status;
	message.ack.level = 0;
	message.ack.bitmap = have;
	snprintf(message.to, sizeof(message.to), "f-%u", header->station);
	snprintf(message.ack.ref, sizeof(message.ack.ref), "f-%u-%lu", header->station, (unsigned long)counter);
	told->last_us = now_us(field);
	told->times++;
	field->services->say_back(field->services->owner, &message);
}

/* Of a set whose pieces another radio heard all, that one tells. */
static void tell_of(const struct field *field, struct field_whole *whole)
{
	whole->quiet_us = 0;
	if (whole->fresh && may_tell(field, whole->header.station, whole->epochs_back, &whole->told))
		tell(field, &whole->header, whole->counters[field_whole_first(whole)], whole->have, &whole->told);
}

static bool is_soon(const struct field *field, const struct field_telling *told)
{
	return told->times && now_us(field) < told->last_us + TELL_GAP_US;
}

/* Not all are there yet. */
static void note_piece(struct field *field, struct field_whole *whole, uint8_t index, bool repeated)
{
	bool ended = field_whole_has_all_behind(whole, index) && !(repeated && is_soon(field, &whole->told));
	if (ended)
		tell_of(field, whole);
	else
		whole->quiet_us = field->sends ? now_us(field) + field->fragment_ack_us : 0;
}

static void hear_whole(struct field *field, const struct field_heard *last, struct field_whole *whole)
{
	struct field_heard heard = *last;
	uint8_t body[FIELD_WHOLE_MAX];
	size_t size = field_whole_join(whole, body);
	heard.header = whole->header;
	heard.hash = whole->hash;
	tell_of(field, whole);
	field_whole_finish(&field->wholes, whole);
	if (size)
		field_hear_body(field, &heard, body, size, true);
	else
		field_drop(field, "field_fragments_too_long");
}

/* A piece of what was whole: its station has not heard that it was. */
static void hear_finished(const struct field *field, struct field_finished *finished)
{
	const struct field_header *header = &finished->header;
	field_drop(field, "field_replay");
	if (is_soon(field, &finished->told) ||
	    !may_tell(field, header->station, finished->epochs_back, &finished->told))
		return;
	tell(field, header, header->counter, (uint8_t)((1u << finished->total) - 1), &finished->told);
	if (header->ack_wanted) {
		char id[MESSAGE_ID_MAX];
		snprintf(id, sizeof(id), "f-%u-%lu", header->station, (unsigned long)header->counter);
		field->services->heard_again(field->services->owner, id);
	}
}

static void drop_times(const struct field *field, const char *reason, size_t times)
{
	while (times--)
		field_drop(field, reason);
}

static void add_piece(struct field *field, const struct field_heard *heard, const struct field_piece *piece)
{
	struct field_whole *whole;
	size_t lost = 0;
	enum field_add result = field_wholes_add(&field->wholes, piece, now_us(field), &whole, &lost);
	drop_times(field, "field_fragments_lost", lost);
	if (result == FIELD_ADD_REPEATED)
		field_drop(field, "field_replay");
	if (result == FIELD_ADD_BAD)
		field_drop(field, "field_bad_fragment");
	if (result == FIELD_ADD_WHOLE)
		hear_whole(field, heard, whole);
	else if (whole)
		note_piece(field, whole, piece->fragment->index, result == FIELD_ADD_REPEATED);
}

void field_hear_piece(struct field *field, const struct field_heard *heard, bool seen)
{
	struct field_fragment fragment;
	size_t size;
	const uint8_t *body = field_body_of(heard, &size);
	if (!field_fragment_decode(body, size, &fragment)) {
		field_drop(field, "field_bad_fragment");
		return;
	}
	const struct field_piece piece = {&heard->header, &fragment, heard->epochs_back, heard->hash, seen};
	struct field_finished *finished = field_wholes_finished(&field->wholes, &piece);
	if (finished)
		hear_finished(field, finished);
	else
		add_piece(field, heard, &piece);
	arm(field);
}

void field_hear_alarm(struct field *field)
{
	const int64_t at_us = now_us(field);
	for (size_t i = 0; i < FIELD_WHOLES_MAX; i++) {
		struct field_whole *whole = &field->wholes.slots[i];
		if (whole->used && whole->quiet_us && whole->quiet_us <= at_us)
			tell_of(field, whole);
	}
	drop_times(field, "field_fragments_lost",
		   field_wholes_expire(&field->wholes, at_us - field->fragment_timeout_us + 1));
	arm(field);
}
