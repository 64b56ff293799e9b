/* Ebyte modules: mode pins, AUX, questions and answers. */
#include <errno.h>
#include <string.h>

#include "drivers/modem/ebyte_module.h"

enum {
	BUSY_MAX_US = 10000000,  /* AUX low before a change of mode: a packet is being sent */
	CHANGE_MAX_US = 4000000, /* AUX low after it; libraries wait up to that long */
	READY_US = 20000,        /* behind AUX high; the manual has 2 ms, which was found to be too short */
	ASK_AGAIN_US = 20000,
	ANSWER_US = 500000,
};

const struct modem_line ebyte_lines[EBYTE_LINE_COUNT] = {
    [EBYTE_LINE_M0] =
	{.name = "m0", .output = true, .safe = true, .required = true, .how = "", .help = "mode pin M0 of the module"},
    [EBYTE_LINE_M1] =
	{.name = "m1", .output = true, .safe = true, .required = true, .how = "", .help = "mode pin M1 of the module"},
    [EBYTE_LINE_AUX] = {.name = "aux",
			.how = "pull_up",
			.help = "AUX of the module, high when it is ready; without it fixed waits are used"},
};

void ebyte_chat_reset(struct ebyte_module *module)
{
	module->chat.step = CHAT_IDLE;
	module->chat.due_us = 0;
}

int ebyte_chat_aux(const struct ebyte_module *module)
{
	if (module->chat.blind)
		return -ENODEV;
	return module->services->get_line(module->services->owner, EBYTE_LINE_AUX);
}

static void wait(struct ebyte_module *module, int step, int64_t us)
{
	module->chat.step = step;
	module->chat.due_us = ebyte_now_us(module) + us;
}

static bool set_pin(struct ebyte_module *module, unsigned line, bool on)
{
	if (module->services->set_line(module->services->owner, line, on) == 0)
		return true;
	ebyte_chat_reset(module);
	ebyte_line_fault(module);
	return false;
}

static void change_pins(struct ebyte_module *module)
{
	struct ebyte_chat *chat = &module->chat;
	if (!set_pin(module, EBYTE_LINE_M0, chat->mode & 1) || !set_pin(module, EBYTE_LINE_M1, chat->mode >> 1 & 1))
		return;
	wait(module, CHAT_SETTLE, module->values[EBYTE_KEY_SETTLE].integer * 1000);
}

void ebyte_chat_go(struct ebyte_module *module, unsigned mode, unsigned baud)
{
	module->chat.mode = mode;
	module->chat.baud = baud;
	if (ebyte_chat_aux(module) == 0)
		wait(module, CHAT_BEFORE, BUSY_MAX_US);
	else
		change_pins(module);
	ebyte_set_alarm(module);
}

/* Until here what the module had still to give out was heard. */
static void set_speed(struct ebyte_module *module)
{
	struct ebyte_chat *chat = &module->chat;
	ebyte_link_close(module);
	chat->baud_refused = module->services->set_baud(module->services->owner, chat->baud) == -EINVAL;
	wait(module, CHAT_READY, READY_US);
}

/* The pins have settled: ready when AUX is high, or after the fixed wait where there is no AUX. */
static void after_settling(struct ebyte_module *module)
{
	int aux = ebyte_chat_aux(module);
	if (aux > 0)
		set_speed(module);
	else
		wait(module, CHAT_AFTER, aux == 0 ? CHANGE_MAX_US : module->values[EBYTE_KEY_BLIND].integer * 1000);
}

static void arrive(struct ebyte_module *module)
{
	ebyte_chat_reset(module);
	if (module->chat.mode == EBYTE_MODE_NORMAL)
		ebyte_link_open(module);
	ebyte_arrived(module);
}

static void finish(struct ebyte_module *module, enum ebyte_outcome outcome)
{
	ebyte_chat_reset(module);
	ebyte_answered(module, outcome);
}

void ebyte_chat_ask(struct ebyte_module *module)
{
	struct ebyte_chat *chat = &module->chat;
	chat->garbage = 0;
	int result = module->services->write(module->services->owner, chat->command, chat->command_size);
	if (result == -EAGAIN)
		wait(module, CHAT_ASK, ASK_AGAIN_US);
	else
		wait(module, CHAT_ANSWER, ANSWER_US);
	ebyte_set_alarm(module);
}

size_t ebyte_chat_input(struct ebyte_module *module, const uint8_t *bytes, size_t size)
{
	struct ebyte_chat *chat = &module->chat;
	size_t taken = 0;
	while (taken < size && chat->step == CHAT_ANSWER) {
		uint8_t spill[EBYTE_COMMAND_MAX];
		size_t spilt;
		enum ebyte_answer_state state = ebyte_answer_take(&chat->answer, bytes[taken++], spill, &spilt);
		chat->garbage += spilt;
		if (spilt && module->link.open)
			ebyte_link_input(module, spill, spilt);
		if (state != EBYTE_ANSWER_OPEN)
			finish(module, state == EBYTE_ANSWER_WHOLE ? EBYTE_ANSWERED : EBYTE_REFUSAL);
	}
	return taken;
}

/* AUX was to be high by now. */
static void aux_is_stuck(struct ebyte_module *module)
{
	module->chat.blind = true;
	ebyte_aux_fault(module, EBYTE_AUX_STUCK);
}

void ebyte_chat_due(struct ebyte_module *module)
{
	struct ebyte_chat *chat = &module->chat;
	if (!chat->due_us || ebyte_now_us(module) < chat->due_us)
		return;
	chat->due_us = 0;
	switch (chat->step) {
	case CHAT_IDLE:
		break;
	case CHAT_BEFORE:
		aux_is_stuck(module);
		change_pins(module);
		break;
	case CHAT_SETTLE:
		after_settling(module);
		break;
	case CHAT_AFTER:
		if (ebyte_chat_aux(module) == 0)
			aux_is_stuck(module);
		set_speed(module);
		break;
	case CHAT_READY:
		arrive(module);
		break;
	case CHAT_ASK:
		ebyte_chat_ask(module);
		break;
	case CHAT_ANSWER:
		finish(module, chat->garbage || chat->baud_refused ? EBYTE_GARBAGE : EBYTE_SILENCE);
		break;
	}
}

void ebyte_chat_aux_moved(struct ebyte_module *module, bool on)
{
	int aux = ebyte_chat_aux(module), step = module->chat.step;
	if (aux < 0 || on != (aux > 0))
		return;
	if (on && step == CHAT_BEFORE)
		change_pins(module);
	else if (on && step == CHAT_AFTER)
		set_speed(module);
	else if (!on && step == CHAT_READY)
		/* It begins only now: the pins had not settled. */
		wait(module, CHAT_AFTER, CHANGE_MAX_US);
}
