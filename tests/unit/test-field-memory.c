/* What must not repeat, with a real store under it: killed at any moment, and after a proper stop. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/field_memory.h"
#include "tests/support/store_rig.h"

enum { KILLS = 200, NUMBERS_MAX = 3000, ADDRESSEES = 3 };

struct run {
	struct store_rig *rig;
	struct field_memory *memory;
	size_t kept;
};

static void on_kept(void *context, const char *name)
{
	struct run *run = context;
	run->kept++;
	field_memory_kept(run->memory, name);
}

static void begin(struct run *run, const char *path)
{
	store_rig_open_for(run->rig, path, on_kept, run);
	run->memory = field_memory_new(run->rig->store, run->rig->counters);
	assert_non_null(run->memory);
}

static void end(struct run *run)
{
	field_memory_free(run->memory);
	store_rig_close(run->rig);
	run->memory = NULL;
}

/* The next number, however long the disk takes. */
static uint32_t number(struct run *run, uint16_t addressee)
{
	uint32_t counter;
	int result;
	while ((result = field_memory_next(run->memory, addressee, 0, &counter)) == -EAGAIN)
		assert_true(sd_event_run(run->rig->event, 60000000) > 0);
	assert_int_equal(result, 0);
	return counter;
}

/* ---- counters ---- */

struct report {
	uint16_t addressee;
	uint32_t counter;
};

/* Never returns. */
static void run_child(struct run *run, int out)
{
	store_rig_forked(run->rig);
	begin(run, run->rig->path);
	for (unsigned i = 0; i < NUMBERS_MAX; i++) {
		struct report report = {.addressee = (uint16_t)(i % ADDRESSEES)};
		report.counter = number(run, report.addressee);
		/* Shorter than PIPE_BUF: whole or not at all. */
		if (write(out, &report, sizeof(report)) != sizeof(report))
			_exit(1);
		sd_event_run(run->rig->event, 0);
	}
	_exit(0);
}

static size_t work_and_kill(struct run *run, uint32_t *last, size_t numbers)
{
	int ends[2], status = 0;
	size_t said = 0;
	struct report report;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		run_child(run, ends[1]);
	}
	close(ends[1]);
	for (; read(ends[0], &report, sizeof(report)) == sizeof(report); said++) {
		assert_true(report.counter > last[report.addressee]);
		last[report.addressee] = report.counter;
		if (said == numbers)
			kill(child, SIGKILL);
	}
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	return said;
}

static void test_killed(void **state)
{
	(void)state;
	struct run run = {.rig = store_rig_new()};
	uint32_t last[ADDRESSEES] = {0};
	size_t given = 0;
	for (unsigned i = 0; i < KILLS; i++) {
		given += work_and_kill(&run, last, (i * 7919) % 2500);
		if (i % 20 != 19)
			continue;
		/* Now and then a proper run in between, which goes on by one. */
		begin(&run, run.rig->path);
		uint32_t first = number(&run, 0);
		assert_true(first > last[0]);
		end(&run);
		begin(&run, run.rig->path);
		last[0] = number(&run, 0);
		assert_true(last[0] > first);
		end(&run);
	}
	print_message("%d kills: %zu numbers, none twice\n", KILLS, given);
	assert_true(given > KILLS * 500);
	store_rig_free(run.rig);
}

static void test_in_memory_only(void **state)
{
	(void)state;
	struct run run = {.rig = store_rig_new()};
	uint32_t counter, before = 0;
	begin(&run, NULL);
	for (int i = 0; i < 5000; i++) {
		assert_int_equal(field_memory_next(run.memory, 17, 0, &counter), 0);
		assert_true(i == 0 || counter == before + 1);
		before = counter;
	}
	assert_int_equal(counters_get(run.rig->counters, "field", "counters_in_memory")->value, 5000);
	end(&run);
	store_rig_free(run.rig);
}

/* ---- windows ---- */

static void test_windows_survive_a_stop(void **state)
{
	(void)state;
	struct run run = {.rig = store_rig_new()};
	begin(&run, run.rig->path);
	for (uint16_t station = 0; station < 300; station++)
		assert_int_equal(field_memory_take(run.memory, station, 1, 1000u + station), 0);
	end(&run);
	begin(&run, run.rig->path);
	for (uint16_t station = 0; station < 300; station++) {
		assert_int_equal(field_memory_take(run.memory, station, 1, 1000u + station), -EEXIST);
		assert_int_equal(field_memory_take(run.memory, station, 1, 900u + station), -ESTALE);
		assert_int_equal(field_memory_take(run.memory, station, 0, 900u + station), 0);
	}
	end(&run);
	store_rig_free(run.rig);
}

