/* The insides of the simulated Ebyte module, shared by its two files. */
#pragma once

#include "tests/support/ebyte_sim.h"

enum { SIM_BURST_MAX = 1200, SIM_LINE_MAX = 8192, SIM_OUT_MAX = 4096, SIM_PACKET_MAX = 260 };

struct ebyte_sim {
	struct ebyte_sim_options options;
	struct ebyte_sim_ports ports;
	const struct ebyte_band *band;
	int64_t now_us;

	uint8_t flash[E22_REGISTERS], ram[E22_REGISTERS];
	unsigned flash_writes, overflow;

	unsigned pins, mode;
	int64_t switch_due_us, ready_due_us; /* 0 = none; ready: end of the self-check */
	int aux;

	/* from the host: bytes on their way over the line, then the burst they belong to */
	struct {
		uint8_t byte;
		int64_t at_us;
	} line[SIM_LINE_MAX];
	size_t line_head, line_size;
	int64_t line_free_us, gap_due_us;
	uint8_t burst[SIM_BURST_MAX]; /* setup mode: the command; normal mode: waits for the transmitter */
	size_t burst_size, closed;    /* closed: bytes of bursts that have ended */
	bool burst_cut;               /* the beginning of the burst that goes on is on the air already */
	size_t burst_start;           /* where the burst that goes on began */

	bool transmitting, listening;
	int64_t sent_due_us, listen_due_us;

	/* to the host */
	uint8_t out[SIM_OUT_MAX];
	size_t out_head, out_size;
	int64_t out_due_us;
	unsigned lost_count;
	uint8_t last_rssi;
};

/* Settings as they are in force, whichever family. */
struct sim_settings {
	uint16_t address, key;
	uint8_t netid, channel;
	unsigned baud, air_rate_code, power_code;
	size_t packet_size, buffer_size;
	bool append_rssi, noise_query, fixed_point, repeater, lbt;
};
struct sim_settings sim_settings(const struct ebyte_sim *sim);
unsigned sim_setup_mode(const struct ebyte_sim *sim);

/* Carries out the command in the burst, in the setup mode. */
void sim_command(struct ebyte_sim *sim);
/* Whether that burst of the normal mode was a command and was carried out. */
bool sim_normal_command(struct ebyte_sim *sim, const uint8_t *bytes, size_t size);
void sim_put_out(struct ebyte_sim *sim, const uint8_t *bytes, size_t size);
void sim_defaults(struct ebyte_sim *sim);
