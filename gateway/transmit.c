/* The transmit scheduler of one radio: the order of schedule.c behind the gates of airtime and listening. */
#include "gateway/transmit_internal.h"

#include <math.h>
#include <stdlib.h>

/* Airtime for each weight and round. Far below a frame, so that the shares are exact however few entries wait. */
enum { QUANTUM_US = 2000 };

int64_t transmit_airtime_us(const struct transmit *transmit, const struct entry *entry)
{
	int64_t airtime_us = transmit->settings.airtime_us(transmit->settings.context, entry);
	return airtime_us > 0 ? airtime_us : 0;
}

static size_t cost_us(void *context, const struct entry *entry)
{
	return (size_t)transmit_airtime_us(context, entry);
}

struct transmit *transmit_new(const struct transmit_settings *settings)
{
	struct transmit *transmit = calloc(1, sizeof(*transmit));
	if (!transmit)
		abort(); /* as in turns.h */
	struct schedule_settings schedule = settings->schedule;
	schedule.cost = cost_us;
	schedule.cost_context = transmit;
	schedule.quantum = QUANTUM_US;
	transmit->settings = *settings;
	transmit->schedule = schedule_new(&schedule, settings->drop, settings->context);
	transmit->share = settings->listening_share > 0 && settings->listening_share < 1 ? settings->listening_share
											 : 1;
	transmit->quiet_until_ms = transmit->quiet_before_ms = INT64_MIN;
	transmit->promised_ms = INT64_MAX;
	return transmit;
}

void transmit_set_ledger(struct transmit *transmit, struct ledger *ledger)
{
	transmit->settings.ledger = ledger;
}

void transmit_free(struct transmit *transmit)
{
	if (!transmit)
		return;
	schedule_free(transmit->schedule);
	free(transmit);
}

void transmit_put(struct transmit *transmit, struct entry *entry)
{
	schedule_put(transmit->schedule, entry);
}

void transmit_give_back(struct transmit *transmit, struct entry *entry)
{
	schedule_give_back(transmit->schedule, entry);
}

void transmit_return(struct transmit *transmit, struct entry *entry)
{
	schedule_return(transmit->schedule, entry);
}

void transmit_hold(struct transmit *transmit, struct entry *entry, int64_t until_ms)
{
	schedule_hold(transmit->schedule, entry, until_ms);
}

bool transmit_remove(struct transmit *transmit, struct entry *entry)
{
	return schedule_remove(transmit->schedule, entry);
}

/* ---- the gates ---- */

/* When the ledger lets it begin. */
static int64_t airtime_ms(const struct transmit *transmit, const struct entry *entry, int64_t now_ms)
{
	if (!transmit->settings.ledger)
		return now_ms;
	int64_t airtime_us = transmit_airtime_us(transmit, entry);
	return ledger_when_ms(transmit->settings.ledger, transmit_urgent(entry), airtime_us, now_ms);
}

int64_t transmit_listening_ms(const struct transmit *transmit)
{
	return transmit->quiet_until_ms < transmit->promised_ms ? transmit->quiet_until_ms : transmit->promised_ms;
}

/* Leaves the channel to the field for its part of the time. */
static void listen_after(struct transmit *transmit, const struct entry *entry, int64_t airtime_us, int64_t begun_ms)
{
	if (entry->class <= CLASS_URGENT || transmit->share == 1)
		return;
	int64_t until_ms = begun_ms + (int64_t)ceil((double)airtime_us / 1000 / transmit->share);
	if (until_ms > transmit->quiet_until_ms)
		transmit->quiet_until_ms = until_ms;
}

void transmit_spent(struct transmit *transmit, const struct entry *entry, int64_t airtime_us, int64_t now_ms)
{
	if (transmit->settings.ledger)
		ledger_spend(transmit->settings.ledger, transmit_urgent(entry), airtime_us, now_ms);
	if (entry->class > CLASS_SAFETY)
		transmit->promised_ms = INT64_MAX;
	transmit->quiet_before_ms = transmit->quiet_until_ms;
	listen_after(transmit, entry, airtime_us, now_ms);
}

void transmit_amend(struct transmit *transmit, const struct entry *entry, int64_t airtime_us, int64_t booked_ms,
		    int64_t really_ms)
{
	if (transmit->settings.ledger)
		ledger_amend(transmit->settings.ledger, transmit_urgent(entry), airtime_us, booked_ms, really_ms);
	if (really_ms != INT64_MIN)
		listen_after(transmit, entry, airtime_us, really_ms);
	else
		transmit->quiet_until_ms = transmit->quiet_before_ms;
}

