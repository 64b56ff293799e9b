/* The written form of a packet, one line: SOURCE>DESTINATION,PATH:information. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	TNC2_CALL_MAX = 10, /* nine characters, as the Internet allows, and the final zero */
	TNC2_PATH_MAX = 128,
	TNC2_INFORMATION_MAX = 512,
};

struct tnc2_packet {
	char source[TNC2_CALL_MAX]; /* "N0CALL-7"; "-0" is left out */
	char destination[7];        /* without SSID */
	char path[TNC2_PATH_MAX];   /* as written: "DIGI1*,WIDE2-1" */
	int used;                   /* digipeaters up to the star */
	size_t header_size;         /* bytes in front of the colon */
	const uint8_t *information; /* inside the line, without CR and LF at its end */
	size_t information_size;
};

enum tnc2_result {
	TNC2_OK,
	TNC2_NO_HEADER,       /* no `>` or no `:` behind it */
	TNC2_BAD_SOURCE,      /* not one to nine letters, digits and hyphens */
	TNC2_BAD_DESTINATION, /* no AX.25 call sign */
	TNC2_BAD_PATH,        /* a name in it is none, or it is too long */
	TNC2_NO_INFORMATION,
	TNC2_TOO_LONG,
};

/* Takes a line apart. The rules are those of the Internet side, where names have up to nine characters and the path
 * holds constructs like qAR (up to 32 characters behind it); on the air every address was checked by ax25_decode. */
enum tnc2_result tnc2_parse(const char *line, size_t size, struct tnc2_packet *packet);

/* The constant under which such a line is counted: "tnc2_bad_source". "" for TNC2_OK. */
const char *tnc2_result_name(enum tnc2_result result);
