/* The air protocol `field`: what is told of a frame and what is not, fragments, and what a gateway says. The seal is pretended
 * (tests/support/driver_services.h); with real keys: test-field-keys. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "drivers/codec/ax25.h"
#include "drivers/codec/field.h"
#include "drivers/codec/field_bodies.h"
#include "gateway/json.h"
#include "tests/support/driver_services.h"
#include "tests/support/hex.h"

#define WALL_MS INT64_C(1795477200000)
#define TIME_S  1795477207u

static struct record record, station; /* of the gateway, and of whoever it hears */
static struct driver_under_test *field;

static void start(const struct driver_setting *settings)
{
	memset(&record, 0, sizeof(record));
	memset(&station, 0, sizeof(station));
	record.wall_ms = WALL_MS;
	record.now_us = 1000000;
	driver_under_test_free(field);
	field = air_under_test("field", &record, settings);
	assert_int_equal(field->init_result, 0);
}

static int stop(void **unused)
{
	(void)unused;
	driver_under_test_free(field);
	field = NULL;
	return 0;
}

static const struct driver_setting gateway_61000[] = {{"station", "61000"}, {NULL, NULL}};

/* ---- frames ---- */

struct frame {
	uint8_t bytes[FIELD_FRAME_MAX + 8];
	size_t size;
};

static struct frame seal(const struct field_header *header, const void *body, size_t size)
{
	struct frame frame = {.size = field_header_encode(header, frame.bytes)};
	memcpy(frame.bytes + frame.size, body, size);
	assert_int_equal(field_seal(frame.bytes, frame.size + size, record_seal, &station), 0);
	frame.size += size + FIELD_TAG_SIZE;
	return frame;
}

static struct field_header header_of(uint8_t kind, uint16_t from_station, uint32_t counter)
{
	return (struct field_header){.kind = kind,
				     .station = from_station,
				     .counter = counter,
				     .time_s = TIME_S,
				     .encrypted = true,
				     .hop_limit = 3};
}

static struct frame checkin(uint16_t from_station, uint32_t counter)
{
	struct field_header header = header_of(FIELD_CHECKIN, from_station, counter);
	return seal(&header, "\x01\xff\xff\x05\x40", 5);
}

static struct frame distress(uint16_t from_station, uint32_t counter)
{
	struct field_header header = header_of(FIELD_DISTRESS, from_station, counter);
	return seal(&header, "\x04\x03\x57", 3);
}

static void hear_bytes(const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	assert_non_null(copy);
	memcpy(copy, bytes, size);
	record_clear(&record);
	field->air->input(field->state,
			  &(struct datagram){.bytes = copy, .size = size, .rssi_dbm = -97, .snr_db = 6.5});
	free(copy);
}

static void hear(const struct frame *frame)
{
	hear_bytes(frame->bytes, frame->size);
}

static void assert_dropped(const char *reason)
{
	assert_int_equal(record.message_count, 0);
	assert_int_equal(record.drop_count, 1);
	assert_string_equal(record.drops[0], reason);
}

static void assert_told(enum message_kind kind, enum message_authenticity authenticity)
{
	assert_int_equal(record.message_count, 1);
	assert_int_equal(record.drop_count, 0);
	assert_int_equal(record.message.kind, kind);
	assert_int_equal(record.message.authenticity, authenticity);
}

static void hear_and_drop(const struct frame *frame, const char *reason)
{
	hear(frame);
	assert_dropped(reason);
}

static void hear_and_tell(const struct frame *frame, enum message_kind kind, enum message_authenticity authenticity)
{
	hear(frame);
	assert_told(kind, authenticity);
}

/* ---- what a frame says ---- */

/* Those that every body has, or that the gateway adds. */
static bool is_common(const char *name)
{
	static const char *const common[] = {"sensitivity", "ack_wanted", "data_type", "incomplete", "missing"};
	for (size_t i = 0; i < sizeof(common) / sizeof(*common); i++)
		if (strcmp(common[i], name) == 0)
			return true;
	return false;
}

static bool is_close(const json_t *one, const json_t *other)
{
	if (json_is_number(one) && json_is_number(other))
		return fabs(json_number_value(one) - json_number_value(other)) < 1e-6;
	return json_equal(one, other);
}

static void assert_members(const char *what, const json_t *said, const json_t *wanted)
{
	const char *name;
	json_t *value;
	json_object_foreach((json_t *)wanted, name, value)
	{
		const json_t *other = json_object_get(said, name);
		if (strcmp(name, "position") != 0 && (!other || !is_close(other, value)))
			fail_msg("%s: %s", what, name);
	}
	json_object_foreach((json_t *)said, name, value)
	{
		if (!is_common(name) && !json_object_get(wanted, name))
			fail_msg("%s: %s is more than wanted", what, name);
	}
}

static void assert_says(const json_t *vector)
{
	static const struct json_context nobody = {0};
	size_t size;
	char *text = json_message(&record.message, &nobody, &size);
	json_t *said = json_loads(text, 0, NULL);
	const json_t *decoded = json_object_get(vector, "decoded");
	const char *name = json_string_value(json_object_get(vector, "name"));
	const json_t *expected_text = json_object_get(json_object_get(vector, "fields"), "text");
	assert_non_null(said);
	assert_members(name, json_object_get(said, "body"), decoded);
	assert_members(name, json_object_get(said, "position"), json_object_get(decoded, "position"));
	if (expected_text)
		assert_string_equal(record.message.text, json_string_value(expected_text));
	json_decref(said);
	free(text);
}

