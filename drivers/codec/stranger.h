/* Who talks on a port where something else was expected: recognises the common devices by what they say unasked. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum { STRANGER_WINDOW = 16 };

/* Start from zeroed memory. */
struct stranger {
	const char *name; /* as it would stand in a sentence: "a GPS receiver (NMEA)"; NULL = nobody known yet */
	uint8_t window[STRANGER_WINDOW];
	size_t used;
};

/* Looks at some more bytes of the port, cut anywhere. The last recognised stays. */
void stranger_look(struct stranger *stranger, const uint8_t *bytes, size_t size);
