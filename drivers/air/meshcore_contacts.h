/* The contacts that a MeshCore node told of: whose key belongs to which name. */
#pragma once

#include <stddef.h>

#include "drivers/codec/meshcore.h"

enum { MESHCORE_CONTACTS_MAX = 512 };

struct meshcore_known {
	uint8_t key[MESHCORE_KEY_SIZE];
	char name[MESHCORE_NAME_MAX];
	uint32_t advert_s;
};

/* Start from zeroed memory. When it is full, the next takes the place of the one that came first. */
struct meshcore_contacts {
	struct meshcore_known known[MESHCORE_CONTACTS_MAX];
	size_t count, next;
};

/* Takes up a contact. Returns whether its advert is another than the one known before. */
bool meshcore_contacts_note(struct meshcore_contacts *contacts, const struct meshcore_contact *contact);
/* The only one whose key begins with these bytes; NULL: none, or several. */
const struct meshcore_known *meshcore_contacts_by_key(const struct meshcore_contacts *contacts, const uint8_t *prefix,
						      size_t prefix_size);
/* The only one of that name; NULL: none, several, or no name at all. */
const struct meshcore_known *meshcore_contacts_by_name(const struct meshcore_contacts *contacts, const char *name);
