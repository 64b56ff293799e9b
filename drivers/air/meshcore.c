/* MeshCore: texts, adverts and figures that a companion node gives out, and texts that it is given. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/air.h"
#include "drivers/air/meshcore_message.h"
#include "drivers/codec/utf8.h"

#define CHANNEL_PREFIX "channel-"

enum { KEY_CHANNEL, KEY_COUNT };

enum { FRESH_S = 3600 }; /* an advert older than that says no more where somebody is */

struct meshcore_air {
	const struct services *services;
	uint8_t channel; /* on which all are spoken to */
	bool has_self;
	struct meshcore_self self;
	struct meshcore_contacts contacts;
	bool listing; /* the node tells all its contacts */
	char channels[MESHCORE_CHANNELS_MAX][MESHCORE_NAME_MAX];
	struct meshcore_stats stats[MESHCORE_STATS_TYPES];
	bool has_stats[MESHCORE_STATS_TYPES];
	uint32_t last_time_s; /* of what was said last: addressees refuse what is not later */
};

static int air_init(void *state, const struct services *services, const union driver_value *values)
{
	struct meshcore_air *air = state;
	air->services = services;
	air->channel = (uint8_t)values[KEY_CHANNEL].integer;
	return 0;
}

static void drop(const struct meshcore_air *air, const char *reason)
{
	air->services->drop(air->services->owner, reason);
}

static int64_t wall_ms(const struct meshcore_air *air)
{
	return air->services->wall_ms(air->services->owner);
}

static void tell(const struct meshcore_air *air, const struct message *message)
{
	air->services->heard_message(air->services->owner, message);
}

/* ---- hearing ---- */

static void hear_text(struct meshcore_air *air, const uint8_t *payload, size_t size)
{
	struct meshcore_text text;
	struct message message;
	if (!meshcore_read_text(payload, size, &text)) {
		drop(air, "meshcore_damaged");
		return;
	}
	message_init(&message);
	meshcore_fill_text(&text, &air->contacts, wall_ms(air), &message);
	tell(air, &message);
}

static void hear_data(struct meshcore_air *air, const uint8_t *payload, size_t size)
{
	struct meshcore_data data;
	struct message message;
	if (!meshcore_read_data(payload, size, &data)) {
		drop(air, "meshcore_damaged");
		return;
	}
	message_init(&message);
	meshcore_fill_data(&data, &message);
	tell(air, &message);
}

/* Of a whole list only what changed lately, by the clock of the own node. What was just heard comes between. */
static bool is_fresh(const struct meshcore_air *air, uint8_t code, const struct meshcore_contact *contact)
{
	int64_t now_s = wall_ms(air) / 1000;
	return !air->listing || code == MESHCORE_NEW_ADVERT ||
	       (now_s > 0 && llabs(now_s - (int64_t)contact->changed_s) <= FRESH_S);
}

static void hear_contact(struct meshcore_air *air, const uint8_t *payload, size_t size)
{
	struct meshcore_contact contact;
	struct message message;
	if (!meshcore_read_contact(payload, size, &contact)) {
		drop(air, "meshcore_damaged");
		return;
	}
	bool news = meshcore_contacts_note(&air->contacts, &contact);
	if (news && contact.bad_position)
		drop(air, "meshcore_bad_position");
	if (!news || !contact.has_position || !is_fresh(air, payload[0], &contact))
		return;
	message_init(&message);
	meshcore_fill_advert(&contact, wall_ms(air), &message);
	tell(air, &message);
}

static void hear_self(struct meshcore_air *air, const uint8_t *payload, size_t size)
{
	air->has_self = meshcore_read_self(payload, size, &air->self);
	if (!air->has_self)
		drop(air, "meshcore_damaged");
}

static void hear_channel(struct meshcore_air *air, const uint8_t *payload, size_t size)
{
	struct meshcore_channel channel;
	if (!meshcore_read_channel(payload, size, &channel))
		drop(air, "meshcore_damaged");
	else if (channel.index < MESHCORE_CHANNELS_MAX)
		memcpy(air->channels[channel.index], channel.name, sizeof(channel.name));
}

/* They come one after the other; with the last they are told. */
static void hear_stats(struct meshcore_air *air, const uint8_t *payload, size_t size)
{
	const struct meshcore_stats *told[MESHCORE_STATS_TYPES];
	struct meshcore_stats stats;
	struct message message;
	if (!meshcore_read_stats(payload, size, &stats)) {
		drop(air, "meshcore_damaged");
		return;
	}
	air->stats[stats.type] = stats;
	air->has_stats[stats.type] = true;
	if (stats.type != MESHCORE_STATS_PACKETS || !air->has_self)
		return;
	for (int i = 0; i < MESHCORE_STATS_TYPES; i++)
		told[i] = air->has_stats[i] ? &air->stats[i] : NULL;
	message_init(&message);
	meshcore_station(air->self.key, message.station);
	meshcore_fill_stats(told, &message);
	memset(air->has_stats, 0, sizeof(air->has_stats));
	tell(air, &message);
}

