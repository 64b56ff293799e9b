/* What the two halves of the air protocol `field` share: hearing (field_hear.c) and saying (field_say.c). */
#pragma once

#include <string.h>

#include "drivers/air.h"
#include "drivers/air/field_whole.h"
#include "drivers/codec/ax25.h"
#include "drivers/codec/field.h"

/* "APZ" marks software that is not in the public register of destinations. */
#define FIELD_DESTINATION "APZCRF"

enum {
	FIELD_STALE_MAX = 32,
	FIELD_SAID_MAX = 16,
	FIELD_AX25_OVERHEAD = 2 * AX25_ADDRESS_SIZE + 2, /* addresses, control and protocol identifier */
};

/* A long message that is being said: all its frames bear the time of the first, so that pieces of two messages never mix. */
struct field_said {
	bool used;
	uint16_t id, station;
	uint32_t time_s;
};

struct field {
	const struct services *services;
	bool sends;
	uint16_t station;
	bool ax25, encrypts;
	uint8_t hop_limit;
	int64_t fragment_timeout_us, fragment_ack_us;
	struct ax25_frame carriage; /* addresses of what is sent */
	struct field_wholes wholes;
	uint64_t stale[FIELD_STALE_MAX]; /* hashes of the last distress frames raised although older than the window */
	size_t stale_next;
	struct field_said said[FIELD_SAID_MAX];
	size_t said_next;
};

void field_hear(struct field *field, const struct datagram *datagram);
/* What is waited for has not come. */
void field_hear_alarm(struct field *field);

/* As struct air_ops has them. */
int field_plan(const void *state, const struct message *message, struct air_plan *plan);
ssize_t field_output(void *state, const struct message *message, struct air_utterance *utterance, uint8_t *bytes,
		     size_t size);

/* The codec's cipher is the trunk's, which holds the keys. */
static inline void field_to_sealed(const struct field_crypt *crypt, struct sealed *sealed)
{
	_Static_assert(FIELD_TAG_SIZE == (int)SEALED_TAG_SIZE && FIELD_NONCE_SIZE == (int)SEALED_NONCE_SIZE, "seal");
	*sealed = (struct sealed){.station = crypt->station,
				  .associated = crypt->associated,
				  .associated_size = crypt->associated_size,
				  .text = crypt->text,
				  .text_size = crypt->text_size};
	memcpy(sealed->nonce, crypt->nonce, sizeof(sealed->nonce));
	memcpy(sealed->tag, crypt->tag, sizeof(sealed->tag));
}
