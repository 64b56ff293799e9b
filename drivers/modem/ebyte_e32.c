/* Ebyte E32: LoRa modules with a serial line and a block of six bytes of settings. */
#include <stdio.h>
#include <string.h>

#include "drivers/modem/ebyte_module.h"

enum { KEY_FEC = EBYTE_KEY_COMMON, KEY_COUNT };
enum { ANSWER_HEAD = 1 };

static size_t ask_block(uint8_t *command, struct ebyte_answer *answer)
{
	e32_await_block(answer);
	return e32_command_read(command);
}

static size_t ask_version(uint8_t *command, struct ebyte_answer *answer)
{
	e32_await_version(answer);
	return e32_command_version(command);
}

static size_t ask_e22(uint8_t *command, struct ebyte_answer *answer)
{
	e22_await(answer, E22_PID_AT, E22_PID_SIZE);
	return e22_command_read(command, E22_PID_AT, E22_PID_SIZE);
}

static size_t write_block(uint8_t *command, struct ebyte_answer *answer, bool save, const uint8_t *registers)
{
	e32_await_block(answer);
	return e32_command_write(command, save, registers);
}

/* | C3 | model | version | features | */
static void identified(struct ebyte_module *module, const uint8_t *answer)
{
	snprintf(module->model, sizeof(module->model), "E32 %02X", answer[1]);
	snprintf(module->firmware, sizeof(module->firmware), "version %02X, features %02X", answer[2], answer[3]);
}

static void lay(const struct ebyte_module *module, uint8_t *registers)
{
	struct e32_settings settings;
	e32_read_block(registers, &settings);
	settings.address = module->address;
	settings.channel = (uint8_t)module->channel;
	settings.baud_code = (uint8_t)ebyte_baud_code(module->data_baud);
	settings.air_rate_code = (uint8_t)module->air_rate_code;
	settings.power_code = (uint8_t)module->power_code;
	settings.fixed_point = false;
	settings.push_pull = true;
	settings.fec = module->values[KEY_FEC].flag;
	e32_write_block(&settings, registers);
}

static unsigned channel(const uint8_t *registers)
{
	struct e32_settings settings;
	e32_read_block(registers, &settings);
	return settings.channel;
}

static void name_differences(const uint8_t *wanted, const uint8_t *held, char *text, size_t size)
{
	struct e32_settings a, b;
	e32_read_block(wanted, &a);
	e32_read_block(held, &b);
	const struct ebyte_difference settings[] = {
	    {"address", a.address != b.address},         {"channel", a.channel != b.channel},
	    {"uart_baud", a.baud_code != b.baud_code},   {"air_rate", a.air_rate_code != b.air_rate_code},
	    {"power_dbm", a.power_code != b.power_code}, {"fec", a.fec != b.fec},
	};
	ebyte_join_differences(settings, sizeof(settings) / sizeof(*settings), text, size);
}

static const struct ebyte_kind e32 = {
    .family = EBYTE_E32,
    .name = "E32",
    .other_name = "ebyte-e22",
    .setup_mode = EBYTE_MODE_3,
    .other_setup_mode = EBYTE_MODE_2,
    .register_count = E32_BLOCK,
    .readable_count = E32_BLOCK,
    .answer_head = ANSWER_HEAD,
    .packet_max = E32_PACKET_MAX,
    .read = ask_block,
    .write = write_block,
    .identify = ask_version,
    .identified = identified,
    .probe = ask_e22,
    .lay = lay,
    .channel = channel,
    .name_differences = name_differences,
};

static int e32_init(void *state, const struct services *services, const union driver_value *values)
{
	ebyte_init(state, &e32, services, values);
	return 0;
}

static const char *const powers[] = {"20", "17", "14", "11", "10", "30", "27", "24", "21", NULL};

static const struct driver_key keys[KEY_COUNT] = {
    EBYTE_COMMON_KEYS(31, ebyte_e32_air_rates, powers, "20", "1000"),
    [KEY_FEC] = {.name = "fec",
		 .type = KEY_FLAG,
		 .fallback = "true",
		 .help = "forward error correction, the same at all stations"},
};

const struct modem_ops modem_ebyte_e32 = {
    .name = "ebyte-e32",
    .help = "Ebyte E32 LoRa module (SX1276, SX1278) on a serial line with mode pins",
    .keys = keys,
    .key_count = KEY_COUNT,
    .init = e32_init,
    EBYTE_COMMON_OPS,
};
