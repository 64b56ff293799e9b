/* Opening the panel's lines outside the loop, watching them, and opening again those that are lost. */
#include "gateway/panel_lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/priorities.h"

enum {
	RETRY_FIRST_US = 1000000,
	RETRY_LAST_US = 10000000,
	TEXT_MAX = 320,
	FAULT_MAX = 16,
	CONSUMER_MAX = 64,
	EDGES_US = 100000,
	EDGES_MAX = 50
};

struct wire {
	struct panel_lines *lines;
	struct panel_wire is;
	struct line *line; /* NULL: not open */
	sd_event_source *source;
	char fault[FAULT_MAX], text[TEXT_MAX];
};

/* One line in an attempt; outlives the panel if the attempt hangs, so it has copies of all it needs. */
struct item {
	size_t wire;
	char *text, *how, consumer[CONSUMER_MAX];
	bool output;
	int64_t max_on_ms;
	struct line *line;
	enum line_fault fault;
	char why[TEXT_MAX];
};

struct opening {
	struct panel_lines *lines;
	struct worker_job *job;
	size_t count;
	struct item items[];
};

struct panel_lines {
	struct panel_lines_callbacks callbacks;
	sd_event *event;
	struct worker *worker;
	struct counters *counters;
	struct opening *opening;
	sd_event_source *retry_source;
	int64_t retry_us;
	size_t count;
	struct wire wires[];
};

static void begin_opening(struct panel_lines *lines);

static struct counter *counter_of(struct panel_lines *lines, size_t wire, const char *name)
{
	char full[48];
	snprintf(full, sizeof(full), "%s.%s", lines->wires[wire].is.name, name);
	return counters_get(lines->counters, "panel", full);
}

/* ---- not there ---- */

static int on_retry(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)source, (void)at_us;
	begin_opening(context);
	return 0;
}

static void retry_later(struct panel_lines *lines)
{
	uint64_t at_us = (uint64_t)(clock_mono_us() + lines->retry_us);
	lines->retry_us = lines->retry_us * 2 > RETRY_LAST_US ? RETRY_LAST_US : lines->retry_us * 2;
	if (lines->retry_source) {
		sd_event_source_set_time(lines->retry_source, at_us);
		sd_event_source_set_enabled(lines->retry_source, SD_EVENT_ONESHOT);
		return;
	}
	if (sd_event_add_time(lines->event, &lines->retry_source, CLOCK_MONOTONIC, at_us, 250000, on_retry, lines) < 0)
		log_error("panel: out of memory, its lines will not be opened again before a restart");
	else
		sd_event_source_set_priority(lines->retry_source, PRIORITY_HOUSEKEEPING);
}

/* Says a fault once; the same fault again is only counted. true: it is new. */
static bool say_fault(struct panel_lines *lines, size_t index, const char *fault, const char *text)
{
	struct wire *wire = &lines->wires[index];
	counter_of(lines, index, fault)->value++;
	bool new = strcmp(wire->fault, fault) != 0;
	snprintf(wire->fault, sizeof(wire->fault), "%s", fault);
	snprintf(wire->text, sizeof(wire->text), "%s", text);
	if (new)
		log_warning("panel: line %s: %s", wire->is.name, text);
	return new;
}

static void close_wire(struct wire *wire)
{
	wire->source = sd_event_source_disable_unref(wire->source);
	line_close(wire->line);
	wire->line = NULL;
}

static void lose(struct panel_lines *lines, size_t index, int error)
{
	struct wire *wire = &lines->wires[index];
	char text[TEXT_MAX];
	snprintf(text, sizeof(text), "%s: %s. Check its wiring and its chip; it is opened again as soon as it is back.",
		 wire->is.text, strerror(-error));
	close_wire(wire);
	counter_of(lines, index, "lost")->value++;
	say_fault(lines, index, line_fault_name(error == -ENODEV ? LINE_ABSENT : LINE_IO), text);
	lines->retry_us = RETRY_FIRST_US;
	if (!lines->opening)
		retry_later(lines);
	lines->callbacks.lost(lines->callbacks.context, index);
	lines->callbacks.state(lines->callbacks.context);
}

/* ---- there ---- */

static int on_edge(sd_event_source *source, int fd, uint32_t events, void *context)
{
	(void)source, (void)fd, (void)events;
	struct wire *wire = context;
	struct panel_lines *lines = wire->lines;
	size_t index = (size_t)(wire - lines->wires);
	struct line_edge edges[LINE_EDGES_MAX];
	int count = line_list_edges(wire->line, edges);
	if (count < 0)
		lose(lines, index, count);
	for (int i = 0; i < count; i++)
		lines->callbacks.edge(lines->callbacks.context, index, edges[i].level, edges[i].at_us);
	return 0;
}

static int watch(struct panel_lines *lines, struct wire *wire)
{
	int fd = line_fd(wire->line);
	if (fd < 0)
		return 0;
	int error = sd_event_add_io(lines->event, &wire->source, fd, EPOLLIN, on_edge, wire);
	if (error < 0)
		return error;
	/* A loose wire may have thousands of edges a second; what is lost of them in the pause is made good by the level after it. */
	sd_event_source_set_ratelimit(wire->source, EDGES_US, EDGES_MAX);
	sd_event_source_set_priority(wire->source, PRIORITY_RADIO);
	return 0;
}

/* Takes over the line, also if it fails. */
static void up(struct panel_lines *lines, size_t index, struct line *line)
{
	struct wire *wire = &lines->wires[index];
	wire->line = line;
	/* What was before is over. */
	int level = wire->is.output ? line_get(line) : line_take_edges(line);
	int error = level < 0 ? level : watch(lines, wire);
	if (error < 0) {
		lose(lines, index, error);
		return;
	}
	if (wire->fault[0])
		log_notice("panel: line %s: it is back, on %s", wire->is.name, line_resolved(line));
	wire->fault[0] = wire->text[0] = 0;
	lines->callbacks.opened(lines->callbacks.context, index, level > 0);
	lines->callbacks.state(lines->callbacks.context);
}

