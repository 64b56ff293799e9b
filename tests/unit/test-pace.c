/* Tests of the rate estimate on a simulated link: it must be found, followed, not be fooled by loss, and leave alerts a free way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/linksim.h"

#define S INT64_C(1000000)

static struct linksim_settings link_of(double rate_bps, int64_t delay_us, double loss)
{
	return (struct linksim_settings){.rate_bps = rate_bps,
					 .delay_us = delay_us,
					 .loss = loss,
					 .jitter_us = 500,
					 .late_us = 500,
					 .bulk_bytes = 210,
					 .alert_bytes = 170,
					 .overhead_bytes = 52,
					 .alert_every_us = S / 5,
					 .seed = 7};
}

static double rate_bps(const struct linksim *sim)
{
	return pace_rate(linksim_pace(sim)) * 8;
}

/* Runs a second at a time until the estimate was within 15 % of the link for three seconds on end; returns when that began. */
static int seconds_to_find(struct linksim *sim, double link_bps, int most)
{
	int held = 0;
	for (int second = 1; second <= most; second++) {
		linksim_run(sim, S, false);
		double share = rate_bps(sim) / link_bps;
		held = share > 0.85 && share < 1.15 ? held + 1 : 0;
		if (held == 3)
			return second - 2;
	}
	return most + 1;
}

static void check_found(double link_bps, int64_t delay_us, double loss, int within_s)
{
	struct linksim_settings settings = link_of(link_bps, delay_us, loss);
	struct linksim *sim = linksim_new(&settings);
	assert_non_null(sim);
	int seconds = seconds_to_find(sim, link_bps, 60);
	print_message("%.0f kbit/s, %d ms, %.0f %% loss: found after %d s\n", link_bps / 1000, (int)(delay_us / 1000),
		      loss * 100, seconds);
	assert_true(seconds <= within_s);
	linksim_free(sim);
}

static void test_finds_every_link(void **state)
{
	(void)state;
	check_found(64e3, 0, 0, 30);
	check_found(64e3, 300000, 0, 30);
	check_found(256e3, 300000, 0, 30);
	check_found(2e6, 25000, 0, 30);
	check_found(20e6, 10000, 0, 30);
}

static void check_change(int64_t delay_us, double factor)
{
	struct linksim_settings settings = link_of(128e3, delay_us, 0);
	struct linksim *sim = linksim_new(&settings);
	assert_non_null(sim);
	linksim_run(sim, 40 * S, false);
	linksim_set_rate(sim, 128e3 * factor);
	int seconds = seconds_to_find(sim, 128e3 * factor, 60);
	print_message("x %.1f at %d ms: found again after %d s\n", factor, (int)(delay_us / 1000), seconds);
	assert_true(seconds <= 30);
	linksim_free(sim);
}

static void test_follows_a_change(void **state)
{
	(void)state;
	check_change(0, 0.5);
	check_change(0, 2);
	check_change(300000, 0.5);
	check_change(300000, 2);
}

static void test_loss_is_no_full_queue(void **state)
{
	(void)state;
	struct linksim_settings settings = link_of(256e3, 300000, 0.01);
	struct linksim *sim = linksim_new(&settings);
	assert_non_null(sim);
	linksim_run(sim, 40 * S, false);
	double sum = 0;
	for (int second = 0; second < 60; second++) {
		linksim_run(sim, S, false);
		sum += rate_bps(sim);
	}
	print_message("1 %% loss: the estimate is %.0f %% of the link\n", 100 * sum / 60 / 256e3);
	assert_true(sum / 60 > 0.8 * 256e3);
	linksim_free(sim);
}

static void test_a_longer_path_does_not_starve_bulk(void **state)
{
	(void)state;
	struct linksim_settings settings = link_of(128e3, 20000, 0);
	struct linksim *sim = linksim_new(&settings);
	assert_non_null(sim);
	linksim_run(sim, 40 * S, false);
	linksim_set_delay(sim, 300000);
	linksim_run(sim, 45 * S, false);
	linksim_reset(sim);
	linksim_run(sim, 20 * S, false);
	/* 262 bytes of wire a message, beside 5 alerts a second */
	double carried = linksim_bulk_per_s(sim) * 262 * 8;
	print_message("45 s after the path became longer bulk takes %.0f %% of the link\n", 100 * carried / 128e3);
	assert_true(carried > 0.6 * 128e3);
	linksim_free(sim);
}

static void test_an_alert_finds_the_link_all_but_empty(void **state)
{
	(void)state;
	struct linksim_settings settings = link_of(64e3, 0, 0);
	struct linksim *sim = linksim_new(&settings);
	assert_non_null(sim);
	linksim_run(sim, 40 * S, false);
	linksim_reset(sim);
	linksim_run(sim, 60 * S, false);
	double p50 = linksim_wait_ms(sim, 0.5), p99 = linksim_wait_ms(sim, 0.99);
	print_message("64 kbit/s: alerts wait p50 %.0f ms, p99 %.0f ms; bulk %.1f/s\n", p50, p99,
		      linksim_bulk_per_s(sim));
	/* One bulk message takes 33 ms. */
	assert_true(p50 < 33);
	assert_true(p99 < 75);
	assert_true(linksim_bulk_per_s(sim) > 19);
	linksim_free(sim);
}

static void test_a_limit_holds(void **state)
{
	(void)state;
	struct pace *pace = pace_new(1000);
	assert_non_null(pace);
	int64_t now_us = S;
	for (int i = 0; i < 500; i++) {
		struct pace_mark mark = pace_sent(pace, now_us, 250);
		now_us += 2000;
		pace_answered(pace, &mark, now_us);
		assert_true(pace_rate(pace) <= 1000);
		int64_t next_us = pace_next_us(pace, now_us);
		now_us = next_us > now_us ? next_us : now_us;
	}
	/* 500 x 250 bytes at 1000 bytes/s */
	assert_true(now_us >= 124 * S);
	pace_free(pace);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_finds_every_link),
	    cmocka_unit_test(test_follows_a_change),
	    cmocka_unit_test(test_loss_is_no_full_queue),
	    cmocka_unit_test(test_a_longer_path_does_not_starve_bulk),
	    cmocka_unit_test(test_an_alert_finds_the_link_all_but_empty),
	    cmocka_unit_test(test_a_limit_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
