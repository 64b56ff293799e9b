/* A simulated SA818, SA868 or DRA818 module on a pty, with its pins as simulated lines.
 *
 *   sa818 --link PATH [--lines SOCKET] [--ether SOCKET --name NAME] [--variant sa818|sa868|dra818] [--band vhf|uhf] [--seed N] [--mute N]
 *         [--fault NAME]...
 *
 * Lines: ptt, pd, high_power (inputs of the module), squelch (output); those that nobody drives count as high. It answers after 50 to
 * 200 ms, not during the 500 ms after PD went high, not while PD is low, and not at another speed than 9600. With an ether, what is on
 * its channel there opens the squelch. Faults and variants: rssi-colon (RSSI:057 instead of RSSI=57), blank (one behind the colon),
 * empty-lines (before each answer), forgetful (says that it sets its channel, but does not). --mute N: the first N commands are not answered.
 * On standard input, beside what tests/support/sim_program.h has:
 *   signal MHZ    a station is on this frequency from now on; 0 = none
 * On standard output, besides the answers to those, one line for what happens: "group 0,144.8000,...", "volume 6", "filter 1,1,1", "tail 0",
 * "pd 0", "ptt 1 144.8000", "power low", "squelch open", and "wrong ..." for what must never be: keyed while it is being set up, H/L driven
 * high. */
#include <argp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/sim_program.h"

enum {
	LINE_SIZE = 96,
	BOOT_US = 500000,
	ANSWER_MIN_US = 50000,
	ANSWER_SPAN_US = 150000,
	LISTEN_US = 50000,
	BAUD = 9600
};

enum fault { RSSI_COLON, BLANK, EMPTY_LINES, FORGETFUL, FAULTS };
static const char *const fault_names[FAULTS] = {
    [RSSI_COLON] = "rssi-colon", [BLANK] = "blank", [EMPTY_LINES] = "empty-lines", [FORGETFUL] = "forgetful"};

struct channel {
	int wide, squelch;
	double transmit_mhz, receive_mhz;
	char transmit_tone[8], receive_tone[8];
};

struct module {
	struct sim_options options;
	const char *variant, *band;
	unsigned mute, seed;
	bool faults[FAULTS];
	struct sim_program *program;
	int64_t now_us;

	bool powered, keyed, low_power, squelch_open;
	int64_t booted_at_us;
	struct channel channel;
	double signal_mhz;
	bool carrier; /* in the ether */
	int64_t listen_at_us;

	char command[LINE_SIZE];
	size_t command_size;
	char answer[LINE_SIZE + 8]; /* "" = none is due */
	int64_t answer_at_us;
};

static bool is_dra(const struct module *module)
{
	return strcmp(module->variant, "dra818") == 0;
}

static bool is_awake(const struct module *module)
{
	return module->powered && module->now_us >= module->booted_at_us;
}

/* ---- answers ---- */

