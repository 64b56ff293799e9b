/* Carriage of frames through a module that only passes bytes on. */
#include "drivers/codec/carriage.h"

#include <string.h>

#include "drivers/codec/crc.h"

enum { MARK_FIRST = 0xc5, MARK_SECOND = 0x5e, LENGTH_AT = 2, SMALLEST_PACKET = 32 };

/* Packet sizes of modules that append a byte to each packet; a frame larger than that has such bytes inside. 0 = in one piece. */
static const size_t packet_sizes[] = {0, 128, 64, SMALLEST_PACKET};
enum { PACKET_SIZE_COUNT = sizeof(packet_sizes) / sizeof(*packet_sizes) };

void carriage_reset(struct carriage_decoder *decoder)
{
	decoder->state = CARRIAGE_SEEKING;
	decoder->used = 0;
	decoder->in_noise = false;
}

bool carriage_is_holding(const struct carriage_decoder *decoder)
{
	return decoder->state != CARRIAGE_SEEKING;
}

/* Bytes of the module's own among `size` bytes of carriage. */
static size_t inserted(size_t size, size_t packet_size)
{
	return packet_size ? (size - 1) / packet_size : 0;
}

/* Copies bytes of the carriage from offset on, leaving out those of the module. */
static void gather(const uint8_t *carriage, size_t packet_size, size_t offset, size_t count, uint8_t *out)
{
	for (size_t i = offset; i < offset + count; i++)
		*out++ = carriage[i + inserted(i + 1, packet_size)];
}

static bool is_good(const uint8_t *carriage, size_t packet_size)
{
	uint8_t checked[1 + CARRIAGE_FRAME_MAX + 2];
	size_t length = carriage[LENGTH_AT];
	gather(carriage, packet_size, LENGTH_AT, 1 + length + 2, checked);
	uint16_t crc = (uint16_t)(checked[1 + length] | checked[2 + length] << 8);
	return crc16_ccitt_false(checked, 1 + length) == crc;
}

/* Whether a frame is begun at `at`: the head is whole and could be one. */
static bool is_begun(const uint8_t *at, size_t size)
{
	return size >= CARRIAGE_HEAD_SIZE && at[0] == MARK_FIRST && at[1] == MARK_SECOND && at[LENGTH_AT] >= 1 &&
	       at[LENGTH_AT] <= CARRIAGE_FRAME_MAX;
}

/* Whether the bytes at `at`, of which there are `size`, may still become a frame. */
static bool is_alive(const struct carriage_decoder *decoder, const uint8_t *at, size_t size)
{
	if (size < CARRIAGE_HEAD_SIZE)
		return at[0] == MARK_FIRST && (size < 2 || at[1] == MARK_SECOND);
	size_t most = at[LENGTH_AT] + (size_t)CARRIAGE_OVERHEAD;
	most += decoder->with_rssi ? inserted(most, SMALLEST_PACKET) : 0;
	return is_begun(at, size) && size < most;
}

/* Whether the window ends with a good frame that begins at `begin`. Copies it out if so. */
static bool ends_frame(struct carriage_decoder *decoder, size_t begin)
{
	const uint8_t *at = decoder->window + begin;
	size_t size = decoder->used - begin;
	if (!is_begun(at, size))
		return false;
	size_t whole = at[LENGTH_AT] + (size_t)CARRIAGE_OVERHEAD,
	       hypotheses = decoder->with_rssi ? PACKET_SIZE_COUNT : 1;
	for (size_t i = 0; i < hypotheses; i++) {
		size_t more = inserted(whole, packet_sizes[i]);
		if ((i > 0 && more == 0) || size != whole + more || !is_good(at, packet_sizes[i]))
			continue;
		decoder->frame_size = at[LENGTH_AT];
		gather(at, packet_sizes[i], CARRIAGE_HEAD_SIZE, decoder->frame_size, decoder->frame);
		return true;
	}
	return false;
}

/* Gives up bytes at the front that no frame can begin with any more. */
static void trim(struct carriage_decoder *decoder)
{
	size_t front = 0;
	while (front < decoder->used && !is_alive(decoder, decoder->window + front, decoder->used - front)) {
		if (is_begun(decoder->window + front, decoder->used - front))
			decoder->broken++;
		else if (!decoder->in_noise)
			decoder->noise++;
		decoder->in_noise = true;
		front++;
	}
	decoder->used -= front;
	if (front > 0)
		memmove(decoder->window, decoder->window + front, decoder->used);
}

/* Takes a byte; true if a frame ends with it. What began before that frame and is still unfinished has lost bytes. */
static bool push(struct carriage_decoder *decoder, uint8_t byte)
{
	decoder->window[decoder->used++] = byte;
	for (size_t begin = 0; begin < decoder->used; begin++) {
		if (!ends_frame(decoder, begin))
			continue;
		decoder->broken += begin > 0;
		decoder->used = 0;
		decoder->in_noise = false;
		decoder->rssi = -1;
		return true;
	}
	trim(decoder);
	return false;
}

/* The byte behind a packet is its RSSI, unless it is the first of the next frame, which shows at the second. True when the frame can
 * be given out; *used: the byte needs no further look. */
static bool take_behind(struct carriage_decoder *decoder, uint8_t byte, bool *used)
{
	bool after_mark = decoder->state == CARRIAGE_HOLDING_MARK;
	*used = !after_mark;
	if (!after_mark && byte == MARK_FIRST) {
		decoder->state = CARRIAGE_HOLDING_MARK;
		return false;
	}
	decoder->state = CARRIAGE_SEEKING;
	if (!after_mark)
		decoder->rssi = byte;
	else if (byte == MARK_SECOND)
		decoder->window[decoder->used++] = MARK_FIRST;
	else
		decoder->rssi = MARK_FIRST;
	return true;
}

bool carriage_decode(struct carriage_decoder *decoder, const uint8_t **bytes, size_t *size)
{
	while (*size > 0) {
		if (carriage_is_holding(decoder)) {
			bool used = false, found = take_behind(decoder, **bytes, &used);
			*bytes += used;
			*size -= used;
			if (found)
				return true;
			continue;
		}
		bool found = push(decoder, *(*bytes)++);
		(*size)--;
		if (found && !decoder->with_rssi)
			return true;
		if (found)
			decoder->state = CARRIAGE_HOLDING;
	}
	return false;
}

bool carriage_silence(struct carriage_decoder *decoder)
{
	if (!carriage_is_holding(decoder))
		return false;
	if (decoder->state == CARRIAGE_HOLDING_MARK)
		decoder->rssi = MARK_FIRST;
	decoder->state = CARRIAGE_SEEKING;
	return true;
}

size_t carriage_encode(const uint8_t *frame, size_t frame_size, uint8_t *out)
{
	if (frame_size < 1 || frame_size > CARRIAGE_FRAME_MAX)
		return 0;
	out[0] = MARK_FIRST;
	out[1] = MARK_SECOND;
	out[LENGTH_AT] = (uint8_t)frame_size;
	memcpy(out + CARRIAGE_HEAD_SIZE, frame, frame_size);
	uint16_t crc = crc16_ccitt_false(out + LENGTH_AT, 1 + frame_size);
	out[CARRIAGE_HEAD_SIZE + frame_size] = (uint8_t)crc;
	out[CARRIAGE_HEAD_SIZE + frame_size + 1] = (uint8_t)(crc >> 8);
	return frame_size + CARRIAGE_OVERHEAD;
}
