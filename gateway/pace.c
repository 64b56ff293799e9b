/* The rate estimator and sender's clock of the bulk connection: a phase-locked model of the link's queue. */
#include "gateway/pace.h"

#include <math.h>
#include <stdlib.h>

#define US_PER_S         1e6
#define RATE_START       6000.0 /* 48 kbit/s: below the slowest link we promise to fill, so that finding it never floods it */
#define RATE_FLOOR       500.0
#define RATE_CEILING     1.25e9
#define SEGMENT_BYTES    1400.0
#define BURST_US         2000.0 /* of a fast link */
#define BURST_SHARE      6.0    /* of the shortest round trip */
#define LEAD_US          1000.0 /* how much too early bulk may be sent: covers a timer that fires late */
#define BASE_BUCKETS     6      /* of 10 s: how long a shortest round trip is believed */
#define BASE_BUCKET_US   10000000
#define ROUND_SAMPLES    4
#define ROUND_MIN_US     20000
#define QUEUE_MIN_US     3000.0 /* below is jitter */
#define QUEUE_SHARE      0.15   /* of the time that a burst takes on the wire: below is not a queue either */
#define USED_SHARE       0.85   /* of the allowance: growing needs proof that the present rate was really tried */
#define START_GROWTH     1.5    /* a round, until the first queue */
#define START_FAST       125000.0
#define GROWTH           0.01   /* a second, after a queue was seen */
#define GROWTH_DOUBLE_US 4e6    /* and doubling in this time without a queue */
#define GROWTH_MAX       0.25   /* a round */
#define REBASE_STRIKES   2

struct base_bucket {
	int64_t begun_us; /* 0 = unused */
	double rtt_us, wire_bytes, rate;
};

/* One round: from a moment until the answer to something sent after it. */
struct round {
	int64_t begun_us;
	double begun_total;
	unsigned samples;
	double queue_us; /* the smallest seen */
	double error_us; /* the smallest difference between the queue seen and the modelled one */
	int64_t first_us, last_us;
	double first_total, last_total;
	struct base_bucket shortest;
	bool disturbed;
};

struct pace {
	double rate, rate_max;
	double busy_until_us; /* when the modelled queue is empty */
	double total_bytes, shift_us;
	double burst_bytes; /* recent size of a sending, for thresholds */
	bool starting;      /* no queue seen yet */
	bool running;       /* something was sent */
	int64_t quiet_us;   /* when the last queue was seen */
	double rtt_us, queue_us, last_error_us;
	unsigned strikes;
	struct base_bucket buckets[BASE_BUCKETS];
	struct round round;
};

static void round_begin(struct pace *pace, int64_t now_us)
{
	pace->round = (struct round){
	    .begun_us = now_us, .begun_total = pace->total_bytes, .queue_us = INFINITY, .error_us = INFINITY};
}

struct pace *pace_new(double rate_max)
{
	struct pace *pace = calloc(1, sizeof(*pace));
	if (!pace)
		return NULL;
	pace->rate_max = rate_max > 0 ? fmin(rate_max, RATE_CEILING) : RATE_CEILING;
	pace->rate = fmin(RATE_START, pace->rate_max);
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
	struct pace_mark mark = {.sent_us = now_us,
				 .wire_bytes = wire_bytes,
				 .wait_us = pace->busy_until_us - now,
				 .shift_us = pace->shift_us};
	pace->busy_until_us += wire_bytes / pace->rate * US_PER_S;
	pace->total_bytes += wire_bytes;
	mark.total_bytes = pace->total_bytes;
	return mark;
}

/* The shortest round trip without the time on the wire. A bucket filled while the rate was underestimated is judged by the present
 * rate: else a link that became faster would look as if its path had become shorter, and what the new rate then makes of a
 * segment as if it were a queue. */
static double base_us(const struct pace *pace)
{
	double base = INFINITY;
	for (unsigned i = 0; i < BASE_BUCKETS; i++) {
		const struct base_bucket *bucket = &pace->buckets[i];
		if (bucket->begun_us)
			base = fmin(base, bucket->rtt_us - bucket->wire_bytes / fmax(bucket->rate, pace->rate) * US_PER_S);
	}
	return fmax(base, 0);
}

static double bucket_base_us(const struct base_bucket *bucket)
{
	return bucket->rtt_us - bucket->wire_bytes / bucket->rate * US_PER_S;
}

static void note_base(struct pace *pace, const struct base_bucket *sample)
{
	struct base_bucket *bucket = &pace->buckets[sample->begun_us / BASE_BUCKET_US % BASE_BUCKETS];
	bool old = bucket->begun_us / BASE_BUCKET_US != sample->begun_us / BASE_BUCKET_US;
	if (!bucket->begun_us || old || bucket_base_us(sample) < bucket_base_us(bucket))
		*bucket = *sample;
}

static void forget_old_bases(struct pace *pace, int64_t now_us)
{
	for (unsigned i = 0; i < BASE_BUCKETS; i++)
		if (now_us - pace->buckets[i].begun_us > (int64_t)BASE_BUCKETS * BASE_BUCKET_US)
			pace->buckets[i].begun_us = 0;
}

