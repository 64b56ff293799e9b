/* Whom other gateways heard: the best one first, each with room of its own, and what they say to one another read with suspicion. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/json_neighbour.h"
#include "gateway/neighbours.h"

enum { MINUTE = 60000 };

struct rig {
	struct neighbours_settings settings;
	struct counters *counters;
	struct neighbours *neighbours;
};

static void set_up(struct rig *rig, const char *const *gateways)
{
	rig->settings = (struct neighbours_settings){true, 2 * MINUTE, 5 * MINUTE, gateways};
	rig->counters = counters_new();
	rig->neighbours = neighbours_new(&rig->settings, "base1", rig->counters);
	assert_non_null(rig->neighbours);
}

static void tear_down(struct rig *rig)
{
	neighbours_free(rig->neighbours);
	counters_free(rig->counters);
}

static unsigned count(const struct rig *rig, const char *name)
{
	return (unsigned)counters_get(rig->counters, "neighbours", name)->value;
}

static void hear(struct rig *rig, const char *gateway, const char *station, int hops, double rssi_dbm, int64_t now_ms)
{
	struct message_heard heard = {.hops = hops, .rssi_dbm = rssi_dbm, .snr_db = NAN};
	neighbours_heard(rig->neighbours, gateway, station, &heard, now_ms);
}

static void expect(const struct rig *rig, const char *station, int64_t now_ms, const char *wanted)
{
	struct reach_way ways[NEIGHBOURS_MAX];
	char found[256] = "";
	size_t used = 0, ways_count = neighbours_ways(rig->neighbours, station, now_ms, ways, NEIGHBOURS_MAX);
	for (size_t i = 0; i < ways_count; i++)
		used += (size_t)snprintf(found + used, sizeof(found) - used, "%s ",
					 neighbours_name(rig->neighbours, ways[i].number));
	assert_string_equal(found, wanted);
}

static void test_best_first(void **state)
{
	(void)state;
	struct rig rig;
	set_up(&rig, NULL);
	expect(&rig, "f-17", 1000, "");
	hear(&rig, "base2", "f-17", 0, -110, 1000);
	hear(&rig, "base3", "f-17", 0, -80, 2000);
	hear(&rig, "base4", "f-17", 1, -40, 3000);
	hear(&rig, "base5", "f-17", -1, NAN, 4000);
	hear(&rig, "base5", "f-18", 0, -70, 4000);
	expect(&rig, "f-17", 5000, "base3 base2 base4 base5 ");
	expect(&rig, "f-18", 5000, "base5 ");
	hear(&rig, "base2", "f-17", 0, -70, 6000);
	expect(&rig, "f-17", 6000, "base2 base3 base4 base5 ");
	/* What is older than ten minutes is no way. */
	expect(&rig, "f-17", 2000 + 10 * MINUTE, "base2 base3 base4 base5 ");
	expect(&rig, "f-17", 2001 + 10 * MINUTE, "base2 base4 base5 ");
	expect(&rig, "f-17", 60 * MINUTE, "");
	struct reach_way one;
	assert_int_equal(neighbours_ways(rig.neighbours, "f-17", 6000, &one, 1), 1);
	assert_true(one.rssi_dbm == -70 && one.hops == 0 && one.heard_ms == 6000);
	assert_int_equal(neighbours_number(rig.neighbours, "base2"), one.number);
	assert_int_equal(neighbours_number(rig.neighbours, "base9"), -1);
	assert_string_equal(neighbours_name(rig.neighbours, 99), "");
	tear_down(&rig);
}

static void test_only_those_of_the_settings(void **state)
{
	(void)state;
	static const char *const names[] = {"base2", "base4", NULL};
	struct rig rig;
	set_up(&rig, names);
	hear(&rig, "base2", "f-17", 0, -70, 1);
	hear(&rig, "base3", "f-17", 0, -60, 1);
	hear(&rig, "base1", "f-17", 0, -50, 1); /* itself, come back */
	expect(&rig, "f-17", 2, "base2 ");
	assert_int_equal(count(&rig, "heard"), 1);
	assert_int_equal(count(&rig, "drop.stranger"), 1);
	assert_int_equal(count(&rig, "drop.own"), 1);
	assert_true(neighbours_trusts(rig.neighbours, "base4"));
	assert_false(neighbours_trusts(rig.neighbours, "base3"));
	assert_false(neighbours_trusts(rig.neighbours, "base1"));
	assert_false(neighbours_trusts(rig.neighbours, ""));
	rig.settings.enabled = false;
	assert_false(neighbours_trusts(rig.neighbours, "base2"));
	assert_false(neighbours_tells(rig.neighbours, "f-17", 1));
	tear_down(&rig);
}

