/* When a station is told what. */
#include "gateway/answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/answer_heard.h"
#include "gateway/answer_pace.h"
#include "gateway/answer_words.h"

enum {
	NUMBER_AGAIN_MS = 5000, /* between two acknowledgements of one number */
	TEXT_AGAIN_MS = 60000,  /* between two texts that say the same to a station of one incident */
	STATION_AGAIN_MS = 10000,
	FOUND_MS = 2000, /* after a start, until the radios are there */
	/* Texts for alerts that nobody can prove: anybody can make us say them, each several times. */
	UNPROVEN_BURST = 6,
	UNPROVEN_EACH_MS = 10000,
	/* Of those that anybody can call forth: how many may go in the class of alerts, whose airtime is kept for more than that. */
	PROMPT_BURST = 12,
	PROMPT_EACH_MS = 300000,
};

struct answer {
	struct answer_settings settings;
	struct answer_callbacks callbacks;
	struct origins *origins;
	struct answer_bucket unproven, prompt;
	struct counter *said, *too_soon, *crowded, *unsent, *given_way;
};

struct answer *answer_new(const struct answer_settings *settings, const struct answer_callbacks *callbacks,
			  struct origins *origins, struct counters *counters)
{
	struct answer *answer = calloc(1, sizeof(*answer));
	if (!answer)
		return NULL;
	*answer = (struct answer){
	    .settings = *settings,
	    .callbacks = *callbacks,
	    .origins = origins,
	    .unproven = answer_bucket_of(UNPROVEN_BURST, UNPROVEN_EACH_MS),
	    .prompt = answer_bucket_of(PROMPT_BURST, PROMPT_EACH_MS),
	    .said = counters_get(counters, "answer", "said"),
	    .too_soon = counters_get(counters, "answer", "drop.too_soon"),
	    .crowded = counters_get(counters, "answer", "drop.unproven"),
	    .unsent = counters_get(counters, "answer", "drop.cannot_say"),
	    .given_way = counters_get(counters, "answer", "drop.origin_gave_way"),
	};
	return answer;
}

void answer_free(struct answer *answer)
{
	free(answer);
}

/* ---- saying ---- */

static bool is_urgent(const struct origin *origin)
{
	return origin->class <= CLASS_URGENT;
}

/* A field frame that did not prove whose it is. What comes back is sealed with that station's key, so that only the true one can read
 * it. A distress with the key before the present one counts: its handset may have missed the change. */
static bool is_unauthentic(const struct origin *origin)
{
	if (origin->network != ORIGIN_FIELD)
		return false;
	return origin->authenticity == AUTHENTICITY_UNVERIFIED ||
	       (origin->authenticity == AUTHENTICITY_SUSPECT && origin->kind != KIND_DISTRESS);
}

static bool is_same_talk(const struct origin *one, const struct origin *other)
{
	return one == other || (one->incident[0] && !one->covert && strcmp(one->incident, other->incident) == 0 &&
				strcmp(one->station, other->station) == 0);
}

/* Whether something is still on its way to that station, of this message or of its incident. */
static bool is_waiting(const struct answer *answer, const struct origin *origin)
{
	for (size_t i = 0; i < origins_count(answer->origins); i++) {
		const struct origin *other = origins_at(answer->origins, i);
		if (other->waiting && is_same_talk(origin, other))
			return true;
	}
	return false;
}

static void print_id(const struct origin *origin, uint32_t number, char id[static MESSAGE_ID_MAX])
{
	snprintf(id, MESSAGE_ID_MAX, ANSWER_ID "%llx-%x", (unsigned long long)origin->serial, (unsigned)number);
}

/* A newer level takes the place of an older one that was not sent yet, also of one that a former run has left. What acknowledges a number has an id of its own kind and goes all the same: its
 * sender repeats until then. */
