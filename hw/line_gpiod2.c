/* Lines of the kernel's GPIO chips by libgpiod 2. The kernel debounces where it can; reading edges waits where there is none, so every read is preceded
 * by a poll. */
#include "hw/line_chips.h"

#include <errno.h>
#include <gpiod.h>
#include <stdio.h>
#include <stdlib.h>

enum { EDGES_PER_READ = 16 };

struct gpiod_own {
	struct gpiod_line_request *request;
	struct gpiod_edge_event_buffer *events; /* of an input */
	unsigned offset;
};

int line_chip_look(const char *path, const char *name, struct line_chip *chip)
{
	errno = 0;
	struct gpiod_chip *opened = gpiod_chip_open(path);
	struct gpiod_chip_info *info = opened ? gpiod_chip_get_info(opened) : NULL;
	int error = errno ? errno : EIO;
	if (info) {
		snprintf(chip->label, sizeof(chip->label), "%s", gpiod_chip_info_get_label(info));
		chip->lines = (unsigned)gpiod_chip_info_get_num_lines(info);
		chip->offset = name ? gpiod_chip_get_line_offset_from_name(opened, name) : -1;
	}
	bool known = info != NULL;
	gpiod_chip_info_free(info);
	if (opened)
		gpiod_chip_close(opened);
	return known ? 0 : -error;
}

/* false with errno. */
static bool set_up(struct gpiod_line_settings *settings, const struct line *line, const struct line_wish *wish)
{
	static const enum gpiod_line_bias biases[] = {
	    [LINE_BIAS_AS_IS] = GPIOD_LINE_BIAS_AS_IS,
	    [LINE_BIAS_PULL_UP] = GPIOD_LINE_BIAS_PULL_UP,
	    [LINE_BIAS_PULL_DOWN] = GPIOD_LINE_BIAS_PULL_DOWN,
	    [LINE_BIAS_NONE] = GPIOD_LINE_BIAS_DISABLED,
	};
	gpiod_line_settings_set_active_low(settings, wish->active_low);
	if (gpiod_line_settings_set_bias(settings, biases[wish->bias]) < 0)
		return false;
	if (!line->output) {
		gpiod_line_settings_set_debounce_period_us(settings, line->debounced ? wish->debounce_ms * 1000UL : 0);
		return gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_INPUT) == 0 &&
		       gpiod_line_settings_set_edge_detection(settings, GPIOD_LINE_EDGE_BOTH) == 0;
	}
	return gpiod_line_settings_set_direction(settings, GPIOD_LINE_DIRECTION_OUTPUT) == 0 &&
	       gpiod_line_settings_set_drive(settings, wish->open_drain ? GPIOD_LINE_DRIVE_OPEN_DRAIN
									: GPIOD_LINE_DRIVE_PUSH_PULL) == 0 &&
	       gpiod_line_settings_set_output_value(settings, line->safe ? GPIOD_LINE_VALUE_ACTIVE
									 : GPIOD_LINE_VALUE_INACTIVE) == 0;
}

/* NULL with errno. */
static struct gpiod_line_request *request(struct gpiod_chip *chip, unsigned offset, const struct line *line,
					  const struct line_wish *wish, const char *consumer)
{
	struct gpiod_line_settings *settings = gpiod_line_settings_new();
	struct gpiod_line_config *config = gpiod_line_config_new();
	struct gpiod_request_config *who = gpiod_request_config_new();
	struct gpiod_line_request *result = NULL;
	if (who)
		gpiod_request_config_set_consumer(who, consumer);
	if (settings && config && who && set_up(settings, line, wish) &&
	    gpiod_line_config_add_line_settings(config, &offset, 1, settings) == 0)
		result = gpiod_chip_request_lines(chip, who, config);
	int error = errno;
	gpiod_request_config_free(who);
	gpiod_line_config_free(config);
	gpiod_line_settings_free(settings);
	errno = error;
	return result;
}

/* Not every chip can be debounced by the kernel: those behind a bus often cannot. */
static struct gpiod_line_request *request_debounced(struct gpiod_chip *chip, unsigned offset, struct line *line,
						    const struct line_wish *wish, const char *consumer)
{
	line->debounced = wish->debounce_ms > 0;
	struct gpiod_line_request *result = request(chip, offset, line, wish, consumer);
	if (result || !line->debounced || errno == EBUSY)
		return result;
	line->debounced = false;
	return request(chip, offset, line, wish, consumer);
}

