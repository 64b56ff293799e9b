/* cresset decode: reads captures line by line or as a stream, and hands them to the chain of drivers. */
#include "gateway/tool/decode.h"

#include <argp.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/keys.h"
#include "gateway/tool/decode_chain.h"

enum {
	EXIT_UNDECODED = 1,
	EXIT_WRONG_USE = 2,
	LINE_SIZE_MAX = 65536,
	PENDING_MAX = 2048, /* bytes of a stream shown as the input of an error */
};

enum { OPTION_KEYS = 256 };

enum format { FORMAT_BY_ITSELF, FORMAT_HEX, FORMAT_TNC2, FORMAT_RAW };

struct decode {
	const struct modem_ops *modem;
	const struct air_ops *air;
	bool modem_given;
	enum format format;
	struct chain *chain;
	struct keys *keys;
	char **files;
	int file_count;
	bool failed;
};

static const struct argp_option options[] = {
    {"modem", 'm', "MODEM", 0, "how the capture is framed, such as kiss or ebyte-e22; none: one frame a line", 0},
    {"air", 'a', "AIR", 0,
     "what was spoken: aprs, field, ...; not needed for a modem that is always spoken through in one way", 0},
    {"keys", OPTION_KEYS, "FILE", 0,
     "key file for --air field; without it all that can be told of its frames is a distress", 0},
    {"format", 'f', "FORMAT", 0,
     "hex: bytes as hex digits; tnc2: lines like N0CALL>APRS:>text, or JSON lines with a member \"frame\"; raw: "
     "the bytes themselves. Recognised by itself where left out",
     0},
    {0},
};

enum { NAMES_MAX = 512 };

static void add_name(char names[static NAMES_MAX], const char *name)
{
	size_t used = strlen(names);
	snprintf(names + used, NAMES_MAX - used, "%s%s", used ? ", " : "", name);
}

/* A control carries no data, so there is nothing to decode of it. */
static const struct modem_ops *choose_modem(const char *name, struct argp_state *state)
{
	char names[NAMES_MAX] = "none";
	const struct modem_ops *const *all = modem_all(), *modem = modem_find(name);
	if (strcmp(name, "none") == 0 || (modem && modem->send))
		return modem;
	for (size_t i = 0; all[i]; i++)
		if (all[i]->send)
			add_name(names, all[i]->name);
	argp_error(state, "--modem %s: not known; there are %s", name, names);
	return NULL;
}

static const struct air_ops *choose_air(const char *name, struct argp_state *state)
{
	char names[NAMES_MAX] = "";
	const struct air_ops *const *all = air_all(), *air = air_find(name);
	for (size_t i = 0; all[i]; i++)
		add_name(names, all[i]->name);
	if (!air)
		argp_error(state, "--air %s: not known; there are %s", name, names);
	return air;
}

static enum format choose_format(const char *name, struct argp_state *state)
{
	static const char *const names[] = {[FORMAT_HEX] = "hex", [FORMAT_TNC2] = "tnc2", [FORMAT_RAW] = "raw"};
	for (enum format format = FORMAT_HEX; format <= FORMAT_RAW; format++)
		if (strcmp(name, names[format]) == 0)
			return format;
	argp_error(state, "--format %s: not known; hex, tnc2 or raw", name);
	return FORMAT_BY_ITSELF;
}

static struct keys *read_keys(const char *path, struct argp_state *state)
{
	char error[512];
	struct keys *keys = keys_load(path, error, sizeof(error));
	if (!keys)
		argp_failure(state, EXIT_WRONG_USE, 0, "--keys %s", error);
	return keys;
}

/* What only one air protocol is spoken through has its name. */
static void complete(struct decode *decode)
{
	if (decode->modem && !decode->air)
		decode->air = air_find(decode->modem->name);
}

