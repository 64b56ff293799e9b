/* Airtime across restarts with a real store under it: killed at any moment, after a proper stop, with a damaged file, without a disk. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "gateway/clock.h"
#include "gateway/ledger_memory.h"
#include "tests/support/store_rig.h"

#define S  INT64_C(1000000)
#define MS INT64_C(1000)
enum { FRAME_US = 20000, MINUTE_MS = 60000 };

static const struct region_band band_m = {.region = "eu868", .name = "M"}, band_p = {.region = "eu868", .name = "P"};
/* A share of 20 s, of which 2 s are booked ahead. */
static const struct radio_allowance in_m = {.ledger = {36 * S, 16 * S, 0}, .band = &band_m},
				    in_p = {.ledger = {360 * S, 16 * S, 0}, .band = &band_p};

struct run {
	struct store_rig *rig;
	struct ledger_memory *memory;
	size_t kept;
};

static void on_kept(void *context, const char *name)
{
	struct run *run = context;
	assert_true(ledger_memory_kept(run->memory, name));
	assert_false(ledger_memory_kept(run->memory, "counters"));
	run->kept++;
}

static void begin(struct run *run, const char *path)
{
	run->kept = 0;
	store_rig_open_for(run->rig, path, on_kept, run);
	run->memory = ledger_memory_new(run->rig->store, run->rig->counters);
	assert_non_null(run->memory);
}

static void end(struct run *run)
{
	ledger_memory_free(run->memory);
	store_rig_close(run->rig);
	run->memory = NULL;
}

static void wait_for_disk(struct run *run, size_t kept)
{
	while (run->kept < kept)
		assert_true(sd_event_run(run->rig->event, MINUTE_MS * 1000) > 0);
}

static void spend(struct run *run, size_t radio, bool urgent, int64_t airtime_us)
{
	ledger_spend(ledger_memory_of(run->memory, radio), urgent, airtime_us, clock_steady_ms());
	ledger_memory_spent(run->memory, radio, urgent);
}

static struct ledger_level level(const struct run *run, size_t radio)
{
	return ledger_level(ledger_memory_of(run->memory, radio), clock_steady_ms());
}

/* ---- killed ---- */

/* Sends ordinary frames for as long as it may, and says so of each before it goes. Never returns. */
static void run_child(struct run *run, int out)
{
	store_rig_forked(run->rig);
	begin(run, run->rig->path);
	struct ledger *ledger = ledger_memory_set(run->memory, 0, "lora", &in_m, FRAME_US);
	for (;;) {
		int64_t now_ms = clock_steady_ms(), when_ms = ledger_when_ms(ledger, false, FRAME_US, now_ms);
		if (level(run, 0).left_us < FRAME_US)
			break;
		if (when_ms > now_ms) {
			/* For the disk, however slow that is. */
			if (sd_event_run(run->rig->event, MINUTE_MS * 1000) <= 0)
				_exit(1);
			continue;
		}
		spend(run, 0, false, FRAME_US);
		if (write(out, "x", 1) != 1)
			_exit(1);
	}
	_exit(0);
}

/* Returns how many frames it sent. *killed: before it had to wait for the hour. */
static size_t work_and_kill(struct run *run, size_t after, bool *killed)
{
	int ends[2], status = 0;
	size_t sent = 0;
	char byte;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		run_child(run, ends[1]);
	}
	close(ends[1]);
	for (; read(ends[0], &byte, 1) == 1; sent++)
		if (sent == after)
			kill(child, SIGKILL);
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	*killed = WIFSIGNALED(status);
	assert_true(*killed || WEXITSTATUS(status) == 0);
	return sent;
}

/* All of it within one hour: never more than the share, and each kill takes no more of it than was booked ahead. */
static void test_killed(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 5; round++) {
		struct run run = {.rig = store_rig_new()};
		int64_t sent_us = 0, kills = 0;
		for (bool killed = true; killed;) {
			sent_us += (int64_t)work_and_kill(&run, (size_t)(kills * 7919 + round * 31) % 400, &killed) *
				   FRAME_US;
			kills += killed;
			assert_true(sent_us <= 20 * S);
		}
		print_message("%d ms of 20000 sent in spite of %d kills\n", (int)(sent_us / 1000), (int)kills);
		assert_true(kills > 0);
		assert_true(sent_us + kills * 2 * S >= 20 * S - FRAME_US);
		store_rig_free(run.rig);
	}
}

