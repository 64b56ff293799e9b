/* Bodies of the field frame in the words of the data model, and back. */
#pragma once

#include "drivers/codec/field.h"
#include "drivers/message.h"

/* Fills kind, body, position, text, urgency, severity and acknowledgement from a plain body. header: of the frame, or of the first
 * fragment. now_ms: Unix, 0 = not known; what counts from the time of a header without one counts from it. False: the body is not
 * as long as its kind is; nothing was filled. A kind that is not known is false, too. */
bool field_fill_body(const struct field_header *header, const uint8_t *body, size_t size, int64_t now_ms,
		     struct message *message);

/* Writes the body that says this message from a gateway to the field. header: as it will be sent. Returns its size, -EOPNOTSUPP (a
 * kind that gateways do not say), -EINVAL (what is to be said is missing or has no form), -EMSGSIZE (longer than room). */
int field_compose_body(const struct message *message, const struct field_header *header, uint8_t *body, size_t room);

/* "f-258" to 258; "" is FIELD_ALL. False: not a station of the field. */
bool field_station_parse(const char *text, uint16_t *station);
/* "f-258-1000", with or without the mark of what was not verified, to station and counter. */
bool field_id_parse(const char *text, uint16_t *station, uint32_t *counter);
