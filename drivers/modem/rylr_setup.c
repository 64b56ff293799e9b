/* Setting a RYLR module up: find it, ask for every setting, write only what differs (its flash wears out), and ask once more. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/modem/rylr.h"

enum {
	PROBE_US = 700000,   /* AT and its answer at 300 baud take 0.3 s */
	ANSWER_US = 2500000, /* the longest answer at 300 baud takes 1.2 s */
	RESET_US = 150000,   /* NRST wants 100 ms */
	START_US = 3000000,  /* from the reset to +READY */
	REST_US = 5000000,
	REST_LONG_US = 30000000, /* after a setting that the module does not take */
	PROBES = 2,              /* at each rate */
	TRIES = 3,
};

/* After the rate of the configuration, which is tried first: the likely ones first. */
static const unsigned rates[] = {115200, 9600, 57600, 38400, 19200, 28800, 4800, 1200, 300};
enum { RATES = sizeof(rates) / sizeof(rates[0]) };

static void probe(struct rylr *rylr)
{
	/* The second is understood by a module that sleeps. */
	rylr_say(rylr, rylr->tries % PROBES == 0 ? "AT\r\n" : "AT+MODE=0\r\n", RYLR_PROBING, PROBE_US);
}

/* What was verified is not any more; an examination ends with why. */
static void unready(struct rylr *rylr, const char *why)
{
	bool was_ready = rylr->configured, was_examining = rylr->examining;
	rylr->configured = rylr->examining = false;
	if (was_examining)
		rylr->services->finding(rylr->services->owner, NULL, why);
	if (was_ready)
		rylr->services->changed(rylr->services->owner);
}

void rylr_begin(struct rylr *rylr)
{
	rylr->tries = rylr->rate_index = 0;
	rylr->was_reset = false;
	unready(rylr, "the module is looked for anew");
	probe(rylr);
}

static void rest(struct rylr *rylr, int64_t for_us)
{
	rylr_fail_sending(rylr, "module_lost");
	unready(rylr, rylr->text);
	rylr_enter(rylr, RYLR_RESTING, for_us);
}

static void say_mute(struct rylr *rylr)
{
	rylr_drop(rylr, rylr->stranger.name ? "rylr_wrong_device" : "rylr_absent");
	if (rylr->stranger.name)
		rylr_set_text(rylr, "no %s answers; what talks there looks like %s. Correct `device` or `modem`.",
			      rylr->variant->name, rylr->stranger.name);
	else
		rylr_set_text(rylr,
			      "no %s answers at any rate from 300 to 115200 baud. Check 3.3 V, ground, and that the "
			      "module's TXD goes to RXD and its RXD to TXD.",
			      rylr->variant->name);
}

/* Nothing answers at this rate: the reset line if there is one, then the other rates. */
static void probe_elsewhere(struct rylr *rylr)
{
	struct services services = *rylr->services;
	if (!rylr->was_reset) {
		rylr->was_reset = true;
		if (services.set_line(services.owner, RYLR_LINE_RESET, true) == 0) {
			rylr_enter(rylr, RYLR_RESETTING, RESET_US);
			return;
		}
	}
	if (rylr->rate_index == RATES) {
		rylr->rate_index = 0;
		say_mute(rylr);
		rest(rylr, REST_US);
		return;
	}
	rylr->found_baud = rates[rylr->rate_index++];
	rylr->tries = 0;
	services.set_baud(services.owner, rylr->found_baud);
	probe(rylr);
}

/* ---- one setting after the other ---- */

static void ask(struct rylr *rylr, enum rylr_phase phase)
{
	char command[RYLR_VALUE_MAX];
	snprintf(command, sizeof(command), "AT+%s?\r\n", rylr_step_name(rylr->step));
	rylr_say(rylr, command, phase, ANSWER_US);
}

