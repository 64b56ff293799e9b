/* A schedule, entries for it and a record of what it drops, for its unit tests. */
#pragma once

#include "gateway/schedule.h"

/* The row of the entry that is made next; start_schedule sets it to 0. */
extern uint64_t next_row;

/* What left through drop since start_schedule. */
struct dropped {
	size_t expired, over_bound, replaced;
	uint64_t last_row;
	bool saw[1024]; /* by row */
};
extern struct dropped dropped;

/* Weights 6:3:1 and the same bound for every class. */
struct schedule *start_schedule(size_t bound_bytes);

/* An entry with the next row, accepted at 1000 ms plus the row; size is that of its payload. */
struct entry *make_full(enum message_class class, const char *station, enum message_kind kind, size_t size,
			int64_t expires_at_ms);
/* A text of 100 bytes that never expires. */
struct entry *make(enum message_class class, const char *station);
/* entry_footprint of such a text of a station with one letter. */
size_t footprint(void);
void put_many(struct schedule *schedule, enum message_class class, const char *station, size_t count);

/* The next one of all classes must be the one with this row; it is let go of. */
void assert_taken(struct schedule *schedule, uint64_t row);
void assert_empty(struct schedule *schedule);
