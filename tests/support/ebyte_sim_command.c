/* The simulated Ebyte module: registers and commands. */
#include <string.h>

#include "tests/support/ebyte_sim_internal.h"

enum { WRITE_FLASH = 0xc0, READ = 0xc1, WRITE_RAM = 0xc2, VERSION = 0xc3, RESET = 0xc4 };

unsigned sim_setup_mode(const struct ebyte_sim *sim)
{
	return sim->options.family == EBYTE_E22 ? 2 : 3;
}

void sim_defaults(struct ebyte_sim *sim)
{
	static const uint8_t e22[E22_REGISTERS] = {0, 0, 0, 0x62, 0, 0x17, 0x03, 0, 0};
	static const uint8_t e32[E32_BLOCK] = {0, 0, 0x1a, 0x17, 0x44};
	if (sim->options.family == EBYTE_E22)
		memcpy(sim->flash, e22, sizeof(e22));
	else
		memcpy(sim->flash, e32, sizeof(e32));
}

struct sim_settings sim_settings(const struct ebyte_sim *sim)
{
	struct sim_settings settings = {0};
	if (sim->options.family == EBYTE_E22) {
		struct e22_settings e22;
		e22_read_registers(sim->ram, &e22);
		settings = (struct sim_settings){
		    .address = e22.address,
		    .key = e22.key,
		    .netid = e22.netid,
		    .channel = e22.channel,
		    .baud = ebyte_baud(e22.baud_code),
		    .air_rate_code = e22.air_rate_code,
		    .power_code = e22.power_code,
		    .packet_size = e22.packet_size,
		    .buffer_size = E22_BUFFER,
		    .append_rssi = e22.append_rssi && !sim->options.no_rssi,
		    .noise_query = e22.noise_query,
		    .fixed_point = e22.fixed_point,
		    .repeater = e22.repeater,
		    .lbt = e22.lbt,
		};
	} else {
		struct e32_settings e32;
		e32_read_block(sim->ram, &e32);
		settings = (struct sim_settings){
		    .address = e32.address,
		    .channel = e32.channel,
		    .baud = ebyte_baud(e32.baud_code),
		    .air_rate_code = e32.air_rate_code,
		    .power_code = e32.power_code,
		    .packet_size = E32_PACKET_MAX,
		    .buffer_size = E32_BUFFER,
		    .fixed_point = e32.fixed_point,
		};
	}
	if (sim->options.slow_rate && settings.air_rate_code < 2)
		settings.air_rate_code = 2;
	return settings;
}

static void refuse(struct ebyte_sim *sim)
{
	sim_put_out(sim, (const uint8_t[]){0xff, 0xff, 0xff}, 3);
}

static void e22_store(struct ebyte_sim *sim, bool save, size_t start, const uint8_t *data, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		uint8_t value = data[i];
		if (start + i == 3 && sim->options.forget_rate && (value & 7) < 2)
			value = (uint8_t)((value & 0xf8) | (sim->ram[3] & 7));
		sim->ram[start + i] = value;
		if (save)
			sim->flash[start + i] = value;
	}
	sim->flash_writes += save;
}

/* | C0, C1 or C2 | start | count | data of a write | */
static void e22_command(struct ebyte_sim *sim, const uint8_t *command, size_t size)
{
	uint8_t answer[3 + E22_REGISTERS] = {READ, command[1], command[2]};
	size_t start = command[1], count = command[2];
	bool write = command[0] == WRITE_FLASH || command[0] == WRITE_RAM;
	bool pid = start >= E22_PID_AT;
	const uint8_t product[E22_PID_SIZE] = {0x00, 0x22, (uint8_t)sim->options.hardware, 0x16, 0x0b, 0x00, 0x00};
	if (size < 3 || (!write && command[0] != READ) || size != 3 + (write ? count : 0) || count == 0 ||
	    (pid ? write || start - E22_PID_AT + count > E22_PID_SIZE : start + count > E22_REGISTERS)) {
		refuse(sim);
		return;
	}
	if (write)
		e22_store(sim, command[0] == WRITE_FLASH, start, command + 3, count);
	for (size_t i = 0; i < count; i++) {
		size_t at = pid ? start - E22_PID_AT + i : start + i;
		answer[3 + i] = pid ? product[at] : at >= E22_KEY_AT ? 0 : sim->ram[at];
	}
	sim_put_out(sim, answer, 3 + count);
}

static void e32_store(struct ebyte_sim *sim, bool save, const uint8_t *block)
{
	uint8_t stored[E32_BLOCK];
	memcpy(stored, block, sizeof(stored));
	if (sim->options.forget_rate && (stored[2] & 7) < 2)
		stored[2] = (uint8_t)((stored[2] & 0xf8) | (sim->ram[2] & 7));
	memcpy(sim->ram, stored, sizeof(stored));
	if (save)
		memcpy(sim->flash, stored, sizeof(stored));
	sim->flash_writes += save;
}

static void e32_answer_block(struct ebyte_sim *sim)
{
	uint8_t answer[1 + E32_BLOCK] = {WRITE_FLASH};
	memcpy(answer + 1, sim->ram, E32_BLOCK);
	sim_put_out(sim, answer, sizeof(answer));
}

/* | C0 or C2 | block |, or one byte three times */
static void e32_command(struct ebyte_sim *sim, const uint8_t *command, size_t size)
{
	bool thrice = size == 3 && command[0] == command[1] && command[1] == command[2];
	if (size == 1 + E32_BLOCK && (command[0] == WRITE_FLASH || command[0] == WRITE_RAM)) {
		e32_store(sim, command[0] == WRITE_FLASH, command + 1);
		if (!sim->options.no_echo)
			e32_answer_block(sim);
	} else if (thrice && command[0] == READ) {
		e32_answer_block(sim);
	} else if (thrice && command[0] == VERSION) {
		sim_put_out(sim, (const uint8_t[]){VERSION, 0x32, 0x10, 0x14}, E32_VERSION);
	} else if (thrice && command[0] == RESET) {
		ebyte_sim_restart(sim, sim->now_us);
	} else {
		refuse(sim);
	}
}

void sim_command(struct ebyte_sim *sim)
{
	if (sim->options.family == EBYTE_E22)
		e22_command(sim, sim->burst, sim->burst_size);
	else
		e32_command(sim, sim->burst, sim->burst_size);
}

/* | C0 C1 C2 C3 | 00 | count |: noise, and RSSI of the last packet. A command for another module over the air is swallowed. */
bool sim_normal_command(struct ebyte_sim *sim, const uint8_t *bytes, size_t size)
{
	if (sim->options.family != EBYTE_E22 || !ebyte_is_command(bytes, size))
		return false;
	if (bytes[0] != 0xc0)
		return true;
	if (!sim_settings(sim).noise_query)
		return false;
	if (size != 6 || bytes[4] != 0 || bytes[5] < 1 || bytes[5] > 2) {
		refuse(sim);
		return true;
	}
	int noise_dbm = sim->options.noise_dbm ? sim->options.noise_dbm : -104;
	const uint8_t answer[] = {READ, 0, bytes[5], (uint8_t)(256 + noise_dbm), sim->last_rssi};
	sim_put_out(sim, answer, 3 + (size_t)bytes[5]);
	return true;
}
