/* What a MeshCore companion node and its host say to one another: the payloads of meshcore_stream.h. Little-endian throughout; the first byte
 * is the code. One decoder a frame; each checks every length and gives false, or an error, for what is too short. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/codec/meshcore_stream.h"

enum {
	MESHCORE_KEY_SIZE = 32,
	MESHCORE_PREFIX_SIZE = 6, /* bytes of its key by which a node is addressed */
	MESHCORE_ACK_SIZE = 4,
	MESHCORE_NAME_MAX = 33, /* with the final zero */
	MESHCORE_TEXT_MAX = 160,
	MESHCORE_CHANNELS_MAX = 40,
	MESHCORE_VERSION = 3, /* of the protocol; the first with signal levels */
	MESHCORE_ATTEMPTS_MAX = 4,
};

enum meshcore_command {
	MESHCORE_APP_START = 1,
	MESHCORE_SEND_TEXT = 2,
	MESHCORE_SEND_CHANNEL_TEXT = 3,
	MESHCORE_GET_CONTACTS = 4,
	MESHCORE_GET_TIME = 5,
	MESHCORE_SET_TIME = 6,
	MESHCORE_SYNC_NEXT = 10,
	MESHCORE_RESET_PATH = 13,
	MESHCORE_REBOOT = 19,
	MESHCORE_DEVICE_QUERY = 22,
	MESHCORE_GET_CONTACT = 30,
	MESHCORE_GET_CHANNEL = 31,
	MESHCORE_GET_STATS = 56,
};

enum meshcore_code {
	MESHCORE_OK = 0,
	MESHCORE_ERR = 1,
	MESHCORE_CONTACTS_START = 2,
	MESHCORE_CONTACT = 3,
	MESHCORE_CONTACTS_END = 4,
	MESHCORE_SELF_INFO = 5,
	MESHCORE_SENT = 6,
	MESHCORE_CONTACT_TEXT = 7,
	MESHCORE_CHANNEL_TEXT = 8,
	MESHCORE_CURR_TIME = 9,
	MESHCORE_NO_MORE = 10,
	MESHCORE_DEVICE_INFO = 13,
	MESHCORE_DISABLED = 15,
	MESHCORE_CONTACT_TEXT_V3 = 16,
	MESHCORE_CHANNEL_TEXT_V3 = 17,
	MESHCORE_CHANNEL_INFO = 18,
	MESHCORE_STATS = 24,
	MESHCORE_CHANNEL_DATA = 27,

	MESHCORE_PUSH = 0x80, /* from here on: said unasked */
	MESHCORE_ADVERT = 0x80,
	MESHCORE_PATH_UPDATED = 0x81,
	MESHCORE_SEND_CONFIRMED = 0x82,
	MESHCORE_MESSAGE_WAITING = 0x83,
	MESHCORE_LOG_RX = 0x88,
	MESHCORE_NEW_ADVERT = 0x8a,
	MESHCORE_CONTACT_DELETED = 0x8f,
	MESHCORE_CONTACTS_FULL = 0x90,
};

enum meshcore_error {
	MESHCORE_UNSUPPORTED = 1,
	MESHCORE_NOT_FOUND,
	MESHCORE_TABLE_FULL,
	MESHCORE_BAD_STATE,
	MESHCORE_FILE_IO,
	MESHCORE_ILLEGAL,
};

enum meshcore_text_type { MESHCORE_PLAIN, MESHCORE_CLI, MESHCORE_SIGNED };

/* Every code in front of the frame is the caller's to look at; payload and size are those of the frame, code included. */

/* | 0D | firmware version | contacts / 2 | channels | PIN, 4 | build date, 12 | model, 40 | firmware, 20 | ... |; old boards end earlier. */
struct meshcore_device {
	uint8_t version;
	unsigned contacts_max, channels_max; /* 0 = not told */
	char model[41], firmware[21];
};
bool meshcore_read_device(const uint8_t *payload, size_t size, struct meshcore_device *device);

