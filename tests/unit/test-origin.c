/* Whom an id came from: found again, bounded, the newest of an open incident kept, and the same after a restart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/origin.h"

static struct origin make(const char *id, const char *station, enum message_class class)
{
	struct origin origin = {.network = ORIGIN_APRS,
				.kind = KIND_TEXT,
				.class = class,
				.authenticity = AUTHENTICITY_VERIFIED,
				.wanted = true,
				.eta_min = -1,
				.heard_ms = 1700000000000};
	snprintf(origin.id, sizeof(origin.id), "%s", id);
	snprintf(origin.station, sizeof(origin.station), "%s", station);
	snprintf(origin.radio, sizeof(origin.radio), "vhf");
	return origin;
}

static struct origin *enter(struct origins *origins, const char *id, enum message_class class)
{
	struct origin origin = make(id, "N0CALL-7", class);
	return origins_enter(origins, &origin);
}

static struct origin *enter_distress(struct origins *origins, const char *id, const char *station, const char *incident,
				     enum message_authenticity authenticity)
{
	struct origin origin = make(id, station, CLASS_DISTRESS);
	origin.kind = KIND_DISTRESS;
	origin.authenticity = authenticity;
	snprintf(origin.incident, sizeof(origin.incident), "%s", incident);
	return origins_enter(origins, &origin);
}

static void test_found_again(void **state)
{
	(void)state;
	struct origins *origins = origins_new(4, 100);
	assert_null(origins_find(origins, "a-1"));
	assert_int_equal(enter(origins, "a-1", CLASS_SAFETY)->serial, 100);
	assert_int_equal(enter(origins, "a-2", CLASS_SAFETY)->serial, 101);
	assert_string_equal(origins_find(origins, "a-1")->station, "N0CALL-7");
	assert_string_equal(origins_by_serial(origins, 101)->id, "a-2");
	assert_null(origins_by_serial(origins, 102));
	assert_null(origins_find(origins, ""));
	assert_null(origins_find(origins, "a-3"));
	origins_free(origins);
}

static void test_lowest_class_gives_way_oldest_first(void **state)
{
	(void)state;
	struct origins *origins = origins_new(4, 1);
	enter(origins, "u-1", CLASS_URGENT);
	enter(origins, "s-1", CLASS_SAFETY);
	enter(origins, "d-1", CLASS_DISTRESS);
	enter(origins, "s-2", CLASS_SAFETY);
	enter(origins, "s-3", CLASS_SAFETY);
	assert_null(origins_find(origins, "s-1"));
	enter(origins, "d-2", CLASS_DISTRESS);
	enter(origins, "d-3", CLASS_DISTRESS);
	assert_null(origins_find(origins, "s-2"));
	assert_null(origins_find(origins, "s-3"));
	enter(origins, "d-4", CLASS_DISTRESS);
	assert_null(origins_find(origins, "u-1"));
	assert_non_null(origins_find(origins, "d-1"));
	assert_int_equal(origins_count(origins), 4);
	assert_int_equal(origins_given_way(origins), 4);
	origins_free(origins);
}

static void test_open_incidents_stay(void **state)
{
	(void)state;
	struct origins *origins = origins_new(2, 1);
	char id[16];
	for (int i = 0; i < 3; i++) {
		snprintf(id, sizeof(id), "f-%d-1", i);
		enter_distress(origins, id, id, id, AUTHENTICITY_VERIFIED);
	}
	enter(origins, "s-1", CLASS_SAFETY);
	enter(origins, "s-2", CLASS_SAFETY);
	assert_int_equal(origins_count(origins), 4);
	assert_non_null(origins_find(origins, "f-0-1"));
	assert_null(origins_find(origins, "s-1"));
	/* Closed, they give way like others. */
	origins_close(origins, "f-0-1");
	enter(origins, "u-1", CLASS_URGENT);
	enter(origins, "u-2", CLASS_URGENT);
	assert_null(origins_find(origins, "s-2"));
	enter(origins, "d-1", CLASS_DISTRESS);
	assert_null(origins_find(origins, "u-1"));
	origins_free(origins);
}

