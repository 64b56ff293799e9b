/* REYAX RYLR896 and RYLR406: LoRa modules with an SX1276 behind AT commands. */
#include "drivers/modem/rylr.h"

static const char *const bandwidths[] = {"7.8",  "10.4", "15.6", "20.8", "31.25", "41.7",
					 "62.5", "125",  "250",  "500",  NULL};

static const char *wrong_key(const union driver_value *values, const struct lora_modulation *modulation,
			     const char **why)
{
	(void)values;
	*why = "does not go with this bandwidth and coding rate";
	return lora_modulation_valid(modulation) ? NULL : "spreading_factor";
}

static const struct rylr_variant variant = {
    .name = "RYLR896",
    .version = (const char *const[]){"RYLR89", "RYLR40", NULL},
    .other = "RYLR998",
    .other_version = (const char *const[]){"RYLR99", "RYLR49", "RYLRxx8", NULL},
    .other_driver = "rylr998",
    .bandwidths = bandwidths,
    .first_bandwidth = 0,
    .password_digits = 32,
    .password_rule = "must be 32 hexadecimal digits, or left out",
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
			    .min = 7,
			    .max = 12,
			    .fallback = "10",
			    .help = "10 below 3 km, 12 beyond"},
    [RYLR_KEY_PREAMBLE] = {.name = "preamble",
			   .type = KEY_INTEGER,
			   .min = 4,
			   .max = 25,
			   .fallback = "7",
			   .help = "symbols in front of each packet"},
    [RYLR_KEY_POWER] =
	{.name = "power_dbm", .type = KEY_INTEGER, .min = 0, .max = 15, .fallback = "14", .help = "transmitting power"},
    [RYLR_KEY_NETWORK] = {.name = "network_id",
			  .type = KEY_INTEGER,
			  .min = 0,
			  .max = 16,
			  .fallback = "1",
			  .help = "the same in all modules that are to hear one another: best 1 to 15"},
    [RYLR_KEY_PASSWORD] = {.name = "password",
			   .type = KEY_TEXT,
			   .max = 32,
			   .fallback = "",
			   .help = "32 hex digits, the same in all modules; \"\" = none"},
};

const struct modem_ops modem_rylr896 = {
    .name = "rylr896",
    .help = "REYAX RYLR896 or RYLR406 LoRa module on a serial line",
    .keys = keys,
    .init = init,
    RYLR_COMMON_OPS,
};
