/* Nothing on the way down waits for what it need not wait for, and who asked is told what it waits for. */
#define RIG_RADIO_COUNT 3
#include "tests/support/outgoing_rig.h"

enum { TICK_MS = 5000, DOWN_LONG_MS = 40000 };

static bool was_delayed(const char *id)
{
	for (size_t i = 0; i < rig->said_count; i++)
		if (rig->said[i].delayed && strcmp(rig->said[i].command, id) == 0)
			return true;
	return false;
}

/* That radio hears the station, and is the best way to it from then on. */
static void hear(unsigned number, const char *station)
{
	struct message message;
	message_init(&message);
	snprintf(message.station, sizeof(message.station), "%s", station);
	message.heard.hops = 0;
	outgoing_heard(rig->down.outgoing, &rig->radios[number], &message);
}

/* An alert that takes the place of another that waited for airtime is told its own time. */
static void test_another_alert_waits_for_airtime(void **state)
{
	(void)state;
	rig_new();
	rig->radios[0].allowance.ledger = (struct ledger_settings){.limit_us = 300000, .reserve_us = 300000};
	rig_again(false);
	rig_begin("c-1", KIND_ALERT, "", "first");
	rig_frame(0, SEND_DONE, "");
	rig_begin("c-2", KIND_ALERT, "", "second");
	assert_false(rig->radios[0].busy);
	rig_settle();
	assert_true(was_delayed("c-2"));
	assert_int_equal(route_down_cancel(&rig->down, "c-2"), 0);
	rig_begin("c-3", KIND_ALERT, "", "third");
	rig_settle();
	assert_true(was_delayed("c-3"));
	rig_free();
}

/* What goes after another one goes at once when that is taken back. */
static void test_behind_a_longer_one(void **state)
{
	(void)state;
	rig_new();
	rig->radios[0].allowance.ledger = (struct ledger_settings){.limit_us = 300000, .reserve_us = 300000};
	rig_again(false);
	rig_begin("c-1", KIND_ALERT, "", "first");
	rig_frame(0, SEND_DONE, "");
	rig_begin("c-2", KIND_ALERT, "", "second");
	rig_begin("c-3", KIND_ALERT, "", "S: a short one");
	assert_false(rig->radios[0].busy);
	assert_int_equal(route_down_cancel(&rig->down, "c-2"), 0);
	rig_run();
	assert_true(rig->radios[0].busy);
	assert_string_equal(rig->radios[0].id, "c-3");
	rig_free();
}

/* With two radios gone the third one takes it, however well the others heard the station. */
static void test_two_radios_gone(void **state)
{
	(void)state;
	rig_new();
	hear(2, "N0CALL-7");
	rig_pass(1000);
	hear(1, "N0CALL-7");
	rig_pass(1000);
	hear(0, "N0CALL-7");
	rig->radios[0].channel_busy = true;
	rig_begin("c-1", KIND_ALERT, "N0CALL-7", "hello");
	rig_unplug(0);
	rig_unplug(1);
	rig_pass(DOWN_LONG_MS);
	assert_true(rig->radios[2].busy);
	rig_frame(2, SEND_DONE, "");
	rig_ack(2, "N0CALL-7", 0);
	rig_assert_end("c-1", RECEIPT_CONFIRMED, "");
	rig_free();
}

/* What is known to be down for long is not asked first. */
static void test_an_alert_does_not_ask_a_dead_radio(void **state)
{
	(void)state;
	rig_new();
	hear(0, "N0CALL-7");
	rig_unplug(0);
	rig_pass(DOWN_LONG_MS);
	rig_begin("c-1", KIND_ALERT, "N0CALL-7", "hello");
	assert_true(rig->radios[1].busy);
	rig_free();
}

/* A radio that dies between two repetitions does not keep the message until it expires. */
static void test_a_radio_gone_before_the_repetition(void **state)
{
	(void)state;
	rig_new();
	rig_begin("c-1", KIND_ALERT, "N0CALL-7", "hello");
	rig_frame(0, SEND_DONE, "");
	rig_unplug(0);
	rig_pass(DOWN_LONG_MS + TICK_MS);
	assert_true(rig->radios[1].busy);
	assert_string_equal(rig->radios[1].id, "c-1");
	rig_frame(1, SEND_DONE, "");
	rig_ack(1, "N0CALL-7", 0);
	rig_assert_end("c-1", RECEIPT_CONFIRMED, "");
	rig_free();
}

