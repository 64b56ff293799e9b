/* Watching messages until they are safe: counted for each radio, told once each, never for others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/safety.h"

struct told {
	size_t calls, radio;
};

static void on_safer(void *context, size_t radio)
{
	struct told *told = context;
	told->calls++;
	told->radio = radio;
}

static struct entry *entry_of(uint64_t row)
{
	struct entry_parts parts = {.class = CLASS_ROUTINE,
				    .kind = KIND_TEXT,
				    .outlet = "uplink",
				    .id = "a",
				    .station = "b",
				    .topic = "c",
				    .payload = "{}",
				    .payload_size = 2};
	struct entry *entry = entry_new(&parts, row);
	assert_non_null(entry);
	return entry;
}

static void test_counts_each_radio(void **state)
{
	(void)state;
	struct told told = {0};
	struct safety *safety = safety_new(on_safer, &told);
	struct entry *one = entry_of(1), *two = entry_of(2), *three = entry_of(3), *stranger = entry_of(4);
	safety_watch(safety, one, 0);
	safety_watch(safety, two, 5);
	safety_watch(safety, three, 5);
	assert_int_equal(safety_count(safety, 0), 1);
	assert_int_equal(safety_count(safety, 5), 2);
	safety_settle(safety, stranger);
	assert_int_equal(told.calls, 0);
	safety_settle(safety, two);
	assert_int_equal(told.calls, 1);
	assert_int_equal(told.radio, 5);
	safety_settle(safety, two);
	assert_int_equal(told.calls, 1);
	assert_int_equal(safety_count(safety, 5), 1);
	assert_int_equal(safety_count(safety, 0), 1);
	safety_free(safety);
	assert_int_equal(one->references, 1);
	assert_int_equal(two->references, 1);
	entry_unref(one);
	entry_unref(two);
	entry_unref(three);
	entry_unref(stranger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_counts_each_radio)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
