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
	char to[MESSAGE_STATION_MAX];       /* addressee, "" = everybody */
	int64_t sent_at_ms, received_at_ms; /* Unix, 0 = not known */
	bool demoted;                       /* an URGENT above the station's allowance, carried as SAFETY */

	struct message_heard heard;
	struct message_position position;
	char text[MESSAGE_TEXT_MAX];

	/* kind alert */
	enum alert_urgency urgency;
	enum alert_severity severity;

	/* kind distress: the incident this belongs to, set by the gateway */
	char incident[MESSAGE_ID_MAX];
	uint32_t incident_count;

	/* kind ack, and a message that carries one (APRS reply-ack) */
	struct {
		char ref[MESSAGE_ID_MAX]; /* what is acknowledged, "" = nothing */
		bool rejected;
		enum ack_level level; /* 0 in an acknowledgement of a foreign network */
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

/* The class of that name in any case ("urgent"), or -1. */
int message_class_from_name(const char *name);

/* Adds a measured value; beyond MESSAGE_NUMBERS_MAX it is left out and false returned. name must be a constant. */
bool message_add_number(struct message *message, const char *name, double value, uint8_t decimals);
