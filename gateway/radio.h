/* One configured radio: a port, the modem that drives it and the air protocol spoken through it. Implements drivers/services.h. */
#pragma once

#include <systemd/sd-event.h>

#include "drivers/air.h"
#include "drivers/modem.h"
#include "gateway/counters.h"
#include "gateway/worker.h"
#include "hw/port.h"

struct radio;

struct radio_setup {
	const char *name;
	struct port_settings port;
	const struct modem_ops *modem;
	const struct air_ops *air;
	const union driver_value *modem_values, *air_values;
};

enum radio_direction { RADIO_RX, RADIO_TX };

/* All calls come on the loop. */
struct radio_callbacks {
	void *context;
	/* A message was heard; heard_us is when the last byte of it was read from the port. */
	void (*heard)(void *context, struct radio *radio, const struct message *message, int64_t heard_us);
	/* What became of the message given to radio_send. SEND_ON_AIR is progress, the others are final and the radio is free again. */
	void (*sent)(void *context, struct radio *radio, enum send_result result, bool assumed, const char *code);
	/* A datagram passed, for `cresset monitor`. */
	void (*datagram)(void *context, struct radio *radio, enum radio_direction direction,
			 const struct datagram *datagram);
	/* The port came up or went down (said once, not at every try). */
	void (*state)(void *context, struct radio *radio);
};

/* Makes the radio and starts opening its port; it is opened again with back-off (1 s to 1 min) for as long as the radio lives.
 * setup's pointers must outlive the radio. NULL: out of memory, or a driver refused its values (*error says why). */
struct radio *radio_new(const struct radio_setup *setup, const struct radio_callbacks *callbacks, sd_event *event,
			struct worker *worker, struct counters *counters, const char **error);
/* Writes the modem's goodbye and closes. */
void radio_free(struct radio *radio);

/* Whether radio_send may be called: the port is up and the last message has its final result. */
bool radio_ready(const struct radio *radio);
/* Hands one message to the air and the modem. 0: a result follows through sent. Otherwise the negative errno of the driver, and
 * nothing follows. */
int radio_send(struct radio *radio, const struct message *message);

/* While limited, the port is read at 16 kB/s at most: faster than any radio speaks and any serial line of 115 200 baud carries, so
 * that only a flood has to wait, in the port. Writing goes on. */
void radio_limit(struct radio *radio, bool limited);

struct radio_status {
	const char *name, *modem, *air, *device, *resolved;
	bool up;
	enum port_fault fault;
	const char *text; /* what is wrong and what to do, "" = nothing */
	uint64_t bytes_in, bytes_out, datagrams, heard, sent;
	int64_t last_heard_us; /* monotonic, 0 = never */
};
struct radio_status radio_status(const struct radio *radio);
