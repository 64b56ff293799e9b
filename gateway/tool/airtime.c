/* cresset airtime: how long a transmission lasts, and how many of it the rules allow in an hour. */
#include "gateway/tool/airtime.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/tool/table.h"
#include "gateway/tool/text.h"
#include "gateway/tool/tool.h"

enum { SETTINGS_MAX = 64, SIZE_GIVEN_MAX = 65535 };

enum { OPTION_SF = 256, OPTION_BW, OPTION_CR, OPTION_PREAMBLE, OPTION_IMPLICIT, OPTION_NO_CRC, OPTION_LDRO };
enum { OPTION_AFSK = 300, OPTION_TXDELAY, OPTION_TXTAIL, OPTION_SIZE };

struct airtime_options {
	struct lora_modulation lora;
	struct afsk_timing afsk; /* baud 0: not asked for */
	const struct modem_ops *modem;
	bool lora_given;
	long size;
	char *settings[SETTINGS_MAX];
	size_t setting_count;
};

static const struct argp_option options[] = {
    {"size", OPTION_SIZE, "BYTES", 0, "payload of the packet; of AX.25 the frame without its check sequence", 0},
    {"sf", OPTION_SF, "5-12", 0, "LoRa: spreading factor", 0},
    {"bw", OPTION_BW, "KHZ", 0, "LoRa: bandwidth, 7.8 to 500 (default 125)", 0},
    {"cr", OPTION_CR, "4/5-4/8", 0, "LoRa: coding rate (default 4/5)", 0},
    {"preamble", OPTION_PREAMBLE, "SYMBOLS", 0, "LoRa: programmed length (default 8)", 0},
    {"implicit", OPTION_IMPLICIT, NULL, 0, "LoRa: no header", 0},
    {"no-crc", OPTION_NO_CRC, NULL, 0, "LoRa: no checksum", 0},
    {"ldro", OPTION_LDRO, "auto|on|off", 0, "LoRa: low data rate optimisation (default auto: from 16 ms a symbol)", 0},
    {"afsk", OPTION_AFSK, "BAUD", 0, "packet radio with audio tones instead of LoRa", 0},
    {"txdelay", OPTION_TXDELAY, "MS", 0, "AFSK: from keying to the first data (default 300)", 0},
    {"txtail", OPTION_TXTAIL, "MS", 0, "AFSK: from the last data to unkeying (default 0)", 0},
    {"modem", 'm', "MODEM", 0, "a modem of the gateway, with its framing; SETTINGs are its own, KEY=VALUE", 0},
    {"radio", 0, NULL, OPTION_ALIAS | OPTION_HIDDEN, NULL, 0},
    {0},
};

static unsigned read_whole(struct argp_state *state, const char *text, unsigned min, unsigned max, const char *what)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	if (end == text || *end || text[0] == '-' || value < min || value > max)
		argp_error(state, "%s is a whole number from %u to %u", what, min, max);
	return (unsigned)value;
}

/* The chips' bandwidths are parts of 500 kHz and known by rounded names. */
static unsigned read_bandwidth(struct argp_state *state, const char *text)
{
	static const unsigned parts[] = {64, 48, 32, 24, 16, 12, 8, 4, 2, 1};
	char *end;
	double khz = strtod(text, &end);
	for (size_t i = 0; end != text && !*end && i < sizeof(parts) / sizeof(*parts); i++)
		if (fabs(khz * parts[i] / 500 - 1) < 0.005)
			return (unsigned)(500000.0 / parts[i] + 0.5);
	argp_error(state, "--bw is one of 7.8, 10.4, 15.6, 20.8, 31.25, 41.7, 62.5, 125, 250, 500");
	return 0;
}

static unsigned read_coding_rate(struct argp_state *state, const char *text)
{
	if (strncmp(text, "4/", 2) != 0 || text[2] < '5' || text[2] > '8' || text[3])
		argp_error(state, "--cr is one of 4/5, 4/6, 4/7, 4/8");
	return (unsigned)(text[2] - '0');
}

static enum lora_optimisation read_optimisation(struct argp_state *state, const char *text)
{
	static const char *const words[] = {"auto", "off", "on"};
	for (int i = 0; i < 3; i++)
		if (strcmp(words[i], text) == 0)
			return (enum lora_optimisation)i;
	argp_error(state, "--ldro is auto, on or off");
	return LORA_OPTIMISE_AUTO;
}