static void test_none_pushes_out_what_another_said(void **state)
{
	(void)state;
	struct rig rig;
	char name[32];
	set_up(&rig, NULL);
	hear(&rig, "base2", "f-17", 0, -70, 1);
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "f-%d", 1000 + i);
		hear(&rig, "base3", name, 0, 0, 2 + i);
	}
	expect(&rig, "f-17", 6000, "base2 ");
	expect(&rig, "f-1000", 6000, "");
	expect(&rig, "f-5999", 6000, "base3 ");
	for (int i = 0; i < 40; i++) {
		snprintf(name, sizeof(name), "fake%d", i);
		hear(&rig, name, "f-17", 0, 0, 7000 + i);
	}
	assert_int_equal(count(&rig, "drop.too_many"), 40 - (NEIGHBOURS_MAX - 2));
	assert_true(neighbours_number(rig.neighbours, "base2") >= 0);
	/* Whoever was silent for an hour gives way. */
	hear(&rig, "base9", "f-18", 0, -70, 61 * MINUTE);
	expect(&rig, "f-18", 61 * MINUTE, "base9 ");
	assert_int_equal(neighbours_number(rig.neighbours, "base2"), -1);
	hear(&rig, "a-name-that-is-longer-than-any-gateway-has", "f-18", 0, -70, 62 * MINUTE);
	expect(&rig, "f-18", 62 * MINUTE, "base9 ");
	tear_down(&rig);
}

static void test_the_others_are_told_now_and_then(void **state)
{
	(void)state;
	struct rig rig;
	char name[32];
	set_up(&rig, NULL);
	assert_true(neighbours_tells(rig.neighbours, "f-17", 1000));
	assert_false(neighbours_tells(rig.neighbours, "f-17", 1001));
	assert_true(neighbours_tells(rig.neighbours, "f-18", 1001));
	assert_false(neighbours_tells(rig.neighbours, "f-17", 1000 + 5 * MINUTE - 1));
	assert_true(neighbours_tells(rig.neighbours, "f-17", 1000 + 5 * MINUTE));
	assert_false(neighbours_tells(rig.neighbours, "", 1));
	assert_false(neighbours_tells(rig.neighbours, "a-name-longer-than-a-station-has", 1));
	/* A radio that is flooded with names costs the line one report a second. */
	unsigned told = 0;
	for (int i = 0; i < 6000; i++) {
		snprintf(name, sizeof(name), "x-%d", i);
		told += neighbours_tells(rig.neighbours, name, 20 * MINUTE + i * 10);
	}
	assert_in_range(told, 88, 91); /* 30 at once, and one in each of 60 s */
	assert_int_equal(count(&rig, "drop.untold"), 6000 - told);
	tear_down(&rig);
}

/* ---- reports ---- */

static void test_a_report_there_and_back(void **state)
{
	(void)state;
	struct reach_report report = {.gateway = "base2",
				      .station = "f-17",
				      .radio = "lora",
				      .heard = {.rssi_dbm = -97.5, .snr_db = 6.25, .hops = 1, .path = "N0CALL-3*"},
				      .at_ms = INT64_C(1790000000123)};
	struct reach_report read;
	char topic[128];
	size_t size;
	char *json = json_reach(&report, &size);
	assert_string_equal(json, "{\"kind\":\"reach\",\"gateway\":\"base2\",\"station\":\"f-17\",\"radio\":\"lora\","
				  "\"at\":\"2026-09-21T14:13:20.123Z\",\"heard\":{\"rssi_dbm\":-97.5,\"snr_db\":6.25,"
				  "\"hops\":1}}");
	assert_int_equal(json_reach_topic(&report, topic, sizeof(topic)), strlen("gw/base2/reach/f-17"));
	assert_string_equal(topic, "gw/base2/reach/f-17");
	assert_int_equal(json_parse_reach(topic, json, size, &read), 0);
	assert_string_equal(read.gateway, "base2");
	assert_string_equal(read.station, "f-17");
	assert_string_equal(read.radio, "lora");
	assert_int_equal(read.at_ms, report.at_ms);
	assert_true(read.heard.rssi_dbm == -97.5 && read.heard.snr_db == 6.25 && read.heard.hops == 1);
	free(json);
	assert_true(json_reach_topic(&report, topic, 10) < 0);
	snprintf(report.station, sizeof(report.station), "a/b");
	assert_true(json_reach_topic(&report, topic, sizeof(topic)) < 0);
}

