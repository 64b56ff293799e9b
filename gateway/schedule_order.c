/* Strict between DISTRESS, URGENT and the rest, by shares among the rest, by turns inside a class. */
#include "gateway/schedule_order.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/turns.h"

enum {
	STRICT_COUNT = CLASS_SAFETY, /* classes served before all others */
	/* Bytes per weight and round. Small, so that the shares interleave finely; an entry that is larger waits a few rounds more. */
	QUANTUM_BYTES = 64,
};

struct lane {
	struct turns *turns;
	size_t bytes; /* of waiting and held */
	size_t held;
	size_t bound_bytes;         /* 0 = none */
	size_t quantum_bytes;       /* what the class may send more in each round */
	size_t deficit_bytes;       /* what it may send before its turn ends */
	int64_t earliest_expiry_ms; /* none of the waiting expires before */
};

struct held {
	struct entry *entry;
	int64_t until_ms;
};

struct order {
	struct lane lanes[CLASS_COUNT];
	unsigned turn;   /* the shared class whose turn it is */
	bool turn_begun; /* it has had its quantum for this turn */
	struct held *held;
	size_t held_count, held_room;
	int64_t held_due_ms; /* nothing is to be done about the held ones before */
	schedule_drop_fn *drop;
	void *drop_context;
};

struct order *order_new(const struct schedule_settings *settings, schedule_drop_fn *drop, void *context)
{
	struct order *order = calloc(1, sizeof(*order));
	if (!order)
		abort();
	for (unsigned i = 0; i < CLASS_COUNT; i++) {
		struct lane *lane = &order->lanes[i];
		unsigned weight = settings->weight[i] ? settings->weight[i] : 1;
		lane->turns = turns_new(i == CLASS_BULK);
		lane->bound_bytes = i < STRICT_COUNT ? 0 : settings->class_bytes[i];
		lane->quantum_bytes = (size_t)weight * QUANTUM_BYTES;
		lane->earliest_expiry_ms = INT64_MAX;
	}
	order->turn = STRICT_COUNT;
	order->held_due_ms = INT64_MAX;
	order->drop = drop;
	order->drop_context = context;
	return order;
}

void order_free(struct order *order)
{
	if (!order)
		return;
	for (unsigned i = 0; i < CLASS_COUNT; i++)
		turns_free(order->lanes[i].turns);
	for (size_t i = 0; i < order->held_count; i++)
		entry_unref(order->held[i].entry);
	free(order->held);
	free(order);
}

/* A class that came out of a damaged store counts as the least one. */
static unsigned class_of(const struct entry *entry)
{
	return entry->class < CLASS_COUNT ? entry->class : CLASS_BULK;
}

static struct lane *lane_of(struct order *order, const struct entry *entry)
{
	return &order->lanes[class_of(entry)];
}

/* What an entry takes of the link, about: topic and payload. */
static size_t cost_bytes(const struct entry *entry)
{
	return (size_t)(entry->payload_at - entry->topic_at) + entry->payload_size;
}

static void came(struct lane *lane, const struct entry *entry)
{
	int64_t expiry_ms = turns_expiry_ms(entry);
	lane->bytes += entry_footprint(entry);
	if (expiry_ms < lane->earliest_expiry_ms)
		lane->earliest_expiry_ms = expiry_ms;
}

static void left(struct lane *lane, const struct entry *entry)
{
	lane->bytes -= entry_footprint(entry);
	if (turns_count(lane->turns) == 0)
		lane->deficit_bytes = 0; /* nobody saves up turns while there is nothing to send */
}

static void drop(struct order *order, struct entry *entry, const char *reason)
{
	left(lane_of(order, entry), entry);
	order->drop(order->drop_context, entry, reason);
}

/* Which of the held ones of a class has the lowest row number; held_count = none. */
static size_t oldest_held(const struct order *order, unsigned class)
{
	const struct held *held = order->held;
	size_t oldest = order->held_count;
	for (size_t i = 0; order->lanes[class].held && i < order->held_count; i++)
		if (class_of(held[i].entry) == class &&
		    (oldest == order->held_count || held[i].entry->row < held[oldest].entry->row))
			oldest = i;
	return oldest;
}

