/* Laying the keys of a second file under a mapping of the first: what the first says wins. */
#include "config/config_tree.h"

#include <string.h>

static void mark_file(struct config_node *node, const char *path)
{
	node->at.file = node->key_at.file = path;
	for (struct config_node *child = node->first; child; child = child->next)
		mark_file(child, path);
}

static void append(struct config_node *parent, struct config_node *child)
{
	child->parent = parent;
	child->next = NULL;
	child->index = ++parent->count;
	*(parent->last ? &parent->last->next : &parent->first) = child;
	parent->last = child;
}

/* As deep as the second file, which is CONFIG_DEPTH_MAX at most. */
static void lay(struct config_node *over, struct config_node *under)
{
	for (struct config_node *child = under->first, *next; child; child = next) {
		next = child->next;
		struct config_node *own = config_child(over, child->key);
		if (!own)
			append(over, child);
		else if (child->form == CONFIG_MAPPING && (own->form == CONFIG_MAPPING || own->form == CONFIG_EMPTY))
			lay(own, child);
	}
	if (over->form == CONFIG_EMPTY && over->first)
		over->form = CONFIG_MAPPING;
}

/* The tree and what was said about it now belong to the first file. */
static void take_over(struct config *config, struct config *other)
{
	struct config_block *last = other->blocks;
	while (last && last->next)
		last = last->next;
	if (last) {
		last->next = config->blocks;
		config->blocks = other->blocks;
	}
	other->blocks = NULL;
	for (size_t i = 0; i < other->errors.count; i++) {
		struct config_note *note = &other->errors.note[i];
		note->at.file = other->path;
		config_take_note(config, &config->errors, note->at, note->text);
	}
	other->errors.count = 0;
	config->out_of_memory |= other->out_of_memory;
}

void config_incomplete(struct config_node *node)
{
	node->form = CONFIG_INVALID;
}

void config_lay_under(struct config *config, struct config_node *node, const char *path)
{
	struct config *other = config_load(path);
	if (!other) {
		config->out_of_memory = true;
		return;
	}
	mark_file(&other->root, other->path);
	if (other->broken)
		config_incomplete(node);
	else
		lay(node, &other->root);
	take_over(config, other);
	config_free(other);
}
