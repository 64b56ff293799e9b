/* The one table of event source priorities: a smaller number is served first when several are ready. */
#pragma once

enum source_priority {
	PRIORITY_SIGNAL = -100,
	PRIORITY_RADIO = -50,  /* ports of radios */
	PRIORITY_TIMER = -30,  /* alarms of drivers */
	PRIORITY_URGENT = -20, /* the urgent connection */
	PRIORITY_BULK = -10,   /* the bulk connection and its pace */
	PRIORITY_SCHEDULE = 0, /* outlets that were woken */
	PRIORITY_WORKER = 10,  /* results of the store and connect threads */
	PRIORITY_CONTROL = 20, /* the tool's socket */
	PRIORITY_HOUSEKEEPING = 50,
	PRIORITY_HEALTH = 100, /* the watchdog: proof that all the above got its turn */
};
