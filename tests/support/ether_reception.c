/* Whether a receiver reads a signal among others. */
#include "tests/support/ether_reception.h"

#include <math.h>
#include <string.h>

#include "drivers/codec/afsk_airtime.h"
#include "drivers/codec/lora_airtime.h"
#include "tests/support/ether_propagation.h"

enum {
	LORA_PAYLOAD_MAX = 255,
	LOCK_SYMBOLS = 5, /* of the preamble that a receiver needs */
	AFSK_SNR_LIMIT_DB = 10,
	SENSE_DB = 10,
	WEAK_DB = 3, /* below its limit the preamble of a packet is still seen */
	AFSK_BAUD_MIN = 300,
	AFSK_BAUD_MAX = 9600,
	TXDELAY_MAX_MS = 2550,
};

static struct lora_modulation modulation_of(const struct ether_tuning *tuning)
{
	return (struct lora_modulation){
	    .spreading_factor = tuning->spreading_factor,
	    .bandwidth_hz = tuning->bandwidth_hz,
	    .coding_rate = tuning->coding_rate,
	    .preamble_symbols = tuning->preamble,
	    .implicit_header = tuning->implicit,
	    .no_crc = tuning->no_crc,
	};
}

bool ether_tuning_valid(const struct ether_tuning *tuning)
{
	struct lora_modulation modulation = modulation_of(tuning);
	if (tuning->frequency_hz < 1000000 || tuning->power_dbm < -60 || tuning->power_dbm > 60)
		return false;
	if (tuning->afsk_baud)
		return tuning->afsk_baud >= AFSK_BAUD_MIN && tuning->afsk_baud <= AFSK_BAUD_MAX &&
		       tuning->txdelay_ms <= TXDELAY_MAX_MS;
	return lora_modulation_valid(&modulation);
}

double ether_bandwidth_hz(const struct ether_tuning *tuning)
{
	return tuning->afsk_baud ? ETHER_AFSK_BANDWIDTH_HZ : tuning->bandwidth_hz;
}

bool ether_tuning_same(const struct ether_tuning *one, const struct ether_tuning *other)
{
	return one->frequency_hz == other->frequency_hz && one->bandwidth_hz == other->bandwidth_hz &&
	       one->spreading_factor == other->spreading_factor && one->coding_rate == other->coding_rate &&
	       one->preamble == other->preamble && one->sync == other->sync && one->implicit == other->implicit &&
	       one->no_crc == other->no_crc && one->afsk_baud == other->afsk_baud &&
	       one->txdelay_ms == other->txdelay_ms;
}

int64_t ether_airtime_us(const struct ether_tuning *tuning, const uint8_t *bytes, size_t size)
{
	if (tuning->afsk_baud) {
		struct afsk_timing timing = {tuning->afsk_baud, tuning->txdelay_ms, 0};
		return size > 0 && size <= ETHER_PAYLOAD_MAX ? afsk_airtime_us(&timing, afsk_exact_bits(bytes, size))
							     : -1;
	}
	struct lora_modulation modulation = modulation_of(tuning);
	return size > 0 && size <= LORA_PAYLOAD_MAX ? lora_airtime_us(&modulation, size) : -1;
}

int64_t ether_lock_us(const struct ether_tuning *tuning)
{
	if (tuning->afsk_baud)
		return (int64_t)tuning->txdelay_ms * 1000;
	if (tuning->preamble <= LOCK_SYMBOLS)
		return 0;
	return (int64_t)(tuning->preamble - LOCK_SYMBOLS) * (1000000ll << tuning->spreading_factor) /
	       tuning->bandwidth_hz;
}

/* Two signals, or a receiver and a signal, of which the one may be taken for the other. */
static bool is_alike(const struct ether_tuning *one, const struct ether_tuning *other)
{
	double apart_hz = fabs((double)one->frequency_hz - other->frequency_hz);
	if (apart_hz > ether_bandwidth_hz(one) / 4 || one->afsk_baud != other->afsk_baud)
		return false;
	return one->afsk_baud ||
	       (one->bandwidth_hz == other->bandwidth_hz && one->spreading_factor == other->spreading_factor);
}

bool ether_tuned_to(const struct ether_tuning *receiver, const struct ether_tuning *signal)
{
	if (!is_alike(receiver, signal))
		return false;
	if (receiver->afsk_baud)
		return true;
	if (receiver->sync != signal->sync || receiver->implicit != signal->implicit)
		return false;
	/* An explicit header tells the rest. */
	return !receiver->implicit ||
	       (receiver->coding_rate == signal->coding_rate && receiver->no_crc == signal->no_crc);
}

static double snr_limit_db(const struct ether_tuning *tuning)
{
	return tuning->afsk_baud ? AFSK_SNR_LIMIT_DB : ether_lora_snr_limit_db(tuning->spreading_factor);
}

/* Power of what is no signal of the same kind, inside the channel. */
static double noise_mw(const struct ether_tuning *channel, const struct ether_signal *others, size_t count,
		       double noise_figure_db)
{
	double bandwidth_hz = ether_bandwidth_hz(channel);
	double sum_mw = ether_mw(ether_noise_dbm(bandwidth_hz, noise_figure_db));
	for (size_t i = 0; i < count; i++) {
		const struct ether_tuning *other = others[i].tuning;
		if (!is_alike(channel, other))
			sum_mw += ether_mw(others[i].rssi_dbm) * ether_share(other->frequency_hz,
									     ether_bandwidth_hz(other),
									     channel->frequency_hz, bandwidth_hz);
	}
	return sum_mw;
}

static bool is_captured(const struct ether_signal *wanted, const struct ether_signal *others, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_alike(wanted->tuning, others[i].tuning) &&
		    wanted->rssi_dbm - others[i].rssi_dbm < ETHER_CAPTURE_DB)
			return false;
	return true;
}

enum ether_verdict ether_judge(const struct ether_signal *wanted, const struct ether_signal *others, size_t other_count,
			       double noise_figure_db, double *snr_db)
{
	double limit_db = snr_limit_db(wanted->tuning);
	double alone_db = wanted->rssi_dbm - ether_dbm(noise_mw(wanted->tuning, NULL, 0, noise_figure_db));
	double among_db = wanted->rssi_dbm - ether_dbm(noise_mw(wanted->tuning, others, other_count, noise_figure_db));
	if (snr_db)
		*snr_db = among_db;
	if (alone_db < limit_db)
		return alone_db >= limit_db - WEAK_DB ? ETHER_WEAK : ETHER_UNSEEN;
	return among_db >= limit_db && is_captured(wanted, others, other_count) ? ETHER_READ : ETHER_COLLIDED;
}

bool ether_senses(const struct ether_tuning *receiver, const struct ether_signal *signals, size_t count,
		  double noise_figure_db)
{
	double floor_mw = noise_mw(receiver, NULL, 0, noise_figure_db);
	for (size_t i = 0; i < count; i++)
		if (is_alike(receiver, signals[i].tuning) &&
		    signals[i].rssi_dbm - ether_dbm(floor_mw) >= snr_limit_db(receiver))
			return true;
	double all_mw = noise_mw(receiver, signals, count, noise_figure_db);
	return ether_dbm(all_mw) - ether_dbm(floor_mw) >= SENSE_DB;
}
