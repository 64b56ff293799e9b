/* What stations are told: each network in its own words, what is not answered, and what becomes of an answer. */
#include "tests/unit/answer-fixture.h"

/* ---- each network ---- */

static void test_aprs_number(void **state)
{
	struct rig *rig = *state;
	struct message message = numbered("a-1", "27");
	hear(rig, &message, "aprs");
	assert_int_equal(rig->count, 0);
	store(rig, "a-1");
	assert_int_equal(rig->count, 1);
	assert_int_equal(said(rig, 0)->kind, KIND_ACK);
	assert_string_equal(said(rig, 0)->to, "N0CALL-7");
	assert_string_equal(said(rig, 0)->ack.ref, "27");
	assert_int_equal(said(rig, 0)->ack.level, 0);
	assert_int_equal(said(rig, 0)->class, CLASS_SAFETY);
	assert_string_equal(rig->said[0].radio, "vhf");
	assert_false(rig->said[0].kept);
	/* PUBACK after the disk changes nothing. */
	store(rig, "a-1");
	assert_int_equal(rig->count, 1);
}

static void test_aprs_number_again(void **state)
{
	struct rig *rig = *state;
	struct message message = numbered("a-1", "27");
	hear(rig, &message, "aprs");
	answer_heard_again(rig->answer, "a-1", rig->now_ms);
	assert_int_equal(rig->count, 0);
	store(rig, "a-1");
	rig->now_ms += 4999;
	answer_heard_again(rig->answer, "a-1", rig->now_ms);
	assert_int_equal(rig->count, 1);
	rig->now_ms += 1;
	answer_heard_again(rig->answer, "a-1", rig->now_ms);
	assert_int_equal(rig->count, 2);
	assert_string_equal(said(rig, 1)->ack.ref, "27");
	assert_string_not_equal(said(rig, 1)->id, said(rig, 0)->id);
}

static void test_aprs_distress(void **state)
{
	struct rig *rig = *state;
	struct message message = distress("a-1", "N0CALL-7", "a-1");
	hear_stored(rig, &message, "aprs");
	assert_int_equal(rig->count, 1);
	assert_int_equal(said(rig, 0)->kind, KIND_TEXT);
	assert_int_equal(said(rig, 0)->class, CLASS_DISTRESS);
	assert_true(said(rig, 0)->ack_wanted);
	assert_int_equal(said(rig, 0)->body_kind, KIND_TEXT);
	assert_string_equal(said(rig, 0)->text, "Distress call stored. No person has reported seeing it.");
	assert_true(rig->said[0].kept);
	assert_true(rig->soon);
}

static void test_aprs_alert_with_number(void **state)
{
	struct rig *rig = *state;
	struct message message = numbered("a-1", "9");
	message.kind = KIND_ALERT;
	message.class = CLASS_URGENT;
	hear_stored(rig, &message, "aprs");
	assert_int_equal(rig->count, 2);
	assert_int_equal(said(rig, 0)->kind, KIND_ACK);
	assert_int_equal(said(rig, 1)->kind, KIND_TEXT);
	assert_int_equal(said(rig, 1)->class, CLASS_URGENT);
}

static void test_field(void **state)
{
	struct rig *rig = *state;
	struct message message = field(KIND_DISTRESS, "f-17-4001", CLASS_DISTRESS);
	message.status = STATUS_EXERCISE;
	hear_stored(rig, &message, "field");
	assert_int_equal(rig->count, 1);
	assert_int_equal(said(rig, 0)->kind, KIND_ACK);
	assert_string_equal(said(rig, 0)->to, "f-17");
	assert_string_equal(said(rig, 0)->ack.ref, "f-17-4001");
	assert_int_equal(said(rig, 0)->ack.level, ACK_STORED);
	assert_int_equal(said(rig, 0)->status, STATUS_EXERCISE);
	assert_int_equal(said(rig, 0)->class, CLASS_DISTRESS);
	/* Each repeat is answered, but not for each radio and relay that carries it. */
	answer_heard_again(rig->answer, "f-17-4001", rig->now_ms + 100);
	assert_int_equal(rig->count, 1);
	gone(rig);
	answer_heard_again(rig->answer, "f-17-4001", rig->now_ms + 2000);
	assert_int_equal(rig->count, 2);
	assert_int_equal(said(rig, 1)->ack.level, ACK_STORED);
}

static void test_field_asks_for_nothing(void **state)
{
	struct rig *rig = *state;
	struct message message = field(KIND_TEXT, "f-17-1", CLASS_ROUTINE);
	message.ack_wanted = false;
	hear_stored(rig, &message, "field");
	message = field(KIND_POSITION, "f-17-2", CLASS_BULK);
	message.ack_wanted = false;
	hear_stored(rig, &message, "field");
	assert_int_equal(rig->count, 0);
	/* A person may still say something of the first. */
	assert_int_equal(answer_level(rig->answer, "f-17-1", ACK_HQ_SEEN, -1, rig->now_ms), 0);
	assert_int_equal(said(rig, 0)->ack.level, ACK_HQ_SEEN);
	assert_int_equal(answer_level(rig->answer, "f-17-2", ACK_HQ_SEEN, -1, rig->now_ms), -ENOENT);
}

