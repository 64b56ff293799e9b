/* The rate estimator and sender's clock of the bulk connection: a phase-locked model of the link's queue. */
#include "gateway/pace.h"

#include <math.h>
#include <stdlib.h>

#define US_PER_S 1e6
#define RATE_START                                                                                                     \
	3000.0 /* 24 kbit/s: low, so that finding a slow link does not flood it; a short one is known at once */
#define RATE_FLOOR        500.0
#define RATE_CEILING      1.25e9
#define SEGMENT_BYTES     1450.0
#define BURST_US          2000.0 /* of a fast link */
#define BURST_SHARE       6.0    /* of the shortest round trip */
#define LEAD_US           300.0  /* how much too early bulk may be sent: covers a timer that fires late */
#define WINDOWS           6      /* of 10 s: how long a shortest round trip is believed */
#define WINDOW_US         10000000
#define SIZES             12
#define SIZE_STEP         128.0
#define ROUND_SAMPLES     4
#define ROUND_MIN_US      20000
#define QUEUE_MIN_US      3000.0 /* below is jitter */
#define QUEUE_SHARE       0.06   /* of the time that a burst takes on the wire: below is not a queue either */
#define USED_SHARE        0.85   /* of the allowance: growing needs proof that the present rate was really tried */
#define START_GROWTH      1.35   /* a round, until the first queue */
#define START_FAST        125000.0
#define GROWTH            0.004 /* a second, after a queue was seen */
#define GROWTH_DOUBLE_US  3e6   /* and doubling in this time without a queue */
#define GROWTH_MAX        0.12  /* a round */
#define START_QUEUE_SHARE 0.3
#define START_QUEUE_US    12000.0
#define START_DOUBLINGS   3
#define REBASE_STRIKES    3
#define REBASE_SHARE      0.7
#define DUE_MIN_US        30000.0 /* later than this and a part of the round trip an answer is overdue */
#define DUE_SHARE         32.0
#define HELD_UP_SHARE     0.5 /* of the time on the wire: answers closer than this waited for a lost one before them */
#define DISTURBED_ROUNDS  2   /* until all answers that a loss held up are through */
#define LARGE_EXCESS      0.3
#define MEASURED_SPREAD   0.03
#define WINDOW_SLACK_S    0.4

/* A round trip of something that size on the wire. */
struct trip {
	double rtt_us, wire_bytes; /* rtt 0 = none */
};

/* The shortest round trips of one stretch of time, by size. */
struct window {
	int64_t begun_us; /* 0 = unused */
	double rate;      /* the best that the link was seen to carry then */
	struct trip shortest[SIZES];
};

/* One round: what is sent at one rate, until enough of it was answered to judge that rate. */
struct round {
	int64_t begun_us;
	double begun_total;
	unsigned samples;
	double queue_us;              /* the smallest seen */
	double longest_us, second_us; /* the two largest */
	double error_us;              /* the smallest difference between the queue seen and the modelled one */
	int64_t first_us, last_us;
	double first_total, last_total;
	struct trip shortest;
};

struct pace {
	double rate, rate_max;
	double proven_rate;   /* that the link was seen to carry */
	double round_rate;    /* the rate at the begin of the round before this one */
	double busy_until_us; /* when the modelled queue is empty */
	double total_bytes;
	double burst_bytes; /* recent size of a sending, for thresholds */
	bool starting;      /* no queue seen yet */
	bool running;       /* something was sent */
	int64_t quiet_us;   /* when the last queue was seen */
	double rtt_us, queue_us, last_error_us;
	double last_measured; /* in the latest round with a queue */
	int64_t answered_us;  /* the latest answer */
	unsigned strikes;
	double rate_before; /* when they began */
	unsigned disturbed; /* rounds to go */
	struct window windows[WINDOWS];
	struct round round;
};

static void round_begin(struct pace *pace, int64_t now_us)
{
	pace->round = (struct round){.begun_us = now_us,
				     .begun_total = pace->total_bytes,
				     .last_total = pace->total_bytes,
				     .queue_us = INFINITY,
				     .error_us = INFINITY};
}

struct pace *pace_new(double rate_max)
{
	struct pace *pace = calloc(1, sizeof(*pace));
	if (!pace)
		return NULL;
	pace->rate_max = rate_max > 0 ? fmin(rate_max, RATE_CEILING) : RATE_CEILING;
	pace->rate = pace->proven_rate = fmin(RATE_START, pace->rate_max);
	pace->starting = true;
	return pace;
}

