/* A MeshCore node that is up: takes its messages, its contacts and its figures, and looks whether it lives.
 *
 * The node deletes a message as it gives it out. So each is written to disk at once, the next is asked for when that is done or a moment
 * is over, and never are there more than BATCH that a power cut would take. */
#include "drivers/modem/meshcore.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	/* What nodes keep at most: some the one, some the other. */
	QUEUE_SMALL = 16,
	QUEUE_LARGE = 256,
	BATCH = 16,
	COMMIT_US = 20000,          /* a good disk has written a message by then */
	DISK_PATIENCE_US = 5000000, /* then the node's own memory, which runs over, is the greater danger */
	LISTING_US = 5000000,       /* between two contacts of the list */
	SOON_US = 300000,           /* after text: let it print first */
	FIRST_STATS_US = 5000000,
	CLOCK_HEARTBEATS = 10, /* its clock is looked at with every so many signs of life */
};

#define SECOND_US INT64_C(1000000)

/* ---- messages ---- */

int64_t meshcore_may_take_us(const struct meshcore *meshcore)
{
	size_t unsafe = meshcore->services->unsafe(meshcore->services->owner);
	if (unsafe == 0 || !meshcore->taken_us)
		return 0;
	int64_t at_us = meshcore->taken_us + (unsafe < BATCH ? COMMIT_US : DISK_PATIENCE_US);
	return at_us > meshcore_now_us(meshcore) ? at_us : 0;
}

/* A node throws away the oldest, or what is new, without a word: that it was full can be seen only when all was taken. */
static void end_round(struct meshcore *meshcore)
{
	bool full = meshcore->round == QUEUE_SMALL || meshcore->round >= QUEUE_LARGE;
	meshcore->waiting = false;
	if (!meshcore->first_round)
		return;
	meshcore->first_round = false;
	if (!full)
		return;
	meshcore_drop(meshcore, "meshcore_queue_full");
	if (meshcore->text[0])
		return;
	meshcore->was_full = true;
	meshcore_set_text(meshcore,
			  "%zu messages waited in the node, which is as many as it keeps: others may be lost. Let "
			  "the gateway run whenever the node does.",
			  meshcore->round);
}

static void forget_that_it_was_full(struct meshcore *meshcore)
{
	if (meshcore->was_full)
		meshcore_set_text(meshcore, "%s", "");
	meshcore->was_full = false;
}

/* ---- contacts ---- */

void meshcore_work_advert(struct meshcore *meshcore, const uint8_t *key)
{
	for (unsigned i = 0; i < meshcore->advert_count; i++)
		if (memcmp(meshcore->adverts[i], key, MESHCORE_KEY_SIZE) == 0)
			return;
	/* Too many at once: all that have changed. */
	if (meshcore->advert_count == MESHCORE_ADVERTS_MAX)
		meshcore->contacts_wanted = true;
	else
		memcpy(meshcore->adverts[meshcore->advert_count++], key, MESHCORE_KEY_SIZE);
}

static void forget_advert(struct meshcore *meshcore)
{
	if (meshcore->advert_count == 0)
		return;
	meshcore->advert_count--;
	memmove(meshcore->adverts[0], meshcore->adverts[1], meshcore->advert_count * sizeof(meshcore->adverts[0]));
}

static void take_contacts(struct meshcore *meshcore, const uint8_t *payload, size_t size)
{
	meshcore->contacts_wanted = false;
	if (payload[0] != MESHCORE_CONTACTS_START)
		return;
	meshcore_read_number(payload, size, &meshcore->contact_count);
	meshcore->listing_us = meshcore_now_us(meshcore) + LISTING_US;
}

/* A contact that was asked for by its key looks the same. */
bool meshcore_is_listed(const struct meshcore *meshcore, uint8_t code)
{
	bool asked = meshcore->asked.command == MESHCORE_GET_CONTACT;
	return meshcore->listing_us && (code == MESHCORE_CONTACTS_END || (code == MESHCORE_CONTACT && !asked));
}

