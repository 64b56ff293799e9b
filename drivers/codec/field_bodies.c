/* Bodies of the field frame that warn, answer and locate: distress, alert, ack, checkin, rollcall, position, text. */
#include "drivers/codec/field_bodies.h"

#include <string.h>

#include "drivers/codec/field.h"
#include "drivers/codec/field_bytes.h"

/* Bytes on the air, going up, as the design has them. */
#define ON_AIR(body) (FIELD_HEADER_SIZE + (body) + FIELD_TAG_SIZE)
_Static_assert(ON_AIR(FIELD_DISTRESS_SIZE) == 24, "distress");
_Static_assert(ON_AIR(FIELD_DISTRESS_SIZE + FIELD_DISTRESS_POSITION_SIZE) == 34, "distress with position");
_Static_assert(ON_AIR(FIELD_ALERT_SIZE) == 38, "alert");
_Static_assert(ON_AIR(FIELD_ALERT_SIZE + FIELD_ALERT_REF_SIZE) == 44, "alert that refers to another");
_Static_assert(ON_AIR(FIELD_ACK_SIZE) == 29, "ack");
_Static_assert(ON_AIR(FIELD_CHECKIN_SIZE) == 26, "checkin");
_Static_assert(ON_AIR(FIELD_CHECKIN_SIZE + FIELD_CHECKIN_POSITION_SIZE) == 34, "checkin with position");
_Static_assert(ON_AIR(FIELD_ROLLCALL_SIZE) == 27, "rollcall");
_Static_assert(ON_AIR(FIELD_POSITION_SIZE) == 36, "position");
_Static_assert(ON_AIR(FIELD_TEXT_SIZE) == 24, "text");
/* Down frames are two bytes longer; those that are never fragmented must still fit. */
_Static_assert(ON_AIR(FIELD_ALERT_SIZE + FIELD_ALERT_REF_SIZE) + FIELD_FROM_SIZE <= FIELD_SHORT_MAX, "alert, down");
_Static_assert(ON_AIR(FIELD_ACK_SIZE) + FIELD_FROM_SIZE <= FIELD_SHORT_MAX, "ack, down");

static struct field_text_span text_behind(const uint8_t *body, size_t fixed, size_t size)
{
	return (struct field_text_span){.bytes = (const char *)body + fixed, .size = size - fixed};
}

static size_t put_text(const struct field_text_span *text, uint8_t *body, size_t fixed)
{
	if (text->size)
		memcpy(body + fixed, text->bytes, text->size);
	return fixed + text->size;
}

/*   | 0: nature | 1: persons | 2: battery | 3: lat | 7: lon | 11: fix age | 12: accuracy |
 *   |    u8     |     u8     |    u8, %   |  i32   |  i32   |  u8, 10 s   |   u8, 10 m   |
 *
 * from lat on only with the flag "position present". */
bool field_distress_decode(const uint8_t *body, size_t size, bool position, struct field_distress *distress)
{
	if (size != FIELD_DISTRESS_SIZE + (position ? FIELD_DISTRESS_POSITION_SIZE : 0u))
		return false;
	distress->nature = body[0];
	distress->persons = body[1];
	distress->battery_pct = body[2];
	distress->lat_e7 = position ? get_i32(body + 3) : FIELD_NONE_DEGREES;
	distress->lon_e7 = position ? get_i32(body + 7) : FIELD_NONE_DEGREES;
	distress->fix_age_10s = position ? body[11] : FIELD_NONE_U8;
	distress->accuracy_10m = position ? body[12] : FIELD_NONE_U8;
	return true;
}

size_t field_distress_encode(const struct field_distress *distress, bool position, uint8_t *body, size_t room)
{
	size_t size = FIELD_DISTRESS_SIZE + (position ? FIELD_DISTRESS_POSITION_SIZE : 0u);
	if (room < size)
		return 0;
	body[0] = distress->nature;
	body[1] = distress->persons;
	body[2] = distress->battery_pct;
	if (!position)
		return size;
	put_u32(body + 3, (uint32_t)distress->lat_e7);
	put_u32(body + 7, (uint32_t)distress->lon_e7);
	body[11] = distress->fix_age_10s;
	body[12] = distress->accuracy_10m;
	return size;
}

