/* Text from outside made fit for a terminal, and numbers for people. */
#include "gateway/tool/text.h"

#include <langinfo.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Control characters; invisible ones that change direction, join or hide text; and tags. */
static bool is_harmful(uint32_t character)
{
	static const uint32_t ranges[][2] = {{0, 0x1f},        {0x7f, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},
					     {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f},
					     {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff}};
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
		if (character >= ranges[i][0] && character <= ranges[i][1])
			return true;
	return false;
}

/* Length of the UTF-8 sequence at text, 0 if there is none (RFC 3629: no overlong forms, no surrogates). */
static size_t utf8_length(const unsigned char *text, uint32_t *character)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = text[0] < 0x80 ? 1 : text[0] >= 0xf0 ? 4 : text[0] >= 0xe0 ? 3 : text[0] >= 0xc2 ? 2 : 0;
	if (!length || text[0] > 0xf4)
		return 0;
	uint32_t value = length == 1 ? text[0] : text[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((text[i] & 0xc0) != 0x80) /* also stops at the final zero */
			return 0;
		value = value << 6 | (text[i] & 0x3fu);
	}
	if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*character = value;
	return length;
}

enum { ESCAPE_SIZE = 6 }; /* "\u001b" */

/* Beyond 16 bits as the pair of surrogates that JSON has for it. */
static char *append_escape(char *out, uint32_t character)
{
	if (character > 0xffff) {
		out = append_escape(out, 0xd800 + ((character - 0x10000) >> 10));
		character = 0xdc00 + ((character - 0x10000) & 0x3ff);
	}
	return out + snprintf(out, ESCAPE_SIZE + 1, "\\u%04x", (unsigned)character);
}

char *text_safe(const char *text)
{
	if (!text)
		return NULL;
	bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	/* The worst are single bytes that become an escape; four bytes become two of them. */
	char *safe = malloc(strlen(text) * ESCAPE_SIZE + 1), *out = safe;
	if (!safe)
		return NULL;
	for (const unsigned char *at = (const unsigned char *)text; *at;) {
		uint32_t character = *at;
		size_t length = utf8_length(at, &character);
		if (!length || is_harmful(character) || (character > 0x7f && !utf8)) {
			out = append_escape(out, length ? character : 0xfffd);
		} else {
			memcpy(out, at, length);
			out += length;
		}
		at += length ? length : 1;
	}
	*out = 0;
	return safe;
}

char *text_member(const json_t *object, const char *member, const char *otherwise)
{
	const char *text = json_string_value(json_object_get(object, member));
	return text_safe(text ? text : otherwise);
}

void text_print_json(FILE *stream, const json_t *document)
{
	char *dump = json_dumps(document, JSON_COMPACT | JSON_ENCODE_ANY);
	char *safe = text_safe(dump);
	if (safe)
		fprintf(stream, "%s\n", safe);
	free(dump);
	free(safe);
}

/* Numbers come from outside too: whatever is no sensible amount is shown as such. */
static bool is_amount(double value)
{
	return isfinite(value) && value >= 0 && value < 1e18;
}

static const char *no_amount(char *buffer)
{
	snprintf(buffer, TEXT_NUMBER_MAX, "?");
	return buffer;
}

static const char *with_prefix(double value, const char *unit, char *buffer)
{
	static const char *const prefixes[] = {"", "k", "M", "G", "T", "P", "E"};
	size_t prefix = 0;
	if (!is_amount(value))
		return no_amount(buffer);
	while (value >= 999.95 && prefix < 6) {
		value /= 1000;
		prefix++;
	}
	snprintf(buffer, TEXT_NUMBER_MAX, prefix ? "%.1f %s%s" : "%.0f %s%s", value, prefixes[prefix], unit);
	return buffer;
}

const char *text_bytes(double bytes, char buffer[static TEXT_NUMBER_MAX])
{
	return with_prefix(bytes, "B", buffer);
}

const char *text_rate(double bits_per_second, char buffer[static TEXT_NUMBER_MAX])
{
	return with_prefix(bits_per_second, "bit/s", buffer);
}

const char *text_duration(double seconds, char buffer[static TEXT_NUMBER_MAX])
{
	if (!is_amount(seconds))
		return no_amount(buffer);
	long long s = (long long)seconds;
	if (s < 60)
		snprintf(buffer, TEXT_NUMBER_MAX, "%lld s", s);
	else if (s < 3600)
		snprintf(buffer, TEXT_NUMBER_MAX, "%lld min", s / 60);
	else if (s < 86400)
		snprintf(buffer, TEXT_NUMBER_MAX, "%lld h %02lld min", s / 3600, s / 60 % 60);
	else
		snprintf(buffer, TEXT_NUMBER_MAX, "%lld d %lld h", s / 86400, s / 3600 % 24);
	return buffer;
}

const char *text_airtime(double seconds, char buffer[static TEXT_NUMBER_MAX])
{
	if (!is_amount(seconds))
		return no_amount(buffer);
	snprintf(buffer, TEXT_NUMBER_MAX, seconds < 99.95 ? "%.1f s" : "%.0f s", seconds);
	return buffer;
}

const char *text_milliseconds(double ms, char buffer[static TEXT_NUMBER_MAX])
{
	if (!is_amount(ms))
		return no_amount(buffer);
	if (ms < 10)
		snprintf(buffer, TEXT_NUMBER_MAX, "%.1f ms", ms);
	else if (ms < 1000)
		snprintf(buffer, TEXT_NUMBER_MAX, "%.0f ms", ms);
	else
		snprintf(buffer, TEXT_NUMBER_MAX, ms < 100000 ? "%.1f s" : "%.0f s", ms / 1000);
	return buffer;
}

void text_print_of_id(const json_t *answer, const char *member)
{
	char *id = text_member(answer, "id", "?"), *value = text_member(answer, member, "?");
	printf("%s: %s\n", id ? id : "?", value ? value : "?");
	free(id);
	free(value);
}