void meshcore_take_listed(struct meshcore *meshcore, const uint8_t *payload, size_t size)
{
	uint32_t newest;
	if (payload[0] == MESHCORE_CONTACT) {
		meshcore->listing_us = meshcore_now_us(meshcore) + LISTING_US;
		return;
	}
	meshcore->listing_us = 0;
	meshcore->contacts_known = true;
	if (meshcore_read_number(payload, size, &newest) && newest > meshcore->contacts_since)
		meshcore->contacts_since = newest;
}

/* ---- findings ---- */

static void __attribute__((format(printf, 3, 4)))
find(const struct meshcore *meshcore, const char *name, const char *format, ...)
{
	char value[96];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(value, sizeof(value), format, arguments);
	va_end(arguments);
	meshcore->services->finding(meshcore->services->owner, name, value);
}

static void find_self(const struct meshcore *meshcore)
{
	const struct meshcore_self *self = &meshcore->self;
	const uint8_t *key = self->key;
	find(meshcore, "node", "mc-%02x%02x%02x%02x%02x%02x", key[0], key[1], key[2], key[3], key[4], key[5]);
	find(meshcore, "protocol", "%d", meshcore->old_frames ? 1 : MESHCORE_VERSION);
	find(meshcore, "frequency_mhz", "%.3f", self->frequency_khz / 1e3);
	find(meshcore, "bandwidth_khz", "%g", self->bandwidth_hz / 1e3);
	find(meshcore, "spreading_factor", "%u", self->spreading_factor);
	find(meshcore, "coding_rate", "4/%u", self->coding_rate);
	find(meshcore, "power_dbm", "%d", self->power_dbm);
	find(meshcore, "contacts", "%u of %u", (unsigned)meshcore->contact_count, meshcore->device.contacts_max);
	find(meshcore, "channels", "%u", meshcore->channel);
}

static void find_stats(const struct meshcore *meshcore)
{
	const struct meshcore_stats *stats = meshcore->stats;
	if (meshcore->has_stats[MESHCORE_STATS_CORE]) {
		find(meshcore, "battery_mv", "%u", stats[MESHCORE_STATS_CORE].battery_mv);
		find(meshcore, "uptime_s", "%u", (unsigned)stats[MESHCORE_STATS_CORE].uptime_s);
		find(meshcore, "queue", "%u", stats[MESHCORE_STATS_CORE].queue);
	}
	if (meshcore->has_stats[MESHCORE_STATS_RADIO])
		find(meshcore, "noise_dbm", "%d", stats[MESHCORE_STATS_RADIO].noise_dbm);
	if (meshcore->has_stats[MESHCORE_STATS_PACKETS]) {
		find(meshcore, "received", "%u", (unsigned)stats[MESHCORE_STATS_PACKETS].received);
		find(meshcore, "sent", "%u", (unsigned)stats[MESHCORE_STATS_PACKETS].sent);
	}
}

void meshcore_end_examination(struct meshcore *meshcore, const char *error)
{
	if (meshcore->examining)
		meshcore->services->finding(meshcore->services->owner, NULL, error);
	meshcore->examining = false;
}

static void report(struct meshcore *meshcore)
{
	if (!meshcore->examining)
		return;
	find_self(meshcore);
	find_stats(meshcore);
	meshcore_end_examination(meshcore, "");
}

/* ---- figures ---- */

static void begin_stats(struct meshcore *meshcore)
{
	int64_t every_s = meshcore->values[MESHCORE_KEY_STATS].integer;
	meshcore->stats_us = every_s ? meshcore_now_us(meshcore) + every_s * SECOND_US : 0;
	meshcore->stats_next = MESHCORE_STATS_CORE;
	memset(meshcore->has_stats, 0, sizeof(meshcore->has_stats));
}

static void end_stats(struct meshcore *meshcore)
{
	meshcore->stats_next = MESHCORE_STATS_TYPES;
	report(meshcore);
}

