/* Joins a modem, an air protocol and a control to one radio. */
#include "gateway/radio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/radio_internal.h"

enum {
	SAY_AGAIN_US = 60000000, /* the same trouble of a module is logged again after this time at the earliest */
};

/* ---- sending ---- */

/* 0 also where nothing is to be keyed. */
static int key(struct radio *radio, bool on)
{
	if (!radio->control || radio->keyed == on)
		return 0;
	int error = radio_driver_key(radio->control, on);
	if (error == -ENODEV)
		return 0;
	radio->keyed = on && error == 0;
	return error;
}

static void on_sent(void *context, enum send_result result, bool assumed, const char *code)
{
	struct radio *radio = context;
	if (!radio->busy)
		return;
	if (result != SEND_ON_AIR) {
		radio->busy = false;
		key(radio, false);
	}
	if (result == SEND_DONE || result == SEND_CONFIRMED)
		radio->counters.sent->value++;
	radio->callbacks.sent(radio->callbacks.context, radio, result, assumed, code);
}

bool radio_channel_busy(const struct radio *radio)
{
	return radio->control && radio_driver_channel_busy(radio->control);
}

bool radio_hears_elsewhere(const struct radio *radio)
{
	return radio->elsewhere;
}

bool radio_ready(const struct radio *radio)
{
	if (radio->busy || radio->allowance.fault != RADIO_RULES_FINE || !radio_driver_ready(radio->modem))
		return false;
	return !radio->control || (radio_driver_ready(radio->control) && !radio_channel_busy(radio));
}

int radio_plan(const struct radio *radio, const struct message *message, struct air_plan *plan)
{
	int error = radio_air_plan(radio->air, message, plan);
	for (unsigned i = 0; error == 0 && i < plan->parts; i++)
		if (plan->sizes[i] > radio->setup.modem.ops->mtu)
			error = -EMSGSIZE;
	return error;
}

int64_t radio_airtime_us(const struct radio *radio, size_t size)
{
	return radio_driver_airtime_us(radio->modem, size);
}

ssize_t radio_render(struct radio *radio, const struct message *message, struct air_utterance *utterance,
		     uint8_t *bytes, size_t size)
{
	return radio_air_output(radio->air, message, utterance, bytes, size);
}

const struct radio_allowance *radio_allowance(const struct radio *radio)
{
	return &radio->allowance;
}

int radio_send(struct radio *radio, const void *bytes, size_t size)
{
	struct datagram datagram = {
	    .bytes = bytes, .size = size, .rssi_dbm = __builtin_nan(""), .snr_db = __builtin_nan("")};
	if (!radio_ready(radio))
		return -EAGAIN;
	if (size > radio->setup.modem.ops->mtu)
		return -EMSGSIZE;
	int result = key(radio, true);
	if (result < 0)
		return result;
	radio->busy = true;
	result = radio_driver_send(radio->modem, &datagram);
	if (result < 0) {
		radio->busy = false;
		key(radio, false);
	} else if (radio->callbacks.datagram) {
		radio->callbacks.datagram(radio->callbacks.context, radio, RADIO_TX, &datagram);
	}
	return result;
}

void radio_hear(struct radio *radio, const struct datagram *datagram)
{
	radio->elsewhere = true;
	radio_air_input(radio->air, datagram);
	radio->elsewhere = false;
}

void radio_hurry(struct radio *radio)
{
	if (radio->busy)
		radio_driver_hurry(radio->modem);
}

int radio_examine(struct radio *radio, enum modem_examination what)
{
	int error = radio_examination_begin(&radio->examination, what);
	if (error == 0 && what == MODEM_SCAN)
		log_notice("radio %s: scans; meanwhile it may hear nothing on its own channel", radio->setup.name);
	return error;
}

/* ---- what the drivers tell ---- */

static void on_heard(void *context, const struct datagram *datagram)
{
	struct radio *radio = context;
	radio->counters.datagrams->value++;
	radio->last_heard_us = radio_link_read_us(radio_driver_link(radio->modem));
	if (radio->callbacks.datagram)
		radio->callbacks.datagram(radio->callbacks.context, radio, RADIO_RX, datagram);
	radio_air_input(radio->air, datagram);
}

