/* One radio's turns: at each frame boundary it is asked anew what goes next. */
#include <errno.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/outgoing_internal.h"

enum { SLOT_MS = 100, SLOTS = 8, SLOTS_URGENT = 2 };

/* After somebody else has spoken, others wait as well: a random pause keeps them apart. An alert's is short. */
static bool channel_is_quiet(struct exit_lane *lane)
{
	int64_t now_ms = clock_steady_ms();
	if (radio_channel_busy(lane->radio)) {
		lane->channel_was_busy = true;
		return false;
	}
	if (lane->channel_was_busy) {
		int slots = transmit_has_urgent(lane->transmit) ? SLOTS_URGENT : SLOTS;
		lane->channel_was_busy = false;
		lane->quiet_until_ms = now_ms + (int64_t)(outgoing_random() * slots * SLOT_MS);
	}
	if (now_ms >= lane->quiet_until_ms)
		return true;
	outgoing_due(lane->outgoing, lane->quiet_until_ms);
	return false;
}

static void keep_account(struct exit_lane *lane, const struct entry *entry)
{
	ledger_memory_spent(lane->outgoing->ledgers, lane->index, entry->class <= CLASS_URGENT && !entry->exercise);
}

/* Before the radio has it, so that not even a kill in the middle of the frame gives its airtime back. */
static void book(struct exit_lane *lane, const struct entry *entry)
{
	lane->handed_over_ms = clock_steady_ms();
	transmit_spent(lane->transmit, entry, lane->airtime_us, lane->handed_over_ms);
	keep_account(lane, entry);
}

/* A modem that listens first begins later than it was told to. Where the end is only assumed, it counts as the beginning, so that the hour
 * never ends too early. The disk has the earlier time: it is told anew, as of any other frame. */
static void amend(struct exit_lane *lane, const struct entry *entry, bool assumed)
{
	int64_t now_ms = clock_steady_ms(), begun_ms = assumed ? now_ms : now_ms - lane->airtime_us / 1000;
	if (begun_ms <= lane->handed_over_ms)
		return;
	transmit_amend(lane->transmit, entry, lane->airtime_us, lane->handed_over_ms, begun_ms);
	keep_account(lane, entry);
}

static void take_back(struct exit_lane *lane, const struct entry *entry)
{
	transmit_amend(lane->transmit, entry, lane->airtime_us, lane->handed_over_ms, INT64_MIN);
}

/* Puts a frame into the radio: 0; -EAGAIN, -ENOTCONN: not now; else it never will go. */
static int send_frame(struct errand *errand)
{
	struct exit_lane *lane = errand->lane;
	const uint8_t *bytes;
	ssize_t size = errand_render(errand, &bytes);
	if (size < 0)
		return (int)size;
	/* A driver may tell of progress, and of the end, before radio_send returns. */
	lane->flying = errand;
	delivery_started(errand->delivery);
	lane->airtime_us = radio_airtime_us(lane->radio, (size_t)size);
	book(lane, errand->entry);
	int result = radio_send(lane->radio, bytes, (size_t)size);
	if (result < 0) {
		lane->flying = NULL;
		take_back(lane, errand->entry);
	}
	return result;
}

/* Takes over the reference of an entry that was taken from the schedule. False: the radio takes nothing now. */
static bool lane_send(struct exit_lane *lane, struct entry *entry)
{
	int error;
	struct errand *errand = errand_of(lane, entry, &error);
	if (errand)
		error = send_frame(errand);
	if (error == -EAGAIN || error == -ENOTCONN) {
		transmit_give_back(lane->transmit, entry);
		return false;
	}
	if (error == 0) {
		entry_unref(entry); /* the errand has one */
		return true;
	}
	if (errand) {
		entry_unref(entry);
		errand_failed(errand, outgoing_failure_code(error));
	} else {
		outgoing_conclude(lane->outgoing, entry, RECEIPT_FAILED, outgoing_failure_code(error), false);
	}
	return true;
}

bool lane_open(struct exit_lane *lane)
{
	const struct settings *settings = lane->outgoing->publisher->settings;
	struct transmit_settings transmit = {.schedule = settings->schedule,
					     .listening_share = lane->settings->listening_share_pct / 100.0,
					     .airtime_us = errand_airtime_us,
					     .frames = errand_frames,
					     .drop = outgoing_dropped,
					     .context = lane};
	lane->transmit = transmit_new(&transmit);
	return lane->transmit;
}

void lane_close(struct exit_lane *lane)
{
	transmit_free(lane->transmit);
}

/* Room for the longest frame that this radio can be given. */
static int64_t longest_us(const struct exit_lane *lane)
{
	size_t modem = lane->settings->modem->mtu, air = lane->settings->air->mtu;
	return radio_airtime_us(lane->radio, modem < air ? modem : air);
}

