/* What `cresset queue` may show of a message, and how it counts what waits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gateway/report.h"

enum { NOW_MS = 10000000 };

static struct entry *make(enum message_kind kind, enum message_class class, const char *topic, uint64_t row)
{
	static const char content[] = "{\"text\":\"canary\"}";
	struct entry_parts parts = {.class = class,
				    .kind = kind,
				    .outlet = "vhf",
				    .id = "c-1",
				    .station = "N0CALL-7",
				    .topic = topic,
				    .payload = content,
				    .payload_size = sizeof(content) - 1,
				    .accepted_at_ms = NOW_MS - 12500,
				    .expires_at_ms = NOW_MS + 60001};
	return entry_new(&parts, row);
}

static void expect_row(const struct outgoing_item *item, const char *expected)
{
	json_t *row = report_queue_row(item, NOW_MS);
	char *text = json_dumps(row, JSON_COMPACT);
	assert_non_null(text);
	assert_string_equal(text, expected);
	free(text);
	json_decref(row);
}

#define HEAD                                                                                                           \
	"{\"radio\":\"vhf\",\"class\":\"ROUTINE\",\"kind\":\"text\",\"id\":\"c-1\",\"to\":\"N0CALL-7\",\"since_s\":"   \
	"12,"

static void test_row(void **state)
{
	(void)state;
	struct entry *entry = make(KIND_TEXT, CLASS_ROUTINE, "", 1);
	struct outgoing_item item = {.entry = entry, .radio = "vhf", .to = "N0CALL-7", .why = "turn"};
	expect_row(&item,
		   HEAD "\"stage\":\"waiting\",\"parts\":0,\"parts_done\":0,\"repeats\":0,\"go_in_s\":null,\"why\":"
			"\"turn\",\"expires_in_s\":61}");
	item = (struct outgoing_item){.entry = entry,
				      .radio = "vhf",
				      .to = "N0CALL-7",
				      .stage = OUTGOING_SENDING,
				      .parts = 8,
				      .parts_done = 3,
				      .repeats = 1,
				      .go_at_ms = NOW_MS + 240000,
				      .why = "airtime"};
	expect_row(&item,
		   HEAD "\"stage\":\"sending\",\"parts\":8,\"parts_done\":3,\"repeats\":1,\"go_in_s\":240,\"why\":"
			"\"airtime\",\"expires_in_s\":61}");
	entry_unref(entry);
}

/* Due is not overdue; what never goes and what never expires has no number. */
static void test_times(void **state)
{
	(void)state;
	static const struct {
		int64_t go_at_ms;
		const char *text;
	} table[] = {{NOW_MS - 5000, "0"}, {NOW_MS, "0"}, {NOW_MS + 1, "1"},  {NOW_MS + 1000, "1"},
		     {NOW_MS + 1001, "2"}, {0, "null"},   {INT64_MAX, "null"}};
	struct entry *entry = make(KIND_TEXT, CLASS_ROUTINE, "", 1);
	entry->expires_at_ms = 0;
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		struct outgoing_item item = {.entry = entry, .radio = "vhf", .to = "", .go_at_ms = table[i].go_at_ms};
		json_t *row = report_queue_row(&item, NOW_MS);
		char *text = json_dumps(json_object_get(row, "go_in_s"), JSON_ENCODE_ANY);
		assert_string_equal(text, table[i].text);
		assert_true(json_is_null(json_object_get(row, "expires_in_s")));
		free(text);
		json_decref(row);
	}
	entry_unref(entry);
}

/* A check-in under duress goes as DISTRESS and looks like any other. */
static void test_covert(void **state)
{
	(void)state;
	struct entry *plain = make(KIND_CHECKIN, CLASS_SAFETY, "", 1),
		     *covert = make(KIND_CHECKIN, CLASS_DISTRESS, "", 2);
	struct outgoing_item item = {.entry = plain, .radio = "vhf", .to = "f-17", .why = "turn"};
	json_t *one = report_queue_row(&item, NOW_MS);
	item.entry = covert;
	json_t *other = report_queue_row(&item, NOW_MS);
	assert_true(json_equal(one, other));
	assert_string_equal(json_string_value(json_object_get(other, "class")), "SAFETY");
	json_decref(one);
	json_decref(other);
	entry_unref(plain);
	entry_unref(covert);
}

static void test_exercise(void **state)
{
	(void)state;
	struct entry *entry = make(KIND_TEXT, CLASS_ROUTINE, "exercise/", 1);
	struct outgoing_item item = {.entry = entry, .radio = "vhf", .to = "", .why = "turn"};
	json_t *row = report_queue_row(&item, NOW_MS);
	assert_true(json_is_true(json_object_get(row, "exercise")));
	json_decref(row);
	entry_unref(entry);
}

static void never(void *context, struct entry *entry, const char *reason)
{
	(void)context, (void)entry, (void)reason;
	fail();
}

static void test_levels(void **state)
{
	(void)state;
	static const struct schedule_settings settings = {.weight = {0, 0, 6, 3, 1}};
	struct schedule *schedule = schedule_new(&settings, never, NULL);
	struct schedule_level levels[CLASS_COUNT];
	struct entry *distress = make(KIND_DISTRESS, CLASS_DISTRESS, "", 1),
		     *late = make(KIND_CHECKIN, CLASS_SAFETY, "", 2);
	struct entry *covert = make(KIND_CHECKIN, CLASS_DISTRESS, "", 3);
	late->accepted_at_ms = NOW_MS;
	size_t bytes = entry_footprint(covert);
	schedule_put(schedule, late);
	schedule_put(schedule, covert);
	report_shown_levels(schedule, levels);
	assert_int_equal(levels[CLASS_DISTRESS].entries + levels[CLASS_DISTRESS].bytes, 0);
	assert_true(levels[CLASS_DISTRESS].oldest_ms == 0);
	assert_int_equal(levels[CLASS_SAFETY].entries, 2);
	assert_int_equal(levels[CLASS_SAFETY].bytes, 2 * bytes);
	assert_true(levels[CLASS_SAFETY].oldest_ms == NOW_MS - 12500);
	schedule_put(schedule, distress);
	report_shown_levels(schedule, levels);
	assert_int_equal(levels[CLASS_DISTRESS].entries, 1);
	assert_int_equal(levels[CLASS_SAFETY].entries, 2);
	schedule_free(schedule);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_row),      cmocka_unit_test(test_times),  cmocka_unit_test(test_covert),
	    cmocka_unit_test(test_exercise), cmocka_unit_test(test_levels),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
