/* A radio of the trunk over a pty: what a driver is promised, what is shown of it, keys and counters. */
#include <poll.h>
#include <termios.h>

#include "tests/unit/radio-fixture.h"

/* ---- port and modem ---- */

/* What reached the other end of the port, within 10 s. */
static void expect_bytes(struct bench *bench, size_t port, const char *expected)
{
	char bytes[256] = "";
	size_t size = 0;
	while (size < strlen(expected)) {
		struct pollfd wait = {.fd = bench->ports[port].master, .events = POLLIN};
		assert_int_equal(poll(&wait, 1, 60000), 1);
		ssize_t got = read(wait.fd, bytes + size, sizeof(bytes) - 1 - size);
		assert_true(got > 0);
		size += (size_t)got;
	}
	assert_string_equal(bytes, expected);
}

static speed_t speed(const struct bench *bench, size_t port)
{
	struct termios line;
	assert_int_equal(tcgetattr(bench->ports[port].master, &line), 0);
	return cfgetospeed(&line);
}

static void bytes_become_messages_and_back(void **state)
{
	(void)state;
	struct bench *bench = setup_up(false);
	assert_int_equal(radio_status(bench->radio).state, RADIO_UP);
	assert_int_equal(bench->shown, RADIO_UP);
	type(bench, 0, "a1b2");
	TURN_UNTIL(bench, modem.input_size == 4);
	assert_string_equal(bench->heard, "12");
	assert_int_equal(count(bench, "datagrams"), 2);
	assert_int_equal(say(bench, "hello"), 0);
	assert_string_equal(modem.sent, "hello");
	assert_false(radio_ready(bench->radio));
	assert_int_equal(say(bench, "again"), -EAGAIN);
	modem.services->sent(modem.services->owner, SEND_ON_AIR, true, "");
	assert_false(radio_ready(bench->radio));
	modem.services->sent(modem.services->owner, SEND_DONE, true, "");
	assert_true(radio_ready(bench->radio));
	assert_int_equal(bench->on_air, 1);
	assert_int_equal(bench->finals, 1);
	assert_int_equal(count(bench, "sent"), 1);
	assert_int_equal(say(bench, "longer than the thirty-two bytes it takes"), -EMSGSIZE);
	radio_free(bench->radio);
	bench->radio = NULL;
	expect_bytes(bench, 0, "bye");
	teardown(bench);
}

static void lost_port_fails_what_is_under_way(void **state)
{
	(void)state;
	struct bench *bench = setup_up(false);
	assert_int_equal(say(bench, "hello"), 0);
	modem.services->alarm(modem.services->owner, clock_mono_us() + 1000000);
	pull(bench, 0);
	TURN_UNTIL(bench, bench->finals);
	assert_int_equal(bench->result, SEND_FAILED);
	assert_string_equal(bench->code, "radio_lost");
	struct radio_status status = radio_status(bench->radio);
	assert_int_equal(status.state, RADIO_DOWN);
	assert_string_equal(status.fault, "absent");
	assert_non_null(strstr(status.text, "Check the cable"));
	assert_string_equal(status.resolved, "");
	assert_int_equal(count(bench, "port.lost"), 1);
	assert_int_equal(modem.services->write(modem.services->owner, "x", 1), -ENOTCONN);
	assert_int_equal(modem.services->set_baud(modem.services->owner, 9600), -ENOTCONN);
	teardown(bench);
}

static void alarm_rings_once(void **state)
{
	(void)state;
	struct bench *bench = setup_up(false);
	modem.services->alarm(modem.services->owner, modem.services->now_us(modem.services->owner) + 1000);
	TURN_UNTIL(bench, modem.alarms);
	modem.services->alarm(modem.services->owner, modem.services->now_us(modem.services->owner) + 1000);
	modem.services->alarm(modem.services->owner, 0);
	int64_t until_us = clock_mono_us() + 20000;
	while (clock_mono_us() < until_us)
		sd_event_run(bench->event, 2000);
	assert_int_equal(modem.alarms, 1);
	teardown(bench);
}

