/* A radio of the trunk over ptys and simulated lines: what a driver is promised, what is shown of it, keying, examinations. */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/clock.h"
#include "gateway/radio.h"
#include "tests/support/gpio_sim.h"

/* ---- drivers that do as they are told and note what is done to them ---- */

struct fake {
	const struct services *services;
	size_t opened, alarms, sends;
	char input[256];
	size_t input_size;
	char sent[64]; /* the last datagram */
	enum modem_examination examined;
	bool keyed, keyed_while_sending;
	size_t keys;
	size_t edges;
	unsigned edge_line; /* of the last one */
	bool edge_on;

	bool not_ready, channel_busy;
	const char *model, *firmware, *text;
	int send_answer, examine_answer, key_answer;
};

static struct fake *fake_of(const union driver_value *values)
{
	return (struct fake *)(uintptr_t)values[0].integer;
}

static struct fake *fake_at(const void *state)
{
	return *(struct fake *const *)state;
}

static int fake_init(void *state, const struct services *services, const union driver_value *values)
{
	struct fake *fake = fake_of(values);
	*(struct fake **)state = fake;
	fake->services = services;
	return 0;
}

static void fake_opened(void *state)
{
	fake_at(state)->opened++;
}

/* A digit is a datagram by itself, all else is only noted. */
static void fake_input(void *state, const uint8_t *bytes, size_t size)
{
	struct fake *fake = fake_at(state);
	for (size_t i = 0; i < size; i++) {
		if (fake->input_size < sizeof(fake->input) - 1)
			fake->input[fake->input_size++] = (char)bytes[i];
		struct datagram datagram = {&bytes[i], 1, -100, 5};
		if (bytes[i] >= '0' && bytes[i] <= '9')
			fake->services->heard_datagram(fake->services->owner, &datagram);
	}
}

static struct fake control, modem;

static int fake_send(void *state, const struct datagram *datagram)
{
	struct fake *fake = fake_at(state);
	fake->sends++;
	fake->keyed_while_sending = control.keyed;
	snprintf(fake->sent, sizeof(fake->sent), "%.*s", (int)datagram->size, (const char *)datagram->bytes);
	return fake->send_answer;
}

static void fake_alarm(void *state)
{
	fake_at(state)->alarms++;
}

static int64_t fake_airtime(const void *state, size_t size)
{
	(void)state;
	return (int64_t)size * 1000;
}

static void fake_status(const void *state, struct modem_status *status)
{
	const struct fake *fake = fake_at(state);
	*status = (struct modem_status){!fake->not_ready, fake->model, fake->firmware, fake->text};
}

static int fake_examine(void *state, enum modem_examination what)
{
	struct fake *fake = fake_at(state);
	fake->examined = what;
	return fake->examine_answer;
}

static int fake_key(void *state, bool on)
{
	struct fake *fake = fake_at(state);
	if (fake->key_answer < 0)
		return fake->key_answer;
	fake->keys += on;
	fake->keyed = on;
	return 0;
}

static bool fake_channel_busy(const void *state)
{
	return fake_at(state)->channel_busy;
}

static size_t fake_goodbye(const void *state, uint8_t *bytes, size_t size)
{
	(void)state, (void)size;
	memcpy(bytes, "bye", 3);
	return 3;
}

static void fake_line(void *state, unsigned line, bool on)
{
	struct fake *fake = fake_at(state);
	fake->edges++;
	fake->edge_line = line;
	fake->edge_on = on;
}

enum { LINE_IN, LINE_OUT, LINE_PTT, LINE_TOTAL };

static const struct modem_line modem_lines[] = {
    [LINE_IN] = {.name = "in", .how = "pull_up", .help = "an input"},
    [LINE_OUT] = {.name = "out", .output = true, .how = "", .help = "an output"},
    [LINE_PTT] = {.name = "ptt", .output = true, .how = "active_low", .help = "a short one", .max_on_ms = 300},
};

static const struct modem_ops modem_ops = {
    .name = "fake",
    .state_size = sizeof(struct fake *),
    .mtu = 32,
    .lines = modem_lines,
    .line_count = LINE_TOTAL,
    .line = fake_line,
    .init = fake_init,
    .opened = fake_opened,
    .input = fake_input,
    .send = fake_send,
    .alarm = fake_alarm,
    .airtime_us = fake_airtime,
    .goodbye = fake_goodbye,
    .status = fake_status,
    .examine = fake_examine,
};

static const struct modem_ops control_ops = {
    .name = "fakecontrol",
    .state_size = sizeof(struct fake *),
    .init = fake_init,
    .opened = fake_opened,
    .input = fake_input,
    .alarm = fake_alarm,
    .status = fake_status,
    .examine = fake_examine,
    .key = fake_key,
    .channel_busy = fake_channel_busy,
};

