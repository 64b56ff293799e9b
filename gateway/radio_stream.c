/* Reading with an allowance, writing with a backlog, and changes of speed in between. */
#include "gateway/radio_stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "gateway/clock.h"
#include "gateway/priorities.h"
#include "gateway/radio_alarm.h"

enum {
	READ_SIZE = 1024,          /* bounded per turn, so that a babbling modem leaves room for the others */
	LIMIT_BYTES_PER_S = 16384, /* while limited */
	WRITE_BACKLOG_MAX = 8192,
	STUCK_US = 20000000, /* a port that takes no byte for so long is closed and opened again */
	BITS_A_BYTE = 12,    /* on the line, at most: start, eight bits, parity, two stops */
	LEAVING_US = 3000,   /* for the way through an adapter, beyond the time on the line */
	BAUD_LOOK_US = 2000,
	BAUD_MAX = 4000000,
};

struct radio_stream {
	struct radio_stream_callbacks callbacks;
	struct port *port;
	sd_event_source *source, *allowance_source;
	struct radio_alarm stuck_alarm, baud_alarm, lost_alarm;
	struct counter *bytes_in, *bytes_out;
	int lost_error;

	bool limited;            /* reading slowly */
	int64_t allowance_bytes; /* that may still be read now; counted up as time passes */
	int64_t allowance_us;    /* when it was counted */
	int64_t read_us;

	unsigned baud, next_baud; /* next_baud 0 = no change is waiting */
	int64_t left_us;          /* when the last byte written has left the line */

	size_t backlog_size;
	uint8_t backlog[WRITE_BACKLOG_MAX];
};

static void watch(struct radio_stream *stream)
{
	bool readable = !stream->limited || stream->allowance_bytes > 0;
	bool writable = stream->backlog_size && !stream->next_baud;
	sd_event_source_set_io_events(stream->source, (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0));
}

static void ring_lost(void *context)
{
	struct radio_stream *stream = context;
	stream->callbacks.lost(stream->callbacks.context, stream->lost_error);
}

/* Says so from the loop, because who is calling right now still needs the stream. */
static void lose(struct radio_stream *stream, int error)
{
	stream->lost_error = error;
	radio_alarm_set(&stream->lost_alarm, clock_mono_us());
}

static void ring_stuck(void *context)
{
	struct radio_stream *stream = context;
	stream->callbacks.lost(stream->callbacks.context, -ETIMEDOUT);
}

/* ---- writing ---- */

static int64_t line_time_us(const struct radio_stream *stream, size_t size)
{
	return stream->baud ? (int64_t)size * BITS_A_BYTE * 1000000 / stream->baud : 0;
}

/* Writes what the port takes of bytes, keeps the rest. */
static int write_some(struct radio_stream *stream, const uint8_t *bytes, size_t size)
{
	ssize_t written = port_write(stream->port, bytes, size);
	if (written < 0)
		return (int)written;
	int64_t now_us = clock_mono_us();
	stream->bytes_out->value += (uint64_t)written;
	stream->left_us = (stream->left_us > now_us ? stream->left_us : now_us) + line_time_us(stream, (size_t)written);
	memmove(stream->backlog, bytes + written, size - (size_t)written);
	bool stuck = stream->backlog_size && written == 0;
	stream->backlog_size = size - (size_t)written;
	if (!stuck)
		radio_alarm_set(&stream->stuck_alarm, stream->backlog_size ? now_us + STUCK_US : 0);
	watch(stream);
	return 0;
}

static int write_backlog(struct radio_stream *stream)
{
	uint8_t rest[WRITE_BACKLOG_MAX];
	size_t size = stream->backlog_size;
	memcpy(rest, stream->backlog, size);
	return write_some(stream, rest, size);
}

int radio_stream_write(struct radio_stream *stream, const void *bytes, size_t size)
{
	if (stream->lost_error)
		return -ENOTCONN;
	if (size > WRITE_BACKLOG_MAX)
		return -EMSGSIZE;
	if (stream->backlog_size)
		return -EAGAIN;
	if (stream->next_baud) {
		memcpy(stream->backlog, bytes, size);
		stream->backlog_size = size;
		return 0;
	}
	int error = write_some(stream, bytes, size);
	/* A port that fails here is found dead by the next read, which first takes what had still come. */
	return error < 0 ? -ENOTCONN : 0;
}

bool radio_stream_idle(const struct radio_stream *stream)
{
	return stream->backlog_size == 0;
}

/* ---- speed ---- */

/* Sets the new speed once the line is empty. 0 also while it is not yet. */
static int try_baud(struct radio_stream *stream)
{
	int64_t now_us = clock_mono_us();
	int64_t empty_us = stream->left_us ? stream->left_us + LEAVING_US : 0;
	int result = empty_us > now_us ? -EAGAIN : port_set_baud(stream->port, stream->next_baud);
	if (result == -EAGAIN) {
		radio_alarm_set(&stream->baud_alarm, empty_us > now_us ? empty_us : now_us + BAUD_LOOK_US);
		return 0;
	}
	if (result == 0)
		stream->baud = stream->next_baud;
	stream->next_baud = 0;
	stream->left_us = 0;
	if (result == 0 && stream->backlog_size)
		result = write_backlog(stream);
	watch(stream);
	return result;
}

static void ring_baud(void *context)
{
	struct radio_stream *stream = context;
	int error = try_baud(stream);
	if (error < 0)
		stream->callbacks.lost(stream->callbacks.context, error);
}

