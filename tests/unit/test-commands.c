/* Commands that come all at once, as they do when a broker was kept waiting: what becomes of each. The route is the test's own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/clock.h"
#include "gateway/commands.h"
#include "gateway/log.h"
#include "gateway/publisher.h"
#include "gateway/receipts.h"

enum { COMMANDS_MAX = 512 };

struct route {
	struct receipts *receipts;
	unsigned sent, ended[RECEIPT_CANCELLED + 1];
	char unreadable[32]; /* the code of the last one of those */
};
static struct route route;
static const int64_t now_ms = 1790000000000;

int64_t clock_steady_ms(void)
{
	return now_ms;
}
int64_t clock_wall_ms(void)
{
	return now_ms;
}
enum message_clock publisher_clock(const struct settings *settings)
{
	return settings->gateway.clock;
}
struct receipts *route_receipts(struct route *of)
{
	return of->receipts;
}
void route_receipt(struct route *of, const struct receipt *receipt)
{
	if (strcmp(receipt->command, RECEIPT_UNREADABLE) == 0)
		snprintf(of->unreadable, sizeof(of->unreadable), "%s", receipt->code);
	else
		assert_true(receipts_say(of->receipts, receipt, NULL, now_ms));
}
int route_send(struct route *of, const char *sender, const struct message *message, const char *radio)
{
	(void)sender, (void)message, (void)radio;
	of->sent++;
	return 0;
}
int route_cancel(struct route *of, const char *id)
{
	(void)of, (void)id;
	return -ENOENT;
}
int route_answer(struct route *of, const char *ref, enum ack_level level, const char *operator_id, int eta_min)
{
	(void)of, (void)ref, (void)level, (void)operator_id, (void)eta_min;
	return -ENOENT;
}
enum message_kind route_kind(const struct route *of, const char *ref)
{
	(void)of, (void)ref;
	return KIND_NONE;
}
uint64_t route_content(const struct route *of, const char *sender, const char *text)
{
	(void)of, (void)sender;
	return 1 + strlen(text);
}
bool route_neighbour_answered(struct route *of, const char *topic, const void *payload, size_t size)
{
	(void)of, (void)topic, (void)payload, (void)size;
	return false;
}
bool route_trusts(const struct route *of, const char *gateway)
{
	(void)of, (void)gateway;
	return false;
}

static bool keep(void *context, const char *name, const void *bytes, size_t size)
{
	(void)context, (void)name, (void)bytes, (void)size;
	return false;
}
static const void *recall(void *context, const char *name, size_t *size)
{
	(void)context, (void)name;
	*size = 0;
	return NULL;
}
static void publish(void *context, enum command_what what, const struct receipt *receipt, const char *radio)
{
	(void)context, (void)what, (void)radio;
	route.ended[receipt->stage]++;
}

struct bench {
	struct counters *counters;
	struct settings settings;
	struct commands *commands;
};

static struct bench begin(void)
{
	const struct receipts_hooks hooks = {NULL, keep, recall, publish};
	struct bench bench = {.counters = counters_new(), .settings = {.gateway = {.clock = CLOCK_SOURCE_NTP}}};
	log_set_level(LOG_LEVEL_ERROR);
	route = (struct route){.receipts = receipts_new("base1", &hooks, bench.counters, now_ms)};
	return bench;
}

static void end(struct bench *bench)
{
	commands_free(bench->commands);
	receipts_free(route.receipts);
	counters_free(bench->counters);
}

/* So many, each with an id of its own behind the format. */
static void give(struct bench *bench, unsigned count, const char *format)
{
	for (unsigned i = 0; i < count; i++) {
		char json[256];
		snprintf(json, sizeof(json), format, i);
		const struct uplink_command command = {
		    .topic = "sec/text", .payload = json, .size = strlen(json), .expiry_s = -1};
		commands_received(bench->commands, &command);
	}
}

/* All of a day that the gateway was away have their end, and none of them is sent. */
static void test_many_that_have_expired(void **state)
{
	(void)state;
	struct bench bench = begin();
	bench.commands = commands_new(&bench.settings, &route, bench.counters);
	give(&bench, COMMANDS_MAX, "{\"id\":\"c-%u\",\"text\":\"x\",\"expires_at\":\"2020-01-01T00:00:00Z\"}");
	assert_int_equal(route.ended[RECEIPT_EXPIRED], COMMANDS_MAX);
	assert_int_equal(route.sent, 0);
	assert_int_equal(counters_get(bench.counters, "commands", "drop.flood")->value, 0);
	end(&bench);
}

/* What is wrong is answered, up to as many as wait for the line, and is in the way of nothing right. */
static void test_many_that_are_wrong(void **state)
{
	(void)state;
	struct bench bench = begin();
	char id[64];
	bench.commands = commands_new(&bench.settings, &route, bench.counters);
	give(&bench, RECEIPTS_REFUSED, "{\"id\":\"c-%u\"}");
	assert_int_equal(route.ended[RECEIPT_FAILED], RECEIPTS_REFUSED);
	assert_string_equal(route.unreadable, "");
	give(&bench, COMMANDS_MAX, "{\"id\":\"e-%u\"}");
	assert_int_equal(route.ended[RECEIPT_FAILED], RECEIPTS_REFUSED);
	assert_int_equal(counters_get(bench.counters, "commands", "drop.flood")->value, COMMANDS_MAX);
	assert_string_equal(route.unreadable, "flood");
	give(&bench, COMMANDS_MAX, "{\"id\":\"d-%u\",\"text\":\"x\"}");
	assert_int_equal(route.sent, COMMANDS_MAX);
	/* As soon as the line has taken some, there is room. */
	for (int i = 0; i < 10; i++) {
		snprintf(id, sizeof(id), "r-base1-c-%d-failed", i);
		receipts_delivered(route.receipts, id);
	}
	give(&bench, COMMANDS_MAX, "{\"id\":\"f-%u\"}");
	assert_int_equal(route.ended[RECEIPT_FAILED], RECEIPTS_REFUSED + 10);
	end(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_many_that_have_expired),
	    cmocka_unit_test(test_many_that_are_wrong),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
