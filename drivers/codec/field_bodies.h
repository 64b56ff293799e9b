/* The bodies of the twelve kinds of the field frame, as numbers in the units of the air. Each decoder has its drawing above it in
 * field_bodies.c or field_reports.c.
 *
 * "Not given" is, wherever a sender may not know: all bits one in an unsigned number (FF, FFFF, FFFFFFFF), the lowest number in a signed
 * one (80, 8000, 80000000), 0 in a time and in expires. Names of the enumerations' numbers: the table "Numbers on the air" in
 * drivers/README.md.
 *
 * Decoders: false = the body is not as long as its kind is. Encoders return the size of the body, 0 = it does not fit into room. Texts
 * are UTF-8 without a final zero; a decoder does not check them and points into the body. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FIELD_NONE_U8 = 0xff,
	FIELD_NONE_U16 = 0xffff,
	FIELD_NONE_I8 = INT8_MIN,
	FIELD_NONE_I16 = INT16_MIN,
};
#define FIELD_NONE_U32     UINT32_MAX
#define FIELD_NONE_DEGREES INT32_MIN /* of lat_e7 and lon_e7 */

/* Sizes of what is always there; texts come behind. */
enum {
	FIELD_DISTRESS_SIZE = 3,
	FIELD_DISTRESS_POSITION_SIZE = 10,
	FIELD_ALERT_SIZE = 17,
	FIELD_ALERT_REF_SIZE = 6,
	FIELD_ACK_SIZE = 8,
	FIELD_CHECKIN_SIZE = 5,
	FIELD_CHECKIN_POSITION_SIZE = 8,
	FIELD_ROLLCALL_SIZE = 6,
	FIELD_POSITION_SIZE = 15,
	FIELD_TEXT_SIZE = 3,
	FIELD_SITREP_SIZE = 10,
	FIELD_REQUEST_SIZE = 23,
	FIELD_ACTIVITY_SIZE = 25,
	FIELD_TELEMETRY_SIZE = 14,
	FIELD_MOVEMENT_SIZE = 15,
};

struct field_text_span {
	const char *bytes;
	size_t size;
};

struct field_distress {
	uint8_t nature, persons, battery_pct;
	/* only with a position, else not given */
	int32_t lat_e7, lon_e7; /* 1e-7 degree, WGS 84 */
	uint8_t fix_age_10s, accuracy_10m;
};
bool field_distress_decode(const uint8_t *body, size_t size, bool position, struct field_distress *distress);
size_t field_distress_encode(const struct field_distress *distress, bool position, uint8_t *body, size_t room);

enum { FIELD_ALERT_UPDATE = 1, FIELD_ALERT_CANCEL = 2 };
struct field_alert {
	uint8_t type, urgency, severity, certainty; /* three bits each */
	uint8_t category, event, response;
	int32_t lat_e7, lon_e7;
	uint16_t radius_10m;
	uint8_t expires_15min; /* after the time of the header */
	uint8_t persons;
	/* Update and Cancel only, else 0: bytes 3 to 8 of the frame that is meant */
	uint16_t ref_station;
	uint32_t ref_counter;
	struct field_text_span text;
};
bool field_alert_decode(const uint8_t *body, size_t size, struct field_alert *alert);
size_t field_alert_encode(const struct field_alert *alert, uint8_t *body, size_t room);

struct field_ack {
	uint16_t ref_station; /* bytes 3 to 8 of the frame that is acknowledged */
	uint32_t ref_counter;
	uint8_t level;
	uint8_t
	    detail; /* level 0: bitmap of fragments; RESPONDING (5): minutes; 81 and above: a code; else not given */
};
bool field_ack_decode(const uint8_t *body, size_t size, struct field_ack *ack);
size_t field_ack_encode(const struct field_ack *ack, uint8_t *body, size_t room);

struct field_checkin {
	uint8_t state;
	uint16_t rollcall; /* the roll call that is answered; 0 is none, too */
	uint8_t headcount, battery_pct;
	int32_t lat_e7, lon_e7; /* only with a position */
};
bool field_checkin_decode(const uint8_t *body, size_t size, bool position, struct field_checkin *checkin);
size_t field_checkin_encode(const struct field_checkin *checkin, bool position, uint8_t *body, size_t room);

struct field_rollcall {
	uint16_t id;
	uint8_t type, window_min, slot_s, group;
};
bool field_rollcall_decode(const uint8_t *body, size_t size, struct field_rollcall *rollcall);
size_t field_rollcall_encode(const struct field_rollcall *rollcall, uint8_t *body, size_t room);

struct field_position {
	int32_t lat_e7, lon_e7;
	int16_t alt_m;
	uint8_t speed_kmh, course_2deg, accuracy_10m, battery_pct, source;
};
bool field_position_decode(const uint8_t *body, size_t size, struct field_position *position);
size_t field_position_encode(const struct field_position *position, uint8_t *body, size_t room);

struct field_text {
	uint16_t to; /* FFFF = everybody */
	uint8_t language;
	struct field_text_span text;
};
bool field_text_decode(const uint8_t *body, size_t size, struct field_text *text);
size_t field_text_encode(const struct field_text *text, uint8_t *body, size_t room);

struct field_sitrep {
	uint8_t type;
	uint16_t place;
	uint8_t access, severity;
	uint32_t affected;
	uint8_t sector;
	struct field_text_span text;
};
bool field_sitrep_decode(const uint8_t *body, size_t size, struct field_sitrep *sitrep);
size_t field_sitrep_encode(const struct field_sitrep *sitrep, uint8_t *body, size_t room);

struct field_request {
	uint8_t type, urgency;
	uint32_t needed_by_s; /* Unix */
	uint8_t window_h;
	int32_t lat_e7, lon_e7;
	uint16_t place;
	uint8_t vehicles, persons, cargo, justification;
	uint16_t alternatives; /* bits; none = 0 */
	struct field_text_span text;
};
bool field_request_decode(const uint8_t *body, size_t size, struct field_request *request);
size_t field_request_encode(const struct field_request *request, uint8_t *body, size_t room);

struct field_activity {
	uint32_t id;
	uint8_t revision, op;
	uint16_t organisation, implementer;
	uint8_t sector;
	uint16_t activity, place;
	uint8_t status;
	uint16_t start_day, end_day; /* since 2020-01-01 */
	uint32_t number;
	uint8_t unit;
};
bool field_activity_decode(const uint8_t *body, size_t size, struct field_activity *activity);
size_t field_activity_encode(const struct field_activity *activity, uint8_t *body, size_t room);

struct field_telemetry {
	uint16_t battery_mv, solar_mv;
	int8_t temperature_c;
	uint8_t minus_rssi_dbm;
	int8_t snr_quarter_db;
	uint8_t airtime_pct;
	uint16_t uptime_h;
	uint8_t queue, reboot_cause;
	uint16_t software;
};
bool field_telemetry_decode(const uint8_t *body, size_t size, struct field_telemetry *telemetry);
size_t field_telemetry_encode(const struct field_telemetry *telemetry, uint8_t *body, size_t room);

struct field_movement {
	uint8_t op;
	uint16_t id;
	uint8_t vehicles, persons;
	uint16_t next_report_min, from_place, to_place;
	uint32_t eta_s; /* Unix */
};
bool field_movement_decode(const uint8_t *body, size_t size, struct field_movement *movement);
size_t field_movement_encode(const struct field_movement *movement, uint8_t *body, size_t room);
