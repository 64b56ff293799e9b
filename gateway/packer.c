/* zlib streams that are set up once and used again: setting one up costs more than packing a message. */
#include "gateway/packer.h"

#include <string.h>

#include <zlib.h>

/* The dictionary is part of what is on disk: zlib notes its checksum in every packed text and refuses another one, so a changed
 * dictionary loses what an older version left waiting. Add to it only with a new version of the store. The likeliest words stand last. */
static const char dictionary[] =
    "\"hops\":0,\"ambiguity\":,\"rssi_dbm\":-,\"snr_db\":-,\"alt_m\":,\"sensitivity\":\"command\":\"stage\":\"queued\","
    "\"final\":"
    "false}}\"analog\":[],\"bits\":\"00000000\"\"wind_direction_deg\":,\"wind_speed_m_s\":,\"wind_gust_m_s\":,"
    "\"temperature_c\":,"
    "\"humidity_percent\":,\"pressure_hpa\":,\"rain_1h_mm\":,\"timestamp\":\"z\",\"antenna\":\"PHG\"\"message_number\":"
    "\"\",\"to\":\""
    "\"name\":\"\",\"alive\":true,\"software\":\"\"\"third_party\":\"\"condition\":\"en "
    "route\"\"urgency\":\"Immediate\",\"severity\":"
    "\"Severe\"\"kind\":\"alert\",\"class\":\"URGENT\"\"kind\":\"distress\",\"class\":\"DISTRESS\"\"class\":"
    "\"SAFETY\"\"incident\":\"a-"
    "\"kind\":\"telemetry\",\"class\":\"BULK\"\"kind\":\"text\",\"class\":\"ROUTINE\",\"status\":\"Actual\","
    "\"station\":\""
    "\"body\":{\"data_type\":\"mic-e\"\"body\":{\"data_type\":\"status\"}}\"body\":{\"data_type\":\"telemetry\"\"data_"
    "type\":\"weather\""
    "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[-0.]},\"properties\":{\"id\":\"a-\",\"alt_"
    "id\":\"a-"
    "\",\"kind\":\"position\",\"class\":\"BULK\",\"status\":\"Actual\",\"station\":\"N0CALL-7\",\"callsign\":\"N0CALL-"
    "7\",\"gateway\":\""
    "base1\",\"radio\":\"vhf\",\"sent_at\":\"202\",\"received_at\":\"2026-:00.000Z\",\"clock\":\"ntp\",\"clock\":"
    "\"unknown\","
    "\"authenticity\":\"UNVERIFIED\",\"heard\":{\"hops\":0,\"path\":\"WIDE1-1,WIDE2-1*\"},\"position\":{\"lat\":,"
    "\"lon\":,\"speed_kmh\":,"
    "\"course_deg\":},\"text\":\"\",\"body\":{\"data_type\":\"position\",\"messaging\":true,\"symbol\":\"/>\"}}}";

enum {
	WINDOW_BITS = 13, /* 8 kB: longer than any message */
	MEMORY_LEVEL = 5,
	LEVEL = 6,
};

size_t packer_pack(const char *text, size_t size, char *packed, size_t packed_max)
{
	static z_stream stream;
	static bool ready;
	if (!ready && deflateInit2(&stream, LEVEL, Z_DEFLATED, WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	ready = true;
	if (deflateReset(&stream) != Z_OK ||
	    deflateSetDictionary(&stream, (const Bytef *)dictionary, sizeof(dictionary) - 1) != Z_OK)
		return 0;
	stream.next_in = (z_const Bytef *)text;
	stream.avail_in = (uInt)size;
	stream.next_out = (Bytef *)packed;
	stream.avail_out = (uInt)packed_max;
	if (deflate(&stream, Z_FINISH) != Z_STREAM_END || stream.total_out >= size)
		return 0;
	return stream.total_out;
}

bool packer_unpack(const char *packed, size_t packed_size, char *text, size_t size)
{
	static z_stream stream;
	static bool ready;
	if (!ready && inflateInit2(&stream, WINDOW_BITS) != Z_OK)
		return false;
	ready = true;
	if (inflateReset(&stream) != Z_OK)
		return false;
	stream.next_in = (z_const Bytef *)packed;
	stream.avail_in = (uInt)packed_size;
	stream.next_out = (Bytef *)text;
	stream.avail_out = (uInt)size;
	int result = inflate(&stream, Z_FINISH);
	if (result == Z_NEED_DICT &&
	    inflateSetDictionary(&stream, (const Bytef *)dictionary, sizeof(dictionary) - 1) == Z_OK)
		result = inflate(&stream, Z_FINISH);
	return result == Z_STREAM_END && stream.total_out == size;
}
