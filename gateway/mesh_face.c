/* Packets between the radios of a mesh and Meshtastic's topics at the broker, once in each direction and never in a circle. */
#include "gateway/mesh_face.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/codec/meshtastic.h"
#include "drivers/codec/meshtastic_envelope.h"
#include "gateway/dedupe.h"

enum {
	SEEN_MAX = 4096,
	ID_MAX = 32,
	STATION_MAX = 12,
	ADMIN_PORT = 6,
	BACKGROUND =
	    10, /* priority of what a node repeats to its host out of its memory; what is heard on the air has none */
	BURST = 200, /* packets of other gateways at once, and a second */
	PER_SECOND = 20,
	NO_CHANNEL = MESHTASTIC_CHANNELS, /* number of a channel that the node does not have */
};

#define SEEN_MS (INT64_C(3600) * 1000)

/* What a node said of itself. */
struct mesh_node {
	uint32_t number; /* 0 = not known */
	bool known[MESHTASTIC_CHANNELS];
	char channels[MESHTASTIC_CHANNELS][MESH_CHANNEL_NAME_MAX + 1]; /* "" = named after the preset */
	bool use_preset;
	unsigned preset;
};

struct mesh_face {
	const struct mesh_face_settings *settings;
	struct mesh_face_callbacks callbacks;
	struct counters *counters;
	struct counter *published, *received;
	struct dedupe *seen;
	struct mesh_node *nodes;
	size_t node_count;
	double allowance;
	int64_t allowed_ms; /* when the allowance was last raised */
};

static void drop(struct mesh_face *face, const char *direction, const char *reason)
{
	char name[48];
	snprintf(name, sizeof(name), "drop.%s.%s", direction, reason);
	counters_get(face->counters, "mesh_face", name)->value++;
}

/* ---- what both directions ask ---- */

static bool is_own(const struct mesh_face *face, uint32_t number)
{
	for (size_t i = 0; i < face->node_count; i++)
		if (face->nodes[i].number != 0 && face->nodes[i].number == number)
			return true;
	return false;
}

static void id_of(const me_Packet *packet, char text[static ID_MAX])
{
	snprintf(text, ID_MAX, "mt-%08" PRIx32 "-%08" PRIx32, packet->from, packet->id);
}

/* Also remembers it, whichever way it came. */
static bool is_double(struct mesh_face *face, const me_Packet *packet, int64_t now_ms)
{
	char id[ID_MAX];
	id_of(packet, id);
	return dedupe_seen(face->seen, id, "", now_ms);
}

static const struct mesh_channel *channel_named(const struct mesh_face *face, const char *name)
{
	for (size_t i = 0; i < face->settings->channel_count; i++)
		if (strcmp(face->settings->channels[i].name, name) == 0)
			return &face->settings->channels[i];
	return NULL;
}

/* NULL, or why this is no packet that anybody may have sent. */
static const char *fault_of(const me_Packet *packet)
{
	if (packet->from == 0 || packet->from == MESHTASTIC_BROADCAST || packet->id == 0 || packet->which_content == 0)
		return "bad_packet";
	if (packet->hop_limit > MESHTASTIC_HOPS_MAX || packet->hop_start > MESHTASTIC_HOPS_MAX)
		return "bad_hops";
	return packet->pki_encrypted ? "private" : NULL;
}

/* ---- the node ---- */

static void note_channel(struct mesh_node *node, const mt_Channel *channel)
{
	if (channel->index >= MESHTASTIC_CHANNELS)
		return;
	char *name = node->channels[channel->index];
	size_t size = channel->settings.name.size;
	node->known[channel->index] = channel->role != MESHTASTIC_ROLE_OFF && size <= MESH_CHANNEL_NAME_MAX;
	memset(name, 0, MESH_CHANNEL_NAME_MAX + 1);
	if (node->known[channel->index])
		memcpy(name, channel->settings.name.bytes, size);
}

static void note_radio(struct mesh_node *node, const mt_Config *config)
{
	if (config->which_content != mt_Config_lora_tag)
		return;
	node->use_preset = config->content.lora.use_preset;
	node->preset = config->content.lora.preset;
}

