/* The two urgent connections: messages take turns on them, and what one of them holds up is repeated on the other. */
#pragma once

#include "gateway/lane.h"

/* A lost packet holds up everything behind it on its connection for a round trip and more, but nothing on another connection. So two
 * connections share the urgent messages, and when an answer is overdue all that waits on that connection is published
 * once more on the other one; with QoS 1 a message may come twice, and the receiver knows it by its id. */
struct urgent {
	struct lane *lanes[2];
	struct lane *last;   /* had the latest turn */
	double allowance;    /* repeats that may be made */
	int64_t refilled_us; /* when the allowance was last raised */
};

/* The lane for the next message: one that is up and has room, rather one on which nothing is overdue, and each in turn. NULL: none. */
struct lane *urgent_lane(struct urgent *urgent, int64_t now_us);

/* Repeats what is overdue, within the allowance. Returns how many, or -ENOTCONN when a lane was found lost. *used: the lane that
 * was published on, to be marked and accounted for by the caller. */
int urgent_repeat(struct urgent *urgent, int64_t now_us, int64_t now_ms, bool full, struct lane **used);

/* When the next answer will be overdue that was not repeated yet, INT64_MAX = none. */
int64_t urgent_due_us(const struct urgent *urgent);
