/* What the drivers of both Ebyte families share. Three layers, each in a file of its own:
 *
 *   ebyte_chat.c     mode pins, AUX, questions and answers
 *   ebyte_link.c     frames to packets and back while the module is in its normal mode
 *   ebyte_setup.c    reading, writing and verifying the settings, faults, the clock of all three; ebyte_examine.c: test and scan
 *
 * A family (ebyte_e22.c, ebyte_e32.c) is its keys and one table of commands. */
#pragma once

#include "drivers/codec/carriage.h"
#include "drivers/codec/ebyte.h"
#include "drivers/modem.h"

enum { EBYTE_LINE_M0, EBYTE_LINE_M1, EBYTE_LINE_AUX, EBYTE_LINE_COUNT };
extern const struct modem_line ebyte_lines[EBYTE_LINE_COUNT];

/* Bit 0 is M0, bit 1 is M1. */
enum { EBYTE_MODE_NORMAL = 0, EBYTE_MODE_2 = 2, EBYTE_MODE_3 = 3 };

/* Keys that both families have, the first of their tables. */
enum {
	EBYTE_KEY_FREQUENCY,
	EBYTE_KEY_CHANNEL,
	EBYTE_KEY_AIR_RATE,
	EBYTE_KEY_POWER,
	EBYTE_KEY_ADDRESS,
	EBYTE_KEY_UART_BAUD,
	EBYTE_KEY_STORE,
	EBYTE_KEY_SETTLE,
	EBYTE_KEY_BLIND,
	EBYTE_KEY_VERIFY,
	EBYTE_KEY_AIRTIME,
	EBYTE_KEY_COMMON
};
extern const char *const ebyte_store_choices[];
extern const char *const ebyte_uart_choices[];

/* clang-format off */
#define EBYTE_COMMON_KEYS(last_channel, air_rates, powers, power, blind) \
    [EBYTE_KEY_FREQUENCY] = {.name = "frequency_mhz", .type = KEY_NUMBER, .min = 0, .max = 1000, .fallback = "0", \
			     .help = "middle of the channel, as the module has them; 0 = channel says it"}, \
    [EBYTE_KEY_CHANNEL] = {.name = "channel", .type = KEY_INTEGER, .min = -1, .max = (last_channel), .fallback = "-1", \
			   .help = "number of the channel, instead of frequency_mhz; -1 = frequency_mhz says it"}, \
    [EBYTE_KEY_AIR_RATE] = {.name = "air_rate", .type = KEY_CHOICE, .choices = (air_rates), .fallback = "2.4k", \
			    .help = "bit rate on the air, the same at all stations; newer boards cannot do 0.3k and 1.2k"}, \
    [EBYTE_KEY_POWER] = {.name = "power_dbm", .type = KEY_CHOICE, .choices = (powers), .fallback = (power), \
			 .help = "transmit power; 30, 27, 24 and 21 are for boards of 1 W, the others for those of 100 mW"}, \
    [EBYTE_KEY_ADDRESS] = {.name = "address", .type = KEY_INTEGER, .min = 0, .max = 65535, .fallback = "65535", \
			   .help = "address of the module; 65535 hears all and is heard by all"}, \
    [EBYTE_KEY_UART_BAUD] = {.name = "uart_baud", .type = KEY_CHOICE, .choices = ebyte_uart_choices, .fallback = "9600", \
			     .help = "speed of the serial line while data passes; settings always pass at 9600"}, \
    [EBYTE_KEY_STORE] = {.name = "store", .type = KEY_CHOICE, .choices = ebyte_store_choices, .fallback = "flash", \
			 .help = "flash: settings survive a power cut, written only where they differ; ram: they do not"}, \
    [EBYTE_KEY_SETTLE] = {.name = "settle_ms", .type = KEY_INTEGER, .min = 2, .max = 1000, .fallback = "50", \
			  .help = "wait behind a change of the mode pins"}, \
    [EBYTE_KEY_BLIND] = {.name = "blind_ms", .type = KEY_INTEGER, .min = 10, .max = 10000, .fallback = (blind), \
			 .help = "a further wait where aux is not wired"}, \
    [EBYTE_KEY_VERIFY] = {.name = "verify_s", .type = KEY_INTEGER, .min = 0, .max = 86400, .fallback = "600", \
			  .help = "how often the settings are read again; 0 = only after a suspected restart"}, \
    [EBYTE_KEY_AIRTIME] = {.name = "airtime_ms", .type = KEY_TEXT, .max = 120, .fallback = "", \
			   .help = "measured times on the air, bytes:milliseconds, such as 32:206 240:984; \"\" = reckoned"}

