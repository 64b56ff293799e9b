/* A day of a narrow band with modems that listen first, give back, and die in the middle of a frame, a disk that takes its time or is full, and
 * kills. At every moment: what could go is on its way, what is awaited has a time, and whoever waits was told so. In the end all have ended, and
 * no hour has held more than is allowed. */
#include "gateway/log.h"
#include "gateway/receipts_internal.h"
#include "gateway/transmit_internal.h"
#include "tests/support/outgoing_chance.h"

enum {
	COMMANDS = 400,
	RUNS = 6,
	BUSY_MS = 8 * HOUR_MS,
	CALM_MS = 60 * HOUR_MS,
	TICK_MS = 5000,
	CALM_TICK_MS = 60000,
	US_PER_BYTE = 16000,
};

/* What a radio will do with the frame that it has. */
struct flight {
	bool on;
	int64_t begins_ms, ends_ms;
	enum send_result result;
};

struct command {
	char id[16];
	bool taken, may_be_lost, urgent, over;
};

static struct world {
	struct flight flights[RIG_RADIOS];
	int64_t disk_ms; /* when it answers, 0 = nothing is with it */
	int64_t tick_ms, act_ms, quiet_ms[RIG_RADIOS];
	struct command commands[COMMANDS];
	unsigned count;
	bool killed, calm;
	int64_t limit_us, reserve_us;
	size_t looked, waited; /* how often something could go, and an alert had to wait */
} world;

/* ---- what must hold whenever everything at this time is done ---- */

/* Said once at least; the first word of an alert may be that it is on the air. */
static void check_told(const struct entry *entry)
{
	size_t index;
	const struct record *record = receipts_record(rig->down.receipts, entry_id(entry), &index);
	if (!entry_id(entry)[0] || !record)
		return;
	if (!record->said || !entry->told)
		fail_msg("nobody was told of %s", entry_id(entry));
}

static bool is_of_disk(void)
{
	return rig->ops || rig->disk_full;
}

static bool look_at_waiting(void *context, const struct entry *entry)
{
	const bool *alerts_wait = context;
	bool alert = entry->class <= CLASS_URGENT && !entry->exercise;
	/* Looking it up takes its time. */
	if (!is_of_disk() && world.looked % 16 == 0)
		check_told(entry);
	if (*alerts_wait && alert && entry->told && !entry->begun && entry_id(entry)[0] && !entry->delay_told)
		fail_msg("%s waits for airtime, and nobody was told", entry_id(entry));
	if (entry->expires_at_ms && entry->expires_at_ms + 2 * CALM_TICK_MS < rig->now_ms)
		fail_msg("%s has expired and waits", entry_id(entry));
	return true;
}

/* The one that is next, and whether it would be allowed to go. */
static const struct entry *next_to_go(struct exit_lane *lane, bool *allowed)
{
	struct transmit *transmit = lane->transmit;
	struct ledger_level level = ledger_level(lane->ledger, rig->now_ms);
	const struct entry *entry = schedule_peek(transmit->schedule, CLASS_DISTRESS, CLASS_URGENT, rig->now_ms);
	if (!entry)
		entry = schedule_peek(transmit->schedule, CLASS_SAFETY, CLASS_BULK, rig->now_ms);
	if (!entry)
		return NULL;
	int64_t left_us = transmit_urgent(entry) ? level.left_urgent_us : level.left_us;
	bool listens = entry->class > CLASS_SAFETY && transmit_listening_ms(transmit) > rig->now_ms;
	*allowed = transmit_airtime_us(transmit, entry) <= left_us && !listens;
	return entry;
}

static void check_lane(struct exit_lane *lane)
{
	const struct radio *radio = lane->radio;
	bool free = radio->up && !radio->busy && !radio->channel_busy && !radio->error &&
		    rig->now_ms >= lane->quiet_until_ms;
	bool allowed = false, alerts_wait = false;
	const struct entry *next = free && lane->ledger ? next_to_go(lane, &allowed) : NULL;
	if (next && allowed && (!is_of_disk() || transmit_urgent(next)))
		fail_msg("%s could go by radio %u and does not, %lld ms after the start", entry_id(next),
			 (unsigned)lane->index, (long long)(rig->now_ms - RIG_START_MS));
	alerts_wait = next && !allowed && transmit_urgent(next);
	assert_int_equal(alerts_wait, free && lane->alert_until_ms != 0);
	world.waited += alerts_wait;
	world.looked += next != NULL;
	transmit_each(lane->transmit, look_at_waiting, &alerts_wait);
}

static void check_all(void)
{
	for (unsigned i = 0; i < RIG_RADIOS; i++)
		check_lane(&rig->down.outgoing->lanes[i]);
	for (const struct errand *errand = rig->down.outgoing->errands; errand; errand = errand->next)
		if (errand->awaiting && delivery_due_ms(errand->delivery) < rig->now_ms)
			fail_msg("%s is awaited for ever", entry_id(errand->entry));
}

