/* Simulated lines for unit tests: a simulator with a socket of its own. */
#pragma once

#include <stdbool.h>

#include "tests/support/gpio_sim.h"

struct line_rig {
	char directory[32], socket[64];
	struct gpio_sim *sim;
};

/* Set-up and tear-down of a test: *state is a struct line_rig. -1: it cannot be made, or something was left behind. */
int line_rig_set_up(void **state);
int line_rig_tear_down(void **state);

/* Waits for what clients do until the line has that level; no line is touched. false: a minute went by without. */
bool line_rig_reaches(const struct line_rig *rig, const char *name, int level);
