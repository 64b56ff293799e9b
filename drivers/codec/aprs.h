/* APRS information fields: bytes in, one struct with everything a station said out. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the first character (or, for messages, the addressee) says the information field is. */
enum aprs_type {
	APRS_UNKNOWN,
	APRS_POSITION, /* ! = / @, or a position found within the first 40 characters */
	APRS_MICE,
	APRS_OBJECT,
	APRS_ITEM,
	APRS_MESSAGE,
	APRS_MESSAGE_ACK,
	APRS_MESSAGE_REJ,
	APRS_BULLETIN,
	APRS_ANNOUNCEMENT,
	APRS_NWS,
	APRS_STATUS,
	APRS_TELEMETRY,
	APRS_WEATHER, /* with a position where has_position */
	APRS_THIRD_PARTY,
	APRS_QUERY,
	APRS_CAPABILITIES,
	APRS_NMEA,
	APRS_USER_DEFINED,
	APRS_TEST,
	APRS_TYPE_COUNT
};

enum {
	APRS_TEXT_MAX = 513, /* an information field and the final zero */
	APRS_ANALOG_COUNT = 5,
};

/* T# reports and |base91| comments. NAN = the place was there, the value was not. */
struct aprs_telemetry {
	bool present;
	double sequence;
	size_t analog_count;
	double analog[APRS_ANALOG_COUNT];
	uint8_t decimals[APRS_ANALOG_COUNT]; /* as the station wrote it */
	char bits[9];                        /* "01000001", "" = not given */
};

/* NAN = not given. Converted from mph, degree Fahrenheit and 1/100 inch. */
struct aprs_weather {
	bool present;
	double wind_direction_deg, wind_speed_m_s, wind_gust_m_s;
	double temperature_c, humidity_percent, pressure_hpa;
	double rain_1h_mm, rain_24h_mm, rain_midnight_mm, snow_24h_mm, luminosity_w_m2;
};

/* Texts are zero-terminated, "" = not given; numbers are NAN where not given. */
struct aprs_packet {
	enum aprs_type type;
	const char *error; /* constant that says why it could not be read; NULL = it could */

	/* Both are false wherever error is set. */
	bool emergency; /* a valid Mic-E Emergency, or !EMERGENCY! in the comment of a position or in a status */
	bool priority;  /* a valid Mic-E Priority */

	char timestamp[10]; /* as sent: "092345z", "10090556" */
	bool has_messaging, messaging;
	char name[10]; /* of an object or item, without the spaces that pad it */
	bool has_alive, alive;

	bool has_position;
	double lat_deg, lon_deg; /* WGS 84; the centre of the box when ambiguous */
	uint8_t ambiguity;       /* digits withheld, 0-4 */
	char symbol[3];          /* table or overlay, then code */
	double altitude_m, speed_kmh, course_deg, range_km;
	char antenna[9];       /* digits of PHG ("7220"), or "DFS2360" */
	const char *condition; /* Mic-E: "en route", "custom-2", "unknown"; NULL otherwise */

	char addressee[10];
	char number[6]; /* of a message, to be acknowledged */
	char ack[6];    /* what this acknowledges or rejects, or the reply-ack a message carries */

	struct aprs_telemetry telemetry;
	struct aprs_weather weather;
	char software[6]; /* of a weather station */

	/* Comment, status or message text; bytes as heard but for zero bytes, which become spaces. */
	char text[APRS_TEXT_MAX];
};

/* Decodes an information field of 1 to 512 bytes that was sent to the given destination call sign (without SSID;
 * Mic-E keeps half of its position there). Always fills the whole packet. Third-party traffic is recognised but not
 * opened. */
void aprs_parse(const char *destination, const uint8_t *information, size_t size, struct aprs_packet *packet);

/* Constant name of a type: "mic-e", "message-ack"; "raw" for APRS_UNKNOWN. */
const char *aprs_type_name(enum aprs_type type);
