/* What was said of each command, and what may still be said. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/receipts_internal.h"

enum {
	REMEMBER_MS = 24 * 3600 *
		      1000,  /* behind the end, as long as a broker keeps commands for a gateway that is away */
	DISK_WAIT_MS = 5000, /* a disk that takes longer counts as away */
	LAZY_MS = 60000,
};

/* No message waits longer (classify_message_expiry_ms). */
#define LIFE_MAX_MS (INT64_C(31) * REMEMBER_MS)

/* ---- saying ---- */

static enum slot slot_of(const struct receipt *receipt)
{
	if (receipt->stage == RECEIPT_QUEUED)
		return receipt->go_at_ms ? SLOT_DELAYED : SLOT_QUEUED;
	return receipt->stage == RECEIPT_ON_AIR ? SLOT_ON_AIR : SLOT_FINAL;
}

static void publish(struct receipts *receipts, struct record *record, enum slot slot)
{
	static const enum receipt_stage stages[] = {RECEIPT_QUEUED, RECEIPT_QUEUED, RECEIPT_ON_AIR};
	struct receipt receipt = {.command = record->id,
				  .stage = slot == SLOT_FINAL ? record->final : stages[slot],
				  .assumed = record->assumed[slot],
				  .class = record->class,
				  .status = record->status,
				  .at_ms = record->at_ms[slot],
				  .go_at_ms = slot == SLOT_DELAYED ? record->go_at_ms : 0,
				  .in_memory = slot == SLOT_QUEUED && record->in_memory};
	if (slot == SLOT_FINAL) {
		receipt.code = record->code;
		receipt.text = record->text;
		receipt.limit = record->limit;
	}
	record->published |= BIT(slot);
	record->dropped &= ~BIT(slot);
	receipts->hooks.publish(receipts->hooks.context, record->what, &receipt, record->radio[slot]);
}

/* slots: bits. */
static void publish_slots(struct receipts *receipts, struct record *record, unsigned slots)
{
	for (int slot = 0; slot < SLOT_COUNT; slot++)
		if (slots & BIT(slot))
			publish(receipts, record, (enum slot)slot);
}

void receipts_publish_block(struct receipts *receipts, size_t block)
{
	for (size_t i = block * RECEIPTS_IN_BLOCK; i < (block + 1) * RECEIPTS_IN_BLOCK; i++) {
		struct record *record = receipts->records[i];
		if (record)
			publish_slots(receipts, record,
				      record->said & record->kept & ~record->published & ~record->delivered);
	}
}

/* Nothing is said twice, nor after what comes later. */
static bool may_say(struct receipts *receipts, const struct record *record, enum slot slot)
{
	if (record->said < BIT(slot))
		return true;
	if (slot == SLOT_FINAL)
		receipts->second_final->value++;
	else
		receipts->said_before->value++;
	return false;
}

/* By the wall clock, which may have been set in between. */
static int64_t lasted_ms(const struct record *record)
{
	int64_t lasted_ms = record->at_ms[SLOT_FINAL] - record->at_ms[SLOT_QUEUED];
	return lasted_ms < 0 ? 0 : lasted_ms > LIFE_MAX_MS ? LIFE_MAX_MS : lasted_ms;
}

/* now_ms: of the steady clock. */
static void note(struct record *record, const struct receipt *receipt, const char *radio, int64_t now_ms)
{
	enum slot slot = slot_of(receipt);
	record->said |= BIT(slot);
	record->assumed[slot] = receipt->assumed;
	snprintf(record->radio[slot], sizeof(record->radio[slot]), "%s", radio ? radio : "");
	if (slot != SLOT_QUEUED)
		record->at_ms[slot] = receipt->at_ms;
	record->in_memory |= receipt->in_memory;
	if (slot == SLOT_DELAYED)
		record->go_at_ms = receipt->go_at_ms;
	if (slot != SLOT_FINAL)
		return;
	/* So that its end is now, whatever was done to the wall clock. */
	record->taken_ms = now_ms - lasted_ms(record);
	record->final = receipt->stage;
	record->limit = receipt->limit;
	snprintf(record->code, sizeof(record->code), "%s", receipt->code ? receipt->code : "");
	snprintf(record->text, sizeof(record->text), "%s", receipt->text ? receipt->text : "");
}

bool receipts_say(struct receipts *receipts, const struct receipt *receipt, const char *radio, int64_t now_ms)
{
	size_t index;
	struct record *record = receipts_record(receipts, receipt->command, &index);
	receipts->now_ms = now_ms;
	if (!record)
		return false;
	enum slot slot = slot_of(receipt);
	if (!may_say(receipts, record, slot))
		return true;
	note(record, receipt, radio, now_ms);
	/* That it is queued follows from its being taken, which was written then. */
	if (slot == SLOT_QUEUED)
		receipts_write_later(receipts, index);
	else
		receipts_write(receipts, index);
	receipts_publish_block(receipts, index / RECEIPTS_IN_BLOCK);
	return true;
}

