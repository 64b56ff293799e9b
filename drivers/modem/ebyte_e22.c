/* Ebyte E22: LoRa modules with a serial line and a register file, first boards (v1) and those of 2024 (v2). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/modem/ebyte_module.h"

enum { KEY_NETID = EBYTE_KEY_COMMON, KEY_PACKET_SIZE, KEY_KEY, KEY_LBT, KEY_RSSI, KEY_RSSI_HALVES, KEY_COUNT };

enum { FIRST_STORED_RATE = 2, ANSWER_HEAD = 3, NOISE_SIZE = 2 };

static size_t ask_registers(uint8_t *command, struct ebyte_answer *answer)
{
	e22_await(answer, 0, E22_REGISTERS);
	return e22_command_read(command, 0, E22_REGISTERS);
}

static size_t ask_pid(uint8_t *command, struct ebyte_answer *answer)
{
	e22_await(answer, E22_PID_AT, E22_PID_SIZE);
	return e22_command_read(command, E22_PID_AT, E22_PID_SIZE);
}

static size_t ask_e32(uint8_t *command, struct ebyte_answer *answer)
{
	e32_await_block(answer);
	return e32_command_read(command);
}

static size_t ask_noise(uint8_t *command, struct ebyte_answer *answer)
{
	e22_await(answer, 0, NOISE_SIZE);
	return e22_command_noise(command);
}

static size_t write_file(uint8_t *command, struct ebyte_answer *answer, bool save, const uint8_t *registers)
{
	e22_await(answer, 0, E22_REGISTERS);
	return e22_command_write(command, save, 0, registers, E22_REGISTERS);
}

/* The key cannot be read, so it is written each time, but not to the flash, which would wear out; there it goes with the rest. */
static size_t write_key(const struct ebyte_module *module, uint8_t *command, struct ebyte_answer *answer)
{
	const uint8_t key[] = {(uint8_t)(module->key >> 8), (uint8_t)module->key};
	e22_await(answer, E22_KEY_AT, sizeof(key));
	return e22_command_write(command, false, E22_KEY_AT, key, sizeof(key));
}

static size_t tune(uint8_t *command, struct ebyte_answer *answer, uint8_t channel)
{
	e22_await(answer, E22_CHANNEL_AT, 1);
	return e22_command_write(command, false, E22_CHANNEL_AT, &channel, 1);
}

/* | C1 | 80 | 07 | seven bytes, of which the third is the hardware |: 10h and 11h the first boards, 40h those of 2024. */
static void identified(struct ebyte_module *module, const uint8_t *answer)
{
	const uint8_t *pid = answer + ANSWER_HEAD;
	bool v2 = pid[E22_PID_HARDWARE] >= E22_HARDWARE_V2;
	snprintf(module->model, sizeof(module->model), "E22 v%d", v2 ? 2 : 1);
	snprintf(module->firmware, sizeof(module->firmware), "PID %02X%02X%02X%02X%02X%02X%02X", pid[0], pid[1], pid[2],
		 pid[3], pid[4], pid[5], pid[6]);
	if (v2 && module->air_rate_code < FIRST_STORED_RATE)
		module->warning = EBYTE_SLOW_RATE;
}

static void lay(const struct ebyte_module *module, uint8_t *registers)
{
	struct e22_settings settings;
	e22_read_registers(registers, &settings);
	settings.address = module->address;
	settings.netid = (uint8_t)module->values[KEY_NETID].integer;
	settings.channel = (uint8_t)module->channel;
	settings.baud_code = (uint8_t)ebyte_baud_code(module->data_baud);
	settings.air_rate_code = (uint8_t)module->air_rate_code;
	settings.power_code = (uint8_t)module->power_code;
	settings.packet_size = (uint8_t)module->packet_size;
	settings.noise_query = true;
	settings.soft_mode = false;
	settings.append_rssi = module->with_rssi;
	settings.fixed_point = settings.repeater = false;
	settings.lbt = module->values[KEY_LBT].flag;
	settings.key = module->key;
	e22_write_registers(&settings, registers);
}

static unsigned channel(const uint8_t *registers)
{
	struct e22_settings settings;
	e22_read_registers(registers, &settings);
	return settings.channel;
}

