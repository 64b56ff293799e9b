/* The serial line of a simulated device. */
#include "tests/support/sim_pty.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { LOOK_MS = 10 };

struct sim_pty {
	int fd;
	char path[64], link[PATH_MAX];
};

static bool make_link(const char *path, const char *link)
{
	if (unlink(link) < 0 && errno != ENOENT)
		return false;
	return symlink(path, link) == 0;
}

struct sim_pty *sim_pty_new(const char *link)
{
	struct sim_pty *pty = calloc(1, sizeof(*pty));
	if (!pty)
		return NULL;
	pty->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (pty->fd < 0 || grantpt(pty->fd) < 0 || unlockpt(pty->fd) < 0 ||
	    ptsname_r(pty->fd, pty->path, sizeof(pty->path)) != 0 || fcntl(pty->fd, F_SETFL, O_NONBLOCK) < 0 ||
	    (link && !make_link(pty->path, link))) {
		int error = errno;
		sim_pty_free(pty);
		errno = error;
		return NULL;
	}
	snprintf(pty->link, sizeof(pty->link), "%s", link ? link : "");
	/* Open once and close, so that it hangs up until the first client comes. Raw: nothing is echoed before it is set. */
	int client = open(pty->path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	struct termios line;
	if (client >= 0 && tcgetattr(client, &line) == 0) {
		cfmakeraw(&line);
		tcsetattr(client, TCSANOW, &line);
	}
	if (client >= 0)
		close(client);
	return pty;
}

void sim_pty_free(struct sim_pty *pty)
{
	if (!pty)
		return;
	if (pty->link[0])
		unlink(pty->link);
	if (pty->fd >= 0)
		close(pty->fd);
	free(pty);
}

const char *sim_pty_path(const struct sim_pty *pty)
{
	return pty->path;
}

static bool has_client(const struct sim_pty *pty)
{
	struct pollfd poll_fd = {.fd = pty->fd};
	return poll(&poll_fd, 1, 0) >= 0 && !(poll_fd.revents & POLLHUP);
}

int sim_pty_watch(struct sim_pty *pty, struct pollfd *poll_fd)
{
	bool open = has_client(pty);
	*poll_fd = (struct pollfd){.fd = open ? pty->fd : -1, .events = POLLIN};
	return open ? -1 : LOOK_MS;
}

size_t sim_pty_read(struct sim_pty *pty, uint8_t *bytes, size_t size)
{
	ssize_t got = read(pty->fd, bytes, size);
	return got > 0 ? (size_t)got : 0;
}

void sim_pty_write(struct sim_pty *pty, const uint8_t *bytes, size_t size)
{
	/* What does not fit is lost, as at a client that does not read. */
	if (has_client(pty) && write(pty->fd, bytes, size) < 0)
		return;
}

unsigned sim_pty_baud(const struct sim_pty *pty)
{
	static const struct {
		speed_t speed;
		unsigned baud;
	} speeds[] = {{B1200, 1200},     {B2400, 2400},     {B4800, 4800},     {B9600, 9600},
		      {B19200, 19200},   {B38400, 38400},   {B57600, 57600},   {B115200, 115200},
		      {B230400, 230400}, {B460800, 460800}, {B921600, 921600}, {B1000000, 1000000}};
	struct termios line;
	if (tcgetattr(pty->fd, &line) < 0)
		return 0;
	for (size_t i = 0; i < sizeof(speeds) / sizeof(*speeds); i++)
		if (speeds[i].speed == cfgetospeed(&line))
			return speeds[i].baud;
	return 0;
}
