/* Sending by a MeshCore node: acknowledgements, attempts, refusals, and what is said of each. */
#include "tests/unit/meshcore-fixture.h"

static const uint8_t key[MESHCORE_KEY_SIZE] = {0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 7};

static const uint8_t *last_command(uint8_t code)
{
	for (size_t i = node.count; i > 0; i--)
		if (node.commands[i - 1][0] == code)
			return node.commands[i - 1];
	return NULL;
}

static int send_direct(const uint8_t *to)
{
	uint8_t direct[MESHCORE_DIRECT_MAX];
	size_t size = meshcore_write_direct(to, 1795470000, "Convoy ok", direct);
	return meshcore->modem->send(meshcore->state, &(struct datagram){.bytes = direct, .size = size});
}

static int send_channel(void)
{
	uint8_t payload[MESHCORE_PAYLOAD_MAX];
	size_t size = meshcore_write_channel_text(1, 1795470000, "Convoy ok", payload);
	return meshcore->modem->send(meshcore->state, &(struct datagram){.bytes = payload, .size = size});
}

static void assert_sent(size_t index, enum send_result result, bool assumed, const char *code)
{
	assert_true(record.sent_count > index);
	assert_int_equal(record.sent[index].result, result);
	assert_int_equal(record.sent[index].assumed, assumed);
	assert_string_equal(record.sent[index].code, code);
}

static void confirm(uint8_t ack)
{
	SAY(MESHCORE_SEND_CONFIRMED, 0xac, 0xac, 0xac, ack, 0x10, 0x27, 0, 0);
}

static void test_confirmed(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	assert_int_equal(send_direct(key), 0);
	assert_int_equal(send_direct(key), -EAGAIN);
	pass(0);
	assert_sent(0, SEND_ON_AIR, true, "");
	assert_memory_equal(last_command(2),
			    "\x02\x00\x00\xb0\xb2\x04\x6b\xa1\xb2\xc3\xd4\xe5\xf6"
			    "Convoy ok",
			    22);
	confirm(77); /* of something else */
	assert_int_equal(record.sent_count, 1);
	confirm(1);
	assert_sent(1, SEND_CONFIRMED, false, "");
	confirm(1); /* once more */
	assert_int_equal(record.sent_count, 2);
	assert_int_equal(send_direct(key), 0);
}

/* Acknowledged before the node has answered; and a word on something else came before. */
static void test_early_word(void **unused)
{
	(void)unused;
	static const uint8_t sent[] = {MESHCORE_SENT, 1, 0xac, 0xac, 0xac, 9, 0x54, 0x24, 0, 0};
	new_node();
	start(NULL);
	node.deaf_to_sends = true;
	send_direct(key);
	pass(0);
	confirm(8);
	confirm(9);
	assert_int_equal(record.sent_count, 0);
	say(sent, sizeof(sent));
	assert_sent(0, SEND_ON_AIR, true, "");
	assert_sent(1, SEND_CONFIRMED, false, "");
	send_direct(key);
	pass(0);
	confirm(8);
	say(sent, sizeof(sent));
	assert_int_equal(record.sent_count, 3);
}

/* Attempts differ in their number alone, and the acknowledgement of an earlier one counts. */
static void test_attempts(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	send_direct(key);
	pass(10000000);
	assert_int_equal(commands(2), 1);
	pass(1000000);
	assert_int_equal(commands(2), 2);
	assert_int_equal(last_command(2)[2], 1);
	assert_memory_equal(last_command(2) + 3, "\xb0\xb2\x04\x6b", 4);
	confirm(1);
	assert_sent(1, SEND_CONFIRMED, false, "");
	assert_int_equal(record.sent_count, 2);
	assert_int_equal(record_drops(&record, "meshcore_attempt_repeated"), 1);
}

static void test_no_ack(void **unused)
{
	(void)unused;
	new_node();
	start((const struct driver_setting[]){{"attempts", "2"}, {NULL, NULL}});
	send_direct(key);
	pass(40000000);
	assert_int_equal(commands(2), 2);
	assert_int_equal(record.sent_count, 2);
	assert_sent(1, SEND_FAILED, false, "no_ack");
	assert_int_equal(commands(MESHCORE_RESET_PATH), 0);
}