static void set(struct rylr *rylr)
{
	char value[RYLR_VALUE_MAX], command[2 * RYLR_VALUE_MAX];
	if (!rylr_step_wanted(rylr, rylr->step, value))
		return;
	snprintf(command, sizeof(command), "AT+%s=%s\r\n", rylr_step_name(rylr->step), value);
	rylr_say(rylr, command, RYLR_SETTING, ANSWER_US);
}

static bool begins_with_one(const char *text, const char *const *beginnings)
{
	for (; *beginnings; beginnings++)
		if (strncmp(text, *beginnings, strlen(*beginnings)) == 0)
			return true;
	return false;
}

static bool is_other_family(const struct rylr *rylr)
{
	return begins_with_one(rylr->model, rylr->variant->other_version) &&
	       !begins_with_one(rylr->model, rylr->variant->version);
}

static void finish(struct rylr *rylr)
{
	bool was_examining = rylr->examining, differs = rylr->differs;
	rylr->examining = rylr->differs = false;
	if (was_examining)
		rylr->services->finding(rylr->services->owner, NULL, "");
	if (differs) {
		unready(rylr, "");
		rylr_run(rylr, 0, RYLR_STEPS - 1);
		return;
	}
	bool is_news = !rylr->configured;
	if (is_news && rylr->found_baud)
		rylr_drop(rylr, "rylr_wrong_baud");
	rylr->configured = true;
	if (rylr->found_baud)
		rylr_set_text(rylr, "the module speaks at %u baud. Write `baud: %u`, so that it is found at once.",
			      rylr->found_baud, rylr->found_baud);
	else
		rylr_set_text(rylr, "%s", "");
	if (is_news)
		rylr->services->changed(rylr->services->owner);
	rylr_idle(rylr);
}

static void begin_step(struct rylr *rylr)
{
	rylr->tries = 0;
	while (rylr->step <= rylr->last_step && rylr_step_skipped(rylr, rylr->step))
		rylr->step++;
	if (rylr->step > rylr->last_step)
		finish(rylr);
	else
		ask(rylr, RYLR_ASKING);
}

void rylr_run(struct rylr *rylr, enum rylr_step first, enum rylr_step last)
{
	rylr->step = first;
	rylr->last_step = last;
	begin_step(rylr);
}

static void next_step(struct rylr *rylr)
{
	rylr->step++;
	begin_step(rylr);
}

static void take_answer(struct rylr *rylr, const char *answer)
{
	if (rylr->examining) {
		rylr_step_report(rylr, rylr->step, answer);
		next_step(rylr);
		return;
	}
	bool agrees = rylr_step_agrees(rylr, rylr->step, answer);
	if (rylr->step == RYLR_STEP_VERSION && is_other_family(rylr)) {
		rylr_drop(rylr, "rylr_wrong_family");
		rylr_set_text(rylr, "the module is a %s: it is driven by `modem: %s`.", rylr->variant->other,
			      rylr->variant->other_driver);
		rest(rylr, REST_LONG_US);
	} else if (agrees) {
		next_step(rylr);
	} else if (rylr->configured) {
		/* Something else than what was verified: the module started anew without telling. */
		rylr_reset_seen(rylr, RYLR_READY);
	} else if (rylr->phase == RYLR_ASKING) {
		rylr->tries = 0;
		set(rylr);
	} else {
		rylr_drop(rylr, "rylr_not_stored");
		bool secret = rylr->step == RYLR_STEP_PASSWORD;
		rylr_set_text(rylr, "%s was set but is %.*s afterwards. Check %s.", rylr_step_name(rylr->step),
			      RYLR_VALUE_MAX, secret ? "another" : answer, rylr_step_keys(rylr->step));
		rest(rylr, REST_LONG_US);
	}
}

/* Old firmware does not know every question. What only informs is left out, and a password cannot be read back everywhere. */
static bool can_do_without(const struct rylr *rylr)
{
	return rylr->step <= RYLR_STEP_RATE || rylr->step == RYLR_STEP_PASSWORD;
}

