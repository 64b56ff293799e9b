/* Time on air of a LoRa packet. */
#include "drivers/codec/lora_airtime.h"

enum {
	OPTIMISED_FROM_MS = 16, /* symbol time */
	SX126X_RULE_UP_TO_SF = 6,
	/* Of the preamble, in quarters of a symbol. */
	SYNC_QUARTERS = 17,
	SYNC_QUARTERS_SX126X = 25,
	PAYLOAD_MAX = 65535, /* no chip sends more than 255; keeps the arithmetic in bounds */
	PREAMBLE_MAX = 65535,
};

bool lora_modulation_valid(const struct lora_modulation *modulation)
{
	return modulation->spreading_factor >= 5 && modulation->spreading_factor <= 12 &&
	       modulation->bandwidth_hz >= 7800 && modulation->bandwidth_hz <= 500000 && modulation->coding_rate >= 5 &&
	       modulation->coding_rate <= 8 && modulation->preamble_symbols <= PREAMBLE_MAX;
}

static bool is_optimised(const struct lora_modulation *modulation)
{
	if (modulation->optimisation != LORA_OPTIMISE_AUTO)
		return modulation->optimisation == LORA_OPTIMISE_ON;
	return (1000u << modulation->spreading_factor) >= OPTIMISED_FROM_MS * modulation->bandwidth_hz;
}

static bool has_sx126x_rule(const struct lora_modulation *modulation)
{
	return modulation->spreading_factor <= SX126X_RULE_UP_TO_SF;
}

/* Npay = 8 + max(ceil((8 PL - 4 SF + 28 + 16 CRC - 20 IH) / (4 (SF - 2 DE))), 0) CR; SF5 and SF6 have 20 in place of 28. */
int64_t lora_payload_symbols(const struct lora_modulation *modulation, size_t payload_size)
{
	if (!lora_modulation_valid(modulation) || payload_size > PAYLOAD_MAX)
		return -1;
	int64_t sf = modulation->spreading_factor;
	int64_t bits = 8 * (int64_t)payload_size - 4 * sf + (has_sx126x_rule(modulation) ? 20 : 28);
	bits += modulation->no_crc ? 0 : 16;
	bits -= modulation->implicit_header ? 20 : 0;
	int64_t bits_per_block = 4 * (sf - (is_optimised(modulation) ? 2 : 0));
	int64_t blocks = bits > 0 ? (bits + bits_per_block - 1) / bits_per_block : 0;
	return 8 + blocks * modulation->coding_rate;
}

int64_t lora_airtime_us(const struct lora_modulation *modulation, size_t payload_size)
{
	int64_t symbols = lora_payload_symbols(modulation, payload_size);
	if (symbols < 0)
		return -1;
	int64_t quarters = 4 * ((int64_t)modulation->preamble_symbols + symbols) +
			   (has_sx126x_rule(modulation) ? SYNC_QUARTERS_SX126X : SYNC_QUARTERS);
	int64_t quarters_us = quarters * (1000000ll << (modulation->spreading_factor - 2));
	return (quarters_us + modulation->bandwidth_hz - 1) / modulation->bandwidth_hz;
}
