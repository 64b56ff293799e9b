/* Lines against the simulator: levels, polarity, drive, edges and their loss, debounce, who has a line, and the way back to safety. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "hw/lines.h"
#include "tests/support/line_rig.h"

/* words: the name of the line and what else stands behind it. */
static struct line *try_open(const struct line_rig *bench, const char *words, struct line_settings settings,
			     enum line_fault *fault, char text[256])
{
	char line_text[256];
	snprintf(line_text, sizeof(line_text), "sim:%s:%s", bench->socket, words);
	settings.text = line_text;
	return line_open(&settings, fault, text, 256);
}

static struct line *must_open(const struct line_rig *bench, const char *words, struct line_settings settings)
{
	enum line_fault fault = LINE_OK;
	char text[256] = "";
	struct line *line = try_open(bench, words, settings, &fault, text);
	if (!line)
		fail_msg("%s (%s)", text, line_fault_name(fault));
	assert_int_equal(fault, LINE_OK);
	return line;
}

static struct line *input(const struct line_rig *bench, const char *words)
{
	return must_open(bench, words, (struct line_settings){0});
}

static struct line *output(const struct line_rig *bench, const char *words, bool safe)
{
	return must_open(bench, words, (struct line_settings){.output = true, .safe = safe});
}

enum { PATIENCE_MS = 60000 };

static bool ready(const struct line *line, int wait_ms)
{
	struct pollfd look = {.fd = line_fd(line), .events = POLLIN};
	return poll(&look, 1, wait_ms) == 1;
}

