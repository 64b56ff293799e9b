/* What the drivers of all RYLR modules share; rylr998.c and rylr896.c only have the tables. */
#pragma once

#include "drivers/codec/lora_airtime.h"
#include "drivers/codec/rylr.h"
#include "drivers/codec/stranger.h"
#include "drivers/modem.h"

/* Keys of every variant, in this order; their ranges differ. */
enum rylr_key {
	RYLR_KEY_FREQUENCY,
	RYLR_KEY_SPREADING,
	RYLR_KEY_BANDWIDTH,
	RYLR_KEY_CODING,
	RYLR_KEY_PREAMBLE,
	RYLR_KEY_POWER,
	RYLR_KEY_NETWORK,
	RYLR_KEY_ADDRESS,
	RYLR_KEY_PASSWORD,
	RYLR_KEYS
};

enum { RYLR_LINE_RESET, RYLR_LINES };

enum {
	/* Base64url makes four characters of three bytes. */
	RYLR_MTU = RYLR_DATA_MAX * 3 / 4,
	RYLR_VALUE_MAX = 40,
	RYLR_TEXT_MAX = 200,
};

struct rylr_variant {
	const char *name;           /* "RYLR998" */
	const char *const *version; /* how the answers to AT+VER? of this family begin, ended by NULL */
	const char *other;          /* the other family, and its driver */
	const char *const *other_version;
	const char *other_driver;
	const char *const *bandwidths; /* choices of the key */
	unsigned first_bandwidth;      /* the module's number of the first of them */
	size_t password_digits;
	/* The key whose value this module cannot do, NULL = none; why says what it can. */
	const char *(*wrong_key)(const union driver_value *values, const struct lora_modulation *modulation,
				 const char **why);
	const char *password_rule;
};

/* What is asked and set, in this order. */
enum rylr_step {
	RYLR_STEP_VERSION,
	RYLR_STEP_UID,
	RYLR_STEP_RATE,
	RYLR_STEP_MODE,
	RYLR_STEP_NETWORK, /* before the preamble, which depends on it */
	RYLR_STEP_PARAMETER,
	RYLR_STEP_BAND,
	RYLR_STEP_ADDRESS,
	RYLR_STEP_POWER,
	RYLR_STEP_PASSWORD,
	RYLR_STEPS
};

enum rylr_phase {
	RYLR_CLOSED,
	RYLR_PROBING,   /* AT was written: does anybody answer? */
	RYLR_RESETTING, /* the reset line is held */
	RYLR_STARTING,  /* after a reset, until +READY */
	RYLR_ASKING,    /* how a setting is */
	RYLR_SETTING,   /* a setting was written */
	RYLR_VERIFYING, /* and is asked for once more */
	RYLR_RESTING,   /* it cannot be set up; tried again later */
	RYLR_IDLE,      /* ready */
	RYLR_HANDING,   /* AT+SEND was written */
	RYLR_YIELDING,  /* the module was still busy; tried again in a moment */
	RYLR_ON_AIR,    /* accepted, until the airtime is over */
};

struct rylr {
	const struct services *services;
	const union driver_value *values;
	const struct rylr_variant *variant;
	struct lora_modulation modulation;
	unsigned bandwidth_number;

	struct rylr_decoder decoder;
	struct stranger stranger;
	enum rylr_phase phase;
	enum rylr_step step, last_step;
	unsigned tries, rate_index, baud, found_baud;
	bool was_reset;  /* by the line, since the last answer */
	bool configured; /* every setting was verified since the module started */
	bool examining, differs;
	int64_t due_us, quiet_us; /* of the phase, of half a line; 0 = none */

	uint8_t line[RYLR_SEND_MAX]; /* what is being sent */
	size_t line_size, sent_size;
	bool waiting; /* for the end of a question, to be written */
	unsigned refusals;
	int64_t written_us, give_up_us;

	char model[24], firmware[48], uid[32];
	char text[RYLR_TEXT_MAX];
};

/* rylr_settings.c: what each step is called, should be and was found to be. */

