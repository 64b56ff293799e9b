/* Ports: finds the back-end that fits the device, and gives all of them the same reading, writing and error rules. */
#include "hw/port_internal.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static const char tcp_prefix[] = "tcp://", usb_prefix[] = "usb:";

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

const char *port_fault_name(enum port_fault fault)
{
	static const char *const names[] = {
	    [PORT_OK] = "ok",
	    [PORT_ABSENT] = "absent",
	    [PORT_BUSY] = "busy",
	    [PORT_PERMISSION] = "permission",
	    [PORT_NOT_A_PORT] = "not_a_port",
	    [PORT_SETTINGS] = "settings",
	    [PORT_UNREACHABLE] = "unreachable",
	    [PORT_IO] = "io",
	};
	return (size_t)fault < sizeof(names) / sizeof(names[0]) ? names[fault] : "io";
}

bool port_fail(struct port_problem *problem, enum port_fault fault, const char *format, ...)
{
	problem->fault = fault;
	int head = snprintf(problem->text, problem->size, "%s: ", problem->device);
	if (head < 0 || (size_t)head >= problem->size)
		return false;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(problem->text + head, problem->size - (size_t)head, format, arguments);
	va_end(arguments);
	return false;
}

const char *port_check_device(const char *device)
{
	if (!device || !*device)
		return "is empty; write /dev/..., usb:VID:PID or tcp://host:port";
	if (strlen(device) > 255)
		return "is longer than 255 characters";
	for (const char *at = device; *at; at++)
		if (iscntrl((unsigned char)*at))
			return "contains a control character";
	if (starts_with(device, tcp_prefix))
		return port_tcp_check(device + strlen(tcp_prefix));
	if (starts_with(device, usb_prefix))
		return port_serial_check_usb(device + strlen(usb_prefix));
	if (strstr(device, "..."))
		return "still has the dots of an example; `ls -l /dev/serial/by-id/` shows the name to put there";
	if (device[0] != '/')
		return "is no port; write /dev/..., usb:VID:PID or tcp://host:port";
	return NULL;
}

/* The node behind a link, found anew at every open: after a re-plug the same link leads elsewhere. */
static bool resolve_path(struct port *port, const char *path, struct port_problem *problem)
{
	char resolved[PATH_MAX];
	if (!realpath(path, resolved))
		return port_tty_fail(problem, path, errno);
	if (strlen(resolved) >= sizeof(port->resolved))
		return port_fail(problem, PORT_NOT_A_PORT, "its real path is too long.");
	memcpy(port->resolved, resolved, strlen(resolved) + 1);
	return true;
}

/* libserialport takes only what the kernel lists in /sys/class/tty, which leaves out ptys. */
static bool known_to_sysfs(const char *node)
{
	if (starts_with(node, "/dev/pts/"))
		return false;
	char path[PORT_RESOLVED_MAX + 32];
	snprintf(path, sizeof(path), "/sys/class/tty/%s", strrchr(node, '/') + 1);
	return access(path, F_OK) == 0;
}

/* NULL = see problem. */
static const struct port_ops *choose(struct port *port, const char *device, struct port_problem *problem)
{
	const char *wrong = port_check_device(device);
	if (wrong) {
		port_fail(problem, PORT_NOT_A_PORT, "%s.", wrong);
		return NULL;
	}
	if (starts_with(device, tcp_prefix))
		return &port_tcp_ops;
	bool found = starts_with(device, usb_prefix) ? port_serial_find_usb(port, problem)
						     : resolve_path(port, device, problem);
	if (!found)
		return NULL;
	return known_to_sysfs(port->resolved) ? &port_serial_ops : &port_pty_ops;
}

struct port *port_open(const struct port_settings *settings, enum port_fault *fault, char *text, size_t text_size)
{
	struct port_problem problem = {settings->device ? settings->device : "device", PORT_OK, text, text_size};
	struct port *port = calloc(1, sizeof(*port));
	if (!port) {
		port_fail(&problem, PORT_IO, "out of memory.");
		goto fail;
	}
	port->fd = -1;
	port->ops = choose(port, settings->device, &problem);
	if (!port->ops || !port->ops->open(port, settings, &problem))
		goto fail;
	*fault = PORT_OK;
	return port;
fail:
	free(port);
	*fault = problem.fault;
	return NULL;
}

void port_close(struct port *port)
{
	if (!port)
		return;
	port->ops->close(port);
	free(port);
}

int port_fd(const struct port *port)
{
	return port->fd;
}

const char *port_resolved(const struct port *port)
{
	return port->resolved;
}

/* What a failed call means: nothing to do now, the other side is gone, or something else. */
static ssize_t failed(int error)
{
	switch (error) {
	case EAGAIN:
	case EINTR:
		return 0;
	case EIO: /* what the kernel answers for an adapter that was pulled out */
	case ENXIO:
	case ENODEV:
	case EPIPE:
	case ENOTCONN:
	case ECONNRESET:
	case ECONNABORTED:
	case ETIMEDOUT: /* keepalive found nobody */
	case EHOSTUNREACH:
	case ENETUNREACH:
	case ENETDOWN:
		return -EPIPE;
	default:
		return -error;
	}
}

ssize_t port_read(struct port *port, void *bytes, size_t size)
{
	if (size == 0)
		return 0;
	ssize_t got = read(port->fd, bytes, size);
	if (got == 0) /* with VMIN 1 an empty line is EAGAIN, so this is a hang-up, as the end of a TCP stream */
		return -EPIPE;
	return got < 0 ? failed(errno) : got;
}

ssize_t port_write(struct port *port, const void *bytes, size_t size)
{
	if (size == 0)
		return 0;
	ssize_t written = port->ops->write(port->fd, bytes, size);
	return written < 0 ? failed(errno) : written;
}

bool port_has_baud(const struct port *port)
{
	return port->ops->set_baud != NULL;
}

int port_set_baud(struct port *port, unsigned baud)
{
	int waiting = 0;
	if (!port->ops->set_baud)
		return 0;
	if (baud == 0)
		return -EINVAL;
	if (ioctl(port->fd, TIOCOUTQ, &waiting) < 0)
		return errno == ENOTTY ? -EINVAL : (int)failed(errno);
	if (waiting > 0)
		return -EAGAIN;
	int error = port->ops->set_baud(port, baud);
	if (error == -EIO)
		return -EPIPE;
	if (error == 0)
		tcflush(port->fd, TCIFLUSH);
	return error;
}
