/* What is spoken in a Meshtastic mesh, through a node that is a member of it: its FromRadio messages come in, ToRadio messages go out. */
#include <errno.h>
#include <string.h>

#include "drivers/air.h"
#include "drivers/air/meshtastic_message.h"
#include "drivers/air/meshtastic_nodes.h"
#include "drivers/codec/utf8.h"

enum { KEY_CHANNEL, KEY_HOP_LIMIT, KEY_COUNT };

#define CHANNEL_PREFIX "channel-"

struct meshtastic_air {
	const struct services *services;
	uint32_t channel;
	uint32_t hop_limit;
	uint32_t own; /* number of the own node, 0 = not known */
	struct meshtastic_nodes nodes;
	struct meshtastic_channels channels;
};

static int meshtastic_init(void *state, const struct services *services, const union driver_value *values)
{
	struct meshtastic_air *air = state;
	air->services = services;
	air->channel = (uint32_t)values[KEY_CHANNEL].integer;
	air->hop_limit = (uint32_t)values[KEY_HOP_LIMIT].integer;
	return 0;
}

static void drop(const struct meshtastic_air *air, const char *reason)
{
	air->services->drop(air->services->owner, reason);
}

/* ---- hearing ---- */

/* What the own node says to its host about what the host sent; the modem has taken it. */
static bool is_own_report(const struct meshtastic_air *air, const mt_MeshPacket *packet, const mt_Data *data)
{
	return data && data->port == MESHTASTIC_ROUTING_PORT && air->own && packet->from == air->own;
}

static bool is_own_word(const struct meshtastic_air *air, const mt_MeshPacket *packet, const mt_Data *data)
{
	return data && air->own && packet->from == air->own &&
	       (data->port == MESHTASTIC_TEXT_PORT || data->port == MESHTASTIC_ALERT_PORT);
}

static void learn(struct meshtastic_air *air, const mt_MeshPacket *packet, const mt_Data *data)
{
	mt_User user;
	if (data->port == MESHTASTIC_NODE_INFO_PORT &&
	    meshtastic_read_user(data->payload.bytes, data->payload.size, &user))
		meshtastic_nodes_note(&air->nodes, packet->from, &user);
}

static void hear_packet(struct meshtastic_air *air, const mt_MeshPacket *packet)
{
	const mt_Data *data = meshtastic_data(packet);
	int64_t wall_ms = air->services->wall_ms(air->services->owner);
	const char *reason = NULL;
	struct message message;
	if (is_own_report(air, packet, data))
		return;
	if (packet->from == 0 || packet->from == MESHTASTIC_BROADCAST || packet->which_content == 0)
		reason = "meshtastic_bad_packet";
	else if (is_own_word(air, packet, data))
		reason = "own_frame";
	if (reason) {
		drop(air, reason);
		return;
	}
	message_init(&message);
	meshtastic_fill(packet, wall_ms, &message);
	message.for_us = air->own && packet->to == air->own;
	if (data) {
		learn(air, packet, data);
		reason = meshtastic_fill_data(data, wall_ms, &message);
	} else {
		meshtastic_fill_encrypted(packet, &message);
	}
	if (reason) {
		drop(air, reason);
		return;
	}
	const char *name = meshtastic_nodes_name(&air->nodes, packet->from);
	memcpy(message.callsign, name, strlen(name) + 1);
	air->services->heard_message(air->services->owner, &message);
}

static void meshtastic_input(void *state, const struct datagram *datagram)
{
	struct meshtastic_air *air = state;
	mt_FromRadio from;
	if (!meshtastic_read(datagram->bytes, datagram->size, &from)) {
		drop(air, "meshtastic_damaged");
		return;
	}
	switch (from.which_content) {
	case mt_FromRadio_packet_tag:
		hear_packet(air, &from.content.packet);
		break;
	case mt_FromRadio_my_info_tag:
		air->own = from.content.my_info.node;
		break;
	case mt_FromRadio_node_info_tag:
		if (from.content.node_info.has_user)
			meshtastic_nodes_note(&air->nodes, from.content.node_info.node, &from.content.node_info.user);
		break;
	case mt_FromRadio_channel_tag:
		meshtastic_channels_note(&air->channels, &from.content.channel);
		break;
	default:
		break;
	}
}

/* ---- saying ---- */

