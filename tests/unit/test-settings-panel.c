/* The panel's settings: what is wired, what may not be, and rules about its contacts. */
#include "tests/unit/settings-fixture.h"

#include "gateway/settings_keys.h"

static void test_nothing(void **state)
{
	(void)state;
	struct settings *settings = load(GATEWAY);
	assert_false(panel_is_wired(&settings->panel));
	assert_int_equal(settings->panel.hold_ms, 2000);
	assert_int_equal(settings->panel.siren_max_ms, 180000);
	settings_free(settings);
}

/* What the tables call a line is what messages and the log call it. */
static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < PANEL_LINES; i++)
		assert_string_equal(panel_line_keys[i].name, panel_wiring[i].name);
}

static void test_wired(void **state)
{
	(void)state;
	struct settings *settings = load(
	    GATEWAY "panel: {hold: 3 s, siren_max: never, exercises: true, lines: {panic: GPIO5 active_high, tamper: "
		    "none, siren: GPIO16,"
		    " lamp: GPIO18}, contacts: {fire: {line: GPIO26}, gate: {line: \"sim:/x:gate\"}}}\n"
		    "rules: [{line: gate, kind: distress}, {line: fire, kind: alert, severity: extreme}]\n");
	for (size_t i = 0; i < settings_error_count(settings); i++)
		print_error("%s\n", settings_error(settings, i));
	assert_int_equal(settings_error_count(settings), 0);
	const struct panel_settings *panel = &settings->panel;
	assert_true(panel_is_wired(panel));
	assert_string_equal(panel->lines[PANEL_PANIC], "GPIO5 active_high");
	assert_null(panel->lines[PANEL_TAMPER]);
	assert_null(panel->lines[PANEL_MAINS]);
	assert_int_equal(panel->hold_ms, 3000);
	assert_int_equal(panel->siren_max_ms, 0);
	assert_true(panel->exercises);
	assert_int_equal(panel->contact_count, 2);
	assert_string_equal(panel->contacts[1].name, "gate");
	assert_string_equal(panel->contacts[1].line, "sim:/x:gate");
	assert_string_equal(settings->classify.rules[0].radio, "panel");
	assert_string_equal(settings->classify.rules[0].data_type, "gate");
	assert_int_equal(settings->classify.rules[1].severity, SEVERITY_EXTREME);
	settings_free(settings);
}

/* Siren and lamps go off after a crash, too, as the outputs of radios do; buttons are left alone. */
static void test_outputs(void **state)
{
	(void)state;
	struct settings *settings = load(
	    GATEWAY "radios: {a: {device: /dev/ttyUSB0, modem: pins, air: fused, lines: {m0: GPIO22}}}\n"
		    "panel: {lines: {panic: GPIO5, siren: GPIO16 active_low, lamp_uplink: GPIO21}}\n");
	struct line_release outputs[3];
	assert_int_equal(settings_error_count(settings), 0);
	assert_int_equal(settings_outputs(settings, NULL, 0), 3);
	assert_int_equal(settings_outputs(settings, outputs, 3), 3);
	assert_string_equal(outputs[0].text, "GPIO22");
	assert_true(outputs[0].safe);
	assert_string_equal(outputs[1].text, "GPIO16 active_low");
	assert_string_equal(outputs[2].text, "GPIO21");
	assert_false(outputs[1].safe || outputs[2].safe);
	settings_free(settings);
}

static void test_errors(void **state)
{
	(void)state;
	assert_only_error(GATEWAY "panel: {lines: {panic: GPIO5 loud}}\n",
			  "2:24: panel.lines.panic: has a word that is none of active_low, active_high, open_drain, "
			  "push_pull, pull_up, pull_down, no_bias, debounce=<n>ms.");
	assert_only_error(GATEWAY "panel: {lines: {panic: GPIO5, siren: GPIO5 active_low}}\n",
			  "2:38: panel.lines.siren: is the line of 'panic', too.");
	assert_only_error(GATEWAY "panel: {lines: {panic: GPIO5}, contacts: {gate: {line: GPIO5}}}\n",
			  "2:56: panel.contacts.gate.line: is the line of 'panic', too.");
	assert_only_error(GATEWAY "panel: {contacts: {a: {line: GPIO5}, b: {line: GPIO5}}}\n",
			  "2:48: panel.contacts.b.line: is the line of 'a', too.");
	assert_only_error(GATEWAY "radios: {a: {device: /dev/ttyUSB0, modem: pins, air: fused, lines: {m0: GPIO22}}}\n"
				  "panel: {lines: {siren: GPIO22}}\n",
			  "3:24: panel.lines.siren: is a line of radio 'a', too.");
	assert_only_error(
	    GATEWAY "panel: {contacts: {siren: {line: GPIO5}}}\n",
	    "2:20: panel.contacts.siren: no contact can have the name 'siren', which is a line of the panel.");
	assert_only_error(GATEWAY "panel: {hold: 100 ms}\n",
			  "2:15: panel.hold: 100 ms is too small. Write 500 ms or more.");
	assert_only_error(
	    "gateway: {name: base-of-a-very-long-name, operation: demo}\npanel: {lines: {panic: GPIO5}}\n",
	    "2:1: panel: needs a gateway.name of at most 23 characters, because what it says is said in "
	    "that name.");
	assert_only_error(
	    GATEWAY "radios: {panel: {device: /dev/ttyUSB0, modem: kiss, air: fused}}\n",
	    "2:10: radios.panel: no radio can have the name 'panel', which the buttons at the gateway have.");
}

static void test_rules(void **state)
{
	(void)state;
	static const char contacts[] = "panel: {contacts: {gate: {line: GPIO5}}}\n";
	char text[512];
	assert_only_error(GATEWAY "rules: [{line: gate, kind: alert}]\n",
			  "2:16: rules[1].line: there is no contact 'gate' in panel.contacts.");
	snprintf(text, sizeof(text), GATEWAY "%srules: [{line: gat, kind: alert}]\n", contacts);
	assert_only_error(text, "3:16: rules[1].line: 'gat' is not one of: gate. Did you mean 'gate'?");
	snprintf(text, sizeof(text), GATEWAY "%srules: [{line: gate, keyword: SOS, kind: alert}]\n", contacts);
	assert_only_error(text, "3:31: rules[1].keyword: has no use with 'line'. Take one of them out.");
	snprintf(text, sizeof(text), GATEWAY "%srules: [{line: gate, class: urgent}]\n", contacts);
	assert_only_error(text, "3:29: rules[1].class: has no use with 'line'. Take one of them out.");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing), cmocka_unit_test(test_names),  cmocka_unit_test(test_wired),
	    cmocka_unit_test(test_outputs), cmocka_unit_test(test_errors), cmocka_unit_test(test_rules),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
