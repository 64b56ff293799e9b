/* The services of drivers, made of nothing but standard output. */
#include "gateway/tool/decode_chain.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/classify.h"
#include "gateway/json.h"
#include "gateway/json_writer.h"
#include "gateway/keys.h"

enum {
	SOON_US = 3000000,        /* a driver that waits longer than this has come to rest */
	SETUP_US = 120000000,     /* after which one that never does is left alone */
	RINGS_MAX = 10000,        /* the same, for one that does not let time pass */
	END_OF_FRAME_US = 500000, /* time that passes behind the last byte of a capture */
};

struct chain {
	const struct modem_ops *modem;
	const struct air_ops *air;
	void *modem_state, *air_state;
	union driver_value *modem_values, *air_values;
	struct services services, modem_services;
	struct keys *keys;
	struct classify *classify;
	FILE *out;
	const char *source;
	size_t source_size, messages, errors;
	/* A capture has no time. This clock only moves to the alarms of a modem that wants to set up a module which is not there, and of one
	 * that waits for more of a frame. */
	int64_t now_us, modem_alarm_us;
};

static int64_t now(void *owner)
{
	return ((struct chain *)owner)->now_us;
}

static int64_t no_time(void *owner)
{
	(void)owner;
	return 0;
}

static void modem_alarm(void *owner, int64_t at_us)
{
	((struct chain *)owner)->modem_alarm_us = at_us;
}

static void no_alarm(void *owner, int64_t at_us)
{
	(void)owner;
	(void)at_us;
}

/* Only what a modem cannot do without is wired, to nothing. */
static int set_line(void *owner, unsigned line, bool on)
{
	const struct modem_ops *modem = ((struct chain *)owner)->modem;
	(void)on;
	return modem && line < modem->line_count && modem->lines[line].required ? 0 : -ENODEV;
}

static int no_line(void *owner, unsigned line)
{
	(void)owner;
	(void)line;
	return -ENODEV;
}

/* The bytes of a capture were received, whatever the speed. */
static int any_baud(void *owner, unsigned baud)
{
	(void)owner;
	(void)baud;
	return 0;
}

static void no_change(void *owner)
{
	(void)owner;
}

static void no_finding(void *owner, const char *name, const char *value)
{
	(void)owner;
	(void)name;
	(void)value;
}

/* What a modem says to its port at the start goes nowhere. */
static int no_write(void *owner, const void *bytes, size_t size)
{
	(void)owner;
	(void)bytes;
	(void)size;
	return 0;
}

static void no_word(void *owner, const struct message *message)
{
	(void)owner, (void)message;
}

static void not_again(void *owner, const char *id)
{
	(void)owner, (void)id;
}

static void no_sent(void *owner, enum send_result result, bool assumed, const char *code)
{
	(void)owner;
	(void)result;
	(void)assumed;
	(void)code;
}

/* Nothing is kept, so there is nothing to lose. */
static size_t none_unsafe(void *owner)
{
	(void)owner;
	return 0;
}

static int seal(void *owner, struct sealed *sealed)
{
	const struct chain *chain = owner;
	return chain->keys ? keys_seal(chain->keys, sealed) : -ENOKEY;
}

static int open_sealed(void *owner, struct sealed *sealed, unsigned epochs_back)
{
	const struct chain *chain = owner;
	return chain->keys ? keys_open(chain->keys, sealed, epochs_back) : -ENOKEY;
}

static int no_counter(void *owner, uint16_t addressee, uint32_t *counter)
{
	(void)owner;
	(void)addressee;
	(void)counter;
	return -ENOKEY;
}

/* A capture is read for what is in it, so what it holds twice is said twice. */
static int any_counter(void *owner, uint16_t station, unsigned epochs_back, uint32_t counter)
{
	(void)owner;
	(void)station;
	(void)epochs_back;
	(void)counter;
	return 0;
}

static void heard_datagram(void *owner, const struct datagram *datagram)
{
	struct chain *chain = owner;
	chain->air->input(chain->air_state, datagram);
}

static void write_line(struct chain *chain, char *line)
{
	if (line) {
		fputs(line, chain->out);
		putc('\n', chain->out);
	}
	free(line);
}

void chain_error(struct chain *chain, const char *error)
{
	size_t size = 0;
	struct writer writer = writer_new();
	writer_text(&writer, "error", error, SIZE_MAX);
	writer_text(&writer, "input", chain->source, chain->source_size);
	write_line(chain, writer_finish(&writer, &size));
	chain->errors++;
}

/* A frame that was sound but could not be read is a raw message to the gateway, and an error here. */
static void heard_message(void *owner, const struct message *message)
{
	struct chain *chain = owner;
	static const struct json_context nobody = {0};
	struct message copy = *message;
	size_t size = 0;
	classify_message(chain->classify, &copy, NULL, 0);
	if (copy.kind == KIND_RAW && copy.parse_error[0]) {
		chain_error(chain, copy.parse_error);
		return;
	}
	write_line(chain, json_message(&copy, &nobody, &size));
	chain->messages++;
}

static void drop(void *owner, const char *reason)
{
	chain_error(owner, reason);
}

/* Before the capture begins nothing in it can be wrong. */
static void no_drop(void *owner, const char *reason)
{
	(void)owner;
	(void)reason;
}

