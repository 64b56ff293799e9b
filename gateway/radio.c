/* One configured radio: opens its port outside the loop, feeds the modem, lends both drivers their services. */
#include "gateway/radio.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "gateway/clock.h"
#include "gateway/log.h"
#include "gateway/priorities.h"

enum {
	READ_SIZE = 4096,          /* bounded per turn, so that a babbling modem leaves room for the others */
	LIMIT_BYTES_PER_S = 16384, /* while limited */
	WRITE_BACKLOG_MAX = 8192,
	RETRY_FIRST_US = 1000000,
	RETRY_LAST_US = 60000000,
	TEXT_MAX = 256,
};

/* The numbers status shows; pointers so that the hot path does not look them up. */
struct radio_counters {
	struct counter *bytes_in, *bytes_out, *datagrams, *heard, *sent, *opened, *open_failed, *lost;
};

/* A driver's timer. */
struct alarm {
	struct radio *radio;
	void (*ring)(void *state);
	void *state;
	sd_event_source *source;
};

/* One attempt to open the port, run by the worker; outlives the radio if it hangs. */
struct opening {
	struct radio *radio;
	struct worker_job *job;
	struct port_settings settings;
	struct port *port;
	enum port_fault fault;
	char text[TEXT_MAX];
};

struct radio {
	struct radio_setup setup;
	struct radio_callbacks callbacks;
	sd_event *event;
	struct worker *worker;
	struct counters *all_counters;
	char group[40];
	struct radio_counters counters;

	struct services modem_services, air_services;
	void *modem_state, *air_state;
	struct alarm modem_alarm, air_alarm;

	struct port *port;
	sd_event_source *port_source, *retry_source;
	struct opening *opening;
	int64_t retry_us;
	enum port_fault fault;
	char text[TEXT_MAX];
	bool said_down, busy;

	bool limited;            /* reading slowly */
	int64_t allowance_bytes; /* that may still be read now; counted up as time passes */
	int64_t allowance_us;    /* when it was counted */
	sd_event_source *allowance_source;

	uint8_t backlog[WRITE_BACKLOG_MAX];
	size_t backlog_size;
	int64_t read_us, last_heard_us;
};

static void radio_open(struct radio *radio);

/* ---- services for the drivers ---- */

static int64_t service_now(void *owner)
{
	(void)owner;
	return clock_mono_us();
}

static int64_t service_wall(void *owner)
{
	(void)owner;
	return clock_wall_ms();
}

static int on_alarm(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)source, (void)at_us;
	struct alarm *alarm = context;
	if (alarm->ring)
		alarm->ring(alarm->state);
	return 0;
}

static void alarm_set(struct alarm *alarm, int64_t at_us)
{
	if (at_us == 0) {
		if (alarm->source)
			sd_event_source_set_enabled(alarm->source, SD_EVENT_OFF);
		return;
	}
	if (!alarm->source) {
		if (sd_event_add_time(alarm->radio->event, &alarm->source, CLOCK_MONOTONIC, (uint64_t)at_us, 1000,
				      on_alarm, alarm) < 0)
			return;
		sd_event_source_set_priority(alarm->source, PRIORITY_TIMER);
		return;
	}
	sd_event_source_set_time(alarm->source, (uint64_t)at_us);
	sd_event_source_set_enabled(alarm->source, SD_EVENT_ONESHOT);
}

static void service_modem_alarm(void *owner, int64_t at_us)
{
	struct radio *radio = owner;
	alarm_set(&radio->modem_alarm, at_us);
}

static void service_air_alarm(void *owner, int64_t at_us)
{
	struct radio *radio = owner;
	alarm_set(&radio->air_alarm, at_us);
}

static void watch_port(struct radio *radio)
{
	if (!radio->port_source)
		return;
	bool readable = !radio->limited || radio->allowance_bytes > 0;
	uint32_t events = (readable ? EPOLLIN : 0) | (radio->backlog_size ? EPOLLOUT : 0);
	sd_event_source_set_io_events(radio->port_source, events);
}

