/* Any bytes as a settings file, read against the tables of the real one: errors are lines of text with a place, and nothing is lost. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config/config.h"
#include "gateway/settings_keys.h"

/* libfyaml 0.7 loses a kilobyte of its own on some broken quoted keys. The file is read once at the start and ends in errors then; leaks
 * of our own are still found. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEYS_MAX = 32 };

static void require(bool good)
{
	if (!good)
		abort();
}

static void read_table(struct config *config, struct config_node *node, const struct settings_table *table)
{
	union config_value values[KEYS_MAX];
	require(table->count <= KEYS_MAX);
	config_read(config, node, table->keys, table->count, values);
	for (size_t i = 0; i < table->count; i++) {
		const struct config_key *key = &table->keys[i];
		if (key->type == CONFIG_TEXT || key->type == CONFIG_TOKEN)
			require(values[i].text && strlen(values[i].text) <= 1024);
		if (key->type == CONFIG_CHOICE)
			require(values[i].integer >= 0 && key->choices[values[i].integer]);
		if (key->type == CONFIG_INTEGER && key->fallback)
			require((double)values[i].integer >= key->min && (double)values[i].integer <= key->max);
	}
}

static void read_place(struct config *config, const struct settings_table *table)
{
	enum { PLACE_MAX = 64 };
	char *place = config_keep(config, PLACE_MAX), *name = place, *dot;
	struct config_node *node = config_root(config);
	require(place != NULL);
	snprintf(place, PLACE_MAX, "%s", table->place);
	char *list = strstr(place, "[]");
	if (list)
		*list = '\0';
	while ((dot = strchr(name, '.')) && dot[1] != '*') {
		*dot = '\0';
		node = config_section(config, node, name);
		name = dot + 1;
	}
	if (!list && !dot) {
		read_table(config, *name ? config_section(config, node, name) : node, table);
		return;
	}
	if (dot)
		*dot = '\0';
	node = list ? config_list(config, node, name) : config_mapping(config, node, name);
	for (; node; node = config_next(config, node))
		read_table(config, node, table);
}

static void check_lines(const struct config *config)
{
	require(config_error_count(config) <= CONFIG_ERRORS_MAX + 1);
	for (size_t i = 0; i < config_error_count(config); i++)
		for (const char *at = config_error_text(config, i); *at; at++)
			require((unsigned char)*at >= 0x20 && *at != 0x7f);
	require(config_error_text(config, config_error_count(config)) == NULL);
}

static int open_memory(char *path, size_t size)
{
	int fd = memfd_create("settings", MFD_CLOEXEC);
	require(fd >= 0);
	snprintf(path, size, "/proc/self/fd/%d", fd);
	return fd;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char path[64];
	static int fd = -1;
	if (fd < 0)
		fd = open_memory(path, sizeof(path));
	require(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size);
	struct config *config = config_load(path);
	require(config != NULL);
	for (const struct settings_table *table = settings_tables; table->keys; table++)
		read_place(config, table);
	config_finish(config);
	check_lines(config);
	config_free(config);
	return 0;
}