static union driver_value default_value(const struct driver_key *key)
{
	const char *text = key->fallback ? key->fallback : "";
	/* What must be given in a configuration, like a frequency, does not matter here, but must be something. */
	bool must = !key->fallback;
	switch (key->type) {
	case KEY_INTEGER:
		return (union driver_value){.integer = must ? (int64_t)key->min : strtoll(text, NULL, 10)};
	case KEY_NUMBER:
		return (union driver_value){.number = must ? key->min : strtod(text, NULL)};
	case KEY_CHOICE:
		return (union driver_value){.text = must ? key->choices[0] : text};
	case KEY_FLAG:
		return (union driver_value){.flag = strcmp(text, "true") == 0};
	default:
		return (union driver_value){.text = text};
	}
}

static union driver_value *default_values(const struct driver_key *keys, size_t count)
{
	union driver_value *values = calloc(count + 1, sizeof(*values));
	for (size_t i = 0; values && i < count; i++)
		values[i] = default_value(&keys[i]);
	return values;
}

/* Lets the modem's alarms ring that are near, until one is further away, or the time is over. */
static void ring(struct chain *chain, int64_t soon_us, int64_t time_us)
{
	int64_t until_us = chain->now_us + time_us;
	for (size_t rings = 0; rings < RINGS_MAX; rings++) {
		int64_t at_us = chain->modem_alarm_us;
		if (!chain->modem->alarm || !at_us || at_us > chain->now_us + soon_us || chain->now_us > until_us)
			return;
		chain->now_us = at_us > chain->now_us ? at_us : chain->now_us;
		chain->modem_alarm_us = 0;
		chain->modem->alarm(chain->modem_state);
	}
}

/* Nobody answers, so the modem finds that there is no module, and then takes what comes. */
static void open_modem(struct chain *chain)
{
	chain->modem_services.drop = no_drop;
	chain->modem->opened(chain->modem_state);
	ring(chain, SOON_US, SETUP_US);
	chain->modem_services.drop = drop;
}

static bool start_modem(struct chain *chain)
{
	const struct modem_ops *modem = chain->modem;
	if (!modem)
		return true;
	chain->modem_state = calloc(1, modem->state_size + 1);
	chain->modem_values = default_values(modem->keys, modem->key_count);
	if (!chain->modem_state || !chain->modem_values)
		return false;
	chain->modem_services = chain->services;
	chain->modem_services.alarm = modem_alarm;
	if (modem->init(chain->modem_state, &chain->modem_services, chain->modem_values) != 0)
		return false;
	open_modem(chain);
	return true;
}

static bool start_air(struct chain *chain)
{
	const struct air_ops *air = chain->air;
	chain->air_state = calloc(1, air->state_size + 1);
	chain->air_values = default_values(air->keys, air->key_count);
	return chain->air_state && chain->air_values &&
	       air->init(chain->air_state, &chain->services, chain->air_values) == 0;
}

/* With the defaults alone only what must be given is missing. */
static void no_refusal(void *owner, const char *key, const char *why)
{
	(void)owner, (void)key, (void)why;
}

struct chain *chain_new(const struct modem_ops *modem, const struct air_ops *air, struct keys *keys, FILE *out)
{
	struct chain *chain = calloc(1, sizeof(*chain));
	if (!chain)
		return NULL;
	*chain = (struct chain){.modem = modem, .air = air, .keys = keys, .out = out, .source = "", .now_us = 1};
	chain->services = (struct services){.owner = chain,
					    .now_us = now,
					    .wall_ms = no_time,
					    .alarm = no_alarm,
					    .write = no_write,
					    .heard_datagram = heard_datagram,
					    .heard_message = heard_message,
					    .say_back = no_word,
					    .heard_again = not_again,
					    .sent = no_sent,
					    .drop = drop,
					    .refuse = no_refusal,
					    .set_line = set_line,
					    .get_line = no_line,
					    .set_baud = any_baud,
					    .changed = no_change,
					    .finding = no_finding,
					    .unsafe = none_unsafe,
					    .seal = seal,
					    .open = open_sealed,
					    .take_counter = any_counter,
					    .next_counter = no_counter};
	/* A capture has no time, so nothing in it can be too often. */
	struct classify_settings settings = classify_defaults();
	settings.urgent_per_minute = UINT_MAX;
	chain->classify = classify_new(&settings);
	if (!chain->classify || !start_air(chain) || !start_modem(chain))
		goto fail;
	return chain;
fail:
	chain_free(chain);
	return NULL;
}

void chain_free(struct chain *chain)
{
	if (!chain)
		return;
	classify_free(chain->classify);
	free(chain->modem_state);
	free(chain->modem_values);
	free(chain->air_state);
	free(chain->air_values);
	free(chain);
}

void chain_source(struct chain *chain, const char *text, size_t size)
{
	chain->source = text;
	chain->source_size = size;
}

void chain_bytes(struct chain *chain, const uint8_t *bytes, size_t size)
{
	chain->modem->input(chain->modem_state, bytes, size);
}

void chain_datagram(struct chain *chain, const uint8_t *bytes, size_t size)
{
	const double unknown = NAN;
	struct datagram datagram = {.bytes = bytes, .size = size, .rssi_dbm = unknown, .snr_db = unknown};
	chain->air->input(chain->air_state, &datagram);
}

bool chain_line(struct chain *chain, const char *line, size_t size)
{
	if (!chain->air->input_text)
		return false;
	chain->air->input_text(chain->air_state, line, size);
	return true;
}

void chain_end(struct chain *chain)
{
	if (!chain->modem)
		return;
	ring(chain, END_OF_FRAME_US, END_OF_FRAME_US);
	open_modem(chain);
}

size_t chain_messages(const struct chain *chain)
{
	return chain->messages;
}

size_t chain_errors(const struct chain *chain)
{
	return chain->errors;
}
