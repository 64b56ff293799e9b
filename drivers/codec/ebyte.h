/* Ebyte's LoRa modules with a serial line: the E22 family (SX1262, SX1268) with its register file and the E32 family (SX1276, SX1278)
 * with its block of six bytes. From the makers' manuals; what those leave open is marked as assumed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "drivers/codec/lora_airtime.h"

enum ebyte_family { EBYTE_E22, EBYTE_E32 };

/* ---- names of the codes, the same bits in both families ---- */

enum { EBYTE_CONFIGURATION_BAUD = 9600, EBYTE_CODES = 8 };

/* "0.3k" to "62.5k" by code, ended by NULL. Codes 6 and 7 of an E32 are 19.2k too, so it has fewer names. */
extern const char *const ebyte_e22_air_rates[EBYTE_CODES + 1];
extern const char *const ebyte_e32_air_rates[EBYTE_CODES - 1];
/* The code of a name, -1 = there is none. */
int ebyte_air_rate_code(enum ebyte_family family, const char *name);
/* The code of a speed of the serial line, 1200 to 115200, and back; -1 = none. */
int ebyte_baud_code(unsigned baud);
unsigned ebyte_baud(unsigned code);
/* The code of a power. The boards of 100 or 160 mW and those of 1 W have no figure in common, so that the figure says which board is
 * meant: 22 17 13 10 or 30 27 24 21 for an E22, 20 17 14 10 (some: 11) or 30 27 24 21 for an E32. -1 = none. */
int ebyte_power_code(enum ebyte_family family, int power_dbm);

/* A range of channels 1 MHz apart. */
struct ebyte_band {
	const char *name;
	double first_mhz;
	unsigned last_channel;
};
/* The bands of a family, ended by a NULL name; none of them overlap. */
const struct ebyte_band *ebyte_bands(enum ebyte_family family);
/* The band and channel of a frequency, which must be in the middle of the channel to 1 kHz. NULL = no such channel. */
const struct ebyte_band *ebyte_find_channel(enum ebyte_family family, double frequency_mhz, unsigned *channel);

/* ---- time on the air ---- */

/* What the module adds to a packet: address, channel and a check byte (seen on the air once, not in a manual). */
enum { EBYTE_PREFIX_SIZE = 4 };

/* The LoRa parameters behind an air rate are not published. Assumed: for 2.4k what was seen on the air once (SF11, 500 kHz, 4/5, 8
 * symbols); for the others the neighbour that is slower than its name, so that airtime is reckoned too long and not too short.
 * The manual's only figure, 1.5 s for 100 bytes at 1.2k, lies below what comes out. */
struct lora_modulation ebyte_modulation(enum ebyte_family family, unsigned air_rate_code);
/* Time on the air of one packet with that many bytes of the user, by the above. */
int64_t ebyte_packet_airtime_us(enum ebyte_family family, unsigned air_rate_code, size_t size);

/* ---- E22: registers ----
 *
 *   00-01 address | 02 NETID | 03 serial line, air rate | 04 packet size, power | 05 channel | 06 options | 07-08 key, write only
 */
enum {
	E22_REGISTERS = 9,
	E22_READABLE = 7, /* the key reads as 0 */
	E22_KEY_AT = 7,
	E22_CHANNEL_AT = 5,
	E22_PID_AT = 0x80,
	E22_PID_SIZE = 7,
	E22_PID_HARDWARE = 2, /* index in the PID: 10h, 11h the first boards, 40h those of 2024 */
	E22_HARDWARE_V2 = 0x40,
	E22_PACKET_MAX = 240,
	E22_BUFFER = 1000, /* of the serial line */
};

/* What a register file says. Bits that have no member here are reserved. */
struct e22_settings {
	uint16_t address; /* ffff: hears all */
	uint8_t netid, channel;
	uint8_t baud_code, air_rate_code, power_code;
	uint8_t packet_size; /* 240, 128, 64 or 32 */
	bool noise_query;    /* takes C0 C1 C2 C3 while receiving */
	bool soft_mode;      /* boards of 2024: mode by command */
	bool append_rssi;    /* a byte behind each packet heard */
	bool fixed_point, repeater, lbt, wor_sender;
	uint8_t wor_period; /* (n + 1) * 500 ms */
	uint16_t key;
};

