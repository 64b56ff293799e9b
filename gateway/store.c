/* The durable store as the rest of the gateway sees it: entries and blocks are handed over, nobody waits. */
#include "gateway/store_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/priorities.h"

enum { TIMER_ACCURACY_US = 1000, RETRY_US = 30 * 1000000 };

uint64_t store_new_row(struct store *store)
{
	/* In good time before the block is used up, so that the disk has half a block's time. */
	if (store->thread && store->next_row + STORE_ROW_BLOCK / 2 == store->row_limit)
		store_due_within(store, 0);
	return store->next_row++;
}

void store_put(struct store *store, struct entry *entry, bool urgent)
{
	if (entry->disk == ENTRY_ON_DISK || store_find_put(store, entry->row))
		return;
	struct store_change *change = calloc(1, sizeof(*change));
	if (change)
		change->key.row = entry->row;
	if (!change || !store_index_add(&store->puts, &change->key)) {
		free(change);
		store->no_memory->value++;
		return;
	}
	change->type = STORE_PUT;
	change->entry = entry_ref(entry);
	entry->disk = ENTRY_WRITING;
	store_queue(store, change, urgent);
	store_due_within(store, urgent ? 0 : store->commit_interval_us);
}

static void queue_delete(struct store *store, uint64_t row)
{
	struct store_change *change = calloc(1, sizeof(*change));
	if (!change) {
		store->no_memory->value++;
		return;
	}
	change->type = STORE_DELETE;
	change->key.row = row;
	store_queue(store, change, false);
	store_due_within(store, STORE_DELETE_DELAY_US);
}

void store_forget(struct store *store, struct entry *entry)
{
	struct store_change *change = store_find_put(store, entry->row);
	bool on_disk = entry->disk == ENTRY_ON_DISK;
	entry->disk = ENTRY_IN_MEMORY;
	if (!change) {
		if (on_disk)
			queue_delete(store, entry->row);
		return;
	}
	if (!change->list) {
		change->forgotten = true;
		return;
	}
	if (change->tried) {
		store_turn_to_delete(store, change);
		return;
	}
	store_list_remove(store, change);
	store_change_free(store, change);
	store->spared->value++;
}

bool store_keep(struct store *store, const char *name, const void *bytes, size_t size)
{
	size_t name_size = strlen(name) + 1;
	struct store_change *change = store->thread ? calloc(1, sizeof(*change) + name_size + size) : NULL;
	if (!change) {
		store->no_memory->value += store->thread != NULL;
		return false;
	}
	change->type = STORE_KEEP;
	change->size = size;
	memcpy(change->data, name, name_size);
	if (size)
		memcpy(change->data + name_size, bytes, size);
	struct store_change *older = store_find_keep(store, name);
	if (older) {
		store_list_remove(store, older);
		store_change_free(store, older);
	}
	store_list_add(&store->keeps, change);
	store_due_within(store, store->commit_interval_us);
	return true;
}

void store_hurry(struct store *store)
{
	if (!store_nothing_waits(store))
		store_due_within(store, 0);
}

const void *store_recall(const struct store *store, const char *name, size_t *size)
{
	for (const struct store_block *block = store->kept; block; block = block->next)
		if (strcmp(block->data, name) == 0) {
			*size = block->size;
			return block->data + strlen(name) + 1;
		}
	*size = 0;
	return NULL;
}

unsigned store_replaced(const struct store *store)
{
	return store->replaced;
}

enum store_health store_health(const struct store *store)
{
	return store->health;
}

uint64_t store_bytes_written(const struct store *store)
{
	return store->bytes_written;
}

void store_load(struct store *store, void (*loaded)(void *context, struct entry *entry), void *context)
{
	store->loaded = loaded;
	store->loaded_context = context;
	store_give_found(store);
}

static void name_counters(struct store *store, struct counters *counters)
{
	store->written = counters_get(counters, "store", "written");
	store->deleted = counters_get(counters, "store", "deleted");
	store->spared = counters_get(counters, "store", "delivered_before_written");
	store->groups = counters_get(counters, "store", "groups");
	store->failed_groups = counters_get(counters, "store", "groups_failed");
	store->refused = counters_get(counters, "store", "memory_only");
	store->bad_rows = counters_get(counters, "store", "drop.bad_row");
	store->rescued = counters_get(counters, "store", "rescued");
	store->no_memory = counters_get(counters, "store", "no_memory");
}

