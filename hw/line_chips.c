/* Finds a line by the label of its chip or by its name. The numbers of chips differ from kernel to kernel on the same Pi, and old numbers
 * may live on as links, so every node is looked at once and judged by what the chip says of itself. */
#include "hw/line_chips.h"

#include "hw/rights.h"

#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { CHIPS_MAX = 64, KERNEL_ENOTSUPP = 524 /* some GPIO drivers let the kernel's own number out */ };

/* Chips that have the 40-pin header: Pi 5, Pi 4, older ones. On all of them GPIO<n> is line n. */
static const char *const header_labels[] = {"pinctrl-rp1", "pinctrl-bcm2711", "pinctrl-bcm2835"};

const char *line_chips_nodes = "/dev/gpiochip*";

struct search {
	const struct line_wish *wish;
	struct line_spot *spot;
	unsigned chips, found, denied,
	    short_lines; /* denied: chips that may not be opened; short: right, but too few lines */
	int denied_error;
	bool too_new;                                 /* a chip that the library cannot ask for names */
	char denied_path[LINE_CHIP_MAX], labels[200]; /* those that were seen, for the text */
};

static bool on_header(const char *label)
{
	for (size_t i = 0; i < sizeof(header_labels) / sizeof(header_labels[0]); i++)
		if (strcmp(label, header_labels[i]) == 0)
			return true;
	return false;
}

static void note_label(struct search *search, const char *label)
{
	size_t used = strlen(search->labels);
	snprintf(search->labels + used, sizeof(search->labels) - used, "%s%s", used ? ", " : "", label);
}

static void note_hit(struct search *search, const char *path, const struct line_chip *chip, unsigned offset)
{
	if (offset >= chip->lines) {
		search->short_lines = chip->lines;
		return;
	}
	if (search->found++)
		return;
	snprintf(search->spot->path, sizeof(search->spot->path), "%s", path);
	snprintf(search->spot->label, sizeof(search->spot->label), "%s", chip->label);
	search->spot->offset = offset;
}

/* One chip under one kind of search. */
static void judge(struct search *search, enum line_place place, const char *path, const struct line_chip *chip)
{
	const struct line_wish *wish = search->wish;
	bool by_label = (place == LINE_ON_HEADER && on_header(chip->label)) ||
			(place == LINE_ON_CHIP && (wish->chip[0] == '/' || strcmp(chip->label, wish->chip) == 0));
	if (by_label)
		note_hit(search, path, chip, wish->offset);
	else if (place == LINE_BY_NAME && chip->offset >= 0)
		note_hit(search, path, chip, (unsigned)chip->offset);
}

static void look(struct search *search, enum line_place place, const char *path)
{
	struct line_chip chip = {.offset = -1};
	int result = line_chip_look(path, place == LINE_BY_NAME ? search->wish->name : NULL, &chip);
	if (result == -EACCES || result == -EPERM) {
		search->denied++;
		search->denied_error = -result;
		snprintf(search->denied_path, sizeof(search->denied_path), "%s", path);
	}
	search->too_new |= result == -EINVAL;
	if (result < 0)
		return;
	search->chips++;
	note_label(search, chip.label);
	judge(search, place, path, &chip);
}

/* The node behind a path, if it is a device that was not seen before. */
static bool new_node(const char *path, char *node, dev_t *seen, size_t *count)
{
	struct stat status;
	char resolved[PATH_MAX];
	if (*count == CHIPS_MAX || stat(path, &status) < 0 || !S_ISCHR(status.st_mode) || !realpath(path, resolved) ||
	    strlen(resolved) >= LINE_CHIP_MAX)
		return false;
	for (size_t i = 0; i < *count; i++)
		if (seen[i] == status.st_rdev)
			return false;
	seen[(*count)++] = status.st_rdev;
	memcpy(node, resolved, strlen(resolved) + 1);
	return true;
}

static void look_everywhere(struct search *search, enum line_place place)
{
	glob_t nodes;
	dev_t seen[CHIPS_MAX];
	size_t count = 0;
	char node[LINE_CHIP_MAX];
	search->chips = search->denied = 0;
	search->labels[0] = '\0';
	if (glob(line_chips_nodes, 0, NULL, &nodes) != 0)
		return;
	for (size_t i = 0; i < nodes.gl_pathc; i++)
		if (new_node(nodes.gl_pathv[i], node, seen, &count))
			look(search, place, node);
	globfree(&nodes);
}

bool line_kernel_too_new(struct line_problem *problem)
{
	return line_fail(
	    problem, LINE_SETTINGS,
	    "this kernel no longer speaks with libgpiod 1. Build with libgpiod 2, or start an older kernel.");
}

