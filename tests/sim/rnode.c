/* A simulated RNode as a program: its serial line is a pty, its air is the simulated ether. All it knows of the board is in
 * tests/support/rnode_sim.h.
 *
 *   rnode --link PATH [--ether SOCKET --name NAME] [--board esp32|nrf52|avr] [--saved MHZ] [--fault NAME]...
 *
 * --saved: it starts as a TNC of that frequency. Commands on standard input, one a line, each answered by a line: those of
 * tests/support/sim_program.h, and
 *
 *   state             its settings, packets sent, heard, discarded, the most that was in its queue
 *   fault NAME        absent, locked, no-radio, tx-fails, tx-hangs, old, queue-full, busy; no-fault NAME ends it
 *   reboot            it starts anew */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/rnode_sim.h"
#include "tests/support/sim_program.h"

struct board {
	struct sim_places places;
	enum rnode_sim_board kind;
	bool faults[RNODE_SIM_FAULTS];
	double saved_mhz;
	struct rnode_sim *sim;
	struct sim_program *program;
};

/* ---- what the board does ---- */

static void to_host(void *context, const uint8_t *bytes, size_t size)
{
	const struct board *board = context;
	sim_program_to_host(board->program, bytes, size);
}

static unsigned host_baud(void *context)
{
	const struct board *board = context;
	return sim_program_baud(board->program);
}

static void on_air(void *context, const uint8_t *bytes, size_t size)
{
	const struct board *board = context;
	ether_send(sim_program_ether(board->program), bytes, size);
}

static void listen_on_air(void *context)
{
	const struct board *board = context;
	ether_listen(sim_program_ether(board->program));
}

static void tune(void *context, uint32_t frequency_hz, uint32_t bandwidth_hz, unsigned spreading_factor,
		 unsigned coding_rate, unsigned preamble, int power_dbm)
{
	const struct board *board = context;
	struct ether_client *ether = sim_program_ether(board->program);
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

static bool set_fault(struct board *board, const char *name, bool on, int64_t now_us)
{
	int fault = rnode_sim_fault_named(name);
	if (fault >= 0)
		rnode_sim_set_fault(board->sim, (enum rnode_sim_fault)fault, on, now_us);
	return fault >= 0;
}

static bool command(void *context, const char *text, FILE *out, int64_t now_us)
{
	struct board *board = context;
	bool known = true;
	if (strcmp(text, "state") == 0) {
		rnode_sim_print(board->sim, out);
		return true;
	}
	if (strcmp(text, "reboot") == 0)
		rnode_sim_reboot(board->sim, now_us);
	else if (strncmp(text, "fault ", 6) == 0)
		known = set_fault(board, text + 6, true, now_us);
	else if (strncmp(text, "no-fault ", 9) == 0)
		known = set_fault(board, text + 9, false, now_us);
	else
		known = false;
	if (known)
		fprintf(out, "ok\n");
	return known;
}

/* ---- options ---- */

static const struct argp_option options[] = {
    {"link", 'l', "PATH", 0, "Link to the pty", 0},
    {"ether", 'e', "SOCKET", 0, "Socket of the ether", 0},
    {"name", 'n', "NAME", 0, "Name in the ether's scenario", 0},
    {"board", 'b', "KIND", 0, "esp32, nrf52 or avr; esp32 if not given", 0},
    {"saved", 's', "MHZ", 0, "It starts as a TNC on that frequency, at 250 kHz and SF12", 0},
    {"fault", 'x', "NAME", 0, "A fault, see the head of the source", 0},
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
	int fault;
	switch (key) {
	case 'l':
		board->places.link = argument;
		break;
	case 'e':
		board->places.ether = argument;
		break;
	case 'n':
		board->places.name = argument;
		break;
	case 'b':
		board->kind = board_named(argument);
		break;
	case 's':
		board->saved_mhz = strtod(argument, NULL);
		break;
	case 'x':
		fault = rnode_sim_fault_named(argument);
		if (fault < 0)
			argp_error(state, "--fault %s: not known", argument);
		else
			board->faults[fault] = true;
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
					  .command = command};
	const struct rnode_sim_ports ports = {.context = board,
					      .uart = to_host,
					      .host_baud = host_baud,
					      .air = board->places.ether ? on_air : NULL,
					      .listen = board->places.ether ? listen_on_air : NULL,
					      .tune = tune};
	board->program = sim_program_new(&device, &board->places);
	board->sim = board->program ? rnode_sim_new(&ports, board->kind, 1) : NULL;
	for (int i = 0; board->sim && i < RNODE_SIM_FAULTS; i++)
		if (board->faults[i])
			rnode_sim_set_fault(board->sim, (enum rnode_sim_fault)i, true, 1);
	if (board->sim && board->saved_mhz > 0)
		rnode_sim_save_settings(board->sim, (uint32_t)(board->saved_mhz * 1e6), 250000, 12);
	return board->sim;
}

int main(int argc, char **argv)
{
	static const struct argp parser = {.options = options, .parser = parse, .doc = "A simulated RNode"};
	struct board board = {.places.name = "rnode"};
	argp_parse(&parser, argc, argv, 0, NULL, &board);
	bool started = start(&board);
	if (started)
		sim_program_run(board.program);
	rnode_sim_free(board.sim);
	sim_program_free(board.program);
	return started ? 0 : 1;
}
