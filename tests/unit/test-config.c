/* The configuration reader: every type, every error with its line, column and path, and files that are no settings at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"

/* A file in memory; its name is "/proc/self/fd/N", which the tests cut off the messages. */
static struct config *load(const char *text, size_t size)
{
	char path[64];
	int fd = memfd_create("config", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, size), (ssize_t)size);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	struct config *config = config_load(path);
	assert_non_null(config);
	close(fd);
	return config;
}

static const char *without_path(const char *text)
{
	const char *colon = text ? strchr(text, ':') : NULL;
	return colon ? colon + 1 : "(none)";
}

#define assert_error(config, index, expected)                                                                          \
	assert_string_equal(without_path(config_error_text(config, index)), expected)

static const char *const colours[] = {"red", "green", "blue", NULL};
static const char *const never[] = {"never", NULL};

enum { TEXT, TOKEN, INTEGER, NUMBER, FLAG, DURATION, SIZE, RATE, CHOICE, TEXTS, KEY_COUNT };
static const struct config_key keys[] = {
    [TEXT] = {"text", CONFIG_TEXT, 0, 10, "fallback", NULL, "A text."},
    [TOKEN] = {"token", CONFIG_TOKEN, 0, 0, "base1", NULL, "A token."},
    [INTEGER] = {"integer", CONFIG_INTEGER, 1, 65535, "9600", NULL, "A number."},
    [NUMBER] = {"number", CONFIG_NUMBER, -2.5, 2.5, "0.5", NULL, "A number."},
    [FLAG] = {"flag", CONFIG_FLAG, 0, 0, "true", NULL, "A flag."},
    [DURATION] = {"duration", CONFIG_DURATION, 1000, 86400000, "30 s", never, "A time."},
    [SIZE] = {"size", CONFIG_SIZE, 0, 1e9, "8 MB", NULL, "A size."},
    [RATE] = {"rate", CONFIG_RATE, 0, 0, "256 kbit/s", NULL, "A rate."},
    [CHOICE] = {"choice", CONFIG_CHOICE, 0, 0, "green", colours, "A colour."},
    [TEXTS] = {"texts", CONFIG_TEXTS, 1, 8, "SOS, AU SEC", NULL, "Words."},
};

static const struct config_key required = {"callsign", CONFIG_TEXT, 1, 9, NULL, NULL, "the call sign, e.g. N0CALL-10."};

/* Reads the table out of `all:` and looks for unknown keys. */
static struct config *read_all(const char *text, union config_value *values)
{
	struct config *config = load(text, strlen(text));
	config_read(config, config_section(config, config_root(config), "all"), keys, KEY_COUNT, values);
	config_finish(config);
	return config;
}

static void assert_fallbacks(const union config_value *values)
{
	assert_string_equal(values[TEXT].text, "fallback");
	assert_string_equal(values[TOKEN].text, "base1");
	assert_int_equal(values[INTEGER].integer, 9600);
	assert_true(values[NUMBER].number == 0.5);
	assert_true(values[FLAG].flag);
	assert_int_equal(values[DURATION].integer, 30000);
	assert_int_equal(values[SIZE].integer, 8000000);
	assert_int_equal(values[RATE].integer, 256000);
	assert_int_equal(values[CHOICE].integer, 1);
	assert_string_equal(values[TEXTS].texts[0], "SOS");
	assert_string_equal(values[TEXTS].texts[1], "AU SEC");
	assert_null(values[TEXTS].texts[2]);
}

static void test_defaults(void **state)
{
	(void)state;
	static const char *const files[] = {"", "# nothing\n", "all:\n", "all: {}\n", "~\n", "---\n...\n"};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		union config_value values[KEY_COUNT];
		struct config *config = read_all(files[i], values);
		assert_int_equal(config_error_count(config), 0);
		assert_fallbacks(values);
		config_free(config);
	}
}

