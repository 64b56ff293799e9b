/* Lines of the kernel's GPIO chips by libgpiod 1.6. It has no debounce, and reading edges waits where there is none, so every read is
 * preceded by a poll. */
#include "hw/line_chips.h"

#include <errno.h>
#include <gpiod.h>
#include <stdio.h>

enum { EDGES_PER_READ = 16 /* as many as the kernel keeps for a line */ };

int line_chip_look(const char *path, const char *name, struct line_chip *chip)
{
	errno = 0;
	struct gpiod_chip *opened = gpiod_chip_open(path);
	if (!opened)
		return errno ? -errno : -EIO;
	snprintf(chip->label, sizeof(chip->label), "%s", gpiod_chip_label(opened));
	chip->lines = gpiod_chip_num_lines(opened);
	struct gpiod_line *found = name ? gpiod_chip_find_line(opened, name) : NULL;
	chip->offset = found ? (int)gpiod_line_offset(found) : -1;
	bool understood = !name || found || errno != EINVAL;
	gpiod_chip_close(opened);
	return understood ? 0 : -EINVAL;
}

static int flags_of(const struct line_wish *wish)
{
	static const int biases[] = {
	    [LINE_BIAS_AS_IS] = 0,
	    [LINE_BIAS_PULL_UP] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_UP,
	    [LINE_BIAS_PULL_DOWN] = GPIOD_LINE_REQUEST_FLAG_BIAS_PULL_DOWN,
	    [LINE_BIAS_NONE] = GPIOD_LINE_REQUEST_FLAG_BIAS_DISABLE,
	};
	return biases[wish->bias] | (wish->active_low ? GPIOD_LINE_REQUEST_FLAG_ACTIVE_LOW : 0) |
	       (wish->open_drain ? GPIOD_LINE_REQUEST_FLAG_OPEN_DRAIN : 0);
}

/* 0 or the errno of the request; the line's consumer then says who has it. */
static int request(struct gpiod_line *own, const struct line *line, const struct line_wish *wish, const char *consumer)
{
	int result = line->output ? gpiod_line_request_output_flags(own, consumer, flags_of(wish), line->safe)
				  : gpiod_line_request_both_edges_events_flags(own, consumer, flags_of(wish));
	return result == 0 ? 0 : errno;
}

static bool open_spot(struct line *line, struct gpiod_chip *chip, struct line_spot *spot, const struct line_wish *wish,
		      const char *consumer, struct line_problem *problem)
{
	struct gpiod_line *own = gpiod_chip_get_line(chip, spot->offset);
	if (!own && errno == EINVAL) /* the number was checked, so it is the question that is not understood */
		return line_kernel_too_new(problem);
	if (!own)
		return line_refused(spot, wish, errno, "", problem);
	int error = request(own, line, wish, consumer);
	if (error) {
		const char *other = gpiod_line_update(own) == 0 ? gpiod_line_consumer(own) : NULL;
		return line_refused(spot, wish, error, other ? other : "", problem);
	}
	if (gpiod_line_name(own))
		snprintf(spot->name, sizeof(spot->name), "%s", gpiod_line_name(own));
	line->own = own;
	line->own_fd = line->output ? -1 : gpiod_line_event_get_fd(own);
	return true;
}

static bool gpiod_open(struct line *line, const struct line_wish *wish, const char *consumer,
		       struct line_problem *problem)
{
	struct line_spot spot;
	if (!line_find(wish, &spot, problem))
		return false;
	struct gpiod_chip *chip = gpiod_chip_open(spot.path);
	if (!chip)
		return line_refused(&spot, wish, errno, "", problem);
	if (!open_spot(line, chip, &spot, wish, consumer, problem)) {
		gpiod_chip_close(chip);
		return false;
	}
	line_describe(line, &spot);
	return true;
}

static int gpiod_get(struct line *line)
{
	int level = gpiod_line_get_value(line->own);
	return level < 0 ? -errno : level;
}

static int gpiod_set(struct line *line, bool on)
{
	return gpiod_line_set_value(line->own, on) < 0 ? -errno : 0;
}

/* Before Linux 5.7 the time was that of the wall clock. */
static struct line_edge edge_of(const struct gpiod_line_event *event)
{
	return (struct line_edge){event->event_type == GPIOD_LINE_EVENT_RISING_EDGE,
				  (int64_t)event->ts.tv_sec * 1000000 + event->ts.tv_nsec / 1000};
}

static int gpiod_take(struct line *line, struct line_edge edges[static LINE_EDGES_AT_ONCE])
{
	struct gpiod_line_event events[EDGES_PER_READ];
	int taken = 0, ready = 0;
	while (taken < LINE_EDGES_AT_ONCE && (ready = line_edges_waiting(line)) > 0) {
		unsigned room = LINE_EDGES_AT_ONCE - (unsigned)taken;
		int count = gpiod_line_event_read_multiple(line->own, events,
							   room < EDGES_PER_READ ? room : EDGES_PER_READ);
		if (count < 0)
			return -errno;
		for (int i = 0; i < count; i++)
			edges[taken++] = edge_of(&events[i]);
	}
	return ready < 0 ? ready : taken;
}

static void gpiod_close(struct line *line)
{
	struct gpiod_chip *chip = gpiod_line_get_chip(line->own);
	gpiod_line_release(line->own);
	gpiod_chip_close(chip);
}

const struct line_ops line_gpiod_ops = {
    .open = gpiod_open, .get = gpiod_get, .set = gpiod_set, .take = gpiod_take, .close = gpiod_close};
