/* Ports over ptys: what comes through, what an unplugged, taken or forbidden device looks like, and what the texts say. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pty.h>
#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/port.h"

struct pty {
	int master;
	char name[64];
};

static struct pty open_pty(void)
{
	struct pty pty;
	int slave;
	assert_int_equal(openpty(&pty.master, &slave, pty.name, NULL, NULL), 0);
	close(slave);
	return pty;
}

static void pty_carries_bytes_both_ways(void **state)
{
	(void)state;
	struct pty pty = open_pty();
	struct port *port = must_open(pty.name);
	const char frame[] = "\xc0\x00\x03\x04\x11\x13\r\n\x7f\xff\xc0"; /* all that a cooked tty would change */
	char bytes[64];
	assert_string_equal(port_resolved(port), pty.name);
	assert_int_equal(port_read(port, bytes, sizeof(bytes)), 0);
	assert_int_equal(port_write(port, frame, sizeof(frame)), sizeof(frame));
	assert_int_equal(read(pty.master, bytes, sizeof(bytes)), sizeof(frame));
	assert_memory_equal(bytes, frame, sizeof(frame));
	assert_int_equal(write(pty.master, "\x11\x03\r\n", 4), 4);
	read_exactly(port, "\x11\x03\r\n");
	assert_int_equal(port_read(port, bytes, sizeof(bytes)), 0);
	assert_int_equal(port_read(port, bytes, 0), 0);
	port_close(port);
	close(pty.master);
}

