/* Siren, strobe and lamps. */
#include "gateway/panel_signals.h"

static const int64_t never = INT64_MAX;

enum { EDGES_MAX = 6 };

/* A lamp is lit at the start of the period and changes at each edge, milliseconds into it. Never lit: no period; always: no edges. All
 * lamps begin their periods together, so that one timer serves them with few wake-ups. */
struct pattern {
	unsigned period_ms, edges_ms[EDGES_MAX], edge_count;
};

static const struct pattern dark = {0};
static const struct pattern steady = {1, {0}, 0};
static const struct pattern quick = {500, {250}, 1};
static const struct pattern slow = {2000, {1000}, 1};
static const struct pattern twice = {2000, {150, 400, 550}, 3};
static const struct pattern gaps = {2000, {1600}, 1};
static const struct pattern thrice = {2000, {150, 400, 550, 800, 950}, 5};

static int64_t siren_end_us(const struct panel_signals *signals, int64_t now_us)
{
	return signals->siren_max_us ? now_us + signals->siren_max_us : never;
}

void panel_signals_set(struct panel_signals *signals, const struct panel_condition *condition, int64_t now_us)
{
	const struct panel_condition *before = &signals->condition;
	bool opened = condition->sounding > before->sounding;
	bool repeated = condition->sounding == before->sounding && condition->heard > before->heard;
	bool rested = signals->siren_max_us && now_us - signals->siren_until_us >= signals->siren_max_us;
	if (opened || (repeated && rested)) {
		signals->siren_until_us = siren_end_us(signals, now_us);
		signals->siren_starts++;
	}
	signals->condition = *condition;
}

static const struct pattern *alert_pattern(const struct panel_condition *condition)
{
	return condition->unseen ? &quick : condition->seen ? &steady : &dark;
}

/* What a radio that is up cannot send is more urgent than one that has been away for long. */
static const struct pattern *radio_pattern(const struct panel_condition *condition)
{
	return condition->alert_waits ? &gaps : condition->radio_lost ? &twice : &dark;
}

/* One lamp for all shows what is most urgent; what somebody has seen already comes last. */
static const struct pattern *common_pattern(const struct panel_condition *condition)
{
	if (condition->unseen)
		return &quick;
	if (condition->alert_waits || condition->radio_lost)
		return radio_pattern(condition);
	if (condition->uplink_lost)
		return &slow;
	return condition->panel_fault ? &thrice : alert_pattern(condition);
}

static const struct pattern *pattern_of(const struct panel_condition *condition, enum panel_line lamp)
{
	switch (lamp) {
	case PANEL_LAMP:
		return common_pattern(condition);
	case PANEL_LAMP_ALERT:
		return alert_pattern(condition);
	case PANEL_LAMP_RADIO:
		return radio_pattern(condition);
	case PANEL_LAMP_UPLINK:
		return condition->uplink_lost ? &slow : &dark;
	default:
		return &dark;
	}
}

/* How many edges of the period are over; *in_ms is the time in it. */
static unsigned edges_over(const struct pattern *pattern, int64_t now_us, unsigned *in_ms)
{
	unsigned over = 0;
	*in_ms = (unsigned)(now_us / 1000 % pattern->period_ms);
	while (over < pattern->edge_count && pattern->edges_ms[over] <= *in_ms)
		over++;
	return over;
}

bool panel_signals_level(const struct panel_signals *signals, enum panel_line output, int64_t now_us)
{
	unsigned in_ms;
	bool alarm = signals->condition.sounding > 0;
	if (output == PANEL_SIREN)
		return alarm && now_us < signals->siren_until_us;
	if (output == PANEL_STROBE)
		return alarm;
	const struct pattern *pattern = pattern_of(&signals->condition, output);
	return pattern->period_ms && edges_over(pattern, now_us, &in_ms) % 2 == 0;
}

int64_t panel_signals_due_us(const struct panel_signals *signals, enum panel_line output, int64_t now_us)
{
	unsigned in_ms;
	if (output == PANEL_SIREN)
		return panel_signals_level(signals, output, now_us) ? signals->siren_until_us : never;
	const struct pattern *pattern = pattern_of(&signals->condition, output);
	if (!pattern->edge_count)
		return never;
	unsigned over = edges_over(pattern, now_us, &in_ms);
	unsigned next_ms = over < pattern->edge_count ? pattern->edges_ms[over] : pattern->period_ms;
	return (now_us / 1000 + next_ms - in_ms) * 1000;
}