/* Writes what the port takes of bytes, keeps the rest. */
static int write_some(struct radio *radio, const uint8_t *bytes, size_t size)
{
	ssize_t written = port_write(radio->port, bytes, size);
	if (written < 0)
		return (int)written;
	radio->counters.bytes_out->value += (uint64_t)written;
	memmove(radio->backlog, bytes + written, size - (size_t)written);
	radio->backlog_size = size - (size_t)written;
	watch_port(radio);
	return 0;
}

static int service_write(void *owner, const void *bytes, size_t size)
{
	struct radio *radio = owner;
	if (!radio->port)
		return -ENOTCONN;
	if (size > WRITE_BACKLOG_MAX)
		return -EMSGSIZE;
	if (radio->backlog_size)
		return -EAGAIN;
	int result = write_some(radio, bytes, size);
	/* A port that fails here is found dead by the next read, which closes it in one place. */
	return result < 0 ? -ENOTCONN : 0;
}

static void service_heard_datagram(void *owner, const struct datagram *datagram)
{
	struct radio *radio = owner;
	radio->counters.datagrams->value++;
	radio->last_heard_us = radio->read_us;
	if (radio->callbacks.datagram)
		radio->callbacks.datagram(radio->callbacks.context, radio, RADIO_RX, datagram);
	radio->setup.air->input(radio->air_state, datagram);
}

static void service_heard_message(void *owner, const struct message *message)
{
	struct radio *radio = owner;
	radio->counters.heard->value++;
	radio->callbacks.heard(radio->callbacks.context, radio, message, radio->read_us);
}

static void service_sent(void *owner, enum send_result result, bool assumed, const char *code)
{
	struct radio *radio = owner;
	if (!radio->busy)
		return;
	if (result != SEND_ON_AIR)
		radio->busy = false;
	if (result == SEND_DONE || result == SEND_CONFIRMED)
		radio->counters.sent->value++;
	radio->callbacks.sent(radio->callbacks.context, radio, result, assumed, code);
}

static void service_drop(void *owner, const char *reason)
{
	struct radio *radio = owner;
	char name[48];
	snprintf(name, sizeof(name), "drop.%s", reason);
	counters_get(radio->all_counters, radio->group, name)->value++;
}

/* ---- the port ---- */

static int64_t jittered(int64_t us)
{
	/* Between 75 and 125 %, so that several radios on one dead hub do not try in step. */
	return us * (75 + random() % 51) / 100;
}

static int on_retry(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)source, (void)at_us;
	radio_open(context);
	return 0;
}

static void retry_later(struct radio *radio)
{
	uint64_t at_us = (uint64_t)(clock_mono_us() + jittered(radio->retry_us));
	radio->retry_us = radio->retry_us * 2 > RETRY_LAST_US ? RETRY_LAST_US : radio->retry_us * 2;
	if (radio->retry_source) {
		sd_event_source_set_time(radio->retry_source, at_us);
		sd_event_source_set_enabled(radio->retry_source, SD_EVENT_ONESHOT);
		return;
	}
	if (sd_event_add_time(radio->event, &radio->retry_source, CLOCK_MONOTONIC, at_us, 250000, on_retry, radio) < 0)
		log_error("radio %s: out of memory, its port will not be opened again before a restart",
			  radio->setup.name);
	else
		sd_event_source_set_priority(radio->retry_source, PRIORITY_HOUSEKEEPING);
}

/* Says a fault once; the same fault again is only counted. */
static void say_down(struct radio *radio, enum port_fault fault, const char *text)
{
	char name[48];
	snprintf(name, sizeof(name), "port.%s", port_fault_name(fault));
	counters_get(radio->all_counters, radio->group, name)->value++;
	bool new = !radio->said_down || radio->fault != fault;
	radio->fault = fault;
	snprintf(radio->text, sizeof(radio->text), "%s", text);
	radio->said_down = true;
	if (!new)
		return;
	log_warning("radio %s: %s", radio->setup.name, text);
	if (radio->callbacks.state)
		radio->callbacks.state(radio->callbacks.context, radio);
}

