/* Packets of a Meshtastic mesh as messages, a function a port. */
#pragma once

#include "drivers/codec/meshtastic.h"
#include "drivers/message.h"

/* "mt-433c1d20". */
void meshtastic_station(uint32_t number, char text[static MESSAGE_STATION_MAX]);
/* The number of a station written so. */
bool meshtastic_station_parse(const char *text, uint32_t *number);

/* What a packet says whatever its port: station, addressee, id, authenticity, how it was heard, when. wall_ms 0 = the clock is not
 * known. Where a node's clock is evidently wrong its time is left out, and kept as the number "sender_clock_s". */
void meshtastic_fill(const mt_MeshPacket *packet, int64_t wall_ms, struct message *message);

/* What its payload says. Returns NULL, or the reason for which the packet is to be dropped. A payload that cannot be read becomes raw,
 * with a parse_error. */
const char *meshtastic_fill_data(const mt_Data *data, int64_t wall_ms, struct message *message);

/* A packet that the node has no key for. */
void meshtastic_fill_encrypted(const mt_MeshPacket *packet, struct message *message);