/* Of the ops, what does not differ. */
#define EBYTE_COMMON_OPS \
    .state_size = sizeof(struct ebyte_module), .mtu = CARRIAGE_FRAME_MAX, .baud = EBYTE_CONFIGURATION_BAUD, \
    .lines = ebyte_lines, .line_count = EBYTE_LINE_COUNT, .opened = ebyte_opened, .input = ebyte_input, .send = ebyte_send, \
    .alarm = ebyte_alarm, .airtime_us = ebyte_airtime_us, .channel = ebyte_channel, .line = ebyte_line, .status = ebyte_status, .examine = ebyte_examine
/* clang-format on */

/* What is wrong, one at a time, worst last. */
enum ebyte_fault {
	EBYTE_FINE,
	EBYTE_SLOW_RATE,  /* the board has 0.3k and 1.2k in its register and transmits at 2.4k */
	EBYTE_AUX_SILENT, /* AUX never moves: not wired */
	EBYTE_AUX_STUCK,  /* AUX stays low */
	EBYTE_NOT_STORED, /* a setting does not stay as written */
	EBYTE_REFUSED,    /* the module calls the command malformed */
	EBYTE_WRONG_BAUD, /* answers that cannot be read */
	EBYTE_WRONG_FAMILY,
	EBYTE_ABSENT, /* no answer at all */
	EBYTE_LINE,   /* a mode pin cannot be set */
	EBYTE_SETTINGS,
	EBYTE_FAULT_COUNT
};

enum ebyte_outcome { EBYTE_ANSWERED, EBYTE_REFUSAL, EBYTE_SILENCE, EBYTE_GARBAGE };

struct ebyte_module;

/* A family. registers: E22 file or E32 block; a command function writes the command and what answer is awaited. */
struct ebyte_kind {
	enum ebyte_family family;
	const char *name, *other_name;
	unsigned setup_mode, other_setup_mode;
	size_t register_count; /* as written */
	size_t readable_count; /* of those, what reads as written */
	size_t answer_head;    /* bytes of an answer before the first register */
	size_t packet_max;
	size_t (*read)(uint8_t *command, struct ebyte_answer *answer);
	size_t (*write)(uint8_t *command, struct ebyte_answer *answer, bool save, const uint8_t *registers);
	size_t (*identify)(uint8_t *command, struct ebyte_answer *answer);
	/* Model and firmware from the answer, for status. */
	void (*identified)(struct ebyte_module *module, const uint8_t *answer);
	/* What only the other family answers. */
	size_t (*probe)(uint8_t *command, struct ebyte_answer *answer);
	/* The key, which cannot be read; NULL: has none. */
	size_t (*write_key)(const struct ebyte_module *module, uint8_t *command, struct ebyte_answer *answer);
	/* Lays the configured settings over registers. */
	void (*lay)(const struct ebyte_module *module, uint8_t *registers);
	unsigned (*channel)(const uint8_t *registers);
	/* Writes which settings differ, "air_rate, channel", into text. */
	void (*name_differences)(const uint8_t *wanted, const uint8_t *held, char *text, size_t size);
	/* Asks for noise and last RSSI in the normal mode; NULL: cannot. */
	size_t (*noise)(uint8_t *command, struct ebyte_answer *answer);
	/* Changes the channel until the power goes; NULL: cannot be asked for noise anyway. */
	size_t (*tune)(uint8_t *command, struct ebyte_answer *answer, uint8_t channel);
};

