/* An air protocol at work: a driver between datagrams and messages, with the services it was promised. */
#pragma once

#include "drivers/air.h"
#include "gateway/radio.h"

struct radio_air;

struct radio_air_setup {
	const struct air_ops *ops;
	const union driver_value *values;
	const struct radio_secrets *secrets; /* as in struct radio_setup */
	const char *group;                   /* of its counters */
};

/* Called on the loop, from within radio_air_input or when the protocol's time has come. */
struct radio_air_callbacks {
	void *context;
	void (*heard)(void *context, const struct message *message);
	void (*say_back)(void *context, const struct message *message);
	void (*heard_again)(void *context, const char *id);
};

/* setup's pointers must outlive it. NULL:
 * out of memory, or the driver refused its values (*error says why). */
struct radio_air *radio_air_new(const struct radio_air_setup *setup, const struct radio_air_callbacks *callbacks,
				sd_event *event, struct counters *counters, const char **error);
/* NULL is allowed. */
void radio_air_free(struct radio_air *air);

/* See struct air_ops. */
void radio_air_input(struct radio_air *air, const struct datagram *datagram);
int radio_air_plan(const struct radio_air *air, const struct message *message, struct air_plan *plan);
ssize_t radio_air_output(struct radio_air *air, const struct message *message, struct air_utterance *utterance,
			 uint8_t *bytes, size_t size);
