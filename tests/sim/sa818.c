/* A simulated SA818, SA868 or DRA818 module on a pty, with its pins as simulated lines.
 *
 *   sa818 --link PATH [--lines SOCKET] [--variant sa818|sa868|dra818] [--band vhf|uhf] [--ether SOCKET --name NAME] [--seed N]
 *         [--rssi-colon] [--blank] [--empty-lines] [--mute N] [--forgetful]
 *
 * PATH becomes a link to the pty. Lines: ptt, pd, high_power (inputs of the module), squelch (output); those that nobody drives count as
 * high. It answers after 50 to 200 ms, not during the 500 ms after PD went high, not while PD is low, and not at another speed than 9600.
 * With an ether, what is on its channel there opens the squelch. On standard input:
 *   signal MHZ    a station is on this frequency from now on; 0 = none
 *   mute N        the next N commands are not answered
 * On standard output, one line for what happens: "group 0,144.8000,...", "volume 6", "filter 1,1,1", "tail 0", "pd 0", "ptt 1 144.8000",
 * "power low", "squelch open", and "wrong ..." for what must never be: keyed while it is being set up, H/L driven high. */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/ether_client.h"
#include "tests/support/gpio_sim.h"

enum { LINE_SIZE = 96, BOOT_US = 500000, ANSWER_MIN_US = 50000, ANSWER_SPAN_US = 150000, LISTEN_US = 50000 };

struct options {
	const char *link, *lines, *variant, *band, *ether, *name;
	bool rssi_colon, blank, empty_lines, forgetful;
	unsigned mute, seed;
};

struct channel {
	int wide, squelch;
	double transmit_mhz, receive_mhz;
	char transmit_tone[8], receive_tone[8];
};

struct module {
	struct options options;
	int master, slave;
	struct gpio_sim *pins;
	struct ether_client *ether;

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

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ll + now.tv_nsec / 1000;
}

static bool is_dra(const struct module *module)
{
	return strcmp(module->options.variant, "dra818") == 0;
}

static bool is_awake(const struct module *module)
{
	return module->powered && now_us() >= module->booted_at_us;
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
	module->options.seed = module->options.seed * 1103515245u + 12345u;
	snprintf(module->answer, sizeof(module->answer), "%s%s\r\n", module->options.empty_lines ? "\r\n" : "", text);
	module->answer_at_us = now_us() + ANSWER_MIN_US + (module->options.seed >> 8) % ANSWER_SPAN_US;
}

static void answer_result(struct module *module, const char *head, bool fine)
{
	answer(module, "%s:%s%d", head, module->options.blank ? " " : "", fine ? 0 : 1);
}

/* An old DRA818 is silent about what it does not know. */
static void answer_error(struct module *module)
{
	if (!is_dra(module))
		answer(module, "+DMOERROR");
}

