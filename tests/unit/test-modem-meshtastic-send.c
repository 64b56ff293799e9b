/* The modem of a Meshtastic node: its unspoken limits, and what became of what was sent. */
#include "tests/unit/meshtastic-modem-fixture.h"

static void test_direct(void **unused)
{
	(void)unused;
	up();
	assert_int_equal(send(PEER, false, "hello"), 0);
	look();
	assert_int_equal(told.packets, 1);
	assert_int_not_equal(told.packet.id, 0);
	assert_int_equal(send(PEER, false, "more"), -EAGAIN);
	say_queue(0, 15, told.packet.id);
	assert_sent(1, SEND_ON_AIR, true, "");
	/* Somebody repeated it; that is no delivery. */
	say_routing(OWN, 0, told.packet.id);
	assert_int_equal(record.sent_count, 1);
	say_routing(PEER + 1, 0, told.packet.id);
	say_routing(PEER, 0, told.packet.id + 1);
	assert_int_equal(record.sent_count, 1);
	/* An answer in words is no acknowledgement. */
	say_answer(1, PEER, 0, told.packet.id);
	assert_int_equal(record.sent_count, 1);
	say_routing(PEER, 0, told.packet.id);
	assert_sent(2, SEND_CONFIRMED, false, "");
	/* Twice, and of what is over. */
	uint32_t before = told.packet.id;
	say_routing(PEER, 0, before);
	pass(3000000, true);
	assert_int_equal(send(PEER, false, "more"), 0);
	look();
	say_queue(0, 15, told.packet.id);
	say_routing(PEER, 0, before);
	say_routing(PEER, 5, before);
	assert_sent(3, SEND_ON_AIR, true, "");
}

static void test_failures(void **unused)
{
	(void)unused;
	static const struct {
		uint8_t error;
		const char *code;
	} cases[] = {{5, "no_ack"},   {1, "no_route"}, {6, "no_channel"},
		     {7, "too_long"}, {35, "no_key"},  {99, "refused"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		up();
		assert_int_equal(send(PEER, false, "hello"), 0);
		look();
		say_queue(0, 15, told.packet.id);
		say_routing(OWN, cases[i].error, told.packet.id);
		assert_sent(2, SEND_FAILED, false, cases[i].code);
	}
	static const struct {
		int result;
		const char *code;
	} refused[] = {{33, "no_radio"}, {34, "tx_disabled"}, {7, "too_long"}};
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		up();
		assert_int_equal(send(PEER, false, "hello"), 0);
		look();
		say_queue(refused[i].result, 15, told.packet.id);
		assert_sent(1, SEND_FAILED, false, refused[i].code);
	}
	up();
	assert_int_equal(send(PEER, false, "hello"), 0);
	look();
	say_queue(0, 15, told.packet.id);
	pass(61000000, true);
	assert_sent(2, SEND_FAILED, false, "no_ack");
	/* No word at all. */
	up();
	assert_int_equal(send(PEER, false, "hello"), 0);
	pass(2100000, true);
	look();
	assert_int_equal(told.heartbeats, 1); /* the node keeps two of its words at most */
	pass(28000000, true);
	assert_sent(1, SEND_FAILED, false, "no_answer");
}

static void test_broadcast(void **unused)
{
	(void)unused;
	static const uint8_t known[] = {0, 5}; /* repeated by a neighbour; given up because none did */
	for (size_t i = 0; i < sizeof(known); i++) {
		up();
		assert_int_equal(send(MESHTASTIC_BROADCAST, false, "hello"), 0);
		look();
		say_queue(0, 15, told.packet.id);
		say_routing(OWN, known[i], told.packet.id);
		assert_sent(2, SEND_DONE, false, "");
	}
	up();
	assert_int_equal(send(MESHTASTIC_BROADCAST, false, "hello"), 0);
	look();
	say_queue(0, 15, told.packet.id);
	pass(61000000, true);
	assert_sent(2, SEND_DONE, true, "");
}

