/* Writing APRS information fields: the few forms in which the base speaks to a station. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	APRS_MESSAGE_TEXT_MAX = 67, /* bytes */
	APRS_STATUS_TEXT_MAX = 62,
	APRS_COMPOSED_MAX = 1 + 9 + 1 + APRS_MESSAGE_TEXT_MAX + 1 + 5,
};

/* What the functions below return instead of a size. */
enum { APRS_COMPOSE_INVALID = -1, APRS_COMPOSE_TOO_LONG = -2 };

/* Each writes an information field into out, which holds APRS_COMPOSED_MAX bytes, and returns its size. A text is
 * never cut: empty, too long, or with a character that means something else there (`|`, `~`, control characters, in
 * messages also `{`), it is refused, as is one that would be read as something else ("ack12" without a number, a
 * status that begins like a time). */
int aprs_compose_message(const char *addressee, const char *text, const char *number, uint8_t *out);
int aprs_compose_ack(const char *addressee, const char *number, int rejected, uint8_t *out);
int aprs_compose_status(const char *text, uint8_t *out);
