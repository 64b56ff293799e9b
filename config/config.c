/* Reading settings out of the tree of the file: sections, tables of keys, and the keys that nobody knows. */
#include "config/config_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct config *config_load(const char *path)
{
	struct config *config = calloc(1, sizeof(*config));
	if (!config)
		return NULL;
	config->path = config_keep_text(config, path, strlen(path));
	if (!config->path) {
		config_free(config);
		return NULL;
	}
	config_read_file(config);
	return config;
}

static void free_notes(struct config_notes *notes)
{
	for (size_t i = 0; i < notes->count; i++)
		free(notes->note[i].text);
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (struct config_block *block = config->blocks, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	free_notes(&config->errors);
	free_notes(&config->warnings);
	free(config);
}

void *config_keep(struct config *config, size_t size)
{
	struct config_block *block = calloc(1, sizeof(*block) + size);
	if (!block) {
		config->out_of_memory = true;
		return NULL;
	}
	block->next = config->blocks;
	config->blocks = block;
	return block->bytes;
}

char *config_keep_text(struct config *config, const char *text, size_t size)
{
	char *copy = config_keep(config, size + 1);
	if (copy)
		memcpy(copy, text, size);
	return copy;
}

struct config_node *config_child(const struct config_node *node, const char *key)
{
	for (struct config_node *child = node->first; child; child = child->next)
		if (child->key && strcmp(child->key, key) == 0)
			return child;
	return NULL;
}

struct config_node *config_root(struct config *config)
{
	return &config->root;
}

static void remember(struct config *config, struct config_node *node, const struct config_known *names)
{
	struct config_known *known = config_keep(config, sizeof(*known));
	if (!known)
		return;
	*known = *names;
	known->next = node->known;
	node->known = known;
}

/* A section that the file does not have, with its place in the tree so that errors in it can be said. */
static struct config_node *absent(struct config *config, struct config_node *parent, const char *name)
{
	struct config_node *node = config_keep(config, sizeof(*node));
	if (!node)
		return &config->nowhere;
	node->parent = parent;
	node->key = name;
	return node;
}

struct config_node *config_section(struct config *config, struct config_node *node, const char *name)
{
	remember(config, node, &(struct config_known){.name = name});
	struct config_node *child = config_child(node, name);
	if (!child)
		return absent(config, node, name);
	child->asked = true;
	if (child->form == CONFIG_SCALAR || child->form == CONFIG_LIST) {
		config_error(config, child, NULL, "must have keys of its own, indented below it.");
		child->form = CONFIG_INVALID;
	}
	return child;
}

/* Passes over what is no mapping. A name with nothing below it is a mapping without keys. */
static struct config_node *first_mapping(struct config *config, struct config_node *item)
{
	for (; item; item = item->next) {
		item->asked = true;
		if (item->form == CONFIG_MAPPING || item->form == CONFIG_EMPTY)
			return item;
		if (item->form != CONFIG_INVALID)
			config_error(config, item, NULL, "must have keys of its own: 'key: value', a line each.");
		item->form = CONFIG_INVALID;
	}
	return NULL;
}

static struct config_node *items(struct config *config, struct config_node *node, const char *name,
				 enum config_form form, const char *otherwise)
{
	remember(config, node, &(struct config_known){.name = name});
	struct config_node *child = config_child(node, name);
	if (!child)
		return NULL;
	child->asked = true;
	if (child->form == form)
		return first_mapping(config, child->first);
	if (child->form != CONFIG_EMPTY && child->form != CONFIG_INVALID)
		config_error(config, child, NULL, "%s", otherwise);
	return NULL;
}

struct config_node *config_list(struct config *config, struct config_node *node, const char *name)
{
	return items(config, node, name, CONFIG_LIST, "must be a list: each item begins with '- ' on a line below it.");
}

struct config_node *config_mapping(struct config *config, struct config_node *node, const char *name)
{
	return items(config, node, name, CONFIG_MAPPING,
		     "must be a mapping: 'name:' on a line below it, and its keys below that.");
}

struct config_node *config_next(struct config *config, struct config_node *item)
{
	return first_mapping(config, item->next);
}

const char *config_name(const struct config_node *node)
{
	return node->key ? node->key : "";
}

unsigned config_line(const struct config_node *node)
{
	return node->key_at.line ? node->key_at.line : node->at.line;
}

bool config_has(const struct config_node *node, const char *key)
{
	return config_child(node, key) != NULL;
}

/* Splits a default like "SOS, MAYDAY" into its texts. */
static const char *const *texts_of_fallback(struct config *config, const char *fallback)
{
	size_t count = fallback[0] != '\0';
	for (const char *comma = strstr(fallback, ", "); comma; comma = strstr(comma + 2, ", "))
		count++;
	const char **texts = config_keep(config, (count + 1) * sizeof(*texts));
	for (size_t i = 0; texts && i < count; i++) {
		const char *comma = strstr(fallback, ", ");
		size_t size = comma ? (size_t)(comma - fallback) : strlen(fallback);
		texts[i] = config_keep_text(config, fallback, size);
		fallback += comma ? size + 2 : size;
	}
	return texts;
}

static void read_fallback(struct config *config, const struct config_key *key, union config_value *value)
{
	static const char *const no_texts[] = {NULL};
	char why[CONFIG_WHY_MAX];
	memset(value, 0, sizeof(*value));
	if (key->type == CONFIG_TEXTS) {
		value->texts = key->fallback ? texts_of_fallback(config, key->fallback) : NULL;
		if (!value->texts)
			value->texts = no_texts;
		return;
	}
	if (key->type == CONFIG_TEXT || key->type == CONFIG_TOKEN)
		value->text = key->fallback ? key->fallback : "";
	else if (key->fallback)
		config_value_read(key, key->fallback, value, why);
}

static void read_texts(struct config *config, const struct config_node *list, const struct config_key *key,
		       union config_value *value)
{
	const char **texts = config_keep(config, (list->count + 1) * sizeof(*texts));
	size_t count = 0;
	char why[CONFIG_WHY_MAX];
	for (const struct config_node *item = list->first; texts && item; item = item->next) {
		union config_value text;
		if (item->form != CONFIG_SCALAR)
			config_error(config, item, NULL, "must be a text.");
		else if (!config_value_read(key, item->text, &text, why))
			config_error(config, item, NULL, "%s", why);
		else
			texts[count++] = text.text;
	}
	if (texts)
		value->texts = texts;
}

static void read_scalar(struct config *config, const struct config_node *node, const struct config_key *key,
			union config_value *value)
{
	char why[CONFIG_WHY_MAX];
	if (node->form != CONFIG_SCALAR)
		config_error(config, node, NULL, "must be a single value, not %s.",
			     node->form == CONFIG_LIST ? "a list" : "keys of its own");
	else if (!config_value_read(key, node->text, value, why))
		config_error(config, node, NULL, "%s", why);
}

static void read_child(struct config *config, const struct config_node *node, const struct config_key *key,
		       union config_value *value)
{
	if (node->form == CONFIG_INVALID)
		return;
	if (node->form == CONFIG_EMPTY)
		config_error(config, node, NULL, "has no value. Write one behind the colon, or take the line out.");
	else if (key->type != CONFIG_TEXTS)
		read_scalar(config, node, key, value);
	else if (node->form == CONFIG_LIST)
		read_texts(config, node, key, value);
	else
		config_error(config, node, NULL, "must be a list: [one, two] or a line with '- ' for each.");
}

void config_read(struct config *config, struct config_node *node, const struct config_key *keys, size_t count,
		 union config_value *values)
{
	remember(config, node, &(struct config_known){.keys = keys, .count = count});
	for (size_t i = 0; i < count; i++) {
		struct config_node *child = config_child(node, keys[i].name);
		read_fallback(config, &keys[i], &values[i]);
		if (child) {
			child->asked = true;
			read_child(config, child, &keys[i], &values[i]);
		} else if (!keys[i].fallback && node->form != CONFIG_INVALID) {
			config_error(config, node, keys[i].name, "must be given: %s",
				     keys[i].help ? keys[i].help : "it has no default.");
		}
	}
}

void config_refuse(struct config *config, struct config_node *node, const char *key, const char *reason)
{
	struct config_node *child = config_child(node, key);
	if (!child)
		return;
	child->asked = true;
	config_error(config, child, NULL, "%s", reason);
}

void config_skip(struct config *config, struct config_node *node, const char *key)
{
	remember(config, node, &(struct config_known){.name = key});
	struct config_node *child = config_child(node, key);
	if (child)
		child->asked = true;
}

bool config_check(struct config *config, const struct config_node *node, const struct config_key *key, const char *text)
{
	char why[CONFIG_WHY_MAX];
	union config_value value;
	bool good = config_value_read(key, text, &value, why);
	if (!good)
		config_error(config, node, NULL, "%s", why);
	return good;
}

static bool has_key(const struct config_node *section, const char *key)
{
	for (const struct config_known *known = section->known; known; known = known->next) {
		if (known->name && strcmp(known->name, key) == 0)
			return true;
		for (size_t i = 0; i < known->count; i++)
			if (strcmp(known->keys[i].name, key) == 0)
				return true;
	}
	return false;
}

/* A known key that was indented too little or too much is right in a section beside it or in one around it. */
static bool say_misplaced(struct config *config, const struct config_node *at, const struct config_node *node)
{
	for (const struct config_node *beside = node->parent->first; beside; beside = beside->next)
		if (beside != node && beside->key && has_key(beside, node->key)) {
			config_error(config, at, NULL,
				     "unknown key here. It belongs to '%s': indent it more than that.", beside->key);
			return true;
		}
	for (const struct config_node *around = node->parent; around->parent; around = around->parent)
		if (around->key && has_key(around->parent, node->key)) {
			config_error(config, at, NULL, "unknown key here. It belongs beside '%s': indent it as that.",
				     around->key);
			return true;
		}
	return false;
}

static void say_unknown(struct config *config, const struct config_node *node)
{
	struct config_guess guess = {0};
	for (const struct config_known *known = node->parent->known; known; known = known->next) {
		for (size_t i = 0; i < known->count; i++)
			config_guess(&guess, node->key, known->keys[i].name);
		if (known->name)
			config_guess(&guess, node->key, known->name);
	}
	struct config_node at_key = *node;
	at_key.at = node->key_at;
	if (say_misplaced(config, &at_key, node))
		return;
	if (guess.name)
		config_error(config, &at_key, NULL, "unknown key. Did you mean '%s'?", guess.name);
	else
		config_error(config, &at_key, NULL,
			     "unknown key. `man cresset.yaml` says where the example is that has every key.");
}

/* As deep as the file, which is CONFIG_DEPTH_MAX at most. */
static void find_unknown(struct config *config, const struct config_node *node)
{
	for (const struct config_node *child = node->first; child; child = child->next) {
		if (child->asked)
			find_unknown(config, child);
		else if (child->key && node->known && child->form != CONFIG_INVALID)
			say_unknown(config, child);
	}
}

void config_finish(struct config *config)
{
	find_unknown(config, &config->root);
}
