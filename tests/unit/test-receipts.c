/* Receipts: the same words for a command that comes again, one final receipt whatever happens, and nothing lost in a kill. */
#include <errno.h>
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

enum { COMMANDS = 12, STEPS = 400, RUNS = 300 };

/* What the store and the radio know of one command, and what was published of it. */
struct life {
	char id[16];
	bool row, gone, deleted; /* its message is on disk; is to be deleted there; was */
	bool in_radio;           /* this run knows the message */
	struct said final, queued;
	bool had_final, had_queued;
};

static unsigned number_of(const char *name)
{
	unsigned number;
	assert_int_equal(sscanf(name, "receipts-%u", &number), 1);
	assert_true(number < RECEIPTS_BLOCKS);
	return number;
}

static bool keep(void *context, const char *name, const void *bytes, size_t size)
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

static const void *recall(void *context, const char *name, size_t *size)
{
	struct disk *disk = &((struct rig *)context)->disk;
	unsigned number = number_of(name);
	*size = disk->blocks[number].size;
	return disk->blocks[number].there ? disk->blocks[number].bytes : NULL;
}

static void publish(void *context, enum command_what what, const struct receipt *receipt, const char *radio)
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
static void answer(struct rig *rig)
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

static void start(struct rig *rig)
{
	const struct receipts_hooks hooks = {rig, keep, recall, publish};
	rig->receipts = receipts_new("base1", &hooks, rig->counters, rig->now_ms);
	assert_non_null(rig->receipts);
}

/* The store writes what it was given as it closes. */
static void stop_and_start(struct rig *rig)
{
	answer(rig);
	receipts_free(rig->receipts);
	rig->receipts = NULL;
	answer(rig);
	start(rig);
}

static void kill_it(struct rig *rig)
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

static struct rig *new_rig(void)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	assert_non_null(rig);
	rig->now_ms = START_MS;
	rig->counters = counters_new();
	start(rig);
	return rig;
}

static void free_rig(struct rig *rig)
{
	receipts_free(rig->receipts);
	counters_free(rig->counters);
	free(rig);
}

static struct receipts_command command(const struct rig *rig, const char *id)
{
	return (struct receipts_command){
	    .id = id, .what = COMMAND_TEXT, .class = CLASS_ROUTINE, .content = 7, .taken_at_ms = rig->now_ms};
}

static int take(struct rig *rig, const char *id)
{
	struct receipts_command taken = command(rig, id);
	return receipts_take(rig->receipts, &taken, false, rig->now_ms);
}

static void say(struct rig *rig, const char *id, enum receipt_stage stage, const char *code)
{
	struct receipt receipt = {.command = id, .stage = stage, .code = code, .at_ms = rig->now_ms};
	assert_true(receipts_say(rig->receipts, &receipt, "vhf", rig->now_ms));
}

static const struct said *last(const struct rig *rig)
{
	assert_true(rig->count > 0);
	return &rig->said[rig->count - 1];
}

static void deliver(struct rig *rig, const char *id, enum receipt_stage stage)
{
	char receipt_id[JSON_RECORD_ID_MAX];
	struct receipt receipt = {.command = id, .stage = stage};
	struct json_context context = {.gateway = "base1"};
	receipts_delivered(rig->receipts, json_receipt_id(&receipt, &context, receipt_id));
}

static uint64_t counted(const struct rig *rig, const char *name)
{
	return counters_get(rig->counters, "receipts", name)->value;
}

