/* Frames between a host and an RNode: KISS framing with a command byte of its own; written with kiss_encode. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RNODE_BODY_MAX = 1100,  /* the longest is the picture of a display, 1024 bytes */
	RNODE_DATA_MAX = 508,   /* of a received packet */
	RNODE_PACKET_MAX = 254, /* of one LoRa packet; more is split into two that nothing but their order joins */
	RNODE_AIR_EXTRA = 1,    /* header byte in front of each LoRa packet */
};

enum rnode_command {
	RNODE_DATA = 0x00,
	RNODE_FREQUENCY = 0x01, /* u32 Hz, 0 = ask */
	RNODE_BANDWIDTH = 0x02, /* u32 Hz, 0 = ask */
	RNODE_TXPOWER = 0x03,   /* dBm, FF = ask; so are the next four */
	RNODE_SF = 0x04,
	RNODE_CR = 0x05,
	RNODE_RADIO_STATE = 0x06,
	RNODE_RADIO_LOCK = 0x07,
	RNODE_DETECT = 0x08,
	RNODE_IMPLICIT = 0x09,
	RNODE_LEAVE = 0x0a,
	RNODE_ST_ALOCK = 0x0b, /* u16, per cent times 100 */
	RNODE_LT_ALOCK = 0x0c,
	RNODE_PROMISC = 0x0e,
	RNODE_READY = 0x0f, /* 1 = the queue has room, 0 = full */
	RNODE_STAT_RX = 0x21,
	RNODE_STAT_TX = 0x22,
	RNODE_STAT_RSSI = 0x23,
	RNODE_STAT_SNR = 0x24,
	RNODE_STAT_CHTM = 0x25,
	RNODE_STAT_PHYPRM = 0x26,
	RNODE_STAT_BAT = 0x27,
	RNODE_STAT_CSMA = 0x28,
	RNODE_STAT_TEMP = 0x29,
	RNODE_BOARD = 0x47,
	RNODE_PLATFORM = 0x48,
	RNODE_MCU = 0x49,
	RNODE_FW_VERSION = 0x50,
	RNODE_RESET = 0x55,
	RNODE_ERROR = 0x90,

	RNODE_DETECT_REQUEST = 0x73,
	RNODE_DETECT_ANSWER = 0x46,
	RNODE_LEAVE_BODY = 0xff,
	RNODE_RESET_BODY = 0xf8, /* to the device: reboot; from it: has booted */
	RNODE_ASK = 0xff,
};

enum rnode_error {
	RNODE_ERROR_RADIO_INIT = 0x01,
	RNODE_ERROR_TX_FAILED = 0x02,
	RNODE_ERROR_EEPROM_LOCKED = 0x03,
	RNODE_ERROR_QUEUE_FULL = 0x04,
	RNODE_ERROR_MEMORY_LOW = 0x05,
	RNODE_ERROR_MODEM_TIMEOUT = 0x06,
};

enum rnode_platform { RNODE_AVR = 0x90, RNODE_ESP32 = 0x80, RNODE_NRF52 = 0x70 };

enum rnode_event {
	RNODE_NEED_MORE, /* all bytes are consumed and no further frame is whole */
	RNODE_FRAME,     /* command, body, body_size; escapes undone */
	RNODE_NOISE,     /* bytes outside any frame were skipped */
	RNODE_BAD_ESCAPE,
	RNODE_TOO_LONG,
};

/* Start from zeroed memory or rnode_decoder_reset. Only command, body and body_size are to be read from outside. */
struct rnode_decoder {
	uint8_t command;
	size_t body_size;
	uint8_t body[RNODE_BODY_MAX];

	bool in_frame, has_command, escaped, noise;
	enum rnode_event fault;
	uint8_t next_command; /* of the frame being received, whose body is `used` bytes so far */
	size_t used;
};

/* Forgets half a frame: what comes before the next C0 is noise. */
void rnode_decoder_reset(struct rnode_decoder *decoder);

/* Consumes bytes (moving *bytes and *size on) up to the end of the next frame and tells what that was. To be called until it returns
 * RNODE_NEED_MORE; the frame stays valid until the next call. However a stream is cut, the events are the same.
 *
 * The C0 that closes a frame also opens the next one, except behind a data frame: there the next frame needs a C0 of its own, and
 * what stands in between is noise. A C0 ends a half escape. Bodies of every command are unescaped, as the firmware escapes them. */
enum rnode_event rnode_decode(struct rnode_decoder *decoder, const uint8_t **bytes, size_t *size);

/* Big-endian numbers of a body. */
uint16_t rnode_u16(const uint8_t *body);
uint32_t rnode_u32(const uint8_t *body);

double rnode_rssi_dbm(uint8_t value); /* value - 157 */
double rnode_snr_db(uint8_t value);   /* signed, quarter dB */

/* STAT_CHTM: how the channel was used. Percentages of the last 15 seconds and of the last hour. */
struct rnode_channel {
	double airtime_short_percent, airtime_long_percent; /* own transmissions */
	double load_short_percent, load_long_percent;       /* everybody's */
	double rssi_dbm, noise_dbm;
	double interference_dbm; /* NAN = none */
};

/* false: not such a body. */
bool rnode_read_channel(const uint8_t *body, size_t size, struct rnode_channel *channel);

/* STAT_PHYPRM: what the board made of the settings. */
struct rnode_physical {
	unsigned symbol_us, symbol_rate, preamble_symbols, preamble_ms, slot_ms, difs_ms;
};

bool rnode_read_physical(const uint8_t *body, size_t size, struct rnode_physical *physical);

/* For people: "TX failed", "ESP32"; "unknown" for others. */
const char *rnode_error_text(uint8_t error);
const char *rnode_platform_name(uint8_t platform);
