/* What an APRS packet says, in the words of the data model. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "drivers/codec/aprs.h"
#include "drivers/message.h"

/* Fills everything of an initialised message that the information field tells: kind, data_type, hint, position, text,
 * numbers, the members of aprs, and the time it was sent if wall_ms (Unix, 0 = not known) allows to complete it. A
 * packet that could not be read, or that has no kind of its own, becomes KIND_RAW with the information field in raw
 * and never has a hint. */
void aprs_fill_message(const struct aprs_packet *packet, const uint8_t *information, size_t size, int64_t wall_ms,
		       struct message *message);

/* Gives the message the id that is the same at every gateway which hears this transmission, and as alt_id that of the
 * 30 s before: "a-<FNV-1a 64 of source>destination:information>-<wall_ms / 30 s>". Spaces, CR and LF at the end,
 * which some digipeaters add or take away, do not count. destination is without SSID, because Mic-E stations and
 * digipeaters change it. Does nothing while wall_ms is 0. */
void aprs_fill_id(const char *source, const char *destination, const uint8_t *information, size_t size, int64_t wall_ms,
		  struct message *message);
