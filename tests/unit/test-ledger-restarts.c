/* Months of a radio whose gateway is killed, stopped and started at any moment, with machines that start anew, clocks that are set
 * anywhere, and a disk that answers late, goes away and cannot be read. Whatever happens, against a list of everything that was ever
 * sent: no hour holds more than the limit, and alerts do not wait. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "gateway/ledger_account.h"

enum { SENT_MAX = 400000, ALERT_US = 1318000, LONGEST_US = 2500000, MACHINES = 3000 };
static const int64_t hour_ms = 3600000, hour_us = 3600000000;
static const struct ledger_settings one_per_cent = {36000000, 13 * ALERT_US, 0};

struct sent {
	int64_t start_us, end_us;
	bool forgivable; /* nobody can know of it: see forgive() */
	bool urgent, on_disk;
};

static struct world {
	unsigned random;
	int64_t now_ms; /* true time */

	/* the machine */
	int64_t started_ms, steady_offset_ms;
	uint64_t boot_id;

	/* the disk */
	uint8_t block[LEDGER_BLOCK_MAX], next[LEDGER_BLOCK_MAX];
	size_t size, next_size, first_in_next; /* first_in_next: of sent[], not yet in the block handed over */
	int64_t lands_ms;
	bool away;
	int64_t back_ms;

	/* the run */
	struct ledger_account *account;
	bool killed;   /* in the middle of a transmission */
	bool took_any; /* the disk took a block of this run */
	size_t first_sent;

	struct sent *sent;
	size_t count, alerts, waits, restarts, unknown_starts;
	int64_t last_reboot_ms, next_alert_ms;
} world;

static unsigned draw(unsigned below)
{
	world.random = world.random * 1664525 + 1013904223;
	return (world.random >> 8) % below;
}

static bool chance(unsigned of)
{
	return draw(of) == 0;
}

static struct ledger_now now(void)
{
	return (struct ledger_now){world.now_ms + world.steady_offset_ms, world.now_ms - world.started_ms,
				   world.boot_id};
}

static bool keep(void *context, const uint8_t *bytes, size_t size)
{
	(void)context;
	memcpy(world.next, bytes, size);
	world.next_size = size;
	world.lands_ms = world.now_ms + draw(40);
	world.first_in_next = world.count;
	return true;
}

static void disk_turns(void)
{
	struct ledger_now at = now();
	while (world.next_size && !world.away && world.now_ms >= world.lands_ms) {
		memcpy(world.block, world.next, world.next_size);
		world.size = world.next_size;
		world.next_size = 0;
		world.took_any = true;
		for (size_t i = world.first_in_next; i-- > 0 && !world.sent[i].on_disk;)
			world.sent[i].on_disk = true;
		ledger_account_kept(world.account, &at);
	}
}

/* Exact time on the air in the hour before, without what nobody can know of. */
static int64_t hour_before_us(int64_t end_us, bool ordinary, bool urgent)
{
	int64_t from_us = end_us - hour_us, used_us = 0;
	for (size_t i = world.count; i-- > 0 && world.sent[i].end_us > from_us;) {
		const struct sent *sent = &world.sent[i];
		if (!sent->forgivable && (sent->urgent ? urgent : ordinary))
			used_us += sent->end_us - (sent->start_us > from_us ? sent->start_us : from_us);
	}
	return used_us;
}

static void transmit(bool urgent, int64_t airtime_us)
{
	struct ledger_now at = now();
	assert_true(world.count < SENT_MAX);
	ledger_spend(ledger_account_ledger(world.account), urgent, airtime_us, at.steady_ms);
	world.sent[world.count++] = (struct sent){
	    .start_us = world.now_ms * 1000, .end_us = world.now_ms * 1000 + airtime_us, .urgent = urgent};
	ledger_account_spent(world.account, urgent, &at);
	/* The sum has its peaks where a transmission ends. */
	int64_t end_us = world.sent[world.count - 1].end_us;
	assert_true(hour_before_us(end_us, true, true) <= one_per_cent.limit_us);
	assert_true(hour_before_us(end_us, true, false) <= one_per_cent.limit_us - one_per_cent.reserve_us);
	/* Meanwhile the disk may answer, and the gateway be killed before it does. */
	int64_t end_ms = world.now_ms + (airtime_us + 999) / 1000;
	for (int i = 0; i < 4; i++) {
		world.now_ms += draw(50);
		disk_turns();
		world.killed = chance(1000);
		if (world.killed)
			return;
	}
	world.now_ms = world.now_ms < end_ms ? end_ms : world.now_ms;
	disk_turns();
}

/* ---- ends and beginnings ---- */

/* What the next run cannot know, as ledger_account.h says: alerts that were on the way to the disk; all alerts, where it cannot be read;
 * and ordinary traffic of a run of which it took nothing. */
static void forgive(bool unreadable)
{
	for (size_t i = world.count; i-- > 0 && world.now_ms * 1000 - world.sent[i].end_us < hour_us;) {
		struct sent *sent = &world.sent[i];
		int64_t handed_over_us = sent->start_us > world.back_ms * 1000 ? sent->start_us : world.back_ms * 1000;
		bool under_way = world.away || world.now_ms * 1000 - handed_over_us < 100000;
		bool lost = sent->urgent ? unreadable || (!sent->on_disk && under_way)
					 : i >= world.first_sent && !world.took_any;
		sent->forgivable = sent->forgivable || lost;
	}
}

