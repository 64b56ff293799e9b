/* The tool's socket against clients that behave and clients that do not. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

static void answers_several_requests_of_one_connection(void **state)
{
	struct fixture *fixture = *state;
	int fd = client(fixture);
	say_text(fixture, fd, "one\n");
	assert_hears(fixture, fd, "one\n", false);
	say_text(fixture, fd, "two\n\n\r\nthree\n");
	assert_hears(fixture, fd, "two\nthree\n", false);
	assert_int_equal(fixture->requests, 3);
	close(fd);
	pump(fixture);
	assert_int_equal(fixture->gone, 1);
	assert_ptr_equal(fixture->last_gone, fixture->last_client);
	assert_int_equal(control_client_count(fixture->control), 0);
}

static void line_may_come_in_any_pieces(void **state)
{
	struct fixture *fixture = *state;
	static const char text[] = "{\"command\":\"status\"}\nnext\n";
	int fd = client(fixture);
	for (size_t i = 0; i < sizeof(text) - 1; i++)
		say(fixture, fd, text + i, 1);
	assert_hears(fixture, fd, text, false);
	close(fd);
}

static void request_is_handed_over_whatever_bytes_it_has(void **state)
{
	struct fixture *fixture = *state;
	static const char bytes[] = {'a', 0, (char)0xff, 0x1b, '\n'};
	int fd = client(fixture);
	say(fixture, fd, bytes, sizeof(bytes));
	assert_int_equal(fixture->last_size, 4);
	assert_memory_equal(fixture->last, bytes, 4);
	assert_int_equal(fixture->last[4], 0);
	close(fd);
}

static void longest_line_is_taken_and_one_byte_more_is_refused(void **state)
{
	struct fixture *fixture = *state;
	char line[CONTROL_REQUEST_MAX + 2];
	memset(line, 'a', sizeof(line));
	line[CONTROL_REQUEST_MAX] = '\n';
	int fd = client(fixture);
	say(fixture, fd, line, CONTROL_REQUEST_MAX + 1);
	assert_hears(fixture, fd, "long\n", false);
	assert_int_equal(fixture->last_size, CONTROL_REQUEST_MAX);

	line[CONTROL_REQUEST_MAX] = 'a';
	say(fixture, fd, line, CONTROL_REQUEST_MAX + 1);
	assert_hears(fixture, fd, "{\"error\":\"the request is longer than 16384 bytes\"}\n", true);
	assert_int_equal(fixture->requests, 1);
	assert_int_equal(control_client_count(fixture->control), 0);
	close(fd);
}

static void half_closed_client_still_gets_its_answer(void **state)
{
	struct fixture *fixture = *state;
	int fd = client(fixture);
	say_text(fixture, fd, "now\nlater\n");
	shutdown(fd, SHUT_WR);
	assert_hears(fixture, fd, "now\n", false);
	control_reply(fixture->last_client, "done");
	assert_hears(fixture, fd, "done\n", false);
	control_end(fixture->last_client);
	assert_hears(fixture, fd, "", true);
	assert_int_equal(fixture->gone, 1);
	close(fd);
}

static void half_closed_client_that_asked_nothing_is_let_go(void **state)
{
	struct fixture *fixture = *state;
	int fd = client(fixture);
	say_text(fixture, fd, "half a line");
	shutdown(fd, SHUT_WR);
	assert_hears(fixture, fd, "", true);
	assert_int_equal(fixture->requests, 0);
	assert_int_equal(control_client_count(fixture->control), 0);
	close(fd);
}

static void end_lets_the_last_answer_through(void **state)
{
	struct fixture *fixture = *state;
	int fd = client(fixture);
	say_text(fixture, fd, "end\nnot any more\n");
	assert_hears(fixture, fd, "end\n", true);
	assert_int_equal(fixture->requests, 1);
	assert_int_equal(fixture->gone, 1);
	close(fd);
}

static void one_client_too_many_is_told_so(void **state)
{
	struct fixture *fixture = *state;
	int fds[CONTROL_CLIENTS_MAX];
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		fds[i] = client(fixture);
	assert_int_equal(control_client_count(fixture->control), CONTROL_CLIENTS_MAX);
	int late = client(fixture);
	assert_hears(fixture, late, "{\"error\":\"too many clients are connected; close one\"}\n", true);
	close(late);
	close(fds[7]);
	pump(fixture);
	fds[7] = client(fixture);
	say_text(fixture, fds[7], "hello\n");
	assert_hears(fixture, fds[7], "hello\n", false);
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		close(fds[i]);
	pump(fixture);
	assert_int_equal(fixture->gone, CONTROL_CLIENTS_MAX + 1);
}

static void streams_reach_only_their_subscribers(void **state)
{
	struct fixture *fixture = *state;
	int traffic = client(fixture), messages = client(fixture), none = client(fixture);
	assert_false(control_wanted(fixture->control, "traffic"));
	say_text(fixture, traffic, "traffic\ntraffic\n");
	say_text(fixture, messages, "messages\n");
	say_text(fixture, none, "other\n");
	assert_true(control_wanted(fixture->control, "traffic"));
	control_publish(fixture->control, "traffic", "t1");
	control_publish(fixture->control, "messages", "m1");
	assert_hears(fixture, traffic, "traffic\ntraffic\nt1\n", false);
	assert_hears(fixture, messages, "messages\nm1\n", false);
	assert_hears(fixture, none, "other\n", false);
	close(traffic);
	pump(fixture);
	assert_false(control_wanted(fixture->control, "traffic"));
	control_publish(fixture->control, "traffic", "t2");
	close(messages);
	close(none);
}

/* Lines "0".."n" padded to 1000 bytes; gaps only where {"lost":n} says so. Returns the number of gaps. */
static unsigned check_gaps(char *text, unsigned total)
{
	unsigned expected = 0, gaps = 0;
	char *rest = NULL;
	for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		unsigned long long lost;
		if (sscanf(line, "{\"lost\":%llu}", &lost) == 1) {
			expected += (unsigned)lost;
			gaps++;
			continue;
		}
		assert_int_equal(strtoul(line, NULL, 10), expected);
		assert_int_equal(strlen(line), 1000);
		expected++;
	}
	assert_int_equal(expected, total);
	return gaps;
}

