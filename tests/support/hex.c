/* Hexadecimal digits to bytes. */
#include "tests/support/hex.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char c)
{
	return isxdigit((unsigned char)c);
}

size_t hex_read(const char *text, uint8_t *bytes, size_t room)
{
	size_t size = 0;
	for (; size < room && is_digit(text[2 * size]) && is_digit(text[2 * size + 1]); size++)
		sscanf(text + 2 * size, "%2hhx", &bytes[size]);
	return size;
}

size_t hex_whole(const char *text, uint8_t *bytes, size_t room)
{
	size_t size = text ? hex_read(text, bytes, room) : 0;
	if (text && 2 * size == strlen(text))
		return size;
	fprintf(stderr, "hex: \"%s\" is not up to %zu bytes\n", text ? text : "nothing", room);
	abort();
}
