/* The second face: Meshtastic's own topics at the gateway's broker, so that maps and tools made for them go on working. What a Meshtastic
 * radio hears is published there in an envelope, encrypted with the key of its channel; envelopes of other gateways are heard as if a radio
 * had. Pure: who publishes, subscribes and hears is told by callbacks, and the clock is passed in.
 *
 *   <root>/2/e/<channel>/<gateway>     msh/EU_868/2/e/ops/!433c1d20
 *
 * Never transmitted on the air: a node gives what its host sends its own sender and packet id, so that the same words would go round again
 * as new ones. Never published: what came from MQTT, what its sender does not allow (bit 0 of the bit field), what is for one node alone,
 * and what is on no channel of the settings. */
#pragma once

#include "drivers/modem.h"
#include "gateway/counters.h"
#include "gateway/mesh_cipher.h"

struct mesh_face;

enum { MESH_CHANNEL_NAME_MAX = 30, MESH_ROOT_MAX = 64, MESH_CHANNELS_MAX = 8, MESH_TOPIC_MAX = 128 };

struct mesh_channel {
	const char *name;
	struct mesh_key key;
};

struct mesh_face_settings {
	bool enabled;
	bool receive; /* false: what other gateways publish is left alone */
	bool clear;   /* packets go, and are taken, without encryption too */
	const char *root;
	const struct mesh_channel *channels;
	size_t channel_count;
};

struct mesh_envelope {
	const char *topic;
	const char *id, *station; /* "mt-433c1d20-1a2b3c4d", "mt-433c1d20" */
	const uint8_t *bytes;
	size_t size;
};

struct mesh_face_callbacks {
	void *context;
	/* An envelope is to be published. false: the line has no room for it. What is pointed to is valid during the call. */
	bool (*publish)(void *context, const struct mesh_envelope *envelope);
	/* Another gateway's packet, as the modem of that radio would have handed it to its air protocol. */
	void (*hear)(void *context, size_t radio, const struct datagram *datagram);
};

/* For that many radios. settings must outlive it. NULL: out of memory. */
struct mesh_face *mesh_face_new(const struct mesh_face_settings *settings, size_t radio_count,
				const struct mesh_face_callbacks *callbacks, struct counters *counters);
void mesh_face_free(struct mesh_face *face);

/* Something that a Meshtastic radio's modem handed to its air protocol: a packet, or what the node says of itself. radio: below
 * radio_count. now_ms: Unix time. */
void mesh_face_heard(struct mesh_face *face, size_t radio, const struct datagram *datagram, int64_t now_ms);

/* The topic filters to subscribe to, one after the other. text is empty when there are no more. */
void mesh_face_filter(const struct mesh_face *face, size_t index, char text[static MESH_TOPIC_MAX]);
/* A message came on one of these topics. */
void mesh_face_received(struct mesh_face *face, const char *topic, const void *payload, size_t size, int64_t now_ms);
