/* The panel at the gateway: panic button, lid, mains, contacts, acknowledgement; siren, strobe, lamps. What it has to say goes the way of
 * what a radio named "panel" heard. Knows open incidents only to show them. */
#pragma once

#include <systemd/sd-event.h>

#include "drivers/message.h"
#include "gateway/counters.h"
#include "gateway/incident.h"
#include "gateway/panel_settings.h"
#include "gateway/worker.h"

struct panel;

/* All calls come on the loop. */
struct panel_callbacks {
	void *context;
	/* Something was said at the panel; at_us is when, monotonic. */
	void (*said)(void *context, const struct message *message, int64_t at_us);
	/* A person at the base has seen what is shown. */
	void (*acknowledged)(void *context);
	/* What panel_line shows has changed: once, not at every try. */
	void (*changed)(void *context);
};

/* Makes the panel and begins to open its lines. settings must outlive it; callbacks are copied. gateway: its name, at most 23 characters.
 * NULL: out of memory or random bytes. */
struct panel *panel_new(const struct panel_settings *settings, const char *gateway,
			const struct panel_callbacks *callbacks, sd_event *event, struct worker *worker,
			struct counters *counters);
/* Siren, strobe and lamps go off. NULL is allowed. */
void panel_free(struct panel *panel);

/* The open incidents have changed. Covert ones are not shown. The siren is set in the next turn of the loop. */
void panel_incidents(struct panel *panel, const struct incidents *incidents);
/* Whether a radio is not up, and whether there is no broker though there should be one. */
void panel_links(struct panel *panel, bool radio_lost, bool uplink_lost);
/* Whether a DISTRESS or URGENT for the field waits for airtime. */
void panel_airtime(struct panel *panel, bool alert_waits);

struct panel_line_status {
	const char *name; /* "panic", a contact's */
	bool output;
	const char *resolved; /* what it was resolved to, or as it is configured while it is not open */
	const char *fault;    /* "absent", "busy", "stuck", ...; "" = none */
	const char *text;     /* what is wrong and what to do, "" = nothing */
	int level;            /* 1, 0, negative errno = not open */
};
/* The lines that are wired, by index, inputs and outputs first, then contacts; texts are the panel's until the next call. false: no such. */
bool panel_line(const struct panel *panel, size_t index, struct panel_line_status *status);
