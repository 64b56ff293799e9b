/* The settings of a RYLR module: how each is called, what is wanted, and whether an answer says so. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "drivers/modem/rylr.h"

const char *const rylr_coding_rates[] = {"4/5", "4/6", "4/7", "4/8", NULL};

/* By the number the modules give them. */
static const unsigned bandwidths_hz[] = {7800, 10400, 15600, 20800, 31250, 41700, 62500, 125000, 250000, 500000};

static const struct {
	const char *name, *keys, *finding;
} steps[RYLR_STEPS] = {
    [RYLR_STEP_VERSION] = {"VER", "", "firmware"},
    [RYLR_STEP_UID] = {"UID", "", "uid"},
    [RYLR_STEP_RATE] = {"IPR", "baud", "baud"},
    [RYLR_STEP_MODE] = {"MODE", "", "mode"},
    [RYLR_STEP_NETWORK] = {"NETWORKID", "network_id", "network_id"},
    [RYLR_STEP_PARAMETER] = {"PARAMETER", "spreading_factor, bandwidth_khz, coding_rate, preamble", "parameter"},
    [RYLR_STEP_BAND] = {"BAND", "frequency_mhz", "frequency_hz"},
    [RYLR_STEP_ADDRESS] = {"ADDRESS", "address", "address"},
    [RYLR_STEP_POWER] = {"CRFOP", "power_dbm", "power_dbm"},
    [RYLR_STEP_PASSWORD] = {"CPIN", "password", "password"},
};

static unsigned index_of(const char *const *choices, const char *choice)
{
	unsigned index = 0;
	while (choices[index] && strcmp(choices[index], choice) != 0)
		index++;
	return choices[index] ? index : 0;
}

static bool password_fits(const struct rylr *rylr)
{
	const char *password = rylr->values[RYLR_KEY_PASSWORD].text;
	size_t size = strlen(password);
	if (size == 0)
		return true;
	return size == rylr->variant->password_digits && strspn(password, "0123456789abcdefABCDEF") == size;
}

bool rylr_read_values(struct rylr *rylr)
{
	const union driver_value *values = rylr->values;
	unsigned bandwidth = index_of(rylr->variant->bandwidths, values[RYLR_KEY_BANDWIDTH].text);
	rylr->bandwidth_number = rylr->variant->first_bandwidth + bandwidth;
	rylr->modulation = (struct lora_modulation){
	    .spreading_factor = (unsigned)values[RYLR_KEY_SPREADING].integer,
	    .bandwidth_hz = bandwidths_hz[rylr->bandwidth_number],
	    .coding_rate = 5 + index_of(rylr_coding_rates, values[RYLR_KEY_CODING].text),
	    .preamble_symbols = (unsigned)values[RYLR_KEY_PREAMBLE].integer,
	};
	const char *why = rylr->variant->password_rule;
	const char *key = password_fits(rylr) ? rylr->variant->wrong_key(values, &rylr->modulation, &why) : "password";
	if (key)
		rylr->services->refuse(rylr->services->owner, key, why);
	return !key;
}

/* A module that does not have these settings is not ready. */
int rylr_channel(const void *state, struct modem_channel *channel)
{
	const struct rylr *rylr = state;
	*channel = (struct modem_channel){
	    .frequency_hz = rylr->values[RYLR_KEY_FREQUENCY].number * 1e6,
	    .bandwidth_hz = rylr->modulation.bandwidth_hz,
	    .power_dbm = (double)rylr->values[RYLR_KEY_POWER].integer,
	};
	return 0;
}

const char *rylr_step_name(enum rylr_step step)
{
	return steps[step].name;
}

const char *rylr_step_keys(enum rylr_step step)
{
	return steps[step].keys;
}

/* | spreading factor | bandwidth number | coding rate, 1 = 4/5 | preamble | */
static void write_parameter(const struct rylr *rylr, char value[RYLR_VALUE_MAX])
{
	const struct lora_modulation *modulation = &rylr->modulation;
	snprintf(value, RYLR_VALUE_MAX, "%u,%u,%u,%u", modulation->spreading_factor, rylr->bandwidth_number,
		 modulation->coding_rate - 4, modulation->preamble_symbols);
}