static void on_message(void *context, const struct message *message)
{
	struct radio *radio = context;
	int64_t read_us = radio->elsewhere ? 0 : radio_link_read_us(radio_driver_link(radio->modem));
	radio->counters.heard->value++;
	radio->callbacks.heard(radio->callbacks.context, radio, message, read_us ? read_us : clock_mono_us());
}

static void on_say_back(void *context, const struct message *message)
{
	struct radio *radio = context;
	if (radio->callbacks.say_back)
		radio->callbacks.say_back(radio->callbacks.context, radio, message);
}

static void on_heard_again(void *context, const char *id)
{
	struct radio *radio = context;
	if (radio->callbacks.heard_again)
		radio->callbacks.heard_again(radio->callbacks.context, radio, id);
}

/* A control hears nothing. */
static void on_control_heard(void *context, const struct datagram *datagram)
{
	(void)context, (void)datagram;
}

static void on_control_sent(void *context, enum send_result result, bool assumed, const char *code)
{
	(void)context, (void)result, (void)assumed, (void)code;
}

/* Faults of ports are said by the link; this is what modules complain of. */
static void say_trouble(struct radio *radio, const struct radio_status *status)
{
	int64_t now_us = clock_mono_us();
	if (status->state == RADIO_DOWN || !status->text[0] ||
	    (strcmp(radio->said, status->text) == 0 && now_us < radio->said_us + SAY_AGAIN_US))
		return;
	snprintf(radio->said, sizeof(radio->said), "%s", status->text);
	radio->said_us = now_us;
	log_warning("radio %s: %s", radio->setup.name, status->text);
}

static void on_changed(void *context)
{
	struct radio *radio = context;
	if (!radio->modem || !radio->air || (radio->setup.control.ops && !radio->control))
		return; /* still being made */
	radio_allowance_find(radio->modem, radio->air, radio->setup.rules, &radio->allowance);
	struct radio_status status = radio_status(radio);
	char shown[RADIO_SHOWN_MAX];
	snprintf(shown, sizeof(shown), "%d %s %s %s %s", status.state, status.fault, status.model, status.firmware,
		 status.text);
	if (strcmp(shown, radio->shown) == 0) {
		if (radio->callbacks.ready)
			radio->callbacks.ready(radio->callbacks.context, radio);
		return;
	}
	memcpy(radio->shown, shown, sizeof(shown));
	say_trouble(radio, &status);
	if (radio->callbacks.state)
		radio->callbacks.state(radio->callbacks.context, radio);
}

static void lost(struct radio *radio, struct radio_driver *driver, const char *code)
{
	radio_examination_lost(&radio->examination, driver);
	on_sent(radio, SEND_FAILED, false, code);
}

static void on_modem_lost(void *context)
{
	struct radio *radio = context;
	lost(radio, radio->modem, "radio_lost");
}

/* Its lines are at their safe levels by now, so the transmission was cut. */
static void on_control_lost(void *context)
{
	struct radio *radio = context;
	radio->keyed = false;
	lost(radio, radio->control, "control_lost");
}

static void on_finding(void *context, const char *name, const char *value)
{
	struct radio *radio = context;
	if (radio->callbacks.finding)
		radio->callbacks.finding(radio->callbacks.context, radio, name, value);
}

static void on_modem_finding(void *context, const char *name, const char *value)
{
	struct radio *radio = context;
	radio_examination_found(&radio->examination, radio->modem, name, value);
}

static void on_control_finding(void *context, const char *name, const char *value)
{
	struct radio *radio = context;
	radio_examination_found(&radio->examination, radio->control, name, value);
}

static size_t on_unsafe(void *context)
{
	struct radio *radio = context;
	return radio->callbacks.unsafe ? radio->callbacks.unsafe(radio->callbacks.context, radio) : 0;
}

/* ---- life ---- */