static void test_every_kind(void **unused)
{
	(void)unused;
	json_t *vectors = json_load_file(CRESSET_SOURCE_DIR "/tests/vectors/field.json", 0, NULL);
	json_t *vector;
	size_t i;
	unsigned kinds = 0;
	start(NULL);
	json_array_foreach(json_object_get(vectors, "frames"), i, vector)
	{
		uint8_t bytes[FIELD_FRAME_MAX], body[FIELD_FRAME_MAX];
		struct field_header header;
		size_t size = hex_whole(json_string_value(json_object_get(vector, "frame")), bytes, sizeof(bytes));
		assert_int_equal(field_header_decode(bytes, size, &header), FIELD_OK);
		if (header.down)
			continue;
		size = hex_whole(json_string_value(json_object_get(vector, "body")), body, sizeof(body));
		struct frame frame = seal(&header, body, size);
		hear_and_tell(&frame, (enum message_kind)header.kind, AUTHENTICITY_VERIFIED);
		assert_int_equal(record.message.body_kind, header.kind);
		assert_int_equal(record.message.ack_wanted, header.ack_wanted);
		assert_int_equal(record.message.sensitivity, header.sensitivity);
		assert_int_equal(record.message.status, header.status);
		assert_int_equal(record.message.sent_at_ms, header.time_s * INT64_C(1000));
		assert_says(vector);
		kinds |= 1u << header.kind;
	}
	assert_int_equal(kinds, 0x1ffe);
	json_decref(vectors);
}

static void test_message(void **unused)
{
	(void)unused;
	start(NULL);
	struct frame frame = checkin(258, 4000000001u);
	frame.bytes[2] = 0x32; /* relayed twice */
	hear_and_tell(&frame, KIND_CHECKIN, AUTHENTICITY_VERIFIED);
	assert_string_equal(record.message.id, "f-258-4000000001");
	assert_string_equal(record.message.station, "f-258");
	assert_string_equal(record.message.callsign, "");
	assert_string_equal(record.message.data_type, "field");
	assert_int_equal(record.message.class, CLASS_BULK);
	assert_int_equal(record.message.heard.hops, 2);
	assert_true(record.message.heard.rssi_dbm == -97 && record.message.heard.snr_db == 6.5);
	assert_false(record.message.position.valid);
	assert_int_equal(record.message.body.checkin.headcount, 5);
	assert_int_equal(record.message.body.checkin.rollcall, -1);
}

/* Numbers that nobody knows yet become 0, those that are not given are not given, and neither keeps a message from being told. */
static void test_unknown_numbers(void **unused)
{
	(void)unused;
	start(NULL);
	struct field_header header = header_of(FIELD_ALERT, 7, 1);
	struct frame frame = seal(&header, "\x2d\x2d\x63\x46\x63\x01\x02\x03\x7f\x01\x02\x03\x7f\xff\xff\x02\xff", 17);
	hear_and_tell(&frame, KIND_ALERT, AUTHENTICITY_VERIFIED);
	const struct message *message = &record.message;
	assert_int_equal(message->body.alert.type, ALERT_TYPE_ALERT);
	assert_int_equal(message->urgency, URGENCY_UNKNOWN);
	assert_int_equal(message->severity, SEVERITY_UNKNOWN);
	assert_int_equal(message->body.alert.certainty, 0);
	assert_int_equal(message->body.alert.category, 0);
	assert_int_equal(message->body.alert.event, EVENT_UNSPECIFIED); /* 70 is for gateways */
	assert_int_equal(message->body.alert.response, 0);
	assert_int_equal(message->body.alert.persons, -1);
	assert_true(isnan(message->body.alert.radius_m));
	assert_false(message->position.valid); /* 213 degrees */
	assert_int_equal(message->body.alert.expires_at_ms, (TIME_S + 1800) * INT64_C(1000));
	header = header_of(FIELD_ACK, 7, 2);
	frame = seal(&header, "\x07\x00\x05\x00\x00\x00\x40\x01", 8);
	hear_and_tell(&frame, KIND_ACK, AUTHENTICITY_VERIFIED);
	assert_int_equal(message->ack.level, 0);
	assert_int_equal(message->ack.bitmap, -1);
}

/* A station without a clock: what counts from its time counts from ours. */
static void test_no_clock(void **unused)
{
	(void)unused;
	start(NULL);
	struct field_header header = header_of(FIELD_ALERT, 7, 1);
	uint8_t body[17] = {[15] = 4};
	header.time_s = 0;
	struct frame frame = seal(&header, body, sizeof(body));
	hear_and_tell(&frame, KIND_ALERT, AUTHENTICITY_VERIFIED);
	assert_int_equal(record.message.sent_at_ms, 0);
	assert_int_equal(record.message.body.alert.expires_at_ms, WALL_MS + 3600 * INT64_C(1000));
	record.wall_ms = 0;
	header.counter = 2;
	frame = seal(&header, body, sizeof(body));
	hear_and_tell(&frame, KIND_ALERT, AUTHENTICITY_VERIFIED);
	assert_int_equal(record.message.body.alert.expires_at_ms, 0);
}

static void test_acks(void **unused)
{
	(void)unused;
	static const struct {
		const char *body;
		enum ack_level level;
		bool rejected;
		int eta_min, bitmap;
	} cases[] = {
	    {"\x07\x00\x05\x00\x00\x00\x00\x0b", 0, false, -1, 11},
	    {"\x07\x00\x05\x00\x00\x00\x05\x1e", ACK_RESPONDING, false, 30, -1},
	    {"\x07\x00\x05\x00\x00\x00\x05\xff", ACK_RESPONDING, false, -1, -1},
	    {"\x07\x00\x05\x00\x00\x00\x06\x1e", ACK_CLOSED, false, -1, -1},
	    {"\x07\x00\x05\x00\x00\x00\x81\x02", ACK_NOT_UNDERSTOOD, true, -1, -1},
	};
	start(NULL);
	for (uint32_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct field_header header = header_of(FIELD_ACK, 7, i);
		struct frame frame = seal(&header, cases[i].body, 8);
		hear_and_tell(&frame, KIND_ACK, AUTHENTICITY_VERIFIED);
		assert_string_equal(record.message.ack.ref, "f-7-5");
		assert_int_equal(record.message.ack.level, cases[i].level);
		assert_int_equal(record.message.ack.rejected, cases[i].rejected);
		assert_int_equal(record.message.ack.eta_min, cases[i].eta_min);
		assert_int_equal(record.message.ack.bitmap, cases[i].bitmap);
	}
}

