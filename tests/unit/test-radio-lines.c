/* The lines of a radio: whose they are, and what happens when one is taken, on for too long, or gone. */
#include "tests/support/gpio_sim.h"
#include "tests/unit/radio-fixture.h"

struct lines {
	struct gpio_sim *sim;
	char directory[32], path[64], text[LINE_TOTAL][96];
	const char *texts[LINE_TOTAL];
};

static void lines_setup(struct lines *lines)
{
	snprintf(lines->directory, sizeof(lines->directory), "/tmp/cresset-lines-XXXXXX");
	assert_non_null(mkdtemp(lines->directory));
	snprintf(lines->path, sizeof(lines->path), "%s/gpio", lines->directory);
	lines->sim = gpio_sim_new(lines->path);
	assert_non_null(lines->sim);
	for (size_t i = 0; i < LINE_TOTAL; i++) {
		snprintf(lines->text[i], sizeof(lines->text[i]), "sim:%s:%s", lines->path, modem_lines[i].name);
		lines->texts[i] = lines->text[i];
	}
	line_texts = lines->texts;
}

static void lines_teardown(struct lines *lines)
{
	gpio_sim_free(lines->sim);
	rmdir(lines->directory);
	line_texts = NULL;
}

static void lines_belong_to_the_driver(void **state)
{
	(void)state;
	struct lines lines;
	lines_setup(&lines);
	lines.texts[LINE_PTT] = NULL;
	struct bench *bench = setup_up(false);
	const struct services *services = modem.services;
	assert_int_equal(services->get_line(services->owner, LINE_IN), 1);
	gpio_sim_drive(lines.sim, "in", 0);
	TURN_UNTIL(bench, modem.edges == 1);
	assert_int_equal(modem.edge_line, LINE_IN);
	assert_false(modem.edge_on);
	assert_int_equal(services->get_line(services->owner, LINE_IN), 0);
	assert_int_equal(services->set_line(services->owner, LINE_IN, true), -EINVAL);
	assert_int_equal(gpio_sim_level(lines.sim, "out"), 0);
	assert_int_equal(services->set_line(services->owner, LINE_OUT, true), 0);
	TURN_UNTIL(bench, gpio_sim_level(lines.sim, "out") == 1);
	assert_int_equal(services->get_line(services->owner, LINE_OUT), 1);
	assert_int_equal(services->set_line(services->owner, LINE_PTT, true), -ENODEV);
	assert_int_equal(services->get_line(services->owner, LINE_PTT), -ENODEV);
	assert_int_equal(services->get_line(services->owner, LINE_TOTAL), -ENODEV);

	struct radio_line_status line;
	assert_true(radio_line(bench->radio, LINE_OUT, &line));
	assert_string_equal(line.name, "out");
	assert_true(line.output && !line.control);
	assert_int_equal(line.level, 1);
	assert_non_null(strstr(line.resolved, "out"));
	assert_true(radio_line(bench->radio, LINE_PTT, &line));
	assert_string_equal(line.resolved, "");
	assert_false(radio_line(bench->radio, LINE_TOTAL, &line));

	pull(bench, 0);
	TURN_UNTIL(bench, gpio_sim_level(lines.sim, "out") == 0);
	assert_int_equal(services->set_line(services->owner, LINE_OUT, true), -ENODEV);
	teardown(bench);
	lines_teardown(&lines);
}

static void line_that_is_taken_keeps_the_radio_down(void **state)
{
	(void)state;
	struct lines lines;
	lines_setup(&lines);
	gpio_sim_occupy(lines.sim, "out", "fan");
	struct bench *bench = setup_with(NULL, false);
	TURN_UNTIL(bench, bench->states);
	struct radio_status status = radio_status(bench->radio);
	assert_int_equal(status.state, RADIO_DOWN);
	assert_string_equal(status.fault, "line.busy");
	assert_non_null(strstr(status.text, "line out: "));
	assert_non_null(strstr(status.text, "fan"));
	assert_int_equal(modem.opened, 0);
	assert_int_equal(count(bench, "line.busy"), 1);
	assert_int_equal(count(bench, "port.open_failed"), 1);
	gpio_sim_occupy(lines.sim, "out", NULL);
	TURN_UNTIL(bench, modem.opened);
	assert_int_equal(radio_status(bench->radio).state, RADIO_UP);
	teardown(bench);
	lines_teardown(&lines);
}

static void line_that_is_on_for_too_long_is_told(void **state)
{
	(void)state;
	struct lines lines;
	lines_setup(&lines);
	struct bench *bench = setup_up(false);
	const struct services *services = modem.services;
	assert_int_equal(services->set_line(services->owner, LINE_PTT, true), 0);
	TURN_UNTIL(bench, gpio_sim_level(lines.sim, "ptt") == 0);
	TURN_UNTIL(bench, gpio_sim_level(lines.sim, "ptt") == 1);
	assert_int_equal(services->set_line(services->owner, LINE_PTT, false), 0);
	assert_int_equal(count(bench, "line.expired"), 1);
	assert_int_equal(services->set_line(services->owner, LINE_PTT, true), 0);
	assert_int_equal(services->set_line(services->owner, LINE_PTT, false), 0);
	assert_int_equal(count(bench, "line.expired"), 1);
	teardown(bench);
	lines_teardown(&lines);
}

static void chip_that_is_gone_takes_the_radio_down(void **state)
{
	(void)state;
	struct lines lines;
	lines_setup(&lines);
	struct bench *bench = setup_up(false);
	gpio_sim_free(lines.sim);
	lines.sim = NULL;
	TURN_UNTIL(bench, radio_status(bench->radio).state == RADIO_DOWN);
	struct radio_status status = radio_status(bench->radio);
	assert_int_equal(strncmp(status.fault, "line.", 5), 0);
	assert_non_null(strstr(status.text, "line in: "));
	assert_int_equal(count(bench, "port.lost"), 1);
	assert_string_equal(status.resolved, "");
	teardown(bench);
	lines_teardown(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines_belong_to_the_driver),
	    cmocka_unit_test(line_that_is_taken_keeps_the_radio_down),
	    cmocka_unit_test(line_that_is_on_for_too_long_is_told),
	    cmocka_unit_test(chip_that_is_gone_takes_the_radio_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
