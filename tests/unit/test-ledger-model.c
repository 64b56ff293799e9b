/* The airtime ledger under random traffic, against a naive list of everything that was ever sent: no hour holds more than the limit,
 * twelve alerts an hour never wait, ordinary traffic leaves the reserve alone, and nobody waits longer than needed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "gateway/ledger.h"

enum { SENT_MAX = 60000, ALERTS_AN_HOUR = 12, RESERVED_ALERTS = 13 };
static const int64_t hour_ms = 3600000, hour_us = 3600000000;

struct sent {
	int64_t start_us, end_us;
	bool urgent;
};

struct model {
	struct ledger *ledger;
	struct ledger_settings settings;
	struct sent *sent;
	size_t count, first; /* first: the oldest that the naive sums still look at */
	unsigned random;
	int64_t alert_us;
	int64_t alerts_ms[ALERTS_AN_HOUR]; /* a ring: when the last twelve were raised */
	size_t alerts, ordinary;
};

static unsigned draw(struct model *model, unsigned below)
{
	model->random = model->random * 1664525 + 1013904223;
	return (model->random >> 8) % below;
}

/* Exact time on the air in the hour that ends with the last transmission, which is where the sum has its peaks. */
static int64_t hour_before_us(const struct model *model)
{
	int64_t end_us = model->sent[model->count - 1].end_us, from_us = end_us - hour_us, used_us = 0;
	for (size_t i = model->count; i-- > 0 && model->sent[i].end_us > from_us;) {
		const struct sent *sent = &model->sent[i];
		used_us += sent->end_us - (sent->start_us > from_us ? sent->start_us : from_us);
	}
	return used_us;
}

/* Whole lengths of what ended, to the next millisecond, less than an hour before. */
static void naive_sums(const struct model *model, int64_t at_ms, int64_t *other_us, int64_t *urgent_us)
{
	*other_us = *urgent_us = 0;
	for (size_t i = model->count; i-- > 0;) {
		const struct sent *sent = &model->sent[i];
		int64_t ended_ms = (sent->end_us + 999) / 1000;
		if (ended_ms + hour_ms <= at_ms)
			break;
		*(sent->urgent ? urgent_us : other_us) += sent->end_us - sent->start_us;
	}
}

static bool naive_fits(const struct model *model, bool urgent, int64_t airtime_us, int64_t at_ms)
{
	int64_t other_us, urgent_us;
	naive_sums(model, at_ms, &other_us, &urgent_us);
	int64_t held_us = !urgent && urgent_us < model->settings.reserve_us ? model->settings.reserve_us : urgent_us;
	return other_us + held_us + airtime_us <= model->settings.limit_us;
}

/* Allowed at the time that the ledger says, and not a millisecond before. */
static int64_t when_checked(struct model *model, bool urgent, int64_t airtime_us, int64_t now_ms)
{
	int64_t when_ms = ledger_when_ms(model->ledger, urgent, airtime_us, now_ms);
	assert_true(when_ms >= now_ms);
	assert_true(naive_fits(model, urgent, airtime_us, when_ms));
	if (when_ms > now_ms)
		assert_false(naive_fits(model, urgent, airtime_us, when_ms - 1));
	return when_ms;
}

/* Returns when the transmitter is free again. */
static int64_t transmit(struct model *model, bool urgent, int64_t airtime_us, int64_t now_ms)
{
	assert_true(model->count < SENT_MAX);
	ledger_spend(model->ledger, urgent, airtime_us, now_ms);
	model->sent[model->count++] = (struct sent){now_ms * 1000, now_ms * 1000 + airtime_us, urgent};
	assert_true(hour_before_us(model) <= model->settings.limit_us);
	int64_t other_us, urgent_us;
	naive_sums(model, now_ms, &other_us, &urgent_us);
	if (!urgent)
		assert_true(other_us <= model->settings.limit_us - model->settings.reserve_us);
	struct ledger_level level = ledger_level(model->ledger, now_ms);
	assert_int_equal(level.urgent_us, urgent_us);
	assert_int_equal(level.spent_us, other_us + urgent_us);
	return now_ms + (airtime_us + 999) / 1000;
}

