/* Keys in memory: derived, kept at hand, raised to a new epoch, used. */
#include "gateway/keys_internal.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>

#include "drivers/services.h"

#define INFO "cresset field v1"
enum { INFO_SIZE = sizeof(INFO) - 1 };

/* ---- life ---- */

struct keys *keys_new(void)
{
	struct keys *keys = mmap(NULL, sizeof(*keys), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (keys == MAP_FAILED)
		return NULL;
	/* Where the kernel cannot leave it out of core dumps it works all the same. */
	madvise(keys, sizeof(*keys), MADV_DONTDUMP);
	keys->cipher = EVP_CIPHER_fetch(NULL, "AES-128-CCM", NULL);
	keys->context = EVP_CIPHER_CTX_new();
	keys->kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	if (keys->cipher && keys->context && keys->kdf)
		return keys;
	keys_free(keys);
	return NULL;
}

void keys_free(struct keys *keys)
{
	if (!keys)
		return;
	EVP_CIPHER_free(keys->cipher);
	EVP_CIPHER_CTX_free(keys->context);
	EVP_KDF_free(keys->kdf);
	OPENSSL_cleanse(keys->master, sizeof(keys->master));
	OPENSSL_cleanse(keys->cache, sizeof(keys->cache));
	/* The rest of the table was never touched. */
	OPENSSL_cleanse(keys->stations, keys->count * sizeof(*keys->stations));
	munmap(keys, sizeof(*keys));
}

struct keys *keys_new_master(void)
{
	struct keys *keys = keys_new();
	if (keys && RAND_priv_bytes(keys->master, KEYS_MASTER_SIZE) == 1) {
		keys->has_master = true;
		return keys;
	}
	keys_free(keys);
	return NULL;
}

/* ---- stations ---- */

/* Where the station stands, or would. */
static size_t place_of(const struct keys *keys, uint16_t station)
{
	size_t low = 0, high = keys->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (keys->stations[middle].station < station)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct keys_station *keys_station(const struct keys *keys, uint16_t station)
{
	size_t place = place_of(keys, station);
	return place < keys->count && keys->stations[place].station == station ? &keys->stations[place] : NULL;
}

struct keys_station *keys_add_station(struct keys *keys, uint16_t station)
{
	size_t place = place_of(keys, station);
	struct keys_station *entry = &keys->stations[place];
	if (place < keys->count && entry->station == station)
		return entry;
	if (keys->count == KEYS_STATIONS_MAX)
		return NULL;
	memmove(entry + 1, entry, (keys->count++ - place) * sizeof(*entry));
	*entry = (struct keys_station){.station = station};
	return entry;
}

bool keys_has_master(const struct keys *keys)
{
	return keys->has_master;
}

size_t keys_count(const struct keys *keys)
{
	return keys->count;
}

struct keys_entry keys_entry(const struct keys *keys, size_t index)
{
	const struct keys_station *station = &keys->stations[index];
	return (struct keys_entry){
	    .station = station->station,
	    .epoch = station->epoch,
	    .revoked = station->revoked,
	    .has_before = station->has_before || (keys->has_master && station->epoch > 0),
	};
}

int keys_find(const struct keys *keys, uint16_t station, struct keys_entry *entry)
{
	const struct keys_station *found = keys_station(keys, station);
	if (!found && !keys->has_master)
		return -ENOKEY;
	*entry = found ? keys_entry(keys, (size_t)(found - keys->stations)) : (struct keys_entry){.station = station};
	return 0;
}

/* ---- deriving ---- */

static bool hkdf(const struct keys *keys, const uint8_t *info, size_t info_size, uint8_t *key)
{
	char digest[] = "SHA256";
	EVP_KDF_CTX *context = EVP_KDF_CTX_new(keys->kdf);
	OSSL_PARAM parameters[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)keys->master, KEYS_MASTER_SIZE),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, info_size),
	    OSSL_PARAM_construct_end(),
	};
	bool good = context && EVP_KDF_derive(context, key, KEYS_KEY_SIZE, parameters) == 1;
	EVP_KDF_CTX_free(context);
	return good;
}

static int derive_from_master(struct keys *keys, uint16_t station, uint8_t epoch, uint8_t *key)
{
	uint8_t info[INFO_SIZE + 3] = INFO;
	struct keys_cached *cached = &keys->cache[(station * 2u + (epoch & 1)) % KEYS_CACHE_SIZE];
	if (!cached->valid || cached->station != station || cached->epoch != epoch) {
		info[INFO_SIZE] = epoch;
		info[INFO_SIZE + 1] = (uint8_t)station;
		info[INFO_SIZE + 2] = (uint8_t)(station >> 8);
		cached->valid = hkdf(keys, info, sizeof(info), cached->key);
		cached->station = station;
		cached->epoch = epoch;
	}
	memcpy(key, cached->key, KEYS_KEY_SIZE);
	return cached->valid ? 0 : -ENOKEY;
}

int keys_derive(struct keys *keys, uint16_t station, uint8_t epoch, uint8_t key[static KEYS_KEY_SIZE])
{
	if (keys->has_master)
		return derive_from_master(keys, station, epoch, key);
	const struct keys_station *found = keys_station(keys, station);
	if (found && found->has_key && epoch == found->epoch)
		memcpy(key, found->key, KEYS_KEY_SIZE);
	else if (found && found->has_before && epoch + 1 == found->epoch)
		memcpy(key, found->before, KEYS_KEY_SIZE);
	else
		return -ENOKEY;
	return 0;
}