bool rylr_step_wanted(const struct rylr *rylr, enum rylr_step step, char value[RYLR_VALUE_MAX])
{
	const union driver_value *values = rylr->values;
	switch (step) {
	case RYLR_STEP_MODE:
		snprintf(value, RYLR_VALUE_MAX, "0");
		return true;
	case RYLR_STEP_PARAMETER:
		write_parameter(rylr, value);
		return true;
	case RYLR_STEP_BAND:
		snprintf(value, RYLR_VALUE_MAX, "%.0f", values[RYLR_KEY_FREQUENCY].number * 1e6);
		return true;
	case RYLR_STEP_ADDRESS:
		snprintf(value, RYLR_VALUE_MAX, "%u", (unsigned)values[RYLR_KEY_ADDRESS].integer);
		return true;
	case RYLR_STEP_NETWORK:
		snprintf(value, RYLR_VALUE_MAX, "%u", (unsigned)values[RYLR_KEY_NETWORK].integer);
		return true;
	case RYLR_STEP_POWER:
		snprintf(value, RYLR_VALUE_MAX, "%u", (unsigned)values[RYLR_KEY_POWER].integer);
		return true;
	case RYLR_STEP_PASSWORD:
		snprintf(value, RYLR_VALUE_MAX, "%s", values[RYLR_KEY_PASSWORD].text);
		return true;
	default:
		return false;
	}
}

bool rylr_step_skipped(const struct rylr *rylr, enum rylr_step step)
{
	return step == RYLR_STEP_PASSWORD && !rylr->values[RYLR_KEY_PASSWORD].text[0];
}

/* The guide shows +NETWORK=6 as the answer to AT+NETWORKID?, modules say +NETWORKID=6. */
bool rylr_step_answers(enum rylr_step step, const char *name)
{
	return strcmp(name, steps[step].name) == 0 || (step == RYLR_STEP_NETWORK && strcmp(name, "NETWORK") == 0);
}

/* "RYLR998_REYAX_V1.2.2": the model up to the first underscore, the rest is the firmware. */
static void note_version(struct rylr *rylr, const char *answer)
{
	size_t size = strcspn(answer, "_");
	snprintf(rylr->model, sizeof(rylr->model), "%.*s", (int)size, answer);
	snprintf(rylr->firmware, sizeof(rylr->firmware), "%s", answer[size] ? answer + size + 1 : "");
}

/* An answer without its spaces, and of BAND without the mark that it is stored. */
static void normalise(enum rylr_step step, const char *answer, char out[RYLR_VALUE_MAX])
{
	size_t used = 0;
	for (; *answer && used < RYLR_VALUE_MAX - 1; answer++)
		if (*answer != ' ')
			out[used++] = *answer;
	out[used] = 0;
	if (step == RYLR_STEP_BAND)
		out[strcspn(out, ",")] = 0;
}

bool rylr_step_agrees(struct rylr *rylr, enum rylr_step step, const char *answer)
{
	char wanted[RYLR_VALUE_MAX], found[RYLR_VALUE_MAX];
	if (step == RYLR_STEP_VERSION)
		note_version(rylr, answer);
	else if (step == RYLR_STEP_UID)
		snprintf(rylr->uid, sizeof(rylr->uid), "%.31s", answer);
	else if (step == RYLR_STEP_RATE)
		rylr->baud = (unsigned)strtoul(answer, NULL, 10);
	if (!rylr_step_wanted(rylr, step, wanted))
		return true;
	normalise(step, answer, found);
	return strcasecmp(wanted, found) == 0;
}

void rylr_step_report(struct rylr *rylr, enum rylr_step step, const char *answer)
{
	char wanted[RYLR_VALUE_MAX], line[RYLR_LINE_MAX + RYLR_VALUE_MAX];
	bool agrees = rylr_step_agrees(rylr, step, answer);
	rylr->differs = rylr->differs || !agrees;
	if (step == RYLR_STEP_PASSWORD)
		snprintf(line, sizeof(line), "%s", agrees ? "as configured" : "not the configured one");
	else if (!rylr_step_wanted(rylr, step, wanted))
		snprintf(line, sizeof(line), "%s", answer);
	else if (agrees)
		snprintf(line, sizeof(line), "%s, as configured", wanted);
	else
		snprintf(line, sizeof(line), "%.*s instead of %s", RYLR_VALUE_MAX, answer, wanted);
	rylr->services->finding(rylr->services->owner, steps[step].finding, line);
}
