/* Texts from the air: whether they are UTF-8, and what can be saved of those that are not. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether these bytes are valid UTF-8 (RFC 3629: no surrogates, nothing longer than needed) without a zero. */
bool utf8_is_valid(const void *bytes, size_t size);

/* Copies a text and ends it with a zero. Each byte that belongs to no character, and each zero, becomes "?". What does not fit into
 * room (1 at least) is left out, whole characters of it. Returns the length. */
size_t utf8_mend(const void *bytes, size_t size, char *text, size_t room);
