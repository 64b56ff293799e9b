/* Byte lines over TCP, as a software TNC offers them: connects with a deadline and notices a peer that went away silently. */
#include "hw/port_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HOST_MAX = 256, SERVICE_MAX = 8, CONNECT_DEFAULT_MS = 10000 };

/* "host:port" or "[address]:port" taken apart. NULL = fine, otherwise what is wrong. */
static const char *split(const char *text, char host[static HOST_MAX], char service[static SERVICE_MAX])
{
	bool bracket = text[0] == '[';
	const char *host_at = text + bracket, *host_end = bracket ? strchr(text, ']') : strrchr(text, ':');
	const char *colon = host_end && bracket ? host_end + 1 : host_end;
	if (!colon || *colon != ':' || host_end == host_at || (size_t)(host_end - host_at) >= HOST_MAX)
		return "must be tcp://host:port, an IPv6 address as tcp://[address]:port";
	if (!bracket && memchr(host_at, ':', (size_t)(host_end - host_at)))
		return "needs brackets around an IPv6 address: tcp://[address]:port";
	size_t digits = strspn(colon + 1, "0123456789");
	long number = digits <= 5 ? strtol(colon + 1, NULL, 10) : 0;
	if (digits == 0 || colon[1 + digits] || number < 1 || number > 65535)
		return "needs a port number from 1 to 65535 at its end";
	memcpy(host, host_at, (size_t)(host_end - host_at));
	host[host_end - host_at] = '\0';
	snprintf(service, SERVICE_MAX, "%ld", number);
	return NULL;
}

const char *port_tcp_check(const char *text)
{
	char host[HOST_MAX], service[SERVICE_MAX];
	return split(text, host, service);
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits for a connect under way. Returns 0 or an errno. */
static int await_connect(int fd, int64_t until_ms)
{
	struct pollfd wait = {.fd = fd, .events = POLLOUT};
	for (;;) {
		int64_t left_ms = until_ms - now_ms();
		int ready = left_ms > 0 ? poll(&wait, 1, left_ms > 60000 ? 60000 : (int)left_ms) : 0;
		if (ready > 0)
			break;
		if (ready < 0 && errno != EINTR)
			return errno;
		if (left_ms <= 0)
			return ETIMEDOUT;
	}
	int error = 0;
	socklen_t size = sizeof(error);
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 ? errno : error;
}

/* A connected descriptor, or -1 with *error set. */
static int connect_one(const struct addrinfo *address, int64_t until_ms, int *error)
{
	int fd = socket(address->ai_family, address->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, address->ai_protocol);
	if (fd < 0) {
		*error = errno;
		return -1;
	}
	*error = connect(fd, address->ai_addr, address->ai_addrlen) < 0 ? errno : 0;
	if (*error == EINPROGRESS)
		*error = await_connect(fd, until_ms);
	if (*error == 0)
		return fd;
	close(fd);
	return -1;
}

/* Tries every address; each gets its share of the time that is left, so that a dead first one leaves some to the next. */
static int connect_any(const struct addrinfo *list, int64_t timeout_ms, const struct addrinfo **connected, int *error)
{
	int64_t until_ms = now_ms() + timeout_ms;
	int count = 0;
	for (const struct addrinfo *at = list; at; at = at->ai_next)
		count++;
	for (const struct addrinfo *at = list; at; at = at->ai_next, count--) {
		int64_t start_ms = now_ms();
		int fd = connect_one(at, start_ms + (until_ms - start_ms) / count, error);
		*connected = at;
		if (fd >= 0)
			return fd;
	}
	return -1;
}

/* Small frames at once; and a peer that vanished is noticed within two minutes, whether we are sending or only listening. */
static void set_options(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
	    {IPPROTO_TCP, TCP_NODELAY, 1},    {SOL_SOCKET, SO_KEEPALIVE, 1}, {IPPROTO_TCP, TCP_KEEPIDLE, 60},
	    {IPPROTO_TCP, TCP_KEEPINTVL, 15}, {IPPROTO_TCP, TCP_KEEPCNT, 4}, {IPPROTO_TCP, TCP_USER_TIMEOUT, 120000},
	};
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		(void)setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof(int));
}

static void describe(struct port *port, const struct addrinfo *address)
{
	char host[HOST_MAX], service[SERVICE_MAX];
	if (getnameinfo(address->ai_addr, address->ai_addrlen, host, sizeof(host), service, sizeof(service),
			NI_NUMERICHOST | NI_NUMERICSERV) != 0)
		return;
	snprintf(port->resolved, sizeof(port->resolved), strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, service);
}

static bool fail_connect(struct port_problem *problem, int error, int64_t timeout_ms)
{
	if (error == ECONNREFUSED)
		return port_fail(problem, PORT_UNREACHABLE,
				 "connection refused. Is the program that should listen there running?");
	if (error == ETIMEDOUT)
		return port_fail(problem, PORT_UNREACHABLE,
				 "no answer within %.1f s. Check the address, the network and the firewall.",
				 (double)timeout_ms / 1000);
	return port_fail(problem, PORT_UNREACHABLE, "cannot connect: %s. Check the address and the network.",
			 strerrordesc_np(error));
}

static bool tcp_open(struct port *port, const struct port_settings *settings, struct port_problem *problem)
{
	char host[HOST_MAX], service[SERVICE_MAX];
	int64_t timeout_ms = settings->connect_timeout_ms > 0 ? settings->connect_timeout_ms : CONNECT_DEFAULT_MS;
	const char *wrong = split(settings->device + strlen("tcp://"), host, service);
	if (wrong)
		return port_fail(problem, PORT_NOT_A_PORT, "%s.", wrong);
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV}, *list = NULL;
	int result = getaddrinfo(host, service, &hints, &list);
	if (result != 0)
		return port_fail(problem, PORT_UNREACHABLE,
				 "the name %s was not found: %s. Check it and the name server.", host,
				 result == EAI_SYSTEM ? strerrordesc_np(errno) : gai_strerror(result));
	int error = ETIMEDOUT;
	const struct addrinfo *connected = list;
	port->fd = connect_any(list, timeout_ms, &connected, &error);
	if (port->fd >= 0) {
		set_options(port->fd);
		describe(port, connected);
	}
	freeaddrinfo(list);
	return port->fd >= 0 || fail_connect(problem, error, timeout_ms);
}

/* As write, but a closed peer gives EPIPE instead of a signal. */
static ssize_t tcp_write(int fd, const void *bytes, size_t size)
{
	return send(fd, bytes, size, MSG_NOSIGNAL);
}

static void tcp_close(struct port *port)
{
	close(port->fd);
}

const struct port_ops port_tcp_ops = {.open = tcp_open, .write = tcp_write, .close = tcp_close};
