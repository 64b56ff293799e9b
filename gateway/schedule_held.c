/* Entries that are set aside until a time. */
#include "gateway/schedule_held.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/schedule_order.h"
#include "gateway/turns.h"

void held_clear(struct held_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		entry_unref(list->items[i].entry);
	free(list->items);
	*list = (struct held_list){0};
}

static int64_t due_of(const struct held *held)
{
	int64_t expiry_ms = turns_expiry_ms(held->entry);
	return held->until_ms < expiry_ms ? held->until_ms : expiry_ms;
}

void held_add(struct held_list *list, struct entry *entry, int64_t until_ms)
{
	if (list->count == list->room) {
		list->room = list->room ? 2 * list->room : 8;
		list->items = reallocarray(list->items, list->room, sizeof(*list->items));
		if (!list->items)
			abort(); /* as in turns.h */
	}
	entry->next = NULL;
	struct held *held = &list->items[list->count++];
	*held = (struct held){entry, until_ms};
	if (list->count == 1 || due_of(held) < list->due_ms)
		list->due_ms = due_of(held);
}

struct entry *held_take(struct held_list *list, size_t at)
{
	struct held *held = &list->items[at];
	struct entry *entry = held->entry;
	memmove(held, held + 1, (--list->count - at) * sizeof(*held));
	return entry;
}

struct entry *held_take_due(struct held_list *list, int64_t now_ms)
{
	if (list->count == 0 || now_ms < list->due_ms)
		return NULL;
	list->due_ms = INT64_MAX;
	for (size_t i = 0; i < list->count; i++) {
		int64_t due_ms = due_of(&list->items[i]);
		if (due_ms <= now_ms) {
			list->due_ms = now_ms; /* there may be more */
			return held_take(list, i);
		}
		if (due_ms < list->due_ms)
			list->due_ms = due_ms;
	}
	return NULL;
}

size_t held_oldest(const struct held_list *list, unsigned class)
{
	size_t oldest = list->count;
	for (size_t i = 0; i < list->count; i++)
		if (order_class(list->items[i].entry) == class &&
		    (oldest == list->count || list->items[i].entry->row < list->items[oldest].entry->row))
			oldest = i;
	return oldest;
}

size_t held_find(const struct held_list *list, const struct entry *entry)
{
	size_t at = 0;
	while (at < list->count && list->items[at].entry != entry)
		at++;
	return at;
}
