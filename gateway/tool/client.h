/* The tool's end of cressetd's socket: requests out, JSON lines in. The protocol is in gateway/control.h. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct client;

enum client_result {
	CLIENT_ANSWER,
	CLIENT_NOTHING, /* nothing (whole) there within the time */
	CLIENT_CLOSED,  /* cressetd went away */
	CLIENT_GARBLED, /* not a JSON object a line, or one too long */
};

enum {
	CLIENT_ANSWER_MAX = 4 * 1024 * 1024, /* bytes of a line */
	CLIENT_TIMEOUT_MS = 5000,            /* an answer that needs nobody but cressetd */
};

/* Connects to tool_options.socket. NULL: error says what happened and what to do. */
struct client *client_open(char *error, size_t error_size);
void client_close(struct client *client);
int client_fd(const struct client *client);

/* Sends one request; takes the reference over. false: cressetd went away, or request is NULL. */
bool client_ask(struct client *client, json_t *request);
/* The next line within timeout_ms (-1: however long it takes, 0: what is there). *answer is a new reference to an object. */
enum client_result client_next(struct client *client, int timeout_ms, json_t **answer);
/* Why there is no answer, for people. */
const char *client_result_text(enum client_result result);

/* For commands that just ask: connects and sends, or says on stderr why not. Returns an exit code; *client is NULL if it is not 0. */
int client_start(struct client **client, json_t *request);
/* The next line; {"error":..} and everything else that is no answer is said on stderr. Returns an exit code. */
int client_expect(struct client *client, int timeout_ms, json_t **answer);
/* One request, one answer that needs nobody but cressetd: the two above. The answer goes to stdout, as it is with --json and else by print.
 * Returns an exit code. */
int client_show(json_t *request, void (*print)(const json_t *answer));
/* Takes {"ok":true}, then calls each for every line until cressetd goes away. {"lost":n} is said on stderr and not handed over. Returns an
 * exit code. */
int client_stream(json_t *request, void (*each)(const json_t *line, void *context), void *context);
