/* The simulated Ebyte module: modes, AUX, the serial line, packets. */
#include "tests/support/ebyte_sim.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/ebyte_sim_internal.h"

enum {
	SWITCH_US = 1000,     /* from the pins to the new mode */
	START_UP_US = 150000, /* self-check; the manuals do not say how long */
	LEAD_E22_US = 2000,   /* from AUX low to the first byte of a packet heard */
	LEAD_E32_US = 5000,
	GAP_BYTES = 3, /* of silence, which close a packet (E32: manual; E22: assumed) */
	OUT_PIECE = 16,
	LISTEN_AGAIN_US = 50000,
	CHECK_AT = 3,
	NORMAL = 0,
	WAKE_UP = 1,
};

/* ---- what drives AUX ---- */

static bool is_busy(const struct ebyte_sim *sim)
{
	return sim->burst_size || sim->out_size || sim->transmitting || sim->listening;
}

/* Low: self-check, output pending, or bytes that are not yet in the transmitter. */
static void update_aux(struct ebyte_sim *sim)
{
	int aux = sim->ready_due_us || sim->out_size || sim->burst_size ? 0 : 1;
	if (sim->options.no_aux || sim->options.absent)
		aux = -1;
	if (sim->options.aux_low)
		aux = 0;
	if (aux == sim->aux)
		return;
	sim->aux = aux;
	sim->ports.aux(sim->ports.context, aux);
}

static int64_t switch_us(const struct ebyte_sim *sim)
{
	return sim->options.switch_us ? sim->options.switch_us : SWITCH_US;
}

/* ---- the receiver ---- */

static bool is_listening_mode(unsigned mode)
{
	return mode == NORMAL || mode == WAKE_UP;
}

static void retune(struct ebyte_sim *sim)
{
	static const int powers[2][4] = {{22, 17, 13, 10}, {20, 17, 14, 10}};
	struct sim_settings settings = sim_settings(sim);
	struct lora_modulation modulation = ebyte_modulation(sim->options.family, settings.air_rate_code);
	bool on = is_listening_mode(sim->mode) && !sim->ready_due_us && !sim->options.absent && !settings.repeater;
	uint32_t frequency_hz = (uint32_t)((sim->band->first_mhz + settings.channel) * 1e6 + 0.5);
	sim->ports.tune(sim->ports.context, on ? frequency_hz : 0, &modulation,
			powers[sim->options.family][settings.power_code]);
}

/* ---- to the host ---- */

static int64_t byte_us(unsigned baud)
{
	return 10 * 1000000 / baud;
}

static unsigned own_baud(const struct ebyte_sim *sim)
{
	if (sim->mode != sim_setup_mode(sim))
		return sim_settings(sim).baud;
	return sim->options.setup_baud ? sim->options.setup_baud : EBYTE_CONFIGURATION_BAUD;
}

static uint8_t garbled(uint8_t byte)
{
	return (uint8_t)((byte * 29 + 71) ^ 0x94);
}

static int64_t lead_us(const struct ebyte_sim *sim)
{
	return sim->options.family == EBYTE_E22 ? LEAD_E22_US : LEAD_E32_US;
}

void sim_put_out(struct ebyte_sim *sim, const uint8_t *bytes, size_t size)
{
	if (sim->out_head + sim->out_size + size > SIM_OUT_MAX) {
		memmove(sim->out, sim->out + sim->out_head, sim->out_size);
		sim->out_head = 0;
	}
	if (sim->out_size + size > SIM_OUT_MAX)
		return;
	memcpy(sim->out + sim->out_head + sim->out_size, bytes, size);
	if (!sim->out_size)
		sim->out_due_us = sim->now_us + lead_us(sim);
	sim->out_size += size;
}

/* A few bytes whose last has just passed the line. */
static void give_out(struct ebyte_sim *sim)
{
	uint8_t piece[OUT_PIECE];
	size_t size = 0, taken = sim->out_size < OUT_PIECE ? sim->out_size : OUT_PIECE;
	bool same_speed = sim->ports.host_baud(sim->ports.context) == own_baud(sim);
	for (size_t i = 0; i < taken; i++) {
		uint8_t byte = sim->out[sim->out_head + i];
		if (sim->options.lose_every && ++sim->lost_count % sim->options.lose_every == 0)
			continue;
		if (same_speed)
			piece[size++] = byte;
		else if (i % 3 != 2)
			piece[size++] = garbled(byte);
	}
	sim->out_head += taken;
	sim->out_size -= taken;
	size_t next = sim->out_size < OUT_PIECE ? sim->out_size : OUT_PIECE;
	sim->out_due_us = sim->out_size ? sim->now_us + (int64_t)next * byte_us(own_baud(sim)) : 0;
	if (size)
		sim->ports.uart(sim->ports.context, piece, size);
}

