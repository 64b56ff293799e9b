/* Fail-over, fall-back to 3.1.1, and the way back to a better broker. */
#include "gateway/uplink_brokers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/priorities.h"
#include "gateway/probe.h"

#define US_PER_MS         INT64_C(1000)
#define RETRY_MIN_MS      1000
#define RETRY_MAX_MS      60000
#define STABLE_US         INT64_C(30000000) /* a connection that lasted this long was a good one */
#define PROBE_PART        20                /* of the time that a better broker must be reachable */
#define PROBE_MIN_MS      1000
#define PROBE_MAX_MS      30000
#define TIMER_ACCURACY_US 100000
#define TEXT_MAX          256

/* What is known about a broker of the list. */
struct broker_note {
	bool old_protocol; /* speaks 3.1.1 only */
	bool suspected;    /* hung up on MQTT 5: 3.1.1 is tried once */
	int64_t reachable_since_us;
	char said[TEXT_MAX]; /* the failure last logged */
};

struct uplink_brokers {
	const struct uplink_settings *settings;
	uplink_better_fn *better;
	void *context;
	struct worker *worker;
	size_t now;
	struct broker_note *notes;
	char name[TEXT_MAX];
	int64_t connected_us, retry_ms;
	sd_event_source *probing;
	struct probe *probe;
};

/* ---- the next attempt ---- */

const struct uplink_broker *uplink_brokers_now(const struct uplink_brokers *brokers)
{
	return &brokers->settings->brokers[brokers->now];
}

const char *uplink_brokers_name(const struct uplink_brokers *brokers)
{
	return brokers->name;
}

int uplink_brokers_begin(struct uplink_brokers *brokers)
{
	const struct uplink_broker *broker = uplink_brokers_now(brokers);
	const struct broker_note *note = &brokers->notes[brokers->now];
	snprintf(brokers->name, sizeof(brokers->name), "%s:%u", broker->host, broker->port);
	return note->old_protocol || note->suspected ? 4 : 5;
}

/* With each round in vain the next one begins later. */
static int64_t next(struct uplink_brokers *brokers)
{
	brokers->now = (brokers->now + 1) % brokers->settings->broker_count;
	if (brokers->now != 0)
		return RETRY_MIN_MS;
	int64_t ms = brokers->retry_ms;
	brokers->retry_ms = ms * 2 < RETRY_MAX_MS ? ms * 2 : RETRY_MAX_MS;
	return ms;
}

static void note_old_protocol(struct uplink_brokers *brokers, struct broker_note *note)
{
	if (note->old_protocol)
		return;
	note->old_protocol = true;
	log_notice("uplink: %s has no MQTT 5; using 3.1.1, so it cannot say whether anyone listens", brokers->name);
}

/* The protocol may be the reason: true if the same broker is to be tried again with 3.1.1 now. */
static bool falls_back(struct uplink_brokers *brokers, enum mqtt_failure failure)
{
	struct broker_note *note = &brokers->notes[brokers->now];
	bool tried_old = note->old_protocol || note->suspected;
	note->suspected = failure == MQTT_HUNG_UP && !tried_old;
	if (failure == MQTT_PROTOCOL && !tried_old)
		note_old_protocol(brokers, note);
	return note->suspected || (note->old_protocol && !tried_old);
}

/* Said once for each broker and reason, not at every retry. */
static void say_failure(struct uplink_brokers *brokers, const char *text)
{
	struct broker_note *note = &brokers->notes[brokers->now];
	if (strcmp(note->said, text) == 0)
		return;
	snprintf(note->said, sizeof(note->said), "%s", text);
	log_warning("uplink: %s: %s; trying on", brokers->name, text);
}

int64_t uplink_brokers_failed(struct uplink_brokers *brokers, enum mqtt_failure failure, const char *text)
{
	if (falls_back(brokers, failure))
		return 0;
	say_failure(brokers, text);
	return next(brokers);
}

static void stop_probing(struct uplink_brokers *brokers)
{
	probe_cancel(brokers->probe);
	brokers->probe = NULL;
	sd_event_source_set_enabled(brokers->probing, SD_EVENT_OFF);
}

