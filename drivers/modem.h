/* How one transceiver is driven: bytes of a port to datagrams and back. One file and one line in modems.def each. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/keys.h"
#include "drivers/services.h"

/* What one transmission carried. */
struct datagram {
	const uint8_t *bytes;
	size_t size;
	double rssi_dbm, snr_db; /* NAN: the modem does not tell */
};

struct modem_ops {
	const char *name; /* as in the configuration: "kiss" */
	const char *help; /* one line */
	const struct driver_key *keys;
	size_t key_count;
	size_t state_size; /* zeroed memory the trunk provides as `state` */
	size_t mtu;        /* largest datagram that can be sent */

	/* Once, before anything else. services and values outlive the modem. Returns 0 or negative errno. */
	int (*init)(void *state, const struct services *services, const union driver_value *values);
	/* The port was opened or opened again: forget half frames, configure the module. */
	void (*opened)(void *state);
	/* Bytes of the port, cut anywhere. */
	void (*input)(void *state, const uint8_t *bytes, size_t size);
	/* One datagram; the trunk waits for services->sent before the next. Returns 0, -EMSGSIZE, -ENOTCONN or -EAGAIN. */
	int (*send)(void *state, const struct datagram *datagram);
	void (*alarm)(void *state);
	/* Time the channel is taken by a datagram of that size, preamble included. */
	int64_t (*airtime_us)(const void *state, size_t size);
	/* Bytes to be written before the port is closed for good (leaving KISS, if configured). Returns their number. May be NULL. */
	size_t (*goodbye)(const void *state, uint8_t *bytes, size_t size);
};

/* The modem of that name, or NULL; and all of them, ended by NULL. */
const struct modem_ops *modem_find(const char *name);
const struct modem_ops *const *modem_all(void);
