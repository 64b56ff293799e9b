/* A simulated RYLR998 or RYLR896 as a program: its serial line is a pty, NRST is the line `reset` of a socket (hw/lines.h,
 * sim:SOCKET:reset), its air is the simulated ether. All it knows of the module is in tests/support/rylr_sim.h.
 *
 *   rylr --link PATH [--lines SOCKET] [--ether SOCKET --name NAME] [--family 998|896] [--baud N] [--fault NAME]...
 *
 * Faults: absent, ready-only, network-short, spaces, late-ok, deaf, binary, old, tx-timeout. Commands on standard input, one a line, each
 * answered by a line: those of tests/support/sim_program.h (state: settings, writes to flash, packets sent and heard), and
 *
 *   restart, silent   its supply fails for a moment, and it says so or does not */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/rylr_sim.h"
#include "tests/support/sim_program.h"

struct module {
	struct sim_options options;
	bool is_896;
	unsigned baud;
	struct rylr_sim *sim;
	struct sim_program *program;
};

static void uart(void *context, const uint8_t *bytes, size_t size, int64_t now_us)
{
	struct module *module = context;
	rylr_sim_uart(module->sim, bytes, size, now_us);
}

static void lines(void *context, int64_t now_us)
{
	struct module *module = context;
	rylr_sim_reset_line(module->sim, sim_program_level(module->program, "reset") == 0, now_us);
}

static void heard(void *context, double rssi_dbm, double snr_db, const uint8_t *bytes, size_t size, int64_t now_us)
{
	struct module *module = context;
	rylr_sim_heard(module->sim, rssi_dbm, snr_db, bytes, size, now_us);
}

static void spoilt(void *context, int64_t now_us)
{
	struct module *module = context;
	rylr_sim_spoilt(module->sim, now_us);
}

static void sent(void *context, int64_t now_us)
{
	struct module *module = context;
	rylr_sim_sent(module->sim, now_us);
}

static int64_t next_us(const void *context)
{
	const struct module *module = context;
	return rylr_sim_next_us(module->sim);
}

static void advance(void *context, int64_t now_us)
{
	struct module *module = context;
	rylr_sim_advance(module->sim, now_us);
}

static void set_fault(void *context, int fault, bool on, int64_t now_us)
{
	struct module *module = context;
	rylr_sim_set_fault(module->sim, (enum rylr_sim_fault)fault, on, now_us);
}

static void print(const void *context, FILE *out)
{
	const struct module *module = context;
	rylr_sim_print(module->sim, out);
}

static bool command(void *context, const char *text, int64_t now_us)
{
	struct module *module = context;
	bool says = strcmp(text, "restart") == 0, known = says || strcmp(text, "silent") == 0;
	if (known)
		rylr_sim_restart(module->sim, says, now_us);
	return known;
}

static const struct argp_option options[] = {
    {"family", 'f', "998|896", 0, "Family, 998 if not given", 0},
    {"baud", 'b', "BAUD", 0, "Speed it was set to, 115200 if not given", 0},
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
		module->is_896 = strcmp(argument, "896") == 0;
		break;
	case 'b':
		module->baud = (unsigned)strtoul(argument, NULL, 10);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static bool start(struct module *module)
{
	const struct sim_device device = {.name = "rylr",
					  .modem = module,
					  .uart = uart,
					  .lines = lines,
					  .heard = heard,
					  .spoilt = spoilt,
					  .sent = sent,
					  .next_us = next_us,
					  .advance = advance,
					  .fault_named = rylr_sim_fault_named,
					  .set_fault = set_fault,
					  .print = print,
					  .command = command};
	module->program = sim_program_new(&device, &module->options);
	const struct rylr_sim_ports ports = {.context = module->program,
					     .uart = sim_program_to_host,
					     .host_baud = sim_program_baud,
					     .air = module->options.ether ? sim_program_send : NULL,
					     .tune = sim_program_tune};
	module->sim = module->program ? rylr_sim_new(&ports, module->is_896, module->baud, 1) : NULL;
	return module->sim;
}

int main(int argc, char **argv)
{
	static const struct argp parser = {
	    .options = options, .parser = parse, .doc = "A simulated RYLR998 or RYLR896", .children = sim_program_argp};
	struct module module = {.options.name = "rylr"};
	argp_parse(&parser, argc, argv, 0, NULL, &module);
	bool started = start(&module);
	if (started)
		sim_program_run(module.program);
	rylr_sim_free(module.sim);
	sim_program_free(module.program);
	return started ? 0 : 1;
}