static void pty_is_set_up(void **state)
{
	(void)state;
	struct pty pty = open_pty();
	struct port *port = must_open(pty.name);
	struct termios line;
	assert_int_equal(tcgetattr(pty.master, &line), 0);
	assert_int_equal(cfgetospeed(&line), B9600);
	assert_int_equal(line.c_cc[VMIN], 1);
	assert_int_equal(line.c_cc[VTIME], 0);
	assert_int_equal(line.c_cflag & (HUPCL | CRTSCTS | CSIZE | CREAD | CLOCAL), CS8 | CREAD | CLOCAL);
	assert_int_equal(line.c_lflag & (ICANON | ECHO | ISIG), 0);
	assert_true(fcntl(port_fd(port), F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(port_fd(port), F_GETFD) & FD_CLOEXEC);
	port_close(port);
	close(pty.master);
}

static void speed_can_be_changed(void **state)
{
	(void)state;
	struct pty pty = open_pty();
	struct port *port = must_open(pty.name);
	struct termios line;
	assert_true(port_has_baud(port));
	assert_int_equal(write(pty.master, "old", 3), 3);
	wait_for(port, POLLIN);
	assert_int_equal(port_set_baud(port, 115200), 0);
	assert_int_equal(tcgetattr(pty.master, &line), 0);
	assert_int_equal(cfgetospeed(&line), B115200);
	assert_int_equal(line.c_cc[VMIN], 1);
	assert_int_equal(write(pty.master, "new", 3), 3);
	read_exactly(port, "new");
	assert_int_equal(port_set_baud(port, 0), -EINVAL);
	assert_int_equal(port_set_baud(port, 12345), -EINVAL);
	assert_int_equal(tcgetattr(pty.master, &line), 0);
	assert_int_equal(cfgetospeed(&line), B115200);
	close(pty.master);
	assert_int_equal(port_set_baud(port, 9600), -EPIPE);
	port_close(port);
}

static void unplugged_is_gone(void **state)
{
	(void)state;
	struct pty pty = open_pty();
	struct port *port = must_open(pty.name);
	char byte;
	close(pty.master);
	wait_for(port, POLLIN);
	assert_int_equal(port_read(port, &byte, 1), -EPIPE);
	assert_int_equal(port_write(port, "x", 1), -EPIPE);
	assert_int_equal(port_read(port, &byte, 1), -EPIPE);
	port_close(port);
}

static void full_pty_takes_what_fits(void **state)
{
	(void)state;
	struct pty pty = open_pty();
	struct port *port = must_open(pty.name);
	unsigned char sent[1000], got[1000];
	size_t total = 0, checked = 0;
	ssize_t count = 1;
	while (count > 0) {
		for (size_t i = 0; i < sizeof(sent); i++)
			sent[i] = (unsigned char)((total + i) % 251);
		count = port_write(port, sent, sizeof(sent));
		assert_true(count >= 0);
		total += (size_t)count;
		assert_true(total < 1000000);
	}
	while (checked < total) {
		count = read(pty.master, got, sizeof(got));
		assert_true(count > 0);
		for (ssize_t i = 0; i < count; i++, checked++)
			assert_int_equal(got[i], checked % 251);
	}
	port_close(port);
	close(pty.master);
}

static void second_opening_is_refused(void **state)
{
	(void)state;
	struct pty pty = open_pty();
	struct port *port = must_open(pty.name);
	assert_fault(pty.name, PORT_BUSY, "already in use by this program");
	assert_int_equal(port_write(port, "x", 1), 1);
	port_close(port);
	port = must_open(pty.name);
	port_close(port);
	close(pty.master);
}

static void busy_text_names_the_process(void **state)
{
	(void)state;
	struct pty pty = open_pty();
	int ready[2], end[2];
	char byte, words[64];
	assert_int_equal(pipe(ready) | pipe(end), 0);
	pid_t child = fork();
	if (child == 0) {
		close(end[1]);
		int fd = open(pty.name, O_RDWR | O_NOCTTY);
		byte = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 ? 'y' : 'n';
		(void)!write(ready[1], &byte, 1);
		(void)!read(end[0], &byte, 1);
		_exit(0);
	}
	close(end[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	snprintf(words, sizeof(words), "in use by test-port (process %d)", (int)child);
	assert_fault(pty.name, PORT_BUSY, words);
	close(end[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	struct port *port = must_open(pty.name);
	port_close(port);
	close(ready[0]);
	close(ready[1]);
	close(pty.master);
}

static void link_is_resolved_at_every_opening(void **state)
{
	(void)state;
	char directory[] = "/tmp/test-port-XXXXXX", path[64];
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/by-id", directory);
	struct pty first = open_pty(), second = open_pty();
	assert_int_equal(symlink(first.name, path), 0);
	struct port *port = must_open(path);
	assert_string_equal(port_resolved(port), first.name);
	char byte;
	close(first.master);
	assert_int_equal(port_read(port, &byte, 1), -EPIPE);
	port_close(port);
	assert_fault(path, PORT_ABSENT, "no such device");
	unlink(path);
	assert_fault(path, PORT_ABSENT, "plugged in");
	assert_int_equal(symlink(second.name, path), 0);
	port = must_open(path);
	assert_string_equal(port_resolved(port), second.name);
	assert_int_equal(write(second.master, "again", 5), 5);
	read_exactly(port, "again");
	port_close(port);
	close(second.master);
	unlink(path);
	rmdir(directory);
}

static void other_files_are_no_ports(void **state)
{
	(void)state;
	char directory[] = "/tmp/test-port-XXXXXX", file[64], pipe_name[64];
	assert_non_null(mkdtemp(directory));
	snprintf(file, sizeof(file), "%s/file", directory);
	snprintf(pipe_name, sizeof(pipe_name), "%s/pipe", directory);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	assert_int_equal(mkfifo(pipe_name, 0600), 0);
	assert_fault(file, PORT_NOT_A_PORT, "no serial line");
	assert_fault(pipe_name, PORT_NOT_A_PORT, "no serial line");
	assert_fault(directory, PORT_NOT_A_PORT, "no serial line");
	assert_fault("/dev/null", PORT_NOT_A_PORT, "no serial line");
	snprintf(file, sizeof(file), "%s/file/below", directory);
	assert_fault(file, PORT_ABSENT, "no such device");
	assert_fault("COM3", PORT_NOT_A_PORT, "usb:VID:PID");
	snprintf(file, sizeof(file), "%s/file", directory);
	unlink(file);
	unlink(pipe_name);
	rmdir(directory);
}

/* In a child, without root's rights: 0 = the text was right. */
static int try_without_rights(const char *device, const char *group)
{
	enum port_fault fault = PORT_OK;
	char text[256], expected[256];
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0))
		return 2;
	struct passwd *user = getpwuid(geteuid());
	if (open_device(device, &fault, text) || fault != PORT_PERMISSION)
		return 3;
	if (!group)
		snprintf(expected, sizeof(expected), "%s: permission denied, and no group has access either", device);
	else if (user)
		snprintf(expected, sizeof(expected), "%s: permission denied. Add the user %s to the group %s.", device,
			 user->pw_name, group);
	else
		snprintf(expected, sizeof(expected), "%s: permission denied. Add the user number", device);
	return strncmp(text, expected, strlen(expected)) == 0 ? 0 : 4;
}

static void permission_text_names_user_and_group(void **state)
{
	(void)state;
	struct pty pty = open_pty();
	struct stat status;
	assert_int_equal(stat(pty.name, &status), 0);
	struct group *group = getgrgid(status.st_gid);
	const mode_t modes[] = {0060, 0000};
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(chmod(pty.name, modes[i]), 0);
		pid_t child = fork();
		if (child == 0)
			_exit(try_without_rights(pty.name, modes[i] && group && group->gr_gid ? group->gr_name : NULL));
		int result;
		assert_int_equal(waitpid(child, &result, 0), child);
		assert_int_equal(WEXITSTATUS(result), 0);
	}
	close(pty.master);
}

static void bad_settings_are_named(void **state)
{
	(void)state;
	struct pty pty = open_pty();
	const char *const framings[] = {"", "8", "8n", "9n1", "4n1", "8x1", "8n3", "8n1 "};
	enum port_fault fault;
	char text[256];
	for (size_t i = 0; i < sizeof(framings) / sizeof(framings[0]); i++) {
		struct port_settings settings = {.device = pty.name, .baud = 9600, .framing = framings[i]};
		assert_null(port_open(&settings, &fault, text, sizeof(text)));
		assert_int_equal(fault, PORT_SETTINGS);
		assert_non_null(strstr(text, "framing"));
	}
	struct port_settings odd = {.device = pty.name, .baud = 9601, .framing = "8N1"};
	assert_null(port_open(&odd, &fault, text, sizeof(text)));
	assert_int_equal(fault, PORT_SETTINGS);
	assert_non_null(strstr(text, "9601"));
	/* Nothing of this kept the pty locked. */
	port_close(must_open(pty.name));
	close(pty.master);
}

static void short_text_is_cut(void **state)
{
	(void)state;
	struct port_settings settings = {.device = "/dev/does-not-exist"};
	enum port_fault fault;
	char text[16];
	for (size_t size = 0; size <= 12; size++) {
		memset(text, '#', sizeof(text));
		assert_null(port_open(&settings, &fault, text, size));
		assert_int_equal(fault, PORT_ABSENT);
		assert_int_equal(text[size], '#');
		assert_true(size == 0 || memchr(text, '\0', size));
	}
}

static void devices_are_checked(void **state)
{
	(void)state;
	const char *const good[] = {"/dev/ttyUSB0",      "/dev/serial/by-id/usb-x", "usb:10c4:ea60",
				    "usb:403:6001:A5:0", "tcp://localhost:8001",    "tcp://192.0.2.7:65535",
				    "tcp://[::1]:1"};
	const char *const bad[] = {"",
				   "ttyUSB0",
				   "COM3",
				   "usb:",
				   "usb:10c4",
				   "usb:10c4:",
				   "usb:12345:1",
				   "usb:xyz:1",
				   "usb:1:2:",
				   "usb:1:2x",
				   "tcp://",
				   "tcp://host",
				   "tcp://host:",
				   "tcp://host:0",
				   "tcp://host:65536",
				   "tcp://host:80x",
				   "tcp://:8001",
				   "tcp://::1:80",
				   "tcp://[::1]",
				   "tcp://[::1:80",
				   "tcp://[]:80",
				   "tcp://[::1]x:8",
				   "/dev/tty\n",
				   "/dev/serial/by-id/...",
				   "tcp://host:+80",
				   "tcp://h:4294967376"};
	char long_path[300] = "/";
	memset(long_path + 1, 'a', sizeof(long_path) - 2);
	assert_non_null(port_check_device(NULL));
	assert_non_null(port_check_device(long_path));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (port_check_device(good[i]))
			fail_msg("%s: %s", good[i], port_check_device(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!port_check_device(bad[i]))
			fail_msg("%s was accepted", bad[i]);
	for (int fault = PORT_OK; fault <= PORT_IO; fault++)
		for (int other = PORT_OK; other < fault; other++)
			assert_string_not_equal(port_fault_name((enum port_fault)fault),
						port_fault_name((enum port_fault)other));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pty_carries_bytes_both_ways), cmocka_unit_test(pty_is_set_up),
	    cmocka_unit_test(speed_can_be_changed),        cmocka_unit_test(unplugged_is_gone),
	    cmocka_unit_test(full_pty_takes_what_fits),    cmocka_unit_test(second_opening_is_refused),
	    cmocka_unit_test(busy_text_names_the_process), cmocka_unit_test(link_is_resolved_at_every_opening),
	    cmocka_unit_test(other_files_are_no_ports),    cmocka_unit_test(permission_text_names_user_and_group),
	    cmocka_unit_test(bad_settings_are_named),      cmocka_unit_test(short_text_is_cut),
	    cmocka_unit_test(devices_are_checked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
