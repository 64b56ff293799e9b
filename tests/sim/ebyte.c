/* A simulated Ebyte module, E22 or E32, as a program: its serial line is a pty, its pins are lines of a socket (hw/lines.h, sim:SOCKET:m0,
 * m1, aux), its air is the simulated ether. All it knows of the module is in tests/support/ebyte_sim.h.
 *
 *   ebyte --link PATH [--lines SOCKET] [--ether SOCKET --name NAME] [--family e22|e32] [--band 900] [--hardware v1|v2] [faults]
 *
 * --registers HEX: as it was set before; such a module with no lines is a station of its own, its mode pins at ground: what is written to
 * its pty goes on the air. Without them the pins are pulled up. Without an ether nobody hears it. Prints "ready PTY" when it can be used, and takes commands
 * on standard input, one a line, each answered by a line:
 *
 *   state        registers in RAM and flash, flash writes, bytes lost at a full buffer, mode, whether the self-check is over
 *   unplug, plug the serial line
 *   off, on      the supply;  restart: the watchdog
 *   aux ok|none|low    rssi on|off    lose N
 *   say HEX      bytes that the module gives out, past its receiver
 *
 * Ends with its input, on SIGTERM or SIGINT. */
#include <argp.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/ebyte_sim.h"
#include "tests/support/ether_client.h"
#include "tests/support/gpio_sim.h"
#include "tests/support/sim_pty.h"

enum { COMMAND_MAX = 2048 };
enum { AT_PTY, AT_LINES, AT_ETHER, AT_INPUT, POLL_COUNT };

struct module {
	const char *link, *lines_path, *ether_path, *name, *registers;
	struct ebyte_sim_options options;
	struct ebyte_sim *sim;
	struct sim_pty *pty; /* NULL = unplugged */
	struct gpio_sim *lines;
	struct ether_client *ether;
	double speed;
	int64_t begin_us;
	char command[COMMAND_MAX];
	size_t command_size;
	bool ended;
};

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

static int64_t real_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000ll + now.tv_nsec / 1000;
}

/* From 1 on: 0 is "none" for the module. */
static int64_t now_us(const struct module *module)
{
	return 1 + (int64_t)((double)(real_us() - module->begin_us) * module->speed);
}

/* ---- what the module does ---- */

static void to_host(void *context, const uint8_t *bytes, size_t size)
{
	struct module *module = context;
	if (module->pty)
		sim_pty_write(module->pty, bytes, size);
}

static unsigned host_baud(void *context)
{
	const struct module *module = context;
	unsigned baud = module->pty ? sim_pty_baud(module->pty) : 0;
	return baud ? baud : 300;
}

static void set_aux(void *context, int level)
{
	struct module *module = context;
	if (module->lines)
		gpio_sim_drive(module->lines, "aux", level);
}

static void on_air(void *context, const uint8_t *bytes, size_t size)
{
	struct module *module = context;
	if (module->ether)
		ether_send(module->ether, bytes, size);
}

static void listen_on_air(void *context)
{
	const struct module *module = context;
	ether_listen(module->ether);
}

static void tune(void *context, uint32_t frequency_hz, const struct lora_modulation *modulation, int power_dbm)
{
	const struct module *module = context;
	if (!module->ether)
		return;
	if (!frequency_hz) {
		ether_off(module->ether);
		return;
	}
	ether_tune(module->ether, &(struct ether_tuning){
				      .frequency_hz = frequency_hz,
				      .bandwidth_hz = modulation->bandwidth_hz,
				      .spreading_factor = modulation->spreading_factor,
				      .coding_rate = modulation->coding_rate,
				      .preamble = modulation->preamble_symbols,
				      .sync = 0x12,
				      .power_dbm = power_dbm,
				  });
}

/* ---- what is done to it ---- */

static void read_host(struct module *module)
{
	uint8_t bytes[4096];
	size_t size;
	while (module->pty && (size = sim_pty_read(module->pty, bytes, sizeof(bytes))) > 0)
		ebyte_sim_uart(module->sim, bytes, size, now_us(module));
}