static void test_a_receipt_waits_for_the_disk(void **state)
{
	(void)state;
	struct rig *rig = new_rig();
	assert_int_equal(take(rig, "c-1"), 0);
	say(rig, "c-1", RECEIPT_QUEUED, NULL);
	assert_int_equal(rig->count, 0);
	answer(rig);
	assert_int_equal(rig->count, 1);
	assert_string_equal(last(rig)->command, "c-1");
	assert_int_equal(last(rig)->at_ms, START_MS);
	rig->now_ms += 1000;
	say(rig, "c-1", RECEIPT_ON_AIR, NULL);
	say(rig, "c-1", RECEIPT_SENT, NULL);
	assert_int_equal(rig->count, 1);
	answer(rig);
	answer(rig);
	assert_int_equal(rig->count, 3);
	assert_int_equal(rig->said[1].stage, RECEIPT_ON_AIR);
	assert_int_equal(rig->said[2].stage, RECEIPT_SENT);
	assert_int_equal(rig->said[2].at_ms, START_MS + 1000);
	assert_string_equal(rig->said[2].radio, "vhf");
	free_rig(rig);
}

static void test_nothing_is_said_twice(void **state)
{
	(void)state;
	struct rig *rig = new_rig();
	rig->disk.off = true;
	take(rig, "c-1");
	say(rig, "c-1", RECEIPT_ON_AIR, NULL);
	say(rig, "c-1", RECEIPT_QUEUED, NULL);
	say(rig, "c-1", RECEIPT_ON_AIR, NULL);
	say(rig, "c-1", RECEIPT_CONFIRMED, NULL);
	say(rig, "c-1", RECEIPT_FAILED, "no_ack");
	say(rig, "c-1", RECEIPT_ON_AIR, NULL);
	assert_int_equal(rig->count, 2);
	assert_int_equal(last(rig)->stage, RECEIPT_CONFIRMED);
	assert_int_equal(counted(rig, "drop.second_final"), 1);
	assert_int_equal(counted(rig, "drop.said_before"), 3);
	struct receipt other = {.command = "c-2", .stage = RECEIPT_SENT};
	assert_false(receipts_say(rig->receipts, &other, "vhf", rig->now_ms));
	free_rig(rig);
}

static void test_an_alert_that_waits_for_airtime(void **state)
{
	(void)state;
	struct rig *rig = new_rig();
	struct receipt delayed = {
	    .command = "c-1", .stage = RECEIPT_QUEUED, .at_ms = START_MS, .go_at_ms = START_MS + 60000};
	rig->disk.off = true;
	take(rig, "c-1");
	say(rig, "c-1", RECEIPT_QUEUED, NULL);
	assert_true(receipts_say(rig->receipts, &delayed, "vhf", rig->now_ms));
	assert_true(receipts_say(rig->receipts, &delayed, "vhf", rig->now_ms));
	assert_int_equal(rig->count, 2);
	assert_int_equal(rig->said[0].go_at_ms, 0);
	assert_int_equal(rig->said[1].go_at_ms, START_MS + 60000);
	assert_int_equal(counted(rig, "drop.said_before"), 1);
	receipts_delivered(rig->receipts, "r-base1-c-1-queued-delayed");
	receipts_repeat(rig->receipts, "c-1");
	assert_int_equal(rig->count, 3);
	assert_memory_equal(&rig->said[2], &rig->said[1], sizeof(struct said));
	say(rig, "c-1", RECEIPT_SENT, NULL);
	assert_int_equal(rig->count, 4);
	free_rig(rig);
}

static void test_a_command_that_comes_again(void **state)
{
	(void)state;
	struct rig *rig = new_rig();
	struct receipts_command one = command(rig, "c-1");
	assert_int_equal(receipts_find(rig->receipts, "c-1", 7), 0);
	assert_int_equal(receipts_take(rig->receipts, &one, false, rig->now_ms), 0);
	assert_int_equal(receipts_find(rig->receipts, "c-1", 7), -EEXIST);
	assert_int_equal(receipts_find(rig->receipts, "c-1", 8), -EADDRINUSE);
	say(rig, "c-1", RECEIPT_QUEUED, NULL);
	rig->now_ms += 500;
	say(rig, "c-1", RECEIPT_FAILED, "no_ack");
	answer(rig);
	answer(rig);
	assert_int_equal(rig->count, 2);
	/* On their way: they are not published beside themselves. */
	receipts_repeat(rig->receipts, "c-1");
	assert_int_equal(rig->count, 2);
	deliver(rig, "c-1", RECEIPT_QUEUED);
	deliver(rig, "c-1", RECEIPT_FAILED);
	rig->now_ms += 500;
	receipts_repeat(rig->receipts, "c-1");
	assert_int_equal(rig->count, 4);
	assert_memory_equal(&rig->said[2], &rig->said[0], sizeof(struct said));
	assert_memory_equal(&rig->said[3], &rig->said[1], sizeof(struct said));
	assert_string_equal(last(rig)->code, "no_ack");
	/* And after a stop. */
	stop_and_start(rig);
	receipts_settle(rig->receipts, rig->now_ms, rig->now_ms);
	assert_int_equal(rig->count, 4);
	assert_int_equal(receipts_find(rig->receipts, "c-1", 7), -EEXIST);
	receipts_repeat(rig->receipts, "c-1");
	assert_int_equal(rig->count, 6);
	assert_memory_equal(&rig->said[5], &rig->said[1], sizeof(struct said));
	free_rig(rig);
}