/* The known way does not work: before the last attempt it is forgotten. */
static void test_way_is_forgotten(void **unused)
{
	(void)unused;
	new_node();
	node.flood = false;
	start(NULL);
	send_direct(key);
	pass(40000000);
	assert_int_equal(commands(2), 3);
	assert_int_equal(commands(MESHCORE_RESET_PATH), 1);
	assert_memory_equal(last_command(MESHCORE_RESET_PATH) + 1, key, sizeof(key));
	assert_true(node.flood);
	assert_sent(1, SEND_FAILED, false, "no_ack");
	/* of a contact whose key is not known it cannot be */
	static const uint8_t stranger[MESHCORE_KEY_SIZE] = {1, 2, 3, 4, 5, 6};
	node.flood = false;
	send_direct(stranger);
	pass(40000000);
	assert_int_equal(commands(MESHCORE_RESET_PATH), 1);
}

static void test_channel(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	assert_int_equal(send_channel(), 0);
	pass(0);
	assert_sent(0, SEND_ON_AIR, true, "");
	assert_int_equal(record.sent_count, 1);
	pass(3000000);
	assert_sent(1, SEND_DONE, true, "");
}

static void test_refusals(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	node.no_contact = true;
	send_direct(key);
	pass(0);
	assert_sent(0, SEND_FAILED, false, "unknown_contact");
	send_channel();
	pass(0);
	assert_sent(1, SEND_FAILED, false, "unknown_channel");
	node.no_contact = false;
	node.errors = 2;
	send_channel();
	pass(3000000);
	assert_int_equal(record.sent_count, 2);
	pass(5000000);
	assert_sent(2, SEND_ON_AIR, true, "");
	assert_int_equal(record_drops(&record, "meshcore_node_full"), 2);
	node.errors = 100;
	send_direct(key);
	pass(30000000);
	assert_sent(record.sent_count - 1, SEND_FAILED, false, "node_full");
}

static void test_cannot(void **unused)
{
	(void)unused;
	uint8_t bytes[MESHCORE_DIRECT_MAX + 1] = {2};
	new_node();
	make(NULL);
	assert_int_equal(send_direct(key), -ENOTCONN);
	pass(1000000);
	assert_int_equal(
	    meshcore->modem->send(meshcore->state, &(struct datagram){.bytes = bytes, .size = sizeof(bytes)}),
	    -EMSGSIZE);
	bytes[0] = MESHCORE_SEND_CHANNEL_TEXT;
	assert_int_equal(meshcore->modem->send(meshcore->state, &(struct datagram){.bytes = bytes, .size = 177}),
			 -EMSGSIZE);
	bytes[0] = 51; /* to delete everything is nothing that comes from the air protocol */
	assert_int_equal(meshcore->modem->send(meshcore->state, &(struct datagram){.bytes = bytes, .size = 6}),
			 -EINVAL);
	assert_int_equal(meshcore->modem->send(meshcore->state, &(struct datagram){.bytes = bytes, .size = 0}),
			 -EINVAL);
}

static void test_node_lost_meanwhile(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	send_direct(key);
	pass(0);
	meshcore->modem->opened(meshcore->state);
	assert_sent(1, SEND_FAILED, false, "port_reopened");
	pass(1000000);
	assert_true(status().ready);
	node.deaf_to_sends = true;
	send_channel();
	pass(6000000);
	assert_sent(2, SEND_FAILED, false, "no_answer");
	assert_int_equal(record.sent_count, 3);
	send_direct(key);
	pass(20000000);
	assert_sent(3, SEND_FAILED, false, "node_lost");
}

/* Something more urgent waits. */
static void test_hurry(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	meshcore->modem->hurry(meshcore->state);
	assert_int_equal(record.sent_count, 0);
	/* not begun: given back */
	node.errors = 1;
	send_direct(key);
	pass(0);
	meshcore->modem->hurry(meshcore->state);
	assert_sent(0, SEND_GIVEN_BACK, false, "");
	/* only an acknowledgement is awaited */
	send_direct(key);
	pass(0);
	assert_sent(1, SEND_ON_AIR, true, "");
	meshcore->modem->hurry(meshcore->state);
	assert_sent(2, SEND_DONE, true, "");
	assert_int_equal(send_channel(), 0);
	pass(0);
	confirm(1); /* of the one before */
	assert_sent(3, SEND_ON_AIR, true, "");
	assert_int_equal(record.sent_count, 4);
	pass(5000000);
	/* the node is asked, and cannot be hurried */
	node.deaf_to_sends = true;
	send_direct(key);
	pass(0);
	meshcore->modem->hurry(meshcore->state);
	assert_int_equal(record.sent_count, 5);
}

