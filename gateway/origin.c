/* Records in order of arrival, with a hash of each id beside them so that looking one up touches little memory. */
#include "gateway/origin.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/block.h"
#include "gateway/siphash.h"

enum {
	STEP = 32,          /* places are taken from the heap this many at a time */
	MAGIC = 0x4f495243, /* "CRIO" */
	VERSION = 1,
	COVERT = 1, /* bits of a record's flags */
	WANTED = 2,
	STORED = 4,
	LOST = 8,
	NEWEST = 16,
	/* Texts with their lengths, six numbers of a byte, answers, eta, times, serial. */
	SAVED_MAX = 2 * MESSAGE_ID_MAX + MESSAGE_STATION_MAX + MESSAGE_NAME_MAX + ORIGIN_NUMBER_MAX + 7 + 4 + 4 + 4 * 8,
};

struct origins {
	size_t capacity, count, allocated;
	uint64_t *hashes; /* of the ids, same order */
	struct origin **table;
	uint64_t next_serial, given_way;
	uint8_t key[16];
};

struct origins *origins_new(size_t capacity, uint64_t serial)
{
	struct origins *origins = calloc(1, sizeof(*origins));
	if (!origins)
		return NULL;
	origins->capacity = capacity ? capacity : 1;
	origins->next_serial = serial ? serial : 1;
	/* Whoever makes ids that collide costs a comparison; nothing is worth hiding. */
	memcpy(origins->key, &serial, sizeof(serial));
	return origins;
}

void origins_free(struct origins *origins)
{
	if (!origins)
		return;
	for (size_t i = 0; i < origins->count; i++)
		free(origins->table[i]);
	free(origins->hashes);
	free(origins->table);
	free(origins);
}

size_t origins_count(const struct origins *origins)
{
	return origins->count;
}

struct origin *origins_at(const struct origins *origins, size_t index)
{
	return index < origins->count ? origins->table[index] : NULL;
}

uint64_t origins_given_way(const struct origins *origins)
{
	return origins->given_way;
}

static uint64_t hash_of(const struct origins *origins, const char *id)
{
	return siphash24(origins->key, id, strlen(id));
}

struct origin *origins_find(const struct origins *origins, const char *id)
{
	if (!origins->count || !id[0])
		return NULL;
	uint64_t hash = hash_of(origins, id);
	for (size_t i = origins->count; i-- > 0;)
		if (origins->hashes[i] == hash && strcmp(origins->table[i]->id, id) == 0)
			return origins->table[i];
	return NULL;
}

struct origin *origins_by_serial(const struct origins *origins, uint64_t serial)
{
	for (size_t i = 0; i < origins->count; i++)
		if (origins->table[i]->serial == serial)
			return origins->table[i];
	return NULL;
}

struct origin *origins_of_incident(const struct origins *origins, const char *incident, const struct origin *after)
{
	bool passed = !after;
	for (size_t i = 0; i < origins->count && incident[0]; i++)
		if (!passed)
			passed = origins->table[i] == after;
		else if (origins->table[i]->newest && strcmp(origins->table[i]->incident, incident) == 0)
			return origins->table[i];
	return NULL;
}

void origins_close(struct origins *origins, const char *incident)
{
	for (size_t i = 0; i < origins->count; i++)
		if (strcmp(origins->table[i]->incident, incident) == 0)
			origins->table[i]->newest = false;
}

void origins_settle(struct origins *origins, bool (*is_open)(const void *context, const char *incident),
		    const void *context)
{
	for (size_t i = 0; i < origins->count; i++)
		if (origins->table[i]->newest && !is_open(context, origins->table[i]->incident))
			origins->table[i]->newest = false;
}

/* ---- giving way ---- */

enum { READIEST = 2 + CLASS_SAFETY }; /* no answer has a lower class */

