/* Dedupe: windows, other buckets' ids, clocks that jump, a full table, and memory that survives a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/dedupe.h"

enum { WINDOW_MS = 60000 };
static const int64_t START_MS = 1700000000000;

static void test_window(void **state)
{
	(void)state;
	struct dedupe *dedupe = dedupe_new(100, WINDOW_MS);
	assert_false(dedupe_seen(dedupe, "f-1-1", "", START_MS));
	assert_true(dedupe_seen(dedupe, "f-1-1", "", START_MS));
	assert_false(dedupe_seen(dedupe, "f-1-2", NULL, START_MS));
	assert_true(dedupe_seen(dedupe, "f-1-1", "", START_MS + WINDOW_MS - 1));
	/* Hearing it again did not prolong it. */
	assert_false(dedupe_seen(dedupe, "f-1-1", "", START_MS + WINDOW_MS));
	assert_true(dedupe_seen(dedupe, "f-1-1", "", START_MS + WINDOW_MS + 1));
	dedupe_free(dedupe);
	dedupe_free(NULL);
}

static void test_alternative_id(void **state)
{
	(void)state;
	struct dedupe *dedupe = dedupe_new(100, WINDOW_MS);
	/* The same transmission across the border of a 30 s bucket. */
	assert_false(dedupe_seen(dedupe, "a-77-10", "a-77-9", START_MS));
	assert_true(dedupe_seen(dedupe, "a-77-11", "a-77-10", START_MS + 200));
	/* Found by its alternative, it is not remembered under the new one. */
	assert_false(dedupe_seen(dedupe, "a-77-12", "a-77-11", START_MS + 30000));
	/* Two without an alternative are not each other's. */
	assert_false(dedupe_seen(dedupe, "x", "", START_MS));
	assert_false(dedupe_seen(dedupe, "y", "", START_MS));
	dedupe_free(dedupe);
}

static void test_clock_jumps(void **state)
{
	(void)state;
	struct dedupe *dedupe = dedupe_new(100, WINDOW_MS);
	assert_false(dedupe_seen(dedupe, "f-1-1", "", START_MS));
	assert_true(dedupe_seen(dedupe, "f-1-1", "", START_MS - WINDOW_MS));
	assert_false(dedupe_seen(dedupe, "f-1-1", "", START_MS - WINDOW_MS - 1));
	assert_true(dedupe_seen(dedupe, "f-1-1", "", START_MS - WINDOW_MS));
	/* From 1970 to today and back, as a Pi without a clock does. */
	assert_false(dedupe_seen(dedupe, "f-1-2", "", 1000));
	assert_false(dedupe_seen(dedupe, "f-1-2", "", START_MS));
	assert_true(dedupe_seen(dedupe, "f-1-2", "", START_MS + 1));
	assert_false(dedupe_seen(dedupe, "f-1-2", "", 2000));
	dedupe_free(dedupe);
}

static bool seen_number(struct dedupe *dedupe, unsigned number, int64_t now_ms)
{
	char id[24];
	snprintf(id, sizeof(id), "f-%u", number);
	return dedupe_seen(dedupe, id, "", now_ms);
}

static void test_full_table_forgets_the_oldest(void **state)
{
	(void)state;
	struct dedupe *dedupe = dedupe_new(1000, WINDOW_MS);
	for (unsigned i = 0; i < 10000; i++) {
		assert_false(seen_number(dedupe, i, START_MS + i % 100));
		if (i >= 999)
			assert_true(seen_number(dedupe, i - 999, START_MS));
	}
	assert_false(seen_number(dedupe, 8999, START_MS)); /* just beyond; it takes the place of 9000 */
	assert_false(seen_number(dedupe, 9000, START_MS));
	for (unsigned i = 9002; i < 10000; i++)
		assert_true(seen_number(dedupe, i, START_MS));
	dedupe_free(dedupe);
}

static void test_smallest(void **state)
{
	(void)state;
	struct dedupe *dedupe = dedupe_new(0, WINDOW_MS);
	for (unsigned i = 0; i < 100; i++) {
		assert_false(seen_number(dedupe, i, START_MS));
		assert_true(seen_number(dedupe, i, START_MS));
	}
	dedupe_free(dedupe);
}

enum { MODEL_IDS = 150, MODEL_CAPACITY = 64, MODEL_STEPS = 200000 };

/* The plainest thing that does the same: a list in the order of coming, the oldest dropped when there is no room. */
struct model {
	struct {
		unsigned number;
		int64_t first_ms;
	} list[MODEL_CAPACITY];
	size_t count;
};

static bool model_inside(int64_t first_ms, int64_t now_ms)
{
	return now_ms - first_ms < WINDOW_MS && first_ms - now_ms <= WINDOW_MS;
}

static void model_drop_first(struct model *model)
{
	model->count--;
	memmove(model->list, model->list + 1, model->count * sizeof(*model->list));
}

static bool model_seen(struct model *model, unsigned number, int64_t now_ms)
{
	/* The last entry of a number is the one that counts. */
	for (size_t i = model->count; i-- > 0;)
		if (model->list[i].number == number) {
			if (model_inside(model->list[i].first_ms, now_ms))
				return true;
			break;
		}
	while (model->count && !model_inside(model->list[0].first_ms, now_ms))
		model_drop_first(model);
	if (model->count == MODEL_CAPACITY)
		model_drop_first(model);
	model->list[model->count].number = number;
	model->list[model->count++].first_ms = now_ms;
	return false;
}

