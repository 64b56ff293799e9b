/* The simulated ether itself: who sends when, who hears it. Pure: the clock is passed in and must not go backwards, everything random
 * comes from the scenario's seed. The same calls give the same news. tests/sim/ether.c puts it on a socket and a real clock; a benchmark
 * may run hours of it in a moment. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/support/ether_auditor.h"
#include "tests/support/ether_client.h"
#include "tests/support/ether_scenario.h"

struct ether_model;

enum { ETHER_STATIONS_MAX = 1024 };

/* News for one station. */
struct ether_arrival {
	int station;
	int64_t at_us;
	struct ether_news news; /* ETHER_HEARD, ETHER_SPOILT or ETHER_SENT */
};

struct ether_totals {
	uint64_t transmissions;
	int64_t airtime_us;
	uint64_t heard, weak; /* receptions: one transmission may count at several receivers, or at none */
	uint64_t collisions;  /* receptions spoilt by other signals */
	uint64_t deaf;        /* receptions missed because the receiver was transmitting */
	uint64_t random_losses;
};

/* The scenario is copied. */
struct ether_model *ether_model_new(const struct ether_scenario *scenario);
void ether_model_free(struct ether_model *model);

/* A transceiver of that name; its number, or -EEXIST (it is there), -ENAMETOOLONG, -ENOSPC. A new one is not tuned. */
int ether_model_join(struct ether_model *model, const char *name);
/* What it has on the air is transmitted to the end. */
void ether_model_leave(struct ether_model *model, int station, int64_t now_us);

/* Tunes and switches the receiver on. 0, -EINVAL (no such figures), -EBUSY (still sending). */
int ether_model_tune(struct ether_model *model, int station, int64_t now_us, const struct ether_tuning *tuning);
/* The receiver hears nothing until it is tuned again; it may still send. */
void ether_model_off(struct ether_model *model, int station, int64_t now_us);

/* Begins a transmission: its airtime in us, or -ENOTCONN (never tuned), -EBUSY (still sending), -EMSGSIZE. */
int64_t ether_model_send(struct ether_model *model, int station, int64_t now_us, const void *bytes, size_t size);
/* Whether somebody else is on the channel. */
bool ether_model_carrier(struct ether_model *model, int station, int64_t now_us);

/* When the next transmission ends, or -1; news may wait before that: take them first. */
int64_t ether_model_due_us(const struct ether_model *model);
/* The next news of what ended until now, in order of time; false: none. */
bool ether_model_take(struct ether_model *model, int64_t now_us, struct ether_arrival *arrival);

const struct ether_totals *ether_model_totals(const struct ether_model *model);
const struct ether_auditor *ether_model_auditor(const struct ether_model *model);
/* Totals and the auditor's report in one object, for the caller to release. */
json_t *ether_model_report(const struct ether_model *model);
