/* Counters in blocks: a short table, looked through from end to end, for a radio sends a few frames a second at most. */
#include "gateway/counter_blocks.h"

#include <errno.h>
#include <stdlib.h>

#include "gateway/block.h"

enum {
	MAGIC = 0x42435243, /* "CRCB" */
	VERSION = 1,
	SAVED_HEAD = BLOCK_HEAD + 4 + 4, /* highest that gave way, count */
	SAVED_ROW = 4 + 4,               /* addressee and epoch, with OPEN; first that is not reserved */
	KEY_MASK = 0xffffff,
	OPEN = 1 << 24, /* the run that wrote it may have gone further */
	RANDOM_JUMPS = 1024,
	TICK_MS = 250, /* of the clock's numbers: 4 a second */
};
#define EPOCH_START_MS 1735689600000 /* 2025-01-01 00:00:00 UTC */

struct row {
	uint32_t key;   /* addressee, and epoch << 16 */
	uint32_t next;  /* number to be given next; before `started` what was kept by a former run */
	uint32_t limit; /* numbers below it are reserved on disk */
	uint32_t asked; /* the same, as soon as what is being written is on disk */
	uint32_t used;  /* stamp of the last use */
	bool started;   /* by this run */
	bool open;      /* not started: the former run may have gone beyond `next` */
	bool wants;     /* another block */
};

struct counter_blocks {
	size_t capacity, count;
	uint32_t random, stamp;
	uint32_t given_way; /* no new row begins below it */
	bool recalled, writing;
	struct row rows[];
};

struct counter_blocks *counter_blocks_new(size_t rows, uint32_t random)
{
	size_t capacity = rows < 1 ? 1 : rows > COUNTER_ROWS_MAX ? COUNTER_ROWS_MAX : rows;
	struct counter_blocks *blocks = calloc(1, sizeof(*blocks) + capacity * sizeof(blocks->rows[0]));
	if (!blocks)
		return NULL;
	blocks->capacity = capacity;
	blocks->random = random;
	return blocks;
}

void counter_blocks_free(struct counter_blocks *blocks)
{
	free(blocks);
}

static uint32_t add(uint32_t number, uint64_t more)
{
	return number + more > UINT32_MAX ? UINT32_MAX : (uint32_t)(number + more);
}

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* ---- rows ---- */

static struct row *find(struct counter_blocks *blocks, uint32_t key)
{
	for (size_t i = 0; i < blocks->count; i++)
		if (blocks->rows[i].key == key)
			return &blocks->rows[i];
	return NULL;
}

static struct row *oldest(struct counter_blocks *blocks)
{
	struct row *found = &blocks->rows[0];
	for (size_t i = 1; i < blocks->count; i++)
		if (blocks->rows[i].used < found->used)
			found = &blocks->rows[i];
	return found;
}

static struct row *claim(struct counter_blocks *blocks)
{
	if (blocks->count < blocks->capacity)
		return &blocks->rows[blocks->count++];
	struct row *row = oldest(blocks);
	uint32_t beyond = larger(larger(row->limit, row->asked), row->next);
	if (!row->started && row->open)
		beyond = add(beyond, COUNTER_JUMP);
	blocks->given_way = larger(blocks->given_way, beyond);
	return row;
}

static struct row *find_or_add(struct counter_blocks *blocks, uint32_t key)
{
	struct row *row = find(blocks, key);
	if (row)
		return row;
	row = claim(blocks);
	*row = (struct row){.key = key, .next = blocks->given_way};
	return row;
}

/* ---- the beginning of a row in this run ---- */

static uint32_t number_of_clock(int64_t wall_ms)
{
	return wall_ms <= EPOCH_START_MS ? 0 : add(0, (uint64_t)(wall_ms - EPOCH_START_MS) / TICK_MS);
}

static uint32_t beginning(const struct counter_blocks *blocks, const struct row *row, int64_t wall_ms, bool disk)
{
	uint32_t clock = number_of_clock(wall_ms);
	if (clock > row->next)
		return clock;
	bool exact = blocks->recalled && disk;
	uint64_t jumps = exact && !row->open ? 0 : 1;
	if (clock == 0 && !exact)
		jumps += 1 + blocks->random % RANDOM_JUMPS; /* one is where a run with a disk begins */
	/* Near the end only what is reserved counts: better a small step than none. */
	uint64_t begin = row->next + jumps * COUNTER_JUMP;
	return begin < UINT32_MAX - COUNTER_JUMP ? (uint32_t)begin : row->next;
}

