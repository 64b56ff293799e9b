/* What was heard must not be taken again: a sliding window over the counters of each station and key epoch. Pure; asks nobody.
 *
 * The highest counter and which of the 64 below it were taken are remembered. A higher one is always taken, however far ahead: a
 * handset may have jumped. The number of windows is bounded; the one not used for longest gives way, and is counted. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct replay;

enum {
	REPLAY_WINDOW = 64,
	REPLAY_WINDOWS_MAX = 32768,
};

/* Room for that many stations and epochs (1 to REPLAY_WINDOWS_MAX), 24 bytes each. NULL: out of memory. */
struct replay *replay_new(size_t windows);
void replay_free(struct replay *replay);

/* Takes the counter of an authentic frame. 0 (never seen, and taken), -EEXIST (seen), -ESTALE (older than the window). */
int replay_take(struct replay *replay, uint16_t station, uint8_t epoch, uint32_t counter);

/* How many windows gave way so far. */
uint64_t replay_given_way(const struct replay *replay);

/* Writes all windows as a block; returns its size, 0 if size is less than replay_save_size: 20 bytes, and 16 for each window. */
size_t replay_save(const struct replay *replay, uint8_t *bytes, size_t size);
size_t replay_save_size(const struct replay *replay);
/* Takes such a block in, also late: what was taken before or after it was made counts as taken. A damaged or foreign block is refused
 * whole: false. */
bool replay_recall(struct replay *replay, const uint8_t *bytes, size_t size);
