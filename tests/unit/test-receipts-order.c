/* Receipts in any order of events: one final receipt whatever happens, and nothing lost in a kill. */
#include <errno.h>

#include "tests/unit/receipts-fixture.h"

enum { STEPS = 400, RUNS = 300 };

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
	    cmocka_unit_test(test_any_order_of_events),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
