/* The simulated link: a serializer, a delay, losses, and two streams whose answers keep their order. */
#include "tests/support/linksim.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define US_PER_S  1e6
#define FLIGHTS   8192
#define WAITS_MAX 20000
#define ACK_BYTES 52

enum { URGENT, BULK, STREAMS };

struct flight {
	struct pace_mark mark;
	int64_t answered_us;
	unsigned messages;
};

struct stream {
	struct flight flights[FLIGHTS];
	unsigned first, count;
	double arrived_us, answered_us; /* of the latest, in order */
};

struct linksim {
	struct linksim_settings settings;
	struct pace *pace;
	struct stream streams[STREAMS];
	double free_us; /* when the serializer is idle */
	int64_t now_us, next_alert_us, bulk_due_us, begun_us, traced_us;
	uint64_t random, bulk_delivered;
	double waits_ms[WAITS_MAX];
	unsigned waits;
};

/* splitmix64 (public domain, S. Vigna), scaled to [0, 1). */
static double random_unit(struct linksim *sim)
{
	uint64_t z = (sim->random += UINT64_C(0x9e3779b97f4a7c15));
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return (double)(z >> 11) / (double)(UINT64_C(1) << 53);
}

struct linksim *linksim_new(const struct linksim_settings *settings)
{
	struct linksim *sim = calloc(1, sizeof(*sim));
	if (!sim)
		return NULL;
	sim->settings = *settings;
	sim->random = settings->seed;
	sim->now_us = sim->begun_us = sim->traced_us = 1000000;
	sim->next_alert_us = settings->alert_every_us ? sim->now_us + settings->alert_every_us : INT64_MAX;
	sim->pace = pace_new(0);
	return sim;
}

void linksim_free(struct linksim *sim)
{
	if (!sim)
		return;
	pace_free(sim->pace);
	free(sim);
}

static bool lost(struct linksim *sim)
{
	return random_unit(sim) < sim->settings.loss;
}

static double serialize(struct linksim *sim, double bytes)
{
	double start = fmax(sim->free_us, (double)sim->now_us);
	sim->free_us = start + bytes * 8 / sim->settings.rate_bps * US_PER_S;
	return start;
}

/* Sends a segment; its answer will come in the order of its stream. Returns how long it waited for the serializer. */
static double send(struct linksim *sim, int which, double bytes, unsigned messages)
{
	struct stream *stream = &sim->streams[which];
	double delay = (double)sim->settings.delay_us, again = 2 * delay + 20000;
	double waited = serialize(sim, bytes) - (double)sim->now_us;
	double arrived = sim->free_us + delay;
	if (lost(sim)) {
		arrived += again;
		pace_disturbed(sim->pace);
	}
	arrived = stream->arrived_us = fmax(arrived, stream->arrived_us);
	double answered = arrived + delay + ACK_BYTES * 8 / sim->settings.rate_bps * US_PER_S;
	answered += random_unit(sim) * (double)sim->settings.jitter_us;
	if (lost(sim)) {
		answered += again;
		pace_disturbed(sim->pace);
	}
	answered = stream->answered_us = fmax(answered, stream->answered_us);
	if (stream->count == FLIGHTS)
		abort();
	stream->flights[(stream->first + stream->count++) % FLIGHTS] = (struct flight){
	    .mark = pace_sent(sim->pace, sim->now_us, bytes), .answered_us = (int64_t)answered, .messages = messages};
	return waited;
}

static void send_alert(struct linksim *sim)
{
	double waited = send(sim, URGENT, sim->settings.alert_bytes + sim->settings.overhead_bytes, 0);
	if (sim->waits < WAITS_MAX)
		sim->waits_ms[sim->waits++] = waited / 1000;
	sim->next_alert_us += sim->settings.alert_every_us;
}

static double flying_bytes(const struct linksim *sim)
{
	return sim->streams[BULK].count * sim->settings.bulk_bytes;
}

