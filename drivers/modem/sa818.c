/* NiceRF SA818 and SA868, Dorji DRA818: FM voice modules that are set up over a serial line and keyed by a pin, while a modem of its own
 * carries the data through their audio. */
#include "drivers/modem/sa818.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum {
	TRIES = 3, /* as the manual has it for the first command */

	ANSWER_US = 2000000,
	OPTIONAL_ANSWER_US = 1000000,
	SETTLE_US = 500000, /* behind a command that sets something */
	PAUSE_US = 50000,
	BOOT_US = 500000, /* 300 ms are typical */
	POWER_DOWN_US = 500000,
	RETRY_WRITE_US = 50000,
	FAILED_US = 30000000,
	WATCH_US = 60000000,
	WATCH_LATER_US = 5000000,
	STUCK_US = 120000000, /* nobody speaks that long without a break */
};

static int64_t now_us(const struct sa818 *sa818)
{
	return sa818->services->now_us(sa818->services->owner);
}

static void wait_for(struct sa818 *sa818, enum sa818_phase phase, int64_t time_us)
{
	sa818->phase = phase;
	sa818->due_at_us = now_us(sa818) + time_us;
	sa818->services->alarm(sa818->services->owner, sa818->due_at_us);
}

static int set_line(const struct sa818 *sa818, enum sa818_line line, bool on)
{
	return sa818->services->set_line(sa818->services->owner, line, on);
}

static bool is_ready(const struct sa818 *sa818)
{
	return sa818->configured && (sa818->phase == SA818_IDLE || sa818->task == SA818_WATCH);
}

/* Somebody is on the channel, as far as the squelch tells: an open one says nothing. */
static bool is_heard(const struct sa818 *sa818)
{
	return sa818->squelch_open && sa818->group.squelch > 0;
}

static void changed(const struct sa818 *sa818)
{
	sa818->services->changed(sa818->services->owner);
}

/* Why an examination ended; "" = it is through. To be called before the phase or the task changes. */
static void end_examination(const struct sa818 *sa818, const char *why)
{
	if (sa818_examining(sa818))
		sa818->services->finding(sa818->services->owner, NULL, why);
}

/* ---- power ---- */

static void set_power_line(struct sa818 *sa818)
{
	bool high = strcmp(sa818->values[SA818_KEY_POWER].text, "high") == 0;
	if (set_line(sa818, SA818_LINE_HIGH_POWER, high) == -ENODEV && !high)
		snprintf(sa818->remark, sizeof(sa818->remark),
			 "'power: low' does nothing without the line high_power.");
}

/* From here everything is told anew: these modules, or at least some, forget it when they are switched off. */
static void start_over(struct sa818 *sa818)
{
	set_line(sa818, SA818_LINE_PTT, false);
	sa818->keyed = sa818->configured = false;
	sa818->remark[0] = 0;
	sa818->task = SA818_CONFIGURE;
	sa818->step = 0;
	sa818->tries = sa818->group_tries = 0;
	set_power_line(sa818);
	if (set_line(sa818, SA818_LINE_PD, false) == -ENODEV)
		wait_for(sa818, SA818_BOOTING, BOOT_US);
	else
		wait_for(sa818, SA818_POWERED_DOWN, POWER_DOWN_US);
}

static void power_up(struct sa818 *sa818)
{
	set_line(sa818, SA818_LINE_PD, true);
	wait_for(sa818, SA818_BOOTING, BOOT_US);
}

/* ---- one task after the other ---- */

static void fail(struct sa818 *sa818)
{
	end_examination(sa818, sa818->fault);
	set_line(sa818, SA818_LINE_PTT, false);
	sa818->keyed = sa818->configured = sa818->power_cycled = false;
	wait_for(sa818, SA818_FAILED, FAILED_US);
	changed(sa818);
}

static void end_task(struct sa818 *sa818)
{
	bool was_ready = is_ready(sa818);
	end_examination(sa818, "");
	sa818->configured = true;
	sa818->power_cycled = false;
	sa818->fault[0] = 0;
	wait_for(sa818, SA818_IDLE, WATCH_US);
	if (!was_ready)
		changed(sa818);
}