void e22_read_registers(const uint8_t registers[static E22_REGISTERS], struct e22_settings *settings);
/* Lays the settings over what the registers hold: reserved bits stay. The parity becomes 8N1. */
void e22_write_registers(const struct e22_settings *settings, uint8_t registers[static E22_REGISTERS]);

/* dBm of the noise query and of the byte behind a packet: -(256 - value), on some boards of the first series -value / 2. NAN where
 * that is above 0 or below -130. */
double ebyte_rssi_dbm(uint8_t value, bool halves);

/* ---- E32: the block ----
 *
 *   | C0 or C2 | address high | low | parity, serial line, air rate | channel | options |
 */
enum {
	E32_BLOCK = 5, /* without the first byte */
	E32_PACKET_MAX = 58,
	E32_BUFFER = 512,
	E32_VERSION = 4, /* C3, model, version, features */
};

struct e32_settings {
	uint16_t address;
	uint8_t channel;
	uint8_t baud_code, air_rate_code, power_code;
	bool fixed_point;
	bool push_pull; /* drive of TXD and AUX; false = open drain */
	bool fec;
	uint8_t wake_up; /* (n + 1) * 250 ms */
};

void e32_read_block(const uint8_t block[static E32_BLOCK], struct e32_settings *settings);
/* Lays the settings over the block: reserved bits stay. The parity becomes 8N1. */
void e32_write_block(const struct e32_settings *settings, uint8_t block[static E32_BLOCK]);

/* ---- commands and their answers ---- */

enum { EBYTE_COMMAND_MAX = 3 + E22_REGISTERS, EBYTE_HEAD_MAX = 3 };

/* Commands; each returns its size. */
size_t e22_command_read(uint8_t *out, uint8_t start, uint8_t count);
/* save: to flash, which wears out; else only until the power goes. */
size_t e22_command_write(uint8_t *out, bool save, uint8_t start, const uint8_t *data, uint8_t count);
/* The noise now and the last packet's RSSI, answered as two registers while receiving. */
size_t e22_command_noise(uint8_t *out);
size_t e32_command_read(uint8_t *out);
size_t e32_command_version(uint8_t *out);
size_t e32_command_write(uint8_t *out, bool save, const uint8_t block[static E32_BLOCK]);

/* Whether the bytes, were they the first of a burst, could be taken for a command by an E22 that receives. */
bool ebyte_is_command(const uint8_t *bytes, size_t size);

/* An answer that is awaited. Its end is known by its length and not by silence; what comes before it, or instead of it, is given back. */
struct ebyte_answer {
	uint8_t head[EBYTE_HEAD_MAX], other; /* first bytes; other: another first byte that will do, 0 = none */
	size_t head_size, size;              /* size: of the whole answer */
	uint8_t bytes[EBYTE_COMMAND_MAX];
	size_t used;
	unsigned refusals; /* bytes FF in a row in front of it */
};

enum ebyte_answer_state { EBYTE_ANSWER_OPEN, EBYTE_ANSWER_WHOLE, EBYTE_ANSWER_REFUSED /* FF FF FF */ };

/* C1 start count data... */
void e22_await(struct ebyte_answer *answer, uint8_t start, uint8_t count);
/* C0 or C2 and the block; C3 and the version. */
void e32_await_block(struct ebyte_answer *answer);
void e32_await_version(struct ebyte_answer *answer);
/* Takes one byte. What turned out not to be of the answer is written to spill (room for EBYTE_COMMAND_MAX), its number to *spilt. */
enum ebyte_answer_state ebyte_answer_take(struct ebyte_answer *answer, uint8_t byte, uint8_t *spill, size_t *spilt);
