/* Named counters in a list: they are few, and hot paths keep the pointer. */
#include "gateway/counters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct counters {
	struct counter *first, **last;
};

struct counters *counters_new(void)
{
	struct counters *counters = calloc(1, sizeof(*counters));
	if (!counters)
		abort();
	counters->last = &counters->first;
	return counters;
}

void counters_free(struct counters *counters)
{
	if (!counters)
		return;
	for (struct counter *counter = counters->first, *next; counter; counter = next) {
		next = counter->next;
		free(counter);
	}
	free(counters);
}

static struct counter *counters_add(struct counters *counters, const char *group, const char *name)
{
	struct counter *counter = calloc(1, sizeof(*counter));
	if (!counter)
		abort();
	snprintf(counter->group, sizeof(counter->group), "%s", group);
	snprintf(counter->name, sizeof(counter->name), "%s", name);
	*counters->last = counter;
	counters->last = &counter->next;
	return counter;
}

struct counter *counters_get(struct counters *counters, const char *group, const char *name)
{
	for (struct counter *counter = counters->first; counter; counter = counter->next)
		if (strncmp(counter->group, group, sizeof(counter->group) - 1) == 0 &&
		    strncmp(counter->name, name, sizeof(counter->name) - 1) == 0)
			return counter;
	return counters_add(counters, group, name);
}

const struct counter *counters_first(const struct counters *counters)
{
	return counters->first;
}