void receipts_in_memory(struct receipts *receipts, const char *id)
{
	size_t index;
	struct record *record = receipts_record(receipts, id, &index);
	if (record)
		record->in_memory = true;
}

void receipts_repeat(struct receipts *receipts, const char *id)
{
	size_t index;
	struct record *record = receipts_record(receipts, id, &index);
	if (!record)
		return;
	receipts->repeated->value++;
	/* The others are on their way. */
	publish_slots(receipts, record, record->said & (record->delivered | record->dropped));
}

/* ---- a former run ---- */

bool receipts_loaded(struct receipts *receipts, const struct receipts_command *command, int64_t now_ms)
{
	size_t index;
	struct record *record = receipts_record(receipts, command->id, &index);
	receipts->now_ms = now_ms;
	if (record && !record_has_final(record) && (record->loaded || !record->former)) {
		receipts->loaded_twice->value++;
		return false;
	}
	if (!record && receipts_add(receipts, command, &index) < 0)
		return true;
	record = receipts->records[index];
	record->former = record->loaded = true;
	if (!record->radio[SLOT_QUEUED][0] && command->radio)
		snprintf(record->radio[SLOT_QUEUED], sizeof(record->radio[SLOT_QUEUED]), "%s", command->radio);
	return !record_has_final(record);
}

bool receipts_on_air(const struct receipts *receipts, const char *id)
{
	size_t index;
	const struct record *record = receipts_record(receipts, id, &index);
	return record && record->said & BIT(SLOT_ON_AIR);
}

static void settle(struct receipts *receipts, size_t index, int64_t wall_ms)
{
	struct record *record = receipts->records[index];
	const struct receipt lost = {.command = record->id, .stage = RECEIPT_FAILED, .code = "lost", .at_ms = wall_ms};
	bool waits = record->loaded || record_has_final(record);
	record->former = false;
	if (!waits && !record->said) {
		receipts_remove(receipts, index);
		receipts_write_later(receipts, index);
		return;
	}
	if (!waits) {
		receipts->lost->value++;
		note(record, &lost, record->radio[SLOT_QUEUED], receipts->now_ms);
		receipts_write(receipts, index);
	} else if (record->loaded && !record->said) {
		record->said = BIT(SLOT_QUEUED);
		receipts_write(receipts, index);
	}
}

void receipts_settle(struct receipts *receipts, int64_t now_ms, int64_t wall_ms)
{
	receipts->now_ms = now_ms;
	for (size_t i = 0; i < RECEIPTS_PLACES; i++)
		if (receipts->records[i] && receipts->records[i]->former)
			settle(receipts, i, wall_ms);
	for (size_t block = 0; block < RECEIPTS_BLOCKS; block++)
		receipts_publish_block(receipts, block);
}

void receipts_recall_late(struct receipts *receipts)
{
	receipts_read_blocks(receipts);
}

/* ---- in between ---- */

/* Takes "-<ending>" off the end of text, if that is it. */
static bool take_off(char *text, const char *ending)
{
	size_t size = strlen(text), ending_size = strlen(ending);
	if (size <= ending_size || text[size - ending_size - 1] != '-' ||
	    strcmp(text + size - ending_size, ending) != 0)
		return false;
	text[size - ending_size - 1] = '\0';
	return true;
}

/* The slot by the end of "<command>-<stage>", which is taken off; SLOT_COUNT: it has no such end. */
static enum slot slot_of_text(char *text)
{
	if (take_off(text, "delayed"))
		return take_off(text, receipt_stage_name(RECEIPT_QUEUED)) ? SLOT_DELAYED : SLOT_COUNT;
	for (enum receipt_stage stage = RECEIPT_QUEUED; stage <= RECEIPT_CANCELLED; stage++)
		if (take_off(text, receipt_stage_name(stage)))
			return slot_of(&(struct receipt){.stage = stage});
	return SLOT_COUNT;
}

/* "r-<gateway>-<command>-<stage>", see json_receipt_id. */
static struct record *record_of_receipt(const struct receipts *receipts, const char *receipt_id, enum slot *slot,
					size_t *index)
{
	char id[JSON_RECORD_ID_MAX];
	size_t prefix = strlen(receipts->gateway) + 3;
	if (strlen(receipt_id) <= prefix)
		return NULL;
	snprintf(id, sizeof(id), "%s", receipt_id + prefix);
	*slot = slot_of_text(id);
	return *slot < SLOT_COUNT ? receipts_record(receipts, id, index) : NULL;
}

