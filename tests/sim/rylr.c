/* A simulated RYLR998 or RYLR896 as a program: its serial line is a pty, NRST is the line `reset` of a socket (hw/lines.h,
 * sim:SOCKET:reset), its air is the simulated ether. All it knows of the module is in tests/support/rylr_sim.h.
 *
 *   rylr --link PATH [--lines SOCKET] [--ether SOCKET --name NAME] [--family 998|896] [--baud N] [--fault NAME]...
 *
 * Commands on standard input, one a line, each answered by a line: those of tests/support/sim_program.h, and
 *
 *   state             its settings, writes to flash, packets sent and heard
 *   fault NAME        absent, ready-only, network-short, spaces, late-ok, deaf, binary, old, tx-timeout; no-fault NAME ends it
 *   restart, silent   its supply fails for a moment, and it says so or does not */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/rylr_sim.h"
#include "tests/support/sim_program.h"

struct module {
	struct sim_places places;
	bool is_896, faults[RYLR_SIM_FAULTS];
	unsigned baud;
	struct rylr_sim *sim;
	struct sim_program *program;
};

/* ---- what the module does ---- */

static void to_host(void *context, const uint8_t *bytes, size_t size)
{
	const struct module *module = context;
	sim_program_to_host(module->program, bytes, size);
}

static unsigned host_baud(void *context)
{
	const struct module *module = context;
	return sim_program_baud(module->program);
}

static void on_air(void *context, const uint8_t *bytes, size_t size)
{
	const struct module *module = context;
	ether_send(sim_program_ether(module->program), bytes, size);
}

static void tune(void *context, uint32_t frequency_hz, uint32_t bandwidth_hz, unsigned spreading_factor,
		 unsigned coding_rate, unsigned preamble, int power_dbm)
{
	const struct module *module = context;
	struct ether_client *ether = sim_program_ether(module->program);
	if (!ether)
		return;
	if (!frequency_hz) {
		ether_off(ether);
		return;
	}
	ether_tune(ether, &(struct ether_tuning){.frequency_hz = frequency_hz,
						 .bandwidth_hz = bandwidth_hz,
						 .spreading_factor = spreading_factor,
						 .coding_rate = coding_rate,
						 .preamble = preamble,
						 .sync = 0x12,
						 .power_dbm = power_dbm});
}

/* ---- what is done to it ---- */

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

static bool set_fault(struct module *module, const char *name, bool on, int64_t now_us)
{
	int fault = rylr_sim_fault_named(name);
	if (fault >= 0)
		rylr_sim_set_fault(module->sim, (enum rylr_sim_fault)fault, on, now_us);
	return fault >= 0;
}

static bool command(void *context, const char *text, FILE *out, int64_t now_us)
{
	struct module *module = context;
	bool known = true;
	if (strcmp(text, "state") == 0) {
		rylr_sim_print(module->sim, out);
		return true;
	}
	if (strcmp(text, "restart") == 0 || strcmp(text, "silent") == 0)
		rylr_sim_restart(module->sim, text[0] == 'r', now_us);
	else if (strncmp(text, "fault ", 6) == 0)
		known = set_fault(module, text + 6, true, now_us);
	else if (strncmp(text, "no-fault ", 9) == 0)
		known = set_fault(module, text + 9, false, now_us);
	else
		known = false;
	if (known)
		fprintf(out, "ok\n");
	return known;
}

/* ---- options ---- */

static const struct argp_option options[] = {
    {"link", 'l', "PATH", 0, "Link to the pty", 0},
    {"lines", 'i', "SOCKET", 0, "Socket of the line reset", 0},
    {"ether", 'e', "SOCKET", 0, "Socket of the ether", 0},
    {"name", 'n', "NAME", 0, "Name in the ether's scenario", 0},
    {"family", 'f', "998|896", 0, "Family, 998 if not given", 0},
    {"baud", 'b', "BAUD", 0, "Speed it was set to, 115200 if not given", 0},
    {"fault", 'x', "NAME", 0, "A fault or variant, see the head of the source", 0},
    {0},
};

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct module *module = state->input;
	int fault;
	switch (key) {
	case 'l':
		module->places.link = argument;
		break;
	case 'i':
		module->places.lines = argument;
		break;
	case 'e':
		module->places.ether = argument;
		break;
	case 'n':
		module->places.name = argument;
		break;
	case 'f':
		module->is_896 = strcmp(argument, "896") == 0;
		break;
	case 'b':
		module->baud = (unsigned)strtoul(argument, NULL, 10);
		break;
	case 'x':
		fault = rylr_sim_fault_named(argument);
		if (fault < 0)
			argp_error(state, "--fault %s: not known", argument);
		else
			module->faults[fault] = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

int main(int argc, char **argv)
{
	static const struct argp parser = {
	    .options = options, .parser = parse, .doc = "A simulated RYLR998 or RYLR896"};
	struct module module = {.places.name = "rylr"};
	argp_parse(&parser, argc, argv, 0, NULL, &module);
	const struct sim_device device = {.name = "rylr",
					  .modem = &module,
					  .uart = uart,
					  .lines = lines,
					  .heard = heard,
					  .spoilt = spoilt,
					  .sent = sent,
					  .next_us = next_us,
					  .advance = advance,
					  .command = command};
	const struct rylr_sim_ports ports = {.context = &module,
					     .uart = to_host,
					     .host_baud = host_baud,
					     .air = module.places.ether ? on_air : NULL,
					     .tune = tune};
	module.program = sim_program_new(&device, &module.places);
	module.sim = module.program ? rylr_sim_new(&ports, module.is_896, module.baud, 1) : NULL;
	for (int i = 0; module.sim && i < RYLR_SIM_FAULTS; i++)
		if (module.faults[i])
			rylr_sim_set_fault(module.sim, (enum rylr_sim_fault)i, true, 1);
	bool started = module.sim;
	if (started)
		sim_program_run(module.program);
	rylr_sim_free(module.sim);
	sim_program_free(module.program);
	return started ? 0 : 1;
}
