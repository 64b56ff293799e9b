/* The settings of radios with lines, controls and boards. */
#include "tests/unit/settings-fixture.h"

#define RADIO(keys) GATEWAY "radios:\n  a: {" keys "}\n"
#define PINS        "device: /dev/null, modem: pins, air: fused"
#define KISS        "device: /dev/null, modem: kiss, air: fused"

/* ---- lines ---- */

static void test_lines(void **state)
{
	(void)state;
	struct settings *settings = load(GATEWAY "radios:\n"
						 "  a: {" PINS ", lines: {m0: GPIO22, aux: GPIO5 debounce=5ms}}\n"
						 "  b: {device: /dev/zero, modem: pins, air: fused, baud: 9600,\n"
						 "      lines: {m0: 'pinctrl-rp1:27 open_drain', aux: none}}\n"
						 "  c: {device: /dev/full, modem: kiss, air: fused}\n");
	assert_int_equal(settings_error_count(settings), 0);
	const struct radio_settings *radios = settings->radios;
	assert_string_equal(radios[0].lines[0], "GPIO22");
	assert_string_equal(radios[0].lines[1], "GPIO5 debounce=5ms");
	assert_int_equal(radios[0].port.baud, 57600);
	assert_string_equal(radios[1].lines[0], "pinctrl-rp1:27 open_drain");
	assert_null(radios[1].lines[1]);
	assert_int_equal(radios[1].port.baud, 9600);
	assert_int_equal(radios[2].port.baud, 9600);
	assert_null(radios[2].control);

	struct line_release outputs[4];
	assert_int_equal(settings_outputs(settings, outputs, 4), 2);
	assert_string_equal(outputs[0].text, "GPIO22");
	assert_string_equal(outputs[1].text, "pinctrl-rp1:27 open_drain");
	assert_true(outputs[1].safe);
	assert_int_equal(settings_outputs(settings, outputs, 0), 2);
	settings_free(settings);
}

static void test_line_errors(void **state)
{
	(void)state;
	assert_only_error(RADIO(PINS), "3:3: radios.a.lines.m0: must be given: pin M0 of the module.");
	assert_only_error(RADIO(PINS ", lines: {m0: none}"),
			  "3:63: radios.a.lines.m0: must be wired: pin M0 of the module.");
	assert_only_error(RADIO(PINS ", lines: {m0: 22}"),
			  "3:63: radios.a.lines.m0: is only a number; write GPIO22 for the line on the Pi's header.");
	assert_only_error(RADIO(PINS ", lines: {m0: GPIO22, m1: GPIO27}"),
			  "3:71: radios.a.lines.m1: unknown key. Did you mean 'm0'?");
	assert_only_error(RADIO(PINS ", lines: {m0: GPIO22, aux: }"),
			  "3:71: radios.a.lines.aux: has no value. Write one behind the colon, or take the line out.");
	assert_only_error(RADIO(PINS ", lines: GPIO22"),
			  "3:58: radios.a.lines: must have keys of its own, indented below it.");
	assert_only_error(
	    RADIO(KISS ", lines: {m0: GPIO22}"),
	    "3:59: radios.a.lines.m0: unknown key. `man cresset.yaml` says where the example is that has every key.");
}

static void test_shared_lines(void **state)
{
	(void)state;
	assert_only_error(RADIO(PINS ", lines: {m0: GPIO22, aux: GPIO22 active_low}"),
			  "3:76: radios.a.lines.aux: is line 'm0' of radio 'a', too.");
	assert_only_error(GATEWAY
			  "radios:\n  a: {" PINS ", lines: {m0: GPIO22}}\n"
			  "  b: {device: /dev/zero, modem: pins, air: fused, lines: {m0: GPIO5, aux: GPIO22}}\n",
			  "4:75: radios.b.lines.aux: is line 'm0' of radio 'a', too.");
	struct settings *settings = load(
	    GATEWAY "radios:\n  a: {" PINS ", lines: {m0: GPIO22}, enabled: false}\n"
		    "  b: {device: /dev/zero, modem: pins, air: fused, lines: {m0: GPIO2, aux: GPIO22}}\n");
	assert_int_equal(settings_error_count(settings), 0);
	/* What is switched off now may have been on before. */
	assert_int_equal(settings_outputs(settings, NULL, 0), 2);
	settings_free(settings);
}

/* ---- controls ---- */

#define CONTROL ", control: voice, control_device: /dev/zero, voice: {frequency_mhz: 144.8}"

