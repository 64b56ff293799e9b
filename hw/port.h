/* A byte line to a transceiver: /dev/... (libserialport), a pty (termios), tcp://host:port. Knows no messages and no event loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct port;

enum port_line { PORT_LINE_LEAVE, PORT_LINE_ON, PORT_LINE_OFF };

struct port_settings {
	const char *
	    device; /* "/dev/serial/by-id/..", "/dev/ttyUSB0", "/dev/pts/3", "usb:VID:PID[:SERIAL]", "tcp://host:port" */
	unsigned baud;              /* serial only; 0 = as it is */
	const char *framing;        /* data bits, parity n, e or o, stop bits; NULL = "8n1" */
	enum port_line dtr, rts;    /* both are set in one step, see hw/README.md */
	int64_t connect_timeout_ms; /* tcp only, name resolution not counted; 0 = 10 s */
};

/* What went wrong with a port, for counters and for the log line. */
enum port_fault {
	PORT_OK,
	PORT_ABSENT, /* no such device, or unplugged */
	PORT_BUSY,   /* someone else has it; the text names the process if it can be found */
	PORT_PERMISSION,
	PORT_NOT_A_PORT,  /* exists, but is no serial line */
	PORT_SETTINGS,    /* baud rate or framing the device cannot do */
	PORT_UNREACHABLE, /* tcp: name or host not found, refused, timed out */
	PORT_IO,
};

/* A short constant for counters: "absent", "busy", "permission", ... */
const char *port_fault_name(enum port_fault fault);

/* Checks a device text without opening it. NULL = fine, otherwise what is wrong with it. */
const char *port_check_device(const char *device);

/* Opens the device; may block (name resolution, slow drivers), so call it outside the loop. On failure NULL, *fault is set and text says
 * what happened to which device and what to do. settings are not needed afterwards. */
struct port *port_open(const struct port_settings *settings, enum port_fault *fault, char *text, size_t text_size);
/* Undoes the lock. NULL is allowed. */
void port_close(struct port *port);

/* The descriptor to poll; it is non-blocking and belongs to the port. */
int port_fd(const struct port *port);

/* Reads what is there: bytes > 0, 0 = nothing now, -EPIPE = gone (unplugged, other side closed), other negative errno. */
ssize_t port_read(struct port *port, void *bytes, size_t size);
/* Writes what fits now and returns its number (may be 0), or as above. */
ssize_t port_write(struct port *port, const void *bytes, size_t size);

/* Another speed from now on; what was received before and not yet read is thrown away. Does not wait. 0, also where there is no speed
 * (TCP); -EAGAIN while the driver still holds bytes to be sent at the old one; -EINVAL for a speed that the device cannot do; -EPIPE,
 * other negative errno. What a transmitter has taken up but not sent yet nobody can see: leave it the time. */
int port_set_baud(struct port *port, unsigned baud);
/* Whether there is such a speed, and bytes take their time. */
bool port_has_baud(const struct port *port);

/* What it was resolved to ("/dev/ttyUSB1", "192.0.2.7:8001"), for status. Belongs to the port. */
const char *port_resolved(const struct port *port);
