/* What stations are told of a message: each level when it is true, never a lower one after a higher one. */
#include "tests/unit/answer-fixture.h"

/* ---- levels ---- */

static void test_levels_of_an_incident(void **state)
{
	struct rig *rig = *state;
	struct message message = distress("a-1", "N0CALL-7", "a-1");
	hear_stored(rig, &message, "aprs");
	gone(rig);
	answer_incident(rig->answer, "a-1", ACK_BASE_SEEN, -1, rig->now_ms);
	answer_incident(rig->answer, "a-1", ACK_RESPONDING, 20, rig->now_ms);
	answer_incident(rig->answer, "a-1", ACK_HQ_SEEN, -1, rig->now_ms);
	answer_incident(rig->answer, "a-1", ACK_RESPONDING, 10, rig->now_ms);
	assert_int_equal(rig->count, 3);
	assert_string_equal(said(rig, 1)->text, "A person at the base has seen your distress call.");
	assert_string_equal(said(rig, 2)->text, "A person reports: responding. Estimate given: 20 min.");
	assert_false(rig->said[0].taken_back);
	assert_true(rig->said[1].taken_back); /* it still waited */
	answer_incident(rig->answer, "a-1", ACK_CLOSED, -1, rig->now_ms);
	assert_int_equal(rig->count, 4);
	answer_incident(rig->answer, "a-1", ACK_CLOSED, -1, rig->now_ms);
	assert_int_equal(rig->count, 4);
}

static void test_number_is_acknowledged_even_if_seen_first(void **state)
{
	struct rig *rig = *state;
	struct message message = numbered("a-1", "27");
	hear(rig, &message, "aprs");
	assert_int_equal(answer_level(rig->answer, "a-1", ACK_BASE_SEEN, -1, rig->now_ms), 0);
	store(rig, "a-1");
	assert_int_equal(rig->count, 2);
	assert_int_equal(said(rig, 0)->kind, KIND_TEXT);
	assert_int_equal(said(rig, 1)->kind, KIND_ACK);
	assert_string_equal(said(rig, 1)->ack.ref, "27");
	/* And it is not taken back by what comes later. */
	assert_int_equal(answer_level(rig->answer, "a-1", ACK_HQ_SEEN, -1, rig->now_ms), 0);
	assert_true(rig->said[0].taken_back);
	assert_false(rig->said[1].taken_back);
}

static void test_level_of_a_message(void **state)
{
	struct rig *rig = *state;
	struct message message = field(KIND_REQUEST, "f-17-9", CLASS_ROUTINE);
	hear_stored(rig, &message, "field");
	assert_int_equal(answer_level(rig->answer, "f-17-9", ACK_RESPONDING, 45, rig->now_ms), 0);
	assert_int_equal(said(rig, 1)->ack.level, ACK_RESPONDING);
	assert_int_equal(said(rig, 1)->ack.eta_min, 45);
	assert_true(rig->said[0].taken_back);
	assert_int_equal(answer_level(rig->answer, "f-17-9", ACK_RESPONDING, 45, rig->now_ms), -EALREADY);
	assert_int_equal(answer_level(rig->answer, "f-17-9", ACK_HQ_SEEN, -1, rig->now_ms), -EALREADY);
	assert_int_equal(answer_level(rig->answer, "f-17-8", ACK_HQ_SEEN, -1, rig->now_ms), -ENOENT);
	/* The handset repeats what it asked: it is told where it stands. */
	gone(rig);
	answer_heard_again(rig->answer, "f-17-9", rig->now_ms + 5000);
	assert_int_equal(said(rig, 2)->ack.level, ACK_RESPONDING);
	assert_int_equal(said(rig, 2)->ack.eta_min, 45);
}

static void test_repeats_of_an_incident_in_words(void **state)
{
	struct rig *rig = *state;
	char id[16];
	for (int i = 0; i < 10; i++) {
		snprintf(id, sizeof(id), "a-%d", i);
		struct message message = distress(id, "N0CALL-7", "a-0");
		hear_stored(rig, &message, "aprs");
		gone(rig);
		rig->now_ms += 10000;
	}
	assert_int_equal(rig->count, 2); /* in 90 s */
	answer_incident(rig->answer, "a-0", ACK_BASE_SEEN, -1, rig->now_ms);
	gone(rig);
	assert_int_equal(rig->count, 3);
	rig->now_ms += 60000;
	struct message message = distress("a-10", "N0CALL-7", "a-0");
	hear_stored(rig, &message, "aprs");
	/* Somebody has seen it: that nobody has is not said any more. */
	assert_string_equal(said(rig, 3)->text, "A person at the base has seen your distress call.");
}

