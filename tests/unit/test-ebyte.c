/* Ebyte modules: names of codes, registers and blocks as the manuals have them, commands and answers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/ebyte.h"
#include "tests/support/near.h"

static void test_names(void **unused)
{
	(void)unused;
	assert_int_equal(ebyte_air_rate_code(EBYTE_E22, "0.3k"), 0);
	assert_int_equal(ebyte_air_rate_code(EBYTE_E22, "2.4k"), 2);
	assert_int_equal(ebyte_air_rate_code(EBYTE_E22, "62.5k"), 7);
	assert_int_equal(ebyte_air_rate_code(EBYTE_E32, "19.2k"), 5);
	assert_int_equal(ebyte_air_rate_code(EBYTE_E32, "38.4k"), -1);
	assert_int_equal(ebyte_baud_code(1200), 0);
	assert_int_equal(ebyte_baud_code(9600), 3);
	assert_int_equal(ebyte_baud_code(115200), 7);
	assert_int_equal(ebyte_baud_code(4801), -1);
	assert_int_equal(ebyte_baud(7), 115200);
	assert_int_equal(ebyte_baud(8), 0);
	assert_int_equal(ebyte_power_code(EBYTE_E22, 22), 0);
	assert_int_equal(ebyte_power_code(EBYTE_E22, 10), 3);
	assert_int_equal(ebyte_power_code(EBYTE_E22, 24), 2);
	assert_int_equal(ebyte_power_code(EBYTE_E22, 20), -1);
	assert_int_equal(ebyte_power_code(EBYTE_E32, 20), 0);
	assert_int_equal(ebyte_power_code(EBYTE_E32, 11), 3);
	assert_int_equal(ebyte_power_code(EBYTE_E32, 22), -1);
}

struct channel {
	enum ebyte_family family;
	double frequency_mhz;
	const char *band; /* NULL: no such channel */
	unsigned channel;
};

static void test_channels(void **unused)
{
	(void)unused;
	static const struct channel channels[] = {
	    {EBYTE_E22, 433.125, "400", 0x17}, {EBYTE_E22, 410.125, "400", 0},  {EBYTE_E22, 493.125, "400", 83},
	    {EBYTE_E22, 494.125, NULL, 0},     {EBYTE_E22, 868.125, "900", 18}, {EBYTE_E22, 900.125, "900", 0x32},
	    {EBYTE_E22, 930.125, "900", 80},   {EBYTE_E22, 931.125, NULL, 0},   {EBYTE_E22, 868, NULL, 0},
	    {EBYTE_E22, 868.127, NULL, 0},     {EBYTE_E22, 409.125, NULL, 0},   {EBYTE_E22, NAN, NULL, 0},
	    {EBYTE_E32, 433, "433", 0x17},     {EBYTE_E32, 868, "868", 6},      {EBYTE_E32, 915, "915", 0x0f},
	    {EBYTE_E32, 862, "868", 0},        {EBYTE_E32, 894, NULL, 0},       {EBYTE_E32, 433.5, NULL, 0},
	};
	for (size_t i = 0; i < sizeof(channels) / sizeof(*channels); i++) {
		unsigned channel = 999;
		const struct ebyte_band *band = ebyte_find_channel(channels[i].family, channels[i].frequency_mhz,
								   &channel);
		if (!channels[i].band) {
			assert_null(band);
			continue;
		}
		assert_non_null(band);
		assert_string_equal(band->name, channels[i].band);
		assert_int_equal(channel, channels[i].channel);
	}
}

/* The figures that one person measured at 2.4k, with four bytes more for the prefix. */
static void test_airtime(void **unused)
{
	(void)unused;
	assert_int_equal(ebyte_packet_airtime_us(EBYTE_E22, 2, 240 - EBYTE_PREFIX_SIZE), 984064);
	assert_int_equal(ebyte_packet_airtime_us(EBYTE_E22, 2, 32 - EBYTE_PREFIX_SIZE), 205824);
	/* 62 bytes: 8 + ceil(496 / 44) * 5 = 68 symbols and 12.25, of 4.096 ms */
	assert_int_equal(ebyte_packet_airtime_us(EBYTE_E32, 2, 58), 328704);
	/* The manual's 1.5 s for 100 bytes at 1.2k is not undercut. */
	assert_true(ebyte_packet_airtime_us(EBYTE_E22, 1, 100) >= 1500000);
	/* A faster name is never slower; the fastest of an E32 are one. */
	for (unsigned code = 1; code < EBYTE_CODES; code++)
		assert_true(ebyte_packet_airtime_us(EBYTE_E22, code, 100) <
			    ebyte_packet_airtime_us(EBYTE_E22, code - 1, 100));
	assert_int_equal(ebyte_packet_airtime_us(EBYTE_E32, 7, 50), ebyte_packet_airtime_us(EBYTE_E32, 5, 50));
	/* Nothing that would be undercut by the rate in the name either. */
	static const double bits_per_s[] = {300, 1200, 2400, 4800, 9600, 19200, 38400, 62500};
	for (unsigned code = 0; code < EBYTE_CODES; code++)
		assert_true((double)ebyte_packet_airtime_us(EBYTE_E22, code, 240) > 240 * 8e6 / bits_per_s[code]);
}

