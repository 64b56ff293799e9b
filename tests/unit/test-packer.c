/* Tests of packed entries: what comes out is what went in, damage is noticed, and packing is worth it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/entry.h"
#include "gateway/packer.h"

static const char position[] =
    "{\"type\":\"Feature\",\"geometry\":{\"type\":\"Point\",\"coordinates\":[9.2031667,41.3008333]},\"properties\":{"
    "\"id\":"
    "\"a-1f00c4d2a9b3e576-59850120\",\"alt_id\":\"a-1f00c4d2a9b3e576-59850119\",\"kind\":\"position\",\"class\":"
    "\"BULK\",\"status\":"
    "\"Actual\",\"station\":\"N0CALL-5\",\"callsign\":\"N0CALL-5\",\"gateway\":\"base1\",\"radio\":\"vhf\",\"received_"
    "at\":"
    "\"2026-11-23T21:15:02.417Z\",\"clock\":\"unknown\",\"authenticity\":\"UNVERIFIED\",\"heard\":{\"hops\":0,\"path\":"
    "\"WIDE1-1\"},"
    "\"position\":{\"lat\":41.3008333,\"lon\":9.2031667,\"speed_kmh\":37.04,\"course_deg\":133},\"text\":\"vehicle on "
    "the north "
    "road 133\",\"body\":{\"data_type\":\"position\",\"messaging\":true,\"symbol\":\"/v\"}}}";

static struct entry *entry_of(const void *payload, size_t size, bool pack)
{
	struct entry_parts parts = {.class = CLASS_BULK,
				    .outlet = "uplink",
				    .id = "a-1",
				    .station = "N0CALL",
				    .topic = "track/base1/N0CALL",
				    .payload = payload,
				    .payload_size = size,
				    .pack = pack};
	struct entry *entry = entry_new(&parts, 1);
	assert_non_null(entry);
	return entry;
}

static void test_packs_to_less_than_half(void **state)
{
	(void)state;
	struct entry *entry = entry_of(position, strlen(position), true);
	print_message("%zu bytes held as %u\n", strlen(position), entry->held_size);
	assert_true(entry->held_size * 2 < entry->payload_size);
	assert_int_equal(entry->payload_size, strlen(position));
	assert_memory_equal(entry_payload(entry), position, strlen(position));
	entry_unref(entry);
}

static void test_what_does_not_shrink_is_held_as_it_is(void **state)
{
	(void)state;
	uint8_t noise[4096];
	uint32_t seed = 1;
	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (uint8_t)((seed = seed * 1664525 + 1013904223) >> 24);
	struct entry *entry = entry_of(noise, sizeof(noise), true);
	assert_int_equal(entry->held_size, sizeof(noise));
	assert_memory_equal(entry_payload(entry), noise, sizeof(noise));
	entry_unref(entry);
	entry = entry_of("", 0, true);
	assert_int_equal(entry->payload_size, 0);
	assert_non_null(entry_payload(entry));
	entry_unref(entry);
}

static void test_every_length_comes_back(void **state)
{
	(void)state;
	char *text = malloc(PACKER_MAX + 10);
	assert_non_null(text);
	for (size_t i = 0; i < PACKER_MAX + 10; i++)
		text[i] = position[i * 7 / 5 % (sizeof(position) - 1)];
	for (size_t size = 1; size <= PACKER_MAX + 9; size += size < 600 ? 1 : 6553) {
		struct entry *entry = entry_of(text, size, true);
		assert_memory_equal(entry_payload(entry), text, size);
		entry_unref(entry);
	}
	free(text);
}

static void test_damage_is_noticed(void **state)
{
	(void)state;
	char packed[1024], text[sizeof(position)];
	size_t size = packer_pack(position, strlen(position), packed, sizeof(packed));
	assert_true(size > 0);
	for (size_t i = 0; i < size; i++) {
		packed[i] ^= 0x10;
		assert_false(packer_unpack(packed, size, text, strlen(position)));
		packed[i] ^= 0x10;
	}
	assert_false(packer_unpack(packed, size - 1, text, strlen(position)));
	assert_false(packer_unpack(packed, size, text, strlen(position) - 1));
	assert_true(packer_unpack(packed, size, text, strlen(position)));
}

/* As the store gives it back after a restart. */
static void test_held_bytes_make_the_same_entry(void **state)
{
	(void)state;
	struct entry *first = entry_of(position, strlen(position), true);
	struct entry_parts parts = {.class = CLASS_BULK,
				    .outlet = "uplink",
				    .id = "a-1",
				    .station = "N0CALL",
				    .topic = "track/base1/N0CALL",
				    .payload = entry_held(first),
				    .payload_size = first->payload_size,
				    .held_size = first->held_size};
	struct entry *second = entry_new(&parts, 2);
	assert_non_null(second);
	assert_memory_equal(entry_payload(second), position, strlen(position));
	parts.payload_size = parts.held_size - 1;
	assert_null(entry_new(&parts, 3));
	parts.payload_size = 5000000;
	struct entry *lying = entry_new(&parts, 4);
	assert_null(entry_payload(lying));
	entry_unref(lying);
	entry_unref(first);
	entry_unref(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_packs_to_less_than_half),
	    cmocka_unit_test(test_what_does_not_shrink_is_held_as_it_is),
	    cmocka_unit_test(test_every_length_comes_back),
	    cmocka_unit_test(test_damage_is_noticed),
	    cmocka_unit_test(test_held_bytes_make_the_same_entry),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
