/* Time on the air of AX.25 frames as tones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/afsk_airtime.h"
#include "tests/support/near.h"

/* Rows of the table of reference values: frame bytes, stuffed bits of that frame, then milliseconds with Direwolf's TXDELAY 300 and
 * TXtail 100, and with the 500 and 30 of the KISS specification. */
struct row {
	size_t size;
	int stuffed;
	double direwolf_ms, kiss_ms;
};

static void test_table(void **unused)
{
	(void)unused;
	static const struct row rows[] = {
	    {23, 2, 581.7, 711.7}, {28, 2, 615.0, 745.0}, {51, 1, 767.5, 897.5}, {63, 1, 847.5, 977.5}};
	const struct afsk_timing direwolf = {1200, 300, 100}, kiss = {1200, 500, 30};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int64_t bits = ((int64_t)rows[i].size + 2) * 8 + rows[i].stuffed;
		assert_near((double)afsk_airtime_us(&direwolf, bits) / 1000, rows[i].direwolf_ms, 0.05);
		assert_near((double)afsk_airtime_us(&kiss, bits) / 1000, rows[i].kiss_ms, 0.05);
	}
	/* 9600 bit/s: the bits take an eighth. 16 + 24 bits at 1200: 33.33 ms; rounded up to the microsecond */
	assert_int_equal(afsk_airtime_us(&(struct afsk_timing){1200, 0, 0}, 24), 33334);
	assert_int_equal(afsk_airtime_us(&(struct afsk_timing){9600, 0, 0}, 24), 4167);
}

static void test_stuffing(void **unused)
{
	(void)unused;
	/* the status frame of 23 bytes from the table */
	static const uint8_t status[] = {0x82, 0xa0, 0xa4, 0xa6, 0x40, 0x40, 0xe0, 0x9c, 0x60, 0x86, 0x82, 0x98,
					 0x98, 0x6f, 0x03, 0xf0, 0x3e, 0x73, 0x74, 0x61, 0x74, 0x75, 0x73};
	assert_int_equal(afsk_exact_bits(status, sizeof(status)), 25 * 8 + 2);
	/* Lowest bit first, behind every five ones; the check sequence of nothing is 0. */
	static const struct {
		const char *bytes;
		size_t size;
		int stuffed;
	} frames[] = {
	    {"", 0, 0},         {"\x00", 1, 0}, /* check 78 F0 */
	    {"\x1f", 1, 1},                     /* 0E 18 */
	    {"\x0f", 1, 0},                     /* 8F 08 */
	    {"\xf0\x03", 2, 1},                 /* six ones across the bytes; D4 41 */
	    {"\xff\xff", 2, 6},                 /* FF FF: 32 ones */
	};
	for (size_t i = 0; i < sizeof(frames) / sizeof(*frames); i++)
		assert_int_equal(afsk_exact_bits((const uint8_t *)frames[i].bytes, frames[i].size),
				 ((int64_t)frames[i].size + 2) * 8 + frames[i].stuffed);
}

static void test_mean(void **unused)
{
	(void)unused;
	assert_int_equal(afsk_mean_bits(0), 17);
	assert_int_equal(afsk_mean_bits(60), 496 + 8);
	assert_int_equal(afsk_mean_bits(61), 504 + 9);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_table),
	    cmocka_unit_test(test_stuffing),
	    cmocka_unit_test(test_mean),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
