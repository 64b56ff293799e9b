/* Which entry goes next: everything Actual, then exercises and tests in an order of their own. */
#include "gateway/schedule.h"

#include <stdlib.h>

#include "gateway/schedule_order.h"

struct schedule {
	struct order *actual, *exercise;
};

static struct order *order_of(struct schedule *schedule, const struct entry *entry)
{
	return entry->exercise ? schedule->exercise : schedule->actual;
}

struct schedule *schedule_new(const struct schedule_settings *settings, schedule_drop_fn *drop, void *context)
{
	struct schedule *schedule = calloc(1, sizeof(*schedule));
	if (!schedule)
		abort();
	schedule->actual = order_new(settings, drop, context);
	schedule->exercise = order_new(settings, drop, context);
	return schedule;
}

void schedule_free(struct schedule *schedule)
{
	if (!schedule)
		return;
	order_free(schedule->actual);
	order_free(schedule->exercise);
	free(schedule);
}

void schedule_put(struct schedule *schedule, struct entry *entry)
{
	order_put(order_of(schedule, entry), entry);
}

void schedule_give_back(struct schedule *schedule, struct entry *entry)
{
	order_give_back(order_of(schedule, entry), entry);
}

void schedule_return(struct schedule *schedule, struct entry *entry)
{
	order_return(order_of(schedule, entry), entry);
}

void schedule_hold(struct schedule *schedule, struct entry *entry, int64_t until_ms)
{
	order_hold(order_of(schedule, entry), entry, until_ms);
}

/* An exercise of any class, even DISTRESS, must not delay anything Actual. */
static bool may_exercise(const struct schedule *schedule)
{
	return !order_ready(schedule->actual, CLASS_DISTRESS, CLASS_BULK);
}

struct entry *schedule_take(struct schedule *schedule, enum message_class first, enum message_class last,
			    int64_t now_ms)
{
	struct entry *entry = order_take(schedule->actual, first, last, now_ms);
	return entry || !may_exercise(schedule) ? entry : order_take(schedule->exercise, first, last, now_ms);
}

struct entry *schedule_peek(struct schedule *schedule, enum message_class first, enum message_class last,
			    int64_t now_ms)
{
	struct entry *entry = order_peek(schedule->actual, first, last, now_ms);
	return entry || !may_exercise(schedule) ? entry : order_peek(schedule->exercise, first, last, now_ms);
}

/* Whose entries go now. */
static struct order *order_now(const struct schedule *schedule)
{
	return may_exercise(schedule) ? schedule->exercise : schedule->actual;
}

struct entry *schedule_front(struct schedule *schedule, enum message_class class, int64_t now_ms)
{
	return order_front(order_now(schedule), class, now_ms);
}

struct entry *schedule_take_front(struct schedule *schedule, enum message_class class, bool borrow, int64_t now_ms)
{
	return order_take_front(order_now(schedule), class, borrow, now_ms);
}

bool schedule_owes(const struct schedule *schedule, enum message_class class)
{
	return order_owes(order_now(schedule), class);
}

bool schedule_ready(const struct schedule *schedule, enum message_class first, enum message_class last)
{
	return order_ready(schedule->actual, first, last) ||
	       (may_exercise(schedule) && order_ready(schedule->exercise, first, last));
}

bool schedule_ready_actual(const struct schedule *schedule, enum message_class first, enum message_class last)
{
	return order_ready(schedule->actual, first, last);
}

bool schedule_has(const struct schedule *schedule, enum message_class class, const char *station)
{
	return order_has(schedule->actual, class, station) || order_has(schedule->exercise, class, station);
}

bool schedule_remove(struct schedule *schedule, struct entry *entry)
{
	return order_remove(order_of(schedule, entry), entry);
}

size_t schedule_tick(struct schedule *schedule, int64_t now_ms)
{
	return order_tick(schedule->actual, now_ms) + order_tick(schedule->exercise, now_ms);
}

int64_t schedule_due_ms(const struct schedule *schedule)
{
	int64_t actual_ms = order_due_ms(schedule->actual), exercise_ms = order_due_ms(schedule->exercise);
	return actual_ms < exercise_ms ? actual_ms : exercise_ms;
}

static int64_t older_ms(int64_t one_ms, int64_t other_ms)
{
	if (!one_ms || !other_ms)
		return one_ms ? one_ms : other_ms;
	return one_ms < other_ms ? one_ms : other_ms;
}

struct schedule_level schedule_level(const struct schedule *schedule, enum message_class class)
{
	struct schedule_level level = order_level(schedule->actual, class);
	struct schedule_level exercise = order_level(schedule->exercise, class);
	level.entries += exercise.entries;
	level.bytes += exercise.bytes;
	level.held += exercise.held;
	level.oldest_ms = older_ms(level.oldest_ms, exercise.oldest_ms);
	return level;
}

void schedule_each_waiting(const struct schedule *schedule, schedule_each_fn *each, void *context)
{
	if (order_each_waiting(schedule->actual, each, context))
		order_each_waiting(schedule->exercise, each, context);
}

void schedule_each_held(const struct schedule *schedule, schedule_each_held_fn *each, void *context)
{
	if (order_each_held(schedule->actual, each, context))
		order_each_held(schedule->exercise, each, context);
}

struct each_call {
	schedule_each_fn *each;
	void *context;
	bool on;
};

static bool pass_waiting(void *context, const struct entry *entry)
{
	struct each_call *call = context;
	return call->on = call->each(call->context, entry);
}

static bool pass_held(void *context, const struct entry *entry, int64_t until_ms)
{
	(void)until_ms;
	return pass_waiting(context, entry);
}

void schedule_each(const struct schedule *schedule, schedule_each_fn *each, void *context)
{
	struct each_call call = {each, context, true};
	schedule_each_waiting(schedule, pass_waiting, &call);
	if (call.on)
		schedule_each_held(schedule, pass_held, &call);
}
