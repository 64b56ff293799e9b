/* The inside of a simulated RYLR module, shared by its two files: module (rylr_sim.c) and commands (rylr_sim_command.c). */
#pragma once

#include "tests/support/rylr_sim.h"

enum {
	RYLR_SIM_INPUT = 512,
	RYLR_SIM_DATA = 240,
	RYLR_SIM_HEADER = 8, /* network, destination u16, sender u16, length, mark of the password u16 */
	RYLR_SIM_ANSWERS = 32,
	RYLR_SIM_LINE = 320,
	RYLR_SIM_ANSWER_US = 5000,
	RYLR_SIM_START_US = 300000,
	RYLR_SIM_RESET_US = 100000,
	RYLR_SIM_NEVER = 0,
};

struct rylr_sim_answer {
	int64_t at_us;
	size_t size;
	uint8_t bytes[RYLR_SIM_LINE];
};

struct rylr_sim_settings {
	unsigned spreading, bandwidth, coding, preamble, power, mode;
	uint32_t band_hz;
	char password[33];
};

struct rylr_sim {
	struct rylr_sim_ports ports;
	bool is_896, faults[RYLR_SIM_FAULTS];
	unsigned baud, address, network; /* in flash */
	struct rylr_sim_settings settings;
	bool awake, transmitting, held;
	int64_t start_us, held_us, sent_us; /* RYLR_SIM_NEVER = not pending */
	bool start_says;
	unsigned flash_writes, sends, heard, errors;
	uint8_t input[RYLR_SIM_INPUT];
	size_t input_size;
	struct rylr_sim_answer answers[RYLR_SIM_ANSWERS];
	size_t answer_count;
};

void __attribute__((format(printf, 3, 4))) rylr_sim_say(struct rylr_sim *sim, int64_t at_us, const char *format, ...);
void rylr_sim_say_error(struct rylr_sim *sim, unsigned error, int64_t now_us);
void rylr_sim_tune(struct rylr_sim *sim);
void rylr_sim_transmit(struct rylr_sim *sim, unsigned destination, const uint8_t *data, size_t size, int64_t now_us);
void rylr_sim_begin_start(struct rylr_sim *sim, bool says, int64_t now_us);
