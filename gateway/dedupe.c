/* The memory for ids: a ring of keyed hashes in the order they came, and a hash table of positions in it. */
#include "gateway/dedupe.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "gateway/block.h"
#include "gateway/siphash.h"

enum {
	CAPACITY_MAX = 1 << 20,
	KEY_SIZE = 16,
	MAGIC = 0x44445243, /* "CRDD" */
	VERSION = 1,
	SAVED_HEAD = BLOCK_HEAD + KEY_SIZE + 8 + 4, /* key, time, count */
	SAVED_ID = 8 + 4,                           /* hash, age in ms before the time */
};

struct memory {
	uint64_t hash;
	int64_t first_ms;
};

struct dedupe {
	uint8_t key[KEY_SIZE];
	int64_t window_ms;
	size_t capacity, first, count; /* the ring: oldest, how many */
	struct memory *ring;
	size_t mask;
	uint32_t *table; /* position in the ring + 1, 0 = empty; linear probing, at most half full */
};

struct dedupe *dedupe_new(size_t capacity, int64_t window_ms)
{
	struct dedupe *dedupe = calloc(1, sizeof(*dedupe));
	if (!dedupe)
		return NULL;
	dedupe->capacity = capacity < 1 ? 1 : capacity > CAPACITY_MAX ? CAPACITY_MAX : capacity;
	dedupe->window_ms = window_ms < 0 ? 0 : window_ms > INT32_MAX ? INT32_MAX : window_ms;
	size_t slots = 2;
	while (slots < 2 * dedupe->capacity)
		slots *= 2;
	dedupe->mask = slots - 1;
	dedupe->ring = calloc(dedupe->capacity, sizeof(*dedupe->ring));
	dedupe->table = calloc(slots, sizeof(*dedupe->table));
	if (dedupe->ring && dedupe->table && getrandom(dedupe->key, KEY_SIZE, 0) == KEY_SIZE)
		return dedupe;
	dedupe_free(dedupe);
	return NULL;
}

void dedupe_free(struct dedupe *dedupe)
{
	if (!dedupe)
		return;
	free(dedupe->ring);
	free(dedupe->table);
	free(dedupe);
}

/* Where in the ring the i-th oldest is. */
static size_t position_of(const struct dedupe *dedupe, size_t i)
{
	size_t position = dedupe->first + i;
	return position < dedupe->capacity ? position : position - dedupe->capacity;
}

/* The slot that leads to that hash, or the empty one where it would go. */
static size_t find_slot(const struct dedupe *dedupe, uint64_t hash)
{
	size_t slot = hash & dedupe->mask;
	while (dedupe->table[slot] && dedupe->ring[dedupe->table[slot] - 1].hash != hash)
		slot = (slot + 1) & dedupe->mask;
	return slot;
}

/* Empties a slot and moves up those behind it that would no longer be found. */
static void clear_slot(struct dedupe *dedupe, size_t hole)
{
	size_t mask = dedupe->mask;
	for (size_t slot = (hole + 1) & mask; dedupe->table[slot]; slot = (slot + 1) & mask) {
		size_t home = dedupe->ring[dedupe->table[slot] - 1].hash & mask;
		if (((slot - home) & mask) < ((slot - hole) & mask))
			continue;
		dedupe->table[hole] = dedupe->table[slot];
		hole = slot;
	}
	dedupe->table[hole] = 0;
}

static void forget_oldest(struct dedupe *dedupe)
{
	size_t slot = find_slot(dedupe, dedupe->ring[dedupe->first].hash);
	/* Seen again after its window, an id leads to its newer place. */
	if (dedupe->table[slot] == dedupe->first + 1)
		clear_slot(dedupe, slot);
	dedupe->first = position_of(dedupe, 1);
	dedupe->count--;
}

static void remember(struct dedupe *dedupe, uint64_t hash, int64_t first_ms)
{
	if (dedupe->count == dedupe->capacity)
		forget_oldest(dedupe);
	size_t position = position_of(dedupe, dedupe->count++);
	size_t slot = find_slot(dedupe, hash);
	dedupe->ring[position] = (struct memory){hash, first_ms};
	dedupe->table[slot] = (uint32_t)position + 1;
}

