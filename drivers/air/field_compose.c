/* What gateways say to the field: text, ack, alert and rollcall out of the data model. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/air/field_message.h"
#include "drivers/air/field_values.h"

/* A number without sign or spaces at the beginning of text, at most `most`; where it ends, NULL = none. */
static const char *read_number(const char *text, unsigned long most, unsigned long *number)
{
	char *end;
	if (text[0] < '0' || text[0] > '9')
		return NULL;
	errno = 0;
	*number = strtoul(text, &end, 10);
	return errno == 0 && *number <= most ? end : NULL;
}

bool field_station_parse(const char *text, uint16_t *station)
{
	unsigned long number = FIELD_ALL;
	if (text[0]) {
		const char *end = strncmp(text, "f-", 2) == 0 ? read_number(text + 2, FIELD_ALL, &number) : NULL;
		if (!end || *end)
			return false;
	}
	*station = (uint16_t)number;
	return true;
}

bool field_id_parse(const char *text, uint16_t *station, uint32_t *counter)
{
	unsigned long first, second;
	const char *at = strncmp(text, "f-", 2) == 0 ? read_number(text + 2, FIELD_ALL, &first) : NULL;
	if (!at || *at != '-')
		return false;
	at = read_number(at + 1, UINT32_MAX, &second);
	if (!at || (*at && *at != '-'))
		return false;
	*station = (uint16_t)first;
	*counter = (uint32_t)second;
	return true;
}

/* size == 0: an encoder found no room. */
static int encoded(size_t size)
{
	return size ? (int)size : -EMSGSIZE;
}

static int compose_text(const struct message *message, uint16_t to, uint8_t *body, size_t room)
{
	size_t size = strlen(message->text);
	if (size == 0 || !utf8_is_valid(message->text, size))
		return -EINVAL;
	struct field_text text = {
	    .to = to,
	    .language = message->body_kind == KIND_TEXT ? message->body.text.language : 0,
	    .text = {message->text, size},
	};
	return encoded(field_text_encode(&text, body, room));
}

static int compose_ack(const struct message *message, uint8_t *body, size_t room)
{
	struct field_ack ack = {.level = (uint8_t)message->ack.level, .detail = FIELD_NONE_U8};
	if (!field_id_parse(message->ack.ref, &ack.ref_station, &ack.ref_counter))
		return -EINVAL;
	if (ack.level == 0) {
		if (message->ack.bitmap < 0 || message->ack.bitmap > UINT8_MAX)
			return -EINVAL;
		ack.detail = (uint8_t)message->ack.bitmap;
	} else if (ack.level == ACK_RESPONDING && message->ack.eta_min >= 0) {
		ack.detail = (uint8_t)(message->ack.eta_min < FIELD_NONE_U8 ? message->ack.eta_min : FIELD_NONE_U8 - 1);
	}
	return encoded(field_ack_encode(&ack, body, room));
}

static int32_t to_e7(double degrees)
{
	return (int32_t)lround(degrees * 1e7);
}

static uint16_t to_radius(double radius_m)
{
	if (isnan(radius_m) || radius_m < 0)
		return FIELD_NONE_U16;
	return radius_m >= 655340 ? FIELD_NONE_U16 - 1 : (uint16_t)lround(radius_m / 10);
}

/* In quarters of an hour from the time of the frame, rounded up: better too long than too short. */
static uint8_t to_expires(int64_t expires_at_ms, const struct field_header *header)
{
	int64_t left_ms = expires_at_ms - header->time_s * INT64_C(1000);
	if (expires_at_ms == 0 || header->time_s == 0)
		return 0;
	if (left_ms <= QUARTER_MS)
		return 1;
	return left_ms > INT64_C(255) * QUARTER_MS ? 255 : (uint8_t)((left_ms + QUARTER_MS - 1) / QUARTER_MS);
}

static uint8_t to_u8(int value)
{
	if (value < 0)
		return FIELD_NONE_U8;
	return value < FIELD_NONE_U8 ? (uint8_t)value : FIELD_NONE_U8 - 1;
}

static void add_details(const struct body_alert *details, const struct field_header *header, struct field_alert *alert)
{
	alert->type = details->type;
	alert->certainty = details->certainty;
	alert->category = details->category;
	alert->event = details->event;
	alert->response = details->response;
	alert->radius_10m = to_radius(details->radius_m);
	alert->expires_15min = to_expires(details->expires_at_ms, header);
	alert->persons = to_u8(details->persons);
}

static int compose_alert(const struct message *message, const struct field_header *header, uint8_t *body, size_t room)
{
	struct field_alert alert = {
	    .urgency = (uint8_t)message->urgency,
	    .severity = (uint8_t)message->severity,
	    .lat_e7 = message->position.valid ? to_e7(message->position.lat_deg) : FIELD_NONE_DEGREES,
	    .lon_e7 = message->position.valid ? to_e7(message->position.lon_deg) : FIELD_NONE_DEGREES,
	    .radius_10m = FIELD_NONE_U16,
	    .persons = FIELD_NONE_U8,
	    .text = {message->text, strlen(message->text)},
	};
	if (message->body_kind == KIND_ALERT)
		add_details(&message->body.alert, header, &alert);
	if (!utf8_is_valid(alert.text.bytes, alert.text.size))
		return -EINVAL;
	if ((alert.type == FIELD_ALERT_UPDATE || alert.type == FIELD_ALERT_CANCEL) &&
	    !field_id_parse(message->body.alert.ref, &alert.ref_station, &alert.ref_counter))
		return -EINVAL;
	return encoded(field_alert_encode(&alert, body, room));
}

static int compose_rollcall(const struct message *message, uint8_t *body, size_t room)
{
	const struct body_rollcall *said = &message->body.rollcall;
	if (message->body_kind != KIND_ROLLCALL || said->id < 1 || said->id >= FIELD_NONE_U16)
		return -EINVAL;
	struct field_rollcall rollcall = {
	    .id = (uint16_t)said->id,
	    .type = said->type,
	    .window_min = to_u8(said->window_min),
	    .slot_s = to_u8(said->slot_s),
	    .group = to_u8(said->group),
	};
	return encoded(field_rollcall_encode(&rollcall, body, room));
}

int field_compose_body(const struct message *message, const struct field_header *header, uint8_t *body, size_t room)
{
	switch (message->kind) {
	case KIND_TEXT:
		return compose_text(message, header->station, body, room);
	case KIND_ACK:
		return compose_ack(message, body, room);
	case KIND_ALERT:
		return compose_alert(message, header, body, room);
	case KIND_ROLLCALL:
		return compose_rollcall(message, body, room);
	default:
		return -EOPNOTSUPP;
	}
}