static struct entry *unhold(struct order *order, size_t at)
{
	struct held *held = &order->held[at];
	struct entry *entry = held->entry;
	memmove(held, held + 1, (--order->held_count - at) * sizeof(*held));
	lane_of(order, entry)->held--;
	return entry;
}

static struct entry *take_oldest(struct order *order, unsigned class)
{
	struct turns *turns = order->lanes[class].turns;
	struct entry *waiting = turns_oldest(turns);
	size_t held = oldest_held(order, class);
	if (held < order->held_count && (!waiting || order->held[held].entry->row < waiting->row))
		return unhold(order, held);
	return turns_take_oldest(turns);
}

/* Only as much is dropped as is needed. The newest entry stays: it fits by itself and is never the oldest nor superseded. */
static void keep_bound(struct order *order, unsigned class)
{
	struct lane *lane = &order->lanes[class];
	while (lane->bound_bytes && lane->bytes > lane->bound_bytes) {
		struct entry *superseded = turns_take_superseded(lane->turns);
		if (superseded)
			drop(order, superseded, "replaced_by_newer");
		else
			drop(order, take_oldest(order, class), "over_bound");
	}
}

void order_put(struct order *order, struct entry *entry)
{
	struct lane *lane = lane_of(order, entry);
	came(lane, entry);
	/* One that cannot fit must not first push out all the others. */
	if (lane->bound_bytes && entry_footprint(entry) > lane->bound_bytes) {
		drop(order, entry, "over_bound");
		return;
	}
	turns_append(lane->turns, entry);
	keep_bound(order, class_of(entry));
}

void order_give_back(struct order *order, struct entry *entry)
{
	struct lane *lane = lane_of(order, entry);
	came(lane, entry);
	turns_insert(lane->turns, entry, true);
}

void order_hold(struct order *order, struct entry *entry, int64_t until_ms)
{
	if (order->held_count == order->held_room) {
		size_t room = order->held_room ? 2 * order->held_room : 8;
		struct held *held = reallocarray(order->held, room, sizeof(*held));
		if (!held)
			abort(); /* as in turns.h */
		order->held = held;
		order->held_room = room;
	}
	struct lane *lane = lane_of(order, entry);
	lane->bytes += entry_footprint(entry);
	lane->held++;
	entry->next = NULL;
	order->held[order->held_count++] = (struct held){entry, until_ms};
	int64_t expiry_ms = turns_expiry_ms(entry), due_ms = until_ms < expiry_ms ? until_ms : expiry_ms;
	if (due_ms < order->held_due_ms)
		order->held_due_ms = due_ms;
}

/* The entry of a class that is next, after letting go of expired ones before it. */
static struct entry *next_of(struct order *order, unsigned class, int64_t now_ms)
{
	struct turns *turns = order->lanes[class].turns;
	struct entry *entry;
	while ((entry = turns_peek(turns)) && turns_expiry_ms(entry) <= now_ms)
		drop(order, turns_take(turns, false), "expired");
	return entry;
}

static struct entry *take_next(struct lane *lane)
{
	struct entry *entry = turns_take(lane->turns, true);
	left(lane, entry);
	return entry;
}

static void next_turn(struct order *order)
{
	order->turn = order->turn + 1 < CLASS_COUNT ? order->turn + 1 : STRICT_COUNT;
	order->turn_begun = false;
}

/* Whether the class whose turn it is may send this entry now. */
static bool may_send(struct order *order, struct lane *lane, const struct entry *entry)
{
	if (!order->turn_begun) {
		order->turn_begun = true;
		lane->deficit_bytes += lane->quantum_bytes;
	}
	if (lane->deficit_bytes < cost_bytes(entry))
		return false;
	lane->deficit_bytes -= cost_bytes(entry);
	return true;
}

