/* The GPIO lines of one driver: requested together, given back together, inputs watched by the loop. */
#pragma once

#include <systemd/sd-event.h>

#include "drivers/modem.h"
#include "hw/lines.h"

struct radio_lines;

/* All calls come on the loop. */
struct radio_lines_callbacks {
	void *context;
	/* An input had an edge; on is its level now. */
	void (*edge)(void *context, unsigned line, bool on);
	/* A line cannot be read or set any more; text says which, and belongs to the lines, which may be freed within. Comes from the
	 * loop, never from within radio_lines_set and radio_lines_get. */
	void (*lost)(void *context, const char *text);
};

/* Nothing is requested yet. radio names the consumer; texts has one for each line, NULL = not wired, and is copied. NULL: out of memory. */
struct radio_lines *radio_lines_new(const char *radio, const struct modem_line *lines, size_t count,
				    const char *const *texts);
/* Outputs go to their safe levels. NULL is allowed. */
void radio_lines_free(struct radio_lines *lines);

/* Requests all that are wired; may block, so call it outside the loop. false: *fault is set, text says which line and why. */
bool radio_lines_open(struct radio_lines *lines, enum line_fault *fault, char *text, size_t text_size);
/* Begins to watch the inputs. 0 or negative errno. callbacks are copied. */
int radio_lines_watch(struct radio_lines *lines, const struct radio_lines_callbacks *callbacks, sd_event *event);

/* As struct services has them. */
int radio_lines_set(struct radio_lines *lines, unsigned line, bool on);
int radio_lines_get(struct radio_lines *lines, unsigned line);
/* Whether the output was switched off because it was on for too long, since it was last set. */
bool radio_lines_expired(const struct radio_lines *lines, unsigned line);
/* "pinctrl-rp1:22 (GPIO22)", "" = not wired. Belongs to the lines. */
const char *radio_lines_resolved(const struct radio_lines *lines, unsigned line);
