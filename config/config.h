/* The configuration file: YAML checked against tables, every error with file, line and key. Knows no drivers: tables are handed in. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct config;
struct config_node;

enum {
	CONFIG_BYTES_MAX = 1 << 20, /* of a file */
	CONFIG_DEPTH_MAX = 16,      /* mappings and lists inside one another */
	CONFIG_NODES_MAX = 50000,   /* mappings, lists and values in a file */
	CONFIG_KEYS_MAX = 1000,     /* in one mapping */
	CONFIG_TOKEN_MAX = 32,      /* characters of a token whose key gives no other limit */
	CONFIG_ERRORS_MAX = 100,    /* kept; the rest is only counted */
};

enum config_type {
	CONFIG_TEXT,    /* min and max = bytes */
	CONFIG_TOKEN,   /* A-Z a-z 0-9 _ -: names that become parts of topics; max = characters, 0 = CONFIG_TOKEN_MAX */
	CONFIG_INTEGER, /* decimal */
	CONFIG_NUMBER,  /* decimal, may have a point */
	CONFIG_FLAG,    /* true, false */
	CONFIG_DURATION, /* "500 ms", "30 s", "10 min", "24 h", "7 d", "0" -> milliseconds; a word of `choices` stands for 0 */
	CONFIG_SIZE,   /* "512 kB", "64 MB", "16 MiB", "0" -> bytes */
	CONFIG_RATE,   /* "9600 bit/s", "256 kbit/s", "2 Mbit/s", "0" -> bits a second */
	CONFIG_CHOICE, /* one of `choices`, in any case */
	CONFIG_TEXTS,  /* a list of texts, max = bytes of each */
};

struct config_key {
	const char *name;
	enum config_type type;
	double min, max; /* in the unit of the value, both included; 0, 0 = no limit */
	const char
	    *fallback; /* as it would stand in the file; NULL = must be given; "" with TEXT, TOKEN, TEXTS = empty;
			       * TEXTS: joined by ", " */
	const char *const *choices; /* NULL-terminated */
	const char *help;           /* one line */
};

union config_value {
	const char *text; /* lives as long as the config */
	int64_t integer;  /* INTEGER, DURATION (ms), SIZE (bytes), RATE (bit/s), CHOICE (index) */
	double number;
	bool flag;
	const char *const *texts; /* NULL-terminated */
};

/* Reads and parses the file. Even if it fails a config is returned (NULL only when out of memory) so that errors can be printed. A file
 * that is no YAML has that one error and none that would only follow from it. Nothing is written to stderr. */
struct config *config_load(const char *path);
void config_free(struct config *config);

/* Zeroed memory that lives as long as the config. NULL: out of memory, which then is an error of the config, too. */
void *config_keep(struct config *config, size_t size);

/* Names and tables that are handed to the functions below must live until config_finish. */

/* The top mapping, and sections below. A section that is missing comes back empty: reading it gives the defaults. Never NULL. */
struct config_node *config_root(struct config *config);
struct config_node *config_section(struct config *config, struct config_node *node, const char *name);

/* The first mapping of a list of mappings ("brokers:"), or of a mapping of mappings ("radios: {vhf: ...}"), and the next one; NULL =
 * no more. What is no mapping becomes an error and is left out. */
struct config_node *config_list(struct config *config, struct config_node *node, const char *name);
struct config_node *config_mapping(struct config *config, struct config_node *node, const char *name);
struct config_node *config_next(struct config *config, struct config_node *item);

/* The key a mapping stands under ("vhf"), "" in a list; and the line it begins in, 0 = it does not stand in the file. */
const char *config_name(const struct config_node *node);
unsigned config_line(const struct config_node *node);

/* Whether the file has that key. Says nothing about its value. */
bool config_has(const struct config_node *node, const char *key);

/* Lays the keys of another file under this mapping: each that the mapping does not have itself, also inside mappings that both have. An
 * error in the other file names it; one that cannot be read or is no YAML has only that error. */
void config_lay_under(struct config *config, struct config_node *node, const char *path);

/* An error was said that explains whatever is missing in this mapping: it is not said as well. */
void config_incomplete(struct config_node *node);

/* Reads the keys of a table out of a mapping into values (one for each key). Wrong types, ranges and missing keys become errors; the
 * default, or zero and "", then stands in. Several tables may be read out of one mapping. */
void config_read(struct config *config, struct config_node *node, const struct config_key *keys, size_t count,
		 union config_value *values);

/* If the mapping has this key, that is an error with the given reason instead of "unknown key". */
void config_refuse(struct config *config, struct config_node *node, const char *key, const char *reason);

/* The key is known, but nothing can be said about what stands below it. */
void config_skip(struct config *config, struct config_node *node, const char *key);

/* Checks a text that is no value, like the name of a radio, as if it were one: false with an error at the node. */
bool config_check(struct config *config, const struct config_node *node, const struct config_key *key,
		  const char *text);

/* Says of every key in the whole file that no table or section asked for: unknown, with the nearest known one as suggestion. Call last. */
void config_finish(struct config *config);

/* Adds an error of the caller's at a node (and key, NULL = the node itself), e.g. two radios with one device. The text gets file, place
 * and path in front: "cresset.yaml:14:9: radios.vhf.device: ...". A warning does not keep the file from being used. */
void config_error(struct config *config, const struct config_node *node, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void config_warning(struct config *config, const struct config_node *node, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds the error that the value of this key is none of the words (NULL-terminated), with the nearest as suggestion; for words that are
 * only known when the file is read. */
void config_error_choice(struct config *config, const struct config_node *node, const char *key, const char *text,
			 const char *const *words);

/* Errors and warnings so far, in the order of their lines. NULL after the last. */
size_t config_error_count(const struct config *config);
const char *config_error_text(const struct config *config, size_t index);
size_t config_warning_count(const struct config *config);
const char *config_warning_text(const struct config *config, size_t index);
