/* The one data model: what a station said or is to be told, in the words of the design, whatever radio carried it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Order of service, highest first. Set by the gateway from kind, urgency and severity alone; a driver leaves CLASS_BULK. */
enum message_class { CLASS_DISTRESS, CLASS_URGENT, CLASS_SAFETY, CLASS_ROUTINE, CLASS_BULK, CLASS_COUNT };

/* 1-12 are the numbers of the field frame; the rest is made by gateways. */
enum message_kind {
	KIND_NONE,
	KIND_DISTRESS,
	KIND_ALERT,
	KIND_ACK,
	KIND_CHECKIN,
	KIND_ROLLCALL,
	KIND_POSITION,
	KIND_TEXT,
	KIND_SITREP,
	KIND_REQUEST,
	KIND_ACTIVITY,
	KIND_TELEMETRY,
	KIND_MOVEMENT,
	KIND_STATE,
	KIND_RECEIPT,
	KIND_RAW,
	KIND_INCIDENT,
	KIND_COUNT
};

enum message_status { STATUS_ACTUAL, STATUS_EXERCISE, STATUS_TEST, STATUS_SYSTEM };
enum message_authenticity { AUTHENTICITY_UNVERIFIED, AUTHENTICITY_VERIFIED, AUTHENTICITY_SUSPECT, AUTHENTICITY_STALE };
enum message_clock { CLOCK_SOURCE_UNKNOWN, CLOCK_SOURCE_GPS, CLOCK_SOURCE_NTP, CLOCK_SOURCE_RTC };

enum alert_urgency { URGENCY_UNKNOWN, URGENCY_IMMEDIATE, URGENCY_EXPECTED, URGENCY_FUTURE, URGENCY_PAST };
enum alert_severity { SEVERITY_UNKNOWN, SEVERITY_EXTREME, SEVERITY_SEVERE, SEVERITY_MODERATE, SEVERITY_MINOR };

/* What the protocol itself says beyond its kind, after full validation. The gateway's rules turn it into a kind. */
enum message_hint { HINT_NONE, HINT_EMERGENCY, HINT_PRIORITY };

/* Numbers of the air, names in message.c; an unknown one degrades to 0. Those that only pass through are plain numbers. */
enum alert_type { ALERT_TYPE_ALERT, ALERT_TYPE_UPDATE, ALERT_TYPE_CANCEL };
enum distress_nature { NATURE_UNSPECIFIED, NATURE_PANIC_BUTTON = 7, NATURE_DURESS = 8 };
enum checkin_state { CHECKIN_UNSPECIFIED, CHECKIN_OK, CHECKIN_DURESS = 8 };
enum rollcall_type { ROLLCALL_ROUTINE, ROLLCALL_SECURITY, ROLLCALL_MAJOR_INCIDENT, ROLLCALL_SERVICEABILITY };
enum movement_op { MOVEMENT_OPEN, MOVEMENT_WAYPOINT, MOVEMENT_HANDOVER, MOVEMENT_CLOSED };
enum request_type { REQUEST_UNSPECIFIED, REQUEST_ARMED_ESCORT = 3, REQUEST_MILITARY_ASSET = 4 };
enum alert_event {
	EVENT_UNSPECIFIED,
	EVENT_ROAD_CLOSED = 60,
	EVENT_AIRFIELD_UNUSABLE = 61,
	EVENT_MOVEMENT_SUSPENDED = 62,
	EVENT_MISSED_CHECKIN = 70,
	EVENT_GATEWAY_TAMPER = 71,
	EVENT_LINK_LOST = 72,
	EVENT_BATTERY_LOW = 73
};

/* Acknowledgement levels of the design; never claim one that a machine or a person did not give. */
enum ack_level {
	ACK_STORED = 1,
	ACK_BASE_SEEN = 2,
	ACK_HQ_RECEIVED = 3,
	ACK_HQ_SEEN = 4,
	ACK_RESPONDING = 5,
	ACK_CLOSED = 6,
	ACK_NOT_UNDERSTOOD = 0x81,
	ACK_NOT_AUTHENTIC = 0x82,
	ACK_EXPIRED = 0x83,
};

