/* Frames of MeshCore nodes: every vector, the cases that wedge others, every way of cutting a stream, and every field of every frame. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/meshcore.h"

static size_t unhex(const char *hex, uint8_t *bytes)
{
	size_t size = strlen(hex) / 2;
	for (size_t i = 0; i < size; i++)
		sscanf(hex + 2 * i, "%2hhx", &bytes[i]);
	return size;
}

/* RESP_CONTACT_MSG_RECV_V3 of the vectors. */
#define MESSAGE_PAYLOAD "10ef0000a1b2c3d4e5f60200b0b2046b4e656564206d65646963"
#define MESSAGE         "3e1a00" MESSAGE_PAYLOAD

/* What a stream gave, as a line: "[0102] noise [00]". */
struct found {
	char text[4096];
};

static void note(struct found *found, enum meshcore_event event, const struct meshcore_stream *stream)
{
	size_t used = strlen(found->text);
	char *at = found->text + used;
	size_t room = sizeof(found->text) - used;
	if (event == MESHCORE_NOISE || event == MESHCORE_TORN) {
		snprintf(at, room, event == MESHCORE_NOISE ? "noise " : "torn ");
		return;
	}
	int size = snprintf(at, room, "[");
	for (size_t i = 0; i < stream->payload_size; i++)
		size += snprintf(at + size, room - (size_t)size, "%02x", stream->payload[i]);
	snprintf(at + size, room - (size_t)size, "] ");
}

static void feed(struct meshcore_stream *stream, const uint8_t *bytes, size_t size, struct found *found)
{
	enum meshcore_event event;
	while ((event = meshcore_stream_read(stream, &bytes, &size)) != MESHCORE_NEED_MORE)
		note(found, event, stream);
}

/* Whole, byte by byte, and in two pieces cut anywhere. */
static void assert_stream(const char *hex, const char *expected)
{
	static uint8_t bytes[4096];
	size_t size = unhex(hex, bytes);
	for (size_t cut = 0; cut <= size + 1; cut++) {
		struct meshcore_stream stream = {0};
		struct found found = {""};
		if (cut == size + 1)
			for (size_t i = 0; i < size; i++)
				feed(&stream, bytes + i, 1, &found);
		else {
			feed(&stream, bytes, cut, &found);
			feed(&stream, bytes + cut, size - cut, &found);
		}
		assert_string_equal(found.text, expected);
	}
}

static void test_framing(void **state)
{
	(void)state;
	assert_stream("3e010083", "[83] ");
	assert_stream("3e0200010200", "[0102] noise ");
	/* a length that cannot be: nothing is waited for */
	assert_stream("3effff3e010000", "noise [00] ");
	assert_stream("3e00003e010000", "noise [00] ");
	assert_stream("3eb1003e010000", "noise [00] ");
	/* boot text, and a stray 3E before a real frame */
	assert_stream("426f6f740d0a3e3e010083", "noise [83] ");
	assert_stream("3e3e3e3e010083", "noise [83] ");
	/* 3E inside a payload begins nothing */
	assert_stream("3e0500083e0100833e010000", "[083e010083] [00] ");
	/* an answer and two that were not asked for */
	assert_stream("3e0a000601deadbeef542400003e0100833e090082deadbeef10270000",
		      "[0601deadbeef54240000] [83] [82deadbeef10270000] ");
	/* the host's own frames, echoed */
	assert_stream("3c01000a3e01000a", "noise [0a] ");
}

