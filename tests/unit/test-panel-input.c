/* Buttons and contacts of the panel against a clock of the test's own: levels in, events out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/panel_input.h"

#define MS(count) ((int64_t)(count)*1000)

static const struct panel_input_rule panic = {PANEL_HOLD, MS(30), MS(2000), MS(10000), MS(60000), 0};
static const struct panel_input_rule press = {PANEL_PRESS, MS(30), 0, 0, MS(60000), 0};
static const struct panel_input_rule lid = {PANEL_WATCH, MS(30), 0, 0, 0, MS(60000)};
static const struct panel_input_rule mains = {PANEL_WATCH, MS(30), MS(5000), 0, 0, 0};

enum { STEPS_MAX = 24 };
static const char open_off[] = "o0", open_on[] = "o1", on[] = "1", off[] = "0", lose[] = "x", end[] = ".";

/* At that time the line does that. */
struct step {
	int64_t at_ms;
	const char *what;
};

struct expected {
	double at_ms;
	enum panel_event event;
};

static void apply(struct panel_input *input, const char *what, int64_t now_us)
{
	if (what[0] == 'o')
		panel_input_open(input, what[1] == '1', now_us);
	else if (what == lose)
		panel_input_lose(input);
	else if (what != end)
		panel_input_edge(input, what == on, now_us);
}

/* Calls the input only when it asks to be called, as the loop does, late_us late. Compares every event with its time. */
static void run(const struct panel_input_rule *rule, const struct step *steps, const struct expected *expected,
		int64_t late_us)
{
	struct panel_input input = {0};
	size_t seen = 0;
	int64_t now_us = MS(1000000), start_us = now_us;
	panel_input_begin(&input, rule);
	for (const struct step *step = steps; step->what; step++) {
		int64_t step_us = start_us + MS(step->at_ms), due_us;
		while ((due_us = panel_input_due_us(&input)) != INT64_MAX && due_us + late_us <= step_us) {
			now_us = due_us + late_us > now_us ? due_us + late_us : now_us;
			enum panel_event event = panel_input_turn(&input, now_us);
			if (event == PANEL_NOTHING)
				continue;
			double at_ms = (double)(now_us - start_us) / 1000;
			/* The lists end with an event that never comes. */
			/* NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult) */
			if (event != expected[seen].event || at_ms < expected[seen].at_ms ||
			    at_ms > expected[seen].at_ms + (double)late_us / 1000 + 0.001)
				fail_msg("event %d at %.3f ms, expected %d at %.3f", event, at_ms, expected[seen].event,
					 expected[seen].at_ms);
			seen++;
		}
		now_us = step_us;
		apply(&input, step->what, now_us);
	}
	assert_int_equal(expected[seen].event, PANEL_NOTHING);
}

#define RUN(rule, steps, ...) run_both(rule, steps, (const struct expected[]){__VA_ARGS__ __VA_OPT__(, ){0}})

static void run_both(const struct panel_input_rule *rule, const struct step *steps, const struct expected *expected)
{
	run(rule, steps, expected, 0);
	run(rule, steps, expected, 700);
}

static void test_hold(void **state)
{
	(void)state;
	static const struct step shorter[] = {{0, open_off}, {1000, on}, {2990, off}, {20000, end}, {0}};
	static const struct step longer[] = {{0, open_off}, {1000, on}, {3010, off}, {20000, end}, {0}};
	static const struct step touches[] = {{0, open_off}, {1000, on},  {2000, off},  {2100, on}, {3500, off},
					      {3600, on},    {4000, off}, {20000, end}, {0}};
	RUN(&panic, shorter);
	RUN(&panic, longer, {3000, PANEL_FIRED});
	RUN(&panic, touches);
}

/* A busy machine looks late: the end of the hold and the end of the press are found together. */
static void test_hold_seen_late(void **state)
{
	(void)state;
	static const struct step let_go[] = {{0, open_off}, {1000, on},   {3010, off}, {9000, on},
					     {10000, off},  {20000, end}, {0}};
	static const struct step bounces[] = {{0, open_off}, {1000, on},   {3010, off}, {3012, on},
					      {4000, off},   {20000, end}, {0}};
	static const struct step again[] = {{0, open_off}, {1000, on}, {13010, off}, {20000, end}, {0}};
	run(&panic, let_go, (const struct expected[]){{3000, PANEL_FIRED}, {0}}, MS(50));
	run(&panic, bounces, (const struct expected[]){{3000, PANEL_FIRED}, {0}}, MS(50));
	run(&panic, again, (const struct expected[]){{3000, PANEL_FIRED}, {13000, PANEL_FIRED}, {0}}, MS(50));
}

/* The time runs from the first edge; what lasts less than the bounce neither begins nor ends it. */
static void test_bounce(void **state)
{
	(void)state;
	static const struct step bounces[] = {{0, open_off}, {1000, on},  {1002, off}, {1005, on},   {1006, off},
					      {1012, on},    {2500, off}, {2520, on},  {2999, off},  {3020, on},
					      {3500, off},   {3501, on},  {3502, off}, {20000, end}, {0}};
	static const struct step let_go[] = {{0, open_off}, {1000, on},   {2995, off}, {3050, on},
					     {4000, off},   {20000, end}, {0}};
	static const struct step spark[] = {{0, open_off}, {1000, on},   {1001, off}, {2000, on},
					    {2001, off},   {20000, end}, {0}};
	RUN(&panic, bounces, {3020, PANEL_FIRED});
	RUN(&panic, let_go);
	RUN(&panic, spark);
	RUN(&press, spark);
}

