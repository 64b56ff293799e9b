/* Blocks that are kept: a writer and a reader that both know where the end is. */
#include "gateway/block.h"

#include <string.h>

#include "gateway/siphash.h"

_Static_assert(sizeof(double) == 8, "blocks hold IEEE doubles");

/* The checksum finds damage, not malice: its key is no secret. */
static uint64_t checksum(const uint8_t *bytes, size_t size)
{
	static const uint8_t key[16] = "cresset block";
	return siphash24(key, bytes, size);
}

void block_begin(struct block_writer *writer, uint8_t *bytes, size_t size, uint32_t magic, uint32_t version)
{
	*writer = (struct block_writer){bytes, size, 0};
	block_put_u32(writer, magic);
	block_put_u32(writer, version);
}

void block_put_bytes(struct block_writer *writer, const void *bytes, size_t size)
{
	if (writer->at > writer->size || size > writer->size - writer->at) {
		writer->at = SIZE_MAX;
		return;
	}
	if (size)
		memcpy(writer->bytes + writer->at, bytes, size);
	writer->at += size;
}

static void put_number(struct block_writer *writer, uint64_t value, size_t size)
{
	uint8_t bytes[8];
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
	block_put_bytes(writer, bytes, size);
}

void block_put_u8(struct block_writer *writer, uint8_t value)
{
	put_number(writer, value, 1);
}

void block_put_u32(struct block_writer *writer, uint32_t value)
{
	put_number(writer, value, 4);
}

void block_put_u64(struct block_writer *writer, uint64_t value)
{
	put_number(writer, value, 8);
}

void block_put_double(struct block_writer *writer, double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	put_number(writer, bits, 8);
}

void block_put_text(struct block_writer *writer, const char *text)
{
	size_t size = strnlen(text, UINT8_MAX);
	put_number(writer, size, 1);
	block_put_bytes(writer, text, size);
}

size_t block_finish(struct block_writer *writer)
{
	if (writer->at <= writer->size)
		put_number(writer, checksum(writer->bytes, writer->at), BLOCK_TAIL);
	return writer->at <= writer->size ? writer->at : 0;
}

bool block_open(struct block_reader *reader, const uint8_t *bytes, size_t size, uint32_t magic, uint32_t version)
{
	if (size < BLOCK_HEAD + BLOCK_TAIL)
		return false;
	size_t body = size - BLOCK_TAIL;
	struct block_reader tail = {bytes, size, body, false};
	*reader = (struct block_reader){bytes, body, 0, false};
	return block_get_u64(&tail) == checksum(bytes, body) && block_get_u32(reader) == magic &&
	       block_get_u32(reader) == version;
}

void block_get_bytes(struct block_reader *reader, void *bytes, size_t size)
{
	if (size > reader->size - reader->at) {
		reader->failed = true;
		reader->at = reader->size;
		memset(bytes, 0, size);
		return;
	}
	if (size)
		memcpy(bytes, reader->bytes + reader->at, size);
	reader->at += size;
}

static uint64_t get_number(struct block_reader *reader, size_t size)
{
	uint8_t bytes[8] = {0};
	uint64_t value = 0;
	block_get_bytes(reader, bytes, size);
	for (size_t i = 0; i < size; i++)
		value |= (uint64_t)bytes[i] << (8 * i);
	return value;
}

uint8_t block_get_u8(struct block_reader *reader)
{
	return (uint8_t)get_number(reader, 1);
}

uint32_t block_get_u32(struct block_reader *reader)
{
	return (uint32_t)get_number(reader, 4);
}

uint64_t block_get_u64(struct block_reader *reader)
{
	return get_number(reader, 8);
}

double block_get_double(struct block_reader *reader)
{
	uint64_t bits = get_number(reader, 8);
	double value;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

void block_get_text(struct block_reader *reader, char *text, size_t size)
{
	size_t length = block_get_u8(reader);
	bool fits = length < size;
	if (!fits)
		reader->failed = true;
	block_get_bytes(reader, text, fits ? length : 0);
	text[fits ? length : 0] = '\0';
	if (strlen(text) != (fits ? length : 0))
		reader->failed = true;
}

bool block_ended(const struct block_reader *reader)
{
	return !reader->failed && reader->at == reader->size;
}
