/* Receipts: the same words for a command that comes again, what waits for the disk or the broker, and who gives way. */
#include <errno.h>

#include "tests/unit/receipts-fixture.h"

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

/* What has come since then does not put it off, however long it goes on. */
static void test_what_is_awaited_is_kept_while_more_is_said(void **state)
{
	(void)state;
	struct rig *rig = new_rig();
	take(rig, "c-1");
	assert_false(receipts_await(rig->receipts, rig->now_ms));
	take(rig, "c-2");
	assert_false(receipts_are_kept(rig->receipts, rig->now_ms));
	answer(rig);
	assert_true(receipts_are_kept(rig->receipts, rig->now_ms));
	/* Of what was said while its block was being written the next answer speaks. */
	say(rig, "c-1", RECEIPT_ON_AIR, NULL);
	assert_false(receipts_await(rig->receipts, rig->now_ms));
	answer(rig);
	assert_false(receipts_are_kept(rig->receipts, rig->now_ms));
	say(rig, "c-2", RECEIPT_ON_AIR, NULL);
	answer(rig);
	assert_true(receipts_are_kept(rig->receipts, rig->now_ms));
	answer(rig);
	assert_true(receipts_await(rig->receipts, rig->now_ms));
	/* A disk that hangs is not waited for. */
	rig->disk.hangs = true;
	say(rig, "c-1", RECEIPT_SENT, NULL);
	assert_false(receipts_await(rig->receipts, rig->now_ms + 4999));
	assert_true(receipts_are_kept(rig->receipts, rig->now_ms + 5000));
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
	deliver(rig, "refused", RECEIPT_FAILED);
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

static void refuse(struct rig *rig, const char *id)
{
	struct receipts_command refused = command(rig, id);
	rig->now_ms++;
	assert_int_equal(receipts_take(rig->receipts, &refused, true, rig->now_ms), 0);
	say(rig, id, RECEIPT_FAILED, "not_allowed");
}

/* Their receipts are still to be said, and what was carried out must not be again. */
static void test_refusals_push_nothing_out_and_are_not_pushed_out(void **state)
{
	(void)state;
	struct rig *rig = new_rig();
	char id[32];
	rig->disk.off = true;
	take_many(rig, "c", RECEIPTS_MAX, true);
	for (int i = 0; i < RECEIPTS_REFUSED; i++) {
		snprintf(id, sizeof(id), "x-%d", i);
		refuse(rig, id);
		rig->count = 0;
	}
	assert_int_equal(receipts_refused(rig->receipts), RECEIPTS_REFUSED);
	/* Each makes room for itself among those that are over, and no more. */
	assert_int_equal(counted(rig, "drop.given_way"), 1);
	assert_int_equal(receipts_find(rig->receipts, "c-1", 7), -EEXIST);
	assert_int_equal(receipts_find(rig->receipts, "x-0", 7), -EEXIST);
	for (int i = 0; i < RECEIPTS_REFUSED; i++) {
		snprintf(id, sizeof(id), "x-%d", i);
		deliver(rig, id, RECEIPT_FAILED);
	}
	assert_int_equal(receipts_refused(rig->receipts), 0);
	/* Now they are over, and the first to be forgotten. */
	assert_int_equal(take(rig, "more"), 0);
	assert_int_equal(counted(rig, "drop.given_way"), 1 + RECEIPTS_REFUSED);
	assert_int_equal(receipts_find(rig->receipts, "c-1", 7), -EEXIST);
	assert_int_equal(receipts_find(rig->receipts, "x-0", 7), 0);
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

/* A queue that was full for days must not swallow the end of a command. */
static void test_what_the_uplink_drops(void **state)
{
	(void)state;
	struct rig *rig = new_rig();
	take(rig, "c-1");
	take(rig, "c-2");
	say(rig, "c-1", RECEIPT_SENT, NULL);
	answer(rig);
	size_t before = rig->count;
	receipts_dropped(rig->receipts, "r-base1-c-1-sent");
	assert_int_equal(rig->count, before);
	receipts_repeat(rig->receipts, "c-1");
	assert_int_equal(rig->count, before + 1);
	assert_int_equal(last(rig)->stage, RECEIPT_SENT);
	receipts_dropped(rig->receipts, "r-base1-c-1-sent");
	say(rig, "c-2", RECEIPT_QUEUED, NULL);
	answer(rig);
	before = rig->count;
	deliver(rig, "c-2", RECEIPT_QUEUED);
	assert_int_equal(rig->count, before + 1);
	assert_string_equal(last(rig)->command, "c-1");
	deliver(rig, "c-1", RECEIPT_SENT);
	assert_int_equal(rig->count, before + 1);
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

/* A command that waited for most of a day is remembered for a day behind its end, also where the clock was set back meanwhile. */
static void test_clock_set_back(void **state)
{
	(void)state;
	struct rig *rig = new_rig();
	assert_int_equal(take(rig, "c-1"), 0);
	rig->now_ms += 23 * (DAY_MS / 24);
	struct receipt receipt = {.command = "c-1", .stage = RECEIPT_SENT, .at_ms = START_MS - DAY_MS};
	assert_true(receipts_say(rig->receipts, &receipt, "vhf", rig->now_ms));
	answer(rig);
	for (int run = 0; run < 2; run++) {
		rig->now_ms += 6 * (DAY_MS / 24);
		receipts_tick(rig->receipts, rig->now_ms);
		assert_int_equal(receipts_find(rig->receipts, "c-1", 7), -EEXIST);
		stop_and_start(rig);
	}
	rig->now_ms += 13 * (DAY_MS / 24);
	receipts_tick(rig->receipts, rig->now_ms);
	assert_int_equal(receipts_find(rig->receipts, "c-1", 7), 0);
	free_rig(rig);
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
	    cmocka_unit_test(test_what_is_awaited_is_kept_while_more_is_said),
	    cmocka_unit_test(test_who_gives_way),
	    cmocka_unit_test(test_refusals_push_nothing_out_and_are_not_pushed_out),
	    cmocka_unit_test(test_too_many_under_way),
	    cmocka_unit_test(test_blocks_that_are_damaged),
	    cmocka_unit_test(test_what_the_uplink_drops),
	    cmocka_unit_test(test_ids_of_receipts_that_are_not_ours),
	    cmocka_unit_test(test_clock_set_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
