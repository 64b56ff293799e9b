/* What a MeshCore node's frames say, in the words of the data model. */
#pragma once

#include "drivers/air/meshcore_contacts.h"
#include "drivers/message.h"

/* "mc-a1b2c3d4e5f6" of the first bytes of a key, and back (false: not of that form). */
void meshcore_station(const uint8_t prefix[static MESHCORE_PREFIX_SIZE], char text[static MESSAGE_STATION_MAX]);
bool meshcore_station_parse(const char *text, uint8_t prefix[static MESHCORE_PREFIX_SIZE]);

/* Each fills a message from message_init. wall_ms: 0 = not known. */

void meshcore_fill_text(const struct meshcore_text *text, const struct meshcore_contacts *contacts, int64_t wall_ms,
			struct message *message);
void meshcore_fill_data(const struct meshcore_data *data, struct message *message);
/* The position that a contact tells in its advert. */
void meshcore_fill_advert(const struct meshcore_contact *contact, int64_t wall_ms, struct message *message);
/* The figures of the own node, by type; those that were not told are NULL. */
void meshcore_fill_stats(const struct meshcore_stats *const stats[static MESHCORE_STATS_TYPES],
			 struct message *message);