static const struct services *air_services;

static int air_init(void *state, const struct services *services, const union driver_value *values)
{
	(void)state, (void)values;
	air_services = services;
	return 0;
}

static void air_input(void *state, const struct datagram *datagram)
{
	(void)state;
	static struct message message;
	message.kind = KIND_TEXT;
	snprintf(message.text, sizeof(message.text), "%.*s", (int)datagram->size, (const char *)datagram->bytes);
	air_services->heard_message(air_services->owner, &message);
}

static ssize_t air_output(void *state, const struct message *message, uint8_t *bytes, size_t size)
{
	(void)state, (void)size;
	memcpy(bytes, message->text, strlen(message->text));
	return (ssize_t)strlen(message->text);
}

static const struct air_ops air_ops = {
    .name = "fakeair",
    .state_size = 1,
    .mtu = 64,
    .init = air_init,
    .input = air_input,
    .output = air_output,
};

/* ---- a trunk around it ---- */

struct pty {
	int master;
	char name[64];
};

struct bench {
	sd_event *event;
	struct worker *worker;
	struct counters *counters;
	struct pty ports[2];
	struct radio *radio;
	union driver_value values[2][1];

	char heard[64];
	size_t states, readies, on_air, finals, findings, ends;
	enum send_result result;
	char code[32], finding[32], why[96];
	enum radio_state shown; /* at the last call of state */
};

static void on_heard(void *context, struct radio *radio, const struct message *message, int64_t heard_us)
{
	struct bench *bench = context;
	(void)radio;
	assert_true(heard_us > 0 && heard_us <= clock_mono_us());
	size_t used = strlen(bench->heard);
	snprintf(bench->heard + used, sizeof(bench->heard) - used, "%s", message->text);
}

static void on_sent(void *context, struct radio *radio, enum send_result result, bool assumed, const char *code)
{
	struct bench *bench = context;
	(void)radio, (void)assumed;
	if (result == SEND_ON_AIR) {
		bench->on_air++;
		return;
	}
	bench->finals++;
	bench->result = result;
	snprintf(bench->code, sizeof(bench->code), "%s", code);
}

static void on_state(void *context, struct radio *radio)
{
	struct bench *bench = context;
	bench->states++;
	bench->shown = radio_status(radio).state;
}

static void on_ready(void *context, struct radio *radio)
{
	(void)radio;
	((struct bench *)context)->readies++;
}

static void on_finding(void *context, struct radio *radio, const char *name, const char *value)
{
	struct bench *bench = context;
	(void)radio;
	if (name) {
		bench->findings++;
		snprintf(bench->finding, sizeof(bench->finding), "%s=%s", name, value);
		return;
	}
	bench->ends++;
	snprintf(bench->why, sizeof(bench->why), "%s", value);
}

static struct pty open_pty(void)
{
	struct pty pty;
	int slave;
	assert_int_equal(openpty(&pty.master, &slave, pty.name, NULL, NULL), 0);
	close(slave);
	return pty;
}

static const char *const *line_texts; /* of the modem, for the next setup */

static struct bench *setup_with(const struct radio_secrets *secrets, bool with_control)
{
	static const struct radio_callbacks callbacks = {
	    .heard = on_heard, .sent = on_sent, .state = on_state, .ready = on_ready, .finding = on_finding};
	struct bench *bench = calloc(1, sizeof(*bench));
	assert_non_null(bench);
	modem = control = (struct fake){.model = "", .firmware = "", .text = ""};
	assert_int_equal(sd_event_new(&bench->event), 0);
	bench->worker = worker_new(bench->event);
	bench->counters = counters_new();
	bench->values[0][0].integer = (int64_t)(uintptr_t)&modem;
	bench->values[1][0].integer = (int64_t)(uintptr_t)&control;
	for (size_t i = 0; i < 2; i++)
		bench->ports[i] = open_pty();
	struct radio_setup setup = {
	    .name = "vhf",
	    .modem = {&modem_ops, bench->values[0], {.device = bench->ports[0].name, .baud = 9600}, line_texts},
	    .air = &air_ops,
	    .secrets = secrets,
	};
	if (with_control)
		setup.control = (struct radio_part){
		    &control_ops, bench->values[1], {.device = bench->ports[1].name, .baud = 9600}, NULL};
	struct radio_callbacks with_context = callbacks;
	with_context.context = bench;
	const char *error;
	bench->radio = radio_new(&setup, &with_context, bench->event, bench->worker, bench->counters, &error);
	if (!bench->radio)
		fail_msg("%s", error);
	return bench;
}

