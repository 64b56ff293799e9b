/* What the back-ends of a port share; only for hw/port*.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "hw/port.h"

struct sp_port;

enum { PORT_RESOLVED_MAX = 288 }; /* a path or "host:port", with the final zero */

struct port {
	const struct port_ops *ops;
	int fd;                 /* -1 while opening */
	struct sp_port *serial; /* of libserialport, NULL in the other back-ends */
	char resolved[PORT_RESOLVED_MAX];
};

/* Where the reason of a failure goes. device is the text of the configuration. */
struct port_problem {
	const char *device;
	enum port_fault fault;
	char *text;
	size_t size;
};

struct port_ops {
	/* Fills fd (non-blocking, close-on-exec) and what else the back-end needs. false = see problem; what was opened is closed. */
	bool (*open)(struct port *port, const struct port_settings *settings, struct port_problem *problem);
	ssize_t (*write)(int fd, const void *bytes, size_t size); /* as write(2) */
	void (*close)(struct port *port);
	int (*set_baud)(struct port *port, unsigned baud); /* 0 or negative errno; NULL: no speed */
};

extern const struct port_ops port_serial_ops, port_pty_ops, port_tcp_ops;

/* Sets fault and the text "DEVICE: ...". Always false, so that a back-end can return it. */
bool port_fail(struct port_problem *problem, enum port_fault fault, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* port_serial.c: the device node of the adapter that "usb:VID:PID[:SERIAL]" means, into port->resolved. */
bool port_serial_find_usb(struct port *port, struct port_problem *problem);
/* NULL = fine, otherwise what is wrong with the part behind "usb:". */
const char *port_serial_check_usb(const char *text);

/* port_tcp.c: NULL = fine, otherwise what is wrong with the part behind "tcp://". */
const char *port_tcp_check(const char *text);

/* port_tty.c: what a serial line and a pty have in common. */

/* Opens the resolved node and locks it with flock, before anything is changed on it. -1 = see problem. */
int port_tty_open(const char *resolved, struct port_problem *problem);
/* flock for this program alone. false: someone else has it, see problem. */
bool port_tty_lock(int fd, const char *resolved, struct port_problem *problem);
/* Sets the fault that belongs to this errno of open or a later call. */
bool port_tty_fail(struct port_problem *problem, const char *resolved, int error);
/* Raw bytes, framing, no flow control, HUPCL off, VMIN 1. verify: fail where the driver did not take the framing. */
bool port_tty_set(int fd, const struct port_settings *settings, bool verify, struct port_problem *problem);
/* DTR and RTS in one step, so that no adapter sees them differ. Devices without these lines are left alone. */
void port_tty_set_lines(int fd, enum port_line dtr, enum port_line rts);
