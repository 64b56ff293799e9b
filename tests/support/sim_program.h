/* What the programs of simulated modems share: a pty, lines, the ether, the clock, and commands on standard input. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/support/ether_client.h"

struct sim_program;

/* What a simulated modem does when something happens to it. Times are simulated, from 1 on. Any may be NULL but uart, next_us, advance. */
struct sim_device {
	const char *name; /* of the program, for messages */
	void *modem;
	void (*uart)(void *modem, const uint8_t *bytes, size_t size, int64_t now_us);
	void (*lines)(void *modem, int64_t now_us); /* a level may have changed */
	void (*heard)(void *modem, double rssi_dbm, double snr_db, const uint8_t *bytes, size_t size, int64_t now_us);
	void (*spoilt)(void *modem, int64_t now_us);
	void (*sent)(void *modem, int64_t now_us);
	void (*carrier)(void *modem, bool busy, int64_t now_us);
	/* When something happens by itself next, INT64_MAX = nothing; and lets what is due happen. */
	int64_t (*next_us)(const void *modem);
	void (*advance)(void *modem, int64_t now_us);
	/* A command on standard input that all do not have; answers with one line. false: not understood. */
	bool (*command)(void *modem, const char *command, FILE *out, int64_t now_us);
};

struct sim_places {
	const char *link;  /* of the pty; NULL = none */
	const char *lines; /* socket of its lines, NULL = none */
	const char *ether; /* NULL = nobody hears it */
	const char *name;  /* in the ether */
};

/* NULL: it said why on standard error. device is copied, places' texts must live as long. */
struct sim_program *sim_program_new(const struct sim_device *device, const struct sim_places *places);
void sim_program_free(struct sim_program *program);

/* Prints "ready PTY" and runs until standard input ends, or SIGTERM or SIGINT. Commands for all: unplug, plug (the serial line), say HEX
 * (bytes to the host, past the modem), lose N (of the bytes to the host one in N is lost; 0 = none). Each is answered by a line. */
void sim_program_run(struct sim_program *program);

/* For the modem. */
void sim_program_to_host(struct sim_program *program, const uint8_t *bytes, size_t size);
/* Speed of the host's port, 0 = unplugged or one that no constant stands for. */
unsigned sim_program_baud(const struct sim_program *program);
/* NULL: there is none. */
struct ether_client *sim_program_ether(const struct sim_program *program);
/* Level of a line, -1 = floats or no lines. */
int sim_program_level(const struct sim_program *program, const char *line);
