/* What stations are told: no more than the air has room for, not round and round, and after a restart. */
#include "tests/unit/answer-fixture.h"

/* ---- limits ---- */

static void test_one_answer_a_station(void **state)
{
	struct rig *rig = *state;
	struct message one = numbered("a-1", "1"), two = numbered("a-2", "2");
	hear_stored(rig, &one, "aprs");
	rig->now_ms += 9999;
	hear_stored(rig, &two, "aprs");
	assert_int_equal(rig->count, 1);
	assert_int_equal(counted(rig, "drop.too_soon"), 1);
	/* Its sender repeats it, and is answered then. */
	rig->now_ms += 1;
	answer_heard_again(rig->answer, "a-2", rig->now_ms);
	assert_int_equal(rig->count, 2);
	assert_string_equal(said(rig, 1)->ack.ref, "2");
}

static void test_alerts_of_many_invented_stations(void **state)
{
	struct rig *rig = *state;
	char name[16];
	for (int i = 0; i < 600; i++) {
		snprintf(name, sizeof(name), "N0CAL%d", i);
		struct message message = distress(name, name, "a-0");
		hear_stored(rig, &message, "aprs");
		rig->now_ms += 100;
	}
	assert_in_range(rig->count, 11, 12); /* six at once, then six a minute */
	assert_int_equal(counted(rig, "drop.unproven"), 600 - rig->count);
	/* Whoever proves who it is, is answered at once. */
	size_t before = rig->count;
	struct message true_one = field(KIND_DISTRESS, "f-17-1", CLASS_DISTRESS);
	hear_stored(rig, &true_one, "field");
	assert_int_equal(rig->count, before + 1);
}

static void test_radio_gone(void **state)
{
	struct rig *rig = *state;
	struct message message = distress("a-1", "N0CALL-7", "a-1");
	rig->radio_gone = true;
	hear_stored(rig, &message, "aprs");
	assert_int_equal(rig->count, 1);
	assert_string_equal(rig->said[0].radio, "");
}

static void test_found_after_a_restart(void **state)
{
	struct rig *rig = *state;
	struct message message = distress("a-1", "N0CALL-7", "a-1");
	hear(rig, &message, "aprs");
	answer_found(rig->answer, "a-1", rig->now_ms);
	assert_int_equal(rig->count, 0);
	assert_true(rig->due_ms > rig->now_ms);
	rig->now_ms = rig->due_ms;
	answer_due(rig->answer, rig->now_ms);
	assert_int_equal(rig->count, 1);
	answer_found(rig->answer, "a-1", rig->now_ms);
	answer_due(rig->answer, rig->now_ms + 60000);
	assert_int_equal(rig->count, 1);
}

static void test_french(void **state)
{
	(void)state;
	struct rig *rig = begin(WORDS_FR);
	struct message message = distress("a-1", "N0CALL-7", "a-1");
	message.status = STATUS_EXERCISE;
	hear_stored(rig, &message, "aprs");
	assert_string_equal(said(rig, 0)->text, "EXERCICE Appel de detresse enregistre. Nul ne dit l'avoir lu.");
	end((void **)&rig);
	rig = begin(WORDS_BOTH);
	hear_stored(rig, &message, "aprs");
	assert_int_equal(rig->count, 2);
	answer_incident(rig->answer, "a-1", ACK_CLOSED, -1, rig->now_ms);
	assert_true(rig->said[0].taken_back && rig->said[1].taken_back);
	end((void **)&rig);
}

static void test_own_text(void **state)
{
	struct rig *rig = *state;
	struct message message = field(KIND_REQUEST, "f-17-9", CLASS_ROUTINE);
	hear(rig, &message, "field");
	assert_int_equal(answer_text(rig->answer, "f-17-9", "Still to say: justification.", rig->now_ms), 0);
	assert_int_equal(said(rig, 0)->kind, KIND_TEXT);
	assert_string_equal(said(rig, 0)->to, "f-17");
	assert_int_equal(answer_text(rig->answer, "f-17-8", "x", rig->now_ms), -ENOENT);
	/* A level neither waits for it nor takes its place. */
	assert_int_equal(answer_level(rig->answer, "f-17-9", ACK_HQ_RECEIVED, -1, rig->now_ms), 0);
	assert_int_equal(rig->count, 2);
	assert_false(rig->said[0].taken_back);
}

/* ---- what must not go round and round ---- */

static void test_a_number_that_is_repeated_hides_no_text(void **state)
{
	struct rig *rig = *state;
	struct message message = numbered("a-1", "9");
	message.kind = KIND_ALERT;
	message.class = CLASS_URGENT;
	hear_stored(rig, &message, "aprs");
	for (int i = 0; i < 3; i++) {
		rig->now_ms += 5000;
		answer_heard_again(rig->answer, "a-1", rig->now_ms);
	}
	assert_int_equal(rig->count, 5);
	for (size_t i = 0; i < rig->count; i++)
		assert_int_equal(said(rig, i)->kind, i == 1 ? KIND_TEXT : KIND_ACK);
	/* The text has gone, so that it may be said again. */
	gone(rig);
	rig->now_ms += 60000;
	answer_heard_again(rig->answer, "a-1", rig->now_ms);
	assert_int_equal(rig->count, 7);
	assert_int_equal(said(rig, 6)->kind, KIND_TEXT);
	rig->now_ms += 5000;
	answer_heard_again(rig->answer, "a-1", rig->now_ms);
	/* It waits, and a person was faster. */
	assert_int_equal(answer_level(rig->answer, "a-1", ACK_BASE_SEEN, -1, rig->now_ms), 0);
	assert_true(rig->said[6].taken_back);
}

