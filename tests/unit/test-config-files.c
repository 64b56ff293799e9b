/* Files that are no settings at all, or too much of them: one error each, and nothing that follows from it. */
#include "tests/unit/config-fixture.h"

/* Broken YAML: the place is exact and the words are the library's. */
static void test_syntax(void **state)
{
	(void)state;
	static const struct {
		const char *text, *place;
	} cases[] = {
	    {"all:\n\t- c\n", "2:1: this is not YAML: "},
	    {"all: {text: a\nb: 3\n", "2:2: this is not YAML: "},
	    {"all:\n  texts: [a\n", "3:1: this is not YAML: "},
	    {"all:\n  text: \"x\n", "2:10: this is not YAML: "},
	    {"all:\n  text: a\n token: b\n", "3:2: this is not YAML: "},
	    {"all:\n  text: @x\n", "2:9: this is not YAML: "},
	    {"all: text: a\n", "1:10: this is not YAML: "},
	    {"%YAML 1.9\n---\nall:\n", "1:1: this is not YAML: it cannot be understood from here on. Look at "},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		union config_value values[KEY_COUNT];
		struct config *config = read_all(cases[i].text, values);
		const char *error = without_path(config_error_text(config, 0));
		assert_memory_equal(error, cases[i].place, strlen(cases[i].place));
		assert_null(strchr(error, '\n'));
		assert_int_equal(config_error_count(config), 1);
		assert_fallbacks(values);
		config_free(config);
	}
}

/* Whole files that are wrong: one error each. */
static void test_wrong_files(void **state)
{
	(void)state;
	static const struct {
		const char *text, *error;
	} cases[] = {
	    {"all:\n  text: a\n---\nall:\n", "3:1: a second document ('---') begins here. Keep one."},
	    {"- all\n", "1:1: the file must begin with a key like 'gateway:', not with a list."},
	    {"hello world\n", "1:1: the file must begin with a key like 'gateway:'. Is this the settings file?"},
	    {"all:\n  ? [a, b]\n  : c\n", "2:5: a key must be a word, not a list or mapping."},
	    {"all:\n  : c\n", "2:3: a key is missing in front of the colon."},
	    {"all:\n  text: a\xff\n", "2:10: byte 0xff is no text. Save the file as plain text in UTF-8."},
	    {"all:\n  # é\xed\xa0\x80\n", "2:6: byte 0xed is no text. Save the file as plain text in UTF-8."},
	    {"all: \x1b[2J\n", "1:6: byte 0x1b is no text. Save the file as plain text in UTF-8."},
	    {"all:\n  text: \"a\\0b\"\n", "2:9: a zero byte cannot stand in a text."},
	    {"*x : 1\n", "1:1: an alias (*name) cannot stand here. Write the value out."},
	    {"all: 3\n", "1:6: all: must have keys of its own, indented below it."},
	    {"all: [a]\n", "1:1: all: must have keys of its own, indented below it."},
	    {"all:\n  text: a\n  flag: true\n  text: b\n", "4:9: all.text: this key is there twice. Keep one of them."},
	    {"all: {}\nall: {text: b}\n", "2:1: all: this key is there twice. Keep one of them."},
	    {"all:\n  text: a\n  texts: [a]\n  texts: [b, c]\n",
	     "4:3: all.texts: this key is there twice. Keep one of them."},
	    {"all:\n  text: &x a\n",
	     "2:12: all.text: anchors (&name) are not used here. Write the value out where it is needed."},
	    {"all:\n  texts: &x [a, b]\n",
	     "2:3: all.texts: anchors (&name) are not used here. Write the value out where it is needed."},
	    {"all:\n  text: *x\n", "2:9: all.text: aliases (*name) are not used here. Write the value out."},
	    {"all:\n  <<: *x\n", "2:7: all.<<: aliases (*name) are not used here. Write the value out."},
	    {"all:\n  text: !secret a\n", "2:17: all.text: tags (!name) are not used here. Take the tag out."},
	    {"all:\n  texst: [a]\n", "2:3: all.texst: unknown key. Did you mean 'texts'?"},
	    {"all:\n  nothing_like_it: {a: {b: c}}\n",
	     "2:3: all.nothing_like_it: unknown key. `man cresset.yaml` says where the example is that has every key."},
	    {"al:\n  text: 77\n", "1:1: al: unknown key. Did you mean 'all'?"},
	    {"all:\n  \"a\\nb\\e\": 1\n",
	     "2:3: all.a?b?: unknown key. `man cresset.yaml` says where the example is that has every key."},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		union config_value values[KEY_COUNT];
		struct config *config = read_all(cases[i].text, values);
		assert_error(config, 0, cases[i].error);
		assert_int_equal(config_error_count(config), 1);
		config_free(config);
	}
}

