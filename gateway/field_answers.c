/* Where answers are kept, and when. */
#include "gateway/field_answers.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/answer.h"
#include "gateway/checklist.h"
#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/priorities.h"

enum {
	ORIGINS = 1024,
	SAVE_SOON_MS = 1000,        /* between two saves for what is urgent, and longer where the block is long: */
	SAVE_BYTES_MS = 16,         /* so many bytes a millisecond */
	SAVE_SOME_TIME_MS = 600000, /* after a change that is not urgent */
	CHECKIN_SLACK_MS = 500,     /* what a group of the store may take beyond its interval */
};

struct field_answers {
	struct publisher *publisher;
	struct outgoing *outgoing;
	const struct incidents *incidents;
	struct origins *origins;
	struct answer *answer;
	sd_event_source *source;
	int64_t due_ms;   /* for which the timer is set, 0 = it is not */
	bool owed, soon;  /* there is something to be kept */
	int64_t first_ms; /* since when */
	int64_t kept_ms;
	size_t kept_size;
	uint64_t given_way; /* incidents, at the last look */
};

/* ---- keeping ---- */

static void keep(struct field_answers *answers)
{
	size_t size = 0;
	uint8_t *bytes = origins_save(answers->origins, &size);
	if (bytes && size)
		store_keep(answers->publisher->store, "origins", bytes, size);
	free(bytes);
	answers->owed = answers->soon = false;
	answers->kept_ms = clock_steady_ms();
	answers->kept_size = size;
}

static void keep_if_due(struct field_answers *answers)
{
	int64_t now_ms = clock_steady_ms();
	int64_t pause_ms = SAVE_SOON_MS + (int64_t)(answers->kept_size / SAVE_BYTES_MS);
	bool due = answers->soon ? now_ms - answers->kept_ms >= pause_ms
				 : answers->owed && now_ms - answers->first_ms >= SAVE_SOME_TIME_MS;
	if (due || (answers->owed && now_ms < answers->kept_ms))
		keep(answers);
}

static void on_changed(void *context, bool soon)
{
	struct field_answers *answers = context;
	if (!answers->owed)
		answers->first_ms = clock_steady_ms();
	answers->owed = true;
	answers->soon = answers->soon || soon;
	if (soon)
		keep_if_due(answers);
}

static bool is_open(const void *context, const char *incident)
{
	const struct field_answers *answers = context;
	for (size_t i = 0; i < incidents_count(answers->incidents); i++)
		if (strcmp(incidents_at(answers->incidents, i)->id, incident) == 0)
			return true;
	return false;
}

static void recall(struct field_answers *answers)
{
	size_t size;
	const void *bytes = store_recall(answers->publisher->store, "origins", &size);
	if (bytes && !origins_recall(answers->origins, bytes, size))
		log_warning("store: the memory of who is to be answered is damaged and starts empty");
	origins_settle(answers->origins, is_open, answers);
}

void field_answers_recall_late(struct field_answers *answers)
{
	recall(answers);
	on_changed(answers, true);
}

void field_answers_tick(struct field_answers *answers)
{
	uint64_t given_way = incidents_given_way(answers->incidents);
	if (given_way != answers->given_way)
		origins_settle(answers->origins, is_open, answers);
	answers->given_way = given_way;
	keep_if_due(answers);
}

/* ---- speaking ---- */

static int on_take(void *context, const struct message *message, const char *radio, bool kept)
{
	struct field_answers *answers = context;
	return outgoing_answer(answers->outgoing, message, radio, kept);
}

static void on_cancel(void *context, const char *id)
{
	struct field_answers *answers = context;
	outgoing_supersede(answers->outgoing, id);
}

static void on_due(void *context, int64_t at_ms)
{
	struct field_answers *answers = context;
	if (answers->due_ms && answers->due_ms <= at_ms)
		return;
	int64_t wait_ms = at_ms - clock_steady_ms();
	answers->due_ms = at_ms;
	sd_event_source_set_time(answers->source, (uint64_t)(clock_mono_us() + (wait_ms > 0 ? wait_ms * 1000 : 0)));
	sd_event_source_set_enabled(answers->source, SD_EVENT_ONESHOT);
}

static int on_time(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)source, (void)at_us;
	struct field_answers *answers = context;
	answers->due_ms = 0;
	answer_due(answers->answer, clock_steady_ms());
	return 0;
}

/* ---- life ---- */

