/* MQTT 5 topic aliases: a topic goes over the wire once, afterwards its number. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct aliases;

/* maximum: what the broker takes; never more than a few dozen are used. NULL: none allowed or out of memory, which alias_of takes. */
struct aliases *aliases_new(uint16_t maximum);
void aliases_free(struct aliases *aliases);

/* The number of a topic, 0 = send it without. *known: the broker has heard the pair before and the topic can be left out. When all
 * numbers are taken, one that has not been used for a while changes its topic. */
uint16_t alias_of(struct aliases *aliases, const char *topic, bool *known);

/* The broker was not told of that number after all. */
void alias_forget(struct aliases *aliases, uint16_t number);
