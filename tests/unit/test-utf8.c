/* Texts as they come over the air: what is UTF-8, and how what is not is mended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/utf8.h"

static void test_utf8(void **unused)
{
	(void)unused;
	static const struct {
		const char *bytes, *mended;
	} cases[] = {
	    {"plain", "plain"},
	    {"h\xc3\xa9, \xe2\x80\x99, \xf0\x9f\x9a\x9a", "h\xc3\xa9, \xe2\x80\x99, \xf0\x9f\x9a\x9a"},
	    {"\xff\xfe", "??"},
	    {"\x80z", "?z"},
	    {"\xc0\x80", "??"},                 /* longer than needed */
	    {"\xe0\x9f\xbf", "???"},            /* the same */
	    {"\xed\xa0\x80", "???"},            /* a surrogate */
	    {"\xf4\x90\x80\x80", "????"},       /* beyond the last character */
	    {"\xf5\x80\x80\x80", "????"},       /* the same */
	    {"a\xc3", "a?"},                    /* cut off */
	    {"\xf0\x9f\x9a", "???"},            /* the same */
	    {"\xe2\x82\xc3\xa9", "??\xc3\xa9"}, /* a good one behind a broken one */
	    {"\xef\xbf\xbf\xc2\x80", "\xef\xbf\xbf\xc2\x80"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[64];
		size_t size = strlen(cases[i].bytes);
		size_t length = utf8_mend(cases[i].bytes, size, text, sizeof(text));
		if (strcmp(text, cases[i].mended) != 0 || length != strlen(text))
			fail_msg("case %zu: %s", i, text);
		assert_int_equal(utf8_is_valid(cases[i].bytes, size), strcmp(cases[i].bytes, cases[i].mended) == 0);
	}
	char text[4];
	assert_int_equal(utf8_mend("a\0b", 3, text, sizeof(text)), 3);
	assert_string_equal(text, "a?b");
	assert_false(utf8_is_valid("a\0b", 3));
	assert_int_equal(utf8_mend("ab\xc3\xa9", 4, text, sizeof(text)), 2);
	assert_string_equal(text, "ab");
	assert_int_equal(utf8_mend("abc", 3, text, 1), 0);
	assert_string_equal(text, "");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_utf8),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