static void test_values(void **state)
{
	(void)state;
	union config_value values[KEY_COUNT];
	struct config *config = read_all("all:\n"
					 "  text: yes\n"
					 "  token: 'f-7_Z'\n"
					 "  integer: 65535\n"
					 "  number: -2.50\n"
					 "  flag: false\n"
					 "  duration: 1.5 min\n"
					 "  size: 2KiB\n"
					 "  rate: 9600 bit/s\n"
					 "  choice: BLUE\n"
					 "  texts: [a, \"b c\"]\n",
					 values);
	assert_int_equal(config_error_count(config), 0);
	assert_null(config_error_text(config, 0));
	assert_string_equal(values[TEXT].text, "yes");
	assert_string_equal(values[TOKEN].text, "f-7_Z");
	assert_int_equal(values[INTEGER].integer, 65535);
	assert_true(values[NUMBER].number == -2.5);
	assert_false(values[FLAG].flag);
	assert_int_equal(values[DURATION].integer, 90000);
	assert_int_equal(values[SIZE].integer, 2048);
	assert_int_equal(values[RATE].integer, 9600);
	assert_int_equal(values[CHOICE].integer, 2);
	assert_string_equal(values[TEXTS].texts[0], "a");
	assert_string_equal(values[TEXTS].texts[1], "b c");
	assert_null(values[TEXTS].texts[2]);
	config_free(config);
}

static void test_units(void **state)
{
	(void)state;
	static const struct {
		const char *key, *text;
		int64_t value;
	} cases[] = {
	    {"duration", "1000 ms", 1000},
	    {"duration", "24 h", 86400000},
	    {"duration", "1 d", 86400000},
	    {"duration", "never", 0},
	    {"duration", "Never", 0},
	    {"duration", "30s", 30000},
	    {"size", "0", 0},
	    {"size", "512 kB", 512000},
	    {"size", "1 GB", 1000000000},
	    {"size", "16 MiB", 16777216},
	    {"size", "77 B", 77},
	    {"rate", "2 Mbit/s", 2000000},
	    {"rate", "0", 0},
	    {"rate", "64 kbit/s", 64000},
	    {"rate", "1.2 kbit/s", 1200},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[80];
		union config_value values[KEY_COUNT];
		snprintf(text, sizeof(text), "all: {%s: %s}\n", cases[i].key, cases[i].text);
		struct config *config = read_all(text, values);
		assert_int_equal(config_error_count(config), 0);
		int key = cases[i].key[0] == 'd' ? DURATION : cases[i].key[0] == 's' ? SIZE : RATE;
		assert_int_equal(values[key].integer, cases[i].value);
		config_free(config);
	}
}

