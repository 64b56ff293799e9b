/* The inside of a simulated RNode, shared by its two files: host side (rnode_sim.c) and radio side (rnode_sim_radio.c). */
#pragma once

#include "tests/support/rnode_sim.h"

enum {
	RNODE_SIM_NEVER = 0,
	RNODE_SIM_CHANNEL_US = 1000000,
	RNODE_SIM_MTU = 508,
	RNODE_SIM_QUEUE_PACKETS = 200, /* of an AVR 24 */
	RNODE_SIM_QUEUE_BYTES = 6144,  /* 5120 */
	RNODE_SIM_BINS = 480,          /* of 7.5 s: an hour */
};

struct rnode_sim_settings {
	uint32_t frequency_hz, bandwidth_hz;
	unsigned spreading, coding;
	int power_dbm;
	bool has_power;
};

struct rnode_sim_packet {
	size_t size;
	uint8_t bytes[RNODE_SIM_MTU];
};

struct rnode_sim {
	struct rnode_sim_ports ports;
	enum rnode_sim_board board;
	bool faults[RNODE_SIM_FAULTS];
	struct rnode_sim_settings set, used, saved;
	bool tnc, on, awake, left;
	unsigned locks[2]; /* per cent times 100, 0 = none */

	bool in_frame, has_command, escaped;
	uint8_t command, input[RNODE_SIM_MTU + 4];
	size_t input_size;

	struct rnode_sim_packet queue[RNODE_SIM_QUEUE_PACKETS];
	size_t queue_count, queue_bytes, queue_max;
	bool transmitting, flushing, listening;
	bool second_part; /* the other half of a split packet follows */
	uint8_t sent_header;
	int64_t begun_us;

	uint8_t part[RNODE_SIM_MTU], heard_header;
	size_t part_size; /* of the first half of a packet heard, 0 = none waits */

	int64_t boot_us, try_us, sent_us, channel_us;
	int64_t bins[RNODE_SIM_BINS]; /* own airtime in us, by the time of the bin */
	int64_t bin;                  /* number of the newest */
	double rssi_dbm;
	uint64_t random;
	unsigned sent, heard, discarded, reboots, unknown;
};

#define SAY(sim, command, ...)                                                                                         \
	rnode_sim_say(sim, command, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

void rnode_sim_say(struct rnode_sim *sim, uint8_t command, const uint8_t *body, size_t size);
/* Errors 06 and 02, then it starts anew by itself. */
void rnode_sim_hang(struct rnode_sim *sim, int64_t now_us);

void rnode_sim_retune(struct rnode_sim *sim);
void rnode_sim_say_physical(struct rnode_sim *sim);
void rnode_sim_say_channel(struct rnode_sim *sim, int64_t now_us);
bool rnode_sim_has_room(const struct rnode_sim *sim);
/* A datagram of the host; discarded in silence where there is no room. */
void rnode_sim_queue(struct rnode_sim *sim, const uint8_t *bytes, size_t size, int64_t now_us);
/* Looks whether the channel is free for what is in the queue. */
void rnode_sim_try(struct rnode_sim *sim, int64_t now_us);