/* Opens and reads the file before there is a thread, and remembers what is to be said about it. */
static bool open_file(struct store *store, const char *path)
{
	struct store_db *db = store_db_new(path);
	if (!db)
		return false;
	store_db_run(db, &store->group);
	store_take_answers(store);
	store->announce = true;
	uint64_t first = store->group.first_row ? store->group.first_row : STORE_ROW_UNREAD;
	store->next_row = first;
	store->row_limit = store->health == STORE_OK ? first + STORE_ROW_BLOCK : first;
	store->thread = store_thread_new(db);
	return store->thread != NULL;
}

static bool add_sources(struct store *store, sd_event *event)
{
	if (sd_event_add_time(event, &store->timer, CLOCK_MONOTONIC, 0, TIMER_ACCURACY_US, store_on_timer, store) < 0 ||
	    sd_event_source_set_priority(store->timer, PRIORITY_WORKER) < 0 ||
	    sd_event_source_set_enabled(store->timer, SD_EVENT_OFF) < 0)
		return false;
	if (store->thread && (sd_event_add_io(event, &store->completion, store_thread_fd(store->thread), EPOLLIN,
					      store_on_completion, store) < 0 ||
			      sd_event_source_set_priority(store->completion, PRIORITY_WORKER) < 0))
		return false;
	return true;
}

struct store *store_open(const struct store_settings *settings, const struct store_callbacks *callbacks,
			 sd_event *event, struct counters *counters)
{
	struct store *store = calloc(1, sizeof(*store));
	if (!store)
		return NULL;
	store->callbacks = *callbacks;
	store->commit_interval_us = settings->commit_interval_ms * 1000;
	store->retry_interval_us = settings->retry_interval_ms ? settings->retry_interval_ms * 1000 : RETRY_US;
	store->due_us = STORE_NEVER;
	store->next_row = 1;
	store->health = STORE_OFF;
	TAILQ_INIT(&store->pending);
	TAILQ_INIT(&store->keeps);
	TAILQ_INIT(&store->waiting);
	TAILQ_INIT(&store->group.changes);
	name_counters(store, counters);
	if ((settings->path && !open_file(store, settings->path)) || !add_sources(store, event)) {
		store_close(store, 0);
		return NULL;
	}
	store_arm(store);
	return store;
}

/* Writes all that is pending. A disk that was away is tried once more. */
static void flush(struct store *store, int64_t until_us)
{
	for (bool tried = false;; tried = true) {
		if (store->busy && !store_thread_wait(store->thread, until_us))
			return;
		if (store->busy)
			store_absorb(store, true);
		if (store_nothing_waits(store) || (tried && store->health != STORE_OK) || clock_mono_us() >= until_us)
			return;
		store_hand_over(store);
	}
}

static void free_changes(struct store_changes *list)
{
	struct store_change *change;
	while ((change = TAILQ_FIRST(list))) {
		TAILQ_REMOVE(list, change, link);
		entry_unref(change->entry);
		free(change);
	}
}

static size_t count_puts(const struct store_changes *list)
{
	size_t count = 0;
	for (const struct store_change *change = TAILQ_FIRST(list); change; change = TAILQ_NEXT(change, link))
		count += change->type == STORE_PUT && !change->forgotten;
	return count;
}

static void say_what_is_lost(const struct store *store)
{
	size_t lost = count_puts(&store->pending) + count_puts(&store->waiting);
	lost += store->busy ? count_puts(&store->group.changes) : 0;
	if (lost)
		log_error("%zu messages end with this process: the disk of the message store did not take them in time",
			  lost);
}

static void free_rest(struct store *store)
{
	store_index_clear(&store->puts);
	free_changes(&store->pending);
	free_changes(&store->keeps);
	free_changes(&store->waiting);
	while (store->found) {
		struct entry *next = store->found->next;
		entry_unref(store->found);
		store->found = next;
	}
	while (store->kept) {
		struct store_block *next = store->kept->next;
		free(store->kept);
		store->kept = next;
	}
}

void store_close(struct store *store, int64_t timeout_ms)
{
	if (!store)
		return;
	int64_t until_us = clock_mono_us() + timeout_ms * 1000;
	sd_event_source_disable_unref(store->timer);
	sd_event_source_disable_unref(store->completion);
	store->timer = store->completion = NULL;
	bool ended = true;
	if (store->thread) {
		flush(store, until_us);
		ended = store_thread_free(store->thread, until_us);
	}
	say_what_is_lost(store);
	free_rest(store);
	if (!ended)
		return; /* the thread still works on store->group */
	free_changes(&store->group.changes);
	free(store);
}
