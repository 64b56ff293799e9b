/* Entries: one allocation each. */
#include "gateway/entry.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/packer.h"

static uint16_t append(struct entry *entry, size_t *at, const char *text)
{
	size_t start = *at, size = strlen(text) + 1;
	memcpy(entry->data + start, text, size);
	*at += size;
	return (uint16_t)start;
}

/* What will be held of the payload; *size is its size. */
static const void *held_payload(const struct entry_parts *parts, size_t *size)
{
	static char packed[PACKER_MAX];
	*size = parts->held_size ? parts->held_size : parts->payload_size;
	if (!parts->pack || parts->held_size || parts->payload_size > PACKER_MAX)
		return parts->payload;
	size_t smaller = packer_pack(parts->payload, parts->payload_size, packed, sizeof(packed));
	if (!smaller)
		return parts->payload;
	*size = smaller;
	return packed;
}

/* Who does what where: whoever subscribes must get all rows at once. It follows from the topic, so that the store need not keep it. */
static bool is_retained(const struct entry_parts *parts)
{
	return parts->kind == KIND_ACTIVITY && strncmp(parts->topic, "act/", 4) == 0;
}

/* Exercises and tests have topics of their own, which the store keeps. */
static bool is_exercise(const struct entry_parts *parts)
{
	return strncmp(parts->topic, "exercise/", 9) == 0;
}

struct entry *entry_new(const struct entry_parts *parts, uint64_t row)
{
	size_t texts = strlen(parts->outlet) + strlen(parts->id) + strlen(parts->station) + strlen(parts->topic) + 4;
	if (texts > 60000 || parts->payload_size > UINT32_MAX / 2 || parts->held_size > parts->payload_size)
		return NULL;
	size_t held_size;
	const void *held = held_payload(parts, &held_size);
	struct entry *entry = malloc(sizeof(*entry) + texts + held_size);
	if (!entry)
		return NULL;
	*entry = (struct entry){.references = 1,
				.class = (uint8_t)parts->class,
				.kind = (uint8_t)parts->kind,
				.retain = is_retained(parts),
				.exercise = is_exercise(parts),
				.row = row,
				.heard_us = parts->heard_us,
				.accepted_at_ms = parts->accepted_at_ms,
				.expires_at_ms = parts->expires_at_ms,
				.payload_size = (uint32_t)parts->payload_size,
				.held_size = (uint32_t)held_size};
	size_t at = 0;
	entry->outlet_at = append(entry, &at, parts->outlet);
	entry->id_at = append(entry, &at, parts->id);
	entry->station_at = append(entry, &at, parts->station);
	entry->topic_at = append(entry, &at, parts->topic);
	entry->payload_at = (uint16_t)at;
	if (held_size)
		memcpy(entry->data + at, held, held_size);
	return entry;
}

struct entry *entry_ref(struct entry *entry)
{
	entry->references++;
	return entry;
}

void entry_unref(struct entry *entry)
{
	if (entry && --entry->references == 0)
		free(entry);
}

const char *entry_payload(const struct entry *entry)
{
	static char text[PACKER_MAX];
	if (entry->held_size == entry->payload_size)
		return entry_held(entry);
	if (entry->payload_size > sizeof(text) ||
	    !packer_unpack(entry_held(entry), entry->held_size, text, entry->payload_size))
		return NULL;
	return text;
}

size_t entry_footprint(const struct entry *entry)
{
	return sizeof(*entry) + entry->payload_at + entry->held_size;
}
