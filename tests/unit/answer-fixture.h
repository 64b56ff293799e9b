/* What the tests of answers share: messages as they are heard, and an answer whose words are noted instead of sent. Included by one file of a
 * program. */
#pragma once

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

static inline int on_take(void *context, const struct message *message, const char *radio, bool kept)
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

static inline void on_cancel(void *context, const char *id)
{
	struct rig *rig = context;
	for (size_t i = 0; i < rig->count; i++)
		if (strcmp(rig->said[i].message.id, id) == 0 && !rig->said[i].gone)
			rig->said[i].taken_back = true;
}

static inline void on_changed(void *context, bool soon)
{
	struct rig *rig = context;
	rig->changed = true;
	rig->soon = rig->soon || soon;
}

static inline void on_due(void *context, int64_t at_ms)
{
	struct rig *rig = context;
	rig->due_ms = at_ms;
}

static inline struct rig *begin(enum words_language language)
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

static inline int start(void **state)
{
	*state = begin(WORDS_EN);
	return 0;
}

static inline int end(void **state)
{
	struct rig *rig = *state;
	answer_free(rig->answer);
	origins_free(rig->origins);
	counters_free(rig->counters);
	free(rig->said);
	free(rig);
	return 0;
}

static inline uint64_t counted(struct rig *rig, const char *name)
{
	return counters_get(rig->counters, "answer", name)->value;
}

/* ---- what is heard ---- */

static inline struct message heard(enum message_kind kind, const char *id, const char *station,
				   enum message_class class)
{
	struct message message;
	message_init(&message);
	message.kind = kind;
	message.class = class;
	SET(message.id, id);
	SET(message.station, station);
	return message;
}

static inline struct message numbered(const char *id, const char *number)
{
	struct message message = heard(KIND_TEXT, id, "N0CALL-7", CLASS_ROUTINE);
	message.for_us = true;
	SET(message.to, "N0CALL-10");
	SET(message.aprs.message_number, number);
	return message;
}

/* A distress of the first id. */
static inline struct message distress(const char *id, const char *station, const char *incident)
{
	struct message message = heard(KIND_DISTRESS, id, station, CLASS_DISTRESS);
	SET(message.incident, incident);
	return message;
}

static inline struct message field(enum message_kind kind, const char *id, enum message_class class)
{
	struct message message = heard(kind, id, "f-17", class);
	message.for_us = message.ack_wanted = true;
	message.authenticity = AUTHENTICITY_VERIFIED;
	message.body_kind = kind;
	message_body_init(kind, &message.body);
	return message;
}

static inline void hear(struct rig *rig, const struct message *message, const char *air)
{
	answer_heard(rig->answer, message, "vhf", air, rig->now_ms);
}

static inline void store(struct rig *rig, const char *id)
{
	answer_stored(rig->answer, id, rig->now_ms);
}

static inline void hear_stored(struct rig *rig, const struct message *message, const char *air)
{
	hear(rig, message, air);
	store(rig, message->id);
}

/* The last of what was said has gone. */
static inline void gone(struct rig *rig)
{
	for (size_t i = 0; i < rig->count; i++) {
		struct receipt receipt = {
		    .command = rig->said[i].message.id, .stage = RECEIPT_SENT, .class = rig->said[i].message.class};
		answer_receipt(rig->answer, &receipt);
		rig->said[i].gone = true;
	}
}

static inline const struct message *said(const struct rig *rig, size_t index)
{
	assert_true(index < rig->count);
	return &rig->said[index].message;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, start, end)