/* The kill comes right after the disk has what was sent. */
static void test_alerts_survive_a_kill(void **state)
{
	(void)state;
	struct run run = {.rig = store_rig_new()};
	int status;
	pid_t child = fork();
	if (child == 0) {
		store_rig_forked(run.rig);
		begin(&run, run.rig->path);
		ledger_memory_set(run.memory, 3, "lora", &in_m, FRAME_US);
		wait_for_disk(&run, 1);
		spend(&run, 3, true, 1 * S);
		wait_for_disk(&run, 2);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	begin(&run, run.rig->path);
	ledger_memory_set(run.memory, 0, "lora", &in_m, FRAME_US);
	assert_int_equal(level(&run, 0).urgent_us, 1 * S);
	assert_int_equal(level(&run, 0).left_us, 18 * S); /* and what was booked */
	end(&run);
	store_rig_free(run.rig);
}

/* ---- stopped ---- */

static void test_a_stop_costs_nothing(void **state)
{
	(void)state;
	struct run run = {.rig = store_rig_new()};
	begin(&run, run.rig->path);
	assert_non_null(ledger_memory_set(run.memory, 0, "lora", &in_m, FRAME_US));
	assert_null(ledger_memory_of(run.memory, 1));
	assert_null(ledger_memory_of(run.memory, 1000));
	spend(&run, 0, false, 700 * MS);
	spend(&run, 0, true, 1 * S);
	ledger_memory_spent(run.memory, 1, true); /* nobody's */
	end(&run);
	begin(&run, run.rig->path);
	/* Another radio, and the same one in another band, have sent nothing; nor has one without limits a block. */
	ledger_memory_set(run.memory, 0, "lora", &in_m, FRAME_US);
	ledger_memory_set(run.memory, 1, "other", &in_m, FRAME_US);
	ledger_memory_set(run.memory, 2, "vhf", &(struct radio_allowance){0}, FRAME_US);
	assert_int_equal(level(&run, 0).spent_us, 1700 * MS);
	assert_int_equal(level(&run, 0).urgent_us, 1 * S);
	assert_int_equal(level(&run, 1).spent_us, 0);
	spend(&run, 2, false, 9 * S);
	struct ledger *before = ledger_memory_of(run.memory, 0);
	ledger_memory_set(run.memory, 0, "lora", &in_p, FRAME_US);
	assert_int_equal(level(&run, 0).spent_us, 0);
	assert_int_equal(level(&run, 0).limit_us, 360 * S);
	/* Its module has a fault, and then it is as it was. */
	assert_null(
	    ledger_memory_set(run.memory, 0, "lora", &(struct radio_allowance){.fault = RADIO_RULES_BAND}, FRAME_US));
	assert_null(ledger_memory_of(run.memory, 0));
	assert_ptr_equal(ledger_memory_set(run.memory, 0, "lora", &in_m, FRAME_US), before);
	assert_int_equal(level(&run, 0).spent_us, 1700 * MS);
	assert_int_equal(counters_get(run.rig->counters, "airtime", "assumed_used")->value, 0);
	wait_for_disk(&run, 3);
	assert_int_equal(level(&run, 0).left_us, 19300 * MS);
	end(&run);
	store_rig_free(run.rig);
}

/* ---- a past that nobody knows ---- */

static void assert_unknown(struct run *run, uint64_t count)
{
	int64_t now_ms = clock_steady_ms();
	struct ledger *ledger = ledger_memory_of(run->memory, 0);
	assert_in_range(ledger_when_ms(ledger, false, FRAME_US, now_ms), now_ms + 3500000, now_ms + 3600000);
	assert_int_equal(ledger_when_ms(ledger, true, 16 * S, now_ms), now_ms);
	assert_int_equal(counters_get(run->rig->counters, "airtime", "assumed_used")->value, count);
}

static void test_without_a_disk(void **state)
{
	(void)state;
	struct run run = {.rig = store_rig_new()};
	begin(&run, NULL);
	ledger_memory_set(run.memory, 0, "lora", &in_m, FRAME_US);
	assert_unknown(&run, 1);
	ledger_memory_tick(run.memory);
	spend(&run, 0, true, 1 * S);
	end(&run);
	store_rig_free(run.rig);
}

static void scribble(const char *path, off_t at, size_t size)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(pwrite(fd, "\xa5", 1, at + (off_t)i), 1);
	close(fd);
}

static void test_a_damaged_file(void **state)
{
	(void)state;
	struct run run = {.rig = store_rig_new()};
	begin(&run, run.rig->path);
	ledger_memory_set(run.memory, 0, "lora", &in_m, FRAME_US);
	end(&run);
	scribble(run.rig->path, 0, 100000);
	begin(&run, run.rig->path);
	assert_int_equal(store_replaced(run.rig->store), 1);
	ledger_memory_set(run.memory, 0, "lora", &in_m, FRAME_US);
	assert_unknown(&run, 1);
	/* It goes on after a proper stop, when the file is whole again. */
	end(&run);
	begin(&run, run.rig->path);
	ledger_memory_set(run.memory, 0, "lora", &in_m, FRAME_US);
	assert_int_equal(store_replaced(run.rig->store), 0);
	assert_unknown(&run, 0);
	end(&run);
	store_rig_free(run.rig);
}

static void test_a_damaged_block(void **state)
{
	(void)state;
	struct run run = {.rig = store_rig_new()};
	begin(&run, run.rig->path);
	assert_true(store_keep(run.rig->store, "airtime.lora.eu868.M", "what is this?", 13));
	store_rig_close(run.rig);
	ledger_memory_free(run.memory);
	begin(&run, run.rig->path);
	ledger_memory_set(run.memory, 0, "lora", &in_m, FRAME_US);
	assert_unknown(&run, 1);
	end(&run);
	store_rig_free(run.rig);
}

/* The clock with no hands: grows, and is another one only after another start of the machine. */
static void test_clocks_of_the_machine(void **state)
{
	(void)state;
	int64_t before_ms = clock_boot_ms();
	assert_true(before_ms > 0);
	assert_true(clock_boot_ms() >= before_ms);
	assert_true(clock_boot_id() != 0);
	assert_true(clock_boot_id() == clock_boot_id());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_killed),
	    cmocka_unit_test(test_alerts_survive_a_kill),
	    cmocka_unit_test(test_a_stop_costs_nothing),
	    cmocka_unit_test(test_without_a_disk),
	    cmocka_unit_test(test_a_damaged_file),
	    cmocka_unit_test(test_a_damaged_block),
	    cmocka_unit_test(test_clocks_of_the_machine),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
