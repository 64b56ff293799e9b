/* A simulated RNode: pure logic, the clock is passed in. The program tests/sim/rnode.c gives it a pty and an ether. It follows the
 * firmware with its ugly sides: a queue that discards in silence and is flushed without listening, airtime locks that say nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "drivers/codec/lora_airtime.h"

struct rnode_sim;

enum rnode_sim_board { RNODE_SIM_ESP32, RNODE_SIM_NRF52, RNODE_SIM_AVR };

/* Faults, each by name on the command line and at run time. */
enum rnode_sim_fault {
	RNODE_SIM_ABSENT,     /* no supply */
	RNODE_SIM_LOCKED,     /* EEPROM locked: the radio stays off */
	RNODE_SIM_NO_RADIO,   /* the radio chip does not start: error 01 */
	RNODE_SIM_TX_FAILS,   /* error 02 instead of a transmission */
	RNODE_SIM_TX_HANGS,   /* errors 06 and 02, then it reboots itself */
	RNODE_SIM_OLD,        /* firmware 1.51 */
	RNODE_SIM_QUEUE_FULL, /* its queue is full: what comes is discarded in silence */
	RNODE_SIM_BUSY,       /* the channel is never free */
	RNODE_SIM_FAULTS
};

/* -1 = no such fault. */
int rnode_sim_fault_named(const char *name);

struct rnode_sim_ports {
	void *context;
	void (*uart)(void *context, const uint8_t *bytes, size_t size);
	unsigned (*host_baud)(void *context); /* 0 = do not care */
	/* Begins a transmission; NULL: ends by itself after its airtime. */
	void (*air)(void *context, const uint8_t *bytes, size_t size);
	/* Asks for the carrier, answered by rnode_sim_carrier; NULL = never busy. */
	void (*listen)(void *context);
	/* frequency_hz 0 = off. */
	void (*tune)(void *context, uint32_t frequency_hz, const struct lora_modulation *modulation, int power_dbm);
};

/* Just switched on. */
struct rnode_sim *rnode_sim_new(const struct rnode_sim_ports *ports, enum rnode_sim_board board, int64_t now_us);
void rnode_sim_free(struct rnode_sim *sim);

void rnode_sim_set_fault(struct rnode_sim *sim, enum rnode_sim_fault fault, bool on, int64_t now_us);
/* It starts with these settings and its radio on, as one that was told to be a TNC: what the host sets then counts from the next off and
 * on of the radio. */
void rnode_sim_save_settings(struct rnode_sim *sim, uint32_t frequency_hz, uint32_t bandwidth_hz,
			     unsigned spreading_factor);
void rnode_sim_reboot(struct rnode_sim *sim, int64_t now_us);
void rnode_sim_uart(struct rnode_sim *sim, const uint8_t *bytes, size_t size, int64_t now_us);
void rnode_sim_heard(struct rnode_sim *sim, double rssi_dbm, double snr_db, const uint8_t *bytes, size_t size,
		     int64_t now_us);
void rnode_sim_sent(struct rnode_sim *sim, int64_t now_us);
void rnode_sim_carrier(struct rnode_sim *sim, bool busy, int64_t now_us);

int64_t rnode_sim_next_us(const struct rnode_sim *sim);
void rnode_sim_advance(struct rnode_sim *sim, int64_t now_us);

/* One line of JSON: settings, packets sent, heard, discarded, the most that was in the queue, reboots, and whether the host took leave. */
void rnode_sim_print(const struct rnode_sim *sim, FILE *out);