int64_t uplink_brokers_lost(struct uplink_brokers *brokers, bool leave)
{
	stop_probing(brokers);
	if (leave || clock_mono_us() - brokers->connected_us < STABLE_US)
		return next(brokers);
	brokers->retry_ms = RETRY_MIN_MS;
	return RETRY_MIN_MS;
}

/* ---- back to a better broker ---- */

static void start_probing(struct uplink_brokers *brokers)
{
	int64_t part = brokers->settings->back_to_better_ms / PROBE_PART;
	int64_t ms = part < PROBE_MIN_MS ? PROBE_MIN_MS : part > PROBE_MAX_MS ? PROBE_MAX_MS : part;
	if (brokers->now == 0)
		return;
	sd_event_source_set_time_relative(brokers->probing, (uint64_t)(ms * US_PER_MS));
	sd_event_source_set_enabled(brokers->probing, SD_EVENT_ONESHOT);
}

void uplink_brokers_connected(struct uplink_brokers *brokers)
{
	struct broker_note *note = &brokers->notes[brokers->now];
	brokers->connected_us = clock_mono_us();
	note->said[0] = '\0';
	if (note->suspected)
		note_old_protocol(brokers, note);
	note->suspected = false;
	for (size_t i = 0; i < brokers->settings->broker_count; i++)
		brokers->notes[i].reachable_since_us = 0;
	start_probing(brokers);
}

static void on_probed(void *context, const bool *reachable, size_t count)
{
	struct uplink_brokers *brokers = context;
	int64_t now_us = clock_mono_us();
	brokers->probe = NULL;
	for (size_t i = 0; i < count; i++) {
		struct broker_note *note = &brokers->notes[i];
		if (!reachable[i])
			note->reachable_since_us = 0;
		else if (!note->reachable_since_us)
			note->reachable_since_us = now_us;
	}
	for (size_t i = 0; i < count; i++) {
		int64_t since_us = brokers->notes[i].reachable_since_us;
		if (since_us && now_us - since_us >= brokers->settings->back_to_better_ms * US_PER_MS) {
			brokers->now = i;
			brokers->better(brokers->context);
			return;
		}
	}
	start_probing(brokers);
}

static int on_probing(sd_event_source *source, uint64_t due_us, void *context)
{
	struct uplink_brokers *brokers = context;
	(void)source;
	(void)due_us;
	brokers->probe = probe_start(brokers->worker, brokers->settings->brokers, brokers->now,
				     brokers->settings->connect_timeout_ms, on_probed, brokers);
	if (!brokers->probe)
		start_probing(brokers);
	return 0;
}

/* ---- the object ---- */

struct uplink_brokers *uplink_brokers_new(const struct uplink_settings *settings, uplink_better_fn *better,
					  void *context, sd_event *event, struct worker *worker)
{
	struct uplink_brokers *brokers = calloc(1, sizeof(*brokers));
	if (!brokers)
		return NULL;
	*brokers = (struct uplink_brokers){.settings = settings,
					   .better = better,
					   .context = context,
					   .worker = worker,
					   .retry_ms = RETRY_MIN_MS,
					   .notes = calloc(settings->broker_count + 1, sizeof(struct broker_note))};
	if (!brokers->notes || sd_event_add_time_relative(event, &brokers->probing, CLOCK_MONOTONIC, 0,
							  TIMER_ACCURACY_US, on_probing, brokers) < 0) {
		uplink_brokers_free(brokers);
		return NULL;
	}
	sd_event_source_set_enabled(brokers->probing, SD_EVENT_OFF);
	sd_event_source_set_priority(brokers->probing, PRIORITY_HOUSEKEEPING);
	return brokers;
}

void uplink_brokers_free(struct uplink_brokers *brokers)
{
	if (!brokers)
		return;
	probe_cancel(brokers->probe);
	sd_event_source_disable_unref(brokers->probing);
	free(brokers->notes);
	free(brokers);
}
