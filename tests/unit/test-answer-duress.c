/* What stations are told: of a check-in under duress exactly what is said of any other. */
#include "tests/unit/answer-fixture.h"

static struct message checkin(bool duress)
{
	struct message message = field(KIND_CHECKIN, "f-17-5", duress ? CLASS_DISTRESS : CLASS_SAFETY);
	message.body.checkin.state = duress ? CHECKIN_DURESS : CHECKIN_OK;
	if (duress)
		SET(message.incident, "f-17-5");
	return message;
}

/* Does the same to both; when is each stored and with the broker, by the class it goes up in. */
static void live_through(struct rig *rig, bool duress, unsigned seed)
{
	struct message message = checkin(duress);
	message.ack_wanted = seed % 4 != 0;
	hear(rig, &message, "field");
	/* Ordinary ones are written after the commit interval; an alert at once. */
	int64_t on_disk_ms = duress ? START_MS + 3 : START_MS + SETTLE_MS - 300;
	for (rig->now_ms = START_MS; rig->now_ms < START_MS + 20000; rig->now_ms++) {
		if (rig->now_ms == on_disk_ms)
			store(rig, "f-17-5");
		if (rig->due_ms && rig->due_ms <= rig->now_ms) {
			rig->due_ms = 0;
			answer_due(rig->answer, rig->now_ms);
		}
		if (rig->now_ms == START_MS + 100 + seed * 613 % 9000)
			answer_heard_again(rig->answer, "f-17-5", rig->now_ms);
		if (rig->now_ms == START_MS + 12000)
			gone(rig);
		if (rig->now_ms == START_MS + 15000)
			answer_heard_again(rig->answer, "f-17-5", rig->now_ms);
	}
	/* Whatever the desk says, to whatever id, and though an ordinary one expires where an alert does not. */
	size_t before = rig->count;
	if (!duress)
		answer_lost(rig->answer, "f-17-5", rig->now_ms);
	for (unsigned level = ACK_BASE_SEEN; level <= ACK_CLOSED; level++) {
		answer_incident(rig->answer, "f-17-5", (enum ack_level)level, -1, rig->now_ms);
		answer_level(rig->answer, "f-17-5", (enum ack_level)level, -1, rig->now_ms);
	}
	assert_int_equal(rig->count, before);
}

static void test_duress_cannot_be_told_from_another(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < 40; seed++) {
		struct rig *plain = begin(WORDS_EN), *covert = begin(WORDS_EN);
		live_through(plain, false, seed);
		live_through(covert, true, seed);
		assert_int_equal(plain->count, covert->count);
		assert_int_equal(plain->count > 0, seed % 4 != 0);
		for (size_t i = 0; i < plain->count; i++) {
			struct said *one = &plain->said[i], *other = &covert->said[i];
			assert_string_equal(one->message.id, other->message.id);
			assert_int_equal(one->message.kind, other->message.kind);
			assert_int_equal(one->message.class, other->message.class);
			assert_int_equal(one->message.ack.level, other->message.ack.level);
			assert_string_equal(one->message.ack.ref, other->message.ack.ref);
			assert_int_equal(one->kept, other->kept);
		}
		const struct origin *a = origins_find(plain->origins, "f-17-5"),
				    *b = origins_find(covert->origins, "f-17-5");
		assert_int_equal(a->said_ms, b->said_ms);
		end((void **)&plain);
		end((void **)&covert);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_duress_cannot_be_told_from_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
