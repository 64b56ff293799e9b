/* The lines of REYAX RYLR modules: AT commands one way, answers and received packets the other. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	RYLR_DATA_MAX = 240,   /* data of one packet */
	RYLR_AIR_EXTRA = 8,    /* bytes the module itself adds to it on the air */
	RYLR_NOISE_MAX = 64,   /* longer noise is reported in pieces */
	RYLR_LINE_MAX = 96,    /* an answer; a received packet is longer */
	RYLR_BUFFER_MAX = 320, /* the longest received packet, with every optional space */
	RYLR_SEND_MAX = 24 + RYLR_DATA_MAX,
};

/* The numbers of +ERR that a gateway has to tell apart. */
enum rylr_error {
	RYLR_ERROR_NO_END = 1,
	RYLR_ERROR_NO_AT = 2,
	RYLR_ERROR_NO_EQUALS = 3,
	RYLR_ERROR_UNKNOWN_COMMAND = 4,
	RYLR_ERROR_LENGTH = 5,
	RYLR_ERROR_TX_TIME = 10,
	RYLR_ERROR_RX_CRC = 12, /* unsolicited: a packet was received that is not whole */
	RYLR_ERROR_TOO_LONG = 13,
	RYLR_ERROR_FLASH = 14,
	RYLR_ERROR_UNKNOWN = 15,
	RYLR_ERROR_TX_BUSY = 17,
	RYLR_ERROR_PREAMBLE = 18,
	RYLR_ERROR_RX_HEADER = 19, /* unsolicited, likewise */
	RYLR_ERROR_SMART_TIMES = 20,
};

enum rylr_event {
	RYLR_NEED_MORE, /* all bytes are consumed and no further line is whole */
	RYLR_OK,
	RYLR_ERROR, /* error */
	RYLR_RESET, /* begins a reset */
	RYLR_READY, /* has started */
	RYLR_FACTORY,
	RYLR_ANSWER,       /* name and value */
	RYLR_RECEIVED,     /* address, data, data_size, rssi_dbm, snr_db */
	RYLR_BAD_RECEIVED, /* a received packet whose numbers and length do not fit together, or cut off */
	RYLR_NOISE,        /* data, data_size: no line of such a module */
};

/* Start from zeroed memory or rylr_decoder_reset. What an event says is valid until the next call. */
struct rylr_decoder {
	enum rylr_event event;
	unsigned error;
	unsigned address; /* the sender's */
	const uint8_t *data;
	size_t data_size;
	int rssi_dbm, snr_db;
	char name[16];
	char value[RYLR_LINE_MAX];

	/* not to be read from outside */
	uint8_t buffer[RYLR_BUFFER_MAX];
	size_t used, consumed, needed;
	bool late, skipping;
};

/* Forgets half a line. */
void rylr_decoder_reset(struct rylr_decoder *decoder);

/* Consumes bytes (moving *bytes and *size on) up to the end of the next line and tells what that was. To be called until it returns
 * RYLR_NEED_MORE. However a stream is cut, the events are the same. A received packet ends where its length field says, so that its
 * data may hold anything; if it then does not end as it must, bytes were lost, and what was taken for data is looked through for
 * whole lines. */
enum rylr_event rylr_decode(struct rylr_decoder *decoder, const uint8_t **bytes, size_t *size);

/* Whether half a line waits for its rest. */
bool rylr_waits(const struct rylr_decoder *decoder);
/* No more will come of it: the next rylr_decode gives half lines up and looks through them likewise. */
void rylr_give_up(struct rylr_decoder *decoder);

/* AT+SEND with its end of line; out holds RYLR_SEND_MAX. address 0 = everybody. Returns the number of bytes, 0 = too long. */
size_t rylr_compose_send(unsigned address, const void *data, size_t size, uint8_t *out);

/* What a number of +ERR means, for people: "CRC error in a received packet"; never NULL. */
const char *rylr_error_text(unsigned error);
