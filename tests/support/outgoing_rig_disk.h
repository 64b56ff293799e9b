/* The store of outgoing_rig.h: what waits for the disk goes when the test lets it, and what is on it survives a kill. */
#pragma once

#include "tests/support/outgoing_rig_state.h"

struct store {
	int nothing;
};
static struct store rig_store;

uint64_t store_new_row(struct store *store)
{
	(void)store;
	return ++rig->next_row;
}
static struct rig_op *rig_queue(int type, uint64_t row)
{
	struct rig_op *op = calloc(1, sizeof(*op)), **end = &rig->ops;
	assert_non_null(op);
	op->type = type;
	op->row = row;
	while (*end)
		end = &(*end)->next;
	return *end = op;
}
RIG_HELPER void rig_free_op(struct rig_op *op)
{
	entry_unref(op->entry);
	free(op->block.bytes);
	free(op);
}
void store_put(struct store *store, struct entry *entry, bool urgent)
{
	(void)store, (void)urgent;
	if (entry->disk == ENTRY_ON_DISK)
		return;
	for (const struct rig_op *op = rig->ops; op; op = op->next)
		if (op->type == RIG_PUT && op->row == entry->row)
			return;
	rig_queue(RIG_PUT, entry->row)->entry = entry_ref(entry);
	entry->disk = ENTRY_WRITING;
}
void store_forget(struct store *store, struct entry *entry)
{
	(void)store;
	bool on_disk = entry->disk == ENTRY_ON_DISK;
	entry->disk = ENTRY_IN_MEMORY;
	for (struct rig_op **at = &rig->ops; *at; at = &(*at)->next) {
		struct rig_op *op = *at;
		if (op->type != RIG_PUT || op->row != entry->row)
			continue;
		*at = op->next;
		rig_free_op(op);
		return;
	}
	if (on_disk)
		rig_queue(RIG_DELETE, entry->row);
}
bool store_keep(struct store *store, const char *name, const void *bytes, size_t size)
{
	(void)store;
	struct rig_op *op = rig_queue(RIG_KEEP, 0);
	snprintf(op->block.name, sizeof(op->block.name), "%s", name);
	op->block.bytes = malloc(size ? size : 1);
	assert_non_null(op->block.bytes);
	memcpy(op->block.bytes, bytes, size);
	op->block.size = size;
	return true;
}
void store_hurry(struct store *store)
{
	(void)store;
}
static struct rig_block *rig_block(const char *name)
{
	for (size_t i = 0; i < RIG_BLOCKS; i++)
		if (!rig->blocks[i].name[0] || strcmp(rig->blocks[i].name, name) == 0)
			return &rig->blocks[i];
	fail_msg("no room for block %s", name);
	return NULL;
}
const void *store_recall(const struct store *store, const char *name, size_t *size)
{
	(void)store;
	const struct rig_block *block = rig_block(name);
	*size = block->size;
	return block->name[0] ? block->bytes : NULL;
}
unsigned store_replaced(const struct store *store)
{
	(void)store;
	return 0;
}
enum store_health store_health(const struct store *store)
{
	(void)store;
	return rig->disk_full ? STORE_FULL : STORE_OK;
}

static struct entry *rig_copy(const struct entry *entry)
{
	struct entry_parts parts = {.class = (enum message_class)entry->class,
				    .kind = (enum message_kind)entry->kind,
				    .outlet = entry_outlet(entry),
				    .id = entry_id(entry),
				    .station = entry_station(entry),
				    .topic = entry_topic(entry),
				    .payload = entry_payload(entry),
				    .payload_size = entry->payload_size,
				    .accepted_at_ms = entry->accepted_at_ms,
				    .expires_at_ms = entry->expires_at_ms};
	struct entry *copy = entry_new(&parts, entry->row);
	assert_non_null(copy);
	return copy;
}

static struct rig_row *rig_row(uint64_t row)
{
	for (size_t i = 0; i < RIG_ROWS; i++)
		if (rig->rows[i].row == row)
			return &rig->rows[i];
	return NULL;
}

static void rig_written(struct rig_op *op)
{
	struct rig_row *row = rig_row(op->type == RIG_PUT ? 0 : op->row);
	if (op->type == RIG_PUT) {
		assert_non_null(row);
		*row = (struct rig_row){op->row, rig_copy(op->entry)};
		op->entry->disk = ENTRY_ON_DISK;
		route_down_stored(&rig->down, op->entry, true);
	} else if (op->type == RIG_DELETE) {
		if (row)
			entry_unref(row->copy);
		if (row)
			*row = (struct rig_row){0};
	} else {
		struct rig_block *block = rig_block(op->block.name);
		free(block->bytes);
		*block = op->block;
		op->block.bytes = NULL;
		receipts_kept(rig->down.receipts, block->name);
		ledger_memory_kept(rig->ledgers, block->name);
		outgoing_wake(rig->down.outgoing);
	}
}

/* The disk answers for so many of what waits for it; a full one says so. */
static void rig_disk(size_t count)
{
	struct rig_op *op;
	for (; count > 0 && !rig->disk_full && (op = rig->ops); count--) {
		rig->ops = op->next;
		rig_written(op);
		rig_free_op(op);
	}
	for (op = rig->ops; rig->disk_full && op;) {
		if (op->type != RIG_PUT || op->told) {
			op = op->next;
			continue;
		}
		struct entry *entry = entry_ref(op->entry);
		op->told = true;
		entry->disk = ENTRY_IN_MEMORY;
		route_down_stored(&rig->down, entry, false);
		entry_unref(entry);
		op = rig->ops; /* what it led to may have taken others out */
	}
}
