/* The bytes of an open port: read within bounds, written as the port takes them, at a speed that can be changed. */
#pragma once

#include <systemd/sd-event.h>

#include "gateway/counters.h"
#include "hw/port.h"

struct radio_stream;

/* All calls come on the loop. */
struct radio_stream_callbacks {
	void *context;
	void (*input)(void *context, const uint8_t *bytes, size_t size);
	/* The port is gone, or of no use: -EPIPE, -ETIMEDOUT (takes nothing), other negative errno. The stream may be freed within. Comes
	 * from the loop, never from within a call of the functions below. */
	void (*lost)(void *context, int error);
};

/* Takes over the port, also if it fails (NULL: out of memory). baud = what the port was opened with, 0 = unknown. */
struct radio_stream *radio_stream_new(struct port *port, unsigned baud, const struct radio_stream_callbacks *callbacks,
				      sd_event *event, struct counter *bytes_in, struct counter *bytes_out);
/* Closes the port. NULL is allowed. */
void radio_stream_free(struct radio_stream *stream);

/* Everything or nothing: 0, or -EAGAIN (the last write has not left yet), -EMSGSIZE, -ENOTCONN. */
int radio_stream_write(struct radio_stream *stream, const void *bytes, size_t size);
/* Whether all that was written is with the port. */
bool radio_stream_idle(const struct radio_stream *stream);
/* As struct services has it. Where bytes are still leaving at the old speed, the new one is set a little later; what is written until
 * then waits for it, and what is read is thrown away. */
int radio_stream_set_baud(struct radio_stream *stream, unsigned baud);
/* See radio_limit. */
void radio_stream_limit(struct radio_stream *stream, bool limited);

/* When the last bytes were read, monotonic; 0 = none were. */
int64_t radio_stream_read_us(const struct radio_stream *stream);
/* "/dev/ttyUSB1"; belongs to the stream. */
const char *radio_stream_resolved(const struct radio_stream *stream);