static bool make_answer(struct field_answers *answers, sd_event *event)
{
	const struct settings *settings = answers->publisher->settings;
	struct answer_settings own = {.language = settings->language,
				      .settle_ms = settings->store.commit_interval_ms + CHECKIN_SLACK_MS};
	struct answer_callbacks callbacks = {
	    .context = answers, .take = on_take, .cancel = on_cancel, .changed = on_changed, .due = on_due};
	answers->origins = origins_new(ORIGINS, (uint64_t)clock_wall_ms());
	if (answers->origins)
		answers->answer = answer_new(&own, &callbacks, answers->origins, answers->publisher->counters);
	if (!answers->answer ||
	    sd_event_add_time(event, &answers->source, CLOCK_MONOTONIC, 0, 50000, on_time, answers) < 0)
		return false;
	sd_event_source_set_enabled(answers->source, SD_EVENT_OFF);
	sd_event_source_set_priority(answers->source, PRIORITY_SCHEDULE);
	return true;
}

struct field_answers *field_answers_new(struct publisher *publisher, struct outgoing *outgoing,
					const struct incidents *incidents, sd_event *event)
{
	struct field_answers *answers = calloc(1, sizeof(*answers));
	if (!answers)
		return NULL;
	answers->publisher = publisher;
	answers->outgoing = outgoing;
	answers->incidents = incidents;
	if (make_answer(answers, event)) {
		recall(answers);
		return answers;
	}
	answers->owed = false;
	field_answers_free(answers);
	return NULL;
}

void field_answers_free(struct field_answers *answers)
{
	if (!answers)
		return;
	if (answers->owed)
		keep(answers);
	sd_event_source_disable_unref(answers->source);
	answer_free(answers->answer);
	origins_free(answers->origins);
	free(answers);
}

/* ---- what happens to messages ---- */

/* Of a last resort: what it does not say yet is asked for, while it is on its way. */
static void ask_for_reasons(struct field_answers *answers, const struct message *message)
{
	char text[CHECKLIST_MAX];
	if (message->body_kind != KIND_REQUEST || message->authenticity != AUTHENTICITY_VERIFIED)
		return;
	enum words_language language = answers->publisher->settings->language;
	if (checklist_make(message->body.request.missing, language, text))
		answer_text(answers->answer, message->id, text, clock_steady_ms());
}

void field_answers_heard(struct field_answers *answers, const struct message *message,
			 const struct radio_settings *radio)
{
	if (!radio)
		return;
	answer_heard(answers->answer, message, radio->name, radio->air->name, clock_steady_ms());
	ask_for_reasons(answers, message);
}

void field_answers_heard_again(struct field_answers *answers, const char *id)
{
	answer_heard_again(answers->answer, id, clock_steady_ms());
}

/* What only other people's topics get bears the id of the message, and says nothing of it. */
static bool is_message(const struct entry *entry)
{
	return strcmp(entry_outlet(entry), "uplink") == 0 && entry_topic(entry)[0] != ENTRY_WHOLE_TOPIC;
}

void field_answers_stored(struct field_answers *answers, const struct entry *entry)
{
	if (is_message(entry))
		answer_stored(answers->answer, entry_id(entry), clock_steady_ms());
}

void field_answers_found(struct field_answers *answers, const struct entry *entry)
{
	if (is_message(entry))
		answer_found(answers->answer, entry_id(entry), clock_steady_ms());
}

/* A newer one has taken its place: nothing is missing at headquarters. */
void field_answers_lost(struct field_answers *answers, const struct entry *entry, const char *reason)
{
	if (is_message(entry) && strcmp(reason, "replaced_by_newer") != 0)
		answer_lost(answers->answer, entry_id(entry), clock_steady_ms());
}

enum message_kind field_answers_kind(const struct field_answers *answers, const char *id)
{
	const struct origin *origin = origins_find(answers->origins, id);
	return origin ? origin->kind : KIND_NONE;
}

const char *field_answers_incident(const struct field_answers *answers, const char *id)
{
	const struct origin *origin = origins_find(answers->origins, id);
	return origin && origin->incident[0] && is_open(answers, origin->incident) ? origin->incident : NULL;
}

void field_answers_incident_level(struct field_answers *answers, const char *incident, enum ack_level level,
				  int eta_min)
{
	answer_incident(answers->answer, incident, level, eta_min, clock_steady_ms());
}

int field_answers_level(struct field_answers *answers, const char *id, enum ack_level level, int eta_min)
{
	return answer_level(answers->answer, id, level, eta_min, clock_steady_ms());
}

bool field_answers_receipt(struct field_answers *answers, struct receipt *receipt)
{
	return answer_receipt(answers->answer, receipt);
}
