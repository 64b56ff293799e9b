/* Wires the panel's lines, their rules and what they show together, with one timer for all of it. */
#include "gateway/panel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/panel_input.h"
#include "gateway/panel_lines.h"
#include "gateway/panel_message.h"
#include "gateway/panel_signals.h"
#include "gateway/priorities.h"

enum {
	STUCK_US = 60000000, /* nobody holds a button for that long */
	REST_US = 60000000,  /* a loose contact is said once a minute at most */
	/* The siren's time is kept here; should the loop hang, the line ends it a little later. */
	GUARD_MS = 2000,
};

/* One wired line. */
struct part {
	size_t line; /* enum panel_line; PANEL_LINES and above: a contact */
	const char *name;
	struct panel_input input;
	char told_id[MESSAGE_ID_MAX]; /* the alert that is not over */
	bool lit;                     /* output: as it was set */
};

struct panel {
	const struct panel_settings *settings;
	struct panel_callbacks callbacks;
	struct counters *counters;
	struct panel_voice voice;
	struct panel_signals signals;
	unsigned siren_starts; /* as the siren was set */
	struct panel_lines *lines;
	sd_event *event;
	sd_event_source *timer;
	size_t count;
	struct part parts[PANEL_ALL_MAX];
};

static bool is_output(const struct part *part)
{
	return part->line >= PANEL_OUTPUTS && part->line < PANEL_LINES;
}

static struct counter *counter_of(struct panel *panel, const struct part *part, const char *what)
{
	char name[48];
	snprintf(name, sizeof(name), "%s.%s", part->name, what);
	return counters_get(panel->counters, "panel", name);
}

/* ---- time ---- */

static int64_t due_us(const struct panel *panel, int64_t now_us)
{
	int64_t due = INT64_MAX;
	for (size_t i = 0; i < panel->count; i++) {
		const struct part *part = &panel->parts[i];
		int64_t at = INT64_MAX;
		if (panel_lines_are_open(panel->lines, i))
			at = is_output(part)
				 ? panel_signals_due_us(&panel->signals, (enum panel_line)part->line, now_us)
				 : panel_input_due_us(&part->input);
		due = at < due ? at : due;
	}
	return due;
}

static void arm(struct panel *panel, int64_t at_us)
{
	if (at_us == INT64_MAX) {
		sd_event_source_set_enabled(panel->timer, SD_EVENT_OFF);
		return;
	}
	sd_event_source_set_time(panel->timer, (uint64_t)(at_us > 0 ? at_us : 0));
	sd_event_source_set_enabled(panel->timer, SD_EVENT_ONESHOT);
}

/* ---- outputs ---- */

static void set(struct panel *panel, size_t index, bool on)
{
	struct part *part = &panel->parts[index];
	if (part->lit && panel_lines_expired(panel->lines, index)) {
		counter_of(panel, part, "expired")->value++;
		log_warning("panel: line %s was on for too long and was switched off by its guard", part->name);
	}
	if (panel_lines_set(panel->lines, index, on) == 0)
		part->lit = on;
}

static void show(struct panel *panel, int64_t now_us)
{
	for (size_t i = 0; i < panel->count; i++) {
		struct part *part = &panel->parts[i];
		if (!is_output(part) || !panel_lines_are_open(panel->lines, i))
			continue;
		bool on = panel_signals_level(&panel->signals, (enum panel_line)part->line, now_us);
		/* Off for a moment, because the guard's time runs from the first moment on. */
		if (part->line == PANEL_SIREN && part->lit && panel->siren_starts != panel->signals.siren_starts)
			set(panel, i, false);
		if (on != part->lit)
			set(panel, i, on);
		if (part->line == PANEL_SIREN)
			panel->siren_starts = panel->signals.siren_starts;
	}
}

/* ---- inputs ---- */

static void say(struct panel *panel, const struct part *part, const struct message *message, const char *what)
{
	counter_of(panel, part, what)->value++;
	panel->callbacks.said(panel->callbacks.context, message, clock_mono_us());
}

static void on_fired(struct panel *panel, struct part *part)
{
	struct message message;
	if (part->line == PANEL_ACKNOWLEDGE) {
		counter_of(panel, part, "pressed")->value++;
		panel->callbacks.acknowledged(panel->callbacks.context);
		return;
	}
	panel_message_panic(&panel->voice, &message);
	say(panel, part, &message, "raised");
}

static void on_began(struct panel *panel, struct part *part)
{
	struct message message;
	if (part->line == PANEL_TAMPER)
		panel_message_tamper(&panel->voice, &message, NULL);
	else if (part->line == PANEL_MAINS)
		panel_message_mains(&panel->voice, &message, NULL);
	else
		panel_message_contact(&panel->voice, &message, part->name);
	snprintf(part->told_id, sizeof(part->told_id), "%s", message.id);
	log_warning("panel: %s: active", part->name);
	say(panel, part, &message, "raised");
	panel->callbacks.changed(panel->callbacks.context);
}

