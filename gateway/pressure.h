/* Back-pressure: a flood is made to wait in the ports, for as long as that helps. */
#pragma once

#include <stdbool.h>
#include <systemd/sd-event.h>

#include "gateway/schedule.h"

struct pressure;

/* pause is called when ports shall no longer be read, and when they shall be again. NULL: out of memory. */
struct pressure *pressure_new(const struct schedule *schedule, void (*pause)(void *context, bool paused), void *context,
			      sd_event *event);
void pressure_free(struct pressure *pressure);

/* Something was put into the schedule, or left it. Cheap. */
void pressure_check(struct pressure *pressure);