static bool in_band(const struct module *module, double mhz)
{
	if (strcmp(module->options.band, "vhf") == 0)
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
	if (module->ether && module->channel.receive_mhz > 0)
		ether_tune(module->ether, &tuning);
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
	if (fine && !module->options.forgetful) {
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
	if (strcmp(module->options.variant, "sa818") != 0) {
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
	if (module->options.rssi_colon)
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
		answer(module, "+VERSION:%s_V4.2", strcmp(module->options.variant, "sa868") == 0 ? "SA868" : "SA818");
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
	if (module->options.mute > 0)
		module->options.mute--;
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

static bool right_speed(const struct module *module)
{
	struct termios line;
	return tcgetattr(module->master, &line) == 0 && cfgetospeed(&line) == B9600;
}

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

static void take_bytes(struct module *module)
{
	char bytes[256];
	ssize_t size = read(module->master, bytes, sizeof(bytes));
	bool heard = is_awake(module) && right_speed(module);
	for (ssize_t i = 0; heard && i < size; i++)
		take_byte(module, bytes[i]);
	if (!heard)
		module->command_size = 0;
}

static void say_answer(struct module *module)
{
	if (!module->answer[0] || now_us() < module->answer_at_us)
		return;
	if (is_awake(module) && write(module->master, module->answer, strlen(module->answer)) < 0)
		perror("sa818: write");
	module->answer[0] = 0;
}

/* ---- the pins ---- */

static bool is_low(const struct module *module, const char *pin)
{
	return module->pins && gpio_sim_level(module->pins, pin) == 0;
}

static void forget(struct module *module)
{
	module->answer[0] = 0;
	module->command_size = 0;
	if (is_dra(module))
		memset(&module->channel, 0, sizeof(module->channel));
	if (module->ether)
		ether_off(module->ether);
}

static void look_at_power(struct module *module)
{
	bool powered = !is_low(module, "pd");
	if (powered == module->powered)
		return;
	module->powered = powered;
	printf("pd %d\n", powered);
	if (powered) {
		module->booted_at_us = now_us() + BOOT_US;
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

static void look_at_pins(struct module *module)
{
	look_at_power(module);
	look_at_ptt(module);
	bool low_power = is_low(module, "high_power");
	if (low_power != module->low_power) {
		module->low_power = low_power;
		printf("power %s\n", low_power ? "low" : "high");
		tune(module);
	}
	if (module->pins && gpio_sim_level(module->pins, "high_power") == 1)
		printf("wrong H/L driven high\n");
}

static void drive_squelch(struct module *module)
{
	bool open = is_awake(module) && !module->keyed && module->channel.receive_mhz > 0 &&
		    (module->channel.squelch == 0 || is_signal_at(module, module->channel.receive_mhz));
	if (module->pins)
		gpio_sim_drive(module->pins, "squelch", open ? 0 : 1);
	if (open != module->squelch_open)
		printf("squelch %s\n", open ? "open" : "closed");
	module->squelch_open = open;
}

/* ---- the rest of the world ---- */

static void take_news(struct module *module)
{
	struct ether_news news;
	enum ether_event event;
	while ((event = ether_take(module->ether, &news)) != ETHER_NOTHING) {
		if (event == ETHER_CARRIER)
			module->carrier = news.carrier;
		if (event == ETHER_GONE) {
			fprintf(stderr, "sa818: the ether has gone\n");
			ended = 1;
			return;
		}
	}
}

static void listen_again(struct module *module)
{
	if (!module->ether || now_us() < module->listen_at_us)
		return;
	ether_listen(module->ether);
	module->listen_at_us = now_us() + LISTEN_US;
}

static void take_order(struct module *module)
{
	char line[64];
	ssize_t size = read(STDIN_FILENO, line, sizeof(line) - 1);
	if (size <= 0)
		return;
	line[size] = 0;
	sscanf(line, "signal %lf", &module->signal_mhz);
	sscanf(line, "mute %u", &module->options.mute);
}

static int patience_ms(const struct module *module)
{
	int64_t until_us = now_us() + 1000000;
	if (module->answer[0] && module->answer_at_us < until_us)
		until_us = module->answer_at_us;
	if (module->ether && module->listen_at_us < until_us)
		until_us = module->listen_at_us;
	if (module->powered && !is_awake(module) && module->booted_at_us < until_us)
		until_us = module->booted_at_us;
	int64_t left_us = until_us - now_us();
	return left_us > 0 ? (int)(left_us / 1000) + 1 : 0;
}

static void turn(struct module *module)
{
	static bool no_orders;
	struct pollfd polled[] = {
	    {.fd = module->master, .events = POLLIN},
	    {.fd = no_orders ? -1 : STDIN_FILENO, .events = POLLIN},
	    {.fd = module->pins ? gpio_sim_fd(module->pins) : -1, .events = POLLIN},
	    {.fd = module->ether ? ether_fd(module->ether) : -1, .events = POLLIN},
	};
	poll(polled, 4, patience_ms(module));
	if (polled[2].revents && gpio_sim_serve(module->pins))
		look_at_pins(module);
	if (polled[0].revents)
		take_bytes(module);
	if (polled[1].revents & POLLIN)
		take_order(module);
	no_orders |= (polled[1].revents & (POLLHUP | POLLERR | POLLNVAL)) != 0;
	if (polled[3].revents)
		take_news(module);
	say_answer(module);
	listen_again(module);
	drive_squelch(module);
}

static bool set_up(struct module *module)
{
	const struct options *options = &module->options;
	if (openpty(&module->master, &module->slave, NULL, NULL, NULL) < 0)
		return false;
	struct termios raw;
	tcgetattr(module->slave, &raw);
	cfmakeraw(&raw);
	tcsetattr(module->slave, TCSANOW, &raw);
	if (symlink(ttyname(module->slave), options->link) < 0)
		return false;
	if (options->lines && !(module->pins = gpio_sim_new(options->lines)))
		return false;
	if (options->ether && !(module->ether = ether_join(options->ether, options->name)))
		return false;
	module->powered = true;
	drive_squelch(module);
	return true;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct options *options = state->input;
	switch (key) {
	case 'k':
		options->link = argument;
		return 0;
	case 'l':
		options->lines = argument;
		return 0;
	case 'v':
		options->variant = argument;
		return 0;
	case 'b':
		options->band = argument;
		return 0;
	case 'e':
		options->ether = argument;
		return 0;
	case 'n':
		options->name = argument;
		return 0;
	case 's':
		options->seed = (unsigned)strtoul(argument, NULL, 10);
		return 0;
	case 'm':
		options->mute = (unsigned)strtoul(argument, NULL, 10);
		return 0;
	case 'c':
		options->rssi_colon = true;
		return 0;
	case 'B':
		options->blank = true;
		return 0;
	case 'E':
		options->empty_lines = true;
		return 0;
	case 'f':
		options->forgetful = true;
		return 0;
	case ARGP_KEY_END:
		if (!options->link)
			argp_error(state, "--link is needed");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option argp_options[] = {
    {"link", 'k', "PATH", 0, "becomes a link to the pty", 0},
    {"lines", 'l', "SOCKET", 0, "where its pins are", 0},
    {"variant", 'v', "NAME", 0, "sa818, sa868 or dra818", 0},
    {"band", 'b', "NAME", 0, "vhf or uhf", 0},
    {"ether", 'e', "SOCKET", 0, "ether to join", 0},
    {"name", 'n', "NAME", 0, "there", 0},
    {"seed", 's', "N", 0, "of the answers' delays", 0},
    {"mute", 'm', "N", 0, "the first N commands are not answered", 0},
    {"rssi-colon", 'c', NULL, 0, "RSSI:057 instead of RSSI=57", 0},
    {"blank", 'B', NULL, 0, "a blank behind the colon", 0},
    {"empty-lines", 'E', NULL, 0, "an empty line before each answer", 0},
    {"forgetful", 'f', NULL, 0, "says that it sets its channel, but does not", 0},
    {0},
};

int main(int argc, char **argv)
{
	static const struct argp argp = {argp_options, parse, NULL, "A simulated SA818 voice module."};
	static struct module module = {.options = {.variant = "sa818", .band = "vhf", .name = "sa818", .seed = 1}};
	argp_parse(&argp, argc, argv, 0, NULL, &module.options);
	signal(SIGTERM, end);
	signal(SIGINT, end);
	setlinebuf(stdout);
	if (!set_up(&module)) {
		perror("sa818");
		return 1;
	}
	printf("ready\n");
	while (!ended)
		turn(&module);
	unlink(module.options.link);
	gpio_sim_free(module.pins);
	ether_leave(module.ether);
	return 0;
}