static void name_differences(const uint8_t *wanted, const uint8_t *held, char *text, size_t size)
{
	struct e22_settings a, b;
	e22_read_registers(wanted, &a);
	e22_read_registers(held, &b);
	const struct ebyte_difference settings[] = {
	    {"address", a.address != b.address},
	    {"netid", a.netid != b.netid},
	    {"channel", a.channel != b.channel},
	    {"uart_baud", a.baud_code != b.baud_code},
	    {"air_rate", a.air_rate_code != b.air_rate_code},
	    {"power_dbm", a.power_code != b.power_code},
	    {"packet_size", a.packet_size != b.packet_size},
	    {"rssi", a.append_rssi != b.append_rssi},
	    {"lbt", a.lbt != b.lbt},
	};
	ebyte_join_differences(settings, sizeof(settings) / sizeof(*settings), text, size);
}

static const struct ebyte_kind e22 = {
    .family = EBYTE_E22,
    .name = "E22",
    .other_name = "ebyte-e32",
    .setup_mode = EBYTE_MODE_2,
    .other_setup_mode = EBYTE_MODE_3,
    .register_count = E22_REGISTERS,
    .readable_count = E22_READABLE,
    .answer_head = ANSWER_HEAD,
    .packet_max = E22_PACKET_MAX,
    .read = ask_registers,
    .write = write_file,
    .identify = ask_pid,
    .identified = identified,
    .probe = ask_e32,
    .write_key = write_key,
    .lay = lay,
    .channel = channel,
    .name_differences = name_differences,
    .noise = ask_noise,
    .tune = tune,
};

static int e22_init(void *state, const struct services *services, const union driver_value *values)
{
	struct ebyte_module *module = state;
	ebyte_init(module, &e22, services, values);
	module->packet_size = (size_t)atoi(values[KEY_PACKET_SIZE].text);
	module->with_rssi = values[KEY_RSSI].flag;
	module->rssi_halves = values[KEY_RSSI_HALVES].flag;
	const char *key = values[KEY_KEY].text;
	char *end;
	module->key = (uint16_t)strtoul(key, &end, 16);
	if (strlen(key) != strspn(key, "0123456789abcdefABCDEF") || strlen(key) > 4)
		ebyte_refuse_settings(module, "key",
				      "key is not understood. Write up to four hexadecimal digits, 0 for none");
	return 0;
}

static const char *const powers[] = {"22", "17", "13", "10", "30", "27", "24", "21", NULL};
static const char *const packet_sizes[] = {"240", "128", "64", "32", NULL};

static const struct driver_key keys[KEY_COUNT] = {
    EBYTE_COMMON_KEYS(83, ebyte_e22_air_rates, powers, "22", "200"),
    [KEY_NETID] = {.name = "netid",
		   .type = KEY_INTEGER,
		   .min = 0,
		   .max = 255,
		   .fallback = "0",
		   .help = "number of the network; only stations with the same hear one another"},
    [KEY_PACKET_SIZE] = {.name = "packet_size",
			 .type = KEY_CHOICE,
			 .choices = packet_sizes,
			 .fallback = "240",
			 .help = "bytes of a packet on the air; longer frames go in several"},
    [KEY_KEY] = {.name = "key",
		 .type = KEY_TEXT,
		 .max = 4,
		 .fallback = "0",
		 .help = "encryption of the module, up to four hexadecimal digits, the same at all stations; 0 = none"},
    [KEY_LBT] = {.name = "lbt",
		 .type = KEY_FLAG,
		 .fallback = "false",
		 .help = "listen before talking: the module waits while it hears noise"},
    [KEY_RSSI] = {.name = "rssi",
		  .type = KEY_FLAG,
		  .fallback = "true",
		  .help = "the module tells how strong each packet was"},
    [KEY_RSSI_HALVES] = {.name = "rssi_halves",
			 .type = KEY_FLAG,
			 .fallback = "false",
			 .help = "some first boards count in half dBm downwards; true if levels look impossible"},
};

const struct modem_ops modem_ebyte_e22 = {
    .name = "ebyte-e22",
    .help = "Ebyte E22 LoRa module (SX1262, SX1268) on a serial line with mode pins",
    .keys = keys,
    .key_count = KEY_COUNT,
    .init = e22_init,
    EBYTE_COMMON_OPS,
};