/* Whether the message type is one that refers to another message; unknown types are new alerts. */
static bool refers(uint8_t type)
{
	return type == FIELD_ALERT_UPDATE || type == FIELD_ALERT_CANCEL;
}

/*   | 0: msgType bits 2-0, urgency 5-3 | 1: severity 2-0, certainty 5-3 | 2: category | 3: event | 4: response |
 *   |              u8                  |             u8                 |     u8      |    u8    |     u8      |
 *
 *   | 5: lat | 9: lon | 13: radius | 15: expires | 16: persons | 17: ref station | 19: ref counter | text |
 *   |  i32   |  i32   | u16, 10 m  | u8, 15 min  |     u8      |       u16       |       u32       |      |
 *
 * The reference only for Update and Cancel; the text comes behind what is there. */
bool field_alert_decode(const uint8_t *body, size_t size, struct field_alert *alert)
{
	if (size < FIELD_ALERT_SIZE)
		return false;
	alert->type = body[0] & 7;
	alert->urgency = body[0] >> 3 & 7;
	alert->severity = body[1] & 7;
	alert->certainty = body[1] >> 3 & 7;
	alert->category = body[2];
	alert->event = body[3];
	alert->response = body[4];
	alert->lat_e7 = get_i32(body + 5);
	alert->lon_e7 = get_i32(body + 9);
	alert->radius_10m = get_u16(body + 13);
	alert->expires_15min = body[15];
	alert->persons = body[16];
	size_t fixed = FIELD_ALERT_SIZE + (refers(alert->type) ? FIELD_ALERT_REF_SIZE : 0u);
	if (size < fixed)
		return false;
	alert->ref_station = refers(alert->type) ? get_u16(body + 17) : 0;
	alert->ref_counter = refers(alert->type) ? get_u32(body + 19) : 0;
	alert->text = text_behind(body, fixed, size);
	return true;
}

size_t field_alert_encode(const struct field_alert *alert, uint8_t *body, size_t room)
{
	size_t fixed = FIELD_ALERT_SIZE + (refers(alert->type) ? FIELD_ALERT_REF_SIZE : 0u);
	if (room < fixed || room - fixed < alert->text.size)
		return 0;
	body[0] = (uint8_t)((alert->type & 7) | (alert->urgency & 7) << 3);
	body[1] = (uint8_t)((alert->severity & 7) | (alert->certainty & 7) << 3);
	body[2] = alert->category;
	body[3] = alert->event;
	body[4] = alert->response;
	put_u32(body + 5, (uint32_t)alert->lat_e7);
	put_u32(body + 9, (uint32_t)alert->lon_e7);
	put_u16(body + 13, alert->radius_10m);
	body[15] = alert->expires_15min;
	body[16] = alert->persons;
	if (refers(alert->type)) {
		put_u16(body + 17, alert->ref_station);
		put_u32(body + 19, alert->ref_counter);
	}
	return put_text(&alert->text, body, fixed);
}

/*   | 0: ref station | 2: ref counter | 6: level | 7: eta in minutes, code or bitmap |
 *   |      u16       |      u32       |    u8    |                u8                 | */
bool field_ack_decode(const uint8_t *body, size_t size, struct field_ack *ack)
{
	if (size != FIELD_ACK_SIZE)
		return false;
	ack->ref_station = get_u16(body);
	ack->ref_counter = get_u32(body + 2);
	ack->level = body[6];
	ack->detail = body[7];
	return true;
}

size_t field_ack_encode(const struct field_ack *ack, uint8_t *body, size_t room)
{
	if (room < FIELD_ACK_SIZE)
		return 0;
	put_u16(body, ack->ref_station);
	put_u32(body + 2, ack->ref_counter);
	body[6] = ack->level;
	body[7] = ack->detail;
	return FIELD_ACK_SIZE;
}

/*   | 0: state | 1: roll call | 3: headcount | 4: battery | 5: lat | 9: lon |
 *   |    u8    |     u16      |      u8      |   u8, %    |  i32   |  i32   |
 *
 * from lat on only with the flag "position present". */
