/* Any bytes as envelopes on Meshtastic's topics and as frames of a node: nothing is handed on that cannot be read there, and what is
 * written is read again as it was. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/codec/meshtastic.h"
#include "drivers/codec/meshtastic_envelope.h"
#include "gateway/mesh_face.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const uint8_t own_node[] = {0x08, 0x01, 0x1a, 0x05, 0x08, 0x8d, 0x98, 0xac, 0x50};
static const uint8_t ops_channel[] = {0x52, 0x0b, 0x08, 0x01, 0x12, 0x05, 0x1a, 0x03, 'o', 'p', 's', 0x18, 0x02};

static void check_packet(const me_Packet *packet)
{
	if (packet->from == 0 || packet->id == 0 || packet->pki_encrypted || packet->hop_limit > MESHTASTIC_HOPS_MAX)
		abort();
}

static bool on_publish(void *context, const struct mesh_envelope *envelope)
{
	me_Envelope read;
	(void)context;
	if (!meshtastic_envelope_read(envelope->bytes, envelope->size, &read))
		abort();
	check_packet(&read.packet);
	if (read.packet.via_mqtt || read.packet.which_content != me_Packet_encrypted_tag)
		abort();
	return true;
}

static void on_hear(void *context, size_t radio, const struct datagram *datagram)
{
	me_Packet packet;
	(void)context, (void)radio;
	if (!meshtastic_heard_read(datagram->bytes, datagram->size, &packet))
		abort();
	check_packet(&packet);
	if (!packet.via_mqtt || packet.which_content != me_Packet_decoded_tag)
		abort();
}

static void hear(struct mesh_face *face, const uint8_t *bytes, size_t size)
{
	mesh_face_heard(face, 0, &(struct datagram){.bytes = bytes, .size = size}, 1);
}

/* The same packet with its content encrypted, so that what comes behind the cipher is reached too. */
static void receive_sealed(struct mesh_face *face, const struct mesh_channel *channel, const uint8_t *bytes,
			   size_t size)
{
	uint8_t out[MESHTASTIC_ENVELOPE_MAX];
	me_Envelope envelope = {.has_packet = true, .channel = {3, "ops"}, .gateway = {9, "!0badcafe"}};
	me_Packet *packet = &envelope.packet;
	if (size > sizeof(packet->content.encrypted.bytes))
		return;
	*packet = (me_Packet){.from = 1, .to = MESHTASTIC_BROADCAST, .id = 1};
	packet->which_content = me_Packet_encrypted_tag;
	packet->channel = mesh_channel_hash(channel->name, &channel->key);
	packet->content.encrypted.size = (pb_size_t)size;
	memcpy(packet->content.encrypted.bytes, bytes, size);
	if (!mesh_crypt(&channel->key, 1, 1, packet->content.encrypted.bytes, size))
		abort();
	size_t written = meshtastic_envelope_write(&envelope, out, sizeof(out));
	mesh_face_received(face, "msh/2/e/ops/!0badcafe", out, written, 1);
}

static void try_encoding(const uint8_t *bytes, size_t size)
{
	static me_Envelope first, second;
	uint8_t out[MESHTASTIC_ENVELOPE_MAX], again[MESHTASTIC_ENVELOPE_MAX];
	if (!meshtastic_envelope_read(bytes, size, &first))
		return;
	size_t written = meshtastic_envelope_write(&first, out, sizeof(out));
	if (written == 0)
		return; /* numbers may be written longer than they came */
	if (!meshtastic_envelope_read(out, written, &second) ||
	    meshtastic_envelope_write(&second, again, sizeof(again)) != written || memcmp(out, again, written) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct mesh_channel channel = {.name = "ops"};
	struct mesh_face_settings settings = {.enabled = true, .root = "msh", .channels = &channel, .channel_count = 1};
	struct mesh_face_callbacks callbacks = {NULL, on_publish, on_hear};
	struct counters *counters = counters_new();
	if (mesh_key_parse("EBESExQVFhcYGRobHB0eHw==", &channel.key) != MESH_KEY_FINE)
		abort();
	struct mesh_face *face = mesh_face_new(&settings, 1, &callbacks, counters);
	if (!face)
		abort();
	hear(face, bytes, size);
	hear(face, own_node, sizeof(own_node));
	hear(face, ops_channel, sizeof(ops_channel));
	mesh_face_received(face, "msh/2/e/ops/!0badcafe", bytes, size, 1);
	receive_sealed(face, &channel, bytes, size);
	hear(face, bytes, size);
	try_encoding(bytes, size);
	mesh_face_free(face);
	counters_free(counters);
	return 0;
}
