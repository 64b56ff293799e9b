/* Frames of a MeshCore node, one decoder each. */
#include "drivers/codec/meshcore.h"

#include <math.h>
#include <string.h>

#include "drivers/codec/utf8.h"

enum { BY_ROUTE = 0xff, HOPS_MASK = 0x3f };

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

static uint32_t get32(const uint8_t *at)
{
	return get16(at) | (uint32_t)get16(at + 2) << 16;
}

/* A text in a field of fixed size, up to its first zero. */
static void get_text(const uint8_t *at, size_t size, char *text, size_t room)
{
	const uint8_t *end = memchr(at, 0, size);
	utf8_mend(at, end ? (size_t)(end - at) : size, text, room);
}

static int get_signed(uint8_t byte)
{
	return byte < 0x80 ? byte : byte - 0x100;
}

static double quarters(uint8_t byte)
{
	return get_signed(byte) / 4.0;
}

/* A path is a number of hops and, in the two highest bits, the size of a hop's hash. */
static int hops_of(uint8_t path_length)
{
	return path_length == BY_ROUTE ? -1 : path_length & HOPS_MASK;
}

/* 1e-6 degree; zeros are how a node says that it has no position. */
static bool get_place(const uint8_t *at, double *lat_deg, double *lon_deg)
{
	int32_t lat = (int32_t)get32(at), lon = (int32_t)get32(at + 4);
	*lat_deg = lat / 1e6;
	*lon_deg = lon / 1e6;
	return (lat || lon) && lat >= -90000000 && lat <= 90000000 && lon >= -180000000 && lon <= 180000000;
}

/* ---- the node itself ---- */

bool meshcore_read_device(const uint8_t *payload, size_t size, struct meshcore_device *device)
{
	enum { MODEL_AT = 20, MODEL_SIZE = 40, FIRMWARE_AT = 60, FIRMWARE_SIZE = 20 };
	*device = (struct meshcore_device){0};
	if (size < 2)
		return false;
	device->version = payload[1];
	if (size >= 4) {
		device->contacts_max = payload[2] * 2U;
		device->channels_max = payload[3];
	}
	if (size >= MODEL_AT + MODEL_SIZE)
		get_text(payload + MODEL_AT, MODEL_SIZE, device->model, sizeof(device->model));
	if (size >= FIRMWARE_AT + FIRMWARE_SIZE)
		get_text(payload + FIRMWARE_AT, FIRMWARE_SIZE, device->firmware, sizeof(device->firmware));
	return true;
}

bool meshcore_read_self(const uint8_t *payload, size_t size, struct meshcore_self *self)
{
	enum { KEY_AT = 4, RADIO_AT = 48, NAME_AT = 58 };
	*self = (struct meshcore_self){0};
	if (size < NAME_AT)
		return false;
	self->power_dbm = get_signed(payload[2]);
	memcpy(self->key, payload + KEY_AT, sizeof(self->key));
	self->frequency_khz = get32(payload + RADIO_AT);
	self->bandwidth_hz = get32(payload + RADIO_AT + 4);
	self->spreading_factor = payload[RADIO_AT + 8];
	self->coding_rate = payload[RADIO_AT + 9];
	self->name_size = strnlen((const char *)payload + NAME_AT, size - NAME_AT);
	get_text(payload + NAME_AT, size - NAME_AT, self->name, sizeof(self->name));
	return true;
}

bool meshcore_read_channel(const uint8_t *payload, size_t size, struct meshcore_channel *channel)
{
	enum { NAME_SIZE = 32 };
	*channel = (struct meshcore_channel){0};
	if (size < MESHCORE_CHANNEL_PUBLIC_SIZE)
		return false;
	channel->index = payload[1];
	get_text(payload + 2, NAME_SIZE, channel->name, sizeof(channel->name));
	return true;
}

static bool read_core(const uint8_t *at, size_t size, struct meshcore_stats *stats)
{
	if (size < 9)
		return false;
	stats->battery_mv = get16(at);
	stats->uptime_s = get32(at + 2);
	stats->error_flags = get16(at + 6);
	stats->queue = at[8];
	return true;
}

static bool read_radio(const uint8_t *at, size_t size, struct meshcore_stats *stats)
{
	if (size < 12)
		return false;
	stats->noise_dbm = (int16_t)get16(at);
	stats->rssi_dbm = get_signed(at[2]);
	stats->snr_db = quarters(at[3]);
	stats->transmitting_s = get32(at + 4);
	stats->receiving_s = get32(at + 8);
	return true;
}

static bool read_packets(const uint8_t *at, size_t size, struct meshcore_stats *stats)
{
	if (size < 24)
		return false;
	stats->received = get32(at);
	stats->sent = get32(at + 4);
	stats->has_bad = size >= 28;
	stats->bad = stats->has_bad ? get32(at + 24) : 0;
	return true;
}

bool meshcore_read_stats(const uint8_t *payload, size_t size, struct meshcore_stats *stats)
{
	static bool (*const readers[])(const uint8_t *at, size_t size, struct meshcore_stats *stats) = {
	    [MESHCORE_STATS_CORE] = read_core,
	    [MESHCORE_STATS_RADIO] = read_radio,
	    [MESHCORE_STATS_PACKETS] = read_packets,
	};
	*stats = (struct meshcore_stats){0};
	if (size < 2 || payload[1] >= MESHCORE_STATS_TYPES)
		return false;
	stats->type = (enum meshcore_stats_type)payload[1];
	return readers[stats->type](payload + 2, size - 2, stats);
}