/* One wrong value each: the message is exact, and the default stands in. */
static void test_wrong_values(void **state)
{
	(void)state;
	static const struct {
		const char *line, *error;
	} cases[] = {
	    {"integer: fast", "2:12: all.integer: 'fast' is not a number. Write e.g. 9600."},
	    {"integer: 0x10", "2:12: all.integer: '0x10' is not a number. Write e.g. 9600."},
	    {"integer: 12.5", "2:12: all.integer: '12.5' is not a whole number. Write e.g. 9600."},
	    {"integer: 0", "2:12: all.integer: 0 is too small. Write 1 or more."},
	    {"integer: 70000", "2:12: all.integer: 70000 is too large. Write 65535 or less."},
	    {"integer: 99999999999999999999",
	     "2:12: all.integer: '99999999999999999999' is not a whole number. Write e.g. 9600."},
	    {"integer: [1]", "2:3: all.integer: must be a single value, not a list."},
	    {"integer: {a: 1}", "2:3: all.integer: must be a single value, not keys of its own."},
	    {"integer:", "2:3: all.integer: has no value. Write one behind the colon, or take the line out."},
	    {"integer: ~", "2:3: all.integer: has no value. Write one behind the colon, or take the line out."},
	    {"integer:   ''", "2:14: all.integer: '' is not a number. Write e.g. 9600."},
	    {"number: nan", "2:11: all.number: 'nan' is not a number. Write e.g. 0.5."},
	    {"number: 1e3", "2:11: all.number: '1e3' is not a number. Write e.g. 0.5."},
	    {"number: 1.2.3", "2:11: all.number: '1.2.3' is not a number. Write e.g. 0.5."},
	    {"number: 2.51", "2:11: all.number: 2.51 is too large. Write 2.5 or less."},
	    {"flag: yes", "2:9: all.flag: 'yes' is neither true nor false. Write true or false."},
	    {"flag: 1", "2:9: all.flag: '1' is neither true nor false. Write true or false."},
	    {"duration: 30",
	     "2:13: all.duration: '30' is not a number with a unit (ms, s, min, h, d). Write e.g. 30 s."},
	    {"duration: 30 m",
	     "2:13: all.duration: '30 m' is not a number with a unit (ms, s, min, h, d). Write e.g. 30 s."},
	    {"duration: soon",
	     "2:13: all.duration: 'soon' is not a number with a unit (ms, s, min, h, d). Write e.g. 30 s."},
	    {"duration: 0", "2:13: all.duration: 0 is too small. Write 1 s or more."},
	    {"duration: 25 h", "2:13: all.duration: 25 h is too large. Write 1 d or less."},
	    {"duration: -3 s", "2:13: all.duration: -3 s is below zero."},
	    {"size: 1.5",
	     "2:9: all.size: '1.5' is not a number with a unit (B, kB, KiB, MB, MiB, GB, GiB). Write e.g. 8 MB."},
	    {"size: 2 GB", "2:9: all.size: 2 GB is too large. Write 1 GB or less."},
	    {"rate: 9600 baud",
	     "2:9: all.rate: '9600 baud' is not a number with a unit (bit/s, kbit/s, Mbit/s, Gbit/s). Write "
	     "e.g. 256 kbit/s."},
	    {"rate: 99999999999 Gbit/s", "2:9: all.rate: 99999999999 Gbit/s is too large."},
	    {"choice: gren", "2:11: all.choice: 'gren' is not one of: red, green, blue. Did you mean 'green'?"},
	    {"choice: 42", "2:11: all.choice: '42' is not one of: red, green, blue."},
	    {"token: a/b", "2:10: all.token: 'a/b' cannot be a name in topics. Use 1 to 32 of A-Z a-z 0-9 _ -."},
	    {"token: ''", "2:10: all.token: '' cannot be a name in topics. Use 1 to 32 of A-Z a-z 0-9 _ -."},
	    {"token: 'é'", "2:10: all.token: 'é' cannot be a name in topics. Use 1 to 32 of A-Z a-z 0-9 _ -."},
	    {"text: 12345678901", "2:9: all.text: the text has 11 bytes, allowed are 0 to 10."},
	    {"text: \"a\\tb\"", "2:9: all.text: a line break or control character cannot stand in this text."},
	    {"texts: SOS", "2:10: all.texts: must be a list: [one, two] or a line with '- ' for each."},
	    {"texts: [SOS, 123456789]", "2:16: all.texts[2]: the text has 9 bytes, allowed are 1 to 8."},
	    {"texts: [SOS, [x]]", "2:16: all.texts[2]: must be a text."},
	    {"texts: ['']", "2:11: all.texts[1]: the text is empty. Words."},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[120];
		union config_value values[KEY_COUNT];
		snprintf(text, sizeof(text), "all:\n  %s\n", cases[i].line);
		struct config *config = read_all(text, values);
		assert_error(config, 0, cases[i].error);
		assert_int_equal(config_error_count(config), 1);
		if (cases[i].line[0] != 't' || cases[i].line[4] != 's')
			assert_fallbacks(values);
		config_free(config);
	}
}

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
	     "2:3: all.nothing_like_it: unknown key. The settings there are stand in config/cresset.yaml."},
	    {"al:\n  text: 77\n", "1:1: al: unknown key. Did you mean 'all'?"},
	    {"all:\n  \"a\\nb\\e\": 1\n",
	     "2:3: all.a?b?: unknown key. The settings there are stand in config/cresset.yaml."},
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