/* ---- changing ---- */

static int raise_epoch(struct keys *keys, uint16_t station, struct keys_station **entry)
{
	if (!keys->has_master)
		return -ENOKEY;
	*entry = keys_add_station(keys, station);
	if (!*entry)
		return -ENOSPC;
	if ((*entry)->revoked)
		return -EALREADY;
	if ((*entry)->epoch == KEYS_EPOCH_MAX)
		return -EOVERFLOW;
	(*entry)->epoch++;
	return 0;
}

int keys_rotate(struct keys *keys, uint16_t station)
{
	struct keys_station *entry;
	int error = raise_epoch(keys, station, &entry);
	if (error < 0 && error != -EALREADY)
		return error;
	entry->revoked = false;
	return 0;
}

int keys_revoke(struct keys *keys, uint16_t station)
{
	struct keys_station *entry;
	int error = raise_epoch(keys, station, &entry);
	if (error == 0)
		entry->revoked = true;
	return error;
}

static int export_station(struct keys *keys, struct keys *copy, uint16_t station)
{
	struct keys_entry entry;
	int error = keys_find(keys, station, &entry);
	struct keys_station *to = error < 0 ? NULL : keys_add_station(copy, station);
	if (!to)
		return -ENOKEY;
	to->epoch = entry.epoch;
	to->revoked = entry.revoked;
	to->has_key = keys_derive(keys, station, entry.epoch, to->key) == 0;
	to->has_before = entry.has_before && keys_derive(keys, station, entry.epoch - 1, to->before) == 0;
	return to->has_key ? 0 : -ENOKEY;
}

struct keys *keys_export(struct keys *keys, const uint16_t *stations, size_t count, int *missing)
{
	struct keys *copy = keys_new();
	*missing = -1;
	for (size_t i = 0; copy && i < count; i++) {
		if (export_station(keys, copy, stations[i]) == 0)
			continue;
		*missing = stations[i];
		keys_free(copy);
		return NULL;
	}
	return copy;
}

/* ---- sealing ---- */

/* The key a seal is made or opened with. */
static int key_for(struct keys *keys, uint16_t station, unsigned epochs_back, uint8_t *key)
{
	struct keys_entry entry;
	int error = keys_find(keys, station, &entry);
	if (error < 0)
		return error;
	return epochs_back > entry.epoch ? -ENOKEY
					 : keys_derive(keys, station, (uint8_t)(entry.epoch - epochs_back), key);
}

/* CCM wants to know the length of everything before the first byte of it. With no text the last call makes the tag all the same. */
static bool run_ccm(struct keys *keys, struct sealed *sealed, const uint8_t *key, uint8_t *text, bool seal)
{
	EVP_CIPHER_CTX *context = keys->context;
	int size, text_size = (int)sealed->text_size, associated_size = (int)sealed->associated_size;
	bool good = EVP_CipherInit_ex2(context, keys->cipher, NULL, NULL, seal, NULL) == 1 &&
		    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_IVLEN, SEALED_NONCE_SIZE, NULL) == 1 &&
		    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, SEALED_TAG_SIZE, seal ? NULL : sealed->tag) ==
			1 &&
		    EVP_CipherInit_ex2(context, NULL, key, sealed->nonce, seal, NULL) == 1 &&
		    EVP_CipherUpdate(context, NULL, &size, NULL, text_size) == 1 &&
		    (associated_size == 0 ||
		     EVP_CipherUpdate(context, NULL, &size, sealed->associated, associated_size) == 1) &&
		    EVP_CipherUpdate(context, text, &size, text, text_size) == 1 && size == text_size;
	if (good && seal)
		good = EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, SEALED_TAG_SIZE, sealed->tag) == 1;
	EVP_CIPHER_CTX_reset(context); /* wipes the key in it */
	/* What failed here is nothing that TLS on the same thread should find. */
	if (!good)
		ERR_clear_error();
	return good;
}

/* In a place of its own, so that what is not authentic leaves no trace in the text. */
static int run(struct keys *keys, struct sealed *sealed, unsigned epochs_back, bool seal)
{
	uint8_t key[KEYS_KEY_SIZE], text[KEYS_TEXT_MAX + 1];
	int error = key_for(keys, sealed->station, epochs_back, key);
	if (error == 0) {
		if (sealed->text_size)
			memcpy(text, sealed->text, sealed->text_size);
		error = run_ccm(keys, sealed, key, text, seal) ? 0 : -EBADMSG;
		if (error == 0 && sealed->text_size)
			memcpy(sealed->text, text, sealed->text_size);
		OPENSSL_cleanse(text, sealed->text_size);
	}
	OPENSSL_cleanse(key, sizeof(key));
	return error;
}

static bool fits(const struct sealed *sealed)
{
	return sealed->text_size <= KEYS_TEXT_MAX && sealed->associated_size <= KEYS_TEXT_MAX;
}

int keys_seal(struct keys *keys, struct sealed *sealed)
{
	return fits(sealed) ? run(keys, sealed, 0, true) : -EMSGSIZE;
}

int keys_open(struct keys *keys, struct sealed *sealed, unsigned epochs_back)
{
	return fits(sealed) ? run(keys, sealed, epochs_back, false) : -EBADMSG;
}
