/* Ebyte's LoRa modules with a serial line: names of codes, registers, the block of the E32. */
#include "drivers/codec/ebyte.h"

#include <math.h>
#include <string.h>

const char *const ebyte_e22_air_rates[EBYTE_CODES + 1] = {"0.3k",  "1.2k",  "2.4k",  "4.8k", "9.6k",
							  "19.2k", "38.4k", "62.5k", NULL};
const char *const ebyte_e32_air_rates[EBYTE_CODES - 1] = {"0.3k", "1.2k", "2.4k", "4.8k", "9.6k", "19.2k", NULL};

static const unsigned bauds[EBYTE_CODES] = {1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200};

int ebyte_air_rate_code(enum ebyte_family family, const char *name)
{
	const char *const *names = family == EBYTE_E22 ? ebyte_e22_air_rates : ebyte_e32_air_rates;
	for (int code = 0; names[code]; code++)
		if (strcmp(names[code], name) == 0)
			return code;
	return -1;
}

int ebyte_baud_code(unsigned baud)
{
	for (int code = 0; code < EBYTE_CODES; code++)
		if (bauds[code] == baud)
			return code;
	return -1;
}

unsigned ebyte_baud(unsigned code)
{
	return code < EBYTE_CODES ? bauds[code] : 0;
}

int ebyte_power_code(enum ebyte_family family, int power_dbm)
{
	static const int powers[2][3][4] = {
	    [EBYTE_E22] = {{22, 17, 13, 10}, {30, 27, 24, 21}, {22, 17, 13, 10}},
	    [EBYTE_E32] = {{20, 17, 14, 10}, {30, 27, 24, 21}, {20, 17, 14, 11}},
	};
	for (int board = 0; board < 3; board++)
		for (int code = 0; code < 4; code++)
			if (powers[family][board][code] == power_dbm)
				return code;
	return -1;
}

const struct ebyte_band *ebyte_bands(enum ebyte_family family)
{
	static const struct ebyte_band e22[] = {{"400", 410.125, 83}, {"900", 850.125, 80}, {NULL, 0, 0}};
	static const struct ebyte_band e32[] = {{"433", 410, 31}, {"868", 862, 31}, {"915", 900, 31}, {NULL, 0, 0}};
	return family == EBYTE_E22 ? e22 : e32;
}

const struct ebyte_band *ebyte_find_channel(enum ebyte_family family, double frequency_mhz, unsigned *channel)
{
	const struct ebyte_band *band = ebyte_bands(family);
	for (; band->name; band++) {
		double steps = frequency_mhz - band->first_mhz, whole = round(steps);
		if (!(fabs(steps - whole) <= 0.001) || whole < 0 || whole > band->last_channel)
			continue;
		*channel = (unsigned)whole;
		return band;
	}
	return NULL;
}

struct lora_modulation ebyte_modulation(enum ebyte_family family, unsigned air_rate_code)
{
	static const struct lora_modulation modulations[EBYTE_CODES] = {
	    {.spreading_factor = 12, .bandwidth_hz = 125000, .coding_rate = 5, .preamble_symbols = 8},
	    {.spreading_factor = 12, .bandwidth_hz = 250000, .coding_rate = 5, .preamble_symbols = 8},
	    {.spreading_factor = 11, .bandwidth_hz = 500000, .coding_rate = 5, .preamble_symbols = 8},
	    {.spreading_factor = 10, .bandwidth_hz = 500000, .coding_rate = 5, .preamble_symbols = 8},
	    {.spreading_factor = 9, .bandwidth_hz = 500000, .coding_rate = 5, .preamble_symbols = 8},
	    {.spreading_factor = 8, .bandwidth_hz = 500000, .coding_rate = 5, .preamble_symbols = 8},
	    {.spreading_factor = 7, .bandwidth_hz = 500000, .coding_rate = 5, .preamble_symbols = 8},
	    {.spreading_factor = 6, .bandwidth_hz = 500000, .coding_rate = 5, .preamble_symbols = 12},
	};
	unsigned last = family == EBYTE_E22 ? EBYTE_CODES - 1 : 5; /* codes 6 and 7 of an E32 are 19.2k as 5 is */
	return modulations[air_rate_code < last ? air_rate_code : last];
}

