/* A short list of entries, because no more are taken than can be kept. */
#include "gateway/safety.h"

#include <stdlib.h>

struct watched {
	struct watched *next;
	struct entry *entry;
	size_t radio;
};

struct safety {
	void (*safer)(void *context, size_t radio);
	void *context;
	struct watched *first;
};

struct safety *safety_new(void (*safer)(void *context, size_t radio), void *context)
{
	struct safety *safety = calloc(1, sizeof(*safety));
	if (safety)
		*safety = (struct safety){.safer = safer, .context = context};
	return safety;
}

static void forget(struct watched **place)
{
	struct watched *watched = *place;
	*place = watched->next;
	entry_unref(watched->entry);
	free(watched);
}

void safety_free(struct safety *safety)
{
	while (safety && safety->first)
		forget(&safety->first);
	free(safety);
}

void safety_watch(struct safety *safety, struct entry *entry, size_t radio)
{
	struct watched *watched = calloc(1, sizeof(*watched));
	if (!watched)
		return;
	*watched = (struct watched){.next = safety->first, .entry = entry_ref(entry), .radio = radio};
	safety->first = watched;
}

void safety_settle(struct safety *safety, const struct entry *entry)
{
	struct watched **place = &safety->first;
	while (*place && (*place)->entry != entry)
		place = &(*place)->next;
	if (!*place)
		return;
	size_t radio = (*place)->radio;
	forget(place);
	safety->safer(safety->context, radio);
}

size_t safety_count(const struct safety *safety, size_t radio)
{
	size_t count = 0;
	for (const struct watched *watched = safety->first; watched; watched = watched->next)
		count += watched->radio == radio;
	return count;
}