/* | 05 | type | power | power most | key, 32 | lat, 4 | lon, 4 | 4 bytes of policies | kHz, 4 | bandwidth in Hz, 4 | SF | CR | name | */
struct meshcore_self {
	uint8_t key[MESHCORE_KEY_SIZE];
	int power_dbm;
	uint32_t frequency_khz, bandwidth_hz;
	unsigned spreading_factor, coding_rate;
	size_t name_size; /* as the node puts it in front of what it says on a channel */
	char name[MESHCORE_NAME_MAX];
};
bool meshcore_read_self(const uint8_t *payload, size_t size, struct meshcore_self *self);

/* | 03 or 8A | key, 32 | type | flags | path length | path, 64 | name, 32 | advert time, 4 | lat, 4 | lon, 4 | changed, 4 | */
struct meshcore_contact {
	uint8_t key[MESHCORE_KEY_SIZE];
	uint8_t type; /* 1 chat, 2 repeater, 3 room, 4 sensor */
	char name[MESHCORE_NAME_MAX];
	uint32_t advert_s;  /* by the contact's clock */
	uint32_t changed_s; /* by the node's */
	bool has_position;
	bool bad_position; /* it has one that is nowhere on earth */
	double lat_deg, lon_deg;
};
bool meshcore_read_contact(const uint8_t *payload, size_t size, struct meshcore_contact *contact);

/* | 07 | sender, 6 | path length | type | time, 4 | [author, 4, where the type is 2] | text |
 * | 08 | channel | path length | type | time, 4 | name: text |
 * | 10 or 11 | SNR in quarter dB | 00 | 00 | as 07 or 08 from its second byte on | */
struct meshcore_text {
	bool direct; /* from one node to this one; otherwise on a channel */
	uint8_t sender[MESHCORE_PREFIX_SIZE];
	uint8_t channel;
	int hops;      /* -1: by a known route, nobody counted */
	double snr_db; /* NAN: not told */
	uint8_t type;
	uint32_t time_s; /* by the sender's clock */
	bool has_author; /* a room's post */
	uint8_t author[4];
	const uint8_t *text; /* in the payload, neither ended by a zero nor surely UTF-8 */
	size_t text_size;
};
bool meshcore_read_text(const uint8_t *payload, size_t size, struct meshcore_text *text);
/* Whether that code is a message taken from the node's queue. */
bool meshcore_is_message(uint8_t code);

/* | 1B | SNR in quarter dB | 00 | 00 | channel | path length | data type, 2 | size | data | */
struct meshcore_data {
	uint8_t channel;
	int hops;
	double snr_db;
	uint16_t type;
	const uint8_t *bytes;
	size_t size;
};
bool meshcore_read_data(const uint8_t *payload, size_t size, struct meshcore_data *data);

/* | 12 | index | name, 32 | secret, 16 |; the secret is not looked at. */
struct meshcore_channel {
	uint8_t index;
	char name[MESHCORE_NAME_MAX];
};
enum { MESHCORE_CHANNEL_PUBLIC_SIZE = 34 }; /* bytes in front of the secret */
bool meshcore_read_channel(const uint8_t *payload, size_t size, struct meshcore_channel *channel);

/* | 06 | 1 flood, 0 direct | expected acknowledgement, 4 | estimated time-out in ms, 4 | */
struct meshcore_sent {
	bool flood;
	uint8_t ack[MESHCORE_ACK_SIZE];
	uint32_t timeout_ms;
};
bool meshcore_read_sent(const uint8_t *payload, size_t size, struct meshcore_sent *sent);
/* | 82 | acknowledgement, 4 | round trip in ms, 4 | */
bool meshcore_read_confirmed(const uint8_t *payload, size_t size, uint8_t ack[static MESHCORE_ACK_SIZE]);

