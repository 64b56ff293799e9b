/* A simulated Ebyte module, E22 or E32, as a program: its serial line is a pty, its pins are lines of a socket (hw/lines.h, sim:SOCKET:m0,
 * m1, aux), its air is the simulated ether. All it knows of the module is in tests/support/ebyte_sim.h.
 *
 *   ebyte --link PATH [--lines SOCKET] [--ether SOCKET --name NAME] [--family e22|e32] [--band 900] [--hardware v1|v2] [--setup-baud N]
 *         [--registers HEX] [--fault NAME]...
 *
 * --registers: as it was set before; such a module with no lines is a station of its own, its mode pins at ground: what is written to
 * its pty goes on the air. Without them the pins are pulled up. Faults: absent, no-aux, aux-low, forget-rate, slow-rate, no-echo, no-rssi.
 * Commands on standard input, one a line, each answered by a line: those of tests/support/sim_program.h (state: registers in RAM and flash,
 * flash writes, bytes lost at a full buffer, mode, whether the self-check is over), and
 *
 *   restart           the watchdog */
#include <argp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/ebyte_sim.h"
#include "tests/support/hex.h"
#include "tests/support/sim_program.h"

enum { SLOWEST_BAUD = 300 };

struct module {
	struct sim_options options;
	const char *registers;
	struct ebyte_sim_options features;
	struct ebyte_sim *sim;
	struct sim_program *program;
};

/* What is in no termios table is surely the wrong speed. */
static unsigned host_baud(void *program)
{
	unsigned baud = sim_program_baud(program);
	return baud ? baud : SLOWEST_BAUD;
}

static void set_aux(void *program, int level)
{
	sim_program_drive(program, "aux", level);
}

static void uart(void *context, const uint8_t *bytes, size_t size, int64_t now_us)
{
	struct module *module = context;
	ebyte_sim_uart(module->sim, bytes, size, now_us);
}

static void lines(void *context, int64_t now_us)
{
	struct module *module = context;
	ebyte_sim_pins(module->sim, sim_program_level(module->program, "m0") != 0,
		       sim_program_level(module->program, "m1") != 0, now_us);
}

static void heard(void *context, double rssi_dbm, double snr_db, const uint8_t *bytes, size_t size, int64_t now_us)
{
	struct module *module = context;
	(void)snr_db;
	ebyte_sim_heard(module->sim, rssi_dbm, bytes, size, now_us);
}

static void sent(void *context, int64_t now_us)
{
	struct module *module = context;
	ebyte_sim_sent(module->sim, now_us);
}

static void carrier(void *context, bool busy, int64_t now_us)
{
	struct module *module = context;
	ebyte_sim_carrier(module->sim, busy, now_us);
}

static int64_t next_us(const void *context)
{
	const struct module *module = context;
	return ebyte_sim_next_us(module->sim);
}

static void advance(void *context, int64_t now_us)
{
	struct module *module = context;
	ebyte_sim_advance(module->sim, now_us);
}

static const struct {
	const char *name;
	size_t offset;
} faults[] = {
    {"absent", offsetof(struct ebyte_sim_options, absent)},
    {"no-aux", offsetof(struct ebyte_sim_options, no_aux)},
    {"aux-low", offsetof(struct ebyte_sim_options, aux_low)},
    {"forget-rate", offsetof(struct ebyte_sim_options, forget_rate)},
    {"slow-rate", offsetof(struct ebyte_sim_options, slow_rate)},
    {"no-echo", offsetof(struct ebyte_sim_options, no_echo)},
    {"no-rssi", offsetof(struct ebyte_sim_options, no_rssi)},
};

static int fault_named(const char *name)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		if (strcmp(faults[i].name, name) == 0)
			return (int)i;
	return -1;
}

static void set_fault(void *context, int fault, bool on, int64_t now_us)
{
	struct module *module = context;
	bool was_absent = module->features.absent;
	*(bool *)((char *)&module->features + faults[fault].offset) = on;
	ebyte_sim_set_options(module->sim, &module->features);
	if (was_absent != module->features.absent)
		ebyte_sim_set_absent(module->sim, on, now_us);
}

