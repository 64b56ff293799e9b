/* A block of bytes that is kept across restarts: a magic and a version, numbers and texts in little-endian, a checksum. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	BLOCK_HEAD = 8, /* magic u32, version u32 */
	BLOCK_TAIL = 8, /* checksum u64 over all before it */
};

/* Writes into memory of the caller's; what does not fit is not written and makes block_finish say 0. */
struct block_writer {
	uint8_t *bytes;
	size_t size, at;
};
void block_begin(struct block_writer *writer, uint8_t *bytes, size_t size, uint32_t magic, uint32_t version);
void block_put_bytes(struct block_writer *writer, const void *bytes, size_t size);
void block_put_u8(struct block_writer *writer, uint8_t value);
void block_put_u32(struct block_writer *writer, uint32_t value);
void block_put_u64(struct block_writer *writer, uint64_t value);
void block_put_double(struct block_writer *writer, double value);
/* At most 255 bytes: length u8, then the bytes without the final zero. */
void block_put_text(struct block_writer *writer, const char *text);
/* Adds the checksum. Returns the size of the whole block, 0 if it did not fit. */
size_t block_finish(struct block_writer *writer);

/* Reads such a block. Whatever goes beyond its end gives zeros and sets failed. */
struct block_reader {
	const uint8_t *bytes;
	size_t size, at;
	bool failed;
};
/* False: not a whole block of that magic and version. */
bool block_open(struct block_reader *reader, const uint8_t *bytes, size_t size, uint32_t magic, uint32_t version);
void block_get_bytes(struct block_reader *reader, void *bytes, size_t size);
uint8_t block_get_u8(struct block_reader *reader);
uint32_t block_get_u32(struct block_reader *reader);
uint64_t block_get_u64(struct block_reader *reader);
double block_get_double(struct block_reader *reader);
/* Into text of that size, zero-terminated; one that is too long or holds a zero sets failed. */
void block_get_text(struct block_reader *reader, char *text, size_t size);
/* True if everything was read, nothing failed and nothing is left. */
bool block_ended(const struct block_reader *reader);
