/* Single GPIO lines: mode pins, busy pins, PTT, buttons, sirens. Works with libgpiod 1.6 and 2. Knows no messages and no event loop.
 *
 * A line is written as a place and words, e.g. "GPIO22", "GPIO5 active_low pull_up debounce=20ms", "pinctrl-rp1:22",
 * "/dev/gpiochip0:22 open_drain", "M0_PIN" (a line name of the device tree), "sim:/run/x.sock:m0" (a simulator's, for tests).
 * "GPIO<n>" alone is the line of that number on the Pi's header, whatever the number of its chip is today. Words: active_low or
 * active_high, open_drain or push_pull, pull_up, pull_down or no_bias, debounce=<n>ms (0 to 10000). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct line;

struct line_settings {
	const char *text; /* as configured */
	const char *how;  /* words of the user of the line, overridden by those in text; NULL = none */
	const char
	    *consumer; /* "cresset:lora0:m0", shown to others who want the line; the kernel keeps 31 characters */
	bool output;
	bool safe; /* output: its level at the request and when it is closed, logical */
	int64_t
	    max_on_ms; /* output: put back to `safe` by a thread of its own after this time away from it, whatever the caller's
			    * loop does; setting it again before that does not prolong the time; 0 = no limit */
};

/* What went wrong with a line, for counters and for the log line. */
enum line_fault {
	LINE_OK,
	LINE_ABSENT, /* no such chip or line */
	LINE_BUSY,   /* someone else has it; the text names the consumer */
	LINE_PERMISSION,
	LINE_SETTINGS, /* the text is wrong, or asks for bias, drive or debounce that the chip cannot do */
	LINE_IO,
};

/* A short constant for counters: "absent", "busy", ... */
const char *line_fault_name(enum line_fault fault);

/* Checks a text without touching any chip. NULL = fine, otherwise what is wrong with it. */
const char *line_check(const char *text);

/* Requests the line; may block for a moment. On failure NULL, *fault is set and text says what happened to which line and what to do.
 * settings are not needed afterwards. */
struct line *line_open(const struct line_settings *settings, enum line_fault *fault, char *text, size_t text_size);
/* An output goes to its safe level first. NULL is allowed. */
void line_close(struct line *line);

/* The descriptor that becomes readable when the level of an input may have changed, or -1 for an output; belongs to the line. No edge
 * is reported for the level at the request: read it once after line_open. */
int line_fd(const struct line *line);
/* Takes the waiting edges off the descriptor and reads the level anew, since edges may be lost: 1, 0, or negative errno. Does not block.
 * After -ENODEV the chip is gone: close the line. */
int line_take_edges(struct line *line);

/* An edge of an input: the level after it, logical, and when it was (CLOCK_MONOTONIC), never later than now. */
struct line_edge {
	bool level;
	int64_t at_us;
};
enum { LINE_EDGES_MAX = 65 };
/* As line_take_edges, for whom a pulse counts that came and went before anybody looked: the edges that waited, in their order, and behind
 * them the level now where it is another one, since edges may be lost. With `debounce` that is done by ourselves only the settled level.
 * Returns their number or negative errno. Where many wait, some are left; the descriptor then stays readable. */
int line_list_edges(struct line *line, struct line_edge edges[static LINE_EDGES_MAX]);

/* Logical level: 1, 0, or negative errno. Of an output, what it was set to last or put back to. Leaves edges where they are. */
int line_get(struct line *line);
/* 0 or negative errno; -EINVAL for an input. */
int line_set(struct line *line, bool on);
/* Whether max_on_ms ran out since the last line_set. */
bool line_expired(struct line *line);

/* What it was resolved to ("pinctrl-rp1:22 (GPIO22)"), for status. Belongs to the line. */
const char *line_resolved(const struct line *line);

/* An output to be put to its safe level by lines_release. */
struct line_release {
	const char *text, *how; /* as in line_settings */
	bool safe;
};

/* Puts outputs to their safe levels and lets go of them, for use after a crash: the Pi's pins stay as the dead process left them. Each
 * line that could not be put back is told with the text of line_open, which is the callee's for the time of the call. Returns their number;
 * the others are served all the same. */
size_t lines_release(const struct line_release *lines, size_t count, void (*tell)(void *owner, const char *text),
		     void *owner);
