/* The inspector of the simulated ether. */
#include "tests/support/ether_auditor.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/ether_bands.h"

enum { OVERRUNS_KEPT = 1000 };
static const int64_t hour_us = 3600000000;

struct interval {
	int64_t start_us, end_us;
	double frequency_hz;
};

/* What one station did in one sub-band; `intervals` reach back as far as any window can. */
struct account {
	const struct ether_band *band;
	struct interval *intervals;
	size_t count, room;
	int64_t airtime_us, worst_hour_us;
};

struct watched {
	char name[32];
	uint64_t transmissions;
	int64_t airtime_us;
	struct account *accounts;
	size_t account_count;
};

struct ether_auditor {
	char region[16];
	struct watched *stations;
	size_t station_count;
	struct ether_overrun overruns[OVERRUNS_KEPT];
	size_t overrun_count;
};

static void *grow(void *memory, size_t count, size_t size)
{
	void *grown = realloc(memory, count * size);
	if (!grown)
		abort();
	return grown;
}

struct ether_auditor *ether_auditor_new(const char *region)
{
	struct ether_auditor *auditor = calloc(1, sizeof(*auditor));
	if (!auditor)
		abort();
	snprintf(auditor->region, sizeof(auditor->region), "%s", region ? region : "");
	return auditor;
}

void ether_auditor_free(struct ether_auditor *auditor)
{
	if (!auditor)
		return;
	for (size_t i = 0; i < auditor->station_count; i++) {
		for (size_t k = 0; k < auditor->stations[i].account_count; k++)
			free(auditor->stations[i].accounts[k].intervals);
		free(auditor->stations[i].accounts);
	}
	free(auditor->stations);
	free(auditor);
}

static struct watched *find_station(const struct ether_auditor *auditor, const char *name)
{
	for (size_t i = 0; i < auditor->station_count; i++)
		if (strcmp(auditor->stations[i].name, name) == 0)
			return &auditor->stations[i];
	return NULL;
}

static struct watched *station_of(struct ether_auditor *auditor, const char *name)
{
	struct watched *station = find_station(auditor, name);
	if (station)
		return station;
	auditor->stations = grow(auditor->stations, auditor->station_count + 1, sizeof(*auditor->stations));
	station = &auditor->stations[auditor->station_count++];
	*station = (struct watched){0};
	snprintf(station->name, sizeof(station->name), "%s", name);
	return station;
}

/* Rows of one band with different powers are one account only if they are the same row: a device that goes from 5 to 25 mW has a
 * duty cycle from then on for what it sends at 25 mW. */
static struct account *account_of(struct watched *station, const struct ether_band *band)
{
	for (size_t i = 0; i < station->account_count; i++)
		if (station->accounts[i].band == band)
			return &station->accounts[i];
	station->accounts = grow(station->accounts, station->account_count + 1, sizeof(*station->accounts));
	struct account *account = &station->accounts[station->account_count++];
	*account = (struct account){.band = band};
	return account;
}

static void forget_before(struct account *account, int64_t at_us)
{
	size_t gone = 0;
	while (gone < account->count && account->intervals[gone].end_us <= at_us)
		gone++;
	account->count -= gone;
	if (gone)
		memmove(account->intervals, account->intervals + gone, account->count * sizeof(*account->intervals));
}

static void remember(struct account *account, const struct interval *interval)
{
	forget_before(account, interval->end_us - hour_us);
	if (account->count == account->room) {
		account->room = account->room ? 2 * account->room : 16;
		account->intervals = grow(account->intervals, account->room, sizeof(*account->intervals));
	}
	account->intervals[account->count++] = *interval;
}

/* Time on the air within the window that ends with the last transmission. Of all windows this is where the sum has its peaks: it rises
 * only while the transmitter is on. frequency_hz 0 = on any. */
static int64_t used_us(const struct account *account, int64_t window_us, double frequency_hz)
{
	int64_t used = 0, from_us = account->intervals[account->count - 1].end_us - window_us;
	for (size_t i = 0; i < account->count; i++) {
		const struct interval *interval = &account->intervals[i];
		if (interval->end_us <= from_us || (frequency_hz != 0 && interval->frequency_hz != frequency_hz))
			continue;
		used += interval->end_us - (interval->start_us > from_us ? interval->start_us : from_us);
	}
	return used;
}

static unsigned overrun(struct ether_auditor *auditor, enum ether_overrun_kind kind,
			const struct ether_emission *emission, const char *band, double used, double limit)
{
	if (auditor->overrun_count < OVERRUNS_KEPT) {
		struct ether_overrun *kept = &auditor->overruns[auditor->overrun_count];
		*kept = (struct ether_overrun){
		    .kind = kind, .band = band, .at_us = emission->start_us, .used = used, .limit = limit};
		snprintf(kept->station, sizeof(kept->station), "%s", emission->station);
	}
	auditor->overrun_count++;
	return 1;
}