static void end_run(void)
{
	struct ledger_now at = now();
	disk_turns();
	if (!world.away && chance(3)) {
		ledger_account_close(world.account, &at);
		world.lands_ms = world.now_ms;
		disk_turns();
	}
	/* What was handed over and not answered may be on disk or not. */
	if (world.next_size && !world.away && chance(2)) {
		world.lands_ms = world.now_ms;
		disk_turns();
	}
	world.next_size = 0;
	forgive(false);
	ledger_account_free(world.account);
	world.account = NULL;
}

static void pass_time(void)
{
	static const int64_t spans_ms[] = {100, 2000, 60000, 600000, 7200000};
	/* At least until the module has ended what it was given. */
	world.now_ms += LONGEST_US / 1000 + (int64_t)draw((unsigned)spans_ms[draw(5)]);
	world.away = world.away && chance(2);
	if (!chance(4))
		return;
	world.started_ms = world.now_ms;
	world.last_reboot_ms = world.now_ms;
	world.boot_id++;
	world.now_ms += 1000 + draw(60000);
}

static void begin_run(void)
{
	static const struct ledger_disk disk = {NULL, keep};
	/* The clock was set, or began with another time. */
	if (chance(2))
		world.steady_offset_ms = ((int64_t)draw(20000) - 10000) * (int64_t)draw(3600000);
	struct ledger_now at = now();
	bool unreadable = world.away || chance(20);
	if (unreadable)
		forgive(true);
	enum ledger_past past = unreadable ? LEDGER_PAST_UNKNOWN : world.size ? LEDGER_PAST_BLOCK : LEDGER_PAST_NONE;
	world.account = ledger_account_new(&one_per_cent, LONGEST_US, &disk);
	world.took_any = world.killed = false;
	world.first_sent = world.count;
	assert_int_equal(ledger_account_begin(world.account, past, world.block, world.size, &at), !unreadable);
	/* It knows at least what was sent; of ordinary traffic also that nothing is left. */
	struct ledger_level level = ledger_level(ledger_account_ledger(world.account), at.steady_ms);
	assert_true(unreadable || level.urgent_us >= hour_before_us(world.now_ms * 1000, false, true));
	assert_true(level.left_us == 0 ||
		    level.spent_us - level.urgent_us >= hour_before_us(world.now_ms * 1000, true, false));
	world.restarts++;
	world.unknown_starts += unreadable;
}

/* ---- a run ---- */

static void raise_alert(void)
{
	struct ledger_now at = now();
	int64_t airtime_us = ALERT_US - draw(300000);
	int64_t when_ms = ledger_when_ms(ledger_account_ledger(world.account), true, airtime_us, at.steady_ms);
	world.next_alert_ms = world.now_ms + hour_ms / 12;
	world.alerts++;
	/* Only the time for which a machine was off is not known, and then an hour before that may count as a shorter one. */
	if (when_ms > at.steady_ms) {
		assert_true(world.now_ms - world.last_reboot_ms < hour_ms);
		world.waits++;
		return;
	}
	transmit(true, airtime_us);
}

static void say_something(void)
{
	struct ledger_now at = now();
	int64_t airtime_us = 20000 + draw(chance(10) ? LONGEST_US - 20000 : 300000);
	int64_t when_ms = ledger_when_ms(ledger_account_ledger(world.account), false, airtime_us, at.steady_ms);
	if (when_ms == at.steady_ms)
		transmit(false, airtime_us);
	else
		world.now_ms += 1 + draw(5000);
}

static void run(void)
{
	int64_t end_ms = world.now_ms + (int64_t)draw(chance(3) ? 9000000 : 600000);
	while (world.now_ms < end_ms && !world.killed) {
		struct ledger_now at = now();
		if (chance(world.away ? 3000 : 20000))
			world.away = !world.away, world.back_ms = world.now_ms;
		disk_turns();
		ledger_account_tick(world.account, &at);
		if (world.now_ms >= world.next_alert_ms)
			raise_alert();
		else
			say_something();
	}
}

static void live(unsigned seed)
{
	world = (struct world){.random = seed, .now_ms = 1000000, .started_ms = 900000, .boot_id = 1};
	world.sent = calloc(SENT_MAX, sizeof(struct sent));
	world.last_reboot_ms = -hour_ms;
	for (int i = 0; i < MACHINES; i++) {
		begin_run();
		run();
		end_run();
		pass_time();
	}
	/* The test is worth nothing unless all of it happened. */
	assert_true(world.alerts > 5000);
	assert_true(world.unknown_starts > 50);
	assert_true(world.waits * 50 < world.alerts);
	assert_true(world.count > 90000);
	print_message(
	    "%zu sent, %zu alerts of which %zu waited, %zu runs, %zu of them with an unknown past, %.0f days\n",
	    world.count, world.alerts, world.waits, world.restarts, world.unknown_starts,
	    (double)world.now_ms / 86400000);
	free(world.sent);
}

static void test_months(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 4; seed++)
		live(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_months)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
