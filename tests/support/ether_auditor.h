/* Watches every transmitter of the simulated ether as a radio inspector would: exact intervals, a sliding hour for each transmitter and
 * sub-band, dwell times, power and band limits. Knows nothing of what the gateway believes it has used. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct ether_auditor;

struct ether_emission {
	const char *station;
	double frequency_hz, bandwidth_hz, power_dbm;
	int64_t start_us, airtime_us;
};

enum ether_overrun_kind {
	ETHER_OVERRUN_HOUR,  /* more than the sub-band's share of some hour */
	ETHER_OVERRUN_DWELL, /* too long on one frequency */
	ETHER_OVERRUN_POWER,
	ETHER_OVERRUN_BAND, /* outside every sub-band, or not wholly inside one */
};

/* One transmission that broke a rule. band: "" = none. Amounts in us, or in dB over for ETHER_OVERRUN_POWER. */
struct ether_overrun {
	enum ether_overrun_kind kind;
	char station[32];
	const char *band;
	int64_t at_us; /* start of that transmission */
	double used, limit;
};

/* NULL or "" as region: no rules, only the count. */
struct ether_auditor *ether_auditor_new(const char *region);
void ether_auditor_free(struct ether_auditor *auditor);

/* Takes one transmission; of one station they come in the order of their start and do not overlap. Returns how many rules it broke. */
unsigned ether_auditor_take(struct ether_auditor *auditor, const struct ether_emission *emission);

size_t ether_auditor_overruns(const struct ether_auditor *auditor);
/* NULL: no such overrun, or beyond the 1000 that are kept. */
const struct ether_overrun *ether_auditor_overrun(const struct ether_auditor *auditor, size_t index);

/* The most a station used of any hour in that sub-band so far, us. */
int64_t ether_auditor_worst_hour_us(const struct ether_auditor *auditor, const char *station, const char *band);

/* {"stations": {NAME: {"transmissions", "airtime_us", "bands": {BAND: {"airtime_us", "worst_hour_us"}}}}, "overruns": [...],
 * "overrun_count": n} for the caller to release. */
json_t *ether_auditor_report(const struct ether_auditor *auditor);