static void answer(struct module *module, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void answer(struct module *module, const char *format, ...)
{
	char text[LINE_SIZE];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	module->seed = module->seed * 1103515245u + 12345u;
	snprintf(module->answer, sizeof(module->answer), "%s%s\r\n", module->faults[EMPTY_LINES] ? "\r\n" : "", text);
	module->answer_at_us = module->now_us + ANSWER_MIN_US + (module->seed >> 8) % ANSWER_SPAN_US;
}

static void answer_result(struct module *module, const char *head, bool fine)
{
	answer(module, "%s:%s%d", head, module->faults[BLANK] ? " " : "", fine ? 0 : 1);
}

/* An old DRA818 is silent about what it does not know. */
static void answer_error(struct module *module)
{
	if (!is_dra(module))
		answer(module, "+DMOERROR");
}

static bool in_band(const struct module *module, double mhz)
{
	if (strcmp(module->band, "vhf") == 0)
		return mhz >= 134 && mhz <= 174;
	return mhz >= 400 && mhz <= (is_dra(module) ? 470 : 480);
}

static bool is_tone(const char *text)
{
	if (strlen(text) != 4 || strspn(text, "0123456789") < 3)
		return false;
	return text[3] == 'I' || text[3] == 'N' || (text[3] >= '0' && text[3] <= '9' && atoi(text) <= 38);
}

/* Another channel: where to listen, and in the ether too. */
static void tune(struct module *module)
{
	const struct ether_tuning tuning = {
	    .frequency_hz = (uint32_t)(module->channel.receive_mhz * 1e6 + 0.5),
	    .power_dbm = module->low_power ? 27 : 30,
	    .afsk_baud = 1200,
	    .txdelay_ms = 300,
	};
	struct ether_client *ether = sim_program_ether(module->program);
	if (ether && module->channel.receive_mhz > 0)
		ether_tune(ether, &tuning);
}

static void set_group(struct module *module, const char *parameters)
{
	struct channel channel;
	char rest;
	int read = sscanf(parameters, "%1d,%8lf,%8lf,%4[0-9IN],%1d,%4[0-9IN]%c", &channel.wide, &channel.transmit_mhz,
			  &channel.receive_mhz, channel.transmit_tone, &channel.squelch, channel.receive_tone, &rest);
	bool fine = read == 6 && channel.wide <= 1 && channel.squelch <= 8 && in_band(module, channel.transmit_mhz) &&
		    in_band(module, channel.receive_mhz) && is_tone(channel.transmit_tone) &&
		    is_tone(channel.receive_tone);
	if (fine && !module->faults[FORGETFUL]) {
		module->channel = channel;
		tune(module);
		printf("group %s\n", parameters);
	}
	answer_result(module, "+DMOSETGROUP", fine);
}

static void set_volume(struct module *module, const char *parameters)
{
	bool fine = strlen(parameters) == 1 && parameters[0] >= '1' && parameters[0] <= '8';
	if (fine)
		printf("volume %s\n", parameters);
	answer_result(module, "+DMOSETVOLUME", fine);
}

static void set_filter(struct module *module, const char *parameters)
{
	bool fine = strlen(parameters) == 5 && strspn(parameters, "01,") == 5;
	if (fine)
		printf("filter %s\n", parameters);
	answer_result(module, "+DMOSETFILTER", fine);
}

static void set_tail(struct module *module, const char *parameters)
{
	if (strcmp(module->variant, "sa818") != 0) {
		answer_error(module);
		return;
	}
	bool fine = strcmp(parameters, "0") == 0 || strcmp(parameters, "1") == 0;
	if (fine)
		printf("tail %s\n", parameters);
	answer_result(module, "+DMOSETTAIL", fine);
}

/* A station on this frequency, or something in the ether on the tuned one. */
static bool is_signal_at(const struct module *module, double mhz)
{
	if (module->carrier && mhz == module->channel.receive_mhz)
		return true;
	return module->signal_mhz != 0 && module->signal_mhz == mhz;
}

static void read_group(struct module *module)
{
	const struct channel *channel = &module->channel;
	answer(module, "+DMOREADGROUP:%d,%.4f,%.4f,%s,%d,%s", channel->wide, channel->transmit_mhz,
	       channel->receive_mhz, channel->transmit_tone, channel->squelch, channel->receive_tone);
}

static void read_rssi(struct module *module)
{
	int rssi = is_signal_at(module, module->channel.receive_mhz) ? 120 : 35;
	if (module->faults[RSSI_COLON])
		answer(module, "RSSI:%03d", rssi);
	else
		answer(module, "RSSI=%d", rssi);
}

/* The parameters of a command that begins like this, or NULL. */
static const char *after(const char *command, const char *head)
{
	size_t size = strlen(head);
	return strncmp(command, head, size) == 0 ? command + size : NULL;
}

static void obey_newer(struct module *module, const char *command)
{
	if (is_dra(module))
		answer_error(module);
	else if (strcmp(command, "AT+VERSION") == 0)
		answer(module, "+VERSION:%s_V4.2", strcmp(module->variant, "sa868") == 0 ? "SA868" : "SA818");
	else if (strcmp(command, "AT+DMOREADGROUP") == 0)
		read_group(module);
	else if (strcmp(command, "RSSI?") == 0)
		read_rssi(module);
	else
		answer_error(module);
}

static void obey(struct module *module, const char *command)
{
	const char *parameters;
	if (module->keyed)
		printf("wrong command while keyed: %s\n", command);
	if (module->mute > 0)
		module->mute--;
	else if (strcmp(command, "AT+DMOCONNECT") == 0)
		answer_result(module, "+DMOCONNECT", true);
	else if ((parameters = after(command, "AT+DMOSETGROUP=")))
		set_group(module, parameters);
	else if ((parameters = after(command, "AT+DMOSETVOLUME=")))
		set_volume(module, parameters);
	else if ((parameters = after(command, "AT+SETFILTER=")))
		set_filter(module, parameters);
	else if ((parameters = after(command, "AT+SETTAIL=")))
		set_tail(module, parameters);
	else if ((parameters = after(command, "S+")))
		answer(module, "S=%d", !is_signal_at(module, strtod(parameters, NULL)));
	else
		obey_newer(module, command);
}

/* ---- the serial line ---- */

static void take_byte(struct module *module, char byte)
{
	if (module->command_size + 1 < sizeof(module->command))
		module->command[module->command_size++] = byte;
	if (byte != '\n')
		return;
	size_t size = module->command_size;
	module->command_size = 0;
	if (size < 2 || module->command[size - 2] != '\r')
		return;
	module->command[size - 2] = 0;
	obey(module, module->command);
}

static void uart(void *context, const uint8_t *bytes, size_t size, int64_t now_us)
{
	struct module *module = context;
	module->now_us = now_us;
	bool heard = is_awake(module) && sim_program_baud(module->program) == BAUD;
	for (size_t i = 0; heard && i < size; i++)
		take_byte(module, (char)bytes[i]);
	if (!heard)
		module->command_size = 0;
}

static void say_answer(struct module *module)
{
	if (!module->answer[0] || module->now_us < module->answer_at_us)
		return;
	if (is_awake(module))
		sim_program_to_host(module->program, (const uint8_t *)module->answer, strlen(module->answer));
	module->answer[0] = 0;
}

/* ---- the pins ---- */

static bool is_low(const struct module *module, const char *pin)
{
	return sim_program_level(module->program, pin) == 0;
}

static void forget(struct module *module)
{
	module->answer[0] = 0;
	module->command_size = 0;
	if (is_dra(module))
		memset(&module->channel, 0, sizeof(module->channel));
	if (sim_program_ether(module->program))
		ether_off(sim_program_ether(module->program));
}

static void look_at_power(struct module *module)
{
	bool powered = !is_low(module, "pd");
	if (powered == module->powered)
		return;
	module->powered = powered;
	printf("pd %d\n", powered);
	if (powered) {
		module->booted_at_us = module->now_us + BOOT_US;
		tune(module);
	} else {
		forget(module);
	}
}

static void look_at_ptt(struct module *module)
{
	bool keyed = is_low(module, "ptt") && is_awake(module);
	if (is_low(module, "ptt") && !is_awake(module))
		printf("wrong keyed while it starts\n");
	if (keyed == module->keyed)
		return;
	module->keyed = keyed;
	if (keyed && module->answer[0])
		printf("wrong keyed while it is being set up\n");
	printf("ptt %d %.4f\n", keyed, module->channel.transmit_mhz);
}

static void lines(void *context, int64_t now_us)
{
	struct module *module = context;
	module->now_us = now_us;
	look_at_power(module);
	look_at_ptt(module);
	bool low_power = is_low(module, "high_power");
	if (low_power != module->low_power) {
		module->low_power = low_power;
		printf("power %s\n", low_power ? "low" : "high");
		tune(module);
	}
	if (sim_program_level(module->program, "high_power") == 1)
		printf("wrong H/L driven high\n");
}

static void drive_squelch(struct module *module)
{
	bool open = is_awake(module) && !module->keyed && module->channel.receive_mhz > 0 &&
		    (module->channel.squelch == 0 || is_signal_at(module, module->channel.receive_mhz));
	sim_program_drive(module->program, "squelch", open ? 0 : 1);
	if (open != module->squelch_open)
		printf("squelch %s\n", open ? "open" : "closed");
	module->squelch_open = open;
}

/* ---- the rest of the world ---- */

static void carrier(void *context, bool busy, int64_t now_us)
{
	struct module *module = context;
	module->now_us = now_us;
	module->carrier = busy;
}

static void listen_again(struct module *module)
{
	if (module->now_us < module->listen_at_us)
		return;
	sim_program_listen(module->program);
	module->listen_at_us = module->now_us + LISTEN_US;
}

static int64_t next_us(const void *context)
{
	const struct module *module = context;
	int64_t next = sim_program_ether(module->program) ? module->listen_at_us : INT64_MAX;
	if (module->answer[0] && module->answer_at_us < next)
		next = module->answer_at_us;
	if (module->powered && !is_awake(module) && module->booted_at_us < next)
		next = module->booted_at_us;
	return next;
}

static void advance(void *context, int64_t now_us)
{
	struct module *module = context;
	module->now_us = now_us;
	say_answer(module);
	listen_again(module);
	drive_squelch(module);
}

static int fault_named(const char *name)
{
	for (int i = 0; i < FAULTS; i++)
		if (strcmp(fault_names[i], name) == 0)
			return i;
	return -1;
}

static void set_fault(void *context, int fault, bool on, int64_t now_us)
{
	struct module *module = context;
	module->now_us = now_us;
	module->faults[fault] = on;
}

static bool command(void *context, const char *text, int64_t now_us)
{
	struct module *module = context;
	module->now_us = now_us;
	return sscanf(text, "signal %lf", &module->signal_mhz) == 1;
}

static const struct argp_option argp_options[] = {
    {"variant", 'v', "NAME", 0, "sa818, sa868 or dra818", 0},
    {"band", 'b', "NAME", 0, "vhf or uhf", 0},
    {"seed", 's', "N", 0, "of the answers' delays", 0},
    {"mute", 'm', "N", 0, "the first N commands are not answered", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct module *module = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &module->options;
		break;
	case 'v':
		module->variant = argument;
		break;
	case 'b':
		module->band = argument;
		break;
	case 's':
		module->seed = (unsigned)strtoul(argument, NULL, 10);
		break;
	case 'm':
		module->mute = (unsigned)strtoul(argument, NULL, 10);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {.options = argp_options,
					 .parser = parse,
					 .doc = "A simulated SA818 voice module.",
					 .children = sim_program_argp};
	struct module module = {
	    .options.name = "sa818", .variant = "sa818", .band = "vhf", .seed = 1, .powered = true, .now_us = 1};
	argp_parse(&argp, argc, argv, 0, NULL, &module);
	const struct sim_device device = {.name = "sa818",
					  .modem = &module,
					  .uart = uart,
					  .lines = lines,
					  .carrier = carrier,
					  .next_us = next_us,
					  .advance = advance,
					  .fault_named = fault_named,
					  .set_fault = set_fault,
					  .command = command};
	module.program = sim_program_new(&device, &module.options);
	if (!module.program)
		return 1;
	drive_squelch(&module);
	sim_program_run(module.program);
	sim_program_free(module.program);
	return 0;
}
