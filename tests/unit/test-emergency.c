/* What goes out to whom for one message that was heard: distress and what speaks of it, check-ins under duress, rows that are kept at the
 * broker, and what logistics gets. The parts are those of the daemon, with a store in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "drivers/message_body.h"
#include "gateway/crowd.h"
#include "gateway/emergency.h"

#define SET(array, text) snprintf(array, sizeof(array), "%s", text)

static struct settings settings = {.gateway = {.name = "base1", .operation = "demo", .clock = CLOCK_SOURCE_NTP},
				   .schedule = {.weight = {1, 1, 6, 3, 1}},
				   .dedupe_window_ms = 30000};

struct rig {
	sd_event *event;
	struct counters *counters;
	struct store *store;
	struct publisher publisher;
	struct remember *remember;
	struct emergency emergency;
	struct crowd crowd;
};

static void on_scheduled(void *context)
{
	(void)context;
}

static void on_health(void *context, enum store_health health, const char *text)
{
	(void)context, (void)health, (void)text;
}

static void on_stored(void *context, struct entry *entry, bool on_disk)
{
	(void)context, (void)entry, (void)on_disk;
}

static void on_drop(void *context, struct entry *entry, const char *reason)
{
	(void)context, (void)reason;
	entry_unref(entry);
}

static int start(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct store_callbacks callbacks = {.stored = on_stored, .health = on_health};
	assert_true(sd_event_new(&rig->event) >= 0);
	rig->counters = counters_new();
	rig->store = store_open(&settings.store, &callbacks, rig->event, rig->counters);
	rig->remember = remember_new(rig->store, settings.dedupe_window_ms, rig->counters);
	rig->publisher = (struct publisher){.settings = &settings,
					    .classify = classify_new(NULL),
					    .store = rig->store,
					    .keeper = keeper_new(rig->store, 1000, rig->event),
					    .schedule = schedule_new(&settings.schedule, on_drop, rig),
					    .accepted = counters_get(rig->counters, "route", "accepted"),
					    .counters = rig->counters,
					    .logistics_key = remember_key(rig->remember),
					    .context = rig,
					    .scheduled = on_scheduled};
	rig->emergency = emergency_begin(&rig->publisher, rig->remember, rig->counters);
	rig->crowd = crowd_begin(&rig->publisher, remember_incidents(rig->remember), rig->counters);
	settings.schedule.class_bytes[CLASS_DISTRESS] = settings.schedule.class_bytes[CLASS_URGENT] = 1 << 20;
	*state = rig;
	return 0;
}

static int end(void **state)
{
	struct rig *rig = *state;
	keeper_free(rig->publisher.keeper);
	remember_free(rig->remember);
	store_close(rig->store, 1000);
	schedule_free(rig->publisher.schedule);
	classify_free((struct classify *)rig->publisher.classify);
	counters_free(rig->counters);
	sd_event_unref(rig->event);
	free(rig);
	return 0;
}

static struct message native(enum message_kind kind, const char *id)
{
	struct message message;
	message_init(&message);
	message.kind = message.body_kind = kind;
	message_body_init(kind, &message.body);
	message.authenticity = AUTHENTICITY_VERIFIED;
	message.received_at_ms = INT64_C(1790000000000);
	SET(message.station, "f-17");
	SET(message.id, id);
	return message;
}

/* The walk of route.c. */
static struct message hear(struct rig *rig, const struct message *heard)
{
	struct message message = *heard;
	emergency_refer(&rig->emergency, &message);
	classify_message((struct classify *)rig->publisher.classify, &message, "lora", 0);
	emergency_enter(&rig->emergency, &message, "lora");
	crowd_settle(&rig->crowd, &message);
	if (!crowd_merges(&rig->crowd, &message))
		publisher_message(&rig->publisher, &message, "lora", 0);
	emergency_follow(&rig->emergency, &message);
	return message;
}

static bool holds(const struct entry *entry, const char *words)
{
	return memmem(entry_payload(entry), entry->payload_size, words, strlen(words)) != NULL;
}

