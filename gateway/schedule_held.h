/* Entries that are set aside until a time: a plain list, because there are few. Pure. */
#pragma once

#include "gateway/entry.h"

struct held {
	struct entry *entry;
	int64_t until_ms;
};

/* All zero = empty; due_ms is then without meaning. */
struct held_list {
	struct held *items;
	size_t count, room;
	int64_t due_ms; /* nothing is to be done about any of them before */
};

/* Gives back the references of what is still in it. */
void held_clear(struct held_list *list);
/* Takes over the reference. */
void held_add(struct held_list *list, struct entry *entry, int64_t until_ms);
/* Takes one out by its place in items; the reference is the caller's. */
struct entry *held_take(struct held_list *list, size_t at);
/* Takes out the first that is due or has expired; NULL: none, and due_ms says when there will be. */
struct entry *held_take_due(struct held_list *list, int64_t now_ms);
/* Which one of a class has the lowest row number, and which is this entry; count = none. */
size_t held_oldest(const struct held_list *list, unsigned class);
size_t held_find(const struct held_list *list, const struct entry *entry);
