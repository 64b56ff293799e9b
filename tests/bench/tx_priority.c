/* Runs the simulation of tests/support/priority.h and writes what it comes to as one line of JSON.
 *
 *   tx_priority --scenario FILE --case NAME [--fifo] [--listening SHARE] [--from-field] [--minutes N] [--runs N]
 *
 * --runs N: with N seeds from the scenario's on. Exit status: 0, 1 trouble, 2 usage. */
#include <argp.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/priority_figures.h"

struct options {
	struct ether_scenario scenario;
	struct priority_settings settings;
	unsigned runs;
};

static double number(struct argp_state *state, const char *text, double low, double high)
{
	char *end;
	double value = strtod(text, &end);
	if (end == text || *end || value < low || value > high)
		argp_error(state, "'%s' is no number from %g to %g", text, low, high);
	return value;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;
	switch (key) {
	case 's':
		if (!ether_scenario_load(&options->scenario, text, stderr))
			argp_failure(state, 1, 0, "%s cannot be used", text);
		options->settings.scenario = &options->scenario;
		return 0;
	case 'c':
		options->settings.of = priority_case_of(text);
		if (!options->settings.of)
			argp_error(state, "there is no case '%s'", text);
		return 0;
	case 'f':
		options->settings.fifo = true;
		return 0;
	case 'l':
		options->settings.listening_share = number(state, text, 0, 1);
		return 0;
	case 'u':
		options->settings.from_field = true;
		return 0;
	case 'm':
		options->settings.duration_us = (int64_t)(number(state, text, 3, 1440) * 60e6);
		return 0;
	case 'r':
		options->runs = (unsigned)number(state, text, 1, 1000);
		return 0;
	case ARGP_KEY_END:
		if (!options->settings.scenario || !options->settings.of)
			argp_error(state, "--scenario and --case are needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option_list[] = {
    {"scenario", 's', "FILE", 0, "Where everybody stands, and the first seed", 0},
    {"case", 'c', "NAME", 0, "The channel", 0},
    {"fifo", 'f', NULL, 0, "One queue in the order of arrival, behind the same limit", 0},
    {"listening", 'l', "SHARE", 0, "Part of the channel for ordinary traffic; 0 = all", 0},
    {"from-field", 'u', NULL, 0, "Alerts come from the field", 0},
    {"minutes", 'm', "N", 0, "Simulated time of a run (120)", 0},
    {"runs", 'r', "N", 0, "How many, each with its own seed (1)", 0},
    {0},
};

int main(int count, char **arguments)
{
	static struct options options = {.settings.duration_us = 7200000000, .runs = 1};
	static struct priority_result result;
	const struct argp argp = {option_list, parse, NULL, "Simulates the channel of tx-priority.", NULL, NULL, NULL};
	struct priority_figures figures = {0};
	argp_parse(&argp, count, arguments, 0, NULL, &options);
	for (unsigned i = 0; i < options.runs; i++) {
		options.settings.seed = options.scenario.seed + i;
		priority_run(&options.settings, &result);
		priority_add(&figures, &options.settings, &result);
	}
	priority_conclude(&figures);
	json_t *json = json_pack(
	    "{s:I,s:f,s:I,s:I,s:f,s:f,s:I,s:f,s:I,s:[I,I,I,I,I],s:I,s:f,s:I,s:I,s:I,s:I,s:I,s:I}", "runs",
	    (json_int_t)figures.runs, "longest_ms", (double)figures.longest_us / 1000, "distress",
	    (json_int_t)figures.distress_count, "urgent", (json_int_t)figures.urgent_count, "distress_frames_max",
	    figures.distress_max, "carrier_frames_of_max", figures.carrier_of_max, "distress_late",
	    (json_int_t)figures.distress_late, "urgent_frames_p99", figures.urgent_p99, "delayed",
	    (json_int_t)figures.delayed, "sent", (json_int_t)figures.sent[0], (json_int_t)figures.sent[1],
	    (json_int_t)figures.sent[2], (json_int_t)figures.sent[3], (json_int_t)figures.sent[4], "frames",
	    (json_int_t)figures.frames, "airtime_s", (double)figures.airtime_us / 1e6, "overruns",
	    (json_int_t)figures.overruns, "turn_delay_max", (json_int_t)figures.turn_delay_max, "field_alerts",
	    (json_int_t)figures.field_alerts, "field_delivered", (json_int_t)figures.field_delivered,
	    "field_acknowledged", (json_int_t)figures.field_acknowledged, "field_sent", (json_int_t)figures.field_sent);
	json_dumpf(json, stdout, JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(json);
	priority_clear(&figures);
	return 0;
}
