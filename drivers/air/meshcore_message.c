/* What a MeshCore node's frames say, in the words of the data model. */
#include "drivers/air/meshcore_message.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "drivers/codec/hash.h"
#include "drivers/codec/utf8.h"

#define FIRST_SANE_MS (INT64_C(1577836800) * 1000) /* 2020-01-01: nodes without a clock start before */
#define AHEAD_MS      (INT64_C(24) * 3600 * 1000)

/* ---- stations ---- */

void meshcore_station(const uint8_t prefix[static MESHCORE_PREFIX_SIZE], char text[static MESSAGE_STATION_MAX])
{
	snprintf(text, MESSAGE_STATION_MAX, "mc-%02x%02x%02x%02x%02x%02x", prefix[0], prefix[1], prefix[2], prefix[3],
		 prefix[4], prefix[5]);
}

static int digit_of(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

bool meshcore_station_parse(const char *text, uint8_t prefix[static MESHCORE_PREFIX_SIZE])
{
	if (strncmp(text, "mc-", 3) != 0 || strlen(text) != 3 + 2 * MESHCORE_PREFIX_SIZE)
		return false;
	for (int i = 0; i < MESHCORE_PREFIX_SIZE; i++) {
		int high = digit_of(text[3 + 2 * i]), low = digit_of(text[4 + 2 * i]);
		if (high < 0 || low < 0)
			return false;
		prefix[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void fill_callsign(const char *name, struct message *message)
{
	utf8_mend(name, strlen(name), message->callsign, sizeof(message->callsign));
}

/* ---- time and id ---- */

/* A clock that cannot be right is told beside, and the gateway's own time stands. A gateway in 1970 judges nobody. */
static void fill_time(uint32_t time_s, int64_t wall_ms, struct message *message)
{
	int64_t ms = time_s * INT64_C(1000);
	if (ms >= FIRST_SANE_MS && (wall_ms < FIRST_SANE_MS || ms <= wall_ms + AHEAD_MS))
		message->sent_at_ms = ms;
	else
		message_add_number(message, "sender_clock_s", time_s, 0);
}

/* Of what every gateway in reach hears alike: who, when by the sender's clock, and what. */
static void fill_id(const void *sender, size_t sender_size, uint32_t time_s, const void *said, size_t said_size,
		    struct message *message)
{
	const uint8_t time[] = {(uint8_t)time_s, (uint8_t)(time_s >> 8), (uint8_t)(time_s >> 16),
				(uint8_t)(time_s >> 24)};
	uint64_t hash = fnv1a64(FNV1A64_START, sender, sender_size);
	hash = fnv1a64(hash, time, sizeof(time));
	hash = fnv1a64(hash, said, said_size);
	snprintf(message->id, sizeof(message->id), "mc-%016" PRIx64, hash);
}

/* ---- texts ---- */

static void fill_raw(const char *data_type, const uint8_t *bytes, size_t size, struct message *message)
{
	message->kind = KIND_RAW;
	message->data_type = data_type;
	message->raw_size = size < sizeof(message->raw) ? size : sizeof(message->raw);
	memcpy(message->raw, bytes, message->raw_size);
}

/* By its key, which the node has tried: an agreed key seals what is direct. */
static void fill_direct(const struct meshcore_text *text, const struct meshcore_contacts *contacts,
			struct message *message)
{
	const struct meshcore_known *known = meshcore_contacts_by_key(contacts, text->sender, sizeof(text->sender));
	message->authenticity = AUTHENTICITY_VERIFIED;
	message->for_us = true;
	meshcore_station(text->sender, message->station);
	if (known)
		fill_callsign(known->name, message);
	fill_id(text->sender, sizeof(text->sender), text->time_s, text->text, text->text_size, message);
}

/* A room passes on what others posted there, and tells four bytes of their keys; nothing proves them. */
static void fill_post(const struct meshcore_text *text, const struct meshcore_contacts *contacts,
		      struct message *message)
{
	const struct meshcore_known *known = meshcore_contacts_by_key(contacts, text->author, sizeof(text->author));
	const uint8_t *author = text->author;
	if (known) {
		meshcore_station(known->key, message->station);
		fill_callsign(known->name, message);
	} else {
		snprintf(message->station, sizeof(message->station), "mc-%02x%02x%02x%02x", author[0], author[1],
			 author[2], author[3]);
	}
	message->data_type = "post";
	fill_id(text->author, sizeof(text->author), text->time_s, text->text, text->text_size, message);
}

/* Where the name ends that a node puts in front of what it says on a channel; 0 = there is none. */
static size_t name_size(const struct meshcore_text *text)
{
	for (size_t i = 1; i + 1 < text->text_size && i < MESHCORE_NAME_MAX; i++)
		if (text->text[i] == ':' && text->text[i + 1] == ' ')
			return i;
	return 0;
}

/* Anybody with the channel's key can write any name there. A name that is no contact's gets a number made of it, the same at every
 * gateway, so that it can be told from others. */
static void fill_speaker(const char *name, const struct meshcore_contacts *contacts, struct message *message)
{
	const struct meshcore_known *known = meshcore_contacts_by_name(contacts, name);
	uint64_t hash = fnv1a64(FNV1A64_START, name, strlen(name));
	fill_callsign(name, message);
	if (known)
		meshcore_station(known->key, message->station);
	else
		snprintf(message->station, sizeof(message->station), "mc-name-%08" PRIx32,
			 (uint32_t)(hash ^ hash >> 32));
}

static void fill_channel(struct meshcore_text *text, const struct meshcore_contacts *contacts, struct message *message)
{
	char name[MESHCORE_NAME_MAX];
	size_t size = name_size(text);
	utf8_mend(text->text, size, name, sizeof(name));
	fill_speaker(name, contacts, message);
	message_add_number(message, "channel", text->channel, 0);
	fill_id(name, strlen(name), text->time_s, text->text, text->text_size, message);
	size_t skipped = size ? size + 2 : 0;
	text->text += skipped;
	text->text_size -= skipped;
}

void meshcore_fill_text(const struct meshcore_text *heard, const struct meshcore_contacts *contacts, int64_t wall_ms,
			struct message *message)
{
	struct meshcore_text text = *heard;
	message->kind = KIND_TEXT;
	message->data_type = "text";
	message->heard.hops = text.hops;
	message->heard.snr_db = text.snr_db;
	if (!text.direct)
		fill_channel(&text, contacts, message);
	else if (text.has_author)
		fill_post(&text, contacts, message);
	else
		fill_direct(&text, contacts, message);
	fill_time(text.time_s, wall_ms, message);
	if (text.type == MESHCORE_PLAIN || text.has_author)
		utf8_mend(text.text, text.text_size, message->text, sizeof(message->text));
	else
		fill_raw(text.type == MESHCORE_CLI ? "cli" : "unknown", text.text, text.text_size, message);
}

void meshcore_fill_data(const struct meshcore_data *data, struct message *message)
{
	/* Who said it, nobody tells. */
	snprintf(message->station, sizeof(message->station), "mc-channel");
	message->heard.hops = data->hops;
	message->heard.snr_db = data->snr_db;
	message_add_number(message, "channel", data->channel, 0);
	message_add_number(message, "type", data->type, 0);
	fill_raw("channel-data", data->bytes, data->size, message);
}

/* ---- adverts and figures ---- */

void meshcore_fill_advert(const struct meshcore_contact *contact, int64_t wall_ms, struct message *message)
{
	const double place[] = {contact->lat_deg, contact->lon_deg};
	message->kind = KIND_POSITION;
	message->data_type = "advert";
	message->authenticity = AUTHENTICITY_VERIFIED; /* signed, and the node has tried it */
	meshcore_station(contact->key, message->station);
	fill_callsign(contact->name, message);
	message->position.valid = true;
	message->position.lat_deg = contact->lat_deg;
	message->position.lon_deg = contact->lon_deg;
	message_add_number(message, "node_type", contact->type, 0);
	fill_time(contact->advert_s, wall_ms, message);
	fill_id(contact->key, sizeof(contact->key), contact->advert_s, place, sizeof(place), message);
}

static void fill_core(const struct meshcore_stats *stats, struct message *message)
{
	message_add_number(message, "battery_mv", stats->battery_mv, 0);
	message_add_number(message, "uptime_s", stats->uptime_s, 0);
	message_add_number(message, "queue", stats->queue, 0);
	message_add_number(message, "error_flags", stats->error_flags, 0);
}

static void fill_radio(const struct meshcore_stats *stats, struct message *message)
{
	message_add_number(message, "noise_dbm", stats->noise_dbm, 0);
	message_add_number(message, "last_rssi_dbm", stats->rssi_dbm, 0);
	message_add_number(message, "last_snr_db", stats->snr_db, 2);
	message_add_number(message, "transmitting_s", stats->transmitting_s, 0);
	message_add_number(message, "receiving_s", stats->receiving_s, 0);
}

static void fill_packets(const struct meshcore_stats *stats, struct message *message)
{
	message_add_number(message, "packets_received", stats->received, 0);
	message_add_number(message, "packets_sent", stats->sent, 0);
	if (stats->has_bad)
		message_add_number(message, "packets_bad", stats->bad, 0);
}

void meshcore_fill_stats(const struct meshcore_stats *const stats[static MESHCORE_STATS_TYPES], struct message *message)
{
	message->kind = KIND_TELEMETRY;
	message->data_type = "telemetry";
	message->authenticity = AUTHENTICITY_VERIFIED;
	if (stats[MESHCORE_STATS_CORE])
		fill_core(stats[MESHCORE_STATS_CORE], message);
	if (stats[MESHCORE_STATS_RADIO])
		fill_radio(stats[MESHCORE_STATS_RADIO], message);
	if (stats[MESHCORE_STATS_PACKETS])
		fill_packets(stats[MESHCORE_STATS_PACKETS], message);
}