static void test_text_is_mended(void **unused)
{
	(void)unused;
	start(NULL);
	struct field_header header = header_of(FIELD_TEXT, 7, 1);
	struct frame frame = seal(&header, "\x02\x01\x00h\xc3\xa9\xff\x00z", 8);
	hear_and_tell(&frame, KIND_TEXT, AUTHENTICITY_VERIFIED);
	assert_string_equal(record.message.text, "h\xc3\xa9??");
	assert_string_equal(record.message.to, "f-258");
}

/* ---- whether it is told ---- */

static void test_not_a_frame(void **unused)
{
	(void)unused;
	start(NULL);
	struct frame frame = distress(7, 1);
	hear_bytes(frame.bytes, 0);
	assert_dropped("field_too_short");
	hear_bytes(frame.bytes, 20);
	assert_dropped("field_too_short");
	frame.bytes[0] = 0x81;
	hear_and_drop(&frame, "field_bad_version");
	frame.bytes[0] = 0x51;
	hear_and_drop(&frame, "field_bad_header");
	frame.bytes[0] = 0x41;
	frame.size = FIELD_FRAME_MAX + 1;
	hear_and_drop(&frame, "field_too_long");
}

static void test_tag(void **unused)
{
	(void)unused;
	start(NULL);
	struct frame good = checkin(7, 1);
	for (size_t i = 0; i < good.size; i++) {
		struct frame bad = good;
		bad.bytes[i] ^= 0x04;
		hear(&bad);
		if (i == 2)
			assert_told(KIND_CHECKIN, AUTHENTICITY_VERIFIED); /* hops: a relay may count */
		else
			assert_dropped("field_bad_tag");
	}
	/* None of them was taken for the frame itself but the one that was only relayed. */
	hear_and_drop(&good, "field_replay");
}

static void test_keys(void **unused)
{
	(void)unused;
	start(NULL);
	struct frame frame = checkin(7, 1);
	record.keyless = 7;
	hear_and_drop(&frame, "field_no_key");
	record.keyless = 0;
	record.revoked = 7;
	hear_and_tell(&frame, KIND_CHECKIN, AUTHENTICITY_SUSPECT);
	assert_int_equal(strncmp(record.message.id, "f-7-1-", 6), 0);
	assert_int_equal(record.taken[0].epochs_back, 1);
	hear_and_drop(&frame, "field_replay");
}

/* A distress is raised even if nobody can say who sent it, but not noise that begins like one. */
static void test_unverified(void **unused)
{
	(void)unused;
	start(NULL);
	struct frame frame = distress(7, 1);
	frame.bytes[frame.size - 1] ^= 1;
	hear_and_tell(&frame, KIND_DISTRESS, AUTHENTICITY_UNVERIFIED);
	assert_string_equal(record.message.station, "f-7");
	assert_int_equal(record.message.body_kind, KIND_NONE);
	assert_int_equal(record.message.sent_at_ms, TIME_S * INT64_C(1000));
	assert_int_equal(record.taken_count, 0);
	for (size_t size = 21; size <= FIELD_FRAME_MAX; size++) {
		struct frame other = {.size = size};
		memcpy(other.bytes, frame.bytes, 23);
		if (size == 24)
			continue;
		hear_and_drop(&other, "field_bad_tag");
	}
	frame.bytes[1] |= 0x10; /* a position that is not there */
	hear_and_drop(&frame, "field_bad_tag");
	frame.bytes[1] = 0x88; /* a fragment */
	hear_and_drop(&frame, "field_bad_tag");
}

/* What is not authentic cannot take the id of what will be. */
static void test_unverified_takes_no_id(void **unused)
{
	(void)unused;
	start(NULL);
	struct frame good = distress(7, 1), bad = good;
	char first[MESSAGE_ID_MAX];
	bad.bytes[20] ^= 1;
	hear_and_tell(&bad, KIND_DISTRESS, AUTHENTICITY_UNVERIFIED);
	snprintf(first, sizeof(first), "%s", record.message.id);
	hear_and_tell(&good, KIND_DISTRESS, AUTHENTICITY_VERIFIED);
	assert_string_equal(record.message.id, "f-7-1");
	bad.bytes[2] = 0x31; /* the same by a relay: the same id at every gateway */
	hear_and_tell(&bad, KIND_DISTRESS, AUTHENTICITY_UNVERIFIED);
	assert_string_equal(record.message.id, first);
	bad.bytes[21] ^= 1;
	hear_and_tell(&bad, KIND_DISTRESS, AUTHENTICITY_UNVERIFIED);
	assert_string_not_equal(record.message.id, first);
}

/* Not encrypted: everybody can read what it says. */
static void test_unverified_readable(void **unused)
{
	(void)unused;
	start(NULL);
	struct field_header header = header_of(FIELD_DISTRESS, 7, 1);
	header.encrypted = false;
	header.position = true;
	struct frame frame = seal(&header, "\x04\x03\x57\x00\x00\x00\x10\x00\x00\x00\x20\x02\x01", 13);
	record.keyless = 7;
	hear_and_tell(&frame, KIND_DISTRESS, AUTHENTICITY_UNVERIFIED);
	assert_int_equal(record.message.body_kind, KIND_DISTRESS);
	assert_int_equal(record.message.body.distress.nature, 4);
	assert_true(record.message.position.valid);
	assert_true(record.message.position.fix_age_s == 20);
}

static void test_replay(void **unused)
{
	(void)unused;
	start(NULL);
	struct frame first = checkin(7, 100), old = checkin(7, 10), other = checkin(8, 10);
	hear_and_tell(&first, KIND_CHECKIN, AUTHENTICITY_VERIFIED);
	hear_and_drop(&first, "field_replay");
	record.stale_below = 50;
	hear_and_drop(&old, "field_old");
	record.stale_below = 0;
	hear_and_tell(&other, KIND_CHECKIN, AUTHENTICITY_VERIFIED);
	struct frame seen = distress(7, 100);
	hear_and_drop(&seen, "field_replay");
}

