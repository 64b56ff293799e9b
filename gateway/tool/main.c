/* cresset: what a person types to see and steer cressetd. */
#include "gateway/tool/tool.h"

#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/tool/airtime.h"
#include "gateway/tool/decode.h"
#include "gateway/tool/key.h"
#include "gateway/tool/schema.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
};

static const struct command commands[] = {
    {"status", tool_status, "radios, queues, uplink, store, incidents and drops, once"},
    {"top", tool_top, "the same as a live table"},
    {"queue", tool_queue, "what waits for the field and for headquarters, and until when"},
    {"monitor", tool_monitor, "datagrams of all radios as they pass"},
    {"tail", tool_tail, "messages as they are accepted"},
    {"send", tool_send, "send a text, an alert or a roll call"},
    {"cancel", tool_cancel, "take back a message that waits for its radio"},
    {"ack", tool_ack, "say that a person has seen an incident, responds or closes it"},
    {"radio", tool_radio, "what one radio is, and examinations of its modules"},
    {"decode", tool_decode, "captures in, messages out as JSON lines"},
    {"key", tool_key, "makes, derives, rotates and revokes the keys of the field stations"},
    {"airtime", tool_airtime, "how long a transmission lasts, and how many an hour are allowed"},
    {"schema", tool_schema, "the JSON schema of a kind of message"},
};

enum { COMMAND_COUNT = sizeof(commands) / sizeof(*commands) };

const char *argp_program_version = "cresset " CRESSET_VERSION;

struct tool_options tool_options;

static error_t parse_common(int key, char *argument, struct argp_state *state)
{
	(void)state;
	switch (key) {
	case 's':
		tool_options.socket = argument;
		return 0;
	case 'j':
		tool_options.json = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option common_options[] = {
    {"socket", 's', "PATH", 0, "socket of cressetd (default: $CRESSET_SOCKET or " TOOL_SOCKET_DEFAULT ")", 1},
    {"json", 'j', NULL, 0, "JSON instead of text for people", 1},
    {0},
};
static const struct argp common_argp = {common_options, parse_common};
const struct argp_child tool_common_options[] = {{&common_argp, 0, NULL, 1}, {0}};
static const struct argp alone_argp = {common_options + 1, parse_common};
const struct argp_child tool_options_alone[] = {{&alone_argp, 0, NULL, 1}, {0}};

void tool_parse(const struct argp *argp, int argc, char **argv, void *input)
{
	if (argp_parse(argp, argc, argv, 0, NULL, input) != 0)
		exit(TOOL_USAGE);
}

void tool_complain(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("cresset: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

static char *list_commands(int key, const char *text, void *input)
{
	(void)input;
	char *list = NULL;
	size_t size;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	FILE *stream = open_memstream(&list, &size);
	if (!stream)
		return (char *)text;
	fputs("Commands:\n", stream);
	for (size_t i = 0; i < COMMAND_COUNT; i++)
		fprintf(stream, "  %-9s %s\n", commands[i].name, commands[i].help);
	fputs("\n'cresset COMMAND --help' says more. Exit codes: 0 fine, 1 cressetd said no, 2 usage, "
	      "3 cannot reach cressetd.\n",
	      stream);
	fclose(stream);
	return list;
}

struct chosen {
	int argc;
	char **argv;
};

/* Stops at the subcommand's name: what follows is for its own parser. */
static error_t parse_main(int key, char *argument, struct argp_state *state)
{
	struct chosen *chosen = state->input;
	(void)argument;
	switch (key) {
	case ARGP_KEY_ARG:
		chosen->argc = state->argc - state->next + 1;
		chosen->argv = state->argv + state->next - 1;
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_usage(state);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run_command(struct chosen chosen)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strcmp(commands[i].name, chosen.argv[0]) != 0)
			continue;
		char name[32];
		snprintf(name, sizeof(name), "cresset %s", commands[i].name);
		chosen.argv[0] = name;
		/* What argp puts before its own complaints. */
		program_invocation_name = program_invocation_short_name = name;
		return commands[i].run(chosen.argc, chosen.argv);
	}
	tool_complain("there is no such command; 'cresset --help' lists them");
	return TOOL_USAGE;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {NULL,
					 parse_main,
					 "COMMAND [ARGUMENT...]",
					 "See and steer cressetd, the field radio gateway.\v ",
					 tool_common_options,
					 list_commands};
	setlocale(LC_ALL, "");
	setlocale(LC_NUMERIC, "C");
	argp_err_exit_status = TOOL_USAGE;
	const char *socket = getenv("CRESSET_SOCKET");
	tool_options.socket = socket && *socket ? socket : TOOL_SOCKET_DEFAULT;

	struct chosen chosen = {0};
	if (argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &chosen) != 0 || !chosen.argv)
		return TOOL_USAGE;
	int result = run_command(chosen);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		tool_complain("cannot write the output: %s", strerror(errno));
		return result ? result : TOOL_REFUSED;
	}
	return result;
}
