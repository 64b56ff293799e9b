/* The tool's socket with a daemon's side that answers by the first word of a request, and clients of it. */
#pragma once

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "gateway/control.h"

enum { REPLY_MAX = 300 * 1024 };

/* What the daemon's side would do, chosen by the first word of a request. */
struct fixture {
	char directory[64], path[96];
	sd_event *event;
	struct control *control;
	unsigned requests, gone;
	size_t last_size;
	char last[CONTROL_REQUEST_MAX + 1];
	struct control_client *last_client, *last_gone;
};

static void on_request(void *context, struct control_client *client, const char *json, size_t size)
{
	static char big[REPLY_MAX + 1];
	struct fixture *fixture = context;
	fixture->requests++;
	fixture->last_client = client;
	fixture->last_size = size;
	memcpy(fixture->last, json, size + 1);
	if (strcmp(json, "later") == 0)
		return;
	if (strcmp(json, "traffic") == 0 || strcmp(json, "messages") == 0)
		control_subscribe(client, json[0] == 't' ? "traffic" : "messages");
	if (strncmp(json, "big ", 4) == 0) {
		size_t length = strtoul(json + 4, NULL, 10);
		assert_true(length <= REPLY_MAX);
		memset(big, 'x', length);
		big[length] = 0;
		control_reply(client, big);
		return;
	}
	control_reply(client, size < 100 ? json : "long");
	if (strcmp(json, "end") == 0)
		control_end(client);
}

static void on_gone(void *context, struct control_client *client)
{
	struct fixture *fixture = context;
	fixture->gone++;
	fixture->last_gone = client;
}

static int listen_again(struct fixture *fixture)
{
	struct control_callbacks callbacks = {.context = fixture, .request = on_request, .gone = on_gone};
	return control_new(&fixture->control, fixture->path, &callbacks, fixture->event);
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	snprintf(fixture->directory, sizeof(fixture->directory), "/tmp/cresset-control-XXXXXX");
	assert_non_null(mkdtemp(fixture->directory));
	snprintf(fixture->path, sizeof(fixture->path), "%s/socket", fixture->directory);
	assert_true(sd_event_new(&fixture->event) >= 0);
	assert_int_equal(listen_again(fixture), 0);
	*state = fixture;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;
	control_free(fixture->control);
	sd_event_unref(fixture->event);
	unlink(fixture->path);
	assert_int_equal(rmdir(fixture->directory), 0);
	free(fixture);
	return 0;
}

/* Unix sockets deliver at once, so that "nothing more to do" is a fact and not a matter of time. */
static void pump(struct fixture *fixture)
{
	for (int i = 0; i < 100000; i++) {
		int result = sd_event_run(fixture->event, 0);
		assert_true(result >= 0);
		if (result == 0)
			return;
	}
	fail_msg("the loop spins");
}

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	assert_true(strlen(path) < sizeof(address.sun_path));
	memcpy(address.sun_path, path, strlen(path) + 1);
	return address;
}

static int try_connect(const char *path)
{
	struct sockaddr_un address = address_of(path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_true(fd >= 0);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int client(struct fixture *fixture)
{
	int fd = try_connect(fixture->path);
	assert_true(fd >= 0);
	pump(fixture);
	return fd;
}

static void say(struct fixture *fixture, int fd, const void *bytes, size_t size)
{
	for (size_t at = 0; at < size;) {
		ssize_t sent = send(fd, (const char *)bytes + at, size - at, MSG_NOSIGNAL);
		assert_true(sent > 0 || errno == EAGAIN);
		at += sent > 0 ? (size_t)sent : 0;
		pump(fixture);
	}
}

static void say_text(struct fixture *fixture, int fd, const char *text)
{
	say(fixture, fd, text, strlen(text));
}

/* Everything that can be read now; closed (may be NULL) tells whether the end came. The caller frees. */
static char *hear(struct fixture *fixture, int fd, bool *closed)
{
	size_t size = 0, capacity = 8 << 20;
	char *text = malloc(capacity);
	if (closed)
		*closed = false;
	for (;;) {
		pump(fixture);
		ssize_t got = recv(fd, text + size, capacity - size - 1, 0);
		if (got == 0 && closed)
			*closed = true;
		if (got <= 0)
			break;
		size += (size_t)got;
		assert_true(size < capacity - 1);
	}
	text[size] = 0;
	return text;
}

static void assert_hears(struct fixture *fixture, int fd, const char *expected, bool expected_closed)
{
	bool closed;
	char *text = hear(fixture, fd, &closed);
	assert_string_equal(text, expected);
	assert_int_equal(closed, expected_closed);
	free(text);
}
