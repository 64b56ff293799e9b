/* Frames between a host and an RNode. */
#include "drivers/codec/rnode.h"

#include <math.h>

#include "drivers/codec/kiss.h"

static void begin(struct rnode_decoder *decoder, bool in_frame)
{
	decoder->in_frame = in_frame;
	decoder->has_command = decoder->escaped = decoder->noise = false;
	decoder->fault = RNODE_NEED_MORE;
	decoder->used = 0;
}

void rnode_decoder_reset(struct rnode_decoder *decoder)
{
	begin(decoder, false);
	decoder->body_size = 0;
}

/* What the bytes up to this C0 were. Nothing between two of them means nothing. */
static enum rnode_event judge(const struct rnode_decoder *decoder)
{
	if (!decoder->in_frame)
		return decoder->noise ? RNODE_NOISE : RNODE_NEED_MORE;
	if (decoder->fault != RNODE_NEED_MORE)
		return decoder->fault;
	if (decoder->escaped)
		return RNODE_BAD_ESCAPE;
	return decoder->has_command ? RNODE_FRAME : RNODE_NEED_MORE;
}

static enum rnode_event end_frame(struct rnode_decoder *decoder)
{
	enum rnode_event event = judge(decoder);
	bool closes_data = decoder->in_frame && decoder->has_command && decoder->next_command == RNODE_DATA;
	decoder->command = decoder->next_command;
	decoder->body_size = event == RNODE_FRAME ? decoder->used : 0;
	begin(decoder, !closes_data);
	return event;
}

static void take_plain(struct rnode_decoder *decoder, uint8_t byte)
{
	if (!decoder->has_command) {
		decoder->has_command = true;
		decoder->next_command = byte;
	} else if (decoder->used < sizeof(decoder->body)) {
		decoder->body[decoder->used++] = byte;
	} else if (decoder->fault == RNODE_NEED_MORE) {
		decoder->fault = RNODE_TOO_LONG;
	}
}

static void take(struct rnode_decoder *decoder, uint8_t byte)
{
	if (!decoder->in_frame) {
		decoder->noise = true;
		return;
	}
	if (byte == KISS_FESC && !decoder->escaped) {
		decoder->escaped = true;
		return;
	}
	if (decoder->escaped) {
		if (byte != KISS_TFEND && byte != KISS_TFESC && decoder->fault == RNODE_NEED_MORE)
			decoder->fault = RNODE_BAD_ESCAPE;
		byte = byte == KISS_TFEND ? KISS_FEND : KISS_FESC;
		decoder->escaped = false;
	}
	take_plain(decoder, byte);
}

enum rnode_event rnode_decode(struct rnode_decoder *decoder, const uint8_t **bytes, size_t *size)
{
	while (*size > 0) {
		uint8_t byte = *(*bytes)++;
		(*size)--;
		if (byte != KISS_FEND) {
			take(decoder, byte);
			continue;
		}
		enum rnode_event event = end_frame(decoder);
		if (event != RNODE_NEED_MORE)
			return event;
	}
	return RNODE_NEED_MORE;
}

uint16_t rnode_u16(const uint8_t *body)
{
	return (uint16_t)(body[0] << 8 | body[1]);
}

uint32_t rnode_u32(const uint8_t *body)
{
	return (uint32_t)rnode_u16(body) << 16 | rnode_u16(body + 2);
}

double rnode_rssi_dbm(uint8_t value)
{
	return (double)value - 157;
}

double rnode_snr_db(uint8_t value)
{
	return (int8_t)value * 0.25;
}

/* | own airtime u16 | own airtime u16 | load u16 | load u16 | RSSI u8 | noise floor u8 | interference u8, FF = none |
 * in per cent times 100, of 15 s and of an hour in turn; the levels are dBm + 157 */
bool rnode_read_channel(const uint8_t *body, size_t size, struct rnode_channel *channel)
{
	if (size != 11)
		return false;
	*channel = (struct rnode_channel){
	    .airtime_short_percent = rnode_u16(body) / 100.0,
	    .airtime_long_percent = rnode_u16(body + 2) / 100.0,
	    .load_short_percent = rnode_u16(body + 4) / 100.0,
	    .load_long_percent = rnode_u16(body + 6) / 100.0,
	    .rssi_dbm = rnode_rssi_dbm(body[8]),
	    .noise_dbm = rnode_rssi_dbm(body[9]),
	    .interference_dbm = body[10] == 0xff ? (double)NAN : rnode_rssi_dbm(body[10]),
	};
	return true;
}

/* | symbol time us | symbols/s | preamble symbols | preamble ms | CSMA slot ms | DIFS ms |, u16 each */
bool rnode_read_physical(const uint8_t *body, size_t size, struct rnode_physical *physical)
{
	if (size != 12)
		return false;
	*physical = (struct rnode_physical){
	    .symbol_us = rnode_u16(body),
	    .symbol_rate = rnode_u16(body + 2),
	    .preamble_symbols = rnode_u16(body + 4),
	    .preamble_ms = rnode_u16(body + 6),
	    .slot_ms = rnode_u16(body + 8),
	    .difs_ms = rnode_u16(body + 10),
	};
	return true;
}

const char *rnode_error_text(uint8_t error)
{
	switch (error) {
	case RNODE_ERROR_RADIO_INIT:
		return "the radio could not be started";
	case RNODE_ERROR_TX_FAILED:
		return "transmission failed";
	case RNODE_ERROR_EEPROM_LOCKED:
		return "EEPROM locked";
	case RNODE_ERROR_QUEUE_FULL:
		return "queue full";
	case RNODE_ERROR_MEMORY_LOW:
		return "memory low";
	case RNODE_ERROR_MODEM_TIMEOUT:
		return "the radio chip does not answer";
	default:
		return "unknown";
	}
}

const char *rnode_platform_name(uint8_t platform)
{
	switch (platform) {
	case RNODE_AVR:
		return "AVR";
	case RNODE_ESP32:
		return "ESP32";
	case RNODE_NRF52:
		return "nRF52";
	default:
		return "unknown";
	}
}