static void test_repeats(void **state)
{
	(void)state;
	static const struct step held[] = {{0, open_off}, {1000, on},   {25000, off}, {26000, on},
					   {28500, off},  {40000, end}, {0}};
	RUN(&panic, held, {3000, PANEL_FIRED}, {13000, PANEL_FIRED}, {23000, PANEL_FIRED}, {28000, PANEL_FIRED});
}

static void test_stuck(void **state)
{
	(void)state;
	static const struct step from_start[] = {{0, open_on}, {9000, off},  {10000, on},
						 {12500, off}, {20000, end}, {0}};
	static const struct step for_long[] = {{0, open_off}, {1000, on}, {70000, off}, {80000, end}, {0}};
	static const struct panel_input_rule no_repeat = {PANEL_HOLD, MS(30), MS(2000), MS(50000), MS(60000), 0};
	RUN(&panic, from_start, {2000, PANEL_FIRED}, {12000, PANEL_FIRED});
	RUN(&press, from_start, {0, PANEL_STUCK}, {9030, PANEL_FREE}, {10030, PANEL_FIRED});
	RUN(&no_repeat, for_long, {3000, PANEL_FIRED}, {53000, PANEL_FIRED}, {61000, PANEL_STUCK}, {70030, PANEL_FREE});
	RUN(&press, for_long, {1030, PANEL_FIRED}, {61000, PANEL_STUCK}, {70030, PANEL_FREE});
}

static void test_press(void **state)
{
	(void)state;
	static const struct step steps[] = {{0, open_off}, {1000, on},   {1100, off}, {2000, on},
					    {9000, off},   {20000, end}, {0}};
	RUN(&press, steps, {1030, PANEL_FIRED}, {2030, PANEL_FIRED});
}

/* Nothing is raised of a button whose line goes; one that is held when it comes back must be held anew. */
static void test_lost_button(void **state)
{
	(void)state;
	static const struct step steps[] = {{0, open_off}, {1000, on},   {2000, lose},  {9000, open_on}, {15000, off},
					    {16000, on},   {18100, off}, {18500, lose}, {19000, end},    {0}};
	RUN(&panic, steps, {11000, PANEL_FIRED}, {18000, PANEL_FIRED});
}

static void test_contact(void **state)
{
	(void)state;
	static const struct step steps[] = {{0, open_off}, {1000, on}, {5000, off}, {90000, end}, {0}};
	static const struct step from_start[] = {{0, open_on}, {5000, off}, {90000, end}, {0}};
	static const struct step loose[] = {{0, open_off}, {1000, on},   {2000, off},  {3000, on}, {4000, off},
					    {50000, on},   {70000, off}, {90000, end}, {0}};
	RUN(&lid, steps, {1030, PANEL_BEGAN}, {5030, PANEL_ENDED});
	RUN(&lid, from_start, {0, PANEL_BEGAN}, {5030, PANEL_ENDED});
	/* Within a minute it is not said again: one that is over by then is counted, one that is not is said then. */
	run(&lid, loose,
	    (const struct expected[]){{1030, PANEL_BEGAN},
				      {2030, PANEL_ENDED},
				      {4030, PANEL_PASSED},
				      {61030, PANEL_BEGAN},
				      {70030, PANEL_ENDED},
				      {0}},
	    0);
}

static void test_mains(void **state)
{
	(void)state;
	static const struct step flicker[] = {{0, open_off}, {1000, on},   {5000, off}, {5500, on},
					      {9000, off},   {90000, end}, {0}};
	static const struct step failure[] = {{0, open_off}, {1000, on},   {8000, off},  {9000, on}, {9500, off},
					      {13000, on},   {13010, off}, {90000, end}, {0}};
	RUN(&mains, flicker);
	RUN(&mains, failure, {6000, PANEL_BEGAN}, {14500, PANEL_ENDED});
}

/* What was said before the line went is not said again, and its end is found out. */
static void test_lost_contact(void **state)
{
	(void)state;
	static const struct step still[] = {{0, open_off}, {1000, on},   {9000, lose}, {12000, open_on},
					    {20000, off},  {90000, end}, {0}};
	static const struct step over[] = {{0, open_off},     {1000, on},   {9000, lose},
					   {12000, open_off}, {90000, end}, {0}};
	RUN(&mains, still, {6000, PANEL_BEGAN}, {25000, PANEL_ENDED});
	RUN(&mains, over, {6000, PANEL_BEGAN}, {17000, PANEL_ENDED});
}

/* While nothing changes nobody needs to look. */
static void test_no_wake_ups(void **state)
{
	(void)state;
	static const struct panel_input_rule *const rules[] = {&panic, &press, &lid, &mains};
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		struct panel_input input;
		panel_input_begin(&input, rules[i]);
		assert_true(panel_input_due_us(&input) == INT64_MAX);
		panel_input_open(&input, false, MS(5));
		assert_int_equal(panel_input_turn(&input, MS(5)), PANEL_NOTHING);
		assert_true(panel_input_due_us(&input) == INT64_MAX);
		panel_input_edge(&input, true, MS(100));
		assert_true(panel_input_due_us(&input) == MS(130));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_hold),         cmocka_unit_test(test_hold_seen_late), cmocka_unit_test(test_bounce),
	    cmocka_unit_test(test_repeats),      cmocka_unit_test(test_stuck),          cmocka_unit_test(test_press),
	    cmocka_unit_test(test_lost_button),  cmocka_unit_test(test_contact),        cmocka_unit_test(test_mains),
	    cmocka_unit_test(test_lost_contact), cmocka_unit_test(test_no_wake_ups),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