static void check_together(const struct decode *decode, struct argp_state *state)
{
	if (!decode->modem_given || !decode->air)
		argp_error(state, "--modem and --air are needed, such as --modem kiss --air aprs");
	if (decode->keys && decode->air && strcmp(decode->air->name, "field") != 0)
		argp_error(state, "--keys is for --air field");
	if (decode->modem && decode->format == FORMAT_TNC2)
		argp_error(state, "--format tnc2 has no framing of a modem: use --modem none");
	if (!decode->modem && decode->format == FORMAT_RAW)
		argp_error(state, "--format raw needs a modem to tell frames apart: use --modem kiss");
	if (decode->format == FORMAT_TNC2 && decode->air && !decode->air->input_text)
		argp_error(state, "--format tnc2: --air %s has no written form, use hex", decode->air->name);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct decode *decode = state->input;
	switch (key) {
	case 'm':
		decode->modem = choose_modem(argument, state);
		decode->modem_given = true;
		return 0;
	case 'a':
		decode->air = choose_air(argument, state);
		return 0;
	case OPTION_KEYS:
		keys_free(decode->keys);
		decode->keys = read_keys(argument, state);
		return 0;
	case 'f':
		decode->format = choose_format(argument, state);
		return 0;
	case ARGP_KEY_ARGS:
		decode->files = state->argv + state->next;
		decode->file_count = state->argc - state->next;
		return 0;
	case ARGP_KEY_END:
		complete(decode);
		check_together(decode, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp parser = {
    .options = options,
    .parser = parse_option,
    .args_doc = "[FILE...]",
    .doc =
	"Reads captures (standard input without FILE) and prints a JSON line for every message in them, and a line "
	"{\"error\",\"input\"} for what cannot be decoded.\vEmpty lines and lines that begin with # are passed over. "
	"Exit status: 0 everything was decoded, 1 something was not, 2 wrong use.",
};

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Bytes out of hex digits; spaces between bytes are allowed. Returns their number, or -1. */
static ssize_t read_hex(const char *line, size_t size, uint8_t *bytes)
{
	size_t count = 0;
	for (size_t i = 0; i < size;) {
		if (line[i] == ' ' || line[i] == '\t') {
			i++;
			continue;
		}
		if (i + 1 >= size || hex_digit(line[i]) < 0 || hex_digit(line[i + 1]) < 0)
			return -1;
		bytes[count++] = (uint8_t)(hex_digit(line[i]) << 4 | hex_digit(line[i + 1]));
		i += 2;
	}
	return (ssize_t)count;
}

static void decode_hex_line(struct decode *decode, const char *line, size_t size)
{
	static uint8_t bytes[LINE_SIZE_MAX / 2];
	ssize_t count = read_hex(line, size, bytes);
	if (count < 0)
		chain_error(decode->chain, "not pairs of hex digits");
	else if (decode->modem)
		chain_bytes(decode->chain, bytes, (size_t)count);
	else
		chain_datagram(decode->chain, bytes, (size_t)count);
}

static void decode_json_line(struct decode *decode, const char *line, size_t size)
{
	json_t *object = json_loadb(line, size, JSON_ALLOW_NUL, NULL);
	const json_t *frame = json_object_get(object, "frame");
	if (json_is_string(frame)) {
		chain_source(decode->chain, json_string_value(frame), json_string_length(frame));
		if (!chain_line(decode->chain, json_string_value(frame), json_string_length(frame)))
			chain_error(decode->chain, "not pairs of hex digits");
	} else {
		chain_error(decode->chain, object ? "no text member \"frame\"" : "not JSON");
	}
	chain_source(decode->chain, line, size);
	json_decref(object);
}

/* Whether a line of unknown format is hex: nothing else is made of these characters, for a TNC2 line has a ">". */
static bool looks_like_hex(const char *line, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (hex_digit(line[i]) < 0 && line[i] != ' ' && line[i] != '\t')
			return false;
	return true;
}

static void decode_line(struct decode *decode, const char *line, size_t size)
{
	size_t before = chain_messages(decode->chain) + chain_errors(decode->chain);
	if (decode->modem || decode->format == FORMAT_HEX ||
	    (decode->format == FORMAT_BY_ITSELF && looks_like_hex(line, size)))
		decode_hex_line(decode, line, size);
	else if (line[0] == '{')
		decode_json_line(decode, line, size);
	else if (!chain_line(decode->chain, line, size))
		chain_error(decode->chain, "not pairs of hex digits");
	if (!decode->modem && chain_messages(decode->chain) + chain_errors(decode->chain) == before)
		chain_error(decode->chain, "no message in it");
}

/* One line without its end into the buffer; what is beyond LINE_SIZE_MAX is read and forgotten. Returns its whole size, -1 = no more. */
static ssize_t read_line(FILE *file, char *line)
{
	ssize_t size = 0;
	int c = getc(file);
	if (c == EOF)
		return -1;
	for (; c != EOF && c != '\n'; c = getc(file), size++)
		if (size < LINE_SIZE_MAX)
			line[size] = (char)c;
	if (size > 0 && size <= LINE_SIZE_MAX && line[size - 1] == '\r')
		size--;
	return size;
}

static void decode_lines(struct decode *decode, FILE *file)
{
	static char line[LINE_SIZE_MAX + 1];
	for (ssize_t size; (size = read_line(file, line)) >= 0;) {
		size_t kept = size < LINE_SIZE_MAX ? (size_t)size : LINE_SIZE_MAX;
		if (kept == 0 || line[0] == '#')
			continue;
		line[kept] = '\0';
		chain_source(decode->chain, line, kept);
		if (size > LINE_SIZE_MAX) {
			chain_source(decode->chain, line, PENDING_MAX);
			chain_error(decode->chain, "longer than 65536 bytes");
		} else {
			decode_line(decode, line, kept);
		}
	}
	chain_end(decode->chain);
}

/* Byte by byte, so that an error shows the bytes since the last message or error. */
static void decode_stream(struct decode *decode, FILE *file)
{
	static const char digits[] = "0123456789abcdef";
	char pending[2 * PENDING_MAX];
	size_t used = 0, lines = 0;
	for (int c; (c = getc(file)) != EOF;) {
		if (used < sizeof(pending)) {
			pending[used++] = digits[c >> 4];
			pending[used++] = digits[c & 15];
		}
		chain_source(decode->chain, pending, used);
		chain_bytes(decode->chain, &(uint8_t){(uint8_t)c}, 1);
		if (chain_messages(decode->chain) + chain_errors(decode->chain) != lines)
			used = 0;
		lines = chain_messages(decode->chain) + chain_errors(decode->chain);
	}
	chain_source(decode->chain, pending, used);
	chain_end(decode->chain);
	chain_source(decode->chain, "", 0);
}

/* A stream through a modem has bytes that no text has; only hex begins with a digit or a space. */
static bool begins_like_text(FILE *file)
{
	int c = getc(file);
	if (c != EOF)
		ungetc(c, file);
	return c == '#' || c == ' ' || c == '\n' || c == '\r' || hex_digit((char)c) >= 0;
}

static void decode_file(struct decode *decode, FILE *file)
{
	bool stream = decode->format == FORMAT_RAW ||
		      (decode->modem && decode->format == FORMAT_BY_ITSELF && !begins_like_text(file));
	if (stream)
		decode_stream(decode, file);
	else
		decode_lines(decode, file);
}

static void decode_named_file(struct decode *decode, const char *name)
{
	FILE *file = strcmp(name, "-") == 0 ? stdin : fopen(name, "re");
	if (file)
		decode_file(decode, file);
	if (!file || ferror(file)) {
		fprintf(stderr, "cresset decode: %s: %s\n", name, strerror(errno));
		decode->failed = true;
	}
	if (file && file != stdin)
		fclose(file);
}

int tool_decode(int argc, char **argv)
{
	struct decode decode = {0};
	argp_err_exit_status = EXIT_WRONG_USE;
	argp_parse(&parser, argc, argv, 0, NULL, &decode);
	decode.chain = chain_new(decode.modem, decode.air, decode.keys, stdout);
	if (!decode.chain) {
		fputs("cresset decode: out of memory\n", stderr);
		return EXIT_UNDECODED;
	}
	if (decode.file_count == 0)
		decode_named_file(&decode, "-");
	for (int i = 0; i < decode.file_count; i++)
		decode_named_file(&decode, decode.files[i]);
	bool complete = !decode.failed && chain_errors(decode.chain) == 0;
	chain_free(decode.chain);
	keys_free(decode.keys);
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "cresset decode: standard output: %s\n", strerror(errno));
		complete = false;
	}
	return complete ? 0 : EXIT_UNDECODED;
}