/* A contact says only that it was closed; when it opens, what it told of may go on. */
static void on_ended(struct panel *panel, struct part *part)
{
	struct message message;
	log_notice("panel: %s: not active any more", part->name);
	panel->callbacks.changed(panel->callbacks.context);
	if (part->line >= PANEL_LINES)
		return;
	if (part->line == PANEL_TAMPER)
		panel_message_tamper(&panel->voice, &message, part->told_id);
	else
		panel_message_mains(&panel->voice, &message, part->told_id);
	say(panel, part, &message, "over");
}

static void on_stuck(struct panel *panel, const struct part *part)
{
	counter_of(panel, part, "stuck")->value++;
	log_error(
	    "panel: the button %s is pressed since the start or for more than %d s; it does nothing until it is let "
	    "go. Look at the button and its wire.",
	    part->name, STUCK_US / 1000000);
	panel->callbacks.changed(panel->callbacks.context);
}

static void on_free(struct panel *panel, const struct part *part)
{
	log_notice("panel: the button %s was let go and does its work again", part->name);
	panel->callbacks.changed(panel->callbacks.context);
}

/* A loose contact: not said again so soon. */
static void count_drop(struct panel *panel, const struct part *part)
{
	char name[48];
	snprintf(name, sizeof(name), "drop.flapping.%s", part->name);
	counters_get(panel->counters, "panel", name)->value++;
}

static void serve(struct panel *panel, struct part *part, enum panel_event event)
{
	switch (event) {
	case PANEL_FIRED:
		on_fired(panel, part);
		break;
	case PANEL_BEGAN:
		on_began(panel, part);
		break;
	case PANEL_ENDED:
		on_ended(panel, part);
		break;
	case PANEL_PASSED:
		count_drop(panel, part);
		break;
	case PANEL_STUCK:
		on_stuck(panel, part);
		break;
	default:
		on_free(panel, part);
	}
}

static bool has_fault(const struct panel *panel)
{
	for (size_t i = 0; i < panel->count; i++)
		if (!panel_lines_are_open(panel->lines, i) || panel->parts[i].input.stuck)
			return true;
	return false;
}

static void turn_input(struct panel *panel, struct part *part, int64_t now_us)
{
	enum panel_event event;
	while ((event = panel_input_turn(&part->input, now_us)) != PANEL_NOTHING)
		serve(panel, part, event);
}

/* Everything that is due: inputs first, because they decide what is to be shown. */
static void turn(struct panel *panel)
{
	for (size_t i = 0; i < panel->count; i++)
		turn_input(panel, &panel->parts[i], clock_mono_us());
	int64_t now_us = clock_mono_us();
	bool fault = panel->signals.condition.panel_fault = has_fault(panel);
	show(panel, now_us);
	/* An output may have been lost just now, and a lamp has to say so. */
	arm(panel, has_fault(panel) == fault ? due_us(panel, now_us) : 0);
}

static int on_timer(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)source, (void)at_us;
	turn(context);
	return 0;
}

/* ---- what the lines tell: recorded here; what that leads to is served in the turn that follows ---- */

static void on_opened(void *context, size_t wire, bool level)
{
	struct panel *panel = context;
	struct part *part = &panel->parts[wire];
	part->lit = false;
	if (!is_output(part))
		panel_input_open(&part->input, level, clock_mono_us());
	arm(panel, 0);
}

/* First what was due before it: of a short press both edges may be found together. */
static void on_edge(void *context, size_t wire, bool level, int64_t at_us)
{
	struct panel *panel = context;
	turn_input(panel, &panel->parts[wire], at_us);
	panel_input_edge(&panel->parts[wire].input, level, at_us);
	arm(panel, 0);
}

static void on_lost(void *context, size_t wire)
{
	struct panel *panel = context;
	panel_input_lose(&panel->parts[wire].input);
	arm(panel, 0);
}

static void on_line_state(void *context)
{
	struct panel *panel = context;
	panel->callbacks.changed(panel->callbacks.context);
}

/* ---- what is to be shown ---- */

static void count_incident(struct panel_condition *condition, const struct incident *incident, bool exercises)
{
	bool drill = incident->status == STATUS_EXERCISE || incident->status == STATUS_TEST;
	bool seen = incident->operator_id[0] != 0;
	if (incident->covert)
		return;
	*(seen ? &condition->seen : &condition->unseen) = true;
	if (seen || (drill && !exercises))
		return;
	condition->sounding++;
	condition->heard += incident->count;
}

void panel_incidents(struct panel *panel, const struct incidents *incidents)
{
	struct panel_condition condition = panel->signals.condition;
	condition.sounding = 0;
	condition.heard = 0;
	condition.unseen = condition.seen = false;
	for (size_t i = 0; i < incidents_count(incidents); i++)
		count_incident(&condition, incidents_at(incidents, i), panel->settings->exercises);
	panel_signals_set(&panel->signals, &condition, clock_mono_us());
	arm(panel, 0);
}

