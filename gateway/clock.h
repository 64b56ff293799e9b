/* The two clocks: one that never jumps, for intervals, and the one on the wall, for people. */
#pragma once

#include <stdint.h>

/* Microseconds since some fixed point: never jumps, stands still while the machine is suspended (CLOCK_MONOTONIC, as sd-event). */
int64_t clock_mono_us(void);
/* Unix milliseconds; jumps when somebody sets the clock. */
int64_t clock_wall_ms(void);