static void test_control(void **state)
{
	(void)state;
	struct settings *settings = load(RADIO(KISS CONTROL ", lines: {ptt: GPIO17}"));
	assert_int_equal(settings_error_count(settings), 0);
	const struct radio_settings *radio = &settings->radios[0];
	assert_ptr_equal(radio->control, &voice);
	assert_string_equal(radio->control_port.device, "/dev/zero");
	assert_int_equal(radio->control_port.baud, 1200);
	assert_true(radio->control_values[0].number == 144.8);
	assert_string_equal(radio->control_lines[0], "GPIO17");
	assert_int_equal(radio->port.baud, 9600);
	struct line_release output;
	assert_int_equal(settings_outputs(settings, &output, 1), 1);
	assert_string_equal(output.text, "GPIO17");
	assert_string_equal(output.how, "active_low");
	assert_false(output.safe);
	settings_free(settings);
	settings = load(RADIO(KISS CONTROL ", control_baud: 4800"));
	assert_int_equal(settings_error_count(settings), 0);
	assert_int_equal(settings->radios[0].control_port.baud, 4800);
	assert_null(settings->radios[0].control_lines[0]);
	settings_free(settings);
}

static void test_control_errors(void **state)
{
	(void)state;
	assert_only_error(RADIO("device: /dev/null, modem: voice, air: fused"),
			  "3:33: radios.a.modem: 'voice' is not one of: kiss, fused, pins.");
	assert_only_error(RADIO(KISS ", control: kiss, control_device: /dev/zero"),
			  "3:60: radios.a.control: 'kiss' is not one of: voice.");
	assert_only_error(RADIO(KISS ", control: voice, voice: {frequency_mhz: 144.8}"),
			  "3:3: radios.a.control_device: must be given: where the voice is, e.g. /dev/ttyUSB1.");
	assert_only_error(RADIO(KISS ", control: voice, control_device: ttyS0, voice: {frequency_mhz: 144.8}"),
			  "3:83: radios.a.control_device: is no device; write /dev/ttyUSB0.");
	assert_only_error(RADIO(KISS ", control_device: /dev/zero"),
			  "3:67: radios.a.control_device: has no use without 'control'.");
	assert_only_error(RADIO(KISS ", control: voice, control_device: /dev/null, voice: {frequency_mhz: 144.8}"),
			  "3:83: radios.a.control_device: is the modem's device, too.");
	assert_only_error(RADIO(KISS ", voice: {frequency_mhz: 144.8}"),
			  "3:51: radios.a.voice: belongs to a driver that is neither this radio's modem nor its "
			  "control nor its air. Take it out.");
	assert_only_error(RADIO(KISS ", control: voice, control_device: /dev/zero"),
			  "3:3: radios.a.voice.frequency_mhz: must be given: the frequency.");
	assert_only_error(GATEWAY "radios:\n  a: {" KISS CONTROL "}\n"
				  "  b: {device: /dev/zero, modem: kiss, air: fused}\n",
			  "4:15: radios.b.device: is the device of radio 'a', too. Correct one, or set 'enabled: "
			  "false'.");
}

/* ---- boards ---- */

static char boards[64];

static void write_board(const char *name, const char *text)
{
	char path[160];
	snprintf(path, sizeof(path), "boards/%s.yaml", name);
	write_file(path, text, strlen(text), 0600);
}

static int boards_up(void **state)
{
	(void)state;
	snprintf(boards, sizeof(boards), "%s/boards", directory);
	if (mkdir(boards, 0700) < 0 || setenv("CRESSET_BOARDS", boards, 1) < 0)
		return -1;
	write_board("hat-one", "# a board\n"
			       "device: /dev/null\n"
			       "modem: pins\n"
			       "lines:\n"
			       "  m0: GPIO22\n"
			       "  aux: GPIO27\n"
			       "fused: {hops: 6}\n");
	write_board("hat-two", "device: /dev/zero\nmodem: kiss\n");
	return 0;
}

static int boards_down(void **state)
{
	(void)state;
	static const char *const names[] = {"hat-one", "hat-two", "wrong"};
	for (size_t i = 0; i < 3; i++) {
		char path[128];
		snprintf(path, sizeof(path), "boards/%s.yaml", names[i]);
		remove_file(path);
	}
	unsetenv("CRESSET_BOARDS");
	return rmdir(boards);
}

