/* A simulated RNode. */
#include "tests/support/rnode_sim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/rnode_sim_radio.h"

enum {
	FEND = 0xc0,
	FESC = 0xdb,
	TFEND = 0xdc,
	TFESC = 0xdd,
	BOOT_US = 700000,
	SOON_BOOT_US = 1200000, /* after it hung */
};

static const struct {
	uint8_t platform, mcu;
	int power_max;
} boards[] = {
    [RNODE_SIM_ESP32] = {0x80, 0x81, 22}, [RNODE_SIM_NRF52] = {0x70, 0x71, 22}, [RNODE_SIM_AVR] = {0x90, 0x91, 17}};

int rnode_sim_fault_named(const char *name)
{
	static const char *const names[RNODE_SIM_FAULTS] = {"absent",   "locked", "no-radio",   "tx-fails",
							    "tx-hangs", "old",    "queue-full", "busy"};
	for (int i = 0; i < RNODE_SIM_FAULTS; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

/* ---- what it says ---- */

void rnode_sim_say(struct rnode_sim *sim, uint8_t command, const uint8_t *body, size_t size)
{
	uint8_t bytes[2 * 1100 + 4];
	size_t used = 0;
	if (sim->faults[RNODE_SIM_ABSENT])
		return;
	bytes[used++] = FEND;
	bytes[used++] = command;
	for (size_t i = 0; i < size; i++) {
		if (body[i] == FEND || body[i] == FESC) {
			bytes[used++] = FESC;
			bytes[used++] = body[i] == FEND ? TFEND : TFESC;
		} else {
			bytes[used++] = body[i];
		}
	}
	bytes[used++] = FEND;
	sim->ports.uart(sim->ports.context, bytes, used);
}

static void say_u32(struct rnode_sim *sim, uint8_t command, uint32_t value)
{
	SAY(sim, command, (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value);
}

static void say_u16(struct rnode_sim *sim, uint8_t command, unsigned value)
{
	SAY(sim, command, (uint8_t)(value >> 8), (uint8_t)value);
}

/* ---- settings ---- */

static uint32_t read_u32(const uint8_t *body)
{
	return (uint32_t)body[0] << 24 | (uint32_t)body[1] << 16 | (uint32_t)body[2] << 8 | body[3];
}

static void take_state(struct rnode_sim *sim, uint8_t value)
{
	bool complete = sim->set.frequency_hz && sim->set.bandwidth_hz && sim->set.has_power && sim->set.spreading;
	if (value == 0xff) {
		SAY(sim, 0x06, sim->on);
		return;
	}
	if (value && sim->faults[RNODE_SIM_NO_RADIO]) {
		SAY(sim, 0x90, 0x01);
		return;
	}
	sim->on = value == 1 && complete && !sim->faults[RNODE_SIM_LOCKED];
	/* Off and on is when new settings reach the chip. */
	if (sim->on)
		sim->used = sim->set;
	rnode_sim_retune(sim);
	if (sim->on)
		rnode_sim_say_physical(sim);
	SAY(sim, 0x06, sim->on);
}

static void take_byte(struct rnode_sim *sim, uint8_t command, uint8_t value)
{
	struct rnode_sim_settings *set = &sim->set;
	int most = boards[sim->board].power_max;
	bool asks = value == 0xff;
	if (command == 0x03) {
		set->power_dbm = asks ? set->power_dbm : value > most ? most : value;
		set->has_power = set->has_power || !asks;
		SAY(sim, command, (uint8_t)set->power_dbm);
	} else if (command == 0x04) {
		set->spreading = asks ? set->spreading : value < 5 ? 5 : value > 12 ? 12 : value;
		SAY(sim, command, (uint8_t)set->spreading);
	} else {
		set->coding = asks ? set->coding : value < 5 ? 5 : value > 8 ? 8 : value;
		SAY(sim, command, (uint8_t)set->coding);
	}
	if (sim->on && !sim->tnc && !asks) {
		sim->used = *set;
		rnode_sim_retune(sim);
	}
}

static void take_u32(struct rnode_sim *sim, uint8_t command, uint32_t value)
{
	uint32_t *setting = command == 0x01 ? &sim->set.frequency_hz : &sim->set.bandwidth_hz;
	if (value)
		*setting = value;
	if (value && sim->on && !sim->tnc) {
		sim->used = sim->set;
		rnode_sim_retune(sim);
	}
	/* The chip's steps of 61 Hz. */
	say_u32(sim, command, command == 0x01 ? (uint32_t)(floor(*setting / 61.03515625) * 61.03515625) : *setting);
}

static void take_lock(struct rnode_sim *sim, uint8_t command, unsigned value)
{
	sim->locks[command - 0x0b] = value >= 10000 ? 0 : value;
	say_u16(sim, command, sim->locks[command - 0x0b]);
}

/* ---- starting ---- */

static void boot(struct rnode_sim *sim, int64_t at_us)
{
	sim->on = sim->transmitting = sim->flushing = sim->listening = sim->second_part = false;
	sim->queue_count = sim->queue_bytes = 0;
	sim->set = (struct rnode_sim_settings){0};
	sim->locks[0] = sim->locks[1] = 0;
	sim->part_size = 0;
	sim->input_size = 0;
	sim->in_frame = sim->escaped = false;
	sim->try_us = sim->channel_us = sim->sent_us = RNODE_SIM_NEVER;
	sim->boot_us = sim->faults[RNODE_SIM_ABSENT] ? RNODE_SIM_NEVER : at_us;
	sim->awake = false;
	rnode_sim_retune(sim);
}

void rnode_sim_reboot(struct rnode_sim *sim, int64_t now_us)
{
	sim->reboots++;
	boot(sim, now_us + BOOT_US);
}

void rnode_sim_hang(struct rnode_sim *sim, int64_t now_us)
{
	SAY(sim, 0x90, 0x06);
	SAY(sim, 0x90, 0x02);
	sim->reboots++;
	boot(sim, now_us + SOON_BOOT_US);
}

static void wake(struct rnode_sim *sim, int64_t now_us)
{
	static const char text[] = "rst:0x1 (POWERON_RESET)\r\n";
	sim->boot_us = RNODE_SIM_NEVER;
	sim->awake = true;
	sim->channel_us = now_us + RNODE_SIM_CHANNEL_US;
	if (sim->board == RNODE_SIM_ESP32)
		sim->ports.uart(sim->ports.context, (const uint8_t *)text, sizeof(text) - 1);
	if (sim->board != RNODE_SIM_AVR)
		SAY(sim, 0x55, 0xf8);
	if (sim->tnc) {
		sim->set = sim->used = sim->saved;
		sim->on = true;
		rnode_sim_retune(sim);
	}
}

void rnode_sim_save_settings(struct rnode_sim *sim, uint32_t frequency_hz, uint32_t bandwidth_hz,
			     unsigned spreading_factor)
{
	sim->tnc = true;
	sim->saved = (struct rnode_sim_settings){.frequency_hz = frequency_hz,
						 .bandwidth_hz = bandwidth_hz,
						 .spreading = spreading_factor,
						 .coding = 5,
						 .power_dbm = 10,
						 .has_power = true};
}

void rnode_sim_set_fault(struct rnode_sim *sim, enum rnode_sim_fault fault, bool on, int64_t now_us)
{
	bool was = sim->faults[fault];
	sim->faults[fault] = on;
	if (fault == RNODE_SIM_ABSENT && was != on)
		boot(sim, now_us + BOOT_US);
}

/* ---- frames of the host ---- */

static void obey_question(struct rnode_sim *sim, uint8_t command, uint8_t value)
{
	switch (command) {
	case 0x08:
		if (value == 0x73)
			SAY(sim, 0x08, 0x46);
		break;
	case 0x0f:
		SAY(sim, 0x0f, rnode_sim_has_room(sim) ? 1 : 0);
		break;
	case 0x47:
		SAY(sim, 0x47, 0x3a);
		break;
	case 0x48:
		SAY(sim, 0x48, boards[sim->board].platform);
		break;
	case 0x49:
		SAY(sim, 0x49, boards[sim->board].mcu);
		break;
	case 0x50:
		SAY(sim, 0x50, 1, sim->faults[RNODE_SIM_OLD] ? 51 : 86);
		break;
	default:
		sim->unknown++;
	}
}

/* A command of one byte is done when that byte comes, without waiting for the end of the frame. */
static void obey_byte(struct rnode_sim *sim, uint8_t command, uint8_t value, int64_t now_us)
{
	if (command == 0x06)
		take_state(sim, value);
	else if (command == 0x03 || command == 0x04 || command == 0x05)
		take_byte(sim, command, value);
	else if (command == 0x0a)
		sim->left = true;
	else if (command == 0x55 && value == 0xf8)
		rnode_sim_reboot(sim, now_us);
	else
		obey_question(sim, command, value);
}

static bool is_raw(uint8_t command)
{
	return command == 0x03 || command == 0x04 || command == 0x05 || command == 0x06;
}

static void take_body(struct rnode_sim *sim, uint8_t byte, int64_t now_us)
{
	uint8_t command = sim->command;
	if (sim->input_size < sizeof(sim->input))
		sim->input[sim->input_size++] = byte;
	if (command == 0x00)
		return;
	if ((command == 0x01 || command == 0x02) && sim->input_size == 4)
		take_u32(sim, command, read_u32(sim->input));
	else if ((command == 0x0b || command == 0x0c) && sim->input_size == 2)
		take_lock(sim, command, (unsigned)(sim->input[0] << 8 | sim->input[1]));
	else if (command != 0x01 && command != 0x02 && command != 0x0b && command != 0x0c)
		obey_byte(sim, command, byte, now_us);
}

static void take_plain(struct rnode_sim *sim, uint8_t byte, int64_t now_us)
{
	if (!sim->has_command) {
		sim->command = byte;
		sim->has_command = true;
		sim->input_size = 0;
		return;
	}
	if (!is_raw(sim->command) && byte == FESC) {
		sim->escaped = true;
		return;
	}
	/* The firmware keeps a half escape over a C0; a good host writes none. */
	if (sim->escaped) {
		byte = byte == TFEND ? FEND : byte == TFESC ? FESC : byte;
		sim->escaped = false;
	}
	take_body(sim, byte, now_us);
}

/* Behind the end of a data frame the next one needs a C0 of its own. */
static void take(struct rnode_sim *sim, uint8_t byte, int64_t now_us)
{
	if (byte != FEND) {
		if (sim->in_frame)
			take_plain(sim, byte, now_us);
		return;
	}
	bool ends_data = sim->in_frame && sim->has_command && sim->command == 0x00;
	if (ends_data)
		rnode_sim_queue(sim, sim->input, sim->input_size, now_us);
	sim->in_frame = !ends_data;
	sim->has_command = false;
}

void rnode_sim_uart(struct rnode_sim *sim, const uint8_t *bytes, size_t size, int64_t now_us)
{
	unsigned baud = sim->ports.host_baud(sim->ports.context);
	for (size_t i = 0; i < size && sim->awake && (!baud || baud == 115200); i++)
		take(sim, bytes[i], now_us);
}

/* ---- time ---- */

static void earlier(int64_t *next_us, int64_t at_us)
{
	if (at_us != RNODE_SIM_NEVER && at_us < *next_us)
		*next_us = at_us;
}

int64_t rnode_sim_next_us(const struct rnode_sim *sim)
{
	int64_t next_us = INT64_MAX;
	earlier(&next_us, sim->boot_us);
	earlier(&next_us, sim->try_us);
	earlier(&next_us, sim->sent_us);
	earlier(&next_us, sim->channel_us);
	return next_us;
}

static bool is_due(int64_t at_us, int64_t now_us)
{
	return at_us != RNODE_SIM_NEVER && at_us <= now_us;
}

void rnode_sim_advance(struct rnode_sim *sim, int64_t now_us)
{
	if (is_due(sim->boot_us, now_us))
		wake(sim, now_us);
	if (is_due(sim->sent_us, now_us))
		rnode_sim_sent(sim, now_us);
	if (is_due(sim->try_us, now_us))
		rnode_sim_try(sim, now_us);
	if (is_due(sim->channel_us, now_us)) {
		sim->channel_us = now_us + RNODE_SIM_CHANNEL_US;
		rnode_sim_say_channel(sim, now_us);
	}
}

struct rnode_sim *rnode_sim_new(const struct rnode_sim_ports *ports, enum rnode_sim_board board, int64_t now_us)
{
	struct rnode_sim *sim = calloc(1, sizeof(*sim));
	if (!sim)
		return NULL;
	sim->ports = *ports;
	sim->board = board;
	sim->random = 1;
	boot(sim, now_us + BOOT_US);
	return sim;
}

void rnode_sim_free(struct rnode_sim *sim)
{
	free(sim);
}

void rnode_sim_print(const struct rnode_sim *sim, FILE *out)
{
	fprintf(out,
		"{\"awake\": %s, \"on\": %s, \"frequency_hz\": %u, \"bandwidth_hz\": %u, \"spreading\": %u, "
		"\"coding\": %u, "
		"\"power_dbm\": %d, \"locks\": [%u, %u], \"sent\": %u, \"heard\": %u, \"discarded\": %u, "
		"\"queue_max\": %zu, "
		"\"reboots\": %u, \"unknown\": %u, \"left\": %s}\n",
		sim->awake ? "true" : "false", sim->on ? "true" : "false", (unsigned)sim->used.frequency_hz,
		(unsigned)sim->used.bandwidth_hz, sim->used.spreading, sim->used.coding, sim->used.power_dbm,
		sim->locks[0], sim->locks[1], sim->sent, sim->heard, sim->discarded, sim->queue_max, sim->reboots,
		sim->unknown, sim->left ? "true" : "false");
}