static void ask(struct sa818 *sa818)
{
	const struct sa818_step *step = sa818_current_step(sa818);
	char command[SA818_COMMAND_MAX];
	if (!step) {
		end_task(sa818);
		return;
	}
	size_t size = sa818_compose_step(sa818, step, command);
	if (sa818->services->write(sa818->services->owner, command, size) == -EAGAIN)
		wait_for(sa818, SA818_WRITING, RETRY_WRITE_US);
	else
		wait_for(sa818, SA818_ASKING, step->optional ? OPTIONAL_ANSWER_US : ANSWER_US);
}

static void begin(struct sa818 *sa818, enum sa818_task task)
{
	sa818->task = task;
	sa818->step = sa818->scan_at = 0;
	sa818->tries = sa818->group_tries = 0;
	ask(sa818);
}

static void next_step(struct sa818 *sa818, const struct sa818_step *done)
{
	sa818->step++;
	sa818->tries = 0;
	wait_for(sa818, SA818_PAUSING, done->sets ? SETTLE_US : PAUSE_US);
}

/* Switching it off and on helps a module that hangs. */
static void no_answer(struct sa818 *sa818)
{
	bool has_pd = sa818->services->get_line(sa818->services->owner, SA818_LINE_PD) >= 0;
	snprintf(
	    sa818->fault, sizeof(sa818->fault),
	    "the module does not answer. Check its supply, the wires of RXD and TXD, the device and, if wired, the "
	    "line pd.");
	if (!has_pd || sa818->power_cycled) {
		fail(sa818);
		return;
	}
	end_examination(sa818, "the module does not answer; it is switched off and on");
	sa818->power_cycled = true;
	start_over(sa818);
	changed(sa818);
}

static void silence(struct sa818 *sa818)
{
	const struct sa818_step *step = sa818_current_step(sa818);
	if (step->optional)
		next_step(sa818, step);
	else if (++sa818->tries < TRIES)
		ask(sa818);
	else
		no_answer(sa818);
}

/* ---- what the module says ---- */

static void take_answer(struct sa818 *sa818, const struct sa818_step *step, enum sa818_event event)
{
	/* A module that says no to the handshake is not ready yet. */
	if (step->command == SA818_CONNECT && (event == SA818_ERROR || sa818->decoder.value != 0))
		return;
	switch (sa818_take_answer(sa818, step, event)) {
	case SA818_STEP_DONE:
		next_step(sa818, step);
		break;
	case SA818_STEP_AGAIN:
		sa818->step -= 2;
		next_step(sa818, step);
		break;
	case SA818_STEP_FATAL:
		fail(sa818);
		break;
	}
}

static void take_event(struct sa818 *sa818, enum sa818_event event)
{
	static const char *const reasons[] = {
	    [SA818_ANSWER] = "sa818_stray_answer",
	    [SA818_ERROR] = "sa818_stray_answer",
	    [SA818_NOISE] = "sa818_noise",
	    [SA818_TOO_LONG] = "sa818_too_long",
	};
	const struct sa818_step *step = sa818->phase == SA818_ASKING ? sa818_current_step(sa818) : NULL;
	bool asked = step &&
		     (event == SA818_ERROR || (event == SA818_ANSWER && sa818->decoder.command == step->command));
	if (asked)
		take_answer(sa818, step, event);
	else
		sa818->services->drop(sa818->services->owner, reasons[event]);
}

static void sa818_input(void *state, const uint8_t *bytes, size_t size)
{
	struct sa818 *sa818 = state;
	enum sa818_event event;
	while ((event = sa818_decode(&sa818->decoder, &bytes, &size)) != SA818_NEED_MORE)
		take_event(sa818, event);
}

/* ---- what the trunk asks ---- */

static void follow_squelch(struct sa818 *sa818, bool open)
{
	sa818->squelch_open = open;
	sa818->squelch_open_us = now_us(sa818);
	sa818->squelch_stuck = false;
}

static void sa818_opened(void *state)
{
	struct sa818 *sa818 = state;
	end_examination(sa818, "the port was opened anew");
	sa818_decoder_reset(&sa818->decoder);
	sa818->power_cycled = false;
	sa818->fault[0] = 0;
	follow_squelch(sa818, sa818->services->get_line(sa818->services->owner, SA818_LINE_SQUELCH) > 0);
	start_over(sa818);
}