/* ---- radios and disk by themselves ---- */

/* Most begin at once; those that listen first up to a minute later. */
static void take_off(unsigned number)
{
	struct radio *radio = &rig->radios[number];
	struct flight *flight = &world.flights[number];
	static const enum send_result results[] = {SEND_DONE,      SEND_DONE,   SEND_DONE, SEND_DONE,
						   SEND_CONFIRMED, SEND_FAILED, SEND_DONE, SEND_GIVEN_BACK};
	flight->on = true;
	flight->result = world.calm ? SEND_DONE : results[pick(8)];
	flight->begins_ms = rig->now_ms + (pick(3) ? (int64_t)pick(50) : (int64_t)pick(60000));
	flight->ends_ms = flight->begins_ms + (radio_airtime_us(radio, radio->size) + 999) / 1000;
}

static void fly(unsigned number)
{
	struct radio *radio = &rig->radios[number];
	struct flight *flight = &world.flights[number];
	if (!radio->busy) {
		flight->on = false;
		return;
	}
	if (!flight->on)
		take_off(number);
	if (rig->now_ms >= flight->begins_ms && flight->result == SEND_GIVEN_BACK)
		rig_tell(radio, SEND_GIVEN_BACK, "");
	else if (rig->now_ms >= flight->ends_ms)
		rig_tell(radio, flight->result, flight->result == SEND_FAILED ? "refused" : "");
	else if (rig->now_ms >= flight->begins_ms)
		rig_tell(radio, SEND_ON_AIR, "");
	flight->on = radio->busy;
}

static void turn_disk(void)
{
	if (!rig->ops) {
		world.disk_ms = 0;
	} else if (!world.disk_ms) {
		world.disk_ms = rig->now_ms + 1 + (pick(10) ? (int64_t)pick(100) : (int64_t)pick(20000));
	} else if (rig->now_ms >= world.disk_ms) {
		world.disk_ms = 0;
		rig_disk(SIZE_MAX);
	}
}

/* ---- what happens ---- */

static void say_one(void)
{
	if (world.count == COMMANDS)
		return;
	struct command *command = &world.commands[world.count];
	bool alert = pick(6) == 0, exercise = pick(8) == 0;
	char to[16] = "", text[16];
	*command = (struct command){.urgent = alert && !exercise};
	snprintf(command->id, sizeof(command->id), "c-%u", world.count++);
	if (pick(4) > 0)
		snprintf(to, sizeof(to), "N0CALL-%u", pick(4));
	snprintf(text, sizeof(text), "%s", pick(3) ? "S" : pick(3) ? "1" : "3");
	command->taken = rig_send(command->id, alert ? KIND_ALERT : KIND_TEXT, to, text, exercise) == 0;
	command->may_be_lost = rig->disk_full;
}

static void acknowledge(void)
{
	const struct errand *errand = rig->down.outgoing->errands;
	for (unsigned skip = pick(4); errand && errand->next && skip > 0; skip--)
		errand = errand->next;
	if (!errand)
		return;
	for (unsigned back = 0; back < 4; back++)
		if (rig_ack((unsigned)errand->lane->index, entry_station(errand->entry), back))
			return;
}

static void again(bool kill)
{
	for (unsigned i = 0; i < world.count && (kill || rig->disk_full); i++)
		world.commands[i].may_be_lost |= rig->disk_full || !rig_was_said(world.commands[i].id, RECEIPT_QUEUED);
	world.killed |= kill || rig->disk_full;
	world.disk_ms = 0;
	rig_again(kill);
}

static void fill_disk(void)
{
	rig->disk_full = !rig->disk_full && pick(3) == 0;
	for (unsigned i = 0; i < world.count && rig->disk_full; i++)
		world.commands[i].may_be_lost = true;
	rig_disk(rig->disk_full ? 1 : 0);
}

static void act(void)
{
	unsigned number = pick(RIG_RADIOS);
	struct radio *radio = &rig->radios[number];
	switch (pick(24)) {
	case 0 ... 9:
		say_one();
		break;
	case 10 ... 13:
		acknowledge();
		break;
	case 14:
		if (world.count)
			route_down_cancel(&rig->down,
					  world.commands[world.count - 1 - pick(world.count < 8 ? world.count : 8)].id);
		break;
	case 15:
		radio->up ? rig_unplug(number) : rig_plug(number);
		break;
	case 16:
	case 17:
		rig_plug(number);
		break;
	case 18:
		radio->channel_busy = !radio->channel_busy;
		outgoing_wake(rig->down.outgoing);
		break;
	case 19:
		radio->fails_at_once = true;
		break;
	case 20:
		if (pick(6) == 0)
			again(pick(2));
		break;
	case 21:
		if (pick(4) == 0)
			fill_disk();
		break;
	default:
		rig_deliver();
	}
}

/* ---- time ---- */

static void earlier(int64_t *at_ms, int64_t other_ms)
{
	if (other_ms < *at_ms)
		*at_ms = other_ms;
}