static char *repeat(const char *piece, size_t count, size_t *size)
{
	size_t length = strlen(piece);
	char *text = malloc(length * count + 1);
	assert_non_null(text);
	for (size_t i = 0; i < count; i++)
		memcpy(text + i * length, piece, length);
	*size = length * count;
	text[*size] = '\0';
	return text;
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

/* Errors come in the order of the lines, whatever the order of reading. */
static void test_order(void **state)
{
	(void)state;
	static const char text[] = "b: {integer: x}\n\na:\n  integer: 0\n  intger: 1\n";
	union config_value value;
	struct config *config = load(text, sizeof(text) - 1);
	struct config_node *root = config_root(config);
	config_read(config, config_section(config, root, "a"), &keys[INTEGER], 1, &value);
	config_read(config, config_section(config, root, "b"), &keys[INTEGER], 1, &value);
	config_read(config, config_section(config, root, "c"), &required, 1, &value);
	config_finish(config);
	assert_int_equal(config_error_count(config), 4);
	assert_error(config, 0, "1:1: c.callsign: must be given: the call sign, e.g. N0CALL-10.");
	assert_error(config, 1, "1:14: b.integer: 'x' is not a number. Write e.g. 9600.");
	assert_error(config, 2, "4:12: a.integer: 0 is too small. Write 1 or more.");
	assert_error(config, 3, "5:3: a.intger: unknown key. Did you mean 'integer'?");
	config_free(config);
}

static void test_items(void **state)
{
	(void)state;
	static const char text[] =
	    "radios:\n  vhf:\n    callsign: N0CALL\n  uhf:\n  hf: 7\nbrokers:\n  - callsign: A\n  - b\n  "
	    "- calsign: C\nlist: {}\nmapping: []\n";
	struct config *config = load(text, sizeof(text) - 1);
	struct config_node *root = config_root(config);
	union config_value value;
	struct config_node *item = config_mapping(config, root, "radios");
	assert_string_equal(config_name(item), "vhf");
	assert_int_equal(config_line(item), 2);
	assert_true(config_has(item, "callsign"));
	assert_false(config_has(item, "baud"));
	config_read(config, item, &required, 1, &value);
	assert_string_equal(value.text, "N0CALL");
	item = config_next(config, item);
	assert_string_equal(config_name(item), "uhf");
	config_read(config, item, &required, 1, &value);
	assert_string_equal(value.text, "");
	assert_null(config_next(config, item));
	item = config_list(config, root, "brokers");
	assert_string_equal(config_name(item), "");
	config_read(config, item, &required, 1, &value);
	item = config_next(config, item);
	config_read(config, item, &required, 1, &value);
	config_error(config, item, NULL, "number %d", 3);
	config_warning(config, item, "calsign", "worth a look");
	assert_null(config_next(config, item));
	assert_null(config_list(config, root, "list"));
	assert_null(config_mapping(config, root, "mapping"));
	assert_null(config_list(config, root, "absent"));
	config_refuse(config, root, "absent", "not reached");
	config_finish(config);
	assert_error(config, 0, "4:3: radios.uhf.callsign: must be given: the call sign, e.g. N0CALL-10.");
	assert_error(config, 1, "5:7: radios.hf: must have keys of its own: 'key: value', a line each.");
	assert_error(config, 2, "8:5: brokers[2]: must have keys of its own: 'key: value', a line each.");
	assert_error(config, 3, "9:5: brokers[3].callsign: must be given: the call sign, e.g. N0CALL-10.");
	assert_error(config, 4, "9:5: brokers[3]: number 3");
	assert_error(config, 5, "9:5: brokers[3].calsign: unknown key. Did you mean 'callsign'?");
	assert_error(config, 6, "10:1: list: must be a list: each item begins with '- ' on a line below it.");
	assert_error(config, 7,
		     "11:1: mapping: must be a mapping: 'name:' on a line below it, and its keys below that.");
	assert_int_equal(config_error_count(config), 8);
	assert_int_equal(config_warning_count(config), 1);
	assert_string_equal(without_path(config_warning_text(config, 0)), "9:14: brokers[3].calsign: worth a look");
	config_free(config);
}

static void test_refuse(void **state)
{
	(void)state;
	static const char text[] = "all:\n  password: {a: b}\n  text: x\n";
	union config_value values[KEY_COUNT];
	struct config *config = load(text, sizeof(text) - 1);
	struct config_node *all = config_section(config, config_root(config), "all");
	config_refuse(config, all, "password", "stands in a file of its own.");
	config_read(config, all, keys, KEY_COUNT, values);
	config_finish(config);
	assert_int_equal(config_error_count(config), 1);
	assert_error(config, 0, "2:3: all.password: stands in a file of its own.");
	config_free(config);
}

/* Long keys and values are cut in messages, between characters. */
static void test_long_words(void **state)
{
	(void)state;
	size_t size;
	char *word = repeat("é", 1000, &size);
	char text[2200];
	snprintf(text, sizeof(text), "all: {integer: %s}\n", word);
	union config_value values[KEY_COUNT];
	struct config *config = read_all(text, values);
	assert_error(config, 0, "1:16: all.integer: 'éééééééééééééééééééé...' is not a number. Write e.g. 9600.");
	config_free(config);
	free(word);
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
	    cmocka_unit_test(test_defaults),     cmocka_unit_test(test_values),      cmocka_unit_test(test_units),
	    cmocka_unit_test(test_wrong_values), cmocka_unit_test(test_wrong_files), cmocka_unit_test(test_syntax),
	    cmocka_unit_test(test_zero_byte),    cmocka_unit_test(test_too_much),    cmocka_unit_test(test_many_keys),
	    cmocka_unit_test(test_many_errors),  cmocka_unit_test(test_alias_bomb),  cmocka_unit_test(test_unreadable),
	    cmocka_unit_test(test_order),        cmocka_unit_test(test_items),       cmocka_unit_test(test_refuse),
	    cmocka_unit_test(test_long_words),   cmocka_unit_test(test_line_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