bool field_checkin_decode(const uint8_t *body, size_t size, bool position, struct field_checkin *checkin)
{
	if (size != FIELD_CHECKIN_SIZE + (position ? FIELD_CHECKIN_POSITION_SIZE : 0u))
		return false;
	checkin->state = body[0];
	checkin->rollcall = get_u16(body + 1);
	checkin->headcount = body[3];
	checkin->battery_pct = body[4];
	checkin->lat_e7 = position ? get_i32(body + 5) : FIELD_NONE_DEGREES;
	checkin->lon_e7 = position ? get_i32(body + 9) : FIELD_NONE_DEGREES;
	return true;
}

size_t field_checkin_encode(const struct field_checkin *checkin, bool position, uint8_t *body, size_t room)
{
	size_t size = FIELD_CHECKIN_SIZE + (position ? FIELD_CHECKIN_POSITION_SIZE : 0u);
	if (room < size)
		return 0;
	body[0] = checkin->state;
	put_u16(body + 1, checkin->rollcall);
	body[3] = checkin->headcount;
	body[4] = checkin->battery_pct;
	if (!position)
		return size;
	put_u32(body + 5, (uint32_t)checkin->lat_e7);
	put_u32(body + 9, (uint32_t)checkin->lon_e7);
	return size;
}

/*   | 0: id | 2: type | 3: window in minutes | 4: slot in seconds | 5: group |
 *   |  u16  |   u8    |          u8          |         u8         |    u8    | */
bool field_rollcall_decode(const uint8_t *body, size_t size, struct field_rollcall *rollcall)
{
	if (size != FIELD_ROLLCALL_SIZE)
		return false;
	rollcall->id = get_u16(body);
	rollcall->type = body[2];
	rollcall->window_min = body[3];
	rollcall->slot_s = body[4];
	rollcall->group = body[5];
	return true;
}

size_t field_rollcall_encode(const struct field_rollcall *rollcall, uint8_t *body, size_t room)
{
	if (room < FIELD_ROLLCALL_SIZE)
		return 0;
	put_u16(body, rollcall->id);
	body[2] = rollcall->type;
	body[3] = rollcall->window_min;
	body[4] = rollcall->slot_s;
	body[5] = rollcall->group;
	return FIELD_ROLLCALL_SIZE;
}

/*   | 0: lat | 4: lon | 8: alt | 10: speed | 11: course  | 12: accuracy | 13: battery | 14: source |
 *   |  i32   |  i32   | i16, m | u8, km/h  | u8, 2 deg   |   u8, 10 m   |    u8, %    |     u8     | */
bool field_position_decode(const uint8_t *body, size_t size, struct field_position *position)
{
	if (size != FIELD_POSITION_SIZE)
		return false;
	position->lat_e7 = get_i32(body);
	position->lon_e7 = get_i32(body + 4);
	position->alt_m = get_i16(body + 8);
	position->speed_kmh = body[10];
	position->course_2deg = body[11];
	position->accuracy_10m = body[12];
	position->battery_pct = body[13];
	position->source = body[14];
	return true;
}

size_t field_position_encode(const struct field_position *position, uint8_t *body, size_t room)
{
	if (room < FIELD_POSITION_SIZE)
		return 0;
	put_u32(body, (uint32_t)position->lat_e7);
	put_u32(body + 4, (uint32_t)position->lon_e7);
	put_u16(body + 8, (uint16_t)position->alt_m);
	body[10] = position->speed_kmh;
	body[11] = position->course_2deg;
	body[12] = position->accuracy_10m;
	body[13] = position->battery_pct;
	body[14] = position->source;
	return FIELD_POSITION_SIZE;
}

/*   | 0: to | 2: language | 3: text |
 *   |  u16  |     u8      |   ...   | */
bool field_text_decode(const uint8_t *body, size_t size, struct field_text *text)
{
	if (size < FIELD_TEXT_SIZE)
		return false;
	text->to = get_u16(body);
	text->language = body[2];
	text->text = text_behind(body, FIELD_TEXT_SIZE, size);
	return true;
}

size_t field_text_encode(const struct field_text *text, uint8_t *body, size_t room)
{
	if (room < FIELD_TEXT_SIZE || room - FIELD_TEXT_SIZE < text->text.size)
		return 0;
	put_u16(body, text->to);
	body[2] = text->language;
	return put_text(&text->text, body, FIELD_TEXT_SIZE);
}