static void start(const struct counter_blocks *blocks, struct row *row, int64_t wall_ms, bool disk)
{
	row->next = row->limit = row->asked = beginning(blocks, row, wall_ms, disk);
	row->started = true;
}

int counter_blocks_next(struct counter_blocks *blocks, uint16_t addressee, uint8_t epoch, int64_t wall_ms, bool disk,
			uint32_t *counter)
{
	struct row *row = find_or_add(blocks, addressee | (uint32_t)epoch << 16);
	row->used = ++blocks->stamp;
	if (!row->started)
		start(blocks, row, wall_ms, disk);
	if (row->next == UINT32_MAX)
		return -EOVERFLOW;
	if (row->limit < add(row->next, COUNTER_BLOCK / 2))
		row->wants = true;
	if (row->next >= row->limit && disk)
		return -EAGAIN;
	*counter = row->next++;
	return 0;
}

/* ---- on disk ---- */

bool counter_blocks_wanted(const struct counter_blocks *blocks)
{
	for (size_t i = 0; i < blocks->count && !blocks->writing; i++)
		if (blocks->rows[i].wants)
			return true;
	return false;
}

size_t counter_blocks_save_size(const struct counter_blocks *blocks)
{
	return SAVED_HEAD + SAVED_ROW * blocks->count + BLOCK_TAIL;
}

static void begin_block(struct block_writer *writer, const struct counter_blocks *blocks, uint8_t *bytes, size_t size)
{
	block_begin(writer, bytes, size, MAGIC, VERSION);
	block_put_u32(writer, blocks->given_way);
	block_put_u32(writer, (uint32_t)blocks->count);
}

size_t counter_blocks_save(struct counter_blocks *blocks, uint8_t *bytes, size_t size)
{
	struct block_writer writer;
	if (size < counter_blocks_save_size(blocks))
		return 0;
	begin_block(&writer, blocks, bytes, size);
	for (size_t i = 0; i < blocks->count; i++) {
		struct row *row = &blocks->rows[i];
		if (row->wants)
			row->asked = add(row->next, COUNTER_BLOCK);
		row->wants = false;
		bool open = row->started || row->open;
		block_put_u32(&writer, row->key | (open ? OPEN : 0));
		block_put_u32(&writer, row->started ? larger(row->asked, row->next) : row->next);
	}
	blocks->writing = true;
	return block_finish(&writer);
}

void counter_blocks_written(struct counter_blocks *blocks, bool on_disk)
{
	blocks->writing = false;
	for (size_t i = 0; i < blocks->count; i++) {
		struct row *row = &blocks->rows[i];
		if (row->asked <= row->limit)
			continue;
		if (on_disk)
			row->limit = row->asked;
		else
			row->wants = true;
	}
}

size_t counter_blocks_close(struct counter_blocks *blocks, uint8_t *bytes, size_t size)
{
	struct block_writer writer;
	begin_block(&writer, blocks, bytes, size);
	for (size_t i = 0; i < blocks->count; i++) {
		const struct row *row = &blocks->rows[i];
		block_put_u32(&writer, row->key | (!row->started && row->open ? OPEN : 0));
		block_put_u32(&writer, row->next);
	}
	return block_finish(&writer);
}

/* What a former run may have given out; numbers of this run are beyond it. */
static void recall_row(struct counter_blocks *blocks, uint32_t saved, uint32_t next)
{
	struct row *row = find_or_add(blocks, saved & KEY_MASK);
	bool open = saved & OPEN;
	if (row->started) {
		row->next = larger(row->next, add(next, open ? COUNTER_JUMP : 0));
	} else if (next >= row->next) {
		row->next = next;
		row->open = open;
	}
}

bool counter_blocks_recall(struct counter_blocks *blocks, const uint8_t *bytes, size_t size)
{
	struct block_reader reader;
	if (!block_open(&reader, bytes, size, MAGIC, VERSION))
		return false;
	uint32_t given_way = block_get_u32(&reader), count = block_get_u32(&reader);
	if (reader.failed || (uint64_t)count * SAVED_ROW != reader.size - reader.at)
		return false;
	blocks->given_way = larger(blocks->given_way, given_way);
	for (uint32_t i = 0; i < count; i++) {
		uint32_t saved = block_get_u32(&reader);
		recall_row(blocks, saved, block_get_u32(&reader));
	}
	blocks->recalled = true;
	return true;
}
