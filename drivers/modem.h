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

/* A GPIO line between the gateway and a modem. The levels are logical; a driver never sees how it is wired. */
struct modem_line {
	const char *name; /* as in the configuration below `lines`: "aux" */
	bool output;
	bool safe;     /* of an output: level while the port is not open, at exit and after a crash */
	bool required; /* false: the modem can do without; the driver finds -ENODEV */
	const char
	    *how; /* words that hw/lines.h adds to the configured text: "pull_up", "open_drain active_low"; "" = none */
	const char *help;
	int64_t
	    max_on_ms; /* of an output: put back to `safe` after this time away from it, whatever happens; 0 = no limit */
};

/* What a modem tells of itself. Texts belong to the driver and are valid until its next call. */
struct modem_status {
	bool ready;                   /* takes a datagram: configured and verified */
	const char *model, *firmware; /* "" = not known */
	const char *text;             /* what is wrong and what to do, "" = nothing */
};

/* Where and how strongly a modem transmits. */
struct modem_channel {
	double frequency_hz; /* centre */
	double bandwidth_hz; /* occupied; where that is not published, the widest it can be */
	double narrowest_hz; /* the narrowest it can be; 0 = bandwidth_hz is exact */
	double power_dbm;    /* at the antenna's socket; NAN = not known */
};

enum modem_examination {
	MODEM_TEST, /* asks the module anew, compares every setting, measures what it can; transmits nothing */
	MODEM_SCAN, /* looks for signals on the channels it can hear */
};

/* A modem, or a control: the companion that sets up a voice radio on a port of its own while the modem carries the data. A control
 * has no send and an mtu of 0. */
struct modem_ops {
	const char *name; /* as in the configuration: "kiss" */
	const char *help; /* one line */
	const struct driver_key *keys;
	size_t key_count;
	size_t state_size; /* zeroed memory the trunk provides as `state` */
	size_t mtu;        /* largest datagram that can be sent */
	unsigned baud;     /* of the serial line where the configuration does not say, 0 = 9600 */
	const struct modem_line *lines;
	size_t line_count;

	/* Once, before anything else. services and values outlive the modem. Returns 0 or negative errno. */
	int (*init)(void *state, const struct services *services, const union driver_value *values);
	/* The port was opened or opened again: forget half frames, configure the module. */
	void (*opened)(void *state);
	/* Bytes of the port, cut anywhere. */
	void (*input)(void *state, const uint8_t *bytes, size_t size);
	/* One datagram; the trunk waits for services->sent before the next. Returns 0, -EMSGSIZE, -ENOTCONN or -EAGAIN. */
	int (*send)(void *state, const struct datagram *datagram);
	/* Something more urgent waits behind what is being sent: gives that back if it has not begun, and says that it is sent if only an
	 * acknowledgement is awaited. May be NULL. */
	void (*hurry)(void *state);
	void (*alarm)(void *state);
	/* services->unsafe gives less than before. A modem that has this gets what it hands up written to disk at once. May be NULL. */
	void (*safer)(void *state);
	/* Time the channel is taken by a datagram of that size, preamble included. */
	int64_t (*airtime_us)(const void *state, size_t size);
	/* The channel as the module has it, or while it has not been asked, as the settings say. 0, -EAGAIN (the module has not told yet),
	 * -EOPNOTSUPP (with these settings nobody tells). NULL: the modem does not know what its radio does. */
	int (*channel)(const void *state, struct modem_channel *channel);
	/* Bytes to be written before the port is closed for good (leaving KISS, if configured). Returns their number. May be NULL. */
	size_t (*goodbye)(const void *state, uint8_t *bytes, size_t size);
	/* An input line changed; on is its level now. May be NULL. */
	void (*line)(void *state, unsigned line, bool on);
	/* NULL: always ready, nothing to tell. */
	void (*status)(const void *state, struct modem_status *status);
	/* Begins an examination; findings come through services->finding. 0, -EBUSY, -ENOTCONN (not ready), -EOPNOTSUPP. May be NULL. */
	int (*examine)(void *state, enum modem_examination what);

	/* Controls only. Keys or unkeys the transmitter: 0, -ENODEV (no such line), -EAGAIN (being configured), -EIO. */
	int (*key)(void *state, bool on);
	/* Whether somebody else is on the channel. */
	bool (*channel_busy)(const void *state);
};

/* The modem of that name, or NULL; and all of them, ended by NULL. */
const struct modem_ops *modem_find(const char *name);
const struct modem_ops *const *modem_all(void);
