/* The radio rules applied to one radio. */
#include "gateway/radio_rules.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const int64_t hour_us = 3600000000;

/* ---- how large an alert is ---- */

static int plan_size(int (*plan)(const void *, const struct message *, struct air_plan *), const void *state,
		     struct message *message, size_t *size)
{
	struct air_plan found = {0};
	int result = plan(state, message, &found);
	bool less = found.text_max > 0 && found.text_max < RADIO_RULES_ALERT_BYTES;
	size_t text = less ? found.text_max : RADIO_RULES_ALERT_BYTES;
	if (result < 0 && result != -EMSGSIZE)
		return result;
	memset(message->text, 'x', text);
	message->text[text] = '\0';
	result = plan(state, message, &found);
	*size = result == 0 ? found.sizes[0] : 0;
	return result;
}

size_t radio_rules_alert_size(int (*plan)(const void *state, const struct message *message, struct air_plan *plan),
			      const void *state)
{
	static const enum message_kind kinds[] = {KIND_ALERT, KIND_TEXT};
	size_t size = RADIO_RULES_ALERT_BYTES;
	for (size_t i = 0; plan && i < 2; i++) {
		struct message message;
		message_init(&message);
		message.kind = kinds[i];
		snprintf(message.text, sizeof(message.text), "x");
		int result = plan_size(plan, state, &message, &size);
		if (result == -EACCES)
			return 0;
		if (result == 0)
			return size;
	}
	return RADIO_RULES_ALERT_BYTES;
}

/* ---- advice ---- */

struct words {
	char *text;
	size_t size, used;
};

static void add(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct words *words, const char *format, ...)
{
	va_list arguments;
	if (words->used >= words->size)
		return;
	va_start(arguments, format);
	int written = vsnprintf(words->text + words->used, words->size - words->used, format, arguments);
	va_end(arguments);
	words->used += written > 0 ? (size_t)written : 0;
}

static struct words begin(struct radio_allowance *allowance, enum radio_rules_fault fault)
{
	allowance->fault = fault;
	return (struct words){allowance->text, sizeof(allowance->text), 0};
}

static void add_band(struct words *words, const struct region_band *band)
{
	add(words, "%.10g-%.10g MHz", band->low_hz / 1e6, band->high_hz / 1e6);
	if (band->hour_us)
		add(words, " (%.4g %%)", (double)band->hour_us * 100 / (double)hour_us);
}

/* Where no band takes so wide a signal at that power: the one that would with less. */
static void advise_less_power(struct words *words, const struct radio_rules *rules, const struct radio_case *is,
			      int64_t needed_us)
{
	const struct region_band *band = region_strongest(rules->region, &is->channel, needed_us);
	if (!band)
		return;
	add(words, " Set %.4g dBm or less and choose a channel of ", floor(band->power_dbm));
	add_band(words, band);
	add(words, ".");
}

static void advise(struct words *words, const struct radio_rules *rules, const struct radio_case *is,
		   const char *else_do)
{
	int64_t needed_us = RADIO_RULES_ALERTS * is->alert_us;
	const struct region_band *band = region_roomiest(rules->region, &is->channel, needed_us);
	if (band) {
		add(words, " Choose a channel of ");
		add_band(words, band);
		add(words, "%s%s.", else_do[0] ? ", or " : "", else_do);
	} else if (else_do[0]) {
		add(words, " Choose %s.", else_do);
	} else {
		advise_less_power(words, rules, is, needed_us);
	}
}

/* ---- judging ---- */

static void judge_channel(const struct radio_rules *rules, const struct radio_case *is,
			  struct radio_allowance *allowance)
{
	const struct region_band *near = region_band_at(rules->region, is->channel.frequency_hz);
	struct words words = begin(allowance, RADIO_RULES_BAND);
	add(&words, "%.10g MHz ", is->channel.frequency_hz / 1e6);
	if (near) {
		add(&words, "and %.4g kHz of bandwidth are not wholly inside band %s of %s, ",
		    is->channel.bandwidth_hz / 1e3, near->name, rules->region);
		add_band(&words, near);
		add(&words, ".");
	} else {
		add(&words, "is in no band of %s.", rules->region);
	}
	advise(&words, rules, is, "");
}

