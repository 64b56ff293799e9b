/* What the tests of a radio of the trunk share: drivers that note what is done to them, ptys, and a trunk around. Included by one file of a
 * program. */
#pragma once

#include <errno.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/clock.h"
#include "gateway/radio.h"

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
	int channel_answer;
	struct modem_channel channel;
};

static inline struct fake *fake_of(const union driver_value *values)
{
	return (struct fake *)(uintptr_t)values[0].integer;
}

static inline struct fake *fake_at(const void *state)
{
	return *(struct fake *const *)state;
}

static inline int fake_init(void *state, const struct services *services, const union driver_value *values)
{
	struct fake *fake = fake_of(values);
	*(struct fake **)state = fake;
	fake->services = services;
	return 0;
}

static inline void fake_opened(void *state)
{
	fake_at(state)->opened++;
}

/* A digit is a datagram by itself, all else is only noted. */
static inline void fake_input(void *state, const uint8_t *bytes, size_t size)
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

static inline int fake_send(void *state, const struct datagram *datagram)
{
	struct fake *fake = fake_at(state);
	fake->sends++;
	fake->keyed_while_sending = control.keyed;
	snprintf(fake->sent, sizeof(fake->sent), "%.*s", (int)datagram->size, (const char *)datagram->bytes);
	return fake->send_answer;
}

static inline void fake_alarm(void *state)
{
	fake_at(state)->alarms++;
}

static inline int64_t fake_airtime(const void *state, size_t size)
{
	(void)state;
	return (int64_t)size * 1000;
}

static inline int fake_channel(const void *state, struct modem_channel *channel)
{
	*channel = fake_at(state)->channel;
	return fake_at(state)->channel_answer;
}

static inline void fake_status(const void *state, struct modem_status *status)
{
	const struct fake *fake = fake_at(state);
	*status = (struct modem_status){!fake->not_ready, fake->model, fake->firmware, fake->text};
}

static inline int fake_examine(void *state, enum modem_examination what)
{
	struct fake *fake = fake_at(state);
	fake->examined = what;
	return fake->examine_answer;
}

static inline int fake_key(void *state, bool on)
{
	struct fake *fake = fake_at(state);
	if (fake->key_answer < 0)
		return fake->key_answer;
	fake->keys += on;
	fake->keyed = on;
	return 0;
}

static inline bool fake_channel_busy(const void *state)
{
	return fake_at(state)->channel_busy;
}

static inline size_t fake_goodbye(const void *state, uint8_t *bytes, size_t size)
{
	(void)state, (void)size;
	memcpy(bytes, "bye", 3);
	return 3;
}

static inline void fake_line(void *state, unsigned line, bool on)
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
    .channel = fake_channel,
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

static inline int air_init(void *state, const struct services *services, const union driver_value *values)
{
	(void)state, (void)values;
	air_services = services;
	return 0;
}

static inline void air_input(void *state, const struct datagram *datagram)
{
	(void)state;
	static struct message message;
	message.kind = KIND_TEXT;
	snprintf(message.text, sizeof(message.text), "%.*s", (int)datagram->size, (const char *)datagram->bytes);
	air_services->heard_message(air_services->owner, &message);
}

static inline ssize_t air_output(void *state, const struct message *message, struct air_utterance *utterance,
				 uint8_t *bytes, size_t size)
{
	(void)state, (void)utterance, (void)size;
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

static inline void on_heard(void *context, struct radio *radio, const struct message *message, int64_t heard_us)
{
	struct bench *bench = context;
	(void)radio;
	assert_true(heard_us > 0 && heard_us <= clock_mono_us());
	size_t used = strlen(bench->heard);
	snprintf(bench->heard + used, sizeof(bench->heard) - used, "%s", message->text);
}

static inline void on_sent(void *context, struct radio *radio, enum send_result result, bool assumed, const char *code)
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

static inline void on_state(void *context, struct radio *radio)
{
	struct bench *bench = context;
	bench->states++;
	bench->shown = radio_status(radio).state;
}

static inline void on_ready(void *context, struct radio *radio)
{
	(void)radio;
	((struct bench *)context)->readies++;
}

static inline void on_finding(void *context, struct radio *radio, const char *name, const char *value)
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

static inline struct pty open_pty(void)
{
	struct pty pty;
	int slave;
	assert_int_equal(openpty(&pty.master, &slave, pty.name, NULL, NULL), 0);
	close(slave);
	return pty;
}

static const char *const *line_texts;   /* of the modem, for the next setup */
static const struct radio_rules *rules; /* for the next setup */

static inline struct bench *setup_with(const struct radio_secrets *secrets, bool with_control)
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
	    .rules = rules,
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

/* Turns the loop until the condition holds, at most a minute. */
#define TURN_UNTIL(bench, condition)                                                                                   \
	do {                                                                                                           \
		int64_t until_us = clock_mono_us() + 60000000;                                                         \
		while (!(condition)) {                                                                                 \
			assert_true(sd_event_run((bench)->event, 100000) >= 0);                                        \
			if (clock_mono_us() > until_us)                                                                \
				fail_msg("waited in vain for %s", #condition);                                         \
		}                                                                                                      \
	} while (0)

/* What is ready now is served. */
static inline void turn(struct bench *bench)
{
	while (sd_event_run(bench->event, 0) > 0)
		;
}

static inline struct bench *setup_up(bool with_control)
{
	struct bench *bench = setup_with(NULL, with_control);
	TURN_UNTIL(bench, modem.opened && (!with_control || control.opened));
	return bench;
}

static inline void teardown(struct bench *bench)
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

static inline void type(struct bench *bench, size_t port, const char *text)
{
	assert_int_equal(write(bench->ports[port].master, text, strlen(text)), (ssize_t)strlen(text));
}

static inline void pull(struct bench *bench, size_t port)
{
	close(bench->ports[port].master);
	bench->ports[port].master = -1;
}

static inline uint64_t count(const struct bench *bench, const char *name)
{
	return counters_get(bench->counters, "radio.vhf", name)->value;
}

static inline int say(struct bench *bench, const char *text)
{
	static struct message message;
	uint8_t bytes[MESSAGE_RAW_MAX];
	message.kind = KIND_TEXT;
	snprintf(message.text, sizeof(message.text), "%s", text);
	ssize_t size = radio_render(bench->radio, &message, NULL, bytes, sizeof(bytes));
	return radio_send(bench->radio, bytes, (size_t)size);
}