/* One that lost bytes is filled up with the head of the next; what follows gives it away. */
static void test_swallowed(void **state)
{
	(void)state;
	/* of five bytes only two came */
	assert_stream("3e0500080001"
		      "3e04000a0b0c0d"
		      "3e010083",
		      "[0800013e04] torn [0a0b0c0d] [83] ");
	/* one byte of the head, three, and two whole frames */
	assert_stream("3e03000800"
		      "3e04000a0b0c0d",
		      "[08003e] torn [0a0b0c0d] ");
	assert_stream("3e05000800"
		      "3e04000a0b0c0d",
		      "[08003e0400] torn [0a0b0c0d] ");
	assert_stream("3e0d000800"
		      "3e010083"
		      "3e010000"
		      "3e04000a0b0c0d",
		      "[08003e0100833e0100003e0400] torn [83] [00] [0a0b0c0d] ");
	/* a text may end as a head begins, and hold a whole frame: what follows is one, or nothing, or what no frame can be */
	assert_stream("3e0300083e3e", "[083e3e] ");
	assert_stream("3e0300083e3e3e010000", "[083e3e] [00] ");
	assert_stream("3e0300083e3e426f6f740d0a3e010000", "[083e3e] noise [00] ");
	assert_stream("3e0500083e010083", "[083e010083] ");
	assert_stream("3e0600083e010083ff3e010000", "[083e010083ff] [00] ");
	/* no code of a node */
	assert_stream("3e0500083e0100420d0a3e010000", "[083e010042] noise [00] ");
}

static void test_longest(void **state)
{
	(void)state;
	uint8_t payload[MESHCORE_PAYLOAD_MAX + 1], frame[MESHCORE_FRAME_MAX];
	memset(payload, 0x3e, sizeof(payload));
	assert_int_equal(meshcore_frame(payload, MESHCORE_PAYLOAD_MAX, frame, sizeof(frame)), MESHCORE_FRAME_MAX);
	assert_int_equal(meshcore_frame(payload, MESHCORE_PAYLOAD_MAX + 1, frame, sizeof(frame)), 0);
	assert_int_equal(meshcore_frame(payload, MESHCORE_PAYLOAD_MAX, frame, sizeof(frame) - 1), 0);
	assert_int_equal(meshcore_frame(payload, 0, frame, sizeof(frame)), 0);
	frame[0] = 0x3e;
	struct meshcore_stream stream = {0};
	const uint8_t *at = frame;
	size_t size = sizeof(frame);
	assert_int_equal(meshcore_stream_read(&stream, &at, &size), MESHCORE_FRAME);
	assert_int_equal(stream.payload_size, MESHCORE_PAYLOAD_MAX);
	assert_memory_equal(stream.payload, payload, MESHCORE_PAYLOAD_MAX);
}

/* A frame that lost bytes has taken in what followed; when its rest does not come, that is found. */
static void test_giving_up(void **state)
{
	(void)state;
	uint8_t bytes[64];
	struct meshcore_stream stream = {0};
	struct found found = {""};
	feed(&stream, bytes,
	     unhex("3e210080a1b2c3d4"
		   "3e010083"
		   "3e010000",
		   bytes),
	     &found);
	assert_string_equal(found.text, "");
	assert_true(meshcore_stream_is_half(&stream));
	assert_true(meshcore_stream_give_up(&stream));
	feed(&stream, NULL, 0, &found);
	assert_string_equal(found.text, "[83] [00] ");
	assert_false(meshcore_stream_is_half(&stream));
	assert_false(meshcore_stream_give_up(&stream));
	feed(&stream, bytes, unhex("3e0a00", bytes), &found);
	meshcore_stream_reset(&stream);
	assert_false(meshcore_stream_is_half(&stream));
}

static void __attribute__((format(printf, 3, 4))) append(char *text, size_t size, const char *format, ...)
{
	size_t used = strlen(text);
	va_list values;
	va_start(values, format);
	vsnprintf(text + used, size - used, format, values);
	va_end(values);
}

/* Every frame of the vectors, one after the other and cut anywhere. */
static void test_vectors(void **state)
{
	(void)state;
	static char line[4096], stream[8192], expected[8192];
	FILE *file = fopen(CRESSET_SOURCE_DIR "/tests/vectors/meshcore.jsonl", "re");
	size_t count = 0;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		char *frame = strstr(line, "\"frame\": \"") + strlen("\"frame\": \"");
		*strchr(frame, '"') = 0;
		if (!strstr(line, "node->host"))
			continue;
		count++;
		append(stream, sizeof(stream), "%s", frame);
		append(expected, sizeof(expected), "[%s] ", frame + 6);
	}
	fclose(file);
	assert_int_equal(count, 16);
	assert_stream(stream, expected);
}

/* A message behind it, which the node has deleted by now, is there however much of the frame was lost; behind that nothing comes, or a
 * frame. Where just as much was lost as came, nobody can tell. */