static void read_pins(struct module *module)
{
	if (!module->lines)
		return;
	gpio_sim_serve(module->lines);
	ebyte_sim_pins(module->sim, gpio_sim_level(module->lines, "m0") != 0, gpio_sim_level(module->lines, "m1") != 0,
		       now_us(module));
}

static void read_ether(struct module *module)
{
	struct ether_news news;
	while (ether_take(module->ether, &news) != ETHER_NOTHING && module->ether) {
		switch (news.event) {
		case ETHER_WELCOME:
			module->speed = news.speed > 0 ? news.speed : 1;
			break;
		case ETHER_HEARD:
			ebyte_sim_heard(module->sim, news.rssi_dbm, news.bytes, news.size, now_us(module));
			break;
		case ETHER_SENT:
			ebyte_sim_sent(module->sim, now_us(module));
			break;
		case ETHER_CARRIER:
			ebyte_sim_carrier(module->sim, news.carrier, now_us(module));
			break;
		case ETHER_ERROR:
			fprintf(stderr, "ebyte: the ether says: %s\n", news.text);
			break;
		case ETHER_GONE:
			fprintf(stderr, "ebyte: the ether is gone\n");
			module->ended = true;
			return;
		default:
			break;
		}
	}
}

/* ---- commands ---- */

static void print_hex(const char *name, const uint8_t *bytes, size_t size)
{
	printf("\"%s\": \"", name);
	for (size_t i = 0; i < size; i++)
		printf("%02x", bytes[i]);
	printf("\", ");
}

static void print_state(const struct module *module)
{
	size_t size = module->options.family == EBYTE_E22 ? E22_REGISTERS : E32_BLOCK;
	printf("{");
	print_hex("ram", ebyte_sim_registers(module->sim, false), size);
	print_hex("flash", ebyte_sim_registers(module->sim, true), size);
	printf("\"flash_writes\": %u, \"overflow\": %u, \"mode\": %u, \"ready\": %s}\n",
	       ebyte_sim_flash_writes(module->sim), ebyte_sim_overflow(module->sim), ebyte_sim_mode(module->sim),
	       ebyte_sim_is_ready(module->sim) ? "true" : "false");
}

static size_t read_hex(const char *hex, uint8_t *bytes, size_t most)
{
	size_t size = 0;
	unsigned value;
	while (size < most && sscanf(hex + 2 * size, "%2x", &value) == 1)
		bytes[size++] = (uint8_t)value;
	return size;
}

static void say(struct module *module, const char *hex)
{
	uint8_t bytes[COMMAND_MAX / 2];
	to_host(module, bytes, read_hex(hex, bytes, sizeof(bytes)));
}

static bool plug(struct module *module, bool in)
{
	if (!in) {
		sim_pty_free(module->pty);
		module->pty = NULL;
	} else if (!module->pty) {
		module->pty = sim_pty_new(module->link);
	}
	return !in || module->pty;
}

static bool set_fault(struct module *module, const char *command)
{
	struct ebyte_sim_options *options = &module->options;
	unsigned number;
	if (strncmp(command, "aux ", 4) == 0) {
		options->no_aux = strcmp(command + 4, "none") == 0;
		options->aux_low = strcmp(command + 4, "low") == 0;
	} else if (strncmp(command, "rssi ", 5) == 0) {
		options->no_rssi = strcmp(command + 5, "off") == 0;
	} else if (sscanf(command, "lose %u", &number) == 1) {
		options->lose_every = number;
	} else {
		return false;
	}
	ebyte_sim_set_options(module->sim, options);
	return true;
}

static void obey(struct module *module, const char *command)
{
	bool done = true;
	if (strcmp(command, "state") == 0) {
		print_state(module);
		return;
	}
	if (strcmp(command, "unplug") == 0 || strcmp(command, "plug") == 0) {
		done = plug(module, command[0] == 'p');
	} else if (strcmp(command, "off") == 0 || strcmp(command, "on") == 0) {
		module->options.absent = strcmp(command, "off") == 0;
		ebyte_sim_set_absent(module->sim, module->options.absent, now_us(module));
	} else if (strcmp(command, "restart") == 0) {
		ebyte_sim_restart(module->sim, now_us(module));
	} else if (strncmp(command, "say ", 4) == 0) {
		say(module, command + 4);
	} else {
		done = set_fault(module, command);
	}
	printf("%s\n", done ? "ok" : "not understood");
}

