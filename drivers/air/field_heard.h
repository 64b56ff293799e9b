/* What the parts that hear field frames share: frames alone (field_hear.c), and pieces of long messages (field_pieces.c). */
#pragma once

#include "drivers/air/field_state.h"
#include "drivers/message.h"

/* One frame as heard. */
struct field_heard {
	const struct datagram *datagram;
	const char *path; /* digipeaters, "" = none */
	uint8_t frame[FIELD_FRAME_MAX];
	size_t size;
	struct field_header header;
	uint64_t hash; /* of the frame but for its hops: the same however often it was relayed */
	unsigned epochs_back;
	enum message_authenticity authenticity;
};

static inline void field_drop(const struct field *field, const char *reason)
{
	field->services->drop(field->services->owner, reason);
}

/* Its body, opened or not. */
const uint8_t *field_body_of(const struct field_heard *heard, size_t *size);

/* Hands a message up, or counts why not. A distress is raised with what its header says, even if nothing else can be read. */
void field_hear_body(const struct field *field, const struct field_heard *heard, const uint8_t *body, size_t size,
		     bool readable);

/* A fragment out of an authentic frame. seen: this frame was heard before, perhaps by another radio of this gateway, which then misses
 * another piece. */
void field_hear_piece(struct field *field, const struct field_heard *heard, bool seen);
