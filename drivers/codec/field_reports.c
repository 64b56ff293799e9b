/* Bodies of the field frame that report, ask and account: sitrep, request, activity, telemetry, movement. */
#include <string.h>

#include "drivers/codec/field.h"
#include "drivers/codec/field_bodies.h"
#include "drivers/codec/field_bytes.h"

/* Bytes on the air, going up, as the design has them. */
#define ON_AIR(body) (FIELD_HEADER_SIZE + (body) + FIELD_TAG_SIZE)
_Static_assert(ON_AIR(FIELD_SITREP_SIZE) == 31, "sitrep");
_Static_assert(ON_AIR(FIELD_REQUEST_SIZE) == 44, "request");
_Static_assert(ON_AIR(FIELD_ACTIVITY_SIZE) == 46, "activity");
_Static_assert(ON_AIR(FIELD_TELEMETRY_SIZE) == 35, "telemetry");
_Static_assert(ON_AIR(FIELD_MOVEMENT_SIZE) == 36, "movement");

/*   | 0: type | 1: place | 3: access | 4: severity | 5: affected | 9: sector | 10: text |
 *   |   u8    |   u16    |    u8     |     u8      |     u32     |    u8     |   ...    | */
bool field_sitrep_decode(const uint8_t *body, size_t size, struct field_sitrep *sitrep)
{
	if (size < FIELD_SITREP_SIZE)
		return false;
	sitrep->type = body[0];
	sitrep->place = get_u16(body + 1);
	sitrep->access = body[3];
	sitrep->severity = body[4];
	sitrep->affected = get_u32(body + 5);
	sitrep->sector = body[9];
	sitrep->text.bytes = (const char *)body + FIELD_SITREP_SIZE;
	sitrep->text.size = size - FIELD_SITREP_SIZE;
	return true;
}

size_t field_sitrep_encode(const struct field_sitrep *sitrep, uint8_t *body, size_t room)
{
	if (room < FIELD_SITREP_SIZE || room - FIELD_SITREP_SIZE < sitrep->text.size)
		return 0;
	body[0] = sitrep->type;
	put_u16(body + 1, sitrep->place);
	body[3] = sitrep->access;
	body[4] = sitrep->severity;
	put_u32(body + 5, sitrep->affected);
	body[9] = sitrep->sector;
	if (sitrep->text.size)
		memcpy(body + FIELD_SITREP_SIZE, sitrep->text.bytes, sitrep->text.size);
	return FIELD_SITREP_SIZE + sitrep->text.size;
}

/*   | 0: type | 1: urgency | 2: needed by | 6: window in hours | 7: lat | 11: lon | 15: place |
 *   |   u8    |     u8     |     u32      |         u8         |  i32   |   i32   |    u16    |
 *
 *   | 17: vehicles | 18: persons | 19: cargo | 20: justification | 21: alternatives | 23: text |
 *   |      u8      |     u8      |    u8     |        u8         |       u16        |   ...    | */
bool field_request_decode(const uint8_t *body, size_t size, struct field_request *request)
{
	if (size < FIELD_REQUEST_SIZE)
		return false;
	request->type = body[0];
	request->urgency = body[1];
	request->needed_by_s = get_u32(body + 2);
	request->window_h = body[6];
	request->lat_e7 = get_i32(body + 7);
	request->lon_e7 = get_i32(body + 11);
	request->place = get_u16(body + 15);
	request->vehicles = body[17];
	request->persons = body[18];
	request->cargo = body[19];
	request->justification = body[20];
	request->alternatives = get_u16(body + 21);
	request->text.bytes = (const char *)body + FIELD_REQUEST_SIZE;
	request->text.size = size - FIELD_REQUEST_SIZE;
	return true;
}

size_t field_request_encode(const struct field_request *request, uint8_t *body, size_t room)
{
	if (room < FIELD_REQUEST_SIZE || room - FIELD_REQUEST_SIZE < request->text.size)
		return 0;
	body[0] = request->type;
	body[1] = request->urgency;
	put_u32(body + 2, request->needed_by_s);
	body[6] = request->window_h;
	put_u32(body + 7, (uint32_t)request->lat_e7);
	put_u32(body + 11, (uint32_t)request->lon_e7);
	put_u16(body + 15, request->place);
	body[17] = request->vehicles;
	body[18] = request->persons;
	body[19] = request->cargo;
	body[20] = request->justification;
	put_u16(body + 21, request->alternatives);
	if (request->text.size)
		memcpy(body + FIELD_REQUEST_SIZE, request->text.bytes, request->text.size);
	return FIELD_REQUEST_SIZE + request->text.size;
}

/*   | 0: id | 4: revision | 5: op | 6: organisation | 8: implementer | 10: sector | 11: activity | 13: place |
 *   |  u32  |     u8      |  u8   |       u16       |      u16       |     u8     |     u16      |    u16    |
 *
 *   | 15: status | 16: start | 18: end | 20: number | 24: unit |
 *   |     u8     | u16, days |   u16   |    u32     |    u8    | */
