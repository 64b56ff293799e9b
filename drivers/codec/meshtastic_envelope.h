/* Packets of a Meshtastic mesh as its MQTT topics carry them: the packet in an envelope that names the channel and the gateway that heard
 * it. What a packet carries is kept byte for byte. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/codec/meshtastic_envelope.pb.h"

enum {
	MESHTASTIC_ENVELOPE_MAX = 512,    /* bytes of an envelope; a node takes no more either */
	MESHTASTIC_GATEWAY_NAME_SIZE = 9, /* "!433c1d20" */
	MESHTASTIC_TRANSPORT_MQTT = 5,
	MESHTASTIC_OK_TO_MQTT = 1, /* of the bit field: the sender allows that it goes on by MQTT */
};

/* One payload of an MQTT message. false: damaged, or without a packet. */
bool meshtastic_envelope_read(const uint8_t *bytes, size_t size, me_Envelope *envelope);
/* Returns its size, 0 = it does not fit. */
size_t meshtastic_envelope_write(const me_Envelope *envelope, uint8_t *bytes, size_t room);

/* One payload of a frame from a node that is a packet (meshtastic_packet). false: damaged, or something else. */
bool meshtastic_heard_read(const uint8_t *bytes, size_t size, me_Packet *packet);
/* A packet as a node would hand it to its host. Returns its size, 0 = it does not fit. */
size_t meshtastic_heard_write(const me_Packet *packet, uint8_t *bytes, size_t room);

/* Port and bit field of what a packet carries. false: these are not such bytes, as after a wrong key. */
bool meshtastic_data_head(const uint8_t *bytes, size_t size, me_DataHead *head);

/* "!433c1d20", with a final zero. */
void meshtastic_gateway_name(uint32_t node, char text[static MESHTASTIC_GATEWAY_NAME_SIZE + 1]);

/* The name by which a channel without one is known, from how the node's radio is set: "LongFast". Never NULL. */
const char *meshtastic_preset_name(bool use_preset, unsigned preset);