static void test_what_no_broker_has_is_published_after_a_restart(void **state)
{
	(void)state;
	struct rig *rig = new_rig();
	take(rig, "c-1");
	say(rig, "c-1", RECEIPT_QUEUED, NULL);
	say(rig, "c-1", RECEIPT_SENT, NULL);
	answer(rig);
	answer(rig);
	deliver(rig, "c-1", RECEIPT_QUEUED);
	take(rig, "c-2"); /* writes it down */
	answer(rig);
	kill_it(rig);
	receipts_settle(rig->receipts, rig->now_ms, rig->now_ms);
	assert_int_equal(rig->count, 3);
	assert_memory_equal(&rig->said[2], &rig->said[1], sizeof(struct said));
	free_rig(rig);
}

static void test_a_kill_in_between(void **state)
{
	(void)state;
	struct rig *rig = new_rig();
	/* Taken, and the message on disk. */
	take(rig, "waits");
	take(rig, "gone");
	take(rig, "said");
	answer(rig);
	answer(rig);
	struct receipt in_memory = {.command = "said", .stage = RECEIPT_QUEUED, .in_memory = true};
	receipts_say(rig->receipts, &in_memory, "vhf", rig->now_ms);
	say(rig, "said", RECEIPT_ON_AIR, NULL);
	answer(rig);
	kill_it(rig);
	rig->count = 0;
	rig->now_ms += 60000;
	struct receipts_command waits = command(rig, "waits"), unknown = command(rig, "unknown");
	unknown.content = 0;
	assert_true(receipts_loaded(rig->receipts, &waits, rig->now_ms));
	assert_true(receipts_loaded(rig->receipts, &unknown, rig->now_ms));
	receipts_settle(rig->receipts, rig->now_ms, rig->now_ms);
	answer(rig);
	answer(rig);
	/* Of the one whose message is gone nothing was said: it may come again. */
	assert_int_equal(receipts_find(rig->receipts, "gone", 7), 0);
	assert_int_equal(receipts_find(rig->receipts, "waits", 7), -EEXIST);
	assert_int_equal(receipts_find(rig->receipts, "unknown", 7), -EEXIST);
	unsigned queued = 0, failed = 0;
	for (size_t i = 0; i < rig->count; i++) {
		const struct said *said = &rig->said[i];
		queued += said->stage == RECEIPT_QUEUED && strcmp(said->command, "said") != 0;
		if (strcmp(said->command, "waits") == 0)
			assert_int_equal(said->at_ms, START_MS);
		if (said->stage == RECEIPT_FAILED) {
			assert_string_equal(said->command, "said");
			assert_string_equal(said->code, "lost");
			failed++;
		}
	}
	assert_int_equal(queued, 2);
	assert_int_equal(failed, 1);
	free_rig(rig);
}

