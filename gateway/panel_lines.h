/* The GPIO lines of the panel, each for itself: one that cannot be had keeps no other from its work, and is tried again and again. */
#pragma once

#include <stdint.h>

#include <systemd/sd-event.h>

#include "gateway/counters.h"
#include "gateway/worker.h"
#include "hw/lines.h"

struct panel_lines;

struct panel_wire {
	const char *name; /* for the log, counters and as consumer */
	const char *text; /* hw/lines.h */
	const char *how;
	bool output;       /* safe level: off */
	int64_t max_on_ms; /* 0 = no limit */
};

/* All calls come on the loop, and none from within a call of the lines but panel_lines_set, from which lost may come. */
struct panel_lines_callbacks {
	void *context;
	/* The line is there; level is that of an input. */
	void (*opened)(void *context, size_t wire, bool level);
	/* An input had an edge, and this is its level after it. at_us (monotonic): when; several may be told at once, in their order. */
	void (*edge)(void *context, size_t wire, bool level, int64_t at_us);
	/* It was there and is not any more. */
	void (*lost)(void *context, size_t wire);
	/* A line is away for another reason than before, or is back. */
	void (*state)(void *context);
};

/* Texts and names of wires must outlive the lines; the rest is copied. NULL: out of memory. */
struct panel_lines *panel_lines_new(const struct panel_wire *wires, size_t count,
				    const struct panel_lines_callbacks *callbacks, sd_event *event,
				    struct worker *worker, struct counters *counters);
/* Begins to open the lines; those that fail are tried again after 1 s, then less often, every 10 s at last. */
void panel_lines_start(struct panel_lines *lines);
/* Outputs go off. NULL is allowed. */
void panel_lines_free(struct panel_lines *lines);

bool panel_lines_are_open(const struct panel_lines *lines, size_t wire);
/* 0, or -ENODEV if the line is not there or was lost with this. */
int panel_lines_set(struct panel_lines *lines, size_t wire, bool on);
/* Of an output whose max_on_ms ran out since it was set. */
bool panel_lines_expired(struct panel_lines *lines, size_t wire);

struct panel_wire_status {
	const char *resolved; /* what it was resolved to, or as it is configured while it is not open */
	const char *fault;    /* "absent", "busy", ...; "" while it is open */
	const char *text;     /* what is wrong and what to do, "" = nothing */
	int level;            /* 1, 0, negative errno */
};
/* Texts belong to the lines. */
struct panel_wire_status panel_lines_status(struct panel_lines *lines, size_t wire);
