/* Lines: finds the back-end that fits the text, and gives all of them the same rules for levels, limits and release. */
#include "hw/line_internal.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *line_fault_name(enum line_fault fault)
{
	static const char *const names[] = {
	    [LINE_OK] = "ok",
	    [LINE_ABSENT] = "absent",
	    [LINE_BUSY] = "busy",
	    [LINE_PERMISSION] = "permission",
	    [LINE_SETTINGS] = "settings",
	    [LINE_IO] = "io",
	};
	return (size_t)fault < sizeof(names) / sizeof(names[0]) ? names[fault] : "io";
}

bool line_fail(struct line_problem *problem, enum line_fault fault, const char *format, ...)
{
	problem->fault = fault;
	int head = snprintf(problem->text, problem->size, "%s: ", problem->subject);
	if (head < 0 || (size_t)head >= problem->size)
		return false;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(problem->text + head, problem->size - (size_t)head, format, arguments);
	va_end(arguments);
	return false;
}

/* Words that are right in themselves but not for this direction. */
static bool check_direction(const struct line_wish *wish, bool output, struct line_problem *problem)
{
	if (output && wish->debounce_ms)
		return line_fail(problem, LINE_SETTINGS, "is an output; it has no debounce.");
	if (!output && wish->open_drain)
		return line_fail(problem, LINE_SETTINGS, "is an input; it has no open_drain.");
	return true;
}

/* What the back-end does not do itself. */
static bool add_rules(struct line *line, const struct line_wish *wish, int64_t max_on_ms, struct line_problem *problem)
{
	if (line->output)
		return max_on_ms <= 0 || line_guard_add(line, max_on_ms, problem);
	line->debounce_ms = line->debounced ? 0 : wish->debounce_ms;
	return line->debounce_ms == 0 || line_debounce_start(line, problem);
}

static bool open_parsed(struct line *line, const struct line_wish *wish, const struct line_settings *settings,
			struct line_problem *problem)
{
	line->ops = wish->place == LINE_SIMULATED ? &line_sim_ops : &line_gpiod_ops;
	line->own_fd = -1;
	line->output = settings->output;
	line->safe = line->level = settings->safe;
	line->active_low = wish->active_low;
	line->deadline_ns = INT64_MAX;
	if (!line->ops->open(line, wish, settings->consumer ? settings->consumer : "cresset", problem))
		return false;
	if (add_rules(line, wish, settings->max_on_ms, problem))
		return true;
	line->ops->close(line);
	return false;
}

struct line *line_open(const struct line_settings *settings, enum line_fault *fault, char *text, size_t text_size)
{
	struct line_problem problem = {settings->text ? settings->text : "line", LINE_OK, text, text_size};
	struct line_wish wish;
	const char *wrong = line_parse(settings->text, settings->how, &wish);
	struct line *line = NULL;
	if (wrong) {
		line_fail(&problem, LINE_SETTINGS, "%s.", wrong);
		goto fail;
	}
	if (!check_direction(&wish, settings->output, &problem))
		goto fail;
	line = calloc(1, sizeof(*line));
	if (!line) {
		line_fail(&problem, LINE_IO, "out of memory.");
		goto fail;
	}
	if (!open_parsed(line, &wish, settings, &problem))
		goto fail;
	*fault = LINE_OK;
	return line;
fail:
	free(line);
	*fault = problem.fault;
	return NULL;
}

void line_close(struct line *line)
{
	if (!line)
		return;
	if (line->max_on_ns)
		line_guard_remove(line);
	if (line->debounce_ms)
		line_debounce_stop(line);
	/* Whether or not that works, nothing more can be done with the line than to let go of it. */
	if (line->output)
		line->ops->set(line, line->safe);
	line->ops->close(line);
	free(line);
}

int line_fd(const struct line *line)
{
	return line->debounce_ms ? line->debounce_fd : line->own_fd;
}

int line_take_edges(struct line *line)
{
	if (line->output)
		return -EINVAL;
	if (line->debounce_ms)
		return line_debounce_take(line);
	struct line_edge edges[LINE_EDGES_MAX];
	int taken = line->ops->take(line, edges);
	return taken < 0 ? taken : line->ops->get(line);
}

static int64_t now_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Behind the edges the level now, where it is another one. The number of all, or negative errno. */
static int add_level(struct line *line, struct line_edge *edges, int taken)
{
	int level = line->debounce_ms ? line_debounce_take(line) : line->ops->get(line);
	if (level < 0)
		return level;
	if (taken == 0 || edges[taken - 1].level != level)
		edges[taken++] = (struct line_edge){level, INT64_MAX};
	return taken;
}

int line_list_edges(struct line *line, struct line_edge edges[static LINE_EDGES_MAX])
{
	if (line->output)
		return -EINVAL;
	int taken = line->debounce_ms ? 0 : line->ops->take(line, edges);
	/* Where more may wait, the level now belongs behind those. */
	if (taken >= 0 && taken < LINE_EDGES_AT_ONCE)
		taken = add_level(line, edges, taken);
	int64_t latest_us = now_us();
	for (int i = 0; i < taken; i++)
		if (edges[i].at_us > latest_us)
			edges[i].at_us = latest_us;
	return taken;
}

int line_get(struct line *line)
{
	if (line->output)
		return line->max_on_ns ? line_guard_level(line) : line->level;
	return line->debounce_ms ? line_debounce_get(line) : line->ops->get(line);
}

int line_set(struct line *line, bool on)
{
	if (!line->output)
		return -EINVAL;
	if (line->max_on_ns)
		return line_guard_set(line, on);
	int result = line->ops->set(line, on);
	if (result == 0)
		line->level = on;
	return result;
}

bool line_expired(struct line *line)
{
	return line->max_on_ns && line_guard_expired(line);
}

const char *line_resolved(const struct line *line)
{
	return line->resolved;
}

size_t lines_release(const struct line_release *lines, size_t count, void (*tell)(void *owner, const char *text),
		     void *owner)
{
	size_t failed = 0;
	for (size_t i = 0; i < count; i++) {
		struct line_settings settings = {
		    .text = lines[i].text,
		    .how = lines[i].how,
		    .consumer = "cresset:release",
		    .output = true,
		    .safe = lines[i].safe,
		};
		enum line_fault fault;
		char text[512];
		/* The request itself sets the level. */
		struct line *line = line_open(&settings, &fault, text, sizeof(text));
		line_close(line);
		if (line)
			continue;
		failed++;
		tell(owner, text);
	}
	return failed;
}
