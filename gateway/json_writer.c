/* Writing one JSON object (RFC 8259) straight into text. */
#include "gateway/json_writer.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/json.h"

enum {
	FIRST_SIZE = 1024,
	ESCAPE_MAX = 6, /* bytes that one byte of text may become: \u001f */
	NUMBER_MAX = 32,
};

static bool reserve(struct writer *writer, size_t more)
{
	if (writer->failed)
		return false;
	if (writer->size - writer->used >= more)
		return true;
	size_t size = (writer->used + more) * 2;
	char *bytes = realloc(writer->bytes, size);
	if (!bytes) {
		writer->failed = true;
		return false;
	}
	writer->bytes = bytes;
	writer->size = size;
	return true;
}

/* The callers below have reserved the room. */
static void append(struct writer *writer, const char *bytes, size_t size)
{
	memcpy(writer->bytes + writer->used, bytes, size);
	writer->used += size;
}

static void append_byte(struct writer *writer, char byte)
{
	writer->bytes[writer->used++] = byte;
}

static void append_comma(struct writer *writer)
{
	char last = writer->bytes[writer->used - 1];
	if (last != '{' && last != '[')
		append_byte(writer, ',');
}

struct writer writer_new(void)
{
	struct writer writer = {0};
	if (reserve(&writer, FIRST_SIZE / 2))
		append_byte(&writer, '{');
	return writer;
}

char *writer_finish(struct writer *writer, size_t *size)
{
	if (!reserve(writer, 2)) {
		free(writer->bytes);
		return NULL;
	}
	append_byte(writer, '}');
	*size = writer->used;
	append_byte(writer, '\0');
	return writer->bytes;
}

/* The name of a member is a constant that needs no escapes; room for its value of at most more bytes is made as well. */
static bool start_member(struct writer *writer, const char *name, size_t more)
{
	size_t size = strlen(name);
	if (!reserve(writer, size + 4 + more))
		return false;
	append_comma(writer);
	append_byte(writer, '"');
	append(writer, name, size);
	append(writer, "\":", 2);
	return true;
}

size_t writer_open(struct writer *writer, const char *name)
{
	size_t mark = writer->used;
	if (start_member(writer, name, 1))
		append_byte(writer, '{');
	return mark;
}

void writer_close(struct writer *writer, size_t mark)
{
	if (!reserve(writer, 1))
		return;
	if (writer->bytes[writer->used - 1] == '{')
		writer->used = mark;
	else
		append_byte(writer, '}');
}

void writer_open_array(struct writer *writer, const char *name)
{
	if (start_member(writer, name, 1))
		append_byte(writer, '[');
}

void writer_close_array(struct writer *writer)
{
	if (reserve(writer, 1))
		append_byte(writer, ']');
}