int radio_stream_set_baud(struct radio_stream *stream, unsigned baud)
{
	if (stream->lost_error)
		return -ENOTCONN;
	if (baud == 0 || baud > BAUD_MAX)
		return -EINVAL;
	if (!port_has_baud(stream->port))
		return 0;
	/* What still waits in the backlog was written before: it must leave first. */
	if (stream->backlog_size && !stream->next_baud)
		return -EAGAIN;
	stream->next_baud = baud;
	int error = try_baud(stream);
	if (error == -EINVAL || error == 0)
		return error;
	lose(stream, error);
	return -ENOTCONN;
}

/* ---- reading ---- */

static int on_allowance(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)source, (void)at_us;
	struct radio_stream *stream = context;
	stream->allowance_bytes = READ_SIZE;
	stream->allowance_us = clock_mono_us();
	watch(stream);
	return 0;
}

/* Counts what was read; a port that used up its allowance is left alone until there is one more read's worth. */
static void use_allowance(struct radio_stream *stream, size_t size)
{
	int64_t earned = (stream->read_us - stream->allowance_us) * LIMIT_BYTES_PER_S / 1000000;
	if (earned > 0)
		stream->allowance_us = stream->read_us;
	stream->allowance_bytes = stream->allowance_bytes + earned < LIMIT_BYTES_PER_S
				      ? stream->allowance_bytes + earned
				      : LIMIT_BYTES_PER_S;
	stream->allowance_bytes -= (int64_t)size;
	if (stream->allowance_bytes > 0)
		return;
	watch(stream);
	int64_t wait_us = (READ_SIZE - stream->allowance_bytes) * 1000000 / LIMIT_BYTES_PER_S;
	sd_event_source_set_time(stream->allowance_source, (uint64_t)(stream->read_us + wait_us));
	sd_event_source_set_enabled(stream->allowance_source, SD_EVENT_ONESHOT);
}

static int read_port(struct radio_stream *stream)
{
	uint8_t bytes[READ_SIZE];
	ssize_t size = port_read(stream->port, bytes, sizeof(bytes));
	if (size <= 0)
		return (int)size;
	stream->read_us = clock_mono_us();
	stream->bytes_in->value += (uint64_t)size;
	if (stream->limited)
		use_allowance(stream, (size_t)size);
	if (!stream->next_baud)
		stream->callbacks.input(stream->callbacks.context, bytes, (size_t)size);
	return 0;
}

static int on_port(sd_event_source *source, int fd, uint32_t events, void *context)
{
	(void)source, (void)fd;
	struct radio_stream *stream = context;
	int result = 0;
	if (events & EPOLLOUT && stream->backlog_size && !stream->next_baud)
		result = write_backlog(stream);
	/* While reading slowly a hang-up still wakes us; then the port is read so that it is noticed, not spun on. */
	if (result >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		result = read_port(stream);
	if (result < 0)
		stream->callbacks.lost(stream->callbacks.context, result);
	return 0;
}

void radio_stream_limit(struct radio_stream *stream, bool limited)
{
	stream->limited = limited;
	stream->allowance_bytes = LIMIT_BYTES_PER_S;
	stream->allowance_us = clock_mono_us();
	sd_event_source_set_enabled(stream->allowance_source, SD_EVENT_OFF);
	watch(stream);
}

int64_t radio_stream_read_us(const struct radio_stream *stream)
{
	return stream->read_us;
}

const char *radio_stream_resolved(const struct radio_stream *stream)
{
	return port_resolved(stream->port);
}

/* ---- life ---- */

static int add_sources(struct radio_stream *stream, sd_event *event)
{
	int error = sd_event_add_io(event, &stream->source, port_fd(stream->port), EPOLLIN, on_port, stream);
	if (error >= 0)
		error = sd_event_add_time(event, &stream->allowance_source, CLOCK_MONOTONIC, 0, 1000, on_allowance,
					  stream);
	if (error < 0)
		return error;
	sd_event_source_set_priority(stream->source, PRIORITY_RADIO);
	sd_event_source_set_priority(stream->allowance_source, PRIORITY_TIMER);
	return sd_event_source_set_enabled(stream->allowance_source, SD_EVENT_OFF);
}

struct radio_stream *radio_stream_new(struct port *port, unsigned baud, const struct radio_stream_callbacks *callbacks,
				      sd_event *event, struct counter *bytes_in, struct counter *bytes_out)
{
	struct radio_stream *stream = calloc(1, sizeof(*stream));
	if (!stream) {
		port_close(port);
		return NULL;
	}
	stream->callbacks = *callbacks;
	stream->port = port;
	stream->stuck_alarm = (struct radio_alarm){event, ring_stuck, stream, NULL};
	stream->baud_alarm = (struct radio_alarm){event, ring_baud, stream, NULL};
	stream->lost_alarm = (struct radio_alarm){event, ring_lost, stream, NULL};
	stream->bytes_in = bytes_in;
	stream->bytes_out = bytes_out;
	stream->baud = baud;
	if (add_sources(stream, event) < 0) {
		radio_stream_free(stream);
		return NULL;
	}
	return stream;
}

void radio_stream_free(struct radio_stream *stream)
{
	if (!stream)
		return;
	sd_event_source_disable_unref(stream->source);
	sd_event_source_disable_unref(stream->allowance_source);
	radio_alarm_clear(&stream->stuck_alarm);
	radio_alarm_clear(&stream->baud_alarm);
	radio_alarm_clear(&stream->lost_alarm);
	port_close(stream->port);
	free(stream);
}
