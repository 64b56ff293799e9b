/* The latest latencies of a class and their percentiles. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LATENCY_KEPT 512

struct latency {
	float ms[LATENCY_KEPT];
	size_t next, count;
};

/* Enters one; the oldest of more than LATENCY_KEPT goes. */
void latency_add(struct latency *latency, double ms);
/* The smallest of the kept values that at least `share` (0..1) of them do not exceed; NAN = none yet. */
double latency_percentile(const struct latency *latency, double share);
