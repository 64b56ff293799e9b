/* The one table of event source priorities. */
#pragma once

/* Priorities of sd-event are absolute: a source that is always ready starves all below it, and a flooded port is always ready. Among
 * equals the one that became ready first is served first, and every read is bounded. So all share one number and take turns; that an
 * alert goes first is decided in the schedule, never here. The watchdog among equals proves that all that was ready had its turn. */
enum source_priority {
	PRIORITY_SIGNAL = -100,
	PRIORITY_TURNS = 0,
	PRIORITY_RADIO = PRIORITY_TURNS,
	PRIORITY_TIMER = PRIORITY_TURNS,
	PRIORITY_URGENT = PRIORITY_TURNS,
	PRIORITY_BULK = PRIORITY_TURNS,
	PRIORITY_SCHEDULE = PRIORITY_TURNS,
	PRIORITY_WORKER = PRIORITY_TURNS,
	PRIORITY_CONTROL = PRIORITY_TURNS,
	PRIORITY_HOUSEKEEPING = PRIORITY_TURNS,
	PRIORITY_HEALTH = PRIORITY_TURNS,
};
