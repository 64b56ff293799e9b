/* MQTT 5 topic aliases: a small table, from which only what has not been used for a while has to go. */
#include "gateway/alias.h"

#include <stdlib.h>
#include <string.h>

#define ALIASES_MAX 64
/* Brokers often take ten only. Were the oldest always replaced, eleven topics in turn would never find theirs again. */
#define IDLE_PER_ALIAS 8

struct alias {
	char *topic;
	uint32_t hash;
	uint64_t used;
};

struct aliases {
	uint64_t clock;
	uint16_t maximum, count;
	struct alias table[ALIASES_MAX];
};

struct aliases *aliases_new(uint16_t maximum)
{
	struct aliases *aliases = maximum ? calloc(1, sizeof(*aliases)) : NULL;
	if (aliases)
		aliases->maximum = maximum < ALIASES_MAX ? maximum : ALIASES_MAX;
	return aliases;
}

void aliases_free(struct aliases *aliases)
{
	if (!aliases)
		return;
	for (unsigned i = 0; i < aliases->count; i++)
		free(aliases->table[i].topic);
	free(aliases);
}

/* FNV-1a: only to compare faster. */
static uint32_t hash_of(const char *topic)
{
	uint32_t hash = 2166136261u;
	for (; *topic; topic++)
		hash = (hash ^ (uint8_t)*topic) * 16777619u;
	return hash;
}

/* NULL: all are in use. */
static struct alias *place_for_new(struct aliases *aliases)
{
	struct alias *oldest = &aliases->table[0];
	if (aliases->count < aliases->maximum)
		return &aliases->table[aliases->count++];
	for (unsigned i = 1; i < aliases->count; i++)
		if (aliases->table[i].used < oldest->used)
			oldest = &aliases->table[i];
	bool idle = !oldest->topic || aliases->clock - oldest->used > (uint64_t)aliases->maximum * IDLE_PER_ALIAS;
	return idle ? oldest : NULL;
}

static uint16_t number_of(const struct aliases *aliases, const struct alias *alias)
{
	return (uint16_t)(alias - aliases->table + 1);
}

uint16_t alias_of(struct aliases *aliases, const char *topic, bool *known)
{
	*known = false;
	if (!aliases)
		return 0;
	uint32_t hash = hash_of(topic);
	aliases->clock++;
	for (unsigned i = 0; i < aliases->count; i++) {
		struct alias *alias = &aliases->table[i];
		if (!alias->topic || alias->hash != hash || strcmp(alias->topic, topic) != 0)
			continue;
		alias->used = aliases->clock;
		*known = true;
		return number_of(aliases, alias);
	}
	struct alias *alias = place_for_new(aliases);
	char *copy = alias ? strdup(topic) : NULL;
	if (!copy)
		return 0;
	free(alias->topic);
	*alias = (struct alias){.topic = copy, .hash = hash, .used = aliases->clock};
	return number_of(aliases, alias);
}

void alias_forget(struct aliases *aliases, uint16_t number)
{
	if (!aliases || number < 1 || number > aliases->count)
		return;
	free(aliases->table[number - 1].topic);
	aliases->table[number - 1] = (struct alias){0};
}
