/* Keys of the field stations, out of a master key or out of a file of derived keys only, and sealing with them (OpenSSL). Knows no
 * messages. All secrets of a file lie in one piece of memory, which is left out of core dumps and wiped when it is freed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct keys;
struct sealed;

enum {
	KEYS_MASTER_SIZE = 32,
	KEYS_KEY_SIZE = 16,
	KEYS_EPOCH_MAX = 255,
	KEYS_STATIONS_MAX = 4096,    /* in a file */
	KEYS_FILE_MAX = 1024 * 1024, /* bytes */
	KEYS_GROUP = 0xffff,         /* the station whose key all share: proves membership, not the sender */
	KEYS_TEXT_MAX = 512,         /* bytes that can be sealed at once */
};

/* ---- the file (keys_file.c) ---- */

/* Reads a key file: a regular file of at most KEYS_FILE_MAX bytes that only its owner may read or write (mode 0600). NULL: error says
 * which file and which member of it, and what to do; it never holds anything that stands in the file. */
struct keys *keys_load(const char *path, char *error, size_t size);
/* The two steps of it, for whoever may not wait for the disk: the text of the file (NULL: error), which goes back to
 * keys_free_text; and the keys in a text, where path is only for the error. */
char *keys_read(const char *path, size_t *text_size, char *error, size_t size);
struct keys *keys_parse(const char *path, const char *text, size_t text_size, char *error, size_t size);
void keys_free_text(char *text, size_t text_size);
/* Writes the file with mode 0600: complete and on the disk before it takes the name. replace: an older file of that name gives way,
 * and leaves its owner to the new one; otherwise it stays and that is -EEXIST. 0 or negative errno; error says the rest. */
int keys_save(const struct keys *keys, const char *path, bool replace, char *error, size_t size);

/* ---- what is in it (keys.c) ---- */

/* Keys with a new random master and no stations. NULL: no memory, or no random numbers to be had. */
struct keys *keys_new_master(void);
/* A copy that holds only the derived keys of these stations, for a gateway that must not hold the master. *missing: the first station
 * for which there is no key, and the result is NULL; NULL too when out of memory (*missing is then -1). */
struct keys *keys_export(struct keys *keys, const uint16_t *stations, size_t count, int *missing);
/* Wipes and frees. NULL is allowed. */
void keys_free(struct keys *keys);

bool keys_has_master(const struct keys *keys);
/* How many stations stand in the file, and the i-th by number. With a master, stations that do not stand there are at epoch 0. */
size_t keys_count(const struct keys *keys);
struct keys_entry {
	uint16_t station;
	uint8_t epoch;
	bool revoked;    /* the epoch was raised and nobody was given its key yet */
	bool has_before; /* the key of the epoch before is known, too */
};
struct keys_entry keys_entry(const struct keys *keys, size_t index);
/* The same of one station: 0, or -ENOKEY. */
int keys_find(const struct keys *keys, uint16_t station, struct keys_entry *entry);

/* The key of a station in an epoch: HKDF-SHA256 (RFC 5869) of the master without salt, info = "cresset field v1", epoch u8, station u16
 * little-endian, 16 bytes; or as it stands in the file. 0, or -ENOKEY. The caller wipes it. */
int keys_derive(struct keys *keys, uint16_t station, uint8_t epoch, uint8_t key[static KEYS_KEY_SIZE]);

/* Gives a station a new key by raising its epoch; a revoked one had it raised before and is only no longer marked. 0, -ENOKEY (there
 * is no master), -EOVERFLOW (epoch 255 was the last), -ENOSPC (more stations than fit). */
int keys_rotate(struct keys *keys, uint16_t station);
/* Raises the epoch and marks the station revoked: what it sends is SUSPECT from then on. -EALREADY: it is revoked; else as keys_rotate. */
int keys_revoke(struct keys *keys, uint16_t station);

/* AES-128-CCM (RFC 3610) with an 8-byte tag and a 13-byte nonce, by the station's key. As `seal` and `open` of drivers/services.h:
 * 0, -ENOKEY, -EBADMSG (open: the text is as it was), -EMSGSIZE (seal: more than KEYS_TEXT_MAX bytes). */
int keys_seal(struct keys *keys, struct sealed *sealed);
int keys_open(struct keys *keys, struct sealed *sealed, unsigned epochs_back);
