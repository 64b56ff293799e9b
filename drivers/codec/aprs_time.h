/* APRS times, which lack year and month, made whole. */
#pragma once

#include <stdint.h>

/* Milliseconds since 1970 UTC of a time as aprs_packet keeps it, seen from wall_ms (Unix, 0 = not known):
 * hour-minute-second is the one nearest to it, the others the last one that is not more than 12 hours ahead. 0 =
 * cannot be told: no clock, no time, the sender's local time ("092345/"), or a day that none of the last months has. */
int64_t aprs_time_resolve(const char *timestamp, int64_t wall_ms);
