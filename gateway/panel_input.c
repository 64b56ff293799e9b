/* Buttons and contacts: bounce, holding, sticking, coming and going. */
#include "gateway/panel_input.h"

static const int64_t never = INT64_MAX;

static int64_t sooner(int64_t one, int64_t other)
{
	return one < other ? one : other;
}

void panel_input_begin(struct panel_input *input, const struct panel_input_rule *rule)
{
	*input = (struct panel_input){.rule = *rule, .told_us = -rule->rest_us};
}

static bool is_button(const struct panel_input *input)
{
	return input->rule.rule != PANEL_WATCH;
}

void panel_input_open(struct panel_input *input, bool level, int64_t now_us)
{
	input->open = true;
	input->raw = input->settled = level;
	input->raw_us = now_us - input->rule.debounce_us;
	input->first_us = input->since_us = now_us;
	input->fired = input->owed = false;
	/* Whoever holds the panic button while we start again may need help: the hold begins anew. Of the others a press that nobody saw
	 * begin means nothing. */
	input->next_us = now_us + input->rule.hold_us;
	input->stuck = input->unsaid = input->rule.rule == PANEL_PRESS && level;
}

void panel_input_lose(struct panel_input *input)
{
	input->open = input->stuck = input->unsaid = input->owed = false;
}

static bool was_held(const struct panel_input *input, int64_t now_us)
{
	return input->rule.rule == PANEL_HOLD && input->settled && input->raw && !input->stuck &&
	       now_us >= input->next_us;
}

void panel_input_edge(struct panel_input *input, bool level, int64_t now_us)
{
	bool quiet = now_us - input->raw_us >= input->rule.debounce_us;
	if (!input->open || (level == input->raw && level == input->settled))
		return;
	if (level != input->settled && level != input->raw && quiet)
		input->first_us = now_us;
	/* Whoever is late to look finds the button let go, and it was held all the same. */
	input->owed |= !level && was_held(input, now_us);
	input->raw = level;
	input->raw_us = now_us;
}

/* ---- what is due ---- */

static enum panel_event settled_now(struct panel_input *input, int64_t held_us)
{
	bool was_stuck = input->stuck;
	input->fired = false;
	input->next_us = input->since_us + input->rule.hold_us;
	if (!input->settled)
		input->stuck = input->unsaid = false;
	if (was_stuck && !input->settled)
		return PANEL_FREE;
	bool passed = !is_button(input) && !input->settled && !input->told && held_us >= input->rule.hold_us;
	return passed ? PANEL_PASSED : PANEL_NOTHING;
}

static enum panel_event settle(struct panel_input *input, int64_t now_us)
{
	if (input->raw == input->settled || now_us - input->raw_us < input->rule.debounce_us)
		return PANEL_NOTHING;
	int64_t held_us = input->first_us - input->since_us;
	input->settled = input->raw;
	input->since_us = input->first_us;
	return settled_now(input, held_us);
}

static enum panel_event fire(struct panel_input *input, int64_t now_us)
{
	input->fired = true;
	while (input->rule.repeat_us > 0 && input->next_us <= now_us)
		input->next_us += input->rule.repeat_us;
	return PANEL_FIRED;
}

static enum panel_event turn_button(struct panel_input *input, int64_t now_us)
{
	bool hold = input->rule.rule == PANEL_HOLD;
	if (input->unsaid) {
		input->unsaid = false;
		return PANEL_STUCK;
	}
	if (input->owed) {
		input->owed = false;
		return fire(input, now_us);
	}
	/* Let go within the bounce: the next edge, or the end of the bounce, decides. */
	if (!input->settled || !input->raw || input->stuck)
		return PANEL_NOTHING;
	if (now_us - input->since_us >= input->rule.stuck_us) {
		input->stuck = true;
		return PANEL_STUCK;
	}
	if (hold ? now_us >= input->next_us : !input->fired)
		return fire(input, now_us);
	return PANEL_NOTHING;
}

static int64_t begins_us(const struct panel_input *input)
{
	int64_t lasted_us = input->since_us + input->rule.hold_us, rested_us = input->told_us + input->rule.rest_us;
	return lasted_us > rested_us ? lasted_us : rested_us;
}

static enum panel_event turn_contact(struct panel_input *input, int64_t now_us)
{
	if (input->settled && !input->told && now_us >= begins_us(input)) {
		input->told = true;
		input->told_us = now_us;
		return PANEL_BEGAN;
	}
	if (!input->settled && input->told && now_us >= input->since_us + input->rule.hold_us) {
		input->told = false;
		return PANEL_ENDED;
	}
	return PANEL_NOTHING;
}

enum panel_event panel_input_turn(struct panel_input *input, int64_t now_us)
{
	if (!input->open)
		return PANEL_NOTHING;
	enum panel_event event = settle(input, now_us);
	if (event != PANEL_NOTHING)
		return event;
	return is_button(input) ? turn_button(input, now_us) : turn_contact(input, now_us);
}

/* ---- when ---- */

static int64_t button_due_us(const struct panel_input *input)
{
	if (input->unsaid || input->owed)
		return input->since_us;
	if (!input->settled || !input->raw || input->stuck)
		return never;
	int64_t stuck_us = input->since_us + input->rule.stuck_us;
	if (input->rule.rule == PANEL_HOLD)
		return sooner(input->next_us, stuck_us);
	return input->fired ? stuck_us : input->since_us;
}

static int64_t contact_due_us(const struct panel_input *input)
{
	if (input->settled == input->told)
		return never;
	return input->settled ? begins_us(input) : input->since_us + input->rule.hold_us;
}

int64_t panel_input_due_us(const struct panel_input *input)
{
	if (!input->open)
		return never;
	int64_t settles_us = input->raw == input->settled ? never : input->raw_us + input->rule.debounce_us;
	return sooner(settles_us, is_button(input) ? button_due_us(input) : contact_due_us(input));
}