/* To whom: "" = all on the configured channel, "channel-2" or "channel-NAME", a node "mt-433c1d20". */
static int address(const struct meshtastic_air *air, const char *to, mt_MeshPacket *packet)
{
	packet->to = MESHTASTIC_BROADCAST;
	packet->channel = air->channel;
	if (!to[0])
		return 0;
	if (strncmp(to, CHANNEL_PREFIX, strlen(CHANNEL_PREFIX)) == 0) {
		int channel = meshtastic_channels_find(&air->channels, to + strlen(CHANNEL_PREFIX));
		packet->channel = (uint32_t)channel;
		return channel < 0 ? -EINVAL : 0;
	}
	if (!meshtastic_station_parse(to, &packet->to) || packet->to == MESHTASTIC_BROADCAST)
		return -EINVAL;
	return packet->to == air->own ? -EINVAL : 0;
}

/* Nobody may take an exercise for the real thing, so it says what it is, and rings nowhere. */
static int say(const struct message *message, mt_MeshPacket *packet)
{
	const char *mark = message_drill_mark(message);
	mt_Data *data = &packet->content.decoded;
	size_t mark_size = strlen(mark), size = strlen(message->text);
	size_t most = packet->to == MESHTASTIC_BROADCAST ? MESHTASTIC_BROADCAST_MAX : MESHTASTIC_DIRECT_MAX;
	if (size == 0 || !utf8_is_valid(message->text, size))
		return -EINVAL;
	if (mark_size + size > most)
		return -EMSGSIZE;
	data->payload.size = (pb_size_t)(mark_size + size);
	memcpy(data->payload.bytes, mark, mark_size);
	memcpy(data->payload.bytes + mark_size, message->text, size);
	return 0;
}

/* Without a priority of its own an alert would be queued behind every text. */
static int port_for(const struct message *message, mt_MeshPacket *packet)
{
	bool alert = message->kind == KIND_ALERT && message->status == STATUS_ACTUAL;
	if (message->kind != KIND_ALERT && message->kind != KIND_TEXT)
		return -EOPNOTSUPP;
	packet->content.decoded.port = alert ? MESHTASTIC_ALERT_PORT : MESHTASTIC_TEXT_PORT;
	packet->priority = alert ? MESHTASTIC_PRIORITY_ALERT : 0;
	return 0;
}

/* The number of the packet is the modem's: each try needs one of its own. */
static ssize_t meshtastic_output(void *state, const struct message *message, struct air_utterance *utterance,
				 uint8_t *bytes, size_t size)
{
	(void)utterance;
	const struct meshtastic_air *air = state;
	mt_ToRadio to = mt_ToRadio_init_zero;
	mt_MeshPacket *packet = &to.content.packet;
	to.which_content = mt_ToRadio_packet_tag;
	packet->which_content = mt_MeshPacket_decoded_tag;
	packet->want_ack = true;
	packet->hop_limit = air->hop_limit;
	int error = port_for(message, packet);
	if (!error)
		error = address(air, message->to, packet);
	if (!error)
		error = say(message, packet);
	if (error)
		return error;
	size_t written = meshtastic_pack(&to, bytes, size);
	return written ? (ssize_t)written : -EMSGSIZE;
}

static const struct driver_key keys[KEY_COUNT] = {
    [KEY_CHANNEL] = {.name = "channel",
		     .type = KEY_INTEGER,
		     .min = 0,
		     .max = MESHTASTIC_CHANNELS - 1,
		     .fallback = "0",
		     .help = "index of the node's channel on which all are spoken to; 0 is the primary one"},
    [KEY_HOP_LIMIT] = {.name = "hop_limit",
		       .type = KEY_INTEGER,
		       .min = 0,
		       .max = MESHTASTIC_HOPS_MAX,
		       .fallback = "0",
		       .help = "how often nodes may repeat what is sent; 0 = as the node is set"},
};

const struct air_ops air_meshtastic = {
    .name = "meshtastic",
    .help = "Meshtastic: texts, alerts, positions, telemetry, waypoints; only with the modem of that name",
    .keys = keys,
    .key_count = KEY_COUNT,
    .state_size = sizeof(struct meshtastic_air),
    .mtu = 320,
    .init = meshtastic_init,
    .input = meshtastic_input,
    .output = meshtastic_output,
};