static void test_a_message_whose_end_is_known_is_not_sent(void **state)
{
	(void)state;
	struct rig *rig = new_rig();
	take(rig, "c-1");
	say(rig, "c-1", RECEIPT_SENT, NULL);
	answer(rig);
	answer(rig);
	kill_it(rig);
	struct receipts_command loaded = command(rig, "c-1");
	assert_false(receipts_loaded(rig->receipts, &loaded, rig->now_ms));
	free_rig(rig);
}

static void test_a_disk_that_hangs_or_is_away(void **state)
{
	(void)state;
	struct rig *rig = new_rig();
	rig->disk.hangs = true;
	take(rig, "c-1");
	say(rig, "c-1", RECEIPT_SENT, NULL);
	answer(rig);
	receipts_tick(rig->receipts, rig->now_ms + 4000);
	assert_int_equal(rig->count, 0);
	receipts_tick(rig->receipts, rig->now_ms + 5000);
	assert_int_equal(rig->count, 1);
	rig->disk.hangs = false;
	answer(rig);
	answer(rig);
	assert_int_equal(rig->count, 1);
	rig->disk.off = true;
	take(rig, "c-2");
	receipts_in_memory(rig->receipts, "c-2");
	say(rig, "c-2", RECEIPT_QUEUED, NULL);
	assert_true(last(rig)->in_memory);
	free_rig(rig);
}

static void take_many(struct rig *rig, const char *prefix, int count, bool sent)
{
	char id[32];
	for (int i = 0; i < count; i++) {
		snprintf(id, sizeof(id), "%s-%d", prefix, i);
		rig->now_ms++;
		assert_int_equal(take(rig, id), 0);
		if (sent)
			say(rig, id, RECEIPT_SENT, NULL);
		rig->count = 0;
	}
}

static void test_who_gives_way(void **state)
{
	(void)state;
	struct rig *rig = new_rig();
	rig->disk.off = true;
	take_many(rig, "w", 3, false); /* under way */
	take_many(rig, "c", RECEIPTS_MAX, true);
	deliver(rig, "c-9", RECEIPT_SENT);
	assert_int_equal(take(rig, "more-1"), 0);
	assert_int_equal(receipts_find(rig->receipts, "c-9", 7), 0); /* the broker has it */
	struct receipts_command refused = command(rig, "refused");
	assert_int_equal(receipts_take(rig->receipts, &refused, true, rig->now_ms), 0);
	say(rig, "refused", RECEIPT_FAILED, "not_allowed");
	assert_int_equal(take(rig, "more-2"), 0);
	assert_int_equal(receipts_find(rig->receipts, "refused", 7), 0);
	assert_int_equal(receipts_find(rig->receipts, "c-0", 7), -EEXIST);
	say(rig, "more-2", RECEIPT_SENT, NULL);
	assert_int_equal(take(rig, "more-3"), 0);
	assert_int_equal(receipts_find(rig->receipts, "c-0", 7), 0); /* the oldest */
	assert_int_equal(counted(rig, "drop.given_way"), 3);
	/* A day later what is over is forgotten, and what is not is remembered. */
	receipts_tick(rig->receipts, rig->now_ms + DAY_MS);
	assert_int_equal(receipts_find(rig->receipts, "c-7", 7), 0);
	assert_int_equal(receipts_find(rig->receipts, "w-1", 7), -EEXIST);
	free_rig(rig);
}

static void test_too_many_under_way(void **state)
{
	(void)state;
	struct rig *rig = new_rig();
	rig->disk.off = true;
	take_many(rig, "w", RECEIPTS_PLACES, false);
	assert_int_equal(take(rig, "more"), -ENOSPC);
	say(rig, "w-5", RECEIPT_SENT, NULL);
	assert_int_equal(take(rig, "more"), 0);
	assert_int_equal(receipts_find(rig->receipts, "w-5", 7), 0);
	assert_int_equal(receipts_find(rig->receipts, "w-6", 7), -EEXIST);
	free_rig(rig);
}

