/* What becomes of a command in every corner of the way down: one true end each. */
#include "tests/support/outgoing_rig.h"

static void test_confirmed(void **state)
{
	(void)state;
	rig_new();
	rig_begin("c-1", KIND_TEXT, "N0CALL-7", "hello");
	assert_true(rig_was_said("c-1", RECEIPT_QUEUED));
	rig_frame(0, SEND_DONE, "");
	assert_true(rig_ack(0, "N0CALL-7", 0));
	rig_assert_end("c-1", RECEIPT_CONFIRMED, "");
	rig_begin("c-2", KIND_TEXT, "", "hello");
	rig_frame(0, SEND_DONE, "");
	rig_assert_end("c-2", RECEIPT_SENT, "");
	rig_free();
}

/* Gives up on the first radio: all its repeats went without an answer. */
static void fail_on_first(void)
{
	for (int i = 0; i < 3; i++) {
		rig_run();
		assert_true(rig->radios[0].busy);
		rig_frame(0, SEND_DONE, "");
		rig_pass(60000);
	}
}

/* What one radio has transmitted cannot be taken back on the next one. */
static void test_no_cancel_after_the_first_radio(void **state)
{
	(void)state;
	rig_new();
	rig->radios[1].channel_busy = true;
	rig_begin("c-1", KIND_TEXT, "N0CALL-7", "hello");
	fail_on_first();
	rig_settle();
	assert_int_equal(route_down_cancel(&rig->down, "c-1"), -EBUSY);
	rig->radios[1].channel_busy = false;
	outgoing_wake(rig->down.outgoing);
	rig_run();
	rig_pass(2000);
	assert_true(rig->radios[1].busy);
	rig_frame(1, SEND_DONE, "");
	assert_true(rig_ack(1, "N0CALL-7", 0));
	rig_assert_end("c-1", RECEIPT_CONFIRMED, "");
	rig_free();
}

/* It was on the air, so that it has not simply expired. */
static void test_expiry_behind_the_first_radio(void **state)
{
	(void)state;
	rig_new();
	rig->radios[1].up = false;
	rig_begin("c-1", KIND_TEXT, "N0CALL-7", "hello");
	fail_on_first();
	rig_pass(INT64_C(25) * 3600 * 1000);
	rig_assert_end("c-1", RECEIPT_FAILED, "no_ack");
	rig_free();
}

static void test_no_cancel_after_a_restart(void **state)
{
	(void)state;
	rig_new();
	rig_begin("c-1", KIND_TEXT, "N0CALL-7", "hello");
	rig_frame(0, SEND_DONE, "");
	rig_settle();
	rig->radios[0].up = rig->radios[1].up = false;
	rig_again(false);
	assert_int_equal(route_down_cancel(&rig->down, "c-1"), -EBUSY);
	rig_pass(INT64_C(25) * 3600 * 1000);
	rig_assert_end("c-1", RECEIPT_FAILED, "no_ack");
	rig_free();
}

/* The new entry is on the disk, and the old one not yet off it. */
static void test_a_kill_between_two_radios(void **state)
{
	(void)state;
	rig_new();
	rig->radios[1].channel_busy = true;
	rig_begin("c-1", KIND_TEXT, "N0CALL-7", "hello");
	rig_frame(0, SEND_DONE, "");
	rig_pass(60000);
	rig_frame(0, SEND_DONE, "");
	rig_pass(60000);
	rig_frame(0, SEND_DONE, "");
	rig_disk(SIZE_MAX);
	rig_pass(60000);
	while (rig->ops && rig->ops->type != RIG_DELETE)
		rig_disk(1);
	assert_non_null(rig->ops);
	rig_again(true);
	rig->radios[1].channel_busy = false;
	for (int i = 0; i < 4; i++)
		rig_pass(1000);
	assert_int_not_equal(rig->radios[0].busy, rig->radios[1].busy);
	rig_free();
}

/* What no disk took, and what is over when the disk is back, must not be there after a restart. */
static void test_a_full_disk(void **state)
{
	(void)state;
	rig_new();
	rig->disk_full = true;
	rig_begin("c-1", KIND_TEXT, "", "hello");
	rig_frame(0, SEND_DONE, "");
	rig_settle();
	rig->disk_full = false;
	rig_settle();
	for (size_t i = 0; i < RIG_ROWS; i++)
		assert_int_equal(rig->rows[i].row, 0);
	rig_pass(10000);
	rig_assert_end("c-1", RECEIPT_SENT, "");
	rig_free();
}

