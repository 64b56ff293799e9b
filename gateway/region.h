/* What the radio rules of a region allow, sub-band by sub-band, as data. Pure. No legal advice: the law of the country decides, and its
 * desk knows what has changed.
 *
 * eu868, eu433: EN 300 220-2 and ERC/REC 70-03 annex 1, non-specific short range devices. us915: FCC 15.247. The others: what the
 * regional parameters of LoRaWAN and their reference implementation have. Left out are bands for alarms only, and plans on which the
 * sources contradict one another (RU864, and those that only one source names). Listening before talking instead of a duty cycle is
 * not claimed, for no modem here proves the times it would need. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "drivers/modem.h"

struct region_band {
	const char *region; /* "eu868" */
	const char *name;   /* "P"; unique within the region */
	double low_hz, high_hz;
	double min_bandwidth_hz, max_bandwidth_hz; /* for signals of min <= bandwidth < max; max 0 = any */
	double power_dbm;                          /* e.r.p., which is that of a dipole fed with it */
	int64_t hour_us;                           /* of any hour on the air, 0 = no limit */
	int64_t dwell_us;                          /* longest single transmission, 0 = no limit */
};

/* "none" (no rules) first, then the regions, ended by NULL. */
extern const char *const region_names[];
/* All bands, ended by one without name. */
extern const struct region_band region_bands[];

/* The band that decides for a transmission: the whole occupied bandwidth lies inside it. Where several do, the one with the least power
 * that still allows it, and if none does or the power is not known, the one with the most. So power_dbm of the result may be less than
 * the channel's. NULL: it is in no band, or not wholly inside one. */
const struct region_band *region_band(const char *region, const struct modem_channel *channel);
/* A band that holds this frequency, whatever the bandwidth; NULL = none. For explanations. */
const struct region_band *region_band_at(const char *region, double frequency_hz);
/* Of the bands where a signal of that bandwidth and power is allowed, the one with most airtime if that is needed_us an hour or more;
 * NULL = there is none. For advice. */
const struct region_band *region_roomiest(const char *region, const struct modem_channel *channel, int64_t needed_us);
/* The same whatever the channel's power: of the bands where a signal of that bandwidth is allowed with less, the one with most power. */
const struct region_band *region_strongest(const char *region, const struct modem_channel *channel, int64_t needed_us);
