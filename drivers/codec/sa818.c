/* The lines of SA818, SA868 and DRA818 voice modules. */
#include "drivers/codec/sa818.h"

#include <stdio.h>
#include <string.h>

/* How an answer begins. RSSI comes with either sign, depending on the module's age. */
static const struct {
	const char *head;
	enum sa818_command command;
	bool is_text;
} answers[] = {
    {"+DMOCONNECT:", SA818_CONNECT, false},
    {"+DMOSETGROUP:", SA818_SET_GROUP, false},
    {"+DMOSETVOLUME:", SA818_SET_VOLUME, false},
    {"+DMOSETFILTER:", SA818_SET_FILTER, false},
    {"+DMOSETTAIL:", SA818_SET_TAIL, false},
    {"+VERSION:", SA818_VERSION, true},
    {"+DMOREADGROUP:", SA818_READ_GROUP, true},
    {"RSSI=", SA818_RSSI, false},
    {"RSSI:", SA818_RSSI, false},
    {"S=", SA818_SCAN, false},
};

static const char *const ctcss_hz[] = {
    "67.0",  "71.9",  "74.4",  "77.0",  "79.7",  "82.5",  "85.4",  "88.5",  "91.5",  "94.8",  "97.4",  "100.0", "103.5",
    "107.2", "110.9", "114.8", "118.8", "123.0", "127.3", "131.8", "136.5", "141.3", "146.2", "151.4", "156.7", "162.2",
    "167.9", "173.8", "179.9", "186.2", "192.8", "203.5", "210.7", "218.1", "225.7", "233.6", "241.8", "250.3",
};

void sa818_decoder_reset(struct sa818_decoder *decoder)
{
	memset(decoder, 0, sizeof(*decoder));
}

static const char *skip_blanks(const char *text)
{
	while (*text == ' ')
		text++;
	return text;
}

/* A whole number of up to three digits and nothing behind it but blanks; -1 = none. */
static int read_number(const char *text)
{
	int value = 0, digits = 0;
	for (; *text >= '0' && *text <= '9' && digits < 4; text++, digits++)
		value = 10 * value + (*text - '0');
	return digits > 0 && digits < 4 && !*skip_blanks(text) ? value : -1;
}

static bool read_answer(struct sa818_decoder *decoder, const char *line)
{
	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		size_t size = strlen(answers[i].head);
		if (strncmp(line, answers[i].head, size) != 0)
			continue;
		const char *rest = skip_blanks(line + size);
		decoder->command = answers[i].command;
		decoder->value = answers[i].is_text ? -1 : read_number(rest);
		snprintf(decoder->text, sizeof(decoder->text), "%s", answers[i].is_text ? rest : "");
		return answers[i].is_text ? *rest != 0 : decoder->value >= 0;
	}
	return false;
}

static enum sa818_event read_line(struct sa818_decoder *decoder)
{
	const char *line = decoder->line;
	decoder->line[decoder->used] = 0;
	decoder->used = 0;
	if (strncmp(line, "+DMOERROR", strlen("+DMOERROR")) == 0)
		return SA818_ERROR;
	return read_answer(decoder, line) ? SA818_ANSWER : SA818_NOISE;
}

static enum sa818_event end_line(struct sa818_decoder *decoder)
{
	if (decoder->too_long) {
		decoder->too_long = false;
		decoder->used = 0;
		return SA818_TOO_LONG;
	}
	return decoder->used ? read_line(decoder) : SA818_NEED_MORE;
}

/* Blanks and bytes that are no text do not count in front of a line. Inside one the latter spoil it. */
static void add(struct sa818_decoder *decoder, uint8_t byte)
{
	bool printable = byte >= ' ' && byte < 0x7f;
	if (decoder->used == 0 && (!printable || byte == ' '))
		return;
	if (decoder->used + 1 == sizeof(decoder->line))
		decoder->too_long = true;
	else
		decoder->line[decoder->used++] = printable ? (char)byte : '?';
}

