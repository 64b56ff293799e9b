/* How fast the bulk connection may send so that an alert finds the link empty: finds the rate of the link by itself. Pure: time and
 * measurements are passed in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A model of the link: one queue, drained at the estimated rate, fed with everything that is sent. Bulk may be sent when the modelled
 * queue is empty. Every answer from the far end says how long the real queue was and corrects the model: its position (so
 * that an error is drained away) and its rate. Bytes are bytes on the wire, with the headers of TCP and IP. */
struct pace;

/* What has to be remembered of something sent until it is answered. */
struct pace_mark {
	int64_t sent_us;
	double wire_bytes;  /* of this sending alone */
	double total_bytes; /* of all sendings up to and with this one */
	double wait_us;     /* modelled queue before it */
};

/* rate_max: bytes/s, 0 = no limit. NULL: out of memory. */
struct pace *pace_new(double rate_max);
void pace_free(struct pace *pace);

/* Something of that size was put on the wire at that time, whatever it was. Returns the mark to keep for its answer. Times are
 * monotonic microseconds and must not run backwards. */
struct pace_mark pace_sent(struct pace *pace, int64_t now_us, double wire_bytes);

/* The answer to a marked sending came. When several come at once pass the youngest only: the others waited for it. */
void pace_answered(struct pace *pace, const struct pace_mark *mark, int64_t now_us);

/* A loss was noticed: distances between answers say nothing about the rate until this round is over. A loss is never taken for a full
 * queue. */
void pace_disturbed(struct pace *pace);

/* When the next bulk may be sent; a time not after now_us = at once. */
int64_t pace_next_us(const struct pace *pace, int64_t now_us);

/* Bytes that may be handed down at once, of which at least one message goes in any case: on a slow link so few that an alert never
 * waits for more than a message or a sixth of the shortest round trip, on a fast one two milliseconds' worth. */
double pace_burst(const struct pace *pace);

/* Bytes that may be unanswered before bulk stops: a backstop for a link that has fallen silent. */
double pace_window(const struct pace *pace);

/* When the answer to a marked sending should be there, queue and all; it is worth a second try if it is not. 0 = nothing known yet. */
int64_t pace_due_us(const struct pace *pace, const struct pace_mark *mark);

/* Whether the rate of the link was found; before that pace_rate is a cautious guess. */
bool pace_is_known(const struct pace *pace);
double pace_rate(const struct pace *pace);   /* bytes/s */
double pace_rtt_us(const struct pace *pace); /* of the latest answer, 0 = none yet */
double
pace_base_rtt_us(const struct pace *pace);     /* without any queue and without the time on the wire, 0 = not known */
double pace_queue_us(const struct pace *pace); /* the shortest queue seen in the latest round */