static void test_stale_distress(void **unused)
{
	(void)unused;
	start(NULL);
	record.stale_below = 50;
	struct frame old = distress(7, 10), next = distress(7, 11);
	hear_and_tell(&old, KIND_DISTRESS, AUTHENTICITY_STALE);
	assert_int_equal(strncmp(record.message.id, "f-7-10-", 7), 0);
	assert_int_equal(record.message.body.distress.nature, 4);
	hear_and_drop(&old, "field_replay");
	old.bytes[2] ^= 1; /* by a relay */
	hear_and_drop(&old, "field_replay");
	hear_and_tell(&next, KIND_DISTRESS, AUTHENTICITY_STALE);
	hear_and_drop(&next, "field_replay");
	record.revoked = 7;
	struct frame revoked = distress(7, 12);
	hear_and_tell(&revoked, KIND_DISTRESS, AUTHENTICITY_SUSPECT);
}

/* What is authentic but makes no sense is dropped, except for a distress. */
static void test_bodies(void **unused)
{
	(void)unused;
	static const uint8_t kinds[] = {FIELD_ALERT,    FIELD_ACK,       FIELD_CHECKIN, FIELD_ROLLCALL,
					FIELD_POSITION, FIELD_TEXT,      FIELD_SITREP,  FIELD_REQUEST,
					FIELD_ACTIVITY, FIELD_TELEMETRY, FIELD_MOVEMENT};
	start(NULL);
	for (uint32_t i = 0; i < sizeof(kinds); i++) {
		struct field_header header = header_of(kinds[i], 7, i);
		struct frame frame = seal(&header, "x", 1);
		hear_and_drop(&frame, "field_bad_length");
	}
	struct field_header header = header_of(FIELD_DISTRESS, 7, 50);
	struct frame frame = seal(&header, "xxxxx", 5);
	hear_and_tell(&frame, KIND_DISTRESS, AUTHENTICITY_VERIFIED);
	assert_int_equal(record.message.body_kind, KIND_NONE);
	header.counter = 51;
	header.fragment = true;
	frame = seal(&header, "\x04\x03\x57", 3);
	hear_and_tell(&frame, KIND_DISTRESS, AUTHENTICITY_VERIFIED);
}

static void test_unknown_kinds(void **unused)
{
	(void)unused;
	static const uint8_t kinds[] = {0, 13, 14, 15};
	start(NULL);
	for (uint32_t i = 0; i < sizeof(kinds); i++) {
		struct field_header header = header_of(kinds[i], 7, i);
		struct frame frame = seal(&header, "later", 5);
		hear_and_tell(&frame, KIND_RAW, AUTHENTICITY_VERIFIED);
		assert_int_equal(record.message.raw_size, frame.size);
		assert_memory_equal(record.message.raw, frame.bytes, frame.size);
		assert_string_equal(record.message.parse_error, "");
		frame.bytes[frame.size - 1] ^= 1;
		hear_and_drop(&frame, "field_bad_tag");
	}
}

static void test_down(void **unused)
{
	(void)unused;
	start(gateway_61000);
	struct field_header header = header_of(FIELD_DISTRESS, 7, 1);
	header.down = true;
	header.from = 61000;
	struct frame own = seal(&header, "\x04\x03\x57", 3);
	header.from = 61001;
	struct frame other = seal(&header, "\x04\x03\x57", 3);
	hear_and_drop(&own, "own_frame");
	hear_and_drop(&other, "field_down");
	other.bytes[other.size - 1] ^= 1;
	hear_and_drop(&other, "field_down");
	start(NULL);
	hear_and_drop(&own, "field_down");
}

/* Members of a group share a key and not a counter: an equal counter may be another's. */
static void test_group(void **unused)
{
	(void)unused;
	start(NULL);
	struct frame said = checkin(FIELD_ALL, 1), help = distress(FIELD_ALL, 1);
	hear_and_tell(&said, KIND_CHECKIN, AUTHENTICITY_SUSPECT);
	assert_string_equal(record.message.data_type, "field-group");
	assert_string_equal(record.message.station, "f-65535");
	hear_and_drop(&said, "field_replay");
	hear_and_tell(&help, KIND_DISTRESS, AUTHENTICITY_SUSPECT);
	hear_and_drop(&help, "field_replay");
}

/* ---- fragments ---- */

enum { PIECE = 20 };

static struct frame piece(const struct field_header *like, uint32_t counter, uint16_t id, uint8_t index, uint8_t total,
			  const char *bytes, size_t size)
{
	uint8_t body[FIELD_BODY_MAX];
	struct field_header header = *like;
	struct field_fragment fragment = {
	    .id = id, .index = index, .total = total, .bytes = (const uint8_t *)bytes, .size = size};
	header.counter = counter;
	header.fragment = true;
	return seal(&header, body, field_fragment_encode(&fragment, body, sizeof(body)));
}

static const char whole_text[] = "\xff\xff\x01"
				 "the bridge is open for light vehicles only, come by the northern road";

static struct frame text_piece(uint16_t from_station, uint32_t counter, uint16_t id, uint8_t index)
{
	struct field_header header = header_of(FIELD_TEXT, from_station, 0);
	size_t size = sizeof(whole_text) - 1 - (size_t)index * PIECE;
	return piece(&header, counter, id, index, 4, whole_text + index * PIECE, size < PIECE ? size : PIECE);
}

static void assert_whole(const char *id)
{
	assert_told(KIND_TEXT, AUTHENTICITY_VERIFIED);
	assert_string_equal(record.message.text, whole_text + 3);
	assert_string_equal(record.message.id, id);
}

static void hear_nothing_yet(const struct frame *frame)
{
	hear(frame);
	assert_int_equal(record.message_count, 0);
	assert_int_equal(record.drop_count, 0);
}

/* All orders of four pieces. */
static void test_fragments(void **unused)
{
	(void)unused;
	for (unsigned order = 0; order < 256; order++) {
		unsigned indexes[] = {order & 3, order >> 2 & 3, order >> 4 & 3, order >> 6 & 3};
		unsigned all = 0;
		for (size_t i = 0; i < 4; i++)
			all |= 1u << indexes[i];
		if (all != 15)
			continue;
		start(NULL);
		for (size_t i = 0; i < 4; i++) {
			struct frame frame = text_piece(7, 90 + indexes[i], 300, (uint8_t)indexes[i]);
			if (i < 3)
				hear_nothing_yet(&frame);
			else
				hear(&frame);
		}
		assert_whole("f-7-90");
		assert_int_equal(record.alarm_us, 0);
	}
}

