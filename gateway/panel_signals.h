/* What the panel shows and sounds: the siren's time, and which lamp is lit when. Pure: the clock is passed in. */
#pragma once

#include "gateway/panel_settings.h"

/* What there is to be shown. */
struct panel_condition {
	unsigned sounding; /* incidents that no person has seen and that are to be heard */
	uint64_t heard;    /* messages in them */
	bool unseen, seen; /* whether incidents are open that no person, or somebody, has seen */
	bool alert_waits;  /* for airtime: the radio rules allow no more now */
	bool radio_lost;   /* a radio is not up */
	bool uplink_lost;  /* there is no broker */
	bool panel_fault;  /* a line of the panel is not there, or a button is stuck */
};

struct panel_signals {
	struct panel_condition condition;
	int64_t siren_max_us;   /* 0 = no limit */
	int64_t siren_until_us; /* it is silent from then on */
	unsigned siren_starts;  /* how often its time began anew */
};

/* The siren's time begins anew with every incident that comes to those that nobody has seen; with a repeat only after it was silent for as
 * long as it sounds at most, so that a sender that repeats for ever does not keep it sounding. */
void panel_signals_set(struct panel_signals *signals, const struct panel_condition *condition, int64_t now_us);
/* Whether an output is on at that time. */
bool panel_signals_level(const struct panel_signals *signals, enum panel_line output, int64_t now_us);
/* When that changes next by itself; INT64_MAX = it does not. */
int64_t panel_signals_due_us(const struct panel_signals *signals, enum panel_line output, int64_t now_us);
