/* Lends a modem driver its services and brings it what its port and its lines say. */
#include "gateway/radio_driver.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "gateway/clock.h"
#include "gateway/radio_alarm.h"
#include "gateway/radio_services.h"

enum { BACKLOG_LOOK_US = 100000 };

struct radio_driver {
	struct radio_driver_setup setup;
	struct radio_driver_callbacks callbacks;
	struct counters *counters;
	struct services services;
	struct radio_alarm alarm;
	struct radio_link *link;
	void *state;
};

/* ---- services ---- */

/* The driver reckons from the moment it wrote. What the port has not taken is not on the air. */
static void ring(void *context)
{
	struct radio_driver *driver = context;
	if (!radio_link_idle(driver->link))
		radio_alarm_set(&driver->alarm, clock_mono_us() + BACKLOG_LOOK_US);
	else if (driver->setup.ops->alarm)
		driver->setup.ops->alarm(driver->state);
}

static void service_alarm(void *owner, int64_t at_us)
{
	struct radio_driver *driver = owner;
	radio_alarm_set(&driver->alarm, at_us);
}

static int service_write(void *owner, const void *bytes, size_t size)
{
	struct radio_driver *driver = owner;
	return radio_link_write(driver->link, bytes, size);
}

static int service_set_line(void *owner, unsigned line, bool on)
{
	struct radio_driver *driver = owner;
	return radio_link_set_line(driver->link, line, on);
}

static int service_get_line(void *owner, unsigned line)
{
	struct radio_driver *driver = owner;
	return radio_link_get_line(driver->link, line);
}

static int service_set_baud(void *owner, unsigned baud)
{
	struct radio_driver *driver = owner;
	return radio_link_set_baud(driver->link, baud);
}

static void service_heard(void *owner, const struct datagram *datagram)
{
	struct radio_driver *driver = owner;
	driver->callbacks.heard(driver->callbacks.context, datagram);
}

static void service_sent(void *owner, enum send_result result, bool assumed, const char *code)
{
	struct radio_driver *driver = owner;
	driver->callbacks.sent(driver->callbacks.context, result, assumed, code);
}

static void service_drop(void *owner, const char *reason)
{
	struct radio_driver *driver = owner;
	char name[48];
	snprintf(name, sizeof(name), "drop.%s", reason);
	counters_get(driver->counters, driver->setup.group, name)->value++;
}

static void service_changed(void *owner)
{
	struct radio_driver *driver = owner;
	driver->callbacks.changed(driver->callbacks.context);
}

static void service_finding(void *owner, const char *name, const char *value)
{
	struct radio_driver *driver = owner;
	driver->callbacks.finding(driver->callbacks.context, name, value);
}

static size_t service_unsafe(void *owner)
{
	struct radio_driver *driver = owner;
	return driver->callbacks.unsafe ? driver->callbacks.unsafe(driver->callbacks.context) : 0;
}

static struct services services_for(struct radio_driver *driver)
{
	struct services services = radio_services(driver);
	services.alarm = service_alarm;
	services.write = service_write;
	services.heard_datagram = service_heard;
	services.sent = service_sent;
	services.drop = service_drop;
	services.set_line = service_set_line;
	services.get_line = service_get_line;
	services.set_baud = service_set_baud;
	services.changed = service_changed;
	services.finding = service_finding;
	services.unsafe = service_unsafe;
	return services;
}

/* ---- what the link tells ---- */

static void on_opened(void *context)
{
	struct radio_driver *driver = context;
	driver->setup.ops->opened(driver->state);
}

static void on_input(void *context, const uint8_t *bytes, size_t size)
{
	struct radio_driver *driver = context;
	driver->setup.ops->input(driver->state, bytes, size);
}

static void on_line(void *context, unsigned line, bool on)
{
	struct radio_driver *driver = context;
	if (driver->setup.ops->line)
		driver->setup.ops->line(driver->state, line, on);
}

static void on_lost(void *context)
{
	struct radio_driver *driver = context;
	radio_alarm_set(&driver->alarm, 0);
	driver->callbacks.lost(driver->callbacks.context);
}

static void on_state(void *context)
{
	struct radio_driver *driver = context;
	driver->callbacks.changed(driver->callbacks.context);
}

/* ---- for the radio ---- */

struct radio_link *radio_driver_link(const struct radio_driver *driver)
{
	return driver->link;
}

