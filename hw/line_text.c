/* The texts by which lines are configured: a place, and words for polarity, drive, bias and debounce. */
#include "hw/line_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEBOUNCE_MAX_MS = 10000, OFFSET_DIGITS_MAX = 5, SOCKET_PATH_MAX = 107 };

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* A decimal number of at most that many digits and nothing behind it. */
static bool read_number(const char *text, size_t digits_max, unsigned *value)
{
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || digits > digits_max || text[digits])
		return false;
	*value = (unsigned)strtoul(text, NULL, 10);
	return true;
}

static const char *read_debounce(const char *text, struct line_wish *wish)
{
	char number[8];
	size_t digits = strspn(text, "0123456789");
	if (digits == 0 || digits >= sizeof(number) || strcmp(text + digits, "ms") != 0)
		return "has a debounce that is no time; write debounce=20ms";
	memcpy(number, text, digits);
	number[digits] = '\0';
	wish->debounce_ms = (unsigned)strtoul(number, NULL, 10);
	return wish->debounce_ms > DEBOUNCE_MAX_MS ? "has a debounce of more than 10000ms" : NULL;
}

static const char *read_word(const char *word, struct line_wish *wish)
{
	if (strcmp(word, "active_low") == 0)
		wish->active_low = true;
	else if (strcmp(word, "active_high") == 0)
		wish->active_low = false;
	else if (strcmp(word, "open_drain") == 0)
		wish->open_drain = true;
	else if (strcmp(word, "push_pull") == 0)
		wish->open_drain = false;
	else if (strcmp(word, "pull_up") == 0)
		wish->bias = LINE_BIAS_PULL_UP;
	else if (strcmp(word, "pull_down") == 0)
		wish->bias = LINE_BIAS_PULL_DOWN;
	else if (strcmp(word, "no_bias") == 0)
		wish->bias = LINE_BIAS_NONE;
	else if (starts_with(word, "debounce="))
		return read_debounce(word + strlen("debounce="), wish);
	else
		return "has a word that is none of active_low, active_high, open_drain, push_pull, pull_up, pull_down, "
		       "no_bias, debounce=<n>ms";
	return NULL;
}

static const char *copy(char *to, size_t size, const char *from, size_t length, const char *wrong)
{
	if (length == 0 || length >= size)
		return wrong;
	memcpy(to, from, length);
	to[length] = '\0';
	return NULL;
}

/* "SOCKET:NAME"; the path may hold colons, the name not. */
static const char *read_simulated(const char *word, struct line_wish *wish)
{
	static const char wrong[] = "is no simulated line; write sim:/path/of/socket:name";
	const char *colon = strrchr(word, ':');
	if (word[0] != '/' || !colon || colon - word > SOCKET_PATH_MAX)
		return wrong;
	const char *fault = copy(wish->chip, sizeof(wish->chip), word, (size_t)(colon - word), wrong);
	wish->place = LINE_SIMULATED;
	return fault ? fault : copy(wish->name, sizeof(wish->name), colon + 1, strlen(colon + 1), wrong);
}

/* "LABEL:OFFSET" or "/dev/gpiochipN:OFFSET". A bare chip number is refused: it depends on the kernel's mood of the day. */
static const char *read_chip(const char *word, size_t length, struct line_wish *wish)
{
	unsigned number;
	const char *wrong = copy(wish->chip, sizeof(wish->chip), word, length,
				 "has a chip with no name or one too long");
	if (wrong)
		return wrong;
	wish->place = LINE_ON_CHIP;
	if (starts_with(wish->chip, "gpiochip") && read_number(wish->chip + strlen("gpiochip"), 9, &number))
		return "names a chip by its number, which changes with the kernel; write GPIO<n>, or the chip's label";
	return NULL;
}

static const char *read_place(const char *word, struct line_wish *wish)
{
	if (starts_with(word, "sim:"))
		return read_simulated(word + strlen("sim:"), wish);
	const char *colon = strrchr(word, ':');
	if (colon && read_number(colon + 1, OFFSET_DIGITS_MAX, &wish->offset))
		return read_chip(word, (size_t)(colon - word), wish);
	if (word[0] == '/')
		return "lacks the number of the line on its chip; write /dev/gpiochip0:22";
	if (read_number(word, LINE_TEXT_MAX, &wish->offset))
		return "is only a number; write GPIO22 for the line on the Pi's header";
	bool header = starts_with(word, "GPIO") && read_number(word + strlen("GPIO"), 3, &wish->offset);
	wish->place = header ? LINE_ON_HEADER : LINE_BY_NAME;
	return copy(wish->name, sizeof(wish->name), word, strlen(word), "is longer than a line's name can be (31)");
}

/* Words between blanks; the first is the place if there is to be one. */
static const char *read_words(const char *text, bool with_place, struct line_wish *wish)
{
	char words[LINE_TEXT_MAX], *rest = NULL;
	memcpy(words, text, strlen(text) + 1);
	const char *wrong = NULL;
	for (char *word = strtok_r(words, " ", &rest); word && !wrong; word = strtok_r(NULL, " ", &rest)) {
		wrong = with_place ? read_place(word, wish) : read_word(word, wish);
		with_place = false;
	}
	return wrong ? wrong : with_place ? "is empty; write GPIO<n>, CHIP:<n> or a line's name" : NULL;
}

static const char *check_characters(const char *text)
{
	if (!text)
		return "is empty; write GPIO<n>, CHIP:<n> or a line's name";
	if (strlen(text) >= LINE_TEXT_MAX)
		return "is longer than 255 characters";
	for (const char *at = text; *at; at++)
		if (iscntrl((unsigned char)*at))
			return "contains a control character";
	return NULL;
}

const char *line_parse(const char *text, const char *how, struct line_wish *wish)
{
	*wish = (struct line_wish){0};
	const char *wrong = check_characters(text);
	if (!wrong && how)
		wrong = check_characters(how);
	if (!wrong && how)
		wrong = read_words(how, false, wish);
	return wrong ? wrong : read_words(text, true, wish);
}

const char *line_check(const char *text)
{
	struct line_wish wish;
	return line_parse(text, NULL, &wish);
}
