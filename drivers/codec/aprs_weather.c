/* APRS weather reports, behind a position or without one. */
#include <math.h>
#include <string.h>

#include "drivers/codec/aprs_decoders.h"

#define M_S_PER_MPH           0.44704
#define MM_PER_HUNDREDTH_INCH 0.254
#define MM_PER_INCH           25.4

enum { WIND_SIZE = 7, TIMESTAMP_SIZE = 8, SOFTWARE_MIN = 3, SOFTWARE_MAX = 5 };

/* Reads a value of at most width digits, the first of which may be a minus. Returns the bytes taken: 0 = there is no
 * value here; a place of dots or spaces is taken whole and gives NAN. */
static size_t take_value(struct aprs_span span, size_t width, double *value)
{
	size_t blank = 0, size = 0;
	while (blank < span.size && blank < width && (span.at[blank] == '.' || span.at[blank] == ' '))
		blank++;
	*value = NAN;
	if (blank == width)
		return width;
	bool negative = span.size > 0 && span.at[0] == '-';
	size = negative;
	while (size < span.size && size < width && aprs_is_digit(span.at[size]))
		size++;
	if (size == negative)
		return 0;
	*value = aprs_digits(span.at + negative, size - negative);
	if (negative)
		*value = -*value;
	return size;
}

/* 00 stands for 100 %; three digits are only believed as "100". */
static size_t take_humidity(struct aprs_span span, double *humidity)
{
	size_t width = span.size >= 3 && memcmp(span.at, "100", 3) == 0 ? 3 : 2;
	size_t size = take_value(span, width, humidity);
	if (*humidity == 0)
		*humidity = 100;
	if (*humidity < 0 || *humidity > 100)
		*humidity = NAN;
	return size;
}

/* A letter, the digits behind it, and how their number becomes that member: (number + offset) * scale. */
struct field {
	uint8_t letter, width;
	double offset, scale;
	size_t member;
};

#define MEMBER(name) offsetof(struct aprs_weather, name)

static const struct field fields[] = {
    {'g', 3, 0, M_S_PER_MPH, MEMBER(wind_gust_m_s)},
    {'t', 3, -32, 1 / 1.8, MEMBER(temperature_c)},
    {'r', 3, 0, MM_PER_HUNDREDTH_INCH, MEMBER(rain_1h_mm)},
    {'p', 3, 0, MM_PER_HUNDREDTH_INCH, MEMBER(rain_24h_mm)},
    {'P', 3, 0, MM_PER_HUNDREDTH_INCH, MEMBER(rain_midnight_mm)},
    {'b', 5, 0, 0.1, MEMBER(pressure_hpa)},
    {'L', 3, 0, 1, MEMBER(luminosity_w_m2)},
    {'l', 3, 1000, 1, MEMBER(luminosity_w_m2)},
    {'s', 3, 0, MM_PER_INCH, MEMBER(snow_24h_mm)},
};

static const struct field *find_field(uint8_t letter)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		if (fields[i].letter == letter)
			return &fields[i];
	return NULL;
}

/* Reads one field, letter first. Returns the bytes taken, 0 = there is none. */
static size_t take_field(struct aprs_span span, struct aprs_weather *weather)
{
	double value;
	struct aprs_span digits = aprs_skip(span, 1);
	const struct field *field = find_field(span.at[0]);
	size_t size = 0;
	if (field)
		size = take_value(digits, field->width, &value);
	else if (span.at[0] == 'h')
		size = take_humidity(digits, &value);
	else if (span.at[0] == '#')
		size = take_value(digits, 5, &value); /* a rain counter of unknown unit */
	if (size == 0)
		return 0;
	if (field)
		*(double *)((char *)weather + field->member) = (value + field->offset) * field->scale;
	else if (span.at[0] == 'h')
		weather->humidity_percent = value;
	return 1 + size;
}

/* Fields in any order, up to the first character that begins none; *span is moved behind them. Returns their number. */
static size_t take_fields(struct aprs_span *span, struct aprs_weather *weather)
{
	size_t count = 0, size;
	while (span->size > 1 && (size = take_field(*span, weather)) > 0) {
		*span = aprs_skip(*span, size);
		count++;
	}
	return count;
}

