/* A table that is looked through from its beginning: a message comes a second at most. */
#include "drivers/air/meshcore_contacts.h"

#include <string.h>

static struct meshcore_known *find(struct meshcore_contacts *contacts, const uint8_t *key)
{
	for (size_t i = 0; i < contacts->count; i++)
		if (memcmp(contacts->known[i].key, key, MESHCORE_KEY_SIZE) == 0)
			return &contacts->known[i];
	return NULL;
}

static struct meshcore_known *make_place(struct meshcore_contacts *contacts)
{
	struct meshcore_known *known = &contacts->known[contacts->next];
	contacts->next = (contacts->next + 1) % MESHCORE_CONTACTS_MAX;
	if (contacts->count < MESHCORE_CONTACTS_MAX)
		contacts->count++;
	*known = (struct meshcore_known){0};
	return known;
}

bool meshcore_contacts_note(struct meshcore_contacts *contacts, const struct meshcore_contact *contact)
{
	struct meshcore_known *known = find(contacts, contact->key);
	bool news = !known || known->advert_s != contact->advert_s;
	if (!known)
		known = make_place(contacts);
	memcpy(known->key, contact->key, sizeof(known->key));
	memcpy(known->name, contact->name, sizeof(known->name));
	known->advert_s = contact->advert_s;
	return news;
}

const struct meshcore_known *meshcore_contacts_by_key(const struct meshcore_contacts *contacts, const uint8_t *prefix,
						      size_t prefix_size)
{
	const struct meshcore_known *only = NULL;
	for (size_t i = 0; i < contacts->count; i++) {
		if (memcmp(contacts->known[i].key, prefix, prefix_size) != 0)
			continue;
		if (only)
			return NULL;
		only = &contacts->known[i];
	}
	return only;
}

const struct meshcore_known *meshcore_contacts_by_name(const struct meshcore_contacts *contacts, const char *name)
{
	const struct meshcore_known *only = NULL;
	for (size_t i = 0; name[0] && i < contacts->count; i++) {
		if (strcmp(contacts->known[i].name, name) != 0)
			continue;
		if (only)
			return NULL;
		only = &contacts->known[i];
	}
	return only;
}
