/* CCM against published vectors and against its definition written out, and the golden frames of the field. */
#include "tests/unit/keys-fixture.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_published_vectors),
	    cmocka_unit_test(test_every_size_against_the_definition),
	    cmocka_unit_test(test_forged),
	    cmocka_unit_test(test_too_long),
	    cmocka_unit_test(test_golden_frames),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
