/* The wire between a line "sim:SOCKET:NAME" and its simulator (tests/support/gpio_sim.h). A unix SOCK_SEQPACKET socket, one connection
 * a line, one text a datagram; levels are physical, active_low is the client's affair. They stand in a page of memory that both share,
 * so that neither waits for the other, as with a real pin.
 *
 *   to the simulator     request NAME in|out push_pull|open_drain as_is|up|down|none LEVEL CONSUMER
 *                        set                  what the client drives has changed
 *   from the simulator   granted              with the descriptor of the page (SCM_RIGHTS)
 *                        busy CONSUMER
 *                        edge LEVEL TIME      the level of an input has changed; TIME: CLOCK_MONOTONIC in microseconds
 */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

enum { LINE_SIM_MESSAGE_MAX = 256 };

struct line_sim_pin {
	_Atomic int32_t level;  /* 0 or 1, what an input sees; written by the simulator */
	_Atomic int32_t driven; /* 0 or 1, what an output drives; written by the client */
};
