/* Settings of the SA818 family: what may be configured, which lines may be wired, and whether the values fit together. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/modem/sa818.h"

enum { PTT_MAX_MS = 30000 };

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

int sa818_init(void *state, const struct services *services, const union driver_value *values)
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

static const char *const variants[] = {"sa818", "sa868", "dra818", NULL};
static const char *const bandwidths[] = {"12.5", "25", NULL};
static const char *const powers[] = {"high", "low", NULL};

const struct driver_key sa818_keys[SA818_KEY_COUNT] = {
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

const struct modem_line sa818_lines[SA818_LINE_COUNT] = {
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