void pace_free(struct pace *pace)
{
	free(pace);
}

static void set_rate(struct pace *pace, double rate)
{
	pace->rate = fmin(fmax(rate, RATE_FLOOR), pace->rate_max);
}

struct pace_mark pace_sent(struct pace *pace, int64_t now_us, double wire_bytes)
{
	double now = (double)now_us;
	if (!pace->running) {
		pace->running = true;
		pace->quiet_us = now_us;
		round_begin(pace, now_us);
	}
	if (pace->busy_until_us < now)
		pace->busy_until_us = now;
	struct pace_mark mark = {.sent_us = now_us, .wire_bytes = wire_bytes, .wait_us = pace->busy_until_us - now};
	pace->busy_until_us += wire_bytes / pace->rate * US_PER_S;
	pace->total_bytes += wire_bytes;
	mark.total_bytes = pace->total_bytes;
	return mark;
}

static double wire_us(double wire_bytes, double rate)
{
	return wire_bytes / rate * US_PER_S;
}

static double best_rate(const struct pace *pace)
{
	double rate = pace->proven_rate;
	for (unsigned i = 0; i < WINDOWS; i++)
		if (pace->windows[i].begun_us)
			rate = fmax(rate, pace->windows[i].rate);
	return rate;
}

/* The round trip of so many bytes if there were no queue: that of the same size seen lately, or of a smaller one and the time that
 * the rest takes on the wire. What is guessed of the rate must never make a queue where there is none, or the rate could not
 * be raised again: so a larger one is only compared as it is, and where the rate is now thought lower than the link was seen to
 * carry, the whole is given the time that it would take at the lower one. */
static double expected_us(const struct pace *pace, double wire_bytes)
{
	double best = best_rate(pace), expected = INFINITY;
	for (unsigned i = 0; i < WINDOWS; i++)
		for (unsigned size = 0; pace->windows[i].begun_us && size < SIZES; size++) {
			const struct trip *trip = &pace->windows[i].shortest[size];
			if (trip->rtt_us > 0)
				expected = fmin(expected,
						trip->rtt_us + wire_us(fmax(wire_bytes - trip->wire_bytes, 0), best));
		}
	if (pace->rate < best)
		expected += wire_us(wire_bytes, pace->rate) - wire_us(wire_bytes, best);
	return expected;
}

static double base_us(const struct pace *pace)
{
	double best = best_rate(pace), base = INFINITY;
	for (unsigned i = 0; i < WINDOWS; i++)
		for (unsigned size = 0; pace->windows[i].begun_us && size < SIZES; size++) {
			const struct trip *trip = &pace->windows[i].shortest[size];
			if (trip->rtt_us > 0)
				base = fmin(base, trip->rtt_us - wire_us(trip->wire_bytes, best));
		}
	return fmax(base, 0);
}

static void note_trip(struct pace *pace, const struct trip *trip, int64_t now_us)
{
	struct window *window = &pace->windows[now_us / WINDOW_US % WINDOWS];
	if (!window->begun_us || window->begun_us / WINDOW_US != now_us / WINDOW_US)
		*window = (struct window){.begun_us = now_us};
	window->rate = fmax(window->rate, pace->proven_rate);
	unsigned size = (unsigned)fmin(trip->wire_bytes / SIZE_STEP, SIZES - 1);
	struct trip *shortest = &window->shortest[size];
	double longer = wire_us(trip->wire_bytes - shortest->wire_bytes, window->rate);
	if (!(shortest->rtt_us > 0) || trip->rtt_us < shortest->rtt_us + longer)
		*shortest = *trip;
}

static void forget_old_trips(struct pace *pace, int64_t now_us)
{
	for (unsigned i = 0; i < WINDOWS; i++)
		if (now_us - pace->windows[i].begun_us > (int64_t)WINDOWS * WINDOW_US)
			pace->windows[i].begun_us = 0;
}

static double threshold_us(const struct pace *pace)
{
	double wire = wire_us(pace->burst_bytes, pace->rate);
	return pace->starting ? fmax(START_QUEUE_US, START_QUEUE_SHARE * wire) : fmax(QUEUE_MIN_US, QUEUE_SHARE * wire);
}

/* What passed the link between the first and the last answer of the round: the rate of the link, if it had a queue all the time. */
static double measured_rate(const struct round *round)
{
	double span_us = (double)(round->last_us - round->first_us);
	return span_us > 0 ? (round->last_total - round->first_total) / span_us * US_PER_S : 0;
}

