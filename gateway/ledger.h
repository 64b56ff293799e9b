/* What one transmitter has used of the airtime that its sub-band allows in any hour, and when it may transmit again. Pure: the clock is
 * passed in (clock_steady_ms), nothing is written.
 *
 * The hour slides. Each transmission counts whole from its beginning until an hour after its end, so that one that straddles the edge of
 * an hour is never counted in part. Ordinary traffic is allowed while
 *     other + max(urgent, reserve) <= limit,
 * DISTRESS and URGENT while other + urgent <= limit: so nothing but them ever uses the reserve. In an hour of alerts at equal distances
 * the one that begins as the first one leaves counts together with it: a reserve for 12 alerts an hour without waiting holds 13.
 *
 * 4096 transmissions of each kind are kept one by one, 16 bytes each and only as they come; beyond that neighbours are taken together as
 * if both had ended with the later one. So less is never counted than was used. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "gateway/block.h"

struct ledger;

struct ledger_settings {
	int64_t limit_us;   /* allowed in any hour, 0 = no limit */
	int64_t reserve_us; /* of it only for DISTRESS and URGENT */
	int64_t dwell_us;   /* longest single transmission, 0 = no limit */
};

#define LEDGER_NEVER INT64_MAX

/* NULL: out of memory. The settings are copied. */
struct ledger *ledger_new(const struct ledger_settings *settings);
void ledger_free(struct ledger *ledger);
/* Other limits from now on (a module said that it has other settings); what was used stays. */
void ledger_set(struct ledger *ledger, const struct ledger_settings *settings);

/* When a transmission of that length may begin at the earliest if nothing else is sent before: now_ms, or later. LEDGER_NEVER: it is
 * longer than a single one may be, or than all that its class may use in an hour. */
int64_t ledger_when_ms(const struct ledger *ledger, bool urgent, int64_t airtime_us, int64_t now_ms);
/* Books a transmission, also one that was not allowed. now_ms: its beginning; where only a later time is known, that, never an earlier
 * one. */
void ledger_spend(struct ledger *ledger, bool urgent, int64_t airtime_us, int64_t now_ms);

/* A transmission that was booked as begun at booked_ms began later, at really_ms, or was none: INT64_MIN. Where it cannot be told from others any
 * more it stays, too. */
void ledger_amend(struct ledger *ledger, bool urgent, int64_t airtime_us, int64_t booked_ms, int64_t really_ms);

struct ledger_level {
	int64_t limit_us, reserve_us; /* limit_us 0 = no limit; then both below that are left are 0 and mean nothing */
	int64_t spent_us;             /* in the last hour; without a limit to the minute */
	int64_t urgent_us;            /* of it by DISTRESS and URGENT */
	int64_t left_us, left_urgent_us; /* for ordinary traffic; for DISTRESS and URGENT */
	int64_t more_ms;                 /* when some of it comes back, 0 = nothing is used */
};
struct ledger_level ledger_level(const struct ledger *ledger, int64_t now_ms);

/* ---- across restarts; see ledger_memory.h ---- */

/* Nobody knows what was sent until until_ms: ordinary traffic counts as having used all of its share then, the reserve does not. */
void ledger_assume_used(struct ledger *ledger, int64_t until_ms);
/* It became known after all. */
void ledger_assume_known(struct ledger *ledger);
/* Ordinary traffic may have used so much more until then: that counts as used. For alerts former runs have not used more than that share,
 * however much is assumed. */
void ledger_assume_more(struct ledger *ledger, int64_t airtime_us, int64_t until_ms);

/* Ordinary traffic may use no more than this in any hour beyond what ledger_put has written and ledger_kept has found on disk. Not
 * called: as much as it likes. While a transmission is longer than that, ledger_when_ms gives a second later: the disk is being asked. */
void ledger_book(struct ledger *ledger, int64_t ahead_us);
/* What is used of that now. */
int64_t ledger_unkept_us(const struct ledger *ledger, int64_t now_ms);

enum { LEDGER_PUT_MAX = 8 + 2 * (4 + 64 * 12) };
/* Adds what was used in the last hour, and what is assumed of it, to a block, LEDGER_PUT_MAX bytes at most: times to the minute, rounded to the later side. */
void ledger_put(struct ledger *ledger, struct block_writer *writer, int64_t now_ms);
/* What ledger_put has written last is on disk. */
void ledger_kept(struct ledger *ledger);
/* Takes it up, also late, when more was booked already. shift_ms is added to the times; what lies after now_ms then counts as of now.
 * False: damaged, the reader has failed. */
bool ledger_get(struct ledger *ledger, struct block_reader *reader, int64_t shift_ms, int64_t now_ms);