static void print_hex(FILE *out, const char *name, const uint8_t *bytes, size_t size)
{
	fprintf(out, "\"%s\": \"", name);
	for (size_t i = 0; i < size; i++)
		fprintf(out, "%02x", bytes[i]);
	fprintf(out, "\", ");
}

static void print(const void *context, FILE *out)
{
	const struct module *module = context;
	size_t size = module->features.family == EBYTE_E22 ? E22_REGISTERS : E32_BLOCK;
	fprintf(out, "{");
	print_hex(out, "ram", ebyte_sim_registers(module->sim, false), size);
	print_hex(out, "flash", ebyte_sim_registers(module->sim, true), size);
	fprintf(out, "\"flash_writes\": %u, \"overflow\": %u, \"mode\": %u, \"ready\": %s}\n",
		ebyte_sim_flash_writes(module->sim), ebyte_sim_overflow(module->sim), ebyte_sim_mode(module->sim),
		ebyte_sim_is_ready(module->sim) ? "true" : "false");
}

static bool command(void *context, const char *text, int64_t now_us)
{
	struct module *module = context;
	bool known = strcmp(text, "restart") == 0;
	if (known)
		ebyte_sim_restart(module->sim, now_us);
	return known;
}

/* As somebody left it: its registers, and the pins of one that nobody has wired. */
static void preset(struct module *module)
{
	uint8_t registers[E22_REGISTERS] = {0};
	hex_read(module->registers, registers, sizeof(registers));
	ebyte_sim_preset(module->sim, registers, 1);
	if (!module->options.lines)
		ebyte_sim_pins(module->sim, false, false, 1);
}

static const struct argp_option options[] = {
    {"family", 'f', "e22|e32", 0, "Family, e22 if not given", 0},
    {"band", 'b', "NAME", 0, "400, 900; of an E32 433, 868, 915", 0},
    {"hardware", 'w', "v1|v2", 0, "Hardware of an E22, v1 if not given", 0},
    {"setup-baud", 's', "BAUD", 0, "Speed in the setup mode, 9600 if not given", 0},
    {"registers", 'r', "HEX", 0, "Settings it has had before", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct module *module = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &module->options;
		break;
	case 'f':
		module->features.family = strcmp(argument, "e32") == 0 ? EBYTE_E32 : EBYTE_E22;
		break;
	case 'b':
		module->features.band = argument;
		break;
	case 'w':
		module->features.hardware = strcmp(argument, "v2") == 0 ? E22_HARDWARE_V2 : 0x10;
		break;
	case 's':
		module->features.setup_baud = (unsigned)strtoul(argument, NULL, 10);
		break;
	case 'r':
		module->registers = argument;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static bool start(struct module *module)
{
	const struct sim_device device = {.name = "ebyte",
					  .modem = module,
					  .uart = uart,
					  .lines = lines,
					  .heard = heard,
					  .sent = sent,
					  .carrier = carrier,
					  .next_us = next_us,
					  .advance = advance,
					  .fault_named = fault_named,
					  .set_fault = set_fault,
					  .print = print,
					  .command = command};
	module->program = sim_program_new(&device, &module->options);
	const struct ebyte_sim_ports ports = {.context = module->program,
					      .uart = sim_program_to_host,
					      .host_baud = host_baud,
					      .aux = set_aux,
					      .air = sim_program_send,
					      .tune = sim_program_tune,
					      .listen = module->options.ether ? sim_program_listen : NULL};
	module->features.own_airtime = !module->options.ether;
	module->sim = module->program ? ebyte_sim_new(&module->features, &ports, 1) : NULL;
	if (module->sim && module->registers)
		preset(module);
	return module->sim;
}

int main(int argc, char **argv)
{
	static const struct argp parser = {
	    .options = options, .parser = parse, .doc = "A simulated Ebyte module", .children = sim_program_argp};
	struct module module = {.options.name = "ebyte", .features.hardware = 0x10};
	argp_parse(&parser, argc, argv, 0, NULL, &module);
	bool started = start(&module);
	if (started)
		sim_program_run(module.program);
	ebyte_sim_free(module.sim);
	sim_program_free(module.program);
	return started ? 0 : 1;
}
