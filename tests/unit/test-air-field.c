/* The air protocol `field`: what a frame says becomes a message. With real keys: test-field-keys. */
#include <jansson.h>

#include "gateway/json.h"
#include "tests/support/hex.h"
#include "tests/unit/air-field-fixture.h"

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
	assert_true(record.message.for_us);
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_every_kind, stop),
	    cmocka_unit_test_teardown(test_message, stop),
	    cmocka_unit_test_teardown(test_unknown_numbers, stop),
	    cmocka_unit_test_teardown(test_no_clock, stop),
	    cmocka_unit_test_teardown(test_acks, stop),
	    cmocka_unit_test_teardown(test_text_is_mended, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
