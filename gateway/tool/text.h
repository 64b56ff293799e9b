/* Text from outside made fit for a terminal: nothing in it can move the cursor, change colours or turn the line around. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A copy of UTF-8 text in which control characters, invisible and direction-changing ones, and bytes that are not UTF-8, stand as
 * \uXXXX; where the locale is not UTF-8 everything outside ASCII does. Compact JSON stays the same JSON. The caller frees; NULL: out
 * of memory, or text is NULL. */
char *text_safe(const char *text);

/* The string member of that name made safe, or otherwise if it is missing or no string. The caller frees. */
char *text_member(const json_t *object, const char *member, const char *otherwise);

/* The document on one line. Whole numbers and order as they came. */
void text_print_json(FILE *stream, const json_t *document);
/* "ID: VALUE", of the members id and the named one, to stdout. */
void text_print_of_id(const json_t *answer, const char *member);

enum { TEXT_NUMBER_MAX = 48 };
/* "17 B", "1.2 kB", "3.4 MB" (powers of 1000). */
const char *text_bytes(double bytes, char buffer[static TEXT_NUMBER_MAX]);
/* "12 s", "4 min", "2 h 05 min", "3 d 4 h". */
const char *text_duration(double seconds, char buffer[static TEXT_NUMBER_MAX]);
/* "0.4 s", "36.5 s", "360 s": airtime out of an hour. */
const char *text_airtime(double seconds, char buffer[static TEXT_NUMBER_MAX]);
/* "12 ms", "3.4 s", "120 s". */
const char *text_milliseconds(double ms, char buffer[static TEXT_NUMBER_MAX]);
/* "64.0 kbit/s", "20.0 Mbit/s". */
const char *text_rate(double bits_per_second, char buffer[static TEXT_NUMBER_MAX]);
