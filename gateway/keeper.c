/* A list of entries in order of arrival that the store was not asked to write yet. */
#include "gateway/keeper.h"

#include <stdlib.h>

#include "gateway/clock.h"
#include "gateway/priorities.h"

struct keeper {
	struct store *store;
	int64_t interval_ms;
	struct entry *first, *last; /* by disk_next; the list holds a reference each */
	sd_event_source *source;
};

static struct entry *pop(struct keeper *keeper)
{
	struct entry *entry = keeper->first;
	keeper->first = entry->disk_next;
	if (!keeper->first)
		keeper->last = NULL;
	entry->disk_next = NULL;
	return entry;
}

/* Lets go of entries at the head that were finished before they ever needed the disk; answers come about in order. */
static void trim(struct keeper *keeper)
{
	while (keeper->first && keeper->first->finished)
		entry_unref(pop(keeper));
}

static void write_first(struct keeper *keeper)
{
	struct entry *entry = pop(keeper);
	if (!entry->finished)
		store_put(keeper->store, entry, false);
	entry_unref(entry);
}

static void arm(struct keeper *keeper, int64_t in_ms)
{
	sd_event_source_set_time(keeper->source, (uint64_t)(clock_mono_us() + in_ms * 1000));
	sd_event_source_set_enabled(keeper->source, SD_EVENT_ONESHOT);
}

static bool is_due(const struct entry *entry, int64_t now_ms, int64_t interval_ms)
{
	return entry->accepted_at_ms <= now_ms - interval_ms;
}

static int on_due(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)source, (void)at_us;
	struct keeper *keeper = context;
	int64_t now_ms = clock_steady_ms();
	trim(keeper);
	while (keeper->first && is_due(keeper->first, now_ms, keeper->interval_ms)) {
		write_first(keeper);
		trim(keeper);
	}
	if (keeper->first)
		arm(keeper, keeper->interval_ms / 2 + 10);
	return 0;
}

struct keeper *keeper_new(struct store *store, int64_t commit_interval_ms, sd_event *event)
{
	struct keeper *keeper = calloc(1, sizeof(*keeper));
	if (!keeper)
		return NULL;
	keeper->store = store;
	keeper->interval_ms = commit_interval_ms;
	if (sd_event_add_time(event, &keeper->source, CLOCK_MONOTONIC, 0, 50000, on_due, keeper) < 0) {
		free(keeper);
		return NULL;
	}
	sd_event_source_set_enabled(keeper->source, SD_EVENT_OFF);
	sd_event_source_set_priority(keeper->source, PRIORITY_WORKER);
	return keeper;
}

void keeper_free(struct keeper *keeper)
{
	if (!keeper)
		return;
	while (keeper->first)
		write_first(keeper);
	sd_event_source_disable_unref(keeper->source);
	free(keeper);
}

void keeper_keep(struct keeper *keeper, struct entry *entry)
{
	if (entry->class <= CLASS_URGENT) {
		store_put(keeper->store, entry, true);
		return;
	}
	bool idle = !keeper->first;
	entry_ref(entry);
	if (keeper->last)
		keeper->last->disk_next = entry;
	else
		keeper->first = entry;
	keeper->last = entry;
	if (idle)
		arm(keeper, keeper->interval_ms);
}

void keeper_finish(struct keeper *keeper, struct entry *entry)
{
	entry->finished = true;
	/* Also what is in memory only: a disk that was away still has it to write. */
	store_forget(keeper->store, entry);
	entry_unref(entry);
	trim(keeper);
}