static void assert_torn(const uint8_t *frame, size_t whole, size_t kept, const char *behind)
{
	uint8_t bytes[512];
	struct meshcore_stream stream = {0};
	struct found found = {""};
	memcpy(bytes, frame, kept);
	size_t size = kept + unhex(MESSAGE, bytes + kept);
	if (size == whole)
		return;
	size += unhex(behind, bytes + size);
	if (size == whole)
		return;
	feed(&stream, bytes, size, &found);
	while (meshcore_stream_give_up(&stream))
		feed(&stream, NULL, 0, &found);
	if (!strstr(found.text, "[" MESSAGE_PAYLOAD "] "))
		print_error("%zu bytes kept, then %s: %s\n", kept, behind, found.text);
	assert_non_null(strstr(found.text, "[" MESSAGE_PAYLOAD "] "));
}

static void test_torn_anywhere(void **state)
{
	(void)state;
	static char line[4096];
	uint8_t frame[MESHCORE_FRAME_MAX];
	FILE *file = fopen(CRESSET_SOURCE_DIR "/tests/vectors/meshcore.jsonl", "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		char *hex = strstr(line, "\"frame\": \"") + strlen("\"frame\": \"");
		*strchr(hex, '"') = 0;
		size_t size = strstr(line, "node->host") ? unhex(hex, frame) : 0;
		for (size_t kept = 1; kept < size; kept++) {
			assert_torn(frame, size, kept, "");
			assert_torn(frame, size, kept, "3e010083");
			assert_torn(frame, size, kept, MESSAGE);
		}
	}
	fclose(file);
}

/* Without the header. */
static size_t payload_of(const char *hex, uint8_t payload[static MESHCORE_PAYLOAD_MAX])
{
	uint8_t frame[MESHCORE_FRAME_MAX];
	size_t size = unhex(hex, frame);
	assert_true(size > MESHCORE_HEADER_SIZE && frame[0] == 0x3e);
	memcpy(payload, frame + MESHCORE_HEADER_SIZE, size - MESHCORE_HEADER_SIZE);
	return size - MESHCORE_HEADER_SIZE;
}

static void test_device(void **state)
{
	(void)state;
	uint8_t payload[MESHCORE_PAYLOAD_MAX];
	size_t size = payload_of(
	    "3e52000d0daf2840e2010031342041756720323032360048656c746563205633000000000000000000000000000000000000"
	    "0000000000000000000000000076312e31372e31000000000000000000000000000000",
	    payload);
	struct meshcore_device device;
	assert_true(meshcore_read_device(payload, size, &device));
	assert_int_equal(device.version, 13);
	assert_int_equal(device.contacts_max, 350);
	assert_int_equal(device.channels_max, 40);
	assert_string_equal(device.model, "Heltec V3");
	assert_string_equal(device.firmware, "v1.17.1");
	/* older boards */
	assert_true(meshcore_read_device(payload, 2, &device));
	assert_int_equal(device.channels_max, 0);
	assert_string_equal(device.model, "");
	assert_false(meshcore_read_device(payload, 1, &device));
}

static void test_self(void **state)
{
	(void)state;
	uint8_t payload[MESHCORE_PAYLOAD_MAX] = {5, 1, 22, 22, 0xaa, 0xbb};
	static const uint8_t radio[] = {0xf2, 0x44, 0x0d, 0x00, 0x24, 0xf4, 0x00, 0x00, 8, 7};
	memcpy(payload + 48, radio, sizeof(radio));
	memcpy(payload + 58, "Base", 4);
	struct meshcore_self self;
	assert_true(meshcore_read_self(payload, 62, &self));
	assert_int_equal(self.power_dbm, 22);
	assert_int_equal(self.key[0], 0xaa);
	assert_int_equal(self.frequency_khz, 869618);
	assert_int_equal(self.bandwidth_hz, 62500);
	assert_int_equal(self.spreading_factor, 8);
	assert_int_equal(self.coding_rate, 7);
	assert_string_equal(self.name, "Base");
	assert_int_equal(self.name_size, 4);
	assert_true(meshcore_read_self(payload, 58, &self));
	assert_string_equal(self.name, "");
	assert_false(meshcore_read_self(payload, 57, &self));
}

