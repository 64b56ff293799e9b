/* Timers of drivers. */
#include "gateway/radio_alarm.h"

#include "gateway/priorities.h"

static int on_alarm(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)source, (void)at_us;
	struct radio_alarm *alarm = context;
	alarm->ring(alarm->context);
	return 0;
}

void radio_alarm_set(struct radio_alarm *alarm, int64_t at_us)
{
	if (at_us == 0) {
		if (alarm->source)
			sd_event_source_set_enabled(alarm->source, SD_EVENT_OFF);
		return;
	}
	if (!alarm->source) {
		if (sd_event_add_time(alarm->event, &alarm->source, CLOCK_MONOTONIC, (uint64_t)at_us, 1000, on_alarm,
				      alarm) < 0)
			return;
		sd_event_source_set_priority(alarm->source, PRIORITY_TIMER);
		return;
	}
	sd_event_source_set_time(alarm->source, (uint64_t)at_us);
	sd_event_source_set_enabled(alarm->source, SD_EVENT_ONESHOT);
}

void radio_alarm_clear(struct radio_alarm *alarm)
{
	alarm->source = sd_event_source_disable_unref(alarm->source);
}
