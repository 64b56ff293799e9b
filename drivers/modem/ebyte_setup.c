/* Ebyte modules: reading, writing and verifying the settings, and the one alarm. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drivers/modem/ebyte_module.h"

enum {
	TRIES = 3,
	BACKOFF_FIRST_US = 5000000,
	BACKOFF_LAST_US = 300000000,
	POSTPONE_US = 2000000, /* a verification that comes in the middle of traffic */
	RESET_PAUSE_US = 10000000,
};

static void ask_to_read(struct ebyte_module *module)
{
	module->chat.command_size = module->kind->read(module->chat.command, &module->chat.answer);
	ebyte_chat_ask(module);
}

static void take_registers(struct ebyte_module *module)
{
	memcpy(module->registers, module->chat.answer.bytes + module->kind->answer_head, module->kind->register_count);
	memcpy(module->wanted, module->registers, sizeof(module->wanted));
	if (module->keeps_channel)
		module->channel = module->kind->channel(module->registers);
	module->kind->lay(module, module->wanted);
}

static bool is_as_wanted(const struct ebyte_module *module)
{
	return memcmp(module->registers, module->wanted, module->kind->readable_count) == 0;
}

static bool was_refused_before(const struct ebyte_module *module)
{
	return module->has_refused && memcmp(module->registers, module->refused, module->kind->readable_count) == 0;
}

/* ---- beginning and end ---- */

void ebyte_setup_begin(struct ebyte_module *module)
{
	module->phase = SETUP_ENTER;
	module->tries = 0;
	module->garbage_heard = module->was_written = false;
	module->warning = EBYTE_FINE;
	module->verify_due_us = 0;
	ebyte_chat_go(module, module->kind->setup_mode, EBYTE_CONFIGURATION_BAUD);
}

static void leave(struct ebyte_module *module)
{
	module->phase = SETUP_LEAVE;
	ebyte_chat_go(module, EBYTE_MODE_NORMAL, module->data_baud);
}

static const char *fault_reason(enum ebyte_fault fault)
{
	static const char *const reasons[EBYTE_FAULT_COUNT] = {
	    [EBYTE_FINE] = "",
	    [EBYTE_SLOW_RATE] = "ebyte_slow_rate",
	    [EBYTE_AUX_SILENT] = "ebyte_aux_silent",
	    [EBYTE_AUX_STUCK] = "ebyte_aux_stuck",
	    [EBYTE_NOT_STORED] = "ebyte_not_stored",
	    [EBYTE_REFUSED] = "ebyte_refused",
	    [EBYTE_WRONG_BAUD] = "ebyte_wrong_baud",
	    [EBYTE_WRONG_FAMILY] = "ebyte_wrong_family",
	    [EBYTE_ABSENT] = "ebyte_absent",
	    [EBYTE_LINE] = "ebyte_line",
	    [EBYTE_SETTINGS] = "ebyte_settings",
	};
	return reasons[fault];
}

static void changed(struct ebyte_module *module)
{
	module->services->changed(module->services->owner);
}

/* The module cannot be used as it is. What it hears is taken all the same; it is tried again later. */
static void fail(struct ebyte_module *module, enum ebyte_fault fault)
{
	ebyte_count(module, fault_reason(fault));
	bool news = module->fault != fault || module->configured;
	module->fault = fault;
	module->configured = module->verified = false;
	ebyte_link_fail(module, "not_configured");
	module->backoff_us = module->backoff_us ? module->backoff_us * 2 : BACKOFF_FIRST_US;
	if (module->backoff_us > BACKOFF_LAST_US)
		module->backoff_us = BACKOFF_LAST_US;
	if (news)
		changed(module);
	leave(module);
}

static void succeed(struct ebyte_module *module)
{
	module->verified = true;
	module->has_refused = false;
	module->backoff_us = 0;
	if (module->warning)
		ebyte_count(module, fault_reason(module->warning));
	leave(module);
}

static int64_t next_look_us(const struct ebyte_module *module)
{
	int64_t verify_us = module->values[EBYTE_KEY_VERIFY].integer * 1000000;
	if (!module->configured)
		return ebyte_now_us(module) + module->backoff_us;
	return verify_us ? ebyte_now_us(module) + verify_us : 0;
}

/* The normal mode is reached: what waits is sent. */
static void settle_down(struct ebyte_module *module)
{
	bool news = module->verified && (!module->configured || module->fault != EBYTE_FINE);
	module->phase = SETUP_NONE;
	if (news) {
		module->configured = true;
		module->fault = EBYTE_FINE;
		changed(module);
	}
	module->verify_due_us = next_look_us(module);
	if (module->examining) {
		if (module->configured)
			ebyte_examine_ready(module);
		else
			ebyte_examine_failed(module);
		return;
	}
	ebyte_link_go_on(module);
}