/* Length of the UTF-8 sequence at bytes, 0 = not one (Unicode, table 3-7: no overlong forms, no surrogates, nothing above 10FFFF). */
static size_t sequence_length(const unsigned char *bytes, size_t size)
{
	unsigned char lead = bytes[0], low = 0x80, high = 0xbf;
	size_t length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
	if (length == 0 || length > size)
		return 0;
	if (lead == 0xe0)
		low = 0xa0;
	else if (lead == 0xf0)
		low = 0x90;
	else if (lead == 0xed)
		high = 0x9f;
	else if (lead == 0xf4)
		high = 0x8f;
	if (bytes[1] < low || bytes[1] > high)
		return 0;
	for (size_t i = 2; i < length; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	return length;
}

static bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

static void append_escaped(struct writer *writer, unsigned char byte)
{
	static const char hex[] = "0123456789abcdef";
	if (byte == '"' || byte == '\\') {
		append_byte(writer, '\\');
		append_byte(writer, (char)byte);
		return;
	}
	append(writer, "\\u00", 4);
	append_byte(writer, hex[byte >> 4]);
	append_byte(writer, hex[byte & 15]);
}

/* One character that is not plain. Returns the bytes of text it took; one that belongs to no sequence becomes U+FFFD. */
static size_t append_special(struct writer *writer, const unsigned char *text, size_t size)
{
	if (text[0] < 0x80) {
		append_escaped(writer, text[0]);
		return 1;
	}
	size_t length = sequence_length(text, size);
	if (length == 0)
		append(writer, "\xef\xbf\xbd", 3);
	else
		append(writer, (const char *)text, length);
	return length ? length : 1;
}

void writer_text(struct writer *writer, const char *name, const char *text, size_t max)
{
	size_t size = text ? strnlen(text, max) : 0;
	if (size == 0 || !start_member(writer, name, size * ESCAPE_MAX + 2))
		return;
	append_byte(writer, '"');
	for (size_t at = 0; at < size;) {
		const unsigned char *rest = (const unsigned char *)text + at;
		if (is_plain(*rest)) {
			append_byte(writer, (char)*rest);
			at++;
		} else {
			at += append_special(writer, rest, size - at);
		}
	}
	append_byte(writer, '"');
}

/* Digits of value, at least `least` of them. */
static void append_digits(struct writer *writer, uint64_t value, unsigned least)
{
	char digits[20];
	unsigned count = 0;
	while (value > 0 || count < least) {
		digits[sizeof(digits) - ++count] = (char)('0' + value % 10);
		value /= 10;
	}
	append(writer, digits + sizeof(digits) - count, count);
}

/* Beyond what fits an integer: seventeen digits, then a power of ten. Readers refuse integers of hundreds of digits. */
static void append_huge(struct writer *writer, double value)
{
	char digits[352];
	int size = snprintf(digits, sizeof(digits), "%.0f", fabs(value)), kept = 17;
	if (value < 0)
		append_byte(writer, '-');
	append(writer, digits, (size_t)kept);
	append_byte(writer, 'e');
	append_digits(writer, (uint64_t)(size - kept), 1);
}

/* Fixed point by integers: exact, free of the locale, and a tenth of what printf takes. */
static void append_number(struct writer *writer, double value, unsigned decimals)
{
	static const double scales[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9};
	static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};
	if (!isfinite(value)) {
		append(writer, "null", 4);
		return;
	}
	if (decimals > 9)
		decimals = 9;
	while (decimals > 0 && fabs(value) * scales[decimals] >= 1e17)
		decimals--;
	double scaled = round(fabs(value) * scales[decimals]);
	if (scaled >= 1e18) {
		append_huge(writer, value);
		return;
	}
	uint64_t fixed = (uint64_t)scaled, fraction = fixed % powers[decimals];
	if (value < 0 && fixed > 0)
		append_byte(writer, '-');
	append_digits(writer, fixed / powers[decimals], 1);
	if (fraction == 0)
		return;
	for (; fraction % 10 == 0; fraction /= 10)
		decimals--;
	append_byte(writer, '.');
	append_digits(writer, fraction, decimals);
}

void writer_element(struct writer *writer, double value, unsigned decimals)
{
	if (!reserve(writer, NUMBER_MAX + 1))
		return;
	append_comma(writer);
	append_number(writer, value, decimals);
}

void writer_item(struct writer *writer, const char *text)
{
	size_t size = strlen(text);
	if (!reserve(writer, size + 3))
		return;
	append_comma(writer);
	append_byte(writer, '"');
	append(writer, text, size);
	append_byte(writer, '"');
}

void writer_measured(struct writer *writer, const char *name, double value, unsigned decimals)
{
	if (start_member(writer, name, NUMBER_MAX))
		append_number(writer, value, decimals);
}

void writer_number(struct writer *writer, const char *name, double value, unsigned decimals)
{
	if (isfinite(value))
		writer_measured(writer, name, value, decimals);
}

void writer_time(struct writer *writer, const char *name, int64_t unix_ms)
{
	char text[32];
	if (unix_ms != 0)
		writer_text(writer, name, json_time(unix_ms, text), sizeof(text));
}

void writer_integer(struct writer *writer, const char *name, int64_t value)
{
	if (!start_member(writer, name, NUMBER_MAX))
		return;
	if (value < 0)
		append_byte(writer, '-');
	append_digits(writer, value < 0 ? -(uint64_t)value : (uint64_t)value, 1);
}

void writer_json(struct writer *writer, const char *name, const char *json)
{
	size_t size = strlen(json);
	if (start_member(writer, name, size))
		append(writer, json, size);
}

void writer_flag(struct writer *writer, const char *name, bool flag)
{
	if (start_member(writer, name, 5))
		append(writer, flag ? "true" : "false", flag ? 4 : 5);
}

void writer_null(struct writer *writer, const char *name)
{
	if (start_member(writer, name, 4))
		append(writer, "null", 4);
}
