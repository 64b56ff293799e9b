/* A hundred thousand random operations on a schedule and on a naive model of it, which must agree in every choice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/schedule.h"

enum {
	STATIONS = 9,
	ITEMS_MAX = 4096,
	OPERATIONS = 100000,
	BOUND_BYTES = 12000,
	QUANTUM_BYTES = 64,
	STRICT = CLASS_SAFETY
};

/* The model: a plain array in the order of arrival, searched from end to end for everything. */
struct item {
	struct entry *entry; /* the model's own reference */
	unsigned station;
	bool held;
	int64_t until_ms;
};

/* A list of stations without doubles. */
struct order {
	unsigned of[STATIONS];
	size_t count;
};

static struct model {
	struct item items[ITEMS_MAX];
	size_t count;
	struct order ring[CLASS_COUNT], crowd; /* crowd: stations of BULK with several of a kind */
	size_t deficit[CLASS_COUNT];
	unsigned turn;
	bool begun;
} model;

static struct {
	struct entry *entry[ITEMS_MAX];
	const char *reason[ITEMS_MAX];
	size_t count, checked;
} drops;

static unsigned short dice[3];
static int64_t now_ms;
static uint64_t next_row;
static struct schedule *schedule;

static size_t roll(size_t sides)
{
	return (size_t)nrand48(dice) % sides;
}

static void note_drop(void *context, struct entry *entry, const char *reason)
{
	(void)context;
	assert_true(drops.count < ITEMS_MAX);
	drops.entry[drops.count] = entry;
	drops.reason[drops.count++] = reason;
}

static bool order_has(const struct order *order, unsigned station)
{
	for (size_t i = 0; i < order->count; i++)
		if (order->of[i] == station)
			return true;
	return false;
}

static void order_remove(struct order *order, unsigned station)
{
	size_t kept = 0;
	for (size_t i = 0; i < order->count; i++)
		if (order->of[i] != station)
			order->of[kept++] = order->of[i];
	order->count = kept;
}

static void order_append(struct order *order, unsigned station)
{
	order_remove(order, station);
	order->of[order->count++] = station;
}

static void order_prepend(struct order *order, unsigned station)
{
	order_remove(order, station);
	memmove(order->of + 1, order->of, order->count * sizeof(order->of[0]));
	order->of[0] = station;
	order->count++;
}

/* The waiting item of a class (and station, unless it is STATIONS) with the lowest row; ITEMS_MAX = none. */
static size_t model_first(unsigned class, unsigned station, bool with_held)
{
	size_t best = ITEMS_MAX;
	for (size_t i = 0; i < model.count; i++) {
		const struct item *item = &model.items[i];
		if (item->entry->class == class && (station == STATIONS || item->station == station) &&
		    (with_held || !item->held) &&
		    (best == ITEMS_MAX || item->entry->row < model.items[best].entry->row))
			best = i;
	}
	return best;
}

static bool has_newer(const struct item *item)
{
	for (size_t i = 0; i < model.count; i++)
		if (!model.items[i].held && model.items[i].station == item->station &&
		    model.items[i].entry->class == CLASS_BULK && model.items[i].entry->kind == item->entry->kind &&
		    model.items[i].entry->row > item->entry->row)
			return true;
	return false;
}

/* The superseded item of a BULK station with the lowest row. */
static size_t model_superseded(unsigned station)
{
	size_t best = ITEMS_MAX;
	for (size_t i = 0; i < model.count; i++)
		if (!model.items[i].held && model.items[i].station == station &&
		    model.items[i].entry->class == CLASS_BULK && has_newer(&model.items[i]) &&
		    (best == ITEMS_MAX || model.items[i].entry->row < model.items[best].entry->row))
			best = i;
	return best;
}

/* Brings ring and crowd up to date after an item of this station came or went. */
static void model_refresh(unsigned class, unsigned station)
{
	if (model_first(class, station, false) == ITEMS_MAX)
		order_remove(&model.ring[class], station);
	else if (!order_has(&model.ring[class], station))
		order_append(&model.ring[class], station);
	if (class != CLASS_BULK)
		return;
	if (model_superseded(station) == ITEMS_MAX)
		order_remove(&model.crowd, station);
	else if (!order_has(&model.crowd, station))
		order_append(&model.crowd, station);
}

static void model_add(struct entry *entry, unsigned station, bool held, int64_t until_ms)
{
	assert_true(model.count < ITEMS_MAX);
	model.items[model.count++] = (struct item){entry_ref(entry), station, held, until_ms};
	model_refresh(entry->class, station);
}