static void test_board(void **state)
{
	(void)state;
	struct settings *settings = load(RADIO("board: hat-one, air: fused"));
	assert_int_equal(settings_error_count(settings), 0);
	const struct radio_settings *radio = &settings->radios[0];
	assert_string_equal(radio->port.device, "/dev/null");
	assert_int_equal(radio->port.baud, 57600);
	assert_ptr_equal(radio->modem, &pins);
	assert_string_equal(radio->lines[0], "GPIO22");
	assert_string_equal(radio->lines[1], "GPIO27");
	assert_int_equal(radio->air_values[0].integer, 6);
	settings_free(settings);
}

/* What the radio says itself wins, key by key, also inside a section. */
static void test_board_is_laid_under(void **state)
{
	(void)state;
	struct settings *settings = load(RADIO(
	    "board: hat-one, air: fused, device: /dev/full, baud: 1200, lines: {m0: GPIO5, aux: none}, fused: {}"));
	assert_int_equal(settings_error_count(settings), 0);
	const struct radio_settings *radio = &settings->radios[0];
	assert_string_equal(radio->port.device, "/dev/full");
	assert_int_equal(radio->port.baud, 1200);
	assert_string_equal(radio->lines[0], "GPIO5");
	assert_null(radio->lines[1]);
	assert_int_equal(radio->air_values[0].integer, 6);
	settings_free(settings);
	settings = load(GATEWAY "radios:\n  a:\n    board: hat-one\n    air: fused\n    lines:\n      aux: GPIO6\n"
				"  b: {board: hat-two, air: fused}\n");
	assert_int_equal(settings_error_count(settings), 0);
	assert_string_equal(settings->radios[0].lines[0], "GPIO22");
	assert_string_equal(settings->radios[0].lines[1], "GPIO6");
	assert_string_equal(settings->radios[1].port.device, "/dev/zero");
	settings_free(settings);
}

/* An error inside a board names its file; all others name the settings. */
static void assert_board_error(const char *board, const char *expected)
{
	write_board("wrong", board);
	struct settings *settings = load(RADIO("board: wrong, air: fused"));
	char whole[256];
	snprintf(whole, sizeof(whole), "%s/wrong.yaml%s", boards, expected);
	if (settings_error_count(settings) != 1)
		for (size_t i = 0; i < settings_error_count(settings); i++)
			print_error("%s\n", settings_error(settings, i));
	assert_int_equal(settings_error_count(settings), 1);
	assert_string_equal(settings_error(settings, 0), whole);
	settings_free(settings);
}

static void test_board_errors(void **state)
{
	(void)state;
	assert_only_error(RADIO("board: hat-on, air: fused"),
			  "3:14: radios.a.board: 'hat-on' is not one of: hat-one, hat-two. Did you mean 'hat-one'?");
	assert_only_error(RADIO("board: ../s, " KISS), "3:14: radios.a.board: '../s' is not one of: hat-one, hat-two.");
	assert_board_error("device: /dev/null\nmodem: kiss\nkiss:\n  smak: true\n",
			   ":4:3: radios.a.kiss.smak: unknown key. Did you mean 'smack'?");
	assert_board_error("device: /dev/null\nmodem: pins\nlines: {m0: '22'}\n",
			   ":3:13: radios.a.lines.m0: is only a number; write GPIO22 for the line on the Pi's header.");
	assert_board_error("device: null0\nmodem: kiss\n", ":1:9: radios.a.device: is no device; write /dev/ttyUSB0.");
	assert_board_error("device: /dev/null\ndevice: /dev/zero\nmodem: kiss\n",
			   ":2:9: device: this key is there twice. Keep one of them.");
}

/* One that is no YAML has that error and none that would only follow from it. */
static void test_broken_board(void **state)
{
	(void)state;
	write_board("wrong", "device: [\n");
	struct settings *settings = load(RADIO("board: wrong, air: fused"));
	assert_int_equal(settings_error_count(settings), 1);
	assert_memory_equal(settings_error(settings, 0), boards, strlen(boards));
	settings_free(settings);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_line_errors),
	    cmocka_unit_test(test_shared_lines),
	    cmocka_unit_test(test_control),
	    cmocka_unit_test(test_control_errors),
	    cmocka_unit_test_setup_teardown(test_board, boards_up, boards_down),
	    cmocka_unit_test_setup_teardown(test_board_is_laid_under, boards_up, boards_down),
	    cmocka_unit_test_setup_teardown(test_board_errors, boards_up, boards_down),
	    cmocka_unit_test_setup_teardown(test_broken_board, boards_up, boards_down),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
