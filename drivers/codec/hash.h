/* FNV-1a, the hash that message ids are made of. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define FNV1A64_START UINT64_C(0xcbf29ce484222325)

/* Hashes size bytes on top of hash (FNV1A64_START for the first piece) and returns the new hash, so that several pieces
 * can be hashed as one. 64-bit FNV-1a: offset basis and prime as in draft-eastlake-fnv. */
uint64_t fnv1a64(uint64_t hash, const void *bytes, size_t size);