bool radio_driver_ready(const struct radio_driver *driver)
{
	return radio_link_up(driver->link) && radio_link_idle(driver->link) && radio_driver_status(driver).ready;
}

int radio_driver_send(struct radio_driver *driver, const struct datagram *datagram)
{
	return driver->setup.ops->send(driver->state, datagram);
}

int64_t radio_driver_airtime_us(const struct radio_driver *driver, size_t size)
{
	return driver->setup.ops->airtime_us(driver->state, size);
}

int radio_driver_channel(const struct radio_driver *driver, struct modem_channel *channel)
{
	const struct modem_ops *ops = driver->setup.ops;
	return ops->channel ? ops->channel(driver->state, channel) : -EOPNOTSUPP;
}

void radio_driver_safer(struct radio_driver *driver)
{
	driver->setup.ops->safer(driver->state);
}

void radio_driver_hurry(struct radio_driver *driver)
{
	if (driver->setup.ops->hurry)
		driver->setup.ops->hurry(driver->state);
}

int radio_driver_examine(struct radio_driver *driver, enum modem_examination what)
{
	if (!driver->setup.ops->examine)
		return -EOPNOTSUPP;
	return radio_link_up(driver->link) ? driver->setup.ops->examine(driver->state, what) : -ENOTCONN;
}

int radio_driver_key(struct radio_driver *driver, bool on)
{
	return driver->setup.ops->key ? driver->setup.ops->key(driver->state, on) : -ENODEV;
}

bool radio_driver_channel_busy(const struct radio_driver *driver)
{
	return driver->setup.ops->channel_busy && driver->setup.ops->channel_busy(driver->state);
}

struct modem_status radio_driver_status(const struct radio_driver *driver)
{
	struct modem_status status = {.ready = true};
	if (driver->setup.ops->status)
		driver->setup.ops->status(driver->state, &status);
	status.model = status.model ? status.model : "";
	status.firmware = status.firmware ? status.firmware : "";
	status.text = status.text ? status.text : "";
	return status;
}

/* ---- life ---- */

static struct radio_link *link_for(struct radio_driver *driver, sd_event *event, struct worker *worker)
{
	const struct radio_driver_setup *setup = &driver->setup;
	struct radio_link_setup link = {
	    .radio = setup->radio,
	    .part = setup->part,
	    .group = setup->group,
	    .prefix = setup->prefix,
	    .port = setup->port,
	    .lines = setup->ops->lines,
	    .line_count = setup->ops->line_count,
	    .line_texts = setup->lines,
	};
	struct radio_link_callbacks callbacks = {driver, on_opened, on_input, on_line, on_lost, on_state};
	return radio_link_new(&link, &callbacks, event, worker, driver->counters);
}

struct radio_driver *radio_driver_new(const struct radio_driver_setup *setup,
				      const struct radio_driver_callbacks *callbacks, sd_event *event,
				      struct worker *worker, struct counters *counters, const char **error)
{
	*error = "out of memory";
	struct radio_driver *driver = calloc(1, sizeof(*driver));
	if (!driver)
		return NULL;
	driver->setup = *setup;
	driver->callbacks = *callbacks;
	driver->counters = counters;
	driver->services = services_for(driver);
	driver->alarm = (struct radio_alarm){event, ring, driver, NULL};
	driver->state = calloc(1, setup->ops->state_size);
	driver->link = link_for(driver, event, worker);
	if (!driver->state || !driver->link)
		goto fail;
	*error = "the driver refuses its settings";
	if (setup->ops->init(driver->state, &driver->services, setup->values) < 0)
		goto fail;
	return driver;
fail:
	radio_driver_free(driver);
	return NULL;
}

void radio_driver_start(struct radio_driver *driver)
{
	radio_link_start(driver->link);
}

void radio_driver_free(struct radio_driver *driver)
{
	if (!driver)
		return;
	if (driver->link && radio_link_up(driver->link) && driver->setup.ops->goodbye) {
		uint8_t bytes[64];
		size_t size = driver->setup.ops->goodbye(driver->state, bytes, sizeof(bytes));
		if (size)
			(void)radio_link_write(driver->link, bytes, size);
	}
	radio_alarm_clear(&driver->alarm);
	radio_link_free(driver->link);
	free(driver->state);
	free(driver);
}
