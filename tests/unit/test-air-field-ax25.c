/* The air protocol `field` inside AX.25 UI frames: heard and said. */
#include "drivers/codec/ax25.h"
#include "tests/unit/air-field-fixture.h"

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
	assert_int_equal(field->air->output(field->state, &message, NULL, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(ax25_decode(bytes, sizeof(bytes), &carriage), AX25_OK);
	assert_string_equal(carriage.destination.call, "APZCRF");
	assert_string_equal(carriage.source.call, "N0CALL");
	assert_int_equal(carriage.source.ssid, 10);
	assert_int_equal(field_header_decode(carriage.information, carriage.information_size, &header), FIELD_OK);
	assert_int_equal(field->air->output(field->state, &message, NULL, bytes, sizeof(bytes) - 1), -EMSGSIZE);
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
	    cmocka_unit_test_teardown(test_ax25, stop),
	    cmocka_unit_test_teardown(test_say_ax25, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
