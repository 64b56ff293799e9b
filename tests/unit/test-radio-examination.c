/* Examinations of a radio: the modem and the control in turn, and what ends one. */
#include "tests/unit/radio-fixture.h"

static void find(const struct fake *fake, const char *name, const char *value)
{
	fake->services->finding(fake->services->owner, name, value);
}

static void modem_and_control_are_examined_in_turn(void **state)
{
	(void)state;
	struct bench *bench = setup_up(true);
	assert_int_equal(radio_examine(bench->radio, MODEM_SCAN), 0);
	assert_int_equal(modem.examined, MODEM_SCAN);
	assert_int_equal(radio_examine(bench->radio, MODEM_TEST), -EBUSY);
	find(&control, "stray", "1"); /* nobody asked it */
	assert_int_equal(bench->findings, 0);
	find(&modem, "noise_dbm", "-104");
	assert_string_equal(bench->finding, "noise_dbm=-104");
	find(&modem, NULL, "");
	assert_int_equal(bench->ends, 0);
	assert_int_equal(control.examined, MODEM_SCAN);
	find(&control, "rssi", "17");
	find(&control, NULL, "");
	assert_int_equal(bench->findings, 2);
	assert_int_equal(bench->ends, 1);
	assert_string_equal(bench->why, "");
	find(&modem, "late", "1");
	assert_int_equal(bench->findings, 2);
	assert_int_equal(radio_examine(bench->radio, MODEM_TEST), 0);
	find(&modem, NULL, "the module does not answer");
	assert_int_equal(bench->ends, 2);
	assert_string_equal(bench->why, "the module does not answer");
	teardown(bench);
}

static void only_the_control_can_be_examined(void **state)
{
	(void)state;
	struct bench *bench = setup_up(true);
	modem.examine_answer = -EOPNOTSUPP;
	assert_int_equal(radio_examine(bench->radio, MODEM_TEST), 0);
	find(&control, "squelch", "closed");
	find(&control, NULL, "");
	assert_string_equal(bench->finding, "squelch=closed");
	assert_int_equal(bench->ends, 1);
	control.examine_answer = -EOPNOTSUPP;
	assert_int_equal(radio_examine(bench->radio, MODEM_TEST), -EOPNOTSUPP);
	/* The control that cannot adds nothing to a modem that can. */
	modem.examine_answer = 0;
	assert_int_equal(radio_examine(bench->radio, MODEM_TEST), 0);
	find(&modem, NULL, "");
	assert_int_equal(bench->ends, 2);
	assert_string_equal(bench->why, "");
	modem.examine_answer = -ENOTCONN;
	assert_int_equal(radio_examine(bench->radio, MODEM_TEST), -ENOTCONN);
	modem.examine_answer = 0;
	assert_int_equal(radio_examine(bench->radio, MODEM_TEST), 0);
	teardown(bench);
}

static void lost_port_ends_the_examination(void **state)
{
	(void)state;
	struct bench *bench = setup_up(false);
	assert_int_equal(radio_examine(bench->radio, MODEM_TEST), 0);
	pull(bench, 0);
	TURN_UNTIL(bench, bench->ends);
	assert_string_equal(bench->why, "the port was lost");
	assert_int_equal(radio_examine(bench->radio, MODEM_TEST), -ENOTCONN);
	teardown(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(modem_and_control_are_examined_in_turn),
	    cmocka_unit_test(only_the_control_can_be_examined),
	    cmocka_unit_test(lost_port_ends_the_examination),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
