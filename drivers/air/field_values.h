/* Numbers of the field frame as the data model has them, and the two halves of the bodies. */
#pragma once

#include <math.h>

#include "drivers/codec/field_bodies.h"
#include "drivers/codec/utf8.h"
#include "drivers/message.h"

enum { QUARTER_MS = 15 * 60 * 1000 };

/* sitrep, request, activity, telemetry, movement; false as field_fill_body. */
bool field_fill_report(uint8_t kind, const uint8_t *body, size_t size, struct message *message);

/* An unknown number of an enumeration is 0. */
static inline uint8_t known(uint8_t value, uint8_t last)
{
	return value <= last ? value : 0;
}

static inline int given_u8(uint8_t value)
{
	return value == FIELD_NONE_U8 ? -1 : value;
}

static inline int given_u16(uint16_t value)
{
	return value == FIELD_NONE_U16 ? -1 : value;
}

static inline int64_t given_u32(uint32_t value)
{
	return value == FIELD_NONE_U32 ? -1 : (int64_t)value;
}

static inline int given_pct(uint8_t value)
{
	return value <= 100 ? value : -1;
}

static inline double given_steps(uint8_t value, double step)
{
	return value == FIELD_NONE_U8 ? (double)NAN : value * step;
}

/* A position that is not given, or not on this earth, is none. */
static inline void fill_place(int32_t lat_e7, int32_t lon_e7, struct message_position *position)
{
	if (lat_e7 < -900000000 || lat_e7 > 900000000 || lon_e7 < -1800000000 || lon_e7 > 1800000000)
		return;
	position->valid = true;
	position->lat_deg = lat_e7 / 1e7;
	position->lon_deg = lon_e7 / 1e7;
}

static inline void fill_text(const struct field_text_span *text, struct message *message)
{
	utf8_mend(text->bytes, text->size, message->text, sizeof(message->text));
}