static void test_fragments_of_several(void **unused)
{
	(void)unused;
	start(NULL);
	for (uint8_t index = 0; index < 3; index++)
		for (uint16_t from_station = 1; from_station <= 4; from_station++) {
			struct frame frame = text_piece(from_station, 90u + index, 5, index);
			hear_nothing_yet(&frame);
		}
	for (uint16_t from_station = 1; from_station <= 4; from_station++) {
		char id[32];
		struct frame frame = text_piece(from_station, 93, 5, 3);
		hear(&frame);
		snprintf(id, sizeof(id), "f-%u-90", from_station);
		assert_whole(id);
	}
}

/* A fifth sender costs the oldest its pieces, and a station that begins anew its own. */
static void test_fragments_give_way(void **unused)
{
	(void)unused;
	start(NULL);
	for (uint16_t from_station = 1; from_station <= 4; from_station++) {
		struct frame frame = text_piece(from_station, 90, 5, 0);
		record.now_us++;
		hear_nothing_yet(&frame);
	}
	struct frame fifth = text_piece(5, 90, 5, 0);
	hear_and_drop(&fifth, "field_fragments_lost");
	struct frame anew = text_piece(5, 91, 6, 0);
	hear_and_drop(&anew, "field_fragments_lost");
	for (uint8_t index = 1; index < 4; index++) {
		struct frame frame = text_piece(5, 91u + index, 6, index);
		hear(&frame);
	}
	assert_whole("f-5-91");
}

static void test_fragments_time_out(void **unused)
{
	(void)unused;
	start((const struct driver_setting[]){{"fragment_timeout_s", "60"}, {NULL, NULL}});
	struct frame first = text_piece(1, 90, 5, 0), second = text_piece(2, 90, 5, 0);
	hear_nothing_yet(&first);
	assert_int_equal(record.alarm_us, 61000000);
	record.now_us += 5000000;
	hear_nothing_yet(&second);
	assert_int_equal(record.alarm_us, 61000000);
	record.now_us = 61000000;
	field->air->alarm(field->state);
	assert_int_equal(record_drops(&record, "field_fragments_lost"), 1);
	assert_int_equal(record.alarm_us, 66000000);
	record.now_us = 66000000;
	field->air->alarm(field->state);
	assert_int_equal(record_drops(&record, "field_fragments_lost"), 2);
	assert_int_equal(record.alarm_us, 0);
}

/* Another radio of this gateway heard some pieces first and misses the rest; together they are all there. But what was heard before
 * neither makes a message alone nor costs another its place. */
static void test_fragments_of_two_radios(void **unused)
{
	(void)unused;
	start(NULL);
	struct frame pieces[4];
	for (uint8_t i = 0; i < 4; i++)
		pieces[i] = text_piece(7, 90u + i, 5, i);
	for (uint32_t i = 0; i < 3; i++)
		record.taken[record.taken_count++] = (struct record_counter){7, 0, 90 + i};
	for (size_t i = 0; i < 3; i++)
		hear_nothing_yet(&pieces[i]);
	hear(&pieces[3]);
	assert_whole("f-7-90");
	for (size_t i = 0; i < 3; i++)
		hear_nothing_yet(&pieces[i]);
	hear_and_drop(&pieces[3], "field_replay");
	struct frame other = text_piece(7, 200, 6, 0);
	hear_nothing_yet(&other);
	hear_and_drop(&pieces[0], "field_replay");
	for (uint8_t i = 1; i < 4; i++) {
		struct frame next = text_piece(7, 200u + i, 6, i);
		hear(&next);
	}
	assert_whole("f-7-200");
}

static void test_bad_fragments(void **unused)
{
	(void)unused;
	start(NULL);
	struct field_header text = header_of(FIELD_TEXT, 7, 1), sitrep = header_of(FIELD_SITREP, 7, 1);
	struct frame frame = piece(&text, 1, 5, 0, 3, "abcd", 4);
	hear_nothing_yet(&frame);
	hear_and_drop(&frame, "field_replay");
	frame = piece(&text, 2, 5, 1, 4, "abcd", 4);
	hear_and_drop(&frame, "field_bad_fragment");
	frame = piece(&sitrep, 3, 5, 1, 3, "abcd", 4);
	hear_and_drop(&frame, "field_bad_fragment");
	frame = piece(&text, 4, 5, 0, 3, "abcd", 4);
	hear_and_drop(&frame, "field_replay");
	text.fragment = true;
	text.counter = 5;
	frame = seal(&text, "\x05\x00\x33z", 4);
	hear_and_drop(&frame, "field_bad_fragment");
	struct field_header alert = header_of(FIELD_ALERT, 7, 6);
	alert.fragment = true;
	frame = seal(&alert, "\x05\x00\x02z", 4);
	hear_and_drop(&frame, "field_bad_fragment");
	record.stale_below = 1000;
	frame = piece(&text, 7, 5, 1, 3, "abcd", 4);
	hear_and_drop(&frame, "field_old");
}

static void test_too_much(void **unused)
{
	(void)unused;
	static const char long_piece[FIELD_BODY_MAX] = "\xff\xff";
	start(NULL);
	struct field_header text = header_of(FIELD_TEXT, 7, 1);
	for (uint8_t index = 0; index < 8; index++) {
		struct frame frame = piece(&text, index, 5, index, 8, long_piece, 136);
		if (index < 7)
			hear_nothing_yet(&frame);
		else
			hear_and_drop(&frame, "field_fragments_too_long");
	}
	for (uint8_t index = 0; index < 8; index++) {
		struct frame frame = piece(&text, 20u + index, 6, index, 8, long_piece, 128);
		hear(&frame);
	}
	assert_told(KIND_TEXT, AUTHENTICITY_VERIFIED);
	assert_int_equal(strlen(record.message.text), FIELD_WHOLE_MAX - 3);
	text = header_of(FIELD_CHECKIN, 7, 1);
	struct frame frame = piece(&text, 40, 7, 0, 1, "abc", 3);
	hear_and_drop(&frame, "field_bad_length");
}