/* The node would throw away a second text within 2 s, and a second alert within 10 s while it says that it took it. */
static void test_pace(void **unused)
{
	(void)unused;
	up();
	assert_int_equal(send(MESHTASTIC_BROADCAST, false, "one"), 0);
	look();
	say_queue(0, 15, told.packet.id);
	say_routing(OWN, 0, told.packet.id);
	assert_int_equal(send(MESHTASTIC_BROADCAST, false, "two"), 0);
	look();
	assert_int_equal(told.packets, 0);
	pass(2000000, true);
	look();
	assert_int_equal(told.packets, 0);
	pass(200000, true);
	look();
	assert_int_equal(told.packets, 1);
	up();
	int64_t last_us = 0, last_text_us = 0;
	for (int i = 0; i < 12; i++) {
		assert_int_equal(send(MESHTASTIC_BROADCAST, true, "leave"), 0);
		while (look(), told.packets == 0)
			pass(100000, true);
		assert_int_equal(told.packet.priority, 110);
		if (told.packet.content.decoded.port == 11) {
			assert_true(last_us == 0 || record.now_us - last_us > 10000000);
			last_us = record.now_us;
		} else {
			assert_int_equal(told.packet.content.decoded.port, 1);
			assert_true(last_text_us == 0 || record.now_us - last_text_us > 2000000);
			last_text_us = record.now_us;
		}
		say_queue(0, 15, told.packet.id);
		say_routing(OWN, 0, told.packet.id);
		pass(500000, true);
	}
}

/* An alert of which nothing is heard goes again as a text, with another number. */
static void test_alert_is_repeated(void **unused)
{
	(void)unused;
	up();
	assert_int_equal(send(MESHTASTIC_BROADCAST, true, "leave"), 0);
	look();
	uint32_t id = told.packet.id;
	assert_int_equal(told.packet.content.decoded.port, 11);
	say_queue(0, 15, id);
	pass(21000000, true);
	look();
	assert_int_equal(told.packets, 1);
	assert_int_equal(told.packet.content.decoded.port, 1);
	assert_int_equal(told.packet.priority, 110);
	assert_int_not_equal(told.packet.id, id);
	assert_int_equal(record_drops(&record, "meshtastic_alert_repeated"), 1);
	say_queue(0, 15, told.packet.id);
	say_routing(OWN, 0, told.packet.id);
	assert_sent(2, SEND_DONE, false, "");
}

/* A neighbour repeated it: that is a sign, and its addressee's word is waited for instead of saying it twice. */
static void test_direct_alert_with_a_sign(void **unused)
{
	(void)unused;
	for (int answered = 0; answered < 2; answered++) {
		up();
		assert_int_equal(send(PEER, true, "leave"), 0);
		look();
		uint32_t id = told.packet.id;
		if (answered)
			say_queue(0, 15, id);
		say_routing(OWN, 0, id);
		pass(50000000, true);
		look();
		assert_int_equal(told.packets, 0);
		assert_int_equal(record.sent_count, 1);
		say_routing(PEER, 0, id);
		assert_sent(2, SEND_CONFIRMED, false, "");
		assert_int_equal(record_drops(&record, "meshtastic_alert_repeated"), 0);
	}
	up();
	assert_int_equal(send(PEER, true, "leave"), 0);
	look();
	say_routing(OWN, 0, told.packet.id);
	pass(61000000, true);
	assert_sent(2, SEND_FAILED, false, "no_ack");
}

