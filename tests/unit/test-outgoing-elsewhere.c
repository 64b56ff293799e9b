/* A neighbour delivers what goes by a radio of this gateway by now: it ends there and then, and its sender learns by whom. */
#include "tests/support/outgoing_rig.h"

static struct {
	char order[COMMAND_ID_MAX + 1]; /* the last that was given to base2 */
	unsigned recalled;
	bool via; /* the last end names base2 */
} told;

static void deliver(void)
{
	static const char via[] = "\"via\":\"base2\"";
	struct entry *entry;
	rig_disk(SIZE_MAX);
	rig_run();
	while ((entry = schedule_take(rig->uplink, CLASS_DISTRESS, CLASS_BULK, rig->now_ms))) {
		bool whole = entry_topic(entry)[0] == ENTRY_WHOLE_TOPIC;
		told.recalled += whole && strstr(entry_topic(entry), "/cancel");
		if (whole && !strstr(entry_topic(entry), "/cancel"))
			snprintf(told.order, sizeof(told.order), "%s", entry_id(entry));
		if (!whole) {
			rig_note(entry);
			if (rig->said[rig->said_count - 1].stage >= RECEIPT_CONFIRMED)
				told.via = memmem(entry_payload(entry), entry->payload_size, via, sizeof(via) - 1);
			receipts_delivered(rig->down.receipts, entry_id(entry));
		}
		keeper_finish(rig->keeper, entry);
	}
}

static void see(bool online)
{
	enum neighbour_news news = neighbours_state(rig->neighbours, "base2", online, 1, rig->now_ms);
	if (news == NEIGHBOUR_LEFT)
		outgoing_neighbour_left(rig->down.outgoing, "base2");
}

static void begin(void)
{
	const struct message_heard heard = {.hops = 0, .rssi_dbm = -60};
	memset(&told, 0, sizeof(told));
	rig_new();
	rig->settings.neighbours = (struct neighbours_settings){
	    .enabled = true, .hold_ms = 60000, .report_every_ms = 60000};
	rig->settings.uplink.topic_prefix = "cresset/v1/op1/";
	rig_again(false);
	outgoing_online(rig->down.outgoing, true);
	see(true);
	neighbours_heard(rig->neighbours, "base2", "N0CALL-7", &heard, rig->now_ms);
}

/* base2 has it, goes away, and the first radio here takes over. */
static void take_over(void)
{
	begin();
	assert_int_equal(rig_send("c-1", KIND_ALERT, "N0CALL-7", "hello", false), 0);
	deliver();
	assert_string_not_equal(told.order, "");
	assert_false(rig->radios[0].busy);
	see(false);
	deliver();
	assert_true(rig->radios[0].busy);
	assert_int_equal(told.recalled, 1);
}

static void answer(enum receipt_stage stage)
{
	struct handed_receipt receipt = {.stage = stage, .assumed = true};
	memcpy(receipt.id, told.order, sizeof(told.order));
	outgoing_answered(rig->down.outgoing, "base2", &receipt);
}

static void assert_end(const char *id, enum receipt_stage stage)
{
	deliver();
	assert_false(rig->radios[0].busy);
	assert_false(rig->radios[1].busy);
	const struct rig_said *final = rig_final(id, true);
	if (!final) {
		fail_msg("%s has no end", id);
		return;
	}
	assert_string_equal(receipt_stage_name(final->stage), receipt_stage_name(stage));
	assert_true(told.via);
}

/* The modem had not begun with it. */
static void test_given_back(void **state)
{
	(void)state;
	take_over();
	answer(RECEIPT_CONFIRMED);
	rig_tell(&rig->radios[0], SEND_GIVEN_BACK, "");
	assert_end("c-1", RECEIPT_CONFIRMED);
	rig_free();
}

/* What was cut short goes again, but for what has got there. */
static void test_cut_short(void **state)
{
	(void)state;
	take_over();
	answer(RECEIPT_SENT);
	rig_unplug(0);
	rig_plug(0);
	assert_end("c-1", RECEIPT_SENT);
	rig_free();
}

static void test_transmitted_here_too(void **state)
{
	(void)state;
	take_over();
	answer(RECEIPT_CONFIRMED);
	rig_frame(0, SEND_DONE, "");
	assert_end("c-1", RECEIPT_CONFIRMED);
	rig_free();
}

/* An answer of the gateway's own that a neighbour has, and that is out of date: nothing lower is to be heard after a newer one. */
static void test_out_of_date_at_a_neighbour(void **state)
{
	(void)state;
	struct message message;
	begin();
	message_init(&message);
	message.kind = KIND_ACK;
	message.class = CLASS_DISTRESS;
	message.ack.level = ACK_STORED;
	snprintf(message.id, sizeof(message.id), "k-1");
	snprintf(message.to, sizeof(message.to), "N0CALL-7");
	snprintf(message.ack.ref, sizeof(message.ack.ref), "f-17-1");
	rig->radios[0].fails_at_once = true;
	assert_int_equal(outgoing_answer(rig->down.outgoing, &message, "one", true), 0);
	deliver();
	assert_string_not_equal(told.order, "");
	assert_int_equal(told.recalled, 0);
	assert_int_equal(outgoing_supersede(rig->down.outgoing, "k-1"), 0);
	deliver();
	assert_int_equal(told.recalled, 1);
	rig_free();
}

/* The only way has gone, and says when nobody waits for it any more that it was in vain: its sender is not left waiting for a day. */
static void test_the_only_way_has_failed_late(void **state)
{
	(void)state;
	begin();
	for (unsigned i = 0; i < RIG_RADIOS; i++)
		rig->radios[i].absent = true;
	rig_again(false);
	outgoing_online(rig->down.outgoing, true);
	const struct message_heard heard = {.hops = 0, .rssi_dbm = -60};
	see(true);
	neighbours_heard(rig->neighbours, "base2", "N0CALL-7", &heard, rig->now_ms);
	assert_int_equal(rig_send("c-1", KIND_ALERT, "N0CALL-7", "hello", false), 0);
	deliver();
	assert_string_not_equal(told.order, "");
	see(false);
	rig_pass(200000);
	deliver();
	assert_null(rig_final("c-1", true));
	struct handed_receipt receipt = {.stage = RECEIPT_FAILED, .code = "no_ack"};
	memcpy(receipt.id, told.order, sizeof(told.order));
	outgoing_answered(rig->down.outgoing, "base2", &receipt);
	rig_pass(10000);
	deliver();
	const struct rig_said *final = rig_final("c-1", true);
	assert_non_null(final);
	assert_string_equal(final->code, "no_ack");
	rig_free();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_given_back),
	    cmocka_unit_test(test_cut_short),
	    cmocka_unit_test(test_transmitted_here_too),
	    cmocka_unit_test(test_out_of_date_at_a_neighbour),
	    cmocka_unit_test(test_the_only_way_has_failed_late),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
