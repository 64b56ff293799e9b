/* Records in blocks: 32 of them each, written as a whole when one changes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/block.h"
#include "gateway/receipts_internal.h"

enum {
	MAGIC = 0x54504352, /* "RCPT" */
	VERSION = 1,
	RECORD_SIZE_MAX = 640,
	BLOCK_SIZE_MAX = 64 + RECEIPTS_IN_BLOCK * RECORD_SIZE_MAX,
	NAME_SIZE = 24,
};

static const char *name_of(size_t block, char name[static NAME_SIZE])
{
	snprintf(name, NAME_SIZE, "receipts-%zu", block);
	return name;
}

/* ---- writing ---- */

static void put_record(struct block_writer *writer, const struct record *record)
{
	block_put_text(writer, record->id);
	block_put_u8(writer, (uint8_t)record->what);
	block_put_u8(writer, (uint8_t)record->class);
	block_put_u8(writer, (uint8_t)record->status);
	block_put_u8(writer, (uint8_t)record->final);
	block_put_u8(writer, (uint8_t)record->said);
	block_put_u8(writer, (uint8_t)record->delivered);
	block_put_u8(writer, (uint8_t)(record->turned_away | record->in_memory << 1));
	block_put_u64(writer, record->content);
	block_put_u64(writer, (uint64_t)record->taken_ms);
	for (int i = 0; i < SLOT_COUNT; i++) {
		block_put_u64(writer, (uint64_t)record->at_ms[i]);
		block_put_u8(writer, record->assumed[i]);
		block_put_text(writer, record->radio[i]);
	}
	block_put_text(writer, record->code);
	block_put_text(writer, record->text);
	block_put_u32(writer, record->limit);
	block_put_u64(writer, (uint64_t)record->go_at_ms);
}

static size_t save(const struct receipts *receipts, size_t block, uint8_t *bytes, size_t size)
{
	struct block_writer writer;
	struct record *const *records = receipts->records + block * RECEIPTS_IN_BLOCK;
	uint8_t count = 0;
	for (size_t i = 0; i < RECEIPTS_IN_BLOCK; i++)
		count += records[i] != NULL;
	block_begin(&writer, bytes, size, MAGIC, VERSION);
	block_put_u8(&writer, count);
	for (size_t i = 0; i < RECEIPTS_IN_BLOCK; i++)
		if (records[i])
			put_record(&writer, records[i]);
	return block_finish(&writer);
}

/* What is in the block now survives once the disk answers for it; at once where there is none to wait for. */
static void mark(struct receipts *receipts, size_t block, bool at_once)
{
	for (size_t i = block * RECEIPTS_IN_BLOCK; i < (block + 1) * RECEIPTS_IN_BLOCK; i++) {
		struct record *record = receipts->records[i];
		if (!record)
			continue;
		record->asked = record->said | 1u << SLOT_QUEUED;
		if (at_once)
			record->kept |= record->asked;
	}
}

static bool keep_block(const struct receipts *receipts, size_t block)
{
	char name[NAME_SIZE];
	uint8_t *bytes = malloc(BLOCK_SIZE_MAX);
	size_t size = bytes ? save(receipts, block, bytes, BLOCK_SIZE_MAX) : 0;
	bool waits = size > 0 && receipts->hooks.keep(receipts->hooks.context, name_of(block, name), bytes, size);
	free(bytes);
	return waits;
}

/* from: the oldest change in it that does not survive yet. */
static void write_block(struct receipts *receipts, size_t block, uint64_t from)
{
	bool waits = keep_block(receipts, block);
	receipts->blocks[block] = (struct block){
	    .writing = waits, .writing_from = from, .writing_ms = receipts->now_ms};
	mark(receipts, block, !waits);
}

/* Always handed over at once, so that it is on disk before what is deleted later. But while an answer is awaited nobody can tell whether it
 * will be that of the older one. */
void receipts_write(struct receipts *receipts, size_t index)
{
	size_t block = index / RECEIPTS_IN_BLOCK;
	struct block *state = &receipts->blocks[block];
	uint64_t change = ++receipts->changes;
	if (!state->writing) {
		write_block(receipts, block, change);
		return;
	}
	if (!state->changed)
		state->changed_from = change;
	state->changed = true;
	keep_block(receipts, block);
}

