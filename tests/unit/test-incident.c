/* Incidents: who is merged with whom, who may raise a level, who gives way, and what survives a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/incident.h"

static const int64_t START_MS = 1700000000000;

static struct message distress(const char *id, const char *station, enum message_authenticity authenticity)
{
	struct message message;
	message_init(&message);
	message.kind = KIND_DISTRESS;
	message.authenticity = authenticity;
	snprintf(message.id, sizeof(message.id), "%s", id);
	snprintf(message.station, sizeof(message.station), "%s", station);
	return message;
}

static const struct incident *enter(struct incidents *incidents, const char *id, const char *station,
				    enum message_authenticity authenticity, int64_t now_ms)
{
	struct message message = distress(id, station, authenticity);
	const struct incident *incident = incidents_enter(incidents, &message, "vhf", now_ms);
	assert_non_null(incident);
	assert_string_equal(message.incident, incident->id);
	assert_int_equal(message.incident_count, incident->count);
	return incident;
}

static void test_repeats_are_one(void **state)
{
	(void)state;
	struct incidents *incidents = incidents_new(16);
	const struct incident *incident = enter(incidents, "f-1-1", "f-1", AUTHENTICITY_VERIFIED, START_MS);
	assert_string_equal(incident->id, "f-1-1");
	assert_string_equal(incident->station, "f-1");
	assert_string_equal(incident->radio, "vhf");
	assert_int_equal(incident->level, ACK_STORED);
	assert_int_equal(incident->count, 1);
	/* Also hours later and by another radio. */
	struct message again = distress("f-1-2", "f-1", AUTHENTICITY_VERIFIED);
	again.position = (struct message_position){.valid = true, .lat_deg = 1.5, .lon_deg = -2.5};
	incident = incidents_enter(incidents, &again, "lora", START_MS + 7200000);
	assert_string_equal(again.incident, "f-1-1");
	assert_int_equal(again.incident_count, 2);
	assert_int_equal(incident->first_ms, START_MS);
	assert_int_equal(incident->last_ms, START_MS + 7200000);
	assert_true(incident->position.valid && incident->position.lat_deg == 1.5);
	/* One without a position does not take the known one away. */
	incident = enter(incidents, "f-1-3", "f-1", AUTHENTICITY_VERIFIED, START_MS + 7200001);
	assert_int_equal(incident->count, 3);
	assert_true(incident->position.valid && incident->position.lon_deg == -2.5);
	enter(incidents, "f-2-1", "f-2", AUTHENTICITY_VERIFIED, START_MS + 7200002);
	assert_int_equal(incidents_count(incidents), 2);
	assert_string_equal(incidents_at(incidents, 1)->id, "f-2-1");
	assert_null(incidents_at(incidents, 2));
	incidents_free(incidents);
	incidents_free(NULL);
}

static void test_what_is_not_authentic_stays_apart(void **state)
{
	(void)state;
	struct incidents *incidents = incidents_new(16);
	enter(incidents, "f-1-1", "f-1", AUTHENTICITY_VERIFIED, START_MS);
	enter(incidents, "x-1", "f-1", AUTHENTICITY_UNVERIFIED, START_MS);
	enter(incidents, "f-1-0", "f-1", AUTHENTICITY_STALE, START_MS);
	enter(incidents, "f-1-9", "f-1", AUTHENTICITY_SUSPECT, START_MS);
	assert_int_equal(incidents_count(incidents), 4);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(incidents_at(incidents, i)->count, 1);
	incidents_free(incidents);
}

/* What a person has seen must not swallow the distress of a station that nobody has seen. */
static void test_seen_ones_take_no_other_station(void **state)
{
	(void)state;
	struct incidents *incidents = incidents_new(16);
	enter(incidents, "x-1", "N0CALL-1", AUTHENTICITY_UNVERIFIED, START_MS);
	assert_int_equal(incidents_acknowledge(incidents, "x-1", ACK_BASE_SEEN, "desk-1", START_MS + 1, NULL), 0);
	const struct incident *other = enter(incidents, "x-2", "N0CALL-2", AUTHENTICITY_UNVERIFIED, START_MS + 2);
	assert_string_equal(other->id, "x-2");
	/* The same station is still the same incident. */
	const struct incident *same = enter(incidents, "x-3", "N0CALL-1", AUTHENTICITY_UNVERIFIED, START_MS + 3);
	assert_string_equal(same->id, "x-1");
	assert_int_equal(incidents_count(incidents), 2);
	incidents_free(incidents);
}