void panel_links(struct panel *panel, bool radio_lost, bool uplink_lost)
{
	struct panel_condition *condition = &panel->signals.condition;
	if (condition->radio_lost == radio_lost && condition->uplink_lost == uplink_lost)
		return;
	condition->radio_lost = radio_lost;
	condition->uplink_lost = uplink_lost;
	arm(panel, 0);
}

void panel_airtime(struct panel *panel, bool alert_waits)
{
	struct panel_condition *condition = &panel->signals.condition;
	if (condition->alert_waits == alert_waits)
		return;
	condition->alert_waits = alert_waits;
	arm(panel, 0);
}

/* ---- life ---- */

static struct panel_input_rule rule_of(const struct panel_settings *settings, size_t line)
{
	struct panel_input_rule rule = {
	    .rule = PANEL_WATCH, .debounce_us = settings->debounce_ms * 1000, .stuck_us = STUCK_US, .rest_us = REST_US};
	if (line == PANEL_PANIC) {
		rule.rule = PANEL_HOLD;
		rule.hold_us = settings->hold_ms * 1000;
		rule.repeat_us = settings->repeat_ms * 1000;
	} else if (line == PANEL_ACKNOWLEDGE) {
		rule.rule = PANEL_PRESS;
	} else if (line == PANEL_MAINS) {
		rule.hold_us = settings->mains_after_ms * 1000;
	}
	return rule;
}

/* NULL: not wired. */
static const char *text_of(const struct panel_settings *settings, size_t line)
{
	return line < PANEL_LINES ? settings->lines[line] : settings->contacts[line - PANEL_LINES].line;
}

static struct panel_wire wire_of(const struct panel_settings *settings, const struct part *part)
{
	bool contact = part->line >= PANEL_LINES, limited = part->line == PANEL_SIREN && settings->siren_max_ms;
	return (struct panel_wire){
	    .name = part->name,
	    .text = text_of(settings, part->line),
	    .how = contact ? panel_contact_how : panel_wiring[part->line].how,
	    .output = is_output(part),
	    .max_on_ms = limited ? settings->siren_max_ms + GUARD_MS : 0,
	};
}

static int make_lines(struct panel *panel, struct worker *worker)
{
	struct panel_lines_callbacks callbacks = {panel, on_opened, on_edge, on_lost, on_line_state};
	const struct panel_settings *settings = panel->settings;
	struct panel_wire wires[PANEL_ALL_MAX];
	for (size_t line = 0; line < PANEL_LINES + settings->contact_count; line++) {
		struct part *part = &panel->parts[panel->count];
		struct panel_input_rule rule = rule_of(settings, line);
		if (!text_of(settings, line))
			continue;
		part->line = line;
		part->name = line < PANEL_LINES ? panel_wiring[line].name : settings->contacts[line - PANEL_LINES].name;
		panel_input_begin(&part->input, &rule);
		wires[panel->count++] = wire_of(settings, part);
	}
	panel->lines = panel_lines_new(wires, panel->count, &callbacks, panel->event, worker, panel->counters);
	return panel->lines ? 0 : -1;
}

struct panel *panel_new(const struct panel_settings *settings, const char *gateway,
			const struct panel_callbacks *callbacks, sd_event *event, struct worker *worker,
			struct counters *counters)
{
	struct panel *panel = calloc(1, sizeof(*panel));
	if (!panel)
		return NULL;
	panel->settings = settings;
	panel->callbacks = *callbacks;
	panel->counters = counters;
	panel->event = event;
	panel->signals.siren_max_us = settings->siren_max_ms * 1000;
	/* Exact to a millisecond: the hold of a button is measured by it. */
	if (panel_voice_begin(&panel->voice, gateway) < 0 || make_lines(panel, worker) < 0 ||
	    sd_event_add_time(event, &panel->timer, CLOCK_MONOTONIC, 0, 1000, on_timer, panel) < 0) {
		panel_free(panel);
		return NULL;
	}
	sd_event_source_set_priority(panel->timer, PRIORITY_TIMER);
	panel_lines_start(panel->lines);
	return panel;
}

void panel_free(struct panel *panel)
{
	if (!panel)
		return;
	sd_event_source_disable_unref(panel->timer);
	panel_lines_free(panel->lines);
	free(panel);
}

bool panel_line(const struct panel *panel, size_t index, struct panel_line_status *status)
{
	if (index >= panel->count)
		return false;
	const struct part *part = &panel->parts[index];
	struct panel_wire_status wire = panel_lines_status(panel->lines, index);
	bool stuck = part->input.stuck;
	*status = (struct panel_line_status){
	    .name = part->name,
	    .output = is_output(part),
	    .resolved = wire.resolved,
	    .fault = stuck ? "stuck" : wire.fault,
	    .text = stuck ? "pressed since the start or for too long; look at the button and its wire" : wire.text,
	    .level = wire.level,
	};
	return true;
}