/* Deficit round robin: M. Shreedhar and G. Varghese, "Efficient Fair Queuing Using Deficit Round-Robin", SIGCOMM 1995. */
static struct entry *take_shared(struct order *order, unsigned first, unsigned last, int64_t now_ms)
{
	bool any = false;
	for (unsigned i = first; i <= last; i++)
		any = next_of(order, i, now_ms) || any;
	while (any) {
		struct lane *lane = &order->lanes[order->turn];
		struct entry *entry = turns_peek(lane->turns);
		if (entry && order->turn >= first && order->turn <= last && may_send(order, lane, entry))
			return take_next(lane);
		next_turn(order);
	}
	return NULL;
}

struct entry *order_take(struct order *order, enum message_class first, enum message_class last, int64_t now_ms)
{
	unsigned i = first;
	for (; i <= last && i < STRICT_COUNT; i++)
		if (next_of(order, i, now_ms))
			return take_next(&order->lanes[i]);
	return take_shared(order, i, last, now_ms);
}

bool order_ready(const struct order *order, enum message_class first, enum message_class last)
{
	for (unsigned i = first; i <= last; i++)
		if (turns_count(order->lanes[i].turns) > 0)
			return true;
	return false;
}

bool order_has(const struct order *order, enum message_class class, const char *station)
{
	return turns_has(order->lanes[class].turns, station);
}

bool order_remove(struct order *order, struct entry *entry)
{
	struct lane *lane = lane_of(order, entry);
	bool found = turns_remove(lane->turns, entry);
	for (size_t i = 0; !found && i < order->held_count; i++)
		if (order->held[i].entry == entry) {
			unhold(order, i);
			found = true;
		}
	if (found)
		left(lane, entry);
	return found;
}

static size_t expire_waiting(struct order *order, struct lane *lane, int64_t now_ms)
{
	size_t gone = 0;
	if (now_ms < lane->earliest_expiry_ms)
		return 0;
	struct entry *list = turns_take_expired(lane->turns, now_ms, &lane->earliest_expiry_ms);
	for (struct entry *entry = list, *next; entry; entry = next, gone++) {
		next = entry->next;
		entry->next = NULL;
		drop(order, entry, "expired");
	}
	return gone;
}

static size_t release_held(struct order *order, int64_t now_ms)
{
	size_t moved = 0, i = 0;
	if (now_ms < order->held_due_ms)
		return 0;
	order->held_due_ms = INT64_MAX;
	while (i < order->held_count) {
		struct held *held = &order->held[i];
		int64_t expiry_ms = turns_expiry_ms(held->entry);
		int64_t due_ms = held->until_ms < expiry_ms ? held->until_ms : expiry_ms;
		if (due_ms > now_ms) {
			if (due_ms < order->held_due_ms)
				order->held_due_ms = due_ms;
			i++;
			continue;
		}
		struct entry *entry = unhold(order, i);
		moved++;
		if (expiry_ms <= now_ms) {
			drop(order, entry, "expired");
			continue;
		}
		struct lane *lane = lane_of(order, entry);
		left(lane, entry);
		came(lane, entry);
		turns_insert(lane->turns, entry, false);
	}
	return moved;
}

size_t order_tick(struct order *order, int64_t now_ms)
{
	size_t moved = release_held(order, now_ms);
	for (unsigned i = 0; i < CLASS_COUNT; i++)
		moved += expire_waiting(order, &order->lanes[i], now_ms);
	return moved;
}

struct schedule_level order_level(const struct order *order, enum message_class class)
{
	const struct lane *lane = &order->lanes[class];
	const struct entry *waiting = turns_oldest(lane->turns);
	size_t held = oldest_held(order, class);
	struct schedule_level level = {turns_count(lane->turns) + lane->held, lane->bytes, lane->held,
				       waiting ? waiting->accepted_at_ms : 0};
	if (held < order->held_count && (!waiting || order->held[held].entry->row < waiting->row))
		level.oldest_ms = order->held[held].entry->accepted_at_ms;
	return level;
}

bool order_each(const struct order *order, schedule_each_fn *each, void *context)
{
	for (unsigned i = 0; i < CLASS_COUNT; i++)
		if (!turns_each(order->lanes[i].turns, each, context))
			return false;
	for (size_t i = 0; i < order->held_count; i++)
		if (!each(context, order->held[i].entry))
			return false;
	return true;
}
