/* Base64 in the alphabet that is safe in lines and names (RFC 4648, section 5), without padding. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters for that many bytes, and the most bytes that so many characters hold. */
#define BASE64URL_SIZE(bytes)       (((bytes)*4 + 2) / 3)
#define BASE64URL_BYTES(characters) ((characters)*3 / 4)

/* Writes BASE64URL_SIZE(size) characters, no final zero. Returns their number, 0 = does not fit or nothing to write. */
size_t base64url_encode(const uint8_t *bytes, size_t size, char *out, size_t out_size);

/* Reads exactly what base64url_encode writes: no padding, no space, and no bits that stand for nothing. out may be the same memory
 * as text. false: not such a text, or it does not fit. */
bool base64url_decode(const char *text, size_t size, uint8_t *out, size_t out_size, size_t *out_used);
