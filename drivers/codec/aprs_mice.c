/* APRS Mic-E: half of a position in the destination call sign, the rest in nine bytes. */
#include <string.h>

#include "drivers/codec/aprs_decoders.h"

enum {
	DESTINATION_SIZE = 6,
	HEAD_SIZE = 9,
	BYTE_OFFSET = 28, /* every number is sent with 28 added, so that it is printable most of the time */
	EMERGENCY = 7,
	PRIORITY = 6,
};

struct digit {
	int8_t value; /* -1 = withheld */
	bool one;     /* the bit the character carries */
	bool custom;
};

/* One character of the destination, counted from 0:
 *
 *   0-9 digit, bit 0 | A-J digit, custom bit 1 | K withheld, custom bit 1 | L withheld, bit 0
 *   P-Y digit, bit 1 | Z withheld, bit 1       | custom ones only in the first three places */
static bool decode_digit(char c, size_t place, struct digit *digit)
{
	bool custom = c >= 'A' && c <= 'K';
	*digit = (struct digit){.value = -1, .one = custom || (c >= 'P' && c <= 'Z'), .custom = custom};
	if (c >= '0' && c <= '9')
		digit->value = (int8_t)(c - '0');
	else if (c >= 'A' && c <= 'J')
		digit->value = (int8_t)(c - 'A');
	else if (c >= 'P' && c <= 'Y')
		digit->value = (int8_t)(c - 'P');
	else if (c != 'K' && c != 'L' && c != 'Z')
		return false;
	return !custom || place < 3;
}

static const char *name_condition(unsigned code, bool custom, bool standard)
{
	static const char *const conditions[] = {"off duty",  "en route", "in service", "returning",
						 "committed", "special",  "priority",   "emergency"};
	static const char *const customs[] = {"custom-0", "custom-1", "custom-2", "custom-3",
					      "custom-4", "custom-5", "custom-6"};
	if (custom && standard)
		return "unknown";
	return custom ? customs[code] : conditions[code];
}

/* Three bits, inverted: 111 is message 0, 000 is Emergency. Standard and custom bits mixed mean nothing. */
static void take_condition(const struct digit *digits, struct aprs_packet *packet)
{
	unsigned code = 0;
	bool custom = false, standard = false;
	for (size_t i = 0; i < 3; i++) {
		code = code << 1 | !digits[i].one;
		custom |= digits[i].one && digits[i].custom;
		standard |= digits[i].one && !digits[i].custom;
	}
	packet->condition = name_condition(code, custom, standard);
	packet->emergency = code == EMERGENCY;
	packet->priority = code == PRIORITY && !custom;
}

/* Number of digits withheld at the end; -1 where one is withheld in front of one that is not, or of the degrees. */
static int count_withheld(const struct digit *digits)
{
	size_t known = 0;
	while (known < DESTINATION_SIZE && digits[known].value >= 0)
		known++;
	for (size_t i = known; i < DESTINATION_SIZE; i++)
		if (digits[i].value >= 0)
			return -1;
	return known < 2 ? -1 : (int)(DESTINATION_SIZE - known);
}

/* The latitude: six digits DDMMhh; bit 3 north. Bits 4 and 5 belong to the longitude. */
static const char *decode_latitude(const struct digit *digits, struct aprs_packet *packet)
{
	int ambiguity = count_withheld(digits);
	if (ambiguity < 0)
		return "invalid Mic-E destination";
	int32_t hundredths = 0;
	for (size_t i = 2; i < DESTINATION_SIZE; i++)
		hundredths = hundredths * 10 + (digits[i].value < 0 ? 0 : digits[i].value);
	if (hundredths >= 6000)
		return "invalid Mic-E latitude";
	packet->ambiguity = (uint8_t)ambiguity;
	double angle = digits[0].value * 10 + digits[1].value +
		       aprs_middle_of_box(hundredths, packet->ambiguity) / 6000.0;
	packet->lat_deg = digits[3].one ? angle : -angle;
	return angle <= 90 ? NULL : "invalid Mic-E latitude";
}

static bool in_range(uint8_t byte, uint8_t low, uint8_t high)
{
	return byte >= low && byte <= high;
}

