/* What neighbours deliver for this gateway: given to them, their last word awaited, and then the next way. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/outgoing_internal.h"

enum {
	LAST_WORD_PART = 4, /* of the time a neighbour has: how much longer its last word may take */
	LAST_WORD_MIN_MS = 1000,
	LAST_WORD_MAX_MS = 30000,
	LOOK_MS = 5000,    /* how often a way is looked for */
	DUE_AT_ONCE = 256, /* the others in the next turn of the loop */
};

static struct counter *count(const struct handover *handover, const char *name)
{
	return counters_get(handover->outgoing->publisher->counters, "neighbours", name);
}

struct handover *handover_find(const struct outgoing *outgoing, const char *id)
{
	struct handover *handover = outgoing->handovers;
	while (handover && strcmp(entry_id(handover->entry), id) != 0)
		handover = handover->next;
	return handover;
}

void handover_free(struct handover *handover)
{
	struct handover **at = &handover->outgoing->handovers;
	while (*at && *at != handover)
		at = &(*at)->next;
	if (*at)
		*at = handover->next;
	entry_unref(handover->entry);
	free(handover);
}

static void due(struct handover *handover, int64_t at_ms)
{
	handover->due_ms = at_ms;
	outgoing_due(handover->outgoing, at_ms);
}

static bool is_over(const struct handover *handover, int64_t now_ms)
{
	return handover->entry->expires_at_ms && now_ms >= handover->entry->expires_at_ms;
}

/* ---- giving it to the neighbour ---- */

static int64_t last_word_ms(int64_t hold_ms)
{
	int64_t wait_ms = hold_ms / LAST_WORD_PART;
	return wait_ms < LAST_WORD_MIN_MS ? LAST_WORD_MIN_MS : wait_ms > LAST_WORD_MAX_MS ? LAST_WORD_MAX_MS : wait_ms;
}

/* Nothing that the neighbour says of it is awaited any longer. */
static int64_t ends_ms(const struct handover *handover)
{
	return handover->until_ms + last_word_ms(handover->outgoing->publisher->settings->neighbours.hold_ms);
}

static void hand(struct handover *handover, int64_t now_ms)
{
	int64_t hold_ms = handover->outgoing->publisher->settings->neighbours.hold_ms;
	int64_t expires_at_ms = handover->entry->expires_at_ms;
	handover->past.handed_ms = now_ms;
	handover->taken = handover->on_air = false;
	handover->until_ms = now_ms + hold_ms;
	if (expires_at_ms && expires_at_ms < handover->until_ms)
		handover->until_ms = expires_at_ms;
	order_name(handover);
	count(handover, "handed")->value++;
	order_publish(handover);
	due(handover, ends_ms(handover));
}

static bool is_neighbour(const struct outgoing *outgoing, const char *gateway)
{
	return outgoing->neighbours && neighbours_trusts(outgoing->neighbours, gateway) &&
	       !neighbours_is_away(outgoing->neighbours, gateway);
}

void handover_start(struct outgoing *outgoing, struct entry *entry, const struct past *past)
{
	struct handover *handover = calloc(1, sizeof(*handover));
	if (!handover) {
		outgoing_conclude(outgoing, entry, RECEIPT_FAILED, "no_memory", false);
		return;
	}
	*handover = (struct handover){.next = outgoing->handovers, .outgoing = outgoing, .entry = entry};
	if (past)
		handover->past = *past;
	outgoing->handovers = handover;
	int64_t now_ms = clock_steady_ms();
	/* The settings may have changed since a former run gave it to that one; or it has gone, and there was no other way. */
	if (is_neighbour(outgoing, handover_gateway(handover)))
		hand(handover, now_ms);
	else
		due(handover, now_ms + LOOK_MS);
}

/* ---- the end of it ---- */

static void conclude(struct handover *handover, enum receipt_stage stage, const char *code, bool assumed)
{
	struct outgoing *outgoing = handover->outgoing;
	struct entry *entry = entry_ref(handover->entry);
	char last[MESSAGE_NAME_MAX];
	snprintf(last, sizeof(last), "%s", code ? code : "");
	handover_free(handover);
	outgoing_conclude(outgoing, entry, stage, last, assumed);
}

/* No way is left. What nobody has heard has expired; what was transmitted has not. */
static void give_up(struct handover *handover)
{
	if (handover->past.sent)
		conclude(handover, RECEIPT_SENT, NULL, handover->past.sent_assumed);
	else if (handover->past.code[0])
		conclude(handover, RECEIPT_FAILED, handover->past.code, false);
	else if (handover->past.announced || handover->entry->begun)
		conclude(handover, RECEIPT_FAILED, "no_ack", false);
	else if (handover->past.doubts > 0)
		conclude(handover, RECEIPT_FAILED, "no_word", false);
	else
		conclude(handover, RECEIPT_EXPIRED, NULL, false);
}