static bool set_wind(struct aprs_span direction, struct aprs_span speed, struct aprs_weather *weather)
{
	double direction_deg, speed_mph;
	if (take_value(direction, 3, &direction_deg) != 3 || take_value(speed, 3, &speed_mph) != 3)
		return false;
	weather->wind_direction_deg = direction_deg <= 360 ? direction_deg : NAN;
	weather->wind_speed_m_s = speed_mph * M_S_PER_MPH;
	return true;
}

/* A few characters that name software and weather station, or a comment. */
static void take_rest(struct aprs_span rest, struct aprs_packet *packet)
{
	struct aprs_buffer buffer;
	aprs_buffer_fill(&buffer, rest);
	aprs_decode_comment_fields(&buffer, packet);
	size_t size = strlen(packet->text);
	if (size < SOFTWARE_MIN || size > SOFTWARE_MAX)
		return;
	for (size_t i = 0; i < size; i++)
		if (!aprs_is_alphanumeric((uint8_t)packet->text[i]) && packet->text[i] != '-' && packet->text[i] != '_')
			return;
	memcpy(packet->software, packet->text, size + 1);
	packet->text[0] = 0;
}

/* The compressed form has its wind where other stations have course and speed. */
static void move_motion_to_wind(struct aprs_packet *packet)
{
	if (isnan(packet->course_deg))
		return;
	packet->weather.wind_direction_deg = packet->course_deg;
	packet->weather.wind_speed_m_s = packet->speed_kmh / 3.6;
	packet->course_deg = packet->speed_kmh = NAN;
}

/* Behind a position with the symbol `_`:
 *
 *   | d d d / s s s | g g g g | t t t t | r r r r | p p p p | P P P P | h h h | b b b b b b | ... | comment |
 *
 * wind from (degrees) and speed (mph), then letter and value in any order: g gust (mph), t temperature (degree
 * Fahrenheit), rain in 1/100 inch of the last hour (r), of 24 hours (p), since midnight (P), h humidity (%), b pressure
 * (1/10 hPa), L and l luminosity (W/m2, l from 1000), s snow of 24 hours (inch), # rain counter. The comment may be the
 * name of the software. Speeds are miles an hour, unlike the knots of every other station. */
bool aprs_decode_weather_fields(struct aprs_span comment, struct aprs_packet *packet)
{
	struct aprs_weather weather = packet->weather;
	struct aprs_span rest = comment;
	bool wind = comment.size >= WIND_SIZE && comment.at[3] == '/' &&
		    set_wind(comment, aprs_skip(comment, 4), &weather);
	if (wind)
		rest = aprs_skip(comment, WIND_SIZE);
	if (take_fields(&rest, &weather) == 0)
		return false;
	packet->weather = weather;
	packet->weather.present = true;
	if (!wind)
		move_motion_to_wind(packet);
	take_rest(rest, packet);
	return true;
}

static bool is_month_day_hour_minute(const uint8_t *digits)
{
	int32_t month = aprs_digits(digits, 2), day = aprs_digits(digits + 2, 2);
	int32_t hour = aprs_digits(digits + 4, 2), minute = aprs_digits(digits + 6, 2);
	return month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour >= 0 && hour < 24 && minute >= 0 &&
	       minute < 60;
}

/* Weather without a position:
 *
 *   | _ | M M D D h h m m | c d d d | s s s s | g g g g | t t t t | ... as above ... | software, comment |
 *   | 1 |        8        |    4    |    4    |  */
const char *aprs_decode_weather(struct aprs_span information, struct aprs_packet *packet)
{
	packet->type = APRS_WEATHER;
	struct aprs_span rest = aprs_skip(information, 1);
	if (rest.size < TIMESTAMP_SIZE || !is_month_day_hour_minute(rest.at))
		return "invalid weather";
	aprs_copy(packet->timestamp, sizeof(packet->timestamp), (struct aprs_span){rest.at, TIMESTAMP_SIZE});
	rest = aprs_skip(rest, TIMESTAMP_SIZE);
	bool wind = rest.size >= 8 && rest.at[0] == 'c' && rest.at[4] == 's' &&
		    set_wind(aprs_skip(rest, 1), aprs_skip(rest, 5), &packet->weather);
	if (wind)
		rest = aprs_skip(rest, 8);
	if (take_fields(&rest, &packet->weather) == 0 && !wind)
		return "invalid weather";
	packet->weather.present = true;
	take_rest(rest, packet);
	return NULL;
}
