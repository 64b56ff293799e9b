/* A simulated RYLR module: pure logic, the clock is passed in. The program tests/sim/rylr.c gives it a pty, a reset line and an ether.
 * What the guides leave open is simulated as the driver must bear it: PARAMETER, BAND, CRFOP, CPIN and MODE are lost at a reset. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "drivers/codec/lora_airtime.h"

struct rylr_sim;

/* Faults and variants, each by name on the command line and at run time. */
enum rylr_sim_fault {
	RYLR_SIM_ABSENT,        /* no supply */
	RYLR_SIM_READY_ONLY,    /* +READY after a start, no +RESET */
	RYLR_SIM_NETWORK_SHORT, /* answers +NETWORK= */
	RYLR_SIM_SPACES,        /* packets as in the guide, with spaces */
	RYLR_SIM_LATE_OK,       /* +OK only when the packet is out */
	RYLR_SIM_DEAF,          /* settings are accepted and not kept */
	RYLR_SIM_BINARY,        /* AT+SEND ends where its length says, so that CR LF may be data */
	RYLR_SIM_OLD,           /* no CPIN, no UID */
	RYLR_SIM_TX_TIMEOUT,    /* +ERR=10 instead of a transmission */
	RYLR_SIM_FAULTS
};

/* -1 = no such fault. */
int rylr_sim_fault_named(const char *name);

struct rylr_sim_ports {
	void *context;
	void (*uart)(void *context, const uint8_t *bytes, size_t size);
	unsigned (*host_baud)(void *context);
	void (*air)(void *context, const uint8_t *bytes, size_t size); /* NULL: ends by itself after its airtime */
	/* The receiver is on; power_dbm is that of the transmitter. frequency_hz 0 = off. */
	void (*tune)(void *context, uint32_t frequency_hz, const struct lora_modulation *modulation, int power_dbm);
};

/* As from the factory, and just switched on. is_896: the older family. baud 0 = 115200. */
struct rylr_sim *rylr_sim_new(const struct rylr_sim_ports *ports, bool is_896, unsigned baud, int64_t now_us);
void rylr_sim_free(struct rylr_sim *sim);

void rylr_sim_set_fault(struct rylr_sim *sim, enum rylr_sim_fault fault, bool on, int64_t now_us);
void rylr_sim_uart(struct rylr_sim *sim, const uint8_t *bytes, size_t size, int64_t now_us);
/* NRST; low for 100 ms at least is a reset. */
void rylr_sim_reset_line(struct rylr_sim *sim, bool low, int64_t now_us);
/* The supply failed for a moment. says: it is heard to start. */
void rylr_sim_restart(struct rylr_sim *sim, bool says, int64_t now_us);
void rylr_sim_heard(struct rylr_sim *sim, double rssi_dbm, double snr_db, const uint8_t *bytes, size_t size,
		    int64_t now_us);
void rylr_sim_spoilt(struct rylr_sim *sim, int64_t now_us);
void rylr_sim_sent(struct rylr_sim *sim, int64_t now_us);

int64_t rylr_sim_next_us(const struct rylr_sim *sim);
void rylr_sim_advance(struct rylr_sim *sim, int64_t now_us);

/* One line of JSON: its settings, writes to flash, packets sent and heard, refused commands. */
void rylr_sim_print(const struct rylr_sim *sim, FILE *out);
