/* Ebyte modules: the settings that both families have, and what status tells. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drivers/modem/ebyte_module.h"

const char *const ebyte_store_choices[] = {"flash", "ram", NULL};
const char *const ebyte_uart_choices[] = {"1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200", NULL};

void ebyte_refuse_settings(struct ebyte_module *module, const char *key, const char *why)
{
	module->services->refuse(module->services->owner, key, why);
	module->fault = EBYTE_SETTINGS;
	module->settings_error = why;
}

static void take_channel(struct ebyte_module *module)
{
	int64_t channel = module->values[EBYTE_KEY_CHANNEL].integer;
	double frequency_mhz = module->values[EBYTE_KEY_FREQUENCY].number;
	unsigned found = 0;
	if (frequency_mhz > 0)
		module->band = ebyte_find_channel(module->kind->family, frequency_mhz, &found);
	module->keeps_channel = frequency_mhz <= 0 && channel < 0;
	if (frequency_mhz > 0 && !module->band && module->kind->family == EBYTE_E22)
		ebyte_refuse_settings(module, "frequency_mhz",
				      "frequency_mhz is no channel of this module. They are 1 MHz apart: 410.125 to "
				      "493.125, and 850.125 to 930.125");
	else if (frequency_mhz > 0 && !module->band)
		ebyte_refuse_settings(module, "frequency_mhz",
				      "frequency_mhz is no channel of this module. They are whole MHz: 410 to 441, "
				      "862 to 893, 900 to 931");
	else if (module->band && channel >= 0 && found != (unsigned)channel)
		ebyte_refuse_settings(module, "channel",
				      "channel and frequency_mhz contradict each other. Take one of them out");
	module->channel = module->band ? found : (unsigned)(channel < 0 ? 0 : channel);
}

/* "32:206 240:984": bytes of a packet and milliseconds on the air, ascending. */
static bool read_airtimes(const char *text, struct ebyte_airtimes *airtimes)
{
	size_t last_size = 0;
	for (airtimes->count = 0; *text; airtimes->count++) {
		char *end;
		unsigned long size = strtoul(text, &end, 10);
		if (end == text || *end != ':' || size <= last_size || size > E22_PACKET_MAX ||
		    airtimes->count == EBYTE_AIRTIME_POINTS)
			return false;
		text = end + 1;
		double ms = strtod(text, &end);
		if (end == text || !(ms > 0 && ms < 60000) || (*end && *end != ' '))
			return false;
		airtimes->points[airtimes->count].size = last_size = size;
		airtimes->points[airtimes->count].airtime_us = (int64_t)(ms * 1000);
		for (text = end; *text == ' ';)
			text++;
	}
	return true;
}

void ebyte_init(struct ebyte_module *module, const struct ebyte_kind *kind, const struct services *services,
		const union driver_value *values)
{
	module->services = services;
	module->values = values;
	module->kind = kind;
	module->data_baud = (unsigned)strtoul(values[EBYTE_KEY_UART_BAUD].text, NULL, 10);
	module->air_rate_code = (unsigned)ebyte_air_rate_code(kind->family, values[EBYTE_KEY_AIR_RATE].text);
	module->power_code = (unsigned)ebyte_power_code(kind->family, atoi(values[EBYTE_KEY_POWER].text));
	module->address = (uint16_t)values[EBYTE_KEY_ADDRESS].integer;
	module->save = strcmp(values[EBYTE_KEY_STORE].text, "flash") == 0;
	module->packet_size = kind->packet_max;
	take_channel(module);
	if (!read_airtimes(values[EBYTE_KEY_AIRTIME].text, &module->airtimes)) {
		module->airtimes.count = 0;
		ebyte_refuse_settings(module, "airtime_ms",
				      "airtime_ms is not understood. Write pairs of bytes and milliseconds, the "
				      "smallest first: \"32:206 240:984\"");
	}
}

