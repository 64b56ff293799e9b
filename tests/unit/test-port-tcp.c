/* Ports over loopback TCP: what comes through, and what a refused, closed, reset or silent connection looks like. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/port.h"

/* A socket bound to a free loopback port; device is where to find it. */
static int bind_loopback(char device[64], int backlog)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	if (backlog >= 0)
		assert_int_equal(listen(fd, backlog), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	snprintf(device, 64, "tcp://127.0.0.1:%u", ntohs(address.sin_port));
	return fd;
}

static int option(int fd, int level, int name)
{
	int value = -1;
	socklen_t size = sizeof(value);
	assert_int_equal(getsockopt(fd, level, name, &value, &size), 0);
	return value;
}

static void tcp_carries_bytes_both_ways(void **state)
{
	(void)state;
	char device[64], bytes[16];
	int listener = bind_loopback(device, 4);
	struct port *port = must_open(device);
	assert_false(port_has_baud(port));
	assert_int_equal(port_set_baud(port, 115200), 0);
	int peer = accept(listener, NULL, NULL);
	assert_string_equal(port_resolved(port), device + strlen("tcp://"));
	assert_int_equal(port_read(port, bytes, sizeof(bytes)), 0);
	assert_int_equal(port_write(port, "hello", 5), 5);
	assert_int_equal(recv(peer, bytes, 5, MSG_WAITALL), 5);
	assert_memory_equal(bytes, "hello", 5);
	assert_int_equal(write(peer, "there", 5), 5);
	read_exactly(port, "there");
	assert_int_equal(option(port_fd(port), IPPROTO_TCP, TCP_NODELAY), 1);
	assert_int_equal(option(port_fd(port), SOL_SOCKET, SO_KEEPALIVE), 1);
	assert_int_equal(option(port_fd(port), IPPROTO_TCP, TCP_KEEPIDLE), 60);
	assert_true(fcntl(port_fd(port), F_GETFL) & O_NONBLOCK);
	assert_true(fcntl(port_fd(port), F_GETFD) & FD_CLOEXEC);
	/* What came before the end is not lost. */
	assert_int_equal(write(peer, "bye", 3), 3);
	close(peer);
	read_exactly(port, "bye");
	wait_for(port, POLLIN);
	assert_int_equal(port_read(port, bytes, sizeof(bytes)), -EPIPE);
	port_close(port);
	close(listener);
}

static void tcp_reset_is_gone(void **state)
{
	(void)state;
	char device[64], byte;
	int listener = bind_loopback(device, 4);
	struct port *port = must_open(device);
	int peer = accept(listener, NULL, NULL);
	struct linger now = {1, 0};
	assert_int_equal(setsockopt(peer, SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	close(peer);
	wait_for(port, POLLIN);
	assert_int_equal(port_read(port, &byte, 1), -EPIPE);
	assert_int_equal(port_write(port, "x", 1), -EPIPE); /* and no signal */
	port_close(port);
	close(listener);
}

static void tcp_takes_what_fits(void **state)
{
	(void)state;
	char device[64];
	static unsigned char bytes[65536];
	size_t sent = 0, received = 0;
	int listener = bind_loopback(device, 4);
	struct port *port = must_open(device);
	int peer = accept(listener, NULL, NULL);
	for (ssize_t count = 1; count > 0; sent += (size_t)count) {
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = (unsigned char)((sent + i) % 251);
		count = port_write(port, bytes, sizeof(bytes));
		assert_true(count >= 0);
	}
	port_close(port);
	for (ssize_t count; (count = read(peer, bytes, sizeof(bytes))) > 0;)
		for (ssize_t i = 0; i < count; i++, received++)
			assert_int_equal(bytes[i], received % 251);
	assert_true(sent > 0);
	assert_int_equal(received, sent);
	close(peer);
	close(listener);
}

/* A system without /etc/hosts, such as a bare chroot, may not know even this name. */
static bool knows_localhost(void)
{
	struct addrinfo *found = NULL;
	bool known = getaddrinfo("localhost", NULL, NULL, &found) == 0;
	if (known)
		freeaddrinfo(found);
	return known;
}

static void tcp_finds_a_name_and_ipv6(void **state)
{
	(void)state;
	if (!knows_localhost())
		skip();
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	socklen_t size = sizeof(address);
	char device[64], *number;
	int listener = bind_loopback(device, 4);
	number = strrchr(device, ':');
	char named[64];
	snprintf(named, sizeof(named), "tcp://localhost%s", number);
	port_close(must_open(named)); /* over ::1 first, where that exists, which is refused */
	close(listener);
	listener = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (listener >= 0 && bind(listener, (struct sockaddr *)&address, size) == 0) {
		assert_int_equal(listen(listener, 4), 0);
		assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
		snprintf(named, sizeof(named), "tcp://[::1]:%u", ntohs(address.sin6_port));
		struct port *port = must_open(named);
		assert_string_equal(port_resolved(port), named + strlen("tcp://"));
		port_close(port);
	}
	close(listener);
}

static void tcp_refused_and_unknown(void **state)
{
	(void)state;
	char device[64];
	int bound = bind_loopback(device, -1);
	assert_fault(device, PORT_UNREACHABLE, "connection refused");
	close(bound);
	assert_fault("tcp://no..name:8001", PORT_UNREACHABLE, "the name no..name was not found");
}

static int64_t monotonic_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A listener whose queue is full drops connection requests: nobody answers. */
static void tcp_black_hole_ends_at_the_deadline(void **state)
{
	(void)state;
	char device[64], text[256];
	int listener = bind_loopback(device, 0), fill[8];
	struct sockaddr_in address;
	socklen_t size = sizeof(address);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
	for (size_t i = 0; i < 8; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)!connect(fill[i], (struct sockaddr *)&address, sizeof(address));
	}
	struct port_settings settings = {.device = device, .connect_timeout_ms = 300};
	enum port_fault fault = PORT_OK;
	int64_t start_ms = monotonic_ms();
	assert_null(port_open(&settings, &fault, text, sizeof(text)));
	int64_t took_ms = monotonic_ms() - start_ms;
	assert_int_equal(fault, PORT_UNREACHABLE);
	assert_non_null(strstr(text, "no answer within 0.3 s"));
	/* The kernel would try for two minutes. */
	assert_true(took_ms >= 290 && took_ms < 60000);
	for (size_t i = 0; i < 8; i++)
		close(fill[i]);
	close(listener);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tcp_carries_bytes_both_ways), cmocka_unit_test(tcp_reset_is_gone),
	    cmocka_unit_test(tcp_takes_what_fits),         cmocka_unit_test(tcp_finds_a_name_and_ipv6),
	    cmocka_unit_test(tcp_refused_and_unknown),     cmocka_unit_test(tcp_black_hole_ends_at_the_deadline),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