static bool inside(const struct dedupe *dedupe, int64_t first_ms, int64_t now_ms)
{
	int64_t age_ms = now_ms - first_ms;
	return age_ms < dedupe->window_ms && age_ms >= -dedupe->window_ms;
}

static bool remembered(const struct dedupe *dedupe, uint64_t hash, int64_t now_ms)
{
	uint32_t found = dedupe->table[find_slot(dedupe, hash)];
	return found && inside(dedupe, dedupe->ring[found - 1].first_ms, now_ms);
}

static uint64_t hash_of(const struct dedupe *dedupe, const char *id)
{
	return siphash24(dedupe->key, id, strlen(id));
}

bool dedupe_seen(struct dedupe *dedupe, const char *id, const char *alt_id, int64_t now_ms)
{
	uint64_t hash = hash_of(dedupe, id);
	if (remembered(dedupe, hash, now_ms) ||
	    (alt_id && alt_id[0] && remembered(dedupe, hash_of(dedupe, alt_id), now_ms)))
		return true;
	while (dedupe->count && !inside(dedupe, dedupe->ring[dedupe->first].first_ms, now_ms))
		forget_oldest(dedupe);
	remember(dedupe, hash, now_ms);
	return false;
}

size_t dedupe_save_size(const struct dedupe *dedupe)
{
	return SAVED_HEAD + SAVED_ID * dedupe->count + BLOCK_TAIL;
}

/* The i-th oldest if it is to be saved, or NULL. */
static const struct memory *worth_saving(const struct dedupe *dedupe, size_t i, int64_t now_ms)
{
	size_t position = position_of(dedupe, i);
	const struct memory *memory = &dedupe->ring[position];
	bool newest = dedupe->table[find_slot(dedupe, memory->hash)] == position + 1;
	return newest && inside(dedupe, memory->first_ms, now_ms) ? memory : NULL;
}

size_t dedupe_save(const struct dedupe *dedupe, int64_t now_ms, uint8_t *bytes, size_t size)
{
	if (size < SAVED_HEAD + BLOCK_TAIL)
		return 0;
	size_t room = (size - SAVED_HEAD - BLOCK_TAIL) / SAVED_ID, count = 0, from = dedupe->count;
	while (from > 0 && count < room)
		count += worth_saving(dedupe, --from, now_ms) != NULL;
	struct block_writer writer;
	block_begin(&writer, bytes, size, MAGIC, VERSION);
	block_put_bytes(&writer, dedupe->key, KEY_SIZE);
	block_put_u64(&writer, (uint64_t)now_ms);
	block_put_u32(&writer, (uint32_t)count);
	for (size_t i = from; i < dedupe->count; i++) {
		const struct memory *memory = worth_saving(dedupe, i, now_ms);
		if (!memory)
			continue;
		block_put_u64(&writer, memory->hash);
		block_put_u32(&writer, (uint32_t)(int32_t)(now_ms - memory->first_ms));
	}
	return block_finish(&writer);
}

bool dedupe_recall(struct dedupe *dedupe, const uint8_t *bytes, size_t size, int64_t now_ms)
{
	struct block_reader reader;
	uint8_t key[KEY_SIZE];
	if (dedupe->count || !block_open(&reader, bytes, size, MAGIC, VERSION))
		return false;
	block_get_bytes(&reader, key, KEY_SIZE);
	int64_t saved_ms = (int64_t)block_get_u64(&reader);
	uint32_t count = block_get_u32(&reader);
	if (reader.failed || (uint64_t)count * SAVED_ID != reader.size - reader.at || saved_ms < 0 ||
	    saved_ms > INT64_MAX / 2)
		return false;
	memcpy(dedupe->key, key, KEY_SIZE);
	for (uint32_t i = 0; i < count; i++) {
		uint64_t hash = block_get_u64(&reader);
		int64_t first_ms = saved_ms - (int32_t)block_get_u32(&reader);
		if (inside(dedupe, first_ms, now_ms))
			remember(dedupe, hash, first_ms);
	}
	return true;
}
