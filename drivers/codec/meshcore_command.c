/* Commands of a host to its MeshCore node. */
#include "drivers/codec/meshcore.h"

#include <string.h>

enum { APP_RESERVED = 7 };

static void put32(uint8_t *at, uint32_t number)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(number >> 8 * i);
}

size_t meshcore_write_query(uint8_t payload[static MESHCORE_PAYLOAD_MAX])
{
	return meshcore_write_byte(MESHCORE_DEVICE_QUERY, MESHCORE_VERSION, payload);
}

size_t meshcore_write_app_start(const char *name, uint8_t payload[static MESHCORE_PAYLOAD_MAX])
{
	size_t size = strlen(name);
	memset(payload, 0, 1 + APP_RESERVED);
	payload[0] = MESHCORE_APP_START;
	memcpy(payload + 1 + APP_RESERVED, name, size);
	return 1 + APP_RESERVED + size;
}

size_t meshcore_write_plain(enum meshcore_command command, uint8_t payload[static MESHCORE_PAYLOAD_MAX])
{
	payload[0] = (uint8_t)command;
	return 1;
}

size_t meshcore_write_byte(enum meshcore_command command, uint8_t byte, uint8_t payload[static MESHCORE_PAYLOAD_MAX])
{
	payload[0] = (uint8_t)command;
	payload[1] = byte;
	return 2;
}

size_t meshcore_write_number(enum meshcore_command command, uint32_t number,
			     uint8_t payload[static MESHCORE_PAYLOAD_MAX])
{
	payload[0] = (uint8_t)command;
	put32(payload + 1, number);
	return 5;
}

size_t meshcore_write_key(enum meshcore_command command, const uint8_t key[static MESHCORE_KEY_SIZE],
			  uint8_t payload[static MESHCORE_PAYLOAD_MAX])
{
	payload[0] = (uint8_t)command;
	memcpy(payload + 1, key, MESHCORE_KEY_SIZE);
	return 1 + MESHCORE_KEY_SIZE;
}

enum { ATTEMPT_AT = 2, DIRECT_TIME_AT = 3, KEY_AT = 7, DIRECT_TEXT_AT = KEY_AT + MESHCORE_KEY_SIZE };

size_t meshcore_write_direct(const uint8_t key[static MESHCORE_KEY_SIZE], uint32_t time_s, const char *text,
			     uint8_t direct[static MESHCORE_DIRECT_MAX])
{
	size_t size = strlen(text);
	if (size == 0 || size > MESHCORE_TEXT_MAX)
		return 0;
	direct[0] = MESHCORE_SEND_TEXT;
	direct[1] = MESHCORE_PLAIN;
	direct[ATTEMPT_AT] = 0;
	put32(direct + DIRECT_TIME_AT, time_s);
	memcpy(direct + KEY_AT, key, MESHCORE_KEY_SIZE);
	memcpy(direct + DIRECT_TEXT_AT, text, size);
	return DIRECT_TEXT_AT + size;
}

size_t meshcore_write_attempt(const uint8_t *direct, size_t direct_size, unsigned attempt,
			      uint8_t payload[static MESHCORE_PAYLOAD_MAX])
{
	enum { TEXT_AT = KEY_AT + MESHCORE_PREFIX_SIZE };
	if (direct_size <= DIRECT_TEXT_AT || direct_size > MESHCORE_DIRECT_MAX || direct[0] != MESHCORE_SEND_TEXT)
		return 0;
	memcpy(payload, direct, TEXT_AT);
	payload[ATTEMPT_AT] = (uint8_t)attempt;
	memcpy(payload + TEXT_AT, direct + DIRECT_TEXT_AT, direct_size - DIRECT_TEXT_AT);
	return TEXT_AT + direct_size - DIRECT_TEXT_AT;
}

const uint8_t *meshcore_direct_key(const uint8_t *direct)
{
	for (size_t i = MESHCORE_PREFIX_SIZE; i < MESHCORE_KEY_SIZE; i++)
		if (direct[KEY_AT + i])
			return direct + KEY_AT;
	return NULL;
}

size_t meshcore_write_channel_text(uint8_t channel, uint32_t time_s, const char *text,
				   uint8_t payload[static MESHCORE_PAYLOAD_MAX])
{
	enum { TIME_AT = 3, TEXT_AT = 7 };
	size_t size = strlen(text);
	if (size == 0 || size > MESHCORE_TEXT_MAX)
		return 0;
	payload[0] = MESHCORE_SEND_CHANNEL_TEXT;
	payload[1] = MESHCORE_PLAIN;
	payload[2] = channel;
	put32(payload + TIME_AT, time_s);
	memcpy(payload + TEXT_AT, text, size);
	return TEXT_AT + size;
}