static void take_back(struct answer *answer, const struct origin *origin)
{
	char id[MESSAGE_ID_MAX];
	for (size_t i = 0; i < origins_count(answer->origins); i++) {
		struct origin *other = origins_at(answer->origins, i);
		if (!is_same_talk(origin, other))
			continue;
		other->waiting = false;
		for (uint32_t back = 0; back < WORDS_TEXTS && back < other->answers; back++) {
			print_id(other, other->answers - back, id);
			answer->callbacks.cancel(answer->callbacks.context, id);
		}
	}
}

static int hand_over(struct answer *answer, const struct origin *origin, const struct message *message, bool kept)
{
	const struct answer_callbacks *callbacks = &answer->callbacks;
	int result = callbacks->take(callbacks->context, message, origin->radio, kept);
	if (result == -ENODEV)
		result = callbacks->take(callbacks->context, message, NULL, kept);
	if (result == 0)
		answer->said->value++;
	else
		answer->unsent->value++;
	return result;
}

static int take(struct answer *answer, struct origin *origin, struct message *message, bool kept, int64_t now_ms)
{
	bool number = message->kind == KIND_ACK && origin->network != ORIGIN_FIELD;
	if (number) {
		/* At most one in some seconds. It is not counted, so that the last texts are found by their numbers. */
		snprintf(message->id, sizeof(message->id), ANSWER_ID "%llx-ack%llx", (unsigned long long)origin->serial,
			 (unsigned long long)now_ms);
		origin->number_ms = now_ms;
	} else {
		print_id(origin, ++origin->answers, message->id);
		origin->waiting = true;
	}
	int result = hand_over(answer, origin, message, kept);
	if (result < 0 && !number)
		origin->waiting = false;
	return result;
}

/* Says it in every form that the ask wants. Whether any of it is on its way. */
static bool say(struct answer *answer, struct origin *origin, struct answer_ask *ask, int64_t now_ms)
{
	struct message messages[ANSWER_MESSAGES];
	bool said = false, kept = ask->level != ACK_STORED || is_urgent(origin);
	ask->origin = origin;
	ask->language = answer->settings.language;
	size_t count = answer_compose(ask, messages);
	bool prompt = !ask->anybodys || !is_urgent(origin) || answer_bucket_take(&answer->prompt, now_ms);
	for (size_t i = 0; i < count; i++) {
		if (!prompt)
			messages[i].class = CLASS_SAFETY;
		said = take(answer, origin, &messages[i], kept, now_ms) == 0 || said;
	}
	if (!said)
		return false;
	origin->said_ms = now_ms;
	answer->callbacks.changed(answer->callbacks.context, is_urgent(origin));
	return true;
}

/* ---- STORED ---- */

/* When anything was said last to that station. */
static int64_t last_said_ms(const struct answer *answer, const char *station)
{
	int64_t last_ms = 0;
	for (size_t i = 0; i < origins_count(answer->origins); i++) {
		const struct origin *origin = origins_at(answer->origins, i);
		if (origin->said_ms > last_ms && strcmp(origin->station, station) == 0)
			last_ms = origin->said_ms;
	}
	return last_ms;
}

/* Whoever cannot prove who he is must not make us speak more than he does. Counted. */
static bool may_answer(struct answer *answer, const struct origin *origin, int64_t now_ms)
{
	bool unproven = origin->authenticity == AUTHENTICITY_UNVERIFIED, unauthentic = is_unauthentic(origin);
	int64_t span_ms = unauthentic ? TEXT_AGAIN_MS : STATION_AGAIN_MS;
	bool soon = (unauthentic || (unproven && !is_urgent(origin))) &&
		    answer_is_within(last_said_ms(answer, origin->station), now_ms, span_ms);
	if (soon || answer_is_chatty(answer->origins, origin, now_ms)) {
		answer->too_soon->value++;
		return false;
	}
	if (unproven && (unauthentic || is_urgent(origin)) && !answer_bucket_take(&answer->unproven, now_ms)) {
		answer->crowded->value++;
		return false;
	}
	return true;
}

