/* The tables of the field frame's bodies. */
#include "drivers/message_body.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "drivers/message_names.h"

/* On the air the highest number of each width says "not given". */
enum { U8 = UINT8_MAX - 1, U16 = UINT16_MAX - 1, PERCENT = 100 };

/* Where a member is. */
#define AT(member) .offset = offsetof(struct message, member), .size = sizeof(((struct message *)NULL)->member)

#define NAMED(json, member, list)                                                                                      \
	{                                                                                                              \
		.name = (json), .type = BODY_NAME, AT(member), .names = &names_##list                                  \
	}
#define COUNTED(json, member, up_to)                                                                                   \
	{                                                                                                              \
		.name = (json), .type = BODY_INTEGER, AT(member), .most = (up_to), .absent = -1                        \
	}
#define MEASURED(json, member, from, up_to)                                                                            \
	{                                                                                                              \
		.name = (json), .type = BODY_INTEGER, AT(member), .least = (from), .most = (up_to), .absent = INT_MIN  \
	}
#define TIMED(json, member)                                                                                            \
	{                                                                                                              \
		.name = (json), .type = BODY_TIME, AT(member)                                                          \
	}
#define DATED(json, member)                                                                                            \
	{                                                                                                              \
		.name = (json), .type = BODY_DAY, AT(member)                                                           \
	}

/* The same for members that may stand in a command to the field. */
#define NAMED_DOWN(json, member, list, from, up_to)                                                                    \
	{                                                                                                              \
		.name = (json), .type = BODY_NAME, AT(member), .names = &names_##list, .least = (from),                \
		.most = (up_to), .down = true                                                                          \
	}
#define COUNTED_DOWN(json, member, from, up_to)                                                                        \
	{                                                                                                              \
		.name = (json), .type = BODY_INTEGER, AT(member), .least = (from), .most = (up_to), .absent = -1,      \
		.down = true                                                                                           \
	}

static const struct body_member distress_members[] = {
    NAMED("nature", body.distress.nature, nature),
    COUNTED("persons", body.distress.persons, U8),
    COUNTED("battery_pct", body.distress.battery_pct, PERCENT),
};

static const struct body_member alert_members[] = {
    NAMED_DOWN("msg_type", body.alert.type, alert_type, ALERT_TYPE_ALERT, ALERT_TYPE_CANCEL),
    NAMED_DOWN("urgency", urgency, urgency, URGENCY_UNKNOWN, URGENCY_PAST),
    NAMED_DOWN("severity", severity, severity, SEVERITY_UNKNOWN, SEVERITY_MINOR),
    NAMED_DOWN("certainty", body.alert.certainty, certainty, 0, 4),
    NAMED_DOWN("category", body.alert.category, category, 0, 11),
    NAMED_DOWN("event", body.alert.event, event, 0, EVENT_BATTERY_LOW),
    NAMED_DOWN("response", body.alert.response, response, 0, 8),
    {.name = "radius_m", .type = BODY_NUMBER, AT(body.alert.radius_m), .most = 655340, .down = true},
    {.name = "expires_at", .type = BODY_TIME, AT(body.alert.expires_at_ms), .down = true},
    COUNTED_DOWN("persons", body.alert.persons, 0, U8),
    {.name = "ref", .type = BODY_ID, AT(body.alert.ref), .down = true},
};

static const struct body_member ack_members[] = {
    {.name = "ref", .type = BODY_ID, AT(ack.ref)},
    NAMED_DOWN("level", ack.level, ack_level, ACK_BASE_SEEN, ACK_CLOSED),
    COUNTED_DOWN("eta_min", ack.eta_min, 0, U8),
    COUNTED("bitmap", ack.bitmap, UINT8_MAX),
    {.name = "operator", .type = BODY_TEXT, AT(ack.operator_id), .down = true},
};

static const struct body_member checkin_members[] = {
    NAMED("state", body.checkin.state, checkin_state),
    COUNTED("rollcall", body.checkin.rollcall, U16),
    COUNTED("headcount", body.checkin.headcount, U8),
    COUNTED("battery_pct", body.checkin.battery_pct, PERCENT),
};

static const struct body_member rollcall_members[] = {
    COUNTED_DOWN("id", body.rollcall.id, 1, U16),
    NAMED_DOWN("type", body.rollcall.type, rollcall_type, ROLLCALL_ROUTINE, ROLLCALL_SERVICEABILITY),
    COUNTED_DOWN("window_min", body.rollcall.window_min, 1, U8),
    COUNTED_DOWN("slot_s", body.rollcall.slot_s, 0, U8),
    COUNTED_DOWN("group", body.rollcall.group, 0, U8),
};

