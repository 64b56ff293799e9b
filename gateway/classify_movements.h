/* Which stations have an open movement: their positions are awaited, others' are background. Bounded; it lives in memory alone, and after a
 * restart a station's next waypoint brings it back. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct movements;

/* Room for `places` open movements. NULL: out of memory. */
struct movements *movements_new(size_t places);
void movements_free(struct movements *movements);

/* That movement of the station was heard of; `drill` ones and real ones are apart. With all places taken the one not heard of for longest is
 * forgotten. */
void movements_open(struct movements *movements, const char *station, int id, bool drill, int64_t now_ms);
void movements_close(struct movements *movements, const char *station, int id, bool drill);
bool movements_has(const struct movements *movements, const char *station, bool drill);
