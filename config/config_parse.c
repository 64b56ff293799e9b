/* From YAML text to the tree, by the events of libfyaml: what the settings have no use for (anchors, tags, several documents) is refused
 * here, so that no file can grow in memory beyond its own size. */
#include "config/config_tree.h"

#include <libfyaml.h>
#include <stdio.h>
#include <string.h>

struct builder {
	struct config *config;
	const char *text; /* of the whole file */
	size_t size;
	struct config_node *parent; /* mapping or list that is open; NULL before and after the top one */
	unsigned depth;
	size_t nodes;
	bool begun; /* the top mapping was seen */
	bool have_key;
	const char *key;
	struct config_mark key_at, last_at;
};

/* libfyaml counts from 0. Its 0.7 marks a quoted text behind the quote and an alias behind the star; people look at the sign itself.
 * Values that are left out have no mark. */
static struct config_mark mark_of(const struct builder *builder, struct fy_event *event)
{
	const struct fy_mark *mark = fy_event_start_mark(event);
	if (!mark || mark->line < 0 || mark->column < 0)
		return (struct config_mark){0};
	struct config_mark at = {(unsigned)mark->line + 1, (unsigned)mark->column + 1, NULL};
	const char *signs = event->type == FYET_ALIAS ? "*" : event->type == FYET_SCALAR ? "\"'" : "";
	bool behind = mark->column > 0 && mark->input_pos > 0 && mark->input_pos <= builder->size;
	char before = behind ? builder->text[mark->input_pos - 1] : '\0';
	if (before && strchr(signs, before))
		at.column--;
	return at;
}

static bool stop(struct builder *builder, struct config_mark at, const char *text)
{
	config_break(builder->config, at.line ? at : builder->last_at, "%s", text);
	return false;
}

static void say(struct builder *builder, struct config_node *node, const char *text)
{
	config_error(builder->config, node, NULL, "%s", text);
	node->refused = true;
}

/* Only when it is complete, because until then its form says whether a key or an item comes next. */
static void complete(struct config_node *node)
{
	if (node->refused)
		node->form = CONFIG_INVALID;
}

static bool duplicate(const struct config_node *node)
{
	for (const struct config_node *other = node->parent->first; other && other != node; other = other->next)
		if (other->key && node->key && strcmp(other->key, node->key) == 0)
			return true;
	return false;
}

static void append(struct config_node *parent, struct config_node *node)
{
	node->parent = parent;
	node->index = ++parent->count;
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
}

/* The node an event stands for, put in its place; NULL = stop. */
static struct config_node *place(struct builder *builder, struct config_mark at)
{
	struct config *config = builder->config;
	if (!builder->parent) {
		builder->begun = true;
		return &config->root;
	}
	size_t max = builder->have_key ? CONFIG_KEYS_MAX : CONFIG_NODES_MAX;
	if (++builder->nodes > CONFIG_NODES_MAX || builder->parent->count >= max) {
		stop(builder, builder->have_key ? builder->key_at : at,
		     "there are too many keys or items for a settings file.");
		return NULL;
	}
	struct config_node *node = config_keep(config, sizeof(*node));
	if (!node)
		return NULL;
	node->at = at;
	if (builder->have_key) {
		node->key = builder->key;
		node->key_at = builder->key_at;
		builder->have_key = false;
	}
	append(builder->parent, node);
	return node;
}

/* A second key of the same name, and marks that this file format has no use for. The node must have its form by now. */
static void check_node(struct builder *builder, struct config_node *node, struct fy_event *event)
{
	if (node->key && duplicate(node))
		say(builder, node, "this key is there twice. Keep one of them.");
	else if (fy_event_get_anchor_token(event))
		say(builder, node, "anchors (&name) are not used here. Write the value out where it is needed.");
	else if (fy_event_get_tag_token(event))
		say(builder, node, "tags (!name) are not used here. Take the tag out.");
}

static bool key_expected(const struct builder *builder)
{
	return builder->parent && builder->parent->form != CONFIG_LIST && !builder->have_key;
}

static bool begin(struct builder *builder, struct fy_event *event, enum config_form form)
{
	struct config_mark at = mark_of(builder, event);
	if (!builder->parent && form == CONFIG_LIST)
		return stop(builder, at, "the file must begin with a key like 'gateway:', not with a list.");
	if (key_expected(builder))
		return stop(builder, at, "a key must be a word, not a list or mapping.");
	if (++builder->depth > CONFIG_DEPTH_MAX)
		return stop(builder, at, "lists and mappings are nested too deep for a settings file.");
	struct config_node *node = place(builder, at);
	if (!node)
		return false;
	node->form = form;
	check_node(builder, node, event);
	builder->parent = node;
	return true;
}

static bool end(struct builder *builder)
{
	if (!builder->parent)
		return false;
	builder->depth--;
	builder->have_key = false;
	complete(builder->parent);
	builder->parent = builder->parent->parent;
	return true;
}

