/* The libserialport back-end against a libserialport of our own that opens ptys and behaves like version 0.1.1 or 0.1.2. */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmocka.h>
#include <libserialport.h>

#include "hw/port_internal.h"

/* These take the place of the library's functions of the same names. */
struct sp_port {
	const char *name, *serial;
	enum sp_transport transport;
	int vid, pid, fd;
};

static struct {
	bool locks;        /* as 0.1.2 */
	int open_error;    /* errno of sp_open, 0 = none */
	int baud_refused;  /* this one cannot be set */
	int baud;          /* what was set last */
	unsigned open_now; /* ports not yet freed */
	struct sp_port *list[5];
} library;

enum sp_return sp_get_port_by_name(const char *name, struct sp_port **port)
{
	*port = calloc(1, sizeof(**port));
	(*port)->name = name;
	(*port)->fd = -1;
	library.open_now++;
	return SP_OK;
}

void sp_free_port(struct sp_port *port)
{
	library.open_now--;
	free(port);
}

enum sp_return sp_open(struct sp_port *port, enum sp_mode mode)
{
	struct termios line;
	assert_int_equal(mode, SP_MODE_READ_WRITE);
	errno = library.open_error;
	if (errno)
		return SP_ERR_FAIL;
	port->fd = open(port->name, O_RDWR | O_NOCTTY | O_NONBLOCK);
	if (library.locks && flock(port->fd, LOCK_EX | LOCK_NB) < 0) {
		close(port->fd);
		errno = EWOULDBLOCK;
		return SP_ERR_FAIL;
	}
	tcgetattr(port->fd, &line);
	line.c_cc[VMIN] = 0;
	line.c_cflag |= HUPCL;
	tcsetattr(port->fd, TCSANOW, &line);
	return SP_OK;
}

enum sp_return sp_close(struct sp_port *port)
{
	if (port->fd < 0)
		return SP_ERR_ARG;
	close(port->fd);
	return SP_OK;
}

enum sp_return sp_get_port_handle(const struct sp_port *port, void *handle)
{
	*(int *)handle = port->fd;
	return SP_OK;
}

enum sp_return sp_set_baudrate(struct sp_port *port, int baud)
{
	(void)port;
	if (baud == library.baud_refused)
		return SP_ERR_SUPP;
	library.baud = baud;
	return SP_OK;
}

int sp_last_error_code(void)
{
	return errno;
}

enum sp_return sp_list_ports(struct sp_port ***list)
{
	*list = library.list;
	return SP_OK;
}

void sp_free_port_list(struct sp_port **list)
{
	assert_ptr_equal(list, library.list);
}

char *sp_get_port_name(const struct sp_port *port)
{
	return (char *)(uintptr_t)port->name;
}

enum sp_transport sp_get_port_transport(const struct sp_port *port)
{
	return port->transport;
}

enum sp_return sp_get_port_usb_vid_pid(const struct sp_port *port, int *vid, int *pid)
{
	*vid = port->vid;
	*pid = port->pid;
	return SP_OK;
}

char *sp_get_port_usb_serial(const struct sp_port *port)
{
	return (char *)(uintptr_t)port->serial;
}

/* One serial line, whose other end is a pty master. */
struct line {
	int master;
	struct port port;
	struct port_problem problem;
	char text[256];
};

static void start(struct line *line)
{
	int slave;
	memset(&library, 0, sizeof(library));
	*line = (struct line){.port.fd = -1};
	line->problem = (struct port_problem){"/dev/line", PORT_OK, line->text, sizeof(line->text)};
	assert_int_equal(openpty(&line->master, &slave, line->port.resolved, NULL, NULL), 0);
	close(slave);
}

static bool open_line(struct line *line)
{
	struct port_settings settings = {.device = "/dev/line", .baud = 57600, .framing = "8n1", .dtr = PORT_LINE_ON};
	return port_serial_ops.open(&line->port, &settings, &line->problem);
}

static bool can_lock(const char *name)
{
	int fd = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	bool locked = flock(fd, LOCK_EX | LOCK_NB) == 0;
	close(fd);
	return locked;
}

/* The lowest free descriptor: the same before and after means that none was left open. */
static int lowest_free(void)
{
	int fd = dup(0);
	close(fd);
	return fd;
}