/* ---- what a gateway says ---- */

static struct message saying(enum message_kind kind, const char *to, const char *text)
{
	struct message message;
	message_init(&message);
	message.kind = kind;
	snprintf(message.to, sizeof(message.to), "%s", to);
	snprintf(message.text, sizeof(message.text), "%s", text);
	return message;
}

static ssize_t say(const struct message *message, struct frame *frame)
{
	record_clear(&record);
	ssize_t size = field->air->output(field->state, message, frame->bytes, sizeof(frame->bytes));
	frame->size = size > 0 ? (size_t)size : 0;
	return size;
}

/* As a station hears it: header, and where its body is. */
static const uint8_t *open_down(struct frame *frame, struct field_header *header, size_t *body_size)
{
	assert_int_equal(field_header_decode(frame->bytes, frame->size, header), FIELD_OK);
	assert_true(header->down);
	assert_int_equal(header->from, 61000);
	assert_int_equal(field_open(frame->bytes, frame->size, header, record_open, &station), 0);
	*body_size = frame->size - field_header_size(header) - FIELD_TAG_SIZE;
	return frame->bytes + field_header_size(header);
}

static void test_say_text(void **unused)
{
	(void)unused;
	start(gateway_61000);
	record.next_counter = 77000;
	struct message message = saying(KIND_TEXT, "f-258", "h\xc3\xa9");
	message.body_kind = KIND_TEXT;
	message.body.text.language = 2;
	message.ack_wanted = true;
	message.sensitivity = 2;
	message.status = STATUS_EXERCISE;
	struct frame frame;
	struct field_header header;
	struct field_text text;
	size_t size;
	assert_int_equal(say(&message, &frame), 15 + 3 + 3 + 8);
	const uint8_t *body = open_down(&frame, &header, &size);
	assert_true(field_text_decode(body, size, &text));
	assert_int_equal(header.kind, FIELD_TEXT);
	assert_int_equal(header.station, 258);
	assert_int_equal(header.counter, 77000);
	assert_int_equal(header.time_s, WALL_MS / 1000);
	assert_int_equal(header.status, 1);
	assert_int_equal(header.sensitivity, 2);
	assert_int_equal(header.hop_limit, 3);
	assert_int_equal(header.hops_taken, 0);
	assert_true(header.ack_wanted && header.encrypted && !header.fragment && !header.position);
	assert_int_equal(text.to, 258);
	assert_int_equal(text.language, 2);
	assert_int_equal(text.text.size, 3);
	assert_memory_equal(text.text.bytes, "h\xc3\xa9", 3);
	hear_and_drop(&frame, "own_frame");
}

static void test_say_to_all(void **unused)
{
	(void)unused;
	start((const struct driver_setting[]){
	    {"station", "61000"}, {"encrypt", "false"}, {"hop_limit", "0"}, {NULL, NULL}});
	record.wall_ms = 0;
	struct message message = saying(KIND_TEXT, "", "curfew from 18:00");
	struct frame frame;
	struct field_header header;
	size_t size;
	assert_true(say(&message, &frame) > 0);
	assert_memory_equal(frame.bytes + 18, "curfew", 6);
	const uint8_t *body = open_down(&frame, &header, &size);
	assert_int_equal(header.station, FIELD_ALL);
	assert_int_equal(header.time_s, 0);
	assert_int_equal(header.hop_limit, 0);
	assert_false(header.encrypted);
	assert_memory_equal(body, "\xff\xff\x00", 3);
}

static void test_say_ack(void **unused)
{
	(void)unused;
	static const struct {
		const char *to, *ref;
		enum ack_level level;
		int eta_min, bitmap;
		ssize_t result;
		uint16_t station;
		const char *body;
	} cases[] = {
	    {"f-7", "f-7-305419896", ACK_STORED, -1, -1, 31, 7, "\x07\x00\x78\x56\x34\x12\x01\xff"},
	    {"", "f-7-305419896", ACK_HQ_SEEN, 9, -1, 31, 7, "\x07\x00\x78\x56\x34\x12\x04\xff"},
	    {"", "f-7-1-0a0b0c0d", ACK_RESPONDING, 45, -1, 31, 7, "\x07\x00\x01\x00\x00\x00\x05\x2d"},
	    {"", "f-7-1", ACK_RESPONDING, -1, -1, 31, 7, "\x07\x00\x01\x00\x00\x00\x05\xff"},
	    {"", "f-7-1", ACK_RESPONDING, 9999, -1, 31, 7, "\x07\x00\x01\x00\x00\x00\x05\xfe"},
	    {"", "f-7-1", ACK_NOT_AUTHENTIC, -1, -1, 31, 7, "\x07\x00\x01\x00\x00\x00\x82\xff"},
	    {"", "f-7-1", 0, -1, 11, 31, 7, "\x07\x00\x01\x00\x00\x00\x00\x0b"},
	    {"", "f-7-1", 0, -1, -1, -EINVAL, 0, NULL},
	    {"", "", ACK_STORED, -1, -1, -EINVAL, 0, NULL},
	    {"f-7", "a-1234-5", ACK_STORED, -1, -1, -EINVAL, 0, NULL},
	    {"f-7", "f-7", ACK_STORED, -1, -1, -EINVAL, 0, NULL},
	    {"f-7", "f-70000-1", ACK_STORED, -1, -1, -EINVAL, 0, NULL},
	    {"f-7", "f-7-4294967296", ACK_STORED, -1, -1, -EINVAL, 0, NULL},
	    {"f-7", "f-7-1x", ACK_STORED, -1, -1, -EINVAL, 0, NULL},
	};
	start(gateway_61000);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct message message = saying(KIND_ACK, cases[i].to, "");
		struct frame frame;
		struct field_header header;
		size_t size;
		snprintf(message.ack.ref, sizeof(message.ack.ref), "%s", cases[i].ref);
		message.ack.level = cases[i].level;
		message.ack.eta_min = cases[i].eta_min;
		message.ack.bitmap = cases[i].bitmap;
		ssize_t result = say(&message, &frame);
		if (result != cases[i].result)
			fail_msg("case %zu: %zd", i, result);
		if (result < 0)
			continue;
		const uint8_t *body = open_down(&frame, &header, &size);
		assert_int_equal(header.station, cases[i].station);
		assert_int_equal(size, 8);
		assert_memory_equal(body, cases[i].body, 8);
	}
}

