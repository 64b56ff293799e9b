/* What the tests of Meshtastic's topics share: frames of a node and envelopes made by @meshtastic/protobufs, and a face that notes what goes
 * out and comes in. Included by one file of a program. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/meshtastic.h"
#include "drivers/codec/meshtastic_envelope.h"
#include "gateway/mesh_face.h"

#define MY_INFO      "08011a05088d98ac50" /* the own node is 0a0b0c0d */
#define CHANNEL_BARE "0803521612121210101112131415161718191a1b1c1d1e1f1801"
#define CHANNEL_OPS  "0803521d080112171210101112131415161718191a1b1c1d1e1f1a036f70731802"
#define CHANNEL_OFF  "0803521b080212171210101112131415161718191a1b1c1d1e1f1a036f6666"
#define PRESET       "08042a0a32080801100438034801" /* medium fast */
#define TEXT                                                                                                           \
	"080712400d201d3c4315ffffffff221608011210436f6e766f79203320617420676174654801354d3c2b1a3db0b2046b450000c84048" \
	"02609fffffffffffffffff017803"
#define TEXT_DATA   "08011210436f6e766f79203320617420676174654801"
#define TEXT_SEALED "e5d475e7746f48e4121d2a7cceec677a3a4948d5f20a" /* by python3-cryptography, key 20 21 ... 3f */
#define ENVELOPE                                                                                                       \
	"0a420d201d3c4315ffffffff186c2a163e66c3ef3a0b6ae05b23326ef60723d9305bd18b1d49354d3c2b1a3db0b2046b450000c84048" \
	"02609fffffffffffffffff01780312036f70731a09213062616463616665"
#define ENVELOPE_CLEAR                                                                                                 \
	"0a320d201d3c4315ffffffff186c2206080112026869354d3c2b1a3db0b2046b450000c8404802609fffffffffffffffff0178031203" \
	"6f70731a09213062616463616665"
#define OPS_TOPIC "msh/EU_868/2/e/ops/!0badcafe"

enum { NOW_MS = 1000000, MESH_RADIO = 1, RADIOS = 2 };

struct bench {
	struct mesh_channel channels[2];
	struct mesh_face_settings settings;
	struct counters *counters;
	struct mesh_face *face;
	bool no_room;
	unsigned published, heard;
	char topic[MESH_TOPIC_MAX], id[32], station[16];
	me_Envelope envelope;
	me_Packet packet;
	size_t radio;
};

static inline size_t bytes_of(const char *hex, uint8_t *bytes)
{
	size_t size = strlen(hex) / 2;
	for (size_t i = 0; i < size; i++)
		assert_int_equal(sscanf(hex + 2 * i, "%2hhx", &bytes[i]), 1);
	return size;
}

static inline bool on_publish(void *context, const struct mesh_envelope *envelope)
{
	struct bench *bench = context;
	if (bench->no_room)
		return false;
	bench->published++;
	snprintf(bench->topic, sizeof(bench->topic), "%s", envelope->topic);
	snprintf(bench->id, sizeof(bench->id), "%s", envelope->id);
	snprintf(bench->station, sizeof(bench->station), "%s", envelope->station);
	assert_true(meshtastic_envelope_read(envelope->bytes, envelope->size, &bench->envelope));
	return true;
}

static inline void on_hear(void *context, size_t radio, const struct datagram *datagram)
{
	struct bench *bench = context;
	mt_FromRadio from;
	bench->heard++;
	bench->radio = radio;
	/* As the air protocol will read it. */
	assert_true(meshtastic_read(datagram->bytes, datagram->size, &from));
	assert_non_null(meshtastic_packet(&from));
	assert_non_null(meshtastic_data(meshtastic_packet(&from)));
	assert_true(meshtastic_heard_read(datagram->bytes, datagram->size, &bench->packet));
}

static inline void hear_hex(struct bench *bench, size_t radio, const char *hex)
{
	uint8_t bytes[512];
	struct datagram datagram = {.bytes = bytes, .size = bytes_of(hex, bytes)};
	mesh_face_heard(bench->face, radio, &datagram, NOW_MS);
}

static inline void configure(struct bench *bench)
{
	static const char *const frames[] = {MY_INFO, CHANNEL_BARE, CHANNEL_OPS, CHANNEL_OFF, PRESET};
	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		hear_hex(bench, MESH_RADIO, frames[i]);
	assert_int_equal(bench->published, 0);
}

static inline void bench_new(struct bench *bench)
{
	memset(bench, 0, sizeof(*bench));
	bench->channels[0].name = "ops";
	bench->channels[1].name = "MediumFast";
	assert_int_equal(mesh_key_parse("EBESExQVFhcYGRobHB0eHw==", &bench->channels[0].key), MESH_KEY_FINE);
	assert_int_equal(mesh_key_parse("ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=", &bench->channels[1].key),
			 MESH_KEY_FINE);
	bench->settings = (struct mesh_face_settings){
	    .enabled = true, .receive = true, .root = "msh/EU_868", .channels = bench->channels, .channel_count = 2};
	bench->counters = counters_new();
	struct mesh_face_callbacks callbacks = {bench, on_publish, on_hear};
	bench->face = mesh_face_new(&bench->settings, RADIOS, &callbacks, bench->counters);
	assert_non_null(bench->face);
}

static inline void bench_free(struct bench *bench)
{
	mesh_face_free(bench->face);
	counters_free(bench->counters);
}

static inline void assert_counted(struct bench *bench, const char *name, unsigned count)
{
	uint64_t value = counters_get(bench->counters, "mesh_face", name)->value;
	if (value != count)
		fail_msg("%s: %u and not %u", name, (unsigned)value, count);
}

/* ---- packets that stay where they are ---- */

struct kept {
	const char *reason;
	void (*change)(me_Packet *packet);
};

static inline void by_own_key(me_Packet *packet)
{
	packet->pki_encrypted = true;
}

static inline void no_sender(me_Packet *packet)
{
	packet->from = 0;
}
static inline void no_id(me_Packet *packet)
{
	packet->id = 0;
}
static inline void far(me_Packet *packet)
{
	packet->hop_limit = 8;
}
