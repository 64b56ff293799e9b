/* The latest latencies of a class: a ring that is sorted only when someone asks. */
#include "gateway/latency.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void latency_add(struct latency *latency, double ms)
{
	latency->ms[latency->next] = (float)ms;
	latency->next = (latency->next + 1) % LATENCY_KEPT;
	if (latency->count < LATENCY_KEPT)
		latency->count++;
}

static int by_value(const void *left, const void *right)
{
	float a = *(const float *)left, b = *(const float *)right;
	return (a > b) - (a < b);
}

double latency_percentile(const struct latency *latency, double share)
{
	float sorted[LATENCY_KEPT];
	if (!latency->count)
		return NAN;
	memcpy(sorted, latency->ms, latency->count * sizeof(*sorted));
	qsort(sorted, latency->count, sizeof(*sorted), by_value);
	double rank = ceil(share * (double)latency->count);
	size_t index = rank < 1 ? 0 : (size_t)rank - 1;
	return sorted[index < latency->count ? index : latency->count - 1];
}
