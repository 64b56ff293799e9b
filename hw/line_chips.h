/* Where a line is, for the back-ends of both versions of libgpiod; only for hw/line*.c. */
#pragma once

#include "hw/line_internal.h"

/* A line found on a chip. */
struct line_spot {
	char path[LINE_CHIP_MAX];                       /* the chip's node, no link */
	char label[LINE_NAME_MAX], name[LINE_NAME_MAX]; /* of the chip; of the line, may be empty */
	unsigned offset;
};

/* What a chip says of itself. */
struct line_chip {
	char label[LINE_NAME_MAX];
	unsigned lines;
	int offset; /* of the line that was asked for by name, or -1 */
};

/* Where the chips' nodes are: "/dev/gpiochip*". Tests look elsewhere. */
extern const char *line_chips_nodes;

/* Of the version in use (line_gpiod1.c or line_gpiod2.c): opens a chip, asks, closes it. name may be NULL. 0 or negative errno;
 * -EINVAL: the kernel does not understand the question. */
int line_chip_look(const char *path, const char *name, struct line_chip *chip);

/* Finds the line of a wish: the Pi's header by the label of its chip, others by label, node or line name. The line's own name is left
 * empty unless it was asked for. false = see problem. */
bool line_find(const struct line_wish *wish, struct line_spot *spot, struct line_problem *problem);

/* Names what a failed open or request of the line means. consumer is who has it now, empty if nobody says so. Always false. */
bool line_refused(const struct line_spot *spot, const struct line_wish *wish, int error, const char *consumer,
		  struct line_problem *problem);

/* Says that the kernel and libgpiod 1 have no interface in common. Always false. */
bool line_kernel_too_new(struct line_problem *problem);

/* "pinctrl-rp1:22 (GPIO22)" into line->resolved. */
void line_describe(struct line *line, const struct line_spot *spot);

/* Whether there are edges to be read now: 1, 0, or -ENODEV where the chip is gone. */
int line_edges_waiting(const struct line *line);