/* ---- the steps ---- */

static void ask_to_identify(struct ebyte_module *module)
{
	module->phase = SETUP_IDENTIFY;
	module->chat.command_size = module->kind->identify(module->chat.command, &module->chat.answer);
	ebyte_chat_ask(module);
}

static void write_key(struct ebyte_module *module)
{
	if (!module->kind->write_key) {
		succeed(module);
		return;
	}
	module->phase = SETUP_KEY;
	module->chat.command_size = module->kind->write_key(module, module->chat.command, &module->chat.answer);
	ebyte_chat_ask(module);
}

static void write_registers(struct ebyte_module *module)
{
	module->phase = SETUP_WRITE;
	module->was_written = true;
	module->kind->name_differences(module->wanted, module->registers, module->differences,
				       sizeof(module->differences));
	module->chat.command_size = module->kind->write(module->chat.command, &module->chat.answer, module->save,
							module->wanted);
	ebyte_chat_ask(module);
}

/* The registers are known. Flash wears out, so they are written only where they differ, and not once more where the module has
 * shown that it does not take them. */
static void after_reading(struct ebyte_module *module)
{
	take_registers(module);
	if (is_as_wanted(module))
		ask_to_identify(module);
	else if (was_refused_before(module))
		fail(module, EBYTE_NOT_STORED);
	else
		write_registers(module);
}

static void after_checking(struct ebyte_module *module)
{
	take_registers(module);
	if (is_as_wanted(module)) {
		ask_to_identify(module);
		return;
	}
	module->kind->name_differences(module->wanted, module->registers, module->differences,
				       sizeof(module->differences));
	memcpy(module->refused, module->registers, sizeof(module->refused));
	module->has_refused = true;
	fail(module, EBYTE_NOT_STORED);
}

static void try_other_family(struct ebyte_module *module)
{
	module->phase = SETUP_PROBE_ENTER;
	ebyte_chat_go(module, module->kind->other_setup_mode, EBYTE_CONFIGURATION_BAUD);
}

/* No answer that can be read: once more, then whether it is a module of the other family. */
static void not_read(struct ebyte_module *module, enum ebyte_outcome outcome)
{
	module->garbage_heard |= outcome == EBYTE_GARBAGE;
	if (outcome == EBYTE_REFUSAL)
		fail(module, EBYTE_REFUSED);
	else if (++module->tries < TRIES)
		ask_to_read(module);
	else
		try_other_family(module);
}

static void after_probing(struct ebyte_module *module, enum ebyte_outcome outcome)
{
	module->garbage_heard |= outcome == EBYTE_GARBAGE;
	if (outcome == EBYTE_ANSWERED)
		fail(module, EBYTE_WRONG_FAMILY);
	else
		fail(module, module->garbage_heard ? EBYTE_WRONG_BAUD : EBYTE_ABSENT);
}

void ebyte_arrived(struct ebyte_module *module)
{
	switch (module->phase) {
	case SETUP_ENTER:
		module->phase = SETUP_READ;
		ask_to_read(module);
		break;
	case SETUP_PROBE_ENTER:
		module->phase = SETUP_PROBE;
		module->chat.command_size = module->kind->probe(module->chat.command, &module->chat.answer);
		ebyte_chat_ask(module);
		break;
	case SETUP_LEAVE:
		settle_down(module);
		break;
	default:
		ebyte_examine_arrived(module);
		break;
	}
	ebyte_set_alarm(module);
}

void ebyte_answered(struct ebyte_module *module, enum ebyte_outcome outcome)
{
	switch (module->phase) {
	case SETUP_READ:
		if (outcome == EBYTE_ANSWERED)
			after_reading(module);
		else
			not_read(module, outcome);
		break;
	case SETUP_WRITE:
		/* Some answer and some do not. What counts is what can be read then. */
		module->phase = SETUP_CHECK;
		module->tries = 0;
		ask_to_read(module);
		break;
	case SETUP_CHECK:
		if (outcome == EBYTE_ANSWERED)
			after_checking(module);
		else
			not_read(module, outcome);
		break;
	case SETUP_IDENTIFY:
		if (outcome == EBYTE_ANSWERED)
			module->kind->identified(module, module->chat.answer.bytes);
		write_key(module);
		break;
	case SETUP_KEY:
		if (outcome == EBYTE_ANSWERED)
			succeed(module);
		else
			fail(module, EBYTE_NOT_STORED);
		break;
	case SETUP_PROBE:
		after_probing(module, outcome);
		break;
	default:
		ebyte_examine_answered(module, outcome);
		break;
	}
	ebyte_set_alarm(module);
}

/* ---- what happens outside of them ---- */

