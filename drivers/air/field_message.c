/* What the bodies of the field frame say, in the words of the data model: warnings, answers, places. The rest: field_report.c. */
#include "drivers/air/field_message.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "drivers/air/field_values.h"
#include "drivers/codec/field_bodies.h"

static bool fill_distress(const struct field_header *header, const uint8_t *body, size_t size, struct message *message)
{
	struct field_distress distress;
	if (!field_distress_decode(body, size, header->position, &distress))
		return false;
	message->body.distress = (struct body_distress){
	    .nature = known(distress.nature, NATURE_DURESS),
	    .persons = given_u8(distress.persons),
	    .battery_pct = given_pct(distress.battery_pct),
	};
	fill_place(distress.lat_e7, distress.lon_e7, &message->position);
	if (message->position.valid) {
		message->position.fix_age_s = given_steps(distress.fix_age_10s, 10);
		message->position.accuracy_m = given_steps(distress.accuracy_10m, 10);
	}
	return true;
}

/* Those from 70 on are for gateways to find, not for stations to say. */
static uint8_t known_event(uint8_t event)
{
	static const uint8_t events[] = {10, 11, 12, 13, 14, 20, 21, 22, 23, 30, 31,
					 32, 40, 41, 42, 50, 51, 52, 53, 60, 61, 62};
	return memchr(events, event, sizeof(events)) ? event : EVENT_UNSPECIFIED;
}

static void print_ref(char *ref, uint16_t station, uint32_t counter)
{
	snprintf(ref, MESSAGE_ID_MAX, "f-%u-%lu", station, (unsigned long)counter);
}

static int64_t expiry_ms(uint8_t quarters, const struct field_header *header, int64_t now_ms)
{
	int64_t start_ms = header->time_s ? header->time_s * INT64_C(1000) : now_ms;
	return quarters && start_ms ? start_ms + quarters * (int64_t)QUARTER_MS : 0;
}

static bool fill_alert(const struct field_header *header, const uint8_t *body, size_t size, int64_t now_ms,
		       struct message *message)
{
	struct field_alert alert;
	if (!field_alert_decode(body, size, &alert))
		return false;
	message->urgency = known(alert.urgency, URGENCY_PAST);
	message->severity = known(alert.severity, SEVERITY_MINOR);
	message->body.alert = (struct body_alert){
	    .type = known(alert.type, ALERT_TYPE_CANCEL),
	    .certainty = known(alert.certainty, 4),
	    .category = known(alert.category, 11),
	    .event = known_event(alert.event),
	    .response = known(alert.response, 8),
	    .radius_m = alert.radius_10m == FIELD_NONE_U16 ? (double)NAN : alert.radius_10m * 10.0,
	    .expires_at_ms = expiry_ms(alert.expires_15min, header, now_ms),
	    .persons = given_u8(alert.persons),
	};
	if (message->body.alert.type != ALERT_TYPE_ALERT)
		print_ref(message->body.alert.ref, alert.ref_station, alert.ref_counter);
	fill_place(alert.lat_e7, alert.lon_e7, &message->position);
	fill_text(&alert.text, message);
	return true;
}

static enum ack_level known_level(uint8_t level)
{
	bool known_one = level <= ACK_CLOSED || (level >= ACK_NOT_UNDERSTOOD && level <= ACK_EXPIRED);
	return known_one ? (enum ack_level)level : 0;
}

static bool fill_ack(const uint8_t *body, size_t size, struct message *message)
{
	struct field_ack ack;
	if (!field_ack_decode(body, size, &ack))
		return false;
	print_ref(message->ack.ref, ack.ref_station, ack.ref_counter);
	message->ack.level = known_level(ack.level);
	message->ack.rejected = message->ack.level >= ACK_NOT_UNDERSTOOD;
	if (ack.level == 0)
		message->ack.bitmap = ack.detail;
	else if (ack.level == ACK_RESPONDING)
		message->ack.eta_min = given_u8(ack.detail);
	return true;
}

static bool fill_checkin(const struct field_header *header, const uint8_t *body, size_t size, struct message *message)
{
	struct field_checkin checkin;
	if (!field_checkin_decode(body, size, header->position, &checkin))
		return false;
	message->body.checkin = (struct body_checkin){
	    .state = known(checkin.state, CHECKIN_DURESS),
	    .rollcall = checkin.rollcall ? given_u16(checkin.rollcall) : -1,
	    .headcount = given_u8(checkin.headcount),
	    .battery_pct = given_pct(checkin.battery_pct),
	};
	fill_place(checkin.lat_e7, checkin.lon_e7, &message->position);
	return true;
}

static bool fill_rollcall(const uint8_t *body, size_t size, struct message *message)
{
	struct field_rollcall rollcall;
	if (!field_rollcall_decode(body, size, &rollcall))
		return false;
	message->body.rollcall = (struct body_rollcall){
	    .id = rollcall.id,
	    .type = known(rollcall.type, ROLLCALL_SERVICEABILITY),
	    .window_min = given_u8(rollcall.window_min),
	    .slot_s = given_u8(rollcall.slot_s),
	    .group = given_u8(rollcall.group),
	};
	return true;
}

static bool fill_position(const uint8_t *body, size_t size, struct message *message)
{
	struct field_position position;
	if (!field_position_decode(body, size, &position))
		return false;
	message->body.position.source = known(position.source, 4);
	message->body.position.battery_pct = given_pct(position.battery_pct);
	struct message_position *place = &message->position;
	fill_place(position.lat_e7, position.lon_e7, place);
	place->alt_m = position.alt_m == FIELD_NONE_I16 ? (double)NAN : position.alt_m;
	place->speed_kmh = given_steps(position.speed_kmh, 1);
	place->course_deg = position.course_2deg < 180 ? position.course_2deg * 2.0 : (double)NAN;
	place->accuracy_m = given_steps(position.accuracy_10m, 10);
	return true;
}

static bool fill_text_kind(const uint8_t *body, size_t size, struct message *message)
{
	struct field_text text;
	if (!field_text_decode(body, size, &text))
		return false;
	message->body.text.language = known(text.language, 9);
	if (text.to != FIELD_ALL)
		snprintf(message->to, sizeof(message->to), "f-%u", text.to);
	fill_text(&text.text, message);
	return true;
}

static bool fill_kind(const struct field_header *header, const uint8_t *body, size_t size, int64_t now_ms,
		      struct message *message)
{
	switch (header->kind) {
	case FIELD_DISTRESS:
		return fill_distress(header, body, size, message);
	case FIELD_ALERT:
		return fill_alert(header, body, size, now_ms, message);
	case FIELD_ACK:
		return fill_ack(body, size, message);
	case FIELD_CHECKIN:
		return fill_checkin(header, body, size, message);
	case FIELD_ROLLCALL:
		return fill_rollcall(body, size, message);
	case FIELD_POSITION:
		return fill_position(body, size, message);
	case FIELD_TEXT:
		return fill_text_kind(body, size, message);
	default:
		return field_fill_report(header->kind, body, size, message);
	}
}

bool field_fill_body(const struct field_header *header, const uint8_t *body, size_t size, int64_t now_ms,
		     struct message *message)
{
	if (!fill_kind(header, body, size, now_ms, message))
		return false;
	message->kind = message->body_kind = (enum message_kind)header->kind;
	return true;
}
