/* APRS information fields: choosing the decoder, and what all decoders share. */
#include "drivers/codec/aprs.h"

#include <math.h>
#include <string.h>

#include "drivers/codec/aprs_decoders.h"

int32_t aprs_base91(const uint8_t *digits, size_t count)
{
	int32_t value = 0;
	for (size_t i = 0; i < count; i++) {
		if (!aprs_is_base91(digits[i]))
			return -1;
		value = value * 91 + (digits[i] - '!');
	}
	return value;
}

int32_t aprs_digits(const uint8_t *digits, size_t count)
{
	int32_t value = 0;
	for (size_t i = 0; i < count; i++) {
		if (!aprs_is_digit(digits[i]))
			return -1;
		value = value * 10 + (digits[i] - '0');
	}
	return value;
}

bool aprs_decimal(struct aprs_span span, double *value, uint8_t *decimals)
{
	static const double scales[] = {1,   1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
					1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};
	bool negative = span.size > 0 && span.at[0] == '-';
	bool point = false;
	size_t digits = 0, fraction = 0;
	double sum = 0;
	for (size_t i = negative; i < span.size; i++) {
		if (span.at[i] == '.' && !point) {
			point = true;
			continue;
		}
		if (!aprs_is_digit(span.at[i]) || ++digits > 15)
			return false;
		sum = sum * 10 + (span.at[i] - '0');
		fraction += point;
	}
	*value = (negative ? -sum : sum) / scales[fraction];
	*decimals = (uint8_t)fraction;
	return digits > 0;
}

ptrdiff_t aprs_find(struct aprs_span span, const char *needle)
{
	if (span.size == 0)
		return -1;
	const uint8_t *at = memmem(span.at, span.size, needle, strlen(needle));
	return at ? at - span.at : -1;
}

static bool is_blank(uint8_t c)
{
	return c <= ' ' || c == 0x7f;
}

void aprs_set_text(struct aprs_packet *packet, struct aprs_span text)
{
	while (text.size > 0 && is_blank(text.at[text.size - 1]))
		text.size--;
	while (text.size > 0 && is_blank(text.at[0]))
		text = aprs_skip(text, 1);
	size_t size = text.size < sizeof(packet->text) ? text.size : sizeof(packet->text) - 1;
	for (size_t i = 0; i < size; i++)
		packet->text[i] = text.at[i] ? (char)text.at[i] : ' ';
	packet->text[size] = 0;
}

void aprs_copy(char *out, size_t size, struct aprs_span span)
{
	while (span.size > 0 && span.at[span.size - 1] == ' ')
		span.size--;
	if (span.size >= size)
		span.size = size - 1;
	if (span.size > 0)
		memcpy(out, span.at, span.size);
	out[span.size] = 0;
}

/* Six digits and a letter:
 *
 *   | D D H H M M z |   UTC        | D D H H M M / |   local time of the sender
 *   | H H M M S S h |   UTC
 */
void aprs_take_timestamp(struct aprs_packet *packet, struct aprs_span span)
{
	if (span.size < 7 || aprs_digits(span.at, 6) < 0)
		return;
	int32_t first = aprs_digits(span.at, 2), second = aprs_digits(span.at + 2, 2);
	int32_t third = aprs_digits(span.at + 4, 2);
	bool valid = span.at[6] == 'h'
			 ? first < 24 && second < 60
			 : (span.at[6] == 'z' || span.at[6] == '/') && first >= 1 && first <= 31 && second < 24;
	if (valid && third < 60)
		aprs_copy(packet->timestamp, sizeof(packet->timestamp), (struct aprs_span){span.at, 7});
}