/* Noise that opens the squelch, or a line that says so for ever, must not keep an alert back for good. */
static void look_at_squelch(struct sa818 *sa818)
{
	if (!is_heard(sa818) || sa818->squelch_stuck || now_us(sa818) - sa818->squelch_open_us < STUCK_US)
		return;
	sa818->squelch_stuck = true;
	sa818->services->drop(sa818->services->owner, "sa818_squelch_stuck");
	changed(sa818);
}

/* Commands and speech do not go together. */
static void watch(struct sa818 *sa818)
{
	look_at_squelch(sa818);
	if (sa818->keyed || (is_heard(sa818) && !sa818->squelch_stuck))
		wait_for(sa818, SA818_IDLE, WATCH_LATER_US);
	else
		begin(sa818, SA818_WATCH);
}

static void sa818_alarm(void *state)
{
	struct sa818 *sa818 = state;
	if (sa818->phase != SA818_CLOSED && now_us(sa818) < sa818->due_at_us) {
		sa818->services->alarm(sa818->services->owner, sa818->due_at_us);
		return;
	}
	switch (sa818->phase) {
	case SA818_CLOSED:
		break;
	case SA818_POWERED_DOWN:
		power_up(sa818);
		break;
	case SA818_BOOTING:
	case SA818_WRITING:
	case SA818_PAUSING:
		ask(sa818);
		break;
	case SA818_ASKING:
		silence(sa818);
		break;
	case SA818_IDLE:
		watch(sa818);
		break;
	case SA818_FAILED:
		start_over(sa818);
		break;
	}
}

static void sa818_line(void *state, unsigned line, bool on)
{
	struct sa818 *sa818 = state;
	if (line != SA818_LINE_SQUELCH || sa818->squelch_open == on)
		return;
	follow_squelch(sa818, on);
	changed(sa818);
}

static void sa818_status(const void *state, struct modem_status *status)
{
	const struct sa818 *sa818 = state;
	const char *variant = sa818->values[SA818_KEY_VARIANT].text;
	status->ready = is_ready(sa818);
	status->model = sa818->dra818 ? "DRA818" : strcmp(variant, "sa868") == 0 ? "SA868" : "SA818";
	status->firmware = sa818->firmware;
	if (sa818->fault[0])
		status->text = sa818->fault;
	else if (sa818->squelch_stuck)
		status->text = "the squelch has been open for two minutes: noise, or the line squelch is on a wrong "
			       "pin. It is not "
			       "waited for any more. Set a higher squelch, or check the wire.";
	else
		status->text = sa818->remark;
}

static int sa818_examine(void *state, enum modem_examination what)
{
	struct sa818 *sa818 = state;
	if (!is_ready(sa818))
		return sa818_examining(sa818) ? -EBUSY : -ENOTCONN;
	if (sa818->keyed)
		return -EBUSY;
	begin(sa818, what == MODEM_TEST ? SA818_EXAMINE_TEST : SA818_EXAMINE_SCAN);
	changed(sa818);
	return 0;
}

static int sa818_key(void *state, bool on)
{
	struct sa818 *sa818 = state;
	if (on && !is_ready(sa818))
		return -EAGAIN;
	/* What it was just asked to see whether it lives is not worth waiting for. */
	if (on && sa818->phase != SA818_IDLE)
		wait_for(sa818, SA818_IDLE, WATCH_US);
	int error = set_line(sa818, SA818_LINE_PTT, on);
	sa818->keyed = on && error == 0;
	return error;
}

static bool sa818_channel_busy(const void *state)
{
	const struct sa818 *sa818 = state;
	/* One's own transmission says nothing. */
	return is_heard(sa818) && !sa818->keyed && !sa818->squelch_stuck;
}

const struct modem_ops modem_sa818 = {
    .name = "sa818",
    .help = "SA818, SA868 or DRA818 voice module: channel, squelch, power and PTT beside a modem that carries the data",
    .keys = sa818_keys,
    .key_count = SA818_KEY_COUNT,
    .state_size = sizeof(struct sa818),
    .baud = 9600,
    .lines = sa818_lines,
    .line_count = SA818_LINE_COUNT,
    .init = sa818_init,
    .opened = sa818_opened,
    .input = sa818_input,
    .alarm = sa818_alarm,
    .line = sa818_line,
    .status = sa818_status,
    .examine = sa818_examine,
    .key = sa818_key,
    .channel_busy = sa818_channel_busy,
};