static void model_take_out(size_t at)
{
	struct item item = model.items[at];
	memmove(&model.items[at], &model.items[at + 1], (--model.count - at) * sizeof(item));
	model_refresh(item.entry->class, item.station);
	if (model_first(item.entry->class, STATIONS, false) == ITEMS_MAX)
		model.deficit[item.entry->class] = 0;
	entry_unref(item.entry);
}

/* The schedule must have dropped exactly this next. */
static void expect_drop(size_t at, const char *reason)
{
	assert_true(drops.checked < drops.count);
	assert_ptr_equal(drops.entry[drops.checked], model.items[at].entry);
	assert_string_equal(drops.reason[drops.checked], reason);
	entry_unref(drops.entry[drops.checked++]);
	model_take_out(at);
}

static size_t model_bytes(unsigned class)
{
	size_t bytes = 0;
	for (size_t i = 0; i < model.count; i++)
		if (model.items[i].entry->class == class)
			bytes += entry_footprint(model.items[i].entry);
	return bytes;
}

static void model_keep_bound(unsigned class)
{
	while (class >= STRICT && model_bytes(class) > BOUND_BYTES) {
		if (class == CLASS_BULK && model.crowd.count > 0) {
			unsigned station = model.crowd.of[0];
			order_append(&model.crowd, station);
			expect_drop(model_superseded(station), "replaced_by_newer");
		} else {
			expect_drop(model_first(class, STATIONS, true), "over_bound");
		}
	}
}

static bool expired(const struct entry *entry)
{
	return entry->expires_at_ms && entry->expires_at_ms <= now_ms;
}

/* The next item of a class, after the expired ones before it were dropped. */
static size_t model_next(unsigned class)
{
	while (model.ring[class].count > 0) {
		size_t at = model_first(class, model.ring[class].of[0], false);
		if (!expired(model.items[at].entry))
			return at;
		expect_drop(at, "expired");
	}
	return ITEMS_MAX;
}

static size_t cost(const struct entry *entry)
{
	return strlen(entry_topic(entry)) + 1 + entry->payload_size;
}

/* Deficit round robin as the textbook has it. ITEMS_MAX = nothing there. */
static size_t model_choose(unsigned first, unsigned last)
{
	static const size_t weight[CLASS_COUNT] = {0, 0, 6, 3, 1};
	size_t next[CLASS_COUNT], any = 0;
	for (unsigned i = 0; i < CLASS_COUNT; i++)
		next[i] = ITEMS_MAX;
	for (unsigned i = first; i <= last && i < STRICT; i++)
		if ((next[i] = model_next(i)) != ITEMS_MAX)
			return next[i];
	for (unsigned i = first < STRICT ? STRICT : first; i <= last; i++)
		any += model_next(i) != ITEMS_MAX;
	for (unsigned i = first < STRICT ? STRICT : first; i <= last; i++) /* again: drops moved items about */
		next[i] = model_next(i);
	while (any > 0) {
		size_t at = next[model.turn];
		if (at != ITEMS_MAX) {
			if (!model.begun)
				model.deficit[model.turn] += weight[model.turn] * QUANTUM_BYTES;
			model.begun = true;
			if (model.deficit[model.turn] >= cost(model.items[at].entry)) {
				model.deficit[model.turn] -= cost(model.items[at].entry);
				return at;
			}
		}
		model.turn = model.turn == CLASS_BULK ? STRICT : model.turn + 1;
		model.begun = false;
	}
	return ITEMS_MAX;
}

static void put(void)
{
	char name[4];
	static const char payload[600];
	unsigned station = (unsigned)(roll(3) ? roll(STATIONS) : 0);
	snprintf(name, sizeof(name), "S%u", station);
	struct entry_parts parts = {.class = (enum message_class)roll(CLASS_COUNT),
				    .kind = roll(2) ? KIND_POSITION : (enum message_kind)roll(KIND_COUNT),
				    .outlet = "uplink",
				    .id = "id",
				    .station = name,
				    .topic = "topic",
				    .payload = payload,
				    .payload_size = roll(sizeof(payload)),
				    .expires_at_ms = roll(3) ? now_ms + 1 + (int64_t)roll(2000) : 0};
	struct entry *entry = entry_new(&parts, next_row++);
	if (roll(20) == 0) {
		int64_t until_ms = now_ms + (int64_t)roll(1000);
		model_add(entry, station, true, until_ms);
		schedule_hold(schedule, entry, until_ms);
		return;
	}
	model_add(entry, station, false, 0);
	schedule_put(schedule, entry);
	model_keep_bound(entry->class);
}

