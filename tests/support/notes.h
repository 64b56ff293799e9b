/* What a decoder said, as text: to be compared with what it should say, however its stream was cut. */
#pragma once

#include <stddef.h>

enum { NOTES_MAX = 65536 };

/* Start from zeroed memory. */
struct notes {
	char text[NOTES_MAX];
	size_t size;
};

/* Appends. Ends the program when it is full. */
void note(struct notes *notes, const char *format, ...) __attribute__((format(printf, 2, 3)));
