/* Tells systemd and headquarters that the gateway lives: watchdog, state documents. */
#pragma once

#include <systemd/sd-event.h>

#include "gateway/report.h"

struct health;

/* Sends READY=1 and starts the watchdog if systemd asked for one. NULL: out of memory. report must outlive it. */
struct health *health_new(const struct report *report, sd_event *event);
void health_free(struct health *health);

/* Something worth telling changed (a connection, a radio): the state documents are published anew within a second. */
void health_changed(struct health *health);
