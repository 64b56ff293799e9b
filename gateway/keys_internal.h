/* What the parts of keys.h share. */
#pragma once

#include <openssl/evp.h>

#include "gateway/keys.h"

struct keys_station {
	uint16_t station;
	uint8_t epoch;
	bool revoked;
	bool has_key, has_before; /* derived keys: of the epoch and of the one before */
	uint8_t key[KEYS_KEY_SIZE], before[KEYS_KEY_SIZE];
};

/* A derived key that is not to be derived again. */
struct keys_cached {
	bool valid;
	uint16_t station;
	uint8_t epoch;
	uint8_t key[KEYS_KEY_SIZE];
};

enum { KEYS_CACHE_SIZE = 512 };

struct keys {
	EVP_CIPHER *cipher;
	EVP_CIPHER_CTX *context; /* empty between two calls */
	EVP_KDF *kdf;
	bool has_master;
	uint8_t master[KEYS_MASTER_SIZE];
	struct keys_cached cache[KEYS_CACHE_SIZE];
	size_t count;
	struct keys_station stations[KEYS_STATIONS_MAX]; /* by number */
};

#define KEYS_FORMAT "cresset keys 1"

/* Where an error is said. */
struct keys_complaint {
	const char *path;
	char *text;
	size_t size;
};
/* "PATH: ...". Returns -EINVAL. */
int keys_complain(const struct keys_complaint *complaint, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Without master and stations. NULL: out of memory, or OpenSSL lacks the algorithms. */
struct keys *keys_new(void);
/* The entry of a station, or NULL. */
const struct keys_station *keys_station(const struct keys *keys, uint16_t station);
/* The entry of a station, made if there is none; NULL: no room. */
struct keys_station *keys_add_station(struct keys *keys, uint16_t station);
