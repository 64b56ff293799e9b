/* The lines of SA818 modules: answers of all ages of firmware, cut anywhere; commands. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "drivers/codec/sa818.h"

/* What a stream says, as text: "answer 1 0 ;error;". */
static void say(struct sa818_decoder *decoder, enum sa818_event event, char *out, size_t out_size)
{
	size_t used = strlen(out);
	if (event == SA818_ANSWER)
		snprintf(out + used, out_size - used, "%d:%d:%s;", decoder->command, decoder->value, decoder->text);
	else
		snprintf(out + used, out_size - used, "%s;",
			 event == SA818_ERROR   ? "error"
			 : event == SA818_NOISE ? "noise"
						: "long");
}

static void read_in_pieces(const char *stream, size_t piece, char *out, size_t out_size)
{
	struct sa818_decoder decoder = {0};
	size_t left = strlen(stream);
	const uint8_t *at = (const uint8_t *)stream;
	out[0] = 0;
	while (left > 0) {
		size_t size = left < piece ? left : piece;
		const uint8_t *bytes = at;
		enum sa818_event event;
		at += size;
		left -= size;
		while ((event = sa818_decode(&decoder, &bytes, &size)) != SA818_NEED_MORE)
			say(&decoder, event, out, out_size);
	}
}

static void test_answers(void **unused)
{
	(void)unused;
	static const struct {
		const char *stream, *expected;
	} cases[] = {
	    {"+DMOCONNECT:0\r\n", "0:0:;"},
	    {"+DMOSETGROUP:0\r\n+DMOSETGROUP:1\r\n", "1:0:;1:1:;"},
	    {"+DMOSETVOLUME:0\r\n", "2:0:;"},
	    {"+DMOSETFILTER:0\r\n", "3:0:;"},
	    {"+DMOSETTAIL:1\r\n", "4:1:;"},
	    {"+VERSION:SA818_V4.2\r\n", "5:-1:SA818_V4.2;"},
	    {"+VERSION: SA868_V1.1\r\n", "5:-1:SA868_V1.1;"},
	    {"+DMOREADGROUP:0,433.5000,433.5000,0000,1,0000\r\n", "6:-1:0,433.5000,433.5000,0000,1,0000;"},
	    /* both ways of saying a field strength */
	    {"RSSI=57\r\n", "7:57:;"},
	    {"RSSI:057\r\n", "7:57:;"},
	    {"S=0\r\nS=1\r\n", "8:0:;8:1:;"},
	    /* a blank behind the colon, empty lines in front, LF or CR alone, a byte of noise from a module that starts */
	    {"\r\n\r\n+DMOCONNECT: 0\r\n", "0:0:;"},
	    {"+DMOCONNECT:0\n+DMOCONNECT:0\r", "0:0:;0:0:;"},
	    {"  +DMOCONNECT:0  \r\n", "0:0:;"},
	    {"\x80+DMOERROR\r\n", "error;"},
	    {"+DMOERROR:1\r\n", "error;"},
	    /* no answers */
	    {"+DMOCONNECT:\r\n", "noise;"},
	    {"+DMOCONNECT:x\r\n", "noise;"},
	    {"+DMOCONNECT:1234\r\n", "noise;"},
	    {"+DMOCONNECT:0,1\r\n", "noise;"},
	    {"+DMOCON\x80NECT:0\r\n", "noise;"},
	    {"+VERSION:\r\n", "noise;"},
	    {"AT+DMOCONNECT\r\n", "noise;"},
	    {"   \r\n", ""},
	    {"+DMOCONNECT:0", ""},
	    /* 70 letters, then a good line */
	    {"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n+DMOCONNECT:0\r\n",
	     "long;0:0:;"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		for (size_t piece = 1; piece <= 80; piece++) {
			char said[256];
			read_in_pieces(cases[i].stream, piece, said, sizeof(said));
			if (strcmp(said, cases[i].expected) != 0)
				fail_msg("%zu in pieces of %zu: %s", i, piece, said);
		}
	}
}

static void test_tones(void **unused)
{
	(void)unused;
	static const struct {
		const char *text, *code;
	} cases[] = {
	    {"none", "0000"},  {"67.0", "0001"}, {"71.9", "0002"}, {"88.5", "0008"},  {"100.0", "0012"},
	    {"250.3", "0038"}, {"023N", "023N"}, {"754I", "754I"}, {"D023N", "023N"},
	};
	static const char *const bad[] = {"", "67", "69.3", "0", "023", "028N", "023n", "023NN", "D023", "12345678"};
	char code[SA818_TONE_SIZE];
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_true(sa818_tone(cases[i].text, code));
		assert_string_equal(code, cases[i].code);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(sa818_tone(bad[i], code));
}

static void test_bands(void **unused)
{
	(void)unused;
	assert_true(sa818_frequency_valid(134, false) && sa818_frequency_valid(174, true));
	assert_false(sa818_frequency_valid(133.9, false) || sa818_frequency_valid(174.1, false));
	assert_true(sa818_frequency_valid(400, false) && sa818_frequency_valid(480, false));
	assert_true(sa818_frequency_valid(470, true));
	assert_false(sa818_frequency_valid(470.1, true) || sa818_frequency_valid(480.1, false));
	assert_false(sa818_frequency_valid(399.9, false));
}

static void assert_command(size_t size, const char *command, const char *expected)
{
	assert_int_equal(size, strlen(expected));
	assert_memory_equal(command, expected, size);
}

static void test_commands(void **unused)
{
	(void)unused;
	char out[SA818_COMMAND_MAX];
	const struct sa818_group group = {true, 144.8, 145.6, "0012", "023N", 4};
	assert_command(sa818_compose(SA818_CONNECT, out), out, "AT+DMOCONNECT\r\n");
	assert_command(sa818_compose(SA818_VERSION, out), out, "AT+VERSION\r\n");
	assert_command(sa818_compose(SA818_READ_GROUP, out), out, "AT+DMOREADGROUP\r\n");
	assert_command(sa818_compose(SA818_RSSI, out), out, "RSSI?\r\n");
	assert_int_equal(sa818_compose(SA818_SCAN, out), 0);
	assert_command(sa818_compose_group(&group, out), out, "AT+DMOSETGROUP=1,144.8000,145.6000,0012,4,023N\r\n");
	assert_command(sa818_compose_volume(8, out), out, "AT+DMOSETVOLUME=8\r\n");
	/* 1 leads round the filter */
	assert_command(sa818_compose_filter(true, false, false, out), out, "AT+SETFILTER=0,1,1\r\n");
	assert_command(sa818_compose_tail(false, out), out, "AT+SETTAIL=0\r\n");
	assert_command(sa818_compose_scan(146.52, out), out, "S+146.5200\r\n");
	assert_true(sa818_group_equals(&group, "1,144.8000,145.6000,0012,4,023N"));
	assert_true(sa818_group_equals(&group, "1,144.8000,145.6000,0012,4,023N "));
	assert_false(sa818_group_equals(&group, "1,144.8000,145.6000,0012,4,023I"));
	assert_false(sa818_group_equals(&group, "1,144.8000,145.6000,0012,4,023N5"));
	assert_false(sa818_group_equals(&group, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_answers),
	    cmocka_unit_test(test_tones),
	    cmocka_unit_test(test_bands),
	    cmocka_unit_test(test_commands),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
