/* The blocks of the store that keep field frames from repeating: who writes them when. */
#include "gateway/field_memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "gateway/clock.h"
#include "gateway/counter_blocks.h"
#include "gateway/dedupe.h"
#include "gateway/log.h"
#include "gateway/replay.h"

enum {
	WINDOWS = 4096,
	ADDRESSEES = 4096,
	RAISED = 1024,
	SAVE_EVERY = 2048,        /* frames between two saves, */
	FRAME_BYTES = 4,          /* and so many that the block is no more than this for each */
	SAVE_AFTER_MS = 600000,   /* nor later than this, where frames are few */
	URGENT_SPACING_MS = 1000, /* between two saves for urgent messages */
	DISK_PATIENCE_US = 5000000,
};
#define RAISED_MS INT32_MAX /* 24 days */

struct field_memory {
	struct store *store;
	struct replay *replay;
	struct dedupe *raised;
	struct counter_blocks *blocks;
	size_t taken;               /* since the windows were kept */
	int64_t kept_ms, first_ms;  /* first_ms: of those taken since */
	bool replay_owed, numbered; /* numbered: a counter was asked for in this run */
	int64_t waiting_us;         /* since when the disk owes a block of counters, 0 = it does not */
	struct counter *given_way, *in_memory;
};

/* ---- keeping ---- */

static void keep_windows(struct field_memory *memory)
{
	size_t size = replay_save_size(memory->replay);
	uint8_t *bytes = malloc(size);
	if (!bytes)
		return;
	store_keep(memory->store, "replay", bytes, replay_save(memory->replay, bytes, size));
	free(bytes);
	memory->taken = 0;
	memory->replay_owed = false;
	memory->kept_ms = clock_steady_ms();
}

static void keep_raised(struct field_memory *memory)
{
	size_t size = dedupe_save_size(memory->raised);
	uint8_t *bytes = malloc(size);
	if (!bytes)
		return;
	store_keep(memory->store, "stale", bytes, dedupe_save(memory->raised, clock_steady_ms(), bytes, size));
	free(bytes);
}

/* Asks the disk for what is wanted; used only when field_memory_kept has said that it is there. */
static void ask_for_blocks(struct field_memory *memory)
{
	if (!counter_blocks_wanted(memory->blocks))
		return;
	size_t size = counter_blocks_save_size(memory->blocks);
	uint8_t *bytes = malloc(size);
	if (!bytes)
		return;
	size = counter_blocks_save(memory->blocks, bytes, size);
	if (store_keep(memory->store, "counters", bytes, size))
		store_hurry(memory->store);
	else
		counter_blocks_written(memory->blocks, false);
	free(bytes);
}

static void close_blocks(struct field_memory *memory)
{
	size_t size = counter_blocks_save_size(memory->blocks);
	uint8_t *bytes = malloc(size);
	if (bytes)
		store_keep(memory->store, "counters", bytes, counter_blocks_close(memory->blocks, bytes, size));
	free(bytes);
}

void field_memory_kept(struct field_memory *memory, const char *name)
{
	if (strcmp(name, "counters") != 0)
		return;
	memory->waiting_us = 0;
	counter_blocks_written(memory->blocks, true);
	ask_for_blocks(memory);
}

/* ---- recalling ---- */

static void recall(struct field_memory *memory)
{
	size_t size;
	const void *bytes = store_recall(memory->store, "replay", &size);
	if (bytes && !replay_recall(memory->replay, bytes, size))
		log_error("store: the memory of field frames heard is damaged and starts empty; for now recorded "
			  "frames can be "
			  "played back once");
	bytes = store_recall(memory->store, "counters", &size);
	if (bytes && !counter_blocks_recall(memory->blocks, bytes, size))
		log_error(
		    "store: the gateway's own counters are damaged; they go on by the clock. Stations that refuse what "
		    "this gateway sends need a new key: cresset key rotate");
}

