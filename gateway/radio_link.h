/* One port kept open, with the GPIO lines that belong to it: opened outside the loop, opened again with back-off (1 s to 1 min). */
#pragma once

#include "gateway/counters.h"
#include "gateway/radio_lines.h"
#include "gateway/worker.h"
#include "hw/port.h"

struct radio_link;

struct radio_link_setup {
	const char *radio; /* whose it is, for the log and as consumer of the lines */
	const char *part;  /* "" = the radio's modem, "control " = its second port; in front of what is logged */
	const char *group, *prefix; /* of its counters: "radio.vhf", "" or "control." */
	struct port_settings port;
	const struct modem_line *lines;
	size_t line_count;
	const char *const *line_texts; /* one for each line, NULL = not wired; NULL = none is */
};

/* All calls come on the loop. */
struct radio_link_callbacks {
	void *context;
	void (*opened)(void *context);
	void (*input)(void *context, const uint8_t *bytes, size_t size);
	void (*line)(void *context, unsigned line, bool on);
	/* It was open and is not any more. */
	void (*lost)(void *context);
	/* It went up or down, or is down for another reason than before: once, not at every try. */
	void (*state)(void *context);
};

/* setup's pointers must outlive the link; callbacks are copied. NULL: out of memory. */
struct radio_link *radio_link_new(const struct radio_link_setup *setup, const struct radio_link_callbacks *callbacks,
				  sd_event *event, struct worker *worker, struct counters *counters);
/* Begins to open the port. */
void radio_link_start(struct radio_link *link);
void radio_link_free(struct radio_link *link);

bool radio_link_up(const struct radio_link *link);
/* Whether all that was written is with the port. */
bool radio_link_idle(const struct radio_link *link);
/* As struct services has them. */
int radio_link_write(struct radio_link *link, const void *bytes, size_t size);
int radio_link_set_line(struct radio_link *link, unsigned line, bool on);
int radio_link_get_line(struct radio_link *link, unsigned line);
int radio_link_set_baud(struct radio_link *link, unsigned baud);
/* See radio_limit. */
void radio_link_limit(struct radio_link *link, bool limited);
/* When the last bytes were read, monotonic; 0 = the port is not open, or none were. */
int64_t radio_link_read_us(const struct radio_link *link);

/* Texts belong to the link. */
struct radio_link_status {
	const char *resolved; /* "" while it is not open */
	const char *fault;    /* "absent", "line.busy"; "" while it is open */
	const char *text;     /* what is wrong and what to do, "" = nothing */
};
struct radio_link_status radio_link_status(const struct radio_link *link);
/* What a line was resolved to, "" = not wired or not open. */
const char *radio_link_line_resolved(const struct radio_link *link, unsigned line);