enum {
	MESSAGE_ID_MAX = 80,      /* with the final zero, as are all below */
	MESSAGE_STATION_MAX = 24, /* canonical station, characters A-Z a-z 0-9 _ - */
	MESSAGE_NAME_MAX = 32,
	MESSAGE_PATH_MAX = 128,
	MESSAGE_TEXT_MAX = 1024, /* UTF-8 */
	MESSAGE_RAW_MAX = 512,
	MESSAGE_NUMBERS_MAX = 24,
};

/* NAN is "not given" in every floating member of this file. */
struct message_position {
	bool valid;
	double lat_deg, lon_deg; /* WGS 84, centre of the box when ambiguous */
	double alt_m, speed_kmh, course_deg, accuracy_m, fix_age_s;
	uint8_t ambiguity; /* 0-4 digits withheld by the sender */
};

struct message_heard {
	double rssi_dbm, snr_db;
	int hops; /* -1 not known */
	char path[MESSAGE_PATH_MAX];
};

/* A measured value with the name it has in the JSON body ("temperature_c"). The name is a constant of the driver. */
struct message_number {
	const char *name;
	double value; /* NAN: the place was there, the value was not (JSON null) */
	uint8_t decimals;
};

/* What the kinds of the field frame say beyond text and position (design, messages, section 3). Integers: -1 is "not given" where a sender
 * may leave it out, else 0 is what it says. drivers/message_body.h has the table of
 * each kind that JSON is written and read by. */
struct body_distress {
	uint8_t nature;
	int persons, battery_pct;
};
struct body_alert { /* urgency and severity are members of the message: rules set them, too */
	uint8_t type, certainty, category, event, response;
	double radius_m;
	int64_t expires_at_ms; /* Unix, 0 = not given */
	int persons;
	char ref[MESSAGE_ID_MAX]; /* Update and Cancel: what it refers to, "" = nothing */
};
struct body_checkin {
	uint8_t state;
	int rollcall, headcount, battery_pct;
};
struct body_rollcall {
	int id;
	uint8_t type;
	int window_min, slot_s, group;
};
struct body_position {
	uint8_t source;
	int battery_pct;
};
struct body_text {
	uint8_t language;
};
struct body_sitrep {
	uint8_t type, access, severity, sector;
	int place;
	int64_t affected;
};
struct body_request {
	uint8_t type, urgency, cargo, justification;
	uint16_t alternatives; /* bits */
	int64_t needed_by_ms;  /* Unix, 0 = not given */
	int window_h, place, vehicles, persons;
	uint8_t missing; /* bits, enum request_missing: what a last resort still has to say; set by the gateway */
};
struct body_activity {
	int64_t id, number;
	uint8_t op, sector, status, unit;
	int revision, organisation, implementer, activity, place, start_day,
	    end_day; /* days since 2020-01-01, -1 = not given */
};
struct body_telemetry {
	int battery_mv, solar_mv, temperature_c, rssi_dbm; /* INT_MIN = not given */
	double snr_db;
	int airtime_pct, uptime_h, queue, software;
	uint8_t reboot_cause;
};
struct body_movement {
	uint8_t op; /* enum movement_op */
	int id, vehicles, persons, next_report_min, from_place, to_place;
	int64_t eta_ms; /* Unix, 0 = not given */
};

union message_body {
	struct body_distress distress;
	struct body_alert alert;
	struct body_checkin checkin;
	struct body_rollcall rollcall;
	struct body_position position;
	struct body_text text;
	struct body_sitrep sitrep;
	struct body_request request;
	struct body_activity activity;
	struct body_telemetry telemetry;
	struct body_movement movement;
};

struct message {
	enum message_kind kind;
	enum message_class class;
	enum message_status status;
	enum message_authenticity authenticity;
	enum message_hint hint;
	const char *data_type; /* constant of the air protocol for rules and the body: "message", "object", "mic-e" */
	char id[MESSAGE_ID_MAX],
	    alt_id[MESSAGE_ID_MAX]; /* the same at every gateway that hears the same transmission */
	char station[MESSAGE_STATION_MAX], callsign[MESSAGE_STATION_MAX];
	char to[MESSAGE_STATION_MAX]; /* addressee, "" = everybody */
	bool for_us;                  /* the gateway's own station is the addressee: its sender waits for an answer */
	int64_t sent_at_ms, received_at_ms; /* Unix, 0 = not known */
	int64_t life_ms; /* of a command: from its taking on it is of use for so long, 0 = as long as its class */
	bool demoted;    /* an URGENT above the station's allowance, carried as SAFETY */

