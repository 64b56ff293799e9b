/* The texts of lines: what they mean, and what is refused with which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hw/line_internal.h"

static void places_are_read(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		struct line_wish wish;
	} rows[] = {
	    {"GPIO22", {LINE_ON_HEADER, "", "GPIO22", 22}},
	    {"GPIO0", {LINE_ON_HEADER, "", "GPIO0", 0}},
	    {"  GPIO5  ", {LINE_ON_HEADER, "", "GPIO5", 5}},
	    {"pinctrl-rp1:22", {LINE_ON_CHIP, "pinctrl-rp1", "", 22}},
	    {"gpio-brcmstb@107d508500:3", {LINE_ON_CHIP, "gpio-brcmstb@107d508500", "", 3}},
	    {"usb:1.2:1.0:7", {LINE_ON_CHIP, "usb:1.2:1.0", "", 7}},
	    {"/dev/gpiochip0:65535", {LINE_ON_CHIP, "/dev/gpiochip0", "", 65535}},
	    {"M0_PIN", {LINE_BY_NAME, "", "M0_PIN", 0}},
	    {"GPIO2A", {LINE_BY_NAME, "", "GPIO2A", 0}},
	    {"gpio22", {LINE_BY_NAME, "", "gpio22", 0}},
	    {"sim:/run/x.sock:m0", {LINE_SIMULATED, "/run/x.sock", "m0", 0}},
	    {"sim:/run/a:b:m0", {LINE_SIMULATED, "/run/a:b", "m0", 0}},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct line_wish wish;
		if (line_parse(rows[i].text, NULL, &wish))
			fail_msg("%s: %s", rows[i].text, line_parse(rows[i].text, NULL, &wish));
		assert_int_equal(wish.place, rows[i].wish.place);
		assert_string_equal(wish.chip, rows[i].wish.chip);
		assert_string_equal(wish.name, rows[i].wish.name);
		assert_int_equal(wish.offset, rows[i].wish.offset);
		assert_false(wish.active_low || wish.open_drain || wish.bias || wish.debounce_ms);
	}
}

static void words_are_read_and_the_text_wins(void **state)
{
	(void)state;
	static const struct {
		const char *how, *text;
		struct line_wish wish;
	} rows[] = {
	    {NULL,
	     "GPIO5 active_low pull_up debounce=20ms",
	     {.active_low = true, .bias = LINE_BIAS_PULL_UP, .debounce_ms = 20}},
	    {"active_low pull_up debounce=20ms",
	     "GPIO5",
	     {.active_low = true, .bias = LINE_BIAS_PULL_UP, .debounce_ms = 20}},
	    {"active_low pull_up debounce=20ms", "GPIO5 active_high no_bias debounce=0ms", {.bias = LINE_BIAS_NONE}},
	    {"open_drain", "GPIO5 push_pull", {.open_drain = false}},
	    {"", "GPIO5  open_drain   pull_down", {.open_drain = true, .bias = LINE_BIAS_PULL_DOWN}},
	    {NULL, "GPIO5 debounce=10000ms", {.debounce_ms = 10000}},
	    {NULL, "GPIO5 pull_up pull_down", {.bias = LINE_BIAS_PULL_DOWN}},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct line_wish wish;
		assert_null(line_parse(rows[i].text, rows[i].how, &wish));
		assert_int_equal(wish.active_low, rows[i].wish.active_low);
		assert_int_equal(wish.open_drain, rows[i].wish.open_drain);
		assert_int_equal(wish.bias, rows[i].wish.bias);
		assert_int_equal(wish.debounce_ms, rows[i].wish.debounce_ms);
	}
}

static void wrong_texts_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *text, *words;
	} rows[] = {
	    {NULL, "is empty"},
	    {"", "is empty"},
	    {"   ", "is empty"},
	    {"22", "write GPIO22"},
	    {"gpiochip0:22", "by its number"},
	    {"gpiochip10:22", "by its number"},
	    {"/dev/gpiochip0", "number of the line"},
	    {"/dev/gpiochip0:", "number of the line"},
	    {"/dev/gpiochip0:x", "number of the line"},
	    {"/dev/gpiochip0:123456", "number of the line"},
	    {":22", "chip with no name"},
	    {"a-name-that-is-longer-than-kernels-have", "longer than a line's name"},
	    {"GPIO22 activelow", "none of active_low"},
	    {"GPIO22 active_low,pull_up", "none of active_low"},
	    {"GPIO22 GPIO23", "none of active_low"},
	    {"GPIO22\tactive_low", "control character"},
	    {"GPIO22\n", "control character"},
	    {"GPIO22 debounce=", "no time"},
	    {"GPIO22 debounce=20", "no time"},
	    {"GPIO22 debounce=-1ms", "no time"},
	    {"GPIO22 debounce=20s", "no time"},
	    {"GPIO22 debounce=20msx", "no time"},
	    {"GPIO22 debounce=99999999999ms", "no time"},
	    {"GPIO22 debounce=10001ms", "more than 10000ms"},
	    {"sim:", "no simulated line"},
	    {"sim:/run/x.sock", "no simulated line"},
	    {"sim:/run/x.sock:", "no simulated line"},
	    {"sim:run/x.sock:m0", "no simulated line"},
	    {"sim::m0", "no simulated line"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *wrong = line_check(rows[i].text);
		if (!wrong || !strstr(wrong, rows[i].words))
			fail_msg("\"%s\": %s", rows[i].text ? rows[i].text : "NULL", wrong ? wrong : "was accepted");
	}
}

static void long_texts_are_refused(void **state)
{
	(void)state;
	char text[LINE_TEXT_MAX + 16];
	for (size_t length = 1; length < sizeof(text); length++) {
		memset(text, 'a', length);
		text[length] = '\0';
		assert_int_equal(line_check(text) == NULL, length < LINE_NAME_MAX);
		memcpy(text, "sim:/", length < 5 ? length : 5);
		if (length > 7)
			memcpy(text + length - 2, ":m", 2);
		/* sun_path holds 107 characters and a zero. */
		assert_int_equal(line_check(text) == NULL,
				 length > 7 ? length - 4 - 2 <= 107 : length < 4 && length > 0);
	}
}