/* | d | m | h |
 *
 * Degrees, minutes and hundredths, each + 28, in an order that keeps them printable: degrees 180-189 stand for 100-109
 * and 190-199 for 0-9 (after the offset of 100), minutes 60-69 for 0-9. */
static const char *decode_longitude(const uint8_t *bytes, const struct digit *digits, struct aprs_packet *packet)
{
	if (!in_range(bytes[0], 0x26, 0x7f) || !in_range(bytes[1], 0x26, 0x61) || !in_range(bytes[2], 0x1c, 0x7f))
		return "invalid Mic-E longitude";
	int degrees = bytes[0] - BYTE_OFFSET + (digits[4].one ? 100 : 0);
	if (degrees >= 190)
		degrees -= 190;
	else if (degrees >= 180)
		degrees -= 80;
	int minutes = bytes[1] - BYTE_OFFSET;
	if (minutes >= 60)
		minutes -= 60;
	int32_t hundredths = minutes * 100 + bytes[2] - BYTE_OFFSET;
	double angle = degrees + aprs_middle_of_box(hundredths, packet->ambiguity) / 6000.0;
	packet->lon_deg = digits[5].one ? -angle : angle;
	return NULL;
}

/* | SP | DC | SE |
 *
 * Each + 28: speed = 10 SP + DC / 10 knots (800 too many if above), course = 100 (DC mod 10) + SE degrees (400 too many
 * if above). */
static const char *decode_motion(const uint8_t *bytes, struct aprs_packet *packet)
{
	if (!in_range(bytes[0], 0x1c, 0x7f) || !in_range(bytes[1], 0x1c, 0x7d) || !in_range(bytes[2], 0x1c, 0x7f))
		return "invalid Mic-E speed or course";
	int tens = bytes[0] - BYTE_OFFSET, units = bytes[1] - BYTE_OFFSET;
	int speed = tens * 10 + units / 10, course = units % 10 * 100 + bytes[2] - BYTE_OFFSET;
	if (speed >= 800)
		speed -= 800;
	if (course >= 400)
		course -= 400;
	if (course > 360)
		return "invalid Mic-E speed or course";
	packet->speed_kmh = speed * APRS_KMH_PER_KNOT;
	packet->course_deg = course;
	return NULL;
}

/* | a a a } |  metres above -10000 in base 91, first in the text or behind the one character that names the radio */
static void take_altitude(struct aprs_buffer *text, struct aprs_packet *packet)
{
	for (size_t from = 0; from < 2 && from + 4 <= text->size; from++) {
		int32_t value = aprs_base91(text->bytes + from, 3);
		if (value < 0 || text->bytes[from + 3] != '}')
			continue;
		packet->altitude_m = value - 10000;
		aprs_buffer_remove(text, from, 4);
		return;
	}
}

/* Destination call sign: six digits of latitude with seven bits on top. Information field:
 *
 *   | ` or ' | d m h | SP DC SE | code | table | text, altitude, telemetry |
 *   |   1    |   3   |    3     |  1   |   1   |                           |
 *
 * Emergency is nothing but three digits in front, so all the rest must be right before it is believed.
 * (APRS Protocol Reference 1.0.1, chapter 10) */
const char *aprs_decode_mice(const char *destination, struct aprs_span information, struct aprs_packet *packet,
			     struct aprs_span *comment)
{
	struct digit digits[DESTINATION_SIZE];
	packet->type = APRS_MICE;
	if (strlen(destination) != DESTINATION_SIZE)
		return "invalid Mic-E destination";
	for (size_t i = 0; i < DESTINATION_SIZE; i++)
		if (!decode_digit(destination[i], i, &digits[i]))
			return "invalid Mic-E destination";
	if (information.size < HEAD_SIZE)
		return "Mic-E too short";
	const char *error = decode_latitude(digits, packet);
	if (!error)
		error = decode_longitude(information.at + 1, digits, packet);
	if (!error)
		error = decode_motion(information.at + 4, packet);
	if (!error)
		error = aprs_take_symbol(packet, information.at[8], information.at[7]);
	if (error)
		return error;
	packet->has_position = true;
	take_condition(digits, packet);
	*comment = aprs_skip(information, HEAD_SIZE);
	struct aprs_buffer text;
	aprs_buffer_fill(&text, *comment);
	take_altitude(&text, packet);
	aprs_decode_comment_fields(&text, packet);
	return NULL;
}
