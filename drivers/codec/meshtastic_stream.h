/* The stream between a Meshtastic node and its host: frames without checksum, among the text that the node prints. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MESHTASTIC_PAYLOAD_MAX = 512,
	MESHTASTIC_HEADER_SIZE = 4,
	MESHTASTIC_FRAME_MAX = MESHTASTIC_HEADER_SIZE + MESHTASTIC_PAYLOAD_MAX,
};

enum meshtastic_stream_event {
	MESHTASTIC_NEED_MORE, /* all bytes are consumed and no further frame is whole */
	MESHTASTIC_FRAME,     /* payload and payload_size, valid until the next call */
	MESHTASTIC_TEXT,      /* a run of bytes outside frames begins */
	MESHTASTIC_TOO_LONG,  /* a header with a length beyond 512: it is none */
	MESHTASTIC_SWALLOWED, /* no frame follows the one that was in doubt: it was none */
};

/* Start from zeroed memory or meshtastic_stream_reset. */
struct meshtastic_stream {
	const uint8_t *payload;
	size_t payload_size;
	bool sure; /* the payload was in doubt and is not any more */

	uint8_t bytes[MESHTASTIC_FRAME_MAX + 1]; /* not yet judged; a frame begins at the front or not at all */
	size_t used, done;                       /* done: bytes of the frame that was given out last */
	bool doubted, in_text;
};

void meshtastic_stream_reset(struct meshtastic_stream *stream);

/* Takes bytes from *bytes until something can be said or none are left; both arguments are moved on. The events are the same
 * however the stream was cut.
 *
 *   | 94 | C3 | length, high byte | low byte | payload, 0 to 512 bytes |
 *
 * Nothing is escaped, so that 94 C3 may stand in a payload. */
enum meshtastic_stream_event meshtastic_stream_read(struct meshtastic_stream *stream, const uint8_t **bytes,
						    size_t *size);

/* The frame of the last event was none: bytes of it were lost, or its header was chance. Its bytes are looked through again from behind
 * its first, for they may hold whole frames. To be called before the next read. */
void meshtastic_stream_reject(struct meshtastic_stream *stream);

/* The frame of the last event may have lost bytes and taken the head of the next one for them. It is given out once more, and then is
 * sure, when a frame follows it; otherwise it is looked through as if rejected. To be called before the next read. */
void meshtastic_stream_doubt(struct meshtastic_stream *stream);

/* Nothing follows a frame that is in doubt: it is whole, and a read gives it. Returns whether there was one. */
bool meshtastic_stream_trust(struct meshtastic_stream *stream);

/* Nothing more comes of the half frame at the end: the same for it. Returns whether there was one; then a read without further bytes
 * gives what was hidden in it. */
bool meshtastic_stream_give_up(struct meshtastic_stream *stream);

/* Whether a frame has begun and its end is waited for, or what follows it. */
bool meshtastic_stream_is_half(const struct meshtastic_stream *stream);

/* Whether these bytes hold a header of a frame, or end with the beginning of one. */
bool meshtastic_stream_has_header(const uint8_t *bytes, size_t size);

/* Writes the header of a payload of that size. */
void meshtastic_stream_header(size_t payload_size, uint8_t header[static MESHTASTIC_HEADER_SIZE]);
