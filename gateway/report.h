/* The gateway's own account of itself, as JSON: for `cresset status`, for the retained state topics, for metrics. */
#pragma once

#include <jansson.h>

#include "gateway/counters.h"
#include "gateway/keyring.h"
#include "gateway/outgoing.h"
#include "gateway/panel.h"
#include "gateway/radio.h"
#include "gateway/route.h"
#include "gateway/settings.h"
#include "gateway/uplink.h"

/* Where the figures come from. radios has settings->radio_count places, NULL = disabled or not running. */
struct report {
	const struct settings *settings;
	struct counters *counters;
	struct route *route;
	struct uplink *uplink;
	struct radio **radios;
	const struct panel *panel;     /* NULL = none is wired */
	const struct keyring *keyring; /* NULL = no key file */
	int64_t started_us;            /* monotonic */
	const char *uplink_text;       /* last word on the connection */
};

/* A text of a module or a driver as JSON: what is no UTF-8 becomes '?', and it is cut at 511 bytes. NULL: out of memory. */
json_t *report_text(const char *text);

/* Everything `cresset status` shows, one line of JSON. The caller frees. NULL: out of memory. */
char *report_status(const struct report *report);
/* The retained document of gw/<gw>/state while online. */
char *report_state(const struct report *report);
/* The retained document of gw/<gw>/radio/<radio>/state. */
char *report_radio_state(const struct report *report, size_t index);
/* Everything there is about one radio, for `cresset radio NAME info`. */
char *report_radio_info(const struct report *report, size_t index);

/* What waits for headquarters and for the field, for `cresset queue`; of one radio only, or (NULL) of all. At most some hundreds of rows: those
 * that go first on each radio, and in `more` the number of the others. A new reference, or NULL: out of memory. */
json_t *report_queue(const struct report *report, const char *radio);
/* One row of it. now_ms: of the steady clock. */
json_t *report_queue_row(const struct outgoing_item *item, int64_t now_ms);
/* What waits in each class, as it may be seen at the base: a check-in is one of SAFETY, whatever it carries. */
void report_shown_levels(const struct schedule *schedule, struct schedule_level levels[static CLASS_COUNT]);

/* Airtime of a radio as headquarters is told of it. band NULL: no radio rules, or in no band. NULL: out of memory. */
json_t *report_airtime(const struct outgoing_airtime *airtime, const struct region_band *band);
/* The same with what concerns the base, for the status. Both times are now: of the steady clock, and Unix. */
json_t *report_airtime_status(const struct outgoing_airtime *airtime, const struct region_band *band,
			      unsigned listening_share_pct, int64_t now_ms, int64_t wall_ms);
/* A number that changes when what is left crosses a tenth; of a radio of the report, 0 where there is none. */
unsigned report_airtime_step(const struct outgoing_airtime *airtime);
unsigned report_radio_step(const struct report *report, size_t index);
