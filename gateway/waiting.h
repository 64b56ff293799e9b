/* The answer to the command list: what is on its way to the field, as JSON. */
#pragma once

#include "gateway/outgoing.h"

enum { WAITING_MAX = 100 };

/* At most WAITING_MAX of them, the most urgent of each radio first; *more: there are others. lag_ms: how far the wall clock is ahead of
 * the steady one. One array of objects with command, kind, class, radio, to, since, expires_at, stage, go_at, why; absent ones are
 * left out. The caller frees. NULL: out of memory. */
char *waiting_json(const struct outgoing *outgoing, int64_t lag_ms, bool *more);