static void take_error(struct rylr *rylr, unsigned error)
{
	if (rylr->phase == RYLR_PROBING) {
		/* It speaks; the first bytes after power-on may have been garbled. */
		rylr_run(rylr, 0, RYLR_STEPS - 1);
	} else if (rylr->phase == RYLR_ASKING && error == RYLR_ERROR_UNKNOWN_COMMAND &&
		   rylr->step == RYLR_STEP_PASSWORD && !rylr->examining) {
		rylr->tries = 0;
		set(rylr);
	} else if (rylr->phase != RYLR_SETTING && error == RYLR_ERROR_UNKNOWN_COMMAND && can_do_without(rylr)) {
		next_step(rylr);
	} else if (++rylr->tries < TRIES) {
		if (rylr->phase == RYLR_SETTING)
			set(rylr);
		else
			ask(rylr, rylr->phase);
	} else {
		rylr_drop(rylr, "rylr_refused");
		rylr_set_text(rylr, "refuses AT+%s: %s. Check %s.", rylr_step_name(rylr->step), rylr_error_text(error),
			      rylr_step_keys(rylr->step)[0] ? rylr_step_keys(rylr->step) : "the module");
		rest(rylr, REST_LONG_US);
	}
}

void rylr_setup_event(struct rylr *rylr, enum rylr_event event)
{
	bool asking = rylr->phase == RYLR_ASKING || rylr->phase == RYLR_VERIFYING;
	if (event == RYLR_OK && rylr->phase == RYLR_PROBING)
		rylr_run(rylr, 0, RYLR_STEPS - 1);
	else if (event == RYLR_OK && rylr->phase == RYLR_SETTING)
		ask(rylr, RYLR_VERIFYING);
	else if (event == RYLR_ANSWER && asking && rylr_step_answers(rylr->step, rylr->decoder.name))
		take_answer(rylr, rylr->decoder.value);
	else if (event == RYLR_ERROR && (asking || rylr->phase == RYLR_SETTING || rylr->phase == RYLR_PROBING))
		take_error(rylr, rylr->decoder.error);
	else if (event == RYLR_ERROR)
		rylr_drop(rylr, "rylr_stray_error");
}

/* +RESET, +READY or +FACTORY: whatever was set without being stored is lost, and a datagram with it. */
void rylr_reset_seen(struct rylr *rylr, enum rylr_event event)
{
	bool expected = rylr->phase == RYLR_STARTING || rylr->phase == RYLR_PROBING;
	/* Said before NRST took hold; to go on now would leave the module in its reset. */
	if (rylr->phase == RYLR_RESETTING)
		return;
	if (!expected) {
		rylr_drop(rylr, "rylr_module_reset");
		rylr_fail_sending(rylr, "module_reset");
	}
	unready(rylr, "the module started anew");
	if (event == RYLR_READY)
		rylr_begin(rylr);
	else
		rylr_enter(rylr, RYLR_STARTING, START_US);
}

static void late_answer(struct rylr *rylr)
{
	if (++rylr->tries < TRIES) {
		if (rylr->phase == RYLR_SETTING)
			set(rylr);
		else
			ask(rylr, rylr->phase);
		return;
	}
	rylr_drop(rylr, "rylr_absent");
	rylr_set_text(rylr, "does not answer AT+%s any more. Check power and cable.", rylr_step_name(rylr->step));
	rest(rylr, REST_US);
}

void rylr_setup_late(struct rylr *rylr)
{
	switch (rylr->phase) {
	case RYLR_PROBING:
		if (++rylr->tries < PROBES)
			probe(rylr);
		else
			probe_elsewhere(rylr);
		break;
	case RYLR_RESETTING:
		rylr->services->set_line(rylr->services->owner, RYLR_LINE_RESET, false);
		rylr_enter(rylr, RYLR_STARTING, START_US);
		break;
	case RYLR_STARTING:
		rylr->tries = 0;
		probe(rylr);
		break;
	case RYLR_RESTING:
		rylr_begin(rylr);
		break;
	default:
		late_answer(rylr);
	}
}
