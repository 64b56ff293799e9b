/* Whatever happens on the way down, in whatever order: every command has one end, it is true, and no hour has more airtime than is allowed. */
#include "gateway/log.h"
#include "tests/support/outgoing_chance.h"

enum { COMMANDS = 24, STEPS = 400, RUNS = 100, LIMIT_MS = 9000, RESERVE_MS = 3000 };

struct command {
	char id[16], to[16], text[24];
	bool taken, acked, cancelled, may_be_lost, in_memory, urgent;
	unsigned parts;
};

static struct command commands[COMMANDS];
static unsigned count;
static bool killed; /* once at least: then nobody knows all that was on the air */

static void say_one(void)
{
	if (count == COMMANDS)
		return;
	struct command *command = &commands[count];
	bool alert = pick(4) == 0, exercise = pick(6) == 0;
	*command = (struct command){.parts = pick(3) == 0 ? 1 + pick(4) : 1};
	snprintf(command->id, sizeof(command->id), "c-%u", count++);
	if (pick(4) > 0)
		snprintf(command->to, sizeof(command->to), "N0CALL-%u", pick(4));
	snprintf(command->text, sizeof(command->text), "%s%u parts", pick(12) == 0 ? "L" : "", command->parts);
	int result = rig_send(command->id, alert ? KIND_ALERT : KIND_TEXT, command->to, command->text, exercise);
	command->taken = result == 0;
	command->in_memory = rig->disk_full;
	command->urgent = alert && !exercise;
	assert_true(result == 0 || result == -ENODEV || result == -ENOSPC);
}

static void acknowledge(void)
{
	unsigned number = pick(RIG_RADIOS), back = pick(4);
	char station[16];
	const struct errand *errand = rig->down.outgoing->errands;
	snprintf(station, sizeof(station), "N0CALL-%u", pick(4));
	/* Mostly one that is awaited. */
	if (errand && pick(3) > 0)
		snprintf(station, sizeof(station), "%s", entry_station(errand->entry));
	bool was[COMMANDS] = {false};
	for (unsigned i = 0; i < count; i++)
		was[i] = strcmp(commands[i].to, station) == 0;
	if (rig_ack(number, station, back))
		for (unsigned i = 0; i < count; i++)
			commands[i].acked |= was[i];
}

static void end_a_frame(void)
{
	static const struct {
		enum send_result result;
		const char *code;
	} ends[] = {{SEND_DONE, ""},      {SEND_DONE, ""},         {SEND_DONE, ""},
		    {SEND_CONFIRMED, ""}, {SEND_FAILED, "no_cts"}, {SEND_FAILED, "radio_lost"}};
	unsigned number = pick(RIG_RADIOS), end = pick(6);
	struct radio *radio = &rig->radios[number];
	if (radio->busy && ends[end].result == SEND_CONFIRMED)
		for (unsigned i = 0; i < count; i++)
			commands[i].acked |= strcmp(commands[i].id, radio->id) == 0;
	if (radio->busy && !radio->on_air && pick(8) == 0)
		rig_tell(radio, SEND_GIVEN_BACK, "");
	else
		rig_frame(number, ends[end].result, ends[end].code);
}

static void cancel_one(void)
{
	if (count == 0)
		return;
	struct command *command = &commands[pick(count)];
	int result = route_down_cancel(&rig->down, command->id);
	command->cancelled |= result == 0;
}

/* What the disk did not have, and of which nothing was said, ends with the run. */
static void again(bool kill)
{
	for (unsigned i = 0; i < count && (kill || rig->disk_full); i++) {
		commands[i].may_be_lost |= rig->disk_full || commands[i].in_memory ||
					   !rig_was_said(commands[i].id, RECEIPT_QUEUED);
		commands[i].cancelled &= rig_was_said(commands[i].id, RECEIPT_CANCELLED);
	}
	killed |= kill || rig->disk_full;
	rig_again(kill);
}

static bool look(void *context, const struct outgoing_item *item)
{
	(void)context;
	assert_true(item->entry->class < CLASS_COUNT && item->parts_done <= AIR_PARTS_MAX);
	return true;
}

