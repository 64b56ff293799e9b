/* Time on the air of an AX.25 frame sent as audio tones. */
#include "drivers/codec/afsk_airtime.h"

#include "drivers/codec/crc.h"

enum { FLAG_BITS = 8, FCS_SIZE = 2, ONES_MAX = 5, MEAN_BITS_A_STUFFED_ONE = 62 };

int64_t afsk_mean_bits(size_t frame_size)
{
	int64_t bits = ((int64_t)frame_size + FCS_SIZE) * 8;
	return bits + (bits + MEAN_BITS_A_STUFFED_ONE - 1) / MEAN_BITS_A_STUFFED_ONE;
}

/* Stuffed bits in one byte, sent lowest bit first. ones: run of 1s before it, and behind it. */
static int64_t stuffed_in(uint8_t byte, int *ones)
{
	int64_t stuffed = 0;
	for (int bit = 0; bit < 8; bit++) {
		*ones = byte >> bit & 1 ? *ones + 1 : 0;
		if (*ones == ONES_MAX) {
			stuffed++;
			*ones = 0;
		}
	}
	return stuffed;
}

int64_t afsk_exact_bits(const uint8_t *frame, size_t frame_size)
{
	uint16_t check = crc16_x25(frame, frame_size);
	int64_t bits = ((int64_t)frame_size + FCS_SIZE) * 8;
	int ones = 0;
	for (size_t i = 0; i < frame_size; i++)
		bits += stuffed_in(frame[i], &ones);
	bits += stuffed_in((uint8_t)check, &ones);
	bits += stuffed_in((uint8_t)(check >> 8), &ones);
	return bits;
}

int64_t afsk_airtime_us(const struct afsk_timing *timing, int64_t bits)
{
	int64_t edges_us = ((int64_t)timing->txdelay_ms + timing->txtail_ms) * 1000;
	return edges_us + ((bits + 2 * FLAG_BITS) * 1000000 + timing->baud - 1) / timing->baud;
}