static void test_contact(void **state)
{
	(void)state;
	uint8_t payload[MESHCORE_PAYLOAD_MAX] = {0x8a, 0xa1, 0xb2};
	static const uint8_t rest[] = {0xc8, 0xae, 0x04, 0x6b, 0x0c, 0xfb, 0xed, 0x00,
				       0xb8, 0x6e, 0xf0, 0x01, 0x2c, 0xaf, 0x04, 0x6b};
	payload[33] = 1;
	memcpy(payload + 100, "Field Team 4", 12);
	memcpy(payload + 132, rest, sizeof(rest));
	struct meshcore_contact contact;
	assert_true(meshcore_read_contact(payload, 148, &contact));
	assert_int_equal(contact.key[1], 0xb2);
	assert_int_equal(contact.type, 1);
	assert_string_equal(contact.name, "Field Team 4");
	assert_int_equal(contact.advert_s, 1795469000);
	assert_int_equal(contact.changed_s, 1795469100);
	assert_true(contact.has_position);
	assert_true(fabs(contact.lat_deg - 15.5963) < 1e-9);
	assert_true(fabs(contact.lon_deg - 32.5342) < 1e-9);
	assert_false(meshcore_read_contact(payload, 147, &contact));
	memset(payload + 136, 0, 8);
	assert_true(meshcore_read_contact(payload, 148, &contact));
	assert_false(contact.has_position);
	memset(payload + 136, 0x7f, 8); /* beyond the poles */
	assert_true(meshcore_read_contact(payload, 148, &contact));
	assert_false(contact.has_position);
}

static void test_texts(void **state)
{
	(void)state;
	uint8_t payload[MESHCORE_PAYLOAD_MAX];
	struct meshcore_text text;
	size_t size = payload_of("3e1a0010ef0000a1b2c3d4e5f60200b0b2046b4e656564206d65646963", payload);
	assert_true(meshcore_read_text(payload, size, &text));
	assert_true(text.direct);
	assert_memory_equal(text.sender, "\xa1\xb2\xc3\xd4\xe5\xf6", 6);
	assert_int_equal(text.hops, 2);
	assert_true(text.snr_db == -4.25);
	assert_int_equal(text.type, MESHCORE_PLAIN);
	assert_int_equal(text.time_s, 1795470000);
	assert_false(text.has_author);
	assert_int_equal(text.text_size, 10);
	assert_memory_equal(text.text, "Need medic", 10);
	assert_true(meshcore_read_text(payload, 16, &text));
	assert_int_equal(text.text_size, 0);
	assert_false(meshcore_read_text(payload, 15, &text));

	size = payload_of("3e190008000100b0b2046b4654343a20726f616420626c6f636b6564", payload);
	assert_true(meshcore_read_text(payload, size, &text));
	assert_false(text.direct);
	assert_int_equal(text.channel, 0);
	assert_int_equal(text.hops, 1);
	assert_true(isnan(text.snr_db));
	assert_memory_equal(text.text, "FT4: road blocked", text.text_size);
	assert_false(meshcore_read_text(payload, 7, &text));

	/* a room's post, by a known route */
	size = payload_of("3e130007a1b2c3d4e5f6ff02b0b2046b0a0b0c0d6869", payload);
	assert_true(meshcore_read_text(payload, size, &text));
	assert_int_equal(text.hops, -1);
	assert_true(text.has_author);
	assert_memory_equal(text.author, "\x0a\x0b\x0c\x0d", 4);
	assert_memory_equal(text.text, "hi", text.text_size);
	assert_false(meshcore_read_text(payload, 16, &text));
	/* three bytes a hop */
	payload[7] = 0x85;
	assert_true(meshcore_read_text(payload, size, &text));
	assert_int_equal(text.hops, 5);
}

static void test_data(void **state)
{
	(void)state;
	uint8_t payload[MESHCORE_PAYLOAD_MAX];
	struct meshcore_data data;
	size_t size = payload_of("3e0d001b1800000001ffff0401020304", payload);
	assert_true(meshcore_read_data(payload, size, &data));
	assert_true(data.snr_db == 6);
	assert_int_equal(data.channel, 0);
	assert_int_equal(data.hops, 1);
	assert_int_equal(data.type, 0xffff);
	assert_int_equal(data.size, 4);
	assert_memory_equal(data.bytes, "\1\2\3\4", 4);
	assert_false(meshcore_read_data(payload, size - 1, &data));
	assert_false(meshcore_read_data(payload, 8, &data));
}

