/* Replay windows: a table of chains by station, and a list by last use. */
#include "gateway/replay.h"

#include <errno.h>
#include <stdlib.h>

#include "gateway/block.h"

enum {
	MAGIC = 0x50525243, /* "CRRP" */
	VERSION = 1,
	SAVED_HEAD = BLOCK_HEAD + 4, /* count */
	SAVED_WINDOW = 4 + 4 + 8,    /* station and epoch, highest, seen */
	CHAINS = 1024,
	NONE = UINT16_MAX,
};

struct window {
	uint64_t seen; /* bit i: highest - 1 - i was taken */
	uint32_t key;  /* station, and epoch << 16 */
	uint32_t highest;
	uint16_t next;         /* in its chain */
	uint16_t newer, older; /* by last use */
};

struct replay {
	size_t capacity, count;
	uint64_t given_way;
	uint16_t newest, oldest;
	uint16_t chains[CHAINS];
	struct window windows[];
};

struct replay *replay_new(size_t windows)
{
	size_t capacity = windows < 1 ? 1 : windows > REPLAY_WINDOWS_MAX ? REPLAY_WINDOWS_MAX : windows;
	/* Memory that was never touched costs nothing: a base has dozens of stations, not thousands. */
	struct replay *replay = calloc(1, sizeof(*replay) + capacity * sizeof(replay->windows[0]));
	if (!replay)
		return NULL;
	replay->capacity = capacity;
	replay->newest = replay->oldest = NONE;
	for (size_t i = 0; i < CHAINS; i++)
		replay->chains[i] = NONE;
	return replay;
}

void replay_free(struct replay *replay)
{
	free(replay);
}

/* ---- finding ---- */

static uint32_t key_of(uint16_t station, uint8_t epoch)
{
	return station | (uint32_t)epoch << 16;
}

static uint16_t *chain_of(struct replay *replay, uint32_t key)
{
	return &replay->chains[(key ^ key >> 16) % CHAINS];
}

static uint16_t find(struct replay *replay, uint32_t key)
{
	uint16_t at = *chain_of(replay, key);
	while (at != NONE && replay->windows[at].key != key)
		at = replay->windows[at].next;
	return at;
}

static void unlink_chain(struct replay *replay, uint16_t at)
{
	uint16_t *link = chain_of(replay, replay->windows[at].key);
	while (*link != at)
		link = &replay->windows[*link].next;
	*link = replay->windows[at].next;
}

static void unlink_use(struct replay *replay, uint16_t at)
{
	struct window *window = &replay->windows[at];
	*(window->newer == NONE ? &replay->newest : &replay->windows[window->newer].older) = window->older;
	*(window->older == NONE ? &replay->oldest : &replay->windows[window->older].newer) = window->newer;
}

static void make_newest(struct replay *replay, uint16_t at)
{
	struct window *window = &replay->windows[at];
	window->newer = NONE;
	window->older = replay->newest;
	*(replay->newest == NONE ? &replay->oldest : &replay->windows[replay->newest].newer) = at;
	replay->newest = at;
}

/* A place for a new window: a free one, or that of the window not used for longest. */
static uint16_t claim(struct replay *replay)
{
	if (replay->count < replay->capacity)
		return (uint16_t)replay->count++;
	uint16_t at = replay->oldest;
	unlink_chain(replay, at);
	unlink_use(replay, at);
	replay->given_way++;
	return at;
}

static void add(struct replay *replay, uint32_t key, uint32_t highest, uint64_t seen)
{
	uint16_t at = claim(replay), *chain = chain_of(replay, key);
	replay->windows[at] = (struct window){.seen = seen, .key = key, .highest = highest, .next = *chain};
	*chain = at;
	make_newest(replay, at);
}

/* ---- the window ---- */

/* What was seen below a highest counter, as seen from one that is `ahead` of it. */
static uint64_t moved(uint64_t seen, uint32_t ahead)
{
	if (ahead == 0)
		return seen;
	if (ahead > REPLAY_WINDOW)
		return 0;
	uint64_t below = ahead < REPLAY_WINDOW ? seen << ahead : 0;
	return below | (uint64_t)1 << (ahead - 1);
}

static int take(struct window *window, uint32_t counter)
{
	if (counter > window->highest) {
		window->seen = moved(window->seen, counter - window->highest);
		window->highest = counter;
		return 0;
	}
	uint32_t behind = window->highest - counter;
	if (behind > REPLAY_WINDOW)
		return -ESTALE;
	uint64_t bit = behind ? (uint64_t)1 << (behind - 1) : 0;
	if (behind == 0 || window->seen & bit)
		return -EEXIST;
	window->seen |= bit;
	return 0;
}

int replay_take(struct replay *replay, uint16_t station, uint8_t epoch, uint32_t counter)
{
	uint32_t key = key_of(station, epoch);
	uint16_t at = find(replay, key);
	if (at == NONE) {
		add(replay, key, counter, 0);
		return 0;
	}
	if (at != replay->newest) {
		unlink_use(replay, at);
		make_newest(replay, at);
	}
	return take(&replay->windows[at], counter);
}

uint64_t replay_given_way(const struct replay *replay)
{
	return replay->given_way;
}

/* ---- across restarts ---- */

size_t replay_save_size(const struct replay *replay)
{
	return SAVED_HEAD + SAVED_WINDOW * replay->count + BLOCK_TAIL;
}

size_t replay_save(const struct replay *replay, uint8_t *bytes, size_t size)
{
	struct block_writer writer;
	block_begin(&writer, bytes, size, MAGIC, VERSION);
	block_put_u32(&writer, (uint32_t)replay->count);
	for (uint16_t at = replay->oldest; at != NONE; at = replay->windows[at].newer) {
		block_put_u32(&writer, replay->windows[at].key);
		block_put_u32(&writer, replay->windows[at].highest);
		block_put_u64(&writer, replay->windows[at].seen);
	}
	return block_finish(&writer);
}

/* Both what the window knows and what was saved. */
static void merge(struct window *window, uint32_t highest, uint64_t seen)
{
	uint32_t top = highest > window->highest ? highest : window->highest;
	window->seen = moved(window->seen, top - window->highest) | moved(seen, top - highest);
	window->highest = top;
}

bool replay_recall(struct replay *replay, const uint8_t *bytes, size_t size)
{
	struct block_reader reader;
	if (!block_open(&reader, bytes, size, MAGIC, VERSION))
		return false;
	uint32_t count = block_get_u32(&reader);
	if (reader.failed || (uint64_t)count * SAVED_WINDOW != reader.size - reader.at)
		return false;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t key = block_get_u32(&reader) & 0xffffff, highest = block_get_u32(&reader);
		uint64_t seen = block_get_u64(&reader);
		uint16_t at = find(replay, key);
		if (at == NONE)
			add(replay, key, highest, seen);
		else
			merge(&replay->windows[at], highest, seen);
	}
	return true;
}