/* It is true, wanted and the first time. */
static void say_stored(struct answer *answer, struct origin *origin, int64_t now_ms)
{
	enum ack_level level = is_unauthentic(origin) ? ACK_NOT_AUTHENTIC : ACK_STORED;
	struct answer_ask ask = {.level = level, .eta_min = -1, .number = true};
	ask.text = origin->network != ORIGIN_APRS || is_urgent(origin);
	ask.anybodys = origin->authenticity != AUTHENTICITY_VERIFIED;
	if (may_answer(answer, origin, now_ms) && say(answer, origin, &ask, now_ms))
		origin->told = level;
}

/* What was said before, once more: no level is raised by it. The field's frame answers each repeat; a text does not. */
static void say_again(struct answer *answer, struct origin *origin, int64_t now_ms)
{
	bool frame = origin->network == ORIGIN_FIELD;
	int64_t text_ms = frame ? answer_frame_pause_ms(origin) : TEXT_AGAIN_MS;
	struct answer_ask ask = {.level = origin->told, .eta_min = origin->eta_min, .anybodys = true};
	ask.number = origin->number[0] && !answer_is_within(origin->number_ms, now_ms, NUMBER_AGAIN_MS);
	ask.text = (frame || origin->network != ORIGIN_APRS || is_urgent(origin)) &&
		   !answer_is_within(origin->said_ms, now_ms, text_ms) && !is_waiting(answer, origin);
	if (is_unauthentic(origin) && !may_answer(answer, origin, now_ms))
		return;
	if (frame ? ask.text : ask.number || ask.text)
		say(answer, origin, &ask, now_ms);
	else
		answer->too_soon->value++;
}

static void settle(struct answer *answer, struct origin *origin, int64_t now_ms)
{
	int64_t ready_ms = origin->heard_ms + (origin->kind == KIND_CHECKIN ? answer->settings.settle_ms : 0);
	if (!origin->stored || !origin->wanted)
		return;
	origin->due = now_ms < ready_ms;
	if (origin->due)
		answer->callbacks.due(answer->callbacks.context, ready_ms);
	else if (!origin->told)
		say_stored(answer, origin, now_ms);
	else
		say_again(answer, origin, now_ms);
}

void answer_stored(struct answer *answer, const char *id, int64_t now_ms)
{
	struct origin *origin = origins_find(answer->origins, id);
	if (!origin || origin->stored || origin->lost)
		return;
	origin->stored = true;
	answer->callbacks.changed(answer->callbacks.context, is_urgent(origin));
	settle(answer, origin, now_ms);
}

void answer_found(struct answer *answer, const char *id, int64_t now_ms)
{
	struct origin *origin = origins_find(answer->origins, id);
	if (!origin || origin->lost || !origin->wanted || origin->told)
		return;
	origin->stored = origin->due = true;
	answer->callbacks.due(answer->callbacks.context, now_ms + FOUND_MS);
}

void answer_due(struct answer *answer, int64_t now_ms)
{
	for (size_t i = 0; i < origins_count(answer->origins); i++) {
		struct origin *origin = origins_at(answer->origins, i);
		if (origin->due)
			settle(answer, origin, now_ms);
	}
}

/* ---- hearing ---- */

/* To a person who reads texts a repeat is the same talk: it goes on where it was. */
static void go_on(const struct answer *answer, struct origin *fresh)
{
	const struct origin *before = NULL;
	if (fresh->network == ORIGIN_FIELD)
		return;
	while ((before = origins_of_incident(answer->origins, fresh->incident, before)) &&
	       strcmp(before->station, fresh->station) != 0)
		;
	if (!before)
		return;
	fresh->told = before->told;
	fresh->eta_min = before->eta_min;
	fresh->said_ms = before->said_ms;
}

void answer_heard(struct answer *answer, const struct message *message, const char *radio, const char *air,
		  int64_t now_ms)
{
	struct origin fresh;
	if (!answer_origin_of(message, radio, air, now_ms, &fresh))
		return;
	if (origins_find(answer->origins, fresh.id)) {
		answer_heard_again(answer, fresh.id, now_ms);
		return;
	}
	go_on(answer, &fresh);
	if (!origins_enter(answer->origins, &fresh))
		return;
	answer->given_way->value = origins_given_way(answer->origins);
	answer->callbacks.changed(answer->callbacks.context, is_urgent(&fresh));
}

