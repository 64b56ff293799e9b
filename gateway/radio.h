/* One configured radio: a modem on its port, the air protocol spoken through it, and where there is one the control that sets up and
 * keys the transceiver. Implements drivers/services.h. */
#pragma once

#include <systemd/sd-event.h>

#include "drivers/air.h"
#include "drivers/modem.h"
#include "gateway/counters.h"
#include "gateway/radio_rules.h"
#include "gateway/worker.h"
#include "hw/port.h"

struct radio;

/* A modem or a control as it is configured. */
struct radio_part {
	const struct modem_ops *ops;
	const union driver_value *values;
	struct port_settings port;
	const char *const *lines; /* hw/lines.h, one for each line of ops, NULL = not wired; NULL = none is */
};

/* Keys and counters for air protocols that seal; each as struct services has it. */
struct radio_secrets {
	void *context;
	int (*seal)(void *context, struct sealed *sealed);
	int (*open)(void *context, struct sealed *sealed, unsigned epochs_back);
	int (*take_counter)(void *context, uint16_t station, unsigned epochs_back, uint32_t counter);
	int (*next_counter)(void *context, uint16_t addressee, uint32_t *counter);
};

struct radio_setup {
	const char *name;
	struct radio_part modem, control; /* control.ops NULL = none */
	const struct air_ops *air;
	const union driver_value *air_values;
	const struct radio_secrets *secrets; /* NULL: no key for anybody, and every counter is taken as new */
	const struct radio_rules *rules;     /* NULL: none */
};

enum radio_direction { RADIO_RX, RADIO_TX };

/* All calls come on the loop. */
struct radio_callbacks {
	void *context;
	/* A message was heard; heard_us is when the last byte of it was read from the port. */
	void (*heard)(void *context, struct radio *radio, const struct message *message, int64_t heard_us);
	/* The air protocol wants this said back to a station that was just heard (services->say_back). */
	void (*say_back)(void *context, struct radio *radio, const struct message *message);
	/* A message that wants an acknowledgement was heard once more (services->heard_again). */
	void (*heard_again)(void *context, struct radio *radio, const char *id);
	/* What became of the datagram given to radio_send. SEND_ON_AIR is progress, the others are final and the radio is free again. */
	void (*sent)(void *context, struct radio *radio, enum send_result result, bool assumed, const char *code);
	/* A datagram passed, for `cresset monitor`. */
	void (*datagram)(void *context, struct radio *radio, enum radio_direction direction,
			 const struct datagram *datagram);
	/* What radio_status shows of its state has changed: a port came up or went down, a module says something else. */
	void (*state)(void *context, struct radio *radio);
	/* radio_ready may have become true without that anything is to be shown. */
	void (*ready)(void *context, struct radio *radio);
	/* A finding of the examination; name NULL: its end, value is why it failed or "". */
	void (*finding)(void *context, struct radio *radio, const char *name, const char *value);
	/* How many messages of this radio would be lost in a power cut now (services->unsafe). */
	size_t (*unsafe)(void *context, struct radio *radio);
};

/* Makes the radio and starts opening its ports; they are opened again with back-off (1 s to 1 min) for as long as the radio lives.
 * setup's pointers must outlive the radio. NULL: out of memory, or a driver refused its values (*error says why). */
struct radio *radio_new(const struct radio_setup *setup, const struct radio_callbacks *callbacks, sd_event *event,
			struct worker *worker, struct counters *counters, const char **error);
/* Unkeys, writes the drivers' goodbyes and closes. */
void radio_free(struct radio *radio);

/* Whether somebody else is heard on the channel, as far as its control can tell. */
bool radio_channel_busy(const struct radio *radio);
/* Whether radio_send may be called: ports up, modules ready, nobody else on the channel, the last message has its final result. */
bool radio_ready(const struct radio *radio);
/* How this message would go out; see air_ops.plan. -EMSGSIZE also where the modem does not take a datagram of it. */
int radio_plan(const struct radio *radio, const struct message *message, struct air_plan *plan);
/* Time the channel is taken by a datagram of that size. */
int64_t radio_airtime_us(const struct radio *radio, size_t size);
/* Writes one datagram of what says the message; see air_ops.output. */
ssize_t radio_render(struct radio *radio, const struct message *message, struct air_utterance *utterance,
		     uint8_t *bytes, size_t size);
/* Hands one datagram to the modem, the transmitter keyed. 0: a result follows through sent. Otherwise the negative errno of the driver, and
 * nothing follows. */
int radio_send(struct radio *radio, const void *bytes, size_t size);
/* What the radio rules allow it, judged anew whenever the module has told something. While they allow nothing the radio is never ready, and
 * radio_status says why; it hears all the same. Without rules, or where it only receives, there are no limits. Valid as long as the
 * radio. */
const struct radio_allowance *radio_allowance(const struct radio *radio);
/* A datagram of the air protocol that came another way than by the modem: its messages are heard like any other, but it is not shown as a
 * datagram of this radio. */
void radio_hear(struct radio *radio, const struct datagram *datagram);
/* Something more urgent waits behind the message in the radio; see modem_ops.hurry. */
void radio_hurry(struct radio *radio);

/* Within callbacks.heard: the message came another way than by the modem (radio_hear). */
bool radio_hears_elsewhere(const struct radio *radio);

/* While limited, the modem's port is read at 16 kB/s at most: faster than any radio speaks and any serial line of 115 200 baud carries,
 * so that only a flood has to wait, in the port. Writing goes on. */
void radio_limit(struct radio *radio, bool limited);

/* Whether the modem's device forgets what it has given, so that messages of this radio are to be written to disk at once. */
bool radio_is_forgetful(const struct radio *radio);
/* For such a radio: fewer of its messages are unsafe than before. */
void radio_safer(struct radio *radio);

/* Begins an examination of the modem and then of the control, those that can; findings follow. An examination that finds nothing for a
 * minute is given up. 0, -EBUSY (one is under way), -ENOTCONN (port not open, module not ready), -EOPNOTSUPP (none can). */
int radio_examine(struct radio *radio, enum modem_examination what);

enum radio_state {
	RADIO_DOWN,      /* a port or a line is not there */
	RADIO_NOT_READY, /* the ports are open, a module takes nothing */
	RADIO_UP,
};

/* "down", "not ready", "up" */
const char *radio_state_name(enum radio_state state);

/* Texts are valid until the next call for this radio. */
struct radio_status {
	const char *name, *modem, *air, *device, *resolved;
	const char *control, *control_device, *control_resolved; /* "" = none */
	const char *model, *firmware; /* of the modem, or else of the control; "" = not known */
	enum radio_state state;
	const char *fault; /* of the port or line that is not there: "absent", "line.busy"; "" = none */
	const char *text;  /* what is wrong and what to do, "" = nothing */
	uint64_t bytes_in, bytes_out, datagrams, heard, sent;
	int64_t last_heard_us; /* monotonic, 0 = never */
};
struct radio_status radio_status(const struct radio *radio);

struct radio_line_status {
	const char *name;
	const char *resolved; /* "" = not wired, or not open */
	bool output, control; /* control: it is the control's and not the modem's */
	int level;            /* 1, 0; negative errno = not to be had */
};
/* The lines of the modem and then of the control, by index. false: no such line. */
bool radio_line(const struct radio *radio, size_t index, struct radio_line_status *line);
