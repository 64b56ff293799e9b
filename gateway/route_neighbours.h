/* Between other gateways and the way down: whom this one hears, whom they hear, and what they say of what they were given. */
#pragma once

#include "gateway/neighbours.h"
#include "gateway/outgoing.h"
#include "gateway/route_delivery.h"

/* Nothing of it is owned but neighbours. */
struct route_neighbours {
	const struct settings *settings;
	struct route_delivery *delivery;
	struct counters *counters;
	struct neighbours *neighbours; /* NULL: switched off */
};

/* The members above neighbours are set. False: out of memory. */
bool route_neighbours_begin(struct route_neighbours *neighbours);
void route_neighbours_end(struct route_neighbours *neighbours);

/* A radio of this gateway heard that itself. True: there is something new in the schedule of the uplink. */
bool route_neighbours_tell(struct route_neighbours *neighbours, const struct radio_settings *radio,
			   const struct message *message);
/* As route_neighbour_heard, route_neighbour_state and route_neighbour_answered. */
void route_neighbours_heard(struct route_neighbours *neighbours, const char *topic, const void *payload, size_t size);
void route_neighbours_state(struct route_neighbours *neighbours, struct outgoing *outgoing, const char *topic,
			    const void *payload, size_t size);
bool route_neighbours_answered(struct route_neighbours *neighbours, struct outgoing *outgoing, const char *topic,
			       const void *payload, size_t size);
