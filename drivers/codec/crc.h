/* 16-bit checksums of packet radio: the frame check of AX.25, the one that SMACK adds to KISS, that of the field frame's carriage. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* The frame check sequence of AX.25 on the air (CRC-16/X.25: reflected 1021, start and final xor FFFF). A TNC adds
 * and checks it itself; KISS never carries it. "123456789" gives 906E. */
uint16_t crc16_x25(const void *bytes, size_t size);

/* The checksum of SMACK (CRC-16/ARC: reflected 8005, start 0, no final xor). Sent low byte first, so that the
 * checksum over bytes and checksum together is 0. "123456789" gives BB3D. */
uint16_t crc16_smack(const void *bytes, size_t size);

/* CRC-16/CCITT-FALSE: 1021 not reflected, start FFFF, no final xor. "123456789" gives 29B1. */
uint16_t crc16_ccitt_false(const void *bytes, size_t size);
