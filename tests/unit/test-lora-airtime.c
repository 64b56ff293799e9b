/* LoRa time on air: published values and values worked out by hand, to the microsecond. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "drivers/codec/lora_airtime.h"

#define AUTO LORA_OPTIMISE_AUTO
#define OFF  LORA_OPTIMISE_OFF
#define ON   LORA_OPTIMISE_ON

struct row {
	struct lora_modulation modulation; /* SF, bandwidth, 4/n, preamble, implicit header, no CRC, optimisation */
	size_t size;
	int64_t airtime_us;
};

static const struct row rows[] = {
    /* The Things Network, lorawan-stack, tests of pkg/toa */
    {{7, 125000, 5, 8, false, false, AUTO}, 10, 41216},
    {{8, 125000, 5, 8, false, false, AUTO}, 10, 72192},
    {{9, 125000, 5, 8, false, false, AUTO}, 10, 144384},
    {{10, 125000, 5, 8, false, false, AUTO}, 10, 288768},
    {{11, 125000, 5, 8, false, false, AUTO}, 10, 577536},
    {{12, 125000, 5, 8, false, false, AUTO}, 10, 991232},
    {{7, 250000, 5, 8, false, false, AUTO}, 10, 20608},
    {{7, 500000, 5, 8, false, false, AUTO}, 10, 10304},
    {{7, 125000, 6, 8, false, false, AUTO}, 10, 45312},
    {{7, 125000, 7, 8, false, false, AUTO}, 10, 49408},
    {{7, 125000, 8, 8, false, false, AUTO}, 10, 53504},
    {{7, 125000, 5, 8, false, false, AUTO}, 13, 46336},
    {{7, 125000, 5, 8, false, false, AUTO}, 14, 46336},
    {{7, 125000, 5, 8, false, false, AUTO}, 15, 46336},
    {{7, 125000, 5, 8, false, false, AUTO}, 16, 51456},
    {{7, 125000, 5, 8, false, false, AUTO}, 17, 51456},
    {{7, 125000, 5, 8, false, false, AUTO}, 18, 51456},
    {{7, 125000, 5, 8, false, false, AUTO}, 19, 51456},
    /* spreadsheet after Semtech AN1200.13 */
    {{9, 125000, 5, 8, false, false, AUTO}, 13, 164864},
    /* brocaar/lorawan, tests of airtime */
    {{12, 125000, 5, 8, false, false, OFF}, 13, 1155072},
    {{12, 125000, 5, 8, false, false, ON}, 13, 1155072},
    /* by hand */
    {{7, 125000, 5, 8, false, false, AUTO}, 51, 102656},
    {{7, 125000, 5, 8, false, false, AUTO}, 222, 348416},
    {{12, 125000, 5, 8, false, false, AUTO}, 51, 2465792},
    {{12, 125000, 5, 8, false, false, AUTO}, 255, 9019392},
    {{12, 125000, 8, 8, false, false, AUTO}, 51, 3547136},
    {{12, 250000, 5, 8, false, false, AUTO}, 20, 659456},
    {{11, 250000, 5, 16, false, false, AUTO}, 64, 722944},
    {{11, 500000, 5, 8, false, false, AUTO}, 32, 205824},
    {{11, 500000, 5, 8, false, false, AUTO}, 240, 984064},
    {{9, 125000, 5, 12, false, false, AUTO}, 48, 324608},
    {{9, 125000, 5, 12, false, false, AUTO}, 248, 1246208},
    {{7, 125000, 5, 8, true, false, AUTO}, 20, 51456},
    {{7, 125000, 5, 8, true, true, AUTO}, 20, 46336},
    {{7, 125000, 8, 8, false, true, AUTO}, 20, 69888},
    {{6, 125000, 5, 12, false, false, AUTO}, 20, 33920},
    {{5, 125000, 5, 12, false, false, AUTO}, 20, 18240},
};

static void test_airtimes(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t airtime_us = lora_airtime_us(&rows[i].modulation, rows[i].size);
		if (airtime_us != rows[i].airtime_us)
			fail_msg("row %zu: %lld us, should be %lld", i, (long long)airtime_us,
				 (long long)rows[i].airtime_us);
	}
}

static void test_symbols(void **unused)
{
	(void)unused;
	struct lora_modulation modulation = {12, 125000, 5, 8, false, false, ON};
	assert_int_equal(lora_payload_symbols(&modulation, 50), 58);
	modulation = (struct lora_modulation){12, 125000, 5, 8, true, false, OFF};
	assert_int_equal(lora_payload_symbols(&modulation, 13), 18);
	modulation = (struct lora_modulation){12, 125000, 6, 8, false, false, OFF};
	assert_int_equal(lora_payload_symbols(&modulation, 13), 26);
	/* Fewer bits than the first block takes anyway: never below eight symbols. */
	modulation = (struct lora_modulation){12, 125000, 5, 8, true, true, AUTO};
	assert_int_equal(lora_payload_symbols(&modulation, 0), 8);
}

/* 16 ms: SF11 at 125 kHz, SF12 at 250 kHz, SF10 at 62.5 kHz have it, their faster neighbours do not. */
static void test_optimisation_is_found(void **unused)
{
	(void)unused;
	static const struct {
		unsigned spreading_factor, bandwidth_hz;
		bool on;
	} cases[] = {{11, 125000, true}, {10, 125000, false}, {12, 250000, true}, {11, 250000, false},
		     {10, 62500, true},  {9, 62500, false},   {12, 500000, false}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lora_modulation modulation = {cases[i].spreading_factor, cases[i].bandwidth_hz, 5, 8};
		int64_t found = lora_payload_symbols(&modulation, 200);
		modulation.optimisation = cases[i].on ? ON : OFF;
		assert_int_equal(found, lora_payload_symbols(&modulation, 200));
		modulation.optimisation = cases[i].on ? OFF : ON;
		assert_int_not_equal(found, lora_payload_symbols(&modulation, 200));
	}
}

/* 41.7 kHz has no whole symbol time: 12.25 + 28 symbols of 128 / 41700 s are 123549.16... us. */
static void test_rounds_up(void **unused)
{
	(void)unused;
	struct lora_modulation modulation = {7, 41700, 5, 8, false, false, AUTO};
	assert_int_equal(lora_payload_symbols(&modulation, 10), 28);
	assert_int_equal(lora_airtime_us(&modulation, 10), 123550);
}

static void test_impossible(void **unused)
{
	(void)unused;
	static const struct lora_modulation bad[] = {
	    {4, 125000, 5, 8}, {13, 125000, 5, 8}, {7, 0, 5, 8},      {7, 7799, 5, 8},
	    {7, 500001, 5, 8}, {7, 125000, 4, 8},  {7, 125000, 9, 8}, {7, 125000, 5, 65536},
	};
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		assert_false(lora_modulation_valid(&bad[i]));
		assert_int_equal(lora_payload_symbols(&bad[i], 10), -1);
		assert_int_equal(lora_airtime_us(&bad[i], 10), -1);
	}
	struct lora_modulation largest = {12, 7800, 8, 65535};
	assert_true(lora_airtime_us(&largest, 65535) > 0);
	assert_int_equal(lora_airtime_us(&largest, 65536), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_airtimes),
	    cmocka_unit_test(test_symbols),
	    cmocka_unit_test(test_optimisation_is_found),
	    cmocka_unit_test(test_rounds_up),
	    cmocka_unit_test(test_impossible),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
