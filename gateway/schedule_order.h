/* One order of entries: what struct schedule has twice, for Actual messages and for exercises. The functions do what those of the same
 * name in schedule.h say. */
#pragma once

#include "gateway/schedule.h"

struct order;

struct order *order_new(const struct schedule_settings *settings, schedule_drop_fn *drop, void *context);
void order_free(struct order *order);
void order_put(struct order *order, struct entry *entry);
void order_give_back(struct order *order, struct entry *entry);
void order_return(struct order *order, struct entry *entry);
void order_hold(struct order *order, struct entry *entry, int64_t until_ms);
struct entry *order_take(struct order *order, enum message_class first, enum message_class last, int64_t now_ms);
struct entry *order_peek(struct order *order, enum message_class first, enum message_class last, int64_t now_ms);
struct entry *order_front(struct order *order, enum message_class class, int64_t now_ms);
struct entry *order_take_front(struct order *order, enum message_class class, bool borrow, int64_t now_ms);
bool order_owes(const struct order *order, enum message_class class);
bool order_ready(const struct order *order, enum message_class first, enum message_class last);
bool order_has(const struct order *order, enum message_class class, const char *station);
bool order_remove(struct order *order, struct entry *entry);
size_t order_tick(struct order *order, int64_t now_ms);
/* When the first held entry is due; INT64_MAX = none is held. */
int64_t order_due_ms(const struct order *order);
struct schedule_level order_level(const struct order *order, enum message_class class);
/* False: each returned false. */
bool order_each_waiting(const struct order *order, schedule_each_fn *each, void *context);
bool order_each_held(const struct order *order, schedule_each_held_fn *each, void *context);

/* A class that came out of a damaged store counts as the least one. */
static inline unsigned order_class(const struct entry *entry)
{
	return entry->class < CLASS_COUNT ? entry->class : CLASS_BULK;
}
