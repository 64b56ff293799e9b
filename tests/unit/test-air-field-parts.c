/* The air protocol `field`: long texts to the field, part by part, and how a station puts them together. */
#include "drivers/air/field_message.h"
#include "drivers/codec/field_bodies.h"
#include "tests/unit/air-field-fixture.h"

enum { AX25_OVERHEAD = 16 };

/* What a station makes of the parts. */
struct hearing {
	uint8_t body[AIR_PARTS_MAX * FIELD_BODY_MAX];
	size_t size;
	uint32_t counters[AIR_PARTS_MAX];
	uint32_t time_s;
	uint16_t id;
	uint8_t total;
};

static ssize_t say_part(const struct message *message, unsigned part, uint16_t id, struct air_utterance *utterance,
			struct frame *frame)
{
	*utterance = (struct air_utterance){.part = part, .id = id};
	record_clear(&record);
	ssize_t size = field->air->output(field->state, message, utterance, frame->bytes, sizeof(frame->bytes));
	frame->size = size > 0 ? (size_t)size : 0;
	return size;
}

static void take_part(struct frame *frame, unsigned part, struct hearing *hearing)
{
	struct field_header header;
	struct field_fragment fragment;
	assert_int_equal(field_header_decode(frame->bytes, frame->size, &header), FIELD_OK);
	assert_true(header.down && header.fragment);
	assert_int_equal(header.kind, FIELD_TEXT);
	assert_int_equal(field_open(frame->bytes, frame->size, &header, record_open, &station), 0);
	size_t head = field_header_size(&header);
	assert_true(field_fragment_decode(frame->bytes + head, frame->size - head - FIELD_TAG_SIZE, &fragment));
	assert_int_equal(fragment.index, part);
	memcpy(hearing->body + hearing->size, fragment.bytes, fragment.size);
	hearing->size += fragment.size;
	hearing->counters[part] = header.counter;
	hearing->time_s = header.time_s;
	hearing->id = fragment.id;
	hearing->total = fragment.total;
}

static struct message long_text(const char *to, size_t size)
{
	char text[MESSAGE_TEXT_MAX];
	for (size_t i = 0; i < size; i++)
		text[i] = (char)('a' + i % 26);
	text[size] = 0;
	return saying(KIND_TEXT, to, text);
}

static struct air_plan plan_of(const struct message *message)
{
	struct air_plan plan;
	assert_int_equal(field->air->plan(field->state, message, &plan), 0);
	return plan;
}

static void assert_heard(const struct hearing *hearing, const struct message *message)
{
	struct field_text text;
	assert_true(field_text_decode(hearing->body, hearing->size, &text));
	assert_int_equal(text.text.size, strlen(message->text));
	assert_memory_equal(text.text.bytes, message->text, text.text.size);
}

/* Every length from the first that does not fit one frame to the last that fits eight. */
static void test_every_length(void **unused)
{
	(void)unused;
	for (size_t size = 134; size <= 1021; size++) {
		start(gateway_61000);
		struct message message = long_text("f-258", size);
		struct air_plan plan = plan_of(&message);
		assert_int_equal(plan.parts, size == 134 ? 1 : (size + 3 + 133) / 134);
		assert_int_equal(plan.text_max, 1021);
		assert_true(plan.sealed && plan.confirmable == (size > 134));
		assert_int_equal(record.next_counter, 0);
		struct hearing hearing = {0};
		for (unsigned part = 0; size > 134 && part < plan.parts; part++) {
			struct air_utterance utterance;
			struct frame frame;
			assert_int_equal(say_part(&message, part, 9, &utterance, &frame), plan.sizes[part]);
			assert_true(plan.sizes[part] <= FIELD_FRAME_MAX && plan.sizes[part] <= plan.sizes[0]);
			take_part(&frame, part, &hearing);
		}
		if (size > 134)
			assert_heard(&hearing, &message);
	}
}

