/* What `cresset airtime` knows of a transmission, as JSON; what the EU sub-bands allow of it. */
#include "gateway/tool/airtime.h"

/* Non-specific short range devices, EN 300 220-2 and ERC/REC 70-03 annex 1; share of any hour, a device and sub-band. */
struct sub_band {
	const char *name;
	double low_mhz, high_mhz;
	int erp_dbm;
	double duty_cycle;
};

static const struct sub_band sub_bands[] = {
    {"863.0-865.0", 863.0, 865.0, 14, 0.001}, {"865.0-868.0", 865.0, 868.0, 14, 0.01},
    {"868.0-868.6", 868.0, 868.6, 14, 0.01},  {"868.7-869.2", 868.7, 869.2, 14, 0.001},
    {"869.4-869.65", 869.4, 869.65, 27, 0.1}, {"869.7-870.0", 869.7, 870.0, 14, 0.01},
    {"869.7-870.0", 869.7, 870.0, 7, 1},      {"433.05-434.79", 433.05, 434.79, 10, 0.1},
};

static const double hour_us = 3600e6;

static json_t *band_document(const struct sub_band *band, int64_t airtime_us)
{
	int64_t allowed_us = (int64_t)(hour_us * band->duty_cycle + 0.5);
	int64_t pause_us = (int64_t)((double)airtime_us * (1 / band->duty_cycle - 1) + 0.5);
	return json_pack("{s:s,s:I,s:I,s:i,s:f,s:I,s:I,s:I}", "band", band->name, "low_hz",
			 (json_int_t)(band->low_mhz * 1e6 + 0.5), "high_hz", (json_int_t)(band->high_mhz * 1e6 + 0.5),
			 "erp_dbm", band->erp_dbm, "duty_cycle", band->duty_cycle, "allowed_us", (json_int_t)allowed_us,
			 "per_hour", (json_int_t)(allowed_us / airtime_us), "pause_us", (json_int_t)pause_us);
}

/* A signal that is wider than a sub-band may not be sent there. */
static json_t *bands_document(double bandwidth_hz, int64_t airtime_us)
{
	json_t *bands = json_array();
	for (size_t i = 0; i < sizeof(sub_bands) / sizeof(*sub_bands); i++)
		if (bandwidth_hz <= (sub_bands[i].high_mhz - sub_bands[i].low_mhz) * 1e6 + 0.5)
			json_array_append_new(bands, band_document(&sub_bands[i], airtime_us));
	return bands;
}

json_t *airtime_lora_document(const struct lora_modulation *modulation, size_t size)
{
	char coding_rate[8];
	snprintf(coding_rate, sizeof(coding_rate), "4/%u", modulation->coding_rate);
	int64_t airtime_us = lora_airtime_us(modulation, size);
	double symbol_us = 1e6 * (double)(1u << modulation->spreading_factor) / modulation->bandwidth_hz;
	double bit_rate = modulation->spreading_factor / (symbol_us / 1e6) * 4 / modulation->coding_rate;
	return json_pack("{s:s,s:i,s:I,s:s,s:I,s:b,s:b,s:I,s:I,s:f,s:f,s:o}", "modulation", "lora", "spreading_factor",
			 (int)modulation->spreading_factor, "bandwidth_hz", (json_int_t)modulation->bandwidth_hz,
			 "coding_rate", coding_rate, "preamble", (json_int_t)modulation->preamble_symbols,
			 "implicit_header", modulation->implicit_header, "crc", !modulation->no_crc, "size",
			 (json_int_t)size, "airtime_us", (json_int_t)airtime_us, "symbol_us", symbol_us, "bit_rate_bps",
			 bit_rate, "bands", bands_document(modulation->bandwidth_hz, airtime_us));
}

json_t *airtime_afsk_document(const struct afsk_timing *timing, size_t size)
{
	return json_pack("{s:s,s:I,s:I,s:I,s:I,s:I,s:f,s:f}", "modulation", "afsk", "baud", (json_int_t)timing->baud,
			 "txdelay_ms", (json_int_t)timing->txdelay_ms, "txtail_ms", (json_int_t)timing->txtail_ms,
			 "size", (json_int_t)size, "airtime_us",
			 (json_int_t)afsk_airtime_us(timing, afsk_mean_bits(size)), "symbol_us", 1e6 / timing->baud,
			 "bit_rate_bps", (double)timing->baud);
}

json_t *airtime_modem_document(const struct modem_ops *modem, size_t size, int64_t airtime_us)
{
	return json_pack("{s:s,s:I,s:I}", "modem", modem->name, "size", (json_int_t)size, "airtime_us",
			 (json_int_t)airtime_us);
}