/* While the node has not answered yet: it is asked once, and whatever it says, what is urgent waits no longer than that. */
static void test_hurry_before_the_answer(void **unused)
{
	(void)unused;
	static const uint8_t sent[] = {MESHCORE_SENT, 1, 0xac, 0xac, 0xac, 9, 0x54, 0x24, 0, 0};
	new_node();
	start(NULL);
	node.deaf_to_sends = true;
	send_direct(key);
	pass(0);
	meshcore->modem->hurry(meshcore->state);
	assert_int_equal(record.sent_count, 0);
	say(sent, sizeof(sent));
	assert_sent(0, SEND_ON_AIR, true, "");
	assert_sent(1, SEND_DONE, true, "");
	/* it has no room */
	send_direct(key);
	pass(0);
	meshcore->modem->hurry(meshcore->state);
	SAY(MESHCORE_ERR, MESHCORE_TABLE_FULL);
	assert_sent(2, SEND_GIVEN_BACK, false, "");
	/* nobody acknowledges on a channel */
	send_channel();
	pass(0);
	meshcore->modem->hurry(meshcore->state);
	SAY(MESHCORE_OK);
	assert_sent(3, SEND_ON_AIR, true, "");
	assert_int_equal(record.sent_count, 5);
	pass(5000000);
	/* it says nothing */
	size_t asked = commands(2);
	send_direct(key);
	pass(0);
	meshcore->modem->hurry(meshcore->state);
	pass(5000000);
	assert_sent(5, SEND_GIVEN_BACK, false, "");
	assert_int_equal(commands(2), asked + 1);
	/* an attempt before it was on the air, and of this one the node says nothing */
	pass(1000000);
	node.deaf_to_sends = false;
	send_direct(key);
	pass(0);
	node.deaf_to_sends = true;
	record.sent_count = 0;
	pass(10500000);
	meshcore->modem->hurry(meshcore->state);
	assert_int_equal(record.sent_count, 0);
	pass(5000000);
	assert_sent(0, SEND_DONE, true, "");
}

/* Of the first attempt the node has said nothing, and now it has no room: what is urgent does not wait until it has. */
static void test_hurry_without_room(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	node.deaf_to_sends = true;
	send_direct(key);
	pass(5500000);
	assert_int_equal(commands(2), 2);
	meshcore->modem->hurry(meshcore->state);
	assert_int_equal(record.sent_count, 0);
	SAY(MESHCORE_ERR, MESHCORE_TABLE_FULL);
	assert_sent(0, SEND_GIVEN_BACK, false, "");
}

/* What is to be sent goes before what only informs, and before the next message that waits. */
static void test_goes_first(void **unused)
{
	(void)unused;
	new_node();
	start(NULL);
	node.mute = true;
	SAY(MESHCORE_MESSAGE_WAITING);
	serve();
	send_channel();
	pass(0);
	assert_int_equal(commands(3), 0); /* one at a time */
	node.mute = false;
	node.waiting = 5;
	say_message();
	serve();
	pass(0);
	size_t at = 0;
	while (at < node.count && node.commands[at][0] != 3)
		at++;
	assert_true(at < node.count);
	assert_int_equal(node.taken, 5);
	assert_int_equal(node.commands[at - 1][0], MESHCORE_SYNC_NEXT);
	assert_int_equal(node.count - at - 1, 5);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_early_word),
	    TEST(test_confirmed),
	    TEST(test_attempts),
	    TEST(test_no_ack),
	    TEST(test_way_is_forgotten),
	    TEST(test_channel),
	    TEST(test_refusals),
	    TEST(test_cannot),
	    TEST(test_node_lost_meanwhile),
	    TEST(test_hurry),
	    TEST(test_hurry_before_the_answer),
	    TEST(test_hurry_without_room),
	    TEST(test_goes_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
