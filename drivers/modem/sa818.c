/* NiceRF SA818 and SA868, Dorji DRA818: FM voice modules that are set up over a serial line and keyed by a pin, while a modem of its own
 * carries the data through their audio. */
#include "drivers/modem/sa818.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	TRIES = 3, /* as the manual has it for the first command */
	PTT_MAX_MS = 30000,

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

/* "144.8, 145.5": false where one of them is no frequency of such a module, or there are too many. */
static bool read_scan_list(struct sa818 *sa818, const char *text)
{
	while (*(text += strspn(text, ", "))) {
		char *end;
		double mhz = strtod(text, &end);
		if (end == text || !strchr(", ", *end) || !sa818_frequency_valid(mhz, sa818->dra818) ||
		    sa818->scan_count == SA818_SCAN_MAX)
			return false;
		sa818->scan_mhz[sa818->scan_count++] = mhz;
		text = end;
	}
	if (sa818->scan_count == 0)
		sa818->scan_mhz[sa818->scan_count++] = sa818->group.receive_mhz;
	return true;
}

static bool same_band(double one_mhz, double other_mhz)
{
	return (one_mhz < 200) == (other_mhz < 200);
}

static bool fits(const struct sa818 *sa818, bool good, const char *key, const char *why)
{
	if (!good)
		sa818->services->refuse(sa818->services->owner, key, why);
	return good;
}

static bool values_fit(struct sa818 *sa818)
{
	static const char bands[] = "is in no band of this module: 134 to 174, and 400 to 480 (DRA818: 470) MHz";
	static const char tones[] = "must be none, a CTCSS tone such as 88.5, or a DCS code such as 023N";
	struct sa818_group *group = &sa818->group;
	const union driver_value *values = sa818->values;
	return fits(sa818, sa818_frequency_valid(group->receive_mhz, sa818->dra818), "frequency_mhz", bands) &&
	       fits(sa818, sa818_frequency_valid(group->transmit_mhz, sa818->dra818), "transmit_mhz", bands) &&
	       fits(sa818, same_band(group->receive_mhz, group->transmit_mhz), "transmit_mhz",
		    "must be in the same band as frequency_mhz") &&
	       fits(sa818, sa818_tone(values[SA818_KEY_TRANSMIT_TONE].text, group->transmit_tone), "transmit_tone",
		    tones) &&
	       fits(sa818, sa818_tone(values[SA818_KEY_RECEIVE_TONE].text, group->receive_tone), "receive_tone",
		    tones) &&
	       fits(sa818, read_scan_list(sa818, values[SA818_KEY_SCAN].text), "scan_mhz",
		    "must be frequencies in the module's bands, joined by commas");
}

static int sa818_init(void *state, const struct services *services, const union driver_value *values)
{
	struct sa818 *sa818 = state;
	struct sa818_group *group = &sa818->group;
	sa818->services = services;
	sa818->values = values;
	sa818->dra818 = strcmp(values[SA818_KEY_VARIANT].text, "dra818") == 0;
	group->wide = strcmp(values[SA818_KEY_BANDWIDTH].text, "25") == 0;
	group->squelch = (unsigned)values[SA818_KEY_SQUELCH].integer;
	group->receive_mhz = values[SA818_KEY_FREQUENCY].number;
	group->transmit_mhz = values[SA818_KEY_TRANSMIT].number;
	if (group->transmit_mhz == 0)
		group->transmit_mhz = group->receive_mhz;
	return values_fit(sa818) ? 0 : -EINVAL;
}

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

static const char *const variants[] = {"sa818", "sa868", "dra818", NULL};
static const char *const bandwidths[] = {"12.5", "25", NULL};
static const char *const powers[] = {"high", "low", NULL};

