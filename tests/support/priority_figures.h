/* What several runs of tx-priority come to. */
#pragma once

#include "tests/support/priority.h"

struct priority_figures {
	size_t runs;
	int64_t longest_us;
	/* Waits of alerts on their way down, in frames: over the airtime of the longest. One that never began counts with the time it has
	 * waited, so that losing it improves nothing. */
	size_t distress_count, urgent_count;
	double *distress_frames, *urgent_frames;
	double distress_max, urgent_p99;
	double carrier_of_max; /* frames of carrier sense in the longest wait of a DISTRESS */
	size_t distress_late;  /* waited longer than 1.02 frames and its own carrier sense */
	size_t delayed;        /* alerts that waited for airtime, or never began */
	size_t sent[5], frames, overruns;
	int64_t airtime_us;
	unsigned turn_delay_max;
	size_t field_alerts, field_delivered, field_acknowledged, field_sent;
};

/* Start from all zero; the last call is priority_conclude. */
void priority_add(struct priority_figures *figures, const struct priority_settings *settings,
		  const struct priority_result *result);
void priority_conclude(struct priority_figures *figures);
void priority_clear(struct priority_figures *figures);
