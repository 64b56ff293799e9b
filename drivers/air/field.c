/* The field frame: sealed datagrams of stations to messages (field_hear.c), and what a gateway says back. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/air/field_message.h"
#include "drivers/air/field_state.h"

enum {
	AX25_UI_OVERHEAD = 2 * AX25_ADDRESS_SIZE + 2, /* addresses, control and protocol identifier */
	DATAGRAM_MAX = FIELD_FRAME_MAX + AX25_UI_OVERHEAD,
};

enum { KEY_STATION, KEY_CARRIAGE, KEY_CALLSIGN, KEY_ENCRYPT, KEY_HOP_LIMIT, KEY_FRAGMENT_TIMEOUT, KEY_COUNT };

static bool read_callsign(const char *callsign, struct ax25_frame *carriage)
{
	ax25_address_parse(FIELD_DESTINATION, strlen(FIELD_DESTINATION), &carriage->destination);
	return ax25_address_parse(callsign, strlen(callsign), &carriage->source) && !carriage->source.used;
}

static int field_init(void *state, const struct services *services, const union driver_value *values)
{
	struct field *field = state;
	const char *callsign = values[KEY_CALLSIGN].text;
	field->services = services;
	field->sends = values[KEY_STATION].integer >= 0;
	field->station = (uint16_t)values[KEY_STATION].integer;
	field->ax25 = strcmp(values[KEY_CARRIAGE].text, "ax25") == 0;
	field->encrypts = values[KEY_ENCRYPT].flag;
	field->hop_limit = (uint8_t)values[KEY_HOP_LIMIT].integer;
	field->fragment_timeout_us = values[KEY_FRAGMENT_TIMEOUT].integer * INT64_C(1000000);
	if (callsign[0] && !read_callsign(callsign, &field->carriage)) {
		services->refuse(services->owner, "callsign",
				 "is no call sign: up to six letters and digits, then - and 0 to 15");
		return -EINVAL;
	}
	if (field->ax25 && !callsign[0])
		field->sends = false;
	return 0;
}

static void field_input(void *state, const struct datagram *datagram)
{
	field_hear(state, datagram);
}

static void field_alarm(void *state)
{
	field_hear_alarm(state);
}

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

/* Everything but counter, seal and header. Returns the size of the body, or what compose() gives. */
static int prepare(const struct field *field, const struct message *message, struct field_header *header,
		   uint8_t frame[FIELD_FRAME_MAX])
{
	if (!field->sends)
		return -EACCES;
	if (message->kind < KIND_DISTRESS || message->kind > KIND_MOVEMENT)
		return -EOPNOTSUPP;
	if (!fill_header(field, message, header))
		return -EINVAL;
	return field_compose_body(message, header, frame + field_header_size(header), field_body_room(header));
}

/* The counter is taken last, so that none is spent on what cannot be said. Returns the frame's size. */
static int compose(const struct field *field, const struct message *message, struct field_header *header,
		   uint8_t frame[FIELD_FRAME_MAX])
{
	const struct services *services = field->services;
	int body_size = prepare(field, message, header, frame);
	if (body_size < 0)
		return body_size;
	int result = services->next_counter(services->owner, header->station, &header->counter);
	if (result != 0)
		return result;
	field_header_encode(header, frame);
	size_t size = field_header_size(header) + (size_t)body_size;
	result = field_seal(frame, size, cipher_seal, (void *)services);
	return result ? result : (int)(size + FIELD_TAG_SIZE);
}

/* Nobody acknowledges an acknowledgement, nor what is said to all. */
static bool is_answered(const struct message *message, const struct field_header *header)
{
	return message->ack_wanted && message->kind != KIND_ACK && header->station != FIELD_ALL;
}

static int field_plan(const void *state, const struct message *message, struct air_plan *plan)
{
	const struct field *field = state;
	struct field_header header;
	uint8_t frame[FIELD_FRAME_MAX];
	int body_size = prepare(field, message, &header, frame);
	if (body_size < 0)
		return body_size;
	size_t size = field_header_size(&header) + (size_t)body_size + FIELD_TAG_SIZE;
	*plan = (struct air_plan){.parts = 1,
				  .sizes = {field->ax25 ? size + AX25_UI_OVERHEAD : size},
				  .confirmable = is_answered(message, &header),
				  .sealed = true};
	return 0;
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

static ssize_t field_output(void *state, const struct message *message, struct air_utterance *utterance, uint8_t *bytes,
			    size_t size)
{
	const struct field *field = state;
	struct field_header header;
	uint8_t frame[FIELD_FRAME_MAX];
	int frame_size = compose(field, message, &header, frame);
	if (frame_size < 0)
		return frame_size;
	if (utterance && is_answered(message, &header))
		snprintf(utterance->ref, sizeof(utterance->ref), "f-%u-%u", header.station, header.counter);
	return wrap(field, frame, (size_t)frame_size, bytes, size);
}

static const char *const carriages[] = {"plain", "ax25", NULL};

static const struct driver_key keys[KEY_COUNT] = {
    [KEY_STATION] = {.name = "station",
		     .type = KEY_INTEGER,
		     .min = -1,
		     .max = FIELD_ALL - 1,
		     .fallback = "-1",
		     .help =
			 "this gateway's own number, which no other gateway of the operation has; -1 = receive only"},
    [KEY_CARRIAGE] = {.name = "carriage",
		      .type = KEY_CHOICE,
		      .choices = carriages,
		      .fallback = "plain",
		      .help = "ax25: each frame in an AX.25 UI frame, for TNCs; plain: as it is"},
    [KEY_CALLSIGN] = {.name = "callsign",
		      .type = KEY_TEXT,
		      .max = 9,
		      .fallback = "",
		      .help = "licensed call sign for carriage ax25, such as N0CALL-10; empty = receive only"},
    [KEY_ENCRYPT] = {.name = "encrypt",
		     .type = KEY_FLAG,
		     .fallback = "true",
		     .help =
			 "false: what is sent is readable and only authenticated, where a licence forbids encryption"},
    [KEY_HOP_LIMIT] = {.name = "hop_limit",
		       .type = KEY_INTEGER,
		       .min = 0,
		       .max = 15,
		       .fallback = "3",
		       .help = "how often relays may repeat what is sent"},
    [KEY_FRAGMENT_TIMEOUT] = {.name = "fragment_timeout_s",
			      .type = KEY_INTEGER,
			      .min = 10,
			      .max = 86400,
			      .fallback = "600",
			      .help = "how long the pieces of a long message are waited for"},
};

const struct air_ops air_field = {
    .name = "field",
    .help = "sealed field frames: distress, alerts, check-ins, positions, texts, reports, requests",
    .keys = keys,
    .key_count = KEY_COUNT,
    .state_size = sizeof(struct field),
    .mtu = DATAGRAM_MAX,
    .init = field_init,
    .input = field_input,
    .plan = field_plan,
    .output = field_output,
    .alarm = field_alarm,
};
