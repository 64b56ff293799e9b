/* Which commands are remembered: their places, and which gives way to a new one. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/receipts_internal.h"

struct record *receipts_record(const struct receipts *receipts, const char *id, size_t *index)
{
	for (size_t i = 0; i < RECEIPTS_PLACES; i++)
		if (receipts->records[i] && strcmp(receipts->records[i]->id, id) == 0) {
			*index = i;
			return receipts->records[i];
		}
	return NULL;
}

void receipts_remove(struct receipts *receipts, size_t index)
{
	free(receipts->records[index]);
	receipts->records[index] = NULL;
}

void receipts_write_later(struct receipts *receipts, size_t index)
{
	struct block *block = &receipts->blocks[index / RECEIPTS_IN_BLOCK];
	if (!block->lazy_ms)
		block->lazy_ms = receipts->now_ms > 0 ? receipts->now_ms : 1;
}

int receipts_find(const struct receipts *receipts, const char *id, uint64_t content)
{
	size_t index;
	const struct record *record = receipts_record(receipts, id, &index);
	if (!record)
		return 0;
	/* Of a message that was loaded and in no block the content is not known. */
	return record->content == content || !record->content ? -EEXIST : -EADDRINUSE;
}

int receipts_final(const struct receipts *receipts, const char *id, enum receipt_stage *stage)
{
	size_t index;
	const struct record *record = receipts_record(receipts, id, &index);
	if (!record)
		return -ENOENT;
	*stage = record_has_final(record) ? record->final : RECEIPT_QUEUED;
	return 0;
}

/* ---- who gives way ---- */

/* Turned away, and whoever gave it may not know yet. */
static bool is_unheard_refusal(const struct record *record)
{
	return record->turned_away && !(record->delivered & BIT(SLOT_FINAL));
}

/* How easily a command that is over is forgotten: what the broker may not have yet last. */
static int rank(const struct record *record)
{
	if (is_unheard_refusal(record))
		return 3;
	return record->turned_away ? 0 : record->delivered & BIT(SLOT_FINAL) ? 1 : 2;
}

/* That may be forgotten. */
static bool is_over(const struct record *record)
{
	return record_has_final(record) && !is_unheard_refusal(record);
}

static size_t count_over(const struct receipts *receipts)
{
	size_t count = 0;
	for (size_t i = 0; i < RECEIPTS_PLACES; i++)
		count += receipts->records[i] && is_over(receipts->records[i]);
	return count;
}

size_t receipts_refused(const struct receipts *receipts)
{
	size_t count = 0;
	for (size_t i = 0; i < RECEIPTS_PLACES; i++)
		count += receipts->records[i] && is_unheard_refusal(receipts->records[i]);
	return count;
}

static bool goes_before(const struct record *one, const struct record *other)
{
	return rank(one) != rank(other) ? rank(one) < rank(other) : one->taken_ms < other->taken_ms;
}

/* False: all are under way. */
static bool give_way(struct receipts *receipts)
{
	size_t first = RECEIPTS_PLACES;
	for (size_t i = 0; i < RECEIPTS_PLACES; i++) {
		const struct record *record = receipts->records[i];
		if (record && record_has_final(record) &&
		    (first == RECEIPTS_PLACES || goes_before(record, receipts->records[first])))
			first = i;
	}
	if (first == RECEIPTS_PLACES)
		return false;
	receipts_remove(receipts, first);
	receipts_write_later(receipts, first);
	receipts->given_way->value++;
	return true;
}

/* Refusals whose receipts got through together may be many more than one. */
static void make_room(struct receipts *receipts)
{
	for (size_t over = count_over(receipts); over >= RECEIPTS_MAX; over--)
		give_way(receipts);
}

/* ---- places ---- */

/* One after the other, so that what changes lately shares a block. RECEIPTS_PLACES: there is none. */
static size_t free_place(struct receipts *receipts)
{
	for (size_t i = 0; i < RECEIPTS_PLACES; i++) {
		size_t index = (receipts->next + i) % RECEIPTS_PLACES;
		if (!receipts->records[index]) {
			receipts->next = (index + 1) % RECEIPTS_PLACES;
			return index;
		}
	}
	return RECEIPTS_PLACES;
}

static size_t find_place(struct receipts *receipts)
{
	make_room(receipts);
	size_t index = free_place(receipts);
	if (index == RECEIPTS_PLACES && give_way(receipts))
		index = free_place(receipts);
	return index;
}

int receipts_add(struct receipts *receipts, const struct receipts_command *command, size_t *index)
{
	struct record *record = calloc(1, sizeof(*record));
	if (!record)
		return -ENOMEM;
	*index = find_place(receipts);
	if (*index == RECEIPTS_PLACES) {
		free(record);
		return -ENOSPC;
	}
	snprintf(record->id, sizeof(record->id), "%s", command->id);
	record->what = command->what;
	record->class = command->class;
	record->status = command->status;
	record->content = command->content;
	record->taken_ms = receipts->now_ms;
	record->at_ms[SLOT_QUEUED] = command->taken_at_ms;
	receipts->records[*index] = record;
	return 0;
}

int receipts_take(struct receipts *receipts, const struct receipts_command *command, bool turned_away, int64_t now_ms)
{
	size_t index;
	receipts->now_ms = now_ms;
	int result = receipts_add(receipts, command, &index);
	if (result < 0)
		return result;
	receipts->records[index]->turned_away = turned_away;
	/* Of one that is turned away the final receipt follows at once, and is written then. */
	if (!turned_away)
		receipts_write(receipts, index);
	return 0;
}

void receipts_forget(struct receipts *receipts, const char *id)
{
	size_t index;
	if (!receipts_record(receipts, id, &index))
		return;
	receipts_remove(receipts, index);
	receipts_write(receipts, index);
}
