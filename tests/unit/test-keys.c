/* Keys: HKDF and CCM against published vectors and against their definitions written out, epochs, revocation, export. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "drivers/services.h"
#include "gateway/keys.h"
#include "tests/support/hex.h"

/* The master is 00 01 02 ... 1f. */
#define MASTER "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct keys *parsed(const char *text)
{
	char error[256] = "";
	struct keys *keys = keys_parse("keys.json", text, strlen(text), error, sizeof(error));
	if (!keys)
		print_message("%s\n", error);
	assert_non_null(keys);
	return keys;
}

static struct keys *with_master(const char *stations)
{
	char text[1024];
	snprintf(text, sizeof(text), "{\"format\":\"cresset keys 1\",\"master\":\"" MASTER "\",\"stations\":[%s]}",
		 stations);
	return parsed(text);
}

static void bytes_of(const char *hex, uint8_t *bytes, size_t size)
{
	assert_int_equal(strlen(hex), 2 * size);
	assert_int_equal(hex_read(hex, bytes, size), size);
}

/* ---- HKDF ---- */

/* RFC 5869, sections 2.2 and 2.3, for at most two blocks of output. */
static void hkdf_by_definition(const uint8_t *input, size_t input_size, const uint8_t *info, size_t info_size,
			       uint8_t *output, size_t size)
{
	uint8_t zeros[32] = {0}, prk[32], block[32 + 64 + 1], previous[32];
	unsigned length;
	size_t previous_size = 0, done = 0;
	HMAC(EVP_sha256(), zeros, 32, input, input_size, prk, &length);
	for (uint8_t counter = 1; done < size; counter++) {
		memcpy(block, previous, previous_size);
		memcpy(block + previous_size, info, info_size);
		block[previous_size + info_size] = counter;
		HMAC(EVP_sha256(), prk, 32, block, previous_size + info_size + 1, previous, &length);
		previous_size = 32;
		size_t part = size - done < 32 ? size - done : 32;
		memcpy(output + done, previous, part);
		done += part;
	}
}

/* RFC 5869, appendix A.3. */
static void test_the_definition_gives_the_published_vector(void **state)
{
	(void)state;
	uint8_t input[22], output[42], expected[42];
	memset(input, 0x0b, sizeof(input));
	bytes_of("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8", expected, 42);
	hkdf_by_definition(input, sizeof(input), (const uint8_t *)"", 0, output, sizeof(output));
	assert_memory_equal(output, expected, sizeof(output));
}

struct derivation {
	uint16_t station;
	uint8_t epoch;
	const char *key;
};

/* Made with the standard library of another language. */
static const struct derivation derivations[] = {
    {17, 0, "ff6bdc18d74f618d80cc01d626867b97"},
    {17, 1, "d618464a7cc0a652386fd3e31e5ba0a1"},
    {0x1234, 255, "0dbb500f8522b47921a7b5ec886b572a"},
    {0xffff, 0, "adb9f09c131c4bf25c7eef1e8df6a3c9"},
};

static void test_derived_keys(void **state)
{
	(void)state;
	struct keys *keys = with_master("");
	uint8_t key[KEYS_KEY_SIZE], expected[KEYS_KEY_SIZE];
	for (size_t i = 0; i < sizeof(derivations) / sizeof(derivations[0]); i++) {
		bytes_of(derivations[i].key, expected, sizeof(expected));
		for (int twice = 0; twice < 2; twice++) {
			assert_int_equal(keys_derive(keys, derivations[i].station, derivations[i].epoch, key), 0);
			assert_memory_equal(key, expected, sizeof(key));
		}
	}
	keys_free(keys);
}