static void test_exercise_and_actual_never_merge(void **state)
{
	(void)state;
	struct incidents *incidents = incidents_new(16);
	struct message message = distress("f-1-1", "f-1", AUTHENTICITY_UNVERIFIED);
	message.status = STATUS_EXERCISE;
	incidents_enter(incidents, &message, "vhf", START_MS);
	const struct incident *actual = enter(incidents, "f-1-2", "f-1", AUTHENTICITY_UNVERIFIED, START_MS + 1);
	assert_string_equal(actual->id, "f-1-2");
	/* A status that nobody knows is Actual. */
	message = distress("f-1-3", "f-1", AUTHENTICITY_UNVERIFIED);
	message.status = (enum message_status)7;
	incidents_enter(incidents, &message, "vhf", START_MS + 2);
	assert_string_equal(message.incident, "f-1-2");
	assert_int_equal(incidents_count(incidents), 2);
	incidents_free(incidents);
}

static void test_unverified_of_one_radio_are_one_a_minute(void **state)
{
	(void)state;
	struct incidents *incidents = incidents_new(16);
	char id[16], station[16];
	enter(incidents, "a-0", "N0CALL-0", AUTHENTICITY_UNVERIFIED, START_MS);
	for (int i = 1; i < 100; i++) {
		snprintf(id, sizeof(id), "a-%d", i);
		snprintf(station, sizeof(station), "N0CALL-%d", i);
		const struct incident *incident = enter(incidents, id, station, AUTHENTICITY_UNVERIFIED,
							START_MS + i * 600);
		assert_string_equal(incident->id, "a-0");
		assert_string_equal(incident->station, "");
	}
	assert_int_equal(incidents_at(incidents, 0)->count, 100);
	/* Another radio's is another. */
	struct message other = distress("a-100", "N0CALL-100", AUTHENTICITY_UNVERIFIED);
	incidents_enter(incidents, &other, "lora", START_MS + 1000);
	assert_string_equal(other.incident, "a-100");
	/* A minute after the first, a new one, although the flood never ceased; then the station's own repeats stay with it. */
	const struct incident *late = enter(incidents, "b-1", "N0CALL-7", AUTHENTICITY_UNVERIFIED, START_MS + 60000);
	assert_string_equal(late->id, "b-1");
	late = enter(incidents, "b-2", "N0CALL-7", AUTHENTICITY_UNVERIFIED, START_MS + 600000);
	assert_string_equal(late->id, "b-1");
	assert_string_equal(late->station, "N0CALL-7");
	/* The first station of a merged incident still finds it. */
	assert_string_equal(enter(incidents, "b-3", "N0CALL-0", AUTHENTICITY_UNVERIFIED, START_MS + 600000)->id, "a-0");
	assert_int_equal(incidents_count(incidents), 3);
	incidents_free(incidents);
}

static void test_levels_only_rise(void **state)
{
	(void)state;
	struct incidents *incidents = incidents_new(16);
	struct incident after;
	enter(incidents, "f-1-1", "f-1", AUTHENTICITY_VERIFIED, START_MS);
	assert_int_equal(incidents_acknowledge(incidents, "f-9-9", ACK_BASE_SEEN, "op1", START_MS, NULL), -ENOENT);
	assert_int_equal(incidents_acknowledge(incidents, "f-1-1", ACK_STORED, NULL, START_MS, NULL), -EALREADY);
	assert_int_equal(incidents_acknowledge(incidents, "f-1-1", ACK_BASE_SEEN, "op1", START_MS + 1, &after), 0);
	assert_int_equal(after.level, ACK_BASE_SEEN);
	assert_string_equal(after.operator_id, "op1");
	assert_int_equal(after.acknowledged_ms, START_MS + 1);
	assert_int_equal(incidents_acknowledge(incidents, "f-1-1", ACK_HQ_RECEIVED, NULL, START_MS, &after), 0);
	assert_string_equal(after.operator_id, "op1"); /* a machine's level takes nobody's name away */
	assert_int_equal(incidents_acknowledge(incidents, "f-1-1", ACK_BASE_SEEN, "op2", START_MS, NULL), -EALREADY);
	assert_int_equal(incidents_acknowledge(incidents, "f-1-1", ACK_RESPONDING, "op2", START_MS, &after), 0);
	assert_int_equal(incidents_acknowledge(incidents, "f-1-1", ACK_HQ_SEEN, "op3", START_MS, NULL), -EALREADY);
	assert_string_equal(incidents_at(incidents, 0)->operator_id, "op2");
	memset(&after, 0, sizeof(after));
	assert_int_equal(incidents_acknowledge(incidents, "f-1-1", ACK_CLOSED, "op4", START_MS, &after), 0);
	assert_string_equal(after.id, "f-1-1");
	assert_int_equal(after.level, ACK_CLOSED);
	assert_string_equal(after.operator_id, "op4");
	assert_int_equal(incidents_count(incidents), 0);
	assert_int_equal(incidents_acknowledge(incidents, "f-1-1", ACK_CLOSED, "op4", START_MS, NULL), -ENOENT);
	/* After closing, the station's next is a new one. */
	assert_string_equal(enter(incidents, "f-1-7", "f-1", AUTHENTICITY_VERIFIED, START_MS + 9)->id, "f-1-7");
	incidents_free(incidents);
}

