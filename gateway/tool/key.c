/* cresset key: the command line. */
#include "gateway/tool/key.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/tool/key_actions.h"
#include "gateway/tool/tool.h"

enum { OPTION_STATION = 256, OPTION_STATIONS, OPTION_EPOCH, OPTION_QR };
enum { STATIONS = 65536 };

/* What a subcommand is, and which options it takes. */
struct action {
	const char *name;
	int (*run)(struct key_options *options);
	bool takes_station, takes_epoch_and_qr, takes_stations;
};

struct command_line {
	const struct action *action;
	struct key_options options;
};

static const struct action actions[] = {
    {"make", key_make, false, false, false},    {"derive", key_derive, true, true, false},
    {"export", key_export, false, false, true}, {"rotate", key_rotate, true, false, false},
    {"revoke", key_revoke, true, false, false}, {"list", key_list, false, false, false},
};

static const struct argp_option option_table[] = {
    {"station", OPTION_STATION, "NUMBER", 0, "derive, rotate, revoke: the station, 0 to 65534, or group", 0},
    {"epoch", OPTION_EPOCH, "NUMBER", 0, "derive: another epoch than the current one, 0 to 255", 0},
    {"qr", OPTION_QR, NULL, 0, "derive: the line as a QR code too", 0},
    {"stations", OPTION_STATIONS, "LIST", 0, "export: such as 1-50,60,group", 0},
    {0},
};

/* Reads a number up to max and leaves text behind it; false: there is none. */
static bool read_number(const char **text, unsigned long max, int *value)
{
	char *end;
	if (**text < '0' || **text > '9')
		return false;
	unsigned long number = strtoul(*text, &end, 10);
	*text = end;
	*value = (int)number;
	return number <= max;
}

static bool read_station(const char **text, int *station)
{
	static const char group[] = "group";
	if (strncmp(*text, group, sizeof(group) - 1) != 0)
		return read_number(text, KEYS_GROUP, station);
	*text += sizeof(group) - 1;
	*station = KEYS_GROUP;
	return true;
}

static bool read_range(const char **text, bool *chosen)
{
	int first, last;
	if (!read_station(text, &first))
		return false;
	last = first;
	if (**text == '-' && (++*text, !read_station(text, &last)))
		return false;
	for (int station = first; station <= last; station++)
		chosen[station] = true;
	return first <= last;
}

static void read_stations(struct command_line *line, const char *text, struct argp_state *state)
{
	static bool chosen[STATIONS];
	bool good = read_range(&text, chosen);
	while (good && *text == ',') {
		text++;
		good = read_range(&text, chosen);
	}
	if (!good || *text)
		argp_error(state, "--stations is a list such as 1-50,60,group");
	line->options.station_count = 0;
	for (int station = 0; station < STATIONS; station++) {
		if (!chosen[station])
			continue;
		if (line->options.station_count == KEYS_STATIONS_MAX)
			argp_error(state, "--stations: more than %d do not fit into a file", KEYS_STATIONS_MAX);
		line->options.stations[line->options.station_count++] = (uint16_t)station;
	}
	line->options.stations_given = true;
}

static void read_argument(struct command_line *line, char *argument, struct argp_state *state)
{
	if (!line->action) {
		for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
			if (strcmp(actions[i].name, argument) == 0)
				line->action = &actions[i];
		if (!line->action)
			argp_error(state, "%s: not known; make, derive, export, rotate, revoke or list", argument);
	} else if (!line->options.file) {
		line->options.file = argument;
	} else if (!line->options.out && line->action->takes_stations) {
		line->options.out = argument;
	} else {
		argp_error(state, "%s: one file too many", argument);
	}
}

static void check_together(const struct command_line *line, struct argp_state *state)
{
	const struct action *action = line->action;
	if (!action || !line->options.file) {
		argp_error(state, "what to do, and a key file are needed, such as list keys.json");
		return;
	}
	if (action->takes_station != (line->options.station >= 0))
		argp_error(state, "%s %s --station", action->name, action->takes_station ? "needs" : "does not take");
	if ((line->options.epoch >= 0 || line->options.qr) && !action->takes_epoch_and_qr)
		argp_error(state, "--epoch and --qr belong to derive");
	if (action->takes_stations != line->options.stations_given)
		argp_error(state, "%s %s --stations", action->name, action->takes_stations ? "needs" : "does not take");
	if (action->takes_stations && !line->options.out)
		argp_error(state, "export needs the file to write");
	if (line->options.qr && tool_options.json)
		argp_error(state, "--qr draws for people; leave out --json");
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct command_line *line = state->input;
	const char *text = argument;
	switch (key) {
	case OPTION_STATION:
		if (!read_station(&text, &line->options.station) || *text)
			argp_error(state, "--station is a number from 0 to 65534, or group");
		return 0;
	case OPTION_EPOCH:
		if (!read_number(&text, KEYS_EPOCH_MAX, &line->options.epoch) || *text)
			argp_error(state, "--epoch is a number from 0 to %d", KEYS_EPOCH_MAX);
		return 0;
	case OPTION_QR:
		line->options.qr = true;
		return 0;
	case OPTION_STATIONS:
		read_stations(line, text, state);
		return 0;
	case ARGP_KEY_ARG:
		read_argument(line, argument, state);
		return 0;
	case ARGP_KEY_END:
		check_together(line, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int tool_key(int argc, char **argv)
{
	static const struct argp argp = {.options = option_table,
					 .parser = parse_option,
					 .args_doc = "make FILE\nderive FILE --station NUMBER [--epoch NUMBER] "
						     "[--qr]\nexport FILE --stations LIST OUT\nrotate "
						     "FILE --station NUMBER\nrevoke FILE --station NUMBER\nlist FILE",
					 .doc = "Makes and changes the key file of the field frame.\vOnly make writes "
						"a master, and never over a file that is "
						"there. Only derive shows a key.",
					 .children = tool_options_alone};
	static struct command_line line = {.options = {.station = -1, .epoch = -1}};
	tool_parse(&argp, argc, argv, &line);
	return line.action->run(&line.options);
}