/* Copies a scalar's text; NULL when out of memory or when an escape put a zero byte in it. */
static const char *text_of(struct builder *builder, struct fy_event *event)
{
	size_t size = 0;
	const char *text = event->scalar.value ? fy_token_get_text(event->scalar.value, &size) : NULL;
	if (!text)
		return "";
	if (memchr(text, '\0', size)) {
		stop(builder, mark_of(builder, event), "a zero byte cannot stand in a text.");
		return NULL;
	}
	return config_keep_text(builder->config, text, size);
}

static bool is_empty(struct fy_event *event, const char *text)
{
	if (event->scalar.value && fy_token_scalar_style(event->scalar.value) != FYSS_PLAIN)
		return false;
	return text[0] == '\0' || strcmp(text, "~") == 0 || strcmp(text, "null") == 0;
}

static bool take_key(struct builder *builder, struct config_mark at, const char *text)
{
	if (text[0] == '\0')
		return stop(builder, at, "a key is missing in front of the colon.");
	builder->key = text;
	builder->key_at = at;
	builder->have_key = true;
	return true;
}

static bool scalar(struct builder *builder, struct fy_event *event)
{
	struct config_mark at = mark_of(builder, event);
	const char *text = text_of(builder, event);
	if (!text)
		return false;
	if (key_expected(builder))
		return take_key(builder, at, text);
	bool empty = is_empty(event, text);
	if (!builder->parent && !empty)
		return stop(builder, at, "the file must begin with a key like 'gateway:'. Is this the settings file?");
	struct config_node *node = place(builder, at);
	if (!node)
		return false;
	node->form = empty ? CONFIG_EMPTY : CONFIG_SCALAR;
	node->text = text;
	if (builder->parent)
		check_node(builder, node, event);
	complete(node);
	return true;
}

static bool alias(struct builder *builder, struct fy_event *event)
{
	struct config_mark at = mark_of(builder, event);
	if (!builder->parent || key_expected(builder))
		return stop(builder, at, "an alias (*name) cannot stand here. Write the value out.");
	struct config_node *node = place(builder, at);
	if (!node)
		return false;
	node->form = CONFIG_SCALAR;
	say(builder, node, "aliases (*name) are not used here. Write the value out.");
	complete(node);
	return true;
}

static bool take(struct builder *builder, struct fy_event *event)
{
	struct config_mark at = mark_of(builder, event);
	if (at.line)
		builder->last_at = at;
	switch (event->type) {
	case FYET_DOCUMENT_START:
		return !builder->begun || stop(builder, at, "a second document ('---') begins here. Keep one.");
	case FYET_MAPPING_START:
		return begin(builder, event, CONFIG_MAPPING);
	case FYET_SEQUENCE_START:
		return begin(builder, event, CONFIG_LIST);
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		return end(builder);
	case FYET_SCALAR:
		return scalar(builder, event);
	case FYET_ALIAS:
		return alias(builder, event);
	default:
		return true;
	}
}

/* The library's first complaint on one line. Some failures it does not explain; then the last thing understood is the place. */
static void say_syntax(struct builder *builder, struct fy_diag *diag)
{
	void *iterator = NULL;
	const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &iterator);
	struct config_mark at = builder->last_at;
	char shown[200];
	snprintf(shown, sizeof(shown), "%s", error && error->msg ? error->msg : "it cannot be understood from here on");
	shown[strcspn(shown, "\r\n")] = '\0';
	if (error && error->line > 0 && error->column > 0)
		at = (struct config_mark){(unsigned)error->line, (unsigned)error->column, NULL};
	config_break(builder->config, at,
		     "this is not YAML: %s. Look at the indentation (spaces, no tabs), quotes and brackets here and "
		     "in the lines above.",
		     shown);
}

static void read_events(struct builder *builder, struct fy_parser *parser, struct fy_diag *diag)
{
	bool good = true;
	for (struct fy_event *event; good && (event = fy_parser_parse(parser));) {
		good = take(builder, event);
		fy_parser_event_free(parser, event);
	}
	if (good && (fy_parser_get_stream_error(parser) || fy_diag_got_error(diag)))
		say_syntax(builder, diag);
}

/* Messages are collected and never printed. */
static struct fy_diag *new_diag(void)
{
	struct fy_diag_cfg settings;
	fy_diag_cfg_default(&settings);
	settings.fp = NULL;
	struct fy_diag *diag = fy_diag_create(&settings);
	if (diag)
		fy_diag_set_collect_errors(diag, true);
	return diag;
}

/* Half a tree would only lead to complaints about what is missing in it. */
static void empty(struct config_node *root)
{
	*root = (struct config_node){.at = {1, 1}};
}

void config_parse(struct config *config, const char *text, size_t size)
{
	struct builder builder = {.config = config, .text = text, .size = size, .last_at = {1, 1}};
	struct fy_diag *diag = new_diag();
	struct fy_parse_cfg settings = {.flags = FYPCF_QUIET | FYPCF_DISABLE_RECYCLING, .diag = diag};
	struct fy_parser *parser = diag ? fy_parser_create(&settings) : NULL;
	if (parser && fy_parser_set_string(parser, text, size) == 0)
		read_events(&builder, parser, diag);
	else
		config->out_of_memory = true;
	if (config->broken || config->out_of_memory)
		empty(&config->root);
	if (parser)
		fy_parser_destroy(parser);
	if (diag)
		fy_diag_destroy(diag);
}
