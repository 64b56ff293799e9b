/* Frames of an RNode: every vector of tests/vectors/rnode.jsonl both ways, the closing rule, and every way of cutting the stream. */
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/kiss.h"
#include "drivers/codec/rnode.h"
#include "tests/support/hex.h"
#include "tests/support/notes.h"

enum { BYTES_MAX = 4096, VECTOR_COUNT = 34 };

/* "25:007b;", "noise;", ... */
static void note_frame(struct notes *log, const struct rnode_decoder *decoder)
{
	note(log, "%02x:", decoder->command);
	for (size_t i = 0; i < decoder->body_size; i++)
		note(log, "%02x", decoder->body[i]);
	note(log, ";");
}

static void feed(struct rnode_decoder *decoder, const uint8_t *bytes, size_t size, struct notes *log)
{
	static const char *const words[] = {
	    [RNODE_NOISE] = "noise;", [RNODE_BAD_ESCAPE] = "escape;", [RNODE_TOO_LONG] = "long;"};
	enum rnode_event event;
	while ((event = rnode_decode(decoder, &bytes, &size)) != RNODE_NEED_MORE) {
		if (event == RNODE_FRAME)
			note_frame(log, decoder);
		else
			note(log, "%s", words[event]);
	}
	assert_int_equal(size, 0);
}

struct stream {
	const char *hex, *said;
};

static const struct stream streams[] = {
    {"c00846c0", "08:46;"},
    {"c0c0c00846c0c0c0", "08:46;"},
    /* The closing C0 opens the next frame, but not behind data. */
    {"c00873c05000c04800c0", "08:73;50:00;48:00;"},
    {"c0000102c00846c0c00f01c0", "00:0102;noise;0f:01;"},
    {"c0000102c0c00846c0", "00:0102;08:46;"},
    {"c00001c0c00002c0", "00:01;00:02;"},
    /* An opening or closing C0 lost: at most the one frame with it. */
    {"233cc0c02419c0c00001c0", "noise;24:19;00:01;"},
    {"c0233cc02419c0c00001c0", "23:3c;24:19;00:01;"},
    {"c0000102c0233cc0c02419c0", "00:0102;noise;24:19;"},
    /* Boot text in front, and between. */
    {"6574732e0d0ac055f8c0", "noise;55:f8;"},
    {"c00001c06574730d0ac055f8c0", "00:01;noise;55:f8;"},
    /* Escapes, in every body and in the command. */
    {"c024dbdcc0", "24:c0;"},
    {"c024dbddc0", "24:db;"},
    {"c000dbdcdbdd00c0", "00:c0db00;"},
    {"c0dbdc01c0", "c0:01;"},
    {"c024dcddc0", "24:dcdd;"},
    /* A wrong escape spoils its frame, and one at the end not the next. */
    {"c000db41c0c00846c0", "escape;08:46;"},
    {"c0000041dbc0c00846c0", "escape;08:46;"},
    {"c024dbc0dcc0", "escape;dc:;"},
    {"c08000dbdbc0", "escape;"},
    /* A command alone. */
    {"c00fc0", "0f:;"},
    {"c000c0c000c0", "00:;00:;"},
};

enum { STREAMS = sizeof(streams) / sizeof(streams[0]) };

static void test_streams(void **unused)
{
	(void)unused;
	static struct notes log;
	for (size_t i = 0; i < STREAMS; i++) {
		uint8_t bytes[BYTES_MAX];
		struct rnode_decoder decoder = {0};
		log.size = 0;
		log.text[0] = 0;
		feed(&decoder, bytes, hex_whole(streams[i].hex, bytes, BYTES_MAX), &log);
		if (strcmp(log.text, streams[i].said) != 0)
			fail_msg("%s: said %s, not %s", streams[i].hex, log.text, streams[i].said);
	}
}

static void test_every_cutting(void **unused)
{
	(void)unused;
	static struct notes whole, cut;
	static struct rnode_decoder decoder;
	uint8_t all[BYTES_MAX];
	size_t size = 0;
	for (size_t i = 0; i < STREAMS; i++)
		size += hex_whole(streams[i].hex, all + size, sizeof(all) - size);
	whole.size = 0;
	rnode_decoder_reset(&decoder);
	feed(&decoder, all, size, &whole);
	assert_true(whole.size > 100);
	for (size_t first = 0; first <= size; first++) {
		rnode_decoder_reset(&decoder);
		cut.size = 0;
		feed(&decoder, all, first, &cut);
		feed(&decoder, all + first, size - first, &cut);
		assert_string_equal(cut.text, whole.text);
	}
	rnode_decoder_reset(&decoder);
	cut.size = 0;
	for (size_t i = 0; i < size; i++)
		feed(&decoder, all + i, 1, &cut);
	assert_string_equal(cut.text, whole.text);
}

