/* KISS, the byte stream between a host and a TNC: frames between FEND bytes, with escapes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	KISS_FEND = 0xc0,
	KISS_FESC = 0xdb,
	KISS_TFEND = 0xdc,
	KISS_TFESC = 0xdd,
	KISS_RETURN = 0xff, /* whole type byte: leave KISS */
	KISS_FRAME_MAX = 2048,
	KISS_FRAME_MIN = 3, /* type byte and two more; anything shorter is line noise between two FENDs */
};

/* Low half of the type byte; the high half is the port of the TNC. */
enum kiss_command {
	KISS_DATA = 0,
	KISS_TXDELAY = 1,     /* 10 ms */
	KISS_PERSISTENCE = 2, /* p * 256 - 1 */
	KISS_SLOTTIME = 3,    /* 10 ms */
	KISS_TXTAIL = 4,      /* 10 ms */
	KISS_FULL_DUPLEX = 5,
	KISS_SET_HARDWARE = 6,
	KISS_LOG = 7, /* Mobilinkd: lines of its own log */
	KISS_ACKMODE = 12,
	KISS_POLL = 14,
};

enum kiss_event {
	KISS_NEED_MORE, /* all bytes are consumed and no further frame is whole */
	KISS_FRAME,     /* frame and frame_size hold one, type byte first, escapes undone */
	KISS_NOISE,     /* bytes before the first FEND were skipped */
	KISS_BAD_ESCAPE,
	KISS_TOO_LONG,
	KISS_TOO_SHORT,
};

/* Start from zeroed memory or kiss_decoder_reset. Only frame and frame_size are to be read from outside. */
struct kiss_decoder {
	bool in_frame, escaped, noise;
	enum kiss_event fault; /* why the frame being received will not be delivered, KISS_NEED_MORE = none yet */
	size_t used;           /* bytes of the frame being received */
	size_t frame_size;
	uint8_t frame[KISS_FRAME_MAX];
};

/* Forgets a half frame: the line was opened anew, and what comes before the next FEND is noise. */
void kiss_decoder_reset(struct kiss_decoder *decoder);

/* Consumes bytes (moving *bytes and *size on) up to the end of the next frame and tells what that was. To be called
 * until it returns KISS_NEED_MORE. The frame stays valid until the next call. However a stream is cut, the events are
 * the same. A frame with a fault is skipped to its end and reported once. */
enum kiss_event kiss_decode(struct kiss_decoder *decoder, const uint8_t **bytes, size_t *size);

/* Writes FEND, the type byte, head and body with escapes, FEND. The first FEND ends whatever noise the line had.
 * Returns the number of bytes, 0 = does not fit; (head_size + body_size) * 2 + 4 always fits. head may be NULL with
 * size 0. */
size_t kiss_encode(uint8_t type, const uint8_t *head, size_t head_size, const uint8_t *body, size_t body_size,
		   uint8_t *out, size_t out_size);
