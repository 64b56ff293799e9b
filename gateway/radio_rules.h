/* What the radio rules mean for one radio: the sub-band it transmits in, the airtime of any hour, what of that is kept for alerts, and the
 * reason why it may not transmit. Pure, so that the check of the settings and the running gateway judge alike. */
#pragma once

#include "drivers/air.h"
#include "drivers/modem.h"
#include "gateway/ledger.h"
#include "gateway/region.h"

enum {
	RADIO_RULES_ALERTS = 12,      /* an hour, that never wait for airtime */
	RADIO_RULES_ALERT_BYTES = 48, /* of each */
};

/* As configured for a radio. */
struct radio_rules {
	const char *region;    /* of region_names */
	double duty_cycle_pct; /* instead of the region's, 0.01 to 100; < 0 = as the region says */
};

/* What is to be judged. */
struct radio_case {
	int known; /* what modem_ops.channel gave, -EOPNOTSUPP where there is none */
	struct modem_channel channel;
	int64_t alert_us; /* time on the air of an alert of RADIO_RULES_ALERT_BYTES */
};

enum radio_rules_fault {
	RADIO_RULES_FINE,
	RADIO_RULES_UNKNOWN,  /* the modem has not told its channel yet */
	RADIO_RULES_UNJUDGED, /* it never tells, so that the region says nothing */
	RADIO_RULES_BAND,     /* in no band, or not wholly inside one */
	RADIO_RULES_POWER,
	RADIO_RULES_RESERVE, /* alerts do not fit into the hour, or are too long for a single transmission */
};

struct radio_allowance {
	enum radio_rules_fault fault;   /* anything but FINE: nothing is to be sent */
	struct ledger_settings ledger;  /* all 0 = no limits, also with a fault */
	const struct region_band *band; /* NULL = no region, or no band */
	char text[320];                 /* what is wrong, with the arithmetic, and what to do; "" = nothing */
};

void radio_rules_judge(const struct radio_rules *rules, const struct radio_case *is, struct radio_allowance *allowance);

/* The datagram that carries an alert of RADIO_RULES_ALERT_BYTES, with what the air protocol adds; where it knows no alerts, one that
 * carries so much text. plan as air_ops.plan, NULL = it has none. 0: the radio is configured to receive only. */
size_t radio_rules_alert_size(int (*plan)(const void *state, const struct message *message, struct air_plan *plan),
			      const void *state);