/* ---- the next way ---- */

static bool find_way(const struct handover *handover, struct way *way)
{
	const struct entry *entry = handover->entry;
	return outgoing_way(handover->outgoing, (enum message_kind)entry->kind, entry_id(entry), entry_station(entry),
			    &handover->past, way);
}

static bool leave(struct handover *handover, const struct way *way)
{
	struct outgoing *outgoing = handover->outgoing;
	struct entry *entry = entry_ref(handover->entry);
	bool moved = outgoing_move(outgoing, entry, way, &handover->past);
	if (moved) {
		handover_free(handover);
		keeper_finish(outgoing->publisher->keeper, entry);
	} else {
		entry_unref(entry);
	}
	return moved;
}

static void mark_tried(struct handover *handover, bool silent)
{
	int number = handover_number(handover);
	uint32_t bit = number >= 0 ? 1u << number : 0;
	handover->past.neighbours |= bit;
	if (silent)
		handover->past.silent |= bit;
}

void past_forgive(struct past *past)
{
	past->neighbours &= ~past->silent;
	past->silent = 0;
}

int64_t handover_again_ms(const struct outgoing *outgoing, const struct past *past)
{
	return past->handed_ms ? past->handed_ms + outgoing->publisher->settings->neighbours.hold_ms : 0;
}

static void begin_anew(struct handover *handover, int64_t now_ms)
{
	int64_t at_ms = handover_again_ms(handover->outgoing, &handover->past);
	past_forgive(&handover->past);
	handover->id[0] = '\0';
	due(handover, at_ms > now_ms ? at_ms : now_ms);
}

/* silent: it was not transmitted there. */
static void failed(struct handover *handover, const char *code, bool silent)
{
	struct way way;
	int64_t now_ms = clock_steady_ms();
	mark_tried(handover, silent);
	count(handover, silent ? "silent" : "failed")->value++;
	if (!silent)
		past_failed(&handover->past, code);
	if (!is_over(handover, now_ms) && find_way(handover, &way) && leave(handover, &way))
		return;
	if (is_over(handover, now_ms) || handover->past.code[0])
		give_up(handover);
	else
		begin_anew(handover, now_ms);
}

/* ---- what the neighbour says ---- */

/* Reasons for which it was not transmitted now, and that say nothing about another time. */
bool handed_code_is_passing(const char *code)
{
	static const char *const codes[] = {"too_many", "no_memory", "over_bound", "lost", "radio_gone"};
	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (strcmp(code, codes[i]) == 0)
			return true;
	return false;
}

static void announce(struct handover *handover, bool assumed)
{
	if (!handover->past.announced)
		outgoing_say(handover->outgoing, handover->entry, RECEIPT_ON_AIR, NULL, assumed);
	handover->past.announced = true;
	handover->entry->begun = true;
}

static void follow(struct handover *handover, const struct handed_receipt *receipt)
{
	switch (receipt->stage) {
	case RECEIPT_QUEUED:
		handover->taken = true;
		break;
	case RECEIPT_ON_AIR:
		handover->on_air = true;
		announce(handover, receipt->assumed);
		break;
	case RECEIPT_CONFIRMED:
	case RECEIPT_SENT:
		count(handover, "delivered")->value++;
		conclude(handover, receipt->stage, NULL, receipt->assumed);
		break;
	case RECEIPT_FAILED:
		failed(handover, receipt->code[0] ? receipt->code : "radio_error",
		       handed_code_is_passing(receipt->code));
		break;
	case RECEIPT_EXPIRED:
	case RECEIPT_CANCELLED:
		failed(handover, "", true);
		break;
	}
}

void outgoing_answered(struct outgoing *outgoing, const char *gateway, const struct handed_receipt *receipt)
{
	struct counters *counters = outgoing->publisher->counters;
	struct handover *handover = outgoing->handovers;
	while (handover && (strcmp(handover->id, receipt->id) != 0 || strcmp(handover_gateway(handover), gateway) != 0))
		handover = handover->next;
	if (handover)
		follow(handover, receipt);
	else if (!outgoing_late_word(outgoing, gateway, receipt))
		counters_get(counters, "neighbours", "drop.late")->value++;
}

/* ---- one that has gone ---- */

/* What it has taken it may have transmitted, or may yet: that waits until its time there is over, unless it is an alert, which is rather
 * heard twice than late. What it says to be on the air waits for its acknowledgement. */
