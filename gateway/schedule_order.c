/* Strict between DISTRESS, URGENT and the rest, by shares among the rest, by turns inside a class. */
#include "gateway/schedule_order.h"

#include <stdlib.h>

#include "gateway/schedule_held.h"
#include "gateway/turns.h"

enum {
	STRICT_COUNT = CLASS_SAFETY, /* classes served before all others */
	/* Per weight and round. Small, so that the shares interleave finely; an entry that is larger waits a few rounds more. */
	QUANTUM_BYTES = 64,
};

struct lane {
	struct turns *turns;
	size_t bytes; /* of waiting and held */
	size_t held;
	size_t bound_bytes;         /* 0 = none */
	int64_t quantum;            /* what the class may send more in each round, in units of cost */
	int64_t deficit;            /* what it may send before its turn ends; below 0: it has borrowed */
	int64_t next_cost;          /* of its next entry, while one is chosen */
	int64_t earliest_expiry_ms; /* none of the waiting expires before */
};

struct order {
	struct lane lanes[CLASS_COUNT];
	unsigned turn;   /* the shared class whose turn it is */
	bool turn_begun; /* it has had its quantum for this turn */
	struct held_list held;
	schedule_cost_fn *cost;
	void *cost_context;
	schedule_drop_fn *drop;
	void *drop_context;
};

/* What an entry takes of the link, about: topic and payload. */
static size_t cost_bytes(void *context, const struct entry *entry)
{
	(void)context;
	return (size_t)(entry->payload_at - entry->topic_at) + entry->payload_size;
}

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
		lane->quantum = (int64_t)weight * (settings->quantum ? settings->quantum : QUANTUM_BYTES);
		lane->earliest_expiry_ms = INT64_MAX;
	}
	order->turn = STRICT_COUNT;
	order->cost = settings->cost ? settings->cost : cost_bytes;
	order->cost_context = settings->cost_context;
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
	held_clear(&order->held);
	free(order);
}

static struct lane *lane_of(struct order *order, const struct entry *entry)
{
	return &order->lanes[order_class(entry)];
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
	/* Nobody saves up turns while there is nothing to send; what was borrowed stays owed. */
	if (turns_count(lane->turns) == 0 && lane->deficit > 0)
		lane->deficit = 0;
}

static void drop(struct order *order, struct entry *entry, const char *reason)
{
	left(lane_of(order, entry), entry);
	order->drop(order->drop_context, entry, reason);
}

static struct entry *unhold(struct order *order, size_t at)
{
	struct entry *entry = held_take(&order->held, at);
	lane_of(order, entry)->held--;
	return entry;
}

/* Which of the held ones is the oldest of its class, if it is older than all that wait; count = none. */
static size_t older_held(const struct order *order, unsigned class)
{
	const struct lane *lane = &order->lanes[class];
	const struct entry *waiting = turns_oldest(lane->turns);
	size_t at = lane->held ? held_oldest(&order->held, class) : order->held.count;
	bool older = at < order->held.count && (!waiting || order->held.items[at].entry->row < waiting->row);
	return older ? at : order->held.count;
}

static struct entry *take_oldest(struct order *order, unsigned class)
{
	size_t held = older_held(order, class);
	return held < order->held.count ? unhold(order, held) : turns_take_oldest(order->lanes[class].turns);
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
	keep_bound(order, order_class(entry));
}

void order_give_back(struct order *order, struct entry *entry)
{
	struct lane *lane = lane_of(order, entry);
	came(lane, entry);
	turns_insert(lane->turns, entry, true);
}

void order_return(struct order *order, struct entry *entry)
{
	struct lane *lane = lane_of(order, entry);
	came(lane, entry);
	turns_insert(lane->turns, entry, false);
}