#define TOPIC "gw/base2/reach/f-17"
#define BASE  "\"kind\":\"reach\",\"gateway\":\"base2\",\"station\":\"f-17\""

static void test_reports_are_read_with_suspicion(void **state)
{
	(void)state;
	static const struct {
		const char *topic, *json;
		bool sound;
	} rows[] = {
	    {TOPIC, "{" BASE "}", true},
	    {TOPIC, "{" BASE ",\"heard\":{},\"more\":[1]}", true},
	    {TOPIC, "{" BASE ",\"heard\":{\"hops\":0,\"rssi_dbm\":-20,\"snr_db\":-3.5}}", true},
	    {TOPIC, "{" BASE ",\"at\":\"yesterday\"}", true}, /* nobody goes by it */
	    {TOPIC, "", false},
	    {TOPIC, "[]", false},
	    {TOPIC, "{" BASE, false},
	    {TOPIC, "{" BASE "," BASE "}", false},
	    {TOPIC, "{\"kind\":\"reach\",\"gateway\":\"base2\",\"station\":\"f-18\"}", false}, /* not its topic's */
	    {TOPIC, "{\"kind\":\"reach\",\"gateway\":\"base3\",\"station\":\"f-17\"}", false},
	    {TOPIC, "{\"kind\":\"text\",\"gateway\":\"base2\",\"station\":\"f-17\"}", false},
	    {TOPIC, "{\"gateway\":\"base2\",\"station\":\"f-17\"}", false},
	    {TOPIC, "{" BASE ",\"heard\":[]}", false},
	    {TOPIC, "{" BASE ",\"heard\":{\"hops\":-1}}", false},
	    {TOPIC, "{" BASE ",\"heard\":{\"hops\":256}}", false},
	    {TOPIC, "{" BASE ",\"heard\":{\"hops\":0.5}}", false},
	    {TOPIC, "{" BASE ",\"heard\":{\"hops\":\"0\"}}", false},
	    {TOPIC, "{" BASE ",\"heard\":{\"rssi_dbm\":51}}", false},
	    {TOPIC, "{" BASE ",\"heard\":{\"rssi_dbm\":1e400}}", false},
	    {TOPIC, "{" BASE ",\"heard\":{\"snr_db\":null}}", false},
	    {"gw/base2/reach/f-17/x", "{" BASE "}", false},
	    {"gw/base2/reach/", "{" BASE "}", false},
	    {"gw//reach/f-17", "{" BASE "}", false},
	    {"gw/base2/reach", "{" BASE "}", false},
	    {"gw/base2/state/f-17", "{" BASE "}", false},
	    {"gw/base2/reach/f 17", "{\"kind\":\"reach\",\"gateway\":\"base2\",\"station\":\"f 17\"}", false},
	    {"gw/a-gateway-with-a-name-of-32-letters/reach/f-17", "{" BASE "}", false},
	    {"gw/base2/reach/a-station-with-24-letters", "{" BASE "}", false},
	    {"", "{" BASE "}", false},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct reach_report report;
		bool sound = json_parse_reach(rows[i].topic, rows[i].json, strlen(rows[i].json), &report) == 0;
		if (sound != rows[i].sound)
			fail_msg("%s %s", rows[i].topic, rows[i].json);
	}
	char large[2048];
	int used = snprintf(large, sizeof(large), "{" BASE ",\"more\":\"%01500d\"}", 0);
	struct reach_report report;
	assert_int_not_equal(json_parse_reach(TOPIC, large, (size_t)used, &report), 0);
	memset(large, '[', sizeof(large));
	assert_int_not_equal(json_parse_reach(TOPIC, large, 1000, &report), 0);
	assert_int_equal(json_parse_reach(TOPIC, "{" BASE "}", sizeof("{" BASE "}") - 1, &report), 0);
	assert_true(isnan(report.heard.rssi_dbm) && report.heard.hops == -1 && report.at_ms == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_best_first),
	    cmocka_unit_test(test_only_those_of_the_settings),
	    cmocka_unit_test(test_none_pushes_out_what_another_said),
	    cmocka_unit_test(test_the_others_are_told_now_and_then),
	    cmocka_unit_test(test_a_report_there_and_back),
	    cmocka_unit_test(test_reports_are_read_with_suspicion),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
