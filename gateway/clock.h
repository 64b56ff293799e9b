/* The clocks: one for intervals, the one on the wall for people, one that goes on evenly when that is set, and one that begins with the
 * machine. */
#pragma once

#include <stdint.h>

/* Microseconds since some fixed point: never jumps, stands still while the machine is suspended (CLOCK_MONOTONIC, as sd-event). */
int64_t clock_mono_us(void);
/* Unix milliseconds; jumps when somebody sets the clock. */
int64_t clock_wall_ms(void);

/* Milliseconds since the machine was started, suspended or not: nobody can set it. And a number that is another one after each start of the
 * machine, 0 = not known. Times of two runs can be compared by these two, whatever was done to the clock in between. */
int64_t clock_boot_ms(void);
uint64_t clock_boot_id(void);

/* Milliseconds for expiry, holding back and telling doubles: begins as Unix time and then goes on evenly, also while the machine is
 * suspended, whatever is done to the wall clock. A Raspberry Pi starts with the time of its last stop and is set right minutes later:
 * what waited then must not expire for it. Not for people. Of the event loop's thread alone. */
int64_t clock_steady_ms(void);
/* How far the wall clock is ahead because it was set. A later run must know it to understand times that were stored. */
int64_t clock_steady_lag_ms(void);
/* Takes up the steady clock of a former run, given its lag at the end. */
void clock_steady_resume(int64_t lag_ms);
