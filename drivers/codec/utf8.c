/* Texts from the air. */
#include "drivers/codec/utf8.h"

#include <string.h>

/* Length that the first byte announces, and the least and greatest second byte; 0 = begins no character. */
static size_t announce(uint8_t first, uint8_t *least, uint8_t *most)
{
	*least = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	*most = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	if (first >= 0x01 && first <= 0x7f)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* Bytes of the character at the beginning, 0 = there is none. */
static size_t character(const uint8_t *bytes, size_t size)
{
	uint8_t least, most;
	size_t length = announce(bytes[0], &least, &most);
	if (length > size || (length > 1 && (bytes[1] < least || bytes[1] > most)))
		return 0;
	for (size_t i = 2; i < length; i++)
		if (bytes[i] >> 6 != 2)
			return 0;
	return length;
}

bool utf8_is_valid(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	for (size_t length; size; at += length, size -= length) {
		length = character(at, size);
		if (length == 0)
			return false;
	}
	return true;
}

size_t utf8_mend(const void *bytes, size_t size, char *text, size_t room)
{
	const uint8_t *at = bytes;
	size_t written = 0;
	while (size) {
		size_t length = character(at, size);
		size_t taken = length ? length : 1;
		if (written + taken >= room)
			break;
		if (length)
			memcpy(text + written, at, length);
		else
			text[written] = '?';
		written += taken;
		at += taken;
		size -= taken;
	}
	text[written] = 0;
	return written;
}