static void both_versions_end_up_alike(void **state)
{
	(void)state;
	for (int locks = 0; locks < 2; locks++) {
		struct line line;
		struct termios set;
		start(&line);
		library.locks = locks;
		int before = lowest_free();
		assert_true(open_line(&line));
		assert_int_equal(library.baud, 57600);
		assert_int_equal(tcgetattr(line.master, &set), 0);
		assert_int_equal(set.c_cc[VMIN], 1);
		assert_int_equal(set.c_cflag & HUPCL, 0);
		assert_true(fcntl(line.port.fd, F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(line.port.fd, F_GETFL) & O_NONBLOCK);
		assert_false(can_lock(line.port.resolved));
		assert_int_equal(port_serial_ops.write(line.port.fd, "x", 1), 1);
		port_serial_ops.close(&line.port);
		assert_true(can_lock(line.port.resolved));
		assert_int_equal(library.open_now, 0);
		assert_int_equal(lowest_free(), before);
		close(line.master);
	}
}

static void locked_line_is_not_touched(void **state)
{
	(void)state;
	struct line line;
	struct termios before = {0}, after = {0};
	start(&line);
	int other = open(line.port.resolved, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(flock(other, LOCK_EX | LOCK_NB), 0);
	assert_int_equal(tcgetattr(other, &before), 0);
	assert_false(open_line(&line));
	assert_int_equal(line.problem.fault, PORT_BUSY);
	assert_int_equal(tcgetattr(other, &after), 0);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(library.open_now, 0);
	close(other);
	close(line.master);
}

static void failures_are_told_apart(void **state)
{
	(void)state;
	static const struct {
		int error;
		enum port_fault fault;
	} cases[] = {{EACCES, PORT_PERMISSION}, {EBUSY, PORT_BUSY},        {EWOULDBLOCK, PORT_BUSY},
		     {ENOENT, PORT_ABSENT},     {ENXIO, PORT_ABSENT},      {ENODEV, PORT_ABSENT},
		     {EIO, PORT_ABSENT},        {ENOTTY, PORT_NOT_A_PORT}, {EMFILE, PORT_IO}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct line line;
		start(&line);
		library.open_error = cases[i].error;
		int before = lowest_free();
		assert_false(open_line(&line));
		assert_int_equal(line.problem.fault, cases[i].fault);
		assert_memory_equal(line.text, "/dev/line: ", 11);
		assert_int_equal(lowest_free(), before);
		assert_int_equal(library.open_now, 0);
		close(line.master);
	}
}

static void impossible_baud_is_named(void **state)
{
	(void)state;
	struct line line;
	start(&line);
	library.baud_refused = 57600;
	int before = lowest_free();
	assert_false(open_line(&line));
	assert_int_equal(line.problem.fault, PORT_SETTINGS);
	assert_non_null(strstr(line.text, "57600 baud"));
	assert_int_equal(lowest_free(), before);
	assert_int_equal(library.open_now, 0);
	close(line.master);
}

/* A pty does only eight bits without parity, as some real lines. */
static void impossible_framing_is_named(void **state)
{
	(void)state;
	struct line line;
	struct port_settings settings = {.device = "/dev/line", .framing = "7e1"};
	start(&line);
	assert_false(port_serial_ops.open(&line.port, &settings, &line.problem));
	assert_int_equal(line.problem.fault, PORT_SETTINGS);
	assert_non_null(strstr(line.text, "7e1"));
	close(line.master);
}

static void assert_usb(const char *device, enum port_fault fault, const char *expected)
{
	struct port port = {.fd = -1};
	char text[256] = "";
	struct port_problem problem = {device, PORT_OK, text, sizeof(text)};
	assert_int_equal(port_serial_find_usb(&port, &problem), fault == PORT_OK);
	assert_int_equal(problem.fault, fault);
	if (fault == PORT_OK)
		assert_string_equal(port.resolved, expected);
	else
		assert_non_null(strstr(text, expected));
}

static void adapters_are_found_by_usb_numbers(void **state)
{
	(void)state;
	struct sp_port native = {"/dev/ttyS0", NULL, SP_TRANSPORT_NATIVE, 0x10c4, 0xea60, -1};
	struct sp_port first = {"/dev/ttyUSB0", "0001", SP_TRANSPORT_USB, 0x10c4, 0xea60, -1};
	struct sp_port second = {"/dev/ttyUSB1", "0002", SP_TRANSPORT_USB, 0x10c4, 0xea60, -1};
	struct sp_port nameless = {"/dev/ttyUSB2", NULL, SP_TRANSPORT_USB, 0x1a86, 0x7523, -1};
	memset(&library, 0, sizeof(library));
	struct sp_port *const ports[] = {&native, &first, &second, &nameless};
	memcpy(library.list, ports, sizeof(ports));
	assert_usb("usb:10C4:EA60:0002", PORT_OK, "/dev/ttyUSB1");
	assert_usb("usb:1a86:7523", PORT_OK, "/dev/ttyUSB2");
	assert_usb("usb:1a86:7523:x", PORT_ABSENT, "no such adapter");
	assert_usb("usb:0403:6001", PORT_ABSENT, "no such adapter");
	assert_usb("usb:10c4:ea60", PORT_NOT_A_PORT, "several adapters match (/dev/ttyUSB0, /dev/ttyUSB1)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(both_versions_end_up_alike),  cmocka_unit_test(locked_line_is_not_touched),
	    cmocka_unit_test(failures_are_told_apart),     cmocka_unit_test(impossible_baud_is_named),
	    cmocka_unit_test(impossible_framing_is_named), cmocka_unit_test(adapters_are_found_by_usb_numbers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
