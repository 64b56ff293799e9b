/* Time on air of a LoRa packet. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Low data rate optimisation: both sides must agree. AUTO is what chips and drivers do: on from a symbol time of 16 ms. */
enum lora_optimisation { LORA_OPTIMISE_AUTO, LORA_OPTIMISE_OFF, LORA_OPTIMISE_ON };

struct lora_modulation {
	unsigned spreading_factor; /* 5-12; 5 and 6 as the SX126x has them */
	unsigned bandwidth_hz;     /* 7800-500000 */
	unsigned coding_rate;      /* 5-8, for 4/5 to 4/8 */
	unsigned preamble_symbols; /* as programmed, without the 4.25 (6.25 at SF5 and SF6) that the chip adds */
	bool implicit_header, no_crc;
	enum lora_optimisation optimisation;
};

/* Whether the figures above are ones a chip could have. The two below give -1 for others. */
bool lora_modulation_valid(const struct lora_modulation *modulation);

/* Symbols behind the preamble for a payload of that many bytes. Formula: Semtech AN1200.13, and for SF5 and SF6 the SX126x data sheet,
 * 6.1.4. */
int64_t lora_payload_symbols(const struct lora_modulation *modulation, size_t payload_size);

/* Time on air in microseconds, exact where the symbol time is, else rounded up. */
int64_t lora_airtime_us(const struct lora_modulation *modulation, size_t payload_size);
