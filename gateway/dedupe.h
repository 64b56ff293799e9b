/* One transmission is one message, by however many radios or digipeaters it came. Pure; its memory can be saved and recalled. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dedupe;

/* Remembers at most `capacity` ids for window_ms each. */
struct dedupe *dedupe_new(size_t capacity, int64_t window_ms);
void dedupe_free(struct dedupe *dedupe);

/* True if id or alt_id ("" = none) was seen within the window before now_ms (Unix). Otherwise id is remembered.
 * A clock that jumps back by more than the window makes it forget rather than swallow. */
bool dedupe_seen(struct dedupe *dedupe, const char *id, const char *alt_id, int64_t now_ms);

/* Writes what is still inside the window as a block of bytes; returns its size, at most size. */
size_t dedupe_save(const struct dedupe *dedupe, int64_t now_ms, uint8_t *bytes, size_t size);
size_t dedupe_save_size(const struct dedupe *dedupe);
/* Takes such a block in. A damaged or foreign block is refused whole: false. */
bool dedupe_recall(struct dedupe *dedupe, const uint8_t *bytes, size_t size, int64_t now_ms);
