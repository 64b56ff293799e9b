/* Opening, losing and opening again. */
#include "gateway/radio_link.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/priorities.h"
#include "gateway/radio_stream.h"

enum {
	RETRY_FIRST_US = 1000000,
	RETRY_LAST_US = 60000000,
	TEXT_MAX = 320,
	FAULT_MAX = 24,
};

/* One attempt, run by the worker; outlives the link if it hangs, so it has copies of all it needs. */
struct opening {
	struct radio_link *link;
	struct worker_job *job;
	struct port_settings settings;
	struct port *port;
	struct radio_lines *lines;
	char fault[FAULT_MAX], text[TEXT_MAX];
};

struct link_counters {
	struct counter *bytes_in, *bytes_out, *opened, *open_failed, *lost;
};

struct radio_link {
	struct radio_link_setup setup;
	struct radio_link_callbacks callbacks;
	sd_event *event;
	struct worker *worker;
	struct counters *all_counters;
	struct link_counters counters;

	struct radio_stream *stream; /* NULL: not open */
	struct radio_lines *lines;   /* NULL with it */
	sd_event_source *retry_source;
	struct opening *opening;
	int64_t retry_us;
	char fault[FAULT_MAX], text[TEXT_MAX];
	bool said_down, limited;
};

static void begin_opening(struct radio_link *link);

static struct counter *counter_of(struct radio_link *link, const char *kind, const char *name)
{
	char full[48];
	snprintf(full, sizeof(full), "%s%s%s", link->setup.prefix, kind, name);
	return counters_get(link->all_counters, link->setup.group, full);
}

/* ---- down ---- */

static int64_t jittered(int64_t us)
{
	/* Between 75 and 125 %, so that several radios on one dead hub do not try in step. */
	return us * (75 + random() % 51) / 100;
}

static int on_retry(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)source, (void)at_us;
	begin_opening(context);
	return 0;
}

static void retry_later(struct radio_link *link)
{
	uint64_t at_us = (uint64_t)(clock_mono_us() + jittered(link->retry_us));
	link->retry_us = link->retry_us * 2 > RETRY_LAST_US ? RETRY_LAST_US : link->retry_us * 2;
	if (link->retry_source) {
		sd_event_source_set_time(link->retry_source, at_us);
		sd_event_source_set_enabled(link->retry_source, SD_EVENT_ONESHOT);
		return;
	}
	if (sd_event_add_time(link->event, &link->retry_source, CLOCK_MONOTONIC, at_us, 250000, on_retry, link) < 0)
		log_error("radio %s: out of memory, its port will not be opened again before a restart",
			  link->setup.radio);
	else
		sd_event_source_set_priority(link->retry_source, PRIORITY_HOUSEKEEPING);
}

/* Says a fault once; the same fault again is only counted. Faults of lines are named "line.<fault>". */
static void say_down(struct radio_link *link, const char *fault, const char *text)
{
	bool of_line = strncmp(fault, "line.", 5) == 0;
	counter_of(link, of_line ? "" : "port.", fault)->value++;
	bool new = !link->said_down || strcmp(link->fault, fault) != 0;
	snprintf(link->fault, sizeof(link->fault), "%s", fault);
	snprintf(link->text, sizeof(link->text), "%s", text);
	link->said_down = true;
	if (!new)
		return;
	log_warning("radio %s: %s%s", link->setup.radio, link->setup.part, text);
	link->callbacks.state(link->callbacks.context);
}

static void lose(struct radio_link *link, const char *fault, const char *text)
{
	char copy[TEXT_MAX]; /* the text may be the lines' own */
	snprintf(copy, sizeof(copy), "%s", text);
	radio_lines_free(link->lines);
	radio_stream_free(link->stream);
	link->lines = NULL;
	link->stream = NULL;
	link->counters.lost->value++;
	link->retry_us = RETRY_FIRST_US;
	say_down(link, fault, copy);
	link->callbacks.lost(link->callbacks.context);
	retry_later(link);
}

