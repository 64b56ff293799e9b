/* 16-bit checksums of packet radio. */
#include "drivers/codec/crc.h"

enum { POLYNOMIAL_X25 = 0x8408, POLYNOMIAL_SMACK = 0xa001, POLYNOMIAL_CCITT = 0x1021 };

static uint16_t crc16_reflected(uint16_t crc, uint16_t polynomial, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc >> 1 ^ (crc & 1 ? polynomial : 0));
	}
	return crc;
}

uint16_t crc16_x25(const void *bytes, size_t size)
{
	return crc16_reflected(0xffff, POLYNOMIAL_X25, bytes, size) ^ 0xffff;
}

uint16_t crc16_smack(const void *bytes, size_t size)
{
	return crc16_reflected(0, POLYNOMIAL_SMACK, bytes, size);
}

uint16_t crc16_ccitt_false(const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	uint16_t crc = 0xffff;
	for (size_t i = 0; i < size; i++) {
		crc ^= (uint16_t)(at[i] << 8);
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)(crc << 1 ^ (crc & 0x8000 ? POLYNOMIAL_CCITT : 0));
	}
	return crc;
}