static double threshold_us(const struct pace *pace)
{
	return fmax(QUEUE_MIN_US, QUEUE_SHARE * pace->burst_bytes / pace->rate * US_PER_S);
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
	if (sent < USED_SHARE * pace->rate * span_us / US_PER_S)
		return;
	if (pace->starting) {
		set_rate(pace, pace->rate * (pace->rate < START_FAST ? START_GROWTH : 2));
		return;
	}
	double growth = GROWTH * span_us / US_PER_S * exp2((double)(now_us - pace->quiet_us) / GROWTH_DOUBLE_US);
	set_rate(pace, pace->rate * (1 + fmin(growth, GROWTH_MAX)));
}

static void follow_queue(struct pace *pace, int64_t now_us)
{
	double measured = measured_rate(&pace->round);
	pace->quiet_us = now_us;
	if (pace->round.disturbed || measured <= 0) {
		set_rate(pace, pace->rate * (pace->starting ? 1 / START_GROWTH : 0.99));
	} else if (pace->starting || fabs(measured - pace->rate) > 0.15 * pace->rate) {
		set_rate(pace, fmin(measured, pace->rate * 1.5));
	} else {
		set_rate(pace, (pace->rate + measured) / 2);
	}
	pace->starting = false;
}

/* A queue that does not get shorter although we let it drain is no queue: the path became longer. */
static bool path_became_longer(struct pace *pace)
{
	double error = pace->round.error_us;
	bool stays = pace->last_error_us > 0 && error > 0.6 * pace->last_error_us;
	pace->strikes = stays ? pace->strikes + 1 : 0;
	pace->last_error_us = error;
	return pace->strikes >= REBASE_STRIKES;
}

static void rebase(struct pace *pace)
{
	for (unsigned i = 0; i < BASE_BUCKETS; i++)
		pace->buckets[i].begun_us = 0;
	note_base(pace, &pace->round.shortest);
	pace->strikes = 0;
	pace->last_error_us = 0;
}

/* Moves the model to where the queue really is. */
static void correct_phase(struct pace *pace, int64_t now_us)
{
	double error = pace->round.error_us;
	if (error <= threshold_us(pace)) {
		pace->strikes = 0;
		pace->last_error_us = 0;
		return;
	}
	if (path_became_longer(pace)) {
		rebase(pace);
		return;
	}
	if (pace->busy_until_us < (double)now_us)
		pace->busy_until_us = (double)now_us;
	pace->busy_until_us += error;
	pace->shift_us += error;
}

static void round_end(struct pace *pace, int64_t now_us)
{
	pace->queue_us = pace->round.queue_us;
	if (pace->round.queue_us > threshold_us(pace))
		follow_queue(pace, now_us);
	else
		grow(pace, now_us);
	correct_phase(pace, now_us);
	forget_old_bases(pace, now_us);
	round_begin(pace, now_us);
}

static void round_add(struct pace *pace, const struct pace_mark *mark, const struct base_bucket *sample)
{
	struct round *round = &pace->round;
	double queue = bucket_base_us(sample) - base_us(pace);
	double error = queue - mark->wait_us - (pace->shift_us - mark->shift_us);
	if (!round->samples) {
		round->first_us = sample->begun_us;
		round->first_total = mark->total_bytes;
	}
	if (!round->samples || bucket_base_us(sample) < bucket_base_us(&round->shortest))
		round->shortest = *sample;
	round->last_us = sample->begun_us;
	round->last_total = mark->total_bytes;
	round->queue_us = fmin(round->queue_us, queue);
	round->error_us = fmin(round->error_us, error);
	round->samples++;
}

void pace_answered(struct pace *pace, const struct pace_mark *mark, int64_t now_us)
{
	struct base_bucket sample = {.begun_us = now_us,
				     .rtt_us = (double)(now_us - mark->sent_us),
				     .wire_bytes = mark->wire_bytes,
				     .rate = pace->rate};
	pace->rtt_us = sample.rtt_us;
	pace->burst_bytes += (mark->wire_bytes - pace->burst_bytes) / 8;
	note_base(pace, &sample);
	round_add(pace, mark, &sample);
	if (mark->sent_us >= pace->round.begun_us && pace->round.samples >= ROUND_SAMPLES &&
	    now_us - pace->round.begun_us >= ROUND_MIN_US)
		round_end(pace, now_us);
}

void pace_disturbed(struct pace *pace)
{
	pace->round.disturbed = true;
}

int64_t pace_next_us(const struct pace *pace, int64_t now_us)
{
	double next = pace->busy_until_us - fmax(LEAD_US, 0);
	return next > (double)now_us ? (int64_t)ceil(next) : now_us;
}

double pace_burst(const struct pace *pace)
{
	double base = pace_base_rtt_us(pace);
	double slow = fmin(pace->rate * base / BURST_SHARE / US_PER_S, SEGMENT_BYTES);
	return fmax(slow, pace->rate * BURST_US / US_PER_S);
}

double pace_window(const struct pace *pace)
{
	return pace->rate * (2 * fmax(pace->rtt_us, pace_base_rtt_us(pace)) / US_PER_S + 1) + 2 * pace_burst(pace);
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