/* Anybody can make them, so their number is bounded. */
static void test_unverified_incidents_give_way_last(void **state)
{
	(void)state;
	struct origins *origins = origins_new(8, 1);
	char id[16];
	enter_distress(origins, "f-1-1", "f-1", "f-1-1", AUTHENTICITY_VERIFIED);
	for (int i = 0; i < 1000; i++) {
		snprintf(id, sizeof(id), "a-%d", i);
		enter_distress(origins, id, id, "a-0", AUTHENTICITY_UNVERIFIED);
	}
	assert_int_equal(origins_count(origins), 8);
	assert_non_null(origins_find(origins, "f-1-1"));
	assert_non_null(origins_find(origins, "a-999"));
	assert_null(origins_find(origins, "a-0"));
	origins_free(origins);
}

static void test_newest_speaks_for_its_station(void **state)
{
	(void)state;
	struct origins *origins = origins_new(16, 1);
	enter_distress(origins, "a-1", "N0CALL-1", "a-1", AUTHENTICITY_UNVERIFIED);
	enter_distress(origins, "a-2", "N0CALL-2", "a-1", AUTHENTICITY_UNVERIFIED);
	enter_distress(origins, "a-3", "N0CALL-1", "a-1", AUTHENTICITY_UNVERIFIED);
	enter_distress(origins, "a-4", "N0CALL-1", "a-4", AUTHENTICITY_VERIFIED);
	struct origin *first = origins_of_incident(origins, "a-1", NULL);
	assert_string_equal(first->id, "a-2");
	struct origin *second = origins_of_incident(origins, "a-1", first);
	assert_string_equal(second->id, "a-3");
	assert_null(origins_of_incident(origins, "a-1", second));
	assert_null(origins_of_incident(origins, "", NULL));
	origins_close(origins, "a-1");
	assert_null(origins_of_incident(origins, "a-1", NULL));
	assert_non_null(origins_of_incident(origins, "a-4", NULL));
	origins_free(origins);
}

static bool only_b(const void *context, const char *incident)
{
	(void)context;
	return strcmp(incident, "b") == 0;
}

static void test_settle(void **state)
{
	(void)state;
	struct origins *origins = origins_new(16, 1);
	enter_distress(origins, "a", "f-1", "a", AUTHENTICITY_VERIFIED);
	enter_distress(origins, "b", "f-2", "b", AUTHENTICITY_VERIFIED);
	origins_settle(origins, only_b, NULL);
	assert_null(origins_of_incident(origins, "a", NULL));
	assert_non_null(origins_of_incident(origins, "b", NULL));
	origins_free(origins);
}

/* A check-in under duress must not be told from another by what stays. */
static void test_covert_is_as_others(void **state)
{
	(void)state;
	struct origins *origins = origins_new(2, 1);
	struct origin covert = make("f-1-1", "f-1", CLASS_SAFETY);
	covert.covert = true;
	snprintf(covert.incident, sizeof(covert.incident), "f-1-1");
	origins_enter(origins, &covert);
	assert_null(origins_of_incident(origins, "f-1-1", NULL));
	enter(origins, "s-1", CLASS_SAFETY);
	enter(origins, "s-2", CLASS_SAFETY);
	assert_null(origins_find(origins, "f-1-1"));
	origins_free(origins);
}

static void fill(struct origins *origins, int count)
{
	char id[MESSAGE_ID_MAX];
	for (int i = 0; i < count; i++) {
		snprintf(id, sizeof(id), "%078d%d", i, i % 10); /* as long as an id can be */
		struct origin *origin = enter_distress(origins, id, "N0CALL-7", i % 2 ? id : "", AUTHENTICITY_STALE);
		origin->network = (enum origin_network)(i % 4);
		origin->told = i % 3 ? ACK_RESPONDING : ACK_NOT_AUTHENTIC;
		origin->eta_min = i % 256;
		origin->stored = i % 2;
		origin->lost = i % 5 == 0;
		origin->covert = false;
		origin->answers = (uint32_t)i;
		origin->said_ms = origin->number_ms = 1700000000000 + i;
		origin->waiting = true;
		snprintf(origin->number, sizeof(origin->number), "%05u", (uint16_t)i);
		snprintf(origin->radio, sizeof(origin->radio), "%031d", i);
	}
}

