/* Text that grows. */
#include "tests/support/notes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void note(struct notes *notes, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int size = vsnprintf(notes->text + notes->size, NOTES_MAX - notes->size, format, arguments);
	va_end(arguments);
	if (size < 0 || (size_t)size >= NOTES_MAX - notes->size) {
		fprintf(stderr, "notes: no room for more than %d bytes\n", NOTES_MAX);
		abort();
	}
	notes->size += (size_t)size;
}