static void test_blocks_that_are_damaged(void **state)
{
	(void)state;
	struct rig *rig = new_rig();
	for (int i = 0; i < 40; i++) {
		char id[32];
		snprintf(id, sizeof(id), "c-%d", i);
		take(rig, id);
		say(rig, id, RECEIPT_SENT, NULL);
	}
	answer(rig);
	answer(rig);
	for (size_t at = 0; at < rig->disk.blocks[0].size; at += 7) {
		rig->disk.blocks[0].bytes[at] ^= 0x10;
		kill_it(rig);
		rig->disk.blocks[0].bytes[at] ^= 0x10;
		assert_int_equal(receipts_find(rig->receipts, "c-1", 7), 0);
		assert_int_equal(receipts_find(rig->receipts, "c-39", 7), -EEXIST);
	}
	for (size_t size = 0; size < rig->disk.blocks[0].size; size += 11) {
		size_t whole = rig->disk.blocks[0].size;
		rig->disk.blocks[0].size = size;
		kill_it(rig);
		rig->disk.blocks[0].size = whole;
		assert_int_equal(receipts_find(rig->receipts, "c-1", 7), 0);
	}
	free_rig(rig);
}

static void test_ids_of_receipts_that_are_not_ours(void **state)
{
	(void)state;
	struct rig *rig = new_rig();
	take(rig, "c-1");
	say(rig, "c-1", RECEIPT_SENT, NULL);
	for (const char *const *id = (const char *const[]){"", "r", "r-base1", "r-base1-", "r-base1--", "r-base1-c-1",
							   "r-base1-c-2-sent", "f-17-4001", NULL};
	     *id; id++)
		receipts_delivered(rig->receipts, *id);
	receipts_repeat(rig->receipts, "c-1");
	receipts_repeat(rig->receipts, "c-3");
	receipts_kept(rig->receipts, "incidents");
	receipts_kept(rig->receipts, "receipts-256");
	receipts_kept(rig->receipts, "receipts-");
	assert_int_equal(rig->count, 0);
	free_rig(rig);
}

/* ---- any order of events ---- */

static unsigned draw(uint32_t *seed, unsigned below)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8) % below;
}

static void look(struct rig *rig, struct life *lives)
{
	for (size_t i = 0; i < rig->count; i++) {
		const struct said *said = &rig->said[i];
		struct life *life = NULL;
		for (int j = 0; j < COMMANDS; j++)
			if (strcmp(lives[j].id, said->command) == 0)
				life = &lives[j];
		assert_non_null(life);
		if (said->stage == RECEIPT_QUEUED) {
			if (life->had_queued)
				assert_memory_equal(&life->queued, said, sizeof(*said));
			life->queued = *said;
			life->had_queued = true;
		}
		if (said->stage < RECEIPT_CONFIRMED)
			continue;
		/* The same again, or the first. */
		if (life->had_final)
			assert_memory_equal(&life->final, said, sizeof(*said));
		life->final = *said;
		life->had_final = true;
	}
	rig->count = 0;
}

static void ask(struct rig *rig, struct life *life)
{
	int found = receipts_find(rig->receipts, life->id, 7);
	/* What was answered with a final receipt is never carried out again. */
	if (life->had_final)
		assert_int_equal(found, -EEXIST);
	if (found == -EEXIST) {
		receipts_repeat(rig->receipts, life->id);
		return;
	}
	assert_int_equal(take(rig, life->id), 0);
	life->in_radio = true;
	life->row = life->gone = life->deleted = false;
}

static void stored(struct rig *rig, struct life *life)
{
	if (!life->in_radio || life->row)
		return;
	answer(rig); /* blocks go first, in the same write */
	life->row = true;
	say(rig, life->id, RECEIPT_QUEUED, NULL);
}

static void end(struct rig *rig, struct life *life, enum receipt_stage stage)
{
	if (!life->in_radio || !life->row)
		return;
	if (stage == RECEIPT_SENT) {
		assert_false(life->had_final);
		say(rig, life->id, RECEIPT_ON_AIR, NULL);
	}
	say(rig, life->id, stage, stage == RECEIPT_FAILED ? "no_ack" : NULL);
	life->in_radio = false;
	life->gone = true;
}