static void test_against_a_plain_model(void **state)
{
	(void)state;
	struct dedupe *dedupe = dedupe_new(MODEL_CAPACITY, WINDOW_MS);
	static struct model model;
	unsigned random = 1, seen = 0;
	int64_t now_ms = START_MS;
	for (int i = 0; i < MODEL_STEPS; i++) {
		random = random * 1664525 + 1013904223;
		unsigned number = (random >> 8) % MODEL_IDS;
		now_ms += (random >> 20) % 2000;
		if (i % 1000 == 999)
			now_ms -= (random >> 4) % (2 * WINDOW_MS);
		bool expected = model_seen(&model, number, now_ms);
		assert_int_equal(seen_number(dedupe, number, now_ms), expected);
		seen += expected;
	}
	assert_in_range(seen, MODEL_STEPS / 20, MODEL_STEPS * 19 / 20); /* both answers were tried */
	dedupe_free(dedupe);
}

static void test_saved_and_recalled(void **state)
{
	(void)state;
	uint8_t bytes[2048];
	struct dedupe *dedupe = dedupe_new(100, WINDOW_MS), *later = dedupe_new(100, WINDOW_MS);
	assert_false(dedupe_seen(dedupe, "expired", "", START_MS));
	for (unsigned i = 0; i < 50; i++)
		assert_false(seen_number(dedupe, i, START_MS + 30000 + i));
	int64_t saved_ms = START_MS + WINDOW_MS;
	size_t room = dedupe_save_size(dedupe);
	assert_true(room <= sizeof(bytes));
	size_t size = dedupe_save(dedupe, saved_ms, bytes, sizeof(bytes));
	assert_int_equal(size, room - 12); /* without the expired one */
	assert_true(dedupe_recall(later, bytes, size, saved_ms + 10000));
	for (unsigned i = 0; i < 50; i++)
		assert_true(seen_number(later, i, START_MS + 30000 + i + WINDOW_MS - 1));
	assert_false(seen_number(later, 0, START_MS + 30000 + WINDOW_MS));
	assert_false(dedupe_recall(later, bytes, size, saved_ms)); /* no longer empty */
	dedupe_free(later);
	/* A long stop: all forgotten. */
	later = dedupe_new(100, WINDOW_MS);
	assert_true(dedupe_recall(later, bytes, size, saved_ms + WINDOW_MS));
	assert_int_equal(dedupe_save_size(later), 44);
	dedupe_free(later);
	/* Too little room or a smaller memory: the newest. */
	size = dedupe_save(dedupe, saved_ms, bytes, 44 + 12 * 10 + 11);
	assert_int_equal(size, 44 + 12 * 10);
	later = dedupe_new(5, WINDOW_MS);
	assert_true(dedupe_recall(later, bytes, size, saved_ms));
	for (unsigned i = 45; i < 50; i++)
		assert_true(seen_number(later, i, saved_ms));
	assert_false(seen_number(later, 44, saved_ms));
	assert_int_equal(dedupe_save(dedupe, saved_ms, bytes, 43), 0);
	dedupe_free(later);
	dedupe_free(dedupe);
}

static void test_damaged_block_is_refused_whole(void **state)
{
	(void)state;
	uint8_t bytes[256];
	struct dedupe *dedupe = dedupe_new(100, WINDOW_MS), *later = dedupe_new(100, WINDOW_MS);
	for (unsigned i = 0; i < 10; i++)
		seen_number(dedupe, i, START_MS);
	size_t size = dedupe_save(dedupe, START_MS, bytes, sizeof(bytes));
	for (size_t cut = 0; cut < size; cut++)
		assert_false(dedupe_recall(later, bytes, cut, START_MS));
	for (size_t at = 0; at < size; at++) {
		bytes[at] ^= 0x10;
		assert_false(dedupe_recall(later, bytes, size, START_MS));
		bytes[at] ^= 0x10;
	}
	assert_int_equal(dedupe_save_size(later), 44);
	assert_true(dedupe_recall(later, bytes, size, START_MS));
	dedupe_free(later);
	dedupe_free(dedupe);
}

/* Two gateways' hashes of one id differ: the key is not a constant. */
static void test_keys_differ(void **state)
{
	(void)state;
	uint8_t a[128], b[128];
	struct dedupe *first = dedupe_new(10, WINDOW_MS), *second = dedupe_new(10, WINDOW_MS);
	dedupe_seen(first, "f-1-1", "", START_MS);
	dedupe_seen(second, "f-1-1", "", START_MS);
	size_t size = dedupe_save(first, START_MS, a, sizeof(a));
	assert_int_equal(dedupe_save(second, START_MS, b, sizeof(b)), size);
	assert_memory_not_equal(a + 36, b + 36, 8);
	dedupe_free(first);
	dedupe_free(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_window),
	    cmocka_unit_test(test_alternative_id),
	    cmocka_unit_test(test_clock_jumps),
	    cmocka_unit_test(test_full_table_forgets_the_oldest),
	    cmocka_unit_test(test_smallest),
	    cmocka_unit_test(test_against_a_plain_model),
	    cmocka_unit_test(test_saved_and_recalled),
	    cmocka_unit_test(test_damaged_block_is_refused_whole),
	    cmocka_unit_test(test_keys_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