/* How readily a record gives way: 0 never. Covert ones count by the class they are answered in, so that nothing shows. */
static int readiness(const struct origin *origin)
{
	if (origin->newest)
		return origin->authenticity == AUTHENTICITY_UNVERIFIED ? 1 : 0;
	return READIEST - CLASS_SAFETY + (int)origin->class;
}

static void remove_at(struct origins *origins, size_t index)
{
	free(origins->table[index]);
	origins->count--;
	size_t behind = origins->count - index;
	memmove(&origins->table[index], &origins->table[index + 1], behind * sizeof(struct origin *));
	memmove(&origins->hashes[index], &origins->hashes[index + 1], behind * sizeof(*origins->hashes));
}

static void make_way(struct origins *origins)
{
	size_t chosen = 0;
	int most = 0;
	for (size_t i = 0; i < origins->count && most < READIEST; i++) {
		int ready = readiness(origins->table[i]);
		if (ready > most) {
			most = ready;
			chosen = i;
		}
	}
	if (!most)
		return;
	remove_at(origins, chosen);
	origins->given_way++;
}

static bool make_room(struct origins *origins)
{
	if (origins->count < origins->allocated)
		return true;
	size_t wanted = origins->allocated + STEP;
	struct origin **table = reallocarray(origins->table, wanted, sizeof(struct origin *));
	if (table)
		origins->table = table;
	uint64_t *hashes = reallocarray(origins->hashes, wanted, sizeof(*hashes));
	if (hashes)
		origins->hashes = hashes;
	if (!table || !hashes)
		return false;
	origins->allocated = wanted;
	return true;
}

static struct origin *append(struct origins *origins, const struct origin *origin)
{
	if (origins->count >= origins->capacity)
		make_way(origins);
	struct origin *place = make_room(origins) ? malloc(sizeof(*place)) : NULL;
	if (!place)
		return NULL;
	*place = *origin;
	origins->table[origins->count] = place;
	origins->hashes[origins->count++] = hash_of(origins, place->id);
	return place;
}

struct origin *origins_enter(struct origins *origins, const struct origin *origin)
{
	struct origin fresh = *origin;
	fresh.serial = origins->next_serial++;
	fresh.answers = 0;
	fresh.newest = origin->incident[0] && !origin->covert;
	for (size_t i = 0; i < origins->count && fresh.newest; i++) {
		struct origin *older = origins->table[i];
		if (older->newest && strcmp(older->station, fresh.station) == 0 &&
		    strcmp(older->incident, fresh.incident) == 0)
			older->newest = false;
	}
	return append(origins, &fresh);
}

/* ---- across restarts ---- */

static uint8_t flags_of(const struct origin *origin)
{
	return (uint8_t)((origin->covert ? COVERT : 0) | (origin->wanted ? WANTED : 0) | (origin->stored ? STORED : 0) |
			 (origin->lost ? LOST : 0) | (origin->newest ? NEWEST : 0));
}

static void put_origin(struct block_writer *writer, const struct origin *origin)
{
	block_put_text(writer, origin->id);
	block_put_text(writer, origin->station);
	block_put_text(writer, origin->radio);
	block_put_text(writer, origin->incident);
	block_put_text(writer, origin->number);
	block_put_u8(writer, (uint8_t)origin->network);
	block_put_u8(writer, (uint8_t)origin->kind);
	block_put_u8(writer, (uint8_t)origin->class);
	block_put_u8(writer, (uint8_t)origin->status);
	block_put_u8(writer, (uint8_t)origin->authenticity);
	block_put_u8(writer, flags_of(origin));
	block_put_u8(writer, (uint8_t)origin->told);
	block_put_u32(writer, (uint32_t)origin->eta_min);
	block_put_u32(writer, origin->answers);
	block_put_u64(writer, origin->serial);
	block_put_u64(writer, (uint64_t)origin->heard_ms);
	block_put_u64(writer, (uint64_t)origin->said_ms);
	block_put_u64(writer, (uint64_t)origin->number_ms);
}

