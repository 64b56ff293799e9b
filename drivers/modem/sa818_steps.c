/* What an SA818 is asked, in which order, and what its answers mean. */
#include <stdio.h>
#include <string.h>

#include "drivers/modem/sa818.h"

enum { GROUP_TRIES = 3 };

/* Each list ends with a step of no command. */
#define END                                                                                                            \
	{                                                                                                              \
		.command = SA818_COMMAND_COUNT                                                                         \
	}

static const struct sa818_step configure_steps[] = {
    {.command = SA818_CONNECT},
    {.command = SA818_SET_GROUP, .sets = true},
    {.command = SA818_READ_GROUP, .optional = true},
    {.command = SA818_SET_VOLUME, .sets = true},
    {.command = SA818_SET_FILTER, .sets = true},
    {.command = SA818_SET_TAIL, .sets = true, .optional = true},
    {.command = SA818_VERSION, .optional = true},
    END,
};

static const struct sa818_step watch_steps[] = {{.command = SA818_CONNECT}, END};

static const struct sa818_step test_steps[] = {
    {.command = SA818_CONNECT},
    {.command = SA818_VERSION, .optional = true},
    {.command = SA818_READ_GROUP, .optional = true},
    {.command = SA818_RSSI, .optional = true},
    {.command = SA818_SET_GROUP, .sets = true},
    {.command = SA818_SET_VOLUME, .sets = true},
    {.command = SA818_SET_FILTER, .sets = true},
    {.command = SA818_SET_TAIL, .sets = true, .optional = true},
    END,
};

/* Nothing says whether the receiver goes back to its channel by itself. */
static const struct sa818_step scan_steps[] = {
    {.command = SA818_SET_GROUP, .sets = true, .open_group = true},
    {.command = SA818_SCAN},
    {.command = SA818_SET_GROUP, .sets = true},
    END,
};

static const struct sa818_step *const tasks[] = {
    [SA818_CONFIGURE] = configure_steps,
    [SA818_WATCH] = watch_steps,
    [SA818_EXAMINE_TEST] = test_steps,
    [SA818_EXAMINE_SCAN] = scan_steps,
};

bool sa818_examining(const struct sa818 *sa818)
{
	return sa818->phase != SA818_IDLE && (sa818->task == SA818_EXAMINE_TEST || sa818->task == SA818_EXAMINE_SCAN);
}

static bool is_needed(const struct sa818 *sa818, const struct sa818_step *step)
{
	switch (step->command) {
	case SA818_READ_GROUP:
	case SA818_RSSI:
	case SA818_VERSION:
		return !sa818->dra818;
	case SA818_SET_TAIL:
		return strcmp(sa818->values[SA818_KEY_VARIANT].text, "sa818") == 0;
	case SA818_SET_GROUP:
		return !step->open_group || sa818->group.squelch == 0;
	case SA818_SCAN:
		return sa818->scan_at < sa818->scan_count;
	default:
		return true;
	}
}

const struct sa818_step *sa818_current_step(struct sa818 *sa818)
{
	const struct sa818_step *steps = tasks[sa818->task];
	while (steps[sa818->step].command != SA818_COMMAND_COUNT && !is_needed(sa818, &steps[sa818->step]))
		sa818->step++;
	return steps[sa818->step].command == SA818_COMMAND_COUNT ? NULL : &steps[sa818->step];
}

size_t sa818_compose_step(const struct sa818 *sa818, const struct sa818_step *step, char *out)
{
	const union driver_value *values = sa818->values;
	struct sa818_group group = sa818->group;
	switch (step->command) {
	case SA818_SET_GROUP:
		if (step->open_group)
			group.squelch = 1;
		return sa818_compose_group(&group, out);
	case SA818_SET_VOLUME:
		return sa818_compose_volume((unsigned)values[SA818_KEY_VOLUME].integer, out);
	case SA818_SET_FILTER:
		return sa818_compose_filter(values[SA818_KEY_EMPHASIS].flag, values[SA818_KEY_HIGH_PASS].flag,
					    values[SA818_KEY_LOW_PASS].flag, out);
	case SA818_SET_TAIL:
		return sa818_compose_tail(values[SA818_KEY_TAIL].flag, out);
	case SA818_SCAN:
		return sa818_compose_scan(sa818->scan_mhz[sa818->scan_at], out);
	default:
		return sa818_compose(step->command, out);
	}
}