static void do_something(void)
{
	struct radio *radio = &rig->radios[pick(RIG_RADIOS)];
	switch (pick(20)) {
	case 0 ... 3:
		say_one();
		break;
	case 4 ... 7:
		end_a_frame();
		break;
	case 8:
	case 9:
		acknowledge();
		break;
	case 10:
		cancel_one();
		break;
	case 11:
		radio->up ? rig_unplug((unsigned)(radio - rig->radios)) : rig_plug((unsigned)(radio - rig->radios));
		break;
	case 12:
		radio->channel_busy = !radio->channel_busy;
		outgoing_wake(rig->down.outgoing);
		break;
	case 13:
		rig->disk_full = pick(4) == 0;
		for (unsigned i = 0; i < count && rig->disk_full; i++)
			commands[i].in_memory = true;
		break;
	case 14:
		rig_deliver();
		break;
	case 15:
		rig_disk(SIZE_MAX); /* what it does not answer for 5 s is said all the same */
		rig_pass(pick(3) == 0 ? 20 * 60000 : 4000);
		break;
	case 16:
		if (pick(4) == 0)
			again(pick(2));
		break;
	case 17:
		outgoing_each(rig->down.outgoing, look, NULL);
		break;
	case 18:
		radio->fails_at_once = true;
		break;
	default:
		radio->error = radio->error ? 0 : pick(2) ? -EAGAIN : -ENOTCONN;
	}
	if (pick(3) > 0)
		rig_disk(1 + pick(6));
	if (pick(5) > 0)
		rig_run();
}

/* All is well again, and there is time. */
static void finish(void)
{
	rig->disk_full = false;
	for (unsigned i = 0; i < RIG_RADIOS; i++) {
		rig->radios[i].channel_busy = rig->radios[i].fails_at_once = false;
		rig->radios[i].error = 0;
		rig_plug(i);
	}
	for (int i = 0; i < 200; i++) {
		rig_disk(SIZE_MAX);
		rig_run();
		for (unsigned radio = 0; radio < RIG_RADIOS; radio++)
			rig_frame(radio, SEND_DONE, "");
		rig_pass(i < 100 ? 20000 : 20 * 60000);
		rig_deliver();
	}
	rig_settle();
}

static unsigned frames_of(const struct command *command, bool whole)
{
	unsigned frames = 0;
	for (size_t i = 0; i < rig->sent_count; i++)
		if (strcmp(rig->sent[i].id, command->id) == 0 && (!whole || rig->sent[i].whole))
			frames++;
	return frames;
}

static void check_truth(const struct command *command)
{
	const struct rig_said *final = rig_final(command->id, !command->may_be_lost);
	if (!command->taken || command->may_be_lost)
		return;
	if (!final) {
		fail_msg("%s has no end", command->id);
		return;
	}
	if (command->cancelled)
		assert_int_equal(final->stage, RECEIPT_CANCELLED);
	if (final->stage == RECEIPT_CONFIRMED && !command->acked)
		fail_msg("%s was confirmed by nobody", command->id);
	if (final->stage == RECEIPT_SENT && (command->to[0] || frames_of(command, true) < command->parts))
		fail_msg("%s was not sent", command->id);
	if (!killed && (final->stage == RECEIPT_CANCELLED || final->stage == RECEIPT_EXPIRED) &&
	    frames_of(command, false) > 0)
		fail_msg("%s is %s, and was on the air", command->id, receipt_stage_name(final->stage));
}

static bool is_urgent(const struct rig_sent *sent)
{
	return commands[atoi(sent->id + 2)].urgent;
}

/* No hour of a radio, wherever it begins, has more than is allowed. What a kill has made unknown counts as used, but not of the reserve. */
static void check_airtime(unsigned radio)
{
	for (size_t i = 0; i < rig->sent_count; i++) {
		int64_t from_ms = rig->sent[i].began_ms;
		assert_true(rig_spent_ms(radio, from_ms, is_urgent) <= LIMIT_MS - RESERVE_MS);
		if (!killed)
			assert_true(rig_spent_ms(radio, from_ms, NULL) <= LIMIT_MS);
	}
}

static void run(unsigned number)
{
	chance = 88172645463325252u + number * 7919u;
	count = 0;
	killed = false;
	log_set_level(LOG_LEVEL_ERROR);
	rig_new();
	for (unsigned i = 0; i < RIG_RADIOS; i++)
		rig->radios[i].us_per_byte = 16000;
	for (unsigned i = 0; i < RIG_RADIOS; i++)
		rig->radios[i].allowance.ledger = (struct ledger_settings){.limit_us = LIMIT_MS * 1000,
									   .reserve_us = RESERVE_MS * 1000};
	rig_again(false);
	for (int i = 0; i < STEPS; i++)
		do_something();
	finish();
	for (unsigned i = 0; i < count; i++)
		check_truth(&commands[i]);
	for (unsigned i = 0; i < RIG_RADIOS; i++)
		check_airtime(i);
	for (size_t i = 0; i < RIG_ROWS; i++)
		assert_int_equal(rig->rows[i].row, 0);
	rig_free();
}

static void test_any_order(void **state)
{
	(void)state;
	const char *only = getenv("CRESSET_RUN");
	for (unsigned i = only ? (unsigned)atoi(only) : 0; i < RUNS; i++) {
		if (only)
			print_message("run %u\n", i);
		run(i);
		if (only)
			break;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_any_order)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