/* ---- packets on the air ----
 *
 *   | address high | low | family and NETID | check | payload, under the key |
 */

static void encrypt(uint16_t key, uint8_t *bytes, size_t size)
{
	uint32_t state = key * 2654435761u;
	for (size_t i = 0; i < size && key; i++) {
		state = state * 1664525 + 1013904223;
		bytes[i] ^= (uint8_t)(state >> 24);
	}
}

static uint8_t check_of(const struct ebyte_sim *sim, uint8_t netid, const uint8_t *bytes, size_t size)
{
	unsigned check = sim->options.family == EBYTE_E22 ? 0x22 : 0x32;
	for (size_t i = 0; i < size; i++)
		check = check * 31 + bytes[i];
	return (uint8_t)(check ^ check >> 8 ^ netid);
}

/* The fixed-point head, address and channel of the addressee, is taken off the payload and not simulated further. */
static void transmit(struct ebyte_sim *sim, size_t size)
{
	struct sim_settings settings = sim_settings(sim);
	uint8_t packet[SIM_PACKET_MAX] = {(uint8_t)(settings.address >> 8), (uint8_t)settings.address, settings.netid};
	memcpy(packet + EBYTE_PREFIX_SIZE, sim->burst, size);
	packet[CHECK_AT] = check_of(sim, settings.netid, packet + EBYTE_PREFIX_SIZE, size);
	encrypt(settings.key, packet + EBYTE_PREFIX_SIZE, size);
	sim->burst_cut |= size > sim->closed;
	sim->burst_size -= size;
	sim->closed -= size < sim->closed ? size : sim->closed;
	sim->burst_start -= size < sim->burst_start ? size : sim->burst_start;
	memmove(sim->burst, sim->burst + size, sim->burst_size);
	sim->transmitting = true;
	sim->listening = false;
	if (sim->options.own_airtime)
		sim->sent_due_us = sim->now_us +
				   ebyte_packet_airtime_us(sim->options.family, settings.air_rate_code, size);
	sim->ports.air(sim->ports.context, packet, EBYTE_PREFIX_SIZE + size);
}

/* The next packet, if there is a whole one and the transmitter is free. */
static void feed_transmitter(struct ebyte_sim *sim)
{
	struct sim_settings settings = sim_settings(sim);
	size_t size = sim->closed;
	if (size > settings.packet_size || (!size && sim->burst_size >= settings.packet_size))
		size = settings.packet_size;
	if (sim->transmitting || sim->listening || !size || !is_listening_mode(sim->mode))
		return;
	if (settings.repeater) {
		sim->burst_size = sim->closed = sim->burst_start = 0;
	} else if (settings.lbt && sim->ports.listen) {
		sim->listening = true;
		sim->ports.listen(sim->ports.context);
	} else {
		transmit(sim, size);
	}
}

static size_t next_packet_size(const struct ebyte_sim *sim)
{
	size_t most = sim_settings(sim).packet_size;
	return sim->closed && sim->closed < most ? sim->closed : most;
}

void ebyte_sim_carrier(struct ebyte_sim *sim, bool busy, int64_t now_us)
{
	ebyte_sim_advance(sim, now_us);
	if (!sim->listening)
		return;
	if (busy)
		sim->listen_due_us = now_us + LISTEN_AGAIN_US;
	else if (next_packet_size(sim) <= sim->burst_size)
		transmit(sim, next_packet_size(sim));
	update_aux(sim);
}

static void end_of_transmission(struct ebyte_sim *sim)
{
	sim->transmitting = false;
	sim->sent_due_us = 0;
	feed_transmitter(sim);
}

void ebyte_sim_sent(struct ebyte_sim *sim, int64_t now_us)
{
	ebyte_sim_advance(sim, now_us);
	if (sim->transmitting)
		end_of_transmission(sim);
	ebyte_sim_advance(sim, now_us);
	update_aux(sim);
}

