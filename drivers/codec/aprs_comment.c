/* What may stand behind an APRS position: data extension, altitude, telemetry, DAO, and words. */
#include <math.h>
#include <string.h>

#include "drivers/codec/aprs_decoders.h"

enum { EXTENSION_SIZE = 7, ALTITUDE_SIZE = 9, DAO_SIZE = 5 };

void aprs_buffer_fill(struct aprs_buffer *buffer, struct aprs_span span)
{
	buffer->size = span.size < sizeof(buffer->bytes) ? span.size : sizeof(buffer->bytes);
	if (buffer->size > 0)
		memcpy(buffer->bytes, span.at, buffer->size);
}

void aprs_buffer_remove(struct aprs_buffer *buffer, size_t from, size_t size)
{
	buffer->size -= size;
	memmove(buffer->bytes + from, buffer->bytes + from + size, buffer->size - from);
}

/* True if all of size bytes are digits, dots or spaces: a number, or its place left empty. */
static bool is_numeric_place(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!aprs_is_digit(bytes[i]) && bytes[i] != '.' && bytes[i] != ' ')
			return false;
	return true;
}

/* | c c c / s s s |  course in degrees, speed in knots; dots or spaces where the station does not know */
static bool take_course_speed(struct aprs_span span, struct aprs_packet *packet)
{
	if (!is_numeric_place(span.at, 3) || span.at[3] != '/' || !is_numeric_place(span.at + 4, 3))
		return false;
	int32_t course = aprs_digits(span.at, 3), speed = aprs_digits(span.at + 4, 3);
	if (course >= 0 && course <= 360)
		packet->course_deg = course;
	if (speed >= 0)
		packet->speed_kmh = speed * APRS_KMH_PER_KNOT;
	return true;
}

/* | P H G p h g d |  power, height, gain, directivity; a fifth character is a beacon rate if a slash follows
 * | D F S s h g d |  the same for a direction finder, with signal strength instead of power */
static size_t take_antenna(struct aprs_span span, struct aprs_packet *packet)
{
	bool phg = memcmp(span.at, "PHG", 3) == 0;
	if (!phg && memcmp(span.at, "DFS", 3) != 0)
		return 0;
	const uint8_t *digits = span.at + 3;
	if (!aprs_is_digit(digits[0]) || digits[1] < '0' || digits[1] > '~' || aprs_digits(digits + 2, 2) < 0)
		return 0;
	size_t size = EXTENSION_SIZE;
	if (phg && span.size >= 9 && aprs_is_alphanumeric(span.at[7]) && span.at[8] == '/')
		size++;
	size_t skip = phg ? 3 : 0;
	aprs_copy(packet->antenna, sizeof(packet->antenna), (struct aprs_span){span.at + skip, size - skip});
	return size;
}

/* | R N G r r r r |  radio range in miles */
static bool take_range(struct aprs_span span, struct aprs_packet *packet)
{
	if (memcmp(span.at, "RNG", 3) != 0)
		return false;
	int32_t miles = aprs_digits(span.at + 3, 4);
	if (miles >= 0)
		packet->range_km = miles * APRS_KM_PER_MILE;
	return miles >= 0;
}

/* The seven characters right behind the symbol. Returns how many were taken. */
static size_t take_extension(struct aprs_span span, struct aprs_packet *packet)
{
	if (span.size < EXTENSION_SIZE)
		return 0;
	if (take_course_speed(span, packet) || take_range(span, packet))
		return EXTENSION_SIZE;
	return take_antenna(span, packet);
}

/* | / A = f f f f f f |  altitude in feet; below the sea "-fffff" */
static void take_altitude(struct aprs_buffer *comment, struct aprs_packet *packet)
{
	size_t from = 0;
	for (;;) {
		ptrdiff_t at = aprs_find((struct aprs_span){comment->bytes + from, comment->size - from}, "/A=");
		if (at < 0)
			return;
		from += (size_t)at;
		if (comment->size - from < ALTITUDE_SIZE)
			return;
		const uint8_t *feet = comment->bytes + from + 3;
		bool below = feet[0] == '-';
		int32_t value = aprs_digits(feet + below, 6u - below);
		if (value >= 0) {
			packet->altitude_m = (below ? -value : value) * APRS_M_PER_FOOT;
			aprs_buffer_remove(comment, from, ALTITUDE_SIZE);
			return;
		}
		from++;
	}
}

/* Moves an angle away from zero by so many minutes, unless that leaves the globe. */
static void refine(double *angle, double minutes, double limit)
{
	double magnitude = fabs(*angle) + minutes / 60;
	if (magnitude <= limit)
		*angle = copysign(magnitude, *angle);
}

/* One more digit of a minute's hundredths, decimal ("5" = .005') or base 91 (.01' * n / 91); a space = none. NAN =
 * neither. */
static double dao_minutes(uint8_t datum, uint8_t digit)
{
	if (digit == ' ')
		return 0;
	if (datum >= 'A' && datum <= 'Z')
		return aprs_is_digit(digit) ? (digit - '0') * 0.001 : NAN;
	return aprs_is_base91(digit) ? (digit - '!') * 0.01 / 91 : NAN;
}

/* | ! | datum | latitude | longitude | ! |
 *
 * An upper-case datum letter comes with decimal digits, a lower-case one with base 91. Digits that a sender added to
 * a position whose last digits it withheld mean nothing. */
static bool apply_dao(const uint8_t *dao, struct aprs_packet *packet)
{
	uint8_t datum = dao[1];
	if (dao[0] != '!' || dao[4] != '!' || !aprs_is_alphanumeric(datum) || aprs_is_digit(datum))
		return false;
	double latitude = dao_minutes(datum, dao[2]), longitude = dao_minutes(datum, dao[3]);
	if (isnan(latitude) || isnan(longitude))
		return false;
	if (packet->has_position && packet->ambiguity == 0) {
		refine(&packet->lat_deg, latitude, 90);
		refine(&packet->lon_deg, longitude, 180);
	}
	return true;
}

/* The last one counts: words before it may look like one. */
static void take_dao(struct aprs_buffer *comment, struct aprs_packet *packet)
{
	for (size_t end = comment->size; end >= DAO_SIZE; end--) {
		if (!apply_dao(comment->bytes + end - DAO_SIZE, packet))
			continue;
		aprs_buffer_remove(comment, end - DAO_SIZE, DAO_SIZE);
		return;
	}
}

void aprs_decode_comment_fields(struct aprs_buffer *comment, struct aprs_packet *packet)
{
	take_altitude(comment, packet);
	aprs_take_comment_telemetry(comment, packet);
	take_dao(comment, packet);
	aprs_set_text(packet, (struct aprs_span){comment->bytes, comment->size});
}

void aprs_decode_comment(struct aprs_span comment, struct aprs_packet *packet)
{
	struct aprs_buffer buffer;
	aprs_buffer_fill(&buffer, aprs_skip(comment, take_extension(comment, packet)));
	aprs_decode_comment_fields(&buffer, packet);
	/* A slash separates the extension from the words. */
	if (packet->text[0] == '/')
		memmove(packet->text, packet->text + 1, strlen(packet->text));
}