/* More stations than the cache holds, in two orders. */
static void test_every_station_has_its_own_key(void **state)
{
	(void)state;
	struct keys *keys = with_master("");
	uint8_t master[32], key[KEYS_KEY_SIZE], expected[KEYS_KEY_SIZE], info[19] = "cresset field v1";
	for (unsigned i = 0; i < 32; i++)
		master[i] = (uint8_t)i;
	for (unsigned i = 0; i < 3000; i++) {
		unsigned station = i < 1500 ? i * 43 % 65536 : (2999 - i) * 43 % 65536, epoch = i % 3;
		info[16] = (uint8_t)epoch;
		info[17] = (uint8_t)station;
		info[18] = (uint8_t)(station >> 8);
		hkdf_by_definition(master, 32, info, sizeof(info), expected, sizeof(expected));
		assert_int_equal(keys_derive(keys, (uint16_t)station, (uint8_t)epoch, key), 0);
		assert_memory_equal(key, expected, sizeof(key));
	}
	keys_free(keys);
}

/* ---- CCM ---- */

struct vector {
	const char *nonce, *associated, *text, *sealed, *tag;
};

/* RFC 3610, section 8, packet vectors 1 to 3: all of those with our sizes of nonce and tag under the key c0 c1 ... cf and 8 bytes of
 * header. */
static const struct vector packets[] = {
    {"00000003020100a0a1a2a3a4a5", "0001020304050607", "08090a0b0c0d0e0f101112131415161718191a1b1c1d1e",
     "588c979a61c663d2f066d0c2c0f989806d5f6b61dac384", "17e8d12cfdf926e0"},
    {"00000004030201a0a1a2a3a4a5", "0001020304050607", "08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
     "72c91a36e135f8cf291ca894085c87e3cc15c439c9e43a3b", "a091d56e10400916"},
    {"00000005040302a0a1a2a3a4a5", "0001020304050607", "08090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20",
     "51b1e5f44a197d1da46b0f8e2d282ae871e838bb64da859657", "4adaa76fbd9fb0c5"},
};

static struct keys *with_key(const char *key)
{
	char text[256];
	snprintf(text, sizeof(text),
		 "{\"format\":\"cresset keys 1\",\"stations\":[{\"station\":17,\"epoch\":0,\"key\":\"%s\"}]}", key);
	return parsed(text);
}

static void test_published_vectors(void **state)
{
	(void)state;
	struct keys *keys = with_key("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf");
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		const struct vector *vector = &packets[i];
		size_t size = strlen(vector->text) / 2;
		uint8_t text[32], plain[32], expected[32], tag[8], associated[8];
		struct sealed sealed = {17, {0}, associated, sizeof(associated), text, size, {0}};
		bytes_of(vector->nonce, sealed.nonce, sizeof(sealed.nonce));
		bytes_of(vector->associated, associated, sizeof(associated));
		bytes_of(vector->text, plain, size);
		bytes_of(vector->sealed, expected, size);
		bytes_of(vector->tag, tag, sizeof(tag));
		memcpy(text, plain, size);
		assert_int_equal(keys_seal(keys, &sealed), 0);
		assert_memory_equal(text, expected, size);
		assert_memory_equal(sealed.tag, tag, sizeof(tag));
		assert_int_equal(keys_open(keys, &sealed, 0), 0);
		assert_memory_equal(text, plain, size);
	}
	keys_free(keys);
}

static void encrypt_block(const uint8_t *key, const uint8_t *block, uint8_t *out)
{
	int size = 0;
	EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	assert_int_equal(EVP_EncryptInit_ex(context, EVP_aes_128_ecb(), NULL, key, NULL), 1);
	assert_int_equal(EVP_EncryptUpdate(context, out, &size, block, 16), 1);
	assert_int_equal(size, 16);
	EVP_CIPHER_CTX_free(context);
}

static void add_to_mac(const uint8_t *key, uint8_t *mac, const uint8_t *bytes, size_t size)
{
	for (size_t at = 0; at < size; at += 16) {
		for (size_t i = 0; i < 16 && at + i < size; i++)
			mac[i] ^= bytes[at + i];
		encrypt_block(key, mac, mac);
	}
}

