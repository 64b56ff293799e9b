/* Rows of JSON objects as a table for people, laid out by libsmartcols. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum table_format {
	TABLE_TEXT,
	TABLE_COUNT,
	TABLE_BYTES,
	TABLE_SECONDS,
	TABLE_AIRTIME, /* seconds, too */
	TABLE_MILLISECONDS,
	TABLE_DEGREES,
};

struct table_column {
	const char *title;
	const char *member; /* of each row; missing, null or of the wrong type shows as "-" */
	enum table_format format;
	bool may_shrink; /* cut where the line is too narrow */
};

/* Writes a heading and one line a row; nothing at all if rows is no array or has no objects. width: columns of the terminal, 0 = no limit. */
void table_print(FILE *stream, const json_t *rows, const struct table_column *columns, size_t column_count,
		 size_t width);
