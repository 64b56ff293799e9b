/* Time on the air of an AX.25 frame sent as audio tones (AFSK 1200 and faster modems of the same framing). */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct afsk_timing {
	unsigned baud;       /* bits a second on the channel, not 0 */
	unsigned txdelay_ms; /* from keying to the first flag */
	unsigned txtail_ms;  /* from the last flag to unkeying */
};

/* Bits on the air between the two flags for a frame of that size without its check sequence (two bytes): with one stuffed bit in 62,
 * the mean of random data. */
int64_t afsk_mean_bits(size_t frame_size);

/* The same for this very frame: its check sequence is reckoned and the bits are stuffed (a 0 behind every five 1s). */
int64_t afsk_exact_bits(const uint8_t *frame, size_t frame_size);

/* TXDELAY, flag, that many bits, flag, TXtail; in microseconds, rounded up. */
int64_t afsk_airtime_us(const struct afsk_timing *timing, int64_t bits);
