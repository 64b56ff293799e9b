/* APRS positions in plain degrees and minutes, with or without time, and where any position is told apart. */
#include <string.h>

#include "drivers/codec/aprs_decoders.h"

enum {
	LATITUDE_SIZE = 8,
	LONGITUDE_SIZE = 9,
	PLAIN_SIZE = LATITUDE_SIZE + 1 + LONGITUDE_SIZE + 1,
	COMPRESSED_SIZE = 13,
	TIMESTAMP_SIZE = 7,
	LAST_RESORT_REACH = 40,
};

static const char invalid_position[] = "invalid position";

int32_t aprs_middle_of_box(int32_t hundredths, unsigned ambiguity)
{
	static const int32_t boxes[] = {1, 10, 100, 1000, 6000};
	int32_t box = boxes[ambiguity];
	return hundredths / box * box + box / 2;
}

const char *aprs_take_symbol(struct aprs_packet *packet, uint8_t table, uint8_t code)
{
	if (table != '/' && table != '\\' && !aprs_is_digit(table) && !(table >= 'A' && table <= 'Z'))
		return "invalid symbol table";
	if (code < '!' || code > '~')
		return "invalid symbol code";
	packet->symbol[0] = (char)table;
	packet->symbol[1] = (char)code;
	return NULL;
}

/* Number of spaces that stand for digits at the end of "mm.hh". */
static unsigned count_withheld(const uint8_t *minutes)
{
	static const uint8_t places[] = {4, 3, 1, 0};
	unsigned count = 0;
	while (count < sizeof(places) && minutes[places[count]] == ' ')
		count++;
	return count;
}

/* "mm.hh", of which the last `ambiguity` digits do not count (they may be there or be spaces), in hundredths of a
 * minute; -1 = it is something else. */
static int32_t decode_minutes(const uint8_t *text, unsigned ambiguity)
{
	const uint8_t digits[4] = {text[0], text[1], text[3], text[4]};
	int32_t hundredths = 0;
	if (text[2] != '.')
		return -1;
	for (unsigned i = 0; i < 4; i++) {
		bool counts = i < 4 - ambiguity;
		if (!aprs_is_digit(digits[i]) && (counts || digits[i] != ' '))
			return -1;
		hundredths = hundredths * 10 + (counts ? digits[i] - '0' : 0);
	}
	return hundredths < 6000 ? aprs_middle_of_box(hundredths, ambiguity) : -1;
}

/* Degrees and minutes to a signed angle. False where it lies beyond the limit or the letter is none of the two. */
static bool join_angle(int32_t degrees, int32_t hundredths, uint8_t letter, const char *letters, double limit,
		       double *angle)
{
	char upper = (char)(letter & ~0x20);
	if (degrees < 0 || hundredths < 0 || (upper != letters[0] && upper != letters[1]))
		return false;
	double magnitude = degrees + hundredths / 6000.0;
	*angle = upper == letters[1] ? -magnitude : magnitude;
	return magnitude <= limit;
}

/* A position in plain text:
 *
 *   | D D M M . h h N | table | D D D M M . h h W | code |
 *   |        8        |   1   |         9         |  1   |
 *
 * Digits at the end of the latitude may be spaces (ambiguity); those of the longitude in the same places do not count
 * then. */
static const char *decode_plain(struct aprs_span span, struct aprs_packet *packet)
{
	if (span.size < PLAIN_SIZE)
		return "position too short";
	const uint8_t *latitude = span.at, *longitude = span.at + LATITUDE_SIZE + 1;
	unsigned ambiguity = count_withheld(latitude + 2);
	if (!join_angle(aprs_digits(latitude, 2), decode_minutes(latitude + 2, ambiguity), latitude[7], "NS", 90,
			&packet->lat_deg) ||
	    !join_angle(aprs_digits(longitude, 3), decode_minutes(longitude + 3, ambiguity), longitude[8], "EW", 180,
			&packet->lon_deg))
		return invalid_position;
	packet->ambiguity = (uint8_t)ambiguity;
	packet->has_position = true;
	return aprs_take_symbol(packet, span.at[LATITUDE_SIZE], span.at[PLAIN_SIZE - 1]);
}

/* A latitude begins with a digit, a compressed position with its symbol table. */
static bool is_compressed(uint8_t first)
{
	return first == '/' || first == '\\' || (first >= 'A' && first <= 'Z') || (first >= 'a' && first <= 'j');
}

const char *aprs_decode_located(struct aprs_span span, struct aprs_packet *packet, struct aprs_span *rest)
{
	static const char keyword[] = "EMERGENCY!";
	if (span.size == 0)
		return "position too short";
	/* By chance the letters of this word are a compressed position, somewhere in the Arctic Ocean. */
	if (span.size >= strlen(keyword) && memcmp(span.at, keyword, strlen(keyword)) == 0)
		return invalid_position;
	bool compressed = is_compressed(span.at[0]);
	if (!compressed && !aprs_is_digit(span.at[0]))
		return invalid_position;
	const char *error = compressed ? aprs_decode_compressed(span, packet) : decode_plain(span, packet);
	if (error)
		return error;
	*rest = aprs_skip(span, compressed ? COMPRESSED_SIZE : PLAIN_SIZE);
	if (packet->symbol[1] == '_' && aprs_decode_weather_fields(*rest, packet)) {
		if (packet->type == APRS_POSITION)
			packet->type = APRS_WEATHER;
		return NULL;
	}
	aprs_decode_comment(*rest, packet);
	return NULL;
}

/* A report of one's own position; = and @ come from stations that take messages:
 *
 *   | ! or = | position | extension, comment |         | / or @ | time | position | extension, comment |
 *   |   1    | 19 or 13 |       0-43         |         |   1    |  7   | 19 or 13 |       0-43         |
 *
 * A time that is none is passed over, as the position behind it is complete without. */
const char *aprs_decode_position(struct aprs_span information, struct aprs_packet *packet, struct aprs_span *comment)
{
	uint8_t type = information.at[0];
	size_t offset = 1;
	packet->type = APRS_POSITION;
	packet->has_messaging = true;
	packet->messaging = type == '=' || type == '@';
	if (type == '/' || type == '@') {
		aprs_take_timestamp(packet, aprs_skip(information, 1));
		offset += TIMESTAMP_SIZE;
	}
	return aprs_decode_located(aprs_skip(information, offset), packet, comment);
}

/* Some TNCs put text of their own in front of a position: the first `!` among the first 40 characters is tried. */
const char *aprs_decode_last_resort(struct aprs_span information, struct aprs_packet *packet, struct aprs_span *comment)
{
	struct aprs_span head = information;
	if (head.size > LAST_RESORT_REACH)
		head.size = LAST_RESORT_REACH;
	ptrdiff_t at = aprs_find(head, "!");
	if (at < 0)
		return "unknown data type";
	packet->type = APRS_POSITION;
	packet->has_messaging = true;
	if (aprs_decode_located(aprs_skip(information, (size_t)at + 1), packet, comment)) {
		packet->type = APRS_UNKNOWN;
		packet->has_messaging = false;
		return "unknown data type";
	}
	return NULL;
}
