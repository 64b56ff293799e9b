/* SipHash-2-4: a short hash that nobody outside can steer, because it is keyed. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* 64 bits of hash. Source: Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, sections 2 and 4. */
uint64_t siphash24(const uint8_t key[static 16], const void *bytes, size_t size);
