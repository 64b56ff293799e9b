/* Base64url: six bits a character. */
#include "drivers/codec/base64url.h"

size_t base64url_encode(const uint8_t *bytes, size_t size, char *out, size_t out_size)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t bits = 0;
	unsigned held = 0;
	size_t used = 0;
	if (size > SIZE_MAX / 4 - 1 || BASE64URL_SIZE(size) > out_size)
		return 0;
	for (size_t i = 0; i < size; i++) {
		bits = bits << 8 | bytes[i];
		for (held += 8; held >= 6; held -= 6)
			out[used++] = alphabet[bits >> (held - 6) & 63];
	}
	if (held)
		out[used++] = alphabet[bits << (6 - held) & 63];
	return used;
}

static int value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool base64url_decode(const char *text, size_t size, uint8_t *out, size_t out_size, size_t *out_used)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t used = 0;
	for (size_t i = 0; i < size; i++) {
		int value = value_of(text[i]);
		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		held += 6;
		if (held < 8)
			continue;
		if (used == out_size)
			return false;
		held -= 8;
		out[used++] = (uint8_t)(bits >> held);
	}
	/* A last character that began no byte, or bits behind the last byte: nobody writes that. */
	if (held >= 6 || (bits & ((1u << held) - 1)))
		return false;
	*out_used = used;
	return true;
}
