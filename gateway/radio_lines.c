/* Lines of a driver by their index in its table. */
#include "gateway/radio_lines.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "gateway/clock.h"
#include "gateway/priorities.h"
#include "gateway/radio_alarm.h"

enum { TEXT_MAX = 256, NAME_MAX_BYTES = 32 };

struct wire {
	struct radio_lines *lines;
	char *text; /* NULL: not wired */
	struct line *line;
	sd_event_source *source;
};

struct radio_lines {
	struct radio_lines_callbacks callbacks;
	const struct modem_line *table;
	char radio[NAME_MAX_BYTES], lost_text[TEXT_MAX];
	struct radio_alarm lost_alarm;
	size_t count;
	struct wire wires[];
};

struct radio_lines *radio_lines_new(const char *radio, const struct modem_line *table, size_t count,
				    const char *const *texts)
{
	struct radio_lines *lines = calloc(1, sizeof(*lines) + count * sizeof(lines->wires[0]));
	if (!lines)
		return NULL;
	snprintf(lines->radio, sizeof(lines->radio), "%s", radio);
	lines->table = table;
	lines->count = count;
	for (size_t i = 0; i < count; i++) {
		lines->wires[i].lines = lines;
		if (!texts || !texts[i])
			continue;
		lines->wires[i].text = strdup(texts[i]);
		if (!lines->wires[i].text) {
			radio_lines_free(lines);
			return NULL;
		}
	}
	return lines;
}

void radio_lines_free(struct radio_lines *lines)
{
	if (!lines)
		return;
	radio_alarm_clear(&lines->lost_alarm);
	for (size_t i = 0; i < lines->count; i++) {
		sd_event_source_disable_unref(lines->wires[i].source);
		line_close(lines->wires[i].line);
		free(lines->wires[i].text);
	}
	free(lines);
}

bool radio_lines_open(struct radio_lines *lines, enum line_fault *fault, char *text, size_t text_size)
{
	for (size_t i = 0; i < lines->count; i++) {
		const struct modem_line *line = &lines->table[i];
		char consumer[80];
		if (!lines->wires[i].text)
			continue;
		snprintf(consumer, sizeof(consumer), "cresset:%s:%s", lines->radio, line->name);
		struct line_settings settings = {
		    .text = lines->wires[i].text,
		    .how = line->how,
		    .consumer = consumer,
		    .output = line->output,
		    .safe = line->safe,
		    .max_on_ms = line->max_on_ms,
		};
		char why[TEXT_MAX];
		lines->wires[i].line = line_open(&settings, fault, why, sizeof(why));
		if (lines->wires[i].line)
			continue;
		snprintf(text, text_size, "line %s: %s", line->name, why);
		return false;
	}
	*fault = LINE_OK;
	return true;
}

/* ---- on the loop ---- */

static void ring_lost(void *context)
{
	struct radio_lines *lines = context;
	lines->callbacks.lost(lines->callbacks.context, lines->lost_text);
}

static void note_failure(struct radio_lines *lines, unsigned line, int error)
{
	snprintf(lines->lost_text, sizeof(lines->lost_text), "line %s: %s: %s. Check its wiring and its chip.",
		 lines->table[line].name, lines->wires[line].text, strerror(-error));
	radio_alarm_set(&lines->lost_alarm, clock_mono_us());
}

static int on_edge(sd_event_source *source, int fd, uint32_t events, void *context)
{
	(void)fd, (void)events;
	struct wire *wire = context;
	struct radio_lines *lines = wire->lines;
	unsigned index = (unsigned)(wire - lines->wires);
	int level = line_take_edges(wire->line);
	if (level >= 0) {
		lines->callbacks.edge(lines->callbacks.context, index, level > 0);
		return 0;
	}
	sd_event_source_set_enabled(source, SD_EVENT_OFF);
	note_failure(lines, index, level);
	return 0;
}

int radio_lines_watch(struct radio_lines *lines, const struct radio_lines_callbacks *callbacks, sd_event *event)
{
	lines->callbacks = *callbacks;
	lines->lost_alarm = (struct radio_alarm){event, ring_lost, lines, NULL};
	for (size_t i = 0; i < lines->count; i++) {
		struct wire *wire = &lines->wires[i];
		int fd = wire->line ? line_fd(wire->line) : -1;
		if (fd < 0)
			continue;
		int error = sd_event_add_io(event, &wire->source, fd, EPOLLIN, on_edge, wire);
		if (error < 0)
			return error;
		sd_event_source_set_priority(wire->source, PRIORITY_RADIO);
	}
	return 0;
}

static struct wire *wire_of(struct radio_lines *lines, unsigned line)
{
	return line < lines->count && lines->wires[line].line ? &lines->wires[line] : NULL;
}

int radio_lines_set(struct radio_lines *lines, unsigned line, bool on)
{
	struct wire *wire = wire_of(lines, line);
	int error = wire ? line_set(wire->line, on) : -ENODEV;
	if (error == 0 || error == -EINVAL || !wire)
		return error;
	note_failure(lines, line, error);
	return -EIO;
}

int radio_lines_get(struct radio_lines *lines, unsigned line)
{
	struct wire *wire = wire_of(lines, line);
	int level = wire ? line_get(wire->line) : -ENODEV;
	if (level >= 0 || !wire)
		return level;
	note_failure(lines, line, level);
	return -EIO;
}

bool radio_lines_expired(const struct radio_lines *lines, unsigned line)
{
	return line < lines->count && lines->wires[line].line && line_expired(lines->wires[line].line);
}

const char *radio_lines_resolved(const struct radio_lines *lines, unsigned line)
{
	return line < lines->count && lines->wires[line].line ? line_resolved(lines->wires[line].line) : "";
}
