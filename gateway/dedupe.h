/* One transmission is one message, by however many radios or digipeaters it came. Its memory can be saved and recalled. The clock
 * is passed in; the only thing it asks the system for is a random key, so that nobody can make ids that look like another's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dedupe;

/* Remembers at most `capacity` ids (1 to 1048576) for window_ms (at most 24 days) each; beyond that the oldest is forgotten. Takes
 * 24 to 32 bytes an id. NULL: out of memory, or no random key to be had. */
struct dedupe *dedupe_new(size_t capacity, int64_t window_ms);
void dedupe_free(struct dedupe *dedupe);

/* True if id or alt_id ("" = none) was first seen less than the window before now_ms (Unix). Otherwise id is remembered; hearing it
 * again does not prolong that. A clock that jumps back by more than the window makes it forget rather than swallow, and one
 * that jumps forward too. */
bool dedupe_seen(struct dedupe *dedupe, const char *id, const char *alt_id, int64_t now_ms);

/* Writes what is still inside the window as a block of bytes; returns its size, at most size. If not all fits, the newest are
 * saved; 0 if nothing fits. */
size_t dedupe_save(const struct dedupe *dedupe, int64_t now_ms, uint8_t *bytes, size_t size);
/* Room for all: 44 bytes, and 12 for each id. Saved no more often than once a window, that is 12 bytes a message. */
size_t dedupe_save_size(const struct dedupe *dedupe);
/* Takes such a block in, before the first id is seen. A damaged or foreign block is refused whole: false. */
bool dedupe_recall(struct dedupe *dedupe, const uint8_t *bytes, size_t size, int64_t now_ms);
