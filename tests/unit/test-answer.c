/* What stations are told: each level when it is true, as its network says it, never a lower one after a higher one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/message_body.h"
#include "gateway/answer.h"

#define SET(array, text) snprintf(array, sizeof(array), "%s", text)

enum { SAID_MAX = 4096, SETTLE_MS = 1500 };
static const int64_t START_MS = 1700000000000;

struct said {
	struct message message;
	char radio[MESSAGE_NAME_MAX]; /* "" = any */
	bool kept, gone, taken_back;
};

struct rig {
	struct origins *origins;
	struct counters *counters;
	struct answer *answer;
	struct said *said;
	size_t count;
	int64_t now_ms, due_ms;
	bool radio_gone, changed, soon;
};

static int on_take(void *context, const struct message *message, const char *radio, bool kept)
{
	struct rig *rig = context;
	if (rig->radio_gone && radio)
		return -ENODEV;
	assert_true(rig->count < SAID_MAX);
	struct said *said = &rig->said[rig->count++];
	*said = (struct said){.message = *message, .kept = kept};
	SET(said->radio, radio ? radio : "");
	return 0;
}

static void on_cancel(void *context, const char *id)
{
	struct rig *rig = context;
	for (size_t i = 0; i < rig->count; i++)
		if (strcmp(rig->said[i].message.id, id) == 0 && !rig->said[i].gone)
			rig->said[i].taken_back = true;
}

static void on_changed(void *context, bool soon)
{
	struct rig *rig = context;
	rig->changed = true;
	rig->soon = rig->soon || soon;
}

static void on_due(void *context, int64_t at_ms)
{
	struct rig *rig = context;
	rig->due_ms = at_ms;
}

static struct rig *begin(enum words_language language)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct answer_settings settings = {.language = language, .settle_ms = SETTLE_MS};
	struct answer_callbacks callbacks = {rig, on_take, on_cancel, on_changed, on_due};
	rig->said = calloc(SAID_MAX, sizeof(*rig->said));
	rig->origins = origins_new(1024, 7);
	rig->counters = counters_new();
	rig->answer = answer_new(&settings, &callbacks, rig->origins, rig->counters);
	rig->now_ms = START_MS;
	return rig;
}

static int start(void **state)
{
	*state = begin(WORDS_EN);
	return 0;
}

static int end(void **state)
{
	struct rig *rig = *state;
	answer_free(rig->answer);
	origins_free(rig->origins);
	counters_free(rig->counters);
	free(rig->said);
	free(rig);
	return 0;
}

static uint64_t counted(struct rig *rig, const char *name)
{
	return counters_get(rig->counters, "answer", name)->value;
}

/* ---- what is heard ---- */

static struct message heard(enum message_kind kind, const char *id, const char *station, enum message_class class)
{
	struct message message;
	message_init(&message);
	message.kind = kind;
	message.class = class;
	SET(message.id, id);
	SET(message.station, station);
	return message;
}

static struct message numbered(const char *id, const char *number)
{
	struct message message = heard(KIND_TEXT, id, "N0CALL-7", CLASS_ROUTINE);
	message.for_us = true;
	SET(message.to, "N0CALL-10");
	SET(message.aprs.message_number, number);
	return message;
}

/* A distress of the first id. */
static struct message distress(const char *id, const char *station, const char *incident)
{
	struct message message = heard(KIND_DISTRESS, id, station, CLASS_DISTRESS);
	SET(message.incident, incident);
	return message;
}

static struct message field(enum message_kind kind, const char *id, enum message_class class)
{
	struct message message = heard(kind, id, "f-17", class);
	message.for_us = message.ack_wanted = true;
	message.authenticity = AUTHENTICITY_VERIFIED;
	message.body_kind = kind;
	message_body_init(kind, &message.body);
	return message;
}

static void hear(struct rig *rig, const struct message *message, const char *air)
{
	answer_heard(rig->answer, message, "vhf", air, rig->now_ms);
}

static void store(struct rig *rig, const char *id)
{
	answer_stored(rig->answer, id, rig->now_ms);
}

static void hear_stored(struct rig *rig, const struct message *message, const char *air)
{
	hear(rig, message, air);
	store(rig, message->id);
}