/* The line's name, and who has it now; both stay empty where there is nothing to say. */
static void look_at_line(struct gpiod_chip *chip, struct line_spot *spot, char consumer[static LINE_NAME_MAX])
{
	struct gpiod_line_info *info = gpiod_chip_get_line_info(chip, spot->offset);
	consumer[0] = '\0';
	if (info && gpiod_line_info_get_consumer(info))
		snprintf(consumer, LINE_NAME_MAX, "%s", gpiod_line_info_get_consumer(info));
	if (info && gpiod_line_info_get_name(info))
		snprintf(spot->name, sizeof(spot->name), "%s", gpiod_line_info_get_name(info));
	gpiod_line_info_free(info);
}

static void free_own(struct gpiod_own *own)
{
	if (own && own->request)
		gpiod_line_request_release(own->request);
	if (own)
		gpiod_edge_event_buffer_free(own->events);
	free(own);
}

static bool open_spot(struct line *line, struct gpiod_chip *chip, struct line_spot *spot, const struct line_wish *wish,
		      const char *consumer, struct line_problem *problem)
{
	struct gpiod_own *own = calloc(1, sizeof(*own));
	if (own && !line->output)
		own->events = gpiod_edge_event_buffer_new(EDGES_PER_READ);
	if (!own || (!line->output && !own->events)) {
		free_own(own);
		return line_fail(problem, LINE_IO, "out of memory.");
	}
	char other[LINE_NAME_MAX];
	own->offset = spot->offset;
	own->request = request_debounced(chip, spot->offset, line, wish, consumer);
	int error = errno;
	look_at_line(chip, spot, other);
	if (!own->request) {
		free_own(own);
		return line_refused(spot, wish, error, other, problem);
	}
	line->own = own;
	line->own_fd = line->output ? -1 : gpiod_line_request_get_fd(own->request);
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
	bool opened = open_spot(line, chip, &spot, wish, consumer, problem);
	gpiod_chip_close(chip); /* the request lives on without it */
	if (opened)
		line_describe(line, &spot);
	return opened;
}

static int gpiod_get(struct line *line)
{
	struct gpiod_own *own = line->own;
	enum gpiod_line_value value = gpiod_line_request_get_value(own->request, own->offset);
	return value == GPIOD_LINE_VALUE_ERROR ? -errno : value == GPIOD_LINE_VALUE_ACTIVE;
}

static int gpiod_set(struct line *line, bool on)
{
	struct gpiod_own *own = line->own;
	enum gpiod_line_value value = on ? GPIOD_LINE_VALUE_ACTIVE : GPIOD_LINE_VALUE_INACTIVE;
	return gpiod_line_request_set_value(own->request, own->offset, value) < 0 ? -errno : 0;
}

static struct line_edge edge_at(struct gpiod_edge_event_buffer *events, int index)
{
	struct gpiod_edge_event *event = gpiod_edge_event_buffer_get_event(events, (unsigned long)index);
	return (struct line_edge){gpiod_edge_event_get_event_type(event) == GPIOD_EDGE_EVENT_RISING_EDGE,
				  (int64_t)(gpiod_edge_event_get_timestamp_ns(event) / 1000)};
}

static int gpiod_take(struct line *line, struct line_edge edges[static LINE_EDGES_AT_ONCE])
{
	struct gpiod_own *own = line->own;
	int taken = 0, ready = 0;
	while (taken < LINE_EDGES_AT_ONCE && (ready = line_edges_waiting(line)) > 0) {
		size_t room = LINE_EDGES_AT_ONCE - (size_t)taken;
		int count = gpiod_line_request_read_edge_events(own->request, own->events,
								room < EDGES_PER_READ ? room : EDGES_PER_READ);
		if (count < 0)
			return -errno;
		for (int i = 0; i < count; i++)
			edges[taken++] = edge_at(own->events, i);
	}
	return ready < 0 ? ready : taken;
}

static void gpiod_close(struct line *line)
{
	free_own(line->own);
}

const struct line_ops line_gpiod_ops = {
    .open = gpiod_open, .get = gpiod_get, .set = gpiod_set, .take = gpiod_take, .close = gpiod_close};