static void directions_and_faults_are_named(void **state)
{
	(void)state;
	static const struct {
		const char *text, *how;
		bool output;
		const char *words;
	} rows[] = {
	    {"GPIO22 debounce=20ms", NULL, true, "GPIO22 debounce=20ms: is an output; it has no debounce."},
	    {"GPIO22", "open_drain", false, "GPIO22: is an input; it has no open_drain."},
	    {"22", NULL, false, "22: is only a number; write GPIO22 for the line on the Pi's header."},
	    {NULL, NULL, false, "line: is empty; write GPIO<n>, CHIP:<n> or a line's name."},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct line_settings settings = {.text = rows[i].text, .how = rows[i].how, .output = rows[i].output};
		enum line_fault fault = LINE_OK;
		char text[256];
		assert_null(line_open(&settings, &fault, text, sizeof(text)));
		assert_int_equal(fault, LINE_SETTINGS);
		assert_string_equal(text, rows[i].words);
	}
	for (int fault = LINE_OK; fault <= LINE_IO; fault++)
		for (int other = LINE_OK; other < fault; other++)
			assert_string_not_equal(line_fault_name((enum line_fault)fault),
						line_fault_name((enum line_fault)other));
	line_close(NULL);
}

static void short_room_for_the_text_is_kept(void **state)
{
	(void)state;
	struct line_settings settings = {.text = "22"};
	enum line_fault fault;
	char text[16];
	for (size_t size = 0; size < sizeof(text); size++) {
		memset(text, '#', sizeof(text));
		assert_null(line_open(&settings, &fault, text, size));
		assert_int_equal(text[size], '#');
		assert_true(size == 0 || memchr(text, '\0', size));
	}
}

/* No such chip is on any machine, whatever it has. */
static void absent_lines_say_so(void **state)
{
	(void)state;
	static const struct {
		const char *text, *words;
	} rows[] = {
	    {"/dev/cresset-no-chip:1", "there is no /dev/cresset-no-chip"},
	    {"/dev/null:1", "/dev/null is no GPIO chip"},
	    {"no-such-label:1", "chip"},
	    {"NO_SUCH_LINE", "chip"},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct line_settings settings = {.text = rows[i].text};
		enum line_fault fault = LINE_OK;
		char text[512];
		assert_null(line_open(&settings, &fault, text, sizeof(text)));
		if (fault != LINE_ABSENT || !strstr(text, rows[i].words))
			fail_msg("%s (%s)", text, line_fault_name(fault));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(places_are_read),
	    cmocka_unit_test(words_are_read_and_the_text_wins),
	    cmocka_unit_test(wrong_texts_are_named),
	    cmocka_unit_test(long_texts_are_refused),
	    cmocka_unit_test(directions_and_faults_are_named),
	    cmocka_unit_test(short_room_for_the_text_is_kept),
	    cmocka_unit_test(absent_lines_say_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
