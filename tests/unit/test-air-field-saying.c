/* The air protocol `field`: what a gateway says, as a station hears it, and what it cannot say. */
#include "drivers/codec/field_bodies.h"
#include "tests/unit/air-field-fixture.h"

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
	assert_int_equal(field->air->output(field->state, &message, NULL, small, sizeof(small)), -EMSGSIZE);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_say_text, stop),         cmocka_unit_test_teardown(test_say_to_all, stop),
	    cmocka_unit_test_teardown(test_say_ack, stop),          cmocka_unit_test_teardown(test_say_alert, stop),
	    cmocka_unit_test_teardown(test_say_alert_limits, stop), cmocka_unit_test_teardown(test_say_rollcall, stop),
	    cmocka_unit_test_teardown(test_say_not, stop),          cmocka_unit_test_teardown(test_say_limits, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