enum { EBYTE_AIRTIME_POINTS = 8, EBYTE_TEXT_MAX = 224, EBYTE_NAME_MAX = 32 };

/* Airtimes that somebody measured: size in bytes to microseconds, ascending. */
struct ebyte_airtimes {
	size_t count;
	struct {
		size_t size;
		int64_t airtime_us;
	} points[EBYTE_AIRTIME_POINTS];
};

struct ebyte_chat {
	enum {
		CHAT_IDLE,
		CHAT_BEFORE, /* AUX must be high before the pins change */
		CHAT_SETTLE, /* the pins have changed */
		CHAT_AFTER,  /* AUX must be high again */
		CHAT_READY,  /* a moment more */
		CHAT_ASK,    /* the port took nothing: once more */
		CHAT_ANSWER, /* the answer is awaited */
	} step;
	int64_t due_us;
	unsigned mode, baud; /* to be, then as they are */
	bool blind;          /* AUX is not wired, or not to be trusted */
	bool baud_refused;
	uint8_t command[EBYTE_COMMAND_MAX];
	size_t command_size, garbage;
	struct ebyte_answer answer;
};

struct ebyte_link {
	bool open; /* normal mode, at the speed of the data */
	struct carriage_decoder decoder;
	int64_t opened_us, silence_due_us, heard_us, suspect_due_us;

	enum {
		LINK_IDLE,
		LINK_WAITING, /* until the module is in its normal mode */
		LINK_TAKING,  /* a burst was written */
		LINK_BLIND,   /* the same, and no AUX tells when it has been transmitted */
		LINK_RETRY,   /* the port took nothing */
		LINK_AIRING,  /* the last burst is in the transmitter */
	} sending;
	uint8_t bytes[CARRIAGE_MAX];
	size_t size, at, burst;
	int64_t due_us, deadline_us;
	bool said_on_air, aux_moved;
	unsigned unmoved; /* bursts in a row without a movement of AUX */
};

struct ebyte_module {
	const struct services *services;
	const union driver_value *values;
	const struct ebyte_kind *kind;

	/* from the configuration */
	bool keeps_channel; /* whatever the module has; known as `channel` once it was read */
	unsigned channel, data_baud;
	uint16_t address;
	const struct ebyte_band *band; /* NULL: not known */
	unsigned air_rate_code, power_code;
	size_t packet_size;
	bool save, rssi_halves, with_rssi;
	uint16_t key;
	struct ebyte_airtimes airtimes;

	struct ebyte_chat chat;
	struct ebyte_link link;

	enum {
		SETUP_NONE,
		SETUP_ENTER,
		SETUP_READ,
		SETUP_WRITE,
		SETUP_CHECK,
		SETUP_IDENTIFY,
		SETUP_KEY,
		SETUP_PROBE_ENTER,
		SETUP_PROBE,
		SETUP_LEAVE,
		EXAMINE_NOISE,
		SCAN_ENTER,
		SCAN_TUNE,
		SCAN_LEAVE,
		SCAN_NOISE,
	} phase;
	unsigned tries;
	bool garbage_heard;
	uint8_t registers[E22_REGISTERS], wanted[E22_REGISTERS];
	uint8_t refused[E22_REGISTERS]; /* what the module had after it did not take `wanted` */
	bool has_refused, was_written;
	bool verified;   /* in the setup that is under way */
	bool configured; /* as of the last one */
	enum ebyte_fault fault, aux_fault, warning;
	int64_t verify_due_us, backoff_us, reset_us;

	enum { EXAMINE_NOT, EXAMINE_TEST, EXAMINE_SCAN } examining;
	unsigned scan_channel;
	bool scan_ending;

	char model[EBYTE_NAME_MAX], firmware[EBYTE_NAME_MAX], differences[96];
	const char *settings_error;
	char text[EBYTE_TEXT_MAX]; /* of status */
};

/* ---- for the families ---- */

/* Takes the common settings. Those that cannot be become the fault that status tells. */
void ebyte_init(struct ebyte_module *module, const struct ebyte_kind *kind, const struct services *services,
		const union driver_value *values);
