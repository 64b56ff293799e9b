/* Serial lines by libserialport: any baud rate, and finding an adapter by its USB numbers. */
#include "hw/port_internal.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libserialport.h>
#include <limits.h>
#include <linux/serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

struct usb_id {
	int vid, pid;
	const char *serial; /* NULL = any */
};

/* One to four hexadecimal digits; moves *at behind them. -1: not so. */
static int parse_hex(const char **at)
{
	char digits[5] = "";
	size_t count = strspn(*at, "0123456789abcdefABCDEF");
	if (count == 0 || count > 4)
		return -1;
	memcpy(digits, *at, count);
	*at += count;
	return (int)strtol(digits, NULL, 16);
}

static bool parse_usb(const char *text, struct usb_id *id)
{
	id->vid = parse_hex(&text);
	if (id->vid < 0 || *text++ != ':')
		return false;
	id->pid = parse_hex(&text);
	if (id->pid < 0 || (*text && *text != ':'))
		return false;
	id->serial = *text ? text + 1 : NULL;
	return !id->serial || *id->serial;
}

const char *port_serial_check_usb(const char *text)
{
	struct usb_id id;
	return parse_usb(text, &id)
		   ? NULL
		   : "must be usb:VID:PID or usb:VID:PID:SERIAL with hexadecimal numbers, as lsusb shows";
}

static bool matches(struct sp_port *candidate, const struct usb_id *id)
{
	int vid, pid;
	if (sp_get_port_transport(candidate) != SP_TRANSPORT_USB ||
	    sp_get_port_usb_vid_pid(candidate, &vid, &pid) != SP_OK || vid != id->vid || pid != id->pid)
		return false;
	const char *serial = sp_get_port_usb_serial(candidate);
	return !id->serial || (serial && strcmp(serial, id->serial) == 0);
}

bool port_serial_find_usb(struct port *port, struct port_problem *problem)
{
	struct usb_id id;
	struct sp_port **list = NULL;
	const char *found = NULL, *second = NULL;
	if (!parse_usb(problem->device + strlen("usb:"), &id))
		return port_fail(problem, PORT_NOT_A_PORT, "is no USB number.");
	if (sp_list_ports(&list) != SP_OK)
		return port_fail(problem, PORT_IO, "the serial lines of this machine cannot be listed.");
	for (size_t i = 0; list[i]; i++) {
		if (!matches(list[i], &id))
			continue;
		*(found ? &second : &found) = sp_get_port_name(list[i]);
	}
	bool unique = found && !second && strlen(found) < sizeof(port->resolved);
	if (unique)
		memcpy(port->resolved, found, strlen(found) + 1);
	else if (!found)
		port_fail(problem, PORT_ABSENT, "no such adapter. Is it plugged in? See lsusb.");
	else
		port_fail(problem, PORT_NOT_A_PORT,
			  "several adapters match (%.64s, %.64s). Add the serial number, or use /dev/serial/by-path.",
			  found, second ? second : "");
	sp_free_port_list(list);
	return unique;
}

/* The errno behind a result, to be asked for before any other call. */
static int error_of(enum sp_return result)
{
	switch (result) {
	case SP_OK:
		return 0;
	case SP_ERR_FAIL:
		return sp_last_error_code();
	case SP_ERR_MEM:
		return ENOMEM;
	default:
		return ENOTTY;
	}
}

/* Small frames must not wait in the driver or the adapter. Most have no such knob; nothing is lost then. */
static void quicken(int fd, const char *resolved)
{
	struct serial_struct driver;
	if (ioctl(fd, TIOCGSERIAL, &driver) == 0) {
		driver.flags |= ASYNC_LOW_LATENCY;
		(void)ioctl(fd, TIOCSSERIAL, &driver);
	}
	char path[PORT_RESOLVED_MAX + 64];
	snprintf(path, sizeof(path), "/sys/bus/usb-serial/devices/%s/latency_timer", strrchr(resolved, '/') + 1);
	int timer_ms = open(path, O_WRONLY | O_CLOEXEC);
	if (timer_ms < 0)
		return;
	ssize_t written = write(timer_ms, "1", 1);
	(void)written;
	close(timer_ms);
}

/* libserialport 0.1.1 takes no lock, leaves the descriptor to children and sets VMIN 0; 0.1.2 locks, which a second lock on the same
 * descriptor does not disturb. */
static bool configure(struct port *port, const struct port_settings *settings, struct port_problem *problem)
{
	if (sp_get_port_handle(port->serial, &port->fd) != SP_OK)
		return port_fail(problem, PORT_IO, "has no descriptor.");
	if (fcntl(port->fd, F_SETFD, FD_CLOEXEC) < 0 || fcntl(port->fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0)
		return port_tty_fail(problem, port->resolved, errno);
	if (!port_tty_lock(port->fd, port->resolved, problem) || !port_tty_set(port->fd, settings, true, problem))
		return false;
	if (settings->baud && sp_set_baudrate(port->serial, (int)settings->baud) != SP_OK)
		return port_fail(problem, PORT_SETTINGS, "the device cannot do %u baud.", settings->baud);
	(void)ioctl(port->fd, TIOCEXCL);
	port_tty_set_lines(port->fd, settings->dtr, settings->rts);
	quicken(port->fd, port->resolved);
	tcflush(port->fd, TCIFLUSH);
	return true;
}

static void release(struct port *port)
{
	if (!port->serial)
		return;
	sp_close(port->serial);
	sp_free_port(port->serial);
}

static bool serial_open(struct port *port, const struct port_settings *settings, struct port_problem *problem)
{
	/* Opened and locked first by ourselves: sp_open changes settings before it could see that someone else uses the line. The lock is
	 * let go for sp_open of 0.1.2, which takes its own; the descriptor stays until then, so that DTR does not fall in between. */
	int guard = port_tty_open(port->resolved, problem);
	if (guard < 0)
		return false;
	flock(guard, LOCK_UN);
	enum sp_return result = sp_get_port_by_name(port->resolved, &port->serial);
	if (result == SP_OK)
		result = sp_open(port->serial, SP_MODE_READ_WRITE);
	int error = error_of(result);
	close(guard);
	bool opened = error ? port_tty_fail(problem, port->resolved, error) : configure(port, settings, problem);
	if (!opened)
		release(port);
	return opened;
}

static void serial_close(struct port *port)
{
	(void)ioctl(port->fd, TIOCNXCL);
	release(port);
}

static int serial_set_baud(struct port *port, unsigned baud)
{
	if (baud > INT_MAX)
		return -EINVAL;
	return -error_of(sp_set_baudrate(port->serial, (int)baud));
}

const struct port_ops port_serial_ops = {
    .open = serial_open, .write = write, .close = serial_close, .set_baud = serial_set_baud};