static void outputs_have_polarity_and_drive(void **state)
{
	const struct line_rig *bench = *state;
	static const struct {
		const char *words;
		bool safe;
		int at_request, off, on; /* physical */
	} rows[] = {
	    {"a", false, 0, 0, 1},
	    {"a", true, 1, 0, 1},
	    {"a active_low", false, 1, 1, 0},
	    {"a active_low", true, 0, 1, 0},
	    {"a open_drain", false, 0, 0, -1},
	    {"a open_drain active_low", false, -1, -1, 0},
	    {"a open_drain active_low pull_up", false, 1, 1, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct line *line = output(bench, rows[i].words, rows[i].safe);
		assert_int_equal(gpio_sim_level(bench->sim, "a"), rows[i].at_request);
		assert_int_equal(line_get(line), rows[i].safe);
		for (int on = 0; on <= 1; on++) {
			assert_int_equal(line_set(line, on), 0);
			assert_int_equal(gpio_sim_level(bench->sim, "a"), on ? rows[i].on : rows[i].off);
			assert_int_equal(line_get(line), on);
		}
		assert_int_equal(line_fd(line), -1);
		assert_int_equal(line_take_edges(line), -EINVAL);
		assert_int_equal(line_set(line, !rows[i].safe), 0);
		line_close(line);
		/* Safe before it is let go of, and a pin stays as it was left. */
		assert_int_equal(gpio_sim_level(bench->sim, "a"), rows[i].at_request);
	}
}

static void inputs_have_polarity_and_bias(void **state)
{
	const struct line_rig *bench = *state;
	static const struct {
		const char *words;
		int open, low, high; /* logical: nobody drives it, driven 0, driven 1 */
	} rows[] = {
	    {"b", 0, 0, 1},         {"b pull_up", 1, 0, 1},    {"b pull_down", 0, 0, 1},
	    {"b no_bias", 0, 0, 1}, {"b active_low", 1, 1, 0}, {"b active_low pull_up", 0, 1, 0},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct line *line = input(bench, rows[i].words);
		assert_int_equal(line_get(line), rows[i].open);
		gpio_sim_drive(bench->sim, "b", 0);
		assert_int_equal(line_get(line), rows[i].low);
		gpio_sim_drive(bench->sim, "b", 1);
		assert_int_equal(line_get(line), rows[i].high);
		gpio_sim_drive(bench->sim, "b", -1);
		assert_int_equal(line_get(line), rows[i].open);
		assert_int_equal(line_set(line, true), -EINVAL);
		line_close(line);
	}
}

static void words_of_the_user_are_overridden(void **state)
{
	const struct line_rig *bench = *state;
	struct line_settings settings = {.how = "active_low pull_up"};
	struct line *line = must_open(bench, "c", settings);
	assert_int_equal(line_get(line), 0);
	line_close(line);
	line = must_open(bench, "c active_high", settings);
	assert_int_equal(line_get(line), 1);
	line_close(line);
}

static void edges_wake_and_the_level_is_read_anew(void **state)
{
	const struct line_rig *bench = *state;
	struct line *line = input(bench, "aux");
	assert_false(ready(line, 0));
	assert_int_equal(line_take_edges(line), 0); /* nothing there: does not block */
	for (int i = 1; i <= 3; i++) {
		gpio_sim_drive(bench->sim, "aux", i % 2);
		assert_true(ready(line, 0));
		assert_int_equal(line_get(line), i % 2);
		assert_true(ready(line, 0)); /* asking for the level leaves the edge */
		assert_int_equal(line_take_edges(line), i % 2);
		assert_false(ready(line, 0));
	}
	gpio_sim_drive(bench->sim, "aux", 1); /* no change, no edge */
	assert_false(ready(line, 0));
	line_close(line);
}

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* A pulse that is over before anybody looks. */
static void edges_are_listed_with_their_times(void **state)
{
	const struct line_rig *bench = *state;
	struct line_edge edges[LINE_EDGES_MAX];
	for (int low = 0; low <= 1; low++) {
		struct line *line = input(bench, low ? "button active_low" : "button");
		gpio_sim_drive(bench->sim, "button", 0);
		assert_int_equal(line_list_edges(line, edges), 1); /* nothing waits: the level now */
		assert_int_equal(edges[0].level, low);
		int64_t before_us = now_us();
		gpio_sim_drive(bench->sim, "button", 1);
		int64_t between_us = now_us();
		gpio_sim_drive(bench->sim, "button", 0);
		assert_int_equal(line_list_edges(line, edges), 2);
		assert_int_equal(edges[0].level, !low);
		assert_int_equal(edges[1].level, low);
		assert_true(before_us <= edges[0].at_us && edges[0].at_us <= between_us);
		assert_true(between_us <= edges[1].at_us && edges[1].at_us <= now_us());
		assert_false(ready(line, 0));
		line_close(line);
	}
	struct line *out = output(bench, "a", false), *bounced = input(bench, "b debounce=1000ms");
	assert_int_equal(line_list_edges(out, edges), -EINVAL);
	gpio_sim_drive(bench->sim, "b", 1);
	assert_int_equal(line_list_edges(bounced, edges), 1);
	assert_false(edges[0].level);
	line_close(out);
	line_close(bounced);
}

/* As many as are listed at once, then the others; at last the level, though the edge to it was lost. */
static void many_edges_are_listed_in_parts(void **state)
{
	const struct line_rig *bench = *state;
	struct line *line = input(bench, "aux");
	struct line_edge edges[LINE_EDGES_MAX];
	int count, wanted = 1;
	for (int i = 1; i <= 20001; i++)
		gpio_sim_drive(bench->sim, "aux", i % 2);
	while ((count = line_list_edges(line, edges)) == LINE_EDGES_MAX - 1) {
		for (int i = 0; i < count; i++, wanted = !wanted)
			assert_int_equal(edges[i].level, wanted);
		assert_true(edges[count - 1].at_us <= now_us());
	}
	assert_true(count > 0);
	assert_true(edges[count - 1].level);
	assert_false(ready(line, 0));
	line_close(line);
}

/* More edges than anything keeps: some are lost, the level is not. */
static void lost_edges_do_not_lose_the_level(void **state)
{
	const struct line_rig *bench = *state;
	struct line *line = input(bench, "aux");
	for (int last = 0; last <= 1; last++) {
		for (int i = 0; i < 20000; i++)
			gpio_sim_drive(bench->sim, "aux", i % 2);
		gpio_sim_drive(bench->sim, "aux", !last);
		gpio_sim_drive(bench->sim, "aux", last);
		assert_true(ready(line, 0));
		assert_int_equal(line_take_edges(line), last);
		for (int rounds = 0; ready(line, 0); rounds++) {
			assert_int_equal(line_take_edges(line), last);
			assert_true(rounds < 20000);
		}
	}
	line_close(line);
}

static void bounces_are_waited_out(void **state)
{
	const struct line_rig *bench = *state;
	struct line *line = input(bench, "button debounce=1000ms");
	struct timespec before, after;
	for (int level = 1; level >= 0; level--) {
		clock_gettime(CLOCK_MONOTONIC, &before);
		for (int i = 0; i < 10; i++) {
			gpio_sim_drive(bench->sim, "button", i % 2 ? !level : level);
			assert_true(ready(line, 0));
			assert_int_equal(line_take_edges(line), !level); /* nothing has settled yet */
			assert_int_equal(line_get(line), !level);
		}
		gpio_sim_drive(bench->sim, "button", level);
		int seen;
		do {
			assert_true(ready(line, PATIENCE_MS));
			seen = line_take_edges(line);
		} while (seen != level);
		clock_gettime(CLOCK_MONOTONIC, &after);
		assert_true((after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000 >= 999);
		assert_false(ready(line, 0));
	}
	line_close(line);
}

/* Who asks for the level finds it settled, and those at the descriptor are still woken. */
static void asking_does_not_take_the_wake_up(void **state)
{
	const struct line_rig *bench = *state;
	struct line *line = input(bench, "button debounce=1ms");
	gpio_sim_drive(bench->sim, "button", 1);
	while (line_get(line) == 0)
		assert_true(ready(line, PATIENCE_MS));
	assert_true(ready(line, PATIENCE_MS));
	assert_int_equal(line_take_edges(line), 1);
	assert_false(ready(line, 0));
	line_close(line);
}

static void busy_names_the_consumer(void **state)
{
	const struct line_rig *bench = *state;
	struct line_settings settings = {.output = true, .consumer = "cresset:lora0:m0"};
	struct line *line = must_open(bench, "m0", settings);
	enum line_fault fault = LINE_OK;
	char text[256], expected[256];
	assert_null(try_open(bench, "m0", settings, &fault, text));
	assert_int_equal(fault, LINE_BUSY);
	snprintf(expected, sizeof(expected), "sim:%s:m0: in use by \"cresset:lora0:m0\"", bench->socket);
	assert_memory_equal(text, expected, strlen(expected));
	line_close(line);
	line_close(must_open(bench, "m0", settings));
	gpio_sim_occupy(bench->sim, "m0", "spi0 CS0");
	assert_null(try_open(bench, "m0", settings, &fault, text));
	assert_int_equal(fault, LINE_BUSY);
	assert_non_null(strstr(text, "\"spi0 CS0\""));
	gpio_sim_occupy(bench->sim, "m0", NULL);
	line_close(must_open(bench, "m0", settings));
}

static void absent_simulator_is_named(void **state)
{
	const struct line_rig *bench = *state;
	struct line_settings settings = {.text = "sim:/tmp/cresset-no-such-socket:m0"};
	enum line_fault fault = LINE_OK;
	char text[256];
	(void)bench;
	assert_null(line_open(&settings, &fault, text, sizeof(text)));
	assert_int_equal(fault, LINE_ABSENT);
	assert_string_equal(text, "sim:/tmp/cresset-no-such-socket:m0: no simulator listens there. Start it first.");
}

static void lines_of_a_dead_simulator_are_gone(void **state)
{
	struct line_rig *bench = *state;
	struct line *in = input(bench, "in"), *bounced = input(bench, "bounced debounce=1ms"),
		    *out = output(bench, "out", false);
	gpio_sim_free(bench->sim);
	bench->sim = NULL;
	assert_true(ready(in, 0) && ready(bounced, 0));
	assert_int_equal(line_take_edges(in), -ENODEV);
	struct line_edge edges[LINE_EDGES_MAX];
	assert_int_equal(line_list_edges(in, edges), -ENODEV);
	assert_int_equal(line_take_edges(bounced), -ENODEV);
	assert_int_equal(line_get(in), -ENODEV);
	assert_int_equal(line_set(out, true), -ENODEV);
	assert_int_equal(line_get(out), 0);
	line_close(in);
	line_close(bounced);
	line_close(out);
}

static void resolved_says_what_it_is(void **state)
{
	const struct line_rig *bench = *state;
	struct line *line = input(bench, "m0 active_low");
	char expected[128];
	snprintf(expected, sizeof(expected), "sim:%s:m0", bench->socket);
	assert_string_equal(line_resolved(line), expected);
	line_close(line);
}

static void this_side_wins(void **state)
{
	const struct line_rig *bench = *state;
	struct line *line = output(bench, "x", false);
	gpio_sim_drive(bench->sim, "x", 1);
	assert_int_equal(gpio_sim_level(bench->sim, "x"), 1);
	gpio_sim_drive(bench->sim, "x", -1);
	assert_int_equal(gpio_sim_level(bench->sim, "x"), 0);
	assert_int_equal(gpio_sim_level(bench->sim, "never heard of"), -1);
	line_close(line);
}

static void remember(void *owner, const char *text)
{
	strncat(owner, text, 512 - strlen(owner) - 1);
}

/* In a program of its own: keys, and waits to be killed. */
static int key_and_wait(const char *place)
{
	struct line_settings settings = {.text = place, .output = true};
	enum line_fault fault;
	char text[256];
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* should the test fail */
	struct line *line = line_open(&settings, &fault, text, sizeof(text));
	if (!line || line_set(line, true) < 0)
		return 1;
	for (;;)
		pause();
}

/* A process dies with its transmitter keyed; release puts it back, and says which line it could not. */
static void release_after_a_crash(void **state)
{
	struct line_rig *bench = *state;
	char place[128], ptt[128], siren[128], said[512] = "";
	snprintf(place, sizeof(place), "sim:%s:ptt active_low", bench->socket);
	pid_t child = fork();
	if (child == 0) {
		execl("/proc/self/exe", "test-lines", place, NULL);
		_exit(1);
	}
	assert_true(line_rig_reaches(bench, "ptt", 0)); /* low is keyed */
	snprintf(ptt, sizeof(ptt), "sim:%s:ptt", bench->socket);
	snprintf(siren, sizeof(siren), "sim:%s:siren", bench->socket);
	const struct line_release lines[] = {{siren, NULL, true}, {ptt, "active_low", false}};
	assert_int_equal(lines_release(lines, 2, remember, said), 1); /* it is still alive */
	assert_non_null(strstr(said, "ptt: in use by \"cresset\""));
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(gpio_sim_level(bench->sim, "ptt"), 0); /* stays keyed, as on a Pi */
	*said = '\0';
	assert_int_equal(lines_release(lines, 2, remember, said), 0);
	assert_string_equal(said, "");
	assert_int_equal(gpio_sim_level(bench->sim, "ptt"), 1);
	assert_int_equal(gpio_sim_level(bench->sim, "siren"), 1);
}

static void the_loop_of_a_simulator_is_woken(void **state)
{
	const struct line_rig *bench = *state;
	struct line *line = output(bench, "m1", false);
	assert_true(line_rig_reaches(bench, "m1", 0));
	while (gpio_sim_serve(bench->sim))
		;
	assert_int_equal(line_set(line, true), 0);
	struct pollfd look = {.fd = gpio_sim_fd(bench->sim), .events = POLLIN};
	assert_int_equal(poll(&look, 1, PATIENCE_MS), 1);
	assert_true(gpio_sim_serve(bench->sim));
	assert_int_equal(gpio_sim_level(bench->sim, "m1"), 1);
	line_close(line);
	assert_null(gpio_sim_new(bench->socket));
	assert_int_equal(errno, EADDRINUSE);
}

int main(int count, char **arguments)
{
	if (count == 2)
		return key_and_wait(arguments[1]);
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(outputs_have_polarity_and_drive, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(inputs_have_polarity_and_bias, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(words_of_the_user_are_overridden, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(edges_wake_and_the_level_is_read_anew, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(edges_are_listed_with_their_times, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(many_edges_are_listed_in_parts, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(lost_edges_do_not_lose_the_level, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(bounces_are_waited_out, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(asking_does_not_take_the_wake_up, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(busy_names_the_consumer, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(absent_simulator_is_named, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(lines_of_a_dead_simulator_are_gone, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(resolved_says_what_it_is, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(this_side_wins, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(release_after_a_crash, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(the_loop_of_a_simulator_is_woken, line_rig_set_up, line_rig_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