static const struct driver_key keys[SA818_KEY_COUNT] = {
    [SA818_KEY_VARIANT] = {.name = "variant",
			   .type = KEY_CHOICE,
			   .fallback = "sa818",
			   .choices = variants,
			   .help = "what is printed on the module; a DRA818 knows fewer commands"},
    [SA818_KEY_FREQUENCY] = {.name = "frequency_mhz",
			     .type = KEY_NUMBER,
			     .min = 134,
			     .max = 480,
			     .help = "channel to receive on, 134-174 or 400-480, as the module is built for"},
    [SA818_KEY_TRANSMIT] = {.name = "transmit_mhz",
			    .type = KEY_NUMBER,
			    .min = 0,
			    .max = 480,
			    .fallback = "0",
			    .help = "channel to transmit on, 0 = the same"},
    [SA818_KEY_BANDWIDTH] = {.name = "bandwidth_khz",
			     .type = KEY_CHOICE,
			     .fallback = "12.5",
			     .choices = bandwidths,
			     .help = "12.5 or 25, the same at all stations"},
    [SA818_KEY_TRANSMIT_TONE] = {.name = "transmit_tone",
				 .type = KEY_TEXT,
				 .max = 8,
				 .fallback = "none",
				 .help = "none, a CTCSS tone such as 88.5, or a DCS code such as 023N"},
    [SA818_KEY_RECEIVE_TONE] = {.name = "receive_tone",
				.type = KEY_TEXT,
				.max = 8,
				.fallback = "none",
				.help = "only what comes with this tone opens the squelch"},
    [SA818_KEY_SQUELCH] = {.name = "squelch",
			   .type = KEY_INTEGER,
			   .min = 0,
			   .max = 8,
			   .fallback = "2",
			   .help = "0 = open, which also means that a busy channel is not noticed"},
    [SA818_KEY_VOLUME] = {.name = "volume",
			  .type = KEY_INTEGER,
			  .min = 1,
			  .max = 8,
			  .fallback = "6",
			  .help = "level of the received audio"},
    [SA818_KEY_EMPHASIS] = {.name = "filter_emphasis",
			    .type = KEY_FLAG,
			    .fallback = "false",
			    .help = "pre- and de-emphasis; for data false, the same at all stations"},
    [SA818_KEY_HIGH_PASS] = {.name = "filter_high_pass",
			     .type = KEY_FLAG,
			     .fallback = "false",
			     .help = "high-pass of the audio; for data false"},
    [SA818_KEY_LOW_PASS] = {.name = "filter_low_pass",
			    .type = KEY_FLAG,
			    .fallback = "false",
			    .help = "low-pass of the audio; for data false"},
    [SA818_KEY_TAIL] = {.name = "tail_tone",
			.type = KEY_FLAG,
			.fallback = "false",
			.help = "tone at the end of a transmission; SA818 only"},
    [SA818_KEY_POWER] = {.name = "power",
			 .type = KEY_CHOICE,
			 .fallback = "high",
			 .choices = powers,
			 .help = "high (1 W) or low (0.5 W), which needs the line high_power"},
    [SA818_KEY_SCAN] = {.name = "scan_mhz",
			.type = KEY_TEXT,
			.max = 300,
			.fallback = "",
			.help = "frequencies that a scan looks at, joined by commas; \"\" = its own"},
};

static const struct modem_line lines[SA818_LINE_COUNT] = {
    [SA818_LINE_PTT] = {.name = "ptt",
			.output = true,
			.safe = false,
			.how = "active_low open_drain pull_up", /* never keyed by a pin that nobody drives */
			.help = "pin 5: keys the transmitter",
			.max_on_ms = PTT_MAX_MS},
    [SA818_LINE_PD] =
	{.name = "pd", .output = true, .safe = false, .how = "", .help = "pin 6: on while the module is to work"},
    [SA818_LINE_HIGH_POWER] = {.name = "high_power",
			       .output = true,
			       .safe = false,
			       .how = "open_drain",
			       .help = "pin 7: low for low power, let go for high; must never be driven high"},
    [SA818_LINE_SQUELCH] = {.name = "squelch", .how = "active_low", .help = "pin 1: low while a signal is received"},
};

const struct modem_ops modem_sa818 = {
    .name = "sa818",
    .help = "SA818, SA868 or DRA818 voice module: channel, squelch, power and PTT beside a modem that carries the data",
    .keys = keys,
    .key_count = SA818_KEY_COUNT,
    .state_size = sizeof(struct sa818),
    .baud = 9600,
    .lines = lines,
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