/* An alert whenever fewer than twelve were raised in the last hour and chance, or the clock (every five minutes), will have it. */
static bool alert_is_due(struct model *model, int64_t *next_ms, int64_t now_ms, bool regular)
{
	int64_t *oldest_ms = &model->alerts_ms[model->alerts % ALERTS_AN_HOUR];
	if (now_ms < *next_ms)
		return false;
	if (!regular && model->alerts >= ALERTS_AN_HOUR && now_ms - *oldest_ms < hour_ms)
		return false;
	*oldest_ms = regular ? *next_ms : now_ms;
	/* At random: alone, or several in a row. */
	*next_ms = regular ? *next_ms + hour_ms / ALERTS_AN_HOUR : now_ms + draw(model, 4) * draw(model, 300000);
	model->alerts++;
	return true;
}

static void run(int64_t limit_us, int64_t alert_us, int longest_ms, bool regular, unsigned seed)
{
	struct model model = {
	    .settings = {limit_us, RESERVED_ALERTS * alert_us, 0},
	    .sent = calloc(SENT_MAX, sizeof(struct sent)),
	    .random = seed,
	    .alert_us = alert_us,
	};
	model.ledger = ledger_new(&model.settings);
	int64_t now_ms = 1000000 + (int64_t)draw(&model, 1000000), end_ms = now_ms + 6 * hour_ms, next_ms = now_ms;
	int64_t airtime_us = 20000;
	while (now_ms < end_ms) {
		if (alert_is_due(&model, &next_ms, now_ms, regular)) {
			int64_t alert = alert_us - draw(&model, (unsigned)alert_us / 3);
			assert_int_equal(when_checked(&model, true, alert, now_ms), now_ms);
			now_ms = transmit(&model, true, alert, now_ms);
			continue;
		}
		/* Saturated by ordinary traffic of any length. */
		int64_t when_ms = when_checked(&model, false, airtime_us, now_ms);
		if (when_ms > now_ms) {
			now_ms += 1 + (int64_t)draw(&model, 2000);
			continue;
		}
		now_ms = transmit(&model, false, airtime_us, now_ms) + draw(&model, 20);
		model.ordinary++;
		airtime_us = 20000 + draw(&model, (unsigned)longest_ms * 1000);
	}
	assert_in_range(model.alerts, 48, 73);
	assert_in_range(model.ordinary, 10, SENT_MAX);
	ledger_free(model.ledger);
	free(model.sent);
}

static void test_one_per_cent(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 5; seed++) {
		run(36000000, 1318000, 2500, true, seed);
		run(36000000, 1318000, 2500, false, seed);
	}
}

static void test_ten_per_cent(void **state)
{
	(void)state;
	run(360000000, 724000, 900, true, 7);
	run(360000000, 724000, 900, false, 8);
	run(360000000, 2600000, 9000, false, 9);
}

static void test_one_per_mille(void **state)
{
	(void)state;
	run(3600000, 200000, 300, true, 11);
	run(3600000, 200000, 300, false, 12);
}

/* Beyond twelve an hour alerts wait as well, first for the reserve and then for the hour, and the limit holds. */
static void test_a_storm_of_alerts(void **state)
{
	(void)state;
	struct model model = {
	    .settings = {36000000, RESERVED_ALERTS * 1318000, 0},
	    .sent = calloc(SENT_MAX, sizeof(struct sent)),
	    .random = 3,
	};
	model.ledger = ledger_new(&model.settings);
	int64_t now_ms = 0;
	for (int i = 0; i < 2000; i++) {
		bool urgent = draw(&model, 3) > 0;
		int64_t airtime_us = 50000 + draw(&model, 1268000);
		int64_t when_ms = when_checked(&model, urgent, airtime_us, now_ms);
		/* Somebody else may be first. */
		bool waits = when_ms > now_ms && draw(&model, 2);
		now_ms = waits ? now_ms + 1 + (when_ms - now_ms) / 2 : transmit(&model, urgent, airtime_us, when_ms);
	}
	ledger_free(model.ledger);
	free(model.sent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one_per_cent),
	    cmocka_unit_test(test_ten_per_cent),
	    cmocka_unit_test(test_one_per_mille),
	    cmocka_unit_test(test_a_storm_of_alerts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