static void clear(struct aprs_packet *packet)
{
	/* Everything but the text, which is long and only needs its end. */
	memset(packet, 0, offsetof(struct aprs_packet, text));
	packet->text[0] = 0;
	packet->lat_deg = packet->lon_deg = NAN;
	packet->altitude_m = packet->speed_kmh = packet->course_deg = packet->range_km = NAN;
	packet->telemetry.sequence = NAN;
	for (size_t i = 0; i < APRS_ANALOG_COUNT; i++)
		packet->telemetry.analog[i] = NAN;
	struct aprs_weather *weather = &packet->weather;
	weather->wind_direction_deg = weather->wind_speed_m_s = weather->wind_gust_m_s = NAN;
	weather->temperature_c = weather->humidity_percent = weather->pressure_hpa = NAN;
	weather->rain_1h_mm = weather->rain_24h_mm = weather->rain_midnight_mm = NAN;
	weather->snow_24h_mm = weather->luminosity_w_m2 = NAN;
}

static const char *set_type(struct aprs_packet *packet, enum aprs_type type)
{
	packet->type = type;
	return NULL;
}

static const char *decode(const char *destination, struct aprs_span information, struct aprs_packet *packet,
			  struct aprs_span *comment)
{
	switch (information.at[0]) {
	case '!':
	case '=':
	case '/':
	case '@':
		return aprs_decode_position(information, packet, comment);
	case '`':
	case '\'':
	case 0x1c:
	case 0x1d:
		return aprs_decode_mice(destination, information, packet, comment);
	case ';':
		return aprs_decode_object(information, packet);
	case ')':
		return aprs_decode_item(information, packet);
	case ':':
		return aprs_decode_message(information, packet);
	case '>':
		return aprs_decode_status(information, packet, comment);
	case 'T':
		if (information.size > 1 && information.at[1] == '#')
			return aprs_decode_telemetry(information, packet);
		return aprs_decode_last_resort(information, packet, comment);
	case '_':
		return aprs_decode_weather(information, packet);
	case '}':
		return set_type(packet, APRS_THIRD_PARTY);
	case '?':
		return set_type(packet, APRS_QUERY);
	case '<':
		return set_type(packet, APRS_CAPABILITIES);
	case '$':
		return set_type(packet, APRS_NMEA);
	case '{':
		return set_type(packet, APRS_USER_DEFINED);
	case ',':
		return set_type(packet, APRS_TEST);
	default:
		return aprs_decode_last_resort(information, packet, comment);
	}
}

void aprs_parse(const char *destination, const uint8_t *information, size_t size, struct aprs_packet *packet)
{
	struct aprs_span comment = {NULL, 0};
	clear(packet);
	if (size == 0 || size >= APRS_TEXT_MAX) {
		packet->error = "invalid size";
		return;
	}
	packet->error = decode(destination, (struct aprs_span){information, size}, packet, &comment);
	if (!packet->error && aprs_find(comment, "!EMERGENCY!") >= 0)
		packet->emergency = true;
	if (packet->error)
		packet->emergency = packet->priority = packet->has_position = false;
}

const char *aprs_type_name(enum aprs_type type)
{
	static const char *const names[APRS_TYPE_COUNT] = {
	    [APRS_UNKNOWN] = "raw",
	    [APRS_POSITION] = "position",
	    [APRS_MICE] = "mic-e",
	    [APRS_OBJECT] = "object",
	    [APRS_ITEM] = "item",
	    [APRS_MESSAGE] = "message",
	    [APRS_MESSAGE_ACK] = "message-ack",
	    [APRS_MESSAGE_REJ] = "message-rej",
	    [APRS_BULLETIN] = "bulletin",
	    [APRS_ANNOUNCEMENT] = "announcement",
	    [APRS_NWS] = "nws",
	    [APRS_STATUS] = "status",
	    [APRS_TELEMETRY] = "telemetry",
	    [APRS_WEATHER] = "weather",
	    [APRS_THIRD_PARTY] = "third-party",
	    [APRS_QUERY] = "query",
	    [APRS_CAPABILITIES] = "capabilities",
	    [APRS_NMEA] = "nmea",
	    [APRS_USER_DEFINED] = "user-defined",
	    [APRS_TEST] = "test",
	};
	return names[type];
}
