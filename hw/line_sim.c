/* Simulated lines, for tests: the wire is described in line_sim.h. */
#include "hw/line_sim.h"

#include "hw/line_internal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { ANSWER_TIMEOUT_S = 5 };

struct sim_line {
	int fd;
	struct line_sim_pin *pin;
};

static bool fail_connect(struct line_problem *problem, int error)
{
	if (error == EACCES || error == EPERM)
		return line_fail(problem, LINE_PERMISSION, "the simulator's socket may not be opened.");
	if (error == ENOENT || error == ECONNREFUSED)
		return line_fail(problem, LINE_ABSENT, "no simulator listens there. Start it first.");
	return line_fail(problem, LINE_IO, "the simulator's socket: %s.", strerror(error));
}

static int connect_to(const char *path, struct line_problem *problem)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = ANSWER_TIMEOUT_S};
	snprintf(address.sun_path, sizeof(address.sun_path), "%.107s", path);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	fail_connect(problem, errno);
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool send_request(int fd, const struct line *line, const struct line_wish *wish, const char *consumer)
{
	static const char *const biases[] = {"as_is", "up", "down", "none"};
	char text[LINE_SIM_MESSAGE_MAX];
	int size = snprintf(text, sizeof(text), "request %s %s %s %s %d %.*s", wish->name, line->output ? "out" : "in",
			    wish->open_drain ? "open_drain" : "push_pull", biases[wish->bias],
			    line->safe != line->active_low, LINE_NAME_MAX - 1, consumer);
	return send(fd, text, (size_t)size, MSG_NOSIGNAL) == size;
}

/* The answer, and the descriptor that came with it or -1. */
static ssize_t receive_answer(int fd, char *text, size_t size, int *page_fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = {text, size - 1};
	struct msghdr message = {
	    .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
	*page_fd = -1;
	ssize_t got = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);
	text[got > 0 ? got : 0] = '\0';
	struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
	if (header && header->cmsg_type == SCM_RIGHTS && header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(page_fd, CMSG_DATA(header), sizeof(int));
	return got;
}

static struct line_sim_pin *map_page(int page_fd)
{
	if (page_fd < 0)
		return NULL;
	void *page = mmap(NULL, sizeof(struct line_sim_pin), PROT_READ | PROT_WRITE, MAP_SHARED, page_fd, 0);
	close(page_fd);
	return page == MAP_FAILED ? NULL : page;
}

static bool request(int fd, struct line *line, const struct line_wish *wish, const char *consumer, struct sim_line *own,
		    struct line_problem *problem)
{
	char answer[LINE_SIM_MESSAGE_MAX];
	int page_fd = -1;
	if (!send_request(fd, line, wish, consumer) || receive_answer(fd, answer, sizeof(answer), &page_fd) <= 0)
		return line_fail(problem, LINE_IO, "the simulator gives no answer.");
	own->fd = fd;
	own->pin = map_page(page_fd);
	if (strncmp(answer, "busy ", 5) == 0)
		return line_fail(problem, LINE_BUSY, "in use by \"%s\".", answer + 5);
	return own->pin || line_fail(problem, LINE_IO, "the simulator refuses it: %s", answer);
}

static bool sim_open(struct line *line, const struct line_wish *wish, const char *consumer,
		     struct line_problem *problem)
{
	struct sim_line *own = calloc(1, sizeof(*own));
	if (!own)
		return line_fail(problem, LINE_IO, "out of memory.");
	int fd = connect_to(wish->chip, problem);
	if (fd < 0 || !request(fd, line, wish, consumer, own, problem)) {
		if (fd >= 0)
			close(fd);
		free(own);
		return false;
	}
	line->own = own;
	line->own_fd = line->output ? -1 : fd;
	snprintf(line->resolved, sizeof(line->resolved), "sim:%s:%s", wish->chip, wish->name);
	return true;
}

static int sim_get(struct line *line)
{
	struct sim_line *own = line->own;
	char byte;
	if (recv(own->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		return -ENODEV;
	return (atomic_load(&own->pin->level) != 0) != line->active_low;
}

/* The level stands in the page at once; the message only wakes the simulator, and is not needed where others wait. */
static int sim_set(struct line *line, bool on)
{
	struct sim_line *own = line->own;
	atomic_store(&own->pin->driven, on != line->active_low);
	if (send(own->fd, "set", 3, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN)
		return -ENODEV;
	return 0;
}

static int sim_take(struct line *line, struct line_edge edges[static LINE_EDGES_AT_ONCE])
{
	struct sim_line *own = line->own;
	char message[LINE_SIM_MESSAGE_MAX];
	for (int taken = 0; taken < LINE_EDGES_AT_ONCE; taken++) {
		int level;
		ssize_t got = recv(own->fd, message, sizeof(message) - 1, MSG_DONTWAIT);
		if (got < 0 && (errno == EAGAIN || errno == EINTR))
			return taken;
		if (got <= 0)
			return -ENODEV;
		message[got] = '\0';
		if (sscanf(message, "edge %d %" SCNd64, &level, &edges[taken].at_us) != 2)
			return -EIO;
		edges[taken].level = (level != 0) != line->active_low;
	}
	return LINE_EDGES_AT_ONCE;
}

static void sim_close(struct line *line)
{
	struct sim_line *own = line->own;
	munmap(own->pin, sizeof(*own->pin));
	close(own->fd);
	free(own);
}

const struct line_ops line_sim_ops = {
    .open = sim_open, .get = sim_get, .set = sim_set, .take = sim_take, .close = sim_close};
