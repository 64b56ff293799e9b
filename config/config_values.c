/* From the text of a setting to its value, and what to say if it has none. */
#include "config/config_tree.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	double factor;
};

/* The largest last: sizes in error texts are said in the largest unit that divides them. */
static const struct unit duration_units[] = {
    {"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {"d", 86400000}, {NULL, 0},
};
static const struct unit size_units[] = {
    {"B", 1}, {"kB", 1e3}, {"KiB", 1024}, {"MB", 1e6}, {"MiB", 1048576}, {"GB", 1e9}, {"GiB", 1073741824}, {NULL, 0},
};
static const struct unit rate_units[] = {
    {"bit/s", 1}, {"kbit/s", 1e3}, {"Mbit/s", 1e6}, {"Gbit/s", 1e9}, {NULL, 0},
};

/* Whole numbers up to here are exact in a double. */
static const double exact_max = 9007199254740992.0;

static const struct unit *units_of(enum config_type type)
{
	switch (type) {
	case CONFIG_DURATION:
		return duration_units;
	case CONFIG_SIZE:
		return size_units;
	case CONFIG_RATE:
		return rate_units;
	default:
		return NULL;
	}
}

/* Writes an amount the way it would stand in the file: "30 s", "65535". */
static const char *amount(const struct config_key *key, double value, char buffer[static 40])
{
	const struct unit *units = units_of(key->type), *best = NULL;
	for (const struct unit *unit = units; unit && unit->name; unit++)
		if (fmod(value, unit->factor) == 0)
			best = unit;
	if (best && value != 0)
		snprintf(buffer, 40, "%.15g %s", value / best->factor, best->name);
	else
		snprintf(buffer, 40, "%.15g", value);
	return buffer;
}

/* An example of a good value, with the words around it: the default if there is one, else the least. */
static const char *example(const struct config_key *key, char buffer[static 80])
{
	char least[40];
	bool usable = key->fallback && key->fallback[0] && strlen(key->fallback) < 60;
	snprintf(buffer, 80, "Write e.g. %s.",
		 usable ? key->fallback : amount(key, key->min > 0 ? key->min : 1, least));
	return buffer;
}

static bool limited(const struct config_key *key)
{
	return key->min != 0 || key->max != 0;
}

static bool in_range(const struct config_key *key, double value, const char *text, char *why)
{
	char shown[CONFIG_SHOWN_MAX], limit[40];
	if (!limited(key) || (value >= key->min && value <= key->max))
		return true;
	bool small = value < key->min;
	snprintf(why, CONFIG_WHY_MAX, "%s is too %s. Write %s or %s.", config_shown(text, shown),
		 small ? "small" : "large", amount(key, small ? key->min : key->max, limit), small ? "more" : "less");
	return false;
}

/* A decimal number at the start of text, without the forms of C that nobody means (hexadecimal, "inf", "nan"). */
static bool decimal(const char *text, double *value, const char **rest)
{
	size_t digits = 0, at = text[0] == '-' || text[0] == '+';
	for (; isdigit((unsigned char)text[at]) || text[at] == '.'; at++)
		digits += text[at] != '.';
	if (digits == 0 || at > 30)
		return false;
	char number[32];
	memcpy(number, text, at);
	number[at] = '\0';
	char *end;
	*value = strtod(number, &end);
	*rest = text + at;
	return *end == '\0' && isfinite(*value);
}

static bool read_number(const struct config_key *key, const char *text, double *value, char *why)
{
	char shown[CONFIG_SHOWN_MAX], hint[80];
	const char *rest;
	if (!decimal(text, value, &rest) || *rest) {
		snprintf(why, CONFIG_WHY_MAX, "'%s' is not a number. %s", config_shown(text, shown),
			 example(key, hint));
		return false;
	}
	if (key->type == CONFIG_INTEGER && (*value != floor(*value) || fabs(*value) > exact_max)) {
		snprintf(why, CONFIG_WHY_MAX, "'%s' is not a whole number. %s", config_shown(text, shown),
			 example(key, hint));
		return false;
	}
	return in_range(key, *value, text, why);
}

static bool word_for_zero(const struct config_key *key, const char *text)
{
	for (const char *const *word = key->choices; word && *word; word++)
		if (strcasecmp(*word, text) == 0)
			return true;
	return false;
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
	for (const struct unit *unit = units; unit->name; unit++)
		if (strcmp(unit->name, name) == 0)
			return unit;
	return NULL;
}

static void say_units(const struct config_key *key, const char *text, char *why)
{
	char shown[CONFIG_SHOWN_MAX], hint[80], list[80] = "";
	for (const struct unit *unit = units_of(key->type); unit->name; unit++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s", list[0] ? ", " : "", unit->name);
	snprintf(why, CONFIG_WHY_MAX, "'%s' is not a number with a unit (%s). %s", config_shown(text, shown), list,
		 example(key, hint));
}

/* A number and its unit; 0 needs none. The result is rounded to whole milliseconds, bytes or bits. */
static bool read_amount(const struct config_key *key, const char *text, int64_t *value, char *why)
{
	double number = 0;
	const char *rest;
	if (word_for_zero(key, text)) {
		*value = 0;
		return true;
	}
	if (!decimal(text, &number, &rest)) {
		say_units(key, text, why);
		return false;
	}
	rest += strspn(rest, " ");
	const struct unit *unit = find_unit(units_of(key->type), rest);
	if (!unit && (*rest || number != 0)) {
		say_units(key, text, why);
		return false;
	}
	number = round(number * (unit ? unit->factor : 1));
	if (fabs(number) > exact_max || number < 0) {
		snprintf(why, CONFIG_WHY_MAX, "%.40s is %s.", text, number < 0 ? "below zero" : "too large");
		return false;
	}
	*value = (int64_t)number;
	return in_range(key, number, text, why);
}

static bool read_flag(const char *text, bool *value, char *why)
{
	char shown[CONFIG_SHOWN_MAX];
	bool yes = strcmp(text, "true") == 0, no = strcmp(text, "false") == 0;
	if (!yes && !no)
		snprintf(why, CONFIG_WHY_MAX, "'%s' is neither true nor false. Write true or false.",
			 config_shown(text, shown));
	*value = yes;
	return yes || no;
}

void config_say_choices(const char *const *choices, const char *text, char why[static CONFIG_WHY_MAX])
{
	char shown[CONFIG_SHOWN_MAX], list[240] = "";
	struct config_guess guess = {0};
	for (const char *const *choice = choices; *choice; choice++) {
		size_t used = strlen(list);
		snprintf(list + used, sizeof(list) - used, "%s%s", used ? ", " : "", *choice);
		config_guess(&guess, text, *choice);
	}
	int size = snprintf(why, CONFIG_WHY_MAX, "'%s' is not one of: %s.", config_shown(text, shown), list);
	if (guess.name && size > 0 && size < CONFIG_WHY_MAX)
		snprintf(why + size, CONFIG_WHY_MAX - (size_t)size, " Did you mean '%s'?", guess.name);
}

static bool read_choice(const struct config_key *key, const char *text, int64_t *value, char *why)
{
	for (size_t i = 0; key->choices[i]; i++)
		if (strcasecmp(key->choices[i], text) == 0) {
			*value = (int64_t)i;
			return true;
		}
	config_say_choices(key->choices, text, why);
	return false;
}

static bool read_text(const struct config_key *key, const char *text, char *why)
{
	size_t size = strlen(text);
	for (size_t i = 0; i < size; i++)
		if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
			snprintf(why, CONFIG_WHY_MAX, "a line break or control character cannot stand in this text.");
			return false;
		}
	if (limited(key) && (double)size < key->min && size == 0)
		snprintf(why, CONFIG_WHY_MAX, "must not be empty%s%s", key->help ? ": " : ".",
			 key->help ? key->help : "");
	else if (limited(key) && ((double)size < key->min || (double)size > key->max))
		snprintf(why, CONFIG_WHY_MAX, "the text has %zu bytes, allowed are %.0f to %.0f.", size, key->min,
			 key->max);
	else
		return true;
	return false;
}

static bool read_token(const struct config_key *key, const char *text, char *why)
{
	char shown[CONFIG_SHOWN_MAX];
	size_t max = key->max > 0 ? (size_t)key->max : CONFIG_TOKEN_MAX, size = 0;
	for (; text[size]; size++)
		if (!isalnum((unsigned char)text[size]) && text[size] != '_' && text[size] != '-')
			break;
	if (size > 0 && size <= max && text[size] == '\0')
		return true;
	snprintf(why, CONFIG_WHY_MAX, "'%s' cannot be a name in topics. Use 1 to %zu of A-Z a-z 0-9 _ -.",
		 config_shown(text, shown), max);
	return false;
}

bool config_value_read(const struct config_key *key, const char *text, union config_value *value,
		       char why[static CONFIG_WHY_MAX])
{
	union config_value read = {.text = text};
	bool good = false;
	why[0] = '\0';
	switch (key->type) {
	case CONFIG_TEXT:
	case CONFIG_TEXTS:
		good = read_text(key, text, why);
		break;
	case CONFIG_TOKEN:
		good = read_token(key, text, why);
		break;
	case CONFIG_INTEGER:
		good = read_number(key, text, &read.number, why);
		read.integer = good ? (int64_t)read.number : 0;
		break;
	case CONFIG_NUMBER:
		good = read_number(key, text, &read.number, why);
		break;
	case CONFIG_FLAG:
		good = read_flag(text, &read.flag, why);
		break;
	case CONFIG_DURATION:
	case CONFIG_SIZE:
	case CONFIG_RATE:
		good = read_amount(key, text, &read.integer, why);
		break;
	case CONFIG_CHOICE:
		good = read_choice(key, text, &read.integer, why);
		break;
	}
	if (good)
		*value = read;
	return good;
}
