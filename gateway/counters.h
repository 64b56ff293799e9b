/* Every drop, failure and transfer is counted by name; status, state and the metrics page read from here. */
#pragma once

#include <stdint.h>

struct counters;

/* A named number. Keep the pointer and add to value; it lives as long as its counters. */
struct counter {
	uint64_t value;
	struct counter *next;
	char group[32]; /* "radio.vhf", "uplink", "store" */
	char name[48];  /* "drop.bad_address", "published" */
};

struct counters *counters_new(void);
void counters_free(struct counters *counters);

/* The counter of that name, made at first use. Names longer than the fields are cut. Never NULL: out of memory ends the
 * program, as everywhere where a few bytes at start are missing. */
struct counter *counters_get(struct counters *counters, const char *group, const char *name);

/* All counters in the order they were made; walk with ->next. NULL = none. */
const struct counter *counters_first(const struct counters *counters);
