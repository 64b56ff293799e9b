/* What a gateway says to the field: a message in one sealed frame, or a long text in up to eight. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/air/field_message.h"
#include "drivers/air/field_state.h"
#include "drivers/codec/field_bodies.h"

_Static_assert(FIELD_FRAGMENTS_MAX == (int)AIR_PARTS_MAX, "parts");

/* A message on its way into frames: what all of them have in common. */
struct speech {
	struct field_header header;
	uint8_t body[FIELD_WHOLE_MAX];
	size_t size;
	unsigned parts;
	size_t piece; /* bytes of the body in each part but the last */
};

static int cipher_seal(void *user, struct field_crypt *crypt)
{
	const struct services *services = user;
	struct sealed sealed;
	field_to_sealed(crypt, &sealed);
	int result = services->seal(services->owner, &sealed);
	memcpy(crypt->tag, sealed.tag, sizeof(crypt->tag));
	return result;
}

/* Whom it is for. An acknowledgement goes to the station whose message it acknowledges, if nothing else is said. */
static bool addressee_of(const struct message *message, uint16_t *station)
{
	uint32_t counter;
	if (message->kind == KIND_ACK && !message->to[0])
		return field_id_parse(message->ack.ref, station, &counter);
	return field_station_parse(message->to, station);
}

static bool fill_header(const struct field *field, const struct message *message, struct field_header *header)
{
	const int64_t wall_ms = field->services->wall_ms(field->services->owner);
	*header = (struct field_header){
	    .down = true,
	    .kind = (uint8_t)message->kind,
	    .status = (uint8_t)message->status,
	    .ack_wanted = message->ack_wanted,
	    .encrypted = field->encrypts,
	    .sensitivity = message->sensitivity,
	    .hop_limit = field->hop_limit,
	    .time_s = wall_ms > 0 ? (uint32_t)(wall_ms / 1000) : 0,
	    .from = field->station,
	};
	return addressee_of(message, &header->station);
}

/* In pieces of about the same size: nobody waits longer than need be for the end of a frame. */
static void cut(struct speech *speech)
{
	const size_t room = field_body_room(&speech->header), most = room - FIELD_FRAGMENT_SIZE;
	speech->parts = 1;
	speech->piece = speech->size;
	if (speech->size <= room)
		return;
	speech->header.fragment = true;
	speech->parts = (unsigned)((speech->size + most - 1) / most);
	speech->piece = (speech->size + speech->parts - 1) / speech->parts;
}

/* Everything but counters and seals. 0, or what plan() gives. */
static int prepare(const struct field *field, const struct message *message, struct speech *speech)
{
	if (!field->sends)
		return -EACCES;
	if (message->kind < KIND_DISTRESS || message->kind > KIND_MOVEMENT)
		return -EOPNOTSUPP;
	if (!fill_header(field, message, &speech->header))
		return -EINVAL;
	bool whole = field_is_never_fragmented(speech->header.kind);
	size_t room = whole ? field_body_room(&speech->header) : sizeof(speech->body);
	int size = field_compose_body(message, &speech->header, speech->body, room);
	if (size < 0)
		return size;
	speech->size = (size_t)size;
	cut(speech);
	return 0;
}

static size_t piece_size(const struct speech *speech, unsigned part)
{
	size_t left = speech->size - part * speech->piece;
	return left < speech->piece ? left : speech->piece;
}

static size_t datagram_size(const struct field *field, const struct speech *speech, unsigned part)
{
	size_t body = piece_size(speech, part) + (speech->header.fragment ? FIELD_FRAGMENT_SIZE : 0);
	size_t frame = field_header_size(&speech->header) + body + FIELD_TAG_SIZE;
	return field->ax25 ? frame + FIELD_AX25_OVERHEAD : frame;
}

/* Nobody acknowledges an acknowledgement, nor what is said to all. Whoever is sent pieces always says which of them have come. */
static bool is_answered(const struct message *message, const struct speech *speech)
{
	return (message->ack_wanted || speech->parts > 1) && message->kind != KIND_ACK &&
	       speech->header.station != FIELD_ALL;
}

static size_t text_max(const struct message *message, const struct field_header *header)
{
	if (header->kind == FIELD_TEXT)
		return FIELD_WHOLE_MAX - FIELD_TEXT_SIZE;
	if (header->kind != FIELD_ALERT)
		return 0;
	bool refers = message->body_kind == KIND_ALERT && message->body.alert.type != ALERT_TYPE_ALERT;
	return field_body_room(header) - FIELD_ALERT_SIZE - (refers ? FIELD_ALERT_REF_SIZE : 0);
}