static void test_repeats_of_an_incident_in_frames(void **state)
{
	struct rig *rig = *state;
	struct message first = field(KIND_DISTRESS, "f-17-1", CLASS_DISTRESS);
	struct message second = field(KIND_DISTRESS, "f-17-2", CLASS_DISTRESS);
	SET(first.incident, "f-17-1");
	SET(second.incident, "f-17-1");
	hear_stored(rig, &first, "field");
	answer_incident(rig->answer, "f-17-1", ACK_BASE_SEEN, -1, rig->now_ms);
	hear_stored(rig, &second, "field");
	assert_int_equal(rig->count, 3);
	/* Of the second frame no more is known than that it is stored. */
	assert_string_equal(said(rig, 2)->ack.ref, "f-17-2");
	assert_int_equal(said(rig, 2)->ack.level, ACK_STORED);
	answer_incident(rig->answer, "f-17-1", ACK_HQ_SEEN, -1, rig->now_ms);
	assert_int_equal(rig->count, 4);
	assert_string_equal(said(rig, 3)->ack.ref, "f-17-2");
}

static void test_every_station_of_an_incident(void **state)
{
	struct rig *rig = *state;
	struct message one = distress("a-1", "N0CALL-1", "a-1"), two = distress("a-2", "N0CALL-2", "a-1");
	hear_stored(rig, &one, "aprs");
	hear_stored(rig, &two, "aprs");
	answer_incident(rig->answer, "a-1", ACK_BASE_SEEN, -1, rig->now_ms);
	assert_int_equal(rig->count, 4);
	assert_string_equal(said(rig, 2)->to, "N0CALL-1");
	assert_string_equal(said(rig, 3)->to, "N0CALL-2");
}

static void test_expired(void **state)
{
	struct rig *rig = *state;
	struct message told = field(KIND_TEXT, "f-17-1", CLASS_ROUTINE),
		       untold = field(KIND_TEXT, "f-17-2", CLASS_ROUTINE),
		       known = field(KIND_TEXT, "f-17-3", CLASS_ROUTINE);
	hear_stored(rig, &told, "field");
	hear(rig, &untold, "field");
	hear_stored(rig, &known, "field");
	answer_level(rig->answer, "f-17-3", ACK_HQ_RECEIVED, -1, rig->now_ms);
	size_t before = rig->count;
	answer_lost(rig->answer, "f-17-1", rig->now_ms);
	answer_lost(rig->answer, "f-17-1", rig->now_ms);
	answer_lost(rig->answer, "f-17-2", rig->now_ms);
	answer_lost(rig->answer, "f-17-3", rig->now_ms);
	assert_int_equal(rig->count, before + 1);
	assert_string_equal(said(rig, before)->ack.ref, "f-17-1");
	assert_int_equal(said(rig, before)->ack.level, ACK_EXPIRED);
	/* What is lost is never stored afterwards, nor does a repeat bring it back. */
	store(rig, "f-17-2");
	answer_heard_again(rig->answer, "f-17-1", rig->now_ms + 60000);
	assert_int_equal(rig->count, before + 1);
}

static void test_not_authentic(void **state)
{
	struct rig *rig = *state;
	struct message old_key = field(KIND_TEXT, "f-17-1-0badcafe", CLASS_ROUTINE);
	old_key.authenticity = AUTHENTICITY_SUSPECT;
	hear_stored(rig, &old_key, "field");
	assert_int_equal(said(rig, 0)->ack.level, ACK_NOT_AUTHENTIC);
	assert_string_equal(said(rig, 0)->ack.ref, "f-17-1-0badcafe");
	/* Nobody says more of it, and forged ones are not worth more than one word a minute. */
	answer_level(rig->answer, "f-17-1-0badcafe", ACK_HQ_SEEN, -1, rig->now_ms);
	struct message forged = field(KIND_DISTRESS, "f-17-2-0badcafe", CLASS_DISTRESS);
	forged.authenticity = AUTHENTICITY_UNVERIFIED;
	hear_stored(rig, &forged, "field");
	assert_int_equal(rig->count, 1);
	rig->now_ms += 60000;
	SET(forged.id, "f-17-3-0badcafe");
	hear_stored(rig, &forged, "field");
	assert_int_equal(rig->count, 2);
	assert_int_equal(said(rig, 1)->ack.level, ACK_NOT_AUTHENTIC);
	assert_int_equal(said(rig, 1)->class, CLASS_SAFETY);
}

