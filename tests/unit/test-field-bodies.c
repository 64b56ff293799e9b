/* The bodies of the field frame against vectors that other code made: every kind, every size, and pieces of longer ones. */
#include "drivers/codec/field_bodies.h"
#include "tests/unit/field-fixture.h"

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

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bodies),
	    cmocka_unit_test(test_body_sizes),
	    cmocka_unit_test(test_alert_room),
	    cmocka_unit_test(test_fragments),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