static void find(const struct sa818 *sa818, const char *name, const char *value)
{
	if (sa818_examining(sa818))
		sa818->services->finding(sa818->services->owner, name, value);
}

static enum sa818_outcome refuse_group(struct sa818 *sa818)
{
	snprintf(sa818->fault, sizeof(sa818->fault),
		 "the module refuses %.4f/%.4f MHz (+DMOSETGROUP:1). Check frequency_mhz, transmit_mhz and the tones "
		 "against the band it is built for.",
		 sa818->group.receive_mhz, sa818->group.transmit_mhz);
	return SA818_STEP_FATAL;
}

static enum sa818_outcome refused(struct sa818 *sa818, const struct sa818_step *step)
{
	static const char *const names[SA818_COMMAND_COUNT] = {
	    [SA818_SET_VOLUME] = "volume",
	    [SA818_SET_FILTER] = "filter",
	    [SA818_SET_TAIL] = "tail_tone",
	};
	if (step->command == SA818_SET_GROUP)
		return refuse_group(sa818);
	if (names[step->command]) {
		snprintf(sa818->remark, sizeof(sa818->remark),
			 "the module refuses its %s setting and goes on with its own.", names[step->command]);
		find(sa818, names[step->command], "refused");
	}
	return SA818_STEP_DONE;
}

/* What the module holds must be what it was told. An examination says what it finds before it is told again. */
static enum sa818_outcome compare_group(struct sa818 *sa818)
{
	bool same = sa818_group_equals(&sa818->group, sa818->decoder.text);
	find(sa818, "group", same ? "as configured" : "not as configured; written anew");
	if (same || sa818_examining(sa818))
		return SA818_STEP_DONE;
	if (++sa818->group_tries < GROUP_TRIES)
		return SA818_STEP_AGAIN;
	snprintf(sa818->fault, sizeof(sa818->fault),
		 "the module says its channel was set, but keeps another one. Is it the right kind of module?");
	return SA818_STEP_FATAL;
}

static void find_signal(struct sa818 *sa818)
{
	char name[32];
	snprintf(name, sizeof(name), "%.4f_mhz", sa818->scan_mhz[sa818->scan_at++]);
	find(sa818, name, sa818->decoder.value == 0 ? "signal" : "quiet");
	/* The step is asked once for each frequency. */
	if (sa818->scan_at < sa818->scan_count)
		sa818->step--;
}

static enum sa818_outcome take_group_set(struct sa818 *sa818, const struct sa818_step *step)
{
	if (!step->open_group)
		find(sa818, "channel", "set");
	return SA818_STEP_DONE;
}

enum sa818_outcome sa818_take_answer(struct sa818 *sa818, const struct sa818_step *step, enum sa818_event event)
{
	char value[8];
	bool is_result = step->command <= SA818_SET_TAIL;
	if (event == SA818_ERROR || (is_result && sa818->decoder.value != 0))
		return refused(sa818, step);
	switch (step->command) {
	case SA818_SET_GROUP:
		return take_group_set(sa818, step);
	case SA818_VERSION:
		snprintf(sa818->firmware, sizeof(sa818->firmware), "%.23s", sa818->decoder.text);
		find(sa818, "version", sa818->firmware);
		return SA818_STEP_DONE;
	case SA818_READ_GROUP:
		return compare_group(sa818);
	case SA818_RSSI:
		snprintf(value, sizeof(value), "%d", sa818->decoder.value);
		find(sa818, "rssi_uncalibrated_db", value);
		return SA818_STEP_DONE;
	case SA818_SCAN:
		find_signal(sa818);
		return SA818_STEP_DONE;
	default:
		return SA818_STEP_DONE;
	}
}
