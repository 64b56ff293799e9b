/* The block that keeps a ledger across restarts. Pure: the clocks are passed in.
 *
 * It holds what was used in the last hour, and how much ordinary traffic was allowed to use beyond that before the next block: after a
 * kill that counts as used. How long ago it was written is never told by the wall clock, which anybody can set, and which a machine
 * without battery loses: within one start of the machine it is the time since then, and across a start of the machine at least the
 * time since that. So a clock that was set changes nothing, and what nobody knows counts as shorter ago than it may have been. */
#pragma once

#include "gateway/ledger.h"

/* The three clocks of gateway/clock.h, read together. */
struct ledger_now {
	int64_t steady_ms, boot_ms;
	uint64_t boot_id; /* 0 = not known */
};

enum { LEDGER_BLOCK_MAX = BLOCK_HEAD + 4 * 8 + LEDGER_PUT_MAX + BLOCK_TAIL };

/* ahead_us: what ordinary traffic may use from now on until the next block; 0 = nothing more is sent. Returns the size, 0 if it does not
 * fit. */
size_t ledger_block_write(struct ledger *ledger, int64_t ahead_us, const struct ledger_now *now, uint8_t *bytes,
			  size_t size);
/* Takes it up, also late. False: damaged or foreign; then parts of it may count. */
bool ledger_block_read(struct ledger *ledger, const uint8_t *bytes, size_t size, const struct ledger_now *now);
