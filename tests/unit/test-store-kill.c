/* The store killed at any moment, and with the power cut: what was reported stored is there again, and no row comes twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/slow_vfs.h"
#include "tests/support/store_rig.h"

enum { KILLS = 60, POWER_CUTS = 25, PUTS_MAX = 2000, IN_FLIGHT = 40 };

/* What the child says through the pipe. Of each entry first GIVEN; then STORED, or FORGOTTEN, of which both may follow. */
enum word { GIVEN, STORED, FORGOTTEN };
struct report {
	uint64_t row;
	uint64_t word;
};

struct child {
	struct store_rig *rig;
	int out;
	struct entry *last[IN_FLIGHT];
};

static void say(const struct child *child, uint64_t row, enum word word)
{
	struct report report = {row, word};
	/* Shorter than PIPE_BUF: whole or not at all. */
	if (write(child->out, &report, sizeof(report)) != sizeof(report))
		_exit(1);
}

static void on_stored(void *context, struct entry *entry, bool on_disk)
{
	if (on_disk)
		say(context, entry->row, STORED);
}

static void on_health(void *context, enum store_health health, const char *text)
{
	(void)context;
	(void)health;
	fprintf(stderr, "unexpected: %s\n", text);
	_exit(1);
}

static size_t size_for(uint64_t row)
{
	return 50 + row % 997;
}

/* Puts one, and now and then forgets an older one, whatever state that is in. */
static void step(struct child *child, unsigned number)
{
	struct store_rig *rig = child->rig;
	char id[32];
	uint64_t row = store_new_row(rig->store);
	snprintf(id, sizeof(id), "f-%llu", (unsigned long long)row);
	struct entry *entry = store_rig_entry_at(row, CLASS_ROUTINE, id, size_for(row)), *old;
	say(child, row, GIVEN);
	store_put(rig->store, entry, number % 5 == 0);
	old = child->last[number % IN_FLIGHT];
	child->last[number % IN_FLIGHT] = entry;
	if (old && number % 3 == 0) {
		say(child, old->row, FORGOTTEN);
		store_forget(rig->store, old);
	}
	entry_unref(old);
}

/* Never returns. */
static void run_child(struct store_rig *rig, int out)
{
	struct child child = {.rig = rig, .out = out};
	struct store_settings settings = {rig->path, 1, 0};
	struct store_callbacks callbacks = {&child, on_stored, on_health};
	store_rig_forked(rig);
	rig->counters = counters_new();
	rig->store = store_open(&settings, &callbacks, rig->event, rig->counters);
	for (unsigned number = 0; rig->store && number < PUTS_MAX; number++) {
		step(&child, number);
		sd_event_run(rig->event, number % 4 == 0 ? 1000 : 0);
	}
	_exit(rig->store ? 0 : 1);
}

struct ledger {
	struct {
		uint64_t row;
		bool stored, forgotten, seen;
	} lines[(KILLS + 1) * PUTS_MAX];
	size_t count;
	uint64_t highest;
	size_t stored;
};

static size_t find(const struct ledger *ledger, uint64_t row)
{
	/* Rows grow, so the ledger is in order. */
	size_t low = 0, high = ledger->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (ledger->lines[middle].row < row)
			low = middle + 1;
		else
			high = middle;
	}
	assert_true(low < ledger->count && ledger->lines[low].row == row);
	return low;
}

static void enter(struct ledger *ledger, const struct report *report)
{
	if (report->word == GIVEN) {
		assert_true(report->row > ledger->highest);
		ledger->highest = report->row;
		assert_true(ledger->count < sizeof(ledger->lines) / sizeof(*ledger->lines));
		ledger->lines[ledger->count].row = report->row;
		ledger->count++;
		return;
	}
	size_t at = find(ledger, report->row);
	if (report->word == STORED)
		ledger->lines[at].stored = true;
	else
		ledger->lines[at].forgotten = true;
	ledger->stored += report->word == STORED;
}

/* Lets a child work until it has said `words` things, kills it, and reads the rest of what it said. */
static void work_and_kill(struct store_rig *rig, struct ledger *ledger, size_t words)
{
	int ends[2], status = 0;
	struct report report;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		close(ends[0]);
		run_child(rig, ends[1]);
	}
	close(ends[1]);
	for (size_t said = 0; read(ends[0], &report, sizeof(report)) == sizeof(report); said++) {
		enter(ledger, &report);
		if (said == words)
			kill(child, SIGKILL);
	}
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
}

/* Everything found was once given, is as it was given, and in order; nothing that was stored and not forgotten is missing. */
static void check(struct store_rig *rig, struct ledger *ledger)
{
	char id[32];
	store_rig_open(rig, 0, 0);
	assert_int_equal(store_health(rig->store), STORE_OK);
	assert_int_equal(store_rig_count(rig, "drop.bad_row"), 0);
	for (size_t i = 0; i < rig->loaded_count; i++) {
		const struct entry *entry = rig->loaded[i];
		size_t at = find(ledger, entry->row);
		snprintf(id, sizeof(id), "f-%llu", (unsigned long long)entry->row);
		assert_true(store_rig_is(entry, CLASS_ROUTINE, id, size_for(entry->row)));
		assert_true(i == 0 || entry->row > rig->loaded[i - 1]->row);
		ledger->lines[at].seen = true;
	}
	for (size_t i = 0; i < ledger->count; i++) {
		if (ledger->lines[i].stored && !ledger->lines[i].forgotten)
			assert_true(ledger->lines[i].seen);
		ledger->lines[i].seen = false;
	}
	uint64_t row = store_new_row(rig->store);
	assert_true(row > ledger->highest);
	ledger->highest = row;
	/* What this run delivers is gone for good after a proper stop. */
	for (size_t i = 0; i < rig->loaded_count; i++) {
		ledger->lines[find(ledger, rig->loaded[i]->row)].forgotten = true;
		store_forget(rig->store, rig->loaded[i]);
	}
	store_rig_close(rig);
}

static void test_kills(void **state)
{
	(void)state;
	struct store_rig *rig = store_rig_new();
	struct ledger *ledger = calloc(1, sizeof(*ledger));
	assert_non_null(ledger);
	for (unsigned i = 0; i < KILLS; i++) {
		work_and_kill(rig, ledger, 1 + (i * 7919) % 1500);
		if (i % 3 != 1) /* sometimes a kill follows a kill */
			check(rig, ledger);
	}
	print_message("%d kills: %zu messages given, %zu reported stored\n", KILLS, ledger->count, ledger->stored);
	assert_true(ledger->stored > 1000);
	free(ledger);
	store_rig_free(rig);
}

static void test_power_cuts(void **state)
{
	(void)state;
	slow_vfs_install();
	slow_vfs_record_syncs(true);
	struct store_rig *rig = store_rig_new();
	struct ledger *ledger = calloc(1, sizeof(*ledger));
	assert_non_null(ledger);
	for (unsigned i = 0; i < POWER_CUTS; i++) {
		work_and_kill(rig, ledger, 1 + (i * 7919) % 1000);
		slow_vfs_power_cut(rig->path);
		check(rig, ledger);
	}
	print_message("%d power cuts: %zu messages given, %zu reported stored\n", POWER_CUTS, ledger->count,
		      ledger->stored);
	assert_true(ledger->stored > 1000);
	slow_vfs_record_syncs(false);
	free(ledger);
	store_rig_free(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_kills),
	    cmocka_unit_test(test_power_cuts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