static const struct body_member position_members[] = {
    NAMED("source", body.position.source, position_source),
    COUNTED("battery_pct", body.position.battery_pct, PERCENT),
};

static const struct body_member text_members[] = {
    NAMED_DOWN("language", body.text.language, language, 0, 9),
};

static const struct body_member sitrep_members[] = {
    NAMED("type", body.sitrep.type, sitrep_type),          COUNTED("place", body.sitrep.place, U16),
    NAMED("access", body.sitrep.access, access),           NAMED("severity", body.sitrep.severity, severity),
    COUNTED("affected", body.sitrep.affected, UINT32_MAX), NAMED("sector", body.sitrep.sector, sector),
};

static const struct body_member request_members[] = {
    NAMED("type", body.request.type, request_type),
    NAMED("urgency", body.request.urgency, urgency),
    TIMED("needed_by", body.request.needed_by_ms),
    COUNTED("window_h", body.request.window_h, U8),
    COUNTED("place", body.request.place, U16),
    COUNTED("vehicles", body.request.vehicles, U8),
    COUNTED("persons", body.request.persons, U8),
    NAMED("cargo", body.request.cargo, cargo),
    NAMED("justification", body.request.justification, justification),
    {.name = "alternatives", .type = BODY_BITS, AT(body.request.alternatives), .names = &names_alternatives},
    {.name = "incomplete", .type = BODY_FLAG, AT(body.request.missing)},
    {.name = "missing", .type = BODY_BITS, AT(body.request.missing), .names = &names_missing},
};

static const struct body_member activity_members[] = {
    COUNTED("id", body.activity.id, UINT32_MAX),
    COUNTED("revision", body.activity.revision, U8),
    NAMED("op", body.activity.op, activity_op),
    COUNTED("org", body.activity.organisation, U16),
    COUNTED("implementer", body.activity.implementer, U16),
    NAMED("sector", body.activity.sector, sector),
    COUNTED("activity", body.activity.activity, U16),
    COUNTED("place", body.activity.place, U16),
    NAMED("status", body.activity.status, activity_status),
    DATED("start_date", body.activity.start_day),
    DATED("end_date", body.activity.end_day),
    COUNTED("number", body.activity.number, UINT32_MAX),
    NAMED("unit", body.activity.unit, unit),
};

static const struct body_member telemetry_members[] = {
    MEASURED("battery_mv", body.telemetry.battery_mv, 0, U16),
    MEASURED("solar_mv", body.telemetry.solar_mv, 0, U16),
    MEASURED("temperature_c", body.telemetry.temperature_c, INT8_MIN, INT8_MAX),
    MEASURED("rssi_dbm", body.telemetry.rssi_dbm, -U8, 0),
    {.name = "snr_db", .type = BODY_NUMBER, AT(body.telemetry.snr_db), .least = -32, .most = 32},
    COUNTED("airtime_pct", body.telemetry.airtime_pct, PERCENT),
    COUNTED("uptime_h", body.telemetry.uptime_h, U16),
    COUNTED("queue", body.telemetry.queue, U8),
    NAMED("reboot_cause", body.telemetry.reboot_cause, reboot_cause),
    COUNTED("software", body.telemetry.software, U16),
};

static const struct body_member movement_members[] = {
    NAMED("op", body.movement.op, movement_op),
    COUNTED("id", body.movement.id, U16),
    COUNTED("vehicles", body.movement.vehicles, U8),
    COUNTED("persons", body.movement.persons, U8),
    COUNTED("next_report_min", body.movement.next_report_min, U16),
    COUNTED("from", body.movement.from_place, U16),
    COUNTED("to", body.movement.to_place, U16),
    TIMED("eta", body.movement.eta_ms),
};

static const struct body_member common_members[] = {
    NAMED_DOWN("sensitivity", sensitivity, sensitivity, 0, 3),
    {.name = "ack_wanted", .type = BODY_FLAG, AT(ack_wanted), .down = true},
};

#define TABLE(members)                                                                                                 \
	{                                                                                                              \
		members, sizeof(members) / sizeof(*(members))                                                          \
	}