/* A NUL byte, which no C text can hold. */
static void test_zero_byte(void **state)
{
	(void)state;
	static const char text[] = "all:\n  text: a\0\n";
	struct config *config = load(text, sizeof(text) - 1);
	assert_int_equal(config_error_count(config), 1);
	assert_error(config, 0, "2:10: byte 0x00 is no text. Save the file as plain text in UTF-8.");
	config_free(config);
}

static void assert_whole_file_error(const char *text, size_t size, const char *error)
{
	struct config *config = load(text, size);
	config_finish(config);
	assert_int_equal(config_error_count(config), 1);
	const char *found = without_path(config_error_text(config, 0));
	assert_non_null(strstr(found, error));
	config_free(config);
}

static void test_too_much(void **state)
{
	(void)state;
	size_t size;
	char *text = repeat("# 0123456789\n", CONFIG_BYTES_MAX / 13 + 1, &size);
	assert_whole_file_error(text, size, "is larger than 1048576 bytes. Is this the settings file?");
	struct config *config = load(text, CONFIG_BYTES_MAX);
	assert_int_equal(config_error_count(config), 0);
	config_free(config);
	free(text);
	text = repeat("[", 100000, &size);
	memcpy(text, "a: ", 3);
	assert_whole_file_error(text, size, "1:19: lists and mappings are nested too deep for a settings file.");
	free(text);
	text = repeat("{a: ", 100000, &size);
	assert_whole_file_error(text, size, "nested too deep");
	free(text);
	text = repeat("- a\n", CONFIG_NODES_MAX + 3, &size);
	memcpy(text, "a:\n\n", 4);
	assert_whole_file_error(text, size, "there are too many keys or items for a settings file.");
	free(text);
}

/* As many keys as one mapping may have take no noticeable time, and one more is refused. */
static void test_many_keys(void **state)
{
	(void)state;
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	for (int i = 0; i <= CONFIG_KEYS_MAX; i++)
		fprintf(file, "key%d: 1\n", i);
	fclose(file);
	assert_whole_file_error(text, size, "1001:1: there are too many keys or items for a settings file.");
	free(text);
}

static void test_many_errors(void **state)
{
	(void)state;
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	for (int i = 0; i < CONFIG_ERRORS_MAX + 7; i++)
		fprintf(file, "key%d: 1\n", i);
	fclose(file);
	union config_value value;
	struct config *config = load(text, size);
	config_read(config, config_root(config), &keys[FLAG], 1, &value);
	config_finish(config);
	assert_int_equal(config_error_count(config), CONFIG_ERRORS_MAX + 1);
	assert_string_equal(config_error_text(config, CONFIG_ERRORS_MAX), "... and 7 more.");
	assert_null(config_error_text(config, CONFIG_ERRORS_MAX + 1));
	config_free(config);
	free(text);
}

/* Aliases of aliases: nothing is expanded. */
static void test_alias_bomb(void **state)
{
	(void)state;
	static const char text[] = "a: &a [x, x, x, x, x, x, x, x, x]\n"
				   "b: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
				   "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\n";
	struct config *config = load(text, sizeof(text) - 1);
	assert_int_equal(config_error_count(config), 21);
	assert_error(config, 1, "2:1: b: anchors (&name) are not used here. Write the value out where it is needed.");
	assert_error(config, 2, "2:8: b[1]: aliases (*name) are not used here. Write the value out.");
	config_free(config);
}

static void test_unreadable(void **state)
{
	(void)state;
	struct config *config = config_load("/nonexistent/cresset.yaml");
	assert_non_null(config);
	union config_value value;
	config_read(config, config_root(config), &required, 1, &value);
	config_finish(config);
	assert_int_equal(config_error_count(config), 1);
	assert_string_equal(
	    config_error_text(config, 0),
	    "/nonexistent/cresset.yaml: cannot be opened: No such file or directory. Check the path and "
	    "who may read the file.");
	config_free(config);
	config = config_load("/");
	assert_string_equal(config_error_text(config, 0), "/: is not a file. Give the path of the settings file.");
	config_free(config);
}

static void test_line_ends(void **state)
{
	(void)state;
	union config_value values[KEY_COUNT];
	struct config *config = read_all("\xef\xbb\xbf"
					 "all:\r\n  text: a\r\n  integer: x\r\n",
					 values);
	assert_string_equal(values[TEXT].text, "a");
	assert_int_equal(config_error_count(config), 1);
	assert_error(config, 0, "3:12: all.integer: 'x' is not a number. Write e.g. 9600.");
	config_free(config);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_syntax),     cmocka_unit_test(test_wrong_files), cmocka_unit_test(test_zero_byte),
	    cmocka_unit_test(test_too_much),   cmocka_unit_test(test_many_keys),   cmocka_unit_test(test_many_errors),
	    cmocka_unit_test(test_alias_bomb), cmocka_unit_test(test_unreadable),  cmocka_unit_test(test_line_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
