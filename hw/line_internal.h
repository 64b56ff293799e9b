/* What the back-ends of a line share; only for hw/line*.c. */
#pragma once

#include "hw/lines.h"

enum {
	LINE_TEXT_MAX = 256, /* a configured text, with the final zero */
	LINE_NAME_MAX = 32,  /* names, labels and consumers in the kernel's structures, with the final zero */
	LINE_CHIP_MAX = 128, /* a label, a path of a chip or of a socket */
	LINE_EDGES_AT_ONCE = LINE_EDGES_MAX - 1 /* so that a babbling line cannot hold the caller */
};

enum line_bias { LINE_BIAS_AS_IS, LINE_BIAS_PULL_UP, LINE_BIAS_PULL_DOWN, LINE_BIAS_NONE };

enum line_place {
	LINE_ON_HEADER, /* "GPIO22": name and offset */
	LINE_ON_CHIP,   /* chip and offset */
	LINE_BY_NAME,   /* name */
	LINE_SIMULATED, /* chip (the socket) and name */
};

/* A text that was read. */
struct line_wish {
	enum line_place place;
	char chip[LINE_CHIP_MAX], name[LINE_NAME_MAX];
	unsigned offset;
	enum line_bias bias;
	bool active_low, open_drain;
	unsigned debounce_ms;
};

struct line {
	const struct line_ops *ops;
	void *own;  /* of the back-end */
	int own_fd; /* where the back-end reports edges, -1 for an output */
	bool output, safe, active_low;
	char resolved[2 * LINE_CHIP_MAX];
	/* Outputs: what line_get says. Guarded ones change under the guard's lock only. */
	bool level;
	/* line_guard.c */
	int64_t max_on_ns, deadline_ns; /* INT64_MAX = at its safe level */
	bool expired;
	struct line *next_guarded;
	bool debounced; /* by the back-end: what comes from it has settled already */
	/* line_debounce.c; 0 ms = not in use */
	unsigned debounce_ms;
	int debounce_fd, timer_fd, settled;
};

/* Where the reason of a failure goes. subject is the text of the configuration. */
struct line_problem {
	const char *subject;
	enum line_fault fault;
	char *text;
	size_t size;
};

struct line_ops {
	/* Fills own, own_fd, resolved and debounced from the wish and line->output, safe and active_low. false = see problem; nothing stays open. */
	bool (*open)(struct line *line, const struct line_wish *wish, const char *consumer,
		     struct line_problem *problem);
	int (*get)(struct line *line);          /* of an input: logical level or negative errno */
	int (*set)(struct line *line, bool on); /* logical; 0 or negative errno */
	/* Takes waiting edges without blocking, LINE_EDGES_AT_ONCE at most: their number or negative errno. Their times may be of another clock. */
	int (*take)(struct line *line, struct line_edge edges[static LINE_EDGES_AT_ONCE]);
	void (*close)(struct line *line);
};

extern const struct line_ops line_gpiod_ops, line_sim_ops;

/* Sets fault and the text "SUBJECT: ...". Always false, so that a back-end can return it. */
bool line_fail(struct line_problem *problem, enum line_fault fault, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* line_text.c: reads the words of `how` (may be NULL) and then the text. NULL = fine, otherwise what is wrong. */
const char *line_parse(const char *text, const char *how, struct line_wish *wish);

/* line_guard.c: a line with a time limit. add fails where there is no thread to be had. */
bool line_guard_add(struct line *line, int64_t max_on_ms, struct line_problem *problem);
void line_guard_remove(struct line *line);
int line_guard_set(struct line *line, bool on);
bool line_guard_level(struct line *line);
bool line_guard_expired(struct line *line);

/* line_debounce.c: an input whose level counts only after it has been still for line->debounce_ms. */
bool line_debounce_start(struct line *line, struct line_problem *problem);
void line_debounce_stop(struct line *line);
/* As line_take_edges and line_get. */
int line_debounce_take(struct line *line);
int line_debounce_get(struct line *line);
