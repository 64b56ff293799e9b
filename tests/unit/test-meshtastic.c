/* The stream of a Meshtastic node: frames among text, torn ones, lying lengths, and every way of cutting it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/meshtastic.h"
#include "drivers/codec/meshtastic_stream.h"
#include "tests/unit/meshtastic-fixture.h"

/* What came out: the first FromRadio id or packet id of each good frame, and how often the rest happened. */
struct outcome {
	uint32_t ids[16];
	size_t frames, damaged, texts, too_long;
};

static uint32_t id_of(const mt_FromRadio *from)
{
	const mt_MeshPacket *packet = meshtastic_packet(from);
	return packet ? packet->id : from->which_content;
}

static void read_all(struct meshtastic_stream *stream, const uint8_t *bytes, size_t size, struct outcome *outcome)
{
	enum meshtastic_stream_event event;
	while ((event = meshtastic_stream_read(stream, &bytes, &size)) != MESHTASTIC_NEED_MORE) {
		mt_FromRadio from;
		if (event == MESHTASTIC_TEXT) {
			outcome->texts++;
		} else if (event == MESHTASTIC_TOO_LONG) {
			outcome->too_long++;
		} else if (event == MESHTASTIC_SWALLOWED) {
			outcome->damaged++;
		} else if (!meshtastic_read(stream->payload, stream->payload_size, &from)) {
			outcome->damaged++;
			meshtastic_stream_reject(stream);
		} else if (!stream->sure && meshtastic_is_doubtful(&from, stream->payload, stream->payload_size)) {
			meshtastic_stream_doubt(stream);
			assert_true(meshtastic_stream_is_half(stream));
		} else {
			assert_true(outcome->frames < 16);
			outcome->ids[outcome->frames++] = id_of(&from);
		}
	}
	assert_int_equal(size, 0);
}

/* Nothing more comes. */
static void end(struct meshtastic_stream *stream, struct outcome *outcome)
{
	if (meshtastic_stream_trust(stream))
		read_all(stream, NULL, 0, outcome);
	while (meshtastic_stream_give_up(stream))
		read_all(stream, NULL, 0, outcome);
	assert_false(meshtastic_stream_is_half(stream));
}

static struct outcome read_in_two(const struct bytes *bytes, size_t cut)
{
	struct meshtastic_stream stream = {0};
	struct outcome outcome = {0};
	read_all(&stream, bytes->bytes, cut, &outcome);
	read_all(&stream, bytes->bytes + cut, bytes->size - cut, &outcome);
	end(&stream, &outcome);
	return outcome;
}

/* Cut at every place, and byte by byte: always the same. */
static struct outcome read_any_way(const struct bytes *bytes)
{
	struct outcome whole = read_in_two(bytes, 0), single = {0};
	struct meshtastic_stream stream = {0};
	for (size_t cut = 1; cut < bytes->size; cut++) {
		struct outcome cut_outcome = read_in_two(bytes, cut);
		assert_memory_equal(&cut_outcome, &whole, sizeof(whole));
	}
	for (size_t i = 0; i < bytes->size; i++)
		read_all(&stream, bytes->bytes + i, 1, &single);
	end(&stream, &single);
	assert_memory_equal(&single, &whole, sizeof(whole));
	return whole;
}

struct case_of {
	const char *name;
	const char *hex[5]; /* one after the other */
	uint32_t ids[4];    /* of the frames that must come out, 0 = no more */
	size_t damaged, texts, too_long;
};

#define TEXT_ID  0x1a2b3c4d
#define POS_ID   0x4d5e6f70
#define ALERT_ID 0x3c4d5e70

/* The first 20 bytes of FR_TEXT. */
#define TORN "94c30044080712400d201d3c4315ffffffff2216"

