/* Frames of a MeshCore companion node on a serial line or a TCP connection.
 *
 *   node to host   | 3E | length, 2, little-endian | payload, 1 to 176 |
 *   host to node   | 3C | length, 2, little-endian | payload, 1 to 176 |
 *
 * There is neither a checksum nor an escape: text that a board prints, or a stray 3E, stands between frames, and bytes may be lost. A
 * length that cannot be is therefore no frame at all, and what follows is looked through from the next byte on.
 *
 * A frame that lost bytes is filled up with the head of the next one, which a node would not say again. So where a frame seems to hold such
 * a head, what follows decides: the head of a frame, or the rest of the one that was swallowed. The frame itself is given out at once all
 * the same, because most that seem to are whole. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MESHCORE_HEADER_SIZE = 3,
	MESHCORE_PAYLOAD_MAX = 176,
	MESHCORE_FRAME_MAX = MESHCORE_HEADER_SIZE + MESHCORE_PAYLOAD_MAX
};

enum meshcore_event {
	MESHCORE_NEED_MORE,
	MESHCORE_FRAME, /* payload and payload_size, until the next call */
	MESHCORE_NOISE, /* bytes that belong to no frame; once for a run of them, however it is cut */
	MESHCORE_TORN,  /* the last frame had lost bytes, and had swallowed the head of the one that comes now */
};

/* Start from zeroed memory. */
struct meshcore_stream {
	const uint8_t *payload;
	size_t payload_size;
	/* private */
	uint8_t bytes[MESHCORE_FRAME_MAX];
	size_t used, done;
	size_t suspect; /* bytes at the front that were given out, and may be the head of another frame */
	bool in_noise;
};

/* Takes bytes until something is found; bytes and size go forward with it. Call again until MESHCORE_NEED_MORE. */
enum meshcore_event meshcore_stream_read(struct meshcore_stream *stream, const uint8_t **bytes, size_t *size);
/* Whether a frame was begun and is not whole. */
bool meshcore_stream_is_half(const struct meshcore_stream *stream);
/* The rest of a half frame does not come: what looked like its beginning is none, and what was taken for its payload is looked through, by
 * reading on. false: there was no half frame. */
bool meshcore_stream_give_up(struct meshcore_stream *stream);
void meshcore_stream_reset(struct meshcore_stream *stream);

/* Writes a frame to the node around a payload of 1 to 176 bytes. Returns its size, 0 = it does not fit. */
size_t meshcore_frame(const uint8_t *payload, size_t payload_size, uint8_t *frame, size_t room);