static bool not_found(const struct search *search, struct line_problem *problem)
{
	char words[256];
	if (search->found > 1)
		return line_fail(problem, LINE_SETTINGS, "is on %u chips. Write /dev/gpiochip<n>:<n> instead.",
				 search->found);
	if (search->short_lines)
		return line_fail(problem, LINE_ABSENT, "the chip has only the lines 0 to %u.", search->short_lines - 1);
	if (search->denied) {
		rights_explain(search->denied_path, search->denied_error, words, sizeof(words));
		return line_fail(problem, LINE_PERMISSION, "%s: %s", search->denied_path, words);
	}
	if (search->too_new)
		return line_kernel_too_new(problem);
	if (search->chips == 0)
		return line_fail(problem, LINE_ABSENT, "this machine has no GPIO chip (/dev/gpiochip*).");
	if (search->wish->place == LINE_ON_CHIP)
		return line_fail(problem, LINE_ABSENT, "no GPIO chip has that label. There are: %s.", search->labels);
	return line_fail(problem, LINE_ABSENT, "no line has that name on the chips %s.", search->labels);
}

/* A configured node: opened whatever it is called. */
static bool find_at_path(struct search *search, struct line_problem *problem)
{
	struct line_chip chip = {.offset = -1};
	char resolved[PATH_MAX];
	snprintf(search->spot->path, sizeof(search->spot->path), "%s", search->wish->chip);
	if (!realpath(search->wish->chip, resolved))
		return line_refused(search->spot, search->wish, errno, "", problem);
	if (strlen(resolved) >= sizeof(search->spot->path))
		return line_fail(problem, LINE_SETTINGS, "the chip's real path is too long.");
	int result = line_chip_look(resolved, NULL, &chip);
	if (result < 0) /* libgpiod 2 says ENODEV of what is some other device */
		return line_refused(search->spot, search->wish, result == -ENODEV ? ENOTTY : -result, "", problem);
	judge(search, LINE_ON_CHIP, resolved, &chip);
	return search->found == 1 || not_found(search, problem);
}

bool line_find(const struct line_wish *wish, struct line_spot *spot, struct line_problem *problem)
{
	*spot = (struct line_spot){0};
	struct search search = {.wish = wish, .spot = spot};
	if (wish->place == LINE_ON_CHIP && wish->chip[0] == '/')
		return find_at_path(&search, problem);
	look_everywhere(&search, wish->place);
	/* Other boards give their lines the Pi's names. */
	if (wish->place == LINE_ON_HEADER && !search.found && !search.short_lines)
		look_everywhere(&search, LINE_BY_NAME);
	if (wish->place != LINE_ON_CHIP)
		snprintf(spot->name, sizeof(spot->name), "%s", wish->name);
	return search.found == 1 || not_found(&search, problem);
}

static bool fail_busy(const char *consumer, struct line_problem *problem)
{
	if (strncmp(consumer, "cresset", strlen("cresset")) == 0)
		return line_fail(problem, LINE_BUSY,
				 "in use as \"%s\". Is the line configured twice, or is another gateway "
				 "running?",
				 consumer);
	if (*consumer)
		return line_fail(problem, LINE_BUSY,
				 "in use by \"%s\". Stop that program, take its overlay out of the boot "
				 "configuration, or use another line.",
				 consumer);
	return line_fail(problem, LINE_BUSY, "in use, by whom the kernel does not say. Use another line.");
}

bool line_refused(const struct line_spot *spot, const struct line_wish *wish, int error, const char *consumer,
		  struct line_problem *problem)
{
	char words[256];
	switch (error) {
	case EBUSY:
		return fail_busy(consumer, problem);
	case EACCES:
	case EPERM:
		rights_explain(spot->path, error, words, sizeof(words));
		return line_fail(problem, LINE_PERMISSION, "%s: %s", spot->path, words);
	case ENOENT:
	case ENOTDIR:
		return line_fail(problem, LINE_ABSENT, "there is no %s.", spot->path);
	case ENOTTY:
	case EISDIR:
	case ELOOP:
		return line_fail(problem, LINE_ABSENT, "%s is no GPIO chip.", spot->path);
	case ENODEV:
	case ENXIO:
		return line_fail(problem, LINE_ABSENT,
				 "the chip is gone, or reports no changes of this line. Use another line.");
	case EINVAL:
	case EOPNOTSUPP:
	case KERNEL_ENOTSUPP:
		return line_fail(problem, LINE_SETTINGS,
				 "the chip or this kernel cannot do%s%s%s; leave it out, or use another line.",
				 wish->bias ? " that bias" : "", wish->open_drain ? " open_drain" : "",
				 !wish->bias && !wish->open_drain ? " what is asked of this line" : "");
	default:
		return line_fail(problem, LINE_IO, "cannot be requested: %s.", strerror(error));
	}
}

void line_describe(struct line *line, const struct line_spot *spot)
{
	if (*spot->name)
		snprintf(line->resolved, sizeof(line->resolved), "%s:%u (%s)", spot->label, spot->offset, spot->name);
	else
		snprintf(line->resolved, sizeof(line->resolved), "%s:%u", spot->label, spot->offset);
}

/* A chip that is gone polls as hung up. */
int line_edges_waiting(const struct line *line)
{
	struct pollfd look = {.fd = line->own_fd, .events = POLLIN};
	int ready = poll(&look, 1, 0);
	if (ready > 0 && look.revents & (POLLHUP | POLLERR | POLLNVAL))
		return -ENODEV;
	return ready > 0;
}
