/* What the unit tests of the schedule have in common. */
#include "tests/support/schedule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

uint64_t next_row;

struct dropped dropped;

static void count_drop(void *context, struct entry *entry, const char *reason)
{
	(void)context;
	if (strcmp(reason, "expired") == 0)
		dropped.expired++;
	else if (strcmp(reason, "over_bound") == 0)
		dropped.over_bound++;
	else if (strcmp(reason, "replaced_by_newer") == 0)
		dropped.replaced++;
	else
		fail_msg("unknown reason %s", reason);
	assert_null(entry->next);
	dropped.last_row = entry->row;
	if (entry->row < sizeof(dropped.saw))
		dropped.saw[entry->row] = true;
	entry_unref(entry);
}

struct schedule *start_schedule(size_t bound_bytes)
{
	struct schedule_settings settings = {.weight = {0, 0, 6, 3, 1}};
	for (size_t i = 0; i < CLASS_COUNT; i++)
		settings.class_bytes[i] = bound_bytes;
	memset(&dropped, 0, sizeof(dropped));
	next_row = 0;
	struct schedule *schedule = schedule_new(&settings, count_drop, NULL);
	assert_non_null(schedule);
	return schedule;
}

struct entry *make_full(enum message_class class, const char *station, enum message_kind kind, size_t size,
			int64_t expires_at_ms)
{
	static const char payload[4096];
	struct entry_parts parts = {.class = class,
				    .kind = kind,
				    .outlet = "uplink",
				    .id = "id",
				    .station = station,
				    .topic = "t",
				    .payload = payload,
				    .payload_size = size,
				    .accepted_at_ms = (int64_t)next_row + 1000,
				    .expires_at_ms = expires_at_ms};
	struct entry *entry = entry_new(&parts, next_row++);
	assert_non_null(entry);
	return entry;
}

struct entry *make(enum message_class class, const char *station)
{
	return make_full(class, station, KIND_TEXT, 100, 0);
}

void put_many(struct schedule *schedule, enum message_class class, const char *station, size_t count)
{
	while (count--)
		schedule_put(schedule, make(class, station));
}

void assert_taken(struct schedule *schedule, uint64_t row)
{
	struct entry *entry = schedule_take(schedule, CLASS_DISTRESS, CLASS_BULK, 0);
	assert_non_null(entry);
	assert_int_equal(entry->row, row);
	entry_unref(entry);
}

void assert_empty(struct schedule *schedule)
{
	assert_false(schedule_ready(schedule, CLASS_DISTRESS, CLASS_BULK));
	assert_null(schedule_take(schedule, CLASS_DISTRESS, CLASS_BULK, 0));
	for (enum message_class class = 0; class < CLASS_COUNT; class += 1) {
		assert_int_equal(schedule_level(schedule, class).entries, 0);
		assert_int_equal(schedule_level(schedule, class).bytes, 0);
		assert_int_equal(schedule_level(schedule, class).oldest_ms, 0);
	}
}

size_t footprint(void)
{
	struct entry *entry = make(CLASS_BULK, "A");
	size_t bytes = entry_footprint(entry);
	entry_unref(entry);
	return bytes;
}