/* Only frequency_mhz tells: a number counts from another frequency on each board, and neither registers nor identification say which
 * board it is. The width behind an air rate is not published; that of ebyte_modulation is assumed, and no LoRa chip does more than 500
 * kHz. */
int ebyte_channel(const void *state, struct modem_channel *channel)
{
	const struct ebyte_module *module = state;
	if (!module->band)
		return -EOPNOTSUPP;
	*channel = (struct modem_channel){
	    .frequency_hz = (module->band->first_mhz + module->channel) * 1e6,
	    .bandwidth_hz = 500e3,
	    .narrowest_hz = ebyte_modulation(module->kind->family, module->air_rate_code).bandwidth_hz,
	    .power_dbm = atoi(module->values[EBYTE_KEY_POWER].text),
	};
	return 0;
}

void ebyte_join_differences(const struct ebyte_difference *settings, size_t count, char *text, size_t size)
{
	size_t used = 0;
	for (size_t i = 0; i < count; i++)
		if (settings[i].differs && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "", settings[i].name);
	if (used == 0)
		snprintf(text, size, "options");
}

enum ebyte_fault ebyte_worst_fault(const struct ebyte_module *module)
{
	enum ebyte_fault worst = module->fault;
	if (module->aux_fault > worst)
		worst = module->aux_fault;
	return module->warning > worst ? module->warning : worst;
}

void ebyte_explain(const struct ebyte_module *module, char *text, size_t size)
{
	switch (ebyte_worst_fault(module)) {
	case EBYTE_FINE:
	case EBYTE_FAULT_COUNT:
		text[0] = 0;
		break;
	case EBYTE_SLOW_RATE:
		snprintf(text, size,
			 "this board transmits at 2.4k whatever air_rate below that is set. Set air_rate: 2.4k at all "
			 "stations");
		break;
	case EBYTE_AUX_SILENT:
		snprintf(
		    text, size,
		    "aux never moves: it is not wired to the module. Fixed waits are used. Check the wire, or take "
		    "lines.aux out");
		break;
	case EBYTE_AUX_STUCK:
		snprintf(
		    text, size,
		    "aux stays low: wrong pin, a short circuit, or the module hangs. Fixed waits are used. Check the "
		    "wire and the supply");
		break;
	case EBYTE_NOT_STORED:
		snprintf(text, size, "the module did not store: %s. %s", module->differences,
			 strstr(module->differences, "air_rate")
			     ? "Newer boards cannot do 0.3k and 1.2k: set air_rate: 2.4k"
			     : "Check that the settings suit this board");
		break;
	case EBYTE_REFUSED:
		snprintf(text, size, "the module refuses the question for its settings (FF FF FF). Is it an %s?",
			 module->kind->name);
		break;
	case EBYTE_WRONG_BAUD:
		snprintf(
		    text, size,
		    "what the module answers cannot be read: the line does not run at 9600 baud. Check the adapter or "
		    "serial server, and the wires");
		break;
	case EBYTE_WRONG_FAMILY:
		snprintf(text, size, "this module is of the other family. Set modem: %s", module->kind->other_name);
		break;
	case EBYTE_ABSENT:
		snprintf(text, size,
			 "the module does not answer. Check its supply, TXD and RXD (crossed?), and that m0 and m1 are "
			 "on the "
			 "right pins");
		break;
	case EBYTE_LINE:
		snprintf(text, size, "the mode pins cannot be set. Check lines.m0 and lines.m1");
		break;
	case EBYTE_SETTINGS:
		snprintf(text, size, "%s", module->settings_error);
		break;
	}
}

void ebyte_status(const void *state, struct modem_status *status)
{
	/* The text lives in the state, which is the driver's own. */
	struct ebyte_module *module = (struct ebyte_module *)state;
	ebyte_explain(module, module->text, sizeof(module->text));
	*status = (struct modem_status){
	    .ready = module->configured && module->examining != EXAMINE_SCAN,
	    .model = module->model,
	    .firmware = module->firmware,
	    .text = module->text,
	};
}
