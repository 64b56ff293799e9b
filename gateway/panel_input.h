/* One input of the panel: from the levels of its line to what is to be done about it. Pure: the clock is passed in. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum panel_rule {
	PANEL_HOLD,  /* a button that must be held */
	PANEL_PRESS, /* a button of which a short press is enough */
	PANEL_WATCH, /* a contact that is said when it became active, and when it is back */
};

struct panel_input_rule {
	enum panel_rule rule;
	int64_t debounce_us; /* a level counts once it stood this long */
	int64_t hold_us;     /* HOLD: from the first edge on; WATCH: how long it must last, each way */
	int64_t repeat_us;   /* HOLD: held on, it fires again after this */
	int64_t stuck_us;    /* buttons: held for this long it is stuck */
	int64_t rest_us;     /* WATCH: least time from one to the next */
};

enum panel_event {
	PANEL_NOTHING,
	PANEL_FIRED,  /* HOLD, PRESS */
	PANEL_BEGAN,  /* WATCH */
	PANEL_ENDED,  /* WATCH: what was said is over */
	PANEL_PASSED, /* WATCH: it came and went within rest_us, and is not said */
	PANEL_STUCK, /* a button held for too long, or a PRESS that was there when its line was opened: it does nothing */
	PANEL_FREE, /* it was let go and does its work again */
};

struct panel_input {
	struct panel_input_rule rule;
	bool open;                 /* there is a line */
	bool raw, settled;         /* level of the last look; the one that stood long enough */
	bool fired, stuck, unsaid; /* unsaid: stuck, and PANEL_STUCK is still to be given */
	bool owed;                 /* HOLD: was held long enough, and PANEL_FIRED is still to be given */
	bool told;                 /* WATCH: began, and has not ended */
	int64_t raw_us;            /* last edge */
	int64_t first_us;          /* first edge away from the settled level */
	int64_t since_us;          /* the first edge towards the settled level */
	int64_t next_us;           /* HOLD: fires again */
	int64_t told_us;
};

/* Not open, and nothing happened before. */
void panel_input_begin(struct panel_input *input, const struct panel_input_rule *rule);
/* The line is there, with its level now. What was said of a contact before it was lost is not said again. */
void panel_input_open(struct panel_input *input, bool level, int64_t now_us);
/* The line is gone: a button that was being held does nothing any more. */
void panel_input_lose(struct panel_input *input);
/* There was an edge, and this is the level after it. */
void panel_input_edge(struct panel_input *input, bool level, int64_t now_us);
/* What is due, one after the other until PANEL_NOTHING. */
enum panel_event panel_input_turn(struct panel_input *input, int64_t now_us);
/* When panel_input_turn is to be called at the latest; INT64_MAX = after the next edge. */
int64_t panel_input_due_us(const struct panel_input *input);