static void restart(struct rig *rig, struct life *lives, bool killed)
{
	if (killed)
		kill_it(rig);
	else
		stop_and_start(rig);
	for (int i = 0; i < COMMANDS; i++) {
		struct life *life = &lives[i];
		life->in_radio = false;
		if (!life->row || life->deleted)
			continue;
		struct receipts_command loaded = command(rig, life->id);
		loaded.radio = "vhf";
		life->in_radio = receipts_loaded(rig->receipts, &loaded, rig->now_ms);
		life->gone = !life->in_radio;
		/* Once headquarters was told the end, nothing is sent. */
		if (life->had_final)
			assert_false(life->in_radio);
	}
	receipts_settle(rig->receipts, rig->now_ms, rig->now_ms);
}

static void step(struct rig *rig, struct life *lives, uint32_t *seed)
{
	static const enum receipt_stage ends[] = {RECEIPT_SENT, RECEIPT_CANCELLED, RECEIPT_EXPIRED, RECEIPT_FAILED};
	struct life *life = &lives[draw(seed, COMMANDS)];
	rig->now_ms += draw(seed, 3000);
	switch (draw(seed, 9)) {
	case 0:
	case 1:
		ask(rig, life);
		break;
	case 2:
	case 3:
		stored(rig, life);
		break;
	case 4:
		end(rig, life, ends[draw(seed, 4)]);
		break;
	case 5:
		if (life->had_final)
			deliver(rig, life->id, life->final.stage);
		if (life->had_queued)
			deliver(rig, life->id, RECEIPT_QUEUED);
		break;
	case 6:
		answer(rig); /* a disk that hangs longer than 5 s is another test */
		answer(rig);
		receipts_tick(rig->receipts, rig->now_ms);
		break;
	case 7:
		if (draw(seed, 4) == 0)
			restart(rig, lives, draw(seed, 2));
		break;
	default:
		answer(rig);
	}
	look(rig, lives);
}

static void test_any_order_of_events(void **state)
{
	(void)state;
	for (uint32_t run = 0; run < RUNS; run++) {
		struct rig *rig = new_rig();
		struct life lives[COMMANDS] = {0};
		uint32_t seed = run;
		rig->lives = lives;
		for (int i = 0; i < COMMANDS; i++)
			snprintf(lives[i].id, sizeof(lives[i].id), "c-%d", i);
		for (int i = 0; i < STEPS; i++)
			step(rig, lives, &seed);
		/* At last the disk answers, and all that was begun ends. */
		for (int i = 0; i < COMMANDS; i++) {
			stored(rig, &lives[i]);
			end(rig, &lives[i], RECEIPT_SENT);
		}
		answer(rig);
		answer(rig);
		look(rig, lives);
		for (int i = 0; i < COMMANDS; i++) {
			enum receipt_stage stage;
			/* Either headquarters was told the end, or may ask again. */
			if (receipts_final(rig->receipts, lives[i].id, &stage) == 0)
				assert_true(lives[i].had_final && stage == lives[i].final.stage);
			else
				assert_false(lives[i].had_final);
		}
		free_rig(rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_receipt_waits_for_the_disk),
	    cmocka_unit_test(test_nothing_is_said_twice),
	    cmocka_unit_test(test_an_alert_that_waits_for_airtime),
	    cmocka_unit_test(test_a_command_that_comes_again),
	    cmocka_unit_test(test_what_no_broker_has_is_published_after_a_restart),
	    cmocka_unit_test(test_a_kill_in_between),
	    cmocka_unit_test(test_a_message_whose_end_is_known_is_not_sent),
	    cmocka_unit_test(test_a_disk_that_hangs_or_is_away),
	    cmocka_unit_test(test_who_gives_way),
	    cmocka_unit_test(test_too_many_under_way),
	    cmocka_unit_test(test_blocks_that_are_damaged),
	    cmocka_unit_test(test_ids_of_receipts_that_are_not_ours),
	    cmocka_unit_test(test_any_order_of_events),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
