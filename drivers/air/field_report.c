/* What the bodies of the field frame that report, ask and account say, in the words of the data model. */
#include <limits.h>
#include <math.h>

#include "drivers/air/field_values.h"
#include "drivers/codec/field.h"

enum { ALTERNATIVES_KNOWN = 0x3ff };

static bool fill_sitrep(const uint8_t *body, size_t size, struct message *message)
{
	struct field_sitrep sitrep;
	if (!field_sitrep_decode(body, size, &sitrep))
		return false;
	message->body.sitrep = (struct body_sitrep){
	    .type = known(sitrep.type, 4),
	    .access = known(sitrep.access, 3),
	    .severity = known(sitrep.severity, SEVERITY_MINOR),
	    .sector = known(sitrep.sector, 12),
	    .place = given_u16(sitrep.place),
	    .affected = given_u32(sitrep.affected),
	};
	fill_text(&sitrep.text, message);
	return true;
}

static bool fill_request(const uint8_t *body, size_t size, struct message *message)
{
	struct field_request request;
	if (!field_request_decode(body, size, &request))
		return false;
	message->urgency = known(request.urgency, URGENCY_PAST);
	message->body.request = (struct body_request){
	    .type = known(request.type, 8),
	    .urgency = known(request.urgency, URGENCY_PAST),
	    .cargo = known(request.cargo, 8),
	    .justification = known(request.justification, 5),
	    .alternatives = request.alternatives & ALTERNATIVES_KNOWN,
	    .needed_by_ms = request.needed_by_s * INT64_C(1000),
	    .window_h = given_u8(request.window_h),
	    .place = given_u16(request.place),
	    .vehicles = given_u8(request.vehicles),
	    .persons = given_u8(request.persons),
	};
	fill_place(request.lat_e7, request.lon_e7, &message->position);
	fill_text(&request.text, message);
	return true;
}

static bool fill_activity(const uint8_t *body, size_t size, struct message *message)
{
	struct field_activity activity;
	if (!field_activity_decode(body, size, &activity))
		return false;
	message->body.activity = (struct body_activity){
	    .id = activity.id,
	    .number = given_u32(activity.number),
	    .op = known(activity.op, 2),
	    .sector = known(activity.sector, 12),
	    .status = known(activity.status, 4),
	    .unit = known(activity.unit, 5),
	    .revision = activity.revision,
	    .organisation = given_u16(activity.organisation),
	    .implementer = given_u16(activity.implementer),
	    .activity = given_u16(activity.activity),
	    .place = given_u16(activity.place),
	    .start_day = given_u16(activity.start_day),
	    .end_day = given_u16(activity.end_day),
	};
	return true;
}

static int given_mv(uint16_t value)
{
	return value == FIELD_NONE_U16 ? INT_MIN : value;
}

static bool fill_telemetry(const uint8_t *body, size_t size, struct message *message)
{
	struct field_telemetry telemetry;
	if (!field_telemetry_decode(body, size, &telemetry))
		return false;
	message->body.telemetry = (struct body_telemetry){
	    .battery_mv = given_mv(telemetry.battery_mv),
	    .solar_mv = given_mv(telemetry.solar_mv),
	    .temperature_c = telemetry.temperature_c == FIELD_NONE_I8 ? INT_MIN : telemetry.temperature_c,
	    .rssi_dbm = telemetry.minus_rssi_dbm == FIELD_NONE_U8 ? INT_MIN : -telemetry.minus_rssi_dbm,
	    .snr_db = telemetry.snr_quarter_db == FIELD_NONE_I8 ? (double)NAN : telemetry.snr_quarter_db / 4.0,
	    .airtime_pct = given_pct(telemetry.airtime_pct),
	    .uptime_h = given_u16(telemetry.uptime_h),
	    .queue = given_u8(telemetry.queue),
	    .software = given_u16(telemetry.software),
	    .reboot_cause = known(telemetry.reboot_cause, 5),
	};
	return true;
}

static bool fill_movement(const uint8_t *body, size_t size, struct message *message)
{
	struct field_movement movement;
	if (!field_movement_decode(body, size, &movement))
		return false;
	message->body.movement = (struct body_movement){
	    .op = known(movement.op, 3),
	    .id = movement.id,
	    .vehicles = given_u8(movement.vehicles),
	    .persons = given_u8(movement.persons),
	    .next_report_min = given_u16(movement.next_report_min),
	    .from_place = given_u16(movement.from_place),
	    .to_place = given_u16(movement.to_place),
	    .eta_ms = movement.eta_s * INT64_C(1000),
	};
	return true;
}

bool field_fill_report(uint8_t kind, const uint8_t *body, size_t size, struct message *message)
{
	switch (kind) {
	case FIELD_SITREP:
		return fill_sitrep(body, size, message);
	case FIELD_REQUEST:
		return fill_request(body, size, message);
	case FIELD_ACTIVITY:
		return fill_activity(body, size, message);
	case FIELD_TELEMETRY:
		return fill_telemetry(body, size, message);
	case FIELD_MOVEMENT:
		return fill_movement(body, size, message);
	default:
		return false;
	}
}
