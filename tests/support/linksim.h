/* A link under a simulated clock with one sender that obeys a pace: bulk that never ends, alerts now and then. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "gateway/pace.h"

struct linksim;

struct linksim_settings {
	double rate_bps;
	int64_t delay_us;  /* one way */
	double loss;       /* of packets, each way; a lost one comes a round trip later and holds up what follows it */
	int64_t jitter_us; /* answers come up to this much later */
	int64_t late_us;   /* the sender's timer fires up to this much too late */
	double bulk_bytes, alert_bytes, overhead_bytes;
	int64_t alert_every_us; /* 0 = none */
	uint64_t seed;
};

struct linksim *linksim_new(const struct linksim_settings *settings);
void linksim_free(struct linksim *sim);

/* Goes on for that long. trace: a line a second on standard output. */
void linksim_run(struct linksim *sim, int64_t us, bool trace);
/* From now on; what is in the link stays. */
void linksim_set_rate(struct linksim *sim, double rate_bps);
void linksim_set_delay(struct linksim *sim, int64_t delay_us);
/* Forgets the figures below. */
void linksim_reset(struct linksim *sim);

double linksim_bulk_per_s(const struct linksim *sim);
/* Of the alerts sent: what they waited for others at the link, without delay and own time on the wire, without losses. */
double linksim_wait_ms(struct linksim *sim, double share);
const struct pace *linksim_pace(const struct linksim *sim);
double linksim_now_s(const struct linksim *sim);
