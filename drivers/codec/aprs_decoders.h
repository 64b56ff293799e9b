/* The decoders that aprs_parse chooses from, one for each message type, and the few helpers they share. */
#pragma once

#include "drivers/codec/aprs.h"

#define APRS_KMH_PER_KNOT 1.852
#define APRS_KM_PER_MILE  1.609344
#define APRS_M_PER_FOOT   0.3048

/* A run of bytes inside an information field. */
struct aprs_span {
	const uint8_t *at;
	size_t size;
};

/* The span from offset on; empty when it is shorter. */
static inline struct aprs_span aprs_skip(struct aprs_span span, size_t offset)
{
	if (offset > span.size)
		offset = span.size;
	return (struct aprs_span){span.at + offset, span.size - offset};
}

static inline bool aprs_is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static inline bool aprs_is_alphanumeric(uint8_t c)
{
	return aprs_is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* True for the 91 characters '!' to '{' that carry a base 91 digit. */
static inline bool aprs_is_base91(uint8_t c)
{
	return c >= '!' && c <= '{';
}

/* Value of count (at most 4) base 91 digits, most significant first; -1 if one of them is none. */
int32_t aprs_base91(const uint8_t *digits, size_t count);

/* Value of count (at most 9) decimal digits; -1 if one of them is none. */
int32_t aprs_digits(const uint8_t *digits, size_t count);

/* Reads a whole span as "-12", "0.5", ".12" or "50."; decimals gets the digits after the point. False if it is
 * anything else or has more than 15 digits. */
bool aprs_decimal(struct aprs_span span, double *value, uint8_t *decimals);

/* Where needle stands in span, or -1. */
ptrdiff_t aprs_find(struct aprs_span span, const char *needle);

/* Copies into packet->text without the spaces and control characters at both ends. */
void aprs_set_text(struct aprs_packet *packet, struct aprs_span text);

/* Copies at most size - 1 bytes and the final zero, without trailing spaces. */
void aprs_copy(char *out, size_t size, struct aprs_span span);

/* Hundredths of a minute with the last digits withheld by the sender (0-4): the middle of what remains, so that the
 * position is the centre of the box. */
int32_t aprs_middle_of_box(int32_t hundredths, unsigned ambiguity);

/* Takes the symbol: the table or overlay (`/`, `\`, 0-9, A-Z) and the code. Returns NULL or what is wrong. */
const char *aprs_take_symbol(struct aprs_packet *packet, uint8_t table, uint8_t code);

/* Takes a seven-character time ("092345z", "092345/", "092345h") if there is a valid one; it is kept as written. */
void aprs_take_timestamp(struct aprs_packet *packet, struct aprs_span span);

/* The decoders. information is the whole field, data type character included. Each returns NULL and has filled the
 * packet, or returns the constant text of what is wrong. Those with a comment leave in *comment what the emergency
 * word is looked for in. */
const char *aprs_decode_position(struct aprs_span information, struct aprs_packet *packet, struct aprs_span *comment);
const char *aprs_decode_last_resort(struct aprs_span information, struct aprs_packet *packet,
				    struct aprs_span *comment);
const char *aprs_decode_mice(const char *destination, struct aprs_span information, struct aprs_packet *packet,
			     struct aprs_span *comment);
const char *aprs_decode_object(struct aprs_span information, struct aprs_packet *packet);
const char *aprs_decode_item(struct aprs_span information, struct aprs_packet *packet);
const char *aprs_decode_message(struct aprs_span information, struct aprs_packet *packet);
const char *aprs_decode_status(struct aprs_span information, struct aprs_packet *packet, struct aprs_span *comment);
const char *aprs_decode_telemetry(struct aprs_span information, struct aprs_packet *packet);
const char *aprs_decode_weather(struct aprs_span information, struct aprs_packet *packet);

/* A position, compressed or not, that begins at span, with all that follows it; rest gets what stands after the
 * position itself. */
const char *aprs_decode_located(struct aprs_span span, struct aprs_packet *packet, struct aprs_span *rest);

/* The 13 bytes of a compressed position. */
const char *aprs_decode_compressed(struct aprs_span span, struct aprs_packet *packet);

/* What may stand behind a position. Data extension, altitude, telemetry and DAO are taken out, what remains becomes
 * the text. */
void aprs_decode_comment(struct aprs_span comment, struct aprs_packet *packet);

/* A comment from which fields are taken out one after the other. */
struct aprs_buffer {
	size_t size;
	uint8_t bytes[APRS_TEXT_MAX];
};

/* Copies what fits, which is every comment there can be. */
void aprs_buffer_fill(struct aprs_buffer *buffer, struct aprs_span span);
/* Takes bytes out of the middle; from + size must lie inside. */
void aprs_buffer_remove(struct aprs_buffer *buffer, size_t from, size_t size);

/* Takes altitude, telemetry and DAO out, wherever they stand; what remains becomes the text of the packet. */
void aprs_decode_comment_fields(struct aprs_buffer *comment, struct aprs_packet *packet);

/* Takes |ssaabbcc..| out of a comment and fills packet->telemetry. */
void aprs_take_comment_telemetry(struct aprs_buffer *comment, struct aprs_packet *packet);

/* The weather report behind a position with the symbol `_`. False: there is none, the comment is an ordinary one. */
bool aprs_decode_weather_fields(struct aprs_span comment, struct aprs_packet *packet);
