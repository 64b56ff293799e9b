/* A radio's scheduler with entries whose airtime a test chooses, and a simulated clock that stands still unless a frame is sent. */
#pragma once

#include "gateway/transmit.h"

enum { TRANSMIT_RIG_ROWS = 8192 };

struct transmit_rig {
	struct transmit *transmit;
	struct ledger *ledger; /* NULL: no limit */
	int64_t now_ms;
	int64_t again_ms;         /* of the last take */
	enum message_class class; /* of the last one sent */
	int64_t airtime_us[CLASS_COUNT];
	unsigned frames[TRANSMIT_RIG_ROWS]; /* that an entry still takes, by row */
	uint64_t next_row;
	/* What left through drop. */
	size_t expired, over_bound, no_airtime;
	uint64_t last_dropped;
};

/* limit_us 0: no ledger. Frames of every class take 300 ms, at first; the clock begins at 1000 s. */
struct transmit_rig *transmit_rig_new(int64_t limit_us, int64_t reserve_us, double listening_share);
void transmit_rig_free(struct transmit_rig *rig);

/* Puts a new one; valid while it is in the scheduler. */
struct entry *transmit_rig_put(struct transmit_rig *rig, enum message_class class, const char *station);
struct entry *transmit_rig_put_frames(struct transmit_rig *rig, enum message_class class, const char *station,
				      unsigned frames);
struct entry *transmit_rig_put_exercise(struct transmit_rig *rig, enum message_class class, const char *station);
struct entry *transmit_rig_put_expiring(struct transmit_rig *rig, enum message_class class, const char *station,
					int64_t expires_at_ms);

/* Sends the frame that may go now: books it, lets its airtime pass, and brings back an entry that has more. Its row, or -1: nothing. */
int64_t transmit_rig_send(struct transmit_rig *rig);
/* The same after waiting until something may go; -1: nothing will. */
int64_t transmit_rig_wait(struct transmit_rig *rig);
