/* The commented example with the real drivers: it is complete, it loads, and it tells the truth about the defaults. */
#include <ctype.h>
#include <dirent.h>
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

#include "gateway/settings.h"
#include "gateway/settings_keys.h"

static const char example_path[] = CRESSET_SOURCE_DIR "/config/cresset.yaml";
static const char boards_path[] = CRESSET_SOURCE_DIR "/config/boards";

/* Needs no free(): lives as long as the test program. */
static char *example(void)
{
	static char text[64 * 1024];
	FILE *file = fopen(example_path, "re");
	assert_non_null(file);
	size_t size = fread(text, 1, sizeof(text) - 1, file);
	assert_true(size > 0 && size < sizeof(text) - 1);
	fclose(file);
	text[size] = '\0';
	return text;
}

/* "#key: value" is a setting that is switched off, "#- key: value" one that begins a list item; "# text" is a remark. Takes away the
 * marks of the first kind. */
static char *switched_on(void)
{
	static char text[64 * 1024];
	char *to = text;
	for (const char *from = example(); *from; from++)
		if (*from != '#' || (!islower((unsigned char)from[1]) && from[1] != '-'))
			*to++ = *from;
	*to = '\0';
	return text;
}

static int memory_file(const char *text, char *path, size_t path_size)
{
	int fd = memfd_create("settings", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	snprintf(path, path_size, "/proc/self/fd/%d", fd);
	return fd;
}

static struct settings *load(const char *text)
{
	char path[64];
	int fd = memory_file(text, path, sizeof(path));
	struct settings *settings = settings_load(path);
	assert_non_null(settings);
	close(fd);
	return settings;
}

static struct config *load_config(const char *text)
{
	char path[64];
	int fd = memory_file(text, path, sizeof(path));
	struct config *config = config_load(path);
	assert_non_null(config);
	assert_int_equal(config_error_count(config), 0);
	close(fd);
	return config;
}

static void print_errors(const struct settings *settings)
{
	for (size_t i = 0; i < settings_error_count(settings); i++)
		print_error("%s\n", settings_error(settings, i));
}

static void test_loads(void **state)
{
	(void)state;
	struct settings *settings = settings_load(example_path);
	assert_non_null(settings);
	print_errors(settings);
	assert_int_equal(settings_error_count(settings), 0);
	assert_int_equal(settings_warning_count(settings), 0);
	assert_int_equal(settings->radio_count, 1);
	assert_int_equal(settings->uplink.broker_count, 1);
	settings_free(settings);
}

static void test_check(void **state)
{
	(void)state;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert_int_equal(settings_check(example_path, out), 0);
	fclose(out);
	char expected[sizeof(example_path) + 64];
	snprintf(expected, sizeof(expected), "%s: fine: 1 radio, 1 broker\n", example_path);
	assert_string_equal(text, expected);
	free(text);
}

/* Switched on, the example's only errors are files that are not there, whatever this machine has in /etc/cresset. */
static void test_switched_on(void **state)
{
	(void)state;
	char *text = switched_on();
	for (char *at = text; (at = strstr(at, "/etc/cresset"));)
		memcpy(at, "/nil", strlen("/etc"));
	struct settings *settings = load(text);
	for (size_t i = 0; i < settings_error_count(settings); i++) {
		const char *error = settings_error(settings, i);
		bool file = strstr(error, "No such file or directory") ||
			    strstr(error, "has no use without 'tls: true'");
		if (!file)
			print_error("%s\n", error);
		assert_true(file);
	}
	assert_int_equal(settings->classify.rule_count, 3);
	assert_int_equal(settings->panel.contact_count, 1);
	assert_int_equal(settings->station_count, 1);
	settings_free(settings);
}

/* A table of the settings file or of a driver, and the mappings it is read from. */
struct table {
	const char *place;
	const struct config_key *keys;
	size_t count;
};

static struct config_node *walk(struct config *config, const char *place, const char **rest)
{
	struct config_node *node = config_root(config);
	while (*place) {
		char name[32];
		size_t size = strcspn(place, ".[");
		assert_true(size < sizeof(name));
		snprintf(name, sizeof(name), "%.*s", (int)size, place);
		place += size;
		if (strncmp(place, "[]", 2) == 0) {
			*rest = "";
			return config_list(config, node, name);
		}
		if (strncmp(place, ".*", 2) == 0) {
			*rest = place + 2 + (place[2] == '.');
			return config_mapping(config, node, name);
		}
		node = config_section(config, node, name);
		place += *place == '.';
	}
	*rest = NULL;
	return node;
}

typedef void visit_fn(struct config *config, struct config_node *node, const struct table *table);

static void visit_table(struct config *config, const struct table *table, visit_fn *visit)
{
	const char *rest;
	struct config_node *node = walk(config, table->place, &rest);
	assert_non_null(node);
	if (rest && *rest)
		node = config_section(config, node, rest);
	visit(config, node, table);
}

static enum config_type type_of(enum driver_key_type type)
{
	static const enum config_type types[] = {
	    [KEY_TEXT] = CONFIG_TEXT, [KEY_INTEGER] = CONFIG_INTEGER, [KEY_NUMBER] = CONFIG_NUMBER,
	    [KEY_FLAG] = CONFIG_FLAG, [KEY_CHOICE] = CONFIG_CHOICE,
	};
	return types[type];
}

/* The first radio of the example that has settings of that driver, NULL = none has. */
static struct config_node *radio_with(struct config *config, const char *driver)
{
	struct config_node *radio = config_mapping(config, config_root(config), "radios");
	while (radio && !config_has(radio, driver))
		radio = config_next(config, radio);
	return radio;
}

static void visit_driver(struct config *config, const char *name, const struct driver_key *keys, size_t count,
			 visit_fn *visit)
{
	struct config_key table_keys[64];
	char place[64];
	assert_true(count <= 64);
	snprintf(place, sizeof(place), "radios.*.%s", name);
	for (size_t i = 0; i < count; i++)
		table_keys[i] = (struct config_key){
		    .name = keys[i].name,
		    .type = type_of(keys[i].type),
		    .min = keys[i].min,
		    .max = keys[i].max,
		    .fallback = keys[i].fallback,
		    .choices = keys[i].choices,
		    .help = keys[i].help,
		};
	struct config_node *radio = radio_with(config, name);
	if (!radio)
		fail_msg("no radio of the example has settings of %s", name);
	visit(config, config_section(config, radio, name), &(struct table){place, table_keys, count});
}

static void visit_all(struct config *config, visit_fn *visit)
{
	for (const struct settings_table *table = settings_tables; table->keys; table++)
		visit_table(config, &(struct table){table->place, table->keys, table->count}, visit);
	for (const struct modem_ops *const *modem = modem_all(); *modem; modem++)
		visit_driver(config, (*modem)->name, (*modem)->keys, (*modem)->key_count, visit);
	for (const struct air_ops *const *air = air_all(); *air; air++)
		visit_driver(config, (*air)->name, (*air)->keys, (*air)->key_count, visit);
}

static void has_all(struct config *config, struct config_node *node, const struct table *table)
{
	(void)config;
	for (size_t i = 0; i < table->count; i++) {
		/* What a rule becomes is either a kind or a class, and a line stands alone: the other rules of the example show these. */
		if (table->keys == rule_keys && (i == RULE_CLASS || i == RULE_LINE))
			continue;
		/* What not every radio has is with one of the others. */
		if (table->keys == board_keys || (table->keys == radio_keys && i >= RADIO_CONTROL))
			continue;
		if (!config_has(node, table->keys[i].name))
			fail_msg("%s.%s is not in the example", table->place, table->keys[i].name);
		assert_non_null(table->keys[i].help);
	}
}

static void test_every_key_is_there(void **state)
{
	(void)state;
	struct config *config = load_config(switched_on());
	visit_all(config, has_all);
	struct config_node *second = config_next(config, config_list(config, config_root(config), "rules"));
	assert_true(config_has(second, "class"));
	assert_true(config_has(config_next(config, second), "line"));
	struct config_node *board = radio_with(config, "ebyte-e22");
	assert_true(config_has(board, board_keys[0].name));
	struct config_node *control = radio_with(config, "sa818");
	for (size_t i = RADIO_CONTROL; i < RADIO_KEYS; i++)
		assert_true(config_has(control, radio_keys[i].name));
	config_free(config);
}

static bool same(const struct config_key *key, union config_value one, union config_value other)
{
	switch (key->type) {
	case CONFIG_TEXT:
	case CONFIG_TOKEN:
		return strcmp(one.text, other.text) == 0;
	case CONFIG_NUMBER:
		return one.number == other.number;
	case CONFIG_FLAG:
		return one.flag == other.flag;
	case CONFIG_TEXTS:
		for (size_t i = 0;; i++) {
			if (!one.texts[i] || !other.texts[i])
				return one.texts[i] == other.texts[i];
			if (strcmp(one.texts[i], other.texts[i]) != 0)
				return false;
		}
	default:
		return one.integer == other.integer;
	}
}

/* Rules and stations are examples of lists that are empty by default. */
static void equals_default(struct config *config, struct config_node *node, const struct table *table)
{
	union config_value values[64], defaults[64];
	bool list_example = table->keys == rule_keys || table->keys == station_keys;
	assert_true(table->count <= 64);
	config_read(config, node, table->keys, table->count, values);
	config_read(config, config_section(config, node, "never-there"), table->keys, table->count, defaults);
	for (size_t i = 0; i < table->count && !list_example; i++) {
		const char *fallback = table->keys[i].fallback;
		bool derived = fallback && !fallback[0] && table->keys[i].type != CONFIG_TEXTS;
		if (fallback && !derived && !same(&table->keys[i], values[i], defaults[i]))
			fail_msg("%s.%s is not the default, %s", table->place, table->keys[i].name, fallback);
	}
}

static void test_values_are_defaults(void **state)
{
	(void)state;
	struct config *config = load_config(switched_on());
	visit_all(config, equals_default);
	config_free(config);
}

/* Those whose default is made of other settings: left out, they come to what the example says. */
static void test_derived_defaults(void **state)
{
	(void)state;
	struct settings *full = load(example());
	struct settings *least = load("gateway: {name: base1, operation: demo}\n"
				      "uplink: {brokers: [{host: 127.0.0.1}]}\n");
	assert_int_equal(settings_error_count(least), 0);
	assert_string_equal(full->uplink.client_id, least->uplink.client_id);
	assert_string_equal(full->store.path, least->store.path);
	assert_int_equal(full->uplink.brokers[0].port, least->uplink.brokers[0].port);
	assert_memory_equal(full->schedule.weight, least->schedule.weight, sizeof(full->schedule.weight));
	assert_memory_equal(full->classify.expiry_ms, least->classify.expiry_ms, sizeof(full->classify.expiry_ms));
	settings_free(full);
	settings_free(least);
}

/* Whether the line at `from` is a setting; then the place and length of its key. */
static bool key_of_line(const char *from, size_t *at, size_t *size)
{
	*at = strspn(from, " -");
	*size = strspn(from + *at, "abcdefghijklmnopqrstuvwxyz_");
	return *size > 0 && from[*at + *size] == ':';
}

/* Whether some error is about the misspelt key, and says the right one. Names of radios may be anything. */
static bool suggested(const struct settings *settings, const char *wrong, const char *right)
{
	char tail[128];
	snprintf(tail, sizeof(tail), "%s: unknown key. Did you mean '%s'?", wrong, right);
	for (size_t i = 0; i < settings_error_count(settings); i++) {
		const char *error = settings_error(settings, i);
		size_t size = strlen(error);
		if (size > strlen(tail) && strcmp(error + size - strlen(tail), tail) == 0)
			return true;
	}
	return false;
}

static void misspell(const char *text, size_t at, size_t size)
{
	char changed[64 * 1024], wrong[40], right[40];
	snprintf(right, sizeof(right), "%.*s", (int)size, text + at);
	snprintf(wrong, sizeof(wrong), "%.*sx", (int)size, text + at);
	snprintf(changed, sizeof(changed), "%.*s%s%s", (int)at, text, wrong, text + at + size);
	struct settings *settings = load(changed);
	if (!suggested(settings, wrong, right)) {
		print_errors(settings);
		fail_msg("'%s' was not suggested for '%s'", right, wrong);
	}
	settings_free(settings);
}

static bool is_radio(const char *key)
{
	return strncmp(key, "vhf:", 4) == 0 || strncmp(key, "fire:", 5) == 0 || strncmp(key, "lora:", 5) == 0;
}

static void test_every_misspelling(void **state)
{
	(void)state;
	const char *text = switched_on();
	size_t count = 0, at, size;
	for (const char *line = text; *line; line += strcspn(line, "\n") + 1) {
		if (!key_of_line(line, &at, &size) || is_radio(line + at))
			continue;
		misspell(text, (size_t)(line - text) + at, size);
		count++;
	}
	assert_true(count > 70);
}

/* Without a key that must be given, the error names it. */
static void test_required(void **state)
{
	(void)state;
	static const char *const required[] = {"\n  name: base1\n", "\n  operation: demo\n",
					       "\n    device: /dev/ttyUSB0\n", "\n    modem: kiss\n",
					       "\n    air: aprs\n"};
	for (size_t i = 0; i < sizeof(required) / sizeof(required[0]); i++) {
		char text[64 * 1024], *place, key[40];
		snprintf(text, sizeof(text), "%s", example());
		place = strstr(text, required[i]);
		assert_non_null(place);
		assert_int_equal(sscanf(place, " %39[a-z_]", key), 1);
		memmove(place, place + strlen(required[i]) - 1, strlen(place + strlen(required[i]) - 1) + 1);
		struct settings *settings = load(text);
		char expected[80];
		snprintf(expected, sizeof(expected), ".%s: must be given: ", key);
		assert_int_equal(settings_error_count(settings), 1);
		assert_non_null(strstr(settings_error(settings, 0), expected));
		settings_free(settings);
	}
}

/* Each is complete but for the air, with the drivers there are. */
static void test_boards(void **state)
{
	(void)state;
	size_t count = 0;
	DIR *directory = opendir(boards_path);
	assert_non_null(directory);
	for (struct dirent *entry; (entry = readdir(directory));) {
		size_t size = strlen(entry->d_name);
		if (size < 5 || strcmp(entry->d_name + size - 5, ".yaml") != 0)
			continue;
		char text[512];
		snprintf(text, sizeof(text),
			 "gateway: {name: base1, operation: demo}\nradios: {a: {board: %.*s, air: field}}\n",
			 (int)(size - 5), entry->d_name);
		struct settings *settings = load(text);
		print_errors(settings);
		assert_int_equal(settings_error_count(settings), 0);
		assert_non_null(settings->radios[0].modem);
		char name[64];
		snprintf(name, sizeof(name), "%.*s", (int)(size - 5), entry->d_name);
		if (!strstr(example(), name))
			fail_msg("the example does not name the board %s", name);
		settings_free(settings);
		count++;
	}
	closedir(directory);
	assert_true(count >= 2);
}

int main(void)
{
	setenv("CRESSET_BOARDS", boards_path, 1);
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_loads),
	    cmocka_unit_test(test_check),
	    cmocka_unit_test(test_switched_on),
	    cmocka_unit_test(test_every_key_is_there),
	    cmocka_unit_test(test_values_are_defaults),
	    cmocka_unit_test(test_derived_defaults),
	    cmocka_unit_test(test_every_misspelling),
	    cmocka_unit_test(test_required),
	    cmocka_unit_test(test_boards),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
