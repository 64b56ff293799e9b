/* Whether brokers can be reached: TCP connects in a worker thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gateway/uplink.h"
#include "gateway/worker.h"

struct probe;

/* reachable[i]: brokers[i] took a connection. Called once, on the loop; the probe is gone afterwards. */
typedef void probe_done_fn(void *context, const bool *reachable, size_t count);

/* Tries the first `count` brokers one after the other, each for at most timeout_ms. Host names are copied. NULL: out of memory or no
 * thread to be had, or earlier ones still hang in a look-up. */
struct probe *probe_start(struct worker *worker, const struct uplink_broker *brokers, size_t count, int64_t timeout_ms,
			  probe_done_fn *done, void *context);
/* Stops it without a call. NULL allowed. */
void probe_cancel(struct probe *probe);