static void recall_raised(struct field_memory *memory)
{
	size_t size;
	const void *bytes = store_recall(memory->store, "stale", &size);
	if (bytes && !dedupe_recall(memory->raised, bytes, size, clock_steady_ms()))
		log_warning("store: the memory of distress raised late is damaged and starts empty");
}

void field_memory_recall_late(struct field_memory *memory)
{
	recall(memory);
	memory->replay_owed = true;
}

/* ---- life ---- */

struct field_memory *field_memory_new(struct store *store, struct counters *counters)
{
	uint32_t random;
	struct field_memory *memory = calloc(1, sizeof(*memory));
	if (!memory || getrandom(&random, sizeof(random), 0) != sizeof(random)) {
		free(memory);
		return NULL;
	}
	memory->replay = replay_new(WINDOWS);
	memory->raised = dedupe_new(RAISED, RAISED_MS);
	memory->blocks = counter_blocks_new(ADDRESSEES, random);
	if (!memory->replay || !memory->raised || !memory->blocks) {
		field_memory_free(memory);
		return NULL;
	}
	memory->store = store;
	memory->given_way = counters_get(counters, "field", "windows_given_way");
	memory->in_memory = counters_get(counters, "field", "counters_in_memory");
	recall(memory);
	recall_raised(memory);
	return memory;
}

void field_memory_free(struct field_memory *memory)
{
	if (!memory)
		return;
	if (memory->store && (memory->taken || memory->replay_owed))
		keep_windows(memory);
	if (memory->store && memory->numbered)
		close_blocks(memory);
	replay_free(memory->replay);
	dedupe_free(memory->raised);
	counter_blocks_free(memory->blocks);
	free(memory);
}

/* ---- in between ---- */

int field_memory_take(struct field_memory *memory, uint16_t station, uint8_t epoch, uint32_t counter)
{
	int result = replay_take(memory->replay, station, epoch, counter);
	memory->given_way->value = replay_given_way(memory->replay);
	if (result < 0)
		return result;
	if (memory->taken++ == 0)
		memory->first_ms = clock_steady_ms();
	if (memory->taken >= SAVE_EVERY && memory->taken * FRAME_BYTES >= replay_save_size(memory->replay))
		keep_windows(memory);
	return 0;
}

/* Whether it is worth waiting for the disk. */
static bool disk_answers(const struct field_memory *memory)
{
	if (store_health(memory->store) != STORE_OK)
		return false;
	return !memory->waiting_us || clock_mono_us() - memory->waiting_us < DISK_PATIENCE_US;
}

int field_memory_next(struct field_memory *memory, uint16_t addressee, uint8_t epoch, uint32_t *counter)
{
	bool disk = disk_answers(memory);
	memory->numbered = true;
	int result = counter_blocks_next(memory->blocks, addressee, epoch, clock_wall_ms(), disk, counter);
	if (result == -EAGAIN && !memory->waiting_us)
		memory->waiting_us = clock_mono_us();
	if (result == -EOVERFLOW)
		log_error("field: all counters towards station %u are used up; give it a new key: cresset key rotate",
			  addressee);
	memory->in_memory->value += result == 0 && !disk;
	ask_for_blocks(memory);
	return result;
}

bool field_memory_raised(struct field_memory *memory, const struct message *message)
{
	if (dedupe_seen(memory->raised, message->id, "", clock_steady_ms()))
		return true;
	/* Before the message, so that both are in one group of the store. */
	keep_raised(memory);
	return false;
}

void field_memory_urgent(struct field_memory *memory)
{
	if (!memory->taken)
		return;
	int64_t now_ms = clock_steady_ms();
	if (now_ms - memory->kept_ms >= URGENT_SPACING_MS || now_ms < memory->kept_ms)
		keep_windows(memory);
	else
		memory->replay_owed = true;
}

void field_memory_tick(struct field_memory *memory)
{
	if (memory->replay_owed || (memory->taken && clock_steady_ms() - memory->first_ms >= SAVE_AFTER_MS))
		keep_windows(memory);
	ask_for_blocks(memory);
}
