/* Carriage of frames through a module that only passes bytes on (Ebyte): nothing else tells where a frame begins and ends.
 *
 *   | C5 | 5E | length | frame ... | CRC-16, low byte first |
 *
 * length is that of the frame; the CRC (CRC-16/CCITT-FALSE) is over length and frame. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	CARRIAGE_FRAME_MAX = 160,
	CARRIAGE_HEAD_SIZE = 3,
	CARRIAGE_OVERHEAD = CARRIAGE_HEAD_SIZE + 2,
	CARRIAGE_MAX = CARRIAGE_FRAME_MAX + CARRIAGE_OVERHEAD,
	/* A module may put a byte of its own behind each packet of 32 bytes and more. */
	CARRIAGE_WINDOW = CARRIAGE_MAX + (CARRIAGE_MAX - 1) / 32,
};

/* Start from zeroed memory; set with_rssi and leave the rest alone but for what the functions below say. */
struct carriage_decoder {
	bool with_rssi; /* the module appends its RSSI to each packet */

	/* What was found, valid until the next call. */
	uint8_t frame[CARRIAGE_FRAME_MAX];
	size_t frame_size;
	int rssi; /* the byte behind the packet, -1 = none came */

	/* Counted up; whoever reports them sets them back to 0. A frame that was begun and is not a good one, and a run of
	 * bytes that no frame begins with. */
	unsigned broken, noise;

	bool in_noise;
	enum { CARRIAGE_SEEKING, CARRIAGE_HOLDING, CARRIAGE_HOLDING_MARK } state;
	size_t used;
	uint8_t window[CARRIAGE_WINDOW];
};

/* Forgets what was begun: the port was opened anew. The counts stay. */
void carriage_reset(struct carriage_decoder *decoder);

/* Consumes bytes (moving *bytes and *size on) until a frame is found: true, with frame, frame_size and rssi. To be called until it
 * returns false. However a stream is cut, the same frames are found and the same counts made. A good frame is found at its last byte
 * (with with_rssi at the byte behind it), also when it begins inside one that lost bytes. So a frame that holds another one in its whole
 * carriage comes out as that other one; what is sealed does not, by chance in 2^32. */
bool carriage_decode(struct carriage_decoder *decoder, const uint8_t **bytes, size_t *size);

/* Nothing came for longer than the RSSI byte could take: the frame that waits for it is given out as it is. True like above. */
bool carriage_silence(struct carriage_decoder *decoder);
/* Whether a frame waits for its RSSI byte. */
bool carriage_is_holding(const struct carriage_decoder *decoder);

/* Writes the frame in its carriage. Returns the bytes written, 0 = empty or too long. out has room for CARRIAGE_MAX. */
size_t carriage_encode(const uint8_t *frame, size_t frame_size, uint8_t *out);