/* Turns the loop until the condition holds, at most 10 s. */
#define TURN_UNTIL(bench, condition)                                                                                   \
	do {                                                                                                           \
		int64_t until_us = clock_mono_us() + 10000000;                                                         \
		while (!(condition)) {                                                                                 \
			assert_true(sd_event_run((bench)->event, 100000) >= 0);                                        \
			if (clock_mono_us() > until_us)                                                                \
				fail_msg("waited in vain for %s", #condition);                                         \
		}                                                                                                      \
	} while (0)

/* What is ready now is served. */
static void turn(struct bench *bench)
{
	while (sd_event_run(bench->event, 0) > 0)
		;
}

static struct bench *setup_up(bool with_control)
{
	struct bench *bench = setup_with(NULL, with_control);
	TURN_UNTIL(bench, modem.opened && (!with_control || control.opened));
	return bench;
}

static void teardown(struct bench *bench)
{
	radio_free(bench->radio);
	worker_free(bench->worker);
	counters_free(bench->counters);
	sd_event_unref(bench->event);
	for (size_t i = 0; i < 2; i++)
		if (bench->ports[i].master >= 0)
			close(bench->ports[i].master);
	free(bench);
}

static void type(struct bench *bench, size_t port, const char *text)
{
	assert_int_equal(write(bench->ports[port].master, text, strlen(text)), (ssize_t)strlen(text));
}

static void pull(struct bench *bench, size_t port)
{
	close(bench->ports[port].master);
	bench->ports[port].master = -1;
}

/* What reached the other end of the port, within 10 s. */
static void expect_bytes(struct bench *bench, size_t port, const char *expected)
{
	char bytes[256] = "";
	size_t size = 0;
	while (size < strlen(expected)) {
		struct pollfd wait = {.fd = bench->ports[port].master, .events = POLLIN};
		assert_int_equal(poll(&wait, 1, 10000), 1);
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

static uint64_t count(const struct bench *bench, const char *name)
{
	return counters_get(bench->counters, "radio.vhf", name)->value;
}

static int say(struct bench *bench, const char *text)
{
	static struct message message;
	message.kind = KIND_TEXT;
	snprintf(message.text, sizeof(message.text), "%s", text);
	return radio_send(bench->radio, &message);
}

/* ---- port and modem ---- */

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

/* ---- lines ---- */

struct lines {
	struct gpio_sim *sim;
	char directory[32], path[64], text[LINE_TOTAL][96];
	const char *texts[LINE_TOTAL];
};

static void lines_setup(struct lines *lines)
{
	snprintf(lines->directory, sizeof(lines->directory), "/tmp/cresset-lines-XXXXXX");
	assert_non_null(mkdtemp(lines->directory));
	snprintf(lines->path, sizeof(lines->path), "%s/gpio", lines->directory);
	lines->sim = gpio_sim_new(lines->path);
	assert_non_null(lines->sim);
	for (size_t i = 0; i < LINE_TOTAL; i++) {
		snprintf(lines->text[i], sizeof(lines->text[i]), "sim:%s:%s", lines->path, modem_lines[i].name);
		lines->texts[i] = lines->text[i];
	}
	line_texts = lines->texts;
}

static void lines_teardown(struct lines *lines)
{
	gpio_sim_free(lines->sim);
	rmdir(lines->directory);
	line_texts = NULL;
}

static void lines_belong_to_the_driver(void **state)
{
	(void)state;
	struct lines lines;
	lines_setup(&lines);
	lines.texts[LINE_PTT] = NULL;
	struct bench *bench = setup_up(false);
	const struct services *services = modem.services;
	assert_int_equal(services->get_line(services->owner, LINE_IN), 1);
	gpio_sim_drive(lines.sim, "in", 0);
	TURN_UNTIL(bench, modem.edges == 1);
	assert_int_equal(modem.edge_line, LINE_IN);
	assert_false(modem.edge_on);
	assert_int_equal(services->get_line(services->owner, LINE_IN), 0);
	assert_int_equal(services->set_line(services->owner, LINE_IN, true), -EINVAL);
	assert_int_equal(gpio_sim_level(lines.sim, "out"), 0);
	assert_int_equal(services->set_line(services->owner, LINE_OUT, true), 0);
	TURN_UNTIL(bench, gpio_sim_level(lines.sim, "out") == 1);
	assert_int_equal(services->get_line(services->owner, LINE_OUT), 1);
	assert_int_equal(services->set_line(services->owner, LINE_PTT, true), -ENODEV);
	assert_int_equal(services->get_line(services->owner, LINE_PTT), -ENODEV);
	assert_int_equal(services->get_line(services->owner, LINE_TOTAL), -ENODEV);

	struct radio_line_status line;
	assert_true(radio_line(bench->radio, LINE_OUT, &line));
	assert_string_equal(line.name, "out");
	assert_true(line.output && !line.control);
	assert_int_equal(line.level, 1);
	assert_non_null(strstr(line.resolved, "out"));
	assert_true(radio_line(bench->radio, LINE_PTT, &line));
	assert_string_equal(line.resolved, "");
	assert_false(radio_line(bench->radio, LINE_TOTAL, &line));

	pull(bench, 0);
	TURN_UNTIL(bench, gpio_sim_level(lines.sim, "out") == 0);
	assert_int_equal(services->set_line(services->owner, LINE_OUT, true), -ENODEV);
	teardown(bench);
	lines_teardown(&lines);
}

static void line_that_is_taken_keeps_the_radio_down(void **state)
{
	(void)state;
	struct lines lines;
	lines_setup(&lines);
	gpio_sim_occupy(lines.sim, "out", "fan");
	struct bench *bench = setup_with(NULL, false);
	TURN_UNTIL(bench, bench->states);
	struct radio_status status = radio_status(bench->radio);
	assert_int_equal(status.state, RADIO_DOWN);
	assert_string_equal(status.fault, "line.busy");
	assert_non_null(strstr(status.text, "line out: "));
	assert_non_null(strstr(status.text, "fan"));
	assert_int_equal(modem.opened, 0);
	assert_int_equal(count(bench, "line.busy"), 1);
	assert_int_equal(count(bench, "port.open_failed"), 1);
	gpio_sim_occupy(lines.sim, "out", NULL);
	TURN_UNTIL(bench, modem.opened);
	assert_int_equal(radio_status(bench->radio).state, RADIO_UP);
	teardown(bench);
	lines_teardown(&lines);
}

static void line_that_is_on_for_too_long_is_told(void **state)
{
	(void)state;
	struct lines lines;
	lines_setup(&lines);
	struct bench *bench = setup_up(false);
	const struct services *services = modem.services;
	assert_int_equal(services->set_line(services->owner, LINE_PTT, true), 0);
	TURN_UNTIL(bench, gpio_sim_level(lines.sim, "ptt") == 0);
	TURN_UNTIL(bench, gpio_sim_level(lines.sim, "ptt") == 1);
	assert_int_equal(services->set_line(services->owner, LINE_PTT, false), 0);
	assert_int_equal(count(bench, "line.expired"), 1);
	assert_int_equal(services->set_line(services->owner, LINE_PTT, true), 0);
	assert_int_equal(services->set_line(services->owner, LINE_PTT, false), 0);
	assert_int_equal(count(bench, "line.expired"), 1);
	teardown(bench);
	lines_teardown(&lines);
}

static void chip_that_is_gone_takes_the_radio_down(void **state)
{
	(void)state;
	struct lines lines;
	lines_setup(&lines);
	struct bench *bench = setup_up(false);
	gpio_sim_free(lines.sim);
	lines.sim = NULL;
	TURN_UNTIL(bench, radio_status(bench->radio).state == RADIO_DOWN);
	struct radio_status status = radio_status(bench->radio);
	assert_int_equal(strncmp(status.fault, "line.", 5), 0);
	assert_non_null(strstr(status.text, "line in: "));
	assert_int_equal(count(bench, "port.lost"), 1);
	assert_string_equal(status.resolved, "");
	teardown(bench);
	lines_teardown(&lines);
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

/* ---- control ---- */

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

/* ---- examinations ---- */

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_become_messages_and_back),
	    cmocka_unit_test(lost_port_fails_what_is_under_way),
	    cmocka_unit_test(alarm_rings_once),
	    cmocka_unit_test(speed_changes_when_what_was_written_has_left),
	    cmocka_unit_test(lines_belong_to_the_driver),
	    cmocka_unit_test(line_that_is_taken_keeps_the_radio_down),
	    cmocka_unit_test(line_that_is_on_for_too_long_is_told),
	    cmocka_unit_test(chip_that_is_gone_takes_the_radio_down),
	    cmocka_unit_test(module_that_is_not_ready_says_so),
	    cmocka_unit_test(transmitter_is_keyed_while_something_is_sent),
	    cmocka_unit_test(transmitter_that_cannot_be_keyed_sends_nothing),
	    cmocka_unit_test(nothing_is_sent_into_somebody_else),
	    cmocka_unit_test(lost_port_unkeys),
	    cmocka_unit_test(lost_control_ends_the_transmission),
	    cmocka_unit_test(control_that_is_not_ready_holds_up),
	    cmocka_unit_test(modem_and_control_are_examined_in_turn),
	    cmocka_unit_test(only_the_control_can_be_examined),
	    cmocka_unit_test(lost_port_ends_the_examination),
	    cmocka_unit_test(secrets_are_the_trunks),
	    cmocka_unit_test(without_secrets_nothing_opens),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