void ebyte_aux_fault(struct ebyte_module *module, enum ebyte_fault fault)
{
	ebyte_count(module, fault_reason(fault));
	module->aux_fault = fault;
	changed(module);
}

void ebyte_line_fault(struct ebyte_module *module)
{
	ebyte_count(module, fault_reason(EBYTE_LINE));
	module->phase = SETUP_NONE;
	module->fault = EBYTE_LINE;
	module->configured = false;
	module->backoff_us = BACKOFF_LAST_US;
	module->verify_due_us = next_look_us(module);
	ebyte_link_fail(module, "not_configured");
	if (module->examining)
		ebyte_examine_failed(module);
	changed(module);
}

void ebyte_suspect_reset(struct ebyte_module *module)
{
	int64_t now_us = ebyte_now_us(module);
	if (module->phase != SETUP_NONE || module->fault == EBYTE_SETTINGS ||
	    (module->reset_us && now_us - module->reset_us < RESET_PAUSE_US))
		return;
	module->reset_us = now_us;
	ebyte_count(module, "ebyte_reset");
	ebyte_setup_begin(module);
}

void ebyte_set_alarm(struct ebyte_module *module)
{
	const int64_t dues[] = {module->chat.due_us, module->link.due_us, module->link.silence_due_us,
				module->link.suspect_due_us, module->verify_due_us};
	int64_t at_us = 0;
	for (size_t i = 0; i < sizeof(dues) / sizeof(*dues); i++)
		if (dues[i] && (!at_us || dues[i] < at_us))
			at_us = dues[i];
	module->services->alarm(module->services->owner, at_us);
}

/* In the middle of traffic the module is left alone. */
static void verify(struct ebyte_module *module)
{
	int64_t now_us = ebyte_now_us(module);
	if (module->fault == EBYTE_SETTINGS) {
		module->verify_due_us = 0;
		ebyte_count(module, fault_reason(EBYTE_SETTINGS));
	} else if (module->phase != SETUP_NONE) {
		module->verify_due_us = 0;
	} else if (module->link.sending != LINK_IDLE ||
		   (module->link.heard_us && now_us - module->link.heard_us < POSTPONE_US)) {
		module->verify_due_us = now_us + POSTPONE_US;
	} else {
		ebyte_setup_begin(module);
	}
}

void ebyte_alarm(void *state)
{
	struct ebyte_module *module = state;
	ebyte_chat_due(module);
	ebyte_link_due(module);
	if (module->verify_due_us && ebyte_now_us(module) >= module->verify_due_us)
		verify(module);
	ebyte_set_alarm(module);
}

void ebyte_opened(void *state)
{
	struct ebyte_module *module = state;
	ebyte_link_fail(module, "port_reopened");
	ebyte_link_close(module);
	ebyte_link_open(module); /* until it is asked, the module gives out what it hears */
	ebyte_chat_reset(module);
	if (module->examining)
		ebyte_examine_failed(module);
	module->phase = SETUP_NONE;
	module->configured = module->has_refused = module->chat.blind = false;
	module->aux_fault = EBYTE_FINE;
	module->link.unmoved = 0;
	module->link.heard_us = module->backoff_us = module->reset_us = 0;
	if (module->fault == EBYTE_SETTINGS)
		module->verify_due_us = ebyte_now_us(module) + POSTPONE_US;
	else
		ebyte_setup_begin(module);
	ebyte_set_alarm(module);
}

void ebyte_input(void *state, const uint8_t *bytes, size_t size)
{
	struct ebyte_module *module = state;
	size_t taken = ebyte_chat_input(module, bytes, size);
	if (taken < size && module->link.open)
		ebyte_link_input(module, bytes + taken, size - taken);
	ebyte_set_alarm(module);
}

void ebyte_line(void *state, unsigned line, bool on)
{
	struct ebyte_module *module = state;
	if (line != EBYTE_LINE_AUX)
		return;
	/* It moves after all. */
	if (module->aux_fault == EBYTE_AUX_SILENT || (module->aux_fault == EBYTE_AUX_STUCK && on)) {
		module->chat.blind = false;
		module->aux_fault = EBYTE_FINE;
		module->link.unmoved = 0;
		changed(module);
	}
	ebyte_chat_aux_moved(module, on);
	ebyte_link_aux_moved(module, on);
	ebyte_set_alarm(module);
}

int ebyte_send(void *state, const struct datagram *datagram)
{
	struct ebyte_module *module = state;
	if (datagram->size > CARRIAGE_FRAME_MAX || datagram->size == 0)
		return -EMSGSIZE;
	if (!module->configured)
		return -ENOTCONN;
	if (module->link.sending != LINK_IDLE || module->examining)
		return -EAGAIN;
	return ebyte_link_send(module, datagram->bytes, datagram->size);
}
