/* The unix socket of the tool: who is let in, and what passes by those who want to see it. */
#include "gateway/control.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gateway/control_internal.h"
#include "gateway/priorities.h"

enum { BACKLOG = 16 };

/* ---- streams ---- */

static bool subscribed(const struct control_client *client, const char *stream)
{
	for (size_t i = 0; i < CONTROL_STREAMS_MAX; i++)
		if (client->streams[i] && strcmp(client->streams[i], stream) == 0)
			return true;
	return false;
}

void control_subscribe(struct control_client *client, const char *stream)
{
	if (subscribed(client, stream))
		return;
	for (size_t i = 0; i < CONTROL_STREAMS_MAX; i++)
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
		control_client_new(control, client_fd);
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
		control_client_free(client);
	}
	sd_event_source_disable_unref(control->source);
	if (control->fd >= 0)
		close(control->fd);
	remove_own_socket(control);
	sd_event_unref(control->event);
	free(control);
}
