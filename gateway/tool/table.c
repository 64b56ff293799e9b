/* Rows of JSON objects as a table for people. */
#include "gateway/tool/table.h"

#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/tool/text.h"

static char *number_text(double value, enum table_format format)
{
	char buffer[TEXT_NUMBER_MAX];
	switch (format) {
	case TABLE_BYTES:
		return strdup(text_bytes(value, buffer));
	case TABLE_SECONDS:
		return strdup(text_duration(value, buffer));
	case TABLE_AIRTIME:
		return strdup(text_airtime(value, buffer));
	case TABLE_MILLISECONDS:
		return strdup(text_milliseconds(value, buffer));
	case TABLE_DEGREES:
		snprintf(buffer, sizeof(buffer), "%.5f", value);
		return strdup(buffer);
	default:
		snprintf(buffer, sizeof(buffer), "%.15g", value);
		return strdup(buffer);
	}
}

static char *cell_text(const json_t *row, const struct table_column *column)
{
	const json_t *value = json_object_get(row, column->member);
	if (column->format == TABLE_TEXT) {
		const char *text = json_string_value(value);
		return text_safe(text && *text ? text : "-");
	}
	return json_is_number(value) ? number_text(json_number_value(value), column->format) : strdup("-");
}

static bool add_row(struct libscols_table *table, const json_t *row, const struct table_column *columns, size_t count)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	if (!line)
		return false;
	for (size_t i = 0; i < count; i++) {
		char *text = cell_text(row, &columns[i]);
		bool taken = text && scols_line_set_data(line, i, text) == 0;
		free(text);
		if (!taken)
			return false;
	}
	return true;
}

static bool add_columns(struct libscols_table *table, const struct table_column *columns, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int flags = columns[i].format == TABLE_TEXT ? 0 : SCOLS_FL_RIGHT;
		if (columns[i].may_shrink)
			flags |= SCOLS_FL_TRUNC;
		if (!scols_table_new_column(table, columns[i].title, 0, flags))
			return false;
	}
	return true;
}

static bool fill(struct libscols_table *table, const json_t *rows, const struct table_column *columns, size_t count)
{
	size_t index;
	json_t *row;
	if (!add_columns(table, columns, count))
		return false;
	json_array_foreach(rows, index,
			   row) if (json_is_object(row) && !add_row(table, row, columns, count)) return false;
	return !scols_table_is_empty(table);
}

void table_print(FILE *stream, const json_t *rows, const struct table_column *columns, size_t column_count,
		 size_t width)
{
	char *text = NULL;
	struct libscols_table *table = json_array_size(rows) ? scols_new_table() : NULL;
	if (!table)
		return;
	/* Never asks the terminal itself: the stream may be memory. */
	scols_table_set_termforce(table, width ? SCOLS_TERMFORCE_ALWAYS : SCOLS_TERMFORCE_NEVER);
	if (width)
		scols_table_set_termwidth(table, width);
	if (fill(table, rows, columns, column_count) && scols_print_table_to_string(table, &text) == 0 && text)
		fprintf(stream, "%s%s", text, text[strlen(text) - 1] == '\n' ? "" : "\n");
	free(text);
	scols_unref_table(table);
}
