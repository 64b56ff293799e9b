/* Watches how much waits for the uplink. */
#include "gateway/pressure.h"

#include <stdlib.h>

#include "gateway/clock.h"
#include "gateway/priorities.h"

enum {
	HIGH_BYTES = 1 << 20, /* waiting for the uplink: ports are no longer read ... */
	LOW_BYTES = 1 << 18,  /* ... until it is this ... */
	LONGEST_US = 250000,  /* ... but no longer than this: an alert may be waiting in a port */
};

struct pressure {
	const struct schedule *schedule;
	void (*pause)(void *context, bool paused);
	void *context;
	sd_event_source *source;
	bool pressed;
	bool
	    useless; /* pressing did not help, the line is slow: the bounds of the classes decide until the queue is short again */
};

static size_t waiting_bytes(const struct pressure *pressure)
{
	size_t bytes = 0;
	for (int class = 0; class < CLASS_COUNT; class ++)
		bytes += schedule_level(pressure->schedule, (enum message_class) class).bytes;
	return bytes;
}

static void release(struct pressure *pressure)
{
	sd_event_source_set_enabled(pressure->source, SD_EVENT_OFF);
	pressure->pressed = false;
	pressure->pause(pressure->context, false);
}

static int on_longest(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)source, (void)at_us;
	struct pressure *pressure = context;
	pressure->useless = waiting_bytes(pressure) > LOW_BYTES;
	release(pressure);
	return 0;
}

static void press(struct pressure *pressure)
{
	sd_event_source_set_time(pressure->source, (uint64_t)(clock_mono_us() + LONGEST_US));
	sd_event_source_set_enabled(pressure->source, SD_EVENT_ONESHOT);
	pressure->pressed = true;
	pressure->pause(pressure->context, true);
}

struct pressure *pressure_new(const struct schedule *schedule, void (*pause)(void *context, bool paused), void *context,
			      sd_event *event)
{
	struct pressure *pressure = calloc(1, sizeof(*pressure));
	if (!pressure)
		return NULL;
	*pressure = (struct pressure){.schedule = schedule, .pause = pause, .context = context};
	if (sd_event_add_time(event, &pressure->source, CLOCK_MONOTONIC, 0, 1000, on_longest, pressure) < 0) {
		free(pressure);
		return NULL;
	}
	sd_event_source_set_enabled(pressure->source, SD_EVENT_OFF);
	sd_event_source_set_priority(pressure->source, PRIORITY_SCHEDULE);
	return pressure;
}

void pressure_free(struct pressure *pressure)
{
	if (!pressure)
		return;
	sd_event_source_disable_unref(pressure->source);
	free(pressure);
}

void pressure_check(struct pressure *pressure)
{
	size_t bytes = waiting_bytes(pressure);
	if (bytes <= LOW_BYTES) {
		pressure->useless = false;
		if (pressure->pressed)
			release(pressure);
	} else if (bytes > HIGH_BYTES && !pressure->pressed && !pressure->useless) {
		press(pressure);
	}
}