static void test_distress_with_the_key_before_is_stored(void **state)
{
	struct rig *rig = *state;
	struct message message = field(KIND_DISTRESS, "f-17-1-0badcafe", CLASS_DISTRESS);
	message.authenticity = AUTHENTICITY_SUSPECT;
	hear_stored(rig, &message, "field");
	message.authenticity = AUTHENTICITY_STALE;
	SET(message.id, "f-17-2-0badcafe");
	hear_stored(rig, &message, "field");
	assert_int_equal(rig->count, 2);
	assert_int_equal(said(rig, 0)->ack.level, ACK_STORED);
	assert_int_equal(said(rig, 1)->ack.level, ACK_STORED);
}

/* ---- properties ---- */

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* What may be said of a message, as a model that knows nothing of how it is done. */
struct truth {
	bool heard, stored, lost;
	unsigned given; /* the highest level given */
	unsigned said;
};

enum { STATIONS = 4, EVENTS = 60 };

static void judge(struct rig *rig, struct truth truth[static STATIONS], size_t from)
{
	for (size_t i = from; i < rig->count; i++) {
		const struct message *message = said(rig, i);
		unsigned station = (unsigned)(message->to[2] - '0');
		unsigned level = message->ack.level;
		assert_true(station < STATIONS);
		struct truth *of = &truth[station];
		if (level == ACK_EXPIRED) {
			assert_true(of->lost && of->said >= ACK_STORED);
			continue;
		}
		assert_true(of->heard);
		if (level == ACK_STORED)
			assert_true(of->stored && !of->lost);
		else
			assert_int_equal(level, of->given);
		assert_true(level >= of->said);
		of->said = level;
	}
}

/* Hearing, repeats, the disk, the broker, loss, people at the base and at headquarters. */
static void any_event(struct rig *rig, struct truth truth[static STATIONS], uint32_t *seed)
{
	unsigned who = next_random(seed) % STATIONS, what = next_random(seed) % 8, level;
	struct truth *of = &truth[who];
	size_t before = rig->count;
	char id[16], station[16];
	snprintf(id, sizeof(id), "f-%u-1", who);
	snprintf(station, sizeof(station), "f-%u", who);
	rig->now_ms += next_random(seed) % 4000;
	struct message message = field(who % 2 ? KIND_DISTRESS : KIND_TEXT, id,
				       who % 2 ? CLASS_DISTRESS : CLASS_ROUTINE);
	SET(message.station, station);
	if (who % 2)
		SET(message.incident, id);
	switch (what) {
	case 0:
		of->heard = true;
		hear(rig, &message, "field");
		break;
	case 1:
		answer_heard_again(rig->answer, id, rig->now_ms);
		break;
	case 2:
	case 3:
		of->stored = of->heard && !of->lost;
		store(rig, id);
		break;
	case 4:
		if (next_random(seed) % 8 || !of->heard)
			break;
		of->lost = true;
		answer_lost(rig->answer, id, rig->now_ms);
		break;
	case 5:
		gone(rig);
		break;
	default:
		level = ACK_BASE_SEEN + next_random(seed) % 4;
		if (of->heard && level > of->given)
			of->given = level;
		if (who % 2)
			answer_incident(rig->answer, id, (enum ack_level)level, -1, rig->now_ms);
		else
			answer_level(rig->answer, id, (enum ack_level)level, -1, rig->now_ms);
	}
	judge(rig, truth, before);
	/* Nothing true and wanted is left out: what is stored was said to be, or more. */
	if (of->heard && of->stored && !of->lost)
		assert_true(of->said >= ACK_STORED);
	assert_true(of->said >= of->given);
}

/* Events in any order. */
static void test_only_what_is_true(void **state)
{
	(void)state;
	size_t answers = 0;
	for (uint32_t run = 1; run <= 2000; run++) {
		struct rig *rig = begin(WORDS_EN);
		struct truth truth[STATIONS] = {0};
		uint32_t seed = run;
		for (int event = 0; event < EVENTS; event++)
			any_event(rig, truth, &seed);
		answers += rig->count;
		end((void **)&rig);
	}
	assert_true(answers > 10000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_levels_of_an_incident),
	    TEST(test_number_is_acknowledged_even_if_seen_first),
	    TEST(test_level_of_a_message),
	    TEST(test_repeats_of_an_incident_in_words),
	    TEST(test_repeats_of_an_incident_in_frames),
	    TEST(test_every_station_of_an_incident),
	    TEST(test_expired),
	    TEST(test_not_authentic),
	    TEST(test_distress_with_the_key_before_is_stored),
	    cmocka_unit_test(test_only_what_is_true),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
