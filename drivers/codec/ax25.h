/* AX.25 unnumbered information (UI) frames as KISS carries them: without flags and without frame check sequence. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	AX25_DIGIPEATERS_MAX = 8,
	AX25_ADDRESS_SIZE = 7,
	AX25_INFORMATION_MAX =
	    512, /* the standard says 256; some stations send more, and it does no harm to hear them */
	AX25_INFORMATION_SEND_MAX = 256,
	AX25_FRAME_SEND_MAX = (2 + AX25_DIGIPEATERS_MAX) * AX25_ADDRESS_SIZE + 2 + AX25_INFORMATION_SEND_MAX,
	AX25_ADDRESS_TEXT_MAX = 10, /* "N0CALL-15" and the final zero */
	AX25_PATH_TEXT_MAX = AX25_DIGIPEATERS_MAX * AX25_ADDRESS_TEXT_MAX + 2,
};

struct ax25_address {
	char call[7]; /* A-Z 0-9, zero-terminated */
	uint8_t ssid; /* 0-15 */
	bool used;    /* a digipeater that has repeated the frame (H bit) */
};

struct ax25_frame {
	struct ax25_address destination, source;
	struct ax25_address digipeaters[AX25_DIGIPEATERS_MAX];
	size_t digipeater_count;
	const uint8_t *information; /* inside the bytes that were decoded */
	size_t information_size;
};

enum ax25_result {
	AX25_OK,
	AX25_TOO_SHORT,      /* addresses, control and PID do not fit */
	AX25_BAD_ADDRESS,    /* a character that no call sign has, or a blank call sign */
	AX25_BAD_PATH,       /* more than eight digipeaters, or the last address is not marked */
	AX25_NOT_UI,         /* control is neither 03 nor 13: a connected-mode frame */
	AX25_NOT_APRS,       /* PID is not F0 */
	AX25_NO_INFORMATION, /* an empty information field */
	AX25_TOO_LONG,       /* more than AX25_INFORMATION_MAX */
};

/* Decodes a frame:
 *
 *   | destination | source | digipeater x 0-8 | control 03 | PID F0 | information |
 *   |      7      |   7    |     7 each       |     1      |   1    |    1-512    |
 *
 * an address being six characters shifted left by one, padded with spaces, and a byte
 *
 *   | 7: C (command) or H (has been repeated) | 6-5: reserved | 4-1: SSID | 0: last address |
 *
 * On anything but AX25_OK the frame is not to be used. Layout: AX.25 2.2 section 3.12. */
enum ax25_result ax25_decode(const uint8_t *bytes, size_t size, struct ax25_frame *frame);

/* The constant under which such a frame is counted: "ax25_bad_address". "" for AX25_OK. */
const char *ax25_result_name(enum ax25_result result);

/* Writes the frame as a version 2 command (C set in the destination only), control 03. Returns its size; 0 = it does
 * not fit, more than eight digipeaters, or information empty or above AX25_INFORMATION_SEND_MAX. */
size_t ax25_encode(const struct ax25_frame *frame, uint8_t *bytes, size_t size);

/* Reads "N0CALL-7" or "N0CALL" (SSID 0): one to six of A-Z 0-9, SSID 0-15, an optional final `*` = used. */
bool ax25_address_parse(const char *text, size_t size, struct ax25_address *address);

/* Writes the call sign with its SSID ("-0" is left out) into text of at least AX25_ADDRESS_TEXT_MAX bytes, returns
 * its length. */
size_t ax25_address_format(const struct ax25_address *address, char *text);

/* Writes "DIGI1*,WIDE2-1" into text of at least AX25_PATH_TEXT_MAX bytes: the star stands after the last digipeater
 * that has repeated the frame, all before it count as used. Returns the number of used ones. */
int ax25_path_format(const struct ax25_frame *frame, char *text);