static void test_names_and_times(void **unused)
{
	(void)unused;
	start(gateway_61000);
	record.next_counter = 4000;
	struct message message = long_text("f-258", 300), other = long_text("f-259", 300);
	struct hearing hearing = {0};
	for (unsigned part = 0; part < 3; part++) {
		struct air_utterance utterance;
		struct frame frame;
		char ref[32];
		assert_true(say_part(&message, part, 513, &utterance, &frame) > 0);
		take_part(&frame, part, &hearing);
		/* Another message goes between them. */
		record.next_counter += 7;
		snprintf(ref, sizeof(ref), "f-258-%u", hearing.counters[part]);
		assert_string_equal(utterance.ref, ref);
		assert_string_equal(utterance.from, "");
		assert_int_equal(hearing.time_s, WALL_MS / 1000);
		assert_int_equal(hearing.id, 513);
		assert_int_equal(hearing.total, 3);
		record.wall_ms += 60000;
	}
	assert_int_equal(hearing.counters[0], 4000);
	assert_int_equal(hearing.counters[2], 4016);
	/* Of equal number, but to somebody else; and a new message of that number to the first. */
	struct air_utterance utterance;
	struct frame frame;
	assert_true(say_part(&other, 0, 513, &utterance, &frame) > 0);
	take_part(&frame, 0, &hearing);
	assert_int_equal(hearing.time_s, WALL_MS / 1000 + 180);
	record.wall_ms += 1000;
	for (unsigned part = 0; part < 2; part++) {
		assert_true(say_part(&message, part, 513, &utterance, &frame) > 0);
		take_part(&frame, part, &hearing);
		assert_int_equal(hearing.time_s, WALL_MS / 1000 + 181);
	}
}

static void test_to_all(void **unused)
{
	(void)unused;
	start(gateway_61000);
	struct message message = long_text("", 200);
	struct air_utterance utterance;
	struct frame frame;
	message.ack_wanted = true;
	assert_false(plan_of(&message).confirmable);
	assert_true(say_part(&message, 1, 1, &utterance, &frame) > 0);
	assert_string_equal(utterance.ref, "");
}

static void test_inside_ax25(void **unused)
{
	(void)unused;
	start((const struct driver_setting[]){
	    {"station", "61000"}, {"carriage", "ax25"}, {"callsign", "N0CALL-10"}, {NULL, NULL}});
	struct message message = long_text("f-258", 400);
	struct air_plan plan = plan_of(&message);
	uint8_t bytes[FIELD_FRAME_MAX + AX25_OVERHEAD];
	for (unsigned part = 0; part < plan.parts; part++) {
		struct air_utterance utterance = {.part = part, .id = 1};
		assert_true(plan.sizes[part] <= sizeof(bytes));
		assert_int_equal(field->air->output(field->state, &message, &utterance, bytes, sizeof(bytes)),
				 plan.sizes[part]);
	}
}

static void assert_refused(const struct message *message, size_t text_max)
{
	struct air_plan plan;
	struct air_utterance utterance;
	struct frame frame;
	assert_int_equal(field->air->plan(field->state, message, &plan), -EMSGSIZE);
	assert_int_equal(plan.text_max, text_max);
	assert_int_equal(say_part(message, 0, 1, &utterance, &frame), -EMSGSIZE);
}

static void test_limits(void **unused)
{
	(void)unused;
	start(gateway_61000);
	struct message message = long_text("f-258", 1022);
	assert_refused(&message, 1021);
	/* Alerts are never cut into pieces. */
	message = saying(KIND_ALERT, "", "123456789");
	assert_refused(&message, 8);
	message.body_kind = KIND_ALERT;
	message.body.alert.type = ALERT_TYPE_UPDATE;
	snprintf(message.body.alert.ref, sizeof(message.body.alert.ref), "f-7-1");
	assert_refused(&message, 2);
	struct air_utterance utterance;
	struct frame frame;
	uint8_t small[100];
	message = long_text("f-258", 200);
	assert_int_equal(say_part(&message, 2, 1, &utterance, &frame), -EINVAL);
	assert_int_equal(field->air->output(field->state, &message, NULL, frame.bytes, sizeof(frame.bytes)), -EMSGSIZE);
	utterance = (struct air_utterance){.id = 1};
	assert_int_equal(field->air->output(field->state, &message, &utterance, small, sizeof(small)), -EMSGSIZE);
	record.counters_out = true;
	assert_int_equal(say_part(&message, 0, 1, &utterance, &frame), -EAGAIN);
	assert_int_equal(record.next_counter, 0); /* none was spent on what could not be said */
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_every_length, stop), cmocka_unit_test_teardown(test_names_and_times, stop),
	    cmocka_unit_test_teardown(test_to_all, stop),       cmocka_unit_test_teardown(test_inside_ax25, stop),
	    cmocka_unit_test_teardown(test_limits, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
