/* A timer of the loop that is set, set anew and switched off, as drivers use theirs. */
#pragma once

#include <stdint.h>
#include <systemd/sd-event.h>

/* Made by filling in the first three; lives where it was put. */
struct radio_alarm {
	sd_event *event;
	void (*ring)(void *context);
	void *context;
	sd_event_source *source;
};

/* Rings once at that monotonic time; 0 = not at all. */
void radio_alarm_set(struct radio_alarm *alarm, int64_t at_us);
/* Takes it off the loop; it may be set again. */
void radio_alarm_clear(struct radio_alarm *alarm);
