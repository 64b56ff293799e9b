/* Keys: HKDF against a published vector and against its definition written out, epochs, revocation, export. */
#include "tests/unit/keys-fixture.h"

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

/* ---- golden vectors of the field frame ---- */

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
	    cmocka_unit_test(test_golden_keys),
	    cmocka_unit_test(test_the_epoch_before),
	    cmocka_unit_test(test_rotate_and_revoke),
	    cmocka_unit_test(test_the_last_epoch),
	    cmocka_unit_test(test_full),
	    cmocka_unit_test(test_export),
	    cmocka_unit_test(test_left_out_of_core_dumps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
