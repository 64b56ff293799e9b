/* What the radio rules allow in each sub-band, as the auditor of the simulated ether knows it: written down independently of the
 * gateway's own ledger, so that neither is the other's judge. No legal advice. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* One row: the whole occupied bandwidth must lie inside low_hz..high_hz. Where several rows fit, the strictest power that still allows
 * the transmission decides (869.7-870 MHz: 5 mW without duty cycle, or 25 mW with one). */
struct ether_band {
	const char *region; /* NULL: everywhere */
	const char *name;
	double low_hz, high_hz;
	double power_dbm; /* at the foot of a dipole; e.r.p. */
	int64_t hour_us;  /* transmitter's time in any hour, 0 = no limit */
	int64_t
	    dwell_us; /* longest single transmission, or sum within dwell_window_us on one frequency; 0 = no limit */
	int64_t dwell_window_us; /* 0 = a single transmission */
	double min_bandwidth_hz,
	    max_bandwidth_hz; /* of the signal: the row is for min <= bandwidth < max; 0, 0 = any */
};

/* All rows, ended by one without name. */
extern const struct ether_band ether_bands[];

/* The row that decides, or NULL: no transmission of that kind is allowed there. Where only the power is too high, the row of the
 * highest power. */
const struct ether_band *ether_band_of(const char *region, double frequency_hz, double bandwidth_hz, double power_dbm);