static error_t parse_lora(int key, char *argument, struct argp_state *state)
{
	struct airtime_options *chosen = state->input;
	struct lora_modulation *lora = &chosen->lora;
	switch (key) {
	case OPTION_SF:
		lora->spreading_factor = read_whole(state, argument, 5, 12, "--sf");
		break;
	case OPTION_BW:
		lora->bandwidth_hz = read_bandwidth(state, argument);
		break;
	case OPTION_CR:
		lora->coding_rate = read_coding_rate(state, argument);
		break;
	case OPTION_PREAMBLE:
		lora->preamble_symbols = read_whole(state, argument, 0, 65535, "--preamble");
		break;
	case OPTION_IMPLICIT:
		lora->implicit_header = true;
		break;
	case OPTION_NO_CRC:
		lora->no_crc = true;
		break;
	case OPTION_LDRO:
		lora->optimisation = read_optimisation(state, argument);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	chosen->lora_given = true;
	return 0;
}

static const struct modem_ops *find_modem(struct argp_state *state, const char *name)
{
	char names[512] = "";
	const struct modem_ops *modem = modem_find(name);
	if (modem && modem->airtime_us)
		return modem;
	for (const struct modem_ops *const *known = modem_all(); *known; known++) {
		size_t used = strlen(names);
		if ((*known)->airtime_us)
			snprintf(names + used, sizeof(names) - used, " %s", (*known)->name);
	}
	argp_error(state, "no such modem; known:%s", names);
	return NULL;
}

static void check_options(struct argp_state *state, const struct airtime_options *chosen)
{
	int kinds = chosen->lora_given + (chosen->afsk.baud != 0) + (chosen->modem != NULL);
	if (kinds != 1)
		argp_error(state, "one of --sf, --afsk and --modem is needed");
	if (chosen->lora_given && !chosen->lora.spreading_factor)
		argp_error(state, "--sf is needed");
	if (chosen->size < 0)
		argp_error(state, "--size is needed");
	if (chosen->setting_count && !chosen->modem)
		argp_error(state, "settings belong to --modem");
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct airtime_options *chosen = state->input;
	switch (key) {
	case OPTION_SIZE:
		chosen->size = read_whole(state, argument, 0, SIZE_GIVEN_MAX, "--size");
		return 0;
	case OPTION_AFSK:
		chosen->afsk.baud = read_whole(state, argument, 300, 115200, "--afsk");
		return 0;
	case OPTION_TXDELAY:
		chosen->afsk.txdelay_ms = read_whole(state, argument, 0, 10000, "--txdelay");
		return 0;
	case OPTION_TXTAIL:
		chosen->afsk.txtail_ms = read_whole(state, argument, 0, 10000, "--txtail");
		return 0;
	case 'm':
		chosen->modem = find_modem(state, argument);
		return 0;
	case ARGP_KEY_ARG:
		if (chosen->setting_count == SETTINGS_MAX)
			argp_error(state, "too many settings");
		chosen->settings[chosen->setting_count++] = argument;
		return 0;
	case ARGP_KEY_END:
		check_options(state, chosen);
		return 0;
	default:
		return parse_lora(key, argument, state);
	}
}

static double number(const json_t *document, const char *member)
{
	return json_number_value(json_object_get(document, member));
}

static void print_bands(const json_t *document)
{
	json_t *rows = json_array(), *band;
	size_t index;
	static const struct table_column columns[] = {
	    {"EU SUB-BAND MHZ", "band", TABLE_TEXT},   {"POWER", "power", TABLE_TEXT},
	    {"DUTY CYCLE", "duty", TABLE_TEXT},        {"AN HOUR", "per_hour", TABLE_COUNT},
	    {"PAUSE AFTER EACH", "pause", TABLE_TEXT},
	};
	json_array_foreach(json_object_get(document, "bands"), index, band)
	{
		char power[32], duty[32], pause[32];
		snprintf(power, sizeof(power), "%.0f dBm e.r.p.", number(band, "erp_dbm"));
		snprintf(duty, sizeof(duty), "%g %%", 100 * number(band, "duty_cycle"));
		snprintf(pause, sizeof(pause), "%.3f s", number(band, "pause_us") / 1e6);
		json_array_append_new(rows, json_pack("{s:O,s:s,s:s,s:O,s:s}", "band", json_object_get(band, "band"),
						      "power", power, "duty", duty, "per_hour",
						      json_object_get(band, "per_hour"), "pause", pause));
	}
	if (json_array_size(rows)) {
		putchar('\n');
		table_print(stdout, rows, columns, sizeof(columns) / sizeof(*columns), 0);
	}
	json_decref(rows);
}

static void print(const json_t *document)
{
	long long airtime_us = (long long)json_integer_value(json_object_get(document, "airtime_us"));
	printf("airtime   %lld.%03lld ms\n", airtime_us / 1000, airtime_us % 1000);
	if (json_object_get(document, "symbol_us"))
		printf("symbol    %.3f ms\nbit rate  %.1f bit/s\n", number(document, "symbol_us") / 1000,
		       number(document, "bit_rate_bps"));
	print_bands(document);
}

/* NULL: the modem does not take these settings, which was said. */
static json_t *make_document(const struct airtime_options *chosen)
{
	char wrong[160];
	size_t size = (size_t)chosen->size;
	if (chosen->lora_given)
		return airtime_lora_document(&chosen->lora, size);
	if (chosen->afsk.baud)
		return airtime_afsk_document(&chosen->afsk, size);
	int64_t airtime_us = airtime_of_modem(chosen->modem, chosen->settings, chosen->setting_count, size, wrong,
					      sizeof(wrong));
	if (airtime_us >= 0)
		return airtime_modem_document(chosen->modem, size, airtime_us);
	tool_complain("%s", wrong);
	return NULL;
}

int tool_airtime(int argc, char **argv)
{
	static const struct argp argp = {options, parse, "[SETTING...]",
					 "How long a transmission lasts, and how many of it the duty cycles of the EU "
					 "sub-bands allow in an hour. No legal advice.",
					 tool_options_alone};
	struct airtime_options chosen = {
	    .lora = {.bandwidth_hz = 125000, .coding_rate = 5, .preamble_symbols = 8},
	    .afsk = {.txdelay_ms = 300},
	    .size = -1,
	};
	tool_parse(&argp, argc, argv, &chosen);
	json_t *document = make_document(&chosen);
	if (!document)
		return TOOL_USAGE;
	if (tool_options.json)
		text_print_json(stdout, document);
	else
		print(document);
	json_decref(document);
	return TOOL_OK;
}
