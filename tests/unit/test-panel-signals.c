/* What the panel shows and sounds, edge by edge, against a clock of the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/panel_signals.h"

#define MS(count) ((int64_t)(count)*1000)
#define SIREN_MAX MS(180000)

static const int64_t start_us = MS(1000000); /* a whole number of periods */

/* Walks from edge to edge as the loop does: "1" for lit and "0" for dark, with the time into the period. */
static void edges_of(const struct panel_condition *condition, enum panel_line lamp, char text[static 128])
{
	struct panel_signals signals = {.siren_max_us = SIREN_MAX};
	int64_t now_us = start_us;
	bool level = false;
	panel_signals_set(&signals, condition, now_us);
	text[0] = 0;
	for (;;) {
		bool now = panel_signals_level(&signals, lamp, now_us);
		if (now_us == start_us || now != level)
			sprintf(text + strlen(text), "%d@%lld ", now, (long long)(now_us - start_us) / 1000);
		level = now;
		int64_t due_us = panel_signals_due_us(&signals, lamp, now_us);
		if (due_us == INT64_MAX || due_us - start_us >= MS(2000))
			return;
		assert_true(due_us > now_us);
		now_us = due_us;
	}
}

static void test_patterns(void **state)
{
	(void)state;
	static const char dark[] = "0@0 ", steady[] = "1@0 ", slow[] = "1@0 0@1000 ";
	static const char quick[] = "1@0 0@250 1@500 0@750 1@1000 0@1250 1@1500 0@1750 ";
	static const char twice[] = "1@0 0@150 1@400 0@550 ", thrice[] = "1@0 0@150 1@400 0@550 1@800 0@950 ";
	static const char gaps[] = "1@0 0@1600 ";
	static const struct {
		struct panel_condition condition;
		const char *lamp, *alert, *radio, *uplink;
	} table[] = {
	    {{.uplink_lost = false}, dark, dark, dark, dark},
	    {{.unseen = true}, quick, quick, dark, dark},
	    {{.seen = true}, steady, steady, dark, dark},
	    {{.unseen = true, .seen = true}, quick, quick, dark, dark},
	    {{.radio_lost = true}, twice, dark, twice, dark},
	    {{.uplink_lost = true}, slow, dark, dark, slow},
	    {{.alert_waits = true}, gaps, dark, gaps, dark},
	    {{.alert_waits = true, .radio_lost = true, .uplink_lost = true, .panel_fault = true},
	     gaps,
	     dark,
	     gaps,
	     slow},
	    {{.alert_waits = true, .seen = true}, gaps, steady, gaps, dark},
	    {{.alert_waits = true, .unseen = true, .radio_lost = true}, quick, quick, gaps, dark},
	    {{.panel_fault = true}, thrice, dark, dark, dark},
	    {{.unseen = true, .radio_lost = true, .uplink_lost = true, .panel_fault = true}, quick, quick, twice, slow},
	    {{.seen = true, .radio_lost = true, .uplink_lost = true}, twice, steady, twice, slow},
	    {{.seen = true, .uplink_lost = true, .panel_fault = true}, slow, steady, dark, slow},
	    {{.seen = true, .panel_fault = true}, thrice, steady, dark, dark},
	};
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const enum panel_line lamps[] = {PANEL_LAMP, PANEL_LAMP_ALERT, PANEL_LAMP_RADIO, PANEL_LAMP_UPLINK};
		const char *const expected[] = {table[i].lamp, table[i].alert, table[i].radio, table[i].uplink};
		for (size_t lamp = 0; lamp < 4; lamp++) {
			char text[128];
			edges_of(&table[i].condition, lamps[lamp], text);
			assert_string_equal(text, expected[lamp]);
		}
	}
}

static bool sounds(const struct panel_signals *signals, int64_t now_us)
{
	return panel_signals_level(signals, PANEL_SIREN, now_us);
}

static bool flashes(const struct panel_signals *signals, int64_t now_us)
{
	return panel_signals_level(signals, PANEL_STROBE, now_us);
}

static void sound(struct panel_signals *signals, unsigned incidents, uint64_t heard, int64_t now_us)
{
	panel_signals_set(signals, &(struct panel_condition){.sounding = incidents, .heard = heard}, now_us);
}

static void test_siren(void **state)
{
	(void)state;
	struct panel_signals signals = {.siren_max_us = SIREN_MAX};
	int64_t now_us = start_us;
	assert_false(sounds(&signals, now_us));
	assert_true(panel_signals_due_us(&signals, PANEL_SIREN, now_us) == INT64_MAX);
	sound(&signals, 1, 1, now_us);
	assert_true(sounds(&signals, now_us) && flashes(&signals, now_us));
	assert_true(panel_signals_due_us(&signals, PANEL_SIREN, now_us) == now_us + SIREN_MAX);
	/* The strobe stays when the siren's time is over. */
	now_us += SIREN_MAX;
	assert_false(sounds(&signals, now_us));
	assert_true(flashes(&signals, now_us));
	assert_true(panel_signals_due_us(&signals, PANEL_SIREN, now_us) == INT64_MAX);
	/* Another incident sounds at once, and another while it sounds begins its time anew. */
	sound(&signals, 2, 2, now_us);
	assert_true(sounds(&signals, now_us + SIREN_MAX - 1));
	sound(&signals, 3, 3, now_us + MS(1000));
	assert_int_equal(signals.siren_starts, 3);
	assert_true(sounds(&signals, now_us + SIREN_MAX));
	/* One that somebody saw leaves the others; when all are seen it is over. */
	sound(&signals, 2, 2, now_us + MS(2000));
	assert_true(sounds(&signals, now_us + MS(2000)));
	assert_int_equal(signals.siren_starts, 3);
	sound(&signals, 0, 0, now_us + MS(3000));
	assert_false(sounds(&signals, now_us + MS(3000)) || flashes(&signals, now_us + MS(3000)));
}

static void test_siren_of_repeats(void **state)
{
	(void)state;
	struct panel_signals signals = {.siren_max_us = SIREN_MAX};
	sound(&signals, 1, 1, start_us);
	/* Neither while it sounds nor soon after, however often somebody says it again. */
	for (int64_t at = MS(10000), count = 2; at < 2 * SIREN_MAX; at += MS(10000), count++) {
		sound(&signals, 1, (uint64_t)count, start_us + at);
		assert_int_equal(sounds(&signals, start_us + at), at < SIREN_MAX);
	}
	/* After it was silent for as long: once more. */
	sound(&signals, 1, 100, start_us + 2 * SIREN_MAX);
	assert_true(sounds(&signals, start_us + 2 * SIREN_MAX));
	sound(&signals, 1, 101, start_us + 2 * SIREN_MAX + MS(1000));
	assert_int_equal(signals.siren_starts, 2);
}

static void test_siren_without_limit(void **state)
{
	(void)state;
	struct panel_signals signals = {.siren_max_us = 0};
	sound(&signals, 1, 1, start_us);
	assert_true(sounds(&signals, start_us + MS(1000000000)));
	assert_true(panel_signals_due_us(&signals, PANEL_SIREN, start_us) == INT64_MAX);
	sound(&signals, 1, 2, start_us);
	assert_int_equal(signals.siren_starts, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_patterns),
	    cmocka_unit_test(test_siren),
	    cmocka_unit_test(test_siren_of_repeats),
	    cmocka_unit_test(test_siren_without_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