bool field_activity_decode(const uint8_t *body, size_t size, struct field_activity *activity)
{
	if (size != FIELD_ACTIVITY_SIZE)
		return false;
	activity->id = get_u32(body);
	activity->revision = body[4];
	activity->op = body[5];
	activity->organisation = get_u16(body + 6);
	activity->implementer = get_u16(body + 8);
	activity->sector = body[10];
	activity->activity = get_u16(body + 11);
	activity->place = get_u16(body + 13);
	activity->status = body[15];
	activity->start_day = get_u16(body + 16);
	activity->end_day = get_u16(body + 18);
	activity->number = get_u32(body + 20);
	activity->unit = body[24];
	return true;
}

size_t field_activity_encode(const struct field_activity *activity, uint8_t *body, size_t room)
{
	if (room < FIELD_ACTIVITY_SIZE)
		return 0;
	put_u32(body, activity->id);
	body[4] = activity->revision;
	body[5] = activity->op;
	put_u16(body + 6, activity->organisation);
	put_u16(body + 8, activity->implementer);
	body[10] = activity->sector;
	put_u16(body + 11, activity->activity);
	put_u16(body + 13, activity->place);
	body[15] = activity->status;
	put_u16(body + 16, activity->start_day);
	put_u16(body + 18, activity->end_day);
	put_u32(body + 20, activity->number);
	body[24] = activity->unit;
	return FIELD_ACTIVITY_SIZE;
}

/*   | 0: battery | 2: solar | 4: temperature | 5: rssi  |    6: snr      | 7: airtime |
 *   |  u16, mV   | u16, mV  |   i8, deg C    | u8, -dBm | i8, quarter dB |   u8, %    |
 *
 *   | 8: uptime | 10: queue | 11: reboot cause | 12: software |
 *   |  u16, h   |    u8     |        u8        |     u16      | */
bool field_telemetry_decode(const uint8_t *body, size_t size, struct field_telemetry *telemetry)
{
	if (size != FIELD_TELEMETRY_SIZE)
		return false;
	telemetry->battery_mv = get_u16(body);
	telemetry->solar_mv = get_u16(body + 2);
	telemetry->temperature_c = (int8_t)body[4];
	telemetry->minus_rssi_dbm = body[5];
	telemetry->snr_quarter_db = (int8_t)body[6];
	telemetry->airtime_pct = body[7];
	telemetry->uptime_h = get_u16(body + 8);
	telemetry->queue = body[10];
	telemetry->reboot_cause = body[11];
	telemetry->software = get_u16(body + 12);
	return true;
}

size_t field_telemetry_encode(const struct field_telemetry *telemetry, uint8_t *body, size_t room)
{
	if (room < FIELD_TELEMETRY_SIZE)
		return 0;
	put_u16(body, telemetry->battery_mv);
	put_u16(body + 2, telemetry->solar_mv);
	body[4] = (uint8_t)telemetry->temperature_c;
	body[5] = telemetry->minus_rssi_dbm;
	body[6] = (uint8_t)telemetry->snr_quarter_db;
	body[7] = telemetry->airtime_pct;
	put_u16(body + 8, telemetry->uptime_h);
	body[10] = telemetry->queue;
	body[11] = telemetry->reboot_cause;
	put_u16(body + 12, telemetry->software);
	return FIELD_TELEMETRY_SIZE;
}

/*   | 0: op | 1: id | 3: vehicles | 4: persons | 5: next report | 7: from | 9: to | 11: eta   |
 *   |  u8   |  u16  |     u8      |     u8     |    u16, min    |   u16   |  u16  | u32, Unix | */
bool field_movement_decode(const uint8_t *body, size_t size, struct field_movement *movement)
{
	if (size != FIELD_MOVEMENT_SIZE)
		return false;
	movement->op = body[0];
	movement->id = get_u16(body + 1);
	movement->vehicles = body[3];
	movement->persons = body[4];
	movement->next_report_min = get_u16(body + 5);
	movement->from_place = get_u16(body + 7);
	movement->to_place = get_u16(body + 9);
	movement->eta_s = get_u32(body + 11);
	return true;
}

size_t field_movement_encode(const struct field_movement *movement, uint8_t *body, size_t room)
{
	if (room < FIELD_MOVEMENT_SIZE)
		return 0;
	body[0] = movement->op;
	put_u16(body + 1, movement->id);
	body[3] = movement->vehicles;
	body[4] = movement->persons;
	put_u16(body + 5, movement->next_report_min);
	put_u16(body + 7, movement->from_place);
	put_u16(body + 9, movement->to_place);
	put_u32(body + 11, movement->eta_s);
	return FIELD_MOVEMENT_SIZE;
}
