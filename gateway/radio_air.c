/* Lends an air protocol its services: an alarm, the keys and counters of the trunk, and who hears its messages. */
#include "gateway/radio_air.h"

#include <stdio.h>
#include <stdlib.h>

#include "gateway/radio_alarm.h"
#include "gateway/radio_services.h"

struct radio_air {
	struct radio_air_setup setup;
	struct radio_air_callbacks callbacks;
	struct counters *counters;
	struct services services;
	struct radio_alarm alarm;
	void *state;
};

/* ---- services ---- */

static void ring(void *context)
{
	struct radio_air *air = context;
	if (air->setup.ops->alarm)
		air->setup.ops->alarm(air->state);
}

static void service_alarm(void *owner, int64_t at_us)
{
	struct radio_air *air = owner;
	radio_alarm_set(&air->alarm, at_us);
}

static void service_heard(void *owner, const struct message *message)
{
	struct radio_air *air = owner;
	air->callbacks.heard(air->callbacks.context, message);
}

static void service_say_back(void *owner, const struct message *message)
{
	struct radio_air *air = owner;
	air->callbacks.say_back(air->callbacks.context, message);
}

static void service_heard_again(void *owner, const char *id)
{
	struct radio_air *air = owner;
	air->callbacks.heard_again(air->callbacks.context, id);
}

static void service_drop(void *owner, const char *reason)
{
	struct radio_air *air = owner;
	char name[48];
	snprintf(name, sizeof(name), "drop.%s", reason);
	counters_get(air->counters, air->setup.group, name)->value++;
}

static int service_seal(void *owner, struct sealed *sealed)
{
	const struct radio_secrets *secrets = ((struct radio_air *)owner)->setup.secrets;
	return secrets->seal(secrets->context, sealed);
}

static int service_open(void *owner, struct sealed *sealed, unsigned epochs_back)
{
	const struct radio_secrets *secrets = ((struct radio_air *)owner)->setup.secrets;
	return secrets->open(secrets->context, sealed, epochs_back);
}

static int service_take_counter(void *owner, uint16_t station, unsigned epochs_back, uint32_t counter)
{
	const struct radio_secrets *secrets = ((struct radio_air *)owner)->setup.secrets;
	return secrets->take_counter(secrets->context, station, epochs_back, counter);
}

static int service_next_counter(void *owner, uint16_t addressee, uint32_t *counter)
{
	const struct radio_secrets *secrets = ((struct radio_air *)owner)->setup.secrets;
	return secrets->next_counter(secrets->context, addressee, counter);
}

static struct services services_for(struct radio_air *air)
{
	struct services services = radio_services(air);
	services.alarm = service_alarm;
	services.heard_message = service_heard;
	services.say_back = service_say_back;
	services.heard_again = service_heard_again;
	services.drop = service_drop;
	if (!air->setup.secrets)
		return services;
	services.seal = service_seal;
	services.open = service_open;
	services.take_counter = service_take_counter;
	services.next_counter = service_next_counter;
	return services;
}

/* ---- life ---- */

struct radio_air *radio_air_new(const struct radio_air_setup *setup, const struct radio_air_callbacks *callbacks,
				sd_event *event, struct counters *counters, const char **error)
{
	*error = "out of memory";
	struct radio_air *air = calloc(1, sizeof(*air));
	if (!air)
		return NULL;
	*air = (struct radio_air){.setup = *setup,
				  .callbacks = *callbacks,
				  .counters = counters,
				  .alarm = {event, ring, air, NULL},
				  .state = calloc(1, setup->ops->state_size)};
	air->services = services_for(air);
	if (air->state) {
		*error = "the air protocol refuses its settings; check the call sign";
		if (setup->ops->init(air->state, &air->services, setup->values) >= 0)
			return air;
	}
	radio_air_free(air);
	return NULL;
}

void radio_air_free(struct radio_air *air)
{
	if (!air)
		return;
	radio_alarm_clear(&air->alarm);
	free(air->state);
	free(air);
}

void radio_air_input(struct radio_air *air, const struct datagram *datagram)
{
	air->setup.ops->input(air->state, datagram);
}

int radio_air_plan(const struct radio_air *air, const struct message *message, struct air_plan *plan)
{
	const struct air_ops *ops = air->setup.ops;
	uint8_t bytes[MESSAGE_RAW_MAX];
	if (ops->plan)
		return ops->plan(air->state, message, plan);
	*plan = (struct air_plan){.parts = 1};
	ssize_t size = ops->output(air->state, message, NULL, bytes, sizeof(bytes));
	if (size < 0)
		return (int)size;
	plan->sizes[0] = (size_t)size;
	return 0;
}

ssize_t radio_air_output(struct radio_air *air, const struct message *message, struct air_utterance *utterance,
			 uint8_t *bytes, size_t size)
{
	return air->setup.ops->output(air->state, message, utterance, bytes, size);
}