int64_t ebyte_packet_airtime_us(enum ebyte_family family, unsigned air_rate_code, size_t size)
{
	struct lora_modulation modulation = ebyte_modulation(family, air_rate_code);
	return lora_airtime_us(&modulation, size + EBYTE_PREFIX_SIZE);
}

double ebyte_rssi_dbm(uint8_t value, bool halves)
{
	double dbm = halves ? -value / 2.0 : value - 256.0;
	return dbm > 0 || dbm < -130 ? NAN : dbm;
}

static uint16_t read_u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static void write_u16(uint8_t *bytes, uint16_t value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

/* 03: baud 7-5, parity 4-3, air rate 2-0. 04: packet size 7-6, noise query 5, soft mode 4, power 1-0.
 * 06: RSSI byte 7, fixed point 6, repeater 5, LBT 4, WOR sender 3, WOR period 2-0. */
void e22_read_registers(const uint8_t registers[static E22_REGISTERS], struct e22_settings *settings)
{
	static const uint8_t packet_sizes[] = {240, 128, 64, 32};
	*settings = (struct e22_settings){
	    .address = read_u16(registers),
	    .netid = registers[2],
	    .baud_code = registers[3] >> 5,
	    .air_rate_code = registers[3] & 7,
	    .packet_size = packet_sizes[registers[4] >> 6],
	    .noise_query = registers[4] & 0x20,
	    .soft_mode = registers[4] & 0x10,
	    .power_code = registers[4] & 3,
	    .channel = registers[E22_CHANNEL_AT],
	    .append_rssi = registers[6] & 0x80,
	    .fixed_point = registers[6] & 0x40,
	    .repeater = registers[6] & 0x20,
	    .lbt = registers[6] & 0x10,
	    .wor_sender = registers[6] & 0x08,
	    .wor_period = registers[6] & 7,
	    .key = read_u16(registers + E22_KEY_AT),
	};
}

static uint8_t packet_code(uint8_t packet_size)
{
	if (packet_size >= 240)
		return 0;
	if (packet_size >= 128)
		return 1;
	return packet_size >= 64 ? 2 : 3;
}

void e22_write_registers(const struct e22_settings *settings, uint8_t registers[static E22_REGISTERS])
{
	write_u16(registers, settings->address);
	registers[2] = settings->netid;
	registers[3] = (uint8_t)(settings->baud_code << 5 | (settings->air_rate_code & 7));
	registers[4] = (uint8_t)((registers[4] & 0x0c) | packet_code(settings->packet_size) << 6 |
				 settings->noise_query << 5 | settings->soft_mode << 4 | (settings->power_code & 3));
	registers[E22_CHANNEL_AT] = settings->channel;
	registers[6] = (uint8_t)(settings->append_rssi << 7 | settings->fixed_point << 6 | settings->repeater << 5 |
				 settings->lbt << 4 | settings->wor_sender << 3 | (settings->wor_period & 7));
	write_u16(registers + E22_KEY_AT, settings->key);
}

/* Third byte: parity 7-6, baud 5-3, air rate 2-0. Fourth: channel 4-0. Fifth: fixed point 7, push-pull 6, wake-up 5-3, FEC 2,
 * power 1-0. */
void e32_read_block(const uint8_t block[static E32_BLOCK], struct e32_settings *settings)
{
	*settings = (struct e32_settings){
	    .address = read_u16(block),
	    .baud_code = block[2] >> 3 & 7,
	    .air_rate_code = block[2] & 7,
	    .channel = block[3] & 0x1f,
	    .fixed_point = block[4] & 0x80,
	    .push_pull = block[4] & 0x40,
	    .wake_up = block[4] >> 3 & 7,
	    .fec = block[4] & 0x04,
	    .power_code = block[4] & 3,
	};
}

void e32_write_block(const struct e32_settings *settings, uint8_t block[static E32_BLOCK])
{
	write_u16(block, settings->address);
	block[2] = (uint8_t)((settings->baud_code & 7) << 3 | (settings->air_rate_code & 7));
	block[3] = (uint8_t)((block[3] & 0xe0) | (settings->channel & 0x1f));
	block[4] = (uint8_t)(settings->fixed_point << 7 | settings->push_pull << 6 | (settings->wake_up & 7) << 3 |
			     settings->fec << 2 | (settings->power_code & 3));
}
