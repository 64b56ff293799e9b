/* The configuration file: YAML checked against tables, every error with file, line and key. Knows no drivers: tables are handed in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct config_node;

enum config_type {
	CONFIG_TEXT,  /* max = bytes */
	CONFIG_TOKEN, /* A-Z a-z 0-9 _ -, 1-32: names that become parts of topics */
	CONFIG_INTEGER,
	CONFIG_NUMBER,
	CONFIG_FLAG,     /* true, false */
	CONFIG_DURATION, /* "500 ms", "30 s", "10 min", "24 h", "7 d" -> milliseconds */
	CONFIG_SIZE,     /* "512 kB", "64 MB" -> bytes */
	CONFIG_CHOICE,
	CONFIG_TEXTS, /* a list of texts */
};

struct config_key {
	const char *name;
	enum config_type type;
	double min, max;      /* in the unit of the value; 0,0 = no limit */
	const char *fallback; /* as it would stand in the file; NULL = must be given; "" with CONFIG_TEXT = empty */
	const char *const *choices; /* CONFIG_CHOICE, NULL-terminated */
	const char *help;           /* one line */
};

union config_value {
	const char *text; /* lives as long as the config */
	int64_t integer;  /* INTEGER, DURATION (ms), SIZE (bytes), CHOICE (index) */
	double number;
	bool flag;
	const char *const *texts; /* NULL-terminated */
};

/* Reads and parses the file. Even if it fails a config is returned (NULL only when out of memory) so that errors can be printed. */
struct config *config_load(const char *path);
void config_free(struct config *config);

/* The top mapping, and sections below. A section that is missing is NULL, and reading it gives the defaults. */
const struct config_node *config_root(const struct config *config);
const struct config_node *config_section(struct config *config, const struct config_node *node, const char *name);
/* A list of mappings ("radios:", "brokers:"): number of items and each of them. A mapping of mappings ("vhf: {...}") counts too; then
 * config_item_name is its key. */
size_t config_items(struct config *config, const struct config_node *node, const char *name);
const struct config_node *config_item(struct config *config, const struct config_node *node, const char *name,
				      size_t index);

/* Reads the keys of a table out of a mapping into values (one for each key). Wrong types, ranges and missing keys become errors; the
 * default then stands in. Several tables may be read out of one mapping. */
void config_read(struct config *config, const struct config_node *node, const struct config_key *keys, size_t count,
		 union config_value *values);

/* Says of every key in the whole file that no table or section asked for: unknown, with the nearest known one as suggestion. Call last. */
void config_finish(struct config *config);

/* Adds an error of the caller's at a node (and key, NULL = the node itself), e.g. two radios with one device. */
void config_error(struct config *config, const struct config_node *node, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Errors so far, in the order of their lines: "cresset.yaml:14:9: radios.vhf.baud: 9601 is not ...". NULL after the last. */
size_t config_error_count(const struct config *config);
const char *config_error_text(const struct config *config, size_t index);