static void note(struct mesh_node *node, const mt_FromRadio *from)
{
	switch (from->which_content) {
	case mt_FromRadio_my_info_tag:
		node->number = from->content.my_info.node;
		break;
	case mt_FromRadio_channel_tag:
		note_channel(node, &from->content.channel);
		break;
	case mt_FromRadio_config_tag:
		note_radio(node, &from->content.config);
		break;
	default:
		break;
	}
}

/* "" = the node has no such channel. */
static const char *channel_name(const struct mesh_node *node, uint32_t index)
{
	if (index >= MESHTASTIC_CHANNELS || !node->known[index])
		return "";
	const char *name = node->channels[index];
	return name[0] ? name : meshtastic_preset_name(node->use_preset, node->preset);
}

static uint32_t channel_index(const struct mesh_node *node, const char *name)
{
	uint32_t index = 0;
	while (index < NO_CHANNEL && strcmp(channel_name(node, index), name) != 0)
		index++;
	return index;
}

/* ---- out: from the air to the broker ---- */

/* NULL, or why a packet stays here. */
static const char *refusal_of(const struct mesh_node *node, const me_Packet *packet)
{
	me_DataHead head;
	const char *fault = fault_of(packet);
	if (fault)
		return fault;
	if (packet->via_mqtt || packet->transport == MESHTASTIC_TRANSPORT_MQTT)
		return "via_mqtt";
	if (node->number == 0)
		return "node_unknown";
	if (packet->from == node->number)
		return "own";
	if (packet->which_content != me_Packet_decoded_tag)
		return "encrypted";
	if (packet->to != MESHTASTIC_BROADCAST)
		return "private";
	if (packet->priority == BACKGROUND)
		return "replayed";
	if (!meshtastic_data_head(packet->content.decoded.bytes, packet->content.decoded.size, &head))
		return "bad_packet";
	if (head.port == ADMIN_PORT)
		return "admin";
	return head.bitfield & MESHTASTIC_OK_TO_MQTT ? NULL : "not_allowed";
}

/* The packet as its sender had sent it, but for the hops. */
static bool seal(const struct mesh_channel *channel, me_Packet *packet)
{
	/* Both are bytes of one size and type, and lie in one place. */
	packet->which_content = me_Packet_encrypted_tag;
	packet->channel = mesh_channel_hash(channel->name, &channel->key);
	return mesh_crypt(&channel->key, packet->from, packet->id, packet->content.encrypted.bytes,
			  packet->content.encrypted.size);
}

static size_t wrap(const char *channel, const char *gateway, const me_Packet *packet,
		   uint8_t bytes[static MESHTASTIC_ENVELOPE_MAX])
{
	me_Envelope envelope = {.has_packet = true, .packet = *packet};
	envelope.packet.priority = 0;
	envelope.channel.size = (pb_size_t)strlen(channel);
	memcpy(envelope.channel.bytes, channel, envelope.channel.size);
	envelope.gateway.size = (pb_size_t)strlen(gateway);
	memcpy(envelope.gateway.bytes, gateway, envelope.gateway.size);
	return meshtastic_envelope_write(&envelope, bytes, MESHTASTIC_ENVELOPE_MAX);
}

static bool publish(struct mesh_face *face, const struct mesh_node *node, const struct mesh_channel *channel,
		    const me_Packet *packet)
{
	uint8_t bytes[MESHTASTIC_ENVELOPE_MAX];
	char gateway[MESHTASTIC_GATEWAY_NAME_SIZE + 1], topic[MESH_TOPIC_MAX], id[ID_MAX], station[STATION_MAX];
	meshtastic_gateway_name(node->number, gateway);
	snprintf(topic, sizeof(topic), "%s/2/e/%s/%s", face->settings->root, channel->name, gateway);
	id_of(packet, id);
	snprintf(station, sizeof(station), "mt-%08" PRIx32, packet->from);
	size_t size = wrap(channel->name, gateway, packet, bytes);
	struct mesh_envelope envelope = {.topic = topic, .id = id, .station = station, .bytes = bytes, .size = size};
	return size && face->callbacks.publish(face->callbacks.context, &envelope);
}

