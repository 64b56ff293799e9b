/* The walk down of a command: remembered, handed to the radios, taken back; and what a former run has left of it. */
#pragma once

#include "gateway/emergency.h"
#include "gateway/outgoing.h"
#include "gateway/receipts.h"
#include "gateway/route.h"

/* Nothing of it is owned but receipts and outgoing. */
struct route_down {
	struct store *store;
	struct keeper *keeper;
	struct publisher *publisher;
	const struct emergency *emergency;
	const uint8_t *key; /* remember_key */
	struct ledger_memory *ledgers;
	struct route_callbacks callbacks;
	struct receipts *receipts;
	struct outgoing *outgoing;
	bool unsettled; /* receipts of a former run came late */
};

/* The members above receipts are set. Makes those two; false: out of memory. */
bool route_down_begin(struct route_down *down, sd_event *event, struct counters *counters);
/* Receipts go before the store, what waits behind it. */
void route_down_keep(struct route_down *down);
void route_down_end(struct route_down *down);

/* As route_send, route_cancel and route_content. */
int route_down_send(struct route_down *down, const char *sender, const struct message *message, const char *radio);
int route_down_cancel(struct route_down *down, const char *id);
uint64_t route_down_content(const struct route_down *down, const char *sender, const char *text);

/* What the store tells of a message for a radio. */
void route_down_stored(struct route_down *down, struct entry *entry, bool on_disk);
/* One of a former run; takes over the reference. */
void route_down_loaded(struct route_down *down, struct entry *entry);
/* All of them were loaded. */
void route_down_settle(struct route_down *down);
/* The blocks of a former run could be read only now; its messages follow. */
void route_down_recall_late(struct route_down *down);
/* Call every few seconds. */
void route_down_tick(struct route_down *down, int64_t now_ms);