int meshcore_examine(void *state, enum modem_examination what)
{
	struct meshcore *meshcore = state;
	if (what != MODEM_TEST)
		return -EOPNOTSUPP;
	if (meshcore->phase != MESHCORE_UP)
		return -ENOTCONN;
	if (meshcore->examining)
		return -EBUSY;
	meshcore->examining = true;
	begin_stats(meshcore);
	meshcore->services->alarm(meshcore->services->owner, meshcore_now_us(meshcore));
	return 0;
}

/* ---- signs of life ---- */

static int64_t heartbeat_us(const struct meshcore *meshcore)
{
	return meshcore->values[MESHCORE_KEY_HEARTBEAT].integer * SECOND_US;
}

/* A node says nothing when it has started anew, and has forgotten by then which frames it was asked for. */
static bool has_restarted(struct meshcore *meshcore, uint32_t uptime_s)
{
	bool less = meshcore->has_uptime && uptime_s < meshcore->uptime_s;
	meshcore->uptime_s = uptime_s;
	meshcore->has_uptime = true;
	return less;
}

static void take_stats(struct meshcore *meshcore, const uint8_t *payload, size_t size)
{
	struct meshcore_stats stats;
	bool of_round = !meshcore->heartbeat_wanted && meshcore->stats_next < MESHCORE_STATS_TYPES;
	if (payload[0] != MESHCORE_STATS) {
		meshcore->no_stats = true;
		meshcore->heartbeat_wanted = false;
		meshcore->stats_us = 0;
		end_stats(meshcore);
		return;
	}
	meshcore->heartbeat_wanted = false;
	bool whole = meshcore_read_stats(payload, size, &stats);
	if (whole && of_round) {
		meshcore->stats[stats.type] = stats;
		meshcore->has_stats[stats.type] = true;
	}
	if (of_round && ++meshcore->stats_next == MESHCORE_STATS_TYPES)
		end_stats(meshcore);
	if (whole && stats.type == MESHCORE_STATS_CORE && has_restarted(meshcore, stats.uptime_s))
		meshcore_start_anew(meshcore, "meshcore_reboot", "node_rebooted");
}

static void take_time(struct meshcore *meshcore, const uint8_t *payload, size_t size)
{
	meshcore->heartbeat_wanted = meshcore->time_wanted = false;
	meshcore->clock_wanted = meshcore_judge_clock(meshcore, payload, size);
}

void meshcore_work_noise(struct meshcore *meshcore)
{
	int64_t soon_us = meshcore_now_us(meshcore) + SOON_US;
	if (meshcore->heartbeat_us > soon_us)
		meshcore->heartbeat_us = soon_us;
}

/* ---- what is asked next ---- */

static void ask_heartbeat(struct meshcore *meshcore)
{
	uint8_t payload[MESHCORE_PAYLOAD_MAX];
	if (meshcore->no_stats)
		meshcore_ask(meshcore, payload, meshcore_write_plain(MESHCORE_GET_TIME, payload));
	else
		meshcore_ask(meshcore, payload, meshcore_write_byte(MESHCORE_GET_STATS, MESHCORE_STATS_CORE, payload));
}

static void ask_contacts(struct meshcore *meshcore)
{
	uint8_t payload[MESHCORE_PAYLOAD_MAX];
	size_t size = meshcore->contacts_since
			  ? meshcore_write_number(MESHCORE_GET_CONTACTS, meshcore->contacts_since, payload)
			  : meshcore_write_plain(MESHCORE_GET_CONTACTS, payload);
	meshcore_ask(meshcore, payload, size);
}

