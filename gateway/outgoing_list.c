/* What is on its way to the field, for lists; and taking it back. */
#include <errno.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/outgoing_internal.h"

const char *outgoing_stage_name(enum outgoing_stage stage)
{
	static const char *const names[] = {[OUTGOING_WAITING] = "waiting",
					    [OUTGOING_ON_AIR] = "on_air",
					    [OUTGOING_SENDING] = "sending",
					    [OUTGOING_AWAITING] = "awaiting"};
	return names[stage];
}

struct walk {
	const struct exit_lane *lane;
	outgoing_each_fn *each;
	void *context;
	bool goes_on;
};

static void fill_from(const struct errand *errand, struct outgoing_item *item)
{
	struct delivery_progress progress = delivery_progress(errand->delivery);
	item->parts = progress.parts;
	item->parts_done = progress.parts_done;
	item->repeats = progress.repeats;
	if (errand->lane->flying == errand) {
		item->stage = OUTGOING_ON_AIR;
	} else if (errand->awaiting) {
		item->stage = OUTGOING_AWAITING;
		item->why = delivery_is_confirmable(errand->delivery) ? "acknowledgement" : "repetition";
		item->go_at_ms = delivery_due_ms(errand->delivery);
	}
}

static struct outgoing_item item_of(const struct exit_lane *lane, const struct entry *entry)
{
	struct outgoing_item item = {.entry = entry,
				     .radio = lane->settings->name,
				     .to = entry_station(entry),
				     .stage = entry->begun ? OUTGOING_SENDING : OUTGOING_WAITING,
				     .parts = entry->frames,
				     .why = "turn"};
	const struct errand *errand = errand_find(lane->outgoing, entry);
	if (errand)
		fill_from(errand, &item);
	return item;
}

static bool show(struct walk *walk, const struct outgoing_item *item)
{
	walk->goes_on = walk->each(walk->context, item);
	return walk->goes_on;
}

static bool show_waiting(void *context, const struct entry *entry, int64_t at_ms, enum transmit_why why)
{
	static const char *const reasons[] = {[TRANSMIT_TURN] = "turn",
					      [TRANSMIT_AIRTIME] = "airtime",
					      [TRANSMIT_LISTENING] = "listening",
					      [TRANSMIT_HELD] = "turn"};
	struct walk *walk = context;
	const struct exit_lane *lane = walk->lane;
	struct outgoing_item item = item_of(lane, entry);
	item.why = reasons[why];
	item.go_at_ms = at_ms;
	if (!lane->radio || radio_status(lane->radio).state != RADIO_UP) {
		item.why = "radio";
		item.go_at_ms = 0;
	}
	return show(walk, &item);
}

/* In the radio, and behind it those that await their acknowledgement. */
static void show_begun(struct walk *walk)
{
	const struct exit_lane *lane = walk->lane;
	for (const struct errand *errand = lane->outgoing->errands; walk->goes_on && errand; errand = errand->next) {
		if (errand->lane != lane || !(errand->awaiting || lane->flying == errand))
			continue;
		struct outgoing_item item = item_of(lane, errand->entry);
		show(walk, &item);
	}
}

/* At neighbours, or for want of a way. */
static void show_handovers(struct walk *walk, const struct outgoing *outgoing)
{
	for (const struct handover *handover = outgoing->handovers; walk->goes_on && handover;
	     handover = handover->next) {
		struct outgoing_item item = {.entry = handover->entry,
					     .radio = entry_outlet(handover->entry),
					     .to = entry_station(handover->entry),
					     .stage = handover->id[0] ? OUTGOING_AWAITING : OUTGOING_WAITING,
					     .go_at_ms = handover->id[0] ? handover->due_ms : 0,
					     .why = "neighbour"};
		show(walk, &item);
	}
}

void outgoing_each(const struct outgoing *outgoing, outgoing_each_fn *each, void *context)
{
	struct walk walk = {.each = each, .context = context, .goes_on = true};
	for (size_t i = 0; walk.goes_on && i < outgoing->count; i++) {
		walk.lane = &outgoing->lanes[i];
		show_begun(&walk);
		if (walk.goes_on)
			transmit_outlook(walk.lane->transmit, clock_steady_ms(), show_waiting, &walk);
	}
	show_handovers(&walk, outgoing);
}

/* ---- cancelling ---- */

struct search {
	const char *id;
	const struct entry *entry;
};

static bool is_sought(void *context, const struct entry *entry)
{
	struct search *search = context;
	if (strcmp(entry_id(entry), search->id) == 0)
		search->entry = entry;
	return !search->entry;
}

/* Of what was or is being transmitted, NULL = no such. */
static struct errand *find_begun(const struct outgoing *outgoing, const char *id)
{
	for (struct errand *errand = outgoing->errands; errand; errand = errand->next)
		if (strcmp(entry_id(errand->entry), id) == 0 &&
		    (errand->awaiting || errand->lane->flying == errand || errand->entry->begun))
			return errand;
	return NULL;
}

static int end_handover(struct outgoing *outgoing, struct handover *handover, enum receipt_stage stage)
{
	struct entry *entry = entry_ref(handover->entry);
	if (handover->id[0])
		order_recall(handover);
	handover_free(handover);
	outgoing_conclude(outgoing, entry, stage, NULL, false);
	return 0;
}

/* begun_too: also what a former run has transmitted, or another radio. */
static int take_back(struct outgoing *outgoing, const char *id, bool begun_too)
{
	struct search search = {.id = id};
	struct transmit *transmit = NULL;
	for (size_t i = 0; i < outgoing->count && !search.entry; i++) {
		transmit = outgoing->lanes[i].transmit;
		transmit_each(transmit, is_sought, &search);
	}
	struct entry *entry = (struct entry *)search.entry;
	if (entry && entry->begun && !begun_too)
		return -EBUSY;
	if (!entry || !transmit_remove(transmit, entry))
		return -ENOENT;
	errand_free(outgoing, errand_find(outgoing, entry));
	outgoing_conclude(outgoing, entry, entry->begun ? RECEIPT_SENT : RECEIPT_CANCELLED, NULL, false);
	return 0;
}

int outgoing_cancel(struct outgoing *outgoing, const char *id)
{
	struct handover *handover = handover_find(outgoing, id);
	/* What a neighbour has may be on the air there. */
	if (handover)
		return handover->id[0] || handover->entry->begun ? -EBUSY
								 : end_handover(outgoing, handover, RECEIPT_CANCELLED);
	return find_begun(outgoing, id) ? -EBUSY : take_back(outgoing, id, false);
}

int outgoing_supersede(struct outgoing *outgoing, const char *id)
{
	struct errand *begun = find_begun(outgoing, id);
	struct handover *handover = handover_find(outgoing, id);
	if (handover)
		return end_handover(outgoing, handover, handover->entry->begun ? RECEIPT_SENT : RECEIPT_CANCELLED);
	if (!begun)
		return take_back(outgoing, id, true);
	errand_supersede(begun);
	return 0;
}
