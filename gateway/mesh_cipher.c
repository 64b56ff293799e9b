/* Channel keys of a Meshtastic mesh: OpenSSL's AES in counter mode. */
#include "gateway/mesh_cipher.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

enum { BLOCK_SIZE = 16, TEXT_MAX = 128, DECODED_MAX = TEXT_MAX / 4 * 3, GROUP = 4 };

/* The key that all devices have; its relatives differ in the last byte. */
static const uint8_t default_key[] = {0xd4, 0xf1, 0xbb, 0x3a, 0x20, 0x29, 0x07, 0x59,
				      0xf0, 0xbc, 0xff, 0xab, 0xcf, 0x4e, 0x69, 0x01};

/* Bytes behind base64, or -1. OpenSSL counts the padding as bytes. */
static int decode(const char *text, uint8_t *bytes)
{
	size_t size = strlen(text), padding = 0;
	if (size > TEXT_MAX || size % GROUP != 0)
		return -1;
	while (padding < 2 && padding < size && text[size - 1 - padding] == '=')
		padding++;
	if (strcspn(text, "=") != size - padding)
		return -1;
	int decoded = size ? EVP_DecodeBlock(bytes, (const uint8_t *)text, (int)size) : 0;
	return decoded < 0 ? -1 : decoded - (int)padding;
}

static bool is_default(const uint8_t *bytes, size_t size)
{
	if (size == 1)
		return true;
	return size == sizeof(default_key) && memcmp(bytes, default_key, sizeof(default_key) - 1) == 0;
}

/* Also all zeros: what a short key is filled up with. */
static bool is_none(const uint8_t *bytes, size_t size)
{
	while (size > 0 && bytes[size - 1] == 0)
		size--;
	return size == 0;
}

static enum mesh_key_error judge(const uint8_t *bytes, size_t size)
{
	if (is_none(bytes, size))
		return MESH_KEY_NONE;
	if (is_default(bytes, size))
		return MESH_KEY_DEFAULT;
	return size == 16 || size == 32 ? MESH_KEY_FINE : MESH_KEY_BAD_SIZE;
}

enum mesh_key_error mesh_key_parse(const char *text, struct mesh_key *key)
{
	uint8_t bytes[DECODED_MAX];
	int size = decode(text, bytes);
	*key = (struct mesh_key){0};
	enum mesh_key_error error = size < 0 ? MESH_KEY_NOT_BASE64 : judge(bytes, (size_t)size);
	if (error == MESH_KEY_FINE) {
		memcpy(key->bytes, bytes, (size_t)size);
		key->size = (size_t)size;
	}
	OPENSSL_cleanse(bytes, sizeof(bytes));
	return error;
}

static void put_u32(uint8_t *bytes, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

bool mesh_crypt(const struct mesh_key *key, uint32_t from, uint32_t id, uint8_t *bytes, size_t size)
{
	uint8_t nonce[BLOCK_SIZE] = {0};
	const EVP_CIPHER *cipher = key->size == 32 ? EVP_aes_256_ctr() : EVP_aes_128_ctr();
	int used = 0;
	put_u32(nonce, id);
	put_u32(nonce + 8, from);
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	bool done = context && size <= INT_MAX && EVP_EncryptInit_ex(context, cipher, NULL, key->bytes, nonce) == 1 &&
		    EVP_EncryptUpdate(context, bytes, &used, bytes, (int)size) == 1 && (size_t)used == size;
	EVP_CIPHER_CTX_free(context);
	return done;
}

uint8_t mesh_channel_hash(const char *name, const struct mesh_key *key)
{
	uint8_t hash = 0;
	for (const char *at = name; *at; at++)
		hash ^= (uint8_t)*at;
	for (size_t i = 0; i < key->size; i++)
		hash ^= key->bytes[i];
	return hash;
}