static void fail_sending(struct radio *radio, const char *code)
{
	if (radio->busy)
		service_sent(radio, SEND_FAILED, false, code);
}

static void port_lost(struct radio *radio, int error)
{
	radio->port_source = sd_event_source_disable_unref(radio->port_source);
	alarm_set(&radio->modem_alarm, 0);
	char text[TEXT_MAX];
	snprintf(text, sizeof(text), "%s: %s. Check the cable; it is opened again as soon as it is back.",
		 radio->setup.port.device,
		 error == -EPIPE ? "unplugged or closed by the other side" : strerror(-error));
	port_close(radio->port);
	radio->port = NULL;
	radio->backlog_size = 0;
	radio->counters.lost->value++;
	radio->retry_us = RETRY_FIRST_US;
	say_down(radio, error == -EPIPE ? PORT_ABSENT : PORT_IO, text);
	fail_sending(radio, "radio_lost");
	retry_later(radio);
}

static int on_allowance(sd_event_source *source, uint64_t at_us, void *context)
{
	(void)source, (void)at_us;
	struct radio *radio = context;
	radio->allowance_bytes = READ_SIZE;
	radio->allowance_us = clock_mono_us();
	watch_port(radio);
	return 0;
}

/* Counts what was read; a port that used up its allowance is left alone until there is one more read's worth. */
static void use_allowance(struct radio *radio, size_t size)
{
	int64_t earned = (radio->read_us - radio->allowance_us) * LIMIT_BYTES_PER_S / 1000000;
	if (earned > 0)
		radio->allowance_us = radio->read_us;
	radio->allowance_bytes = radio->allowance_bytes + earned < LIMIT_BYTES_PER_S ? radio->allowance_bytes + earned
										     : LIMIT_BYTES_PER_S;
	radio->allowance_bytes -= (int64_t)size;
	if (radio->allowance_bytes > 0)
		return;
	watch_port(radio);
	int64_t wait_us = (READ_SIZE - radio->allowance_bytes) * 1000000 / LIMIT_BYTES_PER_S;
	sd_event_source_set_time(radio->allowance_source, (uint64_t)(radio->read_us + wait_us));
	sd_event_source_set_enabled(radio->allowance_source, SD_EVENT_ONESHOT);
}

static int read_port(struct radio *radio)
{
	uint8_t bytes[READ_SIZE];
	ssize_t size = port_read(radio->port, bytes, sizeof(bytes));
	if (size <= 0)
		return (int)size;
	radio->read_us = clock_mono_us();
	radio->counters.bytes_in->value += (uint64_t)size;
	if (radio->limited)
		use_allowance(radio, (size_t)size);
	radio->setup.modem->input(radio->modem_state, bytes, (size_t)size);
	return 0;
}