static const char *lost_because(int error)
{
	switch (error) {
	case -EPIPE:
		return "unplugged or closed by the other side";
	case -ETIMEDOUT:
		return "takes nothing that is sent to it";
	default:
		return strerror(-error);
	}
}

static void on_stream_lost(void *context, int error)
{
	struct radio_link *link = context;
	char text[TEXT_MAX];
	snprintf(text, sizeof(text), "%s: %s. Check the cable; it is opened again as soon as it is back.",
		 link->setup.port.device, lost_because(error));
	lose(link, port_fault_name(error == -EPIPE ? PORT_ABSENT : PORT_IO), text);
}

static void on_line_lost(void *context, const char *text)
{
	lose(context, "line.io", text);
}

/* ---- up ---- */

static void on_input(void *context, const uint8_t *bytes, size_t size)
{
	struct radio_link *link = context;
	link->callbacks.input(link->callbacks.context, bytes, size);
}

static void on_edge(void *context, unsigned line, bool on)
{
	struct radio_link *link = context;
	link->callbacks.line(link->callbacks.context, line, on);
}

/* Takes over the port and the lines, also if it fails. */
static bool take_up(struct radio_link *link, struct port *port, struct radio_lines *lines)
{
	struct radio_stream_callbacks stream_callbacks = {link, on_input, on_stream_lost};
	struct radio_lines_callbacks lines_callbacks = {link, on_edge, on_line_lost};
	link->lines = lines;
	link->stream = radio_stream_new(port, link->setup.port.baud, &stream_callbacks, link->event,
					link->counters.bytes_in, link->counters.bytes_out);
	if (!link->stream || radio_lines_watch(lines, &lines_callbacks, link->event) < 0) {
		on_stream_lost(link, -ENOMEM);
		return false;
	}
	if (link->limited)
		radio_stream_limit(link->stream, true);
	return true;
}

static void up(struct radio_link *link, struct port *port, struct radio_lines *lines)
{
	if (!take_up(link, port, lines))
		return;
	link->retry_us = RETRY_FIRST_US;
	link->fault[0] = link->text[0] = 0;
	link->said_down = false;
	link->counters.opened->value++;
	log_notice("radio %s: %sup on %s", link->setup.radio, link->setup.part, radio_stream_resolved(link->stream));
	link->callbacks.opened(link->callbacks.context);
	link->callbacks.state(link->callbacks.context);
}

/* ---- opening ---- */

/* The lines first: a module must be in its right mode before anything is said to it. */
static void opening_work(void *context)
{
	struct opening *opening = context;
	enum line_fault line_fault;
	enum port_fault port_fault;
	if (!radio_lines_open(opening->lines, &line_fault, opening->text, sizeof(opening->text))) {
		snprintf(opening->fault, sizeof(opening->fault), "line.%s", line_fault_name(line_fault));
		return;
	}
	opening->port = port_open(&opening->settings, &port_fault, opening->text, sizeof(opening->text));
	if (!opening->port)
		snprintf(opening->fault, sizeof(opening->fault), "%s", port_fault_name(port_fault));
}

static void opening_free(struct opening *opening)
{
	free((char *)opening->settings.device);
	free((char *)opening->settings.framing);
	radio_lines_free(opening->lines);
	free(opening);
}

static void opening_done(void *context, bool abandoned)
{
	struct opening *opening = context;
	struct radio_link *link = opening->link;
	if (abandoned) {
		port_close(opening->port);
		opening_free(opening);
		return;
	}
	link->opening = NULL;
	if (opening->port) {
		struct radio_lines *lines = opening->lines;
		opening->lines = NULL;
		up(link, opening->port, lines);
	} else {
		link->counters.open_failed->value++;
		say_down(link, opening->fault, opening->text);
		retry_later(link);
	}
	opening_free(opening);
}

static struct opening *opening_new(struct radio_link *link)
{
	const struct radio_link_setup *setup = &link->setup;
	struct opening *opening = calloc(1, sizeof(*opening));
	if (!opening)
		return NULL;
	opening->link = link;
	opening->settings = setup->port;
	opening->settings.device = strdup(setup->port.device);
	opening->settings.framing = strdup(setup->port.framing ? setup->port.framing : "8n1");
	opening->lines = radio_lines_new(setup->radio, setup->lines, setup->line_count, setup->line_texts);
	if (opening->settings.device && opening->settings.framing && opening->lines)
		return opening;
	opening_free(opening);
	return NULL;
}

