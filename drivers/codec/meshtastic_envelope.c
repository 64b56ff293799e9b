/* Packets in envelopes, by nanopb. */
#include "drivers/codec/meshtastic_envelope.h"

#include <inttypes.h>
#include <pb_decode.h>
#include <pb_encode.h>
#include <stdio.h>

enum { PORT_MAX = 511 };

static bool decode(const uint8_t *bytes, size_t size, const pb_msgdesc_t *fields, void *message)
{
	pb_istream_t stream = pb_istream_from_buffer(bytes, size);
	return pb_decode(&stream, fields, message);
}

static size_t encode(const void *message, const pb_msgdesc_t *fields, uint8_t *bytes, size_t room)
{
	pb_ostream_t stream = pb_ostream_from_buffer(bytes, room);
	return pb_encode(&stream, fields, message) ? stream.bytes_written : 0;
}

bool meshtastic_envelope_read(const uint8_t *bytes, size_t size, me_Envelope *envelope)
{
	*envelope = (me_Envelope)me_Envelope_init_zero;
	return size <= MESHTASTIC_ENVELOPE_MAX && decode(bytes, size, me_Envelope_fields, envelope) &&
	       envelope->has_packet;
}

size_t meshtastic_envelope_write(const me_Envelope *envelope, uint8_t *bytes, size_t room)
{
	return encode(envelope, me_Envelope_fields, bytes, room);
}

bool meshtastic_heard_read(const uint8_t *bytes, size_t size, me_Packet *packet)
{
	me_Heard heard = me_Heard_init_zero;
	if (!decode(bytes, size, me_Heard_fields, &heard) || !heard.has_packet)
		return false;
	*packet = heard.packet;
	return true;
}

size_t meshtastic_heard_write(const me_Packet *packet, uint8_t *bytes, size_t room)
{
	me_Heard heard = {.has_packet = true, .packet = *packet};
	return encode(&heard, me_Heard_fields, bytes, room);
}

bool meshtastic_data_head(const uint8_t *bytes, size_t size, me_DataHead *head)
{
	*head = (me_DataHead)me_DataHead_init_zero;
	return decode(bytes, size, me_DataHead_fields, head) && head->port != 0 && head->port <= PORT_MAX;
}

void meshtastic_gateway_name(uint32_t node, char text[static MESHTASTIC_GATEWAY_NAME_SIZE + 1])
{
	snprintf(text, MESHTASTIC_GATEWAY_NAME_SIZE + 1, "!%08" PRIx32, node);
}

const char *meshtastic_preset_name(bool use_preset, unsigned preset)
{
	static const char *const names[] = {"LongFast",  "LongSlow",  "VeryLongSlow", "MediumSlow", "MediumFast",
					    "ShortSlow", "ShortFast", "LongMod",      "ShortTurbo", "LongTurbo"};
	if (!use_preset)
		return "Custom";
	return preset < sizeof(names) / sizeof(names[0]) ? names[preset] : "Invalid";
}
