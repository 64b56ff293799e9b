/* A radio with a control beside its modem: keying, a channel that is busy, either port lost. */
#include "tests/unit/radio-fixture.h"

static void transmitter_is_keyed_while_something_is_sent(void **state)
{
	(void)state;
	static const enum send_result finals[] = {SEND_DONE, SEND_CONFIRMED, SEND_FAILED};
	struct bench *bench = setup_up(true);
	for (size_t i = 0; i < 3; i++) {
		assert_false(control.keyed);
		assert_int_equal(say(bench, "hello"), 0);
		assert_true(modem.keyed_while_sending);
		modem.services->sent(modem.services->owner, SEND_ON_AIR, false, "");
		assert_true(control.keyed);
		modem.services->sent(modem.services->owner, finals[i], false, "");
		assert_false(control.keyed);
	}
	assert_int_equal(control.keys, 3);
	modem.send_answer = -EAGAIN;
	assert_int_equal(say(bench, "hello"), -EAGAIN);
	assert_int_equal(control.keys, 4);
	assert_false(control.keyed);
	teardown(bench);
}

static void transmitter_that_cannot_be_keyed_sends_nothing(void **state)
{
	(void)state;
	struct bench *bench = setup_up(true);
	control.key_answer = -EIO;
	assert_int_equal(say(bench, "hello"), -EIO);
	assert_int_equal(modem.sends, 0);
	/* Where no line is wired the TNC or VOX keys. */
	control.key_answer = -ENODEV;
	assert_int_equal(say(bench, "hello"), 0);
	assert_int_equal(modem.sends, 1);
	teardown(bench);
}

static void nothing_is_sent_into_somebody_else(void **state)
{
	(void)state;
	struct bench *bench = setup_up(true);
	assert_true(radio_ready(bench->radio));
	control.channel_busy = true;
	assert_false(radio_ready(bench->radio));
	assert_int_equal(say(bench, "hello"), -EAGAIN);
	size_t readies = bench->readies;
	control.channel_busy = false;
	control.services->changed(control.services->owner);
	assert_int_equal(bench->readies, readies + 1);
	assert_true(radio_ready(bench->radio));
	teardown(bench);
}

static void lost_port_unkeys(void **state)
{
	(void)state;
	struct bench *bench = setup_up(true);
	assert_int_equal(say(bench, "hello"), 0);
	assert_true(control.keyed);
	pull(bench, 0);
	TURN_UNTIL(bench, bench->finals);
	assert_false(control.keyed);
	teardown(bench);
}

static void lost_control_ends_the_transmission(void **state)
{
	(void)state;
	struct bench *bench = setup_up(true);
	assert_int_equal(say(bench, "hello"), 0);
	pull(bench, 1);
	TURN_UNTIL(bench, bench->finals);
	assert_int_equal(bench->result, SEND_FAILED);
	assert_string_equal(bench->code, "control_lost");
	struct radio_status status = radio_status(bench->radio);
	assert_int_equal(status.state, RADIO_DOWN);
	assert_non_null(strstr(status.text, bench->ports[1].name));
	assert_string_not_equal(status.resolved, "");
	assert_string_equal(status.control_resolved, "");
	assert_int_equal(count(bench, "control.port.lost"), 1);
	/* What the modem says of it later is of no use any more. */
	modem.services->sent(modem.services->owner, SEND_DONE, false, "");
	assert_int_equal(bench->finals, 1);
	assert_false(radio_ready(bench->radio));
	teardown(bench);
}

static void control_that_is_not_ready_holds_up(void **state)
{
	(void)state;
	struct bench *bench = setup_up(true);
	control.not_ready = true;
	control.text = "the module refuses the frequency";
	control.model = "SA818";
	control.services->changed(control.services->owner);
	assert_false(radio_ready(bench->radio));
	struct radio_status status = radio_status(bench->radio);
	assert_int_equal(status.state, RADIO_NOT_READY);
	assert_string_equal(status.text, control.text);
	assert_string_equal(status.model, "SA818");
	assert_string_equal(status.control, "fakecontrol");
	teardown(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(transmitter_is_keyed_while_something_is_sent),
	    cmocka_unit_test(transmitter_that_cannot_be_keyed_sends_nothing),
	    cmocka_unit_test(nothing_is_sent_into_somebody_else),
	    cmocka_unit_test(lost_port_unkeys),
	    cmocka_unit_test(lost_control_ends_the_transmission),
	    cmocka_unit_test(control_that_is_not_ready_holds_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
