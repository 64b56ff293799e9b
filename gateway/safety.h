/* Which messages of a radio would be lost in a power cut now. Some devices forget what they have given, so the gateway takes from them only as
 * much as it can keep. */
#pragma once

#include <stddef.h>

#include "gateway/entry.h"

struct safety;

/* safer: a message of that radio has come to safety. NULL: out of memory. */
struct safety *safety_new(void (*safer)(void *context, size_t radio), void *context);
void safety_free(struct safety *safety);

/* The entry, which the store was asked to write, came from that radio (its place in the settings). Takes a reference of its own. Without
 * memory the entry is not watched, as if it were safe. */
void safety_watch(struct safety *safety, struct entry *entry, size_t radio);
/* The entry is on disk or with the broker, or will never be. Entries that are not watched are passed over. */
void safety_settle(struct safety *safety, const struct entry *entry);

/* Messages of that radio that are watched. */
size_t safety_count(const struct safety *safety, size_t radio);