static const struct body_table tables[KIND_COUNT] = {
    [KIND_DISTRESS] = TABLE(distress_members),
    [KIND_ALERT] = TABLE(alert_members),
    [KIND_ACK] = TABLE(ack_members),
    [KIND_CHECKIN] = TABLE(checkin_members),
    [KIND_ROLLCALL] = TABLE(rollcall_members),
    [KIND_POSITION] = TABLE(position_members),
    [KIND_TEXT] = TABLE(text_members),
    [KIND_SITREP] = TABLE(sitrep_members),
    [KIND_REQUEST] = TABLE(request_members),
    [KIND_ACTIVITY] = TABLE(activity_members),
    [KIND_TELEMETRY] = TABLE(telemetry_members),
    [KIND_MOVEMENT] = TABLE(movement_members),
};

struct body_table message_body_table(enum message_kind kind)
{
	return (unsigned)kind < KIND_COUNT ? tables[kind] : (struct body_table){0};
}

struct body_table message_body_common(void)
{
	return (struct body_table)TABLE(common_members);
}

static void put(char *at, size_t size, int64_t value)
{
	uint8_t u8 = (uint8_t)value;
	uint16_t u16 = (uint16_t)value;
	int32_t i32 = (int32_t)value;
	const void *from = size == sizeof(u8) ? (const void *)&u8 : size == sizeof(u16) ? (const void *)&u16 : &i32;
	memcpy(at, size == sizeof(value) ? (const void *)&value : from, size);
}

int64_t message_body_get(const struct message *message, const struct body_member *member)
{
	const char *at = (const char *)message + member->offset;
	uint16_t u16;
	int32_t i32;
	int64_t i64;
	switch (member->size) {
	case sizeof(uint8_t):
		return *(const uint8_t *)at;
	case sizeof(u16):
		memcpy(&u16, at, sizeof(u16));
		return u16;
	case sizeof(i32): /* enumerations of the data model too: their numbers are small */
		memcpy(&i32, at, sizeof(i32));
		return i32;
	default:
		memcpy(&i64, at, sizeof(i64));
		return i64;
	}
}

void message_body_set(struct message *message, const struct body_member *member, int64_t value)
{
	put((char *)message + member->offset, member->size, value);
}

char *message_body_text(struct message *message, const struct body_member *member)
{
	return (char *)message + member->offset;
}

double message_body_number(const struct message *message, const struct body_member *member)
{
	double value;
	memcpy(&value, (const char *)message + member->offset, sizeof(value));
	return value;
}

void message_body_set_number(struct message *message, const struct body_member *member, double value)
{
	memcpy((char *)message + member->offset, &value, sizeof(value));
}

static int64_t absent_value(const struct body_member *member)
{
	return member->type == BODY_INTEGER ? member->absent : member->type == BODY_DAY ? -1 : 0;
}

void message_body_init(enum message_kind kind, union message_body *body)
{
	const struct body_table table = message_body_table(kind);
	const size_t first = offsetof(struct message, body);
	const double nothing = NAN;
	memset(body, 0, sizeof(*body));
	for (size_t i = 0; i < table.count; i++) {
		const struct body_member *member = &table.members[i];
		if (member->offset < first || member->offset >= first + sizeof(*body) || member->type == BODY_ID)
			continue;
		char *at = (char *)body + (member->offset - first);
		if (member->type == BODY_NUMBER)
			memcpy(at, &nothing, sizeof(nothing));
		else
			put(at, member->size, absent_value(member));
	}
}

const char *body_name(const struct body_names *names, int64_t number)
{
	bool known = number >= 0 && (uint64_t)number < names->count && names->names[number];
	return names->names[known ? number : 0];
}

int body_number(const struct body_names *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (names->names[i] && strcmp(names->names[i], name) == 0)
			return (int)i;
	return -1;
}

uint8_t message_request_missing(const struct body_request *request)
{
	const unsigned cluster_pool_asked = 1u << 3;
	unsigned missing = 0;
	if (request->type != REQUEST_ARMED_ESCORT && request->type != REQUEST_MILITARY_ASSET)
		return 0;
	if (!request->justification)
		missing |= MISSING_JUSTIFICATION;
	if (!request->alternatives)
		missing |= MISSING_ALTERNATIVES;
	else if (request->type == REQUEST_MILITARY_ASSET && !(request->alternatives & cluster_pool_asked))
		missing |= MISSING_CLUSTER_POOL;
	return (uint8_t)missing;
}