static void test_human_levels_need_a_person(void **state)
{
	(void)state;
	struct incidents *incidents = incidents_new(16);
	const enum ack_level human[] = {ACK_BASE_SEEN, ACK_HQ_SEEN, ACK_RESPONDING, ACK_CLOSED};
	const char *const nobody[] = {NULL, "", "two\nlines", "0123456789012345678901234567890 ", "\xc3\xa9"};
	const enum ack_level none[] = {(enum ack_level)0, (enum ack_level)7, ACK_NOT_UNDERSTOOD, ACK_EXPIRED};
	enter(incidents, "f-1-1", "f-1", AUTHENTICITY_VERIFIED, START_MS);
	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < 5; j++)
			assert_int_equal(incidents_acknowledge(incidents, "f-1-1", human[i], nobody[j], START_MS, NULL),
					 -EINVAL);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(incidents_acknowledge(incidents, "f-1-1", none[i], "op1", START_MS, NULL), -EINVAL);
	assert_int_equal(incidents_at(incidents, 0)->level, ACK_STORED);
	incidents_free(incidents);
}

static void test_cancel_is_a_request(void **state)
{
	(void)state;
	struct incidents *incidents = incidents_new(16);
	enter(incidents, "f-1-1", "f-1", AUTHENTICITY_VERIFIED, START_MS);
	assert_int_equal(incidents_request_cancel(incidents, "f-1-2"), -ENOENT);
	assert_int_equal(incidents_request_cancel(incidents, "f-1-1"), 0);
	assert_true(incidents_at(incidents, 0)->cancel_requested);
	assert_int_equal(incidents_count(incidents), 1);
	incidents_free(incidents);
}

static bool present(const struct incidents *incidents, const char *id)
{
	for (size_t i = 0; i < incidents_count(incidents); i++)
		if (strcmp(incidents_at(incidents, i)->id, id) == 0)
			return true;
	return false;
}

static void see(struct incidents *incidents, const char *id)
{
	assert_int_equal(incidents_acknowledge(incidents, id, ACK_BASE_SEEN, "op1", START_MS, NULL), 0);
}

static void test_who_speaks_of_whom(void **state)
{
	(void)state;
	struct incidents *incidents = incidents_new(16);
	enter(incidents, "f-17-1", "f-17", AUTHENTICITY_VERIFIED, START_MS);
	enter(incidents, "f-1-71", "f-1", AUTHENTICITY_SUSPECT, START_MS);
	enter(incidents, "a-0123-1", "N0CALL-7", AUTHENTICITY_UNVERIFIED, START_MS);
	static const struct {
		enum message_authenticity authenticity;
		const char *ref, *found;
	} rows[] = {
	    {AUTHENTICITY_VERIFIED, "f-17-1", "f-17-1"},
	    {AUTHENTICITY_VERIFIED, "f-17-99", "f-17-1"}, /* a repeat that was merged */
	    {AUTHENTICITY_VERIFIED, "f-1-71", "f-1-71"},
	    {AUTHENTICITY_VERIFIED, "a-0123-1", "a-0123-1"},
	    {AUTHENTICITY_SUSPECT, "f-1-72", "f-1-71"},
	    {AUTHENTICITY_SUSPECT, "f-17-1", NULL},
	    {AUTHENTICITY_STALE, "f-1-71", NULL},
	    {AUTHENTICITY_UNVERIFIED, "f-17-1", NULL},
	    {AUTHENTICITY_UNVERIFIED, "a-0123-1", NULL},
	    {AUTHENTICITY_VERIFIED, "f-171-1", NULL},
	    {AUTHENTICITY_VERIFIED, "f-17", NULL},
	    {AUTHENTICITY_VERIFIED, "f-17-", NULL},
	    {AUTHENTICITY_VERIFIED, "f-17-1-1", NULL},
	    {AUTHENTICITY_VERIFIED, "", NULL},
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct message message = distress("x", "f-17", rows[i].authenticity);
		const struct incident *incident = incidents_of(incidents, &message, rows[i].ref);
		if (rows[i].found)
			assert_string_equal(incident->id, rows[i].found);
		else
			assert_null(incident);
		message.status = STATUS_TEST;
		assert_null(incidents_of(incidents, &message, rows[i].ref));
	}
	incidents_free(incidents);
}

