/* Radio rules by sub-band. EU: EN 300 220-2 and ERC/REC 70-03 annex 1; elsewhere what is widely configured. Powers in e.i.r.p. are
 * 2.15 dB less here. */
#include "tests/support/ether_bands.h"

#include <stdbool.h>
#include <string.h>

#define MHZ(low, high) (low) * 1e6, (high)*1e6

enum {
	PER_MILLE_US = 3600000, /* of an hour */
	PER_CENT_US = 36000000,
	DWELL_US = 400000,
};

const struct ether_band ether_bands[] = {
    {"eu868", "863.0-865.0", MHZ(863.0, 865.0), 14, PER_MILLE_US},
    {"eu868", "865.0-868.0", MHZ(865.0, 868.0), 14, PER_CENT_US},
    {"eu868", "868.0-868.6", MHZ(868.0, 868.6), 14, PER_CENT_US},
    {"eu868", "868.7-869.2", MHZ(868.7, 869.2), 14, PER_MILLE_US},
    {"eu868", "869.4-869.65", MHZ(869.4, 869.65), 27, 10 * PER_CENT_US},
    {"eu868", "869.7-870.0 5 mW", MHZ(869.7, 870.0), 7},
    {"eu868", "869.7-870.0 25 mW", MHZ(869.7, 870.0), 14, PER_CENT_US},
    {"eu433", "433.05-434.79", MHZ(433.05, 434.79), 10, 10 * PER_CENT_US},
    /* Hopping: 400 ms a channel in 20 s, or in 10 s from 250 kHz on; 500 kHz is digital modulation without dwell time. */
    {"us915", "902-928 narrow", MHZ(902, 928), 30, 0, DWELL_US, 20000000, 0, 250000},
    {"us915", "902-928 250 kHz", MHZ(902, 928), 30, 0, DWELL_US, 10000000, 250000, 500000},
    {"us915", "902-928 wide", MHZ(902, 928), 30, 0, 0, 0, 500000, 1e9},
    {"au915", "915-928", MHZ(915, 928), 27.85, 0, DWELL_US},
    {"as923", "915-928", MHZ(915, 928), 13.85, 0, DWELL_US},
    {"in865", "865-867", MHZ(865, 867), 27.85},
    {"kr920", "920.9-922.0", MHZ(920.9, 922.0), 7.85},
    {"kr920", "922.0-923.3", MHZ(922.0, 923.3), 11.85},
    /* Amateur 2 m: no duty cycle. */
    {NULL, "amateur 2 m", MHZ(144, 148), 60},
    {0},
};

static bool fits(const struct ether_band *band, const char *region, double frequency_hz, double bandwidth_hz)
{
	if (band->region && strcmp(band->region, region) != 0)
		return false;
	if (frequency_hz - bandwidth_hz / 2 < band->low_hz || frequency_hz + bandwidth_hz / 2 > band->high_hz)
		return false;
	return band->max_bandwidth_hz == 0 ||
	       (bandwidth_hz >= band->min_bandwidth_hz && bandwidth_hz < band->max_bandwidth_hz);
}

const struct ether_band *ether_band_of(const char *region, double frequency_hz, double bandwidth_hz, double power_dbm)
{
	const struct ether_band *found = NULL;
	for (const struct ether_band *band = ether_bands; band->name; band++) {
		if (!fits(band, region, frequency_hz, bandwidth_hz))
			continue;
		bool allowed = power_dbm <= band->power_dbm;
		if (!found || (power_dbm > found->power_dbm && band->power_dbm > found->power_dbm) ||
		    (allowed && band->power_dbm < found->power_dbm))
			found = band;
	}
	return found;
}
