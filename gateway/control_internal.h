/* What the files of the tool's socket share: its listener with the streams, and its clients. */
#pragma once

#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include "gateway/control.h"

enum { CONTROL_STREAMS_MAX = 34 }; /* all messages, all radios, and each of the 32 that there can be */

struct control_client {
	struct control_client *next;
	struct control *control;
	int fd;
	sd_event_source *io;
	sd_event_source
	    *again; /* runs the client once more without the socket: more lines are there, or it is to be freed */
	const char *streams[CONTROL_STREAMS_MAX];

	char request[CONTROL_REQUEST_MAX + 1]; /* with the line break */
	size_t request_size;

	char *waiting; /* NULL while nothing waits */
	size_t waiting_at, waiting_size, waiting_capacity;
	uint64_t lost; /* lines since the last one that was queued */

	bool no_more_input; /* the client closed its side for writing */
	bool asked;         /* at least one request came */
	bool ending;        /* to be freed once nothing waits */
	bool broken;        /* to be freed now */
};

struct control {
	struct control_callbacks callbacks;
	sd_event *event;
	int fd;
	sd_event_source *source;
	struct control_client *clients;
	size_t client_count;
	struct sockaddr_un address;
	dev_t device; /* of the socket's file, to remove only our own */
	ino_t inode;
};

/* Takes over fd. Closes it when out of memory. */
void control_client_new(struct control *control, int fd);
void control_client_free(struct control_client *client);