static void test_covert_ones_stay_apart(void **state)
{
	(void)state;
	struct incidents *incidents = incidents_new(16);
	for (int i = 0; i < 2; i++) {
		struct message message = distress(i ? "f-1-4" : "f-1-1", "f-1", AUTHENTICITY_UNVERIFIED);
		message.kind = KIND_CHECKIN;
		assert_true(incidents_enter(incidents, &message, "vhf", START_MS)->covert);
		assert_string_equal(message.incident, "f-1-1");
		assert_false(enter(incidents, i ? "f-1-5" : "f-1-2", "f-1", AUTHENTICITY_UNVERIFIED, START_MS)->covert);
	}
	assert_int_equal(incidents_count(incidents), 2);
	incidents_request_cancel(incidents, "f-1-2");
	size_t size;
	uint8_t *block = incidents_save(incidents, &size);
	struct incidents *again = incidents_new(16);
	assert_true(incidents_recall(again, block, size));
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(incidents_at(again, i)->covert, i == 0);
		assert_int_equal(incidents_at(again, i)->cancel_requested, i == 1);
	}
	free(block);
	incidents_free(again);
	incidents_free(incidents);
}

static void test_who_gives_way(void **state)
{
	(void)state;
	struct incidents *incidents = incidents_new(5);
	struct message exercise = distress("exercise", "f-9", AUTHENTICITY_VERIFIED);
	exercise.status = STATUS_EXERCISE;
	enter(incidents, "open", "f-1", AUTHENTICITY_VERIFIED, START_MS);
	enter(incidents, "seen", "f-2", AUTHENTICITY_VERIFIED, START_MS + 1);
	enter(incidents, "seen older", "f-3", AUTHENTICITY_VERIFIED, START_MS);
	enter(incidents, "fake seen", "f-4", AUTHENTICITY_UNVERIFIED, START_MS + 2);
	incidents_enter(incidents, &exercise, "vhf", START_MS + 3);
	see(incidents, "seen");
	see(incidents, "seen older");
	see(incidents, "fake seen");
	/* What a machine received is not seen by a person. */
	assert_int_equal(incidents_acknowledge(incidents, "open", ACK_HQ_RECEIVED, NULL, START_MS, NULL), 0);
	const char *const order[] = {"exercise", "fake seen", "seen older", "seen"};
	char id[16], station[16];
	for (int i = 0; i < 4; i++) {
		assert_true(present(incidents, order[i]));
		snprintf(id, sizeof(id), "new-%d", i);
		snprintf(station, sizeof(station), "g-%d", i);
		enter(incidents, id, station, AUTHENTICITY_VERIFIED, START_MS + 10);
		assert_false(present(incidents, order[i]));
		assert_int_equal(incidents_count(incidents), 5);
	}
	assert_int_equal(incidents_given_way(incidents), 4);
	/* Only such as nobody has seen: the table grows. */
	enter(incidents, "new-5", "g-5", AUTHENTICITY_VERIFIED, START_MS + 10);
	assert_int_equal(incidents_count(incidents), 6);
	assert_true(present(incidents, "open"));
	incidents_free(incidents);
}

static void test_flood_is_bounded_and_drops_no_verified_one(void **state)
{
	(void)state;
	struct incidents *incidents = incidents_new(4);
	char id[16], station[16];
	enter(incidents, "real", "f-1", AUTHENTICITY_VERIFIED, START_MS);
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "x-%d", i);
		snprintf(station, sizeof(station), "X-%d", i);
		enter(incidents, id, station, AUTHENTICITY_UNVERIFIED, START_MS + (int64_t)i * 60000);
	}
	assert_int_equal(incidents_count(incidents), 4 * 16);
	assert_true(present(incidents, "real"));
	assert_true(present(incidents, "x-999"));
	assert_false(present(incidents, "x-900"));
	incidents_free(incidents);
}