void order_hold(struct order *order, struct entry *entry, int64_t until_ms)
{
	struct lane *lane = lane_of(order, entry);
	lane->bytes += entry_footprint(entry);
	lane->held++;
	held_add(&order->held, entry, until_ms);
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

/* Whether the class whose turn it is may send its next entry now. */
static bool may_send(struct order *order, struct lane *lane)
{
	if (!order->turn_begun) {
		order->turn_begun = true;
		lane->deficit += lane->quantum;
	}
	return lane->deficit >= lane->next_cost;
}

/* A class pays back what it borrowed also while it has nothing to send. */
static void pay_back(struct order *order, struct lane *lane)
{
	if (order->turn_begun || lane->deficit >= 0)
		return;
	lane->deficit += lane->quantum;
	if (lane->deficit > 0)
		lane->deficit = 0;
}

/* Deficit round robin: M. Shreedhar and G. Varghese, "Efficient Fair Queuing Using Deficit Round-Robin", SIGCOMM 1995. The class whose
 * turn it is, and which may send; asked again it is the same one, as long as nobody took its entry. CLASS_COUNT: nothing there. */
static unsigned choose_shared(struct order *order, unsigned first, unsigned last, int64_t now_ms)
{
	bool any = false;
	for (unsigned i = first; i <= last; i++) {
		const struct entry *entry = next_of(order, i, now_ms);
		any = entry || any;
		if (entry)
			order->lanes[i].next_cost = (int64_t)order->cost(order->cost_context, entry);
	}
	while (any) {
		struct lane *lane = &order->lanes[order->turn];
		bool ours = order->turn >= first && order->turn <= last;
		if (ours && turns_peek(lane->turns) && may_send(order, lane))
			return order->turn;
		if (!turns_peek(lane->turns))
			pay_back(order, lane);
		next_turn(order);
	}
	return CLASS_COUNT;
}

static unsigned choose(struct order *order, unsigned first, unsigned last, int64_t now_ms)
{
	unsigned i = first;
	for (; i <= last && i < STRICT_COUNT; i++)
		if (next_of(order, i, now_ms))
			return i;
	return choose_shared(order, i, last, now_ms);
}

struct entry *order_peek(struct order *order, enum message_class first, enum message_class last, int64_t now_ms)
{
	unsigned class = choose(order, first, last, now_ms);
	return class < CLASS_COUNT ? turns_peek(order->lanes[class].turns) : NULL;
}

struct entry *order_take(struct order *order, enum message_class first, enum message_class last, int64_t now_ms)
{
	unsigned class = choose(order, first, last, now_ms);
	if (class == CLASS_COUNT)
		return NULL;
	struct lane *lane = &order->lanes[class];
	if (class >= STRICT_COUNT)
		lane->deficit -= lane->next_cost;
	return take_next(lane);
}

struct entry *order_front(struct order *order, enum message_class class, int64_t now_ms)
{
	return next_of(order, class, now_ms);
}

bool order_owes(const struct order *order, enum message_class class)
{
	return order->lanes[class].deficit < 0;
}

struct entry *order_take_front(struct order *order, enum message_class class, bool borrow, int64_t now_ms)
{
	struct lane *lane = &order->lanes[class];
	struct entry *entry = next_of(order, class, now_ms);
	if (!entry)
		return NULL;
	if (borrow)
		lane->deficit -= (int64_t)order->cost(order->cost_context, entry);
	return take_next(lane);
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
	if (!turns_remove(lane->turns, entry)) {
		size_t held = held_find(&order->held, entry);
		if (held == order->held.count)
			return false;
		unhold(order, held);
	}
	left(lane, entry);
	return true;
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
	size_t moved = 0;
	for (struct entry *entry; (entry = held_take_due(&order->held, now_ms)); moved++) {
		struct lane *lane = lane_of(order, entry);
		lane->held--;
		if (turns_expiry_ms(entry) <= now_ms) {
			drop(order, entry, "expired");
			continue;
		}
		left(lane, entry);
		order_return(order, entry);
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

int64_t order_due_ms(const struct order *order)
{
	return order->held.count > 0 ? order->held.due_ms : INT64_MAX;
}

struct schedule_level order_level(const struct order *order, enum message_class class)
{
	const struct lane *lane = &order->lanes[class];
	const struct entry *waiting = turns_oldest(lane->turns);
	size_t held = older_held(order, class);
	struct schedule_level level = {turns_count(lane->turns) + lane->held, lane->bytes, lane->held,
				       waiting ? waiting->accepted_at_ms : 0};
	if (held < order->held.count)
		level.oldest_ms = order->held.items[held].entry->accepted_at_ms;
	return level;
}

bool order_each_waiting(const struct order *order, schedule_each_fn *each, void *context)
{
	for (unsigned i = 0; i < CLASS_COUNT; i++)
		if (!turns_each(order->lanes[i].turns, each, context))
			return false;
	return true;
}

bool order_each_held(const struct order *order, schedule_each_held_fn *each, void *context)
{
	for (size_t i = 0; i < order->held.count; i++)
		if (!each(context, order->held.items[i].entry, order->held.items[i].until_ms))
			return false;
	return true;
}
