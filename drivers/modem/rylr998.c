/* REYAX RYLR998 and RYLR498: LoRa modules with an SX126x behind AT commands. */
#include "drivers/modem/rylr.h"

static const char *const bandwidths[] = {"125", "250", "500", NULL};

/* The guide: up to SF9 at 125 kHz, SF10 at 250, SF11 at 500; a preamble other than 12 only in network 18. */
static const char *wrong_key(const union driver_value *values, const struct lora_modulation *modulation,
			     const char **why)
{
	int64_t network = values[RYLR_KEY_NETWORK].integer;
	unsigned spreading_max = modulation->bandwidth_hz == 125000 ? 9 : modulation->bandwidth_hz == 250000 ? 10 : 11;
	*why = "is too high for this bandwidth: at most 9 at 125 kHz, 10 at 250, 11 at 500";
	if (modulation->spreading_factor > spreading_max)
		return "spreading_factor";
	*why = "must be 3 to 15, or 18";
	if (network > 15 && network != 18)
		return "network_id";
	*why = "must be 12 unless network_id is 18";
	return network != 18 && modulation->preamble_symbols != 12 ? "preamble" : NULL;
}

static const struct rylr_variant variant = {
    .name = "RYLR998",
    .version = (const char *const[]){"RYLR99", "RYLR49", "RYLRxx8", NULL},
    .other = "RYLR896",
    .other_version = (const char *const[]){"RYLR89", "RYLR40", NULL},
    .other_driver = "rylr896",
    .bandwidths = bandwidths,
    .first_bandwidth = 7,
    .password_digits = 8,
    .password_rule = "must be 8 hexadecimal digits, or left out",
    .wrong_key = wrong_key,
};

static int init(void *state, const struct services *services, const union driver_value *values)
{
	return rylr_init(state, services, values, &variant);
}

static const struct driver_key keys[RYLR_KEYS] = {
    RYLR_COMMON_KEYS(bandwidths),
    [RYLR_KEY_SPREADING] = {.name = "spreading_factor",
			    .type = KEY_INTEGER,
			    .min = 5,
			    .max = 11,
			    .fallback = "9",
			    .help = "5 to 9 at 125 kHz, to 10 at 250, to 11 at 500; below 7 only with newer firmware"},
    [RYLR_KEY_PREAMBLE] = {.name = "preamble",
			   .type = KEY_INTEGER,
			   .min = 4,
			   .max = 24,
			   .fallback = "12",
			   .help = "symbols in front of each packet; other than 12 only with network_id 18"},
    [RYLR_KEY_POWER] = {.name = "power_dbm",
			.type = KEY_INTEGER,
			.min = 0,
			.max = 22,
			.fallback = "14",
			.help = "transmitting power; CE approval ends at 14"},
    [RYLR_KEY_NETWORK] = {.name = "network_id",
			  .type = KEY_INTEGER,
			  .min = 3,
			  .max = 18,
			  .fallback = "18",
			  .help = "the same in all modules that are to hear one another: 3 to 15, or 18"},
    [RYLR_KEY_PASSWORD] = {.name = "password",
			   .type = KEY_TEXT,
			   .max = 8,
			   .fallback = "",
			   .help = "8 hex digits, the same in all modules; \"\" = none"},
};

const struct modem_ops modem_rylr998 = {
    .name = "rylr998",
    .help = "REYAX RYLR998 or RYLR498 LoRa module on a serial line",
    .keys = keys,
    .init = init,
    RYLR_COMMON_OPS,
};
