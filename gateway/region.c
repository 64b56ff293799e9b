/* The bands. Powers given as e.i.r.p. are 2.15 dB less here. */
#include "gateway/region.h"

#include <math.h>
#include <string.h>

#define MHZ(mhz)    ((mhz)*1e6)
#define PER_CENT(d) ((int64_t)((d)*36000000))
#define EIRP(dbm)   ((dbm)-2.15)
enum { DWELL_US = 400000 };

const char *const region_names[] = {"none",    "eu868",   "eu433",   "us915", "au915", "as923-1",
				    "as923-2", "as923-3", "as923-4", "in865", "kr920", NULL};

const struct region_band region_bands[] = {
    {"eu868", "K", MHZ(863), MHZ(865), .power_dbm = 14, .hour_us = PER_CENT(0.1)},
    {"eu868", "L", MHZ(865), MHZ(868), .power_dbm = 14, .hour_us = PER_CENT(1)},
    {"eu868", "M", MHZ(868), MHZ(868.6), .power_dbm = 14, .hour_us = PER_CENT(1)},
    {"eu868", "N", MHZ(868.7), MHZ(869.2), .power_dbm = 14, .hour_us = PER_CENT(0.1)},
    {"eu868", "P", MHZ(869.4), MHZ(869.65), .power_dbm = 27, .hour_us = PER_CENT(10)},
    {"eu868", "Q 5 mW", MHZ(869.7), MHZ(870), .power_dbm = 7},
    {"eu868", "Q 25 mW", MHZ(869.7), MHZ(870), .power_dbm = 14, .hour_us = PER_CENT(1)},
    {"eu433", "H", MHZ(433.05), MHZ(434.79), .power_dbm = 10, .hour_us = PER_CENT(10)},
    /* Hopping over 50 channels, over 25 from 250 kHz on; digital modulation from 500 kHz on. A radio that stays on one channel is none
     * of the first two: the limit of a single transmission is kept all the same. */
    {"us915", "902-928 narrow", MHZ(902), MHZ(928), .max_bandwidth_hz = 250e3, .power_dbm = 30, .dwell_us = DWELL_US},
    {"us915", "902-928 250 kHz", MHZ(902), MHZ(928), 250e3, 500e3, .power_dbm = 24, .dwell_us = DWELL_US},
    {"us915", "902-928 wide", MHZ(902), MHZ(928), 500e3, 1e9, .power_dbm = 30},
    {"au915", "915-928", MHZ(915), MHZ(928), .power_dbm = EIRP(30), .dwell_us = DWELL_US},
    {"as923-1", "915-928", MHZ(915), MHZ(928), .power_dbm = EIRP(16), .dwell_us = DWELL_US},
    {"as923-2", "915-928", MHZ(915), MHZ(928), .power_dbm = EIRP(16), .dwell_us = DWELL_US},
    {"as923-3", "915-928", MHZ(915), MHZ(928), .power_dbm = EIRP(16), .dwell_us = DWELL_US},
    {"as923-4", "917-920", MHZ(917), MHZ(920), .power_dbm = EIRP(16), .dwell_us = DWELL_US},
    {"in865", "865-867", MHZ(865), MHZ(867), .power_dbm = EIRP(30)},
    {"kr920", "920.9-922", MHZ(920.9), MHZ(922), .power_dbm = EIRP(10)},
    {"kr920", "922-923.3", MHZ(922), MHZ(923.3), .power_dbm = EIRP(14)},
    {0},
};

/* Settings come as decimal MHz. */
static const double rounding_hz = 1;

static bool has_width(const struct region_band *band, double bandwidth_hz)
{
	if (band->max_bandwidth_hz <= 0)
		return true;
	return bandwidth_hz >= band->min_bandwidth_hz && bandwidth_hz < band->max_bandwidth_hz;
}

static bool holds(const struct region_band *band, const struct modem_channel *channel)
{
	double half_hz = channel->bandwidth_hz / 2;
	/* The rules for narrow signals are the stricter ones. */
	double narrowest_hz = channel->narrowest_hz > 0 ? channel->narrowest_hz : channel->bandwidth_hz;
	return channel->frequency_hz - half_hz >= band->low_hz - rounding_hz &&
	       channel->frequency_hz + half_hz <= band->high_hz + rounding_hz && has_width(band, narrowest_hz);
}

/* Power that is not known is as much as can be. */
static bool allows(const struct region_band *band, double power_dbm)
{
	return power_dbm <= band->power_dbm;
}

static bool is_better(const struct region_band *band, const struct region_band *than, double power_dbm)
{
	if (!than || allows(band, power_dbm) != allows(than, power_dbm))
		return !than || allows(band, power_dbm);
	return allows(band, power_dbm) ? band->power_dbm < than->power_dbm : band->power_dbm > than->power_dbm;
}

const struct region_band *region_band(const char *region, const struct modem_channel *channel)
{
	const struct region_band *found = NULL;
	for (const struct region_band *band = region_bands; band->name; band++)
		if (strcmp(band->region, region) == 0 && holds(band, channel) &&
		    is_better(band, found, channel->power_dbm))
			found = band;
	return found;
}

const struct region_band *region_band_at(const char *region, double frequency_hz)
{
	for (const struct region_band *band = region_bands; band->name; band++)
		if (strcmp(band->region, region) == 0 && frequency_hz >= band->low_hz && frequency_hz <= band->high_hz)
			return band;
	return NULL;
}

static int64_t room_us(const struct region_band *band)
{
	return band->hour_us ? band->hour_us : INT64_MAX;
}

static bool has_room(const struct region_band *band, const char *region, const struct modem_channel *channel,
		     int64_t needed_us)
{
	return strcmp(band->region, region) == 0 && has_width(band, channel->bandwidth_hz) &&
	       channel->bandwidth_hz <= band->high_hz - band->low_hz && room_us(band) >= needed_us;
}

const struct region_band *region_roomiest(const char *region, const struct modem_channel *channel, int64_t needed_us)
{
	const struct region_band *found = NULL;
	for (const struct region_band *band = region_bands; band->name; band++)
		if (has_room(band, region, channel, needed_us) &&
		    (isnan(channel->power_dbm) || allows(band, channel->power_dbm)) &&
		    (!found || room_us(band) > room_us(found)))
			found = band;
	return found;
}

const struct region_band *region_strongest(const char *region, const struct modem_channel *channel, int64_t needed_us)
{
	const struct region_band *found = NULL;
	for (const struct region_band *band = region_bands; band->name; band++)
		if (has_room(band, region, channel, needed_us) &&
		    (!found || band->power_dbm > found->power_dbm ||
		     (band->power_dbm == found->power_dbm && room_us(band) > room_us(found))))
			found = band;
	return found;
}