static bool may_leave(const struct handover *handover)
{
	const struct entry *entry = handover->entry;
	bool on_air = handover->on_air || (entry->begun && !handover->past.announced); /* told to a former run */
	return !on_air && (!handover->taken || entry->class <= CLASS_URGENT);
}

static bool give_back(struct handover *handover, const struct way *way)
{
	struct past before = handover->past;
	mark_tried(handover, true);
	handover_forsake(handover, true);
	order_recall(handover);
	if (leave(handover, way))
		return true;
	handover->past = before;
	return false;
}

/* Without another way it stays where it is: the broker keeps it for that one, which may come back in time. */
static void look_around(struct handover *handover, int64_t now_ms)
{
	struct way way;
	int64_t ends_at_ms = ends_ms(handover);
	bool leaves = neighbours_is_away(handover->outgoing->neighbours, handover_gateway(handover)) &&
		      may_leave(handover);
	if (leaves && !is_over(handover, now_ms) && find_way(handover, &way) && way_is_open(&way)) {
		count(handover, "given_back")->value++;
		if (give_back(handover, &way))
			return;
	}
	due(handover, leaves && now_ms + LOOK_MS < ends_at_ms ? now_ms + LOOK_MS : ends_at_ms);
}

static bool is_given_to(const struct handover *handover, const char *gateway)
{
	return handover->id[0] && strcmp(handover_gateway(handover), gateway) == 0;
}

/* Alerts first. */
void outgoing_neighbour_left(struct outgoing *outgoing, const char *gateway)
{
	int64_t now_ms = clock_steady_ms();
	for (unsigned class = 0; class < CLASS_COUNT; class ++)
		for (struct handover *handover = outgoing->handovers, *next; handover; handover = next) {
			next = handover->next;
			if (handover->entry->class == class && is_given_to(handover, gateway))
				look_around(handover, now_ms);
		}
}

void outgoing_neighbour_back(struct outgoing *outgoing, const char *gateway)
{
	int64_t now_ms = clock_steady_ms();
	for (struct handover *handover = outgoing->handovers; handover; handover = handover->next)
		if (is_given_to(handover, gateway) && now_ms < handover->until_ms)
			order_publish(handover);
		else if (!handover->id[0])
			due(handover, now_ms);
}

/* ---- time ---- */

/* It waits for a way; the neighbour that it was given to last is one of them. */
static void look_again(struct handover *handover, int64_t now_ms)
{
	struct outgoing *outgoing = handover->outgoing;
	struct way way;
	if (is_over(handover, now_ms)) {
		give_up(handover);
		return;
	}
	bool found = find_way(handover, &way);
	/* One that was waited for no more has said since then that it has failed there. */
	if (!found && handover->past.code[0]) {
		give_up(handover);
		return;
	}
	if (found && !way.lane &&
	    strcmp(neighbours_name(outgoing->neighbours, way.neighbour), handover_gateway(handover)) == 0)
		hand(handover, now_ms);
	else if (!found || !leave(handover, &way))
		due(handover, now_ms + LOOK_MS);
}

static void no_word(struct handover *handover)
{
	handover_forsake(handover, !handover->past.announced);
	failed(handover, handover->past.announced ? "no_ack" : "", !handover->past.announced);
}

static struct handover *next_due(const struct outgoing *outgoing, int64_t now_ms)
{
	struct handover *handover = outgoing->handovers;
	while (handover && handover->due_ms > now_ms)
		handover = handover->next;
	return handover;
}

void handovers_due(struct outgoing *outgoing, int64_t now_ms)
{
	struct handover *handover;
	for (unsigned i = 0; i < DUE_AT_ONCE && (handover = next_due(outgoing, now_ms)); i++) {
		if (!handover->id[0])
			look_again(handover, now_ms);
		else if (now_ms < ends_ms(handover))
			look_around(handover, now_ms);
		else
			no_word(handover);
	}
	for (handover = outgoing->handovers; handover; handover = handover->next)
		outgoing_due(outgoing, handover->due_ms);
}

void outgoing_use_neighbours(struct outgoing *outgoing, struct neighbours *neighbours)
{
	outgoing->neighbours = neighbours;
}

/* What was said of them meanwhile may be lost; a neighbour that knows them says it again. */
void outgoing_online(struct outgoing *outgoing, bool online)
{
	bool back = online && !outgoing->online;
	outgoing->online = online;
	for (struct handover *handover = outgoing->handovers; back && handover; handover = handover->next)
		if (handover->id[0] && clock_steady_ms() < handover->until_ms)
			order_publish(handover);
}
