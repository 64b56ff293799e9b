/* What a radio shows of itself, its modem, its control and its lines. */
#include <stdio.h>
#include <string.h>

#include "gateway/radio_internal.h"

const char *radio_state_name(enum radio_state state)
{
	static const char *const names[] = {[RADIO_DOWN] = "down", [RADIO_NOT_READY] = "not ready", [RADIO_UP] = "up"};
	return names[state];
}

/* The worse of the two is told. */
static void add_driver(const struct radio_driver *driver, struct radio_status *status)
{
	struct radio_link_status link = radio_link_status(radio_driver_link(driver));
	struct modem_status module = radio_driver_status(driver);
	enum radio_state state = !radio_link_up(radio_driver_link(driver)) ? RADIO_DOWN
				 : module.ready                            ? RADIO_UP
									   : RADIO_NOT_READY;
	const char *text = state == RADIO_DOWN ? link.text : module.text;
	if (state < status->state || !status->text[0])
		status->text = text;
	if (state < status->state) {
		status->state = state;
		status->fault = link.fault;
	}
	if (!status->model[0]) {
		status->model = module.model;
		status->firmware = module.firmware;
	}
}

static void add_control(const struct radio *radio, struct radio_status *status)
{
	status->control = radio->setup.control.ops->name;
	status->control_device = radio->setup.control.port.device;
	status->control_resolved = radio_link_status(radio_driver_link(radio->control)).resolved;
	add_driver(radio->control, status);
}

static void add_rules(const struct radio *radio, struct radio_status *status)
{
	if (radio->allowance.fault == RADIO_RULES_FINE || status->state != RADIO_UP)
		return;
	status->state = RADIO_NOT_READY;
	status->text = radio->allowance.text;
}

struct radio_status radio_status(const struct radio *radio)
{
	const struct radio_counters *counters = &radio->counters;
	struct radio_status status = {
	    .name = radio->setup.name,
	    .modem = radio->setup.modem.ops->name,
	    .air = radio->setup.air->name,
	    .device = radio->setup.modem.port.device,
	    .resolved = radio_link_status(radio_driver_link(radio->modem)).resolved,
	    .control = "",
	    .control_device = "",
	    .control_resolved = "",
	    .model = "",
	    .firmware = "",
	    .state = RADIO_UP,
	    .fault = "",
	    .text = "",
	    .bytes_in = counters->bytes_in->value,
	    .bytes_out = counters->bytes_out->value,
	    .datagrams = counters->datagrams->value,
	    .heard = counters->heard->value,
	    .sent = counters->sent->value,
	    .last_heard_us = radio->last_heard_us,
	};
	add_driver(radio->modem, &status);
	if (radio->control && radio->setup.control.ops)
		add_control(radio, &status);
	add_rules(radio, &status);
	return status;
}

bool radio_line(const struct radio *radio, size_t index, struct radio_line_status *line)
{
	const struct radio_driver *driver = radio->modem;
	const struct modem_ops *ops = radio->setup.modem.ops;
	bool control = index >= ops->line_count;
	if (control) {
		index -= ops->line_count;
		driver = radio->control;
		ops = radio->setup.control.ops;
	}
	if (!driver || !ops || index >= ops->line_count)
		return false;
	struct radio_link *link = radio_driver_link(driver);
	*line = (struct radio_line_status){
	    .name = ops->lines[index].name,
	    .resolved = radio_link_line_resolved(link, (unsigned)index),
	    .output = ops->lines[index].output,
	    .control = control,
	    .level = radio_link_get_line(link, (unsigned)index),
	};
	return true;
}
