/* What the base's tool may show of what passes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/desk.h"

static void expect(const char *passed, const char *shown)
{
	json_t *message = json_loads(passed, 0, NULL);
	bool may = desk_may_show(message);
	char *text = json_dumps(message, JSON_COMPACT);
	assert_int_equal(may, shown != NULL);
	if (shown)
		assert_string_equal(text, shown);
	free(text);
	json_decref(message);
}

static void test_duress_looks_like_any_checkin(void **state)
{
	(void)state;
	static const char ok[] =
	    "{\"id\":\"f-17-5\",\"kind\":\"checkin\",\"class\":\"SAFETY\",\"station\":\"f-17\",\"body\":"
	    "{\"state\":\"OK\",\"headcount\":2,\"sensitivity\":\"public\"}}";
	expect(
	    "{\"id\":\"f-17-5\",\"kind\":\"checkin\",\"class\":\"DISTRESS\",\"station\":\"f-17\",\"body\":{\"state\":"
	    "\"DURESS\",\"headcount\":2,\"sensitivity\":\"public\",\"incident\":\"f-17-5\",\"incident_count\":1}}",
	    ok);
	expect(ok, ok);
	expect("{\"kind\":\"incident\",\"body\":{\"incident\":\"f-17-5\",\"duress\":true}}", NULL);
}

static void test_the_rest_is_shown_as_it_is(void **state)
{
	(void)state;
	static const char *const documents[] = {
	    "{\"kind\":\"incident\",\"body\":{\"incident\":\"f-17-5\"}}",
	    "{\"kind\":\"distress\",\"class\":\"DISTRESS\",\"body\":{\"nature\":\"DURESS\",\"incident\":\"f-17-5\"}}",
	    "{\"kind\":\"ack\",\"body\":{\"incident\":\"f-17-5\"}}",
	    "{\"kind\":\"checkin\",\"body\":{\"state\":\"DELAYED\"}}",
	    "{\"type\":\"Feature\",\"properties\":{}}",
	    "{}",
	};
	for (size_t i = 0; i < sizeof(documents) / sizeof(*documents); i++)
		expect(documents[i], documents[i]);
	assert_true(desk_may_show(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_duress_looks_like_any_checkin),
	    cmocka_unit_test(test_the_rest_is_shown_as_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