/* ---- others ---- */

bool meshcore_read_contact(const uint8_t *payload, size_t size, struct meshcore_contact *contact)
{
	enum {
		TYPE_AT = 33,
		NAME_AT = 100,
		NAME_SIZE = 32,
		ADVERT_AT = 132,
		PLACE_AT = 136,
		CHANGED_AT = 144,
		SIZE = 148
	};
	*contact = (struct meshcore_contact){0};
	if (size < SIZE)
		return false;
	memcpy(contact->key, payload + 1, sizeof(contact->key));
	contact->type = payload[TYPE_AT];
	get_text(payload + NAME_AT, NAME_SIZE, contact->name, sizeof(contact->name));
	contact->advert_s = get32(payload + ADVERT_AT);
	contact->has_position = get_place(payload + PLACE_AT, &contact->lat_deg, &contact->lon_deg);
	contact->bad_position = !contact->has_position && (contact->lat_deg != 0 || contact->lon_deg != 0);
	contact->changed_s = get32(payload + CHANGED_AT);
	return true;
}

bool meshcore_is_message(uint8_t code)
{
	return code == MESHCORE_CONTACT_TEXT || code == MESHCORE_CHANNEL_TEXT || code == MESHCORE_CONTACT_TEXT_V3 ||
	       code == MESHCORE_CHANNEL_TEXT_V3 || code == MESHCORE_CHANNEL_DATA;
}

/* From the sender or the channel on, without level. */
static bool read_text_body(const uint8_t *at, size_t size, struct meshcore_text *text)
{
	enum { BEHIND = 6 }; /* path length, type, time */
	size_t from = text->direct ? MESHCORE_PREFIX_SIZE : 1;
	if (size < from + BEHIND)
		return false;
	if (text->direct)
		memcpy(text->sender, at, MESHCORE_PREFIX_SIZE);
	else
		text->channel = at[0];
	text->hops = hops_of(at[from]);
	text->type = at[from + 1];
	text->time_s = get32(at + from + 2);
	at += from + BEHIND;
	size -= from + BEHIND;
	text->has_author = text->direct && text->type == MESHCORE_SIGNED;
	if (text->has_author) {
		if (size < sizeof(text->author))
			return false;
		memcpy(text->author, at, sizeof(text->author));
		at += sizeof(text->author);
		size -= sizeof(text->author);
	}
	text->text = at;
	text->text_size = size;
	return true;
}

bool meshcore_read_text(const uint8_t *payload, size_t size, struct meshcore_text *text)
{
	enum { LEVEL_SIZE = 3 };
	*text = (struct meshcore_text){.snr_db = (double)NAN};
	if (size < 1)
		return false;
	bool has_level = payload[0] == MESHCORE_CONTACT_TEXT_V3 || payload[0] == MESHCORE_CHANNEL_TEXT_V3;
	text->direct = payload[0] == MESHCORE_CONTACT_TEXT || payload[0] == MESHCORE_CONTACT_TEXT_V3;
	if (!has_level)
		return read_text_body(payload + 1, size - 1, text);
	if (size < 1 + LEVEL_SIZE)
		return false;
	text->snr_db = quarters(payload[1]);
	return read_text_body(payload + 1 + LEVEL_SIZE, size - 1 - LEVEL_SIZE, text);
}

bool meshcore_read_data(const uint8_t *payload, size_t size, struct meshcore_data *data)
{
	enum { DATA_AT = 9 };
	*data = (struct meshcore_data){0};
	if (size < DATA_AT || payload[8] > size - DATA_AT)
		return false;
	data->snr_db = quarters(payload[1]);
	data->channel = payload[4];
	data->hops = hops_of(payload[5]);
	data->type = get16(payload + 6);
	data->bytes = payload + DATA_AT;
	data->size = payload[8];
	return true;
}

/* ---- answers to what was sent ---- */

bool meshcore_read_sent(const uint8_t *payload, size_t size, struct meshcore_sent *sent)
{
	*sent = (struct meshcore_sent){0};
	if (size < 10)
		return false;
	sent->flood = payload[1] == 1;
	memcpy(sent->ack, payload + 2, sizeof(sent->ack));
	sent->timeout_ms = get32(payload + 6);
	return true;
}

bool meshcore_read_confirmed(const uint8_t *payload, size_t size, uint8_t ack[static MESHCORE_ACK_SIZE])
{
	if (size < 1 + MESHCORE_ACK_SIZE)
		return false;
	memcpy(ack, payload + 1, MESHCORE_ACK_SIZE);
	return true;
}

bool meshcore_read_number(const uint8_t *payload, size_t size, uint32_t *number)
{
	*number = size >= 5 ? get32(payload + 1) : 0;
	return size >= 5;
}

const uint8_t *meshcore_read_key(const uint8_t *payload, size_t size)
{
	return size >= 1 + MESHCORE_KEY_SIZE ? payload + 1 : NULL;
}

unsigned meshcore_read_error(const uint8_t *payload, size_t size)
{
	return size >= 2 ? payload[1] : 0;
}