/* An exercise takes nothing out of the radio that is Actual, and an alert that is Actual waits for no exercise. */
static void test_who_hurries_whom(void **state)
{
	(void)state;
	rig_new();
	rig_begin("c-1", KIND_TEXT, "", "hello");
	assert_true(rig->radios[0].busy);
	assert_int_equal(rig_send("c-2", KIND_ALERT, "", "drill", true), 0);
	rig_settle();
	assert_string_equal(rig->radios[0].id, "c-1");
	assert_int_equal(counters_get(rig->counters, "route", "accepted")->value > 0, 1);
	rig_frame(0, SEND_DONE, "");
	rig_settle();
	assert_string_equal(rig->radios[0].id, "c-2");
	rig_begin("c-3", KIND_ALERT, "", "real");
	rig_run();
	assert_string_equal(rig->radios[0].id, "c-3");
	rig_free();
}

/* A busy channel is not a want of airtime, whatever something else waits for. */
static void test_a_busy_channel_is_no_want_of_airtime(void **state)
{
	(void)state;
	rig_new();
	rig->radio_settings[0].listening_share_pct = 10;
	rig_again(false);
	rig_begin("c-1", KIND_TEXT, "", "hello");
	rig_frame(0, SEND_DONE, "");
	rig_begin("c-2", KIND_TEXT, "", "hello");
	assert_false(rig->radios[0].busy);
	rig->radios[0].channel_busy = true;
	rig_begin("c-3", KIND_ALERT, "", "alert");
	assert_false(outgoing_alert_waits(rig->down.outgoing, NULL));
	rig_free();
}

static bool look(void *context, const struct outgoing_item *item)
{
	(void)context;
	return item != NULL;
}

/* A module that tells only when it is up how slow it is must not be judged by what was assumed of it before. */
static void test_a_module_that_is_slower_than_assumed(void **state)
{
	(void)state;
	rig_new();
	rig->radios[0].allowance.ledger = (struct ledger_settings){.limit_us = 36000000, .reserve_us = 6000000};
	rig->radios[0].us_per_byte = 1000;
	rig->radios[0].up = false;
	rig_again(false);
	for (int i = 0; i < 20; i++) {
		char id[16];
		snprintf(id, sizeof(id), "c-%d", i);
		rig_begin(id, KIND_TEXT, "", "hello");
	}
	struct schedule_level level = outgoing_level(rig->down.outgoing, 0, CLASS_ROUTINE);
	assert_int_equal(level.entries, 20);
	outgoing_each(rig->down.outgoing, look, NULL);
	rig->radios[0].us_per_byte = 100000; /* 5 s a frame: six of them */
	rig_plug(0);
	int64_t spent_ms = 0;
	for (int i = 0; i < 20; i++) {
		rig_settle();
		if (!rig->radios[0].busy)
			break;
		rig_frame(0, SEND_DONE, "");
		spent_ms += 5000;
	}
	assert_true(spent_ms <= 30000);
	rig_free();
}

/* With its radio gone a message takes the other one; what is for all, or for that radio, waits for it. */
static void test_a_radio_that_is_gone(void **state)
{
	(void)state;
	rig_new();
	rig->radios[0].channel_busy = true;
	rig_begin("c-1", KIND_ALERT, "N0CALL-7", "hello");
	rig_begin("c-2", KIND_TEXT, "", "hello");
	rig_unplug(0);
	rig_pass(15000);
	assert_false(rig->radios[1].busy);
	rig_pass(30000);
	assert_true(rig->radios[1].busy);
	assert_string_equal(rig->radios[1].id, "c-1");
	rig_frame(1, SEND_DONE, "");
	rig_ack(1, "N0CALL-7", 0);
	rig_assert_end("c-1", RECEIPT_CONFIRMED, "");
	rig_begin("c-3", KIND_TEXT, "N0CALL-7", "hello");
	assert_string_equal(rig->radios[1].id, "c-3");
	rig->radios[0].channel_busy = false;
	rig_plug(0);
	rig_pass(5000);
	rig_pass(5000);
	assert_string_equal(rig->radios[0].id, "c-2");
	rig_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_confirmed),
	    cmocka_unit_test(test_no_cancel_after_the_first_radio),
	    cmocka_unit_test(test_expiry_behind_the_first_radio),
	    cmocka_unit_test(test_no_cancel_after_a_restart),
	    cmocka_unit_test(test_a_kill_between_two_radios),
	    cmocka_unit_test(test_a_full_disk),
	    cmocka_unit_test(test_who_hurries_whom),
	    cmocka_unit_test(test_a_busy_channel_is_no_want_of_airtime),
	    cmocka_unit_test(test_a_module_that_is_slower_than_assumed),
	    cmocka_unit_test(test_a_radio_that_is_gone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
