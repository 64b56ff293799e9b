/* Little-endian numbers in the field frame. */
#pragma once

#include <stdint.h>

static inline uint16_t get_u16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static inline uint32_t get_u32(const uint8_t *bytes)
{
	return get_u16(bytes) | (uint32_t)get_u16(bytes + 2) << 16;
}

static inline int16_t get_i16(const uint8_t *bytes)
{
	return (int16_t)get_u16(bytes);
}

static inline int32_t get_i32(const uint8_t *bytes)
{
	return (int32_t)get_u32(bytes);
}

static inline void put_u16(uint8_t *bytes, uint16_t value)
{
	bytes[0] = (uint8_t)value;
	bytes[1] = (uint8_t)(value >> 8);
}

static inline void put_u32(uint8_t *bytes, uint32_t value)
{
	put_u16(bytes, (uint16_t)value);
	put_u16(bytes + 2, (uint16_t)(value >> 16));
}
