/* Finds the frames in what a MeshCore node writes. */
#include "drivers/codec/meshcore_stream.h"

#include <string.h>

enum { FROM_NODE = 0x3e, TO_NODE = 0x3c };

/* Codes that nodes use; others are not looked for inside a frame. */
enum { LAST_ANSWER = 27, FIRST_PUSH = 0x80, LAST_PUSH = 0x90 };

enum judgement { OPEN, WHOLE, NONE };

static size_t length_of(const struct meshcore_stream *stream)
{
	return stream->bytes[1] | (size_t)stream->bytes[2] << 8;
}

/* What the buffered bytes begin with. */
static enum judgement judge(const struct meshcore_stream *stream)
{
	if (stream->used == 0)
		return OPEN;
	if (stream->bytes[0] != FROM_NODE)
		return NONE;
	if (stream->used < MESHCORE_HEADER_SIZE)
		return OPEN;
	size_t length = length_of(stream);
	if (length == 0 || length > MESHCORE_PAYLOAD_MAX)
		return NONE;
	return stream->used < MESHCORE_HEADER_SIZE + length ? OPEN : WHOLE;
}

static void forget(struct meshcore_stream *stream, size_t count)
{
	stream->used -= count;
	memmove(stream->bytes, stream->bytes + count, stream->used);
}

/* The first byte and all behind it that begin no frame. true: a run of noise begins. */
static bool skip(struct meshcore_stream *stream)
{
	const uint8_t *next = memchr(stream->bytes + 1, FROM_NODE, stream->used - 1);
	bool begins = !stream->in_noise;
	forget(stream, next ? (size_t)(next - stream->bytes) : stream->used);
	stream->in_noise = true;
	return begins;
}

static enum meshcore_event give_frame(struct meshcore_stream *stream)
{
	stream->payload = stream->bytes + MESHCORE_HEADER_SIZE;
	stream->payload_size = length_of(stream);
	stream->done = MESHCORE_HEADER_SIZE + stream->payload_size;
	stream->in_noise = false;
	return MESHCORE_FRAME;
}

/* ---- swallowed heads ---- */

static bool is_code(uint8_t code)
{
	return code <= LAST_ANSWER || (code >= FIRST_PUSH && code <= LAST_PUSH);
}

/* Whether so many bytes, at least one, may begin a frame of a node. */
static bool may_begin(const uint8_t *bytes, size_t size)
{
	return bytes[0] == FROM_NODE && (size < 2 || (bytes[1] > 0 && bytes[1] <= MESHCORE_PAYLOAD_MAX)) &&
	       (size < 3 || bytes[2] == 0) && (size < 4 || is_code(bytes[3]));
}

/* Done with the frame that was given out last, but for what in it may be the head of another. */
static void finish_frame(struct meshcore_stream *stream)
{
	size_t head = MESHCORE_HEADER_SIZE;
	if (stream->done == 0)
		return;
	while (head < stream->done && !may_begin(stream->bytes + head, stream->done - head))
		head++;
	forget(stream, head);
	stream->suspect = stream->done - head;
	stream->done = 0;
}

static void take(struct meshcore_stream *stream, const uint8_t **bytes, size_t *size)
{
	stream->bytes[stream->used++] = *(*bytes)++;
	(*size)--;
}

/* Where a frame follows there was none inside. false: more must come before that can be said. */
static bool resolve(struct meshcore_stream *stream, const uint8_t **bytes, size_t *size, bool *torn)
{
	enum { ENOUGH = MESHCORE_HEADER_SIZE + 1 };
	const size_t suspect = stream->suspect;
	while (stream->used == suspect || (stream->used < ENOUGH && stream->bytes[suspect] != FROM_NODE &&
					   may_begin(stream->bytes, stream->used))) {
		if (*size == 0)
			return false;
		take(stream, bytes, size);
	}
	*torn = stream->bytes[suspect] != FROM_NODE && may_begin(stream->bytes, stream->used);
	if (!*torn)
		forget(stream, suspect);
	stream->suspect = 0;
	return true;
}

enum meshcore_event meshcore_stream_read(struct meshcore_stream *stream, const uint8_t **bytes, size_t *size)
{
	bool torn = false;
	finish_frame(stream);
	if (stream->suspect && !resolve(stream, bytes, size, &torn))
		return MESHCORE_NEED_MORE;
	if (torn)
		return MESHCORE_TORN;
	for (;;) {
		enum judgement found = judge(stream);
		if (found == WHOLE)
			return give_frame(stream);
		if (found == NONE) {
			if (skip(stream))
				return MESHCORE_NOISE;
			continue;
		}
		if (*size == 0)
			return MESHCORE_NEED_MORE;
		take(stream, bytes, size);
	}
}

bool meshcore_stream_is_half(const struct meshcore_stream *stream)
{
	return stream->used > stream->done + stream->suspect;
}

bool meshcore_stream_give_up(struct meshcore_stream *stream)
{
	finish_frame(stream);
	if (stream->suspect) {
		forget(stream, stream->suspect);
		stream->suspect = 0;
		return stream->used > 0;
	}
	if (stream->used == 0)
		return false;
	skip(stream);
	return true;
}

void meshcore_stream_reset(struct meshcore_stream *stream)
{
	*stream = (struct meshcore_stream){0};
}

size_t meshcore_frame(const uint8_t *payload, size_t payload_size, uint8_t *frame, size_t room)
{
	if (payload_size == 0 || payload_size > MESHCORE_PAYLOAD_MAX || room < MESHCORE_HEADER_SIZE + payload_size)
		return 0;
	frame[0] = TO_NODE;
	frame[1] = (uint8_t)payload_size;
	frame[2] = 0;
	memcpy(frame + MESHCORE_HEADER_SIZE, payload, payload_size);
	return MESHCORE_HEADER_SIZE + payload_size;
}
