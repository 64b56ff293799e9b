/* The store's groups, seen from the loop: changes wait here, are handed to the thread, and come back written or not. */
#include "gateway/store_internal.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"

struct store_change *store_find_put(const struct store *store, uint64_t row)
{
	return (struct store_change *)store_index_find(&store->puts, row);
}

struct store_change *store_find_keep(const struct store *store, const char *name)
{
	struct store_change *change = TAILQ_FIRST(&store->keeps);
	while (change && strcmp(change->data, name) != 0)
		change = TAILQ_NEXT(change, link);
	return change;
}

void store_list_add(struct store_changes *list, struct store_change *change)
{
	TAILQ_INSERT_TAIL(list, change, link);
	change->list = list;
}

void store_list_remove(struct store *store, struct store_change *change)
{
	if (change->list == &store->pending)
		store->pending_count--;
	if (change == store->last_urgent)
		store->last_urgent = TAILQ_PREV(change, store_changes, link);
	TAILQ_REMOVE(change->list, change, link);
	change->list = NULL;
}

void store_arm(struct store *store)
{
	int64_t at = store->announce ? 0 : store->due_us;
	if (store->thread && store->health != STORE_OK && store->retry_us < at)
		at = store->retry_us;
	bool on = !store->busy && at != STORE_NEVER;
	if (on)
		sd_event_source_set_time(store->timer, (uint64_t)(at > 0 ? at : 0));
	sd_event_source_set_enabled(store->timer, on ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

void store_due_within(struct store *store, int64_t delay_us)
{
	int64_t at = clock_mono_us() + delay_us;
	if (store->pending_count >= STORE_GROUP_CHANGES)
		at = 0;
	if (at >= store->due_us)
		return;
	store->due_us = at;
	store_arm(store);
}

void store_queue(struct store *store, struct store_change *change, bool urgent)
{
	if (!urgent)
		TAILQ_INSERT_TAIL(&store->pending, change, link);
	else if (store->last_urgent)
		TAILQ_INSERT_AFTER(&store->pending, store->last_urgent, change, link);
	else
		TAILQ_INSERT_HEAD(&store->pending, change, link);
	if (urgent)
		store->last_urgent = change;
	change->list = &store->pending;
	store->pending_count++;
}

void store_change_free(struct store *store, struct store_change *change)
{
	if (change->type == STORE_PUT)
		store_index_remove(&store->puts, change->key.row);
	entry_unref(change->entry);
	free(change);
}

void store_turn_to_delete(struct store *store, struct store_change *change)
{
	store_index_remove(&store->puts, change->key.row);
	entry_unref(change->entry);
	change->entry = NULL;
	change->type = STORE_DELETE;
}

/* Moves changes into the group until it is full. */
static void collect(struct store *store, struct store_changes *list)
{
	struct store_group *group = &store->group;
	struct store_change *change;
	while ((change = TAILQ_FIRST(list)) && group->count < STORE_GROUP_CHANGES && group->bytes < STORE_GROUP_BYTES) {
		store_list_remove(store, change);
		TAILQ_INSERT_TAIL(&group->changes, change, link);
		group->count++;
		group->bytes += change->entry ? change->entry->held_size : change->size;
	}
}

bool store_nothing_waits(const struct store *store)
{
	return TAILQ_EMPTY(&store->pending) && TAILQ_EMPTY(&store->keeps) && TAILQ_EMPTY(&store->waiting);
}

static bool rows_run_out(const struct store *store)
{
	return store->next_row + STORE_ROW_BLOCK / 2 >= store->row_limit;
}

void store_hand_over(struct store *store)
{
	struct store_group *group = &store->group;
	*group = (struct store_group){.probe = store->health != STORE_OK};
	TAILQ_INIT(&group->changes);
	if (rows_run_out(store))
		store->row_limit = store->next_row + STORE_ROW_BLOCK;
	group->row_limit = store->row_limit;
	collect(store, &store->keeps);
	collect(store, &store->pending);
	collect(store, &store->waiting);
	store->due_us = store_nothing_waits(store) ? STORE_NEVER : 0;
	store->busy = true;
	store_thread_give(store->thread, group);
}

/* The disk is away: says so of everything pending, and lets it wait. A group's worth a turn, so that the loop is not held up. */
static void refuse_pending(struct store *store)
{
	struct store_change *change;
	for (int i = 0; i < STORE_GROUP_CHANGES && (change = TAILQ_FIRST(&store->pending)); i++) {
		/* The analyzer does not see that the removed one is no longer first. */
		store_list_remove(store, change); /* NOLINT(clang-analyzer-unix.Malloc) */
		struct entry *entry = change->entry ? entry_ref(change->entry) : NULL;
		bool tell = entry && !change->told;
		change->told = true;
		if (store->thread)
			store_list_add(&store->waiting, change);
		else
			store_change_free(store, change);
		if (tell) {
			entry->disk = ENTRY_IN_MEMORY;
			store->refused->value++;
			store->callbacks.stored(store->callbacks.context, entry, false);
		}
		entry_unref(entry);
	}
	store->due_us = TAILQ_EMPTY(&store->pending) ? STORE_NEVER : 0;
}

static void announce(struct store *store)
{
	struct store_group *group = &store->group;
	if (group->damage[0])
		store->callbacks.health(store->callbacks.context, STORE_OK, group->damage);
	const char *text = store->health == STORE_OK ? "" : group->text;
	if (strcmp(text, store->said) == 0)
		return;
	memcpy(store->said, text, strlen(text) + 1);
	store->callbacks.health(store->callbacks.context, store->health,
				text[0] ? text : "the message store is written again");
}

int store_on_timer(sd_event_source *source, uint64_t time_us, void *context)
{
	(void)source;
	(void)time_us;
	struct store *store = context;
	if (store->announce) {
		store->announce = false;
		announce(store);
	} else if (store->busy) {
		return 0;
	} else if (!store->thread || (store->health != STORE_OK && store->retry_us > clock_mono_us())) {
		refuse_pending(store);
	} else if (store->health != STORE_OK || !store_nothing_waits(store) || rows_run_out(store)) {
		store_hand_over(store);
	} else {
		store->due_us = STORE_NEVER; /* what was pending was forgotten */
	}
	store_arm(store);
	return 0;
}

/* One put of a group that was written. quiet: the store is closing. */
static void put_written(struct store *store, struct store_change *change, bool quiet)
{
	store->written->value++;
	if (change->forgotten) {
		store_turn_to_delete(store, change);
		store_queue(store, change, false);
		store_due_within(store, STORE_DELETE_DELAY_US);
		return;
	}
	struct entry *entry = entry_ref(change->entry);
	store_change_free(store, change);
	entry->disk = ENTRY_ON_DISK;
	if (!quiet)
		store->callbacks.stored(store->callbacks.context, entry, true);
	entry_unref(entry);
}

static void change_written(struct store *store, struct store_change *change, bool quiet)
{
	if (change->type == STORE_PUT) {
		put_written(store, change, quiet);
		return;
	}
	store->deleted->value += change->type == STORE_DELETE;
	if (change->type == STORE_KEEP && !quiet && store->callbacks.kept)
		store->callbacks.kept(store->callbacks.context, change->data);
	store_change_free(store, change);
}

static void change_failed(struct store *store, struct store_change *change, bool quiet)
{
	change->tried = true;
	if (change->type == STORE_KEEP) {
		if (store_find_keep(store, change->data)) /* a newer one */
			free(change);
		else
			store_list_add(&store->keeps, change);
		return;
	}
	if (change->forgotten)
		store_turn_to_delete(store, change);
	store_list_add(&store->waiting, change);
	if (change->type != STORE_PUT || change->told)
		return;
	change->told = true;
	struct entry *entry = entry_ref(change->entry);
	entry->disk = ENTRY_IN_MEMORY;
	store->refused->value++;
	if (!quiet)
		store->callbacks.stored(store->callbacks.context, entry, false);
	entry_unref(entry);
}

void store_take_answers(struct store *store)
{
	struct store_group *group = &store->group;
	store->groups->value += group->health == STORE_OK;
	store->failed_groups->value += group->health != STORE_OK;
	store->bytes_written = group->bytes_written;
	store->bad_rows->value += group->bad_rows;
	store->rescued->value += group->rescued;
	store->replaced += group->damage[0] != '\0';
	if (group->found)
		store->found = group->found;
	group->found = NULL;
	if (group->kept) {
		store->kept = group->kept; /* a file is read once */
		group->kept = NULL;
		store->kept_late = store->loaded != NULL;
	}
	store->health = group->health;
	if (store->health != STORE_OK)
		store->retry_us = clock_mono_us() + store->retry_interval_us;
}

void store_give_found(struct store *store)
{
	while (store->loaded && store->found) {
		struct entry *entry = store->found;
		store->found = entry->next;
		entry->next = NULL;
		store->loaded(store->loaded_context, entry);
	}
}

void store_absorb(struct store *store, bool quiet)
{
	struct store_change *change;
	store->busy = false;
	store_take_answers(store);
	if (!quiet)
		announce(store);
	while ((change = TAILQ_FIRST(&store->group.changes))) {
		TAILQ_REMOVE(&store->group.changes, change, link);
		if (store->group.health == STORE_OK)
			change_written(store, change, quiet);
		else
			change_failed(store, change, quiet);
	}
	/* The blocks first, as at the start: they say what has become of the entries. */
	if (!quiet && store->kept_late && store->callbacks.recalled)
		store->callbacks.recalled(store->callbacks.context);
	store->kept_late = false;
	if (!quiet)
		store_give_found(store);
	if (store->health == STORE_OK && !TAILQ_EMPTY(&store->waiting))
		store->due_us = 0;
}

int store_on_completion(sd_event_source *source, int fd, uint32_t events, void *context)
{
	(void)source;
	(void)fd;
	(void)events;
	struct store *store = context;
	if (store_thread_take(store->thread))
		store_absorb(store, false);
	store_arm(store);
	return 0;
}