static void read_commands(struct module *module)
{
	ssize_t size = read(STDIN_FILENO, module->command + module->command_size,
			    sizeof(module->command) - 1 - module->command_size);
	if (size <= 0) {
		module->ended = true;
		return;
	}
	module->command_size += (size_t)size;
	module->command[module->command_size] = 0;
	for (char *line_end; (line_end = strchr(module->command, '\n'));) {
		*line_end = 0;
		obey(module, module->command);
		module->command_size -= (size_t)(line_end + 1 - module->command);
		memmove(module->command, line_end + 1, module->command_size + 1);
	}
	if (module->command_size == sizeof(module->command) - 1)
		module->command_size = 0;
}

/* ---- the loop ---- */

/* Until the module does something by itself, in real milliseconds, rounded up. */
static int time_left_ms(const struct module *module)
{
	int64_t next_us = ebyte_sim_next_us(module->sim), now = now_us(module);
	if (next_us == INT64_MAX)
		return -1;
	if (next_us <= now)
		return 0;
	double ms = (double)(next_us - now) / module->speed / 1000;
	return ms > 1000 ? 1000 : (int)ms + 1;
}

static void run(struct module *module)
{
	while (!ended && !module->ended) {
		struct pollfd fds[POLL_COUNT] = {
		    [AT_PTY] = {.fd = -1},
		    [AT_LINES] = {.fd = module->lines ? gpio_sim_fd(module->lines) : -1, .events = POLLIN},
		    [AT_ETHER] = {.fd = module->ether ? ether_fd(module->ether) : -1, .events = POLLIN},
		    [AT_INPUT] = {.fd = STDIN_FILENO, .events = POLLIN},
		};
		int look_ms = module->pty ? sim_pty_watch(module->pty, &fds[AT_PTY]) : -1;
		int wait_ms = time_left_ms(module);
		if (look_ms >= 0 && (wait_ms < 0 || look_ms < wait_ms))
			wait_ms = look_ms;
		fflush(stdout);
		if (poll(fds, POLL_COUNT, wait_ms) < 0 && errno != EINTR)
			return;
		read_pins(module);
		ebyte_sim_advance(module->sim, now_us(module));
		if (fds[AT_PTY].revents)
			read_host(module);
		if (fds[AT_ETHER].revents)
			read_ether(module);
		if (fds[AT_INPUT].revents)
			read_commands(module);
	}
}

static bool start(struct module *module)
{
	module->speed = 1;
	module->begin_us = real_us();
	module->options.own_airtime = !module->ether_path;
	module->pty = sim_pty_new(module->link);
	module->lines = module->lines_path ? gpio_sim_new(module->lines_path) : NULL;
	module->ether = module->ether_path ? ether_join(module->ether_path, module->name) : NULL;
	if (!module->pty || (module->lines_path && !module->lines) || (module->ether_path && !module->ether)) {
		fprintf(stderr, "ebyte: cannot start: %s\n", strerror(errno));
		return false;
	}
	const struct ebyte_sim_ports ports = {
	    .context = module,
	    .uart = to_host,
	    .host_baud = host_baud,
	    .aux = set_aux,
	    .air = on_air,
	    .tune = tune,
	    .listen = module->ether ? listen_on_air : NULL,
	};
	module->sim = ebyte_sim_new(&module->options, &ports, now_us(module));
	if (!module->sim)
		return false;
	uint8_t registers[E22_REGISTERS] = {0};
	if (module->registers && read_hex(module->registers, registers, sizeof(registers)))
		ebyte_sim_preset(module->sim, registers, now_us(module));
	if (module->registers && !module->lines)
		ebyte_sim_pins(module->sim, false, false, now_us(module));
	printf("ready %s\n", sim_pty_path(module->pty));
	return true;
}

