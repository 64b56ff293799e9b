/* Ptys, and ttys that the kernel does not list in /sys/class/tty, by termios: libserialport refuses both. */
#include "hw/port_internal.h"

#include <errno.h>
#include <termios.h>
#include <unistd.h>

static const struct {
	unsigned baud;
	speed_t speed;
} speeds[] = {
    {300, B300},       {600, B600},         {1200, B1200},       {1800, B1800},       {2400, B2400},
    {4800, B4800},     {9600, B9600},       {19200, B19200},     {38400, B38400},     {57600, B57600},
    {115200, B115200}, {230400, B230400},   {460800, B460800},   {500000, B500000},   {576000, B576000},
    {921600, B921600}, {1000000, B1000000}, {1500000, B1500000}, {2000000, B2000000}, {3000000, B3000000},
};

/* A pty carries bytes at any speed; what is set can be seen at its other end, so a simulator can check it. */
static int set_speed(int fd, unsigned baud)
{
	size_t i = 0, count = sizeof(speeds) / sizeof(speeds[0]);
	while (i < count && speeds[i].baud != baud)
		i++;
	struct termios line;
	if (i == count)
		return -EINVAL;
	if (tcgetattr(fd, &line) < 0 || cfsetspeed(&line, speeds[i].speed) < 0 || tcsetattr(fd, TCSANOW, &line) < 0)
		return -errno;
	return 0;
}

static bool set_first_speed(int fd, unsigned baud, struct port_problem *problem)
{
	int error = set_speed(fd, baud);
	if (error == -EINVAL)
		return port_fail(problem, PORT_SETTINGS, "%u is no usual baud rate; this device takes only those.",
				 baud);
	return error == 0 || port_tty_fail(problem, problem->device, -error);
}

/* The lock is flock alone: TIOCEXCL would stay on the pty after a crash for as long as its other end lives. */
static bool pty_open(struct port *port, const struct port_settings *settings, struct port_problem *problem)
{
	int fd = port_tty_open(port->resolved, problem);
	if (fd < 0)
		return false;
	if (!port_tty_set(fd, settings, false, problem) ||
	    (settings->baud && !set_first_speed(fd, settings->baud, problem))) {
		close(fd);
		return false;
	}
	port_tty_set_lines(fd, settings->dtr, settings->rts);
	port->fd = fd;
	return true;
}

static void pty_close(struct port *port)
{
	close(port->fd);
}

static int pty_set_baud(struct port *port, unsigned baud)
{
	return set_speed(port->fd, baud);
}

const struct port_ops port_pty_ops = {.open = pty_open, .write = write, .close = pty_close, .set_baud = pty_set_baud};
