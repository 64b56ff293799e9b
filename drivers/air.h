/* What is spoken on the air: datagrams to messages and back. One file and one line in airs.def each. */
#pragma once

#include "drivers/keys.h"
#include "drivers/message.h"
#include "drivers/modem.h"
#include "drivers/services.h"

enum { AIR_PARTS_MAX = 8 };

/* How a message goes out, and what can be known of its arrival. */
struct air_plan {
	unsigned parts;              /* datagrams that it takes, 1 to AIR_PARTS_MAX */
	size_t sizes[AIR_PARTS_MAX]; /* of each */
	bool confirmable; /* the addressee acknowledges it by a message that names it (struct air_utterance) */
	bool sealed;      /* such an acknowledgement is worth something only if it is VERIFIED */
	size_t
	    text_max; /* bytes of text that such a message may have, also where plan gives -EMSGSIZE; 0 = not known */
};

/* A message on its way out, datagram by datagram. */
struct air_utterance {
	unsigned part; /* which of the plan's parts, from 0 */
	uint16_t id;   /* the same for all parts of a message, another for the next one */
	/* Out: what message.ack.ref of an acknowledgement of this datagram will be ("f-17-4001", "27"); "" = there is none. An
	 * acknowledgement of level 0 has the parts that have come in message.ack.bitmap, bit 0 = the first; its ref is that of the first of
	 * those that have come, which is part 0 unless that was lost. */
	char ref[MESSAGE_ID_MAX];
	/* Out: whom such an acknowledgement is addressed to (message.to), "" = that does not matter. */
	char from[MESSAGE_STATION_MAX];
};

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
	/* How this message would go out; nothing is used up by asking. 0, or what output would give. NULL: in one datagram, output uses up
	 * nothing either, and no message acknowledges it (the modem may confirm it by itself). */
	int (*plan)(const void *state, const struct message *message, struct air_plan *plan);
	/* Writes one datagram of what says this message. utterance NULL: the message takes one part, and nobody waits for an
	 * acknowledgement. Returns its size, or -EMSGSIZE, -EOPNOTSUPP (kind has no form here), -EINVAL, -EACCES (configured to receive
	 * only), -ENOKEY (no key for the addressee), -EAGAIN (no counter yet: later). */
	ssize_t (*output)(void *state, const struct message *message, struct air_utterance *utterance, uint8_t *bytes,
			  size_t size);
	void (*alarm)(void *state); /* may be NULL */
};

const struct air_ops *air_find(const char *name);
const struct air_ops *const *air_all(void);