/* The next that goes out must be for that topic and hold these words. */
static void expect_out(struct rig *rig, enum message_class class, const char *topic, const char *words, bool retain)
{
	struct entry *entry = schedule_take(rig->publisher.schedule, CLASS_DISTRESS, CLASS_BULK, 0);
	assert_non_null(entry);
	assert_string_equal(entry_topic(entry), topic);
	assert_int_equal(entry->class, class);
	assert_int_equal(entry->retain, retain);
	if (!holds(entry, words))
		fail_msg("%s: \"%s\" is not in %.*s", topic, words, (int)entry->payload_size, entry_payload(entry));
	keeper_finish(rig->publisher.keeper, entry);
}

static void expect_no_more(struct rig *rig)
{
	assert_null(schedule_take(rig->publisher.schedule, CLASS_DISTRESS, CLASS_BULK, 0));
}

static const struct incident *only_incident(struct rig *rig)
{
	const struct incidents *incidents = remember_incidents(rig->remember);
	assert_int_equal(incidents_count(incidents), 1);
	return incidents_at(incidents, 0);
}

static void test_distress_is_one_publication(void **state)
{
	struct rig *rig = *state;
	struct message message = native(KIND_DISTRESS, "f-17-1");
	hear(rig, &message);
	expect_out(rig, CLASS_DISTRESS, "sec/base1/distress/f-17", "\"incident\":\"f-17-1\",\"incident_count\":1",
		   false);
	SET(message.id, "f-17-2");
	hear(rig, &message);
	expect_out(rig, CLASS_DISTRESS, "sec/base1/distress/f-17", "\"incident\":\"f-17-1\",\"incident_count\":2",
		   false);
	expect_no_more(rig);
	assert_int_equal(only_incident(rig)->count, 2);
}

static bool is_shown_as_checkin(void *context, const struct entry *entry)
{
	(void)context;
	assert_int_equal(entry_shown_class(entry), CLASS_SAFETY);
	return true;
}

static void test_duress_opens_an_incident(void **state)
{
	struct rig *rig = *state;
	struct message message = native(KIND_CHECKIN, "f-17-5");
	message.body.checkin.state = CHECKIN_DURESS;
	hear(rig, &message);
	schedule_each(rig->publisher.schedule, is_shown_as_checkin, rig);
	assert_int_equal(schedule_level(rig->publisher.schedule, CLASS_DISTRESS).entries, 2);
	expect_out(rig, CLASS_DISTRESS, "sec/base1/checkin/f-17",
		   "\"state\":\"DURESS\",\"sensitivity\":\"public\",\"incident\":\"f-17-5\",\"incident_count\":1",
		   false);
	expect_out(rig, CLASS_DISTRESS, "sec/base1/incident/f-17-5", "\"duress\":true", false);
	assert_true(only_incident(rig)->covert);
	SET(message.id, "f-17-6");
	hear(rig, &message);
	expect_out(rig, CLASS_DISTRESS, "sec/base1/checkin/f-17", "\"incident_count\":2", false);
	expect_no_more(rig);
}

/* An open one and a covert one of a station stay apart: what the base may see must not lead to what it may not. */
static void test_distress_after_duress(void **state)
{
	struct rig *rig = *state;
	struct message duress = native(KIND_CHECKIN, "f-17-5"), distress = native(KIND_DISTRESS, "f-17-6");
	duress.body.checkin.state = CHECKIN_DURESS;
	hear(rig, &duress);
	struct message heard = hear(rig, &distress);
	assert_string_equal(heard.incident, "f-17-6");
	assert_int_equal(incidents_count(remember_incidents(rig->remember)), 2);
	assert_false(incidents_at(remember_incidents(rig->remember), 1)->covert);
}

static void test_other_checkins_open_nothing(void **state)
{
	struct rig *rig = *state;
	struct message message = native(KIND_CHECKIN, "f-17-5");
	message.body.checkin.state = CHECKIN_OK;
	hear(rig, &message);
	expect_out(rig, CLASS_SAFETY, "sec/base1/checkin/f-17",
		   "\"body\":{\"state\":\"OK\",\"sensitivity\":\"public\"}", false);
	expect_no_more(rig);
	assert_int_equal(incidents_count(remember_incidents(rig->remember)), 0);
}

