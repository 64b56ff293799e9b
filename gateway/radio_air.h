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

/* setup's pointers must outlive it. heard is called on the loop, from within radio_air_input or when the protocol's time has come. NULL:
 * out of memory, or the driver refused its values (*error says why). */
struct radio_air *radio_air_new(const struct radio_air_setup *setup,
				void (*heard)(void *context, const struct message *message), void *context,
				sd_event *event, struct counters *counters, const char **error);
/* NULL is allowed. */
void radio_air_free(struct radio_air *air);

/* See struct air_ops. */
void radio_air_input(struct radio_air *air, const struct datagram *datagram);
ssize_t radio_air_output(struct radio_air *air, const struct message *message, uint8_t *bytes, size_t size);
