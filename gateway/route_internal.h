/* What the files of the route share. */
#pragma once

#include "gateway/crowd.h"
#include "gateway/emergency.h"
#include "gateway/publisher.h"
#include "gateway/route.h"
#include "gateway/route_delivery.h"
#include "gateway/route_down.h"
#include "gateway/route_neighbours.h"

struct route {
	const struct settings *settings;
	struct route_callbacks callbacks;
	struct counters *counters;

	struct classify *classify;
	struct store *store;
	char store_text[256];
	struct remember *remember;
	struct field_memory *field;
	struct ledger_memory *ledgers;

	struct keeper *keeper;
	struct pressure *pressure;
	struct publisher publisher;
	struct route_delivery delivery;
	struct crowd crowd;
	struct emergency emergency;
	struct route_down down;
	struct field_answers *answers;
	struct route_neighbours neighbours;
	struct uplink *uplink;
	struct schedule *uplink_schedule;
	struct radio **radios;
	struct safety *safety;
	struct radio *hearing; /* whose message is on its way just now, NULL = nobody's */
	sd_event_source *tick_source;
	void (*incidents_changed)(void *context);
	void *incidents_context;

	struct counter *duplicates, *stale_again, *raw_off, *piece_acks, *delivered;
};

/* route.c: what the parts call back, with the route as context. */

void route_on_scheduled(void *route);
void route_on_safer(void *route, size_t radio);
void route_on_passed(void *route, struct entry *entry);
bool route_on_receipt(void *route, struct receipt *receipt);
/* Whoever watches the incidents hears that there is something new. */
void route_tell_incidents(struct route *route);