static unsigned check_times(struct ether_auditor *auditor, const struct account *account,
			    const struct ether_emission *emission)
{
	const struct ether_band *band = account->band;
	unsigned broken = 0;
	int64_t hour = used_us(account, hour_us, 0);
	if (band->hour_us && hour > band->hour_us)
		broken += overrun(auditor, ETHER_OVERRUN_HOUR, emission, band->name, (double)hour,
				  (double)band->hour_us);
	int64_t dwell = band->dwell_window_us ? used_us(account, band->dwell_window_us, emission->frequency_hz)
					      : emission->airtime_us;
	if (band->dwell_us && dwell > band->dwell_us)
		broken += overrun(auditor, ETHER_OVERRUN_DWELL, emission, band->name, (double)dwell,
				  (double)band->dwell_us);
	return broken;
}

unsigned ether_auditor_take(struct ether_auditor *auditor, const struct ether_emission *emission)
{
	struct watched *station = station_of(auditor, emission->station);
	station->transmissions++;
	station->airtime_us += emission->airtime_us;
	if (!auditor->region[0])
		return 0;
	const struct ether_band *band = ether_band_of(auditor->region, emission->frequency_hz, emission->bandwidth_hz,
						      emission->power_dbm);
	if (!band)
		return overrun(auditor, ETHER_OVERRUN_BAND, emission, "", 0, 0);
	struct account *account = account_of(station, band);
	remember(account, &(struct interval){emission->start_us, emission->start_us + emission->airtime_us,
					     emission->frequency_hz});
	account->airtime_us += emission->airtime_us;
	int64_t hour = used_us(account, hour_us, 0);
	if (hour > account->worst_hour_us)
		account->worst_hour_us = hour;
	unsigned broken = check_times(auditor, account, emission);
	if (emission->power_dbm > band->power_dbm)
		broken += overrun(auditor, ETHER_OVERRUN_POWER, emission, band->name, emission->power_dbm,
				  band->power_dbm);
	return broken;
}

size_t ether_auditor_overruns(const struct ether_auditor *auditor)
{
	return auditor->overrun_count;
}

const struct ether_overrun *ether_auditor_overrun(const struct ether_auditor *auditor, size_t index)
{
	return index < auditor->overrun_count && index < OVERRUNS_KEPT ? &auditor->overruns[index] : NULL;
}

int64_t ether_auditor_worst_hour_us(const struct ether_auditor *auditor, const char *station, const char *band)
{
	const struct watched *watched = find_station(auditor, station);
	for (size_t i = 0; watched && i < watched->account_count; i++)
		if (strcmp(watched->accounts[i].band->name, band) == 0)
			return watched->accounts[i].worst_hour_us;
	return 0;
}

static json_t *station_report(const struct watched *station)
{
	json_t *bands = json_object();
	for (size_t i = 0; i < station->account_count; i++) {
		const struct account *account = &station->accounts[i];
		json_object_set_new(bands, account->band->name,
				    json_pack("{s:I,s:I}", "airtime_us", (json_int_t)account->airtime_us,
					      "worst_hour_us", (json_int_t)account->worst_hour_us));
	}
	return json_pack("{s:I,s:I,s:o}", "transmissions", (json_int_t)station->transmissions, "airtime_us",
			 (json_int_t)station->airtime_us, "bands", bands);
}

static json_t *overrun_report(const struct ether_overrun *overrun)
{
	static const char *const names[] = {"hour_us", "dwell_us", "power_dbm", "band"};
	return json_pack("{s:s,s:s,s:s,s:I,s:f,s:f}", "rule", names[overrun->kind], "station", overrun->station, "band",
			 overrun->band, "at_us", (json_int_t)overrun->at_us, "used", overrun->used, "limit",
			 overrun->limit);
}

json_t *ether_auditor_report(const struct ether_auditor *auditor)
{
	json_t *stations = json_object(), *overruns = json_array();
	for (size_t i = 0; i < auditor->station_count; i++)
		json_object_set_new(stations, auditor->stations[i].name, station_report(&auditor->stations[i]));
	for (size_t i = 0; i < auditor->overrun_count && i < OVERRUNS_KEPT; i++)
		json_array_append_new(overruns, overrun_report(&auditor->overruns[i]));
	return json_pack("{s:o,s:o,s:I}", "stations", stations, "overruns", overruns, "overrun_count",
			 (json_int_t)auditor->overrun_count);
}
