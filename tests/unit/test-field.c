/* The codec of the field frame against vectors that other code made, and against what is no frame: headers and the seal. */
#include "tests/unit/field-fixture.h"

static void assert_headers_equal(const struct field_header *one, const struct field_header *other)
{
	assert_int_equal(one->down, other->down);
	assert_int_equal(one->kind, other->kind);
	assert_int_equal(one->status, other->status);
	assert_int_equal(one->ack_wanted, other->ack_wanted);
	assert_int_equal(one->fragment, other->fragment);
	assert_int_equal(one->position, other->position);
	assert_int_equal(one->encrypted, other->encrypted);
	assert_int_equal(one->sensitivity, other->sensitivity);
	assert_int_equal(one->hop_limit, other->hop_limit);
	assert_int_equal(one->hops_taken, other->hops_taken);
	assert_int_equal(one->station, other->station);
	assert_int_equal(one->counter, other->counter);
	assert_int_equal(one->time_s, other->time_s);
	assert_int_equal(one->from, other->from);
}

/* ---- headers ---- */

static void test_headers(void **unused)
{
	(void)unused;
	size_t i;
	const json_t *vector;
	json_array_foreach(json_object_get(vectors, "frames"), i, vector)
	{
		uint8_t frame[FIELD_FRAME_MAX], written[FIELD_HEADER_SIZE + FIELD_FROM_SIZE];
		struct field_header expected = header_of(vector), header;
		size_t size = hex_whole(text_of(vector, "frame"), frame, sizeof(frame));
		assert_int_equal(field_header_decode(frame, size, &header), FIELD_OK);
		assert_headers_equal(&header, &expected);
		size_t written_size = field_header_encode(&expected, written);
		assert_int_equal(written_size, field_header_size(&expected));
		assert_memory_equal(written, frame, written_size);
	}
	assert_true(i >= 40);
}

