/* The rig around a store under test. */
#include "tests/support/store_rig.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway/clock.h"

enum { PATIENCE_US = 60 * 1000000 };

struct store_rig *store_rig_new(void)
{
	struct store_rig *rig = calloc(1, sizeof(*rig));
	if (!rig)
		abort();
	snprintf(rig->directory, sizeof(rig->directory), "/tmp/cresset-store-XXXXXX");
	if (!mkdtemp(rig->directory) || sd_event_new(&rig->event) < 0)
		abort();
	snprintf(rig->path, sizeof(rig->path), "%s/store.db", rig->directory);
	return rig;
}

static int take_away(const char *path, const struct stat *info, int type, struct FTW *walk)
{
	(void)info;
	(void)type;
	(void)walk;
	return remove(path);
}

void store_rig_free(struct store_rig *rig)
{
	if (rig->store)
		store_rig_close(rig);
	sd_event_unref(rig->event);
	nftw(rig->directory, take_away, 8, FTW_DEPTH | FTW_PHYS);
	free(rig);
}

void store_rig_forked(struct store_rig *rig)
{
	if (sd_event_new(&rig->event) < 0)
		abort();
}

static void on_stored(void *context, struct entry *entry, bool on_disk)
{
	struct store_rig *rig = context;
	if (entry->disk != (on_disk ? ENTRY_ON_DISK : ENTRY_IN_MEMORY))
		abort();
	rig->stored_true += on_disk;
	rig->stored_false += !on_disk;
	rig->last_stored = entry->row;
	size_t place = rig->stored_true + rig->stored_false - 1;
	if (place < sizeof(rig->stored_rows) / sizeof(*rig->stored_rows))
		rig->stored_rows[place] = entry->row;
}

static void on_health(void *context, enum store_health health, const char *text)
{
	struct store_rig *rig = context;
	rig->health_calls++;
	rig->health = health;
	if (health != STORE_OK)
		snprintf(rig->text, sizeof(rig->text), "%s", text);
	else if (strstr(text, "damaged"))
		snprintf(rig->damage, sizeof(rig->damage), "%s", text);
}

static void on_loaded(void *context, struct entry *entry)
{
	struct store_rig *rig = context;
	if (rig->loaded_count == STORE_RIG_MAX)
		abort();
	rig->loaded[rig->loaded_count++] = entry;
}

static void on_kept(void *context, const char *name)
{
	struct store_rig *rig = context;
	if (rig->kept)
		rig->kept(rig->context, name);
}

static void open_store(struct store_rig *rig, const struct store_settings *settings)
{
	struct store_callbacks callbacks = {.context = rig, .stored = on_stored, .health = on_health, .kept = on_kept};
	rig->counters = counters_new();
	rig->store = store_open(settings, &callbacks, rig->event, rig->counters);
	if (!rig->store)
		abort();
}

void store_rig_open(struct store_rig *rig, int64_t commit_interval_ms, int64_t retry_interval_ms)
{
	struct store_settings settings = {rig->path[0] ? rig->path : NULL, commit_interval_ms, retry_interval_ms};
	open_store(rig, &settings);
	store_load(rig->store, on_loaded, rig);
}

void store_rig_open_for(struct store_rig *rig, const char *path, void (*kept)(void *context, const char *name),
			void *context)
{
	struct store_settings settings = {path, 1, 0};
	rig->kept = kept;
	rig->context = context;
	open_store(rig, &settings);
}

void store_rig_close(struct store_rig *rig)
{
	store_close(rig->store, PATIENCE_US / 1000);
	counters_free(rig->counters);
	for (size_t i = 0; i < rig->loaded_count; i++)
		entry_unref(rig->loaded[i]);
	rig->store = NULL;
	rig->stored_true = rig->stored_false = rig->loaded_count = rig->health_calls = 0;
	rig->health = STORE_OK;
	rig->text[0] = rig->damage[0] = '\0';
}