static void test_rssi(void **unused)
{
	(void)unused;
	assert_near(ebyte_rssi_dbm(0xa0, false), -96, 0);
	assert_near(ebyte_rssi_dbm(0xff, false), -1, 0);
	assert_near(ebyte_rssi_dbm(126, false), -130, 0);
	assert_true(isnan(ebyte_rssi_dbm(125, false)));
	assert_true(isnan(ebyte_rssi_dbm(0, false)));
	assert_near(ebyte_rssi_dbm(200, true), -100, 0);
	assert_near(ebyte_rssi_dbm(201, true), -100.5, 0);
	assert_near(ebyte_rssi_dbm(0, true), 0, 0);
}

static void test_e22_defaults(void **unused)
{
	(void)unused;
	static const uint8_t registers[E22_REGISTERS] = {0, 0, 0, 0x62, 0, 0x17, 0x03, 0, 0};
	struct e22_settings settings;
	e22_read_registers(registers, &settings);
	assert_int_equal(settings.address, 0);
	assert_int_equal(ebyte_baud(settings.baud_code), 9600);
	assert_int_equal(settings.air_rate_code, 2);
	assert_int_equal(settings.packet_size, 240);
	assert_int_equal(settings.power_code, 0);
	assert_int_equal(settings.channel, 0x17);
	assert_int_equal(settings.wor_period, 3);
	assert_false(settings.append_rssi || settings.fixed_point || settings.repeater || settings.lbt ||
		     settings.noise_query || settings.soft_mode || settings.wor_sender);
}

static void test_e22_every_setting(void **unused)
{
	(void)unused;
	const struct e22_settings settings = {.address = 0x1234,
					      .netid = 0x56,
					      .channel = 18,
					      .baud_code = 7,
					      .air_rate_code = 4,
					      .power_code = 3,
					      .packet_size = 32,
					      .noise_query = true,
					      .soft_mode = true,
					      .append_rssi = true,
					      .lbt = true,
					      .wor_period = 5,
					      .key = 0xbeef};
	/* Reserved bits of 04 are kept, a parity in 03 is not. */
	uint8_t registers[E22_REGISTERS] = {0xff, 0xff, 0xff, 0xff, 0x0c, 0xff, 0xff, 0xff, 0xff};
	static const uint8_t expected[E22_REGISTERS] = {0x12, 0x34, 0x56, 0xe4, 0xff, 0x12, 0x95, 0xbe, 0xef};
	e22_write_registers(&settings, registers);
	assert_memory_equal(registers, expected, sizeof(expected));
	struct e22_settings read;
	e22_read_registers(registers, &read);
	assert_memory_equal(&read, &settings, sizeof(read));
	for (unsigned byte = 0; byte < 256; byte++) { /* whatever a module holds is kept when laid over itself */
		registers[3] = (uint8_t)(byte & 0xe7);
		registers[4] = registers[6] = (uint8_t)byte;
		uint8_t before[E22_REGISTERS];
		memcpy(before, registers, sizeof(before));
		e22_read_registers(registers, &read);
		e22_write_registers(&read, registers);
		assert_memory_equal(registers, before, sizeof(before));
	}
}

static void test_e32_block(void **unused)
{
	(void)unused;
	uint8_t block[E32_BLOCK] = {0x00, 0x00, 0x1a, 0x17, 0x44}; /* as delivered */
	struct e32_settings settings;
	e32_read_block(block, &settings);
	assert_int_equal(ebyte_baud(settings.baud_code), 9600);
	assert_int_equal(settings.air_rate_code, 2);
	assert_int_equal(settings.channel, 0x17);
	assert_true(settings.push_pull && settings.fec);
	assert_false(settings.fixed_point);
	assert_int_equal(settings.power_code, 0);
	for (unsigned byte = 0; byte < 256; byte++) {
		uint8_t before[E32_BLOCK] = {1, 2, (uint8_t)(byte & 0x3f), (uint8_t)byte, (uint8_t)byte};
		memcpy(block, before, sizeof(block));
		e32_read_block(block, &settings);
		e32_write_block(&settings, block);
		assert_memory_equal(block, before, sizeof(before));
	}
}

