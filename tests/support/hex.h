/* Hexadecimal digits as tests and simulators write bytes. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Bytes of the digits that text begins with, at most room. Returns how many. */
size_t hex_read(const char *text, uint8_t *bytes, size_t room);
/* The same where text must be digits from end to end and fit: ends the program otherwise. */
size_t hex_whole(const char *text, uint8_t *bytes, size_t room);