/* The last of what was said has gone. */
static void gone(struct rig *rig)
{
	for (size_t i = 0; i < rig->count; i++) {
		struct receipt receipt = {
		    .command = rig->said[i].message.id, .stage = RECEIPT_SENT, .class = rig->said[i].message.class};
		answer_receipt(rig->answer, &receipt);
		rig->said[i].gone = true;
	}
}

static const struct message *said(const struct rig *rig, size_t index)
{
	assert_true(index < rig->count);
	return &rig->said[index].message;
}

/* ---- each network ---- */

static void test_aprs_number(void **state)
{
	struct rig *rig = *state;
	struct message message = numbered("a-1", "27");
	hear(rig, &message, "aprs");
	assert_int_equal(rig->count, 0);
	store(rig, "a-1");
	assert_int_equal(rig->count, 1);
	assert_int_equal(said(rig, 0)->kind, KIND_ACK);
	assert_string_equal(said(rig, 0)->to, "N0CALL-7");
	assert_string_equal(said(rig, 0)->ack.ref, "27");
	assert_int_equal(said(rig, 0)->ack.level, 0);
	assert_int_equal(said(rig, 0)->class, CLASS_SAFETY);
	assert_string_equal(rig->said[0].radio, "vhf");
	assert_false(rig->said[0].kept);
	/* PUBACK after the disk changes nothing. */
	store(rig, "a-1");
	assert_int_equal(rig->count, 1);
}

static void test_aprs_number_again(void **state)
{
	struct rig *rig = *state;
	struct message message = numbered("a-1", "27");
	hear(rig, &message, "aprs");
	answer_heard_again(rig->answer, "a-1", rig->now_ms);
	assert_int_equal(rig->count, 0);
	store(rig, "a-1");
	rig->now_ms += 4999;
	answer_heard_again(rig->answer, "a-1", rig->now_ms);
	assert_int_equal(rig->count, 1);
	rig->now_ms += 1;
	answer_heard_again(rig->answer, "a-1", rig->now_ms);
	assert_int_equal(rig->count, 2);
	assert_string_equal(said(rig, 1)->ack.ref, "27");
	assert_string_not_equal(said(rig, 1)->id, said(rig, 0)->id);
}

static void test_aprs_distress(void **state)
{
	struct rig *rig = *state;
	struct message message = distress("a-1", "N0CALL-7", "a-1");
	hear_stored(rig, &message, "aprs");
	assert_int_equal(rig->count, 1);
	assert_int_equal(said(rig, 0)->kind, KIND_TEXT);
	assert_int_equal(said(rig, 0)->class, CLASS_DISTRESS);
	assert_true(said(rig, 0)->ack_wanted);
	assert_int_equal(said(rig, 0)->body_kind, KIND_TEXT);
	assert_string_equal(said(rig, 0)->text, "Distress call stored. No person has reported seeing it.");
	assert_true(rig->said[0].kept);
	assert_true(rig->soon);
}

static void test_aprs_alert_with_number(void **state)
{
	struct rig *rig = *state;
	struct message message = numbered("a-1", "9");
	message.kind = KIND_ALERT;
	message.class = CLASS_URGENT;
	hear_stored(rig, &message, "aprs");
	assert_int_equal(rig->count, 2);
	assert_int_equal(said(rig, 0)->kind, KIND_ACK);
	assert_int_equal(said(rig, 1)->kind, KIND_TEXT);
	assert_int_equal(said(rig, 1)->class, CLASS_URGENT);
}

static void test_field(void **state)
{
	struct rig *rig = *state;
	struct message message = field(KIND_DISTRESS, "f-17-4001", CLASS_DISTRESS);
	message.status = STATUS_EXERCISE;
	hear_stored(rig, &message, "field");
	assert_int_equal(rig->count, 1);
	assert_int_equal(said(rig, 0)->kind, KIND_ACK);
	assert_string_equal(said(rig, 0)->to, "f-17");
	assert_string_equal(said(rig, 0)->ack.ref, "f-17-4001");
	assert_int_equal(said(rig, 0)->ack.level, ACK_STORED);
	assert_int_equal(said(rig, 0)->status, STATUS_EXERCISE);
	assert_int_equal(said(rig, 0)->class, CLASS_DISTRESS);
	/* Each repeat is answered, but not for each radio and relay that carries it. */
	answer_heard_again(rig->answer, "f-17-4001", rig->now_ms + 100);
	assert_int_equal(rig->count, 1);
	gone(rig);
	answer_heard_again(rig->answer, "f-17-4001", rig->now_ms + 2000);
	assert_int_equal(rig->count, 2);
	assert_int_equal(said(rig, 1)->ack.level, ACK_STORED);
}