static void test_refused_headers(void **unused)
{
	(void)unused;
	static const struct {
		uint8_t first;
		size_t size;
		enum field_result result;
		const char *name;
	} cases[] = {
	    {0x41, 0, FIELD_TOO_SHORT, "field_too_short"},
	    {0x41, 20, FIELD_TOO_SHORT, "field_too_short"},
	    {0x41, 21, FIELD_OK, ""},
	    {0x61, 22, FIELD_TOO_SHORT, "field_too_short"},
	    {0x61, 23, FIELD_OK, ""},
	    {0x41, 160, FIELD_OK, ""},
	    {0x41, 161, FIELD_TOO_LONG, "field_too_long"},
	    {0x01, 30, FIELD_BAD_VERSION, "field_bad_version"},
	    {0x81, 30, FIELD_BAD_VERSION, "field_bad_version"},
	    {0xc1, 30, FIELD_BAD_VERSION, "field_bad_version"},
	    {0x51, 30, FIELD_BAD_HEADER, "field_bad_header"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		/* As large as it says, so that a sanitizer sees what is read beyond. */
		uint8_t *frame = calloc(1, cases[i].size + 1);
		struct field_header header;
		assert_non_null(frame);
		frame[0] = cases[i].first;
		enum field_result result = field_header_decode(frame, cases[i].size, &header);
		if (result != cases[i].result || strcmp(field_result_name(result), cases[i].name) != 0)
			fail_msg("%02x, %zu bytes: %s", cases[i].first, cases[i].size, field_result_name(result));
		free(frame);
	}
}

static void test_looks_like_distress(void **unused)
{
	(void)unused;
	struct field_header header = {.kind = FIELD_DISTRESS};
	for (size_t size = 0; size <= FIELD_FRAME_MAX; size++)
		assert_int_equal(field_looks_like_distress(&header, size), size == 24);
	header.position = true;
	for (size_t size = 0; size <= FIELD_FRAME_MAX; size++)
		assert_int_equal(field_looks_like_distress(&header, size), size == 34);
	header.fragment = true;
	assert_false(field_looks_like_distress(&header, 34));
	header = (struct field_header){.kind = FIELD_DISTRESS, .down = true};
	assert_false(field_looks_like_distress(&header, 24));
	assert_false(field_looks_like_distress(&header, 26));
	header = (struct field_header){.kind = FIELD_ALERT};
	assert_false(field_looks_like_distress(&header, 24));
}

static void test_room(void **unused)
{
	(void)unused;
	for (unsigned kind = 1; kind <= FIELD_MOVEMENT; kind++) {
		struct field_header up = {.kind = (uint8_t)kind}, down = {.kind = (uint8_t)kind, .down = true};
		bool is_short = kind == FIELD_DISTRESS || kind == FIELD_ALERT || kind == FIELD_ACK;
		assert_int_equal(field_body_room(&up), is_short ? 27 : 139);
		assert_int_equal(field_body_room(&down), is_short ? 25 : 137);
	}
}

/* ---- the seal ---- */

struct expected_crypt {
	const json_t *vector;
	uint8_t tag[FIELD_TAG_SIZE];
	int answer;
};

/* A cipher that is given what it must be given, and knows the answer from the vector. */
static int check_cipher(void *user, struct field_crypt *crypt)
{
	const struct expected_crypt *expected = user;
	uint8_t nonce[FIELD_NONCE_SIZE], associated[FIELD_FRAME_MAX];
	bool encrypted = number_of(json_object_get(expected->vector, "header"), "encrypted");
	size_t body_size = strlen(text_of(expected->vector, "body")) / 2;
	hex_whole(text_of(expected->vector, "nonce"), nonce, sizeof(nonce));
	size_t associated_size = hex_whole(text_of(expected->vector, "associated"), associated, sizeof(associated));
	assert_int_equal(crypt->station, number_of(json_object_get(expected->vector, "header"), "station"));
	assert_memory_equal(crypt->nonce, nonce, sizeof(nonce));
	assert_int_equal(crypt->associated_size, associated_size);
	assert_memory_equal(crypt->associated, associated, associated_size);
	assert_int_equal(crypt->text_size, encrypted ? body_size : 0);
	return expected->answer;
}

static int seal_cipher(void *user, struct field_crypt *crypt)
{
	const struct expected_crypt *expected = user;
	uint8_t body[FIELD_FRAME_MAX], frame[FIELD_FRAME_MAX];
	size_t body_size = hex_whole(text_of(expected->vector, "body"), body, sizeof(body));
	size_t size = hex_whole(text_of(expected->vector, "frame"), frame, sizeof(frame));
	check_cipher(user, crypt);
	if (crypt->text_size) {
		assert_memory_equal(crypt->text, body, body_size);
		memcpy(crypt->text, frame + size - FIELD_TAG_SIZE - body_size, body_size);
	}
	memcpy(crypt->tag, frame + size - FIELD_TAG_SIZE, FIELD_TAG_SIZE);
	return expected->answer;
}

static int open_cipher(void *user, struct field_crypt *crypt)
{
	const struct expected_crypt *expected = user;
	uint8_t body[FIELD_FRAME_MAX];
	check_cipher(user, crypt);
	assert_memory_equal(crypt->tag, expected->tag, FIELD_TAG_SIZE);
	if (crypt->text_size)
		memcpy(crypt->text, body, hex_whole(text_of(expected->vector, "body"), body, sizeof(body)));
	return expected->answer;
}

static void test_seal(void **unused)
{
	(void)unused;
	size_t i;
	json_t *vector;
	json_array_foreach(json_object_get(vectors, "frames"), i, vector)
	{
		struct field_header header = header_of(vector);
		struct expected_crypt expected = {.vector = vector};
		uint8_t frame[FIELD_FRAME_MAX], made[FIELD_FRAME_MAX];
		size_t size = hex_whole(text_of(vector, "frame"), frame, sizeof(frame));
		size_t made_size = field_header_encode(&header, made);
		made_size += hex_whole(text_of(vector, "body"), made + made_size, sizeof(made) - made_size);
		assert_int_equal(field_seal(made, made_size, seal_cipher, &expected), 0);
		assert_int_equal(made_size + FIELD_TAG_SIZE, size);
		assert_memory_equal(made, frame, size);
	}
}

static void test_open(void **unused)
{
	(void)unused;
	size_t i;
	json_t *vector;
	json_array_foreach(json_object_get(vectors, "frames"), i, vector)
	{
		struct field_header header;
		struct expected_crypt expected = {.vector = vector};
		uint8_t frame[FIELD_FRAME_MAX], body[FIELD_FRAME_MAX];
		size_t size = hex_whole(text_of(vector, "frame"), frame, sizeof(frame));
		size_t body_size = hex_whole(text_of(vector, "body"), body, sizeof(body));
		memcpy(expected.tag, frame + size - FIELD_TAG_SIZE, FIELD_TAG_SIZE);
		frame[2] = 0x3f; /* relays have been at work; the cipher must not see it */
		assert_int_equal(field_header_decode(frame, size, &header), FIELD_OK);
		assert_int_equal(field_open(frame, size, &header, open_cipher, &expected), 0);
		assert_memory_equal(frame + field_header_size(&header), body, body_size);
		assert_int_equal(frame[2], 0x3f);
	}
}

static int refuse(void *user, struct field_crypt *crypt)
{
	(void)crypt;
	return *(int *)user;
}

/* What the cipher says is what the caller hears, and the frame is as it was. */
static void test_refusals(void **unused)
{
	(void)unused;
	int answer = -7;
	struct field_header header;
	uint8_t frame[FIELD_FRAME_MAX] = {0x44, 0x80, 0x31}, before[FIELD_FRAME_MAX];
	memcpy(before, frame, sizeof(frame));
	assert_int_equal(field_header_decode(frame, 40, &header), FIELD_OK);
	assert_int_equal(field_open(frame, 40, &header, refuse, &answer), -7);
	assert_int_equal(field_seal(frame, 40, refuse, &answer), -7);
	assert_memory_equal(frame, before, sizeof(frame));
	assert_int_equal(field_seal(frame, 12, refuse, &answer), -1);
	assert_int_equal(field_seal(frame, FIELD_FRAME_MAX - FIELD_TAG_SIZE + 1, refuse, &answer), -1);
	assert_int_equal(field_seal(frame, FIELD_FRAME_MAX - FIELD_TAG_SIZE, refuse, &answer), -7);
}

/* A node has no C library: the codec compiles without one, and asks only for what every compiler brings. */
static void test_needs_nothing(void **unused)
{
	(void)unused;
	static const char command[] = "cd " CRESSET_SOURCE_DIR " && for file in field field_bodies field_reports; do "
				      "cc -std=c17 -O1 -Wall -Wextra -Werror -ffreestanding -nostdlib -I. -c "
				      "drivers/codec/$file.c -o " CRESSET_BINARY_DIR "/tests/alone-$file.o || exit 1; "
				      "nm -u " CRESSET_BINARY_DIR
				      "/tests/alone-$file.o | grep -vE ' (memcpy|memset|field_[a-z_]+)$' && exit 2; "
				      "done; exit 0";
	assert_int_equal(system(command), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_headers),
	    cmocka_unit_test(test_refused_headers),
	    cmocka_unit_test(test_looks_like_distress),
	    cmocka_unit_test(test_room),
	    cmocka_unit_test(test_seal),
	    cmocka_unit_test(test_open),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_needs_nothing),
	};
	return cmocka_run_group_tests(tests, load, unload);
}
