/* cresset monitor and cresset tail: what passes, line by line, until it is ended with Ctrl-C. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "drivers/message.h"
#include "gateway/tool/client.h"
#include "gateway/tool/text.h"
#include "gateway/tool/tool.h"

/* head and the text, filled up to width; nothing if there is no such text. */
static void print_member(const json_t *object, const char *member, const char *head, int width)
{
	char *text = text_member(object, member, "");
	if (text && *text)
		printf("%s%-*s", head, width, text);
	free(text);
}

static void print_number(const json_t *object, const char *member, const char *head, int decimals, const char *unit)
{
	const json_t *value = json_object_get(object, member);
	if (json_is_number(value))
		printf("%s%.*f%s", head, decimals, json_number_value(value), unit);
}

/* ---- monitor ---- */

struct monitor_arguments {
	const char *radio;
	bool hex;
};

static int hex_digit(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = digit ? strchr(digits, digit | 0x20) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* Returns the number of bytes; stops at the first pair that is none. */
static size_t bytes_of_hex(const char *hex, uint8_t *bytes, size_t room)
{
	size_t size = 0;
	while (size < room) {
		int high = hex_digit(hex[0]), low = high < 0 ? -1 : hex_digit(hex[1]);
		if (low < 0)
			break;
		bytes[size++] = (uint8_t)(high << 4 | low);
		hex += 2;
	}
	return size;
}

static void print_ascii(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		putchar(bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i] : '.');
	putchar('\n');
}

static void print_hex(const uint8_t *bytes, size_t size)
{
	enum { ROW = 16 };
	for (size_t at = 0; at < size; at += ROW) {
		size_t row = size - at < ROW ? size - at : ROW;
		printf("  %04zx  ", at);
		for (size_t i = 0; i < ROW; i++)
			printf(i < row ? "%02x " : "   ", i < row ? bytes[at + i] : 0);
		putchar(' ');
		print_ascii(bytes + at, row);
	}
}

static void print_datagram(const json_t *line, void *context)
{
	const struct monitor_arguments *arguments = context;
	const char *hex = json_string_value(json_object_get(line, "hex"));
	uint8_t bytes[4096];
	if (tool_options.json) {
		text_print_json(stdout, line);
		return;
	}
	print_member(line, "at", "", 0);
	print_member(line, "radio", " ", 0);
	print_member(line, "direction", " ", 0);
	print_number(line, "size", " ", 0, " bytes");
	print_number(line, "rssi_dbm", " ", 0, " dBm");
	print_number(line, "snr_db", " SNR ", 1, " dB");
	size_t size = hex ? bytes_of_hex(hex, bytes, sizeof(bytes)) : 0;
	if (arguments->hex) {
		putchar('\n');
		print_hex(bytes, size);
	} else {
		printf("  ");
		print_ascii(bytes, size);
	}
}

static error_t parse_monitor(int key, char *argument, struct argp_state *state)
{
	struct monitor_arguments *arguments = state->input;
	switch (key) {
	case 'r':
		arguments->radio = argument;
		return 0;
	case 'x':
		arguments->hex = true;
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int tool_monitor(int argc, char **argv)
{
	static const struct argp_option options[] = {
	    {"radio", 'r', "NAME", 0, "only this radio", 0}, {"hex", 'x', NULL, 0, "all bytes in hexadecimal", 0}, {0}};
	static const struct argp argp = {options, parse_monitor, NULL,
					 "Datagrams of all radios, heard (rx) and sent (tx), as they pass.",
					 tool_common_options};
	struct monitor_arguments arguments = {0};
	tool_parse(&argp, argc, argv, &arguments);
	return client_stream(json_pack("{s:s, s:s*}", "command", "monitor", "radio", arguments.radio), print_datagram,
			     &arguments);
}

/* ---- tail ---- */

struct tail_arguments {
	const char *class, *kind;
};

static bool is_member(const json_t *object, const char *member, const char *wanted)
{
	const char *text = json_string_value(json_object_get(object, member));
	return text && strcasecmp(text, wanted) == 0;
}

static void print_message(const json_t *line, void *context)
{
	const struct tail_arguments *arguments = context;
	const json_t *message = json_object_get(line, "message");
	if (arguments->class && !is_member(line, "class", arguments->class))
		return;
	if (arguments->kind && !is_member(message, "kind", arguments->kind))
		return;
	if (tool_options.json) {
		text_print_json(stdout, line);
		return;
	}
	const json_t *position = json_object_get(message, "position");
	print_member(message, "received_at", "", 0);
	print_member(line, "class", " ", 8);
	print_member(message, "kind", " ", 9);
	print_member(message, "station", " ", 0);
	if (!is_member(message, "status", message_status_name(STATUS_ACTUAL)))
		print_member(message, "status", " ", 0);
	print_member(message, "authenticity", " ", 0);
	print_number(position, "lat", " ", 5, "");
	print_number(position, "lon", ",", 5, "");
	print_member(message, "text", " ", 0);
	putchar('\n');
}

static const char *kind_name(const char *name)
{
	for (int kind = KIND_NONE + 1; kind < KIND_COUNT; kind++)
		if (strcasecmp(message_kind_name(kind), name) == 0)
			return message_kind_name(kind);
	return NULL;
}

static error_t parse_tail(int key, char *argument, struct argp_state *state)
{
	struct tail_arguments *arguments = state->input;
	switch (key) {
	case 'c': {
		int class = message_class_from_name(argument);
		if (class < 0)
			argp_error(state, "--class is one of DISTRESS, URGENT, SAFETY, ROUTINE, BULK");
		arguments->class = message_class_name(class);
		return 0;
	}
	case 'k':
		arguments->kind = kind_name(argument);
		if (!arguments->kind)
			argp_error(state, "there is no such kind; some are distress, alert, position, text, telemetry");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int tool_tail(int argc, char **argv)
{
	static const struct argp_option options[] = {
	    {"class", 'c', "CLASS", 0, "only DISTRESS, URGENT, SAFETY, ROUTINE or BULK", 0},
	    {"kind", 'k', "KIND", 0, "only this kind: distress, alert, position, text, ...", 0},
	    {0}};
	static const struct argp argp = {options, parse_tail, NULL,
					 "Messages as the gateway accepts them, with class and topic.",
					 tool_common_options};
	struct tail_arguments arguments = {0};
	tool_parse(&argp, argc, argv, &arguments);
	return client_stream(json_pack("{s:s}", "command", "tail"), print_message, &arguments);
}
