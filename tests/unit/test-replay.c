/* Replay windows: their edges, a naive set as model, many stations, memory that survives a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/replay.h"

static void test_edges(void **state)
{
	(void)state;
	struct replay *replay = replay_new(10);
	assert_int_equal(replay_take(replay, 17, 0, 1000), 0);
	assert_int_equal(replay_take(replay, 17, 0, 1000), -EEXIST);
	assert_int_equal(replay_take(replay, 17, 0, 936), 0); /* 64 below */
	assert_int_equal(replay_take(replay, 17, 0, 936), -EEXIST);
	assert_int_equal(replay_take(replay, 17, 0, 935), -ESTALE);
	assert_int_equal(replay_take(replay, 17, 0, 999), 0);
	assert_int_equal(replay_take(replay, 17, 0, 1001), 0);
	assert_int_equal(replay_take(replay, 17, 0, 936), -ESTALE);
	assert_int_equal(replay_take(replay, 17, 0, 1000), -EEXIST);
	assert_int_equal(replay_take(replay, 17, 0, 999), -EEXIST);
	assert_int_equal(replay_take(replay, 17, 0, 998), 0);
	/* Ahead by exactly the window, by one more, and by far. */
	assert_int_equal(replay_take(replay, 17, 0, 1065), 0);
	assert_int_equal(replay_take(replay, 17, 0, 1001), -EEXIST);
	assert_int_equal(replay_take(replay, 17, 0, 1130), 0);
	assert_int_equal(replay_take(replay, 17, 0, 1065), -ESTALE);
	assert_int_equal(replay_take(replay, 17, 0, 1066), 0);
	assert_int_equal(replay_take(replay, 17, 0, UINT32_MAX), 0);
	assert_int_equal(replay_take(replay, 17, 0, UINT32_MAX), -EEXIST);
	assert_int_equal(replay_take(replay, 17, 0, 0), -ESTALE);
	assert_int_equal(replay_take(replay, 17, 0, UINT32_MAX - 64), 0);
	assert_int_equal(replay_take(replay, 17, 0, UINT32_MAX - 65), -ESTALE);
	replay_free(replay);
	replay_free(NULL);
}

static void test_the_first_counters_of_all(void **state)
{
	(void)state;
	struct replay *replay = replay_new(10);
	assert_int_equal(replay_take(replay, 0, 0, 0), 0);
	assert_int_equal(replay_take(replay, 0, 0, 0), -EEXIST);
	assert_int_equal(replay_take(replay, 0, 0, 2), 0);
	assert_int_equal(replay_take(replay, 0, 0, 0), -EEXIST);
	assert_int_equal(replay_take(replay, 0, 0, 1), 0);
	replay_free(replay);
}

static void test_stations_and_epochs_have_their_own(void **state)
{
	(void)state;
	struct replay *replay = replay_new(10);
	assert_int_equal(replay_take(replay, 17, 0, 5000), 0);
	assert_int_equal(replay_take(replay, 17, 1, 0), 0); /* the handset that replaces it */
	assert_int_equal(replay_take(replay, 17, 0, UINT32_MAX), 0);
	assert_int_equal(replay_take(replay, 17, 1, 1), 0);
	assert_int_equal(replay_take(replay, 17, 1, 0), -EEXIST);
	assert_int_equal(replay_take(replay, 18, 0, 0), 0);
	assert_int_equal(replay_take(replay, 0x0117, 0, 0), 0);
	assert_int_equal(replay_take(replay, 65535, 255, 0), 0);
	assert_int_equal(replay_take(replay, 65535, 255, 0), -EEXIST);
	assert_int_equal(replay_given_way(replay), 0);
	replay_free(replay);
}

enum { MODEL_STATIONS = 5, MODEL_COUNTERS = 3000, MODEL_STEPS = 300000 };

/* Everything that was ever taken. */
struct model {
	bool taken[MODEL_COUNTERS];
	bool any;
	uint32_t highest;
};

static int model_take(struct model *model, uint32_t counter)
{
	if (model->any && counter + REPLAY_WINDOW < model->highest)
		return -ESTALE;
	if (model->taken[counter])
		return -EEXIST;
	model->taken[counter] = model->any = true;
	if (counter > model->highest)
		model->highest = counter;
	return 0;
}

static struct replay *restarted(struct replay *replay, size_t windows)
{
	size_t size = replay_save_size(replay);
	uint8_t *bytes = malloc(size);
	assert_int_equal(replay_save(replay, bytes, size), size);
	replay_free(replay);
	replay = replay_new(windows);
	assert_true(replay_recall(replay, bytes, size));
	free(bytes);
	return replay;
}

