/* The lines of NiceRF SA818, SA868 and Dorji DRA818 voice modules: AT commands one way, answers the other. 9600 8N1, CR LF. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	SA818_COMMAND_MAX = 64, /* the longest command with its CR LF */
	SA818_LINE_MAX = 64,    /* a longer answer is none */
	SA818_TONE_SIZE = 5,    /* "0000", "0012", "023N" */
};

/* What is asked, and what an answer belongs to. */
enum sa818_command {
	SA818_CONNECT,
	SA818_SET_GROUP,
	SA818_SET_VOLUME,
	SA818_SET_FILTER,
	SA818_SET_TAIL,
	SA818_VERSION,
	SA818_READ_GROUP,
	SA818_RSSI,
	SA818_SCAN,
	SA818_COMMAND_COUNT
};

/* The parameters of one channel, as AT+DMOSETGROUP has them. */
struct sa818_group {
	bool wide; /* 25 kHz instead of 12.5 */
	double transmit_mhz, receive_mhz;
	char transmit_tone[SA818_TONE_SIZE], receive_tone[SA818_TONE_SIZE];
	unsigned squelch; /* 0-8, 0 = open */
};

enum sa818_event {
	SA818_NEED_MORE, /* all bytes are consumed and no further line is whole */
	SA818_ANSWER,    /* command; result, value or text */
	SA818_ERROR,     /* +DMOERROR: the command was not understood or its figures are out of range */
	SA818_NOISE,     /* a line that is no answer */
	SA818_TOO_LONG,
};

/* Start from zeroed memory or sa818_decoder_reset. What an event says is valid until the next call. */
struct sa818_decoder {
	enum sa818_command command;
	int value;                 /* the result (0 = done) or the RSSI; -1 where the answer is a text */
	char text[SA818_LINE_MAX]; /* of version and group */

	/* not to be read from outside */
	char line[SA818_LINE_MAX];
	size_t used;
	bool too_long;
};

/* Forgets half a line. */
void sa818_decoder_reset(struct sa818_decoder *decoder);

/* Consumes bytes (moving *bytes and *size on) up to the end of the next line and tells what that was. To be called until it returns
 * SA818_NEED_MORE. Empty lines, blanks behind the colon, and bytes that are no text in front of an answer (a module that starts) are
 * passed over. However a stream is cut, the events are the same. */
enum sa818_event sa818_decode(struct sa818_decoder *decoder, const uint8_t **bytes, size_t *size);

/* The code of a tone: "none", a CTCSS frequency ("88.5"), or a DCS code with its polarity ("023N", "D023I"). False: no such tone. */
bool sa818_tone(const char *text, char code[SA818_TONE_SIZE]);

/* Whether a module of that kind can be built for this frequency: 134-174 MHz, or 400-480 (DRA818: 470). */
bool sa818_frequency_valid(double mhz, bool dra818);

/* Commands with their CR LF; out holds SA818_COMMAND_MAX. Each returns the number of bytes. */
size_t sa818_compose(enum sa818_command command, char *out); /* CONNECT, VERSION, READ_GROUP, RSSI */
size_t sa818_compose_group(const struct sa818_group *group, char *out);
size_t sa818_compose_volume(unsigned volume, char *out); /* 1-8 */
/* true = the filter is in use. */
size_t sa818_compose_filter(bool emphasis, bool high_pass, bool low_pass, char *out);
size_t sa818_compose_tail(bool tail, char *out);
size_t sa818_compose_scan(double mhz, char *out);

/* Whether the text of a SA818_READ_GROUP answer says this group. */
bool sa818_group_equals(const struct sa818_group *group, const char *text);