/* ---- opening ---- */

static void opening_work(void *context)
{
	struct opening *opening = context;
	for (size_t i = 0; i < opening->count; i++) {
		struct item *item = &opening->items[i];
		struct line_settings settings = {
		    .text = item->text,
		    .how = item->how,
		    .consumer = item->consumer,
		    .output = item->output,
		    .safe = false,
		    .max_on_ms = item->max_on_ms,
		};
		item->line = line_open(&settings, &item->fault, item->why, sizeof(item->why));
	}
}

static void opening_free(struct opening *opening)
{
	for (size_t i = 0; i < opening->count; i++) {
		line_close(opening->items[i].line);
		free(opening->items[i].text);
		free(opening->items[i].how);
	}
	free(opening);
}

/* Takes the lines that could be opened out of the attempt. true: one is missing, or there is news of one. */
static bool take_up(struct panel_lines *lines, struct opening *opening, bool *missing)
{
	bool news = false;
	for (size_t i = 0; i < opening->count; i++) {
		struct item *item = &opening->items[i];
		struct line *line = item->line;
		item->line = NULL;
		if (line)
			up(lines, item->wire, line);
		else
			news |= say_fault(lines, item->wire, line_fault_name(item->fault), item->why);
	}
	*missing = false;
	for (size_t i = 0; i < lines->count; i++)
		*missing |= !lines->wires[i].line;
	return news;
}

static void opening_done(void *context, bool abandoned)
{
	struct opening *opening = context;
	struct panel_lines *lines = opening->lines;
	bool missing;
	if (!abandoned) {
		/* Until all are taken up `opening` stays, so that one that is lost at once asks for no second attempt. */
		bool news = take_up(lines, opening, &missing);
		lines->opening = NULL;
		if (missing)
			retry_later(lines);
		if (news)
			lines->callbacks.state(lines->callbacks.context);
	}
	opening_free(opening);
}

static bool add_item(struct opening *opening, const struct panel_lines *lines, size_t index)
{
	const struct panel_wire *wire = &lines->wires[index].is;
	struct item *item = &opening->items[opening->count++];
	item->wire = index;
	item->text = strdup(wire->text);
	item->how = strdup(wire->how);
	item->output = wire->output;
	item->max_on_ms = wire->max_on_ms;
	snprintf(item->consumer, sizeof(item->consumer), "cresset:panel:%s", wire->name);
	return item->text && item->how;
}

static struct opening *opening_new(struct panel_lines *lines)
{
	struct opening *opening = calloc(1, sizeof(*opening) + lines->count * sizeof(opening->items[0]));
	if (!opening)
		return NULL;
	opening->lines = lines;
	for (size_t i = 0; i < lines->count; i++)
		if (!lines->wires[i].line && !add_item(opening, lines, i)) {
			opening_free(opening);
			return NULL;
		}
	return opening;
}

static void begin_opening(struct panel_lines *lines)
{
	struct opening *opening = opening_new(lines);
	if (opening)
		opening->job = worker_start(lines->worker, opening_work, opening_done, opening);
	if (opening && opening->job) {
		lines->opening = opening;
		return;
	}
	if (opening)
		opening_free(opening);
	retry_later(lines);
}

/* ---- for the panel ---- */

struct panel_lines *panel_lines_new(const struct panel_wire *wires, size_t count,
				    const struct panel_lines_callbacks *callbacks, sd_event *event,
				    struct worker *worker, struct counters *counters)
{
	struct panel_lines *lines = calloc(1, sizeof(*lines) + count * sizeof(lines->wires[0]));
	if (!lines)
		return NULL;
	lines->callbacks = *callbacks;
	lines->event = event;
	lines->worker = worker;
	lines->counters = counters;
	lines->retry_us = RETRY_FIRST_US;
	lines->count = count;
	for (size_t i = 0; i < count; i++) {
		lines->wires[i].lines = lines;
		lines->wires[i].is = wires[i];
	}
	return lines;
}

void panel_lines_start(struct panel_lines *lines)
{
	begin_opening(lines);
}

void panel_lines_free(struct panel_lines *lines)
{
	if (!lines)
		return;
	if (lines->opening)
		worker_abandon(lines->opening->job);
	sd_event_source_disable_unref(lines->retry_source);
	for (size_t i = 0; i < lines->count; i++)
		close_wire(&lines->wires[i]);
	free(lines);
}

bool panel_lines_are_open(const struct panel_lines *lines, size_t wire)
{
	return lines->wires[wire].line != NULL;
}

int panel_lines_set(struct panel_lines *lines, size_t wire, bool on)
{
	struct line *line = lines->wires[wire].line;
	int error = line ? line_set(line, on) : -ENODEV;
	if (!line || error >= 0)
		return error;
	lose(lines, wire, error);
	return -ENODEV;
}

bool panel_lines_expired(struct panel_lines *lines, size_t wire)
{
	return lines->wires[wire].line && line_expired(lines->wires[wire].line);
}

struct panel_wire_status panel_lines_status(struct panel_lines *lines, size_t index)
{
	struct wire *wire = &lines->wires[index];
	return (struct panel_wire_status){
	    .resolved = wire->line ? line_resolved(wire->line) : wire->is.text,
	    .fault = wire->fault,
	    .text = wire->text,
	    .level = wire->line ? line_get(wire->line) : -ENODEV,
	};
}