enum { OPTION_FIRST = 0x100, NO_AUX, AUX_LOW, FORGET_RATE, SLOW_RATE, ABSENT, WRONG_BAUD, NO_ECHO, NO_RSSI, LOSE };

static const struct argp_option options[] = {
    {"link", 'l', "PATH", 0, "Link to the pty", 0},
    {"lines", 'i', "SOCKET", 0, "Socket of the pins m0, m1, aux", 0},
    {"ether", 'e', "SOCKET", 0, "Socket of the ether", 0},
    {"name", 'n', "NAME", 0, "Name in the ether's scenario", 0},
    {"family", 'f', "e22|e32", 0, "Family, e22 if not given", 0},
    {"band", 'b', "NAME", 0, "400, 900; of an E32 433, 868, 915", 0},
    {"hardware", 'w', "v1|v2", 0, "Hardware of an E22, v1 if not given", 0},
    {"registers", 'r', "HEX", 0, "Settings it has had before", 0},
    {"no-aux", NO_AUX, NULL, 0, "AUX is not wired", 0},
    {"aux-low", AUX_LOW, NULL, 0, "AUX stays low", 0},
    {"forget-rate", FORGET_RATE, NULL, 0, "Air rates below 2.4k do not stay", 0},
    {"slow-rate", SLOW_RATE, NULL, 0, "They stay, and 2.4k is transmitted", 0},
    {"absent", ABSENT, NULL, 0, "No supply", 0},
    {"wrong-baud", WRONG_BAUD, "BAUD", 0, "Speed in the setup mode", 0},
    {"no-echo", NO_ECHO, NULL, 0, "An E32 that does not answer a write", 0},
    {"no-rssi", NO_RSSI, NULL, 0, "No RSSI byte, whatever is set", 0},
    {"lose", LOSE, "N", 0, "One in N bytes to the host is lost", 0},
    {0},
};

static error_t parse_fault(int key, const char *argument, struct ebyte_sim_options *faults)
{
	switch (key) {
	case NO_AUX:
		faults->no_aux = true;
		break;
	case AUX_LOW:
		faults->aux_low = true;
		break;
	case FORGET_RATE:
		faults->forget_rate = true;
		break;
	case SLOW_RATE:
		faults->slow_rate = true;
		break;
	case ABSENT:
		faults->absent = true;
		break;
	case WRONG_BAUD:
		faults->setup_baud = (unsigned)strtoul(argument, NULL, 10);
		break;
	case NO_ECHO:
		faults->no_echo = true;
		break;
	case NO_RSSI:
		faults->no_rssi = true;
		break;
	case LOSE:
		faults->lose_every = (unsigned)strtoul(argument, NULL, 10);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct module *module = state->input;
	switch (key) {
	case 'l':
		module->link = argument;
		break;
	case 'i':
		module->lines_path = argument;
		break;
	case 'e':
		module->ether_path = argument;
		break;
	case 'n':
		module->name = argument;
		break;
	case 'f':
		module->options.family = strcmp(argument, "e32") == 0 ? EBYTE_E32 : EBYTE_E22;
		break;
	case 'b':
		module->options.band = argument;
		break;
	case 'r':
		module->registers = argument;
		break;
	case 'w':
		module->options.hardware = strcmp(argument, "v2") == 0 ? E22_HARDWARE_V2 : 0x10;
		break;
	default:
		return parse_fault(key, argument, &module->options);
	}
	return 0;
}

int main(int argc, char **argv)
{
	static struct module module = {.name = "ebyte", .options = {.hardware = 0x10}};
	const struct argp argp = {.options = options, .parser = parse, .doc = "A simulated Ebyte module"};
	const struct sigaction action = {.sa_handler = end};
	if (argp_parse(&argp, argc, argv, 0, NULL, &module) != 0)
		return 2;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	bool started = start(&module);
	if (started)
		run(&module);
	ebyte_sim_free(module.sim);
	if (module.ether)
		ether_leave(module.ether);
	if (module.lines)
		gpio_sim_free(module.lines);
	sim_pty_free(module.pty);
	return started ? 0 : 1;
}
