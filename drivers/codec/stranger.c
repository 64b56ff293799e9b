/* Recognises devices by what they say unasked. */
#include "drivers/codec/stranger.h"

#include <stdbool.h>
#include <string.h>

/* Ends with a sentence's head: | $ | talker, 2 letters | sentence, 3 letters | , | */
static bool ends_with_nmea(const uint8_t *end, size_t size)
{
	if (size < 7 || end[-7] != '$' || end[-1] != ',')
		return false;
	for (int i = -6; i < -1; i++)
		if (end[i] < 'A' || end[i] > 'Z')
			return false;
	return true;
}

/* Its answer to a query of the device: | 3E | length, low byte | 00 | 0D | */
static bool ends_with_meshcore(const uint8_t *end, size_t size)
{
	return size >= 4 && end[-4] == 0x3e && end[-3] > 1 && end[-2] == 0 && end[-1] == 0x0d;
}

struct mark {
	const char *name;
	const char *bytes;
	size_t size;
};

#define MARK(name, text)                                                                                               \
	{                                                                                                              \
		name, text, sizeof(text) - 1                                                                           \
	}

static const struct mark marks[] = {
    MARK("an RNode", "\xc0\x55\xf8\xc0"),
    MARK("an RNode", "\xc0\x08\x46\xc0"),
    MARK("an RNode", "\xc0\x25"),
    MARK("an RNode", "\xc0\x23"),
    MARK("an RYLR module", "+RCV="),
    MARK("an RYLR module", "+READY\r"),
    MARK("an RYLR module", "+ERR="),
    MARK("a Meshtastic radio", "\x94\xc3\x00"),
    MARK("a Meshtastic radio", "\x94\xc3\x01"),
    MARK("an Ebyte module in its configuration mode", "\xff\xff\xff"),
    MARK("a TNC that is not in KISS mode", "cmd:"),
    MARK("a TNC in KISS mode", "\xc0\x00\x82\xa0"),
    MARK("a console or login prompt", "ogin: "),
    MARK("a console or login prompt", "assword: "),
    MARK("a console or login prompt", "not found"),
    MARK("a console or login prompt", ":~$ "),
    MARK("a console or login prompt", ":~# "),
    MARK("a boot loader of an ESP32", "ESP-ROM:"),
    MARK("a boot loader of an ESP32", "ets J"),
    MARK("an echo of what was sent (TXD joined to RXD, or a console)", "AT+UID?"),
    MARK("an echo of what was sent (TXD joined to RXD, or a console)", "AT\r\nAT"),
    MARK("an echo of what was sent (TXD joined to RXD)", "\xc0\x08\x73\xc0"),
};

static const char *name_of(const struct stranger *stranger)
{
	const uint8_t *end = stranger->window + stranger->used;
	if (ends_with_nmea(end, stranger->used))
		return "a GPS receiver (NMEA)";
	if (ends_with_meshcore(end, stranger->used))
		return "a MeshCore node";
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (stranger->used >= marks[i].size && memcmp(end - marks[i].size, marks[i].bytes, marks[i].size) == 0)
			return marks[i].name;
	return NULL;
}

void stranger_look(struct stranger *stranger, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		if (stranger->used == sizeof(stranger->window))
			memmove(stranger->window, stranger->window + 1, --stranger->used);
		stranger->window[stranger->used++] = bytes[i];
		const char *name = name_of(stranger);
		if (name)
			stranger->name = name;
	}
}
