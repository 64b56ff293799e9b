/* What tx-priority simulates: one gateway that has more to say to 64 stations than its channel allows, stations that talk as well, and
 * alerts one way or the other. The gateway is its real scheduler, ledger and radio rules (or one FIFO behind the same ledger) on the
 * simulated ether; the rest of its way down, and the field frames themselves, are not in it. Pure: hours pass in a moment, and the same
 * settings give the same figures. */
#pragma once

#include "tests/support/ether_model.h"

enum {
	PRIORITY_STATIONS = 64,
	PRIORITY_FRAME_MAX = 160,     /* bytes of a field frame */
	PRIORITY_ALERT_SIZE = 48,     /* the longest alert */
	PRIORITY_ALERT_EVERY_S = 300, /* 12 an hour */
	PRIORITY_ALERTS_MAX = 1024,   /* of a run */
};

/* A channel, and how it is used. */
struct priority_case {
	const char *name;
	const char *region; /* whose rules the gateway keeps */
	struct ether_tuning gateway, station;
	size_t overhead;        /* bytes that carry a field frame */
	int64_t patience_ms;    /* a station that waits so long for a free channel talks all the same */
	int64_t ack_timeout_ms; /* of a station's alert; longer with each repeat, and by chance */
};

/* Ended by one without name. */
extern const struct priority_case priority_cases[];
const struct priority_case *priority_case_of(const char *name);
/* Airtime of the longest frame, us; without stuffed bits. */
int64_t priority_longest_us(const struct priority_case *of);

struct priority_settings {
	const struct priority_case *of;
	const struct ether_scenario *scenario; /* its seed is taken from here below */
	uint64_t seed;
	int64_t duration_us;
	bool fifo;              /* one queue in the order of arrival, without reserve and listening share */
	double listening_share; /* 0 = all of the channel */
	/* Alerts come from the field and are acknowledged with class DISTRESS; otherwise from headquarters, half of them DISTRESS, half
	 * URGENT. 12 an hour at random times either way. */
	bool from_field;
};

/* An alert on its way down. Times in us; start -1 = it never began. */
struct priority_alert {
	bool distress;
	int64_t put_us, start_us;
	int64_t carrier_us; /* of its wait: others on the air, and the pause after them */
	int64_t airtime_us; /* of its wait: the duty cycle allowed nothing */
};

struct priority_result {
	struct priority_alert alerts[PRIORITY_ALERTS_MAX];
	size_t alert_count;
	size_t sent[5]; /* messages by class */
	size_t frames;  /* of the gateway */
	int64_t airtime_us;
	size_t overruns; /* that the auditor saw */
	unsigned
	    turn_delay_max; /* frames of the station that floods which a message of another that had nothing waiting had before it */
	size_t field_alerts;    /* from the field */
	size_t field_delivered; /* heard by the gateway at least once */
	size_t field_acknowledged;
	size_t field_sent; /* transmissions of alerts */
};

void priority_run(const struct priority_settings *settings, struct priority_result *result);
