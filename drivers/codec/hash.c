/* FNV-1a, the hash that message ids are made of. */
#include "drivers/codec/hash.h"

uint64_t fnv1a64(uint64_t hash, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	for (size_t i = 0; i < size; i++)
		hash = (hash ^ at[i]) * UINT64_C(0x100000001b3);
	return hash;
}