enum sa818_event sa818_decode(struct sa818_decoder *decoder, const uint8_t **bytes, size_t *size)
{
	while (*size > 0) {
		uint8_t byte = *(*bytes)++;
		--*size;
		if (byte != '\r' && byte != '\n') {
			add(decoder, byte);
			continue;
		}
		enum sa818_event event = end_line(decoder);
		if (event != SA818_NEED_MORE)
			return event;
	}
	return SA818_NEED_MORE;
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

static bool read_dcs(const char *text, char code[SA818_TONE_SIZE])
{
	text += text[0] == 'D';
	if (!is_octal(text[0]) || !is_octal(text[1]) || !is_octal(text[2]) || (text[3] != 'N' && text[3] != 'I') ||
	    text[4])
		return false;
	snprintf(code, SA818_TONE_SIZE, "%s", text);
	return true;
}

bool sa818_tone(const char *text, char code[SA818_TONE_SIZE])
{
	if (strcmp(text, "none") == 0) {
		snprintf(code, SA818_TONE_SIZE, "0000");
		return true;
	}
	for (unsigned i = 0; i < sizeof(ctcss_hz) / sizeof(*ctcss_hz); i++) {
		if (strcmp(text, ctcss_hz[i]) == 0) {
			snprintf(code, SA818_TONE_SIZE, "%04u", i + 1);
			return true;
		}
	}
	return read_dcs(text, code);
}

bool sa818_frequency_valid(double mhz, bool dra818)
{
	return (mhz >= 134 && mhz <= 174) || (mhz >= 400 && mhz <= (dra818 ? 470 : 480));
}

static size_t written(int size)
{
	return size > 0 && size < SA818_COMMAND_MAX ? (size_t)size : 0;
}

size_t sa818_compose(enum sa818_command command, char *out)
{
	static const char *const texts[SA818_COMMAND_COUNT] = {
	    [SA818_CONNECT] = "AT+DMOCONNECT",
	    [SA818_VERSION] = "AT+VERSION",
	    [SA818_READ_GROUP] = "AT+DMOREADGROUP",
	    [SA818_RSSI] = "RSSI?",
	};
	return texts[command] ? written(snprintf(out, SA818_COMMAND_MAX, "%s\r\n", texts[command])) : 0;
}

static int print_group(const struct sa818_group *group, char *out, size_t size)
{
	return snprintf(out, size, "%d,%.4f,%.4f,%.4s,%u,%.4s", group->wide, group->transmit_mhz, group->receive_mhz,
			group->transmit_tone, group->squelch, group->receive_tone);
}

size_t sa818_compose_group(const struct sa818_group *group, char *out)
{
	char text[SA818_COMMAND_MAX];
	print_group(group, text, sizeof(text));
	return written(snprintf(out, SA818_COMMAND_MAX, "AT+DMOSETGROUP=%.46s\r\n", text));
}

size_t sa818_compose_volume(unsigned volume, char *out)
{
	return written(snprintf(out, SA818_COMMAND_MAX, "AT+DMOSETVOLUME=%u\r\n", volume));
}

/* To the module 1 is the way round a filter. */
size_t sa818_compose_filter(bool emphasis, bool high_pass, bool low_pass, char *out)
{
	return written(snprintf(out, SA818_COMMAND_MAX, "AT+SETFILTER=%d,%d,%d\r\n", !emphasis, !high_pass, !low_pass));
}

size_t sa818_compose_tail(bool tail, char *out)
{
	return written(snprintf(out, SA818_COMMAND_MAX, "AT+SETTAIL=%d\r\n", tail));
}

size_t sa818_compose_scan(double mhz, char *out)
{
	return written(snprintf(out, SA818_COMMAND_MAX, "S+%.4f\r\n", mhz));
}

bool sa818_group_equals(const struct sa818_group *group, const char *text)
{
	char expected[SA818_COMMAND_MAX];
	print_group(group, expected, sizeof(expected));
	size_t size = strlen(expected);
	return strncmp(text, expected, size) == 0 && !*skip_blanks(text + size);
}
