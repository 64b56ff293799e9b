/* The aprs air protocol: what it says, in which form, and what it refuses to. */
#include "tests/unit/aprs-fixture.h"

/* Replies: what is written is read again as what was meant. */
static ssize_t output(struct message *message, uint8_t *bytes, size_t size)
{
	return aprs->air->output(aprs->state, message, NULL, bytes, size);
}

static void expect_said(struct message *message, const char *information)
{
	uint8_t bytes[400];
	struct air_plan plan;
	ssize_t size = output(message, bytes, sizeof(bytes));
	assert_int_equal(size, 23 + strlen(information)); /* behind addresses, control and protocol */
	assert_memory_equal(bytes + 23, information, strlen(information));
	assert_int_equal(aprs->air->plan(aprs->state, message, &plan), 0);
	assert_int_equal(plan.sizes[0], size);
}

/* A station hears an alert as a message, everybody as a bulletin; nobody takes an exercise for the real thing. */
static void test_alerts(void **unused)
{
	(void)unused;
	struct message message;
	struct air_plan plan;
	start((const struct driver_setting[]){{"callsign", "N0CALL-10"}, {NULL, NULL}});
	message_init(&message);
	message.kind = message.body_kind = KIND_ALERT;
	message.body.alert.type = ALERT_TYPE_ALERT;
	strcpy(message.text, "stay in");
	expect_said(&message, ":BLN0ALERT:ALERT: stay in");
	aprs->air->plan(aprs->state, &message, &plan);
	assert_false(plan.confirmable);
	assert_int_equal(plan.text_max, 67 - 7);
	strcpy(message.to, "N0CALL-7");
	strcpy(message.aprs.message_number, "4");
	expect_said(&message, ":N0CALL-7 :ALERT: stay in{4");
	aprs->air->plan(aprs->state, &message, &plan);
	assert_true(plan.confirmable);
	message.body.alert.type = ALERT_TYPE_CANCEL;
	message.status = STATUS_EXERCISE;
	expect_said(&message, ":N0CALL-7 :EXERCISE ALERT CANCELLED: stay in{4");
	message.kind = message.body_kind = KIND_TEXT;
	message.status = STATUS_TEST;
	expect_said(&message, ":N0CALL-7 :TEST stay in{4");
	memset(message.text, 'x', 63);
	message.text[63] = 0;
	assert_int_equal(aprs->air->plan(aprs->state, &message, &plan), -EMSGSIZE);
	assert_int_equal(plan.text_max, 62);
	message.text[62] = 0;
	assert_int_equal(aprs->air->plan(aprs->state, &message, &plan), 0);
	message.text[0] = 0;
	assert_int_equal(aprs->air->plan(aprs->state, &message, &plan), -EINVAL);
}

static void test_output(void **unused)
{
	(void)unused;
	static const uint8_t expected[] = {0x82, 0xa0, 0xb4, 0x86, 0xa4, 0xa6, 0xe0, 0x9c, 0x60, 0x86, 0x82, 0x98, 0x98,
					   0x74, 0xae, 0x92, 0x88, 0x8a, 0x62, 0x40, 0x63, 0x03, 0xf0, ':',  'N',  '0',
					   'C',  'A',  'L',  'L',  '-',  '7',  ' ',  ':',  'h',  'i',  '{',  '4',  '2'};
	uint8_t bytes[400];
	struct message message;
	start((const struct driver_setting[]){{"callsign", "N0CALL-10"}, {NULL, NULL}});
	message_init(&message);
	message.kind = KIND_TEXT;
	strcpy(message.to, "N0CALL-7");
	strcpy(message.text, "hi");
	strcpy(message.aprs.message_number, "42");
	assert_int_equal(output(&message, bytes, sizeof(bytes)), sizeof(expected));
	assert_memory_equal(bytes, expected, sizeof(expected));
	assert_int_equal(output(&message, bytes, sizeof(expected) - 1), -EMSGSIZE);
	strcpy(message.text, "a{b");
	assert_int_equal(output(&message, bytes, sizeof(bytes)), -EINVAL);
	memset(message.text, 'x', 68);
	message.text[68] = 0;
	assert_int_equal(output(&message, bytes, sizeof(bytes)), -EMSGSIZE);
	message.text[67] = 0;
	assert_true(output(&message, bytes, sizeof(bytes)) > 0);
	message.kind = KIND_POSITION;
	assert_int_equal(output(&message, bytes, sizeof(bytes)), -EOPNOTSUPP);
	message_init(&message);
	message.kind = KIND_TEXT;
	strcpy(message.text, "at the base");
	ssize_t size = output(&message, bytes, sizeof(bytes));
	assert_true(size > 0);
	assert_memory_equal(bytes + size - 12, ">at the base", 12);
	message.kind = KIND_ACK;
	strcpy(message.to, "N0CALL-7");
	strcpy(message.ack.ref, "42");
	message.ack.rejected = true;
	size = output(&message, bytes, sizeof(bytes));
	assert_true(size > 0);
	assert_memory_equal(bytes + size - 5, "rej42", 5);
	/* Receive only */
	start(NULL);
	assert_int_equal(output(&message, bytes, sizeof(bytes)), -EACCES);
}

static void test_settings(void **unused)
{
	(void)unused;
	static const struct driver_setting good[][2] = {
	    {{"callsign", "N0CALL-0"}}, {{"path", ""}}, {{"path", "WIDE1-1,WIDE2-1,A,B,C,D,E,F"}}};
	static const struct driver_setting bad[][2] = {
	    {{"callsign", "n0call"}}, {{"callsign", "N0CALL-16"}}, {{"callsign", "N0CALL*"}},
	    {{"path", "WIDE1-1,,A"}}, {{"path", "WIDE1-1*"}},      {{"path", "A,B,C,D,E,F,G,H,I"}},
	    {{"path", "WIDE 1"}},
	};
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct driver_under_test *driver = air_under_test("aprs", &record, good[i]);
		assert_int_equal(driver->init_result, 0);
		driver_under_test_free(driver);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct driver_under_test *driver = air_under_test("aprs", &record, bad[i]);
		if (driver->init_result != -EINVAL)
			fail_msg("%s: taken", bad[i][0].text);
		driver_under_test_free(driver);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_output, stop),
	    cmocka_unit_test_teardown(test_alerts, stop),
	    cmocka_unit_test_teardown(test_settings, stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