static void judge_power(const struct radio_rules *rules, const struct radio_case *is, struct radio_allowance *allowance)
{
	struct words words = begin(allowance, RADIO_RULES_POWER);
	add(&words, "%.4g dBm are more than the %.4g dBm e.r.p. that band %s of %s allows. Set %.4g or less",
	    is->channel.power_dbm, allowance->band->power_dbm, allowance->band->name, rules->region,
	    floor(allowance->band->power_dbm));
	const struct region_band *other = region_roomiest(rules->region, &is->channel, 0);
	if (other) {
		add(&words, ", or choose a channel of ");
		add_band(&words, other);
	}
	add(&words, ".");
}

static const char *limit_name(const struct radio_rules *rules, const struct radio_allowance *allowance, char *name,
			      size_t size)
{
	if (rules->duty_cycle_pct >= 0)
		snprintf(name, size, "duty_cycle_pct");
	else
		snprintf(name, size, "band %s", allowance->band->name);
	return name;
}

static void judge_reserve(const struct radio_rules *rules, const struct radio_case *is,
			  struct radio_allowance *allowance)
{
	const struct ledger_settings *ledger = &allowance->ledger;
	int64_t needed_us = RADIO_RULES_ALERTS * is->alert_us;
	char name[48];
	bool hour = ledger->limit_us && needed_us > ledger->limit_us;
	if (!hour && !(ledger->dwell_us && is->alert_us > ledger->dwell_us))
		return;
	struct words words = begin(allowance, RADIO_RULES_RESERVE);
	if (hour)
		add(&words, "%d alerts of %d bytes take %d x %.0f ms = %.1f s an hour, %s allows %.1f s.",
		    RADIO_RULES_ALERTS, RADIO_RULES_ALERT_BYTES, RADIO_RULES_ALERTS, (double)is->alert_us / 1e3,
		    (double)needed_us / 1e6, limit_name(rules, allowance, name, sizeof(name)),
		    (double)ledger->limit_us / 1e6);
	else
		add(&words, "an alert of %d bytes takes %.0f ms, band %s allows %.0f ms at a time.",
		    RADIO_RULES_ALERT_BYTES, (double)is->alert_us / 1e3, allowance->band->name,
		    (double)ledger->dwell_us / 1e3);
	if (rules->duty_cycle_pct >= 0 || !hour)
		add(&words, " Choose a faster setting.");
	else
		advise(&words, rules, is, "a faster setting");
}

/* What is kept for alerts: twelve, and where there is room one more, so that at equal distances the first and the last, which are an hour
 * apart, do not wait for one another. */
static int64_t reserve_us(int64_t limit_us, int64_t alert_us)
{
	int64_t reserve = (RADIO_RULES_ALERTS + 1) * alert_us;
	return reserve < limit_us ? reserve : limit_us;
}

static void lay_limits(const struct radio_rules *rules, const struct radio_case *is, struct radio_allowance *allowance)
{
	struct ledger_settings *ledger = &allowance->ledger;
	if (allowance->band) {
		ledger->limit_us = allowance->band->hour_us;
		ledger->dwell_us = allowance->band->dwell_us;
	}
	if (rules->duty_cycle_pct >= 100)
		ledger->limit_us = 0;
	else if (rules->duty_cycle_pct >= 0)
		ledger->limit_us = (int64_t)llround(rules->duty_cycle_pct * (double)hour_us / 100);
	ledger->reserve_us = reserve_us(ledger->limit_us, is->alert_us);
}

static void judge_region(const struct radio_rules *rules, const struct radio_case *is,
			 struct radio_allowance *allowance)
{
	if (is->known == -EAGAIN) {
		struct words words = begin(allowance, RADIO_RULES_UNKNOWN);
		add(&words, "the module has not told its channel yet; until then nothing is sent.");
	} else if (is->known < 0) {
		struct words words = begin(allowance, RADIO_RULES_UNJUDGED);
		add(&words, "region %s says nothing where nobody tells the channel.", rules->region);
	} else if (!(allowance->band = region_band(rules->region, &is->channel))) {
		judge_channel(rules, is, allowance);
	} else if (is->channel.power_dbm > allowance->band->power_dbm) {
		judge_power(rules, is, allowance);
	}
}

void radio_rules_judge(const struct radio_rules *rules, const struct radio_case *is, struct radio_allowance *allowance)
{
	*allowance = (struct radio_allowance){.fault = RADIO_RULES_FINE};
	if (strcmp(rules->region, "none") != 0)
		judge_region(rules, is, allowance);
	if (allowance->fault != RADIO_RULES_FINE)
		return;
	lay_limits(rules, is, allowance);
	judge_reserve(rules, is, allowance);
}
