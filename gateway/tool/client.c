/* The tool's end of cressetd's socket. */
#include "gateway/tool/client.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "gateway/tool/text.h"
#include "gateway/tool/tool.h"

struct client {
	int fd;
	char *bytes; /* from the start of the line that is being read */
	size_t size, capacity;
	size_t searched; /* no line break before this */
};

static const char *reason_of(int fault)
{
	switch (fault) {
	case ENOENT:
		return "no such file. Is it running? systemctl status cresset";
	case ECONNREFUSED:
		return "nobody listens there any more. Is it running? systemctl status cresset";
	case EACCES:
	case EPERM:
		return "permission denied. Is your user in the group cresset? sudo adduser USER cresset, then log in "
		       "again";
	case EAGAIN:
		return "it does not answer. systemctl status cresset";
	case ENAMETOOLONG:
		return "the path is too long for a socket";
	default:
		return strerror(fault);
	}
}

static int connect_to(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = CLIENT_TIMEOUT_MS / 1000};
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	/* Holds for connect too: a full backlog of a daemon that hangs. */
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	int fault = errno;
	close(fd);
	return -fault;
}

struct client *client_open(char *error, size_t error_size)
{
	int fd = connect_to(tool_options.socket);
	struct client *client = fd < 0 ? NULL : calloc(1, sizeof(*client));
	if (client) {
		client->fd = fd;
		return client;
	}
	char *path = text_safe(tool_options.socket);
	snprintf(error, error_size, "cannot reach cressetd at %s: %s", path ? path : "its socket",
		 reason_of(fd < 0 ? -fd : ENOMEM));
	free(path);
	if (fd >= 0)
		close(fd);
	return NULL;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	close(client->fd);
	free(client->bytes);
	free(client);
}

int client_fd(const struct client *client)
{
	return client->fd;
}

bool client_ask(struct client *client, json_t *request)
{
	char *line = request ? json_dumps(request, JSON_COMPACT) : NULL;
	json_decref(request);
	size_t size = line ? strlen(line) : 0, at = 0;
	if (line)
		line[size++] = '\n'; /* in place of the final zero */
	while (at < size) {
		ssize_t sent = send(client->fd, line + at, size - at, MSG_NOSIGNAL);
		if (sent < 0 && errno != EINTR)
			break;
		at += sent > 0 ? (size_t)sent : 0;
	}
	free(line);
	return line && at == size;
}

static enum client_result read_some(struct client *client)
{
	if (client->size == client->capacity) {
		if (client->capacity >= CLIENT_ANSWER_MAX)
			return CLIENT_GARBLED;
		size_t capacity = client->capacity ? client->capacity * 2 : 16 * 1024;
		char *bytes = realloc(client->bytes, capacity);
		if (!bytes)
			return CLIENT_GARBLED;
		client->bytes = bytes;
		client->capacity = capacity;
	}
	ssize_t got = recv(client->fd, client->bytes + client->size, client->capacity - client->size, MSG_DONTWAIT);
	if (got > 0)
		client->size += (size_t)got;
	else if (got == 0 || (errno != EAGAIN && errno != EINTR))
		return CLIENT_CLOSED;
	return CLIENT_NOTHING;
}

/* A whole line of what was read, if there is one. */
static enum client_result take_line(struct client *client, json_t **answer)
{
	char *end = client->size > client->searched
			? memchr(client->bytes + client->searched, '\n', client->size - client->searched)
			: NULL;
	if (!end) {
		client->searched = client->size;
		return CLIENT_NOTHING;
	}
	size_t size = (size_t)(end - client->bytes);
	*answer = json_loadb(client->bytes, size, 0, NULL);
	client->size -= size + 1;
	client->searched = 0;
	memmove(client->bytes, end + 1, client->size);
	if (json_is_object(*answer))
		return CLIENT_ANSWER;
	json_decref(*answer);
	*answer = NULL;
	return CLIENT_GARBLED;
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum client_result client_next(struct client *client, int timeout_ms, json_t **answer)
{
	int64_t deadline_ms = now_ms() + timeout_ms;
	*answer = NULL;
	for (;;) {
		enum client_result result = take_line(client, answer);
		if (result == CLIENT_NOTHING)
			result = read_some(client);
		else
			return result;
		if (result != CLIENT_NOTHING)
			return result;
		if (client->size > client->searched)
			continue;
		int64_t left_ms = timeout_ms < 0 ? -1 : deadline_ms - now_ms();
		struct pollfd ready = {.fd = client->fd, .events = POLLIN};
		if (timeout_ms >= 0 && left_ms < 0)
			left_ms = 0;
		if (poll(&ready, 1, (int)left_ms) == 0)
			return CLIENT_NOTHING;
	}
}

const char *client_result_text(enum client_result result)
{
	switch (result) {
	case CLIENT_CLOSED:
		return "cressetd closed the connection. Was it stopped? journalctl -u cresset";
	case CLIENT_GARBLED:
		return "cressetd's answer cannot be read. Are cresset and cressetd of the same version?";
	case CLIENT_NOTHING:
		return "cressetd does not answer. systemctl status cresset";
	default:
		return "";
	}
}

int client_start(struct client **client, json_t *request)
{
	char error[512];
	*client = client_open(error, sizeof(error));
	if (!*client) {
		json_decref(request);
		tool_complain("%s", error);
		return TOOL_UNREACHABLE;
	}
	if (client_ask(*client, request))
		return TOOL_OK;
	client_close(*client);
	*client = NULL;
	tool_complain("%s", client_result_text(CLIENT_CLOSED));
	return TOOL_UNREACHABLE;
}

int client_expect(struct client *client, int timeout_ms, json_t **answer)
{
	enum client_result result = client_next(client, timeout_ms, answer);
	if (result != CLIENT_ANSWER || !*answer) {
		tool_complain("%s", client_result_text(result));
		return result == CLIENT_GARBLED ? TOOL_REFUSED : TOOL_UNREACHABLE;
	}
	if (!json_object_get(*answer, "error"))
		return TOOL_OK;
	char *text = text_member(*answer, "error", "no reason given");
	tool_complain("%s", text ? text : "refused");
	free(text);
	json_decref(*answer);
	*answer = NULL;
	return TOOL_REFUSED;
}

static void complain_lost(const json_t *line)
{
	tool_complain("%.0f lines left out: they came faster than they were read here",
		      json_number_value(json_object_get(line, "lost")));
}

int client_show(json_t *request, void (*print)(const json_t *answer))
{
	struct client *client;
	json_t *answer = NULL;
	int result = client_start(&client, request);
	if (result == TOOL_OK)
		result = client_expect(client, CLIENT_TIMEOUT_MS, &answer);
	client_close(client);
	if (result != TOOL_OK)
		return result;
	if (tool_options.json)
		text_print_json(stdout, answer);
	else
		print(answer);
	json_decref(answer);
	return TOOL_OK;
}

int client_stream(json_t *request, void (*each)(const json_t *line, void *context), void *context)
{
	struct client *client;
	json_t *line = NULL;
	int result = client_start(&client, request);
	if (result == TOOL_OK)
		result = client_expect(client, CLIENT_TIMEOUT_MS, &line);
	while (result == TOOL_OK) {
		if (json_object_get(line, "lost"))
			complain_lost(line);
		else if (!json_object_get(line, "ok"))
			each(line, context);
		json_decref(line);
		if (fflush(stdout) != 0)
			break;
		result = client_expect(client, -1, &line);
	}
	client_close(client);
	return result;
}
