/* A modem or a control at work: a driver on a link, with the services it was promised. */
#pragma once

#include "drivers/modem.h"
#include "gateway/radio_link.h"

struct radio_driver;

struct radio_driver_setup {
	const char *radio;
	const char *part;           /* "" = the modem, "control " */
	const char *group, *prefix; /* of its counters */
	const struct modem_ops *ops;
	const union driver_value *values;
	struct port_settings port;
	const char *const *lines; /* one text for each line of ops, NULL = not wired; NULL = none is */
};

/* All calls come on the loop. */
struct radio_driver_callbacks {
	void *context;
	void (*heard)(void *context, const struct datagram *datagram);
	void (*sent)(void *context, enum send_result result, bool assumed, const char *code);
	/* What radio_driver_status says has changed. */
	void (*changed)(void *context);
	/* The port was lost: whatever was under way has failed. */
	void (*lost)(void *context);
	void (*finding)(void *context, const char *name, const char *value);
	size_t (*unsafe)(void *context); /* NULL: nothing ever is */
};

/* setup's pointers must outlive the driver; callbacks are copied. NULL: out of memory, or the driver refused its values (*error says why). */
struct radio_driver *radio_driver_new(const struct radio_driver_setup *setup,
				      const struct radio_driver_callbacks *callbacks, sd_event *event,
				      struct worker *worker, struct counters *counters, const char **error);
/* Begins to open the port. */
void radio_driver_start(struct radio_driver *driver);
/* Writes the driver's goodbye and closes. NULL is allowed. */
void radio_driver_free(struct radio_driver *driver);

/* Its port, for the link's own questions. */
struct radio_link *radio_driver_link(const struct radio_driver *driver);
/* Whether it takes a datagram: port open, module ready, and all that was written is with the port. */
bool radio_driver_ready(const struct radio_driver *driver);
/* See struct modem_ops. */
int radio_driver_send(struct radio_driver *driver, const struct datagram *datagram);
int64_t radio_driver_airtime_us(const struct radio_driver *driver, size_t size);
/* -EOPNOTSUPP also where the driver has no such thing. */
int radio_driver_channel(const struct radio_driver *driver, struct modem_channel *channel);
void radio_driver_safer(struct radio_driver *driver);
void radio_driver_hurry(struct radio_driver *driver);
int radio_driver_examine(struct radio_driver *driver, enum modem_examination what);
/* -ENODEV also where the driver has no such thing. */
int radio_driver_key(struct radio_driver *driver, bool on);
bool radio_driver_channel_busy(const struct radio_driver *driver);
/* Never with NULL in it. */
struct modem_status radio_driver_status(const struct radio_driver *driver);
