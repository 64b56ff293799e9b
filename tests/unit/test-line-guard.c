/* The time limit of an output: it holds whatever the program does or does not do, and costs nothing while nothing is on. */
#include <dirent.h>
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

enum { PATIENCE_MS = 60000 };

static struct line *open_limited(const struct line_rig *bench, const char *words, bool safe, int64_t max_on_ms)
{
	enum line_fault fault;
	char text[256], place[256];
	snprintf(place, sizeof(place), "sim:%s:%s", bench->socket, words);
	struct line_settings settings = {.text = place, .output = true, .safe = safe, .max_on_ms = max_on_ms};
	struct line *line = line_open(&settings, &fault, text, sizeof(text));
	if (!line)
		fail_msg("%s", text);
	return line;
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void is_put_back_when_the_time_is_over(void **state)
{
	const struct line_rig *bench = *state;
	static const struct {
		const char *words;
		bool safe;
		int off, on; /* physical: at its safe level, away from it */
	} rows[] = {{"ptt", false, 0, 1}, {"ptt active_low", false, 1, 0}, {"ptt", true, 1, 0}};
	unsigned seen_on = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct line *line = open_limited(bench, rows[i].words, rows[i].safe, 300);
		for (int round = 0; round < 2; round++) { /* it may be keyed again */
			int64_t before = now_ms();
			assert_int_equal(line_set(line, !rows[i].safe), 0);
			bool on = gpio_sim_level(bench->sim, "ptt") == rows[i].on && !line_expired(line) &&
				  line_get(line) == !rows[i].safe;
			/* A busy machine may come too late to see it. */
			assert_true(on || now_ms() - before >= 299);
			seen_on += on;
			assert_true(line_rig_reaches(bench, "ptt", rows[i].off));
			assert_true(now_ms() - before >= 299);
			assert_int_equal(line_get(line), rows[i].safe);
			assert_true(line_expired(line));
		}
		assert_int_equal(line_set(line, rows[i].safe), 0);
		assert_false(line_expired(line));
		line_close(line);
	}
	assert_true(seen_on > 0);
}

static void setting_again_does_not_prolong(void **state)
{
	const struct line_rig *bench = *state;
	struct line *line = open_limited(bench, "ptt", false, 50);
	int64_t before = now_ms();
	unsigned sets = 0;
	for (; !line_expired(line); sets++) {
		assert_int_equal(line_set(line, true), 0);
		assert_true(now_ms() - before < PATIENCE_MS);
		poll(NULL, 0, 1);
	}
	assert_true(sets > 1);
	line_close(line);
}

static void each_line_has_its_own_time(void **state)
{
	const struct line_rig *bench = *state;
	struct line *slow = open_limited(bench, "slow", false, 100000), *fast = open_limited(bench, "fast", false, 20),
		    *endless = open_limited(bench, "endless", false, 0),
		    *huge = open_limited(bench, "huge", false, INT64_MAX);
	struct line *const all[] = {slow, fast, endless, huge};
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(line_set(all[i], true), 0);
	assert_true(line_rig_reaches(bench, "fast", 0));
	assert_true(line_expired(fast));
	for (size_t i = 0; i < 4; i++)
		if (all[i] != fast) {
			assert_false(line_expired(all[i]));
			assert_int_equal(line_get(all[i]), 1);
		}
	assert_int_equal(gpio_sim_level(bench->sim, "slow"), 1);
	assert_int_equal(gpio_sim_level(bench->sim, "huge"), 1);
	line_close(fast); /* out of the middle of the list */
	line_close(slow);
	line_close(endless);
	line_close(huge);
	assert_int_equal(gpio_sim_level(bench->sim, "huge"), 0);
}

static void back_in_time_is_no_expiry(void **state)
{
	const struct line_rig *bench = *state;
	struct line *line = open_limited(bench, "ptt", false, 100), *other = open_limited(bench, "other", false, 150);
	assert_int_equal(line_set(line, true), 0);
	assert_int_equal(line_set(line, false), 0);
	assert_int_equal(line_set(other, true), 0);
	assert_true(line_rig_reaches(bench, "other", 0)); /* by then the other's time would have been over */
	assert_false(line_expired(line));
	line_close(line);
	line_close(other);
}

