/* The brokers of the uplink: whose turn it is, with which protocol, how soon, and the way back to a better one. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/clock.h"
#include "gateway/uplink_brokers.h"

struct bench {
	struct uplink_broker list[3];
	struct uplink_settings settings;
	sd_event *event;
	struct worker *worker;
	struct uplink_brokers *brokers;
	unsigned better;
};

static void on_better(void *context)
{
	struct bench *bench = context;
	bench->better++;
}

static void bench_new(struct bench *bench, uint16_t first_port)
{
	static const char *const hosts[] = {"127.0.0.1", "two", "three"};
	*bench = (struct bench){.settings = {.broker_count = 3, .connect_timeout_ms = 5000}};
	for (size_t i = 0; i < 3; i++)
		bench->list[i] = (struct uplink_broker){.host = hosts[i], .port = i == 0 ? first_port : 1883};
	bench->settings.brokers = bench->list;
	assert_true(sd_event_new(&bench->event) >= 0);
	bench->worker = worker_new(bench->event);
	bench->brokers = uplink_brokers_new(&bench->settings, on_better, bench, bench->event, bench->worker);
	assert_non_null(bench->brokers);
}

static void bench_free(struct bench *bench)
{
	uplink_brokers_free(bench->brokers);
	worker_free(bench->worker);
	sd_event_unref(bench->event);
}

static void assert_turn(const struct bench *bench, size_t index)
{
	assert_ptr_equal(uplink_brokers_now(bench->brokers), &bench->list[index]);
}

/* Those of a round follow one another closely; the rounds become rarer, down to one a minute. */
static void test_rounds(void **state)
{
	(void)state;
	static const int64_t after_round_ms[] = {1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000};
	struct bench bench;
	bench_new(&bench, 1883);
	assert_string_equal(uplink_brokers_name(bench.brokers), "");
	for (size_t i = 0; i < sizeof(after_round_ms) / sizeof(after_round_ms[0]); i++)
		for (size_t index = 0; index < 3; index++) {
			assert_turn(&bench, index);
			assert_int_equal(uplink_brokers_begin(bench.brokers), 5);
			assert_int_equal(uplink_brokers_failed(bench.brokers, MQTT_UNREACHABLE, "no"),
					 index < 2 ? 1000 : after_round_ms[i]);
		}
	assert_string_equal(uplink_brokers_name(bench.brokers), "three:1883");
	bench_free(&bench);
}

/* One that says that it does not know MQTT 5 is remembered, one that hangs up is tried with 3.1.1 once. */
static void test_protocols(void **state)
{
	(void)state;
	struct bench bench;
	bench_new(&bench, 1883);
	assert_int_equal(uplink_brokers_begin(bench.brokers), 5);
	assert_int_equal(uplink_brokers_failed(bench.brokers, MQTT_PROTOCOL, "no"), 0);
	assert_turn(&bench, 0);
	assert_int_equal(uplink_brokers_begin(bench.brokers), 4);
	assert_int_equal(uplink_brokers_failed(bench.brokers, MQTT_PROTOCOL, "no"), 1000);
	assert_turn(&bench, 1);
	assert_int_equal(uplink_brokers_begin(bench.brokers), 5);
	assert_int_equal(uplink_brokers_failed(bench.brokers, MQTT_HUNG_UP, "no"), 0);
	assert_turn(&bench, 1);
	assert_int_equal(uplink_brokers_begin(bench.brokers), 4);
	assert_int_equal(uplink_brokers_failed(bench.brokers, MQTT_HUNG_UP, "no"), 1000);
	assert_turn(&bench, 2);
	assert_int_equal(uplink_brokers_begin(bench.brokers), 5);
	assert_int_equal(uplink_brokers_failed(bench.brokers, MQTT_REFUSED, "no"), 1000);
	assert_int_equal(uplink_brokers_begin(bench.brokers), 4);
	assert_int_equal(uplink_brokers_failed(bench.brokers, MQTT_UNREACHABLE, "no"), 1000);
	assert_int_equal(uplink_brokers_begin(bench.brokers), 5);
	/* It hung up on MQTT 5 and takes 3.1.1: that is remembered, too. */
	assert_int_equal(uplink_brokers_failed(bench.brokers, MQTT_HUNG_UP, "no"), 0);
	assert_int_equal(uplink_brokers_begin(bench.brokers), 4);
	uplink_brokers_connected(bench.brokers);
	assert_int_equal(uplink_brokers_begin(bench.brokers), 4);
	bench_free(&bench);
}

/* A connection that did not last, or that takes no messages, is the next one's turn. */
static void test_lost(void **state)
{
	(void)state;
	struct bench bench;
	bench_new(&bench, 1883);
	uplink_brokers_begin(bench.brokers);
	uplink_brokers_connected(bench.brokers);
	assert_int_equal(uplink_brokers_lost(bench.brokers, false), 1000);
	assert_turn(&bench, 1);
	uplink_brokers_begin(bench.brokers);
	uplink_brokers_connected(bench.brokers);
	assert_int_equal(uplink_brokers_lost(bench.brokers, true), 1000);
	assert_turn(&bench, 2);
	bench_free(&bench);
}

static int listen_on(uint16_t *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	*port = ntohs(address.sin_port);
	return fd;
}

static void test_back_to_a_better_one(void **state)
{
	(void)state;
	struct bench bench;
	uint16_t port;
	int fd = listen_on(&port);
	bench_new(&bench, port);
	uplink_brokers_begin(bench.brokers);
	uplink_brokers_failed(bench.brokers, MQTT_MUTE, "no");
	assert_turn(&bench, 1);
	uplink_brokers_begin(bench.brokers);
	uplink_brokers_connected(bench.brokers);
	int64_t until_us = clock_mono_us() + 20000000;
	while (!bench.better && clock_mono_us() < until_us)
		assert_true(sd_event_run(bench.event, 100000) >= 0);
	assert_int_equal(bench.better, 1);
	assert_turn(&bench, 0);
	bench_free(&bench);
	close(fd);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rounds),
	    cmocka_unit_test(test_protocols),
	    cmocka_unit_test(test_lost),
	    cmocka_unit_test(test_back_to_a_better_one),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
