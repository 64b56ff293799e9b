/* Errors and warnings about the file: where, which key, what, and the word that was probably meant. */
#include "config/config_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longest word that is compared with others. */
enum { WORD_MAX = 40 };

const char *config_shown(const char *text, char buffer[static CONFIG_SHOWN_MAX])
{
	enum { CUT = 40 };
	size_t size = strlen(text), keep = size;
	if (size > CUT) {
		keep = CUT;
		while (keep > 0 && ((unsigned char)text[keep] & 0xc0) == 0x80)
			keep--;
	}
	for (size_t i = 0; i < keep; i++)
		buffer[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? '?' : text[i];
	snprintf(buffer + keep, CONFIG_SHOWN_MAX - keep, "%s", size > keep ? "..." : "");
	return buffer;
}

/* Adds a key or, without one, the place in a list, behind what is there already. */
static void append(const char *key, size_t index, char *buffer, size_t size)
{
	char shown[CONFIG_SHOWN_MAX];
	size_t used = strlen(buffer);
	if (key)
		snprintf(buffer + used, size - used, "%s%s", used ? "." : "", config_shown(key, shown));
	else
		snprintf(buffer + used, size - used, "[%zu]", index);
}

static void append_node(const struct config_node *node, char *buffer, size_t size)
{
	if (!node || !node->parent)
		return;
	append_node(node->parent, buffer, size);
	append(node->key, node->index, buffer, size);
}

void config_path(const struct config_node *node, const char *key, char *buffer, size_t size)
{
	buffer[0] = '\0';
	append_node(node, buffer, size);
	if (key)
		append(key, 0, buffer, size);
}

/* Where a new note belongs: after those of the same place and of places before it. */
static size_t place(const struct config_notes *notes, struct config_mark at)
{
	size_t index = notes->count;
	while (index > 0) {
		struct config_mark before = notes->note[index - 1].at;
		bool other_file = before.file != at.file;
		/* Another file's come behind; among themselves in the order they came. */
		if (other_file ? at.file != NULL
			       : before.line < at.line || (before.line == at.line && before.column <= at.column))
			break;
		index--;
	}
	return index;
}

void config_take_note(struct config *config, struct config_notes *notes, struct config_mark at, char *text)
{
	if (!text) {
		config->out_of_memory = true;
		return;
	}
	if (notes->count == CONFIG_ERRORS_MAX) {
		notes->more++;
		snprintf(notes->more_text, sizeof(notes->more_text), "... and %zu more.", notes->more);
		free(text);
		return;
	}
	size_t index = place(notes, at);
	memmove(&notes->note[index + 1], &notes->note[index], (notes->count - index) * sizeof(notes->note[0]));
	notes->note[index] = (struct config_note){at, text};
	notes->count++;
}

void config_note(struct config *config, struct config_notes *notes, struct config_mark at, const char *path,
		 const char *format, va_list arguments)
{
	char *message = NULL, *text = NULL;
	const char *colon = path && path[0] ? ": " : "", *file = at.file ? at.file : config->path;
	if (config->broken)
		return;
	if (vasprintf(&message, format, arguments) < 0)
		message = NULL;
	if (!message)
		text = NULL;
	else if (at.line == 0 && asprintf(&text, "%s: %s%s%s", file, path ? path : "", colon, message) < 0)
		text = NULL;
	else if (at.line > 0 &&
		 asprintf(&text, "%s:%u:%u: %s%s%s", file, at.line, at.column, path ? path : "", colon, message) < 0)
		text = NULL;
	free(message);
	config_take_note(config, notes, at, text);
}

void config_break(struct config *config, struct config_mark at, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	config_note(config, &config->errors, at, NULL, format, arguments);
	va_end(arguments);
	config->broken = true;
}

/* The place people look at: the value, or the key where the value stands on lines of its own or is missing. */
static struct config_mark mark_of(const struct config_node *node)
{
	for (; node; node = node->parent) {
		bool block = node->form != CONFIG_SCALAR && node->key_at.line > 0;
		if (block || (node->key_at.line > 0 && node->at.line == 0))
			return node->key_at;
		if (node->at.line > 0)
			return node->at;
	}
	return (struct config_mark){1, 1, NULL};
}

static void note_at(struct config *config, struct config_notes *notes, const struct config_node *node, const char *key,
		    const char *format, va_list arguments)
{
	char path[256];
	const struct config_node *child = key ? config_child(node, key) : NULL;
	config_path(node, key, path, sizeof(path));
	config_note(config, notes, mark_of(child ? child : node), path, format, arguments);
}

void config_error(struct config *config, const struct config_node *node, const char *key, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	note_at(config, &config->errors, node, key, format, arguments);
	va_end(arguments);
}

void config_warning(struct config *config, const struct config_node *node, const char *key, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	note_at(config, &config->warnings, node, key, format, arguments);
	va_end(arguments);
}

void config_error_choice(struct config *config, const struct config_node *node, const char *key, const char *text,
			 const char *const *words)
{
	char why[CONFIG_WHY_MAX];
	config_say_choices(words, text, why);
	config_error(config, node, key, "%s", why);
}

static const char *note_text(const struct config_notes *notes, size_t index)
{
	if (index < notes->count)
		return notes->note[index].text;
	return index == notes->count && notes->more > 0 ? notes->more_text : NULL;
}

size_t config_error_count(const struct config *config)
{
	return config->errors.count + (config->errors.more > 0) + config->out_of_memory;
}

const char *config_error_text(const struct config *config, size_t index)
{
	const char *text = note_text(&config->errors, index);
	if (!text && config->out_of_memory && index + 1 == config_error_count(config))
		text = "Out of memory while the settings were read. Free some memory and start again.";
	return text;
}

size_t config_warning_count(const struct config *config)
{
	return config->warnings.count + (config->warnings.more > 0);
}

const char *config_warning_text(const struct config *config, size_t index)
{
	return note_text(&config->warnings, index);
}

static char lower(char letter)
{
	return (char)(letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : letter);
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned two = a < b ? a : b;
	return two < c ? two : c;
}

/* How many characters must be typed, left out, changed or swapped to get from one word to the other, in any case: optimal string
 * alignment, with the three last rows of the usual table. Both are at most WORD_MAX long. */
static unsigned distance(const char *word, size_t size, const char *other, size_t other_size)
{
	unsigned rows[3][WORD_MAX + 1];
	for (size_t j = 0; j <= other_size; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= size; i++) {
		unsigned *row = rows[i % 3], *above = rows[(i + 2) % 3], *higher = rows[(i + 1) % 3];
		row[0] = (unsigned)i;
		for (size_t j = 1; j <= other_size; j++) {
			char a = lower(word[i - 1]), b = lower(other[j - 1]);
			row[j] = least(above[j] + 1, row[j - 1] + 1, above[j - 1] + (a != b));
			bool swapped = i > 1 && j > 1 && a == lower(other[j - 2]) && b == lower(word[i - 2]);
			if (swapped && higher[j - 2] + 1 < row[j])
				row[j] = higher[j - 2] + 1;
		}
	}
	return rows[size % 3][other_size];
}

void config_guess(struct config_guess *guess, const char *word, const char *name)
{
	size_t size = strlen(word), name_size = strlen(name);
	if (size > WORD_MAX || name_size > WORD_MAX)
		return;
	unsigned changes = distance(word, size, name, name_size);
	/* Of two words as near, the one as long as what was typed. */
	unsigned score = 2 * changes + (size != name_size);
	if (changes > 1 + name_size / 4 || changes >= name_size || (guess->name && score >= guess->score))
		return;
	*guess = (struct config_guess){name, score};
}