static struct message saying_alert(const char *text)
{
	struct message message = saying(KIND_ALERT, "", text);
	message.urgency = URGENCY_IMMEDIATE;
	message.severity = SEVERITY_SEVERE;
	message.body_kind = KIND_ALERT;
	message.body.alert = (struct body_alert){
	    .certainty = 1, .category = 9, .event = EVENT_ROAD_CLOSED, .response = 5, .radius_m = 1500, .persons = -1};
	return message;
}

static void test_say_alert(void **unused)
{
	(void)unused;
	start(gateway_61000);
	struct message message = saying_alert("bridge");
	struct frame frame;
	struct field_header header;
	struct field_alert alert;
	size_t size;
	message.position = (struct message_position){.valid = true, .lat_deg = -3.3456789, .lon_deg = 36.54321};
	message.body.alert.expires_at_ms = WALL_MS + 3600 * 1000 + 1;
	assert_int_equal(say(&message, &frame), 15 + 17 + 6 + 8);
	const uint8_t *body = open_down(&frame, &header, &size);
	assert_true(field_alert_decode(body, size, &alert));
	assert_int_equal(alert.type, 0);
	assert_int_equal(alert.urgency, 1);
	assert_int_equal(alert.severity, 2);
	assert_int_equal(alert.event, 60);
	assert_int_equal(alert.lat_e7, -33456789);
	assert_int_equal(alert.lon_e7, 365432100);
	assert_int_equal(alert.radius_10m, 150);
	assert_int_equal(alert.expires_15min, 5);
	assert_int_equal(alert.persons, FIELD_NONE_U8);
	assert_int_equal(alert.text.size, 6);
}

static void test_say_alert_limits(void **unused)
{
	(void)unused;
	start(gateway_61000);
	struct frame frame;
	struct message message = saying_alert("12345678");
	assert_int_equal(say(&message, &frame), 48);
	message = saying_alert("123456789");
	assert_int_equal(say(&message, &frame), -EMSGSIZE);
	message = saying_alert("12");
	message.body.alert.type = ALERT_TYPE_CANCEL;
	assert_int_equal(say(&message, &frame), -EINVAL);
	snprintf(message.body.alert.ref, sizeof(message.body.alert.ref), "f-7-1");
	assert_int_equal(say(&message, &frame), 48);
	message = saying_alert("\xff");
	assert_int_equal(say(&message, &frame), -EINVAL);
	message = saying_alert("");
	message.body_kind = KIND_NONE;
	assert_int_equal(say(&message, &frame), 40);
	assert_int_equal(record.next_counter, 3); /* none was spent on what could not be said */
}

static void test_say_rollcall(void **unused)
{
	(void)unused;
	start(gateway_61000);
	struct message message = saying(KIND_ROLLCALL, "", "");
	struct frame frame;
	struct field_header header;
	size_t size;
	assert_int_equal(say(&message, &frame), -EINVAL);
	message.body_kind = KIND_ROLLCALL;
	message.body.rollcall = (struct body_rollcall){
	    .id = 513, .type = 2, .window_min = 30, .slot_s = 20, .group = -1};
	assert_int_equal(say(&message, &frame), 29);
	const uint8_t *body = open_down(&frame, &header, &size);
	assert_int_equal(size, 6);
	assert_memory_equal(body, "\x01\x02\x02\x1e\x14\xff", 6);
	message.body.rollcall.id = 0xffff;
	assert_int_equal(say(&message, &frame), -EINVAL);
}

static void test_say_not(void **unused)
{
	(void)unused;
	struct frame frame;
	struct message message = saying(KIND_TEXT, "f-7", "ok");
	start(NULL);
	assert_int_equal(say(&message, &frame), -EACCES);
	start(gateway_61000);
	record.counters_out = true;
	assert_int_equal(say(&message, &frame), -EAGAIN);
	record.counters_out = false;
	record.keyless = 7;
	assert_int_equal(say(&message, &frame), -ENOKEY);
	record.keyless = 0;
	static const char *const bad_stations[] = {"N0CALL-7", "f-", "f-65536", "f-7x", "f--7", "f- 7", "mt-00000001"};
	for (size_t i = 0; i < sizeof(bad_stations) / sizeof(*bad_stations); i++) {
		message = saying(KIND_TEXT, bad_stations[i], "ok");
		assert_int_equal(say(&message, &frame), -EINVAL);
	}
	message = saying(KIND_TEXT, "f-7", "");
	assert_int_equal(say(&message, &frame), -EINVAL);
	message = saying(KIND_TEXT, "f-7", "\xc3");
	assert_int_equal(say(&message, &frame), -EINVAL);
	static const enum message_kind never[] = {KIND_NONE,     KIND_DISTRESS, KIND_CHECKIN,  KIND_POSITION,
						  KIND_SITREP,   KIND_REQUEST,  KIND_ACTIVITY, KIND_TELEMETRY,
						  KIND_MOVEMENT, KIND_RAW,      KIND_STATE};
	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++) {
		message = saying(never[i], "f-7", "ok");
		assert_int_equal(say(&message, &frame), -EOPNOTSUPP);
	}
}

static void test_say_limits(void **unused)
{
	(void)unused;
	char text[140];
	uint8_t small[28];
	struct frame frame;
	start(gateway_61000);
	memset(text, 'x', sizeof(text));
	text[134] = 0;
	struct message message = saying(KIND_TEXT, "f-7", text);
	assert_int_equal(say(&message, &frame), FIELD_FRAME_MAX);
	text[134] = 'x';
	text[135] = 0;
	message = saying(KIND_TEXT, "f-7", text);
	assert_int_equal(say(&message, &frame), -EMSGSIZE);
	message = saying(KIND_TEXT, "f-7", "abc");
	assert_int_equal(field->air->output(field->state, &message, small, sizeof(small)), -EMSGSIZE);
}