/* | 18 | 00 | mV, 2 | uptime in s, 4 | error flags, 2 | queue |
 * | 18 | 01 | noise, 2 | RSSI | SNR in quarter dB | transmitting in s, 4 | receiving in s, 4 |
 * | 18 | 02 | received, 4 | sent, 4 | sent by flood, 4 | direct, 4 | received by flood, 4 | direct, 4 | bad, 4, newer boards only | */
enum meshcore_stats_type { MESHCORE_STATS_CORE, MESHCORE_STATS_RADIO, MESHCORE_STATS_PACKETS, MESHCORE_STATS_TYPES };
struct meshcore_stats {
	enum meshcore_stats_type type;
	unsigned battery_mv, error_flags, queue;
	uint32_t uptime_s;
	int noise_dbm, rssi_dbm;
	double snr_db;
	uint32_t transmitting_s, receiving_s;
	uint32_t received, sent, bad;
	bool has_bad;
};
bool meshcore_read_stats(const uint8_t *payload, size_t size, struct meshcore_stats *stats);

/* The number behind the code: of CURR_TIME, CONTACTS_START, CONTACTS_END. */
bool meshcore_read_number(const uint8_t *payload, size_t size, uint32_t *number);
/* The key behind the code: of ADVERT, PATH_UPDATED, CONTACT_DELETED. NULL: too short. */
const uint8_t *meshcore_read_key(const uint8_t *payload, size_t size);
/* The error behind ERR; 0 = not told. */
unsigned meshcore_read_error(const uint8_t *payload, size_t size);

/* ---- commands: each writes a payload, code included, and returns its size ---- */

size_t meshcore_write_query(uint8_t payload[static MESHCORE_PAYLOAD_MAX]);
size_t meshcore_write_app_start(const char *name, uint8_t payload[static MESHCORE_PAYLOAD_MAX]);
/* The code alone. */
size_t meshcore_write_plain(enum meshcore_command command, uint8_t payload[static MESHCORE_PAYLOAD_MAX]);
/* The code and one byte: GET_CHANNEL, GET_STATS. */
size_t meshcore_write_byte(enum meshcore_command command, uint8_t byte, uint8_t payload[static MESHCORE_PAYLOAD_MAX]);
/* The code and a number: SET_TIME, GET_CONTACTS (changed since; 0 = all). */
size_t meshcore_write_number(enum meshcore_command command, uint32_t number,
			     uint8_t payload[static MESHCORE_PAYLOAD_MAX]);
/* The code and a whole key: GET_CONTACT, RESET_PATH. */
size_t meshcore_write_key(enum meshcore_command command, const uint8_t key[static MESHCORE_KEY_SIZE],
			  uint8_t payload[static MESHCORE_PAYLOAD_MAX]);
/* What is handed to the modem to be said to a contact: | 02 | 00 | 00 | time, 4 | key, 32 | text, up to 160 |. Of a contact whose key is not
 * known but for its first six bytes the rest is zero. Returns the size; 0 = too long or empty. */
enum { MESHCORE_DIRECT_MAX = 7 + MESHCORE_KEY_SIZE + MESHCORE_TEXT_MAX };
size_t meshcore_write_direct(const uint8_t key[static MESHCORE_KEY_SIZE], uint32_t time_s, const char *text,
			     uint8_t direct[static MESHCORE_DIRECT_MAX]);
/* The same as the node takes it: | 02 | 00 | attempt | time, 4 | addressee, 6 | text |. 0 = it is not of that form. */
size_t meshcore_write_attempt(const uint8_t *direct, size_t direct_size, unsigned attempt,
			      uint8_t payload[static MESHCORE_PAYLOAD_MAX]);
/* The key in it; NULL: only its first bytes are known. */
const uint8_t *meshcore_direct_key(const uint8_t *direct);

/* | 03 | 00 | channel | time, 4 | text |; 0 = too long or empty. The node puts its name, a colon and a space in front. */
size_t meshcore_write_channel_text(uint8_t channel, uint32_t time_s, const char *text,
				   uint8_t payload[static MESHCORE_PAYLOAD_MAX]);