static const struct case_of cases[] = {
    {"one", {FR_TEXT}, {TEXT_ID}, 0, 0, 0},
    {"three", {FR_TEXT, FR_POS, FR_ALERT_RX}, {TEXT_ID, POS_ID, ALERT_ID}, 0, 0, 0},
    {"boot text", {"494e464f207c20626f6f740d0a", FR_TEXT}, {TEXT_ID}, 0, 1, 0},
    {"text between", {FR_TEXT, "5b32 5d", FR_POS, "0d0a"}, {TEXT_ID, POS_ID}, 0, 2, 0},
    {"94 before a frame", {"94", FR_REBOOTED}, {mt_FromRadio_rebooted_tag}, 0, 1, 0},
    {"94 94 C3 in text", {"41949442", "94", FR_TEXT}, {TEXT_ID}, 0, 1, 0},
    {"lying length", {"94c30201", FR_TEXT}, {TEXT_ID}, 0, 0, 1},
    {"greatest length", {"94c3ffff", FR_TEXT}, {TEXT_ID}, 0, 0, 1},
    {"empty frame", {"94c30000", FR_TEXT}, {0, TEXT_ID}, 0, 0, 0},
    {"torn, then whole", {TORN, FR_POS}, {POS_ID}, 1, 0, 0},
    {"torn, then an alert and more", {TORN, FR_ALERT_RX, FR_POS}, {ALERT_ID, POS_ID}, 1, 0, 0},
    {"torn at the end", {FR_TEXT, TORN}, {TEXT_ID}, 0, 0, 0},
    {"header alone at the end", {FR_TEXT, "94c300"}, {TEXT_ID}, 0, 0, 0},
    {"length that swallows two", {"94c30080", FR_TEXT, FR_REBOOTED}, {TEXT_ID, mt_FromRadio_rebooted_tag}, 0, 0, 0},
    {"94 C3 in a packet", {FR_ENC, FR_TEXT}, {0x11223344, TEXT_ID}, 0, 0, 0},
    /* A file entry that lost its end and took the head of an alert for it: field 15, which the schema skips. */
    {"swallowed by skipped content", {"94c300127a10", "0a0b2f70726566732f612e70", FR_ALERT_RX}, {ALERT_ID}, 1, 0, 0},
    /* An entry of the database whose key, which anybody in the mesh chooses, is a whole frame: rebooted. */
    {"frame in a key", {FR_NODE_HOSTILE, FR_TEXT}, {mt_FromRadio_node_info_tag, TEXT_ID}, 0, 0, 0},
    {"frame in a key, at the end", {FR_TEXT, FR_NODE_HOSTILE}, {TEXT_ID, mt_FromRadio_node_info_tag}, 0, 0, 0},
    {"twice", {FR_NODE_HOSTILE, FR_NODE_HOSTILE}, {mt_FromRadio_node_info_tag, mt_FromRadio_node_info_tag}, 0, 0, 0},
    {"key that ends with 94",
     {"94c3000b2209080912054203414294", FR_TEXT},
     {mt_FromRadio_node_info_tag, TEXT_ID},
     0,
     0,
     0},
    {"log text inside a frame", {TORN, "2c204465627567", "0811", FR_ALERT_RX}, {ALERT_ID}, 1, 0, 0},
};

static void append_all(struct bytes *bytes, const struct case_of *it)
{
	char packed[2048];
	for (size_t i = 0; i < 5 && it->hex[i]; i++) {
		size_t used = 0;
		for (const char *at = it->hex[i]; *at; at++)
			if (*at != ' ')
				packed[used++] = *at;
		packed[used] = 0;
		append(bytes, packed);
	}
}

static void test_streams(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes bytes = {.size = 0};
		append_all(&bytes, &cases[i]);
		struct outcome outcome = read_any_way(&bytes);
		print_message("%s\n", cases[i].name);
		size_t frames = 4;
		while (frames > 0 && cases[i].ids[frames - 1] == 0)
			frames--;
		assert_int_equal(outcome.frames, frames);
		assert_memory_equal(outcome.ids, cases[i].ids, frames * sizeof(uint32_t));
		assert_int_equal(outcome.damaged, cases[i].damaged);
		assert_int_equal(outcome.texts, cases[i].texts);
		assert_int_equal(outcome.too_long, cases[i].too_long);
	}
}

/* A frame torn at any byte never hides the alert behind it. */
static void test_torn_anywhere(void **unused)
{
	(void)unused;
	static const char *const torn[] = {FR_TEXT, FR_POS, FR_NODEINFO, FR_LOG, FR_LORA, FR_METADATA, FR_ENC};
	for (size_t i = 0; i < sizeof(torn) / sizeof(torn[0]); i++) {
		struct bytes whole = {.size = 0};
		append(&whole, torn[i]);
		for (size_t kept = 1; kept < whole.size; kept++) {
			struct bytes bytes = {.size = 0};
			memcpy(bytes.bytes, whole.bytes, kept);
			bytes.size = kept;
			append(&bytes, FR_ALERT_RX);
			append(&bytes, FR_POS);
			struct outcome outcome = read_any_way(&bytes);
			bool alert = false;
			for (size_t frame = 0; frame < outcome.frames; frame++)
				alert = alert || outcome.ids[frame] == ALERT_ID;
			if (!alert)
				print_error("frame %zu cut behind %zu bytes\n", i, kept);
			assert_true(alert);
		}
	}
}