/* One for each that a broker has taken, so that they do not push one another out of the queue. */
static void publish_a_dropped_one(struct receipts *receipts)
{
	for (size_t i = 0; i < RECEIPTS_PLACES; i++) {
		struct record *record = receipts->records[i];
		if (!record || !record->dropped)
			continue;
		publish_slots(receipts, record, record->dropped);
		return;
	}
	receipts->dropped = false;
}

void receipts_delivered(struct receipts *receipts, const char *receipt_id)
{
	size_t index;
	enum slot slot;
	struct record *record = record_of_receipt(receipts, receipt_id, &slot, &index);
	if (!record)
		return;
	record->delivered |= BIT(slot) & record->said;
	receipts_write_later(receipts, index);
	if (receipts->dropped)
		publish_a_dropped_one(receipts);
}

void receipts_dropped(struct receipts *receipts, const char *receipt_id)
{
	size_t index;
	enum slot slot;
	struct record *record = record_of_receipt(receipts, receipt_id, &slot, &index);
	if (!record)
		return;
	record->dropped |= BIT(slot) & record->said & ~record->delivered;
	receipts->dropped = true;
}

static int64_t ended_ms(const struct record *record)
{
	return record->taken_ms + lasted_ms(record);
}

static void forget_old(struct receipts *receipts)
{
	for (size_t i = 0; i < RECEIPTS_PLACES; i++) {
		const struct record *record = receipts->records[i];
		if (!record || !record_has_final(record) || receipts->now_ms - ended_ms(record) < REMEMBER_MS)
			continue;
		receipts_remove(receipts, i);
		receipts_write_later(receipts, i);
	}
}

static void publish_what_waits_too_long(struct receipts *receipts, size_t block)
{
	for (size_t i = block * RECEIPTS_IN_BLOCK; i < (block + 1) * RECEIPTS_IN_BLOCK; i++)
		if (receipts->records[i])
			receipts->records[i]->kept |= receipts->records[i]->said;
	receipts_publish_block(receipts, block);
}

bool receipts_await(struct receipts *receipts, int64_t now_ms)
{
	receipts->awaited = receipts->changes;
	return receipts_are_kept(receipts, now_ms);
}

bool receipts_are_kept(const struct receipts *receipts, int64_t now_ms)
{
	for (size_t i = 0; i < RECEIPTS_BLOCKS; i++) {
		const struct block *block = &receipts->blocks[i];
		if (block->writing && block->writing_from <= receipts->awaited &&
		    now_ms - block->writing_ms < DISK_WAIT_MS)
			return false;
	}
	return true;
}

void receipts_tick(struct receipts *receipts, int64_t now_ms)
{
	receipts->now_ms = now_ms;
	forget_old(receipts);
	for (size_t block = 0; block < RECEIPTS_BLOCKS; block++) {
		const struct block *state = &receipts->blocks[block];
		if (state->writing && now_ms - state->writing_ms >= DISK_WAIT_MS)
			publish_what_waits_too_long(receipts, block);
		else if (!state->writing && state->lazy_ms && now_ms - state->lazy_ms >= LAZY_MS)
			receipts_write(receipts, block * RECEIPTS_IN_BLOCK);
	}
}

/* ---- the object ---- */

struct receipts *receipts_new(const char *gateway, const struct receipts_hooks *hooks, struct counters *counters,
			      int64_t now_ms)
{
	struct receipts *receipts = calloc(1, sizeof(*receipts));
	if (!receipts)
		return NULL;
	receipts->now_ms = now_ms;
	receipts->hooks = *hooks;
	snprintf(receipts->gateway, sizeof(receipts->gateway), "%s", gateway);
	receipts->repeated = counters_get(counters, "receipts", "repeated");
	receipts->said_before = counters_get(counters, "receipts", "drop.said_before");
	receipts->second_final = counters_get(counters, "receipts", "drop.second_final");
	receipts->lost = counters_get(counters, "receipts", "lost");
	receipts->given_way = counters_get(counters, "receipts", "drop.given_way");
	receipts->loaded_twice = counters_get(counters, "receipts", "drop.loaded_twice");
	receipts->damaged = counters_get(counters, "receipts", "drop.damaged_block");
	receipts_read_blocks(receipts);
	return receipts;
}

void receipts_free(struct receipts *receipts)
{
	if (!receipts)
		return;
	for (size_t block = 0; block < RECEIPTS_BLOCKS; block++) {
		struct block *state = &receipts->blocks[block];
		bool wanted = state->changed || state->lazy_ms;
		*state = (struct block){0};
		if (wanted)
			receipts_write(receipts, block * RECEIPTS_IN_BLOCK);
	}
	for (size_t i = 0; i < RECEIPTS_PLACES; i++)
		free(receipts->records[i]);
	free(receipts);
}
