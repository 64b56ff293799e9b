/* Finds frames in what a Meshtastic node writes. */
#include "drivers/codec/meshtastic_stream.h"

#include <string.h>

enum { FIRST = 0x94, SECOND = 0xc3 };

static size_t length_of(const uint8_t *header)
{
	return (size_t)header[2] << 8 | header[3];
}

void meshtastic_stream_reset(struct meshtastic_stream *stream)
{
	*stream = (struct meshtastic_stream){0};
}

static void forget(struct meshtastic_stream *stream, size_t count)
{
	stream->used -= count;
	memmove(stream->bytes, stream->bytes + count, stream->used);
}

/* The frame that was given out last was good. */
static void finish_frame(struct meshtastic_stream *stream)
{
	if (!stream->done)
		return;
	forget(stream, stream->done);
	stream->done = 0;
	stream->doubted = stream->in_text = false;
}

/* How many bytes must be there before more can be said of what begins at the front; 0 = no frame begins there. */
static size_t needed(const struct meshtastic_stream *stream)
{
	const uint8_t *bytes = stream->bytes;
	if (stream->used > 0 && bytes[0] != FIRST)
		return 0;
	if (stream->used > 1 && bytes[1] != SECOND)
		return 0;
	if (stream->used < MESHTASTIC_HEADER_SIZE)
		return stream->used + 1;
	size_t length = length_of(bytes);
	return length <= MESHTASTIC_PAYLOAD_MAX ? MESHTASTIC_HEADER_SIZE + length : 0;
}

/* Takes away what is no frame: the first byte and all behind it that begin none. true: a run of text begins. */
static bool skip_text(struct meshtastic_stream *stream)
{
	const uint8_t *next = memchr(stream->bytes + 1, FIRST, stream->used - 1);
	bool begins = !stream->in_text;
	forget(stream, next ? (size_t)(next - stream->bytes) : stream->used);
	stream->in_text = true;
	return begins;
}

static bool is_too_long(const struct meshtastic_stream *stream)
{
	return stream->used >= MESHTASTIC_HEADER_SIZE && stream->bytes[0] == FIRST && stream->bytes[1] == SECOND;
}

static enum meshtastic_stream_event give(struct meshtastic_stream *stream, size_t size)
{
	stream->payload = stream->bytes + MESHTASTIC_HEADER_SIZE;
	stream->payload_size = size - MESHTASTIC_HEADER_SIZE;
	stream->done = size;
	return MESHTASTIC_FRAME;
}

static void take(struct meshtastic_stream *stream, size_t want, const uint8_t **bytes, size_t *size)
{
	size_t count = want - stream->used < *size ? want - stream->used : *size;
	memcpy(stream->bytes + stream->used, *bytes, count);
	stream->used += count;
	*bytes += count;
	*size -= count;
}

/* A frame that lost bytes is followed by the rest of the one whose head it swallowed. */
static enum meshtastic_stream_event resolve(struct meshtastic_stream *stream, const uint8_t **bytes, size_t *size)
{
	if (stream->used == stream->done && !stream->sure) {
		if (*size == 0)
			return MESHTASTIC_NEED_MORE;
		take(stream, stream->done + 1, bytes, size);
	}
	stream->doubted = false;
	stream->sure = stream->sure || stream->bytes[stream->done] == FIRST;
	if (stream->sure)
		return give(stream, stream->done);
	meshtastic_stream_reject(stream);
	return MESHTASTIC_SWALLOWED;
}

enum meshtastic_stream_event meshtastic_stream_read(struct meshtastic_stream *stream, const uint8_t **bytes,
						    size_t *size)
{
	if (stream->doubted)
		return resolve(stream, bytes, size);
	finish_frame(stream);
	stream->sure = false;
	for (;;) {
		size_t want = needed(stream);
		if (want == 0) {
			bool too_long = is_too_long(stream);
			bool begins = skip_text(stream);
			if (too_long)
				return MESHTASTIC_TOO_LONG;
			if (begins)
				return MESHTASTIC_TEXT;
		} else if (stream->used >= want) {
			return give(stream, want);
		} else if (*size == 0) {
			return MESHTASTIC_NEED_MORE;
		} else {
			take(stream, want, bytes, size);
		}
	}
}

void meshtastic_stream_reject(struct meshtastic_stream *stream)
{
	if (stream->done == 0)
		return;
	stream->done = 0;
	skip_text(stream);
}

void meshtastic_stream_doubt(struct meshtastic_stream *stream)
{
	stream->doubted = stream->done > 0;
}

bool meshtastic_stream_trust(struct meshtastic_stream *stream)
{
	stream->sure = stream->doubted;
	return stream->doubted;
}

bool meshtastic_stream_give_up(struct meshtastic_stream *stream)
{
	finish_frame(stream);
	if (stream->used == 0)
		return false;
	skip_text(stream);
	return true;
}

bool meshtastic_stream_is_half(const struct meshtastic_stream *stream)
{
	return stream->doubted || stream->used > stream->done;
}

static bool begins_header(const uint8_t *bytes, size_t size)
{
	uint8_t header[MESHTASTIC_HEADER_SIZE] = {FIRST, SECOND, 0, 0};
	memcpy(header, bytes, size < sizeof(header) ? size : sizeof(header));
	return header[0] == FIRST && header[1] == SECOND && length_of(header) <= MESHTASTIC_PAYLOAD_MAX;
}

bool meshtastic_stream_has_header(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (begins_header(bytes + i, size - i))
			return true;
	return false;
}

void meshtastic_stream_header(size_t payload_size, uint8_t header[static MESHTASTIC_HEADER_SIZE])
{
	header[0] = FIRST;
	header[1] = SECOND;
	header[2] = (uint8_t)(payload_size >> 8);
	header[3] = (uint8_t)payload_size;
}
