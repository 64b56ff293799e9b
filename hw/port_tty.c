/* What serial lines and ptys have in common: exclusive opening, framing, control lines, and the words for what goes wrong. */
#include "hw/port_internal.h"
#include "hw/rights.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

enum { COMMAND_MAX = 17 }; /* /proc/PID/comm holds 15 characters, a newline and the zero */

/* Whether this process has the device open, other than as except_fd. */
static bool process_has(const char *pid, const char *device, int except_fd)
{
	char path[64], target[PORT_RESOLVED_MAX];
	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	DIR *fds = opendir(path);
	if (!fds)
		return false;
	bool found = false;
	for (struct dirent *fd; !found && (fd = readdir(fds));) {
		ssize_t size = readlinkat(dirfd(fds), fd->d_name, target, sizeof(target) - 1);
		if (size <= 0)
			continue;
		target[size] = '\0';
		found = strcmp(target, device) == 0 && atoi(fd->d_name) != except_fd;
	}
	closedir(fds);
	return found;
}

static void command_of(const char *pid, char command[static COMMAND_MAX])
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	FILE *file = fopen(path, "re");
	if (!file || !fgets(command, COMMAND_MAX, file))
		snprintf(command, COMMAND_MAX, "?");
	command[strcspn(command, "\n")] = '\0';
	if (file)
		fclose(file);
}

/* Busy, with the name of who has it. Descriptors of other users cannot be read without root; then nobody is named. */
static bool fail_busy(struct port_problem *problem, const char *device, int own_fd)
{
	char own_pid[16], command[COMMAND_MAX];
	snprintf(own_pid, sizeof(own_pid), "%d", (int)getpid());
	if (process_has("self", device, own_fd))
		return port_fail(problem, PORT_BUSY,
				 "already in use by this program. Do two radios have the same device?");
	DIR *processes = opendir("/proc");
	bool found = false;
	for (struct dirent *entry; processes && !found && (entry = readdir(processes));) {
		if (!isdigit((unsigned char)entry->d_name[0]) || strcmp(entry->d_name, own_pid) == 0)
			continue;
		found = process_has(entry->d_name, device, -1);
		if (found) {
			command_of(entry->d_name, command);
			port_fail(problem, PORT_BUSY,
				  "in use by %s (process %.10s). Stop it, or give this radio another device.", command,
				  entry->d_name);
		}
	}
	if (processes)
		closedir(processes);
	if (!found)
		port_fail(problem, PORT_BUSY, "in use by another program. Find it with: sudo fuser -v %s", device);
	return false;
}

static bool fail_permission(struct port_problem *problem, const char *node, int error)
{
	char words[256];
	rights_explain(node, error, words, sizeof(words));
	return port_fail(problem, PORT_PERMISSION, "%s", words);
}

bool port_tty_fail(struct port_problem *problem, const char *resolved, int error)
{
	switch (error) {
	case ENOENT:
	case ENOTDIR:
	case ENODEV:
	case ENXIO:
		return port_fail(problem, PORT_ABSENT, "no such device. Is it plugged in and switched on?");
	case EIO: /* the node is still there, the hardware is not */
		return port_fail(problem, PORT_ABSENT, "the device does not answer. Unplug it and plug it in again.");
	case EACCES:
	case EPERM:
		return fail_permission(problem, resolved, error);
	case EBUSY:
	case EWOULDBLOCK:
		return fail_busy(problem, resolved, -1);
	case ENOTTY:
	case EISDIR:
	case ELOOP:
		return port_fail(problem, PORT_NOT_A_PORT, "is no serial line. Choose one from /dev/serial/by-id.");
	default:
		return port_fail(problem, PORT_IO, "cannot be opened: %s.", strerrordesc_np(error));
	}
}

bool port_tty_lock(int fd, const char *resolved, struct port_problem *problem)
{
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return true;
	return errno == EWOULDBLOCK ? fail_busy(problem, resolved, fd) : port_tty_fail(problem, resolved, errno);
}