/* A former run has left it for a radio that cannot be started now. */
static void test_a_radio_that_does_not_start(void **state)
{
	(void)state;
	rig_new();
	rig->radios[0].channel_busy = true;
	rig_begin("c-1", KIND_TEXT, "N0CALL-7", "hello");
	rig->radios[0].absent = true;
	rig_again(false);
	rig_pass(DOWN_LONG_MS);
	assert_true(rig->radios[1].busy);
	assert_string_equal(rig->radios[1].id, "c-1");
	rig_free();
}

/* Radios of other names after a restart: what is for one station goes by one that speaks to it; what is for all, or for that radio, has failed. */
static void test_a_radio_of_another_name(void **state)
{
	(void)state;
	rig_new();
	rig->radios[0].channel_busy = true;
	rig_begin("c-1", KIND_ALERT, "N0CALL-7", "hello");
	rig_begin("c-2", KIND_TEXT, "", "hello");
	rig->radio_settings[0].name = "another";
	rig->radios[0].channel_busy = false;
	rig_again(false);
	rig_settle();
	assert_true(rig->radios[0].busy);
	assert_string_equal(rig->radios[0].id, "c-1");
	rig_frame(0, SEND_DONE, "");
	rig_ack(0, "N0CALL-7", 0);
	rig_assert_end("c-1", RECEIPT_CONFIRMED, "");
	rig_assert_end("c-2", RECEIPT_FAILED, "radio_gone");
	rig_free();
}

/* Its sender waits to hear that it is safe, whichever radio has it by then. */
static void test_an_alert_moves_before_the_disk_has_it(void **state)
{
	(void)state;
	rig_new();
	rig->radios[0].fails_at_once = true;
	rig->radios[1].channel_busy = true;
	assert_int_equal(rig_send("c-1", KIND_ALERT, "N0CALL-7", "hello", false), 0);
	rig_run();
	assert_int_equal(rig->accepted, 0);
	rig_settle();
	assert_int_equal(rig->accepted, 1);
	assert_true(rig_was_said("c-1", RECEIPT_QUEUED));
	rig_free();
}

/* What its radio has by then, and gives back, is queued as anything else. */
static void test_an_alert_is_given_back(void **state)
{
	(void)state;
	rig_new();
	assert_int_equal(rig_send("c-1", KIND_ALERT, "", "hello", false), 0);
	rig_run();
	assert_true(rig->radios[0].busy);
	rig_settle();
	rig->radios[0].channel_busy = true;
	rig_tell(&rig->radios[0], SEND_GIVEN_BACK, "");
	rig_settle();
	assert_true(rig_was_said("c-1", RECEIPT_QUEUED));
	rig_free();
}

/* An answer of the gateway's own to a distress, which nobody can acknowledge, and which is therefore said twice. */
static void answer(const char *id, int64_t life_ms)
{
	struct message message;
	message_init(&message);
	message.kind = KIND_ACK;
	message.class = CLASS_DISTRESS;
	message.ack.level = ACK_STORED;
	message.life_ms = life_ms;
	snprintf(message.id, sizeof(message.id), "%s", id);
	snprintf(message.to, sizeof(message.to), "N0CALL-7");
	snprintf(message.ack.ref, sizeof(message.ack.ref), "f-17-1");
	assert_int_equal(outgoing_answer(rig->down.outgoing, &message, "one", true), 0);
	rig_settle();
}

/* It was sent, if once: that its repetition came too late does not make it wrong. */
static void test_a_repetition_that_expires(void **state)
{
	(void)state;
	rig_new();
	answer("k-1", 60000);
	assert_true(rig->radios[0].busy);
	rig_frame(0, SEND_DONE, "");
	rig->radios[0].channel_busy = true;
	rig_pass(100000);
	rig_assert_end("k-1", RECEIPT_SENT, "");
	rig_free();
}

/* Nor does it become wrong when the repetition fails, and is tried by the other radios in vain. */
static void test_a_repetition_that_fails(void **state)
{
	(void)state;
	rig_new();
	answer("k-1", 0);
	rig_frame(0, SEND_DONE, "");
	rig_pass(20000);
	for (unsigned i = 0; i < RIG_RADIOS; i++) {
		assert_true(rig->radios[i].busy);
		rig_frame(i, SEND_FAILED, "refused");
		rig_run();
	}
	rig_assert_end("k-1", RECEIPT_SENT, "");
	rig_free();
}

/* What is out of date does not go again because its radio was cut off. */
static void test_a_cut_frame_that_is_out_of_date(void **state)
{
	(void)state;
	rig_new();
	answer("k-1", 0);
	rig_tell(&rig->radios[0], SEND_ON_AIR, "");
	assert_int_equal(outgoing_supersede(rig->down.outgoing, "k-1"), 0);
	rig_unplug(0);
	rig_plug(0);
	rig_run();
	assert_false(rig->radios[0].busy);
	rig_free();
}