static void test_field_asks_for_nothing(void **state)
{
	struct rig *rig = *state;
	struct message message = field(KIND_TEXT, "f-17-1", CLASS_ROUTINE);
	message.ack_wanted = false;
	hear_stored(rig, &message, "field");
	message = field(KIND_POSITION, "f-17-2", CLASS_BULK);
	message.ack_wanted = false;
	hear_stored(rig, &message, "field");
	assert_int_equal(rig->count, 0);
	/* A person may still say something of the first. */
	assert_int_equal(answer_level(rig->answer, "f-17-1", ACK_HQ_SEEN, -1, rig->now_ms), 0);
	assert_int_equal(said(rig, 0)->ack.level, ACK_HQ_SEEN);
	assert_int_equal(answer_level(rig->answer, "f-17-2", ACK_HQ_SEEN, -1, rig->now_ms), -ENOENT);
}

static void test_meshes(void **state)
{
	struct rig *rig = *state;
	struct message message = heard(KIND_TEXT, "mt-1", "mt-433c1d20", CLASS_ROUTINE);
	message.for_us = true;
	hear_stored(rig, &message, "meshtastic");
	message = heard(KIND_TEXT, "mc-1", "mc-a1b2c3d4e5f6", CLASS_ROUTINE);
	message.for_us = true;
	message.authenticity = AUTHENTICITY_VERIFIED;
	hear_stored(rig, &message, "meshcore");
	assert_int_equal(rig->count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(said(rig, i)->kind, KIND_TEXT);
		assert_string_equal(said(rig, i)->text, "Message stored. No person has reported seeing it yet.");
		assert_int_equal(said(rig, i)->class, CLASS_SAFETY);
	}
	assert_string_equal(said(rig, 0)->to, "mt-433c1d20");
	assert_string_equal(said(rig, 1)->to, "mc-a1b2c3d4e5f6");
}

static void test_not_answered(void **state)
{
	struct rig *rig = *state;
	struct message cases[16];
	const char *airs[16];
	size_t count = 0;
#define CASE(air, message)                                                                                             \
	airs[count] = air;                                                                                             \
	cases[count++] = message
	CASE("aprs", numbered("x-0", "1"));
	SET(cases[count - 1].aprs.third_party, "N0CALL>APRS");
	CASE("aprs", distress("x-1", "N0CALL-7", "x-1"));
	SET(cases[count - 1].aprs.name, "OBJECT");
	CASE("aprs", numbered("x-2", "1"));
	cases[count - 1].for_us = false;   /* between two others */
	CASE("aprs", numbered("x-3", "")); /* asks for nothing */
	CASE("meshtastic", heard(KIND_ALERT, "x-4", "mt-433c1d20", CLASS_URGENT));
	SET(cases[count - 1].heard.path, "mqtt");
	CASE("meshcore", distress("x-5", "mc-name-0badcafe", "x-5")); /* only a name on a channel */
	CASE("meshcore", distress("x-6", "mc-channel", "x-6"));
	CASE(NULL, distress("x-7", "base1", "x-7")); /* the panel */
	CASE("field", field(KIND_ACK, "x-8", CLASS_DISTRESS));
	CASE("field", field(KIND_DISTRESS, "x-9", CLASS_DISTRESS));
	SET(cases[count - 1].station, "f-65535");
	cases[count - 1].for_us = false; /* of a group */
	CASE("aprs", distress("", "N0CALL-7", ""));
	CASE("meshtastic", heard(KIND_TEXT, "x-11", "mt-433c1d20", CLASS_ROUTINE)); /* to all */
	CASE("aprs", heard(KIND_RAW, "x-12", "N0CALL-7", CLASS_URGENT));
	for (size_t i = 0; i < count; i++) {
		hear_stored(rig, &cases[i], airs[i]);
		answer_heard_again(rig->answer, cases[i].id, rig->now_ms);
		rig->now_ms += 120000;
	}
	assert_int_equal(rig->count, 0);
}

static void test_demoted_alert_is_not_answered_unasked(void **state)
{
	struct rig *rig = *state;
	struct message message = heard(KIND_ALERT, "mt-1", "mt-433c1d20", CLASS_SAFETY);
	message.demoted = true;
	hear_stored(rig, &message, "meshtastic");
	assert_int_equal(rig->count, 0);
}

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

