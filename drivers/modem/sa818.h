/* The parts of the sa818 control: sa818.c decides when, sa818_steps.c knows what is asked and what the answers mean. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/codec/sa818.h"
#include "drivers/modem.h"

enum { SA818_SCAN_MAX = 32 };

enum sa818_key {
	SA818_KEY_VARIANT,
	SA818_KEY_FREQUENCY,
	SA818_KEY_TRANSMIT,
	SA818_KEY_BANDWIDTH,
	SA818_KEY_TRANSMIT_TONE,
	SA818_KEY_RECEIVE_TONE,
	SA818_KEY_SQUELCH,
	SA818_KEY_VOLUME,
	SA818_KEY_EMPHASIS,
	SA818_KEY_HIGH_PASS,
	SA818_KEY_LOW_PASS,
	SA818_KEY_TAIL,
	SA818_KEY_POWER,
	SA818_KEY_SCAN,
	SA818_KEY_COUNT
};

enum sa818_line { SA818_LINE_PTT, SA818_LINE_PD, SA818_LINE_HIGH_POWER, SA818_LINE_SQUELCH, SA818_LINE_COUNT };

/* A list of commands that is worked through, one answer after the other. */
enum sa818_task { SA818_CONFIGURE, SA818_WATCH, SA818_EXAMINE_TEST, SA818_EXAMINE_SCAN };

enum sa818_phase {
	SA818_CLOSED,
	SA818_POWERED_DOWN, /* for a moment, so that it starts afresh */
	SA818_BOOTING,
	SA818_WRITING, /* the port had no room */
	SA818_ASKING,
	SA818_PAUSING, /* between an answer and the next command */
	SA818_IDLE,
	SA818_FAILED, /* until it is tried again */
};

struct sa818 {
	const struct services *services;
	const union driver_value *values;
	bool dra818;
	struct sa818_group group;
	double scan_mhz[SA818_SCAN_MAX];
	size_t scan_count;

	struct sa818_decoder decoder;
	enum sa818_phase phase;
	enum sa818_task task;
	size_t step, scan_at;
	unsigned tries, group_tries;
	bool power_cycled; /* since it last answered */
	bool configured;
	int64_t due_at_us;

	bool keyed, squelch_open;
	int64_t squelch_open_us; /* since when it is open without a break */
	bool squelch_stuck;      /* and that for too long */
	char firmware[24], fault[160], remark[96];
};

struct sa818_step {
	enum sa818_command command;
	bool optional;   /* old modules do not answer */
	bool sets;       /* the module needs a moment to do it */
	bool open_group; /* SA818_SET_GROUP for scanning, which does not work with an open squelch */
};

/* The step the task has come to, past those that this module or this task does not need; NULL: it is at its end. */
const struct sa818_step *sa818_current_step(struct sa818 *sa818);

/* The command of that step; out holds SA818_COMMAND_MAX. Returns the number of bytes. */
size_t sa818_compose_step(const struct sa818 *sa818, const struct sa818_step *step, char *out);

enum sa818_outcome {
	SA818_STEP_DONE,
	SA818_STEP_AGAIN, /* from the step before, which did not take effect */
	SA818_STEP_FATAL, /* sa818->fault says why */
};

/* What the answer that the decoder holds, or SA818_ERROR, means for that step. Findings of examinations are told. */
enum sa818_outcome sa818_take_answer(struct sa818 *sa818, const struct sa818_step *step, enum sa818_event event);

bool sa818_examining(const struct sa818 *sa818);

extern const struct driver_key sa818_keys[SA818_KEY_COUNT];
extern const struct modem_line sa818_lines[SA818_LINE_COUNT];
/* The settings, as modem_ops.init has it. */
int sa818_init(void *state, const struct services *services, const union driver_value *values);
