/* What is remembered of the nodes of a mesh, and of the own node's channels. Bounded: the node heard of longest ago gives way. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "drivers/codec/meshtastic.h"

enum { MESHTASTIC_NODES_MAX = 1024, MESHTASTIC_SHORT_NAME_MAX = 17, MESHTASTIC_CHANNEL_NAME_MAX = 32 };

struct meshtastic_known {
	uint32_t number; /* 0 = free */
	uint32_t used;   /* order in which they were heard of */
	char short_name[MESHTASTIC_SHORT_NAME_MAX];
};

/* Start from zeroed memory. */
struct meshtastic_nodes {
	struct meshtastic_known known[MESHTASTIC_NODES_MAX];
	size_t count;
	uint32_t turn;
};

/* Takes what a node says of itself. */
void meshtastic_nodes_note(struct meshtastic_nodes *nodes, uint32_t number, const mt_User *user);
/* Its short name, "" = not known. Valid until the next note. */
const char *meshtastic_nodes_name(const struct meshtastic_nodes *nodes, uint32_t number);

/* Start from zeroed memory. */
struct meshtastic_channels {
	struct {
		bool on;
		char name[MESHTASTIC_CHANNEL_NAME_MAX];
	} channel[MESHTASTIC_CHANNELS];
	bool known;
};

void meshtastic_channels_note(struct meshtastic_channels *channels, const mt_Channel *channel);
/* The index of a channel by its number or its name, or -1: it is not on the node. */
int meshtastic_channels_find(const struct meshtastic_channels *channels, const char *text);
