/* How many URGENT messages each station may still have this minute; bounded, however many call signs are made up. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct allowance;

/* per_minute messages each, for at most `stations` stations at a time. NULL: out of memory. */
struct allowance *allowance_new(unsigned per_minute, size_t stations);
void allowance_free(struct allowance *allowance);

/* Takes one out of the station's allowance; false: it is used up until a minute after the first was taken. With all places taken the
 * station that used least of its own is forgotten, of these the one idle for longest: a station at its limit stays there. */
bool allowance_take(struct allowance *allowance, const char *station, int64_t now_ms);
