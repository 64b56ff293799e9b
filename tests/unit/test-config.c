/* The configuration reader: every type, and every error of a value with its line, column and path. */
#include "tests/unit/config-fixture.h"

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

static const struct {
	const char *line, *error;
} wrong_values[] = {
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
    {"duration: 30", "2:13: all.duration: '30' is not a number with a unit (ms, s, min, h, d). Write e.g. 30 s."},
    {"duration: 30 m", "2:13: all.duration: '30 m' is not a number with a unit (ms, s, min, h, d). Write e.g. 30 s."},
    {"duration: soon", "2:13: all.duration: 'soon' is not a number with a unit (ms, s, min, h, d). Write e.g. 30 s."},
    {"duration: 0", "2:13: all.duration: 0 is too small. Write 1 s or more."},
    {"duration: 25 h", "2:13: all.duration: 25 h is too large. Write 1 d or less."},
    {"duration: -3 s", "2:13: all.duration: -3 s is below zero."},
    {"size: 1.5", "2:9: all.size: '1.5' is not a number with a unit (B, kB, KiB, MB, MiB, GB, GiB). Write e.g. 8 MB."},
    {"size: 2 GB", "2:9: all.size: 2 GB is too large. Write 1 GB or less."},
    {"rate: 9600 baud", "2:9: all.rate: '9600 baud' is not a number with a unit (bit/s, kbit/s, Mbit/s, Gbit/s). Write "
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
    {"texts: ['']", "2:11: all.texts[1]: must not be empty: Words."},
};

/* One wrong value each: the message is exact, and the default stands in. */
static void test_wrong_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(wrong_values) / sizeof(wrong_values[0]); i++) {
		char text[120];
		union config_value values[KEY_COUNT];
		snprintf(text, sizeof(text), "all:\n  %s\n", wrong_values[i].line);
		struct config *config = read_all(text, values);
		assert_error(config, 0, wrong_values[i].error);
		assert_int_equal(config_error_count(config), 1);
		if (wrong_values[i].line[0] != 't' || wrong_values[i].line[4] != 's')
			assert_fallbacks(values);
		config_free(config);
	}
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),     cmocka_unit_test(test_values),     cmocka_unit_test(test_units),
	    cmocka_unit_test(test_wrong_values), cmocka_unit_test(test_order),      cmocka_unit_test(test_items),
	    cmocka_unit_test(test_refuse),       cmocka_unit_test(test_long_words),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
