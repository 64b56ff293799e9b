/* How long a transmission lasts, for `cresset airtime`: a modulation given by figures, or a modem of the gateway as it would be set up. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/codec/afsk_airtime.h"
#include "drivers/codec/lora_airtime.h"
#include "drivers/modem.h"

/* What a modem of the gateway with these settings ("key=value" each; the rest as by default) needs for a datagram. -1 after writing into
 * wrong what is wrong with them. */
int64_t airtime_of_modem(const struct modem_ops *modem, char *const *settings, size_t count, size_t size, char *wrong,
			 size_t wrong_size);

/* The documents that are printed. Members: modulation, its figures, size, airtime_us, symbol_us, bit_rate_bps and, where the rules of the
 * EU sub-bands may apply, bands: [{band, low_hz, high_hz, erp_dbm, duty_cycle, allowed_us, per_hour, pause_us}]. The caller releases. */
json_t *airtime_lora_document(const struct lora_modulation *modulation, size_t size);
json_t *airtime_afsk_document(const struct afsk_timing *timing, size_t size);
json_t *airtime_modem_document(const struct modem_ops *modem, size_t size, int64_t airtime_us);

int tool_airtime(int argc, char **argv);