static void test_commands(void **unused)
{
	(void)unused;
	uint8_t out[EBYTE_COMMAND_MAX];
	assert_int_equal(e22_command_read(out, 5, 1), 3);
	assert_memory_equal(out, "\xc1\x05\x01", 3);
	assert_int_equal(e22_command_write(out, true, 5, (const uint8_t *)"\x09", 1), 4);
	assert_memory_equal(out, "\xc0\x05\x01\x09", 4);
	assert_int_equal(e22_command_write(out, false, 0, (const uint8_t *)"\x12\x34\x00\x61", 4), 7);
	assert_memory_equal(out, "\xc2\x00\x04\x12\x34\x00\x61", 7);
	assert_int_equal(e22_command_noise(out), 6);
	assert_memory_equal(out, "\xc0\xc1\xc2\xc3\x00\x02", 6);
	assert_int_equal(e32_command_read(out), 3);
	assert_memory_equal(out, "\xc1\xc1\xc1", 3);
	assert_int_equal(e32_command_version(out), 3);
	assert_memory_equal(out, "\xc3\xc3\xc3", 3);
	assert_int_equal(e32_command_write(out, true, (const uint8_t *)"\x00\x00\x1a\x17\x44"), 6);
	assert_memory_equal(out, "\xc0\x00\x00\x1a\x17\x44", 6);

	assert_true(ebyte_is_command((const uint8_t *)"\xc0\xc1\xc2\xc3", 4));
	assert_true(ebyte_is_command((const uint8_t *)"\xcf\xcf", 2));
	assert_false(ebyte_is_command((const uint8_t *)"\xc0\xc1\xc2", 3));
	assert_false(ebyte_is_command((const uint8_t *)"\xcf\xc0\xcf", 3));
	assert_false(ebyte_is_command((const uint8_t *)"\xc5\x5e\x03", 3));
}

static enum ebyte_answer_state take(struct ebyte_answer *answer, const void *bytes, size_t size, size_t *spilt)
{
	enum ebyte_answer_state state = EBYTE_ANSWER_OPEN;
	*spilt = 0;
	for (size_t i = 0; i < size && state == EBYTE_ANSWER_OPEN; i++) {
		uint8_t spill[EBYTE_COMMAND_MAX];
		size_t more;
		state = ebyte_answer_take(answer, ((const uint8_t *)bytes)[i], spill, &more);
		*spilt += more;
	}
	return state;
}

static void test_answers(void **unused)
{
	(void)unused;
	struct ebyte_answer answer;
	size_t spilt;
	e22_await(&answer, 5, 1);
	assert_int_equal(take(&answer, "\xc1\x05\x01", 3, &spilt), EBYTE_ANSWER_OPEN);
	assert_int_equal(take(&answer, "\x09", 1, &spilt), EBYTE_ANSWER_WHOLE);
	assert_memory_equal(answer.bytes, "\xc1\x05\x01\x09", 4);
	/* An answer to another question and noise in front of it; a first byte that is none. */
	e22_await(&answer, 5, 1);
	assert_int_equal(take(&answer, "\x00\xc1\xc1\x00\xc1\xc1\x05\x01\xff", 9, &spilt), EBYTE_ANSWER_WHOLE);
	assert_int_equal(spilt, 5);
	assert_int_equal(answer.bytes[3], 0xff);
	/* Data of FF FF FF are no refusal; alone they are. */
	e22_await(&answer, 0, 4);
	assert_int_equal(take(&answer, "\xc1\x00\x04\xff\xff\xff\xff", 7, &spilt), EBYTE_ANSWER_WHOLE);
	e22_await(&answer, 0, 4);
	assert_int_equal(take(&answer, "\x01\xff\xff\xff", 4, &spilt), EBYTE_ANSWER_REFUSED);
	e22_await(&answer, 0, 4);
	assert_int_equal(take(&answer, "\xff\xff\x01\xff", 4, &spilt), EBYTE_ANSWER_OPEN);
	/* The longest there is. */
	e22_await(&answer, 0, E22_REGISTERS);
	assert_int_equal(take(&answer, "\xc1\x00\x09\x01\x02\x03\x04\x05\x06\x07\x08\x09", 12, &spilt),
			 EBYTE_ANSWER_WHOLE);
	/* E32: some answer with C2 in front. */
	e32_await_block(&answer);
	assert_int_equal(take(&answer, "\x55\xc0\x00\x00\x1a\x17\x44", 7, &spilt), EBYTE_ANSWER_WHOLE);
	assert_int_equal(spilt, 1);
	e32_await_block(&answer);
	assert_int_equal(take(&answer, "\xc2\x00\x00\x1a\x17\x44", 6, &spilt), EBYTE_ANSWER_WHOLE);
	e32_await_version(&answer);
	assert_int_equal(take(&answer, "\xc3\x32\x10\x14", 4, &spilt), EBYTE_ANSWER_WHOLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),        cmocka_unit_test(test_channels),
	    cmocka_unit_test(test_airtime),      cmocka_unit_test(test_rssi),
	    cmocka_unit_test(test_e22_defaults), cmocka_unit_test(test_e22_every_setting),
	    cmocka_unit_test(test_e32_block),    cmocka_unit_test(test_commands),
	    cmocka_unit_test(test_answers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
