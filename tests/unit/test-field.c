/* The codec of the field frame against vectors that other code made (tests/vectors/field.json), and against what is no frame. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "drivers/codec/field.h"
#include "drivers/codec/field_bodies.h"
#include "drivers/codec/utf8.h"
#include "tests/support/hex.h"

static json_t *vectors;

static int load(void **unused)
{
	(void)unused;
	vectors = json_load_file(CRESSET_SOURCE_DIR "/tests/vectors/field.json", 0, NULL);
	return vectors ? 0 : -1;
}

static int unload(void **unused)
{
	(void)unused;
	json_decref(vectors);
	return 0;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	if (!text)
		fail_msg("no text member %s", name);
	return text;
}

static int64_t number_of(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	if (json_is_boolean(value))
		return json_is_true(value);
	if (!json_is_integer(value))
		fail_msg("no number %s", name);
	return json_integer_value(value);
}

static struct field_header header_of(const json_t *vector)
{
	const json_t *header = json_object_get(vector, "header");
	return (struct field_header){
	    .down = number_of(header, "down"),
	    .kind = (uint8_t)number_of(header, "kind"),
	    .status = (uint8_t)number_of(header, "status"),
	    .ack_wanted = number_of(header, "ack_wanted"),
	    .fragment = number_of(header, "fragment"),
	    .position = number_of(header, "position"),
	    .encrypted = number_of(header, "encrypted"),
	    .sensitivity = (uint8_t)number_of(header, "sensitivity"),
	    .hop_limit = (uint8_t)number_of(header, "hop_limit"),
	    .hops_taken = (uint8_t)number_of(header, "hops_taken"),
	    .station = (uint16_t)number_of(header, "station"),
	    .counter = (uint32_t)number_of(header, "counter"),
	    .time_s = (uint32_t)number_of(header, "time_s"),
	    .from = (uint16_t)number_of(header, "from"),
	};
}

static void assert_headers_equal(const struct field_header *one, const struct field_header *other)
{
	assert_int_equal(one->down, other->down);
	assert_int_equal(one->kind, other->kind);
	assert_int_equal(one->status, other->status);
	assert_int_equal(one->ack_wanted, other->ack_wanted);
	assert_int_equal(one->fragment, other->fragment);
	assert_int_equal(one->position, other->position);
	assert_int_equal(one->encrypted, other->encrypted);
	assert_int_equal(one->sensitivity, other->sensitivity);
	assert_int_equal(one->hop_limit, other->hop_limit);
	assert_int_equal(one->hops_taken, other->hops_taken);
	assert_int_equal(one->station, other->station);
	assert_int_equal(one->counter, other->counter);
	assert_int_equal(one->time_s, other->time_s);
	assert_int_equal(one->from, other->from);
}

/* ---- headers ---- */

static void test_headers(void **unused)
{
	(void)unused;
	size_t i;
	const json_t *vector;
	json_array_foreach(json_object_get(vectors, "frames"), i, vector)
	{
		uint8_t frame[FIELD_FRAME_MAX], written[FIELD_HEADER_SIZE + FIELD_FROM_SIZE];
		struct field_header expected = header_of(vector), header;
		size_t size = hex_whole(text_of(vector, "frame"), frame, sizeof(frame));
		assert_int_equal(field_header_decode(frame, size, &header), FIELD_OK);
		assert_headers_equal(&header, &expected);
		size_t written_size = field_header_encode(&expected, written);
		assert_int_equal(written_size, field_header_size(&expected));
		assert_memory_equal(written, frame, written_size);
	}
	assert_true(i >= 40);
}