void ebyte_sim_heard(struct ebyte_sim *sim, double rssi_dbm, const uint8_t *bytes, size_t size, int64_t now_us)
{
	ebyte_sim_advance(sim, now_us);
	struct sim_settings settings = sim_settings(sim);
	if (size <= EBYTE_PREFIX_SIZE || size > SIM_PACKET_MAX || !is_listening_mode(sim->mode) || sim->ready_due_us ||
	    sim->options.absent || sim->transmitting || settings.repeater)
		return;
	uint8_t payload[SIM_PACKET_MAX + 1];
	size_t payload_size = size - EBYTE_PREFIX_SIZE;
	uint16_t address = (uint16_t)(bytes[0] << 8 | bytes[1]);
	memcpy(payload, bytes + EBYTE_PREFIX_SIZE, payload_size);
	encrypt(settings.key, payload, payload_size);
	if ((settings.address != 0xffff && address != 0xffff && address != settings.address) ||
	    bytes[2] != settings.netid || bytes[CHECK_AT] != check_of(sim, settings.netid, payload, payload_size))
		return;
	sim->last_rssi = (uint8_t)(256 + (int)(rssi_dbm < -130 ? -130 : rssi_dbm > 0 ? 0 : rssi_dbm));
	if (settings.append_rssi)
		payload[payload_size++] = sim->last_rssi;
	sim_put_out(sim, payload, payload_size);
	update_aux(sim);
}

/* ---- from the host ---- */

static void drop_input(struct ebyte_sim *sim)
{
	sim->burst_size = sim->closed = sim->burst_start = 0;
	sim->gap_due_us = 0;
	sim->burst_cut = false;
}

/* Silence: the command is whole, or the packet is closed. */
static void gap(struct ebyte_sim *sim)
{
	sim->gap_due_us = 0;
	if (sim->mode == sim_setup_mode(sim)) {
		sim_command(sim);
		drop_input(sim);
		return;
	}
	size_t size = sim->burst_size - sim->burst_start;
	if (!sim->burst_cut && sim_normal_command(sim, sim->burst + sim->burst_start, size))
		sim->burst_size -= size;
	sim->burst_cut = false;
	sim->closed = sim->burst_start = sim->burst_size;
	feed_transmitter(sim);
}

static void take_byte(struct ebyte_sim *sim, uint8_t byte)
{
	unsigned baud = own_baud(sim);
	bool deaf = sim->options.absent || sim->ready_due_us ||
		    (sim->mode != sim_setup_mode(sim) && !is_listening_mode(sim->mode));
	size_t most = sim->mode == sim_setup_mode(sim) ? 64 : sim_settings(sim).buffer_size;
	if (deaf)
		return;
	if (sim->burst_size >= most) {
		sim->overflow++;
		return;
	}
	sim->burst[sim->burst_size++] = sim->ports.host_baud(sim->ports.context) == baud ? byte : garbled(byte);
	sim->gap_due_us = sim->now_us + GAP_BYTES * byte_us(baud);
	if (is_listening_mode(sim->mode) && sim->burst_size - sim->closed >= sim_settings(sim).packet_size)
		feed_transmitter(sim);
}

void ebyte_sim_uart(struct ebyte_sim *sim, const uint8_t *bytes, size_t size, int64_t now_us)
{
	ebyte_sim_advance(sim, now_us);
	int64_t step_us = byte_us(sim->ports.host_baud(sim->ports.context));
	if (sim->line_free_us < now_us)
		sim->line_free_us = now_us;
	for (size_t i = 0; i < size && sim->line_size < SIM_LINE_MAX; i++) {
		size_t at = (sim->line_head + sim->line_size++) % SIM_LINE_MAX;
		sim->line_free_us += step_us;
		sim->line[at].byte = bytes[i];
		sim->line[at].at_us = sim->line_free_us;
	}
}

/* ---- modes and supply ---- */

static void begin_self_check(struct ebyte_sim *sim)
{
	sim->ready_due_us = sim->now_us + (sim->options.start_up_us ? sim->options.start_up_us : START_UP_US);
}

/* Deferred while something is on its way through the module. */
static void switch_mode(struct ebyte_sim *sim)
{
	if (is_busy(sim)) {
		sim->switch_due_us = sim->now_us + switch_us(sim);
		return;
	}
	bool from_sleep = sim->mode == 3;
	sim->switch_due_us = 0;
	sim->mode = sim->pins;
	drop_input(sim);
	if (from_sleep)
		begin_self_check(sim);
	retune(sim);
}

void ebyte_sim_pins(struct ebyte_sim *sim, bool m0, bool m1, int64_t now_us)
{
	ebyte_sim_advance(sim, now_us);
	unsigned pins = (unsigned)m0 | (unsigned)m1 << 1;
	if (pins == sim->pins)
		return;
	sim->pins = pins;
	sim->switch_due_us = now_us + switch_us(sim);
}

void ebyte_sim_restart(struct ebyte_sim *sim, int64_t now_us)
{
	sim->now_us = now_us;
	memcpy(sim->ram, sim->flash, sizeof(sim->ram));
	drop_input(sim);
	sim->out_size = sim->out_head = sim->line_size = 0;
	sim->transmitting = sim->listening = false;
	sim->sent_due_us = sim->listen_due_us = sim->out_due_us = sim->switch_due_us = 0;
	sim->mode = sim->pins;
	begin_self_check(sim);
	retune(sim);
	update_aux(sim);
}

