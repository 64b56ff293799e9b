/* Debouncing in software, where neither the kernel nor the library does it: every edge starts the time anew, and the level is read
 * when the line has been still for that long. The edges and the timer come out of one descriptor (epoll). */
#include "hw/line_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const long millisecond_ns = 1000000;

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* 0 ms: the timer runs out at once. */
static void arm(struct line *line, unsigned ms)
{
	struct itimerspec time = {.it_value = {ms / 1000, (ms % 1000) * millisecond_ns}};
	if (ms == 0)
		time.it_value.tv_nsec = 1;
	timerfd_settime(line->timer_fd, 0, &time, NULL);
}

static bool watch(struct line *line, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};
	return epoll_ctl(line->debounce_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

bool line_debounce_start(struct line *line, struct line_problem *problem)
{
	line->debounce_fd = epoll_create1(EPOLL_CLOEXEC);
	line->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	line->settled = line->ops->get(line);
	if (line->debounce_fd >= 0 && line->timer_fd >= 0 && watch(line, line->own_fd) && watch(line, line->timer_fd) &&
	    line->settled >= 0)
		return true;
	int error = line->settled < 0 ? -line->settled : errno;
	line_debounce_stop(line);
	return line_fail(problem, LINE_IO, "cannot be debounced (%s).", strerror(error));
}

void line_debounce_stop(struct line *line)
{
	close_fd(line->debounce_fd);
	close_fd(line->timer_fd);
}

/* Whether the level has settled just now; negative errno if the line is gone. */
static int follow(struct line *line)
{
	uint64_t runs;
	struct line_edge edges[LINE_EDGES_AT_ONCE];
	int taken = line->ops->take(line, edges);
	if (taken < 0)
		return taken;
	if (taken > 0) {
		arm(line, line->debounce_ms);
		return 0;
	}
	if (read(line->timer_fd, &runs, sizeof(runs)) != (ssize_t)sizeof(runs))
		return 0;
	int level = line->ops->get(line);
	if (level < 0)
		return level;
	line->settled = level;
	return 1;
}

int line_debounce_take(struct line *line)
{
	int result = follow(line);
	return result < 0 ? result : line->settled;
}

/* Who only asks for the level must not lose the change for those who wait at the descriptor: it stays ready. */
int line_debounce_get(struct line *line)
{
	int result = follow(line);
	if (result > 0)
		arm(line, 0);
	return result < 0 ? result : line->settled;
}