/* A setting that cannot be; why, a constant, says so and what to do, for the settings and for status. */
void ebyte_refuse_settings(struct ebyte_module *module, const char *key, const char *why);

struct ebyte_difference {
	const char *name;
	bool differs;
};
/* The names of those that differ, "air_rate, channel"; "options" where none of them does. */
void ebyte_join_differences(const struct ebyte_difference *settings, size_t count, char *text, size_t size);

/* The ops of modem.h; state is a struct ebyte_module. */
void ebyte_opened(void *state);
void ebyte_input(void *state, const uint8_t *bytes, size_t size);
int ebyte_send(void *state, const struct datagram *datagram);
void ebyte_alarm(void *state);
int64_t ebyte_airtime_us(const void *state, size_t size);
int ebyte_channel(const void *state, struct modem_channel *channel);
void ebyte_line(void *state, unsigned line, bool on);
void ebyte_status(const void *state, struct modem_status *status);
int ebyte_examine(void *state, enum modem_examination what);

/* ---- between the layers ---- */

static inline int64_t ebyte_now_us(const struct ebyte_module *module)
{
	return module->services->now_us(module->services->owner);
}
static inline void ebyte_count(const struct ebyte_module *module, const char *reason)
{
	module->services->drop(module->services->owner, reason);
}
/* Sets the one alarm to the earliest of what is awaited. */
void ebyte_set_alarm(struct ebyte_module *module);

/* Changes mode and speed; ebyte_arrived is called when the module can be used. */
void ebyte_chat_go(struct ebyte_module *module, unsigned mode, unsigned baud);
/* Asks chat.command, chat.command_size with chat.answer prepared; ebyte_answered is called. */
void ebyte_chat_ask(struct ebyte_module *module);
void ebyte_chat_reset(struct ebyte_module *module);
/* Takes bytes while an answer is awaited; what is not of it goes to ebyte_link_input if the link is open. Returns how many were taken. */
size_t ebyte_chat_input(struct ebyte_module *module, const uint8_t *bytes, size_t size);
void ebyte_chat_due(struct ebyte_module *module);
/* AUX as the module has it: 1 ready, 0 busy, negative: cannot be told. */
int ebyte_chat_aux(const struct ebyte_module *module);
void ebyte_chat_aux_moved(struct ebyte_module *module, bool on);

void ebyte_link_open(struct ebyte_module *module);
void ebyte_link_close(struct ebyte_module *module);
void ebyte_link_input(struct ebyte_module *module, const uint8_t *bytes, size_t size);
int ebyte_link_send(struct ebyte_module *module, const uint8_t *frame, size_t size);
/* Begins to send what has been waiting for the normal mode. */
void ebyte_link_go_on(struct ebyte_module *module);
/* Gives up what is being sent, if anything is. */
void ebyte_link_fail(struct ebyte_module *module, const char *code);
void ebyte_link_due(struct ebyte_module *module);
void ebyte_link_aux_moved(struct ebyte_module *module, bool on);

/* Called by the layers below. */
void ebyte_arrived(struct ebyte_module *module);
void ebyte_answered(struct ebyte_module *module, enum ebyte_outcome outcome);
void ebyte_aux_fault(struct ebyte_module *module, enum ebyte_fault fault);
void ebyte_line_fault(struct ebyte_module *module);
/* The module may have restarted. */
void ebyte_suspect_reset(struct ebyte_module *module);

void ebyte_setup_begin(struct ebyte_module *module);
/* The fault that matters most; and writes into text what status tells about it. */
enum ebyte_fault ebyte_worst_fault(const struct ebyte_module *module);
void ebyte_explain(const struct ebyte_module *module, char *text, size_t size);

/* Of the examination: the settings are verified, or cannot be; and its own steps. */
void ebyte_examine_ready(struct ebyte_module *module);
void ebyte_examine_failed(struct ebyte_module *module);
void ebyte_examine_arrived(struct ebyte_module *module);
void ebyte_examine_answered(struct ebyte_module *module, enum ebyte_outcome outcome);