static void test_across_restarts(void **state)
{
	(void)state;
	struct origins *before = origins_new(64, 500), *after = origins_new(64, 1);
	size_t size;
	fill(before, 64);
	uint8_t *bytes = origins_save(before, &size);
	assert_non_null(bytes);
	assert_true(size > 0);
	assert_true(origins_recall(after, bytes, size));
	assert_int_equal(origins_count(after), 64);
	for (size_t i = 0; i < 64; i++) {
		const struct origin *was = origins_at(before, i), *is = origins_at(after, i);
		assert_string_equal(was->id, is->id);
		assert_string_equal(was->station, is->station);
		assert_string_equal(was->radio, is->radio);
		assert_string_equal(was->incident, is->incident);
		assert_string_equal(was->number, is->number);
		assert_int_equal(was->network, is->network);
		assert_int_equal(was->kind, is->kind);
		assert_int_equal(was->class, is->class);
		assert_int_equal(was->authenticity, is->authenticity);
		assert_int_equal(was->told, is->told);
		assert_int_equal(was->eta_min, is->eta_min);
		assert_int_equal(was->stored, is->stored);
		assert_int_equal(was->lost, is->lost);
		assert_int_equal(was->newest, is->newest);
		assert_int_equal(was->answers, is->answers);
		assert_int_equal(was->serial, is->serial);
		assert_int_equal(was->said_ms, is->said_ms);
		assert_int_equal(was->number_ms, is->number_ms);
		assert_false(is->waiting);
	}
	/* Serials go on, so that no answer of this run has the id of one before. */
	assert_int_equal(enter(after, "new", CLASS_SAFETY)->serial, 564);
	free(bytes);
	origins_free(before);
	origins_free(after);
}

static void test_recalled_late(void **state)
{
	(void)state;
	struct origins *before = origins_new(8, 1), *after = origins_new(8, 900);
	size_t size;
	enter(before, "a", CLASS_SAFETY);
	enter(before, "b", CLASS_SAFETY)->told = ACK_STORED;
	uint8_t *bytes = origins_save(before, &size);
	enter(after, "b", CLASS_SAFETY)->told = ACK_BASE_SEEN;
	assert_true(origins_recall(after, bytes, size));
	assert_int_equal(origins_count(after), 2);
	assert_int_equal(origins_find(after, "b")->told, ACK_BASE_SEEN);
	assert_int_equal(enter(after, "c", CLASS_SAFETY)->serial, 901);
	free(bytes);
	origins_free(before);
	origins_free(after);
}

static void test_damage_is_refused_whole(void **state)
{
	(void)state;
	struct origins *before = origins_new(8, 1);
	size_t size;
	fill(before, 3);
	uint8_t *bytes = origins_save(before, &size);
	for (size_t i = 0; i < size; i++) {
		struct origins *after = origins_new(8, 1);
		bytes[i] ^= 0x10;
		assert_false(origins_recall(after, bytes, size));
		assert_int_equal(origins_count(after), 0);
		bytes[i] ^= 0x10;
		assert_false(origins_recall(after, bytes, i));
		origins_free(after);
	}
	free(bytes);
	origins_free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_found_again),
	    cmocka_unit_test(test_lowest_class_gives_way_oldest_first),
	    cmocka_unit_test(test_open_incidents_stay),
	    cmocka_unit_test(test_unverified_incidents_give_way_last),
	    cmocka_unit_test(test_newest_speaks_for_its_station),
	    cmocka_unit_test(test_settle),
	    cmocka_unit_test(test_covert_is_as_others),
	    cmocka_unit_test(test_across_restarts),
	    cmocka_unit_test(test_recalled_late),
	    cmocka_unit_test(test_damage_is_refused_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
