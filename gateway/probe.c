/* Whether brokers can be reached: connects and closes again, saying nothing. */
#include "gateway/probe.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LEFTOVERS_MAX = 2 };

struct target {
	char *host;
	uint16_t port;
};

struct probe {
	struct worker_job *job;
	probe_done_fn *done;
	void *context;
	int64_t timeout_ms;
	size_t count;
	struct target *targets;
	bool *reachable;
};

/* Given up and still hanging in a look-up. The loop's thread alone. */
static unsigned leftovers;

static void probe_free(struct probe *probe)
{
	if (!probe)
		return;
	for (size_t i = 0; probe->targets && i < probe->count; i++)
		free(probe->targets[i].host);
	free(probe->targets);
	free(probe->reachable);
	free(probe);
}

static bool connects(const struct addrinfo *address, int64_t timeout_ms)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error = 0;
	socklen_t size = sizeof(error);
	if (fd < 0)
		return false;
	bool taken = connect(fd, address->ai_addr, address->ai_addrlen) == 0;
	if (!taken && errno == EINPROGRESS) {
		struct pollfd wait = {.fd = fd, .events = POLLOUT};
		taken = poll(&wait, 1, (int)timeout_ms) == 1 &&
			getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
	}
	close(fd);
	return taken;
}

static bool reach(const struct target *target, int64_t timeout_ms)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
	char port[8];
	bool taken = false;
	snprintf(port, sizeof(port), "%u", target->port);
	if (getaddrinfo(target->host, port, &hints, &found) != 0)
		return false;
	for (const struct addrinfo *address = found; address && !taken; address = address->ai_next)
		taken = connects(address, timeout_ms);
	freeaddrinfo(found);
	return taken;
}

static void work(void *context)
{
	struct probe *probe = context;
	for (size_t i = 0; i < probe->count; i++)
		probe->reachable[i] = reach(&probe->targets[i], probe->timeout_ms);
}

static void work_done(void *context, bool abandoned)
{
	struct probe *probe = context;
	if (abandoned)
		leftovers--;
	else
		probe->done(probe->context, probe->reachable, probe->count);
	probe_free(probe);
}

struct probe *probe_start(struct worker *worker, const struct uplink_broker *brokers, size_t count, int64_t timeout_ms,
			  probe_done_fn *done, void *context)
{
	struct probe *probe = leftovers < LEFTOVERS_MAX ? calloc(1, sizeof(*probe)) : NULL;
	if (!probe)
		return NULL;
	*probe = (struct probe){.done = done,
				.context = context,
				.timeout_ms = timeout_ms,
				.count = count,
				.targets = calloc(count, sizeof(struct target)),
				.reachable = calloc(count, sizeof(bool))};
	if (!probe->targets || !probe->reachable)
		goto fail;
	for (size_t i = 0; i < count; i++) {
		probe->targets[i] = (struct target){.host = strdup(brokers[i].host), .port = brokers[i].port};
		if (!probe->targets[i].host)
			goto fail;
	}
	probe->job = worker_start(worker, work, work_done, probe);
	if (probe->job)
		return probe;
fail:
	probe_free(probe);
	return NULL;
}

void probe_cancel(struct probe *probe)
{
	if (!probe)
		return;
	worker_abandon(probe->job);
	leftovers++;
}