/* ---- AX.25 ---- */

static const struct driver_setting in_ax25[] = {
    {"station", "61000"}, {"carriage", "ax25"}, {"callsign", "N0CALL-10"}, {NULL, NULL}};

static struct frame wrap(const struct frame *inner, const char *destination)
{
	struct ax25_frame carriage = {
	    .information = inner->bytes, .information_size = inner->size, .digipeater_count = 1};
	struct frame frame;
	ax25_address_parse(destination, strlen(destination), &carriage.destination);
	ax25_address_parse("N0CALL-10", 9, &carriage.source);
	ax25_address_parse("DIGI1*", 6, &carriage.digipeaters[0]);
	frame.size = ax25_encode(&carriage, frame.bytes, sizeof(frame.bytes));
	assert_true(frame.size > 0);
	return frame;
}

/* Stations of one licence may share a call sign with the gateway: it says nothing about who sent a frame. */
static void test_ax25(void **unused)
{
	(void)unused;
	start(in_ax25);
	struct frame inner = checkin(7, 1), frame = wrap(&inner, "APZCRF");
	hear_and_tell(&frame, KIND_CHECKIN, AUTHENTICITY_VERIFIED);
	assert_string_equal(record.message.heard.path, "DIGI1*");
	hear_and_drop(&inner, "ax25_bad_address");
	frame = wrap(&inner, "APRS");
	hear_and_drop(&frame, "field_other_destination");
	frame = wrap(&inner, "APZCRF");
	frame.size = 23 + 10;
	hear_and_drop(&frame, "field_too_short");
	struct field_header header = header_of(15, 7, 2);
	inner = seal(&header, "x", 1);
	frame = wrap(&inner, "APZCRF");
	hear_and_tell(&frame, KIND_RAW, AUTHENTICITY_VERIFIED);
	assert_int_equal(record.message.raw_size, inner.size);
	assert_memory_equal(record.message.raw, inner.bytes, inner.size);
}

static void test_say_ax25(void **unused)
{
	(void)unused;
	char text[135];
	struct frame frame;
	struct ax25_frame carriage;
	struct field_header header;
	start(in_ax25);
	memset(text, 'x', sizeof(text));
	text[134] = 0;
	struct message message = saying(KIND_TEXT, "f-7", text);
	uint8_t bytes[FIELD_FRAME_MAX + 16];
	assert_int_equal(field->air->mtu, sizeof(bytes));
	assert_int_equal(field->air->output(field->state, &message, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(ax25_decode(bytes, sizeof(bytes), &carriage), AX25_OK);
	assert_string_equal(carriage.destination.call, "APZCRF");
	assert_string_equal(carriage.source.call, "N0CALL");
	assert_int_equal(carriage.source.ssid, 10);
	assert_int_equal(field_header_decode(carriage.information, carriage.information_size, &header), FIELD_OK);
	assert_int_equal(field->air->output(field->state, &message, bytes, sizeof(bytes) - 1), -EMSGSIZE);
	hear_bytes(bytes, sizeof(bytes));
	assert_dropped("own_frame");
	start((const struct driver_setting[]){{"station", "61000"}, {"carriage", "ax25"}, {NULL, NULL}});
	assert_int_equal(say(&message, &frame), -EACCES);
	memset(&record, 0, sizeof(record));
	driver_under_test_free(field);
	field = air_under_test("field", &record,
			       (const struct driver_setting[]){{"callsign", "N0CALL-16"}, {NULL, NULL}});
	assert_int_equal(field->init_result, -EINVAL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_every_kind, stop),
	    cmocka_unit_test_teardown(test_message, stop),
	    cmocka_unit_test_teardown(test_unknown_numbers, stop),
	    cmocka_unit_test_teardown(test_no_clock, stop),
	    cmocka_unit_test_teardown(test_acks, stop),
	    cmocka_unit_test_teardown(test_text_is_mended, stop),
	    cmocka_unit_test_teardown(test_not_a_frame, stop),
	    cmocka_unit_test_teardown(test_tag, stop),
	    cmocka_unit_test_teardown(test_keys, stop),
	    cmocka_unit_test_teardown(test_unverified, stop),
	    cmocka_unit_test_teardown(test_unverified_takes_no_id, stop),
	    cmocka_unit_test_teardown(test_unverified_readable, stop),
	    cmocka_unit_test_teardown(test_replay, stop),
	    cmocka_unit_test_teardown(test_stale_distress, stop),
	    cmocka_unit_test_teardown(test_bodies, stop),
	    cmocka_unit_test_teardown(test_unknown_kinds, stop),
	    cmocka_unit_test_teardown(test_down, stop),
	    cmocka_unit_test_teardown(test_group, stop),
	    cmocka_unit_test_teardown(test_fragments, stop),
	    cmocka_unit_test_teardown(test_fragments_of_several, stop),
	    cmocka_unit_test_teardown(test_fragments_give_way, stop),
	    cmocka_unit_test_teardown(test_fragments_time_out, stop),
	    cmocka_unit_test_teardown(test_fragments_of_two_radios, stop),
	    cmocka_unit_test_teardown(test_bad_fragments, stop),
	    cmocka_unit_test_teardown(test_too_much, stop),
	    cmocka_unit_test_teardown(test_say_text, stop),
	    cmocka_unit_test_teardown(test_say_to_all, stop),
	    cmocka_unit_test_teardown(test_say_ack, stop),
	    cmocka_unit_test_teardown(test_say_alert, stop),
	    cmocka_unit_test_teardown(test_say_alert_limits, stop),
	    cmocka_unit_test_teardown(test_say_rollcall, stop),
	    cmocka_unit_test_teardown(test_say_not, stop),
	    cmocka_unit_test_teardown(test_say_limits, stop),
	    cmocka_unit_test_teardown(test_ax25, stop),
	    cmocka_unit_test_teardown(test_say_ax25, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
