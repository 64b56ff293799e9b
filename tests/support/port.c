/* What the unit tests of ports have in common. */
#include "tests/support/port.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct port *open_device(const char *device, enum port_fault *fault, char text[256])
{
	struct port_settings settings = {.device = device, .baud = 9600, .framing = "8n1", .connect_timeout_ms = 5000};
	text[0] = '\0';
	return port_open(&settings, fault, text, 256);
}

struct port *must_open(const char *device)
{
	enum port_fault fault;
	char text[256];
	struct port *port = open_device(device, &fault, text);
	if (!port)
		fail_msg("%s", text);
	assert_int_equal(fault, PORT_OK);
	return port;
}

void assert_fault(const char *device, enum port_fault expected, const char *words)
{
	enum port_fault fault = PORT_OK;
	char text[256];
	assert_null(open_device(device, &fault, text));
	if (fault != expected || !strstr(text, words) || strncmp(text, device, strlen(device)) != 0)
		fail_msg("%s: \"%s\" instead of %s: \"%s\"", port_fault_name(fault), text, port_fault_name(expected),
			 words);
}

void wait_for(const struct port *port, short events)
{
	struct pollfd wait = {.fd = port_fd(port), .events = events};
	assert_int_equal(poll(&wait, 1, 60000), 1);
}

void read_exactly(struct port *port, const char *expected)
{
	char bytes[64];
	size_t size = 0;
	while (size < strlen(expected)) {
		wait_for(port, POLLIN);
		ssize_t got = port_read(port, bytes + size, sizeof(bytes) - size);
		assert_true(got > 0);
		size += (size_t)got;
	}
	assert_int_equal(size, strlen(expected));
	assert_memory_equal(bytes, expected, size);
}