/* What is to be sent and what waits in the node go before everything that only informs. */
void meshcore_work_next(struct meshcore *meshcore)
{
	uint8_t payload[MESHCORE_PAYLOAD_MAX];
	bool may_take = meshcore->waiting && !meshcore_may_take_us(meshcore);
	if (meshcore_send_wants(meshcore))
		meshcore_send_next(meshcore);
	else if (may_take)
		meshcore_ask(meshcore, payload, meshcore_write_plain(MESHCORE_SYNC_NEXT, payload));
	else if (meshcore->heartbeat_wanted)
		ask_heartbeat(meshcore);
	else if (meshcore->time_wanted)
		meshcore_ask(meshcore, payload, meshcore_write_plain(MESHCORE_GET_TIME, payload));
	else if (meshcore->clock_wanted)
		meshcore_write_clock(meshcore);
	else if (meshcore->advert_count && !meshcore->listing_us)
		meshcore_ask(meshcore, payload,
			     meshcore_write_key(MESHCORE_GET_CONTACT, meshcore->adverts[0], payload));
	else if (meshcore->contacts_wanted && !meshcore->listing_us)
		ask_contacts(meshcore);
	else if (meshcore->stats_next < MESHCORE_STATS_TYPES)
		meshcore_ask(meshcore, payload,
			     meshcore_write_byte(MESHCORE_GET_STATS, (uint8_t)meshcore->stats_next, payload));
}

void meshcore_work_answer(struct meshcore *meshcore, uint8_t command, const uint8_t *payload, size_t size)
{
	switch (command) {
	case MESHCORE_SYNC_NEXT:
		if (meshcore_is_message(payload[0]))
			meshcore->round++;
		else
			end_round(meshcore);
		break;
	case MESHCORE_GET_CONTACT:
		forget_advert(meshcore);
		break;
	case MESHCORE_GET_CONTACTS:
		take_contacts(meshcore, payload, size);
		break;
	case MESHCORE_GET_STATS:
		take_stats(meshcore, payload, size);
		break;
	case MESHCORE_GET_TIME:
		take_time(meshcore, payload, size);
		break;
	case MESHCORE_SET_TIME:
		meshcore->clock_wanted = false;
		break;
	default:
		meshcore_send_answer(meshcore, payload, size);
	}
}

/* One question that a node has no answer to is no sign that it is dead: what it asked for stands in the list, too. */
void meshcore_work_silence(struct meshcore *meshcore, uint8_t command)
{
	if (command != MESHCORE_GET_CONTACT)
		return;
	forget_advert(meshcore);
	meshcore->contacts_wanted = true;
}

void meshcore_work_begin(struct meshcore *meshcore)
{
	int64_t now_us = meshcore_now_us(meshcore);
	meshcore->waiting = meshcore->first_round = true;
	meshcore->round = 0;
	meshcore->was_full = false;
	meshcore->contacts_wanted = true;
	meshcore->contacts_known = false;
	meshcore->heartbeat_wanted = meshcore->time_wanted = meshcore->clock_wanted = false;
	meshcore->heartbeat_us = now_us + heartbeat_us(meshcore);
	meshcore->clock_us = now_us + CLOCK_HEARTBEATS * heartbeat_us(meshcore);
	meshcore->stats_next = MESHCORE_STATS_TYPES;
	meshcore->stats_us = meshcore->values[MESHCORE_KEY_STATS].integer ? now_us + FIRST_STATS_US : 0;
}

/* A word that messages wait may have been lost on the line, so they are asked for with every sign of life. */
void meshcore_work_late(struct meshcore *meshcore)
{
	int64_t now_us = meshcore_now_us(meshcore);
	if (now_us >= meshcore->heartbeat_us) {
		meshcore->heartbeat_us = now_us + heartbeat_us(meshcore);
		meshcore->heartbeat_wanted = meshcore->waiting = true;
		forget_that_it_was_full(meshcore);
		meshcore->contacts_wanted |= !meshcore->contacts_known;
	}
	if (meshcore->listing_us && now_us >= meshcore->listing_us) {
		meshcore->listing_us = 0;
		meshcore_drop(meshcore, "meshcore_no_answer");
	}
	if (now_us >= meshcore->clock_us) {
		meshcore->clock_us = now_us + CLOCK_HEARTBEATS * heartbeat_us(meshcore);
		meshcore->time_wanted = true;
	}
	if (meshcore->stats_us && now_us >= meshcore->stats_us && !meshcore->no_stats)
		begin_stats(meshcore);
}