int field_plan(const void *state, const struct message *message, struct air_plan *plan)
{
	const struct field *field = state;
	struct speech speech;
	int result = prepare(field, message, &speech);
	*plan = (struct air_plan){.sealed = true};
	if (result == 0 || result == -EMSGSIZE)
		plan->text_max = text_max(message, &speech.header);
	if (result < 0)
		return result;
	plan->parts = speech.parts;
	plan->confirmable = is_answered(message, &speech);
	for (unsigned part = 0; part < speech.parts; part++)
		plan->sizes[part] = datagram_size(field, &speech, part);
	return 0;
}

/* The time of the message's first frame. */
static uint32_t time_of(struct field *field, const struct speech *speech, const struct air_utterance *utterance)
{
	const struct field_said now = {true, utterance->id, speech->header.station, speech->header.time_s};
	for (size_t i = 0; i < FIELD_SAID_MAX; i++) {
		struct field_said *said = &field->said[i];
		if (!said->used || said->id != now.id || said->station != now.station)
			continue;
		if (utterance->part == 0)
			*said = now;
		return said->time_s;
	}
	field->said[field->said_next++ % FIELD_SAID_MAX] = now;
	return now.time_s;
}

static size_t put_body(const struct speech *speech, const struct air_utterance *utterance, uint8_t *body, size_t room)
{
	if (!speech->header.fragment) {
		memcpy(body, speech->body, speech->size);
		return speech->size;
	}
	const struct field_fragment fragment = {
	    .id = utterance->id,
	    .index = (uint8_t)utterance->part,
	    .total = (uint8_t)speech->parts,
	    .bytes = speech->body + utterance->part * speech->piece,
	    .size = piece_size(speech, utterance->part),
	};
	return field_fragment_encode(&fragment, body, room);
}

/* The counter is taken last, so that none is spent on what cannot be said. Returns the frame's size. */
static int compose(const struct services *services, struct speech *speech, const struct air_utterance *utterance,
		   uint8_t frame[FIELD_FRAME_MAX])
{
	struct field_header *header = &speech->header;
	size_t head = field_header_size(header);
	size_t size = head + put_body(speech, utterance, frame + head, field_body_room(header));
	int result = services->next_counter(services->owner, header->station, &header->counter);
	if (result != 0)
		return result;
	field_header_encode(header, frame);
	result = field_seal(frame, size, cipher_seal, (void *)services);
	return result ? result : (int)(size + FIELD_TAG_SIZE);
}

static ssize_t wrap(const struct field *field, const uint8_t *frame, size_t frame_size, uint8_t *bytes, size_t size)
{
	if (field->ax25) {
		struct ax25_frame carriage = field->carriage;
		carriage.information = frame;
		carriage.information_size = frame_size;
		size_t written = ax25_encode(&carriage, bytes, size);
		return written ? (ssize_t)written : -EMSGSIZE;
	}
	if (frame_size > size)
		return -EMSGSIZE;
	memcpy(bytes, frame, frame_size);
	return (ssize_t)frame_size;
}

ssize_t field_output(void *state, const struct message *message, struct air_utterance *utterance, uint8_t *bytes,
		     size_t size)
{
	struct field *field = state;
	static const struct air_utterance alone;
	const struct air_utterance *asked = utterance ? utterance : &alone;
	struct speech speech;
	uint8_t frame[FIELD_FRAME_MAX];
	int result = prepare(field, message, &speech);
	if (result < 0)
		return result;
	if (asked->part >= speech.parts)
		return -EINVAL;
	if ((!utterance && speech.parts > 1) || datagram_size(field, &speech, asked->part) > size)
		return -EMSGSIZE;
	if (speech.parts > 1)
		speech.header.time_s = time_of(field, &speech, asked);
	result = compose(field->services, &speech, asked, frame);
	if (result < 0)
		return result;
	if (utterance && is_answered(message, &speech))
		snprintf(utterance->ref, sizeof(utterance->ref), "f-%u-%lu", speech.header.station,
			 (unsigned long)speech.header.counter);
	return wrap(field, frame, (size_t)result, bytes, size);
}