/* ---- what goes next ---- */

/* The next one that can go at all. */
static struct entry *next_possible(struct transmit *transmit, enum message_class first, enum message_class last,
				   int64_t now_ms)
{
	struct entry *entry;
	while ((entry = schedule_peek(transmit->schedule, first, last, now_ms)) &&
	       airtime_ms(transmit, entry, now_ms) == LEDGER_NEVER) {
		schedule_remove(transmit->schedule, entry);
		transmit->settings.drop(transmit->settings.context, entry, "no_airtime");
	}
	return entry;
}

static void ask_at(int64_t *again_ms, int64_t at_ms)
{
	if (at_ms < *again_ms)
		*again_ms = at_ms;
}

/* SAFETY goes while ROUTINE or BULK, whose turn it is, must wait: freely while these wait for the sake of the field, on credit while they
 * wait for airtime as it does itself. */
static struct entry *pass(struct transmit *transmit, bool listening, int64_t now_ms, int64_t *again_ms)
{
	const struct entry *safety = schedule_front(transmit->schedule, CLASS_SAFETY, now_ms);
	if (!safety || (!listening && schedule_owes(transmit->schedule, CLASS_SAFETY)))
		return NULL;
	int64_t at_ms = airtime_ms(transmit, safety, now_ms);
	if (at_ms <= now_ms)
		return schedule_take_front(transmit->schedule, CLASS_SAFETY, !listening, now_ms);
	ask_at(again_ms, at_ms);
	return NULL;
}

static struct entry *take_ordinary(struct transmit *transmit, int64_t now_ms, int64_t *again_ms)
{
	const struct entry *entry = next_possible(transmit, CLASS_SAFETY, CLASS_BULK, now_ms);
	if (!schedule_ready(transmit->schedule, CLASS_ROUTINE, CLASS_BULK))
		transmit->promised_ms = INT64_MAX; /* what it was promised to has expired, or was cancelled */
	if (!entry)
		return NULL;
	int64_t at_ms = airtime_ms(transmit, entry, now_ms), listening_ms = INT64_MIN;
	bool gated = entry->class > CLASS_SAFETY;
	if (gated && transmit->quiet_until_ms > now_ms)
		transmit->promised_ms = transmit_listening_ms(transmit);
	if (gated)
		listening_ms = transmit_listening_ms(transmit);
	if (at_ms <= now_ms && listening_ms <= now_ms)
		return schedule_take(transmit->schedule, CLASS_SAFETY, CLASS_BULK, now_ms);
	ask_at(again_ms, at_ms > listening_ms ? at_ms : listening_ms);
	return gated ? pass(transmit, listening_ms > now_ms, now_ms, again_ms) : NULL;
}

struct entry *transmit_take(struct transmit *transmit, int64_t now_ms, int64_t *again_ms)
{
	schedule_tick(transmit->schedule, now_ms);
	*again_ms = schedule_due_ms(transmit->schedule);
	const struct entry *alert = next_possible(transmit, CLASS_DISTRESS, CLASS_URGENT, now_ms);
	if (!alert)
		return take_ordinary(transmit, now_ms, again_ms);
	int64_t at_ms = airtime_ms(transmit, alert, now_ms);
	if (at_ms <= now_ms)
		return schedule_take(transmit->schedule, CLASS_DISTRESS, CLASS_URGENT, now_ms);
	ask_at(again_ms, at_ms);
	return NULL;
}

/* ---- the rest ---- */

int64_t transmit_alert_ms(struct transmit *transmit, int64_t now_ms)
{
	const struct entry *alert = schedule_peek(transmit->schedule, CLASS_DISTRESS, CLASS_URGENT, now_ms);
	return alert && !alert->exercise ? airtime_ms(transmit, alert, now_ms) : now_ms;
}

void transmit_tick(struct transmit *transmit, int64_t now_ms)
{
	schedule_tick(transmit->schedule, now_ms);
}

bool transmit_has_urgent(const struct transmit *transmit)
{
	return schedule_ready_actual(transmit->schedule, CLASS_DISTRESS, CLASS_URGENT);
}

struct schedule_level transmit_level(const struct transmit *transmit, enum message_class class)
{
	return schedule_level(transmit->schedule, class);
}

void transmit_each(const struct transmit *transmit, schedule_each_fn *each, void *context)
{
	schedule_each(transmit->schedule, each, context);
}
