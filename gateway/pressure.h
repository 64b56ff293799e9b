/* Back-pressure: while much waits for the uplink, no port is read faster than any radio speaks, so that only a flood has to wait. */
#pragma once

#include "gateway/schedule.h"

struct pressure;

/* limit is called with true when ports shall be read slowly from now on, with false when they need not. NULL: out of memory. */
struct pressure *pressure_new(const struct schedule *schedule, void (*limit)(void *context, bool limited),
			      void *context);
void pressure_free(struct pressure *pressure);

/* Something was put into the schedule, or left it. Cheap. */
void pressure_check(struct pressure *pressure);
