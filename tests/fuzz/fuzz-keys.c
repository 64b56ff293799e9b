/* Any bytes as a key file: keys that can be used, or an error that says where and quotes nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/services.h"
#include "gateway/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good)
{
	if (!good)
		abort();
}

static void use(struct keys *keys, uint16_t station)
{
	uint8_t text[20] = "a body of 20 bytes..";
	struct sealed sealed = {.station = station, .text = text, .text_size = sizeof(text)};
	require(keys_seal(keys, &sealed) == 0);
	require(keys_open(keys, &sealed, 0) == 0);
	require(memcmp(text, "a body of 20 bytes..", sizeof(text)) == 0);
	sealed.tag[0] ^= 1;
	require(keys_open(keys, &sealed, 0) < 0);
}

static void use_all(struct keys *keys)
{
	uint8_t key[KEYS_KEY_SIZE];
	require(keys_count(keys) <= KEYS_STATIONS_MAX);
	for (size_t i = 0; i < keys_count(keys); i++) {
		struct keys_entry entry = keys_entry(keys, i);
		require(i == 0 || entry.station > keys_entry(keys, i - 1).station);
		require(!entry.has_before || entry.epoch > 0);
		require(!entry.has_before || keys_derive(keys, entry.station, (uint8_t)(entry.epoch - 1), key) == 0);
		use(keys, entry.station);
	}
	if (keys_has_master(keys))
		use(keys, 17);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char error[512] = "";
	struct keys *keys = keys_parse("f", (const char *)data, size, error, sizeof(error));
	require((keys == NULL) == (error[0] != '\0'));
	for (const char *at = error; *at; at++)
		require(*at >= 0x20 && *at < 0x7f);
	if (keys)
		use_all(keys);
	keys_free(keys);
	return 0;
}