static void find_counters(struct radio *radio)
{
	snprintf(radio->group, sizeof(radio->group), "radio.%s", radio->setup.name);
	radio->counters = (struct radio_counters){
	    .bytes_in = counters_get(radio->all_counters, radio->group, "bytes_in"),
	    .bytes_out = counters_get(radio->all_counters, radio->group, "bytes_out"),
	    .datagrams = counters_get(radio->all_counters, radio->group, "datagrams"),
	    .heard = counters_get(radio->all_counters, radio->group, "heard"),
	    .sent = counters_get(radio->all_counters, radio->group, "sent"),
	};
}

static struct radio_driver_setup driver_setup(const struct radio *radio, const struct radio_part *part, bool control)
{
	return (struct radio_driver_setup){
	    .radio = radio->setup.name,
	    .part = control ? "control " : "",
	    .group = radio->group,
	    .prefix = control ? "control." : "",
	    .ops = part->ops,
	    .values = part->values,
	    .port = part->port,
	    .lines = part->lines,
	};
}

static int make_drivers(struct radio *radio, sd_event *event, struct worker *worker, const char **error)
{
	struct radio_driver_setup modem = driver_setup(radio, &radio->setup.modem, false);
	struct radio_driver_setup control = driver_setup(radio, &radio->setup.control, true);
	struct radio_driver_callbacks of_modem = {radio,         on_heard,         on_sent,  on_changed,
						  on_modem_lost, on_modem_finding, on_unsafe};
	struct radio_driver_callbacks of_control = {
	    radio, on_control_heard, on_control_sent, on_changed, on_control_lost, on_control_finding, NULL};
	radio->modem = radio_driver_new(&modem, &of_modem, event, worker, radio->all_counters, error);
	if (!radio->modem)
		return -EINVAL;
	if (control.ops)
		radio->control = radio_driver_new(&control, &of_control, event, worker, radio->all_counters, error);
	return control.ops && !radio->control ? -EINVAL : 0;
}

static int make_air(struct radio *radio, sd_event *event, const char **error)
{
	struct radio_air_setup setup = {.ops = radio->setup.air,
					.values = radio->setup.air_values,
					.secrets = radio->setup.secrets,
					.group = radio->group};
	struct radio_air_callbacks callbacks = {
	    .context = radio, .heard = on_message, .say_back = on_say_back, .heard_again = on_heard_again};
	radio->air = radio_air_new(&setup, &callbacks, event, radio->all_counters, error);
	return radio->air ? 0 : -EINVAL;
}

struct radio *radio_new(const struct radio_setup *setup, const struct radio_callbacks *callbacks, sd_event *event,
			struct worker *worker, struct counters *counters, const char **error)
{
	*error = "out of memory";
	struct radio *radio = calloc(1, sizeof(*radio));
	if (!radio)
		return NULL;
	radio->setup = *setup;
	radio->callbacks = *callbacks;
	radio->all_counters = counters;
	find_counters(radio);
	if (make_drivers(radio, event, worker, error) < 0 || make_air(radio, event, error) < 0) {
		radio_free(radio);
		return NULL;
	}
	radio->examination = (struct radio_examination){.modem = radio->modem,
							.control = radio->control,
							.context = radio,
							.finding = on_finding,
							.alarm = {.event = event}};
	radio_allowance_find(radio->modem, radio->air, radio->setup.rules, &radio->allowance);
	/* The control first: it sets the channel that the modem will speak on. */
	if (radio->control)
		radio_driver_start(radio->control);
	radio_driver_start(radio->modem);
	return radio;
}

void radio_free(struct radio *radio)
{
	if (!radio)
		return;
	if (radio->control)
		key(radio, false);
	radio_alarm_clear(&radio->examination.alarm);
	radio_driver_free(radio->modem);
	radio_driver_free(radio->control);
	radio_air_free(radio->air);
	free(radio);
}

void radio_limit(struct radio *radio, bool limited)
{
	radio_link_limit(radio_driver_link(radio->modem), limited);
}

bool radio_is_forgetful(const struct radio *radio)
{
	return radio->setup.modem.ops->safer != NULL;
}

void radio_safer(struct radio *radio)
{
	radio_driver_safer(radio->modem);
}
