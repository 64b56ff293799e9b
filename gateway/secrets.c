/* The services of the field frame: each finds the station's epoch and asks the part that knows. */
#include "gateway/secrets.h"

#include <errno.h>

#include "gateway/field_memory.h"
#include "gateway/keyring.h"

int secrets_seal(void *owner, struct sealed *sealed)
{
	const struct secrets *secrets = owner;
	struct keys *keys = keyring_keys(secrets->keyring);
	return keys ? keys_seal(keys, sealed) : -ENOKEY;
}

int secrets_open(void *owner, struct sealed *sealed, unsigned epochs_back)
{
	const struct secrets *secrets = owner;
	struct keys *keys = keyring_keys(secrets->keyring);
	return keys ? keys_open(keys, sealed, epochs_back) : -ENOKEY;
}

static int find_epoch(const struct secrets *secrets, uint16_t station, unsigned epochs_back, uint8_t *epoch)
{
	struct keys_entry entry;
	const struct keys *keys = keyring_keys(secrets->keyring);
	if (!keys || keys_find(keys, station, &entry) < 0 || epochs_back > entry.epoch)
		return -ENOKEY;
	*epoch = (uint8_t)(entry.epoch - epochs_back);
	return 0;
}

int secrets_take_counter(void *owner, uint16_t station, unsigned epochs_back, uint32_t counter)
{
	uint8_t epoch;
	const struct secrets *secrets = owner;
	int error = find_epoch(secrets, station, epochs_back, &epoch);
	return error < 0 ? error : field_memory_take(secrets->memory, station, epoch, counter);
}

int secrets_next_counter(void *owner, uint16_t addressee, uint32_t *counter)
{
	uint8_t epoch;
	const struct secrets *secrets = owner;
	int error = find_epoch(secrets, addressee, 0, &epoch);
	return error < 0 ? error : field_memory_next(secrets->memory, addressee, epoch, counter);
}
