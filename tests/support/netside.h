/* One end of an emulated link: a process that holds a network namespace with loopback and a TUN device. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#define NETSIDE_NOT_PERMITTED 77 /* exit status; what ctest takes as "skipped" */

/* Without root: makes this process root of a user namespace of its own, which may then make network namespaces. Returns whether it
 * did. Call before anything else: a change of credentials forgets the parent-death signal. */
bool netside_own(void);

/* Makes this process die with `parent`, so that nothing is left behind. */
void netside_end_with(pid_t parent);

/* Starts a process that holds a network namespace: loopback up, a TUN device up with `address` (text, of a /30). Returns the
 * device's descriptor (non-blocking, a packet each read or write) and the process in `holder` (programs enter its namespace with
 * nsenter); it dies with the caller. What cannot be done ends the calling process with a line on standard error: status 77 where
 * the machine does not permit it. */
int netside_open(int mtu, const char *address, pid_t *holder);
