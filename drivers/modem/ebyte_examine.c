/* Ebyte modules: test, and scan for signals channel by channel. */
#include <errno.h>
#include <math.h>
#include <stdio.h>

#include "drivers/modem/ebyte_module.h"

static void find(struct ebyte_module *module, const char *name, const char *value)
{
	module->services->finding(module->services->owner, name, value);
}

static void end(struct ebyte_module *module, const char *error)
{
	module->examining = EXAMINE_NOT;
	module->phase = SETUP_NONE;
	find(module, NULL, error);
	module->services->changed(module->services->owner);
}

int ebyte_examine(void *state, enum modem_examination what)
{
	struct ebyte_module *module = state;
	if (what == MODEM_SCAN && !module->kind->noise)
		return -EOPNOTSUPP;
	if (module->fault == EBYTE_SETTINGS || (what == MODEM_SCAN && !module->configured))
		return -ENOTCONN;
	if (module->phase != SETUP_NONE || module->link.sending != LINK_IDLE)
		return -EBUSY;
	if (what == MODEM_TEST) {
		module->examining = EXAMINE_TEST;
		ebyte_setup_begin(module);
	} else {
		module->examining = EXAMINE_SCAN;
		module->scan_channel = 0;
		module->scan_ending = false;
		module->phase = SCAN_ENTER;
		module->verify_due_us = 0;
		module->services->changed(module->services->owner);
		ebyte_chat_go(module, module->kind->setup_mode, EBYTE_CONFIGURATION_BAUD);
	}
	ebyte_set_alarm(module);
	return 0;
}

void ebyte_examine_failed(struct ebyte_module *module)
{
	char text[EBYTE_TEXT_MAX];
	ebyte_explain(module, text, sizeof(text));
	end(module, text[0] ? text : "the port was opened anew");
}

/* ---- test ---- */

static const char *aux_finding(const struct ebyte_module *module)
{
	if (module->aux_fault == EBYTE_AUX_STUCK)
		return "stays low";
	if (module->aux_fault == EBYTE_AUX_SILENT)
		return "never moves";
	return ebyte_chat_aux(module) < 0 ? "not wired" : "ready";
}

static void find_settings(struct ebyte_module *module)
{
	char text[128];
	find(module, "model", module->model);
	find(module, "firmware", module->firmware);
	find(module, "aux", aux_finding(module));
	if (module->was_written)
		snprintf(text, sizeof(text), "differed, written anew: %s", module->differences);
	else
		snprintf(text, sizeof(text), "as configured");
	find(module, "settings", text);
	if (module->band) {
		snprintf(text, sizeof(text), "%.3f", module->band->first_mhz + module->channel);
		find(module, "frequency_mhz", text);
	}
	snprintf(text, sizeof(text), "%u", module->channel);
	find(module, "channel", text);
	snprintf(text, sizeof(text), "%lld", (long long)(ebyte_airtime_us(module, CARRIAGE_FRAME_MAX) / 1000));
	find(module, "airtime_of_160_bytes_ms", text);
}

static void ask_for_noise(struct ebyte_module *module, int phase)
{
	module->phase = phase;
	module->chat.command_size = module->kind->noise(module->chat.command, &module->chat.answer);
	ebyte_chat_ask(module);
}

void ebyte_examine_ready(struct ebyte_module *module)
{
	if (module->examining == EXAMINE_TEST)
		find_settings(module);
	if (module->examining == EXAMINE_TEST && module->kind->noise)
		ask_for_noise(module, EXAMINE_NOISE);
	else
		end(module, "");
}

static void find_dbm(struct ebyte_module *module, const char *name, uint8_t value)
{
	char text[24];
	double dbm = ebyte_rssi_dbm(value, module->rssi_halves);
	if (isnan(dbm))
		snprintf(text, sizeof(text), "not known (%02Xh)", value);
	else
		snprintf(text, sizeof(text), "%.1f", dbm);
	find(module, name, text);
}

static void test_noise(struct ebyte_module *module, enum ebyte_outcome outcome)
{
	if (outcome != EBYTE_ANSWERED) {
		end(module, "no answer to the question for noise");
		return;
	}
	const uint8_t *values = module->chat.answer.bytes + module->kind->answer_head;
	find_dbm(module, "noise_dbm", values[0]);
	find_dbm(module, "last_packet_dbm", values[1]);
	end(module, "");
}

/* ---- scan ---- */

static unsigned last_channel(const struct ebyte_module *module)
{
	return module->band ? module->band->last_channel : ebyte_bands(module->kind->family)->last_channel;
}

static void tune(struct ebyte_module *module)
{
	unsigned channel = module->scan_ending ? module->channel : module->scan_channel;
	module->phase = SCAN_TUNE;
	module->chat.command_size = module->kind->tune(module->chat.command, &module->chat.answer, (uint8_t)channel);
	ebyte_chat_ask(module);
}

static void after_tuning(struct ebyte_module *module)
{
	/* At the end everything is verified, so that the module is left as it was found. */
	if (module->scan_ending) {
		ebyte_setup_begin(module);
		return;
	}
	module->phase = SCAN_LEAVE;
	ebyte_chat_go(module, EBYTE_MODE_NORMAL, module->data_baud);
}

static void name_channel(const struct ebyte_module *module, char *name, size_t size)
{
	if (module->band)
		snprintf(name, size, "noise_dbm_%.3f_mhz", module->band->first_mhz + module->scan_channel);
	else
		snprintf(name, size, "noise_dbm_channel_%u", module->scan_channel);
}

static void scan_noise(struct ebyte_module *module, enum ebyte_outcome outcome)
{
	char name[40];
	name_channel(module, name, sizeof(name));
	if (outcome == EBYTE_ANSWERED)
		find_dbm(module, name, module->chat.answer.bytes[module->kind->answer_head]);
	else
		find(module, name, "no answer");
	module->scan_channel++;
	module->scan_ending = module->scan_channel > last_channel(module);
	module->phase = SCAN_ENTER;
	ebyte_chat_go(module, module->kind->setup_mode, EBYTE_CONFIGURATION_BAUD);
}

void ebyte_examine_arrived(struct ebyte_module *module)
{
	if (module->phase == SCAN_ENTER)
		tune(module);
	else if (module->phase == SCAN_LEAVE)
		ask_for_noise(module, SCAN_NOISE);
}

void ebyte_examine_answered(struct ebyte_module *module, enum ebyte_outcome outcome)
{
	if (module->phase == EXAMINE_NOISE)
		test_noise(module, outcome);
	else if (module->phase == SCAN_TUNE)
		after_tuning(module);
	else if (module->phase == SCAN_NOISE)
		scan_noise(module, outcome);
}