/* Zeros included: a payload is bytes. */
static void fill(uint8_t *bytes, size_t size, const char *text)
{
	size_t length = strlen(text);
	for (size_t i = 0; i < size; i++)
		bytes[i] = i % 7 ? (uint8_t)text[i % length] : (uint8_t)i;
}

struct entry *store_rig_entry_at(uint64_t row, enum message_class class, const char *text, size_t payload_size)
{
	uint8_t *payload = malloc(payload_size + 1);
	if (!payload)
		abort();
	fill(payload, payload_size, text);
	struct entry_parts parts = {.class = class,
				    .kind = KIND_TEXT,
				    .outlet = "uplink",
				    .id = text,
				    .station = "N0CALL-7",
				    .topic = text,
				    .payload = payload,
				    .payload_size = payload_size,
				    .accepted_at_ms = 1700000000123,
				    .expires_at_ms = 1700086400456};
	struct entry *entry = entry_new(&parts, row);
	free(payload);
	if (!entry)
		abort();
	return entry;
}

struct entry *store_rig_entry(struct store_rig *rig, enum message_class class, const char *text, size_t payload_size)
{
	return store_rig_entry_at(store_new_row(rig->store), class, text, payload_size);
}

struct entry *store_rig_put(struct store_rig *rig, const char *text, bool urgent)
{
	struct entry *entry = store_rig_entry(rig, CLASS_ROUTINE, text, 300);
	store_put(rig->store, entry, urgent);
	return entry;
}

void store_rig_put_away(struct store_rig *rig, const char *text)
{
	entry_unref(store_rig_put(rig, text, true));
}

void store_rig_prepare(struct store_rig *rig, size_t count, size_t payload_size)
{
	char id[24];
	store_rig_open(rig, 0, 0);
	for (size_t i = 0; i < count; i++) {
		snprintf(id, sizeof(id), "f-%zu", i);
		struct entry *entry = store_rig_entry(rig, CLASS_ROUTINE, id, payload_size);
		store_put(rig->store, entry, false);
		entry_unref(entry);
	}
	store_rig_close(rig);
}

bool store_rig_is(const struct entry *entry, enum message_class class, const char *text, size_t payload_size)
{
	uint8_t *payload = malloc(payload_size + 1);
	if (!payload)
		abort();
	fill(payload, payload_size, text);
	bool same = entry->class == class && entry->kind == KIND_TEXT && entry->disk == ENTRY_ON_DISK &&
		    strcmp(entry_outlet(entry), "uplink") == 0 && strcmp(entry_id(entry), text) == 0 &&
		    strcmp(entry_station(entry), "N0CALL-7") == 0 && strcmp(entry_topic(entry), text) == 0 &&
		    entry->accepted_at_ms == 1700000000123 && entry->expires_at_ms == 1700086400456 &&
		    entry->payload_size == payload_size && memcmp(entry_payload(entry), payload, payload_size) == 0;
	free(payload);
	return same;
}

uint64_t store_rig_count(const struct store_rig *rig, const char *counter)
{
	return counters_get(rig->counters, "store", counter)->value;
}

bool store_rig_until(struct store_rig *rig, const size_t *value, size_t reach)
{
	int64_t until_us = clock_mono_us() + PATIENCE_US;
	while (*value < reach && clock_mono_us() < until_us)
		sd_event_run(rig->event, 20000);
	return *value >= reach;
}

bool store_rig_until_count(struct store_rig *rig, const char *counter, uint64_t reach)
{
	int64_t until_us = clock_mono_us() + PATIENCE_US;
	while (store_rig_count(rig, counter) < reach && clock_mono_us() < until_us)
		sd_event_run(rig->event, 20000);
	return store_rig_count(rig, counter) >= reach;
}

void store_rig_turn(struct store_rig *rig)
{
	while (sd_event_run(rig->event, 0) > 0)
		;
}
