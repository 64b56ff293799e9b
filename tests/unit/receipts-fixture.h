/* What the tests of receipts share: receipts with a disk that answers when it is told to, stops and kills, and what was published. Included by
 * one file of a program. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/receipts.h"

enum { BLOCK_MAX = 32768, SAID_MAX = 4096, DAY_MS = 24 * 3600 * 1000 };
#define START_MS INT64_C(1790000000000)

/* A disk: what was given to it waits until it answers, and a kill loses what waits. */
struct disk {
	bool off, hangs;
	struct {
		bool there, waits;
		size_t size, new_size;
		uint8_t bytes[BLOCK_MAX], newer[BLOCK_MAX];
	} blocks[RECEIPTS_BLOCKS];
};

struct said {
	char command[80], code[32], radio[32];
	enum receipt_stage stage;
	bool assumed, in_memory;
	int64_t at_ms, go_at_ms;
};

struct rig {
	struct disk disk;
	struct receipts *receipts;
	struct counters *counters;
	int64_t now_ms;
	struct said said[SAID_MAX]; /* in the order they were published */
	size_t count;
	struct life *lives; /* NULL = none */
};

enum { COMMANDS = 12 };

/* What the store and the radio know of one command, and what was published of it. */
struct life {
	char id[16];
	bool row, gone, deleted; /* its message is on disk; is to be deleted there; was */
	bool in_radio;           /* this run knows the message */
	struct said final, queued;
	bool had_final, had_queued;
};

static inline unsigned number_of(const char *name)
{
	unsigned number;
	assert_int_equal(sscanf(name, "receipts-%u", &number), 1);
	assert_true(number < RECEIPTS_BLOCKS);
	return number;
}

static inline bool keep(void *context, const char *name, const void *bytes, size_t size)
{
	struct disk *disk = &((struct rig *)context)->disk;
	unsigned number = number_of(name);
	assert_true(size <= BLOCK_MAX);
	if (disk->off)
		return false;
	memcpy(disk->blocks[number].newer, bytes, size);
	disk->blocks[number].new_size = size;
	disk->blocks[number].waits = true;
	return true;
}

static inline const void *recall(void *context, const char *name, size_t *size)
{
	struct disk *disk = &((struct rig *)context)->disk;
	unsigned number = number_of(name);
	*size = disk->blocks[number].size;
	return disk->blocks[number].there ? disk->blocks[number].bytes : NULL;
}

static inline void publish(void *context, enum command_what what, const struct receipt *receipt, const char *radio)
{
	struct rig *rig = context;
	(void)what;
	assert_true(rig->count < SAID_MAX);
	struct said *said = &rig->said[rig->count++];
	*said = (struct said){.stage = receipt->stage,
			      .assumed = receipt->assumed,
			      .in_memory = receipt->in_memory,
			      .at_ms = receipt->at_ms,
			      .go_at_ms = receipt->go_at_ms};
	snprintf(said->command, sizeof(said->command), "%s", receipt->command);
	snprintf(said->code, sizeof(said->code), "%s", receipt->code ? receipt->code : "");
	snprintf(said->radio, sizeof(said->radio), "%s", radio);
}

/* The disk answers for all that waits: the blocks given so far, and what was deleted so far. */
static inline void answer(struct rig *rig)
{
	for (int i = 0; rig->lives && i < COMMANDS; i++)
		rig->lives[i].deleted |= rig->lives[i].gone;
	for (unsigned i = 0; i < RECEIPTS_BLOCKS && !rig->disk.hangs; i++) {
		char name[32];
		if (!rig->disk.blocks[i].waits)
			continue;
		memcpy(rig->disk.blocks[i].bytes, rig->disk.blocks[i].newer, rig->disk.blocks[i].new_size);
		rig->disk.blocks[i].size = rig->disk.blocks[i].new_size;
		rig->disk.blocks[i].there = true;
		rig->disk.blocks[i].waits = false;
		snprintf(name, sizeof(name), "receipts-%u", i);
		if (rig->receipts)
			receipts_kept(rig->receipts, name);
	}
}

static inline void start(struct rig *rig)
{
	const struct receipts_hooks hooks = {rig, keep, recall, publish};
	rig->receipts = receipts_new("base1", &hooks, rig->counters, rig->now_ms);
	assert_non_null(rig->receipts);
}

/* The store writes what it was given as it closes. */
static inline void stop_and_start(struct rig *rig)
{
	answer(rig);
	receipts_free(rig->receipts);
	rig->receipts = NULL;
	answer(rig);
	start(rig);
}

static inline void kill_it(struct rig *rig)
{
	struct receipts *receipts = rig->receipts;
	for (unsigned i = 0; i < RECEIPTS_BLOCKS; i++)
		rig->disk.blocks[i].waits = false;
	/* What it writes as it ends is what a kill would not have written. */
	rig->disk.off = true;
	receipts_free(receipts);
	rig->disk.off = false;
	start(rig);
}

static inline struct rig *new_rig(void)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	assert_non_null(rig);
	rig->now_ms = START_MS;
	rig->counters = counters_new();
	start(rig);
	return rig;
}

static inline void free_rig(struct rig *rig)
{
	receipts_free(rig->receipts);
	counters_free(rig->counters);
	free(rig);
}

static inline struct receipts_command command(const struct rig *rig, const char *id)
{
	return (struct receipts_command){
	    .id = id, .what = COMMAND_TEXT, .class = CLASS_ROUTINE, .content = 7, .taken_at_ms = rig->now_ms};
}

static inline int take(struct rig *rig, const char *id)
{
	struct receipts_command taken = command(rig, id);
	return receipts_take(rig->receipts, &taken, false, rig->now_ms);
}

static inline void say(struct rig *rig, const char *id, enum receipt_stage stage, const char *code)
{
	struct receipt receipt = {.command = id, .stage = stage, .code = code, .at_ms = rig->now_ms};
	assert_true(receipts_say(rig->receipts, &receipt, "vhf", rig->now_ms));
}

static inline const struct said *last(const struct rig *rig)
{
	assert_true(rig->count > 0);
	return &rig->said[rig->count - 1];
}

static inline void deliver(struct rig *rig, const char *id, enum receipt_stage stage)
{
	char receipt_id[JSON_RECORD_ID_MAX];
	struct receipt receipt = {.command = id, .stage = stage};
	struct json_context context = {.gateway = "base1"};
	receipts_delivered(rig->receipts, json_receipt_id(&receipt, &context, receipt_id));
}

static inline uint64_t counted(const struct rig *rig, const char *name)
{
	return counters_get(rig->counters, "receipts", name)->value;
}
