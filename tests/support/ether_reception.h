/* Whether a receiver reads a signal among others: capture, noise, orthogonal spreading factors. Pure.
 *
 * What is modelled:
 *   - Two signals that a receiver cannot tell apart (the same modulation within a quarter of the bandwidth, LoRa of the same spreading
 *     factor): the stronger is read if it is at least 6 dB above the other, otherwise neither is.
 *   - Everything else on the air (other spreading factors, bandwidths, modulations, the part of a neighbour channel that overlaps) is
 *     noise: the wanted one is read while signal to noise and interference together stays above its own limit. So another spreading
 *     factor does no harm until it is some 10 dB (SF7) to 22 dB (SF12) stronger.
 *   - Of LoRa all but the last five symbols of the preamble may be spoilt; of AFSK all of TXDELAY.
 * What is not: selectivity beyond the channel's edge, images, blocking; relocking to a stronger packet while reading a weaker one is
 * assumed to work; interferers count with their full power although they may follow one another. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/support/ether_client.h"

enum { ETHER_CAPTURE_DB = 6, ETHER_AFSK_BANDWIDTH_HZ = 12500 };

struct ether_signal {
	const struct ether_tuning *tuning;
	double rssi_dbm; /* at this receiver */
};

enum ether_verdict {
	ETHER_READ,
	ETHER_COLLIDED,
	ETHER_WEAK,   /* the preamble is seen, the rest is not read */
	ETHER_UNSEEN, /* nothing is noticed */
};

/* Whether figures are ones a transceiver could have. */
bool ether_tuning_valid(const struct ether_tuning *tuning);
double ether_bandwidth_hz(const struct ether_tuning *tuning);
/* Whether everything but the power is the same. */
bool ether_tuning_same(const struct ether_tuning *one, const struct ether_tuning *other);

/* Time on the air of a payload, and how long after its begin a receiver must have been listening at the latest; us, or -1 where the
 * size is none that can be sent. */
int64_t ether_airtime_us(const struct ether_tuning *tuning, const uint8_t *bytes, size_t size);
int64_t ether_lock_us(const struct ether_tuning *tuning);

/* Whether a receiver so tuned takes notice of such a signal at all. */
bool ether_tuned_to(const struct ether_tuning *receiver, const struct ether_tuning *signal);

/* What becomes of the wanted signal. snr_db (may be NULL): signal to noise and interference. */
enum ether_verdict ether_judge(const struct ether_signal *wanted, const struct ether_signal *others, size_t other_count,
			       double noise_figure_db, double *snr_db);

/* Whether a receiver notices these signals on its channel: its own kind down to where it can be read, other kinds 10 dB above noise. */
bool ether_senses(const struct ether_tuning *receiver, const struct ether_signal *signals, size_t count,
		  double noise_figure_db);