static void grow(struct pace *pace, int64_t now_us)
{
	double span_us = (double)(now_us - pace->round.begun_us);
	double sent = pace->total_bytes - pace->round.begun_total;
	pace->proven_rate = fmax(pace->proven_rate, pace->round_rate);
	if (sent < USED_SHARE * pace->rate * span_us / US_PER_S)
		return;
	if (pace->starting) {
		set_rate(pace, pace->rate * (pace->rate < START_FAST ? START_GROWTH : 2));
		return;
	}
	double growth = GROWTH * span_us / US_PER_S * exp2((double)(now_us - pace->quiet_us) / GROWTH_DOUBLE_US);
	set_rate(pace, pace->rate * (1 + fmin(growth, GROWTH_MAX)));
}

/* What was tried above the present rate was too much then as well. */
static void believe_rate(struct pace *pace)
{
	for (unsigned i = 0; i < WINDOWS; i++)
		pace->windows[i].rate = fmin(pace->windows[i].rate, pace->rate);
}

/* Whether this round and the last one with a queue measured the same. Answers that a loss held up never do. */
static bool measured_twice(struct pace *pace, double measured)
{
	double before = pace->last_measured;
	pace->last_measured = measured;
	return fabs(measured - before) < MEASURED_SPREAD * measured;
}

/* What came out of the link while it had a queue is what it carries, if it can be believed. In any case the model was right at the
 * begin of the round, and what the queue is longer now has come from sending too fast since. Never more than was sent: answers that
 * were held up together and come together look like a fast link. */
static void follow_queue(struct pace *pace, int64_t now_us)
{
	double excess = fmax(pace->round.error_us, 0) / (double)(now_us - pace->round.begun_us);
	double measured = measured_rate(&pace->round);
	bool twice = measured_twice(pace, measured);
	measured = fmin(measured, pace->rate);
	if (excess > LARGE_EXCESS && !pace->disturbed) {
		set_rate(pace, fmax(measured, pace->rate / 2));
	} else {
		set_rate(pace, twice ? measured : fmax(measured, pace->rate / (1 + fmin(excess, 1))));
		believe_rate(pace);
	}
	pace->quiet_us = pace->disturbed ? pace->quiet_us + (now_us - pace->quiet_us) / 2 : now_us;
	pace->proven_rate = pace->rate;
}

static void end_start(struct pace *pace, int64_t now_us)
{
	double measured = fmin(measured_rate(&pace->round), pace->rate);
	set_rate(pace, fmax(measured, pace->rate / START_GROWTH));
	believe_rate(pace);
	pace->proven_rate = pace->rate;
	pace->quiet_us = now_us - (int64_t)(START_DOUBLINGS * GROWTH_DOUBLE_US);
	pace->starting = false;
}

/* At the start all sendings are of one size, so that the longer round trips can be trusted as well, but one, unless there was a loss. */
static bool queue_seen(const struct pace *pace)
{
	bool by_longest = pace->starting && !pace->disturbed;
	return (by_longest ? pace->round.second_us : pace->round.error_us) > threshold_us(pace);
}

/* A queue that does not get shorter although we let it drain is no queue: the path became longer. */
static bool path_became_longer(struct pace *pace, double rate_before)
{
	double error = pace->round.error_us;
	bool stays = pace->last_error_us > 0 && error > REBASE_SHARE * pace->last_error_us;
	if (!stays) {
		pace->strikes = 0;
		pace->rate_before = rate_before;
	} else if (!pace->disturbed) {
		pace->strikes++;
	}
	pace->last_error_us = error;
	return pace->strikes >= REBASE_STRIKES;
}

static void rebase(struct pace *pace, int64_t now_us)
{
	for (unsigned i = 0; i < WINDOWS; i++)
		pace->windows[i].begun_us = 0;
	note_trip(pace, &pace->round.shortest, now_us);
	set_rate(pace, pace->rate_before);
	pace->strikes = 0;
	pace->last_error_us = 0;
}

/* Moves the model to where the queue really is. */
static void correct_phase(struct pace *pace, int64_t now_us, double rate_before)
{
	double error = pace->round.error_us;
	if (error <= threshold_us(pace)) {
		pace->strikes = 0;
		pace->last_error_us = 0;
	} else if (path_became_longer(pace, rate_before)) {
		rebase(pace, now_us);
		return;
	}
	if (error > 0)
		pace->busy_until_us = fmax(pace->busy_until_us, (double)now_us) + error;
}