/* Both ways: the bytes give the frames, and the frames of one command give the bytes. */
static void check_vector(const json_t *vector)
{
	static struct notes said, expected;
	uint8_t bytes[BYTES_MAX], body[BYTES_MAX], out[BYTES_MAX];
	struct rnode_decoder decoder = {0};
	const char *name = json_string_value(json_object_get(vector, "name"));
	size_t size = hex_whole(json_string_value(json_object_get(vector, "bytes")), bytes, sizeof(bytes)), index;
	const json_t *frames = json_object_get(vector, "frames"), *frame;
	said.size = expected.size = 0;
	feed(&decoder, bytes, size, &said);
	json_array_foreach(frames, index, frame)
	{
		const char *command = json_string_value(json_object_get(frame, "command"));
		const char *hex = json_string_value(json_object_get(frame, "body"));
		note(&expected, "%s:%s;", command, hex);
		if (json_array_size(frames) != 1)
			continue;
		size_t written = kiss_encode((uint8_t)strtoul(command, NULL, 16), NULL, 0, body,
					     hex_whole(hex, body, sizeof(body)), out, sizeof(out));
		if (written != size || memcmp(out, bytes, size) != 0)
			fail_msg("%s: is written otherwise", name);
	}
	if (strcmp(said.text, expected.text) != 0)
		fail_msg("%s: said %s", name, said.text);
}

static void test_vectors(void **unused)
{
	(void)unused;
	FILE *file = fopen(CRESSET_SOURCE_DIR "/tests/vectors/rnode.jsonl", "re");
	static char line[16384];
	size_t count = 0;
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) {
		json_t *vector = json_loads(line, 0, NULL);
		assert_non_null(vector);
		check_vector(vector);
		json_decref(vector);
		count++;
	}
	fclose(file);
	assert_int_equal(count, VECTOR_COUNT);
}

static void test_limit(void **unused)
{
	(void)unused;
	static struct notes log;
	static uint8_t bytes[RNODE_BODY_MAX + 8];
	struct rnode_decoder decoder = {0};
	memset(bytes, 0x41, sizeof(bytes));
	bytes[0] = bytes[RNODE_BODY_MAX + 2] = KISS_FEND;
	log.size = 0;
	feed(&decoder, bytes, RNODE_BODY_MAX + 3, &log);
	assert_int_equal(log.size, 3 + 2 * RNODE_BODY_MAX + 1);
	/* One byte more, once, and then a good one. */
	bytes[RNODE_BODY_MAX + 2] = 0x41;
	bytes[RNODE_BODY_MAX + 3] = KISS_FEND;
	log.size = 0;
	feed(&decoder, bytes, RNODE_BODY_MAX + 4, &log);
	feed(&decoder, (const uint8_t[]){0x08, 0x46, 0xc0}, 3, &log);
	assert_string_equal(log.text, "long;08:46;");
}

static void test_values(void **unused)
{
	(void)unused;
	struct rnode_channel channel;
	struct rnode_physical physical;
	uint8_t body[BYTES_MAX];
	assert_true(rnode_rssi_dbm(60) == -97);
	assert_true(rnode_snr_db(25) == 6.25);
	assert_true(rnode_snr_db(0xc0) == -16);
	assert_true(rnode_snr_db(0xdb) == -9.25);
	assert_int_equal(rnode_u32((const uint8_t[]){0x33, 0xbf, 0xae, 0x40}), 868200000);
	size_t size = hex_whole("007b002d04d20237352fff", body, sizeof(body));
	assert_true(rnode_read_channel(body, size, &channel));
	assert_true(fabs(channel.airtime_short_percent - 1.23) < 1e-9 &&
		    fabs(channel.airtime_long_percent - 0.45) < 1e-9);
	assert_true(fabs(channel.load_short_percent - 12.34) < 1e-9 && fabs(channel.load_long_percent - 5.67) < 1e-9);
	assert_true(channel.rssi_dbm == -104 && channel.noise_dbm == -110 && isnan(channel.interference_dbm));
	body[10] = 60;
	assert_true(rnode_read_channel(body, size, &channel) && channel.interference_dbm == -97);
	assert_false(rnode_read_channel(body, size - 1, &channel));
	assert_false(rnode_read_channel(body, size + 1, &channel));
	size = hex_whole("080001e80012002d00180030", body, sizeof(body));
	assert_true(rnode_read_physical(body, size, &physical));
	assert_int_equal(physical.symbol_us, 2048);
	assert_int_equal(physical.preamble_symbols, 18);
	assert_int_equal(physical.slot_ms, 24);
	assert_int_equal(physical.difs_ms, 48);
	assert_false(rnode_read_physical(body, size - 1, &physical));
	assert_string_equal(rnode_platform_name(0x80), "ESP32");
	assert_string_equal(rnode_platform_name(0), "unknown");
	assert_string_equal(rnode_error_text(2), "transmission failed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_streams), cmocka_unit_test(test_every_cutting), cmocka_unit_test(test_vectors),
	    cmocka_unit_test(test_limit),   cmocka_unit_test(test_values),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