static void test_meshes(void **state)
{
	struct rig *rig = *state;
	struct message message = heard(KIND_TEXT, "mt-1", "mt-433c1d20", CLASS_ROUTINE);
	message.for_us = true;
	hear_stored(rig, &message, "meshtastic");
	message = heard(KIND_TEXT, "mc-1", "mc-a1b2c3d4e5f6", CLASS_ROUTINE);
	message.for_us = true;
	message.authenticity = AUTHENTICITY_VERIFIED;
	hear_stored(rig, &message, "meshcore");
	assert_int_equal(rig->count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(said(rig, i)->kind, KIND_TEXT);
		assert_string_equal(said(rig, i)->text, "Message stored. No person has reported seeing it yet.");
		assert_int_equal(said(rig, i)->class, CLASS_SAFETY);
	}
	assert_string_equal(said(rig, 0)->to, "mt-433c1d20");
	assert_string_equal(said(rig, 1)->to, "mc-a1b2c3d4e5f6");
}

static void test_not_answered(void **state)
{
	struct rig *rig = *state;
	struct message cases[16];
	const char *airs[16];
	size_t count = 0;
#define CASE(air, message)                                                                                             \
	airs[count] = air;                                                                                             \
	cases[count++] = message
	CASE("aprs", numbered("x-0", "1"));
	SET(cases[count - 1].aprs.third_party, "N0CALL>APRS");
	CASE("aprs", distress("x-1", "N0CALL-7", "x-1"));
	SET(cases[count - 1].aprs.name, "OBJECT");
	CASE("aprs", numbered("x-2", "1"));
	cases[count - 1].for_us = false;   /* between two others */
	CASE("aprs", numbered("x-3", "")); /* asks for nothing */
	CASE("meshtastic", heard(KIND_ALERT, "x-4", "mt-433c1d20", CLASS_URGENT));
	SET(cases[count - 1].heard.path, "mqtt");
	CASE("meshcore", distress("x-5", "mc-name-0badcafe", "x-5")); /* only a name on a channel */
	CASE("meshcore", distress("x-6", "mc-channel", "x-6"));
	CASE(NULL, distress("x-7", "base1", "x-7")); /* the panel */
	CASE("field", field(KIND_ACK, "x-8", CLASS_DISTRESS));
	CASE("field", field(KIND_DISTRESS, "x-9", CLASS_DISTRESS));
	SET(cases[count - 1].station, "f-65535");
	cases[count - 1].for_us = false; /* of a group */
	CASE("aprs", distress("", "N0CALL-7", ""));
	CASE("meshtastic", heard(KIND_TEXT, "x-11", "mt-433c1d20", CLASS_ROUTINE)); /* to all */
	CASE("aprs", heard(KIND_RAW, "x-12", "N0CALL-7", CLASS_URGENT));
	for (size_t i = 0; i < count; i++) {
		hear_stored(rig, &cases[i], airs[i]);
		answer_heard_again(rig->answer, cases[i].id, rig->now_ms);
		rig->now_ms += 120000;
	}
	assert_int_equal(rig->count, 0);
}

static void test_demoted_alert_is_not_answered_unasked(void **state)
{
	struct rig *rig = *state;
	struct message message = heard(KIND_ALERT, "mt-1", "mt-433c1d20", CLASS_SAFETY);
	message.demoted = true;
	hear_stored(rig, &message, "meshtastic");
	assert_int_equal(rig->count, 0);
}

/* ---- receipts ---- */

static void test_receipts(void **state)
{
	struct rig *rig = *state;
	struct message urgent = distress("a-1", "N0CALL-7", "a-1"), other = numbered("a-2", "1");
	SET(other.station, "N0CALL-8");
	hear_stored(rig, &urgent, "aprs");
	hear_stored(rig, &other, "aprs");
	struct receipt receipt = {.command = said(rig, 0)->id, .stage = RECEIPT_CONFIRMED, .class = CLASS_DISTRESS};
	assert_true(answer_receipt(rig->answer, &receipt));
	assert_string_equal(receipt.ref, "a-1");
	receipt = (struct receipt){.command = said(rig, 1)->id, .stage = RECEIPT_SENT, .class = CLASS_SAFETY};
	assert_false(answer_receipt(rig->answer, &receipt));
	receipt = (struct receipt){.command = "c-1", .stage = RECEIPT_SENT, .class = CLASS_ROUTINE};
	assert_true(answer_receipt(rig->answer, &receipt));
	assert_null(receipt.ref);
	receipt = (struct receipt){.command = "k-", .stage = RECEIPT_SENT, .class = CLASS_URGENT};
	assert_true(answer_receipt(rig->answer, &receipt));
	assert_null(receipt.ref);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_aprs_number),
	    TEST(test_aprs_number_again),
	    TEST(test_aprs_distress),
	    TEST(test_aprs_alert_with_number),
	    TEST(test_field),
	    TEST(test_field_asks_for_nothing),
	    TEST(test_meshes),
	    TEST(test_not_answered),
	    TEST(test_demoted_alert_is_not_answered_unasked),
	    TEST(test_receipts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
