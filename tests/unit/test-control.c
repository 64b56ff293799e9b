/* The tool's socket: who may connect, and what becomes of its file. */
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/control-fixture.h"

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
	    TEST(one_client_too_many_is_told_so),
	    TEST(socket_is_for_owner_and_group),
	    TEST(live_socket_is_left_alone_and_a_dead_one_replaced),
	    TEST(file_of_another_kind_is_not_touched),
	    TEST(socket_of_a_successor_is_not_removed),
	    TEST(path_that_cannot_be_is_an_error),
	    TEST(clients_are_gone_when_the_daemon_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