static struct message cancel_of(const char *ref, const char *id)
{
	struct message message = native(KIND_ALERT, id);
	message.body.alert.type = ALERT_TYPE_CANCEL;
	SET(message.body.alert.ref, ref);
	return message;
}

static void test_cancel_asks(void **state)
{
	struct rig *rig = *state;
	struct message distress = native(KIND_DISTRESS, "f-17-1"), cancel = cancel_of("f-17-2", "f-17-3");
	hear(rig, &distress);
	expect_out(rig, CLASS_DISTRESS, "sec/base1/distress/f-17", "f-17-1", false);
	hear(rig, &cancel); /* of a repeat that was merged into it */
	expect_out(rig, CLASS_DISTRESS, "sec/base1/alert/f-17",
		   "\"msg_type\":\"Cancel\",\"urgency\":\"Unknown\",\"severity\":\"Unknown\"", false);
	expect_out(rig, CLASS_DISTRESS, "sec/base1/incident/f-17-1", "\"cancel_requested\":true", false);
	assert_true(only_incident(rig)->cancel_requested);
	assert_int_equal(only_incident(rig)->level, ACK_STORED);
	SET(cancel.id, "f-17-4");
	hear(rig, &cancel);
	expect_out(rig, CLASS_DISTRESS, "sec/base1/alert/f-17", "\"incident\":\"f-17-1\"", false);
	expect_no_more(rig); /* the incident is as it was */
}

static void test_cancel_that_is_not_authentic_asks_nothing(void **state)
{
	struct rig *rig = *state;
	struct message distress = native(KIND_DISTRESS, "f-17-1"), cancel = cancel_of("f-17-1", "f-17-3");
	hear(rig, &distress);
	expect_out(rig, CLASS_DISTRESS, "sec/base1/distress/f-17", "f-17-1", false);
	static const enum message_authenticity doubtful[] = {AUTHENTICITY_UNVERIFIED, AUTHENTICITY_SUSPECT,
							     AUTHENTICITY_STALE};
	for (size_t i = 0; i < 3; i++) {
		cancel.authenticity = doubtful[i];
		hear(rig, &cancel);
		expect_out(rig, CLASS_SAFETY, "sec/base1/alert/f-17", "\"ref\":\"f-17-1\"", false);
		assert_false(only_incident(rig)->cancel_requested);
	}
	cancel.authenticity = AUTHENTICITY_VERIFIED;
	cancel.status = STATUS_EXERCISE;
	hear(rig, &cancel);
	expect_out(rig, CLASS_SAFETY, "exercise/sec/base1/alert/f-17", "\"ref\":\"f-17-1\"", false);
	assert_false(only_incident(rig)->cancel_requested);
	expect_no_more(rig);
}

static void test_ack_goes_with_its_distress(void **state)
{
	struct rig *rig = *state;
	struct message distress = native(KIND_DISTRESS, "f-17-1"), ack = native(KIND_ACK, "f-18-1");
	SET(ack.station, "f-18");
	SET(ack.ack.ref, "f-17-1");
	ack.ack.level = ACK_RESPONDING;
	hear(rig, &distress);
	expect_out(rig, CLASS_DISTRESS, "sec/base1/distress/f-17", "f-17-1", false);
	hear(rig, &ack);
	expect_out(rig, CLASS_DISTRESS, "sec/base1/ack/f-18", "\"incident\":\"f-17-1\"", false);
	assert_int_equal(only_incident(rig)->level, ACK_STORED); /* no person at the base or headquarters has said so */
	SET(ack.ack.ref, "f-20-1");
	hear(rig, &ack);
	expect_out(rig, CLASS_SAFETY, "sec/base1/ack/f-18", "\"ref\":\"f-20-1\"", false);
	expect_no_more(rig);
}

/* Somebody repeats a cancel for ever: beyond the bound of the class it is only SAFETY. */
static void test_flood_of_cancels(void **state)
{
	struct rig *rig = *state;
	struct message distress = native(KIND_DISTRESS, "f-17-1"), cancel = cancel_of("f-17-1", "f-17-2");
	settings.schedule.class_bytes[CLASS_DISTRESS] = 10000;
	hear(rig, &distress);
	for (int i = 0; i < 200; i++) {
		snprintf(cancel.id, sizeof(cancel.id), "f-17-%d", i + 2);
		hear(rig, &cancel);
	}
	struct schedule_level level = schedule_level(rig->publisher.schedule, CLASS_DISTRESS);
	assert_true(level.bytes < 12000);
	assert_true(schedule_level(rig->publisher.schedule, CLASS_SAFETY).entries + level.entries == 202);
}