/* RFC 3610, sections 2.2 to 2.4, for M = 8, L = 2 and less than 65280 bytes of associated data. */
static void ccm_by_definition(const uint8_t *key, struct sealed *sealed)
{
	uint8_t mac[16] = {0}, stream[16], counter[16] = {1}, first[16] = {0}, header[600] = {0};
	size_t size = sealed->text_size, header_size = sealed->associated_size;
	first[0] = (header_size ? 0x40 : 0) | (8 - 2) / 2 << 3 | (2 - 1);
	memcpy(first + 1, sealed->nonce, SEALED_NONCE_SIZE);
	first[14] = (uint8_t)(size >> 8);
	first[15] = (uint8_t)size;
	add_to_mac(key, mac, first, 16);
	header[0] = (uint8_t)(header_size >> 8);
	header[1] = (uint8_t)header_size;
	if (header_size) {
		memcpy(header + 2, sealed->associated, header_size);
		add_to_mac(key, mac, header, header_size + 2);
	}
	add_to_mac(key, mac, sealed->text, size);
	memcpy(counter + 1, sealed->nonce, SEALED_NONCE_SIZE);
	encrypt_block(key, counter, stream);
	for (size_t i = 0; i < SEALED_TAG_SIZE; i++)
		sealed->tag[i] = mac[i] ^ stream[i];
	for (size_t at = 0; at < size; at++) {
		if (at % 16 == 0) {
			counter[15] = (uint8_t)(at / 16 + 1);
			encrypt_block(key, counter, stream);
		}
		sealed->text[at] ^= stream[at % 16];
	}
}

