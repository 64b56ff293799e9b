/* APRS positions in base 91, thirteen bytes with course and speed, range or altitude. */
#include <math.h>

#include "drivers/codec/aprs_decoders.h"

enum {
	COMPRESSED_SIZE = 13,
	TYPE_SOURCE_MASK = 0x18,
	TYPE_SOURCE_GGA = 0x10, /* the NMEA sentence with altitude */
	RANGE_MARK = '{' - '!',
};

/* The two bytes cs, whose meaning T and c select. */
static const char *decode_cs(const uint8_t *cs, struct aprs_packet *packet)
{
	if (cs[0] == ' ')
		return NULL;
	if (aprs_base91(cs, 3) < 0)
		return "invalid compressed position";
	int c = cs[0] - '!', s = cs[1] - '!', type = cs[2] - '!';
	if ((type & TYPE_SOURCE_MASK) == TYPE_SOURCE_GGA) {
		packet->altitude_m = pow(1.002, c * 91 + s) * APRS_M_PER_FOOT;
	} else if (c == RANGE_MARK) {
		packet->range_km = 2 * pow(1.08, s) * APRS_KM_PER_MILE;
	} else {
		packet->course_deg = c * 4;
		packet->speed_kmh = (pow(1.08, s) - 1) * APRS_KMH_PER_KNOT;
	}
	return NULL;
}

/* A compressed position, all numbers in base 91:
 *
 *   | table | Y Y Y Y | X X X X | code | c s | T |
 *   |   1   |    4    |    4    |  1   |  2  | 1 |
 *
 * Latitude = 90 - Y / 380926, longitude = -180 + X / 190463; a table of a-j stands for the overlays 0-9. cs is
 *
 *   nothing, if c is a space;
 *   an altitude of 1.002^cs feet, if T says that the source was GGA;
 *   a range of 2 * 1.08^s miles, if c is `{`;
 *   else a course of 4c degrees and a speed of 1.08^s - 1 knots.
 *
 * (APRS Protocol Reference 1.0.1, chapter 9) */
const char *aprs_decode_compressed(struct aprs_span span, struct aprs_packet *packet)
{
	if (span.size < COMPRESSED_SIZE)
		return "position too short";
	int32_t y = aprs_base91(span.at + 1, 4), x = aprs_base91(span.at + 5, 4);
	if (y < 0 || x < 0)
		return "invalid compressed position";
	packet->lat_deg = 90 - y / 380926.0;
	packet->lon_deg = -180 + x / 190463.0;
	if (packet->lat_deg < -90 || packet->lon_deg > 180)
		return "invalid compressed position";
	packet->has_position = true;
	uint8_t table = span.at[0];
	if (table >= 'a' && table <= 'j')
		table = (uint8_t)(table - 'a' + '0');
	const char *error = aprs_take_symbol(packet, table, span.at[9]);
	return error ? error : decode_cs(span.at + 10, packet);
}