uint8_t *origins_save(const struct origins *origins, size_t *size)
{
	size_t room = BLOCK_HEAD + 8 + 4 + origins->count * SAVED_MAX + BLOCK_TAIL;
	uint8_t *bytes = malloc(room);
	struct block_writer writer;
	if (!bytes)
		return NULL;
	block_begin(&writer, bytes, room, MAGIC, VERSION);
	block_put_u64(&writer, origins->next_serial);
	block_put_u32(&writer, (uint32_t)origins->count);
	for (size_t i = 0; i < origins->count; i++)
		put_origin(&writer, origins->table[i]);
	*size = block_finish(&writer);
	return bytes;
}

static bool is_level(unsigned level)
{
	return level <= ACK_CLOSED || (level >= ACK_NOT_UNDERSTOOD && level <= ACK_EXPIRED);
}

static bool get_origin(struct block_reader *reader, struct origin *origin)
{
	*origin = (struct origin){0};
	block_get_text(reader, origin->id, sizeof(origin->id));
	block_get_text(reader, origin->station, sizeof(origin->station));
	block_get_text(reader, origin->radio, sizeof(origin->radio));
	block_get_text(reader, origin->incident, sizeof(origin->incident));
	block_get_text(reader, origin->number, sizeof(origin->number));
	unsigned network = block_get_u8(reader), kind = block_get_u8(reader), class = block_get_u8(reader);
	unsigned status = block_get_u8(reader), authenticity = block_get_u8(reader), flags = block_get_u8(reader);
	unsigned told = block_get_u8(reader);
	origin->network = (enum origin_network)network;
	origin->kind = (enum message_kind)kind;
	origin->class = (enum message_class) class;
	origin->status = (enum message_status)status;
	origin->authenticity = (enum message_authenticity)authenticity;
	origin->covert = flags & COVERT;
	origin->wanted = flags & WANTED;
	origin->stored = flags & STORED;
	origin->lost = flags & LOST;
	origin->newest = flags & NEWEST;
	origin->told = (enum ack_level)told;
	origin->eta_min = (int)block_get_u32(reader);
	origin->answers = block_get_u32(reader);
	origin->serial = block_get_u64(reader);
	origin->heard_ms = (int64_t)block_get_u64(reader);
	origin->said_ms = (int64_t)block_get_u64(reader);
	origin->number_ms = (int64_t)block_get_u64(reader);
	return !reader->failed && origin->id[0] && origin->station[0] && network <= ORIGIN_MESHCORE &&
	       kind < KIND_COUNT && class < CLASS_COUNT && status <= STATUS_SYSTEM &&
	       authenticity <= AUTHENTICITY_STALE && flags < 2 * NEWEST && is_level(told) && origin->eta_min >= -1 &&
	       origin->eta_min <= UINT8_MAX && (origin->incident[0] || !origin->newest);
}

/* Into a table of its own first: a block is believed as a whole or not at all. */
static struct origins *read_block(size_t capacity, const uint8_t *bytes, size_t size)
{
	struct block_reader reader;
	if (!block_open(&reader, bytes, size, MAGIC, VERSION))
		return NULL;
	struct origins *saved = origins_new(capacity, block_get_u64(&reader));
	uint32_t count = block_get_u32(&reader);
	bool good = saved;
	for (uint32_t i = 0; i < count && good; i++) {
		struct origin origin;
		good = get_origin(&reader, &origin) && append(saved, &origin);
	}
	if (good && block_ended(&reader))
		return saved;
	origins_free(saved);
	return NULL;
}

bool origins_recall(struct origins *origins, const uint8_t *bytes, size_t size)
{
	struct origins *saved = read_block(origins->capacity, bytes, size);
	if (!saved)
		return false;
	bool good = true;
	if (saved->next_serial > origins->next_serial)
		origins->next_serial = saved->next_serial;
	for (size_t i = 0; i < saved->count && good; i++)
		if (!origins_find(origins, saved->table[i]->id))
			good = append(origins, saved->table[i]);
	origins_free(saved);
	return good;
}
