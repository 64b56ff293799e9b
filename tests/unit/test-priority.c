/* The simulation behind the benchmark tx-priority, for half an hour: it can tell a scheduler from a FIFO, and gives the same figures again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/priority_figures.h"

static struct ether_scenario scenario;

static int load(void **state)
{
	(void)state;
	return ether_scenario_load(&scenario, CRESSET_SOURCE_DIR "/tests/bench/scenarios/tx-priority.yaml", stderr)
		   ? 0
		   : -1;
}

static struct priority_figures half_an_hour(const struct priority_case *of, bool fifo, double listening_share,
					    bool from_field)
{
	static struct priority_result result;
	struct priority_figures figures = {0};
	const struct priority_settings settings = {.of = of,
						   .scenario = &scenario,
						   .seed = scenario.seed,
						   .duration_us = 1800000000,
						   .fifo = fifo,
						   .listening_share = listening_share,
						   .from_field = from_field};
	priority_run(&settings, &result);
	priority_add(&figures, &settings, &result);
	priority_conclude(&figures);
	return figures;
}

static void alerts_go_at_the_next_frame_boundary(void **state)
{
	(void)state;
	for (const struct priority_case *of = priority_cases; of->name; of++) {
		struct priority_figures figures = half_an_hour(of, false, 0.25, false);
		assert_int_equal(figures.distress_count + figures.urgent_count, 6);
		assert_int_equal(figures.distress_late, 0);
		assert_int_equal(figures.delayed, 0);
		assert_true(figures.urgent_p99 <= 2);
		assert_int_equal(figures.overruns, 0);
		assert_true(figures.turn_delay_max <= 1);
		assert_true(figures.sent[4] > 0);
		priority_clear(&figures);
	}
}

/* The same traffic and the same measure, and nothing of that holds. */
static void a_fifo_is_told_from_it(void **state)
{
	(void)state;
	for (const struct priority_case *of = priority_cases; of->name; of++) {
		struct priority_figures figures = half_an_hour(of, true, 0, false);
		assert_int_equal(figures.distress_late, figures.distress_count);
		assert_true(figures.urgent_p99 > 20);
		/* In the narrowest band the first round is not over within half an hour. */
		if (strcmp(of->name, "eu868-1pct") != 0)
			assert_true(figures.turn_delay_max > 10);
		assert_int_equal(figures.overruns, 0);
		priority_clear(&figures);
	}
}

static void field_is_heard(void **state)
{
	(void)state;
	for (const struct priority_case *of = priority_cases; of->name; of++) {
		struct priority_figures figures = half_an_hour(of, false, 0.25, true);
		assert_int_equal(figures.field_alerts, 6);
		assert_int_equal(figures.field_delivered, 6);
		assert_int_equal(figures.field_acknowledged, 6);
		assert_true(figures.field_sent >= 6);
		assert_int_equal(figures.overruns, 0);
		priority_clear(&figures);
	}
}

/* A gateway that takes all of the channel is hardly ever silent, so that stations talk into its frames. */
static void without_the_share_it_costs_repeats(void **state)
{
	(void)state;
	const struct priority_case *of = priority_case_of("afsk1200");
	struct priority_figures with = half_an_hour(of, false, 0.25, true), without = half_an_hour(of, false, 0, true);
	assert_true(without.field_sent > with.field_sent);
	assert_true(without.airtime_us > 2 * with.airtime_us);
	priority_clear(&with);
	priority_clear(&without);
}

static void same_seed_same_figures(void **state)
{
	(void)state;
	const struct priority_case *of = priority_case_of("eu868-1pct");
	struct priority_figures one = half_an_hour(of, false, 0.25, false),
				other = half_an_hour(of, false, 0.25, false);
	assert_int_equal(one.airtime_us, other.airtime_us);
	assert_memory_equal(one.sent, other.sent, sizeof(one.sent));
	assert_memory_equal(one.distress_frames, other.distress_frames, one.distress_count * sizeof(double));
	priority_clear(&one);
	priority_clear(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(alerts_go_at_the_next_frame_boundary),
	    cmocka_unit_test(a_fifo_is_told_from_it),
	    cmocka_unit_test(field_is_heard),
	    cmocka_unit_test(without_the_share_it_costs_repeats),
	    cmocka_unit_test(same_seed_same_figures),
	};
	return cmocka_run_group_tests(tests, load, NULL);
}