/* The kill comes right after the disk has an urgent message's window; what came before it is known, too. */
static void test_windows_of_urgent_messages_survive_a_kill(void **state)
{
	(void)state;
	struct run run = {.rig = store_rig_new()};
	int status;
	pid_t child = fork();
	if (child == 0) {
		store_rig_forked(run.rig);
		begin(&run, run.rig->path);
		field_memory_take(run.memory, 17, 0, 41);
		field_memory_take(run.memory, 17, 0, 42);
		field_memory_urgent(run.memory);
		while (run.kept == 0 && sd_event_run(run.rig->event, 60000000) > 0)
			;
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	begin(&run, run.rig->path);
	assert_int_equal(field_memory_take(run.memory, 17, 0, 42), -EEXIST);
	assert_int_equal(field_memory_take(run.memory, 17, 0, 41), -EEXIST);
	assert_int_equal(field_memory_take(run.memory, 17, 0, 43), 0);
	end(&run);
	store_rig_free(run.rig);
}

/* A base that hears little must not be left with windows of last week: they are kept ten minutes after the first frame not in them. */
static void test_windows_of_few_frames_survive_a_kill(void **state)
{
	(void)state;
	enum { MINUTES = 9, MS = 60000 };
	struct run run = {.rig = store_rig_new()};
	int status;
	pid_t child = fork();
	if (child == 0) {
		store_rig_forked(run.rig);
		begin(&run, run.rig->path);
		for (uint32_t i = 0; i <= MINUTES; i++) {
			field_memory_take(run.memory, 17, 0, i);
			field_memory_tick(run.memory);
			clock_steady_resume(clock_steady_lag_ms() - MS);
		}
		size_t early = run.kept;
		store_rig_turn(run.rig);
		field_memory_tick(run.memory);
		while (run.kept == 0 && sd_event_run(run.rig->event, 60000000) > 0)
			;
		if (early)
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	begin(&run, run.rig->path);
	for (uint32_t i = 0; i <= MINUTES; i++)
		assert_int_equal(field_memory_take(run.memory, 17, 0, i), -EEXIST);
	end(&run);
	store_rig_free(run.rig);
}

/* Ordinary traffic writes the windows seldom: beside the ids of what was heard there is room for some 10 bytes a message. */
static void test_what_it_costs_the_disk(void **state)
{
	(void)state;
	enum { FRAMES = 20480, STATIONS = 50 };
	struct run run = {.rig = store_rig_new()};
	begin(&run, run.rig->path);
	store_rig_turn(run.rig);
	uint64_t before = store_bytes_written(run.rig->store);
	for (uint32_t i = 0; i < FRAMES; i++) {
		assert_int_equal(field_memory_take(run.memory, (uint16_t)(i % STATIONS), 0, i), 0);
		if (i % 100 == 0)
			store_rig_turn(run.rig);
		if (i % 2048 == 2047)
			assert_true(store_rig_until(run.rig, &run.kept, i / 2048 + 1));
	}
	assert_int_equal(run.kept, FRAMES / 2048);
	uint64_t written = store_bytes_written(run.rig->store) - before;
	print_message("%.1f bytes a frame\n", (double)written / FRAMES);
	assert_true(written > 0 && written < FRAMES * 12);
	end(&run);
	store_rig_free(run.rig);
}

/* ---- raised once ---- */

static struct message distress(const char *id)
{
	static struct message message;
	message_init(&message);
	message.kind = KIND_DISTRESS;
	message.authenticity = AUTHENTICITY_STALE;
	snprintf(message.id, sizeof(message.id), "%s", id);
	return message;
}

static void test_raised_once_also_after_a_stop(void **state)
{
	(void)state;
	struct run run = {.rig = store_rig_new()};
	const struct message first = distress("f-17-5-00000001"), same_number = distress("f-17-5-00000002"),
			     next_number = distress("f-17-6-00000001"), other = distress("f-18-5-00000001");
	const struct message *const all[] = {&first, &same_number, &next_number, &other};
	begin(&run, run.rig->path);
	for (size_t i = 0; i < 4; i++) {
		assert_false(field_memory_raised(run.memory, all[i]));
		assert_true(field_memory_raised(run.memory, all[i]));
	}
	end(&run);
	begin(&run, run.rig->path);
	for (size_t i = 0; i < 4; i++)
		assert_true(field_memory_raised(run.memory, all[i]));
	end(&run);
	store_rig_free(run.rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_killed),
	    cmocka_unit_test(test_in_memory_only),
	    cmocka_unit_test(test_windows_survive_a_stop),
	    cmocka_unit_test(test_windows_of_urgent_messages_survive_a_kill),
	    cmocka_unit_test(test_windows_of_few_frames_survive_a_kill),
	    cmocka_unit_test(test_what_it_costs_the_disk),
	    cmocka_unit_test(test_raised_once_also_after_a_stop),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