static void take(void)
{
	unsigned first = (unsigned)roll(CLASS_COUNT), last = first + (unsigned)roll(CLASS_COUNT - first);
	struct entry *entry = schedule_take(schedule, (enum message_class)first, (enum message_class)last, now_ms);
	size_t at = model_choose(first, last);
	if (at == ITEMS_MAX) {
		assert_null(entry);
		return;
	}
	assert_ptr_equal(entry, model.items[at].entry);
	unsigned station = model.items[at].station;
	order_append(&model.ring[entry->class], station);
	model_take_out(at);
	if (roll(8) == 0) {
		schedule_give_back(schedule, entry);
		model_add(entry, station, false, 0);
		order_prepend(&model.ring[entry->class], station);
	} else {
		entry_unref(entry);
	}
}

/* Lets the expired ones go, of the held or of the waiting; returns their number. */
static size_t model_expire(bool held)
{
	size_t count = 0;
	for (size_t i = 0; i < model.count;) {
		if (model.items[i].held != held || !expired(model.items[i].entry)) {
			i++;
			continue;
		}
		model_take_out(i);
		count++;
	}
	return count;
}

static size_t model_release(void)
{
	size_t count = 0;
	for (size_t i = 0; i < model.count; i++)
		if (model.items[i].held && model.items[i].until_ms <= now_ms) {
			model.items[i].held = false;
			model_refresh(model.items[i].entry->class, model.items[i].station);
			count++;
		}
	return count;
}

/* A tick may drop in any order: compared is who leaves. */
static void tick(void)
{
	size_t moved = schedule_tick(schedule, now_ms);
	size_t gone = model_expire(true), released = model_release();
	gone += model_expire(false);
	assert_int_equal(moved, gone + released);
	assert_int_equal(drops.count - drops.checked, gone);
	for (; drops.checked < drops.count; drops.checked++) {
		assert_string_equal(drops.reason[drops.checked], "expired");
		assert_true(expired(drops.entry[drops.checked]));
		entry_unref(drops.entry[drops.checked]);
	}
}

static void remove_one(void)
{
	if (model.count == 0)
		return;
	size_t at = roll(model.count);
	struct entry *entry = model.items[at].entry;
	assert_true(schedule_remove(schedule, entry));
	model_take_out(at);
	entry_unref(entry);
}

static void compare_levels(void)
{
	for (unsigned class = 0; class < CLASS_COUNT; class += 1) {
		struct schedule_level level = schedule_level(schedule, (enum message_class) class);
		size_t entries = 0, held = 0;
		for (size_t i = 0; i < model.count; i++)
			if (model.items[i].entry->class == class) {
				entries++;
				held += model.items[i].held;
			}
		assert_int_equal(level.entries, entries);
		assert_int_equal(level.held, held);
		assert_int_equal(level.bytes, model_bytes(class));
		assert_int_equal(schedule_ready(schedule, class, class), entries > held);
	}
}

static void run(unsigned short seed, size_t operations)
{
	struct schedule_settings settings = {.weight = {0, 0, 6, 3, 1}};
	for (size_t i = 0; i < CLASS_COUNT; i++)
		settings.class_bytes[i] = BOUND_BYTES;
	memset(&model, 0, sizeof(model));
	model.turn = STRICT;
	dice[0] = dice[1] = dice[2] = seed;
	now_ms = 1000;
	schedule = schedule_new(&settings, note_drop, NULL);
	for (size_t i = 0; i < operations; i++) {
		size_t what = roll(1000);
		/* filling and emptying in turns */
		if (what < (i / 500 % 2 ? 640u : 380u))
			put();
		else if (what < 985)
			take();
		else if (what < 990)
			remove_one();
		else
			tick();
		now_ms += (int64_t)roll(3);
		assert_int_equal(drops.checked, drops.count);
		drops.checked = drops.count = 0;
		if (i % 50 == 0)
			compare_levels();
	}
	schedule_free(schedule);
	while (model.count > 0)
		model_take_out(model.count - 1);
}

static void agrees_with_model(void **state)
{
	(void)state;
	for (unsigned short seed = 1; seed <= 10; seed++)
		run(seed, OPERATIONS / 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(agrees_with_model)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
