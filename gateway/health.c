/* Watchdog and state documents. */
#include "gateway/health.h"

#include <stdio.h>
#include <stdlib.h>

#include <systemd/sd-daemon.h>

#include "gateway/clock.h"
#include "gateway/priorities.h"

enum {
	STATE_US = 300000000, /* figures in the state document are at most this old */
	CHANGE_US = 500000,   /* changes within this time are told together */
	STEP_US = 60000000,   /* airtime is looked at this often: each frame changes it */
};

struct health {
	const struct report *report;
	sd_event *event;
	sd_event_source *watchdog_source, *state_source, *step_source;
	uint64_t watchdog_us;
	unsigned *steps; /* of each radio's airtime, as they were published */
};

static void arm(sd_event_source *source, uint64_t in_us)
{
	sd_event_source_set_time(source, (uint64_t)clock_mono_us() + in_us);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* Sent from the lowest priority: it proves that everything else got its turn, not only that the loop turns. */
static int on_watchdog(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)at_us;
	struct health *health = context;
	sd_notify(0, "WATCHDOG=1");
	arm(source, health->watchdog_us / 3);
	return 0;
}

/* Whether a step of airtime was made since the last time. */
static bool has_stepped(struct health *health)
{
	bool stepped = false;
	for (size_t i = 0; i < health->report->settings->radio_count; i++) {
		unsigned step = report_radio_step(health->report, i);
		stepped = stepped || step != health->steps[i];
		health->steps[i] = step;
	}
	return stepped;
}

static int on_step(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)at_us;
	struct health *health = context;
	if (has_stepped(health))
		health_changed(health);
	arm(source, STEP_US);
	return 0;
}

static void publish_states(struct health *health)
{
	const struct report *report = health->report;
	const char *gateway = report->settings->gateway.name;
	char topic[128];
	snprintf(topic, sizeof(topic), "gw/%s/state", gateway);
	char *json = report_state(report);
	if (json)
		uplink_retain(report->uplink, topic, json);
	free(json);
	for (size_t i = 0; i < report->settings->radio_count; i++) {
		if (!report->radios[i])
			continue;
		snprintf(topic, sizeof(topic), "gw/%s/radio/%s/state", gateway, report->settings->radios[i].name);
		json = report_radio_state(report, i);
		if (json)
			uplink_retain(report->uplink, topic, json);
		free(json);
	}
}

static void notify_status(const struct report *report)
{
	struct uplink_status status = uplink_status(report->uplink);
	sd_notifyf(0, "STATUS=%s %s; %zu open incidents",
		   status.connected ? "connected to" : "not connected, last broker",
		   status.broker ? status.broker : "none", incidents_count(route_incidents(report->route)));
}

static int on_state(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)at_us;
	struct health *health = context;
	publish_states(health);
	notify_status(health->report);
	arm(source, STATE_US);
	return 0;
}

struct health *health_new(const struct report *report, sd_event *event)
{
	struct health *health = calloc(1, sizeof(*health));
	if (!health)
		return NULL;
	health->report = report;
	health->event = event;
	health->steps = calloc(report->settings->radio_count + 1, sizeof(*health->steps));
	if (!health->steps) {
		health_free(health);
		return NULL;
	}
	(void)has_stepped(health);
	int error = sd_event_add_time(event, &health->state_source, CLOCK_MONOTONIC,
				      (uint64_t)clock_mono_us() + CHANGE_US, 250000, on_state, health);
	if (error >= 0)
		error = sd_event_add_time(event, &health->step_source, CLOCK_MONOTONIC,
					  (uint64_t)clock_mono_us() + STEP_US, 1000000, on_step, health);
	if (error >= 0 && sd_watchdog_enabled(0, &health->watchdog_us) > 0)
		error = sd_event_add_time(event, &health->watchdog_source, CLOCK_MONOTONIC, 0, 100000, on_watchdog,
					  health);
	if (error < 0) {
		health_free(health);
		return NULL;
	}
	sd_event_source_set_priority(health->state_source, PRIORITY_HOUSEKEEPING);
	sd_event_source_set_priority(health->step_source, PRIORITY_HOUSEKEEPING);
	if (health->watchdog_source)
		sd_event_source_set_priority(health->watchdog_source, PRIORITY_HEALTH);
	sd_notify(0, "READY=1");
	return health;
}

void health_free(struct health *health)
{
	if (!health)
		return;
	sd_notify(0, "STOPPING=1");
	sd_event_source_disable_unref(health->watchdog_source);
	sd_event_source_disable_unref(health->state_source);
	sd_event_source_disable_unref(health->step_source);
	free(health->steps);
	free(health);
}

void health_changed(struct health *health)
{
	/* What changes all the time must not put off its own publication. */
	uint64_t at_us;
	if (sd_event_source_get_time(health->state_source, &at_us) >= 0 &&
	    at_us <= (uint64_t)clock_mono_us() + CHANGE_US)
		return;
	arm(health->state_source, CHANGE_US);
}
