/* The brokers of the list: whose turn it is, with which protocol, how soon, and whether a better one is back. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "gateway/mqtt.h"
#include "gateway/uplink.h"
#include "gateway/worker.h"

struct uplink_brokers;

/* A broker further up the list has been reachable for settings->back_to_better_ms: it is its turn now. Called on the loop. */
typedef void uplink_better_fn(void *context);

/* It is the first one's turn. settings must outlive it. NULL: out of memory or event sources. */
struct uplink_brokers *uplink_brokers_new(const struct uplink_settings *settings, uplink_better_fn *better,
					  void *context, sd_event *event, struct worker *worker);
void uplink_brokers_free(struct uplink_brokers *brokers);

/* An attempt begins with the broker whose turn it is. Returns the protocol to speak: 5 or 4 (3.1.1). */
int uplink_brokers_begin(struct uplink_brokers *brokers);
/* The broker whose turn it is; brokers.broker_count must not be 0. */
const struct uplink_broker *uplink_brokers_now(const struct uplink_brokers *brokers);
/* "host:port" of the one with which the last attempt began, "" before the first. */
const char *uplink_brokers_name(const struct uplink_brokers *brokers);

/* How the attempt, or the connection that came of it, ended. Both return how long to wait before the next attempt, in ms without jitter;
 * it is another broker's turn then, or the same one's once more: because the protocol may have been the reason, or because the
 * connection had lasted. text: what happened, logged once for each broker and reason. leave: this broker takes connections, but no
 * messages. */
int64_t uplink_brokers_failed(struct uplink_brokers *brokers, enum mqtt_failure failure, const char *text);
int64_t uplink_brokers_lost(struct uplink_brokers *brokers, bool leave);

/* The attempt came to a connection. Begins to look for better brokers. */
void uplink_brokers_connected(struct uplink_brokers *brokers);