/* The word on the alert may come when it has gone once more as a text, or waits to: it holds for both. */
static void test_late_word_on_an_alert(void **unused)
{
	(void)unused;
	static const struct {
		uint32_t to, from;
		enum send_result result;
	} cases[] = {{PEER, PEER, SEND_CONFIRMED}, {MESHTASTIC_BROADCAST, OWN, SEND_DONE}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		up();
		assert_int_equal(send(cases[i].to, true, "leave"), 0);
		look();
		uint32_t id = told.packet.id;
		say_queue(0, 15, id);
		pass(21000000, true);
		look();
		assert_int_equal(told.packets, 1);
		say_queue(0, 15, told.packet.id);
		/* That the first was given up says nothing of the second, nor does somebody else's word. */
		say_routing(OWN, 1, id);
		say_routing(PEER + 1, 0, id);
		assert_int_equal(record.sent_count, 1);
		say_routing(cases[i].from, 0, id);
		assert_sent(2, cases[i].result, false, "");
		say_routing(cases[i].from, 0, told.packet.id);
		assert_int_equal(record.sent_count, 2);
	}
	/* Before the text is written, it need not be any more. */
	up();
	assert_int_equal(send(PEER, true, "leave"), 0);
	look();
	uint32_t id = told.packet.id;
	say_queue(0, 15, id);
	record.write_result = -EAGAIN;
	pass(20100000, true);
	say_routing(PEER, 0, id);
	assert_sent(2, SEND_CONFIRMED, false, "");
	record.write_result = 0;
	pass(5000000, true);
	look();
	assert_int_equal(told.packets, 0);
}

/* Refused for its duty cycle, by either word: given back, and nothing is taken until the time is over. */
static void test_duty_cycle(void **unused)
{
	(void)unused;
	for (int way = 0; way < 2; way++) {
		up();
		assert_int_equal(send(MESHTASTIC_BROADCAST, true, "leave"), 0);
		look();
		if (way == 0)
			say_queue(9, 15, told.packet.id);
		else
			say_routing(OWN, 9, told.packet.id);
		assert_sent(1, SEND_GIVEN_BACK, false, "");
		assert_false(status().ready);
		assert_non_null(strstr(status().text, "duty cycle"));
		assert_int_equal(send(MESHTASTIC_BROADCAST, true, "leave"), -EAGAIN);
		pass(59000000, true);
		assert_false(status().ready);
		size_t changes = record.changes;
		pass(2000000, true);
		assert_true(status().ready);
		assert_true(record.changes > changes);
		assert_string_equal(status().text, "");
		assert_int_equal(send(MESHTASTIC_BROADCAST, true, "leave"), 0);
	}
}

/* A text that came too soon for the node, because another host had just sent one: it goes again, and no alert waits for that. */
static void test_rate_limit(void **unused)
{
	(void)unused;
	up();
	assert_int_equal(send(MESHTASTIC_BROADCAST, false, "x"), 0);
	look();
	say_queue(0, 15, told.packet.id);
	say_routing(OWN, 38, told.packet.id);
	assert_sent(2, SEND_GIVEN_BACK, false, "");
	assert_true(status().ready);
	assert_int_equal(record_drops(&record, "meshtastic_rate_limit"), 1);
	assert_int_equal(send(MESHTASTIC_BROADCAST, true, "leave"), 0);
	look();
	assert_int_equal(told.packets, 1);
	assert_int_equal(told.packet.content.decoded.port, 11);
	/* An alert goes at once as a text. */
	say_routing(OWN, 38, told.packet.id);
	assert_int_equal(send(MESHTASTIC_BROADCAST, true, "leave"), 0);
	pass(2200000, true);
	look();
	assert_int_equal(told.packets, 1);
	assert_int_equal(told.packet.content.decoded.port, 1);
	assert_int_equal(told.packet.priority, 110);
}

static void test_room(void **unused)
{
	(void)unused;
	up();
	assert_int_equal(send(MESHTASTIC_BROADCAST, false, "x"), 0);
	look();
	say_queue(32, 0, told.packet.id);
	assert_sent(1, SEND_GIVEN_BACK, false, "");
	assert_non_null(strstr(status().text, "Texts wait"));
	assert_int_equal(send(MESHTASTIC_BROADCAST, false, "x"), -EAGAIN);
	/* It is asked for room. */
	pass(5100000, false);
	look();
	assert_int_equal(told.heartbeats, 1);
	/* When there is, the texts that wait hear of it. */
	size_t changes = record.changes;
	say_queue(0, 3, 0);
	assert_true(record.changes > changes);
	say_queue(0, 0, 0);
	/* For an alert the node throws out another packet, if one is less urgent. */
	assert_true(status().ready);
	assert_int_equal(send(MESHTASTIC_BROADCAST, true, "x"), 0);
	look();
	assert_int_equal(told.packet.priority, 110);
	say_queue(32, 0, told.packet.id);
	assert_sent(2, SEND_GIVEN_BACK, false, "");
	assert_false(status().ready);
	assert_non_null(strstr(status().text, "Even alerts wait"));
	pass(5100000, false);
	say_queue(0, 0, 0);
	assert_false(status().ready);
	say_queue(0, 2, 0);
	assert_true(status().ready);
	assert_string_equal(status().text, "");
	/* The last places are for alerts. */
	assert_int_equal(send(MESHTASTIC_BROADCAST, false, "x"), -EAGAIN);
	changes = record.changes;
	say_queue(0, 9, 0);
	assert_true(record.changes > changes);
	say_queue(0, 2, 0);
	assert_int_equal(send(MESHTASTIC_BROADCAST, true, "x"), 0);
}