	struct message_heard heard;
	struct message_position position;
	char text[MESSAGE_TEXT_MAX];

	/* kind alert */
	enum alert_urgency urgency;
	enum alert_severity severity;

	enum message_kind body_kind; /* which member of body is set; KIND_NONE for foreign networks */
	union message_body body;
	uint8_t sensitivity; /* 0 public, 1 partners, 2 organisation, 3 security desk only */
	bool ack_wanted;

	/* kind distress: the incident this belongs to, set by the gateway */
	char incident[MESSAGE_ID_MAX];
	uint32_t incident_count;

	/* kind ack, and a message that carries one (APRS reply-ack) */
	struct {
		char ref[MESSAGE_ID_MAX]; /* what is acknowledged, "" = nothing */
		bool rejected;
		enum ack_level level; /* 0 in an acknowledgement of a foreign network */
		int eta_min;          /* of RESPONDING, -1 = not given */
		int bitmap;           /* of the fragments received, -1 = none */
		char operator_id[MESSAGE_NAME_MAX];
	} ack;

	/* foreign networks: APRS objects and items, symbols, message numbers */
	struct {
		char name[MESSAGE_NAME_MAX]; /* of an object or item */
		bool has_alive, alive;
		bool has_messaging, messaging; /* the sender says whether it takes messages */
		char symbol[4];                /* table or overlay, then code */
		char message_number[8];        /* the sender's own, to be acknowledged */
		char timestamp[10];            /* as sent, e.g. "092345z", weather without position "10090556" */
		char condition[24];            /* Mic-E: "en route", "custom-2" */
		char antenna[12];              /* PHG digits ("7220"), or "DFS2360" */
		char bits[12];                 /* digital channels of telemetry */
		char software[24];
		/* Header of the station that relayed a third-party frame. Where it is not "", no other network may be
		 * given this message as if it had been heard from its station. */
		char third_party[MESSAGE_PATH_MAX];
	} aprs;

	struct message_number numbers[MESSAGE_NUMBERS_MAX];
	size_t number_count;

	uint8_t raw[MESSAGE_RAW_MAX]; /* the datagram as heard, kept where it could not be parsed */
	size_t raw_size;
	char parse_error[48]; /* why it could not, "" = it could */
};

/* Fills a message with "not given" everywhere: NAN, -1, zero, "". */
void message_init(struct message *message);

/* Names as they stand in JSON, topics and tables: "DISTRESS", "distress", "Actual", "UNVERIFIED", "BASE_SEEN". Never NULL. */
const char *message_class_name(enum message_class class);
const char *message_kind_name(enum message_kind kind);
const char *message_status_name(enum message_status status);
const char *message_authenticity_name(enum message_authenticity authenticity);
const char *message_clock_name(enum message_clock clock);
const char *message_urgency_name(enum alert_urgency urgency);
const char *message_severity_name(enum alert_severity severity);
const char *message_ack_level_name(enum ack_level level);

/* What has to stand in front of a text, where the network has no other place for it, so that nobody takes an exercise for the real thing:
 * "EXERCISE ", "TEST ", or "" where it is Actual or says so already, in English or French. */
const char *message_drill_mark(const struct message *message);
/* What stands behind that, where the network knows no alerts: "ALERT: ", "ALERT UPDATE: ", "ALERT CANCELLED: ", or "" for other kinds. */
const char *message_alert_mark(const struct message *message);

/* The class of that name in any case ("urgent"), or -1. */
int message_class_from_name(const char *name);

/* Adds a measured value; beyond MESSAGE_NUMBERS_MAX it is left out and false returned. name must be a constant. */
bool message_add_number(struct message *message, const char *name, double value, uint8_t decimals);
