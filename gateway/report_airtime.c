/* What each transmitter has used of the airtime that it is allowed in any hour, and what is left. */
#include <math.h>

#include "gateway/json.h"
#include "gateway/report.h"

static json_t *seconds(int64_t us)
{
	return json_real(round((double)us / 1e5) / 10);
}

/* Without a limit nothing is left over, and nothing lacks. */
static json_t *limited(const struct ledger_level *level, int64_t us)
{
	return level->limit_us > 0 ? seconds(us) : json_null();
}

static json_t *band_name(const struct region_band *band)
{
	return band ? json_sprintf("%s %s", band->region, band->name) : json_null();
}

json_t *report_airtime(const struct outgoing_airtime *airtime, const struct region_band *band)
{
	const struct ledger_level *level = &airtime->level;
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "band", band_name(band), "limit_s",
			 limited(level, level->limit_us), "reserve_s", limited(level, level->reserve_us), "spent_s",
			 seconds(level->spent_us), "left_s", limited(level, level->left_us), "left_for_alerts_s",
			 limited(level, level->left_urgent_us));
}

static json_t *in_s(int64_t at_ms, int64_t now_ms)
{
	return at_ms <= 0 ? json_null() : json_integer(at_ms > now_ms ? (at_ms - now_ms + 999) / 1000 : 0);
}

json_t *report_airtime_status(const struct outgoing_airtime *airtime, const struct region_band *band,
			      unsigned listening_share_pct, int64_t now_ms, int64_t wall_ms)
{
	char time[32];
	bool waits = airtime->alert_until_ms > 0;
	bool known = waits && airtime->alert_until_ms < INT64_MAX;
	json_t *object = report_airtime(airtime, band);
	json_t *more = json_pack("{s:o, s:o, s:I, s:b, s:o}", "spent_for_alerts_s", seconds(airtime->level.urgent_us),
				 "more_in_s", in_s(airtime->level.more_ms, now_ms), "listening_share_pct",
				 (json_int_t)listening_share_pct, "alert_waits", waits, "alert_waits_until",
				 known ? json_string(json_time(wall_ms + airtime->alert_until_ms - now_ms, time))
				       : json_null());
	if (object && more)
		json_object_update(object, more);
	json_decref(more);
	return object;
}

unsigned report_airtime_step(const struct outgoing_airtime *airtime)
{
	const struct ledger_level *level = &airtime->level;
	int64_t ordinary_us = level->limit_us - level->reserve_us;
	if (level->limit_us <= 0)
		return 0;
	unsigned left = ordinary_us > 0 ? (unsigned)(10 * level->left_us / ordinary_us) : 0;
	return 1 + left * 16 + (unsigned)(10 * level->left_urgent_us / level->limit_us);
}
