/* The messages inside a Meshtastic node's frames. The schema (meshtastic.proto) holds only what a gateway uses; unknown fields are
 * skipped. Numbers of ports, priorities and errors are the network's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/codec/meshtastic.pb.h"

#define MESHTASTIC_BROADCAST UINT32_C(0xffffffff)

enum meshtastic_port {
	MESHTASTIC_TEXT_PORT = 1,
	MESHTASTIC_POSITION_PORT = 3,
	MESHTASTIC_NODE_INFO_PORT = 4,
	MESHTASTIC_ROUTING_PORT = 5,
	MESHTASTIC_WAYPOINT_PORT = 8,
	MESHTASTIC_DETECTION_PORT = 10,
	MESHTASTIC_ALERT_PORT = 11,
	MESHTASTIC_TELEMETRY_PORT = 67,
};

enum {
	MESHTASTIC_CHANNELS = 8,
	MESHTASTIC_ROLE_OFF = 0, /* of a channel */
	MESHTASTIC_PRIORITY_ALERT = 110,
	MESHTASTIC_HOPS_MAX = 7,
	/* What fits a frame on the air beside what the node adds: 16 bytes of header, the bit field, and 12 bytes to a node by its key. */
	MESHTASTIC_BROADCAST_MAX = 232,
	MESHTASTIC_DIRECT_MAX = 220,
};

/* Reasons of a refusal: in a Routing message, and in the result of a QueueStatus, which has three of its own. */
enum meshtastic_error {
	MESHTASTIC_OK = 0,
	MESHTASTIC_MAX_RETRANSMIT = 5,
	MESHTASTIC_DUTY_CYCLE = 9,
	MESHTASTIC_RATE_LIMIT = 38,
	MESHTASTIC_QUEUE_FULL = 32, /* QueueStatus only, as are the next two */
	MESHTASTIC_NO_RADIO = 33,
	MESHTASTIC_TX_DISABLED = 34,
};

/* One payload of a frame from the node. false: damaged. */
bool meshtastic_read(const uint8_t *bytes, size_t size, mt_FromRadio *from);
/* A frame that lost bytes swallows the beginning of the next one. Mostly that does not decode; where it does, a header inside gives it
 * away. But names and keys in the node's database come from the air, and whoever writes a header there must not have his own frames read
 * out of it: so what follows the frame decides (meshtastic_stream_doubt). A packet may hold a header, for what people write is free. */
bool meshtastic_is_doubtful(const mt_FromRadio *from, const uint8_t *bytes, size_t size);

/* One frame to the node, header included. Returns its size, 0 = it does not fit. */
size_t meshtastic_write(const mt_ToRadio *to, uint8_t *frame, size_t room);
/* The same without header: what a driver of the air hands to the modem. */
size_t meshtastic_pack(const mt_ToRadio *to, uint8_t *bytes, size_t room);
/* And back. false: damaged. */
bool meshtastic_unpack(const uint8_t *bytes, size_t size, mt_ToRadio *to);

/* Payloads of a packet's ports. false: damaged. */
bool meshtastic_read_position(const uint8_t *bytes, size_t size, mt_Position *position);
bool meshtastic_read_user(const uint8_t *bytes, size_t size, mt_User *user);
bool meshtastic_read_waypoint(const uint8_t *bytes, size_t size, mt_Waypoint *waypoint);
bool meshtastic_read_telemetry(const uint8_t *bytes, size_t size, mt_Telemetry *telemetry);
/* The reason in a Routing message, MESHTASTIC_OK = acknowledged; -1: damaged. An empty one acknowledges. */
int meshtastic_read_routing(const uint8_t *bytes, size_t size);

/* The packet and its decoded data in it, or NULL: something else, or encrypted. */
const mt_MeshPacket *meshtastic_packet(const mt_FromRadio *from);
const mt_Data *meshtastic_data(const mt_MeshPacket *packet);

/* "max_retransmit", "no_channel", ...; "refused" for a reason that is in no list. Never NULL. */
const char *meshtastic_error_name(int error);
/* "alert", "telemetry"; "other" for a port that is in no list. Never NULL. */
const char *meshtastic_port_name(unsigned port);