static void hear_packet(struct mesh_face *face, const struct mesh_node *node, me_Packet *packet, int64_t now_ms)
{
	const struct mesh_channel *channel = NULL;
	const char *reason = refusal_of(node, packet);
	if (!reason) {
		channel = channel_named(face, channel_name(node, packet->channel));
		reason = !channel ? "other_channel" : is_double(face, packet, now_ms) ? "double" : NULL;
	}
	if (!reason && !face->settings->clear && !seal(channel, packet))
		reason = "cipher";
	if (!reason && !publish(face, node, channel, packet))
		reason = "no_room";
	if (reason)
		drop(face, "out", reason);
	else
		face->published->value++;
}

void mesh_face_heard(struct mesh_face *face, size_t radio, const struct datagram *datagram, int64_t now_ms)
{
	mt_FromRadio from;
	me_Packet packet;
	if (radio >= face->node_count || !meshtastic_read(datagram->bytes, datagram->size, &from))
		return; /* the air protocol counts what is damaged */
	if (from.which_content != mt_FromRadio_packet_tag)
		note(&face->nodes[radio], &from);
	else if (!meshtastic_heard_read(datagram->bytes, datagram->size, &packet))
		drop(face, "out", "bad_packet");
	else
		hear_packet(face, &face->nodes[radio], &packet, now_ms);
}

/* ---- in: from the broker to the route ---- */

void mesh_face_filter(const struct mesh_face *face, size_t index, char text[static MESH_TOPIC_MAX])
{
	text[0] = '\0';
	if (face->settings->receive && index < face->settings->channel_count)
		snprintf(text, MESH_TOPIC_MAX, "%s/2/e/%s/+", face->settings->root,
			 face->settings->channels[index].name);
}

/* The channel and the gateway of a topic. NULL: it is none of ours. */
static const struct mesh_channel *parse_topic(const struct mesh_face *face, const char *topic, const char **gateway)
{
	char name[MESH_CHANNEL_NAME_MAX + 1];
	size_t root = strlen(face->settings->root);
	if (strncmp(topic, face->settings->root, root) != 0 || strncmp(topic + root, "/2/e/", 5) != 0)
		return NULL;
	const char *start = topic + root + 5, *end = strchr(start, '/');
	if (!end || (size_t)(end - start) > MESH_CHANNEL_NAME_MAX || strlen(end + 1) != MESHTASTIC_GATEWAY_NAME_SIZE)
		return NULL;
	memcpy(name, start, (size_t)(end - start));
	name[end - start] = '\0';
	*gateway = end + 1;
	return channel_named(face, name);
}

static bool is_text(const uint8_t *bytes, size_t size, const char *text)
{
	return strlen(text) == size && memcmp(bytes, text, size) == 0;
}

static bool is_own_gateway(const struct mesh_face *face, const char *gateway)
{
	char own[MESHTASTIC_GATEWAY_NAME_SIZE + 1];
	for (size_t i = 0; i < face->node_count; i++) {
		meshtastic_gateway_name(face->nodes[i].number, own);
		if (face->nodes[i].number && strcmp(own, gateway) == 0)
			return true;
	}
	return false;
}

/* The first radio whose node is known, or node_count. */
static size_t listening_radio(const struct mesh_face *face)
{
	size_t radio = 0;
	while (radio < face->node_count && face->nodes[radio].number == 0)
		radio++;
	return radio;
}

/* NULL, or why the envelope is not opened. */
static const char *judge(const struct mesh_face *face, const struct mesh_channel *channel, const char *gateway,
			 const me_Envelope *envelope)
{
	const me_Packet *packet = &envelope->packet;
	const char *fault = fault_of(packet);
	if (!is_text(envelope->channel.bytes, envelope->channel.size, channel->name) ||
	    !is_text(envelope->gateway.bytes, envelope->gateway.size, gateway))
		return "bad_envelope";
	if (listening_radio(face) == face->node_count)
		return "node_unknown";
	if (is_own_gateway(face, gateway))
		return "own";
	if (fault)
		return fault;
	if (is_own(face, packet->from))
		return "own";
	if (packet->to != MESHTASTIC_BROADCAST && !is_own(face, packet->to))
		return "private";
	return packet->which_content == me_Packet_decoded_tag && !face->settings->clear ? "clear" : NULL;
}