int port_tty_open(const char *resolved, struct port_problem *problem)
{
	struct stat status;
	if (stat(resolved, &status) < 0) {
		port_tty_fail(problem, resolved, errno);
		return -1;
	}
	/* Looked at before it is opened: opening a pipe or a watchdog has effects of its own. */
	int fd = -1, error = ENOTTY;
	if (S_ISCHR(status.st_mode)) {
		fd = open(resolved, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
		error = errno;
	}
	if (fd < 0) {
		port_tty_fail(problem, resolved, error);
		return -1;
	}
	if (!isatty(fd))
		port_tty_fail(problem, resolved, errno == EIO ? EIO : ENOTTY);
	else if (port_tty_lock(fd, resolved, problem))
		return fd;
	close(fd);
	return -1;
}

/* "8n1": data bits 5-8, parity n, e or o, stop bits 1 or 2, as flags of c_cflag. */
static bool parse_framing(const char *framing, tcflag_t *flags)
{
	static const tcflag_t sizes[] = {CS5, CS6, CS7, CS8};
	if (strlen(framing) != 3 || framing[0] < '5' || framing[0] > '8' || framing[2] < '1' || framing[2] > '2')
		return false;
	*flags = sizes[framing[0] - '5'] | (framing[2] == '2' ? CSTOPB : 0);
	switch (tolower((unsigned char)framing[1])) {
	case 'n':
		return true;
	case 'e':
		*flags |= PARENB;
		return true;
	case 'o':
		*flags |= PARENB | PARODD;
		return true;
	default:
		return false;
	}
}

bool port_tty_set(int fd, const struct port_settings *settings, bool verify, struct port_problem *problem)
{
	const tcflag_t framing_flags = CSIZE | CSTOPB | PARENB | PARODD;
	const char *framing = settings->framing ? settings->framing : "8n1";
	tcflag_t flags;
	struct termios line;
	if (!parse_framing(framing, &flags))
		return port_fail(problem, PORT_SETTINGS, "framing \"%.8s\" is not understood; the usual one is 8n1.",
				 framing);
	if (tcgetattr(fd, &line) < 0)
		return port_tty_fail(problem, problem->device, errno);
	cfmakeraw(&line);
	/* HUPCL would drop DTR at close, which resets many boards. VMIN 1 tells an empty line (EAGAIN) from a pulled plug (0). */
	line.c_cflag &= ~(framing_flags | HUPCL | CRTSCTS);
	line.c_cflag |= flags | CLOCAL | CREAD;
	line.c_iflag &= ~(tcflag_t)(IXON | IXOFF | IXANY | INPCK);
	line.c_cc[VMIN] = 1;
	line.c_cc[VTIME] = 0;
	/* EINVAL: a driver refused a part, which verify finds out; a pty knows no parity. */
	if (tcsetattr(fd, TCSANOW, &line) < 0 && errno != EINVAL)
		return port_tty_fail(problem, problem->device, errno);
	/* tcsetattr succeeds when it could do any part of what was asked. */
	if (verify && (tcgetattr(fd, &line) < 0 || (line.c_cflag & framing_flags) != flags))
		return port_fail(problem, PORT_SETTINGS, "the device cannot do the framing %s. Try 8n1.", framing);
	return true;
}

static int changed_lines(int lines, int line, enum port_line want)
{
	if (want == PORT_LINE_LEAVE)
		return lines;
	return want == PORT_LINE_ON ? lines | line : lines & ~line;
}

void port_tty_set_lines(int fd, enum port_line dtr, enum port_line rts)
{
	int lines;
	if ((dtr == PORT_LINE_LEAVE && rts == PORT_LINE_LEAVE) || ioctl(fd, TIOCMGET, &lines) < 0)
		return;
	lines = changed_lines(changed_lines(lines, TIOCM_DTR, dtr), TIOCM_RTS, rts);
	(void)ioctl(fd, TIOCMSET, &lines);
}