static void test_logistics_gets_it_once_more(void **state)
{
	struct rig *rig = *state;
	struct message message = native(KIND_ALERT, "f-17-1");
	message.urgency = URGENCY_IMMEDIATE;
	message.severity = SEVERITY_SEVERE;
	message.body.alert.event = EVENT_ROAD_CLOSED;
	hear(rig, &message);
	expect_out(rig, CLASS_URGENT, "sec/base1/alert/f-17", "\"id\":\"f-17-1\"", false);
	struct entry *first = schedule_take(rig->publisher.schedule, CLASS_DISTRESS, CLASS_BULK, 0);
	assert_int_equal(first->class, CLASS_SAFETY);
	assert_int_equal(strncmp(entry_topic(first), "log/base1/road/l-", 17), 0);
	assert_false(holds(first, "f-17"));
	assert_string_equal(entry_station(first), "");
	/* What takes it back speaks of it by the id that logistics knows. */
	struct message cancel = cancel_of("f-17-1", "f-17-2");
	cancel.body.alert.event = EVENT_ROAD_CLOSED;
	hear(rig, &cancel);
	expect_out(rig, CLASS_SAFETY, "sec/base1/alert/f-17", "\"ref\":\"f-17-1\"", false);
	struct entry *second = schedule_take(rig->publisher.schedule, CLASS_DISTRESS, CLASS_BULK, 0);
	char wanted[128];
	snprintf(wanted, sizeof(wanted), "\"ref\":\"%s\"", entry_id(first));
	assert_true(holds(second, wanted));
	assert_string_not_equal(entry_id(first), entry_id(second));
	keeper_finish(rig->publisher.keeper, first);
	keeper_finish(rig->publisher.keeper, second);
	expect_no_more(rig);
}

static void test_rows_are_retained(void **state)
{
	struct rig *rig = *state;
	struct message message = native(KIND_ACTIVITY, "f-17-1");
	message.body.activity.id = 42;
	hear(rig, &message);
	expect_out(rig, CLASS_ROUTINE, "act/base1/42", "\"op\":\"ADD\"", true);
	message.sensitivity = 3;
	hear(rig, &message);
	expect_out(rig, CLASS_ROUTINE, "sec/base1/activity/f-17", "\"op\":\"ADD\"", false);
	message.sensitivity = 0;
	message.status = STATUS_EXERCISE;
	hear(rig, &message);
	expect_out(rig, CLASS_ROUTINE, "exercise/act/base1/42", "\"op\":\"ADD\"", false);
	expect_no_more(rig);
}

static void test_incomplete_request_goes_out_marked(void **state)
{
	struct rig *rig = *state;
	struct message message = native(KIND_REQUEST, "f-17-1");
	message.body.request.type = REQUEST_ARMED_ESCORT;
	message.body.request.urgency = URGENCY_IMMEDIATE;
	hear(rig, &message);
	expect_out(rig, CLASS_SAFETY, "coord/base1/request/f-17-1",
		   "\"incomplete\":true,\"missing\":[\"justification\",\"alternatives\"]", false);
	expect_no_more(rig);
}

#define WALK(test) cmocka_unit_test_setup_teardown(test, start, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WALK(test_distress_is_one_publication),
	    WALK(test_duress_opens_an_incident),
	    WALK(test_distress_after_duress),
	    WALK(test_other_checkins_open_nothing),
	    WALK(test_cancel_asks),
	    WALK(test_cancel_that_is_not_authentic_asks_nothing),
	    WALK(test_ack_goes_with_its_distress),
	    WALK(test_flood_of_cancels),
	    WALK(test_logistics_gets_it_once_more),
	    WALK(test_rows_are_retained),
	    WALK(test_incomplete_request_goes_out_marked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