/* Every size a frame can have, no text and no header among them. */
static void test_every_size_against_the_definition(void **state)
{
	(void)state;
	uint8_t key[16], associated[24], text[160], expected[160];
	struct keys *keys = with_key("00112233445566778899aabbccddeeff");
	bytes_of("00112233445566778899aabbccddeeff", key, sizeof(key));
	for (size_t size = 0; size <= sizeof(text); size++) {
		struct sealed sealed = {17, {(uint8_t)size, 7}, associated, size % (sizeof(associated) + 1), text, size,
					{0}};
		struct sealed model = sealed;
		for (size_t i = 0; i < sizeof(associated); i++)
			associated[i] = (uint8_t)(i * 5 + size);
		for (size_t i = 0; i < size; i++)
			text[i] = expected[i] = (uint8_t)(i * 3 + size);
		model.text = expected;
		ccm_by_definition(key, &model);
		assert_int_equal(keys_seal(keys, &sealed), 0);
		assert_memory_equal(sealed.tag, model.tag, SEALED_TAG_SIZE);
		if (size)
			assert_memory_equal(text, expected, size);
		assert_int_equal(keys_open(keys, &sealed, 0), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(text[i], (uint8_t)(i * 3 + size));
	}
	keys_free(keys);
}

/* One bit wrong anywhere: not authentic, and the text stays as it was. */
static void test_forged(void **state)
{
	(void)state;
	struct keys *keys = with_master("");
	uint8_t associated[13] = {1, 2, 3}, text[20] = "a body of 20 bytes..", before[20];
	struct sealed sealed = {17, {17}, associated, sizeof(associated), text, sizeof(text), {0}};
	uint8_t *const places[] = {sealed.nonce, associated, text, sealed.tag};
	const size_t sizes[] = {SEALED_NONCE_SIZE, sizeof(associated), sizeof(text), SEALED_TAG_SIZE};
	assert_int_equal(keys_seal(keys, &sealed), 0);
	for (size_t place = 0; place < 4; place++)
		for (size_t bit = 0; bit < 8 * sizes[place]; bit++) {
			places[place][bit / 8] ^= (uint8_t)(1 << bit % 8);
			memcpy(before, text, sizeof(text));
			assert_int_equal(keys_open(keys, &sealed, 0), -EBADMSG);
			assert_memory_equal(text, before, sizeof(text));
			places[place][bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	sealed.station = 18;
	assert_int_equal(keys_open(keys, &sealed, 0), -EBADMSG);
	sealed.station = 17;
	sealed.text_size--;
	assert_int_equal(keys_open(keys, &sealed, 0), -EBADMSG);
	sealed.text_size++;
	assert_int_equal(keys_open(keys, &sealed, 1), -ENOKEY); /* there is no epoch before 0 */
	assert_int_equal(keys_open(keys, &sealed, 0), 0);
	assert_memory_equal(text, "a body of 20 bytes..", sizeof(text));
	keys_free(keys);
}

static void test_too_long(void **state)
{
	(void)state;
	struct keys *keys = with_master("");
	static uint8_t text[KEYS_TEXT_MAX + 1];
	struct sealed sealed = {17, {0}, NULL, 0, text, sizeof(text), {0}};
	assert_int_equal(keys_seal(keys, &sealed), -EMSGSIZE);
	assert_int_equal(keys_open(keys, &sealed, 0), -EBADMSG);
	sealed.text_size--;
	assert_int_equal(keys_seal(keys, &sealed), 0);
	assert_int_equal(keys_open(keys, &sealed, 0), 0);
	keys_free(keys);
}

/* ---- golden vectors of the field frame ---- */

static size_t hex_member(const json_t *object, const char *member, uint8_t *bytes, size_t room)
{
	const char *hex = json_string_value(json_object_get(object, member));
	assert_non_null(hex);
	assert_true(strlen(hex) / 2 <= room);
	bytes_of(hex, bytes, strlen(hex) / 2);
	return strlen(hex) / 2;
}

static json_t *load_vectors(void)
{
	json_t *vectors = json_load_file(CRESSET_SOURCE_DIR "/tests/vectors/field.json", 0, NULL);
	assert_non_null(vectors);
	assert_string_equal(json_string_value(json_object_get(vectors, "master")), MASTER);
	return vectors;
}

static void test_golden_keys(void **state)
{
	(void)state;
	size_t index;
	json_t *vectors = load_vectors(), *vector;
	struct keys *keys = with_master("");
	json_array_foreach(json_object_get(vectors, "keys"), index, vector)
	{
		uint8_t key[KEYS_KEY_SIZE], expected[KEYS_KEY_SIZE];
		uint16_t station = (uint16_t)json_integer_value(json_object_get(vector, "station"));
		hex_member(vector, "key", expected, sizeof(expected));
		assert_int_equal(
		    keys_derive(keys, station, (uint8_t)json_integer_value(json_object_get(vector, "epoch")), key), 0);
		assert_memory_equal(key, expected, sizeof(key));
	}
	assert_true(index > 5);
	keys_free(keys);
	json_decref(vectors);
}

static void test_golden_frames(void **state)
{
	(void)state;
	size_t index;
	json_t *vectors = load_vectors(), *vector;
	json_array_foreach(json_object_get(vectors, "frames"), index, vector)
	{
		char entry[64];
		uint8_t associated[KEYS_TEXT_MAX], text[KEYS_TEXT_MAX], body[KEYS_TEXT_MAX], frame[KEYS_TEXT_MAX];
		const json_t *header = json_object_get(vector, "header");
		int station = (int)json_integer_value(json_object_get(header, "station"));
		bool encrypted = json_is_true(json_object_get(header, "encrypted"));
		snprintf(entry, sizeof(entry), "{\"station\":%d,\"epoch\":%d}", station,
			 (int)json_integer_value(json_object_get(vector, "epoch")));
		struct keys *keys = with_master(entry);
		size_t body_size = hex_member(vector, "body", body, sizeof(body));
		size_t frame_size = hex_member(vector, "frame", frame, sizeof(frame));
		struct sealed sealed = {.station = (uint16_t)station, .associated = associated, .text = text};
		sealed.associated_size = hex_member(vector, "associated", associated, sizeof(associated));
		sealed.text_size = encrypted ? body_size : 0;
		memcpy(text, body, body_size);
		hex_member(vector, "nonce", sealed.nonce, sizeof(sealed.nonce));
		assert_int_equal(keys_seal(keys, &sealed), 0);
		assert_memory_equal(sealed.tag, frame + frame_size - SEALED_TAG_SIZE, SEALED_TAG_SIZE);
		assert_memory_equal(text, frame + frame_size - SEALED_TAG_SIZE - body_size, body_size);
		assert_int_equal(keys_open(keys, &sealed, 0), 0);
		assert_memory_equal(text, body, body_size);
		keys_free(keys);
	}
	assert_true(index > 40);
	json_decref(vectors);
}

/* ---- epochs ---- */

/* A frame sealed by a handset that has the key of that station and epoch. */
static struct sealed from_handset(uint16_t station, uint8_t epoch)
{
	char hex[2 * KEYS_KEY_SIZE + 1];
	uint8_t key[KEYS_KEY_SIZE];
	struct keys *master = with_master("");
	assert_int_equal(keys_derive(master, station, epoch, key), 0);
	for (size_t i = 0; i < sizeof(key); i++)
		snprintf(hex + 2 * i, 3, "%02x", key[i]);
	struct keys *handset = with_key(hex);
	struct sealed sealed = {.station = 17, .nonce = {1, 2, 3}};
	assert_int_equal(keys_seal(handset, &sealed), 0);
	sealed.station = station;
	keys_free(master);
	keys_free(handset);
	return sealed;
}

static void test_the_epoch_before(void **state)
{
	(void)state;
	struct keys *keys = with_master("{\"station\":17,\"epoch\":2}");
	struct sealed current = from_handset(17, 2), before = from_handset(17, 1), older = from_handset(17, 0);
	assert_int_equal(keys_open(keys, &current, 0), 0);
	assert_int_equal(keys_open(keys, &current, 1), -EBADMSG);
	assert_int_equal(keys_open(keys, &before, 0), -EBADMSG);
	assert_int_equal(keys_open(keys, &before, 1), 0);
	assert_int_equal(keys_open(keys, &older, 0), -EBADMSG);
	assert_int_equal(keys_open(keys, &older, 1), -EBADMSG);
	assert_int_equal(keys_open(keys, &older, 3), -ENOKEY);
	keys_free(keys);
}

static void test_rotate_and_revoke(void **state)
{
	(void)state;
	struct keys *keys = with_master("");
	struct keys_entry entry;
	assert_int_equal(keys_find(keys, 17, &entry), 0);
	assert_int_equal(entry.epoch, 0);
	assert_int_equal(keys_rotate(keys, 17), 0);
	assert_int_equal(keys_find(keys, 17, &entry), 0);
	assert_true(entry.epoch == 1 && !entry.revoked && entry.has_before);
	assert_int_equal(keys_revoke(keys, 17), 0);
	assert_int_equal(keys_revoke(keys, 17), -EALREADY);
	assert_int_equal(keys_find(keys, 17, &entry), 0);
	assert_true(entry.epoch == 2 && entry.revoked);
	/* What the lost handset says is still opened, with the epoch before: SUSPECT. */
	struct sealed lost = from_handset(17, 1), replacement = from_handset(17, 2);
	assert_int_equal(keys_open(keys, &lost, 0), -EBADMSG);
	assert_int_equal(keys_open(keys, &lost, 1), 0);
	/* A new handset takes the epoch that the revocation raised, so the lost one stays SUSPECT. */
	assert_int_equal(keys_rotate(keys, 17), 0);
	assert_int_equal(keys_find(keys, 17, &entry), 0);
	assert_true(entry.epoch == 2 && !entry.revoked);
	assert_int_equal(keys_open(keys, &replacement, 0), 0);
	assert_int_equal(keys_count(keys), 1);
	keys_free(keys);
}

static void test_the_last_epoch(void **state)
{
	(void)state;
	struct keys *keys = with_master("{\"station\":17,\"epoch\":255}");
	assert_int_equal(keys_rotate(keys, 17), -EOVERFLOW);
	assert_int_equal(keys_revoke(keys, 17), -EOVERFLOW);
	assert_int_equal(keys_entry(keys, 0).epoch, 255);
	keys_free(keys);
}

static void test_full(void **state)
{
	(void)state;
	struct keys *keys = with_master("");
	for (unsigned i = 0; i < KEYS_STATIONS_MAX; i++)
		assert_int_equal(keys_rotate(keys, (uint16_t)(65535 - 3 * i)), 0);
	assert_int_equal(keys_rotate(keys, 1), -ENOSPC);
	assert_int_equal(keys_rotate(keys, 65535), 0);
	for (unsigned i = 1; i < KEYS_STATIONS_MAX; i++)
		assert_true(keys_entry(keys, i).station > keys_entry(keys, i - 1).station);
	keys_free(keys);
}

/* ---- export ---- */

static void test_export(void **state)
{
	(void)state;
	struct keys *keys = with_master("{\"station\":2,\"epoch\":3},{\"station\":3,\"epoch\":1,\"revoked\":true}");
	uint8_t key[KEYS_KEY_SIZE], expected[KEYS_KEY_SIZE];
	int missing;
	struct keys *copy = keys_export(keys, (const uint16_t[]){1, 2, 3, KEYS_GROUP}, 4, &missing);
	assert_non_null(copy);
	assert_false(keys_has_master(copy));
	assert_int_equal(keys_count(copy), 4);
	assert_true(keys_entry(copy, 2).revoked);
	assert_true(keys_entry(copy, 1).has_before && !keys_entry(copy, 0).has_before);
	for (size_t i = 0; i < 4; i++) {
		struct keys_entry entry = keys_entry(copy, i);
		for (unsigned back = 0; back <= entry.has_before; back++) {
			uint8_t epoch = (uint8_t)(entry.epoch - back);
			assert_int_equal(keys_derive(keys, entry.station, epoch, expected), 0);
			assert_int_equal(keys_derive(copy, entry.station, epoch, key), 0);
			assert_memory_equal(key, expected, sizeof(key));
		}
	}
	assert_int_equal(keys_derive(copy, 2, 1, key), -ENOKEY);
	assert_int_equal(keys_derive(copy, 4, 0, key), -ENOKEY);
	assert_int_equal(keys_rotate(copy, 2), -ENOKEY);
	assert_int_equal(keys_revoke(copy, 2), -ENOKEY);
	struct sealed sealed = {.station = 4};
	assert_int_equal(keys_seal(copy, &sealed), -ENOKEY);
	assert_int_equal(keys_open(copy, &sealed, 0), -ENOKEY);
	assert_null(keys_export(copy, (const uint16_t[]){1, 4}, 2, &missing));
	assert_int_equal(missing, 4);
	keys_free(copy);
	keys_free(keys);
}

/* ---- memory ---- */

/* The kernel says of each piece of memory whether it is left out of core dumps: "dd". */
static void test_left_out_of_core_dumps(void **state)
{
	(void)state;
	char line[512], wanted[32];
	bool inside = false, found = false;
	struct keys *keys = with_master("");
	snprintf(wanted, sizeof(wanted), "%lx-", (unsigned long)(uintptr_t)keys);
	FILE *maps = fopen("/proc/self/smaps", "r");
	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		if (strncmp(line, wanted, strlen(wanted)) == 0)
			inside = true;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
			found = strstr(line, " dd") != NULL;
			break;
		}
	}
	fclose(maps);
	assert_true(inside);
	assert_true(found);
	keys_free(keys);
	keys_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_definition_gives_the_published_vector),
	    cmocka_unit_test(test_derived_keys),
	    cmocka_unit_test(test_every_station_has_its_own_key),
	    cmocka_unit_test(test_published_vectors),
	    cmocka_unit_test(test_every_size_against_the_definition),
	    cmocka_unit_test(test_forged),
	    cmocka_unit_test(test_too_long),
	    cmocka_unit_test(test_golden_keys),
	    cmocka_unit_test(test_golden_frames),
	    cmocka_unit_test(test_the_epoch_before),
	    cmocka_unit_test(test_rotate_and_revoke),
	    cmocka_unit_test(test_the_last_epoch),
	    cmocka_unit_test(test_full),
	    cmocka_unit_test(test_export),
	    cmocka_unit_test(test_left_out_of_core_dumps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
