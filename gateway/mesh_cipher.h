/* How a channel of a Meshtastic mesh is encrypted. The cipher keeps a secret but proves nothing: whoever can write to the broker can
 * change bits of what passes there. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mesh_key {
	uint8_t bytes[32];
	size_t size; /* 16 (AES-128) or 32 (AES-256) */
};

enum mesh_key_error {
	MESH_KEY_FINE,
	MESH_KEY_NOT_BASE64,
	MESH_KEY_NONE,     /* empty, or the one byte 0: everything would go in clear */
	MESH_KEY_DEFAULT,  /* the key that every device is delivered with, or a relative of it */
	MESH_KEY_BAD_SIZE, /* neither 16 nor 32 bytes */
};

/* Reads a key as the tools of Meshtastic print it, in base64, and judges it. */
enum mesh_key_error mesh_key_parse(const char *text, struct mesh_key *key);

/* Encrypts or decrypts in place, which is the same: AES in counter mode from the nonce of 16 bytes
 *
 *   | packet id, u64 | sender, u32 | counter, u32, from 0 |    little-endian, the counter big-endian
 *
 * false: out of memory. */
bool mesh_crypt(const struct mesh_key *key, uint32_t from, uint32_t id, uint8_t *bytes, size_t size);

/* What stands for a channel in an encrypted packet: all bytes of its name and of its key, xor-ed. */
uint8_t mesh_channel_hash(const char *name, const struct mesh_key *key);
