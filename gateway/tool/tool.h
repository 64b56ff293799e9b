/* What the subcommands of cresset share: exit codes, common options, the table of subcommands. */
#pragma once

#include <argp.h>
#include <stdbool.h>

#define TOOL_SOCKET_DEFAULT "/run/cresset/cresset.sock"

enum tool_exit {
	TOOL_OK = 0,
	TOOL_REFUSED = 1,     /* cressetd said no, or said something that makes no sense; the text is on stderr */
	TOOL_USAGE = 2,       /* the command line is wrong */
	TOOL_UNREACHABLE = 3, /* no cressetd at the socket, or it went away before it answered */
};

/* Set from the environment, then from the command line, before or after the subcommand's name. */
struct tool_options {
	const char *socket;
	bool json;
};
extern struct tool_options tool_options;

/* --socket and --json, to be a child of a subcommand's own parser. */
extern const struct argp_child tool_common_options[];
/* Of a subcommand that works alone: --json. */
extern const struct argp_child tool_options_alone[];

/* Parses a subcommand's line; ends the program with TOOL_USAGE if it is wrong. input is the parser's own. */
void tool_parse(const struct argp *argp, int argc, char **argv, void *input);

/* One line on stderr, "cresset: ...". Whatever came from outside must have gone through text_safe. */
void tool_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The subcommands: argv[0] is "cresset NAME", the result is the exit code. */
int tool_status(int argc, char **argv);
int tool_top(int argc, char **argv);
int tool_queue(int argc, char **argv);
int tool_monitor(int argc, char **argv);
int tool_tail(int argc, char **argv);
int tool_send(int argc, char **argv);
int tool_cancel(int argc, char **argv);
int tool_ack(int argc, char **argv);
int tool_radio(int argc, char **argv);
