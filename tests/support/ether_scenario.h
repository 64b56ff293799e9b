/* What a simulated ether is like: region, places, losses, seed. Read from YAML (or JSON, which is YAML), or filled in by a test.
 *
 *   region: eu868              rules the auditor applies: eu868, eu433, us915, au915, as923, in865, kr920, or none
 *   seed: 1                    everything random comes from it
 *   random_loss: 0.02          part of the readable packets that a receiver misses all the same
 *   clutter_db: 10             added to every reckoned loss: trees, walls
 *   fading_db: 4               standard deviation of what each packet's loss differs from that
 *   noise_figure_db: 6         of every receiver
 *   stations:                  a station that is not here stands at 0, 0
 *     base: {x_m: 0, y_m: 0, height_m: 10, antenna_dbi: 2.15}
 *   links:                     losses given from socket to socket instead of reckoned, both ways
 *     - {from: base, to: node1, loss_db: 120}
 *     - {from: node1, to: node2, hidden: true}
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/support/ether_propagation.h"

enum { ETHER_NAME_MAX = 32, ETHER_PLACES_MAX = 256, ETHER_LINKS_MAX = 1024 };

struct ether_placed {
	char name[ETHER_NAME_MAX];
	struct ether_place place;
};

struct ether_link {
	char from[ETHER_NAME_MAX], to[ETHER_NAME_MAX];
	double loss_db; /* INFINITY = hidden from one another */
};

struct ether_scenario {
	char region[16]; /* "" = no rules */
	uint64_t seed;
	double random_loss, clutter_db, fading_db, noise_figure_db;
	struct ether_placed places[ETHER_PLACES_MAX];
	size_t place_count;
	struct ether_link links[ETHER_LINKS_MAX];
	size_t link_count;
};

/* No rules, seed 1, nothing random, nobody placed. */
void ether_scenario_init(struct ether_scenario *scenario);

/* Reads a file; false after writing what is wrong, with lines, to `errors`. */
bool ether_scenario_load(struct ether_scenario *scenario, const char *path, FILE *errors);

/* Adds to the scenario; beyond the limits, or with a name too long, false. */
bool ether_scenario_place(struct ether_scenario *scenario, const char *name, const struct ether_place *place);
bool ether_scenario_link(struct ether_scenario *scenario, const char *from, const char *to, double loss_db);

/* Where a station stands. */
struct ether_place ether_scenario_place_of(const struct ether_scenario *scenario, const char *name);
/* The given loss between two stations, or -1: to be reckoned. */
double ether_scenario_loss_db(const struct ether_scenario *scenario, const char *one, const char *other);