/* ---- receipts ---- */

static void test_receipts(void **state)
{
	struct rig *rig = *state;
	struct message urgent = distress("a-1", "N0CALL-7", "a-1"), other = numbered("a-2", "1");
	SET(other.station, "N0CALL-8");
	hear_stored(rig, &urgent, "aprs");
	hear_stored(rig, &other, "aprs");
	struct receipt receipt = {.command = said(rig, 0)->id, .stage = RECEIPT_CONFIRMED, .class = CLASS_DISTRESS};
	assert_true(answer_receipt(rig->answer, &receipt));
	assert_string_equal(receipt.ref, "a-1");
	receipt = (struct receipt){.command = said(rig, 1)->id, .stage = RECEIPT_SENT, .class = CLASS_SAFETY};
	assert_false(answer_receipt(rig->answer, &receipt));
	receipt = (struct receipt){.command = "c-1", .stage = RECEIPT_SENT, .class = CLASS_ROUTINE};
	assert_true(answer_receipt(rig->answer, &receipt));
	assert_null(receipt.ref);
	receipt = (struct receipt){.command = "k-", .stage = RECEIPT_SENT, .class = CLASS_URGENT};
	assert_true(answer_receipt(rig->answer, &receipt));
	assert_null(receipt.ref);
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

/* ---- a check-in under duress ---- */

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

/* Events in any order: hearing, repeats, the disk, the broker, loss, people at the base and at headquarters. */
static void test_only_what_is_true(void **state)
{
	(void)state;
	size_t answers = 0;
	for (uint32_t run = 1; run <= 2000; run++) {
		struct rig *rig = begin(WORDS_EN);
		struct truth truth[STATIONS] = {0};
		uint32_t seed = run;
		for (int event = 0; event < EVENTS; event++) {
			unsigned who = next_random(&seed) % STATIONS, what = next_random(&seed) % 8, level;
			struct truth *of = &truth[who];
			size_t before = rig->count;
			char id[16], station[16];
			snprintf(id, sizeof(id), "f-%u-1", who);
			snprintf(station, sizeof(station), "f-%u", who);
			rig->now_ms += next_random(&seed) % 4000;
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
				if (next_random(&seed) % 8 || !of->heard)
					break;
				of->lost = true;
				answer_lost(rig->answer, id, rig->now_ms);
				break;
			case 5:
				gone(rig);
				break;
			default:
				level = ACK_BASE_SEEN + next_random(&seed) % 4;
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
		answers += rig->count;
		end((void **)&rig);
	}
	assert_true(answers > 10000);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
	const struct CMUnitTest tests[] = {
	    TEST(test_aprs_number),
	    TEST(test_aprs_number_again),
	    TEST(test_aprs_distress),
	    TEST(test_aprs_alert_with_number),
	    TEST(test_field),
	    TEST(test_field_asks_for_nothing),
	    TEST(test_meshes),
	    TEST(test_not_answered),
	    TEST(test_demoted_alert_is_not_answered_unasked),
	    TEST(test_levels_of_an_incident),
	    TEST(test_number_is_acknowledged_even_if_seen_first),
	    TEST(test_level_of_a_message),
	    TEST(test_repeats_of_an_incident_in_words),
	    TEST(test_repeats_of_an_incident_in_frames),
	    TEST(test_every_station_of_an_incident),
	    TEST(test_expired),
	    TEST(test_not_authentic),
	    TEST(test_distress_with_the_key_before_is_stored),
	    TEST(test_one_answer_a_station),
	    TEST(test_alerts_of_many_invented_stations),
	    TEST(test_radio_gone),
	    TEST(test_found_after_a_restart),
	    TEST(test_french),
	    TEST(test_own_text),
	    TEST(test_receipts),
	    TEST(test_a_number_that_is_repeated_hides_no_text),
	    TEST(test_an_old_text_is_taken_back_after_a_restart),
	    TEST(test_gateways_do_not_answer_answers),
	    TEST(test_answering_machines_have_not_the_last_word),
	    TEST(test_a_frame_that_is_played_back_for_hours),
	    cmocka_unit_test(test_duress_cannot_be_told_from_another),
	    cmocka_unit_test(test_only_what_is_true),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