/* The field is listened to after frames that it heard. */
static void test_no_listening_after_what_was_given_back(void **state)
{
	(void)state;
	rig_new();
	rig->radio_settings[0].listening_share_pct = 10;
	rig_again(false);
	rig_begin("c-1", KIND_TEXT, "", "hello");
	assert_true(rig->radios[0].busy);
	rig_tell(&rig->radios[0], SEND_GIVEN_BACK, "");
	rig_run();
	assert_true(rig->radios[0].busy);
	rig_frame(0, SEND_DONE, "");
	rig_begin("c-2", KIND_TEXT, "", "hello");
	assert_false(rig->radios[0].busy);
	rig_free();
}

/* What a device lost, forgot or had no room for goes again, as often as `retries` says; what failed otherwise does not. */
static void test_what_a_device_did_not_keep(void **state)
{
	(void)state;
	static const char *const codes[] = {"node_rebooted", "node_lost",   "radio_lost", "module_lost",  "modem_lost",
					    "node_full",     "module_busy", "modem_full", "port_reopened"};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		rig_new();
		rig->radio_settings[0].retries = 2;
		rig_begin("c-1", KIND_TEXT, "", "hello");
		for (int attempt = 0; attempt < 3; attempt++) {
			assert_true(rig->radios[0].busy);
			rig_frame(0, SEND_FAILED, codes[i]);
			rig_run();
		}
		assert_false(rig->radios[0].busy);
		rig_assert_end("c-1", RECEIPT_FAILED, codes[i]);
		rig_begin("c-2", KIND_TEXT, "", "hello");
		rig_frame(0, SEND_FAILED, "no_ack");
		rig_run();
		rig_assert_end("c-2", RECEIPT_FAILED, "no_ack");
		rig_free();
	}
}

/* An alert does not wait for a module that died under it while another radio is up; with none it waits, and goes again. */
static void test_an_alert_leaves_a_dying_module(void **state)
{
	(void)state;
	rig_new();
	hear(1, "N0CALL-7");
	rig_pass(1000);
	hear(0, "N0CALL-7");
	rig_unplug(1);
	rig_begin("c-1", KIND_ALERT, "N0CALL-7", "hello");
	assert_true(rig->radios[0].busy);
	rig_frame(0, SEND_FAILED, "module_lost");
	rig_run();
	assert_true(rig->radios[2].busy);
	assert_false(rig->radios[0].busy);
	rig_unplug(0);
	rig_frame(2, SEND_FAILED, "module_lost");
	rig_run();
	assert_true(rig->radios[2].busy);
	rig_frame(2, SEND_DONE, "");
	rig_ack(2, "N0CALL-7", 0);
	rig_assert_end("c-1", RECEIPT_CONFIRMED, "");
	rig_free();
}

/* A text stays: its radio heard the station best, and is back in a moment. */
static void test_a_text_waits_for_its_module(void **state)
{
	(void)state;
	rig_new();
	rig_begin("c-1", KIND_TEXT, "N0CALL-7", "hello");
	rig_frame(0, SEND_FAILED, "module_lost");
	rig_run();
	assert_true(rig->radios[0].busy);
	assert_false(rig->radios[1].busy);
	rig_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_alert_leaves_a_dying_module),
	    cmocka_unit_test(test_a_text_waits_for_its_module),
	    cmocka_unit_test(test_another_alert_waits_for_airtime),
	    cmocka_unit_test(test_behind_a_longer_one),
	    cmocka_unit_test(test_two_radios_gone),
	    cmocka_unit_test(test_an_alert_does_not_ask_a_dead_radio),
	    cmocka_unit_test(test_a_radio_gone_before_the_repetition),
	    cmocka_unit_test(test_a_radio_that_does_not_start),
	    cmocka_unit_test(test_a_radio_of_another_name),
	    cmocka_unit_test(test_an_alert_moves_before_the_disk_has_it),
	    cmocka_unit_test(test_an_alert_is_given_back),
	    cmocka_unit_test(test_a_repetition_that_expires),
	    cmocka_unit_test(test_a_repetition_that_fails),
	    cmocka_unit_test(test_a_cut_frame_that_is_out_of_date),
	    cmocka_unit_test(test_no_listening_after_what_was_given_back),
	    cmocka_unit_test(test_what_a_device_did_not_keep),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
