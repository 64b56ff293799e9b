/* Makes JSON that has to wait small: zlib with a dictionary of the words that all our documents share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum { PACKER_MAX = 65535 }; /* longest text */

/* Packs text into packed. Returns the size, or 0 if it does not get smaller than size bytes. Loop's thread only. */
size_t packer_pack(const char *text, size_t size, char *packed, size_t packed_max);

/* Unpacks exactly size bytes. False: damaged, or packed with another dictionary. Loop's thread only. */
bool packer_unpack(const char *packed, size_t packed_size, char *text, size_t size);