static void speed_changes_when_what_was_written_has_left(void **state)
{
	(void)state;
	struct bench *bench = setup_up(false);
	const struct services *services = modem.services;
	assert_true(speed(bench, 0) == B9600);
	assert_int_equal(services->set_baud(services->owner, 0), -EINVAL);
	assert_int_equal(services->set_baud(services->owner, 12345), -EINVAL);
	assert_true(speed(bench, 0) == B9600);
	/* Nothing was written yet: at once. */
	assert_int_equal(services->set_baud(services->owner, 115200), 0);
	assert_true(speed(bench, 0) == B115200);
	assert_int_equal(services->set_baud(services->owner, 1200), 0);
	/* Twelve bytes take at least 100 ms at 1200 baud. */
	int64_t begin_us = clock_mono_us();
	assert_int_equal(services->write(services->owner, "at old speed", 12), 0);
	assert_int_equal(services->set_baud(services->owner, 57600), 0);
	assert_true(speed(bench, 0) == B1200);
	expect_bytes(bench, 0, "at old speed");
	assert_int_equal(services->write(services->owner, "at new speed", 12), 0);
	assert_int_equal(services->write(services->owner, "x", 1), -EAGAIN);
	type(bench, 0, "old answer 1");
	TURN_UNTIL(bench, speed(bench, 0) == B57600);
	assert_true(clock_mono_us() - begin_us >= 100000);
	expect_bytes(bench, 0, "at new speed");
	turn(bench);
	assert_int_equal(modem.input_size, 0);
	type(bench, 0, "new");
	TURN_UNTIL(bench, modem.input_size == 3);
	assert_string_equal(modem.input, "new");
	teardown(bench);
}

/* ---- what is shown ---- */

static void module_that_is_not_ready_says_so(void **state)
{
	(void)state;
	struct bench *bench = setup_with(NULL, false);
	modem.not_ready = true;
	modem.text = "the module does not answer. Check M0 and M1.";
	TURN_UNTIL(bench, modem.opened && bench->states);
	struct radio_status status = radio_status(bench->radio);
	assert_int_equal(status.state, RADIO_NOT_READY);
	assert_string_equal(radio_state_name(status.state), "not ready");
	assert_string_equal(status.text, modem.text);
	assert_string_equal(status.fault, "");
	assert_false(radio_ready(bench->radio));
	assert_int_equal(say(bench, "hello"), -EAGAIN);
	size_t states = bench->states;
	modem.not_ready = false;
	modem.text = "";
	modem.model = "E22-900T22S";
	modem.firmware = "2.0";
	modem.services->changed(modem.services->owner);
	assert_int_equal(bench->states, states + 1);
	assert_int_equal(bench->shown, RADIO_UP);
	assert_true(radio_ready(bench->radio));
	status = radio_status(bench->radio);
	assert_string_equal(status.model, "E22-900T22S");
	assert_string_equal(status.firmware, "2.0");
	/* Nothing to show has changed; somebody may be waiting all the same. */
	size_t readies = bench->readies;
	modem.services->changed(modem.services->owner);
	assert_int_equal(bench->states, states + 1);
	assert_int_equal(bench->readies, readies + 1);
	teardown(bench);
}

/* ---- keys and counters ---- */

static int test_seal(void *context, struct sealed *sealed)
{
	*(int *)context = 1;
	return sealed->station == 7 ? 0 : -ENOKEY;
}

static int test_open(void *context, struct sealed *sealed, unsigned epochs_back)
{
	*(int *)context = 2;
	return sealed->station == 7 && epochs_back == 1 ? 0 : -EBADMSG;
}

static int test_take(void *context, uint16_t station, unsigned epochs_back, uint32_t counter)
{
	*(int *)context = 3;
	return station == 7 && epochs_back == 1 && counter == 70000 ? -EEXIST : 0;
}

static int test_next(void *context, uint16_t addressee, uint32_t *counter)
{
	*(int *)context = 4;
	*counter = addressee + 1000u;
	return 0;
}

