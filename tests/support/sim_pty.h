/* The serial line of a simulated device: the master of a pty, reached by a link that stays the same when the device is unplugged and
 * plugged in again. */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_pty;

/* Plugs it in. link: symbolic link to be made (what is there already must be a link, and is replaced); NULL = none. NULL with errno. */
struct sim_pty *sim_pty_new(const char *link);
/* Unplugs it: the client sees a hang-up, and the link goes. NULL is allowed. */
void sim_pty_free(struct sim_pty *pty);

/* "/dev/pts/7" */
const char *sim_pty_path(const struct sim_pty *pty);

/* Fills in what is to be polled. While no client has the port open the kernel reports a hang-up for ever, so that then nothing is polled:
 * returns how many milliseconds later to look again, -1 = only poll. */
int sim_pty_watch(struct sim_pty *pty, struct pollfd *poll_fd);

/* Bytes the client wrote; 0 = none now. */
size_t sim_pty_read(struct sim_pty *pty, uint8_t *bytes, size_t size);
/* Bytes for the client; lost where nobody has the port open, as on a real one. */
void sim_pty_write(struct sim_pty *pty, const uint8_t *bytes, size_t size);
/* The speed the client has set, 0 = one that no termios constant stands for. */
unsigned sim_pty_baud(const struct sim_pty *pty);