static void send_bulk(struct linksim *sim)
{
	double allowed = pace_burst(sim->pace);
	unsigned messages = 1;
	while ((messages + 1) * sim->settings.bulk_bytes + sim->settings.overhead_bytes <= allowed)
		messages++;
	send(sim, BULK, messages * sim->settings.bulk_bytes + sim->settings.overhead_bytes, messages);
}

static int64_t next_answer_us(const struct stream *stream)
{
	return stream->count ? stream->flights[stream->first].answered_us : INT64_MAX;
}

static void take_answers(struct linksim *sim, struct stream *stream)
{
	struct pace_mark youngest = {0};
	while (next_answer_us(stream) <= sim->now_us) {
		youngest = stream->flights[stream->first].mark;
		sim->bulk_delivered += stream->flights[stream->first].messages;
		stream->first = (stream->first + 1) % FLIGHTS;
		stream->count--;
	}
	if (youngest.sent_us && stream == &sim->streams[BULK])
		pace_answered(sim->pace, &youngest, sim->now_us);
}

static int64_t bulk_time(struct linksim *sim)
{
	if (flying_bytes(sim) > pace_window(sim->pace) || sim->streams[BULK].count > FLIGHTS / 2)
		return INT64_MAX;
	int64_t due = pace_next_us(sim->pace, sim->now_us);
	if (due > sim->now_us && due != sim->bulk_due_us)
		return due + (int64_t)(random_unit(sim) * (double)sim->settings.late_us);
	return due;
}

static void trace_line(struct linksim *sim)
{
	printf("%5.1f rate %8.0f queue %6.1f base %6.1f real queue %6.1f\n", linksim_now_s(sim),
	       8 * pace_rate(sim->pace), pace_queue_us(sim->pace) / 1000, pace_base_rtt_us(sim->pace) / 1000,
	       fmax(sim->free_us - (double)sim->now_us, 0) / 1000);
	sim->traced_us += 1000000;
}

void linksim_run(struct linksim *sim, int64_t us, bool trace)
{
	int64_t end_us = sim->now_us + us;
	while (sim->now_us < end_us) {
		int64_t bulk = bulk_time(sim), next = bulk;
		for (int i = 0; i < STREAMS; i++)
			if (next_answer_us(&sim->streams[i]) < next)
				next = next_answer_us(&sim->streams[i]);
		if (sim->next_alert_us < next)
			next = sim->next_alert_us;
		if (next > sim->now_us)
			sim->now_us = next;
		if (sim->now_us >= sim->next_alert_us)
			send_alert(sim);
		for (int i = 0; i < STREAMS; i++)
			take_answers(sim, &sim->streams[i]);
		if (bulk <= sim->now_us && pace_next_us(sim->pace, sim->now_us) <= sim->now_us)
			send_bulk(sim);
		if (trace && sim->now_us > sim->traced_us)
			trace_line(sim);
	}
}

void linksim_set_rate(struct linksim *sim, double rate_bps)
{
	sim->settings.rate_bps = rate_bps;
}

void linksim_set_delay(struct linksim *sim, int64_t delay_us)
{
	sim->settings.delay_us = delay_us;
}

void linksim_reset(struct linksim *sim)
{
	sim->waits = 0;
	sim->bulk_delivered = 0;
	sim->begun_us = sim->now_us;
}

double linksim_bulk_per_s(const struct linksim *sim)
{
	return (double)sim->bulk_delivered / ((double)(sim->now_us - sim->begun_us) / US_PER_S);
}

static int by_value(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;
	return (a > b) - (a < b);
}

double linksim_wait_ms(struct linksim *sim, double share)
{
	if (!sim->waits)
		return NAN;
	qsort(sim->waits_ms, sim->waits, sizeof(*sim->waits_ms), by_value);
	return sim->waits_ms[(unsigned)(share * (sim->waits - 1))];
}

const struct pace *linksim_pace(const struct linksim *sim)
{
	return sim->pace;
}

double linksim_now_s(const struct linksim *sim)
{
	return (double)(sim->now_us - 1000000) / US_PER_S;
}
