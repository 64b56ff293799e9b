/* What the programs of simulated modems share: options, a pty, lines, the ether, the clock, faults, and commands on standard input. */
#pragma once

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "drivers/codec/lora_airtime.h"
#include "tests/support/ether_client.h"

enum { SIM_FAULTS_MAX = 16 };

struct sim_program;

/* What a simulated modem does when something happens to it. Times are simulated, from 1 on. Any may be NULL but uart, next_us, advance. */
struct sim_device {
	const char *name; /* of the program, for messages */
	void *modem;
	void (*uart)(void *modem, const uint8_t *bytes, size_t size, int64_t now_us);
	void (*lines)(void *modem, int64_t now_us); /* levels may have changed, or not */
	void (*heard)(void *modem, double rssi_dbm, double snr_db, const uint8_t *bytes, size_t size, int64_t now_us);
	void (*spoilt)(void *modem, int64_t now_us);
	void (*sent)(void *modem, int64_t now_us);
	void (*carrier)(void *modem, bool busy, int64_t now_us);
	/* When something happens by itself next, INT64_MAX = nothing; and lets what is due happen. */
	int64_t (*next_us)(const void *modem);
	void (*advance)(void *modem, int64_t now_us);
	/* Number of the fault of that name, -1 = it has none such; and switches it. */
	int (*fault_named)(const char *name);
	void (*set_fault)(void *modem, int fault, bool on, int64_t now_us);
	/* One line about its state, best of JSON. */
	void (*print)(const void *modem, FILE *out);
	/* A command on standard input that not all have. false: not understood. */
	bool (*command)(void *modem, const char *command, int64_t now_us);
};

/* What the command line says to all of them; texts are those of main. */
struct sim_options {
	const char *link;  /* of the pty; NULL = none */
	const char *lines; /* socket of its lines, NULL = none */
	const char *ether; /* NULL = nobody hears it */
	const char *name;  /* in the ether */
	const char *faults[SIM_FAULTS_MAX];
	size_t fault_count;
};

/* --link PATH --lines SOCKET --ether SOCKET --name NAME --fault NAME..., and as short ones -l -i -e -n -x: to be the only child of a
 * program's own parser, which passes its struct sim_options on when it is called with ARGP_KEY_INIT. */
extern const struct argp_child sim_program_argp[];

/* NULL: it said why on standard error. device is copied, options must live as long. */
struct sim_program *sim_program_new(const struct sim_device *device, const struct sim_options *options);
void sim_program_free(struct sim_program *program);

/* Switches the faults of the options on, prints "ready PTY" and runs until standard input ends, or SIGTERM or SIGINT. Commands for all,
 * each answered by a line:
 *   unplug, plug                 the serial line
 *   say HEX                      bytes to the host, past the modem
 *   lose N                       of the bytes to the host one in N is lost; 0 = none
 *   fault NAME, no-fault NAME    where it has faults
 *   state                        where it can print it */
void sim_program_run(struct sim_program *program);

/* ---- for the modem; the first parameter is a struct sim_program, so that they may be its ports ---- */

void sim_program_to_host(void *program, const uint8_t *bytes, size_t size);
/* Speed of the host's port, 0 = unplugged or one that no constant stands for. */
unsigned sim_program_baud(void *program);
/* The ether: nothing happens where there is none. Tuned as LoRa with the sync word of private networks; frequency_hz 0 = off. */
void sim_program_send(void *program, const uint8_t *bytes, size_t size);
void sim_program_listen(void *program);
void sim_program_tune(void *program, uint32_t frequency_hz, const struct lora_modulation *modulation, int power_dbm);
/* For what is no LoRa; NULL: there is none. */
struct ether_client *sim_program_ether(const struct sim_program *program);
/* Level of a line, -1 = floats or no lines; and drives one, -1 = lets go of it. */
int sim_program_level(const struct sim_program *program, const char *line);
void sim_program_drive(struct sim_program *program, const char *line, int level);
