/* APRS telemetry: reports of their own (T#) and base 91 in comments. */
#include <math.h>
#include <string.h>

#include "drivers/codec/aprs_decoders.h"

enum { BITS = 8, PAIRS_MIN = 2, PAIRS_MAX = 2 + APRS_ANALOG_COUNT };

/* Length of the number at the beginning, however malformed. */
static size_t count_number(struct aprs_span span)
{
	size_t count = 0;
	while (count < span.size && (aprs_is_digit(span.at[count]) || span.at[count] == '.' || span.at[count] == '-'))
		count++;
	return count;
}

/* The sequence number up to its comma; some stations send MIC instead, with or without a comma behind it. */
static bool take_sequence(struct aprs_span *span, struct aprs_telemetry *telemetry)
{
	uint8_t decimals;
	if (span->size >= 3 && memcmp(span->at, "MIC", 3) == 0) {
		*span = aprs_skip(*span, span->size > 3 && span->at[3] == ',' ? 4 : 3);
		return span->size > 0;
	}
	struct aprs_span number = {span->at, count_number(*span)};
	if (!aprs_decimal(number, &telemetry->sequence, &decimals))
		return false;
	*span = aprs_skip(*span, number.size);
	bool comma = span->size > 0 && span->at[0] == ',';
	*span = aprs_skip(*span, 1);
	return comma;
}

/* Up to five values between commas; an empty place is a value that is missing. */
static bool take_analog(struct aprs_span *span, struct aprs_telemetry *telemetry)
{
	telemetry->analog_count = APRS_ANALOG_COUNT;
	for (size_t i = 0; i < APRS_ANALOG_COUNT; i++) {
		struct aprs_span number = {span->at, count_number(*span)};
		if (number.size > 0 && !aprs_decimal(number, &telemetry->analog[i], &telemetry->decimals[i]))
			return false;
		*span = aprs_skip(*span, number.size);
		if (span->size == 0 || span->at[0] != ',')
			return true;
		*span = aprs_skip(*span, 1);
	}
	return true;
}

static void take_bits(struct aprs_span *span, struct aprs_telemetry *telemetry)
{
	size_t count = 0;
	while (count < span->size && count < BITS && (span->at[count] == '0' || span->at[count] == '1'))
		count++;
	aprs_copy(telemetry->bits, sizeof(telemetry->bits), (struct aprs_span){span->at, count});
	*span = aprs_skip(*span, count);
}

/* A telemetry report:
 *
 *   | T # | sequence | , | a1 | , | a2 | , | a3 | , | a4 | , | a5 | , | bits | comment |
 *   |  2  |    3     |                     5 times                    |  8   |         |
 *
 * On the air values are missing at the end or in the middle, have fractions and may be negative. */
const char *aprs_decode_telemetry(struct aprs_span information, struct aprs_packet *packet)
{
	struct aprs_telemetry *telemetry = &packet->telemetry;
	struct aprs_span span = aprs_skip(information, 2);
	packet->type = APRS_TELEMETRY;
	if (!take_sequence(&span, telemetry) || !take_analog(&span, telemetry))
		return "invalid telemetry";
	telemetry->present = true;
	take_bits(&span, telemetry);
	aprs_set_text(packet, span);
	return NULL;
}

static void decode_pairs(const uint8_t *pairs, size_t count, struct aprs_telemetry *telemetry)
{
	telemetry->present = true;
	telemetry->sequence = aprs_base91(pairs, 2);
	telemetry->analog_count = count - 1 < APRS_ANALOG_COUNT ? count - 1 : APRS_ANALOG_COUNT;
	for (size_t i = 0; i < telemetry->analog_count; i++)
		telemetry->analog[i] = aprs_base91(pairs + 2 * (i + 1), 2);
	if (count < PAIRS_MAX)
		return;
	int32_t bits = aprs_base91(pairs + 2 * (PAIRS_MAX - 1), 2);
	for (size_t i = 0; i < BITS; i++)
		telemetry->bits[i] = (char)('0' + (bits >> i & 1));
}

static bool is_pairs(const uint8_t *bytes, size_t size)
{
	if (size % 2 != 0 || size < 2 * PAIRS_MIN || size > 2 * PAIRS_MAX)
		return false;
	for (size_t i = 0; i < size; i++)
		if (!aprs_is_base91(bytes[i]))
			return false;
	return true;
}

/* Pairs of base 91 digits between bars, the last such run in the comment:
 *
 *   | `|` | sequence | a1 | a2 | a3 | a4 | a5 | bits, lowest first | `|` |
 *   |  1  |    2     |    2 each, at least one     |         2          |  1  | */
void aprs_take_comment_telemetry(struct aprs_buffer *comment, struct aprs_packet *packet)
{
	const uint8_t *bytes = comment->bytes;
	const uint8_t *end = memrchr(bytes, '|', comment->size);
	while (end) {
		const uint8_t *start = memrchr(bytes, '|', (size_t)(end - bytes));
		if (!start)
			return;
		size_t size = (size_t)(end - start) - 1;
		if (is_pairs(start + 1, size)) {
			decode_pairs(start + 1, size / 2, &packet->telemetry);
			aprs_buffer_remove(comment, (size_t)(start - bytes), size + 2);
			return;
		}
		end = start;
	}
}