static void slow_reader_loses_lines_and_is_told_how_many(void **state)
{
	struct fixture *fixture = *state;
	int slow = client(fixture), other = client(fixture);
	say_text(fixture, slow, "traffic\n");
	assert_hears(fixture, slow, "traffic\n", false);
	char line[1001];
	const unsigned total = 2000;
	for (unsigned i = 0; i < total; i++) {
		snprintf(line, sizeof(line), "%-1000u", i);
		control_publish(fixture->control, "traffic", line);
		if (i % 50 == 0)
			pump(fixture);
	}
	say_text(fixture, other, "still here\n");
	assert_hears(fixture, other, "still here\n", false);
	char *text = hear(fixture, slow, NULL);
	/* What the kernel and we keep together stays far below what was published. */
	assert_true(strlen(text) < 1000 * 1000);
	assert_int_equal(check_gaps(text, total), 1);
	free(text);
	snprintf(line, sizeof(line), "%s", "afterwards");
	control_publish(fixture->control, "traffic", line);
	assert_hears(fixture, slow, "afterwards\n", false);
	close(slow);
	close(other);
}

static void line_larger_than_all_room_is_lost_alone(void **state)
{
	struct fixture *fixture = *state;
	int fd = client(fixture);
	say_text(fixture, fd, "big 262144\n");
	assert_hears(fixture, fd, "{\"lost\":1}\n", false);
	say_text(fixture, fd, "hello\n");
	assert_hears(fixture, fd, "hello\n", false);
	say_text(fixture, fd, "big 262143\n");
	char *text = hear(fixture, fd, NULL);
	assert_int_equal(strlen(text), CONTROL_WAITING_MAX);
	free(text);
	close(fd);
}

static void client_that_asks_without_reading_is_paused_and_loses_nothing(void **state)
{
	struct fixture *fixture = *state;
	enum { REQUESTS = 400 };
	static const char request[] = "big 10000\n";
	char requests[REQUESTS * (sizeof(request) - 1)];
	for (size_t i = 0; i < sizeof(requests); i++)
		requests[i] = request[i % (sizeof(request) - 1)];
	int fd = client(fixture);
	say(fixture, fd, requests, sizeof(requests));
	pump(fixture);
	/* The kernel's buffer (about 200 kB) and CONTROL_WAITING_PAUSE hold some 30-40 answers. */
	assert_true(fixture->requests < 100);
	char *text = hear(fixture, fd, NULL);
	assert_null(strstr(text, "lost"));
	assert_int_equal(strlen(text), REQUESTS * 10001);
	free(text);
	assert_int_equal(fixture->requests, REQUESTS);
	close(fd);
}

