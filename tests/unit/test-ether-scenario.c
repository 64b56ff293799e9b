/* Where the stations of the simulated ether stand: losses by distance, and scenarios as files tell them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/ether_propagation.h"
#include "tests/support/ether_reception.h"
#include "tests/support/ether_scenario.h"
#include "tests/support/near.h"

static struct ether_scenario scenario;

/* Free space, then the plane earth, then nothing behind the horizon. */
static void test_path_loss(void **unused)
{
	(void)unused;
	struct ether_place one = {0, 0, 10, 2.15}, other = {0, 1000, 2, 2.15};
	/* 32.45 + 20 log 868 MHz + 20 log 0.1 km */
	other.y_m = 100;
	assert_near(ether_path_loss_db(&one, &other, 868e6), 71.22, 0.01);
	/* 40 log 10000 - 20 log 20 */
	other.y_m = 10000;
	assert_near(ether_path_loss_db(&one, &other, 868e6), 133.98, 0.01);
	other.y_m = 18860; /* the horizon is at 4.12 (3.162 + 1.414) = 18.85 km */
	assert_true(isinf(ether_path_loss_db(&one, &other, 868e6)));
	other.y_m = 18850;
	assert_false(isinf(ether_path_loss_db(&one, &other, 868e6)));
	assert_near(ether_noise_dbm(125000, 6), -117.0, 0.01);
	assert_near(ether_share(100, 20, 110, 20), 0.5, 1e-9);
	assert_near(ether_share(100, 20, 120, 20), 0, 1e-9);
	assert_near(ether_share(100, 10, 100, 20), 1, 1e-9);
}

static bool load(const char *text, char *said, size_t said_size)
{
	char path[] = "/tmp/ether-scenario-XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	FILE *errors = fmemopen(said, said_size, "w");
	bool fine = ether_scenario_load(&scenario, path, errors);
	fclose(errors);
	unlink(path);
	return fine;
}

static void test_scenario(void **unused)
{
	(void)unused;
	char said[512] = "";
	assert_true(load("region: eu868\nseed: 7\nrandom_loss: 0.25\nclutter_db: 3\nfading_db: 2\nnoise_figure_db: 7\n"
			 "stations:\n  base: {x_m: 1, y_m: -2, height_m: 10, antenna_dbi: 5}\n  node: {}\n"
			 "links:\n  - {from: base, to: node, loss_db: 120}\n  - {from: node, to: x, hidden: true}\n",
			 said, sizeof(said)));
	assert_string_equal(scenario.region, "eu868");
	assert_int_equal(scenario.seed, 7);
	assert_near(scenario.random_loss, 0.25, 0);
	assert_near(ether_scenario_place_of(&scenario, "base").y_m, -2, 0);
	assert_near(ether_scenario_place_of(&scenario, "node").height_m, 2, 0);
	assert_near(ether_scenario_place_of(&scenario, "nobody").x_m, 0, 0);
	assert_near(ether_scenario_loss_db(&scenario, "node", "base"), 120, 0);
	assert_true(isinf(ether_scenario_loss_db(&scenario, "x", "node")));
	assert_near(ether_scenario_loss_db(&scenario, "x", "base"), -1, 0);
	/* JSON is YAML. */
	assert_true(load("{\"region\": \"none\", \"stations\": {\"a\": {\"x_m\": 3}}}", said, sizeof(said)));
	assert_string_equal(scenario.region, "");
	assert_false(load("region: eu867\n", said, sizeof(said)));
	assert_non_null(strstr(said, "eu868"));
	assert_false(load("links:\n  - {from: a, to: b}\n", said, sizeof(said)));
	assert_non_null(strstr(said, "loss_db"));
	assert_false(load("sed: 1\n", said, sizeof(said)));
	assert_non_null(strstr(said, "seed"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_path_loss),
	    cmocka_unit_test(test_scenario),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