static void test_answers(void **state)
{
	(void)state;
	uint8_t payload[MESHCORE_PAYLOAD_MAX], ack[4];
	struct meshcore_sent sent;
	struct meshcore_channel channel;
	uint32_t number;
	size_t size = payload_of("3e0a000601deadbeef54240000", payload);
	assert_true(meshcore_read_sent(payload, size, &sent));
	assert_true(sent.flood);
	assert_memory_equal(sent.ack, "\xde\xad\xbe\xef", 4);
	assert_int_equal(sent.timeout_ms, 9300);
	assert_false(meshcore_read_sent(payload, size - 1, &sent));
	size = payload_of("3e090082deadbeef10270000", payload);
	assert_true(meshcore_read_confirmed(payload, size, ack));
	assert_memory_equal(ack, "\xde\xad\xbe\xef", 4);
	assert_false(meshcore_read_confirmed(payload, 4, ack));
	size = payload_of("3e0500042caf046b", payload);
	assert_true(meshcore_read_number(payload, size, &number));
	assert_int_equal(number, 1795469100);
	assert_false(meshcore_read_number(payload, 4, &number));
	size = payload_of("3e02000103", payload);
	assert_int_equal(meshcore_read_error(payload, size), MESHCORE_TABLE_FULL);
	assert_int_equal(meshcore_read_error(payload, 1), 0);
	size = payload_of(
	    "3e320012005075626c696300000000000000000000000000000000000000000000000000008b3387e9c5cdea6ac9e5edbaa115"
	    "cd72",
	    payload);
	assert_true(meshcore_read_channel(payload, size, &channel));
	assert_int_equal(channel.index, 0);
	assert_string_equal(channel.name, "Public");
	assert_true(meshcore_read_channel(payload, MESHCORE_CHANNEL_PUBLIC_SIZE, &channel));
	assert_false(meshcore_read_channel(payload, MESHCORE_CHANNEL_PUBLIC_SIZE - 1, &channel));
	size = payload_of("3e210080a1b2c3d4e5f60718293a4b5c6d7e8f90112233445566778899aabbccddeeff00", payload);
	assert_ptr_equal(meshcore_read_key(payload, size), payload + 1);
	assert_null(meshcore_read_key(payload, size - 1));
}

