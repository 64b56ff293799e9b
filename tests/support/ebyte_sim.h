/* A simulated Ebyte module, E22 or E32: pure logic, the clock is passed in. The program tests/sim/ebyte.c gives it a pty, lines and an
 * ether; unit tests join it to a driver directly. What the manuals leave open is simulated as the drivers must bear it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/codec/ebyte.h"

struct ebyte_sim;

struct ebyte_sim_options {
	enum ebyte_family family;
	const char *band;    /* ebyte_bands; NULL = the first */
	unsigned hardware;   /* E22: the byte at 82h, 10h or 40h */
	unsigned setup_baud; /* what the setup mode speaks, 0 = 9600; other speeds are a fault */
	bool absent;         /* no supply: nothing is answered */
	bool no_aux;         /* AUX is not wired: never driven */
	bool aux_low;        /* AUX is shorted to ground */
	bool forget_rate;    /* air rates 0.3k and 1.2k do not stay in the register */
	bool slow_rate;      /* they stay, but 2.4k is transmitted */
	bool no_echo;        /* E32: a written block is not answered */
	bool no_rssi;        /* E22: the RSSI byte is not appended, whatever is set */
	bool own_airtime;    /* ends its transmissions by itself; else ebyte_sim_sent does */
	unsigned lose_every; /* of the bytes to the host, one in so many is lost; 0 = none */
	int noise_dbm;       /* 0 = -104 */
	int64_t start_up_us; /* self-check; 0 = 150 ms */
	int64_t switch_us;   /* from the pins to the new mode; 0 = 1 ms */
};

struct ebyte_sim_ports {
	void *context;
	void (*uart)(void *context, const uint8_t *bytes, size_t size); /* to the host */
	unsigned (*host_baud)(void *context);
	void (*aux)(void *context, int level); /* 0, 1, -1 = not driven */
	void (*air)(void *context, const uint8_t *bytes, size_t size);
	/* The receiver is on that frequency, or off (frequency 0). */
	void (*tune)(void *context, uint32_t frequency_hz, const struct lora_modulation *modulation, int power_dbm);
	/* Asks for the carrier, answered by ebyte_sim_carrier; NULL = never busy. */
	void (*listen)(void *context);
};

/* As delivered: flash with the maker's defaults, pins pulled up, supply just switched on. */
struct ebyte_sim *ebyte_sim_new(const struct ebyte_sim_options *options, const struct ebyte_sim_ports *ports,
				int64_t now_us);
void ebyte_sim_free(struct ebyte_sim *sim);

/* Levels of M0 and M1; a pin that floats is pulled up. */
void ebyte_sim_pins(struct ebyte_sim *sim, bool m0, bool m1, int64_t now_us);
/* Bytes written by the host, one behind the other at its speed. */
void ebyte_sim_uart(struct ebyte_sim *sim, const uint8_t *bytes, size_t size, int64_t now_us);
/* A packet was on the air, and is over. */
void ebyte_sim_heard(struct ebyte_sim *sim, double rssi_dbm, const uint8_t *bytes, size_t size, int64_t now_us);
void ebyte_sim_sent(struct ebyte_sim *sim, int64_t now_us);
void ebyte_sim_carrier(struct ebyte_sim *sim, bool busy, int64_t now_us);

/* When something happens by itself next, INT64_MAX = nothing; and lets what is due by now happen. */
int64_t ebyte_sim_next_us(const struct ebyte_sim *sim);
void ebyte_sim_advance(struct ebyte_sim *sim, int64_t now_us);

/* Registers (E32: block) in flash and RAM, as if somebody had set them before. */
void ebyte_sim_preset(struct ebyte_sim *sim, const uint8_t *registers, int64_t now_us);

/* Supply off and on, or the watchdog: what was only in RAM is gone. */
void ebyte_sim_restart(struct ebyte_sim *sim, int64_t now_us);
/* Supply off for good, or back. */
void ebyte_sim_set_absent(struct ebyte_sim *sim, bool absent, int64_t now_us);
/* The faults that can come and go. */
void ebyte_sim_set_options(struct ebyte_sim *sim, const struct ebyte_sim_options *options);

/* For checks: the registers as they are in RAM or flash (E32: the block), writes to flash since the beginning, bytes lost at a full
 * buffer, mode (bit 0 M0, bit 1 M1). */
const uint8_t *ebyte_sim_registers(const struct ebyte_sim *sim, bool flash);
unsigned ebyte_sim_flash_writes(const struct ebyte_sim *sim);
unsigned ebyte_sim_overflow(const struct ebyte_sim *sim);
unsigned ebyte_sim_mode(const struct ebyte_sim *sim);
/* Whether the self-check is over and no change of the pins is pending. */
bool ebyte_sim_is_ready(const struct ebyte_sim *sim);
