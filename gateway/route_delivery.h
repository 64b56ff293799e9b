/* What becomes of what waits for the uplink: delivered, refused and tried again, expired; and what other people's topics get. */
#pragma once

#include "gateway/field_answers.h"
#include "gateway/keeper.h"
#include "gateway/pressure.h"
#include "gateway/receipts.h"
#include "gateway/route.h"
#include "gateway/safety.h"
#include "gateway/schedule.h"
#include "gateway/store.h"

/* Nothing of it is owned. */
struct route_delivery {
	struct schedule *schedule; /* of the uplink */
	struct store *store;
	struct keeper *keeper;
	struct safety *safety;
	struct field_answers *answers;
	struct receipts *receipts;
	struct pressure *pressure;
	struct counters *counters;
	struct counter *delivered;
};

/* As route_uplink_done: the reference to entry is taken. */
void route_delivery_done(struct route_delivery *delivery, struct entry *entry, enum uplink_result result, int code);
/* The schedule gives up an entry; context is the delivery. reason names a counter. */
void route_delivery_dropped(void *context, struct entry *entry, const char *reason);
/* As route_aside; true: there is something new in the schedule. */
bool route_delivery_aside(struct route_delivery *delivery, const struct route_aside *aside);
