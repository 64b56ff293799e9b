/* The field frame: sealed datagrams of stations to messages (field_hear.c), and what a gateway says (field_say.c). */
#include <errno.h>
#include <string.h>

#include "drivers/air/field_state.h"

enum { DATAGRAM_MAX = FIELD_FRAME_MAX + FIELD_AX25_OVERHEAD };

enum {
	KEY_STATION,
	KEY_CARRIAGE,
	KEY_CALLSIGN,
	KEY_ENCRYPT,
	KEY_HOP_LIMIT,
	KEY_FRAGMENT_TIMEOUT,
	KEY_FRAGMENT_ACK,
	KEY_COUNT
};

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
	field->fragment_ack_us = values[KEY_FRAGMENT_ACK].integer * INT64_C(1000000);
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
			      .help = "how long the next piece of a long message is waited for"},
    [KEY_FRAGMENT_ACK] = {.name = "fragment_ack_s",
			  .type = KEY_INTEGER,
			  .min = 1,
			  .max = 600,
			  .fallback = "10",
			  .help = "how long after its last piece a station is told which ones are missing"},
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
