/* What is spoken on the air: datagrams to messages and back. One file and one line in airs.def each. */
#pragma once

#include "drivers/keys.h"
#include "drivers/message.h"
#include "drivers/modem.h"
#include "drivers/services.h"

struct air_ops {
	const char *name; /* "aprs" */
	const char *help;
	const struct driver_key *keys;
	size_t key_count;
	size_t state_size;
	size_t mtu; /* largest datagram this protocol makes */

	int (*init)(void *state, const struct services *services, const union driver_value *values);
	/* One datagram as heard. Calls services->heard_message for each message in it, or services->drop with the reason. */
	void (*input)(void *state, const struct datagram *datagram);
	/* The same for one line of text in the protocol's usual written form (APRS: TNC2). NULL where there is none. */
	void (*input_text)(void *state, const char *line, size_t size);
	/* Writes the datagram that says this message. Returns its size, or -EMSGSIZE, -EOPNOTSUPP (kind has no form
	 * here), -EINVAL, -EACCES (configured to receive only), -ENOKEY (no key for the addressee), -EAGAIN (no counter yet: later). */
	ssize_t (*output)(void *state, const struct message *message, uint8_t *bytes, size_t size);
	void (*alarm)(void *state); /* may be NULL */
};

const struct air_ops *air_find(const char *name);
const struct air_ops *const *air_all(void);