void answer_heard_again(struct answer *answer, const char *id, int64_t now_ms)
{
	struct origin *origin = origins_find(answer->origins, id);
	if (origin)
		settle(answer, origin, now_ms);
}

/* ---- later levels ---- */

/* Of a check-in nothing is said but STORED: one under duress gets what any gets, and of that one nothing else may be said. */
static int raise_level(struct answer *answer, struct origin *origin, enum ack_level level, int eta_min, int64_t now_ms)
{
	struct answer_ask ask = {.level = level, .eta_min = level == ACK_RESPONDING ? eta_min : -1, .text = true};
	if (origin->kind == KIND_CHECKIN || is_unauthentic(origin))
		return 0;
	if (level <= origin->told)
		return -EALREADY;
	take_back(answer, origin);
	/* Said or not, nothing below it is said any more. */
	origin->told = level;
	origin->eta_min = ask.eta_min;
	say(answer, origin, &ask, now_ms);
	answer->callbacks.changed(answer->callbacks.context, true);
	return 0;
}

void answer_incident(struct answer *answer, const char *incident, enum ack_level level, int eta_min, int64_t now_ms)
{
	struct origin *origin = NULL;
	while ((origin = origins_of_incident(answer->origins, incident, origin)))
		raise_level(answer, origin, level, eta_min, now_ms);
	if (level == ACK_CLOSED)
		origins_close(answer->origins, incident);
}

int answer_level(struct answer *answer, const char *id, enum ack_level level, int eta_min, int64_t now_ms)
{
	struct origin *origin = origins_find(answer->origins, id);
	return origin ? raise_level(answer, origin, level, eta_min, now_ms) : -ENOENT;
}

void answer_lost(struct answer *answer, const char *id, int64_t now_ms)
{
	struct origin *origin = origins_find(answer->origins, id);
	struct answer_ask ask = {.level = ACK_EXPIRED, .eta_min = -1, .text = true};
	if (!origin || origin->lost)
		return;
	origin->lost = true;
	origin->stored = false;
	answer->callbacks.changed(answer->callbacks.context, false);
	/* Whoever was told that it is stored here must know that it ends here. What headquarters has acknowledged, it had. */
	if (origin->kind != KIND_CHECKIN && origin->told >= ACK_STORED && origin->told < ACK_HQ_RECEIVED)
		say(answer, origin, &ask, now_ms);
}

int answer_text(struct answer *answer, const char *id, const char *text, int64_t now_ms)
{
	struct origin *origin = origins_find(answer->origins, id);
	struct message message;
	if (!origin)
		return -ENOENT;
	answer_compose_text(origin, text, &message);
	/* No level takes its place, nor is it in the way of one. */
	snprintf(message.id, sizeof(message.id), ANSWER_ID "%llx-text", (unsigned long long)origin->serial);
	int result = hand_over(answer, origin, &message, true);
	origin->said_ms = result == 0 ? now_ms : origin->said_ms;
	return result;
}

/* ---- receipts ---- */

bool answer_receipt(struct answer *answer, struct receipt *receipt)
{
	char id[MESSAGE_ID_MAX];
	if (strncmp(receipt->command, ANSWER_ID, strlen(ANSWER_ID)) != 0)
		return true;
	uint64_t serial = strtoull(receipt->command + strlen(ANSWER_ID), NULL, 16);
	struct origin *origin = origins_by_serial(answer->origins, serial);
	if (origin) {
		print_id(origin, origin->answers, id);
		if (receipt->stage >= RECEIPT_CONFIRMED && strcmp(id, receipt->command) == 0)
			origin->waiting = false;
		receipt->ref = origin->id;
	}
	return receipt->class <= CLASS_URGENT;
}