static void test_saved_and_recalled(void **state)
{
	(void)state;
	struct incidents *incidents = incidents_new(16), *later = incidents_new(16);
	struct message message = distress("f-1-1", "f-1", AUTHENTICITY_VERIFIED);
	message.position = (struct message_position){
	    .valid = true, .lat_deg = -89.5, .lon_deg = 179.25, .alt_m = NAN, .ambiguity = 2};
	incidents_enter(incidents, &message, "vhf", START_MS);
	see(incidents, "f-1-1");
	incidents_request_cancel(incidents, "f-1-1");
	enter(incidents, "a-1", "N0CALL-1", AUTHENTICITY_UNVERIFIED, START_MS + 5);
	enter(incidents, "a-2", "N0CALL-2", AUTHENTICITY_UNVERIFIED, START_MS + 6);
	size_t size;
	uint8_t *bytes = incidents_save(incidents, &size);
	assert_true(incidents_recall(later, bytes, size));
	assert_int_equal(incidents_count(later), 2);
	const struct incident *first = incidents_at(later, 0), *second = incidents_at(later, 1);
	assert_string_equal(first->id, "f-1-1");
	assert_string_equal(first->radio, "vhf");
	assert_string_equal(first->operator_id, "op1");
	assert_int_equal(first->level, ACK_BASE_SEEN);
	assert_int_equal(first->authenticity, AUTHENTICITY_VERIFIED);
	assert_true(first->cancel_requested);
	assert_true(first->position.lat_deg == -89.5 && first->position.lon_deg == 179.25);
	assert_true(isnan(first->position.alt_m));
	assert_int_equal(first->position.ambiguity, 2);
	assert_int_equal(first->acknowledged_ms, START_MS);
	assert_int_equal(second->count, 2);
	assert_int_equal(second->last_ms, START_MS + 6);
	assert_string_equal(second->station, "");
	assert_false(second->position.valid);
	/* It goes on where it was: by station, also the first of the merged. */
	assert_int_equal(enter(later, "f-1-2", "f-1", AUTHENTICITY_VERIFIED, START_MS + 9)->count, 2);
	assert_string_equal(enter(later, "a-3", "N0CALL-1", AUTHENTICITY_UNVERIFIED, START_MS + 99999)->id, "a-1");
	assert_false(incidents_recall(later, bytes, size)); /* no longer empty */
	free(bytes);
	incidents_free(incidents);
	incidents_free(later);
}

static void test_damaged_block_is_refused_whole(void **state)
{
	(void)state;
	struct incidents *incidents = incidents_new(16), *later = incidents_new(16);
	size_t size;
	uint8_t *bytes = incidents_save(incidents, &size);
	assert_true(incidents_recall(later, bytes, size)); /* none is fine */
	free(bytes);
	enter(incidents, "f-1-1", "f-1", AUTHENTICITY_VERIFIED, START_MS);
	enter(incidents, "f-2-1", "f-2", AUTHENTICITY_STALE, START_MS);
	bytes = incidents_save(incidents, &size);
	for (size_t cut = 0; cut < size; cut++)
		assert_false(incidents_recall(later, bytes, cut));
	for (size_t at = 0; at < size; at++) {
		bytes[at] ^= 0x40;
		assert_false(incidents_recall(later, bytes, size));
		assert_int_equal(incidents_count(later), 0);
		bytes[at] ^= 0x40;
	}
	free(bytes);
	incidents_free(incidents);
	incidents_free(later);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_repeats_are_one),
	    cmocka_unit_test(test_what_is_not_authentic_stays_apart),
	    cmocka_unit_test(test_seen_ones_take_no_other_station),
	    cmocka_unit_test(test_exercise_and_actual_never_merge),
	    cmocka_unit_test(test_unverified_of_one_radio_are_one_a_minute),
	    cmocka_unit_test(test_levels_only_rise),
	    cmocka_unit_test(test_human_levels_need_a_person),
	    cmocka_unit_test(test_cancel_is_a_request),
	    cmocka_unit_test(test_who_speaks_of_whom),
	    cmocka_unit_test(test_covert_ones_stay_apart),
	    cmocka_unit_test(test_who_gives_way),
	    cmocka_unit_test(test_flood_is_bounded_and_drops_no_verified_one),
	    cmocka_unit_test(test_saved_and_recalled),
	    cmocka_unit_test(test_damaged_block_is_refused_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
