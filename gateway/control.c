/* The unix socket of the tool: accepts, cuts lines, keeps what a slow reader has not read within bounds. */
#include "gateway/control.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/priorities.h"

enum { STREAMS_MAX = 2, BACKLOG = 16 };

struct control_client {
	struct control_client *next;
	struct control *control;
	int fd;
	sd_event_source *io;
	sd_event_source
	    *again; /* runs the client once more without the socket: more lines are there, or it is to be freed */
	const char *streams[STREAMS_MAX];

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

/* ---- what waits for the client ---- */

static void refresh_events(struct control_client *client);

static bool make_room(struct control_client *client, size_t size)
{
	if (client->waiting_size + size > CONTROL_WAITING_MAX)
		return false;
	if (client->waiting_at + client->waiting_size + size <= client->waiting_capacity)
		return true;
	if (client->waiting_size + size > client->waiting_capacity) {
		size_t capacity = client->waiting_capacity ? client->waiting_capacity : 1024;
		while (capacity < client->waiting_size + size)
			capacity *= 2;
		char *bytes = malloc(capacity);
		if (!bytes)
			return false;
		if (client->waiting_size)
			memcpy(bytes, client->waiting + client->waiting_at, client->waiting_size);
		free(client->waiting);
		client->waiting = bytes;
		client->waiting_capacity = capacity;
	} else {
		memmove(client->waiting, client->waiting + client->waiting_at, client->waiting_size);
	}
	client->waiting_at = 0;
	return true;
}

static bool append_line(struct control_client *client, const char *json)
{
	size_t size = strlen(json);
	if (size >= CONTROL_WAITING_MAX || !make_room(client, size + 1))
		return false;
	char *end = client->waiting + client->waiting_at + client->waiting_size;
	memcpy(end, json, size + 1);
	end[size] = '\n';
	client->waiting_size += size + 1;
	return true;
}

static void give_memory_back(struct control_client *client)
{
	free(client->waiting);
	client->waiting = NULL;
	client->waiting_at = client->waiting_size = client->waiting_capacity = 0;
}

/* Says how many lines were lost, not before half the room is free: one gap with a number, not many small ones. */
static void tell_lost(struct control_client *client)
{
	if (!client->lost || client->waiting_size > CONTROL_WAITING_MAX / 2)
		return;
	char line[48];
	snprintf(line, sizeof(line), "{\"lost\":%llu}", (unsigned long long)client->lost);
	if (append_line(client, line))
		client->lost = 0;
}

static void flush_waiting(struct control_client *client)
{
	while (client->waiting_size) {
		ssize_t sent = send(client->fd, client->waiting + client->waiting_at, client->waiting_size,
				    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent < 0) {
			if (errno != EAGAIN && errno != EINTR)
				client->broken = true;
			return;
		}
		client->waiting_at += (size_t)sent;
		client->waiting_size -= (size_t)sent;
		tell_lost(client);
	}
	give_memory_back(client);
}

void control_reply(struct control_client *client, const char *json)
{
	if (client->broken || client->ending)
		return;
	if (client->lost || !append_line(client, json)) {
		client->lost++;
		tell_lost(client);
	}
	refresh_events(client);
}

void control_end(struct control_client *client)
{
	client->ending = true;
	refresh_events(client);
}

/* ---- streams ---- */

static bool subscribed(const struct control_client *client, const char *stream)
{
	for (size_t i = 0; i < STREAMS_MAX; i++)
		if (client->streams[i] && strcmp(client->streams[i], stream) == 0)
			return true;
	return false;
}

void control_subscribe(struct control_client *client, const char *stream)
{
	if (subscribed(client, stream))
		return;
	for (size_t i = 0; i < STREAMS_MAX; i++)
		if (!client->streams[i]) {
			client->streams[i] = stream;
			return;
		}
}

bool control_wanted(const struct control *control, const char *stream)
{
	for (const struct control_client *client = control->clients; client; client = client->next)
		if (subscribed(client, stream))
			return true;
	return false;
}

void control_publish(struct control *control, const char *stream, const char *json)
{
	for (struct control_client *client = control->clients; client; client = client->next)
		if (subscribed(client, stream))
			control_reply(client, json);
}

size_t control_client_count(const struct control *control)
{
	return control->client_count;
}

/* ---- one client ---- */

static void client_free(struct control_client *client)
{
	struct control *control = client->control;
	for (struct control_client **at = &control->clients; *at; at = &(*at)->next)
		if (*at == client) {
			*at = client->next;
			control->client_count--;
			break;
		}
	if (control->callbacks.gone)
		control->callbacks.gone(control->callbacks.context, client);
	sd_event_source_disable_unref(client->io);
	sd_event_source_disable_unref(client->again);
	close(client->fd);
	free(client->waiting);
	free(client);
}

static bool has_line(const struct control_client *client)
{
	return memchr(client->request, '\n', client->request_size) != NULL;
}

/* A client that wants answers faster than it reads them is not listened to until it has read some. */
static bool may_ask(const struct control_client *client)
{
	return !client->ending && client->waiting_size <= CONTROL_WAITING_PAUSE;
}

static bool is_over(const struct control_client *client)
{
	if (client->broken)
		return true;
	if (client->waiting_size)
		return false;
	return client->ending || (client->no_more_input && !client->asked);
}

/* Which events the client is woken for, from what it has to do next. */
static void refresh_events(struct control_client *client)
{
	uint32_t events = 0;
	if (client->waiting_size)
		events |= EPOLLOUT;
	if (!client->no_more_input && may_ask(client) && !has_line(client))
		events |= EPOLLIN;
	bool again = is_over(client) || (may_ask(client) && has_line(client));
	if (sd_event_source_set_io_events(client->io, events) < 0 ||
	    sd_event_source_set_enabled(client->again, again ? SD_EVENT_ONESHOT : SD_EVENT_OFF) < 0)
		client->broken = true; /* found at its next event; epoll reports a hang-up in any case */
}

static void read_input(struct control_client *client)
{
	size_t room = CONTROL_REQUEST_MAX + 1 - client->request_size;
	ssize_t size = recv(client->fd, client->request + client->request_size, room, MSG_DONTWAIT);
	if (size > 0)
		client->request_size += (size_t)size;
	else if (size == 0)
		client->no_more_input = true;
	else if (errno != EAGAIN && errno != EINTR)
		client->broken = true;
	if (client->request_size > CONTROL_REQUEST_MAX && !has_line(client)) {
		control_reply(client, "{\"error\":\"the request is longer than 16384 bytes\"}");
		control_end(client);
	}
}

/* One line only: many clients and the radios take turns in the event loop. */
static void handle_one_line(struct control_client *client)
{
	char *end = memchr(client->request, '\n', client->request_size);
	if (!end || !may_ask(client))
		return;
	size_t size = (size_t)(end - client->request);
	bool empty = size == 0 || (size == 1 && client->request[0] == '\r');
	if (!empty) {
		struct control *control = client->control;
		*end = 0;
		client->asked = true;
		control->callbacks.request(control->callbacks.context, client, client->request, size);
	}
	client->request_size -= size + 1;
	memmove(client->request, end + 1, client->request_size);
}

static void client_turn(struct control_client *client, bool readable)
{
	flush_waiting(client);
	if (readable && !client->broken && may_ask(client) && !has_line(client))
		read_input(client);
	if (!client->broken)
		handle_one_line(client);
	if (is_over(client))
		client_free(client);
	else
		refresh_events(client);
}

static int on_client_io(sd_event_source *source, int fd, uint32_t events, void *context)
{
	(void)source;
	(void)fd;
	struct control_client *client = context;
	if (events & (EPOLLHUP | EPOLLERR))
		client->broken = true;
	client_turn(client, events & EPOLLIN);
	return 0;
}

static int on_client_again(sd_event_source *source, void *context)
{
	(void)source;
	client_turn(context, false);
	return 0;
}

static int client_sources(struct control_client *client)
{
	sd_event *event = client->control->event;
	int result = sd_event_add_io(event, &client->io, client->fd, EPOLLIN, on_client_io, client);
	if (result >= 0)
		result = sd_event_add_defer(event, &client->again, on_client_again, client);
	if (result >= 0)
		result = sd_event_source_set_enabled(client->again, SD_EVENT_OFF);
	if (result >= 0)
		result = sd_event_source_set_priority(client->io, PRIORITY_CONTROL);
	if (result >= 0)
		result = sd_event_source_set_priority(client->again, PRIORITY_CONTROL);
	return result;
}

/* Takes over fd. */
static void client_new(struct control *control, int fd)
{
	struct control_client *client = calloc(1, sizeof(*client));
	if (!client)
		goto fail;
	client->control = control;
	client->fd = fd;
	if (client_sources(client) < 0)
		goto fail;
	client->next = control->clients;
	control->clients = client;
	control->client_count++;
	return;
fail:
	if (client) {
		sd_event_source_disable_unref(client->io);
		sd_event_source_disable_unref(client->again);
	}
	free(client);
	close(fd);
}

/* ---- the listening socket ---- */

static int on_connection(sd_event_source *source, int fd, uint32_t events, void *context)
{
	static const char full[] = "{\"error\":\"too many clients are connected; close one\"}\n";
	(void)source;
	(void)events;
	struct control *control = context;
	int client_fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (client_fd < 0)
		return 0; /* gone again, or no descriptors left: the rate limit keeps this from spinning */
	if (control->client_count < CONTROL_CLIENTS_MAX) {
		client_new(control, client_fd);
		return 0;
	}
	/* A fresh socket has room for this; if not, closing says enough. */
	if (send(client_fd, full, sizeof(full) - 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		errno = 0;
	close(client_fd);
	return 0;
}

/* 0 if the name was left behind by a dead process and is free now. */
static int remove_stale(const struct sockaddr_un *address)
{
	struct stat status;
	if (lstat(address->sun_path, &status) < 0)
		return -errno;
	if (!S_ISSOCK(status.st_mode))
		return -EEXIST;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	int fault = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? errno : 0;
	close(fd);
	if (fault != ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(address->sun_path) < 0 ? -errno : 0;
}

static int bind_at_path(int fd, const struct sockaddr_un *address)
{
	/* Before bind, so that nobody outside the group can connect in between; after it, because of the umask. */
	if (fchmod(fd, 0660) < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		if (errno != EADDRINUSE)
			return -errno;
		int result = remove_stale(address);
		if (result < 0)
			return result;
		if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
			return -errno;
	}
	return chmod(address->sun_path, 0660) < 0 ? -errno : 0;
}

static int start_listening(struct control *control)
{
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->fd < 0)
		return -errno;
	int result = bind_at_path(control->fd, &control->address);
	if (result < 0)
		return result;
	struct stat status;
	if (lstat(control->address.sun_path, &status) < 0 || listen(control->fd, BACKLOG) < 0)
		return -errno;
	control->device = status.st_dev;
	control->inode = status.st_ino;
	result = sd_event_add_io(control->event, &control->source, control->fd, EPOLLIN, on_connection, control);
	if (result >= 0)
		result = sd_event_source_set_priority(control->source, PRIORITY_CONTROL);
	if (result >= 0)
		result = sd_event_source_set_ratelimit(control->source, 100 * 1000, 64);
	return result < 0 ? result : 0;
}

int control_new(struct control **control, const char *path, const struct control_callbacks *callbacks, sd_event *event)
{
	*control = NULL;
	struct control *made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->callbacks = *callbacks;
	made->event = sd_event_ref(event);
	made->fd = -1;
	made->address.sun_family = AF_UNIX;
	int result = -ENAMETOOLONG;
	if (strlen(path) >= sizeof(made->address.sun_path))
		goto fail;
	memcpy(made->address.sun_path, path, strlen(path) + 1);
	result = start_listening(made);
	if (result < 0)
		goto fail;
	*control = made;
	return 0;
fail:
	control_free(made);
	return result;
}

static void remove_own_socket(const struct control *control)
{
	struct stat status;
	if (control->inode && lstat(control->address.sun_path, &status) == 0 && status.st_dev == control->device &&
	    status.st_ino == control->inode)
		unlink(control->address.sun_path);
}

void control_free(struct control *control)
{
	if (!control)
		return;
	for (struct control_client *client = control->clients, *next; client; client = next) {
		next = client->next;
		client_free(client);
	}
	sd_event_source_disable_unref(control->source);
	if (control->fd >= 0)
		close(control->fd);
	remove_own_socket(control);
	sd_event_unref(control->event);
	free(control);
}