static void client_that_breaks_off_is_forgotten_once(void **state)
{
	struct fixture *fixture = *state;
	int fd = client(fixture);
	say_text(fixture, fd, "traffic\n");
	say_text(fixture, fd, "big 200000\n");
	close(fd);
	control_publish(fixture->control, "traffic", "into the void");
	pump(fixture);
	assert_int_equal(fixture->gone, 1);
	assert_int_equal(control_client_count(fixture->control), 0);
}

static void socket_is_for_owner_and_group(void **state)
{
	struct fixture *fixture = *state;
	control_free(fixture->control);
	mode_t before = umask(0077);
	assert_int_equal(listen_again(fixture), 0);
	umask(before);
	struct stat status;
	assert_int_equal(lstat(fixture->path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0660);
	assert_true(S_ISSOCK(status.st_mode));
	control_free(fixture->control);
	fixture->control = NULL;
	assert_int_equal(lstat(fixture->path, &status), -1);
}

static void live_socket_is_left_alone_and_a_dead_one_replaced(void **state)
{
	struct fixture *fixture = *state;
	struct control *first = fixture->control;
	assert_int_equal(listen_again(fixture), -EADDRINUSE);
	assert_null(fixture->control);
	assert_true(access(fixture->path, F_OK) == 0);
	control_free(first);

	struct sockaddr_un address = address_of(fixture->path);
	int dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
	close(dead);
	assert_int_equal(listen_again(fixture), 0);
	close(client(fixture));
}

static void file_of_another_kind_is_not_touched(void **state)
{
	struct fixture *fixture = *state;
	control_free(fixture->control);
	int fd = open(fixture->path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "precious", 8), 8);
	close(fd);
	assert_int_equal(listen_again(fixture), -EEXIST);
	struct stat status;
	assert_int_equal(lstat(fixture->path, &status), 0);
	assert_int_equal(status.st_size, 8);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static void socket_of_a_successor_is_not_removed(void **state)
{
	struct fixture *fixture = *state;
	struct control *first = fixture->control;
	assert_int_equal(unlink(fixture->path), 0);
	assert_int_equal(listen_again(fixture), 0);
	control_free(first);
	close(client(fixture));
}

static void path_that_cannot_be_is_an_error(void **state)
{
	struct fixture *fixture = *state;
	struct control_callbacks callbacks = {.context = fixture, .request = on_request};
	struct control *control;
	char path[200];
	memset(path, 'p', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = 0;
	assert_int_equal(control_new(&control, path, &callbacks, fixture->event), -ENAMETOOLONG);
	assert_int_equal(control_new(&control, "/tmp/no-such-directory-cresset/socket", &callbacks, fixture->event),
			 -ENOENT);
	assert_null(control);
}

static void clients_are_gone_when_the_daemon_ends(void **state)
{
	struct fixture *fixture = *state;
	int fd = client(fixture);
	say_text(fixture, fd, "later\n");
	control_free(fixture->control);
	fixture->control = NULL;
	assert_int_equal(fixture->gone, 1);
	assert_hears(fixture, fd, "", true);
	close(fd);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(answers_several_requests_of_one_connection),
	    TEST(line_may_come_in_any_pieces),
	    TEST(request_is_handed_over_whatever_bytes_it_has),
	    TEST(longest_line_is_taken_and_one_byte_more_is_refused),
	    TEST(half_closed_client_still_gets_its_answer),
	    TEST(half_closed_client_that_asked_nothing_is_let_go),
	    TEST(end_lets_the_last_answer_through),
	    TEST(one_client_too_many_is_told_so),
	    TEST(streams_reach_only_their_subscribers),
	    TEST(slow_reader_loses_lines_and_is_told_how_many),
	    TEST(line_larger_than_all_room_is_lost_alone),
	    TEST(client_that_asks_without_reading_is_paused_and_loses_nothing),
	    TEST(client_that_breaks_off_is_forgotten_once),
	    TEST(socket_is_for_owner_and_group),
	    TEST(live_socket_is_left_alone_and_a_dead_one_replaced),
	    TEST(file_of_another_kind_is_not_touched),
	    TEST(socket_of_a_successor_is_not_removed),
	    TEST(path_that_cannot_be_is_an_error),
	    TEST(clients_are_gone_when_the_daemon_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