/* NULL, or why what is inside is of no use. */
static const char *unseal(const struct mesh_channel *channel, me_Packet *packet)
{
	me_DataHead head;
	if (packet->which_content == me_Packet_encrypted_tag) {
		if (packet->channel != mesh_channel_hash(channel->name, &channel->key))
			return "other_key";
		packet->which_content = me_Packet_decoded_tag;
		if (!mesh_crypt(&channel->key, packet->from, packet->id, packet->content.decoded.bytes,
				packet->content.decoded.size))
			return "cipher";
	}
	if (!meshtastic_data_head(packet->content.decoded.bytes, packet->content.decoded.size, &head))
		return "other_key";
	/* An acknowledgement by way of a broker proves nothing. */
	if (head.port == MESHTASTIC_ROUTING_PORT)
		return "routing";
	return head.port == ADMIN_PORT ? "admin" : NULL;
}

static bool is_spoken(const me_Packet *packet)
{
	me_DataHead head;
	return meshtastic_data_head(packet->content.decoded.bytes, packet->content.decoded.size, &head) &&
	       (head.port == MESHTASTIC_ALERT_PORT || head.port == MESHTASTIC_TEXT_PORT);
}

/* Texts and alerts are never held back here: the route knows what to do with many of them. */
static bool is_allowed(struct mesh_face *face, const me_Packet *packet, int64_t now_ms)
{
	int64_t since_ms = now_ms - face->allowed_ms;
	face->allowed_ms = now_ms;
	if (since_ms > 0)
		face->allowance = fmin(BURST, face->allowance + (double)since_ms / 1000 * PER_SECOND);
	if (is_spoken(packet))
		return true;
	if (face->allowance < 1)
		return false;
	face->allowance--;
	return true;
}

/* The levels are another gateway's, and whether a packet is authentic only the node that opened it can tell. */
static void hand_in(struct mesh_face *face, const struct mesh_channel *channel, me_Packet *packet)
{
	uint8_t bytes[MESHTASTIC_ENVELOPE_MAX];
	size_t radio = listening_radio(face);
	packet->channel = channel_index(&face->nodes[radio], channel->name);
	packet->via_mqtt = true;
	packet->rx_rssi = 0;
	packet->rx_snr = 0;
	packet->priority = 0;
	struct datagram datagram = {.bytes = bytes,
				    .size = meshtastic_heard_write(packet, bytes, sizeof(bytes)),
				    .rssi_dbm = (double)NAN,
				    .snr_db = (double)NAN};
	face->received->value++;
	face->callbacks.hear(face->callbacks.context, radio, &datagram);
}

void mesh_face_received(struct mesh_face *face, const char *topic, const void *payload, size_t size, int64_t now_ms)
{
	me_Envelope envelope;
	const char *gateway, *reason;
	const struct mesh_channel *channel = parse_topic(face, topic, &gateway);
	if (!channel)
		reason = "other_channel";
	else if (!meshtastic_envelope_read(payload, size, &envelope))
		reason = "bad_envelope";
	else
		reason = judge(face, channel, gateway, &envelope);
	if (!reason)
		reason = unseal(channel, &envelope.packet);
	if (!reason && !is_allowed(face, &envelope.packet, now_ms))
		reason = "flood";
	if (!reason && is_double(face, &envelope.packet, now_ms))
		reason = "double";
	if (reason)
		drop(face, "in", reason);
	else
		hand_in(face, channel, &envelope.packet);
}

/* ---- life ---- */

struct mesh_face *mesh_face_new(const struct mesh_face_settings *settings, size_t radio_count,
				const struct mesh_face_callbacks *callbacks, struct counters *counters)
{
	struct mesh_face *face = calloc(1, sizeof(*face));
	if (!face)
		return NULL;
	*face = (struct mesh_face){.settings = settings,
				   .callbacks = *callbacks,
				   .counters = counters,
				   .seen = dedupe_new(SEEN_MAX, SEEN_MS),
				   .nodes = calloc(radio_count + 1, sizeof(*face->nodes)),
				   .node_count = radio_count,
				   .allowance = BURST};
	face->published = counters_get(counters, "mesh_face", "published");
	face->received = counters_get(counters, "mesh_face", "received");
	if (face->seen && face->nodes)
		return face;
	mesh_face_free(face);
	return NULL;
}

void mesh_face_free(struct mesh_face *face)
{
	if (!face)
		return;
	dedupe_free(face->seen);
	free(face->nodes);
	free(face);
}