static int64_t next_ms(void)
{
	int64_t at_ms = world.tick_ms;
	earlier(&at_ms, rig->now_ms + rig_step_ms(CALM_TICK_MS));
	for (unsigned i = 0; i < RIG_RADIOS; i++) {
		const struct flight *flight = &world.flights[i];
		if (flight->on)
			earlier(&at_ms, rig->radios[i].on_air ? flight->ends_ms : flight->begins_ms);
	}
	if (world.disk_ms)
		earlier(&at_ms, world.disk_ms);
	if (!world.calm)
		earlier(&at_ms, world.act_ms);
	return at_ms > rig->now_ms ? at_ms : rig->now_ms + 1;
}

static void step(void)
{
	rig->now_ms = next_ms();
	if (rig->now_ms >= world.tick_ms) {
		world.tick_ms = rig->now_ms + (world.calm ? CALM_TICK_MS : TICK_MS);
		route_down_tick(&rig->down, rig->now_ms);
		ledger_memory_tick(rig->ledgers);
		if (world.calm)
			rig_deliver();
	}
	if (!world.calm && rig->now_ms >= world.act_ms) {
		world.act_ms = rig->now_ms + 1 + pick(pick(300) ? 15000 : HOUR_MS);
		act();
	}
	turn_disk();
	for (unsigned i = 0; i < RIG_RADIOS; i++)
		fly(i);
	rig_run();
	turn_disk();
	for (unsigned i = 0; i < RIG_RADIOS; i++)
		if (rig->radios[i].busy && !world.flights[i].on)
			take_off(i);
	check_all();
}

/* ---- the whole ---- */

static bool is_urgent(const struct rig_sent *sent)
{
	return world.commands[atoi(sent->id + 2)].urgent;
}

static void check_airtime(void)
{
	for (size_t i = 0; i < rig->sent_count; i++) {
		const struct rig_sent *sent = &rig->sent[i];
		int64_t ordinary_ms = (world.limit_us - world.reserve_us) / 1000;
		assert_true(rig_spent_ms(sent->radio, sent->began_ms, is_urgent) <= ordinary_ms);
		if (!world.killed)
			assert_true(rig_spent_ms(sent->radio, sent->began_ms, NULL) <= world.limit_us / 1000);
	}
}

static void begin(unsigned number)
{
	int64_t longest_us = US_PER_BYTE * RIG_FRAME_SIZE;
	world = (struct world){.count = 0};
	chance = 88172645463325252u + number * 104729u;
	world.reserve_us = longest_us * (2 + pick(5));
	static const unsigned widths[] = {300, 3000, 30000};
	world.limit_us = world.reserve_us + longest_us * (100 + (int64_t)pick(widths[number % 3])) / 100;
	log_set_level(LOG_LEVEL_ERROR);
	rig_new();
	for (unsigned i = 0; i < RIG_RADIOS; i++) {
		rig->radios[i].us_per_byte = US_PER_BYTE;
		rig->radios[i].allowance.ledger = (struct ledger_settings){.limit_us = world.limit_us,
									   .reserve_us = world.reserve_us};
		rig->radio_settings[i].listening_share_pct = pick(2) ? 25 : 100;
	}
	rig_again(false);
}

static void calm_down(void)
{
	world.calm = true;
	rig->disk_full = false;
	for (unsigned i = 0; i < RIG_RADIOS; i++) {
		rig->radios[i].channel_busy = rig->radios[i].fails_at_once = false;
		rig_plug(i);
	}
}

static bool is_over(void)
{
	bool over = !rig->ops && !rig->down.outgoing->errands;
	for (unsigned i = 0; i < RIG_RADIOS; i++)
		for (int class = CLASS_DISTRESS; class < CLASS_COUNT; class ++)
			over = over && !outgoing_level(rig->down.outgoing, i, (enum message_class) class).entries;
	return over;
}

static void run(unsigned number)
{
	begin(number);
	while (rig->now_ms < RIG_START_MS + BUSY_MS)
		step();
	calm_down();
	while (!is_over() && rig->now_ms < RIG_START_MS + BUSY_MS + CALM_MS)
		step();
	assert_true(is_over());
	rig_pass(10000);
	rig_settle();
	for (unsigned i = 0; i < world.count; i++)
		if (world.commands[i].taken && !world.commands[i].may_be_lost && !rig_final(world.commands[i].id, true))
			fail_msg("%s has no end", world.commands[i].id);
	check_airtime();
	print_message("%u: %u commands, %zu frames, %zu times something waited, %zu times an alert\n", number,
		      world.count, rig->sent_count, world.looked, world.waited);
	rig_free();
}

static void test_days(void **state)
{
	(void)state;
	const char *only = getenv("CRESSET_RUN");
	if (only)
		run((unsigned)atoi(only));
	for (unsigned i = 0; !only && i < RUNS; i++)
		run(i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_days)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