static void begin_opening(struct radio_link *link)
{
	struct opening *opening = opening_new(link);
	if (opening)
		opening->job = worker_start(link->worker, opening_work, opening_done, opening);
	if (opening && opening->job) {
		link->opening = opening;
		return;
	}
	if (opening)
		opening_free(opening);
	retry_later(link);
}

/* ---- for the driver ---- */

bool radio_link_up(const struct radio_link *link)
{
	return link->stream != NULL;
}

bool radio_link_idle(const struct radio_link *link)
{
	return !link->stream || radio_stream_idle(link->stream);
}

int radio_link_write(struct radio_link *link, const void *bytes, size_t size)
{
	return link->stream ? radio_stream_write(link->stream, bytes, size) : -ENOTCONN;
}

/* A line that was on for too long was switched off by hw already; who sets it next hears of it. */
static void note_expired(struct radio_link *link, unsigned line)
{
	if (!radio_lines_expired(link->lines, line))
		return;
	counter_of(link, "line.", "expired")->value++;
	log_warning("radio %s: %sline %s was on for more than %lld s and was switched off", link->setup.radio,
		    link->setup.part, link->setup.lines[line].name,
		    (long long)link->setup.lines[line].max_on_ms / 1000);
}

int radio_link_set_line(struct radio_link *link, unsigned line, bool on)
{
	if (!link->lines)
		return -ENODEV;
	note_expired(link, line);
	return radio_lines_set(link->lines, line, on);
}

int radio_link_get_line(struct radio_link *link, unsigned line)
{
	return link->lines ? radio_lines_get(link->lines, line) : -ENODEV;
}

int radio_link_set_baud(struct radio_link *link, unsigned baud)
{
	return link->stream ? radio_stream_set_baud(link->stream, baud) : -ENOTCONN;
}

void radio_link_limit(struct radio_link *link, bool limited)
{
	link->limited = limited;
	if (link->stream)
		radio_stream_limit(link->stream, limited);
}

int64_t radio_link_read_us(const struct radio_link *link)
{
	return link->stream ? radio_stream_read_us(link->stream) : 0;
}

struct radio_link_status radio_link_status(const struct radio_link *link)
{
	return (struct radio_link_status){
	    .resolved = link->stream ? radio_stream_resolved(link->stream) : "",
	    .fault = link->fault,
	    .text = link->text,
	};
}

const char *radio_link_line_resolved(const struct radio_link *link, unsigned line)
{
	return link->lines ? radio_lines_resolved(link->lines, line) : "";
}

/* ---- life ---- */

struct radio_link *radio_link_new(const struct radio_link_setup *setup, const struct radio_link_callbacks *callbacks,
				  sd_event *event, struct worker *worker, struct counters *counters)
{
	struct radio_link *link = calloc(1, sizeof(*link));
	if (!link)
		return NULL;
	link->setup = *setup;
	link->callbacks = *callbacks;
	link->event = event;
	link->worker = worker;
	link->all_counters = counters;
	link->retry_us = RETRY_FIRST_US;
	link->counters = (struct link_counters){
	    .bytes_in = counter_of(link, "", "bytes_in"),
	    .bytes_out = counter_of(link, "", "bytes_out"),
	    .opened = counter_of(link, "port.", "opened"),
	    .open_failed = counter_of(link, "port.", "open_failed"),
	    .lost = counter_of(link, "port.", "lost"),
	};
	return link;
}

void radio_link_start(struct radio_link *link)
{
	begin_opening(link);
}

void radio_link_free(struct radio_link *link)
{
	if (!link)
		return;
	if (link->opening)
		worker_abandon(link->opening->job);
	sd_event_source_disable_unref(link->retry_source);
	radio_lines_free(link->lines);
	radio_stream_free(link->stream);
	free(link);
}
