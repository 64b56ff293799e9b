/* Names and empty values of the data model. */
#include "drivers/message.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#include "drivers/message_names.h"

#define NAME_OF(table, index, otherwise)                                                                               \
	((size_t)(index) < sizeof(table) / sizeof(*(table)) && (table)[index] ? (table)[index] : (otherwise))

static const char *const class_names[] = {"DISTRESS", "URGENT", "SAFETY", "ROUTINE", "BULK"};

static const char *const kind_names[KIND_COUNT] = {
    [KIND_NONE] = "none",         [KIND_DISTRESS] = "distress", [KIND_ALERT] = "alert",
    [KIND_ACK] = "ack",           [KIND_CHECKIN] = "checkin",   [KIND_ROLLCALL] = "rollcall",
    [KIND_POSITION] = "position", [KIND_TEXT] = "text",         [KIND_SITREP] = "sitrep",
    [KIND_REQUEST] = "request",   [KIND_ACTIVITY] = "activity", [KIND_TELEMETRY] = "telemetry",
    [KIND_MOVEMENT] = "movement", [KIND_STATE] = "state",       [KIND_RECEIPT] = "receipt",
    [KIND_RAW] = "raw",           [KIND_INCIDENT] = "incident",
};

static const char *const status_names[] = {"Actual", "Exercise", "Test", "System"};
static const char *const authenticity_names[] = {"UNVERIFIED", "VERIFIED", "SUSPECT", "STALE"};
static const char *const clock_names[] = {"unknown", "gps", "ntp", "rtc"};

void message_init(struct message *message)
{
	memset(message, 0, sizeof(*message));
	message->class = CLASS_BULK;
	message->heard.rssi_dbm = message->heard.snr_db = NAN;
	message->heard.hops = -1;
	message->ack.eta_min = message->ack.bitmap = -1;
	message->position.lat_deg = message->position.lon_deg = NAN;
	message->position.alt_m = message->position.speed_kmh = message->position.course_deg = NAN;
	message->position.accuracy_m = message->position.fix_age_s = NAN;
}

const char *message_class_name(enum message_class class)
{
	return NAME_OF(class_names, class, "BULK");
}

const char *message_kind_name(enum message_kind kind)
{
	return NAME_OF(kind_names, kind, "none");
}

const char *message_status_name(enum message_status status)
{
	return NAME_OF(status_names, status, "Actual");
}

const char *message_authenticity_name(enum message_authenticity authenticity)
{
	return NAME_OF(authenticity_names, authenticity, "UNVERIFIED");
}

const char *message_clock_name(enum message_clock clock)
{
	return NAME_OF(clock_names, clock, "unknown");
}

const char *message_urgency_name(enum alert_urgency urgency)
{
	return body_name(&names_urgency, urgency);
}

const char *message_severity_name(enum alert_severity severity)
{
	return body_name(&names_severity, severity);
}

const char *message_ack_level_name(enum ack_level level)
{
	const char *name = body_name(&names_ack_level, level);
	return name ? name : "NONE";
}

int message_class_from_name(const char *name)
{
	for (int i = 0; i < CLASS_COUNT; i++)
		if (strcasecmp(class_names[i], name) == 0)
			return i;
	return -1;
}

static bool begins_with(const char *text, const char *word)
{
	size_t size = strlen(word);
	return strncmp(text, word, size) == 0 && (text[size] == ' ' || text[size] == '\0' || text[size] == ':');
}

const char *message_drill_mark(const struct message *message)
{
	bool exercise = message->status == STATUS_EXERCISE, test = message->status == STATUS_TEST;
	if (exercise && !begins_with(message->text, "EXERCISE") && !begins_with(message->text, "EXERCICE"))
		return "EXERCISE ";
	return test && !begins_with(message->text, "TEST") ? "TEST " : "";
}

bool message_add_number(struct message *message, const char *name, double value, uint8_t decimals)
{
	if (message->number_count >= MESSAGE_NUMBERS_MAX)
		return false;
	message->numbers[message->number_count++] = (struct message_number){
	    .name = name, .value = value, .decimals = decimals};
	return true;
}

const char *message_alert_mark(const struct message *message)
{
	static const char *const marks[] = {[ALERT_TYPE_ALERT] = "ALERT: ",
					    [ALERT_TYPE_UPDATE] = "ALERT UPDATE: ",
					    [ALERT_TYPE_CANCEL] = "ALERT CANCELLED: "};
	uint8_t type = message->body_kind == KIND_ALERT ? message->body.alert.type : ALERT_TYPE_ALERT;
	if (message->kind != KIND_ALERT)
		return "";
	return marks[type <= ALERT_TYPE_CANCEL ? type : ALERT_TYPE_ALERT];
}
