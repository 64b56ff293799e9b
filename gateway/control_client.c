/* One client of the tool's socket: cuts lines, keeps what a slow reader has not read within bounds. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/control_internal.h"
#include "gateway/priorities.h"

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

/* ---- one client ---- */

void control_client_free(struct control_client *client)
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
		control_client_free(client);
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

void control_client_new(struct control *control, int fd)
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