static void test_against_a_naive_set(void **state)
{
	(void)state;
	static struct model models[MODEL_STATIONS];
	unsigned random = 1, results[3] = {0};
	struct replay *replay = replay_new(MODEL_STATIONS);
	for (int i = 0; i < MODEL_STEPS; i++) {
		random = random * 1664525 + 1013904223;
		uint16_t station = (uint16_t)((random >> 8) % MODEL_STATIONS);
		struct model *model = &models[station];
		/* Mostly about the window, which moves on slowly, and now and then anywhere below it. */
		uint32_t below = (random >> 12) % (random >> 28 ? 72 : MODEL_COUNTERS), top = (uint32_t)i / 110 + 10;
		uint32_t counter = below < top ? top - below : 0;
		int expected = model_take(model, counter);
		assert_int_equal(replay_take(replay, station, 3, counter), expected);
		results[expected == 0 ? 0 : expected == -EEXIST ? 1 : 2]++;
		if (i % 10007 == 0)
			replay = restarted(replay, MODEL_STATIONS);
	}
	print_message("%u taken, %u seen, %u stale\n", results[0], results[1], results[2]);
	assert_true(results[0] > 5000 && results[1] > 100000 && results[2] > 5000);
	replay_free(replay);
}

static void test_the_one_not_used_for_longest_gives_way(void **state)
{
	(void)state;
	struct replay *replay = replay_new(3);
	for (uint16_t station = 1; station <= 3; station++)
		assert_int_equal(replay_take(replay, station, 0, 7), 0);
	assert_int_equal(replay_take(replay, 1, 0, 7), -EEXIST); /* is used, too */
	assert_int_equal(replay_take(replay, 4, 0, 7), 0);
	assert_int_equal(replay_given_way(replay), 1);
	assert_int_equal(replay_take(replay, 1, 0, 7), -EEXIST);
	assert_int_equal(replay_take(replay, 3, 0, 7), -EEXIST);
	assert_int_equal(replay_take(replay, 4, 0, 7), -EEXIST);
	assert_int_equal(replay_take(replay, 2, 0, 7), 0);
	assert_int_equal(replay_given_way(replay), 2);
	/* The order of use survives a restart, also into less room. */
	replay = restarted(replay, 2);
	assert_int_equal(replay_take(replay, 2, 0, 7), -EEXIST);
	assert_int_equal(replay_take(replay, 4, 0, 7), -EEXIST);
	replay_free(replay);
}

/* Stations come and go a hundred times as often as there is room: only the newest are known, and each of them right. */
static void test_many_stations(void **state)
{
	(void)state;
	enum { ROOM = 500 };
	struct replay *replay = replay_new(ROOM);
	for (unsigned i = 0; i < 100 * ROOM; i++)
		assert_int_equal(replay_take(replay, (uint16_t)(i * 7), (uint8_t)(i >> 13), i), 0);
	assert_int_equal(replay_given_way(replay), 99 * ROOM);
	for (unsigned i = 99 * ROOM; i < 100 * ROOM; i++)
		assert_int_equal(replay_take(replay, (uint16_t)(i * 7), (uint8_t)(i >> 13), i), -EEXIST);
	replay_free(replay);
}

/* A file that could be read only late: both what it knows and what was heard since count. */
static void test_recalled_late(void **state)
{
	(void)state;
	uint8_t bytes[256];
	struct replay *before = replay_new(10), *after = replay_new(10);
	replay_take(before, 1, 0, 100);
	replay_take(before, 1, 0, 90);
	replay_take(before, 2, 0, 500);
	replay_take(before, 3, 0, 10);
	replay_take(after, 1, 0, 110);
	replay_take(after, 1, 0, 105);
	replay_take(after, 2, 0, 400);
	replay_take(after, 2, 0, 440);
	size_t size = replay_save(before, bytes, sizeof(bytes));
	assert_true(replay_recall(after, bytes, size));
	static const uint32_t taken[][2] = {{1, 100}, {1, 90}, {1, 110}, {1, 105}, {2, 500}, {2, 440}, {3, 10}};
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		assert_int_equal(replay_take(after, (uint16_t)taken[i][0], 0, taken[i][1]), -EEXIST);
	assert_int_equal(replay_take(after, 2, 0, 400), -ESTALE);
	assert_int_equal(replay_take(after, 1, 0, 91), 0);
	replay_free(before);
	replay_free(after);
}

static void test_damaged_blocks(void **state)
{
	(void)state;
	uint8_t bytes[256];
	struct replay *replay = replay_new(10), *other = replay_new(10);
	replay_take(replay, 1, 0, 100);
	replay_take(replay, 2, 0, 100);
	size_t size = replay_save(replay, bytes, sizeof(bytes));
	assert_int_equal(size, replay_save_size(replay));
	assert_int_equal(size, 20 + 2 * 16);
	for (size_t short_size = 0; short_size < size; short_size++) {
		uint8_t less[256];
		assert_int_equal(replay_save(replay, less, short_size), 0);
		assert_false(replay_recall(other, bytes, short_size));
	}
	for (size_t bit = 0; bit < 8 * size; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(replay_recall(other, bytes, size));
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(replay_take(other, 1, 0, 100), 0); /* nothing of it was taken in */
	assert_true(replay_recall(other, bytes, size));
	assert_int_equal(replay_take(other, 2, 0, 100), -EEXIST);
	replay_free(replay);
	replay_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_edges),
	    cmocka_unit_test(test_the_first_counters_of_all),
	    cmocka_unit_test(test_stations_and_epochs_have_their_own),
	    cmocka_unit_test(test_against_a_naive_set),
	    cmocka_unit_test(test_the_one_not_used_for_longest_gives_way),
	    cmocka_unit_test(test_many_stations),
	    cmocka_unit_test(test_recalled_late),
	    cmocka_unit_test(test_damaged_blocks),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
