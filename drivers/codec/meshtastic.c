/* The messages inside a Meshtastic node's frames, by nanopb. */
#include "drivers/codec/meshtastic.h"

#include <pb_decode.h>
#include <pb_encode.h>

#include "drivers/codec/meshtastic_stream.h"

static bool decode(const uint8_t *bytes, size_t size, const pb_msgdesc_t *fields, void *message)
{
	pb_istream_t stream = pb_istream_from_buffer(bytes, size);
	return pb_decode(&stream, fields, message);
}

bool meshtastic_read(const uint8_t *bytes, size_t size, mt_FromRadio *from)
{
	*from = (mt_FromRadio)mt_FromRadio_init_zero;
	return decode(bytes, size, mt_FromRadio_fields, from);
}

bool meshtastic_is_doubtful(const mt_FromRadio *from, const uint8_t *bytes, size_t size)
{
	return from->which_content != mt_FromRadio_packet_tag && meshtastic_stream_has_header(bytes, size);
}

size_t meshtastic_pack(const mt_ToRadio *to, uint8_t *bytes, size_t room)
{
	pb_ostream_t stream = pb_ostream_from_buffer(bytes, room);
	return pb_encode(&stream, mt_ToRadio_fields, to) ? stream.bytes_written : 0;
}

size_t meshtastic_write(const mt_ToRadio *to, uint8_t *frame, size_t room)
{
	if (room < MESHTASTIC_HEADER_SIZE)
		return 0;
	size_t size = meshtastic_pack(to, frame + MESHTASTIC_HEADER_SIZE, room - MESHTASTIC_HEADER_SIZE);
	if (size == 0 || size > MESHTASTIC_PAYLOAD_MAX)
		return 0;
	meshtastic_stream_header(size, frame);
	return MESHTASTIC_HEADER_SIZE + size;
}

bool meshtastic_unpack(const uint8_t *bytes, size_t size, mt_ToRadio *to)
{
	*to = (mt_ToRadio)mt_ToRadio_init_zero;
	return decode(bytes, size, mt_ToRadio_fields, to);
}

bool meshtastic_read_position(const uint8_t *bytes, size_t size, mt_Position *position)
{
	*position = (mt_Position)mt_Position_init_zero;
	return decode(bytes, size, mt_Position_fields, position);
}

bool meshtastic_read_user(const uint8_t *bytes, size_t size, mt_User *user)
{
	*user = (mt_User)mt_User_init_zero;
	return decode(bytes, size, mt_User_fields, user);
}

bool meshtastic_read_waypoint(const uint8_t *bytes, size_t size, mt_Waypoint *waypoint)
{
	*waypoint = (mt_Waypoint)mt_Waypoint_init_zero;
	return decode(bytes, size, mt_Waypoint_fields, waypoint);
}

bool meshtastic_read_telemetry(const uint8_t *bytes, size_t size, mt_Telemetry *telemetry)
{
	*telemetry = (mt_Telemetry)mt_Telemetry_init_zero;
	return decode(bytes, size, mt_Telemetry_fields, telemetry);
}

int meshtastic_read_routing(const uint8_t *bytes, size_t size)
{
	mt_Routing routing = mt_Routing_init_zero;
	if (!decode(bytes, size, mt_Routing_fields, &routing) || routing.error > INT16_MAX)
		return -1;
	return (int)routing.error;
}

const mt_MeshPacket *meshtastic_packet(const mt_FromRadio *from)
{
	return from->which_content == mt_FromRadio_packet_tag ? &from->content.packet : NULL;
}

const mt_Data *meshtastic_data(const mt_MeshPacket *packet)
{
	return packet->which_content == mt_MeshPacket_decoded_tag ? &packet->content.decoded : NULL;
}

struct name {
	unsigned number;
	const char *name;
};

static const char *name_of(const struct name *names, size_t count, unsigned number, const char *otherwise)
{
	for (size_t i = 0; i < count; i++)
		if (names[i].number == number)
			return names[i].name;
	return otherwise;
}

const char *meshtastic_error_name(int error)
{
	static const struct name names[] = {
	    {0, "accepted"},     {1, "no_route"},        {2, "got_nak"},     {3, "mesh_timeout"}, {4, "no_interface"},
	    {5, "no_ack"},       {6, "no_channel"},      {7, "too_long"},    {8, "no_response"},  {9, "duty_cycle"},
	    {32, "bad_request"}, {33, "not_authorized"}, {34, "pki_failed"}, {35, "no_key"},      {36, "admin_key"},
	    {37, "admin_key"},   {38, "rate_limit"},     {39, "no_key"},
	};
	return error < 0 ? "refused" : name_of(names, sizeof(names) / sizeof(names[0]), (unsigned)error, "refused");
}

const char *meshtastic_port_name(unsigned port)
{
	static const struct name names[] = {
	    {1, "text"},        {3, "position"},       {4, "node-info"},    {5, "routing"},
	    {6, "admin"},       {7, "compressed"},     {8, "waypoint"},     {10, "detection-sensor"},
	    {11, "alert"},      {32, "reply"},         {34, "pax-counter"}, {36, "node-status"},
	    {64, "serial"},     {65, "store-forward"}, {66, "range-test"},  {67, "telemetry"},
	    {70, "traceroute"}, {71, "neighbor-info"}, {73, "map-report"},  {112, "group-alarm"},
	    {256, "private"},
	};
	return name_of(names, sizeof(names) / sizeof(names[0]), port, "other");
}