/* A module may tell only when it is up where and how fast it transmits. */
static void keep_rules(struct exit_lane *lane)
{
	const struct radio_allowance *allowance = radio_allowance(lane->radio);
	if (lane->ledger && allowance->band == lane->allowance.band && allowance->fault == lane->allowance.fault &&
	    memcmp(&allowance->ledger, &lane->allowance.ledger, sizeof(allowance->ledger)) == 0)
		return;
	lane->allowance = *allowance;
	lane->ledger = ledger_memory_set(lane->outgoing->ledgers, lane->index, lane->settings->name, allowance,
					 longest_us(lane));
	transmit_set_ledger(lane->transmit, lane->ledger);
}

void lane_turn(struct exit_lane *lane)
{
	if (lane->radio)
		keep_rules(lane);
	while (lane->ledger && !lane->flying && channel_is_quiet(lane) && radio_ready(lane->radio)) {
		int64_t again_ms;
		struct entry *entry = transmit_take(lane->transmit, clock_steady_ms(), &again_ms);
		lane->again_ms = entry ? 0 : again_ms;
		if (!entry && again_ms < INT64_MAX)
			outgoing_due(lane->outgoing, again_ms);
		if (!entry || !lane_send(lane, entry))
			return;
	}
}

/* Whether the one is not to wait while the modem waits for something of the other: an alert not for what is less urgent, and nothing Actual
 * for an exercise. */
static bool hurries(const struct entry *one, const struct entry *other)
{
	if (one->exercise != other->exercise)
		return other->exercise;
	return one->class <= CLASS_URGENT && one->class < other->class;
}

/* An alert does not wait out a pause that was drawn for others, either. */
void lane_put(struct exit_lane *lane, struct entry *entry)
{
	bool urgent = entry->class <= CLASS_URGENT && !entry->exercise;
	bool hurry = lane->radio && lane->flying && hurries(entry, lane->flying->entry);
	int64_t short_pause_ms = clock_steady_ms() + (int64_t)(outgoing_random() * SLOTS_URGENT * SLOT_MS);
	transmit_put(lane->transmit, entry);
	if (urgent)
		lane->alerts = 0; /* as many as before may wait, and be others */
	if (urgent && short_pause_ms < lane->quiet_until_ms)
		lane->quiet_until_ms = short_pause_ms;
	if (hurry)
		radio_hurry(lane->radio);
	outgoing_wake(lane->outgoing);
}

void lane_return(struct exit_lane *lane, struct entry *entry)
{
	transmit_return(lane->transmit, entry);
	outgoing_wake(lane->outgoing);
}

/* What was cut short goes again when the radio is back, and what a full one did not take when it has room. A mesh node that starts anew has
 * forgotten what it was given; a module on a weak supply starts anew just when it transmits. */
static bool goes_again(const char *code)
{
	static const char *const codes[] = {"radio_lost",  "control_lost", "port_reopened",  "node_lost",
					    "module_lost", "modem_lost",   "node_rebooted",  "module_reset",
					    "node_full",   "module_busy",  "modem_rebooted", "modem_full"};
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (strcmp(code, codes[i]) == 0)
			return true;
	return false;
}

static void frame_failed(struct errand *errand, const char *code)
{
	struct delivery_settings settings = errand_settings(errand);
	if (errand_is_settled(errand))
		errand_follow(errand);
	else if (errand->superseded)
		errand_supersede(errand);
	else if (goes_again(code) && !errand_need_not_wait(errand) && delivery_failed(errand->delivery, &settings))
		transmit_give_back(errand->lane->transmit, entry_ref(errand->entry));
	else
		errand_failed(errand, code);
}

static void frame_given_back(struct errand *errand)
{
	bool settled = errand_is_settled(errand);
	if (errand->superseded && !settled)
		errand_supersede(errand);
	else if (delivery_stage(errand->delivery) == DELIVERY_SENDING && !settled)
		transmit_give_back(errand->lane->transmit, entry_ref(errand->entry));
	else
		errand_follow(errand);
}

static void frame_went(struct errand *errand, bool confirmed, bool assumed)
{
	struct delivery_settings settings = errand_settings(errand);
	errand->assumed = errand->assumed || assumed;
	delivery_went(errand->delivery, &settings, clock_steady_ms(), outgoing_random());
	if (confirmed)
		delivery_confirm(errand->delivery);
	errand_follow(errand);
}

void lane_sent(struct exit_lane *lane, enum send_result result, bool assumed, const char *code)
{
	struct errand *errand = lane->flying;
	if (!errand)
		return;
	errand->entry->begun |= result == SEND_ON_AIR || result == SEND_DONE || result == SEND_CONFIRMED;
	if (result == SEND_ON_AIR) {
		if (!errand->past.announced)
			outgoing_say(lane->outgoing, errand->entry, RECEIPT_ON_AIR, NULL, assumed);
		errand->past.announced = true;
		return;
	}
	lane->flying = NULL;
	outgoing_wake(lane->outgoing);
	if (result == SEND_GIVEN_BACK) {
		take_back(lane, errand->entry);
		frame_given_back(errand);
		return;
	}
	amend(lane, errand->entry, assumed || result == SEND_FAILED);
	if (result == SEND_FAILED)
		frame_failed(errand, code);
	else
		frame_went(errand, result == SEND_CONFIRMED, assumed);
}
