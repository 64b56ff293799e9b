/* The drivers there are, from modems.def and airs.def. */
#include <string.h>

#include "drivers/air.h"
#include "drivers/modem.h"

#define MODEM(name) extern const struct modem_ops modem_##name;
#include "drivers/modems.def"
#undef MODEM
#define AIR(name) extern const struct air_ops air_##name;
#include "drivers/airs.def"
#undef AIR

static const struct modem_ops *const modems[] = {
#define MODEM(name) &modem_##name,
#include "drivers/modems.def"
#undef MODEM
    NULL,
};

static const struct air_ops *const airs[] = {
#define AIR(name) &air_##name,
#include "drivers/airs.def"
#undef AIR
    NULL,
};

const struct modem_ops *modem_find(const char *name)
{
	for (size_t i = 0; modems[i]; i++)
		if (strcmp(modems[i]->name, name) == 0)
			return modems[i];
	return NULL;
}

const struct modem_ops *const *modem_all(void)
{
	return modems;
}

const struct air_ops *air_find(const char *name)
{
	for (size_t i = 0; airs[i]; i++)
		if (strcmp(airs[i]->name, name) == 0)
			return airs[i];
	return NULL;
}

const struct air_ops *const *air_all(void)
{
	return airs;
}