static void air_input(void *state, const struct datagram *datagram)
{
	struct meshcore_air *air = state;
	const uint8_t *payload = datagram->bytes;
	size_t size = datagram->size;
	switch (size ? payload[0] : MESHCORE_PUSH) {
	case MESHCORE_CONTACT_TEXT:
	case MESHCORE_CONTACT_TEXT_V3:
	case MESHCORE_CHANNEL_TEXT:
	case MESHCORE_CHANNEL_TEXT_V3:
		hear_text(air, payload, size);
		break;
	case MESHCORE_CHANNEL_DATA:
		hear_data(air, payload, size);
		break;
	case MESHCORE_CONTACTS_START:
		air->listing = true;
		break;
	case MESHCORE_CONTACTS_END:
		air->listing = false;
		break;
	case MESHCORE_CONTACT:
	case MESHCORE_NEW_ADVERT:
		hear_contact(air, payload, size);
		break;
	case MESHCORE_SELF_INFO:
		air->listing = false;
		hear_self(air, payload, size);
		break;
	case MESHCORE_CHANNEL_INFO:
		hear_channel(air, payload, size);
		break;
	case MESHCORE_STATS:
		hear_stats(air, payload, size);
		break;
	default:
		drop(air, "meshcore_unknown_frame");
	}
}

/* ---- saying ---- */

/* What this network has no member for stands in front of the text. */
static int compose(const struct message *message, char text[static MESHCORE_TEXT_MAX + 1])
{
	const char *head = message_drill_mark(message);
	const char *kind = message_alert_mark(message);
	size_t head_size = strlen(head), kind_size = strlen(kind), size = strlen(message->text);
	if (size == 0 || !utf8_is_valid(message->text, size))
		return -EINVAL;
	if (head_size + kind_size + size > MESHCORE_TEXT_MAX)
		return -EMSGSIZE;
	memcpy(text, head, head_size);
	memcpy(text + head_size, kind, kind_size);
	memcpy(text + head_size + kind_size, message->text, size + 1);
	return 0;
}

static uint32_t next_time_s(struct meshcore_air *air)
{
	uint32_t now_s = (uint32_t)(wall_ms(air) / 1000);
	air->last_time_s = now_s > air->last_time_s ? now_s : air->last_time_s + 1;
	return air->last_time_s;
}

static int find_channel(const struct meshcore_air *air, const char *name)
{
	char *end;
	for (int i = 0; i < MESHCORE_CHANNELS_MAX; i++)
		if (name[0] && strcmp(air->channels[i], name) == 0)
			return i;
	long number = strtol(name, &end, 10);
	return name[0] >= '0' && name[0] <= '9' && !*end && number < MESHCORE_CHANNELS_MAX ? (int)number : -1;
}

/* The node puts its name in front, and cuts what is too long without a word. */
static ssize_t say_on_channel(struct meshcore_air *air, int channel, const char *text, uint8_t *bytes)
{
	enum { BETWEEN = 2 };
	if (channel < 0)
		return -EINVAL;
	if (air->self.name_size + BETWEEN + strlen(text) > MESHCORE_TEXT_MAX)
		return -EMSGSIZE;
	return (ssize_t)meshcore_write_channel_text((uint8_t)channel, next_time_s(air), text, bytes);
}

static ssize_t say_to(struct meshcore_air *air, const char *to, const char *text, uint8_t *bytes)
{
	uint8_t key[MESHCORE_KEY_SIZE] = {0};
	if (!meshcore_station_parse(to, key))
		return -EINVAL;
	const struct meshcore_known *known = meshcore_contacts_by_key(&air->contacts, key, MESHCORE_PREFIX_SIZE);
	return (ssize_t)meshcore_write_direct(known ? known->key : key, next_time_s(air), text, bytes);
}

/* To whom: "" = all on the configured channel, "channel-2" or "channel-NAME", a contact "mc-a1b2c3d4e5f6". */
static ssize_t air_output(void *state, const struct message *message, struct air_utterance *utterance, uint8_t *bytes,
			  size_t size)
{
	(void)utterance;
	struct meshcore_air *air = state;
	char text[MESHCORE_TEXT_MAX + 1];
	size_t prefix = strlen(CHANNEL_PREFIX);
	if (message->kind != KIND_TEXT && message->kind != KIND_ALERT)
		return -EOPNOTSUPP;
	if (size < MESHCORE_DIRECT_MAX)
		return -EMSGSIZE;
	int error = compose(message, text);
	if (error < 0)
		return error;
	if (!message->to[0])
		return say_on_channel(air, air->channel, text, bytes);
	if (strncmp(message->to, CHANNEL_PREFIX, prefix) == 0)
		return say_on_channel(air, find_channel(air, message->to + prefix), text, bytes);
	return say_to(air, message->to, text, bytes);
}

static const struct driver_key keys[KEY_COUNT] = {
    [KEY_CHANNEL] = {.name = "channel",
		     .type = KEY_INTEGER,
		     .min = 0,
		     .max = MESHCORE_CHANNELS_MAX - 1,
		     .fallback = "0",
		     .help = "index of the node's channel on which all are spoken to; 0 is the public one"},
};

const struct air_ops air_meshcore = {
    .name = "meshcore",
    .help = "MeshCore: texts to contacts and on channels, adverts with position, figures of the node",
    .keys = keys,
    .key_count = KEY_COUNT,
    .state_size = sizeof(struct meshcore_air),
    .mtu = MESHCORE_DIRECT_MAX,
    .init = air_init,
    .input = air_input,
    .output = air_output,
};