/* In a program of its own: keys, and never looks up again. */
static int key_and_hang(const char *place)
{
	struct line_settings settings = {.text = place, .output = true, .max_on_ms = 1000};
	enum line_fault fault;
	char text[256];
	sigset_t all;
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* should the test fail */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	struct line *line = line_open(&settings, &fault, text, sizeof(text));
	if (!line || line_set(line, true) < 0)
		return 1;
	for (volatile unsigned spin = 0;; spin++)
		;
}

/* A whole program hangs with its transmitter keyed. */
static void a_hung_program_does_not_key_for_ever(void **state)
{
	const struct line_rig *bench = *state;
	char place[128];
	snprintf(place, sizeof(place), "sim:%s:ptt", bench->socket);
	pid_t child = fork();
	if (child == 0) {
		execl("/proc/self/exe", "test-line-guard", place, NULL);
		_exit(1);
	}
	assert_true(line_rig_reaches(bench, "ptt", 1));
	assert_true(line_rig_reaches(bench, "ptt", 0));
	assert_int_equal(waitpid(child, NULL, WNOHANG), 0); /* it is still at it */
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void a_line_that_cannot_be_put_back_is_not_called_safe(void **state)
{
	struct line_rig *bench = *state;
	struct line *line = open_limited(bench, "ptt", false, 300);
	assert_int_equal(line_set(line, true), 0);
	gpio_sim_free(bench->sim);
	bench->sim = NULL;
	for (int64_t before = now_ms(); !line_expired(line); poll(NULL, 0, 1))
		assert_true(now_ms() - before < PATIENCE_MS);
	assert_int_equal(line_get(line), 1);
	line_close(line);
}

/* How often the guard's thread was woken so far. */
static long wake_ups(void)
{
	long found = -1;
	char path[300], text[64];
	DIR *tasks = opendir("/proc/self/task");
	for (struct dirent *task; (task = readdir(tasks));) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task->d_name);
		FILE *file = fopen(path, "r");
		bool ours = file && fgets(text, sizeof(text), file) && strcmp(text, "line guard\n") == 0;
		if (file)
			fclose(file);
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", task->d_name);
		file = ours ? fopen(path, "r") : NULL;
		while (file && fgets(text, sizeof(text), file))
			if (sscanf(text, "voluntary_ctxt_switches: %ld", &found) == 1)
				break;
		if (file)
			fclose(file);
	}
	closedir(tasks);
	return found;
}

static void it_sleeps_while_nothing_is_on(void **state)
{
	const struct line_rig *bench = *state;
	struct line *line = open_limited(bench, "ptt", false, 1);
	assert_int_equal(line_set(line, true), 0);
	assert_true(line_rig_reaches(bench, "ptt", 0));
	/* On a busy machine it may take a while to fall asleep; one that wakes up now and then never gets through the window. */
	long before;
	int64_t start = now_ms();
	do {
		before = wake_ups();
		assert_true(before > 0);
		poll(NULL, 0, 300);
		assert_true(now_ms() - start < PATIENCE_MS);
	} while (wake_ups() != before);
	line_close(line);
}

int main(int count, char **arguments)
{
	if (count == 2)
		return key_and_hang(arguments[1]);
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(a_hung_program_does_not_key_for_ever, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(is_put_back_when_the_time_is_over, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(setting_again_does_not_prolong, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(each_line_has_its_own_time, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(back_in_time_is_no_expiry, line_rig_set_up, line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(a_line_that_cannot_be_put_back_is_not_called_safe, line_rig_set_up,
					    line_rig_tear_down),
	    cmocka_unit_test_setup_teardown(it_sleeps_while_nothing_is_on, line_rig_set_up, line_rig_tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