static void test_hurry(void **unused)
{
	(void)unused;
	up();
	modem->modem->hurry(modem->state);
	assert_int_equal(record.sent_count, 0);
	assert_int_equal(send(PEER, false, "x"), 0);
	look();
	/* The node has not said yet whether it takes it. */
	modem->modem->hurry(modem->state);
	assert_int_equal(record.sent_count, 0);
	say_queue(0, 15, told.packet.id);
	modem->modem->hurry(modem->state);
	assert_sent(2, SEND_DONE, true, "");
	assert_int_equal(send(PEER, false, "y"), 0);
	modem->modem->hurry(modem->state);
	assert_sent(3, SEND_GIVEN_BACK, false, "");
	assert_int_equal(send(PEER, true, "z"), 0);
	look();
	assert_int_equal(told.packets, 1);
}

/* Hurried while the node has not said whether it takes it: nothing is waited for once it says so, or says nothing. */
static void test_hurry_before_the_word(void **unused)
{
	(void)unused;
	up();
	assert_int_equal(send(PEER, false, "x"), 0);
	look();
	modem->modem->hurry(modem->state);
	assert_int_equal(record.sent_count, 0);
	say_queue(0, 15, told.packet.id);
	assert_sent(2, SEND_DONE, true, "");
	assert_int_equal(record.sent[0].result, SEND_ON_AIR);
	up();
	assert_int_equal(send(PEER, false, "x"), 0);
	modem->modem->hurry(modem->state);
	pass(2000000, true);
	assert_sent(1, SEND_FAILED, false, "no_answer");
	/* Its word is overdue already. */
	up();
	assert_int_equal(send(PEER, false, "x"), 0);
	pass(3000000, true);
	assert_int_equal(record.sent_count, 0);
	modem->modem->hurry(modem->state);
	assert_sent(1, SEND_FAILED, false, "no_answer");
	up();
	assert_int_equal(send(PEER, true, "x"), 0);
	pass(3000000, true);
	modem->modem->hurry(modem->state);
	assert_sent(1, SEND_GIVEN_BACK, false, "");
}

static void test_lost(void **unused)
{
	(void)unused;
	up();
	assert_int_equal(send(PEER, false, "x"), 0);
	modem->modem->opened(modem->state);
	assert_sent(1, SEND_FAILED, false, "port_reopened");
	up();
	assert_int_equal(send(PEER, true, "x"), 0);
	say(FR_REBOOTED);
	assert_sent(1, SEND_GIVEN_BACK, false, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_direct),
	    cmocka_unit_test(test_failures),
	    cmocka_unit_test(test_broadcast),
	    cmocka_unit_test(test_pace),
	    cmocka_unit_test(test_alert_is_repeated),
	    cmocka_unit_test(test_direct_alert_with_a_sign),
	    cmocka_unit_test(test_late_word_on_an_alert),
	    cmocka_unit_test(test_duty_cycle),
	    cmocka_unit_test(test_rate_limit),
	    cmocka_unit_test(test_room),
	    cmocka_unit_test(test_hurry),
	    cmocka_unit_test(test_hurry_before_the_word),
	    cmocka_unit_test(test_lost),
	};
	return cmocka_run_group_tests(tests, NULL, free_modem);
}