void ebyte_sim_preset(struct ebyte_sim *sim, const uint8_t *registers, int64_t now_us)
{
	memcpy(sim->flash, registers, sim->options.family == EBYTE_E22 ? E22_REGISTERS : E32_BLOCK);
	ebyte_sim_restart(sim, now_us);
}

void ebyte_sim_set_absent(struct ebyte_sim *sim, bool absent, int64_t now_us)
{
	ebyte_sim_advance(sim, now_us);
	sim->options.absent = absent;
	ebyte_sim_restart(sim, now_us);
}

void ebyte_sim_set_options(struct ebyte_sim *sim, const struct ebyte_sim_options *options)
{
	sim->options = *options;
	update_aux(sim);
}

struct ebyte_sim *ebyte_sim_new(const struct ebyte_sim_options *options, const struct ebyte_sim_ports *ports,
				int64_t now_us)
{
	struct ebyte_sim *sim = calloc(1, sizeof(*sim));
	if (!sim)
		return NULL;
	sim->options = *options;
	sim->ports = *ports;
	sim->aux = -2;
	sim->pins = 3;
	sim->band = ebyte_bands(options->family);
	while (options->band && sim->band[1].name && strcmp(sim->band->name, options->band) != 0)
		sim->band++;
	sim_defaults(sim);
	ebyte_sim_restart(sim, now_us);
	return sim;
}

void ebyte_sim_free(struct ebyte_sim *sim)
{
	free(sim);
}

/* ---- time ---- */

static int64_t earlier(int64_t next_us, int64_t due_us)
{
	return due_us && due_us < next_us ? due_us : next_us;
}

int64_t ebyte_sim_next_us(const struct ebyte_sim *sim)
{
	int64_t next_us = sim->line_size ? sim->line[sim->line_head].at_us : INT64_MAX;
	next_us = earlier(next_us, sim->gap_due_us);
	next_us = earlier(next_us, sim->out_due_us);
	next_us = earlier(next_us, sim->sent_due_us);
	next_us = earlier(next_us, sim->listen_due_us);
	next_us = earlier(next_us, sim->switch_due_us);
	return earlier(next_us, sim->ready_due_us);
}

static bool is_due(const struct ebyte_sim *sim, int64_t due_us)
{
	return due_us && due_us <= sim->now_us;
}

static void take_line(struct ebyte_sim *sim)
{
	while (sim->line_size && sim->line[sim->line_head].at_us <= sim->now_us) {
		uint8_t byte = sim->line[sim->line_head].byte;
		sim->line_head = (sim->line_head + 1) % SIM_LINE_MAX;
		sim->line_size--;
		take_byte(sim, byte);
	}
}

static void step(struct ebyte_sim *sim)
{
	if (is_due(sim, sim->ready_due_us)) {
		sim->ready_due_us = 0;
		retune(sim);
	}
	take_line(sim);
	if (is_due(sim, sim->gap_due_us))
		gap(sim);
	if (is_due(sim, sim->out_due_us))
		give_out(sim);
	if (is_due(sim, sim->sent_due_us))
		end_of_transmission(sim);
	if (is_due(sim, sim->listen_due_us)) {
		sim->listen_due_us = 0;
		sim->ports.listen(sim->ports.context);
	}
	if (is_due(sim, sim->switch_due_us))
		switch_mode(sim);
	update_aux(sim);
}

/* Each thing happens at its own time, however late this is called. */
void ebyte_sim_advance(struct ebyte_sim *sim, int64_t now_us)
{
	for (int64_t next_us; (next_us = ebyte_sim_next_us(sim)) <= now_us;) {
		if (next_us > sim->now_us)
			sim->now_us = next_us;
		step(sim);
	}
	sim->now_us = now_us;
}

/* ---- for checks ---- */

const uint8_t *ebyte_sim_registers(const struct ebyte_sim *sim, bool flash)
{
	return flash ? sim->flash : sim->ram;
}

unsigned ebyte_sim_flash_writes(const struct ebyte_sim *sim)
{
	return sim->flash_writes;
}

unsigned ebyte_sim_overflow(const struct ebyte_sim *sim)
{
	return sim->overflow;
}

unsigned ebyte_sim_mode(const struct ebyte_sim *sim)
{
	return sim->mode;
}

bool ebyte_sim_is_ready(const struct ebyte_sim *sim)
{
	return !sim->ready_due_us && !sim->switch_due_us;
}