static void test_writing(void **unused)
{
	(void)unused;
	static const uint8_t heartbeat[] = {0x94, 0xc3, 0x00, 0x02, 0x3a, 0x00},
			     config[] = {0x94, 0xc3, 0x00, 0x05, 0x18, 0xce, 0xc2, 0xf1, 0x05},
			     disconnect[] = {0x94, 0xc3, 0x00, 0x02, 0x20, 0x01};
	uint8_t frame[MESHTASTIC_FRAME_MAX];
	mt_ToRadio to = mt_ToRadio_init_zero;
	to.which_content = mt_ToRadio_heartbeat_tag;
	assert_int_equal(meshtastic_write(&to, frame, sizeof(frame)), sizeof(heartbeat));
	assert_memory_equal(frame, heartbeat, sizeof(heartbeat));
	to.which_content = mt_ToRadio_want_config_id_tag;
	to.content.want_config_id = 12345678;
	assert_int_equal(meshtastic_write(&to, frame, sizeof(frame)), sizeof(config));
	assert_memory_equal(frame, config, sizeof(config));
	to.which_content = mt_ToRadio_disconnect_tag;
	to.content.disconnect = true;
	assert_int_equal(meshtastic_write(&to, frame, sizeof(frame)), sizeof(disconnect));
	assert_memory_equal(frame, disconnect, sizeof(disconnect));
	assert_int_equal(meshtastic_write(&to, frame, 5), 0);
	assert_int_equal(meshtastic_write(&to, frame, 3), 0);
}

/* The vector of an alert, as an independent encoder wrote it. */
static void test_writing_an_alert(void **unused)
{
	(void)unused;
	struct bytes wanted = {.size = 0};
	uint8_t frame[MESHTASTIC_FRAME_MAX];
	append(&wanted, TR_ALERT);
	mt_ToRadio to = mt_ToRadio_init_zero;
	mt_MeshPacket *packet = &to.content.packet;
	to.which_content = mt_ToRadio_packet_tag;
	packet->which_content = mt_MeshPacket_decoded_tag;
	packet->to = MESHTASTIC_BROADCAST;
	packet->id = 0x01020305;
	packet->hop_limit = 7;
	packet->want_ack = true;
	packet->priority = MESHTASTIC_PRIORITY_ALERT;
	packet->content.decoded.port = MESHTASTIC_ALERT_PORT;
	packet->content.decoded.payload.size = 8;
	memcpy(packet->content.decoded.payload.bytes, "EVACUATE", 8);
	assert_int_equal(meshtastic_write(&to, frame, sizeof(frame)), wanted.size);
	assert_memory_equal(frame, wanted.bytes, wanted.size);
	mt_ToRadio back;
	assert_true(meshtastic_unpack(frame + 4, wanted.size - 4, &back));
	assert_memory_equal(&back, &to, sizeof(to));
	assert_false(meshtastic_unpack(frame + 5, wanted.size - 5, &back));
}

static void test_names(void **unused)
{
	(void)unused;
	assert_string_equal(meshtastic_error_name(9), "duty_cycle");
	assert_string_equal(meshtastic_error_name(1000), "refused");
	assert_string_equal(meshtastic_error_name(-1), "refused");
	assert_string_equal(meshtastic_port_name(11), "alert");
	assert_string_equal(meshtastic_port_name(510), "other");
	assert_int_equal(meshtastic_read_routing(NULL, 0), 0);
	assert_int_equal(meshtastic_read_routing((const uint8_t *)"\x18\x00", 2), 0);
	assert_int_equal(meshtastic_read_routing((const uint8_t *)"\x18\x05", 2), 5);
	assert_int_equal(meshtastic_read_routing((const uint8_t *)"\x18", 1), -1);
	assert_int_equal(meshtastic_read_routing((const uint8_t *)"\x18\xff\xff\xff\xff\x0f", 6), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_streams), cmocka_unit_test(test_torn_anywhere),
	    cmocka_unit_test(test_writing), cmocka_unit_test(test_writing_an_alert),
	    cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
