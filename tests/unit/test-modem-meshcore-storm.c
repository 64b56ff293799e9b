/* The MeshCore driver and a node that does what it likes, by a drawn lot that is the same each time: it answers with anything or nothing, tears
 * frames, starts anew and is pulled out. Each thing that is sent has one end, and a node that comes to its senses is at work soon. */
#include "tests/unit/meshcore-fixture.h"

static const uint8_t contact[MESHCORE_KEY_SIZE] = {0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 7};

static uint32_t lot;

static uint32_t draw(uint32_t below)
{
	lot = lot * 1664525 + 1013904223;
	return (lot >> 8) % below;
}

static bool sending;
static size_t seen, on_air, ends;

/* What is told of a transmission: on the air once at most, then one end. */
static void look_at_sent(void)
{
	for (; seen < record.sent_count && seen < RECORD_SENT_MAX; seen++) {
		assert_true(sending);
		if (record.sent[seen].result == SEND_ON_AIR) {
			assert_int_equal(++on_air, 1);
			continue;
		}
		sending = false;
		ends++;
	}
}

static void rubbish(void)
{
	static const uint8_t codes[] = {0,  1,  2,  3,  4,  5,  6,    7,    8,    9,    10,   13,   15,  16,
					17, 18, 24, 27, 28, 99, 0x80, 0x82, 0x83, 0x88, 0x8a, 0x90, 0xff};
	uint8_t payload[MESHCORE_PAYLOAD_MAX];
	size_t size = 1 + draw(draw(4) ? 12 : MESHCORE_PAYLOAD_MAX);
	payload[0] = codes[draw(sizeof(codes))];
	for (size_t i = 1; i < size; i++)
		payload[i] = draw(3) ? (uint8_t)draw(256) : draw(2) ? 0xff : 0;
	say(payload, size);
}

static void do_something(void)
{
	uint8_t direct[MESHCORE_DIRECT_MAX];
	switch (draw(12)) {
	case 0:
		node.mute = !node.mute;
		break;
	case 1:
		raw("\x3e\x20\0\x10\xef\0\0\xa1", 1 + draw(8));
		break;
	case 2:
		raw("rst:0x1 (POWERON)\r\n", 19);
		node.app_version = 0;
		node.uptime_s = draw(5);
		break;
	case 3:
		meshcore->modem->opened(meshcore->state);
		break;
	case 4:
		node.waiting = draw(20);
		SAY(MESHCORE_MESSAGE_WAITING);
		break;
	case 5:
		node.errors = draw(8);
		node.deaf_to_sends = draw(2);
		node.no_stats = draw(2);
		node.no_self = draw(4) == 0;
		break;
	case 6:
		meshcore->modem->hurry(meshcore->state);
		break;
	case 7:
		record.unsafe = draw(20);
		record.write_result = draw(4) ? 0 : -EAGAIN;
		meshcore->modem->safer(meshcore->state);
		break;
	case 8:
		node.time_s = draw(2) ? UINT32_MAX - draw(4) : draw(UINT32_MAX);
		break;
	default:
		rubbish();
	}
	size_t size = meshcore_write_direct(contact, 1795470000, "Convoy ok", direct);
	if (!sending && !draw(3) &&
	    meshcore->modem->send(meshcore->state, &(struct datagram){.bytes = direct, .size = size}) == 0) {
		sending = true;
		on_air = 0;
	}
}

static void begin_round(void)
{
	look_at_sent();
	record_clear(&record);
	node.count = node.read = 0;
	seen = 0;
}

static void assert_recovers(void)
{
	uint32_t time_s = node.time_s;
	new_node();
	node.time_s = time_s;
	record.unsafe = 0;
	record.write_result = 0;
	/* what was under way, the rest, and the handshake */
	for (int i = 0; i < 120; i++) {
		begin_round();
		pass(5000000);
	}
	look_at_sent();
	assert_true(status().ready);
	assert_false(sending);
	begin_round();
	node.waiting = 1;
	SAY(MESHCORE_MESSAGE_WAITING);
	pass(1000000);
	assert_int_equal(node.taken, 1);
}

static void test_storm(void **unused)
{
	(void)unused;
	for (uint32_t turn = 1; turn <= 60; turn++) {
		lot = turn;
		sending = false;
		new_node();
		make(NULL);
		for (int i = 0; i < 200; i++) {
			begin_round();
			do_something();
			pass(draw(4) ? draw(300000) : draw(12000000));
		}
		assert_recovers();
		driver_under_test_free(meshcore);
	}
	meshcore = NULL;
	assert_in_range(ends, 500, 100000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(test_storm, teardown)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
