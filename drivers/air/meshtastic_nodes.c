/* The nodes and channels that a Meshtastic node told of. */
#include "drivers/air/meshtastic_nodes.h"

#include <string.h>

#include "drivers/codec/utf8.h"

static struct meshtastic_known *find(struct meshtastic_nodes *nodes, uint32_t number)
{
	for (size_t i = 0; i < nodes->count; i++)
		if (nodes->known[i].number == number)
			return &nodes->known[i];
	return NULL;
}

static struct meshtastic_known *make_room(struct meshtastic_nodes *nodes)
{
	if (nodes->count < MESHTASTIC_NODES_MAX)
		return &nodes->known[nodes->count++];
	struct meshtastic_known *oldest = &nodes->known[0];
	for (size_t i = 1; i < nodes->count; i++)
		if (nodes->turn - nodes->known[i].used > nodes->turn - oldest->used)
			oldest = &nodes->known[i];
	return oldest;
}

void meshtastic_nodes_note(struct meshtastic_nodes *nodes, uint32_t number, const mt_User *user)
{
	if (number == 0 || number == MESHTASTIC_BROADCAST)
		return;
	struct meshtastic_known *known = find(nodes, number);
	if (!known)
		known = make_room(nodes);
	known->number = number;
	known->used = ++nodes->turn;
	utf8_mend(user->short_name.bytes, user->short_name.size, known->short_name, sizeof(known->short_name));
}

const char *meshtastic_nodes_name(const struct meshtastic_nodes *nodes, uint32_t number)
{
	for (size_t i = 0; i < nodes->count; i++)
		if (nodes->known[i].number == number)
			return nodes->known[i].short_name;
	return "";
}

void meshtastic_channels_note(struct meshtastic_channels *channels, const mt_Channel *channel)
{
	if (channel->index >= MESHTASTIC_CHANNELS)
		return;
	channels->known = true;
	channels->channel[channel->index].on = channel->role != MESHTASTIC_ROLE_OFF;
	utf8_mend(channel->settings.name.bytes, channel->settings.name.size, channels->channel[channel->index].name,
		  sizeof(channels->channel[channel->index].name));
}

int meshtastic_channels_find(const struct meshtastic_channels *channels, const char *text)
{
	bool number = text[0] >= '0' && text[0] < '0' + MESHTASTIC_CHANNELS && !text[1];
	for (int i = 0; i < MESHTASTIC_CHANNELS; i++) {
		bool named = channels->channel[i].on && strcmp(channels->channel[i].name, text) == 0;
		bool counted = number && text[0] - '0' == i && (channels->channel[i].on || !channels->known);
		if (text[0] && (named || counted))
			return i;
	}
	return -1;
}