void receipts_kept(struct receipts *receipts, const char *name)
{
	unsigned block = RECEIPTS_BLOCKS;
	if (sscanf(name, "receipts-%u", &block) != 1 || block >= RECEIPTS_BLOCKS || !receipts->blocks[block].writing)
		return;
	struct block *state = &receipts->blocks[block];
	for (size_t i = block * RECEIPTS_IN_BLOCK; i < (size_t)(block + 1) * RECEIPTS_IN_BLOCK; i++)
		if (receipts->records[i])
			receipts->records[i]->kept |= receipts->records[i]->asked;
	state->writing = false;
	if (state->changed)
		write_block(receipts, block, state->changed_from);
	receipts_publish_block(receipts, block);
}

/* ---- reading ---- */

static void get_record(struct block_reader *reader, struct record *record)
{
	block_get_text(reader, record->id, sizeof(record->id));
	record->what = block_get_u8(reader);
	record->class = block_get_u8(reader);
	record->status = block_get_u8(reader);
	record->final = block_get_u8(reader);
	record->said = block_get_u8(reader);
	record->delivered = block_get_u8(reader);
	uint8_t flags = block_get_u8(reader);
	record->turned_away = flags & 1;
	record->in_memory = flags & 2;
	record->content = block_get_u64(reader);
	record->taken_ms = (int64_t)block_get_u64(reader);
	for (int i = 0; i < SLOT_COUNT; i++) {
		record->at_ms[i] = (int64_t)block_get_u64(reader);
		record->assumed[i] = block_get_u8(reader);
		block_get_text(reader, record->radio[i], sizeof(record->radio[i]));
	}
	block_get_text(reader, record->code, sizeof(record->code));
	block_get_text(reader, record->text, sizeof(record->text));
	record->limit = block_get_u32(reader);
	record->go_at_ms = (int64_t)block_get_u64(reader);
	record->kept = record->said;
	record->former = true;
}

static bool is_sound(const struct record *record)
{
	bool final = record->said & 1u << SLOT_FINAL;
	return record->id[0] && record->what < COMMAND_NOTHING && record->class < CLASS_COUNT &&
	       record->status <= STATUS_SYSTEM && record->final <= RECEIPT_CANCELLED &&
	       record->said < 1u << SLOT_COUNT && final == (record->final >= RECEIPT_CONFIRMED);
}

/* Where those of this run have left no place, it is let go. */
static void place(struct receipts *receipts, size_t block, const struct record *read)
{
	size_t index, first = block * RECEIPTS_IN_BLOCK;
	if (receipts_record(receipts, read->id, &index))
		return;
	for (index = first; index < first + RECEIPTS_IN_BLOCK && receipts->records[index];)
		index++;
	struct record *record = index < first + RECEIPTS_IN_BLOCK ? malloc(sizeof(*record)) : NULL;
	if (!record)
		return;
	*record = *read;
	receipts->records[index] = record;
}

static bool read_block(struct receipts *receipts, size_t block, const void *bytes, size_t size)
{
	struct block_reader reader;
	struct record records[RECEIPTS_IN_BLOCK] = {0};
	if (!block_open(&reader, bytes, size, MAGIC, VERSION))
		return false;
	unsigned count = block_get_u8(&reader);
	if (count > RECEIPTS_IN_BLOCK)
		return false;
	for (unsigned i = 0; i < count; i++) {
		get_record(&reader, &records[i]);
		if (reader.failed || !is_sound(&records[i]))
			return false;
	}
	if (!block_ended(&reader))
		return false;
	for (unsigned i = 0; i < count; i++)
		place(receipts, block, &records[i]);
	return true;
}

void receipts_read_blocks(struct receipts *receipts)
{
	for (size_t block = 0; block < RECEIPTS_BLOCKS; block++) {
		char name[NAME_SIZE];
		size_t size = 0;
		const void *bytes = receipts->hooks.recall(receipts->hooks.context, name_of(block, name), &size);
		if (bytes && !read_block(receipts, block, bytes, size))
			receipts->damaged->value++;
	}
}
