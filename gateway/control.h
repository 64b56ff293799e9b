/* The unix socket of the tool: JSON lines, requests and answers, and a stream of what passes. No broker needed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-event.h>

struct control;
struct control_client;

/* One request line of a client: {"command":"status", ...}. The callee answers with control_reply as often as it likes and ends
 * with control_end, now or later. */
struct control_callbacks {
	void *context;
	void (*request)(void *context, struct control_client *client, const char *json, size_t size);
	/* The client went away: forget it. */
	void (*gone)(void *context, struct control_client *client);
};

/* Listens at path (made with mode 0660; a stale socket of a dead process is replaced, a live one is -EADDRINUSE). Returns 0 or
 * negative errno. */
int control_new(struct control **control, const char *path, const struct control_callbacks *callbacks, sd_event *event);
void control_free(struct control *control);

/* Queues one JSON line (no line break inside) for the client. A client that does not read loses lines beyond 256 kB; how many is said
 * in {"lost":n} as soon as it reads again. */
void control_reply(struct control_client *client, const char *json);
/* Closes the connection after what is queued. */
void control_end(struct control_client *client);
/* Subscribes the client to control_publish with a stream name ("traffic", "messages"). */
void control_subscribe(struct control_client *client, const char *stream);
bool control_wanted(const struct control *control, const char *stream);
void control_publish(struct control *control, const char *stream, const char *json);
