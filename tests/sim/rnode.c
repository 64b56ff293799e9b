/* A simulated RNode as a program: its serial line is a pty, its air is the simulated ether. All it knows of the board is in
 * tests/support/rnode_sim.h.
 *
 *   rnode --link PATH [--ether SOCKET --name NAME] [--board esp32|nrf52|avr] [--saved MHZ] [--fault NAME]...
 *
 * --saved: it starts as a TNC of that frequency. Faults: absent, locked, no-radio, tx-fails, tx-hangs, old, queue-full, busy. Commands on
 * standard input, one a line, each answered by a line: those of tests/support/sim_program.h (state: settings, packets sent, heard, discarded,
 * the most that was in its queue), and
 *
 *   reboot            it starts anew */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/rnode_sim.h"
#include "tests/support/sim_program.h"

struct board {
	struct sim_options options;
	enum rnode_sim_board kind;
	double saved_mhz;
	struct rnode_sim *sim;
	struct sim_program *program;
};

static void uart(void *context, const uint8_t *bytes, size_t size, int64_t now_us)
{
	struct board *board = context;
	rnode_sim_uart(board->sim, bytes, size, now_us);
}

static void heard(void *context, double rssi_dbm, double snr_db, const uint8_t *bytes, size_t size, int64_t now_us)
{
	struct board *board = context;
	rnode_sim_heard(board->sim, rssi_dbm, snr_db, bytes, size, now_us);
}

static void sent(void *context, int64_t now_us)
{
	struct board *board = context;
	rnode_sim_sent(board->sim, now_us);
}

static void carrier(void *context, bool busy, int64_t now_us)
{
	struct board *board = context;
	rnode_sim_carrier(board->sim, busy, now_us);
}

static int64_t next_us(const void *context)
{
	const struct board *board = context;
	return rnode_sim_next_us(board->sim);
}

static void advance(void *context, int64_t now_us)
{
	struct board *board = context;
	rnode_sim_advance(board->sim, now_us);
}

static void set_fault(void *context, int fault, bool on, int64_t now_us)
{
	struct board *board = context;
	rnode_sim_set_fault(board->sim, (enum rnode_sim_fault)fault, on, now_us);
}

static void print(const void *context, FILE *out)
{
	const struct board *board = context;
	rnode_sim_print(board->sim, out);
}

static bool command(void *context, const char *text, int64_t now_us)
{
	struct board *board = context;
	bool known = strcmp(text, "reboot") == 0;
	if (known)
		rnode_sim_reboot(board->sim, now_us);
	return known;
}

static const struct argp_option options[] = {
    {"board", 'b', "KIND", 0, "esp32, nrf52 or avr; esp32 if not given", 0},
    {"saved", 's', "MHZ", 0, "It starts as a TNC on that frequency, at 250 kHz and SF12", 0},
    {0},
};

static enum rnode_sim_board board_named(const char *name)
{
	return strcmp(name, "avr") == 0     ? RNODE_SIM_AVR
	       : strcmp(name, "nrf52") == 0 ? RNODE_SIM_NRF52
					    : RNODE_SIM_ESP32;
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct board *board = state->input;
	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &board->options;
		break;
	case 'b':
		board->kind = board_named(argument);
		break;
	case 's':
		board->saved_mhz = strtod(argument, NULL);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static bool start(struct board *board)
{
	const struct sim_device device = {.name = "rnode",
					  .modem = board,
					  .uart = uart,
					  .heard = heard,
					  .sent = sent,
					  .carrier = carrier,
					  .next_us = next_us,
					  .advance = advance,
					  .fault_named = rnode_sim_fault_named,
					  .set_fault = set_fault,
					  .print = print,
					  .command = command};
	board->program = sim_program_new(&device, &board->options);
	const struct rnode_sim_ports ports = {.context = board->program,
					      .uart = sim_program_to_host,
					      .host_baud = sim_program_baud,
					      .air = board->options.ether ? sim_program_send : NULL,
					      .listen = board->options.ether ? sim_program_listen : NULL,
					      .tune = sim_program_tune};
	board->sim = board->program ? rnode_sim_new(&ports, board->kind, 1) : NULL;
	if (board->sim && board->saved_mhz > 0)
		rnode_sim_save_settings(board->sim, (uint32_t)(board->saved_mhz * 1e6), 250000, 12);
	return board->sim;
}

int main(int argc, char **argv)
{
	static const struct argp parser = {
	    .options = options, .parser = parse, .doc = "A simulated RNode", .children = sim_program_argp};
	struct board board = {.options.name = "rnode"};
	argp_parse(&parser, argc, argv, 0, NULL, &board);
	bool started = start(&board);
	if (started)
		sim_program_run(board.program);
	rnode_sim_free(board.sim);
	sim_program_free(board.program);
	return started ? 0 : 1;
}
