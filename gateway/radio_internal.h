/* What the files of a radio share: its work, and what it shows of it. */
#pragma once

#include "gateway/radio.h"
#include "gateway/radio_air.h"
#include "gateway/radio_allowance.h"
#include "gateway/radio_driver.h"
#include "gateway/radio_examination.h"

enum { RADIO_SHOWN_MAX = 640 };

/* The numbers status shows; pointers so that the hot path does not look them up. */
struct radio_counters {
	struct counter *bytes_in, *bytes_out, *datagrams, *heard, *sent;
};

struct radio {
	struct radio_setup setup;
	struct radio_callbacks callbacks;
	struct counters *all_counters;
	char group[40];
	struct radio_counters counters;

	struct radio_driver *modem, *control; /* control NULL = none */
	struct radio_air *air;

	bool busy, keyed;
	bool elsewhere; /* what is heard just now did not come from the port */
	int64_t last_heard_us;

	struct radio_examination examination;
	struct radio_allowance allowance;

	char shown[RADIO_SHOWN_MAX], said[RADIO_SHOWN_MAX];
	int64_t said_us;
};