static void test_refused_headers(void **unused)
{
	(void)unused;
	static const struct {
		uint8_t first;
		size_t size;
		enum field_result result;
		const char *name;
	} cases[] = {
	    {0x41, 0, FIELD_TOO_SHORT, "field_too_short"},
	    {0x41, 20, FIELD_TOO_SHORT, "field_too_short"},
	    {0x41, 21, FIELD_OK, ""},
	    {0x61, 22, FIELD_TOO_SHORT, "field_too_short"},
	    {0x61, 23, FIELD_OK, ""},
	    {0x41, 160, FIELD_OK, ""},
	    {0x41, 161, FIELD_TOO_LONG, "field_too_long"},
	    {0x01, 30, FIELD_BAD_VERSION, "field_bad_version"},
	    {0x81, 30, FIELD_BAD_VERSION, "field_bad_version"},
	    {0xc1, 30, FIELD_BAD_VERSION, "field_bad_version"},
	    {0x51, 30, FIELD_BAD_HEADER, "field_bad_header"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		/* As large as it says, so that a sanitizer sees what is read beyond. */
		uint8_t *frame = calloc(1, cases[i].size + 1);
		struct field_header header;
		assert_non_null(frame);
		frame[0] = cases[i].first;
		enum field_result result = field_header_decode(frame, cases[i].size, &header);
		if (result != cases[i].result || strcmp(field_result_name(result), cases[i].name) != 0)
			fail_msg("%02x, %zu bytes: %s", cases[i].first, cases[i].size, field_result_name(result));
		free(frame);
	}
}

static void test_looks_like_distress(void **unused)
{
	(void)unused;
	struct field_header header = {.kind = FIELD_DISTRESS};
	for (size_t size = 0; size <= FIELD_FRAME_MAX; size++)
		assert_int_equal(field_looks_like_distress(&header, size), size == 24);
	header.position = true;
	for (size_t size = 0; size <= FIELD_FRAME_MAX; size++)
		assert_int_equal(field_looks_like_distress(&header, size), size == 34);
	header.fragment = true;
	assert_false(field_looks_like_distress(&header, 34));
	header = (struct field_header){.kind = FIELD_DISTRESS, .down = true};
	assert_false(field_looks_like_distress(&header, 24));
	assert_false(field_looks_like_distress(&header, 26));
	header = (struct field_header){.kind = FIELD_ALERT};
	assert_false(field_looks_like_distress(&header, 24));
}

static void test_room(void **unused)
{
	(void)unused;
	for (unsigned kind = 1; kind <= FIELD_MOVEMENT; kind++) {
		struct field_header up = {.kind = (uint8_t)kind}, down = {.kind = (uint8_t)kind, .down = true};
		bool is_short = kind == FIELD_DISTRESS || kind == FIELD_ALERT || kind == FIELD_ACK;
		assert_int_equal(field_body_room(&up), is_short ? 27 : 139);
		assert_int_equal(field_body_room(&down), is_short ? 25 : 137);
	}
}

/* ---- the seal ---- */

struct expected_crypt {
	const json_t *vector;
	uint8_t tag[FIELD_TAG_SIZE];
	int answer;
};

/* A cipher that is given what it must be given, and knows the answer from the vector. */
static int check_cipher(void *user, struct field_crypt *crypt)
{
	const struct expected_crypt *expected = user;
	uint8_t nonce[FIELD_NONCE_SIZE], associated[FIELD_FRAME_MAX];
	bool encrypted = number_of(json_object_get(expected->vector, "header"), "encrypted");
	size_t body_size = strlen(text_of(expected->vector, "body")) / 2;
	hex_whole(text_of(expected->vector, "nonce"), nonce, sizeof(nonce));
	size_t associated_size = hex_whole(text_of(expected->vector, "associated"), associated, sizeof(associated));
	assert_int_equal(crypt->station, number_of(json_object_get(expected->vector, "header"), "station"));
	assert_memory_equal(crypt->nonce, nonce, sizeof(nonce));
	assert_int_equal(crypt->associated_size, associated_size);
	assert_memory_equal(crypt->associated, associated, associated_size);
	assert_int_equal(crypt->text_size, encrypted ? body_size : 0);
	return expected->answer;
}

static int seal_cipher(void *user, struct field_crypt *crypt)
{
	const struct expected_crypt *expected = user;
	uint8_t body[FIELD_FRAME_MAX], frame[FIELD_FRAME_MAX];
	size_t body_size = hex_whole(text_of(expected->vector, "body"), body, sizeof(body));
	size_t size = hex_whole(text_of(expected->vector, "frame"), frame, sizeof(frame));
	check_cipher(user, crypt);
	if (crypt->text_size) {
		assert_memory_equal(crypt->text, body, body_size);
		memcpy(crypt->text, frame + size - FIELD_TAG_SIZE - body_size, body_size);
	}
	memcpy(crypt->tag, frame + size - FIELD_TAG_SIZE, FIELD_TAG_SIZE);
	return expected->answer;
}

static int open_cipher(void *user, struct field_crypt *crypt)
{
	const struct expected_crypt *expected = user;
	uint8_t body[FIELD_FRAME_MAX];
	check_cipher(user, crypt);
	assert_memory_equal(crypt->tag, expected->tag, FIELD_TAG_SIZE);
	if (crypt->text_size)
		memcpy(crypt->text, body, hex_whole(text_of(expected->vector, "body"), body, sizeof(body)));
	return expected->answer;
}

static void test_seal(void **unused)
{
	(void)unused;
	size_t i;
	json_t *vector;
	json_array_foreach(json_object_get(vectors, "frames"), i, vector)
	{
		struct field_header header = header_of(vector);
		struct expected_crypt expected = {.vector = vector};
		uint8_t frame[FIELD_FRAME_MAX], made[FIELD_FRAME_MAX];
		size_t size = hex_whole(text_of(vector, "frame"), frame, sizeof(frame));
		size_t made_size = field_header_encode(&header, made);
		made_size += hex_whole(text_of(vector, "body"), made + made_size, sizeof(made) - made_size);
		assert_int_equal(field_seal(made, made_size, seal_cipher, &expected), 0);
		assert_int_equal(made_size + FIELD_TAG_SIZE, size);
		assert_memory_equal(made, frame, size);
	}
}

static void test_open(void **unused)
{
	(void)unused;
	size_t i;
	json_t *vector;
	json_array_foreach(json_object_get(vectors, "frames"), i, vector)
	{
		struct field_header header;
		struct expected_crypt expected = {.vector = vector};
		uint8_t frame[FIELD_FRAME_MAX], body[FIELD_FRAME_MAX];
		size_t size = hex_whole(text_of(vector, "frame"), frame, sizeof(frame));
		size_t body_size = hex_whole(text_of(vector, "body"), body, sizeof(body));
		memcpy(expected.tag, frame + size - FIELD_TAG_SIZE, FIELD_TAG_SIZE);
		frame[2] = 0x3f; /* relays have been at work; the cipher must not see it */
		assert_int_equal(field_header_decode(frame, size, &header), FIELD_OK);
		assert_int_equal(field_open(frame, size, &header, open_cipher, &expected), 0);
		assert_memory_equal(frame + field_header_size(&header), body, body_size);
		assert_int_equal(frame[2], 0x3f);
	}
}

static int refuse(void *user, struct field_crypt *crypt)
{
	(void)crypt;
	return *(int *)user;
}

/* What the cipher says is what the caller hears, and the frame is as it was. */
static void test_refusals(void **unused)
{
	(void)unused;
	int answer = -7;
	struct field_header header;
	uint8_t frame[FIELD_FRAME_MAX] = {0x44, 0x80, 0x31}, before[FIELD_FRAME_MAX];
	memcpy(before, frame, sizeof(frame));
	assert_int_equal(field_header_decode(frame, 40, &header), FIELD_OK);
	assert_int_equal(field_open(frame, 40, &header, refuse, &answer), -7);
	assert_int_equal(field_seal(frame, 40, refuse, &answer), -7);
	assert_memory_equal(frame, before, sizeof(frame));
	assert_int_equal(field_seal(frame, 12, refuse, &answer), -1);
	assert_int_equal(field_seal(frame, FIELD_FRAME_MAX - FIELD_TAG_SIZE + 1, refuse, &answer), -1);
	assert_int_equal(field_seal(frame, FIELD_FRAME_MAX - FIELD_TAG_SIZE, refuse, &answer), -7);
}

/* ---- bodies ---- */

union any_body {
	struct field_distress distress;
	struct field_alert alert;
	struct field_ack ack;
	struct field_checkin checkin;
	struct field_rollcall rollcall;
	struct field_position position;
	struct field_text text;
	struct field_sitrep sitrep;
	struct field_request request;
	struct field_activity activity;
	struct field_telemetry telemetry;
	struct field_movement movement;
};

/* A member of a body by its name in the vectors. A negative size is that of a signed one. */
struct member {
	const char *name;
	size_t offset;
	int size;
};

#define UNSIGNED(kind, member)                                                                                         \
	{                                                                                                              \
#member, offsetof(struct field_##kind, member), sizeof(((struct field_##kind *)0)->member)             \
	}
#define SIGNED(kind, member)                                                                                           \
	{                                                                                                              \
#member, offsetof(struct field_##kind, member), -(int)sizeof(((struct field_##kind *)0)->member)       \
	}

static const struct member members[][14] = {
    [FIELD_DISTRESS] = {UNSIGNED(distress, nature), UNSIGNED(distress, persons), UNSIGNED(distress, battery_pct),
			SIGNED(distress, lat_e7), SIGNED(distress, lon_e7), UNSIGNED(distress, fix_age_10s),
			UNSIGNED(distress, accuracy_10m)},
    [FIELD_ALERT] = {UNSIGNED(alert, type), UNSIGNED(alert, urgency), UNSIGNED(alert, severity),
		     UNSIGNED(alert, certainty), UNSIGNED(alert, category), UNSIGNED(alert, event),
		     UNSIGNED(alert, response), SIGNED(alert, lat_e7), SIGNED(alert, lon_e7),
		     UNSIGNED(alert, radius_10m), UNSIGNED(alert, expires_15min), UNSIGNED(alert, persons),
		     UNSIGNED(alert, ref_station), UNSIGNED(alert, ref_counter)},
    [FIELD_ACK] = {UNSIGNED(ack, ref_station), UNSIGNED(ack, ref_counter), UNSIGNED(ack, level), UNSIGNED(ack, detail)},
    [FIELD_CHECKIN] = {UNSIGNED(checkin, state), UNSIGNED(checkin, rollcall), UNSIGNED(checkin, headcount),
		       UNSIGNED(checkin, battery_pct), SIGNED(checkin, lat_e7), SIGNED(checkin, lon_e7)},
    [FIELD_ROLLCALL] = {UNSIGNED(rollcall, id), UNSIGNED(rollcall, type), UNSIGNED(rollcall, window_min),
			UNSIGNED(rollcall, slot_s), UNSIGNED(rollcall, group)},
    [FIELD_POSITION] = {SIGNED(position, lat_e7), SIGNED(position, lon_e7), SIGNED(position, alt_m),
			UNSIGNED(position, speed_kmh), UNSIGNED(position, course_2deg),
			UNSIGNED(position, accuracy_10m), UNSIGNED(position, battery_pct), UNSIGNED(position, source)},
    [FIELD_TEXT] = {UNSIGNED(text, to), UNSIGNED(text, language)},
    [FIELD_SITREP] = {UNSIGNED(sitrep, type), UNSIGNED(sitrep, place), UNSIGNED(sitrep, access),
		      UNSIGNED(sitrep, severity), UNSIGNED(sitrep, affected), UNSIGNED(sitrep, sector)},
    [FIELD_REQUEST] = {UNSIGNED(request, type), UNSIGNED(request, urgency), UNSIGNED(request, needed_by_s),
		       UNSIGNED(request, window_h), SIGNED(request, lat_e7), SIGNED(request, lon_e7),
		       UNSIGNED(request, place), UNSIGNED(request, vehicles), UNSIGNED(request, persons),
		       UNSIGNED(request, cargo), UNSIGNED(request, justification), UNSIGNED(request, alternatives)},
    [FIELD_ACTIVITY] = {UNSIGNED(activity, id), UNSIGNED(activity, revision), UNSIGNED(activity, op),
			UNSIGNED(activity, organisation), UNSIGNED(activity, implementer), UNSIGNED(activity, sector),
			UNSIGNED(activity, activity), UNSIGNED(activity, place), UNSIGNED(activity, status),
			UNSIGNED(activity, start_day), UNSIGNED(activity, end_day), UNSIGNED(activity, number),
			UNSIGNED(activity, unit)},
    [FIELD_TELEMETRY] = {UNSIGNED(telemetry, battery_mv), UNSIGNED(telemetry, solar_mv),
			 SIGNED(telemetry, temperature_c), UNSIGNED(telemetry, minus_rssi_dbm),
			 SIGNED(telemetry, snr_quarter_db), UNSIGNED(telemetry, airtime_pct),
			 UNSIGNED(telemetry, uptime_h), UNSIGNED(telemetry, queue), UNSIGNED(telemetry, reboot_cause),
			 UNSIGNED(telemetry, software)},
    [FIELD_MOVEMENT] = {UNSIGNED(movement, op), UNSIGNED(movement, id), UNSIGNED(movement, vehicles),
			UNSIGNED(movement, persons), UNSIGNED(movement, next_report_min),
			UNSIGNED(movement, from_place), UNSIGNED(movement, to_place), UNSIGNED(movement, eta_s)},
};

static size_t text_offset(uint8_t kind)
{
	switch (kind) {
	case FIELD_ALERT:
		return offsetof(struct field_alert, text);
	case FIELD_TEXT:
		return offsetof(struct field_text, text);
	case FIELD_SITREP:
		return offsetof(struct field_sitrep, text);
	case FIELD_REQUEST:
		return offsetof(struct field_request, text);
	default:
		return 0;
	}
}

static bool decode(uint8_t kind, bool position, const uint8_t *bytes, size_t size, union any_body *body)
{
	switch (kind) {
	case FIELD_DISTRESS:
		return field_distress_decode(bytes, size, position, &body->distress);
	case FIELD_ALERT:
		return field_alert_decode(bytes, size, &body->alert);
	case FIELD_ACK:
		return field_ack_decode(bytes, size, &body->ack);
	case FIELD_CHECKIN:
		return field_checkin_decode(bytes, size, position, &body->checkin);
	case FIELD_ROLLCALL:
		return field_rollcall_decode(bytes, size, &body->rollcall);
	case FIELD_POSITION:
		return field_position_decode(bytes, size, &body->position);
	case FIELD_TEXT:
		return field_text_decode(bytes, size, &body->text);
	case FIELD_SITREP:
		return field_sitrep_decode(bytes, size, &body->sitrep);
	case FIELD_REQUEST:
		return field_request_decode(bytes, size, &body->request);
	case FIELD_ACTIVITY:
		return field_activity_decode(bytes, size, &body->activity);
	case FIELD_TELEMETRY:
		return field_telemetry_decode(bytes, size, &body->telemetry);
	default:
		return field_movement_decode(bytes, size, &body->movement);
	}
}

static size_t encode(uint8_t kind, bool position, const union any_body *body, uint8_t *bytes, size_t room)
{
	switch (kind) {
	case FIELD_DISTRESS:
		return field_distress_encode(&body->distress, position, bytes, room);
	case FIELD_ALERT:
		return field_alert_encode(&body->alert, bytes, room);
	case FIELD_ACK:
		return field_ack_encode(&body->ack, bytes, room);
	case FIELD_CHECKIN:
		return field_checkin_encode(&body->checkin, position, bytes, room);
	case FIELD_ROLLCALL:
		return field_rollcall_encode(&body->rollcall, bytes, room);
	case FIELD_POSITION:
		return field_position_encode(&body->position, bytes, room);
	case FIELD_TEXT:
		return field_text_encode(&body->text, bytes, room);
	case FIELD_SITREP:
		return field_sitrep_encode(&body->sitrep, bytes, room);
	case FIELD_REQUEST:
		return field_request_encode(&body->request, bytes, room);
	case FIELD_ACTIVITY:
		return field_activity_encode(&body->activity, bytes, room);
	case FIELD_TELEMETRY:
		return field_telemetry_encode(&body->telemetry, bytes, room);
	default:
		return field_movement_encode(&body->movement, bytes, room);
	}
}

static int64_t get(const union any_body *body, const struct member *member)
{
	const uint8_t *at = (const uint8_t *)body + member->offset;
	switch (member->size) {
	case 1:
		return *at;
	case 2:
		return *(const uint16_t *)(const void *)at;
	case 4:
		return *(const uint32_t *)(const void *)at;
	case -1:
		return *(const int8_t *)at;
	case -2:
		return *(const int16_t *)(const void *)at;
	default:
		return *(const int32_t *)(const void *)at;
	}
}

static void set(union any_body *body, const struct member *member, int64_t value)
{
	uint8_t *at = (uint8_t *)body + member->offset;
	switch (member->size) {
	case 1:
	case -1:
		*at = (uint8_t)value;
		break;
	case 2:
	case -2:
		*(uint16_t *)(void *)at = (uint16_t)value;
		break;
	default:
		*(uint32_t *)(void *)at = (uint32_t)value;
	}
}

/* What a vector leaves out is the position of kinds that may have none. */
static int64_t absent(const char *name)
{
	return strcmp(name, "lat_e7") == 0 || strcmp(name, "lon_e7") == 0 ? FIELD_NONE_DEGREES : FIELD_NONE_U8;
}

static void assert_fields(const json_t *vector, uint8_t kind, const union any_body *body)
{
	const json_t *fields = json_object_get(vector, "fields");
	const struct member *member = members[kind];
	for (size_t i = 0; i < 14 && member[i].name; i++) {
		bool given = json_object_get(fields, member[i].name);
		int64_t expected = given ? number_of(fields, member[i].name) : absent(member[i].name);
		if (get(body, &member[i]) != expected)
			fail_msg("%s: %s", text_of(vector, "name"), member[i].name);
	}
	if (!text_offset(kind))
		return;
	const struct field_text_span *text = (const void *)((const uint8_t *)body + text_offset(kind));
	const char *expected = text_of(fields, "text");
	assert_int_equal(text->size, strlen(expected));
	assert_memory_equal(text->bytes, expected, text->size);
}

static void fill_fields(const json_t *vector, uint8_t kind, union any_body *body)
{
	const json_t *fields = json_object_get(vector, "fields");
	const struct member *member = members[kind];
	memset(body, 0, sizeof(*body));
	for (size_t i = 0; i < 14 && member[i].name; i++)
		if (json_object_get(fields, member[i].name))
			set(body, &member[i], number_of(fields, member[i].name));
	if (!text_offset(kind))
		return;
	struct field_text_span *text = (void *)((uint8_t *)body + text_offset(kind));
	text->bytes = text_of(fields, "text");
	text->size = strlen(text->bytes);
}

static void test_bodies(void **unused)
{
	(void)unused;
	size_t i;
	const json_t *vector;
	unsigned kinds = 0;
	json_array_foreach(json_object_get(vectors, "frames"), i, vector)
	{
		struct field_header header = header_of(vector);
		uint8_t bytes[FIELD_FRAME_MAX], written[FIELD_FRAME_MAX];
		union any_body body;
		size_t size = hex_whole(text_of(vector, "body"), bytes, sizeof(bytes));
		assert_true(decode(header.kind, header.position, bytes, size, &body));
		assert_fields(vector, header.kind, &body);
		fill_fields(vector, header.kind, &body);
		assert_int_equal(encode(header.kind, header.position, &body, written, field_body_room(&header)), size);
		assert_memory_equal(written, bytes, size);
		kinds |= 1u << header.kind;
	}
	assert_int_equal(kinds, 0x1ffe);
}

/* Whether a body of that size is one; a text may be as long as it likes. */
static bool is_size(uint8_t kind, bool position, size_t size)
{
	static const size_t sizes[] = {0, 3, 17, 8, 5, 6, 15, 3, 10, 23, 25, 14, 15};
	size_t wanted = sizes[kind];
	if (position && kind == FIELD_DISTRESS)
		wanted += 10;
	if (position && kind == FIELD_CHECKIN)
		wanted += 8;
	return text_offset(kind) ? size >= wanted : size == wanted;
}

static void try_size(uint8_t kind, bool position, size_t size)
{
	union any_body body;
	uint8_t *bytes = malloc(size ? size : 1);
	assert_non_null(bytes);
	memset(bytes, 0, size);
	bool taken = decode(kind, position, bytes, size, &body);
	if (taken != is_size(kind, position, size))
		fail_msg("kind %u, %zu bytes, position %d", kind, size, position);
	/* With no text in it, it fits wherever its fixed part does. */
	memset(&body, 0, sizeof(body));
	size_t written = encode(kind, position, &body, bytes, size);
	assert_true(written == 0 ? !taken : is_size(kind, position, written) && written <= size);
	free(bytes);
}

static void test_body_sizes(void **unused)
{
	(void)unused;
	for (unsigned kind = 1; kind <= FIELD_MOVEMENT; kind++)
		for (size_t size = 0; size < 60; size++) {
			try_size((uint8_t)kind, false, size);
			try_size((uint8_t)kind, true, size);
		}
}

/* An Update or Cancel is longer than an alert, and a text counts, too. */
static void test_alert_room(void **unused)
{
	(void)unused;
	uint8_t bytes[27];
	struct field_alert alert = {.type = FIELD_ALERT_CANCEL, .text = {"safe", 4}};
	assert_int_equal(field_alert_encode(&alert, bytes, sizeof(bytes)), 27);
	assert_int_equal(field_alert_encode(&alert, bytes, 26), 0);
	assert_true(field_alert_decode(bytes, 23, &alert));
	assert_int_equal(alert.text.size, 0);
	assert_false(field_alert_decode(bytes, 22, &alert));
	alert = (struct field_alert){.type = 3};
	assert_int_equal(field_alert_encode(&alert, bytes, sizeof(bytes)), 17);
	assert_true(field_alert_decode(bytes, 17, &alert));
	assert_int_equal(alert.type, 3);
	assert_int_equal(alert.ref_counter, 0);
}

/* ---- fragments ---- */

static void test_fragments(void **unused)
{
	(void)unused;
	struct field_fragment fragment;
	assert_true(field_fragment_decode((const uint8_t *)"\x02\x01\x78x", 4, &fragment));
	assert_int_equal(fragment.id, 0x0102);
	assert_int_equal(fragment.index, 7);
	assert_int_equal(fragment.total, 8);
	assert_int_equal(fragment.size, 1);
	assert_int_equal(fragment.bytes[0], 'x');
	assert_false(field_fragment_decode((const uint8_t *)"\x02\x01\x88x", 4, &fragment));
	assert_false(field_fragment_decode((const uint8_t *)"\x02\x01\x79x", 4, &fragment));
	assert_false(field_fragment_decode((const uint8_t *)"\x02\x01\x00x", 4, &fragment));
	assert_false(field_fragment_decode((const uint8_t *)"\x02\x01\x78", 3, &fragment));
	assert_false(field_fragment_decode((const uint8_t *)"\x02\x01", 2, &fragment));
	assert_false(field_fragment_decode((const uint8_t *)"", 0, &fragment));
	uint8_t body[8];
	fragment = (struct field_fragment){
	    .id = 0x0102, .index = 2, .total = 3, .bytes = (const uint8_t *)"abc", .size = 3};
	assert_int_equal(field_fragment_encode(&fragment, body, sizeof(body)), 6);
	assert_memory_equal(body,
			    "\x02\x01\x23"
			    "abc",
			    6);
	assert_int_equal(field_fragment_encode(&fragment, body, 5), 0);
	fragment.index = 3;
	assert_int_equal(field_fragment_encode(&fragment, body, sizeof(body)), 0);
}

/* ---- texts ---- */

static void test_utf8(void **unused)
{
	(void)unused;
	static const struct {
		const char *bytes, *mended;
	} cases[] = {
	    {"plain", "plain"},
	    {"h\xc3\xa9, \xe2\x80\x99, \xf0\x9f\x9a\x9a", "h\xc3\xa9, \xe2\x80\x99, \xf0\x9f\x9a\x9a"},
	    {"\xff\xfe", "??"},
	    {"\x80z", "?z"},
	    {"\xc0\x80", "??"},                 /* longer than needed */
	    {"\xe0\x9f\xbf", "???"},            /* the same */
	    {"\xed\xa0\x80", "???"},            /* a surrogate */
	    {"\xf4\x90\x80\x80", "????"},       /* beyond the last character */
	    {"\xf5\x80\x80\x80", "????"},       /* the same */
	    {"a\xc3", "a?"},                    /* cut off */
	    {"\xf0\x9f\x9a", "???"},            /* the same */
	    {"\xe2\x82\xc3\xa9", "??\xc3\xa9"}, /* a good one behind a broken one */
	    {"\xef\xbf\xbf\xc2\x80", "\xef\xbf\xbf\xc2\x80"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[64];
		size_t size = strlen(cases[i].bytes);
		size_t length = utf8_mend(cases[i].bytes, size, text, sizeof(text));
		if (strcmp(text, cases[i].mended) != 0 || length != strlen(text))
			fail_msg("case %zu: %s", i, text);
		assert_int_equal(utf8_is_valid(cases[i].bytes, size), strcmp(cases[i].bytes, cases[i].mended) == 0);
	}
	char text[4];
	assert_int_equal(utf8_mend("a\0b", 3, text, sizeof(text)), 3);
	assert_string_equal(text, "a?b");
	assert_false(utf8_is_valid("a\0b", 3));
	assert_int_equal(utf8_mend("ab\xc3\xa9", 4, text, sizeof(text)), 2);
	assert_string_equal(text, "ab");
	assert_int_equal(utf8_mend("abc", 3, text, 1), 0);
	assert_string_equal(text, "");
}

/* A node has no C library: the codec compiles without one, and asks only for what every compiler brings. */
static void test_needs_nothing(void **unused)
{
	(void)unused;
	static const char command[] = "cd " CRESSET_SOURCE_DIR " && for file in field field_bodies field_reports; do "
				      "cc -std=c17 -O1 -Wall -Wextra -Werror -ffreestanding -nostdlib -I. -c "
				      "drivers/codec/$file.c -o " CRESSET_BINARY_DIR "/tests/alone-$file.o || exit 1; "
				      "nm -u " CRESSET_BINARY_DIR
				      "/tests/alone-$file.o | grep -vE ' (memcpy|memset|field_[a-z_]+)$' && exit 2; "
				      "done; exit 0";
	assert_int_equal(system(command), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_headers),
	    cmocka_unit_test(test_refused_headers),
	    cmocka_unit_test(test_looks_like_distress),
	    cmocka_unit_test(test_room),
	    cmocka_unit_test(test_seal),
	    cmocka_unit_test(test_open),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_bodies),
	    cmocka_unit_test(test_body_sizes),
	    cmocka_unit_test(test_alert_room),
	    cmocka_unit_test(test_fragments),
	    cmocka_unit_test(test_utf8),
	    cmocka_unit_test(test_needs_nothing),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
