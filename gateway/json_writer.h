/* Writing one JSON object straight into text: what is not given is left out, what is not UTF-8 is mended. Used by json*.c only.
 * Each message passes here, and a jansson tree costs over ten times as much; what is written is read back with jansson in the tests. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* An object being written. Once memory ran out `failed` stays set, nothing more is written and writer_finish gives NULL. */
struct writer {
	char *bytes;
	size_t used, size;
	bool failed;
};

struct writer writer_new(void);
/* The text with a final zero, the caller's to free, and its length. NULL: out of memory. */
char *writer_finish(struct writer *writer, size_t *size);

/* An object or array as a member, between open and close. Close takes the mark that open returned; an object that stayed empty
 * vanishes. */
size_t writer_open(struct writer *writer, const char *name);
void writer_close(struct writer *writer, size_t mark);
void writer_open_array(struct writer *writer, const char *name);
void writer_close_array(struct writer *writer);
/* One value of an array, as writer_measured. */
void writer_element(struct writer *writer, double value, unsigned decimals);
/* A text as a value of an array: a constant that needs no escapes. */
void writer_item(struct writer *writer, const char *text);

/* These leave out what is not given: "" or NULL, NAN, 0 milliseconds. max bounds a text that lost its final zero. */
void writer_text(struct writer *writer, const char *name, const char *text, size_t max);
void writer_number(struct writer *writer, const char *name, double value, unsigned decimals);
void writer_time(struct writer *writer, const char *name, int64_t unix_ms);

/* These are always written. A number is rounded to at most 9 decimals, without zeros at its end; NAN and infinity are null. */
void writer_measured(struct writer *writer, const char *name, double value, unsigned decimals);
void writer_integer(struct writer *writer, const char *name, int64_t value);
void writer_flag(struct writer *writer, const char *name, bool flag);
void writer_null(struct writer *writer, const char *name);
/* A value that is JSON already. */
void writer_json(struct writer *writer, const char *name, const char *json);

/* A text array of fixed size. */
#define WRITER_TEXT(writer, name, array) writer_text(writer, name, array, sizeof(array))