static int on_port(sd_event_source *source, int fd, uint32_t events, void *context)
{
	(void)source, (void)fd;
	struct radio *radio = context;
	int result = 0;
	if (events & EPOLLOUT && radio->backlog_size) {
		uint8_t rest[WRITE_BACKLOG_MAX];
		size_t size = radio->backlog_size;
		memcpy(rest, radio->backlog, size);
		result = write_some(radio, rest, size);
	}
	/* While reading slowly a hang-up still wakes us; then the port is read so that it is noticed, not spun on. */
	if (result >= 0 && events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		result = read_port(radio);
	if (result < 0)
		port_lost(radio, result);
	return 0;
}

static void port_up(struct radio *radio, struct port *port)
{
	radio->port = port;
	if (sd_event_add_io(radio->event, &radio->port_source, port_fd(port), EPOLLIN, on_port, radio) < 0) {
		port_lost(radio, -ENOMEM);
		return;
	}
	sd_event_source_set_priority(radio->port_source, PRIORITY_RADIO);
	watch_port(radio);
	radio->retry_us = RETRY_FIRST_US;
	radio->fault = PORT_OK;
	radio->text[0] = 0;
	radio->said_down = false;
	radio->counters.opened->value++;
	log_notice("radio %s: up on %s", radio->setup.name, port_resolved(port));
	radio->setup.modem->opened(radio->modem_state);
	if (radio->callbacks.state)
		radio->callbacks.state(radio->callbacks.context, radio);
}

static void opening_work(void *context)
{
	struct opening *opening = context;
	opening->port = port_open(&opening->settings, &opening->fault, opening->text, sizeof(opening->text));
}

static void opening_free(struct opening *opening)
{
	free((char *)opening->settings.device);
	free((char *)opening->settings.framing);
	free(opening);
}

static void opening_done(void *context, bool abandoned)
{
	struct opening *opening = context;
	struct radio *radio = opening->radio;
	if (abandoned) {
		port_close(opening->port);
		opening_free(opening);
		return;
	}
	radio->opening = NULL;
	if (opening->port) {
		port_up(radio, opening->port);
	} else {
		radio->counters.open_failed->value++;
		say_down(radio, opening->fault, opening->text);
		retry_later(radio);
	}
	opening_free(opening);
}

static void radio_open(struct radio *radio)
{
	struct opening *opening = calloc(1, sizeof(*opening));
	if (!opening) {
		retry_later(radio);
		return;
	}
	opening->radio = radio;
	opening->settings = radio->setup.port;
	/* Copies, because a job that hangs outlives the configuration. */
	opening->settings.device = strdup(radio->setup.port.device);
	opening->settings.framing = strdup(radio->setup.port.framing ? radio->setup.port.framing : "8n1");
	opening->job = opening->settings.device && opening->settings.framing
			   ? worker_start(radio->worker, opening_work, opening_done, opening)
			   : NULL;
	if (!opening->job) {
		opening_free(opening);
		retry_later(radio);
		return;
	}
	radio->opening = opening;
}

/* ---- life ---- */

static struct services services_for(struct radio *radio, bool modem)
{
	return (struct services){
	    .owner = radio,
	    .now_us = service_now,
	    .wall_ms = service_wall,
	    .alarm = modem ? service_modem_alarm : service_air_alarm,
	    .write = service_write,
	    .heard_datagram = service_heard_datagram,
	    .heard_message = service_heard_message,
	    .sent = service_sent,
	    .drop = service_drop,
	};
}

static void find_counters(struct radio *radio)
{
	snprintf(radio->group, sizeof(radio->group), "radio.%s", radio->setup.name);
	radio->counters = (struct radio_counters){
	    .bytes_in = counters_get(radio->all_counters, radio->group, "bytes_in"),
	    .bytes_out = counters_get(radio->all_counters, radio->group, "bytes_out"),
	    .datagrams = counters_get(radio->all_counters, radio->group, "datagrams"),
	    .heard = counters_get(radio->all_counters, radio->group, "heard"),
	    .sent = counters_get(radio->all_counters, radio->group, "sent"),
	    .opened = counters_get(radio->all_counters, radio->group, "port.opened"),
	    .open_failed = counters_get(radio->all_counters, radio->group, "port.open_failed"),
	    .lost = counters_get(radio->all_counters, radio->group, "port.lost"),
	};
}

static int start_drivers(struct radio *radio, const char **error)
{
	const struct radio_setup *setup = &radio->setup;
	radio->modem_state = calloc(1, setup->modem->state_size);
	radio->air_state = calloc(1, setup->air->state_size);
	*error = "out of memory";
	if (!radio->modem_state || !radio->air_state)
		return -ENOMEM;
	radio->modem_alarm = (struct alarm){radio, setup->modem->alarm, radio->modem_state, NULL};
	radio->air_alarm = (struct alarm){radio, setup->air->alarm, radio->air_state, NULL};
	int result = setup->modem->init(radio->modem_state, &radio->modem_services, setup->modem_values);
	*error = "the modem driver refuses its settings";
	if (result < 0)
		return result;
	result = setup->air->init(radio->air_state, &radio->air_services, setup->air_values);
	*error = "the air protocol refuses its settings; check the call sign";
	return result;
}

static int add_allowance(struct radio *radio)
{
	int error = sd_event_add_time(radio->event, &radio->allowance_source, CLOCK_MONOTONIC, 0, 1000, on_allowance,
				      radio);
	if (error < 0)
		return error;
	sd_event_source_set_priority(radio->allowance_source, PRIORITY_TIMER);
	return sd_event_source_set_enabled(radio->allowance_source, SD_EVENT_OFF);
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
	radio->event = event;
	radio->worker = worker;
	radio->all_counters = counters;
	radio->retry_us = RETRY_FIRST_US;
	find_counters(radio);
	radio->modem_services = services_for(radio, true);
	radio->air_services = services_for(radio, false);
	if (add_allowance(radio) < 0 || start_drivers(radio, error) < 0) {
		radio_free(radio);
		return NULL;
	}
	radio_open(radio);
	return radio;
}

void radio_free(struct radio *radio)
{
	if (!radio)
		return;
	if (radio->opening)
		worker_abandon(radio->opening->job);
	if (radio->port && radio->setup.modem->goodbye) {
		uint8_t bytes[64];
		size_t size = radio->setup.modem->goodbye(radio->modem_state, bytes, sizeof(bytes));
		if (size)
			port_write(radio->port, bytes, size);
	}
	sd_event_source_disable_unref(radio->port_source);
	sd_event_source_disable_unref(radio->retry_source);
	sd_event_source_disable_unref(radio->allowance_source);
	sd_event_source_disable_unref(radio->modem_alarm.source);
	sd_event_source_disable_unref(radio->air_alarm.source);
	port_close(radio->port);
	free(radio->modem_state);
	free(radio->air_state);
	free(radio);
}

bool radio_ready(const struct radio *radio)
{
	return radio->port && !radio->busy && radio->backlog_size == 0;
}

int radio_send(struct radio *radio, const struct message *message)
{
	if (!radio_ready(radio))
		return -EAGAIN;
	uint8_t bytes[MESSAGE_RAW_MAX];
	ssize_t size = radio->setup.air->output(radio->air_state, message, bytes, sizeof(bytes));
	if (size < 0)
		return (int)size;
	struct datagram datagram = {
	    .bytes = bytes, .size = (size_t)size, .rssi_dbm = __builtin_nan(""), .snr_db = __builtin_nan("")};
	if (datagram.size > radio->setup.modem->mtu)
		return -EMSGSIZE;
	radio->busy = true;
	int result = radio->setup.modem->send(radio->modem_state, &datagram);
	if (result < 0)
		radio->busy = false;
	else if (radio->callbacks.datagram)
		radio->callbacks.datagram(radio->callbacks.context, radio, RADIO_TX, &datagram);
	return result;
}

void radio_limit(struct radio *radio, bool limited)
{
	radio->limited = limited;
	radio->allowance_bytes = LIMIT_BYTES_PER_S;
	radio->allowance_us = clock_mono_us();
	sd_event_source_set_enabled(radio->allowance_source, SD_EVENT_OFF);
	watch_port(radio);
}

struct radio_status radio_status(const struct radio *radio)
{
	const struct radio_counters *counters = &radio->counters;
	return (struct radio_status){
	    .name = radio->setup.name,
	    .modem = radio->setup.modem->name,
	    .air = radio->setup.air->name,
	    .device = radio->setup.port.device,
	    .resolved = radio->port ? port_resolved(radio->port) : "",
	    .up = radio->port != NULL,
	    .fault = radio->fault,
	    .text = radio->text,
	    .bytes_in = counters->bytes_in->value,
	    .bytes_out = counters->bytes_out->value,
	    .datagrams = counters->datagrams->value,
	    .heard = counters->heard->value,
	    .sent = counters->sent->value,
	    .last_heard_us = radio->last_heard_us,
	};
}