static void test_an_old_text_is_taken_back_after_a_restart(void **state)
{
	struct rig *rig = *state;
	struct message message = distress("a-1", "N0CALL-7", "a-1");
	hear_stored(rig, &message, "aprs");
	origins_find(rig->origins, "a-1")->waiting = false; /* which a new run does not know */
	answer_incident(rig->answer, "a-1", ACK_BASE_SEEN, -1, rig->now_ms);
	assert_true(rig->said[0].taken_back);
}

static void test_gateways_do_not_answer_answers(void **state)
{
	struct rig *rig = *state;
	static const struct words_room rooms[] = {{67, true}, {160, false}, {220, false}};
	static const unsigned levels[] = {1, 2, 3, 4, 5, 6, 0x81, 0x82, 0x83};
	char texts[WORDS_TEXTS][WORDS_MAX], id[16];
	unsigned count = 0;
	for (size_t level = 0; level < sizeof(levels) / sizeof(*levels); level++)
		for (unsigned form = 0; form < 3 * 3 * 3 * 2 * 2; form++) {
			struct words_ask ask = {.level = (enum ack_level)levels[level],
						.distress = form % 2,
						.eta_min = form / 2 % 2 ? 20 : -1,
						.status = (enum message_status)(form / 4 % 3)};
			size_t made = words_make(&ask, (enum words_language)(form / 12 % 3), &rooms[form / 36], texts);
			for (size_t i = 0; i < made; i++) {
				snprintf(id, sizeof(id), "mc-%u", count++);
				struct message message = heard(KIND_TEXT, id, "mc-a1b2c3d4e5f6", CLASS_ROUTINE);
				message.for_us = true;
				message.authenticity = AUTHENTICITY_VERIFIED;
				SET(message.text, texts[i]);
				hear_stored(rig, &message, "meshcore");
				assert_int_equal(rig->count, 0);
			}
		}
	assert_true(count > 900);
}

/* A machine that has a word for everything, and takes its time. */
static void test_answering_machines_have_not_the_last_word(void **state)
{
	struct rig *rig = *state;
	char id[16];
	for (unsigned round = 0; round < 240; round++) {
		snprintf(id, sizeof(id), "mc-%u", round);
		struct message message = heard(KIND_TEXT, id, "mc-a1b2c3d4e5f6", CLASS_ROUTINE);
		message.for_us = true;
		message.authenticity = AUTHENTICITY_VERIFIED;
		SET(message.text, "I am away from my radio.");
		hear_stored(rig, &message, "meshcore");
		gone(rig);
		rig->now_ms += 15000;
	}
	assert_in_range(rig->count, 6, 48); /* of an hour */
	assert_int_equal(counted(rig, "drop.too_soon"), 240 - rig->count);
}

/* Whoever has recorded one frame must not make the gateway spend the airtime of alerts. */
static void test_a_frame_that_is_played_back_for_hours(void **state)
{
	struct rig *rig = *state;
	struct message message = field(KIND_DISTRESS, "f-17-1", CLASS_DISTRESS);
	SET(message.incident, "f-17-1");
	hear_stored(rig, &message, "field");
	for (unsigned i = 0; i < 3 * 1800; i++) {
		gone(rig);
		rig->now_ms += 2000;
		answer_heard_again(rig->answer, "f-17-1", rig->now_ms);
	}
	/* A station that is hard of hearing is answered each time at first. */
	assert_true(rig->count > 20);
	assert_true(rig->count < 3 * 15 + 20);
	size_t urgent = 0;
	for (size_t i = 0; i < rig->count; i++)
		urgent += said(rig, i)->class == CLASS_DISTRESS;
	assert_in_range(urgent, 8, 12 + 3 * 12);
	/* Another's is not held up by that. */
	struct message other = field(KIND_DISTRESS, "f-18-1", CLASS_DISTRESS);
	SET(other.station, "f-18");
	hear_stored(rig, &other, "field");
	assert_int_equal(said(rig, rig->count - 1)->class, CLASS_DISTRESS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_one_answer_a_station),
	    TEST(test_alerts_of_many_invented_stations),
	    TEST(test_radio_gone),
	    TEST(test_found_after_a_restart),
	    TEST(test_french),
	    TEST(test_own_text),
	    TEST(test_a_number_that_is_repeated_hides_no_text),
	    TEST(test_an_old_text_is_taken_back_after_a_restart),
	    TEST(test_gateways_do_not_answer_answers),
	    TEST(test_answering_machines_have_not_the_last_word),
	    TEST(test_a_frame_that_is_played_back_for_hours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