/* Fills modulation and bandwidth_number from the values. false: the module cannot do that, or the password is none. */
bool rylr_read_values(struct rylr *rylr);
/* "PARAMETER", as in AT+PARAMETER? */
const char *rylr_step_name(enum rylr_step step);
/* The configuration keys behind it, for messages. */
const char *rylr_step_keys(enum rylr_step step);
/* false: this step only asks, or is not configured. */
bool rylr_step_wanted(const struct rylr *rylr, enum rylr_step step, char value[RYLR_VALUE_MAX]);
/* Whether a step is left out: a password where none is configured. */
bool rylr_step_skipped(const struct rylr *rylr, enum rylr_step step);
/* Whether an answer of that name belongs to the step. */
bool rylr_step_answers(enum rylr_step step, const char *name);
/* Whether the answer says what is wanted. Notes what only is to be known: model, firmware, uid, rate. */
bool rylr_step_agrees(struct rylr *rylr, enum rylr_step step, const char *answer);
/* One line of an examination. */
void rylr_step_report(struct rylr *rylr, enum rylr_step step, const char *answer);

/* rylr_setup.c: from the opening of the port to verified settings. */

void rylr_begin(struct rylr *rylr);
/* The settings from first to last are asked for, and set where they differ. */
void rylr_run(struct rylr *rylr, enum rylr_step first, enum rylr_step last);
/* An event of the decoder, or the end of the phase's time, while no datagram is being sent. */
void rylr_setup_event(struct rylr *rylr, enum rylr_event event);
void rylr_setup_late(struct rylr *rylr);
void rylr_reset_seen(struct rylr *rylr, enum rylr_event event);

/* rylr.c */

void rylr_enter(struct rylr *rylr, enum rylr_phase phase, int64_t for_us);
/* Writes a command; where there is no room now, the phase ends soon and tries again. */
void rylr_say(struct rylr *rylr, const char *command, enum rylr_phase phase, int64_t for_us);
/* Ready, or ready again: a datagram that waited goes out. */
void rylr_idle(struct rylr *rylr);
void rylr_fail_sending(struct rylr *rylr, const char *code);
/* Tells the trunk if what status says changed. */
void rylr_set_text(struct rylr *rylr, const char *format, ...) __attribute__((format(printf, 2, 3)));
void rylr_drop(const struct rylr *rylr, const char *reason);

/* The functions of both ops tables but init, which names the variant. */
int rylr_init(void *state, const struct services *services, const union driver_value *values,
	      const struct rylr_variant *variant);
void rylr_opened(void *state);
void rylr_input(void *state, const uint8_t *bytes, size_t size);
int rylr_send(void *state, const struct datagram *datagram);
void rylr_alarm(void *state);
int64_t rylr_airtime_us(const void *state, size_t size);
int rylr_channel(const void *state, struct modem_channel *channel);
void rylr_status(const void *state, struct modem_status *status);
int rylr_examine(void *state, enum modem_examination what);

extern const struct modem_line rylr_lines[RYLR_LINES];
extern const char *const rylr_coding_rates[];

/* Of the keys and the ops, what does not differ. */
/* clang-format off */
#define RYLR_COMMON_KEYS(widths) \
    [RYLR_KEY_FREQUENCY] = {.name = "frequency_mhz", .type = KEY_NUMBER, .min = 410, .max = 960, \
			    .help = "centre of the channel, as the law of the country allows it"}, \
    [RYLR_KEY_BANDWIDTH] = {.name = "bandwidth_khz", .type = KEY_CHOICE, .fallback = "125", .choices = (widths), \
			    .help = "width of the channel"}, \
    [RYLR_KEY_CODING] = {.name = "coding_rate", .type = KEY_CHOICE, .fallback = "4/5", .choices = rylr_coding_rates, \
			 .help = "redundancy; 4/8 has most"}, \
    [RYLR_KEY_ADDRESS] = {.name = "address", .type = KEY_INTEGER, .min = 0, .max = 65535, .fallback = "0", \
			  .help = "the module's own address; the gateway sends to all"}

#define RYLR_COMMON_OPS \
    .key_count = RYLR_KEYS, .state_size = sizeof(struct rylr), .mtu = RYLR_MTU, .baud = 115200, .lines = rylr_lines, \
    .line_count = RYLR_LINES, .opened = rylr_opened, .input = rylr_input, .send = rylr_send, .alarm = rylr_alarm, \
    .airtime_us = rylr_airtime_us, .channel = rylr_channel, .status = rylr_status, .examine = rylr_examine
/* clang-format on */
