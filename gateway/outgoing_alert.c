/* Alerts that have to wait for airtime: noted for whoever shows it, and told to who sent them. */
#include "gateway/clock.h"
#include "gateway/json.h"
#include "gateway/outgoing_internal.h"

static size_t alerts_of(const struct exit_lane *lane)
{
	return transmit_level(lane->transmit, CLASS_DISTRESS).entries +
	       transmit_level(lane->transmit, CLASS_URGENT).entries;
}

static void say_delay(struct outgoing *outgoing, const struct entry *entry, int64_t go_at_ms)
{
	int64_t now_ms = clock_wall_ms();
	struct receipt receipt = {
	    .command = entry_id(entry),
	    .stage = RECEIPT_QUEUED,
	    .class = (enum message_class)entry->class,
	    .at_ms = now_ms,
	    .go_at_ms = now_ms + go_at_ms - clock_steady_ms(),
	};
	counters_get(outgoing->publisher->counters, "route", "alerts.delayed")->value++;
	if (!receipt.command[0])
		return;
	publisher_receipt(outgoing->publisher, &receipt, entry_outlet(entry));
	outgoing->callbacks.receipt(outgoing->callbacks.context, &receipt);
}

/* A transmit_outlook_fn: alerts come first. What its sender does not know to be queued is told later. Of what is repeated, or goes in several
 * frames, its sender knows that it is on the air. */
static bool tell(void *context, const struct entry *entry, int64_t at_ms, enum transmit_why why)
{
	struct exit_lane *lane = context;
	if (entry->class > CLASS_URGENT || entry->exercise)
		return false;
	if (!entry->told)
		lane->alerts = 0;
	bool unknown = why != TRANSMIT_AIRTIME || at_ms == INT64_MAX;
	if (!entry->told || entry->delay_told || unknown || entry->begun)
		return true;
	((struct entry *)entry)->delay_told = true;
	say_delay(lane->outgoing, entry, at_ms);
	return true;
}

/* The look at everything that waits is worth it only when there are others than before. */
static void look_at(struct exit_lane *lane, int64_t now_ms)
{
	bool up = lane->radio && lane->ledger && radio_status(lane->radio).state == RADIO_UP;
	int64_t at_ms = up ? transmit_alert_ms(lane->transmit, now_ms) : now_ms;
	bool waits = at_ms > now_ms;
	size_t alerts = waits ? alerts_of(lane) : 0;
	lane->alert_until_ms = waits ? at_ms : 0;
	if (alerts == lane->alerts)
		return;
	lane->alerts = alerts;
	if (waits)
		transmit_outlook(lane->transmit, now_ms, tell, lane);
}

bool outgoing_alert_waits(const struct outgoing *outgoing, int64_t *until_ms)
{
	int64_t first_ms = 0;
	for (size_t i = 0; i < outgoing->count; i++) {
		int64_t lane_ms = outgoing->lanes[i].alert_until_ms;
		if (lane_ms && (!first_ms || lane_ms < first_ms))
			first_ms = lane_ms;
	}
	if (until_ms)
		*until_ms = first_ms;
	return first_ms;
}

void outgoing_look_at_alerts(struct outgoing *outgoing)
{
	bool waited = outgoing_alert_waits(outgoing, NULL);
	for (size_t i = 0; i < outgoing->count; i++)
		look_at(&outgoing->lanes[i], clock_steady_ms());
	if (outgoing->alerts_changed && outgoing_alert_waits(outgoing, NULL) != waited)
		outgoing->alerts_changed(outgoing->alerts_context);
}

void outgoing_watch_alerts(struct outgoing *outgoing, void (*changed)(void *context), void *context)
{
	outgoing->alerts_changed = changed;
	outgoing->alerts_context = context;
}

bool outgoing_airtime(const struct outgoing *outgoing, size_t index, struct outgoing_airtime *airtime)
{
	const struct exit_lane *lane = &outgoing->lanes[index];
	if (!lane->radio || !lane->ledger)
		return false;
	*airtime = (struct outgoing_airtime){.level = ledger_level(lane->ledger, clock_steady_ms()),
					     .alert_until_ms = lane->alert_until_ms};
	return true;
}
