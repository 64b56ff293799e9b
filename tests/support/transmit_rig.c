/* A radio's scheduler for its unit tests. */
#include "tests/support/transmit_rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int64_t airtime_us(void *context, const struct entry *entry)
{
	const struct transmit_rig *rig = context;
	return rig->airtime_us[entry->class];
}

static unsigned frames(void *context, const struct entry *entry)
{
	const struct transmit_rig *rig = context;
	return rig->frames[entry->row];
}

static void count_drop(void *context, struct entry *entry, const char *reason)
{
	struct transmit_rig *rig = context;
	rig->last_dropped = entry->row;
	if (strcmp(reason, "expired") == 0)
		rig->expired++;
	else if (strcmp(reason, "over_bound") == 0)
		rig->over_bound++;
	else if (strcmp(reason, "no_airtime") == 0)
		rig->no_airtime++;
	else
		fail_msg("unknown reason %s", reason);
	entry_unref(entry);
}

struct transmit_rig *transmit_rig_new(int64_t limit_us, int64_t reserve_us, double listening_share)
{
	struct transmit_rig *rig = calloc(1, sizeof(*rig));
	struct ledger_settings limits = {.limit_us = limit_us, .reserve_us = reserve_us};
	assert_non_null(rig);
	rig->ledger = limit_us ? ledger_new(&limits) : NULL;
	rig->now_ms = 1000000;
	for (size_t i = 0; i < CLASS_COUNT; i++)
		rig->airtime_us[i] = 300000;
	struct transmit_settings settings = {.schedule = {.weight = {0, 0, 6, 3, 1}},
					     .ledger = rig->ledger,
					     .listening_share = listening_share,
					     .airtime_us = airtime_us,
					     .frames = frames,
					     .drop = count_drop,
					     .context = rig};
	rig->transmit = transmit_new(&settings);
	return rig;
}

void transmit_rig_free(struct transmit_rig *rig)
{
	transmit_free(rig->transmit);
	ledger_free(rig->ledger);
	free(rig);
}

static struct entry *put(struct transmit_rig *rig, const struct entry_parts *parts, bool exercise, unsigned frame_count)
{
	assert_true(rig->next_row < TRANSMIT_RIG_ROWS);
	rig->frames[rig->next_row] = frame_count;
	struct entry *entry = entry_new(parts, rig->next_row++);
	assert_non_null(entry);
	entry->exercise = exercise;
	transmit_put(rig->transmit, entry);
	return entry;
}

static struct entry_parts parts_of(const struct transmit_rig *rig, enum message_class class, const char *station)
{
	return (struct entry_parts){.class = class,
				    .kind = KIND_TEXT,
				    .outlet = "vhf",
				    .id = "id",
				    .station = station,
				    .topic = "",
				    .payload = "{}",
				    .payload_size = 2,
				    .accepted_at_ms = rig->now_ms};
}

struct entry *transmit_rig_put_frames(struct transmit_rig *rig, enum message_class class, const char *station,
				      unsigned frame_count)
{
	struct entry_parts parts = parts_of(rig, class, station);
	return put(rig, &parts, false, frame_count);
}

struct entry *transmit_rig_put(struct transmit_rig *rig, enum message_class class, const char *station)
{
	return transmit_rig_put_frames(rig, class, station, 1);
}

struct entry *transmit_rig_put_exercise(struct transmit_rig *rig, enum message_class class, const char *station)
{
	struct entry_parts parts = parts_of(rig, class, station);
	return put(rig, &parts, true, 1);
}

struct entry *transmit_rig_put_expiring(struct transmit_rig *rig, enum message_class class, const char *station,
					int64_t expires_at_ms)
{
	struct entry_parts parts = parts_of(rig, class, station);
	parts.expires_at_ms = expires_at_ms;
	return put(rig, &parts, false, 1);
}

int64_t transmit_rig_send(struct transmit_rig *rig)
{
	struct entry *entry = transmit_take(rig->transmit, rig->now_ms, &rig->again_ms);
	if (!entry)
		return -1;
	int64_t row = (int64_t)entry->row, airtime = rig->airtime_us[entry->class];
	rig->class = (enum message_class)entry->class;
	transmit_spent(rig->transmit, entry, airtime, rig->now_ms);
	rig->now_ms += (airtime + 999) / 1000;
	if (--rig->frames[row] > 0)
		transmit_return(rig->transmit, entry);
	else
		entry_unref(entry);
	return row;
}

int64_t transmit_rig_wait(struct transmit_rig *rig)
{
	for (;;) {
		int64_t row = transmit_rig_send(rig);
		if (row >= 0 || rig->again_ms == INT64_MAX)
			return row;
		assert_true(rig->again_ms > rig->now_ms);
		rig->now_ms = rig->again_ms;
	}
}
