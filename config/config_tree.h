/* What the parts of the configuration reader share: the tree of the file, notes about it, and values from texts. */
#pragma once

#include <stdarg.h>

#include "config/config.h"

struct config_mark {
	unsigned line, column; /* from 1; 0 = does not stand in the file */
	const char *file;      /* NULL = the settings file itself */
};

enum config_form {
	CONFIG_EMPTY,   /* nothing after the colon, ~ or null; and sections that are missing */
	CONFIG_SCALAR,  /* text */
	CONFIG_MAPPING, /* children with keys */
	CONFIG_LIST,    /* children without */
	CONFIG_INVALID, /* already said to be wrong: reads as its default, without a second error */
};

/* Names that were asked for in a mapping: a table, or one name of a section. */
struct config_known {
	struct config_known *next;
	const struct config_key *keys;
	size_t count;
	const char *name;
};

struct config_node {
	enum config_form form;
	struct config_mark at, key_at;
	struct config_node *parent, *first, *last, *next;
	size_t index, count; /* place among the parent's children from 1; number of own children */
	const char *key;     /* NULL in a list and for the top mapping */
	const char *text;    /* CONFIG_SCALAR */
	struct config_known *known;
	bool refused; /* while it is read: becomes CONFIG_INVALID at its end */
	bool asked;   /* somebody knows this key; its own keys are looked at only if `known` has any */
};

struct config_note {
	struct config_mark at;
	char *text;
};

struct config_notes {
	struct config_note note[CONFIG_ERRORS_MAX];
	size_t count, more; /* kept, and only counted */
	char more_text[64];
};

struct config_block {
	struct config_block *next;
	max_align_t bytes[];
};

struct config {
	const char *path;
	struct config_node root;
	struct config_node nowhere; /* stands in for sections when memory ran out */
	struct config_block *blocks;
	struct config_notes errors, warnings;
	bool broken; /* the file could not be read to its end: what is missing in the tree is not missing in the file */
	bool out_of_memory;
};

/* Copies of texts, NULL when out of memory. */
char *config_keep_text(struct config *config, const char *text, size_t size);
struct config_node *config_child(const struct config_node *node, const char *key);

/* Fills the tree from the file. Failures become errors of the config and leave an empty top mapping, `broken` set. */
void config_read_file(struct config *config);

/* Makes the tree out of YAML text. */
void config_parse(struct config *config, const char *text, size_t size);

/* A note at a place; without one (line 0) only the file's name stands in front. path NULL = none. */
void config_note(struct config *config, struct config_notes *notes, struct config_mark at, const char *path,
		 const char *format, va_list arguments);
/* Adds a note that has its words and its place already; the text is taken over. */
void config_take_note(struct config *config, struct config_notes *notes, struct config_mark at, char *text);
/* An error of the file as a whole, after which nothing else is said. */
void config_break(struct config *config, struct config_mark at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "radios.vhf.baud", "uplink.brokers[1].host"; key NULL = the node itself. Cut to the buffer. */
void config_path(const struct config_node *node, const char *key, char *buffer, size_t size);

/* A piece of the file made fit for an error line: at most about 40 bytes, control characters as '?'. */
enum { CONFIG_SHOWN_MAX = 48 };
const char *config_shown(const char *text, char buffer[static CONFIG_SHOWN_MAX]);

/* The word that was probably meant: start with {0}, then offer every word there is. name NULL = none comes near. */
struct config_guess {
	const char *name;
	unsigned score;
};
void config_guess(struct config_guess *guess, const char *word, const char *name);

/* Reads a scalar as the key's type. Returns false with the reason in why; then value is not changed. TEXT and TOKEN point to text.
 * Not for CONFIG_TEXTS. */
enum { CONFIG_WHY_MAX = 400 };
bool config_value_read(const struct config_key *key, const char *text, union config_value *value,
		       char why[static CONFIG_WHY_MAX]);

/* That text is not one of the choices, and which it could have been. */
void config_say_choices(const char *const *choices, const char *text, char why[static CONFIG_WHY_MAX]);