static void test_stats(void **state)
{
	(void)state;
	static const uint8_t core[] = {24, 0, 0xd2, 0x0f, 0x10, 0x27, 0, 0, 3, 0, 5};
	static const uint8_t radio[] = {24, 1, 0x98, 0xff, 0xa0, 0xef, 10, 0, 0, 0, 20, 0, 0, 0};
	static const uint8_t packets[] = {24, 2, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0,
					  0,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0};
	struct meshcore_stats stats;
	assert_true(meshcore_read_stats(core, sizeof(core), &stats));
	assert_int_equal(stats.battery_mv, 4050);
	assert_int_equal(stats.uptime_s, 10000);
	assert_int_equal(stats.error_flags, 3);
	assert_int_equal(stats.queue, 5);
	assert_true(meshcore_read_stats(radio, sizeof(radio), &stats));
	assert_int_equal(stats.noise_dbm, -104);
	assert_int_equal(stats.rssi_dbm, -96);
	assert_true(stats.snr_db == -4.25);
	assert_int_equal(stats.transmitting_s, 10);
	assert_int_equal(stats.receiving_s, 20);
	assert_true(meshcore_read_stats(packets, sizeof(packets), &stats));
	assert_int_equal(stats.received, 1);
	assert_int_equal(stats.sent, 2);
	assert_true(stats.has_bad);
	assert_int_equal(stats.bad, 7);
	assert_true(meshcore_read_stats(packets, sizeof(packets) - 4, &stats));
	assert_false(stats.has_bad);
	assert_false(meshcore_read_stats(packets, sizeof(packets) - 5, &stats));
	assert_false(meshcore_read_stats(core, sizeof(core) - 1, &stats));
	assert_false(meshcore_read_stats(radio, sizeof(radio) - 1, &stats));
	assert_false(meshcore_read_stats((const uint8_t[]){24, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 11, &stats));
	assert_false(meshcore_read_stats(core, 1, &stats));
}

static void assert_command(const uint8_t *payload, size_t size, const char *frame_hex)
{
	uint8_t expected[MESHCORE_FRAME_MAX], frame[MESHCORE_FRAME_MAX];
	size_t expected_size = unhex(frame_hex, expected);
	assert_int_equal(meshcore_frame(payload, size, frame, sizeof(frame)), expected_size);
	assert_memory_equal(frame, expected, expected_size);
}

/* As an independent library writes them. */
static void test_commands(void **state)
{
	(void)state;
	uint8_t payload[MESHCORE_PAYLOAD_MAX], direct[MESHCORE_DIRECT_MAX];
	uint8_t key[MESHCORE_KEY_SIZE] = {0xa1, 0xb2, 0xc3, 0xd4, 0xe5, 0xf6, 7};
	assert_command(payload, meshcore_write_query(payload), "3c02001603");
	assert_command(payload, meshcore_write_app_start("test", payload), "3c0c00010000000000000074657374");
	assert_command(payload, meshcore_write_number(MESHCORE_GET_CONTACTS, 1795470000, payload), "3c050004b0b2046b");
	assert_command(payload, meshcore_write_plain(MESHCORE_SYNC_NEXT, payload), "3c01000a");
	assert_command(payload, meshcore_write_plain(MESHCORE_GET_TIME, payload), "3c010005");
	size_t size = meshcore_write_direct(key, 1795470000, "Convoy ok", direct);
	assert_command(payload, meshcore_write_attempt(direct, size, 0, payload),
		       "3c1600020000b0b2046ba1b2c3d4e5f6436f6e766f79206f6b");
	assert_command(payload, meshcore_write_attempt(direct, size, 2, payload),
		       "3c1600020002b0b2046ba1b2c3d4e5f6436f6e766f79206f6b");
	assert_memory_equal(meshcore_direct_key(direct), key, sizeof(key));
	assert_command(payload, meshcore_write_channel_text(1, 1795470000, "hi", payload), "3c0900030001b0b2046b6869");
}

static void test_command_limits(void **state)
{
	(void)state;
	uint8_t payload[MESHCORE_PAYLOAD_MAX], direct[MESHCORE_DIRECT_MAX];
	uint8_t key[MESHCORE_KEY_SIZE] = {1, 2, 3, 4, 5, 6};
	char text[MESHCORE_TEXT_MAX + 2];
	memset(text, 'x', sizeof(text) - 1);
	text[MESHCORE_TEXT_MAX + 1] = 0;
	assert_int_equal(meshcore_write_direct(key, 1, text, direct), 0);
	assert_int_equal(meshcore_write_channel_text(0, 1, text, payload), 0);
	text[MESHCORE_TEXT_MAX] = 0;
	size_t size = meshcore_write_direct(key, 1, text, direct);
	assert_int_equal(size, MESHCORE_DIRECT_MAX);
	assert_int_equal(meshcore_write_attempt(direct, size, 3, payload), 13 + MESHCORE_TEXT_MAX);
	assert_null(meshcore_direct_key(direct));
	assert_int_equal(meshcore_write_attempt(direct, size + 1, 3, payload), 0);
	assert_int_equal(meshcore_write_attempt(direct, 39, 3, payload), 0);
	assert_int_equal(meshcore_write_direct(key, 1, "", direct), 0);
	assert_int_equal(meshcore_write_channel_text(0, 1, "", payload), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_swallowed),      cmocka_unit_test(test_torn_anywhere),
	    cmocka_unit_test(test_framing),        cmocka_unit_test(test_longest),
	    cmocka_unit_test(test_giving_up),      cmocka_unit_test(test_device),
	    cmocka_unit_test(test_self),           cmocka_unit_test(test_contact),
	    cmocka_unit_test(test_texts),          cmocka_unit_test(test_data),
	    cmocka_unit_test(test_answers),        cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_stats),          cmocka_unit_test(test_commands),
	    cmocka_unit_test(test_command_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