static void secrets_are_the_trunks(void **state)
{
	(void)state;
	int called = 0;
	const struct radio_secrets secrets = {&called, test_seal, test_open, test_take, test_next};
	struct bench *bench = setup_with(&secrets, false);
	TURN_UNTIL(bench, modem.opened);
	struct sealed sealed = {.station = 7};
	uint32_t counter = 0;
	void *owner = air_services->owner;
	assert_int_equal(air_services->seal(owner, &sealed), 0);
	assert_int_equal(called, 1);
	assert_int_equal(air_services->open(owner, &sealed, 1), 0);
	assert_int_equal(air_services->open(owner, &sealed, 0), -EBADMSG);
	assert_int_equal(air_services->take_counter(owner, 7, 1, 70000), -EEXIST);
	assert_int_equal(air_services->next_counter(owner, 9, &counter), 0);
	assert_int_equal(counter, 1009);
	assert_int_equal(called, 4);
	teardown(bench);
}

static void without_secrets_nothing_opens(void **state)
{
	(void)state;
	struct bench *bench = setup_up(false);
	struct sealed sealed = {.station = 7};
	uint32_t counter;
	const struct services *both[] = {air_services, modem.services};
	for (size_t i = 0; i < 2; i++) {
		void *owner = both[i]->owner;
		assert_int_equal(both[i]->seal(owner, &sealed), -ENOKEY);
		assert_int_equal(both[i]->open(owner, &sealed, 0), -ENOKEY);
		assert_int_equal(both[i]->take_counter(owner, 7, 0, 1), 0);
		assert_int_equal(both[i]->take_counter(owner, 7, 0, 1), 0);
		assert_int_equal(both[i]->next_counter(owner, 7, &counter), -ENOKEY);
	}
	assert_int_equal(air_services->write(air_services->owner, "x", 1), -ENOTCONN);
	assert_int_equal(air_services->set_line(air_services->owner, 0, true), -ENODEV);
	teardown(bench);
}

/* The module tells its channel only when it is asked: until then nothing is sent, and afterwards only where it may be. */
static void radio_rules_are_kept(void **state)
{
	(void)state;
	static const struct radio_rules eu868 = {"eu868", -1};
	rules = &eu868;
	struct bench *bench = setup_with(NULL, false);
	rules = NULL;
	modem.channel_answer = -EAGAIN;
	TURN_UNTIL(bench, modem.opened && bench->states);
	assert_int_equal(radio_allowance(bench->radio)->fault, RADIO_RULES_UNKNOWN);
	assert_int_equal(radio_status(bench->radio).state, RADIO_NOT_READY);
	assert_string_equal(radio_status(bench->radio).text,
			    "the module has not told its channel yet; until then nothing is sent.");
	assert_false(radio_ready(bench->radio));
	assert_int_equal(radio_send(bench->radio, "x", 1), -EAGAIN);

	modem.channel_answer = 0;
	modem.channel = (struct modem_channel){868.65e6, 25e3, 0, 10};
	modem.services->changed(modem.services->owner);
	assert_string_equal(radio_status(bench->radio).text,
			    "868.65 MHz is in no band of eu868. Choose a channel of 869.4-869.65 MHz (10 %).");
	assert_false(radio_ready(bench->radio));
	assert_int_equal(modem.sends, 0);

	modem.channel.frequency_hz = 868.3e6;
	modem.services->changed(modem.services->owner);
	assert_int_equal(radio_status(bench->radio).state, RADIO_UP);
	assert_string_equal(radio_status(bench->radio).text, "");
	assert_int_equal(radio_allowance(bench->radio)->ledger.limit_us, 36000000);
	assert_true(radio_allowance(bench->radio)->ledger.reserve_us > 0);
	assert_true(radio_ready(bench->radio));
	teardown(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_become_messages_and_back),
	    cmocka_unit_test(lost_port_fails_what_is_under_way),
	    cmocka_unit_test(alarm_rings_once),
	    cmocka_unit_test(speed_changes_when_what_was_written_has_left),
	    cmocka_unit_test(module_that_is_not_ready_says_so),
	    cmocka_unit_test(secrets_are_the_trunks),
	    cmocka_unit_test(without_secrets_nothing_opens),
	    cmocka_unit_test(radio_rules_are_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