static void round_end(struct pace *pace, int64_t now_us)
{
	double rate = pace->rate;
	pace->queue_us = pace->round.queue_us;
	if (!queue_seen(pace))
		grow(pace, now_us);
	else if (pace->starting)
		end_start(pace, now_us);
	else
		follow_queue(pace, now_us);
	correct_phase(pace, now_us, rate);
	pace->round_rate = rate;
	if (pace->disturbed)
		pace->disturbed--;
	forget_old_trips(pace, now_us);
	round_begin(pace, now_us);
}

static void round_add(struct pace *pace, const struct pace_mark *mark, const struct trip *trip, int64_t now_us)
{
	struct round *round = &pace->round;
	double queue = trip->rtt_us - expected_us(pace, trip->wire_bytes);
	double error = queue - mark->wait_us;
	if (!round->samples++) {
		round->first_us = now_us;
		round->first_total = mark->total_bytes;
	}
	round->last_us = now_us;
	round->last_total = mark->total_bytes;
	if (error < round->error_us)
		round->shortest = *trip;
	round->queue_us = fmin(round->queue_us, queue);
	round->error_us = fmin(round->error_us, error);
	round->second_us = fmax(round->second_us, fmin(error, round->longest_us));
	round->longest_us = fmax(round->longest_us, error);
}

/* What was answered within a time has passed the link within it, so the link carries at least that: a short link is found with the
 * first answer. */
static void learn_least(struct pace *pace, const struct trip *trip)
{
	double least = trip->wire_bytes / trip->rtt_us * US_PER_S;
	if (!(trip->rtt_us > 0) || least <= pace->rate)
		return;
	set_rate(pace, least);
	pace->proven_rate = pace->rate;
}

void pace_answered(struct pace *pace, const struct pace_mark *mark, int64_t now_us)
{
	struct trip trip = {.rtt_us = (double)(now_us - mark->sent_us), .wire_bytes = mark->wire_bytes};
	pace->rtt_us = trip.rtt_us;
	pace->burst_bytes += (mark->wire_bytes - pace->burst_bytes) / 8;
	note_trip(pace, &trip, now_us);
	if (pace->starting)
		learn_least(pace, &trip);
	bool held_up = (double)(now_us - pace->answered_us) < HELD_UP_SHARE * wire_us(mark->wire_bytes, pace->rate);
	pace->answered_us = now_us;
	if (held_up || mark->sent_us < pace->round.begun_us || mark->total_bytes <= pace->round.last_total)
		return;
	round_add(pace, mark, &trip, now_us);
	if (pace->round.samples >= ROUND_SAMPLES && now_us - pace->round.begun_us >= ROUND_MIN_US)
		round_end(pace, now_us);
}

void pace_disturbed(struct pace *pace)
{
	pace->disturbed = DISTURBED_ROUNDS;
}

int64_t pace_next_us(const struct pace *pace, int64_t now_us)
{
	double next = pace->busy_until_us - fmax(LEAD_US, 0);
	return next > (double)now_us ? (int64_t)ceil(next) : now_us;
}

double pace_burst(const struct pace *pace)
{
	double base = pace->starting ? 0 : pace_base_rtt_us(pace);
	double slow = fmin(pace->rate * base / BURST_SHARE / US_PER_S, SEGMENT_BYTES);
	return fmax(slow, pace->rate * BURST_US / US_PER_S);
}

double pace_window(const struct pace *pace)
{
	return pace->rate * (2 * pace_base_rtt_us(pace) / US_PER_S + WINDOW_SLACK_S) + 2 * pace_burst(pace);
}

int64_t pace_due_us(const struct pace *pace, const struct pace_mark *mark)
{
	double base = pace_base_rtt_us(pace);
	if (base <= 0)
		return 0;
	double margin = fmax(DUE_MIN_US, base / DUE_SHARE) + wire_us(pace->burst_bytes, pace->rate) / 2;
	return mark->sent_us + (int64_t)(base + mark->wait_us + wire_us(mark->wire_bytes, pace->rate) + margin);
}

bool pace_is_known(const struct pace *pace)
{
	return !pace->starting;
}

double pace_rate(const struct pace *pace)
{
	return pace->rate;
}

double pace_rtt_us(const struct pace *pace)
{
	return pace->rtt_us;
}

double pace_base_rtt_us(const struct pace *pace)
{
	double base = base_us(pace);
	return isfinite(base) ? base : 0;
}

double pace_queue_us(const struct pace *pace)
{
	return pace->queue_us;
}
