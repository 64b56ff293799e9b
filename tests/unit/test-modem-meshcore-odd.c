/* The MeshCore driver and nodes that do otherwise than the firmware: it keeps its wits, its pace and its word. */
#include "tests/unit/meshcore-fixture.h"

/* A board without figures is not asked for them again and again, nor is the processor kept busy by the thought of it. */
static void test_old_node_for_a_day(void **unused)
{
	(void)unused;
	new_node();
	node.unasked = node.no_stats = true;
	start(NULL);
	pass(10000000);
	for (int i = 0; i < 24; i++) {
		node.count = 0;
		pass(INT64_C(3600) * 1000000);
		assert_in_range(commands(MESHCORE_GET_TIME), 55, 70);
		assert_int_equal(commands(MESHCORE_GET_STATS), 0);
	}
	assert_true(status().ready);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_old_node_for_a_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
