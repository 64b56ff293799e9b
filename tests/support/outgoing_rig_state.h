/* What the rig of outgoing_rig.h has in its hands, and its clock and event loop. */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "gateway/clock.h"
#include "gateway/outgoing_internal.h"
#include "gateway/route_down.h"

#ifndef RIG_RADIO_COUNT
#define RIG_RADIO_COUNT 2 /* a test that wants more defines it before it includes this, at most 3 */
#endif

enum {
	RIG_RADIOS = RIG_RADIO_COUNT,
	RIG_ROWS = 512,
	RIG_BLOCKS = 300,
	RIG_SENT = 8192,
	RIG_SAID = 4096,
	RIG_FRAME_SIZE = 50,
	RIG_SHORT_SIZE = 20,
};
#define RIG_START_MS INT64_C(1790000000000)

/* ---- event loop ---- */

struct sd_event_source {
	struct sd_event_source *next;
	sd_event_time_handler_t on_time;
	sd_event_handler_t on_turn;
	void *context;
	uint64_t at_us;
	int enabled;
};

/* ---- radios ---- */

struct radio {
	bool up, busy, channel_busy, on_air;
	bool absent;        /* could not be made in this run */
	bool fails_at_once; /* the next datagram is refused by the module while it is handed over */
	int error;          /* what radio_send gives, 0 = it sends */
	int64_t us_per_byte, began_ms;
	char id[MESSAGE_ID_MAX]; /* of the message whose frame is in it */
	size_t size;             /* of that frame */
	unsigned part, parts;
	bool confirmable;
	unsigned renderings;
	struct radio_allowance allowance;
};

/* A frame that began on the air. */
struct rig_sent {
	char id[MESSAGE_ID_MAX];
	unsigned radio, part;
	bool whole;
	int64_t began_ms, ended_ms;
};

/* ---- disk ---- */

struct rig_row {
	uint64_t row; /* 0 = free */
	struct entry *copy;
};

struct rig_block {
	char name[96];
	size_t size;
	uint8_t *bytes;
};

/* What waits for the disk, in its order. */
struct rig_op {
	struct rig_op *next;
	enum { RIG_PUT, RIG_DELETE, RIG_KEEP } type;
	uint64_t row;
	struct entry *entry;
	bool told; /* that it is in memory only */
	struct rig_block block;
};

struct rig_said {
	char command[MESSAGE_ID_MAX];
	enum receipt_stage stage;
	char code[32];
	bool delayed;
};

struct rig {
	int64_t now_ms;
	struct sd_event_source *sources;
	struct settings settings;
	struct radio_settings radio_settings[RIG_RADIOS];
	struct radio radios[RIG_RADIOS];
	struct rig_sent sent[RIG_SENT];
	size_t sent_count;
	/* survives a kill */
	struct rig_row rows[RIG_ROWS];
	struct rig_block blocks[RIG_BLOCKS];
	uint64_t next_row;
	/* does not */
	struct rig_op *ops;
	bool disk_full;
	struct counters *counters;
	struct classify *classify;
	struct keeper *keeper;
	struct schedule *uplink;
	struct ledger_memory *ledgers;
	struct neighbours *neighbours; /* where the settings have them */
	struct publisher publisher;
	struct route_down down;
	struct rig_said said[RIG_SAID]; /* receipts that reached the uplink */
	size_t said_count;
	size_t accepted;
};

#define RIG_HELPER static __attribute__((unused)) /* not every test needs all of them */

static struct rig *rig;

int64_t clock_mono_us(void)
{
	return (rig->now_ms - RIG_START_MS + 1000) * 1000;
}
int64_t clock_wall_ms(void)
{
	return rig->now_ms;
}
int64_t clock_boot_ms(void)
{
	return rig->now_ms - RIG_START_MS + 1000;
}
uint64_t clock_boot_id(void)
{
	return 1;
}
int64_t clock_steady_ms(void)
{
	return rig->now_ms;
}
int64_t clock_steady_lag_ms(void)
{
	return 0;
}
void clock_steady_resume(int64_t lag_ms)
{
	(void)lag_ms;
}

static sd_event_source *rig_source(void *context)
{
	sd_event_source *source = calloc(1, sizeof(*source));
	assert_non_null(source);
	source->context = context;
	source->enabled = SD_EVENT_ONESHOT;
	source->next = rig->sources;
	return rig->sources = source;
}
int sd_event_add_defer(sd_event *event, sd_event_source **source, sd_event_handler_t callback, void *context)
{
	(void)event;
	*source = rig_source(context);
	(*source)->on_turn = callback;
	return 0;
}
int sd_event_add_time(sd_event *event, sd_event_source **source, clockid_t clock, uint64_t at_us, uint64_t accuracy_us,
		      sd_event_time_handler_t callback, void *context)
{
	(void)event, (void)clock, (void)accuracy_us;
	*source = rig_source(context);
	(*source)->on_time = callback;
	(*source)->at_us = at_us;
	return 0;
}
int sd_event_source_set_time(sd_event_source *source, uint64_t at_us)
{
	source->at_us = at_us;
	return 0;
}
int sd_event_source_get_time(sd_event_source *source, uint64_t *at_us)
{
	*at_us = source->at_us;
	return 0;
}
int sd_event_source_set_enabled(sd_event_source *source, int enabled)
{
	source->enabled = enabled;
	return 0;
}
int sd_event_source_get_enabled(sd_event_source *source, int *enabled)
{
	*enabled = source->enabled;
	return 0;
}
int sd_event_source_set_priority(sd_event_source *source, int64_t priority)
{
	(void)source, (void)priority;
	return 0;
}
sd_event_source *sd_event_source_disable_unref(sd_event_source *source)
{
	for (sd_event_source **at = &rig->sources; source && *at; at = &(*at)->next)
		if (*at == source) {
			*at = source->next;
			free(source);
			break;
		}
	return NULL;
}
