/* What a module says of itself, made fit for JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/report.h"

static void assert_text(const char *text, const char *expected)
{
	json_t *string = report_text(text);
	assert_non_null(string);
	assert_string_equal(json_string_value(string), expected);
	json_decref(string);
}

static void any_bytes_become_text(void **state)
{
	(void)state;
	assert_text("", "");
	assert_text("E22-900T22S", "E22-900T22S");
	assert_text("20 \xc2\xb0"
		    "C",
		    "20 \xc2\xb0"
		    "C");
	assert_text("v\xff\x01"
		    "2.0",
		    "v??2.0");
	assert_text("half \xe2\x82", "half ??");
}

static void long_ones_are_cut(void **state)
{
	(void)state;
	char text[600], expected[512];
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memset(expected, 'x', sizeof(expected) - 1);
	expected[sizeof(expected) - 1] = '\0';
	assert_text(text, expected);
	assert_text(text + sizeof(text) - sizeof(expected), expected);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_bytes_become_text),
	    cmocka_unit_test(long_ones_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
